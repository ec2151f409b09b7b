/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX message queues, by the C library and as a file system.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#define NAME "/mayfly-test"

static int
reap(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) != pid && errno == EINTR)
		continue;
	return (status);
}

static mqd_t
make(long maxmsg, long msgsize, int flags)
{
	struct mq_attr attr = {.mq_maxmsg = maxmsg, .mq_msgsize = msgsize};
	mqd_t q;

	mq_unlink(NAME);
	q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL | flags, 0600, &attr);
	CHECK(q >= 0);
	return (q);
}

static struct timespec
soon(long ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += ms % 1000 * 1000000;
	ts.tv_sec += ms / 1000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return (ts);
}

GTEST(priority, "do messages come by priority, then in order?")
{
	mqd_t q = make(10, 16, 0);
	char buf[16];
	unsigned prio;

	EQ(mq_send(q, "low", 3, 1), 0);
	EQ(mq_send(q, "high1", 5, 9), 0);
	EQ(mq_send(q, "", 0, 0), 0);
	EQ(mq_send(q, "high2", 5, 9), 0);
	EQ(mq_receive(q, buf, 16, &prio), 5);
	EQ(prio, 9);
	CHECK(memcmp(buf, "high1", 5) == 0);
	EQ(mq_receive(q, buf, 16, NULL), 5);
	CHECK(memcmp(buf, "high2", 5) == 0);
	EQ(mq_receive(q, buf, 16, &prio), 3);
	EQ(prio, 1);
	EQ(mq_receive(q, buf, 16, &prio), 0);
	EQ(prio, 0);
	EQ(mq_close(q), 0);
	EQ(mq_unlink(NAME), 0);
}

GTEST(attributes, "do attributes say what was asked for and what is there?")
{
	struct mq_attr a, old;
	mqd_t q = make(7, 33, O_NONBLOCK);

	EQ(mq_getattr(q, &a), 0);
	EQ(a.mq_maxmsg, 7);
	EQ(a.mq_msgsize, 33);
	EQ(a.mq_curmsgs, 0);
	EQ(a.mq_flags, O_NONBLOCK);
	EQ(mq_send(q, "x", 1, 0), 0);
	a.mq_flags = 0;
	a.mq_maxmsg = 99; /* ignored */
	EQ(mq_setattr(q, &a, &old), 0);
	EQ(old.mq_flags, O_NONBLOCK);
	EQ(old.mq_curmsgs, 1);
	EQ(mq_getattr(q, &a), 0);
	EQ(a.mq_flags, 0);
	EQ(a.mq_maxmsg, 7);
	a.mq_flags = O_APPEND;
	ERR(mq_setattr(q, &a, NULL), EINVAL);
	EQ(fcntl(q, F_GETFD), FD_CLOEXEC);
	EQ(mq_close(q), 0);
	mq_unlink(NAME);
	q = mq_open(NAME, O_RDWR | O_CREAT, 0600, NULL);
	EQ(mq_getattr(q, &a), 0);
	EQ(a.mq_maxmsg, 10);
	EQ(a.mq_msgsize, 8192);
	EQ(mq_close(q), 0);
	EQ(mq_unlink(NAME), 0);
}

GTEST(limits, "are full, empty, long, late and wrong told apart?")
{
	mqd_t q = make(2, 8, O_NONBLOCK);
	struct timespec past = {1, 0}, bad = {1, -1}, ts;
	char buf[9];

	ERR(mq_receive(q, buf, 8, NULL), EAGAIN);
	ERR(mq_receive(q, buf, 7, NULL), EMSGSIZE);
	ERR(mq_send(q, "123456789", 9, 0), EMSGSIZE);
	ERR(mq_send(q, "x", 1, 32768), EINVAL);
	EQ(mq_send(q, "x", 1, 32767), 0);
	EQ(mq_send(q, "y", 1, 0), 0);
	ERR(mq_send(q, "z", 1, 0), EAGAIN);
	EQ(mq_close(q), 0);
	q = mq_open(NAME, O_RDWR);
	ERR(mq_timedsend(q, "z", 1, 0, &past), ETIMEDOUT);
	ERR(mq_timedsend(q, "z", 1, 0, &bad), EINVAL);
	ts = soon(20);
	ERR(mq_timedsend(q, "z", 1, 0, &ts), ETIMEDOUT);
	EQ(mq_timedreceive(q, buf, 8, NULL, &past), 1); /* need not wait */
	EQ(mq_receive(q, buf, 8, NULL), 1);
	ts = soon(20);
	ERR(mq_timedreceive(q, buf, 8, NULL, &ts), ETIMEDOUT);
	EQ(mq_close(q), 0);
	ERR(mq_send(q, "x", 1, 0), EBADF);
	ERR(mq_send(0, "x", 1, 0), EBADF);
	EQ(mq_unlink(NAME), 0);
}

GTEST(opening, "are names, modes and sizes checked as on Linux?")
{
	struct mq_attr big = {.mq_maxmsg = 1 << 17, .mq_msgsize = 8};
	struct mq_attr user = {.mq_maxmsg = 11, .mq_msgsize = 8};
	struct mq_attr none = {.mq_maxmsg = 0, .mq_msgsize = 8};
	char name[300];
	mqd_t q = make(2, 8, 0), r;
	pid_t pid;

	ERR(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL), EEXIST);
	ERR(mq_open("/mayfly-none", O_RDWR), ENOENT);
	ERR(mq_open("/mayfly/a", O_RDWR | O_CREAT, 0600, NULL), EACCES);
	ERR(mq_open("/", O_RDWR | O_CREAT, 0600, NULL), ENOENT);
	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[299] = '\0';
	ERR(mq_open(name, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG);
	ERR(mq_open("/mayfly-b", O_RDWR | O_CREAT, 0600, &big), EINVAL);
	ERR(mq_open("/mayfly-b", O_RDWR | O_CREAT, 0600, &none), EINVAL);
	ERR(mq_open("/mayfly-b", O_RDWR | O_CREAT, 0600, (void *)8), EFAULT);
	r = mq_open(NAME, O_RDONLY);
	ERR(mq_send(r, "x", 1, 0), EBADF);
	EQ(mq_close(r), 0);
	r = mq_open(NAME, O_WRONLY);
	ERR(mq_receive(r, name, 8, NULL), EBADF);
	EQ(mq_close(r), 0);
	if ((pid = fork()) == 0) {
		EQ(setuid(1000), 0);
		ERR(mq_open(NAME, O_RDONLY), EACCES);
		ERR(mq_unlink(NAME), EACCES); /* EPERM, says the kernel */
		ERR(mq_open("/mayfly-b", O_RDWR | O_CREAT, 0600, &user),
		    EINVAL);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(mq_unlink(NAME), 0);
	ERR(mq_unlink(NAME), ENOENT);
	EQ(mq_send(q, "x", 1, 0), 0); /* open: it lives */
	EQ(mq_receive(q, name, 8, NULL), 1);
	EQ(mq_close(q), 0);
}

GTEST(memory_limit, "does RLIMIT_MSGQUEUE bound what a user's queues may hold?")
{
	struct rlimit rl = {1000, 819200};
	struct mq_attr a = {.mq_maxmsg = 10, .mq_msgsize = 1000};

	EQ(setrlimit(RLIMIT_MSGQUEUE, &rl), 0);
	ERR(mq_open("/mayfly-l", O_RDWR | O_CREAT, 0600, &a), EMFILE);
	a.mq_maxmsg = 1;
	a.mq_msgsize = 100;
	CHECK(mq_open("/mayfly-l", O_RDWR | O_CREAT, 0600, &a) >= 0);
	EQ(mq_unlink("/mayfly-l"), 0);
}

GTEST(blocking, "do a sender and a receiver wait for each other?")
{
	mqd_t q = make(1, 8, 0);
	char buf[8];
	pid_t pid;

	if ((pid = fork()) == 0) {
		for (int i = 0; i < 500; i++)
			if (mq_send(q, (char *)&i, sizeof(i), 0) != 0)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 500; i++) {
		EQ(mq_receive(q, buf, 8, NULL), sizeof(int));
		EQ(*(int *)buf, i);
	}
	EQ(reap(pid), 0);
	mq_unlink(NAME);
}

static volatile sig_atomic_t got_value, got_code, got_pid;

static void
on_message(int sig, siginfo_t *si, void *ctx)
{
	got_value = si->si_value.sival_int;
	got_code = si->si_code;
	got_pid = si->si_pid;
}

GTEST(
    notify_signal, "does mq_notify tell once, of a message to an empty queue?")
{
	mqd_t q = make(4, 8, 0);
	struct sigaction sa = {
	    .sa_sigaction = on_message, .sa_flags = SA_SIGINFO};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL,
	    .sigev_signo = SIGUSR1,
	    .sigev_value.sival_int = 42};
	char buf[8];
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	EQ(mq_notify(q, &ev), 0);
	ERR(mq_notify(q, &ev), EBUSY);
	if ((pid = fork()) == 0) {
		ERR(mq_notify(q, &ev), EBUSY);
		EQ(mq_notify(q, NULL), 0); /* not ours: nothing */
		ERR(mq_notify(q, &ev), EBUSY);
		EQ(mq_send(q, "a", 1, 0), 0);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(got_value, 42);
	EQ(got_code, SI_MESGQ);
	EQ(got_pid, pid);
	got_value = 0;
	EQ(mq_receive(q, buf, 8, NULL), 1);
	EQ(mq_send(q, "b", 1, 0), 0); /* told already */
	EQ(got_value, 0);
	EQ(mq_notify(q, &ev), 0);
	EQ(mq_send(q, "c", 1, 0), 0); /* was not empty */
	EQ(got_value, 0);
	EQ(mq_notify(q, NULL), 0);
	EQ(mq_receive(q, buf, 8, NULL), 1);
	EQ(mq_receive(q, buf, 8, NULL), 1);
	EQ(mq_send(q, "d", 1, 0), 0); /* taken back */
	EQ(got_value, 0);
	ev.sigev_notify = 77;
	ERR(mq_notify(q, &ev), EINVAL);
	EQ(mq_close(q), 0);
	mq_unlink(NAME);
}

GTEST(polling, "does poll see messages and room?")
{
	mqd_t q = make(1, 8, 0);
	struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
	char buf[8];
	pid_t pid;

	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLOUT);
	EQ(mq_send(q, "x", 1, 0), 0);
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLIN);
	EQ(mq_receive(q, buf, 8, NULL), 1);
	if ((pid = fork()) == 0) {
		usleep(2000);
		_exit(mq_send(q, "x", 1, 0) != 0);
	}
	p.events = POLLIN;
	EQ(poll(&p, 1, -1), 1);
	EQ(p.revents, POLLIN);
	EQ(reap(pid), 0);
	mq_unlink(NAME);
}

static void
on_nothing(int sig)
{
}

GTEST(interrupted, "does a handler end mq_receive, or SA_RESTART go on?")
{
	mqd_t q = make(1, 8, 0);
	struct sigaction sa = {.sa_handler = on_nothing};
	char buf[8];
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	if ((pid = fork()) == 0) {
		for (;;) {
			usleep(2000);
			kill(getppid(), SIGUSR1);
		}
	}
	ERR(mq_receive(q, buf, 8, NULL), EINTR);
	kill(pid, SIGKILL);
	reap(pid);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	if ((pid = fork()) == 0) {
		for (int i = 0; i < 5; i++) {
			usleep(2000);
			kill(getppid(), SIGUSR1);
		}
		_exit(mq_send(q, "x", 1, 0) != 0);
	}
	EQ(mq_receive(q, buf, 8, NULL), 1);
	EQ(reap(pid), 0);
	mq_unlink(NAME);
}

GTEST(filesystem, "is a queue a file where mqueue is mounted?")
{
	struct statfs sf;
	struct stat st;
	struct dirent *de;
	char buf[128] = "";
	mqd_t q;
	DIR *d;
	int fd, n, found = 0;

	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mkdir("/tmp/mq", 0755);
	EQ(mount("none", "/tmp/mq", "mqueue", 0, NULL), 0);
	q = make(3, 8, 0);
	EQ(statfs("/tmp/mq", &sf), 0);
	EQ(sf.f_type, 0x19800202);
	EQ(stat("/tmp/mq", &st), 0);
	EQ(st.st_mode & 07777, 01777);
	EQ(stat("/tmp/mq/mayfly-test", &st), 0);
	EQ(st.st_mode, S_IFREG | 0600);
	EQ(st.st_size, 80);
	EQ(mq_send(q, "hello", 5, 0), 0);
	fd = open("/tmp/mq/mayfly-test", O_RDWR);
	n = (int)read(fd, buf, sizeof(buf) - 1);
	CHECK(n > 0);
	CHECK(strcmp(buf,
		  "QSIZE:5          NOTIFY:0     SIGNO:0     "
		  "NOTIFY_PID:0     \n") == 0);
	EQ(read(fd, buf, sizeof(buf)), 0);
	EQ(mq_receive(fd, buf, 8, NULL), 5); /* it is a queue, too */
	close(fd);
	d = opendir("/tmp/mq");
	while ((de = readdir(d)) != NULL)
		if (strcmp(de->d_name, "mayfly-test") == 0)
			found++;
	closedir(d);
	EQ(found, 1);
	EQ(chmod("/tmp/mq/mayfly-test", 0640), 0);
	EQ(fstat(q, &st), 0);
	EQ(st.st_mode & 0777, 0640);
	fd = open("/tmp/mq/other", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	close(fd);
	EQ(mq_unlink("/other"), 0);
	EQ(unlink("/tmp/mq/mayfly-test"), 0);
	ERR(mq_open(NAME, O_RDWR), ENOENT);
	ERR(stat("/tmp/mq/mayfly-test", &st), ENOENT);
	ERR(mkdir("/tmp/mq/dir", 0755), EPERM);
	mq_close(q);
	EQ(umount("/tmp/mq"), 0);
}
