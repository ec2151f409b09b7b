/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failure knobs: decide whether a fault point fires.
 *
 * fp_nth counts questions down and fires once at zero; fp_ppm fires at random
 * with a generator of its own seed (option "fault.seed"), so a run can be
 * repeated.  Set through sysctl debug.fault.NAME.{nth,ppm}.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>

static uint64_t fault_state = 0x9e3779b97f4a7c15UL; /* (atomic) */

static uint32_t
fault_random(void)
{
	uint64_t x = atomic_add(&fault_state, 0x9e3779b97f4a7c15UL);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebUL;
	return ((uint32_t)((x ^ (x >> 31)) % 1000000));
}

bool
fault_check(struct fault_point *fp)
{
	bool fire = false;

	/* The death of init is a panic: failing it would test nothing else. */
	if (curproc != NULL && curproc == initproc)
		return (false);
	atomic_add(&fp->fp_hits, 1);
	if (atomic_load(&fp->fp_nth) > 0 && atomic_sub(&fp->fp_nth, 1) == 0)
		fire = true;
	if (fp->fp_ppm != 0 && fault_random() < fp->fp_ppm)
		fire = true;
	if (fire) {
		atomic_add(&fp->fp_fired, 1);
		KTR_EVENT(TEST, fault, "point=%s", KTRS(fp->fp_name));
	}
	return (fire);
}

static void
fault_init(void)
{
	const char *seed = boot_option("fault.seed");

	if (seed != NULL)
		(void)kstrtou64(seed, 0, &fault_state);
}
SYSINIT(fault, SI_LOCK, fault_init);
