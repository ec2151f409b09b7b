/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading from a terminal: whole lines in canonical mode; else by VMIN and
 * VTIME, whose four cases are
 *
 *	MIN > 0, TIME > 0	the timer runs between bytes, after the first
 *	MIN > 0, TIME = 0	wait for MIN bytes (or as many as were asked)
 *	MIN = 0, TIME > 0	wait for one byte, at most TIME
 *	MIN = 0, TIME = 0	take what is there
 */
#include <sys/systm.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/uio.h>

#include "tty_var.h"

#define TTY_MASK (TTY_IN_BYTES - 1)
#define TTY_TICK (NS_PER_SEC / 10) /* unit of VTIME */

/* (T) What FIONREAD says: bytes a read could get now. */
int
tty_bytes_readable(struct tty *tp)
{
	uint32_t n = 0;

	if (!tty_lflag(tp, ICANON))
		return ((int)tty_in_count(tp));
	for (uint32_t i = tp->tt_in_head; i != tp->tt_in_canon; i++)
		n += (tp->tt_inflags[i & TTY_MASK] & TQ_EOF) == 0;
	return ((int)n);
}

/* (T) Sleep until input arrives.  0, EWOULDBLOCK, EINTR, ERESTART. */
static int
tty_wait_input(struct tty *tp, uint32_t gen, nstime_t timeout_ns)
{
	int error;

	error = lock_sleep(
	    &tp->tt_in_tail, &tp->tt_lock, PCATCH, "ttyin", timeout_ns);
	return (tty_gen_dead(tp, gen) ? 0 : error);
}

/* (T) End of the next run to copy: up to a delimiter, max and the ring's end. */
static uint32_t
tty_run_end(struct tty *tp, uint32_t max, bool canon)
{
	uint32_t pos = tp->tt_in_head;
	uint32_t end = canon ? tp->tt_in_canon : tp->tt_in_tail;

	while (pos != end && pos - tp->tt_in_head < max) {
		uint8_t flags = tp->tt_inflags[pos & TTY_MASK];

		if (canon && (flags & TQ_EOF) != 0)
			break;
		pos++;
		if ((pos & TTY_MASK) == 0 || (canon && (flags & TQ_DELIM) != 0))
			break;
	}
	return (pos);
}

/* (T) Consume up to pos, keeping count of the delimiters. */
static void
tty_consume(struct tty *tp, uint32_t pos)
{
	for (; tp->tt_in_head != pos; tp->tt_in_head++)
		if ((tp->tt_inflags[tp->tt_in_head & TTY_MASK] &
			(TQ_DELIM | TQ_EOF)) != 0)
			tp->tt_nlines--;
}

/*
 * (T) Copy one line, or in raw mode all that is there, as far as it fits.  The
 * EOF mark ends a line: alone it makes the read return nothing.
 */
static int
tty_copy_out(struct tty *tp, struct uio *uio, bool canon)
{
	while (uio->uio_resid > 0 && tty_in_count(tp) > 0) {
		uint32_t head = tp->tt_in_head;
		uint32_t end = tty_run_end(
		    tp, (uint32_t)MIN(uio->uio_resid, TTY_IN_BYTES), canon);
		bool delim;
		int error;

		if (end == head)
			break;
		error = uiomove(&tp->tt_in[head & TTY_MASK], end - head, uio);
		if (error != 0)
			return (error);
		delim = (tp->tt_inflags[(end - 1) & TTY_MASK] & TQ_DELIM) != 0;
		tty_consume(tp, end);
		if (canon && delim)
			return (0);
	}
	/* The mark goes with the bytes it ends, even if they just fitted. */
	if (canon && tp->tt_in_head != tp->tt_in_canon &&
	    (tp->tt_inflags[tp->tt_in_head & TTY_MASK] & TQ_EOF) != 0)
		tty_consume(tp, tp->tt_in_head + 1);
	return (0);
}

/* (T) Wait for a line.  0 also when the file died meanwhile. */
static int
tty_wait_canon(struct tty *tp, uint32_t gen, bool nonblock)
{
	int error = 0;

	while (error == 0 && tty_lflag(tp, ICANON) && tp->tt_nlines == 0 &&
	    !tty_gen_dead(tp, gen)) {
		if (nonblock)
			return (EAGAIN);
		error = tty_wait_input(tp, gen, SLEEP_FOREVER);
	}
	return (error);
}

/*
 * (T) Wait as VMIN and VTIME say for a read of resid bytes.  0 when it is time
 * to copy what is there, be it nothing.
 */
static int
tty_wait_raw(struct tty *tp, uint32_t gen, size_t resid, bool nonblock)
{
	uint32_t min = tp->tt_termios.c_cc[VMIN];
	nstime_t timer = tp->tt_termios.c_cc[VTIME] * TTY_TICK;
	uint32_t want = (uint32_t)MIN(MAX(min, 1u), resid), seen;
	int error = 0;

	if (min == 0 && timer == 0)
		return (0);
	while (error == 0 && (seen = tty_in_count(tp)) < want &&
	    !tty_lflag(tp, ICANON) && !tty_gen_dead(tp, gen)) {
		nstime_t t = min > 0 && seen == 0 ? SLEEP_FOREVER : timer;

		if (nonblock)
			return (seen > 0 ? 0 : EAGAIN);
		error = tty_wait_input(tp, gen, t);
		if (error == EWOULDBLOCK && tty_in_count(tp) == seen)
			return (0);
		if (error == EWOULDBLOCK)
			error = 0; /* a byte came: the timer starts again */
	}
	return (error);
}

/* (T) Is there input space again that the driver waits for? */
static bool
tty_unblocks(struct tty *tp)
{
	bool blocked = (tp->tt_flags & TTF_BLOCKED) != 0 &&
	    tty_in_count(tp) < TTY_IN_BYTES;

	if (blocked)
		tp->tt_flags &= ~TTF_BLOCKED;
	return (blocked);
}

static int
tty_read_locked(struct tty *tp, uint32_t gen, struct uio *uio, bool nonblock)
{
	int error;

	if (tty_lflag(tp, ICANON))
		error = tty_wait_canon(tp, gen, nonblock);
	else
		error = tty_wait_raw(tp, gen, uio->uio_resid, nonblock);
	if (error != 0 || tty_gen_dead(tp, gen))
		return (error);
	error = tty_copy_out(tp, uio, tty_lflag(tp, ICANON));
	tty_unthrottle(tp);
	return (error);
}

/*
 * Without tt_lock.  0 (nothing moved: end of file, also after a hangup), EIO
 * (background read that cannot stop), ERESTART (SIGTTIN was sent), EAGAIN,
 * EINTR, EFAULT.
 */
int
tty_read(struct tty *tp, uint32_t gen, struct uio *uio, bool nonblock)
{
	size_t resid = uio->uio_resid;
	bool unblock;
	int error;

	if (tty_gen_dead(tp, gen) || resid == 0)
		return (0);
	error = tty_check_background(tp, SIGTTIN);
	if (error != 0)
		return (error);
	lock_excl(&tp->tt_lock);
	error = tty_read_locked(tp, gen, uio, nonblock);
	unblock = tty_unblocks(tp);
	lock_release(&tp->tt_lock);
	if (unblock && tp->tt_ops->to_unblock != NULL)
		tp->tt_ops->to_unblock(tp);
	tty_start(tp);
	KTR_EVENT(TTY, read, "tty=%p n=%d error=%d", KTRP(tp),
	    resid - uio->uio_resid, error);
	return (error);
}
