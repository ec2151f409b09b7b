/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which events a request wants: by name, CPU, thread (columns), by an
 * expression over fields as ktrdump -w takes it, by a text in its line (both
 * need the record).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "traced.h"

struct program {
	bool fits; /* the event has all fields of the expression */
	uint32_t count;
	struct kshm_filter_insn code[KSHM_FILTER_MAX];
};

static int
compile(struct request *rq, struct filter *fl, const char *where)
{
	struct store *st = rq->rq_store;
	bool any = false;

	fl->fl_programs = calloc(st->st_nevents + 1, sizeof(struct program));
	if (fl->fl_programs == NULL)
		return (refuse(rq, 503, "no memory"));
	for (uint32_t id = 1; id <= st->st_nevents; id++) {
		struct program *pg = &fl->fl_programs[id];
		const struct kshm_event *ke = kshm_event(st->st_kshm, id);

		if (ke == NULL || (fl->fl_some && fl->fl_marks[id] == 0))
			continue;
		pg->fits = kshm_filter_compile(st->st_kshm, ke, where, pg->code,
			       &pg->count) == 0;
		any = any || pg->fits;
	}
	return (any ? 0 : refuse(rq, 400, "where: %s", kshm_error()));
}

int
filter_words(struct request *rq, struct filter *fl)
{
	uint64_t cpu = UINT64_MAX, thread = NO_THREAD;
	const char *where = word(rq, "where"), *text = word(rq, "text");
	int status;

	memset(fl, 0, sizeof(*fl));
	fl->fl_store = rq->rq_store;
	if ((status = events_word(rq, "events", fl->fl_marks, &fl->fl_some)) !=
		0 ||
	    (status = number_word(rq, "cpu", CPUS_MAX, &cpu)) != 0 ||
	    (status = number_word(rq, "thread", NO_THREAD - 1, &thread)) != 0)
		return (status);
	fl->fl_cpu = cpu == UINT64_MAX ? -1 : (int64_t)cpu;
	fl->fl_thread = (uint32_t)thread;
	fl->fl_text = text != NULL && *text != '\0' ? text : NULL;
	if (where != NULL && *where != '\0' &&
	    (status = compile(rq, fl, where)) != 0)
		filter_free(fl);
	return (status);
}

bool
filter_columns(const struct filter *fl, const struct cursor *cu)
{
	return ((fl->fl_some && fl->fl_marks[cu->cu_event] == 0) ||
	    (fl->fl_thread != NO_THREAD && fl->fl_thread != cu->cu_thread) ||
	    (fl->fl_cpu >= 0 &&
		fl->fl_store->st_rings[cu->cu_ring]->r_cpu !=
		    (uint64_t)fl->fl_cpu) ||
	    (fl->fl_programs != NULL && !fl->fl_programs[cu->cu_event].fits));
}

bool
filter_needs_record(const struct filter *fl)
{
	return (fl->fl_programs != NULL || fl->fl_text != NULL);
}

bool
filter_record(
    const struct filter *fl, const struct cursor *cu, struct kshm_record *kr)
{
	struct store *st = fl->fl_store;
	const struct program *pg;
	char line[700];
	size_t n;

	if (!source_record(st->st_source, cu->cu_ring, cu->cu_at, kr))
		return (false);
	if (fl->fl_programs != NULL) {
		pg = &fl->fl_programs[cu->cu_event];
		if (!kshm_filter_run(pg->code, pg->count, kr,
			st->st_rings[cu->cu_ring]->r_cpu))
			return (false);
	}
	if (fl->fl_text == NULL)
		return (true);
	n = (size_t)snprintf(line, sizeof(line), "%s %s ",
	    st->st_events[cu->cu_event].ev_name,
	    thread_at(st, cu->cu_thread)->ti_name);
	kshm_event_format(st->st_kshm, kr, line + n, sizeof(line) - n);
	return (strcasestr(line, fl->fl_text) != NULL);
}

void
filter_free(struct filter *fl)
{
	free(fl->fl_programs);
	fl->fl_programs = NULL;
}
