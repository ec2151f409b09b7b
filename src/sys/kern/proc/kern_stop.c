/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Job control stops.
 *
 *	running --stop signal taken--> PF_STOPPED: each thread stops at its
 *	next boundary --last one stopped--> PS_STOPPED, the parent is told
 *	--SIGCONT or SIGKILL--> running, the parent is told of SIGCONT
 *
 * The flag belongs to the process and is set by whichever thread takes the
 * signal.  A thread counts itself in p_nstopped while it waits; who makes that
 * equal to p_nlwps completes the stop.  The parent is told by the child's own
 * threads, outside spin locks: of the stop by the last to stop, of the
 * continuation by the first to go on (PF_CONTINUED).
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/ucred.h>
#include "proc_var.h"

void
proc_stop_begin(struct proc *p, int sig)
{
	struct lwp *lp;

	SPIN_ASSERT(&p->p_spin);
	if ((p->p_flags & (PF_EXITING | PF_STOPPED)) != 0)
		return;
	KTR_EVENT(
	    PROC, stop, "pid=%d sig=%d", (uint64_t)p->p_pid, (uint64_t)sig);
	p->p_flags |= PF_STOPPED;
	p->p_flags &= ~(uint32_t)(PF_CONTINUED | PF_STOPTOLD);
	p->p_stop_signal = sig;
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
		trace_notify(lp);
		lwp_notify(lp);
	}
}

void
proc_stop_end(struct proc *p, bool continued)
{
	struct lwp *lp;

	SPIN_ASSERT(&p->p_spin);
	p->p_flags &= ~(uint32_t)PF_STOPDEQ;
	if ((p->p_flags & PF_STOPPED) == 0)
		return;
	KTR_EVENT(PROC, cont, "pid=%d", (uint64_t)p->p_pid);
	p->p_flags &= ~(uint32_t)PF_STOPPED;
	if (p->p_state == PS_STOPPED)
		p->p_state = PS_ACTIVE;
	if (continued)
		p->p_flags |= PF_CONTINUED;
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
		if ((lp->lw_flags & LWF_STOPSEEN) != 0)
			lwp_notify(lp); /* to report PF_CONTINUED */
		trace_notify(lp);
	}
	wakeup(&p->p_stop_signal);
}

/* (t) excl.  Tell p's parent by SIGCHLD, and whoever waits. */
static void
parent_notify(struct proc *p, int code, int status)
{
	struct proc *parent = p->p_parent;
	ksiginfo_t ksi;
	nstime_t u, s;

	if (parent == NULL)
		return;
	if (!sig_child_nocldstop(parent)) {
		sig_fill(&ksi, SIGCHLD, code);
		ksi.ksi_pid = p->p_pid;
		ksi.ksi_status = status;
		spin_lock(&p->p_spin);
		proc_cputime(p, &u, &s);
		spin_unlock(&p->p_spin);
		ksi.ksi_utime = u;
		ksi.ksi_stime = s;
		sig_send_proc(parent, SIGCHLD, &ksi);
	}
	wakeup(&parent->p_children);
}

void
proc_report_stopped(struct proc *p)
{
	bool tell;
	int sig;

	lock_excl(&proctree_lock);
	spin_lock(&p->p_spin);
	tell = p->p_state == PS_STOPPED && (p->p_flags & PF_STOPTOLD) == 0;
	if (tell)
		p->p_flags |= PF_STOPTOLD;
	sig = p->p_stop_signal;
	spin_unlock(&p->p_spin);
	if (tell) {
		p->p_stop_reported = false;
		p->p_cont_pending = false;
		parent_notify(p, CLD_STOPPED, sig);
	}
	lock_release(&proctree_lock);
}

void
proc_report_continued(struct proc *p)
{
	bool tell;

	lock_excl(&proctree_lock);
	spin_lock(&p->p_spin);
	tell = (p->p_flags & PF_CONTINUED) != 0;
	p->p_flags &= ~(uint32_t)PF_CONTINUED;
	spin_unlock(&p->p_spin);
	if (tell) {
		p->p_cont_pending = true;
		parent_notify(p, CLD_CONTINUED, SIGCONT);
	}
	lock_release(&proctree_lock);
}

/* (p) Has the last thread stopped? */
static bool
stop_completed(struct proc *p)
{
	if ((p->p_flags & PF_STOPPED) == 0 || p->p_state != PS_ACTIVE ||
	    p->p_nstopped < p->p_nlwps)
		return (false);
	p->p_state = PS_STOPPED;
	return (true);
}

/*
 * A thread that ends or stops may complete the stop of the others.
 */
void
lwp_stop_wait(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	bool completed;

	spin_lock(&p->p_spin);
	lp->lw_flags |= LWF_STOPPED;
	p->p_nstopped++;
	while (lwp_must_stop(lp) && (p->p_flags & PF_EXITING) == 0 &&
	    (lp->lw_flags & LWF_EXITING) == 0) {
		completed = stop_completed(p);
		if (completed) {
			spin_unlock(&p->p_spin);
			proc_report_stopped(p);
			spin_lock(&p->p_spin);
			continue;
		}
		if (lp->lw_tracee != NULL && !sig_killed(lp)) {
			spin_unlock(&p->p_spin);
			trace_group_stop(lp);
			spin_lock(&p->p_spin);
			continue;
		}
		spin_sleep(&p->p_stop_signal, &p->p_spin, PKILL, "stopped", 0);
	}
	p->p_nstopped--;
	lp->lw_flags &= ~(uint32_t)LWF_STOPPED;
	spin_unlock(&p->p_spin);
	if ((atomic_load(&p->p_flags) & PF_CONTINUED) != 0)
		proc_report_continued(p);
}

void
proc_stop_recheck(struct proc *p)
{
	bool completed;

	spin_lock(&p->p_spin);
	completed = p->p_nlwps > 0 && stop_completed(p);
	spin_unlock(&p->p_spin);
	if (completed)
		proc_report_stopped(p);
}
