/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug registers on the vkernel.
 *
 * The host's could be reached by ptrace or perf events only: the first makes
 * every stop of a stub several host switches, the second is often forbidden.  So
 * they are imitated.  While a thread has one enabled it runs in single steps,
 * and before each the kernel compares: the instruction pointer with the
 * addresses of breakpoints, and the watched bytes with what they were.  A call's
 * writes are seen, too.  What cannot be seen: reads (DEBUG_ACCESS is refused),
 * and a write of the value that was there.
 *
 * Locks: none; the registers belong to the thread, or to the tracer for whom it
 * stands still.
 */
#include <sys/systm.h>
#include <vm/vm.h>
#include "vk_var.h"

#define RFLAGS_RF 0x10000UL /* no breakpoint at this instruction */

uint64_t
cpu_debug_get(struct lwp *lp, int n)
{
	return (debugregs_get(&lp->lw_md.lm_debug, n));
}

int
cpu_debug_set(struct lwp *lp, int n, uint64_t value)
{
	lp->lw_md.lm_watched = 0; /* look anew what is there */
	return (debugregs_set(&lp->lw_md.lm_debug, n, value,
	    1U << DEBUG_EXEC | 1U << DEBUG_WRITE));
}

/* The bytes at row n: 0 if there is no memory. */
static uint64_t
watched_value(struct lwp *lp, int n)
{
	const struct debugregs *dr = &lp->lw_md.lm_debug;
	uint64_t v = 0;
	size_t done;

	(void)vmspace_rw(lp->lw_proc->p_vmspace, dr->dr_addr[n], &v,
	    debug_bytes(dr->dr_control, n), false, &done);
	return (v);
}

/* Has row n something to say?  Remembers the value. */
static bool
row_hit(struct lwp *lp, int n)
{
	const struct debugregs *dr = &lp->lw_md.lm_debug;
	uint64_t v, old = lp->lw_md.lm_values[n];
	bool known = (lp->lw_md.lm_watched & 1U << n) != 0;

	if ((dr->dr_control & DR7_ON(n)) == 0)
		return (false);
	if (DR7_TYPE(dr->dr_control, n) == DEBUG_EXEC)
		return (lp->lw_frame.tf_rip == dr->dr_addr[n] &&
		    (lp->lw_frame.tf_rflags & RFLAGS_RF) == 0);
	v = watched_value(lp, n);
	lp->lw_md.lm_values[n] = v;
	lp->lw_md.lm_watched |= 1U << n;
	return (known && v != old);
}

bool
vk_debug_hit(struct lwp *lp)
{
	struct debugregs *dr = &lp->lw_md.lm_debug;
	uint64_t hits = 0;

	for (int n = 0; n < DEBUG_NADDR; n++)
		if (row_hit(lp, n))
			hits |= 1UL << n;
	if (hits == 0)
		return (false);
	dr->dr_status = (dr->dr_status & ~DR6_HITS) | hits;
	lp->lw_frame.tf_rflags |= RFLAGS_RF;
	trap_exception(lp, SIGTRAP, TRAP_HWBKPT, lp->lw_frame.tf_rip, T_DEBUG);
	return (true);
}

void
vk_debug_step(struct lwp *lp)
{
	lp->lw_md.lm_stepping = (lp->lw_frame.tf_rflags & RFLAGS_TF) == 0;
	lp->lw_frame.tf_rflags |= RFLAGS_TF;
}

bool
vk_debug_stepped(struct lwp *lp, bool trapped)
{
	if (!lp->lw_md.lm_stepping)
		return (false);
	lp->lw_md.lm_stepping = false;
	lp->lw_frame.tf_rflags &= ~(RFLAGS_TF | RFLAGS_RF);
	return (trapped);
}
