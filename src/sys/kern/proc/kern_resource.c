/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits, usage, priorities.
 *
 * CPU time.  The scheduler counts a thread's whole CPU time in nanoseconds; the
 * boundary (kern_trap.c) counts cycles on its two sides, which is cheap.  Usage
 * divides the one in the proportion of the others.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <sys/resource.h>
#include <sys/ucred.h>
#include <vm/vm.h>
#include "proc_var.h"

nstime_t
lwp_cputime(struct lwp *lp)
{
	struct thread *td = lp->lw_thread;
	nstime_t t;

	if (td == NULL)
		return (0);
	t = atomic_load(&td->td_runtime_ns);
	if (td->td_state == TDS_RUNNING)
		t += MAX(clock_mono() - atomic_load(&td->td_started_ns), 0);
	return (t);
}

void
rusage_add(struct rusage *to, const struct rusage *from)
{
	to->ru_utime += from->ru_utime;
	to->ru_stime += from->ru_stime;
	to->ru_maxrss = MAX(to->ru_maxrss, from->ru_maxrss);
	to->ru_minflt += from->ru_minflt;
	to->ru_majflt += from->ru_majflt;
	to->ru_inblock += from->ru_inblock;
	to->ru_oublock += from->ru_oublock;
	to->ru_nsignals += from->ru_nsignals;
	to->ru_nvcsw += from->ru_nvcsw;
	to->ru_nivcsw += from->ru_nivcsw;
}

/* (p) lp's usage up to now. */
void
lwp_rusage(struct lwp *lp, struct rusage *ru)
{
	uint64_t user = lp->lw_cycles[0], sys = lp->lw_cycles[1];
	uint64_t d = machine_cycles() - lp->lw_stamp;
	nstime_t total = lwp_cputime(lp);

	if (lp == curlwp)
		sys += d;
	else if (lp->lw_thread != NULL &&
	    lp->lw_thread->td_state == TDS_RUNNING && (int64_t)d > 0)
		user += d;
	*ru = lp->lw_ru;
	ru->ru_utime = mul_div(total, user, MAX(user + sys, 1UL));
	ru->ru_stime = total - ru->ru_utime;
}

void
proc_cputime(struct proc *p, nstime_t *userp, nstime_t *sysp)
{
	struct rusage ru;
	struct lwp *lp;

	SPIN_ASSERT(&p->p_spin);
	*userp = p->p_ru.ru_utime;
	*sysp = p->p_ru.ru_stime;
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
		lwp_rusage(lp, &ru);
		*userp += ru.ru_utime;
		*sysp += ru.ru_stime;
	}
}

void
proc_rusage(struct proc *p, struct rusage *ru)
{
	struct vmspace *vm = proc_vmspace_hold(p);
	struct vmspace_stats st;
	struct rusage one;
	struct lwp *lp;

	spin_lock(&p->p_spin);
	*ru = p->p_ru;
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
		lwp_rusage(lp, &one);
		rusage_add(ru, &one);
	}
	spin_unlock(&p->p_spin);
	if (vm != NULL) {
		vmspace_stats(vm, &st);
		vmspace_drop(vm);
		ru->ru_maxrss =
		    MAX(ru->ru_maxrss, (int64_t)(st.vss_peak / 1024));
	}
}

int
kern_getrusage(int who, struct rusage *ru)
{
	struct proc *p = curproc;

	switch (who) {
	case RUSAGE_SELF:
		proc_rusage(p, ru);
		return (0);
	case RUSAGE_CHILDREN:
		lock_shared(&proctree_lock);
		*ru = p->p_cru;
		lock_release(&proctree_lock);
		return (0);
	case RUSAGE_THREAD:
		spin_lock(&p->p_spin);
		lwp_rusage(curlwp, ru);
		spin_unlock(&p->p_spin);
		return (0);
	default:
		return (EINVAL);
	}
}

/* --- limits ------------------------------------------------------------------ */

uint64_t
proc_rlimit(int which)
{
	struct proc *p = curproc;
	uint64_t v;

	if (p == NULL || which < 0 || which >= RLIM_NLIMITS)
		return (RLIM_INFINITY);
	spin_lock(&p->p_spin);
	v = p->p_rlimit[which].rlim_cur;
	spin_unlock(&p->p_spin);
	return (v);
}

/* pid 0: the caller.  A held process the caller may look at, or NULL. */
static int
rlimit_target(pid_t pid, struct proc **pp)
{
	struct proc *p;
	struct ucred *cr = cred_current(), *pcr;
	bool ok;

	if (pid == 0 || pid == curproc->p_pid) {
		proc_hold(curproc);
		*pp = curproc;
		return (0);
	}
	if ((p = proc_find_hold(pid)) == NULL)
		return (ESRCH);
	pcr = proc_cred_hold(p);
	ok = cred_has_cap(cr, CAP_SYS_RESOURCE) ||
	    (pcr != NULL && cr->cr_ruid == pcr->cr_ruid &&
		cr->cr_ruid == pcr->cr_uid && cr->cr_ruid == pcr->cr_svuid);
	if (pcr != NULL)
		cred_drop(pcr);
	if (!ok) {
		proc_drop(p);
		return (EPERM);
	}
	*pp = p;
	return (0);
}

int
kern_getrlimit(pid_t pid, int which, struct rlimit *rl)
{
	struct proc *p;
	int error;

	if (which < 0 || which >= RLIM_NLIMITS)
		return (EINVAL);
	if ((error = rlimit_target(pid, &p)) != 0)
		return (error);
	spin_lock(&p->p_spin);
	*rl = p->p_rlimit[which];
	spin_unlock(&p->p_spin);
	proc_drop(p);
	return (0);
}

static void
rlimit_apply_vm(struct proc *p)
{
	struct vmspace *vm = proc_vmspace_hold(p);

	if (vm == NULL)
		return;
	vmspace_set_limits(vm, p->p_rlimit[RLIMIT_AS].rlim_cur,
	    p->p_rlimit[RLIMIT_DATA].rlim_cur,
	    p->p_rlimit[RLIMIT_STACK].rlim_cur);
	vmspace_drop(vm);
}

int
kern_setrlimit(pid_t pid, int which, const struct rlimit *rl)
{
	struct rlimit *cur;
	struct proc *p;
	int error;

	if (which < 0 || which >= RLIM_NLIMITS || rl->rlim_cur > rl->rlim_max)
		return (EINVAL);
	if ((error = rlimit_target(pid, &p)) != 0)
		return (error);
	spin_lock(&p->p_spin);
	cur = &p->p_rlimit[which];
	if (rl->rlim_max > cur->rlim_max &&
	    !cred_has_cap(cred_current(), CAP_SYS_RESOURCE))
		error = EPERM;
	else
		*cur = *rl;
	cputimers_update(p);
	spin_unlock(&p->p_spin);
	if (error == 0 &&
	    (which == RLIMIT_AS || which == RLIMIT_DATA ||
		which == RLIMIT_STACK))
		rlimit_apply_vm(p);
	proc_drop(p);
	return (error);
}

/* --- nice ------------------------------------------------------------------------ */

/* (t) Call f for each process that (which, who) names: how many. */
static int
prio_foreach(int which, pid_t who, int (*f)(struct proc *p, int *arg), int *arg,
    int *errorp)
{
	struct ucred *cr;
	struct pgrp *pg;
	struct proc *p;
	struct lwp *lp;
	uid_t uid = who != 0 ? (uid_t)who : cred_current()->cr_ruid;
	int n = 0, e;

	if (which == PRIO_PROCESS) {
		p = who == 0 ? curproc : proc_find(who);
		if (p == NULL && (lp = lwp_find(who)) != NULL)
			p = lp->lw_proc;
		if (p == NULL || p->p_state == PS_ZOMBIE)
			return (0);
		if ((e = f(p, arg)) != 0)
			*errorp = e;
		return (1);
	}
	pg = which == PRIO_PGRP && who != 0 ? pgrp_find(who) : curproc->p_pgrp;
	TAILQ_FOREACH(p, &allproc, p_all) {
		if ((p->p_flags & PF_SYSTEM) != 0 || p->p_state == PS_ZOMBIE)
			continue;
		if (which == PRIO_PGRP && (pg == NULL || p->p_pgrp != pg))
			continue;
		if (which == PRIO_USER) {
			if ((cr = proc_cred_hold(p)) == NULL)
				continue;
			e = cr->cr_ruid != uid;
			cred_drop(cr);
			if (e)
				continue;
		}
		n++;
		if ((e = f(p, arg)) != 0)
			*errorp = e;
	}
	return (n);
}

static int
prio_min(struct proc *p, int *arg)
{
	*arg = MIN(*arg, p->p_nice);
	return (0);
}

static int
prio_set(struct proc *p, int *arg)
{
	struct lwp *lp;
	struct ucred *cr = cred_current(), *pcr = proc_cred_hold(p);
	int nice = *arg;
	bool owner;

	if (pcr == NULL)
		return (0);
	owner = cred_has_cap(cr, CAP_SYS_NICE) || cr->cr_uid == pcr->cr_uid ||
	    cr->cr_uid == pcr->cr_ruid;
	cred_drop(pcr);
	if (!owner)
		return (EPERM);
	spin_lock(&p->p_spin);
	if (nice < p->p_nice && !cred_has_cap(cr, CAP_SYS_NICE) &&
	    (uint64_t)(20 - nice) > p->p_rlimit[RLIMIT_NICE].rlim_cur) {
		spin_unlock(&p->p_spin);
		return (EACCES);
	}
	p->p_nice = nice;
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link)
		atomic_store(&lp->lw_ast, 1);
	spin_unlock(&p->p_spin);
	return (0);
}

int
kern_getpriority(int which, pid_t who, int *nicep)
{
	int nice = 20, error = 0, n;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return (EINVAL);
	lock_shared(&proctree_lock);
	n = prio_foreach(which, who, prio_min, &nice, &error);
	lock_release(&proctree_lock);
	*nicep = nice;
	return (n == 0 ? ESRCH : error);
}

int
kern_setpriority(int which, pid_t who, int nice)
{
	int error = 0, n;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return (EINVAL);
	nice = MAX(-20, MIN(nice, 19));
	lock_shared(&proctree_lock);
	n = prio_foreach(which, who, prio_set, &nice, &error);
	lock_release(&proctree_lock);
	return (n == 0 ? ESRCH : error);
}
