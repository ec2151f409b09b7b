/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input half of the line discipline: mapping, signals, flow control, line
 * editing, echo.  POSIX chapter 11 (General Terminal Interface) is the
 * specification; extensions are those of BSD.  All functions want tt_lock.
 */
#include <sys/systm.h>
#include <sys/ktr.h>
#include <sys/proc.h>

#include "tty_var.h"

#define TTY_MASK      (TTY_IN_BYTES - 1)
#define TTY_HIGHWATER (TTY_IN_BYTES * 3 / 4) /* IXOFF sends STOP */
#define TTY_LOWWATER  (TTY_IN_BYTES / 4)     /* and START */

static uint8_t
in_byte(const struct tty *tp, uint32_t pos)
{
	return (tp->tt_in[pos & TTY_MASK]);
}

static uint8_t
in_flags(const struct tty *tp, uint32_t pos)
{
	return (tp->tt_inflags[pos & TTY_MASK]);
}

/* --- the queue ------------------------------------------------------------------ */

void
tty_in_flush(struct tty *tp)
{
	tp->tt_in_head = tp->tt_in_canon = tp->tt_in_tail;
	tp->tt_nlines = 0;
	tp->tt_lnext = false;
	tp->tt_pktbits |= TIOCPKT_FLUSHREAD;
	tty_unthrottle(tp);
}

/* ICANON was switched: what is queued becomes readable either way. */
void
tty_canon_changed(struct tty *tp)
{
	tp->tt_lnext = false;
	tp->tt_in_canon = tp->tt_in_tail;
	if (!tty_lflag(tp, ICANON) || tty_in_count(tp) == 0)
		return;
	if ((in_flags(tp, tp->tt_in_tail - 1) & (TQ_DELIM | TQ_EOF)) != 0)
		return;
	tp->tt_inflags[(tp->tt_in_tail - 1) & TTY_MASK] |= TQ_DELIM;
	tp->tt_nlines++;
}

/* Would a read get something?  For poll VMIN counts when VTIME is 0. */
bool
tty_readable(struct tty *tp, bool for_poll)
{
	const uint8_t *cc = tp->tt_termios.c_cc;
	uint32_t want = 1;

	if (tty_lflag(tp, ICANON))
		return (tp->tt_nlines > 0);
	if (for_poll && cc[VTIME] == 0 && cc[VMIN] > 1)
		want = cc[VMIN];
	return (tty_in_count(tp) >= want);
}

/* The queue was emptied some: let the sender go on. */
void
tty_unthrottle(struct tty *tp)
{
	if (tty_in_count(tp) <= TTY_LOWWATER)
		wakeup(&tp->tt_in_head);
	if ((tp->tt_flags & TTF_THROTTLE) != 0 &&
	    tty_in_count(tp) <= TTY_LOWWATER) {
		tp->tt_flags &= ~TTF_THROTTLE;
		tty_out_raw(tp, tp->tt_termios.c_cc[VSTART]);
	}
}

static void
in_throttle(struct tty *tp)
{
	if (tty_iflag(tp, IXOFF) && (tp->tt_flags & TTF_THROTTLE) == 0 &&
	    tty_in_count(tp) >= TTY_HIGHWATER) {
		tp->tt_flags |= TTF_THROTTLE;
		tty_out_raw(tp, tp->tt_termios.c_cc[VSTOP]);
	}
}

/* False (and a bell) if there is no room; one byte is kept for a delimiter. */
static bool
in_put(struct tty *tp, uint8_t c, uint8_t flags)
{
	uint32_t room = TTY_IN_BYTES - tty_in_count(tp);
	bool delim = (flags & (TQ_DELIM | TQ_EOF)) != 0;

	if (room == 0 || (room == 1 && !delim && tty_lflag(tp, ICANON))) {
		if (tty_iflag(tp, IMAXBEL))
			tty_out_raw(tp, '\a');
		return (false);
	}
	if (tp->tt_in_tail == tp->tt_in_canon)
		tp->tt_edit_column = tp->tt_column;
	tp->tt_in[tp->tt_in_tail & TTY_MASK] = c;
	tp->tt_inflags[tp->tt_in_tail & TTY_MASK] = flags;
	tp->tt_in_tail++;
	if (delim)
		tp->tt_nlines++;
	if (delim || !tty_lflag(tp, ICANON))
		tp->tt_in_canon = tp->tt_in_tail;
	in_throttle(tp);
	return (true);
}

/* --- line editing ----------------------------------------------------------------- */

/* Column of the cursor after the edited bytes up to pos were echoed. */
static uint32_t
edit_column(const struct tty *tp, uint32_t pos)
{
	uint32_t col = tp->tt_edit_column;

	for (uint32_t i = tp->tt_in_canon; i != pos; i++) {
		uint8_t c = in_byte(tp, i);

		if (c == '\t' && (in_flags(tp, i) & TQ_QUOTE) == 0)
			col = (col | 7) + 1;
		else if (c < 0x20 || c == 0x7f)
			col += tty_lflag(tp, ECHOCTL) ? 2 : 0;
		else if (!tty_iflag(tp, IUTF8) || (c & 0xc0) != 0x80)
			col++;
	}
	return (col);
}

/* Start of the character that ends before pos: a UTF-8 sequence is one. */
static uint32_t
edit_char_start(const struct tty *tp, uint32_t pos)
{
	uint32_t start = pos - 1;

	while (tty_iflag(tp, IUTF8) && start != tp->tt_in_canon &&
	    (in_byte(tp, start) & 0xc0) == 0x80)
		start--;
	return (start);
}

/* Forget the bytes from newtail on, and wipe them from the screen. */
static void
edit_truncate(struct tty *tp, uint32_t newtail, bool wipe)
{
	uint32_t from = edit_column(tp, tp->tt_in_tail);
	uint32_t to = edit_column(tp, newtail);

	tp->tt_in_tail = newtail;
	if (!wipe)
		return;
	for (; from > to; from--) {
		tty_out_char(tp, '\b');
		tty_out_raw(tp, ' ');
		tty_out_raw(tp, '\b');
	}
}

static bool
edit_wipes(const struct tty *tp)
{
	return (tty_lflag(tp, ECHO) && tty_lflag(tp, ECHOE));
}

static void
edit_erase(struct tty *tp, uint8_t c)
{
	if (tp->tt_in_tail == tp->tt_in_canon)
		return;
	edit_truncate(tp, edit_char_start(tp, tp->tt_in_tail), edit_wipes(tp));
	if (tty_lflag(tp, ECHO) && !tty_lflag(tp, ECHOE))
		tty_echo(tp, c, false);
}

static bool
edit_is_blank(uint8_t c)
{
	return (c == ' ' || c == '\t');
}

static bool
edit_is_word(uint8_t c)
{
	return (c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c >= 0x80);
}

/* Blanks, then a run of non-blanks; with ALTWERASE of one class only. */
static void
edit_werase(struct tty *tp, uint8_t c)
{
	uint32_t pos = tp->tt_in_tail;
	bool alt = tty_lflag(tp, ALTWERASE), word;

	while (pos != tp->tt_in_canon && edit_is_blank(in_byte(tp, pos - 1)))
		pos--;
	if (pos != tp->tt_in_canon) {
		word = edit_is_word(in_byte(tp, pos - 1));
		while (pos != tp->tt_in_canon &&
		    !edit_is_blank(in_byte(tp, pos - 1)) &&
		    (!alt || edit_is_word(in_byte(tp, pos - 1)) == word))
			pos--;
	}
	edit_truncate(tp, pos, edit_wipes(tp));
	if (tty_lflag(tp, ECHO) && !tty_lflag(tp, ECHOE))
		tty_echo(tp, c, false);
}

static void
edit_kill(struct tty *tp, uint8_t c)
{
	bool wipe = edit_wipes(tp) && tty_lflag(tp, ECHOKE);

	edit_truncate(tp, tp->tt_in_canon, wipe);
	if (wipe || !tty_lflag(tp, ECHO))
		return;
	tty_echo(tp, c, false);
	if (tty_lflag(tp, ECHOK))
		tty_out_char(tp, '\n');
}

static void
edit_reprint(struct tty *tp, uint8_t c)
{
	if (!tty_lflag(tp, ECHO))
		return;
	tty_echo(tp, c, false);
	tty_out_char(tp, '\n');
	tp->tt_edit_column = tp->tt_column;
	for (uint32_t i = tp->tt_in_canon; i != tp->tt_in_tail; i++)
		tty_echo(tp, in_byte(tp, i), (in_flags(tp, i) & TQ_QUOTE) != 0);
}

/* Show that the next byte is quoted: a caret the cursor stands on. */
static void
edit_lnext(struct tty *tp)
{
	tp->tt_lnext = true;
	if (tty_lflag(tp, ECHO) && tty_lflag(tp, ECHOCTL)) {
		tty_out_raw(tp, '^');
		tty_out_raw(tp, '\b');
	}
}

/* An editing key?  Then it is done. */
static bool
edit_key(struct tty *tp, uint8_t c)
{
	bool ext = tty_lflag(tp, IEXTEN);

	if (tty_is_cc(tp, VERASE, c) || (ext && tty_is_cc(tp, VERASE2, c)))
		edit_erase(tp, c);
	else if (tty_is_cc(tp, VKILL, c))
		edit_kill(tp, c);
	else if (ext && tty_is_cc(tp, VWERASE, c))
		edit_werase(tp, c);
	else if (ext && tty_is_cc(tp, VREPRINT, c))
		edit_reprint(tp, c);
	else if (ext && tty_is_cc(tp, VLNEXT, c))
		edit_lnext(tp);
	else
		return (false);
	return (true);
}

/* --- one byte ---------------------------------------------------------------------- */

/* A byte for the queue, with its echo. */
static void
in_data(struct tty *tp, uint8_t c, uint8_t flags)
{
	bool nl = c == '\n' && (flags & TQ_QUOTE) == 0;

	if (!in_put(tp, c, flags) || (flags & TQ_EOF) != 0)
		return;
	if (tty_lflag(tp, ECHO) ||
	    (nl && tty_lflag(tp, ECHONL) && tty_lflag(tp, ICANON)))
		tty_echo(tp, c, (flags & TQ_QUOTE) != 0);
}

static void
in_canonical(struct tty *tp, uint8_t c)
{
	bool ext = tty_lflag(tp, IEXTEN);

	if (edit_key(tp, c))
		return;
	if (tty_is_cc(tp, VEOF, c))
		in_data(tp, c, TQ_EOF);
	else if (c == '\n' || tty_is_cc(tp, VEOL, c) ||
	    (ext && tty_is_cc(tp, VEOL2, c)))
		in_data(tp, c, TQ_DELIM);
	else
		in_data(tp, c, 0);
}

/* STOP and START; true if c was one. */
static bool
in_flow(struct tty *tp, uint8_t c)
{
	bool stop = tty_is_cc(tp, VSTOP, c), start = tty_is_cc(tp, VSTART, c);
	bool stopped = (tp->tt_flags & TTF_STOPPED) != 0;

	if (!tty_iflag(tp, IXON))
		return (false);
	if (stop && (!start || !stopped)) {
		tp->tt_flags |= TTF_STOPPED;
		tp->tt_pktbits |= TIOCPKT_STOP;
		return (true);
	}
	if (start || (stopped && tty_iflag(tp, IXANY))) {
		tp->tt_flags &= ~TTF_STOPPED;
		tp->tt_pktbits |= TIOCPKT_START;
	}
	return (start);
}

/* The signal c stands for, or 0. */
static int
in_signal_of(struct tty *tp, uint8_t c)
{
	if (!tty_lflag(tp, ISIG))
		return (0);
	if (tty_is_cc(tp, VINTR, c))
		return (SIGINT);
	if (tty_is_cc(tp, VQUIT, c))
		return (SIGQUIT);
	if (tty_is_cc(tp, VSUSP, c))
		return (SIGTSTP);
	if (tty_lflag(tp, IEXTEN) && tty_is_cc(tp, VSTATUS, c))
		return (SIGINFO);
	return (0);
}

static void
in_signal(struct tty *tp, uint8_t c, int sig)
{
	if (!tty_lflag(tp, NOFLSH) && sig != SIGINFO) {
		tty_in_flush(tp);
		if (sig != SIGTSTP)
			tty_out_flush(tp);
	}
	tp->tt_flags &= ~TTF_STOPPED;
	if (tty_lflag(tp, ECHO))
		tty_echo(tp, c, false);
	tp->tt_pending_sig = (uint8_t)sig;
	KTR_EVENT(TTY, isig, "tty=%p sig=%d", KTRP(tp), sig);
}

/* CR and NL mapping.  False if the byte disappears. */
static bool
in_map(struct tty *tp, uint8_t *cp)
{
	if (*cp == '\r') {
		if (tty_iflag(tp, IGNCR))
			return (false);
		if (tty_iflag(tp, ICRNL))
			*cp = '\n';
	} else if (*cp == '\n' && tty_iflag(tp, INLCR)) {
		*cp = '\r';
	}
	return (true);
}

static void
in_one(struct tty *tp, uint8_t c)
{
	int sig;

	if (tty_iflag(tp, ISTRIP))
		c &= 0x7f;
	if (tp->tt_lnext) {
		tp->tt_lnext = false;
		in_data(tp, c, TQ_QUOTE);
		return;
	}
	if (!tty_lflag(tp, EXTPROC)) {
		sig = in_signal_of(tp, c);
		if (sig != 0) {
			in_signal(tp, c, sig);
			return;
		}
		if (in_flow(tp, c))
			return;
	}
	if (!in_map(tp, &c))
		return;
	/* PARMRK: a true 0xff is doubled, so 0xff 0x00 can mark errors. */
	if (c == 0xff && tty_iflag(tp, PARMRK) && !tty_iflag(tp, ISTRIP))
		(void)in_put(tp, 0xff, 0);
	if (tty_lflag(tp, ICANON) && !tty_lflag(tp, EXTPROC))
		in_canonical(tp, c);
	else
		in_data(tp, c, 0);
}

/*
 * Process bytes until all are used or one generated a signal, which must be
 * sent before the rest.  True if a reader may find something new.
 */
bool
tty_input_one_run(struct tty *tp, const uint8_t *buf, size_t len, size_t *usedp)
{
	uint32_t canon = tp->tt_in_canon;
	size_t i = 0;

	LOCK_ASSERT_EXCL(&tp->tt_lock);
	if ((tp->tt_flags & TTF_GONE) != 0 ||
	    (tp->tt_termios.c_cflag & CREAD) == 0) {
		*usedp = len;
		return (false);
	}
	while (i < len && tp->tt_pending_sig == 0)
		in_one(tp, buf[i++]);
	*usedp = i;
	return (tp->tt_in_canon != canon);
}
