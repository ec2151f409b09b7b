/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kshm: kernel objects that tools may look at while the kernel runs, and after
 * it has ended.  Theory in kern/kshm/kshm.c, the layout in sys/kshm_abi.h.
 *
 * A static structure is exposed by one line:
 *
 *	KSHM_DEFINE(struct vfs_stats, vfs_stats, "vfs.stats", KSHM_COUNTER,
 *	    KSHM_ANY);
 *
 * which defines vfs_stats, zero, in the segment.  What it holds need not be
 * described: the build puts the type information of the kernel there, too.
 * Memory that is made at run time comes from kshm_alloc, for ever.
 */
#ifndef SYS_KSHM_H
#define SYS_KSHM_H

#include <sys/types.h>
#include <sys/kshm_abi.h>

#define GID_KTR 77 /* group ktr of /etc/group: who may trace */

struct kshm_entry {
	const char *ks_path;
	const char *ks_type;
	void *ks_addr;
	size_t ks_size;
	uint32_t ks_count;
	enum kshm_class ks_class;
	enum kshm_access ks_access;
	uint32_t ks_seq;
};

/* Show a variable that is defined with __kshm. */
#define KSHM_OBJECT(type, var, path, class, access)                            \
	static const struct kshm_entry CONCAT(kshm_entry_, var) = {path,       \
	    #type, &(var), sizeof(type), sizeof(var) / sizeof(type), class,    \
	    access, 0};                                                        \
	SET_ENTRY(kshm_entries, &CONCAT(kshm_entry_, var))
#define KSHM_DEFINE(type, var, path, class, access)                            \
	type var __kshm;                                                       \
	KSHM_OBJECT(type, var, path, class, access)

#define KSHM_STATIC(type, var, path, class, access)                            \
	static type var __kshm;                                                \
	KSHM_OBJECT(type, var, path, class, access)

/*
 * Memory in the segment, zero, aligned to 64 bytes, never freed.  NULL when
 * there is no more.  Any context but an interrupt.
 */
void *kshm_alloc(size_t bytes);
/*
 * Show count elements at addr, which is in the segment.  The path is formatted
 * with the number if it has a %d.  ENOSPC: the directory is full; EINVAL: addr
 * is not in the segment or the path too long; nothing is shown then.
 */
int kshm_show(const struct kshm_entry *ks, int number);
/* Both: an array of elements with a type and a path; NULL: no memory. */
void *kshm_make(const struct kshm_entry *ks, int number);

/* A text, by its offset in the strings; 0 if there is no room. */
uint32_t kshm_string(const char *s);
const char *kshm_text(uint32_t offset);

/* Offset of an address in the segment; false if it is not there. */
bool kshm_offset(const void *addr, uint64_t *offp);
struct kshm_header *kshm_header(void);
/* (timehands) The clock was set. */
struct timehands;
void kshm_clock_set(const struct timehands *th);
/* A panic is about to be told; the kernel ends. */
void kshm_panicked(const char *text);

/* --- the machine's part --------------------------------------------------- */

/* The first piece: what the linker gathered.  Its first page is the header. */
extern char kshm_static_start[], kshm_static_end[];
extern char kshm_types_start[], kshm_types_end[];
paddr_t machine_kshm_static_pa(void);
enum kshm_machine machine_kshm_kind(void);
/*
 * More memory for the segment: whole pages, zero, contiguous.  False if there
 * is none.  On a machine where the segment is a file it continues the file.
 */
bool machine_kshm_extend(size_t bytes, void **kvap, paddr_t *pap);

#endif
