/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfd_create: a file in memory, and its seals.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define PAGE 4096
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC	0x10
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

static int
make(unsigned flags)
{
	int fd = memfd_create("test", flags);

	CHECK(fd >= 0);
	EQ(write(fd, "hello", 5), 5);
	return (fd);
}

GTEST(file, "does a memfd do what files do?")
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char name[64], text[128] = "", buf[16];
	struct stat st;
	int fd = make(MFD_CLOEXEC), again, n;

	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 5);
	EQ(st.st_nlink, 0);
	EQ(st.st_mode, S_IFREG | 0777);
	EQ(fchmod(fd, 0600), 0);
	EQ(fcntl(fd, F_SETLK, &fl), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = (int)readlink(name, text, sizeof(text) - 1);
	CHECK(n > 0);
	CHECK(strcmp(text, "/memfd:test (deleted)") == 0);
	again = open(name, O_RDONLY); /* another open file of it */
	CHECK(again >= 0);
	EQ(read(again, buf, 16), 5);
	ERR(write(again, "x", 1), EBADF);
	EQ(lseek(fd, 0, SEEK_CUR), 5);
	EQ(ftruncate(fd, 10 * PAGE), 0);
	EQ(pwrite(fd, "z", 1, 5 * PAGE), 1);
	EQ(lseek(fd, PAGE, SEEK_DATA), 5 * PAGE);
	EQ(lseek(fd, 5 * PAGE, SEEK_HOLE), 6 * PAGE);
	EQ(fallocate(
	       fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 * PAGE, PAGE),
	    0);
	ERR(lseek(fd, PAGE, SEEK_DATA), ENXIO);
	close(again);
	close(fd);
}

GTEST(flags, "are flags and long names refused as on Linux?")
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[249] = '\0';
	CHECK(memfd_create(name, 0) >= 0);
	name[249] = 'n';
	name[250] = '\0';
	ERR(memfd_create(name, 0), EINVAL);
	ERR(memfd_create("x", 0x100), EINVAL);
	ERR(memfd_create((char *)8, 0), EFAULT);
}

GTEST(unsealable, "can a file made without the flag not be sealed?")
{
	int fd = make(0);

	EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	close(fd);
	fd = open("/proc/self/exe", O_RDONLY);
	ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM); /* not writable */
}

GTEST(sizes, "do the seals of size hold against all ways to change it?")
{
	int fd = make(MFD_ALLOW_SEALING);

	EQ(fcntl(fd, F_GET_SEALS), 0);
	EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ERR(ftruncate(fd, 4), EPERM);
	EQ(ftruncate(fd, 6), 0);
	EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	ERR(ftruncate(fd, 7), EPERM);
	EQ(ftruncate(fd, 6), 0);
	ERR(pwrite(fd, "xy", 2, 5), EPERM);
	EQ(pwrite(fd, "x", 1, 5), 1);
	ERR(fallocate(fd, 0, 0, 100), EPERM);
	EQ(fallocate(fd, 0, 0, 6), 0);
	EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
	EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	EQ(pwrite(fd, "y", 1, 0), 1);
	close(fd);
}

GTEST(writing, "does F_SEAL_WRITE wait for writable mappings to go, then hold?")
{
	int fd = make(MFD_ALLOW_SEALING);
	char *w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *p, *r;

	w[1] = 'E';
	ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	EQ(fcntl(fd, F_GET_SEALS), 0);
	EQ(mprotect(w, PAGE, PROT_READ), 0); /* could be made writable again */
	ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	EQ(munmap(w, PAGE), 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	p[0] = 'P'; /* a private one may */
	ERR(pwrite(fd, "x", 1, 0), EPERM);
	ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE),
	    EPERM);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	    MAP_FAILED);
	EQ(errno, EPERM);
	r = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(r != MAP_FAILED);
	CHECK(memcmp(r, "hEllo", 5) == 0);
	ERR(mprotect(r, PAGE, PROT_READ | PROT_WRITE), EACCES);
	close(fd);
}

GTEST(child_mapping, "is a writable mapping of a child seen?")
{
	int fd = make(MFD_ALLOW_SEALING), to[2], status;
	char *w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid;
	char c;

	pipe(to);
	if ((pid = fork()) == 0) {
		close(to[1]);
		read(to[0], &c, 1);
		_exit(0);
	}
	munmap(w, PAGE);
	ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	close(to[1]);
	waitpid(pid, &status, 0);
	EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
}

GTEST(future, "does F_SEAL_FUTURE_WRITE leave mappings that exist alone?")
{
	int fd = make(MFD_ALLOW_SEALING);
	char *w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	w[0] = 'H';
	ERR(pwrite(fd, "x", 1, 0), EPERM);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	    MAP_FAILED);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
}

GTEST(exec, "does MFD_NOEXEC_SEAL keep a file from becoming executable?")
{
	struct stat st;
	int fd = memfd_create("x", MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		return; /* a Linux before 6.3 */
	EQ(fstat(fd, &st), 0);
	EQ(st.st_mode & 0777, 0666);
	EQ(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC);
	ERR(fchmod(fd, 0777), EPERM);
	EQ(fchmod(fd, 0600), 0);
	ERR(memfd_create("x", MFD_NOEXEC_SEAL | MFD_EXEC), EINVAL);
	fd = memfd_create("x", MFD_EXEC | MFD_ALLOW_SEALING);
	EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC), 0);
	ERR(fchmod(fd, 0666), EPERM);
	EQ(fcntl(fd, F_GET_SEALS),
	    F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
		F_SEAL_FUTURE_WRITE);
}

GTEST(run, "can a program in a memfd be executed?")
{
	int in = open("/proc/self/exe", O_RDONLY), status;
	int fd = memfd_create("prog", MFD_CLOEXEC);
	char buf[65536];
	ssize_t n;
	pid_t pid;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		EQ(write(fd, buf, n), n);
	if ((pid = fork()) == 0) {
		char name[64];

		close(in);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		execl(name, "h_memfd", "flags", NULL);
		_exit(99);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0); /* although it is open for writing */
	snprintf(buf, 64, "/proc/self/fd/%d", fd);
	in = open(buf, O_RDONLY);
	close(fd);
	if ((pid = fork()) == 0) {
		char *argv[] = {"h_memfd", "flags", NULL}, *envp[] = {NULL};

		fexecve(in, argv, envp);
		_exit(99);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
}
