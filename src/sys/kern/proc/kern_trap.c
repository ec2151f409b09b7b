/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user boundary: what happens when a thread comes from user mode and before
 * it goes back.
 *
 * The machine fills lw_frame and calls trap_syscall, trap_fault or
 * trap_exception, then trap_userret, then loads the frame.  trap_userret runs
 * until nothing wants attention: exit, stop, signals, CPU-time limits, the
 * scheduler.  Whoever wants attention sets lw_ast and kicks the CPU; the
 * machine must look at lw_ast once more after it has made itself kickable.
 *
 * Restart.  A call that a signal cut short returns ERESTART (or EINTR, which
 * means the same unless the call is marked SEF_NORESTART).  The frame is put
 * back to the call instruction at once; sig_deliver turns it into EINTR when a
 * handler without SA_RESTART runs.  A call with a relative timeout keeps its
 * deadline in lw_restart_deadline, under lw_restart_kind, for its second run.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/async.h>
#include <sys/atomic.h>
#include <sys/callfilter.h>
#include <sys/cpu.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/userret.h>
#include <vm/vm.h>
#include "proc_var.h"

static uint64_t unknown_calls;
SYSCTL_U64(unknown_calls, "kern.unknown_syscalls", CTLF_RD, &unknown_calls,
    "System calls made that are not implemented");

/* What a sibling did to the credentials takes effect at the next crossing. */
static __noinline void
refresh_cred(struct lwp *lp)
{
	struct ucred *old = lp->lw_cred;

	lp->lw_cred = proc_cred_hold(lp->lw_proc);
	if (old != NULL)
		cred_drop(old);
}

static inline void
enter_kernel(struct lwp *lp)
{
	KASSERT(curthread->td_lwp == lp, ("trap on a foreign thread"));
	lwp_account(lp, curcpu, 0);
	if (__unlikely(lp->lw_cred != atomic_load(&lp->lw_proc->p_cred)))
		refresh_cred(lp);
}

/* A restarted call may go on with its deadline; another call may not. */
static void
restart_check(struct lwp *lp, uint32_t nr)
{
	if (lp->lw_restart_kind != LWR_NONE &&
	    (lp->lw_syscall != (int)nr ||
		lp->lw_frame.tf_rip != lp->lw_restart_ip))
		lp->lw_restart_kind = LWR_NONE;
	lp->lw_syscall = (int)nr;
}

/* What was refused is counted, by call: kern.syscall_failures. */
static __noinline void
syscall_failed(const struct abi *abi, const struct sysent *se)
{
	if (se->se_name != NULL)
		atomic_add(&abi->abi_failures[se - abi->abi_sysent], 1);
}

static void
syscall_finish(struct lwp *lp, const struct sysent *se, int error, uint64_t res)
{
	struct trapframe *tf = &lp->lw_frame;

	if (error == EINTR)
		error = (se->se_flags & SEF_NORESTART) != 0 ? ERESTARTNOHAND
							    : ERESTART;
	switch (error) {
	case ERESTART:
	case ERESTARTNOHAND:
	case ERESTARTNOINTR:
		lp->lw_restart = error;
		lp->lw_restart_ip = tf->tf_rip;
		lp->lw_proc->p_abi->abi_result(tf, ERESTART, 0);
		atomic_store_seq(&lp->lw_ast, 1);
		return;
	case EJUSTRETURN:
		break;
	default:
		if (error != 0)
			syscall_failed(lp->lw_proc->p_abi, se);
		lp->lw_proc->p_abi->abi_result(tf, error, res);
		break;
	}
	lp->lw_restart_kind = LWR_NONE;
}

static int
syscall_unknown(struct lwp *lp, uint32_t nr, const struct sysent *se)
{
	atomic_add(&unknown_calls, 1);
	KTR_EVENT(SYSCALL, unknown, "tid=%d nr=%d", (uint64_t)lp->lw_tid,
	    (uint64_t)nr);
	return (ENOSYS);
}

static const struct sysent none;

static void
syscall_fetch(struct lwp *lp, const struct abi *abi, uint32_t *nrp)
{
	if (abi->abi_fetch == NULL)
		*nrp = frame_syscall(&lp->lw_frame, lp->lw_sysargs);
	else
		abi->abi_fetch(&lp->lw_frame, nrp, lp->lw_sysargs);
}

/*
 * A call of a thread that somebody watches, whose tracer may change it.  The
 * frame's result says "no such call" meanwhile, so the number is put back for
 * a restart.
 */
static __noinline void
syscall_hooked(struct lwp *lp, const struct abi *abi, uint32_t nr)
{
	const struct sysent *se = &none;
	uint64_t res = 0;
	uint32_t unused, hooks = lp->lw_hooks;
	int error = 0;

	lp->lw_orig = (int32_t)nr;
	if ((hooks & LWH_TRACE) != 0 && !trace_call(lp, &nr))
		error = EJUSTRETURN;
	else if ((hooks & LWH_FILTER) != 0)
		error = callfilter_judge(lp, &nr);
	if (error == ERESTART) {
		restart_check(lp, nr);
		lp->lw_frame.tf_rax = nr;
		syscall_finish(lp, se, error, 0);
	} else if (error == 0) {
		syscall_fetch(lp, abi, &unused);
		restart_check(lp, nr);
		if (nr < abi->abi_nsys)
			se = &abi->abi_sysent[nr];
		error = se->se_call != NULL
		    ? se->se_call(lp, lp->lw_sysargs, &res)
		    : syscall_unknown(lp, nr, se);
		KTR_EVENT(SYSCALL, leave_hooked,
		    "tid=%d nr=%d error=%d res=%lx", (uint64_t)lp->lw_tid,
		    (uint64_t)nr, (uint64_t)error, res);
		if (error == EINTR || error == ERESTART ||
		    error == ERESTARTNOHAND || error == ERESTARTNOINTR)
			lp->lw_frame.tf_rax = nr;
		syscall_finish(lp, se, error, res);
	}
	trace_return(lp);
}

void
trap_syscall(struct lwp *lp)
{
	const struct abi *abi = lp->lw_proc->p_abi;
	const struct sysent *se = &none;
	uint64_t res = 0;
	uint32_t nr;
	int error;

	enter_kernel(lp);
	syscall_fetch(lp, abi, &nr);
	curcpu->c_syscalls++;
	KTR_EVENT(SYSCALL, enter, "tid=%d nr=%d a0=%lx a1=%lx a2=%lx",
	    (uint64_t)lp->lw_tid, (uint64_t)nr, lp->lw_sysargs[0],
	    lp->lw_sysargs[1], lp->lw_sysargs[2]);
	if (__unlikely(atomic_load(&lp->lw_hooks) != 0)) {
		syscall_hooked(lp, abi, nr);
		return;
	}
	restart_check(lp, nr);
	if (nr < abi->abi_nsys)
		se = &abi->abi_sysent[nr];
	if (__likely(se->se_call != NULL))
		error = se->se_call(lp, lp->lw_sysargs, &res);
	else
		error = syscall_unknown(lp, nr, se);
	KTR_EVENT(SYSCALL, leave, "tid=%d nr=%d error=%d res=%lx",
	    (uint64_t)lp->lw_tid, (uint64_t)nr, (uint64_t)error, res);
	syscall_finish(lp, se, error, res);
}

void
trap_fault(struct lwp *lp, uaddr_t addr, int access)
{
	int error;

	enter_kernel(lp);
	curcpu->c_faults++;
	lp->lw_ru.ru_minflt++;
	error = vm_fault(lp->lw_proc->p_vmspace, addr, (vm_prot_t)access);
	KTR_EVENT(FAULT, user, "tid=%d addr=%p access=%d rip=%p error=%d",
	    (uint64_t)lp->lw_tid, addr, (uint64_t)access, lp->lw_frame.tf_rip,
	    (uint64_t)error);
	switch (error) {
	case 0:
		break;
	case EFAULT:
		sig_trap(lp, SIGSEGV, SEGV_MAPERR, addr, T_PAGEFAULT);
		break;
	case EACCES:
		sig_trap(lp, SIGSEGV, SEGV_ACCERR, addr, T_PAGEFAULT);
		break;
	case ENOMEM:
		/* Nobody can run without the page it touched. */
		kprintf("pid %d (%s): no memory for a page fault, killed\n",
		    lp->lw_proc->p_pid, lp->lw_proc->p_comm);
		sig_trap(lp, SIGKILL, SI_KERNEL, addr, T_PAGEFAULT);
		break;
	default:
		sig_trap(lp, SIGBUS, BUS_ADRERR, addr, T_PAGEFAULT);
		break;
	}
}

void
trap_exception(struct lwp *lp, int sig, int code, uaddr_t addr, int trapno)
{
	enter_kernel(lp);
	sig_trap(lp, sig, code, addr, trapno);
}

void
trap_interrupt(struct lwp *lp)
{
	enter_kernel(lp);
}

/* One round of what lw_ast announced. */
static void
ast_handle(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;

	if ((atomic_load_seq(&lp->lw_flags) & LWF_EXITING) != 0)
		kern_lwp_exit(lp);
	if (lwp_must_stop(lp)) {
		lwp_stop_wait(lp);
		atomic_store_seq(&lp->lw_ast, 1);
		return;
	}
	if (__unlikely((atomic_load_seq(&p->p_flags) & PF_CONTINUED) != 0))
		proc_report_continued(p);
	if (__unlikely((atomic_load_seq(&lp->lw_flags) & LWF_TRAP) != 0)) {
		trace_trap(lp);
		atomic_store_seq(&lp->lw_ast, 1);
		return;
	}
	if (__unlikely(atomic_load_seq(&async_due) != 0))
		async_run();
	if (lp->lw_rseq_event && lp->lw_rseq != 0 &&
	    p->p_abi->abi_resume != NULL)
		p->p_abi->abi_resume(lp);
	sig_deliver(lp);
	if (lwp_must_stop(lp) ||
	    (atomic_load_seq(&lp->lw_flags) & LWF_TRAP) != 0)
		atomic_store_seq(&lp->lw_ast, 1);
}

/* The trap flag of a thread in single steps is set last, and taken back. */
static __noinline void
step_prepare(struct lwp *lp)
{
	uint64_t *fl = &lp->lw_frame.tf_rflags;

	if ((lp->lw_hooks & LWH_STEP) != 0) {
		if ((*fl & RFLAGS_TF) == 0)
			atomic_or(&lp->lw_hooks, LWH_TF);
		*fl |= RFLAGS_TF;
	} else if ((lp->lw_hooks & LWH_TF) != 0) {
		atomic_and(&lp->lw_hooks, ~(uint32_t)LWH_TF);
		*fl &= ~(uint64_t)RFLAGS_TF;
	}
}

void
trap_userret(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;

	lock_check_none_held("return to user mode");
	do {
		if (p->p_cputimers)
			cputimers_check(lp, clock_mono());
		while (atomic_load(&lp->lw_ast) != 0 &&
		    atomic_swap(&lp->lw_ast, 0) != 0) {
			lp->lw_leaving = true;
			ast_handle(lp);
			lp->lw_leaving = false;
		}
		usched_userret(lp);
	} while (atomic_load_seq(&lp->lw_ast) != 0);
	lp->lw_restart = 0;
	if (__unlikely((lp->lw_hooks & (LWH_STEP | LWH_TF)) != 0))
		step_prepare(lp);
	lwp_account(lp, curcpu, 1);
}
