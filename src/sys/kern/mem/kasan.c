/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel address sanitizer's runtime.
 *
 * The compiler calls __asan_loadN / __asan_storeN before each access of an
 * instrumented file.  Shadow byte of address a: SHADOW_BASE + a / 8; 0 means
 * all eight bytes are good, 1..7 that many of them, a negative value none.  The
 * machine maps the shadow (zeros: everything is good) before the first kernel
 * code runs; the allocator poisons what is free and unpoisons what it hands
 * out, so a bad heap access panics with the address and the caller.  The compiler
 * leaves room around the arrays of stacks and the globals, which is poisoned, too.
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

/* --- stacks: the compiler poisons around arrays, inline -------------------------- */

void __asan_poison_stack_memory(uintptr_t a, size_t n);
void __asan_unpoison_stack_memory(uintptr_t a, size_t n);
void __asan_alloca_poison(uintptr_t a, size_t n);
void __asan_allocas_unpoison(uintptr_t top, uintptr_t bottom);

PLAIN void
__asan_poison_stack_memory(uintptr_t a, size_t n)
{
	poison(a, n);
}

PLAIN void
__asan_unpoison_stack_memory(uintptr_t a, size_t n)
{
	unpoison(a, n);
}

/* An array of variable size: 32 bytes before it, the rest of 32 behind, and 32. */
PLAIN void
__asan_alloca_poison(uintptr_t a, size_t n)
{
	poison(a - 32, 32);
	poison(a + n, roundup2(n, 32) - n + 32);
}

PLAIN void
__asan_allocas_unpoison(uintptr_t top, uintptr_t bottom)
{
	if (top != 0 && top < bottom)
		unpoison(top, bottom - top);
}

/* --- globals: each file's constructor names its own, before the shadow is there ---- */

struct asan_global {
	uintptr_t ag_start;
	size_t ag_size, ag_size_with_redzone;
	const char *ag_name, *ag_file;
	uintptr_t ag_dynamic;
	void *ag_place;
	uintptr_t ag_odr;
};

#define FILES_MAX 1024
static struct {
	const struct asan_global *gf_globals;
	size_t gf_count;
} global_files[FILES_MAX];
static size_t nglobal_files;

void __asan_register_globals(const struct asan_global *g, size_t n);
void __asan_unregister_globals(const struct asan_global *g, size_t n);
void __asan_version_mismatch_check_v8(void);

PLAIN void
__asan_register_globals(const struct asan_global *g, size_t n)
{
	if (nglobal_files == FILES_MAX)
		return; /* globals_poison says so */
	global_files[nglobal_files].gf_globals = g;
	global_files[nglobal_files++].gf_count = n;
}

PLAIN void
__asan_unregister_globals(
    const struct asan_global *g __unused, size_t n __unused)
{
}

PLAIN void
__asan_version_mismatch_check_v8(void)
{
}

PLAIN static void
globals_poison(void)
{
	const struct asan_global *g;

	if (nglobal_files == FILES_MAX)
		panic("kasan: more than %d files have globals", FILES_MAX);
	for (size_t i = 0; i < nglobal_files; i++)
		for (size_t k = 0; k < global_files[i].gf_count; k++) {
			g = &global_files[i].gf_globals[k];
			poison(g->ag_start + g->ag_size,
			    g->ag_size_with_redzone - g->ag_size);
		}
}
SYSINIT(kasan_globals, SI_MEMORY, globals_poison);

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

/* Frames that never returned may have left red zones. */
PLAIN void
memcheck_stack_begin(void *low, void *sp)
{
	unpoison((uintptr_t)low, (uintptr_t)sp - (uintptr_t)low);
}

PLAIN void
memcheck_stack_end(void *low, size_t len)
{
	poison((uintptr_t)low, len);
}

PLAIN void
memcheck_pool_create(const void *pool __unused)
{
}

PLAIN void
memcheck_pool_alloc(const void *pool __unused, void *p, size_t len)
{
	unpoison((uintptr_t)p, len);
}

/* The allocator says with memcheck_noaccess how far the block reaches. */
PLAIN void
memcheck_pool_free(const void *pool __unused, void *p)
{
	if (bad_byte((uintptr_t)p) && panicstr == NULL)
		panic("kasan: bad free of %p from %p", p,
		    __builtin_return_address(0));
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

PLAIN void
memcheck_leaks_mark(void)
{
}

PLAIN void
memcheck_leaks_report(void)
{
}
