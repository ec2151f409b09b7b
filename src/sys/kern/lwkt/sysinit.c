/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up: run every SYSINIT by order, on CPU 0's boot thread. */
#include <sys/systm.h>
#include <sys/ktr.h>
#include "lwkt_var.h"

SET_DECLARE(sysinit, struct sysinit);

/* Run all of one order; the next order in use, or INT32_MAX. */
static int
run_order(int order)
{
	const struct sysinit *si;
	int next = INT32_MAX;

	SET_FOREACH(si, sysinit) {
		if (si->si_order == order)
			si->si_func();
		else if (si->si_order > order && si->si_order < next)
			next = si->si_order;
	}
	return (next);
}

void
kernel_start(void)
{
	ncpus = 1;
	for (int order = 0; order != INT32_MAX;)
		order = run_order(order);
	/* The boot thread has no more to do: CPU 0 idles in its own thread. */
	thread_exit();
}
