/* SPDX-License-Identifier: BSD-2-Clause */
/* The counter for usage and tracing: the CPU's. */
#ifndef MACHINE_CYCLES_H
#define MACHINE_CYCLES_H

#include <cpu/cycles.h>

static inline uint64_t
machine_cycles(void)
{
	return (cpu_cycles());
}

#define MACHINE_STAMP_NS false
static inline uint64_t
machine_stamp(void)
{
	return (cpu_cycles());
}

#endif
