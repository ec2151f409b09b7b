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
