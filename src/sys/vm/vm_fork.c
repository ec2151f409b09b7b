/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An address space for a child.
 *
 * 1. Entries are copied; overlays are copied by page reference (see vm_object.c),
 *    both sides lose the write right in the pmap, and the next write makes a copy
 *    (vm_fault.c).  The child's pmap starts with the parent's translations, so
 *    that it does not fault for what it reads.
 * 2. Hot pages are copied at once.  What a program writes after a fork - its
 *    stack, its data, the allocator's lists - it writes after the next one, too,
 *    and its child does; a shell pays two faults for each such page and command.
 *    So a page whose write right a fork took and a write brought back is hot
 *    (PGF_HOT).  The next fork gives the child a copy, writable, and the parent
 *    keeps its page as it is.  Each HOT_FORKS-th fork shares all pages and
 *    forgets what was hot.
 * 3. That is right only if nothing writes meanwhile: page by page, copying would
 *    show the child a later write and not the one before it.  So it is done for a
 *    program with one thread, which is in fork; others share all pages, and the
 *    end of pmap_update is the moment of their fork.
 *
 * Lock order: as in vm_map.c; the child's vm_lock after the parent's.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <machine/vmparam.h>
#include "vm_var.h"

#define HOT_FORKS 16
#define HOT_ORDER 3

struct fork {
	struct vmspace *from, *to;
	struct page_run run;
	unsigned hot;	 /* pages that may still be copied */
	unsigned copied; /* of the entry at hand */
	bool forget;	 /* what was hot */
};

/* A copy for the child, if this page gets one. */
static struct vm_page *
copy_hot(struct fork *f, struct vm_page *pg)
{
	struct vm_page *copy;

	if ((pg->pg_flags & PGF_HOT) == 0 || atomic_load(&pg->pg_refs) != 1)
		return (NULL);
	if (f->forget)
		atomic_and(&pg->pg_flags, (uint16_t)~PGF_HOT);
	if (f->hot == 0 ||
	    (copy = vm_page_run_take(&f->run, HOT_ORDER)) == NULL)
		return (NULL);
	memcpy(vm_page_kva(copy), vm_page_kva(pg), PAGE_SIZE);
	atomic_or(&copy->pg_flags, PGF_HOT);
	return (copy);
}

/*
 * (vo_lock of e's overlay) Put pg, or f's copy of it, into the overlay new: 0 or
 * ENOMEM.
 */
static int
give_page(
    struct fork *f, struct vm_object *new, uint64_t index, struct vm_page *pg)
{
	struct vm_page *copy = copy_hot(f, pg);

	if (radix_set(&new->vo_pages, index, copy != NULL ? copy : pg) != 0) {
		if (copy != NULL)
			vm_page_release(copy);
		return (ENOMEM);
	}
	if (copy == NULL) {
		atomic_add(&pg->pg_refs, 1);
		return (0);
	}
	atomic_add(&vm_anon_pages, 1);
	atomic_add(&vm_cow_count, 1);
	f->hot--;
	f->copied++;
	return (0);
}

/* The pages of e's overlay into a new one.  Map locks held. */
static int
copy_overlay(struct fork *f, const struct vm_entry *e, struct vm_object **newp)
{
	uint64_t i = vm_entry_anon_index(e, e->ve_start);
	uint64_t end = vm_entry_anon_index(e, e->ve_end);
	struct vm_object *new;
	struct vm_page *pg;
	int error = 0;

	new = vm_object_create(VMO_ANON, UINT64_MAX, NULL, NULL);
	if (new == NULL)
		return (ENOMEM);
	lock_excl(&e->ve_anon->vo_lock);
	for (; (pg = radix_next(&e->ve_anon->vo_pages, &i)) != NULL && i < end;
	     i++)
		if ((error = give_page(f, new, i, pg)) != 0)
			break;
	lock_release(&e->ve_anon->vo_lock);
	if (error != 0) {
		vm_object_drop(new);
		return (error);
	}
	*newp = new;
	return (0);
}

/* The pages of [start, end) are both's, to read. */
static void
share(struct fork *f, const struct vm_entry *e, uaddr_t start, uaddr_t end)
{
	if (start >= end)
		return;
	if ((e->ve_flags & VMM_SHARED) == 0)
		pmap_protect(
		    &f->from->vm_pmap, start, end, e->ve_prot & ~VM_PROT_WRITE);
	pmap_copy(&f->to->vm_pmap, &f->from->vm_pmap, start, end);
}

/* Translations for the child's entry ne, whose overlay has f->copied copies. */
static void
translate(struct fork *f, const struct vm_entry *e, const struct vm_entry *ne)
{
	uint64_t i = vm_entry_anon_index(e, e->ve_start);
	uint64_t end = vm_entry_anon_index(e, e->ve_end);
	uaddr_t shared = e->ve_start, va;
	struct vm_page *pg;

	for (; f->copied > 0; i++) {
		pg = radix_next(&ne->ve_anon->vo_pages, &i);
		KASSERT(pg != NULL && i < end, ("translate: %u", f->copied));
		if (radix_get(&e->ve_anon->vo_pages, i) == pg)
			continue;
		va = e->ve_anon_base + ptoa(i);
		share(f, e, shared, va);
		/* If there is no memory for it, a fault brings it. */
		(void)pmap_enter(&f->to->vm_pmap, va, pg, e->ve_prot);
		shared = va + PAGE_SIZE;
		f->copied--;
	}
	share(f, e, shared, e->ve_end);
}

static int
fork_entry(struct fork *f, const struct vm_entry *e)
{
	bool wipe = (e->ve_flags & VMM_WIPEONFORK) != 0;
	struct vm_object *anon = NULL;
	struct vm_entry *ne;
	int error;

	if ((e->ve_flags & VMM_DONTFORK) != 0) {
		f->to->vm_size -= e->ve_end - e->ve_start;
		return (0);
	}
	if ((ne = vm_entry_alloc()) == NULL)
		return (ENOMEM);
	f->copied = 0;
	if (e->ve_anon != NULL && !wipe &&
	    (error = copy_overlay(f, e, &anon)) != 0) {
		vm_entry_free(ne);
		return (error);
	}
	ne->ve_start = e->ve_start;
	ne->ve_end = e->ve_end;
	ne->ve_offset = e->ve_offset;
	ne->ve_anon = anon;
	ne->ve_anon_base = e->ve_anon_base;
	ne->ve_prot = e->ve_prot;
	ne->ve_maxprot = e->ve_maxprot;
	ne->ve_flags = e->ve_flags;
	ne->ve_advice = e->ve_advice;
	ne->ve_policy = e->ve_policy;
	ne->ve_name = vm_name_hold(e->ve_name);
	vm_entry_show(f->to, ne, e->ve_object);
	vm_entry_link(f->to, ne);
	if (!wipe)
		translate(f, e, ne);
	return (0);
}

int
vmspace_fork(struct vmspace *vm, bool alone, struct vmspace **newp)
{
	struct vmspace *nvm = vmspace_create();
	struct fork f = {.from = vm, .to = nvm};
	struct vm_entry *e;
	int error = 0;

	if (nvm == NULL)
		return (ENOMEM);
	lock_excl(&vm->vm_lock);
	lock_excl_nested(&nvm->vm_lock); /* nobody else knows it */
	nvm->vm_size = vm->vm_size;
	f.forget = ++vm->vm_forks % HOT_FORKS == 0;
	if (alone && atomic_load(&vm->vm_refs) == 1 && !f.forget &&
	    vm_free_pages > vm_free_low + PMAP_FORK_AHEAD)
		f.hot = PMAP_FORK_AHEAD;
	TAILQ_FOREACH(e, &vm->vm_entries, ve_link)
		if ((error = fork_entry(&f, e)) != 0)
			break;
	vm_page_run_end(&f.run);
	if (error == 0)
		error = pmap_text_fork(nvm, vm);
	/* Before the child may run, the parent must not write shared pages. */
	pmap_update(&vm->vm_pmap);
	nvm->vm_peak = nvm->vm_size;
	nvm->vm_free_hint = vm->vm_free_hint;
	memcpy(nvm->vm_layout, vm->vm_layout, sizeof(nvm->vm_layout));
	nvm->vm_stack_max = vm->vm_stack_max;
	nvm->vm_as_max = vm->vm_as_max;
	nvm->vm_data_max = vm->vm_data_max;
	lock_release(&nvm->vm_lock);
	lock_release(&vm->vm_lock);
	if (error != 0) {
		vmspace_drop(nvm);
		return (error);
	}
	*newp = nvm;
	return (0);
}
