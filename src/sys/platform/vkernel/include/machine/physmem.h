/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM: one memfd, mapped once at a fixed address below 64 GiB, where
 * memcheck keeps nothing of its own and its fast path still holds.
 */
#ifndef MACHINE_PHYSMEM_H
#define MACHINE_PHYSMEM_H

#include <sys/types.h>

struct vm_page;

#define PHYS_BASE 0x400000000UL /* kernel address of physical 0 */
#define PHYS_MAX  0x800000000UL /* 32 GiB */

extern struct vm_page *vm_page_array;
extern uint64_t vm_page_array_len; /* pages of memory */

#endif
