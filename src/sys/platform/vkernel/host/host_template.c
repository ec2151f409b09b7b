/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Templates: boot once, run many (--template FD:POINT).
 *
 * 1. A template boots up to a point (the bodies of tests need no root, programs
 *    want one) and then waits on the socket FD for requests (template.h).  For
 *    each it forks: the child goes on from the point as a machine of its own.
 * 2. The point lies where a machine is nothing but memory: before the other
 *    CPUs, the console, the first stub, the cycle counter's speed.  A template
 *    boots on its main thread, which therefore is the only one, and fork copies
 *    it.  In a machine that thread is CPU 0; what the main thread is elsewhere
 *    (host_main.c) is a new one there.
 * 3. The process's own memory is copied by the host when it is written.  Guest
 *    RAM and the shared segment are files that stubs and tools map: a machine
 *    makes files of its own, with copies of what the template's have
 *    (host_copy.c).
 * 4. Words.  A request brings the whole command; the machine reads it as if it
 *    had been started with it.  Options that act before the point must be the
 *    template's; who asks keeps a template for each set of them, and the machine
 *    looks whether that is so.  What a boot prints before the point is kept and
 *    printed by each machine.
 * 5. Chance and time.  A machine mixes new entropy in, and its clock goes on
 *    where the template's stood; in a repeatable run both come from the seed and
 *    go on by themselves, so it has the ktr stream of a boot (vk_template.c).
 * 6. Death.  A machine is killed when its connection ends, and dies with the
 *    template, its stubs die with it.  Who started the template ends it.
 *
 * A template with a memcheck report serves nobody: the report is for a boot.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "host.h"
#include "host_copy.h"
#include "host_var.h"
#include "template.h"

#define MACHINES_MAX 64
#define KEPT_MAX     65536
#define WORDS_MAX    128

static int listener = -1; /* -1: this is no template */
static enum host_point point;
static char kept[KEPT_MAX]; /* what the boot printed */
static size_t kept_len;
static char early[4096]; /* the template's kernel command line */
static uint64_t early_memory;
static pid_t template_pid;

/* A machine that runs, or did a moment ago. */
static struct machine {
	int conn;  /* who asked for it */
	int alive; /* a pipe that it holds open */
	pid_t pid;
	bool killed;
} machines[MACHINES_MAX];
static int nmachines;

void
host_template_set(const char *spec)
{
	char *end;
	long fd = strtol(spec, &end, 10);

	if (end == spec || *end != ':' || fcntl((int)fd, F_GETFD) < 0)
		host_fail("--template: \"%s\" is not SOCKET:POINT", spec);
	if (strcmp(end + 1, TEMPLATE_KERNEL) == 0)
		point = HOST_POINT_KERNEL;
	else if (strcmp(end + 1, TEMPLATE_ROOT) == 0)
		point = HOST_POINT_ROOT;
	else
		host_fail("--template: no point \"%s\"", end + 1);
	listener = (int)fd;
	(void)fcntl(listener, F_SETFD, FD_CLOEXEC);
}

bool
host_template_on(void)
{
	return (listener >= 0);
}

bool
host_template_keep(const void *buf, size_t len)
{
	if (listener < 0)
		return (false);
	len = len < KEPT_MAX - kept_len ? len : KEPT_MAX - kept_len;
	memcpy(kept + kept_len, buf, len);
	kept_len += len;
	return (true);
}

/* A template that ends by itself says what it knows. */
void
host_template_ends(void)
{
	if (listener >= 0)
		(void)!write(2, kept, kept_len);
}

/* --- a machine's first steps ----------------------------------------------------- */

/* The words of line that are not late, in buf. */
static void
early_words(const char *line, char *buf, size_t size)
{
	size_t used = 0;

	for (const char *p = line; *p != '\0';) {
		size_t n = strcspn(p, " ");
		bool late = template_is_late(p, n) ||
		    (point == HOST_POINT_KERNEL &&
			strncmp(p, "share=", 6) == 0);

		if (!late && used + n + 2 < size)
			used += (size_t)snprintf(
			    buf + used, size - used, "%.*s ", (int)n, p);
		p += n + (p[n] == ' ');
	}
	buf[used] = '\0';
}

/* Read the command as if the machine had been started with it. */
static void
take_words(char *words, size_t len, struct host_boot *hb)
{
	static char *argv[WORDS_MAX + 1];
	char mine[sizeof(early)];
	int argc = 0;

	for (char *p = words; p < words + len; p += strlen(p) + 1)
		if (argc < WORDS_MAX)
			argv[argc++] = p;
	argv[argc] = NULL;
	host_options_again(argc, argv, hb);
	early_words(hb->cmdline, mine, sizeof(mine));
	if (strcmp(mine, early) != 0 || hb->memory_bytes != early_memory)
		host_fail("the template has the options \"%s\" and %lu bytes, "
			  "not \"%s\" and %lu",
		    early, (unsigned long)early_memory, mine,
		    (unsigned long)hb->memory_bytes);
}

/*
 * valgrind opened its report long ago and keeps the descriptor for itself: put
 * ours in its place wherever the template's is.
 */
static void
take_report(int report)
{
	struct stat old, st;
	struct dirent *de;
	DIR *d;

	if (report < 0 || fstat(TEMPLATE_REPORT_FD, &old) != 0 ||
	    (d = opendir("/proc/self/fd")) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		int fd = atoi(de->d_name);

		if (host_stat_fd(fd, &st) == 0 && st.st_dev == old.st_dev &&
		    st.st_ino == old.st_ino)
			host_replace_fd(report, fd);
	}
	closedir(d);
}

static void
become_machine(char *words, size_t len, const int *fds, struct host_boot *hb)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who died before that line sends no signal. */
	if (getppid() != template_pid)
		_exit(127);
	close(listener);
	listener = -1;
	for (int i = 0; i < nmachines; i++) {
		close(machines[i].conn);
		close(machines[i].alive);
	}
	dup2(fds[TEMPLATE_CONSOLE], 1);
	dup2(fds[TEMPLATE_CONSOLE], 2);
	take_report(fds[TEMPLATE_REPORT]);
	if (fchdir(fds[TEMPLATE_DIRECTORY]) != 0)
		host_fail("directory: %s", strerror(errno));
	for (int i = 0; i < TEMPLATE_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	take_words(words, len, hb);
	host_memory_again();
	host_stubs_again();
	host_main_again();
	host_console_write(kept, kept_len);
}

/* --- serving ------------------------------------------------------------------- */

/* A request: its length and descriptors (-1: none), or 0. */
static size_t
receive(int conn, char *words, int *fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(TEMPLATE_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov = {words, TEMPLATE_WORDS_MAX};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n;

	for (int i = 0; i < TEMPLATE_FDS; i++)
		fds[i] = -1;
	n = recvmsg(conn, &m, MSG_CMSG_CLOEXEC);
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(c),
		    c->cmsg_len - CMSG_LEN(0) > TEMPLATE_FDS * sizeof(int)
			? TEMPLATE_FDS * sizeof(int)
			: c->cmsg_len - CMSG_LEN(0));
	if (n <= 1 || words[n - 1] != '\0' || fds[TEMPLATE_DIRECTORY] < 0)
		return (0);
	return ((size_t)n);
}

static void
tell(int conn, const char *what, int number)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%s %d", what, number);

	(void)send(conn, text, (size_t)n, MSG_NOSIGNAL);
}

/* True in the machine. */
static bool
fork_machine(int conn, char *words, size_t len, int *fds, struct host_boot *hb)
{
	struct machine *m = &machines[nmachines];
	int alive[2];

	if (nmachines == MACHINES_MAX || pipe2(alive, O_CLOEXEC) != 0) {
		close(conn);
		return (false);
	}
	m->pid = fork();
	if (m->pid == 0) {
		close(conn);
		close(alive[0]); /* alive[1] stays open until we die */
		become_machine(words, len, fds, hb);
		return (true);
	}
	close(alive[1]);
	if (m->pid < 0) {
		close(alive[0]);
		close(conn);
		return (false);
	}
	m->conn = conn;
	m->alive = alive[0];
	m->killed = false;
	nmachines++;
	tell(conn, "pid", (int)m->pid);
	return (false);
}

/* A name in the abstract name space is open to everybody. */
static bool
is_our_user(int conn)
{
	struct ucred uc;
	socklen_t size = sizeof(uc);

	return (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &uc, &size) == 0 &&
	    uc.uid == getuid());
}

/* Somebody connects: true in the machine that this makes. */
static bool
serve_one(struct host_boot *hb)
{
	static char words[TEMPLATE_WORDS_MAX];
	struct timeval patience = {.tv_sec = 5};
	int conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int fds[TEMPLATE_FDS] = {-1, -1, -1};
	bool machine = false;
	size_t len;

	if (conn < 0)
		return (false);
	(void)setsockopt(
	    conn, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	len = is_our_user(conn) ? receive(conn, words, fds) : 0;
	if (len > 0)
		machine = fork_machine(conn, words, len, fds, hb);
	else
		close(conn);
	for (int i = 0; i < TEMPLATE_FDS && !machine; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return (machine);
}

/* It is dead: tell how, and forget it. */
static void
bury(struct machine *m)
{
	int status = 0;

	while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
		;
	tell(m->conn, "status", status);
	close(m->conn);
	close(m->alive);
	*m = machines[--nmachines];
}

/* The other side has nothing to say after its request: it went away. */
static void
abandon(struct machine *m)
{
	char c;

	if (recv(m->conn, &c, 1, MSG_DONTWAIT) > 0)
		return;
	kill(m->pid, SIGKILL);
	m->killed = true;
}

static bool
serve(struct host_boot *hb)
{
	struct pollfd pfds[1 + 2 * MACHINES_MAX];
	int n;

	pfds[0] = (struct pollfd){listener, POLLIN, 0};
	for (n = 0; n < nmachines; n++) {
		const struct machine *m = &machines[n];

		pfds[1 + 2 * n] = (struct pollfd){m->alive, 0, 0};
		pfds[2 + 2 * n] =
		    (struct pollfd){m->killed ? -1 : m->conn, POLLIN, 0};
	}
	if (poll(pfds, (nfds_t)(1 + 2 * n), -1) <= 0)
		return (false);
	/* From the end: bury moves the last one. */
	for (n--; n >= 0; n--) {
		if (pfds[1 + 2 * n].revents != 0)
			bury(&machines[n]);
		else if (pfds[2 + 2 * n].revents != 0)
			abandon(&machines[n]);
	}
	return (pfds[0].revents != 0 && serve_one(hb));
}

bool
host_template_point(enum host_point where, struct host_boot *hb)
{
	sigset_t set;

	if (listener < 0 || where != point)
		return (false);
	if (!host_memcheck_template())
		host_fail("memcheck has a report: no template");
	early_words(hb->cmdline, early, sizeof(early));
	early_memory = hb->memory_bytes;
	template_pid = getpid();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!serve(hb))
		;
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return (true);
}
