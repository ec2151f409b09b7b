/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What traced knows of a trace.  Theory: ../README.md.
 *
 * All times are ns since st_origin, the first event; a thread is its place in
 * st_threads, not its td_id; a row is the place of an event in the order of
 * (time, ring).  One lock, td_lock of struct traced, covers a store.
 */
#ifndef TRACED_STORE_H
#define TRACED_STORE_H

#include <kshm.h>
#include "vec.h"

#define CHUNK_EVENTS 65536
#define RINGS_MAX    257
#define CPUS_MAX     256
#define EVENTS_MAX   4096
#define NO_THREAD    UINT32_MAX
#define THREADS_MAX  (1u << 24)
#define ROWS_STEP    4096 /* rows between two checkpoints */

/* --- columns ------------------------------------------------------------------ */

/* Events of a ring with numbers in a row, and times within 4 s. */
struct chunk {
	uint64_t ck_first; /* the ring's number of the first one */
	uint64_t ck_base;  /* time of the first one */
	int64_t ck_spill;  /* where its records are in the spill file, or -1 */
	uint32_t ck_n;
	uint32_t ck_time[CHUNK_EVENTS]; /* after ck_base */
	uint32_t ck_thread[CHUNK_EVENTS];
	uint16_t ck_event[CHUNK_EVENTS];
};

struct ring {
	struct kshm_reader r_reader;
	uint32_t r_cpu;
	struct chunk **r_chunks; /* NULL: given back */
	size_t r_nchunks, r_room, r_gone;
	uint64_t r_expected; /* number of the next record */
	uint64_t r_last;     /* time of the newest event */
	bool r_any;
	/* Read, and not in the store yet. */
	struct kshm_record *r_staged;
	size_t r_at, r_nstaged;
};

/* A place in a ring's columns. */
struct pos {
	uint32_t p_chunk, p_at;
};

/* --- intervals ------------------------------------------------------------------ */

enum left_how {
	LEFT_READY, /* it could have gone on */
	LEFT_SLEEP,
	LEFT_MORE,    /* it goes on: a run longer than a number holds */
	LEFT_UNKNOWN, /* records are missing */
	LEFT_GUESS /* no switches are traced: from its first to its last event */
};

/* A thread had a CPU. */
struct run {
	uint64_t rn_begin;
	uint32_t rn_ns;
	uint32_t rn_wake; /* woken so long before it began; 0: not known */
	uint32_t rn_thread;
	uint8_t rn_waker; /* CPU */
	uint8_t rn_how;	  /* enum left_how */
	uint16_t rn_pad;
};

/* Something began and ended: a call, a wait for a lock, a request. */
struct slice {
	uint64_t sl_begin, sl_end;
	uint32_t sl_thread : 24;
	uint32_t sl_busy : 8; /* of a call: 255ths of it on a CPU */
	uint16_t sl_name;     /* call number; lock; type of request */
	int16_t sl_value;     /* errno; of a wait: the call, -1: none */
};

/* Slices in the order of their ends; for each block what it covers. */
struct slices {
	struct vec ss_vec;
	struct vec
	    ss_cover; /* struct cover, one a block, from ss_vec's first */
	uint64_t ss_longest;
};
struct cover {
	uint64_t cv_begin, cv_end;
};

struct loss {
	uint64_t ls_begin, ls_end, ls_count;
	uint32_t ls_cpu;
};

enum mark_kind {
	MARK_FAULT,
	MARK_CASE,
	MARK_PANIC,
	MARK_OTHER
};
struct mark {
	uint64_t mk_time;
	uint32_t mk_kind, mk_cpu, mk_thread, mk_event;
	uint32_t mk_parts; /* events that its text came in, so far */
	char mk_text[92];
};

/* --- summary ---------------------------------------------------------------------- */

#define PYRAMID_BUCKETS (1u << 15) /* at most, of the lowest level */
#define PYRAMID_LEVELS	16

struct bucket {
	uint32_t bk_events;
	uint32_t bk_top;    /* the thread that had most of it */
	uint64_t bk_top_ns; /* at least so much */
	uint64_t bk_busy_ns;
};
struct pyramid {
	uint32_t py_shift; /* ns of a bucket of level 0, as a power of two */
	struct bucket *py_level[PYRAMID_LEVELS];
	size_t py_n[PYRAMID_LEVELS]; /* buckets that are right */
	size_t py_dirty; /* buckets of level 0 from here on changed */
	uint64_t py_end; /* time that is accounted for */
};

/* --- the whole ----------------------------------------------------------------------- */

struct thread_info {
	uint32_t ti_id; /* td_id */
	int32_t ti_pid, ti_tid;
	bool ti_named, ti_idle, ti_ended;
	char ti_name[32], ti_abi[12];
	uint64_t ti_events, ti_run_ns, ti_calls;
	/* index.c's state */
	int32_t ti_cpu; /* it has this one; -1: none */
	int32_t ti_last_cpu;
	bool ti_in_call, ti_will_sleep;
	uint16_t ti_call;
	uint64_t ti_call_begin, ti_call_run; /* ... and ti_run_ns then */
	uint64_t ti_woken;		     /* 0: not */
	uint8_t ti_waker;
	bool ti_in_wait;
	uint16_t ti_lock;
	uint64_t ti_wait_begin;
};

struct cpu_info {
	bool ci_any, ci_switches;
	uint32_t ci_thread; /* NO_THREAD: not known */
	uint64_t ci_since, ci_last;
	uint64_t ci_events, ci_busy_ns;
	struct vec ci_runs; /* struct run, by time */
	struct pyramid ci_pyramid;
};

/* What an event means, found by its name. */
enum meaning {
	MEANS_NOTHING,
	MEANS_SWITCH,
	MEANS_SLEEP,
	MEANS_WAKEUP,
	MEANS_ENTER,
	MEANS_LEAVE,
	MEANS_LOCK_WAIT,
	MEANS_USER_FAULT,
	MEANS_IO_BEGIN,
	MEANS_IO_END,
	MEANS_FAULT,
	MEANS_CASE,
	MEANS_PANIC,
	MEANS_MARK
};
struct event_info {
	enum meaning ev_means;
	uint8_t ev_arg[4]; /* places of the fields that its meaning needs */
	char ev_name[48];  /* "GROUP.name" */
	uint64_t ev_count;
	size_t ev_nfields;
	struct kshm_field ev_fields[KSHM_EVENT_ARGS];
};

struct map; /* numbers to numbers; map.c */
struct source;

struct store {
	struct kshm *st_kshm;
	uint64_t st_origin; /* ns since boot */
	bool st_any;
	uint32_t st_shift; /* of the summaries, to begin with */
	size_t st_nrings;
	struct ring *st_rings[RINGS_MAX];
	uint32_t st_ncpus;
	struct cpu_info *st_cpus[CPUS_MAX];
	struct vec st_threads;	   /* struct thread_info */
	uint32_t st_thread_cached; /* the one that was asked for last */
	bool st_names_wanted;	   /* there are threads without a name */
	struct map *st_by_id;	   /* td_id -> thread */
	struct map *st_by_ptr;	   /* address of a thread -> thread */
	uint32_t st_nevents;
	struct event_info *st_events; /* by id */
	struct slices st_calls, st_waits, st_io;
	struct map *st_io_open;	   /* request -> its begin */
	struct map *st_lock_names; /* text or address -> st_locks */
	struct vec st_locks;	   /* struct lock_name */
	struct vec st_losses, st_marks;
	uint64_t st_rows, st_first_row;
	struct vec st_steps; /* struct step, one each ROWS_STEP rows */
	uint64_t st_last;    /* time of the newest row */
	uint32_t st_last_ring;
	uint64_t st_lost, st_overwritten; /* in the trace; before it */
	uint64_t st_keep;		  /* events that may stay */
	uint64_t st_forgotten;		  /* events given back */
	bool st_no_memory;
	struct source *st_source;
};

struct lock_name {
	char ln_name[48];
};

struct step {
	uint64_t sp_time;
	uint32_t sp_nrings;
	struct pos *sp_pos; /* [sp_nrings] the next event of each ring */
};

/* --- store.c ---------------------------------------------------------------------------- */

struct store *store_new(struct kshm *k, uint64_t keep);
void store_free(struct store *st);
/* Add an event to its ring's columns; false: no memory. */
bool store_add(struct store *st, uint32_t ring, uint64_t number, uint64_t time,
    uint32_t thread, uint16_t event);
/* Give back what is oldest while there is more than st_keep. */
void store_trim(struct store *st);
/* The first time of which all events are still there. */
uint64_t store_detail_from(const struct store *st);
/* The place of the first event of a ring at or after a time. */
struct pos ring_seek(const struct ring *r, uint64_t time);
/* Events of a ring in [a, b). */
uint64_t ring_count(const struct ring *r, struct pos a, struct pos b);

/* --- rows.c: all rings in the order of rows ------------------------------------------------- */

struct cursor {
	const struct store *cu_store;
	uint64_t cu_row; /* of what cursor_next will give */
	struct pos cu_pos[RINGS_MAX];
	uint64_t cu_head[RINGS_MAX]; /* time of what is at cu_pos */
	/* what it gave */
	uint32_t cu_ring;
	struct pos cu_at;
	uint64_t cu_time;
	uint32_t cu_thread;
	uint16_t cu_event;
};
void cursor_row(struct cursor *cu, const struct store *st, uint64_t row);
void cursor_time(struct cursor *cu, const struct store *st, uint64_t time);
bool cursor_next(struct cursor *cu);
/* The lock was free meanwhile: more may have come, old chunks may be gone. */
void cursor_again(struct cursor *cu);

/* --- slices.c ------------------------------------------------------------------------------- */

void slices_init(struct slices *ss);
bool slices_add(struct slices *ss, const struct slice *sl);
void slices_trim(struct slices *ss, uint64_t before);
/* Calls func for each that overlaps [t0, t1), until it returns false. */
typedef bool slice_func(const struct slice *sl, void *arg);
void slices_each(const struct slices *ss, uint64_t t0, uint64_t t1,
    slice_func *func, void *arg);
/* The first run of a CPU that ends after t. */
uint64_t runs_seek(const struct cpu_info *ci, uint64_t t);
static inline uint64_t
run_end(const struct run *rn)
{
	return (rn->rn_begin + rn->rn_ns);
}

/* --- pyramid.c -------------------------------------------------------------------------------- */

bool pyramid_init(struct pyramid *py, uint32_t shift);
void pyramid_free(struct pyramid *py);
void pyramid_event(struct pyramid *py, uint64_t time);
/* thread had the CPU in [begin, end); idle ones are not busy. */
void pyramid_run(struct pyramid *py, uint64_t begin, uint64_t end,
    uint32_t thread, bool idle);
/* The buckets of 2^shift ns, shift >= py_shift, complete; how many. */
size_t pyramid_level(
    struct pyramid *py, uint32_t shift, const struct bucket **bucketsp);
void bucket_fold(struct bucket *into, const struct bucket *from);

/* --- index.c ------------------------------------------------------------------------------------ */

/* What the names of the segment's events mean. */
bool index_events(struct store *st);
/* One record, in the order of rows. */
void index_record(struct store *st, uint32_t ring, const struct kshm_record *kr,
    uint64_t time);
/* Records are missing on a ring's CPU before this time. */
void index_loss(struct store *st, uint32_t ring, uint64_t time, uint64_t count);
/* The trace has ended: close what is open, as not known. */
void index_end(struct store *st);

/* --- names.c -------------------------------------------------------------------------------------- */

uint32_t thread_of(struct store *st, uint32_t id);
static inline struct thread_info *
thread_at(const struct store *st, uint32_t thread)
{
	return (vec_at(&st->st_threads, thread));
}
/* Look the threads' names up in the segment. */
void names_refresh(struct store *st);
/* "read" of linux64 ... ; NULL: no such. */
const char *call_name(const char *abi, uint32_t nr);
uint16_t lock_of(struct store *st, const char *name);

/* --- map.c ---------------------------------------------------------------------------------------- */

struct map *map_new(void);
void map_free(struct map *m);
/* false: not there. */
bool map_get(const struct map *m, uint64_t key, uint64_t *valuep);
bool map_set(struct map *m, uint64_t key, uint64_t value);
bool map_take(struct map *m, uint64_t key, uint64_t *valuep);

#endif
