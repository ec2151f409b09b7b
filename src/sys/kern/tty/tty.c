/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals: life, queues and flow.
 *
 * 1. Parts.  A driver (console, pty) creates a tty, feeds it with tty_input
 *    and takes output with tty_output_take when to_start says there is some.
 *    tty_input.c is the line discipline's input half, tty_output.c its output
 *    half, tty_read.c reading, tty_ioctl.c the requests, tty_job.c job
 *    control, tty_dev.c the files that programs hold.
 *
 * 2. Input queue.  One ring of bytes with a flag byte each.  In canonical mode
 *    [head, canon) are whole lines and [canon, tail) the line being edited; in
 *    raw mode canon follows tail.  Invariant 1: head <= canon <= tail, and
 *    tail - head <= TTY_IN_BYTES.  Invariant 2: tt_nlines counts the TQ_DELIM
 *    and TQ_EOF bytes of [head, canon).
 *
 * 3. Output queue.  A ring of processed bytes.  Writers wait when it is full;
 *    echo does not wait: what does not fit is dropped, as the input already
 *    counts.
 *
 * 4. Generations.  A revoke (the session leader exits, hangup) raises
 *    tt_generation.  Files remember the generation of their open; older ones
 *    read end of file, and everything else gives EIO.
 *
 * 5. Locking.  tt_lock (sleeping) covers all but the session link, which is
 *    under proctree_lock; order proctree_lock, tt_lock.  Signals need
 *    proctree_lock: the input half leaves them in tt_pending_sig and
 *    tty_input sends them with tt_lock free.  Driver hooks are called with
 *    tt_lock free too.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>

#include "tty_var.h"

MALLOC_DEFINE(M_TTY, "tty", "terminals and their queues");

#define CTRL(c) ((c)&0x1f)

/* What a new terminal starts with: a sane canonical mode at 38400 bps. */
void
tty_default_termios(struct termios *t)
{
	static const uint8_t cc[NCCS] = {[VEOF] = CTRL('d'),
	    [VEOL] = _POSIX_VDISABLE,
	    [VEOL2] = _POSIX_VDISABLE,
	    [VERASE] = 0x7f,
	    [VWERASE] = CTRL('w'),
	    [VKILL] = CTRL('u'),
	    [VREPRINT] = CTRL('r'),
	    [VERASE2] = CTRL('h'),
	    [VINTR] = CTRL('c'),
	    [VQUIT] = 0x1c,
	    [VSUSP] = CTRL('z'),
	    [VDSUSP] = _POSIX_VDISABLE,
	    [VSTART] = CTRL('q'),
	    [VSTOP] = CTRL('s'),
	    [VLNEXT] = CTRL('v'),
	    [VDISCARD] = _POSIX_VDISABLE,
	    [VMIN] = 1,
	    [VTIME] = 0,
	    [VSTATUS] = _POSIX_VDISABLE,
	    [19] = _POSIX_VDISABLE};

	memset(t, 0, sizeof(*t));
	t->c_iflag = BRKINT | ICRNL | IXON | IMAXBEL | IUTF8;
	t->c_oflag = OPOST | ONLCR;
	t->c_cflag = CREAD | CS8 | HUPCL;
	t->c_lflag =
	    ECHO | ICANON | ISIG | IEXTEN | ECHOE | ECHOK | ECHOKE | ECHOCTL;
	memcpy(t->c_cc, cc, sizeof(cc));
	t->c_ispeed = t->c_ospeed = 38400;
}

static void
tty_free(struct tty *tp)
{
	kfree(tp->tt_in, M_TTY);
	kfree(tp->tt_inflags, M_TTY);
	kfree(tp->tt_out, M_TTY);
	kfree(tp, M_TTY);
}

/* One reference, the driver's.  NULL: ENOMEM. */
struct tty *
tty_create(const struct tty_ops *ops, void *data)
{
	struct tty *tp = kmalloc(sizeof(*tp), M_TTY, M_WAITOK | M_ZERO);

	if (tp == NULL)
		return (NULL);
	tp->tt_in = kmalloc(TTY_IN_BYTES, M_TTY, M_WAITOK);
	tp->tt_inflags = kmalloc(TTY_IN_BYTES, M_TTY, M_WAITOK);
	tp->tt_out = kmalloc(TTY_OUT_BYTES, M_TTY, M_WAITOK);
	if (tp->tt_in == NULL || tp->tt_inflags == NULL || tp->tt_out == NULL) {
		tty_free(tp);
		return (NULL);
	}
	lock_init(&tp->tt_lock, "tty", 0);
	ref_init(&tp->tt_refs, 1);
	ev_source_init(&tp->tt_events);
	tp->tt_ops = ops;
	tp->tt_data = data;
	tty_default_termios(&tp->tt_termios);
	return (tp);
}

void
tty_hold(struct tty *tp)
{
	ref_hold(&tp->tt_refs);
}

void
tty_drop(struct tty *tp)
{
	if (!ref_drop(&tp->tt_refs))
		return;
	if (tp->tt_ops->to_free != NULL)
		tp->tt_ops->to_free(tp);
	ev_source_destroy(&tp->tt_events);
	lock_destroy(&tp->tt_lock);
	tty_free(tp);
}

/* The driver is done with it: hung up if it was not; opens keep the memory. */
void
tty_destroy(struct tty *tp)
{
	tty_hangup(tp);
	tty_drop(tp);
}

/* Wake readers and writers and whoever polls. */
void
tty_wakeup(struct tty *tp, uint32_t events)
{
	if ((events & (EV_IN | EV_HUP)) != 0)
		wakeup(&tp->tt_in_tail);
	if ((events & (EV_OUT | EV_HUP)) != 0)
		wakeup(&tp->tt_out_head);
	ev_notify(&tp->tt_events, events);
}

dev_t
tty_dev(struct tty *tp)
{
	return (tp != NULL ? tp->tt_dev : 0);
}

pid_t
tty_pgid(struct tty *tp)
{
	return (tp != NULL ? atomic_load(&tp->tt_pgid) : -1);
}

/*
 * Bytes from the driver.  Sleeps.  What a full queue cannot take is lost; a
 * driver that can wait asks tty_input_space first.
 */
void
tty_input(struct tty *tp, const uint8_t *buf, size_t len)
{
	KTR_EVENT(TTY, input, "tty=%p n=%d", KTRP(tp), len);
	while (len > 0) {
		size_t used;
		bool more;
		int sig;

		lock_excl(&tp->tt_lock);
		more = tty_input_one_run(tp, buf, len, &used);
		sig = tp->tt_pending_sig;
		tp->tt_pending_sig = 0;
		lock_release(&tp->tt_lock);
		if (more)
			tty_wakeup(tp, EV_IN);
		if (sig != 0)
			tty_signal_fg(tp, sig);
		buf += used;
		len -= used;
	}
	tty_start(tp);
}

/*
 * How many bytes tty_input can take.  A full queue without a whole line takes
 * more all the same: the reader could not make room, so they are dropped with
 * a bell.
 */
size_t
tty_input_space(struct tty *tp)
{
	size_t n;

	lock_excl(&tp->tt_lock);
	n = TTY_IN_BYTES - tty_in_count(tp);
	if (n == 0 && tty_lflag(tp, ICANON) && tp->tt_nlines == 0)
		n = 1;
	if ((tp->tt_flags & TTF_GONE) != 0)
		n = TTY_IN_BYTES;
	if (n == 0)
		tp->tt_flags |= TTF_BLOCKED;
	lock_release(&tp->tt_lock);
	return (n);
}

/*
 * Processed output for the driver, up to max bytes.  Sleeps (tt_lock).
 */
size_t
tty_output_take(struct tty *tp, uint8_t *buf, size_t max)
{
	size_t n = 0;

	lock_excl(&tp->tt_lock);
	if ((tp->tt_flags & TTF_STOPPED) == 0) {
		while (n < max && tp->tt_out_head != tp->tt_out_tail) {
			buf[n++] =
			    tp->tt_out[tp->tt_out_head & (TTY_OUT_BYTES - 1)];
			tp->tt_out_head++;
		}
	}
	lock_release(&tp->tt_lock);
	if (n > 0)
		tty_wakeup(tp, EV_OUT);
	return (n);
}

static const char *
tty_ddb_name(struct tty *tp)
{
	return ((tp->tt_flags & TTF_GONE) != 0	    ? "gone"
		: (tp->tt_flags & TTF_STOPPED) != 0 ? "stopped"
						    : "running");
}

/* show tty ADDRESS */
static void
tty_ddb_show(const char *arg)
{
	struct tty tp;
	uint64_t addr;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((const void *)(uintptr_t)addr, &tp, sizeof(tp))) {
		kprintf("show tty ADDRESS\n");
		return;
	}
	kprintf("tty %u:%u %s gen %u opens %u refs %u session %p pgid %d\n",
	    major(tp.tt_dev), minor(tp.tt_dev), tty_ddb_name(&tp),
	    tp.tt_generation, tp.tt_opens, tp.tt_refs, (void *)tp.tt_session,
	    tp.tt_pgid);
	kprintf(" in head %u canon %u tail %u lines %u, out %u bytes col %u\n",
	    tp.tt_in_head, tp.tt_in_canon, tp.tt_in_tail, tp.tt_nlines,
	    tp.tt_out_tail - tp.tt_out_head, tp.tt_column);
	kprintf(" iflag %x oflag %x cflag %x lflag %x, %ux%u\n",
	    tp.tt_termios.c_iflag, tp.tt_termios.c_oflag, tp.tt_termios.c_cflag,
	    tp.tt_termios.c_lflag, tp.tt_winsize.ws_col, tp.tt_winsize.ws_row);
}
DDB_COMMAND(tty, "show tty", tty_ddb_show, "a terminal at an address");
