/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hands of the clock (sys/timehands.h).
 *
 * 1. The machine decides what they say: it knows its cycle counter and whether
 *    that is fit to tell the time.  It changes them between timehands_change
 *    and timehands_changed, and reads the counter in between, never before:
 *    whoever reads the old hands is done with them before that moment, so time
 *    does not run back over a change.
 * 2. The kernel's clock_mono and clock_real, and the vDSO's functions, read the
 *    same page.  Before there are pages the hands lie in kernel data.
 * 3. Readers take no lock: they copy the hands and look whether the sequence
 *    is even and still the same.
 *
 * Failure: without memory for the page programs have none; the vDSO is then not
 * mapped.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/kshm.h>
#include <sys/lock.h>
#include <sys/proc.h>
#include <sys/timehands.h>
#include <vm/vm.h>

SPINLOCK_DEFINE(hands_spin, "timehands");
static struct timehands boot_hands;
static struct timehands *hands = &boot_hands; /* (hands_spin) moves once */
static struct vm_object *hands_object;	      /* set at boot */
static struct vm_page *hands_page;	      /* wired */

const struct timehands *
timehands_get(void)
{
	return (atomic_load_acq(&hands));
}

struct timehands *
timehands_change(void)
{
	spin_lock(&hands_spin);
	hands->th_seq++;
	atomic_fence();
	return (hands);
}

void
timehands_changed(struct timehands *th)
{
	atomic_store_rel(&th->th_seq, th->th_seq + 1);
	kshm_clock_set(th);
	spin_unlock(&hands_spin);
}

struct vm_object *
timehands_object(void)
{
	return (hands_object);
}

static void
hands_make(void)
{
	struct vm_object *obj =
	    vm_object_create(VMO_ANON, PAGE_SIZE, NULL, NULL);
	struct timehands *th;

	if (obj == NULL)
		return;
	if (vm_object_getpage(obj, 0, VOG_CREATE, &hands_page) != 0) {
		vm_object_drop(obj);
		return;
	}
	vm_object_dirty(obj, hands_page);
	th = vm_page_kva(hands_page);
	spin_lock(&hands_spin);
	*th = boot_hands;
	atomic_store_rel(&hands, th);
	spin_unlock(&hands_spin);
	hands_object = obj;
}
SYSINIT(timehands, SI_PROC, hands_make);

/* Clocks are read to the very end: back to where it began. */
static void
hands_drop(void)
{
	if (hands_object == NULL)
		return;
	spin_lock(&hands_spin);
	boot_hands = *hands;
	atomic_store_rel(&hands, &boot_hands);
	spin_unlock(&hands_spin);
	vm_page_unwire(hands_page);
	vm_object_drop(hands_object);
	hands_object = NULL;
}
SHUTDOWN_HOOK(timehands, hands_drop);
