/* SPDX-License-Identifier: BSD-2-Clause */
/* The vkernel's pmap: the truth in a radix tree, a stub that follows it. */
#ifndef MACHINE_PMAP_MD_H
#define MACHINE_PMAP_MD_H

#include <sys/lock.h>
#include <sys/radix.h>

struct rewrite;
struct stub;
struct vmspace;

struct pmap {
	struct spinlock pm_spin;    /* guards the rest */
	struct lock pm_flush;	    /* one flush at a time */
	struct radix pm_ptes;	    /* page number -> pte as pointer */
	struct stub *pm_stub;	    /* NULL: no program runs here yet */
	uint64_t pm_removals;	    /* removals or revocations ever queued */
	uint32_t pm_users;	    /* page removals under way */
	uint64_t pm_flushed;	    /* the value of it that is done */
	struct rewrite *pm_rewrite; /* (vm_lock) vk_rewrite.c; set once */
};

#define MACHINE_CHANGES_TEXT 1

/*
 * What a fault maps besides its page: it costs as much as copying some twenty
 * pages.  Resident pages of files, pages copied or made writable with the one
 * that is written, zeros at first.
 */
#define PMAP_SHOW_AHEAD	 32
#define PMAP_WRITE_AHEAD 8
#define PMAP_FORK_AHEAD	 128
#define PMAP_ZERO_AHEAD	 8

#endif
