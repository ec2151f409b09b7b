/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of threads and processes.
 *
 * 1. A thread ends at a boundary to user mode (LWF_EXITING seen by
 *    trap_userret) or in its own exit call.  It gives back what the machine has
 *    for it, leaves its process's list, and its kernel thread ends.
 * 2. A process ends through one of its threads, the first to call kern_exit:
 *    that one tells the others (proc_single), waits until it is alone, gives
 *    back the address space and files, hands its children on, and becomes a
 *    zombie.  exec uses the same proc_single to be alone; an exit that comes
 *    meanwhile overrides the exec.
 * 3. The zombie keeps its identity, status and usage until it is reaped, by
 *    wait or, when the parent ignores SIGCHLD, at once.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/aio.h>
#include <sys/atomic.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/sysvipc.h>
#include <sys/tty.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include "futex_var.h"
#include "proc_var.h"

/* --- being the only thread ------------------------------------------------- */

/* (p) Tell every thread but lp to end. */
static void
tell_others(struct proc *p, struct lwp *lp)
{
	struct lwp *l;

	TAILQ_FOREACH(l, &p->p_lwps, lw_link) {
		if (l == lp)
			continue;
		l->lw_flags |= LWF_EXITING;
		lwp_notify(l);
	}
	wakeup(&p->p_stop_signal);
	wakeup(&p->p_nlwps); /* an exec that has been overtaken */
}

int
proc_single(struct lwp *lp, bool for_exit, int status)
{
	struct proc *p = lp->lw_proc;

	spin_lock(&p->p_spin);
	if ((p->p_flags & PF_EXITING) != 0 ||
	    (p->p_execing != NULL && !for_exit) ||
	    (lp->lw_flags & LWF_EXITING) != 0) {
		/* LWF_EXITING with an exit to report: the exec must not win. */
		if (for_exit && (p->p_flags & PF_EXITING) == 0) {
			lp->lw_flags &= ~(uint32_t)LWF_EXITING;
		} else {
			spin_unlock(&p->p_spin);
			return (EINTR);
		}
	}
	p->p_execing = lp;
	if (for_exit) {
		p->p_flags |= PF_EXITING;
		p->p_exit_request = status;
	}
	tell_others(p, lp);
	while (p->p_nlwps > 1) {
		spin_sleep(&p->p_nlwps, &p->p_spin, 0, "single", 0);
		if (p->p_execing != lp) {
			spin_unlock(&p->p_spin);
			return (EINTR);
		}
	}
	spin_unlock(&p->p_spin);
	return (0);
}

void
proc_single_end(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;

	spin_lock(&p->p_spin);
	if (p->p_execing == lp)
		p->p_execing = NULL;
	spin_unlock(&p->p_spin);
}

/* --- threads --------------------------------------------------------------------- */

/* What user memory is told of the end of lp; the vmspace is still there. */
static void
lwp_farewell(struct lwp *lp)
{
	futex_robust_exit(lp);
	futex_clear_tid(lp);
}

/* Give back the machine's part; again is harmless. */
static void
lwp_md_release(struct lwp *lp)
{
	if ((lp->lw_flags & LWF_MDGONE) != 0)
		return;
	cpu_lwp_destroy(lp);
	atomic_or(&lp->lw_flags, LWF_MDGONE);
}

/* (t) excl.  lp leaves its process; its usage stays. */
static void
lwp_detach(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	struct rusage ru;

	lwp_leave_hash(lp);
	futex_pi_owner_died(lp->lw_tid);
	spin_lock(&p->p_spin);
	lwp_rusage(lp, &ru);
	rusage_add(&p->p_ru, &ru);
	sigqueue_flush(p, &lp->lw_sigq);
	TAILQ_REMOVE(&p->p_lwps, lp, lw_link);
	p->p_nlwps--;
	if (p->p_nlwps > 0)
		sig_notify_proc(p, &p->p_sigq.sq_pending);
	wakeup(&p->p_nlwps);
	spin_unlock(&p->p_spin);
}

/* The kernel thread ends; lp may go with it. */
static void __noreturn
lwp_finish(struct lwp *lp)
{
	/* The user scheduler has nothing to say about it any more. */
	thread_set_prio(curthread, TDPRI_KERN_USER);
	curthread->td_lwp = NULL;
	lwp_drop(lp);
	thread_exit();
}

/* What a tracer is told of the end of lp: that of the process goes before. */
static int
lwp_end_status(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;

	return ((atomic_load(&p->p_flags) & PF_EXITING) != 0
		? p->p_exit_request
		: lp->lw_exit_status);
}

void
kern_lwp_exit(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	bool last;

	KTR_EVENT(PROC, lwp_exit, "tid=%d", (uint64_t)lp->lw_tid);
	trace_event(lp, TRACE_EV_EXIT, (uint64_t)lwp_end_status(lp));
	trace_tracer_exit(lp);
	lwp_farewell(lp);
	lwp_md_release(lp);
	lock_excl(&proctree_lock);
	spin_lock(&p->p_spin);
	last = p->p_nlwps == 1;
	spin_unlock(&p->p_spin);
	if (!last) {
		(void)trace_lwp_exit(lp, lwp_end_status(lp));
		lwp_detach(lp);
	}
	lock_release(&proctree_lock);
	if (last) /* the others went meanwhile */
		kern_exit(lp, lp->lw_exit_status);
	proc_stop_recheck(p);
	lwp_finish(lp);
}

/* --- processes -------------------------------------------------------------------- */

static void
release_vmspace(struct proc *p)
{
	struct vmspace_stats st;
	struct vmspace *vm;

	spin_lock(&p->p_spin);
	vm = p->p_vmspace;
	p->p_vmspace = NULL;
	spin_unlock(&p->p_spin);
	if (vm == NULL)
		return;
	if (curlwp != NULL && curlwp->lw_proc == p)
		cpu_lwp_leave_vmspace(curlwp);
	vmspace_stats(vm, &st);
	spin_lock(&p->p_spin);
	p->p_ru.ru_maxrss =
	    MAX(p->p_ru.ru_maxrss, (int64_t)(st.vss_peak / 1024));
	spin_unlock(&p->p_spin);
	vmspace_drop(vm);
}

void
proc_release_resources(struct proc *p)
{
	struct filedesc *fd;
	struct fs_context *fs;
	struct path *exe;
	uint64_t *aux;

	aio_exit(p);
	spin_lock(&p->p_spin);
	fd = p->p_fd;
	p->p_fd = NULL;
	spin_unlock(&p->p_spin);
	if (fd != NULL)
		filedesc_drop(fd);
	release_vmspace(p);
	sysv_sem_exit(p);
	spin_lock(&p->p_spin);
	fs = p->p_fs;
	p->p_fs = NULL;
	exe = p->p_exe;
	p->p_exe = NULL;
	aux = p->p_aux;
	p->p_aux = NULL;
	spin_unlock(&p->p_spin);
	if (fs != NULL)
		fs_context_drop(fs);
	if (exe != NULL) {
		vn_allow_write(exe->pt_vnode);
		path_drop(exe);
	}
	kfree(aux, M_TEMP);
}

/* (t) Who inherits p's children. */
static struct proc *
find_reaper(struct proc *p)
{
	struct proc *r;

	for (r = p->p_parent; r != NULL && r != initproc && r != &proc0;
	     r = r->p_parent)
		if (r->p_subreaper && (r->p_flags & PF_EXITING) == 0)
			return (r);
	return (initproc != NULL && initproc != p ? initproc : &proc0);
}

/*
 * (t) excl.  A zombie p tells its parent.  True if p was reaped at once and
 * may be gone.
 */
bool
proc_exit_notify(struct proc *p)
{
	struct proc *parent = p->p_parent;
	ksiginfo_t ksi;
	int status = p->p_exit_status;
	bool reap = parent == &proc0 ||
	    (p->p_exit_signal == SIGCHLD && sig_child_autoreap(parent));

	if (p->p_exit_signal != 0 && parent != &proc0) {
		sig_fill(&ksi, p->p_exit_signal,
		    (status & 0x7f) == 0       ? CLD_EXITED
			: (status & 0x80) != 0 ? CLD_DUMPED
					       : CLD_KILLED);
		ksi.ksi_pid = p->p_pid;
		ksi.ksi_uid = p->p_cred->cr_ruid;
		ksi.ksi_status =
		    (status & 0x7f) == 0 ? status >> 8 & 0xff : status & 0x7f;
		ksi.ksi_utime = p->p_ru.ru_utime;
		ksi.ksi_stime = p->p_ru.ru_stime;
		sig_send_proc(parent, p->p_exit_signal, &ksi);
	}
	if (reap)
		proc_leave(p);
	wakeup(&parent->p_children);
	return (reap);
}

/* (t) excl.  The children go to the reaper. */
static void
exit_children(struct proc *p)
{
	struct proc *reaper = find_reaper(p), *c;
	ksiginfo_t ksi;

	while ((c = LIST_FIRST(&p->p_children)) != NULL) {
		proc_reparent(c, reaper);
		c->p_exit_signal = SIGCHLD;
		if (c->p_pdeathsig != 0) {
			sig_fill(&ksi, (int)c->p_pdeathsig, SI_USER);
			sig_send_proc(c, (int)c->p_pdeathsig, &ksi);
		}
		/* One that another traces is told of when that one lets go. */
		if (c->p_state == PS_ZOMBIE &&
		    (c->p_tracee == NULL ||
			c->p_tracee->te_tracer->lw_proc == reaper))
			(void)proc_exit_notify(c);
	}
}

/* (t) excl. */
static void
exit_session(struct proc *p)
{
	struct session *s = p->p_pgrp->pg_session;

	if (s->s_leader != p)
		return;
	tty_session_exit(s);
	s->s_leader = NULL;
}

static void
exit_check_init(struct proc *p, int status)
{
	if (p != initproc || rebooting)
		return;
	kprintf("init (pid %d) ended with status %#x\n", p->p_pid, status);
	panic("init died");
}

void
kern_exit(struct lwp *lp, int status)
{
	struct proc *p = lp->lw_proc;

	if (proc_single(lp, true, status) != 0) {
		/* Somebody else ends the process, or an exec this thread. */
		kern_lwp_exit(lp);
	}
	KTR_EVENT(PROC, exit, "pid=%d status=%x", (uint64_t)p->p_pid,
	    (uint64_t)status);
	exit_check_init(p, status);
	trace_event(lp, TRACE_EV_EXIT, (uint64_t)status);
	trace_tracer_exit(lp);
	itimers_exit(p);
	ptimers_exit(p);
	lwp_farewell(lp);
	lwp_md_release(lp);
	lock_excl(&proctree_lock);
	exit_session(p);
	lock_release(&proctree_lock);
	proc_release_resources(p);
	proc_vfork_done(p);
	ev_notify_hint(&p->p_events, EV_NOTE | EV_IN | EV_HUP,
	    PROC_EV_EXIT | (uint32_t)status);

	lock_excl(&proctree_lock);
	exit_children(p);
	(void)trace_lwp_exit(lp, status);
	lwp_detach(lp);
	spin_lock(&p->p_spin);
	sigqueue_flush(p, &p->p_sigq);
	spin_unlock(&p->p_spin);
	p->p_exit_status = status;
	proc_become_zombie(p);
	if (!trace_proc_exit(p))
		(void)proc_exit_notify(p);
	lock_release(&proctree_lock);
	/* lp's reference keeps the memory: descriptors are readable now. */
	ev_notify(&p->p_events, EV_IN);
	lwp_finish(lp);
}
