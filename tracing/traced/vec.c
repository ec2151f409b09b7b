/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists in blocks. */
#include <stdlib.h>
#include <string.h>
#include "vec.h"

void *
vec_push(struct vec *v)
{
	void **list, *block;

	if ((v->v_n - v->v_gone) / VEC_BLOCK == v->v_nblocks) {
		if (v->v_nblocks == v->v_room) {
			size_t room = v->v_room == 0 ? 16 : v->v_room * 2;

			list = realloc(v->v_blocks, room * sizeof(*list));
			if (list == NULL)
				return (NULL);
			v->v_blocks = list;
			v->v_room = room;
		}
		if ((block = calloc(VEC_BLOCK, v->v_size)) == NULL)
			return (NULL);
		v->v_blocks[v->v_nblocks++] = block;
	}
	return (vec_at(v, v->v_n++));
}

void
vec_drop(struct vec *v)
{
	if (v->v_n - v->v_gone < VEC_BLOCK)
		return;
	free(v->v_blocks[0]);
	v->v_nblocks--;
	memmove(
	    v->v_blocks, v->v_blocks + 1, v->v_nblocks * sizeof(*v->v_blocks));
	v->v_gone += VEC_BLOCK;
}

void
vec_free(struct vec *v)
{
	for (size_t i = 0; i < v->v_nblocks; i++)
		free(v->v_blocks[i]);
	free(v->v_blocks);
	*v = (struct vec){.v_size = v->v_size};
}
