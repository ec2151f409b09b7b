/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splice, tee, vmsplice, sendfile, copy_file_range.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define BIG 200000

static char big[BIG], back[BIG];

static int
make_file(const char *path, size_t n)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	for (size_t i = 0; i < n; i++)
		big[i] = (char)(i * 7 + i / 251);
	EQ(write(fd, big, n), n);
	EQ(lseek(fd, 0, SEEK_SET), 0);
	return (fd);
}

static int
reap(pid_t pid)
{
	int status = -1;

	EQ(waitpid(pid, &status, 0), pid);
	return (status);
}

GTEST(file_to_pipe, "does splice fill a pipe from a file, at both offsets?")
{
	int fd = make_file("/tmp/f", 10000), p[2];
	off_t off = 100;

	pipe(p);
	EQ(splice(fd, NULL, p[1], NULL, 5000, 0), 5000);
	EQ(lseek(fd, 0, SEEK_CUR), 5000);
	EQ(read(p[0], back, 6000), 5000);
	CHECK(memcmp(back, big, 5000) == 0);
	EQ(splice(fd, &off, p[1], NULL, 50, SPLICE_F_MORE), 50);
	EQ(off, 150);
	EQ(lseek(fd, 0, SEEK_CUR), 5000);
	EQ(read(p[0], back, 6000), 50);
	CHECK(memcmp(back, big + 100, 50) == 0);
	EQ(splice(fd, NULL, p[1], NULL, 100000, 0), 5000); /* to the end */
	EQ(splice(fd, NULL, p[1], NULL, 100000, 0), 0);
}

GTEST(pipe_to_file, "does splice empty a pipe into a file?")
{
	int fd = make_file("/tmp/f", 0), p[2];
	off_t off = 1000;

	pipe(p);
	EQ(write(p[1], "hello world", 11), 11);
	EQ(splice(p[0], NULL, fd, NULL, 5, 0), 5);
	EQ(splice(p[0], NULL, fd, &off, 100, 0), 6);
	EQ(off, 1006);
	EQ(pread(fd, back, 10, 0), 10);
	CHECK(memcmp(back, "hello\0\0\0\0\0", 10) == 0);
	EQ(pread(fd, back, 10, 1000), 6);
	CHECK(memcmp(back, " world", 6) == 0);
	close(p[1]);
	EQ(splice(p[0], NULL, fd, NULL, 100, 0), 0); /* the end */
}

GTEST(pipe_to_pipe, "does splice move, and tee copy, from pipe to pipe?")
{
	int a[2], b[2];

	pipe(a);
	pipe(b);
	EQ(write(a[1], "abcdefgh", 8), 8);
	EQ(tee(a[0], b[1], 5, 0), 5);
	EQ(read(b[0], back, 100), 5);
	CHECK(memcmp(back, "abcde", 5) == 0);
	EQ(splice(a[0], NULL, b[1], NULL, 3, 0), 3);
	EQ(read(b[0], back, 100), 3);
	CHECK(memcmp(back, "abc", 3) == 0);
	EQ(read(a[0], back, 100), 5);
	CHECK(memcmp(back, "defgh", 5) == 0);
	ERR(tee(a[0], b[1], 5, SPLICE_F_NONBLOCK), EAGAIN);
	close(a[1]);
	EQ(tee(a[0], b[1], 5, 0), 0);
	EQ(splice(a[0], NULL, b[1], NULL, 5, 0), 0);
}

GTEST(blocking, "does splice wait for data and for room, or say EAGAIN?")
{
	int fd = make_file("/tmp/f", BIG), p[2], n;
	size_t got = 0;
	pid_t pid;

	pipe(p);
	ERR(splice(p[0], NULL, fd, NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
	EQ(splice(fd, NULL, p[1], NULL, 65536, 0), 65536);
	ERR(splice(fd, NULL, p[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	if ((pid = fork()) == 0) {
		size_t left = BIG - 65536;

		while (left > 0) {
			ssize_t k = splice(fd, NULL, p[1], NULL, left, 0);

			if (k <= 0)
				_exit(1);
			left -= (size_t)k;
		}
		_exit(0);
	}
	close(p[1]);
	while ((n = (int)read(p[0], back + got, 10000)) > 0)
		got += (size_t)n;
	EQ(got, BIG);
	CHECK(memcmp(back, big, BIG) == 0);
	EQ(reap(pid), 0);
}

GTEST(sockets, "does splice carry from a socket to a file and back?")
{
	int fd = make_file("/tmp/f", 3000), out = make_file("/tmp/g", 0);
	int s[2], p[2];

	fd = make_file("/tmp/f", 3000);
	pipe(p);
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(splice(fd, NULL, p[1], NULL, 3000, 0), 3000);
	EQ(splice(p[0], NULL, s[0], NULL, 3000, 0), 3000);
	EQ(splice(s[1], NULL, p[1], NULL, 3000, 0), 3000);
	EQ(splice(p[0], NULL, out, NULL, 3000, 0), 3000);
	EQ(pread(out, back, 3000, 0), 3000);
	CHECK(memcmp(back, big, 3000) == 0);
}

GTEST(vmsplice, "does vmsplice carry memory into a pipe and out?")
{
	struct iovec iov[2] = {{"hello ", 6}, {"world", 5}};
	char x[4], y[20] = "";
	struct iovec to[2] = {{x, 4}, {y, 20}};
	int p[2], fd = make_file("/tmp/f", 0);

	pipe(p);
	EQ(vmsplice(p[1], iov, 2, 0), 11);
	EQ(vmsplice(p[0], to, 2, 0), 11);
	CHECK(memcmp(x, "hell", 4) == 0 && strcmp(y, "o world") == 0);
	ERR(vmsplice(p[0], to, 2, SPLICE_F_NONBLOCK), EAGAIN);
	ERR(vmsplice(fd, iov, 2, 0), EBADF);
	ERR(vmsplice(p[1], (void *)8, 2, 0), EFAULT);
	EQ(vmsplice(p[1], iov, 0, 0), 0);
}

GTEST(splice_errors, "are wrong pairs, offsets and flags refused?")
{
	int fd = make_file("/tmp/f", 100), app, dir, p[2], q[2];
	off_t off = 0;

	pipe(p);
	pipe(q);
	app = open("/tmp/f", O_WRONLY | O_APPEND);
	dir = open("/tmp", O_RDONLY);
	ERR(splice(fd, NULL, fd, NULL, 10, 0), EINVAL);
	ERR(splice(fd, NULL, p[1], &off, 10, 0), ESPIPE);
	ERR(splice(p[0], &off, fd, NULL, 10, 0), ESPIPE);
	ERR(splice(p[0], NULL, p[1], NULL, 10, 0), EINVAL);
	ERR(splice(fd, NULL, p[0], NULL, 10, 0), EBADF);
	ERR(splice(p[1], NULL, fd, NULL, 10, 0), EBADF);
	ERR(splice(-1, NULL, p[1], NULL, 10, 0), EBADF);
	ERR(splice(fd, NULL, p[1], NULL, 10, 0x100), EINVAL);
	ERR(splice(fd, (void *)8, p[1], NULL, 10, 0), EFAULT);
	EQ(write(p[1], "x", 1), 1);
	ERR(splice(p[0], NULL, app, NULL, 10, 0), EINVAL);
	ERR(splice(dir, NULL, p[1], NULL, 10, 0), EINVAL);
	EQ(splice(fd, NULL, p[1], NULL, 0, 0), 0);
	ERR(tee(fd, p[1], 10, 0), EINVAL);
	ERR(tee(p[0], p[1], 10, 0), EINVAL);
	signal(SIGPIPE, SIG_IGN);
	close(p[0]);
	ERR(splice(fd, NULL, p[1], NULL, 10, 0), EPIPE);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
}

GTEST(copy_range, "does copy_file_range copy, and refuse what Linux refuses?")
{
	int fd = make_file("/tmp/f", 5000), out, app, p[2];
	off_t in_off = 1000, out_off = 0;

	out = open("/tmp/g", O_RDWR | O_CREAT | O_TRUNC, 0644);
	app = open("/tmp/g", O_RDWR | O_APPEND);
	pipe(p);
	EQ(copy_file_range(fd, &in_off, out, &out_off, 2000, 0), 2000);
	EQ(in_off, 3000);
	EQ(out_off, 2000);
	EQ(lseek(out, 0, SEEK_CUR), 0);
	EQ(copy_file_range(fd, NULL, out, NULL, 100000, 0), 5000);
	EQ(copy_file_range(fd, NULL, out, NULL, 100000, 0), 0);
	EQ(pread(out, back, 6000, 0), 5000);
	CHECK(memcmp(back, big, 5000) == 0);
	ERR(copy_file_range(fd, NULL, out, NULL, 10, 1), EINVAL);
	ERR(copy_file_range(fd, NULL, app, NULL, 10, 0), EBADF);
	ERR(copy_file_range(fd, NULL, p[1], NULL, 10, 0), EINVAL);
	ERR(copy_file_range(p[0], NULL, fd, NULL, 10, 0), EINVAL);
	ERR(copy_file_range(open("/tmp", O_RDONLY), NULL, fd, NULL, 10, 0),
	    EISDIR);
	in_off = 0;
	out_off = 100;
	ERR(copy_file_range(fd, &in_off, fd, &out_off, 200, 0), EINVAL);
	EQ(copy_file_range(fd, &in_off, fd, &out_off, 100, 0), 100);
}

GTEST(sendfile_kinds, "does sendfile reach files, pipes and sockets?")
{
	int fd = make_file("/tmp/f", 5000), out, s[2], p[2], app;
	off_t off = 10;

	out = open("/tmp/g", O_RDWR | O_CREAT | O_TRUNC, 0644);
	pipe(p);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	EQ(sendfile(out, fd, &off, 100), 100);
	EQ(off, 110);
	EQ(sendfile(p[1], fd, NULL, 100), 100);
	EQ(sendfile(s[0], fd, NULL, 100), 100);
	EQ(lseek(fd, 0, SEEK_CUR), 200);
	EQ(read(p[0], back, 200), 100);
	CHECK(memcmp(back, big, 100) == 0);
	EQ(read(s[1], back, 200), 100);
	CHECK(memcmp(back, big + 100, 100) == 0);
	app = open("/tmp/g", O_WRONLY | O_APPEND);
	ERR(sendfile(app, fd, NULL, 10), EINVAL);
	ERR(sendfile(out, s[1], NULL, 10), EINVAL);
}

GTEST(rwf, "do the flags of preadv2 and pwritev2 do what they say?")
{
	int fd = make_file("/tmp/f", 100), p[2];
	struct iovec iov = {back, 10}, w = {"tail", 4};
	struct stat st;

	EQ(preadv2(fd, &iov, 1, 5, RWF_HIPRI), 10);
	CHECK(memcmp(back, big + 5, 10) == 0);
	EQ(preadv2(fd, &iov, 1, -1, 0), 10); /* the file's own offset */
	EQ(lseek(fd, 0, SEEK_CUR), 10);
	EQ(pwritev2(fd, &w, 1, 0, RWF_APPEND | RWF_SYNC), 4);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 104);
	EQ(pread(fd, back, 4, 100), 4);
	CHECK(memcmp(back, "tail", 4) == 0);
	EQ(lseek(fd, 0, SEEK_CUR), 10);
	EQ(pwritev2(fd, &w, 1, -1, RWF_APPEND | RWF_DSYNC), 4);
	EQ(lseek(fd, 0, SEEK_CUR), 108);
	pipe(p);
	ERR(preadv2(p[0], &iov, 1, -1, RWF_NOWAIT), EAGAIN);
	EQ(write(p[1], "xyz", 3), 3);
	EQ(preadv2(p[0], &iov, 1, -1, RWF_NOWAIT), 3);
	ERR(preadv2(fd, &iov, 1, 0, 0x8000), EOPNOTSUPP);
	ERR(preadv2(fd, &iov, 1, -2, 0), EINVAL);
	ERR(preadv2(p[0], &iov, 1, 0, 0), ESPIPE);
}
