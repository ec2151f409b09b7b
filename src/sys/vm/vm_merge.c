/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries that are one again.
 *
 * 1. A change of a range cuts the entries at its ends.  When it is done,
 *    neighbours that do not differ any more become one entry: an entry costs
 *    memory, programs count the lines of /proc/PID/maps, and mremap takes one
 *    mapping only.  New mappings join their neighbours in the same way.
 * 2. What must be the same: object, protection, flags, wires, advice, policy,
 *    name; and the second's offset must follow the first's.  Memory without an object
 *    has an offset, too: the address it was made at.  It moves without it once
 *    it has pages, so moved memory does not join its new neighbours.  An object
 *    that counts its mappings (vpo_mapped) would miss one: it is left alone.
 * 3. The overlay of the two is the overlay of either, if the other has none or
 *    an empty one, or if both have the same.  All entries of one overlay have
 *    one base (moving one gives it an overlay of its own), so the room in an
 *    overlay before and behind an entry is free where the map is free.
 * 4. Mappings are placed downwards, so an overlay must be able to grow
 *    downwards: it begins SLACK below its first entry.  When that is used up the
 *    page references are copied to one with twice the room.
 * 5. Two overlays with pages are united only for mremap, which costs a step for
 *    each page.  Where the map lock is not exclusive nothing here is used.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <machine/vmparam.h>
#include "vm_var.h"

/* Pages of overlay 4096: two levels of its tree, which fork copies. */
#define SLACK (2048 * PAGE_SIZE)

uaddr_t
vm_overlay_base(uaddr_t start, uint64_t room)
{
	return (start - MIN(start - VM_MIN_USER, MAX(room, SLACK)));
}

/*
 * References to e's overlay pages into the overlay `to', whose base that is.
 * 0; ENOMEM: some are there.
 */
static int
overlay_add(struct vm_object *to, uaddr_t base, const struct vm_entry *e)
{
	uint64_t first = vm_entry_anon_index(e, e->ve_start), i = first;
	uint64_t last = vm_entry_anon_index(e, e->ve_end);
	uint64_t at = atop(e->ve_start - base);
	struct vm_page *pg;
	int error = 0;

	lock_excl(&e->ve_anon->vo_lock);
	for (; (pg = radix_next(&e->ve_anon->vo_pages, &i)) != NULL && i < last;
	     i++) {
		error = radix_set(&to->vo_pages, at + (i - first), pg);
		if (error != 0)
			break;
		atomic_add(&pg->pg_refs, 1);
	}
	lock_release(&e->ve_anon->vo_lock);
	return (error);
}

int
vm_entry_overlay_copy(struct vm_entry *e, uaddr_t base)
{
	struct vm_object *new, *old = e->ve_anon;
	int error;

	new = vm_object_create(VMO_ANON, UINT64_MAX, NULL, NULL);
	if (new == NULL)
		return (ENOMEM);
	if ((error = overlay_add(new, base, e)) != 0) {
		vm_object_drop(new);
		return (error);
	}
	vm_object_remove_range(old, vm_entry_anon_index(e, e->ve_start),
	    vm_entry_anon_index(e, e->ve_end));
	e->ve_anon = new;
	e->ve_anon_base = base;
	vm_object_drop(old);
	return (0);
}

/* Is nothing in e's overlay, and will nobody else put anything there? */
static bool
overlay_unused(const struct vm_entry *e)
{
	return (e->ve_anon == NULL ||
	    (e->ve_anon->vo_refs == 1 && e->ve_anon->vo_pages.rx_count == 0));
}

/* (vm_lock excl) */
static void
overlay_forget(struct vm_entry *e)
{
	struct vm_object *anon = e->ve_anon;

	e->ve_anon = NULL;
	if (anon != NULL)
		vm_object_drop(anon);
}

/* A stack that was cut grows at its lower part only. */
static bool
flags_equal(const struct vm_entry *lo, const struct vm_entry *hi)
{
	return (lo->ve_flags == hi->ve_flags ||
	    ((lo->ve_flags ^ hi->ve_flags) == VMM_GROWSDOWN &&
		(lo->ve_flags & VMM_GROWSDOWN) != 0 && lo->ve_anon != NULL &&
		lo->ve_anon == hi->ve_anon));
}

/* (2), but for the overlays. */
static bool
kinds_equal(const struct vm_entry *lo, const struct vm_entry *hi)
{
	const struct vm_object *obj = lo->ve_object;

	return (lo->ve_end == hi->ve_start && obj == hi->ve_object &&
	    lo->ve_offset + (lo->ve_end - lo->ve_start) == hi->ve_offset &&
	    lo->ve_prot == hi->ve_prot && lo->ve_maxprot == hi->ve_maxprot &&
	    lo->ve_wired == hi->ve_wired && lo->ve_advice == hi->ve_advice &&
	    lo->ve_policy == hi->ve_policy &&
	    vm_name_equal(lo->ve_name, hi->ve_name) && flags_equal(lo, hi) &&
	    (obj == NULL || obj->vo_ops == NULL ||
		obj->vo_ops->vpo_mapped == NULL));
}

/* (vm_lock excl) lo gets the overlay of both.  False: two that must stay. */
static bool
overlay_join(struct vm_entry *lo, struct vm_entry *hi)
{
	uaddr_t base;

	if (lo->ve_anon != NULL && lo->ve_anon == hi->ve_anon) {
		KASSERT(lo->ve_anon_base == hi->ve_anon_base,
		    ("overlay_join: two bases"));
		return (true);
	}
	if (overlay_unused(hi)) {
		overlay_forget(hi);
		return (true);
	}
	if (!overlay_unused(lo))
		return (false);
	if ((int64_t)(lo->ve_start - hi->ve_anon_base) < 0) {
		base = vm_overlay_base(lo->ve_start, hi->ve_end - lo->ve_start);
		if (hi->ve_anon->vo_refs > 1 ||
		    vm_entry_overlay_copy(hi, base) != 0)
			return (false);
	}
	overlay_forget(lo);
	lo->ve_anon = hi->ve_anon;
	lo->ve_anon_base = hi->ve_anon_base;
	hi->ve_anon = NULL;
	return (true);
}

/* (vm_lock excl) */
static void
join(struct vmspace *vm, struct vm_entry *lo, struct vm_entry *hi)
{
	vm_entry_unlink(vm, hi);
	lo->ve_end = hi->ve_end;
	vm_entry_destroy(hi);
}

void
vm_merge(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct vm_entry *e, *next;

	LOCK_ASSERT_EXCL(&vm->vm_lock);
	e = vm_entry_at_or_after(vm, start > 0 ? start - 1 : 0);
	while (e != NULL && (next = TAILQ_NEXT(e, ve_link)) != NULL &&
	    next->ve_start <= end) {
		if (kinds_equal(e, next) && overlay_join(e, next))
			join(vm, e, next);
		else
			e = next;
	}
}

/* --- for mremap ---------------------------------------------------------------- */

/* hi's pages go to lo's overlay.  0 or ENOMEM. */
static int
overlay_unite(struct vm_entry *lo, struct vm_entry *hi)
{
	struct vm_object *old = hi->ve_anon;
	int error;

	error = overlay_add(lo->ve_anon, lo->ve_anon_base, hi);
	if (error != 0) {
		vm_object_remove_range(lo->ve_anon,
		    vm_entry_anon_index(lo, hi->ve_start),
		    vm_entry_anon_index(lo, hi->ve_end));
		return (error);
	}
	vm_object_remove_range(old, vm_entry_anon_index(hi, hi->ve_start),
	    vm_entry_anon_index(hi, hi->ve_end));
	hi->ve_anon = NULL;
	vm_object_drop(old);
	return (0);
}

int
vm_merge_all(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct vm_entry *e = vm_entry_lookup(vm, start), *next;
	int error;

	LOCK_ASSERT_EXCL(&vm->vm_lock);
	if (e == NULL)
		return (EFAULT);
	while (e->ve_end < end) {
		next = TAILQ_NEXT(e, ve_link);
		if (next == NULL || !kinds_equal(e, next))
			return (EFAULT);
		if (!overlay_join(e, next) &&
		    (error = overlay_unite(e, next)) != 0)
			return (error);
		join(vm, e, next);
	}
	return (0);
}
