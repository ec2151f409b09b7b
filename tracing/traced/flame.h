/* SPDX-License-Identifier: BSD-2-Clause */
/* Where threads spent their time: a tree of sums over a window. */
#ifndef TRACED_FLAME_H
#define TRACED_FLAME_H

#include "traced.h"

/* One branch; sorted by thread, call, lock. */
struct branch {
	uint32_t thread;
	int32_t call; /* -1: in no call */
	int32_t lock; /* -1: the call (or the thread) itself */
	uint64_t wall_ns, cpu_ns, count;
};
struct flame {
	struct vec fl_branches; /* struct branch */
	struct branch *fl_sorted;
	size_t fl_n;
};
/* false: no memory. */
bool flame_make(struct store *st, const struct window *w, struct flame *f);
void flame_free(struct flame *f);

#endif
