/* SPDX-License-Identifier: BSD-2-Clause */
/* seccomp: strict mode, filters and what they answer, the checker. */
#include "trace.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/audit.h>

#define NR_OFF	      offsetof(struct seccomp_data, nr)
#define ARG_OFF(n)    offsetof(struct seccomp_data, args[n])
#define LOAD(off)     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, off)
#define RETK(k)	      BPF_STMT(BPF_RET | BPF_K, k)
#define IFEQ(k, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, t, f)

static long
install(struct sock_filter *f, unsigned short n, unsigned flags)
{
	struct sock_fprog p = {n, f};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p));
}
#define INSTALL(f, flags) install(f, sizeof(f) / sizeof((f)[0]), flags)

/* getppid gets answer, all else is allowed. */
static long
answer(uint32_t a)
{
	struct sock_filter f[] = {LOAD(NR_OFF), IFEQ(SYS_getppid, 0, 1),
	    RETK(a), RETK(SECCOMP_RET_ALLOW)};

	return (INSTALL(f, 0));
}

static int
run(void (*func)(void))
{
	return (status_of(child(func)));
}

/* --- answers --------------------------------------------------------------------- */

static void
do_errno(void)
{
	if (answer(SECCOMP_RET_ERRNO | 99) != 0)
		_exit(1);
	errno = 0;
	if (syscall(SYS_getppid) != -1 || errno != 99)
		_exit(2);
	if (getpid() <= 0)
		_exit(3);
	_exit(0);
}

static void
do_kill(void)
{
	answer(SECCOMP_RET_KILL_PROCESS);
	syscall(SYS_getppid);
	_exit(1);
}

static void
do_log(void)
{
	answer(SECCOMP_RET_LOG);
	_exit(syscall(SYS_getppid) > 0 ? 0 : 1);
}

static void
do_trace_nobody(void)
{
	answer(SECCOMP_RET_TRACE | 5);
	errno = 0;
	_exit(syscall(SYS_getppid) == -1 && errno == ENOSYS ? 0 : 1);
}

static volatile siginfo_t got;

static void
on_sys(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	got = *si;
	uc->uc_mcontext.gregs[REG_RAX] = 1234;
}

static void
do_trap(void)
{
	struct sigaction sa = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};

	sigaction(SIGSYS, &sa, NULL);
	answer(SECCOMP_RET_TRAP | 77);
	if (syscall(SYS_getppid) != 1234)
		_exit(1);
	if (got.si_code != 1 || got.si_errno != 77 ||
	    got.si_syscall != SYS_getppid || got.si_arch != AUDIT_ARCH_X86_64)
		_exit(2);
	_exit(0);
}

GTEST(answers, "does each answer do what it says?")
{
	EQ(run(do_errno), 0);
	EQ(run(do_log), 0);
	EQ(run(do_trace_nobody), 0);
	EQ(run(do_trap), 0);
	EQ(run(do_kill) & 0x7f, SIGSYS);
}

static void *
call_ppid(void *arg)
{
	syscall(SYS_getppid);
	return (arg);
}

static void
do_kill_thread(void)
{
	pthread_t t;

	answer(SECCOMP_RET_KILL_THREAD);
	pthread_create(&t, NULL, call_ppid, NULL);
	pthread_join(t, NULL);
	_exit(8);
}

GTEST(kill_thread, "does a killed thread leave the others alone?")
{
	EQ(run(do_kill_thread), EXITED(8));
}

static void
do_strict(void)
{
	prctl(PR_SET_SECCOMP, 1, 0, 0, 0);
	syscall(SYS_write, 2, "", 0);
	syscall(SYS_exit, 4);
}

static void
do_strict_bad(void)
{
	prctl(PR_SET_SECCOMP, 1, 0, 0, 0);
	syscall(SYS_getpid);
	syscall(SYS_exit, 4);
}

GTEST(strict, "does strict mode allow four calls, and kill for others?")
{
	EQ(run(do_strict), EXITED(4));
	EQ(run(do_strict_bad), SIGKILL);
}

/* --- chains ------------------------------------------------------------------------ */

static void
do_order(void)
{
	answer(SECCOMP_RET_ERRNO | 1);
	answer(SECCOMP_RET_ERRNO | 2); /* the newest of equal ones wins, */
	answer(SECCOMP_RET_LOG);       /* the strictest over milder */
	answer(SECCOMP_RET_TRACE);
	errno = 0;
	if (syscall(SYS_getppid) != -1 || errno != 2)
		_exit(1);
	_exit(0);
}

GTEST(order, "which of several filters wins?")
{
	EQ(run(do_order), 0);
}

static void
do_inherit(void)
{
	pid_t pid;

	answer(SECCOMP_RET_ERRNO | 33);
	pid = fork();
	if (pid == 0) {
		errno = 0;
		_exit(syscall(SYS_getppid) == -1 && errno == 33 ? 5 : 6);
	}
	_exit(status_of(pid) == EXITED(5) &&
		    prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2
		? 0
		: 1);
}

GTEST(inherit, "does a child have its parent's filters?")
{
	EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0);
	EQ(run(do_inherit), 0);
}

static void
do_args(void)
{
	/* close(7) fails, by the low word of its argument. */
	struct sock_filter f[] = {LOAD(NR_OFF), IFEQ(SYS_close, 0, 3),
	    LOAD(ARG_OFF(0)), IFEQ(7, 0, 1), RETK(SECCOMP_RET_ERRNO | EIO),
	    RETK(SECCOMP_RET_ALLOW)};

	dup2(1, 7);
	dup2(1, 8);
	if (INSTALL(f, 0) != 0)
		_exit(1);
	errno = 0;
	if (close(7) != -1 || errno != EIO || close(8) != 0)
		_exit(2);
	_exit(0);
}

GTEST(arguments, "does a filter see arguments?")
{
	EQ(run(do_args), 0);
}

static void
do_arith(void)
{
	/* ((39 * 4 + 2) >> 1) - 1 = 78; via memory and X; mod by and. */
	struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_IMM, 39),
	    BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 4),
	    BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 2), BPF_STMT(BPF_ST, 3),
	    BPF_STMT(BPF_LDX | BPF_IMM, 1), BPF_STMT(BPF_LD | BPF_MEM, 3),
	    BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0),
	    BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 78, 0, 6),
	    BPF_STMT(BPF_LD | BPF_LEN, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 64, 0, 4), LOAD(NR_OFF),
	    IFEQ(SYS_getppid, 0, 1), RETK(SECCOMP_RET_ERRNO | 11),
	    RETK(SECCOMP_RET_ALLOW), RETK(SECCOMP_RET_KILL_PROCESS)};

	if (INSTALL(f, 0) != 0)
		_exit(1);
	errno = 0;
	_exit(syscall(SYS_getppid) == -1 && errno == 11 ? 0 : 2);
}

GTEST(arithmetic, "does the machine of filters count?")
{
	EQ(run(do_arith), 0);
}

/* On Mayfly a program of the native ABI, whose numbers no filter can know. */
static void
do_native(void)
{
	if (access("/tests/n_native", X_OK) != 0)
		_exit(0); /* another system */
	answer(SECCOMP_RET_ALLOW);
	execl("/tests/n_native", "n_native", "errors", NULL);
	_exit(2);
}

GTEST(native, "does a filter let nothing through that it cannot know?")
{
	int st = run(do_native);

	CHECK(st == 0 || (st & 0x7f) == SIGSYS);
}

/* --- the checker ---------------------------------------------------------------------- */

#define BAD(...)                                                               \
	do {                                                                   \
		struct sock_filter f[] = {__VA_ARGS__};                        \
		errno = 0;                                                     \
		if (INSTALL(f, 0) != -1 || errno != EINVAL)                    \
			_exit(__LINE__ & 0x7f);                                \
	} while (0)

static void
do_bad(void)
{
	BAD(BPF_STMT(BPF_LD | BPF_IMM, 1));		     /* no end */
	BAD(LOAD(64), RETK(0));				     /* beyond */
	BAD(LOAD(2), RETK(0));				     /* unaligned */
	BAD(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RETK(0)); /* bytes */
	BAD(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETK(0));
	BAD(BPF_STMT(BPF_LD | BPF_MEM, 0), RETK(0)); /* not written */
	BAD(BPF_STMT(BPF_ST, 16), RETK(0));
	BAD(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETK(0));
	BAD(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RETK(0));
	BAD(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RETK(0));
	BAD(IFEQ(1, 1, 0), RETK(0)); /* behind the end */
	BAD(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RETK(0));
	BAD({0xffff, 0, 0, 0}, RETK(0));
	/* Written on one of two ways only. */
	BAD(LOAD(NR_OFF), IFEQ(1, 0, 1), BPF_STMT(BPF_ST, 0),
	    BPF_STMT(BPF_LD | BPF_MEM, 0), RETK(0));
	_exit(0);
}

GTEST(checker, "are programs that would go wrong refused?")
{
	EQ(run(do_bad), 0);
}

static void
do_calls(void)
{
	struct sock_filter f[] = {RETK(SECCOMP_RET_ALLOW)};
	struct sock_fprog p = {0, f};
	uint32_t a;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	ERR(syscall(SYS_seccomp, 1, 0, &p), EINVAL);
	p.len = 4097;
	ERR(syscall(SYS_seccomp, 1, 0, &p), EINVAL);
	p.len = 1;
	p.filter = NULL;
	ERR(syscall(SYS_seccomp, 1, 0, &p), EINVAL);
	p.filter = (struct sock_filter *)16;
	ERR(syscall(SYS_seccomp, 1, 0, &p), EFAULT);
	ERR(syscall(SYS_seccomp, 1, 0, NULL), EFAULT);
	ERR(syscall(SYS_seccomp, 1, 0x80000000, &p), EINVAL);
	ERR(syscall(SYS_seccomp, 0, 1, NULL), EINVAL);
	ERR(syscall(SYS_seccomp, 77, 0, NULL), EINVAL);
	ERR(prctl(PR_SET_SECCOMP, 9, 0, 0, 0), EINVAL);
	a = SECCOMP_RET_TRAP;
	EQ(syscall(SYS_seccomp, 2, 0, &a), 0);
	a = 0x12340000;
	ERR(syscall(SYS_seccomp, 2, 0, &a), EOPNOTSUPP);
	p.filter = f;
	EQ(syscall(SYS_seccomp, 1, 0, &p), 0);
	ERR(prctl(PR_SET_SECCOMP, 1, 0, 0, 0), EINVAL);
	_exit(gtest_failures);
}

GTEST(calls, "are wrong arguments refused?")
{
	EQ(run(do_calls), 0);
}

static void
do_unprivileged(void)
{
	struct sock_filter f[] = {RETK(SECCOMP_RET_ALLOW)};
	struct sock_fprog p = {1, f};

	if (geteuid() == 0 && setuid(1000) != 0)
		_exit(1);
	errno = 0;
	if (syscall(SYS_seccomp, 1, 0, &p) != -1 || errno != EACCES)
		_exit(2);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	_exit(syscall(SYS_seccomp, 1, 0, &p) == 0 ? 0 : 3);
}

GTEST(unprivileged, "must others than root give up new privileges first?")
{
	EQ(run(do_unprivileged), 0);
}

/* --- threads ------------------------------------------------------------------------------ */

static volatile int go, result = -1;

static void *
wait_and_call(void *arg)
{
	while (!go)
		sched_yield();
	errno = 0;
	syscall(SYS_getppid);
	result = errno;
	return (arg);
}

static void
do_tsync(void)
{
	struct sock_filter f[] = {LOAD(NR_OFF), IFEQ(SYS_getppid, 0, 1),
	    RETK(SECCOMP_RET_ERRNO | 21), RETK(SECCOMP_RET_ALLOW)};
	pthread_t t;

	pthread_create(&t, NULL, wait_and_call, NULL);
	if (INSTALL(f, SECCOMP_FILTER_FLAG_TSYNC) != 0)
		_exit(1);
	go = 1;
	pthread_join(t, NULL);
	_exit(result == 21 ? 0 : 2);
}

static volatile int other_tid;

static void *
own_filter(void *arg)
{
	answer(SECCOMP_RET_LOG);
	other_tid = (int)syscall(SYS_gettid);
	go = 1;
	for (;;)
		pause();
	return (arg);
}

static void
do_tsync_fails(void)
{
	struct sock_filter f[] = {RETK(SECCOMP_RET_ALLOW)};
	pthread_t t;

	pthread_create(&t, NULL, own_filter, NULL);
	while (!go)
		sched_yield();
	if (INSTALL(f, SECCOMP_FILTER_FLAG_TSYNC) != other_tid)
		_exit(1);
	errno = 0;
	if (INSTALL(f, SECCOMP_FILTER_FLAG_TSYNC | 16) != -1 || errno != ESRCH)
		_exit(2);
	_exit(0);
}

GTEST(tsync, "do all threads get a filter together, or none?")
{
	EQ(run(do_tsync), 0);
	EQ(run(do_tsync_fails), 0);
}

/* --- tracers --------------------------------------------------------------------------------- */

static void
do_traced(void)
{
	answer(SECCOMP_RET_TRACE | 55);
	_exit(syscall(SYS_getppid) == 99 ? 7 : 1);
}

GTEST(tracer, "does a tracer decide where a filter says so?")
{
	pid_t pid = traced_child(do_traced);
	struct user_regs_struct r;
	unsigned long msg = 0;

	EQ(pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_SECCOMP));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&msg), 0);
	EQ(msg, 55);
	r = regs_of(pid);
	EQ(r.orig_rax, SYS_getppid);
	r.orig_rax = -1;
	r.rax = 99;
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(7));
}

GTEST(proc_status, "does /proc say that there are filters?")
{
	char line[256];
	int mode = -1, n = -1;
	FILE *f;

	EQ(answer(SECCOMP_RET_ALLOW), 0);
	f = fopen("/proc/self/status", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		sscanf(line, "Seccomp: %d", &mode);
		sscanf(line, "Seccomp_filters: %d", &n);
	}
	EQ(mode, 2);
	CHECK(n >= 1);
}

/* --- from a tracer ---------------------------------------------------------------- */

static struct sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 7),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
static struct sock_filter second[] = {
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static void
filtered(void)
{
	struct sock_fprog a = {4, program}, b = {1, second};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(
	    SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &a);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &b);
	raise(SIGSTOP);
}

GTEST(filters, "can a tracer read the filters of its tracee?")
{
	struct sock_filter got[4];
	struct {
		uint64_t nth, flags;
	} md = {0, 99};
	pid_t pid = traced_child(filtered);

	ERR(pt(0x420c, pid, 0, 0), EINVAL); /* there are none yet */
	EQ(pt(PTRACE_CONT, pid, 0, 0), 0);
	EQ(status_of(pid), STOPPED(SIGSTOP));
	EQ(pt(0x420c, pid, 0, 0), 4); /* the oldest */
	EQ(pt(0x420c, pid, 1, 0), 1);
	ERR(pt(0x420c, pid, 2, 0), ENOENT);
	EQ(pt(0x420c, pid, 0, (unsigned long)got), 4);
	EQ(memcmp(got, program, sizeof(got)), 0);
	ERR(pt(0x420c, pid, 0, 16), EFAULT);
	EQ(pt(0x420d, pid, sizeof(md), (unsigned long)&md), sizeof(md));
	EQ(md.flags, SECCOMP_FILTER_FLAG_LOG);
	md.nth = 1;
	EQ(pt(0x420d, pid, sizeof(md), (unsigned long)&md), sizeof(md));
	EQ(md.flags, 0);
	ERR(pt(0x420d, pid, 7, (unsigned long)&md), EINVAL);
	end(pid);
}
