/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hands of the clock: how to make the time out of the cycle counter, in
 * one page that the kernel writes and every program may read.  Kernel and vDSO
 * use the same numbers and the same arithmetic, so a program never sees a
 * difference between them.  Theory: kern/time/timehands.c.
 *
 *	off size
 *	  0   4  sequence: odd while the rest is being changed
 *	  4   4  mode: TH_KERNEL or TH_CYCLES
 *	  8   8  cycles when the hands were set
 *	 16   8  nanoseconds per cycle, times 2^32
 *	 24   8  monotonic time then
 *	 32   8  what to add for the time of day
 *	 40   4  how a program learns its CPU: TH_CPU_
 */
#ifndef SYS_TIMEHANDS_H
#define SYS_TIMEHANDS_H

#include <sys/types.h>

struct timehands {
	volatile uint32_t th_seq;
	uint32_t th_mode;
	uint64_t th_cycles;
	uint64_t th_mult;
	nstime_t th_mono;
	nstime_t th_real;
	uint32_t th_cpu;
};
CTASSERT(offsetof(struct timehands, th_cpu) == 40);

#define TH_KERNEL 0 /* the counter is of no use: ask by a call */
#define TH_CYCLES 1

#define TH_CPU_KERNEL 0 /* ask by a call */
#define TH_CPU_RDTSCP 1 /* the low 12 bits of what RDTSCP gives */

/* (th_mode is TH_CYCLES) The monotonic time at `cycles'. */
static inline nstime_t
timehands_mono(const struct timehands *th, uint64_t cycles)
{
	uint64_t passed = cycles - th->th_cycles;

	/* Another CPU's counter may be a little behind the one that set us. */
	if ((int64_t)passed < 0)
		passed = 0;
	return (th->th_mono +
	    (nstime_t)((unsigned __int128)passed * th->th_mult >> 32));
}

/* A whole copy of the hands, together with a reading of the counter. */
static inline struct timehands
timehands_read(const struct timehands *th, uint64_t *cyclesp)
{
	struct timehands copy;
	uint32_t seq, lo, hi;

	do {
		seq = __atomic_load_n(&th->th_seq, __ATOMIC_ACQUIRE);
		copy.th_mode = th->th_mode;
		copy.th_cycles = th->th_cycles;
		copy.th_mult = th->th_mult;
		copy.th_mono = th->th_mono;
		copy.th_real = th->th_real;
		copy.th_cpu = th->th_cpu;
		/* Not before the sequence was read, nor after it is read
		 * again: old hands are never used behind the new ones. */
		__asm__ volatile("lfence; rdtsc"
				 : "=a"(lo), "=d"(hi)
				 :
				 : "memory");
	} while ((seq & 1) != 0 ||
	    seq != __atomic_load_n(&th->th_seq, __ATOMIC_ACQUIRE));
	copy.th_seq = seq;
	*cyclesp = (uint64_t)hi << 32 | lo;
	return (copy);
}

#ifdef _KERNEL
struct vm_object;

/* The kernel's own pointer to them. */
const struct timehands *timehands_get(void);
/* The machine changes them: nothing else may be done in between. */
struct timehands *timehands_change(void);
void timehands_changed(struct timehands *th);
/* The page, to be mapped by programs; NULL: there was no memory for it. */
struct vm_object *timehands_object(void);
#endif

#endif
