/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping shared/exclusive locks.
 *
 * A spin lock guards the word state; who cannot have the lock sleeps on one of
 * two channels, writers on lk_waiting_excl, readers on lk_waiting_shared.
 * While a writer waits no new reader enters, so writers do not starve; when an
 * exclusive holder leaves, waiting writers go first, one at a time.
 *
 * Invariants: (1) lk_owner != NULL implies lk_readers == 0.  (2) lk_depth > 0
 * only with an owner and LK_CANRECURSE.
 *
 * A wait longer than HANG_NS is reported with the owner's stack, again each
 * HANG_NS.  In a run by a seed too many of these reports are a panic.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/explore.h>
#include <sys/ktr.h>
#include <sys/lock.h>
#include <sys/thread.h>
#include "lockcheck.h"

#define HANGS_MAX 20

void
lock_init_class(struct lock *lk, int flags, struct lock_class *cls)
{
	memset(lk, 0, sizeof(*lk));
	lk->lk_flags = (uint16_t)flags;
	lk->lk_class = cls;
}

void
lock_destroy(struct lock *lk)
{
	KASSERT(lk->lk_owner == NULL && lk->lk_readers == 0 &&
		lk->lk_waiting_excl == 0 && lk->lk_waiting_shared == 0,
	    ("lock_destroy: %s in use", lk->lk_class->lc_name));
	memset(lk, 0, sizeof(*lk));
}

static int hangs; /* reports so far */

static void
report_hang(struct lock *lk)
{
	struct thread *owner = lk->lk_owner;

	kprintf("lock %s (%p): %s waits for more than %lld s; ",
	    lk->lk_class->lc_name, lk, curthread->td_name,
	    HANG_NS / NS_PER_SEC);
	if (owner == NULL) {
		kprintf("%d readers\n", lk->lk_readers);
		return;
	}
	kprintf("held by %s\n", owner->td_name);
	thread_backtrace(owner);
	/* By its own clock a repeatable run could wait for years. */
	if (explore_on && ++hangs > HANGS_MAX)
		panic("locks are waited for too long, by %s and others",
		    curthread->td_name);
}

/* (lk_spin) One sleep for a change of lk. */
static void
wait_turn(struct lock *lk, uint32_t *waiters)
{
	(*waiters)++;
	atomic_add(&lk->lk_class->lc_waits, 1);
	KTR_EVENT(LOCK, wait, "lock=%p owner=%p class=%s", KTRP(lk),
	    KTRP(lk->lk_owner), KTRS(lk->lk_class->lc_name));
	if (spin_sleep(waiters, &lk->lk_spin, 0, "lock", HANG_NS) ==
	    EWOULDBLOCK)
		report_hang(lk);
	(*waiters)--;
}

static void
acquire_excl(struct lock *lk, int how, const void *where)
{
	struct thread *td = curthread;

	lock_check_may_sleep("lock_excl");
	explore_point();
	if (lk->lk_owner == td && (lk->lk_flags & LK_CANRECURSE) != 0) {
		lk->lk_depth++;
		return;
	}
	KASSERT(lk->lk_owner != td,
	    ("lock_excl: %s already held", lk->lk_class->lc_name));
	lockcheck_acquire(lk, lk->lk_class, how, where);
	spin_lock(&lk->lk_spin);
	while (lk->lk_owner != NULL || lk->lk_readers > 0)
		wait_turn(lk, &lk->lk_waiting_excl);
	lk->lk_owner = td;
	spin_unlock(&lk->lk_spin);
}

void
lock_excl(struct lock *lk)
{
	acquire_excl(lk, 0, CALLER);
}

void
lock_excl_nested(struct lock *lk)
{
	acquire_excl(lk, LC_NESTED, CALLER);
}

void
lock_shared(struct lock *lk)
{
	lock_check_may_sleep("lock_shared");
	explore_point();
	KASSERT(lk->lk_owner != curthread,
	    ("lock_shared: %s held exclusively", lk->lk_class->lc_name));
	lockcheck_acquire(lk, lk->lk_class, 0, CALLER);
	spin_lock(&lk->lk_spin);
	while (lk->lk_owner != NULL || lk->lk_waiting_excl > 0)
		wait_turn(lk, &lk->lk_waiting_shared);
	lk->lk_readers++;
	spin_unlock(&lk->lk_spin);
}

bool
lock_try_excl(struct lock *lk)
{
	bool got = false;

	spin_lock(&lk->lk_spin);
	if (lk->lk_owner == NULL && lk->lk_readers == 0) {
		lk->lk_owner = curthread;
		got = true;
	}
	spin_unlock(&lk->lk_spin);
	if (got)
		lockcheck_acquire(lk, lk->lk_class, LC_TRY, CALLER);
	return (got);
}

bool
lock_try_shared(struct lock *lk)
{
	bool got = false;

	spin_lock(&lk->lk_spin);
	if (lk->lk_owner == NULL && lk->lk_waiting_excl == 0) {
		lk->lk_readers++;
		got = true;
	}
	spin_unlock(&lk->lk_spin);
	if (got)
		lockcheck_acquire(lk, lk->lk_class, LC_TRY, CALLER);
	return (got);
}

bool
lock_try_upgrade(struct lock *lk)
{
	bool got = false;

	spin_lock(&lk->lk_spin);
	if (lk->lk_readers == 1) {
		lk->lk_readers = 0;
		lk->lk_owner = curthread;
		got = true;
	}
	spin_unlock(&lk->lk_spin);
	return (got);
}

/* (lk_spin) The lock got freer: wake who may have it. */
static void
wake_next(struct lock *lk)
{
	if (lk->lk_waiting_excl > 0) {
		if (lk->lk_readers == 0)
			wakeup_one(&lk->lk_waiting_excl);
	} else if (lk->lk_waiting_shared > 0)
		wakeup(&lk->lk_waiting_shared);
}

void
lock_downgrade(struct lock *lk)
{
	LOCK_ASSERT_EXCL(lk);
	spin_lock(&lk->lk_spin);
	lk->lk_owner = NULL;
	lk->lk_readers = 1;
	if (lk->lk_waiting_excl == 0)
		wake_next(lk);
	spin_unlock(&lk->lk_spin);
}

void
lock_release(struct lock *lk)
{
	if (lk->lk_owner == curthread && lk->lk_depth > 0) {
		lk->lk_depth--;
		return;
	}
	lockcheck_release(lk, lk->lk_class);
	spin_lock(&lk->lk_spin);
	if (lk->lk_owner != NULL) {
		KASSERT(lk->lk_owner == curthread || panicstr != NULL,
		    ("lock_release: %s owned by %s", lk->lk_class->lc_name,
			lk->lk_owner->td_name));
		lk->lk_owner = NULL;
	} else {
		KASSERT(lk->lk_readers > 0 || panicstr != NULL,
		    ("lock_release: %s is free", lk->lk_class->lc_name));
		lk->lk_readers--;
	}
	wake_next(lk);
	spin_unlock(&lk->lk_spin);
}

bool
lock_held_excl(const struct lock *lk)
{
	return (lk->lk_owner == curthread);
}

bool
lock_held(const struct lock *lk)
{
	return (lk->lk_owner == curthread ||
	    (lk->lk_readers > 0 && lockcheck_holds(lk)));
}
