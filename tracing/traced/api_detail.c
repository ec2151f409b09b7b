/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * detail: what lies over the buckets of a view, one by one: calls of the shown
 * threads, wakeups, losses, marks.  Of calls and wakeups there may be too many
 * to draw; then only their number is told, and the page says so.
 *
 * rate: events by time and CPU over the whole trace, and the losses: the strip
 * above the timeline.
 */
#include <stdlib.h>
#include <string.h>
#include "traced.h"

#define SHOWN_MAX 1500

struct detail {
	struct request *rq;
	struct store *st;
	struct window w;
	uint8_t *of; /* by thread: is it shown */
	uint64_t ncalls, nwakeups;
	struct buf calls;
};

static bool
one_call(const struct slice *sl, void *arg)
{
	struct detail *d = arg;

	if (d->of[sl->sl_thread] == 0)
		return (true);
	if (++d->ncalls > SHOWN_MAX)
		return (false);
	buf_comma(&d->calls);
	buf_printf(&d->calls, "[%u,%lu,%lu,%u,%d]", sl->sl_thread, sl->sl_begin,
	    sl->sl_end, sl->sl_name, sl->sl_value);
	return (true);
}

static void
wakeups(struct detail *d, struct buf *b)
{
	size_t start = b->b_used;

	buf_text(b, ",\"wakeups\":[");
	for (uint32_t cpu = 0; cpu < d->st->st_ncpus; cpu++) {
		const struct cpu_info *ci = d->st->st_cpus[cpu];

		if (ci == NULL)
			continue;
		for (uint64_t i = runs_seek(ci, d->w.t0);
		     i < ci->ci_runs.v_n && d->nwakeups <= SHOWN_MAX; i++) {
			const struct run *rn = vec_at(&ci->ci_runs, i);

			if (rn->rn_begin >= d->w.t1)
				break;
			if (rn->rn_wake == 0 || ++d->nwakeups > SHOWN_MAX)
				continue;
			buf_comma(b);
			buf_printf(b, "[%lu,%u,%lu,%u,%u]",
			    rn->rn_begin - (rn->rn_wake - 1), rn->rn_waker,
			    rn->rn_begin, cpu, rn->rn_thread);
		}
	}
	if (d->nwakeups > SHOWN_MAX) {
		b->b_used = start;
		buf_text(b, ",\"wakeups\":[");
	}
	buf_printf(b, "],\"many_wakeups\":%s",
	    d->nwakeups > SHOWN_MAX ? "true" : "false");
}

static void
losses(struct store *st, const struct window *w, struct buf *b)
{
	uint64_t n = 0;

	buf_text(b, ",\"losses\":[");
	for (uint64_t i = 0; i < st->st_losses.v_n && n < SHOWN_MAX; i++) {
		const struct loss *ls = vec_at(&st->st_losses, i);

		if (ls->ls_end < w->t0 || ls->ls_begin >= w->t1)
			continue;
		n++;
		buf_comma(b);
		buf_printf(b, "[%u,%lu,%lu,%lu]", ls->ls_cpu, ls->ls_begin,
		    ls->ls_end, ls->ls_count);
	}
	buf_text(b, "]");
}

static void
marks(struct store *st, const struct window *w, struct buf *b)
{
	static const char *const kinds[] = {"fault", "case", "panic", "mark"};
	uint64_t n = 0;

	buf_text(b, ",\"marks\":[");
	for (uint64_t i = st->st_marks.v_gone;
	     i < st->st_marks.v_n && n < SHOWN_MAX; i++) {
		const struct mark *mk = vec_at(&st->st_marks, i);

		if (mk->mk_time < w->t0 || mk->mk_time >= w->t1)
			continue;
		n++;
		buf_comma(b);
		buf_printf(b,
		    "{\"time\":%lu,\"kind\":\"%s\",\"cpu\":%u,\"thread\":%u,"
		    "\"event\":",
		    mk->mk_time, kinds[mk->mk_kind], mk->mk_cpu, mk->mk_thread);
		buf_json(b, st->st_events[mk->mk_event].ev_name);
		buf_text(b, ",\"text\":");
		buf_json(b, mk->mk_text);
		buf_text(b, "}");
	}
	buf_text(b, "]");
}

int
api_detail(struct request *rq)
{
	struct detail d = {.rq = rq, .st = rq->rq_store};
	const char *s = word(rq, "threads");
	struct buf *b = &rq->rq_out;
	int status;

	if ((status = window_words(rq, &d.w)) != 0)
		return (status);
	if ((d.of = calloc(d.st->st_threads.v_n + 1, 1)) == NULL)
		return (refuse(rq, 503, "no memory"));
	while (s != NULL && *s >= '0' && *s <= '9') {
		char *end;
		unsigned long t = strtoul(s, &end, 10);

		if (t < d.st->st_threads.v_n)
			d.of[t] = 1;
		s = *end == ',' ? end + 1 : end;
	}
	slices_each(&d.st->st_calls, d.w.t0, d.w.t1, one_call, &d);
	buf_text(b, "{\"calls\":[");
	if (d.ncalls <= SHOWN_MAX && d.calls.b_used > 0)
		buf_add(b, d.calls.b_data, d.calls.b_used);
	buf_printf(
	    b, "],\"many_calls\":%s", d.ncalls > SHOWN_MAX ? "true" : "false");
	wakeups(&d, b);
	losses(d.st, &d.w, b);
	marks(d.st, &d.w, b);
	buf_text(b, "}");
	buf_free(&d.calls);
	free(d.of);
	return (0);
}

int
api_rate(struct request *rq)
{
	struct store *st = rq->rq_store;
	struct window w = {0, trace_end(st)};
	struct buf *b = &rq->rq_out;
	uint64_t n = 400, sum;
	uint32_t shift = 0;
	int status;

	if ((status = number_word(rq, "n", 2000, &n)) != 0)
		return (status);
	for (uint32_t i = 0; i < st->st_ncpus; i++)
		if (st->st_cpus[i] != NULL &&
		    st->st_cpus[i]->ci_pyramid.py_shift > shift)
			shift = st->st_cpus[i]->ci_pyramid.py_shift;
	while (w.t1 >> shift >= (n > 1 ? n : 2))
		shift++;
	buf_printf(b, "{\"bucket_ns\":%lu,\"events\":[", 1UL << shift);
	for (uint64_t i = 0; i <= w.t1 >> shift; i++) {
		sum = 0;
		for (uint32_t c = 0; c < st->st_ncpus; c++) {
			const struct bucket *level;

			if (st->st_cpus[c] != NULL &&
			    i < pyramid_level(
				    &st->st_cpus[c]->ci_pyramid, shift, &level))
				sum += level[i].bk_events;
		}
		buf_comma(b);
		buf_printf(b, "%lu", sum);
	}
	buf_text(b, "]");
	losses(st, &w, b);
	marks(st, &w, b);
	buf_text(b, "}");
	return (0);
}
