/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planted bugs: each makes one mistake of a kind that kernels make, so that it
 * can be shown that a checker finds it, says what it is, and where.
 *
 *	PLANTED(uaf_read, "Invalid read of size 4", "bad read of 4 bytes",
 *	    "is a read of freed memory seen?")
 *	{
 *		...
 *		if (planted())
 *			kfree(p, M_TEMP);
 *		x = p[3]; // with a BUG mark
 *	}
 *
 * The columns: what memcheck's report says, and what KASAN's panic says; "-" if
 * that checker cannot see it, "panic: ..." or "leak: ..." if the kernel itself
 * notices.  The line that must be named in the report bears a comment "BUG" at
 * its end.  It is where the mistake happens; where only the kernel's code
 * meets it later, it is the line that allocated or freed the memory.
 *
 * Without the option "planted" the same body makes no mistake, and there must
 * be no report: what is tested is the difference.  t_planted.py reads this
 * table and runs both; tests/README.md has more.
 */
#ifndef TESTS_PLANTED_H
#define TESTS_PLANTED_H

#include <sys/boot.h>
#include <sys/cpu.h>
#include <sys/ktest.h>
#include <sys/malloc.h>
#include <sys/thread.h>

#define PLANTED(name, memcheck, kasan, question) KTEST(planted_##name, question)

static inline bool
planted(void)
{
	return (boot_option("planted") != NULL);
}

/* The compiler knows nothing of *p from here on. */
static inline void
hide(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* One more than sound, if the bug is there. */
static inline size_t
over(size_t sound)
{
	return (planted() ? sound + 1 : sound);
}

#endif
