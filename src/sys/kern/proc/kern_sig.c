/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: posting, queues, masks, delivery.
 *
 * 1. Posting.  A signal for a process goes to p_sigq, one for a thread to its
 *    lw_sigq.  The bit in sq_pending is what counts; a ksiginfo entry says more
 *    when memory and RLIMIT_SIGPENDING allow.  Classic signals have at most one
 *    entry, real-time ones (SIGRTMIN..) one per sending, in order.  A signal
 *    that would be ignored is not queued unless it is blocked.
 * 2. Attention.  The poster sets lw_ast of a thread that does not block the
 *    signal, ends its interruptible sleep and kicks its CPU.  Everything else
 *    is done by the receiving thread in sig_deliver, on its way to user mode.
 * 3. Sleepers.  sig_pending reads the queues without a lock, because tsleep
 *    calls it when already queued: the poster sets the bit before it calls
 *    thread_interrupt, the sleeper queues itself before it looks, so one of
 *    them sees the other.
 * 4. Restart.  trap_syscall leaves the frame as if the call were to be made
 *    again and says so in lw_restart; delivery to a handler turns that into
 *    EINTR where SA_RESTART or the call's nature demand it.  A stop, or a signal
 *    without a handler, restarts silently.
 * 5. SIGKILL, SIGSTOP and SIGCONT act at posting: SIGCONT and SIGKILL end a
 *    stop; stop signals and SIGCONT remove each other from the queues.
 *
 * Lock order: p_spin, sa_spin.  All of it is spin-locked: any context may post.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include "proc_var.h"

#define BIT(s) (1UL << ((s)-1))

const sigset_t sigset_stops = {
    {BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU), 0}};
const sigset_t sigset_cantmask = {{BIT(SIGKILL) | BIT(SIGSTOP), 0}};
static const uint64_t default_ignore = BIT(SIGURG) | BIT(SIGCONT) |
    BIT(SIGCHLD) | BIT(SIGIO) | BIT(SIGWINCH) | BIT(SIGINFO);
/* Faults of the instruction at tf_rip: their handler must come first. */
static const uint64_t synchronous = BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGFPE) |
    BIT(SIGBUS) | BIT(SIGSEGV) | BIT(SIGSYS);

struct sigacts sigacts0;
static struct zone *ksi_zone, *sigacts_zone;
static uint64_t sig_posted, sig_lost;

SYSCTL_U64(sig_posted, "kern.signal.posted", CTLF_RD, &sig_posted,
    "Signals posted since boot");
SYSCTL_U64(sig_lost, "kern.signal.lost", CTLF_RD, &sig_lost,
    "Signal details not queued for lack of memory or RLIMIT_SIGPENDING");
FAULT_POINT(sig_fault, "sig_queue");

static void
sig_init(void)
{
	ksi_zone = zone_create("ksiginfo", sizeof(ksiginfo_t), 8);
	sigacts_zone = zone_create("sigacts", sizeof(struct sigacts), 8);
	ref_init(&sigacts0.sa_refs, 1);
	spin_init(&sigacts0.sa_spin, "sigacts");
}
SYSINIT(sig, SI_KERN, sig_init);

/* --- sets --------------------------------------------------------------- */

void
sigset_or(sigset_t *to, const sigset_t *b)
{
	to->bits[0] |= b->bits[0];
	to->bits[1] |= b->bits[1];
}

void
sigset_andnot(sigset_t *to, const sigset_t *b)
{
	to->bits[0] &= ~b->bits[0];
	to->bits[1] &= ~b->bits[1];
}

static int
sigset_first(const sigset_t *s)
{
	if (s->bits[0] != 0)
		return (__builtin_ctzl(s->bits[0]) + 1);
	if (s->bits[1] != 0)
		return (__builtin_ctzl(s->bits[1]) + 65);
	return (0);
}

/* Without a lock: word by word. */
static sigset_t
sigset_read(const sigset_t *s)
{
	sigset_t r = {
	    {atomic_load_seq(&s->bits[0]), atomic_load_seq(&s->bits[1])}};

	return (r);
}

static void
sigset_put(sigset_t *s, int sig)
{
	atomic_or(&s->bits[(sig - 1) >> 6], 1UL << ((sig - 1) & 63));
}

static void
sigset_clear(sigset_t *s, int sig)
{
	atomic_and(&s->bits[(sig - 1) >> 6], ~(1UL << ((sig - 1) & 63)));
}

static bool
sig_valid(int sig)
{
	return (sig > 0 && sig < NSIG);
}

void
sig_fill(ksiginfo_t *ksi, int sig, int code)
{
	struct proc *p = curproc;

	memset(ksi, 0, sizeof(*ksi));
	ksi->ksi_signo = sig;
	ksi->ksi_code = code;
	if (p != NULL && code != SI_KERNEL) {
		ksi->ksi_pid = p->p_pid;
		ksi->ksi_uid = cred_current()->cr_ruid;
	}
}

/* --- action tables --------------------------------------------------------- */

struct sigacts *
sigacts_create(void)
{
	struct sigacts *sa = zone_alloc(sigacts_zone, M_WAITOK | M_ZERO);

	if (sa != NULL) {
		ref_init(&sa->sa_refs, 1);
		spin_init(&sa->sa_spin, "sigacts");
	}
	return (sa);
}

struct sigacts *
sigacts_copy(struct sigacts *from)
{
	struct sigacts *sa = sigacts_create();

	if (sa == NULL)
		return (NULL);
	spin_lock(&from->sa_spin);
	memcpy(sa->sa_action, from->sa_action, sizeof(sa->sa_action));
	spin_unlock(&from->sa_spin);
	return (sa);
}

void
sigacts_hold(struct sigacts *sa)
{
	ref_hold(&sa->sa_refs);
}

void
sigacts_drop(struct sigacts *sa)
{
	if (ref_drop(&sa->sa_refs))
		zone_free(sigacts_zone, sa);
}

int
sigacts_unshare(struct proc *p)
{
	struct sigacts *old = p->p_sigacts, *n;

	if (atomic_load(&old->sa_refs) == 1)
		return (0);
	if ((n = sigacts_copy(old)) == NULL)
		return (ENOMEM);
	spin_lock(&p->p_spin);
	p->p_sigacts = n;
	spin_unlock(&p->p_spin);
	sigacts_drop(old);
	return (0);
}

/* Caught signals go back to their defaults; ignored ones stay ignored. */
void
sigacts_exec(struct proc *p)
{
	struct sigacts *sa = p->p_sigacts;
	struct ksigaction *a;

	spin_lock(&sa->sa_spin);
	for (int i = 1; i < NSIG; i++) {
		a = &sa->sa_action[i];
		if (a->sa_handler != SIG_IGN)
			a->sa_handler = SIG_DFL;
		a->sa_flags = 0;
		a->sa_restorer = 0;
		a->sa_mask = (sigset_t){{0, 0}};
	}
	spin_unlock(&sa->sa_spin);
}

/* (p) What p does with sig now. */
static struct ksigaction
sig_action(struct proc *p, int sig)
{
	struct sigacts *sa = p->p_sigacts;
	struct ksigaction a;

	spin_lock(&sa->sa_spin);
	a = sa->sa_action[sig];
	spin_unlock(&sa->sa_spin);
	return (a);
}

static bool
sig_default_ignored(struct proc *p, int sig)
{
	if (sig == SIGIO && p->p_abi != NULL &&
	    (p->p_abi->abi_flags & ABIF_SIGIO_KILLS) != 0)
		return (false);
	return (sig <= 64 && (default_ignore & BIT(sig)) != 0);
}

/* (p) */
static bool
sig_ignored(struct proc *p, int sig)
{
	struct ksigaction a = sig_action(p, sig);

	if (a.sa_handler == SIG_IGN)
		return (true);
	/* A default SIGCHLD is dropped, too; the parent's wait sees the
	 * child itself. */
	return (a.sa_handler == SIG_DFL && sig_default_ignored(p, sig));
}

bool
sig_child_autoreap(struct proc *p)
{
	struct ksigaction a;
	bool res = false;

	spin_lock(&p->p_spin);
	if (p->p_sigacts != NULL && p->p_state != PS_ZOMBIE) {
		a = sig_action(p, SIGCHLD);
		res =
		    a.sa_handler == SIG_IGN || (a.sa_flags & SA_NOCLDWAIT) != 0;
	}
	spin_unlock(&p->p_spin);
	return (res);
}

bool
sig_child_nocldstop(struct proc *p)
{
	struct ksigaction a;

	spin_lock(&p->p_spin);
	a = sig_action(p, SIGCHLD);
	spin_unlock(&p->p_spin);
	return (a.sa_handler == SIG_IGN || (a.sa_flags & SA_NOCLDSTOP) != 0);
}

bool
sig_ignored_or_blocked(struct lwp *lp, int sig)
{
	struct proc *p = lp->lw_proc;
	bool res;

	if (sigset_has(&lp->lw_sigmask, sig))
		return (true);
	spin_lock(&p->p_spin);
	res = sig_action(p, sig).sa_handler == SIG_IGN;
	spin_unlock(&p->p_spin);
	return (res);
}

/* --- queues -------------------------------------------------------------------- */

void
sigqueue_init(struct sigqueue *sq)
{
	sq->sq_pending = (sigset_t){{0, 0}};
	TAILQ_INIT(&sq->sq_list);
	sq->sq_count = 0;
}

static void
entry_free(struct proc *p, struct sigqueue *sq, ksiginfo_t *e)
{
	TAILQ_REMOVE(&sq->sq_list, e, ksi_link);
	sq->sq_count--;
	p->p_nsigq--;
	zone_free(ksi_zone, e);
}

void
sigqueue_flush(struct proc *p, struct sigqueue *sq)
{
	ksiginfo_t *e;

	while ((e = TAILQ_FIRST(&sq->sq_list)) != NULL)
		entry_free(p, sq, e);
	sq->sq_pending = (sigset_t){{0, 0}};
}

/* (p) Forget sig altogether. */
static void
sigqueue_delete(struct proc *p, struct sigqueue *sq, int sig)
{
	ksiginfo_t *e, *next;

	if (!sigset_has(&sq->sq_pending, sig))
		return;
	sigset_clear(&sq->sq_pending, sig);
	TAILQ_FOREACH_SAFE(e, &sq->sq_list, ksi_link, next)
		if (e->ksi_signo == sig)
			entry_free(p, sq, e);
}

static void
sig_delete_set(struct proc *p, const sigset_t *set)
{
	struct lwp *lp;

	SPIN_ASSERT(&p->p_spin);
	for (int s = 1; s < NSIG; s++) {
		if (!sigset_has(set, s))
			continue;
		sigqueue_delete(p, &p->p_sigq, s);
		TAILQ_FOREACH(lp, &p->p_lwps, lw_link)
			sigqueue_delete(p, &lp->lw_sigq, s);
	}
}

/*
 * (p) Queue sig.  EAGAIN: a real-time signal with its value found no room.
 */
static int
sigqueue_add(
    struct proc *p, struct sigqueue *sq, int sig, const ksiginfo_t *ksi)
{
	ksiginfo_t *e = NULL;
	bool rt = sig >= SIGRTMIN, pending = sigset_has(&sq->sq_pending, sig);

	if (pending && !rt)
		return (0);
	if (ksi != NULL &&
	    p->p_nsigq < p->p_rlimit[RLIMIT_SIGPENDING].rlim_cur &&
	    !fault_fires(&sig_fault))
		e = zone_alloc(ksi_zone, M_NOWAIT);
	if (e != NULL) {
		*e = *ksi;
		e->ksi_signo = sig;
		TAILQ_INSERT_TAIL(&sq->sq_list, e, ksi_link);
		sq->sq_count++;
		p->p_nsigq++;
	} else if (ksi != NULL) {
		sig_lost++;
		if (rt &&
		    (ksi->ksi_code == SI_QUEUE || SI_IS_POLL(ksi->ksi_code)))
			return (EAGAIN);
	}
	sigset_put(&sq->sq_pending, sig);
	return (0);
}

/* (p) Take sig, which is pending in sq. */
static void
sigqueue_take(struct proc *p, struct sigqueue *sq, int sig, ksiginfo_t *ksi)
{
	ksiginfo_t *e, *found = NULL;
	bool more = false;

	TAILQ_FOREACH(e, &sq->sq_list, ksi_link) {
		if (e->ksi_signo != sig)
			continue;
		if (found != NULL) {
			more = true;
			break;
		}
		found = e;
	}
	if (found != NULL) {
		*ksi = *found;
		entry_free(p, sq, found);
		if (ksi->ksi_code == SI_TIMER)
			ptimer_delivered(p, ksi);
	} else {
		memset(ksi, 0, sizeof(*ksi));
		ksi->ksi_signo = sig;
		ksi->ksi_code = SI_USER;
	}
	if (!more)
		sigset_clear(&sq->sq_pending, sig);
}

int
sig_take(struct lwp *lp, const sigset_t *set, ksiginfo_t *ksi)
{
	struct proc *p = lp->lw_proc;
	struct sigqueue *const qs[2] = {&lp->lw_sigq, &p->p_sigq};
	sigset_t s;
	int sig;

	SPIN_ASSERT(&p->p_spin);
	for (int i = 0; i < 2; i++) {
		s = qs[i]->sq_pending;
		s.bits[0] &= set->bits[0];
		s.bits[1] &= set->bits[1];
		if (sigset_empty(&s))
			continue;
		if ((s.bits[0] & BIT(SIGKILL)) != 0)
			sig = SIGKILL;
		else if (i == 0 && (s.bits[0] & synchronous) != 0)
			sig = __builtin_ctzl(s.bits[0] & synchronous) + 1;
		else
			sig = sigset_first(&s);
		sigqueue_take(p, qs[i], sig, ksi);
		return (sig);
	}
	return (0);
}

/* --- attention ------------------------------------------------------------------- */

void
lwp_notify(struct lwp *lp)
{
	struct thread *td = lp->lw_thread;

	SPIN_ASSERT(&lp->lw_proc->p_spin);
	atomic_store_seq(&lp->lw_ast, 1);
	if (td == NULL || td == curthread)
		return;
	thread_interrupt(td);
	if ((lp->lw_flags & LWF_KILLABLE) != 0 && sig_killed(lp))
		wakeup(&lp->lw_flags);
	if (td->td_state == TDS_RUNNING && td->td_cpu != curcpu)
		cpu_kick(td->td_cpu);
}

/* (p) Would lp take one of set? */
static bool
lwp_takes(struct lwp *lp, const sigset_t *set)
{
	sigset_t s = *set;

	if ((lp->lw_flags & LWF_EXITING) != 0)
		return (false);
	if ((lp->lw_flags & LWF_SIGWAIT) != 0 &&
	    ((s.bits[0] & lp->lw_sigwait.bits[0]) != 0 ||
		(s.bits[1] & lp->lw_sigwait.bits[1]) != 0))
		return (true);
	sigset_andnot(&s, &lp->lw_sigmask);
	return (!sigset_empty(&s));
}

void
sig_notify_proc(struct proc *p, const sigset_t *set)
{
	struct lwp *lp, *best = NULL;

	SPIN_ASSERT(&p->p_spin);
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
		if (!lwp_takes(lp, set))
			continue;
		/* One that has not been told anything yet comes first. */
		if (best == NULL || (best->lw_ast != 0 && lp->lw_ast == 0))
			best = lp;
	}
	if (best != NULL)
		lwp_notify(best);
}

/* Without a lock; see section 3 above. */
bool
sig_pending(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	sigset_t s = sigset_read(&lp->lw_sigq.sq_pending);
	sigset_t ps = sigset_read(&p->p_sigq.sq_pending);
	uint32_t pf = atomic_load_seq(&p->p_flags);
	uint32_t lf = atomic_load_seq(&lp->lw_flags);

	if ((lf & LWF_EXITING) != 0)
		return (true);
	if ((lf & LWF_TRAP) != 0 ||
	    ((pf & (PF_STOPPED | PF_EXITING)) == PF_STOPPED &&
		(lf & LWF_STOPSEEN) == 0))
		return (true);
	sigset_or(&s, &ps);
	if ((lf & LWF_SIGWAIT) != 0 &&
	    ((s.bits[0] & lp->lw_sigwait.bits[0]) != 0 ||
		(s.bits[1] & lp->lw_sigwait.bits[1]) != 0))
		return (true);
	sigset_andnot(&s, &lp->lw_sigmask);
	return (!sigset_empty(&s));
}

bool
sig_any_pending(struct lwp *lp, const sigset_t *set)
{
	sigset_t s = sigset_read(&lp->lw_sigq.sq_pending);
	sigset_t ps = sigset_read(&lp->lw_proc->p_sigq.sq_pending);

	sigset_or(&s, &ps);
	return (((s.bits[0] & set->bits[0]) | (s.bits[1] & set->bits[1])) != 0);
}

bool
sig_killed(struct lwp *lp)
{
	const sigset_t kill = {{BIT(SIGKILL), 0}};

	return ((atomic_load_seq(&lp->lw_flags) & LWF_EXITING) != 0 ||
	    sig_any_pending(lp, &kill));
}

bool
sig_dequeue(struct lwp *lp, const sigset_t *set, ksiginfo_t *ksi)
{
	struct proc *p = lp->lw_proc;
	sigset_t s = *set;
	int sig;

	sigset_andnot(&s, &sigset_cantmask);
	spin_lock(&p->p_spin);
	sig = sig_take(lp, &s, ksi);
	spin_unlock(&p->p_spin);
	return (sig != 0);
}

/* --- posting -------------------------------------------------------------------------- */

/* (p) Does anybody it could go to block sig or wait for it? */
static bool
sig_blocked(struct proc *p, struct lwp *lp, int sig)
{
	struct lwp *l;

	if (lp != NULL)
		return (sigset_has(&lp->lw_sigmask, sig) ||
		    ((lp->lw_flags & LWF_SIGWAIT) != 0 &&
			sigset_has(&lp->lw_sigwait, sig)));
	TAILQ_FOREACH(l, &p->p_lwps, lw_link)
		if (sigset_has(&l->lw_sigmask, sig) ||
		    ((l->lw_flags & LWF_SIGWAIT) != 0 &&
			sigset_has(&l->lw_sigwait, sig)))
			return (true);
	return (false);
}

/* (p) What happens at posting whatever the mask says.  Returns true if the
 * signal is not to be queued. */
static bool
sig_post_effects(struct proc *p, int sig)
{
	static const sigset_t cont = {{BIT(SIGCONT), 0}};
	struct lwp *lp;

	if (sig == SIGCONT) {
		sig_delete_set(p, &sigset_stops);
		proc_stop_end(p, true);
	} else if (sig == SIGKILL) {
		proc_stop_end(p, false);
		TAILQ_FOREACH(lp, &p->p_lwps, lw_link)
			atomic_store_seq(&lp->lw_ast, 1);
	} else if (sigset_has(&sigset_stops, sig)) {
		sig_delete_set(p, &cont);
	}
	/* init gets only what it has handlers (or waits) for. */
	return (p == initproc && !rebooting && !sig_blocked(p, NULL, sig) &&
	    sig_action(p, sig).sa_handler <= SIG_IGN);
}

/* (p) */
static int
sig_post_locked(struct proc *p, struct lwp *lp, int sig, const ksiginfo_t *ksi)
{
	sigset_t set = {{0, 0}};
	struct lwp *l;
	int error;

	if (p->p_state == PS_ZOMBIE || (p->p_flags & PF_SYSTEM) != 0 ||
	    p->p_sigacts == NULL ||
	    (lp != NULL && (lp->lw_flags & LWF_EXITING)))
		return (0);
	sig_posted++;
	if (sig_post_effects(p, sig))
		return (0);
	if (sig != SIGKILL && sig != SIGSTOP && sig_ignored(p, sig) &&
	    !sig_blocked(p, lp, sig) && (p->p_flags & PF_TRACED) == 0)
		return (0);
	error =
	    sigqueue_add(p, lp != NULL ? &lp->lw_sigq : &p->p_sigq, sig, ksi);
	if (error != 0)
		return (error);
	sigset_add(&set, sig);
	if (sig == SIGKILL) {
		TAILQ_FOREACH(l, &p->p_lwps, lw_link)
			lwp_notify(l);
	} else if (lp == NULL) {
		sig_notify_proc(p, &set);
	} else if (lwp_takes(lp, &set)) {
		lwp_notify(lp);
	}
	return (0);
}

int
sig_post(struct proc *p, struct lwp *lp, int sig, const ksiginfo_t *ksi)
{
	int error;

	KASSERT(sig_valid(sig), ("sig_post: signal %d", sig));
	KTR_EVENT(PROC, signal_post, "pid=%d sig=%d tid=%d", (uint64_t)p->p_pid,
	    (uint64_t)sig, lp != NULL ? (uint64_t)lp->lw_tid : 0);
	spin_lock(&p->p_spin);
	error = sig_post_locked(p, lp, sig, ksi);
	spin_unlock(&p->p_spin);
	/* signalfd and EVFILT_SIGNAL. */
	ev_notify_hint(
	    &p->p_events, EV_IN | EV_NOTE, PROC_EV_SIGNAL | (uint32_t)sig);
	return (error);
}

void
sig_send_proc(struct proc *p, int sig, const ksiginfo_t *ksi)
{
	(void)sig_post(p, NULL, sig, ksi);
}

void
sig_send_lwp(struct lwp *lp, int sig, const ksiginfo_t *ksi)
{
	(void)sig_post(lp->lw_proc, lp, sig, ksi);
}

void
sig_send_pgrp(struct pgrp *pg, int sig, const ksiginfo_t *ksi)
{
	struct proc *p;

	LOCK_ASSERT(&proctree_lock);
	LIST_FOREACH(p, &pg->pg_members, p_pglink)
		sig_send_proc(p, sig, ksi);
}

void
sig_trap(struct lwp *lp, int sig, int code, uaddr_t addr, int trapno)
{
	ksiginfo_t ksi;

	memset(&ksi, 0, sizeof(ksi));
	ksi.ksi_signo = sig;
	ksi.ksi_code = code;
	ksi.ksi_addr = addr;
	ksi.ksi_trapno = trapno;
	sig_force(lp, &ksi);
}

void
sig_force(struct lwp *lp, const ksiginfo_t *ksi)
{
	struct proc *p = lp->lw_proc;
	int sig = ksi->ksi_signo;
	struct sigacts *sa;

	KTR_EVENT(PROC, signal_trap, "tid=%d sig=%d code=%d addr=%p rip=%p",
	    (uint64_t)lp->lw_tid, (uint64_t)sig, (uint64_t)ksi->ksi_code,
	    ksi->ksi_addr, lp->lw_frame.tf_rip);
	spin_lock(&p->p_spin);
	sa = p->p_sigacts;
	spin_lock(&sa->sa_spin);
	if (sa->sa_action[sig].sa_handler == SIG_IGN ||
	    sigset_has(&lp->lw_sigmask, sig)) {
		sa->sa_action[sig].sa_handler = SIG_DFL;
		sigset_clear(&lp->lw_sigmask, sig);
	}
	spin_unlock(&sa->sa_spin);
	/* An earlier one of the same number says nothing about this trap. */
	sigqueue_delete(p, &lp->lw_sigq, sig);
	(void)sigqueue_add(p, &lp->lw_sigq, sig, ksi);
	lwp_notify(lp);
	spin_unlock(&p->p_spin);
}

/* --- masks -------------------------------------------------------------------------------- */

/* Replace lp's mask; what it newly blocks goes to a sibling. */
static void
sig_mask_set(struct lwp *lp, const sigset_t *mask)
{
	struct proc *p = lp->lw_proc;
	sigset_t m = *mask, gone, now;

	sigset_andnot(&m, &sigset_cantmask);
	spin_lock(&p->p_spin);
	gone = m;
	sigset_andnot(&gone, &lp->lw_sigmask); /* newly blocked */
	lp->lw_sigmask = m;
	gone.bits[0] &= p->p_sigq.sq_pending.bits[0];
	gone.bits[1] &= p->p_sigq.sq_pending.bits[1];
	if (!sigset_empty(&gone) && p->p_nlwps > 1)
		sig_notify_proc(p, &gone);
	now = p->p_sigq.sq_pending;
	sigset_or(&now, &lp->lw_sigq.sq_pending);
	sigset_andnot(&now, &m);
	if (!sigset_empty(&now))
		atomic_store_seq(&lp->lw_ast, 1);
	spin_unlock(&p->p_spin);
}

void
sig_mask_push(struct lwp *lp, const sigset_t *mask)
{
	struct proc *p = lp->lw_proc;

	spin_lock(&p->p_spin);
	if ((lp->lw_flags & LWF_RESTOREMASK) == 0) {
		lp->lw_oldmask = lp->lw_sigmask;
		lp->lw_flags |= LWF_RESTOREMASK;
	}
	spin_unlock(&p->p_spin);
	atomic_store_seq(&lp->lw_ast, 1); /* userret must restore it */
	sig_mask_set(lp, mask);
}

int
kern_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	struct lwp *lp = curlwp;
	sigset_t m = lp->lw_sigmask;

	if (old != NULL)
		*old = m;
	if (set == NULL)
		return (0);
	switch (how) {
	case SIG_BLOCK:
		sigset_or(&m, set);
		break;
	case SIG_UNBLOCK:
		sigset_andnot(&m, set);
		break;
	case SIG_SETMASK:
		m = *set;
		break;
	default:
		return (EINVAL);
	}
	sig_mask_set(lp, &m);
	return (0);
}

/* --- delivery ---------------------------------------------------------------------------------- */

/* The call in progress will not be restarted after all. */
static void
restart_cancel(struct lwp *lp, const struct ksigaction *sa)
{
	int kind = lp->lw_restart;

	lp->lw_restart = 0;
	lp->lw_restart_kind = LWR_NONE;
	if (kind == 0 || kind == ERESTARTNOINTR ||
	    (kind == ERESTART && (sa->sa_flags & SA_RESTART) != 0))
		return;
	lp->lw_frame.tf_rip = lp->lw_restart_ip;
	lp->lw_proc->p_abi->abi_result(&lp->lw_frame, EINTR, 0);
}

/* (p) The mask while the handler runs; oneshot actions. */
static void
sig_handler_enter(
    struct lwp *lp, int sig, const struct ksigaction *a, sigset_t *oldmask)
{
	struct proc *p = lp->lw_proc;
	struct sigacts *sa = p->p_sigacts;

	*oldmask = (lp->lw_flags & LWF_RESTOREMASK) != 0 ? lp->lw_oldmask
							 : lp->lw_sigmask;
	lp->lw_flags &= ~(uint32_t)LWF_RESTOREMASK;
	sigset_or(&lp->lw_sigmask, &a->sa_mask);
	if ((a->sa_flags & SA_NODEFER) == 0)
		sigset_put(&lp->lw_sigmask, sig);
	sigset_andnot(&lp->lw_sigmask, &sigset_cantmask);
	if ((a->sa_flags & SA_RESETHAND) != 0) {
		spin_lock(&sa->sa_spin);
		sa->sa_action[sig].sa_handler = SIG_DFL;
		spin_unlock(&sa->sa_spin);
	}
}

static void
sig_kill_self(struct lwp *lp, int sig)
{
	/* The flag for a core file (0x80) stays clear: none is written. */
	KTR_EVENT(PROC, signal_kill, "tid=%d sig=%d rip=%p",
	    (uint64_t)lp->lw_tid, (uint64_t)sig, lp->lw_frame.tf_rip);
	kern_exit(lp, sig);
}

/*
 * The default of a stop signal, just dequeued.  Members of an orphaned group
 * are not stopped by the terminal.  A SIGCONT or SIGKILL that came since the
 * dequeueing has cleared PF_STOPDEQ and wins.
 */
static void
sig_stop_self(struct lwp *lp, int sig)
{
	struct proc *p = lp->lw_proc;
	bool pointless;

	lock_shared(&proctree_lock);
	pointless = sig != SIGSTOP && p->p_pgrp->pg_jobc == 0;
	lock_release(&proctree_lock);
	spin_lock(&p->p_spin);
	if (!pointless && (p->p_flags & PF_STOPDEQ) != 0)
		proc_stop_begin(p, sig);
	p->p_flags &= ~(uint32_t)PF_STOPDEQ;
	spin_unlock(&p->p_spin);
}

/* Act on sig, taken from the queue under action a.  p_spin is held at entry
 * and released. */
static void
sig_act(struct lwp *lp, int sig, ksiginfo_t *ksi, const struct ksigaction *a)
{
	struct proc *p = lp->lw_proc;
	sigset_t oldmask;
	bool stepping;

	lp->lw_ru.ru_nsignals++;
	if (a->sa_handler == SIG_IGN ||
	    (a->sa_handler == SIG_DFL && sig_default_ignored(p, sig))) {
		spin_unlock(&p->p_spin);
		return;
	}
	if (a->sa_handler == SIG_DFL && sigset_has(&sigset_stops, sig)) {
		p->p_flags |= PF_STOPDEQ;
		spin_unlock(&p->p_spin);
		sig_stop_self(lp, sig);
		return;
	}
	if (a->sa_handler == SIG_DFL) {
		spin_unlock(&p->p_spin);
		sig_kill_self(lp, sig);
	}
	sig_handler_enter(lp, sig, a, &oldmask);
	spin_unlock(&p->p_spin);
	restart_cancel(lp, a);
	stepping = (lp->lw_hooks & LWH_STEP) != 0;
	KTR_EVENT(PROC, signal_deliver, "tid=%d sig=%d handler=%p",
	    (uint64_t)lp->lw_tid, (uint64_t)sig, a->sa_handler);
	if (p->p_abi->abi_sendsig(lp, a, ksi, &oldmask) == 0) {
		if (__unlikely(stepping))
			trace_step_handler(lp);
		return;
	}
	/* No stack to tell it on; SIGSEGV's handler may have another one. */
	if (sig == SIGSEGV)
		sig_kill_self(lp, SIGSEGV);
	sig_mask_set(lp, &oldmask);
	sig_trap(lp, SIGSEGV, SI_KERNEL, 0, 0);
}

void
sig_deliverable(struct lwp *lp, sigset_t *out)
{
	*out = (sigset_t){{~0UL, ~0UL}};
	sigset_andnot(out, &lp->lw_sigmask);
	sigset_or(out, &sigset_cantmask);
}

/*
 * (p) The tracer decides about sig, just taken; p_spin is let go meanwhile.
 * What to act on, or 0.
 */
static int
sig_ask_tracer(struct lwp *lp, int sig, ksiginfo_t *ksi)
{
	struct proc *p = lp->lw_proc;

	spin_unlock(&p->p_spin);
	sig = trace_signal(lp, sig, ksi);
	spin_lock(&p->p_spin);
	if (sig == 0 || sig == SIGKILL || sig == SIGSTOP ||
	    !sigset_has(&lp->lw_sigmask, sig))
		return (sig);
	/* Another signal than the one taken, or the mask is another. */
	(void)sigqueue_add(p, &lp->lw_sigq, sig, ksi);
	return (0);
}

void
sig_deliver(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	struct ksigaction a;
	ksiginfo_t ksi;
	sigset_t set;
	int sig;

	for (;;) {
		spin_lock(&p->p_spin);
		if (lwp_must_stop(lp) || (lp->lw_flags & LWF_TRAP) != 0) {
			spin_unlock(&p->p_spin);
			return; /* trap_userret stops, then comes back */
		}
		sig_deliverable(lp, &set);
		sig = sig_take(lp, &set, &ksi);
		if (sig == 0)
			break;
		if (__unlikely(lp->lw_tracee != NULL) && sig != SIGKILL &&
		    (sig = sig_ask_tracer(lp, sig, &ksi)) == 0) {
			spin_unlock(&p->p_spin);
			continue;
		}
		if (sig == SIGKILL || sig == SIGSTOP)
			memset(&a, 0, sizeof(a));
		else
			a = sig_action(p, sig);
		sig_act(lp, sig, &ksi, &a);
	}
	if ((lp->lw_flags & LWF_RESTOREMASK) != 0) {
		lp->lw_flags &= ~(uint32_t)LWF_RESTOREMASK;
		lp->lw_sigmask = lp->lw_oldmask;
		sig_deliverable(lp, &set);
		if (sig_any_pending(lp, &set))
			atomic_store_seq(&lp->lw_ast, 1);
	}
	spin_unlock(&p->p_spin);
}

/* --- actions --------------------------------------------------------------------------------------- */

int
kern_sigaction(int sig, const struct ksigaction *act, struct ksigaction *old)
{
	struct proc *p = curproc;
	struct sigacts *sa = p->p_sigacts;
	sigset_t set = {{0, 0}};

	if (!sig_valid(sig) ||
	    (act != NULL && (sig == SIGKILL || sig == SIGSTOP)))
		return (EINVAL);
	spin_lock(&p->p_spin);
	spin_lock(&sa->sa_spin);
	if (old != NULL)
		*old = sa->sa_action[sig];
	if (act != NULL) {
		sa->sa_action[sig] = *act;
		sigset_andnot(&sa->sa_action[sig].sa_mask, &sigset_cantmask);
	}
	spin_unlock(&sa->sa_spin);
	if (act != NULL && sig_ignored(p, sig)) {
		sigset_add(&set, sig);
		sig_delete_set(p, &set);
	}
	spin_unlock(&p->p_spin);
	return (0);
}

int
kern_sigpending(sigset_t *set)
{
	struct lwp *lp = curlwp;
	sigset_t s = sigset_read(&lp->lw_sigq.sq_pending);
	sigset_t ps = sigset_read(&lp->lw_proc->p_sigq.sq_pending);

	sigset_or(&s, &ps);
	s.bits[0] &= lp->lw_sigmask.bits[0];
	s.bits[1] &= lp->lw_sigmask.bits[1];
	*set = s;
	return (0);
}

/* --- debugger ------------------------------------------------------------------------------------------ */

static void
ddb_show_signals(const char *arg)
{
	struct proc *p;
	struct lwp *lp;
	ksiginfo_t *e;
	uint64_t pid;

	if (!ddb_number(&arg, &pid)) {
		kprintf("usage: show signals PID\n");
		return;
	}
	TAILQ_FOREACH(p, &allproc, p_all) {
		if ((uint64_t)p->p_pid != pid)
			continue;
		kprintf("process: pending %016lx:%016lx queued %u\n",
		    p->p_sigq.sq_pending.bits[1], p->p_sigq.sq_pending.bits[0],
		    p->p_nsigq);
		TAILQ_FOREACH(e, &p->p_sigq.sq_list, ksi_link)
			kprintf("  sig %d code %d pid %d\n", e->ksi_signo,
			    e->ksi_code, e->ksi_pid);
		TAILQ_FOREACH(lp, &p->p_lwps, lw_link)
			kprintf("tid %d: pending %016lx mask %016lx:%016lx\n",
			    lp->lw_tid, lp->lw_sigq.sq_pending.bits[0],
			    lp->lw_sigmask.bits[1], lp->lw_sigmask.bits[0]);
	}
}
DDB_COMMAND(signals, "show signals", ddb_show_signals,
    "queues and masks of a process: show signals PID");
