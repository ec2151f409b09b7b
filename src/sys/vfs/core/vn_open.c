/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening: from a name and O_ flags to an open file.
 *
 * 1. Decide which file: look up, or look up and create (the directory locked
 *    exclusive, the name looked up once more under the lock; if another thread
 *    was faster, start again), or make a nameless one (O_TMPFILE).
 * 2. Check: type against flags, permission, read-only mount, text busy.
 * 3. Act: count the writer, open (drivers and FIFOs may block here, without
 *    locks), truncate, take the lock of O_SHLOCK and O_EXLOCK.
 *
 * Each failure drops the struct file, and file_drop undoes what was done.
 */
#include "vfs_var.h"
#include <sys/conf.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/vnwatch.h>
#include <vm/vm.h>

FAULT_POINT(fault_open, "vn_open");

/* Flags that stay in f_flags. */
#define FILE_FLAGS                                                             \
	(FREAD | FWRITE | O_NONBLOCK | O_APPEND | O_FSYNC | O_DIRECT |         \
	    O_NOATIME | O_PATH)

static mode_t
current_umask(void)
{
	struct proc *p = curproc;

	return (p != NULL && p->p_fs != NULL ? p->p_fs->fc_umask : 0);
}

/* --- checks --------------------------------------------------------------------- */

static int
open_check_type(struct vnode *vp, const struct mount *mp, int oflags)
{
	bool write = (FFLAGS(oflags) & FWRITE) != 0;

	if ((vp->v_flags & VF_NOOPEN) != 0)
		return (ENXIO);
	switch (vp->v_type) {
	case VLNK:
		return (ELOOP);
	case VSOCK:
		return (ENXIO);
	case VDIR:
		return (
		    write || (oflags & (O_TRUNC | O_CREAT)) != 0 ? EISDIR : 0);
	case VCHR:
	case VBLK:
		if ((vfs_mount_flags(mp) & MNT_NODEV) != 0)
			return (EACCES);
		/* FALLTHROUGH */
	default:
		return ((oflags & O_DIRECTORY) != 0 ? ENOTDIR : 0);
	}
}

/* May the caller open vp like this?  Locks it.  0, EACCES, EPERM, EROFS. */
static int
open_check_access(struct vnode *vp, int oflags)
{
	struct ucred *cred = cred_current();
	struct vattr va;
	int rwx = 0, error;

	if ((FFLAGS(oflags) & FREAD) != 0)
		rwx |= R_OK;
	if ((FFLAGS(oflags) & FWRITE) != 0 || (oflags & O_TRUNC) != 0)
		rwx |= W_OK;
	lock_shared(&vp->v_lock);
	error = vop_access_locked(vp, rwx, cred);
	if (error == 0 && (oflags & O_NOATIME) != 0 &&
	    (error = vop_getattr_locked(vp, &va)) == 0 &&
	    !cred_owns(cred, va.va_uid))
		error = EPERM;
	lock_release(&vp->v_lock);
	return (error);
}

/* --- from a place to a file --------------------------------------------------------- */

/*
 * Count who opens it: a writer unless the file is being executed (truncation
 * is writing, too), or somebody who reads alone.
 */
static int
open_count(struct file *fp, int oflags)
{
	struct vnode *vp = fp->f_vnode;
	int32_t n;

	if (vp->v_type != VREG)
		return (0);
	if ((fp->f_flags & FWRITE) == 0) {
		if ((oflags & O_TRUNC) != 0 && vn_is_text(vp))
			return (ETXTBSY);
		atomic_add(&vp->v_readcount, 1);
		fp->f_readcounted = 1;
		return (0);
	}
	do {
		n = atomic_load(&vp->v_writecount);
		if (n < 0 || (vp->v_flags & VF_TEXT) != 0)
			return (ETXTBSY);
	} while (!atomic_cmpset(&vp->v_writecount, n, n + 1));
	fp->f_writecounted = 1;
	return (0);
}

/* The file system's, the driver's or the FIFO's part.  May block for long. */
static int
open_start(struct file *fp, int fflags)
{
	struct vnode *vp = fp->f_vnode;
	const struct vnodeops *ops;
	int error = 0;

	if ((vp->v_flags & VF_DOOMED) != 0)
		return (EIO);
	if (vp->v_type == VFIFO)
		return (fifo_open(vp, fflags, fp));
	ops = vp->v_ops;
	if (vn_is_device(vp) && ops->vop_open == NULL) {
		if ((error = vn_special_attach(vp)) != 0)
			return (error);
		return (cdev_vop_open(vp, fflags, fp));
	}
	if (ops->vop_open != NULL) {
		if (!vn_is_unlocked_type(vp))
			lock_excl(&vp->v_lock);
		error = ops->vop_open(vp, fflags, fp);
		if (!vn_is_unlocked_type(vp))
			lock_release(&vp->v_lock);
	}
	if (error == 0 && fp->f_ops == NULL)
		fp->f_ops = &vnode_fileops;
	return (error);
}

/* What comes after the open: truncation and the whole-file lock. */
static int
open_finish(struct file *fp, int oflags, bool created)
{
	int how, error = 0;

	if ((oflags & O_TRUNC) != 0 && !created &&
	    fp->f_vnode->v_type == VREG) {
		error = vn_truncate(fp->f_vnode, 0);
		if (error == 0)
			file_tell(fp, VW_MODIFY);
	}
	if (error == 0 && (oflags & (O_SHLOCK | O_EXLOCK)) != 0) {
		how = (oflags & O_EXLOCK) != 0 ? LOCK_EX : LOCK_SH;
		if ((oflags & O_NONBLOCK) != 0)
			how |= LOCK_NB;
		error = lockf_flock(fp, how);
	}
	return (error);
}

/*
 * An open file of the place, which is consumed.  created: the caller has made
 * it just now, so its mode does not restrict this open.
 */
int
vn_open_file(struct place *pl, int oflags, bool created, struct file **fpp)
{
	struct vnode *vp = pl->pl_vnode;
	struct file *fp;
	int error = 0;

	if ((oflags & O_PATH) == 0) {
		error = open_check_type(vp, pl->pl_mount, oflags);
		if (error == 0 && !vn_is_unlocked_type(vp) &&
		    ((FFLAGS(oflags) & FWRITE) != 0 || (oflags & O_TRUNC) != 0))
			error = mount_place_write_check(pl->pl_mount);
		if (error == 0 && !created)
			error = open_check_access(vp, oflags);
	}
	if (error == 0 && fault_fires(&fault_open))
		error = ENFILE;
	if (error != 0) {
		place_drop(pl);
		return (error);
	}
	fp = file_create(DTYPE_VNODE,
	    (oflags & O_PATH) != 0 ? O_PATH
				   : (uint32_t)FFLAGS(oflags) & FILE_FLAGS,
	    NULL, NULL);
	if (fp == NULL) {
		place_drop(pl);
		return (ENFILE);
	}
	vnode_hold(vp);
	fp->f_vnode = vp;
	fp->f_data = vp;
	fp->f_path = place_to_path(pl);
	if (fp->f_path == NULL)
		error = ENOMEM;
	else if ((oflags & O_PATH) != 0)
		fp->f_ops = &path_fileops;
	else if ((error = open_count(fp, oflags)) == 0 &&
	    (error = lease_break(vp, (oflags & O_ACCMODE) != O_RDONLY,
		 (oflags & O_NONBLOCK) != 0)) == 0 &&
	    (error = open_start(fp, FFLAGS(oflags))) == 0)
		error = open_finish(fp, oflags, created);
	KTR_EVENT(VFS, open, "vp=%p oflags=%x error=%d", KTRP(vp),
	    (uint64_t)(uint32_t)oflags, (uint64_t)error);
	if (error != 0) {
		file_drop(fp);
		return (error);
	}
	*fpp = fp;
	return (0);
}

/* --- which file ------------------------------------------------------------------------ */

/* A link to an open file without a path: that file itself, once more. */
static int
open_again(struct nameidata *nd, int oflags, struct file **fpp)
{
	uint32_t want = (uint32_t)FFLAGS(oflags) & (FREAD | FWRITE);

	if ((nd->nd_file->f_flags & want) != want)
		return (EACCES);
	if ((oflags & O_DIRECTORY) != 0)
		return (ENOTDIR);
	*fpp = nd->nd_file;
	nd->nd_file = NULL;
	return (0);
}

static int
open_found(struct nameidata *nd, int oflags, struct file **fpp)
{
	if (nd->nd_file != NULL)
		return (open_again(nd, oflags, fpp));
	return (vn_open_file(&nd->nd_place, oflags, false, fpp));
}

static int
open_existing(
    int dirfd, const char *name, int oflags, int resolve, struct file **fpp)
{
	struct nameidata nd;
	int flags = NI_FILE | resolve, error;

	if ((oflags & O_NOFOLLOW) == 0)
		flags |= NI_FOLLOW;
	if ((oflags & O_DIRECTORY) != 0)
		flags |= NI_DIR;
	if ((oflags & O_PATH) != 0)
		flags &= ~NI_FILE;
	if ((error = namei(&nd, dirfd, name, flags)) != 0)
		return (error);
	error = open_found(&nd, oflags, fpp);
	namei_done(&nd);
	return (error);
}

/*
 * May a new entry be made in the directory?  dvp locked exclusive; *dva gets its
 * attributes.  0, EACCES, EROFS, ENOENT (the directory was removed).
 */
int
vn_check_create(struct place *dir, struct vattr *dva)
{
	int error;

	if (nc_is_unlinked(dir->pl_name))
		return (ENOENT);
	if ((error = mount_place_write_check(dir->pl_mount)) != 0)
		return (error);
	error = vop_access_locked(dir->pl_vnode, W_OK | X_OK, cred_current());
	return (error != 0 ? error : vop_getattr_locked(dir->pl_vnode, dva));
}

/*
 * What was made for an open that then found no memory was never there.  dvp
 * locked exclusive; the name may be another file's by now.
 */
static void
create_undo(struct nameidata *nd, struct vnode *vp)
{
	struct vnode *dvp = nd->nd_dir.pl_vnode, *now;

	if (VOP_CALL(dvp, vop_lookup, ENOENT, dvp, nd->nd_last, nd->nd_len,
		&now) != 0)
		return;
	if (now == vp) {
		lock_excl_nested(&vp->v_lock);
		if (VOP_CALL(dvp, vop_remove, EPERM, dvp, nd->nd_last,
			nd->nd_len, vp) == 0)
			nc_unlink(nd->nd_dir.pl_name, nd->nd_last, nd->nd_len);
		lock_release(&vp->v_lock);
	}
	vnode_drop(now);
}

/*
 * Make nd_last a regular file.  EEXIST: another thread did; nothing is held
 * then.  dvp locked exclusive.
 */
static int
create_locked(struct nameidata *nd, mode_t mode, struct place *child)
{
	struct vnode *dvp = nd->nd_dir.pl_vnode;
	struct vattr va, dva;
	int error;

	error = namei_child_locked(nd, child);
	if (error == 0) {
		place_drop(child);
		return (EEXIST);
	}
	if (error != ENOENT)
		return (error);
	if ((error = vn_check_create(&nd->nd_dir, &dva)) != 0)
		return (error);
	vattr_init_new(
	    &va, dvp, &dva, VREG, mode & ~current_umask(), nd->nd_cred);
	error = VOP_CALL(dvp, vop_create, EOPNOTSUPP, dvp, nd->nd_last,
	    nd->nd_len, &va, &child->pl_vnode);
	if (error != 0)
		return (error);
	child->pl_mount = nd->nd_dir.pl_mount;
	error = nc_enter(nd->nd_dir.pl_name, nd->nd_last, nd->nd_len,
	    child->pl_vnode, &child->pl_name);
	if (error != 0) {
		create_undo(nd, child->pl_vnode);
		vnode_drop(child->pl_vnode);
		return (error);
	}
	mount_hold(child->pl_mount);
	vn_notify(dvp, VNOTE_WRITE);
	vn_tell_name(dvp, nd->nd_last, nd->nd_len, VW_CREATE);
	return (0);
}

/* The child is consumed. */
static int
open_created(
    struct nameidata *nd, struct place *child, int oflags, struct file **fpp)
{
	struct vnode *vp = child->pl_vnode, *dvp = nd->nd_dir.pl_vnode;
	int error;

	vnode_hold(vp);
	error = vn_open_file(child, oflags, true, fpp);
	if (error == ENOMEM || error == ENFILE) {
		lock_excl(&dvp->v_lock);
		create_undo(nd, vp);
		lock_release(&dvp->v_lock);
	}
	vnode_drop(vp);
	return (error);
}

/* One try of O_CREAT.  *againp: the name appeared meanwhile, try again. */
static int
open_create_once(int dirfd, const char *name, int oflags, mode_t mode,
    int resolve, struct file **fpp, bool *againp)
{
	struct nameidata nd;
	struct place child;
	int flags = NI_CREATE | NI_FILE | resolve, error;

	if ((oflags & (O_NOFOLLOW | O_EXCL)) == 0)
		flags |= NI_FOLLOW;
	if ((error = namei(&nd, dirfd, name, flags)) != 0)
		return (error);
	if (nd.nd_dir.pl_vnode == NULL) {
		if ((oflags & O_EXCL) != 0)
			error = EEXIST;
		else
			error = open_found(&nd, oflags, fpp);
	} else if (nd.nd_slash) {
		error = EISDIR;
	} else {
		lock_excl(&nd.nd_dir.pl_vnode->v_lock);
		error = create_locked(&nd, mode, &child);
		lock_release(&nd.nd_dir.pl_vnode->v_lock);
		if (error == 0)
			error = open_created(&nd, &child, oflags, fpp);
		else if (error == EEXIST && (oflags & O_EXCL) == 0)
			*againp = true;
	}
	namei_done(&nd);
	return (error);
}

/* O_TMPFILE: name is the directory. */
static int
open_tmpfile(int dirfd, const char *name, int oflags, mode_t mode, int resolve,
    struct file **fpp)
{
	struct nameidata nd;
	struct place pl;
	struct vattr va, dva;
	struct vnode *dvp, *vp = NULL;
	int error;

	if ((FFLAGS(oflags) & FWRITE) == 0)
		return (EINVAL);
	error = namei(&nd, dirfd, name, NI_FOLLOW | NI_DIR | resolve);
	if (error != 0)
		return (error);
	dvp = nd.nd_place.pl_vnode;
	lock_excl(&dvp->v_lock);
	if ((error = vn_check_create(&nd.nd_place, &dva)) == 0) {
		vattr_init_new(
		    &va, dvp, &dva, VREG, mode & ~current_umask(), nd.nd_cred);
		error = VOP_CALL(dvp, vop_tmpfile, EOPNOTSUPP, dvp, &va, &vp);
	}
	lock_release(&dvp->v_lock);
	if (error == 0) {
		pl.pl_mount = nd.nd_place.pl_mount;
		pl.pl_vnode = vp;
		pl.pl_name = nc_create_detached(vp, "(tmpfile)");
		if (pl.pl_name == NULL) {
			vnode_drop(vp);
			error = ENOMEM;
		} else {
			mount_hold(pl.pl_mount);
			if ((oflags & O_EXCL) == 0)
				atomic_or(&vp->v_flags, VF_LINKABLE);
			error = vn_open_file(&pl,
			    oflags & ~(O_TMPFILE | O_DIRECTORY), true, fpp);
		}
	}
	namei_done(&nd);
	return (error);
}

static const struct {
	int resolve, ni;
} resolve_map[] = {
    {RESOLVE_NO_XDEV, NI_NOXDEV},
    {RESOLVE_NO_MAGICLINKS, NI_NOMAGIC},
    {RESOLVE_NO_SYMLINKS, NI_NOSYM},
    {RESOLVE_BENEATH, NI_BENEATH},
    {RESOLVE_IN_ROOT, NI_INROOT},
    {RESOLVE_CACHED, NI_CACHED},
};

/* 0, or EINVAL, or EAGAIN: what must ask the file system. */
static int
open_resolve(int resolve, int oflags, int *nip)
{
	if ((resolve & ~RESOLVE_ALL) != 0 ||
	    (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
		(RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return (EINVAL);
	if ((resolve & RESOLVE_CACHED) != 0 &&
	    (oflags & (O_TRUNC | O_CREAT | O_TMPFILE)) != 0)
		return (EAGAIN);
	*nip = 0;
	for (size_t i = 0; i < nitems(resolve_map); i++)
		if ((resolve & resolve_map[i].resolve) != 0)
			*nip |= resolve_map[i].ni;
	return (0);
}

/* Open for the current process.  May sleep, for long with devices and FIFOs. */
int
vn_open_how(int dirfd, const char *name, int oflags, mode_t mode, int resolve,
    struct file **fpp)
{
	int error, ni;
	bool again;

	if ((oflags & O_PATH) != 0)
		oflags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if ((error = open_resolve(resolve, oflags, &ni)) != 0)
		return (error);
	if ((oflags & O_ACCMODE) == O_ACCMODE)
		return (EINVAL);
	if ((oflags & O_TMPFILE) != 0)
		return (open_tmpfile(dirfd, name, oflags, mode, ni, fpp));
	if ((oflags & O_CREAT) == 0)
		return (open_existing(dirfd, name, oflags, ni, fpp));
	if ((oflags & O_DIRECTORY) != 0)
		return (EINVAL);
	do {
		again = false;
		error = open_create_once(
		    dirfd, name, oflags, mode, ni, fpp, &again);
	} while (again);
	return (error);
}

int
vn_open(int dirfd, const char *name, int oflags, mode_t mode, struct file **fpp)
{
	return (vn_open_how(dirfd, name, oflags, mode, 0, fpp));
}
