/* SPDX-License-Identifier: BSD-2-Clause */
/* The vkernel's part of struct lwp: the mailbox it shares with its stub. */
#ifndef MACHINE_LWP_MD_H
#define MACHINE_LWP_MD_H

#include <sys/types.h>

struct mailbox;
struct vm_page;

struct lwp_md {
	struct mailbox *lm_mailbox; /* kernel address; untrusted contents */
	struct vm_page *lm_pages;
	struct stub *lm_stub;	    /* where its host thread lives, or NULL */
	int lm_slot;		    /* thread slot in the stub */
	int lm_tid;		    /* host thread, 0 before it started */
	int lm_mode;		    /* placement last applied */
	bool lm_fpu_init;	    /* load the initial floating state */
};

#endif
