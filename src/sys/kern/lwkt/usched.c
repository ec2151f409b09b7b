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
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/explore.h>
#include <sys/proc.h>
#include "lwkt_var.h"

#define ESTCPU_MAX 40
#define DECAY_NS   (500 * NS_PER_MSEC)

static int
user_prio(struct lwp *lp)
{
	int p = TDPRI_USER_MAX - 10 - (int)lp->lw_estcpu / 4 -
	    lp->lw_proc->p_nice / 2;

	p = MAX(p, atomic_load(&lp->lw_boost));
	return (MIN(MAX(p, TDPRI_USER_MIN), TDPRI_USER_MAX));
}

static struct cpu *
idle_cpu(const struct cpu *self)
{
	for (int i = 0; i < ncpus; i++)
		if (cpus[i] != self && cpus[i]->c_idle &&
		    cpus[i]->c_remote_ready == NULL)
			return (cpus[i]);
	return (NULL);
}

/* Hand one waiting lwp of this CPU to an idle one. */
static void
push_surplus(struct cpu *c)
{
	struct cpu *to;
	struct thread *td;

	if (c->c_nready == 0 || (to = idle_cpu(c)) == NULL)
		return;
	for (int p = TDPRI_COUNT - 1; p > 0; p--)
		TAILQ_FOREACH(td, &c->c_runq[p], td_runq) {
			if (td->td_lwp == NULL ||
			    (td->td_flags & TDF_PINNED) != 0)
				continue;
			runq_remove(c, td);
			td->td_state = TDS_SLEEPING;
			td->td_cpu = to;
			thread_ready(td);
			return;
		}
}

void
usched_tick(void)
{
	struct cpu *c = curcpu;
	struct lwp *lp = curthread->td_lwp;

	c->c_slice_end = clock_mono() + SCHED_SLICE_NS;
	if (lp != NULL && lp->lw_estcpu < ESTCPU_MAX)
		lp->lw_estcpu++;
	/* CPU limits and timers are looked at on the way to user code. */
	if (lp != NULL && lp->lw_proc->p_cputimers)
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
	if (curcpu->c_resched) {
		thread_yield();
		curcpu->c_slice_end = clock_mono() + SCHED_SLICE_NS;
	}
}

void
usched_userret(struct lwp *lp)
{
	struct thread *td = curthread;
	struct cpu *c = curcpu;
	nstime_t now = clock_mono();
	int prio;

	callout_poll(now);
	ipi_poll();
	explore_point();
	if (now - lp->lw_decayed_ns >= DECAY_NS) {
		lp->lw_estcpu /= 2;
		lp->lw_decayed_ns = now;
	}
	if (now >= c->c_slice_end)
		usched_tick();
	prio = lp->lw_uprio = user_prio(lp);
	if (td->td_prio != prio) {
		thread_set_prio(td, prio);
		if (c->c_runmask >> prio > 1)
			c->c_resched = true;
	}
	while (curcpu->c_resched) {
		lp->lw_ru.ru_nivcsw++;
		thread_yield();
		curcpu->c_slice_end = clock_mono() + SCHED_SLICE_NS;
	}
}
