/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX message queues.  Names have no slash; queues are open files, so close,
 * poll and descriptors work as for any other.  All may sleep.
 */
#ifndef SYS_MQUEUE_H
#define SYS_MQUEUE_H

#include <sys/types.h>

struct file;
struct ksigevent;
struct mqueue;
struct vattr;

struct mq_attr {
	int64_t flags; /* O_NONBLOCK */
	int64_t maxmsg, msgsize, curmsgs;
};
#define MQ_PRIO_MAX 32768

/* attr NULL: the defaults. */
int kern_mq_open(const char *name, int oflags, mode_t mode,
    const struct mq_attr *attr, int *fdp);
int kern_mq_unlink(const char *name);
/* until_ns: on the real-time clock; < 0: no limit.  ETIMEDOUT. */
int kern_mq_send(
    int fd, uaddr_t text, uint64_t size, unsigned prio, nstime_t until_ns);
int kern_mq_receive(int fd, uaddr_t text, uint64_t size, unsigned *priop,
    uint64_t *donep, nstime_t until_ns);
/*
 * Another way than a signal to be told, the ABI's: called once, with whether a
 * message came or the request ended otherwise; then it is the callee's to free.
 */
struct mq_teller {
	void (*mt_tell)(struct mq_teller *mt, bool message);
};
/*
 * ev NULL: no notification any more.  mt: for SIGEV_NONE, or NULL; on success it
 * belongs to the queue.
 */
int kern_mq_notify(int fd, const struct ksigevent *ev, struct mq_teller *mt);
/* Either may be NULL; of new only the flags count. */
int kern_mq_attr(int fd, const struct mq_attr *new, struct mq_attr *old);

/* --- for the file system that shows them ------------------------------------- */

struct mqueue *mqueue_find(const char *name, size_t len); /* held or NULL */
struct mqueue *mqueue_next(uint64_t ino); /* the next number's, held */
void mqueue_drop(struct mqueue *mq);
int mqueue_create(const char *name, size_t len, mode_t mode,
    const struct mq_attr *attr, struct mqueue **mqp);
int mqueue_unlink(struct mqueue *mq); /* ENOENT: it has no name any more */
uint64_t mqueue_ino(const struct mqueue *mq);
const char *mqueue_name(const struct mqueue *mq);
void mqueue_getattr(struct mqueue *mq, struct vattr *va);
void mqueue_setattr(struct mqueue *mq, const struct vattr *va);
/* fp, being opened, becomes a descriptor of the queue. */
void mqueue_file_init(struct mqueue *mq, struct file *fp);

#endif
