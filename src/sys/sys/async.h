/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals from open files (kern/event/ev_async.c): O_ASYNC, its owner and its
 * signal; and what a lease tells its holder.  All may sleep but
 * file_async_post.
 */
#ifndef SYS_ASYNC_H
#define SYS_ASYNC_H

#include <sys/types.h>

struct file;

/* Who hears of an open file. */
enum file_owner_kind {
	FO_NONE,
	FO_THREAD,
	FO_PROCESS,
	FO_GROUP
};
struct file_owner {
	enum file_owner_kind fo_kind;
	pid_t fo_id; /* 0: nobody */
};

/*
 * Name the owner; unless force only if there is none.  The caller's ids go with
 * it: only whom the caller could signal hears.  ESRCH, ENOMEM.
 */
int file_owner_set(struct file *fp, const struct file_owner *fo, bool force);
/* An owner that is no more counts as none (id 0). */
void file_owner_get(struct file *fp, struct file_owner *fo);
/* The signal (0: SIGIO without details).  ENOMEM. */
int file_signal_set(struct file *fp, int sig);
int file_signal_get(struct file *fp);
/* The ids that go with the owner. */
void file_owner_ids(struct file *fp, uid_t *uidp, uid_t *euidp);
/* No owner, no signal any more. */
void file_owner_forget(struct file *fp);

/*
 * Switch O_ASYNC; fd is what the signal tells.  ENOTTY: this kind of file sends
 * none.  ENOMEM.
 */
int file_async_set(struct file *fp, int fd, bool on);
/* Get the memory: file_owner_set and file_async_post cannot fail for it. */
int file_async_prepare(struct file *fp); /* ENOMEM */
/* Tell the owner POLL_MSG. */
void file_async_post(struct file *fp, int fd);
/* The file's last reference went. */
void file_async_free(struct file *fp);

/* At the boundary to user mode: send what is due. */
extern volatile uint32_t async_due;
void async_run(void);

#endif
