/* SPDX-License-Identifier: BSD-2-Clause */
/* tmpfs: attributes, links' text, the end of vnodes, and the operations table. */
#include "tmpfs_var.h"
#include <sys/fcntl.h>

static int
tmpfs_getattr(struct vnode *vp, struct vattr *va)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);

	va->va_type = node->tn_type;
	va->va_mode = node->tn_mode;
	va->va_nlink = node->tn_nlink;
	va->va_uid = node->tn_uid;
	va->va_gid = node->tn_gid;
	va->va_ino = node->tn_ino;
	va->va_rdev = node->tn_rdev;
	va->va_size = node->tn_size;
	va->va_blksize = PAGE_SIZE;
	spin_lock(&node->tn_spin);
	va->va_bytes = ptoa(node->tn_pages);
	va->va_atime = node->tn_atime;
	va->va_mtime = node->tn_mtime;
	va->va_ctime = node->tn_ctime;
	spin_unlock(&node->tn_spin);
	va->va_btime = node->tn_btime;
	return (0);
}

static int
tmpfs_setattr(
    struct vnode *vp, const struct vattr *va, struct ucred *cred __unused)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	int error = 0;

	if ((va->va_mask & VA_MODE) != 0 &&
	    (node->tn_seals & F_SEAL_EXEC) != 0 &&
	    ((va->va_mode ^ node->tn_mode) & 0111) != 0)
		return (EPERM);
	if ((va->va_mask & VA_SIZE) != 0) {
		if (vp->v_type != VREG)
			return (EINVAL);
		if ((error = tmpfs_set_size(vp, va->va_size)) != 0)
			return (error);
	}
	if ((va->va_mask & VA_MODE) != 0)
		node->tn_mode = va->va_mode & 07777;
	if ((va->va_mask & VA_UID) != 0)
		node->tn_uid = va->va_uid;
	if ((va->va_mask & VA_GID) != 0)
		node->tn_gid = va->va_gid;
	spin_lock(&node->tn_spin);
	if ((va->va_mask & VA_ATIME) != 0)
		node->tn_atime = va->va_atime;
	if ((va->va_mask & VA_MTIME) != 0)
		node->tn_mtime = va->va_mtime;
	spin_unlock(&node->tn_spin);
	tmpfs_touch(node, TMPFS_CTIME);
	return (0);
}

static int
tmpfs_readlink(struct vnode *vp, struct uio *uio)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);

	return (uiomove(node->tn_target, node->tn_size, uio));
}

/* The last user went: a node without names goes too. */
static void
tmpfs_inactive(struct vnode *vp)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);

	if (node != NULL && node->tn_nlink == 0)
		atomic_or(&vp->v_flags, VF_DELETE);
}

/* The vnode goes; the node stays with its pages if it has names. */
static void
tmpfs_reclaim(struct vnode *vp)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);

	if (node == NULL) /* it never got its page cache */
		return;
	node->tn_object = vnode_cache_detach(vp);
	vp->v_data = NULL;
	if (node->tn_nlink == 0)
		tmpfs_node_destroy(node);
}

static void
tmpfs_print(struct vnode *vp)
{
	const struct tmpfs_node *node = VP_TO_TMPFS(vp);

	kprintf("tmpfs node %p ino %lu nlink %u mode %o size %lu pages %lu "
		"names %lu\n",
	    (const void *)node, node->tn_ino, node->tn_nlink, node->tn_mode,
	    node->tn_size, node->tn_pages, node->tn_dir.tdi_count);
}

const struct vnodeops tmpfs_vnodeops = {
    .vop_lookup = tmpfs_lookup,
    .vop_create = tmpfs_create,
    .vop_mkdir = tmpfs_create,
    .vop_symlink = tmpfs_symlink,
    .vop_link = tmpfs_link,
    .vop_remove = tmpfs_remove,
    .vop_rmdir = tmpfs_rmdir,
    .vop_rename = tmpfs_rename,
    .vop_readdir = tmpfs_readdir,
    .vop_tmpfile = tmpfs_tmpfile,
    .vop_getattr = tmpfs_getattr,
    .vop_setattr = tmpfs_setattr,
    .vop_readlink = tmpfs_readlink,
    .vop_read = tmpfs_read,
    .vop_write = tmpfs_write,
    .vop_allocate = tmpfs_allocate,
    .vop_seal = tmpfs_seal,
    .vop_seek_hole = tmpfs_seek_hole,
    .vop_getpage = tmpfs_getpage,
    .vop_getxattr = tmpfs_getxattr,
    .vop_setxattr = tmpfs_setxattr,
    .vop_listxattr = tmpfs_listxattr,
    .vop_removexattr = tmpfs_removexattr,
    .vop_inactive = tmpfs_inactive,
    .vop_reclaim = tmpfs_reclaim,
    .vop_print = tmpfs_print,
};
