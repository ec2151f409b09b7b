/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd: a timer as a file.  A read gives the number of expirations since
 * the last one and waits while there are none.
 *
 * A periodic timer that expired is armed again by the read that takes its count
 * (as Linux does), so a short period that nobody reads costs nothing; the
 * expirations between are computed then.
 *
 * The due time is kept on the monotonic clock.  An absolute timer of the
 * real-time clock keeps its real due time too and, when its callout runs,
 * waits on if the clock was set back meanwhile.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/thread.h>
#include <sys/uio.h>

#include "event_var.h"

MALLOC_DEFINE(M_TIMERFD, "timerfd", "timerfd timers");

#define TIMERFD_MAX_SEC (INT64_MAX / NS_PER_SEC / 4)

struct timerfd {
	struct lock tf_lock; /* settime against settime and close */
	struct spinlock tf_spin;
	struct callout tf_callout; /* (tf_lock) start and stop */
	uint64_t tf_expired;	   /* (tf_spin) since the last read */
	nstime_t tf_next;	   /* (tf_spin) monotonic; 0: disarmed */
	nstime_t tf_period;	   /* (tf_spin) 0: once */
	nstime_t tf_real;	   /* (tf_spin) real due time, 0: none */
	bool tf_lapsed; /* (tf_spin) expired, armed by the next read */
	bool tf_stop;	/* (tf_spin) do not arm again */
	int tf_clock;	/* (c) */
	struct ev_source tf_source;
};

static void timerfd_fire(void *arg);

/* (tf_spin) Count what has expired by now; the next due time is in tf_next. */
static void
timerfd_advance(struct timerfd *tf, nstime_t now)
{
	uint64_t n = 1;

	if (tf->tf_period > 0) {
		n += (uint64_t)(now - tf->tf_next) / (uint64_t)tf->tf_period;
		tf->tf_next += n * tf->tf_period;
	} else {
		tf->tf_next = 0;
	}
	tf->tf_real = 0;
	tf->tf_expired += n;
}

static void
timerfd_fire(void *arg)
{
	struct timerfd *tf = arg;
	nstime_t now = clock_mono(), behind;
	bool expired = false;

	spin_lock(&tf->tf_spin);
	behind = tf->tf_real != 0 ? tf->tf_real - clock_real() : 0;
	if (behind > 0)
		tf->tf_next = now + behind;
	if (tf->tf_next != 0 && tf->tf_next <= now) {
		timerfd_advance(tf, now);
		tf->tf_lapsed = tf->tf_next != 0;
		expired = true;
	} else if (tf->tf_next != 0 && !tf->tf_stop) { /* the clock was set */
		callout_reset_abs(
		    &tf->tf_callout, tf->tf_next, timerfd_fire, tf);
	}
	spin_unlock(&tf->tf_spin);
	if (expired) {
		wakeup(tf);
		ev_notify(&tf->tf_source, EV_IN);
	}
}

/* (tf_spin) Count what a lapsed timer missed and arm it. */
static void
timerfd_resume(struct timerfd *tf)
{
	nstime_t now = clock_mono();

	if (!tf->tf_lapsed)
		return;
	tf->tf_lapsed = false;
	if (tf->tf_next <= now)
		timerfd_advance(tf, now);
	if (!tf->tf_stop)
		callout_reset_abs(
		    &tf->tf_callout, tf->tf_next, timerfd_fire, tf);
}

static int
timerfd_fo_read(struct file *fp, struct uio *uio, int flags)
{
	struct timerfd *tf = fp->f_data;
	uint64_t value;
	int error = 0;

	if (uio->uio_resid < sizeof(value))
		return (EINVAL);
	spin_lock(&tf->tf_spin);
	while (tf->tf_expired == 0 && error == 0) {
		if ((fp->f_flags & O_NONBLOCK) != 0)
			error = EAGAIN;
		else
			error = spin_sleep(
			    tf, &tf->tf_spin, PCATCH, "timerfd", SLEEP_FOREVER);
	}
	if (error == 0)
		timerfd_resume(tf);
	value = tf->tf_expired;
	if (error == 0)
		tf->tf_expired = 0;
	spin_unlock(&tf->tf_spin);
	return (error != 0 ? error : uiomove(&value, sizeof(value), uio));
}

static uint32_t
timerfd_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct timerfd *tf = fp->f_data;

	ev_attach(&tf->tf_source, w);
	return (atomic_load(&tf->tf_expired) > 0 ? events & EV_IN : 0);
}

static void
timerfd_fo_name(struct file *fp, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:[timerfd]");
}

/* (tf_lock) Afterwards the callout neither runs nor is armed. */
static void
timerfd_stop(struct timerfd *tf)
{
	spin_lock(&tf->tf_spin);
	tf->tf_stop = true;
	spin_unlock(&tf->tf_spin);
	callout_stop_sync(&tf->tf_callout);
}

static void
timerfd_fo_close(struct file *fp)
{
	struct timerfd *tf = fp->f_data;

	timerfd_stop(tf);
	ev_source_destroy(&tf->tf_source);
	lock_destroy(&tf->tf_lock);
	kfree(tf, M_TIMERFD);
}

static const struct fileops timerfd_fileops = {
    .fo_read = timerfd_fo_read,
    .fo_poll = timerfd_fo_poll,
    .fo_stat = file_anon_stat,
    .fo_name = timerfd_fo_name,
    .fo_close = timerfd_fo_close,
};

/* clock: CLOCK_REALTIME or CLOCK_MONOTONIC.  EINVAL, ENOMEM, ENFILE. */
int
kern_timerfd_create(int clock, int oflags, int *fdp)
{
	struct timerfd *tf;
	struct file *fp;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return (EINVAL);
	tf = kmalloc(sizeof(*tf), M_TIMERFD, M_WAITOK | M_ZERO);
	if (tf == NULL)
		return (ENOMEM);
	lock_init(&tf->tf_lock, "timerfd", 0);
	spin_init(&tf->tf_spin, "timerfdspin");
	callout_init(&tf->tf_callout);
	tf->tf_clock = clock;
	ev_source_init(&tf->tf_source);
	fp = file_create(DTYPE_TIMERFD, FREAD | FWRITE | (oflags & O_NONBLOCK),
	    &timerfd_fileops, tf);
	if (fp == NULL) {
		lock_destroy(&tf->tf_lock);
		kfree(tf, M_TIMERFD);
		return (ENFILE);
	}
	return (ev_file_install(fp, oflags, fdp));
}

static bool
timerfd_valid(const struct timespec *ts)
{
	return (
	    ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < NS_PER_SEC);
}

/* Far times are as good as never: they must not overflow a sum. */
static nstime_t
timerfd_ns(const struct timespec *ts)
{
	if (ts->tv_sec > TIMERFD_MAX_SEC)
		return (TIMERFD_MAX_SEC * NS_PER_SEC);
	return (ts_to_ns(ts));
}

/* (tf_spin) */
static void
timerfd_get(struct timerfd *tf, struct itimerspec *cur)
{
	nstime_t left = 0;

	/* Due but not yet counted: the least that still says "armed". */
	if (tf->tf_next != 0)
		left = MAX(tf->tf_next - clock_mono(), 1);
	cur->it_value = ns_to_ts(left);
	cur->it_interval = ns_to_ts(tf->tf_period);
}

/* (tf_spin) Arm for value (nonzero). */
static void
timerfd_arm(struct timerfd *tf, bool absolute, nstime_t value)
{
	nstime_t now = clock_mono();

	if (!absolute) {
		tf->tf_next = now + value;
	} else if (tf->tf_clock == CLOCK_REALTIME) {
		tf->tf_real = value;
		tf->tf_next = now + (value - clock_real());
	} else {
		tf->tf_next = value;
	}
	if (tf->tf_next <= 0) /* long past: 0 would read as disarmed */
		tf->tf_next = 1;
	callout_reset_abs(&tf->tf_callout, tf->tf_next, timerfd_fire, tf);
}

/* EBADF, EINVAL.  Sleeps. */
int
kern_timerfd_settime(
    int fd, bool absolute, const struct itimerspec *new, struct itimerspec *old)
{
	struct timerfd *tf;
	struct file *fp;
	int error;

	if (!timerfd_valid(&new->it_value) || !timerfd_valid(&new->it_interval))
		return (EINVAL);
	error = ev_file_get(fd, &timerfd_fileops, &fp);
	if (error != 0)
		return (error);
	tf = fp->f_data;
	lock_excl(&tf->tf_lock);
	timerfd_stop(tf);
	spin_lock(&tf->tf_spin);
	if (old != NULL) {
		if (tf->tf_lapsed && tf->tf_next <= clock_mono())
			timerfd_advance(tf, clock_mono());
		timerfd_get(tf, old);
	}
	tf->tf_stop = tf->tf_lapsed = false;
	tf->tf_expired = 0;
	tf->tf_next = tf->tf_real = 0;
	tf->tf_period = timerfd_ns(&new->it_interval);
	if (new->it_value.tv_sec != 0 || new->it_value.tv_nsec != 0)
		timerfd_arm(tf, absolute, timerfd_ns(&new->it_value));
	spin_unlock(&tf->tf_spin);
	lock_release(&tf->tf_lock);
	file_drop(fp);
	return (0);
}

int
kern_timerfd_gettime(int fd, struct itimerspec *cur)
{
	struct timerfd *tf;
	struct file *fp;
	int error;

	error = ev_file_get(fd, &timerfd_fileops, &fp);
	if (error != 0)
		return (error);
	tf = fp->f_data;
	spin_lock(&tf->tf_spin);
	timerfd_resume(tf);
	timerfd_get(tf, cur);
	spin_unlock(&tf->tf_spin);
	file_drop(fp);
	return (0);
}
