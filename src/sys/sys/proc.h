/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and their threads.
 *
 * proc     resources; lwp: one user thread of it, with its kernel thread.
 * pgrp, session: job control.
 *
 * Locks: (t) proctree_lock, sleeping: parent, children, groups, sessions,
 * all-process list, exit status.  (p) p_spin: signals, state, lwp list.
 * (s) the lwp itself only.  (c) set at creation.
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <sys/types.h>
#include <sys/param.h>
#include <sys/lock.h>
#include <sys/queue.h>
#include <sys/sched.h>
#include <sys/refcount.h>
#include <sys/event.h>
#include <sys/signal.h>
#include <sys/resource.h>
#include <sys/thread.h>
#include <cpu/frame.h>
#include <machine/lwp_md.h>

struct abi;
struct callfilter;
struct filedesc;
struct fs_context;
struct path;
struct tracee;
struct tty;
struct ucred;
struct vmspace;

struct session {
	LIST_ENTRY(session) s_hash; /* (t) */
	refcount_t s_refs;
	pid_t s_sid;
	struct proc *s_leader; /* (t) NULL once it exited */
	struct tty *s_tty;     /* (t) controlling terminal */
};

struct pgrp {
	LIST_ENTRY(pgrp) pg_hash;     /* (t) */
	LIST_HEAD(, proc) pg_members; /* (t) */
	struct session *pg_session;   /* (c) */
	pid_t pg_id;
	int pg_jobc; /* (t) members whose parent is in another group of the
			session: 0 means orphaned */
	refcount_t pg_refs;
};

/* Queued signals of a process or an lwp. (p) */
struct sigqueue {
	sigset_t sq_pending;
	TAILQ_HEAD(, ksiginfo) sq_list;
	uint32_t sq_count;
};

/* Handlers, shared by CLONE_SIGHAND. */
struct sigacts {
	refcount_t sa_refs;
	struct spinlock sa_spin;
	struct ksigaction sa_action[NSIG];
};

enum proc_state {
	PS_NEW,
	PS_ACTIVE,
	PS_STOPPED,
	PS_ZOMBIE
};

struct posix_timer;
struct sem_undo;
struct aio_ctx;

#define OOM_ADJ_MAX 1000 /* thousandths of memory */

struct proc {
	TAILQ_ENTRY(proc) p_all;      /* (t) */
	LIST_ENTRY(proc) p_hash;      /* (t) by pid */
	LIST_ENTRY(proc) p_sibling;   /* (t) */
	LIST_HEAD(, proc) p_children; /* (t) */
	LIST_ENTRY(proc) p_pglink;    /* (t) */
	TAILQ_HEAD(, lwp) p_lwps;     /* (p) */
	refcount_t p_refs;	      /* proc_hold: memory, not life */
	struct spinlock p_spin;
	pid_t p_pid;		       /* (c) */
	enum proc_state p_state;       /* (p) */
	uint32_t p_flags;	       /* (p) PF_ */
	int p_nlwps;		       /* (p) live ones */
	int p_nstopped;		       /* (p) of them, in a job control stop */
	uint32_t p_nsigq;	       /* (p) queued ksiginfos, all queues */
	int p_exit_request;	       /* (p) status once PF_EXITING is set */
	int p_next_timer;	       /* (p) id of the next POSIX timer */
	volatile bool p_cputimers;     /* a CPU-time limit or timer is set */
	volatile nstime_t p_cpu_check; /* when those were last looked at */
	nstime_t p_cpu_warned;	       /* (p) last SIGXCPU, CPU time */
	struct proc *p_parent;	       /* (t) */
	pid_t p_ppid; /* (t to write, atomic) its pid: getppid takes no lock */
	struct pgrp *p_pgrp;	   /* (t) */
	struct ucred *p_cred;	   /* (p) replaced whole, refcounted */
	struct vmspace *p_vmspace; /* (s) exec replaces it */
	struct filedesc *p_fd;
	struct fs_context *p_fs;
	struct sigacts *p_sigacts;
	struct sigqueue p_sigq; /* (p) */
	const struct abi *p_abi;
	struct path *p_exe;		      /* (p) text file */
	char p_comm[MAXCOMLEN + 1];	      /* (p) */
	struct rlimit p_rlimit[RLIM_NLIMITS]; /* (p) */
	struct rusage p_ru;		      /* (p) of exited lwps */
	struct rusage p_cru;		      /* (t) of waited-for children */
	nstime_t p_start_ns;		      /* (c) monotonic */
	int p_exit_status;		      /* (t) wait(2) encoding, native */
	int p_exit_signal; /* (c) to the parent; SIGCHLD usually */
	int p_stop_signal; /* (p) */
	bool p_stop_reported, p_cont_pending; /* (t) */
	int p_nice;			      /* (p) -20..20 */
	int p_oom_adj; /* (atomic) -1000: never killed for memory .. 1000 */
	uint32_t p_membarrier; /* (atomic) the ABI's registrations */
	uint32_t p_dumpable, p_no_new_privs, p_pdeathsig, p_subreaper;
	uint32_t p_no_aslr;	 /* exec puts nothing at random places */
	uint32_t p_persona;	 /* the ABI's word about other systems' ways */
	uint32_t p_no_thp;	 /* a hint that nobody takes, but remembered */
	struct proc *p_vforker;	 /* (p) held; waits for PF_VFORKED to go */
	struct lwp *p_execing;	 /* (p) the lwp that stops the others */
	struct tracee *p_tracee; /* (t) who traces its first thread */
	int p_ntraced;		 /* (p) threads that are traced */
	pid_t p_forker;		 /* (c) the parent's thread that made it */
	uaddr_t p_vdso, p_vvar;	 /* code page, clock page; 0: none */
	struct ev_source p_events;    /* exit, fork, exec (EVFILT_PROC) */
	struct callout p_itimer_real; /* ITIMER_REAL */
	nstime_t p_itimer_interval[3], p_itimer_next[3];
	TAILQ_HEAD(, posix_timer) p_timers; /* (p) */
	LIST_HEAD(, sem_undo) p_semundo;    /* (semaphores' lock) SEM_UNDO */
	LIST_HEAD(, aio_ctx) p_aio;	    /* (aio_spin) */
	uint64_t *p_aux; /* (p) AUX_BYTES for /proc/PID/auxv, or NULL */
};
#define PF_SYSTEM    0x0001 /* never gets signals (process 0) */
#define PF_EXITING   0x0002
#define PF_EXECED    0x0004 /* setpgid by the parent is over */
#define PF_VFORKED   0x0008 /* parent waits in vfork */
#define PF_INIT	     0x0010
#define PF_TRACED    0x0020
#define PF_STOPPED   0x0040
#define PF_CONTROLT  0x0080 /* has a controlling terminal */
#define PF_FDSHARED  0x0100 /* p_fd may be another process's too */
#define PF_CONTINUED 0x0200 /* tell the parent: continued */
#define PF_STOPTOLD  0x0400 /* the parent knows of the present stop */
#define PF_STOPDEQ   0x1000 /* a stop signal is off the queue, not yet acted on */
#define PF_OOM	     0x0800 /* chosen by the out-of-memory killer */

/* Hints of p_events (with EV_NOTE); the low half is data. */
#define PROC_EV_EXIT   0x80000000u /* data: wait status */
#define PROC_EV_FORK   0x40000000u /* data: child pid */
#define PROC_EV_EXEC   0x20000000u
#define PROC_EV_SIGNAL 0x08000000u /* data: signal number, was posted */

struct lwp {
	TAILQ_ENTRY(lwp) lw_link; /* (p) */
	LIST_ENTRY(lwp) lw_hash;  /* (t) by tid */
	struct proc *lw_proc;	  /* (c) */
	struct thread *lw_thread; /* (c) */
	pid_t lw_tid;		  /* (c) first one: the pid */
	uint32_t lw_flags;	  /* (p) LWF_ */
	refcount_t lw_refs;
	struct trapframe lw_frame;     /* (s) user registers while in the
					   kernel */
	volatile uint32_t lw_hooks;    /* (p, atomic) LWH_: at crossings */
	struct sigqueue lw_sigq;       /* (p) */
	sigset_t lw_sigmask;	       /* (p) written by (s) */
	sigset_t lw_oldmask;	       /* (s) to restore: sigsuspend */
	sigset_t lw_sigwait;	       /* (p) sigtimedwait takes these */
	struct ucred *lw_cred;	       /* (s) p_cred as of this call's entry */
	int lw_exit_status;	       /* (s) if it is the last to exit */
	int lw_restart;		       /* (s) ERESTART.. of the last call */
	uaddr_t lw_restart_ip;	       /* (s) its return address */
	uaddr_t lw_child_set_tid;      /* (s) written before the first run */
	cpumask_t lw_affinity;	       /* (s) sched_setaffinity */
	uint64_t lw_stamp;	       /* (s) cycles at the last boundary */
	uint64_t lw_cycles[2];	       /* (s) spent in user mode, kernel */
	int lw_uprio;		       /* (s) priority it last returned with */
	volatile int lw_boost;	       /* rank of who waits for it, or 0 */
	volatile int lw_rank;	       /* (owner CPU) sys/sched.h, as queued */
	volatile bool lw_reprio;       /* its rank is to be looked at */
	enum sched_class lw_class;     /* (p) */
	int lw_rtprio;		       /* (p) of FIFO and RR */
	bool lw_reset_on_fork;	       /* (p) */
	struct sched_deadline lw_dl;   /* sys/sched.h */
	struct io_prio lw_ioprio;      /* (p) */
	int lw_rr_ticks;	       /* (s) of its slice (RR) */
	volatile pid_t lw_pi_owner;    /* whose PI lock it waits for, or 0 */
	struct ksigaltstack lw_sigstk; /* (s) */
	uaddr_t lw_clear_tid;	       /* (s) zeroed and woken at exit */
	uaddr_t lw_rseq; /* (s) the ABI's area that tells the CPU, or 0 */
	uint32_t lw_rseq_len, lw_rseq_sig;
	uint32_t lw_fault_nth; /* (s) the n-th question fails; 0: none */
	bool lw_leaving;       /* (s) handles lw_ast: no call's questions */
	volatile bool lw_rseq_event; /* it left its CPU: look at the area */
	uint32_t lw_mempolicy;	     /* (s) the ABI's word, inherited */
	uaddr_t lw_robust_list;	     /* (s) */
	uint64_t lw_robust_len;
	volatile uint32_t lw_ast; /* look at signals, stop, exit */
	struct rusage lw_ru;	  /* (s) */
	uint64_t lw_timerslack;	  /* (s) a hint, remembered; 0: the default */
	uint32_t lw_estcpu;	  /* (s) usched: recent use, ticks */
	nstime_t lw_decayed_ns;	  /* (s) usched */
	int lw_syscall;		  /* (s) number in progress, -1 none */
	uint64_t lw_sysargs[6];
	struct callfilter *lw_filter;	/* (p) of its calls, or NULL */
	int64_t lw_orig;		/* (s, tracer) number of the call whose
					  frame a tracer sees, or -1 */
	int lw_trace_sig;		/* (p) to go on with after a stop */
	struct tracee *lw_tracee;	/* (t, p) who traces it */
	LIST_HEAD(, tracee) lw_tracees; /* (t) whom it traces */
	uint32_t lw_restart_kind;	/* restart_syscall data */
	nstime_t lw_restart_deadline;
	uint64_t lw_restart_args[4];
	char lw_name[MAXCOMLEN + 1]; /* (p) prctl(PR_SET_NAME) */
	struct lwp_md lw_md;	     /* machine: mailbox or FPU state */
};
#define LWF_RESTOREMASK 0x01 /* lw_oldmask goes back at return to user */
#define LWF_EXITING	0x02
#define LWF_STOPPED	0x04
#define LWF_KILLABLE	0x08  /* sleeps on &lw_flags: only SIGKILL ends it */
#define LWF_SIGWAIT	0x10  /* in sigtimedwait */
#define LWF_MDGONE	0x20  /* cpu_lwp_destroy was called */
#define LWF_TRAP	0x40  /* a tracer wants a stop (trace_trap) */
#define LWF_STOPSEEN	0x80  /* its tracer let it go on in PF_STOPPED */
#define LWF_TRACESTOP	0x100 /* waits for its tracer */
#define LWF_EXITTOLD	0x200 /* its tracer was told that it is ending */
#define LWF_KEEPID	0x400 /* its id outlives it */

/* lw_hooks: what a crossing of the user boundary has to do besides. */
#define LWH_TRACE  0x1 /* is traced */
#define LWH_STEP   0x2 /* in single steps */
#define LWH_TF	   0x4 /* the frame's trap flag is ours */
#define LWH_FILTER 0x8 /* lw_filter */

/* lw_restart_kind: whose deadline lw_restart_deadline is. */
enum {
	LWR_NONE,
	LWR_SLEEP,
	LWR_FUTEX,
	LWR_POLL
};

extern struct lock proctree_lock;
extern struct proc proc0; /* the kernel */
extern struct proc *initproc;
TAILQ_HEAD(proc_list, proc);
extern struct proc_list allproc; /* (t) */
extern int nprocs;		 /* (t) */

struct proc *proc_find(pid_t pid);	/* (t) held by caller; live or zombie */
struct proc *proc_find_hold(pid_t pid); /* takes (t); held or NULL */
struct lwp *lwp_find(pid_t tid);	/* (t) held by caller */
void proc_hold(struct proc *p);
void proc_drop(struct proc *p);
struct pgrp *pgrp_find(pid_t pgid); /* (t) */
void pgrp_hold(struct pgrp *pg);
void pgrp_drop(struct pgrp *pg);
void session_hold(struct session *s);
void session_drop(struct session *s);
/*
 * (p_spin) A new name for the thread lp (NULL: none), and if whole for the
 * process.
 */
void proc_rename(struct proc *p, struct lwp *lp, const char *name, bool whole);
void lwp_hold(struct lwp *lp);
void lwp_drop(struct lwp *lp);
/* p's credentials with a reference; NULL once it exited. */
struct ucred *proc_cred_hold(struct proc *p);
/* p's vmspace with a reference (procfs, ptrace); NULL once it exited. */
struct vmspace *proc_vmspace_hold(struct proc *p);
/* CPU time and counters of p without its children. Takes (p). */
void proc_rusage(struct proc *p, struct rusage *ru);
void rusage_add(struct rusage *to, const struct rusage *from);
/* CPU time of lp so far. */
nstime_t lwp_cputime(struct lwp *lp);
/* VM: memory is hopeless.  Kills the largest process, once until it is gone. */
void proc_oom_kill(void);
/* The machine, before SI_INIT: what `-- CMD ARGS` said, NUL separated. */
void init_set_argv(const char *args, size_t len);
/* Limits on what exists; kern.maxproc. */
extern int maxproc;
extern int nlwps; /* (t) */
extern volatile bool rebooting;
/* Run func(arg) at shutdown after the last unmount (leak report). */
struct shutdown_hook {
	const char *sh_name;
	void (*sh_func)(void);
};
#define SHUTDOWN_HOOK(id, func)                                                \
	static const struct shutdown_hook CONCAT(sdhook_, id) = {#id, func};   \
	SET_ENTRY(shutdown_hooks, &CONCAT(sdhook_, id))

/* --- signals (kern/proc/sig*.c) ------------------------------------------- */

/*
 * To lp of p, or (NULL) to p as a whole.  EAGAIN: a real-time signal that says
 * something found no room.
 */
int sig_post(struct proc *p, struct lwp *lp, int sig, const ksiginfo_t *ksi);
void sig_send_proc(struct proc *p, int sig, const ksiginfo_t *ksi);
void sig_send_lwp(struct lwp *lp, int sig, const ksiginfo_t *ksi);
/* (t) held.  To all members. */
void sig_send_pgrp(struct pgrp *pg, int sig, const ksiginfo_t *ksi);
/* A trap of the current lwp: cannot be blocked or ignored. */
void sig_trap(struct lwp *lp, int sig, int code, uaddr_t addr, int trapno);
/* The same with all that there is to say. */
void sig_force(struct lwp *lp, const ksiginfo_t *ksi);
/* Memory is hopeless: SIGKILL the largest process but init, once at a time. */
void proc_oom_kill(void);
/* True if sig would be delivered now: a blocking call must return. */
bool sig_pending(struct lwp *lp);
/* True if p ignores or lp blocks sig (job control of ttys). */
bool sig_ignored_or_blocked(struct lwp *lp, int sig);
/*
 * Use mask until this call returns to user mode; the old mask comes back
 * then, or after the handlers of the signals that mask lets in.
 */
void sig_mask_push(struct lwp *lp, const sigset_t *mask);
/* Take one pending signal of set off lp's or its process's queue. */
bool sig_dequeue(struct lwp *lp, const sigset_t *set, ksiginfo_t *ksi);
/* Is a signal of set pending for lp, blocked or not?  Lock-free. */
bool sig_any_pending(struct lwp *lp, const sigset_t *set);
/* SIGKILL is pending or the thread was told to exit.  Lock-free. */
bool sig_killed(struct lwp *lp);
/* cred may signal p: 0, EPERM. */
int sig_permitted(struct proc *p, int sig);

/* --- the user boundary ----------------------------------------------------
 * The machine calls these with lp->lw_frame filled; trap_ functions may sleep
 * and do not return if the lwp exits.
 */
void trap_syscall(struct lwp *lp);
void trap_fault(struct lwp *lp, uaddr_t addr, int access);
void trap_exception(
    struct lwp *lp, int sig, int code, uaddr_t addr, int trapno);
void trap_interrupt(struct lwp *lp); /* came for the machine alone */
void trap_userret(struct lwp *lp); /* signals, reschedule: before each return */
/* Machine: run user code of curlwp; never returns. */
void cpu_lwp_loop(struct lwp *lp) __noreturn;
/* Machine: allocate and free lw_md; copy user-visible state for fork. */
int cpu_lwp_create(struct lwp *lp, struct lwp *from);
void cpu_lwp_destroy(struct lwp *lp);
/* Machine: lp is about to lose its vmspace (exec, exit). */
void cpu_lwp_leave_vmspace(struct lwp *lp);
/* Machine: others will read and write the registers of lp, itself. */
void cpu_lwp_settle(struct lwp *lp);
/* Machine: the features of the floating state, as XCR0 numbers them. */
uint64_t cpu_fpu_features(struct lwp *lp);
/* lw_frame's FS and GS bases := what the program, lp itself, has made them. */
void cpu_lwp_bases(struct lwp *lp);
/* Machine: exec: registers to zero except ip, sp. */
void cpu_lwp_exec(struct lwp *lp, uaddr_t ip, uaddr_t sp);
/*
 * Machine: floating state in the hardware's XSAVE format (512 bytes where it has
 * but FXSAVE); set takes a whole state, or the first 512 bytes with the rest
 * initial.  A header that the CPU would not take is EINVAL.
 */
size_t cpu_fpu_size(struct lwp *lp);
int cpu_fpu_get(struct lwp *lp, void *buf, size_t size);
int cpu_fpu_set(struct lwp *lp, const void *buf, size_t size);
/*
 * Machine: debug registers of a stopped lp, as the CPU numbers them, for
 * addresses of its program.  EINVAL: not a value that a program may have;
 * EOPNOTSUPP: nor this machine can.
 */
#define CPU_NDEBUG 8
uint64_t cpu_debug_get(struct lwp *lp, int n);
int cpu_debug_set(struct lwp *lp, int n, uint64_t value);
/* Machine: the last step of kern_reboot. */
void machine_halt(int how, int status) __noreturn;

#endif
