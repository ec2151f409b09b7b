/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults.
 *
 * 1. The map lock is held shared: entries stand still, faults of many threads
 *    run side by side.  Order of search: overlay, then object, then zeros.
 * 2. Overlay page: writable if this overlay is its only holder, else shown
 *    read-only, and a write copies it first.
 * 3. Object page of a private entry: shown read-only; a write copies it into
 *    the overlay.  Of a shared entry: a first write marks it dirty, and only
 *    then it is shown writable, so cleaning can see the next write.
 * 4. Mapping ahead.  A fault costs far more than a page, so each one maps
 *    several (the machine says how many): zero-fill doubles its window while
 *    faults come in sequence, up or down (WINDOW_MIN .. WINDOW_MAX pages,
 *    physically contiguous when it can); objects show what is resident in the aligned
 *    AROUND pages; a write to a private page makes its neighbours writable,
 *    too, copying them if it must, for what follows a fork writes many pages.
 * 5. The entering of a translation happens under the lock of the page's object
 *    (or overlay), after a look that the page is still its: a truncation that
 *    ran meanwhile has taken it away, and the fault starts again.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ktr.h>
#include <sys/memcheck.h>
#include <machine/vmparam.h>
#include "vm_var.h"

#define WINDOW_MIN  PMAP_ZERO_AHEAD
#define WINDOW_MAX  64
#define AROUND	    PMAP_SHOW_AHEAD
#define WRITE	    PMAP_WRITE_AHEAD
#define WRITE_ORDER __builtin_ctz(WRITE)
#define START_PAGES (PMAP_SHOW_AHEAD * 2) /* of each mapping of a new program */
#define STACK_GAP   (16 * PAGE_SIZE)	  /* kept free below a growing stack */

struct fault {
	struct vmspace *vm;
	struct vm_entry *e;
	uaddr_t va; /* of the page */
	vm_prot_t access;
	/* Pages that were replaced: ours until no program can see them. */
	struct vm_page *old[WRITE];   /* of overlays */
	struct vm_page *shown[WRITE]; /* of objects, wired */
	unsigned nold, nshown;
	struct page_run run;
};

struct vm_object *
vm_entry_anon(struct vm_entry *e)
{
	struct vm_object *anon = e->ve_anon;

	if (anon != NULL)
		return (anon);
	anon = vm_object_create(VMO_ANON, UINT64_MAX, NULL, NULL);
	if (anon == NULL)
		return (NULL);
	if (!atomic_cmpset(&e->ve_anon, (struct vm_object *)NULL, anon)) {
		vm_object_drop(anon);
		anon = e->ve_anon;
	}
	return (anon);
}

/* --- overlay ------------------------------------------------------------------------- */

/*
 * (overlay excl) Put a fresh page at index and show it; the page is consumed.
 * 0 or ENOMEM.
 */
static int
anon_install(struct fault *f, struct vm_object *anon, uint64_t index,
    struct vm_page *pg, uaddr_t va)
{
	int error;

	if ((error = radix_set(&anon->vo_pages, index, pg)) != 0) {
		vm_page_release(pg);
		return (error);
	}
	atomic_add(&vm_anon_pages, 1);
	atomic_and(&pg->pg_flags, (uint16_t)~PGF_ZERO);
	return (pmap_enter(&f->vm->vm_pmap, va, pg, f->e->ve_prot));
}

/* (overlay excl) Replace the shared page at index by a copy of our own. */
static int
anon_copy(struct fault *f, struct vm_object *anon, uint64_t index,
    struct vm_page *old)
{
	struct vm_page *pg = vm_page_run_take(&f->run, WRITE_ORDER);

	if (pg == NULL && (pg = vm_page_alloc(-1, 0, VMA_WAIT)) == NULL)
		return (ENOMEM);
	memcpy(vm_page_kva(pg), vm_page_kva(old), PAGE_SIZE);
	atomic_or(&pg->pg_flags, PGF_HOT);
	KASSERT(f->nold < WRITE, ("anon_copy: %u pages", f->nold));
	f->old[f->nold++] = old;
	atomic_add(&vm_cow_count, 1);
	return (anon_install(f, anon, index, pg, f->va));
}

/*
 * The fault is done: when this returns no thread of the program reads a page
 * that was replaced.
 */
static void
fault_done(struct fault *f)
{
	vm_page_run_end(&f->run);
	if (f->nold + f->nshown == 0)
		return;
	pmap_update(&f->vm->vm_pmap);
	while (f->nshown > 0)
		vm_page_unwire(f->shown[--f->nshown]);
	while (f->nold > 0)
		vm_anon_page_drop(f->old[--f->nold]);
}

/* An overlay page answers the fault: 0, an error, or ENOENT if there is none. */
static int
fault_anon(struct fault *f)
{
	struct vm_object *anon = f->e->ve_anon;
	uint64_t index = vm_entry_anon_index(f->e, f->va);
	struct vm_page *pg;
	vm_prot_t prot = f->e->ve_prot;
	int error = ENOENT;

	if (anon == NULL)
		return (ENOENT);
	lock_excl(&anon->vo_lock);
	if ((pg = radix_get(&anon->vo_pages, index)) != NULL) {
		if ((f->access & VM_PROT_WRITE) != 0 &&
		    pmap_lookup(&f->vm->vm_pmap, f->va, NULL) == pg)
			atomic_or(&pg->pg_flags, PGF_HOT); /* vm_fork.c */
		if (atomic_load(&pg->pg_refs) == 1)
			error = pmap_enter(&f->vm->vm_pmap, f->va, pg, prot);
		else if ((f->access & VM_PROT_WRITE) != 0)
			error = anon_copy(f, anon, index, pg);
		else
			error = pmap_enter(
			    &f->vm->vm_pmap, f->va, pg, prot & ~VM_PROT_WRITE);
	}
	lock_release(&anon->vo_lock);
	return (error);
}

/* --- zero fill -------------------------------------------------------------------------- */

/*
 * How many pages to make at once, the one at va among them; they lie above it or,
 * if memory is used downwards (a stack, or faults that descend), below it.
 */
static uint64_t
fill_window(struct fault *f, struct vm_object *anon, bool *downp)
{
	struct vm_entry *e = f->e;
	uint64_t want = WINDOW_MIN, index = vm_entry_anon_index(e, f->va), n;
	uint64_t next = index + 1;
	bool descends = f->va == e->ve_prev_fault;

	*downp = descends || (e->ve_flags & VMM_GROWSDOWN) != 0;
	if (e->ve_advice == VMADV_RANDOM)
		return (1);
	if (descends || f->va == e->ve_next_fault)
		want = MIN((uint64_t)MAX(e->ve_window, 1) * 2, WINDOW_MAX);
	e->ve_window = (uint8_t)want;
	if (vm_free_pages < vm_free_low + want)
		return (1);
	if (*downp) {
		want = MIN(want, atop(f->va - e->ve_start) + 1);
		for (n = 1; n < want; n++)
			if (radix_get(&anon->vo_pages, index - n) != NULL)
				break;
		return (n);
	}
	want = MIN(want, atop(e->ve_end - f->va));
	if (radix_next(&anon->vo_pages, &next) != NULL)
		want = MIN(want, next - index);
	return (want);
}

static int
fault_zero(struct fault *f)
{
	struct vm_object *anon = vm_entry_anon(f->e);
	struct vm_page *run = NULL;
	uint64_t n, index = vm_entry_anon_index(f->e, f->va);
	uaddr_t va = f->va;
	int order = 0, error = 0;
	bool down;

	if (anon == NULL)
		return (ENOMEM);
	lock_excl(&anon->vo_lock);
	if (radix_get(&anon->vo_pages, index) != NULL) {
		lock_release(&anon->vo_lock);
		return (fault_anon(f)); /* another thread was faster */
	}
	n = fill_window(f, anon, &down);
	while (2UL << order <= n)
		order++;
	for (; order > 0 && run == NULL; order -= run == NULL)
		run = vm_page_alloc(-1, order, VMA_NOWAIT | VMA_ZERO);
	if (run == NULL)
		run = vm_page_alloc(-1, 0, VMA_WAIT | VMA_ZERO);
	if (run == NULL) {
		lock_release(&anon->vo_lock);
		return (ENOMEM);
	}
	vm_page_split(run, order);
	if (down) {
		index -= (1UL << order) - 1;
		va -= (PAGE_SIZE << order) - PAGE_SIZE;
	}
	for (n = 0; n < 1UL << order; n++) {
		if (error != 0)
			vm_page_release(&run[n]);
		else
			error = anon_install(
			    f, anon, index + n, &run[n], va + ptoa(n));
	}
	lock_release(&anon->vo_lock);
	f->e->ve_next_fault = va + (PAGE_SIZE << order);
	f->e->ve_prev_fault = va - PAGE_SIZE;
	return (error);
}

/* --- objects ------------------------------------------------------------------------------ */

static bool
overlay_has(struct vm_entry *e, uaddr_t va)
{
	struct vm_object *anon = e->ve_anon;
	bool has;

	if (anon == NULL)
		return (false);
	lock_shared(&anon->vo_lock);
	has = radix_get(&anon->vo_pages, vm_entry_anon_index(e, va)) != NULL;
	lock_release(&anon->vo_lock);
	return (has);
}

/* Show what is resident in [start, end); best effort.  Returns how many. */
static unsigned
show_resident(struct vmspace *vm, struct vm_entry *e, uaddr_t start,
    uaddr_t end, vm_prot_t prot)
{
	struct vm_object *obj = e->ve_object;
	struct vm_page *pg;
	unsigned n = 0;

	for (uaddr_t va = start; va < end; va += PAGE_SIZE) {
		if (pmap_lookup(&vm->vm_pmap, va, NULL) != NULL ||
		    overlay_has(e, va))
			continue;
		lock_shared(&obj->vo_lock);
		pg = radix_get(&obj->vo_pages, vm_entry_object_index(e, va));
		if (pg != NULL && (pg->pg_flags & PGF_BUSY) == 0 &&
		    pmap_enter(&vm->vm_pmap, va, pg, prot) == 0)
			n++;
		lock_release(&obj->vo_lock);
	}
	return (n);
}

/* Neighbours of a page that was shown; never writable unless anonymous. */
static void
fault_around(struct fault *f, vm_prot_t prot)
{
	struct vm_entry *e = f->e;
	uint64_t around = (prot & VM_PROT_EXECUTE) != 0 ? AROUND * 4 : AROUND;
	uaddr_t start = rounddown2(f->va, around * PAGE_SIZE);

	if (e->ve_advice == VMADV_RANDOM)
		return;
	(void)show_resident(f->vm, e, MAX(start, e->ve_start),
	    MIN(start + around * PAGE_SIZE, e->ve_end), prot);
}

/* Copy the object's page, which is wired for us, into the overlay. */
static int
object_copy(struct fault *f, struct vm_page *from)
{
	struct vm_object *anon = vm_entry_anon(f->e);
	uint64_t index = vm_entry_anon_index(f->e, f->va);
	struct vm_page *pg = NULL;
	int error = ENOMEM;

	KASSERT(f->nshown < WRITE, ("object_copy: %u pages", f->nshown));
	f->shown[f->nshown++] = from;
	if (anon == NULL)
		return (ENOMEM);
	pg = vm_page_run_take(&f->run, WRITE_ORDER);
	if (pg == NULL && (pg = vm_page_alloc(-1, 0, VMA_WAIT)) == NULL)
		return (ENOMEM);
	memcpy(vm_page_kva(pg), vm_page_kva(from), PAGE_SIZE);
	lock_excl(&anon->vo_lock);
	if (radix_get(&anon->vo_pages, index) != NULL) {
		vm_page_release(pg);
		error = 0; /* another thread was faster: the retry finds it */
	} else {
		atomic_add(&vm_cow_count, 1);
		error = anon_install(f, anon, index, pg, f->va);
	}
	lock_release(&anon->vo_lock);
	return (error);
}

/* Show the object's page itself, if it still is the object's. */
static int
object_show(struct fault *f, struct vm_page *pg, uint64_t index, vm_prot_t prot)
{
	struct vm_object *obj = f->e->ve_object;
	int error = 0;

	lock_shared(&obj->vo_lock);
	if (radix_get(&obj->vo_pages, index) == pg) {
		if ((f->access & VM_PROT_WRITE) != 0)
			vm_object_dirty(obj, pg);
		error = pmap_enter(&f->vm->vm_pmap, f->va, pg, prot);
	}
	lock_release(&obj->vo_lock);
	return (error);
}

static int
fault_object(struct fault *f)
{
	struct vm_entry *e = f->e;
	struct vm_object *obj = e->ve_object;
	uint64_t index = vm_entry_object_index(e, f->va);
	bool shared = (e->ve_flags & VMM_SHARED) != 0;
	vm_prot_t prot = e->ve_prot;
	struct vm_page *pg;
	int error;

	if (ptoa(index) >= round_page(obj->vo_size))
		return (EIO);
	if ((error = vm_object_getpage(obj, index, 0, &pg)) != 0)
		return (error == ENOMEM ? ENOMEM : EIO);
	if (!shared && (f->access & VM_PROT_WRITE) != 0)
		return (object_copy(f, pg));
	/* Anonymous and device pages need no dirty tracking. */
	if (!shared ||
	    (obj->vo_type == VMO_VNODE && (f->access & VM_PROT_WRITE) == 0))
		prot &= ~VM_PROT_WRITE;
	error = object_show(f, pg, index, prot);
	if (error == 0)
		fault_around(f,
		    obj->vo_type == VMO_VNODE ? prot & ~VM_PROT_WRITE : prot);
	vm_page_unwire(pg);
	return (error);
}

/* --- writing ahead ------------------------------------------------------------------ */

/*
 * Make the page at f->va writable if it is the program's already; copied if a
 * forked process has it, too.  A page that is still the file's is left alone:
 * until it is written, the program sees what others write to the file.  The data
 * of programs and libraries are copied, for nobody writes those files, and the
 * linker writes them from end to end.
 */
static bool
write_neighbour(struct fault *f)
{
	vm_prot_t prot;
	struct vm_page *pg = pmap_lookup(&f->vm->vm_pmap, f->va, &prot);

	if (pg != NULL && (prot & VM_PROT_WRITE) != 0)
		return (true);
	if (overlay_has(f->e, f->va))
		return (fault_anon(f) == 0);
	return ((f->e->ve_flags & VMM_PROGRAM) == 0 || pg == NULL ||
	    fault_object(f) == 0);
}

/* A write to a private page has been resolved: do its neighbours, too. */
static void
write_around(struct fault *f)
{
	struct vm_entry *e = f->e;
	uaddr_t start = rounddown2(f->va, WRITE * PAGE_SIZE);
	uaddr_t end = MIN(start + WRITE * PAGE_SIZE, e->ve_end);
	uaddr_t va = f->va;

	if (e->ve_advice == VMADV_RANDOM || vm_free_pages < vm_free_low + WRITE)
		return;
	for (f->va = MAX(start, e->ve_start); f->va < end; f->va += PAGE_SIZE)
		if (f->va != va && !write_neighbour(f))
			break;
	f->va = va;
}

/*
 * A page that was the program's already has been shown for reading: show those
 * around it.  They lost their translations when the memory was moved (mremap).
 */
static void
read_around(struct fault *f)
{
	struct vm_entry *e = f->e;
	uaddr_t start = rounddown2(f->va, AROUND * PAGE_SIZE);
	uaddr_t end = MIN(start + AROUND * PAGE_SIZE, e->ve_end);
	int error;

	if (e->ve_advice == VMADV_RANDOM)
		return;
	for (f->va = MAX(start, e->ve_start); f->va < end; f->va += PAGE_SIZE) {
		if (pmap_lookup(&f->vm->vm_pmap, f->va, NULL) != NULL)
			continue;
		if ((error = fault_anon(f)) != 0 && error != ENOENT)
			break;
	}
}

/*
 * A new program, before it runs: show what is resident of the first pages of
 * each of its files' mappings.
 */
void
vmspace_show(struct vmspace *vm)
{
	struct vm_entry *e;

	lock_shared(&vm->vm_lock);
	TAILQ_FOREACH(e, &vm->vm_entries, ve_link)
		if (e->ve_object != NULL && e->ve_object->vo_type == VMO_VNODE)
			(void)show_resident(vm, e, e->ve_start,
			    MIN(e->ve_end,
				e->ve_start + START_PAGES * PAGE_SIZE),
			    e->ve_prot & ~VM_PROT_WRITE);
	lock_release(&vm->vm_lock);
}

/* --- entry points ---------------------------------------------------------------------------- */

/* A fault just below a growing stack: extend it.  Takes and leaves no lock. */
static int
grow_stack(struct vmspace *vm, uaddr_t va)
{
	struct vm_entry *e, *prev;
	int error = EFAULT;

	lock_excl(&vm->vm_lock);
	e = vm_entry_at_or_after(vm, va);
	if (e != NULL && e->ve_start <= va) {
		error = 0;
	} else if (e != NULL && (e->ve_flags & VMM_GROWSDOWN) != 0 &&
	    e->ve_end - va <= vm->vm_stack_max && va >= e->ve_anon_base &&
	    vm->vm_size + (e->ve_start - va) <= vm->vm_as_max) {
		prev = TAILQ_PREV(e, vm_entry_list, ve_link);
		if (prev == NULL || prev->ve_end + STACK_GAP <= va) {
			vm->vm_size += e->ve_start - va;
			vm->vm_peak = MAX(vm->vm_peak, vm->vm_size);
			e->ve_offset -= e->ve_start - va;
			e->ve_start = va;
			error = 0;
		}
	}
	lock_release(&vm->vm_lock);
	return (error);
}

/* (vm_lock shared) */
static int
fault_locked(struct vmspace *vm, uaddr_t va, vm_prot_t access)
{
	struct fault f = {
	    .vm = vm, .e = vm_entry_lookup(vm, va), .va = va, .access = access};
	int error;

	if (f.e == NULL)
		return (EFAULT);
	if ((access & ~f.e->ve_prot) != 0)
		return (EACCES);
	if ((f.e->ve_flags & VMM_SHARED) != 0)
		return (fault_object(&f));
	if ((error = fault_anon(&f)) == 0 && access != VM_PROT_WRITE)
		read_around(&f);
	if (error == ENOENT)
		error =
		    f.e->ve_object == NULL ? fault_zero(&f) : fault_object(&f);
	if (error == 0 && access == VM_PROT_WRITE)
		write_around(&f);
	fault_done(&f);
	return (error);
}

int
vm_fault(struct vmspace *vm, uaddr_t addr, vm_prot_t access)
{
	uaddr_t va = trunc_page(addr);
	int error;

	if (va < VM_MIN_USER || va >= VM_MAX_USER)
		return (EFAULT);
	atomic_add(&vm_fault_count, 1);
	curcpu->c_faults++;
	lock_shared(&vm->vm_lock);
	error = fault_locked(vm, va, access);
	lock_release(&vm->vm_lock);
	if (error == EFAULT && (error = grow_stack(vm, va)) == 0) {
		lock_shared(&vm->vm_lock);
		error = fault_locked(vm, va, access);
		lock_release(&vm->vm_lock);
	}
	KTR_EVENT(FAULT, fault, "addr=%#lx access=%u error=%d", addr, access,
	    (uint64_t)error);
	return (error);
}

struct vm_page *
vm_overlay_page(struct vmspace *vm, uaddr_t addr)
{
	struct vm_entry *e = vm_entry_lookup(vm, addr);
	struct vm_page *pg;

	if (e == NULL || (e->ve_flags & VMM_SHARED) != 0 || e->ve_anon == NULL)
		return (NULL);
	lock_shared(&e->ve_anon->vo_lock);
	pg = radix_get(
	    &e->ve_anon->vo_pages, vm_entry_anon_index(e, trunc_page(addr)));
	lock_release(&e->ve_anon->vo_lock);
	return (pg);
}

int
vm_fault_private(struct vmspace *vm, uaddr_t addr, struct vm_page **pgp)
{
	struct fault f = {.vm = vm,
	    .e = vm_entry_lookup(vm, addr),
	    .va = trunc_page(addr),
	    .access = VM_PROT_WRITE};
	int error;

	LOCK_ASSERT_EXCL(&vm->vm_lock);
	if (f.e == NULL || (f.e->ve_flags & VMM_SHARED) != 0)
		return (EFAULT);
	if ((*pgp = vm_overlay_page(vm, addr)) != NULL &&
	    atomic_load(&(*pgp)->pg_refs) == 1)
		return (0);
	error = fault_anon(&f);
	if (error == ENOENT)
		error =
		    f.e->ve_object != NULL ? fault_object(&f) : fault_zero(&f);
	fault_done(&f);
	if (error == 0 && (*pgp = vm_overlay_page(vm, addr)) == NULL)
		error = EFAULT;
	return (error);
}

int
vm_fault_page(
    struct vmspace *vm, uaddr_t addr, vm_prot_t access, struct vm_page **pgp)
{
	int error;

	for (int tries = 0; tries < 100; tries++) {
		*pgp = pmap_wire(&vm->vm_pmap, trunc_page(addr), access);
		if (*pgp != NULL)
			return (0);
		if ((error = vm_fault(vm, addr, access)) != 0)
			return (error);
	}
	return (ENOMEM);
}

/* Somebody will write there. */
static void
text_restore(
    struct vmspace *vm __unused, uaddr_t start __unused, uaddr_t end __unused)
{
#ifdef MACHINE_CHANGES_TEXT
	lock_excl(&vm->vm_lock);
	pmap_text_restore(vm, start, end);
	lock_release(&vm->vm_lock);
#endif
}

/* The page at va (page-aligned), wired for that access. */
typedef int (*page_getter)(
    struct vmspace *vm, uaddr_t va, bool write, struct vm_page **pgp);

static int
page_as_program(
    struct vmspace *vm, uaddr_t va, bool write, struct vm_page **pgp)
{
	return (
	    vm_fault_page(vm, va, write ? VM_PROT_WRITE : VM_PROT_READ, pgp));
}

/* What could be moved counts more than the error after it. */
static int
rw_pages(struct vmspace *vm, uaddr_t addr, void *buf, size_t len, bool write,
    page_getter get, size_t *donep)
{
	size_t done = 0, n;
	struct vm_page *pg;
	uint8_t *p;
	int error = 0;

	if (write)
		text_restore(vm, addr, addr + len);
	while (done < len) {
		n = MIN(len - done, PAGE_SIZE - ((addr + done) & PAGE_MASK));
		error = get(vm, trunc_page(addr + done), write, &pg);
		if (error != 0)
			break;
		p = (uint8_t *)vm_page_kva(pg) + ((addr + done) & PAGE_MASK);
		if (write) {
			memcheck_check_defined((uint8_t *)buf + done, n);
			memcpy(p, (uint8_t *)buf + done, n);
		} else
			memcpy((uint8_t *)buf + done, p, n);
		vm_page_unwire(pg);
		done += n;
	}
	if (!write)
		pmap_text_view(vm, addr, buf, done);
	*donep = done;
	return (done > 0 ? 0 : error);
}

int
vmspace_rw(struct vmspace *vm, uaddr_t addr, void *buf, size_t len, bool write,
    size_t *donep)
{
	return (rw_pages(vm, addr, buf, len, write, page_as_program, donep));
}

/* --- a tracer's access ----------------------------------------------------------------------- */

/* (vm_lock shared) The overlay's page at va, wired, or NULL. */
static struct vm_page *
overlay_wire(struct vm_entry *e, uaddr_t va, bool write)
{
	struct vm_object *anon = e->ve_anon;
	struct vm_page *pg;

	if (anon == NULL)
		return (NULL);
	lock_excl(&anon->vo_lock);
	pg = radix_get(&anon->vo_pages, vm_entry_anon_index(e, va));
	if (pg != NULL && write && atomic_load(&pg->pg_refs) != 1)
		pg = NULL; /* to be copied first */
	if (pg != NULL)
		vm_page_wire(pg);
	lock_release(&anon->vo_lock);
	return (pg);
}

/*
 * (vm_lock shared) A page of a private mapping whose protection forbids the
 * access.  The fault is resolved as if it did not; the translation that comes of
 * it has the entry's protection as ever.
 */
static int
force_private(struct vmspace *vm, struct vm_entry *e, uaddr_t va, bool write,
    struct vm_page **pgp)
{
	struct fault f = {.vm = vm,
	    .e = e,
	    .va = va,
	    .access = write ? VM_PROT_WRITE : VM_PROT_READ};
	struct vm_object *obj = e->ve_object;
	uint64_t index;
	int error;

	for (int tries = 0; tries < 100; tries++) {
		if ((*pgp = overlay_wire(e, va, write)) != NULL)
			return (0);
		if (obj != NULL && !write) {
			index = vm_entry_object_index(e, va);
			if (ptoa(index) >= round_page(obj->vo_size))
				return (EIO);
			return (vm_object_getpage(obj, index, 0, pgp));
		}
		if ((error = fault_anon(&f)) == ENOENT)
			error = obj != NULL ? fault_object(&f) : fault_zero(&f);
		fault_done(&f);
		if (error != 0)
			return (error);
	}
	return (ENOMEM);
}

static int
force_page(struct vmspace *vm, uaddr_t va, bool write, struct vm_page **pgp)
{
	vm_prot_t access = write ? VM_PROT_WRITE : VM_PROT_READ;
	struct vm_entry *e;
	int error = EACCES;

	if (va < VM_MIN_USER || va >= VM_MAX_USER)
		return (EFAULT);
	lock_shared(&vm->vm_lock);
	e = vm_entry_lookup(vm, va);
	if (e != NULL && (access & ~e->ve_prot) != 0) {
		if ((e->ve_flags & VMM_SHARED) == 0)
			error = force_private(vm, e, va, write, pgp);
		lock_release(&vm->vm_lock);
		pmap_update(&vm->vm_pmap);
		return (error);
	}
	lock_release(&vm->vm_lock);
	return (vm_fault_page(vm, va, access, pgp));
}

int
vmspace_rw_force(struct vmspace *vm, uaddr_t addr, void *buf, size_t len,
    bool write, size_t *donep)
{
	return (rw_pages(vm, addr, buf, len, write, force_page, donep));
}
