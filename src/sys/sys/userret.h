/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The quiet return to user mode.  A machine that is told when time is due may
 * ask userret_quiet, with its interrupts off, and go back to the program after
 * userret_account alone; else it calls trap_userret, and asks again.  A process
 * with timers of its CPU time (p_cputimers) needs trap_userret once each time.
 */
#ifndef SYS_USERRET_H
#define SYS_USERRET_H

#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/proc.h>

/* Nothing wants attention, and the clock need not be read for it. */
static inline bool
userret_quiet(const struct lwp *lp, const struct cpu *c)
{
	return (atomic_load(&lp->lw_ast) == 0 && !c->c_resched &&
	    !c->c_requeue && atomic_load(&c->c_remote_ready) == NULL &&
	    c->c_ipi_head == c->c_ipi_tail &&
	    c->c_curthread->td_prio == lp->lw_uprio && lp->lw_restart == 0);
}

/* The cycles since the last crossing go to side: 0 user mode, 1 kernel. */
static inline void
lwp_account(struct lwp *lp, struct cpu *c, int side)
{
	uint64_t now = machine_cycles(), d = now - lp->lw_stamp;

	lp->lw_stamp = now;
	lp->lw_cycles[side] += d;
	c->c_cycles[side] += d;
}

#endif
