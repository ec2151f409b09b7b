/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to kern/proc and kern/exec: life cycle, signals, timers. */
#ifndef KERN_PROC_VAR_H
#define KERN_PROC_VAR_H

#include <sys/atomic.h>
#include <sys/proc.h>
#include <sys/thread.h>

struct kern_fork_args;

/* --- kern_proc.c: tables, ids, groups -------------------------------------- */

/* (t) excl.  A free id, reserved; 0: none left. */
pid_t pid_alloc(void);
/* (t) excl.  That id, reserved: 0, EINVAL, EEXIST. */
int pid_take(pid_t id);
/* (t) excl.  Free id if no process, thread, group or session has it. */
void pid_release(pid_t id);
struct session *session_find(pid_t sid); /* (t) */

/* A process without identity or family, with one reference, or NULL. */
struct proc *proc_create(void);
/* (t) excl.  Give p its place: tables, parent, group. */
void proc_enter(
    struct proc *p, pid_t pid, struct proc *parent, struct pgrp *pg);
/* (t) excl.  A zombie (or never started) p leaves all tables; drops the
 * tables' reference. */
void proc_leave(struct proc *p);
/* (t) excl.  Move p to group pg (held by nobody else than p before). */
void pgrp_enter(struct proc *p, struct pgrp *pg);
void pgrp_leave(struct proc *p);
/* (t) excl.  p's relation to its group or parent changes: count orphaning. */
void pgrp_fix_jobc(struct proc *p, struct pgrp *pg, bool entering);
void proc_reparent(struct proc *c, struct proc *parent); /* (t) excl */
void proc_become_zombie(struct proc *p);		 /* (t) excl */
/* Unattached; one reference; enters the hash by pgrp_publish. */
struct pgrp *pgrp_alloc(void);
struct session *session_alloc(void);
void pgrp_free_unused(struct pgrp *pg);
void session_free_unused(struct session *s);
void pgrp_publish(struct pgrp *pg, pid_t id, struct session *s);
void session_publish(struct session *s, pid_t sid, struct proc *leader);

/* A thread of p that copies from (NULL for init); not in any list. */
struct lwp *lwp_create(
    struct proc *p, struct lwp *from, const struct kern_fork_args *a);
/* Undo lwp_create of an lwp that has no thread yet. */
void lwp_destroy_unstarted(struct lwp *lp);
/* (t) excl.  Id and place; then lwp_run. */
void lwp_enter(struct lwp *lp, pid_t tid);
/* (t) excl.  Out of the tid hash. */
void lwp_leave_hash(struct lwp *lp);
/* (t) excl.  The thread takes its process's id (exec). */
void lwp_become_leader(struct lwp *lp);
void lwp_run(struct lwp *lp);
/* The CPU that has least to do. */
struct cpu *lwp_pick_cpu(struct lwp *lp);

/* --- kern_exit.c ------------------------------------------------------------ */

/*
 * End all threads of lp's process but lp.  0; EINTR if lp itself is being
 * ended by another (exec or exit was first).  Sleeps.
 */
int proc_single(struct lwp *lp, bool for_exit, int status);
void proc_single_end(struct lwp *lp);
/* Free what the process has besides its identity (exit, reboot). */
void proc_release_resources(struct proc *p);
/* Look for a vfork waiter and wake it. */
void proc_vfork_done(struct proc *p);
/* PF_CONTINUED or a finished stop: tell the parent.  Takes (t). */
void proc_report_continued(struct proc *p);
void proc_report_stopped(struct proc *p);

/* --- kern_sig.c -------------------------------------------------------------- */

extern struct sigacts sigacts0;
void sigqueue_init(struct sigqueue *sq);
/* (p).  Free all entries. */
void sigqueue_flush(struct proc *p, struct sigqueue *sq);
struct sigacts *sigacts_create(void);
struct sigacts *sigacts_copy(struct sigacts *sa);
void sigacts_hold(struct sigacts *sa);
void sigacts_drop(struct sigacts *sa);
/* exec: handlers to default, a table of its own. ENOMEM. */
int sigacts_unshare(struct proc *p);
void sigacts_exec(struct proc *p);
/* Does the parent p want no zombies? */
bool sig_child_autoreap(struct proc *p);
bool sig_child_nocldstop(struct proc *p);
/* (p).  Make lp look at its state soon. */
void lwp_notify(struct lwp *lp);
/* (p).  Wake a thread that can take what is pending for the process. */
void sig_notify_proc(struct proc *p, const sigset_t *set);
/* Deliver what is pending at the return to user mode. */
void sig_deliver(struct lwp *lp);
void sig_fill(ksiginfo_t *ksi, int sig, int code);
/* Signals that lp would take now. */
void sig_deliverable(struct lwp *lp, sigset_t *out);
/* (p).  Take a signal in set off lp's or p's queues: number or 0. */
int sig_take(struct lwp *lp, const sigset_t *set, ksiginfo_t *ksi);
void sigset_or(sigset_t *to, const sigset_t *b);
void sigset_andnot(sigset_t *to, const sigset_t *b);
extern const sigset_t sigset_stops, sigset_cantmask;

/* --- kern_stop.c ------------------------------------------------------------ */

/* (p).  Begin a job control stop. */
void proc_stop_begin(struct proc *p, int sig);
/* (p).  SIGCONT or SIGKILL: everybody goes on. */
void proc_stop_end(struct proc *p, bool continued);
/* lp waits until the stop is over; reports to the parent. */
void lwp_stop_wait(struct lwp *lp);
/* A thread of p went: the rest may be all stopped now. */
void proc_stop_recheck(struct proc *p);

/* --- kern_pidfd.c ------------------------------------------------------------- */

/* A descriptor of p, close-on-exec.  ENFILE, EMFILE. */
int pidfd_install(struct proc *p, int oflags, int *fdp);

/* --- kern_ptrace.c ------------------------------------------------------------ */

struct tracee;
struct tracee *trace_alloc(void); /* NULL: no memory */
void trace_free(struct tracee *te);
/* (t) excl.  te joins tracer and lp. */
void trace_link(struct tracee *te, struct lwp *tracer, struct lwp *lp,
    uint32_t options, bool seized);
void trace_first_stop(struct lwp *lp, bool seized);
/* (t) excl.  A zombie p tells its parent; p may be gone afterwards: true. */
bool proc_exit_notify(struct proc *p);

/* Does a stop of job control concern lp?  Lock-free. */
static inline bool
lwp_must_stop(const struct lwp *lp)
{
	return ((atomic_load_seq(&lp->lw_proc->p_flags) & PF_STOPPED) != 0 &&
	    (atomic_load_seq(&lp->lw_flags) & LWF_STOPSEEN) == 0);
}

/* --- timers ------------------------------------------------------------------- */

void itimers_init(struct proc *p);
void itimers_exit(struct proc *p); /* sleeps: stops the callouts */
void ptimers_exit(struct proc *p); /* all POSIX timers: exec, exit */
/* Check limits and CPU-time timers of p; at the boundary, no locks. */
void cputimers_check(struct lwp *lp, nstime_t now);
/* (p).  A timer's signal is taken: fill in the overruns. */
void ptimer_delivered(struct proc *p, ksiginfo_t *ksi);
/* (p).  Recompute p_cputimers. */
void cputimers_update(struct proc *p);
/* (p).  CPU time of p, all threads. */
void proc_cputime(struct proc *p, nstime_t *userp, nstime_t *sysp);
/* Process-wide CPU timers of kern_ptimer.c. */
void ptimers_cpu_check(struct proc *p, nstime_t cpu);
bool ptimers_have_cpu(struct proc *p); /* (p) */

/* --- futex ------------------------------------------------------------------- */

/* At thread exit: owners died, wake waiters. */
void futex_robust_exit(struct lwp *lp);
void futex_clear_tid(struct lwp *lp);

/* --- exec ----------------------------------------------------------------------- */

/* The kernel starts a program in lp: strings are the kernel's. */
int exec_kernel(struct lwp *lp, const char *path, const char *const *argv,
    int argc, const char *const *envp, int envc);

/* --- kern_fork.c ---------------------------------------------------------------- */

void lwp_start(void *arg);

/* (p) lp's usage up to now, CPU time divided by side. */
void lwp_rusage(struct lwp *lp, struct rusage *ru);

#endif
