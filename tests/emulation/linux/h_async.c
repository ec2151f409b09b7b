/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals from files: O_ASYNC with its owners and signals, and leases.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#define RT (SIGRTMIN + 3)

/* Kept blocked, to be asked for. */
static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGURG);
	sigaddset(&set, RT);
	sigaddset(&set, SIGUSR1);
	EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
}

/* The signal that is there, or comes within the time; 0: none. */
static int
next_signal(siginfo_t *si, int seconds)
{
	struct timespec ts = {seconds, 0};
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGURG);
	sigaddset(&set, RT);
	sigaddset(&set, SIGUSR1);
	memset(si, 0, sizeof(*si));
	do
		sig = sigtimedwait(&set, si, &ts);
	while (sig < 0 && errno == EINTR);
	return (sig < 0 ? 0 : sig);
}

static void
set_async(int fd, int sig)
{
	EQ(fcntl(fd, F_SETOWN, getpid()), 0);
	EQ(fcntl(fd, F_SETSIG, sig), 0);
	EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC), 0);
}

static int
reap(pid_t pid)
{
	int status = -1;

	EQ(waitpid(pid, &status, 0), pid);
	return (status);
}

#define BAND_IN	 (POLLIN | POLLRDNORM)
#define BAND_OUT (POLLOUT | POLLWRNORM | POLLWRBAND)

GTEST(pipe, "does a pipe signal both of its ends?")
{
	siginfo_t si;
	int p[2];
	char c;

	block_signals();
	EQ(pipe(p), 0);
	set_async(p[0], 0);
	EQ(write(p[1], "x", 1), 1);
	EQ(next_signal(&si, 0), SIGIO);
	EQ(si.si_code, SI_KERNEL);
	EQ(next_signal(&si, 0), 0);
	set_async(p[1], RT);
	EQ(read(p[0], &c, 1), 1);
	EQ(next_signal(&si, 0), RT);
	EQ(si.si_code, POLL_OUT);
	EQ(si.si_fd, p[1]);
	EQ(si.si_band, BAND_OUT);
	EQ(fcntl(p[0], F_SETSIG, RT), 0);
	EQ(write(p[1], "x", 1), 1);
	EQ(next_signal(&si, 0), RT);
	EQ(si.si_code, POLL_IN);
	EQ(si.si_fd, p[0]);
	EQ(si.si_band, BAND_IN);
	EQ(si.si_errno, 0);
	/* Off again. */
	EQ(fcntl(p[0], F_SETFL, 0), 0);
	EQ(write(p[1], "x", 1), 1);
	EQ(next_signal(&si, 0), 0);
	EQ(fcntl(p[0], F_SETFL, O_ASYNC), 0);
	EQ(close(p[1]), 0);
	EQ(next_signal(&si, 0), RT);
	EQ(si.si_code, POLL_IN);
	EQ(next_signal(&si, 0), 0);
}

GTEST(fifo, "and a FIFO?")
{
	char name[64];
	siginfo_t si;
	int r, w;

	block_signals();
	snprintf(name, sizeof(name), "/tmp/async.%d", (int)getpid());
	EQ(mkfifo(name, 0600), 0);
	CHECK((r = open(name, O_RDONLY | O_NONBLOCK)) >= 0);
	CHECK((w = open(name, O_WRONLY)) >= 0);
	set_async(r, RT);
	EQ(write(w, "x", 1), 1);
	EQ(next_signal(&si, 0), RT);
	EQ(si.si_code, POLL_IN);
	EQ(si.si_fd, r);
	close(r);
	close(w);
	unlink(name);
}

GTEST(sockets, "do sockets signal data, and their end?")
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	siginfo_t si;
	int s[2];
	char c;

	block_signals();
	for (int i = 0; i < 3; i++) {
		EQ(socketpair(AF_UNIX, types[i], 0, s), 0);
		set_async(s[0], RT);
		set_async(s[1], SIGUSR1);
		EQ(write(s[1], "x", 1), 1);
		EQ(next_signal(&si, 0), RT);
		EQ(si.si_code, POLL_IN);
		EQ(si.si_fd, s[0]);
		EQ(si.si_band, BAND_IN);
		/* Room was there before: that it is more now is no news. */
		EQ(read(s[0], &c, 1), 1);
		EQ(next_signal(&si, 0), 0);
		if (types[i] == SOCK_STREAM) {
			EQ(shutdown(s[1], SHUT_WR), 0);
			EQ(next_signal(&si, 0), RT);
			EQ(si.si_code, POLL_IN);
		}
		EQ(close(s[1]), 0);
		if (types[i] != SOCK_DGRAM) {
			EQ(next_signal(&si, 0), RT);
			EQ(si.si_code, POLL_HUP);
			EQ(si.si_band, POLLHUP | POLLERR);
		}
		EQ(next_signal(&si, 0), 0);
		close(s[0]);
	}
}

GTEST(socket_room, "does a sender hear of room after there was none?")
{
	char buf[1024];
	siginfo_t si;
	int s[2];

	block_signals();
	memset(buf, 0, sizeof(buf));
	EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	set_async(s[1], RT);
	while (write(s[1], buf, sizeof(buf)) > 0)
		continue;
	EQ(errno, EAGAIN);
	EQ(next_signal(&si, 0), 0);
	while (read(s[0], buf, sizeof(buf)) > 0)
		continue;
	EQ(next_signal(&si, 0), RT);
	EQ(si.si_code, POLL_OUT);
	EQ(si.si_band, BAND_OUT);
}

GTEST(listener, "does a listening socket signal a connection?")
{
	struct {
		sa_family_t family;
		char name[16];
	} a = {AF_UNIX, "\0async"};
	siginfo_t si;
	int l = socket(AF_UNIX, SOCK_STREAM, 0);
	int c = socket(AF_UNIX, SOCK_STREAM, 0);

	block_signals();
	EQ(bind(l, (void *)&a, 8), 0);
	EQ(listen(l, 4), 0);
	set_async(l, RT);
	EQ(connect(c, (void *)&a, 8), 0);
	EQ(next_signal(&si, 0), RT);
	EQ(si.si_code, POLL_IN);
	EQ(si.si_fd, l);
}

GTEST(terminal, "does a terminal signal input, to its owner or to the caller?")
{
	struct f_owner_ex ox = {-1, -1};
	int m = posix_openpt(O_RDWR | O_NOCTTY), s;
	siginfo_t si;
	char name[32];

	block_signals();
	CHECK(m >= 0);
	EQ(grantpt(m), 0);
	EQ(unlockpt(m), 0);
	EQ(ptsname_r(m, name, sizeof(name)), 0);
	CHECK((s = open(name, O_RDWR | O_NOCTTY)) >= 0);
	EQ(fcntl(s, F_GETOWN), 0);
	EQ(fcntl(s, F_SETFL, O_ASYNC), 0);
	EQ(fcntl(s, F_GETOWN_EX, &ox), 0); /* nobody was named */
	EQ(ox.type, F_OWNER_PID);
	EQ(ox.pid, getpid());
	EQ(fcntl(s, F_SETSIG, RT), 0);
	EQ(write(m, "hello\n", 6), 6);
	EQ(next_signal(&si, 5), RT);
	EQ(si.si_code, POLL_IN);
	EQ(si.si_fd, s);
	while (next_signal(&si, 0) != 0)
		continue;
	EQ(fcntl(m, F_SETFL, O_ASYNC), 0);
	EQ(fcntl(m, F_SETSIG, SIGUSR1), 0);
	while (next_signal(&si, 0) != 0)
		continue;
	EQ(write(s, "out", 3), 3);
	EQ(next_signal(&si, 5), SIGUSR1);
	EQ(si.si_code, POLL_IN);
	EQ(si.si_fd, m);
}

GTEST(none, "do files that send no signals not keep the flag, either?")
{
	uint64_t one = 1;
	siginfo_t si;
	int e = eventfd(0, 0), on = 1;

	block_signals();
	set_async(e, 0);
	EQ(fcntl(e, F_GETFL) & O_ASYNC, 0);
	EQ(write(e, &one, 8), 8);
	EQ(next_signal(&si, 0), 0);
	ERR(ioctl(e, FIOASYNC, &on), ENOTTY);
	on = 0;
	EQ(ioctl(e, FIOASYNC, &on), 0); /* nothing to change */
}

GTEST(owners, "are owners checked, kept and told?")
{
	struct f_owner_ex ox = {F_OWNER_TID, 0};
	int p[2], on = 1, v = -1, s[2];
	siginfo_t si;
	pid_t pid;

	block_signals();
	EQ(pipe(p), 0);
	EQ(fcntl(p[0], F_GETOWN), 0);
	EQ(fcntl(p[0], F_GETOWN_EX, &ox), 0);
	EQ(ox.type, F_OWNER_TID);
	EQ(ox.pid, 0);
	ERR(fcntl(p[0], F_SETOWN, 1 << 22), ESRCH);
	ERR(fcntl(p[0], F_SETOWN, INT32_MIN), EINVAL);
	ERR(fcntl(p[0], F_SETOWN, -(1 << 22)), ESRCH);
	EQ(fcntl(p[0], F_SETOWN, -getpgrp()), 0);
	EQ(syscall(SYS_fcntl, p[0], F_GETOWN_EX, &ox), 0);
	EQ(ox.type, F_OWNER_PGRP);
	EQ(ox.pid, getpgrp());
	EQ(fcntl(p[0], F_SETOWN, 0), 0);
	EQ(fcntl(p[0], F_GETOWN), 0);
	ox = (struct f_owner_ex){3, getpid()};
	ERR(fcntl(p[0], F_SETOWN_EX, &ox), EINVAL);
	ox = (struct f_owner_ex){F_OWNER_PID, 1 << 22};
	ERR(fcntl(p[0], F_SETOWN_EX, &ox), ESRCH);
	ERR(fcntl(p[0], F_SETOWN_EX, (void *)1), EFAULT);
	ERR(fcntl(p[0], F_GETOWN_EX, (void *)1), EFAULT);
	ox = (struct f_owner_ex){F_OWNER_TID, gettid()};
	EQ(fcntl(p[0], F_SETOWN_EX, &ox), 0);
	EQ(fcntl(p[0], F_GETOWN), getpid());
	memset(&ox, 0xff, sizeof(ox));
	EQ(fcntl(p[0], F_GETOWN_EX, &ox), 0);
	EQ(ox.type, F_OWNER_TID);
	ERR(fcntl(p[0], F_SETSIG, 65), EINVAL);
	ERR(fcntl(p[0], F_SETSIG, -1), EINVAL);
	EQ(fcntl(p[0], F_GETSIG), 0);
	EQ(fcntl(p[0], F_SETSIG, SIGUSR1), 0);
	EQ(fcntl(p[0], F_GETSIG), SIGUSR1);
	EQ(ioctl(p[0], FIOASYNC, &on), 0);
	EQ(fcntl(p[0], F_GETFL) & O_ASYNC, O_ASYNC);
	EQ(write(p[1], "x", 1), 1);
	EQ(next_signal(&si, 0), SIGUSR1);
	/* An owner that has gone hears nothing. */
	if ((pid = fork()) == 0)
		pause();
	EQ(fcntl(p[0], F_SETOWN, pid), 0);
	EQ(fcntl(p[0], F_GETOWN), pid);
	kill(pid, SIGKILL);
	reap(pid);
	EQ(fcntl(p[0], F_GETOWN), 0);
	EQ(write(p[1], "x", 1), 1);
	EQ(next_signal(&si, 0), 0);
	/* Sockets have calls of their own for it. */
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	v = getpid();
	EQ(ioctl(s[0], FIOSETOWN, &v), 0);
	v = -1;
	EQ(ioctl(s[0], SIOCGPGRP, &v), 0);
	EQ(v, getpid());
	EQ(fcntl(s[0], F_GETOWN), getpid());
	ERR(ioctl(p[0], FIOSETOWN, &v), ENOTTY);
}

static void *
thread_owner(void *arg)
{
	int *p = arg;
	struct f_owner_ex ox = {F_OWNER_TID, gettid()};
	siginfo_t si;

	EQ(fcntl(p[0], F_SETOWN_EX, &ox), 0);
	EQ(fcntl(p[0], F_SETFL, O_ASYNC), 0);
	EQ(write(p[1], "x", 1), 1);
	EQ(next_signal(&si, 5), SIGIO);
	return (NULL);
}

GTEST(thread, "does a signal for a thread reach that thread?")
{
	siginfo_t si;
	pthread_t t;
	int p[2];

	block_signals();
	EQ(pipe(p), 0);
	EQ(pthread_create(&t, NULL, thread_owner, p), 0);
	EQ(pthread_join(t, NULL), 0);
	EQ(next_signal(&si, 0), 0);
}

GTEST(permission, "does somebody else's process hear nothing?")
{
	int p[2], go[2];
	siginfo_t si;
	pid_t pid;
	char c;

	if (geteuid() != 0)
		return;
	block_signals();
	EQ(pipe(p), 0);
	EQ(pipe(go), 0);
	if ((pid = fork()) == 0) {
		/* Names its parent, root's, without being root. */
		EQ(setresuid(1000, 1000, 1000), 0);
		EQ(fcntl(p[0], F_SETOWN, getppid()), 0);
		EQ(fcntl(p[0], F_SETFL, O_ASYNC), 0);
		EQ(write(p[1], "x", 1), 1);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(next_signal(&si, 0), 0);
	EQ(fcntl(p[0], F_SETOWN, getpid()), 0);
	EQ(read(p[0], &c, 1), 1);
	EQ(write(p[1], "x", 1), 1);
	EQ(next_signal(&si, 0), SIGIO);
}

/* --- leases ------------------------------------------------------------------------ */

static char lease_name[64];

static int
lease_file(int oflags)
{
	int fd;

	snprintf(
	    lease_name, sizeof(lease_name), "/tmp/lease.%d", (int)getpid());
	fd = open(lease_name, O_CREAT | O_RDWR, 0600);
	EQ(write(fd, "data", 4), 4);
	close(fd);
	CHECK((fd = open(lease_name, oflags)) >= 0);
	return (fd);
}

GTEST(lease_rules, "are leases given as the open files allow?")
{
	int fd = lease_file(O_RDONLY), other, p[2];

	EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	ERR(fcntl(fd, F_SETLEASE, 7), EINVAL);
	EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0); /* nobody else has it open */
	EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
	EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	CHECK((other = open(lease_name, O_RDONLY)) >= 0); /* no conflict */
	ERR(fcntl(fd, F_SETLEASE, F_WRLCK), EAGAIN);
	ERR(fcntl(other, F_SETLEASE, F_WRLCK), EAGAIN);
	EQ(fcntl(other, F_SETLEASE, F_RDLCK), 0);
	EQ(fcntl(other, F_SETLEASE, F_UNLCK), 0);
	ERR(fcntl(other, F_SETLEASE, F_UNLCK), EAGAIN);
	close(other);
	EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	CHECK((other = open(lease_name, O_RDWR)) >= 0);
	ERR(fcntl(fd, F_SETLEASE, F_RDLCK), EAGAIN); /* open for writing */
	ERR(fcntl(other, F_SETLEASE, F_RDLCK), EAGAIN);
	ERR(fcntl(other, F_SETLEASE, F_WRLCK), EAGAIN);
	close(fd);
	EQ(fcntl(other, F_SETLEASE, F_WRLCK), 0);
	close(other);
	EQ(pipe(p), 0);
	ERR(fcntl(p[0], F_SETLEASE, F_RDLCK), EINVAL);
	unlink(lease_name);
}

/* A child does something to the file; its status is 0 if that went well. */
static pid_t
child_opens(int oflags, int want_errno)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd;

		close(3);
		errno = 0;
		fd = open(lease_name, oflags);
		EQ(errno, want_errno);
		CHECK((fd >= 0) == (want_errno == 0));
		_exit(gtest_failures);
	}
	return (pid);
}

GTEST(lease_break, "is the holder told, and does the opener wait?")
{
	int fd = lease_file(O_RDONLY);
	siginfo_t si;
	pid_t pid;

	block_signals();
	EQ(fcntl(fd, F_SETSIG, RT), 0);
	EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	EQ(fcntl(fd, F_GETOWN), getpid());
	/* A reader asks for a downgrade. */
	pid = child_opens(O_RDONLY, 0);
	EQ(next_signal(&si, 5), RT);
	EQ(si.si_code, POLL_MSG);
	EQ(si.si_fd, fd);
	EQ(si.si_band, POLLIN | POLLRDNORM | POLLMSG);
	EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	EQ(waitpid(pid, NULL, WNOHANG), 0);
	EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	EQ(reap(pid), 0);
	EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	/* A writer wants it gone. */
	pid = child_opens(O_WRONLY, 0);
	EQ(next_signal(&si, 5), RT);
	EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	EQ(waitpid(pid, NULL, WNOHANG), 0);
	EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	EQ(reap(pid), 0);
	/* Owner and signal went with the lease. */
	EQ(fcntl(fd, F_GETSIG), 0);
	EQ(fcntl(fd, F_GETOWN), 0);
	EQ(next_signal(&si, 0), 0);
	unlink(lease_name);
}

GTEST(lease_nonblock, "does O_NONBLOCK break a lease without waiting?")
{
	int fd = lease_file(O_RDONLY);
	siginfo_t si;

	block_signals();
	EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	EQ(reap(child_opens(O_RDONLY | O_NONBLOCK, 0)), 0);
	EQ(next_signal(&si, 0), 0);
	EQ(reap(child_opens(O_WRONLY | O_NONBLOCK, EAGAIN)), 0);
	EQ(next_signal(&si, 0), SIGIO);
	EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	/* A second one says nothing new. */
	EQ(reap(child_opens(O_WRONLY | O_NONBLOCK, EAGAIN)), 0);
	EQ(next_signal(&si, 0), 0);
	EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	EQ(reap(child_opens(O_WRONLY | O_NONBLOCK, 0)), 0);
	unlink(lease_name);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

GTEST(lease_truncate, "do truncate and a signal end as they should?")
{
	int fd = lease_file(O_RDONLY), dup_fd;
	struct sigaction sa = {.sa_handler = on_alarm};
	siginfo_t si;
	int told[2];
	pid_t pid;
	char c;

	block_signals();
	EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	EQ(pipe(told), 0);
	if ((pid = fork()) == 0) {
		close(fd);
		/* Interrupted while it waits. */
		EQ(sigaction(SIGALRM, &sa, NULL), 0);
		alarm(1);
		ERR(open(lease_name, O_WRONLY), EINTR);
		EQ(write(told[1], "t", 1), 1);
		EQ(truncate(lease_name, 1), 0);
		_exit(gtest_failures);
	}
	EQ(next_signal(&si, 5), SIGIO);
	EQ(read(told[0], &c, 1), 1);
	/* The lease goes with the last descriptor. */
	dup_fd = dup(fd);
	close(fd);
	EQ(fcntl(dup_fd, F_GETLEASE), F_UNLCK); /* still breaking */
	EQ(waitpid(pid, NULL, WNOHANG), 0);
	close(dup_fd);
	EQ(reap(pid), 0);
	unlink(lease_name);
}

GTEST(lease_user, "may a user lease only files of their own?")
{
	int fd = lease_file(O_RDONLY);
	pid_t pid;

	if (geteuid() != 0)
		return;
	EQ(fchmod(fd, 0666), 0);
	if ((pid = fork()) == 0) {
		EQ(setresuid(1000, 1000, 1000), 0);
		ERR(fcntl(fd, F_SETLEASE, F_RDLCK), EACCES);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(fchown(fd, 1000, 1000), 0);
	if ((pid = fork()) == 0) {
		EQ(setresuid(1000, 1000, 1000), 0);
		EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(fcntl(fd, F_GETLEASE), F_RDLCK); /* of the open file */
	unlink(lease_name);
}

GTEST(lease_time, "is a lease taken away when its holder does not answer?")
{
	int fd = lease_file(O_RDONLY), t;
	char old[16] = "45";
	siginfo_t si;
	ssize_t n;
	pid_t pid;

	block_signals();
	t = open("/proc/sys/fs/lease-break-time", O_RDWR);
	if (t < 0)
		return; /* not root's machine */
	n = read(t, old, sizeof(old));
	CHECK(n > 0);
	EQ(pwrite(t, "1\n", 2, 0), 2);
	EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	pid = child_opens(O_RDONLY, 0);
	EQ(next_signal(&si, 5), SIGIO);
	EQ(reap(pid), 0); /* after a second */
	EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	pid = child_opens(O_WRONLY, 0);
	EQ(reap(pid), 0);
	EQ(fcntl(fd, F_GETLEASE), F_UNLCK);
	EQ(pwrite(t, old, (size_t)n, 0), n);
	unlink(lease_name);
}
