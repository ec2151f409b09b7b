/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The output half of the line discipline: OPOST processing, echo, writing,
 * flow control.  Functions want tt_lock unless they say otherwise.
 */
#include <sys/systm.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/uio.h>

#include "tty_var.h"

/* Dropped if the queue is full. */
void
tty_out_raw(struct tty *tp, uint8_t c)
{
	if (tty_out_space(tp) == 0)
		return;
	tp->tt_out[tp->tt_out_tail & (TTY_OUT_BYTES - 1)] = c;
	tp->tt_out_tail++;
}

/* A control byte of the processed stream moves the cursor. */
static void
tty_out_control(struct tty *tp, uint8_t c)
{
	switch (c) {
	case '\n':
		if (tty_oflag(tp, ONLCR)) {
			tty_out_raw(tp, '\r');
			tp->tt_column = 0;
		}
		if (tty_oflag(tp, ONLRET))
			tp->tt_column = 0;
		break;
	case '\r':
		if (tty_oflag(tp, ONOCR) && tp->tt_column == 0)
			return;
		tp->tt_column = 0;
		if (tty_oflag(tp, OCRNL)) {
			c = '\n';
			if (!tty_oflag(tp, ONLRET))
				break;
		}
		break;
	case '\b':
		if (tp->tt_column > 0)
			tp->tt_column--;
		break;
	default:
		break;
	}
	tty_out_raw(tp, c);
}

static void
tty_out_tab(struct tty *tp)
{
	uint32_t n = 8 - (tp->tt_column & 7);

	tp->tt_column += n;
	if (!tty_oflag(tp, OXTABS)) {
		tty_out_raw(tp, '\t');
		return;
	}
	while (n-- > 0)
		tty_out_raw(tp, ' ');
}

/* One character of a program or of the echo, processed as c_oflag says. */
void
tty_out_char(struct tty *tp, uint8_t c)
{
	if (!tty_oflag(tp, OPOST)) {
		tty_out_raw(tp, c);
		return;
	}
	if (tty_oflag(tp, ONOEOT) && c == 0x04)
		return;
	if (c == '\t') {
		tty_out_tab(tp);
	} else if (c < 0x20 || c == 0x7f) {
		tty_out_control(tp, c);
	} else {
		/* UTF-8 continuation bytes take no column of their own. */
		if (!tty_iflag(tp, IUTF8) || (c & 0xc0) != 0x80)
			tp->tt_column++;
		tty_out_raw(tp, c);
	}
}

/* Does the echo of c take the form ^X? */
static bool
tty_echo_is_ctl(struct tty *tp, uint8_t c, bool quoted)
{
	if (!tty_lflag(tp, ECHOCTL))
		return (false);
	if (c == 0x7f)
		return (true);
	return (c < 0x20 && ((c != '\t' && c != '\n') || quoted));
}

void
tty_echo(struct tty *tp, uint8_t c, bool quoted)
{
	if (tty_echo_is_ctl(tp, c, quoted)) {
		tty_out_char(tp, '^');
		tty_out_char(tp, c == 0x7f ? '?' : c + '@');
	} else {
		tty_out_char(tp, c);
	}
}

/* Throw away what has not reached the driver. */
void
tty_out_flush(struct tty *tp)
{
	tp->tt_out_head = tp->tt_out_tail;
	tp->tt_pktbits |= TIOCPKT_FLUSHWRITE;
}

/* Without tt_lock: let the driver take what there is. */
void
tty_start(struct tty *tp)
{
	if (tp->tt_ops->to_start != NULL &&
	    atomic_load(&tp->tt_out_head) != atomic_load(&tp->tt_out_tail))
		tp->tt_ops->to_start(tp);
}

/* Wait for room for n bytes.  0, EAGAIN, EINTR, ERESTART, EIO. */
static int
tty_out_wait(struct tty *tp, uint32_t gen, uint32_t n, bool nonblock)
{
	int error = 0;

	LOCK_ASSERT_EXCL(&tp->tt_lock);
	while (tty_out_space(tp) < n && error == 0) {
		lock_release(&tp->tt_lock);
		tty_start(tp);
		lock_excl(&tp->tt_lock);
		if (tty_gen_dead(tp, gen))
			return (EIO);
		if (tty_out_space(tp) >= n)
			break;
		if (nonblock)
			return (EAGAIN);
		error = lock_sleep(&tp->tt_out_head, &tp->tt_lock, PCATCH,
		    "ttyout", SLEEP_FOREVER);
		if (tty_gen_dead(tp, gen))
			return (EIO);
	}
	return (error);
}

/* Process as many bytes of buf as find room; how many. */
static size_t
tty_write_chunk(struct tty *tp, const uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len && tty_out_space(tp) >= TTY_OUT_CHAR_MAX; i++)
		tty_out_char(tp, buf[i]);
	return (i);
}

#define TTY_WRITE_CHUNK 256

/* Write all of buf, waiting for room; *donep bytes were taken. */
static int
tty_write_buf(struct tty *tp, uint32_t gen, const uint8_t *buf, size_t len,
    bool nonblock, size_t *donep)
{
	int error = 0;

	*donep = 0;
	lock_excl(&tp->tt_lock);
	while (*donep < len && error == 0) {
		if (tty_gen_dead(tp, gen)) {
			error = EIO;
			break;
		}
		*donep += tty_write_chunk(tp, buf + *donep, len - *donep);
		if (*donep < len)
			error =
			    tty_out_wait(tp, gen, TTY_OUT_CHAR_MAX, nonblock);
	}
	lock_release(&tp->tt_lock);
	return (error);
}

/*
 * Without tt_lock.  EIO (hung up, orphaned), ERESTART (SIGTTOU was sent),
 * EAGAIN, EINTR, EFAULT; after some bytes: 0.
 */
int
tty_write(struct tty *tp, uint32_t gen, struct uio *uio, bool nonblock)
{
	size_t resid = uio->uio_resid;
	int error = 0;

	if (tty_gen_dead(tp, gen))
		return (EIO);
	if (tty_lflag(tp, TOSTOP))
		error = tty_check_background(tp, SIGTTOU);
	while (uio->uio_resid > 0 && error == 0) {
		uint8_t buf[TTY_WRITE_CHUNK];
		size_t n = MIN(uio->uio_resid, sizeof(buf)), done;

		error = uiomove(buf, n, uio);
		if (error != 0)
			break;
		error = tty_write_buf(tp, gen, buf, n, nonblock, &done);
		uio->uio_resid += n - done; /* not taken: not written */
		if (done < n)
			break;
	}
	tty_start(tp);
	KTR_EVENT(TTY, write, "tty=%p n=%d error=%d", KTRP(tp),
	    resid - uio->uio_resid, error);
	return (uio->uio_resid != resid ? 0 : error);
}

/* Without tt_lock: wait until the driver took everything. */
int
tty_drain(struct tty *tp, uint32_t gen)
{
	int error = 0;

	tty_start(tp);
	lock_excl(&tp->tt_lock);
	while (tp->tt_out_head != tp->tt_out_tail && error == 0) {
		if (tty_gen_dead(tp, gen)) {
			error = EIO;
			break;
		}
		error = lock_sleep(&tp->tt_out_head, &tp->tt_lock, PCATCH,
		    "ttydrain", SLEEP_FOREVER);
	}
	lock_release(&tp->tt_lock);
	return (error);
}
