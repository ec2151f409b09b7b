/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting in steps: fsopen, fsconfig, fsmount, fspick, open_tree, move_mount,
 * mount_setattr.  On a host with name spaces each case works in one of its own.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

/* The C library here knows some of these names and not others. */
enum {
	NR_OPEN_TREE = 428,
	NR_MOVE_MOUNT,
	NR_FSOPEN,
	NR_FSCONFIG,
	NR_FSMOUNT,
	NR_FSPICK,
	NR_MOUNT_SETATTR = 442
};
enum {
	C_FLAG,
	C_STRING,
	C_BINARY,
	C_PATH,
	C_PATH_EMPTY,
	C_FD,
	C_CREATE,
	C_RECONFIGURE
};
#define A_RDONLY      0x01
#define A_NOSUID      0x02
#define A_NODEV	      0x04
#define A_NOEXEC      0x08
#define A_ATIME	      0x70
#define A_NOATIME     0x10
#define A_STRICTATIME 0x20
#define T_CLONE	      1
#define T_RECURSIVE   0x8000
#define M_F_EMPTY     0x04
#define M_F_SYMLINKS  0x01
#define M_T_EMPTY     0x40
#define M_T_SYMLINKS  0x10

struct attr {
	uint64_t set, clr, propagation, userns;
};

static int
fs_open(const char *type, unsigned flags)
{
	return ((int)syscall(NR_FSOPEN, type, flags));
}

static int
config(int fd, int cmd, const char *key, const void *value, int aux)
{
	return ((int)syscall(NR_FSCONFIG, fd, cmd, key, value, aux));
}

static int
fs_mount(int fd, unsigned flags, unsigned attrs)
{
	return ((int)syscall(NR_FSMOUNT, fd, flags, attrs));
}

static int
open_tree_of(int dir, const char *path, unsigned flags)
{
	return ((int)syscall(NR_OPEN_TREE, dir, path, flags));
}

static int
move(int from, const char *fpath, int to, const char *tpath, unsigned flags)
{
	return ((int)syscall(NR_MOVE_MOUNT, from, fpath, to, tpath, flags));
}

static int
setattr(int dir, const char *path, unsigned flags, uint64_t set, uint64_t clr)
{
	struct attr a = {set, clr, 0, 0};

	return (
	    (int)syscall(NR_MOUNT_SETATTR, dir, path, flags, &a, sizeof(a)));
}

/* --- helpers ----------------------------------------------------------------------- */

static void
own_tree(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mkdir("/tmp/m", 0755);
	mkdir("/tmp/n", 0755);
}

static void
put_file(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool
has_text(int dir, const char *path, const char *text)
{
	char buf[64];
	int fd = openat(dir, path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (fd >= 0)
		close(fd);
	return (
	    n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0);
}

/* The options of the mount at where, of itself and of its file system. */
static bool
mountinfo(const char *where, char own[256], char super[256])
{
	char line[1024], place[256], o[256], *s;
	FILE *f = fopen("/proc/self/mountinfo", "r");
	bool found = false;

	own[0] = super[0] = '\0';
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*d %*d %*s %*s %255s %255s", place, o) !=
			2 ||
		    strcmp(place, where) != 0)
			continue;
		found = true;
		strcpy(own, o);
		if ((s = strstr(line, " - ")) != NULL)
			sscanf(s, " - %*s %*s %255s", super);
	}
	if (f != NULL)
		fclose(f);
	return (found);
}

static bool
is_listed(const char *where)
{
	char own[256], super[256];

	return (mountinfo(where, own, super));
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

/* A tmpfs that hangs nowhere. */
static int
new_tmpfs(unsigned attrs)
{
	int fs = fs_open("tmpfs", 1), fd;

	CHECK(fs >= 0);
	EQ(config(fs, C_CREATE, NULL, NULL, 0), 0);
	fd = fs_mount(fs, 1, attrs);
	CHECK(fd >= 0);
	close(fs);
	return (fd);
}

/* --- cases ---------------------------------------------------------------------------- */

GTEST(steps, "is a tmpfs that is mounted in steps there, as it was told?")
{
	char own[256], super[256];
	struct statfs sf;
	struct stat st;
	int fs, fd;

	own_tree();
	fs = fs_open("tmpfs", 1);
	CHECK(fs >= 0);
	EQ(fcntl(fs, F_GETFD), FD_CLOEXEC);
	EQ(config(fs, C_STRING, "source", "mine", 0), 0);
	EQ(config(fs, C_STRING, "size", "1m", 0), 0);
	EQ(config(fs, C_STRING, "mode", "711", 0), 0);
	EQ(config(fs, C_CREATE, NULL, NULL, 0), 0);
	fd = fs_mount(fs, 0, A_NOSUID | A_NODEV | A_NOATIME);
	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFD), 0);
	EQ(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	CHECK(!is_listed("/tmp/m"));
	put_file(fd, "early", "before it is anywhere");
	EQ(move(fd, "", AT_FDCWD, "/tmp/m", M_F_EMPTY), 0);
	CHECK(has_text(AT_FDCWD, "/tmp/m/early", "before it is anywhere"));
	CHECK(mountinfo("/tmp/m", own, super));
	CHECK(has_option(own, "nosuid") && has_option(own, "nodev") &&
	    has_option(own, "noatime") && has_option(own, "rw"));
	EQ(statfs("/tmp/m", &sf), 0);
	EQ(sf.f_blocks * (unsigned long)sf.f_bsize, 1 << 20);
	EQ(stat("/tmp/m", &st), 0);
	EQ(st.st_mode & 07777, 0711);
	close(fd);
	close(fs);
	EQ(umount("/tmp/m"), 0);
}

GTEST(never_hung, "does a mount go with its descriptor if it hangs nowhere?")
{
	int fd, in, dir;

	own_tree();
	fd = new_tmpfs(0);
	put_file(fd, "file", "text");
	EQ(mkdirat(fd, "dir", 0755), 0);
	in = openat(fd, "file", O_RDONLY);
	dir = openat(fd, "dir", O_RDONLY | O_DIRECTORY);
	EQ(openat(fd, "../tmp", O_PATH), -1); /* its root is its top */
	CHECK(has_text(dir, "../file", "text"));
	close(fd);
	EQ(lseek(in, 0, SEEK_END), 4); /* who uses it goes on */
	close(in);
	close(dir);
	fd = new_tmpfs(0);
	in = dup(fd); /* as long as one is open */
	close(fd);
	put_file(in, "file", "text");
	EQ(move(in, "", AT_FDCWD, "/tmp/m", M_F_EMPTY), 0);
	close(in);
	CHECK(has_text(AT_FDCWD, "/tmp/m/file", "text"));
	EQ(umount("/tmp/m"), 0);
}

GTEST(read_only, "is a file system read-only that was told so, and its mounts?")
{
	char own[256], super[256];
	int fs, fd;

	own_tree();
	fs = fs_open("tmpfs", 0);
	EQ(fcntl(fs, F_GETFD), 0);
	EQ(config(fs, C_FLAG, "ro", NULL, 0), 0);
	EQ(config(fs, C_CREATE, NULL, NULL, 0), 0);
	fd = fs_mount(fs, 0, 0);
	ERR(mkdirat(fd, "d", 0755), EROFS);
	EQ(move(fd, "", AT_FDCWD, "/tmp/m", M_F_EMPTY), 0);
	CHECK(mountinfo("/tmp/m", own, super));
	CHECK(has_option(super, "ro"));
	/* the same descriptor changes it */
	EQ(config(fs, C_FLAG, "rw", NULL, 0), 0);
	EQ(config(fs, C_RECONFIGURE, NULL, NULL, 0), 0);
	EQ(mkdir("/tmp/m/d", 0755), 0);
	close(fd);
	close(fs);
	EQ(umount("/tmp/m"), 0);
	fd = new_tmpfs(A_RDONLY);
	ERR(mkdirat(fd, "d", 0755), EROFS);
	close(fd);
}

GTEST(pick, "does fspick change a file system that is mounted?")
{
	char own[256], super[256];
	struct statfs sf;
	int fs, fd;

	own_tree();
	EQ(mount("none", "/tmp/m", "tmpfs", 0, "size=64k"), 0);
	mkdir("/tmp/m/d", 0755);
	ERR(syscall(NR_FSPICK, AT_FDCWD, "/tmp/m/d", 0), EINVAL);
	ERR(syscall(NR_FSPICK, AT_FDCWD, "/tmp/none", 0), ENOENT);
	ERR(syscall(NR_FSPICK, AT_FDCWD, "/tmp/m", 0x100), EINVAL);
	fs = (int)syscall(NR_FSPICK, AT_FDCWD, "/tmp/m", 1);
	CHECK(fs >= 0);
	EQ(fcntl(fs, F_GETFD), FD_CLOEXEC);
	ERR(config(fs, C_CREATE, NULL, NULL, 0), EBUSY);
	EQ(config(fs, C_STRING, "size", "128k", 0), 0);
	EQ(config(fs, C_RECONFIGURE, NULL, NULL, 0), 0);
	EQ(statfs("/tmp/m", &sf), 0);
	EQ(sf.f_blocks * (unsigned long)sf.f_bsize, 128 << 10);
	fd = open("/tmp/m/file", O_WRONLY | O_CREAT, 0644);
	EQ(config(fs, C_FLAG, "ro", NULL, 0), 0);
	ERR(config(fs, C_RECONFIGURE, NULL, NULL, 0), EBUSY);
	close(fd);
	close(fs);
	fs = (int)syscall(NR_FSPICK, AT_FDCWD, "/tmp/m", 0);
	EQ(config(fs, C_FLAG, "ro", NULL, 0), 0);
	EQ(config(fs, C_RECONFIGURE, NULL, NULL, 0), 0);
	ERR(mkdir("/tmp/m/e", 0755), EROFS);
	CHECK(mountinfo("/tmp/m", own, super));
	CHECK(has_option(super, "ro"));
	close(fs);
	EQ(umount("/tmp/m"), 0);
}

GTEST(wrong_steps, "are wrong parameters and steps out of order refused?")
{
	char text[300], word[256];
	int fs, fd;
	ssize_t n;

	own_tree();
	ERR(fs_open("nofs", 0), ENODEV);
	ERR(fs_open("tmpfs", 2), EINVAL);
	ERR(fs_open((char *)8, 0), EFAULT);
	fs = fs_open("tmpfs", 0);
	ERR(config(-1, C_FLAG, "ro", NULL, 0), EINVAL);
	ERR(config(999, C_FLAG, "ro", NULL, 0), EBADF);
	ERR(config(0, C_FLAG, "ro", NULL, 0), EINVAL);
	ERR(config(fs, C_FLAG, NULL, NULL, 0), EINVAL);
	ERR(config(fs, C_FLAG, "ro", "x", 0), EINVAL);
	ERR(config(fs, C_FLAG, "ro", NULL, 1), EINVAL);
	ERR(config(fs, C_STRING, "size", NULL, 0), EINVAL);
	ERR(config(fs, C_STRING, "size", "1m", 1), EINVAL);
	ERR(config(fs, C_FD, "size", NULL, -1), EINVAL);
	ERR(config(fs, C_FD, "size", NULL, 999), EBADF);
	ERR(config(fs, C_PATH, "size", "/", -7), EINVAL);
	ERR(config(fs, C_CREATE, "x", NULL, 0), EINVAL);
	ERR(config(fs, 99, NULL, NULL, 0), EOPNOTSUPP);
	ERR(config(fs, C_FLAG, (char *)8, NULL, 0), EFAULT);
	memset(word, 'w', sizeof(word) - 1);
	word[255] = '\0';
	ERR(config(fs, C_STRING, "nonsense", word, 0), EINVAL);
	n = read(fs, text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n > 0 ? n : 0] = '\0';
	CHECK(strncmp(text, "e tmpfs: ", 9) == 0 &&
	    strstr(text, "nonsense") != NULL);
	ERR(read(fs, text, sizeof(text)), ENODATA);
	EQ(config(fs, C_STRING, "source", "a", 0), 0);
	ERR(config(fs, C_STRING, "source", "b", 0), EINVAL);
	ERR(fs_mount(fs, 0, 0), EINVAL); /* there is nothing yet */
	ERR(config(fs, C_RECONFIGURE, NULL, NULL, 0), EBUSY);
	EQ(config(fs, C_CREATE, NULL, NULL, 0), 0);
	ERR(config(fs, C_CREATE, NULL, NULL, 0), EBUSY);
	ERR(config(fs, C_FLAG, "ro", NULL, 0), EBUSY);
	ERR(fs_mount(fs, 2, 0), EINVAL);
	ERR(fs_mount(fs, 0, 0x70), EINVAL);
	ERR(fs_mount(fs, 0, 0x80000000), EINVAL);
	ERR(fs_mount(0, 0, 0), EINVAL);
	ERR(fs_mount(999, 0, 0), EBADF);
	fd = fs_mount(fs, 0, A_STRICTATIME);
	CHECK(fd >= 0);
	ERR(fs_mount(fs, 0, 0), EBUSY);
	ERR(move(fd, "", AT_FDCWD, "/tmp/m", 0), ENOENT);
	ERR(move(fd, "", AT_FDCWD, "/tmp/m", 0x8000), EINVAL);
	ERR(move(fd, "", AT_FDCWD, "/tmp/none", M_F_EMPTY), ENOENT);
	put_file(AT_FDCWD, "/tmp/plain", "");
	ERR(move(fd, "", AT_FDCWD, "/tmp/plain", M_F_EMPTY), EINVAL);
	ERR(move(AT_FDCWD, "/tmp/n", AT_FDCWD, "/tmp/m", 0), EINVAL);
	close(fd);
	close(fs);
	unlink("/tmp/plain");
	fs = fs_open("tmpfs", 0); /* closed with a file system nobody mounted */
	EQ(config(fs, C_CREATE, NULL, NULL, 0), 0);
	close(fs);
}

GTEST(not_root, "may only root mount in steps?")
{
	int status, fd;
	pid_t pid;

	own_tree();
	fd = new_tmpfs(0);
	if ((pid = fork()) == 0) {
		EQ(setuid(1000), 0);
		ERR(fs_open("tmpfs", 0), EPERM);
		ERR(syscall(NR_FSPICK, AT_FDCWD, "/tmp", 0), EPERM);
		ERR(move(fd, "", AT_FDCWD, "/tmp/m", M_F_EMPTY), EPERM);
		ERR(open_tree_of(AT_FDCWD, "/tmp", T_CLONE), EPERM);
		CHECK(open_tree_of(AT_FDCWD, "/tmp", 0) >= 0);
		ERR(setattr(AT_FDCWD, "/tmp", 0, A_RDONLY, 0), EPERM);
		_exit(gtest_failures != 0);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	close(fd);
}

GTEST(trees, "does open_tree copy a place, or all that is mounted there?")
{
	int fd, all, plain;

	own_tree();
	EQ(mount("none", "/tmp/m", "tmpfs", 0, NULL), 0);
	put_file(AT_FDCWD, "/tmp/m/file", "m");
	mkdir("/tmp/m/x", 0755);
	EQ(mount("none", "/tmp/m/x", "tmpfs", 0, NULL), 0);
	put_file(AT_FDCWD, "/tmp/m/x/file", "x");
	ERR(open_tree_of(AT_FDCWD, "/tmp/m", T_RECURSIVE), EINVAL);
	ERR(open_tree_of(AT_FDCWD, "/tmp/m", 2), EINVAL);
	ERR(open_tree_of(AT_FDCWD, "/tmp/none", T_CLONE), ENOENT);
	plain = open_tree_of(AT_FDCWD, "/tmp/m", O_CLOEXEC);
	EQ(fcntl(plain, F_GETFD), FD_CLOEXEC);
	EQ(fcntl(plain, F_GETFL) & O_PATH, O_PATH);
	fd = open_tree_of(AT_FDCWD, "/tmp/m", T_CLONE | O_CLOEXEC);
	all = open_tree_of(AT_FDCWD, "/tmp/m", T_CLONE | T_RECURSIVE);
	CHECK(fd >= 0 && all >= 0);
	CHECK(has_text(fd, "file", "m"));
	EQ(faccessat(fd, "x/file", F_OK, 0), -1);
	CHECK(has_text(all, "x/file", "x"));
	EQ(umount2("/tmp/m", MNT_DETACH), 0);
	CHECK(has_text(all, "x/file", "x"));
	EQ(move(all, "", AT_FDCWD, "/tmp/n", M_F_EMPTY), 0);
	CHECK(is_listed("/tmp/n/x"));
	CHECK(has_text(AT_FDCWD, "/tmp/n/x/file", "x"));
	close(fd);
	close(plain);
	close(all);
	/* a part of a file system */
	mkdir("/tmp/n/sub", 0755);
	put_file(AT_FDCWD, "/tmp/n/sub/file", "sub");
	fd = open_tree_of(AT_FDCWD, "/tmp/n/sub", T_CLONE);
	EQ(move(fd, "", AT_FDCWD, "/tmp/m", M_F_EMPTY), 0);
	CHECK(has_text(AT_FDCWD, "/tmp/m/file", "sub"));
	EQ(umount("/tmp/m"), -1); /* the descriptor is a user */
	close(fd);
	EQ(umount("/tmp/m"), 0);
	EQ(umount2("/tmp/n", MNT_DETACH), 0);
}

GTEST(moving, "does move_mount move what is mounted, by name and descriptor?")
{
	int fd, dir;

	own_tree();
	EQ(mount("none", "/tmp/m", "tmpfs", 0, NULL), 0);
	put_file(AT_FDCWD, "/tmp/m/file", "m");
	unlink("/tmp/link");
	EQ(symlink("/tmp/m", "/tmp/link"), 0);
	ERR(move(AT_FDCWD, "/tmp/link", AT_FDCWD, "/tmp/n", 0), EINVAL);
	EQ(move(AT_FDCWD, "/tmp/link", AT_FDCWD, "/tmp/n", M_F_SYMLINKS), 0);
	CHECK(has_text(AT_FDCWD, "/tmp/n/file", "m"));
	CHECK(!is_listed("/tmp/m"));
	EQ(move(AT_FDCWD, "/tmp/n", AT_FDCWD, "/tmp/link", M_T_SYMLINKS), 0);
	CHECK(has_text(AT_FDCWD, "/tmp/m/file", "m"));
	fd = open("/tmp/m", O_PATH);
	dir = open("/tmp/n", O_PATH);
	EQ(move(fd, "", dir, "", M_F_EMPTY | M_T_EMPTY), 0);
	CHECK(has_text(AT_FDCWD, "/tmp/n/file", "m"));
	close(fd);
	close(dir);
	mkdir("/tmp/n/in", 0755);
	ERR(move(AT_FDCWD, "/tmp/n", AT_FDCWD, "/tmp/n/in", 0), ELOOP);
	unlink("/tmp/link");
	EQ(umount("/tmp/n"), 0);
}

GTEST(attributes, "does mount_setattr set and clear what a mount is, or all?")
{
	char own[256], super[256];
	struct attr a = {0, 0, MS_PRIVATE, 0};
	int fd;

	own_tree();
	EQ(mount("none", "/tmp/m", "tmpfs", 0, NULL), 0);
	mkdir("/tmp/m/x", 0755);
	EQ(mount("none", "/tmp/m/x", "tmpfs", MS_NODEV, NULL), 0);
	EQ(setattr(AT_FDCWD, "/tmp/m", 0, A_NOSUID | A_NOEXEC, 0), 0);
	mountinfo("/tmp/m", own, super);
	CHECK(has_option(own, "nosuid") && has_option(own, "noexec"));
	mountinfo("/tmp/m/x", own, super);
	CHECK(!has_option(own, "nosuid") && has_option(own, "nodev"));
	EQ(setattr(AT_FDCWD, "/tmp/m", T_RECURSIVE, A_RDONLY | A_NOATIME,
	       A_NOSUID | A_NODEV | A_ATIME),
	    0);
	mountinfo("/tmp/m", own, super);
	CHECK(has_option(own, "ro") && has_option(own, "noexec") &&
	    has_option(own, "noatime") && !has_option(own, "nosuid"));
	CHECK(has_option(super, "rw"));
	mountinfo("/tmp/m/x", own, super);
	CHECK(has_option(own, "ro") && !has_option(own, "nodev"));
	ERR(mkdir("/tmp/m/x/d", 0755), EROFS);
	EQ(setattr(AT_FDCWD, "/tmp/m/x", 0, 0, A_RDONLY), 0);
	EQ(mkdir("/tmp/m/x/d", 0755), 0);
	ERR(mkdir("/tmp/m/d", 0755), EROFS);
	fd = open("/tmp/m/x/file", O_WRONLY | O_CREAT, 0644);
	ERR(setattr(AT_FDCWD, "/tmp/m/x", 0, A_RDONLY, 0), EBUSY);
	close(fd);
	EQ(setattr(AT_FDCWD, "/tmp/m/x", 0, A_RDONLY, 0), 0);
	/* by a descriptor, also of what hangs nowhere */
	fd = new_tmpfs(0);
	EQ(setattr(fd, "", AT_EMPTY_PATH, A_RDONLY, 0), 0);
	ERR(mkdirat(fd, "d", 0755), EROFS);
	close(fd);
	EQ(setattr(AT_FDCWD, "/tmp/m", 0, 0, 0), 0);
	EQ(setattr(AT_FDCWD, "/tmp/none", 0, 0, 0), 0); /* nothing asked */
	EQ(syscall(NR_MOUNT_SETATTR, AT_FDCWD, "/tmp/m", 0, &a, sizeof(a)), 0);
	EQ(umount2("/tmp/m", MNT_DETACH), 0);
}

GTEST(wrong_attributes, "are attributes that contradict each other refused?")
{
	struct {
		struct attr a;
		uint64_t more;
	} longer = {{A_RDONLY, 0, 0, 0}, 1};
	struct attr a = {A_RDONLY, 0, 0, 0};

	own_tree();
	EQ(mount("none", "/tmp/m", "tmpfs", 0, NULL), 0);
	mkdir("/tmp/m/d", 0755);
	ERR(setattr(AT_FDCWD, "/tmp/m/d", 0, A_RDONLY, 0), EINVAL);
	ERR(setattr(AT_FDCWD, "/tmp/none", 0, A_RDONLY, 0), ENOENT);
	ERR(setattr(AT_FDCWD, "/tmp/m", 0x40, A_RDONLY, 0), EINVAL);
	ERR(setattr(AT_FDCWD, "/tmp/m", 0, 1ULL << 40, 0), EINVAL);
	ERR(setattr(AT_FDCWD, "/tmp/m", 0, 0, 1ULL << 40), EINVAL);
	ERR(setattr(AT_FDCWD, "/tmp/m", 0, A_NOATIME, 0), EINVAL);
	ERR(setattr(AT_FDCWD, "/tmp/m", 0, 0, A_NOATIME), EINVAL);
	ERR(setattr(AT_FDCWD, "/tmp/m", 0, 0x30, A_ATIME), EINVAL);
	ERR(syscall(NR_MOUNT_SETATTR, AT_FDCWD, "/tmp/m", 0, &a, 31), EINVAL);
	ERR(syscall(NR_MOUNT_SETATTR, AT_FDCWD, "/tmp/m", 0, &a, 1 << 20),
	    E2BIG);
	ERR(syscall(NR_MOUNT_SETATTR, AT_FDCWD, "/tmp/m", 0, &longer,
		sizeof(longer)),
	    E2BIG);
	longer.more = 0;
	EQ(syscall(NR_MOUNT_SETATTR, AT_FDCWD, "/tmp/m", 0, &longer,
	       sizeof(longer)),
	    0);
	ERR(syscall(NR_MOUNT_SETATTR, AT_FDCWD, "/tmp/m", 0, 8, 32), EFAULT);
	a = (struct attr){0, 0, MS_PRIVATE | MS_SHARED, 0};
	ERR(syscall(NR_MOUNT_SETATTR, AT_FDCWD, "/tmp/m", 0, &a, sizeof(a)),
	    EINVAL);
	EQ(umount("/tmp/m"), 0);
}

GTEST(proc_and_more, "do other kinds of file systems mount in steps?")
{
	static const char *const types[] = {"proc", "sysfs", "devtmpfs"};
	static const char *const there[] = {"self/status", "kernel", "null"};

	own_tree();
	for (int i = 0; i < 3; i++) {
		int fs = fs_open(types[i], 0), fd;

		if (fs < 0 && errno == ENODEV)
			continue; /* not in every kernel */
		CHECK(fs >= 0);
		EQ(config(fs, C_CREATE, NULL, NULL, 0), 0);
		fd = fs_mount(fs, 0, 0);
		CHECK(fd >= 0);
		EQ(faccessat(fd, there[i], F_OK, 0), 0);
		EQ(move(fd, "", AT_FDCWD, "/tmp/m", M_F_EMPTY), 0);
		close(fd);
		close(fs);
		EQ(umount("/tmp/m"), 0);
	}
}

GTEST(many, "do hundreds of mounts that never hang leave nothing?")
{
	own_tree();
	for (int i = 0; i < 300; i++) {
		int fd = new_tmpfs(0), copy;

		put_file(fd, "file", "text");
		EQ(mkdirat(fd, "d", 0755), 0);
		if (i % 3 == 0) {
			EQ(move(fd, "", AT_FDCWD, "/tmp/m", M_F_EMPTY), 0);
			copy = open_tree_of(AT_FDCWD, "/tmp/m/d", T_CLONE);
			CHECK(copy >= 0);
			EQ(umount2("/tmp/m", MNT_DETACH), 0);
			close(copy);
		}
		close(fd);
	}
}
