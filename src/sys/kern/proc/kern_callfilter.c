/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters of system calls.
 *
 * 1. A thread's filters are a chain, newest first (lw_filter); a node never
 *    changes and counts its references.  fork and new threads share the chain.
 * 2. All filters of the chain are run for each call; the strictest answer wins,
 *    of equal ones the newest filter's.
 * 3. LWH_FILTER sends a thread's calls here; without it nothing is tested.
 * 4. A filter may have a listener, one in a chain, which answers for it
 *    (kern_listener.c); it is orphaned with the filter.
 * 5. Only the thread itself replaces lw_filter, or a sibling with FILTERF_SYNC,
 *    whose chain is an extension of the old one and so keeps it: the thread may
 *    walk its chain without a lock.
 *
 * Locks: p_spin for lw_filter.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/callfilter.h>
#include <sys/cbpf.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/refcount.h>
#include <sys/ucred.h>
#include "proc_var.h"

#define CHAIN_MAX  32768 /* instructions of all programs of a chain, */
#define CHAIN_COST 4	 /* each counted with so many more */

static MALLOC_DEFINE(M_FILTER, "callfilter", "filters of system calls");
FAULT_POINT(filter_fault, "callfilter");

struct callfilter {
	refcount_t cf_refs;
	uint32_t cf_flags;		   /* (c) FILTERF_ */
	struct callfilter *cf_prev;	   /* (c) held, or NULL */
	struct call_listener *cf_listener; /* (c) held, or NULL */
	size_t cf_cost;			   /* (c) of the chain from here on */
	size_t cf_size;			   /* (c) of the input */
	size_t cf_n;			   /* (c) */
	struct cbpf_insn cf_prog[];
};

/* --- chains ------------------------------------------------------------------- */

void
callfilter_drop(struct callfilter *cf)
{
	struct callfilter *prev;

	while (cf != NULL && ref_drop(&cf->cf_refs)) {
		prev = cf->cf_prev;
		if (cf->cf_listener != NULL)
			call_listener_orphan(cf->cf_listener);
		kfree(cf, M_FILTER);
		cf = prev;
	}
}

int
callfilter_count(const struct lwp *lp)
{
	int n = 0;

	for (const struct callfilter *cf = lp->lw_filter; cf != NULL;
	     cf = cf->cf_prev)
		n++;
	return (n);
}

int
callfilter_mode(const struct lwp *lp)
{
	if (lp->lw_filter == NULL)
		return (FILTER_MODE_NONE);
	return ((lp->lw_filter->cf_flags & FILTERF_STRICT) != 0
		? FILTER_MODE_STRICT
		: FILTER_MODE_PROGRAM);
}

int
callfilter_text(struct lwp *lp, uint64_t nth, struct cbpf_insn **progp,
    size_t *np, uint32_t *flagsp)
{
	struct callfilter *top, *cf;
	uint64_t n = 0;
	int error = 0;

	/* A sibling's SYNC may replace the chain meanwhile. */
	spin_lock(&lp->lw_proc->p_spin);
	if ((top = lp->lw_filter) != NULL)
		ref_hold(&top->cf_refs);
	spin_unlock(&lp->lw_proc->p_spin);
	if (top == NULL || (top->cf_flags & FILTERF_STRICT) != 0) {
		callfilter_drop(top);
		return (EINVAL);
	}
	for (cf = top; cf != NULL; cf = cf->cf_prev)
		n++;
	cf = top;
	for (uint64_t i = nth + 1; nth < n && i < n; i++)
		cf = cf->cf_prev;
	if (nth >= n)
		error = ENOENT;
	else if ((*progp = kmalloc(cf->cf_n * sizeof(struct cbpf_insn), M_TEMP,
		      M_WAITOK)) == NULL)
		error = ENOMEM;
	else {
		memcpy(
		    *progp, cf->cf_prog, cf->cf_n * sizeof(struct cbpf_insn));
		*np = cf->cf_n;
		*flagsp = cf->cf_flags;
	}
	callfilter_drop(top);
	return (error);
}

void
callfilter_inherit(struct lwp *from, struct lwp *child)
{
	SPIN_ASSERT(&from->lw_proc->p_spin);
	if (from->lw_filter == NULL)
		return;
	ref_hold(&from->lw_filter->cf_refs);
	child->lw_filter = from->lw_filter;
	atomic_or(&child->lw_hooks, LWH_FILTER);
}

/* (p) Is old cf, or does cf come from it? */
static bool
descends(const struct callfilter *cf, const struct callfilter *old)
{
	if (old == NULL)
		return (true);
	for (; cf != NULL; cf = cf->cf_prev)
		if (cf == old)
			return (true);
	return (false);
}

/* (p) A thread whose chain does not lead to lp's, or NULL. */
static struct lwp *
sync_obstacle(struct lwp *lp)
{
	struct lwp *l;

	TAILQ_FOREACH(l, &lp->lw_proc->p_lwps, lw_link)
		if (l != lp && (l->lw_flags & LWF_EXITING) == 0 &&
		    !descends(lp->lw_filter, l->lw_filter))
			return (l);
	return (NULL);
}

/* (p) cf becomes l's; the old one, to be dropped later, is the result. */
static struct callfilter *
chain_set(struct lwp *l, struct callfilter *cf)
{
	struct callfilter *old = l->lw_filter;

	ref_hold(&cf->cf_refs);
	l->lw_filter = cf;
	atomic_or(&l->lw_hooks, LWH_FILTER);
	return (old);
}

/* cf, whose reference is consumed, goes before lp's filters; or ESRCH. */
static int
chain_extend(struct lwp *lp, struct callfilter *cf, pid_t *tidp)
{
	struct proc *p = lp->lw_proc;
	struct lwp *l, *other = NULL;
	int error = 0;

	spin_lock(&p->p_spin);
	if ((cf->cf_flags & FILTERF_SYNC) != 0)
		other = sync_obstacle(lp);
	if (other != NULL) {
		*tidp = other->lw_tid;
		error = ESRCH;
	} else {
		/* The old chain's references: cf has its own to it, so none of
		 * these is the last, and nothing is freed here. */
		if ((cf->cf_flags & FILTERF_SYNC) != 0) {
			TAILQ_FOREACH(l, &p->p_lwps, lw_link)
				callfilter_drop(chain_set(l, cf));
		} else {
			callfilter_drop(chain_set(lp, cf));
		}
	}
	spin_unlock(&p->p_spin);
	callfilter_drop(cf);
	return (error);
}

/* Has a filter of the chain a listener? */
static bool
chain_listens(const struct callfilter *cf)
{
	for (; cf != NULL; cf = cf->cf_prev)
		if (cf->cf_listener != NULL)
			return (true);
	return (false);
}

/* A listener for cf and its descriptor. */
static int
listener_add(struct callfilter *cf, int *fdp)
{
	struct file *fp;
	int error;

	if (chain_listens(cf->cf_prev))
		return (EBUSY);
	error = call_listener_create(
	    (cf->cf_flags & FILTERF_KILL) != 0, &cf->cf_listener, &fp);
	if (error != 0)
		return (error);
	error = fd_alloc(fp, 0, FDF_CLOEXEC, fdp);
	file_drop(fp);
	return (error);
}

int
callfilter_install(struct lwp *lp, const struct cbpf_insn *prog, size_t n,
    size_t size, uint32_t flags, pid_t *tidp, int *fdp)
{
	struct callfilter *cf, *prev;
	int error;

	if (!lp->lw_proc->p_no_new_privs && (flags & FILTERF_STRICT) == 0 &&
	    !cred_has_cap(lp->lw_cred, CAP_SYS_ADMIN))
		return (EACCES);
	if ((error = cbpf_check(prog, n, size)) != 0)
		return (error);
	if (fault_fires(&filter_fault))
		return (ENOMEM);
	cf = kmalloc(
	    sizeof(*cf) + n * sizeof(*prog), M_FILTER, M_WAITOK | M_ZERO);
	if (cf == NULL)
		return (ENOMEM);
	ref_init(&cf->cf_refs, 1);
	cf->cf_flags = flags;
	cf->cf_size = size;
	cf->cf_n = n;
	memcpy(cf->cf_prog, prog, n * sizeof(*prog));
	/* A sibling's SYNC may replace the chain until this one is in. */
	spin_lock(&lp->lw_proc->p_spin);
	if ((prev = lp->lw_filter) != NULL)
		ref_hold(&prev->cf_refs);
	spin_unlock(&lp->lw_proc->p_spin);
	cf->cf_prev = prev;
	cf->cf_cost = n + (prev != NULL ? prev->cf_cost + CHAIN_COST : 0);
	if (cf->cf_cost > CHAIN_MAX)
		error = ENOMEM;
	else if ((flags & FILTERF_LISTEN) != 0)
		error = listener_add(cf, fdp);
	if (error != 0) {
		callfilter_drop(cf);
		return (error);
	}
	error = chain_extend(lp, cf, tidp);
	if (error != 0 && (flags & FILTERF_LISTEN) != 0)
		(void)fd_close(*fdp);
	return (error);
}

/* --- judging ----------------------------------------------------------------------- */

#define INPUT_WORDS (FILTER_INPUT_MAX / sizeof(uint64_t))

/* What the chain says of call nr, which input tells; and by which filter. */
static struct filter_verdict
verdict(struct lwp *lp, uint32_t nr, uint64_t input[INPUT_WORDS],
    const struct callfilter **cfp)
{
	const struct abi *abi = lp->lw_proc->p_abi;
	struct filter_verdict best = {FILTER_ALLOW, 0}, v;

	/* Numbers that no filter can know: nothing is allowed. */
	if (abi->abi_filter_input == NULL)
		return ((struct filter_verdict){FILTER_KILL_PROCESS, 0});
	abi->abi_filter_input(lp, nr, input);
	for (const struct callfilter *cf = atomic_load(&lp->lw_filter);
	     cf != NULL; cf = cf->cf_prev) {
		v = abi->abi_filter_answer(
		    cbpf_run(cf->cf_prog, input, cf->cf_size));
		if (v.fv_action < best.fv_action) {
			best = v;
			*cfp = cf;
		}
		if (v.fv_action < FILTER_ALLOW &&
		    ((cf->cf_flags & FILTERF_LOG) != 0 ||
			v.fv_action == FILTER_LOG))
			KTR_EVENT(SYSCALL, filter_log,
			    "tid=%d nr=%d action=%d data=%x",
			    (uint64_t)lp->lw_tid, (uint64_t)nr,
			    (uint64_t)v.fv_action, (uint64_t)v.fv_data);
	}
	return (best);
}

static void __noreturn
filter_kill(struct lwp *lp, bool process)
{
	int sig =
	    (lp->lw_filter->cf_flags & FILTERF_STRICT) != 0 ? SIGKILL : SIGSYS;

	KTR_EVENT(SYSCALL, filter_kill, "tid=%d nr=%d", (uint64_t)lp->lw_tid,
	    (uint64_t)lp->lw_syscall);
	if (process || lp->lw_proc->p_nlwps == 1)
		kern_exit(lp, sig);
	lp->lw_exit_status = sig;
	kern_lwp_exit(lp);
}

static void
filter_trap(struct lwp *lp, uint32_t nr, uint32_t data)
{
	ksiginfo_t ksi;

	memset(&ksi, 0, sizeof(ksi));
	ksi.ksi_signo = SIGSYS;
	ksi.ksi_code = SYS_FILTER;
	ksi.ksi_status = (int32_t)data;
	ksi.ksi_addr = lp->lw_frame.tf_rip;
	ksi.ksi_value = nr;
	lp->lw_frame.tf_rax = nr;
	sig_force(lp, &ksi);
}

/* The tracer is asked: false if the call is not to be made. */
static bool
filter_trace(struct lwp *lp, uint32_t *nrp, uint32_t data)
{
	if (!trace_wants(lp, TRACE_EV_SECCOMP)) {
		lp->lw_proc->p_abi->abi_result(&lp->lw_frame, ENOSYS, 0);
		return (false);
	}
	trace_event(lp, TRACE_EV_SECCOMP, data);
	if (sig_killed(lp))
		return (false);
	*nrp = (uint32_t)lp->lw_orig;
	return ((int32_t)lp->lw_orig >= 0);
}

/* The listener of cf is asked: as callfilter_judge. */
static int
filter_ask(struct lwp *lp, const struct callfilter *cf, const uint64_t *input)
{
	if (cf->cf_listener != NULL)
		return (call_listener_ask(cf->cf_listener, lp, input));
	lp->lw_proc->p_abi->abi_result(&lp->lw_frame, ENOSYS, 0);
	return (EJUSTRETURN);
}

int
callfilter_judge(struct lwp *lp, uint32_t *nrp)
{
	const struct callfilter *cf = NULL;
	uint64_t input[INPUT_WORDS];
	struct filter_verdict v = verdict(lp, *nrp, input, &cf);

	if (v.fv_action == FILTER_TRACE) {
		if (!filter_trace(lp, nrp, v.fv_data))
			return (EJUSTRETURN);
		/* What the tracer made of it is judged, too, but by it no
		 * more. */
		v = verdict(lp, *nrp, input, &cf);
		if (v.fv_action == FILTER_TRACE)
			return (0);
	}
	switch (v.fv_action) {
	case FILTER_KILL_PROCESS:
	case FILTER_KILL_THREAD:
		filter_kill(lp, v.fv_action == FILTER_KILL_PROCESS);
	case FILTER_TRAP:
		filter_trap(lp, *nrp, v.fv_data);
		return (EJUSTRETURN);
	case FILTER_RESULT:
		lp->lw_frame.tf_rax = (uint64_t) - (int64_t)v.fv_data;
		return (EJUSTRETURN);
	case FILTER_ASK:
		return (filter_ask(lp, cf, input));
	default:
		return (0);
	}
}
