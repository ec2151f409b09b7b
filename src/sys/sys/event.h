/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event core under poll, select, epoll, kqueue.
 *
 * A pollable object owns an ev_source and calls ev_notify when its readiness
 * may have changed.  Waiters attach ev_watches; func runs from ev_notify, in
 * any context, with the source's spin lock held: it may only mark and wakeup.
 * fo_poll reports readiness now and, when w is not NULL, attaches it first, so
 * no change between the two is lost.
 */
#ifndef SYS_EVENT_H
#define SYS_EVENT_H

#include <sys/lock.h>
#include <sys/queue.h>

#define EV_IN	 0x0001
#define EV_PRI	 0x0002
#define EV_OUT	 0x0004
#define EV_ERR	 0x0008 /* always reported */
#define EV_HUP	 0x0010 /* always reported */
#define EV_NVAL	 0x0020
#define EV_RDHUP 0x2000
/* Sources of kqueue filters other than readiness. */
#define EV_NOTE 0x10000

/* Hints of ev_notify_hint without EV_NOTE. */
#define EVH_QUIET 1 /* no news of a kind that signals are sent for */

struct ev_source;

struct ev_watch {
	TAILQ_ENTRY(ev_watch) ew_link; /* (es_spin) */
	struct ev_source *ew_source;   /* NULL: detached */
	uint32_t ew_events;	       /* interest; ERR, HUP implied */
	uint32_t ew_flags;	       /* EWF_ (es_spin) */
	void (*ew_func)(struct ev_watch *w, uint32_t events, uint64_t hint);
	void *ew_arg;
};

/* Of the watches with EXCLUSIVE one notification reaches only as many as it
 * takes until a func sets TAKEN: it found a thread to wake. */
#define EWF_EXCLUSIVE 0x1
#define EWF_TAKEN     0x2

struct ev_source {
	struct spinlock es_spin;
	TAILQ_HEAD(, ev_watch) es_watches;
};

void ev_source_init(struct ev_source *es);
/* Detaches all watches, telling each EV_HUP: the object is going away. */
void ev_source_destroy(struct ev_source *es);
void ev_notify(struct ev_source *es, uint32_t events);
/* From inside an ew_func: es is another source (an epoll's own). */
void ev_notify_nested(struct ev_source *es, uint32_t events);
void ev_notify_hint(struct ev_source *es, uint32_t events, uint64_t hint);
/* No-op if w is NULL or attached already to es. */
void ev_attach(struct ev_source *es, struct ev_watch *w);
void ev_detach(struct ev_watch *w); /* on return func is not running */

/*
 * File hooks: who watches a file without a reference to it (epoll entries,
 * kqueue notes) is told before its fo_close.  ev_files_lock (sleeping) guards
 * every list and is held around fh_closed, which must unlink the hook.
 */
struct file;
struct file_hook {
	LIST_ENTRY(file_hook) fh_link; /* (ev_files_lock) */
	void (*fh_closed)(struct file_hook *fh);
};
extern struct lock ev_files_lock;

#endif
