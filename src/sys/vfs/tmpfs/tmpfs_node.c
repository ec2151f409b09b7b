/* SPDX-License-Identifier: BSD-2-Clause */
/* tmpfs: nodes, their vnodes, and what they charge to the mount. */
#include "tmpfs_var.h"
#include <sys/fcntl.h>
#include <sys/thread.h>

static struct zone *tmpfs_node_zone;

void
tmpfs_zone_start(void)
{
	tmpfs_node_zone =
	    zone_create("tmpfs node", sizeof(struct tmpfs_node), 64);
}

/* --- space ----------------------------------------------------------------------- */

/* Reserve pages for node: 0 or ENOSPC.  Never sleeps. */
int
tmpfs_charge(struct tmpfs_node *node, uint64_t pages)
{
	struct tmpfs_mount *tm = node->tn_mount;
	int error = 0;

	spin_lock(&node->tn_spin);
	spin_lock(&tm->tm_spin);
	if (pages > tm->tm_pages_max - MIN(tm->tm_pages, tm->tm_pages_max)) {
		error = ENOSPC;
	} else {
		tm->tm_pages += pages;
		node->tn_pages += pages;
	}
	spin_unlock(&tm->tm_spin);
	spin_unlock(&node->tn_spin);
	return (error);
}

void
tmpfs_uncharge(struct tmpfs_node *node, uint64_t pages)
{
	struct tmpfs_mount *tm = node->tn_mount;

	spin_lock(&node->tn_spin);
	pages = MIN(pages, node->tn_pages);
	spin_lock(&tm->tm_spin);
	tm->tm_pages -= pages;
	spin_unlock(&tm->tm_spin);
	node->tn_pages -= pages;
	spin_unlock(&node->tn_spin);
}

/*
 * After pages went: give back what is charged beyond what is resident.  A fault
 * that has put its page in but not charged it yet makes this too small by one
 * page at most, never too large, so no page is ever uncharged.
 */
void
tmpfs_settle(struct tmpfs_node *node, struct vm_object *obj)
{
	struct tmpfs_mount *tm = node->tn_mount;
	uint64_t resident, surplus;

	spin_lock(&node->tn_spin);
	resident = vm_object_resident(obj);
	if (node->tn_pages > resident) {
		surplus = node->tn_pages - resident;
		spin_lock(&tm->tm_spin);
		tm->tm_pages -= surplus;
		spin_unlock(&tm->tm_spin);
		node->tn_pages = resident;
	}
	spin_unlock(&node->tn_spin);
}

/* --- nodes --------------------------------------------------------------------------- */

static int
tmpfs_count_node(struct tmpfs_mount *tm, struct tmpfs_node *node)
{
	int error = 0;

	spin_lock(&tm->tm_spin);
	if (tm->tm_nodes >= tm->tm_nodes_max) {
		error = ENOSPC;
	} else {
		tm->tm_nodes++;
		node->tn_ino = tm->tm_next_ino++;
		TAILQ_INSERT_TAIL(&tm->tm_list, node, tn_link);
	}
	spin_unlock(&tm->tm_spin);
	return (error);
}

/* A node without names (tn_nlink 0).  0, ENOSPC (nr_inodes), ENOMEM. */
int
tmpfs_node_create(
    struct tmpfs_mount *tm, const struct vattr *va, struct tmpfs_node **nodep)
{
	struct tmpfs_node *node;
	int error;

	node = zone_alloc(tmpfs_node_zone, M_WAITOK);
	if (node == NULL)
		return (ENOMEM);
	memset(node, 0, sizeof(*node));
	node->tn_mount = tm;
	node->tn_type = va->va_type;
	node->tn_mode = va->va_mode & 07777;
	node->tn_uid = va->va_uid;
	node->tn_gid = va->va_gid;
	node->tn_rdev = va->va_rdev;
	node->tn_atime = va->va_atime;
	node->tn_mtime = va->va_mtime;
	node->tn_ctime = va->va_ctime;
	node->tn_btime = va->va_btime;
	spin_init(&node->tn_spin, "tmpfs node");
	TAILQ_INIT(&node->tn_xattrs);
	radix_init(&node->tn_dir.tdi_order);
	node->tn_dir.tdi_next = TMPFS_COOKIE_FIRST;
	node->tn_seals = F_SEAL_SEAL; /* none can be added to named files */
	if (node->tn_type == VDIR)
		node->tn_size = 2 * TMPFS_DIRENT_BYTES;
	if ((error = tmpfs_count_node(tm, node)) != 0) {
		zone_free(tmpfs_node_zone, node);
		return (error);
	}
	*nodep = node;
	return (0);
}

/* Free a node that has no vnode: all its space returns.  May sleep. */
void
tmpfs_node_destroy(struct tmpfs_node *node)
{
	struct tmpfs_mount *tm = node->tn_mount;

	if (node->tn_type == VDIR)
		tmpfs_dir_clear(node);
	tmpfs_xattr_clear(node);
	if (node->tn_object != NULL)
		vm_object_drop(node->tn_object);
	tmpfs_uncharge(node, UINT64_MAX);
	kfree(node->tn_target, M_TMPFS);
	spin_lock(&tm->tm_spin);
	TAILQ_REMOVE(&tm->tm_list, node, tn_link);
	tm->tm_nodes--;
	spin_unlock(&tm->tm_spin);
	zone_free(tmpfs_node_zone, node);
}

/* Give a fresh vnode the node's pages, or an empty page cache.  0 or ENOMEM. */
static int
tmpfs_attach_pages(struct vnode *vp, struct tmpfs_node *node)
{
	if (node->tn_type != VREG)
		return (0);
	if (node->tn_object == NULL)
		return (vnode_cache_attach(vp, node->tn_size, true));
	vnode_cache_adopt(vp, node->tn_object);
	node->tn_object = NULL;
	return (0);
}

/* (tm_vlock) */
static int
vnode_get_locked(struct mount *mp, struct tmpfs_node *node, struct vnode **vpp)
{
	int error;

	if ((*vpp = vnode_find(mp, node->tn_ino)) != NULL)
		return (0);
	error = vnode_create(
	    mp, node->tn_type, &tmpfs_vnodeops, node->tn_ino, node, vpp);
	KASSERT(error != EEXIST, ("tmpfs: two vnodes of a node"));
	if (error == 0 && (error = tmpfs_attach_pages(*vpp, node)) != 0) {
		(*vpp)->v_data = NULL; /* the node is the caller's */
		atomic_or(&(*vpp)->v_flags, VF_DELETE);
		vnode_drop(*vpp);
	}
	return (error);
}

/*
 * The vnode of a node that cannot go away (it has a name in a locked directory,
 * or is new): held.  0, ENOMEM.  May sleep.
 */
int
tmpfs_vnode_get(struct mount *mp, struct tmpfs_node *node, struct vnode **vpp)
{
	struct tmpfs_mount *tm = node->tn_mount;
	int error;

	lock_excl(&tm->tm_vlock);
	error = vnode_get_locked(mp, node, vpp);
	lock_release(&tm->tm_vlock);
	return (error);
}

/* --- nodes by number ------------------------------------------------------------- */

/* What a handle says: numbers are given once, the mount tells itself apart. */
struct tmpfs_fid {
	uint32_t tf_mount;
	uint32_t tf_ino[2];
};
#define TMPFS_FID 1

int
tmpfs_fid(struct vnode *vp, struct fid *fid)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	struct tmpfs_fid tf = {(uint32_t)vp->v_mount->mnt_fsid,
	    {(uint32_t)node->tn_ino, (uint32_t)(node->tn_ino >> 32)}};

	fid->fid_len = sizeof(tf);
	fid->fid_type = TMPFS_FID;
	memcpy(fid->fid_data, &tf, sizeof(tf));
	return (0);
}

/*
 * (tm_vlock) A node without a vnode.  It has names (T4), or was made just now and
 * is nobody else's yet; and it stays as long as nobody can make its vnode.  The
 * walk is long in a large tmpfs, but who asks is the superuser's backup.
 */
static struct tmpfs_node *
node_by_ino(struct tmpfs_mount *tm, uint64_t ino)
{
	struct tmpfs_node *node;

	spin_lock(&tm->tm_spin);
	TAILQ_FOREACH(node, &tm->tm_list, tn_link)
		if (node->tn_ino == ino)
			break;
	spin_unlock(&tm->tm_spin);
	return (node != NULL && node->tn_nlink > 0 ? node : NULL);
}

int
tmpfs_find_fid(struct mount *mp, const struct fid *fid, struct vnode **vpp)
{
	struct tmpfs_mount *tm = MP_TO_TMPFS(mp);
	struct tmpfs_node *node;
	struct tmpfs_fid tf;
	uint64_t ino;
	int error = 0;

	if (fid->fid_len != sizeof(tf) || fid->fid_type != TMPFS_FID)
		return (ESTALE);
	memcpy(&tf, fid->fid_data, sizeof(tf));
	ino = (uint64_t)tf.tf_ino[1] << 32 | tf.tf_ino[0];
	if (tf.tf_mount != (uint32_t)mp->mnt_fsid || ino == 0)
		return (ESTALE);
	lock_excl(&tm->tm_vlock);
	if ((*vpp = vnode_find(mp, ino)) == NULL) {
		node = node_by_ino(tm, ino);
		error = node == NULL ? ESTALE : vnode_get_locked(mp, node, vpp);
	}
	lock_release(&tm->tm_vlock);
	return (error);
}

void
tmpfs_touch(struct tmpfs_node *node, int which)
{
	struct timespec now = ns_to_ts(clock_real());

	spin_lock(&node->tn_spin);
	if ((which & TMPFS_ATIME) != 0)
		node->tn_atime = now;
	if ((which & TMPFS_MTIME) != 0)
		node->tn_mtime = now;
	if ((which & TMPFS_CTIME) != 0)
		node->tn_ctime = now;
	spin_unlock(&node->tn_spin);
}
