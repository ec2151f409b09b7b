/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list of equal elements in blocks: it grows at its end without moving what
 * is there, and whole blocks of its oldest elements can be given back.  Numbers
 * of elements never change.
 */
#ifndef TRACED_VEC_H
#define TRACED_VEC_H

#include <stddef.h>
#include <stdint.h>

#define VEC_BLOCK 4096 /* elements */

struct vec {
	size_t v_size;	 /* of an element */
	uint64_t v_n;	 /* elements ever pushed */
	uint64_t v_gone; /* of them given back, a multiple of VEC_BLOCK */
	void **v_blocks; /* of v_gone and on */
	size_t v_nblocks, v_room;
};

/* Room for one more, zero; NULL without memory. */
void *vec_push(struct vec *v);
/* Give back the block of the oldest elements. */
void vec_drop(struct vec *v);
void vec_free(struct vec *v);

/* i in [v_gone, v_n) */
static inline void *
vec_at(const struct vec *v, uint64_t i)
{
	uint64_t at = i - v->v_gone;

	return (
	    (char *)v->v_blocks[at / VEC_BLOCK] + at % VEC_BLOCK * v->v_size);
}

#endif
