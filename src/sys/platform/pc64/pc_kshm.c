/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared segment of the PC: the first piece is part of the kernel's image,
 * the others are pages of RAM.  A host that has the guest's RAM as a file (pc64
 * --kshm) finds the header on a page and the pieces by their addresses.
 */
#include <sys/systm.h>
#include <sys/kshm.h>
#include "pc_var.h"

paddr_t
machine_kshm_static_pa(void)
{
	return ((uintptr_t)kshm_static_start - KERNBASE);
}

enum kshm_machine
machine_kshm_kind(void)
{
	return (KSHM_PC64);
}

bool
machine_kshm_extend(size_t bytes, void **kvap, paddr_t *pap)
{
	struct vm_page *pg;
	int order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	pg = vm_page_alloc(-1, order, VMA_NOWAIT | VMA_ZERO);
	if (pg == NULL)
		return (false);
	*kvap = vm_page_kva(pg);
	*pap = vm_page_pa(pg);
	return (true);
}
