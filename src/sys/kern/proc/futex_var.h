/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to the futex core: keys, waiters, buckets. */
#ifndef KERN_FUTEX_VAR_H
#define KERN_FUTEX_VAR_H

#include <sys/types.h>
#include <sys/lock.h>
#include <sys/queue.h>

struct vm_page;

#define FUTEX_BUCKETS 256

struct fkey {
	uint64_t fk_object; /* vmspace or page */
	uint64_t fk_offset; /* address or offset in the page */
};

/* Sleeps until one of several waiters is woken. */
struct fgroup {
	struct spinlock fg_spin;
	bool fg_woken; /* (fg_spin) */
};

struct fwaiter {
	TAILQ_ENTRY(fwaiter) fw_link;	    /* (bucket) */
	struct fbucket *volatile fw_bucket; /* (bucket) where it is queued */
	struct fkey fw_key;		    /* (bucket) */
	struct vm_page *fw_page;	    /* (bucket) wired, shared keys */
	uint32_t fw_bitset;
	bool fw_queued; /* (bucket) false: woken */
	pid_t fw_tid;
	struct fgroup *fw_group; /* (c) or NULL: it sleeps on itself */
	bool fw_pi;		 /* (c) waits for a PI lock */
	pid_t fw_owner;		 /* (bucket) whose it is */
	struct lwp *fw_lwp;	 /* (c) the waiter, of a PI lock */
	enum {
		FPI_WAITS,
		FPI_CHOSEN, /* off the queue; the word is being written */
		FPI_OWNER,
		FPI_RETRY /* look at the word again */
	} fw_state;	  /* (bucket) PI */
};

struct fbucket {
	struct spinlock fb_spin;
	TAILQ_HEAD(, fwaiter) fb_waiters;
} __aligned(64);

extern struct fbucket futex_buckets[FUTEX_BUCKETS];

struct fbucket *futex_bucket(const struct fkey *k);
bool futex_key_equal(const struct fkey *a, const struct fkey *b);
int futex_key_get(
    uaddr_t addr, bool shared, struct fkey *k, struct vm_page **pgp);
void futex_key_put(struct vm_page *pg);
struct fbucket *futex_waiter_lock(struct fwaiter *w);
/* Enter w, whose key is set, at the end of its bucket. */
void futex_waiter_enter(struct fwaiter *w);
/* Off the queue if it still is on it.  True: it was woken before. */
bool futex_waiter_leave(struct fwaiter *w);
/* How long until the deadline: ETIMEDOUT; 0 and *leftp (0: no limit). */
int futex_left(nstime_t deadline, int clock, nstime_t *leftp);

#define FUT_WAITERS    0x80000000u
#define FUT_OWNER_DIED 0x40000000u
#define FUT_TID_MASK   0x3fffffffu

/* kern_futex_pi.c */
void futex_pi_owner_died(pid_t tid);
/* The first waiters on addr look at the word again (robust locks). */
void futex_pi_retry(uaddr_t addr);

#endif
