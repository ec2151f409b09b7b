/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue's structures: the queue (ev_kqueue.c) and the filters
 * (ev_kqueue_filter.c).
 *
 * Locks: (F) ev_files_lock, (k) kq_lock, (q) kq_spin, (c) constant.
 */
#ifndef KERN_KQUEUE_VAR_H
#define KERN_KQUEUE_VAR_H

#include <sys/types.h>
#include <sys/event.h>
#include <sys/kern_calls.h>
#include <sys/kevent.h>
#include <sys/queue.h>
#include <sys/thread.h>

struct file;
struct proc;

struct kqueue {
	struct lock kq_lock;
	LIST_HEAD(, knote) kq_notes; /* (k) */
	struct spinlock kq_spin;
	TAILQ_HEAD(, knote) kq_active; /* (q) */
	uint32_t kq_nactive;	       /* (q) */
	uint32_t kq_waiters;	       /* (q) */
	struct ev_source kq_source;    /* for those who watch this kqueue */
	LIST_ENTRY(kqueue) kq_all;     /* (F) */
};

struct knote {
	LIST_ENTRY(knote) kn_link;    /* (k) */
	TAILQ_ENTRY(knote) kn_alink;  /* (q) */
	bool kn_active;		      /* (q) on kq_active */
	bool kn_hooked;		      /* (F) kn_hook is linked */
	struct kqueue *kn_kq;	      /* (c) */
	const struct kfilter *kn_ops; /* (c) */
	struct ev_watch kn_watch;
	struct file_hook kn_hook;
	struct file *kn_file;	   /* (c) not held: hook */
	struct proc *kn_proc;	   /* (c) held */
	struct callout kn_callout; /* timers */
	nstime_t kn_period;	   /* (k) timers; 0: once */
	nstime_t kn_next;	   /* (q) timers: due, monotonic */
	struct kevent kn_ev;	   /* (k) as registered and reported */
	uint32_t kn_sfflags;	   /* (k) events asked for */
	volatile uint32_t kn_hits; /* (q) notes seen since reported */
	volatile int64_t kn_count; /* (q) signals, expirations */
	bool kn_exited;		   /* (q) the process is gone */
	bool kn_stop;		   /* (q) timer: do not arm again */
};

struct kfilter {
	int16_t kf_filter;
	bool kf_isfd;  /* ident is a descriptor */
	bool kf_clear; /* EV_CLEAR is implied */
	/* (k) Start watching; kn_ev is the registration.  May sleep. */
	int (*kf_attach)(struct knote *kn);
	/* (k) Stop; on return no notification is running. */
	void (*kf_detach)(struct knote *kn);
	/* (k) A change of an existing note (EV_ADD again). */
	int (*kf_touch)(struct knote *kn, const struct kevent *kev);
	/* (k) Is there something to report?  Fills kn_ev.data, fflags. */
	bool (*kf_event)(struct knote *kn);
	/* (k) It was reported and is EV_CLEAR or dispatched. */
	void (*kf_clear_state)(struct knote *kn);
};

const struct kfilter *kfilter_find(int16_t filter);
/* Any context: kn has something; queue it and wake. */
void knote_activate(struct knote *kn);
/* From inside an ew_func. */
void knote_activate_nested(struct knote *kn);
bool kqueue_is_queue(struct file *fp);

#endif
