/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pseudo-terminals.
 *
 * 1. An open of /dev/ptmx makes a pty: a number, a tty and the device pts/N.
 *    The file of that open is the master; what it writes is the terminal's
 *    input, what it reads the terminal's output.  Its close hangs the
 *    terminal up and removes the device; the number is free again, slaves
 *    that are still open keep the dead tty's memory.
 *
 * 2. The slave is locked until TIOCSPTLCK(0): opens give EIO.
 *
 * 3. Once the slave was opened and all its files are closed the master reads
 *    what is left and then gets EIO and EV_HUP, until a slave opens again.
 *
 * 4. Waiting.  The tty's hooks bump pt_seq under pt_spin and wake; the master
 *    takes the number before it looks and sleeps only while it is the same.
 *
 * 5. Locks: pty_lock (sleeping: table of units), pt_spin.  Hooks may run with
 *    proctree_lock held.  Order: pty_lock, tt_lock; pt_spin last.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "tty_var.h"

MALLOC_DEFINE(M_PTY, "pty", "pseudo-terminal masters");

#define PTY_UNITS 1024 /* size of the table */
#define PTY_GID	  5    /* group "tty" of the slave's node */
#define PTY_MODE  0620

struct pty {
	struct tty *pt_tty;   /* (c) our reference */
	struct cdev *pt_cdev; /* (c) the slave's device */
	int pt_unit;	      /* (c) */
	struct spinlock pt_spin;
	uint64_t pt_seq; /* (pt_spin) something changed */
	bool pt_locked;	 /* (pty_lock) */
	volatile bool pt_packet;
	volatile bool pt_was_open; /* a slave was opened since the last HUP */
	struct ev_source pt_events;
};

LOCK_DEFINE(pty_lock, "ptys");
static struct pty *pty_units[PTY_UNITS]; /* (pty_lock) */
static int pty_max = 256;
static int pty_count; /* (pty_lock) */

SYSCTL_INT(pty_max, "kern.tty.pty_max", CTLF_RW, &pty_max,
    "how many pseudo-terminals may exist (at most 1024)");
SYSCTL_INT(pty_count, "kern.tty.pty_count", CTLF_RD, &pty_count,
    "how many pseudo-terminals exist");

/* --- hooks of the tty: mark and wake ---------------------------------------------- */

static void
pty_changed(struct pty *pt, uint32_t events)
{
	spin_lock(&pt->pt_spin);
	pt->pt_seq++;
	spin_unlock(&pt->pt_spin);
	wakeup(pt);
	ev_notify(&pt->pt_events, events);
}

static void
pty_to_start(struct tty *tp)
{
	pty_changed(tp->tt_data, EV_IN);
}

static void
pty_to_close(struct tty *tp)
{
	pty_changed(tp->tt_data, EV_IN | EV_HUP);
}

static void
pty_to_unblock(struct tty *tp)
{
	pty_changed(tp->tt_data, EV_OUT);
}

static void
pty_to_param(struct tty *tp)
{
	pty_changed(tp->tt_data, EV_IN | EV_PRI);
}

static void pty_to_free(struct tty *tp);

static const struct tty_ops pty_tty_ops = {
    .to_start = pty_to_start,
    .to_param = pty_to_param,
    .to_close = pty_to_close,
    .to_unblock = pty_to_unblock,
    .to_free = pty_to_free,
};

static uint64_t
pty_seq(struct pty *pt)
{
	uint64_t seq;

	spin_lock(&pt->pt_spin);
	seq = pt->pt_seq;
	spin_unlock(&pt->pt_spin);
	return (seq);
}

/* Sleep until something changed since seq.  0, EAGAIN, EINTR, ERESTART. */
static int
pty_wait(struct pty *pt, uint64_t seq, bool nonblock)
{
	int error = 0;

	if (nonblock)
		return (EAGAIN);
	spin_lock(&pt->pt_spin);
	while (pt->pt_seq == seq && error == 0)
		error = spin_sleep(
		    pt, &pt->pt_spin, PCATCH, "ptymst", SLEEP_FOREVER);
	spin_unlock(&pt->pt_spin);
	return (error);
}

/* --- the slave --------------------------------------------------------------------- */

/* The device may outlive the pty: look the unit up. */
static int
pts_open(struct cdev *dev, int fflags, struct file *fp)
{
	struct pty *pt;
	int error = EIO;

	lock_excl(&pty_lock);
	pt = pty_units[minor(dev->d_dev) % PTY_UNITS];
	if (pt != NULL && pt->pt_cdev == dev && !pt->pt_locked) {
		error = tty_open_file(pt->pt_tty, fflags, fp);
		if (error == 0)
			pt->pt_was_open = true;
	}
	lock_release(&pty_lock);
	return (error);
}

static struct cdev_ops pts_cdev_ops; /* tty_cdev_ops with our open */

/* --- creation and destruction ---------------------------------------------------------- */

/* (pty_lock) -1: none free. */
static int
pty_free_unit(void)
{
	for (int i = 0; i < PTY_UNITS && pty_count < pty_max; i++)
		if (pty_units[i] == NULL)
			return (i);
	return (-1);
}

/* (pty_lock) The device of the slave, owned by the opener. */
static struct cdev *
pty_make_cdev(struct pty *pt)
{
	return (cdev_create(&pts_cdev_ops, makedev(TTY_MAJOR_PTS, pt->pt_unit),
	    cred_current()->cr_uid, PTY_GID, PTY_MODE, NULL, "pts/%d",
	    pt->pt_unit));
}

/* (pty_lock) ENOSPC: no unit; ENOMEM. */
static int
pty_create(struct pty **ptp)
{
	int unit = pty_free_unit();
	struct pty *pt;

	if (unit < 0)
		return (ENOSPC);
	pt = kmalloc(sizeof(*pt), M_PTY, M_WAITOK | M_ZERO);
	if (pt == NULL)
		return (ENOMEM);
	spin_init(&pt->pt_spin, "pty");
	ev_source_init(&pt->pt_events);
	pt->pt_unit = unit;
	pt->pt_locked = true;
	pt->pt_tty = tty_create(&pty_tty_ops, pt);
	if (pt->pt_tty == NULL) {
		kfree(pt, M_PTY);
		return (ENOMEM);
	}
	pt->pt_tty->tt_dev = makedev(TTY_MAJOR_PTS, unit);
	pt->pt_cdev = pty_make_cdev(pt);
	if (pt->pt_cdev == NULL) {
		tty_destroy(pt->pt_tty); /* frees pt */
		return (ENOMEM);
	}
	pty_units[unit] = pt;
	pty_count++;
	*ptp = pt;
	return (0);
}

static int
ptmx_open(struct cdev *dev, int fflags, struct file *fp)
{
	struct pty *pt;
	int error;

	lock_excl(&pty_lock);
	error = pty_create(&pt);
	lock_release(&pty_lock);
	if (error != 0)
		return (error);
	fp->f_private = pt;
	KTR_EVENT(TTY, pty_create, "pty=%p unit=%d", KTRP(pt), pt->pt_unit);
	return (0);
}

/* Slaves that are open call the tty's hooks: pt lives as long as the tty. */
static void
pty_to_free(struct tty *tp)
{
	struct pty *pt = tp->tt_data;

	ev_source_destroy(&pt->pt_events);
	kfree(pt, M_PTY);
}

static int
ptmx_close(struct cdev *dev, int fflags, struct file *fp)
{
	struct pty *pt = fp->f_private;

	cdev_destroy(pt->pt_cdev);
	lock_excl(&pty_lock);
	pty_units[pt->pt_unit] = NULL;
	pty_count--;
	lock_release(&pty_lock);
	fp->f_private = NULL;
	tty_destroy(pt->pt_tty);
	return (0);
}

/* --- the master's I/O -------------------------------------------------------------------- */

/* Was the slave used and is closed now? */
static bool
pty_slave_gone(struct pty *pt)
{
	return (pt->pt_was_open && atomic_load(&pt->pt_tty->tt_opens) == 0);
}

/* Packet mode: the events since the last read, or 0. */
static uint8_t
pty_take_packet(struct pty *pt)
{
	struct tty *tp = pt->pt_tty;
	uint8_t bits;

	lock_excl(&tp->tt_lock);
	bits = tp->tt_pktbits;
	tp->tt_pktbits = 0;
	lock_release(&tp->tt_lock);
	return (bits);
}

#define PTY_CHUNK 256

/* Move what the terminal has put out.  0 also if there was nothing. */
static int
pty_take_output(struct pty *pt, struct uio *uio, bool packet)
{
	uint8_t buf[PTY_CHUNK];
	uint8_t type = TIOCPKT_DATA;
	int error = 0;

	while (error == 0 && uio->uio_resid > packet) {
		size_t n = tty_output_take(
		    pt->pt_tty, buf, MIN(uio->uio_resid - packet, sizeof(buf)));

		if (n == 0)
			break;
		if (packet)
			error = uiomove(&type, 1, uio);
		packet = false; /* one type byte heads the whole read */
		if (error == 0)
			error = uiomove(buf, n, uio);
	}
	return (error);
}

static int
ptmx_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct pty *pt = fp->f_private;
	size_t resid = uio->uio_resid;
	int error = 0;

	while (error == 0 && uio->uio_resid == resid && resid > 0) {
		uint64_t seq = pty_seq(pt);
		bool gone = pty_slave_gone(pt);
		uint8_t bits = pt->pt_packet ? pty_take_packet(pt) : 0;

		if (bits != 0)
			return (uiomove(&bits, 1, uio));
		error = pty_take_output(pt, uio, pt->pt_packet);
		if (error == 0 && uio->uio_resid == resid)
			error = gone
			    ? EIO
			    : pty_wait(pt, seq, (ioflags & IO_NONBLOCK) != 0);
	}
	return (error);
}

static int
ptmx_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct pty *pt = fp->f_private;
	size_t resid = uio->uio_resid;
	int error = 0;

	while (uio->uio_resid > 0 && error == 0) {
		uint8_t buf[PTY_CHUNK];
		uint64_t seq = pty_seq(pt);
		size_t n = MIN(tty_input_space(pt->pt_tty), sizeof(buf));

		if (n == 0) {
			error = pty_wait(pt, seq, (ioflags & IO_NONBLOCK) != 0);
			continue;
		}
		n = MIN(n, uio->uio_resid);
		error = uiomove(buf, n, uio);
		if (error == 0)
			tty_input(pt->pt_tty, buf, n);
	}
	return (uio->uio_resid != resid ? 0 : error);
}

static uint32_t
ptmx_poll(
    struct cdev *dev, uint32_t events, struct ev_watch *w, struct file *fp)
{
	struct pty *pt = fp->f_private;
	struct tty *tp = pt->pt_tty;
	uint32_t r = 0;

	ev_attach(&pt->pt_events, w);
	if (tty_input_space(tp) > 0)
		r |= EV_OUT;
	lock_excl(&tp->tt_lock);
	if (tp->tt_out_head != tp->tt_out_tail &&
	    (tp->tt_flags & TTF_STOPPED) == 0)
		r |= EV_IN;
	if (pt->pt_packet && tp->tt_pktbits != 0)
		r |= EV_IN | EV_PRI;
	lock_release(&tp->tt_lock);
	if (pty_slave_gone(pt))
		r |= EV_HUP;
	return (r & (events | EV_HUP));
}

/* --- the master's requests ----------------------------------------------------------------- */

static int
pty_set_locked(struct pty *pt, bool locked)
{
	lock_excl(&pty_lock);
	pt->pt_locked = locked;
	lock_release(&pty_lock);
	return (0);
}

/*
 * Open the name that the caller's /dev has for the slave, so that fstat and
 * stat tell the same (ttyname compares them).  ENOENT: there is none.
 */
static int
pty_open_name(struct pty *pt, int oflags, int *fdp)
{
	struct vattr va;
	struct file *fp;
	char name[32];
	int error;

	ksnprintf(name, sizeof(name), "/dev/pts/%d", pt->pt_unit);
	oflags &= O_ACCMODE | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	if (vn_open(AT_FDCWD, name, oflags, 0, &fp) != 0)
		return (ENOENT);
	error = ENOENT;
	if (fp->f_vnode != NULL && fp->f_vnode->v_type == VCHR &&
	    vn_getattr(fp->f_vnode, &va) == 0 &&
	    va.va_rdev == pt->pt_tty->tt_dev)
		error = fd_alloc(
		    fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}

static int
pty_open_peer(struct pty *pt, int *valuep)
{
	int error, oflags = *valuep;

	error = pty_open_name(pt, oflags, valuep);
	if (error == ENOENT)
		error = tty_install_file(pt->pt_tty, oflags, valuep);
	if (error == 0)
		pt->pt_was_open = true;
	return (error);
}

static int
pty_count_output(struct pty *pt)
{
	return ((int)(atomic_load(&pt->pt_tty->tt_out_tail) -
	    atomic_load(&pt->pt_tty->tt_out_head)));
}

static int
ptmx_ioctl(struct cdev *dev, uint64_t cmd, void *data, struct file *fp)
{
	struct pty *pt = fp->f_private;
	struct tty *tp = pt->pt_tty;
	int *valuep = data;

	switch (cmd) {
	case TIOCGPTN:
		*valuep = pt->pt_unit;
		return (0);
	case TIOCSPTLCK:
		return (pty_set_locked(pt, *valuep != 0));
	case TIOCGPTLCK:
		*valuep = pt->pt_locked;
		return (0);
	case TIOCPKT:
		(void)pty_take_packet(pt);
		pt->pt_packet = *valuep != 0;
		return (0);
	case TIOCGPKT:
		*valuep = pt->pt_packet;
		return (0);
	case TIOCGPTPEER:
		return (pty_open_peer(pt, valuep));
	case FIONREAD:
		*valuep = pty_count_output(pt);
		return (0);
	case TIOCGPGRP:
		*valuep = tty_pgid(tp);
		return (0);
	default:
		return (
		    tty_ioctl(tp, atomic_load(&tp->tt_generation), cmd, data));
	}
}

static const struct cdev_ops ptmx_cdev_ops = {
    .d_name = "ptmx",
    .d_open = ptmx_open,
    .d_close = ptmx_close,
    .d_read = ptmx_read,
    .d_write = ptmx_write,
    .d_ioctl = ptmx_ioctl,
    .d_poll = ptmx_poll,
    .d_flags = CDEVF_NOSEEK,
};

static void
pty_init(void)
{
	dev_t dev = makedev(TTY_MAJOR_CONSOLE, TTY_MINOR_PTMX);

	pts_cdev_ops = tty_cdev_ops;
	pts_cdev_ops.d_name = "pts";
	pts_cdev_ops.d_open = pts_open;
	if (cdev_create(&ptmx_cdev_ops, dev, 0, PTY_GID, 0666, NULL, "ptmx") ==
	    NULL)
		kprintf("pty: cannot create /dev/ptmx\n");
}
SYSINIT(pty, SI_DRIVER, pty_init);

static void
pty_ddb_show(const char *arg)
{
	for (int i = 0; i < PTY_UNITS; i++) {
		struct pty *pt = pty_units[i];

		if (pt != NULL)
			kprintf("pts/%d pty %p tty %p opens %u%s%s\n", i,
			    (void *)pt, (void *)pt->pt_tty,
			    pt->pt_tty->tt_opens,
			    pt->pt_locked ? " locked" : "",
			    pt->pt_packet ? " packet" : "");
	}
}
DDB_COMMAND(ptys, "show ptys", pty_ddb_show, "all pseudo-terminals");
