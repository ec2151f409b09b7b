/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks.
 *
 * struct spinlock  short, never held over anything that may sleep.  Taking
 *                  it on every CPU is cheap; recursion panics.
 * struct lock      sleeping shared/exclusive lock.  Writers wait ahead of new
 *                  readers.  Owner may not recurse unless LK_CANRECURSE.
 *
 * Every lock belongs to a class, named at its init site ("proc", "vnode"): the
 * lock-order checker (INVARIANTS builds) keeps the graph of class orders that
 * were ever seen and panics on a cycle, on a sleep while spinning, on recursion
 * and on a wait longer than the hang limit.  Two locks of one class may be
 * held only with LK_NESTED, by a rule documented where it is done.
 *
 * Context: spin_* anywhere; lock_* only where the thread may sleep.
 */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <sys/types.h>
#include <sys/queue.h>

struct thread;

/* The key of a class: one static object per init site. */
struct lock_class {
	const char *lc_name;
	uint16_t lc_id;	   /* 0 until first use; then the graph's node */
	uint64_t lc_waits; /* (atomic) sleeps for a lock of it */
	uint64_t lc_spins; /* (atomic) acquisitions that had to spin */
};

struct spinlock {
	volatile uint32_t sp_locked;
	struct lock_class *sp_class;
	struct thread *sp_owner; /* INVARIANTS: for reports */
};

struct lock {
	struct spinlock lk_spin; /* guards the rest */
	struct thread *lk_owner; /* exclusive holder or NULL */
	int32_t lk_readers;	 /* shared holders */
	uint16_t lk_flags;
	uint16_t lk_depth;	  /* recursion of the owner */
	uint32_t lk_waiting_excl; /* exclusive waiters */
	uint32_t lk_waiting_shared;
	struct lock_class *lk_class;
};

#define LK_CANRECURSE 0x0001

#define SPIN_INIT_CLASS(cls)                                                   \
	{                                                                      \
		0, (cls), NULL                                                 \
	}
/* Static definition: SPINLOCK_DEFINE(proctree_spin, "proctree"); */
#define SPINLOCK_DEFINE(var, name)                                             \
	static struct lock_class CONCAT(var, _class) __kshm = {name, 0};       \
	SET_ENTRY(lock_classes, &CONCAT(var, _class));                         \
	struct spinlock var = SPIN_INIT_CLASS(&CONCAT(var, _class))
#define LOCK_DEFINE(var, name)                                                 \
	static struct lock_class CONCAT(var, _class) __kshm = {name, 0};       \
	SET_ENTRY(lock_classes, &CONCAT(var, _class));                         \
	struct lock var = {.lk_spin = SPIN_INIT_CLASS(NULL),                   \
	    .lk_class = &CONCAT(var, _class)}

void spin_init_class(struct spinlock *sp, struct lock_class *cls);
#define spin_init(sp, name)                                                    \
	do {                                                                   \
		static struct lock_class _lc __kshm = {name, 0};               \
		SET_ENTRY(lock_classes, &_lc);                                 \
		spin_init_class((sp), &_lc);                                   \
	} while (0)
void spin_lock(struct spinlock *sp);
void spin_lock_nested(struct spinlock *sp); /* second of the same class */
bool spin_trylock(struct spinlock *sp);
void spin_unlock(struct spinlock *sp);
bool spin_held(const struct spinlock *sp); /* by this CPU; true w/o checks */
#define SPIN_ASSERT(sp) KASSERT(spin_held(sp), ("%s: lock not held", __func__))

void lock_init_class(struct lock *lk, int flags, struct lock_class *cls);
#define lock_init(lk, name, flags)                                             \
	do {                                                                   \
		static struct lock_class _lc __kshm = {name, 0};               \
		SET_ENTRY(lock_classes, &_lc);                                 \
		lock_init_class((lk), (flags), &_lc);                          \
	} while (0)
void lock_destroy(struct lock *lk); /* must be free */
void lock_excl(struct lock *lk);
void lock_excl_nested(struct lock *lk);
void lock_shared(struct lock *lk);
bool lock_try_excl(struct lock *lk);
bool lock_try_shared(struct lock *lk);
bool lock_try_upgrade(struct lock *lk); /* shared -> excl if only holder */
void lock_downgrade(struct lock *lk);
void lock_release(struct lock *lk);	    /* either kind */
bool lock_held_excl(const struct lock *lk); /* by curthread */
bool lock_held(const struct lock *lk);	    /* excl by us, or shared by any */
#define LOCK_ASSERT_EXCL(lk)                                                   \
	KASSERT(lock_held_excl(lk), ("%s: lock not held", __func__))
#define LOCK_ASSERT(lk) KASSERT(lock_held(lk), ("%s: lock not held", __func__))

/* Panics if curthread holds any spin lock (INVARIANTS). */
void lock_check_may_sleep(const char *what);
/* Panics if curthread holds a spin lock: before a switch. */
void lock_check_no_spin(const char *what);
/* On return to user: panics if curthread still holds any lock. */
void lock_check_none_held(const char *where);

#endif
