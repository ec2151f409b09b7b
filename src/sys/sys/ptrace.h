/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing of threads by other threads: what ptrace calls stand on.  Numbers
 * here are native; an ABI translates them.  The theory is in kern_tracee.c.
 *
 * A struct tracee is the link between a traced thread and its tracer.  It lives
 * from attaching until the tracer lets go, or has been told of the end.
 *
 * Locks: (t) proctree_lock, (p) te_proc's p_spin, (c) set at creation.
 */
#ifndef SYS_PTRACE_H
#define SYS_PTRACE_H

#include <sys/proc.h>

struct kern_fork_args;

struct tracee {
	LIST_ENTRY(tracee) te_link; /* (t) of te_tracer->lw_tracees */
	struct lwp *te_tracer;	    /* (t) */
	struct lwp *te_lwp;	    /* (t, p) NULL: the thread has ended */
	struct proc *te_proc;	    /* (c) held */
	pid_t te_tid;		    /* (t) */
	uint32_t te_options;	    /* (p) TRO_ */
	uint32_t te_flags;	    /* (p) TEF_ */
	int te_code;		    /* (p) of the stop: signal | event << 8 */
	int te_event;		    /* (p) of te_msg */
	uint64_t te_msg;	    /* (p) what the event was about */
	ksiginfo_t *te_info;	    /* (p) of the stop, or NULL; the stack's of
				       the tracee */
	int te_status;		    /* (t) with TEF_ZOMBIE: how it ended */
	struct rusage te_ru;	    /* (t) the same, for a thread */
};
#define TEF_SEIZED    0x0001 /* attached without a signal: newer rules */
#define TEF_STOPPED   0x0002 /* in a stop; TEF_NEWS: not yet waited for */
#define TEF_NEWS      0x0004
#define TEF_LISTEN    0x0008 /* stopped, and only events are of interest */
#define TEF_NOTIFY    0x0010 /* job control changed: stop and say so */
#define TEF_INTERRUPT 0x0020 /* the tracer asked for a stop */
#define TEF_FROZEN    0x0040 /* a request looks at it: stay stopped */
#define TEF_SYSCALLS  0x0100 /* stop at the next end of a system call */
#define TEF_EMULATE   0x0200 /* ... at its begin only, and skip it */
#define TEF_ATCALL    0x0400 /* in a stop at a call's begin */
#define TEF_ATRETURN  0x0800 /* in a stop at a call's end */
#define TEF_ZOMBIE    0x1000
#define TEF_ATSECCOMP 0x2000 /* in a stop that a filter asked for */

/* Options. */
#define TRO_SYSGOOD   0x001 /* stops at calls are TRACE_SYSGOOD */
#define TRO_FORK      0x002
#define TRO_VFORK     0x004
#define TRO_CLONE     0x008
#define TRO_EXEC      0x010
#define TRO_VFORKDONE 0x020
#define TRO_EXIT      0x040
#define TRO_SECCOMP   0x080
#define TRO_EXITKILL  0x100

/* Events, and what a stop's code adds to SIGTRAP at a call. */
enum {
	TRACE_EV_NONE,
	TRACE_EV_FORK,	    /* te_msg: the child */
	TRACE_EV_VFORK,	    /* the child */
	TRACE_EV_CLONE,	    /* the child or thread */
	TRACE_EV_EXEC,	    /* the thread's id before */
	TRACE_EV_VFORKDONE, /* the child */
	TRACE_EV_EXIT,	    /* the status it will have */
	TRACE_EV_SECCOMP,   /* the filter's word */
	TRACE_EV_STOP
};
#define TRACE_SYSGOOD	  0x80
#define TRACE_CODE(s, ev) ((s) | (ev) << 8)

/* ksi_code of stops that are no signals: ksi_status is the stop's code. */
#define SI_TRACE 0x10008

/* --- the tracer's requests (kern_ptrace.c) -----------------------------------
 * All for the current lwp, which must be the tracer.  ESRCH: not its tracee,
 * or not stopped.
 */

/* May the current process look into p?  0, EPERM.  Takes (p). */
int trace_permitted(struct proc *p);
int kern_trace_me(void); /* by the parent; EPERM ENOMEM */
int kern_trace_attach(pid_t tid, bool seize, uint32_t options);
/* The stopped tracee tid, held, which stays so until trace_end. */
int trace_begin(pid_t tid, struct lwp **lpp);
void trace_end(struct lwp *lp);
enum trace_resume {
	TRR_CONT,
	TRR_SYSCALL, /* up to the next begin or end of a call */
	TRR_STEP,    /* one instruction */
	TRR_EMULATE, /* up to the next begin of a call, which is not made */
	TRR_EMULATE_STEP,
	TRR_DETACH
};
/* Between begin and end: it will go on.  sig is delivered; EIO: no signal. */
int kern_trace_resume(struct lwp *lp, enum trace_resume how, int sig);
int kern_trace_listen(struct lwp *lp); /* EIO */
int kern_trace_interrupt(pid_t tid);   /* a running one; EIO: not seized */
int kern_trace_kill(pid_t tid);
/* Memory, whatever its protection is; *donep short of len is EIO. */
int kern_trace_rw(
    struct lwp *lp, uaddr_t addr, void *buf, size_t len, bool write);
void kern_trace_options(struct lwp *lp, uint32_t options);
int kern_trace_getsiginfo(struct lwp *lp, ksiginfo_t *ksi); /* EINVAL */
int kern_trace_setsiginfo(struct lwp *lp, const ksiginfo_t *ksi);
void kern_trace_setsigmask(struct lwp *lp, const sigset_t *mask);
/* The index-th queued signal of lp or its process: ENOENT. */
int kern_trace_peeksig(
    struct lwp *lp, bool shared, uint64_t index, ksiginfo_t *ksi);
/* A copy of the link's state; te_lwp and te_proc are not held. */
void kern_trace_state(struct lwp *lp, struct tracee *te);

/* --- the tracee's side (kern_tracee.c) -------------------------------------- */

/* lp took sig off a queue: what it is to act on, or 0. */
int trace_signal(struct lwp *lp, int sig, ksiginfo_t *ksi);
/* A stop for event, if the tracer wants it; else nothing. */
void trace_event(struct lwp *lp, int event, uint64_t msg);
bool trace_wants(struct lwp *lp, int event);
/* A stop of job control: true if this thread need not stop otherwise. */
void trace_group_stop(struct lwp *lp);
/* LWF_TRAP is set: an interrupt, or news of job control. */
void trace_trap(struct lwp *lp);
/* After a handler was entered in single steps. */
void trace_step_handler(struct lwp *lp);
/* A call begins: false: it is not to be made.  *nrp may change. */
bool trace_call(struct lwp *lp, uint32_t *nrp);
void trace_return(struct lwp *lp);
/* (p) Job control of p changed; lp shall tell a tracer that wants it. */
void trace_notify(struct lwp *lp);

/* fork: a link for the child, if there is to be one: 0 or ENOMEM. */
int trace_fork_prepare(
    struct lwp *lp, const struct kern_fork_args *a, struct tracee **tep);
void trace_fork_cancel(struct tracee *te);
/* (t) excl.  child has been entered. */
void trace_fork_enter(struct lwp *lp, struct lwp *child, struct tracee *te);
void trace_fork_event(
    struct lwp *lp, const struct kern_fork_args *a, pid_t child);
/* exec: (t) excl, before lp takes its process's id; then the event. */
void trace_exec_leader(struct lwp *lp);
void trace_exec_event(struct lwp *lp, pid_t former);
/* Does tracing of lp keep exec from giving it rights?  Takes (t). */
bool trace_forbids_setid(struct lwp *lp);

/* (t) excl.  lp ends with status; true: its id stays taken. */
bool trace_lwp_exit(struct lwp *lp, int status);
/* (t) excl.  p is a zombie: true if its tracer is told before its parent. */
bool trace_proc_exit(struct proc *p);
/* (t) excl.  A zombie p leaves: links to it go. */
void trace_proc_leave(struct proc *p);
/* lp ends: its tracees are let go.  Takes (t). */
void trace_tracer_exit(struct lwp *lp);
/* (t).  The tracer of p's thread tid (0: of its first), or 0. */
pid_t trace_tracer_pid(struct proc *p, pid_t tid);
/* (t) excl.  Unlink and free; a live thread goes on as if never traced. */
void trace_unlink(struct tracee *te);
/* (t) excl.  A zombie was waited for: give the thread or process back. */
void trace_reaped(struct tracee *te);

#endif
