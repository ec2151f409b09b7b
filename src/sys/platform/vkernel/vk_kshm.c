/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared segment of the vkernel: a host file of its own, all of which lies
 * behind guest RAM in the direct map and so has pages like any memory; they are
 * in no free list.  Its linked part has a second address, the one it was linked
 * at, which is the one the kernel uses.
 */
#include <sys/systm.h>
#include <sys/kshm.h>
#include <machine/physmem.h>
#include "vk_var.h"

paddr_t vk_kshm_pa;
static uint64_t kshm_max, kshm_used; /* (kshm_spin of kern/kshm) */

void
vk_kshm_boot(const struct host_boot *hb)
{
	vk_kshm_pa = hb->memory_bytes + HOST_KSHM_HOLE;
	kshm_max = hb->kshm_bytes;
	kshm_used = (uintptr_t)kshm_static_end - (uintptr_t)kshm_static_start;
}

paddr_t
machine_kshm_static_pa(void)
{
	return (vk_kshm_pa);
}

enum kshm_machine
machine_kshm_kind(void)
{
	return (KSHM_VKERNEL);
}

bool
machine_kshm_extend(size_t bytes, void **kvap, paddr_t *pap)
{
	if (kshm_max - kshm_used < bytes)
		return (false);
	*pap = vk_kshm_pa + kshm_used;
	*kvap = (void *)(PHYS_BASE + *pap);
	kshm_used += bytes;
	return (true);
}
