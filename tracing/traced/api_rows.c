/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows: lines of the event table, from a row or a time on, through the filter.
 * A question looks at a bounded number of events, so that nobody waits long:
 * the answer says where to go on, and whether the end was reached.
 *
 * row: one event with all that is known of it.  search: the next row that the
 * filter takes, forward or backward.
 */
#include <stdio.h>
#include <string.h>
#include "traced.h"

#define ROWS_MAX     2000
#define LOOK_COLUMNS 4000000 /* events looked at in one question */
#define LOOK_RECORDS 400000

static void
row_json(struct buf *b, struct store *st, const struct cursor *cu,
    const struct kshm_record *kr, bool there)
{
	char fields[600] = "";

	if (there)
		kshm_event_format(st->st_kshm, kr, fields, sizeof(fields));
	buf_comma(b);
	buf_printf(b, "[%lu,%lu,%u,%u,%u,", cu->cu_row - 1, cu->cu_time,
	    st->st_rings[cu->cu_ring]->r_cpu, cu->cu_thread, cu->cu_event);
	buf_json(b, fields);
	buf_text(b, "]");
}

/* from= a row, or t= a time. */
static int
start(struct request *rq, struct cursor *cu)
{
	struct store *st = rq->rq_store;
	uint64_t row = st->st_first_row, time = 0;
	int status;

	if ((status = number_word(rq, "from", UINT64_MAX / 4, &row)) != 0 ||
	    (status = number_word(rq, "t", UINT64_MAX / 4, &time)) != 0)
		return (status);
	if (word(rq, "t") != NULL)
		cursor_time(cu, st, time);
	else
		cursor_row(cu, st, row);
	return (0);
}

/* Does the filter take what the cursor gave? */
static bool
takes(const struct filter *fl, const struct cursor *cu, struct kshm_record *kr,
    uint64_t *read)
{
	if (filter_columns(fl, cu))
		return (false);
	if (!filter_needs_record(fl))
		return (true);
	(*read)++;
	return (filter_record(fl, cu, kr));
}

int
api_rows(struct request *rq)
{
	struct store *st = rq->rq_store;
	struct buf *b = &rq->rq_out;
	uint64_t n = 100, looked = 0, read = 0, got = 0;
	struct kshm_record kr;
	struct filter fl;
	struct cursor cu;
	bool end = false;
	int status;

	if ((status = number_word(rq, "n", ROWS_MAX, &n)) != 0 ||
	    (status = filter_words(rq, &fl)) != 0)
		return (status);
	if ((status = start(rq, &cu)) != 0) {
		filter_free(&fl);
		return (status);
	}
	buf_text(b, "{\"rows\":[");
	while (got < n && looked < LOOK_COLUMNS && read < LOOK_RECORDS) {
		if (!cursor_next(&cu)) {
			end = true;
			break;
		}
		looked++;
		if (!takes(&fl, &cu, &kr, &read))
			continue;
		got++;
		row_json(b, st, &cu, &kr,
		    source_record(st->st_source, cu.cu_ring, cu.cu_at, &kr));
	}
	buf_printf(b,
	    "],\"next\":%lu,\"end\":%s,\"looked\":%lu,\"first\":%lu,"
	    "\"total\":%lu}",
	    cu.cu_row, end ? "true" : "false", looked, st->st_first_row,
	    st->st_rows);
	filter_free(&fl);
	return (0);
}

int
api_search(struct request *rq)
{
	struct store *st = rq->rq_store;
	uint64_t looked = 0, read = 0, back = 0, stop, from, found = 0;
	struct kshm_record kr;
	struct filter fl;
	struct cursor cu;
	bool hit = false, end = false;
	int status;

	if ((status = number_word(rq, "back", 1, &back)) != 0 ||
	    (status = filter_words(rq, &fl)) != 0)
		return (status);
	if ((status = start(rq, &cu)) != 0) {
		filter_free(&fl);
		return (status);
	}
	/* Backward by steps, each of them forward, the last hit counts. */
	from = cu.cu_row;
	stop = back != 0 ? from : UINT64_MAX;
	for (;;) {
		if (back != 0) {
			from = from > ROWS_STEP ? from - ROWS_STEP : 0;
			cursor_row(&cu, st, from);
		}
		while (cu.cu_row < stop && (back != 0 || !hit) &&
		    looked < LOOK_COLUMNS && read < LOOK_RECORDS &&
		    !(end = !cursor_next(&cu))) {
			looked++;
			if (takes(&fl, &cu, &kr, &read)) {
				hit = true;
				found = cu.cu_row - 1;
			}
		}
		if (back == 0 || hit || looked >= LOOK_COLUMNS ||
		    read >= LOOK_RECORDS)
			break;
		if (from <= st->st_first_row) {
			end = true;
			break;
		}
		stop = from;
	}
	buf_printf(&rq->rq_out,
	    "{\"found\":%s,\"row\":%lu,\"next\":%lu,\"end\":%s}",
	    hit ? "true" : "false", found, back != 0 ? from : cu.cu_row,
	    end ? "true" : "false");
	filter_free(&fl);
	return (0);
}

int
api_row(struct request *rq)
{
	struct store *st = rq->rq_store;
	struct buf *b = &rq->rq_out;
	const struct kshm_event *ke;
	struct kshm_record kr;
	struct cursor cu;
	char text[600];
	int status;

	if ((status = start(rq, &cu)) != 0)
		return (status);
	if (!cursor_next(&cu))
		return (refuse(rq, 404, "there is no such row"));
	buf_printf(b,
	    "{\"row\":%lu,\"time\":%lu,\"cpu\":%u,\"thread\":%u,\"event\":%u,"
	    "\"name\":",
	    cu.cu_row - 1, cu.cu_time, st->st_rings[cu.cu_ring]->r_cpu,
	    cu.cu_thread, cu.cu_event);
	buf_json(b, st->st_events[cu.cu_event].ev_name);
	buf_text(b, ",\"fields\":");
	if (source_record(st->st_source, cu.cu_ring, cu.cu_at, &kr)) {
		kshm_event_format(st->st_kshm, &kr, text, sizeof(text));
		buf_json(b, text);
		buf_printf(b, ",\"stamp\":\"%lu\"", kr.kr_time);
	} else
		buf_text(b, "null");
	ke = kshm_event(st->st_kshm, cu.cu_event);
	buf_text(b, ",\"place\":");
	snprintf(text, sizeof(text), "%s:%u",
	    ke != NULL ? kshm_text(st->st_kshm, ke->ke_file) : "",
	    ke != NULL ? ke->ke_line : 0);
	buf_json(b, text);
	buf_text(b, "}");
	return (0);
}
