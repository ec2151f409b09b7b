/* SPDX-License-Identifier: BSD-2-Clause */
/* SCHED_DEADLINE: who may have it, admission, throttling, what goes with it. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#define MS	 1000000L
#define DEADLINE 6
#define RESET	 1
#define RECLAIM	 2
#define OVERRUN	 4

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int
set(uint64_t runtime, uint64_t deadline, uint64_t period, uint64_t flags)
{
	struct attr a = {
	    sizeof(a), DEADLINE, flags, 0, 0, runtime, deadline, period};

	return ((int)syscall(SYS_sched_setattr, 0, &a, 0));
}

static struct attr
get(void)
{
	struct attr a;

	memset(&a, 0, sizeof(a));
	EQ(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0), 0);
	return (a);
}

static void
ordinary(void)
{
	EQ(sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0}), 0);
}

static int64_t
now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ((int64_t)ts.tv_sec * 1000 * MS + ts.tv_nsec);
}

GTEST(parameters, "are times that make no sense refused, and others told?")
{
	struct attr a = {sizeof(a), DEADLINE, 0, 0, 5, MS, 10 * MS, 10 * MS};
	struct sched_param sp = {0};

	ERR(set(0, 10 * MS, 10 * MS, 0), EINVAL);
	ERR(set(1000, 10 * MS, 10 * MS, 0), EINVAL); /* less than 1024 ns */
	ERR(set(MS, 0, 10 * MS, 0), EINVAL);
	ERR(set(20 * MS, 10 * MS, 10 * MS, 0), EINVAL);
	ERR(set(MS, 20 * MS, 10 * MS, 0), EINVAL);
	ERR(set(2000, 50000, 50000, 0), EINVAL); /* less than 100 us */
	ERR(set(MS, 5000 * MS, 5000 * MS, 0), EINVAL);
	ERR(set(MS, 1ULL << 63, 1ULL << 63, 0), EINVAL);
	ERR(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL); /* a priority */
	ERR(sched_setscheduler(0, DEADLINE, &sp), EINVAL);
	EQ(get().policy, SCHED_OTHER);
	signal(SIGXCPU, SIG_IGN); /* a slow machine may need a millisecond */
	EQ(set(MS, 10 * MS, 20 * MS, OVERRUN), 0);
	a = get();
	EQ(a.policy, DEADLINE);
	EQ(a.runtime, MS);
	EQ(a.deadline, 10 * MS);
	EQ(a.period, 20 * MS);
	EQ(a.flags, OVERRUN);
	EQ(a.priority, 0);
	EQ(sched_getscheduler(0), DEADLINE);
	EQ(set(MS, 30 * MS, 0, 0), 0); /* no period: the deadline */
	EQ(get().period, 30 * MS);
	EQ(get().flags, 0);
	ordinary();
	EQ(sched_getscheduler(0), SCHED_OTHER);
}

static int
in_child(void (*func)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		func();
		_exit(gtest_failures != 0);
	}
	EQ(waitpid(pid, &status, 0), pid);
	return (status);
}

static void
as_user(void)
{
	EQ(setuid(1000), 0);
	ERR(set(MS, 10 * MS, 10 * MS, 0), EPERM);
}

static void
on_one_cpu(void)
{
	cpu_set_t one, all;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	if (CPU_COUNT(&all) == 1)
		return;
	EQ(sched_setaffinity(0, sizeof(one), &one), 0);
	ERR(set(MS, 10 * MS, 10 * MS, 0), EPERM);
	EQ(sched_setaffinity(0, sizeof(all), &all), 0);
	EQ(set(MS, 10 * MS, 10 * MS, 0), 0);
	ERR(sched_setaffinity(0, sizeof(one), &one), EBUSY);
	EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

GTEST(rights, "is it root's alone, and for those that may use all CPUs?")
{
	EQ(in_child(as_user), 0);
	EQ(in_child(on_one_cpu), 0);
}

GTEST(admission, "are no more let in than the CPUs have time for?")
{
	int n = (int)sysconf(_SC_NPROCESSORS_ONLN), in = 0, refused = 0;
	int to[2], from[2];
	char c;

	EQ(pipe(to), 0);
	EQ(pipe(from), 0);
	for (int i = 0; i < 2 * n + 1; i++) {
		if (fork() == 0) {
			c = set(60 * MS, 100 * MS, 100 * MS, 0) == 0 ? 'y'
			    : errno == EBUSY			     ? 'n'
								     : '?';
			(void)!write(from[1], &c, 1);
			close(to[1]);
			(void)!read(to[0], &c, 1);
			_exit(0);
		}
		EQ(read(from[0], &c, 1), 1);
		CHECK(c != '?');
		in += c == 'y';
		refused += c == 'n';
	}
	CHECK(in >= 1 && in <= 2 * n * 95 / 120 + 1);
	CHECK(refused >= 1);
	close(to[1]);
	while (wait(NULL) > 0)
		continue;
	/* what they had is to be had again, perhaps a moment later */
	for (int i = 0; i < 1000 && set(60 * MS, 100 * MS, 100 * MS, 0) != 0;
	     i++) {
		EQ(errno, EBUSY);
		usleep(10000);
	}
	EQ(sched_getscheduler(0), DEADLINE);
	/* with less there is always room, with more there may be none */
	EQ(set(10 * MS, 100 * MS, 100 * MS, 0), 0);
	ordinary();
}

GTEST(throttled, "does a thread get no more than it asked for?")
{
	int64_t begin = now(CLOCK_MONOTONIC), used, lasted;

	used = now(CLOCK_THREAD_CPUTIME_ID);
	EQ(set(2 * MS, 40 * MS, 40 * MS, 0), 0);
	/* 5 % of a CPU: all else would be at least a half */
	while (now(CLOCK_MONOTONIC) - begin < 1500 * MS)
		continue;
	used = now(CLOCK_THREAD_CPUTIME_ID) - used;
	lasted = now(CLOCK_MONOTONIC) - begin;
	ordinary();
	CHECK(used > 0 && used < lasted / 2);
}

/* The part in 100 of a CPU that the calling thread has for a while. */
static int64_t
had(int64_t for_ns)
{
	int64_t begin = now(CLOCK_MONOTONIC);
	int64_t used = now(CLOCK_THREAD_CPUTIME_ID), lasted;

	while (now(CLOCK_MONOTONIC) - begin < for_ns)
		continue;
	used = now(CLOCK_THREAD_CPUTIME_ID) - used;
	lasted = now(CLOCK_MONOTONIC) - begin;
	return (100 * used / lasted);
}

GTEST(reclaim, "does who asked for it use what nobody else does?")
{
	int64_t plain, more = 0;

	EQ(set(2 * MS, 40 * MS, 40 * MS, RECLAIM), 0);
	EQ(get().flags, RECLAIM);
	ordinary();
	/* 5 % against up to 95 %; who else is busy may leave less, at times. */
	for (int i = 0; i < 10; i++) {
		EQ(set(2 * MS, 40 * MS, 40 * MS, 0), 0);
		plain = had(400 * MS);
		EQ(set(2 * MS, 40 * MS, 40 * MS, RECLAIM), 0);
		more = had(400 * MS);
		ordinary();
		if (more > plain)
			break;
	}
	CHECK(more > plain);
}

GTEST(yield, "does sched_yield give up what is left of a period?")
{
	int64_t begin;

	EQ(set(10 * MS, 50 * MS, 50 * MS, 0), 0);
	sched_yield();
	begin = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 4; i++)
		sched_yield();
	CHECK(now(CLOCK_MONOTONIC) - begin >= 3 * 50 * MS);
	ordinary();
}

static volatile int overruns;

static void
on_xcpu(int sig)
{
	(void)sig;
	overruns++;
}

GTEST(overrun, "is who used its time up told so, if it asked?")
{
	signal(SIGXCPU, on_xcpu);
	EQ(set(2 * MS, 30 * MS, 30 * MS, 0), 0);
	for (int64_t t = now(CLOCK_MONOTONIC);
	     now(CLOCK_MONOTONIC) - t < 100 * MS;)
		continue;
	EQ(overruns, 0);
	EQ(set(2 * MS, 30 * MS, 30 * MS, OVERRUN), 0);
	while (overruns < 2)
		continue;
	ordinary();
}

static void
forks(void)
{
	pid_t pid;
	int status;

	EQ(set(10 * MS, 50 * MS, 50 * MS, 0), 0);
	ERR(fork(), EAGAIN);
	EQ(set(10 * MS, 50 * MS, 50 * MS, RESET), 0);
	if ((pid = fork()) == 0)
		_exit(sched_getscheduler(0) == SCHED_OTHER ? 5 : 6);
	EQ(waitpid(pid, &status, 0), pid);
	EQ(WEXITSTATUS(status), 5);
	EQ(get().policy, DEADLINE);
}

GTEST(forked, "has a child an ordinary class, or none?")
{
	EQ(in_child(forks), 0);
}

static void
spin(void)
{
	for (;;)
		continue;
}

GTEST(killed, "can one that waits for its next period be killed and stopped?")
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (set(2 * MS, 2000 * MS, 4000 * MS, 0) == 0)
			spin();
		_exit(1);
	}
	usleep(50000);
	kill(pid, SIGSTOP);
	EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, SIGKILL);
}
