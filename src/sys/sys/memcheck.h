/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hooks for memory checkers (valgrind's memcheck, KASAN).  Empty unless the
 * build asks for one; the requests live in the machine or in kern/mem/kasan.c.
 *
 * What a byte of kernel memory may be: out of bounds (free, or between blocks),
 * undefined (may be written), defined.  KASAN knows only the first of the three.
 * Allocators call these; anybody else only memcheck_check_defined, where bytes
 * leave the kernel.
 */
#ifndef SYS_MEMCHECK_H
#define SYS_MEMCHECK_H

#include <sys/types.h>

#if defined(MEMCHECK) || defined(KASAN)
#define CHECKED_MEMORY 1
/* Bytes out of bounds behind each heap block, so before the next one, too. */
#define MEMCHECK_REDZONE 16UL

/* The stack [low, low + len) of a thread. */
uint32_t memcheck_stack_add(void *low, size_t len);
void memcheck_stack_drop(uint32_t id);
/* A thread begins on it at sp; what is below is nobody's until it is pushed. */
void memcheck_stack_begin(void *low, void *sp);
/* The thread is dead, and has no frame any more. */
void memcheck_stack_end(void *low, size_t len);

/* Blocks of a pool, which is named by any address; a block begins undefined. */
void memcheck_pool_create(const void *pool);
void memcheck_pool_alloc(const void *pool, void *p, size_t len);
/* Reports p if it is not the start of a block of the pool. */
void memcheck_pool_free(const void *pool, void *p);

void memcheck_noaccess(void *p, size_t len);
void memcheck_undefined(void *p, size_t len);
void memcheck_defined(void *p, size_t len);
/* Report if any byte is undefined: data that leaves the kernel. */
void memcheck_check_defined(const void *p, size_t len);

/* Blocks from here on are this boot's; report those that are still there. */
void memcheck_leaks_mark(void);
void memcheck_leaks_report(void);
#else
#define CHECKED_MEMORY	 0
#define MEMCHECK_REDZONE 0UL

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
memcheck_stack_begin(void *low __unused, void *sp __unused)
{
}
static inline void
memcheck_stack_end(void *low __unused, size_t len __unused)
{
}
static inline void
memcheck_pool_create(const void *pool __unused)
{
}
static inline void
memcheck_pool_alloc(
    const void *pool __unused, void *p __unused, size_t len __unused)
{
}
static inline void
memcheck_pool_free(const void *pool __unused, void *p __unused)
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
static inline void
memcheck_leaks_mark(void)
{
}
static inline void
memcheck_leaks_report(void)
{
}
#endif

#endif
