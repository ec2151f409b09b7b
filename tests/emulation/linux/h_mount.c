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
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
