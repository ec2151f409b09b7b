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
void runq_remove(struct cpu *c, struct thread *td);
void lwkt_take_remote(void);
void lwkt_switch(void);
void callout_thread(void *arg);

/* thread_slots.c: a thread begins, a thread has ended. */
void thread_slot_take(struct thread *td);
void thread_slot_drop(struct thread *td);

#endif
