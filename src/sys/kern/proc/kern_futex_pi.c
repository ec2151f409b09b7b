/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes with priority inheritance, and waits on several words.
 *
 * 1. The word of a PI lock is its owner's thread id, or 0, with FUT_WAITERS if
 *    the owner must ask the kernel to unlock and FUT_OWNER_DIED if an owner
 *    ended with it.  Who finds it free takes it by compare and exchange, in user
 *    mode or here.
 *
 * 2. A waiter enters the queue first and then sets FUT_WAITERS in an unchanged
 *    word; so the owner's unlock comes here and finds it.  Unlocking chooses the
 *    waiter of the highest priority, writes its id into the word, and wakes it:
 *    the lock is handed over, nobody can steal it.  The word is user memory and
 *    is written with no lock held; meanwhile the chosen one is FPI_CHOSEN and
 *    waits for it, whatever signal or timeout comes.
 *
 *	FPI_WAITS --unlock--> FPI_CHOSEN --word written--> FPI_OWNER
 *	    |                     +--------fault----------> FPI_RETRY
 *	    +--owner ended, robust list--> FPI_RETRY
 *
 * 3. Inheritance.  While somebody of higher priority waits, the owner's user
 *    priority is at least that (lw_boost), from when the scheduler next looks at
 *    it.  Unlocking any PI lock ends it; waiters that are left boost the next
 *    owner.  It is not passed along chains of locks.
 *
 * 4. An owner that ends makes its waiters look again (FPI_RETRY); the first one
 *    that finds the dead owner's id takes the lock and sets FUT_OWNER_DIED.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include "futex_var.h"
#include "proc_var.h"

static int pi_waiters; /* (atomic) in all queues */

/* --- the owner ------------------------------------------------------------------ */

/* Does thread tid live?  If so it runs at prio at least. */
static bool
owner_boost(pid_t tid, int prio)
{
	struct lwp *l;

	lock_shared(&proctree_lock);
	if ((l = lwp_find(tid)) != NULL && atomic_load(&l->lw_boost) < prio)
		atomic_store(&l->lw_boost, prio);
	lock_release(&proctree_lock);
	return (l != NULL);
}

/* (bucket) The PI waiter to be next on k, or NULL. */
static struct fwaiter *
pi_best(struct fbucket *b, const struct fkey *k)
{
	struct fwaiter *w, *best = NULL;

	TAILQ_FOREACH(w, &b->fb_waiters, fw_link)
		if (w->fw_pi && futex_key_equal(&w->fw_key, k) &&
		    (best == NULL || w->fw_prio > best->fw_prio))
			best = w;
	return (best);
}

/* (bucket) Take a PI waiter off its queue, in a new state; it is not woken. */
static void
pi_dequeue(struct fbucket *b, struct fwaiter *w, int state)
{
	TAILQ_REMOVE(&b->fb_waiters, w, fw_link);
	w->fw_queued = false;
	w->fw_state = state;
}

/* --- lock ------------------------------------------------------------------------ */

/*
 * Take the lock if it is free, or its owner (dead, as the caller knows) is gone.
 * 0; EAGAIN: it is somebody's, *vp is the word; EDEADLK; EFAULT.
 */
static int
pi_try(uaddr_t addr, pid_t dead, uint32_t *vp)
{
	uint32_t me = (uint32_t)curlwp->lw_tid, v, old, new;
	int error;

	if ((error = user_load32(addr, &v)) != 0)
		return (error);
	for (;;) {
		*vp = v;
		if ((v & FUT_TID_MASK) == me)
			return (EDEADLK);
		new = me | (v & (FUT_OWNER_DIED | FUT_WAITERS));
		if ((v & FUT_TID_MASK) != 0) {
			if (dead == 0 || (v & FUT_TID_MASK) != (uint32_t)dead)
				return (EAGAIN);
			new |= FUT_OWNER_DIED;
		}
		if ((error = user_cmpxchg32(addr, v, new, &old)) != 0)
			return (error);
		if (old == v)
			return (0);
		v = old;
	}
}

/* Sleep until the lock is handed over or there is something to look at. */
static int
pi_sleep(struct fwaiter *w, nstime_t deadline, int clock)
{
	struct fbucket *b = futex_waiter_lock(w);
	nstime_t left = 0;
	int error = 0;

	while (w->fw_queued && error == 0) {
		if ((error = futex_left(deadline, clock, &left)) != 0)
			break;
		error = spin_sleep(w, &b->fb_spin, PCATCH, "futexpi", left);
		if (error == EWOULDBLOCK)
			error = 0;
	}
	if (w->fw_queued)
		pi_dequeue(b, w, FPI_WAITS);
	while (w->fw_state == FPI_CHOSEN)
		(void)spin_sleep(w, &b->fb_spin, 0, "futexpi", 0);
	if (w->fw_state == FPI_OWNER)
		error = 0;
	else if (w->fw_state == FPI_RETRY)
		error = EAGAIN;
	spin_unlock(&b->fb_spin);
	return (error);
}

/*
 * One wait for the owner that v names.  0: the lock is ours; EAGAIN: look again;
 * ESRCH: there is no such thread.
 */
static int
pi_wait(uaddr_t addr, uint32_t v, bool shared, nstime_t deadline, int clock)
{
	struct fwaiter w = {.fw_pi = true,
	    .fw_tid = curlwp->lw_tid,
	    .fw_owner = (pid_t)(v & FUT_TID_MASK),
	    .fw_prio = curlwp->lw_uprio,
	    .fw_state = FPI_WAITS};
	uint32_t old = v;
	int error;

	if (!owner_boost(w.fw_owner, w.fw_prio))
		return (ESRCH);
	error = futex_key_get(addr, shared, &w.fw_key, &w.fw_page);
	if (error != 0)
		return (error);
	atomic_add(&pi_waiters, 1);
	futex_waiter_enter(&w);
	if ((v & FUT_WAITERS) == 0)
		error = user_cmpxchg32(addr, v, v | FUT_WAITERS, &old);
	else
		error = user_load32(addr, &old);
	if (error == 0 && old != v)
		error = EAGAIN;
	/* It may have ended before we could be found in the queue. */
	if (error == 0 && !owner_boost(w.fw_owner, w.fw_prio))
		error = EAGAIN;
	if (error == 0) {
		KTR_EVENT(PROC, futex_lock_pi, "tid=%d addr=%p owner=%d",
		    (uint64_t)w.fw_tid, addr, (uint64_t)w.fw_owner);
		error = pi_sleep(&w, deadline, clock);
	} else if (futex_waiter_leave(&w)) {
		error = pi_sleep(&w, 0, clock); /* somebody has chosen us */
	}
	atomic_sub(&pi_waiters, 1);
	futex_key_put(w.fw_page);
	return (error);
}

/*
 * deadline as for kern_futex_wait.  0; EAGAIN (only try: it is taken); EDEADLK
 * (it is ours); ESRCH (its owner is no thread); ETIMEDOUT; EINTR; EFAULT.
 */
int
kern_futex_lock_pi(
    uaddr_t addr, bool shared, bool only_try, nstime_t deadline, int clock)
{
	pid_t waited = 0;
	uint32_t v = 0;
	int error;

	if ((addr & 3) != 0)
		return (EINVAL);
	for (;;) {
		error = pi_try(addr, waited, &v);
		if (error != EAGAIN || only_try)
			return (error);
		waited = 0;
		error = pi_wait(addr, v, shared, deadline, clock);
		/* It ended with the lock: others have waited for it, or we. */
		if (error == ESRCH && (v & FUT_WAITERS) != 0)
			waited = (pid_t)(v & FUT_TID_MASK);
		else if (error != EAGAIN)
			return (error);
	}
}

/* --- unlock ----------------------------------------------------------------------- */

/*
 * Give the lock at addr to w, which is FPI_CHOSEN: write the word, wake it.
 * FUT_WAITERS stays, for somebody may enter the queue just now.  Who is in the
 * queue when the word is written waits for the new owner.
 */
static int
pi_hand_over(uaddr_t addr, struct fwaiter *w)
{
	uint32_t v, old, new = (uint32_t)w->fw_tid | FUT_WAITERS;
	struct fbucket *b = w->fw_bucket;
	struct fwaiter *other;
	int error;

	error = user_load32(addr, &v);
	while (error == 0) {
		error = user_cmpxchg32(addr, v, new, &old);
		if (error == 0 && old == v)
			break;
		v = old;
	}
	spin_lock(&b->fb_spin);
	TAILQ_FOREACH(other, &b->fb_waiters, fw_link)
		if (error == 0 && other->fw_pi &&
		    futex_key_equal(&other->fw_key, &w->fw_key))
			other->fw_owner = w->fw_tid;
	w->fw_state = error == 0 ? FPI_OWNER : FPI_RETRY;
	wakeup(w);
	spin_unlock(&b->fb_spin);
	return (error);
}

/* 0, EPERM (not ours), EFAULT, EINVAL. */
int
kern_futex_unlock_pi(uaddr_t addr, bool shared)
{
	struct lwp *lp = curlwp;
	uint32_t v, old;
	struct vm_page *pg;
	struct fbucket *b;
	struct fwaiter *w;
	struct fkey k;
	int error;

	if ((error = futex_key_get(addr, shared, &k, &pg)) != 0)
		return (error);
	atomic_store(&lp->lw_boost, 0);
	b = futex_bucket(&k);
	if ((error = user_load32(addr, &v)) != 0)
		goto out;
	for (;;) {
		if ((v & FUT_TID_MASK) != (uint32_t)lp->lw_tid) {
			error = EPERM;
			break;
		}
		spin_lock(&b->fb_spin);
		if ((w = pi_best(b, &k)) != NULL)
			pi_dequeue(b, w, FPI_CHOSEN);
		spin_unlock(&b->fb_spin);
		if (w != NULL) {
			error = pi_hand_over(addr, w);
			break;
		}
		/* Who enters the queue now changes the word first. */
		error = user_cmpxchg32(addr, v, 0, &old);
		if (error != 0 || old == v)
			break;
		v = old;
	}
out:
	futex_key_put(pg);
	return (error);
}

/* --- owners that end --------------------------------------------------------------- */

/* (bucket) */
static void
pi_retry(struct fbucket *b, struct fwaiter *w)
{
	pi_dequeue(b, w, FPI_RETRY);
	wakeup(w);
}

void
futex_pi_owner_died(pid_t tid)
{
	struct fwaiter *w, *next;

	if (atomic_load(&pi_waiters) == 0)
		return;
	for (int i = 0; i < FUTEX_BUCKETS; i++) {
		struct fbucket *b = &futex_buckets[i];

		spin_lock(&b->fb_spin);
		TAILQ_FOREACH_SAFE(w, &b->fb_waiters, fw_link, next)
			if (w->fw_pi && w->fw_owner == tid)
				pi_retry(b, w);
		spin_unlock(&b->fb_spin);
	}
}

void
futex_pi_retry(uaddr_t addr)
{
	struct fwaiter *w, *next;
	struct vm_page *pg;
	struct fbucket *b;
	struct fkey k;

	for (int shared = 0; shared < 2; shared++) {
		if (futex_key_get(addr, shared != 0, &k, &pg) != 0)
			return;
		b = futex_bucket(&k);
		spin_lock(&b->fb_spin);
		TAILQ_FOREACH_SAFE(w, &b->fb_waiters, fw_link, next)
			if (w->fw_pi && futex_key_equal(&w->fw_key, &k))
				pi_retry(b, w);
		spin_unlock(&b->fb_spin);
		futex_key_put(pg);
	}
}

/* --- several words -------------------------------------------------------------------- */

/* Enter a waiter for each word: 0, EAGAIN (one has another value), EFAULT.. */
static int
waitv_enter(const struct kfutex_wait *v, unsigned n, struct fwaiter *ws,
    struct fgroup *g, unsigned *enteredp)
{
	uint32_t value;
	int error;

	for (*enteredp = 0; *enteredp < n; (*enteredp)++) {
		const struct kfutex_wait *f = &v[*enteredp];
		struct fwaiter *w = &ws[*enteredp];

		w->fw_bitset = ~0u;
		w->fw_tid = curlwp->lw_tid;
		w->fw_group = g;
		error =
		    futex_key_get(f->addr, f->shared, &w->fw_key, &w->fw_page);
		if (error != 0)
			return (error);
		futex_waiter_enter(w);
		if ((error = user_load32(f->addr, &value)) == 0 &&
		    value != f->expect)
			error = EAGAIN;
		if (error != 0) {
			(*enteredp)++;
			return (error);
		}
	}
	return (0);
}

/*
 * Wait until any of n words is woken; *indexp is which.  EAGAIN, ETIMEDOUT,
 * EINTR, EFAULT, EINVAL, ENOMEM.
 */
int
kern_futex_waitv(const struct kfutex_wait *v, unsigned n, nstime_t deadline,
    int clock, int *indexp)
{
	struct fgroup g = {.fg_woken = false};
	unsigned entered = 0;
	struct fwaiter *ws;
	nstime_t left;
	int error;

	ws = kmalloc(n * sizeof(*ws), M_TEMP, M_WAITOK | M_ZERO);
	if (ws == NULL)
		return (ENOMEM);
	spin_init(&g.fg_spin, "futex group");
	error = waitv_enter(v, n, ws, &g, &entered);
	if (error == 0) {
		spin_lock(&g.fg_spin);
		while (!g.fg_woken && error == 0 &&
		    (error = futex_left(deadline, clock, &left)) == 0) {
			error =
			    spin_sleep(&g, &g.fg_spin, PCATCH, "futexv", left);
			if (error == EWOULDBLOCK)
				error = 0;
		}
		spin_unlock(&g.fg_spin);
	}
	for (unsigned i = 0; i < entered; i++) {
		if (futex_waiter_leave(&ws[i])) {
			*indexp = (int)i; /* the last one that was woken */
			error = 0;
		}
		futex_key_put(ws[i].fw_page);
	}
	kfree(ws, M_TEMP);
	return (error);
}
