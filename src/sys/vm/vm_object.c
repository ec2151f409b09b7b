/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM objects: sparse arrays of pages.
 *
 * 1. Three kinds.  VMO_VNODE is the page cache of a file: pages come from
 *    vpo_getpage and go back by vpo_putpage.  VMO_ANON without a handle is
 *    zero-fill memory: shared anonymous memory, and the overlay of a private
 *    map entry.  VMO_DEVICE gives pages that a driver owns.
 * 2. A page of an overlay may be in several overlays at once after a fork:
 *    pg_refs counts them, pg_object is NULL, and nobody writes it while
 *    pg_refs > 1.  A page of any other object belongs to it alone.
 * 3. A page on its way in or out of the backing store is BUSY: whoever wants
 *    it sleeps on it.  BUSY is set and cleared under vo_lock.
 * 4. Taking a page out of an object: wait until it is not busy, remove it from
 *    the array, take it out of every pmap, release it.  A page that somebody
 *    has wired meanwhile is doomed and goes with its last wire.
 *
 * Lock order: vo_lock -> pmap -> page spin.  Two objects' locks nest only from
 * a private overlay to the object behind it.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/thread.h>
#include "vm_var.h"

static struct zone *object_zone;

static void
object_init(void)
{
	object_zone = zone_create("vm_object", sizeof(struct vm_object), 16);
}
SYSINIT(vm_object, SI_MEMORY + 1, object_init);

struct vm_object *
vm_object_create(enum vm_object_type type, uint64_t size,
    const struct vm_pager_ops *ops, void *handle)
{
	static struct lock_class classes[] = {
	    {"anon", 0}, {"object", 0}, {"device", 0}};
	struct vm_object *obj = zone_alloc(object_zone, M_WAITOK | M_ZERO);

	if (obj == NULL)
		return (NULL);
	lock_init_class(&obj->vo_lock, 0, &classes[type]);
	spin_init(&obj->vo_mapspin, "mappers");
	LIST_INIT(&obj->vo_mappers);
	radix_init(&obj->vo_pages);
	ref_init(&obj->vo_refs, 1);
	obj->vo_type = type;
	obj->vo_size = size;
	obj->vo_ops = ops;
	obj->vo_handle = handle;
	return (obj);
}

void
vm_object_hold(struct vm_object *obj)
{
	ref_hold(&obj->vo_refs);
}

void
vm_object_drop(struct vm_object *obj)
{
	/* A page cache and its vnode hold each other: the pager decides. */
	if (obj->vo_ops != NULL && obj->vo_ops->vpo_drop != NULL &&
	    obj->vo_ops->vpo_drop(obj))
		return;
	if (!ref_drop(&obj->vo_refs))
		return;
	vm_object_remove_range(obj, 0, UINT64_MAX);
	if (obj->vo_ops != NULL && obj->vo_ops->vpo_dtor != NULL)
		obj->vo_ops->vpo_dtor(obj);
	radix_destroy(&obj->vo_pages);
	lock_destroy(&obj->vo_lock);
	zone_free(object_zone, obj);
}

/* (vo_lock) Sleep until pg may have changed; the lock is dropped meanwhile. */
static void
wait_busy(struct vm_object *obj, struct vm_page *pg)
{
	atomic_or(&pg->pg_flags, PGF_WANTED);
	lock_sleep(pg, &obj->vo_lock, 0, "vmbusy", NS_PER_SEC);
}

/* Are its pages the only copy of something that is shared? */
static bool
keeps(const struct vm_object *obj)
{
	return (obj->vo_type == VMO_ANON ||
	    (obj->vo_type == VMO_VNODE &&
		(obj->vo_flags & VOF_NORECLAIM) != 0));
}

static void
page_clean(struct vm_object *obj, struct vm_page *pg)
{
	if ((atomic_and(&pg->pg_flags, (uint16_t)~PGF_DIRTY) & PGF_DIRTY) !=
		0 &&
	    !keeps(obj))
		atomic_sub(&vm_dirty_pages, 1);
}

int
vm_object_insert(struct vm_object *obj, uint64_t index, struct vm_page *pg)
{
	int error;

	LOCK_ASSERT_EXCL(&obj->vo_lock);
	pg->pg_object = obj;
	pg->pg_index = index;
	if ((error = radix_set(&obj->vo_pages, index, pg)) != 0) {
		pg->pg_object = NULL;
		return (error);
	}
	if (keeps(obj))
		atomic_add(&vm_keep_pages, 1);
	else if (obj->vo_type == VMO_VNODE)
		vm_page_enqueue(pg);
	return (0);
}

int
vm_object_add_page(struct vm_object *obj, uint64_t index, paddr_t pa)
{
	struct vm_page *pg = vm_page_of_pa(pa);
	int error;

	KASSERT(obj->vo_type == VMO_DEVICE, ("vm_object_add_page: its type"));
	if (pg == NULL)
		return (ENXIO);
	lock_excl(&obj->vo_lock);
	/* Pages that no allocator ever had are marked as taken. */
	if (pg->pg_object == NULL) {
		atomic_or(&pg->pg_flags, PGF_NOTFREE);
		vm_page_wire(pg);
	}
	error = vm_object_insert(obj, index, pg);
	lock_release(&obj->vo_lock);
	return (error);
}

void
vm_anon_page_drop(struct vm_page *pg)
{
	if (atomic_sub(&pg->pg_refs, 1) == 0) {
		atomic_sub(&vm_anon_pages, 1);
		vm_page_release(pg);
	}
}

void
vm_object_free_page(struct vm_object *obj, struct vm_page *pg)
{
	LOCK_ASSERT_EXCL(&obj->vo_lock);
	if (obj->vo_type == VMO_DEVICE) {
		pmap_page_remove(pg);
		return;
	}
	if (pg->pg_object == NULL) { /* overlay */
		vm_anon_page_drop(pg);
		return;
	}
	vm_page_dequeue(pg);
	pmap_page_remove(pg);
	page_clean(obj, pg);
	pg->pg_object = NULL;
	if (keeps(obj))
		atomic_sub(&vm_keep_pages, 1);
	vm_page_release(pg);
}

/* Any busy page in the range?  Waits for one, then says so. */
static bool
wait_any_busy(struct vm_object *obj, uint64_t start, uint64_t end)
{
	struct vm_page *pg;

	for (uint64_t i = start;
	     (pg = radix_next(&obj->vo_pages, &i)) != NULL && i < end; i++)
		if ((pg->pg_flags & PGF_BUSY) != 0) {
			wait_busy(obj, pg);
			return (true);
		}
	return (false);
}

void
vm_object_remove_range(struct vm_object *obj, uint64_t start, uint64_t end)
{
	struct vm_page *pg;
	uint64_t i = start;

	lock_excl(&obj->vo_lock);
	while (obj->vo_type == VMO_VNODE && wait_any_busy(obj, start, end))
		;
	while ((pg = radix_next(&obj->vo_pages, &i)) != NULL && i < end) {
		(void)radix_remove(&obj->vo_pages, i);
		vm_object_free_page(obj, pg);
		i++;
	}
	lock_release(&obj->vo_lock);
}

/* --- one page ------------------------------------------------------------------- */

/* (vo_lock excl, dropped during I/O) Fill a new page through the pager. */
static int
page_in(struct vm_object *obj, struct vm_page *pg, int flags)
{
	int error;

	if (obj->vo_ops == NULL || obj->vo_ops->vpo_getpage == NULL ||
	    (flags & (VOG_CREATE | VOG_OVERWRITE)) != 0) {
		if ((flags & VOG_OVERWRITE) == 0 &&
		    (pg->pg_flags & PGF_ZERO) == 0)
			memset(vm_page_kva(pg), 0, PAGE_SIZE);
		atomic_and(&pg->pg_flags, (uint16_t)~PGF_ZERO);
		return (0);
	}
	atomic_or(&pg->pg_flags, PGF_BUSY);
	lock_release(&obj->vo_lock);
	error = obj->vo_ops->vpo_getpage(obj, pg);
	lock_excl(&obj->vo_lock);
	atomic_and(&pg->pg_flags, (uint16_t)~PGF_ZERO);
	vm_page_unbusy(pg);
	KTR_EVENT(FAULT, pagein, "object=%p index=%lu error=%d", KTRP(obj),
	    pg->pg_index, (uint64_t)error);
	return (error);
}

/* (vo_lock excl, may be dropped and retaken) */
static int
page_make(
    struct vm_object *obj, uint64_t index, int flags, struct vm_page **pgp)
{
	struct vm_page *pg;
	int error;

	lock_release(&obj->vo_lock);
	pg = vm_page_alloc(-1, 0, VMA_WAIT);
	lock_excl(&obj->vo_lock);
	if (pg == NULL)
		return (ENOMEM);
	if (radix_get(&obj->vo_pages, index) != NULL) {
		vm_page_free(pg, 0); /* somebody was faster: look again */
		return (EAGAIN);
	}
	if ((error = vm_object_insert(obj, index, pg)) != 0) {
		vm_page_free(pg, 0);
		return (error);
	}
	vm_page_wire(pg);
	if ((error = page_in(obj, pg, flags)) != 0) {
		if (pg->pg_object == obj) {
			(void)radix_remove(&obj->vo_pages, index);
			vm_object_free_page(obj, pg);
		}
		vm_page_unwire(pg);
		return (error);
	}
	*pgp = pg;
	return (0);
}

int
vm_object_getpage(
    struct vm_object *obj, uint64_t index, int flags, struct vm_page **pgp)
{
	struct vm_page *pg;
	int error = 0;

	*pgp = NULL;
	lock_shared(&obj->vo_lock);
	pg = radix_get(&obj->vo_pages, index);
	if (pg != NULL && (pg->pg_flags & PGF_BUSY) == 0) {
		vm_page_wire(pg);
		if ((pg->pg_flags & PGF_REF) == 0)
			atomic_or(&pg->pg_flags, PGF_REF);
		lock_release(&obj->vo_lock);
		*pgp = pg;
		return (0);
	}
	lock_release(&obj->vo_lock);
	if (pg == NULL && (flags & VOG_NOPAGER) != 0)
		return (0);
	lock_excl(&obj->vo_lock);
	do {
		while ((pg = radix_get(&obj->vo_pages, index)) != NULL &&
		    (pg->pg_flags & PGF_BUSY) != 0)
			wait_busy(obj, pg);
		if (pg != NULL) {
			vm_page_wire(pg);
			*pgp = pg;
			error = 0;
		} else
			error = page_make(obj, index, flags, pgp);
	} while (error == EAGAIN);
	lock_release(&obj->vo_lock);
	return (error);
}

void
vm_object_dirty(struct vm_object *obj, struct vm_page *pg)
{
	if ((atomic_or(&pg->pg_flags, PGF_DIRTY | PGF_REF) & PGF_DIRTY) == 0 &&
	    !keeps(obj))
		atomic_add(&vm_dirty_pages, 1);
}

/* --- size and cleaning ------------------------------------------------------------- */

void
vm_object_setsize(struct vm_object *obj, uint64_t size)
{
	struct vm_page *pg;
	uint64_t old;

	lock_excl(&obj->vo_lock);
	old = obj->vo_size;
	obj->vo_size = size;
	lock_release(&obj->vo_lock);
	if (size >= old)
		return;
	vm_object_remove_range(obj, atop(round_page(size)), UINT64_MAX);
	if ((size & PAGE_MASK) == 0)
		return;
	if (vm_object_getpage(obj, atop(size), VOG_NOPAGER, &pg) == 0 &&
	    pg != NULL) {
		memset((uint8_t *)vm_page_kva(pg) + (size & PAGE_MASK), 0,
		    PAGE_SIZE - (size & PAGE_MASK));
		vm_page_unwire(pg);
	}
}

int
vm_object_page_out(struct vm_object *obj, struct vm_page *pg)
{
	int error;

	atomic_or(&pg->pg_flags, PGF_BUSY);
	page_clean(obj, pg);
	/* Later writes fault and make it dirty again. */
	pmap_page_protect(pg);
	lock_release(&obj->vo_lock);
	error = obj->vo_ops->vpo_putpage(obj, pg);
	lock_excl(&obj->vo_lock);
	if (error != 0)
		vm_object_dirty(obj, pg);
	vm_page_unbusy(pg);
	return (error);
}

int
vm_object_clean(struct vm_object *obj, uint64_t start, uint64_t end)
{
	struct vm_page *pg;
	int first = 0, error;

	if (obj->vo_ops == NULL || obj->vo_ops->vpo_putpage == NULL ||
	    (obj->vo_flags & VOF_NORECLAIM) != 0)
		return (0);
	lock_excl(&obj->vo_lock);
	for (uint64_t i = start;
	     (pg = radix_next(&obj->vo_pages, &i)) != NULL && i < end;) {
		if ((pg->pg_flags & PGF_BUSY) != 0) {
			wait_busy(obj, pg);
			continue;
		}
		if ((pg->pg_flags & PGF_DIRTY) != 0) {
			error = vm_object_page_out(obj, pg);
			if (first == 0)
				first = error;
		}
		i++;
	}
	lock_release(&obj->vo_lock);
	return (first);
}

uint64_t
vm_object_resident(struct vm_object *obj)
{
	return (obj->vo_pages.rx_count);
}

static void
ddb_object(const char *arg)
{
	static const char *const kinds[] = {"anon", "vnode", "device"};
	struct vm_object obj;
	uint64_t addr;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((void *)addr, &obj, sizeof(obj))) {
		kprintf("show object ADDRESS\n");
		return;
	}
	kprintf("%s size %#lx refs %u pages %lu flags %#x handle %p\n",
	    obj.vo_type <= VMO_DEVICE ? kinds[obj.vo_type] : "?", obj.vo_size,
	    obj.vo_refs, obj.vo_pages.rx_count, obj.vo_flags, obj.vo_handle);
}
DDB_COMMAND(object, "show object", ddb_object, "a VM object by address");
