/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls that describe files and file systems.
 */
#include "linux_var.h"
#include <sys/malloc.h>
#include <sys/vnode.h>

/* --- stat ------------------------------------------------------------------------ */

static int
stat_out(const struct stat *st, uaddr_t to)
{
	struct linux_stat l;

	memset(&l, 0, sizeof(l));
	l.st_dev = linux_dev_out(st->st_dev);
	l.st_ino = st->st_ino;
	l.st_nlink = st->st_nlink;
	l.st_mode = st->st_mode;
	l.st_uid = st->st_uid;
	l.st_gid = st->st_gid;
	l.st_rdev = linux_dev_out(st->st_rdev);
	l.st_size = st->st_size;
	l.st_blksize = st->st_blksize;
	l.st_blocks = st->st_blocks;
	l.st_atime = st->st_atim.tv_sec;
	l.st_atime_nsec = st->st_atim.tv_nsec;
	l.st_mtime = st->st_mtim.tv_sec;
	l.st_mtime_nsec = st->st_mtim.tv_nsec;
	l.st_ctime = st->st_ctim.tv_sec;
	l.st_ctime_nsec = st->st_ctim.tv_nsec;
	return (copyout(&l, to, sizeof(l)));
}

int
linux_stat(struct lwp *lp, const struct linux_stat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error;

	error = upath_statat(AT_FDCWD, uap->path, 0, &st);
	return (error != 0 ? error : stat_out(&st, uap->st));
}

int
linux_lstat(struct lwp *lp, const struct linux_lstat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error;

	error = upath_statat(AT_FDCWD, uap->path, AT_SYMLINK_NOFOLLOW, &st);
	return (error != 0 ? error : stat_out(&st, uap->st));
}

int
linux_fstat(struct lwp *lp, const struct linux_fstat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error;

	error = upath_statat(uap->fd, 0, AT_EMPTY_PATH, &st);
	return (error != 0 ? error : stat_out(&st, uap->st));
}

int
linux_newfstatat(
    struct lwp *lp, const struct linux_newfstatat_args *uap, uint64_t *resp)
{
	struct stat st;
	int error, flags;

	error = linux_at_flags(uap->flags,
	    LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH |
		LINUX_AT_NO_AUTOMOUNT,
	    &flags);
	if (error == 0)
		error = upath_statat(uap->dirfd, uap->path, flags, &st);
	return (error != 0 ? error : stat_out(&st, uap->st));
}

static struct linux_statx_time
statx_time(const struct timespec *ts)
{
	return (
	    (struct linux_statx_time){ts->tv_sec, (uint32_t)ts->tv_nsec, 0});
}

static void
statx_fill(const struct stat *st, struct linux_statx *l)
{
	memset(l, 0, sizeof(*l));
	l->stx_mask = LINUX_STATX_BASIC;
	if (st->st_birthtim.tv_sec != 0)
		l->stx_mask |= LINUX_STATX_BTIME;
	l->stx_blksize = st->st_blksize;
	l->stx_nlink = st->st_nlink;
	l->stx_uid = st->st_uid;
	l->stx_gid = st->st_gid;
	l->stx_mode = (uint16_t)st->st_mode;
	l->stx_ino = st->st_ino;
	l->stx_size = (uint64_t)st->st_size;
	l->stx_blocks = (uint64_t)st->st_blocks;
	l->stx_atime = statx_time(&st->st_atim);
	l->stx_btime = statx_time(&st->st_birthtim);
	l->stx_ctime = statx_time(&st->st_ctim);
	l->stx_mtime = statx_time(&st->st_mtim);
	l->stx_rdev_major = major(st->st_rdev);
	l->stx_rdev_minor = minor(st->st_rdev);
	l->stx_dev_major = major(st->st_dev);
	l->stx_dev_minor = minor(st->st_dev);
}

#define STATX_RESERVED 0x80000000u

int
linux_statx(struct lwp *lp, const struct linux_statx_args *uap, uint64_t *resp)
{
	struct linux_statx l;
	struct stat st;
	int error, flags;

	if ((uap->mask & STATX_RESERVED) != 0 ||
	    (uap->flags & LINUX_AT_STATX_SYNC) == LINUX_AT_STATX_SYNC)
		return (EINVAL);
	error = linux_at_flags(uap->flags,
	    LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH |
		LINUX_AT_NO_AUTOMOUNT | LINUX_AT_STATX_SYNC,
	    &flags);
	if (error == 0)
		error = upath_statat(uap->dirfd, uap->path, flags, &st);
	if (error != 0)
		return (error);
	statx_fill(&st, &l);
	return (copyout(&l, uap->st, sizeof(l)));
}

/* --- statfs -------------------------------------------------------------------------- */

/* What programs know file systems by. */
static const struct {
	const char *name;
	int64_t magic;
} fs_magics[] = {
    {"tmpfs", 0x01021994},
    {"devfs", 0x01021994},
    {"devtmpfs", 0x01021994},
    {"procfs", 0x9fa0},
    {"proc", 0x9fa0},
    {"sysfs", 0x62656572},
    {"tracefs", 0x74726163},
    {"hostfs", 0x00c0ffee},
    {"mqueue", 0x19800202},
    {"devpts", 0x1cd1},
};
#define MAGIC_OTHER 0x4d464c59 /* "MFLY" */

static int64_t
fs_magic(const char *name)
{
	for (size_t i = 0; i < nitems(fs_magics); i++)
		if (strcmp(fs_magics[i].name, name) == 0)
			return (fs_magics[i].magic);
	return (MAGIC_OTHER);
}

static const struct flagmap st_map[] = {
    {0x0001, MNT_RDONLY},
    {0x0002, MNT_NOSUID},
    {0x0004, MNT_NODEV},
    {0x0008, MNT_NOEXEC},
    {0x0400, MNT_NOATIME},
};
#define ST_VALID 0x20

static int
statfs_out(const struct statfs *sf, uaddr_t to)
{
	struct linux_statfs l;

	memset(&l, 0, sizeof(l));
	l.f_type = fs_magic(sf->f_fstypename);
	l.f_bsize = (int64_t)sf->f_bsize;
	l.f_blocks = sf->f_blocks;
	l.f_bfree = sf->f_bfree;
	l.f_bavail = sf->f_bavail;
	l.f_files = sf->f_files;
	l.f_ffree = sf->f_ffree;
	l.f_fsid[0] = (int32_t)sf->f_fsid;
	l.f_fsid[1] = (int32_t)(sf->f_fsid >> 32);
	l.f_namelen = (int64_t)sf->f_namemax;
	l.f_frsize = (int64_t)sf->f_bsize;
	l.f_flags =
	    (int64_t)flags_out(st_map, nitems(st_map), sf->f_flags) | ST_VALID;
	return (copyout(&l, to, sizeof(l)));
}

int
linux_statfs(
    struct lwp *lp, const struct linux_statfs_args *uap, uint64_t *resp)
{
	struct statfs *sf = kmalloc(sizeof(*sf), M_TEMP, M_WAITOK | M_ZERO);
	int error;

	if (sf == NULL)
		return (ENOMEM);
	error = upath_statfs(uap->path, sf);
	if (error == 0)
		error = statfs_out(sf, uap->sf);
	kfree(sf, M_TEMP);
	return (error);
}

int
linux_fstatfs(
    struct lwp *lp, const struct linux_fstatfs_args *uap, uint64_t *resp)
{
	struct statfs *sf = kmalloc(sizeof(*sf), M_TEMP, M_WAITOK | M_ZERO);
	int error;

	if (sf == NULL)
		return (ENOMEM);
	error = kern_fstatfs(uap->fd, sf);
	if (error == 0)
		error = statfs_out(sf, uap->sf);
	kfree(sf, M_TEMP);
	return (error);
}
