/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pure parts of drivers as host programs, under the sanitizers.  A check_*.c is
 * compiled like the kernel and has cases like everybody else's:
 *
 *	CASE(ring_order, "do requests come back in any order?") { CHECK(...); }
 *
 * check_shim.c has the C library and main.
 */
#ifndef CHECK_H
#define CHECK_H

#include <sys/systm.h>

struct check_case {
	const char *name, *question;
	void (*func)(void);
	struct check_case *next;
};
void check_add(struct check_case *c);
void check_failed(const char *file, int line, const char *fmt, ...)
    __printflike(3, 4) __noreturn;
void *check_alloc(size_t len); /* zeros, exact: the sanitizer sees the end */
void check_free(void *p);
uint64_t check_random(void); /* repeatable: the seed is an argument */

#define CASE(n, q)                                                             \
	static void case_##n(void);                                            \
	static struct check_case entry_##n = {#n, q, case_##n, NULL};          \
	__attribute__((constructor)) static void add_##n(void)                 \
	{                                                                      \
		check_add(&entry_##n);                                         \
	}                                                                      \
	static void case_##n(void)
#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond))                                                   \
			check_failed(__FILE_NAME__, __LINE__, "%s", #cond);    \
	} while (0)
#define EQ(a, b)                                                               \
	do {                                                                   \
		int64_t _a = (int64_t)(a), _b = (int64_t)(b);                  \
		if (_a != _b)                                                  \
			check_failed(__FILE_NAME__, __LINE__,                  \
			    "%s is %ld, not %s = %ld", #a, _a, #b, _b);        \
	} while (0)
#define TEXT(a, b)                                                             \
	do {                                                                   \
		const char *_a = (a), *_b = (b);                               \
		if (_a == NULL || strcmp(_a, _b) != 0)                         \
			check_failed(__FILE_NAME__, __LINE__,                  \
			    "%s is \"%s\", not \"%s\"", #a,                    \
			    _a != NULL ? _a : "NULL", _b);                     \
	} while (0)

#endif
