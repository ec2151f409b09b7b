/* SPDX-License-Identifier: BSD-2-Clause */
/* Files and directories: open, links, rename, sparse files, attributes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "gtest.h"

static void
enter(void)
{
	static char dir[] = "/tmp/h_file.XXXXXX";

	CHECK(mkdtemp(dir) != NULL);
	CHECK(chdir(dir) == 0);
	umask(022);
}

static void
put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
same(const char *name, const char *text)
{
	char buf[4096];
	int fd = open(name, O_RDONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	if (strcmp(buf, text) != 0)
		FAIL("%s holds \"%s\", not \"%s\"", name, buf, text);
}

GTEST(open_flags, "do O_CREAT, O_EXCL, O_TRUNC and O_DIRECTORY do their work?")
{
	enter();
	ERR(open("f", O_RDONLY), ENOENT);
	put("f", "abc");
	ERR(open("f", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
	ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	ERR(open(".", O_WRONLY), EISDIR);
	ERR(open("f/x", O_RDONLY), ENOTDIR);
	ERR(open("", O_RDONLY), ENOENT);
	close(open("f", O_WRONLY | O_TRUNC));
	same("f", "");
	ERR(open("new/", O_CREAT | O_WRONLY, 0600), EISDIR);
}

GTEST(open_append, "does every O_APPEND write land at the end?")
{
	int a, b;

	enter();
	put("f", "one");
	a = open("f", O_WRONLY | O_APPEND);
	b = open("f", O_WRONLY | O_APPEND);
	EQ(write(a, "two", 3), 3);
	EQ(write(b, "three", 5), 5);
	EQ(lseek(a, 0, SEEK_SET), 0);
	EQ(write(a, "four", 4), 4);
	same("f", "onetwothreefour");
}

GTEST(symlink_follow, "are links followed, refused and looped as they should?")
{
	char buf[64];
	struct stat st;

	enter();
	put("f", "x");
	EQ(symlink("f", "l"), 0);
	same("l", "x");
	ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	EQ(readlink("l", buf, sizeof(buf)), 1);
	ERR(readlink("f", buf, sizeof(buf)), EINVAL);
	EQ(lstat("l", &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	EQ(st.st_size, 1);
	EQ(symlink("loop", "loop"), 0);
	ERR(open("loop", O_RDONLY), ELOOP);
	EQ(symlink("nowhere", "dangling"), 0);
	ERR(stat("dangling", &st), ENOENT);
	EQ(close(open("dangling", O_CREAT | O_WRONLY, 0600)), 0);
	EQ(stat("nowhere", &st), 0);
	ERR(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
}

GTEST(link_count, "do hard links share one file and its count?")
{
	struct stat a, b;

	enter();
	put("a", "x");
	EQ(link("a", "b"), 0);
	EQ(stat("a", &a), 0);
	EQ(stat("b", &b), 0);
	EQ(a.st_ino, b.st_ino);
	EQ(a.st_nlink, 2);
	ERR(link("a", "b"), EEXIST);
	EQ(unlink("a"), 0);
	same("b", "x");
	EQ(stat("b", &b), 0);
	EQ(b.st_nlink, 1);
	EQ(mkdir("d", 0755), 0);
	ERR(link("d", "e"), EPERM);
}

GTEST(unlink_open, "does an unlinked open file live until its last close?")
{
	struct stat st;
	char c;
	int fd;

	enter();
	put("f", "x");
	fd = open("f", O_RDWR);
	EQ(unlink("f"), 0);
	ERR(access("f", F_OK), ENOENT);
	EQ(read(fd, &c, 1), 1);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_nlink, 0);
	EQ(close(fd), 0);
	ERR(unlink("f"), ENOENT);
	EQ(mkdir("d", 0755), 0);
	CHECK(unlink("d") == -1 && (errno == EISDIR || errno == EPERM));
}

GTEST(rename_rules, "does rename keep all its rules?")
{
	enter();
	put("a", "A");
	put("b", "B");
	EQ(rename("a", "b"), 0);
	same("b", "A");
	ERR(rename("a", "c"), ENOENT);
	EQ(mkdir("d", 0755), 0);
	EQ(mkdir("d/e", 0755), 0);
	ERR(rename("d", "d/e/f"), EINVAL);
	ERR(rename("b", "d"), EISDIR);
	ERR(rename("d", "b"), ENOTDIR);
	EQ(mkdir("g", 0755), 0);
	ERR(rename("g", "d"), ENOTEMPTY);
	EQ(rename("d/e", "g"), 0);
	ERR(access("d/e", F_OK), ENOENT);
	EQ(rename("b", "b"), 0);
	EQ(link("b", "b2"), 0);
	EQ(rename("b", "b2"), 0);
	same("b", "A");
	same("b2", "A");
	ERR(rename("b", "x/y"), ENOENT);
	ERR(rename(".", "z"), EBUSY);
}

GTEST(rename_flags, "do NOREPLACE and EXCHANGE work?")
{
	enter();
	put("a", "A");
	put("b", "B");
	ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
	EQ(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
	same("a", "B");
	same("b", "A");
	EQ(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE), 0);
	same("c", "B");
	ERR(renameat2(AT_FDCWD, "c", AT_FDCWD, "none", RENAME_EXCHANGE),
	    ENOENT);
}

GTEST(rename_parent, "does a moved directory's .. follow it?")
{
	struct stat a, b;

	enter();
	EQ(mkdir("p", 0755), 0);
	EQ(mkdir("q", 0755), 0);
	EQ(mkdir("p/d", 0755), 0);
	EQ(rename("p/d", "q/d"), 0);
	EQ(stat("q", &a), 0);
	EQ(stat("q/d/..", &b), 0);
	EQ(a.st_ino, b.st_ino);
	EQ(a.st_nlink, 3);
	EQ(stat("p", &a), 0);
	EQ(a.st_nlink, 2);
}

GTEST(rmdir_rules, "does rmdir refuse what it must?")
{
	enter();
	EQ(mkdir("d", 0755), 0);
	put("d/f", "");
	ERR(rmdir("d"), ENOTEMPTY);
	ERR(rmdir("d/f"), ENOTDIR);
	ERR(rmdir("d/."), EINVAL);
	EQ(unlink("d/f"), 0);
	EQ(rmdir("d"), 0);
	ERR(rmdir("d"), ENOENT);
	ERR(mkdir(".", 0755), EEXIST);
	EQ(mkdir("t/", 0755), 0);
}

GTEST(cwd_removed, "is a removed working directory an error, not a crash?")
{
	char buf[PATH_MAX];

	enter();
	EQ(mkdir("d", 0755), 0);
	EQ(chdir("d"), 0);
	EQ(rmdir("../d"), 0);
	CHECK(getcwd(buf, sizeof(buf)) == NULL && errno == ENOENT);
	ERR(open("f", O_CREAT | O_WRONLY, 0600), ENOENT);
}

GTEST(readdir_all, "does readdir show each of 2000 names once?")
{
	static char seen[2000];
	char name[16];
	struct dirent *de;
	int n = 0;
	DIR *d;

	enter();
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	d = opendir(".");
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] != '.') {
			int i = atoi(de->d_name);

			CHECK(i >= 0 && i < 2000 && !seen[i]);
			seen[i] = 1;
			EQ(de->d_type, DT_REG);
			n++;
		}
	EQ(n, 2000);
	closedir(d);
}

GTEST(readdir_remove, "does removing while reading lose nothing?")
{
	struct dirent *de;
	char name[16];
	int n = 0;
	DIR *d;

	enter();
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	d = opendir(".");
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] != '.') {
			EQ(unlink(de->d_name), 0);
			n++;
		}
	EQ(n, 500);
	closedir(d);
}

GTEST(sparse_file, "is a hole free, zero and counted right?")
{
	struct stat st;
	char buf[16] = "x";
	int fd;

	enter();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EQ(pwrite(fd, "end", 3, 10 << 20), 3);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, (10 << 20) + 3);
	CHECK(st.st_blocks * 512 < 1 << 20);
	EQ(pread(fd, buf, 16, 5 << 20), 16);
	for (int i = 0; i < 16; i++)
		EQ(buf[i], 0);
	EQ(lseek(fd, 0, SEEK_DATA), 10 << 20);
	EQ(lseek(fd, 10 << 20, SEEK_HOLE), (10 << 20) + 3);
	ERR(lseek(fd, 20 << 20, SEEK_DATA), ENXIO);
}

GTEST(truncate_zeroes, "does growing after shrinking show zeros?")
{
	char buf[8192];
	int fd;

	enter();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	memset(buf, 'x', sizeof(buf));
	EQ(write(fd, buf, sizeof(buf)), 8192);
	EQ(ftruncate(fd, 100), 0);
	EQ(ftruncate(fd, 8192), 0);
	EQ(pread(fd, buf, sizeof(buf), 0), 8192);
	EQ(buf[99], 'x');
	for (int i = 100; i < 8192; i++)
		if (buf[i] != 0) {
			FAIL("byte %d is %d", i, buf[i]);
			break;
		}
	ERR(ftruncate(fd, -1), EINVAL);
	ERR(truncate("none", 0), ENOENT);
	ERR(truncate(".", 0), EISDIR);
}

GTEST(punch_hole, "does fallocate give, keep and punch?")
{
	struct stat st;
	char buf[4096];
	int fd;

	enter();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EQ(fallocate(fd, 0, 0, 16384), 0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 16384);
	memset(buf, 'y', sizeof(buf));
	for (int i = 0; i < 4; i++)
		EQ(pwrite(fd, buf, 4096, i * 4096), 4096);
	EQ(fallocate(
	       fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192),
	    0);
	EQ(pread(fd, buf, 4096, 8192), 4096);
	EQ(buf[0], 0);
	EQ(pread(fd, buf, 4096, 12288), 4096);
	EQ(buf[0], 'y');
	ERR(fallocate(fd, 0, -1, 10), EINVAL);
}

GTEST(sticky_dir, "does the sticky bit protect files of others?")
{
	pid_t pid;
	int status;

	enter();
	EQ(mkdir("d", 0777), 0);
	EQ(chmod("d", 01777), 0);
	EQ(chmod(".", 0755), 0);
	put("d/f", "x");
	if ((pid = fork()) == 0) {
		if (setgid(1000) != 0 || setuid(1000) != 0)
			_exit(1);
		if (unlink("d/f") != -1 || errno != EPERM)
			_exit(2);
		if (rename("d/f", "d/g") != -1 || errno != EPERM)
			_exit(3);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	EQ(status, 0);
}

GTEST(permissions, "do mode bits decide for another user?")
{
	pid_t pid;
	int status;

	enter();
	EQ(chmod(".", 0755), 0);
	put("secret", "x");
	EQ(chmod("secret", 0600), 0);
	put("open", "x");
	EQ(mkdir("closed", 0700), 0);
	put("closed/f", "x");
	if ((pid = fork()) == 0) {
		if (setgid(1000) != 0 || setuid(1000) != 0)
			_exit(1);
		if (open("secret", O_RDONLY) != -1 || errno != EACCES)
			_exit(2);
		if (open("open", O_RDONLY) < 0)
			_exit(3);
		if (open("open", O_WRONLY) != -1 || errno != EACCES)
			_exit(4);
		if (open("closed/f", O_RDONLY) != -1 || errno != EACCES)
			_exit(5);
		if (open("new", O_CREAT | O_WRONLY, 0600) != -1 ||
		    errno != EACCES)
			_exit(6);
		if (chmod("open", 0777) != -1 || errno != EPERM)
			_exit(7);
		if (access("secret", R_OK) != -1 || errno != EACCES)
			_exit(8);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	EQ(WEXITSTATUS(status), 0);
}

GTEST(chmod_chown, "are modes, owners and set-id bits kept right?")
{
	struct stat st;

	enter();
	put("f", "x");
	EQ(chmod("f", 04755), 0);
	EQ(stat("f", &st), 0);
	EQ(st.st_mode & 07777, 04755);
	EQ(chown("f", 10, 20), 0);
	EQ(stat("f", &st), 0);
	EQ(st.st_uid, 10);
	EQ(st.st_gid, 20);
	EQ(st.st_mode & 04000, 0);
	EQ(chown("f", -1, 30), 0);
	EQ(stat("f", &st), 0);
	EQ(st.st_uid, 10);
	EQ(st.st_gid, 30);
}

GTEST(setgid_dir, "does a set-gid directory pass its group on?")
{
	struct stat st;

	enter();
	EQ(mkdir("d", 0755), 0);
	EQ(chown("d", 0, 77), 0);
	EQ(chmod("d", 02755), 0);
	put("d/f", "");
	EQ(mkdir("d/s", 0755), 0);
	EQ(stat("d/f", &st), 0);
	EQ(st.st_gid, 77);
	EQ(stat("d/s", &st), 0);
	EQ(st.st_gid, 77);
	EQ(st.st_mode & 02000, 02000);
}

GTEST(umask_applies, "does umask take bits from new files?")
{
	struct stat st;

	enter();
	EQ(umask(027), 022);
	close(open("f", O_CREAT | O_WRONLY, 0666));
	EQ(mkdir("d", 0777), 0);
	EQ(stat("f", &st), 0);
	EQ(st.st_mode & 0777, 0640);
	EQ(stat("d", &st), 0);
	EQ(st.st_mode & 0777, 0750);
}

GTEST(timestamps, "do utimensat and writes set the times they should?")
{
	struct timespec ts[2] = {{1000, 5}, {2000, 7}};
	struct stat st;

	enter();
	put("f", "x");
	EQ(utimensat(AT_FDCWD, "f", ts, 0), 0);
	EQ(stat("f", &st), 0);
	EQ(st.st_atim.tv_sec, 1000);
	EQ(st.st_mtim.tv_sec, 2000);
	EQ(st.st_mtim.tv_nsec, 7);
	CHECK(st.st_ctim.tv_sec > 1000000);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = UTIME_NOW;
	EQ(utimensat(AT_FDCWD, "f", ts, 0), 0);
	EQ(stat("f", &st), 0);
	EQ(st.st_atim.tv_sec, 1000);
	CHECK(st.st_mtim.tv_sec > 1000000);
	ts[0].tv_nsec = 2000000000;
	ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
}

GTEST(xattr_no_name, "is an attribute without a name refused?")
{
	char buf[8];
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	CHECK(fd >= 0);
	ERR(syscall(SYS_setxattr, "f", NULL, "v", 1, 0), EFAULT);
	ERR(syscall(SYS_fsetxattr, fd, NULL, "v", 1, 0), EFAULT);
	ERR(syscall(SYS_getxattr, "f", NULL, buf, sizeof(buf)), EFAULT);
	ERR(syscall(SYS_fremovexattr, fd, NULL), EFAULT);
	ERR(syscall(SYS_fsetxattr, fd, "", "v", 1, 0), ERANGE);
	close(fd);
}

GTEST(xattr_cycle, "do extended attributes live their life?")
{
	char buf[64];

	enter();
	put("f", "x");
	ERR(getxattr("f", "user.a", buf, 64), ENODATA);
	EQ(setxattr("f", "user.a", "value", 5, 0), 0);
	EQ(getxattr("f", "user.a", NULL, 0), 5);
	EQ(getxattr("f", "user.a", buf, 64), 5);
	EQ(memcmp(buf, "value", 5), 0);
	ERR(getxattr("f", "user.a", buf, 2), ERANGE);
	ERR(setxattr("f", "user.a", "v", 1, XATTR_CREATE), EEXIST);
	ERR(setxattr("f", "user.b", "v", 1, XATTR_REPLACE), ENODATA);
	EQ(listxattr("f", buf, 64), 7);
	EQ(strcmp(buf, "user.a"), 0);
	EQ(removexattr("f", "user.a"), 0);
	EQ(listxattr("f", buf, 64), 0);
}

GTEST(names_long, "are long names and paths bounded with the right errors?")
{
	char name[300], path[5000];
	struct stat st;

	enter();
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	ERR(open(name, O_CREAT | O_WRONLY, 0600), ENAMETOOLONG);
	name[255] = '\0';
	EQ(close(open(name, O_CREAT | O_WRONLY, 0600)), 0);
	EQ(stat(name, &st), 0);
	memset(path, '/', sizeof(path));
	path[4999] = '\0';
	ERR(stat(path, &st), ENAMETOOLONG);
}

GTEST(flock_conflict, "does flock exclude another open file?")
{
	int a, b;

	enter();
	put("f", "");
	a = open("f", O_RDONLY);
	b = open("f", O_RDONLY);
	EQ(flock(a, LOCK_EX), 0);
	ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	EQ(flock(a, LOCK_SH), 0);
	EQ(flock(b, LOCK_SH | LOCK_NB), 0);
	close(a);
	EQ(flock(b, LOCK_EX | LOCK_NB), 0);
}

static int
lock(int fd, int cmd, int type, off_t start, off_t len, pid_t *owner)
{
	struct flock fl = {.l_type = (short)type,
	    .l_whence = SEEK_SET,
	    .l_start = start,
	    .l_len = len};
	int r = fcntl(fd, cmd, &fl);

	if (owner != NULL)
		*owner = fl.l_type == F_UNLCK ? 0 : fl.l_pid;
	return (r);
}

GTEST(fcntl_ranges, "do record locks split, report and exclude by range?")
{
	int fd, status;
	pid_t pid, parent = getpid();

	enter();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EQ(lock(fd, F_SETLK, F_WRLCK, 0, 100, NULL), 0);
	EQ(lock(fd, F_SETLK, F_UNLCK, 40, 20, NULL), 0);
	if ((pid = fork()) == 0) {
		pid_t owner;

		if (lock(fd, F_SETLK, F_WRLCK, 10, 5, NULL) != -1 ||
		    (errno != EAGAIN && errno != EACCES))
			_exit(1);
		if (lock(fd, F_SETLK, F_WRLCK, 45, 10, NULL) != 0)
			_exit(2);
		if (lock(fd, F_GETLK, F_WRLCK, 90, 0, &owner) != 0 ||
		    owner != parent)
			_exit(3);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	EQ(WEXITSTATUS(status), 0);
}

GTEST(fcntl_deadlock, "is a lock cycle EDEADLK?")
{
	int fd, status, sync1[2], sync2[2];
	char c = 0;
	pid_t pid;

	enter();
	EQ(pipe(sync1), 0);
	EQ(pipe(sync2), 0);
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EQ(lock(fd, F_SETLK, F_WRLCK, 0, 1, NULL), 0);
	if ((pid = fork()) == 0) {
		if (lock(fd, F_SETLK, F_WRLCK, 1, 1, NULL) != 0)
			_exit(1);
		write(sync1[1], &c, 1);
		/* Waits for the parent, which asks for ours: it gets EDEADLK. */
		if (lock(fd, F_SETLKW, F_WRLCK, 0, 1, NULL) != 0)
			_exit(2);
		_exit(0);
	}
	read(sync1[0], &c, 1);
	usleep(100000);
	ERR(lock(fd, F_SETLKW, F_WRLCK, 1, 1, NULL), EDEADLK);
	EQ(lock(fd, F_SETLK, F_UNLCK, 0, 0, NULL), 0);
	waitpid(pid, &status, 0);
	EQ(status, 0);
}

GTEST(readv_writev, "does scattered I/O move every byte in order?")
{
	char a[3], b[5];
	struct iovec out[] = {{"hel", 3}, {"", 0}, {"lo123", 5}};
	struct iovec in[] = {{a, 3}, {b, 5}};
	int fd;

	enter();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EQ(writev(fd, out, 3), 8);
	EQ(lseek(fd, 0, SEEK_SET), 0);
	EQ(readv(fd, in, 2), 8);
	EQ(memcmp(a, "hel", 3), 0);
	EQ(memcmp(b, "lo123", 5), 0);
	ERR(writev(fd, out, -1), EINVAL);
	ERR(writev(fd, out, 2000), EINVAL);
}

GTEST(dup_shares, "do duplicates share the offset, and opens not?")
{
	int a, b, c;

	enter();
	put("f", "abcdef");
	a = open("f", O_RDONLY);
	b = dup(a);
	c = open("f", O_RDONLY);
	EQ(lseek(a, 3, SEEK_SET), 3);
	EQ(lseek(b, 0, SEEK_CUR), 3);
	EQ(lseek(c, 0, SEEK_CUR), 0);
	EQ(dup2(a, 50), 50);
	EQ(lseek(50, 0, SEEK_CUR), 3);
	EQ(dup2(a, a), a);
	ERR(dup3(a, a, 0), EINVAL);
	ERR(dup2(a, 1 << 30), EBADF);
	ERR(dup(99), EBADF);
	EQ(fcntl(a, F_DUPFD, 60), 60);
	EQ(fcntl(fcntl(a, F_DUPFD_CLOEXEC, 0), F_GETFD), FD_CLOEXEC);
}

GTEST(tmpfs_full, "is a full file system ENOSPC, and empty after removal?")
{
	struct statfs before, after;
	static char buf[65536];
	int fd;

	EQ(statfs("/tmp", &before), 0);
	enter();
	fd = open("f", O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 100000; i++)
		if (write(fd, buf, sizeof(buf)) <= 0) {
			EQ(errno, ENOSPC);
			break;
		}
	close(fd);
	EQ(unlink("f"), 0);
	EQ(statfs("/tmp", &after), 0);
	CHECK((long)before.f_bfree - (long)after.f_bfree < 64);
}

GTEST(dev_nodes, "do null, zero, full and urandom behave?")
{
	char buf[64], other[64];
	int fd;

	fd = open("/dev/null", O_RDWR);
	EQ(read(fd, buf, 64), 0);
	EQ(write(fd, buf, 64), 64);
	fd = open("/dev/zero", O_RDWR);
	memset(buf, 1, 64);
	EQ(read(fd, buf, 64), 64);
	EQ(buf[63], 0);
	fd = open("/dev/full", O_RDWR);
	ERR(write(fd, buf, 1), ENOSPC);
	fd = open("/dev/urandom", O_RDONLY);
	EQ(read(fd, buf, 64), 64);
	EQ(read(fd, other, 64), 64);
	CHECK(memcmp(buf, other, 64) != 0);
}

GTEST(path_dotdot, "do . and .. and repeated slashes resolve?")
{
	char a[PATH_MAX], b[PATH_MAX];
	struct stat x, y;

	enter();
	EQ(mkdir("d", 0755), 0);
	EQ(stat(".", &x), 0);
	EQ(stat("d//.././/d/..", &y), 0);
	EQ(x.st_ino, y.st_ino);
	EQ(stat("/", &x), 0);
	EQ(stat("/../..", &y), 0);
	EQ(x.st_ino, y.st_ino);
	CHECK(getcwd(a, sizeof(a)) != NULL);
	EQ(chdir("d"), 0);
	CHECK(getcwd(b, sizeof(b)) != NULL);
	EQ(strncmp(a, b, strlen(a)), 0);
	EQ(strcmp(b + strlen(a), "/d"), 0);
}

GTEST(openat_family, "do the at calls start from their directory?")
{
	struct stat st;
	int d;

	enter();
	EQ(mkdir("d", 0755), 0);
	d = open("d", O_RDONLY | O_DIRECTORY);
	close(openat(d, "f", O_CREAT | O_WRONLY, 0644));
	EQ(fstatat(AT_FDCWD, "d/f", &st, 0), 0);
	EQ(linkat(d, "f", AT_FDCWD, "g", 0), 0);
	EQ(symlinkat("f", d, "l"), 0);
	EQ(fstatat(d, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(S_ISLNK(st.st_mode));
	EQ(unlinkat(d, "f", 0), 0);
	EQ(mkdirat(d, "sub", 0755), 0);
	EQ(unlinkat(d, "sub", AT_REMOVEDIR), 0);
	ERR(openat(99, "f", O_RDONLY), EBADF);
	ERR(openat(open("g", O_RDONLY), "f", O_RDONLY), ENOTDIR);
	EQ(fstatat(d, "", &st, AT_EMPTY_PATH), 0);
	CHECK(S_ISDIR(st.st_mode));
}
