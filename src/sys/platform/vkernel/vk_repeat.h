/* SPDX-License-Identifier: BSD-2-Clause */
/* Repeatable runs (vk_repeat.c). */
#ifndef VK_REPEAT_H
#define VK_REPEAT_H

#include <sys/types.h>

struct lwp;
struct mailbox;

extern bool vk_repeatable; /* option -D; set before the kernel starts */

nstime_t repeat_now(void); /* virtual time since boot; takes a moment itself */
void repeat_entry(void);   /* the guest has come in */
void repeat_idle(nstime_t until);  /* nothing is ready; 0: no callout either */
bool repeat_rdtsc(struct lwp *lp); /* the guest's fault was rdtsc: done */
void repeat_wait_guest(struct lwp *lp);
/* Console input is wanted from now on; it comes when the CPU is idle. */
void repeat_input_wanted(void);

#endif
