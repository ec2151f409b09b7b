/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export: the window and filter that the page shows, as a file: lines as
 * ktrdump prints them, CSV, Chrome's JSON (Perfetto's and Speedscope's pages
 * load it), folded stacks of the flame graph, or the segment itself.
 *
 * An answer lies in memory, so of rows there may be EXPORT_MAX; who wants more
 * takes the segment, and ktrdump.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "flame.h"

#define EXPORT_MAX 400000

struct out {
	struct request *rq;
	struct store *st;
	struct buf *b;
	uint64_t n;
};
typedef void row_func(
    struct out *o, const struct cursor *cu, const struct kshm_record *kr);

static void
time_text(struct buf *b, uint64_t ns)
{
	buf_printf(b, "%lu.%09lu", ns / 1000000000, ns % 1000000000);
}

static void
as_text(struct out *o, const struct cursor *cu, const struct kshm_record *kr)
{
	char fields[600];

	kshm_event_format(o->st->st_kshm, kr, fields, sizeof(fields));
	time_text(o->b, o->st->st_origin + cu->cu_time);
	buf_printf(o->b, " %u %5u %s %s\n", o->st->st_rings[cu->cu_ring]->r_cpu,
	    thread_at(o->st, cu->cu_thread)->ti_id,
	    o->st->st_events[cu->cu_event].ev_name, fields);
}

/* Quotes are doubled; a text that begins like a formula stays a text. */
static void
csv(struct buf *b, const char *s)
{
	buf_text(b, "\"");
	if (strchr("=+-@", *s) != NULL && *s != '\0')
		buf_text(b, "'");
	for (; *s != '\0'; s++)
		buf_printf(b, *s == '"' ? "%c\"" : "%c", *s);
	buf_text(b, "\"");
}

static void
as_csv(struct out *o, const struct cursor *cu, const struct kshm_record *kr)
{
	const struct thread_info *ti = thread_at(o->st, cu->cu_thread);
	char fields[600];

	if (o->n == 1)
		buf_text(o->b, "ns,cpu,thread,name,event,fields\n");
	kshm_event_format(o->st->st_kshm, kr, fields, sizeof(fields));
	buf_printf(o->b, "%lu,%u,%u,", o->st->st_origin + cu->cu_time,
	    o->st->st_rings[cu->cu_ring]->r_cpu, ti->ti_id);
	csv(o->b, ti->ti_name);
	buf_printf(o->b, ",%s,", o->st->st_events[cu->cu_event].ev_name);
	csv(o->b, fields);
	buf_text(o->b, "\n");
}

/* --- Chrome's JSON: slices of calls and runs, all else as points -------------------- */

static void
us(struct buf *b, uint64_t ns)
{
	buf_printf(b, "%lu.%03lu", ns / 1000, ns % 1000);
}

static void
as_json(struct out *o, const struct cursor *cu, const struct kshm_record *kr)
{
	const struct event_info *ev = &o->st->st_events[cu->cu_event];
	char fields[600];

	if (ev->ev_means == MEANS_ENTER || ev->ev_means == MEANS_LEAVE)
		return;
	kshm_event_format(o->st->st_kshm, kr, fields, sizeof(fields));
	buf_comma(o->b);
	buf_text(o->b, "\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":1,\"name\":");
	buf_json(o->b, ev->ev_name);
	buf_printf(o->b, ",\"tid\":%u,\"ts\":", cu->cu_thread);
	us(o->b, cu->cu_time);
	buf_text(o->b, ",\"args\":{\"fields\":");
	buf_json(o->b, fields);
	buf_text(o->b, "}}");
}

static bool
json_call(const struct slice *sl, void *arg)
{
	struct out *o = arg;

	if (++o->n > EXPORT_MAX)
		return (true);
	buf_comma(o->b);
	buf_text(o->b, "\n{\"ph\":\"X\",\"pid\":1,\"cat\":\"call\",\"name\":");
	call_json(
	    o->b, o->st, sl->sl_name, thread_at(o->st, sl->sl_thread)->ti_abi);
	buf_printf(o->b, ",\"tid\":%u,\"ts\":", sl->sl_thread);
	us(o->b, sl->sl_begin);
	buf_text(o->b, ",\"dur\":");
	us(o->b, sl->sl_end - sl->sl_begin);
	buf_printf(o->b, ",\"args\":{\"error\":%d}}", sl->sl_value);
	return (true);
}

static void
json_names(struct out *o)
{
	for (uint64_t i = 0; i < o->st->st_threads.v_n; i++) {
		const struct thread_info *ti = thread_at(o->st, (uint32_t)i);

		if (ti->ti_events == 0)
			continue;
		buf_comma(o->b);
		buf_printf(o->b,
		    "\n{\"ph\":\"M\",\"pid\":1,\"tid\":%lu,\"name\":"
		    "\"thread_name\",\"args\":{\"name\":",
		    i);
		buf_json(o->b, ti->ti_name);
		buf_text(o->b, "}}");
	}
}

/* --- ways ------------------------------------------------------------------------------ */

static int
rows(struct out *o, row_func *func)
{
	struct request *rq = o->rq;
	struct kshm_record kr;
	struct filter fl;
	struct cursor cu;
	struct window w;
	int status;

	if ((status = window_words(rq, &w)) != 0 ||
	    (status = filter_words(rq, &fl)) != 0)
		return (status);
	cursor_time(&cu, o->st, w.t0);
	while (cursor_next(&cu) && cu.cu_time < w.t1) {
		if (filter_columns(&fl, &cu) || !filter_record(&fl, &cu, &kr))
			continue;
		if (++o->n > EXPORT_MAX) {
			status = refuse(rq, 400,
			    "more than %d events: choose a shorter window, or "
			    "the segment",
			    EXPORT_MAX);
			break;
		}
		func(o, &cu, &kr);
	}
	filter_free(&fl);
	return (status);
}

static int
export_text(struct out *o)
{
	o->rq->rq_type = "text/plain; charset=utf-8";
	o->rq->rq_file = "trace.txt";
	return (rows(o, as_text));
}

static int
export_csv(struct out *o)
{
	o->rq->rq_type = "text/csv; charset=utf-8";
	o->rq->rq_file = "trace.csv";
	return (rows(o, as_csv));
}

static int
export_chrome(struct out *o)
{
	struct window w;
	int status;

	o->rq->rq_file = "trace.json";
	buf_text(o->b, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	json_names(o);
	if ((status = window_words(o->rq, &w)) != 0)
		return (status);
	slices_each(&o->st->st_calls, w.t0, w.t1, json_call, o);
	status = rows(o, as_json);
	buf_printf(o->b, "\n],\"otherData\":{\"seen\":%lu,\"lost\":%lu}}\n",
	    o->st->st_rows, o->st->st_lost + o->st->st_overwritten);
	return (status);
}

static int
export_folded(struct out *o)
{
	struct flame f;
	struct window w;
	int status;

	o->rq->rq_type = "text/plain; charset=utf-8";
	o->rq->rq_file = "trace.folded";
	if ((status = window_words(o->rq, &w)) != 0)
		return (status);
	if (!flame_make(o->st, &w, &f))
		status = refuse(o->rq, 503, "no memory");
	for (size_t i = 0; status == 0 && i < f.fl_n; i++) {
		const struct branch *br = &f.fl_sorted[i];
		const struct thread_info *ti = thread_at(o->st, br->thread);
		const char *call;

		if (br->call < 0 || br->lock >= 0)
			continue;
		for (const char *p = ti->ti_name; *p != '\0'; p++)
			buf_printf(
			    o->b, "%c", *p == ';' || *p == ' ' ? '_' : *p);
		call = call_name(*ti->ti_abi != '\0' ? ti->ti_abi : "linux64",
		    (uint32_t)br->call);
		if (call != NULL)
			buf_printf(o->b, ";%s %lu\n", call, br->wall_ns);
		else
			buf_printf(
			    o->b, ";call_%d %lu\n", br->call, br->wall_ns);
	}
	flame_free(&f);
	return (status);
}

/* Into a folder of our own: a name in a shared one could be a link already. */
static int
export_segment(struct out *o)
{
	const char *dir = getenv("TMPDIR");
	char folder[512], path[560], part[64 * 1024];
	FILE *f = NULL;
	size_t n;

	o->rq->rq_type = "application/octet-stream";
	o->rq->rq_file = "trace.kshm";
	if (kshm_header(o->st->st_kshm)->kh_bytes > 128UL << 20)
		return (refuse(o->rq, 400,
		    "the segment is larger than 128 MiB: use kshm save"));
	snprintf(folder, sizeof(folder), "%s/traced.XXXXXX",
	    dir != NULL && *dir != '\0' ? dir : "/tmp");
	if (mkdtemp(folder) == NULL)
		return (refuse(o->rq, 500, "no folder for the copy"));
	snprintf(path, sizeof(path), "%s/segment", folder);
	if (kshm_save(o->st->st_kshm, path) == 0)
		f = fopen(path, "re");
	unlink(path);
	rmdir(folder);
	if (f == NULL)
		return (refuse(o->rq, 500, "the copy could not be made"));
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(o->b, part, n);
	n = (size_t)ferror(f);
	fclose(f);
	return (n != 0 ? refuse(o->rq, 500, "the copy cannot be read") : 0);
}

int
api_export(struct request *rq)
{
	static const struct {
		const char *name;
		int (*func)(struct out *o);
	} ways[] = {{"text", export_text}, {"csv", export_csv},
	    {"chrome", export_chrome}, {"folded", export_folded},
	    {"segment", export_segment}};
	struct out o = {rq, rq->rq_store, &rq->rq_out, 0};
	const char *format = word(rq, "format");

	for (size_t i = 0; format != NULL && i < sizeof(ways) / sizeof(ways[0]);
	     i++)
		if (strcmp(ways[i].name, format) == 0)
			return (ways[i].func(&o));
	return (
	    refuse(rq, 400, "format: text, csv, chrome, folded or segment"));
}
