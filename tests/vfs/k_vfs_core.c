/* SPDX-License-Identifier: BSD-2-Clause */
/* Mounts, vnode life, the name cache's bounds, archives. */
#include "vfs_test.h"
#include <sys/sysctl.h>

static uint64_t
ctl_u64(const char *name)
{
	uint64_t v = 0;
	struct sysctl_req req = {.sr_old = &v, .sr_oldmax = sizeof(v)};

	KT_EQ(sysctl_access(name, &req), 0);
	return (v);
}

static int
ctl_set(const char *name, const void *p, size_t len)
{
	struct sysctl_req req = {.sr_new = p, .sr_newlen = len};

	return (sysctl_access(name, &req));
}

KTEST(mounts, "do mounts cover, stack, count their users, and go?")
{
	struct test_proc *tp = test_start("");
	struct stat st;
	char buf[64];
	int fd;

	KT_EQ(t_mkdir("/m"), 0);
	KT_EQ(t_mkfile("/m/under", ""), 0);
	KT_EQ(vfs_mount_at("nofs", "x", "/m", 0, ""), ENODEV);
	KT_EQ(vfs_mount_at("tmpfs", "x", "/nope", 0, ""), ENOENT);
	KT_EQ(vfs_mount_at("tmpfs", "x", "/m", 0, "what=1"), EINVAL);
	KT_EQ(vfs_mount_at("tmpfs", "x", "/m", 0, ""), 0);
	KT_EQ(t_stat("/m/under", &st), ENOENT);
	KT_EQ(t_mkfile("/m/one", ""), 0);
	KT_EQ(t_rename("/m/one", "/one"), EXDEV);
	KT_EQ(t_rmdir("/m"), EBUSY);
	KT_EQ(t_rename("/m", "/n"), EBUSY);
	KT_EQ(vfs_mount_at("tmpfs", "y", "/m", MNT_RDONLY, ""), 0);
	KT_EQ(t_stat("/m/one", &st), ENOENT);
	KT_EQ(t_mkfile("/m/x", ""), EROFS);
	KT_EQ(kern_chdir("/m"), 0);
	KT_EQ(kern_getcwd(buf, sizeof(buf)), 0);
	KT_EQ(strcmp(buf, "/m"), 0);
	KT_EQ(vfs_unmount_at("/m", false), EBUSY);
	KT_EQ(kern_chdir(".."), 0);
	KT_EQ(kern_getcwd(buf, sizeof(buf)), 0);
	KT_EQ(strcmp(buf, "/"), 0);
	KT_EQ(vfs_unmount_at("/m", false), 0);
	KT_EQ(t_stat("/m/one", &st), 0);
	fd = t_open("/m/one", O_RDWR, 0);
	KT_EQ(vfs_unmount_at("/m", false), EBUSY);
	KT_EQ(vfs_unmount_at("/m", true), 0);
	KT_EQ(t_write(fd, "x", 1), -EIO);
	KT_EQ(kern_fstatat(fd, NULL, 0, &st), EIO);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(t_stat("/m/under", &st), 0);
	KT_EQ(vfs_unmount_at("/m", false), EINVAL);
	KT_EQ(vfs_unmount_at("/", false), EBUSY);
	test_end(tp);
}

KTEST(vnode_limit, "do unused vnodes go at the limit, and come back whole?")
{
	struct test_proc *tp = test_start("nr_inodes=10k");
	int max = 200;
	char name[32], buf[32];
	uint64_t vnodes = 0;

	KT_EQ(ctl_set("kern.maxvnodes", &max, sizeof(max)), 0);
	for (int i = 0; i < 3000; i++) {
		ksnprintf(name, sizeof(name), "/f%d", i);
		KT_EQ(t_mkfile(name, name), 0);
	}
	vnodes =
	    ctl_u64("vfs.vnodes_created") - ctl_u64("vfs.vnodes_reclaimed");
	KT_CHECK(vnodes <= 210);
	for (int i = 0; i < 3000; i++) {
		int fd;

		ksnprintf(name, sizeof(name), "/f%d", i);
		fd = t_open(name, O_RDONLY, 0);
		KT_CHECK(fd >= 0);
		KT_EQ(t_read(fd, buf, sizeof(buf)), strlen(name));
		KT_EQ(memcmp(buf, name, strlen(name)), 0);
		KT_EQ(fd_close(fd), 0);
	}
	test_end(tp);
}

KTEST(cache_bounds, "is the name cache bounded, and does it answer?")
{
	struct test_proc *tp = test_start("");
	uint64_t max = 500, hits, neg;
	struct stat st;
	char name[32];

	KT_EQ(ctl_set("vfs.cache.max", &max, sizeof(max)), 0);
	for (int i = 0; i < 5000; i++) {
		ksnprintf(name, sizeof(name), "/none%d", i);
		KT_EQ(t_stat(name, &st), ENOENT);
	}
	KT_CHECK(ctl_u64("vfs.cache.nodes") <= 520);
	hits = ctl_u64("vfs.cache.hits");
	neg = ctl_u64("vfs.cache.neghits");
	KT_EQ(t_mkfile("/f", ""), 0);
	for (int i = 0; i < 10; i++) {
		KT_EQ(t_stat("/f", &st), 0);
		KT_EQ(t_stat("/none4999", &st), ENOENT);
	}
	KT_EQ(ctl_u64("vfs.cache.hits") - hits, 10);
	KT_EQ(ctl_u64("vfs.cache.neghits") - neg, 11);
	KT_EQ(t_mkfile("/none4999", ""), 0); /* negative becomes positive */
	KT_EQ(t_stat("/none4999", &st), 0);
	KT_EQ(t_unlink("/none4999"), 0);
	KT_EQ(t_stat("/none4999", &st), ENOENT);
	test_end(tp);
}

/* --- archives ------------------------------------------------------------------ */

struct archive {
	char *a_buf;
	size_t a_len, a_at, a_chunk;
};

static int
archive_read(void *arg, void *buf, size_t len, size_t *donep)
{
	struct archive *a = arg;
	size_t n = MIN(MIN(len, a->a_len - a->a_at), a->a_chunk);

	memcpy(buf, a->a_buf + a->a_at, n);
	a->a_at += n;
	*donep = n;
	return (0);
}

static void
archive_add(struct archive *a, const char *name, mode_t mode, int ino,
    int nlink, const char *data)
{
	size_t size = strlen(data);

	a->a_len += (size_t)ksnprintf(a->a_buf + a->a_len, 120,
	    "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino,
	    mode, 3, 4, nlink, 77, (unsigned)size, 0, 0, 1, 2,
	    (unsigned)strlen(name) + 1, 0);
	memcpy(a->a_buf + a->a_len, name, strlen(name) + 1);
	a->a_len = roundup2(a->a_len + strlen(name) + 1, 4);
	memcpy(a->a_buf + a->a_len, data, size);
	a->a_len = roundup2(a->a_len + size, 4);
}

static void
archive_init(struct archive *a)
{
	memset(a, 0, sizeof(*a));
	a->a_buf = kmalloc(64 * 1024, M_TEMP, M_WAITOK | M_ZERO);
	a->a_chunk = 13; /* small steps, to meet every boundary */
}

KTEST(cpio_good, "is a good archive unpacked whole?")
{
	struct test_proc *tp = test_start("");
	struct archive a;
	struct stat st, st2;
	const char *why = NULL;
	char buf[16];
	int fd;

	archive_init(&a);
	archive_add(&a, ".", S_IFDIR | 0755, 1, 2, "");
	archive_add(&a, "d", S_IFDIR | 01777, 2, 2, "");
	archive_add(&a, "./d/f", S_IFREG | 0640, 3, 1, "contents");
	archive_add(&a, "/abs", S_IFREG | 0600, 4, 1, "x");
	archive_add(&a, "l", S_IFLNK | 0777, 5, 1, "d/f");
	archive_add(&a, "h1", S_IFREG | 0600, 6, 2, "");
	archive_add(&a, "h2", S_IFREG | 0600, 6, 2, "linked");
	archive_add(&a, "dev", S_IFCHR | 0666, 7, 1, "");
	archive_add(&a, "fifo", S_IFIFO | 0666, 8, 1, "");
	archive_add(&a, "d/f", S_IFREG | 0644, 9, 1, "again");
	archive_add(&a, "TRAILER!!!", 0, 0, 1, "");
	a.a_len = roundup2(a.a_len, 512);
	archive_add(&a, "second", S_IFREG | 0600, 3, 1, "y");
	archive_add(&a, "TRAILER!!!", 0, 0, 1, "");
	KT_EQ(cpio_unpack(archive_read, &a, &why), 0);
	if (why != NULL)
		kprintf("%s\n", why);
	KT_EQ(t_stat("/d", &st), 0);
	KT_EQ(st.st_mode, S_IFDIR | 01777);
	KT_EQ(st.st_uid, 3);
	KT_EQ(t_stat("/l", &st), 0);
	KT_EQ(st.st_size, 5);
	KT_EQ(st.st_mtim.tv_sec, 77);
	KT_EQ(t_stat("/h1", &st), 0);
	KT_EQ(t_stat("/h2", &st2), 0);
	KT_EQ(st.st_ino, st2.st_ino);
	KT_EQ(st.st_size, 6);
	KT_EQ(t_stat("/dev", &st), 0);
	KT_EQ(st.st_rdev, makedev(1, 2));
	KT_EQ(t_stat("/second", &st), 0);
	KT_EQ(t_stat("/abs", &st), 0);
	fd = t_open("/d/f", O_RDONLY, 0);
	KT_EQ(t_read(fd, buf, sizeof(buf)), 5);
	KT_EQ(memcmp(buf, "again", 5), 0);
	KT_EQ(fd_close(fd), 0);
	kfree(a.a_buf, M_TEMP);
	test_end(tp);
}

static void
expect_bad(struct archive *a, const char *what)
{
	const char *why = NULL;
	int error;

	error = cpio_unpack(archive_read, a, &why);
	KT_CHECK(error != 0);
	KT_CHECK(why != NULL);
	kprintf("%s: %s\n", what, why != NULL ? why : "(unpacked!)");
	memset(a->a_buf, 0, a->a_len);
	a->a_len = a->a_at = 0;
}

KTEST(cpio_bad, "is every corrupt or hostile archive refused with a reason?")
{
	struct test_proc *tp = test_start("");
	struct archive a;
	struct stat st;
	size_t len;

	archive_init(&a);
	archive_add(&a, "../evil", S_IFREG | 0600, 1, 1, "x");
	expect_bad(&a, "climbs");
	archive_add(&a, "a/../../evil", S_IFREG | 0600, 1, 1, "x");
	expect_bad(&a, "climbs inside");
	archive_add(&a, "out", S_IFLNK | 0777, 1, 1, "/");
	archive_add(&a, "out/evil", S_IFREG | 0600, 2, 1, "x");
	expect_bad(&a, "through an absolute link");
	archive_add(&a, "no/dir", S_IFREG | 0600, 1, 1, "x");
	expect_bad(&a, "no parent");
	archive_add(&a, "x", 0170000 & 0030000, 1, 1, "");
	expect_bad(&a, "no type");
	archive_add(&a, "x", S_IFREG | 0600, 1, 1, "data");
	expect_bad(&a, "no trailer");
	archive_add(&a, "x", S_IFREG | 0600, 1, 1, "data");
	a.a_buf[2] = '9';
	expect_bad(&a, "magic");
	archive_add(&a, "x", S_IFREG | 0600, 1, 1, "data");
	a.a_buf[60] = 'g';
	expect_bad(&a, "not hexadecimal");
	archive_add(&a, "x", S_IFREG | 0600, 1, 1, "data");
	memset(a.a_buf + 94, 'f', 8);
	expect_bad(&a, "endless name");
	archive_add(&a, "x", S_IFREG | 0600, 1, 1, "data");
	memset(a.a_buf + 54, 'f', 8);
	expect_bad(&a, "endless data");
	archive_add(&a, "d", S_IFDIR | 0700, 1, 2, "data");
	expect_bad(&a, "directory with data");
	memcpy(a.a_buf, "\037\213\010", 3);
	a.a_len = 200;
	expect_bad(&a, "compressed");
	KT_EQ(t_stat("/evil", &st), ENOENT);
	/* cut a good one everywhere: an error each time, never more */
	archive_add(&a, "d2", S_IFDIR | 0755, 2, 2, "");
	archive_add(&a, "d2/f", S_IFREG | 0640, 3, 1, "contents");
	archive_add(&a, "TRAILER!!!", 0, 0, 1, "");
	len = a.a_len - 4;
	for (a.a_len = 1; a.a_len < len; a.a_len++) {
		const char *why = NULL;

		a.a_at = 0;
		KT_CHECK(cpio_unpack(archive_read, &a, &why) != 0);
		KT_CHECK(why != NULL);
	}
	kfree(a.a_buf, M_TEMP);
	test_end(tp);
}

KTEST(lookup_beneath, "does a hostile path stay below its start?")
{
	struct test_proc *tp = test_start("");
	struct path *p;
	int fd;

	KT_EQ(t_mkdir("/jail"), 0);
	KT_EQ(t_mkdir("/jail/d"), 0);
	KT_EQ(t_mkfile("/secret", ""), 0);
	KT_EQ(kern_symlinkat("../../secret", AT_FDCWD, "/jail/d/up"), 0);
	KT_EQ(kern_symlinkat("/secret", AT_FDCWD, "/jail/abs"), 0);
	KT_EQ(kern_symlinkat("d/..", AT_FDCWD, "/jail/fine"), 0);
	fd = t_open("/jail", O_RDONLY | O_DIRECTORY, 0);
	KT_EQ(path_lookup(fd, "../secret", LOOKUP_BENEATH, &p), EXDEV);
	KT_EQ(path_lookup(fd, "/secret", LOOKUP_BENEATH, &p), EXDEV);
	KT_EQ(path_lookup(fd, "d/up", LOOKUP_BENEATH, &p), EXDEV);
	KT_EQ(path_lookup(fd, "abs", LOOKUP_BENEATH, &p), EXDEV);
	KT_EQ(path_lookup(fd, "d/../d/..", LOOKUP_BENEATH, &p), 0);
	path_drop(p);
	KT_EQ(path_lookup(fd, "fine/d", LOOKUP_BENEATH, &p), 0);
	path_drop(p);
	KT_EQ(fd_close(fd), 0);
	test_end(tp);
}
