/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux ioctls: terminals, disks and the few that every file knows.
 *
 * Plain ones are rows of a table (number, native number, bytes in and out);
 * termios is translated bit by bit through tables; the rest has a function each.
 */
#include "linux_var.h"
#include <sys/disk.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/tty.h>

enum {
	L_BLKROGET = 0x125e,
	L_BLKFLSBUF = 0x1261,
	L_BLKSSZGET = 0x1268,
	L_TCGETS = 0x5401,
	L_TCSETS,
	L_TCSETSW,
	L_TCSETSF,
	L_TCGETA,
	L_TCSETA,
	L_TCSETAW,
	L_TCSETAF,
	L_TCSBRK,
	L_TCXONC,
	L_TCFLSH,
	L_TIOCEXCL,
	L_TIOCNXCL,
	L_TIOCSCTTY,
	L_TIOCGPGRP,
	L_TIOCSPGRP,
	L_TIOCOUTQ,
	L_TIOCSTI,
	L_TIOCGWINSZ,
	L_TIOCSWINSZ,
	L_TIOCGSOFTCAR = 0x5419,
	L_TIOCSSOFTCAR,
	L_FIONREAD,
	L_TIOCPKT = 0x5420,
	L_FIONBIO,
	L_TIOCNOTTY,
	L_TIOCSETD,
	L_TIOCGETD,
	L_TCSBRKP,
	L_TIOCSBRK = 0x5427,
	L_TIOCCBRK,
	L_TIOCGSID,
	L_TIOCGPTPEER = 0x5441,
	L_TIOCGLCKTRMIOS = 0x5456,
	L_TIOCSLCKTRMIOS,
	L_FIONCLEX = 0x5450,
	L_FIOCLEX,
	L_FIOASYNC,
};
/* The group of a seccomp listener's. */
#define L_LISTENERS 0x21u
/* Of sockets; the two pairs are one. */
#define L_FIOSETOWN 0x8901u
#define L_SIOCSPGRP 0x8902u
#define L_FIOGETOWN 0x8903u
#define L_SIOCGPGRP 0x8904u

#define L_TCGETS2      0x802c542au
#define L_TCSETS2      0x402c542bu
#define L_TCSETSW2     0x402c542cu
#define L_TCSETSF2     0x402c542du
#define L_TIOCGPTN     0x80045430u
#define L_TIOCGPKT     0x80045438u
#define L_TIOCGPTLCK   0x80045439u
#define L_TIOCSPTLCK   0x40045431u
#define L_BLKGETSIZE64 0x80081272u

/* --- termios ------------------------------------------------------------------------- */

static const struct flagmap iflag_map[] = {
    {0x0001, IGNBRK},
    {0x0002, BRKINT},
    {0x0004, IGNPAR},
    {0x0008, PARMRK},
    {0x0010, INPCK},
    {0x0020, ISTRIP},
    {0x0040, INLCR},
    {0x0080, IGNCR},
    {0x0100, ICRNL},
    {0x0400, IXON},
    {0x0800, IXANY},
    {0x1000, IXOFF},
    {0x2000, IMAXBEL},
    {0x4000, IUTF8},
};
static const struct flagmap oflag_map[] = {
    {0x0001, OPOST},
    {0x0004, ONLCR},
    {0x0008, OCRNL},
    {0x0010, ONOCR},
    {0x0020, ONLRET},
    {0x1800, OXTABS},
};
static const struct flagmap cflag_map[] = {
    {0x0040, CSTOPB},
    {0x0080, CREAD},
    {0x0100, PARENB},
    {0x0200, PARODD},
    {0x0400, HUPCL},
    {0x0800, CLOCAL},
};
#define L_CSIZE	      0x30
#define L_CSIZE_SHIFT 4
#define N_CSIZE_SHIFT 8
#define L_CBAUD	      0x100f
#define L_BOTHER      0x1000
static const struct flagmap lflag_map[] = {
    {0x00001, ISIG},
    {0x00002, ICANON},
    {0x00008, ECHO},
    {0x00010, ECHOE},
    {0x00020, ECHOK},
    {0x00040, ECHONL},
    {0x00080, NOFLSH},
    {0x00100, TOSTOP},
    {0x00200, ECHOCTL},
    {0x00400, ECHOPRT},
    {0x00800, ECHOKE},
    {0x01000, FLUSHO},
    {0x04000, PENDIN},
    {0x08000, IEXTEN},
    {0x10000, EXTPROC},
};

/* Native place of each of Linux's control characters; 0xff: none. */
static const uint8_t cc_map[LINUX_NCCS] = {VINTR, VQUIT, VERASE, VKILL, VEOF,
    VTIME, VMIN, 0xff, VSTART, VSTOP, VSUSP, VEOL, VREPRINT, VDISCARD, VWERASE,
    VLNEXT, VEOL2, 0xff, 0xff};

/* Speeds by code; from L_BOTHER + 1 on: the second half. */
static const uint32_t speeds_low[] = {0, 50, 75, 110, 134, 150, 200, 300, 600,
    1200, 1800, 2400, 4800, 9600, 19200, 38400};
static const uint32_t speeds_high[] = {0, 57600, 115200, 230400, 460800, 500000,
    576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000,
    3500000, 4000000};

static uint32_t
speed_in(uint32_t cflag)
{
	uint32_t c = cflag & L_CBAUD;

	return ((c & L_BOTHER) != 0 ? speeds_high[c & 15] : speeds_low[c]);
}

static uint32_t
speed_out(uint32_t speed)
{
	for (uint32_t i = 0; i < nitems(speeds_low); i++)
		if (speeds_low[i] == speed)
			return (i);
	for (uint32_t i = 1; i < nitems(speeds_high); i++)
		if (speeds_high[i] == speed)
			return (L_BOTHER | i);
	return (L_BOTHER);
}

#define MAP(v, m)   (tcflag_t) flags_in(m, nitems(m), v, NULL)
#define UNMAP(v, m) (uint32_t) flags_out(m, nitems(m), v)

/* cur: what the terminal has; characters Linux does not know stay. */
static void
termios_in(const struct linux_termios *l, struct termios *t)
{
	uint8_t c;

	t->c_iflag = MAP(l->c_iflag, iflag_map);
	t->c_oflag = MAP(l->c_oflag, oflag_map);
	t->c_lflag = MAP(l->c_lflag, lflag_map);
	t->c_cflag = MAP(l->c_cflag, cflag_map) |
	    ((l->c_cflag & L_CSIZE) >> L_CSIZE_SHIFT) << N_CSIZE_SHIFT;
	for (int i = 0; i < LINUX_NCCS; i++) {
		if (cc_map[i] == 0xff)
			continue;
		c = l->c_cc[i];
		if (c == 0 && cc_map[i] != VMIN && cc_map[i] != VTIME)
			c = _POSIX_VDISABLE;
		t->c_cc[cc_map[i]] = c;
	}
	if ((l->c_cflag & L_CBAUD) != L_BOTHER)
		t->c_ispeed = t->c_ospeed = speed_in(l->c_cflag);
}

static void
termios_out(const struct termios *t, struct linux_termios *l)
{
	uint8_t c;

	memset(l, 0, sizeof(*l));
	l->c_iflag = UNMAP(t->c_iflag, iflag_map);
	l->c_oflag = UNMAP(t->c_oflag, oflag_map);
	l->c_lflag = UNMAP(t->c_lflag, lflag_map);
	l->c_cflag = UNMAP(t->c_cflag, cflag_map) | speed_out(t->c_ospeed) |
	    ((t->c_cflag & CSIZE) >> N_CSIZE_SHIFT) << L_CSIZE_SHIFT;
	for (int i = 0; i < LINUX_NCCS; i++) {
		if (cc_map[i] == 0xff)
			continue;
		c = t->c_cc[cc_map[i]];
		if (c == _POSIX_VDISABLE && cc_map[i] != VMIN &&
		    cc_map[i] != VTIME)
			c = 0;
		l->c_cc[i] = c;
	}
}

static int
tty_get(int fd, uaddr_t to, bool two)
{
	struct linux_termios2 l;
	struct termios t;
	int error = kern_ioctl(fd, TIOCGETA, &t);

	if (error != 0)
		return (error);
	memset(&l, 0, sizeof(l));
	termios_out(&t, &l.t);
	l.c_ispeed = t.c_ispeed;
	l.c_ospeed = t.c_ospeed;
	return (copyout(&l, to, two ? sizeof(l) : sizeof(l.t)));
}

static int
tty_set(int fd, uaddr_t from, bool two, uint64_t native)
{
	struct linux_termios2 l;
	struct termios t;
	int error = kern_ioctl(fd, TIOCGETA, &t);

	if (error == 0)
		error = copyin(from, &l, two ? sizeof(l) : sizeof(l.t));
	if (error != 0)
		return (error);
	termios_in(&l.t, &t);
	if (two && (l.t.c_cflag & L_CBAUD) == L_BOTHER) {
		t.c_ispeed = l.c_ispeed;
		t.c_ospeed = l.c_ospeed;
	}
	return (kern_ioctl(fd, native, &t));
}

/* The older form has the low halves of the flags and 8 characters. */
static int
tty_get_old(int fd, uaddr_t to)
{
	struct linux_termios l;
	struct linux_termio o;
	struct termios t;
	int error = kern_ioctl(fd, TIOCGETA, &t);

	if (error != 0)
		return (error);
	termios_out(&t, &l);
	memset(&o, 0, sizeof(o));
	o.c_iflag = (uint16_t)l.c_iflag;
	o.c_oflag = (uint16_t)l.c_oflag;
	o.c_cflag = (uint16_t)l.c_cflag;
	o.c_lflag = (uint16_t)l.c_lflag;
	memcpy(o.c_cc, l.c_cc, LINUX_NCC);
	return (copyout(&o, to, sizeof(o)));
}

static int
tty_set_old(int fd, uaddr_t from, uint64_t native)
{
	struct linux_termios l;
	struct linux_termio o;
	struct termios t;
	int error = kern_ioctl(fd, TIOCGETA, &t);

	if (error == 0)
		error = copyin(from, &o, sizeof(o));
	if (error != 0)
		return (error);
	termios_out(&t, &l);
	l.c_iflag = (l.c_iflag & 0xffff0000u) | o.c_iflag;
	l.c_oflag = (l.c_oflag & 0xffff0000u) | o.c_oflag;
	l.c_cflag = (l.c_cflag & 0xffff0000u) | o.c_cflag;
	l.c_lflag = (l.c_lflag & 0xffff0000u) | o.c_lflag;
	memcpy(l.c_cc, o.c_cc, LINUX_NCC);
	termios_in(&l, &t);
	return (kern_ioctl(fd, native, &t));
}

/* --- others -------------------------------------------------------------------------------- */

/* TCFLSH: 0 input, 1 output, 2 both. */
static int
tty_flush(int fd, uint64_t which)
{
	static const int bits[] = {FREAD, FWRITE, FREAD | FWRITE};
	int arg;

	if (which > 2)
		return (EINVAL);
	arg = bits[which];
	return (kern_ioctl(fd, TIOCFLUSH, &arg));
}

/* TCXONC: stop and start output; the two on input are characters to send. */
static int
tty_flow(int fd, uint64_t action)
{
	switch (action) {
	case 0:
		return (kern_ioctl(fd, TIOCSTOP, NULL));
	case 1:
		return (kern_ioctl(fd, TIOCSTART, NULL));
	case 2:
	case 3:
		return (0);
	default:
		return (EINVAL);
	}
}

/* TCSBRK with a nonzero argument is tcdrain. */
static int
tty_break(int fd, uint64_t arg)
{
	int error = kern_ioctl(fd, TIOCDRAIN, NULL);

	if (error != 0 || arg != 0)
		return (error);
	if ((error = kern_ioctl(fd, TIOCSBRK, NULL)) != 0)
		return (error);
	return (kern_ioctl(fd, TIOCCBRK, NULL));
}

/* No mode is ever locked: the locks read as none, and only none may be set. */
static int
tty_locks(int fd, bool set, uaddr_t data)
{
	static const struct linux_termios none;
	struct linux_termios l;
	struct termios t;
	int error = kern_ioctl(fd, TIOCGETA, &t);

	if (error != 0)
		return (error);
	if (!set)
		return (copyout(&none, data, sizeof(none)));
	if ((error = copyin(data, &l, sizeof(l))) != 0)
		return (error);
	return (memcmp(&l, &none, sizeof(l)) != 0 ? EINVAL : 0);
}

/* "Soft carrier" is the flag CLOCAL. */
static int
tty_soft_carrier(int fd, bool set, uaddr_t data)
{
	struct termios t;
	uint32_t on;
	int error = kern_ioctl(fd, TIOCGETA, &t);

	if (error != 0)
		return (error);
	if (!set)
		return (copyout_u32((t.c_cflag & CLOCAL) != 0, data));
	if ((error = copyin(data, &on, sizeof(on))) != 0)
		return (error);
	t.c_cflag = (t.c_cflag & ~(tcflag_t)CLOCAL) | (on != 0 ? CLOCAL : 0);
	return (kern_ioctl(fd, TIOCSETA, &t));
}

static int
tty_get_discipline(int fd, uaddr_t to)
{
	struct winsize ws;
	int error = kern_ioctl(fd, TIOCGWINSZ, &ws);

	return (error != 0 ? error : copyout_u32(0, to));
}

static int
tty_peer(int fd, uint64_t oflags, uint64_t *resp)
{
	int arg = linux_open_flags((int)oflags);
	int error = kern_ioctl(fd, TIOCGPTPEER, &arg);

	*resp = (uint64_t)arg;
	return (error);
}

/* The argument is the value itself, not an address. */
static int
tty_by_value(int fd, uint64_t native, uint64_t value)
{
	int arg = (int)value;

	return (kern_ioctl(fd, native, &arg));
}

/* Plain rows: bytes come from the program (IOC_IN) or go to it (IOC_OUT). */
static const struct {
	uint32_t lnx;
	uint64_t native;
} plain[] = {
    {L_TIOCEXCL, TIOCEXCL},
    {L_TIOCNXCL, TIOCNXCL},
    {L_TIOCGPGRP, TIOCGPGRP},
    {L_TIOCSPGRP, TIOCSPGRP},
    {L_TIOCOUTQ, TIOCOUTQ},
    {L_TIOCSTI, TIOCSTI},
    {L_TIOCGWINSZ, TIOCGWINSZ},
    {L_TIOCSWINSZ, TIOCSWINSZ},
    {L_FIONREAD, FIONREAD},
    {L_FIONBIO, FIONBIO},
    {L_FIOASYNC, FIOASYNC},
    {L_TIOCPKT, TIOCPKT},
    {L_TIOCNOTTY, TIOCNOTTY},
    {L_TIOCSBRK, TIOCSBRK},
    {L_TIOCCBRK, TIOCCBRK},
    {L_TIOCGSID, TIOCGSID},
    {L_TIOCGPTN, TIOCGPTN},
    {L_TIOCSPTLCK, TIOCSPTLCK},
    {L_TIOCGPKT, TIOCGPKT},
    {L_TIOCGPTLCK, TIOCGPTLCK},
    {L_BLKROGET, DIOCGREADONLY},
    {L_BLKFLSBUF, DIOCGFLUSH},
    {L_BLKSSZGET, DIOCGSECTORSIZE},
    {L_BLKGETSIZE64, DIOCGMEDIASIZE},
};

static int
ioctl_plain(int fd, uint64_t native, uaddr_t data)
{
	uint8_t buf[sizeof(struct winsize)] = {0};
	size_t len = IOCPARM_LEN(native);
	int error = 0;

	KASSERT(len <= sizeof(buf), ("ioctl %lx: %zu bytes", native, len));
	if ((native & IOC_IN) != 0)
		error = copyin(data, buf, len);
	if (error == 0)
		error = kern_ioctl(fd, native, buf);
	if (error == 0 && (native & IOC_OUT) != 0)
		error = copyout(buf, data, len);
	return (error);
}

/* The owner of a socket's signals: what fcntl calls so. */
static int
socket_owner(int fd, bool set, uaddr_t data)
{
	struct file *fp;
	int32_t who = 0;
	int64_t res = 0;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	error = fp->f_type == DTYPE_SOCKET ? 0 : ENOTTY;
	file_drop(fp);
	if (error == 0 && set)
		error = copyin(data, &who, sizeof(who));
	if (error == 0)
		error = kern_fcntl(fd, set ? F_SETOWN : F_GETOWN, who, &res);
	who = (int32_t)res;
	return (error != 0 || set ? error : copyout(&who, data, sizeof(who)));
}

int
linux_ioctl(struct lwp *lp, const struct linux_ioctl_args *uap, uint64_t *resp)
{
	int fd = uap->fd;

	for (size_t i = 0; i < nitems(plain); i++)
		if (plain[i].lnx == uap->cmd)
			return (ioctl_plain(fd, plain[i].native, uap->data));
	switch (uap->cmd) {
	case L_TCGETS:
		return (tty_get(fd, uap->data, false));
	case L_TCSETS:
		return (tty_set(fd, uap->data, false, TIOCSETA));
	case L_TCSETSW:
		return (tty_set(fd, uap->data, false, TIOCSETAW));
	case L_TCSETSF:
		return (tty_set(fd, uap->data, false, TIOCSETAF));
	case L_TCGETA:
		return (tty_get_old(fd, uap->data));
	case L_TCSETA:
		return (tty_set_old(fd, uap->data, TIOCSETA));
	case L_TCSETAW:
		return (tty_set_old(fd, uap->data, TIOCSETAW));
	case L_TCSETAF:
		return (tty_set_old(fd, uap->data, TIOCSETAF));
	case L_TCGETS2:
		return (tty_get(fd, uap->data, true));
	case L_TCSETS2:
		return (tty_set(fd, uap->data, true, TIOCSETA));
	case L_TCSETSW2:
		return (tty_set(fd, uap->data, true, TIOCSETAW));
	case L_TCSETSF2:
		return (tty_set(fd, uap->data, true, TIOCSETAF));
	case L_TIOCSCTTY:
		return (tty_by_value(fd, TIOCSCTTY, uap->data));
	case L_TCFLSH:
		return (tty_flush(fd, uap->data));
	case L_TCXONC:
		return (tty_flow(fd, uap->data));
	case L_TCSBRK:
	case L_TCSBRKP:
		return (tty_break(fd, uap->data));
	case L_TIOCGLCKTRMIOS:
	case L_TIOCSLCKTRMIOS:
		return (tty_locks(fd, uap->cmd == L_TIOCSLCKTRMIOS, uap->data));
	case L_TIOCGSOFTCAR:
	case L_TIOCSSOFTCAR:
		return (tty_soft_carrier(
		    fd, uap->cmd == L_TIOCSSOFTCAR, uap->data));
	case L_TIOCGETD:
		return (tty_get_discipline(fd, uap->data));
	case L_TIOCGPTPEER:
		return (tty_peer(fd, uap->data, resp));
	case L_FIOSETOWN:
	case L_SIOCSPGRP:
	case L_FIOGETOWN:
	case L_SIOCGPGRP:
		return (socket_owner(fd, uap->cmd <= L_SIOCSPGRP, uap->data));
	case L_FIOCLEX:
		return (fd_flags_set(fd, FDF_CLOEXEC));
	case L_FIONCLEX:
		return (fd_flags_set(fd, 0));
	default:
		/* EBADF comes before ENOTTY. */
		if (((uap->cmd >> 8) & 0xff) == L_LISTENERS)
			return (
			    linux_seccomp_ioctl(fd, uap->cmd, uap->data, resp));
		return (kern_ioctl(fd, 0, NULL) == EBADF ? EBADF : ENOTTY);
	}
}
