/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wired memory: mlock and mlockall.
 *
 * 1. Wired is a property of whole entries (vm_advise.c).  Private pages stay in
 *    memory anyway, for there is no swap; an object that a wired entry shows
 *    counts it in vo_wires, and while that is not 0 none of its pages is
 *    reclaimed (vm_reclaim.c).  That is more than must be of a file of which a
 *    part is wired, and costs nothing else.
 * 2. vm_wire_future is for entries that are made later.  A child has neither.
 * 3. Populating means faults, which want the map lock: it comes afterwards and
 *    does what it can.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <machine/vmparam.h>
#include "vm_var.h"

void
vm_entry_set_wired(struct vm_entry *e, bool wire)
{
	if ((e->ve_wired != 0) == wire)
		return;
	e->ve_wired = wire;
	if (e->ve_object != NULL && wire)
		atomic_add(&e->ve_object->vo_wires, 1);
	else if (e->ve_object != NULL)
		atomic_sub(&e->ve_object->vo_wires, 1);
}

uint64_t
vm_wired_bytes(struct vmspace *vm)
{
	struct vm_entry *e;
	uint64_t sum = 0;

	TAILQ_FOREACH(e, &vm->vm_entries, ve_link)
		if (e->ve_wired != 0)
			sum += e->ve_end - e->ve_start;
	return (sum);
}

int
vm_wire_check(struct vmspace *vm, uint64_t len)
{
	if (!vm->vm_future_wired || vm->vm_wire_max == UINT64_MAX)
		return (0);
	return (vm_wired_bytes(vm) + len > vm->vm_wire_max ? EAGAIN : 0);
}

/* --- a range ------------------------------------------------------------------- */

/* (vm_lock) Would wiring [start, end) be too much? */
static bool
too_much(struct vmspace *vm, uaddr_t start, uaddr_t end, uint64_t limit)
{
	struct vm_entry *e = vm_entry_lookup(vm, start);
	uint64_t more = 0;

	if (limit == UINT64_MAX)
		return (false);
	for (; e != NULL && e->ve_start < end; e = TAILQ_NEXT(e, ve_link))
		if (e->ve_wired == 0)
			more += MIN(end, e->ve_end) - MAX(start, e->ve_start);
	return (vm_wired_bytes(vm) + more > limit);
}

static int
set_wired(
    struct vmspace *vm, uaddr_t start, uaddr_t end, bool wire, uint64_t limit)
{
	struct vm_entry *e;
	int error;

	lock_excl(&vm->vm_lock);
	error = vm_check_covered(vm, start, end);
	if (error == 0 && wire && too_much(vm, start, end, limit))
		error = ENOMEM;
	if (error == 0)
		error = vm_clip_range(vm, start, end);
	if (error == 0) {
		for (e = vm_entry_lookup(vm, start);
		     e != NULL && e->ve_start < end; e = TAILQ_NEXT(e, ve_link))
			vm_entry_set_wired(e, wire);
		vm_merge(vm, start, end);
	}
	lock_release(&vm->vm_lock);
	return (error);
}

/* Bring all of [start, end) in: 0; EAGAIN, it may not be touched; ENOMEM. */
static int
bring_in(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct vm_entry *e;
	vm_prot_t access;
	int error = 0;

	for (; error == 0 && start < end; start += PAGE_SIZE) {
		lock_shared(&vm->vm_lock);
		e = vm_entry_lookup(vm, start);
		access = e != NULL && (e->ve_prot & VM_PROT_WRITE) != 0
		    ? VM_PROT_WRITE
		    : VM_PROT_READ;
		lock_release(&vm->vm_lock);
		if ((error = vm_fault(vm, start, access)) == EFAULT)
			error = ENOMEM;
		if (error == EACCES)
			error = EAGAIN;
	}
	return (error);
}

int
vm_wire(struct vmspace *vm, uaddr_t addr, uint64_t len, bool wire,
    bool populate, uint64_t limit)
{
	uaddr_t start = trunc_page(addr), end;
	int error;

	len += addr & PAGE_MASK;
	if (start + round_page(len) < start || start + len > VM_MAX_USER)
		return (ENOMEM);
	if (len == 0)
		return (0);
	end = start + round_page(len);
	error = set_wired(vm, start, end, wire, limit);
	if (error == 0 && wire && populate)
		error = bring_in(vm, start, end);
	return (error);
}

/* --- everything ------------------------------------------------------------------ */

int
vm_wire_all(struct vmspace *vm, bool wire, bool populate, uint64_t limit)
{
	struct vm_entry *e;
	uaddr_t at = 0, end;
	int error = 0;

	lock_excl(&vm->vm_lock);
	if (wire && vm->vm_size > limit)
		error = ENOMEM;
	else
		TAILQ_FOREACH(e, &vm->vm_entries, ve_link)
			if (e->ve_object == NULL ||
			    e->ve_object->vo_type != VMO_DEVICE)
				vm_entry_set_wired(e, wire);
	if (error == 0)
		vm_merge(vm, 0, VM_MAX_USER);
	lock_release(&vm->vm_lock);
	/* What may not be touched stays as it is; the call has succeeded. */
	while (error == 0 && wire && populate) {
		lock_shared(&vm->vm_lock);
		if ((e = vm_entry_at_or_after(vm, at)) != NULL) {
			at = e->ve_start;
			end = e->ve_prot != VM_PROT_NONE ? e->ve_end : at;
			if (end == at)
				at = e->ve_end;
		}
		lock_release(&vm->vm_lock);
		if (e == NULL)
			break;
		(void)bring_in(vm, at, end);
		at = MAX(at, end);
	}
	return (error);
}

void
vm_wire_future(struct vmspace *vm, bool wire, bool populate, uint64_t limit)
{
	lock_excl(&vm->vm_lock);
	vm->vm_future_wired = wire;
	vm->vm_future_populated = wire && populate;
	vm->vm_wire_max = limit;
	lock_release(&vm->vm_lock);
}
