/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of kern/lwkt share. */
#ifndef LWKT_VAR_H
#define LWKT_VAR_H

#include <sys/boot.h>
#include <sys/cpu.h>
#include <sys/malloc.h>

MALLOC_DECLARE(M_CPU);

extern struct spinlock all_spin;
extern struct thread_queue all_threads; /* (all_spin) */

void thread_ready(struct thread *td);
void runq_insert(struct cpu *c, struct thread *td);
/* Does td run before other? */
bool thread_before(const struct thread *td, const struct thread *other);
/* (owner CPU) The rank of a thread of an lwp, on no queue, as it is now. */
void usched_rank(struct thread *td);
/* usched_dl.c; (owner CPU) of threads of SCHED_DEADLINE. */
void usched_dl_wake(struct thread *td); /* it slept and will be ready */
void usched_dl_yield(struct lwp *lp);
void usched_dl_userret(struct lwp *lp); /* sleeps if nothing is left */
/* When it is to be looked at again. */
nstime_t usched_dl_slice(const struct lwp *lp, nstime_t now);
/* td may not run here: another CPU was told.  It is on no queue. */
bool usched_redirect(struct thread *td);
void runq_remove(struct cpu *c, struct thread *td);
void lwkt_take_remote(void);
void lwkt_switch(void);
void callout_thread(void *arg);

/* thread_slots.c: a thread begins, a thread has ended. */
void thread_slot_take(struct thread *td);
void thread_slot_drop(struct thread *td);

#endif
