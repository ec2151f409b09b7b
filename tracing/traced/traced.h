/* SPDX-License-Identifier: BSD-2-Clause */
/* The server: one store, a lock around it, and the requests of the page. */
#ifndef TRACED_H
#define TRACED_H

#include <pthread.h>
#include <microhttpd.h>
#include "buf.h"
#include "source.h"
#include "store.h"

#define TOKEN_BYTES 32 /* letters of it */

/* How far an export is that somebody may ask about. */
#define EXPORTS 16
enum export_how {
	UNUSED,
	RUNNING,
	DONE,
	BROKEN
};
struct export_state {
	uint64_t es_job; /* its number; 0: none */
	enum export_how es_how;
	uint64_t es_events, es_bytes; /* that were given */
	uint64_t es_done, es_of;      /* rows that were looked at */
};

struct traced {
	pthread_mutex_t
	    td_lock; /* the store, the segment's types, what follows */
	struct kshm *td_kshm;
	struct store *td_store;
	const char *td_where;
	const char *td_page; /* folder of the page's files */
	char td_token[TOKEN_BYTES + 1];
	uint16_t td_port;
	bool td_live;  /* records may still come */
	bool td_ended; /* it was live */
	uint64_t td_tick;
	double td_rate; /* events/s of the last second */
	struct MHD_Daemon *td_daemon;
	struct listener *td_listeners; /* of the live stream */
	struct export_state td_exports[EXPORTS];
	uint32_t td_export_hand; /* the one that is looked at next */
};

/* A request and its answer. */
struct request {
	struct traced *rq_traced;
	struct store *rq_store;
	struct MHD_Connection *rq_connection;
	struct buf rq_out;
	struct MHD_Response *rq_response; /* instead of rq_out, or NULL */
	const char *rq_type; /* application/json, if nobody says otherwise */
	const char *rq_file; /* a name to save it by, or NULL */
	char rq_error[160];
};

/* 0, or the status of a refusal whose reason is in rq_error. */
typedef int api_func(struct request *rq);
struct api {
	const char *name;
	api_func *func;
};
extern const struct api apis[];

api_func api_info, api_threads, api_events, api_view, api_detail, api_rate,
    api_calls, api_locks, api_faults, api_io, api_latency, api_flame, api_rows,
    api_row, api_search, api_objects, api_object, api_values, api_export,
    api_exporting, api_check;

/* --- words of a request (api.c) ------------------------------------------------ */

int refuse(struct request *rq, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
const char *word(struct request *rq, const char *name);
/* A number in [0, max]; without the word the value stays.  A status. */
int number_word(
    struct request *rq, const char *name, uint64_t max, uint64_t *vp);
/* t0 and t1, of the whole trace if they are missing; t0 < t1. */
struct window {
	uint64_t t0, t1;
};
int window_words(struct request *rq, struct window *w);
/* "SCHED.switch", "switch", "SCHED": marks its events; a status. */
int events_word(struct request *rq, const char *name, uint8_t marks[EVENTS_MAX],
    bool *anyp);
const char *state_name(const struct traced *td);
/* The end of the trace so far. */
uint64_t trace_end(const struct store *st);
/* A name for a call of a thread. */
void call_json(
    struct buf *b, const struct store *st, uint32_t nr, const char *abi);

/* --- numbers.c: of many durations ------------------------------------------------ */

struct numbers {
	uint64_t *nb_values;
	size_t nb_n, nb_room;
	bool nb_failed;
};
void numbers_add(struct numbers *nb, uint64_t v);
/* The smallest value that a share of all does not exceed; reorders them. */
uint64_t numbers_percentile(struct numbers *nb, double share);
void numbers_free(struct numbers *nb);

/* --- filter.c: which events a request wants ----------------------------------------- */

struct filter {
	struct store *fl_store;
	uint8_t fl_marks[EVENTS_MAX]; /* by event */
	bool fl_some;		      /* fl_marks matters */
	int64_t fl_cpu;		      /* -1: any */
	uint32_t fl_thread;	      /* NO_THREAD: any */
	const char *fl_text;	      /* in the line; NULL: any */
	struct program *fl_programs;  /* by event; NULL: no expression */
};
/* From the words events, cpu, thread, where, text; a status. */
int filter_words(struct request *rq, struct filter *fl);
/* Would columns alone refuse what a cursor gave? */
bool filter_columns(const struct filter *fl, const struct cursor *cu);
/* And its fields?  false: no. */
bool filter_record(
    const struct filter *fl, const struct cursor *cu, struct kshm_record *kr);
bool filter_needs_record(const struct filter *fl);
void filter_free(struct filter *fl);

/* --- http.c ---------------------------------------------------------------------------- */

/* false: it could not start; errno tells why. */
bool http_start(struct traced *td, uint16_t port);
void http_stop(struct traced *td);

/* --- live.c: the stream of the live mode --------------------------------------------------- */

struct MHD_Response *live_response(struct traced *td, struct MHD_Connection *c);
/* (td_lock) There is news. */
void live_wake(struct traced *td);

#endif
