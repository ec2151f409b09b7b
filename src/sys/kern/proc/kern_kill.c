/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that send signals, wait for them, and choose their stack.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include "proc_var.h"

/*
 * The current process may send sig to p: real or effective id is p's real or
 * saved one; SIGCONT also within the session.  (t) held.  0 or EPERM.
 */
int
sig_permitted(struct proc *p, int sig)
{
	struct ucred *cr = cred_current(), *pcr;
	struct proc *me = curproc;
	bool ok;

	if (cred_has_cap(cr, CAP_KILL) || me == NULL || me == p)
		return (0);
	if ((pcr = proc_cred_hold(p)) == NULL)
		return (0);
	ok = cr->cr_uid == pcr->cr_ruid || cr->cr_uid == pcr->cr_svuid ||
	    cr->cr_ruid == pcr->cr_ruid || cr->cr_ruid == pcr->cr_svuid;
	cred_drop(pcr);
	if (!ok && sig == SIGCONT)
		ok = me->p_pgrp != NULL && p->p_pgrp != NULL &&
		    me->p_pgrp->pg_session == p->p_pgrp->pg_session;
	return (ok ? 0 : EPERM);
}

/* (t) */
static int
kill_one(struct proc *p, int sig, const ksiginfo_t *ksi)
{
	int error = sig_permitted(p, sig);

	if (error == 0 && sig != 0)
		error = sig_post(p, NULL, sig, ksi);
	return (error);
}

int
kern_kill_proc(struct proc *p, int sig, const ksiginfo_t *ksi)
{
	return (kill_one(p, sig, ksi));
}

int
kern_proc_dying(struct proc *p)
{
	static const sigset_t kill = {{1UL << (SIGKILL - 1), 0}};
	struct lwp *lp;
	int error = EINVAL;

	spin_lock(&p->p_spin);
	lp = TAILQ_FIRST(&p->p_lwps);
	if (p->p_state == PS_ZOMBIE || lp == NULL)
		error = ESRCH;
	else if ((p->p_flags & PF_EXITING) != 0 || sig_any_pending(lp, &kill))
		error = 0;
	spin_unlock(&p->p_spin);
	return (error);
}

/* (t) kill(-1): all but init, process 0 and the caller. */
static int
kill_all(int sig, const ksiginfo_t *ksi)
{
	struct proc *p;
	int error = ESRCH, e;

	TAILQ_FOREACH(p, &allproc, p_all) {
		if (p == initproc || p == curproc ||
		    (p->p_flags & PF_SYSTEM) != 0)
			continue;
		e = kill_one(p, sig, ksi);
		if (error == ESRCH || e == 0)
			error = e;
	}
	return (error);
}

/* (t) One permitted member makes it a success. */
static int
kill_pgrp(struct pgrp *pg, int sig, const ksiginfo_t *ksi)
{
	struct proc *p;
	int error = ESRCH, e;

	if (pg == NULL)
		return (ESRCH);
	LIST_FOREACH(p, &pg->pg_members, p_pglink) {
		if ((p->p_flags & PF_SYSTEM) != 0)
			continue;
		e = kill_one(p, sig, ksi);
		if (error == ESRCH || e == 0)
			error = e;
	}
	return (error);
}

int
kern_kill(pid_t pid, int sig, const ksiginfo_t *ksi)
{
	struct proc *p;
	int error;

	if (sig < 0 || sig >= NSIG)
		return (EINVAL);
	lock_shared(&proctree_lock);
	if (pid > 0) {
		p = proc_find(pid);
		error = p != NULL ? kill_one(p, sig, ksi) : ESRCH;
	} else if (pid == 0) {
		error = kill_pgrp(curproc->p_pgrp, sig, ksi);
	} else if (pid == -1) {
		error = kill_all(sig, ksi);
	} else if (pid < -PID_MAX) {
		error = ESRCH;
	} else {
		error = kill_pgrp(pgrp_find(-pid), sig, ksi);
	}
	lock_release(&proctree_lock);
	return (error);
}

int
kern_sigqueue(pid_t pid, int sig, const ksiginfo_t *ksi)
{
	struct proc *p;
	int error;

	if (sig < 0 || sig >= NSIG)
		return (EINVAL);
	lock_shared(&proctree_lock);
	p = proc_find(pid);
	error = p != NULL ? kill_one(p, sig, ksi) : ESRCH;
	lock_release(&proctree_lock);
	return (error);
}

int
kern_tgkill(pid_t tgid, pid_t tid, int sig, const ksiginfo_t *ksi)
{
	struct lwp *lp;
	int error;

	if (sig < 0 || sig >= NSIG || tid <= 0)
		return (EINVAL);
	lock_shared(&proctree_lock);
	lp = lwp_find(tid);
	if (lp == NULL || (tgid > 0 && lp->lw_proc->p_pid != tgid)) {
		error = ESRCH;
	} else {
		error = sig_permitted(lp->lw_proc, sig);
		if (error == 0 && sig != 0)
			error = sig_post(lp->lw_proc, lp, sig, ksi);
	}
	lock_release(&proctree_lock);
	return (error);
}

/* --- waiting ---------------------------------------------------------------- */

int
kern_sigsuspend(const sigset_t *mask)
{
	struct lwp *lp = curlwp;

	sig_mask_push(lp, mask);
	while (!sig_pending(lp))
		(void)tsleep(&lp->lw_sigmask, PCATCH, "sigsusp", 0);
	return (ERESTARTNOHAND);
}

/*
 * timeout_ns < 0: no limit.  Takes one signal of set without running its
 * handler.  EAGAIN after the timeout, EINTR for a signal outside set.
 */
int
kern_sigtimedwait(const sigset_t *set, ksiginfo_t *info, nstime_t timeout_ns)
{
	struct lwp *lp = curlwp;
	struct proc *p = lp->lw_proc;
	nstime_t deadline = 0, left = 0;
	sigset_t want = *set;
	int error = 0, sig;

	sigset_andnot(&want, &sigset_cantmask);
	if (timeout_ns > 0)
		deadline = clock_mono() + timeout_ns;
	spin_lock(&p->p_spin);
	lp->lw_sigwait = want;
	atomic_or(&lp->lw_flags, LWF_SIGWAIT);
	while ((sig = sig_take(lp, &want, info)) == 0) {
		if (error != 0)
			break;
		if (timeout_ns == 0) {
			error = EAGAIN;
			break;
		}
		if (timeout_ns > 0 && (left = deadline - clock_mono()) <= 0) {
			error = EAGAIN;
			break;
		}
		error = spin_sleep(&lp->lw_sigwait, &p->p_spin, PCATCH,
		    "sigwait", timeout_ns > 0 ? left : 0);
		if (error == EWOULDBLOCK)
			error = EAGAIN;
	}
	atomic_and(&lp->lw_flags, ~(uint32_t)LWF_SIGWAIT);
	spin_unlock(&p->p_spin);
	if (sig != 0)
		return (0);
	return (error == EAGAIN ? EAGAIN : EINTR);
}

/* --- alternate stack ------------------------------------------------------------ */

#define MIN_SIGSTK 2048

int
kern_sigaltstack(const struct ksigaltstack *ss, struct ksigaltstack *old)
{
	struct lwp *lp = curlwp;
	struct ksigaltstack *cur = &lp->lw_sigstk;
	bool on = (cur->ss_flags & SS_DISABLE) == 0 &&
	    lp->lw_frame.tf_rsp - cur->ss_sp < cur->ss_size;

	if (old != NULL) {
		*old = *cur;
		if (on)
			old->ss_flags |= SS_ONSTACK;
	}
	if (ss == NULL)
		return (0);
	if (on)
		return (EPERM);
	if ((ss->ss_flags & SS_DISABLE) != 0) {
		*cur = (struct ksigaltstack){0, 0, SS_DISABLE};
		return (0);
	}
	if (ss->ss_size < MIN_SIGSTK)
		return (ENOMEM);
	*cur = (struct ksigaltstack){ss->ss_sp, ss->ss_size, 0};
	return (0);
}
