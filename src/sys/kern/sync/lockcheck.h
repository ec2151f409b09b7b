/* SPDX-License-Identifier: BSD-2-Clause */
/* What spin.c and lock.c tell the lock-order checker; nothing in release. */
#ifndef LOCKCHECK_H
#define LOCKCHECK_H

#include <sys/lock.h>

enum {
	LC_SPIN = 1,
	LC_TRY = 2,
	LC_NESTED = 4
};

#ifdef INVARIANTS
void lockcheck_acquire(
    const void *lock, struct lock_class *lc, int how, const void *where);
void lockcheck_release(const void *lock, struct lock_class *lc);
bool lockcheck_holds(const void *lock);
#else
#define lockcheck_acquire(lock, lc, how, where) ((void)0)
#define lockcheck_release(lock, lc)		((void)0)
#define lockcheck_holds(lock)			(true)
#endif

#define CALLER	__builtin_return_address(0)
#define HANG_NS (10 * NS_PER_SEC)

#endif
