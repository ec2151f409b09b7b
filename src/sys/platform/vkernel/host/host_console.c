/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: the vkernel's standard input and output.
 *
 * A terminal is put in raw mode, so that the guest's line discipline does all
 * editing and job control, and is restored at exit.  A thread reads input and
 * hands it to CPU 0 a buffer at a time; it reads on when that was consumed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "host.h"
#include "host_var.h"

static struct termios saved;
static volatile bool raw;
static struct host_console_calls on;
static uint8_t buffer[256];
static size_t buffered;
static sem_t consumed, filled;
static volatile bool waiting;	/* the reader waits for consumed */
static volatile bool debugging; /* input goes to host_console_poll */

void
host_console_restore(void)
{
	if (raw)
		tcsetattr(0, TCSANOW, &saved);
	raw = false;
}

void
host_console_write(const void *buf, size_t len)
{
	const char *p = buf;
	struct pollfd pfd = {1, POLLOUT, 0};
	ssize_t n;

	if (host_template_keep(buf, len))
		return;
	while (len > 0) {
		n = write(1, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			poll(&pfd, 1, 1000);
			continue;
		}
		if (n <= 0)
			return; /* nobody reads: the words are lost */
		p += n;
		len -= (size_t)n;
	}
}

/*
 * In the debugger the reader thread hands its bytes over here instead of to
 * the kernel.  If it waits for CPU 0 to consume a buffer, it cannot read, and
 * we read ourselves.
 */
int
host_console_poll(void)
{
	static size_t taken;
	static bool have;
	uint8_t c;

	if (waiting && !have)
		return (read(0, &c, 1) == 1 ? c : -1);
	debugging = true;
	while (!have || taken == buffered) {
		if (have) {
			have = false;
			sem_post(&consumed);
		}
		while (sem_wait(&filled) != 0)
			;
		if (buffered == 0)
			return (-1);
		have = true;
		taken = 0;
	}
	return (buffer[taken++]);
}

void
host_console_size(uint16_t *rows, uint16_t *cols)
{
	struct winsize ws;

	*rows = *cols = 0;
	if (ioctl(1, TIOCGWINSZ, &ws) == 0) {
		*rows = ws.ws_row;
		*cols = ws.ws_col;
	}
}

static void
take_input(void *arg)
{
	(void)arg;
	if (buffered == 0)
		on.eof();
	else if (raw) /* keys: better lost than stuck */
		on.input(buffer, buffered);
	else if (!on.input_all(buffer, buffered))
		return;
	sem_post(&consumed);
}

static struct host_msg input_msg = {.hm_func = take_input};

void
host_console_again(void)
{
	vk_post(&input_msg);
}

bool
host_console_take(void)
{
	ssize_t n;

	if (buffered == 0) {
		while ((n = read(0, buffer, sizeof(buffer))) < 0 &&
		    (errno == EINTR || errno == EAGAIN))
			poll(&(struct pollfd){0, POLLIN, 0}, 1, -1);
		if (n <= 0) {
			on.eof();
			return (false);
		}
		buffered = (size_t)n;
	}
	if (!on.input_all(buffer, buffered))
		return (false);
	buffered = 0;
	return (true);
}

static void *
reader(void *arg)
{
	ssize_t n;

	(void)arg;
	for (;;) {
		n = read(0, buffer, sizeof(buffer));
		if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
			struct pollfd pfd = {0, POLLIN, 0};

			poll(&pfd, 1, -1);
			continue;
		}
		buffered = n > 0 ? (size_t)n : 0;
		if (debugging) {
			sem_post(&filled);
		} else {
			waiting = true;
			vk_post(&input_msg);
		}
		while (sem_wait(&consumed) != 0)
			;
		waiting = false;
		if (n <= 0)
			return (NULL);
	}
}

static bool resizing; /* (atomic) the message is under way */

static void
take_resize(void *arg)
{
	(void)arg;
	__atomic_store_n(&resizing, false, __ATOMIC_SEQ_CST);
	on.resized();
}

void
host_console_winch(void)
{
	static struct host_msg msg = {.hm_func = take_resize};

	if (on.resized != NULL &&
	    !__atomic_exchange_n(&resizing, true, __ATOMIC_SEQ_CST))
		vk_post(&msg);
}

void
host_console_start(const struct host_console_calls *calls)
{
	struct termios t;
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t td;

	on = *calls;
	sem_init(&consumed, 0, 0);
	sem_init(&filled, 0, 0);
	if (host_repeatable)
		return;
	if (isatty(0) && isatty(1) && tcgetattr(0, &saved) == 0) {
		t = saved;
		cfmakeraw(&t);
		if (tcsetattr(0, TCSANOW, &t) == 0)
			raw = true;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	if (pthread_create(&td, &attr, reader, NULL) != 0)
		host_fail("cannot start the console thread");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}
