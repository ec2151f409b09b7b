/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The linux64 ABI: registration, registers, and the translation tables of
 * errors, signals and flags.
 *
 * A call: number in rax, arguments in rdi rsi rdx r10 r8 r9; the result, or the
 * negated error, in rax.
 */
#include "linux_var.h"
#include <sys/abi.h>
#include <sys/ptrace.h>
#include <sys/module.h>
#include <sys/resource.h>

#define SYSCALL_LEN 2

static void
linux_result(struct trapframe *tf, int error, uint64_t res)
{
	if (error == ERESTART)
		tf->tf_rip -= SYSCALL_LEN;
	else if (error != 0)
		tf->tf_rax = (uint64_t) - (int64_t)linux_errno(error);
	else
		tf->tf_rax = res;
}

/*
 * The results with which Linux marks a call to be made again; only tracers see
 * them.
 */
static uint64_t
linux_restart_show(int error)
{
	return ((uint64_t) -
	    (error == ERESTART ? LINUX_ERESTARTSYS : LINUX_ERESTARTNOHAND));
}

static int
linux_restart_kind(uint64_t result)
{
	switch (-(int64_t)result) {
	case LINUX_ERESTARTSYS:
	case LINUX_ERESTARTNOINTR:
		return (ERESTART);
	case LINUX_ERESTARTNOHAND:
	case LINUX_ERESTART_RESTARTBLOCK:
		return (ERESTARTNOHAND);
	default:
		return (0);
	}
}

/* --- errors ------------------------------------------------------------------ */

#define ERRNO_ROW(name, number) [name] = number,
static const uint8_t errno_map[ELAST + 1] = {LINUX_ERRNO_TABLE(ERRNO_ROW)};

int
linux_errno(int error)
{
	if (error <= 0 || error > ELAST)
		return (EINVAL);
	return (errno_map[error] != 0 ? errno_map[error] : error);
}

/* --- signals --------------------------------------------------------------------- */

#define SIG_IN_ROW(l, n)  [l] = n,
#define SIG_OUT_ROW(l, n) [n] = l,
static const uint8_t sig_in[LINUX_SIGRTMIN] = {LINUX_SIGNAL_TABLE(SIG_IN_ROW)};
static const uint8_t sig_out[NSIG] = {LINUX_SIGNAL_TABLE(SIG_OUT_ROW)};

int
linux_sig_in(int sig)
{
	if (sig <= 0 || sig > LINUX_NSIG)
		return (0);
	return (sig < LINUX_SIGRTMIN ? sig_in[sig]
				     : sig - LINUX_SIGRTMIN + SIGRTMIN);
}

int
linux_sig_out(int sig)
{
	if (sig <= 0 || sig >= NSIG)
		return (0);
	if (sig >= SIGRTMIN && sig <= SIGRTMIN + LINUX_NSIG - LINUX_SIGRTMIN)
		return (sig - SIGRTMIN + LINUX_SIGRTMIN);
	return (sig_out[sig]);
}

void
linux_sigset_in(uint64_t set, sigset_t *out)
{
	*out = (sigset_t){{0, 0}};
	for (int l = 1; l <= LINUX_NSIG; l++)
		if ((set >> (l - 1)) & 1)
			sigset_add(out, linux_sig_in(l));
}

uint64_t
linux_sigset_out(const sigset_t *set)
{
	uint64_t out = 0;

	for (int l = 1; l <= LINUX_NSIG; l++)
		if (sigset_has(set, linux_sig_in(l)))
			out |= 1UL << (l - 1);
	return (out);
}

int
linux_mask_in(
    uaddr_t umask, size_t setsize, sigset_t *set, const sigset_t **maskp)
{
	uint64_t l;
	int error;

	*maskp = NULL;
	if (umask == 0)
		return (0);
	if (setsize != LINUX_SIGSET_SIZE)
		return (EINVAL);
	if ((error = copyin(umask, &l, sizeof(l))) != 0)
		return (error);
	linux_sigset_in(l, set);
	*maskp = set;
	return (0);
}

static const uint8_t trace_event_out[] = {
    [TRACE_EV_FORK] = LINUX_PTRACE_EVENT_FORK,
    [TRACE_EV_VFORK] = LINUX_PTRACE_EVENT_VFORK,
    [TRACE_EV_CLONE] = LINUX_PTRACE_EVENT_CLONE,
    [TRACE_EV_EXEC] = LINUX_PTRACE_EVENT_EXEC,
    [TRACE_EV_VFORKDONE] = LINUX_PTRACE_EVENT_VFORK_DONE,
    [TRACE_EV_EXIT] = LINUX_PTRACE_EVENT_EXIT,
    [TRACE_EV_SECCOMP] = LINUX_PTRACE_EVENT_SECCOMP,
    [TRACE_EV_STOP] = LINUX_PTRACE_EVENT_STOP,
};

/* The code of a stop: signal, mark of calls, event. */
int
linux_stop_code(int code)
{
	return (linux_sig_out(code & (TRACE_SYSGOOD - 1)) |
	    (code & TRACE_SYSGOOD) | trace_event_out[(code >> 8) & 0xf] << 8);
}

/* Exit codes stay; signal numbers in a status are renumbered. */
int
linux_wait_status(int status)
{
	if (status == 0xffff)
		return (status);
	if ((status & 0xff) == 0x7f)
		return (0x7f | linux_stop_code(status >> 8) << 8);
	if ((status & 0x7f) != 0)
		return (linux_sig_out(status & 0x7f) | (status & 0x80));
	return (status);
}

/* --- flags -------------------------------------------------------------------------- */

int
linux_struct_in(uaddr_t from, size_t usize, void *to, size_t size)
{
	uint64_t word;
	size_t n;
	int error;

	memset(to, 0, size);
	for (size_t at = size; at < usize; at += n) {
		word = 0;
		n = MIN(sizeof(word), usize - at);
		if ((error = copyin(from + at, &word, n)) != 0)
			return (error);
		if (word != 0)
			return (E2BIG);
	}
	return (copyin(from, to, MIN(size, usize)));
}

uint64_t
flags_in(const struct flagmap *fm, size_t n, uint64_t v, uint64_t *restp)
{
	uint64_t out = 0, known = 0;

	for (size_t i = 0; i < n; i++) {
		known |= fm[i].fm_linux;
		if ((v & fm[i].fm_linux) == fm[i].fm_linux)
			out |= fm[i].fm_native;
	}
	if (restp != NULL)
		*restp = v & ~known;
	return (out);
}

uint64_t
flags_out(const struct flagmap *fm, size_t n, uint64_t v)
{
	uint64_t out = 0;

	for (size_t i = 0; i < n; i++)
		if (fm[i].fm_native != 0 &&
		    (v & fm[i].fm_native) == fm[i].fm_native)
			out |= fm[i].fm_linux;
	return (out);
}

static const struct flagmap open_map[] = {
    {LINUX_O_CREAT, O_CREAT},
    {LINUX_O_EXCL, O_EXCL},
    {LINUX_O_NOCTTY, O_NOCTTY},
    {LINUX_O_TRUNC, O_TRUNC},
    {LINUX_O_APPEND, O_APPEND},
    {LINUX_O_NONBLOCK, O_NONBLOCK},
    {LINUX_O_DSYNC, O_FSYNC},
    {LINUX_O_ASYNC, O_ASYNC},
    {LINUX_O_DIRECT, O_DIRECT},
    {LINUX_O_DIRECTORY, O_DIRECTORY},
    {LINUX_O_NOFOLLOW, O_NOFOLLOW},
    {LINUX_O_NOATIME, O_NOATIME},
    {LINUX_O_CLOEXEC, O_CLOEXEC},
    {LINUX_O_PATH, O_PATH},
    {LINUX_O_TMPFILE, O_TMPFILE},
};

/* Unknown bits are ignored, as open(2) does. */
int
linux_open_flags(int flags)
{
	return ((flags & O_ACCMODE) |
	    (int)flags_in(open_map, nitems(open_map), (uint32_t)flags, NULL));
}

int
linux_open_flags_out(int flags)
{
	return ((flags & O_ACCMODE) |
	    (int)flags_out(open_map, nitems(open_map), (uint32_t)flags));
}

static const struct flagmap at_map[] = {
    {LINUX_AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW},
    {LINUX_AT_SYMLINK_FOLLOW, AT_SYMLINK_FOLLOW},
    {LINUX_AT_EMPTY_PATH, AT_EMPTY_PATH},
    {LINUX_AT_NO_AUTOMOUNT, 0},
    {LINUX_AT_STATX_SYNC, 0},
};

/* allowed: the Linux bits that the call takes.  The one bit that means two
 * things (AT_REMOVEDIR, AT_EACCESS) is the caller's. */
int
linux_at_flags(int flags, int allowed, int *nativep)
{
	if ((flags & ~allowed) != 0)
		return (EINVAL);
	*nativep = (int)flags_in(at_map, nitems(at_map), (uint32_t)flags, NULL);
	return (0);
}

int
linux_fd_flags(int flags, int *oflagsp)
{
	if ((flags & ~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
		return (EINVAL);
	*oflagsp = linux_open_flags(flags);
	return (0);
}

/* --- small structures ------------------------------------------------------------------ */

static struct timeval
ns_to_tv(nstime_t ns)
{
	return (
	    (struct timeval){ns / NS_PER_SEC, ns % NS_PER_SEC / NS_PER_USEC});
}

void
linux_rusage_out(const struct rusage *ru, struct linux_rusage *l)
{
	memset(l, 0, sizeof(*l));
	l->ru_utime = ns_to_tv(ru->ru_utime);
	l->ru_stime = ns_to_tv(ru->ru_stime);
	l->ru_maxrss = ru->ru_maxrss;
	l->ru_minflt = ru->ru_minflt;
	l->ru_majflt = ru->ru_majflt;
	l->ru_inblock = ru->ru_inblock;
	l->ru_oublock = ru->ru_oublock;
	l->ru_nsignals = ru->ru_nsignals;
	l->ru_nvcsw = ru->ru_nvcsw;
	l->ru_nivcsw = ru->ru_nivcsw;
}

/* 12 bits of major, 20 of minor, in the order that makedev(3) uses. */
uint64_t
linux_dev_out(dev_t dev)
{
	uint64_t maj = major(dev), min = minor(dev);

	return ((min & 0xff) | ((maj & 0xfff) << 8) | ((min & ~0xffUL) << 12) |
	    ((maj & ~0xfffUL) << 32));
}

dev_t
linux_dev_in(uint64_t dev)
{
	return (makedev(((dev >> 8) & 0xfff) | ((dev >> 32) & ~0xfffUL),
	    (dev & 0xff) | ((dev >> 12) & ~0xffUL)));
}

const struct abi abi_linux64 = {
    .abi_name = "linux64",
    .abi_sysent = linux64_sysent,
    .abi_nsys = LINUX64_NSYS,
    .abi_failures = linux64_failures,
    .abi_result = linux_result,
    .abi_restart_show = linux_restart_show,
    .abi_restart_kind = linux_restart_kind,
    .abi_filter_input = linux_filter_input,
    .abi_filter_answer = linux_filter_answer,
    .abi_sendsig = linux_sendsig,
    .abi_resume = linux_resume,
    .abi_signo_out = linux_sig_out,
    .abi_stack = linux_stack,
    .abi_sysname = "Linux",
    .abi_release = "6.1.0-mayfly",
    .abi_root = "",
    .abi_flags = ABIF_SIGIO_KILLS | ABIF_VDSO_ELF,
};

static int
linux_load(void)
{
	return (linux_vdso_make());
}

static const struct module linux_module = {
    .mod_name = "linux64",
    .mod_class = "abi",
    .mod_version = 1,
    .mod_load = linux_load,
    .mod_desc = "Linux amd64 programs",
};
MODULE(linux64, linux_module);
