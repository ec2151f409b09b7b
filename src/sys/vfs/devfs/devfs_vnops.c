/* SPDX-License-Identifier: BSD-2-Clause */
/* devfs: the vnodes.  Data is in devfs_tree.c, devices in devfs_cdev.c. */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/thread.h>
#include <sys/ucred.h>
#include <sys/uio.h>

#include "devfs_var.h"

MALLOC_DECLARE(M_DEVFS);

static enum vtype
devfs_vtype(const struct devfs_node *dn)
{
	switch (dn->dn_type) {
	case DN_CHR:
		return (VCHR);
	case DN_LINK:
	case DN_FDLINK:
		return (VLNK);
	default:
		return (VDIR);
	}
}

/*
 * The vnode of dn in mp, held.  The caller holds dn.  ENOMEM.  No devfs lock
 * may be held: a reclaim may be waited for.
 */
int
devfs_vnode(struct mount *mp, struct devfs_node *dn, struct vnode **vpp)
{
	const struct vnodeops *ops =
	    dn->dn_type == DN_FDLINK ? &devfs_fd_vnodeops : &devfs_vnodeops;
	int error;

	for (;;) {
		*vpp = vnode_find(mp, dn->dn_ino);
		if (*vpp != NULL)
			return (0);
		devfs_node_hold(dn);
		error =
		    vnode_create(mp, devfs_vtype(dn), ops, dn->dn_ino, dn, vpp);
		if (error == 0)
			break;
		devfs_node_drop(dn);
		if (error != EEXIST)
			return (error);
	}
	/* Leaves are cheap to make again, and their devices come and go. */
	atomic_or(
	    &(*vpp)->v_flags, devfs_vtype(dn) == VDIR ? VF_NOCACHE : VF_DELETE);
	if (dn == &devfs_root)
		atomic_or(&(*vpp)->v_flags, VF_ROOT);
	return (0);
}

static int
devfs_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp)
{
	struct devfs_node *dir = dvp->v_data, *dn;
	int error;

	if (dir->dn_type == DN_FDDIR)
		return (devfs_fd_lookup(dvp, name, len, vpp));
	lock_shared(&devfs_lock);
	dn = devfs_child(dir, name, len);
	if (dn != NULL)
		devfs_node_hold(dn);
	lock_release(&devfs_lock);
	if (dn == NULL)
		return (ENOENT);
	error = devfs_vnode(dvp->v_mount, dn, vpp);
	devfs_node_drop(dn);
	return (error);
}

/* (d) The first entry of dir with a number above ino. */
static struct devfs_node *
devfs_next(struct devfs_node *dir, ino_t ino)
{
	struct devfs_node *dn, *best = NULL;

	LIST_FOREACH(dn, &dir->dn_children, dn_link) {
		if (dn->dn_ino > ino &&
		    (best == NULL || dn->dn_ino < best->dn_ino))
			best = dn;
	}
	return (best);
}

static uint8_t
devfs_dt(const struct devfs_node *dn)
{
	return (MODE_TO_DT(vtype_to_mode(devfs_vtype(dn))));
}

/*
 * Entries come in the order of their inode numbers, which is also the cookie:
 * so a directory that changes meanwhile is walked without loss.  Cookies: 0
 * ".", 1 "..", then the last inode number given.
 */
static int
devfs_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp)
{
	struct devfs_node *dir = dvp->v_data, *dn = NULL;

	if (dir->dn_type == DN_FDDIR)
		return (devfs_fd_readdir(dvp, cookiep, emit, arg, eofp));
	*eofp = false;
	if (*cookiep == 0) {
		if (emit(arg, ".", 1, dir->dn_ino, DT_DIR, 1) != 0)
			return (0);
		*cookiep = 1;
	}
	if (*cookiep == 1) {
		if (emit(arg, "..", 2, dir->dn_parent->dn_ino, DT_DIR, 2) != 0)
			return (0);
		*cookiep = 2;
	}
	lock_shared(&devfs_lock);
	/* Cookie 2 + n: everything up to inode n was given. */
	while ((dn = devfs_next(dir, *cookiep - 2)) != NULL) {
		if (emit(arg, dn->dn_name, strlen(dn->dn_name), dn->dn_ino,
			devfs_dt(dn), dn->dn_ino + 2) != 0)
			break;
		*cookiep = dn->dn_ino + 2;
	}
	lock_release(&devfs_lock);
	*eofp = dn == NULL;
	return (0);
}

/* --- attributes -------------------------------------------------------------------- */

/* (m) */
static struct devfs_override *
devfs_override_find(struct devfs_mount *dm, ino_t ino)
{
	struct devfs_override *o;

	LIST_FOREACH(o, &dm->dm_overrides, do_link) {
		if (o->do_ino == ino)
			return (o);
	}
	return (NULL);
}

/* What node and override say together. */
void
devfs_attributes(struct vnode *vp, struct vattr *va)
{
	struct devfs_mount *dm = vp->v_mount->mnt_data;
	struct devfs_node *dn = vp->v_data;
	struct devfs_override *o;

	memset(va, 0, sizeof(*va));
	va->va_type = vp->v_type;
	va->va_mode = dn->dn_mode;
	va->va_uid = dn->dn_uid;
	va->va_gid = dn->dn_gid;
	va->va_nlink = vp->v_type == VDIR ? 2 : 1;
	va->va_ino = dn->dn_ino;
	va->va_rdev = dn->dn_cdev != NULL ? dn->dn_cdev->d_dev : 0;
	va->va_size = dn->dn_target != NULL ? strlen(dn->dn_target) : 0;
	va->va_blksize = PAGE_SIZE;
	va->va_atime = va->va_mtime = dn->dn_time;
	va->va_ctime = va->va_btime = dn->dn_time;
	lock_shared(&dm->dm_lock);
	o = devfs_override_find(dm, dn->dn_ino);
	if (o != NULL) {
		va->va_mode = o->do_mode;
		va->va_uid = o->do_uid;
		va->va_gid = o->do_gid;
		va->va_atime = o->do_atime;
		va->va_mtime = o->do_mtime;
		va->va_ctime = o->do_ctime;
	}
	lock_release(&dm->dm_lock);
}

static int
devfs_getattr(struct vnode *vp, struct vattr *va)
{
	devfs_attributes(vp, va);
	return (0);
}

/* (m) The override of vp, made from what holds now.  NULL: ENOMEM. */
static struct devfs_override *
devfs_override_make(
    struct devfs_mount *dm, struct vnode *vp, const struct vattr *now)
{
	struct devfs_node *dn = vp->v_data;
	struct devfs_override *o = devfs_override_find(dm, dn->dn_ino);

	if (o != NULL)
		return (o);
	o = kmalloc(sizeof(*o), M_DEVFS, M_WAITOK | M_ZERO);
	if (o == NULL)
		return (NULL);
	o->do_ino = dn->dn_ino;
	o->do_mode = now->va_mode;
	o->do_uid = now->va_uid;
	o->do_gid = now->va_gid;
	o->do_atime = now->va_atime;
	o->do_mtime = now->va_mtime;
	LIST_INSERT_HEAD(&dm->dm_overrides, o, do_link);
	return (o);
}

static void
devfs_override_apply(struct devfs_override *o, const struct vattr *va)
{
	struct timespec now = ns_to_ts(clock_real());

	if ((va->va_mask & VA_MODE) != 0)
		o->do_mode = va->va_mode & 07777;
	if ((va->va_mask & VA_UID) != 0)
		o->do_uid = va->va_uid;
	if ((va->va_mask & VA_GID) != 0)
		o->do_gid = va->va_gid;
	if ((va->va_mask & VA_ATIME) != 0)
		o->do_atime = va->va_atime;
	if ((va->va_mask & VA_NOW_A) != 0)
		o->do_atime = now;
	if ((va->va_mask & VA_MTIME) != 0)
		o->do_mtime = va->va_mtime;
	if ((va->va_mask & VA_NOW_M) != 0)
		o->do_mtime = now;
	o->do_ctime = now;
}

/* A size is accepted and ignored for devices, as open with O_TRUNC wants. */
static int
devfs_setattr(struct vnode *vp, const struct vattr *va, struct ucred *cred)
{
	struct devfs_mount *dm = vp->v_mount->mnt_data;
	struct devfs_override *o;
	struct vattr now;

	if ((va->va_mask & ~VA_SIZE) == 0)
		return (vp->v_type == VCHR ? 0 : EINVAL);
	devfs_attributes(vp, &now);
	lock_excl(&dm->dm_lock);
	o = devfs_override_make(dm, vp, &now);
	if (o != NULL)
		devfs_override_apply(o, va);
	lock_release(&dm->dm_lock);
	return (o != NULL ? 0 : ENOMEM);
}

static int
devfs_access(struct vnode *vp, int rwx, struct ucred *cred)
{
	struct vattr va;

	devfs_attributes(vp, &va);
	return (
	    vaccess(va.va_type, va.va_mode, va.va_uid, va.va_gid, rwx, cred));
}

static int
devfs_readlink(struct vnode *vp, struct uio *uio)
{
	struct devfs_node *dn = vp->v_data;

	return (uiomove(
	    (void *)(uintptr_t)dn->dn_target, strlen(dn->dn_target), uio));
}

static int
devfs_open(struct vnode *vp, int fflags, struct file *fp)
{
	struct devfs_node *dn = vp->v_data;
	int error;

	if (vp->v_type != VCHR)
		return (0);
	error = cdev_vnode_attach(vp, dn->dn_cdev->d_dev);
	return (error != 0 ? error : cdev_vop_open(vp, fflags, fp));
}

static void
devfs_reclaim(struct vnode *vp)
{
	cdev_vnode_reclaim(vp);
	devfs_node_drop(vp->v_data);
	vp->v_data = NULL;
}

static void
devfs_print(struct vnode *vp)
{
	struct devfs_node *dn = vp->v_data;

	kprintf(
	    "devfs %s ino %lu type %d\n", dn->dn_name, dn->dn_ino, dn->dn_type);
}

const struct vnodeops devfs_vnodeops = {
    .vop_lookup = devfs_lookup,
    .vop_readdir = devfs_readdir,
    .vop_getattr = devfs_getattr,
    .vop_setattr = devfs_setattr,
    .vop_access = devfs_access,
    .vop_readlink = devfs_readlink,
    .vop_open = devfs_open,
    .vop_reclaim = devfs_reclaim,
    .vop_print = devfs_print,
};
