/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on processes: clone, exec, wait, limits.
 */
#include "linux_var.h"
#include <sys/resource.h>
#include <sys/ucred.h>
#include <machine/vmparam.h>

/* --- clone ------------------------------------------------------------------------ */

static const struct flagmap clone_map[] = {
    {LINUX_CLONE_VM, KFORK_VM},
    {LINUX_CLONE_FS, KFORK_FS},
    {LINUX_CLONE_FILES, KFORK_FILES},
    {LINUX_CLONE_SIGHAND, KFORK_SIGHAND},
    {LINUX_CLONE_THREAD, KFORK_THREAD},
    {LINUX_CLONE_VFORK, KFORK_VFORK},
    {LINUX_CLONE_PARENT, KFORK_PARENT},
    /* Acted on by clone_common, or without a meaning here. */
    {LINUX_CLONE_SETTLS, 0},
    {LINUX_CLONE_PARENT_SETTID, 0},
    {LINUX_CLONE_CHILD_SETTID, 0},
    {LINUX_CLONE_CHILD_CLEARTID, 0},
    {LINUX_CLONE_SYSVSEM, 0},
    {LINUX_CLONE_DETACHED, 0},
    {LINUX_CLONE_UNTRACED, KFORK_UNTRACED},
    {LINUX_CLONE_PTRACE, KFORK_TRACED},
    {LINUX_CLONE_IO, 0},
    {LINUX_CLONE_PIDFD, 0},
};

/* EINVAL: flags that are unknown or not supported (name spaces). */
static int
clone_common(struct lwp *lp, const struct linux_clone_params *c, pid_t set_tid,
    uint64_t *resp)
{
	struct kern_fork_args a;
	uint64_t rest, fl = c->flags;
	pid_t pid = 0;
	int error;

	memset(&a, 0, sizeof(a));
	a.flags = (uint32_t)flags_in(clone_map, nitems(clone_map), fl, &rest);
	if (rest != 0 || c->exit_signal > LINUX_NSIG)
		return (EINVAL);
	if (c->exit_signal != 0 &&
	    (a.exit_signal = linux_sig_in((int)c->exit_signal)) == 0)
		return (EINVAL);
	if ((fl & LINUX_CLONE_PIDFD) != 0) {
		if ((fl & (LINUX_CLONE_THREAD | LINUX_CLONE_DETACHED)) != 0)
			return (EINVAL);
		a.pidfd = c->pidfd;
	}
	a.set_tid = set_tid;
	a.stack = c->stack != 0 ? c->stack + c->stack_size : 0;
	a.set_tls = (fl & LINUX_CLONE_SETTLS) != 0;
	a.tls = c->tls;
	if (a.set_tls && a.tls >= VM_MAX_USER)
		return (EPERM);
	if ((fl & LINUX_CLONE_PARENT_SETTID) != 0)
		a.parent_tid = c->parent_tid;
	if ((fl & LINUX_CLONE_CHILD_SETTID) != 0)
		a.child_set_tid = c->child_tid;
	if ((fl & LINUX_CLONE_CHILD_CLEARTID) != 0)
		a.child_clear_tid = c->child_tid;
	error = kern_fork(lp, &a, &pid);
	*resp = (uint64_t)pid;
	return (error);
}

int
linux_clone(struct lwp *lp, const struct linux_clone_args *uap, uint64_t *resp)
{
	struct linux_clone_params c;

	memset(&c, 0, sizeof(c));
	c.flags = uap->flags & 0xffffff00UL;
	c.exit_signal = uap->flags & LINUX_CSIGNAL;
	c.stack = uap->stack;
	c.parent_tid = uap->parent_tid;
	c.child_tid = uap->child_tid;
	c.tls = uap->tls;
	/* One word for two results: not both. */
	c.pidfd = uap->parent_tid;
	if ((c.flags & LINUX_CLONE_PIDFD) != 0 &&
	    (c.flags & LINUX_CLONE_PARENT_SETTID) != 0)
		return (EINVAL);
	return (clone_common(lp, &c, 0, resp));
}

#define PID_LEVELS_MAX                                                         \
	32 /* name spaces within each other, of which we have 1 */

/* The id that the child shall have: a vector with one for each name space. */
static int
clone_set_tid(struct lwp *lp, const struct linux_clone_params *c, pid_t *tidp)
{
	int32_t tid;
	int error;

	*tidp = 0;
	if ((c->set_tid == 0) != (c->set_tid_size == 0) ||
	    c->set_tid_size > PID_LEVELS_MAX)
		return (EINVAL);
	if (c->set_tid_size == 0)
		return (0);
	if (c->set_tid_size > 1)
		return (EINVAL);
	if ((error = copyin(c->set_tid, &tid, sizeof(tid))) != 0)
		return (error);
	if (tid <= 0)
		return (EINVAL);
	if (!cred_has_cap(lp->lw_cred, CAP_SYS_ADMIN) &&
	    !cred_has_cap(lp->lw_cred, CAP_CHECKPOINT_RESTORE))
		return (EPERM);
	*tidp = tid;
	return (0);
}

int
linux_clone3(
    struct lwp *lp, const struct linux_clone3_args *uap, uint64_t *resp)
{
	struct linux_clone_params c;
	pid_t tid;
	int error;

	if (uap->size < LINUX_CLONE_ARGS_MIN)
		return (EINVAL);
	if (uap->size > PAGE_SIZE)
		return (E2BIG);
	memset(&c, 0, sizeof(c));
	error = copyin(uap->args, &c, MIN(uap->size, sizeof(c)));
	if (error != 0)
		return (error);
	if ((c.stack == 0) != (c.stack_size == 0) ||
	    (c.flags & (LINUX_CLONE_DETACHED | LINUX_CSIGNAL)) != 0 ||
	    ((c.flags & (LINUX_CLONE_THREAD | LINUX_CLONE_PARENT)) != 0 &&
		c.exit_signal != 0))
		return (EINVAL);
	if ((error = clone_set_tid(lp, &c, &tid)) != 0)
		return (error);
	return (clone_common(lp, &c, tid, resp));
}

int
linux_fork(struct lwp *lp, const struct linux_fork_args *uap, uint64_t *resp)
{
	struct linux_clone_params c = {.exit_signal = 17};

	return (clone_common(lp, &c, 0, resp));
}

int
linux_vfork(struct lwp *lp, const struct linux_vfork_args *uap, uint64_t *resp)
{
	struct linux_clone_params c = {
	    .exit_signal = 17, .flags = LINUX_CLONE_VM | LINUX_CLONE_VFORK};

	return (clone_common(lp, &c, 0, resp));
}

int
linux_execve(
    struct lwp *lp, const struct linux_execve_args *uap, uint64_t *resp)
{
	int error;

	error = upath_execve(lp, uap->path, uap->argv, uap->envp);
	return (error != 0 ? error : EJUSTRETURN);
}

int
linux_execveat(
    struct lwp *lp, const struct linux_execveat_args *uap, uint64_t *resp)
{
	int error, flags;
	char *path;

	error = linux_at_flags(uap->flags,
	    LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH, &flags);
	if (error != 0 || (error = path_copyin(uap->path, &path)) != 0)
		return (error);
	error =
	    kern_execveat(lp, uap->dirfd, path, flags, uap->argv, uap->envp);
	path_free(path);
	return (error != 0 ? error : EJUSTRETURN);
}

int
linux_exit(struct lwp *lp, const struct linux_exit_args *uap, uint64_t *resp)
{
	lp->lw_exit_status = (uap->status & 0xff) << 8;
	kern_lwp_exit(lp);
}

int
linux_exit_group(
    struct lwp *lp, const struct linux_exit_group_args *uap, uint64_t *resp)
{
	kern_exit(lp, (uap->status & 0xff) << 8);
}

int
linux_set_tid_address(struct lwp *lp,
    const struct linux_set_tid_address_args *uap, uint64_t *resp)
{
	lp->lw_clear_tid = uap->word;
	*resp = (uint64_t)lp->lw_tid;
	return (0);
}

/* --- wait ----------------------------------------------------------------------------- */

static const struct flagmap wait_map[] = {
    {LINUX_WNOHANG, KWAIT_NOHANG},
    {LINUX_WUNTRACED, KWAIT_UNTRACED},
    {LINUX_WEXITED, KWAIT_EXITED},
    {LINUX_WCONTINUED, KWAIT_CONTINUED},
    {LINUX_WNOWAIT, KWAIT_NOWAIT},
    {LINUX_WNOTHREAD, KWAIT_NOTHREAD},
    {LINUX_WALL, KWAIT_ALL},
    {LINUX_WCLONE, KWAIT_CLONE},
};

int
linux_wait4(struct lwp *lp, const struct linux_wait4_args *uap, uint64_t *resp)
{
	enum kwait_which which = KWAIT_ANY;
	struct linux_rusage lru;
	struct rusage ru;
	uint64_t rest;
	pid_t id = uap->pid, pid;
	int error, opt, status = 0;

	opt = (int)flags_in(
	    wait_map, nitems(wait_map), (uint32_t)uap->options, &rest);
	if (rest != 0 || (uap->options & (LINUX_WEXITED | LINUX_WNOWAIT)) != 0)
		return (EINVAL);
	if (id == INT32_MIN)
		return (ESRCH);
	if (id > 0) {
		which = KWAIT_PID;
	} else if (id == 0 || id < -1) {
		which = KWAIT_PGRP;
		id = -id;
	}
	memset(&ru, 0, sizeof(ru));
	error = kern_wait(
	    lp, which, id, opt | KWAIT_EXITED, &pid, &status, &ru, NULL);
	if (error != 0)
		return (error);
	*resp = (uint64_t)pid;
	if (pid == 0)
		return (0);
	if (uap->status != 0)
		error = copyout_u32(
		    (uint32_t)linux_wait_status(status), uap->status);
	if (error == 0 && uap->ru != 0) {
		linux_rusage_out(&ru, &lru);
		error = copyout(&lru, uap->ru, sizeof(lru));
	}
	return (error);
}

enum {
	L_P_ALL,
	L_P_PID,
	L_P_PGID,
	L_P_PIDFD
};

/* The number to wait for: ECHILD if it may be another's by now. */
static int
waitid_pidfd(int fd, pid_t *idp, bool *nonblockp)
{
	struct proc *p;
	int error;

	if ((error = kern_pidfd_proc(fd, &p, nonblockp)) != 0)
		return (error);
	lock_shared(&proctree_lock);
	if (proc_find(p->p_pid) != p)
		error = ECHILD;
	*idp = p->p_pid;
	lock_release(&proctree_lock);
	proc_drop(p);
	return (error);
}

int
linux_waitid(
    struct lwp *lp, const struct linux_waitid_args *uap, uint64_t *resp)
{
	static const enum kwait_which whichs[] = {
	    KWAIT_ANY, KWAIT_PID, KWAIT_PGRP, KWAIT_PID};
	struct linux_rusage lru;
	struct linux_siginfo si;
	struct rusage ru;
	ksiginfo_t ksi;
	uint64_t rest;
	pid_t pid, id = uap->id;
	bool nonblock = false;
	int error, opt, status;

	opt = (int)flags_in(
	    wait_map, nitems(wait_map), (uint32_t)uap->options, &rest);
	if (rest != 0 || uap->which < L_P_ALL || uap->which > L_P_PIDFD ||
	    (opt & (KWAIT_EXITED | KWAIT_UNTRACED | KWAIT_CONTINUED)) == 0 ||
	    (uap->which == L_P_PID && uap->id <= 0) ||
	    (uap->which >= L_P_PGID && uap->id < 0))
		return (EINVAL);
	if (uap->which == L_P_PIDFD) {
		if ((error = waitid_pidfd(uap->id, &id, &nonblock)) != 0)
			return (error);
		/* A descriptor that does not block: as if it said so. */
		nonblock = nonblock && (opt & KWAIT_NOHANG) == 0;
		opt |= nonblock ? KWAIT_NOHANG : 0;
	}
	memset(&ksi, 0, sizeof(ksi));
	memset(&ru, 0, sizeof(ru));
	error = kern_wait(
	    lp, whichs[uap->which], id, opt, &pid, &status, &ru, &ksi);
	if (error == 0 && nonblock && pid == 0)
		error = EAGAIN;
	if (error != 0)
		return (error);
	memset(&si, 0, sizeof(si));
	if (pid != 0)
		linux_siginfo_out(&ksi, &si);
	if (uap->info != 0)
		error = copyout(&si, uap->info, sizeof(si));
	if (error == 0 && uap->ru != 0) {
		linux_rusage_out(&ru, &lru);
		error = copyout(&lru, uap->ru, sizeof(lru));
	}
	return (error);
}

/* --- limits and usage -------------------------------------------------------------------- */

static const uint8_t rlimit_in[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA,
    RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE,
    RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE,
    RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME};
#define LINUX_RLIM_INFINITY UINT64_MAX

static uint64_t
rlim_in(uint64_t v)
{
	return (MIN(v, RLIM_INFINITY));
}

static uint64_t
rlim_out(uint64_t v)
{
	return (v >= RLIM_INFINITY ? LINUX_RLIM_INFINITY : v);
}

/* Set from unew if not 0, give the former values to uold if not 0. */
static int
rlimit_common(pid_t pid, int which, uaddr_t unew, uaddr_t uold)
{
	struct linux_rlimit l;
	struct rlimit rl, old;
	int error;

	if (which < 0 || which >= (int)nitems(rlimit_in))
		return (EINVAL);
	if (pid < 0)
		return (ESRCH);
	if (unew != 0) {
		if ((error = copyin(unew, &l, sizeof(l))) != 0)
			return (error);
		rl = (struct rlimit){rlim_in(l.rlim_cur), rlim_in(l.rlim_max)};
	}
	error = kern_getrlimit(pid, rlimit_in[which], &old);
	if (error == 0 && unew != 0)
		error = kern_setrlimit(pid, rlimit_in[which], &rl);
	if (error != 0 || uold == 0)
		return (error);
	l = (struct linux_rlimit){
	    rlim_out(old.rlim_cur), rlim_out(old.rlim_max)};
	return (copyout(&l, uold, sizeof(l)));
}

int
linux_getrlimit(
    struct lwp *lp, const struct linux_getrlimit_args *uap, uint64_t *resp)
{
	return (rlimit_common(0, uap->which, 0, uap->rl));
}

int
linux_setrlimit(
    struct lwp *lp, const struct linux_setrlimit_args *uap, uint64_t *resp)
{
	return (rlimit_common(0, uap->which, uap->rl, 0));
}

int
linux_prlimit64(
    struct lwp *lp, const struct linux_prlimit64_args *uap, uint64_t *resp)
{
	return (rlimit_common(uap->pid, uap->which, uap->new, uap->old));
}

int
linux_getrusage(
    struct lwp *lp, const struct linux_getrusage_args *uap, uint64_t *resp)
{
	struct linux_rusage l;
	struct rusage ru;
	int error = kern_getrusage(uap->who, &ru);

	if (error != 0)
		return (error);
	linux_rusage_out(&ru, &l);
	return (copyout(&l, uap->ru, sizeof(l)));
}

int
linux_times(struct lwp *lp, const struct linux_times_args *uap, uint64_t *resp)
{
	struct rusage self, kids;
	struct linux_tms t;
	const nstime_t tick = NS_PER_SEC / LINUX_HZ;
	int error = 0;

	if (uap->tms != 0) {
		kern_getrusage(RUSAGE_SELF, &self);
		kern_getrusage(RUSAGE_CHILDREN, &kids);
		t = (struct linux_tms){self.ru_utime / tick,
		    self.ru_stime / tick, kids.ru_utime / tick,
		    kids.ru_stime / tick};
		error = copyout(&t, uap->tms, sizeof(t));
	}
	*resp = (uint64_t)(clock_mono() / tick);
	return (error);
}

int
linux_getpriority(
    struct lwp *lp, const struct linux_getpriority_args *uap, uint64_t *resp)
{
	int nice = 0, error = kern_getpriority(uap->which, uap->who, &nice);

	*resp = (uint64_t)(20 - nice);
	return (error);
}

int
linux_setpriority(
    struct lwp *lp, const struct linux_setpriority_args *uap, uint64_t *resp)
{
	return (kern_setpriority(uap->which, uap->who, uap->nice));
}
