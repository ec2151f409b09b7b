/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address space of the PC.  User: the lower canonical half but its last
 * 16 MiB, so that no program's next instruction can be non-canonical.  The same
 * as the vkernel's where programs can see it.
 */
#ifndef MACHINE_VMPARAM_H
#define MACHINE_VMPARAM_H

#include <sys/param.h>

#define VM_MIN_USER  0x10000UL
#define VM_MAX_USER  0x7ff000000000UL
#define VM_STACK_TOP (VM_MAX_USER - 0x1000000UL)
#define VM_MMAP_TOP  (VM_STACK_TOP - 0x100000000UL) /* allocated downwards */
#define VM_PIE_BASE  0x555555554000UL

#define MACHINE_PROC_LWPS 960 /* threads of one process */

/* Kernel stacks: 2^ORDER pages, of which the lowest GUARD bytes are not mapped. */
#define MACHINE_STACK_ORDER 3
#define MACHINE_STACK_GUARD PAGE_SIZE
#define KSTACK_SIZE	    ((PAGE_SIZE << MACHINE_STACK_ORDER) - MACHINE_STACK_GUARD)

#endif
