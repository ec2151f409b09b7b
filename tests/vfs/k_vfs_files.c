/* SPDX-License-Identifier: BSD-2-Clause */
/* Contents: reads, writes, holes, limits, attributes, locks, descriptors. */
#include "vfs_test.h"
#include <vm/vm.h>

KTEST(files_rw, "do reads see what writes and truncations left?")
{
	struct test_proc *tp = test_start("");
	char buf[32];
	off_t pos;
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666), fd2;

	KT_EQ(t_write(fd, "hello world", 11), 11);
	KT_EQ(kern_lseek(fd, 6, SEEK_SET, &pos), 0);
	KT_EQ(t_read(fd, buf, sizeof(buf)), 5);
	KT_EQ(memcmp(buf, "world", 5), 0);
	KT_EQ(t_read(fd, buf, sizeof(buf)), 0);
	KT_EQ(t_pread(fd, buf, 5, 0), 5);
	KT_EQ(memcmp(buf, "hello", 5), 0);
	KT_EQ(kern_ftruncate(fd, 3), 0);
	KT_EQ(kern_ftruncate(fd, 8), 0);
	KT_EQ(t_pread(fd, buf, 32, 0), 8);
	KT_EQ(memcmp(buf, "hel\0\0\0\0\0", 8), 0);
	KT_EQ(kern_lseek(fd, -1, SEEK_SET, &pos), EINVAL);
	KT_EQ(kern_lseek(fd, 0, SEEK_END, &pos), 0);
	KT_EQ(pos, 8);
	fd2 = t_open("/f", O_WRONLY | O_APPEND, 0);
	KT_EQ(t_write(fd2, "tail", 4), 4);
	KT_EQ(t_read(fd2, buf, 1), -EBADF);
	KT_EQ(t_pread(fd, buf, 4, 8), 4);
	KT_EQ(memcmp(buf, "tail", 4), 0);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(fd_close(fd2), 0);
	KT_EQ(fd_close(fd2), EBADF);
	test_end(tp);
}

KTEST(files_sparse, "do holes read as zeros and cost nothing?")
{
	struct test_proc *tp = test_start("size=1m");
	uint64_t before = t_free_blocks();
	struct stat st;
	char buf[16];
	off_t pos;
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666);

	KT_EQ(t_pwrite(fd, "end", 3, 1LL << 40), 3);
	KT_EQ(before - t_free_blocks(), 1);
	KT_EQ(t_pread(fd, buf, 16, 1LL << 39), 16);
	for (int i = 0; i < 16; i++)
		KT_EQ(buf[i], 0);
	KT_EQ(before - t_free_blocks(), 1);
	KT_EQ(kern_fstatat(fd, NULL, 0, &st), 0);
	KT_EQ(st.st_size, (1LL << 40) + 3);
	KT_EQ(st.st_blocks, 8);
	KT_EQ(kern_lseek(fd, 0, SEEK_DATA, &pos), 0);
	KT_EQ(pos, 1LL << 40);
	KT_EQ(kern_lseek(fd, 0, SEEK_HOLE, &pos), 0);
	KT_EQ(pos, 0);
	KT_EQ(kern_lseek(fd, 1LL << 40, SEEK_HOLE, &pos), 0);
	KT_EQ(pos, (1LL << 40) + 3);
	KT_EQ(kern_lseek(fd, (1LL << 40) + 3, SEEK_DATA, &pos), ENXIO);
	KT_EQ(kern_fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE,
		  1LL << 40, PAGE_SIZE),
	    0);
	KT_EQ(t_free_blocks(), before);
	KT_EQ(kern_lseek(fd, 0, SEEK_DATA, &pos), ENXIO);
	KT_EQ(kern_fallocate(fd, 0, 0, 10 * PAGE_SIZE), 0);
	KT_EQ(before - t_free_blocks(), 10);
	KT_EQ(kern_fallocate(fd, 0, 0, 2 << 20), ENOSPC);
	KT_EQ(before - t_free_blocks(), 10);
	KT_EQ(kern_fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE,
		  PAGE_SIZE / 2, 3 * PAGE_SIZE),
	    0);
	KT_EQ(before - t_free_blocks(), 8);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(t_unlink("/f"), 0);
	KT_EQ(t_free_blocks(), before);
	test_end(tp);
}

KTEST(files_enospc, "does a full file system stop exactly at its size?")
{
	struct test_proc *tp = test_start("size=64k,nr_inodes=4");
	static char page[PAGE_SIZE];
	int64_t total = 0, n;
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666);

	while ((n = t_write(fd, page, 1000)) > 0)
		total += n;
	KT_EQ(n, -ENOSPC);
	KT_EQ(total, 65536);
	KT_EQ(t_free_blocks(), 0);
	KT_EQ(t_pwrite(fd, page, PAGE_SIZE, 0), PAGE_SIZE);
	KT_EQ(kern_ftruncate(fd, 60000), 0);
	KT_EQ(t_free_blocks(), 1);
	KT_EQ(t_mkfile("/a", "a"), 0);
	KT_EQ(t_mkdir("/b"), 0);
	KT_EQ(t_mkdir("/c"), ENOSPC);
	KT_EQ(t_rmdir("/b"), 0);
	KT_EQ(t_mkdir("/c"), 0);
	KT_EQ(t_unlink("/f"), 0); /* still open */
	KT_EQ(t_free_blocks(), 0);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(t_free_blocks(), 15);
	test_end(tp);
}

KTEST(files_limits, "is RLIMIT_FSIZE kept?")
{
	struct test_proc *tp = test_start("");
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666);

	tp->tp_proc.p_rlimit[RLIMIT_FSIZE].rlim_cur = 10;
	KT_EQ(t_write(fd, "0123456789abcdef", 16), 10);
	tp->tp_proc.p_rlimit[RLIMIT_FSIZE].rlim_cur = RLIM_INFINITY;
	KT_EQ(t_write(fd, "abcdef", 6), 6);
	KT_EQ(fd_close(fd), 0);
	test_end(tp);
}

KTEST(files_xattr, "do extended attributes keep names, sizes, rights?")
{
	struct test_proc *tp = test_start("");
	char buf[64];
	size_t len;

#define SETX(name, value, size, flags)                                         \
	kern_setxattr(-1, "/f", 0, name, value, size, flags)
#define GETX(name, size) kern_getxattr(-1, "/f", 0, name, buf, size, &len)
	KT_EQ(t_mkfile("/f", ""), 0);
	KT_EQ(kern_fchmodat(AT_FDCWD, "/f", 0666, 0), 0);
	KT_EQ(SETX("user.a", "value", 5, 0), 0);
	KT_EQ(SETX("user.a", "v", 1, XATTR_CREATE), EEXIST);
	KT_EQ(SETX("user.b", "v", 1, XATTR_REPLACE), ENOATTR);
	KT_EQ(SETX("other.b", "v", 1, 0), EOPNOTSUPP);
	KT_EQ(SETX("trusted.t", "secret", 6, 0), 0);
	KT_EQ(GETX("user.a", 0), 0);
	KT_EQ(len, 5);
	KT_EQ(GETX("user.a", 3), ERANGE);
	KT_EQ(GETX("user.a", sizeof(buf)), 0);
	KT_EQ(memcmp(buf, "value", 5), 0);
	KT_EQ(kern_listxattr(-1, "/f", 0, buf, sizeof(buf), &len), 0);
	KT_EQ(len, 17);
	test_become(tp, 100, 100);
	KT_EQ(GETX("trusted.t", sizeof(buf)), ENOATTR);
	KT_EQ(SETX("trusted.t", "x", 1, 0), EPERM);
	KT_EQ(kern_listxattr(-1, "/f", 0, buf, sizeof(buf), &len), 0);
	KT_EQ(len, 7);
	KT_EQ(kern_removexattr(-1, "/f", 0, "user.a"), 0);
	KT_EQ(kern_removexattr(-1, "/f", 0, "user.a"), ENOATTR);
	test_end(tp);
}

KTEST(files_times, "do the times follow the operations?")
{
	struct test_proc *tp = test_start("");
	struct timespec ts[2] = {{1000, 5}, {2000, UTIME_OMIT}};
	struct stat a, b;
	char c;
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666);

	KT_EQ(kern_fstatat(fd, NULL, 0, &a), 0);
	KT_EQ(kern_utimensat(fd, NULL, ts, 0), 0);
	KT_EQ(kern_fstatat(fd, NULL, 0, &b), 0);
	KT_EQ(b.st_atim.tv_sec, 1000);
	KT_EQ(b.st_atim.tv_nsec, 5);
	KT_EQ(ts_to_ns(&b.st_mtim), ts_to_ns(&a.st_mtim));
	ts[1].tv_nsec = NS_PER_SEC;
	KT_EQ(kern_utimensat(fd, NULL, ts, 0), EINVAL);
	KT_EQ(t_write(fd, "x", 1), 1);
	KT_EQ(t_pread(fd, &c, 1, 0), 1);
	KT_EQ(kern_fstatat(fd, NULL, 0, &b), 0);
	KT_CHECK(ts_to_ns(&b.st_mtim) >= ts_to_ns(&a.st_mtim));
	KT_CHECK(b.st_atim.tv_sec > 1000);
	KT_EQ(fd_close(fd), 0);
	test_end(tp);
}

static int
rec_lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = {.l_start = start,
	    .l_len = len,
	    .l_type = (int16_t)type,
	    .l_whence = SEEK_SET};

	return (kern_fcntl_lock(fd, cmd, &fl));
}

KTEST(files_locks, "do record, file and whole locks conflict as they should?")
{
	struct test_proc *tp = test_start("");
	struct filedesc *mine = tp->tp_proc.p_fd, *other;
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666), fd2, fd3;

	fd2 = t_open("/f", O_RDWR, 0);
	KT_EQ(filedesc_copy(mine, &other), 0);
	KT_EQ(rec_lock(fd, F_SETLK, F_WRLCK, 0, 100), 0);
	KT_EQ(rec_lock(fd, F_SETLK, F_UNLCK, 40, 20), 0);
	tp->tp_proc.p_fd = other;
	KT_EQ(rec_lock(fd, F_SETLK, F_RDLCK, 0, 10), EAGAIN);
	KT_EQ(rec_lock(fd, F_SETLK, F_WRLCK, 45, 5), 0);
	KT_EQ(rec_lock(fd, F_SETLK, F_WRLCK, 59, 2), EAGAIN);
	KT_EQ(kern_fcntl_lock(fd, F_GETLK, &fl), 0);
	KT_EQ(fl.l_type, F_WRLCK);
	KT_EQ(fl.l_start, 0);
	KT_EQ(fl.l_len, 40);
	KT_EQ(rec_lock(fd, F_OFD_SETLK, F_RDLCK, 0, 1), EAGAIN);
	KT_EQ(kern_flock(fd, LOCK_EX | LOCK_NB), 0); /* another kind */
	KT_EQ(kern_flock(fd2, LOCK_SH | LOCK_NB), EAGAIN);
	KT_EQ(kern_flock(fd, LOCK_SH | LOCK_NB), 0);
	KT_EQ(kern_flock(fd2, LOCK_SH | LOCK_NB), 0);
	tp->tp_proc.p_fd = mine;
	fd3 = t_open("/f", O_RDONLY, 0);
	KT_EQ(rec_lock(fd3, F_SETLK, F_WRLCK, 0, 1), EBADF);
	KT_EQ(fd_close(fd3), 0); /* any close ends mine */
	tp->tp_proc.p_fd = other;
	KT_EQ(rec_lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	tp->tp_proc.p_fd = mine;
	KT_EQ(rec_lock(fd, F_SETLK, F_WRLCK, 5000, 1), EAGAIN);
	filedesc_drop(other);
	KT_EQ(rec_lock(fd, F_SETLK, F_WRLCK, 5000, 1), 0);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(fd_close(fd2), 0);
	test_end(tp);
}

KTEST(files_descriptors, "do descriptors come lowest first, to the limit?")
{
	struct test_proc *tp = test_start("");
	struct file *fp;
	int fd[300], n, got, flags;

	KT_EQ(t_mkfile("/f", ""), 0);
	for (int i = 0; i < 300; i++) {
		fd[i] = t_open("/f", O_RDONLY, 0);
		KT_EQ(fd[i], i);
	}
	KT_EQ(fd_close(7), 0);
	KT_EQ(fd_close(200), 0);
	KT_EQ(fd_dup(0, 0, FD_DUP_MIN, FDF_CLOEXEC, &n), 0);
	KT_EQ(n, 7);
	KT_EQ(fd_dup(0, 100, FD_DUP_MIN, 0, &n), 0);
	KT_EQ(n, 200);
	KT_EQ(fd_dup(0, 5, FD_DUP_EXACT, 0, &n), 0);
	KT_EQ(fd_dup(5, 5, FD_DUP_EXACT, 0, &n), 0);
	KT_EQ(fd_dup(5, 5, FD_DUP_DIFF, 0, &n), EINVAL);
	KT_EQ(fd_dup(5, 5000, FD_DUP_EXACT, 0, &n), EBADF);
	KT_EQ(fd_dup(5, 900, FD_DUP_EXACT, 0, &n), 0);
	KT_EQ(fd_flags_get(7, &flags), 0);
	KT_EQ(flags, FDF_CLOEXEC);
	filedesc_close_on_exec(tp->tp_proc.p_fd);
	KT_EQ(fd_get(7, 0, &fp), EBADF);
	tp->tp_proc.p_rlimit[RLIMIT_NOFILE].rlim_cur = 301;
	KT_EQ(t_open("/f", O_RDONLY, 0), 7);
	KT_EQ(t_open("/f", O_RDONLY, 0), 300);
	KT_EQ(t_open("/f", O_RDONLY, 0), -EMFILE);
	got = -1;
	KT_EQ(fd_get(3, FWRITE, &fp), EBADF);
	KT_EQ(fd_get(3, FREAD, &fp), 0);
	file_drop(fp);
	KT_EQ(fd_close_range(3, 5000, false), 0);
	n = 0;
	while (filedesc_next(tp->tp_proc.p_fd, &n, &fp, &flags) == 0) {
		got = n++;
		file_drop(fp);
	}
	KT_EQ(got, 2);
	test_end(tp);
}

KTEST(files_text, "is a running file busy for writers?")
{
	struct test_proc *tp = test_start("");
	struct path *p;
	int fd;

	KT_EQ(t_mkfile("/f", ""), 0);
	KT_EQ(path_lookup(AT_FDCWD, "/f", 0, &p), 0);
	KT_EQ(vn_deny_write(p->pt_vnode), 0);
	KT_EQ(vn_deny_write(p->pt_vnode), 0);
	KT_EQ(t_open("/f", O_WRONLY, 0), -ETXTBSY);
	KT_EQ(kern_truncate("/f", 1), ETXTBSY);
	vn_allow_write(p->pt_vnode);
	vn_allow_write(p->pt_vnode);
	fd = t_open("/f", O_WRONLY, 0);
	KT_CHECK(fd >= 0);
	KT_EQ(vn_deny_write(p->pt_vnode), ETXTBSY);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(vn_deny_write(p->pt_vnode), 0);
	vn_allow_write(p->pt_vnode);
	path_drop(p);
	test_end(tp);
}

KTEST(files_mapped, "does a mapped file live until it is unmapped?")
{
	struct test_proc *tp = test_start("size=1m");
	uint64_t before = t_free_blocks();
	struct vm_object *a = NULL, *b = NULL;
	struct vm_page *pg;
	struct file *fp;
	uint8_t maxprot = VM_PROT_ALL;
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666);

	KT_EQ(t_write(fd, "abc", 3), 3);
	KT_EQ(fd_get(fd, FREAD, &fp), 0);
	KT_EQ(fp->f_ops->fo_mmap(
		  fp, 0, PAGE_SIZE, VM_PROT_READ, true, &a, &maxprot),
	    0);
	KT_EQ(fp->f_ops->fo_mmap(
		  fp, 0, PAGE_SIZE, VM_PROT_READ, true, &b, &maxprot),
	    0);
	KT_CHECK(a == b);
	file_drop(fp);
	KT_EQ(fd_close(fd), 0);
	KT_EQ(t_unlink("/f"), 0);
	KT_EQ(before - t_free_blocks(), 1);
	vm_object_drop(a);
	KT_EQ(vm_object_getpage(b, 0, 0, &pg), 0);
	KT_EQ(memcmp(vm_page_kva(pg), "abc", 3), 0);
	vm_page_unwire(pg);
	vm_object_drop(b);
	KT_EQ(t_free_blocks(), before);
	test_end(tp);
}

KTEST(files_sendfile, "does an in-kernel copy copy?")
{
	struct test_proc *tp = test_start("");
	static char buf[100000], back[100000];
	off_t in = 10;
	size_t done;
	int a = t_open("/a", O_RDWR | O_CREAT, 0666);
	int b = t_open("/b", O_RDWR | O_CREAT, 0666);

	for (unsigned i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7);
	KT_EQ(t_write(a, buf, sizeof(buf)), sizeof(buf));
	KT_EQ(kern_sendfile(b, a, &in, NULL, sizeof(buf), &done), 0);
	KT_EQ(done, sizeof(buf) - 10);
	KT_EQ(in, sizeof(buf));
	KT_EQ(t_pread(b, back, sizeof(back), 0), sizeof(buf) - 10);
	KT_EQ(memcmp(back, buf + 10, sizeof(buf) - 10), 0);
	KT_EQ(fd_close(a), 0);
	KT_EQ(fd_close(b), 0);
	test_end(tp);
}
