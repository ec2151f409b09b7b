/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Latencies: the time from a begin event to the end event that belongs to it,
 * of the same thread, or with the same value of a field, however they nest.
 */
#include <stdlib.h>
#include <string.h>
#include "ktrdump.h"

#define BUCKETS 4096 /* of open begins */

struct open_begin {
	struct open_begin *next;
	uint64_t key;
	int64_t ns;
};

static char *begin, *end, *field;
static struct open_begin *open_begins[BUCKETS];
static uint64_t nopen, unmatched;
static int64_t *times;
static size_t ntimes, room;
static FILE *out;

void
latency_pair(const char *spec)
{
	char *comma, *colon;

	if ((begin = strdup(spec)) == NULL)
		die("out of memory");
	if ((comma = strchr(begin, ',')) == NULL)
		die("--latency: \"%s\" is not BEGIN,END[:FIELD]", spec);
	*comma = '\0';
	end = comma + 1;
	if ((colon = strchr(end, ':')) != NULL) {
		*colon = '\0';
		field = colon + 1;
	}
}

/* The name must be some event's, and have the field. */
static void
check(struct kshm *k, const char *name)
{
	struct kshm_record kr = {0};
	uint64_t v;

	for (uint32_t id = 1; id <= kshm_events(k); id++) {
		if (!event_named(k, kshm_event(k, id), name, strlen(name)))
			continue;
		kr.kr_id = id;
		if (field != NULL && !field_value(k, &kr, field, &v))
			die("event %s has no field \"%s\"", name, field);
		return;
	}
	die("--latency: no event \"%s\"; see --list", name);
}

static void
latency_open(struct kshm *k, const char *path)
{
	check(k, begin);
	check(k, end);
	out = open_output(path);
}

static struct open_begin **
slot(uint64_t key)
{
	struct open_begin **p = &open_begins[key * 0x9e3779b97f4a7c15UL >> 52];

	while (*p != NULL && (*p)->key != key)
		p = &(*p)->next;
	return (p);
}

static void
begun(uint64_t key, int64_t ns)
{
	struct open_begin *b = malloc(sizeof(*b));
	struct open_begin **p = slot(key);

	if (b == NULL)
		die("out of memory");
	/* In front of an older one with this key: the inner one ends first. */
	*b = (struct open_begin){*p, key, ns};
	*p = b;
	nopen++;
}

static void
ended(uint64_t key, int64_t ns)
{
	struct open_begin **p = slot(key), *b = *p;

	if (b == NULL) {
		unmatched++;
		return;
	}
	if (ntimes == room) {
		room = room == 0 ? 1024 : room * 2;
		if ((times = realloc(times, room * sizeof(*times))) == NULL)
			die("out of memory");
	}
	times[ntimes++] = ns - b->ns;
	*p = b->next;
	free(b);
	nopen--;
}

static void
latency_record(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	uint64_t key = kr->kr_thread;

	(void)cpu;
	if (field != NULL && !field_value(k, kr, field, &key))
		return;
	/* One event may be both: the end of one wait, the begin of the next. */
	if (event_named(k, ke, end, strlen(end)))
		ended(key, record_ns(k, kr));
	if (event_named(k, ke, begin, strlen(begin)))
		begun(key, record_ns(k, kr));
}

static int
by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y ? -1 : x > y);
}

/* The smallest time that at least this share of all does not exceed. */
static int64_t
percentile(double share)
{
	size_t i = (size_t)(share * (double)ntimes);

	if ((double)i < share * (double)ntimes)
		i++;
	return (times[i > 0 ? i - 1 : 0]);
}

static void
latency_close(struct kshm *k, uint64_t seen, uint64_t lost)
{
	double sum = 0;

	(void)k;
	if (ntimes > 0)
		qsort(times, ntimes, sizeof(*times), by_time);
	for (size_t i = 0; i < ntimes; i++)
		sum += (double)times[i];
	fprintf(out, "pairs %zu, ends without a begin %lu, still open %lu\n",
	    ntimes, unmatched, nopen);
	if (ntimes > 0)
		fprintf(out,
		    "ns: min %ld mean %.0f p50 %ld p90 %ld p99 %ld p99.9 %ld "
		    "max %ld\n",
		    times[0], sum / (double)ntimes, percentile(0.5),
		    percentile(0.9), percentile(0.99), percentile(0.999),
		    times[ntimes - 1]);
	fprintf(stderr, "ktrdump: %lu events seen, %lu lost\n", seen, lost);
}

const struct sink sink_latency = {
    "latency", latency_open, latency_record, latency_close};
