/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user scheduler: who of the lwps gets a CPU, for how long, and where.
 *
 * 1. Recent use (lw_estcpu, in ticks) grows by one with each slice and halves
 *    after each half second without one; the priority falls with it and with
 *    nice.  Equals share by round robin, one slice of 10 ms each.
 * 2. An lwp stays on its CPU.  Only when a slice ends while others wait and
 *    some CPU is idle does the surplus move: a wakeup of an idle CPU is dear
 *    (tens of microseconds), so short hand-overs stay on one CPU and long runs
 *    spread.
 * 3. The real-time classes (SCHED_FIFO, SCHED_RR) come before all that, by their
 *    priorities: one level of the run queue, kept in order of ranks.  All of the
 *    kernel's own threads come before them.  In each second they have 950 ms of a
 *    CPU; after that they are the last of all until it is over.  SCHED_DEADLINE
 *    (usched_dl.c) stands above them in the same queue.
 * 4. Ranks are looked at when an lwp returns to user mode; when somebody else
 *    changes one (sched_setscheduler, a PI lock) also in the queue it waits in:
 *    usched_changed marks lwp and CPU, the CPU does it in ipi_poll.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/explore.h>
#include <sys/proc.h>
#include <sys/sched.h>
#include "lwkt_var.h"

#define ESTCPU_MAX  40
#define DECAY_NS    (500 * NS_PER_MSEC)
#define RR_TICKS    10			/* slices that SCHED_RR gives at once */
#define RT_SHARE_NS (950 * NS_PER_MSEC) /* of each second */

/* Have the real-time lwps of this CPU had their share of this second? */
static bool
rt_exhausted(const struct cpu *c)
{
	return (c->c_rt_ns >= RT_SHARE_NS);
}

/* What lp has a right to, without those who wait for it. */
static int
class_rank(struct lwp *lp)
{
	int p = TDPRI_USER_MAX - 10 - (int)lp->lw_estcpu / 4 -
	    lp->lw_proc->p_nice / 2;

	switch (lp->lw_class) {
	case SCHED_FIFO:
	case SCHED_RR:
		return (rt_exhausted(curcpu) ? TDPRI_USER_MIN
					     : RANK_RT + lp->lw_rtprio);
	case SCHED_DEADLINE:
		return (RANK_DEADLINE);
	case SCHED_IDLE:
		return (TDPRI_USER_MIN);
	case SCHED_BATCH:
		p--;
		break;
	default:
		break;
	}
	return (MIN(MAX(p, TDPRI_USER_MIN + 1), TDPRI_USER_MAX));
}

static int
user_rank(struct lwp *lp)
{
	return (MAX(class_rank(lp), atomic_load(&lp->lw_boost)));
}

static int
rank_prio(int rank)
{
	return (rank > RANK_RT ? TDPRI_USER_RT : MIN(rank, TDPRI_USER_MAX));
}

void
usched_rank(struct thread *td)
{
	struct lwp *lp = td->td_lwp;

	lp->lw_reprio = false;
	lp->lw_rank = user_rank(lp);
	if (td->td_prio <= TDPRI_USER_RT)
		td->td_prio = (uint8_t)rank_prio(lp->lw_rank);
}

/* (owner CPU) td is on a run queue, and its lwp has perhaps another rank. */
static void
requeue(struct cpu *c, struct thread *td)
{
	struct lwp *lp = td->td_lwp;
	int rank = user_rank(lp);

	lp->lw_reprio = false;
	if (rank == lp->lw_rank && td->td_prio == rank_prio(rank))
		return;
	runq_remove(c, td);
	usched_rank(td);
	runq_insert(c, td);
	if (thread_before(td, c->c_curthread))
		c->c_resched = true;
}

static void
requeue_if(struct cpu *c, bool (*wanted)(const struct lwp *lp))
{
	struct thread *td, *next;

	for (int p = TDPRI_USER_MIN; p <= TDPRI_USER_RT; p++)
		TAILQ_FOREACH_SAFE(td, &c->c_runq[p], td_runq, next)
			if (td->td_lwp != NULL && wanted(td->td_lwp))
				requeue(c, td);
}

static bool
rank_changed(const struct lwp *lp)
{
	return (lp->lw_reprio);
}

static bool
is_realtime(const struct lwp *lp)
{
	return (sched_is_rt(lp->lw_class));
}

void
usched_requeue(void)
{
	struct cpu *c = curcpu;

	atomic_store_seq(&c->c_requeue, false);
	requeue_if(c, rank_changed);
}

void
usched_changed(struct lwp *lp)
{
	struct thread *td = lp->lw_thread;
	struct cpu *c = td != NULL ? td->td_cpu : NULL;

	atomic_store_seq(&lp->lw_ast, 1);
	if (c == NULL)
		return;
	atomic_store_seq(&lp->lw_reprio, true);
	atomic_store_seq(&c->c_requeue, true);
	if (c != curcpu)
		cpu_kick(c);
}

/* A second is over: the real-time lwps of this CPU may run again. */
static void
rt_account(struct cpu *c, nstime_t now)
{
	struct thread *td = c->c_curthread;
	bool were = rt_exhausted(c);

	if (now - c->c_rt_period >= NS_PER_SEC) {
		c->c_rt_period = now;
		c->c_rt_ns = 0;
		if (were)
			requeue_if(c, is_realtime);
	} else if (!were && td->td_prio == TDPRI_USER_RT &&
	    c->c_rt_ns + (now - MAX(td->td_started_ns, c->c_rt_period)) >=
		RT_SHARE_NS) {
		c->c_rt_ns = RT_SHARE_NS;
		requeue_if(c, is_realtime);
	}
}

/*
 * Let others have the CPU.  A real-time lwp goes before its equals, unless its
 * slice is over (SCHED_RR): for it is cut short, and did not yield.
 */
static void
user_yield(struct lwp *lp)
{
	struct thread *td = curthread;

	if (td->td_prio == TDPRI_USER_RT) {
		if (lp->lw_class == SCHED_RR && lp->lw_rr_ticks >= RR_TICKS)
			lp->lw_rr_ticks = 0;
		else
			td->td_flags |= TDF_FIRST;
	}
	thread_yield();
	curcpu->c_slice_end = clock_mono() + SCHED_SLICE_NS;
}

/* Another CPU that lp may use: an idle one, or any; NULL if there is none. */
static struct cpu *
other_cpu(const struct lwp *lp, const struct cpu *self, bool idle)
{
	for (int i = 0; i < ncpus; i++)
		if (cpus[i] != self && (lp->lw_affinity & (1u << i)) != 0 &&
		    (!idle ||
			(cpus[i]->c_idle && cpus[i]->c_remote_ready == NULL)))
			return (cpus[i]);
	return (NULL);
}

static bool
allowed_on(const struct lwp *lp, const struct cpu *c)
{
	return ((lp->lw_affinity & (1u << c->c_id)) != 0);
}

bool
usched_redirect(struct thread *td)
{
	struct cpu *c = curcpu, *to;

	if (allowed_on(td->td_lwp, c) || td == c->c_curthread ||
	    (to = other_cpu(td->td_lwp, c, false)) == NULL)
		return (false);
	td->td_cpu = to;
	thread_ready(td);
	return (true);
}

/* Hand one waiting lwp of this CPU to an idle one. */
static void
push_surplus(struct cpu *c)
{
	struct cpu *to;
	struct thread *td;

	if (c->c_nready == 0)
		return;
	for (int p = TDPRI_COUNT - 1; p > 0; p--)
		TAILQ_FOREACH(td, &c->c_runq[p], td_runq) {
			if (td->td_lwp == NULL ||
			    (td->td_flags & TDF_PINNED) != 0 ||
			    (to = other_cpu(td->td_lwp, c, true)) == NULL)
				continue;
			runq_remove(c, td);
			td->td_state = TDS_SLEEPING;
			td->td_cpu = to;
			if (td->td_lwp->lw_reprio)
				atomic_store_seq(&to->c_requeue, true);
			thread_ready(td);
			return;
		}
}

void
usched_tick(void)
{
	struct cpu *c = curcpu;
	struct lwp *lp = curthread->td_lwp;
	nstime_t now = clock_mono();

	c->c_slice_end = now + SCHED_SLICE_NS;
	if (lp != NULL && lp->lw_estcpu < ESTCPU_MAX)
		lp->lw_estcpu++;
	if (lp != NULL)
		lp->lw_rr_ticks++;
	rt_account(c, now);
	/* CPU limits, timers and what is left of a period are looked at on the way
	 * to user code. */
	if (lp != NULL &&
	    (lp->lw_proc->p_cputimers || lp->lw_class == SCHED_DEADLINE))
		atomic_store(&lp->lw_ast, 1);
	push_surplus(c);
	if (c->c_nready > 0)
		c->c_resched = true;
}

void
usched_checkpoint(void)
{
	nstime_t now = clock_mono();

	if (curthread->td_lwp == NULL)
		return;
	callout_poll(now);
	ipi_poll();
	if (now >= curcpu->c_slice_end)
		usched_tick();
	if (curcpu->c_resched)
		user_yield(curthread->td_lwp);
}

void
usched_userret(struct lwp *lp)
{
	struct thread *td = curthread;
	struct cpu *c = curcpu;
	nstime_t now = clock_mono();
	struct thread *first;
	int prio, rank;

	callout_poll(now);
	ipi_poll();
	explore_point();
	if (__unlikely(lp->lw_class == SCHED_DEADLINE)) {
		usched_dl_userret(lp);
		c = curcpu;
		now = clock_mono();
	}
	/* Whoever sleeps wakes where it may run (usched_redirect). */
	if (__unlikely(!allowed_on(lp, c)) && other_cpu(lp, c, false) != NULL) {
		(void)tsleep(&lp->lw_affinity, 0, "migrate", 1);
		c = curcpu;
	}
	if (now - lp->lw_decayed_ns >= DECAY_NS) {
		lp->lw_estcpu /= 2;
		lp->lw_decayed_ns = now;
	}
	if (now >= c->c_slice_end)
		usched_tick();
	lp->lw_reprio = false;
	rank = user_rank(lp);
	prio = lp->lw_uprio = rank_prio(rank);
	if (td->td_prio != prio || lp->lw_rank != rank) {
		lp->lw_rank = rank;
		thread_set_prio(td, prio);
		if (c->c_runmask >> prio > 1 ||
		    ((first = TAILQ_FIRST(&c->c_runq[prio])) != NULL &&
			thread_before(first, td)))
			c->c_resched = true;
	}
	while (curcpu->c_resched) {
		lp->lw_ru.ru_nivcsw++;
		user_yield(lp);
	}
	if (__unlikely(lp->lw_class == SCHED_DEADLINE))
		curcpu->c_slice_end =
		    MIN(curcpu->c_slice_end, usched_dl_slice(lp, clock_mono()));
}

void
kern_sched_yield(void)
{
	if (curlwp->lw_class == SCHED_DEADLINE)
		usched_dl_yield(curlwp);
	else
		thread_yield();
}

nstime_t
sched_interval(enum sched_class sc)
{
	if (sc == SCHED_FIFO || sc == SCHED_DEADLINE)
		return (0);
	return (sc == SCHED_RR ? RR_TICKS * SCHED_SLICE_NS : SCHED_SLICE_NS);
}
