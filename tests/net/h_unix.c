/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX as Linux programs use it: connections, messages, descriptors. */
#include "gtest.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct sockaddr_un
path_name(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return (a);
}

static socklen_t
abstract_name(struct sockaddr_un *a, const char *name)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path + 1, name, strlen(name));
	return ((socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    strlen(name)));
}

static int
listener(const char *path, int type, int backlog)
{
	struct sockaddr_un a = path_name(path);
	int s = socket(AF_UNIX, type, 0);

	CHECK(s >= 0);
	EQ(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	EQ(listen(s, backlog), 0);
	return (s);
}

static int
connected(const char *path, int type)
{
	struct sockaddr_un a = path_name(path);
	int s = socket(AF_UNIX, type, 0);

	EQ(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	return (s);
}

static ssize_t
send_fds(int s, const int *fds, int n, const char *text)
{
	char control[CMSG_SPACE(253 * sizeof(int))];
	struct iovec iov = {(void *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = CMSG_SPACE((size_t)n * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof(int));
	return (sendmsg(s, &m, 0));
}

/* Descriptors received, at most max; *flagsp as recvmsg tells. */
static int
receive_fds(int s, int *fds, int max, int *flagsp)
{
	char control[CMSG_SPACE(253 * sizeof(int))], byte[64];
	struct iovec iov = {byte, sizeof(byte)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = CMSG_LEN((size_t)max * sizeof(int))};
	struct cmsghdr *c;
	int n = 0;

	if (recvmsg(s, &m, 0) < 0)
		return (-1);
	*flagsp = m.msg_flags;
	for (c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_type == SCM_RIGHTS) {
			n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(c), (size_t)n * sizeof(int));
		}
	return (n);
}

static uint32_t
ready(int s)
{
	struct pollfd p = {s, POLLIN | POLLOUT | POLLRDHUP, 0};

	CHECK(poll(&p, 1, 0) >= 0);
	return ((uint32_t)p.revents);
}

/* --- streams ------------------------------------------------------------------- */

GTEST(stream_pair, "do bytes of a pair arrive in order, both ways?")
{
	char out[1000], in[1000];
	int s[2];
	size_t got = 0;

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)i;
	EQ(write(s[0], out, 400), 400);
	EQ(write(s[0], out + 400, 600), 600);
	while (got < sizeof(in))
		got += (size_t)read(s[1], in + got, sizeof(in) - got);
	EQ(memcmp(in, out, sizeof(in)), 0);
	EQ(write(s[1], "back", 4), 4);
	EQ(recv(s[0], in, 2, MSG_PEEK), 2);
	EQ(recv(s[0], in, 4, MSG_WAITALL), 4);
	EQ(memcmp(in, "back", 4), 0);
	ERR(recv(s[0], in, 1, MSG_DONTWAIT), EAGAIN);
}

static void *
writer(void *arg)
{
	static char block[100000];
	int s = *(int *)arg;

	for (int i = 0; i < 50; i++) {
		memset(block, i, sizeof(block));
		for (size_t done = 0; done < sizeof(block);)
			done += (size_t)write(
			    s, block + done, sizeof(block) - done);
	}
	close(s);
	return (NULL);
}

GTEST(stream_large, "does a stream larger than its buffer pass whole?")
{
	static char buf[65536];
	pthread_t t;
	size_t total = 0;
	ssize_t n;
	int s[2];

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(pthread_create(&t, NULL, writer, &s[0]), 0);
	while ((n = read(s[1], buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != (char)((total + (size_t)i) / 100000))
				FAIL("wrong byte at %zu", total + (size_t)i);
		total += (size_t)n;
	}
	EQ(total, 5000000u);
	pthread_join(t, NULL);
}

GTEST(stream_ends, "what do the ends of a connection say?")
{
	struct sockaddr_un a = path_name("/tmp/none");
	char c;
	int s[2], one;

	signal(SIGPIPE, SIG_IGN);
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(write(s[0], "x", 1), 1);
	close(s[0]);
	EQ(read(s[1], &c, 1), 1);
	EQ(read(s[1], &c, 1), 0);
	ERR(write(s[1], "y", 1), EPIPE);
	CHECK((ready(s[1]) & (POLLIN | POLLHUP | POLLRDHUP)) ==
	    (POLLIN | POLLHUP | POLLRDHUP));
	close(s[1]);
	/* Closed with unread bytes: a reset. */
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(write(s[0], "x", 1), 1);
	close(s[1]);
	ERR(read(s[0], &c, 1), ECONNRESET);
	one = socket(AF_UNIX, SOCK_STREAM, 0);
	ERR(connect(one, (struct sockaddr *)&a, sizeof(a)), ENOENT);
	ERR(write(one, "x", 1), ENOTCONN);
	ERR(listen(one, 1), EINVAL);
	ERR(accept(one, NULL, NULL), EINVAL);
}

GTEST(stream_shutdown, "does each half close by itself?")
{
	char c;
	int s[2];

	signal(SIGPIPE, SIG_IGN);
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(shutdown(s[0], SHUT_WR), 0);
	ERR(write(s[0], "x", 1), EPIPE);
	EQ(read(s[1], &c, 1), 0);
	EQ(write(s[1], "y", 1), 1);
	EQ(read(s[0], &c, 1), 1);
	ERR(shutdown(s[0], 7), EINVAL);
	ERR(shutdown(0, SHUT_RD), ENOTSOCK);
}

/* --- connections ------------------------------------------------------------------- */

GTEST(connect_accept, "do server and client see each other's names and ids?")
{
	struct sockaddr_un a;
	struct ucred cred;
	socklen_t len = sizeof(a);
	struct stat st;
	int l = listener("/tmp/s1", SOCK_STREAM, 4), c, s;

	EQ(stat("/tmp/s1", &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	c = connected("/tmp/s1", SOCK_STREAM);
	EQ(write(c, "early", 5), 5); /* before accept */
	s = accept4(l, (struct sockaddr *)&a, &len, SOCK_CLOEXEC);
	CHECK(s >= 0);
	EQ(len, 2u); /* the client has no name */
	EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
	len = sizeof(a);
	EQ(getpeername(c, (struct sockaddr *)&a, &len), 0);
	EQ(strcmp(a.sun_path, "/tmp/s1"), 0);
	EQ(len, 2 + sizeof("/tmp/s1"));
	len = sizeof(cred);
	EQ(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
	EQ(cred.pid, getpid());
	ERR(connect(c, (struct sockaddr *)&a, sizeof(a)), EISCONN);
	a = path_name("/tmp/s1");
	ERR(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a,
		sizeof(a)),
	    EADDRINUSE);
	close(l);
	ERR(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a,
		sizeof(a)),
	    ECONNREFUSED);
}

GTEST(backlog, "is a full queue told, and does it empty by accept?")
{
	struct sockaddr_un a = path_name("/tmp/s2");
	int l = listener("/tmp/s2", SOCK_STREAM, 1), c;

	(void)connected("/tmp/s2", SOCK_STREAM);
	(void)connected("/tmp/s2", SOCK_STREAM);
	c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ERR(connect(c, (struct sockaddr *)&a, sizeof(a)), EAGAIN);
	CHECK((ready(l) & POLLIN) != 0);
	CHECK(accept(l, NULL, NULL) >= 0);
	EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK(accept(l, NULL, NULL) >= 0);
	CHECK(accept(l, NULL, NULL) >= 0);
	EQ(ready(l) & POLLIN, 0u);
	EQ(fcntl(l, F_SETFL, O_NONBLOCK), 0);
	ERR(accept(l, NULL, NULL), EAGAIN);
}

GTEST(abstract, "do abstract names live and die with their sockets?")
{
	struct sockaddr_un a, b;
	socklen_t n = abstract_name(&a, "mayfly"), len = sizeof(b);
	int l = socket(AF_UNIX, SOCK_STREAM, 0), x;

	EQ(bind(l, (struct sockaddr *)&a, n), 0);
	EQ(listen(l, 1), 0);
	ERR(bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&a, n),
	    EADDRINUSE);
	x = socket(AF_UNIX, SOCK_STREAM, 0);
	EQ(connect(x, (struct sockaddr *)&a, n), 0);
	close(l);
	x = socket(AF_UNIX, SOCK_STREAM, 0);
	ERR(connect(x, (struct sockaddr *)&a, n), ECONNREFUSED);
	EQ(bind(x, (struct sockaddr *)&a, sizeof(a.sun_family)), 0); /* auto */
	EQ(getsockname(x, (struct sockaddr *)&b, &len), 0);
	EQ(len, 8u);
	EQ(b.sun_path[0], 0);
}

/* --- datagrams and packets ------------------------------------------------------------- */

GTEST(datagrams, "do datagrams keep their borders, names and order?")
{
	struct sockaddr_un a, from;
	socklen_t n = abstract_name(&a, "dg"), len = sizeof(from);
	int r = socket(AF_UNIX, SOCK_DGRAM, 0);
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);
	static char big[300000];
	char b[16];

	EQ(bind(r, (struct sockaddr *)&a, n), 0);
	ERR(send(s, "x", 1, 0), ENOTCONN);
	EQ(sendto(s, "one", 3, 0, (struct sockaddr *)&a, n), 3);
	EQ(sendto(s, "", 0, 0, (struct sockaddr *)&a, n), 0);
	EQ(connect(s, (struct sockaddr *)&a, n), 0);
	EQ(send(s, "three", 5, 0), 5);
	EQ(recv(r, b, 2, MSG_TRUNC), 3);
	EQ(recv(r, b, sizeof(b), 0), 0);
	EQ(recvfrom(r, b, sizeof(b), 0, (struct sockaddr *)&from, &len), 5);
	EQ(len, 0u);
	ERR(send(s, big, sizeof(big), 0), EMSGSIZE);
	close(r);
	ERR(send(s, "x", 1, 0), ECONNREFUSED);
	ERR(send(s, "x", 1, 0), ENOTCONN);
}

GTEST(seqpacket, "do packets keep their borders over a connection?")
{
	int l = listener("/tmp/s3", SOCK_SEQPACKET, 2);
	int c = connected("/tmp/s3", SOCK_SEQPACKET);
	int s = accept(l, NULL, NULL);
	struct sockaddr_un a = path_name("/tmp/s3");
	char b[8];

	EQ(send(c, "ab", 2, 0), 2);
	EQ(send(c, "cdef", 4, 0), 4);
	EQ(recv(s, b, 8, 0), 2);
	EQ(recv(s, b, 3, 0), 3);
	ERR(recv(s, b, 8, MSG_DONTWAIT), EAGAIN);
	ERR(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a,
		sizeof(a)),
	    EPROTOTYPE);
	close(c);
	EQ(recv(s, b, 8, 0), 0);
}

/* --- descriptors and credentials ----------------------------------------------------------- */

GTEST(rights, "do descriptors arrive as the same open files?")
{
	int s[2], p[2], got[8], flags, n;
	char b[8];

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(pipe(p), 0);
	EQ(send_fds(s[0], p, 2, "pipe"), 4);
	EQ(write(s[0], "tail", 4), 4);
	close(p[0]);
	n = receive_fds(s[1], got, 8, &flags);
	EQ(n, 2);
	EQ(flags & MSG_CTRUNC, 0);
	EQ(write(got[1], "hi", 2), 2);
	EQ(read(got[0], b, 8), 2);
	EQ(read(s[1], b, 8), 4); /* the tail came by itself */
	/* Room for one of two: the other is closed. */
	EQ(send_fds(s[0], got, 2, "x"), 1);
	EQ(receive_fds(s[1], got, 1, &flags), 1);
	CHECK((flags & MSG_CTRUNC) != 0);
	n = -1;
	ERR(send_fds(s[0], &n, 1, "x"), EBADF);
}

GTEST(rights_cycle, "are sockets freed that only messages refer to?")
{
	struct stat st;
	int s[2], before, after;

	before = dup(0);
	close(before);
	for (int i = 0; i < 200; i++) {
		EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
		EQ(send_fds(s[0], s, 2, "x"), 1);
		EQ(send_fds(s[1], s, 2, "x"), 1);
		close(s[0]);
		close(s[1]);
	}
	after = dup(0);
	EQ(after, before);
	EQ(stat("/proc/self", &st), 0);
	/* The leak report at shutdown tells the rest. */
}

GTEST(rights_chain, "does a long chain of sockets in queues unwind?")
{
	int prev = -1, s[2];

	for (int i = 0; i < 2000; i++) {
		EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
		if (prev >= 0) {
			EQ(send_fds(s[0], &prev, 1, "x"), 1);
			close(prev);
		}
		close(s[0]);
		prev = s[1];
	}
	close(prev);
}

GTEST(credentials, "does each message tell who sent it?")
{
	char control[CMSG_SPACE(sizeof(struct ucred))], b[8];
	struct iovec iov = {b, sizeof(b)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct ucred cred;
	int s[2], on = 1;
	pid_t pid;

	EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
	EQ(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	if ((pid = fork()) == 0)
		_exit(send(s[0], "me", 2, 0) != 2);
	EQ(recvmsg(s[1], &m, 0), 2);
	CHECK(CMSG_FIRSTHDR(&m) != NULL);
	EQ(CMSG_FIRSTHDR(&m)->cmsg_type, SCM_CREDENTIALS);
	memcpy(&cred, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(cred));
	EQ(cred.pid, pid);
	EQ(cred.uid, getuid());
	EQ(waitpid(pid, NULL, 0), pid);
}

/* --- readiness, options, bad input ------------------------------------------------------------ */

GTEST(readiness, "do epoll and poll see room and data come and go?")
{
	static char block[65536];
	struct epoll_event ev = {.events = EPOLLOUT | EPOLLET};
	int s[2], ep = epoll_create1(0);

	EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	EQ(ready(s[0]), (uint32_t)POLLOUT);
	while (write(s[0], block, sizeof(block)) > 0)
		continue;
	EQ(errno, EAGAIN);
	EQ(ready(s[0]), 0u);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &ev), 0);
	EQ(epoll_wait(ep, &ev, 1, 0), 0);
	CHECK((ready(s[1]) & POLLIN) != 0);
	while (read(s[1], block, sizeof(block)) > 0)
		continue;
	EQ(epoll_wait(ep, &ev, 1, 1000), 1);
	EQ(ready(s[0]), (uint32_t)POLLOUT);
}

GTEST(options, "do options say what was set?")
{
	struct timeval tv = {0, 50000}, got;
	socklen_t len = sizeof(int);
	int s[2], v = 0;
	char c;

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	EQ(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &len), 0);
	EQ(v, SOCK_STREAM);
	EQ(getsockopt(s[0], SOL_SOCKET, SO_DOMAIN, &v, &len), 0);
	EQ(v, AF_UNIX);
	v = 10000;
	EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)), 0);
	EQ(getsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, &len), 0);
	EQ(v, 20000);
	EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	len = sizeof(got);
	EQ(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &got, &len), 0);
	EQ(got.tv_usec, 50000);
	ERR(read(s[0], &c, 1), EAGAIN);
	EQ(write(s[1], "abc", 3), 3);
	EQ(ioctl(s[0], FIONREAD, &v), 0);
	EQ(v, 3);
	ERR(setsockopt(s[0], SOL_SOCKET, 12345, &v, 4), ENOPROTOOPT);
	ERR(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, 2), EINVAL);
	ERR(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, NULL), EFAULT);
}

GTEST(bad_input, "do malformed names and messages get an errno?")
{
	char control[64];
	struct iovec iov = {control, 1};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c = (struct cmsghdr *)control;
	struct sockaddr_un a = path_name("/tmp/x");
	int s[2], one = socket(AF_UNIX, SOCK_STREAM, 0);

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ERR(socket(AF_UNIX, SOCK_STREAM, 99), EPROTONOSUPPORT);
	ERR(socket(AF_UNIX, 9, 0), ESOCKTNOSUPPORT);
	ERR(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
	ERR(socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL);
	ERR(bind(one, (struct sockaddr *)&a, 1), EINVAL);
	ERR(bind(one, (struct sockaddr *)&a, 4096), EINVAL);
	ERR(bind(one, (struct sockaddr *)8, sizeof(a)), EFAULT);
	ERR(connect(one, (struct sockaddr *)&a, 2), EINVAL);
	for (size_t len = 0; len < 80; len++) {
		memset(control, 0xff, sizeof(control));
		c->cmsg_len = len;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		if (len != CMSG_LEN(0))
			CHECK(sendmsg(s[0], &m, 0) < 0);
	}
	c->cmsg_len = (size_t)-8;
	ERR(sendmsg(s[0], &m, 0), EINVAL);
	m.msg_iovlen = (size_t)-1;
	ERR(sendmsg(s[0], &m, 0), EMSGSIZE);
	ERR(sendmsg(s[0], (struct msghdr *)8, 0), EFAULT);
	ERR(recvmsg(s[0], (struct msghdr *)-8L, 0), EFAULT);
}

static void *
churn(void *arg)
{
	int *s = arg, fds[4], flags;

	for (int i = 0; i < 300; i++) {
		(void)send_fds(s[i & 1], s, 2, "x");
		fcntl(s[0], F_SETFL, O_NONBLOCK);
		fcntl(s[1], F_SETFL, O_NONBLOCK);
		for (int n = receive_fds(s[i >> 1 & 1], fds, 4, &flags); n > 0;)
			close(fds[--n]);
	}
	return (NULL);
}

GTEST(churn, "do passing, closing and collecting at once stay sound?")
{
	pthread_t t[4];
	int s[2];

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	for (int i = 0; i < 4; i++)
		EQ(pthread_create(&t[i], NULL, churn, s), 0);
	for (int i = 0; i < 100; i++) {
		int p[2];

		EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, p), 0);
		EQ(send_fds(p[0], p, 2, "x"), 1);
		close(p[0]);
		close(p[1]);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
