/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to kern/ipc: the pipe and its ring.
 *
 * Locks: (P) pp_lock of the pipe, (f) fifo_lock, (c) constant.
 */
#ifndef KERN_PIPE_VAR_H
#define KERN_PIPE_VAR_H

#include <sys/types.h>
#include <sys/event.h>
#include <sys/lock.h>

struct file;
struct stat;
struct uio;

#define PIPE_SLOTS_DEFAULT 16 /* 64 KiB */

/* Bytes [pr_head, pr_head + pr_count) modulo the capacity. */
struct pipe_ring {
	uint8_t **pr_slots; /* pages; NULL: not needed yet */
	uint32_t pr_nslots; /* power of two */
	uint32_t pr_npages; /* slots that have a page */
	size_t pr_head;	    /* < capacity */
	size_t pr_count;
};

struct pipe {
	struct lock pp_lock;
	struct pipe_ring pp_ring; /* (P) */
	uint32_t pp_readers;	  /* (P) open files that read */
	uint32_t pp_writers;	  /* (P) open files that write */
	uint32_t pp_rwaiting;	  /* (P) threads asleep for data */
	uint32_t pp_wwaiting;	  /* (P) threads asleep for room */
	uint64_t pp_ropens;	  /* (P) FIFO: read opens ever */
	uint64_t pp_wopens;	  /* (P) FIFO: write opens ever */
	uint32_t pp_users;	  /* (f) FIFO: opens using or making it */
	struct ev_source pp_source;
	uint64_t pp_id;				      /* (c) inode number */
	struct timespec pp_atime, pp_mtime, pp_ctime; /* (P) */
};

/* pipe_ring.c: the caller holds the pipe's lock. */
int ring_init(struct pipe_ring *pr, uint32_t nslots);
void ring_destroy(struct pipe_ring *pr);
size_t ring_capacity(const struct pipe_ring *pr);
size_t ring_space(const struct pipe_ring *pr);
int ring_read(struct pipe_ring *pr, struct uio *uio);
int ring_write(struct pipe_ring *pr, struct uio *uio, size_t max);
int ring_resize(struct pipe_ring *pr, uint32_t nslots);
/* The bytes at skip behind the start: *np of them lie together. */
void *ring_peek(struct pipe_ring *pr, size_t skip, size_t *np);
void *ring_head(struct pipe_ring *pr, size_t *np);
void ring_consume(struct pipe_ring *pr, size_t n);
/* Where the next *np bytes go; there is room.  NULL: ENOMEM. */
void *ring_tail(struct pipe_ring *pr, size_t *np);
void ring_commit(struct pipe_ring *pr, size_t n);

/* pipe.c */
struct pipe *pipe_create(void); /* NULL: ENOMEM */
void pipe_destroy(struct pipe *pp);
int pipe_read(struct pipe *pp, struct uio *uio, bool nonblock);
int pipe_write(struct pipe *pp, struct uio *uio, bool nonblock);
/* (P) Sleep for data or room, counted.  0, EAGAIN, EINTR, ERESTART. */
int pipe_sleep(
    struct pipe *pp, uint32_t *waiting, bool nonblock, const char *wmesg);
/* Unlocked: tell who waits for data or for room. */
void pipe_tell(
    struct pipe *pp, uint32_t waiting, const void *ident, uint32_t events);
bool pipe_nonblock(const struct file *fp, int fof);
bool fifo_is_file(const struct file *fp);
uint32_t pipe_poll(
    struct pipe *pp, struct file *fp, uint32_t events, struct ev_watch *w);
int pipe_ioctl(struct pipe *pp, uint64_t cmd, void *data);
void pipe_detach(struct pipe *pp, uint32_t fflags);
void pipe_stat(struct pipe *pp, struct stat *st);

#endif
