/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every failure of a resource, for the calls of the Linux ABI: cases of the
 * other programs here are run again and again with the n-th allocation of the
 * kernel failing, n going up until nothing fails any more.  What the case says
 * does not matter; the kernel must stay alive and leak nothing.
 *
 * A failure in exec itself would only repeat what n_fault does: n begins where a
 * run of the program without a case ends.
 */
#include "knob.h"
#include <sys/fcntl.h>
#include <sys/native.h>

#define MOST	   60 /* runs of a case with one point */
#define TIME_LIMIT 1  /* seconds; a case whose child never came may hang */

struct work {
	const char *group, *program, *name;
	bool user; /* a fork that fails makes it kill(-1): not as root */
};
static const struct work works[] = {
    {"mqueue", "h_mqueue", "priority", false},
    {"mqueue", "h_mqueue", "opening", false},
    {"sysv", "h_sysv", "sem_undo", false},
    {"sysv", "h_sysv", "shm_share", false},
    {"sysv", "h_sysv", "msg_types", false},
    {"aio", "h_aio", "transfer", false},
    {"aio", "h_aio", "getevents", false},
    {"ptrace", "h_ptrace", "fork_event", true},
    {"ptrace", "h_ptrace", "seize", true},
    {"seccomp", "h_seccomp", "inherit", false},
    {"seccomp", "h_seccomp", "tsync", false},
    {"pidfd", "h_pidfd", "getfd", false},
    {"pidfd", "h_pidfd", "clone_pidfd", false},
    {"memfd", "h_memfd", "child_mapping", false},
    {"memfd", "h_memory", "cut_copies", false},
    {"splice", "h_splice", "file_to_pipe", false},
    {"splice", "h_splice", "pipe_to_pipe", false},
    {"mount", "h_mount", "bind_tree", false},
    {"mount", "h_mount", "move", false},
    {"fsmount", "h_fsmount", "steps", false},
    {"fsmount", "h_fsmount", "trees", false},
    {"propagate", "h_propagate", "chains", false},
    {"propagate", "h_propagate", "trees", false},
    {"dnotify", "h_dnotify", "more", false},
    {"layout", "h_layout", "names", false},
    {"layout", "h_layout", "arguments", false},
    {"listen", "h_listen", "gifts", true},
    {"listen", "h_listen", "arguments", false},
    {"merge", "h_merge", "new_beside", false},
    {"merge", "h_merge", "remap_as_one", false},
    {"netlink", "h_netlink", "cookie", false},
    {"netlink", "h_netlink", "errors", false},
    {"futex", "h_futex", "pi_robust", false},
    {"futex", "h_futex", "waitv", false},
    {"async", "h_async", "pipe", false},
    {"async", "h_async", "lease_nonblock", false},
    {"handle", "h_handle", "handle", false},
    {"handle", "h_handle", "whiteout", false},
    {"sysfs", "h_sysfs", "cpu_lists", false},
    {"tracefs", "h_tracefs", "takes_texts", false},
};
static const char *const points[] = {"kmalloc", "zone", "page"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* With faults about, reading may fail, too. */
static int64_t
value(const char *point, const char *what)
{
	int64_t v = 0;

	for (int i = 0; i < 10 && knob(point, what, &v, false) != 0; i++)
		continue;
	return (v);
}

static void
wait_for(pid_t pid)
{
	int status;

	while (sys_wait4(pid, &status, 0, NULL) == -1 && errno == EINTR)
		continue;
}

static void
become(const struct work *w, const char *name)
{
	struct itimerval limit = {{0, 0}, {TIME_LIMIT, 0}};
	char path[64];
	char *argv[] = {path, (char *)(uintptr_t)name, NULL};
	char *envp[] = {NULL};

	str_join(path, sizeof(path), "/tests/", w->program, "");
	sys_close(1);
	sys_close(2);
	sys_open("/dev/null", O_RDWR, 0);
	sys_open("/dev/null", O_RDWR, 0);
	sys_setitimer(0, &limit, NULL);
	if (w->user)
		sys_setuid(1000);
	sys_execve(path, argv, envp);
	sys_exit(1);
}

/*
 * One run in a session of its own, of which nobody stays.  A process of ours is
 * its parent and disarms the point: if the failure hits that one, it is over.
 */
static void
run(const struct work *w, const char *name, const char *point, int64_t n)
{
	int64_t zero = 0, runner, pid;

	if ((runner = sys_fork()) == 0) {
		sys_setsid();
		knob(point, "nth", &n, true);
		if ((pid = sys_fork()) == 0)
			become(w, name);
		if (pid > 0)
			wait_for((pid_t)pid);
		knob(point, "nth", &zero, true);
		sys_exit(0);
	}
	if (runner > 0)
		wait_for((pid_t)runner);
	knob(point, "nth", &zero, true);
	if (runner > 0)
		sys_kill((pid_t)-runner, 9);
}

/*
 * How often the point is asked during a run that nothing fails in; it counts
 * only while it is armed.
 */
static int64_t
asked(const struct work *w, const char *name, const char *point)
{
	int64_t hits = value(point, "hits");

	run(w, name, point, 1L << 40);
	return (value(point, "hits") - hits);
}

static int64_t
failures(const struct work *w, const char *point, bool all)
{
	int64_t base = asked(w, "-", point), whole = asked(w, w->name, point);
	int64_t n, fired = value(point, "fired"), step = 1;

	if (!all)
		step += (whole - base) / MOST;
	/* The number is never quite the same: begin before, go on behind. */
	for (n = base - base / 8; n <= whole + whole / 8; n += step)
		run(w, w->name, point, n);
	return (value(point, "fired") - fired);
}

int
main(int argc, char **argv, char **envp)
{
	bool all = argc == 3 && strcmp(argv[2], "all") == 0;
	int64_t n, sum = 0;
	int found = 0;

	for (size_t i = 0; i < COUNT(works); i++) {
		if (argc < 2 || strcmp(argv[1], works[i].group) != 0)
			continue;
		found++;
		for (size_t p = 0; p < COUNT(points); p++) {
			n = failures(&works[i], points[p], all);
			out_printf("%s %s: %s: %ld failures survived\n",
			    works[i].program, works[i].name, points[p], n);
			out_flush();
			sum += n;
		}
	}
	/* Where nothing failed nothing was tried. */
	return (found == 0 ? 2 : sum < 10);
}
