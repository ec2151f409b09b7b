/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The questions of the page: their table, their words, and what describes the
 * trace as a whole.  A word that is no number, or a name that is none, is
 * refused with 400 and a line that says so.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "traced.h"

#define CALLS_MAX 1024 /* numbers that may have a name */

const struct api apis[] = {{"info", api_info}, {"threads", api_threads},
    {"events", api_events}, {"view", api_view}, {"detail", api_detail},
    {"rate", api_rate}, {"calls", api_calls}, {"locks", api_locks},
    {"faults", api_faults}, {"io", api_io}, {"latency", api_latency},
    {"flame", api_flame}, {"rows", api_rows}, {"row", api_row},
    {"search", api_search}, {"objects", api_objects}, {"object", api_object},
    {"values", api_values}, {"export", api_export},
    {"exporting", api_exporting}, {"check", api_check}, {NULL, NULL}};

int
refuse(struct request *rq, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rq->rq_error, sizeof(rq->rq_error), fmt, ap);
	va_end(ap);
	return (status);
}

/* --- words -------------------------------------------------------------------------- */

const char *
word(struct request *rq, const char *name)
{
	return (MHD_lookup_connection_value(
	    rq->rq_connection, MHD_GET_ARGUMENT_KIND, name));
}

int
number_word(struct request *rq, const char *name, uint64_t max, uint64_t *vp)
{
	const char *s = word(rq, name), *p = s;
	uint64_t v = 0;

	if (s == NULL)
		return (0);
	for (; *p >= '0' && *p <= '9' && v <= UINT64_MAX / 10 - 1; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	if (*p != '\0' || p == s)
		return (
		    refuse(rq, 400, "%s: \"%.40s\" is not a number", name, s));
	if (v > max)
		return (refuse(rq, 400, "%s: at most %lu", name, max));
	*vp = v;
	return (0);
}

uint64_t
trace_end(const struct store *st)
{
	return (st->st_rows > 0 ? st->st_last + 1 : 1);
}

int
window_words(struct request *rq, struct window *w)
{
	int status;

	w->t0 = 0;
	w->t1 = trace_end(rq->rq_store);
	if ((status = number_word(rq, "t0", UINT64_MAX / 4, &w->t0)) != 0 ||
	    (status = number_word(rq, "t1", UINT64_MAX / 4, &w->t1)) != 0)
		return (status);
	if (w->t0 >= w->t1)
		return (refuse(rq, 400, "t0: must be less than t1"));
	return (0);
}

/* Is it "GROUP", "GROUP.name" or "name" of an event? */
static bool
named(const struct event_info *ev, const char *what, size_t n)
{
	const char *dot = strchr(ev->ev_name, '.');
	size_t group = dot != NULL ? (size_t)(dot - ev->ev_name) : 0;

	return (
	    (strlen(ev->ev_name) == n && strncmp(ev->ev_name, what, n) == 0) ||
	    (group == n && strncmp(ev->ev_name, what, n) == 0) ||
	    (dot != NULL && strlen(dot + 1) == n &&
		strncmp(dot + 1, what, n) == 0));
}

int
events_word(
    struct request *rq, const char *name, uint8_t marks[EVENTS_MAX], bool *anyp)
{
	const char *s = word(rq, name), *end;
	struct store *st = rq->rq_store;

	*anyp = false;
	if (s == NULL || *s == '\0')
		return (0);
	for (; *s != '\0'; s = *end == ',' ? end + 1 : end) {
		bool hit = false;

		end = s + strcspn(s, ",");
		for (uint32_t id = 1; id <= st->st_nevents; id++)
			if (named(&st->st_events[id], s, (size_t)(end - s)))
				marks[id] = hit = true;
		if (!hit)
			return (refuse(rq, 400, "%s: no event \"%.*s\"", name,
			    (int)(end - s < 40 ? end - s : 40), s));
		*anyp = true;
	}
	return (0);
}

void
call_json(struct buf *b, const struct store *st, uint32_t nr, const char *abi)
{
	const char *name = call_name(*abi != '\0' ? abi : "linux64", nr);
	char text[32];

	(void)st;
	if (name == NULL) {
		snprintf(text, sizeof(text), "call %d", (int16_t)nr);
		name = text;
	}
	buf_json(b, name);
}

/* --- the trace ------------------------------------------------------------------------- */

static void
cpus_json(struct buf *b, const struct store *st)
{
	buf_text(b, ",\"cpus\":[");
	for (uint32_t i = 0; i < st->st_ncpus; i++) {
		const struct cpu_info *ci = st->st_cpus[i];

		if (ci == NULL)
			continue;
		buf_comma(b);
		buf_printf(b, "{\"cpu\":%u,\"events\":%lu,\"busy\":%lu}", i,
		    ci->ci_events, ci->ci_busy_ns);
	}
	buf_text(b, "]");
}

/* A kernel that somebody killed had no time to say that it ends. */
const char *
state_name(const struct traced *td)
{
	static const char *const states[] = {
	    "booting", "running", "stopped", "panicked"};
	uint32_t state = kshm_header(td->td_kshm)->kh_state;

	if (td->td_ended && state <= KSHM_RUNNING)
		return ("killed");
	return (state < 4 ? states[state] : "?");
}

int
api_info(struct request *rq)
{
	struct store *st = rq->rq_store;
	struct traced *td = rq->rq_traced;
	const struct kshm_header *kh = kshm_header(st->st_kshm);
	struct buf *b = &rq->rq_out;

	buf_text(b, "{\"where\":");
	buf_json(b, td->td_where);
	buf_text(b, ",\"name\":");
	buf_json_n(b, kh->kh_name, sizeof(kh->kh_name));
	buf_text(b, ",\"version\":");
	buf_json_n(b, kh->kh_version, sizeof(kh->kh_version));
	buf_printf(b, ",\"machine\":\"%s\",\"state\":\"%s\",\"panic\":",
	    kh->kh_machine == KSHM_VKERNEL ? "vkernel" : "pc64",
	    state_name(td));
	buf_json_n(b, kh->kh_panic, sizeof(kh->kh_panic));
	buf_text(b, ",\"boot\":\"");
	for (int i = 0; i < 16; i++)
		buf_printf(b, "%02x", kh->kh_boot_id[i]);
	buf_printf(b,
	    "\",\"origin\":%lu,\"real\":%ld,\"end\":%lu,\"rows\":%lu,"
	    "\"first_row\":%lu,\"lost\":%lu,\"overwritten\":%lu,"
	    "\"forgotten\":%lu,\"losses\":%lu,\"detail_from\":%lu,"
	    "\"live\":%s,\"ended\":%s,\"no_memory\":%s,\"rate\":%.0f",
	    st->st_origin, kshm_time_real(st->st_kshm), trace_end(st),
	    st->st_rows, st->st_first_row, st->st_lost, st->st_overwritten,
	    st->st_forgotten, st->st_losses.v_n, store_detail_from(st),
	    td->td_live ? "true" : "false", td->td_ended ? "true" : "false",
	    st->st_no_memory ? "true" : "false", td->td_rate);
	cpus_json(b, st);
	buf_text(b, "}");
	return (0);
}

int
api_threads(struct request *rq)
{
	struct store *st = rq->rq_store;
	struct buf *b = &rq->rq_out;

	buf_text(b, "{\"threads\":[");
	for (uint64_t i = 0; i < st->st_threads.v_n; i++) {
		const struct thread_info *ti = thread_at(st, (uint32_t)i);

		if (ti->ti_events == 0 && ti->ti_run_ns == 0 && !ti->ti_idle)
			continue;
		buf_comma(b);
		buf_printf(b,
		    "{\"t\":%lu,\"id\":%u,\"pid\":%d,\"tid\":%d,\"idle\":%s,"
		    "\"ended\":%s,\"events\":%lu,\"run\":%lu,\"calls\":%lu,"
		    "\"abi\":",
		    i, ti->ti_id, ti->ti_pid, ti->ti_tid,
		    ti->ti_idle ? "true" : "false",
		    ti->ti_ended ? "true" : "false", ti->ti_events,
		    ti->ti_run_ns, ti->ti_calls);
		buf_json(b, ti->ti_abi);
		buf_text(b, ",\"name\":");
		buf_json(b, ti->ti_name);
		buf_text(b, "}");
	}
	buf_text(b, "]}");
	return (0);
}

int
api_events(struct request *rq)
{
	static const char *const abis[] = {"linux64", "native"};
	struct store *st = rq->rq_store;
	struct buf *b = &rq->rq_out;

	buf_text(b, "{\"events\":[");
	for (uint32_t id = 1; id <= st->st_nevents; id++) {
		const struct event_info *ev = &st->st_events[id];

		buf_comma(b);
		buf_printf(
		    b, "{\"id\":%u,\"count\":%lu,\"name\":", id, ev->ev_count);
		buf_json(b, ev->ev_name);
		buf_text(b, ",\"fields\":[");
		for (size_t i = 0; i < ev->ev_nfields; i++) {
			buf_comma(b);
			buf_json(b, ev->ev_fields[i].name);
		}
		buf_text(b, "]}");
	}
	buf_text(b, "],\"calls\":{");
	for (size_t i = 0; i < 2; i++) {
		buf_printf(b, "%s\"%s\":[", i > 0 ? "," : "", abis[i]);
		for (uint32_t nr = 0; nr < CALLS_MAX; nr++) {
			const char *name = call_name(abis[i], nr);

			buf_comma(b);
			buf_json(b, name != NULL ? name : "");
		}
		buf_text(b, "]");
	}
	buf_text(b, "}}");
	return (0);
}

/* Seen and lost by ring: the sums that must agree with what was written. */
int
api_check(struct request *rq)
{
	struct store *st = rq->rq_store;
	struct buf *b = &rq->rq_out;

	buf_text(b, "{\"rings\":[");
	for (size_t i = 0; i < st->st_nrings; i++) {
		const struct ring *r = st->st_rings[i];

		buf_comma(b);
		buf_printf(b,
		    "{\"cpu\":%u,\"seen\":%lu,\"lost\":%lu,\"next\":%lu,"
		    "\"waiting\":%lu}",
		    r->r_cpu, r->r_reader.kd_seen, r->r_reader.kd_lost,
		    r->r_reader.kd_next, (uint64_t)(r->r_nstaged - r->r_at));
	}
	buf_printf(b, "],\"rows\":%lu,\"lost\":%lu,\"overwritten\":%lu}",
	    st->st_rows, st->st_lost, st->st_overwritten);
	return (0);
}
