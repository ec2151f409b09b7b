/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intervals in the order of their ends.  What overlaps a window is found by the
 * cover of each block, the earliest begin and the latest end: a block costs two
 * comparisons, and a call that lasts for ever makes only its own block wide.
 */
#include "store.h"

void
slices_init(struct slices *ss)
{
	*ss = (struct slices){.ss_vec.v_size = sizeof(struct slice),
	    .ss_cover.v_size = sizeof(struct cover)};
}

bool
slices_add(struct slices *ss, const struct slice *sl)
{
	uint64_t block = ss->ss_vec.v_n / VEC_BLOCK;
	struct slice *to;
	struct cover *cv;

	if (block == ss->ss_cover.v_n) {
		if ((cv = vec_push(&ss->ss_cover)) == NULL)
			return (false);
		*cv = (struct cover){UINT64_MAX, 0};
	}
	if ((to = vec_push(&ss->ss_vec)) == NULL)
		return (false);
	*to = *sl;
	cv = vec_at(&ss->ss_cover, block);
	if (sl->sl_begin < cv->cv_begin)
		cv->cv_begin = sl->sl_begin;
	if (sl->sl_end > cv->cv_end)
		cv->cv_end = sl->sl_end;
	return (true);
}

void
slices_trim(struct slices *ss, uint64_t before)
{
	struct vec *v = &ss->ss_vec;

	while (v->v_n - v->v_gone > VEC_BLOCK &&
	    ((struct cover *)vec_at(&ss->ss_cover, v->v_gone / VEC_BLOCK))
		    ->cv_end < before)
		vec_drop(v);
}

void
slices_each(const struct slices *ss, uint64_t t0, uint64_t t1, slice_func *func,
    void *arg)
{
	const struct vec *v = &ss->ss_vec;

	for (uint64_t b = v->v_gone; b < v->v_n; b += VEC_BLOCK) {
		const struct cover *cv = vec_at(&ss->ss_cover, b / VEC_BLOCK);
		const struct slice *sl = vec_at(v, b);
		uint64_t n = v->v_n - b < VEC_BLOCK ? v->v_n - b : VEC_BLOCK;

		if (cv->cv_end < t0 || cv->cv_begin >= t1)
			continue;
		for (; n-- > 0; sl++)
			if (sl->sl_end >= t0 && sl->sl_begin < t1 &&
			    !func(sl, arg))
				return;
	}
}

uint64_t
runs_seek(const struct cpu_info *ci, uint64_t t)
{
	uint64_t lo = ci->ci_runs.v_gone, hi = ci->ci_runs.v_n;

	while (lo < hi) {
		uint64_t mid = (lo + hi) / 2;

		if (run_end(vec_at(&ci->ci_runs, mid)) <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}
