/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: a tty over the machine's console (sys/console.h).
 *
 * 1. Input.  The machine calls console_input from IPI or soft context, where
 *    no sleeping lock may be taken.  The bytes go into a small ring under a
 *    spin lock and a kernel thread hands them to the line discipline.  The
 *    escape (Ctrl-] then d) is recognised before the ring, so that it works
 *    when the console thread or its locks are stuck.
 *
 * 2. Output.  The tty's to_start takes processed bytes and writes them to the
 *    machine; con_lock keeps the order of two CPUs that drain at once.
 *    kprintf does not pass here: it writes to the machine directly.
 *
 * 3. End of input and resizes arrive in the same context as bytes; they are
 *    flags that the thread looks at.
 *
 * Lock order: con_lock, tt_lock; con_spin is a leaf.
 */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/console.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <kern/tty/tty_var.h>

#define CON_RING	1024 /* power of two */
#define CON_ESCAPE	0x1d /* Ctrl-] */
#define CON_ESCAPE_NEXT 'd'
#define CON_CHUNK	256

static struct tty *con_tty;
LOCK_DEFINE(con_lock, "console");
SPINLOCK_DEFINE(con_spin, "conin");
static uint8_t con_ring[CON_RING];  /* (con_spin) */
static uint32_t con_head, con_tail; /* (con_spin) free-running */
static uint64_t con_lost;	    /* (con_spin) bytes that found no room */
static bool con_eof, con_resize;    /* (con_spin) */
static bool con_lossless;	    /* input comes by console_input_all */
static bool con_refused;	    /* (con_spin) and some of it waits */
static bool con_escape_seen;	    /* (con_spin) */
static int con_escape_enabled = 1;

SYSCTL_INT(con_escape, "debug.console_escape", CTLF_RW, &con_escape_enabled,
    "1: Ctrl-] then d on the console enters the debugger");
SYSCTL_U64(con_lost, "debug.console_lost", CTLF_RD, &con_lost,
    "console input bytes dropped because the ring was full");

/* (con_spin) Queue c, or drop it. */
static void
con_put(uint8_t c)
{
	if (con_tail - con_head == CON_RING)
		con_lost++;
	else
		con_ring[con_tail++ & (CON_RING - 1)] = c;
}

/*
 * (con_spin) One byte of the machine.  True if it completed the escape, which
 * is not input; a Ctrl-] that nothing follows is delivered with the next byte.
 */
static bool
con_take(uint8_t c)
{
	bool seen = con_escape_seen;

	con_escape_seen = false;
	if (con_escape_enabled == 1) {
		if (seen && c == CON_ESCAPE_NEXT)
			return (true);
		if (!seen && c == CON_ESCAPE) {
			con_escape_seen = true;
			return (false);
		}
	}
	if (seen)
		con_put(CON_ESCAPE);
	con_put(c);
	return (false);
}

/* Any context. */
void
console_input(const uint8_t *buf, size_t len)
{
	bool debug = false;

	spin_lock(&con_spin);
	for (size_t i = 0; i < len; i++)
		debug |= con_take(buf[i]);
	spin_unlock(&con_spin);
	wakeup(&con_ring);
	if (debug)
		ddb_enter("console escape");
}

bool
console_input_all(const uint8_t *buf, size_t len)
{
	bool room;

	con_lossless = true;
	spin_lock(&con_spin);
	/* One byte more may come: a Ctrl-] that was held back. */
	room = CON_RING - (con_tail - con_head) >= len + 1;
	con_refused = !room;
	spin_unlock(&con_spin);
	if (!room)
		return (false);
	console_input(buf, len);
	return (true);
}

static void
con_flag(bool *flag)
{
	spin_lock(&con_spin);
	*flag = true;
	spin_unlock(&con_spin);
	wakeup(&con_ring);
}

void
console_eof(void)
{
	con_flag(&con_eof);
}

void
console_resized(void)
{
	con_flag(&con_resize);
}

static void
con_apply_size(void)
{
	struct winsize ws = {0};

	console_size(&ws.ws_row, &ws.ws_col);
	if (ws.ws_row != 0 || ws.ws_col != 0)
		tty_set_winsize(con_tty, &ws);
}

/* Room was made in the ring: input that was refused may come. */
static void
con_want_refused(void)
{
	bool want;

	spin_lock(&con_spin);
	want = con_refused;
	con_refused = false;
	spin_unlock(&con_spin);
	if (want)
		console_wanted();
}

/*
 * Lossless input waits until the terminal has room for n bytes, as long as
 * somebody could read what is there.  (A line longer than the queue loses its
 * end, as on every terminal.)
 */
static void
con_wait_room(size_t n)
{
	struct tty *tp = con_tty;

	if (!con_lossless)
		return;
	lock_excl(&tp->tt_lock);
	while (TTY_IN_BYTES - tty_in_count(tp) <= n && tty_readable(tp, false))
		(void)lock_sleep(
		    &tp->tt_in_head, &tp->tt_lock, 0, "conroom", NS_PER_SEC);
	lock_release(&tp->tt_lock);
}

/* The end of the machine's input acts as the VEOF character. */
static void
con_apply_eof(void)
{
	uint8_t c;

	lock_excl(&con_tty->tt_lock);
	c = con_tty->tt_termios.c_cc[VEOF];
	lock_release(&con_tty->tt_lock);
	if (c == _POSIX_VDISABLE)
		c = 0x04;
	tty_input(con_tty, &c, 1);
}

/* (con_spin) Wait for work; bytes into buf, flags taken. */
static size_t
con_collect(uint8_t *buf, size_t max, bool *eofp, bool *resizep)
{
	size_t n = 0;

	while (con_head == con_tail && !con_eof && !con_resize)
		(void)spin_sleep(
		    &con_ring, &con_spin, 0, "conin", SLEEP_FOREVER);
	while (n < max && con_head != con_tail)
		buf[n++] = con_ring[con_head++ & (CON_RING - 1)];
	/* The end comes after all bytes. */
	*eofp = con_eof && con_head == con_tail;
	if (*eofp)
		con_eof = false;
	*resizep = con_resize;
	con_resize = false;
	return (n);
}

static void
con_thread(void *arg)
{
	uint8_t buf[CON_CHUNK];
	bool eof, resize;

	for (;;) {
		size_t n;

		spin_lock(&con_spin);
		n = con_collect(buf, sizeof(buf), &eof, &resize);
		spin_unlock(&con_spin);
		if (resize)
			con_apply_size();
		con_want_refused();
		con_wait_room(n);
		if (n > 0)
			tty_input(con_tty, buf, n);
		if (eof) {
			con_wait_room(1);
			con_apply_eof();
		}
	}
}

/* --- output ------------------------------------------------------------------- */

static void
con_to_start(struct tty *tp)
{
	uint8_t buf[CON_CHUNK];
	size_t n;

	lock_excl(&con_lock);
	while ((n = tty_output_take(tp, buf, sizeof(buf))) > 0)
		console_write(buf, n);
	lock_release(&con_lock);
}

static const struct tty_ops con_tty_ops = {
    .to_start = con_to_start,
};

static void
con_init(void)
{
	struct thread *td;

	con_tty = tty_create(&con_tty_ops, NULL);
	if (con_tty == NULL)
		panic("console: out of memory");
	con_tty->tt_dev = makedev(TTY_MAJOR_CONSOLE, TTY_MINOR_CONSOLE);
	con_tty->tt_flags |= TTF_KEEP;
	con_apply_size();
	if (cdev_create(&tty_cdev_ops, con_tty->tt_dev, 0, 0, 0600, con_tty,
		"console") == NULL)
		panic("console: no device");
	td = thread_create(con_thread, NULL, TDPRI_SOFT, "console");
	if (td == NULL)
		panic("console: no thread");
	thread_start(td, NULL);
}
SYSINIT(console, SI_DRIVER, con_init);
