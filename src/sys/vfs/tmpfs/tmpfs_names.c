/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: operations on names.  The core has checked permission, types and
 * ancestry; the directories and the named vnodes are locked exclusive.
 *
 * Link counts: a file has one per name; a directory two (its name and ".") and
 * one per subdirectory ("..").  A node whose count falls to 0 is freed when its
 * vnode is (vop_inactive sets VF_DELETE, vop_reclaim frees).
 */
#include "tmpfs_var.h"
#include <sys/thread.h>
#include <sys/ucred.h>

int
tmpfs_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp)
{
	struct tmpfs_dirent *de;

	de = tmpfs_dir_find(VP_TO_TMPFS(dvp), name, len);
	if (de == NULL)
		return (ENOENT);
	return (tmpfs_vnode_get(dvp->v_mount, de->td_node, vpp));
}

/* The directory changed. */
static void
dir_changed(struct tmpfs_node *dir)
{
	tmpfs_touch(dir, TMPFS_MTIME | TMPFS_CTIME);
}

/* Give a new node its first name; on an error the node is still the caller's. */
static int
name_node(struct tmpfs_node *dir, const char *name, size_t len,
    struct tmpfs_node *node)
{
	struct tmpfs_dirent *de;
	int error;

	if (dir->tn_nlink == 0)
		return (ENOENT);
	if (node->tn_type == VDIR && dir->tn_nlink >= LINK_MAX * 64)
		return (EMLINK);
	if ((de = tmpfs_dirent_alloc(name, len)) == NULL)
		return (ENOMEM);
	if ((error = tmpfs_dir_insert(dir, de, node)) != 0) {
		tmpfs_dirent_free(de);
		return (error);
	}
	node->tn_nlink = 1;
	if (node->tn_type == VDIR) {
		node->tn_nlink = 2;
		node->tn_dir.tdi_parent = dir;
		dir->tn_nlink++;
	}
	dir_changed(dir);
	return (0);
}

/* The vnode of a node that was just made; on an error the node goes. */
static int
new_vnode(struct vnode *dvp, struct tmpfs_node *node, struct vnode **vpp)
{
	int error = tmpfs_vnode_get(dvp->v_mount, node, vpp);

	if (error != 0)
		tmpfs_node_destroy(node);
	return (error);
}

/*
 * Make a node with a name.  The vnode comes first: after it is there, a failure
 * only has to drop it (with no links the node goes along).
 */
static int
make_node(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va, const char *target, struct vnode **vpp)
{
	struct tmpfs_node *node;
	int error;

	error = tmpfs_node_create(MP_TO_TMPFS(dvp->v_mount), va, &node);
	if (error != 0)
		return (error);
	if (target != NULL) {
		node->tn_target = kstrdup(target, M_TMPFS);
		node->tn_size = strlen(target);
		if (node->tn_target == NULL) {
			tmpfs_node_destroy(node);
			return (ENOMEM);
		}
	}
	if ((error = new_vnode(dvp, node, vpp)) != 0)
		return (error);
	if (name != NULL &&
	    (error = name_node(VP_TO_TMPFS(dvp), name, len, node)) != 0)
		vnode_drop(*vpp);
	return (error);
}

/* create and mkdir alike.  0, ENOSPC, ENOMEM, ENOENT, EMLINK. */
int
tmpfs_create(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va, struct vnode **vpp)
{
	return (make_node(dvp, name, len, va, NULL, vpp));
}

int
tmpfs_symlink(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va, const char *target, struct vnode **vpp)
{
	return (make_node(dvp, name, len, va, target, vpp));
}

int
tmpfs_tmpfile(struct vnode *dvp, const struct vattr *va, struct vnode **vpp)
{
	return (make_node(dvp, NULL, 0, va, NULL, vpp));
}

int
tmpfs_link(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	struct tmpfs_node *dir = VP_TO_TMPFS(dvp), *node = VP_TO_TMPFS(vp);
	struct tmpfs_dirent *de;
	int error;

	if (dir->tn_nlink == 0)
		return (ENOENT);
	if (node->tn_nlink >= LINK_MAX)
		return (EMLINK);
	if ((de = tmpfs_dirent_alloc(name, len)) == NULL)
		return (ENOMEM);
	if ((error = tmpfs_dir_insert(dir, de, node)) != 0) {
		tmpfs_dirent_free(de);
		return (error);
	}
	node->tn_nlink++;
	tmpfs_touch(node, TMPFS_CTIME);
	dir_changed(dir);
	return (0);
}

/* Take one name away. */
static int
unname(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	struct tmpfs_node *dir = VP_TO_TMPFS(dvp), *node = VP_TO_TMPFS(vp);
	struct tmpfs_dirent *de = tmpfs_dir_find(dir, name, len);

	if (de == NULL || de->td_node != node)
		return (ENOENT);
	tmpfs_dir_remove(dir, de);
	tmpfs_dirent_free(de);
	if (node->tn_type == VDIR) {
		node->tn_nlink = 0;
		dir->tn_nlink--;
	} else {
		node->tn_nlink--;
	}
	tmpfs_touch(node, TMPFS_CTIME);
	dir_changed(dir);
	return (0);
}

int
tmpfs_remove(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	return (unname(dvp, name, len, vp));
}

int
tmpfs_rmdir(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	if (VP_TO_TMPFS(vp)->tn_dir.tdi_count > 0)
		return (ENOTEMPTY);
	return (unname(dvp, name, len, vp));
}

/* --- rename --------------------------------------------------------------------- */

/* A directory got another parent. */
static void
reparent(
    struct tmpfs_node *node, struct tmpfs_node *from, struct tmpfs_node *to)
{
	if (node->tn_type != VDIR || from == to)
		return;
	node->tn_dir.tdi_parent = to;
	from->tn_nlink--;
	to->tn_nlink++;
}

/* Two names change what they name. */
static void
rename_exchange(struct tmpfs_node *fdir, struct tmpfs_dirent *fde,
    struct tmpfs_node *tdir, struct tmpfs_dirent *tde)
{
	struct tmpfs_node *f = fde->td_node, *t = tde->td_node;

	fde->td_node = t;
	tde->td_node = f;
	reparent(f, fdir, tdir);
	reparent(t, tdir, fdir);
	tmpfs_touch(f, TMPFS_CTIME);
	tmpfs_touch(t, TMPFS_CTIME);
	dir_changed(fdir);
	dir_changed(tdir);
}

/* A node to stay at the old name in dvp.  0, ENOSPC, ENOMEM. */
static int
whiteout_create(struct vnode *dvp, struct tmpfs_node **nodep)
{
	struct tmpfs_node *dir = VP_TO_TMPFS(dvp);
	struct ucred *cr = cred_current();
	struct timespec now = ns_to_ts(clock_real());
	struct vattr va = {.va_type = VCHR,
	    .va_uid = cr->cr_fsuid,
	    .va_gid =
		(dir->tn_mode & S_ISGID) != 0 ? dir->tn_gid : cr->cr_fsgid,
	    .va_atime = now,
	    .va_mtime = now,
	    .va_ctime = now,
	    .va_btime = now};

	return (tmpfs_node_create(dir->tn_mount, &va, nodep));
}

/* The old name goes, or names the whiteout from now on. */
static void
leave_name(struct tmpfs_node *dir, struct tmpfs_dirent *de,
    struct tmpfs_node *whiteout)
{
	if (whiteout != NULL) {
		de->td_node = whiteout;
		whiteout->tn_nlink = 1;
		return;
	}
	tmpfs_dir_remove(dir, de);
	tmpfs_dirent_free(de);
}

/* The new name exists: it names f from now on, and what it named loses it. */
static void
rename_over(struct tmpfs_node *fdir, struct tmpfs_dirent *fde,
    struct tmpfs_node *tdir, struct tmpfs_dirent *tde,
    struct tmpfs_node *whiteout)
{
	struct tmpfs_node *f = fde->td_node, *t = tde->td_node;

	tde->td_node = f;
	reparent(f, fdir, tdir);
	if (t->tn_type == VDIR) {
		t->tn_nlink = 0;
		tdir->tn_nlink--;
	} else {
		t->tn_nlink--;
	}
	leave_name(fdir, fde, whiteout);
	tmpfs_touch(t, TMPFS_CTIME);
	tmpfs_touch(f, TMPFS_CTIME);
	dir_changed(fdir);
	dir_changed(tdir);
}

/* The new name does not exist.  0 or ENOMEM. */
static int
rename_to_new(struct tmpfs_node *fdir, struct tmpfs_dirent *fde,
    struct tmpfs_node *tdir, const char *tname, size_t tlen,
    struct tmpfs_node *whiteout)
{
	struct tmpfs_node *f = fde->td_node;
	struct tmpfs_dirent *de;
	int error;

	if (tdir->tn_nlink == 0)
		return (ENOENT);
	if ((de = tmpfs_dirent_alloc(tname, tlen)) == NULL)
		return (ENOMEM);
	if (fdir == tdir && whiteout == NULL) {
		error = tmpfs_dir_replace(fdir, fde, de);
		if (error == 0)
			tmpfs_dirent_free(fde);
	} else if ((error = tmpfs_dir_insert(tdir, de, f)) == 0) {
		leave_name(fdir, fde, whiteout);
		reparent(f, fdir, tdir);
	}
	if (error != 0) {
		tmpfs_dirent_free(de);
		return (error);
	}
	tmpfs_touch(f, TMPFS_CTIME);
	dir_changed(fdir);
	dir_changed(tdir);
	return (0);
}

/* 0, ENOENT, ENOTEMPTY, ENOMEM, ENOSPC. */
int
tmpfs_rename(struct vnode *fdvp, const char *fname, size_t flen,
    struct vnode *fvp __unused, struct vnode *tdvp, const char *tname,
    size_t tlen, struct vnode *tvp, int flags)
{
	struct tmpfs_node *fdir = VP_TO_TMPFS(fdvp), *tdir = VP_TO_TMPFS(tdvp);
	struct tmpfs_node *whiteout = NULL;
	struct tmpfs_dirent *fde, *tde = NULL;
	int error = 0;

	if ((fde = tmpfs_dir_find(fdir, fname, flen)) == NULL)
		return (ENOENT);
	if (tvp != NULL && (tde = tmpfs_dir_find(tdir, tname, tlen)) == NULL)
		return (ENOENT);
	if ((flags & RENAME_EXCHANGE) != 0) {
		rename_exchange(fdir, fde, tdir, tde);
		return (0);
	}
	if (tde != NULL && tde->td_node->tn_type == VDIR &&
	    tde->td_node->tn_dir.tdi_count > 0)
		return (ENOTEMPTY);
	if ((flags & RENAME_WHITEOUT) != 0 &&
	    (error = whiteout_create(fdvp, &whiteout)) != 0)
		return (error);
	if (tde != NULL)
		rename_over(fdir, fde, tdir, tde, whiteout);
	else
		error = rename_to_new(fdir, fde, tdir, tname, tlen, whiteout);
	if (error != 0 && whiteout != NULL)
		tmpfs_node_destroy(whiteout);
	return (error);
}
