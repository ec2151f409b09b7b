/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ATF proxy: makes Kyua see test cases that run on a Mayfly kernel.
 *
 * 1. It speaks the ATF test-program protocol: "-l" lists, "-r FILE CASE" runs
 *    one case and writes its result.  The cases come from PROGRAM.cases, which
 *    the build derives from the sources, so listing boots nothing.
 * 2. Kind k runs a body inside the test kernel (option ktest=NAME), kind g a
 *    program in the guest.  On the vkernel each case boots a kernel of its own.
 *    On the PC (MAYFLY_MACHINE=pc64) kind k does, too; kind g runs on a machine
 *    that stays up, which the socket MAYFLY_SOCKET leads to (serve.c of
 *    src/host/pc64); without that socket it boots one as well.  MAYFLY_TIER and
 *    MAYFLY_OPTIONS are for that launcher.  The machine memcheck is the vkernel
 *    under valgrind (valgrind/run), kasan the vkernel with KASAN.
 * 3. Variables, given with `kyua -v test_suites.mayfly.NAME=VALUE' or by ci/test
 *    through MAYFLY_NAME: machine; seed (a repeatable run, vkernel -D); fault
 *    (the plan, as "nth=5" or "ppm=1000;points=zone,copy"); trace (events that
 *    are kept, "*"; "0": none); options (more words for the machine); snapshot
 *    ("no": each case boots; else the vkernels of a run come from a template that
 *    booted once, see snapshot.c, and a case for which there is none boots).
 * 4. Verdict.  Status 0 is a pass.  A panic line on the console, a leak line, a
 *    hang (the kernel is killed after the limit), a report of memcheck's or any
 *    other status is a failure whose reason names it; the console is on our standard output,
 *    which Kyua keeps.  Before the verdict stand the words that boot this
 *    machine again, and, when the case failed, the last events of its trace:
 *    printed by the kernel (ktr.tail), or read from its shared segment by
 *    ktrdump when it hangs.  A canary says in its row which of these it expects,
 *    and only that one makes it pass.
 *
 * A row of the cases file: kind|name|expect|question.  expect: pass, fail,
 * panic, hang, leak, crash, memcheck.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "snapshot.h"

#define LINE_MAX_LEN	1024
#define CONSOLE_MAX	(1 << 20)
#define MEMCHECK_STATUS 99 /* valgrind/run's, with a report */
#define GRACE_S		20 /* the launcher kills a hanging machine itself */

struct row {
	char kind, name[64], expect[16], question[256];
};

enum {
	VKERNEL,
	PC64,
	MEMCHECK,
	KASAN,
	MACHINES
};

/* How long a case may take, in seconds: only the first has real CPUs. */
static const struct machine {
	const char *name, *preset; /* NULL: any */
	int limit, canary;
} machines[MACHINES] = {{"vkernel", NULL, 60, 5}, {"pc64", NULL, 180, 10},
    {"memcheck", "memcheck", 600, 30}, {"kasan", "kasan", 180, 15}};

/* --- variables ---------------------------------------------------------------------- */

enum {
	V_MACHINE,
	V_SEED,
	V_FAULT,
	V_TRACE,
	V_OPTIONS,
	V_SNAPSHOT,
	VARIABLES
};
static struct variable {
	const char *name, *environment;
	const char *value; /* "": not given */
} variables[VARIABLES] = {{"machine", "MAYFLY_MACHINE", ""},
    {"seed", "MAYFLY_SEED", ""}, {"fault", "MAYFLY_FAULT", ""},
    {"trace", "MAYFLY_TRACE", "*"}, {"options", "MAYFLY_OPTIONS", ""},
    {"snapshot", "MAYFLY_SNAPSHOT", ""}};
#define TAIL "ktr.tail=40" /* events of each CPU */

static const char *program, *build, *top;
static const struct machine *machine = &machines[VKERNEL];
static int report_fd = -1; /* of memcheck */
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
	printf("\nident: %s\ndescr: %s\ntimeout: %d\n", r->name, r->question,
	    machine->limit + 2 * GRACE_S + 60);
	return (false);
}

/* --- running ---------------------------------------------------------------------- */

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash != NULL ? slash + 1 : path);
}

/* The program of kind g, in the guest. */
static const char *
guest_program(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "/tests/%s", base_name(program));
	return (path);
}

#define ARGS_MAX 48

struct args {
	const char *list[ARGS_MAX];
	int n;
	int own; /* here the machine's words begin, behind the launcher's */
};

static void
add(struct args *a, const char *word)
{
	if (a->n == ARGS_MAX - 1)
		fail("too many words for", a->list[0]);
	a->list[a->n++] = word;
	a->list[a->n] = NULL;
}

static void
add_set(struct args *a, const char *fmt, ...)
{
	char *word;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) < 0)
		fail("no memory for", fmt);
	va_end(ap);
	add(a, "--set");
	add(a, word);
}

/* What the variables ask for. */
static void
add_variables(struct args *a)
{
	char *words = strdup(variables[V_OPTIONS].value);
	char *plan = strdup(variables[V_FAULT].value);

	for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " "))
		add(a, w);
	if (*variables[V_SEED].value != '\0') {
		add(a, "--seed");
		add(a, variables[V_SEED].value);
	}
	for (char *w = strtok(plan, ";"); w != NULL; w = strtok(NULL, ";"))
		add_set(a, "fault.%s", w);
	if (strcmp(variables[V_TRACE].value, "0") != 0) {
		add_set(a, "ktr=%s", variables[V_TRACE].value);
		add_set(a, TAIL);
	}
}

static void
add_case(struct args *a, const struct row *r)
{
	if (r->kind == 'k') {
		add_set(a, "ktest=%s", r->name);
	} else {
		add(a, "--");
		add(a, guest_program());
		add(a, r->name);
	}
}

static char *
in_build(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", build, name) < 0)
		fail("no memory for", name);
	return (path);
}

/* The launcher and its words, but for the case's. */
static void
launch_vkernel(struct args *a, int limit)
{
	(void)limit;
	add(a, in_build("vkernel-test"));
}

static void
launch_pc64(struct args *a, int limit)
{
	static char timeout[32];
	const char *tier = getenv("MAYFLY_TIER");

	snprintf(timeout, sizeof(timeout), "%d", limit);
	add(a, in_build("pc64"));
	add(a, "--tier");
	add(a, tier != NULL ? tier : "microvm");
	add(a, "--kernel");
	add(a, in_build("pc64-test.elf"));
	add(a, "--timeout");
	add(a, timeout);
}

static void
launch_memcheck(struct args *a, int limit)
{
	static char script[4096], report[32];

	(void)limit;
	snprintf(script, sizeof(script), "%s/valgrind/run", top);
	snprintf(report, sizeof(report), "/dev/fd/%d", report_fd);
	add(a, script);
	add(a, "--built");
	add(a, build);
	add(a, "--kernel");
	add(a, "vkernel-test");
	add(a, "--report");
	add(a, report);
}

static void (*const launch[MACHINES])(struct args *a, int limit) = {
    launch_vkernel, launch_pc64, launch_memcheck, launch_vkernel};

/*
 * The plain root and the program, if it needs no other: to unpack all tests takes
 * longer than most cases.  A PC takes one archive.
 */
static void
add_root(struct args *a, const struct row *r)
{
	char *part;

	if (asprintf(&part, "%s/guest/%s.cpio", build, base_name(program)) < 0)
		fail("no memory for", program);
	add(a, "--initramfs");
	if (r->kind == 'k' || machine == &machines[PC64] ||
	    access(part, R_OK) != 0) {
		add(a, in_build("initramfs-test.cpio"));
		return;
	}
	add(a, in_build("initramfs.cpio"));
	add(a, "--initramfs");
	add(a, part);
}

/* Files of the host come when they come: no counting clock with them. */
static bool
may_share(void)
{
	return (strstr(variables[V_OPTIONS].value, "--icount") == NULL);
}

static void
make_args(struct args *a, const struct row *r, int limit)
{
	launch[machine - machines](a, limit);
	a->own = a->n;
	add_root(a, r);
	/* Kyua's private directory of the case is the share. */
	if (r->kind == 'k' && may_share()) {
		add(a, "--share");
		add(a, ".");
	}
	add_variables(a);
	add_case(a, r);
}

/* How to see this again. */
static void
print_command(const struct args *a)
{
	printf("machine %s:", machine->name);
	for (int i = 0; i < a->n; i++)
		printf(strpbrk(a->list[i], " *;$\"'") != NULL ? " '%s'" : " %s",
		    a->list[i]);
	printf("\n");
	fflush(stdout);
}

static pid_t
start(struct args *a, int out)
{
	pid_t pid = fork();

	if (pid != 0)
		return (pid);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(out, 1);
	dup2(out, 2);
	if (freopen("/dev/null", "r", stdin) == NULL)
		_exit(126);
	execv(a->list[0], (char **)(uintptr_t)a->list);
	_exit(127);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* Console output: kept for the verdict, and ours. */
static void
keep(const char *buf, size_t n)
{
	if (n > CONSOLE_MAX - 1 - console_len)
		n = CONSOLE_MAX - 1 - console_len;
	(void)!write(1, buf, n);
	memcpy(console + console_len, buf, n);
	console_len += n;
}

/* What happened to the program or the machine. */
struct outcome {
	bool hung;
	int signal; /* the vkernel's or launcher's own end, 0: none */
	int status;
};

/* A kernel that hangs prints nothing: its last events, from its segment. */
static void
dump_events(pid_t pid)
{
	char number[32];
	pid_t dumper;

	if (machine->preset != NULL || machine == &machines[PC64])
		return;
	printf("the last events:\n");
	fflush(stdout);
	snprintf(number, sizeof(number), "%d", (int)pid);
	if ((dumper = fork()) == 0) {
		dup2(1, 2);
		execl(in_build("ktrdump"), "ktrdump", "--last", "80", number,
		    NULL);
		_exit(127);
	}
	waitpid(dumper, NULL, 0);
}

/* A machine of its own, or one that a template made. */
struct running {
	pid_t pid;
	bool made;
	struct snapshot snap;
};

static void
end_running(struct running *r, struct outcome *o)
{
	int status = 0;

	if (!r->made)
		waitpid(r->pid, &status, 0);
	else if ((status = snapshot_end(&r->snap)) < 0)
		status = 125 << 8;
	o->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* Gather the console until the end, or kill it after the limit. */
static struct outcome
gather(struct running *r, int in, double limit)
{
	double end = now() + limit;
	struct pollfd pfd = {in, POLLIN, 0};
	struct outcome o = {false, 0, 0};
	char buf[4096];
	ssize_t n;

	for (;;) {
		int ms = (int)((end - now()) * 1000);

		if (ms <= 0 && !o.hung) {
			dump_events(r->pid);
			if (r->made)
				snapshot_kill(&r->snap);
			else
				kill(r->pid, SIGKILL);
			o.hung = true;
		}
		if (poll(&pfd, 1, o.hung ? 2000 : ms) <= 0) {
			if (o.hung)
				break;
			continue;
		}
		if ((n = read(in, buf, sizeof(buf))) <= 0)
			break;
		keep(buf, (size_t)n);
	}
	end_running(r, &o);
	return (o);
}

/* What memcheck has to say, as if it came from the console. */
static void
keep_report(void)
{
	char buf[4096];
	ssize_t n;

	if (report_fd < 0)
		return;
	keep("\n", 1);
	for (off_t at = 0; (n = pread(report_fd, buf, sizeof(buf), at)) > 0;
	     at += n)
		keep(buf, (size_t)n);
}

/* What starts a template: snapshot.c adds the machine's words. */
static void
launch_template(
    void (*add_word)(void *to, const char *word), void *to, int report)
{
	struct args a = {{NULL}, 0, 0};

	report_fd = report;
	launch[machine - machines](&a, 0);
	for (int i = 0; i < a.n; i++)
		add_word(to, a.list[i]);
}

/* From a template, if there can be one. */
static bool
start_made(
    struct running *run, const struct row *r, const struct args *a, int out)
{
	const char *why;

	if (machine == &machines[PC64])
		return (false);
	run->snap = (struct snapshot){.words = a->list + a->own,
	    .nwords = a->n - a->own,
	    .root = r->kind != 'k',
	    .launcher = launch_template,
	    .console = out,
	    .report = report_fd};
	why = strcmp(variables[V_SNAPSHOT].value, "no") == 0
	    ? "not wanted"
	    : snapshot_start(&run->snap);
	if (why == NULL)
		printf("from a snapshot, process %d\n", (int)run->snap.pid);
	else
		printf("no snapshot (%s): it boots\n", why);
	fflush(stdout);
	run->pid = run->snap.pid;
	return (why == NULL);
}

static struct outcome
boot_case(const struct row *r, int limit)
{
	struct args a = {{NULL}, 0, 0};
	struct running run;
	struct outcome o;
	int fds[2];

	if (machine == &machines[MEMCHECK]) {
		FILE *f = tmpfile();

		if (f == NULL || (report_fd = dup(fileno(f))) < 0)
			fail("report:", strerror(errno));
	}
	if (pipe2(fds, O_CLOEXEC) != 0)
		fail("pipe:", strerror(errno));
	make_args(&a, r, limit);
	print_command(&a);
	run.made = start_made(&run, r, &a, fds[1]);
	if (!run.made)
		run.pid = start(&a, fds[1]);
	close(fds[1]);
	o = gather(
	    &run, fds[0], machine == &machines[PC64] ? limit + GRACE_S : limit);
	keep_report();
	return (o);
}

/* --- a machine that serves -------------------------------------------------------- */

static int
connect_to(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0)
		fail("cannot connect to", path);
	return (fd);
}

/* The last packet: "status N", "panic", "hang", "lost". */
static struct outcome
last_words(const char *words)
{
	struct outcome o = {false, 0, 0};

	o.hung = strcmp(words, "hang") == 0;
	if (sscanf(words, "status %d", &o.status) != 1 && !o.hung)
		o.status = strcmp(words, "panic") == 0 ? 134 : 125;
	return (o);
}

static struct outcome
serve_case(const struct row *r, const char *path, int limit)
{
	char buf[8192];
	int fd = connect_to(path);
	ssize_t n;

	n = snprintf(
	    buf, sizeof(buf), "%d %s %s", limit, guest_program(), r->name);
	if (send(fd, buf, (size_t)n, 0) != n)
		fail("cannot send to", path);
	while ((n = recv(fd, buf, sizeof(buf) - 1, 0)) > 0 && buf[0] == 'o')
		keep(buf + 1, (size_t)n - 1);
	buf[n > 0 ? n : 0] = '\0';
	return (last_words(buf[0] == 'e' ? buf + 1 : "lost"));
}

/* --- the verdict -------------------------------------------------------------------- */

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

/* The first thing that memcheck says, or NULL. */
static const char *
report_line(void)
{
	static char line[256];
	const char *p = console, *text;

	while ((p = strstr(p, "\n==")) != NULL) {
		p += 3;
		text = strstr(p, "== ");
		if (text == NULL)
			break;
		text += 3;
		if (strncmp(text, "Thread ", 7) != 0) {
			snprintf(line, sizeof(line), "%.*s",
			    (int)strcspn(text, "\r\n"), text);
			return (line);
		}
	}
	return (NULL);
}

/* What happened, in the words of the expect column; *whyp tells more. */
static const char *
verdict(const struct outcome *o, const char **whyp)
{
	static char why[320];
	const char *line;

	*whyp = why;
	line = line_with("panic:");
	/* A repeatable run knows that it hangs. */
	if (line != NULL && strncmp(line, "panic: hang", 11) != 0 &&
	    strncmp(line, "panic: nothing but", 18) != 0) {
		snprintf(why, sizeof(why), "kernel %s", line);
		return ("panic");
	}
	if (o->hung || line != NULL || line_with("pc64: hang") != NULL) {
		snprintf(why, sizeof(why), "hang: no end within the limit");
		return ("hang");
	}
	if ((line = line_with("leak:")) != NULL) {
		snprintf(why, sizeof(why), "kernel %s", line);
		return ("leak");
	}
	if (o->status == MEMCHECK_STATUS && (line = report_line()) != NULL) {
		snprintf(why, sizeof(why), "memcheck: %s", line);
		return ("memcheck");
	}
	if ((line = line_with("pc64:")) != NULL || o->status == 125) {
		snprintf(why, sizeof(why), "no machine: %s",
		    line != NULL ? line : "the worker is gone");
		return ("lost");
	}
	if (o->signal != 0) {
		snprintf(why, sizeof(why), "%s killed by signal %d",
		    machine->name, o->signal);
		return ("crash");
	}
	if (o->status > 128) {
		snprintf(why, sizeof(why), "program killed by signal %d",
		    o->status - 128);
		return ("crash");
	}
	if (o->status != 0) {
		if ((line = line_with("ktest:")) == NULL &&
		    (line = line_with("gtest:")) == NULL)
			line = "no message";
		snprintf(why, sizeof(why), "status %d: %s", o->status, line);
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
	bool canary = strcmp(r->expect, "pass") != 0;
	int limit = canary ? machine->canary : machine->limit;
	const char *got, *why, *socket = getenv("MAYFLY_SOCKET");
	struct outcome o;
	FILE *f;

	if (strcmp(r->name, run->name) != 0)
		return (false);
	if (machine == &machines[PC64] && r->kind == 'g' && socket != NULL)
		o = serve_case(r, socket, limit);
	else
		o = boot_case(r, limit);
	console[console_len] = '\0';
	got = verdict(&o, &why);
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

/* NAME=VALUE of -v; names that are not ours are Kyua's. */
static void
set_variable(const char *word)
{
	for (int i = 0; i < VARIABLES; i++) {
		size_t n = strlen(variables[i].name);

		if (strncmp(word, variables[i].name, n) == 0 && word[n] == '=')
			variables[i].value = word + n + 1;
	}
}

static void
take_environment(void)
{
	for (int i = 0; i < VARIABLES; i++)
		if (getenv(variables[i].environment) != NULL)
			variables[i].value = getenv(variables[i].environment);
}

/* The machine, and the build that it needs, beside the one we are in. */
static void
choose_machine(void)
{
	const char *name = variables[V_MACHINE].value, *base;
	char *beside;

	if (*name == '\0')
		return;
	for (machine = machines; strcmp(name, machine->name) != 0;)
		if (++machine == &machines[MACHINES])
			fail("no machine has the name", name);
	base = strrchr(build, '/');
	if (machine->preset == NULL || base == NULL ||
	    strcmp(base + 1, machine->preset) == 0)
		return;
	if (asprintf(&beside, "%.*s/%s", (int)(base - build), build,
		machine->preset) < 0)
		fail("no memory for", name);
	build = beside;
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
	if ((top = getenv("MAYFLY_TOP")) == NULL)
		top = ".";
	take_environment();
	while ((c = getopt(argc, argv, "lr:s:v:")) != -1)
		switch (c) {
		case 'l':
			list = true;
			break;
		case 'r':
			run.result = optarg;
			break;
		case 's':
			break;
		case 'v':
			set_variable(optarg);
			break;
		default:
			exit(2);
		}
	choose_machine();
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
