/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spin locks: test-and-test-and-set, with the machine deciding how to wait
 * (a CPU of the vkernel may have lost its host core, so it yields soon).
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/lock.h>
#include "lockcheck.h"

void
spin_init_class(struct spinlock *sp, struct lock_class *cls)
{
	sp->sp_locked = 0;
	sp->sp_class = cls;
	sp->sp_owner = NULL;
}

static void
spin_wait(struct spinlock *sp)
{
	nstime_t start = 0;

	for (unsigned n = 1; atomic_swap(&sp->sp_locked, 1) != 0; n++) {
		while (atomic_load(&sp->sp_locked) != 0)
			cpu_spin_relax(n++);
		if (n > 100000 && panicstr == NULL) {
			n = 1;
			if (start == 0)
				start = clock_mono();
			else if (clock_mono() - start > HANG_NS)
				panic("spin lock %s stuck, held by %s",
				    sp->sp_class != NULL ? sp->sp_class->lc_name
							 : "?",
				    sp->sp_owner != NULL ? sp->sp_owner->td_name
							 : "?");
		}
	}
}

static inline void
acquire(struct spinlock *sp)
{
	if (__unlikely(atomic_swap(&sp->sp_locked, 1) != 0)) {
		if (sp->sp_class != NULL)
			atomic_add(&sp->sp_class->lc_spins, 1);
		spin_wait(sp);
	}
#ifdef INVARIANTS
	sp->sp_owner = curthread;
#endif
}

void
spin_lock(struct spinlock *sp)
{
	lockcheck_acquire(sp, sp->sp_class, LC_SPIN, CALLER);
	acquire(sp);
}

void
spin_lock_nested(struct spinlock *sp)
{
	lockcheck_acquire(sp, sp->sp_class, LC_SPIN | LC_NESTED, CALLER);
	acquire(sp);
}

bool
spin_trylock(struct spinlock *sp)
{
	if (atomic_swap(&sp->sp_locked, 1) != 0)
		return (false);
	lockcheck_acquire(sp, sp->sp_class, LC_SPIN | LC_TRY, CALLER);
#ifdef INVARIANTS
	sp->sp_owner = curthread;
#endif
	return (true);
}

void
spin_unlock(struct spinlock *sp)
{
	KASSERT(sp->sp_locked != 0 &&
		(sp->sp_owner == curthread || panicstr != NULL),
	    ("spin_unlock: %s not held",
		sp->sp_class != NULL ? sp->sp_class->lc_name : "?"));
#ifdef INVARIANTS
	sp->sp_owner = NULL;
#endif
	lockcheck_release(sp, sp->sp_class);
	atomic_store_rel(&sp->sp_locked, 0);
}

bool
spin_held(const struct spinlock *sp)
{
#ifdef INVARIANTS
	return (sp->sp_owner == curthread);
#else
	return (sp->sp_locked != 0);
#endif
}
