/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: pthreads, futexes, thread-directed signals, exits. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;
static __thread int local = 5;

static void *
add_many(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	local++;
	return ((void *)((uintptr_t)arg + (uintptr_t)local));
}

GTEST(thread_mutex, "do four threads count without loss?")
{
	pthread_t t[4];
	void *r;

	for (int i = 0; i < 4; i++)
		EQ(pthread_create(&t[i], NULL, add_many, (void *)(uintptr_t)i),
		    0);
	for (int i = 0; i < 4; i++) {
		EQ(pthread_join(t[i], &r), 0);
		EQ((uintptr_t)r, i + 6);
	}
	EQ(counter, 80000);
	EQ(local, 5);
}

static int turn;

static void *
player(void *arg)
{
	int me = (int)(uintptr_t)arg;

	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = !me;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return (NULL);
}

GTEST(thread_cond, "do two threads hand a turn over a thousand times?")
{
	pthread_t a, b;

	EQ(pthread_create(&a, NULL, player, (void *)0), 0);
	EQ(pthread_create(&b, NULL, player, (void *)1), 0);
	EQ(pthread_join(a, NULL), 0);
	EQ(pthread_join(b, NULL), 0);
}

static void *
nothing(void *arg)
{
	return (arg);
}

GTEST(thread_many, "do 500 threads, one after the other, leave nothing?")
{
	pthread_t t;

	for (int i = 0; i < 500; i++) {
		EQ(pthread_create(&t, NULL, nothing, NULL), 0);
		EQ(pthread_join(t, NULL), 0);
	}
}

static sem_t gate;

static void *
wait_gate(void *arg)
{
	sem_wait(&gate);
	return (arg);
}

GTEST(thread_crowd, "do 60 threads live at once?")
{
	pthread_t t[60];

	sem_init(&gate, 0, 0);
	for (int i = 0; i < 60; i++)
		EQ(pthread_create(&t[i], NULL, wait_gate, NULL), 0);
	for (int i = 0; i < 60; i++)
		sem_post(&gate);
	for (int i = 0; i < 60; i++)
		EQ(pthread_join(t[i], NULL), 0);
}

static void *
exit_all(void *arg)
{
	(void)arg;
	_exit(42);
}

static void *
spin_forever(void *arg)
{
	for (;;)
		__asm__ volatile("pause");
	return (arg);
}

GTEST(thread_exit_group, "does exit end threads that wait and that spin?")
{
	pthread_t t;
	int s;
	pid_t pid = fork();

	if (pid == 0) {
		sem_init(&gate, 0, 0);
		pthread_create(&t, NULL, wait_gate, NULL);
		pthread_create(&t, NULL, spin_forever, NULL);
		pthread_create(&t, NULL, exit_all, NULL);
		pause();
	}
	EQ(waitpid(pid, &s, 0), pid);
	EQ(WEXITSTATUS(s), 42);
}

static void *
exec_other(void *arg)
{
	(void)arg;
	execl("/bin/true", "true", NULL);
	_exit(9);
}

GTEST(thread_exec, "does exec from a thread end the others?")
{
	pthread_t t;
	int s;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_create(&t, NULL, spin_forever, NULL);
		pthread_create(&t, NULL, exec_other, NULL);
		pause();
	}
	EQ(waitpid(pid, &s, 0), pid);
	EQ(s, 0);
}

static volatile pid_t caught_by;

static void
note_tid(int sig)
{
	(void)sig;
	caught_by = (pid_t)syscall(SYS_gettid);
}

static volatile pid_t other_tid;

static void *
wait_signal(void *arg)
{
	other_tid = (pid_t)syscall(SYS_gettid);
	while (caught_by == 0)
		usleep(1000);
	return (arg);
}

GTEST(thread_tgkill, "does a directed signal reach its thread?")
{
	pthread_t t;

	signal(SIGUSR1, note_tid);
	EQ(pthread_create(&t, NULL, wait_signal, NULL), 0);
	while (other_tid == 0)
		usleep(1000);
	EQ(syscall(SYS_tgkill, getpid(), other_tid, SIGUSR1), 0);
	EQ(pthread_join(t, NULL), 0);
	EQ(caught_by, other_tid);
	ERR(syscall(SYS_tgkill, getpid(), 99999, SIGUSR1), ESRCH);
}

GTEST(futex_basics, "do wait, wake, timeout and mismatch answer right?")
{
	uint32_t word = 1;
	struct timespec ts = {0, 20000000};

	ERR(syscall(SYS_futex, &word, FUTEX_WAIT, 2, NULL, NULL, 0), EAGAIN);
	ERR(syscall(SYS_futex, &word, FUTEX_WAIT, 1, &ts, NULL, 0), ETIMEDOUT);
	EQ(syscall(SYS_futex, &word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
	ERR(syscall(SYS_futex, 8, FUTEX_WAIT, 1, &ts, NULL, 0), EFAULT);
	ERR(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 1, &ts, NULL, 0),
	    EINVAL);
	ERR(syscall(SYS_futex, &word, 99, 1, NULL, NULL, 0), ENOSYS);
}

GTEST(futex_shared, "does a futex in shared memory wake another process?")
{
	volatile uint32_t *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int s;

	if (fork() == 0) {
		while (*w == 0)
			syscall(SYS_futex, w, FUTEX_WAIT, 0, NULL, NULL, 0);
		_exit((int)*w);
	}
	usleep(30000);
	*w = 7;
	syscall(SYS_futex, w, FUTEX_WAKE, 1, NULL, NULL, 0);
	wait(&s);
	EQ(WEXITSTATUS(s), 7);
}

static void *
die_holding(void *arg)
{
	pthread_mutex_lock(arg);
	return (NULL);
}

GTEST(futex_robust, "is a robust mutex of a dead thread handed on?")
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &attr);
	EQ(pthread_create(&t, NULL, die_holding, &m), 0);
	EQ(pthread_join(t, NULL), 0);
	EQ(pthread_mutex_lock(&m), EOWNERDEAD);
	EQ(pthread_mutex_consistent(&m), 0);
	EQ(pthread_mutex_unlock(&m), 0);
}

static void *
fault_loop(void *arg)
{
	for (int i = 0; i < 200; i++) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(p, 1, 65536);
		munmap(p, 65536);
	}
	return (arg);
}

GTEST(thread_faults, "do threads fault and unmap in one space together?")
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		EQ(pthread_create(&t[i], NULL, fault_loop, NULL), 0);
	for (int i = 0; i < 4; i++)
		EQ(pthread_join(t[i], NULL), 0);
}

static volatile int stop;

static void *
fork_loop(void *arg)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	stop = 1;
	return (arg);
}

GTEST(thread_fork, "is fork right while another thread writes memory?")
{
	static volatile int cells[64 * 1024];
	pthread_t t;
	int n = 0;

	EQ(pthread_create(&t, NULL, fork_loop, NULL), 0);
	while (!stop) {
		n++;
		for (int i = 0; i < 64 * 1024; i += 1024)
			cells[i] = n;
		for (int i = 0; i < 64 * 1024; i += 1024)
			if (cells[i] != n) {
				FAIL("cell %d is %d, not %d", i, cells[i], n);
				stop = 1;
				break;
			}
	}
	pthread_join(t, NULL);
}

GTEST(sched_calls, "do affinity and yield answer?")
{
	cpu_set_t set;

	EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK(CPU_COUNT(&set) >= 1);
	EQ(sched_yield(), 0);
	EQ(sched_getscheduler(0), SCHED_OTHER);
}
