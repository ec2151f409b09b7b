/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling by chance: the seed decides who runs.
 *
 * 1. A kernel thread is not preempted, so on one CPU two threads can meet only
 *    where one of them sleeps; a race needs a lock that happens to be held or
 *    memory that happens to be short.  On several CPUs they meet anywhere, and
 *    never twice alike.  With option "seed" each place that may sleep (taking
 *    and releasing a lock, allocating, copying from and to programs, returning
 *    to a program) is a place where the thread may lose the CPU, and the next
 *    one is any ready thread, whatever its priority: all orders that several
 *    CPUs could make, up to what happens between two such places.
 * 2. How often.  A bug needs few switches at the right places rather than many
 *    (its depth: Burckhardt and others, "A randomized scheduler with
 *    probabilistic guarantees of finding bugs", ASPLOS 2010).  So the chance of
 *    a switch at a place is itself drawn from the seed, once for a stretch of
 *    STRETCH places: from each to one in some thousands, often rather often.
 * 3. The stream is SplitMix64; the same seed gives the same choices as long as
 *    the run is the same: with `vkernel -D', or a PC that counts instructions.
 *
 * Two CPUs would draw in an order of their own: the option wants one CPU.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/cpu.h>
#include <sys/explore.h>
#include <sys/splitmix.h>
#include <sys/sysctl.h>
#include "lwkt_var.h"

#define STRETCH 4096

bool explore_on;
static uint64_t state;
static uint64_t switches;
static uint32_t rarity; /* a switch at one in so many places */
static uint32_t left;	/* places until rarity changes */
SYSCTL_U64(explore_switches, "kern.explore.switches", CTLF_RD, &switches,
    "times a thread lost the CPU by the seed's choice");

static uint32_t
draw(void)
{
	return ((uint32_t)(splitmix(&state) >> 32));
}

uint32_t
explore_choose(uint32_t n)
{
	return ((uint32_t)((uint64_t)draw() * n >> 32));
}

void
explore_yield(void)
{
	struct thread *td = curthread;

	if (left-- == 0) {
		left = STRETCH;
		rarity = 1U << MIN(explore_choose(12), explore_choose(12));
	}
	if (explore_choose(rarity) != 0 || td == curcpu->c_idlethread ||
	    td->td_state != TDS_RUNNING || panicstr != NULL)
		return;
	(void)callout_poll(clock_mono());
	if (curcpu->c_nready == 0)
		return;
	switches++;
	thread_yield();
}

static void
explore_start(void)
{
	const char *seed = boot_option("seed");

	if (seed == NULL || kstrtou64(seed, 0, &state) != 0)
		return;
	if (ncpus > 1) {
		kprintf("seed: %d CPUs run, so the choices are not "
			"repeatable\n",
		    ncpus);
		return;
	}
	explore_on = true;
}
SYSINIT(explore, SI_SMP + 1, explore_start);
