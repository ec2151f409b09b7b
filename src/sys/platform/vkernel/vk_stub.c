/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stubs: the host processes that run guests.
 *
 * 1. A stub is born by the host's spawner thread.  Its control block is filled
 *    before: batch 1 maps mailbox 0 and makes the thread of slot 0, so a stub
 *    that has reported batch 1 is ready to run a guest.
 * 2. A pool keeps POOL_TARGET ready stubs, because a birth costs most of a
 *    fork.  A stub whose guest used only slot 0 goes back to the pool with
 *    everything unmapped; any other one is killed.
 * 3. Batches.  The kernel writes orders and the sequence, wakes the mapper and
 *    waits for the done word.  The mapper sits on the core of the waiting CPU:
 *    it runs exactly while that CPU waits.  Guests cannot write the control
 *    block, so "done" is to be trusted.
 * 4. Slots.  A slot is a mailbox and a host thread parked in it; lwps come and
 *    go, the thread stays.
 *
 * 5. A killed stub's pages are used again while its threads are still dying.
 *    Until the host has removed them they are in the queues of the futexes in
 *    these pages, before those of the new stub: who wakes a word that is
 *    shared with a stub wakes all of its sleepers, or a dying one may take the
 *    wakeup.
 *
 * A stub that dies by itself takes its guest process with it, and nothing
 * else: st_dead, the owner gets SIGKILL.
 *
 * Locks: stubs_spin guards the pool and the list of all; st_lock one stub's
 * batches and slots.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/sysctl.h>
#include <machine/physmem.h>
#include <machine/vmparam.h>
#include "vk_var.h"

#define POOL_TARGET 2
#define POOL_MAX    4
#define BIRTH_NS    (10 * NS_PER_SEC)
#define DEATH_NS    (30 * NS_PER_SEC) /* then say that one lives on */

/* Flags of clone(2) for a thread, and mmap(2)'s, by the host's numbers. */
#define HCLONE_THREAD	  0x50f00   /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define HCLONE_TID	  0x1000000 /* CHILD_SETTID */
#define HMAP_SHARED_FIXED 0x11
#define HPROT_RW	  3

SPINLOCK_DEFINE(stubs_spin, "stubs");
static TAILQ_HEAD(, stub) all_stubs = TAILQ_HEAD_INITIALIZER(all_stubs);
static struct stub *pool[POOL_MAX]; /* (stubs_spin) */
static int npool;		    /* (stubs_spin) */
static bool pool_busy;		    /* (stubs_spin) its thread makes one */
static bool pool_closed;	    /* (stubs_spin) shutdown has begun */

static int stubs_made; /* (atomic) */
static uint64_t batches_done, orders_done;
SYSCTL_U64(stub_batches, "hw.stub.batches", CTLF_RD, &batches_done,
    "Batches of mapping orders done by stubs since boot");
SYSCTL_U64(stub_orders, "hw.stub.orders", CTLF_RD, &orders_done,
    "Mapping orders in these batches");

MALLOC_DEFINE(M_STUB, "stub", "host processes of guests");

static paddr_t
kva_offset(const void *kva)
{
	return ((uintptr_t)kva - PHYS_BASE);
}

/* Orders that give slot its mailbox and thread; the count. */
static int
slot_orders(struct stub *st, int slot, struct mailbox *mb, struct stub_order *o)
{
	uint64_t addr = STUB_MAILBOX + (uint64_t)slot * MAILBOX_SIZE;
	int block = st->st_threads_started++ % THREAD_MAX;

	st->st_control->sc_threads[block] = (struct stub_thread){
	    .st_stack = addr + MB_STACK,
	    .st_size = MAILBOX_SIZE - MB_STACK,
	    .st_mailbox = addr,
	};
	o[0] = (struct stub_order){HNR_MMAP,
	    {addr, MAILBOX_SIZE, HPROT_RW, HMAP_SHARED_FIXED, STUB_FD,
		kva_offset(mb)},
	    0};
	o[1] = (struct stub_order){HNR_CLONE,
	    {HCLONE_THREAD | HCLONE_TID, addr + MAILBOX_SIZE, 0, addr + MB_TID,
		0, 0},
	    STUB_CONTROL + CTL_THREADS + (uint64_t)block * THREAD_SIZE};
	return (2);
}

static struct mailbox *
mailbox_alloc(void)
{
	struct vm_page *pg =
	    vm_page_alloc(-1, MAILBOX_ORDER, VMA_WAIT | VMA_ZERO);

	return (pg != NULL ? vm_page_kva(pg) : NULL);
}

/* --- batches -------------------------------------------------------------------------- */

static void
post(struct stub *st, const struct stub_order *orders, int n)
{
	struct stub_control *sc = st->st_control;
	uint32_t seq = ++st->st_seq & 0x7fffffff;

	if (orders != sc->sc_orders)
		memcpy(sc->sc_orders, orders, (size_t)n * sizeof(*orders));
	sc->sc_count = (uint32_t)n;
	sc->sc_ok = seq;
	sc->sc_failed = seq | 0x80000000u;
	atomic_store_seq(&sc->sc_seq, seq);
}

/* A stub that fails us is killed: say where its threads are first. */
void
stub_report(struct stub *st, const char *what)
{
	char *text = kmalloc(2048, M_STUB, M_NOWAIT);

	kprintf("stub %d %s; killed: batch %#x of %#x, %u orders\n", st->st_pid,
	    what, st->st_control->sc_done, st->st_control->sc_seq,
	    st->st_control->sc_count);
	if (text == NULL)
		return;
	host_stub_describe(st->st_pid, text, 2048);
	kprintf("%s", text);
	kfree(text, M_STUB);
}

/* Wait for the batch posted last. */
static bool
await(struct stub *st, nstime_t limit)
{
	struct stub_control *sc = st->st_control;
	uint32_t seq = st->st_seq & 0x7fffffff, done;
	nstime_t start = host_clock_mono();

	for (;;) {
		done = atomic_load_acq(&sc->sc_done);
		if ((done & 0x7fffffff) == seq)
			return ((done & 0x80000000u) == 0);
		if (st->st_dead)
			return (false);
		host_futex_wait(&sc->sc_done, done, 50 * NS_PER_MSEC);
		if (host_clock_mono() - start > limit) {
			stub_report(st, "does not answer");
			stub_kill(st);
			return (false);
		}
		if (st->st_dead || curcpu->c_id == 0)
			vk_run_host_msgs();
	}
}

bool
stub_do(struct stub *st, const struct stub_order *orders, int n)
{
	int core = curcpu->c_id % vk_ncores;

	LOCK_ASSERT_EXCL(&st->st_lock);
	if (st->st_dead)
		return (false);
	if (st->st_mapper_core != core) {
		st->st_mapper_core = core;
		host_place_thread(st->st_pid, core, HOST_ON_CORE);
	}
	atomic_add(&batches_done, 1);
	atomic_add(&orders_done, (uint64_t)n);
	post(st, orders, n);
	host_futex_wake(&st->st_control->sc_seq, HOST_WAKE_ALL);
	KTR_EVENT(MACHINE, orders, "stub=%d n=%d", (uint64_t)st->st_number,
	    (uint64_t)n);
	return (await(st, BIRTH_NS));
}

/* --- birth and death ---------------------------------------------------------------------- */

static void
stub_free(struct stub *st)
{
	struct mailbox *mb;
	uint64_t i = 0;

	spin_lock(&stubs_spin);
	TAILQ_REMOVE(&all_stubs, st, st_link);
	spin_unlock(&stubs_spin);
	for (; (mb = radix_next(&st->st_mailboxes, &i)) != NULL; i++)
		vm_page_free(vm_page_of_kva(mb), MAILBOX_ORDER);
	radix_destroy(&st->st_mailboxes);
	vm_page_free(vm_page_of_kva(st->st_control), 2);
	kfree(st, M_STUB);
}

static void
born(void *arg)
{
	struct stub *st = arg;

	atomic_store_rel(&st->st_born, true);
	wakeup((const void *)&st->st_born);
}

static struct stub *
stub_begin(void)
{
	struct stub *st = kmalloc(sizeof(*st), M_STUB, M_WAITOK | M_ZERO);
	struct stub_order orders[2];
	struct mailbox *mb = NULL;
	struct vm_page *pg = NULL;

	if (st == NULL)
		return (NULL);
	lock_init(&st->st_lock, "stub", 0);
	radix_init(&st->st_mailboxes);
	st->st_mapper_core = -1;
	st->st_number = atomic_add(&stubs_made, 1);
	pg = vm_page_alloc(-1, 2, VMA_WAIT | VMA_ZERO);
	mb = mailbox_alloc();
	if (pg == NULL || mb == NULL ||
	    radix_set(&st->st_mailboxes, 0, mb) != 0) {
		if (pg != NULL)
			vm_page_free(pg, 2);
		if (mb != NULL)
			vm_page_free(vm_page_of_kva(mb), MAILBOX_ORDER);
		kfree(st, M_STUB);
		return (NULL);
	}
	st->st_control = vm_page_kva(pg);
	st->st_control->sc_done_off = kva_offset(st->st_control) + CTL_DONE;
	st->st_nslots = 1;
	post(st, orders, slot_orders(st, 0, mb, orders));
	spin_lock(&stubs_spin);
	TAILQ_INSERT_TAIL(&all_stubs, st, st_link);
	spin_unlock(&stubs_spin);
	st->st_spawn.hs_control_off = kva_offset(st->st_control);
	st->st_spawn.hs_done.hm_func = born;
	st->st_spawn.hs_done.hm_arg = st;
	host_stub_spawn(&st->st_spawn);
	return (st);
}

/* Wait until a begun stub lives.  On failure it is freed: false. */
static bool
stub_finish(struct stub *st)
{
	/* Not for the pid: the message that follows it lies in st, too. */
	while (!atomic_load_acq(&st->st_born))
		vk_wait_host(&st->st_born, "stub", 10 * NS_PER_MSEC);
	st->st_pid = st->st_spawn.hs_pid;
	if (st->st_pid > 0 && await(st, BIRTH_NS))
		return (true);
	kprintf("cannot start a stub process\n");
	if (st->st_pid > 0)
		stub_kill(st);
	stub_free(st);
	return (false);
}

static void
pool_add(struct stub *st)
{
	spin_lock(&stubs_spin);
	if (npool < POOL_MAX && !pool_closed) {
		st->st_pooled = true;
		pool[npool++] = st;
		st = NULL;
	}
	spin_unlock(&stubs_spin);
	if (st != NULL) {
		stub_kill(st);
		stub_free(st);
	}
}

/* A thread that keeps the pool filled. */
static void
pool_thread(void *arg __unused)
{
	struct stub *st;
	bool want;

	for (;;) {
		spin_lock(&stubs_spin);
		want = npool < POOL_TARGET && !pool_closed;
		pool_busy = want;
		spin_unlock(&stubs_spin);
		if (want && (st = stub_begin()) != NULL && stub_finish(st)) {
			pool_add(st);
			continue;
		}
		spin_lock(&stubs_spin);
		pool_busy = false;
		spin_unlock(&stubs_spin);
		tsleep(&npool, 0, "stubpool", NS_PER_SEC);
	}
}

static void
pool_start(void)
{
	struct thread *td =
	    thread_create(pool_thread, NULL, TDPRI_KERN, "stubpool");

	if (td == NULL)
		panic("stub pool: no memory");
	thread_start(td, NULL);
}
SYSINIT(vk_stub_pool, SI_SMP + 1, pool_start);

static void
pool_drain(void)
{
	struct stub *st;

	spin_lock(&stubs_spin);
	pool_closed = true;
	while (pool_busy)
		spin_sleep(
		    &pool_busy, &stubs_spin, 0, "stubpool", 10 * NS_PER_MSEC);
	while (npool > 0) {
		st = pool[--npool];
		spin_unlock(&stubs_spin);
		stub_kill(st);
		stub_free(st);
		spin_lock(&stubs_spin);
	}
	spin_unlock(&stubs_spin);
}
SHUTDOWN_HOOK(vk_stub_pool, pool_drain);

struct stub *
stub_get(void)
{
	struct stub *st = NULL;

	spin_lock(&stubs_spin);
	if (npool > 0) {
		st = pool[--npool];
		st->st_pooled = false;
	}
	spin_unlock(&stubs_spin);
	wakeup(&npool);
	if (st != NULL && !st->st_dead)
		return (st);
	if (st != NULL)
		stub_free(st);
	if ((st = stub_begin()) == NULL || !stub_finish(st))
		return (NULL);
	return (st);
}

/*
 * End st and wait until the host has buried it: before that its threads may
 * still write the pages they see and take futex wakes meant for the next user
 * of those pages.  A loaded host may take long over hundreds of them; there is no
 * giving up, for that would give the pages away too early.  May sleep.
 */
void
stub_kill(struct stub *st)
{
	nstime_t patience = host_clock_mono() + DEATH_NS;

	if (!st->st_dead)
		host_stub_kill(st->st_pid);
	while (!st->st_dead) {
		vk_wait_host(&st->st_dead, "stubkill", NS_PER_MSEC);
		if (host_clock_mono() > patience) {
			kprintf("stub %d was killed and is still there; its "
				"memory waits for it\n",
			    st->st_pid);
			patience = host_clock_mono() + DEATH_NS;
		}
	}
}

void
stub_put(struct stub *st)
{
	struct stub_order clear = {
	    HNR_MUNMAP, {VM_MIN_USER, STUB_TEXT - VM_MIN_USER, 0, 0, 0, 0}, 0};
	bool reuse = st->st_nslots == 1 && npool < POOL_MAX;
	struct proc *p;

	spin_lock(&stubs_spin);
	p = st->st_proc;
	st->st_proc = NULL;
	spin_unlock(&stubs_spin);
	if (p != NULL)
		proc_drop(p);
	st->st_npend = 0;
	st->st_resync = false;
	lock_excl(&st->st_lock);
	reuse = reuse && stub_do(st, &clear, 1);
	lock_release(&st->st_lock);
	if (reuse) {
		pool_add(st);
		return;
	}
	stub_kill(st);
	stub_free(st);
}

/*
 * (host message) The host has reaped pid.  Who waits for st_dead frees the stub as
 * soon as it is set and stubs_spin is free: not a look at it after that.
 */
void
vkernel_stub_died(int pid)
{
	struct stub *st;
	struct proc *p = NULL;

	spin_lock(&stubs_spin);
	TAILQ_FOREACH(st, &all_stubs, st_link)
		if (st->st_pid == pid && !st->st_dead)
			break;
	if (st != NULL) {
		if ((p = st->st_proc) != NULL)
			proc_hold(p);
		st->st_dead = true;
	}
	spin_unlock(&stubs_spin);
	if (st != NULL)
		wakeup((const void *)&st->st_dead);
	if (p == NULL)
		return;
	sig_send_proc(p, SIGKILL, NULL);
	proc_drop(p);
}

/* --- slots -------------------------------------------------------------------------------------- */

/* (st_lock) Take a mailbox back that has no thread. */
static void
slot_undo(struct stub *st, int slot, struct mailbox *mb)
{
	struct stub_order unmap = {HNR_MUNMAP,
	    {STUB_MAILBOX + (uint64_t)slot * MAILBOX_SIZE, MAILBOX_SIZE, 0, 0,
		0, 0},
	    0};

	if (!stub_do(st, &unmap, 1)) {
		stub_kill(st); /* it goes with the stub */
		return;
	}
	(void)radix_remove(&st->st_mailboxes, (uint64_t)slot);
	vm_page_free(vm_page_of_kva(mb), MAILBOX_ORDER);
	st->st_nslots--;
}

int
stub_slot_get(struct stub *st, struct mailbox **mbp)
{
	struct stub_order orders[2];
	struct mailbox *mb = NULL;
	int slot;

	lock_excl(&st->st_lock);
	for (slot = 0; slot < STUB_SLOTS; slot++)
		if ((st->st_busy[slot / 64] >> (slot % 64) & 1) == 0)
			break;
	if (slot == STUB_SLOTS)
		goto fail;
	if ((mb = radix_get(&st->st_mailboxes, (uint64_t)slot)) == NULL) {
		if ((mb = mailbox_alloc()) == NULL)
			goto fail;
		if (radix_set(&st->st_mailboxes, (uint64_t)slot, mb) != 0) {
			vm_page_free(vm_page_of_kva(mb), MAILBOX_ORDER);
			goto fail;
		}
		st->st_nslots++;
		if (!stub_do(st, orders, slot_orders(st, slot, mb, orders))) {
			/* The host has no thread for it: the next one who
			 * finds the mailbox would wait for nobody. */
			slot_undo(st, slot, mb);
			goto fail;
		}
	}
	st->st_busy[slot / 64] |= 1UL << (slot % 64);
	lock_release(&st->st_lock);
	*mbp = mb;
	return (slot);
fail:
	lock_release(&st->st_lock);
	return (-1);
}

void
stub_slot_put(struct stub *st, int slot)
{
	lock_excl(&st->st_lock);
	st->st_busy[slot / 64] &= ~(1UL << (slot % 64));
	lock_release(&st->st_lock);
}

static void
ddb_stubs(const char *arg __unused)
{
	struct stub *st;

	TAILQ_FOREACH(st, &all_stubs, st_link)
		kprintf("%d %p pid %d %s%s slots %d batches %u pending %d proc "
			"%d\n",
		    st->st_number, st, st->st_pid,
		    st->st_pooled ? "pooled " : "", st->st_dead ? "dead " : "",
		    st->st_nslots, st->st_seq, st->st_npend,
		    st->st_proc != NULL ? st->st_proc->p_pid : 0);
}
DDB_COMMAND(stubs, "show stubs", ddb_stubs, "host processes of guests");
