/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files by handle: a name that a file keeps wherever its path names go.
 *
 * A file system that can find a file by something lasting (tmpfs: the number of
 * its node, which is never given twice) says so by vfs_fid and vfs_find_fid.
 * Whoever opens by handle needs no way to the file that permits it, so it takes
 * CAP_DAC_READ_SEARCH; the file's own permissions hold as ever.
 *
 * What is opened has a name if one is in memory; a directory that has none there
 * can be read, but neither has a `..` above nor takes new names.
 */
#include "vfs_var.h"
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/ucred.h>

int
kern_get_fid(int dirfd, const char *path, int atflags, struct fid *fid,
    uint64_t *mountidp)
{
	int flags = 0, error;
	struct vnode *vp;
	struct path *pt;

	if ((atflags & AT_SYMLINK_FOLLOW) == 0)
		flags |= LOOKUP_NOFOLLOW;
	if ((atflags & AT_EMPTY_PATH) != 0)
		flags |= LOOKUP_EMPTY;
	if ((error = path_lookup(dirfd, path, flags, &pt)) != 0)
		return (error);
	vp = pt->pt_vnode;
	memset(fid, 0, sizeof(*fid));
	*mountidp = pt->pt_mount->mnt_fsid;
	if (vp->v_mount->mnt_ops->vfs_fid == NULL)
		error = EOPNOTSUPP;
	else
		error = vp->v_mount->mnt_ops->vfs_fid(vp, fid);
	path_drop(pt);
	return (error);
}

/* The place of a file in mp, one of its file system's mounts.  vp is consumed. */
static int
place_of_fid(struct mount *mp, struct vnode *vp, struct place *pl)
{
	struct namecache *nc = nc_of_vnode(vp);

	if (nc == NULL && (nc = nc_create_detached(vp, "(unnamed)")) == NULL) {
		vnode_drop(vp);
		return (ENOMEM);
	}
	mount_hold(mp);
	*pl = (struct place){mp, nc, vp};
	return (0);
}

/* The mount that mountfd shows: held, in a path. */
static int
mount_of_fd(int mountfd, struct path **ptp)
{
	struct file *fp;
	int error;

	if (mountfd == AT_FDCWD)
		return (path_lookup(AT_FDCWD, ".", 0, ptp));
	if ((error = fd_get(mountfd, 0, &fp)) != 0)
		return (error);
	/* A pipe lies in a file system of which nothing is found. */
	if (fp->f_path == NULL)
		error = ESTALE;
	else {
		*ptp = fp->f_path;
		path_hold(*ptp);
	}
	file_drop(fp);
	return (error);
}

int
kern_open_fid(int mountfd, const struct fid *fid, int oflags, int *fdp)
{
	const struct vfsops *ops;
	struct path *mount;
	struct vnode *vp;
	struct file *fp;
	struct place pl;
	int error;

	if ((error = cred_check_cap(cred_current(), CAP_DAC_READ_SEARCH)) !=
		0 ||
	    (error = mount_of_fd(mountfd, &mount)) != 0)
		return (error);
	ops = mount->pt_mount->mnt_ops;
	error = ops->vfs_find_fid == NULL
	    ? ESTALE
	    : ops->vfs_find_fid(mount->pt_mount->mnt_super, fid, &vp);
	if (error == 0)
		error = place_of_fid(mount->pt_mount, vp, &pl);
	path_drop(mount);
	if (error == 0)
		error = vn_open_file(&pl, oflags & ~O_CREAT, false, &fp);
	if (error != 0)
		return (error);
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}
