/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO: a small shared object that the kernel maps into every Linux
 * program, so that it can ask for the time without a system call.  This file
 * runs in programs.  It knows nothing but the page of the clock's hands
 * (sys/timehands.h), which is mapped right below it.
 *
 * Symbols and versions as vdso(7) has them for x86-64.  Whatever cannot be told
 * from the hands is asked for by the call of the same name, which then also
 * finds what is wrong with the arguments.
 *
 * No data, no relocations, no stack protector, no registers but general ones.
 */
#include <sys/timehands.h>

#define NR_GETTIMEOFDAY	 96
#define NR_TIME		 201
#define NR_CLOCK_GETTIME 228
#define NR_CLOCK_GETRES	 229
#define NR_GETCPU	 309

/* Clocks by Linux's numbers: which base they have. */
#define CLOCKS_REAL (1u << 0 | 1u << 5 | 1u << 11) /* and COARSE, TAI */
#define CLOCKS_MONO (1u << 1 | 1u << 4 | 1u << 6 | 1u << 7) /* RAW, BOOTTIME */

#define CPU_MASK 0xfff

#define EXPORT	  __attribute__((visibility("default")))
#define ALIAS(of) __attribute__((weak, alias(#of), visibility("default")))

/* vdso.ld: the page below the first one.  Not const: it changes. */
extern struct timehands vvar __attribute__((visibility("hidden")));

static inline long
call(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return (r);
}

static inline bool
clock_in(int clock, unsigned set)
{
	return ((unsigned)clock < 32 && (set >> clock & 1) != 0);
}

/* The time on a clock of CLOCKS_REAL or CLOCKS_MONO; false: ask. */
static inline bool
now(bool real, nstime_t *nsp)
{
	uint64_t cycles;
	struct timehands th = timehands_read(&vvar, &cycles);

	if (th.th_mode != TH_CYCLES)
		return (false);
	*nsp = timehands_mono(&th, cycles) + (real ? th.th_real : 0);
	return (true);
}

EXPORT int __vdso_clock_gettime(int clock, struct timespec *ts);
EXPORT int
__vdso_clock_gettime(int clock, struct timespec *ts)
{
	nstime_t ns;

	if (!clock_in(clock, CLOCKS_REAL | CLOCKS_MONO) ||
	    !now(clock_in(clock, CLOCKS_REAL), &ns))
		return ((int)call(NR_CLOCK_GETTIME, clock, (long)ts, 0));
	*ts = ns_to_ts(ns);
	return (0);
}

EXPORT int __vdso_clock_getres(int clock, struct timespec *ts);
EXPORT int
__vdso_clock_getres(int clock, struct timespec *ts)
{
	if (!clock_in(clock, CLOCKS_REAL | CLOCKS_MONO))
		return ((int)call(NR_CLOCK_GETRES, clock, (long)ts, 0));
	if (ts != NULL)
		*ts = (struct timespec){0, 1};
	return (0);
}

EXPORT int __vdso_gettimeofday(struct timeval *tv, int *tz);
EXPORT int
__vdso_gettimeofday(struct timeval *tv, int *tz)
{
	struct timespec ts;
	nstime_t ns;

	if (!now(true, &ns))
		return ((int)call(NR_GETTIMEOFDAY, (long)tv, (long)tz, 0));
	ts = ns_to_ts(ns);
	if (tv != NULL)
		*tv = (struct timeval){ts.tv_sec, ts.tv_nsec / NS_PER_USEC};
	if (tz != NULL)
		tz[0] = tz[1] = 0;
	return (0);
}

EXPORT long __vdso_time(int64_t *t);
EXPORT long
__vdso_time(int64_t *t)
{
	nstime_t ns;

	if (!now(true, &ns))
		return (call(NR_TIME, (long)t, 0, 0));
	ns = ns_to_ts(ns).tv_sec;
	if (t != NULL)
		*t = ns;
	return (ns);
}

EXPORT int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);
EXPORT int
__vdso_getcpu(unsigned *cpu, unsigned *node, void *unused __unused)
{
	uint32_t lo, hi, aux;

	if (vvar.th_cpu != TH_CPU_RDTSCP)
		return ((int)call(NR_GETCPU, (long)cpu, (long)node, 0));
	__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	if (cpu != NULL)
		*cpu = aux & CPU_MASK;
	if (node != NULL)
		*node = 0;
	return (0);
}

/* The names without the prefix, which older programs look for. */
int clock_gettime(int clock, struct timespec *ts) ALIAS(__vdso_clock_gettime);
int clock_getres(int clock, struct timespec *ts) ALIAS(__vdso_clock_getres);
int gettimeofday(struct timeval *tv, int *tz) ALIAS(__vdso_gettimeofday);
long time(int64_t *t) ALIAS(__vdso_time);
int getcpu(unsigned *cpu, unsigned *node, void *u) ALIAS(__vdso_getcpu);
