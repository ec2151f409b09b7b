/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Folded stacks, for flame graphs: ns in system calls and page faults, by
 * thread and call: "thread;call N ns".
 */
#include <stdlib.h>
#include <string.h>
#include "ktrdump.h"

#define THREADS_MAX 65536
#define LINES_MAX   65536 /* a power of two */

static FILE *out;
static struct {
	bool open;
	uint64_t nr;
	int64_t ns;
} calls[THREADS_MAX];
static struct line {
	bool used;
	uint32_t thread;
	uint64_t nr;
	uint64_t ns;
} lines[LINES_MAX];
static size_t nlines;

static void
folded_open(struct kshm *k, const char *path)
{
	(void)k;
	out = open_output(path);
}

static void
add(uint32_t thread, uint64_t nr, int64_t ns)
{
	size_t i = (thread * 1031UL + nr) % LINES_MAX;

	while (
	    lines[i].used && (lines[i].thread != thread || lines[i].nr != nr))
		i = (i + 1) % LINES_MAX;
	if (!lines[i].used && ++nlines == LINES_MAX)
		die("too many threads and calls");
	lines[i].used = true;
	lines[i].thread = thread;
	lines[i].nr = nr;
	lines[i].ns += ns > 0 ? (uint64_t)ns : 0;
}

static void
folded_record(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	const char *name = kshm_text(k, ke->ke_name);
	uint32_t t = kr->kr_thread;

	(void)cpu;
	if (t >= THREADS_MAX ||
	    strcmp(kshm_text(k, ke->ke_group_name), "SYSCALL") != 0)
		return;
	if (strcmp(name, "enter") == 0) {
		calls[t].open = field_value(k, kr, "nr", &calls[t].nr);
		calls[t].ns = record_ns(k, kr);
	} else if (strncmp(name, "leave", 5) == 0 && calls[t].open) {
		calls[t].open = false;
		add(t, calls[t].nr, record_ns(k, kr) - calls[t].ns);
	}
}

static void
folded_close(struct kshm *k, uint64_t seen, uint64_t lost)
{
	for (size_t i = 0; i < LINES_MAX; i++) {
		if (!lines[i].used)
			continue;
		for (const char *p = thread_name(k, lines[i].thread);
		     *p != '\0'; p++)
			fputc(*p == ';' || *p == ' ' ? '_' : *p, out);
		fprintf(out, ";call_%d %lu\n", (int)lines[i].nr, lines[i].ns);
	}
	if (fflush(out) != 0)
		die("writing failed");
	fprintf(stderr, "ktrdump: %lu events seen, %lu lost\n", seen, lost);
}

const struct sink sink_folded = {
    "folded", folded_open, folded_record, folded_close};
