/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serving: machines that stay up and run one test case after the other.
 *
 * 1. Workers.  The process that was started opens the socket and forks workers;
 *    each keeps one machine, whose command is the test agent (tests/harness/
 *    agent.c), and takes a client when it is idle.  They share the listening
 *    socket, so a client always gets an idle worker, and waits if there is none.
 *
 * 2. A client (tests/harness/atf_proxy.c) sends one packet, "SECONDS PROGRAM
 *    CASE".  It gets packets that begin with 'o', console output, and one last
 *    that begins with 'e': "status N", "panic", "hang" or "lost".
 *
 * 3. The agent talks on the console: lines of its own begin with MARK and WORD.
 *
 * 4. A machine is booted again after a panic, a hang, a case that failed, or
 *    when the agent says that something is left.  After the limit an NMI asks
 *    for a report, which still goes to the client.
 *
 * 5. If the kernel traces (option ktr), a client whose case failed, panicked or
 *    hung gets the last events, too: a machine's RAM is a file without a name,
 *    in which ktrdump finds them, also when the machine is no more.
 *
 * 6. The end.  When the parent is told to end, or is gone, the workers see the
 *    end of a pipe.  They shut their machines down in good order, and what the
 *    kernel says then (a leak, a panic) is a fault: it is printed with the cases
 *    that ran on that machine, and our status is 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <option.h>
#include "pc64_var.h"

#define MARK		'\001'
#define WORD		"mayfly-agent " /* behind MARK: a case may print bytes */
#define BOOT_LIMIT_MS	60000
#define END_LIMIT_MS	30000
#define REPORT_LIMIT_MS 5000
#define BOOTS_MAX	3 /* in vain */
#define PACKET_MAX	4096
#define LOG_MAX		8192
#define EVENTS		"80" /* that a client gets */

struct worker {
	struct machine w_machine;
	const struct config *w_config;
	int w_listener;
	int w_end;    /* readable: the parent is gone */
	int w_client; /* -1: none */
	bool w_ready; /* the agent waits for an order */
	bool w_ending;
	bool w_bad;	     /* something ended that should not */
	bool w_gone;	     /* the client went away */
	bool w_heard;	     /* the machine said something to it */
	char w_line[256];    /* the agent's words so far */
	int w_line_len;	     /* -1: not in such a line */
	char w_answer[256];  /* its last line but "ready", "" if none */
	char w_log[LOG_MAX]; /* what the kernel said to nobody */
	size_t w_log_len;
	char w_cases[LOG_MAX]; /* that ran on this machine */
};

/* --- packets ---------------------------------------------------------------------- */

static void
packet(struct worker *w, char kind, const char *text, size_t len)
{
	char buf[PACKET_MAX + 1];

	if (w->w_client < 0 || w->w_gone)
		return;
	buf[0] = kind;
	memcpy(buf + 1, text, len);
	if (send(w->w_client, buf, len + 1, MSG_NOSIGNAL) < 0)
		w->w_gone = true;
}

static void __attribute__((format(printf, 3, 4)))
packet_text(struct worker *w, char kind, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	packet(w, kind, text, strlen(text));
}

/* --- the console ------------------------------------------------------------------- */

/* Bytes of the case or of the kernel. */
static void
output(struct worker *w, const char *buf, size_t len)
{
	if (len == 0)
		return;
	if (w->w_client >= 0) {
		w->w_heard = true;
		packet(w, 'o', buf, len);
		return;
	}
	if (len > sizeof(w->w_log) - 1 - w->w_log_len)
		len = sizeof(w->w_log) - 1 - w->w_log_len;
	memcpy(w->w_log + w->w_log_len, buf, len);
	w->w_log_len += len;
	w->w_log[w->w_log_len] = '\0';
}

static void
agent_line(struct worker *w)
{
	const char *said = w->w_line + strlen(WORD);

	w->w_line[w->w_line_len] = '\0';
	w->w_line_len = -1;
	if (strcmp(said, "ready") == 0)
		w->w_ready = true;
	else
		strcpy(w->w_answer, said);
}

/* One more byte behind MARK. */
static void
agent_byte(struct worker *w, char c)
{
	static const char mark = MARK;
	size_t len;

	if (c == '\n' && w->w_line_len >= (int)strlen(WORD)) {
		agent_line(w);
		return;
	}
	if (c == '\r' || w->w_line_len == (int)sizeof(w->w_line) - 1)
		return;
	w->w_line[w->w_line_len++] = c;
	len = (size_t)w->w_line_len;
	if (len > strlen(WORD) || memcmp(w->w_line, WORD, len) == 0)
		return;
	/* It was a case's, and so is what it held back. */
	output(w, &mark, 1);
	output(w, w->w_line, len - (c == MARK));
	w->w_line_len = c == MARK ? 0 : -1;
}

static void
take_bytes(struct worker *w, const char *buf, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (w->w_line_len >= 0) {
			agent_byte(w, buf[i]);
			from = i + 1;
		} else if (buf[i] == MARK) {
			output(w, buf + from, i - from);
			w->w_line_len = 0;
			from = i + 1;
		}
	}
	output(w, buf + from, n - from);
}

/* Wait up to ms for the machine, a client's going, and the parent's end. */
static void
listen_machine(struct worker *w, int64_t ms)
{
	struct pollfd fds[] = {
	    {w->w_ending ? -1 : w->w_end, POLLIN, 0},
	    {w->w_gone ? -1 : w->w_client, POLLIN, 0},
	};
	char buf[PACKET_MAX];
	size_t n;

	machine_poll(&w->w_machine, fds, 2, false, ms > 0 ? (int)ms : 0);
	while ((n = machine_read(&w->w_machine, buf, sizeof(buf))) > 0)
		take_bytes(w, buf, n);
	if (fds[0].revents != 0)
		w->w_ending = true;
	if (fds[1].revents != 0)
		w->w_gone = true;
}

static void
order(struct worker *w, const char *text)
{
	size_t len = strlen(text), done = 0;
	int64_t end = now_ms() + BOOT_LIMIT_MS;

	while (done < len && !w->w_machine.m_dead && now_ms() < end) {
		done += machine_write(&w->w_machine, text + done, len - done);
		if (done < len)
			machine_poll(&w->w_machine, NULL, 0, true, 1000);
	}
}

/* --- a machine's life ----------------------------------------------------------------- */

static const char *
ending_name(enum ending ending)
{
	static const char *const names[] = {
	    [END_STATUS] = "lost", /* the agent should not end */
	    [END_PANIC] = "panic",
	    [END_HANG] = "hang",
	    [END_LOST] = "lost",
	};

	return (names[ending]);
}

/* Ask for a report, wait for it, and kill. */
static void
kill_hanging(struct worker *w)
{
	int64_t end = now_ms() + REPORT_LIMIT_MS;

	machine_nmi(&w->w_machine);
	while (!w->w_machine.m_dead && now_ms() < end)
		listen_machine(w, end - now_ms());
	machine_kill(&w->w_machine);
}

/* Boot until the agent is ready; false if it cannot be, or the end came. */
static bool
boot(struct worker *w)
{
	int64_t end;
	int status;

	for (int i = 0; i < BOOTS_MAX && !w->w_ending; i++) {
		w->w_ready = false;
		w->w_line_len = -1;
		w->w_log_len = 0;
		w->w_log[0] = w->w_cases[0] = '\0';
		end = now_ms() + BOOT_LIMIT_MS;
		machine_start(&w->w_machine, w->w_config);
		while (!w->w_ready && !w->w_machine.m_dead && !w->w_ending &&
		    now_ms() < end)
			listen_machine(w, end - now_ms());
		if (w->w_ready) {
			w->w_log_len = 0;
			return (true);
		}
		if (!w->w_machine.m_dead && !w->w_ending)
			kill_hanging(w);
		machine_kill(&w->w_machine);
		(void)machine_wait(&w->w_machine, &status);
	}
	return (false);
}

/* How a case that did not come to its end ended. */
static const char *
bury(struct worker *w)
{
	int status;

	if (!w->w_machine.m_dead) {
		kill_hanging(w);
		(void)machine_wait(&w->w_machine, &status);
		return ("hang");
	}
	return (ending_name(machine_wait(&w->w_machine, &status)));
}

/* Shut down in good order; false if the kernel had something to say. */
static bool
shut_down(struct worker *w)
{
	int64_t end = now_ms() + END_LIMIT_MS;
	enum ending ending;
	int status = 0;
	bool hung;

	order(w, "exit\n");
	while (!w->w_machine.m_dead && now_ms() < end)
		listen_machine(w, end - now_ms());
	if ((hung = !w->w_machine.m_dead))
		kill_hanging(w);
	ending = machine_wait(&w->w_machine, &status);
	if (!hung && ending == END_STATUS && status == 0 &&
	    strstr(w->w_log, "leak:") == NULL)
		return (true);
	fprintf(stderr, "pc64: shutdown of a machine: %s, status %d\n%s\n",
	    hung		       ? "hang"
		: ending == END_STATUS ? "ended"
				       : ending_name(ending),
	    status, w->w_log);
	fprintf(stderr, "pc64: it had run:%s\n", w->w_cases);
	return (false);
}

/* --- traces ------------------------------------------------------------------------------- */

static bool
traces(const struct config *c)
{
	for (const char **set = c->c_sets; set != NULL && *set != NULL; set++)
		if (strncmp(*set, "ktr=", 4) == 0)
			return (true);
	return (false);
}

/* The RAM of a worker's machines. */
static void
name_ram(struct config *c)
{
	static char path[64];
	int fd = memfd_create("mayfly-pc64", MFD_CLOEXEC);

	if (fd < 0)
		option_fail(
		    "cannot make a file for the RAM: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	c->c_kshm = path;
}

/* In the child: ktrdump lies beside us. */
static void
exec_ktrdump(const char *ram)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);

	if (n > 0) {
		path[n] = '\0';
		strcpy(strrchr(path, '/') + 1, "ktrdump");
		execl(path, path, "--last", EVENTS, ram, NULL);
	}
	_exit(127);
}

/* Tell the client what the machine did last. */
static void
tell_events(struct worker *w)
{
	char buf[PACKET_MAX];
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (w->w_client < 0 || w->w_gone || !traces(w->w_config) ||
	    pipe2(fds, O_CLOEXEC) != 0)
		return;
	packet_text(w, 'o', "the last events:\n");
	if ((pid = fork()) == 0) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		exec_ktrdump(w->w_config->c_kshm);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		packet(w, 'o', buf, (size_t)n);
	close(fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* --- clients ----------------------------------------------------------------------------- */

/* "done STATUS CLEAN WHAT": tell the client; false if the guest is not clean. */
static bool
case_done(struct worker *w)
{
	int status, clean, at = 0;

	if (sscanf(w->w_answer, "done %d %d%n", &status, &clean, &at) != 2) {
		packet_text(w, 'o', "pc64: the agent said: %s\n", w->w_answer);
		packet_text(w, 'e', "lost");
		return (false);
	}
	if (!clean)
		packet_text(w, 'o', "agent: left:%s\n", w->w_answer + at);
	if (status != 0)
		tell_events(w);
	packet_text(w, 'e', "status %d", status);
	return (clean && status == 0);
}

/* Did the machine die idle, before it began the case?  Then it is told. */
static bool
died_idle(struct worker *w)
{
	int status;

	if (!w->w_machine.m_dead || w->w_gone || w->w_heard ||
	    w->w_answer[0] != '\0')
		return (false);
	fprintf(stderr, "pc64: an idle machine ended: %s\n%s\n",
	    ending_name(machine_wait(&w->w_machine, &status)), w->w_log);
	w->w_bad = true;
	return (true);
}

/* Run one case for the client; false if the machine must be booted again. */
static bool
run_case(struct worker *w, int limit_s, const char *program, const char *name)
{
	int64_t end = now_ms() + limit_s * 1000LL;
	size_t used = strlen(w->w_cases);
	const char *how;
	char text[512];

	snprintf(w->w_cases + used, sizeof(w->w_cases) - used, " %s:%s",
	    program, name);
	snprintf(text, sizeof(text), "run %s %s\n", program, name);
	w->w_answer[0] = '\0';
	order(w, text);
	while (w->w_answer[0] == '\0' && !w->w_machine.m_dead && !w->w_gone &&
	    now_ms() < end)
		listen_machine(w, end - now_ms());
	if (w->w_answer[0] != '\0') {
		if (case_done(w))
			return (true);
		machine_kill(&w->w_machine);
		w->w_machine.m_dead = true;
		(void)bury(w);
		return (false);
	}
	if (w->w_gone)
		machine_kill(&w->w_machine);
	else if (died_idle(w) && boot(w))
		return (run_case(w, limit_s, program, name));
	how = w->w_machine.m_pid > 0 ? bury(w) : "lost";
	tell_events(w);
	packet_text(w, 'e', "%s", how);
	return (false);
}

/* Serve the client that was accepted; false as run_case. */
static bool
serve_client(struct worker *w)
{
	char request[512], program[256], name[128];
	ssize_t n = recv(w->w_client, request, sizeof(request) - 1, 0);
	int limit_s;
	bool good = true;

	request[n > 0 ? n : 0] = '\0';
	w->w_gone = w->w_heard = false;
	if (sscanf(request, "%d %255s %127s", &limit_s, program, name) == 3)
		good = run_case(w, limit_s, program, name);
	close(w->w_client);
	w->w_client = -1;
	return (good);
}

/* Wait for a client, with an eye on the idle machine; false at the end. */
static bool
next_client(struct worker *w)
{
	struct pollfd fds[] = {
	    {w->w_end, POLLIN, 0}, {w->w_listener, POLLIN, 0}};

	while (!w->w_ending && !w->w_machine.m_dead) {
		char buf[PACKET_MAX];
		size_t n;

		machine_poll(&w->w_machine, fds, 2, false, -1);
		while ((n = machine_read(&w->w_machine, buf, sizeof(buf))) > 0)
			take_bytes(w, buf, n);
		if (fds[0].revents != 0)
			w->w_ending = true;
		else if (fds[1].revents != 0 && !w->w_machine.m_dead &&
		    (w->w_client = accept4(
			 w->w_listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
			return (true);
	}
	return (false);
}

/* --- processes ------------------------------------------------------------------------------ */

static int
work(struct worker *w)
{
	bool good = true;

	w->w_client = -1;
	while (!w->w_ending) {
		if (!boot(w)) {
			if (w->w_ending)
				break;
			fprintf(stderr, "pc64: no agent after %d boots:\n%s\n",
			    BOOTS_MAX, w->w_log);
			return (1);
		}
		while (next_client(w) && serve_client(w))
			;
		if (w->w_ending && w->w_machine.m_pid > 0)
			good = shut_down(w);
		else if (w->w_machine.m_pid > 0) {
			w->w_heard = false;
			w->w_answer[0] = '\0';
			(void)died_idle(w);
		}
	}
	return (good && !w->w_bad ? 0 : 1);
}

static int end_pipe[2];

/* The workers see the end of the pipe. */
static void
tell_workers(int sig)
{
	(void)sig;
	close(end_pipe[1]);
}

static int
open_socket(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(sun.sun_path))
		option_fail("--serve: %s is too long for a socket", path);
	strcpy(sun.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    listen(fd, 64) != 0)
		option_fail("--serve: %s: %s", path, strerror(errno));
	return (fd);
}

static pid_t
start_worker(const struct config *c, int listener)
{
	static struct config own;
	struct worker *w = calloc(1, sizeof(*w));
	pid_t parent = getpid(), pid = fork();

	if (w == NULL)
		option_fail("out of memory");
	if (pid != 0) {
		free(w);
		return (pid);
	}
	signal(SIGINT, SIG_IGN); /* the terminal's; the parent tells us */
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close(end_pipe[1]);
	own = *c;
	if (traces(c) && c->c_kshm == NULL)
		name_ram(&own);
	w->w_config = &own;
	w->w_listener = listener;
	w->w_end = end_pipe[0];
	exit(work(w));
}

int
serve_run(const struct config *config)
{
	static char *agent[] = {"/tests/agent", NULL};
	struct config c = *config;
	struct sigaction sa = {.sa_handler = tell_workers};
	pid_t parent = getppid();
	int listener, status, bad = 0, left = c.c_workers;

	if (c.c_command == NULL)
		c.c_command = agent;
	listener = open_socket(c.c_serve);
	if (pipe2(end_pipe, O_CLOEXEC) != 0)
		option_fail("cannot make a pipe: %s", strerror(errno));
	for (int i = 0; i < c.c_workers; i++)
		start_worker(&c, listener);
	close(end_pipe[0]);
	sa.sa_flags = SA_RESETHAND; /* a second one ends us at once */
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		tell_workers(SIGTERM);
	while (left > 0)
		if (waitpid(-1, &status, 0) > 0) {
			left--;
			bad |= status != 0;
		}
	unlink(c.c_serve);
	return (bad);
}
