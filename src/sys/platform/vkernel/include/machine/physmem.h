/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM: one memfd, mapped once at a fixed address below 128 GiB, where
 * memcheck's fast path and its limit on large mappings still hold.
 */
#ifndef MACHINE_PHYSMEM_H
#define MACHINE_PHYSMEM_H

#include <sys/types.h>

struct vm_page;

#define PHYS_BASE 0x1000000000UL /* kernel address of physical 0 */
#define PHYS_MAX  0x800000000UL	 /* 32 GiB */

extern struct vm_page *vm_page_array;
extern uint64_t vm_page_array_len; /* pages of memory */

#endif
