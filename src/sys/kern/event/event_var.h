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
