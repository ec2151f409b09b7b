/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel memory: slabs with per-CPU magazines (after Bonwick and Adams,
 * "Magazines and Vmem", 2001).
 *
 * 1. A zone caches objects of one size.  Its memory is slabs: blocks of pages,
 *    aligned to their size, with a header and then objects; free objects of a
 *    slab are linked through their first word.
 * 2. Each CPU has a magazine per zone, a stack of object pointers that only
 *    that CPU touches: the common alloc and free take no lock.  An empty one is
 *    half filled from the slabs, a full one half emptied, under z_spin.
 * 3. kmalloc rounds up to a size class, each a zone; beyond the largest class
 *    it takes whole blocks of pages.  The page struct says which: PGF_SLAB with
 *    the slab, or PGF_LARGE with the size.
 * 4. A type counts its bytes; malloc_leaks() at shutdown tells what is left.
 *
 * 5. Under a memory checker (CHECKED_MEMORY) there are no magazines: what is
 * freed is out of bounds at once, and stays so for a while in the zone's
 * quarantine, a ring of the objects freed last.  Behind each object, and
 * behind a slab's header, lies a red zone.  kmalloc keeps what was asked for in
 * the red zone's last word, so that the block ends to the byte, and
 * krealloc always moves.  Large blocks have red zones on both sides, which
 * cost a page if they fill theirs, and begin no page.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/kshm.h>
#include <sys/explore.h>
#include <sys/malloc.h>
#include <sys/memcheck.h>
#include <vm/vm_var.h>

#define MAG_SIZE   32
#define QUARANTINE 64

struct slab {
	LIST_ENTRY(slab) sl_link; /* (z_spin) on partial, if it has room */
	struct zone *sl_zone;
	void *sl_free;	  /* (z_spin) */
	uint32_t sl_used; /* (z_spin) objects out, magazines too */
};

struct magazine {
	uint32_t mg_count;
	void *mg_objs[MAG_SIZE];
} __aligned(64);

struct zone {
	const char *z_name;
	size_t z_size;	/* of an object, rounded */
	size_t z_asked; /* as the caller said */
	size_t z_align;
	int z_order; /* of a slab */
	uint32_t z_per_slab;
	uint32_t z_first; /* offset of the first object */
	struct spinlock z_spin;
	LIST_HEAD(, slab) z_partial; /* (z_spin) */
	uint64_t z_slabs;	     /* (z_spin) */
	uint64_t z_empty;	     /* (z_spin) slabs with no object out */
	uint64_t z_taken;	     /* (z_spin) objects out of slabs */
	int64_t z_boot;		     /* held when init started */
	struct magazine *z_mags;     /* [MAXCPU] or NULL */
	struct zone *z_next;
#if CHECKED_MEMORY
	void *z_quarantine[QUARANTINE];	  /* (z_spin) a ring */
	uint32_t z_oldest, z_nquarantine; /* (z_spin) */
#endif
	char z_label[24]; /* z_name, for readers of the shared segment */
};

#define ZONES_MAX 96
static struct zone zones[ZONES_MAX] __kshm;
KSHM_OBJECT(struct zone, zones, "mem.zones", KSHM_COUNTER, KSHM_TRACE);
static int nzones;
SPINLOCK_DEFINE(zones_spin, "zones");
FAULT_POINT(fault_zone, "zone");
FAULT_POINT(fault_kmalloc, "kmalloc");
MALLOC_DEFINE(M_TEMP, "temp", "short-lived buffers");
MALLOC_DEFINE(M_VM, "vm", "virtual memory structures");
SET_DECLARE(malloc_types, struct malloc_type);

/* --- slabs ------------------------------------------------------------------------ */

static struct slab *
slab_create(struct zone *z, int flags)
{
	struct vm_page *pg = vm_page_alloc(-1, z->z_order,
	    (flags & M_WAITOK) != 0 ? VMA_WAIT : VMA_NOWAIT | VMA_SYSTEM);
	size_t bytes = PAGE_SIZE << z->z_order;
	struct slab *sl;
	uint8_t *p;

	if (pg == NULL)
		return (NULL);
	sl = vm_page_kva(pg);
	sl->sl_zone = z;
	sl->sl_free = NULL;
	sl->sl_used = 0;
	p = (uint8_t *)sl + z->z_first;
	for (uint32_t i = z->z_per_slab; i-- > 0;) {
		void **obj = (void **)(p + i * z->z_size);

		*obj = sl->sl_free;
		sl->sl_free = obj;
	}
	for (uint64_t i = 0; i < 1UL << z->z_order; i++) {
		pg[i].pg_flags = PGF_NOTFREE | PGF_SLAB;
		pg[i].pg_index = (uintptr_t)sl;
	}
	memcheck_noaccess(sl + 1, bytes - sizeof(*sl));
	return (sl);
}

static void
slab_destroy(struct zone *z, struct slab *sl)
{
	struct vm_page *pg = vm_page_of_kva(sl);

	for (uint64_t i = 1; i < 1UL << z->z_order; i++)
		pg[i].pg_flags = 0;
	pg->pg_flags = PGF_NOTFREE;
	vm_page_free(pg, z->z_order);
}

static void *
slab_take(struct zone *z, struct slab *sl)
{
	void **obj = sl->sl_free;

	memcheck_defined(obj, sizeof(*obj));
	sl->sl_free = *obj;
	memcheck_noaccess(obj, sizeof(*obj));
	if (sl->sl_used++ == 0)
		z->z_empty--;
	if (sl->sl_free == NULL)
		LIST_REMOVE(sl, sl_link);
	z->z_taken++;
	return (obj);
}

/* (z_spin) The slab to destroy after unlock, or NULL. */
static struct slab *
slab_give(struct zone *z, void *p)
{
	struct slab *sl = (struct slab *)vm_page_of_kva(p)->pg_index;
	void **obj = p;

	memcheck_undefined(obj, sizeof(*obj));
	*obj = sl->sl_free;
	memcheck_noaccess(obj, sizeof(*obj));
	if (sl->sl_free == NULL)
		LIST_INSERT_HEAD(&z->z_partial, sl, sl_link);
	sl->sl_free = obj;
	z->z_taken--;
	if (--sl->sl_used > 0)
		return (NULL);
	/* Keep one empty slab against thrashing. */
	if (++z->z_empty <= 1)
		return (NULL);
	z->z_empty--;
	z->z_slabs--;
	LIST_REMOVE(sl, sl_link);
	return (sl);
}

/* Take up to want objects into objs; makes a slab if there is none. */
static uint32_t
zone_take(struct zone *z, void **objs, uint32_t want, int flags)
{
	struct slab *sl;
	uint32_t n = 0;

	spin_lock(&z->z_spin);
	while (n < want) {
		if ((sl = LIST_FIRST(&z->z_partial)) != NULL) {
			objs[n++] = slab_take(z, sl);
			continue;
		}
		if (n > 0)
			break;
		spin_unlock(&z->z_spin);
		if ((sl = slab_create(z, flags)) == NULL)
			return (0);
		spin_lock(&z->z_spin);
		LIST_INSERT_HEAD(&z->z_partial, sl, sl_link);
		z->z_slabs++;
		z->z_empty++;
	}
	spin_unlock(&z->z_spin);
	return (n);
}

static void
zone_give(struct zone *z, void **objs, uint32_t n)
{
	struct slab *sl;

	for (uint32_t i = 0; i < n; i++) {
		spin_lock(&z->z_spin);
		sl = slab_give(z, objs[i]);
		spin_unlock(&z->z_spin);
		if (sl != NULL)
			slab_destroy(z, sl);
	}
}

/* --- zones ------------------------------------------------------------------------- */

struct zone *
zone_create(const char *name, size_t size, size_t align)
{
	struct zone *z;
	size_t first, bytes;

	spin_lock(&zones_spin);
	if (nzones == ZONES_MAX)
		panic("zone_create: no room for %s", name);
	z = &zones[nzones++];
	spin_unlock(&zones_spin);
	z->z_name = name;
	strlcpy(z->z_label, name, sizeof(z->z_label));
	z->z_asked = size;
	z->z_align = MAX(align, 8);
	z->z_size = roundup2(MAX(size, 16), z->z_align);
	z->z_size = roundup2(z->z_size + MEMCHECK_REDZONE, z->z_align);
	first = roundup2(sizeof(struct slab) + MEMCHECK_REDZONE, z->z_align);
	for (z->z_order = 0;; z->z_order++) {
		bytes = PAGE_SIZE << z->z_order;
		if ((bytes - first) / z->z_size >= 8 || z->z_order == 3)
			break;
	}
	z->z_first = (uint32_t)first;
	z->z_per_slab = (uint32_t)((bytes - first) / z->z_size);
	if (z->z_per_slab == 0)
		panic("zone_create: %s: %zu bytes are too many", name, size);
	spin_init(&z->z_spin, "zone");
	LIST_INIT(&z->z_partial);
	memcheck_pool_create(z);
	return (z);
}

/* Magazines come with the first allocation: unused zones stay small. */
static struct magazine *
magazine(struct zone *z)
{
	struct magazine *m = atomic_load_acq(&z->z_mags);
	struct vm_page *pg;
	int order = 0;

	if (CHECKED_MEMORY)
		return (NULL);
	if (__likely(m != NULL))
		return (&m[curcpu->c_id]);
	while ((PAGE_SIZE << order) < sizeof(*m) * MAXCPU)
		order++;
	pg = vm_page_alloc(-1, order, VMA_NOWAIT | VMA_ZERO | VMA_SYSTEM);
	if (pg == NULL)
		return (NULL);
	m = vm_page_kva(pg);
	if (!atomic_cmpset(&z->z_mags, (struct magazine *)NULL, m)) {
		vm_page_free(pg, order);
		m = z->z_mags;
	}
	return (&m[curcpu->c_id]);
}

#if CHECKED_MEMORY
/* The object that p drives out of quarantine, or NULL. */
static void *
quarantine(struct zone *z, void *p)
{
	void *old = NULL;

	memcheck_noaccess(p, z->z_size);
	spin_lock(&z->z_spin);
	for (uint32_t i = 0; i < z->z_nquarantine; i++)
		KASSERT(z->z_quarantine[(z->z_oldest + i) % QUARANTINE] != p,
		    ("%s: %p is freed twice", z->z_name, p));
	if (z->z_nquarantine == QUARANTINE) {
		old = z->z_quarantine[z->z_oldest];
		z->z_oldest = (z->z_oldest + 1) % QUARANTINE;
		z->z_nquarantine--;
	}
	z->z_quarantine[(z->z_oldest + z->z_nquarantine++) % QUARANTINE] = p;
	spin_unlock(&z->z_spin);
	return (old);
}

static int64_t
quarantined(const struct zone *z)
{
	return (z->z_nquarantine);
}

/* What was asked for, in the last word of the object's red zone. */
static size_t *
asked_word(const struct zone *z, void *p)
{
	return ((size_t *)((uint8_t *)p + z->z_size) - 1);
}

static void
asked_set(const struct zone *z, void *p, size_t size)
{
	size_t *word = asked_word(z, p);

	memcheck_undefined(word, sizeof(*word));
	*word = size;
	memcheck_noaccess(word, sizeof(*word));
}

static size_t
asked_get(const struct zone *z, void *p)
{
	size_t *word = asked_word(z, p), size;

	memcheck_defined(word, sizeof(*word));
	size = *word;
	memcheck_noaccess(word, sizeof(*word));
	return (size);
}
#else
static inline void *
quarantine(struct zone *z __unused, void *p)
{
	return (p);
}

static inline int64_t
quarantined(const struct zone *z __unused)
{
	return (0);
}

static inline void
asked_set(const struct zone *z __unused, void *p __unused, size_t size __unused)
{
}

static inline size_t
asked_get(const struct zone *z, void *p __unused)
{
	return (z->z_size);
}
#endif

static void *
zone_get(struct zone *z, int flags)
{
	struct magazine *m = magazine(z);
	void *objs[MAG_SIZE / 2], *p;
	uint32_t n;

	if (m != NULL && m->mg_count > 0)
		return (m->mg_objs[--m->mg_count]);
	n = zone_take(z, objs, m != NULL ? MAG_SIZE / 2 : 1, flags);
	if (n == 0)
		return (NULL);
	p = objs[--n];
	if (m != NULL) {
		m = magazine(z); /* we may have slept and moved */
		while (n > 0 && m->mg_count < MAG_SIZE)
			m->mg_objs[m->mg_count++] = objs[--n];
	}
	zone_give(z, objs, n);
	return (p);
}

static void
zone_put(struct zone *z, void *p)
{
	struct magazine *m = magazine(z);

	if (m == NULL) {
		if ((p = quarantine(z, p)) != NULL)
			zone_give(z, &p, 1);
		return;
	}
	if (m->mg_count == MAG_SIZE) {
		m->mg_count -= MAG_SIZE / 2;
		zone_give(z, &m->mg_objs[m->mg_count], MAG_SIZE / 2);
	}
	m->mg_objs[m->mg_count++] = p;
}

void *
zone_alloc(struct zone *z, int flags)
{
	void *p;

	if ((flags & M_WAITOK) != 0)
		explore_point();
	if (fault_fires(&fault_zone) || (p = zone_get(z, flags)) == NULL)
		return (NULL);
	memcheck_pool_alloc(z, p, z->z_asked);
	if ((flags & M_ZERO) != 0)
		memset(p, 0, z->z_asked);
	return (p);
}

/* Back to z: p is an object of it, and the checker knows that it is free. */
static void
zone_release(struct zone *z, void *p)
{
#if defined(INVARIANTS) && !CHECKED_MEMORY
	/* Poison all but the link word. */
	if (z->z_size > 16)
		memset((uint8_t *)p + 8, 0xde, MIN(z->z_size, 256) - 8);
#endif
	zone_put(z, p);
}

static void
object_check(const struct zone *z, const void *p)
{
	const struct slab *sl =
	    (const struct slab *)vm_page_of_kva(p)->pg_index;

	KASSERT(sl->sl_zone == z,
	    ("zone_free: %p is of %s, not %s", p, sl->sl_zone->z_name,
		z->z_name));
	KASSERT(((uintptr_t)p - (uintptr_t)sl - z->z_first) % z->z_size == 0,
	    ("zone_free: %p is inside an object of %s", p, z->z_name));
}

void
zone_free(struct zone *z, void *p)
{
	memcheck_pool_free(z, p);
	object_check(z, p);
	zone_release(z, p);
}

/* --- kmalloc ------------------------------------------------------------------------- */

static const uint16_t class_sizes[] = {
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048};
static const char *const class_names[] = {"m16", "m32", "m48", "m64", "m96",
    "m128", "m192", "m256", "m384", "m512", "m768", "m1024", "m1536", "m2048"};
#define CLASS_LARGEST 2048
#define LARGE_MAX     (PAGE_SIZE << 10)
/* In front of a large block; its own page, and aligned as good as any. */
#define LARGE_FRONT (CHECKED_MEMORY ? 64UL : 0UL)
static struct zone *class_zones[nitems(class_sizes)];
static uint8_t class_of[CLASS_LARGEST / 16 + 1]; /* by 16-byte units */

static void
kmalloc_init(void)
{
	unsigned c = 0;

	for (unsigned i = 0; i < nitems(class_sizes); i++)
		class_zones[i] =
		    zone_create(class_names[i], class_sizes[i], 16);
	for (unsigned u = 0; u < nitems(class_of); u++) {
		if (u * 16 > class_sizes[c])
			c++;
		class_of[u] = (uint8_t)c;
	}
	memcheck_pool_create(class_zones); /* of the large blocks */
}
SYSINIT(kmalloc, SI_MEMORY, kmalloc_init);

static int
order_of(size_t size)
{
	int order = 0;

	while ((PAGE_SIZE << order) < size)
		order++;
	return (order);
}

/* How far into its pages a large block begins: the largest have no red zones. */
static size_t
large_offset(size_t size)
{
	if (size > LARGE_MAX - MEMCHECK_REDZONE - LARGE_FRONT)
		return (0);
	return (LARGE_FRONT);
}

static int
large_order(size_t size)
{
	size_t off = large_offset(size);

	return (order_of(off + size + (off > 0 ? MEMCHECK_REDZONE : 0)));
}

static void *
large_alloc(size_t size, int flags)
{
	struct vm_page *pg;
	uint8_t *p;
	int order;

	if (size > LARGE_MAX)
		return (NULL);
	order = large_order(size);
	pg = vm_page_alloc(-1, order,
	    ((flags & M_WAITOK) != 0 ? VMA_WAIT : VMA_NOWAIT | VMA_SYSTEM) |
		((flags & M_ZERO) != 0 ? VMA_ZERO : 0));
	if (pg == NULL)
		return (NULL);
	pg->pg_flags |= PGF_LARGE;
	pg->pg_index = size;
	p = (uint8_t *)vm_page_kva(pg) + large_offset(size);
	if (CHECKED_MEMORY) {
		memcheck_noaccess(vm_page_kva(pg), PAGE_SIZE << order);
		memcheck_pool_alloc(class_zones, p, size);
		if ((flags & M_ZERO) != 0)
			memcheck_defined(p, size);
	}
	return (p);
}

static void
account(struct malloc_type *type, int64_t bytes, int64_t count)
{
	atomic_add(&type->mt_bytes, bytes);
	atomic_add(&type->mt_count, count);
	if (count > 0)
		atomic_add(&type->mt_total, 1);
}

void *
kmalloc(size_t size, struct malloc_type *type, int flags)
{
	struct zone *z;
	size_t bytes = size;
	void *p;

	if ((flags & M_WAITOK) != 0) {
		lock_check_may_sleep("kmalloc");
		explore_point();
	}
	if (fault_fires(&fault_kmalloc)) {
		atomic_add(&type->mt_failed, 1);
		return (NULL);
	}
	if (size <= CLASS_LARGEST) {
		z = class_zones[class_of[(size + 15) / 16]];
		bytes = CHECKED_MEMORY ? size : z->z_size;
		p = zone_get(z, flags);
		if (p != NULL) {
			memcheck_pool_alloc(z, p, size);
			asked_set(z, p, size);
			if ((flags & M_ZERO) != 0)
				memset(p, 0, size);
		}
	} else
		p = large_alloc(size, flags);
	if (p == NULL)
		atomic_add(&type->mt_failed, 1);
	else
		account(type, (int64_t)bytes, 1);
	return (p);
}

/* How many bytes p's owner may use. */
static size_t
size_of(void *p)
{
	struct vm_page *pg = vm_page_of_kva(p);

	if ((pg->pg_flags & PGF_SLAB) != 0)
		return (asked_get(((struct slab *)pg->pg_index)->sl_zone, p));
	KASSERT((pg->pg_flags & PGF_LARGE) != 0,
	    ("kfree: %p was never allocated", p));
	return (pg->pg_index);
}

void
kfree(void *p, struct malloc_type *type)
{
	struct vm_page *pg;
	struct zone *z = NULL;

	if (p == NULL)
		return;
	pg = vm_page_of_kva(p);
	if ((pg->pg_flags & PGF_SLAB) != 0)
		z = ((struct slab *)pg->pg_index)->sl_zone;
	memcheck_pool_free(z != NULL ? (void *)z : class_zones, p);
	if (z != NULL)
		object_check(z, p);
	account(type, -(int64_t)size_of(p), -1);
	if (z != NULL) {
		zone_release(z, p);
		return;
	}
	pg->pg_flags &= ~PGF_LARGE;
	vm_page_free(pg, large_order(pg->pg_index));
}

void *
krealloc(void *p, size_t size, struct malloc_type *type, int flags)
{
	size_t old;
	void *n;

	if (p == NULL)
		return (kmalloc(size, type, flags));
	old = size_of(p);
	if (size <= old && size > old / 2 && !CHECKED_MEMORY)
		return (p);
	if ((n = kmalloc(size, type, flags)) == NULL)
		return (NULL);
	memcpy(n, p, MIN(old, size));
	kfree(p, type);
	return (n);
}

char *
kstrdup(const char *s, struct malloc_type *type)
{
	size_t n = strlen(s) + 1;
	char *d = kmalloc(n, type, M_WAITOK);

	if (d != NULL)
		memcpy(d, s, n);
	return (d);
}

/* --- reports ---------------------------------------------------------------------------- */

/* Print what types still hold; the count of those that should hold nothing. */
int
malloc_report(bool all)
{
	struct malloc_type *mt;
	int held = 0;

	SET_FOREACH(mt, malloc_types) {
		if (mt->mt_count == 0 && !all)
			continue;
		held++;
		kprintf("%-12s %10ld bytes %8ld blocks %10lu ever %6lu "
			"failed  %s\n",
		    mt->mt_name, mt->mt_bytes, mt->mt_count, mt->mt_total,
		    mt->mt_failed, mt->mt_desc);
	}
	return (held);
}

/* Objects of z that somebody holds: not in slabs, not in magazines. */
static int64_t
zone_held(const struct zone *z)
{
	int64_t n = (int64_t)z->z_taken - quarantined(z);

	for (int c = 0; c < MAXCPU && z->z_mags != NULL; c++)
		n -= z->z_mags[c].mg_count;
	return (n);
}

/*
 * What the kernel holds when init is ready to start is its own; at shutdown, with
 * every process and mount gone, no type and no zone may hold more.  Slabs and
 * magazines are not counted in one moment: init does not run yet, and what a
 * kernel thread takes meanwhile must not make less than nothing of a zone.
 */
void
malloc_mark(void)
{
	struct malloc_type *mt;

	SET_FOREACH(mt, malloc_types)
		mt->mt_boot = mt->mt_count;
	for (int i = 0; i < nzones; i++)
		zones[i].z_boot = MAX(zone_held(&zones[i]), (int64_t)0);
	vm_page_leaks_mark();
	memcheck_leaks_mark();
}
SYSINIT(leak_baseline, SI_INIT + 1, malloc_mark);

static bool
is_size_class(const struct zone *z)
{
	return (
	    z >= class_zones[0] && z <= class_zones[nitems(class_zones) - 1]);
}

void
malloc_leaks(void)
{
	struct malloc_type *mt;
	int leaks = 0;

	SET_FOREACH(mt, malloc_types) {
		if (mt->mt_count <= mt->mt_boot)
			continue;
		leaks++;
		kprintf("leak: type %s: %ld blocks more than at boot\n",
		    mt->mt_name, mt->mt_count - mt->mt_boot);
	}
	for (int i = 0; i < nzones; i++) {
		if (is_size_class(&zones[i]) ||
		    zone_held(&zones[i]) <= zones[i].z_boot)
			continue;
		leaks++;
		kprintf("leak: zone %s: %ld objects more than at boot\n",
		    zones[i].z_name, zone_held(&zones[i]) - zones[i].z_boot);
	}
	leaks += vm_page_leaks();
	if (leaks > 0)
		memcheck_leaks_report();
}

static void
ddb_malloc(const char *arg __unused)
{
	(void)malloc_report(true);
}
DDB_COMMAND(malloc, "show malloc", ddb_malloc, "memory by type");

static void
ddb_zones(const char *arg __unused)
{
	for (int i = 0; i < nzones; i++)
		if (zones[i].z_slabs > 0)
			kprintf("%-12s size %5zu slabs %6lu taken %8lu\n",
			    zones[i].z_name, zones[i].z_size, zones[i].z_slabs,
			    zones[i].z_taken);
}
DDB_COMMAND(zones, "show zones", ddb_zones, "object caches");
