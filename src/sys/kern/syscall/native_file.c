/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native calls on paths and descriptors.
 */
#include "native_var.h"
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/malloc.h>

int
native_open(struct lwp *lp, const struct native_open_args *uap, uint64_t *resp)
{
	return (upath_openat(AT_FDCWD, uap->path, uap->flags, uap->mode, resp));
}

int
native_openat(
    struct lwp *lp, const struct native_openat_args *uap, uint64_t *resp)
{
	return (
	    upath_openat(uap->dirfd, uap->path, uap->flags, uap->mode, resp));
}

int
native_close(
    struct lwp *lp, const struct native_close_args *uap, uint64_t *resp)
{
	return (fd_close(uap->fd));
}

int
native_close_range(
    struct lwp *lp, const struct native_close_range_args *uap, uint64_t *resp)
{
	return (fd_close_range(uap->first, uap->last, uap->cloexec != 0));
}

int
native_read(struct lwp *lp, const struct native_read_args *uap, uint64_t *resp)
{
	return (sys_rw(uap->fd, uap->buf, uap->n, OFF_CURRENT, UIO_READ, resp));
}

int
native_write(
    struct lwp *lp, const struct native_write_args *uap, uint64_t *resp)
{
	return (
	    sys_rw(uap->fd, uap->buf, uap->n, OFF_CURRENT, UIO_WRITE, resp));
}

int
native_pread(
    struct lwp *lp, const struct native_pread_args *uap, uint64_t *resp)
{
	if (uap->off < 0)
		return (EINVAL);
	return (sys_rw(uap->fd, uap->buf, uap->n, uap->off, UIO_READ, resp));
}

int
native_pwrite(
    struct lwp *lp, const struct native_pwrite_args *uap, uint64_t *resp)
{
	if (uap->off < 0)
		return (EINVAL);
	return (sys_rw(uap->fd, uap->buf, uap->n, uap->off, UIO_WRITE, resp));
}

int
native_readv(
    struct lwp *lp, const struct native_readv_args *uap, uint64_t *resp)
{
	return (
	    sys_rwv(uap->fd, uap->iov, uap->n, OFF_CURRENT, UIO_READ, resp));
}

int
native_writev(
    struct lwp *lp, const struct native_writev_args *uap, uint64_t *resp)
{
	return (
	    sys_rwv(uap->fd, uap->iov, uap->n, OFF_CURRENT, UIO_WRITE, resp));
}

int
native_preadv(
    struct lwp *lp, const struct native_preadv_args *uap, uint64_t *resp)
{
	if (uap->off < 0)
		return (EINVAL);
	return (sys_rwv(uap->fd, uap->iov, uap->n, uap->off, UIO_READ, resp));
}

int
native_pwritev(
    struct lwp *lp, const struct native_pwritev_args *uap, uint64_t *resp)
{
	if (uap->off < 0)
		return (EINVAL);
	return (sys_rwv(uap->fd, uap->iov, uap->n, uap->off, UIO_WRITE, resp));
}

int
native_sendfile(
    struct lwp *lp, const struct native_sendfile_args *uap, uint64_t *resp)
{
	return (sys_sendfile(uap->out, uap->in, uap->inoff, 0, uap->n, resp));
}

int
native_lseek(
    struct lwp *lp, const struct native_lseek_args *uap, uint64_t *resp)
{
	off_t off = 0;
	int error;

	error = kern_lseek(uap->fd, uap->off, uap->whence, &off);
	*resp = (uint64_t)off;
	return (error);
}

int
native_link(struct lwp *lp, const struct native_link_args *uap, uint64_t *resp)
{
	return (upath_linkat(
	    AT_FDCWD, uap->path, AT_FDCWD, uap->to, AT_SYMLINK_FOLLOW));
}

int
native_linkat(
    struct lwp *lp, const struct native_linkat_args *uap, uint64_t *resp)
{
	return (upath_linkat(
	    uap->fromfd, uap->from, uap->tofd, uap->to, uap->flags));
}

int
native_unlink(
    struct lwp *lp, const struct native_unlink_args *uap, uint64_t *resp)
{
	return (upath_unlinkat(AT_FDCWD, uap->path, 0));
}

int
native_rmdir(
    struct lwp *lp, const struct native_rmdir_args *uap, uint64_t *resp)
{
	return (upath_unlinkat(AT_FDCWD, uap->path, AT_REMOVEDIR));
}

int
native_unlinkat(
    struct lwp *lp, const struct native_unlinkat_args *uap, uint64_t *resp)
{
	return (upath_unlinkat(uap->dirfd, uap->path, uap->flags));
}

int
native_rename(
    struct lwp *lp, const struct native_rename_args *uap, uint64_t *resp)
{
	return (upath_renameat(AT_FDCWD, uap->from, AT_FDCWD, uap->to, 0));
}

int
native_renameat(
    struct lwp *lp, const struct native_renameat_args *uap, uint64_t *resp)
{
	return (upath_renameat(
	    uap->fromfd, uap->from, uap->tofd, uap->to, uap->flags));
}

int
native_symlink(
    struct lwp *lp, const struct native_symlink_args *uap, uint64_t *resp)
{
	return (upath_symlinkat(uap->target, AT_FDCWD, uap->path));
}

int
native_symlinkat(
    struct lwp *lp, const struct native_symlinkat_args *uap, uint64_t *resp)
{
	return (upath_symlinkat(uap->target, uap->dirfd, uap->path));
}

int
native_readlink(
    struct lwp *lp, const struct native_readlink_args *uap, uint64_t *resp)
{
	return (upath_readlinkat(AT_FDCWD, uap->path, uap->buf, uap->n, resp));
}

int
native_readlinkat(
    struct lwp *lp, const struct native_readlinkat_args *uap, uint64_t *resp)
{
	return (
	    upath_readlinkat(uap->dirfd, uap->path, uap->buf, uap->n, resp));
}

int
native_chdir(
    struct lwp *lp, const struct native_chdir_args *uap, uint64_t *resp)
{
	return (upath_chdir(uap->path));
}

int
native_fchdir(
    struct lwp *lp, const struct native_fchdir_args *uap, uint64_t *resp)
{
	return (kern_fchdir(uap->fd));
}

int
native_chroot(
    struct lwp *lp, const struct native_chroot_args *uap, uint64_t *resp)
{
	return (upath_chroot(uap->path));
}

int
native_getcwd(
    struct lwp *lp, const struct native_getcwd_args *uap, uint64_t *resp)
{
	return (sys_getcwd(uap->buf, uap->n, resp));
}

int
native_mknod(
    struct lwp *lp, const struct native_mknod_args *uap, uint64_t *resp)
{
	return (upath_mknodat(AT_FDCWD, uap->path, uap->mode, uap->dev));
}

int
native_mknodat(
    struct lwp *lp, const struct native_mknodat_args *uap, uint64_t *resp)
{
	return (upath_mknodat(uap->dirfd, uap->path, uap->mode, uap->dev));
}

int
native_mkfifo(
    struct lwp *lp, const struct native_mkfifo_args *uap, uint64_t *resp)
{
	return (upath_mknodat(
	    AT_FDCWD, uap->path, (uap->mode & ~(mode_t)S_IFMT) | S_IFIFO, 0));
}

int
native_mkfifoat(
    struct lwp *lp, const struct native_mkfifoat_args *uap, uint64_t *resp)
{
	return (upath_mknodat(
	    uap->dirfd, uap->path, (uap->mode & ~(mode_t)S_IFMT) | S_IFIFO, 0));
}

int
native_mkdir(
    struct lwp *lp, const struct native_mkdir_args *uap, uint64_t *resp)
{
	return (upath_mkdirat(AT_FDCWD, uap->path, uap->mode));
}

int
native_mkdirat(
    struct lwp *lp, const struct native_mkdirat_args *uap, uint64_t *resp)
{
	return (upath_mkdirat(uap->dirfd, uap->path, uap->mode));
}

int
native_chmod(
    struct lwp *lp, const struct native_chmod_args *uap, uint64_t *resp)
{
	return (upath_fchmodat(AT_FDCWD, uap->path, uap->mode, 0));
}

int
native_fchmod(
    struct lwp *lp, const struct native_fchmod_args *uap, uint64_t *resp)
{
	return (kern_fchmodat(uap->fd, NULL, uap->mode, AT_EMPTY_PATH));
}

int
native_fchmodat(
    struct lwp *lp, const struct native_fchmodat_args *uap, uint64_t *resp)
{
	return (upath_fchmodat(uap->dirfd, uap->path, uap->mode, uap->flags));
}

int
native_chown(
    struct lwp *lp, const struct native_chown_args *uap, uint64_t *resp)
{
	return (upath_fchownat(AT_FDCWD, uap->path, uap->uid, uap->gid, 0));
}

int
native_lchown(
    struct lwp *lp, const struct native_lchown_args *uap, uint64_t *resp)
{
	return (upath_fchownat(
	    AT_FDCWD, uap->path, uap->uid, uap->gid, AT_SYMLINK_NOFOLLOW));
}

int
native_fchown(
    struct lwp *lp, const struct native_fchown_args *uap, uint64_t *resp)
{
	return (
	    kern_fchownat(uap->fd, NULL, uap->uid, uap->gid, AT_EMPTY_PATH));
}

int
native_fchownat(
    struct lwp *lp, const struct native_fchownat_args *uap, uint64_t *resp)
{
	return (upath_fchownat(
	    uap->dirfd, uap->path, uap->uid, uap->gid, uap->flags));
}

int
native_access(
    struct lwp *lp, const struct native_access_args *uap, uint64_t *resp)
{
	return (upath_faccessat(AT_FDCWD, uap->path, uap->mode, 0));
}

int
native_faccessat(
    struct lwp *lp, const struct native_faccessat_args *uap, uint64_t *resp)
{
	return (upath_faccessat(uap->dirfd, uap->path, uap->mode, uap->flags));
}

int
native_umask(
    struct lwp *lp, const struct native_umask_args *uap, uint64_t *resp)
{
	*resp = kern_umask(uap->mask & 0777);
	return (0);
}

int
native_truncate(
    struct lwp *lp, const struct native_truncate_args *uap, uint64_t *resp)
{
	return (upath_truncate(uap->path, uap->size));
}

int
native_ftruncate(
    struct lwp *lp, const struct native_ftruncate_args *uap, uint64_t *resp)
{
	return (kern_ftruncate(uap->fd, uap->size));
}

int
native_fsync(
    struct lwp *lp, const struct native_fsync_args *uap, uint64_t *resp)
{
	return (kern_fsync(uap->fd, false));
}

int
native_fdatasync(
    struct lwp *lp, const struct native_fdatasync_args *uap, uint64_t *resp)
{
	return (kern_fsync(uap->fd, true));
}

int
native_fallocate(
    struct lwp *lp, const struct native_fallocate_args *uap, uint64_t *resp)
{
	return (kern_fallocate(uap->fd, uap->mode, uap->off, uap->len));
}

int
native_flock(
    struct lwp *lp, const struct native_flock_args *uap, uint64_t *resp)
{
	return (kern_flock(uap->fd, uap->how));
}

int
native_sync(struct lwp *lp, const struct native_sync_args *uap, uint64_t *resp)
{
	kern_sync();
	return (0);
}

int
native_stat(struct lwp *lp, const struct native_stat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error;

	error = upath_statat(AT_FDCWD, uap->path, 0, &st);
	return (error != 0 ? error : copyout(&st, uap->st, sizeof(st)));
}

int
native_lstat(
    struct lwp *lp, const struct native_lstat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error;

	error = upath_statat(AT_FDCWD, uap->path, AT_SYMLINK_NOFOLLOW, &st);
	return (error != 0 ? error : copyout(&st, uap->st, sizeof(st)));
}

int
native_fstatat(
    struct lwp *lp, const struct native_fstatat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error;

	error = upath_statat(uap->dirfd, uap->path, uap->flags, &st);
	return (error != 0 ? error : copyout(&st, uap->st, sizeof(st)));
}

int
native_fstat(
    struct lwp *lp, const struct native_fstat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error;

	error = upath_statat(uap->fd, 0, AT_EMPTY_PATH, &st);
	return (error != 0 ? error : copyout(&st, uap->st, sizeof(st)));
}

int
native_statfs(
    struct lwp *lp, const struct native_statfs_args *uap, uint64_t *resp)
{
	struct statfs *sf = kmalloc(sizeof(*sf), M_TEMP, M_WAITOK | M_ZERO);
	int error;

	if (sf == NULL)
		return (ENOMEM);
	error = upath_statfs(uap->path, sf);
	if (error == 0)
		error = copyout(sf, uap->sf, sizeof(*sf));
	kfree(sf, M_TEMP);
	return (error);
}

int
native_fstatfs(
    struct lwp *lp, const struct native_fstatfs_args *uap, uint64_t *resp)
{
	struct statfs *sf = kmalloc(sizeof(*sf), M_TEMP, M_WAITOK | M_ZERO);
	int error;

	if (sf == NULL)
		return (ENOMEM);
	error = kern_fstatfs(uap->fd, sf);
	if (error == 0)
		error = copyout(sf, uap->sf, sizeof(*sf));
	kfree(sf, M_TEMP);
	return (error);
}

int
native_utimensat(
    struct lwp *lp, const struct native_utimensat_args *uap, uint64_t *resp)
{
	struct timespec ts[2];
	int error;

	if (uap->ts != 0 && (error = copyin(uap->ts, ts, sizeof(ts))) != 0)
		return (error);
	return (upath_utimensat(
	    uap->dirfd, uap->path, uap->ts != 0 ? ts : NULL, uap->flags));
}

/* struct flock commands copy in and, for the asking ones, out. */
static int
fcntl_lock(const struct native_fcntl_args *uap)
{
	struct flock fl;
	int error = copyin((uaddr_t)uap->arg, &fl, sizeof(fl));

	if (error == 0)
		error = kern_fcntl_lock(uap->fd, uap->cmd, &fl);
	if (error == 0 && (uap->cmd == F_GETLK || uap->cmd == F_OFD_GETLK))
		error = copyout(&fl, (uaddr_t)uap->arg, sizeof(fl));
	return (error);
}

int
native_fcntl(
    struct lwp *lp, const struct native_fcntl_args *uap, uint64_t *resp)
{
	int64_t res = 0;
	int error;

	switch (uap->cmd) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return (fcntl_lock(uap));
	default:
		error = kern_fcntl(uap->fd, uap->cmd, uap->arg, &res);
		*resp = (uint64_t)res;
		return (error);
	}
}

int
native_dup(struct lwp *lp, const struct native_dup_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error = fd_dup(uap->fd, 0, FD_DUP_MIN, 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
native_dup2(struct lwp *lp, const struct native_dup2_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error = fd_dup(uap->from, uap->to, FD_DUP_EXACT, 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
native_dup3(struct lwp *lp, const struct native_dup3_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	if ((uap->flags & ~O_CLOEXEC) != 0)
		return (EINVAL);
	error = fd_dup(uap->from, uap->to, FD_DUP_DIFF,
	    (uap->flags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

static int
pipe_out(uaddr_t ufds, int oflags)
{
	int fds[2], error;

	if ((error = kern_pipe(fds, oflags)) != 0)
		return (error);
	if ((error = copyout(fds, ufds, sizeof(fds))) != 0) {
		fd_close(fds[0]);
		fd_close(fds[1]);
	}
	return (error);
}

int
native_pipe(struct lwp *lp, const struct native_pipe_args *uap, uint64_t *resp)
{
	return (pipe_out(uap->fds, 0));
}

int
native_pipe2(
    struct lwp *lp, const struct native_pipe2_args *uap, uint64_t *resp)
{
	return (pipe_out(uap->fds, uap->flags));
}

int
native_ioctl(
    struct lwp *lp, const struct native_ioctl_args *uap, uint64_t *resp)
{
	size_t len = IOCPARM_LEN(uap->cmd);
	uaddr_t data = uap->data;
	void *buf;
	int error = 0;

	if ((uap->cmd & IOC_INOUT) == 0 || len == 0)
		return (kern_ioctl(uap->fd, uap->cmd, &data));
	if ((buf = kmalloc(len, M_TEMP, M_WAITOK | M_ZERO)) == NULL)
		return (ENOMEM);
	if ((uap->cmd & IOC_IN) != 0)
		error = copyin(uap->data, buf, len);
	if (error == 0)
		error = kern_ioctl(uap->fd, uap->cmd, buf);
	if (error == 0 && (uap->cmd & IOC_OUT) != 0)
		error = copyout(buf, uap->data, len);
	kfree(buf, M_TEMP);
	return (error);
}

static int
native_emit(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
    uint64_t next)
{
	size_t n =
	    roundup2(offsetof(struct native_dirent, d_name) + len + 1, 8);
	struct native_dirent *d = dirbuf_room(arg, n);

	if (d == NULL)
		return (1);
	d->d_fileno = ino;
	d->d_off = next;
	d->d_reclen = (uint16_t)n;
	d->d_namlen = (uint16_t)len;
	d->d_type = dt;
	memcpy(d->d_name, name, len);
	return (0);
}

int
native_getdents(
    struct lwp *lp, const struct native_getdents_args *uap, uint64_t *resp)
{
	return (dirbuf_getdents(uap->fd, uap->buf, uap->n, native_emit, resp));
}

int
native_getxattr(
    struct lwp *lp, const struct native_getxattr_args *uap, uint64_t *resp)
{
	return (uxattr_get(
	    uap->fd, uap->path, uap->flags, uap->name, uap->buf, uap->n, resp));
}

int
native_setxattr(
    struct lwp *lp, const struct native_setxattr_args *uap, uint64_t *resp)
{
	return (uxattr_set(
	    uap->fd, uap->path, 0, uap->name, uap->buf, uap->n, uap->flags));
}

int
native_listxattr(
    struct lwp *lp, const struct native_listxattr_args *uap, uint64_t *resp)
{
	return (uxattr_list(
	    uap->fd, uap->path, uap->flags, uap->buf, uap->n, resp));
}

int
native_removexattr(
    struct lwp *lp, const struct native_removexattr_args *uap, uint64_t *resp)
{
	return (uxattr_remove(uap->fd, uap->path, uap->flags, uap->name));
}
