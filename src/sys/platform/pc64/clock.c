/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the TSC counts it, the local APIC's timer wakes us.
 *
 * 1. Both are calibrated at boot against a clock of known speed: channel 2 of
 *    the PIT (1 193 182 Hz), or without one the ACPI PM timer (3 579 545 Hz).
 * 2. Tickless.  The timer is one shot and is armed only before the CPU leaves
 *    the kernel's hands (user mode, idle): for the end of the slice or the next
 *    callout.  One that is armed for an earlier time is left alone: it fires
 *    for nothing, and that is cheaper than setting it at every crossing.
 * 3. While the kernel runs the timer may fire too; it drives the watchdog
 *    (exit.c) and is armed again for that.
 * 4. The TSC is taken to be one for all CPUs and constant, as on every 64-bit
 *    PC of the last fifteen years and in QEMU.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/sysctl.h>
#include <sys/timehands.h>
#include <cpu/io.h>
#include "pc_var.h"
#include "power.h"
#include "rtc.h"

#define PIT_HZ	      1193182
#define PIT_CH2	      0x42
#define PIT_MODE      0x43
#define PIT_GATE      0x61
#define PM_HZ	      3579545
#define SAMPLE_NS     (5 * NS_PER_MSEC)
#define SAMPLE_TRIES  4
#define MEASURE_TRIES 8
#define TIMER_MAX     (1 * NS_PER_SEC)
#define SPINS_MAX     50000000

static uint64_t tsc_hz, lapic_hz;
static uint64_t tsc_mult; /* ns = cycles * mult >> 32 */

SYSCTL_U64(tsc_hz, "hw.tsc_frequency", CTLF_RD, &tsc_hz,
    "Cycles of the time stamp counter per second");
SYSCTL_U64(lapic_hz, "hw.lapic_frequency", CTLF_RD, &lapic_hz,
    "Counts of the local APIC's timer per second");

/* --- calibration ------------------------------------------------------------- */

struct sample {
	uint64_t tsc;
	uint32_t lapic, ticks; /* both count down */
};

static uint32_t
pit_read(void)
{
	uint32_t lo;

	io_out8(PIT_MODE, 0x80); /* latch channel 2 */
	lo = io_in8(PIT_CH2);
	return (lo | (uint32_t)io_in8(PIT_CH2) << 8);
}

/* Channel 2 counts down from 65535; false: it does not. */
static bool
pit_start(void)
{
	uint32_t a;

	io_out8(PIT_GATE, (io_in8(PIT_GATE) & ~2) | 1);
	io_out8(PIT_MODE, 0xb0); /* channel 2, both bytes, mode 0 */
	io_out8(PIT_CH2, 0xff);
	io_out8(PIT_CH2, 0xff);
	a = pit_read();
	for (int i = 0; i < 100000; i++)
		if (pit_read() != a)
			return (true);
	return (false);
}

static uint32_t
pm_read(void)
{
	return (~io_in32((uint16_t)pc_acpi.acpi_pm_timer.ag_addr) & 0xffffff);
}

static bool
pm_start(void)
{
	uint32_t a;

	if (pc_acpi.acpi_pm_timer.ag_addr == 0 ||
	    pc_acpi.acpi_pm_timer.ag_space != ACPI_SPACE_IO)
		return (false);
	a = pm_read();
	for (int i = 0; i < 1000000; i++)
		if (pm_read() != a)
			return (true);
	return (false);
}

/*
 * All three at one moment: of some readings the one that took least, since the
 * CPU may lose its host core in between.
 */
static struct sample
sample(uint32_t (*read)(void))
{
	uint64_t best = UINT64_MAX, t0, t1;
	struct sample s = {0, 0, 0};
	uint32_t lapic, ticks;

	for (int i = 0; i < SAMPLE_TRIES; i++) {
		t0 = cpu_cycles();
		lapic = lapic_timer_left();
		ticks = read();
		t1 = cpu_cycles();
		if (t1 - t0 >= best)
			continue;
		best = t1 - t0;
		s = (struct sample){t0 + best / 2, lapic, ticks};
	}
	return (s);
}

/* One measurement; false if the clock stood still. */
static bool
measure_once(uint32_t (*read)(void), uint32_t mask, uint64_t hz)
{
	uint64_t want = hz * SAMPLE_NS / NS_PER_SEC, ticks;
	struct sample a, b;

	a = sample(read);
	for (int i = 0;; i++) {
		b = sample(read);
		ticks = (a.ticks - b.ticks) & mask;
		if (ticks >= want)
			break;
		if (i == SPINS_MAX)
			return (false);
	}
	tsc_hz = (b.tsc - a.tsc) * hz / ticks;
	lapic_hz = (uint64_t)(a.lapic - b.lapic) * hz / ticks;
	return (tsc_hz > 1000000 && lapic_hz > 100000);
}

/*
 * Two in a row that agree: a CPU that was away for longer than the counter's
 * turn (55 ms of the PIT) measures nonsense.
 */
static bool
measure(uint32_t (*read)(void), uint32_t mask, uint64_t hz)
{
	uint64_t before = 0;

	for (int i = 0; i < MEASURE_TRIES; i++) {
		if (!measure_once(read, mask, hz))
			return (false);
		if (tsc_hz - tsc_hz / 256 < before &&
		    before < tsc_hz + tsc_hz / 256)
			return (true);
		before = tsc_hz;
	}
	kprintf("pc64: the clock's speed is uncertain: %lu Hz\n", tsc_hz);
	return (true);
}

void
clock_init(void)
{
	struct timehands *th;
	bool ok = false;

	lapic_timer(UINT32_MAX);
	if (pit_start())
		ok = measure(pit_read, 0xffff, PIT_HZ);
	if (!ok && pm_start())
		ok = measure(pm_read, 0xffffff, PM_HZ);
	lapic_timer(0);
	if (!ok)
		pc_fail("no clock to measure the CPU's by: neither PIT nor "
			"ACPI PM timer counts");
	tsc_mult = ((uint64_t)NS_PER_SEC << 32) / tsc_hz;
	th = timehands_change();
	th->th_mode = TH_CYCLES;
	th->th_cycles = cpu_cycles();
	th->th_mult = tsc_mult;
	th->th_cpu = cpu_has_rdtscp ? TH_CPU_RDTSCP : TH_CPU_KERNEL;
	timehands_changed(th);
}

/* The time of day, from the CMOS clock; without one 1970. */
static void
real_init(void)
{
	int64_t s;
	int error;

	error =
	    pc_acpi.acpi_no_clock ? ENXIO : rtc_read(pc_acpi.acpi_century, &s);
	if (error != 0)
		kprintf("pc64: no CMOS clock (error %d); it is 1970\n", error);
	else
		clock_set_real(s * NS_PER_SEC);
	power_init(&pc_acpi);
}
SYSINIT(pc_real, SI_KERN + 2, real_init);

/* --- time --------------------------------------------------------------------------- */

nstime_t
tsc_to_ns(uint64_t cycles)
{
	return ((nstime_t)((unsigned __int128)cycles * tsc_mult >> 32));
}

nstime_t
clock_mono(void)
{
	uint64_t cycles;
	struct timehands th = timehands_read(timehands_get(), &cycles);

	return (timehands_mono(&th, cycles));
}

nstime_t
clock_real(void)
{
	uint64_t cycles;
	struct timehands th = timehands_read(timehands_get(), &cycles);

	return (timehands_mono(&th, cycles) + th.th_real);
}

void
clock_set_real(nstime_t now)
{
	nstime_t mono = clock_mono();
	struct timehands *th = timehands_change();

	th->th_real = now - mono;
	timehands_changed(th);
}

void
clock_delay(nstime_t ns)
{
	uint64_t start = cpu_cycles();

	while (tsc_to_ns(cpu_cycles() - start) < ns)
		__asm__ volatile("pause");
}

/* --- the timer ------------------------------------------------------------------------- */

void
timer_arm(nstime_t until)
{
	struct cpu *c = curcpu;
	nstime_t now, left;
	uint64_t count;

	if (c->c_md.cm_timer != 0 && c->c_md.cm_timer <= until)
		return;
	now = clock_mono();
	left = MIN(MAX(until - now, 0), TIMER_MAX);
	c->c_md.cm_timer = left < TIMER_MAX ? until : now + left;
	count = (uint64_t)left * lapic_hz / NS_PER_SEC;
	lapic_timer((uint32_t)MAX(MIN(count, UINT32_MAX), 1UL));
}
