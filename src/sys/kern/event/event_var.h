/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to kern/event. */
#ifndef KERN_EVENT_VAR_H
#define KERN_EVENT_VAR_H

#include <sys/types.h>
#include <sys/event.h>
#include <sys/signal.h>
#include <sys/thread.h>

struct file;
struct fileops;

/* Sources of a blocking call: how long is left, from a relative timeout. */
struct ev_deadline {
	bool ed_forever;
	bool ed_now; /* do not wait at all */
	nstime_t ed_when;
};
void ev_deadline_set(struct ev_deadline *ed, nstime_t timeout_ns);
/* 0 and *leftp (0: no limit), or EWOULDBLOCK when it has passed. */
int ev_deadline_left(const struct ev_deadline *ed, nstime_t *leftp);

/*
 * What a thread waits for: that a count, under a spinlock, is not 0.  The owner
 * counts who waits, for his wakeups; ev_who is the sleep's channel and the first
 * argument of ev_take.
 */
struct ev_wait {
	void *ev_who;
	struct spinlock *ev_spin;
	const volatile uint32_t *ev_ready;
	uint32_t *ev_waiters; /* or NULL */
	const char *ev_wmesg;
	/* Take up to max events; how many there were.  NULL: only to sleep. */
	int (*ev_take)(void *who, void *events, int max);
};
/* Sleep until there is something: 0, EWOULDBLOCK, EINTR. */
int ev_sleep(const struct ev_wait *ew, const struct ev_deadline *ed);
/* Take events as soon as there are some: 0 and *np (0: timeout), EINTR. */
int ev_wait_take(const struct ev_wait *ew, void *events, int max,
    nstime_t timeout_ns, int *np);

/* Temporary signal mask around a wait; mask may be NULL. */
void ev_mask_enter(const sigset_t *mask);
void ev_mask_leave(const sigset_t *mask, int error);

/* A new file on a new descriptor; drops the file when that fails. */
int ev_file_install(struct file *fp, int oflags, int *fdp);
/* A file of fd that has these ops, held: EBADF, EINVAL. */
int ev_file_get(int fd, const struct fileops *ops, struct file **fpp);

/* The eventfd of fd, held: EBADF, EINVAL. */
int eventfd_get(int fd, struct file **fpp);
/* Add one, if there is room; never waits. */
void eventfd_signal(struct file *fp);

#endif
