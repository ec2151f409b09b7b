/* SPDX-License-Identifier: BSD-2-Clause */
/* Names: creation, removal, rename, links, lookup rules, permission. */
#include "vfs_test.h"

KTEST(names_create_remove, "do files and directories come and go?")
{
	struct test_proc *tp = test_start("");
	struct stat st;

	KT_EQ(t_mkdir("/d"), 0);
	KT_EQ(t_mkdir("/d"), EEXIST);
	KT_EQ(t_mkdir("/"), EEXIST);
	KT_EQ(t_mkdir("/x/y"), ENOENT);
	KT_EQ(t_mkdir("/d/sub/"), 0);
	KT_EQ(t_mkfile("/d/f", "hello"), 0);
	KT_EQ(t_stat("/d/f", &st), 0);
	KT_EQ(st.st_size, 5);
	KT_EQ(t_stat("/d", &st), 0);
	KT_EQ(st.st_nlink, 3);
	KT_EQ(t_stat("/d/f/", &st), ENOTDIR);
	KT_EQ(t_stat("/d/f/x", &st), ENOTDIR);
	KT_EQ(t_stat("/d/./sub/../f", &st), 0);
	KT_EQ(t_stat("/../../d//f", &st), 0);
	KT_EQ(t_stat("", &st), ENOENT);
	KT_EQ(t_rmdir("/d"), ENOTEMPTY);
	KT_EQ(t_unlink("/d"), EISDIR);
	KT_EQ(t_rmdir("/d/f"), ENOTDIR);
	KT_EQ(t_rmdir("/d/."), EINVAL);
	KT_EQ(t_rmdir("/d/.."), ENOTEMPTY);
	KT_EQ(t_rmdir("/"), EBUSY);
	KT_EQ(t_unlink("/d/f"), 0);
	KT_EQ(t_unlink("/d/f"), ENOENT);
	KT_EQ(t_rmdir("/d/sub/"), 0);
	KT_EQ(t_rmdir("/d"), 0);
	KT_EQ(t_stat("/d", &st), ENOENT);
	test_end(tp);
}

KTEST(names_open_flags, "does open follow its flags?")
{
	struct test_proc *tp = test_start("");
	struct stat st;
	int fd;

	KT_EQ(t_mkfile("/f", "12345"), 0);
	KT_EQ(t_mkdir("/d"), 0);
	KT_EQ(kern_symlinkat("f", AT_FDCWD, "/l"), 0);
	KT_EQ(kern_symlinkat("nowhere", AT_FDCWD, "/dangling"), 0);
	KT_EQ(t_open("/f", O_CREAT | O_EXCL | O_RDWR, 0666), -EEXIST);
	KT_EQ(t_open("/l", O_CREAT | O_EXCL | O_RDWR, 0666), -EEXIST);
	KT_EQ(t_open("/l", O_NOFOLLOW | O_RDONLY, 0), -ELOOP);
	KT_EQ(t_open("/d", O_RDWR, 0), -EISDIR);
	KT_EQ(t_open("/d", O_CREAT | O_RDONLY, 0666), -EISDIR);
	KT_EQ(t_open("/f", O_DIRECTORY, 0), -ENOTDIR);
	KT_EQ(t_open("/f/", O_RDONLY, 0), -ENOTDIR);
	KT_EQ(t_open("/new/", O_CREAT | O_RDWR, 0666), -EISDIR);
	KT_EQ(t_open("/f", O_ACCMODE, 0), -EINVAL);
	fd = t_open("/dangling", O_CREAT | O_RDWR, 0600);
	KT_CHECK(fd >= 0);
	KT_EQ(t_stat("/nowhere", &st), 0);
	KT_EQ(st.st_mode, S_IFREG | 0600);
	KT_EQ(fd_close(fd), 0);
	fd = t_open("/f", O_RDWR | O_TRUNC, 0);
	KT_EQ(t_stat("/f", &st), 0);
	KT_EQ(st.st_size, 0);
	KT_EQ(fd_close(fd), 0);
	fd = t_open("/l", O_PATH | O_NOFOLLOW, 0);
	KT_CHECK(fd >= 0);
	KT_EQ(kern_fstatat(fd, NULL, 0, &st), 0);
	KT_CHECK(S_ISLNK(st.st_mode));
	KT_EQ(t_read(fd, &st, 1), -EBADF);
	KT_EQ(kern_ftruncate(fd, 0), EBADF);
	KT_EQ(fd_close(fd), 0);
	test_end(tp);
}

KTEST(names_tmpfile, "can a nameless file get a name?")
{
	struct test_proc *tp = test_start("");
	uint64_t before = t_free_blocks();
	struct stat st;
	int fd = t_open("/", O_TMPFILE | O_RDWR, 0644);

	KT_CHECK(fd >= 0);
	KT_EQ(t_write(fd, "abc", 3), 3);
	KT_EQ(kern_fstatat(fd, NULL, 0, &st), 0);
	KT_EQ(st.st_nlink, 0);
	KT_EQ(kern_linkat(fd, "", AT_FDCWD, "/named", AT_EMPTY_PATH), 0);
	KT_EQ(t_stat("/named", &st), 0);
	KT_EQ(st.st_nlink, 1);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(t_unlink("/named"), 0);
	fd = t_open("/", O_TMPFILE | O_RDWR, 0644);
	KT_EQ(t_write(fd, "abc", 3), 3);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(t_free_blocks(), before);
	KT_EQ(t_open("/", O_TMPFILE | O_RDONLY, 0644), -EINVAL);
	test_end(tp);
}

KTEST(names_links, "do hard links count and share?")
{
	struct test_proc *tp = test_start("");
	struct stat a, b;

	KT_EQ(t_mkfile("/a", "x"), 0);
	KT_EQ(t_mkdir("/d"), 0);
	KT_EQ(kern_linkat(AT_FDCWD, "/a", AT_FDCWD, "/d/b", 0), 0);
	KT_EQ(kern_linkat(AT_FDCWD, "/a", AT_FDCWD, "/d/b", 0), EEXIST);
	KT_EQ(kern_linkat(AT_FDCWD, "/d", AT_FDCWD, "/e", 0), EPERM);
	KT_EQ(t_stat("/a", &a), 0);
	KT_EQ(t_stat("/d/b", &b), 0);
	KT_EQ(a.st_ino, b.st_ino);
	KT_EQ(a.st_nlink, 2);
	KT_EQ(t_rename("/a", "/d/b"), 0); /* same file: nothing happens */
	KT_EQ(t_stat("/a", &a), 0);
	KT_EQ(t_unlink("/a"), 0);
	KT_EQ(t_stat("/d/b", &b), 0);
	KT_EQ(b.st_nlink, 1);
	test_end(tp);
}

KTEST(names_symlinks, "are symlinks followed, and loops found?")
{
	struct test_proc *tp = test_start("");
	struct stat st;
	char buf[64];
	struct uio uio;
	struct iovec iov;
	size_t done;

	KT_EQ(t_mkdir("/d"), 0);
	KT_EQ(t_mkfile("/d/f", "x"), 0);
	KT_EQ(kern_symlinkat("d", AT_FDCWD, "/ld"), 0);
	KT_EQ(kern_symlinkat("/d/f", AT_FDCWD, "/lf"), 0);
	KT_EQ(kern_symlinkat("../lf", AT_FDCWD, "/d/up"), 0);
	KT_EQ(kern_symlinkat("loop2", AT_FDCWD, "/loop1"), 0);
	KT_EQ(kern_symlinkat("loop1", AT_FDCWD, "/loop2"), 0);
	KT_EQ(kern_symlinkat("", AT_FDCWD, "/empty"), ENOENT);
	KT_EQ(t_stat("/ld/f", &st), 0);
	KT_EQ(t_stat("/ld/up", &st), 0);
	KT_CHECK(S_ISREG(st.st_mode));
	KT_EQ(t_stat("/loop1", &st), ELOOP);
	KT_EQ(kern_fstatat(AT_FDCWD, "/ld", AT_SYMLINK_NOFOLLOW, &st), 0);
	KT_CHECK(S_ISLNK(st.st_mode));
	KT_EQ(kern_fstatat(AT_FDCWD, "/ld/", AT_SYMLINK_NOFOLLOW, &st), 0);
	KT_CHECK(S_ISDIR(st.st_mode));
	uio_init(&uio, &iov, buf, sizeof(buf), 0, UIO_READ);
	KT_EQ(kern_readlinkat(AT_FDCWD, "/lf", &uio, &done), 0);
	KT_EQ(done, 4);
	KT_EQ(memcmp(buf, "/d/f", 4), 0);
	KT_EQ(kern_readlinkat(AT_FDCWD, "/d", &uio, &done), EINVAL);
	KT_EQ(t_rmdir("/ld"), ENOTDIR);
	KT_EQ(t_unlink("/ld"), 0);
	test_end(tp);
}

KTEST(names_rename, "does rename keep every rule?")
{
	struct test_proc *tp = test_start("");
	struct stat st;

	KT_EQ(t_mkdir("/a"), 0);
	KT_EQ(t_mkdir("/a/b"), 0);
	KT_EQ(t_mkdir("/c"), 0);
	KT_EQ(t_mkfile("/f", "f"), 0);
	KT_EQ(t_mkfile("/g", "gg"), 0);
	KT_EQ(t_rename("/a", "/a/b/x"), EINVAL);
	KT_EQ(t_rename("/a", "/a/x"), EINVAL);
	KT_EQ(t_rename("/a/b", "/a"), ENOTEMPTY);
	KT_EQ(t_rename("/c", "/a"), ENOTEMPTY);
	KT_EQ(t_rename("/f", "/c"), EISDIR);
	KT_EQ(t_rename("/c", "/f"), ENOTDIR);
	KT_EQ(t_rename("/f", "/h/"), ENOTDIR);
	KT_EQ(t_rename("/nope", "/x"), ENOENT);
	KT_EQ(t_rename("/a/.", "/x"), EBUSY);
	KT_EQ(t_rename("/f", "/g"), 0);
	KT_EQ(t_stat("/g", &st), 0);
	KT_EQ(st.st_size, 1);
	KT_EQ(t_stat("/f", &st), ENOENT);
	KT_EQ(t_rename("/a/b", "/c/b"), 0);
	KT_EQ(t_stat("/c/b", &st), 0);
	KT_EQ(t_stat("/c", &st), 0);
	KT_EQ(st.st_nlink, 3);
	KT_EQ(t_stat("/a", &st), 0);
	KT_EQ(st.st_nlink, 2);
	KT_EQ(t_stat("/c/b/../b", &st), 0);
	KT_EQ(kern_renameat(AT_FDCWD, "/g", AT_FDCWD, "/c", RENAME_NOREPLACE),
	    EEXIST);
	KT_EQ(kern_renameat(AT_FDCWD, "/g", AT_FDCWD, "/c/b", RENAME_EXCHANGE),
	    0);
	KT_EQ(t_stat("/g", &st), 0);
	KT_CHECK(S_ISDIR(st.st_mode));
	KT_EQ(t_stat("/c/b", &st), 0);
	KT_CHECK(S_ISREG(st.st_mode));
	KT_EQ(t_stat("/c", &st), 0);
	KT_EQ(st.st_nlink, 2);
	KT_EQ(kern_renameat(AT_FDCWD, "/g", AT_FDCWD, "/none", RENAME_EXCHANGE),
	    ENOENT);
	KT_EQ(t_rename("/g", "/a"), 0); /* over an empty directory */
	test_end(tp);
}

KTEST(names_cwd, "does getcwd follow renames and removals?")
{
	struct test_proc *tp = test_start("");
	char buf[64];
	struct stat st;

	KT_EQ(t_mkdir("/a"), 0);
	KT_EQ(t_mkdir("/a/b"), 0);
	KT_EQ(kern_chdir("/a/b"), 0);
	KT_EQ(t_rename("/a", "/long-name-of-a-directory"), 0);
	KT_EQ(kern_getcwd(buf, sizeof(buf)), 0);
	KT_EQ(strcmp(buf, "/long-name-of-a-directory/b"), 0);
	KT_EQ(kern_getcwd(buf, 5), ERANGE);
	KT_EQ(t_rmdir("/long-name-of-a-directory/b"), 0);
	KT_EQ(kern_getcwd(buf, sizeof(buf)), ENOENT);
	KT_EQ(t_mkfile("x", ""), ENOENT);
	KT_EQ(t_stat("..", &st), 0);
	KT_EQ(kern_chdir("/long-name-of-a-directory"), 0);
	KT_EQ(kern_chroot("."), 0);
	KT_EQ(kern_getcwd(buf, sizeof(buf)), 0);
	KT_EQ(strcmp(buf, "/"), 0);
	KT_EQ(t_stat("../../long-name-of-a-directory", &st), ENOENT);
	test_end(tp);
}

KTEST(names_permission, "who may create, remove and look?")
{
	struct test_proc *tp = test_start("mode=755");
	struct stat st;

	KT_EQ(kern_mkdirat(AT_FDCWD, "/tmp", 0777), 0);
	KT_EQ(kern_fchmodat(AT_FDCWD, "/tmp", 01777, 0), 0);
	KT_EQ(kern_mkdirat(AT_FDCWD, "/priv", 0700), 0);
	KT_EQ(kern_mkdirat(AT_FDCWD, "/sg", 0777), 0);
	KT_EQ(kern_fchownat(AT_FDCWD, "/sg", 0, 55, 0), 0);
	KT_EQ(kern_fchmodat(AT_FDCWD, "/sg", 02777, 0), 0);
	KT_EQ(t_mkfile("/tmp/root", "r"), 0);
	KT_EQ(kern_fchmodat(AT_FDCWD, "/tmp/root", 0644, 0), 0);
	test_become(tp, 100, 100);
	KT_EQ(t_mkfile("/x", ""), EACCES);
	KT_EQ(t_stat("/priv/x", &st), EACCES);
	KT_EQ(t_mkfile("/tmp/mine", "m"), 0);
	KT_EQ(t_unlink("/tmp/root"), EPERM);
	KT_EQ(t_rename("/tmp/root", "/tmp/x"), EPERM);
	KT_EQ(t_rename("/tmp/mine", "/tmp/root"), EPERM);
	KT_EQ(kern_fchmodat(AT_FDCWD, "/tmp/root", 0777, 0), EPERM);
	KT_EQ(kern_fchownat(AT_FDCWD, "/tmp/mine", 0, -1, 0), EPERM);
	KT_EQ(kern_fchownat(AT_FDCWD, "/tmp/mine", -1, 100, 0), 0);
	KT_EQ(kern_fchownat(AT_FDCWD, "/tmp/mine", -1, 7, 0), EPERM);
	KT_EQ(kern_mkdirat(AT_FDCWD, "/sg/d", 0755), 0);
	KT_EQ(t_stat("/sg/d", &st), 0);
	KT_EQ(st.st_gid, 55);
	KT_EQ(st.st_mode, S_IFDIR | 02755);
	KT_EQ(kern_chroot("/tmp"), EPERM);
	KT_EQ(kern_mknodat(AT_FDCWD, "/tmp/dev", S_IFCHR | 0666, 3), EPERM);
	KT_EQ(kern_mknodat(AT_FDCWD, "/tmp/fifo", S_IFIFO | 0666, 0), 0);
	KT_EQ(kern_faccessat(AT_FDCWD, "/tmp/root", R_OK, 0), 0);
	KT_EQ(kern_faccessat(AT_FDCWD, "/tmp/root", W_OK, 0), EACCES);
	KT_EQ(kern_utimensat(AT_FDCWD, "/tmp/root", NULL, 0), EACCES);
	KT_EQ(kern_utimensat(AT_FDCWD, "/tmp/mine", NULL, 0), 0);
	test_end(tp);
}

KTEST(names_suid, "do writes and owners take set-id bits away?")
{
	struct test_proc *tp = test_start("");
	struct stat st;
	int fd;

	KT_EQ(t_mkfile("/f", "x"), 0);
	KT_EQ(kern_fchownat(AT_FDCWD, "/f", 100, 100, 0), 0);
	KT_EQ(kern_fchmodat(AT_FDCWD, "/f", 06777, 0), 0);
	test_become(tp, 100, 100);
	fd = t_open("/f", O_WRONLY, 0);
	KT_EQ(t_write(fd, "y", 1), 1);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(t_stat("/f", &st), 0);
	KT_EQ(st.st_mode & 07777, 0777);
	KT_EQ(kern_fchmodat(AT_FDCWD, "/f", 06777, 0), 0);
	KT_EQ(kern_fchownat(AT_FDCWD, "/f", -1, 100, 0), 0);
	KT_EQ(t_stat("/f", &st), 0);
	KT_EQ(st.st_mode & 07777, 0777);
	test_end(tp);
}

struct list_state {
	uint64_t seen[128];
	int count, dup, limit;
	uint64_t next;
};

static int
list_emit(void *arg, const char *name, size_t len, ino_t ino __unused,
    uint8_t dt __unused, uint64_t next)
{
	struct list_state *ls = arg;
	char buf[16];
	uint64_t n;

	if (ls->limit-- == 0)
		return (1);
	ls->count++;
	ls->next = next;
	if (name[0] == '.')
		return (0);
	memcpy(buf, name + 1, len - 1);
	buf[len - 1] = '\0';
	if (kstrtou64(buf, 10, &n) == 0 && n < 8192) {
		if ((ls->seen[n / 64] & (1UL << n % 64)) != 0)
			ls->dup++;
		ls->seen[n / 64] |= 1UL << n % 64;
	}
	return (0);
}

KTEST(names_readdir_changes, "does a changing directory repeat or skip?")
{
	static struct list_state ls; /* too big for the stack */
	struct test_proc *tp = test_start("");
	char name[32];
	int fd, missing = 0;

	KT_EQ(t_mkdir("/d"), 0);
	for (int i = 0; i < 2000; i++) {
		ksnprintf(name, sizeof(name), "/d/f%d", i);
		KT_EQ(kern_mknodat(AT_FDCWD, name, S_IFREG | 0666, 0), 0);
	}
	fd = t_open("/d", O_RDONLY | O_DIRECTORY, 0);
	for (int round = 0;; round++) {
		int before = ls.count;

		ls.limit = 37;
		KT_EQ(kern_getdents(fd, list_emit, &ls), 0);
		if (ls.count == before)
			break;
		/* take even ones away, rename odd ones, add others */
		for (int i = round * 20; i < round * 20 + 20 && i < 2000;
		     i += 2) {
			char to[32];

			ksnprintf(name, sizeof(name), "/d/f%d", i);
			(void)t_unlink(name);
			ksnprintf(name, sizeof(name), "/d/f%d", i + 1);
			ksnprintf(to, sizeof(to), "/d/f%d", i + 1 + 4000);
			KT_EQ(t_rename(name, to), 0);
		}
	}
	KT_EQ(ls.dup, 0);
	for (uint64_t n = 1; n < 2000; n += 2) {
		bool old = (ls.seen[n / 64] >> n % 64 & 1) != 0;
		uint64_t m = n + 4000;
		bool new = (ls.seen[m / 64] >> m % 64 & 1) != 0;

		missing += !old && !new;
		KT_CHECK(!(old && new));
	}
	KT_EQ(missing, 0);
	KT_EQ(fd_close(fd), 0);
	test_end(tp);
}

KTEST(
    names_large_directory, "do 100000 names come and go, and does all return?")
{
	struct test_proc *tp = test_start("nr_inodes=200k");
	nstime_t t0 = clock_mono(), t1;
	struct statfs before, after;
	struct stat st;
	char name[32];

	KT_EQ(kern_statfs("/", &before), 0);
	KT_EQ(t_mkdir("/d"), 0);
	for (int i = 0; i < 100000; i++) {
		ksnprintf(name, sizeof(name), "/d/name%d", i);
		KT_EQ(kern_mknodat(AT_FDCWD, name, S_IFREG | 0666, 0), 0);
	}
	t1 = clock_mono();
	for (int i = 0; i < 100000; i += 7) {
		ksnprintf(name, sizeof(name), "/d/name%d", i);
		KT_EQ(t_stat(name, &st), 0);
	}
	for (int i = 0; i < 100000; i++) {
		ksnprintf(name, sizeof(name), "/d/name%d", i);
		KT_EQ(t_unlink(name), 0);
	}
	kprintf("100000 names: create %ld us, stat and unlink %ld us\n",
	    (t1 - t0) / 1000, (clock_mono() - t1) / 1000);
	KT_EQ(t_rmdir("/d"), 0);
	KT_EQ(kern_statfs("/", &after), 0);
	KT_EQ(after.f_ffree, before.f_ffree);
	KT_EQ(after.f_bfree, before.f_bfree);
	test_end(tp);
}
