/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test bodies that run inside a kernel (k_*.c under tests/).
 *
 *	KTEST(slab_reuse, "does a freed object come back?") { ... }
 *
 * The test kernel runs the one named by the option ktest=NAME, as a kernel
 * thread, and leaves with status 0 if it returned without a failed check.
 */
#ifndef SYS_KTEST_H
#define SYS_KTEST_H

#include <sys/systm.h>

struct ktest {
	const char *kt_name, *kt_question;
	void (*kt_func)(void);
};

/* A case whose failure (expect: fail, panic, hang, leak) is the pass. */
#define KCANARY(name, expect, question) KTEST(name, question)

#define KTEST(name, question)                                                  \
	static void ktest_##name(void);                                        \
	static const struct ktest ktest_entry_##name = {                       \
	    #name, question, ktest_##name};                                    \
	SET_ENTRY(ktests, &ktest_entry_##name);                                \
	static void ktest_##name(void)

/* Record a failure and go on. */
void ktest_fail(const char *file, int line, const char *fmt, ...)
    __printflike(3, 4);

#define KT_CHECK(cond)                                                         \
	do {                                                                   \
		if (!(cond))                                                   \
			ktest_fail(__FILE__, __LINE__, "%s", #cond);           \
	} while (0)
#define KT_EQ(a, b)                                                            \
	do {                                                                   \
		int64_t _a = (int64_t)(a), _b = (int64_t)(b);                  \
		if (_a != _b)                                                  \
			ktest_fail(__FILE__, __LINE__,                         \
			    "%s is %ld, not %s = %ld", #a, _a, #b, _b);        \
	} while (0)

#endif
