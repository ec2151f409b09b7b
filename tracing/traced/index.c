/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happened, told from the records in the order of their time: who had
 * which CPU (runs), calls, waits for locks, requests of devices, marks.
 *
 * A record bears the thread that runs on its CPU; a switch bears the one that
 * comes.  So "who has the CPU" is known from each record, and a run ends at the
 * switch, or, when no switches are traced, with the last record of the thread
 * (LEFT_GUESS).
 *
 * Nothing is guessed over a loss: the run ends at the last record before it,
 * and what the threads of that CPU had open (call, wait) is forgotten; there is
 * no slice for it.
 *
 * Events are known by name only (meanings[]): one that a kernel does not have,
 * or whose fields are others, means nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "source.h"
#include "store.h"

#define NO_ARG	   0xff
#define RUN_MAX_NS (1UL << 48) /* three days, in 65536 pieces */

static const struct {
	const char *name;
	enum meaning means;
	const char *fields[4]; /* "?" before a name: may be missing */
} meanings[] = {
    {"SCHED.switch", MEANS_SWITCH, {"from", "to"}},
    {"SCHED.sleep", MEANS_SLEEP, {NULL}},
    {"SCHED.wakeup", MEANS_WAKEUP, {"thread"}},
    {"SYSCALL.enter", MEANS_ENTER, {"nr"}},
    {"SYSCALL.leave", MEANS_LEAVE, {"error"}},
    {"SYSCALL.leave_hooked", MEANS_LEAVE, {"error"}},
    {"LOCK.wait", MEANS_LOCK_WAIT, {"lock", "?class"}},
    {"FAULT.user", MEANS_USER_FAULT, {"addr", "access", "rip", "error"}},
    {"MACHINE.vblk_submit", MEANS_IO_BEGIN, {"request", "type"}},
    {"MACHINE.vblk_done", MEANS_IO_END, {"request", "error"}},
    {"MACHINE.panic", MEANS_PANIC, {NULL}},
    {"TEST.fault", MEANS_FAULT, {"point"}},
    {"TEST.begin", MEANS_CASE, {"case"}},
    {"TEST.end", MEANS_CASE, {"case", "?failures"}},
    {"TEST.mark", MEANS_MARK, {"text", "?part"}},
};

static bool
event_means(struct event_info *ev, const char *const *fields)
{
	for (int i = 0; i < 4 && fields[i] != NULL; i++) {
		bool optional = fields[i][0] == '?';
		const char *want = fields[i] + optional;

		ev->ev_arg[i] = NO_ARG;
		for (size_t j = 0; j < ev->ev_nfields; j++)
			if (strcmp(ev->ev_fields[j].name, want) == 0)
				ev->ev_arg[i] = (uint8_t)j;
		if (ev->ev_arg[i] == NO_ARG && !optional)
			return (false);
	}
	return (true);
}

bool
index_events(struct store *st)
{
	size_t n = kshm_events(st->st_kshm);

	st->st_nevents = n < EVENTS_MAX ? (uint32_t)n : EVENTS_MAX - 1;
	st->st_events = calloc(st->st_nevents + 1, sizeof(*st->st_events));
	if (st->st_events == NULL)
		return (false);
	for (uint32_t id = 1; id <= st->st_nevents; id++) {
		const struct kshm_event *ke = kshm_event(st->st_kshm, id);
		struct event_info *ev = &st->st_events[id];

		if (ke == NULL)
			continue;
		snprintf(ev->ev_name, sizeof(ev->ev_name), "%s.%s",
		    kshm_text(st->st_kshm, ke->ke_group_name),
		    kshm_text(st->st_kshm, ke->ke_name));
		ev->ev_nfields =
		    kshm_event_fields(st->st_kshm, ke, ev->ev_fields);
		for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]);
		     i++)
			if (strcmp(meanings[i].name, ev->ev_name) == 0 &&
			    event_means(ev, meanings[i].fields))
				ev->ev_means = meanings[i].means;
	}
	return (true);
}

static struct cpu_info *
cpu_of(struct store *st, uint32_t cpu)
{
	struct cpu_info *ci;

	if (cpu >= CPUS_MAX)
		cpu = CPUS_MAX - 1;
	if ((ci = st->st_cpus[cpu]) != NULL)
		return (ci);
	if ((ci = calloc(1, sizeof(*ci))) == NULL)
		return (NULL);
	ci->ci_runs.v_size = sizeof(struct run);
	ci->ci_thread = NO_THREAD;
	if (!pyramid_init(&ci->ci_pyramid, st->st_shift)) {
		free(ci);
		return (NULL);
	}
	st->st_cpus[cpu] = ci;
	if (cpu >= st->st_ncpus)
		st->st_ncpus = cpu + 1;
	return (ci);
}

/* --- runs ------------------------------------------------------------------------- */

static void
run_add(struct store *st, struct cpu_info *ci, uint64_t begin, uint64_t end,
    struct thread_info *ti, uint8_t how)
{
	uint64_t wake = ti->ti_woken != 0 && ti->ti_woken <= begin
	    ? begin - ti->ti_woken + 1
	    : 0;

	/* Only a damaged record's time is that far: nobody had the CPU so long. */
	if (end - begin > RUN_MAX_NS)
		return;
	for (;;) {
		bool more = end - begin > UINT32_MAX;
		struct run *rn = vec_push(&ci->ci_runs);

		if (rn == NULL) {
			st->st_no_memory = true;
			return;
		}
		rn->rn_begin = begin;
		rn->rn_ns = more ? UINT32_MAX : (uint32_t)(end - begin);
		rn->rn_wake = wake > UINT32_MAX ? UINT32_MAX : (uint32_t)wake;
		rn->rn_thread = ci->ci_thread;
		rn->rn_waker = ti->ti_waker;
		rn->rn_how = more ? LEFT_MORE : how;
		if (!more)
			return;
		begin += UINT32_MAX;
		wake = 0;
	}
}

/* The CPU's thread leaves it. */
static void
leave(struct store *st, struct cpu_info *ci, uint64_t time, uint8_t how)
{
	struct thread_info *ti;

	if (ci->ci_thread == NO_THREAD)
		return;
	ti = thread_at(st, ci->ci_thread);
	pyramid_run(
	    &ci->ci_pyramid, ci->ci_since, time, ci->ci_thread, ti->ti_idle);
	run_add(st, ci, ci->ci_since, time, ti, how);
	ti->ti_run_ns += time - ci->ci_since;
	if (!ti->ti_idle)
		ci->ci_busy_ns += time - ci->ci_since;
	ti->ti_cpu = -1;
	ti->ti_woken = 0;
	ti->ti_will_sleep = false;
	ci->ci_thread = NO_THREAD;
}

static void
wait_ends(
    struct store *st, struct thread_info *ti, uint32_t thread, uint64_t time)
{
	ti->ti_in_wait = false;
	if (!slices_add(&st->st_waits,
		&(struct slice){ti->ti_wait_begin, time, thread, 0, ti->ti_lock,
		    ti->ti_in_call ? (int16_t)ti->ti_call : -1}))
		st->st_no_memory = true;
}

static void
enter(struct store *st, struct cpu_info *ci, uint32_t cpu, uint32_t thread,
    uint64_t time)
{
	struct thread_info *ti = thread_at(st, thread);

	ci->ci_thread = thread;
	ci->ci_since = time;
	ti->ti_cpu = ti->ti_last_cpu = (int32_t)cpu;
	if (ti->ti_in_wait)
		wait_ends(st, ti, thread, time);
}

static void
switched(struct store *st, struct cpu_info *ci, uint32_t cpu,
    const struct event_info *ev, const struct kshm_record *kr, uint32_t to,
    uint64_t time)
{
	uint32_t from = ci->ci_thread;
	bool sleeps;

	ci->ci_switches = true;
	if (from != NO_THREAD) {
		sleeps = thread_at(st, from)->ti_will_sleep;
		(void)map_set(st->st_by_ptr, kr->kr_args[ev->ev_arg[0]], from);
		leave(st, ci, time, sleeps ? LEFT_SLEEP : LEFT_READY);
	}
	(void)map_set(st->st_by_ptr, kr->kr_args[ev->ev_arg[1]], to);
	enter(st, ci, cpu, to, time);
}

/* A record of another thread than the one that should run. */
static void
stranger(struct store *st, struct cpu_info *ci, uint32_t cpu, uint32_t thread,
    uint64_t time)
{
	leave(st, ci, ci->ci_last, ci->ci_switches ? LEFT_UNKNOWN : LEFT_GUESS);
	enter(st, ci, cpu, thread, time);
}

void
index_loss(struct store *st, uint32_t ring, uint64_t time, uint64_t count)
{
	struct ring *r = st->st_rings[ring];
	struct cpu_info *ci = cpu_of(st, r->r_cpu);
	struct loss *ls;

	if (ci == NULL)
		return;
	if ((ls = vec_push(&st->st_losses)) != NULL)
		*ls = (struct loss){
		    r->r_any ? r->r_last : 0, time, count, r->r_cpu};
	leave(st, ci, ci->ci_last, LEFT_UNKNOWN);
	for (uint64_t i = 0; i < st->st_threads.v_n; i++) {
		struct thread_info *ti = thread_at(st, (uint32_t)i);

		if (ti->ti_last_cpu == (int32_t)r->r_cpu)
			ti->ti_in_call = ti->ti_in_wait = ti->ti_will_sleep =
			    false;
	}
}

void
index_end(struct store *st)
{
	for (uint32_t i = 0; i < st->st_ncpus; i++) {
		struct cpu_info *ci = st->st_cpus[i];

		if (ci != NULL)
			leave(st, ci,
			    ci->ci_switches ? st->st_last : ci->ci_last,
			    LEFT_UNKNOWN);
	}
}

/* --- calls, requests, marks ----------------------------------------------------------- */

/* How long the thread had a CPU, until now. */
static uint64_t
run_so_far(const struct store *st, const struct thread_info *ti, uint64_t time)
{
	return (ti->ti_run_ns +
	    (ti->ti_cpu >= 0 ? time - st->st_cpus[ti->ti_cpu]->ci_since : 0));
}

static void
call_ends(struct store *st, struct thread_info *ti, uint32_t thread,
    int16_t error, uint64_t time)
{
	uint64_t ns = time - ti->ti_call_begin, run;

	if (!ti->ti_in_call)
		return;
	ti->ti_in_call = false;
	run = run_so_far(st, ti, time) - ti->ti_call_run;
	if (!slices_add(&st->st_calls,
		&(struct slice){ti->ti_call_begin, time, thread,
		    run >= ns ? 255 : (uint8_t)(run * 255 / ns), ti->ti_call,
		    error}))
		st->st_no_memory = true;
}

struct request_open {
	uint64_t begin;
	uint32_t thread;
	uint16_t type;
};

static void
io_begin(struct store *st, uint64_t request, uint16_t type, uint32_t thread,
    uint64_t time)
{
	struct request_open *ro = malloc(sizeof(*ro));
	uint64_t old;

	if (ro == NULL)
		return;
	*ro = (struct request_open){time, thread, type};
	if (map_take(st->st_io_open, request, &old))
		free((void *)(uintptr_t)old);
	if (!map_set(st->st_io_open, request, (uintptr_t)ro))
		free(ro);
}

static void
io_end(struct store *st, uint64_t request, int error, uint64_t time)
{
	struct request_open *ro;
	uint64_t value;

	if (!map_take(st->st_io_open, request, &value))
		return;
	ro = (void *)(uintptr_t)value;
	(void)slices_add(&st->st_io,
	    &(struct slice){
		ro->begin, time, ro->thread, 0, ro->type, (int16_t)error});
	free(ro);
}

static void
lock_wait(struct store *st, struct thread_info *ti, const struct event_info *ev,
    const struct kshm_record *kr, uint64_t time)
{
	char name[48];

	if (ev->ev_arg[1] != NO_ARG)
		snprintf(name, sizeof(name), "%s",
		    kshm_text(
			st->st_kshm, (uint32_t)kr->kr_args[ev->ev_arg[1]]));
	else
		snprintf(
		    name, sizeof(name), "0x%lx", kr->kr_args[ev->ev_arg[0]]);
	ti->ti_lock = lock_of(st, name);
	ti->ti_in_wait = true;
	ti->ti_wait_begin = time;
}

/* NULL: no memory. */
static struct mark *
mark(struct store *st, enum mark_kind kind, const struct kshm_record *kr,
    uint32_t cpu, uint32_t thread, uint64_t time)
{
	struct mark *mk = vec_push(&st->st_marks);
	char fields[160];

	if (mk == NULL) {
		st->st_no_memory = true;
		return (NULL);
	}
	kshm_event_format(st->st_kshm, kr, fields, sizeof(fields));
	*mk = (struct mark){.mk_time = time,
	    .mk_kind = kind,
	    .mk_cpu = cpu,
	    .mk_thread = thread,
	    .mk_event = kr->kr_id};
	snprintf(mk->mk_text, sizeof(mk->mk_text), "%.91s", fields);
	return (mk);
}

/* The mark that a part belongs to; events of other CPUs may lie between. */
static struct mark *
mark_of_part(struct store *st, uint32_t cpu, uint32_t thread, uint64_t part)
{
	const struct vec *v = &st->st_marks;

	for (uint64_t i = v->v_n; i > v->v_gone && i + 16 > v->v_n; i--) {
		struct mark *mk = vec_at(v, i - 1);

		if (mk->mk_cpu == cpu && mk->mk_thread == thread &&
		    mk->mk_parts > 0)
			return (mk->mk_parts == part ? mk : NULL);
	}
	return (NULL);
}

/*
 * A program's text; a long one comes in several events.  The harness of the
 * tests tells its cases so.
 */
static void
text_mark(struct store *st, const struct event_info *ev,
    const struct kshm_record *kr, uint32_t cpu, uint32_t thread, uint64_t time)
{
	uint64_t part =
	    ev->ev_arg[1] != NO_ARG ? kr->kr_args[ev->ev_arg[1]] : 0;
	struct mark *mk = part > 0 ? mark_of_part(st, cpu, thread, part) : NULL;
	char bytes[KSHM_CHARS_MAX];
	const char *text = kshm_field_text(st->st_kshm,
	    &ev->ev_fields[ev->ev_arg[0]], ev->ev_arg[0], kr, bytes);
	size_t used;

	if (mk == NULL) {
		if ((mk = mark(st, MARK_OTHER, kr, cpu, thread, time)) == NULL)
			return;
		mk->mk_text[0] = '\0';
		mk->mk_parts = (uint32_t)part;
	}
	mk->mk_parts++;
	used = strlen(mk->mk_text);
	snprintf(mk->mk_text + used, sizeof(mk->mk_text) - used, "%s",
	    text != NULL ? text : "");
	if (strncmp(mk->mk_text, "begin case=", 11) == 0 ||
	    strncmp(mk->mk_text, "end case=", 9) == 0)
		mk->mk_kind = MARK_CASE;
}

static void
meaning(struct store *st, const struct event_info *ev,
    const struct kshm_record *kr, uint32_t cpu, uint32_t thread, uint64_t time)
{
	struct thread_info *ti = thread_at(st, thread), *other;
	const uint64_t *a = kr->kr_args;
	uint64_t value;

	switch (ev->ev_means) {
	case MEANS_SLEEP:
		ti->ti_will_sleep = true;
		break;
	case MEANS_WAKEUP:
		if (!map_get(st->st_by_ptr, a[ev->ev_arg[0]], &value))
			break;
		other = thread_at(st, (uint32_t)value);
		if (other->ti_cpu < 0) {
			other->ti_woken = time;
			other->ti_waker = (uint8_t)cpu;
		}
		break;
	case MEANS_ENTER:
		ti->ti_in_call = true;
		ti->ti_call = (uint16_t)a[ev->ev_arg[0]];
		ti->ti_call_begin = time;
		ti->ti_call_run = run_so_far(st, ti, time);
		ti->ti_calls++;
		break;
	case MEANS_LEAVE:
		call_ends(st, ti, thread, (int16_t)a[ev->ev_arg[0]], time);
		break;
	case MEANS_LOCK_WAIT:
		lock_wait(st, ti, ev, kr, time);
		break;
	case MEANS_IO_BEGIN:
		io_begin(st, a[ev->ev_arg[0]], (uint16_t)a[ev->ev_arg[1]],
		    thread, time);
		break;
	case MEANS_IO_END:
		io_end(st, a[ev->ev_arg[0]], (int)a[ev->ev_arg[1]], time);
		break;
	case MEANS_FAULT:
		(void)mark(st, MARK_FAULT, kr, cpu, thread, time);
		break;
	case MEANS_CASE:
		(void)mark(st, MARK_CASE, kr, cpu, thread, time);
		break;
	case MEANS_PANIC:
		(void)mark(st, MARK_PANIC, kr, cpu, thread, time);
		break;
	case MEANS_MARK:
		text_mark(st, ev, kr, cpu, thread, time);
		break;
	default:
		break;
	}
}

void
index_record(struct store *st, uint32_t ring, const struct kshm_record *kr,
    uint64_t time)
{
	struct ring *r = st->st_rings[ring];
	struct cpu_info *ci = cpu_of(st, r->r_cpu);
	struct event_info *ev =
	    &st->st_events[kr->kr_id <= st->st_nevents ? kr->kr_id : 0];
	uint32_t thread = thread_of(st, kr->kr_thread), cpu = r->r_cpu;

	if (ci == NULL || thread == NO_THREAD ||
	    !store_add(st, ring, kr->kr_seq / 2 - 1, time, thread,
		(uint16_t)(ev - st->st_events))) {
		st->st_no_memory = true;
		return;
	}
	ev->ev_count++;
	ci->ci_events++;
	thread_at(st, thread)->ti_events++;
	pyramid_event(&ci->ci_pyramid, time);
	if (ev->ev_means == MEANS_SWITCH)
		switched(st, ci, cpu, ev, kr, thread, time);
	else if (ci->ci_thread != thread) {
		if (ci->ci_thread != NO_THREAD)
			stranger(st, ci, cpu, thread, time);
		else
			enter(st, ci, cpu, thread, time);
	}
	/* A run that lasts is told to the summary piece by piece. */
	if (time >> ci->ci_pyramid.py_shift !=
	    ci->ci_pyramid.py_end >> ci->ci_pyramid.py_shift)
		pyramid_run(&ci->ci_pyramid, ci->ci_since, time, thread,
		    thread_at(st, thread)->ti_idle);
	ci->ci_any = true;
	ci->ci_last = time;
	r->r_any = true;
	if (ev->ev_means > MEANS_SWITCH)
		meaning(st, ev, kr, cpu, thread, time);
}
