/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netlink sockets as far as they go here: names, questions to the protocol
 * ROUTE, and what mq_notify does with one (SIGEV_THREAD).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

static int
netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	CHECK(fd >= 0);
	return (fd);
}

static struct sockaddr_nl
name_of(int fd)
{
	struct sockaddr_nl n;
	socklen_t len = sizeof(n);

	memset(&n, 0, sizeof(n));
	EQ(getsockname(fd, (struct sockaddr *)&n, &len), 0);
	EQ(len, sizeof(n));
	EQ(n.nl_family, AF_NETLINK);
	return (n);
}

static int
bind_to(int fd, uint32_t port)
{
	struct sockaddr_nl n = {.nl_family = AF_NETLINK, .nl_pid = port};

	return (bind(fd, (struct sockaddr *)&n, sizeof(n)));
}

GTEST(names, "has a socket its process's number, and the next another one?")
{
	int a = netlink(), b = netlink(), c = netlink();

	EQ(name_of(a).nl_pid, 0);
	EQ(bind_to(a, 0), 0);
	EQ(name_of(a).nl_pid, getpid());
	EQ(bind_to(b, 0), 0);
	CHECK(
	    name_of(b).nl_pid != (uint32_t)getpid() && name_of(b).nl_pid != 0);
	ERR(bind_to(c, (uint32_t)getpid()), EADDRINUSE);
	EQ(bind_to(c, 0x12345678), 0);
	EQ(name_of(c).nl_pid, 0x12345678);
	ERR(bind_to(c, 99), EINVAL);
	close(a);
	a = netlink();
	EQ(bind_to(a, 0), 0);
	EQ(name_of(a).nl_pid, getpid());
	ERR(listen(a, 1), EOPNOTSUPP);
	ERR(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
	ERR(socket(AF_NETLINK, SOCK_RAW, 77), EPROTONOSUPPORT);
	ERR(bind(a, (struct sockaddr *)&(struct sockaddr){AF_UNIX, ""}, 12),
	    EINVAL);
}

struct request {
	struct nlmsghdr h;
	struct rtgenmsg g;
	char pad[3];
};

static struct request
request(uint16_t type, uint16_t flags, uint32_t seq)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.h.nlmsg_len = NLMSG_LENGTH(sizeof(r.g));
	r.h.nlmsg_type = type;
	r.h.nlmsg_flags = flags;
	r.h.nlmsg_seq = seq;
	r.g.rtgen_family = AF_UNSPEC;
	return (r);
}

/* Read answers up to the last one, which is kept. */
static void
answer(int fd, char buf[8192], struct nlmsghdr **last)
{
	ssize_t n;

	do {
		n = recv(fd, buf, 8192, 0);
		CHECK(n >= (ssize_t)sizeof(struct nlmsghdr));
		if (n < (ssize_t)sizeof(struct nlmsghdr))
			return;
		*last = (struct nlmsghdr *)buf;
		for (struct nlmsghdr *h = *last; NLMSG_OK(h, n);
		     h = NLMSG_NEXT(h, n))
			*last = h;
	} while ((*last)->nlmsg_type != NLMSG_DONE &&
	    (*last)->nlmsg_type != NLMSG_ERROR);
}

GTEST(dump, "does a dump of links and addresses end as it should?")
{
	static const uint16_t types[] = {
	    RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE};
	struct sockaddr_nl to = {.nl_family = AF_NETLINK}, from;
	struct nlmsghdr *last = NULL;
	char buf[8192];
	int fd = netlink();

	for (uint32_t i = 0; i < 3; i++) {
		struct request r =
		    request(types[i], NLM_F_REQUEST | NLM_F_DUMP, 100 + i);
		socklen_t len = sizeof(from);

		EQ(sendto(fd, &r, r.h.nlmsg_len, 0, (struct sockaddr *)&to,
		       sizeof(to)),
		    r.h.nlmsg_len);
		memset(&from, 1, sizeof(from));
		EQ(recvfrom(fd, buf, 4, MSG_PEEK | MSG_TRUNC,
		       (struct sockaddr *)&from, &len) > 4,
		    1);
		EQ(len, sizeof(from));
		EQ(from.nl_family, AF_NETLINK);
		EQ(from.nl_pid, 0);
		answer(fd, buf, &last);
		EQ(last->nlmsg_type, NLMSG_DONE);
		EQ(last->nlmsg_seq, 100 + i);
		EQ(last->nlmsg_pid, getpid());
		EQ(last->nlmsg_flags & NLM_F_MULTI, NLM_F_MULTI);
	}
	ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

GTEST(errors, "are requests that make no sense answered with an error?")
{
	struct nlmsghdr *last = NULL;
	struct nlmsgerr *e;
	char buf[8192];
	struct {
		struct request a, b;
	} two;
	struct request r = request(999, NLM_F_REQUEST, 7);
	struct pollfd p;
	int fd = netlink();

	p = (struct pollfd){fd, POLLIN | POLLOUT, 0};
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLOUT);
	EQ(send(fd, &r, r.h.nlmsg_len, 0), r.h.nlmsg_len);
	EQ(poll(&p, 1, -1), 1);
	EQ(p.revents, POLLIN | POLLOUT);
	answer(fd, buf, &last);
	EQ(last->nlmsg_type, NLMSG_ERROR);
	EQ(last->nlmsg_seq, 7);
	e = NLMSG_DATA(last);
	EQ(e->error, -EOPNOTSUPP);
	EQ(e->msg.nlmsg_type, 999);
	/* with all of the request; newer kernels round its length up */
	CHECK(last->nlmsg_len >= sizeof(*last) + 4 + r.h.nlmsg_len &&
	    last->nlmsg_len <= sizeof(*last) + 4 + 20);
	/* nothing for the protocol, but an answer is asked for */
	two.a = request(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, 8);
	two.b = request(999, NLM_F_REQUEST, 9);
	EQ(send(fd, &two, sizeof(two), 0), sizeof(two));
	answer(fd, buf, &last);
	e = NLMSG_DATA(last);
	EQ(last->nlmsg_type, NLMSG_ERROR);
	EQ(e->error, 0);
	EQ(e->msg.nlmsg_seq, 8);
	answer(fd, buf, &last);
	EQ(last->nlmsg_seq, 9);
	/* cut short, and a length that lies: no answer */
	EQ(send(fd, &r, 10, 0), 10);
	r.h.nlmsg_len = 4;
	EQ(send(fd, &r, sizeof(r), 0), sizeof(r));
	r.h.nlmsg_len = 4000;
	EQ(send(fd, &r, sizeof(r), 0), sizeof(r));
	ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

static void
as_user(void)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = 4711};
	struct request r = request(RTM_DELLINK, NLM_F_REQUEST, 1);
	struct nlmsghdr *last = NULL;
	char buf[8192];
	int fd = netlink();

	EQ(setuid(1000), 0);
	close(fd);
	fd = netlink();
	ERR(sendto(
		fd, &r, r.h.nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to)),
	    EPERM);
	EQ(send(fd, &r, r.h.nlmsg_len, 0), r.h.nlmsg_len);
	answer(fd, buf, &last);
	EQ(((struct nlmsgerr *)NLMSG_DATA(last))->error, -EPERM);
}

GTEST(user, "may a user ask, but not change, nor speak to others?")
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		as_user();
		_exit(gtest_failures != 0);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
}

/* --- mq_notify ------------------------------------------------------------------------ */

static mqd_t
queue(void)
{
	struct mq_attr a = {.mq_maxmsg = 4, .mq_msgsize = 64};
	mqd_t q;

	mq_unlink("/h_netlink");
	q = mq_open(
	    "/h_netlink", O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &a);
	CHECK(q >= 0);
	mq_unlink("/h_netlink");
	return (q);
}

/* The system call, with a cookie. */
static int
notify(mqd_t q, int sock, const void *cookie)
{
	struct sigevent ev;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD;
	ev.sigev_signo = sock;
	ev.sigev_value.sival_ptr = (void *)(uintptr_t)cookie;
	return ((int)syscall(SYS_mq_notify, q, &ev));
}

GTEST(cookie, "does the cookie come back when there is a message, or no more?")
{
	char cookie[32], got[64];
	int fd = netlink(), file = open("/dev/null", O_RDWR), other;
	mqd_t q = queue();

	for (int i = 0; i < 32; i++)
		cookie[i] = (char)i;
	ERR(notify(q, 999, cookie), EBADF);
	ERR(notify(q, file, cookie), ENOTSOCK);
	other = socket(AF_UNIX, SOCK_DGRAM, 0);
	ERR(notify(q, other, cookie), EINVAL);
	ERR(notify(q, fd, (void *)8), EFAULT);
	ERR(notify(file, fd, cookie), EBADF);
	EQ(notify(q, fd, cookie), 0);
	ERR(notify(q, fd, cookie), EBUSY);
	ERR(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	EQ(mq_send(q, "one", 3, 0), 0);
	EQ(recv(fd, got, sizeof(got), 0), 32);
	cookie[31] = 1; /* a message */
	EQ(memcmp(got, cookie, 32), 0);
	EQ(mq_send(q, "two", 3, 0), 0); /* once only */
	ERR(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	EQ(notify(q, fd, cookie), 0); /* the queue is not empty: nothing yet */
	EQ(mq_send(q, "three", 5, 0), 0);
	ERR(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	EQ(syscall(SYS_mq_notify, q, NULL), 0);
	EQ(recv(fd, got, sizeof(got), 0), 32);
	EQ(got[31], 2); /* removed */
	EQ(got[30], 30);
	EQ(notify(q, fd, cookie), 0);
	mq_close(q);
	EQ(recv(fd, got, sizeof(got), 0), 32);
	EQ(got[31], 2);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int calls;
static long value;
static pthread_t caller;

static void
on_message(union sigval v)
{
	pthread_mutex_lock(&mutex);
	calls++;
	value = (long)v.sival_ptr;
	caller = pthread_self();
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&mutex);
}

GTEST(thread, "does the C library run a thread when a message comes?")
{
	struct sigevent ev;
	char buf[64];
	mqd_t q = queue();

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD;
	ev.sigev_notify_function = on_message;
	for (long i = 1; i <= 3; i++) {
		ev.sigev_value.sival_ptr = (void *)i;
		EQ(mq_notify(q, &ev), 0);
		ERR(mq_notify(q, &ev), EBUSY);
		EQ(mq_send(q, "hello", 5, 0), 0);
		pthread_mutex_lock(&mutex);
		while (calls < i)
			pthread_cond_wait(&cond, &mutex);
		EQ(value, i);
		CHECK(!pthread_equal(caller, pthread_self()));
		pthread_mutex_unlock(&mutex);
		EQ(mq_receive(q, buf, sizeof(buf), NULL), 5);
	}
	EQ(mq_notify(q, &ev), 0);
	EQ(mq_notify(q, NULL), 0);
	EQ(mq_send(q, "hello", 5, 0), 0);
	EQ(calls, 3);
	mq_close(q);
}
