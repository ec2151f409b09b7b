/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: the tracer's side.  Links to tracees are made and undone here, and
 * the requests on a stopped one are answered; the theory is in kern_tracee.c.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/ucred.h>
#include <vm/vm.h>
#include "proc_var.h"

static MALLOC_DEFINE(M_TRACE, "trace", "links between tracers and tracees");
FAULT_POINT(trace_fault, "trace_link");

/* --- links --------------------------------------------------------------------- */

struct tracee *
trace_alloc(void)
{
	if (fault_fires(&trace_fault))
		return (NULL);
	return (kmalloc(sizeof(struct tracee), M_TRACE, M_WAITOK | M_ZERO));
}

void
trace_free(struct tracee *te)
{
	kfree(te, M_TRACE);
}

/* (t) excl.  The link is in use from here on; a first stop is ordered. */
void
trace_link(struct tracee *te, struct lwp *tracer, struct lwp *lp,
    uint32_t options, bool seized)
{
	struct proc *p = lp->lw_proc;

	LOCK_ASSERT_EXCL(&proctree_lock);
	te->te_tracer = tracer;
	te->te_lwp = lp;
	te->te_proc = p;
	proc_hold(p);
	te->te_tid = lp->lw_tid;
	te->te_options = options;
	te->te_flags = seized ? TEF_SEIZED : 0;
	LIST_INSERT_HEAD(&tracer->lw_tracees, te, te_link);
	if (lp->lw_tid == p->p_pid)
		p->p_tracee = te;
	spin_lock(&p->p_spin);
	lp->lw_tracee = te;
	atomic_or(&lp->lw_hooks, LWH_TRACE);
	p->p_flags |= PF_TRACED;
	p->p_ntraced++;
	spin_unlock(&p->p_spin);
	KTR_EVENT(PROC, trace_link, "tid=%d tracer=%d seized=%d",
	    (uint64_t)lp->lw_tid, (uint64_t)tracer->lw_tid, (uint64_t)seized);
}

/* (t) excl.  The stop with which tracing of a running lp begins. */
void
trace_first_stop(struct lwp *lp, bool seized)
{
	struct proc *p = lp->lw_proc;
	ksiginfo_t ksi;

	if (seized) {
		spin_lock(&p->p_spin);
		lp->lw_tracee->te_flags |= TEF_INTERRUPT;
		lp->lw_flags |= LWF_TRAP;
		lwp_notify(lp);
		spin_unlock(&p->p_spin);
		return;
	}
	sig_fill(&ksi, SIGSTOP, SI_KERNEL);
	sig_send_lwp(lp, SIGSTOP, &ksi);
}

void
trace_unlink(struct tracee *te)
{
	struct proc *p = te->te_proc;
	struct lwp *lp;

	LOCK_ASSERT_EXCL(&proctree_lock);
	LIST_REMOVE(te, te_link);
	if (p->p_tracee == te)
		p->p_tracee = NULL;
	spin_lock(&p->p_spin);
	if ((lp = te->te_lwp) != NULL) {
		lp->lw_tracee = NULL;
		lp->lw_flags &= ~(uint32_t)(LWF_TRAP | LWF_STOPSEEN);
		/* LWH_TF stays: the thread itself takes the flag back. */
		atomic_and(&lp->lw_hooks, ~(uint32_t)(LWH_TRACE | LWH_STEP));
		if (--p->p_ntraced == 0)
			p->p_flags &= ~(uint32_t)PF_TRACED;
		atomic_store_seq(&lp->lw_ast, 1);
		wakeup(&lp->lw_flags);
	}
	spin_unlock(&p->p_spin);
	proc_drop(p);
	trace_free(te);
}

void
trace_reaped(struct tracee *te)
{
	struct proc *p = te->te_proc;
	bool thread = p->p_tracee != te;
	pid_t tid = te->te_tid;

	proc_hold(p);
	trace_unlink(te);
	if (thread)
		pid_release(tid);
	else if (p->p_parent != NULL)
		proc_exit_notify(p);
	proc_drop(p);
}

void
trace_tracer_exit(struct lwp *lp)
{
	struct tracee *te;
	ksiginfo_t ksi;

	/* Only a tracee of ours could add to an empty list. */
	if (__likely(LIST_EMPTY(&lp->lw_tracees)))
		return;
	lock_excl(&proctree_lock);
	while ((te = LIST_FIRST(&lp->lw_tracees)) != NULL) {
		if ((te->te_options & TRO_EXITKILL) != 0 &&
		    te->te_lwp != NULL) {
			sig_fill(&ksi, SIGKILL, SI_KERNEL);
			sig_send_proc(te->te_proc, SIGKILL, &ksi);
		}
		if ((te->te_flags & TEF_ZOMBIE) != 0)
			trace_reaped(te);
		else
			trace_unlink(te);
	}
	lock_release(&proctree_lock);
}

pid_t
trace_tracer_pid(struct proc *p, pid_t tid)
{
	struct tracee *te = p->p_tracee;
	struct lwp *lp;

	LOCK_ASSERT(&proctree_lock);
	if (tid != 0) {
		lp = lwp_find(tid);
		te = lp != NULL && lp->lw_proc == p ? lp->lw_tracee : NULL;
	}
	return (te != NULL ? te->te_tracer->lw_proc->p_pid : 0);
}

/* --- attaching ------------------------------------------------------------------- */

int
trace_permitted(struct proc *p)
{
	struct ucred *me = cred_current(), *cr;
	uid_t u = me->cr_ruid;
	gid_t g = me->cr_rgid;
	bool ok;

	if (p == curproc)
		return (0);
	if ((cr = proc_cred_hold(p)) == NULL)
		return (EPERM);
	ok = u == cr->cr_uid && u == cr->cr_ruid && u == cr->cr_svuid &&
	    g == cr->cr_gid && g == cr->cr_rgid && g == cr->cr_svgid &&
	    (cr->cr_cap_permitted & ~me->cr_cap_permitted) == 0 &&
	    p->p_dumpable != 0;
	cred_drop(cr);
	return (ok || cred_has_cap(me, CAP_SYS_PTRACE) ? 0 : EPERM);
}

/* (t) The parent's thread that forked p, or another of it. */
static struct lwp *
forker(struct proc *p)
{
	struct lwp *lp = lwp_find(p->p_forker);

	if (lp != NULL && lp->lw_proc == p->p_parent)
		return (lp);
	return (TAILQ_FIRST(&p->p_parent->p_lwps));
}

int
kern_trace_me(void)
{
	struct lwp *lp = curlwp, *tracer;
	struct tracee *te = trace_alloc();
	int error = 0;

	if (te == NULL)
		return (ENOMEM);
	lock_excl(&proctree_lock);
	tracer = forker(lp->lw_proc);
	if (lp->lw_tracee != NULL || tracer == NULL ||
	    (lp->lw_tid == lp->lw_proc->p_pid && lp->lw_proc->p_tracee != NULL))
		error = EPERM;
	else
		trace_link(te, tracer, lp, 0, false);
	lock_release(&proctree_lock);
	if (error != 0)
		trace_free(te);
	return (error);
}

/* (t) */
static int
attach_check(struct lwp *lp)
{
	struct proc *p;

	if (lp == NULL)
		return (ESRCH);
	p = lp->lw_proc;
	if (p == curproc || (p->p_flags & (PF_SYSTEM | PF_EXITING)) != 0 ||
	    (lp->lw_flags & LWF_EXITING) != 0 || lp->lw_tracee != NULL)
		return (EPERM);
	return (trace_permitted(p));
}

int
kern_trace_attach(pid_t tid, bool seize, uint32_t options)
{
	struct tracee *te = trace_alloc();
	struct lwp *lp;
	int error;

	if (te == NULL)
		return (ENOMEM);
	lock_excl(&proctree_lock);
	lp = lwp_find(tid);
	if ((error = attach_check(lp)) == 0) {
		trace_link(te, curlwp, lp, options, seize);
		if (!seize)
			trace_first_stop(lp, false);
		/* One that job control has stopped stops for the tracer. */
		wakeup(&lp->lw_proc->p_stop_signal);
	}
	lock_release(&proctree_lock);
	if (error != 0)
		trace_free(te);
	return (error);
}

/* --- requests ---------------------------------------------------------------------- */

/* (t) The current thread's link to tid, whose thread is there; or NULL. */
static struct tracee *
tracee_find(pid_t tid)
{
	struct tracee *te;

	LIST_FOREACH(te, &curlwp->lw_tracees, te_link)
		if (te->te_tid == tid && te->te_lwp != NULL)
			return (te);
	return (NULL);
}

int
trace_begin(pid_t tid, struct lwp **lpp)
{
	int error = ESRCH;
	struct tracee *te;
	struct lwp *lp;

	lock_shared(&proctree_lock);
	if ((te = tracee_find(tid)) != NULL) {
		lp = te->te_lwp;
		spin_lock(&te->te_proc->p_spin);
		if ((te->te_flags & (TEF_STOPPED | TEF_LISTEN)) ==
			TEF_STOPPED &&
		    ((te->te_code >> 8) == TRACE_EV_EXIT || !sig_killed(lp))) {
			te->te_flags |= TEF_FROZEN;
			lwp_hold(lp);
			*lpp = lp;
			error = 0;
		}
		spin_unlock(&te->te_proc->p_spin);
	}
	lock_release(&proctree_lock);
	return (error);
}

void
trace_end(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;

	spin_lock(&p->p_spin);
	if (lp->lw_tracee != NULL)
		lp->lw_tracee->te_flags &= ~(uint32_t)TEF_FROZEN;
	wakeup(&lp->lw_flags);
	spin_unlock(&p->p_spin);
	lwp_drop(lp);
}

static void
detach(struct lwp *lp, int sig)
{
	struct proc *p = lp->lw_proc;

	lock_excl(&proctree_lock);
	spin_lock(&p->p_spin);
	lp->lw_trace_sig = sig;
	spin_unlock(&p->p_spin);
	trace_unlink(lp->lw_tracee);
	lock_release(&proctree_lock);
}

int
kern_trace_resume(struct lwp *lp, enum trace_resume how, int sig)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;

	if (sig < 0 || sig >= NSIG)
		return (EIO);
	KTR_EVENT(PROC, trace_resume, "tid=%d how=%d sig=%d",
	    (uint64_t)lp->lw_tid, (uint64_t)how, (uint64_t)sig);
	if (how == TRR_DETACH) {
		detach(lp, sig);
		return (0);
	}
	spin_lock(&p->p_spin);
	te = lp->lw_tracee;
	te->te_flags &= ~(uint32_t)(TEF_SYSCALLS | TEF_EMULATE | TEF_STOPPED);
	if (how == TRR_SYSCALL)
		te->te_flags |= TEF_SYSCALLS;
	if (how == TRR_EMULATE || how == TRR_EMULATE_STEP)
		te->te_flags |= TEF_EMULATE;
	if (how == TRR_STEP || how == TRR_EMULATE_STEP) {
		atomic_or(&lp->lw_hooks, LWH_STEP);
		atomic_store_seq(&lp->lw_ast, 1);
	}
	lp->lw_trace_sig = sig;
	wakeup(&lp->lw_flags);
	spin_unlock(&p->p_spin);
	return (0);
}

int
kern_trace_listen(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;
	int error = EIO;

	spin_lock(&p->p_spin);
	te = lp->lw_tracee;
	if ((te->te_flags & TEF_SEIZED) != 0 &&
	    te->te_code >> 8 == TRACE_EV_STOP) {
		te->te_flags |= TEF_LISTEN;
		error = 0;
	}
	spin_unlock(&p->p_spin);
	return (error);
}

int
kern_trace_interrupt(pid_t tid)
{
	struct tracee *te;
	int error = ESRCH;

	lock_shared(&proctree_lock);
	if ((te = tracee_find(tid)) != NULL) {
		spin_lock(&te->te_proc->p_spin);
		error = (te->te_flags & TEF_SEIZED) != 0 ? 0 : EIO;
		if (error == 0) {
			te->te_flags |= TEF_INTERRUPT;
			te->te_lwp->lw_flags |= LWF_TRAP;
			lwp_notify(te->te_lwp);
			if ((te->te_flags & TEF_LISTEN) != 0)
				wakeup(&te->te_lwp->lw_flags);
		}
		spin_unlock(&te->te_proc->p_spin);
	}
	lock_release(&proctree_lock);
	return (error);
}

int
kern_trace_kill(pid_t tid)
{
	struct tracee *te;
	ksiginfo_t ksi;

	lock_shared(&proctree_lock);
	if ((te = tracee_find(tid)) != NULL) {
		sig_fill(&ksi, SIGKILL, SI_USER);
		sig_send_proc(te->te_proc, SIGKILL, &ksi);
	}
	lock_release(&proctree_lock);
	return (te != NULL ? 0 : ESRCH);
}

int
kern_trace_rw(struct lwp *lp, uaddr_t addr, void *buf, size_t len, bool write)
{
	struct vmspace *vm = proc_vmspace_hold(lp->lw_proc);
	size_t done = 0;
	int error;

	if (vm == NULL)
		return (EIO);
	error = vmspace_rw_force(vm, addr, buf, len, write, &done);
	vmspace_drop(vm);
	return (error != 0 || done < len ? EIO : 0);
}

void
kern_trace_options(struct lwp *lp, uint32_t options)
{
	spin_lock(&lp->lw_proc->p_spin);
	lp->lw_tracee->te_options = options;
	spin_unlock(&lp->lw_proc->p_spin);
}

int
kern_trace_getsiginfo(struct lwp *lp, ksiginfo_t *ksi)
{
	ksiginfo_t *info;

	spin_lock(&lp->lw_proc->p_spin);
	if ((info = lp->lw_tracee->te_info) != NULL)
		*ksi = *info;
	spin_unlock(&lp->lw_proc->p_spin);
	return (info != NULL ? 0 : EINVAL);
}

int
kern_trace_setsiginfo(struct lwp *lp, const ksiginfo_t *ksi)
{
	ksiginfo_t *info;

	spin_lock(&lp->lw_proc->p_spin);
	if ((info = lp->lw_tracee->te_info) != NULL)
		*info = *ksi;
	spin_unlock(&lp->lw_proc->p_spin);
	return (info != NULL ? 0 : EINVAL);
}

void
kern_trace_setsigmask(struct lwp *lp, const sigset_t *mask)
{
	struct proc *p = lp->lw_proc;

	spin_lock(&p->p_spin);
	lp->lw_sigmask = *mask;
	sigset_andnot(&lp->lw_sigmask, &sigset_cantmask);
	lp->lw_flags &= ~(uint32_t)LWF_RESTOREMASK;
	atomic_store_seq(&lp->lw_ast, 1);
	spin_unlock(&p->p_spin);
}

int
kern_trace_peeksig(struct lwp *lp, bool shared, uint64_t index, ksiginfo_t *ksi)
{
	struct proc *p = lp->lw_proc;
	struct sigqueue *sq = shared ? &p->p_sigq : &lp->lw_sigq;
	ksiginfo_t *e;

	spin_lock(&p->p_spin);
	TAILQ_FOREACH(e, &sq->sq_list, ksi_link)
		if (index-- == 0)
			break;
	if (e != NULL)
		*ksi = *e;
	spin_unlock(&p->p_spin);
	return (e != NULL ? 0 : ENOENT);
}

void
kern_trace_state(struct lwp *lp, struct tracee *te)
{
	spin_lock(&lp->lw_proc->p_spin);
	*te = *lp->lw_tracee;
	spin_unlock(&lp->lw_proc->p_spin);
}
