/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's memory-checker hooks as valgrind client requests (memcheck
 * builds only).  Outside valgrind each request is a few plain instructions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <valgrind/memcheck.h>
#include "host_copy.h"
#include "host_memcheck.h"

/*
 * valgrind does not walk a stack of which less than 512 bytes are used; so it
 * gets to know one that ends so much higher.  If a stack is there, too, it is
 * that one's lowest part, which is never reached.
 */
#define WALK_LEAST 512

uint32_t
memcheck_stack_add(void *low, size_t len)
{
	return (VALGRIND_STACK_REGISTER(low, (char *)low + len + WALK_LEAST));
}

void
memcheck_stack_drop(uint32_t id)
{
	VALGRIND_STACK_DEREGISTER(id);
}

void
memcheck_stack_begin(void *low, void *sp)
{
	(void)VALGRIND_MAKE_MEM_NOACCESS(low, (char *)sp - (char *)low);
}

void
memcheck_stack_end(void *low, size_t len)
{
	(void)VALGRIND_MAKE_MEM_NOACCESS(low, len);
}

void
memcheck_pool_create(const void *pool)
{
	VALGRIND_CREATE_MEMPOOL(pool, 0, 0);
}

void
memcheck_pool_alloc(const void *pool, void *p, size_t len)
{
	VALGRIND_MEMPOOL_ALLOC(pool, p, len);
}

void
memcheck_pool_free(const void *pool, void *p)
{
	VALGRIND_MEMPOOL_FREE(pool, p);
}

void
memcheck_noaccess(void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_NOACCESS(p, len);
}

void
memcheck_undefined(void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

void
memcheck_defined(void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, len);
}

void
memcheck_check_defined(const void *p, size_t len)
{
	/* Once told, it is enough. */
	if (VALGRIND_CHECK_MEM_IS_DEFINED(p, len) != 0)
		(void)VALGRIND_MAKE_MEM_DEFINED_IF_ADDRESSABLE(p, len);
}

/*
 * What is a leak is the kernel's word (malloc_leaks): blocks that something still
 * points to are leaks, too, if they came after boot.  So the mark is a leak check
 * whose report nobody sees, and the report shows what was added since.
 *
 * It takes most of the time of a small case.  So a template does it, for all of its
 * machines: their reports then have what they took before the case began, too.
 */
static bool marked;

void
memcheck_leaks_mark(void)
{
	if (RUNNING_ON_VALGRIND && !marked)
		(void)VALGRIND_MONITOR_COMMAND(
		    "leak_check summary reachable any");
}

void
memcheck_leaks_report(void)
{
	if (RUNNING_ON_VALGRIND)
		(void)VALGRIND_MONITOR_COMMAND(
		    "leak_check full reachable increased");
}

/* --- templates -------------------------------------------------------------- */

struct native {
	long (*func)(void *arg);
	void *arg;
};

/* On the real CPU; valgrind passes the thread's number first. */
static long
native_call(long tid, struct native *n)
{
	(void)tid;
	return (n->func(n->arg));
}

long
host_native(long (*func)(void *arg), void *arg)
{
	struct native n = {func, arg};

	if (!RUNNING_ON_VALGRIND)
		return (func(arg));
	return ((long)VALGRIND_NON_SIMD_CALL1(native_call, &n));
}

bool
host_memcheck_template(void)
{
	memcheck_leaks_mark();
	marked = true;
	return (VALGRIND_COUNT_ERRORS == 0);
}
