/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue, from a native program (no other ABI has the call).  Runs the case
 * named by its argument, or all; exits 0 if no check failed.
 */
#include "start.h"
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/kevent.h>
#include <sys/signal.h>

static int failures;

#define EQ(a, b)                                                               \
	do {                                                                   \
		long _a = (long)(a), _b = (long)(b);                           \
		if (_a != _b) {                                                \
			failures++;                                            \
			out_printf("n_kqueue.c:%d: %s is %ld, not %ld\n",      \
			    __LINE__, #a, _a, _b);                             \
		}                                                              \
	} while (0)

static struct kevent got[8];

static int
set(int kq, uint64_t ident, int filter, int flags, uint32_t fflags,
    int64_t data)
{
	struct kevent kev = {
	    ident, (int16_t)filter, (uint16_t)flags, fflags, data, 77};

	return ((int)sys_kevent(kq, &kev, 1, NULL, 0, NULL));
}

/* How many events within ms. */
static int
take(int kq, int max, int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	memset(got, 0, sizeof(got));
	return ((int)sys_kevent(kq, NULL, 0, got, max, &ts));
}

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	sys_nanosleep(&ts, NULL);
}

static void
t_read_write(void)
{
	int kq = (int)sys_kqueue(), fds[2];
	char buf[16];

	EQ(sys_pipe(fds), 0);
	EQ(set(kq, fds[0], EVFILT_READ, EV_ADD, 0, 0), 0);
	EQ(set(kq, fds[1], EVFILT_WRITE, EV_ADD, 0, 0), 0);
	EQ(take(kq, 8, 0), 1);
	EQ(got[0].filter, EVFILT_WRITE);
	EQ(got[0].data, 65536);
	EQ(got[0].udata, 77);
	EQ(sys_write(fds[1], "hello", 5), 5);
	EQ(take(kq, 8, 0), 2);
	EQ(set(kq, fds[1], EVFILT_WRITE, EV_DELETE, 0, 0), 0);
	EQ(take(kq, 8, 0), 1);
	EQ(got[0].ident, fds[0]);
	EQ(got[0].data, 5);
	EQ(sys_read(fds[0], buf, 16), 5);
	EQ(take(kq, 8, 0), 0);
	sys_close(fds[1]);
	EQ(take(kq, 8, 100), 1);
	EQ(got[0].flags & EV_EOF, EV_EOF);
	sys_close(fds[0]);
	EQ(take(kq, 8, 0), 0);
}

static void
t_modes(void)
{
	int kq = (int)sys_kqueue(), fds[2];

	EQ(sys_pipe(fds), 0);
	EQ(sys_write(fds[1], "x", 1), 1);
	EQ(set(kq, fds[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0), 0);
	EQ(take(kq, 8, 0), 1);
	EQ(take(kq, 8, 0), 0);
	EQ(sys_write(fds[1], "y", 1), 1);
	EQ(take(kq, 8, 0), 1);
	EQ(set(kq, fds[0], EVFILT_READ, EV_ADD | EV_DISPATCH, 0, 0), 0);
	EQ(take(kq, 8, 0), 1);
	EQ(take(kq, 8, 0), 0);
	EQ(sys_write(fds[1], "z", 1), 1);
	EQ(take(kq, 8, 0), 0);
	EQ(set(kq, fds[0], EVFILT_READ, EV_ENABLE, 0, 0), 0);
	EQ(take(kq, 8, 0), 1);
	EQ(set(kq, fds[0], EVFILT_READ, EV_ADD | EV_ENABLE | EV_ONESHOT, 0, 0),
	    0);
	EQ(take(kq, 8, 0), 1);
	EQ(take(kq, 8, 0), 0);
	EQ(set(kq, fds[0], EVFILT_READ, EV_DELETE, 0, 0), -1);
	EQ(errno, ENOENT);
	EQ(set(kq, 999, EVFILT_READ, EV_ADD, 0, 0), -1);
	EQ(errno, EBADF);
	EQ(set(kq, 1, 55, EV_ADD, 0, 0), -1);
	EQ(errno, EINVAL);
	EQ(set(kq, kq, EVFILT_READ, EV_ADD, 0, 0), -1);
	EQ(errno, EINVAL);
}

static void
t_receipt(void)
{
	int kq = (int)sys_kqueue();
	struct kevent ch[2] = {{999, EVFILT_READ, EV_ADD, 0, 0, 1},
	    {1, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, 2}};

	EQ(sys_kevent(kq, ch, 2, got, 8, NULL), 2);
	EQ(got[0].flags, EV_ERROR);
	EQ(got[0].data, EBADF);
	EQ(got[1].flags, EV_ERROR);
	EQ(got[1].data, 0);
}

static void
t_user(void)
{
	int kq = (int)sys_kqueue();

	EQ(set(kq, 5, EVFILT_USER, EV_ADD | EV_CLEAR, NOTE_FFCOPY | 3, 0), 0);
	EQ(take(kq, 8, 0), 0);
	EQ(set(kq, 5, EVFILT_USER, 0, NOTE_FFOR | NOTE_TRIGGER | 4, 0), 0);
	EQ(take(kq, 8, 0), 1);
	EQ(got[0].fflags & 4, 4);
	EQ(take(kq, 8, 0), 0);
}

static int64_t
now_ns(void)
{
	struct timespec ts;

	EQ(sys_clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (ts.tv_sec * 1000000000L + ts.tv_nsec);
}

#define PERIOD_MS 20

/*
 * The machine may be slow: an event comes as late as it likes, never early, and
 * what was late is counted once it comes.
 */
static void
t_timer(void)
{
	int kq = (int)sys_kqueue();
	int64_t start = now_ns(), count = 0, most = 0;

	EQ(set(kq, 1, EVFILT_TIMER, EV_ADD, 0, PERIOD_MS), 0);
	if (take(kq, 8, PERIOD_MS / 4) == 0)
		EQ(take(kq, 8, 10000), 1);
	count = got[0].data;
	EQ(count >= 1, 1);
	for (int i = 0; i < 50 && most < 2; i++) {
		nap(3 * PERIOD_MS + PERIOD_MS / 2);
		EQ(take(kq, 8, 10000), 1);
		count += got[0].data;
		most = got[0].data;
	}
	EQ(most >= 2, 1);
	EQ(count * PERIOD_MS * 1000000 <= now_ns() - start, 1);
	EQ(set(kq, 1, EVFILT_TIMER, EV_DELETE, 0, 0), 0);
	EQ(take(kq, 8, 2 * PERIOD_MS), 0);
	EQ(set(kq, 2, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, 5000),
	    0);
	EQ(take(kq, 8, 10000), 1);
	EQ(take(kq, 8, 30), 0);
	EQ(set(kq, 3, EVFILT_TIMER, EV_ADD, 0, -1), -1);
	EQ(errno, EINVAL);
}

static void
t_proc(void)
{
	int kq = (int)sys_kqueue(), fds[2], status;
	uint32_t seen = 0;
	pid_t pid;
	char c;

	EQ(sys_pipe(fds), 0);
	pid = (pid_t)sys_fork();
	if (pid == 0) {
		sys_read(fds[0], &c, 1);
		if (sys_fork() == 0)
			sys_exit(0);
		sys_exit(3);
	}
	EQ(set(kq, pid, EVFILT_PROC, EV_ADD, NOTE_FORK | NOTE_EXIT, 0), 0);
	EQ(take(kq, 8, 0), 0);
	EQ(sys_write(fds[1], "x", 1), 1);
	/* One note for both, or two. */
	for (int i = 0; i < 2 && (seen & NOTE_EXIT) == 0; i++) {
		nap(100);
		EQ(take(kq, 8, 10000), 1);
		seen |= got[0].fflags;
	}
	EQ(seen, NOTE_FORK | NOTE_EXIT);
	EQ(got[0].data, 3 << 8);
	EQ(got[0].flags & EV_EOF, EV_EOF);
	EQ(take(kq, 8, 0), 0);
	EQ(sys_wait4(pid, &status, 0, NULL), pid);
	EQ(set(kq, pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0), -1);
	EQ(errno, ESRCH);
}

static void
t_signal(void)
{
	int kq = (int)sys_kqueue();
	pid_t me = (pid_t)sys_getpid();

	/* SIGWINCH is ignored by default: its note comes all the same. */
	EQ(set(kq, SIGWINCH, EVFILT_SIGNAL, EV_ADD, 0, 0), 0);
	EQ(take(kq, 8, 0), 0);
	sys_kill(me, SIGWINCH);
	sys_kill(me, SIGWINCH);
	EQ(take(kq, 8, 100), 1);
	EQ(got[0].data, 2);
	EQ(take(kq, 8, 0), 0);
}

static void
t_vnode(void)
{
	int kq = (int)sys_kqueue(), fd;

	fd = (int)sys_openat(AT_FDCWD, "/tmp/kqfile", O_RDWR | O_CREAT, 0600);
	EQ(fd >= 0, 1);
	EQ(set(kq, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR,
	       NOTE_WRITE | NOTE_DELETE | NOTE_ATTRIB, 0),
	    0);
	EQ(take(kq, 8, 0), 0);
	EQ(sys_write(fd, "x", 1), 1);
	EQ(take(kq, 8, 0), 1);
	EQ(got[0].fflags, NOTE_WRITE);
	EQ(sys_unlinkat(AT_FDCWD, "/tmp/kqfile", 0), 0);
	EQ(take(kq, 8, 0), 1);
	EQ(got[0].fflags & NOTE_DELETE, NOTE_DELETE);
	EQ(set(kq, fd, EVFILT_READ, EV_ADD, 0, 0), 0);
	EQ(take(kq, 8, 0), 0);
	sys_close(fd);
	EQ(take(kq, 8, 0), 0);
}

static void
t_wait(void)
{
	int kq = (int)sys_kqueue(), fds[2], status;
	pid_t pid;

	EQ(sys_pipe(fds), 0);
	EQ(set(kq, fds[0], EVFILT_READ, EV_ADD, 0, 0), 0);
	pid = (pid_t)sys_fork();
	if (pid == 0) {
		nap(30);
		sys_write(fds[1], "x", 1);
		sys_exit(0);
	}
	EQ(sys_kevent(kq, NULL, 0, got, 8, NULL), 1);
	EQ(sys_wait4(pid, &status, 0, NULL), pid);
}

static const struct {
	const char *name;
	void (*func)(void);
} cases[] = {{"read_write", t_read_write}, {"modes", t_modes},
    {"receipt", t_receipt}, {"user", t_user}, {"timer", t_timer},
    {"proc", t_proc}, {"signal", t_signal}, {"vnode", t_vnode},
    {"wait", t_wait}};

int
main(int argc, char **argv, char **envp)
{
	int bad = 0;

	for (size_t i = 0; i < nitems(cases); i++) {
		if (argc == 2 && strcmp(argv[1], cases[i].name) != 0)
			continue;
		failures = 0;
		cases[i].func();
		out_printf(
		    "%s %s\n", failures == 0 ? "ok" : "FAIL", cases[i].name);
		out_flush();
		bad += failures;
	}
	return (bad != 0);
}
