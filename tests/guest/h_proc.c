/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: fork, exec, wait, signals, groups, limits, timers. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include "gtest.h"
#include <unistd.h>

static volatile sig_atomic_t hits, last_sig;

static void
count(int sig)
{
	hits++;
	last_sig = sig;
}

static void
on(int sig, void (*f)(int), int flags)
{
	struct sigaction sa = {.sa_handler = f, .sa_flags = flags};

	EQ(sigaction(sig, &sa, NULL), 0);
}

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
}

static int
status_of(pid_t pid)
{
	int status = -1;

	EQ(waitpid(pid, &status, 0), pid);
	return (status);
}

GTEST(fork_exit_status, "does wait report each exit status?")
{
	for (int code = 0; code < 256; code += 51) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(code);
		int s = status_of(pid);

		CHECK(WIFEXITED(s));
		EQ(WEXITSTATUS(s), code);
	}
	ERR(wait(NULL), ECHILD);
}

GTEST(fork_memory, "do parent and child have memory of their own?")
{
	static int v = 1;
	int *heap = malloc(sizeof(*heap)), s;
	pid_t pid;

	*heap = 2;
	if ((pid = fork()) == 0) {
		v = 10;
		*heap = 20;
		_exit(v + *heap == 30 ? 0 : 1);
	}
	s = status_of(pid);
	EQ(s, 0);
	EQ(v, 1);
	EQ(*heap, 2);
}

GTEST(fork_many, "do 50 children at once all come back?")
{
	int n = 0, s;

	for (int i = 0; i < 50; i++)
		if (fork() == 0)
			_exit(i);
	while (wait(&s) > 0)
		n++;
	EQ(n, 50);
}

GTEST(vfork_exec, "does vfork wait for exec?")
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	EQ(status_of(pid), 0);
}

GTEST(exec_errors, "are bad programs the right errors?")
{
	int fd;

	ERR(execl("/nonexistent", "x", NULL), ENOENT);
	ERR(execl("/etc", "x", NULL), EACCES);
	unlink("/tmp/plain");
	fd = open("/tmp/plain", O_CREAT | O_WRONLY | O_TRUNC, 0644);
	write(fd, "x", 1);
	close(fd);
	ERR(execl("/tmp/plain", "x", NULL), EACCES);
	chmod("/tmp/plain", 0755);
	ERR(execl("/tmp/plain", "x", NULL), ENOEXEC);
	fd = open("/tmp/plain", O_WRONLY | O_TRUNC);
	write(fd, "\177ELF\2\1\1", 7);
	close(fd);
	ERR(execl("/tmp/plain", "x", NULL), ENOEXEC);
	fd = open("/tmp/plain", O_WRONLY | O_TRUNC);
	write(fd, "#!/nonexistent\n", 15);
	close(fd);
	ERR(execl("/tmp/plain", "x", NULL), ENOENT);
}

GTEST(exec_script, "do #! scripts get their interpreter and argument?")
{
	pid_t pid;
	int fd;

	fd = open("/tmp/script", O_CREAT | O_WRONLY | O_TRUNC, 0755);
	dprintf(fd, "#!/bin/sh -e\ntest \"$1\" = a && exit 7\n");
	close(fd);
	if ((pid = fork()) == 0) {
		execl("/tmp/script", "script", "a", NULL);
		_exit(1);
	}
	EQ(WEXITSTATUS(status_of(pid)), 7);
}

GTEST(exec_cloexec, "does exec close what asks for it, and keep the rest?")
{
	int keep = open("/dev/null", O_RDONLY), s;
	int gone = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char cmd[128];
	pid_t pid;

	snprintf(cmd, sizeof(cmd),
	    "test -e /proc/self/fd/%d && ! test -e /proc/self/fd/%d", keep,
	    gone);
	if ((pid = fork()) == 0) {
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		_exit(1);
	}
	s = status_of(pid);
	EQ(s, 0);
}

GTEST(exec_big_args, "do many arguments arrive, and too many fail?")
{
	enum {
		N = 20000
	};
	static char *argv[N + 4], big[200000];
	pid_t pid;

	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = "test $# = 19999";
	for (int i = 0; i < N; i++)
		argv[3 + i] = "argument";
	if ((pid = fork()) == 0) {
		execv("/bin/sh", argv);
		_exit(1);
	}
	EQ(status_of(pid), 0);
	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < N; i++)
		argv[3 + i] = big;
	ERR(execv("/bin/sh", argv), E2BIG);
}

GTEST(orphan_reparent, "does init adopt an orphan?")
{
	int fds[2];
	pid_t got = 0, pid;

	EQ(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		if (fork() == 0) {
			while (getppid() != 1)
				nap(5);
			got = getppid();
			write(fds[1], &got, sizeof(got));
			_exit(0);
		}
		_exit(0);
	}
	status_of(pid);
	EQ(read(fds[0], &got, sizeof(got)), sizeof(got));
	EQ(got, 1);
}

GTEST(subreaper, "does a subreaper adopt its descendants?")
{
	int fds[2];
	pid_t pid, got = 0, me = getpid();

	EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	EQ(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		if (fork() == 0) {
			while (getppid() != me)
				nap(5);
			got = getppid();
			write(fds[1], &got, sizeof(got));
			_exit(0);
		}
		_exit(0);
	}
	status_of(pid);
	EQ(read(fds[0], &got, sizeof(got)), sizeof(got));
	EQ(got, me);
	CHECK(wait(NULL) > 0);
}

GTEST(wait_options, "do WNOHANG, WNOWAIT, WUNTRACED and WCONTINUED report?")
{
	siginfo_t si;
	int s;
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	EQ(waitpid(pid, &s, WNOHANG), 0);
	EQ(kill(pid, SIGSTOP), 0);
	EQ(waitpid(pid, &s, WUNTRACED), pid);
	CHECK(WIFSTOPPED(s));
	EQ(WSTOPSIG(s), SIGSTOP);
	EQ(kill(pid, SIGCONT), 0);
	EQ(waitpid(pid, &s, WCONTINUED), pid);
	CHECK(WIFCONTINUED(s));
	EQ(kill(pid, SIGTERM), 0);
	EQ(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	EQ(si.si_code, CLD_KILLED);
	EQ(si.si_status, SIGTERM);
	EQ(si.si_pid, pid);
	EQ(waitpid(pid, &s, 0), pid);
	EQ(WTERMSIG(s), SIGTERM);
}

GTEST(sigchld_ignore, "do ignored children vanish by themselves?")
{
	pid_t pid;

	on(SIGCHLD, SIG_IGN, 0);
	if ((pid = fork()) == 0)
		_exit(3);
	ERR(waitpid(pid, NULL, 0), ECHILD);
}

GTEST(signal_handler, "does a handler run once per signal and return?")
{
	on(SIGUSR1, count, 0);
	for (int i = 0; i < 1000; i++)
		EQ(kill(getpid(), SIGUSR1), 0);
	EQ(hits, 1000);
	EQ(last_sig, SIGUSR1);
}

GTEST(signal_mask, "do blocked signals wait, and merge?")
{
	sigset_t set, old, pending;

	on(SIGUSR1, count, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	EQ(hits, 0);
	EQ(sigpending(&pending), 0);
	EQ(sigismember(&pending, SIGUSR1), 1);
	EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
	EQ(hits, 1);
}

static volatile int rt_values[10], rt_n;

static void
rt_handler(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	if (rt_n < 10)
		rt_values[rt_n++] = si->si_value.sival_int;
}

GTEST(signal_realtime, "do real-time signals queue, in order, with values?")
{
	struct sigaction sa = {
	    .sa_sigaction = rt_handler, .sa_flags = SA_SIGINFO};
	union sigval v;
	sigset_t set;

	EQ(sigaction(SIGRTMIN + 1, &sa, NULL), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 5; i++) {
		v.sival_int = i;
		EQ(sigqueue(getpid(), SIGRTMIN + 1, v), 0);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	EQ(rt_n, 5);
	for (int i = 0; i < 5; i++)
		EQ(rt_values[i], i);
}

GTEST(signal_restart, "is a read restarted with SA_RESTART, and EINTR without?")
{
	struct itimerval it = {{0, 0}, {0, 30000}};
	int fds[2], s;
	char c;
	pid_t pid;

	EQ(pipe(fds), 0);
	on(SIGALRM, count, 0);
	EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	ERR(read(fds[0], &c, 1), EINTR);
	on(SIGALRM, count, SA_RESTART);
	if ((pid = fork()) == 0) {
		nap(150);
		write(fds[1], "x", 1);
		_exit(0);
	}
	EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	EQ(read(fds[0], &c, 1), 1);
	EQ(hits, 2);
	s = status_of(pid);
	EQ(s, 0);
}

GTEST(signal_nested_mask, "does sa_mask hold another signal off?")
{
	struct sigaction sa = {.sa_handler = count};
	sigset_t set;

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGUSR2);
	EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	EQ(sigaction(SIGUSR1, NULL, &sa), 0);
	EQ(sigismember(&sa.sa_mask, SIGUSR2), 1);
	kill(getpid(), SIGUSR1);
	EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	EQ(sigismember(&set, SIGUSR2), 0);
}

static char alt[65536];
static volatile unsigned long where;

static void
on_stack(int sig)
{
	char here;

	(void)sig;
	where = (unsigned long)(void *)&here;
}

GTEST(signal_altstack, "does a handler run on the alternate stack?")
{
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)}, old;

	EQ(sigaltstack(&ss, NULL), 0);
	on(SIGUSR1, on_stack, SA_ONSTACK);
	kill(getpid(), SIGUSR1);
	CHECK(where - (unsigned long)(void *)alt < sizeof(alt));
	EQ(sigaltstack(NULL, &old), 0);
	EQ(old.ss_size, sizeof(alt));
	ss.ss_size = 100;
	ERR(sigaltstack(&ss, NULL), ENOMEM);
}

static void *fault_addr;
static int fault_code;

static void
fault_handler(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	fault_addr = si->si_addr;
	fault_code = si->si_code;
	_exit(fault_addr == (void *)0x1234000 && fault_code == SEGV_MAPERR ? 0
									   : 1);
}

GTEST(signal_segv_info, "does SIGSEGV carry the address and reason?")
{
	struct sigaction sa = {
	    .sa_sigaction = fault_handler, .sa_flags = SA_SIGINFO};
	pid_t pid = fork();

	if (pid == 0) {
		sigaction(SIGSEGV, &sa, NULL);
		*(volatile char *)0x1234000 = 1;
		_exit(2);
	}
	EQ(status_of(pid), 0);
}

GTEST(signal_default_kill, "do default actions kill with the right status?")
{
	static const int sigs[] = {
	    SIGHUP, SIGINT, SIGTERM, SIGKILL, SIGUSR1, SIGPIPE, SIGALRM};

	for (unsigned i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			raise(sigs[i]);
			_exit(0);
		}
		int s = status_of(pid);

		CHECK(WIFSIGNALED(s));
		EQ(WTERMSIG(s), sigs[i]);
	}
}

GTEST(signal_traps, "do divide, bad opcode and bad address trap?")
{
	static const int want[] = {SIGFPE, SIGILL, SIGSEGV, SIGTRAP};

	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			volatile int zero = 0;

			if (i == 0)
				__asm__ volatile("idivl %0"
						 :
						 : "m"(zero), "a"(1), "d"(0));
			if (i == 1)
				__asm__ volatile("ud2");
			if (i == 2)
				*(volatile long *)0xdeadbeef0000 = 1;
			if (i == 3)
				__asm__ volatile("int3");
			_exit(0);
		}
		int s = status_of(pid);

		CHECK(WIFSIGNALED(s));
		EQ(WTERMSIG(s), want[i]);
	}
}

GTEST(sigsuspend_wakes, "does sigsuspend take the signal and restore the mask?")
{
	sigset_t set, none, now;

	on(SIGUSR1, count, 0);
	sigemptyset(&set);
	sigemptyset(&none);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	ERR(sigsuspend(&none), EINTR);
	EQ(hits, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EQ(sigismember(&now, SIGUSR1), 1);
}

GTEST(sigtimedwait_takes, "does sigtimedwait take, and time out?")
{
	struct timespec ts = {0, 20000000};
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ERR(sigtimedwait(&set, &si, &ts), EAGAIN);
	kill(getpid(), SIGUSR1);
	EQ(sigtimedwait(&set, &si, &ts), SIGUSR1);
	EQ(si.si_pid, getpid());
}

GTEST(kill_permission, "may a user signal only its own?")
{
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (setgid(1000) != 0 || setuid(1000) != 0)
			_exit(1);
		if (kill(1, SIGTERM) != -1 || errno != EPERM)
			_exit(2);
		if (kill(getppid(), 0) != -1 || errno != EPERM)
			_exit(3);
		if (kill(getpid(), 0) != 0)
			_exit(4);
		_exit(0);
	}
	EQ(WEXITSTATUS(status_of(pid)), 0);
	ERR(kill(99999, 0), ESRCH);
	ERR(kill(getpid(), 1000), EINVAL);
}

GTEST(groups_sessions, "do setsid and setpgid keep their rules?")
{
	pid_t pid, child;

	if ((pid = fork()) == 0) {
		if (setsid() != getpid() || getpgrp() != getpid() ||
		    getsid(0) != getpid())
			_exit(1);
		if (setsid() != -1 || errno != EPERM)
			_exit(2);
		if ((child = fork()) == 0) {
			pause();
			_exit(0);
		}
		if (setpgid(child, child) != 0 || getpgid(child) != child)
			_exit(3);
		if (setpgid(child, 1) != -1 || errno != EPERM)
			_exit(4);
		if (kill(-child, SIGKILL) != 0)
			_exit(5);
		if (waitpid(-child, NULL, 0) != child)
			_exit(6);
		_exit(0);
	}
	EQ(WEXITSTATUS(status_of(pid)), 0);
}

GTEST(kill_group, "does a signal to a group reach every member?")
{
	pid_t first = 0, pid;
	int s, n = 0;

	for (int i = 0; i < 3; i++) {
		if ((pid = fork()) == 0) {
			setpgid(0, first);
			pause();
			_exit(0);
		}
		if (first == 0)
			first = pid;
		setpgid(pid, first);
	}
	EQ(kill(-first, SIGTERM), 0);
	while (wait(&s) > 0) {
		EQ(WTERMSIG(s), SIGTERM);
		n++;
	}
	EQ(n, 3);
}

GTEST(rlimit_nofile, "does RLIMIT_NOFILE end descriptors with EMFILE?")
{
	struct rlimit rl = {20, 20};
	int n = 0;

	EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	EQ(errno, EMFILE);
	CHECK(n > 5 && n < 20);
	rl.rlim_cur = 30;
	ERR(setrlimit(RLIMIT_NOFILE, &rl) == 0 && geteuid() == 0
		? (errno = EINVAL, -1)
		: (rl.rlim_cur = 40, rl.rlim_max = 30,
		      setrlimit(RLIMIT_NOFILE, &rl)),
	    EINVAL);
}

GTEST(rlimit_fsize, "does RLIMIT_FSIZE send SIGXFSZ and EFBIG?")
{
	struct rlimit rl = {1000, 1000};
	char buf[600];
	int fd;

	on(SIGXFSZ, count, 0);
	EQ(setrlimit(RLIMIT_FSIZE, &rl), 0);
	fd = open("/tmp/fsize", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	EQ(write(fd, buf, 600), 600);
	EQ(write(fd, buf, 600), 400);
	ERR(write(fd, buf, 1), EFBIG);
	EQ(hits, 1);
}

GTEST(rlimit_nproc, "does a fork bomb under a limit end in EAGAIN?")
{
	struct rlimit rl = {10, 10};
	pid_t pid;

	if ((pid = fork()) == 0) {
		int n = 0, failed = 0;

		if (setrlimit(RLIMIT_NPROC, &rl) != 0 || setgid(1000) != 0 ||
		    setuid(1000) != 0)
			_exit(1);
		for (int i = 0; i < 30; i++) {
			pid_t p = fork();

			if (p == 0) {
				pause();
				_exit(0);
			}
			if (p < 0) {
				failed = errno == EAGAIN;
				break;
			}
			n++;
		}
		signal(SIGTERM, SIG_IGN);
		kill(-1, SIGTERM);
		kill(-1, SIGKILL);
		_exit(failed && n < 12 ? 0 : 2);
	}
	status_of(pid);
}

GTEST(timer_posix, "do POSIX timers fire, repeat and count overruns?")
{
	struct sigevent ev = {
	    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec it = {{0, 10000000}, {0, 10000000}}, cur;
	timer_t t;

	on(SIGUSR1, count, 0);
	EQ(timer_create(CLOCK_MONOTONIC, &ev, &t), 0);
	EQ(timer_settime(t, 0, &it, NULL), 0);
	while (hits < 3)
		pause();
	EQ(timer_gettime(t, &cur), 0);
	CHECK(cur.it_interval.tv_nsec == 10000000);
	EQ(timer_delete(t), 0);
	hits = 0;
	nap(40);
	EQ(hits, 0);
}

GTEST(alarm_once, "does alarm interrupt pause?")
{
	struct itimerval it = {{0, 0}, {0, 20000}};

	on(SIGALRM, count, 0);
	EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	ERR(pause(), EINTR);
	EQ(hits, 1);
	EQ(alarm(100), 0);
	CHECK(alarm(0) >= 99);
}

GTEST(clocks, "do clocks run forward and sleeps last?")
{
	struct timespec a, b, ts = {0, 30000000};

	EQ(clock_gettime(CLOCK_MONOTONIC, &a), 0);
	EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL), 0);
	EQ(clock_gettime(CLOCK_MONOTONIC, &b), 0);
	CHECK((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec >=
	    30000000);
	EQ(clock_gettime(CLOCK_REALTIME, &a), 0);
	CHECK(a.tv_sec > 1600000000);
	EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a), 0);
	EQ(clock_getres(CLOCK_MONOTONIC, &a), 0);
	ERR(clock_gettime(1000, &a), EINVAL);
	ts.tv_nsec = 1000000000;
	EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL), EINVAL);
}

GTEST(cpu_time, "is CPU time charged to the one who used it?")
{
	struct rusage ru;
	struct timespec a, b;
	volatile long x = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	do {
		for (int i = 0; i < 100000; i++)
			x += i;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	} while (
	    (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 <
	    50);
	EQ(getrusage(RUSAGE_SELF, &ru), 0);
	CHECK(ru.ru_utime.tv_sec * 1000 + ru.ru_utime.tv_usec / 1000 >= 30);
}

GTEST(uname_fields, "does uname say what programs expect?")
{
	struct utsname u;

	EQ(uname(&u), 0);
	EQ(strcmp(u.sysname, "Linux"), 0);
	EQ(strcmp(u.machine, "x86_64"), 0);
	CHECK(atoi(u.release) >= 5);
}

GTEST(cred_switch, "do the set*id calls follow saved ids?")
{
	uid_t r, e, s;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (setresuid(1000, 1001, 1002) != 0)
			_exit(1);
		if (getresuid(&r, &e, &s) != 0 || r != 1000 || e != 1001 ||
		    s != 1002)
			_exit(2);
		if (seteuid(1002) != 0 || geteuid() != 1002)
			_exit(3);
		if (seteuid(0) != -1 || errno != EPERM)
			_exit(4);
		if (setuid(1000) != 0 || geteuid() != 1000)
			_exit(5);
		_exit(0);
	}
	EQ(WEXITSTATUS(status_of(pid)), 0);
}

GTEST(nice_priority, "are nice values kept and guarded?")
{
	EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
	EQ(getpriority(PRIO_PROCESS, 0), 5);
	EQ(fork() == 0 ? (_exit(getpriority(PRIO_PROCESS, 0)), 0) : 0, 0);
	int s;

	wait(&s);
	EQ(WEXITSTATUS(s), 5);
}

GTEST(fpu_preserved, "do floating registers survive signals and forks?")
{
	double a = 1.0 / 3.0, b;
	pid_t pid;

	on(SIGUSR1, count, 0);
	__asm__ volatile("movsd %0, %%xmm7" : : "m"(a) : "xmm7");
	for (int i = 0; i < 100; i++) {
		syscall(SYS_kill, getpid(), SIGUSR1);
		if (i == 50 && (pid = fork()) == 0) {
			__asm__ volatile("movsd %%xmm7, %0" : "=m"(b));
			_exit(b == a ? 0 : 1);
		}
	}
	pid = wait(NULL);
	CHECK(pid > 0);
	EQ(hits, 100);
}
