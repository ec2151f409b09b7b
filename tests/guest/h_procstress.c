/* SPDX-License-Identifier: BSD-2-Clause */
/* Races in the life of processes and threads, driven hard. */
#include "gtest.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int
status_of(pid_t pid)
{
	int s = -1;

	EQ(waitpid(pid, &s, 0), pid);
	return (s);
}

static void *
thread_noop(void *arg)
{
	return (arg);
}

static void *
thread_sleep(void *arg)
{
	for (;;)
		pause();
	return (arg);
}

static void *
thread_spin(void *arg)
{
	volatile atomic_int *stop = arg;

	while (!atomic_load(stop))
		;
	return (NULL);
}

static void *
thread_forks(void *arg)
{
	for (long i = 0; i < (long)arg; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(i & 0x7f);
		int s = status_of(pid);

		CHECK(WIFEXITED(s));
		EQ(WEXITSTATUS(s), i & 0x7f);
	}
	return (NULL);
}

GTEST(
    fork_from_threads, "do forks from many threads keep their children apart?")
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		EQ(pthread_create(&t[i], NULL, thread_forks, (void *)50L), 0);
	for (int i = 0; i < 4; i++)
		EQ(pthread_join(t[i], NULL), 0);
	ERR(waitpid(-1, NULL, 0), ECHILD);
}

GTEST(thread_churn, "do threads come and go while processes fork?")
{
	pthread_t f, t[8];

	EQ(pthread_create(&f, NULL, thread_forks, (void *)40L), 0);
	for (int k = 0; k < 60; k++) {
		for (int i = 0; i < 8; i++)
			EQ(pthread_create(&t[i], NULL, thread_noop, NULL), 0);
		for (int i = 0; i < 8; i++)
			EQ(pthread_join(t[i], NULL), 0);
	}
	EQ(pthread_join(f, NULL), 0);
}

GTEST(exec_with_threads, "does exec from any thread end the others?")
{
	for (int k = 0; k < 20; k++) {
		pid_t pid = fork();

		if (pid == 0) {
			static atomic_int stop;
			pthread_t t;

			for (int i = 0; i < 4; i++)
				pthread_create(&t, NULL, thread_sleep, NULL);
			pthread_create(&t, NULL, thread_spin, &stop);
			execl("/bin/busybox", "sh", "-c", "exit 9", NULL);
			_exit(1);
		}
		int s = status_of(pid);

		CHECK(WIFEXITED(s));
		EQ(WEXITSTATUS(s), 9);
	}
}

static void *
thread_exec(void *arg)
{
	execl("/bin/busybox", "sh", "-c", "exit 5", NULL);
	return (arg);
}

GTEST(exec_by_many, "when all threads exec at once, does one win?")
{
	for (int k = 0; k < 20; k++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t;

			for (int i = 0; i < 4; i++)
				pthread_create(&t, NULL, thread_exec, NULL);
			pause();
			_exit(1);
		}
		int s = status_of(pid);

		CHECK(WIFEXITED(s));
		EQ(WEXITSTATUS(s), 5);
	}
}

GTEST(exec_keeps_pid, "does a thread that execs become the process?")
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, thread_exec, NULL);
		pause();
	}
	EQ(WEXITSTATUS(status_of(pid)), 5);
}

static void *
thread_exit_group(void *arg)
{
	syscall(SYS_exit_group, 3);
	return (arg);
}

GTEST(exit_races, "do exits of many threads give one status?")
{
	for (int k = 0; k < 40; k++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t;

			for (int i = 0; i < 6; i++)
				pthread_create(&t, NULL,
				    i & 1 ? thread_exit_group : thread_sleep,
				    NULL);
			pause();
			_exit(1);
		}
		int s = status_of(pid);

		CHECK(WIFEXITED(s));
		EQ(WEXITSTATUS(s), 3);
	}
}

GTEST(kill_many_threads, "does SIGKILL end spinning and sleeping threads?")
{
	for (int k = 0; k < 20; k++) {
		pid_t pid = fork();

		if (pid == 0) {
			static atomic_int stop;
			pthread_t t;

			for (int i = 0; i < 6; i++)
				pthread_create(&t, NULL,
				    i & 1 ? thread_spin : thread_sleep, &stop);
			pause();
			_exit(1);
		}
		usleep(1000 * (k % 5));
		EQ(kill(pid, SIGKILL), 0);
		int s = status_of(pid);

		CHECK(WIFSIGNALED(s));
		EQ(WTERMSIG(s), SIGKILL);
	}
}

GTEST(last_thread_status, "does the process live until its last thread ends?")
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, thread_noop, NULL);
		pthread_exit(NULL); /* the main thread */
	}
	int s = status_of(pid);

	CHECK(WIFEXITED(s));
	EQ(WEXITSTATUS(s), 0);
}

static void
stop_cont(int threads, bool spin)
{
	static atomic_int stop;
	pid_t pid = fork();
	int s;

	if (pid == 0) {
		pthread_t t;

		for (int i = 0; i < threads; i++)
			pthread_create(
			    &t, NULL, spin ? thread_spin : thread_sleep, &stop);
		for (;;)
			pause();
	}
	for (int i = 0; i < 100; i++) {
		EQ(kill(pid, SIGSTOP), 0);
		EQ(waitpid(pid, &s, WUNTRACED), pid);
		CHECK(WIFSTOPPED(s));
		EQ(WSTOPSIG(s), SIGSTOP);
		EQ(kill(pid, SIGCONT), 0);
		EQ(waitpid(pid, &s, WCONTINUED), pid);
		CHECK(WIFCONTINUED(s));
	}
	EQ(kill(pid, SIGSTOP), 0);
	EQ(waitpid(pid, &s, WUNTRACED), pid);
	EQ(kill(pid, SIGKILL), 0);
	s = status_of(pid);
	CHECK(WIFSIGNALED(s));
}

GTEST(stop_cont_one, "does stop and continue report each time?")
{
	stop_cont(0, false);
}

GTEST(stop_cont_sleepers, "with sleeping threads?")
{
	stop_cont(4, false);
}

GTEST(stop_cont_spinners, "with spinning threads?")
{
	stop_cont(3, true);
}

static atomic_int got;
static atomic_long sum;

static void
on_queue(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	atomic_fetch_add(&got, 1);
	atomic_fetch_add(&sum, si->si_value.sival_int);
}

GTEST(rt_queue, "do real-time signals queue, in order and with values?")
{
	struct sigaction sa = {
	    .sa_sigaction = on_queue, .sa_flags = SA_SIGINFO | SA_RESTART};
	union sigval v;
	int s;
	pid_t pid;

	sigaction(SIGRTMIN + 3, &sa, NULL);
	if ((pid = fork()) == 0) {
		for (int i = 1; i <= 500; i++) {
			v.sival_int = i;
			while (sigqueue(getppid(), SIGRTMIN + 3, v) != 0 &&
			    errno == EAGAIN)
				sched_yield();
		}
		_exit(0);
	}
	while (waitpid(pid, &s, 0) != pid)
		;
	for (int i = 0; i < 1000 && atomic_load(&got) < 500; i++)
		usleep(1000);
	EQ(atomic_load(&got), 500);
	EQ(atomic_load(&sum), 500 * 501 / 2);
}

static atomic_int storm_hits;
static atomic_int storm_stop;

static void
on_storm(int sig)
{
	(void)sig;
	atomic_fetch_add(&storm_hits, 1);
}

static void *
thread_storm(void *arg)
{
	volatile double x = 1.5;
	long n = 0;

	(void)arg;
	while (!atomic_load(&storm_stop)) {
		x = x * 1.25 / 1.25; /* floating state must survive */
		if (x < 1.4 || x > 1.6)
			FAIL("floating state lost: %f", x);
		n++;
	}
	return ((void *)n);
}

GTEST(signal_storm, "do threads survive signals at any instruction?")
{
	struct sigaction sa = {.sa_handler = on_storm};
	pthread_t t[3];

	sigaction(SIGUSR1, &sa, NULL);
	for (int i = 0; i < 3; i++)
		EQ(pthread_create(&t[i], NULL, thread_storm, NULL), 0);
	for (int i = 0; i < 600; i++) {
		EQ(pthread_kill(t[i % 3], SIGUSR1), 0);
		if (i % 16 == 0)
			usleep(500);
	}
	usleep(20000);
	atomic_store(&storm_stop, 1);
	for (int i = 0; i < 3; i++)
		EQ(pthread_join(t[i], NULL), 0);
	CHECK(atomic_load(&storm_hits) > 10);
}

static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter, turn;

static void *
thread_count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mtx);
		counter++;
		pthread_mutex_unlock(&mtx);
	}
	return (NULL);
}

GTEST(mutex_contention, "does a contended mutex count right?")
{
	pthread_t t[6];

	for (int i = 0; i < 6; i++)
		EQ(pthread_create(&t[i], NULL, thread_count, NULL), 0);
	for (int i = 0; i < 6; i++)
		EQ(pthread_join(t[i], NULL), 0);
	EQ(counter, 6 * 5000);
}

static void *
thread_turn(void *arg)
{
	long me = (long)arg;

	for (int i = 0; i < 300; i++) {
		pthread_mutex_lock(&mtx);
		while (turn % 4 != me)
			pthread_cond_wait(&cond, &mtx);
		turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mtx);
	}
	return (NULL);
}

GTEST(cond_ring, "do condition variables hand a turn around?")
{
	pthread_t t[4];

	for (long i = 0; i < 4; i++)
		EQ(pthread_create(&t[i], NULL, thread_turn, (void *)i), 0);
	for (int i = 0; i < 4; i++)
		EQ(pthread_join(t[i], NULL), 0);
	EQ(turn, 4 * 300);
}

GTEST(shared_mutex, "does a mutex in shared memory work between processes?")
{
	struct {
		pthread_mutex_t m;
		long n;
	} *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t at;
	pid_t pid[3];

	pthread_mutexattr_init(&at);
	pthread_mutexattr_setpshared(&at, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&sh->m, &at);
	for (int i = 0; i < 3; i++)
		if ((pid[i] = fork()) == 0) {
			for (int k = 0; k < 2000; k++) {
				pthread_mutex_lock(&sh->m);
				sh->n++;
				pthread_mutex_unlock(&sh->m);
			}
			_exit(0);
		}
	for (int i = 0; i < 3; i++)
		EQ(status_of(pid[i]), 0);
	EQ(sh->n, 6000);
}

GTEST(robust_owner_dies, "does the next locker learn of a dead owner?")
{
	pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile int *owned = (volatile int *)(m + 1);
	pthread_mutexattr_t at;
	pid_t pid;

	pthread_mutexattr_init(&at);
	pthread_mutexattr_setpshared(&at, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&at, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &at);
	if ((pid = fork()) == 0) {
		pthread_mutex_lock(m);
		*owned = 1;
		usleep(30000);
		_exit(0);
	}
	while (*owned == 0)
		usleep(1000);
	EQ(pthread_mutex_lock(m), EOWNERDEAD);
	EQ(pthread_mutex_consistent(m), 0);
	EQ(pthread_mutex_unlock(m), 0);
	EQ(status_of(pid), 0);
}

GTEST(vfork_parent_killed, "may the parent of a vfork be killed?")
{
	for (int k = 0; k < 10; k++) {
		int gate[2];
		char c;
		pid_t pid;

		EQ(pipe(gate), 0);
		if ((pid = fork()) == 0) {
			close(gate[1]);
			if (vfork() == 0) { /* until the other has died */
				while (read(gate[0], &c, 1) < 0)
					;
				_exit(0);
			}
			_exit(4);
		}
		usleep(5000);
		EQ(kill(pid, SIGKILL), 0);
		CHECK(WIFSIGNALED(status_of(pid)));
		close(gate[0]);
		close(gate[1]);
	}
}

GTEST(timer_overrun, "do timers count what was missed while blocked?")
{
	struct sigevent ev = {
	    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	struct itimerspec its = {{0, 1000000}, {0, 1000000}};
	sigset_t set;
	siginfo_t si;
	timer_t id;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
	EQ(timer_settime(id, 0, &its, NULL), 0);
	usleep(50000);
	EQ(sigwaitinfo(&set, &si), SIGRTMIN);
	EQ(si.si_code, SI_TIMER);
	CHECK(si.si_overrun >= 20);
	EQ(timer_delete(id), 0);
}

GTEST(cpu_limit, "does RLIMIT_CPU send SIGXCPU, then SIGKILL?")
{
	struct rlimit rl = {1, 2};
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGXCPU, SIG_IGN);
		setrlimit(RLIMIT_CPU, &rl);
		for (;;)
			;
	}
	int s = status_of(pid);

	CHECK(WIFSIGNALED(s));
	EQ(WTERMSIG(s), SIGKILL);
}

GTEST(virtual_timer, "does ITIMER_VIRTUAL count user time alone?")
{
	struct itimerval it = {{0, 0}, {0, 50000}};
	struct sigaction sa = {.sa_handler = on_storm};
	struct timespec a, b;

	sigaction(SIGVTALRM, &sa, NULL);
	setitimer(ITIMER_VIRTUAL, &it, NULL);
	usleep(100000);
	EQ(atomic_load(&storm_hits), 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	do
		clock_gettime(CLOCK_MONOTONIC, &b);
	while (atomic_load(&storm_hits) == 0 && b.tv_sec - a.tv_sec < 5);
	EQ(atomic_load(&storm_hits), 1);
}

GTEST(proc_limit, "does RLIMIT_NPROC stop forks with EAGAIN?")
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit rl = {5, 5};
		int n = 0;

		setrlimit(RLIMIT_NPROC, &rl);
		if (setgid(1000) != 0 || setuid(1000) != 0)
			_exit(1);
		for (; n < 20; n++) {
			pid_t c = fork();

			if (c == 0) {
				pause();
				_exit(0);
			}
			if (c == -1)
				break;
		}
		int e = errno;

		kill(-1, SIGKILL);
		_exit(n == 4 && e == EAGAIN ? 0 : 10 + n);
	}
	EQ(WEXITSTATUS(status_of(pid)), 0);
}

GTEST(orphan_group_hup, "do stopped members of an orphaned group get SIGHUP?")
{
	int fds[2], st;
	char c = 0;
	pid_t mid;

	EQ(pipe(fds), 0);
	if ((mid = fork()) == 0) {
		pid_t leaf;

		setpgid(0, 0);
		if ((leaf = fork()) == 0) {
			signal(SIGHUP, SIG_DFL);
			raise(SIGSTOP);
			_exit(0);
		}
		waitpid(leaf, &st, WUNTRACED);
		_exit(0); /* the group is orphaned now */
	}
	EQ(status_of(mid), 0);
	close(fds[1]);
	/* The leaf held the write end: it is gone when we see the end. */
	EQ(read(fds[0], &c, 1), 0);
}

GTEST(sigwait_group, "does one of several waiting threads take the signal?")
{
	sigset_t set;
	int sig;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if ((pid = fork()) == 0) {
		usleep(10000);
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	EQ(sigwait(&set, &sig), 0);
	EQ(sig, SIGUSR2);
	EQ(status_of(pid), 0);
}

GTEST(restart_read, "does SA_RESTART restart a read, and its lack end it?")
{
	struct itimerval it = {{0, 0}, {0, 20000}};
	struct sigaction sa = {.sa_handler = on_storm};
	int fds[2];
	char c;
	pid_t pid;

	EQ(pipe(fds), 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	ERR(read(fds[0], &c, 1), EINTR);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	if ((pid = fork()) == 0) {
		usleep(60000);
		write(fds[1], "x", 1);
		_exit(0);
	}
	setitimer(ITIMER_REAL, &it, NULL);
	EQ(read(fds[0], &c, 1), 1);
	EQ(atomic_load(&storm_hits), 2);
	EQ(status_of(pid), 0);
}

GTEST(sleep_over_stop, "does a sleep keep its end over stop and continue?")
{
	struct timespec a, b, d = {0, 200000000};
	pid_t pid, me = getpid();

	if ((pid = fork()) == 0) {
		usleep(50000);
		kill(me, SIGSTOP);
		usleep(50000);
		kill(me, SIGCONT);
		_exit(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	EQ(nanosleep(&d, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	long ms =
	    (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;

	CHECK(ms >= 195 && ms < 290);
	EQ(status_of(pid), 0);
}
