/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exports of rows: lines as ktrdump prints them, CSV, or Chrome's JSON
 * (Perfetto's and Speedscope's pages load it), of the window and filter that the
 * page shows.
 *
 * There may be any number of rows, so an export is never whole in memory.  HTTP
 * asks for the next piece when the last one has gone; a piece is PIECE bytes, or
 * what STEPS rows gave, whichever is first, so that with a filter that finds
 * nothing others get their turn, too.  Between pieces the lock is free and a live
 * trace goes on.  The end of the window is fixed at the start; no record of
 * before it can come any more.  What is given back meanwhile is skipped.
 *
 * How far one is can be asked by its number, which who began it chose.
 */
#include <stdlib.h>
#include <string.h>
#include "export.h"

#define PIECE 32768
#define STEPS 20000

enum phase {
	BEGIN,
	NAMES,
	CALLS,
	ROWS,
	END,
	OVER
};

struct export
{
	struct traced *ex_traced;
	struct store *ex_store;
	const struct row_format *ex_format;
	struct window ex_window;
	struct filter ex_filter;
	char *ex_text; /* fl_text */
	struct cursor ex_cursor;
	enum phase ex_phase;
	uint64_t ex_next, ex_calls; /* a thread or a call; calls at the start */
	uint64_t ex_first, ex_last; /* rows of the window */
	uint64_t ex_lost, ex_events, ex_bytes;
	bool ex_any; /* a comma is due */
	struct buf ex_buf;
	size_t ex_at; /* of ex_buf: what has gone */
	struct export_state *ex_state;
};

/* --- rows as text ------------------------------------------------------------------ */

static void
time_text(struct buf *b, uint64_t ns)
{
	buf_printf(b, "%lu.%09lu", ns / 1000000000, ns % 1000000000);
}

static void
as_text(struct export *ex, const struct kshm_record *kr)
{
	const struct cursor *cu = &ex->ex_cursor;
	struct store *st = ex->ex_store;
	char fields[600];

	kshm_event_format(st->st_kshm, kr, fields, sizeof(fields));
	time_text(&ex->ex_buf, st->st_origin + cu->cu_time);
	buf_printf(&ex->ex_buf, " %u %5u %s %s\n",
	    st->st_rings[cu->cu_ring]->r_cpu,
	    thread_at(st, cu->cu_thread)->ti_id,
	    st->st_events[cu->cu_event].ev_name, fields);
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
csv_head(struct export *ex)
{
	buf_text(&ex->ex_buf, "ns,cpu,thread,name,event,fields\n");
}

static void
as_csv(struct export *ex, const struct kshm_record *kr)
{
	const struct cursor *cu = &ex->ex_cursor;
	struct store *st = ex->ex_store;
	const struct thread_info *ti = thread_at(st, cu->cu_thread);
	struct buf *b = &ex->ex_buf;
	char fields[600];

	kshm_event_format(st->st_kshm, kr, fields, sizeof(fields));
	buf_printf(b, "%lu,%u,%u,", st->st_origin + cu->cu_time,
	    st->st_rings[cu->cu_ring]->r_cpu, ti->ti_id);
	csv(b, ti->ti_name);
	buf_printf(b, ",%s,", st->st_events[cu->cu_event].ev_name);
	csv(b, fields);
	buf_text(b, "\n");
}

/* --- Chrome's JSON: slices of calls, all else as points ------------------------------ */

static void
json_head(struct export *ex)
{
	buf_text(&ex->ex_buf, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
}

static void
json_tail(struct export *ex)
{
	struct store *st = ex->ex_store;

	buf_printf(&ex->ex_buf,
	    "\n],\"otherData\":{\"seen\":%lu,\"lost\":%lu}}\n", st->st_rows,
	    st->st_lost + st->st_overwritten);
}

/* The buffer is emptied between pieces: it cannot tell. */
static void
comma(struct export *ex)
{
	buf_text(&ex->ex_buf, ex->ex_any ? ",\n" : "\n");
	ex->ex_any = true;
}

static void
us(struct buf *b, uint64_t ns)
{
	buf_printf(b, "%lu.%03lu", ns / 1000, ns % 1000);
}

static void
as_json(struct export *ex, const struct kshm_record *kr)
{
	const struct cursor *cu = &ex->ex_cursor;
	const struct event_info *ev = &ex->ex_store->st_events[cu->cu_event];
	struct buf *b = &ex->ex_buf;
	char fields[600];

	if (ev->ev_means == MEANS_ENTER || ev->ev_means == MEANS_LEAVE)
		return;
	kshm_event_format(ex->ex_store->st_kshm, kr, fields, sizeof(fields));
	comma(ex);
	buf_text(b, "{\"ph\":\"i\",\"s\":\"t\",\"pid\":1,\"name\":");
	buf_json(b, ev->ev_name);
	buf_printf(b, ",\"tid\":%u,\"ts\":", cu->cu_thread);
	us(b, cu->cu_time);
	buf_text(b, ",\"args\":{\"fields\":");
	buf_json(b, fields);
	buf_text(b, "}}");
}

static void
json_call(struct export *ex, const struct slice *sl)
{
	struct store *st = ex->ex_store;
	struct buf *b = &ex->ex_buf;

	comma(ex);
	buf_text(b, "{\"ph\":\"X\",\"pid\":1,\"cat\":\"call\",\"name\":");
	call_json(b, st, sl->sl_name, thread_at(st, sl->sl_thread)->ti_abi);
	buf_printf(b, ",\"tid\":%u,\"ts\":", sl->sl_thread);
	us(b, sl->sl_begin);
	buf_text(b, ",\"dur\":");
	us(b, sl->sl_end - sl->sl_begin);
	buf_printf(b, ",\"args\":{\"error\":%d}}", sl->sl_value);
}

static void
json_name(struct export *ex, uint32_t thread)
{
	const struct thread_info *ti = thread_at(ex->ex_store, thread);

	if (ti->ti_events == 0)
		return;
	comma(ex);
	buf_printf(&ex->ex_buf,
	    "{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":"
	    "\"thread_name\",\"args\":{\"name\":",
	    thread);
	buf_json(&ex->ex_buf, ti->ti_name);
	buf_text(&ex->ex_buf, "}}");
}

static const struct row_format {
	const char *name, *type, *file;
	void (*head)(struct export *ex);
	void (*row)(struct export *ex, const struct kshm_record *kr);
	void (*thread)(struct export *ex, uint32_t thread);
	void (*call)(struct export *ex, const struct slice *sl);
	void (*tail)(struct export *ex);
} formats[] = {
    {"text", "text/plain; charset=utf-8", "trace.txt", NULL, as_text, NULL,
	NULL, NULL},
    {"csv", "text/csv; charset=utf-8", "trace.csv", csv_head, as_csv, NULL,
	NULL, NULL},
    {"chrome", "application/json", "trace.json", json_head, as_json, json_name,
	json_call, json_tail},
};

/* --- pieces ----------------------------------------------------------------------------- */

/* One step of a phase; false: the phase is over. */
static bool
step_names(struct export *ex)
{
	if (ex->ex_format->thread == NULL ||
	    ex->ex_next >= ex->ex_store->st_threads.v_n)
		return (false);
	ex->ex_format->thread(ex, (uint32_t)ex->ex_next++);
	return (true);
}

static bool
step_calls(struct export *ex)
{
	const struct vec *v = &ex->ex_store->st_calls.ss_vec;
	const struct slice *sl;

	if (ex->ex_next < v->v_gone)
		ex->ex_next = v->v_gone;
	if (ex->ex_format->call == NULL || ex->ex_next >= ex->ex_calls)
		return (false);
	sl = vec_at(v, ex->ex_next++);
	if (sl->sl_end >= ex->ex_window.t0 && sl->sl_begin < ex->ex_window.t1)
		ex->ex_format->call(ex, sl);
	return (true);
}

static bool
step_rows(struct export *ex)
{
	struct cursor *cu = &ex->ex_cursor;
	struct kshm_record kr;

	if (!cursor_next(cu) || cu->cu_time >= ex->ex_window.t1)
		return (false);
	if (filter_columns(&ex->ex_filter, cu) ||
	    !filter_record(&ex->ex_filter, cu, &kr))
		return (true);
	ex->ex_events++;
	ex->ex_format->row(ex, &kr);
	return (true);
}

/* (td_lock) The next piece; none of it: there was nothing among so many rows. */
static void
fill(struct export *ex)
{
	static bool (*const step[OVER + 1])(struct export *) = {
	    [NAMES] = step_names, [CALLS] = step_calls, [ROWS] = step_rows};
	const struct row_format *rf = ex->ex_format;

	ex->ex_buf.b_used = ex->ex_at = 0;
	cursor_again(&ex->ex_cursor);
	for (int i = 0; i < STEPS && ex->ex_buf.b_used < PIECE; i++) {
		if (ex->ex_phase == OVER)
			break;
		if (ex->ex_phase == BEGIN && rf->head != NULL)
			rf->head(ex);
		if (ex->ex_phase == END && rf->tail != NULL)
			rf->tail(ex);
		if (step[ex->ex_phase] != NULL && step[ex->ex_phase](ex))
			continue;
		ex->ex_phase++;
		ex->ex_next = 0;
	}
}

/* (td_lock) */
static void
tell(struct export *ex, enum export_how how)
{
	struct export_state *es = ex->ex_state;
	uint64_t row = ex->ex_cursor.cu_row;

	if (es == NULL)
		return;
	es->es_how = how;
	es->es_events = ex->ex_events;
	es->es_bytes = ex->ex_bytes;
	es->es_of = ex->ex_last - ex->ex_first;
	es->es_done = row > ex->ex_last ? es->es_of
	    : row > ex->ex_first	? row - ex->ex_first
					: 0;
}

static ssize_t
piece(void *arg, uint64_t pos, char *to, size_t max)
{
	struct export *ex = arg;
	struct buf *b = &ex->ex_buf;
	ssize_t n;

	(void)pos;
	pthread_mutex_lock(&ex->ex_traced->td_lock);
	if (ex->ex_at == b->b_used)
		fill(ex);
	n = (ssize_t)(b->b_used - ex->ex_at < max ? b->b_used - ex->ex_at
						  : max);
	if (b->b_failed)
		n = MHD_CONTENT_READER_END_WITH_ERROR;
	else if (n == 0 && ex->ex_phase == OVER)
		n = MHD_CONTENT_READER_END_OF_STREAM;
	else {
		memcpy(to, b->b_data + ex->ex_at, (size_t)n);
		ex->ex_at += (size_t)n;
		ex->ex_bytes += (uint64_t)n;
	}
	tell(ex, RUNNING);
	pthread_mutex_unlock(&ex->ex_traced->td_lock);
	return (n);
}

/* --- life ---------------------------------------------------------------------------------- */

static void
export_free(struct export *ex)
{
	filter_free(&ex->ex_filter);
	buf_free(&ex->ex_buf);
	free(ex->ex_text);
	free(ex);
}

/* All was given, or nobody is there to take it any more. */
static void
ended(void *arg)
{
	struct export *ex = arg;
	struct traced *td = ex->ex_traced;

	pthread_mutex_lock(&td->td_lock);
	tell(ex,
	    ex->ex_phase == OVER && ex->ex_at == ex->ex_buf.b_used ? DONE
								   : BROKEN);
	pthread_mutex_unlock(&td->td_lock);
	export_free(ex);
}

/* (td_lock) Where it is told how far job is; NULL: all places are in use. */
static struct export_state *
state_take(struct traced *td, uint64_t job)
{
	struct export_state *es;

	for (size_t i = 0; i < EXPORTS; i++) {
		es = &td->td_exports[td->td_export_hand++ % EXPORTS];
		if (es->es_how != RUNNING) {
			*es = (struct export_state){
			    .es_job = job, .es_how = RUNNING};
			return (es);
		}
	}
	return (NULL);
}

static int
prepare(struct request *rq, struct export *ex)
{
	struct store *st = rq->rq_store;
	struct cursor end;
	int status;

	ex->ex_traced = rq->rq_traced;
	ex->ex_store = st;
	if ((status = window_words(rq, &ex->ex_window)) != 0 ||
	    (status = filter_words(rq, &ex->ex_filter)) != 0)
		return (status);
	if (ex->ex_window.t1 > trace_end(st))
		ex->ex_window.t1 = trace_end(st);
	/* The request's words may be gone before the last piece. */
	if (ex->ex_filter.fl_text != NULL &&
	    (ex->ex_filter.fl_text = ex->ex_text =
		    strdup(ex->ex_filter.fl_text)) == NULL)
		return (refuse(rq, 503, "no memory"));
	cursor_time(&end, st, ex->ex_window.t1);
	cursor_time(&ex->ex_cursor, st, ex->ex_window.t0);
	ex->ex_first = ex->ex_cursor.cu_row;
	ex->ex_last = end.cu_row;
	ex->ex_calls = st->st_calls.ss_vec.v_n;
	return (0);
}

int
export_rows(struct request *rq, const char *format)
{
	const struct row_format *rf = NULL;
	struct export *ex;
	uint64_t job = 0;
	int status;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, format) == 0)
			rf = &formats[i];
	if (rf == NULL)
		return (refuse(
		    rq, 400, "format: text, csv, chrome, folded or segment"));
	if ((status = number_word(rq, "job", UINT64_MAX / 4, &job)) != 0)
		return (status);
	if ((ex = calloc(1, sizeof(*ex))) == NULL)
		return (refuse(rq, 503, "no memory"));
	ex->ex_format = rf;
	if ((status = prepare(rq, ex)) == 0 &&
	    (rq->rq_response = MHD_create_response_from_callback(
		 MHD_SIZE_UNKNOWN, PIECE, piece, ex, ended)) == NULL)
		status = refuse(rq, 503, "no memory");
	if (status != 0) {
		export_free(ex);
		return (status);
	}
	rq->rq_type = rf->type;
	rq->rq_file = rf->file;
	if (job != 0)
		ex->ex_state = state_take(rq->rq_traced, job);
	return (0);
}

/* --- how far is it? ---------------------------------------------------------------------- */

int
api_exporting(struct request *rq)
{
	static const char *const hows[] = {
	    [RUNNING] = "running", [DONE] = "done", [BROKEN] = "broken"};
	struct traced *td = rq->rq_traced;
	uint64_t job = 0;
	int status;

	if ((status = number_word(rq, "job", UINT64_MAX / 4, &job)) != 0)
		return (status);
	for (size_t i = 0; job != 0 && i < EXPORTS; i++) {
		const struct export_state *es = &td->td_exports[i];

		if (es->es_job != job)
			continue;
		buf_printf(&rq->rq_out,
		    "{\"how\":\"%s\",\"events\":%lu,\"bytes\":%lu,"
		    "\"done\":%lu,\"of\":%lu}",
		    hows[es->es_how], es->es_events, es->es_bytes, es->es_done,
		    es->es_of);
		return (0);
	}
	return (refuse(rq, 404, "job: there is no such export"));
}
