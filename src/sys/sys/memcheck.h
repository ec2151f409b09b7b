/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hooks for memory checkers (valgrind's memcheck, KASAN).  Empty unless the
 * build asks for one; the requests live in the machine.
 */
#ifndef SYS_MEMCHECK_H
#define SYS_MEMCHECK_H

#include <sys/types.h>

#if defined(MEMCHECK) || defined(KASAN)
uint32_t memcheck_stack_add(void *low, size_t len);
void memcheck_stack_drop(uint32_t id);
void memcheck_alloc(void *p, size_t len, bool zeroed); /* heap block begins */
void memcheck_free(void *p);
void memcheck_noaccess(void *p, size_t len);
void memcheck_undefined(void *p, size_t len);
void memcheck_defined(void *p, size_t len);
/* Report if any byte is undefined: data that leaves the kernel. */
void memcheck_check_defined(const void *p, size_t len);
#else
static inline uint32_t
memcheck_stack_add(void *low __unused, size_t len __unused)
{
	return (0);
}
static inline void
memcheck_stack_drop(uint32_t id __unused)
{
}
static inline void
memcheck_alloc(void *p __unused, size_t len __unused, bool zeroed __unused)
{
}
static inline void
memcheck_free(void *p __unused)
{
}
static inline void
memcheck_noaccess(void *p __unused, size_t len __unused)
{
}
static inline void
memcheck_undefined(void *p __unused, size_t len __unused)
{
}
static inline void
memcheck_defined(void *p __unused, size_t len __unused)
{
}
static inline void
memcheck_check_defined(const void *p __unused, size_t len __unused)
{
}
#endif

#endif
