/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machines without a boot, for the ATF proxy: `vkernel --template' boots once
 * and makes a machine for each case (platform/vkernel/host/host_template.c).
 *
 * 1. Templates belong to a run: the kyua that is our parent, or the process
 *    MAYFLY_RUN.  Without either there is none.  A run has a template for each set
 *    of options that act before the template's point; its name, a socket in the
 *    abstract name space, is made of the run and these options.
 * 2. The first proxy that wants one binds the name, so only one does, and leaves
 *    a keeper behind: a process in a session of its own that starts the template
 *    and ends it when the run ends, however that ends (a pidfd).  The template
 *    dies with its keeper, the machines with the template.
 * 3. A template that cannot be had, or is lost, is not tried again: the keeper
 *    then turns everybody away, and cases boot.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../src/sys/platform/vkernel/host/template.h"
#include "snapshot.h"

#define LISTEN_FD  121
#define WORDS_MAX  128
#define PATIENCE_S 120 /* for a template that boots under valgrind */
#define BACKLOG	   64

struct words {
	const char *list[WORDS_MAX + 1];
	int n;
};

static void
add(void *to, const char *word)
{
	struct words *w = to;

	if (w->n < WORDS_MAX)
		w->list[w->n++] = word;
}

/* --- which template ------------------------------------------------------------ */

/* The process whose life is the run's; 0: there is no run. */
static pid_t
run_of_us(void)
{
	const char *given = getenv("MAYFLY_RUN");
	char path[64], name[16] = "";
	FILE *f;

	if (given != NULL)
		return ((pid_t)atoi(given));
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)getppid());
	if ((f = fopen(path, "r")) == NULL)
		return (0);
	if (fgets(name, sizeof(name), f) == NULL)
		name[0] = '\0';
	fclose(f);
	return (strcmp(name, "kyua\n") == 0 ? getppid() : 0);
}

/* Options that a machine may have for itself. */
static const struct option {
	const char *name;
	char letter;
	enum {
		SETTING,
		ARCHIVE,
		SHARE,
		OTHER
	} kind;
} options[] = {{"set", 'k', SETTING}, {"initramfs", 'i', ARCHIVE},
    {"share", 's', SHARE}, {"cpus", 'n', OTHER}, {"kshm", 0, OTHER}};

/* One of them, or NULL; *valuep: what follows its "=", or NULL. */
static const struct option *
find_option(const char *word, const char **valuep)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct option *o = &options[i];
		size_t n = strlen(o->name);

		*valuep = NULL;
		if (o->letter != 0 && word[0] == '-' && word[1] == o->letter &&
		    word[2] == '\0')
			return (o);
		if (strncmp(word, "--", 2) != 0 ||
		    strncmp(word + 2, o->name, n) != 0)
			continue;
		if (word[2 + n] == '=')
			*valuep = word + 3 + n;
		if (word[2 + n] == '=' || word[2 + n] == '\0')
			return (o);
	}
	return (NULL);
}

/* The words that act before the template's point; why there can be no template. */
static const char *
early_words(const struct snapshot *s, struct words *early)
{
	bool root = false, late, pair;
	const struct option *o;
	const char *value;

	for (int i = 0; i < s->nwords && strcmp(s->words[i], "--") != 0; i++) {
		const char *word = s->words[i];

		if ((o = find_option(word, &value)) == NULL) {
			add(early, word);
			continue;
		}
		pair = value == NULL && i + 1 < s->nwords;
		if (pair)
			value = s->words[++i];
		if (o->kind == SHARE && s->root)
			return ("a root with a share is one's own");
		late = true;
		if (o->kind == SETTING)
			late = value != NULL &&
			    template_is_late(value, strlen(value));
		if (o->kind == ARCHIVE) {
			late = root; /* others come on top of the first */
			root = true;
		}
		if (late)
			continue;
		add(early, word);
		if (pair)
			add(early, value);
	}
	return (NULL);
}

static uint64_t
hash(uint64_t h, const char *text)
{
	do
		h = (h ^ (uint8_t)*text) * 0x100000001b3UL;
	while (*text++ != '\0');
	return (h);
}

static socklen_t
name_of(
    struct sockaddr_un *sun, pid_t run, const char *point, struct words *early)
{
	uint64_t h = hash(0xcbf29ce484222325UL, point);
	int n;

	for (int i = 0; i < early->n; i++)
		h = hash(h, early->list[i]);
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(sun->sun_path + 1, sizeof(sun->sun_path) - 1,
	    "mayfly-template-%d-%d-%016lx", (int)getuid(), (int)run,
	    (unsigned long)h);
	return ((
	    socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n));
}

/* --- the keeper ---------------------------------------------------------------- */

static pid_t
start_template(const struct snapshot *s, struct words *early, const char *point)
{
	struct words w = {{NULL}, 0};
	pid_t keeper = getpid(), pid = fork();
	char text[64];

	if (pid != 0)
		return (pid);
	/* Not by force: valgrind tidies up. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != keeper)
		_exit(127);
	(void)dup2(memfd_create("report", 0), TEMPLATE_REPORT_FD);
	s->launcher(add, &w, TEMPLATE_REPORT_FD);
	snprintf(text, sizeof(text), "%d:%s", LISTEN_FD, point);
	add(&w, "--template");
	add(&w, text);
	for (int i = 0; i < early->n; i++)
		add(&w, early->list[i]);
	w.list[w.n] = NULL;
	execv(w.list[0], (char **)(uintptr_t)w.list);
	_exit(127);
}

/* Until the run ends. */
static void
turn_away(int listener, int run)
{
	struct pollfd pfds[2] = {{run, POLLIN, 0}, {listener, POLLIN, 0}};

	while (poll(pfds, 2, -1) <= 0 || pfds[0].revents == 0)
		close(accept(listener, NULL, NULL));
}

static void
keep_template(
    const struct snapshot *s, int listener, pid_t run, struct words *early)
{
	const char *point = s->root ? TEMPLATE_ROOT : TEMPLATE_KERNEL;
	struct pollfd pfds[2];
	int run_fd, null;
	pid_t pid;

	setsid();
	prctl(PR_SET_NAME, "template-keeper");
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	dup2(listener, LISTEN_FD);
	(void)close_range(3, TEMPLATE_REPORT_FD, 0);
	(void)close_range(LISTEN_FD + 1, ~0U, 0);
	/* The directory of a case goes away with it. */
	if (chdir("/") != 0)
		_exit(0);
	unsetenv("TMPDIR");
	run_fd = (int)syscall(SYS_pidfd_open, run, 0);
	if (run_fd < 0)
		_exit(0);
	pid = start_template(s, early, point);
	pfds[0] = (struct pollfd){run_fd, POLLIN, 0};
	pfds[1] =
	    (struct pollfd){(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};
	while (poll(pfds, 2, -1) <= 0)
		;
	if (pfds[0].revents == 0) {
		waitpid(pid, NULL, 0);
		turn_away(LISTEN_FD, run_fd);
		_exit(0);
	}
	kill(pid, SIGTERM);
	if (poll(&pfds[1], 1, 5000) <= 0)
		kill(pid, SIGKILL);
	/* So that its time is ours, and of who waits for us. */
	waitpid(pid, NULL, 0);
	_exit(0);
}

/* Be the first to want the template: its keeper is started.  Else nothing. */
static void
make_template(const struct snapshot *s, pid_t run, struct words *early,
    const struct sockaddr_un *sun, socklen_t len)
{
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (bind(listener, (const struct sockaddr *)sun, len) == 0 &&
	    listen(listener, BACKLOG) == 0 && fork() == 0)
		keep_template(s, listener, run, early);
	close(listener);
}

/* --- asking -------------------------------------------------------------------- */

/* -1: nobody is there; one who has the name may take a moment to listen. */
static int
connect_to(const struct sockaddr_un *sun, socklen_t len, int tries)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = PATIENCE_S};
	socklen_t size = sizeof(struct ucred);
	struct ucred uc = {0, (uid_t)-1, 0};

	while (connect(fd, (const struct sockaddr *)sun, len) != 0) {
		if (errno != ECONNREFUSED || --tries == 0) {
			close(fd);
			return (-1);
		}
		usleep(1000);
	}
	/* Anybody could have taken the name. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &size) != 0 ||
	    uc.uid != getuid()) {
		close(fd);
		return (-1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return (fd);
}

static bool
ask(struct snapshot *s)
{
	static char text[TEMPLATE_WORDS_MAX];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(TEMPLATE_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov = {text, 0};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fds[TEMPLATE_FDS] = {
	    s->console, open(".", O_PATH | O_CLOEXEC), s->report};
	size_t bytes = (s->report >= 0 ? 3 : 2) * sizeof(int), n = 0;
	bool sent;

	for (int i = -1; i < s->nwords; i++) {
		const char *word = i < 0 ? "vkernel" : s->words[i];
		size_t len = strlen(word) + 1;

		if (n + len > sizeof(text))
			return (false);
		memcpy(text + n, word, len);
		n += len;
	}
	iov.iov_len = n;
	*c = (struct cmsghdr){CMSG_LEN(bytes), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(c), fds, bytes);
	m.msg_controllen = CMSG_SPACE(bytes);
	sent = sendmsg(s->conn, &m, MSG_NOSIGNAL) == (ssize_t)n;
	close(fds[TEMPLATE_DIRECTORY]);
	return (sent);
}

/* "WHAT N": N; -1 if the template is gone. */
static int
answer(int conn, const char *what)
{
	char text[64];
	size_t len = strlen(what);
	ssize_t n;

	do
		n = recv(conn, text, sizeof(text) - 1, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return (-1);
	text[n] = '\0';
	if (strncmp(text, what, len) != 0 || text[len] != ' ')
		return (-1);
	return (atoi(text + len + 1));
}

const char *
snapshot_start(struct snapshot *s)
{
	struct words early = {{NULL}, 0};
	struct sockaddr_un sun;
	const char *why;
	socklen_t len;
	pid_t run = run_of_us();

	if (run <= 0)
		return ("no run");
	if ((why = early_words(s, &early)) != NULL)
		return (why);
	len = name_of(
	    &sun, run, s->root ? TEMPLATE_ROOT : TEMPLATE_KERNEL, &early);
	if ((s->conn = connect_to(&sun, len, 1)) < 0) {
		make_template(s, run, &early, &sun, len);
		s->conn = connect_to(&sun, len, 100);
	}
	if (s->conn < 0)
		return ("no template");
	if (ask(s) && (s->pid = answer(s->conn, "pid")) > 0)
		return (NULL);
	close(s->conn);
	return ("the template is lost");
}

void
snapshot_kill(struct snapshot *s)
{
	(void)shutdown(s->conn, SHUT_WR);
}

int
snapshot_end(struct snapshot *s)
{
	int status = answer(s->conn, "status");

	close(s->conn);
	return (status);
}
