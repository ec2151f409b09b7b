/* SPDX-License-Identifier: BSD-2-Clause */
/* Percentiles of many durations, exact: selection, not sorting. */
#include <stdlib.h>
#include "traced.h"

void
numbers_add(struct numbers *nb, uint64_t v)
{
	size_t room = nb->nb_room == 0 ? 1024 : nb->nb_room * 2;
	uint64_t *p;

	if (nb->nb_n == nb->nb_room) {
		if ((p = realloc(nb->nb_values, room * sizeof(*p))) == NULL) {
			nb->nb_failed = true;
			return;
		}
		nb->nb_values = p;
		nb->nb_room = room;
	}
	nb->nb_values[nb->nb_n++] = v;
}

static void
swap(uint64_t *a, uint64_t *b)
{
	uint64_t t = *a;

	*a = *b;
	*b = t;
}

/*
 * The value that would be at place k of the sorted list.  Three ways, for there
 * are many equal durations; the pivot is the middle of three.
 */
static uint64_t
select_nth(uint64_t *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2, lt = lo, gt = hi, i = lo;
		uint64_t a = v[lo], b = v[mid], c = v[hi - 1], pivot;

		pivot = a < b ? (b < c		? b
					: a < c ? c
						: a)
			      : (a < c		? a
					: b < c ? c
						: b);
		while (i < gt)
			if (v[i] < pivot)
				swap(&v[lt++], &v[i++]);
			else if (v[i] > pivot)
				swap(&v[i], &v[--gt]);
			else
				i++;
		if (k < lt)
			hi = lt;
		else if (k >= gt)
			lo = gt;
		else
			return (pivot);
	}
	return (v[lo]);
}

uint64_t
numbers_percentile(struct numbers *nb, double share)
{
	size_t k = (size_t)(share * (double)nb->nb_n);

	if (nb->nb_n == 0)
		return (0);
	if ((double)k < share * (double)nb->nb_n)
		k++;
	return (select_nth(nb->nb_values, nb->nb_n, k > 0 ? k - 1 : 0));
}

void
numbers_free(struct numbers *nb)
{
	free(nb->nb_values);
	*nb = (struct numbers){0};
}
