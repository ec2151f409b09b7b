/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native calls on clocks, timers, futexes and memory.
 */
#include "native_var.h"
#include <vm/vm.h>

int
native_clock_gettime(
    struct lwp *lp, const struct native_clock_gettime_args *uap, uint64_t *resp)
{
	struct timespec ts;
	int error;

	error = kern_clock_gettime(uap->clock, &ts);
	return (error != 0 ? error : copyout(&ts, uap->ts, sizeof(ts)));
}

int
native_clock_getres(
    struct lwp *lp, const struct native_clock_getres_args *uap, uint64_t *resp)
{
	struct timespec ts;
	int error;

	error = kern_clock_getres(uap->clock, &ts);
	return (error != 0 ? error : copyout(&ts, uap->ts, sizeof(ts)));
}

int
native_clock_settime(
    struct lwp *lp, const struct native_clock_settime_args *uap, uint64_t *resp)
{
	struct timespec ts;
	int error;

	error = copyin(uap->ts, &ts, sizeof(ts));
	return (error != 0 ? error : kern_clock_settime(uap->clock, &ts));
}

int
native_gettimeofday(
    struct lwp *lp, const struct native_gettimeofday_args *uap, uint64_t *resp)
{
	struct timespec ts = ns_to_ts(clock_real());
	struct timeval tv = {ts.tv_sec, ts.tv_nsec / 1000};

	return (uap->tv == 0 ? 0 : copyout(&tv, uap->tv, sizeof(tv)));
}

static int
sleep_common(int clock, bool absolute, uaddr_t uwhen, uaddr_t uleft)
{
	struct timespec ts;
	nstime_t when, left = 0;
	int error;

	if (uwhen == 0)
		return (EFAULT);
	if ((error = timeout_copyin(uwhen, &when)) != 0)
		return (error);
	error = kern_nanosleep(clock, absolute, when, &left);
	if (error != 0 && uleft != 0 && !absolute) {
		ts = ns_to_ts(left);
		if (copyout(&ts, uleft, sizeof(ts)) != 0)
			return (EFAULT);
	}
	return (error);
}

int
native_nanosleep(
    struct lwp *lp, const struct native_nanosleep_args *uap, uint64_t *resp)
{
	return (sleep_common(CLOCK_MONOTONIC, false, uap->ts, uap->left));
}

int
native_clock_nanosleep(struct lwp *lp,
    const struct native_clock_nanosleep_args *uap, uint64_t *resp)
{
	return (
	    sleep_common(uap->clock, uap->absolute != 0, uap->when, uap->left));
}

int
native_setitimer(
    struct lwp *lp, const struct native_setitimer_args *uap, uint64_t *resp)
{
	struct itimerval new, old;
	int error;

	error = copyin(uap->value, &new, sizeof(new));
	if (error == 0)
		error = kern_setitimer(uap->which, &new, &old);
	if (error == 0 && uap->old != 0)
		error = copyout(&old, uap->old, sizeof(old));
	return (error);
}

int
native_getitimer(
    struct lwp *lp, const struct native_getitimer_args *uap, uint64_t *resp)
{
	struct itimerval cur;
	int error;

	error = kern_getitimer(uap->which, &cur);
	return (error != 0 ? error : copyout(&cur, uap->value, sizeof(cur)));
}

int
native_timer_create(
    struct lwp *lp, const struct native_timer_create_args *uap, uint64_t *resp)
{
	struct ksigevent ev;
	int error = 0, id;

	if (uap->ev != 0)
		error = copyin(uap->ev, &ev, sizeof(ev));
	if (error == 0)
		error = kern_timer_create(
		    uap->clock, uap->ev != 0 ? &ev : NULL, &id);
	if (error == 0 && (error = copyout(&id, uap->id, sizeof(id))) != 0)
		kern_timer_delete(id);
	return (error);
}

int
native_timer_settime(
    struct lwp *lp, const struct native_timer_settime_args *uap, uint64_t *resp)
{
	struct itimerspec new, old;
	int error;

	error = copyin(uap->value, &new, sizeof(new));
	if (error == 0)
		error =
		    kern_timer_settime(uap->id, uap->absolute != 0, &new, &old);
	if (error == 0 && uap->old != 0)
		error = copyout(&old, uap->old, sizeof(old));
	return (error);
}

int
native_timer_gettime(
    struct lwp *lp, const struct native_timer_gettime_args *uap, uint64_t *resp)
{
	struct itimerspec cur;
	int error;

	error = kern_timer_gettime(uap->id, &cur);
	return (error != 0 ? error : copyout(&cur, uap->value, sizeof(cur)));
}

int
native_timer_getoverrun(struct lwp *lp,
    const struct native_timer_getoverrun_args *uap, uint64_t *resp)
{
	int n = 0, error;

	error = kern_timer_getoverrun(uap->id, &n);
	*resp = (uint64_t)n;
	return (error);
}

int
native_timer_delete(
    struct lwp *lp, const struct native_timer_delete_args *uap, uint64_t *resp)
{
	return (kern_timer_delete(uap->id));
}

static int
futex_clock(int flags)
{
	return ((flags & NATIVE_FUTEX_REALTIME) != 0 ? CLOCK_REALTIME
						     : CLOCK_MONOTONIC);
}

int
native_futex_wait(
    struct lwp *lp, const struct native_futex_wait_args *uap, uint64_t *resp)
{
	nstime_t deadline;
	int error;

	error = timeout_copyin(uap->deadline, &deadline);
	if (error != 0)
		return (error);
	return (kern_futex_wait(uap->word, (uint32_t)uap->value, uap->bits,
	    (uap->flags & NATIVE_FUTEX_SHARED) != 0,
	    deadline < 0 ? 0 : MAX(deadline, 1), futex_clock(uap->flags)));
}

int
native_futex_wake(
    struct lwp *lp, const struct native_futex_wake_args *uap, uint64_t *resp)
{
	int error, n = 0;

	error = kern_futex_wake(uap->word, uap->n, uap->bits,
	    (uap->flags & NATIVE_FUTEX_SHARED) != 0, &n);
	*resp = (uint64_t)n;
	return (error);
}

int
native_futex_requeue(
    struct lwp *lp, const struct native_futex_requeue_args *uap, uint64_t *resp)
{
	int error, n = 0;

	error = kern_futex_requeue(uap->word, uap->to, uap->nwake, uap->nmove,
	    (uap->flags & NATIVE_FUTEX_CHECK) != 0, (uint32_t)uap->value,
	    (uap->flags & NATIVE_FUTEX_SHARED) != 0, &n);
	*resp = (uint64_t)n;
	return (error);
}

int
native_umtx_sleep(
    struct lwp *lp, const struct native_umtx_sleep_args *uap, uint64_t *resp)
{
	nstime_t deadline = 0;
	int error;

	if (uap->timeout_us < 0)
		return (EINVAL);
	if (uap->timeout_us > 0)
		deadline = clock_mono() +
		    MIN(uap->timeout_us, INT64_MAX / 4 / NS_PER_USEC) *
			NS_PER_USEC;
	error = kern_futex_wait(uap->word, (uint32_t)uap->value, ~0u, true,
	    deadline, CLOCK_MONOTONIC);
	/* The names that umtx_sleep(2) has for them. */
	return (error == EAGAIN	     ? EBUSY
		: error == ETIMEDOUT ? EWOULDBLOCK
				     : error);
}

int
native_umtx_wakeup(
    struct lwp *lp, const struct native_umtx_wakeup_args *uap, uint64_t *resp)
{
	int woken;

	return (kern_futex_wake(
	    uap->word, uap->n > 0 ? uap->n : INT32_MAX, ~0u, true, &woken));
}

int
native_mmap(struct lwp *lp, const struct native_mmap_args *uap, uint64_t *resp)
{
	uaddr_t addr = uap->addr;
	int error = kern_mmap(lp, &addr, uap->len, uap->prot, uap->flags,
	    uap->fd, (uint64_t)uap->off);

	*resp = addr;
	return (error);
}

int
native_munmap(
    struct lwp *lp, const struct native_munmap_args *uap, uint64_t *resp)
{
	return (
	    vm_unmap(lp->lw_proc->p_vmspace, uap->addr, round_page(uap->len)));
}

int
native_mprotect(
    struct lwp *lp, const struct native_mprotect_args *uap, uint64_t *resp)
{
	return (vm_protect(lp->lw_proc->p_vmspace, uap->addr,
	    round_page(uap->len), (vm_prot_t)(uap->prot & VM_PROT_ALL)));
}

int
native_madvise(
    struct lwp *lp, const struct native_madvise_args *uap, uint64_t *resp)
{
	if (uap->how < VMADV_NORMAL || uap->how > VMADV_FREE)
		return (EINVAL);
	return (vm_advise(lp->lw_proc->p_vmspace, uap->addr,
	    round_page(uap->len), (enum vm_advice)uap->how));
}

int
native_msync(
    struct lwp *lp, const struct native_msync_args *uap, uint64_t *resp)
{
	int how = (uap->flags & MS_ASYNC) != 0 ? VMS_ASYNC : VMS_SYNC;

	if ((uap->flags & MS_INVALIDATE) != 0)
		how |= VMS_INVALIDATE;
	return (vm_sync(
	    lp->lw_proc->p_vmspace, uap->addr, round_page(uap->len), how));
}

int
native_mincore(
    struct lwp *lp, const struct native_mincore_args *uap, uint64_t *resp)
{
	return (sys_mincore(lp, uap->addr, uap->len, uap->vec));
}

int
native_mlock(
    struct lwp *lp, const struct native_mlock_args *uap, uint64_t *resp)
{
	return (vm_wire(lp->lw_proc->p_vmspace, trunc_page(uap->addr),
	    round_page(uap->len + (uap->addr & PAGE_MASK)), true, true,
	    UINT64_MAX));
}

int
native_munlock(
    struct lwp *lp, const struct native_munlock_args *uap, uint64_t *resp)
{
	return (vm_wire(lp->lw_proc->p_vmspace, trunc_page(uap->addr),
	    round_page(uap->len + (uap->addr & PAGE_MASK)), false, false,
	    UINT64_MAX));
}

int
native_brk(struct lwp *lp, const struct native_brk_args *uap, uint64_t *resp)
{
	return (vm_brk(lp->lw_proc->p_vmspace, uap->addr, resp));
}

int
native_mremap(
    struct lwp *lp, const struct native_mremap_args *uap, uint64_t *resp)
{
	uaddr_t new = uap->want;
	int error = vm_remap(lp->lw_proc->p_vmspace, uap->old,
	    round_page(uap->oldlen), round_page(uap->newlen),
	    (uap->flags & 1) != 0, (uap->flags & 2) != 0, &new);

	*resp = new;
	return (error);
}
