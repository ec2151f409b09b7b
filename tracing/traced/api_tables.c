/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables over a window: system calls, waits for locks, block I/O (all slices
 * that ended in it, by name, with exact percentiles) and page faults (points,
 * whose addresses come from the records).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "traced.h"

#define NAMES_MAX   65536
#define NATIVE	    (NAMES_MAX - 1024) /* rows of the native ABI's calls */
#define FAULTS_READ 100000 /* records that are read for their addresses */
#define PAGES_SHOWN 50

struct row {
	uint64_t count, errors, total, max, max_begin;
	uint32_t max_thread;
	uint32_t first_error;
	struct numbers times;
};
struct table {
	struct store *st;
	bool calls; /* their numbers depend on the ABI */
	struct window w;
	uint32_t thread;   /* NO_THREAD: all */
	struct row **rows; /* [NAMES_MAX] by name */
	bool failed;
};

static bool
is_native(const struct table *t, const struct slice *sl)
{
	return (t->calls && sl->sl_name < NAMES_MAX - NATIVE &&
	    strcmp(thread_at(t->st, sl->sl_thread)->ti_abi, "native") == 0);
}

static bool
table_add(const struct slice *sl, void *arg)
{
	struct table *t = arg;
	uint64_t ns = sl->sl_end - sl->sl_begin;
	uint32_t name = sl->sl_name + (is_native(t, sl) ? NATIVE : 0);
	struct row *r;

	if (sl->sl_end < t->w.t0 || sl->sl_end >= t->w.t1 ||
	    (t->thread != NO_THREAD && sl->sl_thread != t->thread))
		return (true);
	if ((r = t->rows[name]) == NULL) {
		if ((r = calloc(1, sizeof(*r))) == NULL) {
			t->failed = true;
			return (true);
		}
		t->rows[name] = r;
	}
	r->count++;
	r->total += ns;
	r->errors += sl->sl_value > 0;
	if (sl->sl_value > 0)
		r->first_error = (uint32_t)sl->sl_value;
	if (ns >= r->max) {
		r->max = ns;
		r->max_begin = sl->sl_begin;
		r->max_thread = sl->sl_thread;
	}
	numbers_add(&r->times, ns);
	t->failed = t->failed || r->times.nb_failed;
	return (true);
}

typedef void name_func(struct request *rq, uint32_t name, struct buf *b);

static int
table(struct request *rq, const struct slices *ss, name_func *name)
{
	struct table t = {.st = rq->rq_store,
	    .calls = ss == &rq->rq_store->st_calls,
	    .thread = NO_THREAD};
	uint64_t thread = NO_THREAD;
	struct buf *b = &rq->rq_out;
	int status;

	if ((status = window_words(rq, &t.w)) != 0 ||
	    (status = number_word(rq, "thread", NO_THREAD - 1, &thread)) != 0)
		return (status);
	t.thread = (uint32_t)thread;
	if ((t.rows = calloc(NAMES_MAX, sizeof(*t.rows))) == NULL)
		return (refuse(rq, 503, "no memory"));
	slices_each(ss, t.w.t0, t.w.t1, table_add, &t);
	buf_text(b, "{\"rows\":[");
	for (uint32_t i = 0; i < NAMES_MAX; i++) {
		struct row *r = t.rows[i];

		if (r == NULL)
			continue;
		buf_comma(b);
		buf_printf(b, "{\"n\":%u,\"abi\":\"%s\",\"name\":",
		    t.calls && i >= NATIVE ? i - NATIVE : i,
		    !t.calls	      ? ""
			: i >= NATIVE ? "native"
				      : "linux64");
		name(rq, i, b);
		buf_printf(b,
		    ",\"count\":%lu,\"errors\":%lu,\"error\":%u,"
		    "\"total\":%lu,\"p50\":%lu,\"p99\":%lu,\"max\":%lu,"
		    "\"max_begin\":%lu,\"max_thread\":%u}",
		    r->count, r->errors, r->first_error, r->total,
		    numbers_percentile(&r->times, 0.5),
		    numbers_percentile(&r->times, 0.99), r->max, r->max_begin,
		    r->max_thread);
		numbers_free(&r->times);
		free(r);
	}
	buf_text(b, "]}");
	free(t.rows);
	return (t.failed ? refuse(rq, 503, "no memory") : 0);
}

static void
name_call(struct request *rq, uint32_t nr, struct buf *b)
{
	if (nr >= NATIVE)
		call_json(b, rq->rq_store, nr - NATIVE, "native");
	else
		call_json(b, rq->rq_store, nr, "linux64");
}

int
api_calls(struct request *rq)
{
	return (table(rq, &rq->rq_store->st_calls, name_call));
}

static void
name_lock(struct request *rq, uint32_t lock, struct buf *b)
{
	const struct lock_name *ln = vec_at(&rq->rq_store->st_locks, lock);

	buf_json(b, ln->ln_name);
}

int
api_locks(struct request *rq)
{
	return (table(rq, &rq->rq_store->st_waits, name_lock));
}

/* virtio's words for what a block device does (virtio 1.1, 5.2.6). */
static void
name_io(struct request *rq, uint32_t type, struct buf *b)
{
	static const char *const names[] = {
	    [0] = "read", [1] = "write", [4] = "flush", [8] = "identify"};

	(void)rq;
	if (type < sizeof(names) / sizeof(names[0]) && names[type] != NULL)
		buf_json(b, names[type]);
	else
		buf_printf(b, "\"type %u\"", type);
}

int
api_io(struct request *rq)
{
	return (table(rq, &rq->rq_store->st_io, name_io));
}

/* --- page faults -------------------------------------------------------------------- */

struct page {
	uint64_t addr, count;
	uint32_t thread;
};
struct faults {
	struct store *st;
	struct window w;
	uint64_t *by_thread, *errors; /* [threads] */
	struct map *pages;	      /* address and thread -> page */
	struct page *page;
	size_t npages, room;
	uint64_t read, total, writes;
};

static void
fault_page(struct faults *f, uint64_t addr, uint32_t thread)
{
	uint64_t key = (addr >> 12) * 0x100000001b3UL ^ thread, i;
	size_t room = f->room == 0 ? 1024 : f->room * 2;
	struct page *p;

	if (map_get(f->pages, key, &i)) {
		f->page[i].count++;
		return;
	}
	if (f->npages == f->room) {
		if ((p = realloc(f->page, room * sizeof(*p))) == NULL)
			return;
		f->page = p;
		f->room = room;
	}
	f->page[f->npages] = (struct page){addr >> 12 << 12, 1, thread};
	(void)map_set(f->pages, key, f->npages++);
}

static void
fault_one(struct faults *f, uint32_t ring, struct pos at, uint32_t thread,
    const struct event_info *ev)
{
	struct kshm_record kr;

	f->total++;
	f->by_thread[thread]++;
	if (f->read >= FAULTS_READ ||
	    !source_record(f->st->st_source, ring, at, &kr))
		return;
	f->read++;
	f->errors[thread] += (int32_t)kr.kr_args[ev->ev_arg[3]] != 0;
	f->writes += (kr.kr_args[ev->ev_arg[1]] & 2) != 0;
	fault_page(f, kr.kr_args[ev->ev_arg[0]], thread);
}

static void
faults_of_ring(struct faults *f, uint32_t ring)
{
	const struct ring *r = f->st->st_rings[ring];
	struct pos p = ring_seek(r, f->w.t0);

	for (; p.p_chunk < r->r_nchunks; p.p_chunk++, p.p_at = 0) {
		const struct chunk *ck = r->r_chunks[p.p_chunk];

		for (; p.p_at < ck->ck_n; p.p_at++) {
			const struct event_info *ev =
			    &f->st->st_events[ck->ck_event[p.p_at]];

			if (ck->ck_base + ck->ck_time[p.p_at] >= f->w.t1)
				return;
			if (ev->ev_means == MEANS_USER_FAULT)
				fault_one(
				    f, ring, p, ck->ck_thread[p.p_at], ev);
		}
	}
}

static int
by_count(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	return (x->count > y->count ? -1 : x->count < y->count);
}

static void
faults_json(struct faults *f, struct buf *b)
{
	buf_printf(b,
	    "{\"total\":%lu,\"read\":%lu,\"writes\":%lu,\"npages\":%zu,"
	    "\"threads\":[",
	    f->total, f->read, f->writes, f->npages);
	for (uint64_t t = 0; t < f->st->st_threads.v_n; t++) {
		if (f->by_thread[t] == 0)
			continue;
		buf_comma(b);
		buf_printf(b, "{\"thread\":%lu,\"count\":%lu,\"errors\":%lu}",
		    t, f->by_thread[t], f->errors[t]);
	}
	buf_text(b, "],\"pages\":[");
	if (f->npages > 0)
		qsort(f->page, f->npages, sizeof(*f->page), by_count);
	for (size_t i = 0; i < f->npages && i < PAGES_SHOWN; i++) {
		buf_comma(b);
		buf_printf(b,
		    "{\"addr\":\"0x%lx\",\"thread\":%u,\"count\":%lu}",
		    f->page[i].addr, f->page[i].thread, f->page[i].count);
	}
	buf_text(b, "]}");
}

int
api_faults(struct request *rq)
{
	struct faults f = {.st = rq->rq_store};
	uint64_t n = f.st->st_threads.v_n + 1;
	int status;

	if ((status = window_words(rq, &f.w)) != 0)
		return (status);
	f.by_thread = calloc(n, sizeof(*f.by_thread));
	f.errors = calloc(n, sizeof(*f.errors));
	f.pages = map_new();
	if (f.by_thread == NULL || f.errors == NULL || f.pages == NULL)
		status = refuse(rq, 503, "no memory");
	else {
		for (size_t i = 0; i < f.st->st_nrings; i++)
			faults_of_ring(&f, (uint32_t)i);
		faults_json(&f, &rq->rq_out);
	}
	free(f.by_thread);
	free(f.errors);
	free(f.page);
	map_free(f.pages);
	return (status);
}
