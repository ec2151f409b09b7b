/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduling classes: who may have which, and what it is. */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <sys/sched.h>
#include <sys/ucred.h>
#include "proc_var.h"

/* (t) */
static struct lwp *
sched_find(pid_t tid)
{
	return (tid == 0 ? curlwp : lwp_find(tid));
}

int
kern_sched_get(pid_t tid, struct sched_params *sp)
{
	struct lwp *lp;

	if (tid < 0)
		return (EINVAL);
	lock_shared(&proctree_lock);
	if ((lp = sched_find(tid)) != NULL)
		*sp = (struct sched_params){lp->lw_class, lp->lw_rtprio,
		    lp->lw_proc->p_nice, lp->lw_reset_on_fork, lp->lw_dl};
	lock_release(&proctree_lock);
	return (lp == NULL ? ESRCH : 0);
}

/* Is nice within the process's limit? */
static bool
nice_allowed(struct proc *p, int nice)
{
	return ((uint64_t)(20 - nice) <= p->p_rlimit[RLIMIT_NICE].rlim_cur);
}

static bool
same_user(struct proc *p)
{
	struct ucred *cr = cred_current(), *pcr = proc_cred_hold(p);
	bool same;

	if (pcr == NULL)
		return (false);
	same = cr->cr_uid == pcr->cr_uid || cr->cr_uid == pcr->cr_ruid;
	cred_drop(pcr);
	return (same);
}

/* Without CAP_SYS_NICE: may lp become what sp says? */
static bool
sched_permitted(struct lwp *lp, const struct sched_params *sp)
{
	struct proc *p = lp->lw_proc;
	uint64_t max = p->p_rlimit[RLIMIT_RTPRIO].rlim_cur;

	if (!same_user(p) || (lp->lw_reset_on_fork && !sp->sp_reset_on_fork))
		return (false);
	if (sp->sp_class == SCHED_DEADLINE)
		return (false);
	if (sched_is_rt(sp->sp_class)) {
		if (sp->sp_class != lp->lw_class && max == 0)
			return (false);
		return (sp->sp_rtprio <= lp->lw_rtprio ||
		    (uint64_t)sp->sp_rtprio <= max);
	}
	if (sp->sp_nice >= -20 && sp->sp_nice < p->p_nice &&
	    !nice_allowed(p, sp->sp_nice))
		return (false);
	return (lp->lw_class != SCHED_IDLE || sp->sp_class == SCHED_IDLE ||
	    nice_allowed(p, p->p_nice));
}

/* Into or out of SCHED_DEADLINE.  It runs on any CPU: EPERM, EBUSY. */
static int
sched_admit(struct lwp *lp, const struct sched_params *sp)
{
	cpumask_t all = (cpumask_t)((1UL << ncpus) - 1);

	if (sp->sp_class != SCHED_DEADLINE)
		return (lp->lw_class != SCHED_DEADLINE
			? 0
			: sched_deadline_admit(lp, NULL));
	if ((lp->lw_affinity & all) != all)
		return (EPERM);
	return (sched_deadline_admit(lp, &sp->sp_dl));
}

int
kern_sched_set(pid_t tid, const struct sched_params *sp)
{
	bool rt = sched_is_rt(sp->sp_class);
	struct sched_params valid = *sp;
	struct lwp *lp;
	int error = 0;

	if (tid < 0 || sp->sp_class > SCHED_DEADLINE || sp->sp_rtprio < 0 ||
	    sp->sp_rtprio > SCHED_RT_MAX || rt != (sp->sp_rtprio != 0) ||
	    (sp->sp_class == SCHED_DEADLINE &&
		!sched_deadline_valid(&valid.sp_dl)))
		return (EINVAL);
	lock_shared(&proctree_lock);
	if ((lp = sched_find(tid)) == NULL)
		error = ESRCH;
	else if (!cred_has_cap(cred_current(), CAP_SYS_NICE) &&
	    !sched_permitted(lp, sp))
		error = EPERM;
	if (error == 0 && (error = sched_admit(lp, &valid)) == 0) {
		spin_lock(&lp->lw_proc->p_spin);
		lp->lw_class = sp->sp_class;
		lp->lw_rtprio = sp->sp_rtprio;
		lp->lw_reset_on_fork = sp->sp_reset_on_fork;
		if (!rt && sp->sp_class != SCHED_DEADLINE && sp->sp_nice >= -20)
			lp->lw_proc->p_nice = MIN(sp->sp_nice, 19);
		spin_unlock(&lp->lw_proc->p_spin);
		usched_changed(lp);
	}
	lock_release(&proctree_lock);
	return (error);
}

int
kern_sched_affinity(pid_t tid, uint64_t mask)
{
	struct lwp *lp;
	int error = 0;

	mask &= (1UL << ncpus) - 1;
	lock_shared(&proctree_lock);
	if ((lp = sched_find(tid)) == NULL)
		error = ESRCH;
	else if (!same_user(lp->lw_proc) &&
	    !cred_has_cap(cred_current(), CAP_SYS_NICE))
		error = EPERM;
	else if (mask == 0)
		error = EINVAL;
	else if (lp->lw_class == SCHED_DEADLINE && mask != (1UL << ncpus) - 1)
		error = EBUSY; /* it was admitted for all of them */
	else {
		atomic_store(&lp->lw_affinity, (cpumask_t)mask);
		usched_changed(lp); /* it moves on its next way out or in */
	}
	lock_release(&proctree_lock);
	return (error);
}

/* --- disks ------------------------------------------------------------------------ */

/* (t) Does (which, who) name lp?  A group's: only the first threads. */
static bool
io_named(struct lwp *lp, enum io_who which, pid_t who)
{
	struct proc *p = lp->lw_proc;
	struct ucred *cr;
	bool named;

	if (p->p_state == PS_ZOMBIE || (p->p_flags & PF_SYSTEM) != 0)
		return (false);
	if (which == IOW_PGRP)
		return (lp->lw_tid == p->p_pid && p->p_pgrp != NULL &&
		    (who == 0 ? p->p_pgrp == curproc->p_pgrp
			      : p->p_pgrp == pgrp_find(who)));
	if ((cr = proc_cred_hold(p)) == NULL)
		return (false);
	named =
	    cr->cr_ruid == (who == 0 ? cred_current()->cr_ruid : (uid_t)who);
	cred_drop(cr);
	return (named);
}

/* (t) Call f for each thread that is named: how many. */
static int
io_foreach(enum io_who which, pid_t who,
    int (*f)(struct lwp *lp, struct io_prio *ip), struct io_prio *ip,
    int *errorp)
{
	struct proc *p;
	struct lwp *lp;
	int n = 0, error;

	if (which == IOW_THREAD) {
		if ((lp = sched_find(who)) == NULL)
			return (0);
		*errorp = f(lp, ip);
		return (1);
	}
	TAILQ_FOREACH(p, &allproc, p_all)
		TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
			if (!io_named(lp, which, who))
				continue;
			n++;
			if ((error = f(lp, ip)) != 0)
				*errorp = error;
		}
	return (n);
}

static int
io_set(struct lwp *lp, struct io_prio *ip)
{
	if (!same_user(lp->lw_proc) &&
	    !cred_has_cap(cred_current(), CAP_SYS_NICE))
		return (EPERM);
	lp->lw_ioprio = *ip;
	return (0);
}

/* What IOC_NONE comes to. */
static struct io_prio
io_effective(const struct lwp *lp)
{
	uint8_t level = (uint8_t)((lp->lw_proc->p_nice + 20) / 5);

	if (lp->lw_ioprio.ip_class != IOC_NONE)
		return (lp->lw_ioprio);
	return ((struct io_prio){lp->lw_class == SCHED_IDLE ? IOC_IDLE
		: sched_is_rt(lp->lw_class)		    ? IOC_RT
							    : IOC_BEST_EFFORT,
	    level});
}

static int
io_best(struct lwp *lp, struct io_prio *best)
{
	struct io_prio ip = io_effective(lp);

	if (best->ip_class == IOC_NONE || ip.ip_class < best->ip_class ||
	    (ip.ip_class == best->ip_class && ip.ip_level < best->ip_level))
		*best = ip;
	return (0);
}

static int
io_get(struct lwp *lp, struct io_prio *ip)
{
	*ip = lp->lw_ioprio;
	return (0);
}

int
kern_ioprio_set(enum io_who which, pid_t who, struct io_prio ip)
{
	const struct ucred *cr = cred_current();
	int error = 0, n;

	if (ip.ip_class == IOC_RT && !cred_has_cap(cr, CAP_SYS_ADMIN) &&
	    !cred_has_cap(cr, CAP_SYS_NICE))
		return (EPERM);
	lock_shared(&proctree_lock);
	n = io_foreach(which, who, io_set, &ip, &error);
	lock_release(&proctree_lock);
	return (n == 0 ? ESRCH : error);
}

int
kern_ioprio_get(enum io_who which, pid_t who, struct io_prio *ipp)
{
	int error = 0, n;

	memset(ipp, 0, sizeof(*ipp));
	lock_shared(&proctree_lock);
	n = io_foreach(
	    which, who, which == IOW_THREAD ? io_get : io_best, ipp, &error);
	lock_release(&proctree_lock);
	return (n == 0 ? ESRCH : error);
}
