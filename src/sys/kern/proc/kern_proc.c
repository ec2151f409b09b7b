/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process table: identities, families, groups and sessions.
 *
 * 1. Ids.  One number space (1..PID_MAX) names processes, threads, process
 *    groups and sessions.  A bitmap says which numbers are taken; a number is
 *    given back only when none of the four has it any more, so a group id never
 *    comes to mean a stranger.  Lookups go through one hash per kind.
 * 2. A process is built in private by kern_fork.c, enters all tables in one
 *    step under proctree_lock (proc_enter) and leaves them in one step
 *    (proc_leave) when its parent reaps it.  The tables own one reference;
 *    proc_hold'ers keep only the memory, and must look at p_state.
 * 3. Orphaned groups.  pg_jobc counts members whose parent is in another group
 *    of the same session.  It changes when a member enters or leaves and when a
 *    member's parent changes; when it falls to 0 and a member is stopped, the
 *    whole group gets SIGHUP and SIGCONT (POSIX 3.264).
 *
 * Lock order: proctree_lock, p_spin, sa_spin.  Two p_spin are never held.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/callfilter.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include "proc_var.h"

#define HASH_SIZE 256
#define HASH(id)  ((uint32_t)(id) % HASH_SIZE)
#define PID_WORDS ((PID_MAX + 64) / 64)
#define PID_WRAP  300 /* after the first turn, leave low ids to daemons */

LIST_HEAD(proc_bucket, proc);
LIST_HEAD(lwp_bucket, lwp);
LIST_HEAD(pgrp_bucket, pgrp);
LIST_HEAD(session_bucket, session);

LOCK_DEFINE(proctree_lock, "proctree");
struct proc proc0;
struct proc *initproc;
struct proc_list allproc = TAILQ_HEAD_INITIALIZER(allproc);
int nprocs, nlwps;  /* (t) */
int maxproc = 4096; /* (t) processes; threads: twice that */
static struct proc_bucket proc_hash[HASH_SIZE];	      /* (t) */
static struct lwp_bucket lwp_hash[HASH_SIZE];	      /* (t) */
static struct pgrp_bucket pgrp_hash[HASH_SIZE];	      /* (t) */
static struct session_bucket session_hash[HASH_SIZE]; /* (t) */
static uint64_t pid_map[PID_WORDS];		      /* (t) */
static pid_t pid_last;				      /* (t) */
static struct zone *proc_zone, *lwp_zone, *pgrp_zone, *session_zone;
static struct session session0;
static struct pgrp pgrp0;

SYSCTL_INT(kern_maxproc, "kern.maxproc", CTLF_RW, &maxproc,
    "Processes that may exist at once");
SYSCTL_INT(kern_nprocs, "kern.nprocs", CTLF_RD, &nprocs,
    "Processes that exist, zombies included");
SYSCTL_INT(
    kern_nlwps, "kern.nlwps", CTLF_RD, &nlwps, "User threads that exist");

/* --- ids ----------------------------------------------------------------- */

static bool
pid_taken(pid_t id)
{
	return ((pid_map[id / 64] >> (id % 64)) & 1);
}

pid_t
pid_alloc(void)
{
	pid_t id = pid_last;

	LOCK_ASSERT_EXCL(&proctree_lock);
	for (int n = 0; n < PID_MAX; n++) {
		if (++id > PID_MAX)
			id = PID_WRAP;
		if (!pid_taken(id)) {
			pid_map[id / 64] |= 1UL << (id % 64);
			pid_last = id;
			return (id);
		}
	}
	return (0);
}

int
pid_take(pid_t id)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	if (id <= 0 || id > PID_MAX)
		return (EINVAL);
	if (pid_taken(id))
		return (EEXIST);
	pid_map[id / 64] |= 1UL << (id % 64);
	return (0);
}

void
pid_release(pid_t id)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	if (proc_find(id) == NULL && lwp_find(id) == NULL &&
	    pgrp_find(id) == NULL && session_find(id) == NULL)
		pid_map[id / 64] &= ~(1UL << (id % 64));
}

struct proc *
proc_find(pid_t pid)
{
	struct proc *p;

	LOCK_ASSERT(&proctree_lock);
	if (pid <= 0)
		return (NULL);
	LIST_FOREACH(p, &proc_hash[HASH(pid)], p_hash)
		if (p->p_pid == pid)
			return (p);
	return (NULL);
}

struct proc *
proc_find_hold(pid_t pid)
{
	struct proc *p;

	lock_shared(&proctree_lock);
	p = proc_find(pid);
	if (p != NULL)
		proc_hold(p);
	lock_release(&proctree_lock);
	return (p);
}

struct lwp *
lwp_find(pid_t tid)
{
	struct lwp *lp;

	LOCK_ASSERT(&proctree_lock);
	if (tid <= 0)
		return (NULL);
	LIST_FOREACH(lp, &lwp_hash[HASH(tid)], lw_hash)
		if (lp->lw_tid == tid)
			return (lp);
	return (NULL);
}

struct pgrp *
pgrp_find(pid_t pgid)
{
	struct pgrp *pg;

	LOCK_ASSERT(&proctree_lock);
	if (pgid <= 0)
		return (NULL);
	LIST_FOREACH(pg, &pgrp_hash[HASH(pgid)], pg_hash)
		if (pg->pg_id == pgid)
			return (pg);
	return (NULL);
}

struct session *
session_find(pid_t sid)
{
	struct session *s;

	LOCK_ASSERT(&proctree_lock);
	if (sid <= 0)
		return (NULL);
	LIST_FOREACH(s, &session_hash[HASH(sid)], s_hash)
		if (s->s_sid == sid)
			return (s);
	return (NULL);
}

/* --- references ----------------------------------------------------------- */

void
proc_hold(struct proc *p)
{
	ref_hold(&p->p_refs);
}

void
proc_drop(struct proc *p)
{
	if (!ref_drop(&p->p_refs))
		return;
	KASSERT(p != &proc0, ("process 0 freed"));
	KASSERT(TAILQ_EMPTY(&p->p_lwps), ("process with threads freed"));
	if (p->p_sigacts != NULL)
		sigacts_drop(p->p_sigacts);
	if (p->p_cred != NULL)
		cred_drop(p->p_cred);
	ev_source_destroy(&p->p_events);
	zone_free(proc_zone, p);
}

void
lwp_hold(struct lwp *lp)
{
	ref_hold(&lp->lw_refs);
}

void
lwp_drop(struct lwp *lp)
{
	if (!ref_drop(&lp->lw_refs))
		return;
	if (lp->lw_cred != NULL)
		cred_drop(lp->lw_cred);
	callfilter_drop(lp->lw_filter);
	if (lp->lw_dl.dl_period != 0)
		(void)sched_deadline_admit(lp, NULL);
	fault_lwp_set(lp, 0);
	proc_drop(lp->lw_proc);
	zone_free(lwp_zone, lp);
}

struct ucred *
proc_cred_hold(struct proc *p)
{
	struct ucred *cr;

	spin_lock(&p->p_spin);
	cr = p->p_cred;
	if (cr != NULL)
		cred_hold(cr);
	spin_unlock(&p->p_spin);
	return (cr);
}

struct vmspace *
proc_vmspace_hold(struct proc *p)
{
	struct vmspace *vm;

	spin_lock(&p->p_spin);
	vm = p->p_vmspace;
	if (vm != NULL)
		vmspace_hold(vm);
	spin_unlock(&p->p_spin);
	return (vm);
}

/* --- groups and sessions ---------------------------------------------------- */

struct pgrp *
pgrp_alloc(void)
{
	struct pgrp *pg = zone_alloc(pgrp_zone, M_WAITOK | M_ZERO);

	if (pg != NULL) {
		ref_init(&pg->pg_refs, 1);
		LIST_INIT(&pg->pg_members);
	}
	return (pg);
}

struct session *
session_alloc(void)
{
	struct session *s = zone_alloc(session_zone, M_WAITOK | M_ZERO);

	if (s != NULL)
		ref_init(&s->s_refs, 1);
	return (s);
}

void
pgrp_free_unused(struct pgrp *pg)
{
	if (pg != NULL)
		zone_free(pgrp_zone, pg);
}

void
session_free_unused(struct session *s)
{
	if (s != NULL)
		zone_free(session_zone, s);
}

void
session_hold(struct session *s)
{
	ref_hold(&s->s_refs);
}

/* (t) excl, unless others hold s. */
void
session_drop(struct session *s)
{
	if (!ref_drop(&s->s_refs))
		return;
	LIST_REMOVE(s, s_hash);
	pid_release(s->s_sid);
	zone_free(session_zone, s);
}

void
pgrp_hold(struct pgrp *pg)
{
	ref_hold(&pg->pg_refs);
}

/*
 * A group is in the hash while it has members; later only those who hold it
 * (a terminal) can reach it.
 */
void
pgrp_drop(struct pgrp *pg)
{
	if (ref_drop(&pg->pg_refs))
		zone_free(pgrp_zone, pg);
}

void
pgrp_publish(struct pgrp *pg, pid_t id, struct session *s)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	pg->pg_id = id;
	pg->pg_session = s;
	session_hold(s);
	LIST_INSERT_HEAD(&pgrp_hash[HASH(id)], pg, pg_hash);
}

/* The creator's reference becomes that of the tables' first group. */
void
session_publish(struct session *s, pid_t sid, struct proc *leader)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	s->s_sid = sid;
	s->s_leader = leader;
	LIST_INSERT_HEAD(&session_hash[HASH(sid)], s, s_hash);
}

/* Does p make its group pg not orphaned? */
static bool
jobc_counts(struct proc *p, struct pgrp *pg)
{
	struct pgrp *ppg;

	if (p->p_parent == NULL || p->p_state == PS_ZOMBIE)
		return (false);
	ppg = p->p_parent->p_pgrp;
	return (ppg != NULL && ppg != pg && ppg->pg_session == pg->pg_session);
}

/* The group has just become orphaned: free its stopped members. */
static void
pgrp_orphaned(struct pgrp *pg)
{
	struct proc *p;
	ksiginfo_t ksi;
	bool stopped = false;

	LIST_FOREACH(p, &pg->pg_members, p_pglink)
		if (atomic_load(&p->p_flags) & PF_STOPPED)
			stopped = true;
	if (!stopped)
		return;
	sig_fill(&ksi, SIGHUP, SI_KERNEL);
	sig_send_pgrp(pg, SIGHUP, &ksi);
	sig_fill(&ksi, SIGCONT, SI_KERNEL);
	sig_send_pgrp(pg, SIGCONT, &ksi);
}

static void
jobc_adjust(struct pgrp *pg, bool up)
{
	if (up) {
		pg->pg_jobc++;
	} else {
		KASSERT(pg->pg_jobc > 0, ("pgrp %d: jobc", pg->pg_id));
		if (--pg->pg_jobc == 0)
			pgrp_orphaned(pg);
	}
}

/*
 * p is entering (or about to leave) group pg: count p itself and each child
 * for whose group p is the parent from another group.
 */
void
pgrp_fix_jobc(struct proc *p, struct pgrp *pg, bool entering)
{
	struct proc *c;

	LOCK_ASSERT_EXCL(&proctree_lock);
	if (jobc_counts(p, pg))
		jobc_adjust(pg, entering);
	LIST_FOREACH(c, &p->p_children, p_sibling)
		if (c->p_pgrp != NULL && c->p_pgrp != pg &&
		    c->p_pgrp->pg_session == pg->pg_session &&
		    c->p_state != PS_ZOMBIE)
			jobc_adjust(c->p_pgrp, entering);
}

void
pgrp_enter(struct proc *p, struct pgrp *pg)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	p->p_pgrp = pg;
	LIST_INSERT_HEAD(&pg->pg_members, p, p_pglink);
	pgrp_hold(pg);
}

void
pgrp_leave(struct proc *p)
{
	struct pgrp *pg = p->p_pgrp;

	LOCK_ASSERT_EXCL(&proctree_lock);
	p->p_pgrp = NULL;
	LIST_REMOVE(p, p_pglink);
	if (LIST_EMPTY(&pg->pg_members)) {
		LIST_REMOVE(pg, pg_hash);
		pid_release(pg->pg_id);
		session_drop(pg->pg_session);
		pg->pg_session = NULL;
		pgrp_drop(pg); /* the tables' */
	}
	pgrp_drop(pg);
}

/*
 * (t) excl.  c gets another parent; the orphan count of its group follows.
 */
void
proc_reparent(struct proc *c, struct proc *parent)
{
	struct lwp *lp;
	bool was, is;

	LOCK_ASSERT_EXCL(&proctree_lock);
	was = jobc_counts(c, c->p_pgrp);
	LIST_REMOVE(c, p_sibling);
	c->p_parent = parent;
	atomic_store(&c->p_ppid, parent->p_pid);
	spin_lock(&c->p_spin);
	TAILQ_FOREACH(lp, &c->p_lwps, lw_link)
		thread_slot_update(lp->lw_thread);
	spin_unlock(&c->p_spin);
	LIST_INSERT_HEAD(&parent->p_children, c, p_sibling);
	is = jobc_counts(c, c->p_pgrp);
	if (was != is)
		jobc_adjust(c->p_pgrp, is);
}

/* (t) excl.  p becomes a zombie and no longer anchors its group. */
void
proc_become_zombie(struct proc *p)
{
	bool was = jobc_counts(p, p->p_pgrp);

	spin_lock(&p->p_spin);
	p->p_state = PS_ZOMBIE;
	spin_unlock(&p->p_spin);
	if (was)
		jobc_adjust(p->p_pgrp, false);
}

/* --- processes ----------------------------------------------------------------- */

static void
proc_init(struct proc *p)
{
	ref_init(&p->p_refs, 1);
	spin_init(&p->p_spin, "proc");
	LIST_INIT(&p->p_children);
	TAILQ_INIT(&p->p_lwps);
	TAILQ_INIT(&p->p_timers);
	sigqueue_init(&p->p_sigq);
	ev_source_init(&p->p_events);
	itimers_init(p);
	p->p_start_ns = clock_mono();
}

struct proc *
proc_create(void)
{
	struct proc *p = zone_alloc(proc_zone, M_WAITOK | M_ZERO);

	if (p != NULL)
		proc_init(p);
	return (p);
}

void
proc_enter(struct proc *p, pid_t pid, struct proc *parent, struct pgrp *pg)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	p->p_pid = pid;
	p->p_parent = parent;
	p->p_ppid = parent->p_pid;
	TAILQ_INSERT_TAIL(&allproc, p, p_all);
	LIST_INSERT_HEAD(&proc_hash[HASH(pid)], p, p_hash);
	LIST_INSERT_HEAD(&parent->p_children, p, p_sibling);
	pgrp_enter(p, pg);
	if (jobc_counts(p, pg))
		jobc_adjust(pg, true);
	nprocs++;
}

void
proc_leave(struct proc *p)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	trace_proc_leave(p);
	TAILQ_REMOVE(&allproc, p, p_all);
	LIST_REMOVE(p, p_hash);
	LIST_REMOVE(p, p_sibling);
	p->p_parent = NULL;
	pgrp_leave(p);
	pid_release(p->p_pid);
	nprocs--;
	proc_drop(p);
}

/* --- threads -------------------------------------------------------------------- */

static void
lwp_inherit_class(struct lwp *lp, const struct lwp *from)
{
	lp->lw_class = from->lw_class;
	lp->lw_rtprio = from->lw_rtprio;
	lp->lw_ioprio = from->lw_ioprio;
	if (from->lw_class == SCHED_DEADLINE ||
	    (from->lw_reset_on_fork && sched_is_rt(from->lw_class))) {
		lp->lw_class = SCHED_OTHER;
		lp->lw_rtprio = 0;
	}
}

struct lwp *
lwp_create(struct proc *p, struct lwp *from, const struct kern_fork_args *a)
{
	struct lwp *lp = zone_alloc(lwp_zone, M_WAITOK | M_ZERO);

	if (lp == NULL)
		return (NULL);
	ref_init(&lp->lw_refs, 1);
	lp->lw_proc = p;
	proc_hold(p);
	sigqueue_init(&lp->lw_sigq);
	lp->lw_syscall = -1;
	lp->lw_orig = -1;
	LIST_INIT(&lp->lw_tracees);
	lp->lw_sigstk.ss_flags = SS_DISABLE;
	lp->lw_affinity = (cpumask_t)-1;
	if (from != NULL) {
		cpu_lwp_bases(from);
		lp->lw_frame = from->lw_frame;
		lp->lw_sigmask = from->lw_sigmask;
		lp->lw_affinity = from->lw_affinity;
		lp->lw_mempolicy = from->lw_mempolicy;
		lp->lw_estcpu = from->lw_estcpu;
		lwp_inherit_class(lp, from);
		memcpy(lp->lw_name, from->lw_name, sizeof(lp->lw_name));
		if ((a->flags & KFORK_VM) == 0) {
			lp->lw_rseq = from->lw_rseq;
			lp->lw_rseq_len = from->lw_rseq_len;
			lp->lw_rseq_sig = from->lw_rseq_sig;
			lp->lw_rseq_event = true;
			lp->lw_ast = 1;
		}
		if ((a->flags & (KFORK_VM | KFORK_VFORK)) != KFORK_VM)
			lp->lw_sigstk = from->lw_sigstk;
	}
	lp->lw_cred = proc_cred_hold(p);
	if (cpu_lwp_create(lp, from) != 0) {
		lwp_drop(lp);
		return (NULL);
	}
	return (lp);
}

void
lwp_destroy_unstarted(struct lwp *lp)
{
	cpu_lwp_destroy(lp);
	lwp_drop(lp);
}

void
lwp_enter(struct lwp *lp, pid_t tid)
{
	struct proc *p = lp->lw_proc;

	LOCK_ASSERT_EXCL(&proctree_lock);
	lp->lw_tid = tid;
	LIST_INSERT_HEAD(&lwp_hash[HASH(tid)], lp, lw_hash);
	nlwps++;
	spin_lock(&p->p_spin);
	TAILQ_INSERT_TAIL(&p->p_lwps, lp, lw_link);
	p->p_nlwps++;
	spin_unlock(&p->p_spin);
	if (lp->lw_thread != NULL)
		thread_slot_update(lp->lw_thread);
}

void
lwp_leave_hash(struct lwp *lp)
{
	LOCK_ASSERT_EXCL(&proctree_lock);
	LIST_REMOVE(lp, lw_hash);
	nlwps--;
	if ((lp->lw_flags & LWF_KEEPID) == 0)
		pid_release(lp->lw_tid);
}

void
lwp_become_leader(struct lwp *lp)
{
	struct proc *p = lp->lw_proc;
	pid_t old = lp->lw_tid;

	LOCK_ASSERT_EXCL(&proctree_lock);
	if (old == p->p_pid)
		return;
	trace_exec_leader(lp);
	LIST_REMOVE(lp, lw_hash);
	lp->lw_tid = p->p_pid;
	LIST_INSERT_HEAD(&lwp_hash[HASH(lp->lw_tid)], lp, lw_hash);
	pid_release(old);
}

/* Racy looks at other CPUs' counters: a wrong guess costs only balance. */
struct cpu *
lwp_pick_cpu(struct lwp *lp)
{
	struct cpu *best = curcpu, *c;
	uint32_t load, best_load;

	best_load = atomic_load(&best->c_nready);
	for (int i = 0; i < ncpus && best_load > 0; i++) {
		c = cpus[i];
		if (!(lp->lw_affinity & (1u << i)) || c == best)
			continue;
		load = atomic_load(&c->c_nready) + (c->c_idle ? 0 : 1);
		if (load < best_load) {
			best = c;
			best_load = load;
		}
	}
	return (best);
}

void
lwp_run(struct lwp *lp)
{
	thread_start(lp->lw_thread, lwp_pick_cpu(lp));
}

/* --- start-up ------------------------------------------------------------------------ */

static void
proc0_init(void)
{
	struct proc *p = &proc0;

	proc_zone = zone_create("proc", sizeof(struct proc), 64);
	lwp_zone = zone_create("lwp", sizeof(struct lwp), 64);
	pgrp_zone = zone_create("pgrp", sizeof(struct pgrp), 16);
	session_zone = zone_create("session", sizeof(struct session), 16);

	proc_init(p);
	p->p_flags = PF_SYSTEM;
	p->p_state = PS_ACTIVE;
	p->p_abi = &abi_native;
	p->p_sigacts = &sigacts0;
	p->p_cred = cred_hold(cred_kernel);
	strlcpy(p->p_comm, "kernel", sizeof(p->p_comm));
	pid_map[0] |= 1; /* 0 is never handed out */

	lock_excl(&proctree_lock);
	ref_init(&session0.s_refs, 1);
	session_publish(&session0, 0, p);
	ref_init(&pgrp0.pg_refs, 1);
	LIST_INIT(&pgrp0.pg_members);
	pgrp_publish(&pgrp0, 0, &session0);
	TAILQ_INSERT_TAIL(&allproc, p, p_all);
	LIST_INSERT_HEAD(&proc_hash[HASH(0)], p, p_hash);
	pgrp_enter(p, &pgrp0);
	nprocs++;
	lock_release(&proctree_lock);
}
SYSINIT(proc0, SI_PROC, proc0_init);

/* --- debugger -------------------------------------------------------------------------- */

static const char *const state_names[] = {"new", "active", "stopped", "zombie"};

static void
ddb_list_procs(const char *arg)
{
	struct proc *p;
	struct lwp *lp;

	kprintf("%5s %5s %5s %-8s %-6s %s\n", "pid", "ppid", "pgrp", "state",
	    "flags", "command");
	TAILQ_FOREACH(p, &allproc, p_all) {
		kprintf("%5d %5d %5d %-8s %06x %s\n", p->p_pid,
		    p->p_parent != NULL ? p->p_parent->p_pid : 0,
		    p->p_pgrp != NULL ? p->p_pgrp->pg_id : 0,
		    state_names[p->p_state], p->p_flags, p->p_comm);
		TAILQ_FOREACH(lp, &p->p_lwps, lw_link)
			kprintf("      tid %d call %d ast %u flags %x %s\n",
			    lp->lw_tid, lp->lw_syscall, lp->lw_ast,
			    lp->lw_flags,
			    lp->lw_thread != NULL &&
				    lp->lw_thread->td_wchan != NULL
				? lp->lw_thread->td_wmesg
				: "-");
	}
}
DDB_COMMAND(ps, "ps", ddb_list_procs, "all processes and their threads");

static void
ddb_list_pgrps(const char *arg)
{
	struct pgrp *pg;
	struct proc *p;

	for (int i = 0; i < HASH_SIZE; i++)
		LIST_FOREACH(pg, &pgrp_hash[i], pg_hash) {
			kprintf(
			    "pgrp %d session %d jobc %d refs %u:", pg->pg_id,
			    pg->pg_session->s_sid, pg->pg_jobc, pg->pg_refs);
			LIST_FOREACH(p, &pg->pg_members, p_pglink)
				kprintf(" %d", p->p_pid);
			kprintf("\n");
		}
}
DDB_COMMAND(pgrps, "show pgrps", ddb_list_pgrps, "process groups");

static void
ddb_show_lwp(const char *arg)
{
	struct lwp *lp;
	uint64_t tid;

	if (!ddb_number(&arg, &tid)) {
		kprintf("usage: show lwp TID\n");
		return;
	}
	LIST_FOREACH(lp, &lwp_hash[HASH(tid)], lw_hash) {
		if ((uint64_t)lp->lw_tid != tid)
			continue;
		kprintf("lwp %p of pid %d thread %p flags %x ast %u refs %u\n",
		    (void *)lp, lp->lw_proc->p_pid, (void *)lp->lw_thread,
		    lp->lw_flags, lp->lw_ast, lp->lw_refs);
		kprintf("  rip %lx rsp %lx rax %lx rdi %lx rsi %lx rdx %lx\n",
		    lp->lw_frame.tf_rip, lp->lw_frame.tf_rsp,
		    lp->lw_frame.tf_rax, lp->lw_frame.tf_rdi,
		    lp->lw_frame.tf_rsi, lp->lw_frame.tf_rdx);
		kprintf(
		    "  call %d restart %d kind %u user %lu sys %lu cycles\n",
		    lp->lw_syscall, lp->lw_restart, lp->lw_restart_kind,
		    lp->lw_cycles[0], lp->lw_cycles[1]);
	}
}
DDB_COMMAND(lwp, "show lwp", ddb_show_lwp, "a user thread: show lwp TID");
