/* SPDX-License-Identifier: BSD-2-Clause */
/* Canary: memcheck's report alone makes a case fail. */
#include <sys/ktest.h>
#include <sys/malloc.h>

KCANARY(canary_memcheck, memcheck, "is a report of memcheck a failed test?")
{
	volatile char *p = kmalloc(10, M_TEMP, M_WAITOK);

	p[10] = 1;
	kfree((char *)(uintptr_t)p, M_TEMP);
}

KTEST(memcheck_clean, "is the same without the mistake a passed one?")
{
	volatile char *p = kmalloc(10, M_TEMP, M_WAITOK);

	p[9] = 1;
	kfree((char *)(uintptr_t)p, M_TEMP);
}
