/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that choose events; pure, so that the host's tests have them, too. */
#ifndef KTR_FILTER_H
#define KTR_FILTER_H

#ifdef _KERNEL
#include <sys/types.h>
#include <sys/kshm_abi.h>
#else
#include <stdbool.h>
#include "../../sys/kshm_abi.h"
#endif

struct ktr_filter {
	uint32_t kf_count;
	struct kshm_filter_insn kf_code[];
};

/*
 * May this program run?  Known operations, arguments that the event has, jumps
 * forward and inside, one depth of the stack at each instruction, in bounds,
 * every instruction reached, one value left.  EINVAL if not.
 */
int ktr_filter_check(
    const struct kshm_filter_insn *code, uint32_t count, uint32_t nargs);
/* Of a checked program; kr has arguments and thread. */
bool ktr_filter_run(
    const struct ktr_filter *kf, const struct kshm_record *kr, uint32_t cpu);

#endif
