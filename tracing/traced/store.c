/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The columns of each ring, and the checkpoints that find a row in them.
 *
 * A chunk holds events whose numbers in the ring follow each other, so that the
 * record of an event is found from its place alone; a loss, a gap of 4 s or
 * CHUNK_EVENTS events begin the next one.  Places stay valid: chunks are never
 * moved, and given back only whole, from the oldest.
 */
#include <stdlib.h>
#include <string.h>
#include "store.h"
#include "source.h"

struct store *
store_new(struct kshm *k, uint64_t keep)
{
	struct store *st = calloc(1, sizeof(*st));

	if (st == NULL)
		return (NULL);
	st->st_kshm = k;
	st->st_keep = keep;
	st->st_threads.v_size = sizeof(struct thread_info);
	st->st_locks.v_size = sizeof(struct lock_name);
	st->st_losses.v_size = sizeof(struct loss);
	st->st_marks.v_size = sizeof(struct mark);
	st->st_steps.v_size = sizeof(struct step);
	slices_init(&st->st_calls);
	slices_init(&st->st_waits);
	slices_init(&st->st_io);
	st->st_by_id = map_new();
	st->st_by_ptr = map_new();
	st->st_io_open = map_new();
	st->st_lock_names = map_new();
	if (st->st_by_id == NULL || st->st_by_ptr == NULL ||
	    st->st_io_open == NULL || st->st_lock_names == NULL ||
	    !index_events(st)) {
		store_free(st);
		return (NULL);
	}
	return (st);
}

static void
ring_free(struct ring *r)
{
	for (size_t i = 0; i < r->r_nchunks; i++)
		free(r->r_chunks[i]);
	free(r->r_chunks);
	free(r->r_staged);
	free(r);
}

void
store_free(struct store *st)
{
	for (size_t i = 0; i < st->st_nrings; i++)
		ring_free(st->st_rings[i]);
	for (size_t i = 0; i < CPUS_MAX; i++)
		if (st->st_cpus[i] != NULL) {
			vec_free(&st->st_cpus[i]->ci_runs);
			pyramid_free(&st->st_cpus[i]->ci_pyramid);
			free(st->st_cpus[i]);
		}
	for (uint64_t i = st->st_steps.v_gone; i < st->st_steps.v_n; i++)
		free(((struct step *)vec_at(&st->st_steps, i))->sp_pos);
	vec_free(&st->st_steps);
	vec_free(&st->st_threads);
	vec_free(&st->st_locks);
	vec_free(&st->st_losses);
	vec_free(&st->st_marks);
	vec_free(&st->st_calls.ss_vec);
	vec_free(&st->st_calls.ss_cover);
	vec_free(&st->st_waits.ss_vec);
	vec_free(&st->st_waits.ss_cover);
	vec_free(&st->st_io.ss_vec);
	vec_free(&st->st_io.ss_cover);
	map_free(st->st_by_id);
	map_free(st->st_by_ptr);
	map_free(st->st_io_open);
	map_free(st->st_lock_names);
	free(st->st_events);
	free(st);
}

/* --- adding ----------------------------------------------------------------------- */

static struct chunk *
chunk_new(struct ring *r)
{
	struct chunk **list, *ck;
	size_t room = r->r_room == 0 ? 16 : r->r_room * 2;

	if (r->r_nchunks == r->r_room) {
		list = realloc(r->r_chunks, room * sizeof(*list));
		if (list == NULL)
			return (NULL);
		r->r_chunks = list;
		r->r_room = room;
	}
	/* Not cleared: a page that is never filled costs nothing. */
	if ((ck = malloc(sizeof(*ck))) == NULL)
		return (NULL);
	ck->ck_n = 0;
	ck->ck_spill = -1;
	r->r_chunks[r->r_nchunks++] = ck;
	return (ck);
}

/* Where each ring's next event will be. */
static bool
step_add(struct store *st, uint64_t time)
{
	struct step *sp;
	struct pos *pos = malloc((st->st_nrings + 1) * sizeof(*pos));

	if (pos == NULL || (sp = vec_push(&st->st_steps)) == NULL) {
		free(pos);
		return (false);
	}
	sp->sp_time = time;
	sp->sp_nrings = (uint32_t)st->st_nrings;
	sp->sp_pos = pos;
	for (size_t i = 0; i < st->st_nrings; i++) {
		const struct ring *r = st->st_rings[i];

		pos[i] = (struct pos){0, 0};
		if (r->r_nchunks > 0) {
			pos[i].p_chunk = (uint32_t)r->r_nchunks - 1;
			pos[i].p_at = r->r_chunks[r->r_nchunks - 1]->ck_n;
		}
	}
	return (true);
}

bool
store_add(struct store *st, uint32_t ring, uint64_t number, uint64_t time,
    uint32_t thread, uint16_t event)
{
	struct ring *r = st->st_rings[ring];
	struct chunk *ck =
	    r->r_nchunks > r->r_gone ? r->r_chunks[r->r_nchunks - 1] : NULL;

	if (st->st_rows % ROWS_STEP == 0 &&
	    st->st_rows / ROWS_STEP == st->st_steps.v_n && !step_add(st, time))
		return (false);
	if (ck == NULL || ck->ck_n == CHUNK_EVENTS ||
	    number != ck->ck_first + ck->ck_n ||
	    time - ck->ck_base > UINT32_MAX) {
		if ((ck = chunk_new(r)) == NULL)
			return (false);
		ck->ck_first = number;
		ck->ck_base = time;
	}
	ck->ck_time[ck->ck_n] = (uint32_t)(time - ck->ck_base);
	ck->ck_thread[ck->ck_n] = thread;
	ck->ck_event[ck->ck_n] = event;
	ck->ck_n++;
	r->r_last = time;
	st->st_rows++;
	return (true);
}

/* --- giving back -------------------------------------------------------------------- */

uint64_t
store_detail_from(const struct store *st)
{
	uint64_t from = 0;

	for (size_t i = 0; i < st->st_nrings; i++) {
		const struct ring *r = st->st_rings[i];

		if (r->r_gone > 0 && r->r_nchunks > r->r_gone &&
		    r->r_chunks[r->r_gone]->ck_base > from)
			from = r->r_chunks[r->r_gone]->ck_base;
	}
	return (from);
}

/* The ring whose oldest full chunk is the oldest of all. */
static struct ring *
oldest(const struct store *st)
{
	struct ring *best = NULL;

	for (size_t i = 0; i < st->st_nrings; i++) {
		struct ring *r = st->st_rings[i];

		if (r->r_nchunks < r->r_gone + 2)
			continue;
		if (best == NULL ||
		    r->r_chunks[r->r_gone]->ck_base <
			best->r_chunks[best->r_gone]->ck_base)
			best = r;
	}
	return (best);
}

static bool
step_is_there(const struct store *st, const struct step *sp)
{
	for (uint32_t i = 0; i < sp->sp_nrings; i++)
		if (sp->sp_pos[i].p_chunk < st->st_rings[i]->r_gone)
			return (false);
	/* A ring that came later lost nothing yet, or all of this is gone. */
	for (size_t i = sp->sp_nrings; i < st->st_nrings; i++)
		if (st->st_rings[i]->r_gone > 0)
			return (false);
	return (true);
}

static uint64_t
last_run_end(const void *run)
{
	return (run_end(run));
}

static uint64_t
mark_end(const void *mark)
{
	return (((const struct mark *)mark)->mk_time);
}

/* Give back the blocks that end before a time. */
static void
trim(struct vec *v, uint64_t before, uint64_t (*end)(const void *))
{
	while (v->v_n - v->v_gone > VEC_BLOCK &&
	    end(vec_at(v, v->v_gone + VEC_BLOCK - 1)) < before)
		vec_drop(v);
}

void
store_trim(struct store *st)
{
	uint64_t before;
	struct ring *r;
	bool any = false;

	while (st->st_rows - st->st_forgotten > st->st_keep &&
	    (r = oldest(st)) != NULL) {
		struct chunk *ck = r->r_chunks[r->r_gone];

		st->st_forgotten += ck->ck_n;
		source_forget(st->st_source, ck);
		free(ck);
		r->r_chunks[r->r_gone++] = NULL;
		any = true;
	}
	if (!any)
		return;
	while (st->st_first_row / ROWS_STEP < st->st_steps.v_n &&
	    !step_is_there(
		st, vec_at(&st->st_steps, st->st_first_row / ROWS_STEP)))
		st->st_first_row += ROWS_STEP;
	if (st->st_first_row > st->st_rows)
		st->st_first_row = st->st_rows;
	before = store_detail_from(st);
	for (size_t i = 0; i < CPUS_MAX; i++) {
		if (st->st_cpus[i] != NULL)
			trim(&st->st_cpus[i]->ci_runs, before, last_run_end);
	}
	trim(&st->st_marks, before, mark_end);
	slices_trim(&st->st_calls, before);
	slices_trim(&st->st_waits, before);
	slices_trim(&st->st_io, before);
}

/* --- places --------------------------------------------------------------------------- */

struct pos
ring_seek(const struct ring *r, uint64_t time)
{
	size_t lo = r->r_gone, hi = r->r_nchunks;
	const struct chunk *ck;
	uint32_t a = 0, b;

	/* The last chunk that begins before the time. */
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (r->r_chunks[mid]->ck_base < time)
			lo = mid;
		else
			hi = mid;
	}
	if (lo >= r->r_nchunks)
		return ((struct pos){(uint32_t)lo, 0});
	ck = r->r_chunks[lo];
	for (b = ck->ck_n; a < b;) {
		uint32_t mid = (a + b) / 2;

		if (ck->ck_base + ck->ck_time[mid] < time)
			a = mid + 1;
		else
			b = mid;
	}
	return ((struct pos){(uint32_t)lo, a});
}

uint64_t
ring_count(const struct ring *r, struct pos a, struct pos b)
{
	uint64_t n = 0;

	for (uint32_t c = a.p_chunk; c < b.p_chunk && c < r->r_nchunks; c++)
		n += r->r_chunks[c]->ck_n;
	return (n + b.p_at - a.p_at);
}
