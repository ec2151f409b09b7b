/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes.
 *
 * 1. Structure.  A pipe is a ring of bytes (pipe_ring.c) with a sleeping lock
 *    that is held while bytes move to or from user memory.  The two ends are
 *    two files on one pipe; which end a file is, its FREAD and FWRITE say.
 *    FIFOs (fifo.c) put the same pipe behind a vnode.
 *
 * 2. Atomic writes.  A write of at most PIPE_BUF bytes waits until all of it
 *    fits and moves it under one hold of the lock.  Longer writes fill what
 *    room there is and may mix with other writers at those borders.
 *
 * 3. Cheap round trip.  State changes under pp_lock, wakeups follow after it
 *    was released (a thread that is woken finds the lock free), sleepers are
 *    counted (no wakeup when nobody sleeps), and ev_notify returns at once
 *    when nobody watches.  So each direction is one lock, one copy, one
 *    wakeup.
 *
 * 4. Ends.  No writer: a read of the empty pipe is end of file, poll says
 *    EV_HUP.  No reader: a write gets SIGPIPE and EPIPE, poll says EV_ERR.
 *
 * Lock order: pp_lock, then es_spin.  See README.md.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/pipe.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "pipe_var.h"

MALLOC_DEFINE(M_PIPE, "pipe", "pipes and FIFOs");

static uint64_t pipe_next_id = 1; /* (atomic) */
static uint64_t pipe_count;	  /* (atomic) */
static int pipe_max_size = 1024 * 1024;

SYSCTL_U64(pipe_count, "kern.ipc.pipes", CTLF_RD, &pipe_count,
    "pipes and open FIFOs that exist");
SYSCTL_INT(pipe_max_size, "kern.ipc.pipe_max_size", CTLF_RW, &pipe_max_size,
    "largest capacity in bytes an unprivileged program may give a pipe");

struct pipe *
pipe_create(void)
{
	struct pipe *pp = kmalloc(sizeof(*pp), M_PIPE, M_WAITOK | M_ZERO);

	if (pp == NULL)
		return (NULL);
	if (ring_init(&pp->pp_ring, PIPE_SLOTS_DEFAULT) != 0) {
		kfree(pp, M_PIPE);
		return (NULL);
	}
	lock_init(&pp->pp_lock, "pipe", 0);
	ev_source_init(&pp->pp_source);
	pp->pp_id = atomic_fetchadd(&pipe_next_id, 1);
	pp->pp_ctime = ns_to_ts(clock_real());
	pp->pp_atime = pp->pp_mtime = pp->pp_ctime;
	atomic_add(&pipe_count, 1);
	return (pp);
}

/* No file refers to it. */
void
pipe_destroy(struct pipe *pp)
{
	ev_source_destroy(&pp->pp_source);
	ring_destroy(&pp->pp_ring);
	lock_destroy(&pp->pp_lock);
	kfree(pp, M_PIPE);
	atomic_sub(&pipe_count, 1);
}

void
pipe_tell(struct pipe *pp, uint32_t waiting, const void *ident, uint32_t events)
{
	if (waiting > 0)
		wakeup(ident);
	ev_notify(&pp->pp_source, events);
}

int
pipe_sleep(struct pipe *pp, uint32_t *waiting, bool nonblock, const char *wmesg)
{
	int error;

	if (nonblock)
		return (EAGAIN);
	(*waiting)++;
	error = lock_sleep(waiting, &pp->pp_lock, PCATCH, wmesg, SLEEP_FOREVER);
	(*waiting)--;
	return (error);
}

/* 0 (with no byte moved: end of file), EAGAIN, EINTR, ERESTART, EFAULT. */
int
pipe_read(struct pipe *pp, struct uio *uio, bool nonblock)
{
	size_t resid = uio->uio_resid;
	uint32_t waiting;
	int error = 0;

	if (resid == 0)
		return (0);
	lock_excl(&pp->pp_lock);
	while (pp->pp_ring.pr_count == 0 && pp->pp_writers > 0 && error == 0)
		error = pipe_sleep(pp, &pp->pp_rwaiting, nonblock, "piperd");
	if (error == 0 && pp->pp_ring.pr_count > 0) {
		error = ring_read(&pp->pp_ring, uio);
		pp->pp_atime = ns_to_ts(clock_real());
	}
	waiting = pp->pp_wwaiting;
	lock_release(&pp->pp_lock);
	if (uio->uio_resid != resid) {
		pipe_tell(pp, waiting, &pp->pp_wwaiting, EV_OUT);
		error = 0;
	}
	KTR_EVENT(EVENT, pipe_read, "pipe=%p n=%d error=%d", KTRP(pp),
	    resid - uio->uio_resid, error);
	return (error);
}

/* (P) Room a write of resid bytes must see before it moves any. */
static size_t
pipe_room_needed(size_t resid, bool whole)
{
	return (whole ? resid : 1);
}

/* (P) Move what fits; then wake readers before sleeping for more room. */
static int
pipe_write_some(struct pipe *pp, struct uio *uio, bool whole, bool nonblock)
{
	size_t need = pipe_room_needed(uio->uio_resid, whole);
	int error = 0;

	while (
	    pp->pp_readers > 0 && ring_space(&pp->pp_ring) < need && error == 0)
		error = pipe_sleep(pp, &pp->pp_wwaiting, nonblock, "pipewr");
	if (error != 0)
		return (error);
	if (pp->pp_readers == 0)
		return (EPIPE);
	pp->pp_mtime = ns_to_ts(clock_real());
	return (ring_write(
	    &pp->pp_ring, uio, MIN(uio->uio_resid, ring_space(&pp->pp_ring))));
}

static void
pipe_send_sigpipe(void)
{
	struct lwp *lp = curlwp;
	ksiginfo_t ksi = {.ksi_signo = SIGPIPE, .ksi_code = SI_KERNEL};

	if (lp != NULL)
		sig_send_lwp(lp, SIGPIPE, &ksi);
}

/*
 * EPIPE (and SIGPIPE), EAGAIN, EINTR, ERESTART, EFAULT, ENOMEM.  With bytes
 * moved before the failure: 0, and the uio tells how many.
 */
int
pipe_write(struct pipe *pp, struct uio *uio, bool nonblock)
{
	size_t resid = uio->uio_resid;
	bool whole = resid <= PIPE_BUF;
	int error = 0;

	while (uio->uio_resid > 0 && error == 0) {
		size_t before = uio->uio_resid;
		uint32_t waiting;

		lock_excl(&pp->pp_lock);
		error = pipe_write_some(pp, uio, whole, nonblock);
		waiting = pp->pp_rwaiting;
		lock_release(&pp->pp_lock);
		if (uio->uio_resid != before)
			pipe_tell(pp, waiting, &pp->pp_rwaiting, EV_IN);
	}
	if (error == EPIPE)
		pipe_send_sigpipe();
	KTR_EVENT(EVENT, pipe_write, "pipe=%p n=%d error=%d", KTRP(pp),
	    resid - uio->uio_resid, error);
	if (uio->uio_resid != resid)
		error = 0;
	return (error);
}

/*
 * A reader of a FIFO that never had a writer since the open is not at its
 * end: f_private holds pp_wopens as it was then.
 */
uint32_t
pipe_poll(struct pipe *pp, struct file *fp, uint32_t events, struct ev_watch *w)
{
	uint32_t r = 0;

	ev_attach(&pp->pp_source, w);
	lock_shared(&pp->pp_lock);
	if ((fp->f_flags & FREAD) != 0) {
		if (pp->pp_ring.pr_count > 0)
			r |= EV_IN;
		if (pp->pp_writers == 0 &&
		    (uint64_t)(uintptr_t)fp->f_private != pp->pp_wopens)
			r |= EV_HUP;
	}
	if ((fp->f_flags & FWRITE) != 0) {
		if (ring_space(&pp->pp_ring) >= PIPE_BUF)
			r |= EV_OUT;
		if (pp->pp_readers == 0)
			r |= EV_ERR;
	}
	lock_release(&pp->pp_lock);
	return (r & (events | EV_ERR | EV_HUP));
}

/* EPERM, EBUSY, EINVAL, ENOMEM. */
static int
pipe_set_size(struct pipe *pp, int *sizep)
{
	uint32_t slots = 1;
	int error;

	if (*sizep < 0 || *sizep > (1 << 30))
		return (EINVAL);
	if (*sizep > pipe_max_size &&
	    cred_check_cap(cred_current(), CAP_SYS_RESOURCE) != 0)
		return (EPERM);
	while (((size_t)slots << PAGE_SHIFT) < (size_t)*sizep)
		slots <<= 1;
	lock_excl(&pp->pp_lock);
	error = ring_resize(&pp->pp_ring, slots);
	*sizep = (int)ring_capacity(&pp->pp_ring);
	lock_release(&pp->pp_lock);
	if (error == 0)
		pipe_tell(pp, 1, &pp->pp_wwaiting, EV_OUT);
	return (error);
}

int
pipe_ioctl(struct pipe *pp, uint64_t cmd, void *data)
{
	int *valuep = data;

	if (cmd == PIPEIOC_SETSIZE)
		return (pipe_set_size(pp, valuep));
	if (cmd == FIONBIO || cmd == FIOASYNC)
		return (0);
	lock_shared(&pp->pp_lock);
	switch (cmd) {
	case FIONREAD:
		*valuep = (int)pp->pp_ring.pr_count;
		break;
	case FIONSPACE:
		*valuep = (int)ring_space(&pp->pp_ring);
		break;
	case PIPEIOC_GETSIZE:
		*valuep = (int)ring_capacity(&pp->pp_ring);
		break;
	default:
		lock_release(&pp->pp_lock);
		return (ENOTTY);
	}
	lock_release(&pp->pp_lock);
	return (0);
}

/* A file with these flags closes: the other side may be at its end. */
void
pipe_detach(struct pipe *pp, uint32_t fflags)
{
	bool end;

	lock_excl(&pp->pp_lock);
	if ((fflags & FREAD) != 0)
		pp->pp_readers--;
	if ((fflags & FWRITE) != 0)
		pp->pp_writers--;
	end = pp->pp_readers == 0 || pp->pp_writers == 0;
	lock_release(&pp->pp_lock);
	wakeup(&pp->pp_rwaiting);
	wakeup(&pp->pp_wwaiting);
	ev_notify_hint(&pp->pp_source, EV_IN | EV_OUT | EV_HUP | EV_ERR,
	    end ? 0 : EVH_QUIET);
}

void
pipe_stat(struct pipe *pp, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	lock_shared(&pp->pp_lock);
	st->st_ino = pp->pp_id;
	st->st_mode = S_IFIFO | 0600;
	st->st_nlink = 1;
	st->st_size = (off_t)pp->pp_ring.pr_count;
	st->st_blksize = PAGE_SIZE;
	st->st_atim = pp->pp_atime;
	st->st_mtim = pp->pp_mtime;
	st->st_ctim = st->st_birthtim = pp->pp_ctime;
	lock_release(&pp->pp_lock);
}

/* --- the files of a pipe -------------------------------------------------------- */

bool
pipe_nonblock(const struct file *fp, int fof)
{
	return ((fp->f_flags & O_NONBLOCK) != 0 || (fof & FOF_NOWAIT) != 0);
}

static int
pipe_fo_read(struct file *fp, struct uio *uio, int flags)
{
	return (pipe_read(fp->f_data, uio, pipe_nonblock(fp, flags)));
}

static int
pipe_fo_write(struct file *fp, struct uio *uio, int flags)
{
	return (pipe_write(fp->f_data, uio, pipe_nonblock(fp, flags)));
}

static int
pipe_fo_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	return (pipe_ioctl(fp->f_data, cmd, data));
}

static uint32_t
pipe_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	return (pipe_poll(fp->f_data, fp, events, w));
}

static int
pipe_fo_stat(struct file *fp, struct stat *st)
{
	pipe_stat(fp->f_data, st);
	st->st_uid = fp->f_cred->cr_uid;
	st->st_gid = fp->f_cred->cr_gid;
	return (0);
}

static void
pipe_fo_name(struct file *fp, char *buf, size_t size)
{
	struct pipe *pp = fp->f_data;

	ksnprintf(buf, size, "pipe:[%lu]", pp->pp_id);
}

static void
pipe_fo_close(struct file *fp)
{
	struct pipe *pp = fp->f_data;
	bool last;

	/* Our use goes last: the other end may close and destroy pp then. */
	pipe_detach(pp, fp->f_flags);
	lock_excl(&pp->pp_lock);
	last = --pp->pp_users == 0;
	lock_release(&pp->pp_lock);
	if (last)
		pipe_destroy(pp);
}

static const struct fileops pipe_fileops = {
    .fo_read = pipe_fo_read,
    .fo_write = pipe_fo_write,
    .fo_ioctl = pipe_fo_ioctl,
    .fo_poll = pipe_fo_poll,
    .fo_stat = pipe_fo_stat,
    .fo_name = pipe_fo_name,
    .fo_close = pipe_fo_close,
};

struct pipe *
pipe_of_file(struct file *fp)
{
	if (fp->f_ops == &pipe_fileops)
		return (fp->f_data);
	return (fifo_is_file(fp) ? fp->f_vnode->v_fifo : NULL);
}

/* Both files of a new pipe, or ENOMEM, ENFILE with nothing left. */
static int
pipe_files(uint32_t status, struct file **rfpp, struct file **wfpp)
{
	struct pipe *pp = pipe_create();

	if (pp == NULL)
		return (ENOMEM);
	pp->pp_readers = pp->pp_writers = 1;
	pp->pp_users = 2;
	pp->pp_wopens = 1; /* differs from a fresh f_private */
	*rfpp = file_create(DTYPE_PIPE, FREAD | status, &pipe_fileops, pp);
	if (*rfpp == NULL) {
		pipe_destroy(pp);
		return (ENFILE);
	}
	*wfpp = file_create(DTYPE_PIPE, FWRITE | status, &pipe_fileops, pp);
	if (*wfpp == NULL) {
		pp->pp_users = 1;
		file_drop(*rfpp);
		return (ENFILE);
	}
	return (0);
}

/* fds[0] reads, fds[1] writes.  ENOMEM, ENFILE, EMFILE. */
int
kern_pipe(int fds[2], int oflags)
{
	int fdflags = (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0;
	struct file *rfp, *wfp;
	int error;

	error = pipe_files(oflags & O_NONBLOCK, &rfp, &wfp);
	if (error != 0)
		return (error);
	error = fd_alloc(rfp, 0, fdflags, &fds[0]);
	if (error == 0) {
		error = fd_alloc(wfp, 0, fdflags, &fds[1]);
		if (error != 0)
			(void)fd_close(fds[0]);
	}
	file_drop(rfp);
	file_drop(wfp);
	return (error);
}

/* show pipe ADDRESS */
static void
pipe_ddb_show(const char *arg)
{
	struct pipe pp;
	uint64_t addr;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((const void *)(uintptr_t)addr, &pp, sizeof(pp))) {
		kprintf("show pipe ADDRESS\n");
		return;
	}
	kprintf("pipe %lu: %zu of %zu bytes, head %zu, readers %u (%u asleep),"
		" writers %u (%u asleep), users %u\n",
	    pp.pp_id, pp.pp_ring.pr_count, ring_capacity(&pp.pp_ring),
	    pp.pp_ring.pr_head, pp.pp_readers, pp.pp_rwaiting, pp.pp_writers,
	    pp.pp_wwaiting, pp.pp_users);
}
DDB_COMMAND(pipe, "show pipe", pipe_ddb_show, "a pipe at an address");
