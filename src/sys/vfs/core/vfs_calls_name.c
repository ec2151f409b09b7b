/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that make, remove and change names.
 *
 * 1. All start with the parent directory and the last component, lock the
 *    parent exclusive, look the component up under that lock, check, call the
 *    file system, and follow with the name cache.
 *
 * 2. Lock order: a directory before what it holds.  Two directories of a
 *    rename: mnt_rename first (only between different directories), then the
 *    ancestor before the descendant, unrelated ones by address; then the named
 *    vnodes by address.  link: the directory, then the file.
 *
 * 3. A name on which something is mounted is EBUSY for removal and rename.
 */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/vnwatch.h>

static mode_t
call_umask(void)
{
	return (curproc->p_fs->fc_umask);
}

/* --- creation ------------------------------------------------------------------ */

/* The file system's part.  dvp locked exclusive. */
static int
create_call(struct nameidata *nd, const struct creation *cr,
    const struct vattr *va, struct vnode **vpp)
{
	struct vnode *dvp = nd->nd_dir.pl_vnode, *vp = cr->cr_link;
	const char *name = nd->nd_last;
	size_t len = nd->nd_len;
	int error;

	if (vp != NULL) {
		lock_excl_nested(&vp->v_lock);
		error = VOP_CALL(dvp, vop_link, EPERM, dvp, name, len, vp);
		lock_release(&vp->v_lock);
		if (error == 0) {
			vnode_hold(vp);
			*vpp = vp;
		}
		return (error);
	}
	if (cr->cr_type == VDIR)
		return (
		    VOP_CALL(dvp, vop_mkdir, EPERM, dvp, name, len, va, vpp));
	if (cr->cr_type == VLNK)
		return (VOP_CALL(dvp, vop_symlink, EPERM, dvp, name, len, va,
		    cr->cr_target, vpp));
	return (VOP_CALL(dvp, vop_create, EPERM, dvp, name, len, va, vpp));
}

/*
 * nd's directory is locked exclusive.  *vpp: the new vnode, held.  0, EEXIST,
 * EACCES, EROFS, ENOENT, ENOSPC ...
 */
int
vfs_create_locked(
    struct nameidata *nd, const struct creation *cr, struct vnode **vpp)
{
	struct vnode *dvp = nd->nd_dir.pl_vnode, *vp;
	struct place child;
	struct vattr va, dva;
	int error;

	if ((error = namei_child_locked(nd, &child)) == 0) {
		place_drop(&child);
		return (EEXIST);
	}
	if (error != ENOENT)
		return (error);
	/* only a directory may be written with a slash behind it */
	if (nd->nd_slash && cr->cr_type != VDIR)
		return (ENOENT);
	if ((error = vn_check_create(&nd->nd_dir, &dva)) != 0)
		return (error);
	vattr_init_new(&va, dvp, &dva, cr->cr_type, cr->cr_mode, nd->nd_cred);
	va.va_rdev = cr->cr_rdev;
	if ((error = create_call(nd, cr, &va, &vp)) != 0)
		return (error);
	if (nc_enter(nd->nd_dir.pl_name, nd->nd_last, nd->nd_len, vp, NULL) !=
	    0) /* no memory: forget that it did not exist */
		nc_unlink(nd->nd_dir.pl_name, nd->nd_last, nd->nd_len);
	*vpp = vp;
	vn_notify(dvp, VNOTE_WRITE | (cr->cr_type == VDIR ? VNOTE_LINK : 0));
	vn_tell_name(dvp, nd->nd_last, nd->nd_len, VW_CREATE);
	return (0);
}

static int
create_at(int dirfd, const char *path, const struct creation *cr)
{
	struct nameidata nd;
	struct vnode *vp = NULL;
	int error;

	if ((error = namei(&nd, dirfd, path, NI_PARENT)) != 0)
		return (error);
	if (nd.nd_kind != LAST_NORMAL) {
		error = EEXIST;
	} else if (cr->cr_link != NULL &&
	    cr->cr_link_mount != nd.nd_dir.pl_mount) {
		error = EXDEV;
	} else {
		lock_excl(&nd.nd_dir.pl_vnode->v_lock);
		error = vfs_create_locked(&nd, cr, &vp);
		lock_release(&nd.nd_dir.pl_vnode->v_lock);
		if (error == 0)
			vnode_drop(vp);
	}
	KTR_EVENT(VFS, create, "type=%d mode=%o error=%d",
	    (uint64_t)cr->cr_type, (uint64_t)cr->cr_mode, (uint64_t)error);
	namei_done(&nd);
	return (error);
}

int
kern_mkdirat(int dirfd, const char *path, mode_t mode)
{
	struct creation cr = {
	    .cr_type = VDIR, .cr_mode = mode & 01777 & ~call_umask()};

	return (create_at(dirfd, path, &cr));
}

int
kern_mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
	struct creation cr = {.cr_mode = mode & 07777 & ~call_umask()};
	int error;

	cr.cr_type = (mode & S_IFMT) == 0 ? VREG : mode_to_vtype(mode);
	switch (cr.cr_type) {
	case VCHR:
	case VBLK:
		if ((error = cred_check_cap(cred_current(), CAP_MKNOD)) != 0)
			return (error);
		cr.cr_rdev = dev;
		/* FALLTHROUGH */
	case VREG:
	case VFIFO:
	case VSOCK:
		return (create_at(dirfd, path, &cr));
	case VDIR:
		return (EPERM);
	default:
		return (EINVAL);
	}
}

int
kern_symlinkat(const char *target, int dirfd, const char *path)
{
	struct creation cr = {
	    .cr_type = VLNK, .cr_mode = 0777, .cr_target = target};

	if (target[0] == '\0')
		return (ENOENT);
	if (strlen(target) >= PATH_MAX_ABI)
		return (ENAMETOOLONG);
	return (create_at(dirfd, path, &cr));
}

/* A file without a name gets one only if it was made for that (O_TMPFILE). */
static int
link_check(struct vnode *vp)
{
	struct vattr va;
	int error = vn_getattr(vp, &va);

	if (error == 0 && va.va_nlink == 0 && (vp->v_flags & VF_LINKABLE) == 0)
		error = ENOENT;
	return (error);
}

/*
 * Flags: AT_SYMLINK_FOLLOW, AT_EMPTY_PATH (the descriptor itself).  A nameless
 * file gets its first name only through its descriptor.  0, EPERM (directory),
 * EXDEV, ...
 */
int
kern_linkat(int fromfd, const char *from, int tofd, const char *to, int atflags)
{
	struct creation cr = {.cr_type = VREG};
	struct nameidata nd;
	int flags = 0, error;

	if ((atflags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
		return (EINVAL);
	if ((atflags & AT_SYMLINK_FOLLOW) != 0)
		flags |= NI_FOLLOW;
	if ((atflags & AT_EMPTY_PATH) != 0)
		flags |= NI_EMPTY;
	if ((error = namei(&nd, fromfd, from, flags)) != 0)
		return (error);
	cr.cr_link = nd.nd_place.pl_vnode;
	cr.cr_link_mount = nd.nd_place.pl_mount;
	if (cr.cr_link->v_type == VDIR)
		error = EPERM;
	else if ((error = link_check(cr.cr_link)) == 0)
		error = create_at(tofd, to, &cr);
	if (error == 0) {
		atomic_and(&cr.cr_link->v_flags, ~(uint32_t)VF_LINKABLE);
		vn_notify(cr.cr_link, VNOTE_LINK);
	}
	namei_done(&nd);
	return (error);
}

/* --- removal --------------------------------------------------------------------- */

/* May child be taken out of the directory?  dvp locked exclusive. */
static int
remove_check(struct place *dir, struct place *child)
{
	struct vattr dva;
	int error;

	if ((error = mount_place_write_check(dir->pl_mount)) != 0 ||
	    (error = vop_access_locked(
		 dir->pl_vnode, W_OK | X_OK, cred_current())) != 0 ||
	    (error = vop_getattr_locked(dir->pl_vnode, &dva)) != 0)
		return (error);
	error = vn_check_sticky(
	    dir->pl_vnode, &dva, child->pl_vnode, cred_current());
	if (error == 0 && mount_covers(child->pl_name))
		error = EBUSY;
	return (error);
}

/* dvp and vp locked exclusive; the types were checked. */
static int
remove_call(struct nameidata *nd, struct place *child, bool dir)
{
	struct vnode *dvp = nd->nd_dir.pl_vnode, *vp = child->pl_vnode;
	int error;

	if (dir)
		error = VOP_CALL(
		    dvp, vop_rmdir, EPERM, dvp, nd->nd_last, nd->nd_len, vp);
	else
		error = VOP_CALL(
		    dvp, vop_remove, EPERM, dvp, nd->nd_last, nd->nd_len, vp);
	if (error == 0)
		nc_unlink(nd->nd_dir.pl_name, nd->nd_last, nd->nd_len);
	return (error);
}

/* nd's directory is locked exclusive.  *child is held on 0. */
int
vfs_remove_locked(struct nameidata *nd, bool dir, struct place *child)
{
	struct vnode *vp;
	int error;

	if ((error = namei_child_locked(nd, child)) != 0)
		return (error);
	vp = child->pl_vnode;
	if (dir && vp->v_type != VDIR)
		error = ENOTDIR;
	else if (!dir && vp->v_type == VDIR)
		error = EISDIR;
	else if (nd->nd_slash && vp->v_type != VDIR)
		error = ENOTDIR;
	else
		error = remove_check(&nd->nd_dir, child);
	if (error == 0) {
		lock_excl_nested(&vp->v_lock);
		error = remove_call(nd, child, dir);
		lock_release(&vp->v_lock);
	}
	if (error != 0)
		place_drop(child);
	return (error);
}

/* The last component is not a name. */
static int
remove_special(enum last_kind kind, bool dir)
{
	if (!dir)
		return (EISDIR);
	switch (kind) {
	case LAST_DOT:
		return (EINVAL);
	case LAST_DOTDOT:
		return (ENOTEMPTY);
	default:
		return (EBUSY);
	}
}

int
kern_unlinkat(int dirfd, const char *path, int atflags)
{
	bool dir = (atflags & AT_REMOVEDIR) != 0;
	struct nameidata nd;
	struct place child;
	int error;

	if ((atflags & ~AT_REMOVEDIR) != 0)
		return (EINVAL);
	if ((error = namei(&nd, dirfd, path, NI_PARENT)) != 0)
		return (error);
	if (nd.nd_kind != LAST_NORMAL) {
		error = remove_special(nd.nd_kind, dir);
	} else {
		lock_excl(&nd.nd_dir.pl_vnode->v_lock);
		error = vfs_remove_locked(&nd, dir, &child);
		lock_release(&nd.nd_dir.pl_vnode->v_lock);
		if (error == 0) {
			vn_notify(nd.nd_dir.pl_vnode,
			    VNOTE_WRITE | (dir ? VNOTE_LINK : 0));
			vn_notify(child.pl_vnode, VNOTE_DELETE);
			vn_tell_name(nd.nd_dir.pl_vnode, nd.nd_last, nd.nd_len,
			    VW_DELETE);
			if (dir) /* what was cached below it is moot */
				nc_purge_tree(child.pl_name);
			place_drop(&child);
		}
	}
	KTR_EVENT(
	    VFS, remove, "dir=%d error=%d", (uint64_t)dir, (uint64_t)error);
	namei_done(&nd);
	return (error);
}

/* --- rename ----------------------------------------------------------------------- */

struct renaming {
	struct nameidata rn_f, rn_t;
	struct place rn_fchild, rn_tchild; /* tchild may be missing */
	int rn_flags;
	bool rn_cross; /* between two directories */
};

/* Lock one or two vnodes, second nested. */
static void
lock_two(struct vnode *a, struct vnode *b)
{
	lock_excl(&a->v_lock);
	if (b != a)
		lock_excl_nested(&b->v_lock);
}

static void
unlock_two(struct vnode *a, struct vnode *b)
{
	if (b != a)
		lock_release(&b->v_lock);
	lock_release(&a->v_lock);
}

/* Lock both directories, with mnt_rename if they differ. */
static void
rename_lock_dirs(struct renaming *rn)
{
	struct place *f = &rn->rn_f.nd_dir, *t = &rn->rn_t.nd_dir;

	rn->rn_cross = f->pl_vnode != t->pl_vnode;
	if (rn->rn_cross)
		lock_excl(&f->pl_mount->mnt_super->mnt_rename);
	if (nc_is_ancestor(f->pl_name, t->pl_name))
		lock_two(f->pl_vnode, t->pl_vnode);
	else if (nc_is_ancestor(t->pl_name, f->pl_name) ||
	    (uintptr_t)t->pl_vnode < (uintptr_t)f->pl_vnode)
		lock_two(t->pl_vnode, f->pl_vnode);
	else
		lock_two(f->pl_vnode, t->pl_vnode);
}

static void
rename_unlock_dirs(struct renaming *rn)
{
	struct place *f = &rn->rn_f.nd_dir, *t = &rn->rn_t.nd_dir;

	unlock_two(f->pl_vnode, t->pl_vnode);
	if (rn->rn_cross)
		lock_release(&f->pl_mount->mnt_super->mnt_rename);
}

/* Both names, looked up in their locked directories. */
static int
rename_lookup(struct renaming *rn)
{
	int error;

	rn->rn_tchild.pl_vnode = NULL;
	if ((error = namei_child_locked(&rn->rn_f, &rn->rn_fchild)) != 0) {
		rn->rn_fchild.pl_vnode = NULL;
		return (error);
	}
	error = namei_child_locked(&rn->rn_t, &rn->rn_tchild);
	if (error == ENOENT) {
		rn->rn_tchild.pl_vnode = NULL;
		error = (rn->rn_flags & RENAME_EXCHANGE) != 0 ? ENOENT : 0;
	} else if (error != 0) {
		rn->rn_tchild.pl_vnode = NULL;
	} else if ((rn->rn_flags & RENAME_NOREPLACE) != 0) {
		error = EEXIST;
	}
	return (error);
}

/* A slash behind a name wants a directory there. */
static int
rename_check_slashes(struct renaming *rn)
{
	bool fdir = rn->rn_fchild.pl_vnode->v_type == VDIR;
	bool exchange = (rn->rn_flags & RENAME_EXCHANGE) != 0;
	bool tdir = rn->rn_tchild.pl_vnode != NULL &&
	    rn->rn_tchild.pl_vnode->v_type == VDIR;

	if (rn->rn_f.nd_slash && !fdir)
		return (ENOTDIR);
	if (rn->rn_t.nd_slash && !(exchange ? tdir : fdir))
		return (ENOTDIR);
	return (0);
}

/* Types, ancestry and mounts.  0, EISDIR, ENOTDIR, EINVAL, ENOTEMPTY, EBUSY. */
static int
rename_check_shape(struct renaming *rn)
{
	struct place *f = &rn->rn_fchild, *t = &rn->rn_tchild;
	bool exchange = (rn->rn_flags & RENAME_EXCHANGE) != 0;
	bool fdir = f->pl_vnode->v_type == VDIR, tdir;

	/* a directory may not go below itself */
	if (fdir && nc_is_ancestor(f->pl_name, rn->rn_t.nd_dir.pl_name))
		return (EINVAL);
	if (mount_covers(f->pl_name))
		return (EBUSY);
	if (t->pl_vnode == NULL)
		return (0);
	tdir = t->pl_vnode->v_type == VDIR;
	if (tdir && nc_is_ancestor(t->pl_name, rn->rn_f.nd_dir.pl_name))
		return (exchange ? EINVAL : ENOTEMPTY);
	if (!exchange && fdir && !tdir)
		return (ENOTDIR);
	if (!exchange && !fdir && tdir)
		return (EISDIR);
	return (mount_covers(t->pl_name) ? EBUSY : 0);
}

/* A directory that gets another parent must be writable: its `..` changes. */
static int
rename_check_dotdot(struct renaming *rn, struct vnode *vp)
{
	if (!rn->rn_cross || vp->v_type != VDIR)
		return (0);
	return (vop_access_locked(vp, W_OK, rn->rn_f.nd_cred));
}

/* Permissions.  The directories and the named vnodes are locked exclusive. */
static int
rename_check_access(struct renaming *rn)
{
	struct vattr dva;
	int error;

	if ((error = remove_check(&rn->rn_f.nd_dir, &rn->rn_fchild)) != 0 ||
	    (error = vn_check_create(&rn->rn_t.nd_dir, &dva)) != 0 ||
	    (error = rename_check_dotdot(rn, rn->rn_fchild.pl_vnode)) != 0)
		return (error);
	if (rn->rn_tchild.pl_vnode == NULL)
		return (0);
	error = remove_check(&rn->rn_t.nd_dir, &rn->rn_tchild);
	if (error == 0 && (rn->rn_flags & RENAME_EXCHANGE) != 0)
		error = rename_check_dotdot(rn, rn->rn_tchild.pl_vnode);
	return (error);
}

/* All locked: ask the file system, then tell the name cache. */
static int
rename_call(struct renaming *rn)
{
	struct nameidata *f = &rn->rn_f, *t = &rn->rn_t;
	struct vnode *fdvp = f->nd_dir.pl_vnode, *tdvp = t->nd_dir.pl_vnode;
	int error;

	error = VOP_CALL(fdvp, vop_rename, EPERM, fdvp, f->nd_last, f->nd_len,
	    rn->rn_fchild.pl_vnode, tdvp, t->nd_last, t->nd_len,
	    rn->rn_tchild.pl_vnode, rn->rn_flags);
	if (error == 0)
		(void)nc_rename(f->nd_dir.pl_name, f->nd_last, f->nd_len,
		    t->nd_dir.pl_name, t->nd_last, t->nd_len,
		    (rn->rn_flags & RENAME_EXCHANGE) != 0);
	return (error);
}

/* The directories are locked: look up, check, lock the children, do it. */
static int
rename_under_lock(struct renaming *rn)
{
	struct vnode *fvp, *tvp, *first, *second;
	int error;

	if ((error = rename_lookup(rn)) != 0 ||
	    (error = rename_check_slashes(rn)) != 0 ||
	    (error = rename_check_shape(rn)) != 0)
		return (error);
	fvp = rn->rn_fchild.pl_vnode;
	tvp = rn->rn_tchild.pl_vnode;
	if (fvp == tvp) /* two names of one file: nothing to do */
		return (0);
	first = tvp != NULL && (uintptr_t)tvp < (uintptr_t)fvp ? tvp : fvp;
	second = first == fvp ? tvp : fvp;
	lock_excl_nested(&first->v_lock);
	if (second != NULL)
		lock_excl_nested(&second->v_lock);
	if ((error = rename_check_access(rn)) == 0)
		error = rename_call(rn);
	if (second != NULL)
		lock_release(&second->v_lock);
	lock_release(&first->v_lock);
	return (error);
}

/* One name went from f to t. */
static void
rename_tell_names(const struct nameidata *f, const struct nameidata *t)
{
	struct vnode *fdvp = f->nd_dir.pl_vnode, *tdvp = t->nd_dir.pl_vnode;

	if (fdvp == tdvp)
		vn_tell_name(fdvp, f->nd_last, f->nd_len, VW_RENAMED);
	vn_tell_name(fdvp, f->nd_last, f->nd_len, VW_MOVED_FROM);
	vn_tell_name(tdvp, t->nd_last, t->nd_len, VW_MOVED_TO);
}

static void
rename_tell(struct renaming *rn)
{
	rename_tell_names(&rn->rn_f, &rn->rn_t);
	if ((rn->rn_flags & RENAME_EXCHANGE) != 0)
		rename_tell_names(&rn->rn_t, &rn->rn_f);
	vn_notify(rn->rn_f.nd_dir.pl_vnode, VNOTE_WRITE);
	vn_notify(rn->rn_t.nd_dir.pl_vnode, VNOTE_WRITE);
	vn_notify(rn->rn_fchild.pl_vnode, VNOTE_RENAME);
	if (rn->rn_tchild.pl_vnode == NULL)
		return;
	if ((rn->rn_flags & RENAME_EXCHANGE) != 0) {
		vn_notify(rn->rn_tchild.pl_vnode, VNOTE_RENAME);
	} else {
		vn_notify(rn->rn_tchild.pl_vnode, VNOTE_DELETE);
		if (rn->rn_tchild.pl_vnode->v_type == VDIR)
			nc_purge_tree(rn->rn_tchild.pl_name);
	}
}

/* Both parents are known. */
static int
rename_found(struct renaming *rn)
{
	int error;

	if (rn->rn_f.nd_kind != LAST_NORMAL || rn->rn_t.nd_kind != LAST_NORMAL)
		return ((rn->rn_flags & RENAME_NOREPLACE) != 0 &&
			    rn->rn_f.nd_kind == LAST_NORMAL
			? EEXIST
			: EBUSY);
	if (rn->rn_f.nd_dir.pl_mount != rn->rn_t.nd_dir.pl_mount)
		return (EXDEV);
	/* File systems that make their names up (procfs) give the directory's
	 * lock back in a lookup, which two locked ones do not bear. */
	if (rn->rn_f.nd_dir.pl_vnode->v_ops->vop_rename == NULL)
		return (EPERM);
	rename_lock_dirs(rn);
	error = rename_under_lock(rn);
	rename_unlock_dirs(rn);
	if (error == 0 && rn->rn_fchild.pl_vnode != rn->rn_tchild.pl_vnode)
		rename_tell(rn);
	place_drop(&rn->rn_fchild);
	place_drop(&rn->rn_tchild);
	return (error);
}

int
kern_renameat(int fromfd, const char *from, int tofd, const char *to, int flags)
{
	struct renaming *rn; /* too big for the stack */
	int error;

	if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !=
		0 ||
	    ((flags & RENAME_EXCHANGE) != 0 && flags != RENAME_EXCHANGE))
		return (EINVAL);
	rn = kmalloc(sizeof(*rn), M_TEMP, M_WAITOK | M_ZERO);
	if (rn == NULL)
		return (ENOMEM);
	rn->rn_flags = flags;
	error = namei(&rn->rn_f, fromfd, from, NI_PARENT);
	if (error == 0) {
		error = namei(&rn->rn_t, tofd, to, NI_PARENT);
		if (error == 0) {
			error = rename_found(rn);
			namei_done(&rn->rn_t);
		}
		namei_done(&rn->rn_f);
	}
	KTR_EVENT(
	    VFS, rename, "flags=%x error=%d", (uint64_t)flags, (uint64_t)error);
	kfree(rn, M_TEMP);
	return (error);
}

/* --- reading links -------------------------------------------------------------------- */

/* The text of a link.  0 and *donep, EINVAL (no link), EFAULT. */
int
kern_readlinkat(int dirfd, const char *path, struct uio *uio, size_t *donep)
{
	size_t before = uio->uio_resid;
	struct nameidata nd;
	struct vnode *vp;
	int error;

	*donep = 0;
	error = namei(&nd, dirfd, path, NI_EMPTY);
	if (error != 0)
		return (error);
	vp = nd.nd_place.pl_vnode;
	if (vp->v_type != VLNK) {
		error = path[0] == '\0' ? ENOENT : EINVAL;
	} else {
		lock_shared(&vp->v_lock);
		error = VOP_CALL(vp, vop_readlink, EINVAL, vp, uio);
		lock_release(&vp->v_lock);
	}
	*donep = before - uio->uio_resid;
	namei_done(&nd);
	return (error);
}
