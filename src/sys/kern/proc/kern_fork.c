/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork, vfork, clone: new processes and new threads.
 *
 * 1. Everything that can fail happens before the child is visible: limits and
 *    an id under proctree_lock, then the parts (vmspace, files, handlers,
 *    thread), each undone in reverse order on failure.
 * 2. The child is entered in the tables in one step under proctree_lock, then
 *    started.  It begins in lwp_start with a copy of the parent's frame, whose
 *    result the ABI has set to 0.
 * 3. A vfork parent sleeps until the child gives its address space up
 *    (PF_VFORKED cleared by exec or exit); only SIGKILL ends the sleep.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/callfilter.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include <machine/vmparam.h>
#include <vm/vm.h>
#include "proc_var.h"

#define PROC_RESERVE 10 /* of maxproc, for root */

FAULT_POINT(fork_fault, "fork_limits");
static int nreserved; /* (t) ids taken, not yet entered */

/* First code of a new lwp, on its own kernel stack. */
void
lwp_start(void *arg)
{
	struct lwp *lp = arg;
	int32_t tid = lp->lw_tid;

	if (lp->lw_child_set_tid != 0) {
		/* A bad address is the child's own problem. */
		if (copyout(&tid, lp->lw_child_set_tid, sizeof(tid)) != 0)
			KTR_EVENT(PROC, set_tid_fault, "tid=%d addr=%p",
			    (uint64_t)tid, lp->lw_child_set_tid);
		lp->lw_child_set_tid = 0;
	}
	trap_userret(lp);
	cpu_lwp_loop(lp);
}

/* (t) Processes of a user. */
static uint64_t
count_user(uid_t uid)
{
	struct proc *p;
	uint64_t n = 0;

	TAILQ_FOREACH(p, &allproc, p_all) {
		struct ucred *cr = proc_cred_hold(p);

		if (cr == NULL)
			continue;
		if (cr->cr_ruid == uid)
			n += (uint64_t)MAX(p->p_nlwps, 1);
		cred_drop(cr);
	}
	return (n);
}

/* An id within the limits: 0 and *pidp, or EAGAIN. */
static int
fork_reserve(struct lwp *lp, bool thread, pid_t want, pid_t *pidp)
{
	struct ucred *cr = lp->lw_cred;
	uint64_t lim = proc_rlimit(RLIMIT_NPROC);
	int room = cred_has_cap(cr, CAP_SYS_RESOURCE) ? 0 : PROC_RESERVE;
	int error = EAGAIN;

	if (fault_fires(&fork_fault))
		return (EAGAIN);
	lock_excl(&proctree_lock);
	if (rebooting || nlwps + nreserved >= 2 * maxproc - room ||
	    (!thread && nprocs + nreserved >= maxproc - room))
		goto out;
	if (thread && lp->lw_proc->p_nlwps >= MACHINE_PROC_LWPS)
		goto out;
	if (cr->cr_ruid != 0 && !cred_has_cap(cr, CAP_SYS_RESOURCE) &&
	    lim < (uint64_t)maxproc && count_user(cr->cr_ruid) >= lim)
		goto out;
	if (want != 0) {
		*pidp = want;
		if ((error = pid_take(want)) != 0)
			goto out;
	} else if ((*pidp = pid_alloc()) == 0) {
		goto out;
	}
	nreserved++;
	error = 0;
out:
	lock_release(&proctree_lock);
	return (error);
}

static void
fork_unreserve(pid_t pid)
{
	lock_excl(&proctree_lock);
	nreserved--;
	pid_release(pid);
	lock_release(&proctree_lock);
}

/* Shared or copied parts of a new process.  What was made is left in p. */
static int
fork_resources(struct proc *parent, struct proc *p, uint32_t flags)
{
	int error;

	if ((flags & KFORK_SIGHAND) != 0) {
		sigacts_hold(parent->p_sigacts);
		p->p_sigacts = parent->p_sigacts;
	} else if ((p->p_sigacts = sigacts_copy(parent->p_sigacts)) == NULL) {
		return (ENOMEM);
	}
	p->p_membarrier = parent->p_membarrier;
	if ((flags & KFORK_FS) != 0) {
		fs_context_hold(parent->p_fs);
		p->p_fs = parent->p_fs;
	} else if ((p->p_fs = fs_context_copy(parent->p_fs)) == NULL) {
		return (ENOMEM);
	}
	if ((flags & KFORK_FILES) != 0) {
		filedesc_hold(parent->p_fd);
		p->p_fd = parent->p_fd;
		p->p_flags |= PF_FDSHARED;
		spin_lock(&parent->p_spin);
		parent->p_flags |= PF_FDSHARED;
		spin_unlock(&parent->p_spin);
	} else if ((error = filedesc_copy(parent->p_fd, &p->p_fd)) != 0) {
		p->p_fd = NULL;
		return (error);
	}
	if ((flags & KFORK_VM) != 0) {
		vmspace_hold(parent->p_vmspace);
		p->p_vmspace = parent->p_vmspace;
	} else if ((error = vmspace_fork(parent->p_vmspace,
			parent->p_nlwps == 1, &p->p_vmspace)) != 0) {
		p->p_vmspace = NULL;
		return (error);
	}
	if (parent->p_aux != NULL) {
		if ((p->p_aux = kmalloc(AUX_BYTES, M_TEMP, M_WAITOK)) == NULL)
			return (ENOMEM);
		spin_lock(&parent->p_spin);
		memcpy(p->p_aux, parent->p_aux, AUX_BYTES);
		spin_unlock(&parent->p_spin);
	}
	return (0);
}

/* The plain values a child inherits. */
static int
fork_inherit(struct proc *parent, struct proc *p)
{
	spin_lock(&parent->p_spin);
	p->p_cred = cred_hold(parent->p_cred);
	p->p_exe = parent->p_exe;
	if (p->p_exe != NULL)
		path_hold(p->p_exe);
	memcpy(p->p_comm, parent->p_comm, sizeof(p->p_comm));
	memcpy(p->p_rlimit, parent->p_rlimit, sizeof(p->p_rlimit));
	spin_unlock(&parent->p_spin);
	p->p_abi = parent->p_abi;
	p->p_nice =
	    curlwp->lw_reset_on_fork ? MAX(parent->p_nice, 0) : parent->p_nice;
	p->p_oom_adj = parent->p_oom_adj;
	p->p_dumpable = parent->p_dumpable;
	p->p_no_new_privs = parent->p_no_new_privs;
	p->p_no_aslr = parent->p_no_aslr;
	p->p_persona = parent->p_persona;
	p->p_no_thp = parent->p_no_thp;
	p->p_vdso = parent->p_vdso;
	p->p_vvar = parent->p_vvar;
	p->p_flags |= parent->p_flags & PF_CONTROLT;
	cputimers_update(p);
	/* A text file keeps its writers out once per process that runs it. */
	if (p->p_exe != NULL && vn_deny_write(p->p_exe->pt_vnode) != 0) {
		path_drop(p->p_exe);
		p->p_exe = NULL;
	}
	return (0);
}

/* Registers and ids that clone asks for. */
static void
fork_frame(struct lwp *child, const struct kern_fork_args *a)
{
	struct trapframe *tf = &child->lw_frame;

	child->lw_proc->p_abi->abi_result(tf, 0, 0);
	if ((atomic_load(&curlwp->lw_hooks) & LWH_TF) != 0)
		tf->tf_rflags &= ~(uint64_t)RFLAGS_TF;
	if (a->stack != 0)
		tf->tf_rsp = a->stack;
	if (a->set_tls)
		tf->tf_fsbase = a->tls;
	child->lw_child_set_tid = a->child_set_tid;
	child->lw_clear_tid = a->child_clear_tid;
}

static int
fork_thread_make(struct lwp *child)
{
	child->lw_thread = thread_create(
	    lwp_start, child, TDPRI_KERN_USER, "%s", child->lw_proc->p_comm);
	if (child->lw_thread == NULL)
		return (ENOMEM);
	child->lw_thread->td_lwp = child;
	return (0);
}

static void
parent_tid_store(const struct kern_fork_args *a, pid_t pid)
{
	int32_t tid = pid;

	if (a->parent_tid != 0 &&
	    copyout(&tid, a->parent_tid, sizeof(tid)) != 0)
		KTR_EVENT(PROC, parent_tid_fault, "addr=%p", a->parent_tid);
}

/* A thread of the caller's process. */
static int
fork_lwp(struct lwp *lp, const struct kern_fork_args *a, pid_t pid)
{
	struct proc *p = lp->lw_proc;
	struct lwp *child;
	struct tracee *te;
	bool dying;

	if (trace_fork_prepare(lp, a, &te) != 0)
		return (ENOMEM);
	child = lwp_create(p, lp, a);
	if (child != NULL) {
		fork_frame(child, a);
		if (fork_thread_make(child) != 0) {
			lwp_destroy_unstarted(child);
			child = NULL;
		}
	}
	if (child == NULL) {
		trace_fork_cancel(te);
		return (ENOMEM);
	}
	parent_tid_store(a, pid);
	lock_excl(&proctree_lock);
	lwp_enter(child, pid);
	trace_fork_enter(lp, child, te);
	spin_lock(&p->p_spin);
	/* exec or exit of a sibling has begun: the child goes, too. */
	callfilter_inherit(lp, child);
	dying = (p->p_flags & PF_EXITING) != 0 || p->p_execing != NULL;
	if (dying)
		child->lw_flags |= LWF_EXITING;
	child->lw_ast = 1;
	spin_unlock(&p->p_spin);
	nreserved--;
	lock_release(&proctree_lock);
	lwp_run(child);
	trace_fork_event(lp, a, pid);
	return (0);
}

static void
vfork_wait(struct lwp *lp, struct proc *child)
{
	struct proc *p = lp->lw_proc;

	spin_lock(&p->p_spin);
	atomic_or(&lp->lw_flags, LWF_KILLABLE);
	while ((atomic_load_seq(&child->p_flags) & PF_VFORKED) != 0 &&
	    !sig_killed(lp))
		spin_sleep(&lp->lw_flags, &p->p_spin, 0, "vfork", 0);
	atomic_and(&lp->lw_flags, ~(uint32_t)LWF_KILLABLE);
	spin_unlock(&p->p_spin);
}

/*
 * The child side: (t) is not needed, the parent that waits is found through
 * its threads.
 */
void
proc_vfork_done(struct proc *p)
{
	struct proc *parent;
	struct lwp *lp;

	if ((atomic_load(&p->p_flags) & PF_VFORKED) == 0)
		return;
	lock_shared(&proctree_lock);
	parent = p->p_vforker;
	spin_lock(&p->p_spin);
	p->p_flags &= ~(uint32_t)PF_VFORKED;
	p->p_vforker = NULL;
	spin_unlock(&p->p_spin);
	if (parent != NULL) {
		spin_lock(&parent->p_spin);
		TAILQ_FOREACH(lp, &parent->p_lwps, lw_link)
			if ((lp->lw_flags & LWF_KILLABLE) != 0)
				wakeup(&lp->lw_flags);
		spin_unlock(&parent->p_spin);
		proc_drop(parent);
	}
	lock_release(&proctree_lock);
}

static void
fork_proc_destroy(struct proc *p)
{
	proc_release_resources(p);
	proc_drop(p);
}

/* The descriptor that clone was asked for; *fdp is -1 if it was not. */
static int
fork_pidfd(struct proc *p, const struct kern_fork_args *a, int *fdp)
{
	int error;

	*fdp = -1;
	if (a->pidfd == 0)
		return (0);
	if ((error = pidfd_install(p, 0, fdp)) != 0)
		return (error);
	if ((error = copyout(fdp, a->pidfd, sizeof(int32_t))) != 0) {
		(void)fd_close(*fdp);
		*fdp = -1;
	}
	return (error);
}

static int
fork_proc_build(struct lwp *lp, const struct kern_fork_args *a,
    struct proc **pp, struct lwp **childp)
{
	struct proc *p = proc_create();
	struct lwp *child = NULL;
	int error, fd = -1;

	if (p == NULL)
		return (ENOMEM);
	error = fork_inherit(lp->lw_proc, p);
	if (error == 0)
		error = fork_resources(lp->lw_proc, p, a->flags);
	if (error == 0)
		error = fork_pidfd(p, a, &fd);
	if (error == 0 && (child = lwp_create(p, lp, a)) == NULL)
		error = ENOMEM;
	if (error == 0) {
		fork_frame(child, a);
		error = fork_thread_make(child);
		if (error != 0)
			lwp_destroy_unstarted(child);
	}
	if (error != 0) {
		if (fd >= 0)
			(void)fd_close(fd);
		fork_proc_destroy(p);
		return (error);
	}
	p->p_exit_signal = a->exit_signal;
	*pp = p;
	*childp = child;
	return (0);
}

static int
fork_proc(struct lwp *lp, const struct kern_fork_args *a, pid_t pid)
{
	struct proc *me = lp->lw_proc, *p = NULL, *parent;
	struct lwp *child = NULL;
	struct tracee *te;
	int error;

	if (trace_fork_prepare(lp, a, &te) != 0)
		return (ENOMEM);
	if ((error = fork_proc_build(lp, a, &p, &child)) != 0) {
		trace_fork_cancel(te);
		return (error);
	}
	p->p_forker = lp->lw_tid;
	if ((a->flags & KFORK_VFORK) != 0) {
		p->p_flags |= PF_VFORKED;
		p->p_vforker = me;
		proc_hold(me);
	}
	proc_hold(p); /* ours, the tables have the first one */
	parent_tid_store(a, pid);
	lock_excl(&proctree_lock);
	parent = me;
	if ((a->flags & KFORK_PARENT) != 0 && me->p_parent != NULL) {
		parent = me->p_parent;
		p->p_exit_signal = me->p_exit_signal;
	}
	proc_enter(p, pid, parent, me->p_pgrp);
	lwp_enter(child, pid);
	spin_lock(&me->p_spin);
	callfilter_inherit(lp, child);
	spin_unlock(&me->p_spin);
	trace_fork_enter(lp, child, te);
	p->p_state = PS_ACTIVE;
	child->lw_ast = 1;
	nreserved--;
	lock_release(&proctree_lock);
	ev_notify_hint(&me->p_events, EV_NOTE, PROC_EV_FORK | (uint32_t)pid);
	lwp_run(child);
	trace_fork_event(lp, a, pid);
	if ((a->flags & KFORK_VFORK) != 0) {
		vfork_wait(lp, p);
		if ((a->flags & KFORK_UNTRACED) == 0)
			trace_event(lp, TRACE_EV_VFORKDONE, (uint64_t)pid);
	}
	proc_drop(p);
	return (0);
}

int
kern_fork(struct lwp *lp, const struct kern_fork_args *a, pid_t *pidp)
{
	bool thread = (a->flags & KFORK_THREAD) != 0;
	pid_t pid;
	int error;

	if (thread &&
	    (a->flags & (KFORK_VM | KFORK_SIGHAND)) !=
		(KFORK_VM | KFORK_SIGHAND))
		return (EINVAL);
	if ((a->flags & (KFORK_SIGHAND | KFORK_VM)) == KFORK_SIGHAND)
		return (EINVAL);
	/* A child could not be admitted with its parent's share. */
	if (lp->lw_class == SCHED_DEADLINE && !lp->lw_reset_on_fork)
		return (EAGAIN);
	error = fork_reserve(lp, thread, a->set_tid, &pid);
	if (error != 0)
		return (error);
	error = thread ? fork_lwp(lp, a, pid) : fork_proc(lp, a, pid);
	KTR_EVENT(PROC, fork, "parent=%d child=%d flags=%x error=%d",
	    (uint64_t)lp->lw_tid, (uint64_t)pid, (uint64_t)a->flags,
	    (uint64_t)error);
	if (error != 0) {
		fork_unreserve(pid);
		return (error);
	}
	*pidp = pid;
	return (0);
}
