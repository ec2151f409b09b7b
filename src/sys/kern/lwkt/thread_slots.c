/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the threads are, for readers of the shared segment: trace records name a
 * thread by its td_id only.  With it what its process is: number, parent, name,
 * ABI (system calls have other numbers in another), begin.
 *
 * A table of slots, each a seqlock.  A thread has one from its creation until
 * the slot is needed again: the slot of a thread that has ended still tells its
 * name, for the records that it left.  More threads than slots: the youngest
 * ones have none.
 *
 * Locking: slots_spin, a leaf.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/kshm.h>
#include <sys/proc.h>
#include "lwkt_var.h"

#define SLOTS 512

struct thread_slot {
	uint32_t ts_seq; /* odd while it is changed */
	uint32_t ts_id;	 /* td_id; 0: the slot was never used */
	int32_t ts_pid;	 /* 0: of the kernel */
	int32_t ts_tid;
	uint32_t ts_ended;
	int32_t ts_ppid;      /* parent of the process */
	uint64_t ts_start_ns; /* the process's, monotonic */
	char ts_name[20];
	char ts_comm[20]; /* the process's name */
	char ts_abi[8];	  /* "linux64", "native"; "": of the kernel */
};
CTASSERT(sizeof(((struct thread_slot *)0)->ts_name) > MAXCOMLEN);
CTASSERT(sizeof(((struct thread_slot *)0)->ts_comm) > MAXCOMLEN);
static struct thread_slot slots[SLOTS] __kshm; /* (slots_spin) */
static const struct kshm_entry slots_entry = {"lwkt.threads",
    "struct thread_slot", slots, sizeof(slots[0]), SLOTS, KSHM_SEQLOCK,
    KSHM_TRACE, offsetof(struct thread_slot, ts_seq)};
SET_ENTRY(kshm_entries, &slots_entry);
SPINLOCK_DEFINE(slots_spin, "thread slots");
static uint32_t slot_hand; /* (slots_spin) where to look for the next one */

static void
slot_begin(struct thread_slot *ts)
{
	atomic_store(&ts->ts_seq, ts->ts_seq + 1);
	atomic_fence();
}

static void
slot_end(struct thread_slot *ts)
{
	atomic_store_rel(&ts->ts_seq, ts->ts_seq + 1);
}

void
thread_slot_take(struct thread *td)
{
	struct thread_slot *ts;

	spin_lock(&slots_spin);
	for (uint32_t i = 0; i < SLOTS && td->td_slot == 0; i++) {
		ts = &slots[(slot_hand + i) % SLOTS];
		if (ts->ts_id != 0 && ts->ts_ended == 0)
			continue;
		td->td_slot = (slot_hand + i) % SLOTS + 1;
		slot_begin(ts);
		ts->ts_id = td->td_id;
		ts->ts_pid = ts->ts_tid = ts->ts_ppid = 0;
		ts->ts_start_ns = 0;
		ts->ts_ended = 0;
		ts->ts_comm[0] = ts->ts_abi[0] = '\0';
		strlcpy(ts->ts_name, td->td_name, sizeof(ts->ts_name));
		slot_end(ts);
		slot_hand = td->td_slot % SLOTS;
	}
	spin_unlock(&slots_spin);
}

/*
 * What the process is.  Whoever changes its name comes here afterwards, so one
 * that is half changed is soon right.
 */
static void
slot_process(struct thread_slot *ts, const struct lwp *lp)
{
	const struct proc *p = lp->lw_proc;

	ts->ts_pid = p->p_pid;
	ts->ts_tid = lp->lw_tid;
	ts->ts_ppid = atomic_load(&p->p_ppid);
	ts->ts_start_ns = (uint64_t)p->p_start_ns;
	strlcpy(ts->ts_comm, p->p_comm, sizeof(ts->ts_comm));
	strlcpy(ts->ts_abi, p->p_abi != NULL ? p->p_abi->abi_name : "",
	    sizeof(ts->ts_abi));
}

/* The thread's slot, to be changed until slot_close; NULL: it has none. */
static struct thread_slot *
slot_open(const struct thread *td)
{
	struct thread_slot *ts;

	if (td->td_slot == 0)
		return (NULL);
	ts = &slots[td->td_slot - 1];
	spin_lock(&slots_spin);
	slot_begin(ts);
	return (ts);
}

static void
slot_close(struct thread_slot *ts)
{
	slot_end(ts);
	spin_unlock(&slots_spin);
}

void
thread_slot_update(struct thread *td)
{
	struct thread_slot *ts = slot_open(td);

	if (ts == NULL)
		return;
	if (td->td_lwp != NULL)
		slot_process(ts, td->td_lwp);
	strlcpy(ts->ts_name, td->td_name, sizeof(ts->ts_name));
	slot_close(ts);
}

void
thread_slot_drop(struct thread *td)
{
	struct thread_slot *ts = slot_open(td);

	if (ts == NULL)
		return;
	ts->ts_ended = 1;
	slot_close(ts);
	td->td_slot = 0;
}
