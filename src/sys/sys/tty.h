/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals: the line discipline.  Theory in kern/tty/README.md.
 *
 * A driver (console, pty) owns a tty: it feeds input with tty_input and drains
 * output through its t_ops.  Programs reach it through a cdev.
 */
#ifndef SYS_TTY_H
#define SYS_TTY_H

#include <sys/types.h>
#include <sys/event.h>
#include <sys/ioccom.h>
#include <sys/lock.h>
#include <sys/refcount.h>

struct pgrp;
struct session;
struct tty;

typedef uint32_t tcflag_t;
#define NCCS 20
struct termios { /* native: BSD numbering of flags and c_cc */
	tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_cc[NCCS];
	uint32_t c_ispeed, c_ospeed; /* bits per second */
};
enum {
	VEOF,
	VEOL,
	VEOL2,
	VERASE,
	VWERASE,
	VKILL,
	VREPRINT,
	VERASE2,
	VINTR,
	VQUIT,
	VSUSP,
	VDSUSP,
	VSTART,
	VSTOP,
	VLNEXT,
	VDISCARD,
	VMIN,
	VTIME,
	VSTATUS
};
#define _POSIX_VDISABLE 0xff
#define IGNBRK		0x0001
#define BRKINT		0x0002
#define IGNPAR		0x0004
#define PARMRK		0x0008
#define INPCK		0x0010
#define ISTRIP		0x0020
#define INLCR		0x0040
#define IGNCR		0x0080
#define ICRNL		0x0100
#define IXON		0x0200
#define IXOFF		0x0400
#define IXANY		0x0800
#define IMAXBEL		0x2000
#define IUTF8		0x4000
#define OPOST		0x0001
#define ONLCR		0x0002
#define OXTABS		0x0004
#define ONOEOT		0x0008
#define OCRNL		0x0010
#define ONOCR		0x0020
#define ONLRET		0x0040
#define CSIZE		0x0300
#define CS5		0x0000
#define CS6		0x0100
#define CS7		0x0200
#define CS8		0x0300
#define CSTOPB		0x0400
#define CREAD		0x0800
#define PARENB		0x1000
#define PARODD		0x2000
#define HUPCL		0x4000
#define CLOCAL		0x8000
#define ECHOKE		0x0001
#define ECHOE		0x0002
#define ECHOK		0x0004
#define ECHO		0x0008
#define ECHONL		0x0010
#define ECHOPRT		0x0020
#define ECHOCTL		0x0040
#define ISIG		0x0080
#define ICANON		0x0100
#define ALTWERASE	0x0200
#define IEXTEN		0x0400
#define EXTPROC		0x0800
#define TOSTOP		0x00400000
#define FLUSHO		0x00800000
#define PENDIN		0x20000000
#define NOFLSH		0x80000000

struct winsize {
	uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#define TIOCGETA    _IOR('t', 19, struct termios)
#define TIOCSETA    _IOW('t', 20, struct termios)
#define TIOCSETAW   _IOW('t', 21, struct termios) /* drain first */
#define TIOCSETAF   _IOW('t', 22, struct termios) /* drain, flush input */
#define TIOCGWINSZ  _IOR('t', 104, struct winsize)
#define TIOCSWINSZ  _IOW('t', 103, struct winsize)
#define TIOCGPGRP   _IOR('t', 119, int)
#define TIOCSPGRP   _IOW('t', 118, int)
#define TIOCGSID    _IOR('t', 99, int)
#define TIOCSCTTY   _IOW('t', 97, int) /* 1: steal */
#define TIOCNOTTY   _IO('t', 113)
#define TIOCFLUSH   _IOW('t', 16, int) /* FREAD | FWRITE */
#define TIOCDRAIN   _IO('t', 94)
#define TIOCOUTQ    _IOR('t', 115, int)
#define TIOCSTI	    _IOW('t', 114, char)
#define TIOCSTOP    _IO('t', 111)
#define TIOCSTART   _IO('t', 110)
#define TIOCSBRK    _IO('t', 123)
#define TIOCCBRK    _IO('t', 122)
#define TIOCEXCL    _IO('t', 13)
#define TIOCNXCL    _IO('t', 14)
#define TIOCGPTN    _IOR('t', 15, int) /* ptmx: number of the slave */
#define TIOCSPTLCK  _IOW('t', 23, int) /* ptmx: lock (1) or unlock (0) */
#define TIOCPKT	    _IOW('t', 112, int)
#define TIOCGPTPEER _IOWR('t', 24, int) /* in: open flags; out: descriptor */
#define TIOCGPTLCK  _IOR('t', 25, int)
#define TIOCGPKT    _IOR('t', 26, int)
#define TIOCGEXCL   _IOR('t', 27, int)
/* First byte of a read in packet mode: 0 is data, else what happened. */
#define TIOCPKT_DATA	   0x00
#define TIOCPKT_FLUSHREAD  0x01
#define TIOCPKT_FLUSHWRITE 0x02
#define TIOCPKT_STOP	   0x04
#define TIOCPKT_START	   0x08
#define TIOCPKT_NOSTOP	   0x10
#define TIOCPKT_DOSTOP	   0x20
#define TIOCPKT_IOCTL	   0x40

struct tty_ops {
	/* Output became available: drain with tty_output_take. */
	void (*to_start)(struct tty *tp);
	void (*to_param)(struct tty *tp); /* termios changed */
	void (*to_close)(struct tty *tp); /* last close */
	void (*to_winsize)(struct tty *tp);
	void (*to_unblock)(struct tty *tp); /* there is input space again */
	void (*to_free)(struct tty *tp);    /* the memory goes: free tt_data */
};

struct tty *tty_create(const struct tty_ops *ops, void *data);
void tty_destroy(struct tty *tp);
/* From the driver; any context but under spin locks. */
void tty_input(struct tty *tp, const uint8_t *buf, size_t len);
void tty_hangup(struct tty *tp); /* carrier lost: SIGHUP, EIO afterwards */
size_t tty_output_take(struct tty *tp, uint8_t *buf, size_t max);
size_t tty_input_space(struct tty *tp);
/* (proctree) the session leader exits: revoke and SIGHUP the foreground. */
void tty_session_exit(struct session *s);
/* The dev_t of a controlling terminal for procfs; 0 if NULL. */
dev_t tty_dev(struct tty *tp);
pid_t tty_pgid(struct tty *tp);

#endif
