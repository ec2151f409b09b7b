/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from a file to those who map it privately.
 *
 * 1. A program's own copy of a file's page is in the overlay of its map entry
 *    and has nothing to do with the file any more, but for one thing: when the
 *    file is cut, copies behind the new end go as the file's pages do, and the
 *    program gets SIGBUS there.  For that each file's object has a list of the
 *    private entries that show it; shared ones have no copies.
 * 2. Who cuts sets vo_size first.  A fault that looked at the old size holds
 *    its map lock until its copy is in the overlay; the cutter takes each of
 *    these locks after that and finds the copy.
 * 3. The list changes while the cutter sleeps for a map lock, so it walks by
 *    marks: it takes any entry without its mark, marks it and does it.  An
 *    entry that is born later has no mark; a copy made by fork or by cutting an
 *    entry in two is found in its own right.
 *
 * Lock order: vnode (the cutter) -> vm_lock -> overlay, and vm_lock -> mappers.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include "vm_var.h"

/* (vm_lock) e begins to show its object; and ends. */
void
vm_mapper_enter(struct vmspace *vm, struct vm_entry *e)
{
	struct vm_object *obj = e->ve_object;

	e->ve_vm = vm;
	e->ve_pass = 0;
	if (obj->vo_type != VMO_VNODE || (e->ve_flags & VMM_SHARED) != 0)
		return;
	spin_lock(&obj->vo_mapspin);
	LIST_INSERT_HEAD(&obj->vo_mappers, e, ve_mapper);
	spin_unlock(&obj->vo_mapspin);
}

void
vm_mapper_leave(struct vm_entry *e)
{
	struct vm_object *obj = e->ve_object;

	if (obj->vo_type != VMO_VNODE || (e->ve_flags & VMM_SHARED) != 0)
		return;
	spin_lock(&obj->vo_mapspin);
	LIST_REMOVE(e, ve_mapper);
	spin_unlock(&obj->vo_mapspin);
}

/*
 * An address space with entries that this pass has not done, held; they are
 * marked.  NULL: all are done.  One without a reference is on its way out.
 */
static struct vmspace *
next_space(struct vm_object *obj, uint64_t pass)
{
	struct vmspace *vm = NULL;
	struct vm_entry *e;

	spin_lock(&obj->vo_mapspin);
	LIST_FOREACH(e, &obj->vo_mappers, ve_mapper) {
		if (e->ve_pass >= pass)
			continue;
		if (vm == NULL && ref_hold_unless_zero(&e->ve_vm->vm_refs))
			vm = e->ve_vm;
		if (vm == NULL || e->ve_vm == vm)
			e->ve_pass = pass;
	}
	spin_unlock(&obj->vo_mapspin);
	return (vm);
}

/* (vm_lock excl) What e has of its own behind the end of its object. */
static void
entry_cut(struct vmspace *vm, struct vm_entry *e)
{
	uint64_t end = round_page(e->ve_object->vo_size);
	uaddr_t at = e->ve_start;

	if (e->ve_anon == NULL || e->ve_offset + (e->ve_end - at) <= end)
		return;
	if (end > e->ve_offset)
		at += end - e->ve_offset;
	pmap_text_restore(vm, at, e->ve_end);
	pmap_remove(&vm->vm_pmap, at, e->ve_end);
	pmap_update(&vm->vm_pmap);
	vm_object_remove_range(e->ve_anon, vm_entry_anon_index(e, at),
	    vm_entry_anon_index(e, e->ve_end));
}

void
vm_object_cut_copies(struct vm_object *obj)
{
	static uint64_t passes;
	uint64_t pass = atomic_fetchadd(&passes, (uint64_t)1) + 1;
	struct vmspace *vm;
	struct vm_entry *e;

	while ((vm = next_space(obj, pass)) != NULL) {
		lock_excl(&vm->vm_lock);
		TAILQ_FOREACH(e, &vm->vm_entries, ve_link)
			if (e->ve_object == obj &&
			    (e->ve_flags & VMM_SHARED) == 0)
				entry_cut(vm, e);
		lock_release(&vm->vm_lock);
		vmspace_drop(vm);
	}
}
