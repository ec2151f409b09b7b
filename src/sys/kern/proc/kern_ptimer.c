/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX per-process timers.
 *
 * A timer of CLOCK_REALTIME or CLOCK_MONOTONIC is a callout; one of a CPU clock
 * is compared at the boundary (cputimers_check).  An expiry posts the timer's
 * signal unless its last one is still queued: then it counts as an overrun,
 * which the receiver learns when it takes the signal (ptimer_delivered).
 *
 * Locking: the list and all members are (p).  The callout's function takes (p)
 * and finds the timer by id, so a timer may be unlinked at any time; its memory
 * is freed after callout_stop_sync.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include "proc_var.h"

#define TIMERS_MAX  1024 /* of a process */
#define OVERRUN_MAX 0x7fffffff

static MALLOC_DEFINE(M_PTIMER, "ptimer", "POSIX timers");

struct posix_timer {
	TAILQ_ENTRY(posix_timer) pt_link; /* (p) */
	struct callout pt_callout;
	struct proc *pt_proc;	   /* (c) held */
	int pt_id;		   /* (c) */
	int pt_clock;		   /* (c) */
	struct ksigevent pt_event; /* (c) */
	nstime_t pt_next;	   /* (p) reading of the clock; 0: disarmed */
	nstime_t pt_interval;	   /* (p) */
	bool pt_queued;	     /* (p) its signal was posted, not yet taken */
	int pt_overrun;	     /* (p) since it was posted */
	int pt_overrun_last; /* (p) of the last one taken */
};

static bool
timer_is_cpu(const struct posix_timer *pt)
{
	return (pt->pt_clock == CLOCK_PROCESS_CPUTIME_ID ||
	    pt->pt_clock == CLOCK_THREAD_CPUTIME_ID);
}

/* (p) */
static struct posix_timer *
timer_find(struct proc *p, int id)
{
	struct posix_timer *pt;

	SPIN_ASSERT(&p->p_spin);
	TAILQ_FOREACH(pt, &p->p_timers, pt_link)
		if (pt->pt_id == id)
			return (pt);
	return (NULL);
}

bool
ptimers_have_cpu(struct proc *p)
{
	struct posix_timer *pt;

	TAILQ_FOREACH(pt, &p->p_timers, pt_link)
		if (pt->pt_next != 0 && timer_is_cpu(pt))
			return (true);
	return (false);
}

/* (p) Advance an expired timer past now.  How many expiries: 1 or more. */
static int
timer_advance(struct posix_timer *pt, nstime_t now)
{
	int64_t n;

	if (pt->pt_interval == 0) {
		pt->pt_next = 0;
		return (1);
	}
	n = (now - pt->pt_next) / pt->pt_interval + 1;
	pt->pt_next += n * pt->pt_interval;
	return ((int)MIN(n, OVERRUN_MAX));
}

/* (p) n expiries.  True if the signal is to be posted now. */
static bool
timer_count(struct posix_timer *pt, int n)
{
	if (pt->pt_event.sigev_notify == SIGEV_NONE)
		return (false);
	if (pt->pt_queued) {
		pt->pt_overrun =
		    (int)MIN((int64_t)pt->pt_overrun + n, OVERRUN_MAX);
		return (false);
	}
	pt->pt_queued = true;
	pt->pt_overrun = n - 1;
	return (true);
}

static void
timer_post(struct proc *p, const struct ksigevent *ev, int id)
{
	ksiginfo_t ksi;
	struct lwp *lp;

	sig_fill(&ksi, ev->sigev_signo, SI_TIMER);
	ksi.ksi_pid = 0;
	ksi.ksi_uid = 0;
	ksi.ksi_timerid = id;
	ksi.ksi_value = ev->sigev_value;
	KTR_EVENT(PROC, timer, "pid=%d id=%d sig=%d", (uint64_t)p->p_pid,
	    (uint64_t)id, (uint64_t)ev->sigev_signo);
	if (ev->sigev_notify != SIGEV_THREAD_ID) {
		sig_send_proc(p, ev->sigev_signo, &ksi);
		return;
	}
	lock_shared(&proctree_lock);
	lp = lwp_find(ev->sigev_tid);
	if (lp != NULL && lp->lw_proc == p)
		sig_send_lwp(lp, ev->sigev_signo, &ksi);
	lock_release(&proctree_lock);
}

static nstime_t
timer_clock_now(const struct posix_timer *pt)
{
	nstime_t u, s;

	switch (pt->pt_clock) {
	case CLOCK_REALTIME:
		return (clock_real());
	case CLOCK_MONOTONIC:
		return (clock_mono());
	default:
		proc_cputime(pt->pt_proc, &u, &s);
		return (u + s);
	}
}

static void timer_expired(void *arg);

/* (p) The callout for pt_next. */
static void
timer_arm(struct posix_timer *pt)
{
	if (pt->pt_next == 0 || timer_is_cpu(pt))
		return;
	callout_reset(&pt->pt_callout,
	    MAX(pt->pt_next - timer_clock_now(pt), 0), timer_expired, pt);
}

static void
timer_expired(void *arg)
{
	struct posix_timer *pt = arg;
	struct proc *p = pt->pt_proc;
	struct ksigevent ev = pt->pt_event;
	bool post = false;
	nstime_t now;

	spin_lock(&p->p_spin);
	now = timer_clock_now(pt);
	if (pt->pt_next != 0) {
		if (now >= pt->pt_next)
			post = timer_count(pt, timer_advance(pt, now));
		timer_arm(pt);
	}
	spin_unlock(&p->p_spin);
	if (post)
		timer_post(p, &ev, pt->pt_id);
}

void
ptimers_cpu_check(struct proc *p, nstime_t cpu)
{
	struct posix_timer *pt;
	struct ksigevent ev;
	bool post;
	int id;

	do {
		post = false;
		spin_lock(&p->p_spin);
		TAILQ_FOREACH(pt, &p->p_timers, pt_link) {
			if (!timer_is_cpu(pt) || pt->pt_next == 0 ||
			    cpu < pt->pt_next)
				continue;
			post = timer_count(pt, timer_advance(pt, cpu));
			ev = pt->pt_event;
			id = pt->pt_id;
			if (post)
				break;
		}
		spin_unlock(&p->p_spin);
		if (post)
			timer_post(p, &ev, id);
	} while (post);
}

void
ptimer_delivered(struct proc *p, ksiginfo_t *ksi)
{
	struct posix_timer *pt = timer_find(p, ksi->ksi_timerid);

	if (pt == NULL)
		return;
	ksi->ksi_overrun = pt->pt_overrun;
	pt->pt_overrun_last = pt->pt_overrun;
	pt->pt_overrun = 0;
	pt->pt_queued = false;
}

/* Unlinked from the list: stop and free. */
static void
timer_destroy(struct posix_timer *pt)
{
	callout_stop_sync(&pt->pt_callout);
	proc_drop(pt->pt_proc);
	kfree(pt, M_PTIMER);
}

void
ptimers_exit(struct proc *p)
{
	struct posix_timer *pt;

	for (;;) {
		spin_lock(&p->p_spin);
		pt = TAILQ_FIRST(&p->p_timers);
		if (pt != NULL) {
			TAILQ_REMOVE(&p->p_timers, pt, pt_link);
			pt->pt_next = 0;
		}
		spin_unlock(&p->p_spin);
		if (pt == NULL)
			return;
		timer_destroy(pt);
	}
}

/* --- calls --------------------------------------------------------------------------- */

static int
event_check(const struct ksigevent *ev)
{
	switch (ev->sigev_notify) {
	case SIGEV_NONE:
		return (0);
	case SIGEV_SIGNAL:
	case SIGEV_THREAD_ID:
		return (ev->sigev_signo <= 0 || ev->sigev_signo >= NSIG ? EINVAL
									: 0);
	default:
		return (EINVAL);
	}
}

/* ev NULL: SIGALRM with the id as value.  EINVAL, EAGAIN (too many), ENOMEM. */
int
kern_timer_create(int clock, const struct ksigevent *ev, int *idp)
{
	struct proc *p = curproc;
	struct posix_timer *pt, *q;
	struct timespec ts;
	int n = 0, error;

	if (kern_clock_getres(clock, &ts) != 0)
		return (EINVAL);
	if (ev != NULL && (error = event_check(ev)) != 0)
		return (error);
	pt = kmalloc(sizeof(*pt), M_PTIMER, M_WAITOK | M_ZERO);
	if (pt == NULL)
		return (ENOMEM);
	callout_init(&pt->pt_callout);
	pt->pt_proc = p;
	proc_hold(p);
	pt->pt_clock = clock;
	spin_lock(&p->p_spin);
	TAILQ_FOREACH(q, &p->p_timers, pt_link)
		n++;
	if (n >= TIMERS_MAX) {
		spin_unlock(&p->p_spin);
		timer_destroy(pt);
		return (EAGAIN);
	}
	do {
		pt->pt_id = p->p_next_timer++ & 0x7fffffff;
	} while (timer_find(p, pt->pt_id) != NULL);
	if (ev != NULL)
		pt->pt_event = *ev;
	else
		pt->pt_event = (struct ksigevent){
		    SIGEV_SIGNAL, SIGALRM, (uint64_t)pt->pt_id, 0};
	TAILQ_INSERT_TAIL(&p->p_timers, pt, pt_link);
	*idp = pt->pt_id;
	spin_unlock(&p->p_spin);
	return (0);
}

/* (p) */
static void
timer_read(const struct posix_timer *pt, struct itimerspec *cur)
{
	cur->it_interval = ns_to_ts(pt->pt_interval);
	cur->it_value = ns_to_ts(
	    pt->pt_next == 0 ? 0 : MAX(pt->pt_next - timer_clock_now(pt), 1));
}

static nstime_t
ts_to_ns_capped(const struct timespec *ts)
{
	if (ts->tv_sec > INT64_MAX / NS_PER_SEC / 4)
		return (INT64_MAX / 4);
	return (ts_to_ns(ts));
}

int
kern_timer_settime(
    int id, bool absolute, const struct itimerspec *new, struct itimerspec *old)
{
	struct proc *p = curproc;
	struct posix_timer *pt;
	nstime_t value;

	if (timespec_check(&new->it_value) != 0 ||
	    timespec_check(&new->it_interval) != 0)
		return (EINVAL);
	value = ts_to_ns_capped(&new->it_value);
	spin_lock(&p->p_spin);
	if ((pt = timer_find(p, id)) == NULL) {
		spin_unlock(&p->p_spin);
		return (EINVAL);
	}
	if (old != NULL)
		timer_read(pt, old);
	callout_stop(&pt->pt_callout);
	pt->pt_interval = ts_to_ns_capped(&new->it_interval);
	pt->pt_next = value == 0 ? 0
	    : absolute		 ? value
				 : timer_clock_now(pt) + value;
	pt->pt_overrun = 0;
	timer_arm(pt);
	cputimers_update(p);
	spin_unlock(&p->p_spin);
	return (0);
}

int
kern_timer_gettime(int id, struct itimerspec *cur)
{
	struct proc *p = curproc;
	struct posix_timer *pt;

	spin_lock(&p->p_spin);
	pt = timer_find(p, id);
	if (pt != NULL)
		timer_read(pt, cur);
	spin_unlock(&p->p_spin);
	return (pt != NULL ? 0 : EINVAL);
}

int
kern_timer_getoverrun(int id, int *countp)
{
	struct proc *p = curproc;
	struct posix_timer *pt;

	spin_lock(&p->p_spin);
	pt = timer_find(p, id);
	if (pt != NULL)
		*countp = pt->pt_overrun_last;
	spin_unlock(&p->p_spin);
	return (pt != NULL ? 0 : EINVAL);
}

int
kern_timer_delete(int id)
{
	struct proc *p = curproc;
	struct posix_timer *pt;

	spin_lock(&p->p_spin);
	pt = timer_find(p, id);
	if (pt != NULL) {
		TAILQ_REMOVE(&p->p_timers, pt, pt_link);
		pt->pt_next = 0;
		cputimers_update(p);
	}
	spin_unlock(&p->p_spin);
	if (pt == NULL)
		return (EINVAL);
	timer_destroy(pt);
	return (0);
}

static void
ddb_show_timers(const char *arg)
{
	struct posix_timer *pt;
	struct proc *p;

	TAILQ_FOREACH(p, &allproc, p_all) {
		for (int i = 0; i < 3; i++)
			if (p->p_itimer_next[i] != 0)
				kprintf("pid %d itimer %d next %ld every %ld\n",
				    p->p_pid, i, p->p_itimer_next[i],
				    p->p_itimer_interval[i]);
		TAILQ_FOREACH(pt, &p->p_timers, pt_link)
			kprintf("pid %d timer %d clock %d next %ld every %ld "
				"signal %d overrun %d%s\n",
			    p->p_pid, pt->pt_id, pt->pt_clock, pt->pt_next,
			    pt->pt_interval, pt->pt_event.sigev_signo,
			    pt->pt_overrun, pt->pt_queued ? " queued" : "");
	}
}
DDB_COMMAND(timers, "show timers", ddb_show_timers,
    "interval and POSIX timers of all processes");
