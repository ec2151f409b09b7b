/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCHED_DEADLINE: so much of a CPU in each period, before a deadline.
 *
 * 1. A thread has asked for dl_runtime ns in each dl_period, to be had within
 *    dl_deadline of the period's begin.  It has what is left of that (dl_left),
 *    and when it must have had it (dl_abs).  Of those that are ready on a CPU
 *    the one with the earliest dl_abs runs (EDF), before all other classes.
 * 2. This is the constant bandwidth server (Abeni, Buttazzo: Integrating
 *    multimedia applications in hard real-time systems, 1998): a thread that
 *    wakes keeps dl_left and dl_abs unless they would give it more than its
 *    share from now on, then it begins anew; so one that sleeps cannot save up.
 * 3. What it uses is charged from the thread's own clock whenever it is about to
 *    return to user mode.  With nothing left it sleeps there until its next
 *    period begins (throttling), however idle the CPU is.  What was used too
 *    much, because a timer came late, costs as many periods as it would have
 *    taken, up to DEBT_PERIODS.  A signal ends that sleep, but its handler waits
 *    behind the next one.
 * 4. Admission: the shares of all must not be more than 95 % of the CPUs.  They
 *    are not bound to CPUs one by one, so as in Linux a set that was admitted
 *    for several CPUs may miss deadlines by a bounded time.
 *
 * 5. Reclaiming (GRUB: Lipari and Baruah, Greedy reclamation of unused bandwidth
 *    in constant-bandwidth servers, 2000).  A thread that asked for it pays for
 *    what it uses not in full, but the part of the CPU that is in use: the shares
 *    of the active threads there, at least its own, of all that may be given
 *    away.  Alone it may so have 95 % of the CPU, and the others keep theirs.  A
 *    thread is active while it is ready, and when it sleeps until what it has
 *    used is no more than its share from the period's begin on (its time of zero
 *    lag): before that it may wake and have the rest.  Others' states are read
 *    without their CPU's consent: what is seen is some moment's sum.
 *
 * Locks: dl_spin for the sum of shares and the list; the rest is the owner CPU's.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/proc.h>
#include <sys/sched.h>
#include <sys/signal.h>
#include "lwkt_var.h"

#define SHARE_ONE     (1UL << 20)
#define SHARE_PERCENT 95
#define RUNTIME_MIN   1024 /* ns: less is lost in the noise */
#define PERIOD_MIN    (100 * NS_PER_USEC)
#define PERIOD_MAX    (4194304 * NS_PER_USEC)
#define DEBT_PERIODS  16
#define SLICE_MIN     (20 * NS_PER_USEC) /* shorter timers only cost */

SPINLOCK_DEFINE(dl_spin, "deadline");
static LIST_HEAD(, lwp) dl_lwps = LIST_HEAD_INITIALIZER(
    dl_lwps);		   /* (dl_spin) */
static uint64_t dl_shares; /* (dl_spin) of all threads, of SHARE_ONE each CPU */

static uint64_t
share_of(const struct sched_deadline *dl)
{
	if (dl->dl_period == 0)
		return (0);
	return ((uint64_t)dl->dl_runtime * SHARE_ONE / (uint64_t)dl->dl_period);
}

bool
sched_deadline_valid(struct sched_deadline *dl)
{
	if (dl->dl_period == 0)
		dl->dl_period = dl->dl_deadline;
	return (dl->dl_runtime >= RUNTIME_MIN &&
	    dl->dl_deadline >= dl->dl_runtime &&
	    dl->dl_period >= dl->dl_deadline && dl->dl_period >= PERIOD_MIN &&
	    dl->dl_period <= PERIOD_MAX);
}

int
sched_deadline_admit(struct lwp *lp, const struct sched_deadline *dl)
{
	uint64_t most = SHARE_ONE * (uint64_t)ncpus * SHARE_PERCENT / 100, sum;
	uint64_t wants = dl != NULL ? share_of(dl) : 0;
	struct sched_deadline *my = &lp->lw_dl;
	int error = 0;

	spin_lock(&dl_spin);
	sum = dl_shares - share_of(my) + wants;
	if (wants > share_of(my) && sum > most)
		error = EBUSY;
	else {
		dl_shares = sum;
		if (my->dl_period == 0 && dl != NULL)
			LIST_INSERT_HEAD(&dl_lwps, lp, lw_dl.dl_link);
		else if (my->dl_period != 0 && dl == NULL)
			LIST_REMOVE(lp, lw_dl.dl_link);
		/*
		 * Its CPU may be at it: dl_runtime, by which it divides, is
		 * never 0 again.
		 */
		if (dl != NULL) {
			my->dl_runtime = dl->dl_runtime;
			my->dl_deadline = dl->dl_deadline;
			my->dl_flags = dl->dl_flags;
			my->dl_abs = 0; /* begins anew */
		}
		my->dl_period = dl != NULL ? dl->dl_period : 0;
	}
	spin_unlock(&dl_spin);
	return (error);
}

/* --- the server ------------------------------------------------------------------- */

/* (dl_spin) Does lp use its share of its CPU: 5 above? */
static bool
active(const struct lwp *lp, nstime_t now)
{
	const struct sched_deadline *dl = &lp->lw_dl;
	nstime_t rest = dl->dl_abs - now, left = dl->dl_left;

	if (dl->dl_ready)
		return (true);
	/* What is left, against its share of the time from now to dl_abs. */
	return (rest > 0 &&
	    (left <= 0 ||
		(unsigned __int128)left * (uint64_t)dl->dl_period <
		    (unsigned __int128)rest * (uint64_t)dl->dl_runtime));
}

/* What lp pays for used ns on this CPU. */
static nstime_t
reclaimed(const struct lwp *lp, nstime_t used, nstime_t now)
{
	uint64_t most = SHARE_ONE * SHARE_PERCENT / 100, sum = 0;
	const struct lwp *other;

	spin_lock(&dl_spin);
	LIST_FOREACH(other, &dl_lwps, lw_dl.dl_link)
		if (other == lp ||
		    (other->lw_dl.dl_cpu == curcpu->c_id && active(other, now)))
			sum += share_of(&other->lw_dl);
	spin_unlock(&dl_spin);
	if (sum >= most)
		return (used);
	sum = sum * SHARE_ONE / most;
	return ((nstime_t)((uint64_t)used / SHARE_ONE * sum +
	    (uint64_t)used % SHARE_ONE * sum / SHARE_ONE));
}

/* (owner CPU) Take what lp has used since the last time from what is left. */
static void
charge(struct lwp *lp, nstime_t now)
{
	struct thread *td = lp->lw_thread;
	struct sched_deadline *dl = &lp->lw_dl;
	nstime_t total = td->td_runtime_ns, used;

	if (td == curthread)
		total += MAX(now - td->td_started_ns, 0);
	used = total - dl->dl_charged;
	if ((dl->dl_flags & SDF_RECLAIM) != 0 && used > 0)
		used = reclaimed(lp, used, now);
	dl->dl_left -= used;
	dl->dl_left = MAX(dl->dl_left, -DEBT_PERIODS * dl->dl_runtime);
	dl->dl_charged = total;
	dl->dl_cpu = curcpu->c_id;
}

/* (owner CPU) Would what is left be more than its share until dl_abs? */
static bool
too_much(const struct sched_deadline *dl, nstime_t now)
{
	return (dl->dl_left > 0 &&
	    (unsigned __int128)dl->dl_left * (uint64_t)dl->dl_deadline >
		(unsigned __int128)(dl->dl_abs - now) *
		    (uint64_t)dl->dl_runtime);
}

/* Nothing is left: when the first period begins in which there is. */
static nstime_t
next_period(const struct sched_deadline *dl)
{
	nstime_t periods = 1 - dl->dl_left / dl->dl_runtime;

	return (dl->dl_abs - dl->dl_deadline + periods * dl->dl_period);
}

/* What was used too much is taken from later periods. */
static void
replenish(struct sched_deadline *dl)
{
	while (dl->dl_left <= 0) {
		dl->dl_abs += dl->dl_period;
		dl->dl_left += dl->dl_runtime;
	}
	dl->dl_told = false;
}

/* (owner CPU) lp is about to be ready: 2 above. */
static void
wake(struct lwp *lp, nstime_t now)
{
	struct sched_deadline *dl = &lp->lw_dl;

	charge(lp, now);
	dl->dl_ready = true;
	if (dl->dl_abs != 0 && dl->dl_left <= 0) {
		if (now < next_period(dl))
			return;
		replenish(dl);
	}
	if (dl->dl_abs > now && !too_much(dl, now))
		return;
	dl->dl_abs = now + dl->dl_deadline;
	dl->dl_left = dl->dl_runtime;
	dl->dl_told = false;
}

void
usched_dl_wake(struct thread *td)
{
	wake(td->td_lwp, clock_mono());
	atomic_store(&td->td_lwp->lw_ast, 1); /* for the slice */
}

void
usched_dl_yield(struct lwp *lp)
{
	charge(lp, clock_mono());
	lp->lw_dl.dl_left = MIN(lp->lw_dl.dl_left, 0);
	lp->lw_dl.dl_told = true; /* it knows */
	atomic_store(&lp->lw_ast, 1);
}

static void
tell_overrun(struct lwp *lp)
{
	ksiginfo_t ksi = {.ksi_signo = SIGXCPU, .ksi_code = SI_KERNEL};
	bool told = lp->lw_dl.dl_told;

	lp->lw_dl.dl_told = true;
	if (!told && (lp->lw_dl.dl_flags & SDF_OVERRUN) != 0)
		sig_send_lwp(lp, SIGXCPU, &ksi);
}

void
usched_dl_userret(struct lwp *lp)
{
	struct sched_deadline *dl = &lp->lw_dl;
	nstime_t now = clock_mono(), next;

	if (dl->dl_abs == 0)
		wake(lp, now);
	charge(lp, now);
	if (dl->dl_left > 0)
		return;
	tell_overrun(lp);
	if ((next = next_period(dl)) > now)
		(void)tsleep(dl, PCATCH, "deadline", next - now);
	else
		wake(lp, now);
}

nstime_t
usched_dl_slice(const struct lwp *lp, nstime_t now)
{
	return (now + MAX(lp->lw_dl.dl_left, SLICE_MIN));
}
