/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vkernel's clock: the host's time, told by the CPU's cycle counter.
 *
 * 1. Programs read the time without a call, by the vDSO, from the counter and
 *    the hands (sys/timehands.h).  The kernel itself does the same.
 * 2. The host's clock is the truth.  A sample is one reading of it together
 *    with the counter.  Two samples give the counter's speed; every later one
 *    says how far we are off, and the speed until the next one is chosen so
 *    that the error is gone by then.  So our clock follows the host's (and its
 *    NTP), never jumps by itself, and never runs back.
 *    The interval doubles from FIRST_NS to LAST_NS: the first speed comes from
 *    the few milliseconds of the boot and is good to some 20 ppm.
 * 3. If the host was stopped (a suspended or moved machine) we are far behind:
 *    then we jump.  Far ahead we go slowly until the host has caught up.
 * 4. The counter is used if the host itself tells the time by it (clock source
 *    "tsc") and the option clock=host is not given.  If not, or if its speed changes by more than any NTP would do,
 *    mode TH_KERNEL stays or comes: clock_mono asks the host, and the vDSO
 *    makes system calls.  All is right then, and slower.
 * 5. The time of day is the monotonic time plus what the host says, plus what
 *    clock_set_real added.  A step of the host's clock is followed at the next
 *    sample.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <sys/timehands.h>
#include <cpu/cycles.h>
#include "vk_repeat.h"
#include "vk_var.h"

#define FIRST_NS      (10 * NS_PER_MSEC)
#define LAST_NS	      (2 * NS_PER_SEC)
#define BASE_MIN_NS   (500 * NS_PER_USEC) /* for the first speed */
#define SAMPLE_TRIES  5
#define SAMPLE_WIDTH  (20 * NS_PER_USEC) /* wider ones are thrown away */
#define JUMP_NS	      (20 * NS_PER_MSEC)
#define STEP_NS	      (50 * NS_PER_USEC) /* of the time of day: followed */
#define SPEED_CHANGE  500 /* a speed off by 1/500 is not the counter's */
#define CORRECT_SHARE 16  /* correct by at most 1/16 of the speed */
#define UNIT	      (1UL << 32)
/* A repeatable run begins on 2026-01-01 00:00:00 UTC (vk_repeat.c). */
#define REPEAT_EPOCH_NS (1767225600 * NS_PER_SEC)

struct sample {
	uint64_t sa_cycles;
	nstime_t sa_mono;  /* the host's, from our start */
	nstime_t sa_real;  /* the host's time of day - sa_mono */
	uint64_t sa_width; /* cycles that the reading took */
};

static nstime_t start_ns;   /* the host's clock at our start */
static struct sample last;  /* (callout) */
static uint64_t speed;	    /* (callout) ns * 2^32 per cycle */
static nstime_t interval;   /* (callout) to the next sample */
static nstime_t real_added; /* (hands) by clock_set_real */
static nstime_t host_real;  /* (hands) sa_real that is in use */
static struct callout adjust_callout;

static int clock_cycles = -1;
SYSCTL_INT(clock_cycles, "hw.clock_cycles", CTLF_RD, &clock_cycles,
    "1: the time is told by the cycle counter, 0: by the host");

/* --- reading ------------------------------------------------------------------- */

nstime_t
clock_mono(void)
{
	uint64_t cycles;
	struct timehands th;

	if (__unlikely(vk_repeatable))
		return (repeat_now());
	th = timehands_read(timehands_get(), &cycles);
	if (__likely(th.th_mode == TH_CYCLES))
		return (timehands_mono(&th, cycles));
	return (host_clock_mono() - start_ns + th.th_mono);
}

nstime_t
clock_real(void)
{
	uint64_t cycles;
	struct timehands th = timehands_read(timehands_get(), &cycles);

	if (__unlikely(vk_repeatable))
		return (repeat_now() + th.th_real);
	if (__likely(th.th_mode == TH_CYCLES))
		return (timehands_mono(&th, cycles) + th.th_real);
	return (host_clock_mono() - start_ns + th.th_mono + th.th_real);
}

void
clock_set_real(nstime_t now)
{
	nstime_t mono = clock_mono();
	struct timehands *th = timehands_change();

	real_added += now - mono - th->th_real;
	th->th_real = now - mono;
	timehands_changed(th);
}

/* --- samples --------------------------------------------------------------------- */

/* The best of some; false if the host was too busy for a good one. */
static bool
sample(struct sample *best)
{
	struct sample s;
	uint64_t t1, t2;
	nstime_t real;

	best->sa_width = UINT64_MAX;
	for (int i = 0; i < SAMPLE_TRIES; i++) {
		s.sa_cycles = cpu_cycles();
		s.sa_mono = host_clock_mono() - start_ns;
		t1 = cpu_cycles();
		real = host_clock_real();
		t2 = cpu_cycles();
		/* Both were read in the middle of their halves, about. */
		s.sa_cycles += (t1 - s.sa_cycles) / 2;
		s.sa_width = t2 - s.sa_cycles;
		s.sa_real = real - s.sa_mono;
		if (speed != 0)
			s.sa_real -= (nstime_t)mul_div(
			    (t1 + t2) / 2 - s.sa_cycles, speed, UNIT);
		if (s.sa_width < best->sa_width)
			*best = s;
	}
	return (
	    speed == 0 || mul_div(best->sa_width, speed, UNIT) < SAMPLE_WIDTH);
}

/* ns * 2^32 per cycle between two samples; 0 if that is no number. */
static uint64_t
speed_between(const struct sample *a, const struct sample *b)
{
	int64_t cycles = (int64_t)(b->sa_cycles - a->sa_cycles);
	nstime_t ns = b->sa_mono - a->sa_mono;
	uint64_t v;

	if (cycles <= 0 || ns <= 0)
		return (0);
	v = mul_div((uint64_t)ns, UNIT, (uint64_t)cycles);
	/* 0.1 to 100 GHz */
	return (v > UNIT / 100 && v < UNIT * 10 ? v : 0);
}

/* --- setting ----------------------------------------------------------------------- */

/* The counter is not to be used, from now on. */
static void
give_up(void)
{
	struct timehands *th = timehands_change();
	nstime_t was = timehands_mono(th, cpu_cycles());
	nstime_t host = host_clock_mono() - start_ns;

	th->th_mode = TH_KERNEL;
	th->th_mono = MAX(was - host, 0); /* so that it does not run back */
	timehands_changed(th);
	clock_cycles = 0;
	kprintf("the cycle counter cannot tell the time: asking the host\n");
}

/* Until the next sample in `interval': what speed takes the error away? */
static uint64_t
corrected(nstime_t behind)
{
	nstime_t most = interval / CORRECT_SHARE;

	behind = MIN(MAX(behind, -most), most);
	return (
	    mul_div(speed, (uint64_t)(interval + behind), (uint64_t)interval));
}

static void
set_hands(const struct sample *s)
{
	struct timehands *th = timehands_change();
	uint64_t cycles = cpu_cycles();
	nstime_t ours = timehands_mono(th, cycles);
	nstime_t host =
	    s->sa_mono + (nstime_t)mul_div(cycles - s->sa_cycles, speed, UNIT);
	nstime_t behind = host - ours;

	if (behind > JUMP_NS) {
		ours = host;
		behind = 0;
	}
	th->th_cycles = cycles;
	th->th_mono = ours;
	th->th_mult = corrected(behind);
	if (s->sa_real - host_real > STEP_NS ||
	    host_real - s->sa_real > STEP_NS) {
		th->th_real += s->sa_real - host_real;
		host_real = s->sa_real;
	}
	timehands_changed(th);
}

static void
adjust(void *arg __unused)
{
	struct sample s;
	uint64_t v, off;

	if (sample(&s)) {
		v = speed_between(&last, &s);
		off = v > speed ? v - speed : speed - v;
		/* A stopped host makes one wrong interval, not a wrong speed:
		 * it is told by its length. */
		if (s.sa_mono - last.sa_mono < 4 * interval &&
		    off > speed / SPEED_CHANGE) {
			give_up();
			return;
		}
		if (off <= speed / SPEED_CHANGE)
			speed = v;
		last = s;
		interval = MIN(interval * 2, LAST_NS);
		set_hands(&s);
	}
	callout_reset(&adjust_callout, interval, adjust, NULL);
}

/* The first: on the boot CPU, before anything else asks for the time. */
void
vk_clock_boot(nstime_t host_start_ns)
{
	struct timehands *th;

	start_ns = host_start_ns;
	if (!vk_repeatable) {
		(void)sample(&last);
		host_real = last.sa_real;
	} else
		host_real = REPEAT_EPOCH_NS;
	th = timehands_change();
	th->th_mode = TH_KERNEL;
	th->th_real = host_real;
	timehands_changed(th);
}

/*
 * The counter's speed will be told from the template's first sample: a new one
 * would be too close to the second to be good for that.
 */
void
vk_clock_again(nstime_t now)
{
	struct sample first = last;
	nstime_t moved;

	if (vk_repeatable)
		return;
	moved = host_clock_mono() - now - start_ns;
	vk_clock_boot(start_ns + moved);
	last.sa_cycles = first.sa_cycles;
	last.sa_mono = first.sa_mono - moved;
}

/* The second, when some milliseconds have passed. */
static void
clock_start(void)
{
	struct timehands *th;
	const char *by;
	struct sample s;

	clock_cycles = 0;
	if (vk_repeatable || !host_clock_is_cycles() ||
	    ((by = boot_option("clock")) != NULL && strcmp(by, "host") == 0))
		return;
	do {
		(void)sample(&s);
	} while (s.sa_mono - last.sa_mono < BASE_MIN_NS);
	if ((speed = speed_between(&last, &s)) == 0)
		return;
	th = timehands_change();
	th->th_mode = TH_CYCLES;
	/* A reading of the host's clock takes some time: never behind one. */
	th->th_cycles = s.sa_cycles - s.sa_width;
	th->th_mono = s.sa_mono;
	th->th_mult = speed;
	timehands_changed(th);
	clock_cycles = 1;
	last = s;
	interval = FIRST_NS;
	callout_init(&adjust_callout);
	callout_reset(&adjust_callout, interval, adjust, NULL);
}
SYSINIT(vk_clock, SI_SMP - 1, clock_start);
