/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: typed events in per-CPU rings of the shared segment.
 *
 *	KTR_EVENT(SCHED, switch, "from=%p to=%p", KTRP(from), KTRP(to));
 *
 * An event has a group, a name, a format that also names its fields, and up to
 * KTR_ARGS 64-bit arguments.  Disabled it costs one load and a branch.  Theory
 * in kern/ktr/ktr.c; what a record looks like in sys/kshm_abi.h.
 *
 * Conversions: %d %u %x %o with or without l: integers.  %p: an address, by
 * KTRP.  %s: a text, by KTRS; it is rare or short-listed, for it is kept.  %c:
 * this argument and all behind it are the bytes of a text, with NULs at its end.
 */
#ifndef SYS_KTR_H
#define SYS_KTR_H

#include <sys/types.h>
#include <sys/atomic.h>
#include <sys/kshm_abi.h>

#define KTR_ARGS KSHM_EVENT_ARGS
enum ktr_group {
	KTRG_SCHED,
	KTRG_SYSCALL,
	KTRG_FAULT,
	KTRG_LOCK,
	KTRG_VFS,
	KTRG_PROC,
	KTRG_TTY,
	KTRG_EVENT,
	KTRG_MACHINE,
	KTRG_TEST,
	KTRG_COUNT
};

struct ktr_filter;
struct ktr_point {
	uint8_t kp_on; /* (atomic) KTRF_ */
	uint8_t kp_group;
	uint8_t kp_nargs;
	uint8_t kp_chosen; /* (ktr lock) KTRF_EVENT or 0 */
	uint32_t kp_id;
	const char *kp_name;
	const char *kp_format;
	const char *kp_file;
	int kp_line;
	const struct ktr_filter *kp_filter; /* (ktr lock) */
	const struct kshm_event *kp_event;  /* what the segment says of it */
};
#define KTRF_GROUP 0x01 /* its group is on */
#define KTRF_EVENT 0x02 /* it is on by itself */
#define KTRF_SLOW  0x80 /* and has a filter, or is hashed */

extern uint32_t ktr_enabled; /* bit per group; ktr_groups_set changes it */

void ktr_record(const struct ktr_point *kp, uint64_t a0, uint64_t a1,
    uint64_t a2, uint64_t a3, uint64_t a4);
/* Groups by bit mask. */
void ktr_groups_set(uint32_t mask);
/* "GROUP", "GROUP.name" or "*", several with commas; ENOENT: which is none. */
int ktr_select(const char *what, bool on);
/*
 * A hash of the events so far: of names, threads, times, integers; not of
 * addresses.  Counted only with option ktr.hash=1; equal in two runs that went
 * the same way, if there is one CPU.
 */
uint64_t ktr_stream_hash(uint64_t *countp);
/* The machine ends: no more events, the rings stay as they are. */
void ktr_freeze(void);
/* Option ktr.tail=N: print the last N events; at a panic, and at a bad end. */
void ktr_tail(void);
uint32_t kshm_string(const char *s);
/*
 * A text of a program's as events TEST.mark, 32 bytes in each.  EINVAL: it is
 * too long, EBADF: marks are not recorded now.
 */
#define KTR_MARK_MAX 1024
int kern_ktr_mark(const char *text, size_t len);
/* Would it be recorded? */
bool kern_ktr_marks(void);

#define KTR_ON(group) __unlikely(atomic_load(&ktr_enabled) & (1u << (group)))
#define KTR_RECORD(kp, a, b, c, d, e, ...)                                     \
	ktr_record(kp, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c),            \
	    (uint64_t)(d), (uint64_t)(e))
#define KTR_EVENT(group, name, fmt, ...)                                       \
	do {                                                                   \
		static struct ktr_point _kp = {0, CONCAT(KTRG_, group), 0, 0,  \
		    0, #name, fmt, __FILE__, __LINE__, NULL, NULL};            \
		SET_ENTRY(ktr_points, &_kp);                                   \
		_Static_assert(sizeof((uint64_t[]){0, ##__VA_ARGS__}) <=       \
			(KTR_ARGS + 1) * sizeof(uint64_t),                     \
		    "too many arguments");                                     \
		if (__unlikely(atomic_load(&_kp.kp_on)))                       \
			KTR_RECORD(&_kp, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0);     \
	} while (0)
/* Arguments are integers; cast pointers with KTRP, texts with KTRS. */
#define KTRP(p) ((uint64_t)(uintptr_t)(p))
#define KTRS(s) ((uint64_t)kshm_string(s))

#endif
