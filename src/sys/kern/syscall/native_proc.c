/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native calls on processes, identities and signals.
 */
#include "native_var.h"
#include <sys/abi.h>
#include <sys/ucred.h>
#include <machine/vmparam.h>

int
native_exit(struct lwp *lp, const struct native_exit_args *uap, uint64_t *resp)
{
	kern_exit(lp, (uap->status & 0xff) << 8);
}

int
native_lwp_exit(
    struct lwp *lp, const struct native_lwp_exit_args *uap, uint64_t *resp)
{
	lp->lw_exit_status = (uap->status & 0xff) << 8;
	kern_lwp_exit(lp);
}

static int
fork_common(struct lwp *lp, uint32_t flags, uint64_t *resp)
{
	struct kern_fork_args a = {.flags = flags, .exit_signal = SIGCHLD};
	pid_t pid = 0;
	int error = kern_fork(lp, &a, &pid);

	*resp = (uint64_t)pid;
	return (error);
}

int
native_fork(struct lwp *lp, const struct native_fork_args *uap, uint64_t *resp)
{
	return (fork_common(lp, 0, resp));
}

int
native_vfork(
    struct lwp *lp, const struct native_vfork_args *uap, uint64_t *resp)
{
	return (fork_common(lp, KFORK_VM | KFORK_VFORK, resp));
}

int
native_execve(
    struct lwp *lp, const struct native_execve_args *uap, uint64_t *resp)
{
	int error;

	error = upath_execve(lp, uap->path, uap->argv, uap->envp);
	return (error != 0 ? error : EJUSTRETURN);
}

/* Wait options to KWAIT_ ones; WEXITED is implied by wait4. */
static int
wait_options(int options)
{
	return (((options & WNOHANG) != 0 ? KWAIT_NOHANG : 0) |
	    ((options & WUNTRACED) != 0 ? KWAIT_UNTRACED : 0) |
	    ((options & WCONTINUED) != 0 ? KWAIT_CONTINUED : 0) |
	    ((options & WNOWAIT) != 0 ? KWAIT_NOWAIT : 0) |
	    ((options & WEXITED) != 0 ? KWAIT_EXITED : 0) | KWAIT_ALL);
}

int
native_wait4(
    struct lwp *lp, const struct native_wait4_args *uap, uint64_t *resp)
{
	struct rusage ru;
	enum kwait_which which = KWAIT_ANY;
	pid_t id = uap->pid, pid;
	int error, status = 0;

	if (id > 0) {
		which = KWAIT_PID;
	} else if (id == 0 || id < -1) {
		which = KWAIT_PGRP;
		id = -id;
	}
	memset(&ru, 0, sizeof(ru));
	error = kern_wait(lp, which, id, wait_options(uap->options | WEXITED),
	    &pid, &status, &ru, NULL);
	if (error != 0)
		return (error);
	*resp = (uint64_t)pid;
	if (pid != 0 && uap->status != 0)
		error = copyout(&status, uap->status, sizeof(status));
	if (error == 0 && pid != 0 && uap->ru != 0)
		error = copyout(&ru, uap->ru, sizeof(ru));
	return (error);
}

int
native_waitid(
    struct lwp *lp, const struct native_waitid_args *uap, uint64_t *resp)
{
	enum kwait_which which = uap->which == P_PID ? KWAIT_PID
	    : uap->which == P_PGID		     ? KWAIT_PGRP
						     : KWAIT_ANY;
	struct native_siginfo si;
	struct rusage ru;
	ksiginfo_t ksi;
	pid_t pid;
	int error, status;

	memset(&ksi, 0, sizeof(ksi));
	memset(&ru, 0, sizeof(ru));
	error = kern_wait(lp, which, uap->id, wait_options(uap->options), &pid,
	    &status, &ru, &ksi);
	if (error != 0)
		return (error);
	native_siginfo_out(&ksi, &si);
	if (uap->info != 0)
		error = copyout(&si, uap->info, sizeof(si));
	if (error == 0 && uap->ru != 0)
		error = copyout(&ru, uap->ru, sizeof(ru));
	return (error);
}

int
native_getpid(
    struct lwp *lp, const struct native_getpid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_proc->p_pid;
	return (0);
}

int
native_getppid(
    struct lwp *lp, const struct native_getppid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)kern_getppid();
	return (0);
}

int
native_getuid(
    struct lwp *lp, const struct native_getuid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_ruid;
	return (0);
}

int
native_geteuid(
    struct lwp *lp, const struct native_geteuid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_uid;
	return (0);
}

int
native_getgid(
    struct lwp *lp, const struct native_getgid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_rgid;
	return (0);
}

int
native_getegid(
    struct lwp *lp, const struct native_getegid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_gid;
	return (0);
}

int
native_lwp_gettid(
    struct lwp *lp, const struct native_lwp_gettid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_tid;
	return (0);
}

int
native_getpgrp(
    struct lwp *lp, const struct native_getpgrp_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_getpgid(0, &id);
	*resp = (uint64_t)id;
	return (error);
}

int
native_getpgid(
    struct lwp *lp, const struct native_getpgid_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_getpgid(uap->pid, &id);
	*resp = (uint64_t)id;
	return (error);
}

int
native_getsid(
    struct lwp *lp, const struct native_getsid_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_getsid(uap->pid, &id);
	*resp = (uint64_t)id;
	return (error);
}

int
native_setpgid(
    struct lwp *lp, const struct native_setpgid_args *uap, uint64_t *resp)
{
	return (kern_setpgid(uap->pid, uap->pgid));
}

int
native_setsid(
    struct lwp *lp, const struct native_setsid_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_setsid(&id);
	*resp = (uint64_t)id;
	return (error);
}

int
native_setuid(
    struct lwp *lp, const struct native_setuid_args *uap, uint64_t *resp)
{
	return (kern_setuid(uap->uid));
}

int
native_setgid(
    struct lwp *lp, const struct native_setgid_args *uap, uint64_t *resp)
{
	return (kern_setgid(uap->gid));
}

int
native_seteuid(
    struct lwp *lp, const struct native_seteuid_args *uap, uint64_t *resp)
{
	return (kern_setresuid((uid_t)-1, uap->uid, (uid_t)-1));
}

int
native_setegid(
    struct lwp *lp, const struct native_setegid_args *uap, uint64_t *resp)
{
	return (kern_setresgid((gid_t)-1, uap->gid, (gid_t)-1));
}

int
native_setreuid(
    struct lwp *lp, const struct native_setreuid_args *uap, uint64_t *resp)
{
	return (kern_setreuid(uap->ruid, uap->euid));
}

int
native_setregid(
    struct lwp *lp, const struct native_setregid_args *uap, uint64_t *resp)
{
	return (kern_setregid(uap->rgid, uap->egid));
}

int
native_setresuid(
    struct lwp *lp, const struct native_setresuid_args *uap, uint64_t *resp)
{
	return (kern_setresuid(uap->ruid, uap->euid, uap->suid));
}

int
native_setresgid(
    struct lwp *lp, const struct native_setresgid_args *uap, uint64_t *resp)
{
	return (kern_setresgid(uap->rgid, uap->egid, uap->sgid));
}

int
native_getresuid(
    struct lwp *lp, const struct native_getresuid_args *uap, uint64_t *resp)
{
	const struct ucred *cr = lp->lw_cred;
	int error;

	error = copyout_u32(cr->cr_ruid, uap->ruid);
	if (error == 0)
		error = copyout_u32(cr->cr_uid, uap->euid);
	if (error == 0)
		error = copyout_u32(cr->cr_svuid, uap->suid);
	return (error);
}

int
native_getresgid(
    struct lwp *lp, const struct native_getresgid_args *uap, uint64_t *resp)
{
	const struct ucred *cr = lp->lw_cred;
	int error;

	error = copyout_u32(cr->cr_rgid, uap->rgid);
	if (error == 0)
		error = copyout_u32(cr->cr_gid, uap->egid);
	if (error == 0)
		error = copyout_u32(cr->cr_svgid, uap->sgid);
	return (error);
}

int
native_getgroups(
    struct lwp *lp, const struct native_getgroups_args *uap, uint64_t *resp)
{
	return (sys_getgroups(uap->n, uap->groups, resp));
}

int
native_setgroups(
    struct lwp *lp, const struct native_setgroups_args *uap, uint64_t *resp)
{
	return (sys_setgroups(uap->n, uap->groups));
}

static void
sender_info(struct lwp *lp, ksiginfo_t *ksi, int sig, int code)
{
	memset(ksi, 0, sizeof(*ksi));
	ksi->ksi_signo = sig;
	ksi->ksi_code = code;
	ksi->ksi_pid = lp->lw_proc->p_pid;
	ksi->ksi_uid = lp->lw_cred->cr_ruid;
}

int
native_kill(struct lwp *lp, const struct native_kill_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;

	sender_info(lp, &ksi, uap->sig, SI_USER);
	return (kern_kill(uap->pid, uap->sig, &ksi));
}

int
native_lwp_kill(
    struct lwp *lp, const struct native_lwp_kill_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;

	sender_info(lp, &ksi, uap->sig, SI_LWP);
	return (kern_tgkill(uap->pid, uap->tid, uap->sig, &ksi));
}

int
native_sigqueue(
    struct lwp *lp, const struct native_sigqueue_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;

	sender_info(lp, &ksi, uap->sig, SI_QUEUE);
	ksi.ksi_value = uap->value;
	return (kern_sigqueue(uap->pid, uap->sig, &ksi));
}

int
native_sigaction(
    struct lwp *lp, const struct native_sigaction_args *uap, uint64_t *resp)
{
	struct native_sigaction na;
	struct ksigaction act, old;
	int error;

	if (uap->act != 0) {
		if ((error = copyin(uap->act, &na, sizeof(na))) != 0)
			return (error);
		act.sa_handler = na.sa_handler;
		act.sa_flags = na.sa_flags & ~(uint32_t)SA_RESTORER;
		act.sa_restorer = 0;
		act.sa_mask = na.sa_mask;
	}
	error = kern_sigaction(uap->sig, uap->act != 0 ? &act : NULL, &old);
	if (error != 0 || uap->old == 0)
		return (error);
	memset(&na, 0, sizeof(na));
	na.sa_handler = old.sa_handler;
	na.sa_flags = old.sa_flags;
	na.sa_mask = old.sa_mask;
	return (copyout(&na, uap->old, sizeof(na)));
}

int
native_sigprocmask(
    struct lwp *lp, const struct native_sigprocmask_args *uap, uint64_t *resp)
{
	sigset_t set, old;
	int error;

	if (uap->set != 0 && (error = copyin(uap->set, &set, sizeof(set))) != 0)
		return (error);
	error = kern_sigprocmask(uap->how, uap->set != 0 ? &set : NULL, &old);
	if (error == 0 && uap->old != 0)
		error = copyout(&old, uap->old, sizeof(old));
	return (error);
}

int
native_sigsuspend(
    struct lwp *lp, const struct native_sigsuspend_args *uap, uint64_t *resp)
{
	sigset_t set;
	int error;

	if ((error = copyin(uap->set, &set, sizeof(set))) != 0)
		return (error);
	return (kern_sigsuspend(&set));
}

int
native_sigpending(
    struct lwp *lp, const struct native_sigpending_args *uap, uint64_t *resp)
{
	sigset_t set;
	int error;

	error = kern_sigpending(&set);
	return (error != 0 ? error : copyout(&set, uap->set, sizeof(set)));
}

int
native_sigtimedwait(
    struct lwp *lp, const struct native_sigtimedwait_args *uap, uint64_t *resp)
{
	struct native_siginfo si;
	nstime_t timeout;
	ksiginfo_t ksi;
	sigset_t set;
	int error;

	if ((error = copyin(uap->set, &set, sizeof(set))) != 0 ||
	    (error = timeout_copyin(uap->timeout, &timeout)) != 0)
		return (error);
	timeout = sys_restart_timeout(lp, timeout);
	if ((error = kern_sigtimedwait(&set, &ksi, timeout)) != 0)
		return (error);
	*resp = (uint64_t)ksi.ksi_signo;
	native_siginfo_out(&ksi, &si);
	return (uap->info == 0 ? 0 : copyout(&si, uap->info, sizeof(si)));
}

int
native_sigaltstack(
    struct lwp *lp, const struct native_sigaltstack_args *uap, uint64_t *resp)
{
	struct ksigaltstack ss, old;
	struct native_stack ns;
	int error;

	if (uap->ss != 0) {
		if ((error = copyin(uap->ss, &ns, sizeof(ns))) != 0)
			return (error);
		ss = (struct ksigaltstack){ns.ss_sp, ns.ss_size, ns.ss_flags};
	}
	error = kern_sigaltstack(uap->ss != 0 ? &ss : NULL, &old);
	if (error != 0 || uap->old == 0)
		return (error);
	ns = (struct native_stack){old.ss_sp, old.ss_size, old.ss_flags, 0};
	return (copyout(&ns, uap->old, sizeof(ns)));
}

int
native_lwp_setname(
    struct lwp *lp, const struct native_lwp_setname_args *uap, uint64_t *resp)
{
	char name[MAXCOMLEN + 1];
	size_t n;
	int error = copyinstr(uap->name, name, sizeof(name), &n);

	if (error != 0)
		return (error);
	kern_setname(name);
	return (0);
}

int
native_lwp_create(
    struct lwp *lp, const struct native_lwp_create_args *uap, uint64_t *resp)
{
	struct native_lwp_params np;
	struct kern_fork_args a;
	struct trapframe saved = lp->lw_frame;
	pid_t tid = 0;
	int error = copyin(uap->params, &np, sizeof(np));

	if (error != 0)
		return (error);
	memset(&a, 0, sizeof(a));
	a.flags =
	    KFORK_VM | KFORK_FS | KFORK_FILES | KFORK_SIGHAND | KFORK_THREAD;
	/* As if called: 8 below a multiple of 16. */
	a.stack = rounddown2(np.lwp_stack, 16) - 8;
	a.set_tls = np.lwp_tls != 0;
	a.tls = np.lwp_tls;
	a.parent_tid = np.lwp_tid1;
	a.child_set_tid = np.lwp_tid2;
	a.child_clear_tid = np.lwp_clear_tid;
	/* The child copies the frame: let it have its start there. */
	lp->lw_frame.tf_rip = np.lwp_func;
	lp->lw_frame.tf_rdi = np.lwp_arg;
	error = kern_fork(lp, &a, &tid);
	lp->lw_frame = saved;
	*resp = (uint64_t)tid;
	return (error);
}

int
native_set_fsbase(
    struct lwp *lp, const struct native_set_fsbase_args *uap, uint64_t *resp)
{
	if (uap->base >= VM_MAX_USER)
		return (EINVAL);
	cpu_lwp_bases(lp);
	lp->lw_frame.tf_fsbase = uap->base;
	return (0);
}

int
native_sched_yield(
    struct lwp *lp, const struct native_sched_yield_args *uap, uint64_t *resp)
{
	kern_sched_yield();
	return (0);
}

int
native_getrlimit(
    struct lwp *lp, const struct native_getrlimit_args *uap, uint64_t *resp)
{
	struct rlimit rl;
	int error;

	error = kern_getrlimit(0, uap->which, &rl);
	return (error != 0 ? error : copyout(&rl, uap->rl, sizeof(rl)));
}

int
native_setrlimit(
    struct lwp *lp, const struct native_setrlimit_args *uap, uint64_t *resp)
{
	struct rlimit rl;
	int error;

	error = copyin(uap->rl, &rl, sizeof(rl));
	return (error != 0 ? error : kern_setrlimit(0, uap->which, &rl));
}

int
native_getrusage(
    struct lwp *lp, const struct native_getrusage_args *uap, uint64_t *resp)
{
	struct rusage ru;
	int error;

	error = kern_getrusage(uap->who, &ru);
	return (error != 0 ? error : copyout(&ru, uap->ru, sizeof(ru)));
}

int
native_getpriority(
    struct lwp *lp, const struct native_getpriority_args *uap, uint64_t *resp)
{
	int nice = 0, error;

	error = kern_getpriority(uap->which, uap->who, &nice);
	*resp = (uint64_t)(int64_t)nice;
	return (error);
}

int
native_setpriority(
    struct lwp *lp, const struct native_setpriority_args *uap, uint64_t *resp)
{
	return (kern_setpriority(uap->which, uap->who, uap->prio));
}
