/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: typed events in per-CPU rings.
 *
 *	KTR_EVENT(SCHED, switch, "from=%p to=%p", KTRP(from), KTRP(to));
 *
 * An event has a group (an enable bit), a name, a format that also names its
 * fields, and up to KTR_ARGS 64-bit arguments.  Disabled it costs one load and
 * a branch.  Ring record: sequence invalid -> fill -> release sequence.
 */
#ifndef SYS_KTR_H
#define SYS_KTR_H

#include <sys/types.h>
#include <sys/atomic.h>

#define KTR_ARGS 6
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

struct ktr_point {
	enum ktr_group kp_group;
	const char *kp_name;
	const char *kp_format;
	const char *kp_file;
	int kp_line;
	uint32_t kp_id;
};
struct ktr_record {
	volatile uint64_t kr_seq; /* 2 * (n + 1) when whole, odd while filled */
	uint64_t kr_cycles;
	uint32_t kr_id;
	uint32_t kr_nargs;
	uint64_t kr_thread;
	uint64_t kr_args[KTR_ARGS];
};
extern uint32_t ktr_enabled; /* bit per group */
void ktr_record(
    const struct ktr_point *kp, uint32_t nargs, const uint64_t *args);

#define KTR_ON(group) __unlikely(atomic_load(&ktr_enabled) & (1u << (group)))
#define KTR_EVENT(group, name, fmt, ...)                                       \
	do {                                                                   \
		if (KTR_ON(CONCAT(KTRG_, group))) {                            \
			static struct ktr_point _kp = {CONCAT(KTRG_, group),   \
			    #name, fmt, __FILE__, __LINE__, 0};                \
			SET_ENTRY(ktr_points, &_kp);                           \
			const uint64_t _a[] = {0, ##__VA_ARGS__};              \
			ktr_record(&_kp, nitems(_a) - 1, _a + 1);              \
		}                                                              \
	} while (0)
/* Arguments are integers; cast pointers with KTRP. */
#define KTRP(p) ((uint64_t)(uintptr_t)(p))

#endif
