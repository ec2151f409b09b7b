/* SPDX-License-Identifier: BSD-2-Clause */
/* Private structures of descriptor tables; theory in filedesc.c. */
#ifndef KERN_DESC_DESC_VAR_H
#define KERN_DESC_DESC_VAR_H

#include <sys/file.h>

#define FD_MIN_SLOTS 64 /* the first table, inside struct filedesc */

struct fd_slot {
	struct file *fs_file; /* NULL: free */
	uint32_t fs_flags;    /* FDF_ */
};

struct filedesc {
	refcount_t fdt_refs;
	struct spinlock fdt_spin;
	uint32_t fdt_size;	   /* (fdt_spin) slots, a multiple of 64 */
	uint32_t fdt_free_hint;	   /* (fdt_spin) no free slot below it */
	uint32_t fdt_used;	   /* (fdt_spin) */
	struct fd_slot *fdt_slots; /* (fdt_spin) */
	uint64_t *fdt_map;	   /* (fdt_spin) bit set: slot in use */
	struct fd_slot fdt_first[FD_MIN_SLOTS];
	uint64_t fdt_first_map[FD_MIN_SLOTS / 64];
};

#endif
