/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's memory-checker hooks as valgrind client requests (memcheck
 * builds only).  Outside valgrind each request is a few plain instructions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <valgrind/memcheck.h>
#include "host_memcheck.h"

uint32_t
memcheck_stack_add(void *low, size_t len)
{
	return (VALGRIND_STACK_REGISTER(low, (char *)low + len));
}

void
memcheck_stack_drop(uint32_t id)
{
	VALGRIND_STACK_DEREGISTER(id);
}

void
memcheck_alloc(void *p, size_t len, bool zeroed)
{
	VALGRIND_MALLOCLIKE_BLOCK(p, len, 0, zeroed);
}

void
memcheck_free(void *p)
{
	VALGRIND_FREELIKE_BLOCK(p, 0);
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
	(void)VALGRIND_CHECK_MEM_IS_DEFINED(p, len);
}
