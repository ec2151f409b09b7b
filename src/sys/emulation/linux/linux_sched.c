/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on scheduling.  There is one class (SCHED_OTHER with nice values);
 * the real-time classes are refused.
 */
#include "linux_var.h"
#include <sys/atomic.h>
#include <sys/cpu.h>

enum {
	L_SCHED_OTHER,
	L_SCHED_FIFO,
	L_SCHED_RR,
	L_SCHED_BATCH,
	L_SCHED_IDLE = 5
};

static bool
policy_known(int policy)
{
	return (policy == L_SCHED_OTHER || policy == L_SCHED_BATCH ||
	    policy == L_SCHED_IDLE);
}

/* ESRCH unless pid names a thread; 0 is the caller. */
static int
thread_check(pid_t pid)
{
	struct lwp *l;

	if (pid < 0)
		return (EINVAL);
	if (pid == 0)
		return (0);
	lock_shared(&proctree_lock);
	l = lwp_find(pid);
	lock_release(&proctree_lock);
	return (l == NULL ? ESRCH : 0);
}

int
linux_sched_yield(
    struct lwp *lp, const struct linux_sched_yield_args *uap, uint64_t *resp)
{
	thread_yield();
	return (0);
}

int
linux_sched_setparam(
    struct lwp *lp, const struct linux_sched_setparam_args *uap, uint64_t *resp)
{
	int prio, error;

	if ((error = thread_check(uap->pid)) != 0 ||
	    (error = copyin(uap->param, &prio, sizeof(prio))) != 0)
		return (error);
	return (prio == 0 ? 0 : EINVAL);
}

int
linux_sched_getparam(
    struct lwp *lp, const struct linux_sched_getparam_args *uap, uint64_t *resp)
{
	int prio = 0, error = thread_check(uap->pid);

	return (error != 0 ? error : copyout(&prio, uap->param, sizeof(prio)));
}

int
linux_sched_setscheduler(struct lwp *lp,
    const struct linux_sched_setscheduler_args *uap, uint64_t *resp)
{
	int prio, error;

	if ((error = thread_check(uap->pid)) != 0 ||
	    (error = copyin(uap->param, &prio, sizeof(prio))) != 0)
		return (error);
	if (uap->policy == L_SCHED_FIFO || uap->policy == L_SCHED_RR)
		return (EPERM);
	return (policy_known(uap->policy) && prio == 0 ? 0 : EINVAL);
}

int
linux_sched_getscheduler(struct lwp *lp,
    const struct linux_sched_getscheduler_args *uap, uint64_t *resp)
{
	*resp = L_SCHED_OTHER;
	return (thread_check(uap->pid));
}

int
linux_sched_get_priority_max(struct lwp *lp,
    const struct linux_sched_get_priority_max_args *uap, uint64_t *resp)
{
	if (uap->policy == L_SCHED_FIFO || uap->policy == L_SCHED_RR) {
		*resp = 99;
		return (0);
	}
	return (policy_known(uap->policy) ? 0 : EINVAL);
}

int
linux_sched_get_priority_min(struct lwp *lp,
    const struct linux_sched_get_priority_min_args *uap, uint64_t *resp)
{
	if (uap->policy == L_SCHED_FIFO || uap->policy == L_SCHED_RR) {
		*resp = 1;
		return (0);
	}
	return (policy_known(uap->policy) ? 0 : EINVAL);
}

int
linux_sched_rr_get_interval(struct lwp *lp,
    const struct linux_sched_rr_get_interval_args *uap, uint64_t *resp)
{
	struct timespec ts = ns_to_ts(SCHED_SLICE_NS);
	int error = thread_check(uap->pid);

	return (error != 0 ? error : copyout(&ts, uap->ts, sizeof(ts)));
}

/* The mask is kept for the caller's own placement; for others it is checked. */

int
linux_sched_setaffinity(struct lwp *lp,
    const struct linux_sched_setaffinity_args *uap, uint64_t *resp)
{
	uint64_t mask = 0;
	cpumask_t cpus_here = (cpumask_t)((1UL << ncpus) - 1);
	int error;

	if ((error = thread_check(uap->pid)) != 0 ||
	    (error = copyin(uap->mask, &mask, MIN(uap->len, sizeof(mask)))) !=
		0)
		return (error);
	if ((mask & cpus_here) == 0)
		return (EINVAL);
	if (uap->pid == 0 || uap->pid == lp->lw_tid)
		lp->lw_affinity = (cpumask_t)mask & cpus_here;
	return (0);
}

int
linux_sched_getaffinity(struct lwp *lp,
    const struct linux_sched_getaffinity_args *uap, uint64_t *resp)
{
	uint64_t mask = (1UL << ncpus) - 1;
	struct lwp *l;

	if (uap->len < sizeof(mask) || (uap->len & 7) != 0)
		return (EINVAL);
	lock_shared(&proctree_lock);
	l = uap->pid == 0 ? lp : lwp_find(uap->pid);
	if (l != NULL)
		mask &= l->lw_affinity;
	lock_release(&proctree_lock);
	if (l == NULL)
		return (ESRCH);
	*resp = sizeof(mask);
	return (copyout(&mask, uap->mask, sizeof(mask)));
}

struct linux_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
CTASSERT(sizeof(struct linux_sched_attr) == 48);

int
linux_sched_setattr(
    struct lwp *lp, const struct linux_sched_setattr_args *uap, uint64_t *resp)
{
	struct linux_sched_attr at;
	int error;

	if (uap->flags != 0)
		return (EINVAL);
	if ((error = thread_check(uap->pid)) != 0 ||
	    (error = copyin(uap->attr, &at, sizeof(at))) != 0)
		return (error);
	if (at.size < sizeof(at))
		return (EINVAL);
	if (!policy_known((int)at.policy))
		return (EPERM);
	return (kern_setpriority(PRIO_PROCESS, uap->pid, at.nice));
}

int
linux_sched_getattr(
    struct lwp *lp, const struct linux_sched_getattr_args *uap, uint64_t *resp)
{
	struct linux_sched_attr at;
	int error, nice = 0;

	if (uap->size < sizeof(at) || uap->flags != 0)
		return (EINVAL);
	if ((error = thread_check(uap->pid)) != 0 ||
	    (error = kern_getpriority(PRIO_PROCESS, uap->pid, &nice)) != 0)
		return (error);
	memset(&at, 0, sizeof(at));
	at.size = sizeof(at);
	at.nice = nice;
	return (copyout(&at, uap->attr, sizeof(at)));
}

int
linux_getcpu(
    struct lwp *lp, const struct linux_getcpu_args *uap, uint64_t *resp)
{
	uint32_t cpu = (uint32_t)curcpu->c_id;
	uint32_t node = (uint32_t)curcpu->c_domain;
	int error = copyout_u32(cpu, uap->cpu);

	return (error != 0 ? error : copyout_u32(node, uap->node));
}

int
linux_ioprio_set(
    struct lwp *lp, const struct linux_ioprio_set_args *uap, uint64_t *resp)
{
	return (thread_check(uap->which == 1 ? uap->who : 0));
}

int
linux_ioprio_get(
    struct lwp *lp, const struct linux_ioprio_get_args *uap, uint64_t *resp)
{
	*resp = 2 << 13 | 4;
	return (thread_check(uap->which == 1 ? uap->who : 0));
}
