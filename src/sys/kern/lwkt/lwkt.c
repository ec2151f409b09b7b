/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LWKT: threads and the per-CPU scheduler.
 *
 * 1. Ownership.  A thread belongs to one CPU (td_cpu), and only that CPU puts
 *    it on a run queue, runs it or changes its priority.  Another CPU that
 *    wants it to run pushes it on the owner's c_remote_ready stack (lock free)
 *    and kicks the owner, which takes the stack at its next poll point.  So run
 *    queues need no lock.
 * 2. States.
 *
 *	NEW -> READY -> RUNNING -> SLEEPING -> READY ...
 *	                        -> READY (yield)
 *	                        -> EXITED
 *
 *    A thread that queued itself for sleep (SLEEPING) runs on until it calls
 *    lwkt_switch; a wakeup meanwhile makes it READY and lwkt_switch picks it
 *    again at once: no wakeup is lost.
 * 3. Order.  TDPRI_COUNT queues, highest first, FIFO within one; a bit mask
 *    finds the first.  The kernel is not preempted: a better thread runs when
 *    the present one sleeps, yields or returns to user (c_resched).
 * 4. The end.  An exiting thread cannot free the stack it stands on: it leaves
 *    itself in c_dead and the thread switched to buries it.  A few dead threads
 *    with their stacks are kept for the next creation.
 * 5. Stacks are whole pages of the direct map with a canary word at the low
 *    end, checked at each switch.
 *
 * Locks: all_spin guards the list of all threads and the cache of dead ones.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/explore.h>
#include <sys/kshm.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/memcheck.h>
#include <sys/proc.h>
#include <vm/vm.h>
#include <machine/vmparam.h>
#include "lwkt_var.h"

#define STACK_CANARY 0x6d61796666c0ffeeUL
#define CACHE_MAX    16

struct cpu *cpus[MAXCPU];
int ncpus;

SPINLOCK_DEFINE(all_spin, "allthreads");
static uint32_t thread_ids; /* (atomic) */
struct thread_queue all_threads = TAILQ_HEAD_INITIALIZER(all_threads);
static struct thread_queue dead_cache = TAILQ_HEAD_INITIALIZER(dead_cache);
static int ndead;
static struct zone *thread_zone;

static void
lwkt_init(void)
{
	thread_zone = zone_create("thread", sizeof(struct thread), 16);
}
SYSINIT(lwkt, SI_KERN, lwkt_init);

/* --- run queues (owner CPU only) --------------------------------------------- */

/* Of two on the real-time queue: does a run before b? */
static bool
rank_before(const struct lwp *a, const struct lwp *b)
{
	if (a->lw_rank != b->lw_rank || a->lw_rank < RANK_DEADLINE)
		return (a->lw_rank > b->lw_rank);
	return (a->lw_dl.dl_abs < b->lw_dl.dl_abs);
}

/* Behind those of a higher rank; behind its equals, or before them. */
static void
runq_insert_rt(struct thread_queue *q, struct thread *td)
{
	bool first = (td->td_flags & TDF_FIRST) != 0;
	struct thread *at;

	td->td_flags &= ~TDF_FIRST;
	TAILQ_FOREACH(at, q, td_runq)
		if (rank_before(td->td_lwp, at->td_lwp) ||
		    (first && !rank_before(at->td_lwp, td->td_lwp)))
			break;
	if (at != NULL)
		TAILQ_INSERT_BEFORE(at, td, td_runq);
	else
		TAILQ_INSERT_TAIL(q, td, td_runq);
}

void
runq_insert(struct cpu *c, struct thread *td)
{
	if (td->td_prio == TDPRI_USER_RT)
		runq_insert_rt(&c->c_runq[TDPRI_USER_RT], td);
	else
		TAILQ_INSERT_TAIL(&c->c_runq[td->td_prio], td, td_runq);
	c->c_runmask |= 1UL << td->td_prio;
	c->c_nready++;
}

void
runq_remove(struct cpu *c, struct thread *td)
{
	TAILQ_REMOVE(&c->c_runq[td->td_prio], td, td_runq);
	if (TAILQ_EMPTY(&c->c_runq[td->td_prio]))
		c->c_runmask &= ~(1UL << td->td_prio);
	c->c_nready--;
}

/* The n-th ready thread. */
static struct thread *
runq_nth(struct cpu *c, uint32_t n)
{
	struct thread *td;

	for (int p = TDPRI_COUNT - 1;; p--)
		TAILQ_FOREACH(td, &c->c_runq[p], td_runq)
			if (n-- == 0)
				return (td);
}

static struct thread *
runq_take(struct cpu *c)
{
	struct thread *td;

	if (c->c_runmask == 0)
		return (NULL);
	if (__unlikely(explore_on))
		td = runq_nth(c, explore_choose(c->c_nready));
	else
		td = TAILQ_FIRST(&c->c_runq[63 - __builtin_clzl(c->c_runmask)]);
	runq_remove(c, td);
	return (td);
}

bool
thread_before(const struct thread *td, const struct thread *other)
{
	if (td->td_prio != other->td_prio)
		return (td->td_prio > other->td_prio);
	return (td->td_prio == TDPRI_USER_RT &&
	    rank_before(td->td_lwp, other->td_lwp));
}

/* td, owned by this CPU, may run. */
static void
ready_local(struct thread *td)
{
	struct cpu *c = curcpu;

	KASSERT(
	    td->td_cpu == c, ("ready_local: foreign thread %s", td->td_name));
	KASSERT(td->td_state == TDS_SLEEPING || td->td_state == TDS_NEW ||
		td->td_state == TDS_RUNNING,
	    ("ready_local: %s in state %d", td->td_name, td->td_state));
	if (td->td_lwp != NULL && usched_redirect(td))
		return;
	if (td->td_lwp != NULL && td->td_lwp->lw_class == SCHED_DEADLINE &&
	    td->td_state == TDS_SLEEPING)
		usched_dl_wake(td);
	td->td_state = TDS_READY;
	if (td->td_lwp != NULL && td->td_lwp->lw_reprio)
		usched_rank(td);
	runq_insert(c, td);
	if (thread_before(td, c->c_curthread))
		c->c_resched = true;
}

void
thread_ready(struct thread *td)
{
	struct cpu *c = td->td_cpu;
	struct thread *head;

	if (c == curcpu) {
		ready_local(td);
		return;
	}
	do {
		head = atomic_load(&c->c_remote_ready);
		td->td_ready_next = head;
	} while (!atomic_cmpset(&c->c_remote_ready, head, td));
	if (head == NULL)
		cpu_kick(c);
}

/* Take what other CPUs made ready for this one, oldest first. */
void
lwkt_take_remote(void)
{
	struct cpu *c = curcpu;
	struct thread *td, *next, *rev = NULL;

	for (td = atomic_swap(&c->c_remote_ready, (struct thread *)NULL);
	     td != NULL; td = next) {
		next = td->td_ready_next;
		td->td_ready_next = rev;
		rev = td;
	}
	for (; rev != NULL; rev = next) {
		next = rev->td_ready_next;
		ready_local(rev);
	}
}

/* --- switching ----------------------------------------------------------------- */

static void
stack_check(struct thread *td)
{
	if (td->td_kstack != NULL &&
	    *(volatile uint64_t *)td->td_kstack != STACK_CANARY)
		panic("kernel stack overflow in thread %s", td->td_name);
}

/* The stack's memory, with its guard page (if the machine has one) mapped. */
static void
stack_free(void *base)
{
	if (MACHINE_STACK_GUARD != 0)
		(void)machine_stack_guard(base, false);
	vm_page_free(vm_page_of_kva(base), MACHINE_STACK_ORDER);
}

/* The lowest usable address of a new stack, or NULL. */
static void *
stack_alloc(void)
{
	struct vm_page *pg = vm_page_alloc(-1, MACHINE_STACK_ORDER, VMA_WAIT);

	if (pg == NULL)
		return (NULL);
	if (MACHINE_STACK_GUARD != 0 &&
	    machine_stack_guard(vm_page_kva(pg), true) != 0) {
		vm_page_free(pg, MACHINE_STACK_ORDER);
		return (NULL);
	}
	pg->pg_flags |= PGF_KEPT;
	return ((uint8_t *)vm_page_kva(pg) + MACHINE_STACK_GUARD);
}

static void
thread_release(struct thread *td)
{
	memcheck_stack_drop(td->td_stack_id);
	stack_free((uint8_t *)td->td_kstack - MACHINE_STACK_GUARD);
	zone_free(thread_zone, td);
}

/* First thing in every thread after a switch. */
static void
switch_done(void)
{
	struct cpu *c = curcpu;
	struct thread *dead = c->c_dead;

	if (dead == NULL)
		return;
	c->c_dead = NULL;
	if (dead->td_kstack == NULL)
		return; /* the boot thread stands on the machine's stack */
	spin_lock(&all_spin);
	if (ndead < CACHE_MAX) {
		memcheck_stack_end(dead->td_kstack, KSTACK_SIZE);
		TAILQ_INSERT_HEAD(&dead_cache, dead, td_runq);
		ndead++;
		dead = NULL;
	}
	spin_unlock(&all_spin);
	if (dead != NULL)
		thread_release(dead);
}

/* A switch is in the kernel: so much more of it. */
static void
lwp_left(struct cpu *c, struct lwp *lp)
{
	uint64_t d = machine_cycles() - lp->lw_stamp;

	lp->lw_cycles[1] += d;
	c->c_cycles[1] += d;
}

/*
 * Leave the CPU to the best ready thread; the caller has put the current one
 * where it waits.  Returns when it runs again, perhaps on another CPU.
 */
void
lwkt_switch(void)
{
	struct cpu *c = curcpu;
	struct thread *from = c->c_curthread, *to;
	nstime_t now;

	lock_check_no_spin("lwkt_switch");
	stack_check(from);
	ipi_poll();
	if ((to = runq_take(c)) == NULL)
		to = c->c_idlethread;
	c->c_resched = false;
	if (to == from) {
		from->td_state = TDS_RUNNING;
		return;
	}
	cpu_thread_leave(from, to);
	now = clock_mono();
	if (from->td_lwp != NULL)
		lwp_left(c, from->td_lwp);
	if (to->td_lwp != NULL) {
		c->c_slice_end = now + SCHED_SLICE_NS;
		to->td_lwp->lw_stamp = machine_cycles();
		if (to->td_lwp->lw_class == SCHED_DEADLINE)
			atomic_store(&to->td_lwp->lw_ast, 1);
		if (to->td_lwp->lw_rseq != 0) {
			to->td_lwp->lw_rseq_event = true;
			atomic_store(&to->td_lwp->lw_ast, 1);
		}
	}
	if (from->td_prio == TDPRI_USER_RT)
		c->c_rt_ns += now - MAX(from->td_started_ns, c->c_rt_period);
	from->td_runtime_ns += now - from->td_started_ns;
	to->td_started_ns = now;
	to->td_state = TDS_RUNNING;
	c->c_curthread = to;
	c->c_switches++;
	KTR_EVENT(SCHED, switch, "from=%p to=%p prio=%u", KTRP(from), KTRP(to),
	    to->td_prio);
	cpu_switch(&from->td_sp, to->td_sp);
	switch_done();
}

static void
thread_entry(void)
{
	struct thread *td = curthread;

	switch_done();
	td->td_func(td->td_arg);
	thread_exit();
}

/* --- life ------------------------------------------------------------------------ */

/* At shutdown: free the cached dead threads. */
static void
cache_drain(void)
{
	struct thread *td;

	spin_lock(&all_spin);
	while ((td = TAILQ_FIRST(&dead_cache)) != NULL) {
		TAILQ_REMOVE(&dead_cache, td, td_runq);
		ndead--;
		spin_unlock(&all_spin);
		thread_release(td);
		spin_lock(&all_spin);
	}
	spin_unlock(&all_spin);
}
SHUTDOWN_HOOK(thread_cache, cache_drain);

static struct thread *
thread_memory(void)
{
	struct thread *td;

	spin_lock(&all_spin);
	if ((td = TAILQ_FIRST(&dead_cache)) != NULL) {
		TAILQ_REMOVE(&dead_cache, td, td_runq);
		ndead--;
	}
	spin_unlock(&all_spin);
	if (td != NULL)
		return (td);
	if ((td = zone_alloc(thread_zone, M_WAITOK)) == NULL)
		return (NULL);
	if ((td->td_kstack = stack_alloc()) == NULL) {
		zone_free(thread_zone, td);
		return (NULL);
	}
	td->td_stack_id = memcheck_stack_add(td->td_kstack, KSTACK_SIZE);
	return (td);
}

struct thread *
thread_create(void (*func)(void *), void *arg, int prio, const char *fmt, ...)
{
	struct thread *td = thread_memory();
	void *stack;
	uint32_t id;
	va_list ap;

	if (td == NULL)
		return (NULL);
	stack = td->td_kstack;
	id = td->td_stack_id;
	memset(td, 0, sizeof(*td));
	td->td_kstack = stack;
	td->td_stack_id = id;
	td->td_kstack_bytes = KSTACK_SIZE;
	memcheck_undefined(stack, KSTACK_SIZE);
	*(uint64_t *)stack = STACK_CANARY;
	td->td_id = atomic_add(&thread_ids, 1);
	td->td_func = func;
	td->td_arg = arg;
	td->td_prio = (uint8_t)prio;
	td->td_state = TDS_NEW;
	callout_init(&td->td_callout);
	va_start(ap, fmt);
	kvsnprintf(td->td_name, sizeof(td->td_name), fmt, ap);
	va_end(ap);
	cpu_thread_init(td, thread_entry);
	memcheck_stack_begin((uint64_t *)stack + 1, td->td_sp);
	thread_slot_take(td);
	spin_lock(&all_spin);
	TAILQ_INSERT_TAIL(&all_threads, td, td_all);
	spin_unlock(&all_spin);
	return (td);
}

void
thread_start(struct thread *td, struct cpu *cpu)
{
	td->td_cpu = cpu != NULL ? cpu : curcpu;
	thread_ready(td);
}

void
thread_discard(struct thread *td)
{
	KASSERT(td->td_state == TDS_NEW, ("thread_discard: it ran"));
	spin_lock(&all_spin);
	TAILQ_REMOVE(&all_threads, td, td_all);
	spin_unlock(&all_spin);
	thread_slot_drop(td);
	thread_release(td);
}

void
thread_exit(void)
{
	struct thread *td = curthread;

	lock_check_none_held("thread_exit");
	callout_stop_sync(&td->td_callout);
	if (td->td_kstack != NULL) { /* the boot thread was never listed */
		spin_lock(&all_spin);
		TAILQ_REMOVE(&all_threads, td, td_all);
		spin_unlock(&all_spin);
	}
	thread_slot_drop(td);
	td->td_state = TDS_EXITED;
	curcpu->c_dead = td;
	lwkt_switch();
	panic("thread_exit: %s ran again", td->td_name);
}

void
thread_yield(void)
{
	struct thread *td = curthread;

	if (td == td->td_cpu->c_idlethread) {
		lwkt_switch();
		return;
	}
	ready_local(td);
	lwkt_switch();
}

/* Only by the owner CPU (for instance by the thread itself). */
void
thread_set_prio(struct thread *td, int prio)
{
	struct cpu *c = curcpu;

	KASSERT(td->td_cpu == c, ("thread_set_prio: foreign thread"));
	if (td->td_state == TDS_READY) {
		runq_remove(c, td);
		td->td_prio = (uint8_t)prio;
		runq_insert(c, td);
	} else
		td->td_prio = (uint8_t)prio;
}

/* --- CPUs -------------------------------------------------------------------------- */

void
cpu_init(struct cpu *c, int id)
{
	c->c_self = c;
	c->c_id = id;
	for (int i = 0; i < TDPRI_COUNT; i++)
		TAILQ_INIT(&c->c_runq[i]);
	spin_init(&c->c_ipi_spin, "ipi");
	spin_init(&c->c_callout_spin, "callout");
	TAILQ_INIT(&c->c_callouts);
	c->c_start_cycles = machine_cycles();
	cpus[id] = c;
}

void
cpu_times(const struct cpu *c, nstime_t *userp, nstime_t *sysp, nstime_t *idlep)
{
	nstime_t up = clock_mono();

	*idlep = MIN(c->c_idle_ns, up);
	*userp = mul_div(
	    up, c->c_cycles[0], MAX(machine_cycles() - c->c_start_cycles, 1UL));
	*userp = MIN(*userp, up - *idlep);
	*sysp = up - *idlep - *userp;
}

void
cpu_idle_loop(void)
{
	struct cpu *c = curcpu;
	nstime_t next, start;

	for (;;) {
		ipi_poll();
		next = callout_poll(clock_mono());
		if (c->c_runmask != 0) {
			lwkt_switch();
			c = curcpu;
			continue;
		}
		start = clock_mono();
		atomic_store_seq(&c->c_idle, true);
		if (atomic_load_seq(&c->c_remote_ready) == NULL &&
		    c->c_ipi_head == c->c_ipi_tail)
			cpu_idle_wait(next);
		atomic_store_seq(&c->c_idle, false);
		c->c_idle_ns += clock_mono() - start;
	}
}

static void
idle_entry(void *arg __unused)
{
	cpu_idle_loop();
}

static void
cpu_kthreads(struct cpu *c, struct thread *td)
{
	td->td_arg = c;
	td->td_flags |= TDF_PINNED;
	c->c_callout_thread = td;
	thread_start(td, c);
}

/* CPU 0 has run on its boot thread: give it the usual idle thread. */
static void
boot_cpu_init(void)
{
	struct cpu *c = curcpu;
	struct thread *td, *callout;

	td = thread_create(idle_entry, NULL, TDPRI_IDLE, "idle/0");
	callout = thread_create(callout_thread, c, TDPRI_SOFT, "callout/0");
	if (td == NULL || callout == NULL)
		panic("boot_cpu_init: no memory");
	td->td_cpu = c;
	td->td_flags |= TDF_PINNED;
	c->c_idlethread = td;
	cpu_kthreads(c, callout);
}
SYSINIT(boot_cpu, SI_KERN + 1, boot_cpu_init);

static void
smp_init(void)
{
	static const struct kshm_entry cpu_entry = {"lwkt.cpu%d", "struct cpu",
	    NULL, sizeof(struct cpu), 1, KSHM_COUNTER, KSHM_TRACE, 0};
	int n = MIN(machine_cpu_count(), MAXCPU);
	struct thread *td, *callout;
	struct cpu *c;
	int error;

	for (int id = 1; id < n; id++) {
		td = thread_create(idle_entry, NULL, TDPRI_IDLE, "idle/%d", id);
		callout = thread_create(
		    callout_thread, NULL, TDPRI_SOFT, "callout/%d", id);
		c = kshm_make(&cpu_entry, id);
		if (c == NULL) /* then tools do not see it */
			c = kmalloc(sizeof(*c), M_CPU, M_WAITOK | M_ZERO);
		if (c == NULL || td == NULL || callout == NULL) {
			kprintf("no memory for cpu%d; going on with %d\n", id,
			    ncpus);
			return; /* what it got is not worth giving back */
		}
		cpu_init(c, id);
		td->td_cpu = c;
		td->td_state = TDS_RUNNING;
		td->td_flags |= TDF_PINNED;
		c->c_idlethread = c->c_curthread = td;
		if ((error = machine_cpu_start(c)) != 0) {
			kprintf("cpu%d did not start (%s); going on with %d\n",
			    id, errno_name(error), ncpus);
			cpus[id] = NULL;
			return; /* c may still wake up one day */
		}
		ncpus = id + 1;
		cpu_kthreads(c, callout);
	}
}
SYSINIT(smp, SI_SMP, smp_init);

MALLOC_DEFINE(M_CPU, "cpu", "per-CPU structures");

/* --- ddb --------------------------------------------------------------------------- */

static const char *const state_names[] = {
    "new", "ready", "running", "sleep", "exited"};

static void
ddb_threads(const char *arg __unused)
{
	struct thread *td;

	kprintf("%-18s %-3s %-4s %-7s %-8s %s\n", "THREAD", "CPU", "PRI",
	    "STATE", "WAIT", "NAME");
	TAILQ_FOREACH(td, &all_threads, td_all) {
		kprintf("%-18p %-3d %-4u %-7s %-8s %s\n", td,
		    td->td_cpu != NULL ? td->td_cpu->c_id : -1, td->td_prio,
		    state_names[td->td_state],
		    td->td_wchan != NULL ? td->td_wmesg : "-", td->td_name);
	}
}
DDB_COMMAND(threads, "show threads", ddb_threads, "every kernel thread");

unsigned
threads_waiting(void)
{
	struct thread *td;
	unsigned deep = 0;
	bool light;

	TAILQ_FOREACH(td, &all_threads, td_all) {
		if (td->td_lwp == NULL || td->td_wchan == NULL)
			continue;
		light = (td->td_flags & (TDF_SINTR | TDF_KILL)) != 0;
		deep += !light;
		kprintf("%s waits in \"%s\"%s\n", td->td_name, td->td_wmesg,
		    light ? "" : ", where no signal reaches it");
	}
	return (deep);
}

static void
ddb_cpus(const char *arg __unused)
{
	for (int i = 0; i < ncpus; i++) {
		struct cpu *c = cpus[i];

		kprintf("cpu%d %p cur %s ready %u idle %d switches %lu "
			"syscalls %lu faults %lu ipis %lu\n",
		    i, c, c->c_curthread->td_name, c->c_nready, c->c_idle,
		    c->c_switches, c->c_syscalls, c->c_faults, c->c_ipis);
	}
}
DDB_COMMAND(cpus, "show cpus", ddb_cpus, "each CPU and what it runs");
