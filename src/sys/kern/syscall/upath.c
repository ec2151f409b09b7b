/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls on user paths: copy the path in, call kern_, free the copy.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/syscall_util.h>

#define XATTR_NAME_LEN 256
#define XATTR_SIZE_LEN (64 * 1024)

int
upath_openat(int dirfd, uaddr_t upath, int oflags, mode_t mode, uint64_t *resp)
{
	char *path;
	int error, fd;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_openat(dirfd, path, oflags, mode, &fd);
	path_free(path);
	if (error == 0)
		*resp = (uint64_t)fd;
	return (error);
}

int
upath_statat(int dirfd, uaddr_t upath, int atflags, struct stat *st)
{
	char *path;
	int error;

	if (upath == 0 && (atflags & AT_EMPTY_PATH) != 0)
		return (kern_fstatat(dirfd, NULL, atflags, st));
	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_fstatat(dirfd, path, atflags, st);
	path_free(path);
	return (error);
}

int
upath_mkdirat(int dirfd, uaddr_t upath, mode_t mode)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_mkdirat(dirfd, path, mode);
	path_free(path);
	return (error);
}

int
upath_mknodat(int dirfd, uaddr_t upath, mode_t mode, dev_t dev)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_mknodat(dirfd, path, mode, dev);
	path_free(path);
	return (error);
}

int
upath_unlinkat(int dirfd, uaddr_t upath, int atflags)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_unlinkat(dirfd, path, atflags);
	path_free(path);
	return (error);
}

/* Two paths at once. */
static int
two_paths(uaddr_t ua, uaddr_t ub, char **ap, char **bp)
{
	int error;

	if ((error = path_copyin(ua, ap)) != 0)
		return (error);
	if ((error = path_copyin(ub, bp)) != 0)
		path_free(*ap);
	return (error);
}

int
upath_renameat(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto, int flags)
{
	char *from, *to;
	int error;

	if ((error = two_paths(ufrom, uto, &from, &to)) != 0)
		return (error);
	error = kern_renameat(fromfd, from, tofd, to, flags);
	path_free(from);
	path_free(to);
	return (error);
}

int
upath_linkat(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto, int atflags)
{
	char *from, *to;
	int error;

	if ((error = two_paths(ufrom, uto, &from, &to)) != 0)
		return (error);
	error = kern_linkat(fromfd, from, tofd, to, atflags);
	path_free(from);
	path_free(to);
	return (error);
}

int
upath_symlinkat(uaddr_t utarget, int dirfd, uaddr_t upath)
{
	char *target, *path;
	int error;

	if ((error = two_paths(utarget, upath, &target, &path)) != 0)
		return (error);
	error = kern_symlinkat(target, dirfd, path);
	path_free(target);
	path_free(path);
	return (error);
}

int
upath_readlinkat(
    int dirfd, uaddr_t upath, uaddr_t buf, size_t n, uint64_t *resp)
{
	struct iovec iov;
	struct uio uio;
	char *path;
	size_t done = 0;
	int error;

	if (n == 0 || n > INT64_MAX)
		return (EINVAL);
	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	uio_init_user(&uio, &iov, buf, n, 0, UIO_READ);
	error = kern_readlinkat(dirfd, path, &uio, &done);
	path_free(path);
	*resp = done;
	return (error);
}

int
upath_fchmodat(int dirfd, uaddr_t upath, mode_t mode, int atflags)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_fchmodat(dirfd, path, mode, atflags);
	path_free(path);
	return (error);
}

int
upath_fchownat(int dirfd, uaddr_t upath, uid_t uid, gid_t gid, int atflags)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_fchownat(dirfd, path, uid, gid, atflags);
	path_free(path);
	return (error);
}

int
upath_utimensat(
    int dirfd, uaddr_t upath, const struct timespec *ts, int atflags)
{
	char *path;
	int error;

	if (upath == 0)
		return (
		    kern_utimensat(dirfd, NULL, ts, atflags | AT_EMPTY_PATH));
	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_utimensat(dirfd, path, ts, atflags);
	path_free(path);
	return (error);
}

int
upath_faccessat(int dirfd, uaddr_t upath, int rwx, int atflags)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_faccessat(dirfd, path, rwx, atflags);
	path_free(path);
	return (error);
}

int
upath_truncate(uaddr_t upath, off_t size)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_truncate(path, size);
	path_free(path);
	return (error);
}

int
upath_chdir(uaddr_t upath)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_chdir(path);
	path_free(path);
	return (error);
}

int
upath_pivot_root(uaddr_t unew, uaddr_t uput)
{
	char *new, *put;
	int error;

	if ((error = path_copyin(unew, &new)) != 0)
		return (error);
	if ((error = path_copyin(uput, &put)) == 0) {
		error = kern_pivot_root(new, put);
		path_free(put);
	}
	path_free(new);
	return (error);
}

int
upath_chroot(uaddr_t upath)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_chroot(path);
	path_free(path);
	return (error);
}

int
upath_statfs(uaddr_t upath, struct statfs *sf)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_statfs(path, sf);
	path_free(path);
	return (error);
}

int
upath_execve(struct lwp *lp, uaddr_t upath, uaddr_t argv, uaddr_t envp)
{
	char *path;
	int error;

	if ((error = path_copyin(upath, &path)) != 0)
		return (error);
	error = kern_execve(lp, path, argv, envp);
	path_free(path);
	return (error);
}

/* Same bounds and memory as a path. */
int
ustring_copyin(uaddr_t us, char **sp)
{
	return (path_copyin(us, sp));
}

/* --- extended attributes ------------------------------------------------------- */

/* The optional path and the name of an attribute call. */
struct xattr_names {
	char *xn_path;
	char xn_name[XATTR_NAME_LEN];
};

/* The path alone; 0 is that of a descriptor. */
static int
xattr_path_in(uaddr_t upath, struct xattr_names *xn)
{
	xn->xn_path = NULL;
	return (upath != 0 ? path_copyin(upath, &xn->xn_path) : 0);
}

static int
xattr_names_in(uaddr_t upath, uaddr_t uname, struct xattr_names *xn)
{
	size_t n;
	int error;

	error = copyinstr(uname, xn->xn_name, sizeof(xn->xn_name), &n);
	if (error == ENAMETOOLONG || (error == 0 && n == 1))
		return (ERANGE);
	if (error != 0)
		return (error);
	return (xattr_path_in(upath, xn));
}

static void
xattr_names_free(struct xattr_names *xn)
{
	if (xn->xn_path != NULL)
		path_free(xn->xn_path);
}

int
uxattr_get(int fd, uaddr_t upath, int atflags, uaddr_t uname, uaddr_t ubuf,
    size_t n, uint64_t *resp)
{
	struct xattr_names xn;
	void *buf = NULL;
	size_t len = 0;
	int error;

	n = MIN(n, XATTR_SIZE_LEN);
	if ((error = xattr_names_in(upath, uname, &xn)) != 0)
		return (error);
	if (n != 0 && (buf = kmalloc(n, M_TEMP, M_WAITOK)) == NULL)
		error = ENOMEM;
	if (error == 0)
		error = kern_getxattr(
		    fd, xn.xn_path, atflags, xn.xn_name, buf, n, &len);
	if (error == 0 && n != 0)
		error = copyout(buf, ubuf, MIN(len, n));
	*resp = len;
	kfree(buf, M_TEMP);
	xattr_names_free(&xn);
	return (error);
}

int
uxattr_set(int fd, uaddr_t upath, int atflags, uaddr_t uname, uaddr_t ubuf,
    size_t n, int flags)
{
	struct xattr_names xn;
	void *buf = NULL;
	int error;

	if (n > XATTR_SIZE_LEN)
		return (E2BIG);
	if ((error = xattr_names_in(upath, uname, &xn)) != 0)
		return (error);
	buf = kmalloc(MAX(n, 1), M_TEMP, M_WAITOK);
	error = buf == NULL ? ENOMEM : copyin(ubuf, buf, n);
	if (error == 0)
		error = kern_setxattr(
		    fd, xn.xn_path, atflags, xn.xn_name, buf, n, flags);
	kfree(buf, M_TEMP);
	xattr_names_free(&xn);
	return (error);
}

int
uxattr_list(
    int fd, uaddr_t upath, int atflags, uaddr_t ubuf, size_t n, uint64_t *resp)
{
	struct xattr_names xn;
	char *buf = NULL;
	size_t len = 0;
	int error;

	n = MIN(n, XATTR_SIZE_LEN);
	if ((error = xattr_path_in(upath, &xn)) != 0)
		return (error);
	if (n != 0 && (buf = kmalloc(n, M_TEMP, M_WAITOK)) == NULL)
		error = ENOMEM;
	if (error == 0)
		error = kern_listxattr(fd, xn.xn_path, atflags, buf, n, &len);
	if (error == 0 && n != 0)
		error = copyout(buf, ubuf, MIN(len, n));
	*resp = len;
	kfree(buf, M_TEMP);
	xattr_names_free(&xn);
	return (error);
}

int
uxattr_remove(int fd, uaddr_t upath, int atflags, uaddr_t uname)
{
	struct xattr_names xn;
	int error;

	if ((error = xattr_names_in(upath, uname, &xn)) != 0)
		return (error);
	error = kern_removexattr(fd, xn.xn_path, atflags, xn.xn_name);
	xattr_names_free(&xn);
	return (error);
}
