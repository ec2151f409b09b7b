/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel memory.
 *
 * kmalloc(bytes, type, flags): any size; up to a page from the per-CPU slab
 * magazines, above that whole contiguous pages.  Memory of a type is counted
 * and must be back at zero at shutdown (leak report).
 * zones: caches of equal objects, with the same magazines underneath.
 *
 * M_WAITOK may sleep and reclaim; even so it may return NULL when memory is
 * really gone or a failure knob fires: every caller handles NULL with ENOMEM.
 */
#ifndef SYS_MALLOC_H
#define SYS_MALLOC_H

#include <sys/types.h>
#include <sys/fault.h>
#include <sys/lock.h>

struct malloc_type {
	const char *mt_name;
	const char *mt_desc;
	int64_t mt_bytes;  /* now (atomic) */
	int64_t mt_count;  /* now (atomic) */
	uint64_t mt_total; /* allocations ever (atomic) */
	uint64_t mt_failed;
	int64_t mt_boot; /* mt_count when init started */
};

#define MALLOC_DEFINE(type, name, desc)                                        \
	struct malloc_type type[1] __kshm = {{name, desc, 0, 0, 0, 0, 0}};     \
	SET_ENTRY(malloc_types, &type[0])
#define MALLOC_DECLARE(type) extern struct malloc_type type[1]

MALLOC_DECLARE(M_TEMP); /* short-lived buffers */

#define M_WAITOK 0x01
#define M_NOWAIT 0x02
#define M_ZERO	 0x04

void *kmalloc(size_t size, struct malloc_type *type, int flags) __must_check;
void *krealloc(
    void *p, size_t size, struct malloc_type *type, int flags) __must_check;
void kfree(void *p, struct malloc_type *type); /* NULL is fine */
char *kstrdup(const char *s, struct malloc_type *type) __must_check;

/* Print types that hold memory (all: every type); how many do. */
int malloc_report(bool all);
/* From now on, what is held now is no leak: at boot's end, in a test. */
void malloc_mark(void);
/* At shutdown: a line "leak: ..." for each type that should be empty. */
void malloc_leaks(void);

struct zone;
/* size and align in bytes; panics only at boot. */
struct zone *zone_create(const char *name, size_t size, size_t align);
void *zone_alloc(struct zone *z, int flags) __must_check;
void zone_free(struct zone *z, void *p);

#endif
