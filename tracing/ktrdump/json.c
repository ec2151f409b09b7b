/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chrome's trace format (JSON), which Perfetto's and Speedscope's pages load.
 *
 * One process "kernel"; a row for each thread.  A system call is a slice (B, E);
 * everything else is a point.  A loss or the end of the recording can leave a
 * slice open or without its begin: a B is only closed by an E of the same
 * thread, an E without a B is left out, and what is open at the end is closed
 * there, so that the file always nests.
 */
#include <stdlib.h>
#include <string.h>
#include "ktrdump.h"

#define THREADS_MAX 65536

static FILE *out;
static bool first;
static uint8_t is_open[THREADS_MAX], named[THREADS_MAX];
static int64_t last_ns;

static void
string(const char *s)
{
	fputc('"', out);
	for (; *s != '\0'; s++)
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || (unsigned char)*s > 126)
			fprintf(out, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, out);
	fputc('"', out);
}

static void
start(const char *phase, uint32_t thread, int64_t ns)
{
	fprintf(out, "%s\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%u,\"ts\":%ld.%03ld",
	    first ? "" : ",", phase, thread, ns / 1000, ns % 1000);
	first = false;
}

static void
json_open(struct kshm *k, const char *path)
{
	(void)k;
	out = open_output(path);
	first = true;
	fprintf(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
}

static void
name_thread(struct kshm *k, uint32_t thread)
{
	if (thread >= THREADS_MAX || named[thread] != 0)
		return;
	named[thread] = 1;
	start("M", thread, 0);
	fprintf(out, ",\"name\":\"thread_name\",\"args\":{\"name\":");
	string(thread_name(k, thread));
	fprintf(out, "}}");
}

static void
arguments(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	struct kshm_field fields[KSHM_EVENT_ARGS];
	size_t n = kshm_event_fields(k, ke, fields);
	char bytes[KSHM_CHARS_MAX];
	const char *text;

	fprintf(out, ",\"args\":{\"cpu\":%u", cpu);
	for (size_t i = 0; i < n; i++) {
		uint64_t v = kr->kr_args[i];

		fputc(',', out);
		string(fields[i].name);
		fputc(':', out);
		text = kshm_field_text(k, &fields[i], i, kr, bytes);
		if (text != NULL)
			string(text);
		else if (strcmp(fields[i].conv, "d") == 0)
			fprintf(out, "%d", (int)v);
		else if (strcmp(fields[i].conv, "u") == 0)
			fprintf(out, "%u", (unsigned)v);
		else if (strcmp(fields[i].conv, "ld") == 0)
			fprintf(out, "%ld", (long)v);
		else /* more than a double holds: as text */
			fprintf(out, "\"0x%lx\"", v);
	}
	fprintf(out, "}}");
}

static void
json_record(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	const char *group = kshm_text(k, ke->ke_group_name);
	const char *name = kshm_text(k, ke->ke_name);
	uint32_t t = kr->kr_thread < THREADS_MAX ? kr->kr_thread : 0;
	int64_t ns = record_ns(k, kr);
	bool call = strcmp(group, "SYSCALL") == 0;
	uint64_t nr = 0;

	ns = ns < 0 ? 0 : ns;
	last_ns = ns;
	name_thread(k, kr->kr_thread);
	if (call && strcmp(name, "enter") == 0) {
		if (is_open[t] != 0) {
			start("E", t, ns);
			fprintf(out, "}");
		}
		is_open[t] = 1;
		(void)field_value(k, kr, "nr", &nr);
		start("B", t, ns);
		fprintf(
		    out, ",\"cat\":\"SYSCALL\",\"name\":\"call %d\"", (int)nr);
		arguments(k, kr, cpu);
		return;
	}
	if (call && strncmp(name, "leave", 5) == 0) {
		if (is_open[t] == 0)
			return;
		is_open[t] = 0;
		start("E", t, ns);
		arguments(k, kr, cpu);
		return;
	}
	start("i", kr->kr_thread, ns);
	fprintf(out, ",\"s\":\"t\",\"cat\":");
	string(group);
	fprintf(out, ",\"name\":");
	string(name);
	arguments(k, kr, cpu);
}

static void
json_close(struct kshm *k, uint64_t seen, uint64_t lost)
{
	(void)k;
	for (uint32_t t = 0; t < THREADS_MAX; t++)
		if (is_open[t] != 0) {
			start("E", t, last_ns);
			fprintf(out, "}");
		}
	fprintf(out, "\n],\"otherData\":{\"seen\":%lu,\"lost\":%lu}}\n", seen,
	    lost);
	if (fflush(out) != 0)
		die("writing failed");
	fprintf(stderr, "ktrdump: %lu events seen, %lu lost\n", seen, lost);
}

const struct sink sink_json = {"json", json_open, json_record, json_close};
