/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VFS test bodies share: a kernel thread gets a process of its own, with
 * descriptors, directories and credentials, and a fresh tmpfs as the root.
 */
#ifndef TESTS_VFS_VFS_TEST_H
#define TESTS_VFS_VFS_TEST_H

#include <sys/cpu.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktest.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/thread.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include <sys/vnode.h>

struct test_proc {
	struct proc tp_proc;
	struct lwp tp_lwp;
};

/* Give the current thread a process; uid 0, umask 0. */
static inline struct test_proc *
test_proc_enter(void)
{
	struct test_proc *tp;

	tp = kmalloc(sizeof(*tp), M_TEMP, M_WAITOK | M_ZERO);
	spin_init(&tp->tp_proc.p_spin, "test proc");
	tp->tp_proc.p_pid = 1000 + curthread->td_cpu->c_id;
	tp->tp_proc.p_fd = filedesc_create();
	tp->tp_proc.p_fs = fs_context_create();
	tp->tp_proc.p_fs->fc_umask = 0;
	tp->tp_proc.p_cred = cred_dup(cred_kernel);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		tp->tp_proc.p_rlimit[i].rlim_cur = RLIM_INFINITY;
	tp->tp_proc.p_rlimit[RLIMIT_NOFILE].rlim_cur = 1024;
	tp->tp_lwp.lw_proc = &tp->tp_proc;
	tp->tp_lwp.lw_thread = curthread;
	tp->tp_lwp.lw_cred = tp->tp_proc.p_cred;
	curthread->td_lwp = &tp->tp_lwp;
	return (tp);
}

static inline void
test_proc_leave(struct test_proc *tp)
{
	filedesc_drop(tp->tp_proc.p_fd);
	fs_context_drop(tp->tp_proc.p_fs);
	curthread->td_lwp = NULL;
	cred_drop(tp->tp_proc.p_cred);
	kfree(tp, M_TEMP);
}

static inline void
test_become(struct test_proc *tp, uid_t uid, gid_t gid)
{
	struct ucred *cr = tp->tp_proc.p_cred;

	cr->cr_uid = cr->cr_ruid = cr->cr_svuid = cr->cr_fsuid = uid;
	cr->cr_gid = cr->cr_rgid = cr->cr_svgid = cr->cr_fsgid = gid;
	cr->cr_ngroups = 0;
	cr->cr_cap_permitted = cr->cr_cap_effective = uid == 0 ? CAP_ALL : 0;
}

/* A root for the test; options of tmpfs. */
static inline struct test_proc *
test_start(const char *options)
{
	KT_EQ(vfs_mount_at("tmpfs", "test", "/", 0, options), 0);
	return (test_proc_enter());
}

/* Everything must have gone: mounts, vnodes, files. */
static inline void
test_end(struct test_proc *tp)
{
	test_proc_leave(tp);
	vfs_unmount_all();
}

static inline int
t_open(const char *path, int flags, mode_t mode)
{
	int fd = -1, error = kern_openat(AT_FDCWD, path, flags, mode, &fd);

	return (error != 0 ? -error : fd);
}

/* Bytes, or minus the error. */
static inline int64_t
t_io(bool write, int fd, const void *buf, size_t len, off_t off)
{
	struct uio uio;
	struct iovec iov;
	size_t done;
	int error, fof = off >= 0 ? FOF_OFFSET : 0;

	uio_init(&uio, &iov, (void *)(uintptr_t)buf, len, MAX(off, 0),
	    write ? UIO_WRITE : UIO_READ);
	error = write ? kern_write(fd, &uio, fof, &done)
		      : kern_read(fd, &uio, fof, &done);
	return (error != 0 ? -error : (int64_t)done);
}
#define t_write(fd, buf, len)	    t_io(true, fd, buf, len, -1)
#define t_read(fd, buf, len)	    t_io(false, fd, buf, len, -1)
#define t_pwrite(fd, buf, len, off) t_io(true, fd, buf, len, off)
#define t_pread(fd, buf, len, off)  t_io(false, fd, buf, len, off)

static inline int
t_mkfile(const char *path, const char *text)
{
	int fd = t_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int64_t n;

	if (fd < 0)
		return (-fd);
	n = t_write(fd, text, strlen(text));
	(void)fd_close(fd);
	return (n == (int64_t)strlen(text) ? 0 : EIO);
}

static inline int
t_mkdir(const char *path)
{
	return (kern_mkdirat(AT_FDCWD, path, 0777));
}

static inline int
t_unlink(const char *path)
{
	return (kern_unlinkat(AT_FDCWD, path, 0));
}

static inline int
t_rmdir(const char *path)
{
	return (kern_unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

static inline int
t_rename(const char *from, const char *to)
{
	return (kern_renameat(AT_FDCWD, from, AT_FDCWD, to, 0));
}

static inline int
t_stat(const char *path, struct stat *st)
{
	return (kern_fstatat(AT_FDCWD, path, 0, st));
}

static inline uint64_t
t_free_blocks(void)
{
	struct statfs sf;

	KT_EQ(kern_statfs("/", &sf), 0);
	return (sf.f_bfree);
}

#endif
