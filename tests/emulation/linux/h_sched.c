/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling classes: what they are, who may have them, and who runs first.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#define RESET 0x40000000

static int
reap(pid_t pid)
{
	int status = -1;

	EQ(waitpid(pid, &status, 0), pid);
	return (status);
}

static int
set_class(pid_t pid, int policy, int prio)
{
	struct sched_param sp = {.sched_priority = prio};

	return (sched_setscheduler(pid, policy, &sp));
}

static int
rtprio(pid_t pid)
{
	struct sched_param sp = {-1};

	EQ(sched_getparam(pid, &sp), 0);
	return (sp.sched_priority);
}

GTEST(classes, "are classes and priorities kept, and wrong ones refused?")
{
	struct sched_param sp = {5};

	EQ(sched_getscheduler(0), SCHED_OTHER);
	EQ(set_class(0, SCHED_FIFO, 10), 0);
	EQ(sched_getscheduler(0), SCHED_FIFO);
	EQ(rtprio(0), 10);
	EQ(sched_setparam(0, &sp), 0);
	EQ(rtprio(getpid()), 5);
	EQ(set_class(0, SCHED_RR, 99), 0);
	EQ(sched_getscheduler(getpid()), SCHED_RR);
	ERR(set_class(0, SCHED_RR, 0), EINVAL);
	ERR(set_class(0, SCHED_RR, 100), EINVAL);
	ERR(set_class(0, SCHED_RR, -1), EINVAL);
	ERR(set_class(0, SCHED_OTHER, 1), EINVAL);
	ERR(set_class(0, 4, 0), EINVAL);
	ERR(set_class(0, -1, 0), EINVAL);
	ERR(set_class(-1, SCHED_OTHER, 0), EINVAL);
	ERR(set_class(1 << 22, SCHED_OTHER, 0), ESRCH);
	ERR(sched_setscheduler(0, SCHED_OTHER, NULL), EINVAL);
	ERR(sched_getscheduler(-1), EINVAL);
	ERR(sched_getscheduler(1 << 22), ESRCH);
	ERR(sched_getparam(0, NULL), EINVAL);
	EQ(rtprio(0), 99);
	EQ(set_class(0, SCHED_BATCH, 0), 0);
	EQ(sched_getscheduler(0), SCHED_BATCH);
	EQ(set_class(0, SCHED_IDLE, 0), 0);
	EQ(sched_getscheduler(0), SCHED_IDLE);
	EQ(rtprio(0), 0);
	EQ(set_class(0, SCHED_OTHER, 0), 0);
	EQ(sched_get_priority_max(SCHED_FIFO), 99);
	EQ(sched_get_priority_min(SCHED_RR), 1);
	EQ(sched_get_priority_max(SCHED_IDLE), 0);
	EQ(sched_get_priority_max(6), 0);
	ERR(sched_get_priority_min(4), EINVAL);
}

GTEST(interval, "what slices do classes have?")
{
	struct timespec ts = {-1, -1};

	EQ(set_class(0, SCHED_FIFO, 1), 0);
	EQ(sched_rr_get_interval(0, &ts), 0);
	EQ(ts.tv_sec, 0);
	EQ(ts.tv_nsec, 0);
	EQ(set_class(0, SCHED_RR, 1), 0);
	EQ(sched_rr_get_interval(0, &ts), 0);
	EQ(ts.tv_nsec, 100000000);
	EQ(set_class(0, SCHED_OTHER, 0), 0);
	EQ(sched_rr_get_interval(0, &ts), 0);
	EQ(ts.tv_sec, 0);
	ERR(sched_rr_get_interval(-1, &ts), EINVAL);
}

GTEST(inherit, "does a child have its parent's class, unless that is reset?")
{
	pid_t pid;

	EQ(set_class(0, SCHED_FIFO, 7), 0);
	if ((pid = fork()) == 0) {
		EQ(sched_getscheduler(0), SCHED_FIFO);
		EQ(rtprio(0), 7);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(set_class(0, SCHED_RR | RESET, 7), 0);
	EQ(sched_getscheduler(0), SCHED_RR | RESET);
	if ((pid = fork()) == 0) {
		EQ(sched_getscheduler(0), SCHED_OTHER);
		EQ(rtprio(0), 0);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(set_class(0, SCHED_OTHER | RESET, 0), 0);
	EQ(setpriority(PRIO_PROCESS, 0, -5), 0);
	if ((pid = fork()) == 0) {
		EQ(getpriority(PRIO_PROCESS, 0), 0);
		EQ(sched_getscheduler(0), SCHED_OTHER);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
}

GTEST(rights, "what may a user do without CAP_SYS_NICE?")
{
	struct rlimit rl = {0, 0};
	pid_t pid, parent = getpid();

	if (geteuid() != 0)
		return;
	if ((pid = fork()) == 0) {
		EQ(setrlimit(RLIMIT_RTPRIO, &rl), 0);
		EQ(setrlimit(RLIMIT_NICE, &rl), 0);
		EQ(setresuid(1000, 1000, 1000), 0);
		ERR(set_class(0, SCHED_FIFO, 1), EPERM);
		ERR(set_class(parent, SCHED_BATCH, 0), EPERM);
		EQ(set_class(0, SCHED_BATCH, 0), 0);
		EQ(set_class(0, SCHED_IDLE, 0), 0);
		ERR(set_class(0, SCHED_OTHER, 0), EPERM);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	rl = (struct rlimit){10, 10};
	if (setrlimit(RLIMIT_RTPRIO, &rl) != 0)
		return; /* a root that may not raise limits */
	if ((pid = fork()) == 0) {
		EQ(set_class(0, SCHED_FIFO | RESET, 20), 0);
		EQ(setresuid(1000, 1000, 1000), 0);
		ERR(set_class(0, SCHED_FIFO, 20), EPERM); /* was to be reset */
		EQ(set_class(0, SCHED_FIFO | RESET, 15), 0); /* lower */
		ERR(set_class(0, SCHED_FIFO | RESET, 16), EPERM);
		EQ(set_class(0, SCHED_RR | RESET, 10), 0);
		ERR(set_class(0, SCHED_RR | RESET, 11), EPERM);
		EQ(set_class(0, SCHED_OTHER | RESET, 0), 0);
		EQ(set_class(0, SCHED_RR | RESET, 10), 0);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
}

/* The first version's size; newer headers have a larger structure. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint64_t more[2];
};
#define ATTR_SIZE 48

GTEST(attributes, "does sched_setattr do the same, and check its structure?")
{
	struct attr at = {.size = ATTR_SIZE, .policy = SCHED_RR, .priority = 3};

	EQ(syscall(SYS_sched_setattr, 0, &at, 0), 0);
	EQ(sched_getscheduler(0), SCHED_RR);
	memset(&at, 0xff, sizeof(at));
	EQ(syscall(SYS_sched_getattr, 0, &at, ATTR_SIZE, 0), 0);
	EQ(at.size, ATTR_SIZE);
	EQ(at.policy, SCHED_RR);
	EQ(at.priority, 3);
	EQ(at.flags, 0);
	EQ(at.nice, 0);
	at.policy = SCHED_OTHER;
	ERR(syscall(SYS_sched_setattr, 0, &at, 0), EINVAL); /* priority 3 */
	at.priority = 0;
	at.nice = 7;
	at.flags = 1; /* RESET_ON_FORK */
	EQ(syscall(SYS_sched_setattr, 0, &at, 0), 0);
	EQ(getpriority(PRIO_PROCESS, 0), 7);
	EQ(sched_getscheduler(0), SCHED_OTHER | RESET);
	at.flags = 0;
	at.policy = 4;
	ERR(syscall(SYS_sched_setattr, 0, &at, 0), EINVAL);
	at.policy = SCHED_BATCH;
	at.size = 0; /* means the first version */
	EQ(syscall(SYS_sched_setattr, 0, &at, 0), 0);
	EQ(sched_getscheduler(0), SCHED_BATCH);
	at.size = 40;
	ERR(syscall(SYS_sched_setattr, 0, &at, 0), E2BIG);
	CHECK(at.size >= ATTR_SIZE);
	at.size = 5000;
	ERR(syscall(SYS_sched_setattr, 0, &at, 0), E2BIG);
	at.size = ATTR_SIZE;
	ERR(syscall(SYS_sched_setattr, 0, &at, 1), EINVAL);
	ERR(syscall(SYS_sched_setattr, -1, &at, 0), EINVAL);
	ERR(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
	at.flags = 0x1000;
	ERR(syscall(SYS_sched_setattr, 0, &at, 0), EINVAL);
	ERR(syscall(SYS_sched_getattr, 0, &at, 47, 0), EINVAL);
	ERR(syscall(SYS_sched_getattr, 0, &at, 5000, 0), EINVAL);
	ERR(syscall(SYS_sched_getattr, 0, &at, ATTR_SIZE, 1), EINVAL);
	/* KEEP_POLICY and KEEP_PARAMS. */
	EQ(set_class(0, SCHED_FIFO, 9), 0);
	at = (struct attr){.size = ATTR_SIZE, .flags = 8, .priority = 11};
	EQ(syscall(SYS_sched_setattr, 0, &at, 0), 0);
	EQ(rtprio(0), 11);
	EQ(sched_getscheduler(0), SCHED_FIFO);
	at =
	    (struct attr){.size = ATTR_SIZE, .flags = 0x10, .policy = SCHED_RR};
	EQ(syscall(SYS_sched_setattr, 0, &at, 0), 0);
	EQ(rtprio(0), 11);
	EQ(sched_getscheduler(0), SCHED_FIFO); /* the class is kept, too */
}

/* --- who runs first ------------------------------------------------------------- */

/* All of us on one CPU. */
static void
one_cpu(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu >= 0 ? cpu : 0, &set);
	EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

GTEST(affinity, "does a thread move to the CPU that it is given?")
{
	volatile int *go = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t all, one;
	pid_t pid;

	EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		EQ(sched_setaffinity(0, sizeof(one), &one), 0);
		EQ(sched_getcpu(), cpu);
		*go = 0;
		if ((pid = fork()) == 0) {
			while (*go == 0)
				continue;
			EQ(sched_getcpu(), cpu);
			_exit(gtest_failures);
		}
		/* Another process, which runs or waits. */
		EQ(sched_setaffinity(0, sizeof(all), &all), 0);
		EQ(sched_setaffinity(pid, sizeof(all), &all), 0);
		EQ(sched_setaffinity(pid, sizeof(one), &one), 0);
		*go = 1;
		EQ(reap(pid), 0);
	}
	CPU_ZERO(&one);
	ERR(sched_setaffinity(0, sizeof(one), &one), EINVAL);
	ERR(sched_setaffinity(1 << 22, sizeof(all), &all), ESRCH);
	if (geteuid() != 0)
		return;
	if ((pid = fork()) == 0) {
		EQ(setresuid(1000, 1000, 1000), 0);
		ERR(sched_setaffinity(getppid(), sizeof(all), &all), EPERM);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
}

static volatile int order[8], turn;

static void *
note_turn(void *arg)
{
	order[turn++] = (int)(intptr_t)arg;
	return (NULL);
}

static pthread_t
rt_thread(int policy, int prio, void *(*func)(void *), int arg)
{
	struct sched_param sp = {prio};
	pthread_attr_t at;
	pthread_t t;

	pthread_attr_init(&at);
	pthread_attr_setinheritsched(&at, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&at, policy);
	pthread_attr_setschedparam(&at, &sp);
	EQ(pthread_create(&t, &at, func, (void *)(intptr_t)arg), 0);
	return (t);
}

GTEST(order, "do the ready run in the order of their priorities?")
{
	static const int prios[] = {10, 30, 20, 30, 5};
	static const int want[] = {30, 30, 20, 10, 5};
	pthread_t t[5];

	one_cpu();
	/* They cannot run before we are done, and then in order. */
	EQ(set_class(0, SCHED_FIFO, 50), 0);
	for (int i = 0; i < 5; i++)
		t[i] = rt_thread(SCHED_FIFO, prios[i], note_turn, prios[i]);
	EQ(turn, 0);
	for (int i = 0; i < 5; i++)
		EQ(pthread_join(t[i], NULL), 0);
	for (int i = 0; i < 5; i++)
		EQ(order[i], want[i]);
}

GTEST(yield, "does a yield let equals run, and nobody else?")
{
	pthread_t a, b, c;

	one_cpu();
	EQ(set_class(0, SCHED_FIFO, 50), 0);
	a = rt_thread(SCHED_FIFO, 50, note_turn, 1);
	b = rt_thread(SCHED_FIFO, 49, note_turn, 2);
	EQ(turn, 0);
	sched_yield();
	EQ(turn, 1);
	EQ(order[0], 1);
	sched_yield();
	EQ(turn, 1);
	/* One that is higher runs at once. */
	c = rt_thread(SCHED_RR, 51, note_turn, 3);
	EQ(turn, 2);
	EQ(order[1], 3);
	/* A thread that is raised above us, too. */
	EQ(pthread_setschedparam(b, SCHED_FIFO, &(struct sched_param){60}), 0);
	EQ(turn, 3);
	EQ(order[2], 2);
	EQ(pthread_join(a, NULL), 0);
	EQ(pthread_join(b, NULL), 0);
	EQ(pthread_join(c, NULL), 0);
}

/* --- inheritance ---------------------------------------------------------------- */

static pthread_mutex_t first, second;
static sem_t go_a, go_d;

/* Holds the first lock until it is told to go on. */
static void *
chain_a(void *arg)
{
	pthread_mutex_lock(&first);
	sem_wait(&go_a);
	note_turn(arg);
	pthread_mutex_unlock(&first);
	return (NULL);
}

/* Holds the second, and waits for the first. */
static void *
chain_b(void *arg)
{
	pthread_mutex_lock(&second);
	pthread_mutex_lock(&first);
	note_turn(arg);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	return (NULL);
}

static void *
chain_c(void *arg)
{
	pthread_mutex_lock(&second);
	note_turn(arg);
	pthread_mutex_unlock(&second);
	return (NULL);
}

static void *
chain_d(void *arg)
{
	sem_wait(&go_d);
	note_turn(arg);
	return (NULL);
}

/* All others have gone on until they wait. */
static void
let_others_run(void)
{
	EQ(set_class(0, SCHED_FIFO, 1), 0);
	EQ(set_class(0, SCHED_FIFO, 60), 0);
}

GTEST(chain, "is priority inherited along a chain of locks?")
{
	pthread_mutexattr_t at;
	pthread_t t[4];

	one_cpu();
	pthread_mutexattr_init(&at);
	EQ(pthread_mutexattr_setprotocol(&at, PTHREAD_PRIO_INHERIT), 0);
	EQ(pthread_mutex_init(&first, &at), 0);
	EQ(pthread_mutex_init(&second, &at), 0);
	sem_init(&go_a, 0, 0);
	sem_init(&go_d, 0, 0);
	EQ(set_class(0, SCHED_FIFO, 60), 0);
	t[0] = rt_thread(SCHED_FIFO, 10, chain_a, 1);
	let_others_run();
	t[1] = rt_thread(SCHED_FIFO, 20, chain_b, 2);
	let_others_run();
	t[2] = rt_thread(SCHED_FIFO, 40, chain_c, 3);
	let_others_run();
	t[3] = rt_thread(SCHED_FIFO, 30, chain_d, 4);
	let_others_run();
	EQ(turn, 0);
	sem_post(&go_d);
	sem_post(&go_a);
	let_others_run();
	for (int i = 0; i < 4; i++) {
		EQ(pthread_join(t[i], NULL), 0);
		EQ(order[i], i + 1);
	}
}

static uint32_t words[2];

static void *
crossing(void *arg)
{
	(void)arg;
	EQ(syscall(SYS_futex, &words[0], FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(syscall(SYS_futex, &words[1], FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(syscall(SYS_futex, &words[1], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(syscall(SYS_futex, &words[0], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	return (NULL);
}

GTEST(deadlock, "is a circle of waits for PI locks refused?")
{
	pthread_t t;

	EQ(syscall(SYS_futex, &words[1], FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(pthread_create(&t, NULL, crossing, NULL), 0);
	while (
	    (__atomic_load_n(&words[1], __ATOMIC_SEQ_CST) & FUTEX_WAITERS) == 0)
		sched_yield();
	ERR(syscall(SYS_futex, &words[0], FUTEX_LOCK_PI, 0, NULL, NULL, 0),
	    EDEADLK);
	EQ(syscall(SYS_futex, &words[1], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(pthread_join(t, NULL), 0);
	EQ(words[0], 0);
	EQ(words[1], 0);
}

GTEST(starving, "does a real-time loop leave others some time?")
{
	volatile int *flag = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t other;

	one_cpu();
	if ((other = fork()) == 0) {
		*flag = 1; /* an ordinary process of the same CPU */
		_exit(0);
	}
	EQ(set_class(0, SCHED_FIFO, 99), 0);
	while (*flag == 0)
		continue;
	EQ(set_class(0, SCHED_OTHER, 0), 0);
	EQ(reap(other), 0);
}

/* --- disks ------------------------------------------------------------------------ */

#define IO(class, level) ((class) << 13 | (level))

static long
io_set(int which, int who, int prio)
{
	return (syscall(SYS_ioprio_set, which, who, prio));
}

static long
io_get(int which, int who)
{
	return (syscall(SYS_ioprio_get, which, who));
}

static void
io_as_user(void)
{
	EQ(setuid(1000), 0);
	ERR(io_set(1, 0, IO(1, 0)), EPERM);
	ERR(io_set(1, getppid(), IO(2, 1)), EPERM);
	EQ(io_set(1, 0, IO(2, 0)), 0);
	EQ(io_set(1, 0, IO(3, 0)), 0);
}

static void
in_own_group(void)
{
	pid_t pid;

	EQ(setpgid(0, 0), 0);
	EQ(io_set(1, 0, IO(2, 7)), 0);
	EQ(io_get(1, 0), IO(2, 7));
	EQ(io_get(1, getpid()), IO(2, 7));
	if ((pid = fork()) == 0) {
		EQ(io_get(1, 0), IO(2, 7));
		EQ(io_set(1, 0, IO(2, 3)), 0);
		EQ(io_get(2, 0), IO(2, 3)); /* the better of two */
		EQ(io_get(1, getppid()), IO(2, 7));
		io_as_user();
		_exit(gtest_failures != 0);
	}
	EQ(reap(pid), 0);
	EQ(io_get(2, 0), IO(2, 7));
	EQ(io_set(2, 0, IO(1, 2)), 0);
	EQ(io_get(1, 0), IO(1, 2));
	EQ(io_set(1, 0, IO(3, 0)), 0);
	EQ(io_get(1, 0), IO(3, 0));
	EQ(io_set(1, 0, 0), 0); /* by nice: that of a whole group tells */
	EQ(io_get(2, 0), IO(2, 4));
	ERR(io_set(1, 0, 1), EINVAL);
	ERR(io_set(1, 0, IO(5, 0)), EINVAL);
	ERR(io_set(4, 0, IO(2, 0)), EINVAL);
	ERR(io_get(9, 0), EINVAL);
	ERR(io_set(1, 0x3ffffff, IO(2, 0)), ESRCH);
	ERR(io_get(1, 0x3ffffff), ESRCH);
}

GTEST(disks, "is a priority for disks kept, inherited, and the best one told?")
{
	pid_t pid;

	if ((pid = fork()) == 0) {
		in_own_group();
		_exit(gtest_failures != 0);
	}
	EQ(reap(pid), 0);
}
