/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual memory: the contract.  Theory in vm/README.md and vm/vm_map.c.
 *
 * vm_page    one physical page; its kernel address never changes.
 * vm_object  a sparse array of pages with a pager: file (the page cache),
 *            shared anonymous memory, device memory.
 * vm_map     sorted entries of one address space (vmspace); an entry shows a
 *            range of an object, and, when private, an overlay ("anon"
 *            object) of the pages that were written.
 * pmap       the machine's half.  A cache: it may forget, never remember.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <sys/types.h>
#include <sys/param.h>
#include <sys/lock.h>
#include <sys/memcheck.h>
#include <sys/queue.h>
#include <sys/radix.h>
#include <sys/refcount.h>

struct vm_page;
struct vm_entry;
struct vm_object;
struct vmspace;
struct vnode;
struct lwp;

#define VM_PROT_NONE	0
#define VM_PROT_READ	1
#define VM_PROT_WRITE	2
#define VM_PROT_EXECUTE 4
#define VM_PROT_ALL	7
typedef uint8_t vm_prot_t;

/* --- pages ---------------------------------------------------------------- */

struct pv_entry;

struct vm_page {
	TAILQ_ENTRY(vm_page) pg_link; /* free list or paging queue */
	struct vm_object *pg_object;  /* owner, NULL if none (object) */
	uint64_t pg_index;	      /* in the object (object) */
	struct pv_entry *pg_pv;	      /* mappings (pv spin of the page) */
	uint32_t pg_refs;	      /* anon: overlays that hold it (atomic) */
	uint16_t pg_wired;	      /* not reclaimable while > 0 (atomic) */
	uint16_t pg_flags;	      /* PGF_ (atomic) */
	uint8_t pg_order;	      /* buddy: order of the block it heads */
	uint8_t pg_queue;	      /* PGQ_ (queue spin) */
	uint8_t pg_domain;
	uint8_t pg_pad;
#if CHECKED_MEMORY
	const void *pg_caller; /* who allocated it */
#endif
};

#define PGF_BUSY    0x0001 /* being filled or written: sleep on the page */
#define PGF_DIRTY   0x0002 /* differs from the backing store */
#define PGF_REF	    0x0004 /* used since the last scan */
#define PGF_ZERO    0x0008 /* known to hold zeros */
#define PGF_WANTED  0x0010 /* somebody sleeps on PGF_BUSY */
#define PGF_NOTFREE 0x0020 /* allocated */
#define PGF_KEPT    0x0800 /* no leak: see vm_page_leaks */

#define VMA_NOWAIT 0x0 /* NULL at once when short */
#define VMA_WAIT   0x1 /* may reclaim and sleep; NULL only if hopeless */
#define VMA_ZERO   0x2 /* contents zero */
#define VMA_SYSTEM 0x4 /* may dig into the reserve (page-out, kernel) */

/* 2^order contiguous pages from domain (-1: any); pg_refs 1, wired 0. */
struct vm_page *vm_page_alloc(int domain, int order, int flags);
void vm_page_free(struct vm_page *pg, int order);
void *vm_page_kva(const struct vm_page *pg);
paddr_t vm_page_pa(const struct vm_page *pg);
struct vm_page *vm_page_of_kva(const void *kva);
struct vm_page *vm_page_of_pa(paddr_t pa); /* NULL if not memory */
void vm_page_wire(struct vm_page *pg);
void vm_page_unwire(struct vm_page *pg);
void vm_page_unbusy(struct vm_page *pg); /* clears BUSY, wakes */

struct vm_stats {
	uint64_t vs_total, vs_free;
	uint64_t vs_anon;  /* private to a program, or to it and its children */
	uint64_t vs_file;  /* the page cache of files that are elsewhere */
	uint64_t vs_dirty; /* of these */
	uint64_t vs_keep;  /* of tmpfs and shared anonymous memory */
	uint64_t vs_kernel; /* the rest */
	uint64_t vs_faults, vs_cow, vs_reclaimed, vs_oom_kills;
};
void vm_stats_get(struct vm_stats *st); /* in pages */

/* --- objects -------------------------------------------------------------- */

enum vm_object_type {
	VMO_ANON,
	VMO_VNODE,
	VMO_DEVICE
};

struct vm_pager_ops {
	/*
	 * Fill the busy page pg of index pg_index; may sleep; the object is
	 * unlocked.  0 or errno (EIO reaches a mapper as SIGBUS).
	 */
	int (*vpo_getpage)(struct vm_object *obj, struct vm_page *pg);
	/* Write the busy dirty page back.  0 or errno. */
	int (*vpo_putpage)(struct vm_object *obj, struct vm_page *pg);
	/*
	 * vm_object_drop calls this first, if not NULL.  True: the pager gave
	 * the caller's reference back itself (never the last one), for it
	 * watches for the moment when nothing maps the object any more.  Must
	 * not sleep.
	 */
	bool (*vpo_drop)(struct vm_object *obj);
	/* Make [off, off + len) a hole.  Unlocked. */
	int (*vpo_punch)(struct vm_object *obj, uint64_t off, uint64_t len);
	/*
	 * One map entry more or less shows the object (vo_mappings is changed
	 * already).  Under the map's lock, with a reference: must not sleep.
	 */
	void (*vpo_mapped)(struct vm_object *obj, bool more);
	/* The last reference went: the object's pages are already freed. */
	void (*vpo_dtor)(struct vm_object *obj);
};

struct vm_object {
	struct lock vo_lock;
	struct radix vo_pages; /* (vo_lock) index -> vm_page */
	refcount_t vo_refs;
	enum vm_object_type vo_type;
	uint16_t vo_flags;
	uint64_t vo_size; /* (vo_lock) bytes that may be mapped in */
	const struct vm_pager_ops *vo_ops; /* NULL: zero fill, kept in memory */
	void *vo_handle;		   /* vnode, device */
	uint32_t vo_mappings;  /* (atomic) map entries that show it */
	uint32_t vo_writemaps; /* (atomic) shared ones that may be writable */
	uint32_t vo_wires;     /* (atomic) wired ones: no page is reclaimed */
	struct spinlock vo_mapspin;
	LIST_HEAD(, vm_entry) vo_mappers; /* (vo_mapspin) private, of a file */
};
#define VOF_NORECLAIM 0x1 /* pages are the only copy (tmpfs) */

struct vm_object *vm_object_create(enum vm_object_type type, uint64_t size,
    const struct vm_pager_ops *ops, void *handle); /* one reference, or NULL */
/*
 * (VMO_DEVICE) Show the page of physical memory at pa, which stays the caller's
 * and must never be freed.  ENXIO: there is no such page; ENOMEM.
 */
int vm_object_add_page(struct vm_object *obj, uint64_t index, paddr_t pa);
void vm_object_hold(struct vm_object *obj);
void vm_object_drop(struct vm_object *obj);

#define VOG_CREATE  0x1 /* make a missing page of zeros, without the pager */
#define VOG_NOPAGER 0x2 /* only what is resident: else *pgp = NULL, 0 */
#define VOG_OVERWRITE                                                          \
	0x4 /* the caller overwrites all of it: need not be read */
/*
 * The page at index, wired so that it stays.  Sleeps for I/O.  The caller
 * copies, then vm_page_unwire.  0, EIO, ENOMEM, or the pager's error.
 */
int vm_object_getpage(
    struct vm_object *obj, uint64_t index, int flags, struct vm_page **pgp);
void vm_object_dirty(struct vm_object *obj, struct vm_page *pg);
/*
 * Set the size in bytes; when it shrinks, whole pages behind the end are
 * unmapped and freed, and the tail of the last page is zeroed.
 */
void vm_object_setsize(struct vm_object *obj, uint64_t size);
/*
 * A file was cut: programs' own copies of pages behind vo_size go, too.  May
 * sleep; no lock that a page fault takes may be held.
 */
void vm_object_cut_copies(struct vm_object *obj);
/* Free resident pages in [start, end) indices (holes, invalidation). */
void vm_object_remove_range(
    struct vm_object *obj, uint64_t start, uint64_t end);
/* Write dirty pages in [start, end) back.  First errno, after trying all. */
int vm_object_clean(struct vm_object *obj, uint64_t start, uint64_t end);
uint64_t vm_object_resident(struct vm_object *obj);

/* --- address spaces ------------------------------------------------------- */

#define VMM_SHARED    0x0001 /* writes go to the object */
#define VMM_FIXED     0x0002 /* exactly at addr, replacing what is there */
#define VMM_NOREPLACE 0x0004 /* with FIXED: EEXIST if something is there */
#define VMM_GROWSDOWN 0x0008 /* stack */
#define VMM_POPULATE  0x0010
#define VMM_NORESERVE 0x0020
#define VMM_LOW	      0x0040 /* below 2 GiB */
#define VMM_PROGRAM   0x0080 /* private, of a file that nobody changes: pages */
/* may be copied before they are written */
/* Kept of an entry, and set by vm_set_flags. */
#define VMM_DONTFORK   0x0100 /* a child does not have it */
#define VMM_WIPEONFORK 0x0200 /* a child has zeros */
#define VMM_DONTDUMP   0x0400

/*
 * Map len bytes (whole pages).  obj NULL: zero fill.  *addrp: hint or fixed
 * address in, place out.  maxprot bounds later mprotect.  Takes its own
 * reference on obj.  0, ENOMEM, EINVAL, EEXIST.
 */
int vm_map(struct vmspace *vm, uaddr_t *addrp, uint64_t len, vm_prot_t prot,
    vm_prot_t maxprot, int flags, struct vm_object *obj, uint64_t offset);
int vm_unmap(struct vmspace *vm, uaddr_t addr, uint64_t len);
/*
 * Unmap what was one mapping at addr of an object with these operations, in
 * however many pieces it is now.  EINVAL: there is none.
 */
/* Show [off, off + len) of the object of the shared mapping at addr: EINVAL. */
int vm_remap_view(struct vmspace *vm, uaddr_t addr, uint64_t len, uint64_t off);
int vm_unmap_view(
    struct vmspace *vm, uaddr_t addr, const struct vm_pager_ops *ops);
int vm_protect(struct vmspace *vm, uaddr_t addr, uint64_t len, vm_prot_t prot);
int vm_remap(struct vmspace *vm, uaddr_t old, uint64_t oldlen, uint64_t newlen,
    bool maymove, bool fixed, uaddr_t *newp);
/* Move the pages of one mapping to *newp (0: anywhere); it stays, empty. */
int vm_remap_pages(
    struct vmspace *vm, uaddr_t old, uint64_t len, bool fixed, uaddr_t *newp);
enum vm_advice {
	VMADV_NORMAL,
	VMADV_RANDOM,
	VMADV_SEQUENTIAL,
	VMADV_WILLNEED,
	VMADV_DONTNEED,
	VMADV_FREE,
	VMADV_REMOVE, /* from here on: vm_advise_pages */
	VMADV_PAGEOUT,
	VMADV_POPULATE_READ,
	VMADV_POPULATE_WRITE,
	VMADV_DISCARD /* DONTNEED, of wired memory, too; by vm_advise */
};
int vm_advise(
    struct vmspace *vm, uaddr_t addr, uint64_t len, enum vm_advice how);
/*
 * The range is whole pages.  ENOMEM: not all is mapped.  REMOVE: EINVAL (no
 * object, wired), EACCES (not shared and writable).  POPULATE: EINVAL, EFAULT.
 */
int vm_advise_pages(
    struct vmspace *vm, uaddr_t addr, uint64_t len, enum vm_advice how);
int vm_set_flags(
    struct vmspace *vm, uaddr_t addr, uint64_t len, int set, int clear);
/* A word of the ABI's for each entry: NUMA policy. */
int vm_set_policy(struct vmspace *vm, uaddr_t addr, uint64_t len, uint16_t p);
int vm_get_policy(struct vmspace *vm, uaddr_t addr, uint16_t *policyp);
#define VMS_ASYNC      1
#define VMS_SYNC       2
#define VMS_INVALIDATE 4
int vm_sync(struct vmspace *vm, uaddr_t addr, uint64_t len, int how);
/* Residency: one byte per page, bit 0 set if resident; ENOMEM for holes. */
int vm_incore(struct vmspace *vm, uaddr_t addr, uint64_t len, uint8_t *vec);
/*
 * Wired memory stays in memory.  limit: bytes that may be wired in all; populate:
 * all of it is there on return.
 */
int vm_wire(struct vmspace *vm, uaddr_t addr, uint64_t len, bool wire,
    bool populate, uint64_t limit);
/* All there is: ENOMEM, that is more than limit. */
int vm_wire_all(struct vmspace *vm, bool wire, bool populate, uint64_t limit);
/* All that is mapped from now on, within limit: else mapping is EAGAIN. */
void vm_wire_future(
    struct vmspace *vm, bool wire, bool populate, uint64_t limit);
/* Grow or shrink the heap; *newp is the break afterwards. */
int vm_brk(struct vmspace *vm, uaddr_t want, uaddr_t *newp);

/*
 * The name of memory without a file, for those who read the map; NULL: none.
 * EINVAL; EBADF: there is a file; ENOMEM: holes, or no memory; EAGAIN: part of
 * it may be done, for want of memory.
 */
#define VM_NAME_MAX 80 /* with the NUL */
int vm_set_name(
    struct vmspace *vm, uaddr_t addr, uint64_t len, const char *name);

/*
 * Resolve an access of a user program; access is one VM_PROT bit.
 * 0; EFAULT (no mapping: SIGSEGV MAPERR), EACCES (protection: SEGV_ACCERR),
 * EIO (past the end of the object or I/O error: SIGBUS), ENOMEM.
 */
int vm_fault(struct vmspace *vm, uaddr_t addr, vm_prot_t access);
/*
 * The physical address behind a user address for access, faulted in and
 * wired; *pgp must be unwired by the caller.
 */
int vm_fault_page(
    struct vmspace *vm, uaddr_t addr, vm_prot_t access, struct vm_page **pgp);

struct vmspace *vmspace_create(void); /* empty; one reference; NULL: ENOMEM */
/* alone: the program has no other thread. */
int vmspace_fork(struct vmspace *vm, bool alone, struct vmspace **newp);
void vmspace_hold(struct vmspace *vm);
void vmspace_drop(struct vmspace *vm);
void vmspace_clear(struct vmspace *vm); /* exec: unmap everything */
/* exec: give the machine what is at hand of the files' first pages. */
void vmspace_show(struct vmspace *vm);
/* Read or write another process's memory (procfs, ptrace). */
int vmspace_rw(struct vmspace *vm, uaddr_t addr, void *buf, size_t len,
    bool write, size_t *donep);

/*
 * The same whatever the protection says, as far as the mapping could be made
 * to allow it: a write into a private mapping goes to a copy of the page.
 * *donep bytes; EFAULT, EACCES, EIO, ENOMEM if none.
 */
int vmspace_rw_force(struct vmspace *vm, uaddr_t addr, void *buf, size_t len,
    bool write, size_t *donep);

struct vmspace_stats {
	uint64_t vss_size, vss_resident, vss_shared, vss_text, vss_data,
	    vss_stack, vss_peak, vss_wired; /* bytes */
};
void vmspace_stats(struct vmspace *vm, struct vmspace_stats *st);

/* Resident bytes, without a lock. */
uint64_t vmspace_resident(struct vmspace *vm);

struct vm_entry_info {
	uaddr_t vei_start, vei_end;
	uint64_t vei_offset, vei_resident;
	vm_prot_t vei_prot;
	bool vei_shared, vei_stack, vei_heap, vei_wired;
	char vei_name[VM_NAME_MAX]; /* "": none */
	struct vnode *vei_vp;	    /* held (vnode_hold) if not NULL */
};
/* The first entry that ends after addr: 0, or ENOENT. */
int vmspace_entry_info(
    struct vmspace *vm, uaddr_t addr, struct vm_entry_info *info);
/*
 * Where a program's parts are, for brk and for who looks (vm_layout.c).
 */
enum vm_place {
	VL_TEXT_START,
	VL_TEXT_END,
	VL_DATA_START,
	VL_DATA_END,
	VL_BRK_START,
	VL_BRK,
	VL_STACK, /* where the first instruction finds it */
	VL_ARGS_START,
	VL_ARGS_END,
	VL_ENV_START,
	VL_ENV_END,
	VL_COUNT
};
void vmspace_set_layout(struct vmspace *vm, const uaddr_t places[VL_COUNT]);
void vmspace_get_layout(struct vmspace *vm, uaddr_t places[VL_COUNT]);
/* EINVAL: that is no layout. */
int vmspace_check_layout(struct vmspace *vm, const uaddr_t places[VL_COUNT]);
/*
 * The program's own word: places whose bit is in which (1 << VL_..) take the
 * values of places.  EINVAL: what comes out is no layout; EFAULT: mapped, and
 * nothing is.
 */
int vmspace_change_layout(struct vmspace *vm, const uaddr_t places[VL_COUNT],
    uint32_t which, bool mapped);
void vmspace_set_limits(
    struct vmspace *vm, uint64_t as_max, uint64_t data_max, uint64_t stack_max);

#endif
