/* SPDX-License-Identifier: BSD-2-Clause */
/* Address-space layout of vkernel guests.  The stub lives above the top. */
#ifndef MACHINE_VMPARAM_H
#define MACHINE_VMPARAM_H

#include <sys/param.h>

#define VM_MIN_USER  0x10000UL
#define VM_MAX_USER  0x7ff000000000UL
#define VM_STACK_TOP (VM_MAX_USER - 0x1000000UL)
#define VM_MMAP_TOP  (VM_STACK_TOP - 0x100000000UL) /* allocated downwards */
#define VM_PIE_BASE  0x555555554000UL
#define VM_STUB_BASE 0x7ff100000000UL

/* Threads of one process: a stub has a slot for each, and some for those that
 * share its memory for a while (vfork). */
#define MACHINE_PROC_LWPS 960

/* Kernel stacks: 2^ORDER pages, of which the lowest GUARD bytes are not mapped. */
#define MACHINE_STACK_ORDER 2
#define MACHINE_STACK_GUARD 0UL
#define KSTACK_SIZE	    ((PAGE_SIZE << MACHINE_STACK_ORDER) - MACHINE_STACK_GUARD)

#endif
