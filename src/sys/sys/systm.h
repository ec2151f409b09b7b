/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every kernel file may use: assertions, console output, strings,
 * copies to and from user memory, and start-up hooks.
 */
#ifndef SYS_SYSTM_H
#define SYS_SYSTM_H

#include <sys/types.h>
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/reboot.h>

/* --- panic and assertions: for our own bugs only ----------------------- */

void panic(const char *fmt, ...) __noreturn __printflike(1, 2);
extern const char *volatile panicstr; /* set once a panic has begun */

#ifdef INVARIANTS
#define KASSERT(cond, msg)                                                     \
	do {                                                                   \
		if (__unlikely(!(cond)))                                       \
			panic msg;                                             \
	} while (0)
#else
#define KASSERT(cond, msg)                                                     \
	do {                                                                   \
		if (0 && (cond)) {                                             \
			panic msg;                                             \
		}                                                              \
	} while (0)
#endif

/* --- console (lib/kprintf.c): printf's d i u x o c s p %, l ll z j h, 0-*. */

int kprintf(const char *fmt, ...) __printflike(1, 2);
int kvprintf(const char *fmt, va_list ap) __printflike(1, 0);
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printflike(3, 4);
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
    __printflike(3, 0);

/* --- strings (lib/string.c) -------------------------------------------- */

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *find);
size_t strlcpy(char *dst, const char *src, size_t size);
size_t strlcat(char *dst, const char *src, size_t size);
/* 0 and *valuep, or EINVAL (not a number, trailing text), ERANGE. */
int kstrtou64(const char *s, int base, uint64_t *valuep);
int kstrtoi64(const char *s, int base, int64_t *valuep);
/* a * b / c, exact in between. */
static inline uint64_t
mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t hi, q, r;

	__asm__("mulq %3" : "=a"(q), "=d"(hi) : "a"(a), "r"(b));
	if (__unlikely(hi >= c))
		return (UINT64_MAX); /* does not fit */
	__asm__("divq %4" : "=a"(q), "=d"(r) : "a"(q), "d"(hi), "r"(c));
	return (q);
}

uint32_t crc32(uint32_t crc, const void *buf, size_t len);
uint64_t hash64(const void *buf, size_t len, uint64_t seed); /* FNV-1a */

/* --- user memory (platform) --------------------------------------------
 * May sleep (page faults).  0 or EFAULT; copyinstr also ENAMETOOLONG, and
 * *donep counts bytes with the NUL.  copyout may have copied a prefix.
 */
int copyin(uaddr_t uaddr, void *kaddr, size_t len) __must_check;
int copyout(const void *kaddr, uaddr_t uaddr, size_t len) __must_check;
int copyinstr(
    uaddr_t uaddr, char *kaddr, size_t max, size_t *donep) __must_check;
int user_zero(uaddr_t uaddr, size_t len) __must_check;
/* Atomic on an aligned 32-bit user word, for futexes. */
int user_load32(uaddr_t uaddr, uint32_t *valuep) __must_check;
/* *oldp gets what was there; the store happened iff *oldp == expect. */
int user_cmpxchg32(uaddr_t uaddr, uint32_t expect, uint32_t value,
    uint32_t *oldp) __must_check;

/* --- start-up: functions of one order run in link order on CPU 0 -------- */

enum sysinit_order {
	SI_CPU = 10,	/* per-CPU areas, before any allocation */
	SI_MEMORY = 20, /* page array, buddy, slabs */
	SI_LOCK = 30,	/* lock checker, ktr */
	SI_KERN = 40,	/* threads, callouts, sleep queues, zones */
	SI_PROC = 50,	/* process 0, credentials, signals */
	SI_VFS = 60,	/* name cache, vnodes, mount table */
	SI_DRIVER = 70, /* devices, ttys, console */
	SI_MODULE = 80, /* file systems, ABIs register */
	SI_ROOT = 90,	/* mount the root, unpack the archive */
	SI_SMP = 100,	/* the other CPUs */
	SI_INIT = 110,	/* start /sbin/init */
};

struct sysinit {
	const char *si_name;
	int si_order;
	void (*si_func)(void);
};

#define SYSINIT(name, order, func)                                             \
	static const struct sysinit CONCAT(sysinit_, name) = {                 \
	    #name, order, func};                                               \
	SET_ENTRY(sysinit, &CONCAT(sysinit_, name))

/* --- boot options, from the machine's option table ---------------------- */

/* Value of KEY=VALUE (or "" for a bare KEY) of the kernel command line. */
const char *boot_option(const char *key);

/* --- power -------------------------------------------------------------- */

/* Syncs, unmounts, leaves the machine with status (vkernel: exit status). */
void kern_reboot(int how, int status) __noreturn;

/* --- randomness (dev/random): seeded by the machine --------------------- */

void random_bytes(void *buf, size_t len);
/* Mix what may be unpredictable in; any context. */
void random_mix(const void *buf, size_t len);
/* Machine: unpredictable bytes; how many it gave. */
size_t machine_entropy(void *buf, size_t len);

#endif
