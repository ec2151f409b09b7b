/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ATF proxy: makes Kyua see test cases that run on a Mayfly kernel.
 *
 * 1. It speaks the ATF test-program protocol: "-l" lists, "-r FILE CASE" runs
 *    one case and writes its result.  The cases come from PROGRAM.cases, which
 *    the build derives from the sources, so listing boots nothing.
 * 2. A case boots a vkernel of its own: kind k runs a body inside the test
 *    kernel (option ktest=NAME), kind g a program in the guest.
 * 3. Verdict.  Status 0 is a pass.  A panic line on the console, a leak line, a
 *    hang (the kernel is killed after the limit) or any other status is a
 *    failure whose reason names it; the console is on our standard output,
 *    which Kyua keeps.  A canary says in its row which of these it expects,
 *    and only that one makes it pass.
 *
 * A row of the cases file: kind|name|expect|question.  expect: pass, fail,
 * panic, hang, leak, crash.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024
#define CONSOLE_MAX  (1 << 20)
#define LIMIT_S	     60
#define CANARY_S     5

struct row {
	char kind, name[64], expect[16], question[256];
};

static const char *program, *build;
static char console[CONSOLE_MAX];
static size_t console_len;

static void
fail(const char *what, const char *arg)
{
	fprintf(stderr, "atf_proxy: %s %s\n", what, arg);
	exit(2);
}

/* Call f for each row until it returns true; whether one did. */
static bool
for_rows(bool (*f)(const struct row *r, const void *arg), const void *arg)
{
	char path[4096], line[LINE_MAX_LEN], kind[8];
	struct row r;
	FILE *file;
	bool found = false;

	snprintf(path, sizeof(path), "%s.cases", program);
	if ((file = fopen(path, "r")) == NULL)
		fail("cannot read", path);
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%7[^|]|%63[^|]|%15[^|]|%255[^\n]", kind,
			r.name, r.expect, r.question) != 4)
			fail("bad row in", path);
		r.kind = kind[0];
		found = f(&r, arg);
	}
	fclose(file);
	return (found);
}

static bool
list_row(const struct row *r, const void *arg)
{
	(void)arg;
	printf("\nident: %s\ndescr: %s\ntimeout: 120\n", r->name, r->question);
	return (false);
}

/* --- running ---------------------------------------------------------------------- */

static pid_t
start(const struct row *r, int out)
{
	char kernel[4096], root[4096], option[128], guest[512];
	const char *base = strrchr(program, '/');
	pid_t pid = fork();

	if (pid != 0)
		return (pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, 1);
	dup2(out, 2);
	snprintf(kernel, sizeof(kernel), "%s/vkernel-test", build);
	snprintf(root, sizeof(root), "%s/initramfs-test.cpio", build);
	if (freopen("/dev/null", "r", stdin) == NULL)
		_exit(126);
	if (r->kind == 'k') {
		snprintf(option, sizeof(option), "ktest=%s", r->name);
		/* Kyua's private directory of the case is the share. */
		execl(kernel, "vkernel-test", "-i", root, "-s", ".", "-k",
		    option, NULL);
	} else {
		snprintf(guest, sizeof(guest), "/tests/%s",
		    base != NULL ? base + 1 : program);
		execl(kernel, "vkernel-test", "-i", root, "--", guest, r->name,
		    NULL);
	}
	_exit(127);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* Gather the console until the end or the limit; false if it was killed. */
static bool
gather(pid_t pid, int in, double limit, int *statusp)
{
	double end = now() + limit;
	struct pollfd pfd = {in, POLLIN, 0};
	bool killed = false;
	ssize_t n;

	for (;;) {
		int ms = (int)((end - now()) * 1000);

		if (ms <= 0 && !killed) {
			kill(pid, SIGKILL);
			killed = true;
		}
		if (poll(&pfd, 1, killed ? 2000 : ms) <= 0) {
			if (killed)
				break;
			continue;
		}
		n = read(
		    in, console + console_len, CONSOLE_MAX - 1 - console_len);
		if (n <= 0)
			break;
		(void)!write(1, console + console_len, (size_t)n);
		console_len += (size_t)n;
	}
	console[console_len] = '\0';
	waitpid(pid, statusp, 0);
	return (!killed);
}

/* The first console line that begins with prefix, or NULL. */
static const char *
line_with(const char *prefix)
{
	static char line[256];
	const char *p = console;

	while ((p = strstr(p, prefix)) != NULL) {
		if (p == console || p[-1] == '\n') {
			snprintf(line, sizeof(line), "%.*s",
			    (int)strcspn(p, "\r\n"), p);
			return (line);
		}
		p++;
	}
	return (NULL);
}

/* What happened, in the words of the expect column; *whyp tells more. */
static const char *
verdict(bool ended, int status, const char **whyp)
{
	static char why[320];
	const char *line;

	*whyp = why;
	if ((line = line_with("panic:")) != NULL) {
		snprintf(why, sizeof(why), "kernel %s", line);
		return ("panic");
	}
	if (!ended) {
		snprintf(why, sizeof(why), "hang: no end within the limit");
		return ("hang");
	}
	if ((line = line_with("leak:")) != NULL) {
		snprintf(why, sizeof(why), "kernel %s", line);
		return ("leak");
	}
	if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "vkernel killed by signal %d",
		    WTERMSIG(status));
		return ("crash");
	}
	if (WEXITSTATUS(status) > 128) {
		snprintf(why, sizeof(why), "program killed by signal %d",
		    WEXITSTATUS(status) - 128);
		return ("crash");
	}
	if (WEXITSTATUS(status) != 0) {
		if ((line = line_with("ktest:")) == NULL &&
		    (line = line_with("gtest:")) == NULL)
			line = "no message";
		snprintf(why, sizeof(why), "status %d: %s", WEXITSTATUS(status),
		    line);
		return ("fail");
	}
	snprintf(why, sizeof(why), "it passed");
	return ("pass");
}

struct run {
	const char *name, *result;
};

static bool
run_row(const struct row *r, const void *arg)
{
	const struct run *run = arg;
	bool canary = strcmp(r->expect, "pass") != 0, ended;
	const char *got, *why;
	int fds[2], status = 0;
	FILE *f;
	pid_t pid;

	if (strcmp(r->name, run->name) != 0)
		return (false);
	if (pipe(fds) != 0)
		fail("pipe:", strerror(errno));
	pid = start(r, fds[1]);
	close(fds[1]);
	ended = gather(pid, fds[0], canary ? CANARY_S : LIMIT_S, &status);
	got = verdict(ended, status, &why);
	if ((f = fopen(run->result, "w")) == NULL)
		fail("cannot write", run->result);
	if (strcmp(got, r->expect) == 0)
		fprintf(f, "passed\n");
	else if (canary)
		fprintf(f, "failed: expected %s, but %s\n", r->expect, why);
	else
		fprintf(f, "failed: %s\n", why);
	fclose(f);
	exit(strcmp(got, r->expect) == 0 ? 0 : 1);
}

int
main(int argc, char **argv)
{
	struct run run = {NULL, "/dev/stdout"};
	bool list = false;
	char *colon;
	int c;

	program = argv[0];
	if ((build = getenv("MAYFLY_BUILD")) == NULL)
		build = ".";
	while ((c = getopt(argc, argv, "lr:s:v:")) != -1)
		switch (c) {
		case 'l':
			list = true;
			break;
		case 'r':
			run.result = optarg;
			break;
		case 's':
		case 'v':
			break;
		default:
			exit(2);
		}
	if (list) {
		printf("Content-Type: application/X-atf-tp; version=\"1\"\n");
		for_rows(list_row, NULL);
		return (0);
	}
	if (optind >= argc)
		fail("no test case named; try", "-l");
	if ((colon = strchr(argv[optind], ':')) != NULL) {
		if (strcmp(colon, ":cleanup") == 0)
			return (0);
		*colon = '\0';
	}
	run.name = argv[optind];
	if (!for_rows(run_row, &run))
		fail("no such test case:", argv[optind]);
	return (2);
}
