/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interval timers, alarm, and the limits on CPU time.
 *
 * ITIMER_REAL is a callout that posts SIGALRM.  ITIMER_VIRTUAL and ITIMER_PROF
 * have their next expiry in p_itimer_next as a reading of the process's own CPU
 * time; cputimers_check compares at the boundary, at most once a millisecond
 * per process and only when p_cputimers says that somebody cares.
 *
 * All members are (p).
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include "proc_var.h"

#define CHECK_EVERY_NS NS_PER_MSEC

/* (p) When ITIMER_REAL expires next if it has an interval; never late by more
 * than one of them. */
static void
real_rearm(struct proc *p)
{
	nstime_t now = clock_mono(), iv = p->p_itimer_interval[ITIMER_REAL];

	if (iv == 0) {
		p->p_itimer_next[ITIMER_REAL] = 0;
		return;
	}
	p->p_itimer_next[ITIMER_REAL] += iv;
	if (p->p_itimer_next[ITIMER_REAL] <= now)
		p->p_itimer_next[ITIMER_REAL] = now + iv;
}

static void
real_expired(void *arg)
{
	struct proc *p = arg;
	nstime_t next;
	ksiginfo_t ksi;

	spin_lock(&p->p_spin);
	next = p->p_itimer_next[ITIMER_REAL];
	if (next == 0 || (p->p_flags & PF_EXITING) != 0) {
		spin_unlock(&p->p_spin);
		return;
	}
	if (next > clock_mono()) { /* it was set anew meanwhile */
		callout_reset_abs(&p->p_itimer_real, next, real_expired, p);
		spin_unlock(&p->p_spin);
		return;
	}
	real_rearm(p);
	next = p->p_itimer_next[ITIMER_REAL];
	if (next != 0)
		callout_reset_abs(&p->p_itimer_real, next, real_expired, p);
	spin_unlock(&p->p_spin);
	sig_fill(&ksi, SIGALRM, SI_KERNEL);
	sig_send_proc(p, SIGALRM, &ksi);
}

void
itimers_init(struct proc *p)
{
	callout_init(&p->p_itimer_real);
}

void
itimers_exit(struct proc *p)
{
	spin_lock(&p->p_spin);
	memset(p->p_itimer_next, 0, sizeof(p->p_itimer_next));
	p->p_cputimers = false;
	spin_unlock(&p->p_spin);
	callout_stop_sync(&p->p_itimer_real);
}

void
cputimers_update(struct proc *p)
{
	p->p_cputimers = p->p_itimer_next[ITIMER_VIRTUAL] != 0 ||
	    p->p_itimer_next[ITIMER_PROF] != 0 ||
	    p->p_rlimit[RLIMIT_CPU].rlim_cur != RLIM_INFINITY ||
	    ptimers_have_cpu(p);
}

/* (p) True if timer which has expired at reading t. */
static bool
cpu_itimer_expired(struct proc *p, int which, nstime_t t)
{
	nstime_t iv = p->p_itimer_interval[which];
	nstime_t *next = &p->p_itimer_next[which];

	if (*next == 0 || t < *next)
		return (false);
	if (iv == 0)
		*next = 0;
	else
		*next = *next + iv > t ? *next + iv : t + iv;
	return (true);
}

/* (p) SIGXCPU at the soft limit and each second after, SIGKILL at the hard
 * one.  The signal to send, or 0. */
static int
cpu_limit_check(struct proc *p, nstime_t t)
{
	const struct rlimit *rl = &p->p_rlimit[RLIMIT_CPU];
	uint64_t secs = (uint64_t)(t / NS_PER_SEC);

	if (rl->rlim_cur == RLIM_INFINITY || secs < rl->rlim_cur)
		return (0);
	if (secs >= rl->rlim_max)
		return (SIGKILL);
	if (t - p->p_cpu_warned < NS_PER_SEC && p->p_cpu_warned != 0)
		return (0);
	p->p_cpu_warned = t;
	return (SIGXCPU);
}

void
cputimers_check(struct lwp *lp, nstime_t now)
{
	struct proc *p = lp->lw_proc;
	bool virt, prof;
	nstime_t u, s;
	ksiginfo_t ksi;
	int limit;

	if (now - p->p_cpu_check < CHECK_EVERY_NS)
		return;
	p->p_cpu_check = now;
	spin_lock(&p->p_spin);
	proc_cputime(p, &u, &s);
	virt = cpu_itimer_expired(p, ITIMER_VIRTUAL, u);
	prof = cpu_itimer_expired(p, ITIMER_PROF, u + s);
	limit = cpu_limit_check(p, u + s);
	cputimers_update(p);
	spin_unlock(&p->p_spin);
	ptimers_cpu_check(p, u + s);
	if (virt) {
		sig_fill(&ksi, SIGVTALRM, SI_KERNEL);
		sig_send_proc(p, SIGVTALRM, &ksi);
	}
	if (prof) {
		sig_fill(&ksi, SIGPROF, SI_KERNEL);
		sig_send_proc(p, SIGPROF, &ksi);
	}
	if (limit != 0) {
		sig_fill(&ksi, limit, SI_KERNEL);
		sig_send_proc(p, limit, &ksi);
	}
}

/* --- calls --------------------------------------------------------------------- */

static struct timeval
ns_to_tv(nstime_t ns)
{
	struct timespec ts = ns_to_ts(ns);

	return ((struct timeval){ts.tv_sec, ts.tv_nsec / 1000});
}

static int
tv_to_ns(const struct timeval *tv, nstime_t *nsp)
{
	if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= 1000000)
		return (EINVAL);
	if (tv->tv_sec > INT64_MAX / NS_PER_SEC / 2)
		*nsp = INT64_MAX / 2;
	else
		*nsp = tv->tv_sec * NS_PER_SEC + tv->tv_usec * 1000;
	return (0);
}

/* (p) The reading that timer which is compared with. */
static nstime_t
itimer_now(struct proc *p, int which)
{
	nstime_t u, s;

	if (which == ITIMER_REAL)
		return (clock_mono());
	proc_cputime(p, &u, &s);
	return (which == ITIMER_VIRTUAL ? u : u + s);
}

/* (p) */
static void
itimer_read(struct proc *p, int which, struct itimerval *cur)
{
	nstime_t next = p->p_itimer_next[which];

	cur->it_interval = ns_to_tv(p->p_itimer_interval[which]);
	/* One that is due but not yet delivered shows the shortest time. */
	cur->it_value = ns_to_tv(
	    next == 0 ? 0 : MAX(next - itimer_now(p, which), NS_PER_USEC));
}

int
kern_getitimer(int which, struct itimerval *cur)
{
	struct proc *p = curproc;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return (EINVAL);
	spin_lock(&p->p_spin);
	itimer_read(p, which, cur);
	spin_unlock(&p->p_spin);
	return (0);
}

int
kern_setitimer(int which, const struct itimerval *new, struct itimerval *old)
{
	struct proc *p = curproc;
	nstime_t value, interval;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return (EINVAL);
	if (tv_to_ns(&new->it_value, &value) != 0 ||
	    tv_to_ns(&new->it_interval, &interval) != 0)
		return (EINVAL);
	spin_lock(&p->p_spin);
	if (old != NULL)
		itimer_read(p, which, old);
	p->p_itimer_interval[which] = value == 0 ? 0 : interval;
	p->p_itimer_next[which] = value == 0 ? 0 : itimer_now(p, which) + value;
	if (which != ITIMER_REAL)
		cputimers_update(p);
	else if (value == 0)
		callout_stop(&p->p_itimer_real);
	else
		callout_reset_abs(&p->p_itimer_real,
		    p->p_itimer_next[ITIMER_REAL], real_expired, p);
	spin_unlock(&p->p_spin);
	return (0);
}

uint64_t
kern_alarm(uint64_t seconds)
{
	struct itimerval new = {{0, 0}, {(int64_t)MIN(seconds, UINT32_MAX), 0}};
	struct itimerval old;

	if (kern_setitimer(ITIMER_REAL, &new, &old) != 0)
		return (0);
	/* Half a second and more rounds up; a set alarm is never 0. */
	if (old.it_value.tv_usec >= 500000 ||
	    (old.it_value.tv_sec == 0 && old.it_value.tv_usec > 0))
		old.it_value.tv_sec++;
	return ((uint64_t)old.it_value.tv_sec);
}
