/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces: what is mapped where.
 *
 * 1. A vmspace is an ordered set of entries.  An entry covers [ve_start,
 *    ve_end) and shows ve_object from ve_offset on, or zeros if it has none.
 *    A private entry has an overlay, ve_anon, that holds the pages it has
 *    written; a page there hides the object's.  Shared entries write to the
 *    object and never have an overlay.
 * 2. Overlay index = page number relative to ve_anon_base, which stays when an
 *    entry is cut or moves along when it is moved: cutting an entry gives two
 *    that use one overlay by disjoint ranges, with a reference each.  One that
 *    is moved gets an overlay of its own first, so all entries of an overlay
 *    have one base; entries that are equal again become one (vm_merge.c).
 * 3. Changes (map, unmap, protect, move, fork) hold vm_lock exclusively,
 *    faults hold it shared.  An operation on a range first cuts the entries at
 *    both ends (clip), so what it touches are whole entries; cutting may fail
 *    for memory, and does before anything was changed.
 * 4. Removing: pmap_remove, pmap_update (no program can reach the pages now),
 *    then the overlay's pages are freed.
 * 5. fork: vm_fork.c.
 *
 * Lock order: vm_lock -> overlay vo_lock -> object vo_lock -> pmap.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <machine/vmparam.h>
#include "vm_var.h"

#define KEPT_FLAGS (VMM_SHARED | VMM_GROWSDOWN | VMM_PROGRAM)

static struct zone *vmspace_zone;

static void
map_init(void)
{
	vmspace_zone = zone_create("vmspace", sizeof(struct vmspace), 16);
}
SYSINIT(vmspace, SI_MEMORY + 1, map_init);

/* --- life --------------------------------------------------------------------------- */

struct vmspace *
vmspace_create(void)
{
	struct vmspace *vm = zone_alloc(vmspace_zone, M_WAITOK | M_ZERO);

	if (vm == NULL)
		return (NULL);
	if (pmap_init(&vm->vm_pmap) != 0) {
		zone_free(vmspace_zone, vm);
		return (NULL);
	}
	ref_init(&vm->vm_refs, 1);
	lock_init(&vm->vm_lock, "vmspace", 0);
	TAILQ_INIT(&vm->vm_entries);
	vm->vm_free_hint = VM_MMAP_TOP;
	vm->vm_as_max = vm->vm_data_max = UINT64_MAX;
	vm->vm_stack_max = 8 << 20;
	return (vm);
}

void
vmspace_hold(struct vmspace *vm)
{
	ref_hold(&vm->vm_refs);
}

/* e, with its range and rights filled in, begins to show obj (or zeros). */
void
vm_entry_show(struct vmspace *vm, struct vm_entry *e, struct vm_object *obj)
{
	e->ve_object = obj;
	if (obj == NULL)
		return;
	vm_object_hold(obj);
	vm_mapper_enter(vm, e);
	atomic_add(&obj->vo_mappings, 1);
	if (e->ve_wired != 0)
		atomic_add(&obj->vo_wires, 1);
	if ((e->ve_flags & VMM_SHARED) != 0 &&
	    (e->ve_maxprot & VM_PROT_WRITE) != 0)
		atomic_add(&obj->vo_writemaps, 1);
	if (obj->vo_ops != NULL && obj->vo_ops->vpo_mapped != NULL)
		obj->vo_ops->vpo_mapped(obj, true);
}

static void
entry_hide(struct vm_entry *e)
{
	struct vm_object *obj = e->ve_object;

	if (obj == NULL)
		return;
	if ((e->ve_flags & VMM_SHARED) != 0 &&
	    (e->ve_maxprot & VM_PROT_WRITE) != 0)
		atomic_sub(&obj->vo_writemaps, 1);
	vm_mapper_leave(e);
	if (e->ve_wired != 0)
		atomic_sub(&obj->vo_wires, 1);
	atomic_sub(&obj->vo_mappings, 1);
	if (obj->vo_ops != NULL && obj->vo_ops->vpo_mapped != NULL)
		obj->vo_ops->vpo_mapped(obj, false);
	e->ve_object = NULL;
	vm_object_drop(obj);
}

void
vm_entry_destroy(struct vm_entry *e)
{
	if (e->ve_anon != NULL)
		vm_object_drop(e->ve_anon);
	entry_hide(e);
	vm_entry_free(e);
}

/* (vm_lock) Whole entries in [start, end) go; the pmap is already clean. */
static void
delete_entries(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct vm_entry *e, *next;

	for (e = vm_entry_at_or_after(vm, start);
	     e != NULL && e->ve_start < end; e = next) {
		next = TAILQ_NEXT(e, ve_link);
		vm_entry_unlink(vm, e);
		vm->vm_size -= e->ve_end - e->ve_start;
		if (e->ve_anon != NULL && e->ve_anon->vo_refs > 1)
			vm_object_remove_range(e->ve_anon,
			    vm_entry_anon_index(e, e->ve_start),
			    vm_entry_anon_index(e, e->ve_end));
		vm_entry_destroy(e);
	}
}

void
vmspace_clear(struct vmspace *vm)
{
	lock_excl(&vm->vm_lock);
	pmap_remove(&vm->vm_pmap, VM_MIN_USER, VM_MAX_USER);
	pmap_update(&vm->vm_pmap);
	delete_entries(vm, 0, UINT64_MAX);
	vm->vm_free_hint = VM_MMAP_TOP;
	memset(vm->vm_layout, 0, sizeof(vm->vm_layout));
	vm->vm_future_wired = vm->vm_future_populated = false;
	lock_release(&vm->vm_lock);
}

void
vmspace_drop(struct vmspace *vm)
{
	if (!ref_drop(&vm->vm_refs))
		return;
	vmspace_clear(vm);
	pmap_destroy(&vm->vm_pmap);
	lock_destroy(&vm->vm_lock);
	zone_free(vmspace_zone, vm);
}

/* --- cutting -------------------------------------------------------------------------- */

/* (vm_lock) Cut the entry that covers addr in two at addr.  0 or ENOMEM. */
static int
clip(struct vmspace *vm, uaddr_t addr)
{
	struct vm_entry *e = vm_entry_lookup(vm, addr), *hi;

	if (e == NULL || e->ve_start == addr)
		return (0);
	if ((hi = vm_entry_alloc()) == NULL)
		return (ENOMEM);
	/* Both halves must share one overlay: make it now. */
	if ((e->ve_flags & VMM_SHARED) == 0 && vm_entry_anon(e) == NULL) {
		vm_entry_free(hi);
		return (ENOMEM);
	}
	hi->ve_start = addr;
	hi->ve_end = e->ve_end;
	hi->ve_offset = e->ve_offset + (addr - e->ve_start);
	hi->ve_anon = e->ve_anon;
	hi->ve_anon_base = e->ve_anon_base;
	hi->ve_prot = e->ve_prot;
	hi->ve_maxprot = e->ve_maxprot;
	hi->ve_flags = e->ve_flags & ~VMM_GROWSDOWN;
	hi->ve_wired = e->ve_wired;
	hi->ve_advice = e->ve_advice;
	hi->ve_policy = e->ve_policy;
	hi->ve_name = vm_name_hold(e->ve_name);
	vm_entry_show(vm, hi, e->ve_object);
	if (hi->ve_anon != NULL)
		vm_object_hold(hi->ve_anon);
	e->ve_end = addr;
	vm_entry_link(vm, hi);
	return (0);
}

int
vm_clip_range(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	int error = clip(vm, start);

	if (error == 0 && (error = clip(vm, end)) != 0)
		vm_merge(vm, start, start);
	return (error);
}

int
vm_check_range(uaddr_t addr, uint64_t len)
{
	if ((addr & PAGE_MASK) != 0 || len == 0 || (len & PAGE_MASK) != 0 ||
	    addr + len < addr || addr + len > VM_MAX_USER)
		return (EINVAL);
	return (0);
}

/* --- map and unmap ---------------------------------------------------------------------- */

uaddr_t
vm_find_space(struct vmspace *vm, uaddr_t hint, uint64_t len)
{
	struct vm_entry *e, *prev;
	uaddr_t top, low;

	if (hint >= VM_MIN_USER && hint + len <= VM_MAX_USER &&
	    hint + len > hint) {
		e = vm_entry_at_or_after(vm, hint);
		if (e == NULL || e->ve_start >= hint + len)
			return (hint);
	}
	for (int pass = 0; pass < 2; pass++) {
		top = pass == 0 ? vm->vm_free_hint : VM_MMAP_TOP;
		e = vm_entry_at_or_after(vm, top - 1);
		prev =
		    e != NULL ? e : TAILQ_LAST(&vm->vm_entries, vm_entry_list);
		if (e != NULL && e->ve_start < top)
			top = e->ve_start;
		/* prev walks the entries below top, downwards. */
		if (prev != NULL && prev->ve_end > top)
			prev = TAILQ_PREV(prev, vm_entry_list, ve_link);
		for (;; prev = TAILQ_PREV(prev, vm_entry_list, ve_link)) {
			low = prev != NULL ? prev->ve_end : VM_MIN_USER;
			if (top >= low && top - low >= len) {
				vm->vm_free_hint = top - len;
				return (top - len);
			}
			if (prev == NULL)
				break;
			top = MIN(top, prev->ve_start);
		}
	}
	return (0);
}

#define LOW_START 0x40000000UL
#define LOW_END	  0x80000000UL

/* (vm_lock) The lowest free space in the second GiB.  0: none. */
static uaddr_t
find_space_low(struct vmspace *vm, uint64_t len)
{
	struct vm_entry *e = vm_entry_at_or_after(vm, LOW_START);
	uaddr_t at = LOW_START;

	for (; e != NULL && e->ve_start < LOW_END && e->ve_start < at + len;
	     e = TAILQ_NEXT(e, ve_link))
		at = e->ve_end;
	return (at + len <= LOW_END ? at : 0);
}

int
vm_unmap_locked(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct vm_entry *e = vm_entry_at_or_after(vm, start);
	int error;

	if (e == NULL || e->ve_start >= end)
		return (0);
	if ((error = vm_clip_range(vm, start, end)) != 0)
		return (error);
	pmap_text_restore(vm, start, end);
	pmap_remove(&vm->vm_pmap, start, end);
	pmap_update(&vm->vm_pmap);
	delete_entries(vm, start, end);
	if (end > vm->vm_free_hint && end <= VM_MMAP_TOP)
		vm->vm_free_hint = MAX(vm->vm_free_hint, end);
	return (0);
}

/* (vm_lock) Can e simply grow to cover [.., end)?  The usual case of vm_merge. */
static bool
can_extend(const struct vmspace *vm, const struct vm_entry *e, uaddr_t start,
    vm_prot_t prot, vm_prot_t maxprot, int flags, const struct vm_object *obj)
{
	return (e != NULL && e->ve_end == start && obj == NULL &&
	    e->ve_object == NULL && e->ve_prot == prot &&
	    e->ve_offset == e->ve_start && e->ve_maxprot == maxprot &&
	    e->ve_wired == vm->vm_future_wired && e->ve_policy == 0 &&
	    e->ve_name == NULL && e->ve_advice == 0 &&
	    e->ve_flags == (flags & KEPT_FLAGS) && e->ve_flags == 0);
}

/*
 * (vm_lock) Where the overlay of a new entry begins: a stack grows down to its
 * limit, and what was placed where we liked may get a neighbour below.
 */
static uaddr_t
new_base(const struct vmspace *vm, uaddr_t start, int flags)
{
	if ((flags & VMM_GROWSDOWN) != 0)
		return (start > vm->vm_stack_max ? start - vm->vm_stack_max
						 : VM_MIN_USER);
	return ((flags & VMM_FIXED) != 0 ? start : vm_overlay_base(start, 0));
}

int
vm_insert_locked(struct vmspace *vm, uaddr_t start, uint64_t len,
    vm_prot_t prot, vm_prot_t maxprot, int flags, struct vm_object *obj,
    uint64_t offset)
{
	struct vm_entry *e, *before;

	before = start > 0 ? vm_entry_lookup(vm, start - 1) : NULL;
	if (can_extend(vm, before, start, prot, maxprot, flags, obj)) {
		before->ve_end += len;
	} else {
		if ((e = vm_entry_alloc()) == NULL)
			return (ENOMEM);
		e->ve_start = start;
		e->ve_end = start + len;
		e->ve_offset = obj != NULL ? offset : start;
		e->ve_prot = prot;
		e->ve_maxprot = maxprot;
		e->ve_flags = (uint16_t)(flags & KEPT_FLAGS);
		e->ve_anon_base = new_base(vm, start, flags);
		e->ve_wired = vm->vm_future_wired;
		vm_entry_show(vm, e, obj);
		vm_entry_link(vm, e);
	}
	vm->vm_size += len;
	vm->vm_peak = MAX(vm->vm_peak, vm->vm_size);
	vm_merge(vm, start, start + len);
	return (0);
}

int
vm_map_locked(struct vmspace *vm, uaddr_t *addrp, uint64_t len, vm_prot_t prot,
    vm_prot_t maxprot, int flags, struct vm_object *obj, uint64_t offset)
{
	struct vm_entry *e;
	uaddr_t start = *addrp;
	int error;

	if ((flags & VMM_FIXED) != 0) {
		e = vm_entry_at_or_after(vm, start);
		if (e != NULL && e->ve_start < start + len) {
			if ((flags & VMM_NOREPLACE) != 0)
				return (EEXIST);
			if ((error = vm_unmap_locked(vm, start, start + len)) !=
			    0)
				return (error);
		}
	} else if ((flags & VMM_LOW) != 0) {
		if ((start = find_space_low(vm, len)) == 0)
			return (ENOMEM);
	} else if ((start = vm_find_space(vm, trunc_page(start), len)) == 0)
		return (ENOMEM);
	if (vm->vm_size + len > vm->vm_as_max)
		return (ENOMEM);
	if ((error = vm_wire_check(vm, len)) != 0)
		return (error);
	error =
	    vm_insert_locked(vm, start, len, prot, maxprot, flags, obj, offset);
	if (error == 0)
		*addrp = start;
	return (error);
}

int
vm_map(struct vmspace *vm, uaddr_t *addrp, uint64_t len, vm_prot_t prot,
    vm_prot_t maxprot, int flags, struct vm_object *obj, uint64_t offset)
{
	struct vm_object *shm = NULL;
	int error;

	if (len == 0 || (len & PAGE_MASK) != 0 || len > VM_MAX_USER)
		return (len > VM_MAX_USER ? ENOMEM : EINVAL);
	if ((flags & VMM_FIXED) != 0 &&
	    (vm_check_range(*addrp, len) != 0 || *addrp < VM_MIN_USER))
		return ((*addrp & PAGE_MASK) != 0 ? EINVAL : ENOMEM);
	if (obj == NULL && (flags & VMM_SHARED) != 0) {
		shm = obj = vm_object_create(VMO_ANON, len, NULL, NULL);
		if (obj == NULL)
			return (ENOMEM);
		offset = 0;
	}
	lock_excl(&vm->vm_lock);
	error =
	    vm_map_locked(vm, addrp, len, prot, maxprot, flags, obj, offset);
	lock_release(&vm->vm_lock);
	if (shm != NULL)
		vm_object_drop(shm);
	if (error == 0 && prot != VM_PROT_NONE &&
	    ((flags & VMM_POPULATE) != 0 || vm->vm_future_populated))
		for (uaddr_t va = *addrp; va < *addrp + len; va += PAGE_SIZE)
			if (vm_fault(vm, va,
				(prot & VM_PROT_WRITE) ? VM_PROT_WRITE
						       : VM_PROT_READ) != 0)
				break;
	KTR_EVENT(FAULT, map, "addr=%#lx len=%#lx prot=%u flags=%#x error=%d",
	    *addrp, len, prot, (uint64_t)flags, (uint64_t)error);
	return (error);
}

int
vm_unmap(struct vmspace *vm, uaddr_t addr, uint64_t len)
{
	int error;

	if ((addr & PAGE_MASK) != 0 || len == 0)
		return (EINVAL);
	len = round_page(len);
	if (len == 0 || addr + len < addr || addr + len > VM_MAX_USER)
		return (EINVAL);
	lock_excl(&vm->vm_lock);
	error = vm_unmap_locked(vm, addr, addr + len);
	lock_release(&vm->vm_lock);
	return (error);
}

/* (vm_lock) The first piece of a view of ops' object at addr, or NULL. */
static struct vm_entry *
view_first(struct vmspace *vm, uaddr_t addr, const struct vm_pager_ops *ops)
{
	struct vm_entry *e = vm_entry_at_or_after(vm, addr);

	for (; e != NULL; e = TAILQ_NEXT(e, ve_link))
		if (e->ve_object != NULL && e->ve_object->vo_ops == ops &&
		    e->ve_start >= addr && e->ve_start - addr == e->ve_offset)
			return (e);
	return (NULL);
}

int
vm_unmap_view(struct vmspace *vm, uaddr_t addr, const struct vm_pager_ops *ops)
{
	struct vm_object *obj;
	struct vm_entry *e;
	uaddr_t end, to;
	int error = 0;

	lock_excl(&vm->vm_lock);
	if ((e = view_first(vm, addr, ops)) == NULL) {
		lock_release(&vm->vm_lock);
		return (EINVAL);
	}
	obj = e->ve_object;
	vm_object_hold(obj);
	end = addr + obj->vo_size;
	while (error == 0 && e != NULL && e->ve_start < end) {
		to = e->ve_end;
		if (e->ve_object == obj && e->ve_start - addr == e->ve_offset)
			error = vm_unmap_locked(vm, e->ve_start, to);
		e = vm_entry_at_or_after(vm, to);
	}
	lock_release(&vm->vm_lock);
	vm_object_drop(obj);
	return (error);
}

int
vm_remap_view(struct vmspace *vm, uaddr_t addr, uint64_t len, uint64_t off)
{
	struct vm_object *obj;
	struct vm_entry *e;
	int error = EINVAL;

	lock_excl(&vm->vm_lock);
	e = vm_entry_lookup(vm, addr);
	if (e != NULL && (e->ve_flags & VMM_SHARED) != 0 &&
	    e->ve_object != NULL && e->ve_end >= addr + len) {
		obj = e->ve_object;
		vm_object_hold(obj);
		error = vm_map_locked(vm, &addr, len, e->ve_prot, e->ve_maxprot,
		    VMM_SHARED | VMM_FIXED, obj, off);
		vm_object_drop(obj);
	}
	lock_release(&vm->vm_lock);
	return (error);
}

/* (vm_lock) ENOMEM unless entries cover all of [start, end). */
int
vm_check_covered(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct vm_entry *e = vm_entry_lookup(vm, start);

	while (e != NULL && e->ve_end < end) {
		struct vm_entry *next = TAILQ_NEXT(e, ve_link);

		if (next == NULL || next->ve_start != e->ve_end)
			return (ENOMEM);
		e = next;
	}
	return (e == NULL ? ENOMEM : 0);
}

static int
protect_locked(struct vmspace *vm, uaddr_t start, uaddr_t end, vm_prot_t prot)
{
	struct vm_entry *e;
	int error;

	if ((error = vm_check_covered(vm, start, end)) != 0)
		return (error);
	for (e = vm_entry_lookup(vm, start); e != NULL && e->ve_start < end;
	     e = TAILQ_NEXT(e, ve_link))
		if ((prot & ~e->ve_maxprot) != 0)
			return (EACCES);
	if ((error = vm_clip_range(vm, start, end)) != 0)
		return (error);
	pmap_text_restore(vm, start, end);
	for (e = vm_entry_lookup(vm, start); e != NULL && e->ve_start < end;
	     e = TAILQ_NEXT(e, ve_link))
		e->ve_prot = prot;
	pmap_protect(&vm->vm_pmap, start, end, prot);
	pmap_update(&vm->vm_pmap);
	vm_merge(vm, start, end);
	return (0);
}

int
vm_protect(struct vmspace *vm, uaddr_t addr, uint64_t len, vm_prot_t prot)
{
	int error;

	if ((addr & PAGE_MASK) != 0 || (prot & ~VM_PROT_ALL) != 0)
		return (EINVAL);
	if (len == 0)
		return (0);
	len = round_page(len);
	if (addr + len <= addr || addr + len > VM_MAX_USER)
		return (ENOMEM);
	lock_excl(&vm->vm_lock);
	error = protect_locked(vm, addr, addr + len, prot);
	lock_release(&vm->vm_lock);
	return (error);
}

/* --- the heap ------------------------------------------------------------------------------- */

int
vm_brk(struct vmspace *vm, uaddr_t want, uaddr_t *newp)
{
	uaddr_t from, to, at;
	int error = 0;

	lock_excl(&vm->vm_lock);
	from = round_page(vm->vm_layout[VL_BRK]);
	to = round_page(want);
	if (want < vm->vm_layout[VL_BRK_START] || want > VM_MAX_USER)
		goto out;
	if (want - vm->vm_layout[VL_BRK_START] > vm->vm_data_max) {
		error = ENOMEM;
		goto out;
	}
	at = from;
	if (to > from)
		error = vm_map_locked(vm, &at, to - from,
		    VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL,
		    VMM_FIXED | VMM_NOREPLACE, NULL, 0);
	else if (to < from)
		error = vm_unmap_locked(vm, to, from);
	if (error == 0)
		vm->vm_layout[VL_BRK] = want;
out:
	*newp = vm->vm_layout[VL_BRK];
	lock_release(&vm->vm_lock);
	if (error == 0 && vm->vm_future_populated)
		for (; from < to; from += PAGE_SIZE)
			if (vm_fault(vm, from, VM_PROT_WRITE) != 0)
				break;
	return (error == EEXIST ? ENOMEM : error);
}
