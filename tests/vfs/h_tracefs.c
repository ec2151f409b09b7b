/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks in the trace, through the file that Linux programs know.
 *
 * What is expected is what Linux does, said by its documentation and source: on
 * the host the cases pass without a look at its tracefs, which is not ours to
 * write to.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define TRACING "/sys/kernel/tracing/"
#define MARKER	TRACING "trace_marker"
#define SWITCH	TRACING "tracing_on"

static bool
ours(void)
{
	struct utsname u;

	return (uname(&u) == 0 && strstr(u.version, "Mayfly") != NULL);
}

static int
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), error;

	if (fd < 0)
		return (errno);
	error =
	    write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : errno;
	close(fd);
	return (error);
}

static const char *
text(const char *path)
{
	static char buf[256];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	close(fd);
	return (buf);
}

/* The switch as it was, when a case is over. */
static void
again(const char *was)
{
	EQ(put(SWITCH, was), 0);
	EQ(strcmp(text(SWITCH), was), 0);
}

GTEST(what_tools_ask, "is it mounted, of its own kind, and named as on Linux?")
{
	struct statfs sf;
	struct stat st;

	if (!ours())
		return;
	CHECK(statfs("/sys/kernel/tracing", &sf) == 0);
	EQ(sf.f_type, 0x74726163);
	CHECK(stat(MARKER, &st) == 0);
	EQ(st.st_mode, S_IFREG | 0220);
	EQ(st.st_uid, 0);
	EQ(strcmp(text(TRACING "current_tracer"), "nop\n"), 0);
	EQ(strcmp(text(TRACING "available_tracers"), "nop\n"), 0);
	EQ(put(TRACING "current_tracer", "nop\n"), 0);
	EQ(put(TRACING "current_tracer", "function\n"), EINVAL);
	EQ(put(TRACING "available_tracers", "nop"), EACCES);
}

GTEST(
    takes_texts, "does the marker take texts, and no more than it may at once?")
{
	static char large[8192];
	char was[8];
	int fd;

	if (!ours())
		return;
	snprintf(was, sizeof(was), "%s", text(SWITCH));
	EQ(put(SWITCH, "1\n"), 0);
	EQ(strcmp(text(SWITCH), "1\n"), 0);
	memset(large, 'x', sizeof(large));
	fd = open(MARKER, O_WRONLY);
	EQ(write(fd, "", 0), 0);
	EQ(write(fd, "\n", 1), 1);
	EQ(write(fd, "a\0b", 3), 3);
	EQ(write(fd, "thirty-two bytes are in an event", 32), 32);
	EQ(write(fd, large, 1024), 1024);
	EQ(write(fd, large, sizeof(large)), 1024);
	close(fd);
	again(was);
}

GTEST(bad_marks, "are bad addresses, reading and a wrong switch an errno?")
{
	char was[8], c, *page;
	int fd;

	if (!ours())
		return;
	snprintf(was, sizeof(was), "%s", text(SWITCH));
	EQ(put(SWITCH, "1"), 0);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	fd = open(MARKER, O_RDWR);
	ERR(write(fd, (void *)8, 5), EFAULT);
	ERR(write(fd, page + 4000, 200), EFAULT);
	ERR(read(fd, &c, 1), EINVAL);
	close(fd);
	EQ(put(SWITCH, "on"), EINVAL);
	EQ(put(SWITCH, ""), EINVAL);
	EQ(put(SWITCH, "7"), 0);
	EQ(strcmp(text(SWITCH), "1\n"), 0);
	again(was);
}

GTEST(switched_off, "is a mark refused while tracing is off?")
{
	char was[8];

	if (!ours())
		return;
	snprintf(was, sizeof(was), "%s", text(SWITCH));
	EQ(put(SWITCH, "0"), 0);
	EQ(strcmp(text(SWITCH), "0\n"), 0);
	EQ(put(MARKER, "nobody sees it"), EBADF);
	again(was);
}

GTEST(who_may, "may only root and its group write marks?")
{
	int status;

	if (!ours())
		return;
	if (fork() == 0) {
		int wrong = 0;

		if (setresgid(1000, 1000, 1000) != 0 ||
		    setresuid(1000, 1000, 1000) != 0)
			_exit(9);
		wrong |= open(MARKER, O_WRONLY) >= 0 || errno != EACCES;
		wrong |= (open(SWITCH, O_RDONLY) >= 0) << 1;
		_exit(wrong);
	}
	CHECK(wait(&status) > 0);
	EQ(status, 0);
	if (fork() == 0) {
		int wrong = 0, fd;

		if (setresgid(77, 77, 77) != 0 || setresuid(1, 1, 1) != 0)
			_exit(9);
		if ((fd = open(MARKER, O_WRONLY)) < 0)
			_exit(1);
		wrong |= (open(MARKER, O_RDONLY) >= 0) << 1;
		wrong |= (open(SWITCH, O_WRONLY) >= 0) << 2;
		_exit(wrong);
	}
	CHECK(wait(&status) > 0);
	EQ(status, 0);
}
