/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SplitMix64 (Steele, Lea, Flood 2014): a sequence of 64-bit numbers from a
 * counter.  For repeatable choices, never for secrets.  The step and the mixing
 * are apart, so that CPUs may draw from one counter:
 *    x = splitmix_mix(atomic_add(&state, SPLITMIX_STEP));
 */
#ifndef _SYS_SPLITMIX_H_
#define _SYS_SPLITMIX_H_

#include <sys/types.h>

#define SPLITMIX_STEP 0x9e3779b97f4a7c15UL

static inline uint64_t
splitmix_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebUL;
	return (x ^ (x >> 31));
}

/* The next number of a sequence that one thread draws. */
static inline uint64_t
splitmix(uint64_t *state)
{
	return (splitmix_mix(*state += SPLITMIX_STEP));
}

#endif
