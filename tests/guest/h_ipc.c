/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes, FIFOs, poll, select, epoll, eventfd, timerfd, signalfd. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

static int fds[2];

static void
mkpipe(int flags)
{
	EQ(pipe2(fds, flags), 0);
}

static void
nap(int ms)
{
	usleep((useconds_t)ms * 1000);
}

GTEST(pipe_eof, "does a reader see the end when the writers are gone?")
{
	char c;

	mkpipe(0);
	EQ(write(fds[1], "a", 1), 1);
	close(fds[1]);
	EQ(read(fds[0], &c, 1), 1);
	EQ(read(fds[0], &c, 1), 0);
}

GTEST(pipe_epipe, "does a writer without readers get SIGPIPE or EPIPE?")
{
	int s;

	mkpipe(0);
	close(fds[0]);
	if (fork() == 0) {
		write(fds[1], "x", 1);
		_exit(0);
	}
	wait(&s);
	CHECK(WIFSIGNALED(s));
	EQ(WTERMSIG(s), SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	ERR(write(fds[1], "x", 1), EPIPE);
}

GTEST(pipe_full, "does a full pipe refuse, then take what was made free?")
{
	static char buf[65536];
	int n = 0;

	mkpipe(O_NONBLOCK);
	while (write(fds[1], buf, 4096) == 4096)
		n++;
	EQ(errno, EAGAIN);
	EQ(n, 16);
	ERR(write(fds[1], buf, 1), EAGAIN);
	EQ(read(fds[0], buf, 4096), 4096);
	EQ(write(fds[1], buf, 4096), 4096);
	EQ(ioctl(fds[0], FIONREAD, &n), 0);
	EQ(n, 65536);
	while (read(fds[0], buf, sizeof(buf)) > 0)
		;
	ERR(read(fds[0], buf, 1), EAGAIN);
}

GTEST(pipe_atomic, "are writes up to PIPE_BUF never mixed?")
{
	char buf[512];
	int n = 0;

	mkpipe(0);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			memset(buf, 'a' + i, sizeof(buf));
			for (int k = 0; k < 200; k++)
				write(fds[1], buf, sizeof(buf));
			_exit(0);
		}
	close(fds[1]);
	for (;;) {
		size_t got = 0;
		ssize_t r;

		while (got < sizeof(buf) &&
		    (r = read(fds[0], buf + got, sizeof(buf) - got)) > 0)
			got += (size_t)r;
		if (got == 0)
			break;
		for (size_t i = 1; i < sizeof(buf); i++)
			if (buf[i] != buf[0]) {
				FAIL("mixed at %zu", i);
				return;
			}
		n++;
	}
	EQ(n, 800);
}

GTEST(pipe_bulk, "do 8 MiB arrive whole through a pipe?")
{
	static unsigned char buf[100000];
	uint64_t sum = 0, want = 0;
	size_t total = 8 << 20, left;
	ssize_t n;

	mkpipe(0);
	if (fork() == 0) {
		close(fds[0]);
		for (left = total; left > 0; left -= (size_t)n) {
			size_t k = left < sizeof(buf) ? left : sizeof(buf);

			for (size_t i = 0; i < k; i++)
				buf[i] =
				    (unsigned char)((total - left + i) % 251);
			n = write(fds[1], buf, k);
			if (n <= 0)
				_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	for (size_t at = 0; (n = read(fds[0], buf, sizeof(buf))) > 0;
	     at += (size_t)n)
		for (ssize_t i = 0; i < n; i++) {
			sum += buf[i] * (uint64_t)(at + (size_t)i + 1);
			want += (at + (size_t)i) % 251 *
			    (uint64_t)(at + (size_t)i + 1);
		}
	EQ(sum, want);
	wait(NULL);
}

GTEST(fifo_open, "do FIFO opens wait for the other side?")
{
	char c;
	int fd;

	unlink("/tmp/fifo");
	EQ(mkfifo("/tmp/fifo", 0600), 0);
	ERR(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	if (fork() == 0) {
		nap(30);
		fd = open("/tmp/fifo", O_WRONLY);
		write(fd, "z", 1);
		_exit(0);
	}
	fd = open("/tmp/fifo", O_RDONLY);
	CHECK(fd >= 0);
	EQ(read(fd, &c, 1), 1);
	EQ(c, 'z');
	EQ(read(fd, &c, 1), 0);
	close(fd);
	fd = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
	CHECK(fd >= 0);
	EQ(read(fd, &c, 1), 0);
	unlink("/tmp/fifo");
}

GTEST(poll_ready, "does poll report in, out, hang-up and bad descriptors?")
{
	struct pollfd p[3];

	mkpipe(0);
	p[0] = (struct pollfd){fds[0], POLLIN, 0};
	p[1] = (struct pollfd){fds[1], POLLOUT, 0};
	p[2] = (struct pollfd){77, POLLIN, 0};
	EQ(poll(p, 2, 0), 1);
	EQ(p[0].revents, 0);
	EQ(p[1].revents, POLLOUT);
	EQ(poll(p, 3, 0), 2);
	EQ(p[2].revents, POLLNVAL);
	write(fds[1], "x", 1);
	EQ(poll(p, 1, -1), 1);
	EQ(p[0].revents, POLLIN);
	close(fds[1]);
	EQ(poll(p, 1, 0), 1);
	CHECK(p[0].revents & POLLHUP);
	p[0].fd = -1;
	EQ(poll(p, 1, 0), 0);
}

GTEST(poll_timeout, "does poll wait its time and wake early?")
{
	struct pollfd p;

	mkpipe(0);
	p = (struct pollfd){fds[0], POLLIN, 0};
	EQ(poll(&p, 1, 30), 0);
	if (fork() == 0) {
		nap(30);
		write(fds[1], "x", 1);
		_exit(0);
	}
	EQ(poll(&p, 1, 10000), 1);
	wait(NULL);
}

GTEST(select_sets, "does select set and clear the right bits?")
{
	struct timeval tv = {0, 20000};
	fd_set in, out;

	mkpipe(0);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	EQ(select(fds[1] + 1, &in, &out, NULL, &tv), 1);
	EQ(FD_ISSET(fds[0], &in), 0);
	CHECK(FD_ISSET(fds[1], &out));
	FD_SET(fds[0], &in);
	EQ(select(fds[0] + 1, &in, NULL, NULL, &tv), 0);
	FD_SET(200, &in);
	ERR(select(201, &in, NULL, NULL, &tv), EBADF);
	ERR(select(-1, NULL, NULL, NULL, &tv), EINVAL);
}

static int
ep_wait(int ep, struct epoll_event *ev)
{
	return (epoll_wait(ep, ev, 8, 0));
}

GTEST(epoll_level, "does level-triggered epoll report until drained?")
{
	struct epoll_event ev = {EPOLLIN, {.u64 = 42}}, got[8];
	int ep = epoll_create1(0);
	char c;

	mkpipe(0);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), 0);
	ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), EEXIST);
	EQ(ep_wait(ep, got), 0);
	write(fds[1], "ab", 2);
	EQ(ep_wait(ep, got), 1);
	EQ(got[0].data.u64, 42);
	EQ(ep_wait(ep, got), 1);
	read(fds[0], &c, 1);
	EQ(ep_wait(ep, got), 1);
	read(fds[0], &c, 1);
	EQ(ep_wait(ep, got), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL), 0);
	ERR(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL), ENOENT);
}

GTEST(epoll_edge, "does edge-triggered epoll report each change once?")
{
	struct epoll_event ev = {EPOLLIN | EPOLLET, {.u64 = 1}}, got[8];
	int ep = epoll_create1(0);

	mkpipe(0);
	write(fds[1], "a", 1);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), 0);
	EQ(ep_wait(ep, got), 1);
	EQ(ep_wait(ep, got), 0);
	write(fds[1], "b", 1);
	EQ(ep_wait(ep, got), 1);
	EQ(ep_wait(ep, got), 0);
}

GTEST(epoll_oneshot, "does ONESHOT go off once until it is armed again?")
{
	struct epoll_event ev = {EPOLLIN | EPOLLONESHOT, {.u64 = 1}}, got[8];
	int ep = epoll_create1(0);

	mkpipe(0);
	write(fds[1], "a", 1);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), 0);
	EQ(ep_wait(ep, got), 1);
	EQ(ep_wait(ep, got), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev), 0);
	EQ(ep_wait(ep, got), 1);
}

GTEST(epoll_dup_close, "does an entry live until the file's last close?")
{
	struct epoll_event ev = {EPOLLIN, {.u64 = 1}}, got[8];
	int ep = epoll_create1(0), d;

	mkpipe(0);
	write(fds[1], "a", 1);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), 0);
	d = dup(fds[0]);
	close(fds[0]);
	EQ(ep_wait(ep, got), 1);
	close(d);
	EQ(ep_wait(ep, got), 0);
}

GTEST(epoll_fork, "does an epoll set survive the fork that made a copy?")
{
	struct epoll_event ev = {EPOLLIN, {.u64 = 1}}, got[8];
	int ep = epoll_create1(0);

	mkpipe(0);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), 0);
	if (fork() == 0) {
		close(fds[0]);
		close(ep);
		write(fds[1], "a", 1);
		_exit(0);
	}
	EQ(epoll_wait(ep, got, 8, 5000), 1);
	wait(NULL);
	EQ(ep_wait(ep, got), 1);
}

GTEST(epoll_nested, "do nested sets wake, and loops fail?")
{
	struct epoll_event ev = {EPOLLIN, {.u64 = 1}}, got[8];
	int a = epoll_create1(0), b = epoll_create1(0);

	mkpipe(0);
	EQ(epoll_ctl(a, EPOLL_CTL_ADD, fds[0], &ev), 0);
	EQ(epoll_ctl(b, EPOLL_CTL_ADD, a, &ev), 0);
	EQ(ep_wait(b, got), 0);
	write(fds[1], "x", 1);
	EQ(ep_wait(b, got), 1);
	ERR(epoll_ctl(a, EPOLL_CTL_ADD, b, &ev), ELOOP);
	ERR(epoll_ctl(a, EPOLL_CTL_ADD, a, &ev), EINVAL);
	ERR(epoll_ctl(a, EPOLL_CTL_ADD, open("/tmp", O_RDONLY), &ev), EPERM);
	ERR(epoll_wait(fds[0], got, 8, 0), EINVAL);
	ERR(epoll_wait(a, got, 0, 0), EINVAL);
}

GTEST(eventfd_counts, "does eventfd add, take and act as a semaphore?")
{
	int fd = eventfd(3, EFD_NONBLOCK), sem;
	uint64_t v = 4;

	EQ(write(fd, &v, 8), 8);
	EQ(read(fd, &v, 8), 8);
	EQ(v, 7);
	ERR(read(fd, &v, 8), EAGAIN);
	v = UINT64_MAX;
	ERR(write(fd, &v, 8), EINVAL);
	ERR(read(fd, &v, 4), EINVAL);
	sem = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	EQ(read(sem, &v, 8), 8);
	EQ(v, 1);
	EQ(read(sem, &v, 8), 8);
	ERR(read(sem, &v, 8), EAGAIN);
}

GTEST(timerfd_ticks, "does timerfd count its expirations?")
{
	struct itimerspec it = {{0, 5000000}, {0, 5000000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct pollfd p = {fd, POLLIN, 0};
	uint64_t n;

	EQ(timerfd_settime(fd, 0, &it, NULL), 0);
	EQ(poll(&p, 1, 5000), 1);
	nap(30);
	EQ(read(fd, &n, 8), 8);
	CHECK(n >= 4);
	memset(&it, 0, sizeof(it));
	EQ(timerfd_settime(fd, 0, &it, NULL), 0);
	EQ(poll(&p, 1, 20), 0);
}

GTEST(signalfd_reads, "does signalfd hand out blocked signals?")
{
	struct signalfd_siginfo si;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	CHECK(fd >= 0);
	ERR(read(fd, &si, sizeof(si)), EAGAIN);
	kill(getpid(), SIGUSR1);
	EQ(read(fd, &si, sizeof(si)), sizeof(si));
	EQ(si.ssi_signo, SIGUSR1);
	EQ(si.ssi_pid, getpid());
}

static void
nap_handler(int sig)
{
	(void)sig;
}

GTEST(ppoll_mask, "does ppoll let the signal in only while it waits?")
{
	struct timespec ts = {5, 0};
	sigset_t set, none;

	signal(SIGALRM, SIG_IGN);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR1, nap_handler);
	kill(getpid(), SIGUSR1);
	ERR(ppoll(NULL, 0, &ts, &none), EINTR);
}

GTEST(sendfile_copy, "does sendfile move a file into a pipe?")
{
	int fd = open("/tmp/sf", O_RDWR | O_CREAT | O_TRUNC, 0600);
	off_t off = 2;
	char buf[16];

	mkpipe(0);
	EQ(write(fd, "0123456789", 10), 10);
	EQ(sendfile(fds[1], fd, &off, 5), 5);
	EQ(off, 7);
	EQ(read(fds[0], buf, 16), 5);
	EQ(memcmp(buf, "23456", 5), 0);
	EQ(lseek(fd, 0, SEEK_CUR), 10);
}

GTEST(nonblock_flag, "is O_NONBLOCK a flag of the open file?")
{
	char c;
	int d;

	mkpipe(0);
	d = dup(fds[0]);
	EQ(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	CHECK(fcntl(d, F_GETFL) & O_NONBLOCK);
	ERR(read(d, &c, 1), EAGAIN);
}
