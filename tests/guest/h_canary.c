/* SPDX-License-Identifier: BSD-2-Clause */
/* Canaries: what a failing guest test looks like from outside. */
#include <signal.h>
#include <unistd.h>
#include "gtest.h"

GCANARY(canary_check, fail, "is a failed check a failed test?")
{
	CHECK(1 + 1 == 3);
}

GCANARY(canary_exit, fail, "is a status that is not 0 a failed test?")
{
	exit(42);
}

GCANARY(canary_segv, crash, "is a guest's SIGSEGV told as a crash?")
{
	*(volatile int *)8 = 1;
}

GCANARY(canary_abort, crash, "is a guest's abort told as a crash?")
{
	abort();
}

GCANARY(canary_loop, hang, "is an endless loop in a guest a hang?")
{
	for (;;)
		__asm__ volatile("");
}

GCANARY(canary_pause, hang, "is an endless wait in a guest a hang?")
{
	for (;;)
		pause();
}
