/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FIFOs: a pipe behind a vnode.
 *
 * The pipe lives while files are open on the FIFO (pp_users counts them and
 * the opens in progress) and hangs at v_fifo; bytes that nobody read vanish
 * with it.  An open waits for the other side by the count of opens ever made
 * (pp_ropens, pp_wopens): a peer that came and left again meanwhile counts.
 *
 * The file stays the vnode's: stat, name and the release of the vnode go to
 * vnode_fileops; only the I/O slots are the pipe's.
 *
 * Lock order: fifo_lock (v_fifo, pp_users), then pp_lock.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/pipe.h>
#include <sys/proc.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "pipe_var.h"

LOCK_DEFINE(fifo_lock, "fifo");

/* One use more of vp's pipe, made if needed.  NULL: ENOMEM. */
static struct pipe *
fifo_enter(struct vnode *vp)
{
	struct pipe *pp;

	lock_excl(&fifo_lock);
	pp = vp->v_fifo;
	if (pp == NULL)
		pp = vp->v_fifo = pipe_create();
	if (pp != NULL)
		pp->pp_users++;
	lock_release(&fifo_lock);
	return (pp);
}

static void
fifo_leave(struct vnode *vp, struct pipe *pp)
{
	bool last;

	lock_excl(&fifo_lock);
	last = --pp->pp_users == 0;
	if (last)
		vp->v_fifo = NULL;
	lock_release(&fifo_lock);
	if (last)
		pipe_destroy(pp);
}

/* (P) Count the open; wakes those who wait for this side. */
static void
fifo_count(struct pipe *pp, int fflags, struct file *fp)
{
	fp->f_private = (void *)(uintptr_t)pp->pp_wopens;
	if ((fflags & FREAD) != 0) {
		pp->pp_readers++;
		pp->pp_ropens++;
	}
	if ((fflags & FWRITE) != 0) {
		pp->pp_writers++;
		pp->pp_wopens++;
	}
	if ((fflags & FREAD) != 0 && pp->pp_writers > 0)
		fp->f_private = (void *)(uintptr_t)-1UL;
	wakeup(&pp->pp_ropens);
	wakeup(&pp->pp_wopens);
}

/* (P) Wait until the other side has been opened since.  EINTR, ERESTART. */
static int
fifo_wait_peer(struct pipe *pp, uint64_t *opens, uint32_t *present)
{
	uint64_t then = *opens;
	int error = 0;

	while (*present == 0 && *opens == then && error == 0)
		error = lock_sleep(
		    opens, &pp->pp_lock, PCATCH, "fifo", SLEEP_FOREVER);
	return (error);
}

/* (P) POSIX: who waits for whom. */
static int
fifo_rendezvous(struct pipe *pp, int fflags)
{
	if ((fflags & (FREAD | FWRITE)) == (FREAD | FWRITE) ||
	    (fflags & O_NONBLOCK) != 0)
		return (0);
	if ((fflags & FREAD) != 0)
		return (fifo_wait_peer(pp, &pp->pp_wopens, &pp->pp_writers));
	return (fifo_wait_peer(pp, &pp->pp_ropens, &pp->pp_readers));
}

static struct pipe *
fifo_pipe(struct file *fp)
{
	return (fp->f_vnode->v_fifo);
}

static int
fifo_fo_read(struct file *fp, struct uio *uio, int flags)
{
	if ((flags & FOF_OFFSET) != 0)
		return (ESPIPE);
	return (pipe_read(fifo_pipe(fp), uio, pipe_nonblock(fp, flags)));
}

static int
fifo_fo_write(struct file *fp, struct uio *uio, int flags)
{
	if ((flags & FOF_OFFSET) != 0)
		return (ESPIPE);
	return (pipe_write(fifo_pipe(fp), uio, pipe_nonblock(fp, flags)));
}

static int
fifo_fo_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	return (pipe_ioctl(fifo_pipe(fp), cmd, data));
}

static uint32_t
fifo_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	return (pipe_poll(fifo_pipe(fp), fp, events, w));
}

static int
fifo_fo_stat(struct file *fp, struct stat *st)
{
	return (vnode_fileops.fo_stat(fp, st));
}

static void
fifo_fo_name(struct file *fp, char *buf, size_t size)
{
	vnode_fileops.fo_name(fp, buf, size);
}

static void
fifo_fo_close(struct file *fp)
{
	struct pipe *pp = fifo_pipe(fp);

	pipe_detach(pp, fp->f_flags);
	fifo_leave(fp->f_vnode, pp);
	fp->f_private = NULL;
	vnode_fileops.fo_close(fp);
}

static const struct fileops fifo_fileops = {
    .fo_read = fifo_fo_read,
    .fo_write = fifo_fo_write,
    .fo_ioctl = fifo_fo_ioctl,
    .fo_poll = fifo_fo_poll,
    .fo_stat = fifo_fo_stat,
    .fo_name = fifo_fo_name,
    .fo_close = fifo_fo_close,
};

bool
fifo_is_file(const struct file *fp)
{
	return (fp->f_ops == &fifo_fileops);
}

int
fifo_open(struct vnode *vp, int fflags, struct file *fp)
{
	struct pipe *pp = fifo_enter(vp);
	int error = 0;

	if (pp == NULL)
		return (ENOMEM);
	lock_excl(&pp->pp_lock);
	if ((fflags & (FREAD | FWRITE | O_NONBLOCK)) == (FWRITE | O_NONBLOCK) &&
	    pp->pp_readers == 0) {
		lock_release(&pp->pp_lock);
		fifo_leave(vp, pp);
		return (ENXIO);
	}
	fifo_count(pp, fflags, fp);
	error = fifo_rendezvous(pp, fflags);
	lock_release(&pp->pp_lock);
	KTR_EVENT(VFS, fifo_open, "vnode=%p flags=%x error=%d", KTRP(vp),
	    fflags, error);
	if (error != 0) {
		pipe_detach(pp, fflags);
		fifo_leave(vp, pp);
		fp->f_private = NULL;
		return (error);
	}
	fp->f_ops = &fifo_fileops;
	return (0);
}

void
fifo_vnode_reclaim(struct vnode *vp)
{
	KASSERT(
	    vp->v_fifo == NULL, ("fifo_vnode_reclaim: %p is open", (void *)vp));
}
