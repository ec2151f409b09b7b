/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving and resizing mappings: mremap.
 *
 * A mapping is what has become one entry (vm_merge.c); a range over several
 * that differ is EFAULT.  Memory that has pages keeps its offset when it moves,
 * which tells it from its new neighbours; it takes an overlay of its own along.
 */
#include <sys/systm.h>
#include <machine/vmparam.h>
#include "vm_var.h"

/*
 * (vm_lock) Give the whole entry e a new place of newlen bytes.  An overlay that
 * was cut has neighbours' pages behind this one's end, and their base: e gets
 * one of its own first.  0; ENOMEM, nothing changed.
 */
static int
move_entry(struct vmspace *vm, struct vm_entry *e, uaddr_t to, uint64_t newlen)
{
	uint64_t oldlen = e->ve_end - e->ve_start;
	int error;

	if (e->ve_anon != NULL && e->ve_anon->vo_refs > 1 &&
	    (error = vm_entry_overlay_copy(e, e->ve_anon_base)) != 0)
		return (error);
	pmap_text_restore(vm, e->ve_start, e->ve_end);
	pmap_remove(&vm->vm_pmap, e->ve_start, e->ve_end);
	pmap_update(&vm->vm_pmap);
	vm_entry_unlink(vm, e);
	if (e->ve_object == NULL &&
	    (e->ve_anon == NULL || e->ve_anon->vo_pages.rx_count == 0))
		e->ve_offset = to;
	e->ve_anon_base += to - e->ve_start;
	e->ve_start = to;
	e->ve_end = to + newlen;
	e->ve_flags &= ~VMM_GROWSDOWN;
	vm_entry_link(vm, e);
	vm->vm_size += newlen - oldlen;
	vm->vm_peak = MAX(vm->vm_peak, vm->vm_size);
	return (0);
}

/* (vm_lock) Old length 0 of a shared mapping: a second view of it. */
static int
remap_duplicate(struct vmspace *vm, struct vm_entry *e, uaddr_t old,
    uint64_t newlen, uaddr_t *newp)
{
	struct vm_name *name;
	int error;

	if ((e->ve_flags & VMM_SHARED) == 0)
		return (EINVAL);
	*newp = 0;
	name = vm_name_hold(e->ve_name);
	error = vm_map_locked(vm, newp, newlen, e->ve_prot, e->ve_maxprot,
	    VMM_SHARED, e->ve_object, e->ve_offset + (old - e->ve_start));
	/* Without memory the second view has no name. */
	if (error == 0 && name != NULL)
		(void)vm_name_locked(vm, *newp, *newp + newlen, name);
	vm_name_drop(name);
	return (error);
}

static int
remap_locked(struct vmspace *vm, uaddr_t old, uint64_t oldlen, uint64_t newlen,
    bool maymove, bool fixed, uaddr_t *newp)
{
	struct vm_entry *e = vm_entry_lookup(vm, old), *next;
	uaddr_t to;
	int error;

	if (e == NULL)
		return (EFAULT);
	if (oldlen == 0)
		return (maymove ? remap_duplicate(vm, e, old, newlen, newp)
				: EINVAL);
	/* Shrinking is unmapping, whatever is there. */
	if (!fixed && newlen <= oldlen) {
		*newp = old;
		if (newlen == oldlen)
			return (0);
		return (vm_unmap_locked(vm, old + newlen, old + oldlen));
	}
	error = vm_merge_all(vm, old, old + MIN(oldlen, newlen));
	if (error != 0)
		return (error);
	e = vm_entry_lookup(vm, old);
	if (newlen > oldlen && vm->vm_size + newlen - oldlen > vm->vm_as_max)
		return (ENOMEM);
	next = TAILQ_NEXT(e, ve_link);
	if (!fixed && e->ve_end == old + oldlen &&
	    old + newlen <= VM_MAX_USER &&
	    (next == NULL || next->ve_start >= old + newlen)) {
		vm->vm_size += newlen - oldlen;
		vm->vm_peak = MAX(vm->vm_peak, vm->vm_size);
		e->ve_end = old + newlen;
		vm_merge(vm, old, old + newlen);
		*newp = old;
		return (0);
	}
	if (!maymove)
		return (ENOMEM);
	to = *newp;
	if (fixed) {
		if ((error = vm_unmap_locked(vm, to, to + newlen)) != 0)
			return (error);
	} else if ((to = vm_find_space(vm, 0, newlen)) == 0)
		return (ENOMEM);
	if (newlen < oldlen) {
		error = vm_unmap_locked(vm, old + newlen, old + oldlen);
		if (error != 0)
			return (error);
		oldlen = newlen;
	}
	if ((error = vm_clip_range(vm, old, old + oldlen)) != 0)
		return (error);
	error = move_entry(vm, vm_entry_lookup(vm, old), to, newlen);
	if (error == 0)
		vm_merge(vm, to, to + newlen);
	else
		vm_merge(vm, old, old + oldlen);
	*newp = to;
	return (error);
}

int
vm_remap(struct vmspace *vm, uaddr_t old, uint64_t oldlen, uint64_t newlen,
    bool maymove, bool fixed, uaddr_t *newp)
{
	int error;

	oldlen = round_page(oldlen);
	newlen = round_page(newlen);
	if ((old & PAGE_MASK) != 0 || newlen == 0 || old + oldlen < old ||
	    newlen > VM_MAX_USER)
		return (EINVAL);
	if (fixed &&
	    (!maymove || vm_check_range(*newp, newlen) != 0 ||
		*newp < VM_MIN_USER ||
		(*newp < old + oldlen && old < *newp + newlen)))
		return (EINVAL);
	lock_excl(&vm->vm_lock);
	error = remap_locked(vm, old, oldlen, newlen, maymove, fixed, newp);
	lock_release(&vm->vm_lock);
	return (error);
}

static int
remap_pages_locked(
    struct vmspace *vm, uaddr_t old, uint64_t len, bool fixed, uaddr_t *top)
{
	struct vm_entry *e, was;
	struct vm_name *name;
	int error;

	if ((error = vm_merge_all(vm, old, old + len)) != 0)
		return (error);
	if (vm->vm_size + len > vm->vm_as_max)
		return (ENOMEM);
	if (!fixed && (*top = vm_find_space(vm, 0, len)) == 0)
		return (ENOMEM);
	if (fixed && (error = vm_unmap_locked(vm, *top, *top + len)) != 0)
		return (error);
	if ((error = vm_clip_range(vm, old, old + len)) != 0)
		return (error);
	e = vm_entry_lookup(vm, old);
	was = *e;
	name = vm_name_hold(e->ve_name);
	if ((error = move_entry(vm, e, *top, len)) != 0) {
		vm_merge(vm, old, old + len);
		vm_name_drop(name);
		return (error);
	}
	error = vm_insert_locked(vm, old, len, was.ve_prot, was.ve_maxprot,
	    was.ve_flags | VMM_FIXED, was.ve_object, was.ve_offset);
	/* As in remap_duplicate. */
	if (error == 0 && name != NULL)
		(void)vm_name_locked(vm, old, old + len, name);
	vm_name_drop(name);
	vm_merge(vm, *top, *top + len);
	return (error);
}

int
vm_remap_pages(
    struct vmspace *vm, uaddr_t old, uint64_t len, bool fixed, uaddr_t *newp)
{
	uaddr_t to = *newp;
	int error;

	len = round_page(len);
	if (vm_check_range(old, len) != 0 ||
	    (fixed &&
		(vm_check_range(to, len) != 0 || to < VM_MIN_USER ||
		    (to < old + len && old < to + len))))
		return (EINVAL);
	lock_excl(&vm->vm_lock);
	error = remap_pages_locked(vm, old, len, fixed, &to);
	if (error == 0)
		*newp = to;
	lock_release(&vm->vm_lock);
	return (error);
}
