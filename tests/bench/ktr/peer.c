/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LTTng-UST's cost of one event, measured as kern.ktr.bench measures ours (the
 * median of batches of 5000): peer N prints picoseconds.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tp.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH 5000
#define PARTS 1024

static void __attribute__((noinline)) batch(uint64_t from)
{
	for (uint64_t a = from; a < from + BATCH; a++) {
		__asm__ volatile("" : "+r"(a));
		lttng_ust_tracepoint(
		    bench, four, a, ~a, 3 * a, a ^ 0x5a5a5a5a5a5a5a5aUL);
	}
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec);
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y ? -1 : x > y);
}

int
main(int argc, char **argv)
{
	static uint64_t parts[PARTS];
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, start;
	size_t nparts = 0;

	for (uint64_t i = 0; i < n; i += BATCH) {
		start = now_ns();
		batch(i);
		if (nparts < PARTS)
			parts[nparts++] = (now_ns() - start) * 1000 / BATCH;
	}
	qsort(parts, nparts, sizeof(parts[0]), by_value);
	printf("%lu\n", (unsigned long)parts[nparts / 2]);
	return (0);
}
