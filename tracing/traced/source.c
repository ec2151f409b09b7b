/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the rings into the store.
 *
 * 1. Order.  The store wants records by (time, ring).  Of a segment that does
 *    not change all is there, and the rings are merged.  Of a running kernel a
 *    record is put in one reading later: what is older than the newest record
 *    of the reading before (so_limit) cannot come any more, for it was written
 *    before that one was read.  A record that is late all the same (it was
 *    being written) gets the time of its neighbour, so the order holds.
 *
 * 2. Time.  Cycles become ns by the segment's clock, copied once for a reading.
 *
 * 3. Records.  The columns hold time, thread and event; the arguments stay
 *    where they are.  Of a segment that does not change that is its file, from
 *    which a page is read when somebody looks (and given back: reading all of a
 *    large one must not keep it in memory).  A running kernel writes over them,
 *    so they are copied to a file that has no name, 4 MiB for each chunk.
 *
 * 4. Loss.  Numbers of records are in a row; a gap is a loss, told to the index
 *    with the time of the record behind it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "source.h"

#define STAGED_STATIC 4096
#define STAGED_LIVE   131072 /* while a question takes long */
#define SPILL_RECORDS 1024   /* written at a time */
#define CHUNK_BYTES   (CHUNK_EVENTS * sizeof(struct kshm_record))
#define FORGET_BYTES  (48UL << 20)
#define MIN_RATE      100000 /* events/s of a ring that we are ready for */
#define PAUSE_MAX     50000000
#define PAUSE_MIN     1000000

struct spill {
	struct chunk *chunk; /* whose records are in here */
	uint32_t first, n;   /* [first, first + n) of it */
	struct kshm_record records[SPILL_RECORDS];
};

struct source {
	struct store *so_store;
	bool so_live;
	struct kshm_clock so_clock;
	uint64_t so_limit, so_next_limit; /* times of records */
	uint64_t so_fresh;		  /* records of the last reading */
	uint64_t so_read_bytes;		  /* since pages were given back */
	int64_t so_read_ns;		  /* when it was */
	int64_t so_pause;
	int so_fd;
	int64_t so_end; /* of the spill file */
	struct vec so_free;
	struct spill *so_spills[RINGS_MAX];
};

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000000000L + ts.tv_nsec);
}

/* A file that is gone when we are; -1: there will be no arguments. */
static int
spill_open(void)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int fd;

	dir = dir != NULL && *dir != '\0' ? dir : "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return (fd);
	if (snprintf(path, sizeof(path), "%s/traced.XXXXXX", dir) >=
	    (int)sizeof(path))
		return (-1);
	if ((fd = mkostemp(path, O_CLOEXEC)) >= 0)
		unlink(path);
	return (fd);
}

struct source *
source_new(struct store *st, bool live)
{
	struct source *so = calloc(1, sizeof(*so));

	if (so == NULL)
		return (NULL);
	so->so_store = st;
	so->so_live = live;
	so->so_free.v_size = sizeof(int64_t);
	so->so_fd = live ? spill_open() : -1;
	so->so_pause = PAUSE_MAX;
	st->st_source = so;
	return (so);
}

void
source_free(struct source *so)
{
	if (so == NULL)
		return;
	for (int i = 0; i < RINGS_MAX; i++)
		free(so->so_spills[i]);
	if (so->so_fd >= 0)
		close(so->so_fd);
	vec_free(&so->so_free);
	free(so);
}

/* --- rings ------------------------------------------------------------------------- */

static void
read_ring(struct source *so, struct ring *r, bool end)
{
	struct kshm *k = so->so_store->st_kshm;
	size_t room = so->so_live ? STAGED_LIVE : STAGED_STATIC, n;

	if (r->r_at > 0) {
		memmove(r->r_staged, r->r_staged + r->r_at,
		    (r->r_nstaged - r->r_at) * sizeof(*r->r_staged));
		r->r_nstaged -= r->r_at;
		r->r_at = 0;
	}
	n = end ? kshm_reader_end(k, &r->r_reader, r->r_staged + r->r_nstaged,
		      room - r->r_nstaged)
		: kshm_reader_read(k, &r->r_reader, r->r_staged + r->r_nstaged,
		      room - r->r_nstaged);
	r->r_nstaged += n;
	so->so_fresh += n;
	so->so_read_bytes += n * sizeof(struct kshm_record);
}

/* The kernel may have made more of them. */
static void
more_rings(struct source *so)
{
	struct store *st = so->so_store;
	const struct kshm_object *objects[RINGS_MAX];
	const struct kshm_ring *kr;
	struct ring *r;
	size_t n;

	if (kshm_refresh(st->st_kshm) != 0)
		return;
	n = kshm_rings(st->st_kshm, objects, RINGS_MAX);
	for (n = n < RINGS_MAX ? n : RINGS_MAX; st->st_nrings < n;) {
		kr = kshm_at(st->st_kshm, objects[st->st_nrings]->ko_offset,
		    sizeof(*kr));
		if (kr == NULL || (r = calloc(1, sizeof(*r))) == NULL)
			return;
		r->r_staged =
		    malloc((so->so_live ? STAGED_LIVE : STAGED_STATIC) *
			sizeof(struct kshm_record));
		if (r->r_staged == NULL) {
			free(r);
			return;
		}
		r->r_cpu = kr->kr_cpu < CPUS_MAX ? kr->kr_cpu : CPUS_MAX - 1;
		kshm_reader_init(
		    st->st_kshm, &r->r_reader, objects[st->st_nrings], false);
		r->r_expected = r->r_reader.kd_next;
		st->st_overwritten += r->r_reader.kd_lost;
		/* What it has is older than what comes from now on. */
		read_ring(so, r, !so->so_live);
		st->st_rings[st->st_nrings++] = r;
	}
}

/* --- time ------------------------------------------------------------------------------ */

static uint64_t
store_time(struct source *so, uint64_t time)
{
	int64_t ns = kshm_clock_ns(&so->so_clock, time);

	if (ns < (int64_t)so->so_store->st_origin)
		return (0);
	return ((uint64_t)ns - so->so_store->st_origin);
}

/* The first record of all is the origin. */
static void
set_origin(struct source *so)
{
	struct store *st = so->so_store;
	int64_t best = INT64_MAX;

	for (size_t i = 0; i < st->st_nrings; i++) {
		const struct ring *r = st->st_rings[i];
		int64_t ns;

		if (r->r_at == r->r_nstaged)
			continue;
		ns = kshm_clock_ns(&so->so_clock, r->r_staged[r->r_at].kr_time);
		if (ns >= 0 && ns < best)
			best = ns;
	}
	if (best == INT64_MAX)
		return;
	st->st_origin = (uint64_t)best;
	st->st_any = true;
}

/* --- records that are kept --------------------------------------------------------------- */

static void
spill_write(struct source *so, struct spill *sp)
{
	size_t bytes = sp->n * sizeof(struct kshm_record);

	if (sp->n > 0 && sp->chunk->ck_spill >= 0 &&
	    pwrite(so->so_fd, sp->records, bytes,
		sp->chunk->ck_spill +
		    (int64_t)(sp->first * sizeof(struct kshm_record))) !=
		(ssize_t)bytes)
		sp->chunk->ck_spill = -1; /* a full disk: without arguments */
	sp->first += sp->n;
	sp->n = 0;
}

static int64_t
spill_room(struct source *so)
{
	int64_t at = so->so_end;
	struct vec *v = &so->so_free;

	if (v->v_n > 0)
		return (*(int64_t *)vec_at(v, --v->v_n));
	so->so_end += (int64_t)CHUNK_BYTES;
	return (at);
}

/* The newest event of a ring is this record's. */
static void
spill(struct source *so, uint32_t ring, const struct kshm_record *kr)
{
	struct ring *r = so->so_store->st_rings[ring];
	struct chunk *ck = r->r_chunks[r->r_nchunks - 1];
	struct spill *sp = so->so_spills[ring];

	if (sp == NULL) {
		if ((sp = calloc(1, sizeof(*sp))) == NULL)
			return;
		so->so_spills[ring] = sp;
	}
	if (sp->chunk != ck || sp->n == SPILL_RECORDS) {
		spill_write(so, sp);
		if (sp->chunk != ck) {
			sp->chunk = ck;
			sp->first = ck->ck_n - 1;
			ck->ck_spill = spill_room(so);
		}
	}
	sp->records[sp->n++] = *kr;
}

void
source_forget(struct source *so, const struct chunk *ck)
{
	int64_t *at;

	for (int i = 0; i < RINGS_MAX; i++)
		if (so->so_spills[i] != NULL && so->so_spills[i]->chunk == ck)
			so->so_spills[i]->chunk = NULL;
	if (ck->ck_spill >= 0 && (at = vec_push(&so->so_free)) != NULL)
		*at = ck->ck_spill;
}

static bool
from_segment(
    struct source *so, struct ring *r, uint64_t number, struct kshm_record *to)
{
	struct kshm *k = so->so_store->st_kshm;
	struct kshm_reader kd = r->r_reader;

	kd.kd_next = number;
	so->so_read_bytes += 4096;
	if (so->so_read_bytes > FORGET_BYTES) {
		so->so_read_bytes = 0;
		kshm_forget(k);
	}
	return (kshm_reader_end(k, &kd, to, 1) == 1 &&
	    to->kr_seq == 2 * (number + 1));
}

bool
source_record(
    struct source *so, uint32_t ring, struct pos at, struct kshm_record *kr)
{
	struct ring *r = so->so_store->st_rings[ring];
	const struct chunk *ck = r->r_chunks[at.p_chunk];
	const struct spill *sp = so->so_spills[ring];

	if (!so->so_live)
		return (from_segment(so, r, ck->ck_first + at.p_at, kr));
	if (sp != NULL && sp->chunk == ck && at.p_at >= sp->first) {
		*kr = sp->records[at.p_at - sp->first];
		return (true);
	}
	return (ck->ck_spill >= 0 &&
	    pread(so->so_fd, kr, sizeof(*kr),
		ck->ck_spill + (int64_t)(at.p_at * sizeof(*kr))) ==
		(ssize_t)sizeof(*kr));
}

/* --- merging --------------------------------------------------------------------------------- */

static void
put(struct source *so, uint32_t ring, const struct kshm_record *kr)
{
	struct store *st = so->so_store;
	struct ring *r = st->st_rings[ring];
	uint64_t number = kr->kr_seq / 2 - 1;
	uint64_t time = store_time(so, kr->kr_time), rows = st->st_rows;

	if (time < st->st_last ||
	    (time == st->st_last && ring < st->st_last_ring))
		time = st->st_last + (ring < st->st_last_ring);
	/* What a ring lost before its first record we saw nothing of. */
	if (number != r->r_expected && !r->r_any)
		st->st_overwritten += number - r->r_expected;
	else if (number != r->r_expected) {
		st->st_lost += number - r->r_expected;
		index_loss(st, ring, time, number - r->r_expected);
	}
	r->r_expected = number + 1;
	st->st_last = time;
	st->st_last_ring = ring;
	index_record(st, ring, kr, time);
	if (so->so_live && st->st_rows > rows)
		spill(so, ring, kr);
}

/* The ring with the oldest record, and the time of the one behind it. */
static struct ring *
oldest(struct source *so, uint32_t *ringp, uint64_t *untilp)
{
	struct store *st = so->so_store;
	uint64_t best_time = UINT64_MAX;
	struct ring *best = NULL;

	*untilp = UINT64_MAX;
	for (size_t i = 0; i < st->st_nrings; i++) {
		struct ring *r = st->st_rings[i];
		uint64_t t;

		if (r->r_at == r->r_nstaged && !so->so_live)
			read_ring(so, r, true);
		if (r->r_at == r->r_nstaged)
			continue;
		t = r->r_staged[r->r_at].kr_time;
		if (best == NULL || t < best_time) {
			*untilp = best_time;
			best_time = t;
			best = r;
			*ringp = (uint32_t)i;
		} else if (t < *untilp)
			*untilp = t;
	}
	return (best);
}

static uint64_t
merge(struct source *so, uint64_t limit)
{
	struct store *st = so->so_store;
	uint64_t until, n = 0;
	struct ring *r;
	uint32_t ring = 0;

	while ((r = oldest(so, &ring, &until)) != NULL) {
		const struct kshm_record *kr = &r->r_staged[r->r_at];

		if (kr->kr_time > limit)
			break;
		do {
			put(so, ring, kr++);
			r->r_at++;
			n++;
		} while (r->r_at < r->r_nstaged && kr->kr_time < until &&
		    kr->kr_time <= limit);
		if (!so->so_live && so->so_read_bytes > FORGET_BYTES) {
			so->so_read_bytes = 0;
			kshm_forget(st->st_kshm);
		}
	}
	return (n);
}

/* Buckets for the whole of it, so that the summary need not be coarsened. */
static void
choose_shift(struct source *so)
{
	struct store *st = so->so_store;
	uint64_t ns = 0;

	st->st_shift = 14;
	if (so->so_live)
		return;
	for (size_t i = 0; i < st->st_nrings; i++) {
		struct ring *r = st->st_rings[i];
		struct kshm_reader kd = r->r_reader;
		struct kshm_record kr;
		uint64_t t;

		if (kshm_ring_head(st->st_kshm, r->r_reader.kd_object) == 0)
			continue;
		kd.kd_next =
		    kshm_ring_head(st->st_kshm, r->r_reader.kd_object) - 1;
		if (kshm_reader_end(st->st_kshm, &kd, &kr, 1) == 1 &&
		    (t = store_time(so, kr.kr_time)) > ns)
			ns = t;
	}
	while (ns >> st->st_shift >= PYRAMID_BUCKETS)
		st->st_shift++;
}

void
source_load(struct source *so)
{
	struct store *st = so->so_store;

	more_rings(so);
	so->so_clock = kshm_clock(st->st_kshm);
	set_origin(so);
	choose_shift(so);
	names_refresh(st);
	(void)merge(so, UINT64_MAX);
	index_end(st);
	kshm_forget(st->st_kshm);
	for (size_t i = 0; i < st->st_nrings; i++) {
		free(st->st_rings[i]->r_staged);
		st->st_rings[i]->r_staged = NULL;
		st->st_rings[i]->r_at = st->st_rings[i]->r_nstaged = 0;
	}
}

void
source_read(struct source *so, bool end)
{
	struct store *st = so->so_store;
	int64_t now = now_ns(), passed = now - so->so_read_ns;
	int64_t pause = PAUSE_MAX, at_rate;

	so->so_fresh = 0;
	so->so_next_limit = 0;
	for (size_t i = 0; i < st->st_nrings; i++) {
		struct ring *r = st->st_rings[i];
		const struct kshm_ring *kr = kshm_at(
		    st->st_kshm, r->r_reader.kd_object->ko_offset, sizeof(*kr));
		uint64_t before = r->r_reader.kd_next, rate;

		read_ring(so, r, end);
		if (r->r_at < r->r_nstaged &&
		    r->r_staged[r->r_nstaged - 1].kr_time > so->so_next_limit)
			so->so_next_limit =
			    r->r_staged[r->r_nstaged - 1].kr_time;
		if (kr == NULL || passed <= 0 || kr->kr_early != 0)
			continue;
		rate = (r->r_reader.kd_next - before) * 1000000000UL /
		    (uint64_t)passed;
		rate = rate > MIN_RATE ? rate : MIN_RATE;
		/* Half of a ring, or of our room. */
		at_rate =
		    (int64_t)((kr->kr_entries < STAGED_LIVE ? kr->kr_entries
							    : STAGED_LIVE) /
			2 * 1000000000UL / rate);
		pause = at_rate < pause ? at_rate : pause;
	}
	so->so_read_ns = now;
	so->so_pause = pause < PAUSE_MIN ? PAUSE_MIN : pause;
}

bool
source_has_room(const struct source *so)
{
	const struct store *st = so->so_store;

	for (size_t i = 0; i < st->st_nrings; i++)
		if (st->st_rings[i]->r_nstaged - st->st_rings[i]->r_at >
		    STAGED_LIVE / 2)
			return (false);
	return (true);
}

int64_t
source_pause_ns(const struct source *so)
{
	return (so->so_pause);
}

uint64_t
source_merge(struct source *so, bool final)
{
	struct store *st = so->so_store;
	uint64_t n;

	more_rings(so);
	so->so_clock = kshm_clock(st->st_kshm);
	if (!st->st_any) {
		set_origin(so);
		choose_shift(so);
	}
	/* Nothing came: then nothing older will. */
	n = merge(so, final || so->so_fresh == 0 ? UINT64_MAX : so->so_limit);
	so->so_limit = so->so_next_limit;
	store_trim(st);
	return (n);
}
