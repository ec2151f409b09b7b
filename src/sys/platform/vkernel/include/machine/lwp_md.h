/* SPDX-License-Identifier: BSD-2-Clause */
/* The vkernel's part of struct lwp: the mailbox it shares with its stub. */
#ifndef MACHINE_LWP_MD_H
#define MACHINE_LWP_MD_H

#include <sys/types.h>
#include <cpu/debugreg.h>

struct mailbox;
struct stub;

struct lwp_md {
	struct stub *lm_stub;	    /* where its host thread lives, or NULL */
	int lm_slot;		    /* thread slot in the stub */
	struct mailbox *lm_mailbox; /* kernel address; untrusted contents */
	uint32_t lm_ucontext;	    /* offset of the host frame in it */
	int lm_tid;		    /* its host thread, checked; 0: not yet */
	int lm_place;		    /* placement last applied */
	bool lm_fpu_reset;	    /* load the initial floating state */
	bool lm_fast;		    /* stopped by the short way */
	bool lm_fast_return;	    /* went back by it */
	bool lm_forked;		    /* its call made a process or thread */
	uint64_t lm_fast_regs[18];  /* what it came with */
	uint64_t lm_fast_fsbase;
	void *lm_fpu; /* state to load at first run (fork) */
	size_t lm_fpu_bytes;
	struct debugregs lm_debug;
	uint64_t lm_values[DEBUG_NADDR]; /* what the watched bytes were */
	uint32_t lm_watched;		 /* bits: lm_values is known */
	bool lm_stepping; /* the trap flag is for the debug registers */
};

#endif
