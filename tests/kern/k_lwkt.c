/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads, sleeping, IPIs, callouts. */
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ktest.h>
#include <kern/lwkt/lwkt_var.h>
#include <sys/malloc.h>
#include <sys/proc.h>

static volatile uint32_t counter;

static void
count_up(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++) {
		atomic_add(&counter, 1);
		thread_yield();
	}
	wakeup(arg);
}

KTEST(threads_all_cpus, "do threads on every CPU run to their end?")
{
	static int n = 1000;
	struct thread *td;
	int want = 0;

	for (int i = 0; i < 4 * ncpus; i++) {
		td = thread_create(count_up, &n, TDPRI_KERN, "count%d", i);
		KT_CHECK(td != NULL);
		thread_start(td, cpus[i % ncpus]);
		want += n;
	}
	for (int i = 0; i < 500 && counter != (uint32_t)want; i++)
		tsleep(&n, 0, "ktest", 10 * NS_PER_MSEC);
	KT_EQ(counter, want);
}

static struct spinlock ping_spin;
static volatile int turn;
static int rounds;

static void
player(void *arg)
{
	int me = (int)(uintptr_t)arg;

	spin_lock(&ping_spin);
	for (int i = 0; i < 2000; i++) {
		while (turn != me)
			spin_sleep(
			    (const void *)&turn, &ping_spin, 0, "ping", 0);
		turn = !me;
		rounds++;
		wakeup((const void *)&turn);
	}
	spin_unlock(&ping_spin);
	wakeup(&rounds);
}

KTEST(sleep_ping_pong, "is a wakeup ever lost between two CPUs?")
{
	struct thread *a, *b;

	spin_init(&ping_spin, "ktping");
	a = thread_create(player, (void *)0, TDPRI_KERN, "ping");
	b = thread_create(player, (void *)1, TDPRI_KERN, "pong");
	thread_start(a, cpus[0]);
	thread_start(b, cpus[ncpus - 1]);
	for (int i = 0; i < 1000 && rounds < 4000; i++)
		tsleep(&rounds, 0, "ktest", 10 * NS_PER_MSEC);
	KT_EQ(rounds, 4000);
}

KTEST(sleep_timeout, "does a sleep end after its timeout?")
{
	nstime_t start = clock_mono();
	int dummy;

	KT_EQ(tsleep(&dummy, 0, "ktest", 20 * NS_PER_MSEC), EWOULDBLOCK);
	KT_CHECK(clock_mono() - start >= 20 * NS_PER_MSEC);
}

static volatile int fired;

static void
fire(void *arg)
{
	fired += (int)(uintptr_t)arg;
	wakeup((const void *)&fired);
}

KTEST(callout_order, "do callouts fire once each, and not when stopped?")
{
	struct callout a, b, c;

	callout_init(&a);
	callout_init(&b);
	callout_init(&c);
	callout_reset(&a, 5 * NS_PER_MSEC, fire, (void *)1);
	callout_reset(&b, 10 * NS_PER_MSEC, fire, (void *)10);
	callout_reset(&c, 1 * NS_PER_SEC, fire, (void *)100);
	tsleep(&a, 0, "ktest", 50 * NS_PER_MSEC);
	KT_EQ(fired, 11);
	KT_CHECK(callout_stop(&c));
	KT_CHECK(!callout_stop(&a));
	callout_stop_sync(&b);
	KT_EQ(fired, 11);
}

static volatile uint32_t ipi_hits;

static void
hit(void *arg)
{
	atomic_or(&ipi_hits, 1u << curcpu->c_id);
	(void)arg;
}

KTEST(ipi_broadcast, "does a broadcast run on every CPU before it returns?")
{
	for (int i = 0; i < 200; i++) {
		ipi_hits = 0;
		ipi_broadcast_wait(hit, NULL);
		KT_EQ(ipi_hits, (1u << ncpus) - 1);
	}
}

/* --- the order of SCHED_DEADLINE --------------------------------------------------- */

#define EDF_N 5

/* Threads and a CPU that nobody runs: only their place on the queue is asked. */
struct edf {
	struct cpu cpu;
	struct thread td[EDF_N];
	struct lwp lp[EDF_N];
};

static void
edf_put(struct edf *e, int i, int rank, nstime_t deadline)
{
	e->td[i].td_prio = TDPRI_USER_RT;
	e->td[i].td_lwp = &e->lp[i];
	e->lp[i].lw_rank = rank;
	e->lp[i].lw_dl.dl_abs = deadline;
	runq_insert(&e->cpu, &e->td[i]);
}

KTEST(
    edf_order, "of ready threads, does the one with the earliest deadline run?")
{
	static const int order[EDF_N] = {3, 1, 0, 4, 2};
	struct edf *e = kmalloc(sizeof(*e), M_TEMP, M_WAITOK | M_ZERO);
	struct thread *td;
	int n = 0;

	KT_CHECK(e != NULL);
	if (e == NULL)
		return;
	TAILQ_INIT(&e->cpu.c_runq[TDPRI_USER_RT]);
	edf_put(e, 0, RANK_DEADLINE, 300);
	edf_put(e, 1, RANK_DEADLINE, 200);
	edf_put(e, 2, RANK_RT + SCHED_RT_MAX, 1); /* FIFO, of 99 */
	edf_put(e, 3, RANK_DEADLINE, 100);
	edf_put(e, 4, RANK_DEADLINE, 300); /* behind its equal */
	TAILQ_FOREACH(td, &e->cpu.c_runq[TDPRI_USER_RT], td_runq)
		KT_CHECK(n < EDF_N && td == &e->td[order[n++]]);
	KT_CHECK(n == EDF_N);
	KT_CHECK(thread_before(&e->td[3], &e->td[1]));
	KT_CHECK(!thread_before(&e->td[1], &e->td[3]));
	KT_CHECK(thread_before(&e->td[0], &e->td[2]));
	KT_CHECK(!thread_before(&e->td[0], &e->td[4]));
	kfree(e, M_TEMP);
}
