/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways to name a file: openat2's bounds, O_PATH, O_TMPFILE, execveat.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "gtest.h"

static int
openat2(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags, .resolve = resolve};

	return ((int)syscall(SYS_openat2, dir, path, &how, sizeof(how)));
}

/* A descriptor of a file, or not: closed again. */
#define OPENS(expr)                                                            \
	do {                                                                   \
		int _fd = (expr);                                              \
		CHECK(_fd >= 0);                                               \
		if (_fd >= 0)                                                  \
			close(_fd);                                            \
	} while (0)

static void
put_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, "text", 4), 4);
	close(fd);
}

/* /tmp/w/root with links in all directions. */
static int
make_tree(void)
{
	mkdir("/tmp/w", 0755);
	mkdir("/tmp/w/root", 0755);
	mkdir("/tmp/w/root/d", 0755);
	put_file("/tmp/w/out");
	put_file("/tmp/w/root/in");
	put_file("/tmp/w/root/d/deep");
	symlink("in", "/tmp/w/root/rel");
	symlink("/tmp/w/root/in", "/tmp/w/root/abs");
	symlink("/in", "/tmp/w/root/absin");
	symlink("../out", "/tmp/w/root/up");
	symlink("d", "/tmp/w/root/dlink");
	return (open("/tmp/w/root", O_RDONLY | O_DIRECTORY));
}

GTEST(beneath, "does RESOLVE_BENEATH keep a walk below its start?")
{
	int d = make_tree();

	OPENS(openat2(d, "in", O_RDONLY, RESOLVE_BENEATH));
	OPENS(openat2(d, "d/../in", O_RDONLY, RESOLVE_BENEATH));
	OPENS(openat2(d, "rel", O_RDONLY, RESOLVE_BENEATH));
	ERR(openat2(d, "../out", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	ERR(openat2(d, "up", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	ERR(openat2(d, "abs", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	ERR(openat2(d, "/tmp/w/root/in", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	ERR(openat2(d, "none", O_RDONLY, RESOLVE_BENEATH), ENOENT);
}

GTEST(in_root, "does RESOLVE_IN_ROOT make the start the root?")
{
	int d = make_tree();

	OPENS(openat2(d, "/in", O_RDONLY, RESOLVE_IN_ROOT));
	OPENS(openat2(d, "../../in", O_RDONLY, RESOLVE_IN_ROOT));
	OPENS(openat2(d, "absin", O_RDONLY, RESOLVE_IN_ROOT));
	ERR(openat2(d, "abs", O_RDONLY, RESOLVE_IN_ROOT), ENOENT);
	ERR(openat2(d, "up", O_RDONLY, RESOLVE_IN_ROOT), ENOENT);
	ERR(openat2(d, "in", O_RDONLY, RESOLVE_IN_ROOT | RESOLVE_BENEATH),
	    EINVAL);
}

GTEST(no_links, "do RESOLVE_NO_SYMLINKS and NO_MAGICLINKS stop at links?")
{
	int d = make_tree();

	OPENS(openat2(d, "d/deep", O_RDONLY, RESOLVE_NO_SYMLINKS));
	ERR(openat2(d, "rel", O_RDONLY, RESOLVE_NO_SYMLINKS), ELOOP);
	ERR(openat2(d, "dlink/deep", O_RDONLY, RESOLVE_NO_SYMLINKS), ELOOP);
	OPENS(openat2(d, "rel", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
	OPENS(openat2(d, "rel", O_RDONLY, RESOLVE_NO_MAGICLINKS));
	ERR(openat2(
		AT_FDCWD, "/proc/self/exe", O_RDONLY, RESOLVE_NO_MAGICLINKS),
	    ELOOP);
	OPENS(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0));
}

GTEST(no_xdev, "does RESOLVE_NO_XDEV stay in one mount?")
{
	int d = make_tree(), root = open("/", O_RDONLY | O_DIRECTORY);

	OPENS(openat2(d, "d/../in", O_RDONLY, RESOLVE_NO_XDEV));
	ERR(openat2(root, "proc/version", O_RDONLY, RESOLVE_NO_XDEV), EXDEV);
	ERR(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, RESOLVE_NO_XDEV),
	    EXDEV);
	d = open("/proc", O_RDONLY | O_DIRECTORY);
	ERR(openat2(d, "../tmp", O_RDONLY, RESOLVE_NO_XDEV), EXDEV);
	OPENS(openat2(d, "version", O_RDONLY, RESOLVE_NO_XDEV));
}

GTEST(
    cached, "does RESOLVE_CACHED open what is known and nothing it must make?")
{
	int d = make_tree();

	OPENS(openat2(d, "in", O_RDONLY, 0));
	OPENS(openat2(d, "in", O_RDONLY, RESOLVE_CACHED));
	ERR(openat2(d, "in", O_RDWR | O_TRUNC, RESOLVE_CACHED), EAGAIN);
	ERR(openat2(d, "new", O_RDWR | O_CREAT, RESOLVE_CACHED), EAGAIN);
}

GTEST(how, "does openat2 refuse what open ignores?")
{
	struct {
		struct open_how how;
		uint64_t more;
	} big = {.how.flags = O_RDONLY};
	struct open_how how = {.flags = O_RDONLY, .mode = 0644};
	int d = make_tree();

	ERR(openat2(d, "in", 1UL << 40, 0), EINVAL);
	ERR(openat2(d, "in", 1UL << 28, 0), EINVAL);
	ERR(openat2(d, "in", O_RDONLY, 0x1000), EINVAL);
	ERR(openat2(d, "in", O_PATH | O_RDWR, 0), EINVAL);
	ERR(syscall(SYS_openat2, d, "in", &how, sizeof(how)), EINVAL);
	ERR(syscall(SYS_openat2, d, "in", &how, 8), EINVAL);
	OPENS((int)syscall(SYS_openat2, d, "in", &big, sizeof(big)));
	big.more = 1;
	ERR(syscall(SYS_openat2, d, "in", &big, sizeof(big)), E2BIG);
}

GTEST(o_path, "what works on a descriptor of a place, and what not?")
{
	struct stat st;
	struct statfs sf;
	char buf[64], link[64];
	int n, fd, d;

	make_tree();
	fd = open("/tmp/w/root/in", O_PATH);
	d = open("/tmp/w/root", O_PATH);
	CHECK(fd >= 0 && d >= 0);
	EQ(fcntl(fd, F_GETFL), O_PATH);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 4);
	EQ(fstatfs(fd, &sf), 0);
	EQ(fchdir(d), 0);
	OPENS(openat(d, "in", O_RDONLY));
	OPENS(dup(fd));
	EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	ERR(read(fd, buf, 1), EBADF);
	ERR(pread(fd, buf, 1, 0), EBADF);
	ERR(write(fd, buf, 1), EBADF);
	ERR(lseek(fd, 0, SEEK_SET), EBADF);
	ERR(ioctl(fd, FIONREAD, &n), EBADF);
	ERR(fchmod(fd, 0600), EBADF);
	ERR(fchown(fd, 0, 0), EBADF);
	ERR(fsync(fd), EBADF);
	ERR(ftruncate(fd, 0), EBADF);
	ERR(fcntl(fd, F_SETFL, 0), EBADF);
	ERR(fgetxattr(fd, "user.x", buf, 1), EBADF);
	ERR(syscall(SYS_getdents64, d, buf, sizeof(buf)), EBADF);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	EQ(errno, EBADF);
	EQ(fchownat(fd, "", 0, 0, AT_EMPTY_PATH), 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	OPENS(open(link, O_RDWR)); /* the place can be opened */
	close(fd);
	fd = open("/tmp/w/root/rel", O_PATH | O_NOFOLLOW);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_mode & S_IFMT, S_IFLNK);
	EQ(readlinkat(fd, "", buf, sizeof(buf)), 2);
	ERR(open("/tmp/w/root/rel", O_RDONLY | O_NOFOLLOW), ELOOP);
}

GTEST(tmpfile, "does O_TMPFILE make a nameless file that can get a name?")
{
	struct stat st;
	char link[64], buf[8];
	int fd;

	make_tree();
	fd = open("/tmp/w/root", O_TMPFILE | O_RDWR, 0640);
	CHECK(fd >= 0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_nlink, 0);
	EQ(st.st_mode, S_IFREG | 0640);
	EQ(write(fd, "named", 5), 5);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	unlink("/tmp/w/root/given");
	EQ(linkat(AT_FDCWD, link, AT_FDCWD, "/tmp/w/root/given",
	       AT_SYMLINK_FOLLOW),
	    0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_nlink, 1);
	close(fd);
	fd = open("/tmp/w/root/given", O_RDONLY);
	EQ(read(fd, buf, 8), 5);
	close(fd);
	unlink("/tmp/w/root/given");
	fd = open("/tmp/w/root", O_TMPFILE | O_RDWR, 0640);
	EQ(linkat(fd, "", AT_FDCWD, "/tmp/w/root/given", AT_EMPTY_PATH), 0);
	close(fd);
	unlink("/tmp/w/root/given");
	fd = open("/tmp/w/root", O_TMPFILE | O_RDWR | O_EXCL, 0640);
	ERR(linkat(fd, "", AT_FDCWD, "/tmp/w/root/given", AT_EMPTY_PATH),
	    ENOENT);
	close(fd);
	ERR(open("/tmp/w/root", O_TMPFILE | O_RDONLY, 0640), EINVAL);
	ERR(open("/tmp/w/root/in", O_TMPFILE | O_RDWR, 0640), ENOTDIR);
}

/* The exit status of a child that executes so. */
static int
exec_status(int dir, const char *path, int flags)
{
	char *argv[] = {"h_path", "done", NULL}, *envp[] = {NULL};
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		syscall(SYS_execveat, dir, path, argv, envp, flags);
		_exit(errno);
	}
	EQ(waitpid(pid, &status, 0), pid);
	return (WEXITSTATUS(status));
}

GTEST(done, "is doing nothing fine? (what another case executes)")
{
}

GTEST(execveat, "does execveat run what a descriptor and a name mean?")
{
	char self[256], *base;
	int n, d, fd, script;

	make_tree();
	n = (int)readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n] = '\0';
	base = strrchr(self, '/');
	*base++ = '\0';
	d = open(self, O_RDONLY | O_DIRECTORY);
	fd = openat(d, base, O_PATH | O_CLOEXEC);
	EQ(exec_status(d, base, 0), 0);
	EQ(exec_status(fd, "", AT_EMPTY_PATH), 0);
	EQ(exec_status(fd, "", 0), ENOENT);
	EQ(exec_status(d, "", AT_EMPTY_PATH), EACCES);
	EQ(exec_status(-1, "x", 0), EBADF);
	EQ(exec_status(d, "none", 0), ENOENT);
	EQ(exec_status(fd, "x", 0), ENOTDIR);
	EQ(exec_status(AT_FDCWD, "/proc/self/exe", AT_SYMLINK_NOFOLLOW), ELOOP);
	EQ(exec_status(AT_FDCWD, "/proc/self/exe", 0), 0);
	EQ(exec_status(d, base, 0x8), EINVAL);
	/* A script's interpreter opens /dev/fd/N: not if that closes. */
	script = open("/tmp/w/script", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	dprintf(script, "#!/none\n");
	close(script);
	script = open("/tmp/w/script", O_RDONLY | O_CLOEXEC);
	EQ(exec_status(script, "", AT_EMPTY_PATH), ENOENT);
}
