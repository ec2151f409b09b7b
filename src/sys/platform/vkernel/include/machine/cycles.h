/* SPDX-License-Identifier: BSD-2-Clause */
/* The counter for usage and tracing: the CPU's, or that of a repeatable run. */
#ifndef MACHINE_CYCLES_H
#define MACHINE_CYCLES_H

#include <cpu/cycles.h>

extern bool vk_repeatable;
uint64_t repeat_cycles(void); /* moves the clock */
uint64_t repeat_stamp(void);  /* does not */

static inline uint64_t
machine_cycles(void)
{
	return (__unlikely(vk_repeatable) ? repeat_cycles() : cpu_cycles());
}

#define MACHINE_STAMP_NS vk_repeatable /* its unit is ns */
/* The same for a trace: looking must not change what is looked at. */
static inline uint64_t
machine_stamp(void)
{
	return (__unlikely(vk_repeatable) ? repeat_stamp() : cpu_cycles());
}

#endif
