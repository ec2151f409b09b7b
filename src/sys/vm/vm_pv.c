/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reverse map: for each page the list of (pmap, address) that show it.
 * Hashed spin locks guard the lists; they are taken inside pmap locks.
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/thread.h>
#include "vm_var.h"

#define PV_LOCKS 64

static struct spinlock pv_spins[PV_LOCKS];
static struct zone *pv_zone;

static void
pv_init(void)
{
	for (int i = 0; i < PV_LOCKS; i++)
		spin_init(&pv_spins[i], "page");
	pv_zone = zone_create("pv", sizeof(struct pv_entry), 8);
}
SYSINIT(pv, SI_MEMORY + 1, pv_init);

struct spinlock *
vm_page_spin(const struct vm_page *pg)
{
	return (&pv_spins[((uintptr_t)pg / sizeof(*pg)) % PV_LOCKS]);
}

int
pv_insert(struct vm_page *pg, struct pmap *pm, uaddr_t va)
{
	struct spinlock *sp = vm_page_spin(pg);
	struct pv_entry *pv = zone_alloc(pv_zone, M_NOWAIT);

	if (pv == NULL)
		return (ENOMEM);
	pv->pv_pmap = pm;
	pv->pv_va = va;
	spin_lock(sp);
	pv->pv_next = pg->pg_pv;
	pg->pg_pv = pv;
	spin_unlock(sp);
	return (0);
}

void
pv_remove(struct vm_page *pg, struct pmap *pm, uaddr_t va)
{
	struct spinlock *sp = vm_page_spin(pg);
	struct pv_entry *pv, **pp;

	spin_lock(sp);
	for (pp = &pg->pg_pv; (pv = *pp) != NULL; pp = &pv->pv_next)
		if (pv->pv_pmap == pm && pv->pv_va == va)
			break;
	KASSERT(pv != NULL, ("pv_remove: page %p not at %#lx", pg, va));
	*pp = pv->pv_next;
	spin_unlock(sp);
	zone_free(pv_zone, pv);
}

/*
 * Find a mapping of pg and lock its pmap; false if there is none.  The page's
 * object (locked by the caller) keeps new mappings away; a pmap that goes away
 * drops its mappings first, under pm_spin, so a found one is alive while the
 * page spin is held: hence the try-lock in this order.
 */
static bool
lock_mapping(struct vm_page *pg, struct pmap **pmp, uaddr_t *vap)
{
	struct spinlock *sp = vm_page_spin(pg);

	for (unsigned n = 0;; n++) {
		spin_lock(sp);
		if (pg->pg_pv == NULL) {
			spin_unlock(sp);
			return (false);
		}
		*pmp = pg->pg_pv->pv_pmap;
		*vap = pg->pg_pv->pv_va;
		if (spin_trylock(&(*pmp)->pm_spin)) {
			spin_unlock(sp);
			return (true);
		}
		spin_unlock(sp);
		cpu_spin_relax(n);
	}
}

/* pm_users keeps a pmap from being destroyed while the removal is carried out. */
void
pmap_page_remove(struct vm_page *pg)
{
	struct pmap *pm;
	uaddr_t va;

	while (lock_mapping(pg, &pm, &va)) {
		pmap_drop(pm, va);
		pm->pm_users++;
		spin_unlock(&pm->pm_spin);
		pmap_update(pm);
		spin_lock(&pm->pm_spin);
		if (--pm->pm_users == 0)
			wakeup(&pm->pm_users);
		spin_unlock(&pm->pm_spin);
	}
}

/*
 * Without a walk of the list that survives unlocking, dropping the mappings is
 * the simple way; faults bring them back read-only.
 */
void
pmap_page_protect(struct vm_page *pg)
{
	pmap_page_remove(pg);
}
