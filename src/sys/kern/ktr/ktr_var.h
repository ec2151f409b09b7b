/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of kern/ktr share. */
#ifndef KTR_VAR_H
#define KTR_VAR_H

#include <sys/ktr.h>
#include <sys/malloc.h>
#include "ktr_filter.h"

/* A CPU's ring, as the writer needs it; curcpu->c_ktr. */
struct ktr_cpu {
	struct kshm_ring *kc_ring;
	struct kshm_record *kc_records;
	uint64_t kc_mask;
	uint64_t kc_hash, kc_hashed; /* (self) ktr.hash */
};

MALLOC_DECLARE(M_KTR);
SET_DECLARE(ktr_points, struct ktr_point);
extern bool ktr_hashing; /* set at boot */

struct ktr_point *ktr_point_of(uint32_t id);
/* The one that "GROUP.name" names. */
struct ktr_point *ktr_point_named(const char *name);
/* After a change of filters, hashing or groups: recompute kp_on of a point. */
void ktr_point_update(struct ktr_point *kp);
void ktr_hash_add(struct ktr_cpu *kc, const struct ktr_point *kp,
    const struct kshm_record *kr);

/* Record nothing, whatever is on, until it is let go. */
void ktr_hold(bool hold);
/* How far rings may be written; keep: the oldest records. */
void ktr_limits(bool keep);

#endif
