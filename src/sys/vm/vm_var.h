/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of vm/ and procfs, ddb and the machine's pmap share. */
#ifndef VM_VM_VAR_H
#define VM_VM_VAR_H

#include <vm/pmap.h>
#include <vm/vm.h>
#include <sys/malloc.h>

/* More page flags, of the allocator. */
#define PGF_FREEHEAD 0x0040 /* first page of a free block of pg_order */
#define PGF_SLAB     0x0080 /* pg_index is its struct slab */
#define PGF_LARGE    0x0100 /* kmalloc block: pg_index is the byte size */
#define PGF_DOOMED   0x0200 /* owner gone: free at the last unwire */
#define PGF_HOT	     0x0400 /* anon: was written after a fork */
#define PGQ_NONE     0
#define PGQ_FILE     1

struct vm_entry {
	struct vm_entry *ve_left, *ve_right; /* treap by address */
	uint32_t ve_rank;
	TAILQ_ENTRY(vm_entry) ve_link;	/* in address order */
	LIST_ENTRY(vm_entry) ve_mapper; /* (vo_mapspin) of ve_object */
	struct vmspace *ve_vm;
	uint64_t ve_pass; /* (vo_mapspin) which cut has done it */
	uaddr_t ve_start, ve_end;
	struct vm_object *ve_object; /* backing, or NULL: zeros */
	/* In the object, of ve_start; without one: where it was made. */
	uint64_t ve_offset;
	struct vm_object *volatile ve_anon; /* private pages, or NULL yet */
	uaddr_t ve_anon_base;		    /* address of index 0 of ve_anon */
	struct vm_name *ve_name;	    /* given by the program, or NULL */
	vm_prot_t ve_prot, ve_maxprot;
	uint16_t ve_flags;  /* VMM_SHARED, VMM_GROWSDOWN, VMM_DONTFORK.. */
	uint16_t ve_policy; /* the ABI's word */
	uint16_t ve_wired;
	uint8_t ve_advice;
	uint8_t ve_window;     /* pages to map ahead at next fault */
	uaddr_t ve_next_fault; /* where a sequential one would be: above, */
	uaddr_t ve_prev_fault; /* below what was filled last */
};
TAILQ_HEAD(vm_entry_list, vm_entry);

struct vmspace {
	refcount_t vm_refs;
	struct lock vm_lock; /* exclusive to change, shared to fault */
	struct vm_entry *vm_root;
	struct vm_entry_list vm_entries;
	uint32_t vm_nentries;
	uint32_t vm_forks; /* counts, see vm_fork.c */
	struct pmap vm_pmap;
	uint64_t vm_size; /* bytes mapped */
	uint64_t vm_peak;
	uaddr_t vm_free_hint;	     /* top-down search starts below here */
	uaddr_t vm_layout[VL_COUNT]; /* vm_layout.c */
	uint64_t vm_stack_max, vm_as_max, vm_data_max;
	bool vm_future_wired, vm_future_populated; /* vm_wire_future */
	uint64_t vm_wire_max;
};

/* vm_tree.c; the map lock exclusive, or shared for lookups. */
struct vm_entry *vm_entry_lookup(struct vmspace *vm, uaddr_t addr);
struct vm_entry *vm_entry_at_or_after(struct vmspace *vm, uaddr_t addr);
void vm_entry_link(struct vmspace *vm, struct vm_entry *e);
void vm_entry_unlink(struct vmspace *vm, struct vm_entry *e);
struct vm_entry *vm_entry_alloc(void);
void vm_entry_free(struct vm_entry *e);

static inline uint64_t
vm_entry_anon_index(const struct vm_entry *e, uaddr_t va)
{
	return (atop(va - e->ve_anon_base));
}
static inline uint64_t
vm_entry_object_index(const struct vm_entry *e, uaddr_t va)
{
	return (atop(va - e->ve_start + e->ve_offset));
}

/*
 * vm_fault.c; (vm_lock excl) The page of a private entry at addr as the
 * program's own copy, whatever the entry allows the program: 0, EFAULT, ENOMEM,
 * EIO.
 */
int vm_fault_private(struct vmspace *vm, uaddr_t addr, struct vm_page **pgp);
/* (vm_lock) The page at addr if it is the overlay's, else NULL. */
struct vm_page *vm_overlay_page(struct vmspace *vm, uaddr_t addr);

/* vm_map.c; the map lock exclusive. */
int vm_check_range(uaddr_t addr, uint64_t len); /* whole pages: or EINVAL */
int vm_check_covered(struct vmspace *vm, uaddr_t start, uaddr_t end);
int vm_clip_range(struct vmspace *vm, uaddr_t start, uaddr_t end);
/* Free space of len at or after hint, else top down.  0: none. */
uaddr_t vm_find_space(struct vmspace *vm, uaddr_t hint, uint64_t len);
int vm_unmap_locked(struct vmspace *vm, uaddr_t start, uaddr_t end);
int vm_map_locked(struct vmspace *vm, uaddr_t *addrp, uint64_t len,
    vm_prot_t prot, vm_prot_t maxprot, int flags, struct vm_object *obj,
    uint64_t offset);
/* The same where the range is free; entries may become one. */
int vm_insert_locked(struct vmspace *vm, uaddr_t start, uint64_t len,
    vm_prot_t prot, vm_prot_t maxprot, int flags, struct vm_object *obj,
    uint64_t offset);
void vm_entry_destroy(struct vm_entry *e); /* unlinked */
/*
 * vm_merge.c; the map lock exclusive.  Entries in [start, end), or next to it,
 * that do not differ become one: pointers to entries are stale then.
 */
void vm_merge(struct vmspace *vm, uaddr_t start, uaddr_t end);
/* All of [start, end) becomes one entry: 0, EFAULT (it differs), ENOMEM. */
int vm_merge_all(struct vmspace *vm, uaddr_t start, uaddr_t end);
/* Give e an overlay of its own with that base: 0 or ENOMEM. */
int vm_entry_overlay_copy(struct vm_entry *e, uaddr_t base);
/* A base for an overlay of an entry at start, with room below. */
uaddr_t vm_overlay_base(uaddr_t start, uint64_t room);
/* e shows obj from now on, if not NULL; a reference is taken. */
void vm_entry_show(
    struct vmspace *vm, struct vm_entry *e, struct vm_object *obj);

/*
 * Pages that come one after another, where memory lets them: mapping
 * neighbours in one order is what makes mapping several worth it.
 */
struct page_run {
	struct vm_page *pr_next;
	unsigned pr_left;
};
/* One page, VMA_NOWAIT, if need be by a block of 2^order; NULL when short. */
struct vm_page *vm_page_run_take(struct page_run *run, int order);
void vm_page_run_end(struct page_run *run); /* give the rest back */
/* vm_wire.c; the map lock exclusive: e is wired or not from now on. */
void vm_entry_set_wired(struct vm_entry *e, bool wire);
uint64_t vm_wired_bytes(struct vmspace *vm);
/* May len bytes be mapped by one that wires all it maps?  EAGAIN. */
int vm_wire_check(struct vmspace *vm, uint64_t len);

/* vm_name.c; NULL is no name. */
struct vm_name *vm_name_hold(struct vm_name *name);
void vm_name_drop(struct vm_name *name);
bool vm_name_equal(const struct vm_name *a, const struct vm_name *b);
const char *vm_name_text(const struct vm_name *name);
/*
 * (vm_lock excl) Everything mapped in [start, end) bears name from now on.
 * ENOMEM: there are holes, the rest has it.  EBADF: a file.  EAGAIN.
 */
int vm_name_locked(
    struct vmspace *vm, uaddr_t start, uaddr_t end, struct vm_name *name);

/* vm_mapper.c */
void vm_mapper_enter(struct vmspace *vm, struct vm_entry *e);
void vm_mapper_leave(struct vm_entry *e);

/* vm_object.c */
struct vm_object *vm_entry_anon(struct vm_entry *e); /* make it; NULL ENOMEM */
void vm_anon_page_drop(struct vm_page *pg); /* one reference of an overlay */
/* (vo_lock) Insert a fresh page. */
int vm_object_insert(struct vm_object *obj, uint64_t index, struct vm_page *pg);
/* (vo_lock excl, dropped meanwhile) Write a dirty page back: 0 or errno. */
int vm_object_page_out(struct vm_object *obj, struct vm_page *pg);
/* (vo_lock excl) Detach and free; waits for a busy page. */
void vm_object_free_page(struct vm_object *obj, struct vm_page *pg);

/* vm_page.c */
void vm_page_split(struct vm_page *pg, int order); /* into single pages */
void vm_page_enqueue(struct vm_page *pg);
void vm_page_dequeue(struct vm_page *pg);
/* Free it, or doom it if it is wired.  Mappings are gone. */
void vm_page_release(struct vm_page *pg);
struct vm_page *vm_page_queue_first(struct vm_object **objp, uint64_t *index);
extern uint64_t vm_free_pages, vm_total_pages, vm_free_low, vm_free_min;
extern uint64_t vm_reclaimed_count, vm_fault_count, vm_cow_count, vm_oom_count,
    vm_anon_pages, vm_file_pages, vm_keep_pages, vm_dirty_pages;
/* Under a memory checker: what is there now is no leak; tell leaks, how many. */
void vm_page_leaks_mark(void);
int vm_page_leaks(void);
void vm_memory_add(int domain, paddr_t start, paddr_t end, bool zeroed);

/* vm_reclaim.c: free at least n pages if it can; true on progress. */
bool vm_reclaim(uint64_t n);

MALLOC_DECLARE(M_VM);

#endif
