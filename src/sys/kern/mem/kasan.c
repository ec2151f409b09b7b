/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel address sanitizer's runtime.
 *
 * The compiler calls __asan_loadN / __asan_storeN before each access of an
 * instrumented file.  Shadow byte of address a: SHADOW_BASE + a / 8; 0 means
 * all eight bytes are good, 1..7 that many of them, a negative value none.  The
 * machine maps the shadow (zeros: everything is good) before the first kernel
 * code runs; the allocator poisons what is free and unpoisons what it hands
 * out, so a bad heap access panics with the address and the caller.
 *
 * The functions here are not instrumented themselves.
 */
#include <sys/systm.h>
#include <sys/memcheck.h>

#define PLAIN __attribute__((no_sanitize("kernel-address")))

#define SHADOW_BASE 0x7fff8000UL
#define POISON	    ((int8_t)0xfb)

PLAIN static int8_t *
shadow_of(uintptr_t a)
{
	return ((int8_t *)(SHADOW_BASE + (a >> 3)));
}

PLAIN static void
poison(uintptr_t a, size_t len)
{
	uintptr_t end = a + len;

	/* A leading part of a group stays good up to a. */
	if ((a & 7) != 0) {
		*shadow_of(a) = (int8_t)(a & 7);
		a = roundup2(a, 8);
	}
	for (; a < end; a += 8)
		*shadow_of(a) = POISON;
}

PLAIN static void
unpoison(uintptr_t a, size_t len)
{
	uintptr_t end = a + len;

	for (; a + 8 <= end; a += 8)
		*shadow_of(a) = 0;
	if (a < end)
		*shadow_of(a) = (int8_t)(end - a);
}

PLAIN static inline bool
bad_byte(uintptr_t a)
{
	int8_t s = *shadow_of(a);

	return (s != 0 && (int8_t)(a & 7) >= s);
}

PLAIN static void
check(uintptr_t a, size_t len, const char *what, uintptr_t where)
{
	if (__likely(len > 0 && !bad_byte(a) && !bad_byte(a + len - 1)))
		return;
	if (len == 0 || panicstr != NULL)
		return;
	panic("kasan: bad %s of %zu bytes at %#lx from %#lx", what, len, a,
	    where);
}

#define ACCESS(n)                                                              \
	void __asan_load##n##_noabort(uintptr_t a);                            \
	void __asan_store##n##_noabort(uintptr_t a);                           \
	PLAIN void __asan_load##n##_noabort(uintptr_t a)                       \
	{                                                                      \
		check(a, n, "read", (uintptr_t)__builtin_return_address(0));   \
	}                                                                      \
	PLAIN void __asan_store##n##_noabort(uintptr_t a)                      \
	{                                                                      \
		check(a, n, "write", (uintptr_t)__builtin_return_address(0));  \
	}
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __asan_loadN_noabort(uintptr_t a, size_t n);
void __asan_storeN_noabort(uintptr_t a, size_t n);
void __asan_handle_no_return(void);

PLAIN void
__asan_loadN_noabort(uintptr_t a, size_t n)
{
	check(a, n, "read", (uintptr_t)__builtin_return_address(0));
}

PLAIN void
__asan_storeN_noabort(uintptr_t a, size_t n)
{
	check(a, n, "write", (uintptr_t)__builtin_return_address(0));
}

PLAIN void
__asan_handle_no_return(void)
{
}

/* --- the allocator's hooks --------------------------------------------------- */

PLAIN uint32_t
memcheck_stack_add(void *low, size_t len)
{
	unpoison((uintptr_t)low, len);
	return (0);
}

PLAIN void
memcheck_stack_drop(uint32_t id __unused)
{
}

PLAIN void
memcheck_alloc(void *p, size_t len, bool zeroed __unused)
{
	unpoison((uintptr_t)p, len);
}

PLAIN void
memcheck_free(void *p __unused)
{
	/* The allocator says with memcheck_noaccess how far it reaches. */
}

PLAIN void
memcheck_noaccess(void *p, size_t len)
{
	poison((uintptr_t)p, len);
}

PLAIN void
memcheck_undefined(void *p, size_t len)
{
	unpoison((uintptr_t)p, len);
}

PLAIN void
memcheck_defined(void *p, size_t len)
{
	unpoison((uintptr_t)p, len);
}

PLAIN void
memcheck_check_defined(const void *p __unused, size_t len __unused)
{
}
