/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sparse arrays: uint64_t index -> non-NULL pointer, as a 64-way radix tree
 * that grows from the leaves.  The caller locks; nodes come from a zone, so
 * radix_set may fail with ENOMEM (and then changed nothing).
 */
#ifndef SYS_RADIX_H
#define SYS_RADIX_H

#include <sys/types.h>

struct radix_node;
struct radix {
	struct radix_node *rx_root;
	uint32_t rx_height; /* levels below the root pointer */
	uint64_t rx_count;
};

void radix_init(struct radix *rx);
void *radix_get(const struct radix *rx, uint64_t index);
int radix_set(struct radix *rx, uint64_t index, void *value) __must_check;
void *radix_remove(struct radix *rx, uint64_t index); /* old value or NULL */
/* First entry at or after *indexp: its value, *indexp set; NULL if none. */
void *radix_next(const struct radix *rx, uint64_t *indexp);
void radix_destroy(struct radix *rx); /* frees nodes, not values */

#endif
