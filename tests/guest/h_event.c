/* SPDX-License-Identifier: BSD-2-Clause */
/* poll, select, epoll, eventfd, timerfd, signalfd as programs see them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

static long
ms_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

static int alarms;

static void
on_alarm(int sig)
{
	alarms++;
}

/* A signal to this process in ms milliseconds. */
static void
alarm_ms(int ms)
{
	struct itimerspec its = {{0, 0}, {ms / 1000, ms % 1000 * 1000000L}};
	struct sigaction sa = {.sa_handler = on_alarm};
	struct sigevent se = {
	    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	timer_t t;

	sa.sa_flags = SA_RESTART;
	CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &se, &t) == 0);
	CHECK(timer_settime(t, 0, &its, NULL) == 0);
}

GTEST(poll_ready, "does poll tell what is ready, and what is wrong?")
{
	struct pollfd p[3];
	int fds[2];

	CHECK(pipe(fds) == 0);
	p[0] = (struct pollfd){fds[0], POLLIN, 0};
	p[1] = (struct pollfd){fds[1], POLLOUT, 0};
	p[2] = (struct pollfd){999, POLLIN, 0};
	EQ(poll(p, 2, 0), 1);
	EQ(p[0].revents, 0);
	EQ(p[1].revents, POLLOUT);
	EQ(write(fds[1], "x", 1), 1);
	EQ(poll(p, 3, -1), 3);
	EQ(p[0].revents, POLLIN);
	EQ(p[2].revents, POLLNVAL);
	p[2].fd = -1;
	EQ(poll(p, 3, 0), 2);
	EQ(p[2].revents, 0);
	close(fds[1]);
	EQ(poll(p, 1, 0), 1);
	EQ(p[0].revents, POLLIN | POLLHUP);
}

GTEST(poll_timeout, "does poll wait as long as it was told?")
{
	long t0 = ms_now();

	EQ(poll(NULL, 0, 50), 0);
	CHECK(ms_now() - t0 >= 49);
	CHECK(ms_now() - t0 < 1000);
}

GTEST(poll_wakes, "does a write in another process end a poll?")
{
	struct pollfd p;
	int fds[2];

	CHECK(pipe(fds) == 0);
	if (fork() == 0) {
		nap(30);
		_exit(write(fds[1], "x", 1) != 1);
	}
	p = (struct pollfd){fds[0], POLLIN, 0};
	EQ(poll(&p, 1, 5000), 1);
	EQ(p.revents, POLLIN);
	wait(NULL);
}

GTEST(poll_eintr, "does a signal end poll even with SA_RESTART?")
{
	alarm_ms(30);
	ERR(poll(NULL, 0, 5000), EINTR);
	EQ(alarms, 1);
}

GTEST(ppoll_mask, "is the mask of ppoll in force only while it waits?")
{
	struct timespec ts = {5, 0};
	sigset_t block, none, now;

	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	alarm_ms(10);
	nap(40);
	EQ(alarms, 0);
	ERR(ppoll(NULL, 0, &ts, &none), EINTR);
	EQ(alarms, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EQ(sigismember(&now, SIGALRM), 1);
	ts = (struct timespec){0, 0};
	EQ(ppoll(NULL, 0, &ts, &none), 0);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EQ(sigismember(&now, SIGALRM), 1);
}

GTEST(select_sets, "does select give back just what is ready?")
{
	struct timeval tv = {0, 0};
	fd_set in, out;
	int fds[2];

	CHECK(pipe(fds) == 0);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	EQ(select(fds[1] + 1, &in, &out, NULL, &tv), 1);
	EQ(FD_ISSET(fds[0], &in), 0);
	CHECK(FD_ISSET(fds[1], &out));
	FD_ZERO(&in);
	FD_SET(fds[0], &in);
	close(fds[1]);
	EQ(select(fds[0] + 1, &in, NULL, NULL, NULL), 1);
	CHECK(FD_ISSET(fds[0], &in));
	FD_ZERO(&in);
	FD_SET(fds[1], &in);
	ERR(select(fds[1] + 1, &in, NULL, NULL, &tv), EBADF);
}

static int
ep_add(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

GTEST(epoll_level, "does a level entry report as long as it is true?")
{
	struct epoll_event ev[4];
	int fds[2], ep = epoll_create1(0);
	char c;

	CHECK(pipe(fds) == 0);
	CHECK(ep_add(ep, fds[0], EPOLLIN, 42) == 0);
	ERR(ep_add(ep, fds[0], EPOLLIN, 1), EEXIST);
	EQ(epoll_wait(ep, ev, 4, 0), 0);
	EQ(write(fds[1], "ab", 2), 2);
	for (int i = 0; i < 2; i++) {
		EQ(epoll_wait(ep, ev, 4, 0), 1);
		EQ(ev[0].events, EPOLLIN);
		EQ(ev[0].data.u64, 42);
		EQ(read(fds[0], &c, 1), 1);
	}
	EQ(epoll_wait(ep, ev, 4, 0), 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL) == 0);
	ERR(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL), ENOENT);
}

GTEST(epoll_edge, "does an edge entry report once for each arrival?")
{
	struct epoll_event ev;
	int fds[2], ep = epoll_create1(0);

	CHECK(pipe(fds) == 0);
	CHECK(ep_add(ep, fds[0], EPOLLIN | EPOLLET, 0) == 0);
	EQ(write(fds[1], "a", 1), 1);
	EQ(epoll_wait(ep, &ev, 1, 0), 1);
	EQ(epoll_wait(ep, &ev, 1, 0), 0);
	EQ(write(fds[1], "b", 1), 1);
	EQ(epoll_wait(ep, &ev, 1, 0), 1);
	EQ(epoll_wait(ep, &ev, 1, 0), 0);
}

GTEST(epoll_oneshot, "is a one-shot entry quiet until it is armed again?")
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT};
	int fds[2], ep = epoll_create1(0);

	CHECK(pipe(fds) == 0);
	CHECK(ep_add(ep, fds[0], EPOLLIN | EPOLLONESHOT, 0) == 0);
	EQ(write(fds[1], "a", 1), 1);
	EQ(epoll_wait(ep, &ev, 1, 0), 1);
	EQ(epoll_wait(ep, &ev, 1, 0), 0);
	EQ(write(fds[1], "b", 1), 1);
	EQ(epoll_wait(ep, &ev, 1, 0), 0);
	ev.events = EPOLLIN | EPOLLONESHOT;
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev) == 0);
	EQ(epoll_wait(ep, &ev, 1, 0), 1);
}

GTEST(epoll_dup, "does an entry live until the last descriptor of its file?")
{
	struct epoll_event ev;
	int fds[2], other, ep = epoll_create1(0);

	CHECK(pipe(fds) == 0);
	CHECK(ep_add(ep, fds[0], EPOLLIN, 7) == 0);
	other = dup(fds[0]);
	EQ(write(fds[1], "a", 1), 1);
	close(fds[0]);
	EQ(epoll_wait(ep, &ev, 1, 0), 1);
	EQ(ev.data.u64, 7);
	close(other);
	EQ(epoll_wait(ep, &ev, 1, 0), 0);
}

GTEST(epoll_fork, "does a child's copy keep an entry, and its exit end it?")
{
	struct epoll_event ev;
	int fds[2], go[2], ep = epoll_create1(0);
	char c;

	CHECK(pipe(fds) == 0 && pipe(go) == 0);
	CHECK(ep_add(ep, fds[0], EPOLLIN, 7) == 0);
	EQ(write(fds[1], "a", 1), 1);
	if (fork() == 0) {
		close(go[1]);
		read(go[0], &c, 1);
		_exit(0);
	}
	close(fds[0]);
	EQ(epoll_wait(ep, &ev, 1, 0), 1);
	close(go[1]);
	wait(NULL);
	EQ(epoll_wait(ep, &ev, 1, 0), 0);
}

GTEST(epoll_nested, "are epolls in epolls seen, and cycles refused?")
{
	struct epoll_event ev;
	int fds[2], a = epoll_create1(0), b = epoll_create1(0), e[8];

	CHECK(pipe(fds) == 0);
	CHECK(ep_add(a, fds[0], EPOLLIN, 1) == 0);
	CHECK(ep_add(b, a, EPOLLIN, 2) == 0);
	ERR(ep_add(a, a, EPOLLIN, 3), EINVAL);
	ERR(ep_add(a, b, EPOLLIN, 3), ELOOP);
	EQ(epoll_wait(b, &ev, 1, 0), 0);
	EQ(write(fds[1], "a", 1), 1);
	EQ(epoll_wait(b, &ev, 1, 0), 1);
	EQ(ev.data.u64, 2);
	EQ(epoll_wait(a, &ev, 1, 0), 1);
	EQ(ev.data.u64, 1);
	for (int i = 0; i < 8; i++)
		e[i] = epoll_create1(0);
	for (int i = 1; i < 5; i++)
		CHECK(ep_add(e[i], e[i - 1], EPOLLIN, 0) == 0);
	ERR(ep_add(e[5], e[4], EPOLLIN, 0), ELOOP);
}

GTEST(epoll_wakes_nested, "does an event below wake a sleeper above?")
{
	struct epoll_event ev;
	int fds[2], a = epoll_create1(0), b = epoll_create1(0);

	CHECK(pipe(fds) == 0);
	CHECK(ep_add(a, fds[0], EPOLLIN, 1) == 0);
	CHECK(ep_add(b, a, EPOLLIN, 2) == 0);
	if (fork() == 0) {
		nap(30);
		_exit(write(fds[1], "x", 1) != 1);
	}
	EQ(epoll_wait(b, &ev, 1, 5000), 1);
	wait(NULL);
}

GTEST(epoll_refuses, "are regular files and bad calls refused?")
{
	struct epoll_event ev;
	int ep = epoll_create1(0), fd = open("/tmp", O_RDONLY);

	CHECK(fd >= 0);
	ERR(ep_add(ep, fd, EPOLLIN, 0), EPERM);
	ERR(ep_add(ep, 999, EPOLLIN, 0), EBADF);
	ERR(ep_add(999, 0, EPOLLIN, 0), EBADF);
	ERR(epoll_wait(ep, &ev, 0, 0), EINVAL);
}

static int race_ep, race_fd[2];

static void *
race_closer(void *arg)
{
	for (int i = 0; i < 300; i++) {
		int fds[2];

		if (pipe(fds) != 0)
			return (arg);
		ep_add(race_ep, fds[0], EPOLLIN, 1);
		write(fds[1], "x", 1);
		close(fds[0]);
		close(fds[1]);
	}
	write(race_fd[1], "x", 1);
	return (NULL);
}

GTEST(epoll_close_race, "may files close while another thread waits for them?")
{
	struct epoll_event ev[8];
	pthread_t t;
	bool done = false;

	race_ep = epoll_create1(0);
	CHECK(pipe(race_fd) == 0);
	CHECK(ep_add(race_ep, race_fd[0], EPOLLIN, 99) == 0);
	CHECK(pthread_create(&t, NULL, race_closer, NULL) == 0);
	while (!done) {
		int n = epoll_wait(race_ep, ev, 8, 5000);

		CHECK(n > 0);
		if (n <= 0)
			break;
		for (int i = 0; i < n; i++)
			done |= ev[i].data.u64 == 99;
	}
	pthread_join(t, NULL);
	CHECK(done);
}

GTEST(eventfd_counter, "does eventfd count, block, and act as a semaphore?")
{
	uint64_t v = 3;
	int fd = eventfd(0, EFD_NONBLOCK), sem;

	ERR(read(fd, &v, 8), EAGAIN);
	EQ(write(fd, &v, 8), 8);
	EQ(write(fd, &v, 8), 8);
	EQ(read(fd, &v, 8), 8);
	EQ(v, 6);
	ERR(read(fd, &v, 4), EINVAL);
	v = UINT64_MAX;
	ERR(write(fd, &v, 8), EINVAL);
	v = UINT64_MAX - 1;
	EQ(write(fd, &v, 8), 8);
	v = 1;
	ERR(write(fd, &v, 8), EAGAIN);
	sem = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	EQ(read(sem, &v, 8), 8);
	EQ(v, 1);
	EQ(read(sem, &v, 8), 8);
	ERR(read(sem, &v, 8), EAGAIN);
}

GTEST(timerfd_fires, "does timerfd expire, repeat, and stop?")
{
	struct itimerspec its = {{0, 10000000}, {0, 20000000}}, cur;
	struct pollfd p;
	uint64_t n;
	long t0 = ms_now();
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	ERR(read(fd, &n, 8), EAGAIN);
	CHECK(timerfd_settime(fd, 0, &its, NULL) == 0);
	CHECK(timerfd_gettime(fd, &cur) == 0);
	EQ(cur.it_interval.tv_nsec, 10000000);
	CHECK(cur.it_value.tv_nsec > 0 && cur.it_value.tv_nsec <= 20000000);
	p = (struct pollfd){fd, POLLIN, 0};
	EQ(poll(&p, 1, 5000), 1);
	CHECK(ms_now() - t0 >= 19);
	EQ(read(fd, &n, 8), 8);
	CHECK(n >= 1);
	nap(60);
	EQ(read(fd, &n, 8), 8);
	CHECK(n >= 3);
	memset(&its, 0, sizeof(its));
	CHECK(timerfd_settime(fd, 0, &its, &cur) == 0);
	EQ(cur.it_interval.tv_nsec, 10000000);
	ERR(read(fd, &n, 8), EAGAIN);
	nap(30);
	ERR(read(fd, &n, 8), EAGAIN);
	EQ(poll(&p, 1, 0), 0);
}

GTEST(timerfd_absolute, "is an absolute time in the past due at once?")
{
	struct itimerspec its = {{0, 0}, {1, 0}};
	uint64_t n;
	int fd = timerfd_create(CLOCK_REALTIME, 0);

	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL) == 0);
	EQ(read(fd, &n, 8), 8);
	EQ(n, 1);
	its.it_value.tv_nsec = 1000000000;
	ERR(timerfd_settime(fd, 0, &its, NULL), EINVAL);
	ERR(timerfd_settime(0, 0, &its, NULL), EINVAL);
	ERR(timerfd_create(999, 0), EINVAL);
}

GTEST(signalfd_reads, "does signalfd give blocked signals, and poll see them?")
{
	struct signalfd_siginfo si;
	struct pollfd p;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	CHECK(fd >= 0);
	p = (struct pollfd){fd, POLLIN, 0};
	ERR(read(fd, &si, sizeof(si)), EAGAIN);
	EQ(poll(&p, 1, 0), 0);
	kill(getpid(), SIGUSR1);
	EQ(poll(&p, 1, 0), 1);
	EQ(read(fd, &si, sizeof(si)), sizeof(si));
	EQ(si.ssi_signo, SIGUSR1);
	EQ(si.ssi_pid, getpid());
	ERR(read(fd, &si, sizeof(si)), EAGAIN);
}

GTEST(signalfd_epoll, "does epoll wake for a signalfd?")
{
	struct epoll_event ev;
	sigset_t set;
	pid_t me = getpid();
	int fd, ep = epoll_create1(0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, 0);
	CHECK(ep_add(ep, fd, EPOLLIN, 5) == 0);
	if (fork() == 0) {
		nap(30);
		_exit(kill(me, SIGUSR2) != 0);
	}
	EQ(epoll_wait(ep, &ev, 1, 5000), 1);
	EQ(ev.data.u64, 5);
	wait(NULL);
}
