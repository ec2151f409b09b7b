/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files by handle, whiteouts, and calls on ranges of files.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#ifndef RENAME_WHITEOUT
#define RENAME_WHITEOUT 4
#endif
#define PAGE 4096

/* An empty directory of a tmpfs, in which we are then. */
static void
work_in_tmpfs(void)
{
	struct statfs sf;
	char name[64];

	EQ(statfs("/tmp", &sf), 0);
	snprintf(name, sizeof(name), "%s/handle.%d",
	    sf.f_type == TMPFS_MAGIC ? "/tmp" : "/dev/shm", (int)getpid());
	EQ(mkdir(name, 0755), 0);
	EQ(chdir(name), 0);
}

static void
leave(void)
{
	char name[128];

	CHECK(getcwd(name, sizeof(name)) != NULL);
	EQ(rmdir(name), 0);
}

static int
make(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_RDWR, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, text, strlen(text)), (long)strlen(text));
	return (fd);
}

struct handle {
	struct file_handle h;
	unsigned char room[MAX_HANDLE_SZ];
};

static void
handle_of(int dirfd, const char *name, int flags, struct handle *h, int *mountp)
{
	memset(h, 0, sizeof(*h));
	h->h.handle_bytes = MAX_HANDLE_SZ;
	EQ(name_to_handle_at(dirfd, name, &h->h, mountp, flags), 0);
	CHECK(h->h.handle_bytes > 0 && h->h.handle_bytes <= MAX_HANDLE_SZ);
}

/* Does the handle's file say that? */
static void
reads(struct handle *h, const char *text)
{
	char buf[32] = "";
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	int fd = open_by_handle_at(dir, &h->h, O_RDONLY);

	CHECK(fd >= 0);
	EQ(read(fd, buf, sizeof(buf)), (long)strlen(text));
	EQ(strcmp(buf, text), 0);
	close(fd);
	close(dir);
}

GTEST(handle, "does a handle find its file, wherever its name is?")
{
	struct handle h, d, h2;
	int mount, mount2, fd, dir;
	struct stat st, st2;

	work_in_tmpfs();
	close(make("file", "text"));
	EQ(mkdir("sub", 0755), 0);
	handle_of(AT_FDCWD, "file", 0, &h, &mount);
	handle_of(AT_FDCWD, "sub", 0, &d, &mount2);
	EQ(mount, mount2);
	CHECK(memcmp(&h, &d, sizeof(h)) != 0);
	fd = open("file", O_PATH);
	handle_of(fd, "", AT_EMPTY_PATH, &h2, &mount2);
	EQ(memcmp(&h, &h2, sizeof(h)), 0);
	close(fd);
	reads(&h, "text");
	EQ(rename("file", "sub/other"), 0);
	reads(&h, "text");
	dir = open(".", O_RDONLY);
	CHECK((fd = open_by_handle_at(dir, &d.h, O_RDONLY | O_DIRECTORY)) >= 0);
	EQ(fstat(fd, &st), 0);
	EQ(stat("sub", &st2), 0);
	EQ(st.st_ino, st2.st_ino);
	close(fd);
	CHECK((fd = open_by_handle_at(AT_FDCWD, &h.h, O_RDWR | O_TRUNC)) >= 0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 0);
	/* Without a name, but open: still there. */
	EQ(unlink("sub/other"), 0);
	close(fd);
	ERR(open_by_handle_at(dir, &h.h, O_RDONLY), ESTALE);
	EQ(rmdir("sub"), 0);
	ERR(open_by_handle_at(dir, &d.h, O_RDONLY), ESTALE);
	leave();
}

GTEST(handle_links, "is a link's handle the link's, or the file's?")
{
	struct handle l, f, h;
	int mount;

	work_in_tmpfs();
	close(make("file", "x"));
	EQ(symlink("file", "link"), 0);
	handle_of(AT_FDCWD, "file", 0, &f, &mount);
	handle_of(AT_FDCWD, "link", 0, &l, &mount);
	CHECK(memcmp(&l, &f, sizeof(f)) != 0);
	handle_of(AT_FDCWD, "link", AT_SYMLINK_FOLLOW, &h, &mount);
	EQ(memcmp(&h, &f, sizeof(f)), 0);
	ERR(open_by_handle_at(AT_FDCWD, &l.h, O_RDONLY), ELOOP);
	EQ(unlink("link"), 0);
	EQ(unlink("file"), 0);
	leave();
}

GTEST(handle_checks, "are handles and their calls checked?")
{
	struct handle h, g;
	int mount = -1, p[2], status;
	unsigned need;
	pid_t pid;

	work_in_tmpfs();
	close(make("file", "x"));
	handle_of(AT_FDCWD, "file", 0, &h, &mount);
	need = h.h.handle_bytes;
	g.h.handle_bytes = 0;
	mount = -1;
	ERR(name_to_handle_at(AT_FDCWD, "file", &g.h, &mount, 0), EOVERFLOW);
	EQ(g.h.handle_bytes, need);
	CHECK(mount != -1);
	g.h.handle_bytes = MAX_HANDLE_SZ + 1;
	ERR(name_to_handle_at(AT_FDCWD, "file", &g.h, &mount, 0), EINVAL);
	g.h.handle_bytes = MAX_HANDLE_SZ;
	ERR(name_to_handle_at(AT_FDCWD, "file", &g.h, &mount, 0x8000), EINVAL);
	ERR(name_to_handle_at(AT_FDCWD, "", &g.h, &mount, 0), ENOENT);
	ERR(name_to_handle_at(AT_FDCWD, "none", &g.h, &mount, 0), ENOENT);
	ERR(name_to_handle_at(AT_FDCWD, "/proc/self/status", &g.h, &mount, 0),
	    EOPNOTSUPP);
	EQ(pipe(p), 0);
	ERR(name_to_handle_at(99, "file", &g.h, &mount, 0), EBADF);
	ERR(open_by_handle_at(99, &h.h, O_RDONLY), EBADF);
	ERR(open_by_handle_at(AT_FDCWD, (void *)1, O_RDONLY), EFAULT);
	g = h;
	g.h.handle_bytes = 0;
	ERR(open_by_handle_at(AT_FDCWD, &g.h, O_RDONLY), EINVAL);
	g.h.handle_bytes = MAX_HANDLE_SZ + 1;
	ERR(open_by_handle_at(AT_FDCWD, &g.h, O_RDONLY), EINVAL);
	g = h;
	memset(g.h.f_handle, 0xee, need);
	ERR(open_by_handle_at(AT_FDCWD, &g.h, O_RDONLY), ESTALE);
	g = h;
	g.h.handle_bytes = 4;
	ERR(open_by_handle_at(AT_FDCWD, &g.h, O_RDONLY), ESTALE);
	if (geteuid() == 0) {
		if ((pid = fork()) == 0) {
			EQ(setresuid(1000, 1000, 1000), 0);
			handle_of(AT_FDCWD, "file", 0, &g, &mount);
			ERR(open_by_handle_at(AT_FDCWD, &h.h, O_RDONLY), EPERM);
			_exit(gtest_failures);
		}
		EQ(waitpid(pid, &status, 0), pid);
		EQ(status, 0);
	}
	EQ(unlink("file"), 0);
	leave();
}

GTEST(whiteout, "does RENAME_WHITEOUT leave one where the file was?")
{
	struct stat st;
	pid_t pid;
	int status;

	work_in_tmpfs();
	close(make("a", "one"));
	EQ(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_WHITEOUT), 0);
	EQ(lstat("a", &st), 0);
	EQ(st.st_mode, S_IFCHR);
	EQ(st.st_rdev, makedev(0, 0));
	ERR(open("a", O_RDONLY), ENXIO);
	EQ(stat("b", &st), 0);
	EQ(st.st_size, 3);
	EQ(unlink("a"), 0);
	/* Over another file, into another directory, a directory. */
	EQ(mkdir("d", 0755), 0);
	close(make("d/a", "old"));
	EQ(renameat2(AT_FDCWD, "b", AT_FDCWD, "d/a", RENAME_WHITEOUT), 0);
	EQ(lstat("b", &st), 0);
	EQ(st.st_mode, S_IFCHR);
	EQ(unlink("d/a"), 0);
	EQ(renameat2(AT_FDCWD, "d", AT_FDCWD, "e",
	       RENAME_WHITEOUT | RENAME_NOREPLACE),
	    0);
	EQ(lstat("d", &st), 0);
	EQ(st.st_mode, S_IFCHR);
	EQ(unlink("d"), 0);
	EQ(rmdir("e"), 0);
	/* A whiteout is a file like others. */
	EQ(rename("b", "c"), 0);
	ERR(renameat2(AT_FDCWD, "c", AT_FDCWD, "d",
		RENAME_WHITEOUT | RENAME_EXCHANGE),
	    EINVAL);
	if (geteuid() == 0) {
		EQ(chmod(".", 0777), 0);
		if ((pid = fork()) == 0) {
			EQ(setresuid(1000, 1000, 1000), 0);
			close(make("mine", ""));
			status = renameat2(AT_FDCWD, "mine", AT_FDCWD, "moved",
			    RENAME_WHITEOUT);
			EQ(status, 0);
			EQ(unlink("mine"), 0);
			EQ(unlink("moved"), 0);
			_exit(gtest_failures);
		}
		EQ(waitpid(pid, &status, 0), pid);
		EQ(status, 0);
	}
	EQ(unlink("c"), 0);
	leave();
}

GTEST(sync_range, "does sync_file_range check its range and flags?")
{
	int fd, p[2], s[2];

	work_in_tmpfs();
	fd = make("f", "text");
	EQ(sync_file_range(fd, 0, 0, 0), 0);
	EQ(sync_file_range(fd, 0, 0, 7), 0);
	EQ(sync_file_range(fd, 100, 1 << 20, SYNC_FILE_RANGE_WRITE), 0);
	EQ(sync_file_range(fd, INT64_MAX - 1, 1, 0), 0);
	ERR(sync_file_range(fd, 0, 0, 8), EINVAL);
	ERR(sync_file_range(fd, -1, 10, 0), EINVAL);
	ERR(sync_file_range(fd, 10, -1, 0), EINVAL);
	ERR(sync_file_range(fd, INT64_MAX, 10, 0), EINVAL);
	ERR(sync_file_range(99, 0, 0, 0), EBADF);
	EQ(pipe(p), 0);
	ERR(sync_file_range(p[1], 0, 0, 7), ESPIPE);
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ERR(sync_file_range(s[0], 0, 0, 7), ESPIPE);
	EQ(unlink("f"), 0);
	fd = open(".", O_RDONLY);
	EQ(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
	leave();
}

GTEST(fallocate, "which ways of fallocate does a tmpfs know?")
{
	static const int unknown[] = {FALLOC_FL_COLLAPSE_RANGE,
	    FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	    FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE,
	    FALLOC_FL_PUNCH_HOLE, 0x100,
	    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	    FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE};
	struct stat st;
	int fd, ro, p[2];
	char c;

	work_in_tmpfs();
	fd = make("f", "text");
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		ERR(fallocate(fd, unknown[i], 0, PAGE), EOPNOTSUPP);
	EQ(fallocate(fd, 0, 0, 4 * PAGE), 0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 4 * PAGE);
	EQ(st.st_blocks, 4 * PAGE / 512);
	EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * PAGE, PAGE), 0);
	EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, PAGE),
	    0);
	EQ(pread(fd, &c, 1, 0), 1);
	EQ(c, 't');
	EQ(pread(fd, &c, 1, 1), 1);
	EQ(c, 0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 4 * PAGE);
	ERR(fallocate(fd, 0, -1, PAGE), EINVAL);
	ERR(fallocate(fd, 0, 0, 0), EINVAL);
	ERR(fallocate(fd, 0, INT64_MAX, PAGE), EFBIG);
	CHECK((ro = open("f", O_RDONLY)) >= 0);
	ERR(fallocate(ro, 0, 0, PAGE), EBADF);
	EQ(pipe(p), 0);
	ERR(fallocate(p[1], 0, 0, PAGE), ESPIPE);
	EQ(unlink("f"), 0);
	CHECK((fd = open(".", O_RDONLY)) >= 0);
	ERR(fallocate(fd, 0, 0, PAGE), EBADF);
	leave();
}
