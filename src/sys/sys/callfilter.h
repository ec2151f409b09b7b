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
struct call_listener;
struct cbpf_insn;
struct file;
struct lwp;

/* From the strictest to the mildest: of several filters the first wins. */
enum filter_action {
	FILTER_KILL_PROCESS,
	FILTER_KILL_THREAD,
	FILTER_TRAP,   /* SIGSYS */
	FILTER_RESULT, /* the answer's data is the result */
	FILTER_ASK,    /* its listener decides; without one: no such call */
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

#define FILTERF_SYNC   0x1  /* for all threads of the process */
#define FILTERF_LOG    0x2  /* answers that refuse are logged */
#define FILTERF_STRICT 0x4  /* SIGKILL, not SIGSYS, for what it kills */
#define FILTERF_LISTEN 0x8  /* with a listener: *fdp is its descriptor */
#define FILTERF_KILL   0x10 /* only SIGKILL ends a question that was taken */
/*
 * Put a program (n instructions, size bytes of input) before the current
 * thread's filters.  EINVAL: not a valid one; ENOMEM: also, too long a chain;
 * EACCES: a new program could get rights back, and the caller is not root.
 * With SYNC, *tidp is a thread whose filters are not those of the caller: then
 * nothing was done, and the result is ESRCH.  With LISTEN also EBUSY (a filter
 * of the chain has a listener), ENFILE, EMFILE.
 */
int callfilter_install(struct lwp *lp, const struct cbpf_insn *prog, size_t n,
    size_t size, uint32_t flags, pid_t *tidp, int *fdp);
int callfilter_mode(const struct lwp *lp);
/* Programs in the chain. */
int callfilter_count(const struct lwp *lp);
/*
 * A copy (M_TEMP, the caller's) of lp's nth program, the oldest first: its length
 * and FILTERF_.  EINVAL: there are no programs; ENOENT, ENOMEM.
 */
int callfilter_text(struct lwp *lp, uint64_t nth, struct cbpf_insn **progp,
    size_t *np, uint32_t *flagsp);
/* (from's p_spin) child, not yet running, gets from's chain. */
void callfilter_inherit(struct lwp *from, struct lwp *child);
void callfilter_drop(struct callfilter *cf);
/*
 * Judge call *nrp of lp.  0: make it.  EJUSTRETURN: it is not to be made, and
 * the frame has its result.  ERESTART: a signal came first.  Or does not return.
 * A tracer may have changed *nrp.
 */
int callfilter_judge(struct lwp *lp, uint32_t *nrp);

/* --- listeners (kern_listener.c has the theory) ------------------------------ */

/* A listener, for the caller, and its file.  ENOMEM, ENFILE. */
int call_listener_create(
    bool killable, struct call_listener **clp, struct file **fpp);
void call_listener_drop(struct call_listener *cl);
/* Its filter is gone, and with it the filter's reference. */
void call_listener_orphan(struct call_listener *cl);
/* Ask about the current thread's call: as callfilter_judge. */
int call_listener_ask(
    struct call_listener *cl, struct lwp *lp, const uint64_t *input);

struct call_question {
	uint64_t cq_id;
	pid_t cq_tid;
	uint64_t cq_input[FILTER_INPUT_MAX / sizeof(uint64_t)];
};
struct call_gift {
	int cg_from; /* the giver's descriptor */
	int cg_at;   /* the receiver's; -1: any */
	int cg_fdflags;
	bool cg_answer; /* it is the result of the call, too */
};

/* The file of a listener: EBADF; ENOTTY, it is another file. */
int kern_listener_get(int fd, struct file **fpp);
/* Wait for a question and take it: EINTR; ENOENT, nobody can ask any more. */
int kern_listener_take(struct file *fp, struct call_question *out);
/* It could not be told to the program: it is as if it had not been taken. */
void kern_listener_put_back(struct file *fp, uint64_t id);
/* result is for the register.  ENOENT: no such question; EINPROGRESS: it is not
 * taken or answered already. */
int kern_listener_answer(
    struct file *fp, uint64_t id, bool go_on, uint64_t result);
int kern_listener_valid(struct file *fp, uint64_t id); /* ENOENT */
/* A file for who asks.  As answer; EBADF, EBUSY, EINTR, ESRCH (it is gone), and
 * what the receiver's table says. */
int kern_listener_give(
    struct file *fp, uint64_t id, const struct call_gift *what, int *fdp);

#endif
