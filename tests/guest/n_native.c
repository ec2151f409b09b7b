/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native ABI from a native program: results and errors, signals and their
 * frame, threads, files, variables.  Runs the case named by its argument, or
 * all; exits 0 if no check failed.
 */
#include "start.h"
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/native.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

static int failures;

#define EQ(a, b)                                                               \
	do {                                                                   \
		long _a = (long)(a), _b = (long)(b);                           \
		if (_a != _b) {                                                \
			failures++;                                            \
			out_printf("n_native.c:%d: %s is %ld, not %ld\n",      \
			    __LINE__, #a, _a, _b);                             \
		}                                                              \
	} while (0)
#define ERR(call, e)                                                           \
	do {                                                                   \
		errno = 0;                                                     \
		EQ(call, -1);                                                  \
		EQ(errno, e);                                                  \
	} while (0)

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	sys_nanosleep(&ts, NULL);
}

static int
status_of(int64_t pid)
{
	int s = -1;

	EQ(sys_wait4((pid_t)pid, &s, 0, NULL), pid);
	return (s);
}

static void
t_errors(void)
{
	char buf[8];

	ERR(sys_read(99, buf, 1), EBADF);
	ERR(sys_open("/no/such", O_RDONLY, 0), ENOENT);
	ERR(sys_open((const char *)8, O_RDONLY, 0), EFAULT);
	ERR(sys_kill(99999, 0), ESRCH);
	ERR(sys_wait4(-1, NULL, 0, NULL), ECHILD);
	ERR(sys_nanosleep(NULL, NULL), EFAULT);
	EQ(sys_getpid() > 0, 1);
	EQ(sys_lwp_gettid(), sys_getpid());
}

/* --- signals ------------------------------------------------------------------ */

static volatile int hits, last_sig, last_code, last_pid;
static volatile uint64_t last_addr, last_value;
static struct native_sigframe *volatile last_frame;

static void
on_signal(int sig, struct native_siginfo *si, struct native_sigframe *sf)
{
	hits++;
	last_sig = sig;
	last_code = si->si_code;
	last_pid = si->si_pid;
	last_addr = si->si_addr;
	last_value = si->si_value;
	last_frame = sf;
}

static void catch (int sig, uint32_t flags)
{
	struct native_sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = (uint64_t)(uintptr_t)on_signal;
	sa.sa_flags = flags | SA_SIGINFO;
	EQ(sys_sigaction(sig, &sa, NULL), 0);
	hits = 0;
}

static void
t_signal(void)
{
	catch (SIGUSR1, 0);
	for (int i = 1; i <= 100; i++) {
		EQ(sys_kill((pid_t)sys_getpid(), SIGUSR1), 0);
		EQ(hits, i);
	}
	EQ(last_sig, SIGUSR1);
	EQ(last_code, SI_USER);
	EQ(last_pid, sys_getpid());
	EQ(sys_sigqueue((pid_t)sys_getpid(), SIGUSR1, 1234), 0);
	EQ(last_value, 1234);
	EQ(last_code, SI_QUEUE);
}

static void
t_mask(void)
{
	sigset_t set = {{0, 0}}, old, pend;

	catch (SIGUSR2, 0);
	sigset_add(&set, SIGUSR2);
	EQ(sys_sigprocmask(SIG_BLOCK, &set, &old), 0);
	sys_kill((pid_t)sys_getpid(), SIGUSR2);
	EQ(hits, 0);
	EQ(sys_sigpending(&pend), 0);
	EQ(sigset_has(&pend, SIGUSR2), 1);
	ERR(sys_sigsuspend(&old), EINTR);
	EQ(hits, 1);
	EQ(sys_sigprocmask(SIG_SETMASK, &old, NULL), 0);
	EQ(hits, 1);
}

/* The handler skips the faulting instruction: its frame is what counts. */
static void
on_fault(int sig, struct native_siginfo *si, struct native_sigframe *sf)
{
	on_signal(sig, si, sf);
	sf->sf_mc.mc_rip += 2; /* movb %al, (%rdi) */
	sf->sf_mc.mc_rbx = 77;
}

static void
t_fault(void)
{
	struct native_sigaction sa;
	uint64_t rbx = 0;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = (uint64_t)(uintptr_t)on_fault;
	sa.sa_flags = SA_SIGINFO;
	EQ(sys_sigaction(SIGSEGV, &sa, NULL), 0);
	hits = 0;
	__asm__ volatile("xorl %%ebx, %%ebx\n\tmovb %%al, (%%rdi)"
			 : "=b"(rbx)
			 : "D"(0x1000UL), "a"(0)
			 : "memory");
	EQ(hits, 1);
	EQ(last_addr, 0x1000);
	EQ(last_code, SEGV_MAPERR);
	EQ(rbx, 77);
}

static uint8_t altstack[16384] __aligned(16);

static void
t_altstack(void)
{
	struct native_stack ss = {
	    (uint64_t)(uintptr_t)altstack, sizeof(altstack), 0, 0};

	EQ(sys_sigaltstack(&ss, NULL), 0);
	catch (SIGUSR1, SA_ONSTACK);
	sys_kill((pid_t)sys_getpid(), SIGUSR1);
	EQ(hits, 1);
	EQ((uint8_t *)last_frame >= altstack &&
		(uint8_t *)last_frame < altstack + sizeof(altstack),
	    1);
	ss.ss_flags = SS_DISABLE;
	EQ(sys_sigaltstack(&ss, NULL), 0);
}

static void
t_restart(void)
{
	struct itimerval it = {{0, 0}, {0, 20000}};
	int fds[2];
	char c;

	EQ(sys_pipe(fds), 0);
	catch (SIGALRM, 0);
	EQ(sys_setitimer(ITIMER_REAL, &it, NULL), 0);
	ERR(sys_read(fds[0], &c, 1), EINTR);
	catch (SIGALRM, SA_RESTART);
	EQ(sys_setitimer(ITIMER_REAL, &it, NULL), 0);
	int64_t pid = sys_fork();

	if (pid == 0) {
		nap(60);
		sys_write(fds[1], "x", 1);
		sys_exit(0);
	}
	EQ(sys_read(fds[0], &c, 1), 1);
	EQ(hits, 1);
	EQ(status_of(pid), 0);
	sys_close(fds[0]);
	sys_close(fds[1]);
}

/* --- processes and threads ------------------------------------------------------ */

static void
t_fork(void)
{
	struct native_siginfo si;
	struct rusage ru;
	int s = 0;
	int64_t pid = sys_fork();

	if (pid == 0)
		sys_exit(42);
	EQ(sys_wait4((pid_t)pid, &s, 0, &ru), pid);
	EQ(s, 42 << 8);
	if ((pid = sys_vfork()) == 0)
		sys_exit(3);
	EQ(status_of(pid), 3 << 8);
	if ((pid = sys_fork()) == 0)
		for (;;)
			nap(1000);
	EQ(sys_kill((pid_t)pid, SIGSTOP), 0);
	EQ(sys_wait4((pid_t)pid, &s, WUNTRACED, NULL), pid);
	EQ(s, 0x7f | SIGSTOP << 8);
	EQ(sys_kill((pid_t)pid, SIGKILL), 0);
	memset(&si, 0, sizeof(si));
	EQ(sys_waitid(P_PID, (pid_t)pid, &si, WEXITED, NULL), 0);
	EQ(si.si_pid, pid);
	EQ(si.si_code, CLD_KILLED);
	EQ(si.si_status, SIGKILL);
}

static void
t_exec(void)
{
	char *argv[] = {"sh", "-c", "exit 11", NULL}, *envp[] = {NULL};
	int64_t pid = sys_fork();

	if (pid == 0) {
		sys_execve("/bin/sh", argv, envp);
		sys_exit(1);
	}
	EQ(status_of(pid), 11 << 8);
	ERR(sys_execve("/etc/passwd", argv, envp), EACCES);
}

static volatile int word, tid_word, ready;
static uint8_t stack[65536] __aligned(16);

static void
thread(void *arg)
{
	ready = (int)(long)arg;
	sys_futex_wake((const int *)(uintptr_t)&ready, 1, ~0u, 0);
	while (word == 0)
		sys_futex_wait((const int *)(uintptr_t)&word, 0, ~0u, 0, NULL);
	sys_lwp_exit(0);
}

static void
t_thread(void)
{
	struct native_lwp_params lp;
	int64_t tid;

	memset(&lp, 0, sizeof(lp));
	lp.lwp_func = (uint64_t)(uintptr_t)thread;
	lp.lwp_arg = 7;
	lp.lwp_stack = (uint64_t)(uintptr_t)(stack + sizeof(stack));
	lp.lwp_tid2 = lp.lwp_clear_tid = (uint64_t)(uintptr_t)&tid_word;
	tid_word = 1;
	tid = sys_lwp_create(&lp);
	EQ(tid > sys_getpid(), 1);
	while (ready == 0)
		sys_futex_wait((const int *)(uintptr_t)&ready, 0, ~0u, 0, NULL);
	EQ(ready, 7);
	EQ(tid_word, tid);
	word = 1;
	sys_futex_wake((const int *)(uintptr_t)&word, 1, ~0u, 0);
	while (tid_word != 0)
		sys_umtx_sleep(
		    (const int *)(uintptr_t)&tid_word, (int)tid, 100000);
	EQ(tid_word, 0);
}

static void
t_timeouts(void)
{
	struct timespec ts, a, b;
	int value = 5;

	EQ(sys_clock_gettime(CLOCK_MONOTONIC, &a), 0);
	ts = ns_to_ts(ts_to_ns(&a) + 20 * NS_PER_MSEC);
	ERR(sys_futex_wait(&value, 5, ~0u, 0, &ts), ETIMEDOUT);
	ERR(sys_futex_wait(&value, 6, ~0u, 0, &ts), EAGAIN);
	ERR(sys_umtx_sleep(&value, 6, 1000), EBUSY);
	ERR(sys_umtx_sleep(&value, 5, 1000), EWOULDBLOCK);
	EQ(sys_clock_gettime(CLOCK_MONOTONIC, &b), 0);
	EQ(ts_to_ns(&b) - ts_to_ns(&a) >= 20 * NS_PER_MSEC, 1);
}

/* --- files --------------------------------------------------------------------------- */

static void
t_files(void)
{
	static char buf[4096];
	struct iovec iov[2] = {
	    {(uint64_t)(uintptr_t) "ab", 2}, {(uint64_t)(uintptr_t) "cd", 2}};
	struct native_dirent *d;
	struct stat st;
	int fd, found = 0;
	int64_t n;

	EQ(sys_mkdir("/tmp/nat", 0755), 0);
	fd = (int)sys_open("/tmp/nat/f", O_RDWR | O_CREAT | O_EXCL, 0644);
	EQ(fd >= 0, 1);
	EQ(sys_writev(fd, iov, 2), 4);
	EQ(sys_lseek(fd, 1, SEEK_SET), 1);
	EQ(sys_read(fd, buf, 10), 3);
	EQ(memcmp(buf, "bcd", 3), 0);
	EQ(sys_pread(fd, buf, 2, 0, 2), 2);
	EQ(memcmp(buf, "cd", 2), 0);
	EQ(sys_fstat(fd, &st), 0);
	EQ(st.st_size, 4);
	EQ(sys_fcntl(fd, F_GETFL, 0) & O_ACCMODE, O_RDWR);
	EQ(sys_close(fd), 0);
	fd = (int)sys_open("/tmp/nat", O_RDONLY | O_DIRECTORY, 0);
	n = sys_getdents(fd, buf, sizeof(buf));
	for (int64_t at = 0; at < n; at += d->d_reclen) {
		d = (struct native_dirent *)(void *)(buf + at);
		found += strcmp(d->d_name, "f") == 0 && d->d_type == DT_REG;
	}
	EQ(found, 1);
	EQ(sys_getdents(fd, buf, sizeof(buf)), 0);
	EQ(sys_close(fd), 0);
	EQ(sys_rename("/tmp/nat/f", "/tmp/nat/g"), 0);
	EQ(sys_unlink("/tmp/nat/g"), 0);
	EQ(sys_rmdir("/tmp/nat"), 0);
}

static void
t_poll(void)
{
	struct native_pollfd p[2];
	int fds[2];

	EQ(sys_pipe2(fds, O_CLOEXEC), 0);
	p[0] = (struct native_pollfd){fds[0], 1, 0};
	p[1] = (struct native_pollfd){fds[1], 4, 0};
	EQ(sys_poll(p, 2, 0), 1);
	EQ(p[0].revents, 0);
	EQ(p[1].revents, 4);
	EQ(sys_poll(p, 1, 10), 0);
	EQ(sys_write(fds[1], "x", 1), 1);
	EQ(sys_poll(p, 1, -1), 1);
	EQ(p[0].revents, 1);
	sys_close(fds[0]);
	sys_close(fds[1]);
}

static void
t_memory(void)
{
	char vec[2];
	volatile char *p = (char *)(uintptr_t)sys_mmap(
	    NULL, 8192, 1 | 2, MAP_ANON | MAP_PRIVATE, -1, 0);

	p[0] = 1;
	p[4096] = 2;
	EQ(sys_mincore((const void *)(uintptr_t)p, 8192, vec), 0);
	EQ((vec[0] & 1) + (vec[1] & 1), 2);
	EQ(sys_munmap((void *)(uintptr_t)p, 8192), 0);
	ERR(sys_mmap(NULL, 0, 1, MAP_ANON | MAP_PRIVATE, -1, 0), EINVAL);
}

static void
t_sysctl(void)
{
	struct native_sysctl_info info;
	char name[128] = "", next[128];
	int n = 0, v = 0;
	size_t len = sizeof(v);

	EQ(sys_sysctl_get("kern.maxproc", &v, &len), 0);
	EQ(len, sizeof(v));
	EQ(v > 0, 1);
	EQ(sys_sysctl_describe("kern.maxproc", &info), 0);
	EQ(info.si_desc[0] != '\0', 1);
	ERR(sys_sysctl_get("no.such", &v, &len), ENOENT);
	ERR(sys_sysctl_set("kern.nprocs", &v, sizeof(v)), EPERM);
	while (sys_sysctl_next(name, next, sizeof(next)) > 0) {
		EQ(strcmp(name, next) < 0, 1);
		memcpy(name, next, sizeof(name));
		n++;
	}
	EQ(errno, ENOENT);
	EQ(n > 10, 1);
}

static const struct {
	const char *name;
	void (*func)(void);
} cases[] = {
    {"errors", t_errors},
    {"signal", t_signal},
    {"mask", t_mask},
    {"fault", t_fault},
    {"altstack", t_altstack},
    {"restart", t_restart},
    {"fork", t_fork},
    {"exec", t_exec},
    {"thread", t_thread},
    {"timeouts", t_timeouts},
    {"files", t_files},
    {"poll", t_poll},
    {"memory", t_memory},
    {"sysctl", t_sysctl},
};

int
main(int argc, char **argv, char **envp)
{
	int ran = 0;

	for (size_t i = 0; i < nitems(cases); i++)
		if (argc < 2 || strcmp(argv[1], cases[i].name) == 0) {
			cases[i].func();
			ran++;
		}
	return (failures != 0 || ran == 0);
}
