/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for children: exited, stopped, continued; and for tracees, which may
 * be anybody's threads: stopped and ended.  All state is (t); children and
 * tracees wake &parent->p_children.
 *
 * A child that another process traces is not reported to its parent before the
 * tracer has waited for it; one that this process traces is reported as tracee.
 */
#include <sys/systm.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/ucred.h>
#include "proc_var.h"

static bool
wait_matches(struct proc *p, struct proc *c, enum kwait_which which, pid_t id,
    int options)
{
	bool clone = c->p_exit_signal != SIGCHLD;

	if (which == KWAIT_PID && c->p_pid != id)
		return (false);
	if (which == KWAIT_PGRP &&
	    (c->p_pgrp == NULL ||
		c->p_pgrp->pg_id != (id != 0 ? id : p->p_pgrp->pg_id)))
		return (false);
	if ((options & KWAIT_ALL) != 0)
		return (true);
	return (clone == ((options & KWAIT_CLONE) != 0));
}

static void
wait_info(struct proc *c, int code, int status, ksiginfo_t *info)
{
	struct ucred *cr;

	if (info == NULL)
		return;
	memset(info, 0, sizeof(*info));
	info->ksi_signo = SIGCHLD;
	info->ksi_code = code;
	info->ksi_pid = c->p_pid;
	info->ksi_status = status;
	if ((cr = proc_cred_hold(c)) != NULL) {
		info->ksi_uid = cr->cr_ruid;
		cred_drop(cr);
	}
}

static void
wait_usage(struct proc *c, struct rusage *ru)
{
	if (ru == NULL)
		return;
	proc_rusage(c, ru);
	rusage_add(ru, &c->p_cru);
}

static void
wait_exited(struct proc *p, struct proc *c, int options, int *statusp,
    struct rusage *ru, ksiginfo_t *info)
{
	int st = c->p_exit_status;

	*statusp = st;
	wait_usage(c, ru);
	if ((st & 0x7f) == 0)
		wait_info(c, CLD_EXITED, (st >> 8) & 0xff, info);
	else
		wait_info(c, (st & 0x80) != 0 ? CLD_DUMPED : CLD_KILLED,
		    st & 0x7f, info);
	if ((options & KWAIT_NOWAIT) != 0)
		return;
	KTR_EVENT(PROC, reap, "pid=%d by=%d status=%x", (uint64_t)c->p_pid,
	    (uint64_t)p->p_pid, (uint64_t)st);
	rusage_add(&p->p_cru, &c->p_ru);
	rusage_add(&p->p_cru, &c->p_cru);
	proc_leave(c);
}

/* True if c has something to report, which is filled in. */
static bool
wait_child(struct proc *p, struct proc *c, int options, int *statusp,
    struct rusage *ru, ksiginfo_t *info)
{
	if (c->p_state == PS_ZOMBIE) {
		if ((options & KWAIT_EXITED) == 0)
			return (false);
		wait_exited(p, c, options, statusp, ru, info);
		return (true);
	}
	if ((options & KWAIT_UNTRACED) != 0 && c->p_state == PS_STOPPED &&
	    (c->p_flags & PF_STOPTOLD) != 0 && !c->p_stop_reported) {
		*statusp = 0x7f | (c->p_stop_signal << 8);
		wait_usage(c, ru);
		wait_info(c, CLD_STOPPED, c->p_stop_signal, info);
		if ((options & KWAIT_NOWAIT) == 0)
			c->p_stop_reported = true;
		return (true);
	}
	if ((options & KWAIT_CONTINUED) != 0 && c->p_cont_pending) {
		*statusp = 0xffff;
		wait_usage(c, ru);
		wait_info(c, CLD_CONTINUED, SIGCONT, info);
		if ((options & KWAIT_NOWAIT) == 0)
			c->p_cont_pending = false;
		return (true);
	}
	return (false);
}

/* --- tracees ------------------------------------------------------------------ */

static bool
tracee_matches(
    struct proc *p, struct tracee *te, enum kwait_which which, pid_t id)
{
	struct pgrp *pg = te->te_proc->p_pgrp;

	if (which == KWAIT_PID)
		return (te->te_tid == id);
	if (which == KWAIT_PGRP)
		return (pg != NULL &&
		    pg->pg_id == (id != 0 ? id : p->p_pgrp->pg_id));
	return (true);
}

/* A process comes after its threads. */
static bool
tracee_is_last(struct tracee *te)
{
	struct tracee *o;

	if (te != te->te_proc->p_tracee)
		return (true);
	LIST_FOREACH(o, &te->te_tracer->lw_tracees, te_link)
		if (o != te && o->te_proc == te->te_proc)
			return (false);
	return (true);
}

static void
tracee_ended(struct proc *p, struct tracee *te, int options, int *statusp,
    struct rusage *ru, ksiginfo_t *info)
{
	struct proc *c = te->te_proc;
	bool whole = te == c->p_tracee;
	int st = te->te_status;

	if (whole && c->p_parent == p) {
		/* The wait of a parent takes the link along (proc_leave). */
		wait_exited(p, c, options, statusp, ru, info);
		return;
	}
	*statusp = st;
	if (ru != NULL)
		*ru = te->te_ru;
	if (whole)
		wait_usage(c, ru);
	wait_info(c,
	    (st & 0x7f) == 0  ? CLD_EXITED
		: (st & 0x80) ? CLD_DUMPED
			      : CLD_KILLED,
	    (st & 0x7f) == 0 ? (st >> 8) & 0xff : st & 0x7f, info);
	if (info != NULL)
		info->ksi_pid = te->te_tid;
	if ((options & KWAIT_NOWAIT) == 0)
		trace_reaped(te);
}

/* True if te has something to report, which is filled in. */
static bool
wait_tracee(struct proc *p, struct tracee *te, int options, int *statusp,
    struct rusage *ru, ksiginfo_t *info)
{
	struct proc *c = te->te_proc;
	bool news;
	int code;

	if ((te->te_flags & TEF_ZOMBIE) != 0) {
		if ((options & KWAIT_EXITED) == 0 || !tracee_is_last(te))
			return (false);
		tracee_ended(p, te, options, statusp, ru, info);
		return (true);
	}
	spin_lock(&c->p_spin);
	news = (te->te_flags & (TEF_STOPPED | TEF_NEWS)) ==
	    (TEF_STOPPED | TEF_NEWS);
	code = te->te_code;
	if (news && (options & KWAIT_NOWAIT) == 0)
		te->te_flags &= ~(uint32_t)TEF_NEWS;
	spin_unlock(&c->p_spin);
	if (!news)
		return (false);
	*statusp = 0x7f | (code << 8);
	wait_usage(c, ru);
	wait_info(c, CLD_TRAPPED, code, info);
	if (info != NULL)
		info->ksi_pid = te->te_tid;
	return (true);
}

/* What one round of looking has found. */
struct found {
	bool f_any;    /* somebody to wait for */
	bool f_report; /* somebody has reported */
};

static void
look_tracees(struct lwp *lp, enum kwait_which which, pid_t id, int options,
    pid_t *pidp, int *statusp, struct rusage *ru, ksiginfo_t *info,
    struct found *f)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;
	struct lwp *l;
	pid_t tid;

	/* Threads come and go under (t) excl. */
	TAILQ_FOREACH(l, &p->p_lwps, lw_link) {
		if (l != lp && (options & KWAIT_NOTHREAD) != 0)
			continue;
		LIST_FOREACH(te, &l->lw_tracees, te_link) {
			if (!tracee_matches(p, te, which, id))
				continue;
			f->f_any = true;
			tid = te->te_tid;
			if (!wait_tracee(p, te, options, statusp, ru, info))
				continue;
			*pidp = tid;
			f->f_report = true;
			return;
		}
	}
}

/* May p be told of its child c, and not as of a tracee? */
static bool
child_is_ours(struct proc *p, struct proc *c)
{
	if (c->p_tracee == NULL)
		return (true);
	if (c->p_tracee->te_tracer->lw_proc == p)
		return (false);
	return (c->p_state != PS_ZOMBIE);
}

static void
look_children(struct proc *p, enum kwait_which which, pid_t id, int options,
    pid_t *pidp, int *statusp, struct rusage *ru, ksiginfo_t *info,
    struct found *f)
{
	struct proc *c;

	LIST_FOREACH(c, &p->p_children, p_sibling) {
		if (!wait_matches(p, c, which, id, options))
			continue;
		f->f_any = true;
		*pidp = c->p_pid;
		if (child_is_ours(p, c) &&
		    wait_child(p, c, options, statusp, ru, info)) {
			f->f_report = true;
			return;
		}
	}
}

int
kern_wait(struct lwp *lp, enum kwait_which which, pid_t id, int options,
    pid_t *pidp, int *statusp, struct rusage *ru, ksiginfo_t *info)
{
	struct proc *p = lp->lw_proc;
	struct found f;
	int error = 0;

	lock_excl(&proctree_lock);
	for (;;) {
		f = (struct found){false, false};
		look_children(
		    p, which, id, options, pidp, statusp, ru, info, &f);
		if (!f.f_report)
			look_tracees(lp, which, id, options, pidp, statusp, ru,
			    info, &f);
		if (f.f_report)
			goto out;
		*pidp = 0;
		if (!f.f_any) {
			error = ECHILD;
			goto out;
		}
		if ((options & KWAIT_NOHANG) != 0)
			goto out;
		error = lock_sleep(
		    &p->p_children, &proctree_lock, PCATCH, "wait", 0);
		if (error != 0)
			goto out;
	}
out:
	lock_release(&proctree_lock);
	return (error);
}
