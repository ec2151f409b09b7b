/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes with priority inheritance, waits on several words, restartable
 * sequences, membarrier.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static long
futex(uint32_t *word, int op, uint32_t val, const void *timeout, uint32_t *w2,
    uint32_t val3)
{
	return (syscall(SYS_futex, word, op, val, timeout, w2, val3));
}

static struct timespec
soon(clockid_t clock, long ms)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_nsec += ms * 1000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return (ts);
}

static uint32_t
load(uint32_t *p)
{
	return (__atomic_load_n(p, __ATOMIC_SEQ_CST));
}

static int
reap(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) != pid && errno == EINTR)
		continue;
	return (status);
}

static uint32_t *
shared_words(void)
{
	return (mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* Until the word says that somebody waits. */
static void
await_waiters(uint32_t *word)
{
	while ((load(word) & FUTEX_WAITERS) == 0)
		usleep(500);
}

GTEST(pi_alone, "does a PI lock work, and say what is wrong, for one thread?")
{
	uint32_t word = 0, me = (uint32_t)gettid();
	pid_t dead;

	EQ(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(word, me);
	ERR(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
	ERR(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EDEADLK);
	EQ(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(word, 0);
	ERR(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
	EQ(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	if ((dead = fork()) == 0)
		_exit(0);
	reap(dead);
	word = (uint32_t)dead;
	ERR(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH);
	ERR(futex((uint32_t *)((char *)&word + 1), FUTEX_LOCK_PI, 0, NULL, NULL,
		0),
	    EINVAL);
	ERR(futex((uint32_t *)8, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EFAULT);
}

GTEST(pi_hand_over, "is a PI lock handed to who waits, between processes?")
{
	uint32_t *w = shared_words();
	pid_t pid;

	EQ(futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	if ((pid = fork()) == 0) {
		EQ(futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
		EQ(load(w) & FUTEX_TID_MASK, (uint32_t)gettid());
		w[1] = 1;
		EQ(futex(w, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
		_exit(gtest_failures);
	}
	await_waiters(w);
	EQ(w[1], 0);
	ERR(futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
	EQ(futex(w, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(reap(pid), 0);
	EQ(w[1], 1);
	EQ(load(w), 0);
}

GTEST(pi_timeout, "do waits for a PI lock end at their time?")
{
	uint32_t *w = shared_words();
	struct timespec ts;
	pid_t pid;

	EQ(futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	if ((pid = fork()) == 0) {
		ts = soon(CLOCK_REALTIME, 20);
		ERR(futex(w, FUTEX_LOCK_PI, 0, &ts, NULL, 0), ETIMEDOUT);
		ts = soon(CLOCK_MONOTONIC, 20);
		ERR(futex(w, FUTEX_LOCK_PI2, 0, &ts, NULL, 0), ETIMEDOUT);
		ts = (struct timespec){1, 0};
		ERR(futex(w, FUTEX_LOCK_PI, 0, &ts, NULL, 0), ETIMEDOUT);
		ERR(futex(w, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(futex(w, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(load(w) & FUTEX_TID_MASK, 0);
}

GTEST(pi_owner_died, "does the waiter get the lock of an owner that ended?")
{
	uint32_t *w = shared_words();
	pid_t pid;
	int to[2];
	char c;

	pipe(to);
	if ((pid = fork()) == 0) {
		futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
		write(to[1], "l", 1);
		await_waiters(w);
		_exit(0);
	}
	read(to[0], &c, 1);
	EQ(futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	EQ(load(w) & FUTEX_TID_MASK, (uint32_t)gettid());
	EQ(load(w) & FUTEX_OWNER_DIED, FUTEX_OWNER_DIED);
	reap(pid);
}

static pthread_mutex_t mutex;
static long counter;

static void *
count(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		pthread_mutex_lock(&mutex);
		long v = counter;
		if (i % 64 == 0)
			sched_yield();
		counter = v + 1;
		pthread_mutex_unlock(&mutex);
	}
	return (arg);
}

GTEST(
    pi_mutex, "do threads with a PI mutex of the C library exclude each other?")
{
	pthread_mutexattr_t a;
	pthread_t t[4];

	pthread_mutexattr_init(&a);
	EQ(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT), 0);
	EQ(pthread_mutex_init(&mutex, &a), 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, count, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	EQ(counter, 12000);
}

static void
on_alarm(int sig)
{
	counter++;
}

GTEST(pi_signals, "do signals during waits for PI locks lose nothing?")
{
	struct itimerval it = {{0, 700}, {0, 700}};
	struct sigaction sa = {.sa_handler = on_alarm};
	uint32_t *w = shared_words();
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		if ((pid[i] = fork()) == 0) {
			sigaction(SIGALRM, &sa, NULL); /* no SA_RESTART */
			setitimer(ITIMER_REAL, &it, NULL);
			for (int k = 0; k < 400; k++) {
				if (futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0) !=
				    0)
					_exit(1);
				uint32_t v = w[1];
				if (k % 16 == 0)
					sched_yield();
				w[1] = v + 1;
				if (futex(w, FUTEX_UNLOCK_PI, 0, NULL, NULL,
					0) != 0) {
					printf("unlock: errno %d, word %x, I "
					       "am %x, round %d\n",
					    errno, load(w), gettid(), k);
					_exit(2);
				}
			}
			_exit(0);
		}
	for (int i = 0; i < 3; i++)
		EQ(reap(pid[i]), 0);
	EQ(w[1], 1200);
}

/* Its owner may be gone between the look at the word and the wait for it. */
GTEST(pi_short_lived, "is a lock got whose owner gave it back and ended?")
{
	uint32_t *w = shared_words();
	pid_t taker, pid;

	if ((taker = fork()) == 0) {
		while (load(&w[1]) == 0)
			if (futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0) != 0 ||
			    futex(w, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) != 0)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 300; i++) {
		if ((pid = fork()) == 0)
			_exit(futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0) != 0 ||
			    futex(w, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) != 0);
		EQ(reap(pid), 0);
	}
	__atomic_store_n(&w[1], 1, __ATOMIC_SEQ_CST);
	EQ(reap(taker), 0);
}

static void *
lock_and_end(void *arg)
{
	EQ(pthread_mutex_lock(&mutex), 0);
	return (arg);
}

GTEST(pi_robust, "is a robust PI mutex of an ended thread recovered?")
{
	pthread_mutexattr_t a;
	pthread_t t;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	EQ(pthread_mutex_init(&mutex, &a), 0);
	pthread_create(&t, NULL, lock_and_end, NULL);
	pthread_join(t, NULL);
	EQ(pthread_mutex_lock(&mutex), EOWNERDEAD);
	EQ(pthread_mutex_consistent(&mutex), 0);
	EQ(pthread_mutex_unlock(&mutex), 0);
	EQ(pthread_mutex_lock(&mutex), 0);
	EQ(pthread_mutex_unlock(&mutex), 0);
}

GTEST(
    requeue_pi, "do waiters that are requeued to a PI lock come back with it?")
{
	uint32_t *w = shared_words();
	struct timespec ts;
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		if ((pid[i] = fork()) == 0) {
			__atomic_add_fetch(&w[3], 1, __ATOMIC_SEQ_CST);
			if (futex(&w[0], FUTEX_WAIT_REQUEUE_PI, 0, NULL, &w[1],
				0) != 0)
				_exit(1);
			if ((load(&w[1]) & FUTEX_TID_MASK) !=
			    (uint32_t)gettid())
				_exit(2);
			w[2]++;
			_exit(futex(&w[1], FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) !=
			    0);
		}
	while (load(&w[3]) != 3)
		usleep(500);
	for (long n = 0; n < 3;) {
		long r =
		    futex(&w[0], FUTEX_CMP_REQUEUE_PI, 1, (void *)3, &w[1], 0);

		CHECK(r >= 0);
		n += r;
		usleep(500);
	}
	for (int i = 0; i < 3; i++)
		EQ(reap(pid[i]), 0);
	EQ(w[2], 3);
	ERR(futex(&w[0], FUTEX_CMP_REQUEUE_PI, 1, (void *)3, &w[1], 5), EAGAIN);
	ERR(futex(&w[0], FUTEX_CMP_REQUEUE_PI, 2, (void *)3, &w[1], 0), EINVAL);
	ts = soon(CLOCK_MONOTONIC, 10);
	ERR(futex(&w[0], FUTEX_WAIT_REQUEUE_PI, 0, &ts, &w[1], 0), ETIMEDOUT);
	ERR(futex(&w[0], FUTEX_WAIT_REQUEUE_PI, 7, NULL, &w[1], 0), EAGAIN);
}

/* --- futex_waitv ------------------------------------------------------------------ */

struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static long
waitv(struct waitv *v, unsigned n, const struct timespec *ts)
{
	return (syscall(SYS_futex_waitv, v, n, 0, ts, CLOCK_MONOTONIC));
}

GTEST(waitv, "does futex_waitv wake for any word, and check what it is given?")
{
	uint32_t *w = shared_words();
	struct waitv v[3];
	struct timespec ts;
	long woken = 0;
	pid_t pid;

	for (int i = 0; i < 3; i++)
		v[i] = (struct waitv){(uint64_t)i, (uintptr_t)&w[i * 4], 2, 0};
	w[4] = 1;
	w[8] = 2;
	if ((pid = fork()) == 0)
		_exit((int)waitv(v, 3, NULL));
	while (woken == 0) {
		woken = futex(&w[4], FUTEX_WAKE, 1, NULL, NULL, 0);
		usleep(500);
	}
	EQ(reap(pid), 1 << 8);
	ts = soon(CLOCK_MONOTONIC, 20);
	ERR(waitv(v, 3, &ts), ETIMEDOUT);
	v[2].val = 9;
	ERR(waitv(v, 3, NULL), EAGAIN);
	v[2].val = 2;
	v[2].flags = 0;
	ERR(waitv(v, 3, NULL), EINVAL);
	v[2].flags = 2;
	v[2].reserved = 1;
	ERR(waitv(v, 3, NULL), EINVAL);
	ERR(waitv(v, 0, NULL), EINVAL);
	ERR(waitv(v, 129, NULL), EINVAL);
	ERR(waitv((void *)8, 2, NULL), EFAULT);
	ERR(syscall(SYS_futex_waitv, v, 2, 1, NULL, CLOCK_MONOTONIC), EINVAL);
}

/* --- rseq, membarrier ------------------------------------------------------------ */

/* glibc registers an area for each thread, at this offset from its pointer. */
extern const ptrdiff_t __rseq_offset;
extern const unsigned __rseq_size;

struct rseq_area {
	uint32_t cpu_start, cpu;
	uint64_t cs;
	uint32_t flags;
};

struct rseq_cs {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static volatile struct rseq_area *
my_rseq(void)
{
	return (
	    (volatile struct rseq_area *)((char *)__builtin_thread_pointer() +
		__rseq_offset));
}

GTEST(
    rseq_registered, "does the C library's area tell the CPU, and only one be?")
{
	static char other[64] __attribute__((aligned(32)));
	volatile struct rseq_area *rs = my_rseq();
	cpu_set_t set;

	CHECK(__rseq_size > 0);
	CHECK((int32_t)rs->cpu >= 0 && rs->cpu < 1024);
	EQ(rs->cpu, rs->cpu_start);
	for (int cpu = 0; cpu < 2; cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) == 0) {
			for (int i = 0; i < 1000 && sched_getcpu() != cpu; i++)
				sched_yield();
			EQ(rs->cpu, sched_getcpu());
		}
	}
	ERR(syscall(SYS_rseq, other, 32, 0, 0x53053053), EINVAL);
	ERR(syscall(SYS_rseq, (void *)rs, 32, 7, 0x53053053), EINVAL);
	ERR(syscall(SYS_rseq, (void *)rs, 32, 0, 1), EPERM);
	ERR(syscall(SYS_rseq, (void *)rs, 32, 0, 0x53053053), EBUSY);
	EQ(syscall(SYS_rseq, (void *)rs, 32, 1, 0x53053053), 0);
	EQ((int32_t)rs->cpu, -1);
	ERR(syscall(SYS_rseq, other + 1, 32, 0, 0x53053053), EINVAL);
	EQ(syscall(SYS_rseq, other, 32, 0, 0x53053053), 0);
	CHECK((int32_t)((struct rseq_area *)other)->cpu >= 0);
}

/*
 * A sequence that never ends by itself: a signal or another thread must end it.
 * True: it was ended at the abort address.
 */
static bool
spin_in_sequence(void)
{
	volatile struct rseq_area *rs = my_rseq();

	__asm__ goto(".pushsection .data.rel, \"aw\"\n"
		     ".balign 32\n"
		     "3: .long 0, 0\n"
		     ".quad 1f, 2f - 1f, 4f\n"
		     ".popsection\n"
		     "lea 3b(%%rip), %%rax\n"
		     "mov %%rax, 8(%0)\n"
		     "1: jmp 1b\n"
		     "2: nop\n"
		     ".pushsection .text.unlikely, \"ax\"\n"
		     ".byte 0x0f, 0xb9, 0x3d\n"
		     ".long 0x53053053\n"
		     "4: jmp %l[aborted]\n"
		     ".popsection\n"
		     :
		     : "r"(rs)
		     : "rax", "memory", "cc"
		     : aborted);
	return (false);
aborted:
	return (true);
}

GTEST(rseq_signal, "does a signal take a thread out of its sequence?")
{
	struct itimerval it = {{0, 3000}, {0, 3000}}; /* one may be early */
	struct sigaction sa = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	for (int i = 0; i < 5; i++) {
		CHECK(spin_in_sequence());
		EQ(my_rseq()->cs, 0);
	}
}

/* One more on the counter of the CPU that this runs on. */
static void
count_on_cpu(long counts[][8])
{
	volatile struct rseq_area *rs = my_rseq();

	for (;;) {
		uint32_t cpu = rs->cpu_start;
		long *at = &counts[cpu][0];

		__asm__ goto(".pushsection .data.rel, \"aw\"\n"
			     ".balign 32\n"
			     "3: .long 0, 0\n"
			     ".quad 1f, 2f - 1f, 4f\n"
			     ".popsection\n"
			     "lea 3b(%%rip), %%rax\n"
			     "mov %%rax, 8(%0)\n"
			     "1: cmp %1, 4(%0)\n"
			     "jne 4f\n"
			     "mov (%2), %%rax\n"
			     "inc %%rax\n"
			     "mov %%rax, (%2)\n"
			     "2: nop\n"
			     ".pushsection .text.unlikely, \"ax\"\n"
			     ".byte 0x0f, 0xb9, 0x3d\n"
			     ".long 0x53053053\n"
			     "4: jmp %l[again]\n"
			     ".popsection\n"
			     :
			     : "r"(rs), "r"(cpu), "r"(at)
			     : "rax", "memory", "cc"
			     : again);
		return;
again:
		continue;
	}
}

static long counts[1024][8];

static void *
count_a_lot(void *arg)
{
	for (int i = 0; i < 200000; i++)
		count_on_cpu(counts);
	return (arg);
}

GTEST(
    rseq_counters, "do threads that count on CPUs without locks lose nothing?")
{
	pthread_t t[4];
	long sum = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, count_a_lot, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 1024; i++)
		sum += counts[i][0];
	EQ(sum, 800000);
}

GTEST(rseq_fork, "does a child of fork have its parent's area?")
{
	volatile struct rseq_area *rs = my_rseq();
	pid_t pid;

	if ((pid = fork()) == 0) {
		CHECK((int32_t)rs->cpu >= 0);
		ERR(syscall(SYS_rseq, (void *)rs, 32, 0, 0x53053053), EBUSY);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
}

GTEST(membarrier, "must processes register for the expedited barriers?")
{
	long all = syscall(SYS_membarrier, 0, 0, 0);
	pid_t pid;

	CHECK(all > 0);
	EQ(all & 0x1ff, 0x1ff);
	EQ(syscall(SYS_membarrier, 1, 0, 0), 0);
	ERR(syscall(SYS_membarrier, 8, 0, 0), EPERM);
	EQ(syscall(SYS_membarrier, 16, 0, 0), 0);
	EQ(syscall(SYS_membarrier, 8, 0, 0), 0);
	ERR(syscall(SYS_membarrier, 32, 0, 0), EPERM);
	EQ(syscall(SYS_membarrier, 64, 0, 0), 0);
	EQ(syscall(SYS_membarrier, 32, 0, 0), 0);
	EQ(syscall(SYS_membarrier, 256, 0, 0), 0);
	EQ(syscall(SYS_membarrier, 128, 0, 0), 0);
	EQ(syscall(SYS_membarrier, 2, 0, 0), 0);
	ERR(syscall(SYS_membarrier, 3, 0, 0), EINVAL);
	ERR(syscall(SYS_membarrier, 8, 5, 0), EINVAL);
	if ((pid = fork()) == 0) {
		EQ(syscall(SYS_membarrier, 8, 0, 0), 0); /* inherited */
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
}
