/* SPDX-License-Identifier: BSD-2-Clause */
/* ptrace: stops, signals, registers, memory, job control, the end. */
#include "trace.h"

static volatile int word = -1;
static volatile int *shared;

static void
make_shared(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void
nothing(void)
{
}

static void
sleep_on(void)
{
	for (;;)
		pause();
}

static void
spin_on(void)
{
	for (;;)
		sched_yield();
}

/* --- stops ------------------------------------------------------------------- */

GTEST(traceme, "does a child that asks for it stop, and go on when told?")
{
	pid_t pid = traced_child(nothing);
	siginfo_t si;

	EQ(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), 0);
	EQ(si.si_signo, SIGSTOP);
	EQ(si.si_code, SI_TKILL);
	ERR(waitpid(pid, NULL, WNOHANG | 0x40), EINVAL);
	EQ(waitpid(pid, NULL, WNOHANG), 0);
	EQ(pt(PTRACE_CONT, pid, 0, 0), 0);
	EQ(status_of(pid), EXITED(7));
	ERR(pt(PTRACE_CONT, pid, 0, 0), ESRCH);
}

GTEST(waitid_trapped, "does waitid tell a tracer's stop?")
{
	pid_t pid = traced_child(nothing);
	siginfo_t si;

	EQ(pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
	EQ(pt(PTRACE_SYSCALL, pid, 0, 0), 0);
	memset(&si, 0, sizeof(si));
	EQ(waitid(P_PID, pid, &si, WSTOPPED | WNOWAIT), 0);
	EQ(si.si_code, CLD_TRAPPED);
	EQ(si.si_status, SIGTRAP | 0x80);
	EQ(si.si_pid, pid);
	EQ(waitid(P_PID, pid, &si, WSTOPPED), 0);
	EQ(si.si_code, CLD_TRAPPED);
	EQ(waitid(P_PID, pid, &si, WSTOPPED | WNOHANG), 0);
	EQ(si.si_pid, 0);
	end(pid);
}

static void
do_exec(void)
{
	execl("/proc/self/exe", "x", "no_such_case", NULL);
	_exit(99);
}

GTEST(exec_sigtrap, "does a traced program get SIGTRAP when it execs?")
{
	pid_t pid = traced_child(do_exec);

	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGTRAP));
	end(pid);
}

GTEST(exec_event, "and an event instead, when the tracer asks for it?")
{
	pid_t pid = traced_child(do_exec);
	unsigned long msg = 0;

	EQ(pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_EXEC));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&msg), 0);
	EQ(msg, pid);
	EQ(regs_of(pid).orig_rax, SYS_execve);
	end(pid);
}

GTEST(errors, "are wrong requests refused?")
{
	pid_t pid = traced_child(nothing), other;
	long v;

	ERR(pt(PTRACE_CONT, pid, 0, 1000), EIO);
	ERR(pt(PTRACE_SETOPTIONS, pid, 0, 0x40000000), EINVAL);
	ERR(pt(12345, pid, 0, 0), EIO);
	ERR(pt(PTRACE_PEEKDATA, pid, 8, (unsigned long)&v), EIO);
	ERR(pt(PTRACE_PEEKUSER, pid, 3, (unsigned long)&v), EIO);
	ERR(pt(PTRACE_PEEKUSER, pid, 4096, (unsigned long)&v), EIO);
	ERR(pt(PTRACE_LISTEN, pid, 0, 0), EIO);
	ERR(pt(PTRACE_INTERRUPT, pid, 0, 0), EIO);
	ERR(pt(PTRACE_ATTACH, pid, 0, 0), EPERM);
	ERR(pt(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
	ERR(pt(PTRACE_ATTACH, 0x7ffffff, 0, 0), ESRCH);
	ERR(pt(PTRACE_GETREGS, getpid(), 0, (unsigned long)&v), ESRCH);
	ERR(pt(PTRACE_SEIZE, getppid(), 1, 0), EIO);
	other = child(sleep_on);
	ERR(pt(PTRACE_CONT, other, 0, 0), ESRCH);
	EQ(pt(PTRACE_SEIZE, other, 0, 0), 0);
	ERR(pt(PTRACE_CONT, other, 0, 0), ESRCH); /* it runs */
	end(other);
	end(pid);
}

GTEST(attach_detach, "can a running program be caught and let go?")
{
	pid_t pid = child(spin_on);
	siginfo_t si;

	EQ(pt(PTRACE_ATTACH, pid, 0, 0), 0);
	EQ(status_of(pid), STOPPED(SIGSTOP));
	EQ(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), 0);
	EQ(si.si_signo, SIGSTOP);
	EQ(pt(PTRACE_DETACH, pid, 0, 0), 0);
	ERR(pt(PTRACE_CONT, pid, 0, 0), ESRCH);
	EQ(kill(pid, SIGTERM), 0);
	EQ(status_of(pid), SIGTERM);
}

GTEST(detach_signal, "does letting go with a signal deliver it?")
{
	pid_t pid = traced_child(sleep_on);

	EQ(pt(PTRACE_DETACH, pid, 0, SIGUSR1), 0);
	EQ(status_of(pid), SIGUSR1);
}

/* --- signals -------------------------------------------------------------------- */

static void
on_signal(int sig)
{
	shared[0] = sig;
}

static void
raise_usr1(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	raise(SIGUSR1);
	_exit(shared[0]);
}

GTEST(signal_pass, "does a signal reach its handler when the tracer passes it?")
{
	pid_t pid;

	make_shared();
	pid = traced_child(raise_usr1);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	pt(PTRACE_CONT, pid, 0, SIGUSR1);
	EQ(status_of(pid), EXITED(SIGUSR1));
}

GTEST(signal_suppress, "does it not, when the tracer keeps it?")
{
	pid_t pid;

	make_shared();
	pid = traced_child(raise_usr1);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(0));
}

GTEST(signal_replace, "can the tracer make another one of it?")
{
	pid_t pid;

	make_shared();
	pid = traced_child(raise_usr1);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	pt(PTRACE_CONT, pid, 0, SIGUSR2);
	EQ(status_of(pid), EXITED(SIGUSR2));
}

static void
ignore_usr1(void)
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	_exit(3);
}

GTEST(signal_ignored, "does a tracer see signals that are ignored?")
{
	pid_t pid = traced_child(ignore_usr1);

	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	pt(PTRACE_CONT, pid, 0, SIGUSR1);
	EQ(status_of(pid), EXITED(3));
}

static void
on_info(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	shared[0] = si->si_value.sival_int;
	shared[1] = si->si_code;
}

static void
queue_self(void)
{
	struct sigaction sa = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
	union sigval v = {.sival_int = 5};

	sigaction(SIGRTMIN + 3, &sa, NULL);
	sigqueue(getpid(), SIGRTMIN + 3, v);
	_exit(shared[0]);
}

GTEST(setsiginfo, "can a tracer rewrite what a signal says?")
{
	siginfo_t si;
	pid_t pid;

	make_shared();
	pid = traced_child(queue_self);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGRTMIN + 3));
	EQ(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), 0);
	EQ(si.si_code, SI_QUEUE);
	EQ(si.si_value.sival_int, 5);
	EQ(si.si_pid, pid);
	si.si_value.sival_int = 42;
	EQ(pt(PTRACE_SETSIGINFO, pid, 0, (unsigned long)&si), 0);
	pt(PTRACE_CONT, pid, 0, SIGRTMIN + 3);
	EQ(status_of(pid), EXITED(42));
	EQ(shared[1], SI_QUEUE);
}

static void
block_and_queue(void)
{
	sigset_t s;
	union sigval v;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigaddset(&s, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &s, NULL);
	for (v.sival_int = 1; v.sival_int <= 3; v.sival_int++)
		sigqueue(getpid(), SIGRTMIN + 1, v);
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	raise(SIGSTOP);
}

GTEST(peeksiginfo, "does a tracer see the queues, and the mask?")
{
	pid_t pid = traced_child(block_and_queue);
	struct {
		uint64_t off;
		uint32_t flags;
		int32_t nr;
	} a = {1, 1, 8};
	uint64_t mask = 0;
	siginfo_t si[8];

	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGSTOP));
	EQ(pt(0x4209, pid, (unsigned long)&a, (unsigned long)si), 2);
	EQ(si[0].si_value.sival_int, 2);
	EQ(si[1].si_value.sival_int, 3);
	a.off = 0;
	a.flags = 0;
	EQ(pt(0x4209, pid, (unsigned long)&a, (unsigned long)si), 1);
	EQ(si[0].si_signo, SIGUSR1);
	a.flags = 2;
	ERR(pt(0x4209, pid, (unsigned long)&a, (unsigned long)si), EINVAL);
	ERR(pt(0x420a, pid, 4, (unsigned long)&mask), EINVAL);
	EQ(pt(0x420a, pid, 8, (unsigned long)&mask), 0);
	EQ(mask, 1UL << (SIGUSR1 - 1) | 1UL << SIGRTMIN);
	mask = 1UL << SIGRTMIN;
	EQ(pt(0x420b, pid, 8, (unsigned long)&mask), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGUSR1)); /* let in by the new mask */
	end(pid);
}

/* --- calls -------------------------------------------------------------------------- */

static void
call_getppid(void)
{
	for (;;) {
		shared[0] = (int)syscall(SYS_getppid);
		shared[1]++;
	}
}

GTEST(syscall_stops, "do the begin and end of each call stop?")
{
	struct __ptrace_syscall_info in;
	struct user_regs_struct r;
	pid_t pid;
	long n;

	make_shared();
	pid = traced_child(call_getppid);
	EQ(pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
	/* The rest of raise: whatever the library does there. */
	do {
		pt(PTRACE_SYSCALL, pid, 0, 0);
		EQ(status_of(pid), SYSGOOD);
		r = regs_of(pid);
	} while (r.orig_rax != SYS_getppid);
	EQ((long)r.rax, -ENOSYS);
	n = pt(PTRACE_GET_SYSCALL_INFO, pid, sizeof(in), (unsigned long)&in);
	EQ(n, offsetof(struct __ptrace_syscall_info, entry) + sizeof(in.entry));
	EQ(in.op, PTRACE_SYSCALL_INFO_ENTRY);
	EQ(in.entry.nr, SYS_getppid);
	EQ(in.arch, 0xc000003e);
	EQ(in.instruction_pointer, r.rip);
	EQ(in.stack_pointer, r.rsp);
	pt(PTRACE_SYSCALL, pid, 0, 0);
	EQ(status_of(pid), SYSGOOD);
	EQ(regs_of(pid).rax, getpid());
	EQ(regs_of(pid).orig_rax, SYS_getppid);
	(void)pt(PTRACE_GET_SYSCALL_INFO, pid, sizeof(in), (unsigned long)&in);
	EQ(in.op, PTRACE_SYSCALL_INFO_EXIT);
	EQ(in.exit.rval, getpid());
	EQ(in.exit.is_error, 0);
	/* The result is the tracer's to change, */
	r = regs_of(pid);
	r.rax = 4711;
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	pt(PTRACE_SYSCALL, pid, 0, 0);
	EQ(status_of(pid), SYSGOOD);
	EQ(shared[0], 4711);
	/* and the call: another one, */
	r = regs_of(pid);
	r.orig_rax = SYS_getpid;
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	pt(PTRACE_SYSCALL, pid, 0, 0);
	EQ(status_of(pid), SYSGOOD);
	EQ(regs_of(pid).rax, pid);
	pt(PTRACE_SYSCALL, pid, 0, 0);
	EQ(status_of(pid), SYSGOOD);
	EQ(shared[0], pid);
	/* or none. */
	r = regs_of(pid);
	r.orig_rax = -1;
	r.rax = 12;
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	pt(PTRACE_SYSCALL, pid, 0, 0);
	EQ(status_of(pid), SYSGOOD);
	EQ(regs_of(pid).rax, 12);
	pt(PTRACE_SYSCALL, pid, 0, 0);
	EQ(status_of(pid), SYSGOOD);
	EQ(shared[0], 12);
	end(pid);
}

GTEST(sysemu, "can calls be stopped at and left out?")
{
	struct user_regs_struct r;
	pid_t pid;

	make_shared();
	pid = traced_child(call_getppid);
	pt(PTRACE_CONT, pid, 0, 0);
	while (shared[1] == 0)
		sched_yield();
	kill(pid, SIGSTOP);
	EQ(status_of(pid), STOPPED(SIGSTOP));
	for (int i = 100; i < 103; i++) {
		pt(31, pid, 0, 0); /* PTRACE_SYSEMU */
		EQ(status_of(pid), STOPPED(SIGTRAP));
		r = regs_of(pid);
		EQ(r.orig_rax, SYS_getppid);
		if (i > 100)
			EQ(shared[0], i - 1);
		r.rax = i;
		EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	}
	end(pid);
}

static int pipes[2];

static void
read_pipe(void)
{
	char c = 0;

	shared[0] = 1;
	if (read(pipes[0], &c, 1) != 1)
		_exit(1);
	_exit(c);
}

/* Until the child is in the call. */
static void
wait_asleep(pid_t pid)
{
	char path[64], buf[256], *s;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		fd = open(path, O_RDONLY);
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
		if (n <= 0)
			return;
		buf[n] = '\0';
		s = strrchr(buf, ')');
		if (s != NULL && s[2] == 'S')
			return;
		sched_yield();
	}
}

GTEST(restart, "is a call that a stop cut short shown so, and made again?")
{
	struct user_regs_struct r;
	pid_t pid;

	make_shared();
	EQ(pipe(pipes), 0);
	pid = traced_child(read_pipe);
	pt(PTRACE_CONT, pid, 0, 0);
	while (shared[0] == 0)
		sched_yield();
	wait_asleep(pid);
	kill(pid, SIGUSR1);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	r = regs_of(pid);
	EQ((long)r.rax, -512);
	EQ(r.orig_rax, SYS_read);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(write(pipes[1], "a", 1), 1);
	EQ(status_of(pid), EXITED('a'));
}

static void
called_by_debugger(void)
{
	shared[3] = 77;
	__asm__ volatile("int3");
}

GTEST(restart_call, "can a debugger run something else in between?")
{
	struct user_regs_struct r, o;
	pid_t pid;

	make_shared();
	EQ(pipe(pipes), 0);
	pid = traced_child(read_pipe);
	pt(PTRACE_CONT, pid, 0, 0);
	while (shared[0] == 0)
		sched_yield();
	wait_asleep(pid);
	kill(pid, SIGUSR1);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	r = o = regs_of(pid);
	r.rip = (unsigned long)called_by_debugger;
	r.rsp = ((r.rsp - 1024) & -16UL) - 8;
	r.orig_rax = -1;
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGTRAP));
	EQ(shared[3], 77);
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&o), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(write(pipes[1], "b", 1), 1);
	EQ(status_of(pid), EXITED('b'));
}

/* --- memory ------------------------------------------------------------------------------ */

static int __attribute__((noinline)) answer(void)
{
	__asm__ volatile("" ::: "memory");
	return (7);
}

static void
call_answer(void)
{
	_exit(answer());
}

GTEST(breakpoint, "can text be written, without the writer's own changing?")
{
	unsigned long at = (unsigned long)answer, old, v = 0;
	struct user_regs_struct r;
	siginfo_t si;
	pid_t pid = traced_child(call_answer);

	EQ(pt(PTRACE_PEEKTEXT, pid, at, (unsigned long)&old), 0);
	EQ(old, *(unsigned long *)at);
	EQ(pt(PTRACE_POKETEXT, pid, at, (old & ~0xffUL) | 0xcc), 0);
	EQ(pt(PTRACE_PEEKTEXT, pid, at, (unsigned long)&v), 0);
	EQ(v & 0xff, 0xcc);
	EQ(*(unsigned long *)at, old);
	EQ(answer(), 7);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGTRAP));
	EQ(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), 0);
	EQ(si.si_code, SI_KERNEL);
	r = regs_of(pid);
	EQ(r.rip, at + 1);
	EQ(pt(PTRACE_POKETEXT, pid, at, old), 0);
	r.rip = at;
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(7));
}

GTEST(proc_mem, "does /proc/PID/mem read and write, also over page ends?")
{
	static char big[3 * 4096];
	char path[64], back[sizeof(big)];
	unsigned long at = (unsigned long)answer;
	pid_t pid;
	int fd;

	memset(big, 'a', sizeof(big));
	pid = traced_child(call_answer);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	CHECK((fd = open(path, O_RDWR)) >= 0);
	memset(back, 0, sizeof(back));
	EQ(pread(fd, back, sizeof(big), (long)big), sizeof(big));
	EQ(memcmp(big, back, sizeof(big)), 0);
	EQ(pwrite(fd, "hello", 5, (long)big + 4094), 5);
	EQ(pread(fd, back, 6, (long)big + 4094), 6);
	EQ(memcmp(back, "helloa", 6), 0);
	EQ(big[4094], 'a');
	EQ(pwrite(fd, "\xb8\x09\0\0\0\xc3", 6, (long)at), 6); /* return (9) */
	EQ(answer(), 7);
	ERR(pread(fd, back, 8, 16), EIO);
	close(fd);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(9));
}

/* --- registers ------------------------------------------------------------------------------ */

static void
xmm_spin(void)
{
	uint64_t out;

	__asm__ volatile("movq %1, %%xmm5\n\tint3\n\tmovq %%xmm5, %0"
			 : "=r"(out)
			 : "r"(0x1122334455667788UL)
			 : "xmm5");
	_exit(out == 0xabcdef ? 5 : 6);
}

GTEST(fpregs, "are floating registers read and written?")
{
	struct user_fpregs_struct fp;
	static char xs[16384];
	struct iovec iov = {xs, sizeof(xs)};
	pid_t pid = traced_child(xmm_spin);

	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGTRAP));
	EQ(pt(PTRACE_GETFPREGS, pid, 0, (unsigned long)&fp), 0);
	EQ(fp.xmm_space[20], 0x55667788);
	EQ(fp.xmm_space[21], 0x11223344);
	EQ(pt(PTRACE_GETREGSET, pid, 0x202, (unsigned long)&iov), 0);
	CHECK(iov.iov_len >= 512 && iov.iov_len < sizeof(xs));
	EQ(xs[464] & 3, 3);
	EQ(*(uint64_t *)(xs + 160 + 80), 0x1122334455667788UL);
	*(uint64_t *)(xs + 160 + 80) = 1;
	EQ(pt(PTRACE_SETREGSET, pid, 0x202, (unsigned long)&iov), 0);
	EQ(pt(PTRACE_GETFPREGS, pid, 0, (unsigned long)&fp), 0);
	EQ(fp.xmm_space[20], 1);
	fp.xmm_space[20] = 0xabcdef;
	EQ(pt(PTRACE_SETFPREGS, pid, 0, (unsigned long)&fp), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(5));
}

GTEST(regset, "do the ways to the registers agree?")
{
	struct user_regs_struct r, s;
	struct iovec iov = {&s, sizeof(s)};
	pid_t pid = traced_child(nothing);
	unsigned long v;

	r = regs_of(pid);
	EQ(pt(PTRACE_GETREGSET, pid, 1, (unsigned long)&iov), 0);
	EQ(iov.iov_len, sizeof(r));
	EQ(memcmp(&r, &s, sizeof(r)), 0);
	EQ(pt(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.rip),
	       (unsigned long)&v),
	    0);
	EQ(v, r.rip);
	EQ(r.cs, 0x33);
	EQ(r.ss, 0x2b);
	EQ(pt(PTRACE_POKEUSER, pid, offsetof(struct user, regs.r12), 99), 0);
	EQ(regs_of(pid).r12, 99);
	ERR(pt(PTRACE_POKEUSER, pid, offsetof(struct user, regs.cs), 0), EIO);
	ERR(pt(PTRACE_POKEUSER, pid, offsetof(struct user, regs.fs_base),
		1UL << 62),
	    EIO);
	ERR(pt(PTRACE_POKEUSER, pid, offsetof(struct user, u_tsize), 0), EIO);
	iov.iov_len = 12;
	ERR(pt(PTRACE_GETREGSET, pid, 1, (unsigned long)&iov), EINVAL);
	iov.iov_len = 16;
	EQ(pt(PTRACE_GETREGSET, pid, 1, (unsigned long)&iov), 0);
	EQ(iov.iov_len, 16);
	ERR(pt(PTRACE_GETREGSET, pid, 0x999, (unsigned long)&iov), EINVAL);
	EQ(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&r), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(7));
}

/* --- single steps ----------------------------------------------------------------------------- */

static void
few_instructions(void)
{
	__asm__ volatile("int3\n\tnop\n\tnop\n\tmovl $39, %%eax\n\tsyscall\n\t"
			 "nop\n\tnop\n\tnop" ::
			     : "rax", "rcx", "r11");
}

GTEST(step, "does each step make one instruction, a call too?")
{
	static const int len[] = {1, 1, 5, 2, 1, 1};
	pid_t pid = traced_child(few_instructions);
	unsigned long rip;
	siginfo_t si;

	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGTRAP));
	rip = regs_of(pid).rip;
	for (int i = 0; i < 6; i++) {
		EQ(pt(PTRACE_SINGLESTEP, pid, 0, 0), 0);
		EQ(status_of(pid), STOPPED(SIGTRAP));
		rip += len[i];
		EQ(regs_of(pid).rip, rip);
		EQ(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), 0);
		EQ(si.si_code, i == 3 ? TRAP_BRKPT : TRAP_TRACE);
		EQ(regs_of(pid).eflags & 0x100, 0);
	}
	EQ(regs_of(pid).rax, pid);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(7));
}

GTEST(step_handler, "does a step into a handler stop at its first instruction?")
{
	pid_t pid;

	make_shared();
	pid = traced_child(raise_usr1);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	pt(PTRACE_SINGLESTEP, pid, 0, SIGUSR1);
	EQ(status_of(pid), STOPPED(SIGTRAP));
	EQ(regs_of(pid).rip, (unsigned long)on_signal);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(SIGUSR1)); /* no trap flag came back */
}

static void
write_word(void)
{
	for (int i = 0; i < 5; i++)
		word = i;
	_exit(answer());
}

static int
poke_debug(pid_t pid, int n, unsigned long v)
{
	return ((int)pt(PTRACE_POKEUSER, pid,
	    offsetof(struct user, u_debugreg) + (unsigned long)n * 8, v));
}

static unsigned long
peek_debug(pid_t pid, int n)
{
	unsigned long v = 0;

	EQ(pt(PTRACE_PEEKUSER, pid,
	       offsetof(struct user, u_debugreg) + (unsigned long)n * 8,
	       (unsigned long)&v),
	    0);
	return (v);
}

GTEST(watchpoint, "does a debug register see each write?")
{
	pid_t pid = traced_child(write_word);
	siginfo_t si;
	long v;

	ERR(poke_debug(pid, 0, ~0UL), EINVAL);
	ERR(poke_debug(pid, 4, 1), EIO);
	EQ(poke_debug(pid, 1, (unsigned long)&word), 0);
	EQ(poke_debug(pid, 7, 1UL << 2 | 1UL << 20 | 3UL << 22), 0);
	EQ(peek_debug(pid, 1), (unsigned long)&word);
	for (int i = 0; i < 5; i++) {
		pt(PTRACE_CONT, pid, 0, 0);
		EQ(status_of(pid), STOPPED(SIGTRAP));
		EQ(peek_debug(pid, 6) & 0xf, 2);
		EQ(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), 0);
		EQ(si.si_code, TRAP_HWBKPT);
		EQ(pt(PTRACE_PEEKDATA, pid, (unsigned long)&word,
		       (unsigned long)&v),
		    0);
		EQ((int)v, i);
	}
	EQ(poke_debug(pid, 7, 0), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(7));
}

GTEST(hardware_breakpoint, "and one instruction before it is made?")
{
	pid_t pid = traced_child(write_word);

	EQ(poke_debug(pid, 0, (unsigned long)answer), 0);
	EQ(poke_debug(pid, 7, 1), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGTRAP));
	EQ(regs_of(pid).rip, (unsigned long)answer);
	EQ(peek_debug(pid, 6) & 0xf, 1);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(7));
}

/* --- events ------------------------------------------------------------------------------------- */

static void
fork_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(4);
	waitpid(pid, NULL, 0);
	_exit(5);
}

static void
vfork_one(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(4);
	waitpid(pid, NULL, 0);
	_exit(5);
}

GTEST(fork_event, "is a child of a traced program traced from its start?")
{
	pid_t pid = traced_child(fork_one);
	unsigned long kid = 0;

	EQ(pt(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT),
	    0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_FORK));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&kid), 0);
	EQ(status_of((pid_t)kid), STOPPED(SIGSTOP));
	pt(PTRACE_CONT, pid, 0, 0);
	pt(PTRACE_CONT, (pid_t)kid, 0, 0);
	EQ(status_of((pid_t)kid), EVENT(SIGTRAP, PTRACE_EVENT_EXIT));
	{
		unsigned long msg = 0;

		EQ(pt(PTRACE_GETEVENTMSG, (pid_t)kid, 0, (unsigned long)&msg),
		    0);
		EQ(msg, EXITED(4));
	}
	pt(PTRACE_CONT, (pid_t)kid, 0, 0);
	EQ(status_of((pid_t)kid), EXITED(4));
	EQ(status_of(pid), STOPPED(SIGCHLD));
	pt(PTRACE_CONT, pid, 0, SIGCHLD);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_EXIT));
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(5));
}

GTEST(vfork_event, "and one of vfork, whose end is an event, too?")
{
	pid_t pid = traced_child(vfork_one);
	unsigned long kid = 0, done = 0;

	EQ(pt(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE),
	    0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_VFORK));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&kid), 0);
	EQ(status_of((pid_t)kid), STOPPED(SIGSTOP));
	pt(PTRACE_CONT, pid, 0, 0);
	pt(PTRACE_CONT, (pid_t)kid, 0, 0);
	EQ(status_of((pid_t)kid), EXITED(4));
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_VFORK_DONE));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&done), 0);
	EQ(done, kid);
	end(pid);
}

static void *
thread_body(void *arg)
{
	return (arg);
}

static void
thread_one(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread_body, NULL);
	pthread_join(t, NULL);
	raise(SIGSTOP); /* or its end might overtake the thread's */
	_exit(6);
}

GTEST(thread_event, "is a thread of a traced program traced, and its end told?")
{
	pid_t pid = traced_child(thread_one);
	unsigned long tid = 0;
	int st;

	EQ(pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE), 0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_CLONE));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&tid), 0);
	EQ(status_of((pid_t)tid), STOPPED(SIGSTOP));
	pt(PTRACE_CONT, pid, 0, 0);
	pt(PTRACE_CONT, (pid_t)tid, 0, 0);
	EQ(status_of((pid_t)tid), EXITED(0));
	ERR(waitpid((pid_t)tid, &st, __WALL), ECHILD);
	EQ(status_of(pid), STOPPED(SIGSTOP));
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(6));
}

static void *
thread_exec(void *arg)
{
	do_exec();
	return (arg);
}

static void
exec_in_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread_exec, NULL);
	sleep_on();
}

GTEST(thread_exec, "does a thread that execs become its process's first?")
{
	pid_t pid = traced_child(exec_in_thread);
	unsigned long tid = 0, msg = 0;

	EQ(pt(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC),
	    0);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_CLONE));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&tid), 0);
	EQ(status_of((pid_t)tid), STOPPED(SIGSTOP));
	pt(PTRACE_CONT, pid, 0, 0);
	pt(PTRACE_CONT, (pid_t)tid, 0, 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_EXEC));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&msg), 0);
	EQ(msg, tid);
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), EXITED(2)); /* no such case */
}

/* --- job control ----------------------------------------------------------------------------------- */

GTEST(group_stop, "does a stop of job control stop a traced program anew?")
{
	pid_t pid = traced_child(sleep_on);
	siginfo_t si;

	pt(PTRACE_CONT, pid, 0, SIGSTOP);
	EQ(status_of(pid), STOPPED(SIGSTOP));
	ERR(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), EINVAL);
	pt(PTRACE_CONT, pid, 0, 0);
	kill(pid, SIGUSR1);
	EQ(status_of(pid), STOPPED(SIGUSR1));
	end(pid);
}

GTEST(seize, "do interrupts, stops and continuation of a seized one tell?")
{
	pid_t pid = child(sleep_on);
	siginfo_t si;

	EQ(pt(PTRACE_SEIZE, pid, 0, 0), 0);
	EQ(waitpid(pid, NULL, WNOHANG), 0);
	EQ(pt(PTRACE_INTERRUPT, pid, 0, 0), 0);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_STOP));
	EQ(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si), 0);
	EQ(si.si_code, SIGTRAP | PTRACE_EVENT_STOP << 8);
	pt(PTRACE_CONT, pid, 0, 0);
	kill(pid, SIGSTOP);
	EQ(status_of(pid), STOPPED(SIGSTOP));
	pt(PTRACE_CONT, pid, 0, SIGSTOP);
	EQ(status_of(pid), EVENT(SIGSTOP, PTRACE_EVENT_STOP));
	EQ(pt(PTRACE_LISTEN, pid, 0, 0), 0);
	ERR(pt(PTRACE_CONT, pid, 0, 0), ESRCH); /* it listens */
	EQ(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGCONT);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_STOP));
	pt(PTRACE_CONT, pid, 0, 0);
	EQ(status_of(pid), STOPPED(SIGCONT));
	pt(PTRACE_CONT, pid, 0, SIGCONT);
	end(pid);
}

GTEST(seize_fork, "does the child of a seized program stop by an event?")
{
	pid_t pid;
	unsigned long kid = 0;

	EQ(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		read(pipes[0], &c, 1);
		fork_one();
	}
	EQ(pt(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEFORK), 0);
	write(pipes[1], "x", 1);
	EQ(status_of(pid), EVENT(SIGTRAP, PTRACE_EVENT_FORK));
	EQ(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&kid), 0);
	EQ(status_of((pid_t)kid), EVENT(SIGTRAP, PTRACE_EVENT_STOP));
	EQ(pt(PTRACE_DETACH, (pid_t)kid, 0, 0), 0);
	EQ(pt(PTRACE_DETACH, pid, 0, 0), 0);
	EQ(status_of(pid), EXITED(5));
}

GTEST(attach_stopped, "can one that is stopped already be attached to?")
{
	pid_t pid = child(sleep_on);
	int st;

	kill(pid, SIGSTOP);
	EQ(waitpid(pid, &st, WUNTRACED), pid);
	EQ(pt(PTRACE_SEIZE, pid, 0, 0), 0);
	EQ(pt(PTRACE_INTERRUPT, pid, 0, 0), 0);
	EQ(status_of(pid), EVENT(SIGSTOP, PTRACE_EVENT_STOP));
	EQ(pt(PTRACE_DETACH, pid, 0, 0), 0);
	/* It is stopped as before. */
	kill(pid, SIGCONT);
	EQ(waitpid(pid, &st, WCONTINUED), pid);
	EQ(st, 0xffff);
	end(pid);
}

/* --- others ------------------------------------------------------------------------------------------- */

GTEST(parent_waits, "is a parent told after another process's tracer?")
{
	pid_t kid, tracer;
	char c;
	int st;

	EQ(pipe(pipes), 0);
	kid = child(sleep_on);
	tracer = fork();
	if (tracer == 0) {
		if (pt(PTRACE_ATTACH, kid, 0, 0) != 0)
			_exit(1);
		if (status_of(kid) != STOPPED(SIGSTOP))
			_exit(2);
		write(pipes[1], "x", 1);
		pt(PTRACE_CONT, kid, 0, 0);
		if (status_of(kid) != STOPPED(SIGTERM))
			_exit(3);
		pt(PTRACE_CONT, kid, 0, SIGTERM);
		if (status_of(kid) != SIGTERM)
			_exit(4);
		_exit(0);
	}
	EQ(read(pipes[0], &c, 1), 1);
	EQ(waitpid(kid, &st, WNOHANG), 0);
	kill(kid, SIGTERM);
	EQ(status_of(tracer), EXITED(0));
	EQ(status_of(kid), SIGTERM);
}

GTEST(tracer_exits, "does a traced program run on when its tracer ends?")
{
	pid_t kid = child(sleep_on), tracer = fork();

	if (tracer == 0) {
		if (pt(PTRACE_ATTACH, kid, 0, 0) != 0)
			_exit(1);
		if (status_of(kid) != STOPPED(SIGSTOP))
			_exit(2);
		if (pt(PTRACE_CONT, kid, 0, 0) != 0)
			_exit(3);
		_exit(0);
	}
	EQ(status_of(tracer), EXITED(0));
	EQ(waitpid(kid, NULL, WNOHANG), 0);
	EQ(kill(kid, SIGTERM), 0);
	EQ(status_of(kid), SIGTERM);
}

GTEST(exitkill, "does it die with its tracer if that one wants it?")
{
	pid_t kid = child(sleep_on), tracer = fork();

	if (tracer == 0) {
		if (pt(PTRACE_SEIZE, kid, 0, PTRACE_O_EXITKILL) != 0)
			_exit(1);
		_exit(0);
	}
	EQ(status_of(tracer), EXITED(0));
	EQ(status_of(kid), SIGKILL);
}

GTEST(kill_stopped, "does SIGKILL end a stop?")
{
	pid_t pid = traced_child(sleep_on);

	kill(pid, SIGKILL);
	EQ(status_of(pid), SIGKILL);
	pid = traced_child(sleep_on);
	EQ(pt(PTRACE_KILL, pid, 0, 0), 0);
	EQ(status_of(pid), SIGKILL);
}

GTEST(not_permitted, "may only the owner trace?")
{
	pid_t kid = child(sleep_on), other;

	if (geteuid() != 0) {
		end(kid);
		return;
	}
	other = fork();
	if (other == 0) {
		if (setgid(1000) != 0 || setuid(1000) != 0)
			_exit(1);
		if (pt(PTRACE_ATTACH, kid, 0, 0) != -1 || errno != EPERM)
			_exit(2);
		_exit(0);
	}
	EQ(status_of(other), EXITED(0));
	end(kid);
}

static void
status_line(pid_t pid, const char *name, char *out)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	*out = '\0';
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			strcpy(out, line + strlen(name));
	if (f != NULL)
		fclose(f);
}

GTEST(proc_status, "does /proc say who traces?")
{
	pid_t pid = traced_child(nothing);
	char line[256];

	status_line(pid, "TracerPid:", line);
	EQ(atoi(line), getpid());
	status_line(pid, "State:", line);
	EQ(strcmp(line, "\tt (tracing stop)\n"), 0);
	status_line(getpid(), "TracerPid:", line);
	EQ(atoi(line), 0);
	end(pid);
}

GTEST(proc_syscall, "does /proc/PID/syscall tell the call and its arguments?")
{
	char path[64], buf[256];
	int nr = -1, fd;
	unsigned long a[6];
	pid_t pid;

	make_shared();
	EQ(pipe(pipes), 0);
	pid = child(read_pipe);
	while (shared[0] == 0)
		sched_yield();
	wait_asleep(pid);
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	CHECK((fd = open(path, O_RDONLY)) >= 0);
	memset(buf, 0, sizeof(buf));
	CHECK(read(fd, buf, sizeof(buf) - 1) > 0);
	close(fd);
	EQ(sscanf(buf, "%d %lx %lx %lx", &nr, &a[0], &a[1], &a[2]), 4);
	EQ(nr, SYS_read);
	EQ(a[0], pipes[0]);
	EQ(a[2], 1);
	end(pid);
}

/* --- sequences --------------------------------------------------------------- */

GTEST(rseq, "is a tracer told where its tracee's sequences are?")
{
	struct {
		uint64_t area;
		uint32_t size, signature, flags, pad;
	} rc = {0, 0, 0, 9, 9};
	pid_t pid = traced_child(nothing);

	EQ(pt(0x420f, pid, sizeof(rc), (unsigned long)&rc), sizeof(rc));
	CHECK(rc.area != 0); /* the C library has registered one */
	EQ(rc.signature, 0x53053053);
	EQ(rc.size, 32);
	EQ(rc.flags, 0);
	EQ(rc.pad, 0);
	end(pid);
}
