/* SPDX-License-Identifier: BSD-2-Clause */
/* Rewriting of system-call sites: what vk_guest.c calls.  See vk_rewrite.c. */
#ifndef VK_REWRITE_H
#define VK_REWRITE_H

#include <sys/proc.h>
#include <vm/pmap.h>

/* A call came the long way; its site may be rewritten.  May sleep. */
void rewrite_count(struct lwp *lp);
/* The call that came the short way, from the site before `back', forked. */
void rewrite_forked(struct lwp *lp, uaddr_t back);
/* Has the program any rewritten site? */
bool rewrite_used(struct pmap *pm);
/*
 * lw_frame has just been loaded: if it is in a thunk or in the short way before
 * its turn was given, show the program's place instead.  step: it got there by
 * a single step.  True: that step, or what stopped it, is to be done again.
 */
bool rewrite_where(struct lwp *lp, bool step);
void rewrite_destroy(struct pmap *pm);

#endif
