/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical pages: the page array, a binary buddy allocator per NUMA domain,
 * and the queue of file pages for reclaim.
 *
 * 1. Every page of memory has a struct vm_page in one array, found from its
 *    physical address, and one kernel address (the direct map).
 * 2. A free block of 2^k pages is aligned to its size and stands on list k of
 *    its domain; only its first page carries state (FREEHEAD, order), so big
 *    free memory costs nothing until it is used: an all-zero vm_page means
 *    "inside a block".  Freeing merges with the buddy while that is a free head
 *    of the same order.
 * 3. PGF_ZERO on a head says the block still holds the zeros that the machine
 *    gave; splitting keeps it, merging needs it on both.  An allocation that
 *    wants zeros clears what is not known to be zero.
 * 4. Three marks: below vm_free_low the reclaimer is woken; below vm_free_min
 *    only VMA_SYSTEM may allocate; a VMA_WAIT caller reclaims by itself, then
 *    has the largest process killed, and fails only if even that frees nothing.
 *
 * Locks: buddy_spin guards lists and counts; the page spin (vm_page_spin) wire
 * counts and doom; queue_spin the file queue.  All are leaves.
 */
#include <sys/systm.h>
#include <sys/kshm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/memcheck.h>
#include <sys/proc.h>
#include <machine/physmem.h>
#include "vm_var.h"

#define ORDERS	    11 /* largest block 4 MiB */
#define KILL_STALLS 3  /* rounds of reclaim without a page */

TAILQ_HEAD(page_list, vm_page);

static struct domain {
	struct page_list dm_free[ORDERS];
	uint64_t dm_nfree; /* pages */
} domains[MAXDOMAIN];

SPINLOCK_DEFINE(buddy_spin, "buddy");
SPINLOCK_DEFINE(queue_spin, "pagequeue");
static struct page_list file_queue = TAILQ_HEAD_INITIALIZER(file_queue);
FAULT_POINT(fault_page, "page");

KSHM_DEFINE(uint64_t, vm_free_pages, "vm.pages.free", KSHM_COUNTER, KSHM_ANY);
KSHM_DEFINE(uint64_t, vm_total_pages, "vm.pages.total", KSHM_COUNTER, KSHM_ANY);
uint64_t vm_free_low, vm_free_min;

/* --- addresses ----------------------------------------------------------------- */

void *
vm_page_kva(const struct vm_page *pg)
{
	return ((void *)(PHYS_BASE + ptoa(pg - vm_page_array)));
}

paddr_t
vm_page_pa(const struct vm_page *pg)
{
	return (ptoa(pg - vm_page_array));
}

struct vm_page *
vm_page_of_pa(paddr_t pa)
{
	if (atop(pa) >= vm_page_array_len)
		return (NULL);
	return (&vm_page_array[atop(pa)]);
}

struct vm_page *
vm_page_of_kva(const void *kva)
{
	return (vm_page_of_pa((uintptr_t)kva - PHYS_BASE));
}

/* --- buddy ---------------------------------------------------------------------- */

static void
block_put(struct vm_page *pg, int order, bool zero)
{
	struct domain *dm = &domains[pg->pg_domain];

	pg->pg_flags = PGF_FREEHEAD | (zero ? PGF_ZERO : 0);
	pg->pg_order = (uint8_t)order;
	/* Used memory is warm: first out.  Fresh memory last. */
	if (zero)
		TAILQ_INSERT_TAIL(&dm->dm_free[order], pg, pg_link);
	else
		TAILQ_INSERT_HEAD(&dm->dm_free[order], pg, pg_link);
}

static void
block_remove(struct vm_page *pg)
{
	TAILQ_REMOVE(
	    &domains[pg->pg_domain].dm_free[pg->pg_order], pg, pg_link);
	pg->pg_flags &= ~PGF_FREEHEAD;
}

static struct vm_page *
buddy_of(struct vm_page *pg, int order)
{
	uint64_t i = (uint64_t)(pg - vm_page_array) ^ (1UL << order);

	return (i < vm_page_array_len ? &vm_page_array[i] : NULL);
}

/* (buddy_spin) */
static void
block_free(struct vm_page *pg, int order, bool zero)
{
	struct vm_page *b;

	while (order < ORDERS - 1 && (b = buddy_of(pg, order)) != NULL &&
	    (b->pg_flags & PGF_FREEHEAD) != 0 && b->pg_order == order &&
	    b->pg_domain == pg->pg_domain) {
		zero = zero && (b->pg_flags & PGF_ZERO) != 0;
		block_remove(b);
		b->pg_flags = 0;
		pg->pg_flags = 0;
		if (b < pg)
			pg = b;
		order++;
	}
	block_put(pg, order, zero);
}

/* (buddy_spin) */
static struct vm_page *
block_take(struct domain *dm, int order)
{
	struct vm_page *pg, *half;
	bool zero;
	int o = order;

	while (o < ORDERS && TAILQ_EMPTY(&dm->dm_free[o]))
		o++;
	if (o == ORDERS)
		return (NULL);
	pg = TAILQ_FIRST(&dm->dm_free[o]);
	zero = (pg->pg_flags & PGF_ZERO) != 0;
	block_remove(pg);
	while (o > order) {
		o--;
		half = pg + (1UL << o);
		half->pg_domain = pg->pg_domain;
		block_put(half, o, zero);
	}
	pg->pg_flags = zero ? PGF_ZERO : 0;
	return (pg);
}

static struct vm_page *
alloc_once(int domain, int order, bool system)
{
	struct vm_page *pg = NULL;
	uint64_t n = 1UL << order;

	spin_lock(&buddy_spin);
	if (vm_free_pages >= n + (system ? 0 : vm_free_min)) {
		if (domain >= 0)
			pg = block_take(&domains[domain], order);
		for (int d = 0; pg == NULL && d < MAXDOMAIN; d++)
			pg = block_take(&domains[d], order);
		if (pg != NULL) {
			vm_free_pages -= n;
			domains[pg->pg_domain].dm_nfree -= n;
		}
	}
	spin_unlock(&buddy_spin);
	return (pg);
}

/*
 * Nothing free: reclaim, then kill, then give up.  The patience is bounded so
 * that a caller never hangs.
 */
static struct vm_page *
alloc_hard(int domain, int order, int flags)
{
	struct vm_page *pg;
	int stalls = 0;

	for (int attempt = 0; attempt < 50; attempt++) {
		bool progress = vm_reclaim(MAX(32, 2UL << order));

		if ((pg = alloc_once(
			 domain, order, (flags & VMA_SYSTEM) != 0)) != NULL)
			return (pg);
		if (progress)
			continue;
		/* Who is on its way out may use the reserve, and no more. */
		if (curthread->td_lwp != NULL &&
		    (curthread->td_lwp->lw_proc->p_flags &
			(PF_EXITING | PF_OOM)) != 0)
			return (alloc_once(domain, order, true));
		/* One round may have met only locked or dirty pages; and a
		 * long run that is missing is no reason to kill while single
		 * pages abound. */
		if (++stalls >= KILL_STALLS && vm_free_pages < vm_free_low)
			proc_oom_kill();
		tsleep(&vm_free_pages, 0, "vmwait", 10 * NS_PER_MSEC);
	}
	return (NULL);
}

/* --- leaks, under a memory checker ------------------------------------------------ */

#if CHECKED_MEMORY
static void
caller_set(struct vm_page *pg, const void *pc)
{
	pg->pg_caller = pc;
}

/*
 * Heads of blocks that nobody accounts for: slabs, large blocks and objects do it
 * for theirs, and the stack of a thread goes with the thread.
 */
static bool
unaccounted(const struct vm_page *pg)
{
	return (
	    (pg->pg_flags & (PGF_NOTFREE | PGF_SLAB | PGF_LARGE | PGF_KEPT)) ==
		PGF_NOTFREE &&
	    pg->pg_object == NULL && pg->pg_refs == 1);
}

void
vm_page_leaks_mark(void)
{
	for (uint64_t i = 0; i < vm_page_array_len; i++)
		if (unaccounted(&vm_page_array[i]))
			vm_page_array[i].pg_flags |= PGF_KEPT;
}

int
vm_page_leaks(void)
{
	const struct vm_page *pg;
	int n = 0;

	for (uint64_t i = 0; i < vm_page_array_len; i++) {
		pg = &vm_page_array[i];
		if (!unaccounted(pg))
			continue;
		kprintf("leak: page %#lx of order %u, allocated before %p\n",
		    ptoa(i), pg->pg_order, pg->pg_caller);
		n++;
	}
	return (n);
}
#else
static inline void
caller_set(struct vm_page *pg __unused, const void *pc __unused)
{
}

void
vm_page_leaks_mark(void)
{
}

int
vm_page_leaks(void)
{
	return (0);
}
#endif

struct vm_page *
vm_page_alloc(int domain, int order, int flags)
{
	struct vm_page *pg;

	if (order >= ORDERS || fault_fires(&fault_page))
		return (NULL);
	pg = alloc_once(domain, order, (flags & VMA_SYSTEM) != 0);
	if (pg == NULL && (flags & VMA_WAIT) != 0)
		pg = alloc_hard(domain, order, flags);
	if (pg == NULL)
		return (NULL);
	if ((pg->pg_flags & PGF_ZERO) != 0)
		memcheck_defined(vm_page_kva(pg), PAGE_SIZE << order);
	else
		memcheck_undefined(vm_page_kva(pg), PAGE_SIZE << order);
	if ((flags & VMA_ZERO) != 0 && (pg->pg_flags & PGF_ZERO) == 0)
		memset(vm_page_kva(pg), 0, PAGE_SIZE << order);
	pg->pg_flags = PGF_NOTFREE | (pg->pg_flags & PGF_ZERO);
	pg->pg_order = (uint8_t)order;
	pg->pg_object = NULL;
	pg->pg_index = 0;
	pg->pg_pv = NULL;
	pg->pg_refs = 1;
	pg->pg_wired = 0;
	pg->pg_queue = PGQ_NONE;
	caller_set(pg, __builtin_return_address(0));
	return (pg);
}

void
vm_page_split(struct vm_page *pg, int order)
{
	uint16_t flags = pg->pg_flags;

	for (uint64_t i = 0; i < 1UL << order; i++) {
		pg[i].pg_flags = flags;
		pg[i].pg_order = 0;
		pg[i].pg_domain = pg->pg_domain;
		pg[i].pg_object = NULL;
		pg[i].pg_index = 0;
		pg[i].pg_pv = NULL;
		pg[i].pg_refs = 1;
		pg[i].pg_wired = 0;
		pg[i].pg_queue = PGQ_NONE;
	}
}

struct vm_page *
vm_page_run_take(struct page_run *run, int order)
{
	struct vm_page *pg;

	if (run->pr_left == 0) {
		pg = vm_page_alloc(-1, order, VMA_NOWAIT);
		if (pg == NULL)
			return (vm_page_alloc(-1, 0, VMA_NOWAIT));
		vm_page_split(pg, order);
		run->pr_next = pg;
		run->pr_left = 1U << order;
	}
	run->pr_left--;
	return (run->pr_next++);
}

void
vm_page_run_end(struct page_run *run)
{
	while (run->pr_left > 0)
		vm_page_release(vm_page_run_take(run, 0));
}

void
vm_page_free(struct vm_page *pg, int order)
{
	KASSERT((pg->pg_flags & PGF_NOTFREE) != 0,
	    ("vm_page_free: %p is free", pg));
	KASSERT(
	    pg->pg_pv == NULL && pg->pg_wired == 0 && pg->pg_queue == PGQ_NONE,
	    ("vm_page_free: %p in use", pg));
	pg->pg_refs = 0;
	memcheck_noaccess(vm_page_kva(pg), PAGE_SIZE << order);
	spin_lock(&buddy_spin);
	block_free(pg, order, false);
	vm_free_pages += 1UL << order;
	domains[pg->pg_domain].dm_nfree += 1UL << order;
	spin_unlock(&buddy_spin);
}

/* At boot: [start, end) of domain is memory for everybody. */
void
vm_memory_add(int domain, paddr_t start, paddr_t end, bool zeroed)
{
	struct vm_page *pg;
	int order;

	if (domains[domain].dm_free[0].tqh_last == NULL)
		for (int d = 0; d < MAXDOMAIN; d++)
			for (int o = 0; o < ORDERS; o++)
				TAILQ_INIT(&domains[d].dm_free[o]);
	start = round_page(start);
	end = trunc_page(end);
	if (start < end)
		memcheck_noaccess((void *)(PHYS_BASE + start), end - start);
	spin_lock(&buddy_spin);
	while (start < end) {
		order = ORDERS - 1;
		while ((atop(start) & ((1UL << order) - 1)) != 0 ||
		    start + (PAGE_SIZE << order) > end)
			order--;
		pg = vm_page_of_pa(start);
		pg->pg_domain = (uint8_t)domain;
		block_free(pg, order, zeroed);
		vm_free_pages += 1UL << order;
		vm_total_pages += 1UL << order;
		domains[domain].dm_nfree += 1UL << order;
		start += PAGE_SIZE << order;
	}
	spin_unlock(&buddy_spin);
	vm_free_min = MIN(vm_total_pages / 128, 512);
	vm_free_low = MIN(vm_total_pages / 32, 4096);
}

/* --- wiring ------------------------------------------------------------------------ */

void
vm_page_wire(struct vm_page *pg)
{
	struct spinlock *sp = vm_page_spin(pg);

	spin_lock(sp);
	pg->pg_wired++;
	KASSERT(pg->pg_wired != 0, ("vm_page_wire: overflow"));
	spin_unlock(sp);
}

void
vm_page_unwire(struct vm_page *pg)
{
	struct spinlock *sp = vm_page_spin(pg);
	bool last;

	spin_lock(sp);
	KASSERT(pg->pg_wired > 0, ("vm_page_unwire: %p not wired", pg));
	pg->pg_wired--;
	last = pg->pg_wired == 0 && (pg->pg_flags & PGF_DOOMED) != 0;
	spin_unlock(sp);
	if (last)
		vm_page_free(pg, 0);
}

void
vm_page_release(struct vm_page *pg)
{
	struct spinlock *sp = vm_page_spin(pg);
	bool now;

	vm_page_dequeue(pg);
	spin_lock(sp);
	now = pg->pg_wired == 0;
	if (!now)
		atomic_or(&pg->pg_flags, PGF_DOOMED);
	spin_unlock(sp);
	if (now)
		vm_page_free(pg, 0);
}

void
vm_page_unbusy(struct vm_page *pg)
{
	uint16_t old =
	    atomic_and(&pg->pg_flags, (uint16_t) ~(PGF_BUSY | PGF_WANTED));

	if ((old & PGF_WANTED) != 0)
		wakeup(pg);
}

/* --- the file queue ------------------------------------------------------------------ */

void
vm_page_enqueue(struct vm_page *pg)
{
	spin_lock(&queue_spin);
	if (pg->pg_queue == PGQ_NONE) {
		pg->pg_queue = PGQ_FILE;
		TAILQ_INSERT_TAIL(&file_queue, pg, pg_link);
		vm_file_pages++;
	}
	spin_unlock(&queue_spin);
}

void
vm_page_dequeue(struct vm_page *pg)
{
	if (pg->pg_queue == PGQ_NONE)
		return;
	spin_lock(&queue_spin);
	if (pg->pg_queue == PGQ_FILE) {
		pg->pg_queue = PGQ_NONE;
		TAILQ_REMOVE(&file_queue, pg, pg_link);
		vm_file_pages--;
	}
	spin_unlock(&queue_spin);
}

/*
 * The oldest file page, moved to the end of the queue, with a reference on its
 * object; NULL if there is none.  (A page leaves the queue before its object
 * goes, so under queue_spin pg_object is good.)
 */
struct vm_page *
vm_page_queue_first(struct vm_object **objp, uint64_t *indexp)
{
	struct vm_page *pg;

	spin_lock(&queue_spin);
	if ((pg = TAILQ_FIRST(&file_queue)) != NULL) {
		TAILQ_REMOVE(&file_queue, pg, pg_link);
		TAILQ_INSERT_TAIL(&file_queue, pg, pg_link);
		*objp = pg->pg_object;
		*indexp = pg->pg_index;
		if (*objp != NULL && !ref_hold_unless_zero(&(*objp)->vo_refs))
			*objp = NULL;
	}
	spin_unlock(&queue_spin);
	return (pg);
}

static void
ddb_page(const char *arg)
{
	struct vm_page *pg;
	uint64_t pa;

	if (!ddb_number(&arg, &pa)) {
		kprintf("total %lu free %lu low %lu min %lu file %lu\n",
		    vm_total_pages, vm_free_pages, vm_free_low, vm_free_min,
		    vm_file_pages);
		return;
	}
	if ((pg = vm_page_of_pa(pa)) == NULL) {
		kprintf("no page at %#lx\n", pa);
		return;
	}
	kprintf("page %p pa %#lx flags %#x order %u refs %u wired %u object "
		"%p index %lu\n",
	    pg, pa, pg->pg_flags, pg->pg_order, pg->pg_refs, pg->pg_wired,
	    pg->pg_object, pg->pg_index);
}
DDB_COMMAND(page, "show page", ddb_page, "a page by physical address");
