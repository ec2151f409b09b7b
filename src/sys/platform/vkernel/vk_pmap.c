/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pmap of the vkernel.
 *
 * 1. The truth is a radix tree: page number -> pte (physical page, rights).
 *    copyin and friends read it; the stub's address space follows it.
 * 2. Following is by orders: each change adds a map, unmap or protect order to
 *    the stub's pending list, merged with the last one where ranges touch.
 *    pmap_flush turns the list into one batch for the mapper.
 * 3. What adds rights may wait until a guest of this space runs next.  What
 *    takes rights away is counted (pm_removals), and pmap_update flushes if
 *    any of it is still pending: when it returns, the guest cannot use it.
 * 4. If the list was full, the stub is resynchronised: everything is unmapped
 *    and the tree is mapped again.  If the host refuses an order (it bounds the
 *    number of mappings), everything is unmapped and nothing is mapped: mapping
 *    the tree again would only use up the bound before the page that the guest
 *    waits for.  Translations may always be forgotten: the fault brings them
 *    back.
 * 5. A space that never ran has no stub; attaching one maps the whole tree.
 *
 * Lock order: pm_flush -> st_lock; pm_spin -> page spin.  pm_spin covers the
 * tree and the pending list.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/memcheck.h>
#include <machine/vmparam.h>
#include "vk_rewrite.h"
#include "vk_var.h"

#define PTE_VALID 8UL

#define HPROT_READ	  1
#define HPROT_WRITE	  2
#define HPROT_EXEC	  4
#define HMAP_SHARED_FIXED 0x11
#define HMAP_POPULATE	  0x8000
#define POPULATE_MAX	  (64 * PAGE_SIZE)

static uint64_t
pte_make(const struct vm_page *pg, vm_prot_t prot)
{
	return (vm_page_pa(pg) | PTE_VALID | prot);
}

static vm_prot_t
pte_prot(uint64_t pte)
{
	return (pte & VM_PROT_ALL);
}

static struct vm_page *
pte_page(uint64_t pte)
{
	return (vm_page_of_pa(pte & ~PAGE_MASK));
}

static uint64_t
pte_get(struct pmap *pm, uaddr_t va)
{
	return ((uintptr_t)radix_get(&pm->pm_ptes, atop(va)));
}

int
pmap_init(struct pmap *pm)
{
	spin_init(&pm->pm_spin, "pmap");
	lock_init(&pm->pm_flush, "pmapflush", 0);
	radix_init(&pm->pm_ptes);
	pm->pm_stub = NULL;
	pm->pm_rewrite = NULL;
	pm->pm_removals = pm->pm_flushed = 0;
	pm->pm_users = 0;
	return (0);
}

void
pmap_destroy(struct pmap *pm)
{
	KASSERT(pm->pm_ptes.rx_count == 0,
	    ("pmap_destroy: %lu pages left", pm->pm_ptes.rx_count));
	spin_lock(&pm->pm_spin);
	while (pm->pm_users > 0)
		spin_sleep(&pm->pm_users, &pm->pm_spin, 0, "pmapuse", 0);
	spin_unlock(&pm->pm_spin);
	if (pm->pm_stub != NULL)
		stub_put(pm->pm_stub);
	rewrite_destroy(pm);
	radix_destroy(&pm->pm_ptes);
	lock_destroy(&pm->pm_flush);
}

/* --- pending orders (pm_spin) ---------------------------------------------------------- */

static void
pend(struct pmap *pm, enum pend_op op, uaddr_t start, uaddr_t end, paddr_t pa,
    vm_prot_t prot)
{
	struct stub *st = pm->pm_stub;
	struct pend *last;

	if (st == NULL || st->st_resync)
		return;
	last = st->st_npend > 0 ? &st->st_pend[st->st_npend - 1] : NULL;
	/* A new mapping replaces what is there: it need not go first. */
	if (op == PEND_MAP && last != NULL && last->pd_op == PEND_UNMAP &&
	    last->pd_start == start && last->pd_end == end)
		last = --st->st_npend > 0 ? last - 1 : NULL;
	if (last != NULL && last->pd_op == op && last->pd_end == start &&
	    (op == PEND_UNMAP || last->pd_prot == prot) &&
	    (op != PEND_MAP || last->pd_pa + (start - last->pd_start) == pa)) {
		last->pd_end = end;
		return;
	}
	if (st->st_npend == PEND_MAX) {
		st->st_resync = true;
		st->st_npend = 0;
		return;
	}
	st->st_pend[st->st_npend++] = (struct pend){op, prot, start, end, pa};
}

static uint64_t
host_prot(vm_prot_t prot)
{
	return (((prot & VM_PROT_READ) != 0 ? HPROT_READ : 0) |
	    ((prot & VM_PROT_WRITE) != 0 ? HPROT_WRITE : 0) |
	    ((prot & VM_PROT_EXECUTE) != 0 ? HPROT_EXEC : 0));
}

static struct stub_order
order_of(const struct pend *pd)
{
	uint64_t len = pd->pd_end - pd->pd_start;
	uint64_t populate = len <= POPULATE_MAX ? HMAP_POPULATE : 0;

	switch (pd->pd_op) {
	case PEND_MAP:
		return ((struct stub_order){HNR_MMAP,
		    {pd->pd_start, len, host_prot(pd->pd_prot),
			HMAP_SHARED_FIXED | populate, vk_file_of(pd->pd_pa),
			vk_file_offset(pd->pd_pa)},
		    0});
	case PEND_PROTECT:
		return ((struct stub_order){HNR_MPROTECT,
		    {pd->pd_start, len, host_prot(pd->pd_prot), 0, 0, 0}, 0});
	default:
		return ((struct stub_order){
		    HNR_MUNMAP, {pd->pd_start, len, 0, 0, 0, 0}, 0});
	}
}

/* (st_lock) Move up to max of the oldest into the control block; the count. */
static int
take_orders(struct pmap *pm, int max)
{
	struct stub *st = pm->pm_stub;
	int n;

	spin_lock(&pm->pm_spin);
	n = MIN(MIN(st->st_npend, max), ORDER_MAX);
	for (int i = 0; i < n; i++)
		st->st_control->sc_orders[i] = order_of(&st->st_pend[i]);
	st->st_npend -= n;
	memmove(st->st_pend, st->st_pend + n,
	    (size_t)st->st_npend * sizeof(st->st_pend[0]));
	spin_unlock(&pm->pm_spin);
	return (n);
}

/*
 * (pm_flush, st_lock) Do what is pending now, in as many batches as it takes;
 * false if an order failed.  *resyncp: the list was full, and is forgotten.
 */
static bool
do_orders(struct pmap *pm, bool *resyncp, uint64_t *removalsp)
{
	struct stub *st = pm->pm_stub;
	int left, n;

	spin_lock(&pm->pm_spin);
	left = st->st_npend;
	*resyncp = st->st_resync;
	*removalsp = pm->pm_removals;
	spin_unlock(&pm->pm_spin);
	for (; left > 0 && !*resyncp; left -= n) {
		if ((n = take_orders(pm, left)) == 0) {
			*resyncp = true; /* it was filled meanwhile */
			break;
		}
		if (!stub_do(st, st->st_control->sc_orders, n))
			return (false);
	}
	return (true);
}

/*
 * Make the pending list of the tree from *vap on; false when all is in.
 * st_resync must be false, so that pend() works.
 */
static bool
pend_tree(struct pmap *pm, uaddr_t *vap)
{
	uint64_t i = atop(*vap), pte;
	bool more = false;

	spin_lock(&pm->pm_spin);
	for (; (pte = (uintptr_t)radix_next(&pm->pm_ptes, &i)) != 0; i++) {
		if (pm->pm_stub->st_npend == PEND_MAX) {
			more = true;
			break;
		}
		pend(pm, PEND_MAP, ptoa(i), ptoa(i + 1), pte & ~PAGE_MASK,
		    pte_prot(pte));
	}
	*vap = ptoa(i);
	spin_unlock(&pm->pm_spin);
	return (more);
}

/*
 * (pm_flush, st_lock) The stub's space := the tree, whatever it was, or
 * nothing at all.
 */
static void
resync(struct pmap *pm, bool refill)
{
	struct stub *st = pm->pm_stub;
	struct stub_order clear = {HNR_MUNMAP,
	    {VM_MIN_USER, VM_MAX_USER - VM_MIN_USER, 0, 0, 0, 0}, 0};
	uint64_t removals;
	uaddr_t va = 0;
	bool more, again;

	KTR_EVENT(MACHINE, resync, "stub=%d refill=%d", (uint64_t)st->st_number,
	    (uint64_t)refill);
	spin_lock(&pm->pm_spin);
	st->st_resync = false;
	st->st_npend = 0;
	removals = pm->pm_removals;
	spin_unlock(&pm->pm_spin);
	if (!stub_do(st, &clear, 1))
		stub_kill(st);
	pm->pm_flushed = removals;
	while (refill && !st->st_dead) {
		more = pend_tree(pm, &va);
		if (!do_orders(pm, &again, &removals)) {
			resync(pm, false);
			return;
		}
		if (!again)
			pm->pm_flushed = removals;
		refill = more && !again;
	}
}

/* Returns when every order pended before the call is done. */
static void
flush(struct pmap *pm, struct stub *st)
{
	uint64_t removals;
	bool must_resync, ok;

	lock_excl(&pm->pm_flush);
	lock_excl(&st->st_lock);
	ok = do_orders(pm, &must_resync, &removals);
	if (!must_resync && ok)
		pm->pm_flushed = removals;
	else if (!st->st_dead)
		resync(pm, must_resync);
	lock_release(&st->st_lock);
	lock_release(&pm->pm_flush);
}

void
pmap_flush(struct pmap *pm)
{
	struct stub *st = pm->pm_stub;

	if (st != NULL && (st->st_npend > 0 || st->st_resync))
		flush(pm, st);
}

/*
 * An empty list is no proof: another CPU may have taken our order and still be
 * waiting for the mapper.  pm_flush waits for it.
 *
 * It does not help that no thread of the program runs: that it has stopped is
 * what a mailbox says, and a program that lies there would go on reading a page
 * that is another's by now.
 */
void
pmap_update(struct pmap *pm)
{
	if (atomic_load(&pm->pm_flushed) == atomic_load(&pm->pm_removals))
		return;
	if (pm->pm_stub == NULL)
		pm->pm_flushed = pm->pm_removals;
	else
		flush(pm, pm->pm_stub);
}

int
pmap_attach(struct pmap *pm)
{
	struct stub *st = stub_get();

	if (st == NULL)
		return (ENOMEM);
	lock_excl(&pm->pm_flush);
	if (pm->pm_stub != NULL) { /* another lwp was faster */
		lock_release(&pm->pm_flush);
		stub_put(st);
		return (0);
	}
	st->st_proc = curproc;
	if (st->st_proc != NULL)
		proc_hold(st->st_proc);
	spin_lock(&pm->pm_spin);
	pm->pm_stub = st;
	st->st_resync = pm->pm_ptes.rx_count > 0;
	spin_unlock(&pm->pm_spin);
	lock_release(&pm->pm_flush);
	pmap_flush(pm);
	return (0);
}

/* --- changes -------------------------------------------------------------------------------- */

/* (pm_spin) Forget the pte at va, without an order. */
static void
pte_drop(struct pmap *pm, uaddr_t va, uint64_t pte)
{
	(void)radix_remove(&pm->pm_ptes, atop(va));
	pv_remove(pte_page(pte), pm, va);
	pm->pm_removals++;
}

int
pmap_enter(struct pmap *pm, uaddr_t va, struct vm_page *pg, vm_prot_t prot)
{
	uint64_t old, pte = pte_make(pg, prot);
	int error = 0;

	if (prot == VM_PROT_NONE)
		return (0);
	/* The guest sees all of it, and writes it unseen. */
	memcheck_check_defined(vm_page_kva(pg), PAGE_SIZE);
	spin_lock(&pm->pm_spin);
	old = pte_get(pm, va);
	if (old != 0 && pte_page(old) != pg) {
		pte_drop(pm, va, old);
		pend(pm, PEND_UNMAP, va, va + PAGE_SIZE, 0, 0);
		old = 0;
	}
	if (old == 0)
		error = pv_insert(pg, pm, va);
	if (error == 0 &&
	    (error = radix_set(&pm->pm_ptes, atop(va), (void *)pte)) != 0 &&
	    old == 0)
		pv_remove(pg, pm, va);
	if (error == 0)
		pend(pm, PEND_MAP, va, va + PAGE_SIZE, vm_page_pa(pg), prot);
	spin_unlock(&pm->pm_spin);
	return (error);
}

void
pmap_remove(struct pmap *pm, uaddr_t start, uaddr_t end)
{
	uint64_t i = atop(start), pte, first = 0, last = 0;

	spin_lock(&pm->pm_spin);
	while ((pte = (uintptr_t)radix_next(&pm->pm_ptes, &i)) != 0 &&
	    i < atop(end)) {
		pte_drop(pm, ptoa(i), pte);
		if (first == 0)
			first = i;
		last = ++i;
	}
	/* One order for all: holes in between do no harm. */
	if (first != 0)
		pend(pm, PEND_UNMAP, ptoa(first), ptoa(last), 0, 0);
	spin_unlock(&pm->pm_spin);
}

/* (pm_spin) Lower one pte. */
static void
pte_lower(struct pmap *pm, uint64_t i, uint64_t pte, vm_prot_t prot)
{
	vm_prot_t now = pte_prot(pte) & prot;

	if (now == pte_prot(pte))
		return;
	pm->pm_removals++;
	if (now == VM_PROT_NONE) {
		pte_drop(pm, ptoa(i), pte);
		pend(pm, PEND_UNMAP, ptoa(i), ptoa(i + 1), 0, 0);
		return;
	}
	pte = (pte & ~(uint64_t)VM_PROT_ALL) | now;
	if (radix_set(&pm->pm_ptes, i, (void *)pte) != 0)
		panic("pte_lower: replacing failed");
	pend(pm, PEND_PROTECT, ptoa(i), ptoa(i + 1), 0, now);
}

void
pmap_protect(struct pmap *pm, uaddr_t start, uaddr_t end, vm_prot_t prot)
{
	uint64_t i = atop(start), pte;

	if (prot == VM_PROT_NONE) {
		pmap_remove(pm, start, end);
		return;
	}
	spin_lock(&pm->pm_spin);
	for (; (pte = (uintptr_t)radix_next(&pm->pm_ptes, &i)) != 0 &&
	     i < atop(end);
	     i++)
		pte_lower(pm, i, pte, prot);
	spin_unlock(&pm->pm_spin);
}

void
pmap_copy(struct pmap *to, struct pmap *from, uaddr_t start, uaddr_t end)
{
	uint64_t i = atop(start), pte;

	spin_lock(&from->pm_spin);
	for (; (pte = (uintptr_t)radix_next(&from->pm_ptes, &i)) != 0 &&
	     i < atop(end);
	     i++) {
		vm_prot_t prot = pte_prot(pte) & ~VM_PROT_WRITE;

		if (prot == VM_PROT_NONE ||
		    pv_insert(pte_page(pte), to, ptoa(i)) != 0)
			continue;
		if (radix_set(&to->pm_ptes, i,
			(void *)((pte & ~(uint64_t)VM_PROT_ALL) | prot)) != 0)
			pv_remove(pte_page(pte), to, ptoa(i));
	}
	spin_unlock(&from->pm_spin);
}

/* --- questions -------------------------------------------------------------------------------- */

struct vm_page *
pmap_lookup(struct pmap *pm, uaddr_t va, vm_prot_t *protp)
{
	uint64_t pte;

	spin_lock(&pm->pm_spin);
	pte = pte_get(pm, va);
	spin_unlock(&pm->pm_spin);
	if (pte == 0)
		return (NULL);
	if (protp != NULL)
		*protp = pte_prot(pte);
	return (pte_page(pte));
}

struct vm_page *
pmap_wire(struct pmap *pm, uaddr_t va, vm_prot_t access)
{
	struct vm_page *pg = NULL;
	uint64_t pte;

	spin_lock(&pm->pm_spin);
	pte = pte_get(pm, va);
	if (pte != 0 && (access & ~pte_prot(pte)) == 0) {
		pg = pte_page(pte);
		vm_page_wire(pg);
	}
	spin_unlock(&pm->pm_spin);
	return (pg);
}

uint64_t
pmap_resident(struct pmap *pm)
{
	return (pm->pm_ptes.rx_count);
}

uint64_t
pmap_resident_range(struct pmap *pm, uaddr_t start, uaddr_t end)
{
	uint64_t i = atop(start), n = 0;

	spin_lock(&pm->pm_spin);
	for (; radix_next(&pm->pm_ptes, &i) != NULL && i < atop(end); i++)
		n++;
	spin_unlock(&pm->pm_spin);
	return (n);
}

/* --- by page ------------------------------------------------------------------------------------ */

void
pmap_drop(struct pmap *pm, uaddr_t va)
{
	pte_drop(pm, va, pte_get(pm, va));
	pend(pm, PEND_UNMAP, va, va + PAGE_SIZE, 0, 0);
}
