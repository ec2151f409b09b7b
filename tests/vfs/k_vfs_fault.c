/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Induced failures: one sequence of calls is run with the n-th question of a
 * failure point answered by a failure, for n = 1, 2, ... until none fires.  Each
 * run must end with errors only, and leave nothing behind.
 */
#include "vfs_test.h"
#include <sys/sysctl.h>

MALLOC_DECLARE(M_TMPFS);

static void
fault_set(const char *point, int64_t nth)
{
	struct sysctl_req req = {.sr_new = &nth, .sr_newlen = sizeof(nth)};
	char name[64];

	ksnprintf(name, sizeof(name), "debug.fault.%s.nth", point);
	KT_EQ(sysctl_access(name, &req), 0);
}

static uint64_t
fault_fired(const char *point)
{
	uint64_t v = 0;
	struct sysctl_req req = {.sr_old = &v, .sr_oldmax = sizeof(v)};
	char name[64];

	ksnprintf(name, sizeof(name), "debug.fault.%s.fired", point);
	KT_EQ(sysctl_access(name, &req), 0);
	return (v);
}

static int
list_nothing(void *arg __unused, const char *name __unused, size_t len __unused,
    ino_t ino __unused, uint8_t dt __unused, uint64_t next __unused)
{
	return (0);
}

/* Everything a little; what fails, fails. */
static void
sequence(void)
{
	static const char longname[] =
	    "/d/a-name-that-does-not-fit-into-the-name-cache-node-itself";
	struct statfs sf;
	struct stat st;
	struct flock fl = {.l_type = F_WRLCK, .l_start = 5, .l_len = 10};
	char buf[32];
	size_t len;
	int fd, fd2;

	(void)t_mkdir("/d");
	(void)t_mkfile("/d/f", "contents");
	(void)t_mkfile(longname, "contents");
	(void)kern_symlinkat("d/f", AT_FDCWD, "/l");
	(void)kern_linkat(AT_FDCWD, "/l", AT_FDCWD, "/h", AT_SYMLINK_FOLLOW);
	(void)t_stat("/l", &st);
	(void)t_stat("/d/none", &st);
	(void)kern_setxattr(-1, "/d/f", 0, "user.x", "value", 5, 0);
	(void)kern_getxattr(-1, "/d/f", 0, "user.x", buf, 32, &len);
	fd = t_open("/l", O_RDWR, 0);
	fd2 = t_open("/", O_TMPFILE | O_RDWR, 0600);
	if (fd >= 0) {
		(void)t_pwrite(fd, "more", 4, 3 * PAGE_SIZE - 2);
		(void)t_pread(fd, buf, 32, 0);
		(void)kern_fcntl_lock(fd, F_SETLK, &fl);
		fl.l_type = F_UNLCK;
		fl.l_start = 7;
		fl.l_len = 1;
		(void)kern_fcntl_lock(fd, F_SETLK, &fl);
		(void)kern_flock(fd, LOCK_EX);
		(void)kern_fallocate(fd, 0, 0, 5 * PAGE_SIZE);
		(void)fd_dup(fd, 500, FD_DUP_MIN, 0, &(int){0});
		(void)kern_ftruncate(fd, 5);
	}
	if (fd >= 0 && fd2 >= 0)
		(void)kern_sendfile(fd2, fd, NULL, NULL, 100, &len);
	(void)kern_renameat(AT_FDCWD, "/d/f", AT_FDCWD, "/d/g", 0);
	(void)kern_renameat(AT_FDCWD, "/d/g", AT_FDCWD, "/moved", 0);
	(void)kern_renameat(
	    AT_FDCWD, "/h", AT_FDCWD, "/moved2", RENAME_NOREPLACE);
	(void)kern_renameat(
	    AT_FDCWD, "/moved", AT_FDCWD, longname, RENAME_EXCHANGE);
	if (vfs_mount_at("tmpfs", "x", "/d", 0, "size=1m") == 0) {
		(void)t_mkfile("/d/inside", "x");
		(void)kern_statfs("/d", &sf);
		while (vfs_unmount_at("/d", false) == ENOMEM)
			continue; /* the walk to it failed */
	}
	fd2 = t_open("/d", O_RDONLY | O_DIRECTORY, 0);
	if (fd2 >= 0)
		(void)kern_getdents(fd2, list_nothing, NULL);
	(void)kern_chdir("/d");
	(void)kern_getcwd(buf, sizeof(buf));
	(void)fd_close_range(0, 10000, false);
}

/* Remove all of it; nothing may fail here. */
static void
clean_up(void)
{
	static const char *const files[] = {"/d/f", "/d/g", "/l", "/h",
	    "/moved", "/moved2", "/d/inside",
	    "/d/a-name-that-does-not-fit-into-the-name-cache-node-itself"};
	int error;

	KT_EQ(kern_chdir("/"), 0);
	for (unsigned i = 0; i < nitems(files); i++) {
		error = t_unlink(files[i]);
		KT_CHECK(error == 0 || error == ENOENT);
	}
	error = t_rmdir("/d");
	KT_CHECK(error == 0 || error == ENOENT);
}

static void
run_point(const char *point)
{
	struct test_proc *tp = test_start("size=1m,nr_inodes=100");
	struct statfs before, after;
	int64_t bytes;
	uint64_t fired;
	int n = 0;

	sequence(); /* fill the caches */
	clean_up();
	KT_EQ(kern_statfs("/", &before), 0);
	bytes = M_TMPFS->mt_bytes;
	do {
		fired = fault_fired(point);
		fault_set(point, ++n);
		sequence();
		fault_set(point, 0);
		clean_up();
		KT_EQ(kern_statfs("/", &after), 0);
		KT_EQ(after.f_bfree, before.f_bfree);
		KT_EQ(after.f_ffree, before.f_ffree);
		KT_EQ(M_TMPFS->mt_bytes, bytes);
	} while (fault_fired(point) != fired && n < 2000);
	kprintf("%s: %d failures\n", point, n - 1);
	KT_CHECK(n > 1 && n < 2000);
	test_end(tp);
}

KTEST(fault_kmalloc, "is every missing buffer an error and no leak?")
{
	run_point("kmalloc");
}

KTEST(fault_zone, "is every missing object an error and no leak?")
{
	run_point("zone");
}

KTEST(fault_page, "is every missing page an error and no leak?")
{
	run_point("page");
}

KTEST(fault_file, "is every missing open file an error and no leak?")
{
	run_point("file_create");
}

KTEST(fault_write, "is every failing write an error and no leak?")
{
	run_point("tmpfs_write");
}
