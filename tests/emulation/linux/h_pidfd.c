/* SPDX-License-Identifier: BSD-2-Clause */
/* Process descriptors, and other calls on another process's resources. */
#include "trace.h"
#include <poll.h>
#include <sys/epoll.h>

#define P_PIDFD_ 3

struct clone_args_ {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
	    stack_size, tls, set_tid, set_tid_size, cgroup;
};

static int
pidfd_open_(pid_t pid, unsigned flags)
{
	return ((int)syscall(434, pid, flags));
}

static void
sleep_on(void)
{
	for (;;)
		pause();
}

GTEST(open_errors, "are ids and flags checked?")
{
	ERR(pidfd_open_(0, 0), EINVAL);
	ERR(pidfd_open_(-1, 0), EINVAL);
	ERR(pidfd_open_(0x3ffffff, 0), ESRCH);
	ERR(pidfd_open_(getpid(), 1), EINVAL);
	ERR(syscall(424, 0, 0, NULL, 0), EBADF);
	ERR(syscall(424, 999, 0, NULL, 0), EBADF);
}

GTEST(poll_end, "does a descriptor become readable when the process ends?")
{
	pid_t pid = child(sleep_on);
	int fd = pidfd_open_(pid, 0);
	struct pollfd p = {fd, POLLIN, 0};
	siginfo_t si;

	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(poll(&p, 1, 0), 0);
	EQ(syscall(424, fd, SIGTERM, NULL, 0), 0);
	EQ(poll(&p, 1, -1), 1);
	EQ(p.revents & POLLIN, POLLIN);
	memset(&si, 0, sizeof(si));
	EQ(waitid(P_PIDFD_, (unsigned)fd, &si, WEXITED), 0);
	EQ(si.si_pid, pid);
	EQ(si.si_code, CLD_KILLED);
	EQ(si.si_status, SIGTERM);
	ERR(waitid(P_PIDFD_, (unsigned)fd, &si, WEXITED), ECHILD);
	ERR(syscall(424, fd, SIGTERM, NULL, 0), ESRCH);
	close(fd);
}

GTEST(epoll_end, "and an epoll with it?")
{
	pid_t pid = child(sleep_on);
	int fd = pidfd_open_(pid, 0), ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 7}, got;

	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	EQ(epoll_wait(ep, &got, 1, 0), 0);
	kill(pid, SIGKILL);
	EQ(epoll_wait(ep, &got, 1, -1), 1);
	EQ(got.data.u64, 7);
	EQ(status_of(pid), SIGKILL);
	close(fd);
}

GTEST(nonblock, "does waiting by one that does not block give EAGAIN?")
{
	pid_t pid = child(sleep_on);
	int fd = pidfd_open_(pid, O_NONBLOCK);
	siginfo_t si;

	ERR(waitid(P_PIDFD_, (unsigned)fd, &si, WEXITED), EAGAIN);
	end(pid);
	close(fd);
}

GTEST(send_info, "is a siginfo from a program checked?")
{
	int fd = pidfd_open_(getppid(), 0), me = pidfd_open_(getpid(), 0);
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_signo = SIGUSR1;
	si.si_code = SI_USER;
	ERR(syscall(424, fd, SIGUSR1, &si, 0), EPERM);
	ERR(syscall(424, me, SIGUSR2, &si, 0), EINVAL);
	ERR(syscall(424, me, SIGUSR2, NULL, 0x4000), EINVAL);
	ERR(syscall(424, me, 1000, NULL, 0), EINVAL);
	EQ(syscall(424, me, 0, NULL, 0), 0);
	signal(SIGUSR1, SIG_IGN);
	EQ(syscall(424, me, SIGUSR1, &si, 0), 0);
	ERR(syscall(424, 0, SIGUSR1, NULL, 0), EBADF);
}

GTEST(getfd, "can a file of another process be had?")
{
	int p[2], q[2], fd, mine;
	pid_t pid;
	char c = 0;

	EQ(pipe(p), 0);
	EQ(pipe(q), 0);
	pid = fork();
	if (pid == 0) {
		int own[2];

		if (pipe(own) != 0)
			_exit(1);
		write(p[1], &own[0], sizeof(int));
		write(own[1], "z", 1);
		sleep_on();
	}
	EQ(read(p[0], &mine, sizeof(mine)), sizeof(mine));
	fd = pidfd_open_(pid, 0);
	CHECK((mine = (int)syscall(438, fd, mine, 0)) >= 0);
	EQ(fcntl(mine, F_GETFD), FD_CLOEXEC);
	EQ(read(mine, &c, 1), 1);
	EQ(c, 'z');
	ERR(syscall(438, fd, 900, 0), EBADF);
	ERR(syscall(438, fd, 0, 1), EINVAL);
	ERR(syscall(438, p[0], 0, 0), EBADF);
	end(pid);
	ERR(syscall(438, fd, 0, 0), ESRCH);
}

GTEST(clone_pidfd, "does clone give a descriptor of the child?")
{
	int fd = -1;
	struct clone_args_ a = {.flags = 0x1000, /* CLONE_PIDFD */
	    .pidfd = (uint64_t)&fd,
	    .exit_signal = SIGCHLD};
	char path[64], buf[512], want[64];
	pid_t pid;
	ssize_t n;
	int f;

	pid = (pid_t)syscall(435, &a, sizeof(a));
	if (pid == 0)
		sleep_on();
	CHECK(pid > 0);
	CHECK(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = open(path, O_RDONLY);
	n = read(f, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(f);
	snprintf(want, sizeof(want), "Pid:\t%d\n", pid);
	CHECK(strstr(buf, want) != NULL);
	EQ(syscall(424, fd, SIGKILL, NULL, 0), 0);
	EQ(status_of(pid), SIGKILL);
	close(fd);
	fd = -1;
	pid = (pid_t)syscall(SYS_clone, 0x1000 | SIGCHLD, 0, &fd, 0, 0);
	if (pid == 0)
		_exit(0);
	CHECK(fd >= 0);
	EQ(status_of(pid), 0);
	ERR(syscall(SYS_clone, 0x1000 | 0x100000 | SIGCHLD, 0, &fd, 0, 0),
	    EINVAL);
	a.pidfd = 16;
	ERR(syscall(435, &a, sizeof(a)), EFAULT);
}

GTEST(set_tid, "can clone3 choose the id?")
{
	int32_t tid = 30000;
	struct clone_args_ a = {.exit_signal = SIGCHLD,
	    .set_tid = (uint64_t)&tid,
	    .set_tid_size = 1};
	pid_t pid;

	if (geteuid() != 0)
		return;
	while (kill(tid, 0) == 0 || errno != ESRCH)
		tid--;
	pid = (pid_t)syscall(435, &a, sizeof(a));
	if (pid == 0)
		_exit(getpid() == tid ? 3 : 4);
	EQ(pid, tid);
	EQ(status_of(pid), EXITED(3));
	tid = getpid();
	ERR(syscall(435, &a, sizeof(a)), EEXIST);
	tid = -1;
	ERR(syscall(435, &a, sizeof(a)), EINVAL);
	a.set_tid_size = 40;
	ERR(syscall(435, &a, sizeof(a)), EINVAL);
}

GTEST(kcmp_epoll, "does kcmp know what an epoll watches?")
{
	struct {
		uint32_t efd, tfd, toff;
	} slot;
	struct epoll_event ev = {.events = EPOLLIN};
	pid_t me = getpid();
	int ep = epoll_create1(0), a[2], b[2];

	EQ(pipe(a), 0);
	EQ(pipe(b), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, a[0], &ev), 0);
	slot.efd = (uint32_t)ep;
	slot.tfd = (uint32_t)a[0];
	slot.toff = 0;
	EQ(syscall(SYS_kcmp, me, me, 7, a[0], &slot), 0);
	CHECK(syscall(SYS_kcmp, me, me, 7, b[0], &slot) > 0);
	slot.toff = 1;
	ERR(syscall(SYS_kcmp, me, me, 7, a[0], &slot), ENOENT);
	slot.toff = 0;
	slot.tfd = (uint32_t)b[0];
	ERR(syscall(SYS_kcmp, me, me, 7, a[0], &slot), ENOENT);
	slot.efd = (uint32_t)a[0];
	ERR(syscall(SYS_kcmp, me, me, 7, a[0], &slot), EINVAL);
	slot.efd = 999;
	ERR(syscall(SYS_kcmp, me, me, 7, a[0], &slot), EBADF);
	ERR(syscall(SYS_kcmp, me, me, 7, 999, &slot), EBADF);
	ERR(syscall(SYS_kcmp, me, me, 7, a[0], 8), EFAULT);
}

GTEST(kcmp, "does kcmp tell what two processes share?")
{
	int me = getpid(), fd = dup(1), other = open("/proc/self/stat", 0);
	pid_t pid = child(sleep_on);

	EQ(syscall(SYS_kcmp, me, me, 0, 1, fd), 0);
	CHECK(syscall(SYS_kcmp, me, me, 0, 1, other) > 0);
	EQ(syscall(SYS_kcmp, me, pid, 0, 1, 1), 0);
	EQ(syscall(SYS_kcmp, me, me, 1, 0, 0), 0);
	CHECK(syscall(SYS_kcmp, me, pid, 1, 0, 0) > 0);
	CHECK(syscall(SYS_kcmp, me, pid, 2, 0, 0) > 0);
	ERR(syscall(SYS_kcmp, me, me, 0, 1, 999), EBADF);
	ERR(syscall(SYS_kcmp, me, me, 99, 0, 0), EINVAL);
	ERR(syscall(SYS_kcmp, me, 0x3ffffff, 1, 0, 0), ESRCH);
	end(pid);
}

GTEST(mrelease, "is only a dying process's memory given back?")
{
	pid_t pid = child(sleep_on);
	int fd = pidfd_open_(pid, 0);

	ERR(syscall(448, fd, 1), EINVAL);
	ERR(syscall(448, 0, 0), EBADF);
	ERR(syscall(448, fd, 0), EINVAL);
	end(pid);
	ERR(syscall(448, fd, 0), ESRCH);
}

GTEST(madvise, "can memory of another process be advised on?")
{
	static char page[8192] __attribute__((aligned(4096)));
	struct iovec v = {page, sizeof(page)};
	pid_t pid;
	int fd;

	memset(page, 1, sizeof(page));
	pid = child(sleep_on);
	fd = pidfd_open_(pid, 0);
	EQ(syscall(440, fd, &v, 1, 20, 0), sizeof(page));
	ERR(syscall(440, fd, &v, 1, 4, 0), EINVAL); /* MADV_DONTNEED */
	ERR(syscall(440, fd, &v, 1, 20, 1), EINVAL);
	v.iov_base = page + 1;
	ERR(syscall(440, fd, &v, 1, 20, 0), EINVAL);
	end(pid);
}
