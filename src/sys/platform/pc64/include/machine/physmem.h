/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's half of the address space:
 *	0xffff800000000000  direct map of physical memory (PML4 slot 256)
 *	0xfffffe0000000000  device registers, uncached (slot 508)
 *	0xffffffff80000000  the kernel image, at physical + KERNBASE (slot 511)
 */
#ifndef MACHINE_PHYSMEM_H
#define MACHINE_PHYSMEM_H

#ifndef __ASSEMBLER__
#include <sys/types.h>

struct vm_page;

extern struct vm_page *vm_page_array;
extern uint64_t vm_page_array_len; /* pages up to the end of memory */
#endif

#define PHYS_BASE   0xffff800000000000 /* kernel address of physical 0 */
#define PHYS_MAX    0x8000000000       /* 512 GiB: one slot */
#define DEVICE_BASE 0xfffffe0000000000
#define DEVICE_MAX  0x8000000000
#define KERNBASE    0xffffffff80000000

#endif
