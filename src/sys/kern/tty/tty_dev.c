/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals as files: per-open state, the device operations that console and
 * ptys share, /dev/tty, and files without a name (TIOCGPTPEER).
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "tty_var.h"

MALLOC_DEFINE(M_TTYOPEN, "ttyopen", "open files of terminals");

/* Is a file of generation gen cut off?  A racy read is good enough to leave. */
bool
tty_gen_dead(struct tty *tp, uint32_t gen)
{
	return (atomic_load(&tp->tt_generation) != gen ||
	    (atomic_load(&tp->tt_flags) & TTF_GONE) != 0);
}

/* (T) EIO: gone.  EBUSY: exclusive. */
static int
tty_open_check(struct tty *tp)
{
	if ((tp->tt_flags & TTF_GONE) != 0)
		return (EIO);
	if ((tp->tt_flags & TTF_EXCL) != 0 && tp->tt_opens > 0 &&
	    cred_check_cap(cred_current(), CAP_SYS_ADMIN) != 0)
		return (EBUSY);
	return (0);
}

/*
 * fp becomes a file of tp: f_private is its struct tty_open.  May make tp the
 * controlling terminal.  EIO, EBUSY, ENOMEM.  Sleeps.
 */
int
tty_open_file(struct tty *tp, int fflags, struct file *fp)
{
	struct tty_open *to = kmalloc(sizeof(*to), M_TTYOPEN, M_WAITOK);
	int error;

	if (to == NULL)
		return (ENOMEM);
	lock_excl(&tp->tt_lock);
	error = tty_open_check(tp);
	if (error == 0) {
		tp->tt_opens++;
		to->to_gen = tp->tt_generation;
	}
	lock_release(&tp->tt_lock);
	if (error != 0) {
		kfree(to, M_TTYOPEN);
		return (error);
	}
	tty_hold(tp);
	to->to_tty = tp;
	fp->f_private = to;
	if ((fflags & O_NOCTTY) == 0 && (fflags & FREAD) != 0)
		tty_maybe_acquire(tp);
	KTR_EVENT(TTY, open, "tty=%p flags=%x", KTRP(tp), fflags);
	return (0);
}

void
tty_close_file(struct file *fp)
{
	struct tty_open *to = fp->f_private;
	struct tty *tp = to->to_tty;
	bool last = false;

	lock_excl(&tp->tt_lock);
	if (to->to_gen == tp->tt_generation)
		last = --tp->tt_opens == 0;
	if (last)
		tp->tt_flags &= ~(TTF_EXCL | TTF_STOPPED);
	lock_release(&tp->tt_lock);
	if (last && tp->tt_ops->to_close != NULL)
		tp->tt_ops->to_close(tp);
	fp->f_private = NULL;
	kfree(to, M_TTYOPEN);
	tty_drop(tp);
}

static uint32_t
tty_poll(struct tty *tp, uint32_t gen, uint32_t events, struct ev_watch *w)
{
	uint32_t r = 0;

	ev_attach(&tp->tt_events, w);
	if (tty_gen_dead(tp, gen))
		return (
		    (events & (EV_IN | EV_OUT | EV_RDHUP)) | EV_ERR | EV_HUP);
	lock_excl(&tp->tt_lock);
	if (tty_readable(tp, true))
		r |= EV_IN;
	if (tty_out_space(tp) >= TTY_OUT_CHAR_MAX)
		r |= EV_OUT;
	lock_release(&tp->tt_lock);
	return (r & events);
}

/* --- as a device ------------------------------------------------------------------ */

static int
ttydev_open(struct cdev *dev, int fflags, struct file *fp)
{
	return (tty_open_file(dev->d_data, fflags, fp));
}

static int
ttydev_close(struct cdev *dev, int fflags, struct file *fp)
{
	tty_close_file(fp);
	return (0);
}

static int
ttydev_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct tty_open *to = fp->f_private;

	return (tty_read(
	    to->to_tty, to->to_gen, uio, (ioflags & IO_NONBLOCK) != 0));
}

static int
ttydev_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct tty_open *to = fp->f_private;

	return (tty_write(
	    to->to_tty, to->to_gen, uio, (ioflags & IO_NONBLOCK) != 0));
}

static int
ttydev_ioctl(struct cdev *dev, uint64_t cmd, void *data, struct file *fp)
{
	struct tty_open *to = fp->f_private;

	return (tty_ioctl(to->to_tty, to->to_gen, cmd, data));
}

static uint32_t
ttydev_poll(
    struct cdev *dev, uint32_t events, struct ev_watch *w, struct file *fp)
{
	struct tty_open *to = fp->f_private;

	return (tty_poll(to->to_tty, to->to_gen, events, w));
}

const struct cdev_ops tty_cdev_ops = {
    .d_name = "tty",
    .d_open = ttydev_open,
    .d_close = ttydev_close,
    .d_read = ttydev_read,
    .d_write = ttydev_write,
    .d_ioctl = ttydev_ioctl,
    .d_poll = ttydev_poll,
    .d_flags = CDEVF_NOSEEK,
};

/* --- /dev/tty: the controlling terminal, whichever that is ------------------------ */

/* ENXIO: the process has none. */
static int
devtty_open(struct cdev *dev, int fflags, struct file *fp)
{
	struct proc *p = curproc;
	struct tty *tp = NULL;
	int error;

	lock_shared(&proctree_lock);
	if (p != NULL && p->p_pgrp != NULL)
		tp = p->p_pgrp->pg_session->s_tty;
	if (tp != NULL)
		tty_hold(tp);
	lock_release(&proctree_lock);
	if (tp == NULL)
		return (ENXIO);
	error = tty_open_file(tp, fflags | O_NOCTTY, fp);
	tty_drop(tp);
	return (error);
}

static const struct cdev_ops devtty_cdev_ops = {
    .d_name = "ctty",
    .d_open = devtty_open,
    .d_close = ttydev_close,
    .d_read = ttydev_read,
    .d_write = ttydev_write,
    .d_ioctl = ttydev_ioctl,
    .d_poll = ttydev_poll,
    .d_flags = CDEVF_NOSEEK,
};

static void
devtty_init(void)
{
	if (cdev_create(&devtty_cdev_ops,
		makedev(TTY_MAJOR_CONSOLE, TTY_MINOR_TTY), 0, 5, 0666, NULL,
		"tty") == NULL)
		kprintf("tty: cannot create /dev/tty\n");
}
SYSINIT(devtty, SI_DRIVER, devtty_init);

/* --- files without a name ------------------------------------------------------------ */

static int
ttyfile_read(struct file *fp, struct uio *uio, int flags)
{
	struct tty_open *to = fp->f_private;

	return (tty_read(
	    to->to_tty, to->to_gen, uio, (fp->f_flags & O_NONBLOCK) != 0));
}

static int
ttyfile_write(struct file *fp, struct uio *uio, int flags)
{
	struct tty_open *to = fp->f_private;

	return (tty_write(
	    to->to_tty, to->to_gen, uio, (fp->f_flags & O_NONBLOCK) != 0));
}

static int
ttyfile_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	return (ttydev_ioctl(NULL, cmd, data, fp));
}

static uint32_t
ttyfile_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	return (ttydev_poll(NULL, events, w, fp));
}

static int
ttyfile_stat(struct file *fp, struct stat *st)
{
	struct tty_open *to = fp->f_private;

	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFCHR | 0620;
	st->st_nlink = 1;
	st->st_rdev = to->to_tty->tt_dev;
	st->st_ino = minor(st->st_rdev) + 3;
	st->st_uid = fp->f_cred->cr_uid;
	st->st_gid = fp->f_cred->cr_gid;
	st->st_blksize = 1024;
	return (0);
}

static void
ttyfile_name(struct file *fp, char *buf, size_t size)
{
	struct tty_open *to = fp->f_private;

	ksnprintf(buf, size, "/dev/pts/%u", minor(to->to_tty->tt_dev));
}

static void
ttyfile_close(struct file *fp)
{
	if (fp->f_private != NULL)
		tty_close_file(fp);
}

static const struct fileops ttyfile_ops = {
    .fo_read = ttyfile_read,
    .fo_write = ttyfile_write,
    .fo_ioctl = ttyfile_ioctl,
    .fo_poll = ttyfile_poll,
    .fo_stat = ttyfile_stat,
    .fo_close = ttyfile_close,
    .fo_name = ttyfile_name,
};

/* EIO, EBUSY, ENOMEM, ENFILE, EMFILE. */
int
tty_install_file(struct tty *tp, int oflags, int *fdp)
{
	int fflags = FFLAGS(oflags & O_ACCMODE) | (oflags & O_NONBLOCK);
	struct file *fp;
	int error;

	fp = file_create(DTYPE_OTHER, fflags, &ttyfile_ops, tp);
	if (fp == NULL)
		return (ENFILE);
	error = tty_open_file(tp, fflags | (oflags & O_NOCTTY), fp);
	if (error == 0)
		error = fd_alloc(
		    fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}
