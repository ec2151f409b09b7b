/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of libkshm share. */
#ifndef KSHM_VAR_H
#define KSHM_VAR_H

#include "kshm.h"

#define SPACE_BYTES (1UL << 30) /* addresses that a segment may grow into */

struct kshm {
	int k_fd;
	pid_t k_pid;		/* 0: a file */
	uint64_t k_file_offset; /* of the header in the file */
	bool k_extents;		/* the segment lies in pieces in the file */
	uint8_t *k_base;	/* reserved addresses, SPACE_BYTES */
	uint64_t k_mapped;	/* bytes of the segment at k_base */
	uint32_t k_npieces;	/* pieces mapped */
	struct btf *k_btf;
	bool k_btf_tried;
};

/* error with its reason; returns error. */
int kshm_fail(int error, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Row i of a table of the segment, of which bytes are told and least are used.
 * NULL: it is not all there, or lies where no such structure may.
 */
const void *kshm_row(const struct kshm *k, uint64_t table, uint64_t i,
    uint64_t bytes, uint64_t least);

#define load_acq(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)

#endif
