/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splice, tee, vmsplice: bytes between a pipe and a file without a visit to user
 * memory.
 *
 * 1. The other file reads from, or writes to, the pages of the pipe's ring
 *    itself, one page at a time, through its ordinary fo_read and fo_write; so
 *    splice works with whatever file has those.  Between two pipes bytes are
 *    copied from ring to ring: rings do not share pages.
 *
 * 2. The pipe is locked meanwhile: what is peeked at cannot be read by another,
 *    and what the file did not take stays in the pipe.  Others on that pipe wait
 *    while a socket or a terminal on the other side blocks.
 *
 * 3. A call waits until it can move something, and then moves what goes without
 *    waiting on the pipe again.
 *
 * Two pipes are locked in the order of their addresses.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/pipe.h>
#include <sys/proc.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "pipe_var.h"

/* One side that is no pipe. */
struct side {
	struct file *sd_file;
	off_t *sd_offp; /* NULL: the file's own offset */
};

static int
side_io(struct side *sd, void *buf, size_t n, enum uio_rw rw, size_t *donep)
{
	struct file *fp = sd->sd_file;
	struct uio uio;
	struct iovec iov;
	int error, fof = sd->sd_offp != NULL ? FOF_OFFSET : 0;

	uio_init(&uio, &iov, buf, n, fof != 0 ? *sd->sd_offp : 0, rw);
	error = rw == UIO_READ ? file_read(fp, &uio, fof)
			       : file_write(fp, &uio, fof);
	*donep = n - uio.uio_resid;
	if (sd->sd_offp != NULL)
		*sd->sd_offp += (off_t)*donep;
	return (*donep > 0 ? 0 : error);
}

/* --- waiting, with the pipe locked -------------------------------------------- */

/* Until there is data: 0 with none is the end of file. */
static int
splice_wait_data(struct pipe *pp, bool nonblock)
{
	int error = 0;

	while (pp->pp_ring.pr_count == 0 && pp->pp_writers > 0 && error == 0)
		error = pipe_sleep(pp, &pp->pp_rwaiting, nonblock, "splice");
	return (error);
}

static int
splice_wait_room(struct pipe *pp, bool nonblock)
{
	int error = 0;

	while (
	    pp->pp_readers > 0 && ring_space(&pp->pp_ring) == 0 && error == 0)
		error = pipe_sleep(pp, &pp->pp_wwaiting, nonblock, "splice");
	if (error == 0 && pp->pp_readers == 0)
		error = EPIPE;
	return (error);
}

/* --- one pipe and a file -------------------------------------------------------- */

static int
splice_from_pipe(
    struct pipe *pp, struct side *out, size_t len, bool nonblock, size_t *donep)
{
	uint32_t waiting;
	size_t n, moved;
	void *data;
	int error;

	lock_excl(&pp->pp_lock);
	error = splice_wait_data(pp, nonblock);
	while (error == 0 && *donep < len && pp->pp_ring.pr_count > 0) {
		data = ring_head(&pp->pp_ring, &n);
		n = MIN(n, len - *donep);
		error = side_io(out, data, n, UIO_WRITE, &moved);
		ring_consume(&pp->pp_ring, moved);
		*donep += moved;
		if (moved < n)
			break;
	}
	waiting = pp->pp_wwaiting;
	lock_release(&pp->pp_lock);
	if (*donep > 0)
		pipe_tell(pp, waiting, &pp->pp_wwaiting, EV_OUT);
	return (error);
}

static int
splice_to_pipe(
    struct side *in, struct pipe *pp, size_t len, bool nonblock, size_t *donep)
{
	uint32_t waiting;
	size_t n, moved;
	void *room;
	int error;

	lock_excl(&pp->pp_lock);
	error = splice_wait_room(pp, nonblock);
	while (error == 0 && *donep < len && ring_space(&pp->pp_ring) > 0) {
		if ((room = ring_tail(&pp->pp_ring, &n)) == NULL) {
			error = ENOMEM;
			break;
		}
		n = MIN(n, len - *donep);
		error = side_io(in, room, n, UIO_READ, &moved);
		ring_commit(&pp->pp_ring, moved);
		*donep += moved;
		if (moved < n)
			break;
	}
	waiting = pp->pp_rwaiting;
	lock_release(&pp->pp_lock);
	if (*donep > 0)
		pipe_tell(pp, waiting, &pp->pp_rwaiting, EV_IN);
	return (error);
}

/* --- two pipes -------------------------------------------------------------------- */

static void
pipes_lock(struct pipe *a, struct pipe *b)
{
	lock_excl(a < b ? &a->pp_lock : &b->pp_lock);
	lock_excl_nested(a < b ? &b->pp_lock : &a->pp_lock);
}

static void
pipes_unlock(struct pipe *a, struct pipe *b)
{
	lock_release(&a->pp_lock);
	lock_release(&b->pp_lock);
}

/* Both locked: from in's start, after skip bytes, to out.  0 or ENOMEM. */
static int
pipes_copy(struct pipe *in, struct pipe *out, size_t len, size_t *donep)
{
	size_t n, room;
	void *to;
	const void *from;

	len = MIN(len, MIN(in->pp_ring.pr_count, ring_space(&out->pp_ring)));
	while (*donep < len) {
		from = ring_peek(&in->pp_ring, *donep, &n);
		if ((to = ring_tail(&out->pp_ring, &room)) == NULL)
			return (ENOMEM);
		n = MIN(MIN(n, room), len - *donep);
		memcpy(to, from, n);
		ring_commit(&out->pp_ring, n);
		*donep += n;
	}
	return (0);
}

/* Wait for data in one pipe, then for room in the other.  None locked. */
static int
pipes_wait(struct pipe *in, struct pipe *out, bool nonblock)
{
	int error;

	lock_excl(&in->pp_lock);
	error = splice_wait_data(in, nonblock);
	lock_release(&in->pp_lock);
	if (error != 0)
		return (error);
	lock_excl(&out->pp_lock);
	error = splice_wait_room(out, nonblock);
	lock_release(&out->pp_lock);
	return (error);
}

/* consume: splice; else tee. */
static int
pipes_move(struct pipe *in, struct pipe *out, size_t len, bool nonblock,
    bool consume, size_t *donep)
{
	uint32_t rwaiting, wwaiting;
	bool end = false;
	int error;

	if (in == out)
		return (EINVAL);
	do {
		if ((error = pipes_wait(in, out, nonblock)) != 0)
			return (error);
		pipes_lock(in, out);
		error = pipes_copy(in, out, len, donep);
		end = in->pp_ring.pr_count == 0 && in->pp_writers == 0;
		if (consume)
			ring_consume(&in->pp_ring, *donep);
		rwaiting = out->pp_rwaiting;
		wwaiting = in->pp_wwaiting;
		pipes_unlock(in, out);
	} while (*donep == 0 && error == 0 && !end); /* others were faster */
	if (*donep > 0) {
		pipe_tell(out, rwaiting, &out->pp_rwaiting, EV_IN);
		if (consume)
			pipe_tell(in, wwaiting, &in->pp_wwaiting, EV_OUT);
	}
	return (error);
}

/* --- the calls ---------------------------------------------------------------------- */

struct splice {
	struct file *sp_in, *sp_out;
	struct pipe *sp_inpipe, *sp_outpipe;
};

static void
splice_drop(struct splice *sp)
{
	file_drop(sp->sp_in);
	file_drop(sp->sp_out);
}

static int
splice_get(int in, int out, struct splice *sp)
{
	int error;

	if ((error = fd_get(in, FREAD, &sp->sp_in)) != 0)
		return (error);
	if ((error = fd_get(out, FWRITE, &sp->sp_out)) != 0) {
		file_drop(sp->sp_in);
		return (error);
	}
	sp->sp_inpipe = pipe_of_file(sp->sp_in);
	sp->sp_outpipe = pipe_of_file(sp->sp_out);
	return (0);
}

/* An offset is for what can seek, and not for a pipe. */
static int
splice_check_side(struct file *fp, const struct pipe *pp, const off_t *offp)
{
	if (pp != NULL)
		return (offp != NULL ? ESPIPE : 0);
	if (fp->f_vnode != NULL && fp->f_vnode->v_type == VDIR)
		return (EINVAL);
	if (offp != NULL && (fp->f_ops->fo_seek == NULL || *offp < 0))
		return (EINVAL);
	return (0);
}

static int
splice_check(const struct splice *sp, const off_t *inoffp, const off_t *outoffp)
{
	int error;

	if (sp->sp_inpipe == NULL && sp->sp_outpipe == NULL)
		return (EINVAL);
	if ((error = splice_check_side(sp->sp_in, sp->sp_inpipe, inoffp)) != 0)
		return (error);
	error = splice_check_side(sp->sp_out, sp->sp_outpipe, outoffp);
	if (error == 0 && sp->sp_outpipe == NULL &&
	    (sp->sp_out->f_flags & O_APPEND) != 0)
		error = EINVAL;
	return (error);
}

static void
splice_sigpipe(int error)
{
	if (error == EPIPE && curlwp != NULL)
		sig_send_lwp(curlwp, SIGPIPE, NULL);
}

int
kern_splice(int in, off_t *inoffp, int out, off_t *outoffp, size_t len,
    bool nonblock, size_t *donep)
{
	struct splice sp;
	struct side side;
	bool nb;
	int error;

	*donep = 0;
	if ((error = splice_get(in, out, &sp)) != 0)
		return (error);
	if ((error = splice_check(&sp, inoffp, outoffp)) == 0 && len > 0) {
		nb = nonblock ||
		    (((sp.sp_inpipe != NULL ? sp.sp_in : sp.sp_out)->f_flags) &
			O_NONBLOCK) != 0;
		if (sp.sp_inpipe != NULL && sp.sp_outpipe != NULL) {
			error = pipes_move(
			    sp.sp_inpipe, sp.sp_outpipe, len, nb, true, donep);
			splice_sigpipe(error);
		} else if (sp.sp_inpipe != NULL) {
			side = (struct side){sp.sp_out, outoffp};
			error = splice_from_pipe(
			    sp.sp_inpipe, &side, len, nb, donep);
		} else {
			side = (struct side){sp.sp_in, inoffp};
			error = splice_to_pipe(
			    &side, sp.sp_outpipe, len, nb, donep);
			splice_sigpipe(error);
		}
	}
	splice_drop(&sp);
	KTR_EVENT(EVENT, splice, "in=%d out=%d n=%lu error=%d", (uint64_t)in,
	    (uint64_t)out, *donep, (uint64_t)error);
	return (*donep > 0 ? 0 : error);
}

int
kern_tee(int in, int out, size_t len, bool nonblock, size_t *donep)
{
	struct splice sp;
	int error;

	*donep = 0;
	if ((error = splice_get(in, out, &sp)) != 0)
		return (error);
	if (sp.sp_inpipe == NULL || sp.sp_outpipe == NULL)
		error = EINVAL;
	else if (len > 0)
		error = pipes_move(sp.sp_inpipe, sp.sp_outpipe, len,
		    nonblock || (sp.sp_in->f_flags & O_NONBLOCK) != 0, false,
		    donep);
	splice_drop(&sp);
	splice_sigpipe(error);
	return (*donep > 0 ? 0 : error);
}

/* Bytes are copied: the program may change its memory afterwards. */
int
kern_vmsplice(int fd, struct uio *uio, bool nonblock, size_t *donep)
{
	size_t before = uio->uio_resid;
	struct pipe *pp;
	struct file *fp;
	bool nb;
	int error;

	*donep = 0;
	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	nb = nonblock || (fp->f_flags & O_NONBLOCK) != 0;
	if ((pp = pipe_of_file(fp)) == NULL) {
		error = EBADF;
	} else if ((fp->f_flags & FWRITE) != 0) {
		uio->uio_rw = UIO_WRITE;
		error = pipe_write(pp, uio, nb);
	} else {
		uio->uio_rw = UIO_READ;
		error = pipe_read(pp, uio, nb);
	}
	file_drop(fp);
	*donep = before - uio->uio_resid;
	return (*donep > 0 ? 0 : error);
}
