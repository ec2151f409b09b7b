/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view: what the timeline draws, in buckets of 2^shift ns, not more than the
 * page has pixels for; little endian, all parts begin at multiples of 8 bytes.
 *
 *	 0  4  "VIEW"		 4  4  CPUs		 8  4  buckets (n)
 *	12  4  tracks		16  8  begin, ns	24  8  ns of a bucket
 * then each CPU:
 *	 4  CPU			 4  0
 *	4n  thread that had most of the bucket		4n  events
 *	 n  share of 255 that it was busy		 n  the thread's share
 * and each track:
 *	 4  thread		 4  0
 *	 n  runs	 n  ready	 n  sleeps	 n  waits for a lock
 *	 n  in a call	2n  that call			(shares of 255)
 * What is no state is not known.
 */
#include <stdlib.h>
#include <string.h>
#include "traced.h"

#define BUCKETS_MAX 4096
#define TRACKS_MAX  48
#define LOOK_AROUND 256 /* runs before and behind the window */

struct view {
	struct store *st;
	uint64_t t0, t1; /* on bucket borders */
	uint32_t shift;
	size_t n;
};

/* --- CPUs ------------------------------------------------------------------------- */

static void
add_run(const struct view *v, struct bucket *b, uint64_t begin, uint64_t end,
    uint32_t thread)
{
	if (begin < v->t0)
		begin = v->t0;
	if (end > v->t1)
		end = v->t1;
	while (begin < end) {
		uint64_t next = ((begin >> v->shift) + 1) << v->shift;
		struct bucket one = {0, thread, 0, 0};

		if (next > end)
			next = end;
		one.bk_top_ns = one.bk_busy_ns = next - begin;
		bucket_fold(&b[(begin - v->t0) >> v->shift], &one);
		begin = next;
	}
}

static void
count_events(const struct view *v, const struct ring *r, struct bucket *b)
{
	struct pos p = ring_seek(r, v->t0);

	for (; p.p_chunk < r->r_nchunks; p.p_chunk++, p.p_at = 0) {
		const struct chunk *ck = r->r_chunks[p.p_chunk];

		for (; p.p_at < ck->ck_n; p.p_at++) {
			uint64_t t = ck->ck_base + ck->ck_time[p.p_at];

			if (t >= v->t1)
				return;
			if (t >= v->t0)
				b[(t - v->t0) >> v->shift].bk_events++;
		}
	}
}

static void
cpu_from_runs(const struct view *v, uint32_t cpu, struct bucket *b)
{
	const struct cpu_info *ci = v->st->st_cpus[cpu];

	for (uint64_t i = runs_seek(ci, v->t0); i < ci->ci_runs.v_n; i++) {
		const struct run *rn = vec_at(&ci->ci_runs, i);

		if (rn->rn_begin >= v->t1)
			break;
		if (!thread_at(v->st, rn->rn_thread)->ti_idle)
			add_run(v, b, rn->rn_begin, run_end(rn), rn->rn_thread);
	}
	if (ci->ci_thread != NO_THREAD &&
	    !thread_at(v->st, ci->ci_thread)->ti_idle)
		add_run(v, b, ci->ci_since,
		    ci->ci_switches ? v->st->st_last : ci->ci_last,
		    ci->ci_thread);
	for (size_t i = 0; i < v->st->st_nrings; i++)
		if (v->st->st_rings[i]->r_cpu == cpu)
			count_events(v, v->st->st_rings[i], b);
}

static void
cpu_from_summary(const struct view *v, uint32_t cpu, struct bucket *b)
{
	struct cpu_info *ci = v->st->st_cpus[cpu];
	struct pyramid *py = &ci->ci_pyramid;
	const struct bucket *level;
	size_t first = (size_t)(v->t0 >> v->shift), n;

	/* Who runs now has no run yet. */
	if (ci->ci_thread != NO_THREAD)
		pyramid_run(py, ci->ci_since,
		    ci->ci_switches ? v->st->st_last : ci->ci_last,
		    ci->ci_thread, thread_at(v->st, ci->ci_thread)->ti_idle);
	n = pyramid_level(py, v->shift, &level);
	for (size_t i = 0; i < v->n && first + i < n; i++)
		b[i] = level[first + i];
}

static uint8_t
share(uint64_t part, uint64_t of)
{
	return (part >= of ? 255 : (uint8_t)(part * 255 / of));
}

static void
cpu_out(const struct view *v, uint32_t cpu, struct bucket *b, struct buf *out)
{
	uint64_t width = 1UL << v->shift;
	size_t n = v->n;
	uint32_t *head = buf_take(out, 8 + ((10 * n + 7) & ~(size_t)7));
	uint32_t *threads, *events;
	uint8_t *busy;

	if (head == NULL)
		return;
	head[0] = cpu;
	threads = head + 2;
	events = threads + n;
	busy = (uint8_t *)(events + n);
	for (size_t i = 0; i < n; i++) {
		threads[i] = b[i].bk_top_ns > 0 ? b[i].bk_top : NO_THREAD;
		events[i] = b[i].bk_events;
		busy[i] = share(b[i].bk_busy_ns, width);
		busy[n + i] = share(b[i].bk_top_ns, width);
	}
}

static void
cpus(const struct view *v, struct buf *out)
{
	struct bucket *b = malloc(v->n * sizeof(*b));

	for (uint32_t cpu = 0; b != NULL && cpu < v->st->st_ncpus; cpu++) {
		struct cpu_info *ci = v->st->st_cpus[cpu];

		if (ci == NULL)
			continue;
		memset(b, 0, v->n * sizeof(*b));
		if (v->shift >= ci->ci_pyramid.py_shift)
			cpu_from_summary(v, cpu, b);
		else
			cpu_from_runs(v, cpu, b);
		cpu_out(v, cpu, b, out);
	}
	if (b == NULL)
		out->b_failed = true;
	free(b);
}

/* --- tracks ------------------------------------------------------------------------- */

enum {
	RUNS,
	READY,
	SLEEPS,
	WAITS,
	IN_CALL,
	STATES
};
struct track {
	uint32_t thread;
	bool any;     /* a run was seen */
	uint64_t end; /* of the last one */
	uint8_t how;
	float *ns[STATES]; /* of each bucket */
	float *call_ns;	   /* the longest call's */
	uint16_t *call;
};
struct tracks {
	const struct view *v;
	uint8_t *of; /* by thread: its track + 1, or 0 */
	size_t n;
	struct track track[TRACKS_MAX];
};

static void
spread(const struct view *v, float *ns, uint64_t begin, uint64_t end)
{
	if (begin < v->t0)
		begin = v->t0;
	if (end > v->t1)
		end = v->t1;
	while (begin < end) {
		uint64_t next = ((begin >> v->shift) + 1) << v->shift;

		if (next > end)
			next = end;
		ns[(begin - v->t0) >> v->shift] += (float)(next - begin);
		begin = next;
	}
}

/* From the end of one run to the begin of the next (or what is known). */
static void
off_cpu(const struct view *v, struct track *tr, uint64_t to, uint64_t wake)
{
	if (tr->any && tr->end > to)
		return;
	if (wake > 0) {
		uint64_t woken = to - (wake - 1);

		if (tr->any && woken < tr->end)
			woken = tr->end;
		spread(v, tr->ns[READY], woken, to);
		to = woken;
	}
	if (!tr->any)
		return;
	if (tr->how == LEFT_SLEEP)
		spread(v, tr->ns[SLEEPS], tr->end, to);
	else if (tr->how == LEFT_READY)
		spread(v, tr->ns[READY], tr->end, to);
}

static void
track_run(const struct view *v, struct track *tr, const struct run *rn)
{
	off_cpu(v, tr, rn->rn_begin, rn->rn_wake);
	spread(v, tr->ns[RUNS], rn->rn_begin, run_end(rn));
	tr->any = true;
	tr->end = run_end(rn);
	tr->how = rn->rn_how;
}

/* The runs of all CPUs around the window by their begin: threads move. */
static void
track_runs(struct tracks *ts)
{
	const struct view *v = ts->v;
	struct store *st = v->st;
	uint64_t next[CPUS_MAX], behind[CPUS_MAX] = {0};

	for (uint32_t i = 0; i < st->st_ncpus; i++)
		if (st->st_cpus[i] != NULL) {
			const struct vec *r = &st->st_cpus[i]->ci_runs;
			uint64_t at = runs_seek(st->st_cpus[i], v->t0);

			next[i] = at > r->v_gone + LOOK_AROUND
			    ? at - LOOK_AROUND
			    : r->v_gone;
		}
	for (;;) {
		const struct run *best = NULL;
		uint32_t cpu = 0;

		for (uint32_t i = 0; i < st->st_ncpus; i++) {
			const struct run *rn;

			if (st->st_cpus[i] == NULL ||
			    next[i] >= st->st_cpus[i]->ci_runs.v_n ||
			    behind[i] > LOOK_AROUND)
				continue;
			rn = vec_at(&st->st_cpus[i]->ci_runs, next[i]);
			if (best == NULL || rn->rn_begin < best->rn_begin) {
				best = rn;
				cpu = i;
			}
		}
		if (best == NULL)
			return;
		next[cpu]++;
		if (best->rn_begin >= v->t1)
			behind[cpu]++;
		if (ts->of[best->rn_thread] != 0)
			track_run(
			    v, &ts->track[ts->of[best->rn_thread] - 1], best);
	}
}

/* What lasts until now has no slice yet. */
static void
track_now(struct tracks *ts, struct track *tr)
{
	struct store *st = ts->v->st;
	const struct thread_info *ti = thread_at(st, tr->thread);

	if (ti->ti_cpu >= 0) {
		const struct cpu_info *ci = st->st_cpus[ti->ti_cpu];
		struct run rn = {.rn_begin = ci->ci_since};

		track_run(ts->v, tr, &rn);
		spread(ts->v, tr->ns[RUNS], ci->ci_since, st->st_last);
	} else if (ti->ti_woken != 0 || tr->how == LEFT_SLEEP)
		off_cpu(ts->v, tr, st->st_last,
		    ti->ti_woken != 0 ? st->st_last - ti->ti_woken + 1 : 0);
	/* Else it may have ended: nobody comes back to tell. */
}

static bool
track_call(const struct slice *sl, void *arg)
{
	struct tracks *ts = arg;
	const struct view *v = ts->v;
	uint64_t begin = sl->sl_begin, end = sl->sl_end;
	struct track *tr;

	if (ts->of[sl->sl_thread] == 0)
		return (true);
	tr = &ts->track[ts->of[sl->sl_thread] - 1];
	begin = begin < v->t0 ? v->t0 : begin;
	end = end > v->t1 ? v->t1 : end;
	while (begin < end) {
		uint64_t next = ((begin >> v->shift) + 1) << v->shift;
		size_t i = (size_t)((begin - v->t0) >> v->shift);
		float ns;

		next = next > end ? end : next;
		ns = (float)(next - begin);
		tr->ns[IN_CALL][i] += ns;
		if (ns >= tr->call_ns[i]) {
			tr->call_ns[i] = ns;
			tr->call[i] = sl->sl_name;
		}
		begin = next;
	}
	return (true);
}

static bool
track_wait(const struct slice *sl, void *arg)
{
	struct tracks *ts = arg;

	if (ts->of[sl->sl_thread] != 0)
		spread(ts->v, ts->track[ts->of[sl->sl_thread] - 1].ns[WAITS],
		    sl->sl_begin, sl->sl_end);
	return (true);
}

static void
track_out(const struct view *v, const struct track *tr, struct buf *out)
{
	size_t n = v->n;
	uint32_t *head = buf_take(out, 8 + ((7 * n + 7) & ~(size_t)7));
	uint8_t *p;

	if (head == NULL)
		return;
	head[0] = tr->thread;
	p = (uint8_t *)(head + 2);
	for (int s = 0; s < STATES; s++)
		for (size_t i = 0; i < n; i++) {
			float part =
			    tr->ns[s][i] / (float)(1UL << v->shift) * 255;

			/* What is there at all is seen. */
			*p++ = part >= 255	   ? 255
			    : part > 0 && part < 1 ? 1
						   : (uint8_t)part;
		}
	for (size_t i = 0; i < n; i++, p += 2)
		memcpy(p, &tr->call[i], 2);
}

static bool
track_new(struct tracks *ts, uint32_t thread)
{
	struct track *tr = &ts->track[ts->n];
	size_t n = ts->v->n;
	float *ns = calloc(n, (STATES + 1) * sizeof(float) + 2);

	if (ns == NULL)
		return (false);
	tr->thread = thread;
	for (int s = 0; s < STATES; s++)
		tr->ns[s] = ns + (size_t)s * n;
	tr->call_ns = ns + (size_t)STATES * n;
	tr->call = (uint16_t *)(tr->call_ns + n);
	ts->of[thread] = (uint8_t)++ts->n;
	return (true);
}

/* threads=1,2,3; a status. */
static int
tracks_word(struct request *rq, struct tracks *ts)
{
	const char *s = word(rq, "threads");
	char *end;

	while (s != NULL && *s != '\0') {
		unsigned long t = strtoul(s, &end, 10);

		if (*s < '0' || *s > '9' || (*end != ',' && *end != '\0'))
			return (refuse(
			    rq, 400, "threads: \"%.40s\" is no list", s));
		if (t >= rq->rq_store->st_threads.v_n)
			return (refuse(rq, 400, "threads: no thread %lu", t));
		if (ts->n == TRACKS_MAX)
			return (
			    refuse(rq, 400, "threads: at most %d", TRACKS_MAX));
		if (ts->of[t] == 0 && !track_new(ts, (uint32_t)t))
			return (refuse(rq, 503, "no memory"));
		s = *end == ',' ? end + 1 : end;
	}
	return (0);
}

static void
tracks_fill(struct tracks *ts, struct buf *out)
{
	const struct view *v = ts->v;

	if (ts->n == 0)
		return;
	track_runs(ts);
	slices_each(&v->st->st_calls, v->t0, v->t1, track_call, ts);
	slices_each(&v->st->st_waits, v->t0, v->t1, track_wait, ts);
	for (size_t i = 0; i < ts->n; i++) {
		track_now(ts, &ts->track[i]);
		track_out(v, &ts->track[i], out);
	}
}

int
api_view(struct request *rq)
{
	struct view v = {.st = rq->rq_store};
	struct tracks ts = {.v = &v};
	struct window w;
	uint64_t n = 1024;
	uint32_t ncpus = 0;
	struct head {
		char magic[4];
		uint32_t ncpus, n, ntracks;
		double t0, ns;
	} head = {.magic = "VIEW"};
	int status;

	if ((status = window_words(rq, &w)) != 0 ||
	    (status = number_word(rq, "n", BUCKETS_MAX, &n)) != 0)
		return (status);
	if (n < 2)
		return (refuse(rq, 400, "n: at least 2"));
	while ((w.t1 - w.t0) >> v.shift >= n)
		v.shift++;
	v.t0 = w.t0 >> v.shift << v.shift;
	v.n = (size_t)((w.t1 - 1 - v.t0) >> v.shift) + 1;
	v.t1 = v.t0 + ((uint64_t)v.n << v.shift);
	if ((ts.of = calloc(v.st->st_threads.v_n + 1, 1)) == NULL)
		return (refuse(rq, 503, "no memory"));
	if ((status = tracks_word(rq, &ts)) == 0) {
		for (uint32_t i = 0; i < v.st->st_ncpus; i++)
			ncpus += v.st->st_cpus[i] != NULL;
		head.ncpus = ncpus;
		head.n = (uint32_t)v.n;
		head.ntracks = (uint32_t)ts.n;
		head.t0 = (double)v.t0;
		head.ns = (double)(1UL << v.shift);
		buf_add(&rq->rq_out, &head, sizeof(head));
		cpus(&v, &rq->rq_out);
		tracks_fill(&ts, &rq->rq_out);
		rq->rq_type = "application/octet-stream";
	}
	for (size_t i = 0; i < ts.n; i++)
		free(ts.track[i].ns[0]);
	free(ts.of);
	return (status);
}
