/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference counts: saturate into a panic, never into a free. */
#ifndef SYS_REFCOUNT_H
#define SYS_REFCOUNT_H

#include <sys/atomic.h>
#include <sys/systm.h>

typedef uint32_t refcount_t;

static inline void
ref_init(refcount_t *r, uint32_t n)
{
	atomic_store(r, n);
}

static inline void
ref_hold(refcount_t *r)
{
	uint32_t old = atomic_fetchadd(r, 1);

	KASSERT(old != 0 && old < 0x80000000u, ("ref_hold: count %u", old));
}

/* True if the count was not zero and has been raised. */
static inline bool
ref_hold_unless_zero(refcount_t *r)
{
	uint32_t old = atomic_load(r);

	while (old != 0) {
		if (atomic_cmpset(r, old, old + 1))
			return (true);
		old = atomic_load(r);
	}
	return (false);
}

/* True if this was the last reference: the caller destroys the object. */
static inline bool __must_check
ref_drop(refcount_t *r)
{
	uint32_t old = atomic_fetchadd(r, (uint32_t)-1);

	KASSERT(old != 0, ("ref_drop: count 0"));
	return (old == 1);
}

#endif
