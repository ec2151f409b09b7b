/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to a terminal: termios, window size, queues, flow.  Those about
 * sessions and groups are in tty_job.c.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/proc.h>
#include <sys/ucred.h>

#include "tty_var.h"

/* Flags a program may set; the others stay as they are. */
#define TTY_IFLAGS                                                             \
	(IGNBRK | BRKINT | IGNPAR | PARMRK | INPCK | ISTRIP | INLCR | IGNCR |  \
	    ICRNL | IXON | IXOFF | IXANY | IMAXBEL | IUTF8)
#define TTY_OFLAGS (OPOST | ONLCR | OXTABS | ONOEOT | OCRNL | ONOCR | ONLRET)

/* Requests that change the terminal: background processes get SIGTTOU. */
static const uint64_t tty_changing[] = {TIOCSETA, TIOCSETAW, TIOCSETAF,
    TIOCSWINSZ, TIOCFLUSH, TIOCDRAIN, TIOCSTI, TIOCSTOP, TIOCSTART, TIOCSBRK,
    TIOCCBRK};

static bool
tty_is_changing(uint64_t cmd)
{
	for (size_t i = 0; i < nitems(tty_changing); i++)
		if (tty_changing[i] == cmd)
			return (true);
	return (false);
}

/* Does STOP and START have its usual meaning?  For packet mode. */
static bool
tty_stops(const struct termios *t)
{
	return ((t->c_iflag & IXON) != 0 && t->c_cc[VSTOP] == 0x13 &&
	    t->c_cc[VSTART] == 0x11);
}

/* (T) */
static void
tty_apply_termios(struct tty *tp, const struct termios *t)
{
	struct termios *cur = &tp->tt_termios;
	bool canon = ((cur->c_lflag ^ t->c_lflag) & ICANON) != 0;
	bool stops = tty_stops(cur);

	*cur = *t;
	cur->c_iflag &= TTY_IFLAGS;
	cur->c_oflag &= TTY_OFLAGS;
	if (canon)
		tty_canon_changed(tp);
	if ((cur->c_iflag & IXON) == 0)
		tp->tt_flags &= ~TTF_STOPPED;
	if (stops != tty_stops(cur))
		tp->tt_pktbits |= stops ? TIOCPKT_NOSTOP : TIOCPKT_DOSTOP;
	if ((cur->c_lflag & EXTPROC) != 0)
		tp->tt_pktbits |= TIOCPKT_IOCTL;
}

static int
tty_set_termios(
    struct tty *tp, uint32_t gen, uint64_t cmd, const struct termios *t)
{
	int error;

	if (cmd != TIOCSETA && (error = tty_drain(tp, gen)) != 0)
		return (error);
	lock_excl(&tp->tt_lock);
	if (cmd == TIOCSETAF)
		tty_in_flush(tp);
	tty_apply_termios(tp, t);
	lock_release(&tp->tt_lock);
	if (tp->tt_ops->to_param != NULL)
		tp->tt_ops->to_param(tp);
	if (cmd == TIOCSETAF && tp->tt_ops->to_unblock != NULL)
		tp->tt_ops->to_unblock(tp);
	tty_wakeup(tp, EV_IN | EV_OUT);
	tty_start(tp);
	return (0);
}

/* Set the window size and, if it changed, tell the foreground group. */
void
tty_set_winsize(struct tty *tp, const struct winsize *ws)
{
	bool changed;

	lock_excl(&tp->tt_lock);
	changed = memcmp(&tp->tt_winsize, ws, sizeof(*ws)) != 0;
	tp->tt_winsize = *ws;
	lock_release(&tp->tt_lock);
	if (changed)
		tty_signal_fg(tp, SIGWINCH);
}

/* which: FREAD, FWRITE, or 0 for both. */
static void
tty_flush(struct tty *tp, int which)
{
	lock_excl(&tp->tt_lock);
	if (which == 0 || (which & FREAD) != 0)
		tty_in_flush(tp);
	if (which == 0 || (which & FWRITE) != 0)
		tty_out_flush(tp);
	lock_release(&tp->tt_lock);
	if (tp->tt_ops->to_unblock != NULL)
		tp->tt_ops->to_unblock(tp);
	tty_wakeup(tp, EV_OUT);
}

/* Type a byte for the user: on one's own terminal, or as root. */
static int
tty_sti(struct tty *tp, uint8_t c)
{
	if (!tty_is_controlling(tp) &&
	    cred_check_cap(cred_current(), CAP_SYS_ADMIN) != 0)
		return (EACCES);
	tty_input(tp, &c, 1);
	return (0);
}

static void
tty_set_stopped(struct tty *tp, bool stop)
{
	lock_excl(&tp->tt_lock);
	if (stop && (tp->tt_flags & TTF_STOPPED) == 0)
		tp->tt_pktbits |= TIOCPKT_STOP;
	if (!stop && (tp->tt_flags & TTF_STOPPED) != 0)
		tp->tt_pktbits |= TIOCPKT_START;
	tp->tt_flags = (tp->tt_flags & ~TTF_STOPPED) | (stop ? TTF_STOPPED : 0);
	lock_release(&tp->tt_lock);
	tty_start(tp);
}

/* Requests that only read or set a field.  ENOTTY if it is not one. */
static int
tty_field_ioctl(struct tty *tp, uint64_t cmd, void *data)
{
	int error = 0;

	lock_excl(&tp->tt_lock);
	switch (cmd) {
	case TIOCGETA:
		*(struct termios *)data = tp->tt_termios;
		break;
	case TIOCGWINSZ:
		*(struct winsize *)data = tp->tt_winsize;
		break;
	case TIOCOUTQ:
		*(int *)data = (int)(tp->tt_out_tail - tp->tt_out_head);
		break;
	case FIONREAD:
		*(int *)data = tty_bytes_readable(tp);
		break;
	case FIONSPACE:
		*(int *)data = (int)tty_out_space(tp);
		break;
	case TIOCEXCL:
		tp->tt_flags |= TTF_EXCL;
		break;
	case TIOCNXCL:
		tp->tt_flags &= ~TTF_EXCL;
		break;
	case TIOCGEXCL:
		*(int *)data = (tp->tt_flags & TTF_EXCL) != 0;
		break;
	case TIOCSBRK: /* no line to hold a break on */
	case TIOCCBRK:
	case FIONBIO: /* the file layer keeps the flag */
	case FIOASYNC:
		break;
	default:
		error = ENOTTY;
		break;
	}
	lock_release(&tp->tt_lock);
	return (error);
}

/*
 * data is in kernel memory.  EIO (hung up, orphaned background process),
 * ERESTART, ENOTTY, EPERM, EACCES, EINVAL, EINTR.  Sleeps.
 */
int
tty_ioctl(struct tty *tp, uint32_t gen, uint64_t cmd, void *data)
{
	int error;

	if (tty_gen_dead(tp, gen))
		return (EIO);
	if (tty_is_changing(cmd) &&
	    (error = tty_check_background(tp, SIGTTOU)) != 0)
		return (error);
	switch (cmd) {
	case TIOCSETA:
	case TIOCSETAW:
	case TIOCSETAF:
		return (tty_set_termios(tp, gen, cmd, data));
	case TIOCSWINSZ:
		tty_set_winsize(tp, data);
		if (tp->tt_ops->to_winsize != NULL)
			tp->tt_ops->to_winsize(tp);
		return (0);
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
	case TIOCSCTTY:
	case TIOCNOTTY:
		return (tty_job_ioctl(tp, cmd, data));
	case TIOCFLUSH:
		tty_flush(tp, *(int *)data);
		return (0);
	case TIOCDRAIN:
		return (tty_drain(tp, gen));
	case TIOCSTI:
		return (tty_sti(tp, *(uint8_t *)data));
	case TIOCSTOP:
	case TIOCSTART:
		tty_set_stopped(tp, cmd == TIOCSTOP);
		return (0);
	default:
		return (tty_field_ioctl(tp, cmd, data));
	}
}
