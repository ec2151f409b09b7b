/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters of system calls: what a thread may call.  The chain of a thread only
 * grows; new threads and processes get their maker's, exec keeps it.
 *
 * What a filter sees and what its answers mean is the ABI's (abi_filter_input,
 * abi_filter_answer); the policy is in kern_callfilter.c.
 */
#ifndef SYS_CALLFILTER_H
#define SYS_CALLFILTER_H

#include <sys/types.h>

struct callfilter;
struct cbpf_insn;
struct lwp;

/* From the strictest to the mildest: of several filters the first wins. */
enum filter_action {
	FILTER_KILL_PROCESS,
	FILTER_KILL_THREAD,
	FILTER_TRAP,   /* SIGSYS */
	FILTER_RESULT, /* the answer's data is the result */
	FILTER_TRACE,  /* its tracer decides; without one: no such call */
	FILTER_LOG,
	FILTER_ALLOW
};

struct filter_verdict {
	enum filter_action fv_action;
	uint32_t fv_data;
};

#define FILTER_INPUT_MAX 64

enum {
	FILTER_MODE_NONE,
	FILTER_MODE_STRICT, /* made by callfilter_install with strict */
	FILTER_MODE_PROGRAM
};

#define FILTERF_SYNC   0x1 /* for all threads of the process */
#define FILTERF_LOG    0x2 /* answers that refuse are logged */
#define FILTERF_STRICT 0x4 /* SIGKILL, not SIGSYS, for what it kills */
/*
 * Put a program (n instructions, size bytes of input) before the current
 * thread's filters.  EINVAL: not a valid one; ENOMEM: also, too long a chain;
 * EACCES: a new program could get rights back, and the caller is not root.
 * With SYNC, *tidp is a thread whose filters are not those of the caller: then
 * nothing was done, and the result is ESRCH.
 */
int callfilter_install(struct lwp *lp, const struct cbpf_insn *prog, size_t n,
    size_t size, uint32_t flags, pid_t *tidp);
int callfilter_mode(const struct lwp *lp);
/* Programs in the chain. */
int callfilter_count(const struct lwp *lp);
/* (from's p_spin) child, not yet running, gets from's chain. */
void callfilter_inherit(struct lwp *from, struct lwp *child);
void callfilter_drop(struct callfilter *cf);
/*
 * Judge call *nrp of lp.  False: it is not to be made, and the frame has its
 * result; or does not return.  A tracer may have changed *nrp.
 */
bool callfilter_judge(struct lwp *lp, uint32_t *nrp);

#endif
