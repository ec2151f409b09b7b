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
 * 3. Inheritance.  While somebody of a higher rank waits, the owner's rank is at
 *    least that (lw_boost); if the owner waits for a PI lock itself (lw_pi_owner),
 *    so is that one's owner's, and so on.  A chain that comes back to the one who
 *    wants to wait is a deadlock.  Whoever gets a lock inherits from those who
 *    wait on; unlocking, and the end of a wait without the lock, count anew.
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
#include <sys/sched.h>
#include "futex_var.h"
#include "proc_var.h"

static int pi_waiters; /* (atomic) in all queues */

/* --- the owner ------------------------------------------------------------------ */

#define PI_CHAIN 1024 /* owners that are followed */

static int
waiter_rank(const struct lwp *lp)
{
	return (MAX(atomic_load(&lp->lw_rank), atomic_load(&lp->lw_boost)));
}

/*
 * Thread tid, and whoever it waits for, runs with rank at least.  ESRCH: there
 * is no such thread; EDEADLK: it waits for the caller.
 */
static int
owner_boost(pid_t tid, int rank)
{
	int depth = 0, error = 0;
	struct lwp *l;

	lock_shared(&proctree_lock);
	for (; tid != 0 && depth < PI_CHAIN; depth++) {
		if ((l = lwp_find(tid)) == NULL) {
			error = depth == 0 ? ESRCH : 0;
			break;
		}
		if (l == curlwp) {
			error = EDEADLK;
			break;
		}
		if (atomic_load(&l->lw_boost) < rank) {
			atomic_store(&l->lw_boost, rank);
			usched_changed(l);
		}
		tid = atomic_load(&l->lw_pi_owner);
	}
	lock_release(&proctree_lock);
	return (error);
}

/* The highest rank of those who wait for thread tid. */
static int
rank_waiting_for(pid_t tid)
{
	struct fwaiter *w;
	int rank = 0;

	if (atomic_load(&pi_waiters) == 0)
		return (0);
	for (int i = 0; i < FUTEX_BUCKETS; i++) {
		struct fbucket *b = &futex_buckets[i];

		spin_lock(&b->fb_spin);
		TAILQ_FOREACH(w, &b->fb_waiters, fw_link)
			if (w->fw_pi && w->fw_owner == tid)
				rank = MAX(rank, waiter_rank(w->fw_lwp));
		spin_unlock(&b->fb_spin);
	}
	return (rank);
}

/* Somebody does not wait for thread tid any more: count anew, along the chain. */
static void
owner_recount(pid_t tid)
{
	struct lwp *l;
	int rank;

	lock_shared(&proctree_lock);
	for (int depth = 0; tid != 0 && depth < PI_CHAIN; depth++) {
		if ((l = lwp_find(tid)) == NULL ||
		    atomic_load(&l->lw_boost) == 0)
			break;
		rank = rank_waiting_for(tid);
		if (atomic_load(&l->lw_boost) == rank)
			break;
		atomic_store(&l->lw_boost, rank);
		usched_changed(l);
		tid = atomic_load(&l->lw_pi_owner);
	}
	lock_release(&proctree_lock);
}

/* (bucket) The PI waiter to be next on k, or NULL. */
static struct fwaiter *
pi_best(struct fbucket *b, const struct fkey *k)
{
	struct fwaiter *w, *best = NULL;

	TAILQ_FOREACH(w, &b->fb_waiters, fw_link)
		if (w->fw_pi && futex_key_equal(&w->fw_key, k) &&
		    (best == NULL ||
			waiter_rank(w->fw_lwp) > waiter_rank(best->fw_lwp)))
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
	atomic_store(&w->fw_lwp->lw_pi_owner, 0);
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
 * The word says that there are waiters: its owner cannot go without looking at
 * the queue.  From now on w is a link of the chain, until it leaves the queue
 * (pi_dequeue) or waits for another owner (pi_relink).
 */
static void
pi_link(struct fwaiter *w, bool on)
{
	struct fbucket *b = futex_waiter_lock(w);

	if (w->fw_queued)
		atomic_store(&w->fw_lwp->lw_pi_owner, on ? w->fw_owner : 0);
	spin_unlock(&b->fb_spin);
}

/*
 * One wait for the owner that v names.  0: the lock is ours; EAGAIN: look again;
 * ESRCH: there is no such thread.
 */
static int
pi_wait(uaddr_t addr, uint32_t v, bool shared, nstime_t deadline, int clock)
{
	struct lwp *lp = curlwp;
	struct fwaiter w = {.fw_pi = true,
	    .fw_tid = lp->lw_tid,
	    .fw_owner = (pid_t)(v & FUT_TID_MASK),
	    .fw_lwp = lp,
	    .fw_state = FPI_WAITS};
	pid_t owner = w.fw_owner;
	uint32_t old = v;
	int error;

	if ((error = owner_boost(owner, waiter_rank(lp))) == ESRCH)
		return (error);
	if (error == 0)
		error = futex_key_get(addr, shared, &w.fw_key, &w.fw_page);
	if (error != 0) {
		owner_recount(owner);
		return (error);
	}
	atomic_add(&pi_waiters, 1);
	futex_waiter_enter(&w);
	if ((v & FUT_WAITERS) == 0)
		error = user_cmpxchg32(addr, v, v | FUT_WAITERS, &old);
	else
		error = user_load32(addr, &old);
	if (error == 0 && old != v)
		error = EAGAIN;
	/* It may have ended, or begun to wait for us, before we were found in
	 * the queue. */
	if (error == 0)
		pi_link(&w, true);
	if (error == 0 &&
	    (error = owner_boost(owner, waiter_rank(lp))) == ESRCH)
		error = EAGAIN;
	if (error == 0) {
		KTR_EVENT(PROC, futex_lock_pi, "tid=%d addr=%p owner=%d",
		    (uint64_t)w.fw_tid, addr, (uint64_t)w.fw_owner);
		error = pi_sleep(&w, deadline, clock);
	} else {
		pi_link(&w, false);
		if (futex_waiter_leave(&w)) /* somebody has chosen us */
			error = pi_sleep(&w, 0, clock);
	}
	atomic_sub(&pi_waiters, 1);
	futex_key_put(w.fw_page);
	if (error != 0)
		owner_recount(w.fw_owner);
	return (error);
}

/*
 * deadline as for kern_futex_wait.  0; EAGAIN (only try: it is taken); EDEADLK
 * (it is ours, or its owner waits for us); ESRCH (its owner is no thread); ETIMEDOUT; EINTR; EFAULT.
 */
int
kern_futex_lock_pi(
    uaddr_t addr, bool shared, bool only_try, nstime_t deadline, int clock)
{
	pid_t waited = 0;
	uint32_t v = 0, now;
	int error;

	if ((addr & 3) != 0)
		return (EINVAL);
	for (;;) {
		error = pi_try(addr, waited, &v);
		if (error != EAGAIN || only_try)
			return (error);
		waited = 0;
		error = pi_wait(addr, v, shared, deadline, clock);
		if (error == EAGAIN)
			continue;
		if (error != ESRCH)
			return (error);
		/* It ended with the lock: others have waited for it, or we. */
		if ((v & FUT_WAITERS) != 0) {
			waited = (pid_t)(v & FUT_TID_MASK);
			continue;
		}
		/* Or it gave the lock back and ended, since we looked. */
		if ((error = user_load32(addr, &now)) != 0)
			return (error);
		if (now == v)
			return (ESRCH);
	}
}

/* --- unlock ----------------------------------------------------------------------- */

/*
 * Who is in the queue waits for w from now on, before the word says so: the
 * chain must not lead to the one who is about to unlock, for it may want
 * another lock next.  Their highest rank, or 0.
 */
static int
pi_relink(struct fbucket *b, const struct fwaiter *w)
{
	struct fwaiter *other;
	int rank = 0;

	spin_lock(&b->fb_spin);
	TAILQ_FOREACH(other, &b->fb_waiters, fw_link)
		if (other->fw_pi &&
		    futex_key_equal(&other->fw_key, &w->fw_key)) {
			other->fw_owner = w->fw_tid;
			if (atomic_load(&other->fw_lwp->lw_pi_owner) != 0)
				atomic_store(
				    &other->fw_lwp->lw_pi_owner, w->fw_tid);
			rank = MAX(rank, waiter_rank(other->fw_lwp));
		}
	spin_unlock(&b->fb_spin);
	return (rank);
}

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
	pid_t tid = w->fw_tid;
	int error, rank;

	rank = pi_relink(b, w);
	error = user_load32(addr, &v);
	while (error == 0) {
		error = user_cmpxchg32(addr, v, new, &old);
		if (error == 0 && old == v)
			break;
		v = old;
	}
	/* And who entered it meanwhile. */
	rank = MAX(rank, pi_relink(b, w));
	spin_lock(&b->fb_spin);
	w->fw_state = error == 0 ? FPI_OWNER : FPI_RETRY;
	wakeup(w);
	spin_unlock(&b->fb_spin);
	if (rank != 0)
		(void)owner_boost(tid, rank);
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
	if (atomic_load(&lp->lw_boost) != 0)
		owner_recount(lp->lw_tid);
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
