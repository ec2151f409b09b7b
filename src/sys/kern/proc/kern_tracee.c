/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: the traced thread's side.
 *
 * 1. A thread is traced through a struct tracee, which hangs on it (lw_tracee)
 *    and on the tracing thread (lw_tracees).  PF_TRACED says that some thread of
 *    the process is; LWH_TRACE makes each call of the thread look here.
 * 2. A stop.  The thread itself stops, at places where its registers are all in
 *    lw_frame: before a signal is acted on (trace_signal), at the begin and end
 *    of a call, at events inside one (fork, exec, exit), in a stop of job
 *    control, and when the tracer asks (LWF_TRAP).  It says what it stops for in
 *    te_code, sets TEF_STOPPED | TEF_NEWS, tells the tracer by SIGCHLD and wakes
 *    its waits; then it sleeps until TEF_STOPPED goes.  SIGKILL ends the sleep.
 *
 *	running --trace_stop--> STOPPED|NEWS --tracer's wait--> STOPPED
 *	   ^                       |                               |
 *	   +------- resume, detach, tracer's end, SIGKILL ---------+
 *
 * 3. Requests.  A tracer that looks into a stopped thread freezes it first
 *    (TEF_FROZEN, trace_begin): not even SIGKILL moves it until trace_end.
 * 4. Restart.  The kernel puts the frame back to the call as soon as it is cut
 *    short; a tracer expects to see it behind the call with a special result.
 *    restart_show and restart_hide translate, so that a debugger can run
 *    something else in the thread and come back.
 * 5. Job control.  PF_STOPPED stops a traced thread, too, but its tracer may
 *    make it run on: LWF_STOPSEEN, until the stop ends.  A seized thread that
 *    the tracer lets listen stops anew with every change.
 * 6. The end.  The id of a traced thread stays taken, and the link stays as a
 *    zombie, until the tracer has waited for it.  The link of a first thread
 *    (p_tracee) becomes a zombie with its process, whose parent is told after
 *    the tracer, if that is somebody else.
 *
 * Lock order: proctree_lock, p_spin.  Nothing is held at a stop.
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
#include "proc_var.h"

/* --- the registers, as a tracer sees them ------------------------------------ */

static void
restart_show(struct lwp *lp)
{
	const struct abi *abi = lp->lw_proc->p_abi;

	if (lp->lw_restart == 0 || abi->abi_restart_show == NULL)
		return;
	lp->lw_orig = lp->lw_syscall;
	lp->lw_frame.tf_rip = lp->lw_restart_ip;
	lp->lw_frame.tf_rax = abi->abi_restart_show(lp->lw_restart);
}

/* The tracer may have put in another frame, also one of an earlier restart. */
static void
restart_hide(struct lwp *lp)
{
	const struct abi *abi = lp->lw_proc->p_abi;
	struct trapframe *tf = &lp->lw_frame;

	if (abi->abi_restart_show == NULL)
		return;
	lp->lw_restart =
	    lp->lw_orig >= 0 ? abi->abi_restart_kind(tf->tf_rax) : 0;
	if (lp->lw_restart != 0) {
		lp->lw_syscall = (int)lp->lw_orig;
		lp->lw_restart_ip = tf->tf_rip;
		tf->tf_rax = (uint64_t)lp->lw_orig;
		abi->abi_result(tf, ERESTART, 0);
	}
	lp->lw_orig = -1;
}

/* --- stopping ------------------------------------------------------------------ */

/* (t) Tell the tracer by SIGCHLD, and its waits. */
static void
tracer_notify(struct tracee *te, int code, int status)
{
	struct proc *tp = te->te_tracer->lw_proc;
	bool ends = code != CLD_TRAPPED && code != CLD_STOPPED;
	ksiginfo_t ksi;

	if (ends || !sig_child_nocldstop(tp)) {
		sig_fill(&ksi, SIGCHLD, code);
		ksi.ksi_pid = te->te_tid;
		ksi.ksi_status = status;
		sig_send_proc(tp, SIGCHLD, &ksi);
	}
	wakeup(&tp->p_children);
}

/* (p) Must it go on although its tracer has said nothing? */
static bool
stop_overtaken(struct lwp *lp, struct tracee *te, bool ending)
{
	static const sigset_t kill = {{1UL << (SIGKILL - 1), 0}};

	if ((te->te_flags & TEF_FROZEN) != 0)
		return (false);
	if (ending ? sig_any_pending(lp, &kill) : sig_killed(lp))
		return (true);
	return ((te->te_flags & TEF_LISTEN) != 0 &&
	    (te->te_flags & (TEF_NOTIFY | TEF_INTERRUPT)) != 0);
}

#define TEF_OFSTOP                                                             \
	(TEF_STOPPED | TEF_NEWS | TEF_LISTEN | TEF_ATCALL | TEF_ATRETURN |     \
	    TEF_ATSECCOMP)

/* Sleep until the tracer lets lp go, or it is overtaken: false. */
static bool
stop_wait(struct lwp *lp, bool ending)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;
	bool resumed = true;

	spin_lock(&p->p_spin);
	while (
	    (te = lp->lw_tracee) != NULL && (te->te_flags & TEF_STOPPED) != 0) {
		if (stop_overtaken(lp, te, ending)) {
			resumed = false;
			break;
		}
		spin_sleep(&lp->lw_flags, &p->p_spin, PKILL, "traced", 0);
	}
	if (te != NULL) {
		if ((te->te_flags & (TEF_NOTIFY | TEF_INTERRUPT)) != 0)
			atomic_store_seq(&lp->lw_ast, 1);
		te->te_flags &= ~(uint32_t)TEF_OFSTOP;
		te->te_info = NULL;
	}
	lp->lw_flags &= ~(uint32_t)(LWF_TRACESTOP | LWF_KILLABLE);
	spin_unlock(&p->p_spin);
	return (resumed);
}

/*
 * Stop for code; info (or NULL) is what the tracer may read and change, where
 * says at what place of a call.  True: stopped, and resumed by the tracer, with
 * the signal in lw_trace_sig.  Nothing may be held; sleeps.
 */
static bool
trace_stop(struct lwp *lp, int code, ksiginfo_t *info, uint32_t where)
{
	struct proc *p = lp->lw_proc;
	bool ending = code >> 8 == TRACE_EV_EXIT;
	struct tracee *te;

	cpu_lwp_settle(lp);
	lock_excl(&proctree_lock);
	spin_lock(&p->p_spin);
	te = lp->lw_tracee;
	if (te == NULL || (!ending && sig_killed(lp))) {
		spin_unlock(&p->p_spin);
		lock_release(&proctree_lock);
		return (false);
	}
	te->te_flags |= TEF_STOPPED | TEF_NEWS | where;
	te->te_code = code;
	te->te_info = info;
	if ((lp->lw_hooks & LWH_TF) != 0)
		lp->lw_frame.tf_rflags &= ~(uint64_t)RFLAGS_TF;
	atomic_and(&lp->lw_hooks, ~(uint32_t)(LWH_TF | LWH_STEP));
	/* What a signal's stop is resumed with if the tracer just ends. */
	lp->lw_trace_sig =
	    info != NULL && info->ksi_code != SI_TRACE ? code : 0;
	lp->lw_flags |= LWF_TRACESTOP | LWF_KILLABLE;
	spin_unlock(&p->p_spin);
	KTR_EVENT(PROC, trace_stop, "tid=%d code=%x rip=%p",
	    (uint64_t)lp->lw_tid, (uint64_t)code, lp->lw_frame.tf_rip);
	tracer_notify(
	    te, info != NULL ? CLD_TRAPPED : CLD_STOPPED, code & 0x7f);
	lock_release(&proctree_lock);
	return (stop_wait(lp, ending));
}

/* A stop that is no signal's has a siginfo that says its code. */
static bool
trace_stop_code(struct lwp *lp, int code, uint32_t where)
{
	ksiginfo_t ksi;

	sig_fill(&ksi, code & 0x7f, SI_TRACE);
	ksi.ksi_pid = lp->lw_tid;
	ksi.ksi_status = code;
	return (trace_stop(lp, code, &ksi, where));
}

int
trace_signal(struct lwp *lp, int sig, ksiginfo_t *ksi)
{
	struct tracee *te;
	int res;
	bool resumed;

	restart_show(lp);
	resumed = trace_stop(lp, sig, ksi, 0);
	restart_hide(lp);
	if (!resumed)
		return (sig_killed(lp) ? 0 : sig);
	res = lp->lw_trace_sig;
	if (res == 0 || res == ksi->ksi_signo)
		return (res);
	sig_fill(ksi, res, SI_USER);
	lock_shared(&proctree_lock);
	if ((te = lp->lw_tracee) != NULL)
		ksi->ksi_pid = te->te_tracer->lw_proc->p_pid;
	lock_release(&proctree_lock);
	return (res);
}

/* --- events ------------------------------------------------------------------------ */

static const uint32_t event_options[] = {
    [TRACE_EV_FORK] = TRO_FORK,
    [TRACE_EV_VFORK] = TRO_VFORK,
    [TRACE_EV_CLONE] = TRO_CLONE,
    [TRACE_EV_EXEC] = TRO_EXEC,
    [TRACE_EV_VFORKDONE] = TRO_VFORKDONE,
    [TRACE_EV_EXIT] = TRO_EXIT,
    [TRACE_EV_SECCOMP] = TRO_SECCOMP,
};

/* Is event wanted?  Then its message is set. */
static bool
event_begin(struct lwp *lp, int event, uint64_t msg)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;
	bool want = false;

	if (__likely((atomic_load(&lp->lw_hooks) & LWH_TRACE) == 0))
		return (false);
	spin_lock(&p->p_spin);
	te = lp->lw_tracee;
	if (te != NULL && (te->te_options & event_options[event]) != 0 &&
	    (lp->lw_flags & LWF_EXITTOLD) == 0) {
		want = true;
		te->te_event = event;
		te->te_msg = msg;
		if (event == TRACE_EV_EXIT)
			lp->lw_flags |= LWF_EXITTOLD;
	}
	spin_unlock(&p->p_spin);
	return (want);
}

bool
trace_wants(struct lwp *lp, int event)
{
	struct proc *p = lp->lw_proc;
	bool want;

	spin_lock(&p->p_spin);
	want = lp->lw_tracee != NULL &&
	    (lp->lw_tracee->te_options & event_options[event]) != 0;
	spin_unlock(&p->p_spin);
	return (want);
}

void
trace_event(struct lwp *lp, int event, uint64_t msg)
{
	if (event_begin(lp, event, msg))
		(void)trace_stop_code(lp, TRACE_CODE(SIGTRAP, event),
		    event == TRACE_EV_SECCOMP ? TEF_ATSECCOMP : 0);
}

/* --- job control ---------------------------------------------------------------------- */

void
trace_notify(struct lwp *lp)
{
	struct tracee *te = lp->lw_tracee;

	SPIN_ASSERT(&lp->lw_proc->p_spin);
	lp->lw_flags &= ~(uint32_t)LWF_STOPSEEN;
	if (te == NULL || (te->te_flags & TEF_SEIZED) == 0)
		return;
	te->te_flags |= TEF_NOTIFY;
	lp->lw_flags |= LWF_TRAP;
	if ((te->te_flags & TEF_LISTEN) != 0)
		wakeup(&lp->lw_flags);
	lwp_notify(lp);
}

/* Take what asks for a stop: the signal of the stop, with its event. */
static int
trap_take(struct lwp *lp, bool *seizedp)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;
	int sig;

	spin_lock(&p->p_spin);
	lp->lw_flags &= ~(uint32_t)LWF_TRAP;
	te = lp->lw_tracee;
	*seizedp = te != NULL && (te->te_flags & TEF_SEIZED) != 0;
	if (te != NULL)
		te->te_flags &= ~(uint32_t)(TEF_NOTIFY | TEF_INTERRUPT);
	sig = (p->p_flags & PF_STOPPED) != 0 ? p->p_stop_signal : SIGTRAP;
	spin_unlock(&p->p_spin);
	return (sig);
}

void
trace_trap(struct lwp *lp)
{
	bool seized;
	int sig = trap_take(lp, &seized);

	if (!seized)
		return;
	restart_show(lp);
	(void)trace_stop_code(lp, TRACE_CODE(sig, TRACE_EV_STOP), 0);
	restart_hide(lp);
}

void
trace_group_stop(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	bool seized, resumed;
	int sig = trap_take(lp, &seized);

	restart_show(lp);
	if (seized)
		resumed =
		    trace_stop_code(lp, TRACE_CODE(sig, TRACE_EV_STOP), 0);
	else
		resumed = trace_stop(lp, sig, NULL, 0);
	restart_hide(lp);
	spin_lock(&p->p_spin);
	if (resumed && (p->p_flags & PF_STOPPED) != 0 && lp->lw_tracee != NULL)
		lp->lw_flags |= LWF_STOPSEEN;
	spin_unlock(&p->p_spin);
}

/* --- calls ------------------------------------------------------------------------------- */

/* Flags of the link that are asked for, with the code of a stop at a call. */
static uint32_t
call_flags(struct lwp *lp, uint32_t mask, uint64_t msg, int *codep)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;
	uint32_t flags = 0;

	spin_lock(&p->p_spin);
	if ((te = lp->lw_tracee) != NULL) {
		flags = te->te_flags & mask;
		*codep = SIGTRAP |
		    ((te->te_options & TRO_SYSGOOD) != 0 ? TRACE_SYSGOOD : 0);
		if (flags != 0) {
			te->te_event = TRACE_EV_NONE;
			te->te_msg = msg;
		}
	}
	spin_unlock(&p->p_spin);
	return (flags);
}

/* The signal with which a stop at a call was resumed is sent, not delivered. */
static void
call_signal(struct lwp *lp)
{
	ksiginfo_t ksi;

	if (lp->lw_trace_sig == 0)
		return;
	sig_fill(&ksi, lp->lw_trace_sig, SI_USER);
	sig_send_lwp(lp, lp->lw_trace_sig, &ksi);
}

bool
trace_call(struct lwp *lp, uint32_t *nrp)
{
	uint32_t flags;
	int code = 0;

	lp->lw_proc->p_abi->abi_result(&lp->lw_frame, ENOSYS, 0);
	flags = call_flags(lp, TEF_SYSCALLS | TEF_EMULATE, 1, &code);
	if (flags == 0)
		return (true);
	if (trace_stop_code(lp, code, TEF_ATCALL))
		call_signal(lp);
	else if (sig_killed(lp))
		return (false);
	*nrp = (uint32_t)lp->lw_orig;
	return ((flags & TEF_EMULATE) == 0 && (int32_t)lp->lw_orig != -1);
}

void
trace_return(struct lwp *lp)
{
	int code = 0;

	if ((lp->lw_hooks & LWH_STEP) != 0) {
		sig_trap(lp, SIGTRAP, TRAP_BRKPT, lp->lw_frame.tf_rip, 0);
	} else if (call_flags(lp, TEF_SYSCALLS, 2, &code) != 0) {
		restart_show(lp);
		if (trace_stop_code(lp, code, TEF_ATRETURN))
			call_signal(lp);
		restart_hide(lp);
	}
	lp->lw_orig = -1;
}

void
trace_step_handler(struct lwp *lp)
{
	(void)trace_stop_code(lp, SIGTRAP, 0);
}

/* --- fork and exec -------------------------------------------------------------------------- */

static int
fork_event(const struct kern_fork_args *a)
{
	if ((a->flags & KFORK_VFORK) != 0)
		return (TRACE_EV_VFORK);
	return (a->exit_signal == SIGCHLD ? TRACE_EV_FORK : TRACE_EV_CLONE);
}

int
trace_fork_prepare(
    struct lwp *lp, const struct kern_fork_args *a, struct tracee **tep)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te;
	bool want;

	*tep = NULL;
	if (__likely((atomic_load(&lp->lw_hooks) & LWH_TRACE) == 0))
		return (0);
	spin_lock(&p->p_spin);
	te = lp->lw_tracee;
	want = te != NULL &&
	    ((a->flags & KFORK_TRACED) != 0 ||
		((a->flags & KFORK_UNTRACED) == 0 &&
		    (te->te_options & event_options[fork_event(a)]) != 0));
	spin_unlock(&p->p_spin);
	if (want && (*tep = trace_alloc()) == NULL)
		return (ENOMEM);
	return (0);
}

void
trace_fork_cancel(struct tracee *te)
{
	if (te != NULL)
		trace_free(te);
}

void
trace_fork_enter(struct lwp *lp, struct lwp *child, struct tracee *te)
{
	struct proc *p = lp->lw_proc;
	struct lwp *tracer = NULL;
	uint32_t options = 0, seized = 0;

	LOCK_ASSERT_EXCL(&proctree_lock);
	if (te == NULL)
		return;
	spin_lock(&p->p_spin);
	if (lp->lw_tracee != NULL) {
		tracer = lp->lw_tracee->te_tracer;
		options = lp->lw_tracee->te_options;
		seized = lp->lw_tracee->te_flags & TEF_SEIZED;
	}
	spin_unlock(&p->p_spin);
	if (tracer == NULL) {
		trace_free(te);
		return;
	}
	trace_link(te, tracer, child, options, seized != 0);
	trace_first_stop(child, seized != 0);
}

void
trace_fork_event(struct lwp *lp, const struct kern_fork_args *a, pid_t child)
{
	if ((a->flags & KFORK_UNTRACED) == 0)
		trace_event(lp, fork_event(a), (uint64_t)child);
}

void
trace_exec_leader(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;

	LOCK_ASSERT_EXCL(&proctree_lock);
	if (p->p_tracee != NULL && p->p_tracee != lp->lw_tracee)
		trace_unlink(p->p_tracee); /* the former first thread's */
	if (lp->lw_tracee != NULL) {
		lp->lw_tracee->te_tid = p->p_pid;
		p->p_tracee = lp->lw_tracee;
	}
}

void
trace_exec_event(struct lwp *lp, pid_t former)
{
	struct proc *p = lp->lw_proc;
	bool old = false;
	ksiginfo_t ksi;

	if (__likely((atomic_load(&lp->lw_hooks) & LWH_TRACE) == 0))
		return;
	spin_lock(&p->p_spin);
	if (lp->lw_tracee != NULL)
		old = (lp->lw_tracee->te_flags & TEF_SEIZED) == 0 &&
		    (lp->lw_tracee->te_options & TRO_EXEC) == 0;
	spin_unlock(&p->p_spin);
	if (old) {
		sig_fill(&ksi, SIGTRAP, SI_USER);
		sig_send_lwp(lp, SIGTRAP, &ksi);
	}
	trace_event(lp, TRACE_EV_EXEC, (uint64_t)former);
}

bool
trace_forbids_setid(struct lwp *lp)
{
	struct ucred *cr;
	bool forbids = false;

	lock_shared(&proctree_lock);
	if (lp->lw_tracee != NULL &&
	    (cr = proc_cred_hold(lp->lw_tracee->te_tracer->lw_proc)) != NULL) {
		forbids = !cred_has_cap(cr, CAP_SYS_PTRACE);
		cred_drop(cr);
	}
	lock_release(&proctree_lock);
	return (forbids);
}

/* --- the end ----------------------------------------------------------------------------------- */

static void
end_notify(struct tracee *te)
{
	int st = te->te_status;

	if ((st & 0x7f) == 0)
		tracer_notify(te, CLD_EXITED, st >> 8 & 0xff);
	else
		tracer_notify(
		    te, (st & 0x80) != 0 ? CLD_DUMPED : CLD_KILLED, st & 0x7f);
}

bool
trace_lwp_exit(struct lwp *lp, int status)
{
	struct proc *p = lp->lw_proc;
	struct tracee *te = lp->lw_tracee;

	LOCK_ASSERT_EXCL(&proctree_lock);
	if (te == NULL)
		return (false);
	spin_lock(&p->p_spin);
	lp->lw_tracee = NULL;
	te->te_lwp = NULL;
	if (--p->p_ntraced == 0)
		p->p_flags &= ~(uint32_t)PF_TRACED;
	lwp_rusage(lp, &te->te_ru);
	if (te != p->p_tracee) {
		te->te_flags = TEF_ZOMBIE | TEF_NEWS;
		te->te_status = status;
		lp->lw_flags |= LWF_KEEPID;
	}
	spin_unlock(&p->p_spin);
	if (te == p->p_tracee)
		return (false);
	end_notify(te);
	if (sig_child_autoreap(te->te_tracer->lw_proc)) {
		trace_unlink(te);
		spin_lock(&p->p_spin);
		lp->lw_flags &= ~(uint32_t)LWF_KEEPID;
		spin_unlock(&p->p_spin);
		return (false);
	}
	return (true);
}

bool
trace_proc_exit(struct proc *p)
{
	struct tracee *te = p->p_tracee;

	LOCK_ASSERT_EXCL(&proctree_lock);
	if (te == NULL)
		return (false);
	te->te_flags = TEF_ZOMBIE | TEF_NEWS;
	te->te_status = p->p_exit_status;
	if (te->te_tracer->lw_proc == p->p_parent)
		return (false);
	end_notify(te);
	if (sig_child_autoreap(te->te_tracer->lw_proc)) {
		trace_unlink(te);
		return (false);
	}
	return (true);
}

void
trace_proc_leave(struct proc *p)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	if (p->p_tracee != NULL)
		trace_unlink(p->p_tracee);
}
