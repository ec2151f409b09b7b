/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Job control: which session a terminal controls, which process group is in
 * the foreground, and what that means for the others.
 *
 * The terminal keeps the number of its foreground group and looks the group up
 * when it needs it: a group that dissolved is simply not found, and a later
 * group of that number in another session does not match tt_session.  The
 * session link is cut by tty_session_exit before the session can go away, so
 * it never dangles.  s_tty holds a reference to the tty.
 *
 * Lock order: proctree_lock, tt_lock.
 */
#include <sys/systm.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/ucred.h>

#include "tty_var.h"

static void
tty_pgrp_send(struct pgrp *pg, int sig)
{
	ksiginfo_t ksi = {.ksi_signo = sig, .ksi_code = SI_KERNEL};

	sig_send_pgrp(pg, sig, &ksi);
}

/* (t) The foreground group of tp, or NULL. */
static struct pgrp *
tty_fg(struct tty *tp)
{
	struct pgrp *pg;

	if (tp->tt_session == NULL || tp->tt_pgid == 0)
		return (NULL);
	pg = pgrp_find(tp->tt_pgid);
	return (pg != NULL && pg->pg_session == tp->tt_session ? pg : NULL);
}

/* A signal for the foreground group.  No lock held. */
void
tty_signal_fg(struct tty *tp, int sig)
{
	struct pgrp *pg;

	lock_shared(&proctree_lock);
	pg = tty_fg(tp);
	if (pg != NULL)
		tty_pgrp_send(pg, sig);
	lock_release(&proctree_lock);
	KTR_EVENT(TTY, signal, "tty=%p sig=%d", KTRP(tp), sig);
}

/* (t) */
static bool
tty_controls(struct tty *tp, struct proc *p)
{
	return (p->p_pgrp != NULL && p->p_pgrp->pg_session->s_tty == tp);
}

/* Is tp the controlling terminal of the current process? */
bool
tty_is_controlling(struct tty *tp)
{
	bool yes;

	lock_shared(&proctree_lock);
	yes = tty_controls(tp, curproc);
	lock_release(&proctree_lock);
	return (yes);
}

/* (t) What a background process gets for sig (SIGTTIN or SIGTTOU). */
static int
tty_background_error(struct proc *p, int sig)
{
	struct pgrp *pg = p->p_pgrp;

	if (sig_ignored_or_blocked(curlwp, sig))
		return (sig == SIGTTIN ? EIO : 0);
	if (pg->pg_jobc == 0)
		return (EIO);
	tty_pgrp_send(pg, sig);
	return (ERESTART);
}

/*
 * May the current process read (SIGTTIN) or write and change (SIGTTOU) tp?
 * 0; EIO (its group is orphaned, or it ignores SIGTTIN); ERESTART after the
 * signal was sent to its group.
 */
int
tty_check_background(struct tty *tp, int sig)
{
	struct proc *p = curproc;
	int error = 0;

	if (p == NULL)
		return (0);
	lock_shared(&proctree_lock);
	if (tty_controls(tp, p) && tp->tt_pgid != 0 &&
	    tp->tt_pgid != p->p_pgrp->pg_id)
		error = tty_background_error(p, sig);
	lock_release(&proctree_lock);
	return (error);
}

/* (t excl) Make tp the terminal of p's session. */
static void
tty_link(struct tty *tp, struct proc *p)
{
	struct session *s = p->p_pgrp->pg_session;

	tty_hold(tp);
	s->s_tty = tp;
	lock_excl(&tp->tt_lock);
	tp->tt_session = s;
	tp->tt_pgid = p->p_pgrp->pg_id;
	lock_release(&tp->tt_lock);
	spin_lock(&p->p_spin);
	p->p_flags |= PF_CONTROLT;
	spin_unlock(&p->p_spin);
	KTR_EVENT(TTY, acquire, "tty=%p pid=%d", KTRP(tp), p->p_pid);
}

/* (t excl) Cut the link of s; its reference goes to the caller. */
static struct tty *
tty_unlink(struct session *s, pid_t *pgidp)
{
	struct tty *tp = s->s_tty;

	s->s_tty = NULL;
	lock_excl(&tp->tt_lock);
	*pgidp = tp->tt_pgid;
	tp->tt_session = NULL;
	tp->tt_pgid = 0;
	lock_release(&tp->tt_lock);
	return (tp);
}

/*
 * After an open without O_NOCTTY: a session leader without a terminal takes a
 * terminal without a session.  Sleeps.
 */
void
tty_maybe_acquire(struct tty *tp)
{
	struct proc *p = curproc;

	if (p == NULL)
		return;
	lock_excl(&proctree_lock);
	if (p->p_pgrp != NULL && p->p_pgrp->pg_session->s_leader == p &&
	    p->p_pgrp->pg_session->s_tty == NULL && tp->tt_session == NULL)
		tty_link(tp, p);
	lock_release(&proctree_lock);
}

/* (t excl) EPERM: not a leader, has one already, or it belongs to others. */
static int
tty_acquire(struct tty *tp, struct proc *p, bool steal)
{
	struct session *s = p->p_pgrp->pg_session, *victim = tp->tt_session;
	pid_t pgid;

	if (s->s_tty == tp && tp->tt_session == s)
		return (0);
	if (s->s_leader != p || s->s_tty != NULL)
		return (EPERM);
	if (victim != NULL) {
		if (!steal ||
		    cred_check_cap(cred_current(), CAP_SYS_ADMIN) != 0)
			return (EPERM);
		tty_drop(tty_unlink(victim, &pgid));
	}
	tty_link(tp, p);
	return (0);
}

/* (t excl) SIGHUP and SIGCONT to the group that was in the foreground. */
static void
tty_hup_group(struct session *s, pid_t pgid)
{
	struct pgrp *pg = pgid != 0 ? pgrp_find(pgid) : NULL;

	if (pg == NULL || pg->pg_session != s)
		return;
	tty_pgrp_send(pg, SIGHUP);
	tty_pgrp_send(pg, SIGCONT);
}

/* TIOCNOTTY: the leader gives the session's terminal up. */
static int
tty_give_up(struct tty *tp, struct proc *p)
{
	struct session *s = p->p_pgrp->pg_session;
	pid_t pgid;

	spin_lock(&p->p_spin);
	p->p_flags &= ~PF_CONTROLT;
	spin_unlock(&p->p_spin);
	if (s->s_leader != p)
		return (0);
	tp = tty_unlink(s, &pgid);
	tty_hup_group(s, pgid);
	tty_drop(tp);
	return (0);
}

/* (t excl) TIOCSPGRP.  EPERM: the group is not in this session. */
static int
tty_set_fg(struct tty *tp, struct proc *p, pid_t pgid)
{
	struct pgrp *pg = pgid > 0 ? pgrp_find(pgid) : NULL;

	if (pgid <= 0)
		return (EINVAL);
	if (pg == NULL || pg->pg_session != p->p_pgrp->pg_session)
		return (EPERM);
	lock_excl(&tp->tt_lock);
	tp->tt_pgid = pgid;
	lock_release(&tp->tt_lock);
	return (0);
}

/* (t excl) The requests about sessions and groups. */
static int
tty_job_locked(struct tty *tp, struct proc *p, uint64_t cmd, int *valuep)
{
	if (cmd == TIOCSCTTY)
		return (tty_acquire(tp, p, *valuep == 1));
	if (!tty_controls(tp, p))
		return (ENOTTY);
	switch (cmd) {
	case TIOCGPGRP:
		/* No foreground group: a number no group can have. */
		*valuep = tp->tt_pgid != 0 ? tp->tt_pgid : PID_MAX + 1;
		return (0);
	case TIOCGSID:
		*valuep = tp->tt_session->s_sid;
		return (0);
	case TIOCSPGRP:
		return (tty_set_fg(tp, p, *valuep));
	case TIOCNOTTY:
		return (tty_give_up(tp, p));
	default:
		return (ENOTTY);
	}
}

/* EPERM, ENOTTY, EINVAL; for TIOCSPGRP the background rule too. */
int
tty_job_ioctl(struct tty *tp, uint64_t cmd, void *data)
{
	int error = 0;

	if (cmd == TIOCSPGRP)
		error = tty_check_background(tp, SIGTTOU);
	if (error != 0)
		return (error);
	lock_excl(&proctree_lock);
	error = tty_job_locked(tp, curproc, cmd, data);
	lock_release(&proctree_lock);
	return (error);
}

/* Files that are open now are dead from here on.  tt_lock is taken. */
void
tty_revoke(struct tty *tp)
{
	lock_excl(&tp->tt_lock);
	tp->tt_generation++;
	tp->tt_opens = 0;
	tp->tt_flags &= ~(TTF_STOPPED | TTF_EXCL);
	tty_in_flush(tp);
	lock_release(&tp->tt_lock);
	tty_wakeup(tp, EV_IN | EV_OUT | EV_ERR | EV_HUP);
	KTR_EVENT(TTY, revoke, "tty=%p", KTRP(tp));
}

/*
 * (t excl) The leader of s exits.  The console is not revoked: init's own files
 * are on it.  to_close runs with proctree_lock held: it may only mark and wake.
 */
void
tty_session_exit(struct session *s)
{
	struct tty *tp;
	pid_t pgid;

	LOCK_ASSERT_EXCL(&proctree_lock);
	if (s->s_tty == NULL)
		return;
	tp = tty_unlink(s, &pgid);
	tty_hup_group(s, pgid);
	if ((tp->tt_flags & TTF_KEEP) == 0) {
		tty_revoke(tp);
		if (tp->tt_ops->to_close != NULL)
			tp->tt_ops->to_close(tp);
	}
	tty_drop(tp);
}

/*
 * The line is gone for good: reads end, all else is EIO, and the controlling
 * process gets SIGHUP; when it exits the foreground group follows.  Sleeps.
 */
void
tty_hangup(struct tty *tp)
{
	ksiginfo_t hup = {.ksi_signo = SIGHUP, .ksi_code = SI_KERNEL};
	ksiginfo_t cont = {.ksi_signo = SIGCONT, .ksi_code = SI_KERNEL};
	struct proc *leader;
	bool before;

	lock_excl(&tp->tt_lock);
	before = (tp->tt_flags & TTF_GONE) != 0;
	tp->tt_flags |= TTF_GONE;
	tty_out_flush(tp);
	lock_release(&tp->tt_lock);
	if (before)
		return;
	tty_revoke(tp);
	lock_shared(&proctree_lock);
	leader = tp->tt_session != NULL ? tp->tt_session->s_leader : NULL;
	if (leader != NULL) {
		sig_send_proc(leader, SIGHUP, &hup);
		sig_send_proc(leader, SIGCONT, &cont);
	}
	lock_release(&proctree_lock);
}
