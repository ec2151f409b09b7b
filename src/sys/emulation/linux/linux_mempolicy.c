/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on NUMA policy.  There is one node, 0: policies are checked, kept
 * for threads and mappings, and told again; where pages go they cannot change.
 *
 * A policy is one word: the mode with its flags, and bit 12 if its set of nodes
 * has node 0.
 */
#include "linux_var.h"
#include <sys/malloc.h>
#include <sys/ucred.h>
#include <vm/vm.h>
#include <machine/vmparam.h>

enum {
	MPOL_DEFAULT,
	MPOL_PREFERRED,
	MPOL_BIND,
	MPOL_INTERLEAVE,
	MPOL_LOCAL,
	MPOL_PREFERRED_MANY,
	MPOL_COUNT
};
#define MPOL_F_STATIC	 0x8000
#define MPOL_F_RELATIVE	 0x4000
#define MPOL_MODE_FLAGS	 (MPOL_F_STATIC | MPOL_F_RELATIVE)
#define POLICY_NODE0	 0x1000
#define MPOL_GET_NODE	 1
#define MPOL_GET_ADDR	 2
#define MPOL_GET_ALLOWED 4
#define MPOL_MF_STRICT	 1
#define MPOL_MF_MOVE	 2
#define MPOL_MF_MOVE_ALL 4
#define NODES_MAX	 1024 /* what Linux is built for */
#define CAP_SYS_NICE	 23

/* A set of maxnode - 1 bits.  EINVAL: there are nodes that we have not. */
static int
nodes_in(uaddr_t u, uint64_t maxnode, bool *node0p, bool *othersp)
{
	uint64_t word, bits = maxnode - 1;
	int error;

	*node0p = *othersp = false;
	if (u == 0 || maxnode <= 1)
		return (0);
	if (bits > PAGE_SIZE * 8)
		return (EINVAL);
	for (uint64_t at = 0; at < bits; at += 64) {
		if ((error = copyin(u + at / 8, &word, 8)) != 0)
			return (error);
		if (bits - at < 64)
			word &= (1UL << (bits - at)) - 1;
		if (at == 0) {
			*node0p = (word & 1) != 0;
			word &= ~1UL;
		}
		*othersp |= word != 0;
	}
	return (0);
}

static int
nodes_out(bool node0, uaddr_t u, uint64_t maxnode)
{
	uint64_t word = node0, zero = 0;
	int error = 0;

	if (maxnode < 2)
		return (EINVAL);
	for (uint64_t at = 0; error == 0 && at < maxnode - 1; at += 64) {
		uint64_t n = MIN((maxnode - 1 - at + 7) / 8, 8);

		error = copyout(at == 0 ? &word : &zero, u + at / 8, n);
	}
	return (error);
}

/* Mode and nodes as a policy word.  EINVAL. */
static int
policy_in(int mode, uaddr_t unodes, uint64_t maxnode, uint16_t *policyp)
{
	int kind = mode & ~MPOL_MODE_FLAGS, error;
	bool node0, others;

	if (kind < 0 || kind >= MPOL_COUNT ||
	    (mode & MPOL_MODE_FLAGS) == MPOL_MODE_FLAGS)
		return (EINVAL);
	if ((error = nodes_in(unodes, maxnode, &node0, &others)) != 0)
		return (error);
	switch (kind) {
	case MPOL_DEFAULT:
	case MPOL_LOCAL:
		if (node0 || others || (mode & MPOL_MODE_FLAGS) != 0)
			return (EINVAL);
		break;
	case MPOL_PREFERRED:
		if (!node0 && !others) { /* none preferred: the local one */
			if ((mode & MPOL_MODE_FLAGS) != 0)
				return (EINVAL);
			mode = MPOL_LOCAL;
		} else if (!node0) {
			return (EINVAL);
		}
		break;
	default:
		if (!node0)
			return (EINVAL);
	}
	*policyp = (uint16_t)(mode | (node0 ? POLICY_NODE0 : 0));
	return (0);
}

int
linux_set_mempolicy(
    struct lwp *lp, const struct linux_set_mempolicy_args *uap, uint64_t *resp)
{
	uint16_t policy;
	int error;

	error = policy_in(uap->mode, uap->nodes, uap->maxnode, &policy);
	if (error == 0)
		lp->lw_mempolicy = policy;
	return (error);
}

int
linux_mbind(struct lwp *lp, const struct linux_mbind_args *uap, uint64_t *resp)
{
	uint16_t policy;
	uint64_t len;
	int error;

	if ((uap->flags &
		~(unsigned)(MPOL_MF_STRICT | MPOL_MF_MOVE |
		    MPOL_MF_MOVE_ALL)) != 0 ||
	    (uap->addr & PAGE_MASK) != 0 || uap->n > VM_MAX_USER)
		return (EINVAL);
	if ((uap->flags & MPOL_MF_MOVE_ALL) != 0 &&
	    (cred_current()->cr_cap_effective >> CAP_SYS_NICE & 1) == 0)
		return (EPERM);
	error = policy_in(uap->mode, uap->nodes, uap->maxnode, &policy);
	len = round_page(uap->n);
	if (error != 0 || len == 0)
		return (error);
	error = vm_set_policy(lp->lw_proc->p_vmspace, uap->addr, len, policy);
	return (error == ENOMEM ? EFAULT : error);
}

/* EINVAL unless only ADDR and NODE are asked for, as get_mempolicy(2) says. */
int
linux_get_mempolicy(
    struct lwp *lp, const struct linux_get_mempolicy_args *uap, uint64_t *resp)
{
	uint16_t policy = (uint16_t)lp->lw_mempolicy;
	uint32_t mode;
	int error;

	if ((uap->flags & ~7UL) != 0 || (uap->nodes != 0 && uap->maxnode < 2))
		return (EINVAL);
	if ((uap->flags & MPOL_GET_ALLOWED) != 0) {
		if ((uap->flags & ~(uint64_t)MPOL_GET_ALLOWED) != 0)
			return (EINVAL);
		error = uap->mode != 0 ? copyout_u32(0, uap->mode) : 0;
		return (error == 0 && uap->nodes != 0
			? nodes_out(true, uap->nodes, uap->maxnode)
			: error);
	}
	if ((uap->flags & MPOL_GET_ADDR) != 0) {
		error =
		    vm_get_policy(lp->lw_proc->p_vmspace, uap->addr, &policy);
		if (error != 0)
			return (error);
	} else if (uap->addr != 0) {
		return (EINVAL);
	}
	mode = policy & ~(uint32_t)POLICY_NODE0;
	if ((uap->flags & MPOL_GET_NODE) != 0) {
		if ((uap->flags & MPOL_GET_ADDR) == 0 &&
		    mode != MPOL_INTERLEAVE)
			return (EINVAL);
		mode = 0; /* every page is on node 0 */
	}
	error = uap->mode != 0 ? copyout_u32(mode, uap->mode) : 0;
	if (error == 0 && uap->nodes != 0)
		error = nodes_out(
		    (policy & POLICY_NODE0) != 0, uap->nodes, uap->maxnode);
	return (error);
}

int
linux_set_mempolicy_home_node(struct lwp *lp,
    const struct linux_set_mempolicy_home_node_args *uap, uint64_t *resp)
{
	uint16_t policy;
	int error, mode;

	if (uap->flags != 0 || (uap->addr & PAGE_MASK) != 0 || uap->node != 0)
		return (EINVAL);
	if (uap->n == 0)
		return (0);
	error = vm_get_policy(lp->lw_proc->p_vmspace, uap->addr, &policy);
	if (error != 0)
		return (ENOENT);
	mode = policy & ~(POLICY_NODE0 | MPOL_MODE_FLAGS);
	if (mode == MPOL_DEFAULT)
		return (ENOENT);
	return (
	    mode == MPOL_BIND || mode == MPOL_PREFERRED_MANY ? 0 : EOPNOTSUPP);
}

/* The process of a call on another's pages, 0 being the caller's: held. */
static int
pages_proc(struct lwp *lp, pid_t pid, struct proc **pp)
{
	int error = 0;

	if (pid == 0) {
		*pp = lp->lw_proc;
		proc_hold(*pp);
		return (0);
	}
	if ((*pp = proc_find_hold(pid)) == NULL)
		return (ESRCH);
	if (*pp != lp->lw_proc)
		error = sig_permitted(*pp, 0);
	if (error != 0)
		proc_drop(*pp);
	return (error);
}

int
linux_migrate_pages(
    struct lwp *lp, const struct linux_migrate_pages_args *uap, uint64_t *resp)
{
	bool old0, new0, others;
	struct proc *p;
	int error;

	if ((error = nodes_in(uap->from, uap->maxnode, &old0, &others)) != 0 ||
	    (error = nodes_in(uap->to, uap->maxnode, &new0, &others)) != 0 ||
	    (error = pages_proc(lp, uap->pid, &p)) != 0)
		return (error);
	proc_drop(p);
	if (others) /* to where there is no memory */
		return (
		    (cred_current()->cr_cap_effective >> CAP_SYS_NICE & 1) == 0
			? EPERM
			: EINVAL);
	return (new0 ? 0 : EINVAL); /* nothing had to move */
}

#define L_ENOENT 2
#define L_EFAULT 14
#define L_ENODEV 19

/* The node of a page, or minus Linux's number of an error. */
static int
page_status(struct vmspace *vm, uaddr_t addr)
{
	uint8_t present = 0;

	if (vm_incore(vm, trunc_page(addr), PAGE_SIZE, &present) != 0)
		return (-L_EFAULT);
	return (present != 0 ? 0 : -L_ENOENT);
}

static int
move_one_page(
    struct vmspace *vm, const struct linux_move_pages_args *uap, uint64_t i)
{
	uint64_t page;
	int error, node = 0, status;

	if ((error = copyin(uap->pages + 8 * i, &page, 8)) != 0)
		return (error);
	if (uap->nodes != 0 &&
	    (error = copyin(uap->nodes + 4 * i, &node, 4)) != 0)
		return (error);
	if (node != 0)
		return (ENODEV);
	status = page_status(vm, page);
	return (copyout(&status, uap->status + 4 * i, 4));
}

int
linux_move_pages(
    struct lwp *lp, const struct linux_move_pages_args *uap, uint64_t *resp)
{
	struct vmspace *vm;
	struct proc *p;
	int error;

	if ((uap->flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) != 0)
		return (EINVAL);
	if ((uap->flags & MPOL_MF_MOVE_ALL) != 0 &&
	    (cred_current()->cr_cap_effective >> CAP_SYS_NICE & 1) == 0)
		return (EPERM);
	if ((error = pages_proc(lp, uap->pid, &p)) != 0)
		return (error);
	vm = proc_vmspace_hold(p);
	proc_drop(p);
	if (vm == NULL)
		return (ESRCH);
	for (uint64_t i = 0; error == 0 && i < uap->n; i++)
		error = move_one_page(vm, uap, i);
	vmspace_drop(vm);
	return (error);
}
