/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ptrace(2): a row for each request.  Those on a stopped thread run between
 * trace_begin and trace_end, so it stands still; the work is done in
 * kern_ptrace.c.
 */
#include "linux_var.h"
#include <sys/abi.h>
#include <sys/cbpf.h>
#include <sys/malloc.h>
#include <sys/ptrace.h>
#include <sys/ucred.h>

enum {
	PTRACE_TRACEME = 0,
	PTRACE_PEEKTEXT = 1,
	PTRACE_PEEKDATA = 2,
	PTRACE_PEEKUSER = 3,
	PTRACE_POKETEXT = 4,
	PTRACE_POKEDATA = 5,
	PTRACE_POKEUSER = 6,
	PTRACE_CONT = 7,
	PTRACE_KILL = 8,
	PTRACE_SINGLESTEP = 9,
	PTRACE_GETREGS = 12,
	PTRACE_SETREGS = 13,
	PTRACE_GETFPREGS = 14,
	PTRACE_SETFPREGS = 15,
	PTRACE_ATTACH = 16,
	PTRACE_DETACH = 17,
	PTRACE_SYSCALL = 24,
	PTRACE_ARCH_PRCTL = 30,
	PTRACE_SYSEMU = 31,
	PTRACE_SYSEMU_SINGLESTEP = 32,
	PTRACE_SETOPTIONS = 0x4200,
	PTRACE_GETEVENTMSG = 0x4201,
	PTRACE_GETSIGINFO = 0x4202,
	PTRACE_SETSIGINFO = 0x4203,
	PTRACE_GETREGSET = 0x4204,
	PTRACE_SETREGSET = 0x4205,
	PTRACE_SEIZE = 0x4206,
	PTRACE_INTERRUPT = 0x4207,
	PTRACE_LISTEN = 0x4208,
	PTRACE_PEEKSIGINFO = 0x4209,
	PTRACE_GETSIGMASK = 0x420a,
	PTRACE_SETSIGMASK = 0x420b,
	PTRACE_SECCOMP_GET_FILTER = 0x420c,
	PTRACE_SECCOMP_GET_METADATA = 0x420d,
	PTRACE_GET_SYSCALL_INFO = 0x420e,
	PTRACE_GET_RSEQ_CONFIGURATION = 0x420f
};

static const struct flagmap option_map[] = {
    {0x000001, TRO_SYSGOOD},
    {0x000002, TRO_FORK},
    {0x000004, TRO_VFORK},
    {0x000008, TRO_CLONE},
    {0x000010, TRO_EXEC},
    {0x000020, TRO_VFORKDONE},
    {0x000040, TRO_EXIT},
    {0x000080, TRO_SECCOMP},
    {0x100000, TRO_EXITKILL},
};

#define PEEKSIGINFO_SHARED 1

struct ptrace_args {
	struct lwp *pa_lp; /* the tracee, stopped and held */
	uint64_t pa_addr, pa_data;
	int pa_arg; /* the row's */
};

/* --- memory and registers ------------------------------------------------------ */

static int
pt_peek(struct ptrace_args *a)
{
	uint64_t word;
	int error;

	error = kern_trace_rw(a->pa_lp, a->pa_addr, &word, sizeof(word), false);
	return (error != 0 ? error : copyout(&word, a->pa_data, sizeof(word)));
}

static int
pt_poke(struct ptrace_args *a)
{
	uint64_t word = a->pa_data;

	return (kern_trace_rw(a->pa_lp, a->pa_addr, &word, sizeof(word), true));
}

static int
pt_peekuser(struct ptrace_args *a)
{
	uint64_t word;
	int error = linux_user_peek(a->pa_lp, a->pa_addr, &word);

	return (error != 0 ? error : copyout(&word, a->pa_data, sizeof(word)));
}

static int
pt_pokeuser(struct ptrace_args *a)
{
	return (linux_user_poke(a->pa_lp, a->pa_addr, a->pa_data));
}

static int
pt_getset(struct ptrace_args *a)
{
	uint64_t len = UINT64_MAX;

	return (
	    linux_regset_get(a->pa_lp, (uint64_t)a->pa_arg, a->pa_data, &len));
}

static int
pt_setset(struct ptrace_args *a)
{
	uint64_t len = UINT64_MAX;

	return (
	    linux_regset_set(a->pa_lp, (uint64_t)a->pa_arg, a->pa_data, &len));
}

/* arg: set. */
static int
pt_regset(struct ptrace_args *a)
{
	uint64_t iov[2];
	int error = copyin(a->pa_data, iov, sizeof(iov));

	if (error != 0)
		return (error);
	if ((iov[1] & 7) != 0)
		return (EINVAL);
	error = a->pa_arg != 0
	    ? linux_regset_set(a->pa_lp, a->pa_addr, iov[0], &iov[1])
	    : linux_regset_get(a->pa_lp, a->pa_addr, iov[0], &iov[1]);
	return (error != 0 ? error
			   : copyout(&iov[1], a->pa_data + 8, sizeof(iov[1])));
}

/* The FS and GS bases, by the codes of arch_prctl. */
static int
pt_arch_prctl(struct ptrace_args *a)
{
	static const struct {
		uint64_t off;
		bool set;
	} rows[] = {{offsetof(struct linux_user_regs, gs_base), true},
	    {offsetof(struct linux_user_regs, fs_base), true},
	    {offsetof(struct linux_user_regs, fs_base), false},
	    {offsetof(struct linux_user_regs, gs_base), false}};
	uint64_t word, i = a->pa_data - 0x1001;
	int error;

	if (i >= nitems(rows))
		return (EINVAL);
	if (rows[i].set) {
		error = linux_user_poke(a->pa_lp, rows[i].off, a->pa_addr);
		return (error == EIO ? EPERM : error);
	}
	error = linux_user_peek(a->pa_lp, rows[i].off, &word);
	return (error != 0 ? error : copyout(&word, a->pa_addr, sizeof(word)));
}

/* --- going on -------------------------------------------------------------------- */

static int
pt_resume(struct ptrace_args *a)
{
	int sig = 0;

	if (a->pa_data != 0) {
		if (a->pa_data > LINUX_NSIG)
			return (EIO);
		sig = linux_sig_in((int)a->pa_data);
	}
	return (kern_trace_resume(a->pa_lp, (enum trace_resume)a->pa_arg, sig));
}

static int
pt_listen(struct ptrace_args *a)
{
	return (kern_trace_listen(a->pa_lp));
}

/* --- the stop ----------------------------------------------------------------------- */

static int
pt_setoptions(struct ptrace_args *a)
{
	uint64_t rest, o;

	o = flags_in(option_map, nitems(option_map), a->pa_data, &rest);
	if (rest != 0)
		return (EINVAL);
	kern_trace_options(a->pa_lp, (uint32_t)o);
	return (0);
}

static int
pt_geteventmsg(struct ptrace_args *a)
{
	struct tracee te;
	uint64_t msg;

	kern_trace_state(a->pa_lp, &te);
	msg = te.te_msg;
	if (te.te_event == TRACE_EV_EXIT)
		msg = (uint64_t)linux_wait_status((int)msg);
	return (copyout(&msg, a->pa_data, sizeof(msg)));
}

static int
pt_getsiginfo(struct ptrace_args *a)
{
	struct linux_siginfo si;
	ksiginfo_t ksi;
	int error = kern_trace_getsiginfo(a->pa_lp, &ksi);

	if (error != 0)
		return (error);
	linux_siginfo_out(&ksi, &si);
	return (copyout(&si, a->pa_data, sizeof(si)));
}

static int
pt_setsiginfo(struct ptrace_args *a)
{
	struct linux_siginfo si;
	ksiginfo_t ksi;
	int error;

	if ((error = copyin(a->pa_data, &si, sizeof(si))) != 0 ||
	    (error = linux_siginfo_in(&si, &ksi)) != 0)
		return (error);
	return (kern_trace_setsiginfo(a->pa_lp, &ksi));
}

static int
pt_getsigmask(struct ptrace_args *a)
{
	uint64_t l;

	if (a->pa_addr != LINUX_SIGSET_SIZE)
		return (EINVAL);
	l = linux_sigset_out((a->pa_lp->lw_flags & LWF_RESTOREMASK) != 0
		? &a->pa_lp->lw_oldmask
		: &a->pa_lp->lw_sigmask);
	return (copyout(&l, a->pa_data, sizeof(l)));
}

static int
pt_setsigmask(struct ptrace_args *a)
{
	sigset_t set;
	uint64_t l;
	int error;

	if (a->pa_addr != LINUX_SIGSET_SIZE)
		return (EINVAL);
	if ((error = copyin(a->pa_data, &l, sizeof(l))) != 0)
		return (error);
	linux_sigset_in(l, &set);
	kern_trace_setsigmask(a->pa_lp, &set);
	return (0);
}

/* --- what a stop at a call is about ---------------------------------------------------- */

enum {
	INFO_NONE,
	INFO_ENTRY,
	INFO_EXIT,
	INFO_SECCOMP
};

static void
info_entry(struct lwp *lp, struct linux_ptrace_syscall_info *in)
{
	(void)frame_syscall(&lp->lw_frame, in->u.entry.args);
	in->u.entry.nr = (uint64_t)lp->lw_orig;
}

/* Fill *in; the bytes that matter. */
static size_t
info_fill(struct lwp *lp, struct linux_ptrace_syscall_info *in)
{
	struct tracee te;
	uint64_t rax = lp->lw_frame.tf_rax;

	memset(in, 0, sizeof(*in));
	in->arch = LINUX_AUDIT_ARCH_X86_64;
	in->instruction_pointer = lp->lw_frame.tf_rip;
	in->stack_pointer = lp->lw_frame.tf_rsp;
	kern_trace_state(lp, &te);
	if ((te.te_flags & TEF_ATSECCOMP) != 0) {
		in->op = INFO_SECCOMP;
		info_entry(lp, in);
		in->u.seccomp.ret_data = (uint32_t)te.te_msg;
		return (offsetof(struct linux_ptrace_syscall_info,
			    u.seccomp.ret_data) +
		    sizeof(uint32_t));
	}
	if ((te.te_code & TRACE_SYSGOOD) == 0 ||
	    (te.te_flags & (TEF_ATCALL | TEF_ATRETURN)) == 0)
		return (offsetof(struct linux_ptrace_syscall_info, u));
	if ((te.te_flags & TEF_ATCALL) != 0) {
		in->op = INFO_ENTRY;
		info_entry(lp, in);
		return (offsetof(struct linux_ptrace_syscall_info, u) +
		    sizeof(in->u.entry));
	}
	in->op = INFO_EXIT;
	in->u.exit.rval = (int64_t)rax;
	in->u.exit.is_error = rax > (uint64_t)-4096;
	return (offsetof(struct linux_ptrace_syscall_info, u.exit.is_error) +
	    sizeof(in->u.exit.is_error));
}

/* Its result is the size that there is, in *resp of the caller. */
static int
syscall_info(struct ptrace_args *a, uint64_t *resp)
{
	struct linux_ptrace_syscall_info in;

	*resp = info_fill(a->pa_lp, &in);
	return (copyout(&in, a->pa_data, MIN(*resp, a->pa_addr)));
}

/* The result is how many. */
static int
peeksiginfo(struct ptrace_args *a, uint64_t *resp)
{
	struct linux_peeksiginfo_args pa;
	struct linux_siginfo si;
	ksiginfo_t ksi;
	int error = copyin(a->pa_addr, &pa, sizeof(pa));

	if (error != 0)
		return (error);
	if ((pa.flags & ~(uint32_t)PEEKSIGINFO_SHARED) != 0 || pa.nr < 0)
		return (EINVAL);
	for (; *resp < (uint64_t)pa.nr; ++*resp) {
		if (kern_trace_peeksig(
			a->pa_lp, pa.flags != 0, pa.off + *resp, &ksi) != 0)
			return (0);
		linux_siginfo_out(&ksi, &si);
		error =
		    copyout(&si, a->pa_data + *resp * sizeof(si), sizeof(si));
		if (error != 0)
			return (*resp > 0 ? 0 : error);
	}
	return (0);
}

/* --- filters and sequences ------------------------------------------------------------ */

/* Only root that has no filters itself may see those of others. */
static int
filter_text(struct ptrace_args *a, uint64_t nth, struct cbpf_insn **progp,
    size_t *np, uint32_t *flagsp)
{
	if (!cred_has_cap(cred_current(), CAP_SYS_ADMIN) ||
	    callfilter_mode(curlwp) != FILTER_MODE_NONE)
		return (EACCES);
	return (callfilter_text(a->pa_lp, nth, progp, np, flagsp));
}

/* The result is how many instructions; they are copied if there is room. */
static int
seccomp_filter(struct ptrace_args *a, uint64_t *resp)
{
	struct cbpf_insn *prog;
	uint32_t flags;
	size_t n;
	int error;

	error = filter_text(a, a->pa_addr, &prog, &n, &flags);
	if (error != 0)
		return (error);
	*resp = n;
	if (a->pa_data != 0)
		error = copyout(prog, a->pa_data, n * sizeof(*prog));
	kfree(prog, M_TEMP);
	return (error);
}

#define FILTER_FLAG_LOG 2

/* Which filter, in; and its flags, out, as far as addr bytes go. */
static int
seccomp_metadata(struct ptrace_args *a, uint64_t *resp)
{
	struct {
		uint64_t nth, flags;
	} md;
	struct cbpf_insn *prog;
	uint32_t flags;
	size_t n;
	int error;

	if (a->pa_addr < sizeof(md.nth))
		return (EINVAL);
	if ((error = copyin(a->pa_data, &md.nth, sizeof(md.nth))) != 0 ||
	    (error = filter_text(a, md.nth, &prog, &n, &flags)) != 0)
		return (error);
	kfree(prog, M_TEMP);
	md.flags = (flags & FILTERF_LOG) != 0 ? FILTER_FLAG_LOG : 0;
	*resp = MIN(a->pa_addr, sizeof(md));
	return (copyout(&md, a->pa_data, *resp));
}

/* The result is the size that there is. */
static int
rseq_configuration(struct ptrace_args *a, uint64_t *resp)
{
	struct {
		uint64_t area;
		uint32_t size, signature, flags, pad;
	} rc = {a->pa_lp->lw_rseq, a->pa_lp->lw_rseq_len, a->pa_lp->lw_rseq_sig,
	    0, 0};

	*resp = sizeof(rc);
	return (copyout(&rc, a->pa_data, MIN(a->pa_addr, sizeof(rc))));
}

/* --- the call --------------------------------------------------------------------------- */

static const struct {
	int req;
	int (*func)(struct ptrace_args *a);
	int arg;
} rows[] = {
    {PTRACE_PEEKTEXT, pt_peek, 0},
    {PTRACE_PEEKDATA, pt_peek, 0},
    {PTRACE_PEEKUSER, pt_peekuser, 0},
    {PTRACE_POKETEXT, pt_poke, 0},
    {PTRACE_POKEDATA, pt_poke, 0},
    {PTRACE_POKEUSER, pt_pokeuser, 0},
    {PTRACE_CONT, pt_resume, TRR_CONT},
    {PTRACE_SINGLESTEP, pt_resume, TRR_STEP},
    {PTRACE_SYSCALL, pt_resume, TRR_SYSCALL},
    {PTRACE_SYSEMU, pt_resume, TRR_EMULATE},
    {PTRACE_SYSEMU_SINGLESTEP, pt_resume, TRR_EMULATE_STEP},
    {PTRACE_DETACH, pt_resume, TRR_DETACH},
    {PTRACE_GETREGS, pt_getset, LINUX_NT_PRSTATUS},
    {PTRACE_SETREGS, pt_setset, LINUX_NT_PRSTATUS},
    {PTRACE_GETFPREGS, pt_getset, LINUX_NT_PRFPREG},
    {PTRACE_SETFPREGS, pt_setset, LINUX_NT_PRFPREG},
    {PTRACE_ARCH_PRCTL, pt_arch_prctl, 0},
    {PTRACE_SETOPTIONS, pt_setoptions, 0},
    {PTRACE_GETEVENTMSG, pt_geteventmsg, 0},
    {PTRACE_GETSIGINFO, pt_getsiginfo, 0},
    {PTRACE_SETSIGINFO, pt_setsiginfo, 0},
    {PTRACE_GETREGSET, pt_regset, 0},
    {PTRACE_SETREGSET, pt_regset, 1},
    {PTRACE_LISTEN, pt_listen, 0},
    {PTRACE_GETSIGMASK, pt_getsigmask, 0},
    {PTRACE_SETSIGMASK, pt_setsigmask, 0},
};

/* Those with a result of their own. */
static const struct {
	int req;
	int (*func)(struct ptrace_args *a, uint64_t *resp);
} counting[] = {
    {PTRACE_PEEKSIGINFO, peeksiginfo},
    {PTRACE_SECCOMP_GET_FILTER, seccomp_filter},
    {PTRACE_SECCOMP_GET_METADATA, seccomp_metadata},
    {PTRACE_GET_SYSCALL_INFO, syscall_info},
    {PTRACE_GET_RSEQ_CONFIGURATION, rseq_configuration},
};

static int
on_stopped(int req, struct ptrace_args *a, uint64_t *resp)
{
	for (size_t i = 0; i < nitems(counting); i++)
		if (counting[i].req == req)
			return (counting[i].func(a, resp));
	for (size_t i = 0; i < nitems(rows); i++)
		if (rows[i].req == req) {
			a->pa_arg = rows[i].arg;
			return (rows[i].func(a));
		}
	return (EIO);
}

static int
attach(const struct linux_ptrace_args *uap)
{
	uint64_t rest, o;

	if (uap->req == PTRACE_ATTACH)
		return (kern_trace_attach((pid_t)uap->pid, false, 0));
	o = flags_in(option_map, nitems(option_map), uap->data, &rest);
	if (uap->addr != 0 || rest != 0)
		return (EIO);
	return (kern_trace_attach((pid_t)uap->pid, true, (uint32_t)o));
}

int
linux_ptrace(
    struct lwp *lp, const struct linux_ptrace_args *uap, uint64_t *resp)
{
	struct ptrace_args a = {NULL, uap->addr, uap->data, 0};
	int error;

	switch (uap->req) {
	case PTRACE_TRACEME:
		return (kern_trace_me());
	case PTRACE_ATTACH:
	case PTRACE_SEIZE:
		return (attach(uap));
	case PTRACE_INTERRUPT:
		return (kern_trace_interrupt((pid_t)uap->pid));
	case PTRACE_KILL:
		return (kern_trace_kill((pid_t)uap->pid));
	default:
		break;
	}
	if ((error = trace_begin((pid_t)uap->pid, &a.pa_lp)) != 0)
		return (error);
	error = on_stopped((int)uap->req, &a, resp);
	trace_end(a.pa_lp);
	return (error);
}
