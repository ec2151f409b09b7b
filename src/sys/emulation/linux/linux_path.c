/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on paths.
 */
#include "linux_var.h"
#include <sys/ucred.h>
#include <sys/vnode.h>

int
linux_open(struct lwp *lp, const struct linux_open_args *uap, uint64_t *resp)
{
	return (upath_openat(AT_FDCWD, uap->path, linux_open_flags(uap->flags),
	    uap->mode & 07777, resp));
}

int
linux_openat(
    struct lwp *lp, const struct linux_openat_args *uap, uint64_t *resp)
{
	return (upath_openat(uap->dirfd, uap->path,
	    linux_open_flags(uap->flags), uap->mode & 07777, resp));
}

int
linux_creat(struct lwp *lp, const struct linux_creat_args *uap, uint64_t *resp)
{
	return (upath_openat(AT_FDCWD, uap->path, O_WRONLY | O_CREAT | O_TRUNC,
	    uap->mode & 07777, resp));
}

#define OPEN_KNOWN 0x7fffc3 /* every O_ flag and the access mode */
#define OPEN_WITH_PATH                                                         \
	(LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC)

/* openat2 takes nothing that it would ignore. */
static int
open_how_check(const struct linux_open_how *how)
{
	bool creates = (how->flags & (LINUX_O_CREAT | LINUX_O_TMPFILE)) != 0;

	if ((how->flags & ~(uint64_t)OPEN_KNOWN) != 0 ||
	    (how->mode & ~07777UL) != 0 || (how->mode != 0 && !creates) ||
	    (how->resolve & ~(uint64_t)RESOLVE_ALL) != 0)
		return (EINVAL);
	if ((how->flags & LINUX_O_PATH) != 0 &&
	    (how->flags & ~(uint64_t)OPEN_WITH_PATH) != 0)
		return (EINVAL);
	return (0);
}

int
linux_openat2(
    struct lwp *lp, const struct linux_openat2_args *uap, uint64_t *resp)
{
	struct linux_open_how how;
	int error, fd = -1;
	char *path;

	if (uap->size < sizeof(how))
		return (EINVAL);
	if (uap->size > PAGE_SIZE)
		return (E2BIG);
	error = linux_struct_in(uap->how, uap->size, &how, sizeof(how));
	if (error != 0)
		return (error);
	if ((error = open_how_check(&how)) != 0)
		return (error);
	if ((error = path_copyin(uap->path, &path)) != 0)
		return (error);
	error = kern_openat2(uap->dirfd, path, linux_open_flags((int)how.flags),
	    (mode_t)how.mode, (int)how.resolve, &fd);
	path_free(path);
	*resp = (uint64_t)fd;
	return (error);
}

int
linux_mkdir(struct lwp *lp, const struct linux_mkdir_args *uap, uint64_t *resp)
{
	return (upath_mkdirat(AT_FDCWD, uap->path, uap->mode & 07777));
}

int
linux_mkdirat(
    struct lwp *lp, const struct linux_mkdirat_args *uap, uint64_t *resp)
{
	return (upath_mkdirat(uap->dirfd, uap->path, uap->mode & 07777));
}

/* mode 0 in the type bits means a regular file. */
static mode_t
mknod_mode(mode_t mode)
{
	return ((mode & S_IFMT) == 0 ? mode | S_IFREG : mode);
}

int
linux_mknod(struct lwp *lp, const struct linux_mknod_args *uap, uint64_t *resp)
{
	return (upath_mknodat(AT_FDCWD, uap->path, mknod_mode(uap->mode),
	    linux_dev_in(uap->dev)));
}

int
linux_mknodat(
    struct lwp *lp, const struct linux_mknodat_args *uap, uint64_t *resp)
{
	return (upath_mknodat(uap->dirfd, uap->path, mknod_mode(uap->mode),
	    linux_dev_in(uap->dev)));
}

int
linux_unlink(
    struct lwp *lp, const struct linux_unlink_args *uap, uint64_t *resp)
{
	return (upath_unlinkat(AT_FDCWD, uap->path, 0));
}

int
linux_rmdir(struct lwp *lp, const struct linux_rmdir_args *uap, uint64_t *resp)
{
	return (upath_unlinkat(AT_FDCWD, uap->path, AT_REMOVEDIR));
}

int
linux_unlinkat(
    struct lwp *lp, const struct linux_unlinkat_args *uap, uint64_t *resp)
{
	if ((uap->flags & ~LINUX_AT_REMOVEDIR) != 0)
		return (EINVAL);
	return (upath_unlinkat(
	    uap->dirfd, uap->path, uap->flags != 0 ? AT_REMOVEDIR : 0));
}

int
linux_rename(
    struct lwp *lp, const struct linux_rename_args *uap, uint64_t *resp)
{
	return (upath_renameat(AT_FDCWD, uap->from, AT_FDCWD, uap->to, 0));
}

int
linux_renameat(
    struct lwp *lp, const struct linux_renameat_args *uap, uint64_t *resp)
{
	return (upath_renameat(uap->fromfd, uap->from, uap->tofd, uap->to, 0));
}

int
linux_renameat2(
    struct lwp *lp, const struct linux_renameat2_args *uap, uint64_t *resp)
{
	const unsigned all =
	    RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT;

	if ((uap->flags & ~all) != 0 ||
	    ((uap->flags & RENAME_EXCHANGE) != 0 &&
		uap->flags != RENAME_EXCHANGE))
		return (EINVAL);
	return (upath_renameat(
	    uap->fromfd, uap->from, uap->tofd, uap->to, (int)uap->flags));
}

int
linux_link(struct lwp *lp, const struct linux_link_args *uap, uint64_t *resp)
{
	return (upath_linkat(AT_FDCWD, uap->path, AT_FDCWD, uap->to, 0));
}

int
linux_linkat(
    struct lwp *lp, const struct linux_linkat_args *uap, uint64_t *resp)
{
	int error, flags;

	error = linux_at_flags(
	    uap->flags, LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH, &flags);
	if (error != 0)
		return (error);
	return (
	    upath_linkat(uap->fromfd, uap->from, uap->tofd, uap->to, flags));
}

int
linux_symlink(
    struct lwp *lp, const struct linux_symlink_args *uap, uint64_t *resp)
{
	return (upath_symlinkat(uap->target, AT_FDCWD, uap->path));
}

int
linux_symlinkat(
    struct lwp *lp, const struct linux_symlinkat_args *uap, uint64_t *resp)
{
	return (upath_symlinkat(uap->target, uap->dirfd, uap->path));
}

int
linux_readlink(
    struct lwp *lp, const struct linux_readlink_args *uap, uint64_t *resp)
{
	return (uap->n <= 0 ? EINVAL
			    : upath_readlinkat(AT_FDCWD, uap->path, uap->buf,
				  (size_t)uap->n, resp));
}

int
linux_readlinkat(
    struct lwp *lp, const struct linux_readlinkat_args *uap, uint64_t *resp)
{
	return (uap->n <= 0 ? EINVAL
			    : upath_readlinkat(uap->dirfd, uap->path, uap->buf,
				  (size_t)uap->n, resp));
}

int
linux_chmod(struct lwp *lp, const struct linux_chmod_args *uap, uint64_t *resp)
{
	return (upath_fchmodat(AT_FDCWD, uap->path, uap->mode & 07777, 0));
}

int
linux_fchmod(
    struct lwp *lp, const struct linux_fchmod_args *uap, uint64_t *resp)
{
	return (kern_fchmodat(uap->fd, NULL, uap->mode & 07777, AT_EMPTY_PATH));
}

int
linux_fchmodat(
    struct lwp *lp, const struct linux_fchmodat_args *uap, uint64_t *resp)
{
	return (upath_fchmodat(uap->dirfd, uap->path, uap->mode & 07777, 0));
}

int
linux_chown(struct lwp *lp, const struct linux_chown_args *uap, uint64_t *resp)
{
	return (upath_fchownat(AT_FDCWD, uap->path, uap->uid, uap->gid, 0));
}

int
linux_lchown(
    struct lwp *lp, const struct linux_lchown_args *uap, uint64_t *resp)
{
	return (upath_fchownat(
	    AT_FDCWD, uap->path, uap->uid, uap->gid, AT_SYMLINK_NOFOLLOW));
}

int
linux_fchown(
    struct lwp *lp, const struct linux_fchown_args *uap, uint64_t *resp)
{
	return (
	    kern_fchownat(uap->fd, NULL, uap->uid, uap->gid, AT_EMPTY_PATH));
}

int
linux_fchownat(
    struct lwp *lp, const struct linux_fchownat_args *uap, uint64_t *resp)
{
	int error, flags;

	error = linux_at_flags(uap->flags,
	    LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH |
		LINUX_AT_NO_AUTOMOUNT,
	    &flags);
	if (error != 0)
		return (error);
	return (
	    upath_fchownat(uap->dirfd, uap->path, uap->uid, uap->gid, flags));
}

static int
access_common(int dirfd, uaddr_t path, int mode, int atflags)
{
	if ((mode & ~(R_OK | W_OK | X_OK)) != 0)
		return (EINVAL);
	return (upath_faccessat(dirfd, path, mode, atflags));
}

int
linux_access(
    struct lwp *lp, const struct linux_access_args *uap, uint64_t *resp)
{
	return (access_common(AT_FDCWD, uap->path, uap->mode, 0));
}

int
linux_faccessat(
    struct lwp *lp, const struct linux_faccessat_args *uap, uint64_t *resp)
{
	return (access_common(uap->dirfd, uap->path, uap->mode, 0));
}

int
linux_faccessat2(
    struct lwp *lp, const struct linux_faccessat2_args *uap, uint64_t *resp)
{
	int error, flags;

	error = linux_at_flags(uap->flags & ~LINUX_AT_REMOVEDIR,
	    LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH, &flags);
	if (error != 0)
		return (error);
	if ((uap->flags & LINUX_AT_REMOVEDIR) != 0)
		flags |= AT_EACCESS;
	return (access_common(uap->dirfd, uap->path, uap->mode, flags));
}

int
linux_truncate(
    struct lwp *lp, const struct linux_truncate_args *uap, uint64_t *resp)
{
	return (upath_truncate(uap->path, uap->size));
}

int
linux_chdir(struct lwp *lp, const struct linux_chdir_args *uap, uint64_t *resp)
{
	return (upath_chdir(uap->path));
}

int
linux_fchdir(
    struct lwp *lp, const struct linux_fchdir_args *uap, uint64_t *resp)
{
	return (kern_fchdir(uap->fd));
}

int
linux_chroot(
    struct lwp *lp, const struct linux_chroot_args *uap, uint64_t *resp)
{
	return (upath_chroot(uap->path));
}

int
linux_getcwd(
    struct lwp *lp, const struct linux_getcwd_args *uap, uint64_t *resp)
{
	return (sys_getcwd(uap->buf, uap->n, resp));
}

int
linux_umask(struct lwp *lp, const struct linux_umask_args *uap, uint64_t *resp)
{
	*resp = kern_umask(uap->mask & 0777);
	return (0);
}

/* --- times ---------------------------------------------------------------------- */

static int
utime_ns_in(struct timespec *ts)
{
	if (ts->tv_nsec == LINUX_UTIME_NOW) {
		ts->tv_sec = 0;
		ts->tv_nsec = UTIME_NOW;
	} else if (ts->tv_nsec == LINUX_UTIME_OMIT) {
		ts->tv_sec = 0;
		ts->tv_nsec = UTIME_OMIT;
	} else if (ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_SEC) {
		return (EINVAL);
	}
	return (0);
}

int
linux_utimensat(
    struct lwp *lp, const struct linux_utimensat_args *uap, uint64_t *resp)
{
	struct timespec ts[2];
	int error, flags;

	error = linux_at_flags(uap->flags,
	    LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH, &flags);
	if (error == 0 && uap->ts != 0) {
		error = copyin(uap->ts, ts, sizeof(ts));
		if (error == 0)
			error = utime_ns_in(&ts[0]);
		if (error == 0)
			error = utime_ns_in(&ts[1]);
	}
	if (error == 0 && uap->path == 0 && uap->dirfd == AT_FDCWD)
		error = EFAULT;
	if (error != 0)
		return (error);
	return (upath_utimensat(
	    uap->dirfd, uap->path, uap->ts != 0 ? ts : NULL, flags));
}

static int
utimes_common(int dirfd, uaddr_t path, uaddr_t utv)
{
	struct timeval tv[2];
	struct timespec ts[2];
	int error;

	if (utv == 0)
		return (upath_utimensat(dirfd, path, NULL, 0));
	if ((error = copyin(utv, tv, sizeof(tv))) != 0)
		return (error);
	for (int i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return (EINVAL);
		ts[i] = (struct timespec){
		    tv[i].tv_sec, tv[i].tv_usec * NS_PER_USEC};
	}
	return (upath_utimensat(dirfd, path, ts, 0));
}

int
linux_utimes(
    struct lwp *lp, const struct linux_utimes_args *uap, uint64_t *resp)
{
	return (uap->path == 0 ? EFAULT
			       : utimes_common(AT_FDCWD, uap->path, uap->tv));
}

int
linux_futimesat(
    struct lwp *lp, const struct linux_futimesat_args *uap, uint64_t *resp)
{
	return (utimes_common(uap->dirfd, uap->path, uap->tv));
}

int
linux_utime(struct lwp *lp, const struct linux_utime_args *uap, uint64_t *resp)
{
	struct timespec ts[2];
	int64_t t[2];
	int error;

	if (uap->path == 0)
		return (EFAULT);
	if (uap->times == 0)
		return (upath_utimensat(AT_FDCWD, uap->path, NULL, 0));
	if ((error = copyin(uap->times, t, sizeof(t))) != 0)
		return (error);
	ts[0] = (struct timespec){t[0], 0};
	ts[1] = (struct timespec){t[1], 0};
	return (upath_utimensat(AT_FDCWD, uap->path, ts, 0));
}

/* --- extended attributes: NF is "do not follow" -------------------------------------- */

#define NF AT_SYMLINK_NOFOLLOW

int
linux_getxattr(
    struct lwp *lp, const struct linux_getxattr_args *uap, uint64_t *resp)
{
	return (uxattr_get(
	    AT_FDCWD, uap->path, 0, uap->name, uap->buf, uap->n, resp));
}

int
linux_setxattr(
    struct lwp *lp, const struct linux_setxattr_args *uap, uint64_t *resp)
{
	return (uxattr_set(
	    AT_FDCWD, uap->path, 0, uap->name, uap->buf, uap->n, uap->flags));
}

int
linux_listxattr(
    struct lwp *lp, const struct linux_listxattr_args *uap, uint64_t *resp)
{
	return (uxattr_list(AT_FDCWD, uap->path, 0, uap->buf, uap->n, resp));
}

int
linux_removexattr(
    struct lwp *lp, const struct linux_removexattr_args *uap, uint64_t *resp)
{
	return (uxattr_remove(AT_FDCWD, uap->path, 0, uap->name));
}

int
linux_lgetxattr(
    struct lwp *lp, const struct linux_lgetxattr_args *uap, uint64_t *resp)
{
	return (uxattr_get(
	    AT_FDCWD, uap->path, NF, uap->name, uap->buf, uap->n, resp));
}

int
linux_lsetxattr(
    struct lwp *lp, const struct linux_lsetxattr_args *uap, uint64_t *resp)
{
	return (uxattr_set(
	    AT_FDCWD, uap->path, NF, uap->name, uap->buf, uap->n, uap->flags));
}

int
linux_llistxattr(
    struct lwp *lp, const struct linux_llistxattr_args *uap, uint64_t *resp)
{
	return (uxattr_list(AT_FDCWD, uap->path, NF, uap->buf, uap->n, resp));
}

int
linux_lremovexattr(
    struct lwp *lp, const struct linux_lremovexattr_args *uap, uint64_t *resp)
{
	return (uxattr_remove(AT_FDCWD, uap->path, NF, uap->name));
}

int
linux_fgetxattr(
    struct lwp *lp, const struct linux_fgetxattr_args *uap, uint64_t *resp)
{
	return (uxattr_get(uap->fd, 0, 0, uap->name, uap->buf, uap->n, resp));
}

int
linux_fsetxattr(
    struct lwp *lp, const struct linux_fsetxattr_args *uap, uint64_t *resp)
{
	return (
	    uxattr_set(uap->fd, 0, 0, uap->name, uap->buf, uap->n, uap->flags));
}

int
linux_flistxattr(
    struct lwp *lp, const struct linux_flistxattr_args *uap, uint64_t *resp)
{
	return (uxattr_list(uap->fd, 0, 0, uap->buf, uap->n, resp));
}

int
linux_fremovexattr(
    struct lwp *lp, const struct linux_fremovexattr_args *uap, uint64_t *resp)
{
	return (uxattr_remove(uap->fd, 0, 0, uap->name));
}

/* --- handles --------------------------------------------------------------------- */

struct linux_file_handle {
	uint32_t bytes;
	int32_t type;
};

int
linux_name_to_handle_at(struct lwp *lp,
    const struct linux_name_to_handle_at_args *uap, uint64_t *resp)
{
	struct linux_file_handle h;
	uint64_t mountid = 0;
	struct fid fid;
	int error, flags;
	char *path;

	error = linux_at_flags(
	    uap->flags, LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH, &flags);
	if (error != 0 || (error = copyin(uap->handle, &h, sizeof(h))) != 0)
		return (error);
	if (h.bytes > FID_MAX)
		return (EINVAL);
	if ((error = path_copyin(uap->path, &path)) != 0)
		return (error);
	error = kern_get_fid(uap->dirfd, path, flags, &fid, &mountid);
	path_free(path);
	if (error != 0)
		return (error);
	/* Too little room: how much it takes, and where the file is. */
	if (h.bytes < fid.fid_len)
		error = EOVERFLOW;
	h = (struct linux_file_handle){fid.fid_len, fid.fid_type};
	if (error == 0 &&
	    copyout(fid.fid_data, uap->handle + sizeof(h), fid.fid_len) != 0)
		return (EFAULT);
	if (copyout(&h, uap->handle, sizeof(h)) != 0 ||
	    copyout_u32((uint32_t)mountid, uap->mountid) != 0)
		return (EFAULT);
	return (error);
}

int
linux_open_by_handle_at(struct lwp *lp,
    const struct linux_open_by_handle_at_args *uap, uint64_t *resp)
{
	struct linux_file_handle h;
	struct fid fid;
	int error, fd = -1;

	if ((error = cred_check_cap(cred_current(), CAP_DAC_READ_SEARCH)) !=
		0 ||
	    (error = copyin(uap->handle, &h, sizeof(h))) != 0)
		return (error);
	if (h.bytes == 0 || h.bytes > FID_MAX)
		return (EINVAL);
	memset(&fid, 0, sizeof(fid));
	fid.fid_len = h.bytes;
	fid.fid_type = h.type;
	error = copyin(uap->handle + sizeof(h), fid.fid_data, h.bytes);
	if (error == 0)
		error = kern_open_fid(
		    uap->mountfd, &fid, linux_open_flags(uap->flags), &fd);
	*resp = (uint64_t)fd;
	return (error);
}
