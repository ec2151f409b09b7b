/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp's listeners: a filter that asks another program about getppid.
 *
 * Where descriptors do not matter the one who asks is a thread of ours, which
 * alone has the filter; else a child, which sends its listener to us.
 */
#include "trace.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/audit.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#define LISTENER SECCOMP_FILTER_FLAG_NEW_LISTENER

/* getppid is asked about, all else allowed. */
static int
listen_for(unsigned long flags)
{
	struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				      offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog p = {4, f};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return ((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p));
}

static int
take(int fd, struct seccomp_notif *n)
{
	memset(n, 0, sizeof(*n));
	return (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, n));
}

static int
answer(int fd, uint64_t id, long val, int error, unsigned flags)
{
	struct seccomp_notif_resp r = {id, val, error, flags};

	return (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r));
}

static int
valid(int fd, uint64_t id)
{
	return (ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id));
}

static int
ready(int fd, int ms)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	return (poll(&p, 1, ms) > 0 ? p.revents : 0);
}

/* --- a thread that asks ----------------------------------------------------------- */

#define CALLS 6

static volatile int listener, tid_of_asker, done;
static volatile long result[CALLS];
static volatile int error_of[CALLS];

struct asker {
	unsigned long flags;
	int calls;
	pthread_t thread;
};

static void *
ask(void *arg)
{
	struct asker *a = arg;

	tid_of_asker = (int)syscall(SYS_gettid);
	listener = listen_for(LISTENER | a->flags);
	for (int i = 0; i < a->calls && listener >= 0; i++) {
		errno = 0;
		result[i] = syscall(SYS_getppid, 11, 22, 33);
		error_of[i] = errno;
		done++;
	}
	return (NULL);
}

static int
begin(struct asker *a, unsigned long flags, int calls)
{
	a->flags = flags;
	a->calls = calls;
	listener = -2;
	done = 0;
	EQ(pthread_create(&a->thread, NULL, ask, a), 0);
	while (listener == -2)
		sched_yield();
	CHECK(listener >= 0);
	return (listener);
}

GTEST(answers, "is an answer the call's result, and \"go on\" the call?")
{
	struct seccomp_notif n;
	struct asker a;
	int fd = begin(&a, 0, 5);

	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(take(fd, &n), 0);
	EQ(answer(fd, n.id, 1234, 0, 0), 0);
	EQ(take(fd, &n), 0);
	EQ(answer(fd, n.id, 7, -EPERM, 0), 0);
	EQ(take(fd, &n), 0);
	EQ(answer(fd, n.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), 0);
	EQ(take(fd, &n), 0);
	EQ(answer(fd, n.id, 0, 5, 0), 0);
	EQ(take(fd, &n), 0);
	EQ(answer(fd, n.id, -EIO, 0, 0), 0);
	pthread_join(a.thread, NULL);
	EQ(result[0], 1234);
	EQ(result[1], -1);
	EQ(error_of[1], EPERM);
	EQ(result[2], getppid());
	EQ(result[3], 5);
	EQ(result[4], -1);
	EQ(error_of[4], EIO);
}

GTEST(question, "does a question tell all, and an odd one change nothing?")
{
	struct seccomp_notif n, m;
	struct asker a;
	int fd = begin(&a, 0, 2);

	memset(&n, 0, sizeof(n));
	n.pid = 1;
	ERR(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), EINVAL);
	ERR(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, 16), EFAULT);
	EQ(take(fd, &n), 0);
	EQ(n.pid, tid_of_asker);
	EQ(n.flags, 0);
	EQ(n.data.nr, SYS_getppid);
	EQ(n.data.arch, AUDIT_ARCH_X86_64);
	EQ(n.data.args[0], 11);
	EQ(n.data.args[2], 33);
	CHECK(n.data.instruction_pointer != 0);
	EQ(valid(fd, n.id), 0);
	ERR(valid(fd, n.id + 1), ENOENT);
	ERR(answer(fd, n.id + 1, 0, 0, 0), ENOENT);
	ERR(answer(fd, n.id, 0, 0, 8), EINVAL);
	ERR(answer(fd, n.id, 1, 0, 1), EINVAL);
	ERR(answer(fd, n.id, 0, 1, 1), EINVAL);
	ERR(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, 16), EFAULT);
	ERR(ioctl(fd, _IO('!', 99)), EINVAL);
	EQ(answer(fd, n.id, 3, 0, 0), 0);
	EQ(take(fd, &m), 0);
	CHECK(m.id != n.id);
	ERR(answer(fd, n.id, 3, 0, 0), ENOENT);
	ERR(valid(fd, n.id), ENOENT);
	EQ(answer(fd, m.id, 4, 0, 0), 0);
	pthread_join(a.thread, NULL);
	EQ(result[0], 3);
	EQ(result[1], 4);
	ERR(ioctl(0, SECCOMP_IOCTL_NOTIF_RECV, &n), ENOTTY);
	ERR(ioctl(999, SECCOMP_IOCTL_NOTIF_RECV, &n), EBADF);
}

GTEST(poll, "does poll say what can be taken and what waits for an answer?")
{
	struct seccomp_notif n;
	struct asker a;
	int fd = begin(&a, 0, 1);

	while (ready(fd, -1) == 0)
		continue;
	EQ(ready(fd, 0), POLLIN);
	EQ(take(fd, &n), 0);
	EQ(ready(fd, 0), POLLOUT);
	EQ(answer(fd, n.id, 0, 0, 0), 0);
	pthread_join(a.thread, NULL);
	/* the thread is gone, and with it the filter */
	while ((ready(fd, -1) & POLLHUP) == 0)
		sched_yield();
	EQ(ready(fd, 0), POLLHUP);
}

GTEST(closed, "is there no such call when nobody listens any more?")
{
	struct seccomp_notif n;
	struct asker a;
	int fd = begin(&a, 0, 2);

	EQ(take(fd, &n), 0);
	close(fd);
	pthread_join(a.thread, NULL);
	EQ(result[0], -1);
	EQ(error_of[0], ENOSYS);
	EQ(result[1], -1);
	EQ(error_of[1], ENOSYS);
}

static volatile int signals;

static void
on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void
handle(int flags)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};

	signals = 0;
	sigaction(SIGUSR1, &sa, NULL);
}

GTEST(interrupted, "does a signal take a question back?")
{
	struct seccomp_notif n, m;
	struct asker a;
	int fd;

	handle(0);
	fd = begin(&a, 0, 2);
	EQ(take(fd, &n), 0);
	pthread_kill(a.thread, SIGUSR1);
	while (done == 0)
		sched_yield();
	EQ(result[0], -1);
	EQ(error_of[0], EINTR);
	EQ(signals, 1);
	ERR(valid(fd, n.id), ENOENT);
	ERR(answer(fd, n.id, 0, 0, 0), ENOENT);
	/* one that is to be made again is asked about again */
	handle(SA_RESTART);
	EQ(take(fd, &n), 0);
	pthread_kill(a.thread, SIGUSR1);
	EQ(take(fd, &m), 0);
	CHECK(m.id != n.id);
	EQ(signals, 1);
	EQ(answer(fd, m.id, 9, 0, 0), 0);
	pthread_join(a.thread, NULL);
	EQ(result[1], 9);
}

GTEST(killable, "does only SIGKILL end a question that was taken, if so asked?")
{
	struct seccomp_notif n;
	struct asker a;
	int fd;

	handle(0);
	fd = begin(&a, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 1);
	EQ(take(fd, &n), 0);
	pthread_kill(a.thread, SIGUSR1);
	usleep(20000);
	EQ(valid(fd, n.id), 0);
	EQ(signals, 0);
	EQ(answer(fd, n.id, 42, 0, 0), 0);
	pthread_join(a.thread, NULL);
	EQ(result[0], 42);
	EQ(signals, 1);
}

/* --- a child that asks --------------------------------------------------------------- */

static void
send_fd(int sock, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = "", c = 'x';
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = room,
	    .msg_controllen = sizeof(room)};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	EQ(sendmsg(sock, &m, 0), 1);
}

static int
receive_fd(int sock)
{
	char room[CMSG_SPACE(sizeof(int))] = "", c;
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = room,
	    .msg_controllen = sizeof(room)};
	int fd = -1;

	EQ(recvmsg(sock, &m, 0), 1);
	if (CMSG_FIRSTHDR(&m) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return (fd);
}

/* A child that runs func with the filter; its listener. */
static int
asking_child(void (*func)(void), unsigned long flags, pid_t *pidp)
{
	int sv[2], fd;

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	if ((*pidp = fork()) == 0) {
		fd = listen_for(LISTENER | flags);
		if (fd < 0)
			_exit(99);
		send_fd(sv[1], fd);
		close(fd);
		close(sv[0]);
		close(sv[1]);
		func();
		_exit(gtest_failures != 0);
	}
	close(sv[1]);
	fd = receive_fd(sv[0]);
	CHECK(fd >= 0);
	close(sv[0]);
	return (fd);
}

static void
use_gifts(void)
{
	struct stat st;
	char c = 0;
	int fd;

	EQ(fcntl(77, F_GETFD), -1);
	EQ(syscall(SYS_getppid), 5); /* 77 was given meanwhile */
	EQ(fcntl(77, F_GETFD), 0);
	EQ(read(77, &c, 1), 1);
	EQ(c, 'g');
	fd = (int)syscall(SYS_getppid); /* the answer is a descriptor */
	CHECK(fd > 2 && fd != 77);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(read(fd, &c, 1), 1);
	EQ(c, 'i');
	EQ(syscall(SYS_getppid), 6); /* something else is at 77 */
	EQ(fstat(77, &st), 0);
	CHECK(S_ISREG(st.st_mode) || S_ISCHR(st.st_mode));
}

static int
give(int fd, uint64_t id, unsigned flags, int from, int at, unsigned fdflags)
{
	struct seccomp_notif_addfd a = {
	    id, flags, (uint32_t)from, (uint32_t)at, fdflags};

	return (ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a));
}

GTEST(gifts, "can a listener put files into the asker's table?")
{
	struct {
		struct seccomp_notif_addfd a;
		uint64_t more;
	} longer;
	struct seccomp_notif n;
	int fd, p[2], null = open("/dev/null", O_RDONLY);
	pid_t pid;

	EQ(pipe(p), 0);
	EQ(write(p[1], "gift", 4), 4);
	fd = asking_child(use_gifts, 0, &pid);
	EQ(take(fd, &n), 0);
	EQ(n.pid, pid);
	ERR(give(fd, n.id, 0, 999, 0, 0), EBADF);
	ERR(give(fd, n.id, 0, p[0], 5, 0), EINVAL);
	ERR(give(fd, n.id, 8, p[0], 0, 0), EINVAL);
	ERR(give(fd, n.id, 0, p[0], 0, O_NONBLOCK), EINVAL);
	ERR(give(fd, n.id + 9, 0, p[0], 0, 0), ENOENT);
	ERR(give(fd, n.id, SECCOMP_ADDFD_FLAG_SETFD, p[0], 1 << 30, 0), EBADF);
	memset(&longer, 0, sizeof(longer));
	longer.a.id = n.id;
	longer.a.srcfd = (uint32_t)p[0];
	longer.a.flags = SECCOMP_ADDFD_FLAG_SETFD;
	longer.a.newfd = 77;
	longer.more = 1;
	ERR(ioctl(fd, _IOW('!', 3, longer), &longer), E2BIG);
	ERR(ioctl(fd, _IOW('!', 3, uint64_t), &longer), EINVAL);
	longer.more = 0;
	EQ(ioctl(fd, _IOW('!', 3, longer), &longer), 77);
	EQ(answer(fd, n.id, 5, 0, 0), 0);

	EQ(take(fd, &n), 0);
	CHECK(give(fd, n.id, SECCOMP_ADDFD_FLAG_SEND, p[0], 0, O_CLOEXEC) > 2);
	ERR(answer(fd, n.id, 5, 0, 0), ENOENT);

	EQ(take(fd, &n), 0);
	EQ(give(fd, n.id, SECCOMP_ADDFD_FLAG_SETFD, null, 77, 0), 77);
	EQ(answer(fd, n.id, 6, 0, 0), 0);
	EQ(status_of(pid), 0);
	close(fd);
}

static void
ask_and_die(void)
{
	syscall(SYS_getppid);
}

GTEST(killed, "does a question go with who asked?")
{
	struct seccomp_notif n;
	pid_t pid;
	int fd;

	for (int i = 0; i < 2; i++) {
		fd = asking_child(ask_and_die,
		    i == 0 ? 0 : SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &pid);
		EQ(take(fd, &n), 0);
		kill(pid, SIGKILL);
		EQ(status_of(pid), SIGKILL);
		ERR(valid(fd, n.id), ENOENT);
		ERR(answer(fd, n.id, 0, 0, 0), ENOENT);
		while ((ready(fd, -1) & POLLHUP) == 0)
			sched_yield();
		close(fd);
	}
}

static void
ask_often(void)
{
	for (int i = 0; i < 200; i++)
		EQ(syscall(SYS_getppid), i);
}

GTEST(many, "do several askers get their own answers?")
{
	struct seccomp_notif n;
	int fd[3], count[3] = {0};
	struct pollfd p[3];
	pid_t pid[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = asking_child(ask_often, 0, &pid[i]);
		p[i] = (struct pollfd){fd[i], POLLIN, 0};
	}
	while (count[0] + count[1] + count[2] < 600) {
		EQ(poll(p, 3, -1) > 0, 1);
		for (int i = 0; i < 3; i++)
			if ((p[i].revents & POLLIN) != 0) {
				EQ(take(fd[i], &n), 0);
				EQ(answer(fd[i], n.id, count[i]++, 0, 0), 0);
			} else if ((p[i].revents & POLLHUP) != 0)
				p[i].fd = -1;
	}
	for (int i = 0; i < 3; i++)
		EQ(status_of(pid[i]), 0);
}

/* --- arguments -------------------------------------------------------------------------- */

static void
wrong_flags(void)
{
	uint16_t sizes[3] = {0};
	uint32_t a = SECCOMP_RET_USER_NOTIF;
	int fd;

	EQ(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes), 0);
	EQ(sizes[0], sizeof(struct seccomp_notif));
	EQ(sizes[1], sizeof(struct seccomp_notif_resp));
	EQ(sizes[2], sizeof(struct seccomp_data));
	ERR(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 1, sizes), EINVAL);
	ERR(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, 16), EFAULT);
	EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &a), 0);
	ERR(listen_for(LISTENER | SECCOMP_FILTER_FLAG_TSYNC), EINVAL);
	ERR(listen_for(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), EINVAL);
	EQ(listen_for(0), 0);
	errno = 0;
	EQ(syscall(SYS_getppid), -1); /* nobody to ask */
	EQ(errno, ENOSYS);
	fd = listen_for(LISTENER | SECCOMP_FILTER_FLAG_TSYNC |
	    SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
	CHECK(fd > 2);
	ERR(listen_for(LISTENER), EBUSY);
	EQ(fcntl(fd + 1, F_GETFD), -1); /* no descriptor stayed */
	_exit(gtest_failures != 0);
}

GTEST(arguments, "are wrong flags refused, and second listeners?")
{
	EQ(status_of(child(wrong_flags)), 0);
}
