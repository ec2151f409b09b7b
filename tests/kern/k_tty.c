/* SPDX-License-Identifier: BSD-2-Clause */
/* The line discipline, driven from below and read from above. */
#include <sys/cpu.h>
#include <sys/ktest.h>
#include <sys/proc.h>
#include <sys/uio.h>
#include <kern/tty/tty_var.h>

static const struct tty_ops no_ops;

static struct tty *
make(void)
{
	struct tty *tp = tty_create(&no_ops, NULL);

	KT_CHECK(tp != NULL);
	tp->tt_termios.c_iflag &= ~IMAXBEL;
	return (tp);
}

static void
feed(struct tty *tp, const char *s)
{
	tty_input(tp, (const uint8_t *)s, strlen(s));
}

/* Read up to max bytes without waiting; "!N" is errno N. */
static const char *
get(struct tty *tp, size_t max)
{
	static char buf[8192];
	struct iovec iov;
	struct uio uio;
	int error;

	uio_init(&uio, &iov, buf, MIN(max, sizeof(buf) - 1), 0, UIO_READ);
	error = tty_read(tp, tp->tt_generation, &uio, true);
	if (error != 0)
		ksnprintf(buf, sizeof(buf), "!%d", error);
	else
		buf[MIN(max, sizeof(buf) - 1) - uio.uio_resid] = '\0';
	return (buf);
}

static const char *
out(struct tty *tp)
{
	static char buf[8192];
	size_t n = tty_output_take(tp, (uint8_t *)buf, sizeof(buf) - 1);

	buf[n] = '\0';
	return (buf);
}

static void
same(const char *got, const char *want, int line)
{
	if (strcmp(got, want) != 0)
		ktest_fail(__FILE__, line, "got \"%s\", not \"%s\"", got, want);
}
#define SAME(got, want) same(got, want, __LINE__)

static void
put(struct tty *tp, const char *s)
{
	char buf[256];
	struct iovec iov;
	struct uio uio;

	strlcpy(buf, s, sizeof(buf));
	uio_init(&uio, &iov, buf, strlen(buf), 0, UIO_WRITE);
	KT_EQ(tty_write(tp, tp->tt_generation, &uio, true), 0);
	KT_EQ(uio.uio_resid, 0);
}

KTEST(tty_lines, "does canonical mode give one line a read, and rests?")
{
	struct tty *tp = make();

	SAME(get(tp, 10), "!35");
	feed(tp, "one");
	SAME(get(tp, 10), "!35");
	feed(tp, "\rtwo\n");
	SAME(get(tp, 100), "one\n");
	SAME(get(tp, 2), "tw");
	SAME(get(tp, 100), "o\n");
	SAME(get(tp, 10), "!35");
	SAME(out(tp), "one\r\ntwo\r\n");
	tty_destroy(tp);
}

KTEST(tty_eof, "does ^D end a read, alone and behind text?")
{
	struct tty *tp = make();

	feed(tp, "\x04");
	SAME(get(tp, 10), "");
	SAME(get(tp, 10), "!35");
	feed(tp, "abc\x04");
	SAME(get(tp, 10), "abc");
	SAME(get(tp, 10), "!35");
	feed(tp, "abc\x04");
	SAME(get(tp, 3), "abc");
	SAME(get(tp, 10), "!35");
	feed(tp, "abc\x04xy\n");
	SAME(get(tp, 2), "ab");
	SAME(get(tp, 9), "c");
	SAME(get(tp, 9), "xy\n");
	KT_EQ(tp->tt_nlines, 0);
	tty_destroy(tp);
}

KTEST(tty_erase, "do ERASE, WERASE and KILL edit, and wipe the screen?")
{
	struct tty *tp = make();

	feed(tp, "ab\x7f");
	SAME(out(tp), "ab\b \b");
	feed(tp, "\x7f\x7f\x7f");
	SAME(out(tp), "\b \b");
	feed(tp, "foo bar\x17");
	SAME(out(tp), "foo bar\b \b\b \b\b \b");
	feed(tp, "baz\n");
	SAME(get(tp, 99), "foo baz\n");
	(void)out(tp);
	feed(tp, "junk\x15ok\n");
	SAME(out(tp), "junk\b \b\b \b\b \b\b \bok\r\n");
	SAME(get(tp, 99), "ok\n");
	feed(tp, "\x16\x03\x7f\n");
	SAME(out(tp), "^\b^C\b \b\b \b\r\n");
	SAME(get(tp, 99), "\n");
	tty_destroy(tp);
}

KTEST(tty_erase_wide, "are tabs and UTF-8 characters erased as a whole?")
{
	struct tty *tp = make();

	feed(tp, "a\xc3\xa9\x7f");
	SAME(out(tp), "a\xc3\xa9\b \b");
	feed(tp, "\n");
	SAME(get(tp, 99), "a\n");
	(void)out(tp);
	feed(tp, "ab\t\x7f");
	SAME(out(tp), "ab\t\b \b\b \b\b \b\b \b\b \b\b \b");
	KT_EQ(tp->tt_column, 2);
	feed(tp, "\n");
	SAME(get(tp, 99), "ab\n");
	tty_destroy(tp);
}

KTEST(tty_lnext_reprint, "does ^V quote, and ^R show the line again?")
{
	struct tty *tp = make();

	feed(tp, "x\x16\x04y\n");
	SAME(get(tp, 99), "x\x04y\n");
	(void)out(tp);
	feed(tp, "abc\x12");
	SAME(out(tp), "abc^R\r\nabc");
	feed(tp, "\n");
	SAME(get(tp, 99), "abc\n");
	tty_destroy(tp);
}

KTEST(tty_raw, "does raw mode give bytes as they are, by VMIN?")
{
	struct tty *tp = make();

	tp->tt_termios.c_lflag &= ~(ICANON | ECHO | ISIG);
	tp->tt_termios.c_iflag &= ~(ICRNL | IXON);
	feed(tp, "a\r\x03\x04");
	SAME(get(tp, 99), "a\r\x03\x04");
	SAME(get(tp, 99), "!35");
	tp->tt_termios.c_cc[VMIN] = 0;
	SAME(get(tp, 99), "");
	tp->tt_termios.c_cc[VMIN] = 3;
	feed(tp, "ab");
	lock_excl(&tp->tt_lock);
	KT_CHECK(!tty_readable(tp, true));
	lock_release(&tp->tt_lock);
	feed(tp, "c");
	SAME(get(tp, 99), "abc");
	SAME(out(tp), "");
	tty_destroy(tp);
}

KTEST(tty_vtime, "does VTIME end a wait?")
{
	struct tty *tp = make();
	char buf[8];
	struct iovec iov;
	struct uio uio;
	nstime_t t0 = clock_mono();

	tp->tt_termios.c_lflag &= ~ICANON;
	tp->tt_termios.c_cc[VMIN] = 0;
	tp->tt_termios.c_cc[VTIME] = 1;
	uio_init(&uio, &iov, buf, sizeof(buf), 0, UIO_READ);
	KT_EQ(tty_read(tp, 0, &uio, false), 0);
	KT_EQ(uio.uio_resid, 8);
	KT_CHECK(clock_mono() - t0 >= 90 * NS_PER_MSEC);
	tp->tt_termios.c_cc[VMIN] = 5;
	feed(tp, "ab");
	uio_init(&uio, &iov, buf, sizeof(buf), 0, UIO_READ);
	KT_EQ(tty_read(tp, 0, &uio, false), 0);
	KT_EQ(uio.uio_resid, 6);
	tty_destroy(tp);
}

KTEST(tty_output, "is output processed as c_oflag says?")
{
	struct tty *tp = make();

	put(tp, "a\nb\tc");
	SAME(out(tp), "a\r\nb\tc");
	KT_EQ(tp->tt_column, 9);
	tp->tt_termios.c_oflag |= OXTABS;
	put(tp, "\n1\t2");
	SAME(out(tp), "\r\n1       2");
	tp->tt_termios.c_oflag = OPOST | OCRNL | ONOCR;
	put(tp, "x\ry");
	SAME(out(tp), "x\ny");
	tp->tt_termios.c_oflag = OPOST | ONOCR;
	tp->tt_column = 0;
	put(tp, "\rz\r");
	SAME(out(tp), "z\r");
	tp->tt_termios.c_oflag = 0;
	put(tp, "a\n\t");
	SAME(out(tp), "a\n\t");
	tty_destroy(tp);
}

KTEST(tty_flow, "do STOP and START hold and release output?")
{
	struct tty *tp = make();

	feed(tp, "\x13");
	put(tp, "held");
	SAME(out(tp), "");
	feed(tp, "\x11");
	SAME(out(tp), "held");
	tp->tt_termios.c_iflag |= IXANY;
	feed(tp, "\x13");
	put(tp, "m");
	SAME(out(tp), "");
	feed(tp, "k");
	SAME(out(tp), "mk");
	tty_destroy(tp);
}

KTEST(tty_full_line, "does a line that is too long keep its end?")
{
	struct tty *tp = make();

	for (int i = 0; i < TTY_IN_BYTES + 100; i++)
		feed(tp, "x");
	KT_EQ(tty_in_count(tp), TTY_IN_BYTES - 1);
	KT_CHECK(tty_input_space(tp) > 0);
	feed(tp, "\n");
	KT_EQ(strlen(get(tp, 8000)), TTY_IN_BYTES);
	KT_EQ(tty_input_space(tp), TTY_IN_BYTES);
	tty_destroy(tp);
}

KTEST(tty_switch_modes, "is input kept when ICANON changes?")
{
	struct tty *tp = make();
	struct termios t = tp->tt_termios;

	feed(tp, "part");
	t.c_lflag &= ~ICANON;
	KT_EQ(tty_ioctl(tp, 0, TIOCSETA, &t), 0);
	SAME(get(tp, 99), "part");
	feed(tp, "more");
	t.c_lflag |= ICANON;
	KT_EQ(tty_ioctl(tp, 0, TIOCSETA, &t), 0);
	SAME(get(tp, 99), "more");
	SAME(get(tp, 99), "!35");
	KT_EQ(tp->tt_nlines, 0);
	tty_destroy(tp);
}

KTEST(tty_hangup, "does a hangup end reads and fail the rest?")
{
	struct tty *tp = make();
	struct winsize ws;
	char buf[4] = "abc";
	struct iovec iov;
	struct uio uio;

	tty_hangup(tp);
	uio_init(&uio, &iov, buf, 3, 0, UIO_READ);
	KT_EQ(tty_read(tp, 0, &uio, false), 0);
	KT_EQ(uio.uio_resid, 3);
	uio_init(&uio, &iov, buf, 3, 0, UIO_WRITE);
	KT_EQ(tty_write(tp, 0, &uio, false), EIO);
	KT_EQ(tty_ioctl(tp, 0, TIOCGWINSZ, &ws), EIO);
	tty_destroy(tp);
}

struct reader {
	struct tty *tp;
	char buf[16];
	size_t got;
	int error;
	volatile bool done;
};

static void
reader_main(void *arg)
{
	struct reader *r = arg;
	struct iovec iov;
	struct uio uio;

	uio_init(&uio, &iov, r->buf, sizeof(r->buf), 0, UIO_READ);
	r->error = tty_read(r->tp, 0, &uio, false);
	r->got = sizeof(r->buf) - uio.uio_resid;
	r->done = true;
	wakeup(r);
}

KTEST(
    tty_wakes_reader, "does input wake a reader on another CPU, and a hangup?")
{
	for (int round = 0; round < 2; round++) {
		static struct reader r;
		struct thread *td;

		memset(&r, 0, sizeof(r));
		r.tp = make();
		td = thread_create(reader_main, &r, TDPRI_KERN, "reader");
		thread_start(td, cpus[ncpus - 1]);
		tsleep(&round, 0, "ktest", 20 * NS_PER_MSEC);
		KT_CHECK(!r.done);
		if (round == 0)
			feed(r.tp, "hi\n");
		else
			tty_hangup(r.tp);
		for (int i = 0; i < 100 && !r.done; i++)
			tsleep(&r, 0, "ktest", 10 * NS_PER_MSEC);
		KT_CHECK(r.done);
		KT_EQ(r.error, 0);
		KT_EQ(r.got, round == 0 ? 3 : 0);
		tty_destroy(r.tp);
	}
}
