/* SPDX-License-Identifier: BSD-2-Clause */
/* The PC's pmap: 4-level page tables; theory in pc64/pmap.c. */
#ifndef MACHINE_PMAP_MD_H
#define MACHINE_PMAP_MD_H

#include <sys/lock.h>

struct vm_page;

#define PMAP_INVAL_MAX 24 /* pages; more: everything is flushed */

struct pmap {
	struct spinlock pm_spin; /* guards the rest but where it says */
	uint64_t *pm_pml4;
	paddr_t pm_cr3;
	volatile uint32_t pm_cpus; /* (atomic) CPUs that have it loaded */
	uint64_t pm_resident;	   /* pages mapped */
	uint32_t pm_users;	   /* page removals under way */
	/* What is removed from the tables but perhaps not from some TLB. */
	uint64_t pm_removals; /* removals ever */
	uint64_t pm_flushed;  /* (pm_spin, atomic) those that are done */
	uint32_t pm_ninval;   /* > PMAP_INVAL_MAX: all */
	uaddr_t pm_inval[PMAP_INVAL_MAX];
	struct vm_page *pm_dead; /* empty tables, freed after the flush */
	struct lock pm_flush;	 /* one flush at a time */
};

/* What a fault maps besides its page (see the vkernel's): it is cheap here. */
#define PMAP_SHOW_AHEAD	 16
#define PMAP_WRITE_AHEAD 4
#define PMAP_FORK_AHEAD	 32
#define PMAP_ZERO_AHEAD	 4

#endif
