/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page reclaim: a clock over the file pages.
 *
 * The queue's first page is looked at and goes to the end.  If it was used
 * since (PGF_REF) it gets a second round; if it is wired, by a program that
 * locked a part of its file (vm_wire.c), too, or busy it stays; if
 * it is dirty it is written back and freed on a later round; else it leaves
 * every pmap and its object.  Anonymous pages and tmpfs pages have no other
 * home and are not on the queue.
 *
 * The page daemon keeps vm_free_low pages free; callers in need run the same
 * scan themselves.  Only try-locks are used on objects: the caller may hold
 * one.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/thread.h>
#include "vm_var.h"

/* (vo_lock excl) True if pg was freed. */
static bool
reclaim_page(struct vm_object *obj, uint64_t index, struct vm_page *pg)
{
	if (radix_get(&obj->vo_pages, index) != pg || pg->pg_wired != 0 ||
	    atomic_load(&obj->vo_wires) != 0 || (pg->pg_flags & PGF_BUSY) != 0)
		return (false);
	if ((pg->pg_flags & PGF_REF) != 0) {
		atomic_and(&pg->pg_flags, (uint16_t)~PGF_REF);
		return (false);
	}
	/* Out of the pmaps first: then no write can make it dirty again. */
	pmap_page_remove(pg);
	if ((pg->pg_flags & PGF_DIRTY) != 0) {
		(void)vm_object_page_out(obj, pg);
		return (false);
	}
	(void)radix_remove(&obj->vo_pages, index);
	vm_object_free_page(obj, pg);
	atomic_add(&vm_reclaimed_count, 1);
	return (true);
}

bool
vm_reclaim(uint64_t n)
{
	uint64_t freed = 0, looks = 2 * vm_file_pages + 1, index;
	struct vm_object *obj;
	struct vm_page *pg;

	for (; freed < n && looks > 0; looks--) {
		if ((pg = vm_page_queue_first(&obj, &index)) == NULL)
			break;
		if (obj == NULL)
			continue;
		if (lock_try_excl(&obj->vo_lock)) {
			freed += reclaim_page(obj, index, pg);
			lock_release(&obj->vo_lock);
		}
		vm_object_drop(obj);
	}
	KTR_EVENT(FAULT, reclaim, "wanted=%lu freed=%lu", n, freed);
	if (freed > 0)
		wakeup(&vm_free_pages);
	return (freed > 0);
}

static void
page_daemon(void *arg __unused)
{
	for (;;) {
		if (vm_free_pages < vm_free_low)
			(void)vm_reclaim(vm_free_low - vm_free_pages);
		tsleep(&vm_free_low, 0, "pagedmn", 100 * NS_PER_MSEC);
	}
}

static void
daemon_start(void)
{
	struct thread *td =
	    thread_create(page_daemon, NULL, TDPRI_KERN, "pagedaemon");

	if (td == NULL)
		panic("page daemon: no memory");
	thread_start(td, NULL);
}
SYSINIT(page_daemon, SI_MODULE, daemon_start);
