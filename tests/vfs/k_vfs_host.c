/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostfs, against the directory the machine shares (--share).  Without one there
 * is nothing to test, and the cases only check that nothing can be mounted.
 */
#include "vfs_test.h"

/* A root with the share on /host, and an empty /host/test; false: no share. */
static bool
host_start(struct test_proc **tpp)
{
	struct stat st;
	int error;

	*tpp = test_start("");
	KT_EQ(t_mkdir("/host"), 0);
	error = vfs_mount_at("hostfs", "/", "/host", 0, "");
	if (boot_option("share") == NULL) {
		KT_EQ(error, ENXIO);
		return (false);
	}
	KT_EQ(error, 0);
	KT_EQ(t_stat("/host", &st), 0);
	KT_CHECK(S_ISDIR(st.st_mode));
	error = t_mkdir("/host/test");
	KT_CHECK(error == 0 || error == EEXIST);
	return (error == 0 || error == EEXIST);
}

KTEST(host_names, "do names on the host come, move and go?")
{
	struct test_proc *tp;
	struct stat st, st2;
	char buf[64];
	struct uio uio;
	struct iovec iov;
	size_t done;

	if (host_start(&tp)) {
		KT_EQ(t_mkfile("/host/test/f", "hello"), 0);
		KT_EQ(t_stat("/host/test/f", &st), 0);
		KT_EQ(st.st_size, 5);
		KT_EQ(t_mkdir("/host/test/d"), 0);
		KT_EQ(t_mkdir("/host/test/d"), EEXIST);
		KT_EQ(t_rename("/host/test/f", "/host/test/d/g"), 0);
		KT_EQ(t_stat("/host/test/f", &st2), ENOENT);
		KT_EQ(t_stat("/host/test/d/g", &st2), 0);
		KT_EQ(st.st_ino, st2.st_ino);
		KT_EQ(kern_linkat(AT_FDCWD, "/host/test/d/g", AT_FDCWD,
			  "/host/test/h", 0),
		    0);
		KT_EQ(t_stat("/host/test/h", &st2), 0);
		KT_EQ(st2.st_nlink, 2);
		KT_EQ(st.st_ino, st2.st_ino);
		KT_EQ(kern_symlinkat("d/g", AT_FDCWD, "/host/test/l"), 0);
		KT_EQ(t_stat("/host/test/l", &st2), 0);
		KT_EQ(st.st_ino, st2.st_ino);
		uio_init(&uio, &iov, buf, sizeof(buf), 0, UIO_READ);
		KT_EQ(
		    kern_readlinkat(AT_FDCWD, "/host/test/l", &uio, &done), 0);
		KT_EQ(done, 3);
		KT_EQ(kern_chdir("/host/test/d"), 0);
		KT_EQ(kern_getcwd(buf, sizeof(buf)), 0);
		KT_EQ(strcmp(buf, "/host/test/d"), 0);
		KT_EQ(t_stat("../h", &st2), 0);
		KT_EQ(kern_chdir("/"), 0);
		KT_EQ(
		    kern_symlinkat("/etc/passwd", AT_FDCWD, "/host/test/e"), 0);
		KT_EQ(t_stat("/host/test/e", &st2), ENOENT); /* our own /etc */
		KT_EQ(kern_symlinkat(
			  "../../../../../../etc", AT_FDCWD, "/host/test/up"),
		    0);
		KT_EQ(t_stat("/host/test/up/passwd", &st2), ENOENT);
		KT_EQ(t_rmdir("/host/test/d"), ENOTEMPTY);
		KT_EQ(t_unlink("/host/test/d/g"), 0);
		KT_EQ(t_unlink("/host/test/h"), 0);
		KT_EQ(t_unlink("/host/test/l"), 0);
		KT_EQ(t_unlink("/host/test/e"), 0);
		KT_EQ(t_unlink("/host/test/up"), 0);
		KT_EQ(t_rmdir("/host/test/d"), 0);
		KT_EQ(t_rmdir("/host/test"), 0);
		KT_EQ(vfs_unmount_at("/host", false), 0);
	}
	test_end(tp);
}

KTEST(host_data, "are contents, sizes and times those of the host?")
{
	static char buf[300000], back[300000];
	struct test_proc *tp;
	struct stat st;
	int fd;

	if (host_start(&tp)) {
		for (unsigned i = 0; i < sizeof(buf); i++)
			buf[i] = (char)(i * 13 >> 3);
		fd = t_open("/host/test/f", O_RDWR | O_CREAT | O_TRUNC, 0640);
		KT_CHECK(fd >= 0);
		KT_EQ(t_write(fd, buf, sizeof(buf)), sizeof(buf));
		KT_EQ(t_pread(fd, back, sizeof(back), 0), sizeof(back));
		KT_EQ(memcmp(buf, back, sizeof(buf)), 0);
		KT_EQ(t_pwrite(fd, "HERE", 4, 5000), 4);
		KT_EQ(t_pread(fd, back, 8, 4998), 8);
		KT_EQ(memcmp(back + 2, "HERE", 4), 0);
		KT_EQ(kern_ftruncate(fd, 5002), 0);
		KT_EQ(kern_ftruncate(fd, 9000), 0);
		KT_EQ(t_pread(fd, back, 9000, 0), 9000);
		KT_EQ(memcmp(back + 5000, "HE\0\0", 4), 0);
		KT_EQ(back[8999], 0);
		KT_EQ(kern_fsync(fd, false), 0);
		KT_EQ(kern_fstatat(fd, NULL, 0, &st), 0);
		KT_EQ(st.st_size, 9000);
		KT_EQ(st.st_mode, S_IFREG | 0640);
		KT_EQ(kern_fchmodat(fd, NULL, 0755, 0), 0);
		KT_EQ(kern_fstatat(fd, NULL, 0, &st), 0);
		KT_EQ(st.st_mode, S_IFREG | 0755);
		KT_EQ(t_unlink("/host/test/f"), 0);
		KT_EQ(t_pread(fd, back, 4, 5000), 4); /* removed, still open */
		KT_EQ(fd_close(fd), 0);
		KT_EQ(t_rmdir("/host/test"), 0);
	}
	test_end(tp);
}

KTEST(host_many, "do more files than descriptors work?")
{
	struct test_proc *tp;
	struct stat st;
	char name[40];
	int n = 1500;

	if (host_start(&tp)) {
		for (int i = 0; i < n; i++) {
			ksnprintf(name, sizeof(name), "/host/test/f%d", i);
			KT_EQ(t_mkfile(name, name), 0);
		}
		for (int i = 0; i < n; i++) {
			char buf[40];
			int fd;

			ksnprintf(name, sizeof(name), "/host/test/f%d", i);
			KT_EQ(t_stat(name, &st), 0);
			KT_EQ(st.st_size, strlen(name));
			fd = t_open(name, O_RDONLY, 0);
			KT_EQ(t_read(fd, buf, sizeof(buf)), strlen(name));
			KT_EQ(memcmp(buf, name, strlen(name)), 0);
			KT_EQ(fd_close(fd), 0);
		}
		for (int i = 0; i < n; i++) {
			ksnprintf(name, sizeof(name), "/host/test/f%d", i);
			KT_EQ(t_unlink(name), 0);
		}
		KT_EQ(t_rmdir("/host/test"), 0);
	}
	test_end(tp);
}

KTEST(host_bigger, "can a file larger than memory be read?")
{
	static char buf[65536];
	struct test_proc *tp;
	int64_t total = 0, n;
	int fd;

	if (host_start(&tp)) {
		fd = t_open("/host/test/big", O_RDWR | O_CREAT, 0600);
		KT_EQ(kern_ftruncate(fd, 600LL << 20), 0);
		KT_EQ(t_pwrite(fd, "end", 3, (600LL << 20) - 3), 3);
		while ((n = t_read(fd, buf, sizeof(buf))) > 0)
			total += n;
		KT_EQ(n, 0);
		KT_EQ(total, 600LL << 20);
		KT_EQ(memcmp(buf + sizeof(buf) - 3, "end", 3), 0);
		KT_EQ(fd_close(fd), 0);
		KT_EQ(t_unlink("/host/test/big"), 0);
		KT_EQ(t_rmdir("/host/test"), 0);
	}
	test_end(tp);
}
