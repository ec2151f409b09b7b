/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One machine on our terminal: standard input and output are its console.
 *
 * 1. A terminal is raw while we run, and restored at every end; a signal that
 *    ends us kills QEMU first.
 * 2. Input waits until the kernel says that it reads (PORT_READY), at the most
 *    READY_MS, and moves as fast as the serial line takes it: the end of a pipe
 *    or file becomes ^D behind its last byte.
 * 3. Output is taken from the serial line at once, however slow our reader is:
 *    a chip whose line is stuck makes the kernel drop bytes.
 * 4. A new size of our terminal goes into the input: Ctrl-] w ROWS ; COLS and a
 *    full stop, which the kernel's driver takes out again.
 * 5. With --icount there is no input, not even its end: runs are to be equal.
 * 6. On a terminal Ctrl-] q pulls the plug and Ctrl-] n asks for a hang report;
 *    Ctrl-] and anything else goes to the kernel, which has commands of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <option.h>
#include "pc64_var.h"

#define READY_MS     3000
#define HANG_WAIT_MS 5000 /* for the report */
#define RESIZE_MS    500
#define CHUNK	     4096 /* PIPE_BUF */
#define ESCAPE	     0x1d /* Ctrl-] */
#define END_OF_FILE  0x04 /* ^D */

struct session {
	struct machine s_machine;
	int64_t s_start_ms;
	int64_t s_end_ms; /* then it hangs; 0: never */
	char *s_output;	  /* [done, len) still is to be printed */
	size_t s_output_done, s_output_len, s_output_size;
	char s_input[1024];
	size_t s_input_len;
	bool s_input_ended, s_escaped;
	bool s_deaf;   /* no input: its moment would differ each time */
	bool s_hung;   /* a report was asked for */
	bool s_killed; /* and waited for in vain */
};

static struct session session;
static struct termios saved;
static volatile sig_atomic_t raw, resized;

int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* --- the terminal ------------------------------------------------------------------- */

static void
restore_terminal(void)
{
	if (raw)
		tcsetattr(0, TCSANOW, &saved);
	raw = 0;
}

static void
make_raw(void)
{
	struct termios t;

	if (!isatty(0) || !isatty(1) || tcgetattr(0, &saved) != 0)
		return;
	t = saved;
	cfmakeraw(&t);
	raw = 1;
	tcsetattr(0, TCSANOW, &t);
}

/* Pull the plug. */
static void
end_by_signal(int sig)
{
	machine_kill(&session.s_machine);
	restore_terminal();
	_exit(128 + sig);
}

static void
on_resize(int sig)
{
	(void)sig;
	resized = 1;
}

static void
handle_signals(void)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT};
	struct sigaction sa = {.sa_handler = end_by_signal};

	sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGWINCH, on_resize);
}

/* The size of our terminal, as two of the kernel's options. */
static void
add_size(struct config *c)
{
	struct winsize ws;
	char *rows, *cols;

	if (ioctl(1, TIOCGWINSZ, &ws) != 0 || ws.ws_row == 0)
		return;
	if (asprintf(&rows, "console.rows=%u", ws.ws_row) < 0 ||
	    asprintf(&cols, "console.cols=%u", ws.ws_col) < 0)
		option_fail("out of memory");
	c->c_sets = grow_list(c->c_sets, rows);
	c->c_sets = grow_list(c->c_sets, cols);
}

/* --- both ways ------------------------------------------------------------------------ */

/* All that the kernel said, as long as the memory lasts. */
static void
take_output(struct session *s)
{
	size_t n;

	do {
		if (s->s_output_size - s->s_output_len < CHUNK) {
			s->s_output_size = 2 * s->s_output_size + CHUNK;
			s->s_output = realloc(s->s_output, s->s_output_size);
			if (s->s_output == NULL)
				option_fail("no memory for the output");
		}
		n = machine_read(
		    &s->s_machine, s->s_output + s->s_output_len, CHUNK);
		s->s_output_len += n;
	} while (n > 0);
}

/* Up to a chunk, which a pipe that is ready takes without a wait. */
static void
give_output(struct session *s)
{
	size_t len = s->s_output_len - s->s_output_done;
	ssize_t n;

	n = write(1, s->s_output + s->s_output_done, len < CHUNK ? len : CHUNK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* If nobody reads, the words are lost. */
	s->s_output_done += n > 0 ? (size_t)n : len;
	if (s->s_output_done == s->s_output_len)
		s->s_output_done = s->s_output_len = 0;
}

static void
give_all_output(struct session *s)
{
	struct pollfd out = {1, POLLOUT, 0};

	while (s->s_output_len > 0) {
		poll(&out, 1, -1);
		give_output(s);
	}
}

/* A key; true if it is for the kernel. */
static bool
take_key(struct session *s, char key)
{
	if (!s->s_escaped) {
		s->s_escaped = key == ESCAPE;
		return (!s->s_escaped);
	}
	s->s_escaped = false;
	if (key == 'q')
		end_by_signal(SIGTERM);
	if (key == 'n') {
		machine_nmi(&s->s_machine);
		return (false);
	}
	s->s_input[s->s_input_len++] = ESCAPE;
	return (true);
}

static void
take_input(struct session *s)
{
	char buf[256];
	ssize_t n = read(0, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		s->s_input_ended = true;
		s->s_input[s->s_input_len++] = END_OF_FILE;
	}
	for (ssize_t i = 0; i < n; i++)
		if (!raw || take_key(s, buf[i]))
			s->s_input[s->s_input_len++] = buf[i];
}

static void
tell_size(struct session *s)
{
	struct winsize ws;

	resized = 0;
	if (ioctl(1, TIOCGWINSZ, &ws) == 0)
		s->s_input_len += (size_t)snprintf(s->s_input + s->s_input_len,
		    32, "%cw%u;%u.", ESCAPE, ws.ws_row, ws.ws_col);
}

static void
give_input(struct session *s)
{
	size_t n = machine_write(&s->s_machine, s->s_input, s->s_input_len);

	s->s_input_len -= n;
	memmove(s->s_input, s->s_input + n, s->s_input_len);
}

/* It takes too long: ask, then kill. */
static void
check_time(struct session *s)
{
	if (s->s_end_ms == 0 || now_ms() < s->s_end_ms)
		return;
	s->s_killed = s->s_hung;
	if (s->s_hung)
		machine_kill(&s->s_machine);
	else
		machine_nmi(&s->s_machine);
	s->s_hung = true;
	s->s_end_ms = now_ms() + HANG_WAIT_MS;
}

/* Until something happens, in milliseconds; -1: forever. */
static int
patience(const struct session *s)
{
	int64_t now = now_ms(), end = s->s_end_ms;

	if (!s->s_machine.m_ready && now < s->s_start_ms + READY_MS &&
	    (end == 0 || end > s->s_start_ms + READY_MS))
		end = s->s_start_ms + READY_MS;
	/* A resize may come just before the wait. */
	if (raw && (end == 0 || end > now + RESIZE_MS))
		end = now + RESIZE_MS;
	if (end == 0)
		return (-1);
	return (end > now ? (int)(end - now) : 0);
}

static void
step(struct session *s)
{
	struct pollfd fds[] = {{-1, POLLIN, 0}, {-1, POLLOUT, 0}};
	bool ready =
	    s->s_machine.m_ready || now_ms() >= s->s_start_ms + READY_MS;

	if (!s->s_input_ended && !s->s_deaf &&
	    s->s_input_len < sizeof(s->s_input) / 4)
		fds[0].fd = 0;
	if (s->s_output_len > 0)
		fds[1].fd = 1;
	machine_poll(
	    &s->s_machine, fds, 2, ready && s->s_input_len > 0, patience(s));
	take_output(s);
	if (fds[1].revents != 0)
		give_output(s);
	if (fds[0].revents != 0)
		take_input(s);
	if (resized && s->s_input_len < sizeof(s->s_input) / 2)
		tell_size(s);
	if (ready && s->s_input_len > 0)
		give_input(s);
	check_time(s);
}

/* --- the end ---------------------------------------------------------------------------- */

static int
finish(struct session *s, const struct config *c)
{
	int status = 0;
	enum ending ending;

	give_all_output(s);
	ending = machine_wait(&s->s_machine, &status);
	restore_terminal();
	if (ending == END_HANG && !s->s_hung) {
		fprintf(stderr, "pc64: hang: the kernel reported it\n");
		return (EXIT_HANG);
	}
	if (s->s_hung) {
		fprintf(stderr, "pc64: hang: no end within %d s%s\n",
		    c->c_timeout_s, s->s_killed ? ", and no report" : "");
		return (EXIT_HANG);
	}
	if (ending == END_LOST)
		return (EXIT_NO_QEMU);
	return (ending == END_PANIC ? EXIT_PANIC : status);
}

int
console_run(const struct config *config)
{
	struct config c = *config;
	struct session *s = &session;

	add_size(&c);
	s->s_deaf = c.c_icount != NULL;
	s->s_start_ms = now_ms();
	if (c.c_timeout_s != 0)
		s->s_end_ms = s->s_start_ms + c.c_timeout_s * 1000LL;
	handle_signals();
	machine_start(&s->s_machine, &c);
	make_raw();
	while (!s->s_machine.m_dead)
		step(s);
	return (finish(s, &c));
}
