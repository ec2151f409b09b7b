/* SPDX-License-Identifier: BSD-2-Clause */
/* Pseudo-terminals and job control as programs see them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

static int master, slave;

static void
open_pair(void)
{
	char name[64];

	master = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(master >= 0);
	CHECK(grantpt(master) == 0);
	CHECK(unlockpt(master) == 0);
	CHECK(ptsname_r(master, name, sizeof(name)) == 0);
	slave = open(name, O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
}

static void
set_raw(int fd)
{
	struct termios t;

	CHECK(tcgetattr(fd, &t) == 0);
	cfmakeraw(&t);
	CHECK(tcsetattr(fd, TCSANOW, &t) == 0);
}

/* Read from fd what comes within ms; text in a static buffer. */
static const char *
slurp(int fd, int ms)
{
	static char buf[4096];
	struct pollfd p = {fd, POLLIN, 0};
	size_t n = 0;
	ssize_t r;

	while (poll(&p, 1, ms) == 1 && (p.revents & POLLIN) != 0 &&
	    (r = read(fd, buf + n, sizeof(buf) - 1 - n)) > 0)
		n += r;
	buf[n] = '\0';
	return (buf);
}

static void
same(const char *got, const char *want, int line)
{
	if (strcmp(got, want) != 0)
		FAIL("line %d: got \"%s\", not \"%s\"", line, got, want);
}
#define SAME(got, want) same(got, want, __LINE__)

GTEST(pty_names, "is a pty numbered, named and locked as it should be?")
{
	struct stat st;
	char name[64];
	int n = -1, m = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	CHECK(m >= 0);
	CHECK(ioctl(m, TIOCGPTN, &n) == 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	ERR(open(name, O_RDWR | O_NOCTTY), EIO);
	CHECK(unlockpt(m) == 0);
	slave = open(name, O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
	CHECK(isatty(slave));
	CHECK(fstat(slave, &st) == 0 && S_ISCHR(st.st_mode));
	SAME(ttyname(slave) != NULL ? ttyname(slave) : "none", name);
	ERR(lseek(slave, 0, SEEK_SET), ESPIPE);
}

GTEST(pty_canonical, "does a line typed at the master reach the slave, edited?")
{
	char buf[64];

	open_pair();
	EQ(write(master, "hellx\x7fo\r", 8), 8);
	EQ(read(slave, buf, sizeof(buf)), 6);
	CHECK(memcmp(buf, "hello\n", 6) == 0);
	SAME(slurp(master, 50), "hellx\b \bo\r\n");
	EQ(write(slave, "a\nb", 3), 3);
	SAME(slurp(master, 50), "a\r\nb");
}

GTEST(pty_raw, "does raw mode leave the bytes alone?")
{
	char buf[16];

	open_pair();
	set_raw(slave);
	EQ(write(master, "\x03\r\x04", 3), 3);
	EQ(read(slave, buf, sizeof(buf)), 3);
	CHECK(memcmp(buf, "\x03\r\x04", 3) == 0);
	SAME(slurp(master, 20), "");
	EQ(write(slave, "\n", 1), 1);
	SAME(slurp(master, 50), "\n");
}

GTEST(pty_hangup_master, "does closing the master end the slave?")
{
	struct pollfd p;
	char c;

	open_pair();
	close(master);
	EQ(read(slave, &c, 1), 0);
	ERR(write(slave, "x", 1), EIO);
	p = (struct pollfd){slave, POLLIN, 0};
	EQ(poll(&p, 1, 0), 1);
	CHECK((p.revents & POLLHUP) != 0);
}

GTEST(pty_hangup_slave, "does the master get the rest, then an error?")
{
	struct pollfd p;
	char buf[16];

	open_pair();
	EQ(write(slave, "bye", 3), 3);
	close(slave);
	EQ(read(master, buf, sizeof(buf)), 3);
	ERR(read(master, buf, sizeof(buf)), EIO);
	p = (struct pollfd){master, POLLIN, 0};
	EQ(poll(&p, 1, 0), 1);
	CHECK((p.revents & POLLHUP) != 0);
}

GTEST(pty_flood, "do writers at both ends wait for their readers?")
{
	static char buf[100000];
	ssize_t n;
	size_t total = 0;

	open_pair();
	set_raw(slave);
	if (fork() == 0) {
		memset(buf, 'f', sizeof(buf));
		_exit(write(slave, buf, sizeof(buf)) != sizeof(buf));
	}
	while (total < sizeof(buf) && (n = read(master, buf, sizeof(buf))) > 0)
		total += n;
	EQ(total, sizeof(buf));
	wait(NULL);
	if (fork() == 0) {
		memset(buf, 'f', sizeof(buf));
		_exit(write(master, buf, sizeof(buf)) != sizeof(buf));
	}
	total = 0;
	while (total < sizeof(buf) && (n = read(slave, buf, sizeof(buf))) > 0)
		total += n;
	EQ(total, sizeof(buf));
	wait(NULL);
}

GTEST(pty_winsize, "is the window size kept?")
{
	struct winsize ws = {24, 80, 1, 2}, got;

	open_pair();
	CHECK(ioctl(master, TIOCSWINSZ, &ws) == 0);
	CHECK(ioctl(slave, TIOCGWINSZ, &got) == 0);
	EQ(got.ws_row, 24);
	EQ(got.ws_col, 80);
}

GTEST(pty_peer, "does TIOCGPTPEER open the other end?")
{
	char buf[8];
	int m = posix_openpt(O_RDWR | O_NOCTTY), s;

	CHECK(unlockpt(m) == 0);
	s = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	CHECK(s >= 0);
	CHECK(isatty(s));
	EQ(write(m, "k\r", 2), 2);
	EQ(read(s, buf, 8), 2);
}

GTEST(pty_packet, "does packet mode tell of flushes?")
{
	char buf[16];
	int on = 1;

	open_pair();
	CHECK(ioctl(master, TIOCPKT, &on) == 0);
	EQ(write(slave, "ab", 2), 2);
	EQ(read(master, buf, sizeof(buf)), 3);
	EQ(buf[0], TIOCPKT_DATA);
	CHECK(tcflush(slave, TCIFLUSH) == 0);
	EQ(read(master, buf, sizeof(buf)), 1);
	EQ(buf[0] & TIOCPKT_FLUSHREAD, TIOCPKT_FLUSHREAD);
}

GTEST(pty_counts, "do FIONREAD and TIOCOUTQ count?")
{
	int n = -1;

	open_pair();
	EQ(write(master, "abc\n", 4), 4);
	nap(20);
	CHECK(ioctl(slave, FIONREAD, &n) == 0);
	EQ(n, 4);
	CHECK(tcflush(slave, TCIFLUSH) == 0);
	CHECK(ioctl(slave, FIONREAD, &n) == 0);
	EQ(n, 0);
}

/* A child that leads a session on the slave and runs func. */
static pid_t
session(void (*func)(void))
{
	pid_t pid;
	char name[64];

	open_pair();
	CHECK(ptsname_r(master, name, sizeof(name)) == 0);
	close(slave);
	pid = fork();
	if (pid != 0) {
		slave = open(name, O_RDWR | O_NOCTTY);
		return (pid);
	}
	CHECK(setsid() == getpid());
	slave = open(name, O_RDWR); /* acquires it */
	CHECK(slave >= 0);
	func();
	_exit(gtest_failures != 0);
}

static void
finish(pid_t pid, int want)
{
	int status = -1;

	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, want);
}

static void
check_ctty(void)
{
	int fd = open("/dev/tty", O_RDWR);

	CHECK(fd >= 0);
	EQ(tcgetpgrp(fd), getpgrp());
	EQ(tcgetsid(slave), getpid());
	ERR(tcsetpgrp(slave, 1), EPERM);
	CHECK(ioctl(slave, TIOCSCTTY, 0) == 0);
}

GTEST(job_ctty, "does an open by a session leader give a controlling terminal?")
{
	finish(session(check_ctty), 0);
}

static void
check_no_ctty(void)
{
	signal(SIGHUP, SIG_IGN);
	CHECK(ioctl(slave, TIOCNOTTY) == 0);
	ERR(open("/dev/tty", O_RDWR), ENXIO);
	ERR(tcgetpgrp(slave), ENOTTY);
}

GTEST(job_notty, "does TIOCNOTTY give it up?")
{
	finish(session(check_no_ctty), 0);
}

static volatile int caught;

static void
on_signal(int sig)
{
	caught = sig;
}

static void
wait_for_int(void)
{
	signal(SIGINT, on_signal);
	write(slave, "R", 1);
	for (int i = 0; i < 200 && caught == 0; i++)
		nap(10);
	EQ(caught, SIGINT);
}

GTEST(job_intr, "does ^C signal the foreground group?")
{
	pid_t pid = session(wait_for_int);
	char c;

	EQ(read(master, &c, 1), 1);
	EQ(write(master, "\x03", 1), 1);
	finish(pid, 0);
}

static void
wait_for_winch(void)
{
	signal(SIGWINCH, on_signal);
	write(slave, "R", 1);
	for (int i = 0; i < 200 && caught == 0; i++)
		nap(10);
	EQ(caught, SIGWINCH);
}

GTEST(job_winch, "does a new window size signal?")
{
	struct winsize ws = {10, 20, 0, 0};
	pid_t pid = session(wait_for_winch);
	char c;

	EQ(read(master, &c, 1), 1);
	CHECK(ioctl(master, TIOCSWINSZ, &ws) == 0);
	finish(pid, 0);
}

static void
background_read(void)
{
	int status;
	char c;
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		_exit(read(slave, &c, 1) != 1);
	}
	setpgid(pid, pid);
	EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	EQ(WSTOPSIG(status), SIGTTIN);
	signal(SIGTTOU, SIG_IGN);
	CHECK(tcsetpgrp(slave, pid) == 0);
	kill(-pid, SIGCONT);
	write(slave, "R", 1);
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	CHECK(tcsetpgrp(slave, getpgrp()) == 0);
}

GTEST(job_ttin, "does a background read stop, and go on in the foreground?")
{
	pid_t pid = session(background_read);
	char c;

	EQ(read(master, &c, 1), 1);
	EQ(write(master, "x\n", 2), 2);
	finish(pid, 0);
}

static void
background_write(void)
{
	struct termios t;
	int status;
	pid_t pid;

	CHECK(tcgetattr(slave, &t) == 0);
	for (int tostop = 0; tostop < 2; tostop++) {
		t.c_lflag = tostop ? t.c_lflag | TOSTOP : t.c_lflag & ~TOSTOP;
		CHECK(tcsetattr(slave, TCSANOW, &t) == 0);
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			_exit(write(slave, "w", 1) != 1);
		}
		setpgid(pid, pid);
		EQ(waitpid(pid, &status, WUNTRACED), pid);
		if (tostop) {
			CHECK(WIFSTOPPED(status));
			EQ(WSTOPSIG(status), SIGTTOU);
			kill(pid, SIGKILL);
			EQ(waitpid(pid, &status, 0), pid);
		} else {
			EQ(status, 0);
		}
	}
}

GTEST(job_ttou, "does a background write stop with TOSTOP only?")
{
	finish(session(background_write), 0);
}

static void
background_orphan(void)
{
	int p[2], result = -1;
	char c;

	CHECK(pipe(p) == 0);
	if (fork() == 0) {
		/* The middle process exits: its child's group is orphaned. */
		if (fork() == 0) {
			setpgid(0, 0);
			nap(100);
			errno = 0;
			result = read(slave, &c, 1) == -1 ? errno : 0;
			write(p[1], &result, sizeof(result));
			_exit(0);
		}
		_exit(0);
	}
	wait(NULL);
	EQ(read(p[0], &result, sizeof(result)), sizeof(result));
	EQ(result, EIO);
}

GTEST(job_orphan, "does an orphaned background group get EIO?")
{
	finish(session(background_orphan), 0);
}

static int hup_pipe[2];

static void
leader_exits(void)
{
	char c;

	if (fork() == 0) {
		signal(SIGHUP, on_signal);
		write(hup_pipe[1], "r", 1);
		for (int i = 0; i < 300 && caught == 0; i++)
			nap(10);
		c = (char)caught;
		write(hup_pipe[1], &c, 1);
		_exit(0);
	}
	read(hup_pipe[0], &c, 1);
}

GTEST(job_leader_exit, "does the leader's exit hang up the foreground group?")
{
	char c = 0;

	CHECK(pipe(hup_pipe) == 0);
	finish(session(leader_exits), 0);
	EQ(read(hup_pipe[0], &c, 1), 1);
	EQ(c, SIGHUP);
}

static void
master_gone(void)
{
	signal(SIGHUP, on_signal);
	close(master);
	write(hup_pipe[1], "r", 1);
	for (int i = 0; i < 300 && caught == 0; i++)
		nap(10);
	EQ(caught, SIGHUP);
}

GTEST(job_master_close, "does closing the master hang up the leader?")
{
	pid_t pid;
	char c;

	CHECK(pipe(hup_pipe) == 0);
	pid = session(master_gone);
	EQ(read(hup_pipe[0], &c, 1), 1);
	close(master);
	finish(pid, 0);
}

GTEST(any_bytes, "may a program print what the harness's own words begin with?")
{
	static const char words[] = "\001\001done 1 1\n\001mayfly-ag\n\001";

	for (int i = 0; i < 256; i++)
		for (int n = 0; n < 3; n++)
			CHECK(putchar(i) == i);
	EQ(write(1, words, sizeof(words) - 1), sizeof(words) - 1);
}
