/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mount tree: pivot_root, detaching, and what stays usable.  On a host with
 * name spaces each case works in one of its own.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "gtest.h"

static int
pivot_root(const char *new, const char *put)
{
	return ((int)syscall(SYS_pivot_root, new, put));
}

/* Changes are ours alone, where that can be had. */
static void
own_tree(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void
mount_tmpfs(const char *on)
{
	mkdir(on, 0755);
	EQ(mount("none", on, "tmpfs", 0, NULL), 0);
}

static void
put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool
has_text(const char *path, const char *text)
{
	char buf[64];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (fd >= 0)
		close(fd);
	return (n == (ssize_t)strlen(text) && memcmp(buf, text, n) == 0);
}

/* Is there a line in our list of mounts for this place? */
static bool
is_listed(const char *where)
{
	char line[1024], place[256];
	FILE *f = fopen("/proc/self/mounts", "r");
	bool found = false;

	if (f == NULL)
		return (false);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %255s", place) == 1 &&
		    strcmp(place, where) == 0)
			found = true;
	fclose(f);
	return (found);
}

/* In a child whose root is the tmpfs on /tmp/top: run f, and give its result. */
static int
in_tmpfs_root(void (*f)(void))
{
	int status;
	pid_t pid;

	mount_tmpfs("/tmp/top");
	if ((pid = fork()) == 0) {
		EQ(chroot("/tmp/top"), 0);
		EQ(chdir("/"), 0);
		f();
		_exit(gtest_failures != 0);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	return (status);
}

GTEST(pivot_and_back, "does pivot_root swap the root, for all, and back?")
{
	struct stat was, now;
	int to[2], from[2], status;
	char cwd[PATH_MAX], c = 0;
	pid_t pid;

	own_tree();
	EQ(stat("/", &was), 0);
	pipe(to);
	pipe(from);
	if ((pid = fork()) == 0) { /* somebody else with the same root */
		chdir("/");
		read(to[0], &c, 1);
		if (stat("/", &now) == 0)
			write(from[1], &now, sizeof(now));
		write(from[1], getcwd(cwd, sizeof(cwd)), 2);
		_exit(0);
	}
	mount_tmpfs("/tmp/new");
	mkdir("/tmp/new/old", 0755);
	put_file("/tmp/new/mark", "new");
	EQ(pivot_root("/tmp/new", "/tmp/new/old"), 0);
	CHECK(has_text("/mark", "new"));
	EQ(access("/old/tmp/new", F_OK), 0);
	write(to[1], &c, 1);
	EQ(read(from[0], &now, sizeof(now)), sizeof(now));
	CHECK(now.st_dev != was.st_dev);
	EQ(read(from[0], cwd, 2), 2);
	CHECK(strcmp(cwd, "/") == 0);
	waitpid(pid, &status, 0);

	EQ(pivot_root("/old", "/old/tmp/new"), 0);
	EQ(stat("/", &now), 0);
	EQ(now.st_dev, was.st_dev);
	CHECK(has_text("/tmp/new/mark", "new"));
	EQ(chdir("/"), 0);
	EQ(umount("/tmp/new"), 0);
	EQ(access("/tmp/new/mark", F_OK), -1);
}

static void
pivot_in_root(void)
{
	mount_tmpfs("/b");
	mkdir("/b/old", 0755);
	mkdir("/b/proc", 0755);
	put_file("/b/mark", "b");
	put_file("/amark", "a");
	EQ(mount("proc", "/b/proc", "proc", 0, NULL), 0);
	CHECK(chdir("/b") == 0);
	EQ(pivot_root(".", "old"), 0);
	CHECK(has_text("/mark", "b"));
	CHECK(has_text("/old/amark", "a"));
	CHECK(is_listed("/old"));
	CHECK(is_listed("/"));
	CHECK(is_listed("/proc"));
	ERR(umount("/old/b"), EINVAL);
	EQ(umount("/old"), 0);
	ERR(access("/old/amark", F_OK), ENOENT);
	CHECK(!is_listed("/old"));
	EQ(umount("/proc"), 0);
}

GTEST(pivot_chroot, "does pivot_root work below a root that is a mount?")
{
	own_tree();
	if (in_tmpfs_root(pivot_in_root) == 0)
		CHECK(has_text("/tmp/top/mark", "b"));
	EQ(umount("/tmp/top"), 0);
}

static void
pivot_dots(void)
{
	mount_tmpfs("/b");
	put_file("/b/mark", "b");
	put_file("/amark", "a");
	EQ(chdir("/b"), 0);
	EQ(pivot_root(".", "."), 0);
	/* the old root lies on top of the new one */
	EQ(umount2(".", MNT_DETACH), 0);
	CHECK(has_text("/mark", "b"));
	EQ(chdir("/"), 0);
	CHECK(has_text("mark", "b"));
	ERR(access("/amark", F_OK), ENOENT);
}

GTEST(pivot_dot_dot, "does pivot_root(\".\", \".\") and detaching \".\" work?")
{
	own_tree();
	in_tmpfs_root(pivot_dots);
	EQ(umount("/tmp/top"), 0);
}

static void
pivot_errors(void)
{
	mkdir("/plain", 0755);
	mkdir("/plain/in", 0755);
	mount_tmpfs("/b");
	mount_tmpfs("/c");
	mkdir("/b/old", 0755);
	mkdir("/b/sub", 0755);
	put_file("/b/file", "");
	ERR(pivot_root("/none", "/b/old"), ENOENT);
	ERR(pivot_root("/b", "/b/none"), ENOENT);
	ERR(pivot_root("/b/file", "/b/old"), ENOTDIR);
	ERR(pivot_root("/b", "/b/file"), ENOTDIR);
	ERR(pivot_root("/plain", "/plain/in"), EBUSY);
	ERR(pivot_root("/", "/b/old"), EBUSY);
	ERR(pivot_root("/b", "/plain"), EBUSY);
	ERR(pivot_root("/b", "/c"), EINVAL);
	ERR(pivot_root("/b/sub", "/b/sub"), EINVAL);
	ERR(pivot_root((char *)8, "/b"), EFAULT);
	EQ(chroot("/plain"), 0);
	ERR(pivot_root("/in", "/in"), EBUSY);
	EQ(setuid(1000), 0);
	ERR(pivot_root("/in", "/in"), EPERM);
}

GTEST(pivot_refused, "are wrong uses of pivot_root refused as on Linux?")
{
	own_tree();
	in_tmpfs_root(pivot_errors);
	EQ(umount2("/tmp/top", MNT_DETACH), 0);
}

GTEST(detach_busy, "do users of a detached mount go on, and only they?")
{
	char buf[8], cwd[PATH_MAX];
	int fd, dir;

	own_tree();
	mount_tmpfs("/tmp/m");
	put_file("/tmp/m/file", "text");
	mkdir("/tmp/m/dir", 0755);
	fd = open("/tmp/m/file", O_RDWR);
	dir = open("/tmp/m/dir", O_RDONLY | O_DIRECTORY);
	EQ(chdir("/tmp/m/dir"), 0);
	ERR(umount("/tmp/m"), EBUSY);
	ERR(umount2("/tmp/m", MNT_FORCE), EBUSY);
	EQ(umount2("/tmp/m", MNT_DETACH), 0);
	ERR(access("/tmp/m/file", F_OK), ENOENT);
	ERR(umount2("/tmp/m", MNT_DETACH), EINVAL);
	EQ(read(fd, buf, 8), 4);
	EQ(write(fd, "more", 4), 4);
	EQ(openat(dir, "none", O_RDONLY), -1);
	put_file("here", "in a place without a name");
	CHECK(has_text("here", "in a place without a name"));
	CHECK(has_text("../file", "textmore"));
	EQ(access("../../tmp", F_OK), -1); /* no way up */
	EQ(mkdirat(dir, "sub", 0755), 0);
	EQ(unlinkat(dir, "sub", AT_REMOVEDIR), 0);
	EQ(syscall(SYS_getcwd, cwd, sizeof(cwd)) >= 0 ? cwd[0] != '/' : 1, 1);
	EQ(chdir("/"), 0);
	close(dir);
	EQ(lseek(fd, 0, SEEK_SET), 0);
	EQ(read(fd, buf, 8), 8);
	close(fd);
}

GTEST(detach_tree, "does detaching take the mounts below with it?")
{
	int fd;

	own_tree();
	mount_tmpfs("/tmp/m");
	mount_tmpfs("/tmp/m/a");
	mount_tmpfs("/tmp/m/a/b");
	mount_tmpfs("/tmp/m/c");
	put_file("/tmp/m/a/b/file", "deep");
	fd = open("/tmp/m/a/b/file", O_RDONLY);
	CHECK(is_listed("/tmp/m/a/b"));
	ERR(umount("/tmp/m"), EBUSY);
	EQ(umount2("/tmp/m", MNT_DETACH), 0);
	CHECK(!is_listed("/tmp/m"));
	CHECK(!is_listed("/tmp/m/a/b"));
	CHECK(!is_listed("/tmp/m/c"));
	close(fd);
	mount_tmpfs("/tmp/m");
	EQ(umount("/tmp/m"), 0);
}

GTEST(umount_link, "does UMOUNT_NOFOLLOW leave a link's target alone?")
{
	own_tree();
	mount_tmpfs("/tmp/m");
	unlink("/tmp/l");
	EQ(symlink("/tmp/m", "/tmp/l"), 0);
	ERR(umount2("/tmp/l", UMOUNT_NOFOLLOW), EINVAL);
	ERR(umount2("/tmp/l", 0x100), EINVAL);
	EQ(umount2("/tmp/l", 0), 0);
	unlink("/tmp/l");
}

GTEST(detach_many, "do thousands of detached mounts with users leave nothing?")
{
	int fd[8];

	own_tree();
	for (int i = 0; i < 2000; i++) {
		char name[64];

		mount_tmpfs("/tmp/m");
		put_file("/tmp/m/file", "text");
		for (int k = 0; k < 5; k++) {
			snprintf(name, sizeof(name), "/tmp/m/none%d", k);
			ERR(access(name, F_OK), ENOENT);
		}
		if (i >= 8)
			close(fd[i % 8]);
		fd[i % 8] = open("/tmp/m/file", O_RDONLY);
		EQ(umount2("/tmp/m", MNT_DETACH), 0);
	}
	for (int i = 0; i < 8; i++)
		close(fd[i]);
}

/* --- bind, move, remount --------------------------------------------------- */

/* The mountinfo fields root and options of the mount at where; "" if none. */
static void
mountinfo(const char *where, char root[256], char options[256])
{
	char line[1024], place[256], r[256], o[256];
	FILE *f = fopen("/proc/self/mountinfo", "r");

	root[0] = options[0] = '\0';
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*d %*d %*s %255s %255s %255s", r, place,
			o) == 3 &&
		    strcmp(place, where) == 0) {
			strcpy(root, r);
			strcpy(options, o);
		}
	fclose(f);
}

static bool
has_option(const char *options, const char *what)
{
	char copy[256];

	strcpy(copy, options);
	for (char *s = strtok(copy, ","); s != NULL; s = strtok(NULL, ","))
		if (strcmp(s, what) == 0)
			return (true);
	return (false);
}

GTEST(bind_dir, "does a bind mount show the same files, with its own way up?")
{
	char root[256], options[256], cwd[PATH_MAX];
	struct stat a, b;

	own_tree();
	mount_tmpfs("/tmp/m");
	mkdir("/tmp/m/sub", 0755);
	put_file("/tmp/m/sub/file", "text");
	put_file("/tmp/m/above", "above");
	mkdir("/tmp/b", 0755);
	put_file("/tmp/beside", "beside");
	EQ(mount("/tmp/m/sub", "/tmp/b", NULL, MS_BIND, NULL), 0);
	CHECK(has_text("/tmp/b/file", "text"));
	EQ(stat("/tmp/b/file", &a), 0);
	EQ(stat("/tmp/m/sub/file", &b), 0);
	EQ(a.st_ino, b.st_ino);
	EQ(a.st_dev, b.st_dev);
	put_file("/tmp/b/new", "new");
	CHECK(has_text("/tmp/m/sub/new", "new"));
	CHECK(has_text("/tmp/b/../beside", "beside"));
	ERR(access("/tmp/b/../above", F_OK), ENOENT);
	EQ(chdir("/tmp/b"), 0);
	CHECK(strcmp(getcwd(cwd, sizeof(cwd)), "/tmp/b") == 0);
	CHECK(has_text("../beside", "beside"));
	chdir("/");
	mountinfo("/tmp/b", root, options);
	CHECK(strcmp(root, "/sub") == 0);
	/* a link across two mounts of one file system is refused */
	ERR(link("/tmp/m/sub/file", "/tmp/b/link"), EXDEV);
	ERR(rename("/tmp/m/sub/file", "/tmp/b/other"), EXDEV);
	EQ(rename("/tmp/b/file", "/tmp/b/moved"), 0);
	CHECK(has_text("/tmp/m/sub/moved", "text"));
	/* the first mount may go; the file system stays */
	EQ(umount("/tmp/m"), 0);
	CHECK(has_text("/tmp/b/moved", "text"));
	put_file("/tmp/b/more", "more");
	CHECK(has_text("/tmp/b/more", "more"));
	EQ(umount("/tmp/b"), 0);
	ERR(access("/tmp/b/moved", F_OK), ENOENT);
	unlink("/tmp/beside");
}

GTEST(bind_busy, "is a bind mount busy while it is used, and only it?")
{
	int fd;

	own_tree();
	mount_tmpfs("/tmp/m");
	put_file("/tmp/m/file", "text");
	mkdir("/tmp/b", 0755);
	EQ(mount("/tmp/m", "/tmp/b", NULL, MS_BIND, NULL), 0);
	fd = open("/tmp/b/file", O_RDONLY);
	ERR(umount("/tmp/b"), EBUSY);
	EQ(umount("/tmp/m"), 0);
	ERR(umount("/tmp/b"), EBUSY);
	close(fd);
	EQ(umount("/tmp/b"), 0);
	mount_tmpfs("/tmp/m");
	put_file("/tmp/m/file", "text");
	EQ(mount("/tmp/m", "/tmp/b", NULL, MS_BIND, NULL), 0);
	fd = open("/tmp/m/file", O_RDONLY);
	ERR(umount("/tmp/m"), EBUSY);
	EQ(umount("/tmp/b"), 0);
	close(fd);
	EQ(umount("/tmp/m"), 0);
}

GTEST(bind_file, "can a file be mounted on a file, and kinds not be mixed?")
{
	own_tree();
	put_file("/tmp/fa", "a");
	put_file("/tmp/fb", "b");
	mkdir("/tmp/fd", 0755);
	EQ(mount("/tmp/fa", "/tmp/fb", NULL, MS_BIND, NULL), 0);
	CHECK(has_text("/tmp/fb", "a"));
	put_file("/tmp/fb", "changed");
	CHECK(has_text("/tmp/fa", "changed"));
	ERR(unlink("/tmp/fb"), EBUSY);
	EQ(umount("/tmp/fb"), 0);
	CHECK(has_text("/tmp/fb", "b"));
	ERR(mount("/tmp/fa", "/tmp/fd", NULL, MS_BIND, NULL), ENOTDIR);
	ERR(mount("/tmp/fd", "/tmp/fa", NULL, MS_BIND, NULL), ENOTDIR);
	ERR(mount("/tmp/none", "/tmp/fa", NULL, MS_BIND, NULL), ENOENT);
	ERR(mount(NULL, "/tmp/fa", NULL, MS_BIND, NULL), EINVAL);
	unlink("/tmp/fa");
	unlink("/tmp/fb");
	rmdir("/tmp/fd");
}

GTEST(bind_tree, "does MS_REC take the mounts below along, and plain not?")
{
	own_tree();
	mount_tmpfs("/tmp/m");
	mount_tmpfs("/tmp/m/x");
	mount_tmpfs("/tmp/m/x/y");
	put_file("/tmp/m/x/file", "x");
	put_file("/tmp/m/x/y/file", "y");
	mkdir("/tmp/b", 0755);
	EQ(mount("/tmp/m", "/tmp/b", NULL, MS_BIND, NULL), 0);
	ERR(access("/tmp/b/x/file", F_OK), ENOENT);
	EQ(umount("/tmp/b"), 0);
	EQ(mount("/tmp/m", "/tmp/b", NULL, MS_BIND | MS_REC, NULL), 0);
	CHECK(has_text("/tmp/b/x/file", "x"));
	CHECK(has_text("/tmp/b/x/y/file", "y"));
	CHECK(is_listed("/tmp/b/x/y"));
	EQ(umount2("/tmp/m", MNT_DETACH), 0);
	CHECK(has_text("/tmp/b/x/y/file", "y"));
	/* into itself: what is there before, once */
	EQ(mkdir("/tmp/b/in", 0755), 0);
	EQ(mount("/tmp/b", "/tmp/b/in", NULL, MS_BIND | MS_REC, NULL), 0);
	CHECK(has_text("/tmp/b/in/x/y/file", "y"));
	ERR(access("/tmp/b/in/in/x", F_OK), ENOENT);
	EQ(umount2("/tmp/b", MNT_DETACH), 0);
	CHECK(!is_listed("/tmp/b"));
}

GTEST(move, "does MS_MOVE take a mount with all below it to another place?")
{
	own_tree();
	mount_tmpfs("/tmp/m");
	mount_tmpfs("/tmp/m/x");
	put_file("/tmp/m/x/file", "x");
	mkdir("/tmp/n", 0755);
	mkdir("/tmp/m/plain", 0755);
	put_file("/tmp/f", "");
	EQ(mount("/tmp/m", "/tmp/n", NULL, MS_MOVE, NULL), 0);
	CHECK(has_text("/tmp/n/x/file", "x"));
	CHECK(is_listed("/tmp/n/x"));
	CHECK(!is_listed("/tmp/m"));
	ERR(access("/tmp/m/x", F_OK), ENOENT);
	ERR(mount("/tmp/n/plain", "/tmp/m", NULL, MS_MOVE, NULL), EINVAL);
	ERR(mount("/tmp/n", "/tmp/n/x", NULL, MS_MOVE, NULL), ELOOP);
	ERR(mount("/tmp/n", "/tmp/f", NULL, MS_MOVE, NULL), EINVAL);
	EQ(umount("/tmp/n/x"), 0);
	EQ(umount("/tmp/n"), 0);
	unlink("/tmp/f");
}

GTEST(readonly_bind, "is a read-only bind mount so, and the original not?")
{
	char root[256], options[256];
	struct statfs sf;

	own_tree();
	mount_tmpfs("/tmp/m");
	put_file("/tmp/m/file", "text");
	mkdir("/tmp/b", 0755);
	EQ(mount("/tmp/m", "/tmp/b", NULL, MS_BIND, NULL), 0);
	EQ(mount(NULL, "/tmp/b", NULL,
	       MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL),
	    0);
	mountinfo("/tmp/b", root, options);
	CHECK(has_option(options, "ro") && has_option(options, "nosuid"));
	mountinfo("/tmp/m", root, options);
	CHECK(has_option(options, "rw"));
	EQ(statfs("/tmp/b", &sf), 0);
	EQ(sf.f_flags & ST_RDONLY, ST_RDONLY);
	EQ(statfs("/tmp/m", &sf), 0);
	EQ(sf.f_flags & ST_RDONLY, 0);
	ERR(open("/tmp/b/file", O_WRONLY), EROFS);
	ERR(open("/tmp/b/new", O_WRONLY | O_CREAT, 0644), EROFS);
	ERR(truncate("/tmp/b/file", 0), EROFS);
	ERR(mkdir("/tmp/b/d", 0755), EROFS);
	ERR(unlink("/tmp/b/file"), EROFS);
	ERR(rename("/tmp/b/file", "/tmp/b/x"), EROFS);
	ERR(chmod("/tmp/b/file", 0600), EROFS);
	ERR(chown("/tmp/b/file", 1, 1), EROFS);
	ERR(utimensat(AT_FDCWD, "/tmp/b/file", NULL, 0), EROFS);
	ERR(setxattr("/tmp/b/file", "user.x", "v", 1, 0), EROFS);
	ERR(access("/tmp/b/file", W_OK), EROFS);
	CHECK(has_text("/tmp/b/file", "text"));
	put_file("/tmp/m/file", "other");
	CHECK(has_text("/tmp/b/file", "other"));
	EQ(umount("/tmp/b"), 0);
	EQ(umount("/tmp/m"), 0);
}

GTEST(remount, "does a remount make the file system read-only, and back?")
{
	int fd;

	own_tree();
	mount_tmpfs("/tmp/m");
	put_file("/tmp/m/file", "text");
	fd = open("/tmp/m/file", O_WRONLY);
	ERR(mount(NULL, "/tmp/m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	close(fd);
	EQ(mount(NULL, "/tmp/m", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	ERR(open("/tmp/m/file", O_WRONLY), EROFS);
	ERR(mkdir("/tmp/m/d", 0755), EROFS);
	EQ(mount(NULL, "/tmp/m", NULL, MS_REMOUNT, NULL), 0);
	EQ(mkdir("/tmp/m/d", 0755), 0);
	ERR(mount(NULL, "/tmp/m/d", NULL, MS_REMOUNT, NULL), EINVAL);
	EQ(mount(NULL, "/tmp/m", NULL, MS_REMOUNT, "size=64k"), 0);
	fd = open("/tmp/m/big", O_WRONLY | O_CREAT, 0644);
	for (int i = 0; i < 16; i++) {
		char page[4096] = "";

		if (write(fd, page, sizeof(page)) != sizeof(page)) {
			EQ(errno, ENOSPC);
			break;
		}
		CHECK(i < 16);
	}
	ERR(write(fd, "xxxx", 4), ENOSPC);
	close(fd);
	ERR(mount(NULL, "/tmp/m", NULL, MS_REMOUNT, "size=4k"), EINVAL);
	EQ(umount("/tmp/m"), 0);
}

GTEST(mount_flags, "do nodev, noexec and nosuid hold?")
{
	char self[256];
	int n, in, out, status;
	char buf[65536];
	pid_t pid;

	own_tree();
	n = (int)readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n] = '\0';
	mkdir("/tmp/m", 0755);
	EQ(mount("none", "/tmp/m", "tmpfs", MS_NODEV | MS_NOEXEC | MS_NOSUID,
	       "mode=755"),
	    0);
	in = open(self, O_RDONLY);
	out = open("/tmp/m/prog", O_WRONLY | O_CREAT, 0755);
	while ((n = (int)read(in, buf, sizeof(buf))) > 0)
		EQ(write(out, buf, (size_t)n), n);
	close(out);
	fchmod(open("/tmp/m/prog", O_RDONLY), 04755);
	ERR(access("/tmp/m/prog", X_OK), EACCES);
	ERR(execl("/tmp/m/prog", "prog", "id", NULL), EACCES);
	out = open("/tmp/m/prog", O_RDONLY);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, out, 0) ==
	    MAP_FAILED);
	EQ(errno, EPERM);
	close(out);
	EQ(mknod("/tmp/m/null", S_IFCHR | 0666, 0x103), 0);
	ERR(open("/tmp/m/null", O_RDONLY), EACCES);
	EQ(mount(NULL, "/tmp/m", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL),
	    0);
	CHECK(open("/tmp/m/null", O_RDONLY) >= 0);
	for (int suid = 0; suid < 2; suid++) {
		if (suid)
			EQ(mount(NULL, "/tmp/m", NULL, MS_REMOUNT | MS_BIND,
			       NULL),
			    0);
		if ((pid = fork()) == 0) {
			EQ(setuid(1000), 0);
			execl("/tmp/m/prog", "prog", "id", NULL);
			_exit(99);
		}
		waitpid(pid, &status, 0);
		EQ(WEXITSTATUS(status), suid ? 0 : 1);
	}
	umount2("/tmp/m", MNT_DETACH);
}

GTEST(id, "am I root? (what another case executes)")
{
	if (geteuid() != 0)
		_exit(1);
	if (getuid() != 0)
		_exit(0);
}

GTEST(expire, "does MNT_EXPIRE take off what was not used since the last time?")
{
	int fd;

	own_tree();
	mount_tmpfs("/tmp/m");
	put_file("/tmp/m/file", "text");
	ERR(umount2("/tmp/m", MNT_EXPIRE | MNT_DETACH), EINVAL);
	fd = open("/tmp/m/file", O_RDONLY);
	ERR(umount2("/tmp/m", MNT_EXPIRE), EBUSY);
	close(fd);
	ERR(umount2("/tmp/m", MNT_EXPIRE), EAGAIN);
	EQ(access("/tmp/m/file", F_OK), 0); /* used */
	ERR(umount2("/tmp/m", MNT_EXPIRE), EAGAIN);
	EQ(umount2("/tmp/m", MNT_EXPIRE), 0);
	ERR(umount2("/tmp/m", MNT_EXPIRE), EINVAL);
}

GTEST(propagation, "are kinds of propagation taken, and wrong ones refused?")
{
	own_tree();
	mount_tmpfs("/tmp/m");
	mkdir("/tmp/m/d", 0755);
	mkdir("/tmp/b", 0755);
	EQ(mount(NULL, "/tmp/m", NULL, MS_PRIVATE, NULL), 0);
	EQ(mount(NULL, "/tmp/m", NULL, MS_SLAVE | MS_REC, NULL), 0);
	ERR(mount(NULL, "/tmp/m", NULL, MS_PRIVATE | MS_SHARED, NULL), EINVAL);
	ERR(mount(NULL, "/tmp/m/d", NULL, MS_PRIVATE, NULL), EINVAL);
	EQ(mount(NULL, "/tmp/m", NULL, MS_UNBINDABLE, NULL), 0);
	ERR(mount("/tmp/m", "/tmp/b", NULL, MS_BIND, NULL), EINVAL);
	EQ(mount(NULL, "/tmp/m", NULL, MS_PRIVATE, NULL), 0);
	EQ(mount("/tmp/m", "/tmp/b", NULL, MS_BIND, NULL), 0);
	EQ(umount("/tmp/b"), 0);
	EQ(umount("/tmp/m"), 0);
}

GTEST(over_root, "can a mount be moved onto the root and be the new one?")
{
	struct stat st, now;
	pid_t pid;

	own_tree();
	if ((pid = fork()) == 0) {
		mount_tmpfs("/tmp/m");
		put_file("/tmp/m/mark", "new");
		EQ(stat("/tmp/m", &st), 0);
		EQ(chdir("/tmp/m"), 0);
		EQ(mount(".", "/", NULL, MS_MOVE, NULL), 0);
		EQ(chroot("."), 0);
		EQ(chdir("/"), 0);
		CHECK(has_text("/mark", "new"));
		EQ(stat("/", &now), 0);
		EQ(now.st_dev, st.st_dev);
		EQ(access("/tmp", F_OK), -1);
		EQ(umount2("/", MNT_DETACH), 0);
		_exit(gtest_failures);
	}
	int status;

	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	EQ(access("/tmp/m/mark", F_OK), -1);
}
