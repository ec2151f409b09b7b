/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on clocks and timers.
 */
#include "linux_var.h"
#include <sys/resource.h>

/* --- clocks ------------------------------------------------------------------------ */

static const int8_t clock_map[] = {CLOCK_REALTIME, CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC,
    CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC, CLOCK_REALTIME,
    CLOCK_MONOTONIC, -1, CLOCK_REALTIME};

/*
 * A negative clock is a CPU-time clock of a process or thread: ~id << 3, bit 2
 * for a thread, 2 for what is scheduled.
 */
static int
cpu_clock(int clock)
{
	pid_t id = ~clock >> 3;
	bool thread = (clock & 4) != 0;

	if ((clock & 3) == 3)
		return (-1);
	if (thread)
		return (id == 0 || id == curlwp->lw_tid
			? CLOCK_THREAD_CPUTIME_ID
			: -1);
	return (
	    id == 0 || id == curproc->p_pid ? CLOCK_PROCESS_CPUTIME_ID : -1);
}

int
linux_clock(int clock)
{
	if (clock < 0)
		return (cpu_clock(clock));
	return (clock < (int)nitems(clock_map) ? clock_map[clock] : -1);
}

/* The reading of another thread's or process's CPU clock.  (t) is taken. */
static int
foreign_cpu_clock(int clock, struct timespec *ts)
{
	pid_t id = ~clock >> 3;
	struct rusage ru;
	struct lwp *l;
	struct proc *p;
	int error = EINVAL;

	lock_shared(&proctree_lock);
	if ((clock & 4) != 0) {
		l = lwp_find(id);
		if (l != NULL && l->lw_proc == curproc) {
			*ts = ns_to_ts(lwp_cputime(l));
			error = 0;
		}
	} else if ((p = proc_find(id)) != NULL) {
		proc_rusage(p, &ru);
		*ts = ns_to_ts(ru.ru_utime + ru.ru_stime);
		error = 0;
	}
	lock_release(&proctree_lock);
	return (error);
}

int
linux_clock_gettime(
    struct lwp *lp, const struct linux_clock_gettime_args *uap, uint64_t *resp)
{
	struct timespec ts;
	int clock = linux_clock(uap->clock), error;

	if (clock == -1 && uap->clock < 0)
		error = foreign_cpu_clock(uap->clock, &ts);
	else
		error = kern_clock_gettime(clock, &ts);
	return (error != 0 ? error : copyout(&ts, uap->ts, sizeof(ts)));
}

int
linux_clock_getres(
    struct lwp *lp, const struct linux_clock_getres_args *uap, uint64_t *resp)
{
	struct timespec ts;
	int error = kern_clock_getres(linux_clock(uap->clock), &ts);

	if (error != 0 || uap->ts == 0)
		return (error);
	return (copyout(&ts, uap->ts, sizeof(ts)));
}

int
linux_clock_settime(
    struct lwp *lp, const struct linux_clock_settime_args *uap, uint64_t *resp)
{
	struct timespec ts;
	int error;

	error = copyin(uap->ts, &ts, sizeof(ts));
	return (error != 0 ? error
			   : kern_clock_settime(linux_clock(uap->clock), &ts));
}

int
linux_gettimeofday(
    struct lwp *lp, const struct linux_gettimeofday_args *uap, uint64_t *resp)
{
	struct timespec ts = ns_to_ts(clock_real());
	struct timeval tv = {ts.tv_sec, ts.tv_nsec / NS_PER_USEC};
	int32_t tz[2] = {0, 0};
	int error = 0;

	if (uap->tv != 0)
		error = copyout(&tv, uap->tv, sizeof(tv));
	if (error == 0 && uap->tz != 0)
		error = copyout(tz, uap->tz, sizeof(tz));
	return (error);
}

int
linux_settimeofday(
    struct lwp *lp, const struct linux_settimeofday_args *uap, uint64_t *resp)
{
	struct timespec ts;
	struct timeval tv;
	int error;

	if (uap->tv == 0)
		return (0); /* a time zone: nobody uses it */
	if ((error = copyin(uap->tv, &tv, sizeof(tv))) != 0)
		return (error);
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return (EINVAL);
	ts = (struct timespec){tv.tv_sec, tv.tv_usec * NS_PER_USEC};
	return (kern_clock_settime(CLOCK_REALTIME, &ts));
}

int
linux_time(struct lwp *lp, const struct linux_time_args *uap, uint64_t *resp)
{
	int64_t now = clock_real() / NS_PER_SEC;

	*resp = (uint64_t)now;
	return (uap->t == 0 ? 0 : copyout(&now, uap->t, sizeof(now)));
}

/* --- sleeping and interval timers ----------------------------------------------------- */

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
	if ((error == ERESTARTNOHAND || error == EINTR) && uleft != 0 &&
	    !absolute) {
		ts = ns_to_ts(left);
		if (copyout(&ts, uleft, sizeof(ts)) != 0)
			return (EFAULT);
	}
	return (error);
}

int
linux_nanosleep(
    struct lwp *lp, const struct linux_nanosleep_args *uap, uint64_t *resp)
{
	return (sleep_common(CLOCK_MONOTONIC, false, uap->ts, uap->left));
}

int
linux_clock_nanosleep(struct lwp *lp,
    const struct linux_clock_nanosleep_args *uap, uint64_t *resp)
{
	return (sleep_common(linux_clock(uap->clock), (uap->flags & 1) != 0,
	    uap->when, uap->left));
}

int
linux_alarm(struct lwp *lp, const struct linux_alarm_args *uap, uint64_t *resp)
{
	*resp = kern_alarm(uap->seconds);
	return (0);
}

int
linux_getitimer(
    struct lwp *lp, const struct linux_getitimer_args *uap, uint64_t *resp)
{
	struct itimerval cur;
	int error;

	error = kern_getitimer(uap->which, &cur);
	return (error != 0 ? error : copyout(&cur, uap->value, sizeof(cur)));
}

int
linux_setitimer(
    struct lwp *lp, const struct linux_setitimer_args *uap, uint64_t *resp)
{
	struct itimerval new, old;
	int error = 0;

	memset(&new, 0, sizeof(new));
	if (uap->value != 0)
		error = copyin(uap->value, &new, sizeof(new));
	if (error == 0)
		error = kern_setitimer(uap->which, &new, &old);
	if (error == 0 && uap->old != 0)
		error = copyout(&old, uap->old, sizeof(old));
	return (error);
}

/* --- POSIX timers ------------------------------------------------------------------------ */

static int
sigevent_in(uaddr_t uev, struct ksigevent *ev)
{
	struct linux_sigevent l;
	int error = copyin(uev, &l, sizeof(l));

	if (error != 0)
		return (error);
	memset(ev, 0, sizeof(*ev));
	ev->sigev_value = l.sigev_value;
	switch (l.sigev_notify) {
	case LINUX_SIGEV_NONE:
		ev->sigev_notify = SIGEV_NONE;
		return (0);
	case LINUX_SIGEV_SIGNAL:
	case LINUX_SIGEV_THREAD: /* the C library's business: a signal */
		ev->sigev_notify = SIGEV_SIGNAL;
		break;
	case LINUX_SIGEV_THREAD_ID:
		ev->sigev_notify = SIGEV_THREAD_ID;
		ev->sigev_tid = l.sigev_tid;
		break;
	default:
		return (EINVAL);
	}
	ev->sigev_signo = linux_sig_in(l.sigev_signo);
	return (ev->sigev_signo == 0 ? EINVAL : 0);
}

int
linux_timer_create(
    struct lwp *lp, const struct linux_timer_create_args *uap, uint64_t *resp)
{
	struct ksigevent ev;
	int error = 0, id;

	if (uap->ev != 0)
		error = sigevent_in(uap->ev, &ev);
	if (error == 0)
		error = kern_timer_create(
		    linux_clock(uap->clock), uap->ev != 0 ? &ev : NULL, &id);
	if (error == 0 && (error = copyout(&id, uap->id, sizeof(id))) != 0)
		kern_timer_delete(id);
	return (error);
}

int
linux_timer_settime(
    struct lwp *lp, const struct linux_timer_settime_args *uap, uint64_t *resp)
{
	struct itimerspec new, old;
	int error;

	error = copyin(uap->value, &new, sizeof(new));
	if (error == 0)
		error = kern_timer_settime(
		    uap->id, (uap->flags & 1) != 0, &new, &old);
	if (error == 0 && uap->old != 0)
		error = copyout(&old, uap->old, sizeof(old));
	return (error);
}

int
linux_timerfd_settime(struct lwp *lp,
    const struct linux_timerfd_settime_args *uap, uint64_t *resp)
{
	struct itimerspec new, old;
	int error;

	error = copyin(uap->value, &new, sizeof(new));
	if (error == 0)
		error = kern_timerfd_settime(
		    uap->fd, (uap->flags & 1) != 0, &new, &old);
	if (error == 0 && uap->old != 0)
		error = copyout(&old, uap->old, sizeof(old));
	return (error);
}

int
linux_timer_gettime(
    struct lwp *lp, const struct linux_timer_gettime_args *uap, uint64_t *resp)
{
	struct itimerspec cur;
	int error;

	error = kern_timer_gettime(uap->id, &cur);
	return (error != 0 ? error : copyout(&cur, uap->value, sizeof(cur)));
}

int
linux_timerfd_gettime(struct lwp *lp,
    const struct linux_timerfd_gettime_args *uap, uint64_t *resp)
{
	struct itimerspec cur;
	int error;

	error = kern_timerfd_gettime(uap->fd, &cur);
	return (error != 0 ? error : copyout(&cur, uap->value, sizeof(cur)));
}

int
linux_timer_getoverrun(struct lwp *lp,
    const struct linux_timer_getoverrun_args *uap, uint64_t *resp)
{
	int n = 0, error;

	error = kern_timer_getoverrun(uap->id, &n);
	*resp = (uint64_t)n;
	return (error);
}

int
linux_timer_delete(
    struct lwp *lp, const struct linux_timer_delete_args *uap, uint64_t *resp)
{
	return (kern_timer_delete(uap->id));
}

int
linux_timerfd_create(
    struct lwp *lp, const struct linux_timerfd_create_args *uap, uint64_t *resp)
{
	int error, fd = -1, oflags;

	if ((error = linux_fd_flags(uap->flags, &oflags)) != 0)
		return (error);
	if (linux_clock(uap->clock) == -1)
		return (EINVAL);
	error = kern_timerfd_create(linux_clock(uap->clock), oflags, &fd);
	*resp = (uint64_t)fd;
	return (error);
}
