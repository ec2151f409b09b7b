/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latency: the times from any begin event to the end event that belongs to it,
 * of the same thread or with the same value of a field, as ktrdump -l has them:
 * percentiles, and a histogram with four bars for each power of two.  The
 * slowest pairs are named, so that one can go there.
 */
#include <stdlib.h>
#include <string.h>
#include "traced.h"

#define BARS	256
#define SLOWEST 20

struct open_begin {
	uint64_t key, time;
	uint32_t older; /* place + 1 of an open one with the same key */
};
struct pair {
	uint64_t begin, ns;
	uint32_t thread;
};
struct latency {
	struct store *st;
	uint8_t begin[EVENTS_MAX], end[EVENTS_MAX];
	const char *field;
	uint8_t field_of[EVENTS_MAX]; /* its place + 1 */
	struct map *newest;	      /* key -> place + 1 */
	struct vec open;	      /* struct open_begin */
	uint32_t unused;	      /* place + 1 of one that is free */
	uint64_t unmatched, nopen;
	struct numbers times;
	uint64_t bars[BARS];
	struct pair slowest[SLOWEST];
	size_t nslowest;
};

/* Four bars an octave; the bar's lower border is bar_ns. */
static unsigned
bar_of(uint64_t ns)
{
	unsigned octave;

	if (ns < 4)
		return ((unsigned)ns);
	octave = 63 - (unsigned)__builtin_clzl(ns);
	return (4 * (octave - 1) + (unsigned)(ns >> (octave - 2) & 3));
}

static uint64_t
bar_ns(unsigned bar)
{
	return (bar < 4 ? bar : (uint64_t)(4 + bar % 4) << (bar / 4 - 1));
}

static void
slow(struct latency *l, const struct pair *p)
{
	size_t i = l->nslowest;

	if (i == SLOWEST && p->ns <= l->slowest[SLOWEST - 1].ns)
		return;
	if (i < SLOWEST)
		l->nslowest++;
	else
		i--;
	for (; i > 0 && l->slowest[i - 1].ns < p->ns; i--)
		l->slowest[i] = l->slowest[i - 1];
	l->slowest[i] = *p;
}

static void
begun(struct latency *l, uint64_t key, uint64_t time)
{
	uint64_t older = 0, at = l->unused;
	struct open_begin *ob;

	if (at != 0) {
		ob = vec_at(&l->open, at - 1);
		l->unused = ob->older;
	} else {
		if ((ob = vec_push(&l->open)) == NULL)
			return;
		at = l->open.v_n;
	}
	(void)map_get(l->newest, key, &older);
	*ob = (struct open_begin){key, time, (uint32_t)older};
	(void)map_set(l->newest, key, at);
	l->nopen++;
}

static void
ended(struct latency *l, uint64_t key, uint64_t time, uint32_t thread)
{
	struct open_begin *ob;
	struct pair p;
	uint64_t at = 0, gone;

	if (!map_get(l->newest, key, &at) || at == 0) {
		l->unmatched++;
		return;
	}
	ob = vec_at(&l->open, at - 1);
	if (ob->older != 0)
		(void)map_set(l->newest, key, ob->older);
	else
		(void)map_take(l->newest, key, &gone);
	l->nopen--;
	p = (struct pair){ob->time, time - ob->time, thread};
	ob->older = l->unused;
	l->unused = (uint32_t)at;
	numbers_add(&l->times, p.ns);
	l->bars[bar_of(p.ns)]++;
	slow(l, &p);
}

static void
pairs(struct latency *l, const struct window *w)
{
	struct cursor cu;
	struct kshm_record kr;

	cursor_time(&cu, l->st, w->t0);
	while (cursor_next(&cu) && cu.cu_time < w->t1) {
		uint64_t key = cu.cu_thread;
		bool b = l->begin[cu.cu_event] != 0;
		bool e = l->end[cu.cu_event] != 0;

		if (!b && !e)
			continue;
		if (l->field != NULL) {
			if (!source_record(
				l->st->st_source, cu.cu_ring, cu.cu_at, &kr))
				continue;
			key = kr.kr_args[l->field_of[cu.cu_event] - 1];
		}
		/* One may be both: an end first, then a begin. */
		if (e)
			ended(l, key, cu.cu_time, cu.cu_thread);
		if (b)
			begun(l, key, cu.cu_time);
	}
}

static int
words(struct request *rq, struct latency *l)
{
	bool some;
	int status;

	if ((status = events_word(rq, "begin", l->begin, &some)) != 0)
		return (status);
	if (!some)
		return (refuse(rq, 400, "begin: an event is needed"));
	if ((status = events_word(rq, "end", l->end, &some)) != 0)
		return (status);
	if (!some)
		return (refuse(rq, 400, "end: an event is needed"));
	l->field = word(rq, "field");
	if (l->field != NULL && *l->field == '\0')
		l->field = NULL;
	for (uint32_t id = 1; l->field != NULL && id <= l->st->st_nevents;
	     id++) {
		const struct event_info *ev = &l->st->st_events[id];

		for (size_t i = 0; i < ev->ev_nfields; i++)
			if (strcmp(ev->ev_fields[i].name, l->field) == 0)
				l->field_of[id] = (uint8_t)(i + 1);
		if ((l->begin[id] != 0 || l->end[id] != 0) &&
		    l->field_of[id] == 0)
			return (refuse(rq, 400, "field: %s has no \"%.40s\"",
			    ev->ev_name, l->field));
	}
	return (0);
}

static void
latency_json(struct latency *l, struct buf *b)
{
	struct numbers *nb = &l->times;
	double sum = 0;

	for (size_t i = 0; i < nb->nb_n; i++)
		sum += (double)nb->nb_values[i];
	buf_printf(b,
	    "{\"pairs\":%zu,\"unmatched\":%lu,\"open\":%lu,\"min\":%lu,"
	    "\"mean\":%.1f,\"p50\":%lu,\"p90\":%lu,\"p99\":%lu,\"p999\":%lu,"
	    "\"max\":%lu,\"bars\":[",
	    nb->nb_n, l->unmatched, l->nopen, numbers_percentile(nb, 0),
	    nb->nb_n > 0 ? sum / (double)nb->nb_n : 0,
	    numbers_percentile(nb, 0.5), numbers_percentile(nb, 0.9),
	    numbers_percentile(nb, 0.99), numbers_percentile(nb, 0.999),
	    numbers_percentile(nb, 1));
	for (unsigned i = 0; i < BARS; i++)
		if (l->bars[i] > 0) {
			buf_comma(b);
			buf_printf(b, "[%lu,%lu,%lu]", bar_ns(i), bar_ns(i + 1),
			    l->bars[i]);
		}
	buf_text(b, "],\"slowest\":[");
	for (size_t i = 0; i < l->nslowest; i++) {
		buf_comma(b);
		buf_printf(b, "{\"begin\":%lu,\"ns\":%lu,\"thread\":%u}",
		    l->slowest[i].begin, l->slowest[i].ns,
		    l->slowest[i].thread);
	}
	buf_text(b, "]}");
}

int
api_latency(struct request *rq)
{
	struct latency *l = calloc(1, sizeof(*l));
	struct window w;
	int status;

	if (l == NULL || (l->newest = map_new()) == NULL) {
		free(l);
		return (refuse(rq, 503, "no memory"));
	}
	l->st = rq->rq_store;
	l->open.v_size = sizeof(struct open_begin);
	if ((status = window_words(rq, &w)) == 0 &&
	    (status = words(rq, l)) == 0) {
		pairs(l, &w);
		latency_json(l, &rq->rq_out);
		if (l->times.nb_failed)
			status = refuse(rq, 503, "no memory");
	}
	map_free(l->newest);
	vec_free(&l->open);
	numbers_free(&l->times);
	free(l);
	return (status);
}
