/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks as programs see them, and sleeping on them.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include "proc_var.h"

int
timespec_check(const struct timespec *ts)
{
	return (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_SEC
		? EINVAL
		: 0);
}

int
kern_clock_gettime(int clock, struct timespec *ts)
{
	struct proc *p = curproc;
	nstime_t u, s;

	switch (clock) {
	case CLOCK_REALTIME:
		*ts = ns_to_ts(clock_real());
		return (0);
	case CLOCK_MONOTONIC:
		*ts = ns_to_ts(clock_mono());
		return (0);
	case CLOCK_PROCESS_CPUTIME_ID:
		spin_lock(&p->p_spin);
		proc_cputime(p, &u, &s);
		spin_unlock(&p->p_spin);
		*ts = ns_to_ts(u + s);
		return (0);
	case CLOCK_THREAD_CPUTIME_ID:
		*ts = ns_to_ts(lwp_cputime(curlwp));
		return (0);
	default:
		return (EINVAL);
	}
}

int
kern_clock_getres(int clock, struct timespec *ts)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		*ts = (struct timespec){0, 1};
		return (0);
	default:
		return (EINVAL);
	}
}

int
kern_clock_settime(int clock, const struct timespec *ts)
{
	if (clock != CLOCK_REALTIME || timespec_check(ts) != 0 ||
	    ts->tv_sec > INT64_MAX / NS_PER_SEC - 1)
		return (EINVAL);
	if (cred_check_cap(cred_current(), CAP_SYS_TIME) != 0)
		return (EPERM);
	KTR_EVENT(PROC, settime, "sec=%ld", (uint64_t)ts->tv_sec);
	clock_set_real(ts_to_ns(ts));
	return (0);
}

/* The present reading of a clock one can sleep on. */
static int
sleep_clock(int clock, nstime_t *nowp)
{
	switch (clock) {
	case CLOCK_REALTIME:
		*nowp = clock_real();
		return (0);
	case CLOCK_MONOTONIC:
		*nowp = clock_mono();
		return (0);
	default:
		return (EINVAL);
	}
}

#define REAL_STEP (NS_PER_SEC) /* look again: the real clock may be set */

/*
 * Sleep for `when' (or until it, if absolute).  EINTR after a handler, with
 * *leftp what was left of a relative sleep; otherwise the call goes on with its
 * first deadline after a stop.  EINVAL.
 */
int
kern_nanosleep(int clock, bool absolute, nstime_t when, nstime_t *leftp)
{
	struct lwp *lp = curlwp;
	nstime_t now, deadline, left;
	int error;

	if ((error = sleep_clock(clock, &now)) != 0)
		return (error);
	if (!absolute && clock == CLOCK_REALTIME) {
		clock = CLOCK_MONOTONIC; /* settings do not matter to it */
		now = clock_mono();
	}
	if (absolute)
		deadline = when;
	else if (lp->lw_restart_kind == LWR_SLEEP)
		deadline = lp->lw_restart_deadline;
	else
		deadline = when > INT64_MAX - now ? INT64_MAX : now + when;
	error = 0;
	while (error == 0 || error == EWOULDBLOCK) {
		(void)sleep_clock(clock, &now);
		left = deadline - now;
		if (left <= 0)
			return (0);
		if (clock == CLOCK_REALTIME)
			left = MIN(left, REAL_STEP);
		error =
		    tsleep(&lp->lw_restart_deadline, PCATCH, "nanoslp", left);
	}
	if (!absolute) {
		lp->lw_restart_kind = LWR_SLEEP;
		lp->lw_restart_deadline = deadline;
		if (leftp != NULL)
			*leftp = MAX(deadline - clock_mono(), 0);
	}
	return (ERESTARTNOHAND);
}
