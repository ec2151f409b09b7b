/* SPDX-License-Identifier: BSD-2-Clause */
/* The time stamp counter: constant rate, for tracing and usage. */
#ifndef CPU_CYCLES_H
#define CPU_CYCLES_H

#include <sys/types.h>

static inline uint64_t
cpu_cycles(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return ((uint64_t)hi << 32 | lo);
}

#endif
