/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on process descriptors, and kcmp.
 */
#include "linux_var.h"
#include <sys/ptrace.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include <vm/vm.h>

int
linux_pidfd_open(
    struct lwp *lp, const struct linux_pidfd_open_args *uap, uint64_t *resp)
{
	int fd = -1, error;

	if ((uap->flags & ~(unsigned)LINUX_O_NONBLOCK) != 0)
		return (EINVAL);
	error =
	    kern_pidfd_open(uap->pid, linux_open_flags((int)uap->flags), &fd);
	*resp = (uint64_t)fd;
	return (error);
}

/* The process of a descriptor, held; flags must be 0. */
static int
pidfd_arg(int fd, unsigned flags, struct proc **pp)
{
	bool nonblock;

	if (flags != 0)
		return (EINVAL);
	return (kern_pidfd_proc(fd, pp, &nonblock));
}

int
linux_pidfd_send_signal(struct lwp *lp,
    const struct linux_pidfd_send_signal_args *uap, uint64_t *resp)
{
	struct linux_siginfo si;
	struct proc *p;
	ksiginfo_t ksi;
	int error, sig = 0;

	if (uap->sig != 0 && (sig = linux_sig_in(uap->sig)) == 0)
		return (EINVAL);
	error = pidfd_arg(uap->pidfd, uap->flags, &p);
	if (error == EBADF) /* an open /proc/PID will do, too */
		error = kern_procdir_proc(uap->pidfd, &p);
	if (error != 0)
		return (error);
	memset(&ksi, 0, sizeof(ksi));
	ksi.ksi_signo = sig;
	ksi.ksi_code = SI_USER;
	ksi.ksi_pid = lp->lw_proc->p_pid;
	ksi.ksi_uid = lp->lw_cred->cr_ruid;
	if (uap->info != 0) {
		error = copyin(uap->info, &si, sizeof(si));
		if (error == 0 && si.si_signo != uap->sig)
			error = EINVAL;
		if (error == 0)
			error = linux_info_in(&si, sig, p->p_pid, &ksi);
	}
	if (error == 0)
		error = kern_pidfd_signal(p, sig, &ksi);
	proc_drop(p);
	return (error);
}

int
linux_pidfd_getfd(
    struct lwp *lp, const struct linux_pidfd_getfd_args *uap, uint64_t *resp)
{
	struct proc *p;
	int error, fd = -1;

	if ((error = pidfd_arg(uap->pidfd, uap->flags, &p)) != 0)
		return (error);
	error = kern_pidfd_getfd(p, uap->fd, &fd);
	*resp = (uint64_t)fd;
	proc_drop(p);
	return (error);
}

/* --- memory of the process ------------------------------------------------------- */

enum {
	L_MADV_WILLNEED = 3,
	L_MADV_COLD = 20,
	L_MADV_PAGEOUT = 21,
	L_MADV_COLLAPSE = 25
};

/* COLD and COLLAPSE are no more than hints here: the memory must be there. */
static int
advise_one(struct vmspace *vm, const uint64_t iov[2], int advice)
{
	struct vm_entry_info info;
	int error;

	if ((iov[0] & PAGE_MASK) != 0)
		return (EINVAL);
	if (advice == L_MADV_WILLNEED)
		return (vm_advise(vm, iov[0], iov[1], VMADV_WILLNEED));
	if (advice == L_MADV_PAGEOUT)
		return (vm_advise_pages(
		    vm, iov[0], round_page(iov[1]), VMADV_PAGEOUT));
	error = vmspace_entry_info(vm, iov[0], &info);
	if (error == 0 && info.vei_vp != NULL)
		vnode_drop(info.vei_vp);
	return (error != 0 || info.vei_start > iov[0] ? ENOMEM : 0);
}

static int
advise_all(
    struct vmspace *vm, uaddr_t vec, uint64_t n, int advice, uint64_t *resp)
{
	uint64_t iov[2];
	int error = 0;

	for (uint64_t i = 0; i < n && error == 0; i++) {
		error = copyin(vec + i * sizeof(iov), iov, sizeof(iov));
		if (error == 0)
			error = advise_one(vm, iov, advice);
		if (error == 0)
			*resp += iov[1];
	}
	return (*resp > 0 ? 0 : error);
}

int
linux_process_madvise(struct lwp *lp,
    const struct linux_process_madvise_args *uap, uint64_t *resp)
{
	struct vmspace *vm;
	struct proc *p;
	int error;

	if (uap->flags == 0 && uap->n > IOV_MAX)
		return (EINVAL);
	if ((error = pidfd_arg(uap->pidfd, uap->flags, &p)) != 0)
		return (error);
	if (uap->advice != L_MADV_WILLNEED && uap->advice != L_MADV_COLD &&
	    uap->advice != L_MADV_PAGEOUT && uap->advice != L_MADV_COLLAPSE)
		error = EINVAL;
	else if (trace_permitted(p) != 0 ||
	    (p != lp->lw_proc && !cred_has_cap(lp->lw_cred, CAP_SYS_NICE)))
		error = EPERM;
	if (error == 0) {
		if ((vm = proc_vmspace_hold(p)) == NULL) {
			error = ESRCH;
		} else {
			error =
			    advise_all(vm, uap->vec, uap->n, uap->advice, resp);
			vmspace_drop(vm);
		}
	}
	proc_drop(p);
	return (error);
}

/* A process that is dying gives its memory back as fast as it can. */
int
linux_process_mrelease(struct lwp *lp,
    const struct linux_process_mrelease_args *uap, uint64_t *resp)
{
	struct proc *p;
	int error;

	if ((error = pidfd_arg(uap->pidfd, uap->flags, &p)) != 0)
		return (error);
	error = kern_proc_dying(p);
	proc_drop(p);
	return (error);
}

/* --- kcmp --------------------------------------------------------------------------- */

int
linux_kcmp(struct lwp *lp, const struct linux_kcmp_args *uap, uint64_t *resp)
{
	/* KCMP_FILE, VM, FILES, FS, SIGHAND, IO, SYSVSEM, EPOLL_TFD. */
	static const enum kcmp_type types[] = {KCMP_FILE, KCMP_VM, KCMP_FILES,
	    KCMP_FS, KCMP_SIGHAND, KCMP_NONE, KCMP_NONE, KCMP_EPOLL};
	uint32_t slot[3] = {0, 0, 0}; /* epoll, descriptor, which of its */
	struct kcmp_watched kw;
	int order = 0, error;

	if (uap->type < 0 || uap->type >= (int)nitems(types))
		return (EINVAL);
	if (types[uap->type] == KCMP_EPOLL) {
		error = copyin(uap->idx2, slot, sizeof(slot));
		if (error != 0)
			return (error);
	} else
		slot[0] =
		    uap->idx2 > INT32_MAX ? UINT32_MAX : (uint32_t)uap->idx2;
	kw = (struct kcmp_watched){(int)slot[1], slot[2]};
	error = kern_kcmp(uap->pid1, uap->pid2, types[uap->type],
	    uap->idx1 > INT32_MAX ? -1 : (int)uap->idx1, (int)slot[0], &kw,
	    &order);
	*resp = order == 0 ? 0 : order < 0 ? 1 : 2;
	return (error);
}
