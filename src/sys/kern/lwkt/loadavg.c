/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load average: runnable threads, sampled every five seconds and averaged
 * with exponential decay over 1, 5 and 15 minutes, in fixed point.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/sysctl.h>
#include <sys/thread.h>

#define LOAD_PERIOD_NS (5 * NS_PER_SEC)
#define LOAD_SHIFT     11
#define LOAD_ONE       (1u << LOAD_SHIFT)

/* 2048 * exp(-5 s / 60 s), exp(-5/300), exp(-5/900) */
static const uint32_t load_decay[3] = {1884, 2014, 2037};

static uint32_t load_avg[3]; /* (callout); readers may see a mix */
static struct callout load_callout;

uint32_t
threads_runnable(void)
{
	uint32_t n = 0;

	for (int i = 0; i < ncpus; i++) {
		struct cpu *c = cpus[i];

		n += atomic_load(&c->c_nready);
		n += atomic_load(&c->c_curthread) != c->c_idlethread;
	}
	return (n);
}

static void
load_tick(void *arg)
{
	/* The callout's own thread runs just now: not a load. */
	uint32_t n = threads_runnable();

	n = n > 0 ? n - 1 : 0;
	for (int i = 0; i < 3; i++) {
		uint64_t next = (uint64_t)load_avg[i] * load_decay[i] +
		    (uint64_t)n * LOAD_ONE * (LOAD_ONE - load_decay[i]);

		load_avg[i] = (uint32_t)(next >> LOAD_SHIFT);
	}
	callout_reset(&load_callout, LOAD_PERIOD_NS, load_tick, NULL);
}

void
loadavg_get(uint32_t load[3])
{
	for (int i = 0; i < 3; i++)
		load[i] = load_avg[i];
}

static void
load_start(void)
{
	callout_init(&load_callout);
	callout_reset(&load_callout, LOAD_PERIOD_NS, load_tick, NULL);
}
SYSINIT(loadavg, SI_MODULE, load_start);

static int
load_sysctl(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (sysctl_out(req, load_avg, sizeof(load_avg)));
}
SYSCTL_PROC(loadavg, "vm.loadavg", CTL_OPAQUE, CTLF_RD, load_sysctl,
    "three load averages, unsigned 32 bits with 11 bits of fraction");
