/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls that discipline the clock.  The values are kept and told again; of
 * all changes only a step (ADJ_SETOFFSET) and the offset to TAI mean something
 * here, the clock's rate is the machine's.
 */
#include "linux_var.h"
#include <sys/ucred.h>

struct linux_timex {
	uint32_t modes, pad0;
	int64_t offset, freq, maxerror, esterror;
	int32_t status, pad1;
	int64_t constant, precision, tolerance;
	struct timeval time;
	int64_t tick, ppsfreq, jitter;
	int32_t shift, pad2;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai;
	int32_t pad3[11];
};
_Static_assert(sizeof(struct linux_timex) == 208, "timex");

#define ADJ_OFFSET	   0x0001
#define ADJ_FREQUENCY	   0x0002
#define ADJ_MAXERROR	   0x0004
#define ADJ_ESTERROR	   0x0008
#define ADJ_STATUS	   0x0010
#define ADJ_TIMECONST	   0x0020
#define ADJ_TAI		   0x0080
#define ADJ_SETOFFSET	   0x0100
#define ADJ_MICRO	   0x1000
#define ADJ_NANO	   0x2000
#define ADJ_TICK	   0x4000
#define ADJ_ADJTIME	   0x8000
#define ADJ_OFFSET_SS_READ 0xa001
#define STA_RONLY	   0xff00
#define STA_UNSYNC	   0x0040
#define STA_NANO	   0x2000
#define TIME_OK		   0
#define TIME_ERROR	   5
#define MAXFREQ		   32768000L
#define MAXERROR	   16000000L
#define TICK_MIN	   9000
#define TICK_MAX	   11000

SPINLOCK_DEFINE(timex_spin, "timex");
static struct linux_timex timex = {.maxerror = MAXERROR,
    .esterror = MAXERROR,
    .status = STA_UNSYNC,
    .constant = 2,
    .precision = 1,
    .tolerance = MAXFREQ,
    .tick = 10000}; /* (timex_spin) */

/* 0, EPERM, EINVAL: may this be set? */
static int
timex_check(const struct linux_timex *tx)
{
	bool reads = tx->modes == 0 || tx->modes == ADJ_OFFSET_SS_READ;

	if (!reads && cred_check_root(cred_current()) != 0)
		return (EPERM);
	if ((tx->modes & ADJ_ADJTIME) != 0)
		return (tx->modes == ADJ_OFFSET_SS_READ ||
			    tx->modes == (ADJ_ADJTIME | ADJ_OFFSET)
			? 0
			: EINVAL);
	if ((tx->modes & ADJ_TICK) != 0 &&
	    (tx->tick < TICK_MIN || tx->tick > TICK_MAX))
		return (EINVAL);
	if ((tx->modes & ADJ_SETOFFSET) != 0 &&
	    (tx->time.tv_usec < 0 ||
		tx->time.tv_usec >= ((tx->modes & ADJ_NANO) != 0
					    ? NS_PER_SEC
					    : NS_PER_SEC / NS_PER_USEC)))
		return (EINVAL);
	return (0);
}

static int
timex_step(const struct linux_timex *tx)
{
	nstime_t now = clock_real();
	struct timespec ts;

	now += tx->time.tv_sec * NS_PER_SEC +
	    tx->time.tv_usec * ((tx->modes & ADJ_NANO) != 0 ? 1 : NS_PER_USEC);
	ts = ns_to_ts(now);
	return (kern_clock_settime(CLOCK_REALTIME, &ts));
}

/* (timex_spin) */
static void
timex_set(const struct linux_timex *tx)
{
	if ((tx->modes & ADJ_STATUS) != 0)
		timex.status =
		    (timex.status & STA_RONLY) | (tx->status & ~STA_RONLY);
	if ((tx->modes & ADJ_NANO) != 0)
		timex.status |= STA_NANO;
	if ((tx->modes & ADJ_MICRO) != 0)
		timex.status &= ~STA_NANO;
	if ((tx->modes & ADJ_FREQUENCY) != 0)
		timex.freq = MIN(MAX(tx->freq, -MAXFREQ), MAXFREQ);
	if ((tx->modes & ADJ_MAXERROR) != 0)
		timex.maxerror = MIN(MAX(tx->maxerror, 0), MAXERROR);
	if ((tx->modes & ADJ_ESTERROR) != 0)
		timex.esterror = MIN(MAX(tx->esterror, 0), MAXERROR);
	if ((tx->modes & ADJ_TIMECONST) != 0)
		timex.constant = MIN(MAX(tx->constant, 0), 10);
	if ((tx->modes & ADJ_TAI) != 0 && tx->constant >= 0)
		timex.tai = (int32_t)tx->constant;
	if ((tx->modes & ADJ_TICK) != 0)
		timex.tick = tx->tick;
}

static int
timex_call(uaddr_t u, uint64_t *resp)
{
	struct linux_timex tx;
	struct timespec ts;
	int error;

	if ((error = copyin(u, &tx, sizeof(tx))) != 0 ||
	    (error = timex_check(&tx)) != 0)
		return (error);
	if ((tx.modes & ADJ_ADJTIME) == 0 && (tx.modes & ADJ_SETOFFSET) != 0 &&
	    (error = timex_step(&tx)) != 0)
		return (error);
	ts = ns_to_ts(clock_real());
	spin_lock(&timex_spin);
	if ((tx.modes & ADJ_ADJTIME) == 0)
		timex_set(&tx);
	timex.modes = tx.modes;
	timex.time.tv_sec = ts.tv_sec;
	timex.time.tv_usec = (timex.status & STA_NANO) != 0
	    ? ts.tv_nsec
	    : ts.tv_nsec / NS_PER_USEC;
	tx = timex;
	spin_unlock(&timex_spin);
	*resp = (tx.status & STA_UNSYNC) != 0 ? TIME_ERROR : TIME_OK;
	return (copyout(&tx, u, sizeof(tx)));
}

int
linux_adjtimex(
    struct lwp *lp, const struct linux_adjtimex_args *uap, uint64_t *resp)
{
	return (timex_call(uap->timex, resp));
}

int
linux_clock_adjtime(
    struct lwp *lp, const struct linux_clock_adjtime_args *uap, uint64_t *resp)
{
	int clock = linux_clock(uap->clock);

	if (clock < 0)
		return (EINVAL);
	return (clock == CLOCK_REALTIME ? timex_call(uap->timex, resp)
					: EOPNOTSUPP);
}
