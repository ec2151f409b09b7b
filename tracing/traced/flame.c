/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flame graph: process, thread, call, and in a call: on a CPU, waiting for
 * a lock, else (asleep, or ready).  Time on a CPU outside of calls is "program".
 *
 * A slice that sticks out of the window counts with the part inside, its share
 * on a CPU being that of the whole.
 */
#include <stdlib.h>
#include <string.h>
#include "flame.h"

struct making {
	struct flame *f;
	struct store *st;
	struct window w;
	struct map *at;
	bool failed;
};

static struct branch *
branch_of(struct making *m, uint32_t thread, int32_t call, int32_t lock)
{
	uint64_t key = (uint64_t)thread << 34 |
	    (uint64_t)(uint16_t)(call + 1) << 17 | (uint32_t)(lock + 1);
	struct branch *br;
	uint64_t i;

	if (map_get(m->at, key, &i))
		return (vec_at(&m->f->fl_branches, i));
	if ((br = vec_push(&m->f->fl_branches)) == NULL ||
	    !map_set(m->at, key, m->f->fl_branches.v_n - 1)) {
		m->failed = true;
		return (NULL);
	}
	*br = (struct branch){.thread = thread, .call = call, .lock = lock};
	return (br);
}

static uint64_t
inside(const struct window *w, uint64_t begin, uint64_t end)
{
	begin = begin < w->t0 ? w->t0 : begin;
	end = end > w->t1 ? w->t1 : end;
	return (end > begin ? end - begin : 0);
}

static bool
add_call(const struct slice *sl, void *arg)
{
	struct making *m = arg;
	uint64_t ns = inside(&m->w, sl->sl_begin, sl->sl_end);
	struct branch *br = branch_of(m, sl->sl_thread, sl->sl_name, -1);

	if (br == NULL)
		return (true);
	br->wall_ns += ns;
	br->cpu_ns += (uint64_t)((double)ns * sl->sl_busy / 255);
	br->count++;
	return (true);
}

static bool
add_wait(const struct slice *sl, void *arg)
{
	struct making *m = arg;
	struct branch *br =
	    branch_of(m, sl->sl_thread, sl->sl_value, sl->sl_name);

	if (br == NULL)
		return (true);
	br->wall_ns += inside(&m->w, sl->sl_begin, sl->sl_end);
	br->count++;
	return (true);
}

static void
add_runs(struct making *m, const struct cpu_info *ci)
{
	for (uint64_t i = runs_seek(ci, m->w.t0); i < ci->ci_runs.v_n; i++) {
		const struct run *rn = vec_at(&ci->ci_runs, i);
		struct branch *br;

		if (rn->rn_begin >= m->w.t1)
			break;
		if (thread_at(m->st, rn->rn_thread)->ti_idle ||
		    (br = branch_of(m, rn->rn_thread, -1, -1)) == NULL)
			continue;
		br->cpu_ns += inside(&m->w, rn->rn_begin, run_end(rn));
		br->count++;
	}
}

static int
by_place(const void *a, const void *b)
{
	const struct branch *x = a, *y = b;

	if (x->thread != y->thread)
		return (x->thread < y->thread ? -1 : 1);
	if (x->call != y->call)
		return (x->call < y->call ? -1 : 1);
	return (x->lock < y->lock ? -1 : x->lock > y->lock);
}

bool
flame_make(struct store *st, const struct window *w, struct flame *f)
{
	struct making m = {.f = f, .st = st, .w = *w, .at = map_new()};

	*f = (struct flame){.fl_branches.v_size = sizeof(struct branch)};
	if (m.at == NULL)
		return (false);
	for (uint32_t i = 0; i < st->st_ncpus; i++)
		if (st->st_cpus[i] != NULL)
			add_runs(&m, st->st_cpus[i]);
	slices_each(&st->st_calls, w->t0, w->t1, add_call, &m);
	slices_each(&st->st_waits, w->t0, w->t1, add_wait, &m);
	map_free(m.at);
	f->fl_n = f->fl_branches.v_n;
	f->fl_sorted = malloc((f->fl_n + 1) * sizeof(*f->fl_sorted));
	if (f->fl_sorted == NULL)
		return (false);
	for (size_t i = 0; i < f->fl_n; i++)
		f->fl_sorted[i] = *(struct branch *)vec_at(&f->fl_branches, i);
	qsort(f->fl_sorted, f->fl_n, sizeof(*f->fl_sorted), by_place);
	return (!m.failed);
}

void
flame_free(struct flame *f)
{
	vec_free(&f->fl_branches);
	free(f->fl_sorted);
}

/* --- as JSON ------------------------------------------------------------------------ */

static void
leaf(struct buf *b, const char *name, uint64_t ns)
{
	if (ns == 0)
		return;
	buf_comma(b);
	buf_text(b, "{\"name\":");
	buf_json(b, name);
	buf_printf(b, ",\"value\":%lu}", ns);
}

/* A call and the waits in it: [from, to) of the branches. */
static void
call_node(struct buf *b, struct store *st, const struct branch *from,
    const struct branch *to, bool cpu_only)
{
	const struct branch *self = from->lock < 0 ? from : NULL;
	uint64_t wall = 0, cpu = 0, waits = 0;

	if (self != NULL) {
		wall = self->wall_ns;
		cpu = self->cpu_ns;
	}
	for (const struct branch *br = from; br < to; br++)
		waits += br->lock >= 0 ? br->wall_ns : 0;
	if (wall < cpu + waits)
		wall = cpu + waits;
	buf_comma(b);
	buf_text(b, "{\"name\":");
	call_json(
	    b, st, (uint32_t)from->call, thread_at(st, from->thread)->ti_abi);
	buf_printf(b, ",\"count\":%lu,\"value\":%lu",
	    self != NULL ? self->count : 0, cpu_only ? cpu : wall);
	if (!cpu_only) {
		buf_text(b, ",\"children\":[");
		leaf(b, "on a CPU", cpu);
		for (const struct branch *br = from; br < to; br++)
			if (br->lock >= 0) {
				const struct lock_name *ln =
				    vec_at(&st->st_locks, (uint64_t)br->lock);

				leaf(b, ln->ln_name, br->wall_ns);
			}
		leaf(b, "asleep or ready", wall - cpu - waits);
		buf_text(b, "]");
	}
	buf_text(b, "}");
}

static void
thread_node(struct buf *b, struct store *st, const struct branch *from,
    const struct branch *to, bool cpu_only)
{
	uint64_t run = 0, in_calls = 0, sum = 0;
	const struct branch *br, *next;

	for (br = from; br < to; br++) {
		if (br->call < 0 && br->lock < 0)
			run = br->cpu_ns;
		else if (br->lock < 0)
			in_calls += br->cpu_ns;
		if (br->call >= 0 && br->lock < 0)
			sum += cpu_only ? br->cpu_ns : br->wall_ns;
	}
	run = run > in_calls ? run - in_calls : 0;
	buf_comma(b);
	buf_text(b, "{\"name\":");
	buf_json(b, thread_at(st, from->thread)->ti_name);
	buf_printf(b, ",\"thread\":%u,\"value\":%lu,\"children\":[",
	    from->thread, sum + run);
	leaf(b, thread_at(st, from->thread)->ti_pid != 0 ? "program" : "kernel",
	    run);
	for (br = from; br < to; br = next) {
		for (next = br; next < to && next->call == br->call;)
			next++;
		if (br->call >= 0)
			call_node(b, st, br, next, cpu_only);
	}
	buf_text(b, "]}");
}

int
api_flame(struct request *rq)
{
	struct buf *b = &rq->rq_out;
	const char *mode = word(rq, "mode");
	bool cpu_only = mode != NULL && strcmp(mode, "cpu") == 0;
	const struct branch *br, *next, *end;
	struct flame f;
	struct window w;
	int status;

	if (mode != NULL && !cpu_only && strcmp(mode, "wall") != 0)
		return (refuse(rq, 400, "mode: cpu or wall"));
	if ((status = window_words(rq, &w)) != 0)
		return (status);
	if (!flame_make(rq->rq_store, &w, &f))
		status = refuse(rq, 503, "no memory");
	else {
		buf_text(b, "{\"name\":\"all\",\"children\":[");
		end = f.fl_sorted + f.fl_n;
		for (br = f.fl_sorted; br < end; br = next) {
			for (next = br;
			     next < end && next->thread == br->thread;)
				next++;
			thread_node(b, rq->rq_store, br, next, cpu_only);
		}
		buf_text(b, "]}");
	}
	flame_free(&f);
	return (status);
}
