/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The summary of a CPU: for each bucket of time how many events, how long it
 * was busy, and which thread had most of it.  Level n + 1 has half as many
 * buckets, each of two of level n, so a window of any length is drawn from a
 * bounded number of them.  A bucket is 2^shift ns, bucket 0 begins at 0; when
 * the trace outgrows the lowest level, its buckets become twice as long.
 *
 * The higher levels are made when they are asked for: py_n says how many of
 * their buckets are right, and a change below shortens that.
 *
 * "Most of it" is kept as one thread with the time that it had at least; a
 * bucket of many threads may name another than the very first.  A window that
 * is narrower than the lowest level is not drawn from here but from the runs.
 */
#include <stdlib.h>
#include <string.h>
#include "store.h"

static size_t
level_room(int level)
{
	return (PYRAMID_BUCKETS >> level);
}

bool
pyramid_init(struct pyramid *py, uint32_t shift)
{
	memset(py, 0, sizeof(*py));
	py->py_shift = shift;
	py->py_dirty = SIZE_MAX;
	for (int i = 0; i < PYRAMID_LEVELS; i++) {
		py->py_level[i] = calloc(level_room(i), sizeof(struct bucket));
		if (py->py_level[i] == NULL) {
			pyramid_free(py);
			return (false);
		}
	}
	return (true);
}

void
pyramid_free(struct pyramid *py)
{
	for (int i = 0; i < PYRAMID_LEVELS; i++)
		free(py->py_level[i]);
	memset(py, 0, sizeof(*py));
}

void
bucket_fold(struct bucket *into, const struct bucket *from)
{
	into->bk_events += from->bk_events;
	into->bk_busy_ns += from->bk_busy_ns;
	if (into->bk_top == from->bk_top)
		into->bk_top_ns += from->bk_top_ns;
	else if (from->bk_top_ns > into->bk_top_ns) {
		into->bk_top = from->bk_top;
		into->bk_top_ns = from->bk_top_ns;
	}
}

/* Buckets of twice the length. */
static void
coarsen(struct pyramid *py)
{
	struct bucket *b = py->py_level[0];
	size_t n = (py->py_n[0] + 1) / 2;

	for (size_t i = 0; i < n; i++) {
		struct bucket two = b[2 * i];

		if (2 * i + 1 < py->py_n[0])
			bucket_fold(&two, &b[2 * i + 1]);
		b[i] = two;
	}
	memset(b + n, 0, (level_room(0) - n) * sizeof(*b));
	py->py_n[0] = n;
	py->py_shift++;
	py->py_dirty = 0;
}

/* The bucket of a time, there from now on. */
static struct bucket *
touch(struct pyramid *py, uint64_t time)
{
	size_t i;

	while (time >> py->py_shift >= PYRAMID_BUCKETS)
		coarsen(py);
	i = (size_t)(time >> py->py_shift);
	if (i >= py->py_n[0])
		py->py_n[0] = i + 1;
	if (i < py->py_dirty)
		py->py_dirty = i;
	return (&py->py_level[0][i]);
}

void
pyramid_event(struct pyramid *py, uint64_t time)
{
	touch(py, time)->bk_events++;
}

static void
bucket_run(struct bucket *b, uint32_t thread, uint64_t ns)
{
	struct bucket one = {0, thread, ns, ns};

	bucket_fold(b, &one);
}

void
pyramid_run(struct pyramid *py, uint64_t begin, uint64_t end, uint32_t thread,
    bool idle)
{
	if (begin < py->py_end)
		begin = py->py_end;
	if (end <= begin)
		return;
	py->py_end = end;
	if (idle)
		return;
	(void)touch(py, end - 1); /* now the length of a bucket is settled */
	while (begin < end) {
		uint64_t next = ((begin >> py->py_shift) + 1) << py->py_shift;

		if (next > end)
			next = end;
		bucket_run(touch(py, begin), thread, next - begin);
		begin = next;
	}
}

size_t
pyramid_level(
    struct pyramid *py, uint32_t shift, const struct bucket **bucketsp)
{
	int level = shift - py->py_shift < PYRAMID_LEVELS
	    ? (int)(shift - py->py_shift)
	    : PYRAMID_LEVELS - 1;

	for (int i = 1; i < PYRAMID_LEVELS; i++)
		if (py->py_dirty >> i < py->py_n[i])
			py->py_n[i] = py->py_dirty >> i;
	py->py_dirty = SIZE_MAX;
	for (int i = 1; i <= level; i++) {
		const struct bucket *below = py->py_level[i - 1];
		size_t n = (py->py_n[i - 1] + 1) / 2;

		for (size_t j = py->py_n[i]; j < n; j++) {
			struct bucket two = below[2 * j];

			if (2 * j + 1 < py->py_n[i - 1])
				bucket_fold(&two, &below[2 * j + 1]);
			py->py_level[i][j] = two;
		}
		py->py_n[i] = n;
	}
	*bucketsp = py->py_level[level];
	return (py->py_n[level]);
}
