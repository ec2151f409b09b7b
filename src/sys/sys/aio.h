/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous transfers and waits: requests go into a context, their results
 * come out of a ring that the program has mapped.  Theory in kern/event/aio.c.
 * The bytes of the ring are the ABI's.  All may sleep.
 */
#ifndef SYS_AIO_H
#define SYS_AIO_H

#include <sys/types.h>

struct aio_ctx;
struct file;
struct proc;
struct sigset;
struct uio;

enum aio_op {
	AIO_READ,
	AIO_WRITE,
	AIO_SYNC,
	AIO_DATASYNC,
	AIO_POLL
};

struct aio_request {
	enum aio_op ar_op;
	int ar_fd;
	int ar_resfd;	    /* an eventfd to be told of the end, or -1 */
	int ar_fof;	    /* READ, WRITE: FOF_APPEND, FOF_SYNC.. */
	struct uio *ar_uio; /* READ, WRITE */
	uint32_t ar_events; /* POLL: EV_ */
	uint32_t ar_word;   /* the ABI's, given back */
	uint64_t ar_obj;    /* what aio_cancel finds it by */
	uint64_t ar_data;   /* the program's */
};

struct aio_event {
	enum aio_op ae_op;
	int ae_error;
	int64_t ae_result; /* bytes; POLL: EV_ */
	uint32_t ae_word;
	uint64_t ae_obj, ae_data;
};

/*
 * What the ring looks like: a header, then slots.  Both sizes divide a page.
 * head and tail are 32-bit numbers of slots, at these places of the header.
 */
struct aio_format {
	size_t af_header_bytes, af_slot_bytes, af_head, af_tail;
	void (*af_init)(void *ring, uint32_t nslots);
	void (*af_put)(void *slot, const struct aio_event *ev); /* no sleep */
};

/* *idp: where the ring is mapped.  EINVAL (n 0), EAGAIN (limit), ENOMEM. */
int kern_aio_setup(uint32_t n, const struct aio_format *fmt, uaddr_t *idp);
/* Returns when no request is left.  EINVAL: no such context. */
int kern_aio_destroy(uaddr_t id);
/* The current process's context, held, or NULL. */
struct aio_ctx *aio_ctx_get(uaddr_t id);
void aio_ctx_put(struct aio_ctx *ac);
uint32_t aio_ctx_slots(const struct aio_ctx *ac);
/* EAGAIN (no slot), EBADF, EINVAL, ENOMEM: there will be no event. */
int kern_aio_submit(struct aio_ctx *ac, const struct aio_request *ar);
/*
 * Slots to user memory until there are min, but up to max; *np of them.  0 if
 * there is any, and at the timeout; EINTR, EFAULT, EINVAL (destroyed).
 */
int kern_aio_wait(struct aio_ctx *ac, int64_t min, int64_t max, uaddr_t events,
    nstime_t timeout_ns, const struct sigset *mask, int64_t *np);
/* EINPROGRESS: its event will come soon.  EINVAL: none, or it cannot be. */
int kern_aio_cancel(struct aio_ctx *ac, uint64_t obj);
/* The process leaves its address space (exec, exit). */
void aio_exit(struct proc *p);

#endif
