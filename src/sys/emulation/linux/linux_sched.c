/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on scheduling.  SCHED_BATCH and SCHED_IDLE stand behind
 * SCHED_OTHER.
 */
#include "linux_var.h"
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/sched.h>

#define L_RESET_ON_FORK 0x40000000 /* in a policy */
#define NICE_AS_IT_IS	(-100)

static const struct {
	int lnx;
	enum sched_class sc;
} classes[] = {
    {0, SCHED_OTHER},
    {1, SCHED_FIFO},
    {2, SCHED_RR},
    {3, SCHED_BATCH},
    {5, SCHED_IDLE},
    {6, SCHED_DEADLINE},
};

static bool
class_in(int policy, enum sched_class *scp)
{
	for (size_t i = 0; i < nitems(classes); i++)
		if (classes[i].lnx == policy) {
			*scp = classes[i].sc;
			return (true);
		}
	return (false);
}

static int
class_out(enum sched_class sc)
{
	for (size_t i = 0; i < nitems(classes); i++)
		if (classes[i].sc == sc)
			return (classes[i].lnx);
	return (0);
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
	kern_sched_yield();
	return (0);
}

int
linux_sched_setparam(
    struct lwp *lp, const struct linux_sched_setparam_args *uap, uint64_t *resp)
{
	struct sched_params sp;
	int prio, error;

	if (uap->param == 0 || uap->pid < 0)
		return (EINVAL);
	if ((error = copyin(uap->param, &prio, sizeof(prio))) != 0 ||
	    (error = kern_sched_get(uap->pid, &sp)) != 0)
		return (error);
	sp.sp_rtprio = prio;
	sp.sp_nice = NICE_AS_IT_IS;
	return (kern_sched_set(uap->pid, &sp));
}

int
linux_sched_getparam(
    struct lwp *lp, const struct linux_sched_getparam_args *uap, uint64_t *resp)
{
	struct sched_params sp;
	int error;

	if (uap->param == 0 || uap->pid < 0)
		return (EINVAL);
	if ((error = kern_sched_get(uap->pid, &sp)) != 0)
		return (error);
	return (copyout(&sp.sp_rtprio, uap->param, sizeof(sp.sp_rtprio)));
}

int
linux_sched_setscheduler(struct lwp *lp,
    const struct linux_sched_setscheduler_args *uap, uint64_t *resp)
{
	struct sched_params sp = {.sp_nice = NICE_AS_IT_IS}, now;
	int error;

	if (uap->policy < 0 || uap->param == 0 || uap->pid < 0)
		return (EINVAL);
	error = copyin(uap->param, &sp.sp_rtprio, sizeof(sp.sp_rtprio));
	if (error != 0 || (error = kern_sched_get(uap->pid, &now)) != 0)
		return (error);
	sp.sp_reset_on_fork = (uap->policy & L_RESET_ON_FORK) != 0;
	if (!class_in(uap->policy & ~L_RESET_ON_FORK, &sp.sp_class))
		return (EINVAL);
	return (kern_sched_set(uap->pid, &sp));
}

int
linux_sched_getscheduler(struct lwp *lp,
    const struct linux_sched_getscheduler_args *uap, uint64_t *resp)
{
	struct sched_params sp;
	int error = kern_sched_get(uap->pid, &sp);

	if (error == 0)
		*resp = (uint64_t)(class_out(sp.sp_class) |
		    (sp.sp_reset_on_fork ? L_RESET_ON_FORK : 0));
	return (error);
}

static int
prio_bound(int policy, uint64_t bound, uint64_t *resp)
{
	enum sched_class sc = SCHED_OTHER;

	if (!class_in(policy, &sc))
		return (EINVAL);
	*resp = sched_is_rt(sc) ? bound : 0;
	return (0);
}

int
linux_sched_get_priority_max(struct lwp *lp,
    const struct linux_sched_get_priority_max_args *uap, uint64_t *resp)
{
	return (prio_bound(uap->policy, SCHED_RT_MAX, resp));
}

int
linux_sched_get_priority_min(struct lwp *lp,
    const struct linux_sched_get_priority_min_args *uap, uint64_t *resp)
{
	return (prio_bound(uap->policy, SCHED_RT_MIN, resp));
}

int
linux_sched_rr_get_interval(struct lwp *lp,
    const struct linux_sched_rr_get_interval_args *uap, uint64_t *resp)
{
	struct sched_params sp;
	struct timespec ts;
	int error = kern_sched_get(uap->pid, &sp);

	if (error != 0)
		return (error);
	ts = ns_to_ts(sched_interval(sp.sp_class));
	return (copyout(&ts, uap->ts, sizeof(ts)));
}

int
linux_sched_setaffinity(struct lwp *lp,
    const struct linux_sched_setaffinity_args *uap, uint64_t *resp)
{
	uint64_t mask = 0;
	int error;

	if ((error = thread_check(uap->pid)) != 0)
		return (error);
	error = copyin(uap->mask, &mask, MIN(uap->len, sizeof(mask)));
	return (error != 0 ? error : kern_sched_affinity(uap->pid, mask));
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

/* at.flags */
#define L_FLAG_RESET_ON_FORK 0x01
#define L_FLAG_RECLAIM	     0x02
#define L_FLAG_DL_OVERRUN    0x04
#define L_FLAG_KEEP_POLICY   0x08
#define L_FLAG_KEEP_PARAMS   0x10
#define L_FLAG_UTIL	     0x60 /* wants a governor that there is not */
#define L_FLAG_ALL	     0x7f

/* As the program's structure may be longer: what we do not know must be 0. */
static int
attr_in(uaddr_t u, struct linux_sched_attr *at)
{
	uint32_t size, known = sizeof(*at);
	uint64_t word;
	int error;

	if ((error = copyin(u, &size, sizeof(size))) != 0)
		return (error);
	if (size == 0)
		size = sizeof(*at);
	if (size < sizeof(*at) || size > PAGE_SIZE)
		goto too_big;
	for (uint32_t i = sizeof(*at); i < size; i += 8) {
		word = 0;
		error = copyin(u + i, &word, MIN(size - i, 8u));
		if (error != 0)
			return (error);
		if (word != 0)
			goto too_big;
	}
	return (copyin(u, at, sizeof(*at)));
too_big:
	return (copyout(&known, u, sizeof(known)) != 0 ? EFAULT : E2BIG);
}

/* Times that are negative as ours are not valid. */
static void
deadline_in(const struct linux_sched_attr *at, struct sched_deadline *dl)
{
	memset(dl, 0, sizeof(*dl));
	dl->dl_runtime = (nstime_t)at->runtime;
	dl->dl_deadline = (nstime_t)at->deadline;
	dl->dl_period = (nstime_t)at->period;
	if ((at->flags & L_FLAG_RECLAIM) != 0)
		dl->dl_flags |= SDF_RECLAIM;
	if ((at->flags & L_FLAG_DL_OVERRUN) != 0)
		dl->dl_flags |= SDF_OVERRUN;
}

static void
deadline_out(const struct sched_deadline *dl, struct linux_sched_attr *at)
{
	at->runtime = (uint64_t)dl->dl_runtime;
	at->deadline = (uint64_t)dl->dl_deadline;
	at->period = (uint64_t)dl->dl_period;
	if ((dl->dl_flags & SDF_RECLAIM) != 0)
		at->flags |= L_FLAG_RECLAIM;
	if ((dl->dl_flags & SDF_OVERRUN) != 0)
		at->flags |= L_FLAG_DL_OVERRUN;
}

int
linux_sched_setattr(
    struct lwp *lp, const struct linux_sched_setattr_args *uap, uint64_t *resp)
{
	struct sched_params sp, now;
	struct linux_sched_attr at;
	int error;

	if (uap->attr == 0 || uap->pid < 0 || uap->flags != 0)
		return (EINVAL);
	if ((error = attr_in(uap->attr, &at)) != 0)
		return (error);
	if ((int32_t)at.policy < 0)
		return (EINVAL);
	if ((error = kern_sched_get(uap->pid, &now)) != 0)
		return (error);
	if ((at.flags & ~(uint64_t)L_FLAG_ALL) != 0)
		return (EINVAL);
	if ((at.flags & L_FLAG_UTIL) != 0)
		return (EOPNOTSUPP);
	sp = now;
	if ((at.flags & L_FLAG_KEEP_POLICY) == 0 &&
	    !class_in((int)at.policy, &sp.sp_class))
		return (EINVAL);
	if ((at.flags & L_FLAG_KEEP_PARAMS) == 0) {
		if (at.priority > SCHED_RT_MAX)
			return (EINVAL);
		sp.sp_rtprio = (int)at.priority;
		deadline_in(&at, &sp.sp_dl);
		sp.sp_nice = MAX(-20, MIN(at.nice, 19));
	}
	/* Who keeps the parameters keeps the class, too. */
	if ((at.flags & L_FLAG_KEEP_PARAMS) != 0)
		sp = now;
	sp.sp_reset_on_fork = (at.flags & L_FLAG_RESET_ON_FORK) != 0;
	return (kern_sched_set(uap->pid, &sp));
}

int
linux_sched_getattr(
    struct lwp *lp, const struct linux_sched_getattr_args *uap, uint64_t *resp)
{
	struct linux_sched_attr at;
	struct sched_params sp;
	int error;

	if (uap->attr == 0 || uap->pid < 0 || uap->size < sizeof(at) ||
	    uap->size > PAGE_SIZE || uap->flags != 0)
		return (EINVAL);
	if ((error = kern_sched_get(uap->pid, &sp)) != 0)
		return (error);
	memset(&at, 0, sizeof(at));
	at.size = sizeof(at);
	at.policy = (uint32_t)class_out(sp.sp_class);
	at.flags = sp.sp_reset_on_fork ? L_FLAG_RESET_ON_FORK : 0;
	if (sched_is_rt(sp.sp_class))
		at.priority = (uint32_t)sp.sp_rtprio;
	else if (sp.sp_class == SCHED_DEADLINE)
		deadline_out(&sp.sp_dl, &at);
	else
		at.nice = sp.sp_nice;
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

/* --- priorities on disks ----------------------------------------------------------- */

/* A class in the upper bits, a level in the lower ones. */
#define L_IOPRIO_SHIFT	13
#define L_IOPRIO_LEVELS 8

/* 1 thread, 2 process group, 3 user. */
static int
io_who(int which, pid_t who, enum io_who *iwp)
{
	if (which < 1 || which > 3)
		return (EINVAL);
	*iwp = (enum io_who)(which - 1);
	return (who < 0 ? ESRCH : 0);
}

int
linux_ioprio_set(
    struct lwp *lp, const struct linux_ioprio_set_args *uap, uint64_t *resp)
{
	int class = uap->prio >> L_IOPRIO_SHIFT;
	int level = uap->prio & ((1 << L_IOPRIO_SHIFT) - 1), error;
	enum io_who which;

	/* No class has no levels. */
	if (class < IOC_NONE || class > IOC_IDLE || level >= L_IOPRIO_LEVELS ||
	    (class == IOC_NONE && level != 0))
		return (EINVAL);
	if ((error = io_who(uap->which, uap->who, &which)) != 0)
		return (error);
	return (kern_ioprio_set(which, uap->who,
	    (struct io_prio){(uint8_t) class, (uint8_t)level}));
}

int
linux_ioprio_get(
    struct lwp *lp, const struct linux_ioprio_get_args *uap, uint64_t *resp)
{
	enum io_who which;
	struct io_prio ip;
	int error;

	if ((error = io_who(uap->which, uap->who, &which)) != 0)
		return (error);
	error = kern_ioprio_get(which, uap->who, &ip);
	*resp = (uint64_t)((ip.ip_class << L_IOPRIO_SHIFT) | ip.ip_level);
	return (error);
}
