/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux signals: the frame on the stack, and the rt_ calls.
 *
 * The frame, from its lowest address (rsp at the handler's first instruction,
 * 8 below a multiple of 16):
 *	return address (sa_restorer), ucontext, siginfo
 * and above it, 64-aligned, the floating state in XSAVE format, with Linux's
 * marks: 48 bytes in the legacy area say how large it is, a magic word follows
 * it.  A restorer calls rt_sigreturn with rsp behind the return address.
 */
#include "linux_var.h"
#include <sys/abi.h>
#include <sys/malloc.h>
#include <sys/ptrace.h>
#include <sys/ucred.h>

#define REDZONE	  128
#define USER_SS	  0x2b
#define XSTATE_BV 512 /* offset of the header's feature word */

/* --- siginfo ------------------------------------------------------------------- */

struct code_row {
	int native, lnx;
};
static const struct code_row code_rows[] = {
    {SI_USER, LINUX_SI_USER},
    {SI_QUEUE, LINUX_SI_QUEUE},
    {SI_TIMER, LINUX_SI_TIMER},
    {SI_ASYNCIO, LINUX_SI_ASYNCIO},
    {SI_MESGQ, LINUX_SI_MESGQ},
    {SI_KERNEL, LINUX_SI_KERNEL},
    {SI_LWP, LINUX_SI_TKILL},
};

static int
code_out(int sig, int code, int trapno)
{
	for (size_t i = 0; i < nitems(code_rows); i++)
		if (code_rows[i].native == code)
			return (code_rows[i].lnx);
	/* Linux says int3 without its cause. */
	if (sig == SIGTRAP && trapno == T_BPT)
		return (LINUX_SI_KERNEL);
	/* The two systems number these two the other way round. */
	if (sig == SIGFPE && code == FPE_INTDIV)
		return (1);
	if (sig == SIGFPE && code == FPE_INTOVF)
		return (2);
	return (code);
}

/* What a program sends to itself or others: only its own kinds. */
static int
code_in(int code)
{
	for (size_t i = 0; i < nitems(code_rows); i++)
		if (code_rows[i].lnx == code)
			return (code_rows[i].native);
	return (code < 0 ? SI_QUEUE : SI_USER);
}

static bool
is_fault(int sig)
{
	return (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL ||
	    sig == SIGFPE || sig == SIGTRAP);
}

/*
 * A file's signal.  Signals whose codes have meanings of their own say only
 * "from a file".
 */
static void
poll_out(int sig, const ksiginfo_t *ksi, struct linux_siginfo *si)
{
	static const int16_t bands[] = {
	    [POLL_IN] = 0x041,
	    [POLL_OUT] = 0x304,
	    [POLL_MSG] = 0x441,
	    [POLL_ERR] = 0x008,
	    [POLL_PRI] = 0x082,
	    [POLL_HUP] = 0x018,
	};
	int reason = ksi->ksi_code - SI_POLL;

	si->si_code = is_fault(sig) || sig == SIGCHLD || sig == SIGSYS
	    ? LINUX_SI_SIGIO
	    : reason;
	si->u.poll.band = bands[reason];
	si->u.poll.fd = (int32_t)ksi->ksi_value;
}

void
linux_siginfo_out(const ksiginfo_t *ksi, struct linux_siginfo *si)
{
	int sig = ksi->ksi_signo;

	memset(si, 0, sizeof(*si));
	si->si_signo = linux_sig_out(sig);
	si->si_errno = ksi->ksi_errno != 0 ? linux_errno(ksi->ksi_errno) : 0;
	si->si_code = code_out(sig, ksi->ksi_code, ksi->ksi_trapno);
	if (sig == SIGSYS && ksi->ksi_code == SYS_FILTER) {
		si->si_errno = ksi->ksi_status;
		si->u.sys.addr = ksi->ksi_addr;
		si->u.sys.call = (int32_t)ksi->ksi_value;
		si->u.sys.arch = LINUX_AUDIT_ARCH_X86_64;
	} else if (SI_IS_POLL(ksi->ksi_code)) {
		poll_out(sig, ksi, si);
	} else if (ksi->ksi_code == SI_TRACE) {
		si->si_code = linux_stop_code(ksi->ksi_status);
		si->u.rt.pid = ksi->ksi_pid;
		si->u.rt.uid = ksi->ksi_uid;
	} else if (ksi->ksi_code == SI_TIMER) {
		si->u.timer.tid = ksi->ksi_timerid;
		si->u.timer.overrun = ksi->ksi_overrun;
		si->u.timer.value = ksi->ksi_value;
	} else if (si->si_code > 0 && is_fault(sig)) {
		if (si->si_code != LINUX_SI_KERNEL)
			si->u.fault.addr = ksi->ksi_addr;
	} else if (si->si_code > 0 && sig == SIGCHLD) {
		si->u.chld.pid = ksi->ksi_pid;
		si->u.chld.uid = ksi->ksi_uid;
		si->u.chld.status = ksi->ksi_code == CLD_EXITED
		    ? ksi->ksi_status
		    : linux_stop_code(ksi->ksi_status);
		si->u.chld.utime = ksi->ksi_utime / (NS_PER_SEC / LINUX_HZ);
		si->u.chld.stime = ksi->ksi_stime / (NS_PER_SEC / LINUX_HZ);
	} else {
		si->u.rt.pid = ksi->ksi_pid;
		si->u.rt.uid = ksi->ksi_uid;
		si->u.rt.value = ksi->ksi_value;
	}
}

/*
 * A siginfo as a tracer gives it back.  EINVAL: the signal is none.  What
 * linux_siginfo_out makes of the result is the same again.
 */
int
linux_siginfo_in(const struct linux_siginfo *si, ksiginfo_t *ksi)
{
	int sig = linux_sig_in(si->si_signo), code = si->si_code;

	memset(ksi, 0, sizeof(*ksi));
	if (sig == 0)
		return (EINVAL);
	ksi->ksi_signo = sig;
	ksi->ksi_errno = si->si_errno;
	ksi->ksi_code =
	    code <= 0 || code == LINUX_SI_KERNEL ? code_in(code) : code;
	if (sig == SIGFPE && (code == 1 || code == 2))
		ksi->ksi_code = code == 1 ? FPE_INTDIV : FPE_INTOVF;
	if (sig == SIGSYS && code == SYS_FILTER) {
		ksi->ksi_errno = 0;
		ksi->ksi_status = si->si_errno;
		ksi->ksi_addr = si->u.sys.addr;
		ksi->ksi_value = (uint32_t)si->u.sys.call;
	} else if (sig == SIGIO && code >= POLL_IN && code <= POLL_HUP) {
		ksi->ksi_code = SI_POLL + code;
		ksi->ksi_value = (uint32_t)si->u.poll.fd;
	} else if (code == LINUX_SI_TIMER) {
		ksi->ksi_timerid = si->u.timer.tid;
		ksi->ksi_overrun = si->u.timer.overrun;
		ksi->ksi_value = si->u.timer.value;
	} else if (code > 0 && is_fault(sig)) {
		ksi->ksi_addr = si->u.fault.addr;
	} else if (code > 0 && sig == SIGCHLD) {
		ksi->ksi_pid = si->u.chld.pid;
		ksi->ksi_uid = si->u.chld.uid;
		ksi->ksi_status = code == CLD_EXITED
		    ? si->u.chld.status
		    : linux_sig_in(si->u.chld.status & 0x7f);
	} else {
		ksi->ksi_pid = si->u.rt.pid;
		ksi->ksi_uid = si->u.rt.uid;
		ksi->ksi_value = si->u.rt.value;
	}
	return (0);
}

/* --- the frame ---------------------------------------------------------------------- */

static void
sigcontext_get(const struct trapframe *tf, struct linux_sigcontext *sc)
{
	sc->sc_r8 = tf->tf_r8;
	sc->sc_r9 = tf->tf_r9;
	sc->sc_r10 = tf->tf_r10;
	sc->sc_r11 = tf->tf_r11;
	sc->sc_r12 = tf->tf_r12;
	sc->sc_r13 = tf->tf_r13;
	sc->sc_r14 = tf->tf_r14;
	sc->sc_r15 = tf->tf_r15;
	sc->sc_di = tf->tf_rdi;
	sc->sc_si = tf->tf_rsi;
	sc->sc_bp = tf->tf_rbp;
	sc->sc_bx = tf->tf_rbx;
	sc->sc_dx = tf->tf_rdx;
	sc->sc_ax = tf->tf_rax;
	sc->sc_cx = tf->tf_rcx;
	sc->sc_sp = tf->tf_rsp;
	sc->sc_ip = tf->tf_rip;
	sc->sc_flags = tf->tf_rflags;
	sc->sc_cs = tf->tf_cs == CS_USER32 ? CS_USER32 : CS_USER;
	sc->sc_ss = USER_SS;
	sc->sc_err = tf->tf_err;
	sc->sc_trapno = tf->tf_trapno;
	sc->sc_cr2 = tf->tf_addr;
}

static void
sigcontext_set(struct trapframe *tf, const struct linux_sigcontext *sc)
{
	tf->tf_r8 = sc->sc_r8;
	tf->tf_r9 = sc->sc_r9;
	tf->tf_r10 = sc->sc_r10;
	tf->tf_r11 = sc->sc_r11;
	tf->tf_r12 = sc->sc_r12;
	tf->tf_r13 = sc->sc_r13;
	tf->tf_r14 = sc->sc_r14;
	tf->tf_r15 = sc->sc_r15;
	tf->tf_rdi = sc->sc_di;
	tf->tf_rsi = sc->sc_si;
	tf->tf_rbp = sc->sc_bp;
	tf->tf_rbx = sc->sc_bx;
	tf->tf_rdx = sc->sc_dx;
	tf->tf_rax = sc->sc_ax;
	tf->tf_rcx = sc->sc_cx;
	tf->tf_rsp = sc->sc_sp;
	tf->tf_rip = sc->sc_ip;
	tf->tf_rflags = (sc->sc_flags & RFLAGS_USER) | RFLAGS_IF;
	tf->tf_cs = sc->sc_cs == CS_USER32 ? CS_USER32 : CS_USER;
}

/* Linux's marks in a state of size bytes; buf has 4 more. */
static void
fpu_mark(uint8_t *buf, size_t size)
{
	struct linux_fpx_sw sw;
	uint32_t magic2 = LINUX_FP_XSTATE_MAGIC2;

	memset(&sw, 0, sizeof(sw));
	sw.magic1 = LINUX_FP_XSTATE_MAGIC1;
	sw.extended_size = (uint32_t)size + 4;
	memcpy(&sw.xfeatures, buf + XSTATE_BV, sizeof(sw.xfeatures));
	sw.xfeatures |= 3;
	sw.xstate_size = (uint32_t)size;
	memcpy(buf + LINUX_FPX_OFFSET, &sw, sizeof(sw));
	memcpy(buf + size, &magic2, sizeof(magic2));
}

static int
push_fpu(struct lwp *lp, uaddr_t *spp, struct linux_ucontext *uc)
{
	size_t size = cpu_fpu_size(lp), total = size;
	uint8_t *buf;
	int error;

	if (size < LINUX_FXSAVE_SIZE)
		return (0);
	if ((buf = kmalloc(size + 4, M_TEMP, M_WAITOK | M_ZERO)) == NULL)
		return (ENOMEM);
	error = cpu_fpu_get(lp, buf, size);
	if (error == 0 && size > LINUX_FXSAVE_SIZE) {
		fpu_mark(buf, size);
		total = size + 4;
		uc->uc_flags |= LINUX_UC_FP_XSTATE;
	}
	if (error == 0) {
		*spp = rounddown2(*spp - total, 64);
		uc->uc_mcontext.sc_fpstate = *spp;
		error = copyout(buf, *spp, total);
	}
	kfree(buf, M_TEMP);
	return (error);
}

/*
 * The legacy 512 bytes always count; the rest only if both marks are right.
 */
static int
restore_fpu(struct lwp *lp, uaddr_t at)
{
	size_t size = cpu_fpu_size(lp);
	struct linux_fpx_sw sw;
	uint32_t magic2 = 0;
	uint8_t *buf;
	int error;

	if (at == 0 || size < LINUX_FXSAVE_SIZE)
		return (0);
	if ((buf = kmalloc(size, M_TEMP, M_WAITOK | M_ZERO)) == NULL)
		return (ENOMEM);
	error = copyin(at, buf, LINUX_FXSAVE_SIZE);
	memcpy(&sw, buf + LINUX_FPX_OFFSET, sizeof(sw));
	if (error == 0 && sw.magic1 == LINUX_FP_XSTATE_MAGIC1 &&
	    sw.xstate_size == size && size > LINUX_FXSAVE_SIZE) {
		error = copyin(at + size, &magic2, sizeof(magic2));
		if (error == 0 && magic2 == LINUX_FP_XSTATE_MAGIC2)
			error = copyin(at, buf, size);
	}
	if (error == 0 && size > LINUX_FXSAVE_SIZE &&
	    magic2 != LINUX_FP_XSTATE_MAGIC2)
		buf[XSTATE_BV] = 3; /* x87 and SSE, the rest initial */
	memset(buf + LINUX_FPX_OFFSET, 0, sizeof(sw));
	if (error == 0)
		error = cpu_fpu_set(lp, buf, size);
	kfree(buf, M_TEMP);
	return (error);
}

static bool
on_altstack(const struct lwp *lp, uaddr_t sp)
{
	const struct ksigaltstack *ss = &lp->lw_sigstk;

	/* A stack that is full to its first byte still counts. */
	return ((ss->ss_flags & SS_DISABLE) == 0 && sp > ss->ss_sp &&
	    sp - ss->ss_sp <= ss->ss_size);
}

static uaddr_t
handler_stack(const struct lwp *lp, const struct ksigaction *sa)
{
	const struct ksigaltstack *ss = &lp->lw_sigstk;
	uaddr_t sp = lp->lw_frame.tf_rsp;

	if ((sa->sa_flags & SA_ONSTACK) != 0 &&
	    (ss->ss_flags & SS_DISABLE) == 0 && !on_altstack(lp, sp))
		return (ss->ss_sp + ss->ss_size);
	return (sp - REDZONE);
}

static void
stack_out(const struct ksigaltstack *ss, struct linux_stack *l)
{
	memset(l, 0, sizeof(*l));
	l->ss_sp = ss->ss_sp;
	l->ss_size = ss->ss_size;
	l->ss_flags = (ss->ss_flags & SS_DISABLE) != 0 ? LINUX_SS_DISABLE
	    : (ss->ss_flags & SS_ONSTACK) != 0	       ? LINUX_SS_ONSTACK
						       : 0;
}

/* 0, EFAULT, ENOMEM. */
int
linux_sendsig(struct lwp *lp, const struct ksigaction *sa,
    const struct ksiginfo *ksi, const struct sigset *oldmask)
{
	struct trapframe *tf = &lp->lw_frame;
	struct linux_rt_sigframe sf;
	uaddr_t sp = handler_stack(lp, sa);
	int error;

	if (lp->lw_rseq != 0 && linux_rseq_resume(lp) != 0)
		return (EFAULT);
	if ((sa->sa_flags & SA_RESTORER) == 0)
		return (EFAULT); /* amd64 has no other way back */
	memset(&sf, 0, sizeof(sf));
	if ((error = push_fpu(lp, &sp, &sf.sf_uc)) != 0)
		return (error);
	sp = rounddown2(sp - sizeof(sf), 16) - 8;
	/* What is below a full signal stack is not for us to write. */
	if (on_altstack(lp, tf->tf_rsp) && !on_altstack(lp, sp))
		return (EFAULT);
	sf.sf_ret = sa->sa_restorer;
	sf.sf_uc.uc_flags |=
	    LINUX_UC_SIGCONTEXT_SS | LINUX_UC_STRICT_RESTORE_SS;
	stack_out(&lp->lw_sigstk, &sf.sf_uc.uc_stack);
	sigcontext_get(tf, &sf.sf_uc.uc_mcontext);
	sf.sf_uc.uc_sigmask = linux_sigset_out(oldmask);
	sf.sf_uc.uc_mcontext.sc_oldmask = sf.sf_uc.uc_sigmask;
	linux_siginfo_out(ksi, &sf.sf_info);
	if ((error = copyout(&sf, sp, sizeof(sf))) != 0)
		return (error);
	tf->tf_rdi = (uint64_t)sf.sf_info.si_signo;
	tf->tf_rsi = sp + offsetof(struct linux_rt_sigframe, sf_info);
	tf->tf_rdx = sp + offsetof(struct linux_rt_sigframe, sf_uc);
	tf->tf_rax = 0;
	tf->tf_rsp = sp;
	tf->tf_rip = sa->sa_handler;
	tf->tf_cs = CS_USER;
	tf->tf_rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_TF);
	return (0);
}

static int
stack_in(const struct linux_stack *l, struct ksigaltstack *ss)
{
	if ((l->ss_flags & ~(LINUX_SS_DISABLE | LINUX_SS_ONSTACK)) != 0)
		return (EINVAL);
	ss->ss_sp = l->ss_sp;
	ss->ss_size = l->ss_size;
	ss->ss_flags = (l->ss_flags & LINUX_SS_DISABLE) != 0 ? SS_DISABLE : 0;
	return (0);
}

int
linux_rt_sigreturn(
    struct lwp *lp, const struct linux_rt_sigreturn_args *uap, uint64_t *resp)
{
	uaddr_t at = lp->lw_frame.tf_rsp - 8;
	struct linux_rt_sigframe sf;
	struct ksigaltstack ss;
	sigset_t mask;
	int error;

	error = copyin(at, &sf, sizeof(sf));
	if (error == 0)
		error = restore_fpu(lp, sf.sf_uc.uc_mcontext.sc_fpstate);
	if (error != 0) {
		sig_trap(lp, SIGSEGV, SI_KERNEL, at, 0);
		return (EJUSTRETURN);
	}
	sigcontext_set(&lp->lw_frame, &sf.sf_uc.uc_mcontext);
	linux_sigset_in(sf.sf_uc.uc_sigmask, &mask);
	(void)kern_sigprocmask(SIG_SETMASK, &mask, NULL);
	/* A handler may change the stack it returns to; errors do not count. */
	if (stack_in(&sf.sf_uc.uc_stack, &ss) == 0)
		(void)kern_sigaltstack(&ss, NULL);
	return (EJUSTRETURN);
}

/* --- calls ---------------------------------------------------------------------------- */

static const struct flagmap sa_map[] = {
    {LINUX_SA_NOCLDSTOP, SA_NOCLDSTOP},
    {LINUX_SA_NOCLDWAIT, SA_NOCLDWAIT},
    {LINUX_SA_SIGINFO, SA_SIGINFO},
    {LINUX_SA_RESTORER, SA_RESTORER},
    {LINUX_SA_ONSTACK, SA_ONSTACK},
    {LINUX_SA_RESTART, SA_RESTART},
    {LINUX_SA_NODEFER, SA_NODEFER},
    {LINUX_SA_RESETHAND, SA_RESETHAND},
};

int
linux_rt_sigaction(
    struct lwp *lp, const struct linux_rt_sigaction_args *uap, uint64_t *resp)
{
	struct linux_sigaction la;
	struct ksigaction act, old;
	int error, sig = linux_sig_in(uap->sig);

	if (uap->setsize != LINUX_SIGSET_SIZE || sig == 0)
		return (EINVAL);
	if (uap->act != 0) {
		if ((error = copyin(uap->act, &la, sizeof(la))) != 0)
			return (error);
		act.sa_handler = la.lsa_handler;
		act.sa_flags = (uint32_t)flags_in(
		    sa_map, nitems(sa_map), la.lsa_flags, NULL);
		act.sa_restorer = la.lsa_restorer;
		linux_sigset_in(la.lsa_mask, &act.sa_mask);
	}
	error = kern_sigaction(sig, uap->act != 0 ? &act : NULL, &old);
	if (error != 0 || uap->old == 0)
		return (error);
	la.lsa_handler = old.sa_handler;
	la.lsa_flags = flags_out(sa_map, nitems(sa_map), old.sa_flags);
	la.lsa_restorer = old.sa_restorer;
	la.lsa_mask = linux_sigset_out(&old.sa_mask);
	return (copyout(&la, uap->old, sizeof(la)));
}

int
linux_rt_sigprocmask(
    struct lwp *lp, const struct linux_rt_sigprocmask_args *uap, uint64_t *resp)
{
	static const int hows[] = {SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK};
	const sigset_t *mask;
	sigset_t set, old;
	uint64_t l;
	int error;

	if (uap->setsize != LINUX_SIGSET_SIZE)
		return (EINVAL);
	if ((error = linux_mask_in(uap->set, uap->setsize, &set, &mask)) != 0)
		return (error);
	if (mask != NULL && (uap->how < 0 || uap->how > 2))
		return (EINVAL);
	error = kern_sigprocmask(
	    mask != NULL ? hows[uap->how] : SIG_BLOCK, mask, &old);
	if (error != 0 || uap->old == 0)
		return (error);
	l = linux_sigset_out(&old);
	return (copyout(&l, uap->old, sizeof(l)));
}

int
linux_rt_sigpending(
    struct lwp *lp, const struct linux_rt_sigpending_args *uap, uint64_t *resp)
{
	sigset_t set;
	uint64_t l;

	if (uap->setsize > LINUX_SIGSET_SIZE)
		return (EINVAL);
	kern_sigpending(&set);
	l = linux_sigset_out(&set);
	return (copyout(&l, uap->set, uap->setsize));
}

int
linux_rt_sigsuspend(
    struct lwp *lp, const struct linux_rt_sigsuspend_args *uap, uint64_t *resp)
{
	const sigset_t *mask;
	sigset_t set;
	int error;

	if ((error = linux_mask_in(uap->set, uap->setsize, &set, &mask)) != 0)
		return (error);
	return (mask == NULL ? EFAULT : kern_sigsuspend(mask));
}

int
linux_pause(struct lwp *lp, const struct linux_pause_args *uap, uint64_t *resp)
{
	sigset_t mask = lp->lw_sigmask;

	return (kern_sigsuspend(&mask));
}

int
linux_rt_sigtimedwait(struct lwp *lp,
    const struct linux_rt_sigtimedwait_args *uap, uint64_t *resp)
{
	struct linux_siginfo si;
	const sigset_t *mask;
	nstime_t timeout;
	ksiginfo_t ksi;
	sigset_t set;
	int error;

	if ((error = linux_mask_in(uap->set, uap->setsize, &set, &mask)) != 0 ||
	    (error = timeout_copyin(uap->timeout, &timeout)) != 0)
		return (error);
	if (mask == NULL)
		return (EFAULT);
	timeout = sys_restart_timeout(lp, timeout);
	if ((error = kern_sigtimedwait(mask, &ksi, timeout)) != 0)
		return (error);
	linux_siginfo_out(&ksi, &si);
	*resp = (uint64_t)si.si_signo;
	return (uap->info == 0 ? 0 : copyout(&si, uap->info, sizeof(si)));
}

int
linux_sigaltstack(
    struct lwp *lp, const struct linux_sigaltstack_args *uap, uint64_t *resp)
{
	struct ksigaltstack ss, old;
	struct linux_stack l;
	int error;

	if (uap->ss != 0) {
		if ((error = copyin(uap->ss, &l, sizeof(l))) != 0 ||
		    (error = stack_in(&l, &ss)) != 0)
			return (error);
	}
	error = kern_sigaltstack(uap->ss != 0 ? &ss : NULL, &old);
	if (error != 0 || uap->old == 0)
		return (error);
	stack_out(&old, &l);
	return (copyout(&l, uap->old, sizeof(l)));
}

/* --- sending -------------------------------------------------------------------------------- */

/* sig 0 (a test of existence) stays 0. */
static int
sig_arg(int sig, int *nativep)
{
	*nativep = sig == 0 ? 0 : linux_sig_in(sig);
	return (sig != 0 && *nativep == 0 ? EINVAL : 0);
}

static void
sender_info(struct lwp *lp, ksiginfo_t *ksi, int sig, int code)
{
	memset(ksi, 0, sizeof(*ksi));
	ksi->ksi_signo = sig;
	ksi->ksi_code = code;
	ksi->ksi_pid = lp->lw_proc->p_pid;
	ksi->ksi_uid = lp->lw_cred->cr_ruid;
}

int
linux_kill(struct lwp *lp, const struct linux_kill_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;
	int sig, error;

	if ((error = sig_arg(uap->sig, &sig)) != 0)
		return (error);
	sender_info(lp, &ksi, sig, SI_USER);
	return (kern_kill(uap->pid, sig, &ksi));
}

int
linux_tkill(struct lwp *lp, const struct linux_tkill_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;
	int sig, error;

	if ((error = sig_arg(uap->sig, &sig)) != 0)
		return (error);
	sender_info(lp, &ksi, sig, SI_LWP);
	return (kern_tgkill(0, uap->tid, sig, &ksi));
}

int
linux_tgkill(
    struct lwp *lp, const struct linux_tgkill_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;
	int sig, error;

	if (uap->tgid <= 0)
		return (EINVAL);
	if ((error = sig_arg(uap->sig, &sig)) != 0)
		return (error);
	sender_info(lp, &ksi, sig, SI_LWP);
	return (kern_tgkill(uap->tgid, uap->tid, sig, &ksi));
}

/* A siginfo from a program: it may not pretend to be the kernel or kill. */
int
linux_info_in(
    const struct linux_siginfo *si, int sig, pid_t to, ksiginfo_t *ksi)
{
	if ((si->si_code >= 0 || si->si_code == LINUX_SI_TKILL) &&
	    to != curproc->p_pid)
		return (EPERM);
	memset(ksi, 0, sizeof(*ksi));
	ksi->ksi_signo = sig;
	ksi->ksi_code = code_in(si->si_code);
	ksi->ksi_pid = si->u.rt.pid;
	ksi->ksi_uid = si->u.rt.uid;
	ksi->ksi_value = si->u.rt.value;
	return (0);
}

static int
info_in(uaddr_t uinfo, int sig, pid_t to, ksiginfo_t *ksi)
{
	struct linux_siginfo si;
	int error = copyin(uinfo, &si, sizeof(si));

	return (error != 0 ? error : linux_info_in(&si, sig, to, ksi));
}

int
linux_rt_sigqueueinfo(struct lwp *lp,
    const struct linux_rt_sigqueueinfo_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;
	int sig, error;

	if ((error = sig_arg(uap->sig, &sig)) != 0 ||
	    (error = info_in(uap->info, sig, uap->pid, &ksi)) != 0)
		return (error);
	return (kern_sigqueue(uap->pid, sig, &ksi));
}

int
linux_rt_tgsigqueueinfo(struct lwp *lp,
    const struct linux_rt_tgsigqueueinfo_args *uap, uint64_t *resp)
{
	ksiginfo_t ksi;
	int sig, error;

	if (uap->tgid <= 0)
		return (EINVAL);
	if ((error = sig_arg(uap->sig, &sig)) != 0 ||
	    (error = info_in(uap->info, sig, uap->tgid, &ksi)) != 0)
		return (error);
	return (kern_tgkill(uap->tgid, uap->tid, sig, &ksi));
}
