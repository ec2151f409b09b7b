/* SPDX-License-Identifier: BSD-2-Clause */
/* Planted bugs: memory that is used after it was freed, or freed wrongly. */
#include <sys/lock.h>
#include <sys/refcount.h>
#include <vm/vm.h>
#include "planted.h"

/* kfree(p) now if the bug is there, else by free_late. */
static void
free_early(void *p)
{
	if (planted())
		kfree(p, M_TEMP);
}

static void
free_late(void *p)
{
	if (!planted())
		kfree(p, M_TEMP);
}

PLANTED(uaf_read, "Invalid read of size 4", "bad read of 4 bytes",
    "is a read of freed memory seen?")
{
	volatile uint32_t *p = kmalloc(64, M_TEMP, M_WAITOK | M_ZERO);

	free_early((void *)(uintptr_t)p);
	(void)p[3]; /* BUG */
	free_late((void *)(uintptr_t)p);
}

PLANTED(uaf_write, "Invalid write of size 4", "bad write of 4 bytes",
    "is a write to freed memory seen?")
{
	volatile uint32_t *p = kmalloc(64, M_TEMP, M_WAITOK | M_ZERO);

	free_early((void *)(uintptr_t)p);
	p[0] = 1; /* BUG */
	free_late((void *)(uintptr_t)p);
}

PLANTED(uaf_reuse, "Invalid write of size 8", "bad write of 8 bytes",
    "is it seen after others of the size came and went?")
{
	volatile uint64_t *p = kmalloc(96, M_TEMP, M_WAITOK | M_ZERO);
	void *q[16];

	free_early((void *)(uintptr_t)p);
	for (unsigned i = 0; i < nitems(q); i++)
		q[i] = kmalloc(96, M_TEMP, M_WAITOK);
	p[1] = 1; /* BUG */
	for (unsigned i = 0; i < nitems(q); i++)
		kfree(q[i], M_TEMP);
	free_late((void *)(uintptr_t)p);
}

PLANTED(uaf_zone, "Invalid read of size 8", "bad read of 8 bytes",
    "is a read of an object seen that is back in its zone?")
{
	struct zone *z = zone_create("planted", 56, 8);
	volatile uint64_t *p = zone_alloc(z, M_WAITOK | M_ZERO);

	if (planted())
		zone_free(z, (void *)(uintptr_t)p);
	(void)p[2]; /* BUG */
	if (!planted())
		zone_free(z, (void *)(uintptr_t)p);
}

PLANTED(uaf_large, "Invalid read of size 4", "bad read of 4 bytes",
    "is a read of a freed large block seen?")
{
	volatile uint32_t *p = kmalloc(20000, M_TEMP, M_WAITOK | M_ZERO);

	free_early((void *)(uintptr_t)p);
	(void)p[2000]; /* BUG */
	free_late((void *)(uintptr_t)p);
}

PLANTED(uaf_page, "Invalid write of size 8", "bad write of 8 bytes",
    "is a write to a freed page seen?")
{
	struct vm_page *pg = vm_page_alloc(-1, 0, VMA_WAIT);
	volatile uint64_t *p = vm_page_kva(pg);

	if (planted())
		vm_page_free(pg, 0);
	p[511] = 1; /* BUG */
	if (!planted())
		vm_page_free(pg, 0);
}

PLANTED(uaf_krealloc, "Invalid read of size 1", "bad read of 1 bytes",
    "is a pointer seen that krealloc made stale?")
{
	char *p = kmalloc(200, M_TEMP, M_WAITOK | M_ZERO);
	char *q = krealloc(p, 220, M_TEMP, M_WAITOK);

	hide(&p);
	(void)*(volatile char *)(planted() ? p : q); /* BUG */
	kfree(q, M_TEMP);
}

struct counted {
	refcount_t refs;
	uint64_t value;
};

static void
counted_drop(struct counted *c)
{
	if (ref_drop(&c->refs))
		kfree(c, M_TEMP);
}

PLANTED(uaf_refcount, "Invalid read of size 8", "bad read of 8 bytes",
    "is a reference seen that was dropped twice?")
{
	struct counted *c = kmalloc(sizeof(*c), M_TEMP, M_WAITOK | M_ZERO);

	c->refs = 2;
	counted_drop(c); /* the other user's */
	if (planted())
		counted_drop(c);
	(void)*(volatile uint64_t *)&c->value; /* BUG */
	if (!planted())
		counted_drop(c);
}

struct node {
	TAILQ_ENTRY(node) link;
	uint32_t value;
};
TAILQ_HEAD(node_list, node);

PLANTED(uaf_list, "Invalid read of size 4", "bad read of 4 bytes",
    "is an element seen that was freed and is on a list?")
{
	struct node_list list = TAILQ_HEAD_INITIALIZER(list);
	struct node *n[3], *i;
	volatile uint32_t sum = 0;

	for (unsigned k = 0; k < 3; k++) {
		n[k] = kmalloc(sizeof(*n[k]), M_TEMP, M_WAITOK | M_ZERO);
		TAILQ_INSERT_TAIL(&list, n[k], link);
	}
	if (!planted())
		TAILQ_REMOVE(&list, n[1], link);
	kfree(n[1], M_TEMP);
	TAILQ_FOREACH(i, &list, link)
		sum += i->value; /* BUG */
	kfree(n[0], M_TEMP);
	kfree(n[2], M_TEMP);
}

PLANTED(uaf_lock, "Invalid read of size", "bad (read|write) of",
    "is a lock seen that went with its structure?")
{
	struct {
		struct spinlock spin;
		uint32_t value;
	} *p = kmalloc(sizeof(*p), M_TEMP, M_WAITOK | M_ZERO);

	spin_init(&p->spin, "planted");
	free_early(p);
	spin_lock(&p->spin); /* BUG */
	spin_unlock(&p->spin);
	free_late(p);
}

static volatile int called;

static void
call(void *arg __unused)
{
	called = 1;
	wakeup((const void *)&called);
}

PLANTED(uaf_callout, "Invalid (read|write) of size", "bad (read|write) of",
    "is a callout seen whose structure was freed while it was armed?")
{
	struct callout *co = kmalloc(sizeof(*co), M_TEMP, M_WAITOK | M_ZERO);
	struct callout *next = kmalloc(sizeof(*co), M_TEMP, M_WAITOK | M_ZERO);

	callout_init(co);
	callout_init(next);
	callout_reset(co, NS_PER_SEC, call, NULL);
	if (!planted())
		callout_stop_sync(co);
	kfree(co, M_TEMP);
	callout_reset(next, NS_PER_MSEC, call, NULL); /* BUG */
	while (!called)
		tsleep((const void *)&called, 0, "planted", NS_PER_MSEC);
	callout_stop_sync(next);
	kfree(next, M_TEMP);
}

static volatile bool thread_done;
static volatile uintptr_t thread_local_value;

static void
thread_body(void *arg __unused)
{
	uint64_t value = 1;

	hide(&value);
	thread_local_value = (uintptr_t)&value;
	thread_done = true;
}

PLANTED(uaf_stack, "Invalid read of size 8", "bad read of 8 bytes",
    "is a look at a dead thread's stack seen?")
{
	struct thread *td =
	    thread_create(thread_body, NULL, TDPRI_KERN, "planted");
	uint64_t own = 1;

	hide(&own);
	thread_start(td, NULL);
	while (!thread_done)
		thread_yield();
	thread_yield(); /* it has left its stack */
	if (!planted())
		thread_local_value = (uintptr_t)&own;
	(void)*(volatile uint64_t *)thread_local_value; /* BUG */
}

/* --- freed wrongly ------------------------------------------------------------- */

PLANTED(double_free, "Invalid free", "bad free of",
    "is a block that is freed twice seen?")
{
	void *p = kmalloc(64, M_TEMP, M_WAITOK);

	free_early(p);
	kfree(p, M_TEMP); /* BUG */
}

PLANTED(double_free_zone, "Invalid free", "bad free of",
    "is an object that goes back to its zone twice seen?")
{
	struct zone *z = zone_create("planted", 64, 8);
	void *p = zone_alloc(z, M_WAITOK);

	if (planted())
		zone_free(z, p);
	zone_free(z, p); /* BUG */
}

PLANTED(double_free_large, "Invalid free", "bad free of",
    "is a large block that is freed twice seen?")
{
	void *p = kmalloc(10000, M_TEMP, M_WAITOK);

	free_early(p);
	kfree(p, M_TEMP); /* BUG */
}

PLANTED(double_free_page, "panic: vm_page_free: .* is free",
    "panic: vm_page_free: .* is free", "is a page that is freed twice noticed?")
{
	struct vm_page *pg = vm_page_alloc(-1, 0, VMA_WAIT);

	if (planted())
		vm_page_free(pg, 0);
	vm_page_free(pg, 0); /* BUG */
}

PLANTED(free_wrong_zone, "Invalid free", "panic: zone_free: .* is of",
    "is an object that goes to another zone seen?")
{
	struct zone *a = zone_create("planted a", 64, 8);
	struct zone *b = zone_create("planted b", 64, 8);
	void *p = zone_alloc(a, M_WAITOK), *q = zone_alloc(b, M_WAITOK);

	zone_free(b, q);
	zone_free(planted() ? b : a, p); /* BUG */
}

PLANTED(free_inside, "Invalid free", "panic: zone_free: .* is inside",
    "is a pointer into the middle of a block that is freed seen?")
{
	char *p = kmalloc(64, M_TEMP, M_WAITOK);

	kfree(p + (planted() ? 16 : 0), M_TEMP); /* BUG */
}

PLANTED(free_local, "Invalid free", "panic: kfree: .* was never allocated",
    "is a variable of the stack that is freed seen?")
{
	char local[64], *p = kmalloc(64, M_TEMP, M_WAITOK), *q = p;

	hide(local);
	if (planted())
		q = local;
	hide(&q);
	kfree(q, M_TEMP); /* BUG */
}

/* --- threads -------------------------------------------------------------------- */

static struct lock planted_lock;

static void
exit_locked(void *arg __unused)
{
	lock_excl(&planted_lock);
	if (!planted())
		lock_release(&planted_lock);
	thread_done = true;
}

PLANTED(exit_locked, "panic: thread_exit: .*", "panic: thread_exit: .*",
    "is a thread that ends with a lock held noticed?")
{
	struct thread *td;

	lock_init(&planted_lock, "planted", 0);
	td = thread_create(exit_locked, NULL, TDPRI_KERN, "planted");
	thread_start(td, NULL);
	while (!thread_done)
		thread_yield();
	tsleep(&planted_lock, 0, "planted", NS_PER_MSEC);
}
