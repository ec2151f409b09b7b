/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The futex core: sleep on a user word unless it has changed, wake sleepers.
 *
 * 1. Keys.  A word of private memory is (vmspace, address); one in a shared
 *    mapping, unless the caller promises not to share it, is (page, offset)
 *    of the physical page behind it, which stays wired while somebody sleeps, so
 *    its identity cannot change.
 * 2. Waiting.  The waiter enters its bucket's queue first, then reads the word:
 *    who changed the word before that read is seen by the read, who changes it
 *    after will find the waiter when he wakes.  The read may fault, so no lock
 *    is held over it.  A waiter that was woken before it noticed that the word
 *    differs keeps the wakeup (returns 0).
 * 3. Requeue moves waiters between buckets: fw_bucket is (both buckets); a
 *    waiter locks what it points to and looks again.  Two buckets are locked in
 *    address order.
 *
 * Robust lists and clear-child-tid are the futex side of a thread's end.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include "futex_var.h"
#include "proc_var.h"

struct fbucket futex_buckets[FUTEX_BUCKETS];

static void
futex_init(void)
{
	for (int i = 0; i < FUTEX_BUCKETS; i++) {
		spin_init(&futex_buckets[i].fb_spin, "futex");
		TAILQ_INIT(&futex_buckets[i].fb_waiters);
	}
}
SYSINIT(futex, SI_KERN, futex_init);

struct fbucket *
futex_bucket(const struct fkey *k)
{
	return (&futex_buckets[hash64(k, sizeof(*k), 0) % FUTEX_BUCKETS]);
}

bool
futex_key_equal(const struct fkey *a, const struct fkey *b)
{
	return (a->fk_object == b->fk_object && a->fk_offset == b->fk_offset);
}

/*
 * Is addr in a mapping that others may share?  A word of private memory is
 * never shared, whatever the caller says, and its page may change under it when
 * a fork is followed by a write.
 */
static bool
addr_shared(struct vmspace *vm, uaddr_t addr)
{
	struct vm_entry_info info;
	bool shared;

	if (vmspace_entry_info(vm, addr, &info) != 0)
		return (false);
	shared = info.vei_start <= addr && info.vei_shared;
	if (info.vei_vp != NULL)
		vnode_drop(info.vei_vp);
	return (shared);
}

/* EINVAL (alignment), EFAULT, ENOMEM.  *pgp is wired if not NULL. */
int
futex_key_get(uaddr_t addr, bool shared, struct fkey *k, struct vm_page **pgp)
{
	struct vmspace *vm = curproc->p_vmspace;
	int error;

	*pgp = NULL;
	if ((addr & 3) != 0)
		return (EINVAL);
	if (!shared || !addr_shared(vm, addr)) {
		k->fk_object = (uintptr_t)vm;
		k->fk_offset = addr;
		return (0);
	}
	error = vm_fault_page(vm, trunc_page(addr), VM_PROT_READ, pgp);
	if (error != 0)
		return (error == ENOMEM ? ENOMEM : EFAULT);
	k->fk_object = (uintptr_t)*pgp;
	k->fk_offset = addr & PAGE_MASK;
	return (0);
}

void
futex_key_put(struct vm_page *pg)
{
	if (pg != NULL)
		vm_page_unwire(pg);
}

/* Lock the bucket that w is in, which may change until it is locked. */
struct fbucket *
futex_waiter_lock(struct fwaiter *w)
{
	struct fbucket *b;

	for (;;) {
		b = w->fw_bucket;
		spin_lock(&b->fb_spin);
		if (b == w->fw_bucket)
			return (b);
		spin_unlock(&b->fb_spin);
	}
}

/* Take w off its queue if it is still on it.  True if it was woken before. */
bool
futex_waiter_leave(struct fwaiter *w)
{
	struct fbucket *b = futex_waiter_lock(w);
	bool woken = !w->fw_queued;

	if (w->fw_queued) {
		TAILQ_REMOVE(&b->fb_waiters, w, fw_link);
		w->fw_queued = false;
	}
	spin_unlock(&b->fb_spin);
	return (woken);
}

void
futex_waiter_enter(struct fwaiter *w)
{
	struct fbucket *b = futex_bucket(&w->fw_key);

	w->fw_bucket = b;
	w->fw_queued = true;
	spin_lock(&b->fb_spin);
	TAILQ_INSERT_TAIL(&b->fb_waiters, w, fw_link);
	spin_unlock(&b->fb_spin);
}

int
futex_left(nstime_t deadline, int clock, nstime_t *leftp)
{
	*leftp = 0;
	if (deadline == 0)
		return (0);
	*leftp =
	    deadline - (clock == CLOCK_REALTIME ? clock_real() : clock_mono());
	return (*leftp <= 0 ? ETIMEDOUT : 0);
}

/* Sleep until woken: 0, ETIMEDOUT, EINTR. */
static int
waiter_sleep(struct fwaiter *w, nstime_t deadline, int clock)
{
	nstime_t left = 0;
	struct fbucket *b = futex_waiter_lock(w);
	int error = 0;

	while (w->fw_queued) {
		if ((error = futex_left(deadline, clock, &left)) != 0)
			break;
		error = spin_sleep(w, &b->fb_spin, PCATCH, "futex", left);
		if (b != w->fw_bucket) {
			spin_unlock(&b->fb_spin);
			b = futex_waiter_lock(w);
		}
		if (error != 0 && error != EWOULDBLOCK)
			break;
		error = 0;
	}
	if (!w->fw_queued)
		error = 0;
	spin_unlock(&b->fb_spin);
	return (error);
}

/*
 * deadline: absolute on clock (CLOCK_REALTIME or CLOCK_MONOTONIC), 0: none.
 * 0 woken; EAGAIN the word is not expect; ETIMEDOUT; EINTR; EFAULT; EINVAL.
 */
int
kern_futex_wait(uaddr_t addr, uint32_t expect, uint32_t bitset, bool shared,
    nstime_t deadline, int clock)
{
	struct fwaiter w = {.fw_bitset = bitset, .fw_tid = curlwp->lw_tid};
	uint32_t value;
	int error;

	if (bitset == 0)
		return (EINVAL);
	error = futex_key_get(addr, shared, &w.fw_key, &w.fw_page);
	if (error != 0)
		return (error);
	futex_waiter_enter(&w);
	error = user_load32(addr, &value);
	if (error == 0 && value != expect)
		error = EAGAIN;
	if (error == 0) {
		KTR_EVENT(PROC, futex_wait, "tid=%d addr=%p",
		    (uint64_t)w.fw_tid, addr);
		error = waiter_sleep(&w, deadline, clock);
	}
	if (futex_waiter_leave(&w))
		error = 0;
	futex_key_put(w.fw_page);
	return (error);
}

/* (bucket) Let w go.  It may be gone as soon as the bucket is unlocked. */
static void
waiter_wake(struct fbucket *b, struct fwaiter *w)
{
	struct fgroup *g = w->fw_group;

	TAILQ_REMOVE(&b->fb_waiters, w, fw_link);
	w->fw_queued = false;
	if (g == NULL) {
		wakeup(w);
		return;
	}
	spin_lock(&g->fg_spin);
	g->fg_woken = true;
	wakeup(g);
	spin_unlock(&g->fg_spin);
}

int
kern_futex_wake(uaddr_t addr, int n, uint32_t bitset, bool shared, int *wokenp)
{
	struct fwaiter *w, *next;
	struct vm_page *pg;
	struct fbucket *b;
	struct fkey k;
	int error, woken = 0;

	*wokenp = 0;
	if (bitset == 0)
		return (EINVAL);
	if ((error = futex_key_get(addr, shared, &k, &pg)) != 0)
		return (error);
	b = futex_bucket(&k);
	spin_lock(&b->fb_spin);
	TAILQ_FOREACH_SAFE(w, &b->fb_waiters, fw_link, next) {
		if (woken >= n)
			break;
		if (!futex_key_equal(&w->fw_key, &k) || w->fw_pi ||
		    (w->fw_bitset & bitset) == 0)
			continue;
		waiter_wake(b, w);
		woken++;
	}
	spin_unlock(&b->fb_spin);
	futex_key_put(pg);
	KTR_EVENT(PROC, futex_wake, "addr=%p n=%d", addr, (uint64_t)woken);
	*wokenp = woken;
	return (0);
}

static void
buckets_lock(struct fbucket *a, struct fbucket *b)
{
	if (a == b) {
		spin_lock(&a->fb_spin);
	} else if (a < b) {
		spin_lock(&a->fb_spin);
		spin_lock_nested(&b->fb_spin);
	} else {
		spin_lock(&b->fb_spin);
		spin_lock_nested(&a->fb_spin);
	}
}

static void
buckets_unlock(struct fbucket *a, struct fbucket *b)
{
	spin_unlock(&a->fb_spin);
	if (a != b)
		spin_unlock(&b->fb_spin);
}

/* (both) Move w to key k2; its page becomes pg2, wired once more for it. */
static void
waiter_move(struct fwaiter *w, struct fbucket *b1, struct fbucket *b2,
    const struct fkey *k2, struct vm_page *pg2)
{
	struct vm_page *old = w->fw_page;

	TAILQ_REMOVE(&b1->fb_waiters, w, fw_link);
	TAILQ_INSERT_TAIL(&b2->fb_waiters, w, fw_link);
	w->fw_key = *k2;
	w->fw_bucket = b2;
	if (pg2 != NULL)
		vm_page_wire(pg2);
	w->fw_page = pg2;
	if (old != NULL)
		vm_page_unwire(old);
}

/*
 * Wake nwake waiters of addr and move nrequeue others to `to'.  *np: both.
 * EAGAIN if check and the word is not expect.
 */
int
kern_futex_requeue(uaddr_t addr, uaddr_t to, int nwake, int nrequeue,
    bool check, uint32_t expect, bool shared, int *np)
{
	struct fwaiter *w, *next;
	struct vm_page *pg1, *pg2;
	struct fbucket *b1, *b2;
	struct fkey k1, k2;
	uint32_t value;
	int error, n = 0;

	*np = 0;
	if (nwake < 0 || nrequeue < 0)
		return (EINVAL);
	if ((error = futex_key_get(addr, shared, &k1, &pg1)) != 0)
		return (error);
	if ((error = futex_key_get(to, shared, &k2, &pg2)) != 0) {
		futex_key_put(pg1);
		return (error);
	}
	/*
	 * The word is compared before the locks are taken: a change after it
	 * is one that the caller's own locking must exclude anyway.
	 */
	if (check) {
		error = user_load32(addr, &value);
		if (error == 0 && value != expect)
			error = EAGAIN;
		if (error != 0)
			goto out;
	}
	b1 = futex_bucket(&k1);
	b2 = futex_bucket(&k2);
	buckets_lock(b1, b2);
	TAILQ_FOREACH_SAFE(w, &b1->fb_waiters, fw_link, next) {
		if (n >= nwake + nrequeue)
			break;
		if (!futex_key_equal(&w->fw_key, &k1) || w->fw_pi)
			continue;
		/* One that waits on several words stays with its words. */
		if (w->fw_group != NULL && n >= nwake)
			continue;
		if (n++ < nwake)
			waiter_wake(b1, w);
		else if (!futex_key_equal(&k1, &k2))
			waiter_move(w, b1, b2, &k2, pg2);
	}
	buckets_unlock(b1, b2);
	*np = n;
out:
	futex_key_put(pg1);
	futex_key_put(pg2);
	return (error);
}

/* --- the end of a thread ------------------------------------------------------- */

#define ROBUST_LIMIT 2048 /* entries: the list may be a ring */

/* The word of a lock that a dying thread may own. */
static void
robust_release(struct lwp *lp, uaddr_t word, bool pi, bool pending)
{
	uint32_t v, old;
	int woken;

	if ((word & 3) != 0 || user_load32(word, &v) != 0)
		return;
	/* Unlocked but its waiters not yet woken: the wake was ours to do. */
	if (pending && !pi && (v & FUT_TID_MASK) == 0) {
		(void)kern_futex_wake(word, 1, ~0u, true, &woken);
		return;
	}
	while ((v & FUT_TID_MASK) == (uint32_t)lp->lw_tid) {
		if (user_cmpxchg32(
			word, v, (v & FUT_WAITERS) | FUT_OWNER_DIED, &old) != 0)
			return;
		if (old == v) {
			if ((v & FUT_WAITERS) == 0)
				return;
			if (pi) {
				futex_pi_retry(word);
				return;
			}
			(void)kern_futex_wake(word, 1, ~0u, true, &woken);
			(void)kern_futex_wake(word, 1, ~0u, false, &woken);
			return;
		}
		v = old;
	}
}

/* Words of the user's robust_list_head. */
struct robust_head {
	uint64_t rh_next;
	int64_t rh_offset;
	uint64_t rh_pending;
};

/*
 * Walk the list that set_robust_list registered.  All of it is user memory:
 * any fault ends the walk.  Bit 0 of a pointer marks a PI lock.
 */
void
futex_robust_exit(struct lwp *lp)
{
	uaddr_t head = lp->lw_robust_list, entry, next;
	struct robust_head rh;
	bool pi;
	int n = 0;

	lp->lw_robust_list = 0;
	if (head == 0 || lp->lw_proc->p_vmspace == NULL ||
	    copyin(head, &rh, sizeof(rh)) != 0)
		return;
	entry = rh.rh_next & ~1UL;
	pi = (rh.rh_next & 1) != 0;
	while (entry != head && entry != 0 && n++ < ROBUST_LIMIT) {
		if (copyin(entry, &next, sizeof(next)) != 0)
			break;
		if (entry != (rh.rh_pending & ~1UL))
			robust_release(
			    lp, entry + (uint64_t)rh.rh_offset, pi, false);
		entry = next & ~1UL;
		pi = (next & 1) != 0;
	}
	if ((rh.rh_pending & ~1UL) != 0)
		robust_release(lp,
		    (rh.rh_pending & ~1UL) + (uint64_t)rh.rh_offset,
		    (rh.rh_pending & 1) != 0, true);
}

void
futex_clear_tid(struct lwp *lp)
{
	uaddr_t addr = lp->lw_clear_tid;
	uint32_t zero = 0;
	int woken;

	lp->lw_clear_tid = 0;
	if (addr == 0 || lp->lw_proc->p_vmspace == NULL)
		return;
	if (copyout(&zero, addr, sizeof(zero)) != 0)
		return;
	(void)kern_futex_wake(addr, 1, ~0u, true, &woken);
	if (woken == 0)
		(void)kern_futex_wake(addr, 1, ~0u, false, &woken);
}

static void
ddb_show_futexes(const char *arg)
{
	struct fwaiter *w;

	for (int i = 0; i < FUTEX_BUCKETS; i++)
		TAILQ_FOREACH(w, &futex_buckets[i].fb_waiters, fw_link)
			kprintf("tid %d object %lx offset %lx bits %x%s\n",
			    w->fw_tid, w->fw_key.fk_object, w->fw_key.fk_offset,
			    w->fw_bitset, w->fw_page != NULL ? " shared" : "");
}
DDB_COMMAND(futexes, "show futexes", ddb_show_futexes, "futex waiters");
