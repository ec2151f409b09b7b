/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous I/O: io_setup, io_submit, io_getevents and the ring.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

struct ring {
	uint32_t id, nr, head, tail, magic, compat, incompat, header;
	struct io_event events[];
};

#define BAD ((void *)8)

static long
io_setup(unsigned n, aio_context_t *ctx)
{
	return (syscall(SYS_io_setup, n, ctx));
}

static long
io_destroy(aio_context_t ctx)
{
	return (syscall(SYS_io_destroy, ctx));
}

static long
io_submit(aio_context_t ctx, long n, struct iocb **list)
{
	return (syscall(SYS_io_submit, ctx, n, list));
}

static long
io_getevents(aio_context_t ctx, long min, long max, struct io_event *ev,
    struct timespec *ts)
{
	return (syscall(SYS_io_getevents, ctx, min, max, ev, ts));
}

static long
io_cancel(aio_context_t ctx, struct iocb *cb)
{
	struct io_event ev;

	return (syscall(SYS_io_cancel, ctx, cb, &ev));
}

static aio_context_t
setup(unsigned n)
{
	aio_context_t ctx = 0;

	EQ(io_setup(n, &ctx), 0);
	return (ctx);
}

static struct iocb
make(int op, int fd, const void *buf, size_t n, off_t off)
{
	struct iocb cb;

	memset(&cb, 0, sizeof(cb));
	cb.aio_data = 77;
	cb.aio_key = 5;
	cb.aio_lio_opcode = (uint16_t)op;
	cb.aio_fildes = (uint32_t)fd;
	cb.aio_buf = (uintptr_t)buf;
	cb.aio_nbytes = n;
	cb.aio_offset = off;
	return (cb);
}

static long
submit(aio_context_t ctx, struct iocb *cb)
{
	return (io_submit(ctx, 1, &cb));
}

/* Submit one and wait for its result. */
static long
run(aio_context_t ctx, struct iocb cb)
{
	struct io_event ev;

	memset(&ev, 0, sizeof(ev));
	EQ(submit(ctx, &cb), 1);
	EQ(cb.aio_key, 0);
	EQ(io_getevents(ctx, 1, 1, &ev, NULL), 1);
	EQ(ev.data, 77);
	EQ(ev.obj, (uintptr_t)&cb);
	EQ(ev.res2, 0);
	return ((long)ev.res);
}

static int
scratch(void)
{
	char name[] = "/tmp/aioXXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	unlink(name);
	return (fd);
}

GTEST(transfer, "do reads and writes move bytes at their offsets?")
{
	aio_context_t ctx = setup(4);
	char buf[16] = "", b2[4] = "";
	int fd = scratch();
	struct iovec iov[2] = {{buf, 3}, {b2, 3}};

	EQ(run(ctx, make(IOCB_CMD_PWRITE, fd, "hello world", 11, 5)), 11);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
	EQ(run(ctx, make(IOCB_CMD_PREAD, fd, buf, 16, 11)), 5);
	CHECK(memcmp(buf, "world", 5) == 0);
	EQ(run(ctx, make(IOCB_CMD_PREADV, fd, iov, 2, 5)), 6);
	CHECK(memcmp(buf, "hel", 3) == 0 && memcmp(b2, "lo ", 3) == 0);
	memcpy(buf, "abc", 3);
	EQ(run(ctx, make(IOCB_CMD_PWRITEV, fd, iov, 2, 0)), 6);
	EQ(pread(fd, buf, 16, 0), 16);
	CHECK(memcmp(buf, "abclo ello world", 16) == 0);
	EQ(run(ctx, make(IOCB_CMD_PREAD, fd, buf, 16, 100)), 0);
	EQ(run(ctx, make(IOCB_CMD_PREAD, fd, BAD, 16, 0)), -EFAULT);
	EQ(run(ctx, make(IOCB_CMD_FSYNC, fd, NULL, 0, 0)), 0);
	EQ(run(ctx, make(IOCB_CMD_FDSYNC, fd, NULL, 0, 0)), 0);
	EQ(io_destroy(ctx), 0);
}

GTEST(flags, "do append and unknown flags of a request count?")
{
	aio_context_t ctx = setup(4);
	int fd = scratch();
	struct iocb cb;

	EQ(write(fd, "12345", 5), 5);
	cb = make(IOCB_CMD_PWRITE, fd, "678", 3, 0);
	cb.aio_rw_flags = RWF_APPEND | RWF_DSYNC;
	EQ(run(ctx, cb), 3);
	EQ(lseek(fd, 0, SEEK_END), 8);
	cb.aio_rw_flags = 0x40000000;
	ERR(submit(ctx, &cb), EOPNOTSUPP);
	EQ(io_destroy(ctx), 0);
}

GTEST(setup_errors, "which contexts cannot be made or unmade?")
{
	aio_context_t ctx = 1;

	ERR(io_setup(1, &ctx), EINVAL);
	ctx = 0;
	ERR(io_setup(0, &ctx), EINVAL);
	ERR(io_setup(1, BAD), EFAULT);
	ERR(io_setup(5000000, &ctx), EINVAL);
	ERR(io_setup(4000000, &ctx), EAGAIN);
	ERR(io_destroy(0), EINVAL);
	ERR(io_destroy(4096), EINVAL);
	ctx = setup(1);
	EQ(io_destroy(ctx), 0);
	ERR(io_destroy(ctx), EINVAL);
	ERR(io_submit(ctx, 0, NULL), EINVAL);
	ERR(io_getevents(ctx, 0, 0, NULL, NULL), EINVAL);
}

GTEST(submit_errors, "does a bad request end the list, or fail it?")
{
	aio_context_t ctx = setup(8);
	int fd = scratch(), in = open("/dev/null", O_RDONLY);
	struct iocb good = make(IOCB_CMD_PWRITE, fd, "x", 1, 0), bad = good;
	struct iocb *list[3] = {&good, &bad, &good};
	struct io_event ev[4];

	EQ(io_submit(ctx, 0, NULL), 0);
	ERR(io_submit(ctx, -1, list), EINVAL);
	ERR(io_submit(ctx, 1, BAD), EFAULT);
	ERR(submit(ctx, BAD), EFAULT);
	list[1] = BAD;
	EQ(io_submit(ctx, 3, list), 1);
	list[1] = &bad;
	bad.aio_fildes = 999;
	EQ(io_submit(ctx, 3, list), 1);
	ERR(submit(ctx, &bad), EBADF);
	bad.aio_fildes = (uint32_t)in;
	ERR(submit(ctx, &bad), EBADF);
	EQ(io_getevents(ctx, 2, 4, ev, NULL), 2);
	bad = good;
	bad.aio_lio_opcode = IOCB_CMD_NOOP;
	ERR(submit(ctx, &bad), EINVAL);
	bad.aio_lio_opcode = 99;
	ERR(submit(ctx, &bad), EINVAL);
	bad = good;
	bad.aio_reserved2 = 1;
	ERR(submit(ctx, &bad), EINVAL);
	bad = make(IOCB_CMD_PWRITE, fd, "x", (size_t)-1, 0);
	ERR(submit(ctx, &bad), EINVAL);
	bad = make(IOCB_CMD_PWRITE, fd, "x", 1, -1);
	ERR(submit(ctx, &bad), EINVAL);
	bad = make(IOCB_CMD_PREADV, fd, BAD, 1, 0);
	ERR(submit(ctx, &bad), EFAULT);
	bad = make(IOCB_CMD_PREADV, fd, ev, 5000, 0);
	ERR(submit(ctx, &bad), EINVAL);
	bad = make(IOCB_CMD_FSYNC, fd, NULL, 1, 0);
	ERR(submit(ctx, &bad), EINVAL);
	bad = make(IOCB_CMD_POLL, fd, (void *)0x10001, 0, 0);
	ERR(submit(ctx, &bad), EINVAL);
	bad = make(IOCB_CMD_POLL, fd, (void *)POLLIN, 0, 1);
	ERR(submit(ctx, &bad), EINVAL);
	EQ(io_destroy(ctx), 0);
}

GTEST(getevents, "do the bounds and times of io_getevents hold?")
{
	aio_context_t ctx = setup(8);
	struct timespec zero = {0, 0}, some = {0, 1000000};
	int fd = scratch();
	struct iocb cb = make(IOCB_CMD_PWRITE, fd, "x", 1, 0);
	struct iocb *list[3] = {&cb, &cb, &cb};
	struct io_event ev[4];

	ERR(io_getevents(ctx, 2, 1, ev, NULL), EINVAL);
	ERR(io_getevents(ctx, -1, 1, ev, NULL), EINVAL);
	ERR(io_getevents(ctx, 1, 1, ev, BAD), EFAULT);
	EQ(io_getevents(ctx, 1, 1, ev, &zero), 0);
	EQ(io_getevents(ctx, 1, 1, ev, &some), 0);
	EQ(io_getevents(ctx, 0, 4, ev, NULL), 0);
	EQ(io_submit(ctx, 3, list), 3);
	EQ(io_getevents(ctx, 1, 2, ev, NULL), 2);
	EQ(io_getevents(ctx, 4, 4, ev, &some), 1);
	EQ(submit(ctx, &cb), 1);
	ERR(io_getevents(ctx, 1, 1, BAD, NULL), EFAULT);
	EQ(io_getevents(ctx, 1, 1, ev, NULL), 1);
	EQ(io_destroy(ctx), 0);
}

GTEST(full, "is a context full until events are taken?")
{
	aio_context_t ctx = setup(2);
	struct ring *r = (struct ring *)ctx;
	int fd = scratch();
	struct iocb cb = make(IOCB_CMD_PWRITE, fd, "x", 1, 0);
	struct io_event ev;
	long n = 0;

	while (submit(ctx, &cb) == 1 && n < 100000)
		n++;
	EQ(errno, EAGAIN);
	CHECK(n >= 2 && n < r->nr);
	EQ(io_getevents(ctx, 1, 1, &ev, NULL), 1);
	EQ(io_destroy(ctx), 0);
}

GTEST(ring, "can a program take events out of the ring itself?")
{
	aio_context_t ctx = setup(4);
	volatile struct ring *r = (volatile struct ring *)ctx;
	struct timespec zero = {0, 0};
	int fd = scratch();
	struct iocb cb = make(IOCB_CMD_PWRITE, fd, "abc", 3, 0);
	struct io_event ev;

	EQ(r->magic, 0xa10a10a1);
	EQ(r->compat, 1);
	EQ(r->incompat, 0);
	EQ(r->header, 32);
	CHECK(r->nr > 4);
	for (uint32_t i = 0; i < 3 * r->nr; i++) {
		uint32_t head = r->head;

		if (submit(ctx, &cb) != 1 || r->tail == head ||
		    r->events[head].res != 3 || r->events[head].data != 77 ||
		    r->events[head].obj != (uintptr_t)&cb) {
			FAIL("round %u head %u tail %u", i, head, r->tail);
			break;
		}
		r->head = (head + 1) % r->nr;
	}
	EQ(io_getevents(ctx, 1, 1, &ev, &zero), 0);
	EQ(io_destroy(ctx), 0);
}

GTEST(head_lies, "does a wrong head hurt anyone but the program?")
{
	aio_context_t ctx = setup(4);
	volatile struct ring *r = (volatile struct ring *)ctx;
	struct timespec zero = {0, 0};
	int fd = scratch();
	struct iocb cb = make(IOCB_CMD_PWRITE, fd, "abc", 3, 0);
	struct io_event ev[8];

	for (uint32_t i = 1; i < 40; i++) {
		r->head = i * 0x12345679u;
		r->tail = i * 0x1357913u;
		r->nr = i;
		(void)submit(ctx, &cb);
		(void)io_getevents(ctx, 0, 8, ev, &zero);
	}
	EQ(io_destroy(ctx), 0);
}

GTEST(resfd, "does an eventfd count the events?")
{
	aio_context_t ctx = setup(4);
	int fd = scratch(), efd = eventfd(0, EFD_NONBLOCK), p[2];
	struct iocb cb = make(IOCB_CMD_PWRITE, fd, "abc", 3, 0);
	struct iocb *list[2] = {&cb, &cb};
	struct io_event ev[4];
	struct pollfd pfd = {efd, POLLIN, 0};
	uint64_t n = 0;

	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = (uint32_t)efd;
	EQ(io_submit(ctx, 2, list), 2);
	EQ(read(efd, &n, 8), 8);
	EQ(n, 2);
	cb.aio_resfd = (uint32_t)fd;
	ERR(submit(ctx, &cb), EINVAL);
	cb.aio_resfd = 999;
	ERR(submit(ctx, &cb), EBADF);
	EQ(io_getevents(ctx, 2, 4, ev, NULL), 2);

	EQ(pipe(p), 0);
	cb = make(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = (uint32_t)efd;
	EQ(submit(ctx, &cb), 1);
	EQ(poll(&pfd, 1, 0), 0);
	EQ(write(p[1], "x", 1), 1);
	EQ(poll(&pfd, 1, -1), 1);
	EQ(io_getevents(ctx, 1, 4, ev, NULL), 1);
	CHECK(
	    (ev[0].res & POLLIN) != 0); /* Linux tells more than it was asked */
	EQ(io_destroy(ctx), 0);
}

GTEST(poll_ready, "does a poll of what is ready end at once?")
{
	aio_context_t ctx = setup(4);
	int fd = scratch(), p[2];

	EQ(pipe(p), 0);
	EQ(run(ctx, make(IOCB_CMD_POLL, p[1], (void *)POLLOUT, 0, 0)), POLLOUT);
	EQ(run(ctx, make(IOCB_CMD_POLL, fd, (void *)(POLLIN | POLLOUT), 0, 0)),
	    POLLIN | POLLOUT);
	close(p[1]);
	EQ(run(ctx, make(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0)), POLLHUP);
	EQ(io_destroy(ctx), 0);
}

GTEST(poll_waits, "does a poll wait for its events, whoever closes?")
{
	aio_context_t ctx = setup(4);
	struct timespec zero = {0, 0};
	struct iocb cb[2];
	struct io_event ev[4];
	int s[2], p[2];
	pid_t pid;

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(pipe(p), 0);
	cb[0] = make(IOCB_CMD_POLL, s[0], (void *)POLLIN, 0, 0);
	cb[1] = make(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	EQ(submit(ctx, &cb[0]), 1);
	EQ(submit(ctx, &cb[1]), 1);
	EQ(io_getevents(ctx, 1, 4, ev, &zero), 0);
	close(p[0]); /* the request has the file */
	if ((pid = fork()) == 0) {
		usleep(10000);
		_exit(write(s[1], "x", 1) == 1 ? 0 : 1);
	}
	EQ(io_getevents(ctx, 1, 4, ev, NULL), 1);
	EQ(ev[0].obj, (uintptr_t)&cb[0]);
	CHECK((ev[0].res & POLLIN) != 0);
	EQ(waitpid(pid, NULL, 0), pid);
	EQ(write(p[1], "x", 1), 1);
	EQ(io_getevents(ctx, 1, 4, ev, NULL), 1);
	EQ(ev[0].obj, (uintptr_t)&cb[1]);
	EQ(io_destroy(ctx), 0);
}

GTEST(poll_many, "do many polls on many pipes all end, once each?")
{
	enum {
		N = 64
	};
	aio_context_t ctx = setup(N);
	static struct iocb cb[N];
	static struct io_event ev[N];
	static int p[N][2], seen[N];
	long n = 0;

	for (int i = 0; i < N; i++) {
		EQ(pipe(p[i]), 0);
		cb[i] = make(IOCB_CMD_POLL, p[i][0], (void *)POLLIN, 0, 0);
		cb[i].aio_data = (uint64_t)i;
		EQ(submit(ctx, &cb[i]), 1);
	}
	for (int i = 0; i < N; i++) {
		EQ(write(p[i][1], "x", 1), 1);
		EQ(write(p[i][1], "x", 1), 1);
	}
	n = io_getevents(ctx, N, N, ev, NULL);
	EQ(n, N);
	for (long i = 0; i < n; i++)
		seen[ev[i].data]++;
	for (int i = 0; i < N; i++)
		EQ(seen[i], 1);
	EQ(io_destroy(ctx), 0);
}

GTEST(cancel, "can a waiting poll be cancelled, once?")
{
	aio_context_t ctx = setup(4);
	struct iocb cb, done;
	struct io_event ev;
	int p[2];

	EQ(pipe(p), 0);
	cb = make(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	ERR(io_cancel(ctx, &cb), EINVAL); /* key */
	EQ(submit(ctx, &cb), 1);
	ERR(io_cancel(ctx, BAD), EFAULT);
	ERR(io_cancel(0, &cb), EINVAL);
	ERR(io_cancel(ctx, &cb), EINPROGRESS);
	EQ(io_getevents(ctx, 1, 1, &ev, NULL), 1);
	EQ(ev.obj, (uintptr_t)&cb);
	EQ(ev.res, 0);
	ERR(io_cancel(ctx, &cb), EINVAL);
	done = make(IOCB_CMD_POLL, p[1], (void *)POLLOUT, 0, 0);
	EQ(submit(ctx, &done), 1);
	ERR(io_cancel(ctx, &done), EINVAL);
	EQ(io_destroy(ctx), 0);
}

static void *
waiter(void *arg)
{
	struct io_event ev;
	long n = io_getevents(*(aio_context_t *)arg, 1, 1, &ev, NULL);

	return ((void *)(n == 1 ? 1L : -(long)errno));
}

GTEST(destroy_busy, "does io_destroy end polls and who waits for them?")
{
	aio_context_t ctx = setup(4);
	struct iocb cb;
	pthread_t td;
	void *res;
	int p[2];

	EQ(pipe(p), 0);
	cb = make(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	EQ(submit(ctx, &cb), 1);
	EQ(pthread_create(&td, NULL, waiter, &ctx), 0);
	usleep(20000);
	EQ(io_destroy(ctx), 0);
	EQ(pthread_join(td, &res), 0);
	/* Its event, if it was first, else the end of the context. */
	CHECK((long)res == 1 || (long)res == -EINVAL);
	EQ(write(p[1], "x", 1), 1);
}

GTEST(pipe_read, "does a read of a pipe give what comes?")
{
	aio_context_t ctx = setup(4);
	char buf[8];
	pid_t pid;
	int p[2];

	EQ(pipe(p), 0);
	if ((pid = fork()) == 0) {
		usleep(10000);
		_exit(write(p[1], "pipe", 4) == 4 ? 0 : 1);
	}
	EQ(run(ctx, make(IOCB_CMD_PREAD, p[0], buf, 8, 0)), 4);
	EQ(waitpid(pid, NULL, 0), pid);
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	EQ(run(ctx, make(IOCB_CMD_PWRITE, p[1], buf, 4, 0)), -EPIPE);
	EQ(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
	EQ(io_destroy(ctx), 0);
}

GTEST(nonblock, "is a pipe without data EAGAIN in the event?")
{
	aio_context_t ctx = setup(4);
	char buf[8];
	int p[2];

	EQ(pipe2(p, O_NONBLOCK), 0);
	EQ(run(ctx, make(IOCB_CMD_PREAD, p[0], buf, 8, 0)), -EAGAIN);
	EQ(io_destroy(ctx), 0);
}

GTEST(fork_exec, "does a child have a context?")
{
	aio_context_t ctx = setup(4);
	int fd = scratch(), status = -1, p[2];
	struct iocb cb = make(IOCB_CMD_PWRITE, fd, "abc", 3, 0), pcb;
	struct io_event ev;
	pid_t pid;

	if ((pid = fork()) == 0) {
		long r = submit(ctx, &cb);

		_exit(r == -1 && errno == EINVAL ? 0 : 1);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	EQ(submit(ctx, &cb), 1);
	EQ(io_getevents(ctx, 1, 1, &ev, NULL), 1);
	/* Exit and exec with a poll under way. */
	EQ(pipe(p), 0);
	if ((pid = fork()) == 0) {
		ctx = 0;
		if (io_setup(4, &ctx) != 0)
			_exit(2);
		pcb = make(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
		if (submit(ctx, &pcb) != 1)
			_exit(3);
		if (fork() == 0)
			_exit(0);
		execl("/proc/self/exe", "h_aio", "getevents", NULL);
		_exit(4);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	EQ(io_destroy(ctx), 0);
}

static long
read_number(const char *path)
{
	char buf[32] = "";
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0 && read(fd, buf, sizeof(buf) - 1) > 0);
	close(fd);
	return (atol(buf));
}

GTEST(limits, "does /proc tell the limit and what is used?")
{
	aio_context_t ctx = setup(100);

	CHECK(read_number("/proc/sys/fs/aio-max-nr") >= 1024);
	CHECK(read_number("/proc/sys/fs/aio-nr") >= 100);
	EQ(io_destroy(ctx), 0);
}

static volatile sig_atomic_t signals;

static void
on_signal(int sig)
{
	(void)sig;
	signals++;
}

GTEST(pgetevents, "does io_pgetevents wait with another mask?")
{
	struct sigaction sa = {.sa_handler = on_signal};
	aio_context_t ctx = setup(4);
	struct io_event ev;
	uint64_t none = 0;
	struct {
		const void *mask;
		size_t size;
	} arg = {&none, 8};
	sigset_t set;

	EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	EQ(raise(SIGUSR1), 0);
	EQ(signals, 0);
	ERR(syscall(SYS_io_pgetevents, ctx, 1L, 1L, &ev, NULL, &arg), EINTR);
	EQ(signals, 1);
	EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	EQ(sigismember(&set, SIGUSR1), 1);
	arg.size = 4;
	ERR(syscall(SYS_io_pgetevents, ctx, 1L, 1L, &ev, NULL, &arg), EINVAL);
	ERR(syscall(SYS_io_pgetevents, ctx, 1L, 1L, &ev, NULL, BAD), EFAULT);
	EQ(io_destroy(ctx), 0);
}
