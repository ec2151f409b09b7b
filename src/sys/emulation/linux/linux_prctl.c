/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prctl(2) and personality(2): one row for each operation.
 */
#include "linux_var.h"
#include <sys/ucred.h>
#include <vm/vm.h>

#define TIMERSLACK_NS 50000
#define COMM_BYTES    16

struct prctl_args {
	struct lwp *pa_lp;
	uint64_t pa_2, pa_3, pa_4, pa_5;
};

/* --- names ------------------------------------------------------------------- */

static int
set_name(struct prctl_args *a, uint64_t *resp)
{
	char name[COMM_BYTES];
	size_t n;
	int error = copyinstr(a->pa_2, name, sizeof(name), &n);

	if (error == ENAMETOOLONG)
		name[sizeof(name) - 1] = '\0'; /* cut, as documented */
	else if (error != 0)
		return (error);
	kern_setname(name);
	return (0);
}

static int
get_name(struct prctl_args *a, uint64_t *resp)
{
	char name[COMM_BYTES];

	memset(name, 0, sizeof(name));
	strlcpy(name, a->pa_lp->lw_name, sizeof(name));
	return (copyout(name, a->pa_2, sizeof(name)));
}

/* --- words of the process -------------------------------------------------------- */

static int
set_pdeathsig(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 > LINUX_NSIG)
		return (EINVAL);
	a->pa_lp->lw_proc->p_pdeathsig = (uint32_t)linux_sig_in((int)a->pa_2);
	return (0);
}

static int
get_pdeathsig(struct prctl_args *a, uint64_t *resp)
{
	return (copyout_u32(
	    (uint32_t)linux_sig_out((int)a->pa_lp->lw_proc->p_pdeathsig),
	    a->pa_2));
}

static int
set_dumpable(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 > 1)
		return (EINVAL);
	a->pa_lp->lw_proc->p_dumpable = (uint32_t)a->pa_2;
	return (0);
}

static int
get_dumpable(struct prctl_args *a, uint64_t *resp)
{
	*resp = a->pa_lp->lw_proc->p_dumpable;
	return (0);
}

static int
set_subreaper(struct prctl_args *a, uint64_t *resp)
{
	a->pa_lp->lw_proc->p_subreaper = a->pa_2 != 0;
	return (0);
}

static int
get_subreaper(struct prctl_args *a, uint64_t *resp)
{
	return (copyout_u32(a->pa_lp->lw_proc->p_subreaper, a->pa_2));
}

static int
set_no_new_privs(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 != 1 || a->pa_3 != 0 || a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	a->pa_lp->lw_proc->p_no_new_privs = 1;
	return (0);
}

static int
get_no_new_privs(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 != 0 || a->pa_3 != 0 || a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	*resp = a->pa_lp->lw_proc->p_no_new_privs;
	return (0);
}

static int
set_thp_disable(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_3 != 0 || a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	a->pa_lp->lw_proc->p_no_thp = a->pa_2 != 0;
	return (0);
}

static int
get_thp_disable(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 != 0 || a->pa_3 != 0 || a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	*resp = a->pa_lp->lw_proc->p_no_thp;
	return (0);
}

static int
set_timerslack(struct prctl_args *a, uint64_t *resp)
{
	a->pa_lp->lw_timerslack = (int64_t)a->pa_2 > 0 ? a->pa_2 : 0;
	return (0);
}

static int
get_timerslack(struct prctl_args *a, uint64_t *resp)
{
	*resp = a->pa_lp->lw_timerslack != 0 ? a->pa_lp->lw_timerslack
					     : TIMERSLACK_NS;
	return (0);
}

static int
get_tid_address(struct prctl_args *a, uint64_t *resp)
{
	return (copyout(&a->pa_lp->lw_clear_tid, a->pa_2, 8));
}

/* --- capabilities ------------------------------------------------------------------- */

static int
capbset_read(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 > CAP_LAST)
		return (EINVAL);
	*resp = (cred_current()->cr_cap_bounding >> a->pa_2) & 1;
	return (0);
}

static int
capbset_drop(struct prctl_args *a, uint64_t *resp)
{
	if (!cred_has_cap(cred_current(), CAP_SETPCAP))
		return (EPERM);
	return (
	    a->pa_2 > CAP_LAST ? EINVAL : kern_cap_bound_drop((int)a->pa_2));
}

enum {
	AMBIENT_IS_SET = 1,
	AMBIENT_RAISE,
	AMBIENT_LOWER,
	AMBIENT_CLEAR_ALL
};

static int
cap_ambient(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	if (a->pa_2 == AMBIENT_CLEAR_ALL)
		return (a->pa_3 != 0 ? EINVAL : kern_cap_ambient(-1, false));
	if (a->pa_3 > CAP_LAST)
		return (EINVAL);
	switch (a->pa_2) {
	case AMBIENT_IS_SET:
		*resp = (cred_current()->cr_cap_ambient >> a->pa_3) & 1;
		return (0);
	case AMBIENT_RAISE:
		return (kern_cap_ambient((int)a->pa_3, true));
	case AMBIENT_LOWER:
		return (kern_cap_ambient((int)a->pa_3, false));
	default:
		return (EINVAL);
	}
}

static int
get_securebits(struct prctl_args *a, uint64_t *resp)
{
	*resp = cred_current()->cr_securebits;
	return (0);
}

static int
set_securebits(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 > SECBIT_ALL)
		return (EPERM);
	return (kern_set_securebits((uint32_t)a->pa_2));
}

static int
get_keepcaps(struct prctl_args *a, uint64_t *resp)
{
	*resp = (cred_current()->cr_securebits & SECBIT_KEEP_CAPS) != 0;
	return (0);
}

static int
set_keepcaps(struct prctl_args *a, uint64_t *resp)
{
	return (a->pa_2 > 1 ? EINVAL : kern_set_keepcaps(a->pa_2 != 0));
}

/* --- others ------------------------------------------------------------------------------ */

static int
get_seccomp(struct prctl_args *a, uint64_t *resp)
{
	*resp = (uint64_t)linux_seccomp_mode(a->pa_lp);
	return (0);
}

static int
set_seccomp(struct prctl_args *a, uint64_t *resp)
{
	return (linux_seccomp_set(a->pa_lp, a->pa_2, a->pa_3, resp));
}

#define TSC_ENABLE 1

static int
get_tsc(struct prctl_args *a, uint64_t *resp)
{
	return (copyout_u32(TSC_ENABLE, a->pa_2));
}

/* The counter cannot be kept from a program. */
static int
set_tsc(struct prctl_args *a, uint64_t *resp)
{
	return (a->pa_2 == TSC_ENABLE ? 0 : EINVAL);
}

/* By sampling (0): the one way that Linux has, too. */
static int
get_timing(struct prctl_args *a, uint64_t *resp)
{
	return (0);
}

static int
set_timing(struct prctl_args *a, uint64_t *resp)
{
	return (a->pa_2 == 0 ? 0 : EINVAL);
}

static int
no_counters(struct prctl_args *a, uint64_t *resp)
{
	return (0); /* there are no performance counters to switch */
}

#define MCE_KILL_DEFAULT 2

static int
get_mce_kill(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_2 != 0 || a->pa_3 != 0 || a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	*resp = MCE_KILL_DEFAULT;
	return (0);
}

static int
set_mm(struct prctl_args *a, uint64_t *resp)
{
	return (
	    linux_prctl_set_mm(a->pa_lp, a->pa_2, a->pa_3, a->pa_4, a->pa_5));
}

static int
set_vma(struct prctl_args *a, uint64_t *resp)
{
	return (
	    linux_prctl_set_vma(a->pa_lp, a->pa_2, a->pa_3, a->pa_4, a->pa_5));
}

static int
get_auxv(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	return (linux_prctl_get_auxv(a->pa_2, a->pa_3, resp));
}

/* "Not affected", which asks nothing of the program. */
static int
get_speculation(struct prctl_args *a, uint64_t *resp)
{
	if (a->pa_3 != 0 || a->pa_4 != 0 || a->pa_5 != 0)
		return (EINVAL);
	return (a->pa_2 > 2 ? ENODEV : 0);
}

static const struct {
	int op;
	int (*func)(struct prctl_args *a, uint64_t *resp);
} rows[] = {
    {1, set_pdeathsig},
    {2, get_pdeathsig},
    {3, get_dumpable},
    {4, set_dumpable},
    {7, get_keepcaps},
    {8, set_keepcaps},
    {13, get_timing},
    {14, set_timing},
    {15, set_name},
    {16, get_name},
    {21, get_seccomp},
    {22, set_seccomp},
    {23, capbset_read},
    {24, capbset_drop},
    {25, get_tsc},
    {26, set_tsc},
    {27, get_securebits},
    {28, set_securebits},
    {29, set_timerslack},
    {30, get_timerslack},
    {31, no_counters},
    {32, no_counters},
    {34, get_mce_kill},
    {35, set_mm},
    {36, set_subreaper},
    {37, get_subreaper},
    {38, set_no_new_privs},
    {39, get_no_new_privs},
    {40, get_tid_address},
    {41, set_thp_disable},
    {42, get_thp_disable},
    {47, cap_ambient},
    {52, get_speculation},
    {0x53564d41, set_vma},
    {0x41555856, get_auxv},
};

int
linux_prctl(struct lwp *lp, const struct linux_prctl_args *uap, uint64_t *resp)
{
	struct prctl_args a = {lp, uap->a2, uap->a3, uap->a4, uap->a5};

	for (size_t i = 0; i < nitems(rows); i++)
		if (rows[i].op == uap->op)
			return (rows[i].func(&a, resp));
	return (EINVAL);
}

/* --- personality ----------------------------------------------------------------------------- */

#define PER_QUERY 0xffffffffu

/* Remembered whole; exec and mmap ask for what they can honour. */
int
linux_personality(
    struct lwp *lp, const struct linux_personality_args *uap, uint64_t *resp)
{
	struct proc *p = lp->lw_proc;

	*resp = p->p_persona;
	if (uap->persona == PER_QUERY)
		return (0);
	p->p_persona = uap->persona;
	p->p_no_aslr = (uap->persona & LINUX_ADDR_NO_RANDOMIZE) != 0;
	return (0);
}

/* Protection that a program gets for what it asked. */
int
linux_prot(struct lwp *lp, int prot)
{
	if ((prot & VM_PROT_READ) != 0 &&
	    (lp->lw_proc->p_persona & LINUX_READ_IMPLIES_EXEC) != 0)
		prot |= VM_PROT_EXECUTE;
	return (prot);
}
