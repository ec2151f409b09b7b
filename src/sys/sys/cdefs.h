/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiler attributes and the linker sets.
 *
 * A linker set gathers pointers from every object file into one array: a
 * file writes SET_ENTRY(set, &thing) and the reader walks SET_FOREACH.
 */
#ifndef SYS_CDEFS_H
#define SYS_CDEFS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define __packed     __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __unused     __attribute__((unused))
#define __used	     __attribute__((used))
#define __noreturn   __attribute__((noreturn))
/* A variable in the shared segment (sys/kshm.h). */
#define __kshm		   __attribute__((section("kshm_data")))
#define __noinline	   __attribute__((noinline))
#define __printflike(f, a) __attribute__((format(printf, f, a)))
#define __must_check	   __attribute__((warn_unused_result))
#define __likely(x)	   __builtin_expect(!!(x), 1)
#define __unlikely(x)	   __builtin_expect(!!(x), 0)

#define CONCAT_(a, b) a##b
#define CONCAT(a, b)  CONCAT_(a, b)
#define STRINGIFY_(x) #x
#define STRINGIFY(x)  STRINGIFY_(x)

#define nitems(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member)                                          \
	((type *)(void *)((char *)(p)-offsetof(type, member)))
#define CTASSERT(x) _Static_assert(x, #x)

/* SET_DECLARE at file scope of the reader; entries are never reordered. */
#define SET_DECLARE(set, type)                                                 \
	extern type *const CONCAT(__start_set_, set)[];                        \
	extern type *const CONCAT(__stop_set_, set)[]
#define SET_ENTRY(set, ptr)                                                    \
	static __typeof__(ptr) const CONCAT(                                   \
	    set_entry_, CONCAT(__LINE__, CONCAT(_, __COUNTER__))) __used       \
	    __attribute__((section("set_" #set))) = (ptr)
#define SET_FOREACH(var, set)                                                  \
	for (__typeof__(*CONCAT(__start_set_, set)) const *                    \
		 var##_p = CONCAT(__start_set_, set),                          \
		*var##_e = CONCAT(__stop_set_, set);                           \
	     var##_p < var##_e; var##_p++)                                     \
		if ((var = *var##_p) != NULL)

#endif
