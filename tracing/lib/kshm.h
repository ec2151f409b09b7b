/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libkshm: read the shared segment of a Mayfly kernel (sys/kshm_abi.h), running,
 * panicked, or saved.
 *
 * Nothing here asks the kernel for anything, writes to it, or can hold it up.
 * A function that can fail returns 0 or a positive errno, and kshm_error() says
 * more.  A struct kshm may be used by one thread at a time.
 */
#ifndef LIBKSHM_H
#define LIBKSHM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include "../../src/sys/sys/kshm_abi.h"

struct btf;
struct kshm;

/* --- attach --------------------------------------------------------------------- */

/*
 * where is one of
 *	PID		a vkernel, or a QEMU that has its RAM as a file
 *	NAME		a vkernel started with -k kshm.name=NAME
 *	FILE		a saved segment, the FILE of vkernel --kshm, the FILE of
 *			pc64 --kshm (all of the guest's RAM), or /dev/kshm
 * ENOENT: there is no such; EACCES: it is another user's; EINVAL: not a segment.
 */
int kshm_attach(const char *where, struct kshm **kp);
int kshm_attach_pid(pid_t pid, struct kshm **kp);
int kshm_attach_name(const char *name, struct kshm **kp);
int kshm_attach_file(const char *path, struct kshm **kp);
void kshm_detach(struct kshm *k);
/* Why the last call of this thread failed. */
const char *kshm_error(void);

/*
 * For a tool: when somebody cuts the file of a segment that is mapped, what
 * lies behind is a signal (SIGBUS).  From now on it is a line on the standard
 * error, "PROGRAM: ...", and status 2.
 */
void kshm_end_if_cut(const char *program);
/* Is the process that was attached to no more?  Never true of a file. */
bool kshm_gone(const struct kshm *k);
/* The process that was attached to; 0: a file. */
pid_t kshm_pid(const struct kshm *k);
/* The pages that the kernel added since; 0, or ENOMEM. */
int kshm_refresh(struct kshm *k);
/* Pages that were read need not stay in memory; they come back by themselves. */
void kshm_forget(struct kshm *k);
/* Write the segment to a file that can be attached to. */
int kshm_save(struct kshm *k, const char *path);

const struct kshm_header *kshm_header(const struct kshm *k);
/* [offset, offset + bytes) of the segment, or NULL if it is not all there. */
const void *kshm_at(const struct kshm *k, uint64_t offset, uint64_t bytes);
/* The text at an offset of the strings; "" for none. */
const char *kshm_text(const struct kshm *k, uint32_t offset);

/* --- clock ------------------------------------------------------------------------ */

/* ns since boot of a record's time; -1 as long as the kernel does not know. */
int64_t kshm_time_ns(const struct kshm *k, uint64_t time);
/* What to add for the time of day (ns since 1970). */
int64_t kshm_time_real(const struct kshm *k);
/* The same for many records: a copy of the clock, and a time by it. */
struct kshm_clock kshm_clock(const struct kshm *k);
int64_t kshm_clock_ns(const struct kshm_clock *kc, uint64_t time);

/* --- objects ------------------------------------------------------------------------ */

size_t kshm_objects(const struct kshm *k);
const struct kshm_object *kshm_object(const struct kshm *k, size_t i);
const struct kshm_object *kshm_find(const struct kshm *k, const char *path);
/*
 * A consistent copy of element i into buf (ko_size bytes) by the rule of the
 * object's class.  EAGAIN: it was changing all the time; EINVAL: no such element.
 */
int kshm_read(
    const struct kshm *k, const struct kshm_object *ko, uint32_t i, void *buf);

/* --- types ---------------------------------------------------------------------------- */

/* The kernel's types, for libbpf; NULL if the segment has none. */
const struct btf *kshm_types(struct kshm *k);
/* The id of a type by its C name ("struct cpu", "uint64_t"); 0: not found. */
uint32_t kshm_type_id(struct kshm *k, const char *name);
/* Its size in bytes; 0 if it has none. */
size_t kshm_type_size(struct kshm *k, uint32_t id);
/* C text of a value of the type; nothing is known beforehand. */
int kshm_print(struct kshm *k, FILE *out, uint32_t id, const void *data);
/*
 * Walk a value of kshm_type_size bytes: called for each leaf (number, pointer,
 * text).  EINVAL: the types are damaged, or it has too many leaves.
 */
struct kshm_leaf {
	const char *path; /* "c_md.cm_pid", "c_runq[3].tqh_first" */
	uint64_t offset;  /* in the value */
	uint32_t size;	  /* bytes; of a text: its room */
	enum kshm_leaf_kind {
		KSHM_UNSIGNED,
		KSHM_SIGNED,
		KSHM_BOOLEAN,
		KSHM_POINTER,
		KSHM_ENUM,
		KSHM_CHARS
	} kind;
	uint64_t value;	  /* but of KSHM_CHARS */
	const char *text; /* KSHM_CHARS: the bytes; KSHM_ENUM: name or NULL */
};
typedef int kshm_leaf_func(const struct kshm_leaf *leaf, void *arg);
int kshm_walk(struct kshm *k, uint32_t id, const void *data,
    kshm_leaf_func *func, void *arg);

/* --- events ----------------------------------------------------------------------------- */

size_t kshm_events(const struct kshm *k);
/* By id, 1...; NULL: no such. */
const struct kshm_event *kshm_event(const struct kshm *k, uint32_t id);
/*
 * The name of field i of an event, and its conversion ("d", "p", "s", "lx").
 * "c": the arguments from here on are a text.
 */
struct kshm_field {
	char name[32];
	char conv[8];
};
size_t kshm_event_fields(const struct kshm *k, const struct kshm_event *ke,
    struct kshm_field fields[KSHM_EVENT_ARGS]);
/*
 * The text of a field that is one, else NULL.  What a program wrote ("c") comes
 * as one line: what is not printable, and a backslash, as \xNN.
 */
#define KSHM_CHARS_MAX (KSHM_EVENT_ARGS * 8 * 4 + 1)
const char *kshm_field_text(const struct kshm *k,
    const struct kshm_field *field, size_t i, const struct kshm_record *kr,
    char buf[KSHM_CHARS_MAX]);
/* "name=value ..." of a record. */
void kshm_event_format(
    const struct kshm *k, const struct kshm_record *kr, char *buf, size_t size);

/* --- rings ------------------------------------------------------------------------------ */

/* A reader of one ring; a segment has as many as anybody wants. */
struct kshm_reader {
	const struct kshm_object *kd_object;
	uint64_t kd_next; /* the number it wants next */
	uint64_t kd_seen, kd_lost;
	uint64_t kd_waiting; /* looks at a record that is not whole yet */
	uint64_t kd_retries; /* copies that the writer spoilt */
};
/* The rings: their objects, up to max; how many there are. */
size_t kshm_rings(
    const struct kshm *k, const struct kshm_object **objects, size_t max);
/* Numbers that were ever given out in a ring. */
uint64_t kshm_ring_head(const struct kshm *k, const struct kshm_object *ring);
/* Start at the oldest record that is there (all before counts as lost), or at
 * the end (all before counts as seen). */
void kshm_reader_init(const struct kshm *k, struct kshm_reader *kd,
    const struct kshm_object *ring, bool at_end);
/*
 * Copy up to max whole records, in order; how many.  Between two calls kd_seen
 * + kd_lost == kd_next, and after a call that returned less than max also
 * kd_next == head, or a record before it is being written.
 */
size_t kshm_reader_read(const struct kshm *k, struct kshm_reader *kd,
    struct kshm_record *records, size_t max);
/* The kernel has ended or the segment was saved: what is not whole is lost. */
size_t kshm_reader_end(const struct kshm *k, struct kshm_reader *kd,
    struct kshm_record *records, size_t max);

/* All rings merged by time. */
struct kshm_merge;
struct kshm_merge *kshm_merge_new(struct kshm *k, bool at_end);
void kshm_merge_free(struct kshm_merge *km);
/*
 * The next record, and its CPU; false: there is none now.  In a live segment a
 * record younger than hold_ns is kept until its older brothers had time to
 * come; final takes all.
 */
bool kshm_merge_next(struct kshm_merge *km, struct kshm_record *kr,
    uint32_t *cpu, int64_t hold_ns, bool final);
/* Sums over the rings. */
void kshm_merge_counts(
    const struct kshm_merge *km, uint64_t *seen, uint64_t *lost);

/* --- filters ---------------------------------------------------------------------------- */

/*
 * Compile a Lua expression over the event's fields ("nr == 3 and tid > 5"; also
 * thread, cpu).  EINVAL, and kshm_error tells what is wrong.
 */
int kshm_filter_compile(const struct kshm *k, const struct kshm_event *ke,
    const char *text, struct kshm_filter_insn code[KSHM_FILTER_MAX],
    uint32_t *count);
/* What to write to sysctl kern.ktr.filter for it. */
void kshm_filter_text(const struct kshm *k, const struct kshm_event *ke,
    const struct kshm_filter_insn *code, uint32_t count, char *buf,
    size_t size);
/* Would the kernel keep this record? */
bool kshm_filter_run(const struct kshm_filter_insn *code, uint32_t count,
    const struct kshm_record *kr, uint32_t cpu);

#endif
