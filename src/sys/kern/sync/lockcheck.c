/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock-order checker (INVARIANTS builds).
 *
 * 1. Each lock has a class, the static object of its init site.  The checker
 *    numbers a class at first use and keeps a directed graph: an edge A -> B
 *    means "somebody took B while holding A".
 * 2. Taking B while holding A adds A -> B unless it is there.  If B already
 *    reaches A there are two orders: a deadlock waits to happen, and we panic
 *    now, in a run where it did not.
 * 3. Each thread keeps the stack of what it holds, for the rules that need no
 *    graph: no recursion, no second lock of a class unless nested by rule, no
 *    sleep under a spin lock, nothing held on return to user.
 * 4. A lock taken by try cannot deadlock and adds no edge into it, but it
 *    counts as held for what follows.
 *
 * Edges are bits set once and never cleared; readers look without a lock, the
 * slow path (a new edge) runs under graph_spin, which is itself unchecked.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/lock.h>
#include <sys/thread.h>
#include "lockcheck.h"

#ifdef INVARIANTS

#define CLASS_MAX 512

static struct spinlock graph_spin = SPIN_INIT_CLASS(NULL);
static struct lock_class *classes[CLASS_MAX];
static uint32_t nclasses = 1; /* (graph_spin) 0 means not yet numbered */
static uint64_t edges[CLASS_MAX][CLASS_MAX / 64];

static bool
edge(unsigned from, unsigned to)
{
	return ((atomic_load(&edges[from][to / 64]) >> (to % 64)) & 1);
}

static unsigned
class_id(struct lock_class *lc)
{
	if (__likely(atomic_load_acq(&lc->lc_id) != 0))
		return (lc->lc_id);
	spin_lock(&graph_spin);
	if (lc->lc_id == 0) {
		if (nclasses == CLASS_MAX)
			panic(
			    "lockcheck: more than %d lock classes", CLASS_MAX);
		classes[nclasses] = lc;
		atomic_store_rel(&lc->lc_id, (uint16_t)nclasses);
		nclasses++;
	}
	spin_unlock(&graph_spin);
	return (lc->lc_id);
}

/* (graph_spin) Is there a path from -> ... -> to?  Breadth first. */
static bool
reaches(unsigned from, unsigned to, uint16_t *via)
{
	static uint16_t queue[CLASS_MAX];
	static uint64_t seen[CLASS_MAX / 64];
	unsigned head = 0, tail = 0;

	memset(seen, 0, sizeof(seen));
	queue[tail++] = (uint16_t)from;
	seen[from / 64] |= 1UL << (from % 64);
	while (head < tail) {
		unsigned n = queue[head++];

		if (n == to)
			return (true);
		for (unsigned w = 0; w < CLASS_MAX / 64; w++) {
			uint64_t fresh = edges[n][w] & ~seen[w];

			seen[w] |= fresh;
			for (; fresh != 0; fresh &= fresh - 1) {
				unsigned m =
				    w * 64 + (unsigned)__builtin_ctzl(fresh);

				via[m] = (uint16_t)n;
				queue[tail++] = (uint16_t)m;
			}
		}
	}
	return (false);
}

/*
 * (graph_spin) All goes into the panic's text: a kprintf before the panic would
 * take locks, and wait for graph_spin to enter their edges.
 */
static void
report_reversal(unsigned from, unsigned to, const uint16_t *via)
{
	static char way[160];
	size_t used = 0;

	for (unsigned n = from; n != to && used < sizeof(way); n = via[n])
		used += (size_t)ksnprintf(way + used, sizeof(way) - used,
		    "\"%s\" <- ", classes[n]->lc_name);
	panic("lock order: took \"%s\" while holding \"%s\"; the other order "
	      "is %s\"%s\"",
	    classes[to]->lc_name, classes[from]->lc_name, way,
	    classes[to]->lc_name);
}

static void
add_edge(unsigned from, unsigned to)
{
	static uint16_t via[CLASS_MAX];

	spin_lock(&graph_spin);
	if (reaches(to, from, via))
		report_reversal(from, to, via);
	atomic_or(&edges[from][to / 64], 1UL << (to % 64));
	spin_unlock(&graph_spin);
}

void
lockcheck_acquire(
    const void *lock, struct lock_class *lc, int how, const void *where)
{
	struct thread *td;
	unsigned id;

	if (lc == NULL || panicstr != NULL)
		return;
	td = curthread;
	id = class_id(lc);
	for (uint32_t i = 0; i < td->td_nlocks; i++) {
		if (td->td_locks[i].lh_lock == lock && !(how & LC_TRY))
			panic("lock %s taken twice by %s", lc->lc_name,
			    td->td_name);
		if (how & LC_TRY)
			continue;
		if (td->td_locks[i].lh_class == lc) {
			if (!(how & LC_NESTED))
				panic("two locks of class %s held by %s",
				    lc->lc_name, td->td_name);
			continue;
		}
		if (!edge(td->td_locks[i].lh_class->lc_id, id))
			add_edge(td->td_locks[i].lh_class->lc_id, id);
	}
	if (td->td_nlocks == THREAD_LOCKS_HELD)
		panic(
		    "thread %s holds %d locks", td->td_name, THREAD_LOCKS_HELD);
	td->td_locks[td->td_nlocks].lh_lock = lock;
	td->td_locks[td->td_nlocks].lh_class = lc;
	td->td_locks[td->td_nlocks].lh_where = where;
	td->td_locks[td->td_nlocks].lh_spin = (how & LC_SPIN) != 0;
	td->td_nlocks++;
}

void
lockcheck_release(const void *lock, struct lock_class *lc)
{
	struct thread *td = curthread;

	if (lc == NULL || panicstr != NULL)
		return;
	for (uint32_t i = td->td_nlocks; i-- > 0;) {
		if (td->td_locks[i].lh_lock != lock)
			continue;
		memmove(&td->td_locks[i], &td->td_locks[i + 1],
		    (td->td_nlocks - i - 1) * sizeof(td->td_locks[0]));
		td->td_nlocks--;
		return;
	}
	panic("lock %s released by %s, which does not hold it", lc->lc_name,
	    td->td_name);
}

bool
lockcheck_holds(const void *lock)
{
	struct thread *td = curthread;

	for (uint32_t i = 0; i < td->td_nlocks; i++)
		if (td->td_locks[i].lh_lock == lock)
			return (true);
	return (panicstr != NULL);
}

static void
print_held(struct thread *td)
{
	for (uint32_t i = 0; i < td->td_nlocks; i++)
		kprintf("%-16s %-10s %p %s taken at %p\n", td->td_name,
		    td->td_locks[i].lh_class->lc_name, td->td_locks[i].lh_lock,
		    td->td_locks[i].lh_spin ? "spin" : "sleep",
		    td->td_locks[i].lh_where);
}

void
lock_check_no_spin(const char *what)
{
	struct thread *td = curthread;

	if (panicstr != NULL)
		return;
	for (uint32_t i = 0; i < td->td_nlocks; i++)
		if (td->td_locks[i].lh_spin) {
			print_held(td);
			panic("%s with spin lock %s held", what,
			    td->td_locks[i].lh_class->lc_name);
		}
}

void
lock_check_may_sleep(const char *what)
{
	lock_check_no_spin(what);
}

void
lock_check_none_held(const char *where)
{
	struct thread *td = curthread;

	if (td->td_nlocks != 0 && panicstr == NULL) {
		print_held(td);
		panic("%s: %s still holds %u locks", where, td->td_name,
		    td->td_nlocks);
	}
}

extern struct thread_queue all_threads;

static void
ddb_locks(const char *arg __unused)
{
	struct thread *td;

	TAILQ_FOREACH(td, &all_threads, td_all)
		print_held(td);
	kprintf("%u classes\n", nclasses - 1);
}
DDB_COMMAND(locks, "locks", ddb_locks, "locks held, by thread");

static void
ddb_lockorder(const char *arg __unused)
{
	for (unsigned a = 1; a < nclasses; a++)
		for (unsigned b = 1; b < nclasses; b++)
			if (edge(a, b))
				kprintf("%s -> %s\n", classes[a]->lc_name,
				    classes[b]->lc_name);
}
DDB_COMMAND(
    lockorder, "show lockorder", ddb_lockorder, "every order of classes seen");

#else

void
lock_check_no_spin(const char *what __unused)
{
}

void
lock_check_may_sleep(const char *what __unused)
{
}

void
lock_check_none_held(const char *where __unused)
{
}

#endif
