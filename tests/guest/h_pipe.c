/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs as programs see them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

static int got_signal;

static void
on_signal(int sig)
{
	got_signal = sig;
}

static void
handle(int sig)
{
	struct sigaction sa = {.sa_handler = on_signal};

	CHECK(sigaction(sig, &sa, NULL) == 0);
}

GTEST(pipe_eof, "does a reader see the end when all writers are gone?")
{
	char buf[8];
	int fds[2];

	CHECK(pipe(fds) == 0);
	EQ(write(fds[1], "abc", 3), 3);
	if (fork() == 0) {
		nap(30);
		_exit(0);
	}
	close(fds[1]);
	EQ(read(fds[0], buf, 8), 3);
	EQ(read(fds[0], buf, 8), 0);
	wait(NULL);
}

GTEST(pipe_sigpipe, "does a write without readers signal and fail?")
{
	int fds[2];

	handle(SIGPIPE);
	CHECK(pipe(fds) == 0);
	close(fds[0]);
	ERR(write(fds[1], "x", 1), EPIPE);
	EQ(got_signal, SIGPIPE);
}

GTEST(pipe_blocking, "does a long write wait for the reader, whole?")
{
	static char buf[300000];
	size_t total = 0;
	ssize_t n;
	int fds[2];

	CHECK(pipe(fds) == 0);
	if (fork() == 0) {
		close(fds[0]);
		memset(buf, 'q', sizeof(buf));
		_exit(write(fds[1], buf, sizeof(buf)) != sizeof(buf));
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		total += n;
	EQ(n, 0);
	EQ(total, sizeof(buf));
	EQ(wait(&fds[1]) > 0, 1);
	EQ(fds[1], 0);
}

GTEST(pipe_nonblock, "do pipes answer EAGAIN, and keep small writes whole?")
{
	static char buf[65536];
	int fds[2], n;

	CHECK(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
	EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	ERR(read(fds[0], buf, 1), EAGAIN);
	EQ(write(fds[1], buf, 65536), 65536);
	ERR(write(fds[1], buf, 1), EAGAIN);
	EQ(ioctl(fds[0], FIONREAD, &n), 0);
	EQ(n, 65536);
	EQ(read(fds[0], buf, 4096), 4096);
	EQ(write(fds[1], buf, 4096), 4096);
	ERR(lseek(fds[0], 0, SEEK_SET), ESPIPE);
	ERR(pread(fds[0], buf, 1, 0), ESPIPE);
}

GTEST(pipe_interrupted, "does a signal end a blocked read?")
{
	char c;
	int fds[2];

	handle(SIGALRM);
	CHECK(pipe(fds) == 0);
	alarm(1);
	ERR(read(fds[0], &c, 1), EINTR);
	EQ(got_signal, SIGALRM);
}

GTEST(pipe_badaddr, "does a bad address fail without losing the pipe?")
{
	void *volatile bad = (void *)8;
	char c;
	int fds[2];

	CHECK(pipe(fds) == 0);
	ERR(write(fds[1], bad, 1), EFAULT);
	EQ(write(fds[1], "k", 1), 1);
	ERR(read(fds[0], bad, 1), EFAULT);
	EQ(read(fds[0], &c, 1), 1);
	ERR(read(fds[1], &c, 1), EBADF);
	ERR(write(fds[0], &c, 1), EBADF);
}

GTEST(pipe_size, "can a pipe be resized?")
{
	int fds[2];

	CHECK(pipe(fds) == 0);
	EQ(fcntl(fds[0], F_GETPIPE_SZ), 65536);
	EQ(fcntl(fds[1], F_SETPIPE_SZ, 5000), 8192);
	EQ(fcntl(fds[0], F_GETPIPE_SZ), 8192);
}

GTEST(pipe_stat, "does fstat know a pipe?")
{
	struct stat st, st2;
	int fds[2];

	CHECK(pipe(fds) == 0);
	CHECK(fstat(fds[0], &st) == 0 && fstat(fds[1], &st2) == 0);
	CHECK(S_ISFIFO(st.st_mode));
	EQ(st.st_ino, st2.st_ino);
}

static const char *
fifo(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "/tmp/fifo.%d", (int)getpid());
	unlink(name);
	CHECK(mkfifo(name, 0600) == 0);
	return (name);
}

GTEST(fifo_rendezvous, "do the opens of both sides wait for each other?")
{
	const char *name = fifo();
	char buf[8];
	int fd;

	if (fork() == 0) {
		nap(30);
		fd = open(name, O_WRONLY);
		_exit(write(fd, "hey", 3) != 3);
	}
	fd = open(name, O_RDONLY);
	CHECK(fd >= 0);
	EQ(read(fd, buf, 8), 3);
	EQ(read(fd, buf, 8), 0);
	wait(NULL);
	unlink(name);
}

GTEST(fifo_nonblock, "do opens without waiting follow POSIX?")
{
	const char *name = fifo();
	struct pollfd p;
	char c;
	int r, w;

	ERR(open(name, O_WRONLY | O_NONBLOCK), ENXIO);
	r = open(name, O_RDONLY | O_NONBLOCK);
	CHECK(r >= 0);
	EQ(read(r, &c, 1), 0);
	p = (struct pollfd){r, POLLIN, 0};
	EQ(poll(&p, 1, 0), 0);
	w = open(name, O_WRONLY | O_NONBLOCK);
	CHECK(w >= 0);
	ERR(read(r, &c, 1), EAGAIN);
	EQ(write(w, "z", 1), 1);
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLIN);
	EQ(read(r, &c, 1), 1);
	close(w);
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLHUP);
	close(r);
	r = open(name, O_RDWR);
	CHECK(r >= 0);
	EQ(write(r, "q", 1), 1);
	EQ(read(r, &c, 1), 1);
	unlink(name);
}

GTEST(fifo_interrupted, "does a signal end an open that waits?")
{
	const char *name = fifo();

	handle(SIGALRM);
	alarm(1);
	ERR(open(name, O_RDONLY), EINTR);
	ERR(open(name, O_WRONLY | O_NONBLOCK), ENXIO);
	unlink(name);
}

GTEST(pipe_latency, "how long is a round trip between two processes?")
{
	struct timespec a, b;
	int ping[2], pong[2];
	char c = 0;

	CHECK(pipe(ping) == 0 && pipe(pong) == 0);
	if (fork() == 0) {
		close(ping[1]);
		while (read(ping[0], &c, 1) == 1)
			write(pong[1], &c, 1);
		_exit(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 2000; i++) {
		EQ(write(ping[1], &c, 1), 1);
		EQ(read(pong[0], &c, 1), 1);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("round trip %ld ns\n",
	    ((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec) /
		2000);
	close(ping[1]);
	wait(NULL);
}
