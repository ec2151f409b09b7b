/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LWKT threads, the per-CPU scheduler, sleeping, IPI messages, callouts.
 *
 * A thread belongs to one CPU at a time and only that CPU touches its run
 * state; other CPUs send it an IPI message.  Kernel code is not preempted: a
 * thread leaves its CPU by sleeping, by yielding or at the return to user.
 * See kern/lwkt/README.md.
 */
#ifndef SYS_THREAD_H
#define SYS_THREAD_H

#include <sys/types.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/lock.h>

struct cpu;
struct lwp;
struct proc;

/* Priorities: larger runs first; equal ones round-robin. */
enum {
	TDPRI_IDLE = 0,
	TDPRI_USER_MIN = 1, /* user lwps: 1..31, set by the user scheduler */
	TDPRI_USER_MAX = 31,
	TDPRI_USER_RT = 36,   /* real-time ones, in the order of their ranks */
	TDPRI_KERN_USER = 40, /* a user thread that woke inside the kernel */
	TDPRI_KERN = 48,      /* kernel threads */
	TDPRI_SOFT = 56,      /* callouts, device completion */
	TDPRI_COUNT = 64,
};

enum td_state {
	TDS_NEW,
	TDS_READY, /* on its CPU's run queue */
	TDS_RUNNING,
	TDS_SLEEPING,
	TDS_EXITED,
};

#define THREAD_LOCKS_HELD 32

/* A deadline; see callout_reset below. */
struct callout {
	TAILQ_ENTRY(callout) co_link;
	struct cpu *co_cpu;
	nstime_t co_when; /* monotonic */
	void (*co_func)(void *);
	void *co_arg;
	volatile uint32_t co_state; /* idle, armed, running bits */
};

struct thread {
	TAILQ_ENTRY(thread) td_runq;   /* (owner CPU) */
	TAILQ_ENTRY(thread) td_sleepq; /* (sleep bucket) */
	TAILQ_ENTRY(thread) td_all;    /* (all-threads spin) */
	struct thread *td_ready_next;  /* (remote-ready stack) */
	struct cpu *volatile td_cpu;   /* owner */
	volatile enum td_state td_state;
	uint8_t td_prio; /* (owner CPU) */
	uint32_t td_flags;
	void *td_sp;	 /* saved stack pointer when not running */
	void *td_kstack; /* lowest address */
	size_t td_kstack_bytes;
	const void *volatile td_wchan; /* (sleep bucket) */
	const char *td_wmesg;
	int td_wakeup_error;	   /* why the sleep ended */
	uint32_t td_sleep_gen;	   /* (sleep bucket) counts sleeps */
	uint32_t td_timeout_gen;   /* the one the callout is for */
	struct callout td_callout; /* sleep timeout */
	nstime_t td_sleep_since;
	struct lwp *td_lwp; /* NULL for kernel threads */
	void (*td_func)(void *);
	void *td_arg;
	nstime_t td_runtime_ns; /* CPU time used */
	nstime_t td_started_ns; /* when it last got the CPU */
	uint32_t td_stack_id;	/* memcheck registration */
	uint32_t td_id;		/* 1..., never used again */
	uint32_t td_slot;	/* in lwkt.threads, from 1; 0: none */
	uint32_t td_nlocks;	/* lock checker: held stack */
	struct {
		const void *lh_lock;
		struct lock_class *lh_class;
		const void *lh_where;
		bool lh_spin;
	} td_locks[THREAD_LOCKS_HELD];
	char td_name[MAXCOMLEN + 1];
};

#define TDF_SINTR   0x0001 /* current sleep is interruptible by signals */
#define TDF_EXITING 0x0002
#define TDF_NOFAULT 0x0004 /* copyin/out must not sleep: fail instead */
#define TDF_PINNED  0x0008 /* stays on its CPU */
#define TDF_FIRST   0x0010 /* was cut short: before its equals (RT) */
#define TDF_KILL    0x0020 /* a signal that kills ends the current sleep */

/* Machine: the running thread and CPU of this CPU. */
#include <machine/curthread.h> /* curthread, curcpu */

#define curlwp	(curthread->td_lwp)
#define curproc (curthread->td_lwp != NULL ? curthread->td_lwp->lw_proc : NULL)

/*
 * Creates a thread; it does not run before thread_start.  NULL when out of
 * memory.  A kernel thread that returns from func exits.
 */
struct thread *thread_create(void (*func)(void *), void *arg, int prio,
    const char *fmt, ...) __printflike(4, 5);
void thread_start(struct thread *td, struct cpu *cpu); /* NULL: this CPU */
void thread_discard(struct thread *td); /* one that was never started */
void thread_exit(void) __noreturn;	/* freed by the reaper */
/* Say of each program's thread what it waits for; how many no signal reaches. */
unsigned threads_waiting(void);
/* Threads that run or could run, idle threads not counted. */
uint32_t threads_runnable(void);
/* Their number averaged over 1, 5, 15 minutes; 11 bits of fraction. */
void loadavg_get(uint32_t load[3]);
void thread_yield(void);
void thread_backtrace(struct thread *td); /* to the console */
void thread_set_prio(struct thread *td, int prio);
/* Its name or ids changed: tell the readers of the shared segment. */
void thread_slot_update(struct thread *td);

/* --- the user scheduler (kern/lwkt/usched.c) ---------------------------- */

#define SCHED_SLICE_NS (10 * NS_PER_MSEC)
/*
 * The current lwp used up to a slice of its CPU: age it, let equals run, and
 * give surplus ready lwps to idle CPUs.  Machine: when a slice ends.
 */
void usched_tick(void);
/* trap_userret: due tick, then yield if c_resched; sets the user priority. */
void usched_userret(struct lwp *lp);
/*
 * In a call that may take long: let others have the CPU if it is their turn.
 * No spin lock held; a sleeping lock may be, as in a sleep.
 */
void usched_checkpoint(void);

/* --- sleeping ----------------------------------------------------------- */

#define PCATCH	      0x0100 /* signals end the sleep: EINTR or ERESTART */
#define PKILL	      0x0200 /* SIGKILL ends it, by a wakeup: for who looks on */
#define SLEEP_FOREVER 0LL

/*
 * Sleep on ident until wakeup(ident), a signal (with PCATCH) or timeout_ns.
 * 0, EWOULDBLOCK after the timeout, EINTR or ERESTART after a signal.  The
 * interlock is released after the thread is queued, and held again on return.
 * timeout_ns is relative; 0 waits without limit.  wmesg is at most 8 letters.
 */
int tsleep(
    const void *ident, int flags, const char *wmesg, nstime_t timeout_ns);
int spin_sleep(const void *ident, struct spinlock *interlock, int flags,
    const char *wmesg, nstime_t timeout_ns);
int lock_sleep(const void *ident, struct lock *interlock, int flags,
    const char *wmesg, nstime_t timeout_ns);
void wakeup(const void *ident);
void wakeup_one(const void *ident);
/* End td's sleep if it is interruptible; error is EINTR or ERESTART. */
void thread_interrupt(struct thread *td);

/* --- IPI messages ------------------------------------------------------- */

typedef void (*ipi_func_t)(void *arg);
/* Run func(arg) on cpu at its next poll point; at once if cpu is this one. */
void ipi_send(struct cpu *cpu, ipi_func_t func, void *arg);
/* Run on every CPU (this one too) and wait; no spin lock may be held. */
void ipi_broadcast_wait(ipi_func_t func, void *arg);
void ipi_poll(void); /* process what has arrived */

/* --- callouts ------------------------------------------------------------
 * func runs on the CPU that armed it, in a soft thread: it may take sleeping
 * locks but should be short.  callout_stop_sync waits until func is not
 * running; callout_stop returns true if it prevented the call.
 */
void callout_init(struct callout *co);
void callout_reset(
    struct callout *co, nstime_t after_ns, void (*func)(void *), void *arg);
void callout_reset_abs(
    struct callout *co, nstime_t when_mono, void (*func)(void *), void *arg);
bool callout_stop(struct callout *co);
void callout_stop_sync(struct callout *co);
bool callout_armed(const struct callout *co);
/* The next deadline of this CPU, 0 if none; wakes the soft thread if due. */
nstime_t callout_poll(nstime_t now);

/* --- clocks ------------------------------------------------------------- */

nstime_t clock_mono(void); /* since boot, monotonic */
nstime_t clock_real(void); /* since 1970, settable */
void clock_set_real(nstime_t now);

#endif
