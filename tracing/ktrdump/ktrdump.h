/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of ktrdump share: a sink gets every chosen record, in order. */
#ifndef KTRDUMP_H
#define KTRDUMP_H

#include <kshm.h>

struct sink {
	const char *s_name;
	/* path: where to write, NULL: standard output.  Ends the program on error. */
	void (*s_open)(struct kshm *k, const char *path);
	void (*s_record)(
	    struct kshm *k, const struct kshm_record *kr, uint32_t cpu);
	/* lost: records that nobody saw. */
	void (*s_close)(struct kshm *k, uint64_t seen, uint64_t lost);
};
extern const struct sink sink_text, sink_json, sink_ctf, sink_folded,
    sink_latency, sink_lua;

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* path for writing, or standard output for NULL. */
FILE *open_output(const char *path);
/* ns of a record; cycles if the kernel does not know. */
int64_t record_ns(struct kshm *k, const struct kshm_record *kr);
/* Does "GROUP", "GROUP.name", "name" or "*" name the event? */
bool event_named(
    struct kshm *k, const struct kshm_event *ke, const char *what, size_t n);
/* A thread's name, "thread N" if the kernel's table has none. */
const char *thread_name(struct kshm *k, uint32_t id);
/* The value of a field as the format has it; false: no such field. */
bool field_value(struct kshm *k, const struct kshm_record *kr, const char *name,
    uint64_t *vp);

/* --- latency.c: "BEGIN,END[:FIELD]" ------------------------------------------- */

void latency_pair(const char *spec);
/* --- lua.c ---------------------------------------------------------------------- */
void lua_script(const char *path);

#endif
