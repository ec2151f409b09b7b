/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for children: exited, stopped, continued.  All state is (t); children
 * wake &parent->p_children.
 */
#include <sys/systm.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
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

int
kern_wait(struct lwp *lp, enum kwait_which which, pid_t id, int options,
    pid_t *pidp, int *statusp, struct rusage *ru, ksiginfo_t *info)
{
	struct proc *p = lp->lw_proc, *c;
	bool found;
	int error = 0;

	lock_excl(&proctree_lock);
	for (;;) {
		found = false;
		LIST_FOREACH(c, &p->p_children, p_sibling) {
			if (!wait_matches(p, c, which, id, options))
				continue;
			found = true;
			*pidp = c->p_pid;
			if (wait_child(p, c, options, statusp, ru, info))
				goto out;
		}
		*pidp = 0;
		if (!found) {
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
