/* SPDX-License-Identifier: BSD-2-Clause */
/* The vkernel's part of struct cpu. */
#ifndef MACHINE_CPU_MD_H
#define MACHINE_CPU_MD_H

#include <sys/types.h>

struct mailbox;

/* Where cpu_switch leaves the frame pointer, from td_sp. */
#define CPU_SWITCH_RBP 32

struct cpu_md {
	volatile uint32_t cm_idle_word;	   /* futex: 1 while it sleeps idle */
	struct mailbox *volatile cm_guest; /* it waits for this guest */
	bool cm_busy;			   /* counted in busy_cpus */
	int cm_pid, cm_tid;		   /* its host thread, for a kick */
};

#endif
