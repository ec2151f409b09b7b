/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of kern/kshm share. */
#ifndef KSHM_VAR_H
#define KSHM_VAR_H

#include <sys/types.h>
#include <sys/kshm_abi.h>

struct kshm_piece {
	void *kp_kva;
	paddr_t kp_pa;
	uint64_t kp_offset;
	size_t kp_bytes;
};
/* Append-only: the count is stored last. */
extern struct kshm_piece kshm_pieces[KSHM_EXTENTS];
extern int kshm_npieces;
/* kh_nobjects of them are there. */
const struct kshm_object *kshm_directory(void);

#endif
