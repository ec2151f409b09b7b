/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduling by chance (kern/lwkt/explore.c). */
#ifndef SYS_EXPLORE_H
#define SYS_EXPLORE_H

#include <sys/types.h>

extern bool explore_on;

/* The caller may sleep here; so another thread may run here.  Never sleeps. */
void explore_yield(void);
static inline void
explore_point(void)
{
	if (__unlikely(explore_on))
		explore_yield();
}

/* A number below n from the seed's stream. */
uint32_t explore_choose(uint32_t n);

#endif
