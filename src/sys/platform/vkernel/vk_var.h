/* SPDX-License-Identifier: BSD-2-Clause */
/* What the vkernel's machine files share. */
#ifndef VK_VAR_H
#define VK_VAR_H

#include <sys/cpu.h>
#include <sys/proc.h>
#include <vm/vm_var.h>
#include <machine/vmparam.h>
#include "host/host.h"
#include "stub_proto.h"

#define STUB_SLOTS 1024 /* threads of one address space */
_Static_assert(MACHINE_PROC_LWPS < STUB_SLOTS, "a slot for each thread");

enum pend_op {
	PEND_MAP,
	PEND_UNMAP,
	PEND_PROTECT
};
struct pend {
	enum pend_op pd_op;
	vm_prot_t pd_prot;
	uaddr_t pd_start, pd_end;
	paddr_t pd_pa; /* MAP */
};
#define PEND_MAX 248 /* four batches */

/*
 * lp has debug registers enabled.  Before it runs: has one hit (then a signal
 * was sent), else let it do one instruction; after that: was it a trap of ours
 * alone?
 */
bool vk_debug_hit(struct lwp *lp);
void vk_debug_step(struct lwp *lp);
bool vk_debug_stepped(struct lwp *lp, bool trapped);

struct stub {
	TAILQ_ENTRY(stub) st_link; /* pool or all (stubs_spin) */
	struct host_spawn st_spawn;
	int st_pid;
	int st_number;	       /* for people and traces: counts from 1 */
	volatile bool st_born; /* (atomic) the spawner is done with st_spawn */
	volatile bool st_dead;
	bool st_pooled;
	struct stub_control *st_control;
	uint32_t st_seq;		   /* batches posted */
	struct radix st_mailboxes;	   /* (st_lock) slot -> mailbox */
	uint64_t st_busy[STUB_SLOTS / 64]; /* (st_lock) slots in use */
	int st_nslots;			   /* (st_lock) slots ever made */
	int st_threads_started;		   /* thread blocks handed out */
	int st_mapper_core;		   /* where the mapper is pinned */
	struct lock st_lock;		   /* one batch at a time */
	struct proc *st_proc; /* (held) whom to tell of its death */
	/* Orders not yet done. (pm_spin of the pmap) */
	struct pend st_pend[PEND_MAX];
	int st_npend;
	bool st_resync; /* forget all, map again what the pmap holds */
};

/*
 * Physical memory is two files: guest RAM, and behind a hole of a page, which
 * keeps orders from being merged across the border, the shared segment.
 */
extern paddr_t vk_kshm_pa;
static inline uint64_t
vk_file_of(paddr_t pa)
{
	return (pa < vk_kshm_pa ? STUB_FD : STUB_KSHM_FD);
}
static inline uint64_t
vk_file_offset(paddr_t pa)
{
	return (pa < vk_kshm_pa ? pa : pa - vk_kshm_pa);
}
void vk_kshm_boot(const struct host_boot *hb);

/* vk_stub.c */
struct stub *stub_get(void);	/* ready, slot 0 has a thread; NULL: failed */
void stub_put(struct stub *st); /* nothing of its guest matters any more */
/* Do a batch of orders now; false if one failed or the stub died. */
bool stub_do(struct stub *st, const struct stub_order *orders, int n);
/* A free slot with a parked thread in it: its number and mailbox, or -1. */
int stub_slot_get(struct stub *st, struct mailbox **mbp);
void stub_slot_put(struct stub *st, int slot);
void stub_kill(struct stub *st);
void stub_report(struct stub *st, const char *what); /* console */

/* vk_pmap.c */
void pmap_flush(struct pmap *pm); /* do every pending order */
int pmap_attach(struct pmap *pm); /* make it runnable: 0 or ENOMEM */

/* vk_cpu.c */
extern struct host_boot vk_boot;
extern int vk_ncores;
extern struct cpu vk_cpu0;
bool vk_pending(struct cpu *c);
void vk_run_host_msgs(void);
/* Once around, at least, of a wait until a host message sets *flag. */
void vk_wait_host(volatile bool *flag, const char *wmesg, nstime_t tick);

/* vk_guest.c */
void vk_stop_guest(struct lwp *lp); /* kick it; kill it if it will not */

/* vk_clock.c */
void vk_clock_boot(nstime_t host_start_ns);
/* The host's time went on since clock_mono was now; ours did not. */
void vk_clock_again(nstime_t now);

#endif
