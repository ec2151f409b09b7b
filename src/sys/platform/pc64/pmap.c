/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pmap of the PC: 4-level page tables and their TLBs.
 *
 * 1. The tables are the truth.  A user entry carries the page, U, P, A and D
 *    (the VM keeps its own account of use, so the CPU need not write), W and NX
 *    by its rights, and the rights once more in the bits that software owns.
 * 2. A table's vm_page counts its valid entries in pg_index; the one that drops
 *    the last takes the table out of its parent and puts it on pm_dead.
 * 3. A TLB may still hold what was removed.  Each removal is counted
 *    (pm_removals) and its address kept in pm_inval, or, if there are too many,
 *    the fact that all must go.  pmap_update flushes them on every CPU that has
 *    the pmap loaded and frees the dead tables: when it returns, no program can
 *    use what was taken away.  An lwp flushes what is pending before it returns
 *    to user mode.
 * 4. A CPU keeps a pmap loaded when it goes on to kernel threads (lazy); its
 *    bit in pm_cpus says so.  The bit is set before CR3 is, and removals read
 *    the bits after they changed the tables: a CPU that comes late loads the
 *    new tables.
 * 5. Shoot-down: the sender fills its request, marks each target and sends
 *    V_SHOOT; the target flushes in its interrupt handler, which takes no lock,
 *    and counts down.  The sender serves others while it waits.
 *
 * Lock order: pm_flush -> pm_spin -> page spin.  pm_spin covers the tables.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include "pc_var.h"

#define PTE_PROT_SHIFT 9 /* bits 9..11 are software's */
#define PTE_PROT       ((uint64_t)VM_PROT_ALL << PTE_PROT_SHIFT)

static uint64_t
pte_make(const struct vm_page *pg, vm_prot_t prot)
{
	return (vm_page_pa(pg) | PTE_P | PTE_U | PTE_A | PTE_D |
	    (uint64_t)prot << PTE_PROT_SHIFT |
	    ((prot & VM_PROT_WRITE) != 0 ? PTE_W : 0) |
	    ((prot & VM_PROT_EXECUTE) != 0 ? 0 : PTE_NX));
}

static vm_prot_t
pte_prot(uint64_t pte)
{
	return ((pte & PTE_PROT) >> PTE_PROT_SHIFT);
}

static struct vm_page *
pte_page(uint64_t pte)
{
	return (vm_page_of_pa(pte & PTE_ADDR));
}

static struct vm_page *
table_page(const uint64_t *table)
{
	return (vm_page_of_kva((const void *)trunc_page((uintptr_t)table)));
}

/* --- TLBs ------------------------------------------------------------------------ */

/* On this CPU, IF any. */
static void
inval_local(struct pmap *pm, uint32_t n, const uaddr_t *va)
{
	if (curcpu->c_md.cm_pmap != pm)
		return;
	if (n > PMAP_INVAL_MAX) {
		load_cr3(pm->pm_cr3);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		invlpg(va[i]);
}

/* (IF 0) Use the kernel's tables alone. */
static void
leave_pmap(void)
{
	struct cpu *c = curcpu;
	struct pmap *pm = c->c_md.cm_pmap;

	if (pm == NULL)
		return;
	c->c_md.cm_pmap = NULL;
	load_cr3(kernel_cr3);
	atomic_and(&pm->pm_cpus, ~(1U << c->c_id));
}

void
pmap_shoot_poll(void)
{
	struct cpu *c = curcpu;
	uint64_t flags = intr_save();
	uint32_t from = atomic_swap(&c->c_md.cm_shoot_from, 0);

	for (int i = 0; from != 0; i++, from >>= 1) {
		struct shootdown *sd;

		if ((from & 1) == 0)
			continue;
		sd = &cpus[i]->c_md.cm_shoot;
		if (sd->sd_leave && c->c_md.cm_pmap == sd->sd_pmap)
			leave_pmap();
		else
			inval_local(sd->sd_pmap, sd->sd_n, sd->sd_va);
		atomic_sub(&sd->sd_left, 1);
	}
	intr_restore(flags);
}

static uint32_t
bits_in(uint32_t mask)
{
	uint32_t n = 0;

	for (; mask != 0; mask &= mask - 1)
		n++;
	return (n);
}

/* Everywhere; returns when it is done. */
static void
shoot(struct pmap *pm, uint32_t n, const uaddr_t *va, bool leave)
{
	struct cpu *c = curcpu;
	uint32_t mask = atomic_load_seq(&pm->pm_cpus);
	struct shootdown *sd = &c->c_md.cm_shoot;
	uint64_t flags;

	if (leave) {
		flags = intr_save();
		if (c->c_md.cm_pmap == pm)
			leave_pmap();
		intr_restore(flags);
	} else
		inval_local(pm, n, va);
	mask &= ~(1U << c->c_id);
	if (mask == 0 || panicstr != NULL)
		return;
	KTR_EVENT(MACHINE, shootdown, "pmap=%p pages=%d cpus=%x", KTRP(pm),
	    (uint64_t)n, (uint64_t)mask);
	sd->sd_pmap = pm;
	sd->sd_n = n;
	sd->sd_va = va;
	sd->sd_leave = leave;
	atomic_store_seq(&sd->sd_left, bits_in(mask));
	for (int i = 0; i < MAXCPU; i++)
		if ((mask >> i & 1) != 0) {
			atomic_or(&cpus[i]->c_md.cm_shoot_from, 1U << c->c_id);
			lapic_send(cpus[i]->c_md.cm_apic_id, V_SHOOT);
		}
	for (unsigned i = 0; atomic_load_acq(&sd->sd_left) != 0; i++) {
		pmap_shoot_poll();
		cpu_spin_relax(i);
		if (panicstr != NULL)
			return;
	}
}

void
pmap_activate(struct pmap *pm)
{
	struct cpu *c = curcpu;
	struct pmap *old = c->c_md.cm_pmap;
	uint64_t flags;

	if (__likely(old == pm))
		return;
	flags = intr_save();
	old = c->c_md.cm_pmap;
	atomic_or(&pm->pm_cpus, 1U << c->c_id);
	c->c_md.cm_pmap = pm;
	load_cr3(pm->pm_cr3);
	if (old != NULL)
		atomic_and(&old->pm_cpus, ~(1U << c->c_id));
	intr_restore(flags);
}

/* (pm_spin) A translation of va is gone from the tables. */
static void
removed(struct pmap *pm, uaddr_t va)
{
	pm->pm_removals++;
	if (pm->pm_ninval < PMAP_INVAL_MAX)
		pm->pm_inval[pm->pm_ninval++] = va;
	else
		pm->pm_ninval = PMAP_INVAL_MAX + 1;
}

void
pmap_update(struct pmap *pm)
{
	uaddr_t va[PMAP_INVAL_MAX];
	struct vm_page *dead, *next;
	uint64_t removals;
	uint32_t n;

	if (atomic_load(&pm->pm_flushed) == atomic_load(&pm->pm_removals))
		return;
	lock_excl(&pm->pm_flush);
	spin_lock(&pm->pm_spin);
	n = pm->pm_ninval;
	memcpy(va, pm->pm_inval, MIN(n, PMAP_INVAL_MAX) * sizeof(va[0]));
	pm->pm_ninval = 0;
	dead = pm->pm_dead;
	pm->pm_dead = NULL;
	removals = pm->pm_removals;
	spin_unlock(&pm->pm_spin);
	shoot(pm, n, va, false);
	for (; dead != NULL; dead = next) {
		next = dead->pg_link.tqe_next;
		vm_page_free(dead, 0);
	}
	atomic_store_rel(&pm->pm_flushed, removals);
	lock_release(&pm->pm_flush);
}

/* --- tables (pm_spin) ---------------------------------------------------------------- */

/* The leaf entry of va, or NULL if there is no table for it. */
static uint64_t *
pte_find(struct pmap *pm, uaddr_t va)
{
	uint64_t *t = pm->pm_pml4, e;

	for (int l = 3; l > 0; l--) {
		e = t[pt_index(va, l)];
		if ((e & PTE_P) == 0)
			return (NULL);
		t = pt_kva(e);
	}
	return (&t[pt_index(va, 0)]);
}

/* Make missing tables; NULL: no memory. */
static uint64_t *
pte_make_path(struct pmap *pm, uaddr_t va)
{
	uint64_t *t = pm->pm_pml4, *e;
	struct vm_page *pg;

	for (int l = 3; l > 0; l--) {
		e = &t[pt_index(va, l)];
		if ((*e & PTE_P) == 0) {
			pg = vm_page_alloc(
			    -1, 0, VMA_NOWAIT | VMA_ZERO | VMA_SYSTEM);
			if (pg == NULL)
				return (NULL);
			pg->pg_index = 0;
			*e = vm_page_pa(pg) | PTE_P | PTE_W | PTE_U | PTE_A;
			if (l < 3)
				table_page(t)->pg_index++;
		}
		t = pt_kva(*e);
	}
	return (&t[pt_index(va, 0)]);
}

/* The table of this entry of va lost an entry: dead tables leave. */
static void
table_lose(struct pmap *pm, uaddr_t va)
{
	uint64_t *path[4], *t = pm->pm_pml4;
	struct vm_page *pg;

	for (int l = 3; l > 0; l--) {
		path[l] = &t[pt_index(va, l)];
		t = pt_kva(*path[l]);
	}
	for (int l = 1; l <= 3; l++) {
		pg = table_page(t);
		if (--pg->pg_index != 0)
			return;
		*path[l] = 0;
		pg->pg_link.tqe_next = pm->pm_dead;
		pm->pm_dead = pg;
		t = path[l];
		if (l == 3)
			return;
	}
}

/* A path that was made for an entry that did not come. */
static void
path_undo(struct pmap *pm, uaddr_t va, uint64_t *pte)
{
	if (table_page(pte)->pg_index == 0) {
		table_page(pte)->pg_index = 1;
		table_lose(pm, va);
		pm->pm_removals++;
	}
}

static void
pte_drop(struct pmap *pm, uaddr_t va, uint64_t *pte)
{
	uint64_t old = *pte;

	*(volatile uint64_t *)pte = 0;
	pv_remove(pte_page(old), pm, va);
	pm->pm_resident--;
	table_lose(pm, va);
	removed(pm, va);
}

/*
 * The first valid entry at or after *vap and below end; tables that are not
 * there are skipped whole.
 */
static uint64_t *
pte_next(struct pmap *pm, uaddr_t *vap, uaddr_t end)
{
	uaddr_t va = *vap;

	while (va < end) {
		uint64_t *t = pm->pm_pml4, e = 0;
		int l;

		for (l = 3; l > 0; l--) {
			e = t[pt_index(va, l)];
			if ((e & PTE_P) == 0)
				break;
			t = pt_kva(e);
		}
		if (l > 0) {
			va = (va | ((PAGE_SIZE << (9 * l)) - 1)) + 1;
			continue;
		}
		for (unsigned i = pt_index(va, 0); i < PTE_COUNT && va < end;
		     i++, va += PAGE_SIZE)
			if ((t[i] & PTE_P) != 0) {
				*vap = va;
				return (&t[i]);
			}
	}
	return (NULL);
}

/* --- life ----------------------------------------------------------------------------------- */

int
pmap_init(struct pmap *pm)
{
	struct vm_page *pg = vm_page_alloc(-1, 0, VMA_WAIT | VMA_ZERO);

	if (pg == NULL)
		return (ENOMEM);
	memset(pm, 0, sizeof(*pm));
	spin_init(&pm->pm_spin, "pmap");
	lock_init(&pm->pm_flush, "pmapflush", 0);
	pm->pm_pml4 = vm_page_kva(pg);
	pm->pm_cr3 = vm_page_pa(pg);
	for (unsigned i = PTE_COUNT / 2; i < PTE_COUNT; i++)
		pm->pm_pml4[i] = kernel_pml4[i];
	return (0);
}

void
pmap_destroy(struct pmap *pm)
{
	KASSERT(pm->pm_resident == 0,
	    ("pmap_destroy: %lu pages left", pm->pm_resident));
	spin_lock(&pm->pm_spin);
	while (pm->pm_users > 0)
		spin_sleep(&pm->pm_users, &pm->pm_spin, 0, "pmapuse", 0);
	spin_unlock(&pm->pm_spin);
	pmap_update(pm);
	shoot(pm, 0, NULL, true);
	vm_page_free(vm_page_of_pa(pm->pm_cr3), 0);
	lock_destroy(&pm->pm_flush);
}

/* --- changes ----------------------------------------------------------------------------------- */

int
pmap_enter(struct pmap *pm, uaddr_t va, struct vm_page *pg, vm_prot_t prot)
{
	uint64_t *pte;
	int error = 0;

	if (prot == VM_PROT_NONE)
		return (0);
	va = trunc_page(va);
	spin_lock(&pm->pm_spin);
	pte = pte_find(pm, va);
	if (pte != NULL && (*pte & PTE_P) != 0) {
		if (pte_page(*pte) == pg) {
			if ((pte_prot(*pte) & ~prot) != 0)
				removed(pm, va);
			*(volatile uint64_t *)pte = pte_make(pg, prot);
			spin_unlock(&pm->pm_spin);
			return (0);
		}
		pte_drop(pm, va, pte);
	}
	if ((pte = pte_make_path(pm, va)) == NULL)
		error = ENOMEM;
	else if ((error = pv_insert(pg, pm, va)) != 0)
		path_undo(pm, va, pte);
	else {
		*(volatile uint64_t *)pte = pte_make(pg, prot);
		table_page(pte)->pg_index++;
		pm->pm_resident++;
	}
	spin_unlock(&pm->pm_spin);
	return (error);
}

void
pmap_remove(struct pmap *pm, uaddr_t start, uaddr_t end)
{
	uaddr_t va = start;
	uint64_t *pte;

	spin_lock(&pm->pm_spin);
	for (; (pte = pte_next(pm, &va, end)) != NULL; va += PAGE_SIZE)
		pte_drop(pm, va, pte);
	spin_unlock(&pm->pm_spin);
}

void
pmap_protect(struct pmap *pm, uaddr_t start, uaddr_t end, vm_prot_t prot)
{
	uaddr_t va = start;
	uint64_t *pte;
	vm_prot_t now;

	if (prot == VM_PROT_NONE) {
		pmap_remove(pm, start, end);
		return;
	}
	spin_lock(&pm->pm_spin);
	for (; (pte = pte_next(pm, &va, end)) != NULL; va += PAGE_SIZE) {
		now = pte_prot(*pte) & prot;
		if (now == pte_prot(*pte))
			continue;
		if (now == VM_PROT_NONE)
			pte_drop(pm, va, pte);
		else {
			*(volatile uint64_t *)pte =
			    pte_make(pte_page(*pte), now);
			removed(pm, va);
		}
	}
	spin_unlock(&pm->pm_spin);
}

/*
 * The child's lock is taken while the parent's is held; only a page's removal
 * could want both, and that one only tries (lock_mapping).
 */
void
pmap_copy(struct pmap *to, struct pmap *from, uaddr_t start, uaddr_t end)
{
	uaddr_t va = start;
	uint64_t *pte, *new;
	vm_prot_t prot;

	spin_lock(&from->pm_spin);
	for (unsigned n = 0; !spin_trylock(&to->pm_spin); n++)
		cpu_spin_relax(n);
	for (; (pte = pte_next(from, &va, end)) != NULL; va += PAGE_SIZE) {
		prot = pte_prot(*pte) & ~VM_PROT_WRITE;
		if (prot == VM_PROT_NONE)
			continue;
		if ((new = pte_make_path(to, va)) == NULL)
			break; /* the fault brings the rest */
		if (pv_insert(pte_page(*pte), to, va) != 0) {
			path_undo(to, va, new);
			break;
		}
		*new = pte_make(pte_page(*pte), prot);
		table_page(new)->pg_index++;
		to->pm_resident++;
	}
	spin_unlock(&to->pm_spin);
	spin_unlock(&from->pm_spin);
}

/* --- questions ------------------------------------------------------------------------------------ */

struct vm_page *
pmap_lookup(struct pmap *pm, uaddr_t va, vm_prot_t *protp)
{
	struct vm_page *pg = NULL;
	uint64_t *pte;

	spin_lock(&pm->pm_spin);
	pte = pte_find(pm, va);
	if (pte != NULL && (*pte & PTE_P) != 0) {
		pg = pte_page(*pte);
		if (protp != NULL)
			*protp = pte_prot(*pte);
	}
	spin_unlock(&pm->pm_spin);
	return (pg);
}

struct vm_page *
pmap_wire(struct pmap *pm, uaddr_t va, vm_prot_t access)
{
	struct vm_page *pg = NULL;
	uint64_t *pte;

	spin_lock(&pm->pm_spin);
	pte = pte_find(pm, va);
	if (pte != NULL && (*pte & PTE_P) != 0 &&
	    (access & ~pte_prot(*pte)) == 0) {
		pg = pte_page(*pte);
		vm_page_wire(pg);
	}
	spin_unlock(&pm->pm_spin);
	return (pg);
}

uint64_t
pmap_resident(struct pmap *pm)
{
	return (pm->pm_resident);
}

uint64_t
pmap_resident_range(struct pmap *pm, uaddr_t start, uaddr_t end)
{
	uaddr_t va = start;
	uint64_t n = 0;

	spin_lock(&pm->pm_spin);
	for (; pte_next(pm, &va, end) != NULL; va += PAGE_SIZE)
		n++;
	spin_unlock(&pm->pm_spin);
	return (n);
}

/* --- by page -------------------------------------------------------------------------------------- */

void
pmap_drop(struct pmap *pm, uaddr_t va)
{
	pte_drop(pm, va, pte_find(pm, va));
}

/* --- ddb ------------------------------------------------------------------------------------------- */

static void
ddb_pmap(const char *arg)
{
	const struct pmap *pm;
	uint64_t at;

	if (!ddb_number(&arg, &at)) {
		for (int i = 0; i < ncpus; i++)
			kprintf("cpu%d has pmap %p loaded\n", i,
			    (void *)cpus[i]->c_md.cm_pmap);
		return;
	}
	pm = (const struct pmap *)at;
	if (!kernel_readable(at) || !kernel_readable(at + sizeof(*pm) - 1)) {
		kprintf("%#lx is not kernel memory\n", at);
		return;
	}
	kprintf("pmap %p tables %#lx resident %lu cpus %x removals %lu "
		"flushed %lu pending %u\n",
	    (const void *)pm, pm->pm_cr3, pm->pm_resident, pm->pm_cpus,
	    pm->pm_removals, pm->pm_flushed, pm->pm_ninval);
}
DDB_COMMAND(pmap, "show pmap", ddb_pmap,
    "an address space's tables: show pmap [ADDRESS]");
