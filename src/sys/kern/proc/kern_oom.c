/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The out-of-memory killer: the last resort when reclaim finds nothing.
 *
 * One victim at a time: as long as a process marked PF_OOM exists, the caller
 * is told to wait for its memory (nothing more is done).  The victim is the
 * process with the most resident memory; init and the kernel are spared.
 * p_oom_adj adds thousandths of the machine's memory to what a process uses, or
 * takes them away; with -1000 it is spared, too.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <vm/vm.h>
#include "proc_var.h"

static uint64_t oom_kills;
SYSCTL_U64(oom_kills, "kern.oom_kills", CTLF_RD, &oom_kills,
    "Processes killed because memory ran out");

/* Without locks of the address space: the caller may hold some. */
static uint64_t
resident_bytes(struct proc *p)
{
	uint64_t n = 0;

	spin_lock(&p->p_spin);
	if (p->p_vmspace != NULL)
		n = vmspace_resident(p->p_vmspace);
	spin_unlock(&p->p_spin);
	return (n);
}

/* (t) The victim, or NULL if one is still on its way out or nobody is left. */
static struct proc *
pick_victim(uint64_t *bytesp)
{
	struct proc *p, *best = NULL;
	int64_t points, most = 0;
	struct vm_stats vs;
	uint64_t n;

	vm_stats_get(&vs);
	*bytesp = 0;
	TAILQ_FOREACH(p, &allproc, p_all) {
		if (p == initproc || (p->p_flags & PF_SYSTEM) != 0 ||
		    p->p_state == PS_ZOMBIE)
			continue;
		if ((p->p_flags & PF_OOM) != 0)
			return (NULL);
		if (p->p_oom_adj == -OOM_ADJ_MAX)
			continue;
		n = resident_bytes(p);
		points = (int64_t)n +
		    p->p_oom_adj * (int64_t)(ptoa(vs.vs_total) / OOM_ADJ_MAX);
		if (best == NULL || points > most) {
			best = p;
			most = points;
			*bytesp = n;
		}
	}
	return (best);
}

void
proc_oom_kill(void)
{
	struct proc *p;
	ksiginfo_t ksi;
	uint64_t bytes;

	/* A caller that has the tables may be in the way of the victim's end. */
	if (!lock_try_shared(&proctree_lock))
		return;
	p = pick_victim(&bytes);
	if (p != NULL) {
		kprintf("out of memory: killing pid %d (%s), %lu KiB\n",
		    p->p_pid, p->p_comm, bytes / 1024);
		KTR_EVENT(PROC, oom_kill, "pid=%d bytes=%ld",
		    (uint64_t)p->p_pid, bytes);
		oom_kills++;
		spin_lock(&p->p_spin);
		p->p_flags |= PF_OOM;
		spin_unlock(&p->p_spin);
		sig_fill(&ksi, SIGKILL, SI_KERNEL);
		sig_send_proc(p, SIGKILL, &ksi);
	}
	lock_release(&proctree_lock);
}
