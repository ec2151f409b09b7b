/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping and waking.
 *
 * 1. A wait channel is an address.  It hashes to a bucket: a spin lock and the
 *    queue of threads that sleep on any channel of that bucket.
 * 2. To sleep, a thread queues itself and is SLEEPING under the bucket lock,
 *    then checks for signals, then lets its interlock go, then switches.  Any
 *    wakeup after the queueing finds it (see lwkt.c for the window before the
 *    switch).
 * 3. Three parties end a sleep: wakeup, a signal (thread_interrupt) and the
 *    timeout callout.  Whoever removes the thread from the bucket, under its
 *    lock, wins and sets td_wakeup_error; td_wchan is NULL from then on.
 * 4. The timeout carries the number of the sleep it was armed for, so a late
 *    callout cannot end the next sleep.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include "lwkt_var.h"

#define BUCKETS 256

struct bucket {
	struct spinlock b_spin;
	struct thread_queue b_queue; /* (b_spin) */
} __aligned(64);
static struct bucket buckets[BUCKETS];

static void
sleep_init(void)
{
	for (int i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].b_spin, "sleepq");
		TAILQ_INIT(&buckets[i].b_queue);
	}
}
SYSINIT(sleep, SI_LOCK, sleep_init);

static struct bucket *
bucket_of(const void *ident)
{
	uintptr_t x = (uintptr_t)ident >> 4;

	return (&buckets[(x ^ (x >> 8) ^ (x >> 17)) % BUCKETS]);
}

/* (b_spin) Take td off its channel; the caller makes it ready after unlock. */
static void
dequeue(struct bucket *b, struct thread *td, int error)
{
	TAILQ_REMOVE(&b->b_queue, td, td_sleepq);
	td->td_wchan = NULL;
	td->td_wakeup_error = error;
}

/* End td's present sleep if want says so.  True if this call ended it. */
static bool
sleep_end(struct thread *td, int error, bool (*want)(struct thread *td))
{
	const void *ident;
	struct bucket *b;

	while ((ident = td->td_wchan) != NULL) {
		b = bucket_of(ident);
		spin_lock(&b->b_spin);
		if (td->td_wchan != ident) {
			spin_unlock(&b->b_spin);
			continue;
		}
		if (!want(td)) {
			spin_unlock(&b->b_spin);
			return (false);
		}
		dequeue(b, td, error);
		spin_unlock(&b->b_spin);
		thread_ready(td);
		return (true);
	}
	return (false);
}

static bool
want_timeout(struct thread *td)
{
	return (td->td_timeout_gen == td->td_sleep_gen);
}

static void
timeout_fire(void *arg)
{
	sleep_end(arg, EWOULDBLOCK, want_timeout);
}

static bool
want_interrupt(struct thread *td)
{
	return ((td->td_flags & TDF_SINTR) != 0);
}

void
thread_interrupt(struct thread *td)
{
	sleep_end(td, EINTR, want_interrupt);
}

static bool
want_always(struct thread *td __unused)
{
	return (true);
}

struct interlock {
	struct spinlock *spin;
	struct lock *lock;
};

static int
sleep_common(const void *ident, const struct interlock *il, int flags,
    const char *wmesg, nstime_t timeout_ns)
{
	struct thread *td = curthread;
	struct bucket *b = bucket_of(ident);
	bool excl;

	KASSERT(td != curcpu->c_idlethread, ("sleep in the idle thread"));
	if (panicstr != NULL)
		return (0);
	td->td_wmesg = wmesg;
	td->td_wakeup_error = 0;
	td->td_sleep_since = clock_mono();
	spin_lock(&b->b_spin);
	td->td_flags &= ~(uint32_t)(TDF_SINTR | TDF_KILL);
	td->td_flags |= ((flags & PCATCH) != 0 ? TDF_SINTR : 0) |
	    ((flags & PKILL) != 0 ? TDF_KILL : 0);
	td->td_sleep_gen++;
	td->td_wchan = ident;
	td->td_state = TDS_SLEEPING;
	TAILQ_INSERT_TAIL(&b->b_queue, td, td_sleepq);
	spin_unlock(&b->b_spin);

	excl = il->lock != NULL && lock_held_excl(il->lock);
	if (il->spin != NULL)
		spin_unlock(il->spin);
	if (il->lock != NULL)
		lock_release(il->lock);
	lock_check_may_sleep(wmesg);

	if ((flags & PCATCH) != 0 && td->td_lwp != NULL &&
	    sig_pending(td->td_lwp))
		sleep_end(td, EINTR, want_always);
	if (timeout_ns > 0) {
		td->td_timeout_gen = td->td_sleep_gen;
		callout_reset(&td->td_callout, timeout_ns, timeout_fire, td);
	}
	KTR_EVENT(SCHED, sleep, "chan=%p timeout=%ld", KTRP(ident),
	    (uint64_t)timeout_ns);
	lwkt_switch();
	if (timeout_ns > 0)
		callout_stop_sync(&td->td_callout);

	if (il->spin != NULL)
		spin_lock(il->spin);
	if (il->lock != NULL) {
		if (excl)
			lock_excl(il->lock);
		else
			lock_shared(il->lock);
	}
	return (td->td_wakeup_error);
}

int
tsleep(const void *ident, int flags, const char *wmesg, nstime_t timeout_ns)
{
	return (sleep_common(
	    ident, &(struct interlock){NULL, NULL}, flags, wmesg, timeout_ns));
}

int
spin_sleep(const void *ident, struct spinlock *interlock, int flags,
    const char *wmesg, nstime_t timeout_ns)
{
	return (sleep_common(ident, &(struct interlock){interlock, NULL}, flags,
	    wmesg, timeout_ns));
}

int
lock_sleep(const void *ident, struct lock *interlock, int flags,
    const char *wmesg, nstime_t timeout_ns)
{
	return (sleep_common(ident, &(struct interlock){NULL, interlock}, flags,
	    wmesg, timeout_ns));
}

static void
wakeup_n(const void *ident, int n)
{
	struct bucket *b = bucket_of(ident);
	struct thread_queue woken;
	struct thread *td, *next;

	/* No lock needed to see an empty bucket: a sleeper queues itself
	 * before it lets the interlock go that our caller holds or held. */
	if (TAILQ_EMPTY(&b->b_queue))
		return;
	TAILQ_INIT(&woken);
	spin_lock(&b->b_spin);
	TAILQ_FOREACH_SAFE(td, &b->b_queue, td_sleepq, next) {
		if (td->td_wchan != ident)
			continue;
		dequeue(b, td, 0);
		TAILQ_INSERT_TAIL(&woken, td, td_sleepq);
		if (--n == 0)
			break;
	}
	spin_unlock(&b->b_spin);
	/* A thread may sleep again as soon as it is ready: unlink it first. */
	while ((td = TAILQ_FIRST(&woken)) != NULL) {
		TAILQ_REMOVE(&woken, td, td_sleepq);
		KTR_EVENT(
		    SCHED, wakeup, "chan=%p thread=%p", KTRP(ident), KTRP(td));
		thread_ready(td);
	}
}

void
wakeup(const void *ident)
{
	wakeup_n(ident, -1);
}

void
wakeup_one(const void *ident)
{
	wakeup_n(ident, 1);
}
