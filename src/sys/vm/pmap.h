/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's half of virtual memory: translations of one address space.
 * A pmap may drop any user translation at any time (the fault brings it back)
 * but never keeps one that was removed: when pmap_update returns, no program
 * can use what pmap_remove, pmap_protect or pmap_page_* took away.
 * None of these sleeps except pmap_update and the pmap_page_ functions, which
 * wait for other CPUs or the machine and so must not run under a spin lock.
 */
#ifndef VM_PMAP_H
#define VM_PMAP_H

#include <sys/lock.h>
#include <vm/vm.h>
#include <machine/pmap_md.h>

int pmap_init(struct pmap *pm);	    /* 0 or ENOMEM */
void pmap_destroy(struct pmap *pm); /* every translation is gone already */
/* Replaces what was at va.  0, or ENOMEM (nothing is mapped at va then). */
int pmap_enter(struct pmap *pm, uaddr_t va, struct vm_page *pg, vm_prot_t prot);
void pmap_remove(struct pmap *pm, uaddr_t start, uaddr_t end);
/* Lower the rights of [start, end) to at most prot. */
void pmap_protect(struct pmap *pm, uaddr_t start, uaddr_t end, vm_prot_t prot);
/* Rights at va and its page, or NULL.  A hint: may be stale on return. */
struct vm_page *pmap_lookup(struct pmap *pm, uaddr_t va, vm_prot_t *protp);
/* The page at va if it is mapped with access, wired; else NULL. */
struct vm_page *pmap_wire(struct pmap *pm, uaddr_t va, vm_prot_t access);
uint64_t pmap_resident(struct pmap *pm); /* pages */
uint64_t pmap_resident_range(struct pmap *pm, uaddr_t start, uaddr_t end);
void pmap_update(struct pmap *pm);

/*
 * A machine may change a program's text behind its back (vk_rewrite.c does).
 * (vm_lock excl) The text in [start, end) is about to change, move or go: put
 * back what was there.
 */
#ifdef MACHINE_CHANGES_TEXT
void pmap_text_restore(struct vmspace *vm, uaddr_t start, uaddr_t end);
/* buf was read from the program's memory at addr: show the original. */
void pmap_text_view(struct vmspace *vm, uaddr_t addr, void *buf, size_t len);
/* (both vm_locks excl) `to' has the memory of `from'.  0 or ENOMEM. */
int pmap_text_fork(struct vmspace *to, struct vmspace *from);
#else
#define pmap_text_restore(vm, start, end)  ((void)0)
#define pmap_text_view(vm, addr, buf, len) ((void)0)
#define pmap_text_fork(to, from)	   0
#endif
/* Give the child the parent's translations of [start, end), not writable. */
void pmap_copy(struct pmap *to, struct pmap *from, uaddr_t start, uaddr_t end);
/* In every pmap: drop translations of pg, or take its write right. */
void pmap_page_remove(struct vm_page *pg);
void pmap_page_protect(struct vm_page *pg);

/* --- reverse map (vm/vm_pv.c), for the machine's pmap ---------------------- */

struct pv_entry {
	struct pv_entry *pv_next;
	struct pmap *pv_pmap;
	uaddr_t pv_va;
};
int pv_insert(struct vm_page *pg, struct pmap *pm, uaddr_t va); /* ENOMEM */
void pv_remove(struct vm_page *pg, struct pmap *pm, uaddr_t va);
/* The machine's (pm_spin): forget va's page; pmap_update carries it out. */
void pmap_drop(struct pmap *pm, uaddr_t va);
/* The spin lock of pg's wire count, doom flag and mappings. */
struct spinlock *vm_page_spin(const struct vm_page *pg);

#endif
