/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on the system: names, memory totals, prctl, reboot.
 */
#include "linux_var.h"
#include <sys/file.h>
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
	/* What a program that knows no other major number wants. */
	strlcpy(u->release,
	    (lp->lw_proc->p_persona & LINUX_UNAME26) != 0
		? "2.6.61-mayfly"
		: abi_linux64.abi_release,
	    LINUX_UTSLEN);
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
	uint32_t load[3];

	memset(&si, 0, sizeof(si));
	vm_stats_get(&vs);
	loadavg_get(load);
	for (int i = 0; i < 3; i++)
		si.loads[i] = (uint64_t)load[i] << (16 - 11);
	si.uptime = clock_mono() / NS_PER_SEC;
	si.totalram = ptoa(vs.vs_total);
	si.freeram = ptoa(vs.vs_free);
	si.sharedram = ptoa(vs.vs_keep);
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

int
linux_restart_syscall(struct lwp *lp,
    const struct linux_restart_syscall_args *uap, uint64_t *resp)
{
	return (EINTR);
}

/* --- arch_prctl ------------------------------------------------------------- */

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
		return (cred_check_cap(lp->lw_cred, CAP_SYS_BOOT));
	default:
		return (EINVAL);
	}
}

/* --- what there is none of ------------------------------------------------------------- */

/* A kernel without name spaces: EINVAL for each. */
int
linux_unshare(
    struct lwp *lp, const struct linux_unshare_args *uap, uint64_t *resp)
{
	const uint64_t threads =
	    LINUX_CLONE_VM | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD;
	const uint64_t known =
	    threads | LINUX_CLONE_FILES | LINUX_CLONE_FS | LINUX_CLONE_SYSVSEM;

	if ((uap->flags & ~known) != 0)
		return (EINVAL);
	/* These can be asked for where they are so already. */
	if ((uap->flags & threads) != 0 && lp->lw_proc->p_nlwps > 1)
		return (EINVAL);
	return (kern_unshare(
	    ((uap->flags & LINUX_CLONE_FILES) != 0 ? KFORK_FILES : 0) |
	    ((uap->flags & LINUX_CLONE_FS) != 0 ? KFORK_FS : 0)));
}

/* No file is a name space: EINVAL, or EBADF. */
int
linux_setns(struct lwp *lp, const struct linux_setns_args *uap, uint64_t *resp)
{
	struct file *fp;
	int error;

	if ((error = fd_get(uap->fd, 0, &fp)) != 0)
		return (error);
	file_drop(fp);
	return (EINVAL);
}

/* --- small ones -------------------------------------------------------------------------- */

int
linux_vhangup(
    struct lwp *lp, const struct linux_vhangup_args *uap, uint64_t *resp)
{
	return (kern_vhangup());
}

struct l_ustat {
	int32_t tfree;
	uint64_t tinode;
	char fname[6], fpack[6];
};
CTASSERT(sizeof(struct l_ustat) == 32);

int
linux_ustat(struct lwp *lp, const struct linux_ustat_args *uap, uint64_t *resp)
{
	struct l_ustat u;
	struct statfs sf = {0};
	int error = kern_devstatfs(linux_dev_in(uap->dev), &sf);

	if (error != 0)
		return (error);
	memset(&u, 0, sizeof(u));
	u.tfree = (int32_t)MIN(sf.f_bfree, (uint64_t)INT32_MAX);
	u.tinode = sf.f_ffree;
	return (copyout(&u, uap->buf, sizeof(u)));
}
