/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on the system: names, memory totals, prctl, reboot.
 */
#include "linux_var.h"
#include <sys/malloc.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include <machine/vmparam.h>

int
linux_uname(struct lwp *lp, const struct linux_uname_args *uap, uint64_t *resp)
{
	struct linux_utsname *u =
	    kmalloc(sizeof(*u), M_TEMP, M_WAITOK | M_ZERO);
	int error;

	if (u == NULL)
		return (ENOMEM);
	strlcpy(u->sysname, abi_linux64.abi_sysname, LINUX_UTSLEN);
	kern_gethostname(u->nodename, LINUX_UTSLEN);
	strlcpy(u->release, abi_linux64.abi_release, LINUX_UTSLEN);
	strlcpy(u->version, "#1 SMP Mayfly", LINUX_UTSLEN);
	strlcpy(u->machine, "x86_64", LINUX_UTSLEN);
	kern_getdomainname(u->domainname, LINUX_UTSLEN);
	error = copyout(u, uap->name, sizeof(*u));
	kfree(u, M_TEMP);
	return (error);
}

static int
name_in(uaddr_t uname, size_t n, char name[LINUX_UTSLEN])
{
	if (n >= LINUX_UTSLEN)
		return (EINVAL);
	memset(name, 0, LINUX_UTSLEN);
	return (copyin(uname, name, n));
}

int
linux_sethostname(
    struct lwp *lp, const struct linux_sethostname_args *uap, uint64_t *resp)
{
	char name[LINUX_UTSLEN];
	int error = name_in(uap->name, uap->n, name);

	return (error != 0 ? error : kern_sethostname(name));
}

int
linux_setdomainname(
    struct lwp *lp, const struct linux_setdomainname_args *uap, uint64_t *resp)
{
	char name[LINUX_UTSLEN];
	int error = name_in(uap->name, uap->n, name);

	return (error != 0 ? error : kern_setdomainname(name));
}

int
linux_sysinfo(
    struct lwp *lp, const struct linux_sysinfo_args *uap, uint64_t *resp)
{
	struct linux_sysinfo si;
	struct vm_stats vs;

	memset(&si, 0, sizeof(si));
	vm_stats_get(&vs);
	si.uptime = clock_mono() / NS_PER_SEC;
	si.totalram = ptoa(vs.vs_total);
	si.freeram = ptoa(vs.vs_free);
	si.bufferram = ptoa(vs.vs_file);
	si.procs = (uint16_t)MIN((unsigned)nprocs, UINT16_MAX);
	si.mem_unit = 1;
	return (copyout(&si, uap->info, sizeof(si)));
}

int
linux_getrandom(
    struct lwp *lp, const struct linux_getrandom_args *uap, uint64_t *resp)
{
	if ((uap->flags & ~7u) != 0)
		return (EINVAL);
	return (sys_getrandom(uap->buf, uap->n, resp));
}

#define PER_QUERY	  0xffffffffu
#define ADDR_NO_RANDOMIZE 0x0040000u

int
linux_personality(
    struct lwp *lp, const struct linux_personality_args *uap, uint64_t *resp)
{
	if (uap->persona != PER_QUERY &&
	    (uap->persona & ~ADDR_NO_RANDOMIZE) != 0)
		return (EINVAL);
	return (0); /* what it was: PER_LINUX */
}

int
linux_restart_syscall(struct lwp *lp,
    const struct linux_restart_syscall_args *uap, uint64_t *resp)
{
	return (EINTR);
}

/* --- arch_prctl, prctl ------------------------------------------------------------- */

enum {
	ARCH_SET_GS = 0x1001,
	ARCH_SET_FS,
	ARCH_GET_FS,
	ARCH_GET_GS
};

int
linux_arch_prctl(
    struct lwp *lp, const struct linux_arch_prctl_args *uap, uint64_t *resp)
{
	struct trapframe *tf = &lp->lw_frame;

	cpu_lwp_bases(lp);
	switch (uap->code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (uap->addr >= VM_MAX_USER)
			return (EPERM);
		if (uap->code == ARCH_SET_FS)
			tf->tf_fsbase = uap->addr;
		else
			tf->tf_gsbase = uap->addr;
		return (0);
	case ARCH_GET_FS:
		return (copyout(&tf->tf_fsbase, uap->addr, 8));
	case ARCH_GET_GS:
		return (copyout(&tf->tf_gsbase, uap->addr, 8));
	default:
		return (EINVAL);
	}
}

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG,
	PR_GET_DUMPABLE,
	PR_SET_DUMPABLE,
	PR_GET_KEEPCAPS = 7,
	PR_SET_KEEPCAPS,
	PR_SET_NAME = 15,
	PR_GET_NAME,
	PR_GET_SECCOMP = 21,
	PR_SET_SECCOMP,
	PR_CAPBSET_READ = 23,
	PR_CAPBSET_DROP,
	PR_GET_SECUREBITS = 27,
	PR_SET_TIMERSLACK = 29,
	PR_GET_TIMERSLACK,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER,
	PR_SET_NO_NEW_PRIVS,
	PR_GET_NO_NEW_PRIVS,
	PR_GET_TID_ADDRESS,
	PR_SET_THP_DISABLE,
	PR_GET_THP_DISABLE,
	PR_CAP_AMBIENT = 47
};
enum {
	PR_CAP_AMBIENT_IS_SET = 1,
	PR_CAP_AMBIENT_RAISE,
	PR_CAP_AMBIENT_LOWER,
	PR_CAP_AMBIENT_CLEAR_ALL
};
#define TIMERSLACK_NS 50000
#define COMM_BYTES    16

static int
prctl_set_name(uaddr_t uname)
{
	char name[COMM_BYTES];
	size_t n;
	int error = copyinstr(uname, name, sizeof(name), &n);

	if (error == ENAMETOOLONG)
		name[sizeof(name) - 1] = '\0'; /* cut, as documented */
	else if (error != 0)
		return (error);
	kern_setname(name);
	return (0);
}

static int
prctl_get_name(struct lwp *lp, uaddr_t to)
{
	char name[COMM_BYTES];

	memset(name, 0, sizeof(name));
	strlcpy(name, lp->lw_name, sizeof(name));
	return (copyout(name, to, sizeof(name)));
}

static int
prctl_ambient(uint64_t op, uint64_t cap, uint64_t *resp)
{
	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		return (kern_cap_ambient(-1, false));
	if (cap > CAP_LAST)
		return (EINVAL);
	switch (op) {
	case PR_CAP_AMBIENT_IS_SET:
		*resp = (cred_current()->cr_cap_ambient >> cap) & 1;
		return (0);
	case PR_CAP_AMBIENT_RAISE:
		return (kern_cap_ambient((int)cap, true));
	case PR_CAP_AMBIENT_LOWER:
		return (kern_cap_ambient((int)cap, false));
	default:
		return (EINVAL);
	}
}

/* Operations that store one word of the process.  EINVAL: not one of them. */
static int
prctl_set_word(struct proc *p, const struct linux_prctl_args *uap)
{
	switch (uap->op) {
	case PR_SET_PDEATHSIG:
		if (uap->a2 > LINUX_NSIG)
			return (EINVAL);
		p->p_pdeathsig = (uint32_t)linux_sig_in((int)uap->a2);
		return (0);
	case PR_SET_DUMPABLE:
		if (uap->a2 > 1)
			return (EINVAL);
		p->p_dumpable = (uint32_t)uap->a2;
		return (0);
	case PR_SET_CHILD_SUBREAPER:
		p->p_subreaper = uap->a2 != 0;
		return (0);
	case PR_SET_NO_NEW_PRIVS:
		if (uap->a2 != 1)
			return (EINVAL);
		p->p_no_new_privs = 1;
		return (0);
	default:
		return (EINVAL);
	}
}

int
linux_prctl(struct lwp *lp, const struct linux_prctl_args *uap, uint64_t *resp)
{
	struct proc *p = lp->lw_proc;

	switch (uap->op) {
	case PR_SET_NAME:
		return (prctl_set_name(uap->a2));
	case PR_GET_NAME:
		return (prctl_get_name(lp, uap->a2));
	case PR_GET_PDEATHSIG:
		return (copyout_u32(
		    (uint32_t)linux_sig_out((int)p->p_pdeathsig), uap->a2));
	case PR_GET_DUMPABLE:
		*resp = p->p_dumpable;
		return (0);
	case PR_GET_CHILD_SUBREAPER:
		return (copyout_u32(p->p_subreaper, uap->a2));
	case PR_GET_NO_NEW_PRIVS:
		*resp = p->p_no_new_privs;
		return (0);
	case PR_GET_TID_ADDRESS:
		return (copyout(&lp->lw_clear_tid, uap->a2, 8));
	case PR_CAPBSET_READ:
		if (uap->a2 > CAP_LAST)
			return (EINVAL);
		*resp = (cred_current()->cr_cap_bounding >> uap->a2) & 1;
		return (0);
	case PR_CAPBSET_DROP:
		return (uap->a2 > CAP_LAST ? EINVAL
					   : kern_cap_bound_drop((int)uap->a2));
	case PR_CAP_AMBIENT:
		return (prctl_ambient(uap->a2, uap->a3, resp));
	case PR_GET_SECCOMP:
		*resp = (uint64_t)linux_seccomp_mode(lp);
		return (0);
	case PR_SET_SECCOMP:
		return (linux_seccomp_set(lp, uap->a2, uap->a3, resp));
	case PR_GET_TIMERSLACK:
		*resp = TIMERSLACK_NS;
		return (0);
	case PR_SET_TIMERSLACK: /* a hint */
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
	case PR_GET_SECUREBITS:
	case PR_GET_KEEPCAPS:
		return (0);
	default:
		return (prctl_set_word(p, uap));
	}
}

/* --- reboot ---------------------------------------------------------------------------- */

#define REBOOT_MAGIC1	 0xfee1deadu
#define REBOOT_RESTART	 0x01234567u
#define REBOOT_HALT	 0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON	 0x89abcdefu
#define REBOOT_CAD_OFF	 0u

static bool
reboot_magic_ok(unsigned m1, unsigned m2)
{
	return (m1 == REBOOT_MAGIC1 &&
	    (m2 == 672274793 || m2 == 85072278 || m2 == 369367448 ||
		m2 == 537993216));
}

int
linux_reboot(
    struct lwp *lp, const struct linux_reboot_args *uap, uint64_t *resp)
{
	if (!reboot_magic_ok(uap->magic1, uap->magic2))
		return (EINVAL);
	switch (uap->cmd) {
	case REBOOT_RESTART:
		return (kern_reboot_call(RB_REBOOT, 0));
	case REBOOT_HALT:
		return (kern_reboot_call(RB_HALT, 0));
	case REBOOT_POWER_OFF:
		return (kern_reboot_call(RB_POWEROFF, 0));
	case REBOOT_CAD_ON:
	case REBOOT_CAD_OFF:
		return (cred_check_root(lp->lw_cred));
	default:
		return (EINVAL);
	}
}
