/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls of asynchronous I/O: control blocks to requests, and the ring
 * that programs read the events from.
 */
#include "linux_var.h"
#include <sys/aio.h>
#include <sys/event.h>
#include <sys/file.h>

#define L_RW_MAX 0x7ffff000UL

struct linux_iocb {
	uint64_t data;
	uint32_t key, rw_flags;
	uint16_t opcode;
	int16_t reqprio;
	uint32_t fd;
	uint64_t buf, nbytes;
	int64_t offset;
	uint64_t reserved;
	uint32_t flags, resfd;
};
_Static_assert(sizeof(struct linux_iocb) == 64, "iocb");

struct linux_io_event {
	uint64_t data, obj;
	int64_t res, res2;
};
_Static_assert(sizeof(struct linux_io_event) == 32, "io_event");

/* libaio takes events out without a call if the magic number is there. */
struct linux_aio_ring {
	uint32_t id, nr, head, tail, magic, compat, incompat, header_length;
};
_Static_assert(sizeof(struct linux_aio_ring) == 32, "aio_ring");
#define L_RING_MAGIC  0xa10a10a1
#define L_RING_COMPAT 1

enum {
	L_PREAD,
	L_PWRITE,
	L_FSYNC,
	L_FDSYNC,
	L_POLL = 5,
	L_PREADV = 7,
	L_PWRITEV
};
#define L_FLAG_RESFD  1
#define L_FLAG_IOPRIO 2

/* --- the ring ------------------------------------------------------------------- */

static void
ring_init(void *ring, uint32_t nslots)
{
	struct linux_aio_ring *r = ring;

	*r = (struct linux_aio_ring){.nr = nslots,
	    .magic = L_RING_MAGIC,
	    .compat = L_RING_COMPAT,
	    .header_length = sizeof(*r)};
}

static void
ring_put(void *slot, const struct aio_event *ev)
{
	struct linux_io_event *l = slot;
	int64_t res = ev->ae_result;

	if (ev->ae_error != 0)
		res = -linux_errno(ev->ae_error);
	else if (ev->ae_op == AIO_POLL)
		res = linux_poll_out((uint32_t)res, ev->ae_word);
	*l = (struct linux_io_event){ev->ae_data, ev->ae_obj, res, 0};
}

static const struct aio_format ring_format = {
    .af_header_bytes = sizeof(struct linux_aio_ring),
    .af_slot_bytes = sizeof(struct linux_io_event),
    .af_head = offsetof(struct linux_aio_ring, head),
    .af_tail = offsetof(struct linux_aio_ring, tail),
    .af_init = ring_init,
    .af_put = ring_put,
};

int
linux_io_setup(
    struct lwp *lp, const struct linux_io_setup_args *uap, uint64_t *resp)
{
	uint64_t id;
	int error;

	if ((error = copyin(uap->idp, &id, sizeof(id))) != 0)
		return (error);
	if (id != 0)
		return (EINVAL);
	if ((error = kern_aio_setup(uap->n, &ring_format, &id)) != 0)
		return (error);
	error = copyout(&id, uap->idp, sizeof(id));
	if (error != 0)
		(void)kern_aio_destroy(id);
	return (error);
}

int
linux_io_destroy(
    struct lwp *lp, const struct linux_io_destroy_args *uap, uint64_t *resp)
{
	return (kern_aio_destroy(uap->id));
}

/* --- submission ----------------------------------------------------------------- */

static int
submit_rw(struct aio_ctx *ac, const struct linux_iocb *l,
    const struct aio_request *from, enum uio_rw rw, bool vector)
{
	struct aio_request ar = *from;
	struct iovec small[IOV_SMALL];
	struct uio uio;
	int error;

	ar.ar_op = rw == UIO_READ ? AIO_READ : AIO_WRITE;
	error = linux_rwf_in((int)l->rw_flags, rw, &ar.ar_fof);
	if (error != 0)
		return (error);
	if (!vector)
		uio_init_user(&uio, small, l->buf, MIN(l->nbytes, L_RW_MAX),
		    l->offset, rw);
	else if (l->nbytes > INT32_MAX)
		return (EINVAL);
	else if ((error = uio_copyin(
		      l->buf, (int)l->nbytes, rw, &uio, small)) != 0)
		return (error);
	uio.uio_offset = l->offset;
	ar.ar_uio = &uio;
	error = kern_aio_submit(ac, &ar);
	if (vector)
		uio_iov_free(&uio, small);
	return (error);
}

static int
submit_poll(
    struct aio_ctx *ac, const struct linux_iocb *l, struct aio_request *ar)
{
	if (l->buf != (uint16_t)l->buf || l->offset != 0 || l->nbytes != 0 ||
	    l->rw_flags != 0)
		return (EINVAL);
	ar->ar_op = AIO_POLL;
	ar->ar_word = (uint32_t)l->buf;
	ar->ar_events = linux_poll_in(ar->ar_word);
	return (kern_aio_submit(ac, ar));
}

static int
submit_sync(struct aio_ctx *ac, const struct linux_iocb *l,
    struct aio_request *ar, enum aio_op op)
{
	if (l->buf != 0 || l->offset != 0 || l->nbytes != 0 || l->rw_flags != 0)
		return (EINVAL);
	ar->ar_op = op;
	return (kern_aio_submit(ac, ar));
}

/* The control block at u.  Its key tells that it was submitted. */
static int
submit_one(struct aio_ctx *ac, uaddr_t u)
{
	const uint32_t key = 0;
	struct aio_request ar;
	struct linux_iocb l;
	int error;

	if ((error = copyin(u, &l, sizeof(l))) != 0)
		return (error);
	if (l.reserved != 0 || (int64_t)l.nbytes < 0)
		return (EINVAL);
	if ((error = copyout(
		 &key, u + offsetof(struct linux_iocb, key), sizeof(key))) != 0)
		return (error);
	ar = (struct aio_request){
	    .ar_fd = (int)l.fd, .ar_resfd = -1, .ar_obj = u, .ar_data = l.data};
	if ((l.flags & L_FLAG_RESFD) != 0) {
		if ((int)l.resfd < 0)
			return (EBADF);
		ar.ar_resfd = (int)l.resfd;
	}
	switch (l.opcode) {
	case L_PREAD:
		return (submit_rw(ac, &l, &ar, UIO_READ, false));
	case L_PWRITE:
		return (submit_rw(ac, &l, &ar, UIO_WRITE, false));
	case L_PREADV:
		return (submit_rw(ac, &l, &ar, UIO_READ, true));
	case L_PWRITEV:
		return (submit_rw(ac, &l, &ar, UIO_WRITE, true));
	case L_FSYNC:
		return (submit_sync(ac, &l, &ar, AIO_SYNC));
	case L_FDSYNC:
		return (submit_sync(ac, &l, &ar, AIO_DATASYNC));
	case L_POLL:
		return (submit_poll(ac, &l, &ar));
	default: /* NOOP has a number, but Linux refuses it */
		return (EINVAL);
	}
}

int
linux_io_submit(
    struct lwp *lp, const struct linux_io_submit_args *uap, uint64_t *resp)
{
	struct aio_ctx *ac;
	int error = 0;
	int64_t i, n;
	uint64_t u;

	if (uap->n < 0 || (ac = aio_ctx_get(uap->id)) == NULL)
		return (EINVAL);
	n = MIN(uap->n, (int64_t)aio_ctx_slots(ac));
	for (i = 0; i < n; i++) {
		error =
		    copyin(uap->iocbs + (uint64_t)i * sizeof(u), &u, sizeof(u));
		if (error == 0)
			error = submit_one(ac, u);
		if (error != 0)
			break;
	}
	aio_ctx_put(ac);
	*resp = (uint64_t)i;
	return (i > 0 ? 0 : error);
}

int
linux_io_cancel(
    struct lwp *lp, const struct linux_io_cancel_args *uap, uint64_t *resp)
{
	struct aio_ctx *ac;
	uint32_t key;
	int error;

	error = copyin(
	    uap->iocb + offsetof(struct linux_iocb, key), &key, sizeof(key));
	if (error != 0)
		return (error);
	if (key != 0 || (ac = aio_ctx_get(uap->id)) == NULL)
		return (EINVAL);
	error = kern_aio_cancel(ac, uap->iocb);
	aio_ctx_put(ac);
	return (error);
}

/* --- events ----------------------------------------------------------------------- */

/* Linux checks no field; a time before now is, there too, no limit at all. */
static int
wait_time_in(uaddr_t u, nstime_t *nsp)
{
	const int64_t most = INT64_MAX / NS_PER_SEC / 4;
	struct timespec ts;
	int error;

	*nsp = -1;
	if (u == 0)
		return (0);
	if ((error = copyin(u, &ts, sizeof(ts))) != 0)
		return (error);
	ts.tv_sec = MAX(MIN(ts.tv_sec, most), -most);
	ts.tv_nsec = MAX(MIN(ts.tv_nsec, INT64_MAX / 4), -INT64_MAX / 4);
	*nsp = MAX(ts.tv_sec * NS_PER_SEC + ts.tv_nsec, -1);
	return (0);
}

static int
wait_events(uint64_t id, int64_t min, int64_t max, uaddr_t events,
    nstime_t timeout, const sigset_t *mask, uint64_t *resp)
{
	struct aio_ctx *ac = aio_ctx_get(id);
	int error = EINVAL;
	int64_t n = 0;

	if (ac == NULL)
		return (EINVAL);
	if (min >= 0 && min <= max)
		error = kern_aio_wait(ac, min, max, events, timeout, mask, &n);
	aio_ctx_put(ac);
	*resp = (uint64_t)n;
	return (error);
}

int
linux_io_getevents(
    struct lwp *lp, const struct linux_io_getevents_args *uap, uint64_t *resp)
{
	nstime_t timeout;
	int error;

	if ((error = wait_time_in(uap->timeout, &timeout)) != 0)
		return (error);
	return (wait_events(
	    uap->id, uap->min, uap->max, uap->events, timeout, NULL, resp));
}

int
linux_io_pgetevents(
    struct lwp *lp, const struct linux_io_pgetevents_args *uap, uint64_t *resp)
{
	const sigset_t *mask = NULL;
	nstime_t timeout;
	uint64_t sig[2];
	sigset_t set;
	int error;

	if ((error = wait_time_in(uap->timeout, &timeout)) != 0)
		return (error);
	if (uap->sig != 0) { /* address and size of the mask */
		if ((error = copyin(uap->sig, sig, sizeof(sig))) != 0 ||
		    (error = linux_mask_in(sig[0], sig[1], &set, &mask)) != 0)
			return (error);
	}
	return (wait_events(
	    uap->id, uap->min, uap->max, uap->events, timeout, mask, resp));
}
