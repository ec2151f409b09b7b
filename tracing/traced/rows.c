/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All rings as one list, in the order of (time, ring).
 *
 * The list is not kept: each ROWS_STEP rows the places in the rings are noted
 * (struct step), and from there it is merged again as far as it is wanted.  The
 * merge that filled the store went in this order, so both agree.
 */
#include "store.h"

/* Over the end of a chunk to the next; false: the ring has no more. */
static bool
settle(const struct ring *r, struct pos *p)
{
	while (p->p_chunk < r->r_nchunks &&
	    (p->p_chunk < r->r_gone ||
		p->p_at >= r->r_chunks[p->p_chunk]->ck_n)) {
		if (p->p_chunk + 1 >= r->r_nchunks)
			return (false);
		p->p_chunk++;
		p->p_at = 0;
	}
	return (p->p_chunk < r->r_nchunks);
}

/* The time of a ring's next event, or UINT64_MAX. */
static void
look(struct cursor *cu, size_t ring)
{
	const struct ring *r = cu->cu_store->st_rings[ring];
	struct pos *p = &cu->cu_pos[ring];
	const struct chunk *ck;

	cu->cu_head[ring] = UINT64_MAX;
	if (!settle(r, p))
		return;
	ck = r->r_chunks[p->p_chunk];
	cu->cu_head[ring] = ck->ck_base + ck->ck_time[p->p_at];
}

static size_t
earliest(const struct cursor *cu)
{
	size_t best = 0;

	for (size_t i = 1; i < cu->cu_store->st_nrings; i++)
		if (cu->cu_head[i] < cu->cu_head[best])
			best = i;
	return (best);
}

bool
cursor_next(struct cursor *cu)
{
	const struct store *st = cu->cu_store;
	size_t best = earliest(cu);
	const struct chunk *ck;

	if (st->st_nrings == 0 || cu->cu_head[best] == UINT64_MAX)
		return (false);
	cu->cu_ring = (uint32_t)best;
	cu->cu_time = cu->cu_head[best];
	cu->cu_at = cu->cu_pos[best];
	ck = st->st_rings[best]->r_chunks[cu->cu_at.p_chunk];
	cu->cu_thread = ck->ck_thread[cu->cu_at.p_at];
	cu->cu_event = ck->ck_event[cu->cu_at.p_at];
	cu->cu_pos[best].p_at++;
	cu->cu_row++;
	look(cu, best);
	return (true);
}

void
cursor_again(struct cursor *cu)
{
	for (size_t i = 0; i < cu->cu_store->st_nrings; i++)
		look(cu, i);
}

/* At the checkpoint that a row comes behind. */
static void
at_step(struct cursor *cu, const struct store *st, uint64_t step)
{
	const struct step *sp = NULL;

	cu->cu_store = st;
	cu->cu_row = step * ROWS_STEP;
	if (step < st->st_steps.v_n)
		sp = vec_at(&st->st_steps, step);
	for (size_t i = 0; i < st->st_nrings; i++) {
		cu->cu_pos[i] = sp != NULL && i < sp->sp_nrings
		    ? sp->sp_pos[i]
		    : (struct pos){0, 0};
		look(cu, i);
	}
}

void
cursor_row(struct cursor *cu, const struct store *st, uint64_t row)
{
	if (row > st->st_rows)
		row = st->st_rows;
	if (row < st->st_first_row)
		row = st->st_first_row;
	at_step(cu, st,
	    row / ROWS_STEP < st->st_steps.v_n || row == 0
		? row / ROWS_STEP
		: st->st_steps.v_n - 1);
	while (cu->cu_row < row && cursor_next(cu))
		continue;
}

void
cursor_time(struct cursor *cu, const struct store *st, uint64_t time)
{
	uint64_t lo = st->st_first_row / ROWS_STEP, hi = st->st_steps.v_n;

	while (hi > lo && hi - lo > 1) {
		uint64_t mid = (lo + hi) / 2;

		if (((struct step *)vec_at(&st->st_steps, mid))->sp_time < time)
			lo = mid;
		else
			hi = mid;
	}
	at_step(cu, st, lo);
	while (st->st_nrings > 0 && cu->cu_head[earliest(cu)] < time &&
	    cursor_next(cu))
		continue;
}
