/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing measures itself: what does an event cost, on and off, here and now?
 *
 * Writing N to kern.ktr.bench writes N events TEST.bench (with whatever turned
 * them on: group, name, filter), one behind the other; reading it tells what
 * one cost, in picoseconds: the median of batches, for a host has other work.  kern.ktr.bench_off is the same for an event that
 * nothing turns on.  The fields check themselves (a reader that sees b != ~a,
 * c != 3 * a or d != a ^ BENCH_MARK has a torn record), so this is a stress for
 * readers, too.
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/sysctl.h>
#include "ktr_var.h"

#define BENCH_MARK  0x5a5a5a5a5a5a5a5aUL
#define BENCH_BATCH 5000 /* then others may run */
#define BENCH_PARTS 1024

static uint64_t on_ps, off_ps; /* (sysctl's lock) of one event */
static uint64_t written;       /* (sysctl's lock) events ever, so the next a */

/* One function for each, so that the loops are alike. */
static void __noinline
batch_on(uint64_t from, uint64_t n)
{
	for (uint64_t a = from; a < from + n; a++)
		KTR_EVENT(TEST, bench, "a=%lu b=%lx c=%lu d=%lx", a, ~a, 3 * a,
		    a ^ BENCH_MARK);
}

static void __noinline
batch_off(uint64_t from, uint64_t n)
{
	for (uint64_t a = from; a < from + n; a++) {
		/* Else the loop itself would be optimised away. */
		__asm__ volatile("" : "+r"(a));
		KTR_EVENT(TEST, bench_off, "a=%lu b=%lx c=%lu d=%lx", a, ~a,
		    3 * a, a ^ BENCH_MARK);
	}
}

static uint64_t
measure(void (*batch)(uint64_t from, uint64_t n), uint64_t n)
{
	static uint64_t
	    parts[BENCH_PARTS]; /* ps per event of a batch, sorted */
	uint64_t left, now, ps, nparts = 0, i;
	nstime_t start;

	for (left = n; left > 0; left -= now) {
		now = MIN(left, (uint64_t)BENCH_BATCH);
		start = clock_mono();
		batch(written, now);
		ps = mul_div((uint64_t)(clock_mono() - start), 1000, now);
		written += now;
		usched_checkpoint();
		if (nparts == BENCH_PARTS)
			continue;
		for (i = nparts++; i > 0 && parts[i - 1] > ps; i--)
			parts[i] = parts[i - 1];
		parts[i] = ps;
	}
	return (nparts > 0 ? parts[nparts / 2] : 0);
}

static int
bench(
    struct sysctl_req *req, uint64_t *result, void (*batch)(uint64_t, uint64_t))
{
	uint64_t n;
	int error = sysctl_out(req, result, sizeof(*result));

	if (error != 0 || req->sr_new == NULL)
		return (error);
	if ((error = sysctl_in(req, &n, sizeof(n))) == 0)
		*result = measure(batch, n);
	return (error);
}

static int
sysctl_bench(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	return (bench(req, &on_ps, batch_on));
}
SYSCTL_PROC(ktr_bench, "kern.ktr.bench", CTL_U64, CTLF_RW, sysctl_bench,
    "write: this many test events; read: ps for each");

static int
sysctl_bench_off(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	return (bench(req, &off_ps, batch_off));
}
SYSCTL_PROC(ktr_bench_off, "kern.ktr.bench_off", CTL_U64, CTLF_RW,
    sysctl_bench_off, "the same for events that nothing turns on");
