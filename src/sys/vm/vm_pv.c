/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reverse map: for each page the list of (pmap, address) that show it.
 * Hashed spin locks guard the lists; they are taken inside pmap locks.
 */
#include <sys/systm.h>
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

bool
pv_first(struct vm_page *pg, struct pmap **pmp, uaddr_t *vap)
{
	struct spinlock *sp = vm_page_spin(pg);
	bool found = false;

	spin_lock(sp);
	if (pg->pg_pv != NULL) {
		*pmp = pg->pg_pv->pv_pmap;
		*vap = pg->pg_pv->pv_va;
		found = true;
	}
	spin_unlock(sp);
	return (found);
}
