/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Canaries: what a failing test looks like from outside.  Each does one thing
 * wrong, and passes only if the harness notices just that.
 */
#include <sys/cpu.h>
#include <sys/ktest.h>
#include <sys/lock.h>
#include <sys/malloc.h>

KCANARY(canary_fail, fail, "is a failed check a failed test?")
{
	KT_CHECK(1 + 1 == 3);
}

KCANARY(canary_panic, panic, "is a panic a failed test?")
{
	panic("canary: %d", 42);
}

KCANARY(canary_assert, panic, "does a false assertion panic?")
{
	KASSERT(ncpus < 0, ("canary: %d CPUs", ncpus));
}

KCANARY(canary_null, panic, "does a null pointer in the kernel panic?")
{
	static int *volatile null;

	(*(volatile int *)null)++;
}

KCANARY(canary_overflow, panic, "is an overflow of the kernel stack noticed?")
{
	/* The lowest word of the stack, where the canary word lies. */
	*(volatile uint64_t *)curthread->td_kstack = 0;
	thread_yield();
}

KCANARY(canary_hang, hang, "is a sleep without an end a hang?")
{
	static int never;

	tsleep(&never, 0, "canary", 0);
}

KCANARY(canary_spin, hang, "is a loop without an end a hang?")
{
	for (;;)
		cpu_spin_relax(1);
}

KCANARY(canary_lock_twice, panic, "is a spin lock taken twice noticed?")
{
	struct spinlock sp;

	spin_init(&sp, "canary");
	spin_lock(&sp);
	spin_lock(&sp);
}

KCANARY(canary_lock_recurse, panic, "is a sleeping lock taken twice noticed?")
{
	struct lock lk;

	lock_init(&lk, "canary", 0);
	lock_excl(&lk);
	lock_excl(&lk);
}

KCANARY(canary_lock_order, panic,
    "are two orders of two locks noticed, without a deadlock?")
{
	struct lock a, b;

	lock_init(&a, "canary a", 0);
	lock_init(&b, "canary b", 0);
	lock_excl(&a);
	lock_excl(&b);
	lock_release(&b);
	lock_release(&a);
	lock_excl(&b);
	lock_excl(&a);
}

KCANARY(canary_lock_circle, panic, "is a circle of three lock orders noticed?")
{
	struct spinlock a, b, c;

	spin_init(&a, "canary a");
	spin_init(&b, "canary b");
	spin_init(&c, "canary c");
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	spin_lock(&b);
	spin_lock(&c);
	spin_unlock(&c);
	spin_unlock(&b);
	spin_lock(&c);
	spin_lock(&a);
}

KCANARY(canary_lock_foreign, panic,
    "is the release of a lock that is not held noticed?")
{
	struct spinlock sp;

	spin_init(&sp, "canary");
	spin_unlock(&sp);
}

KCANARY(canary_sleep_spinning, panic, "is a sleep under a spin lock noticed?")
{
	static int never;
	struct spinlock sp;

	spin_init(&sp, "canary");
	spin_lock(&sp);
	tsleep(&never, 0, "canary", NS_PER_MSEC);
}

KCANARY(canary_exit_locked, panic,
    "is a thread that ends with a lock held noticed?")
{
	struct lock lk;

	lock_init(&lk, "canary", 0);
	lock_excl(&lk);
	thread_exit();
}

KCANARY(canary_leak, leak, "is memory that is still held at shutdown a leak?")
{
	static void *volatile lost;

	lost = kmalloc(100, M_TEMP, M_WAITOK);
	KT_CHECK(lost != NULL);
	kern_reboot(RB_HALT, 0);
}

KCANARY(canary_zone_leak, leak, "is a zone's object that is still held a leak?")
{
	static struct zone *zone;

	zone = zone_create("canary", 64, 8);
	KT_CHECK(zone_alloc(zone, M_WAITOK) != NULL);
	kern_reboot(RB_HALT, 0);
}

KTEST(canary_clean, "does a shutdown without a leak report none?")
{
	kfree(kmalloc(100, M_TEMP, M_WAITOK), M_TEMP);
	kern_reboot(RB_HALT, 0);
}
