/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostfs: a directory of the host as a file system.
 *
 * 1. Two halves.  This one knows vnodes and pages; the machine's half knows host
 *    descriptors and keeps everything below the root (sys/hostfs.h).  A vnode is
 *    identified by its handle, which is unique while it is held.
 *
 * 2. The host may change anything at any time.  So names are not cached
 *    (VF_NOCACHE on directories: each lookup asks), attributes are asked each
 *    time, and a file's cached pages belong to a size, mtime and ctime: when a
 *    look at the host shows others, the pages go (hostfs_revalidate).
 *
 * 3. Data.  Reads go through the page cache, page by page from the host, and the
 *    pages can be reclaimed.  Writes go to the host first and then into pages
 *    that are resident; dirty pages come from shared mappings only and go back by
 *    putpage.
 *
 * 4. Other types than files, directories and links are shown but do not open
 *    (VF_NOOPEN).
 *
 * 5. Locks: v_lock, then hn_lock (sleeping; one revalidation at a time), then
 *    the object's.  getpage and putpage take hn_spin only.  hm_vlock is held
 *    while a vnode is made; vop_reclaim does not take it.
 *
 * 6. What may be mounted is what the machine shares (its option --share); from is
 *    a path inside that, "/" for all of it.
 *
 * Options: ro, rw (default, unless MNT_RDONLY), uid=N, gid=N (owners shown for
 * all files).
 */
#include "hostfs_var.h"
#include <sys/ddb.h>
#include <sys/module.h>

MALLOC_DEFINE(M_HOSTFS, "hostfs", "mounts and nodes of hostfs");

static const char *const hostfs_options[] = {"rw", "ro", "uid", "gid", NULL};

static int
hostfs_decode(struct mount *mp, const char *options, struct hostfs_mount *hm)
{
	uint64_t value = 0;
	char text[8];
	int error;

	if ((error = vfs_option_check(options, hostfs_options)) != 0)
		return (error);
	hm->hm_writable = (mp->mnt_flags & MNT_RDONLY) == 0 &&
	    vfs_option(options, "ro", text, sizeof(text)) != 0;
	error = vfs_option_u64(options, "uid", 10, 0, &value);
	if (error == 0) {
		hm->hm_map_uid = true;
		hm->hm_uid = (uid_t)value;
	} else if (error != ENOENT) {
		return (error);
	}
	error = vfs_option_u64(options, "gid", 10, 0, &value);
	if (error == 0) {
		hm->hm_map_gid = true;
		hm->hm_gid = (gid_t)value;
	} else if (error != ENOENT) {
		return (error);
	}
	return (0);
}

static int
hostfs_mount(struct mount *mp, const char *from, const char *options)
{
	struct hostfs_mount *hm;
	struct hostfs_attr ha;
	int error;

	hm = kmalloc(sizeof(*hm), M_HOSTFS, M_WAITOK | M_ZERO);
	if (hm == NULL)
		return (ENOMEM);
	if ((error = hostfs_decode(mp, options, hm)) == 0)
		error =
		    hostfs_host_mount(from, hm->hm_writable, &hm->hm_root, &ha);
	if (error != 0) {
		kfree(hm, M_HOSTFS);
		return (error);
	}
	lock_init(&hm->hm_vlock, "hostfs vnodes", 0);
	if (!hm->hm_writable)
		mp->mnt_flags |= MNT_RDONLY;
	mp->mnt_data = hm;
	return (0);
}

static int
hostfs_unmount(struct mount *mp, bool force __unused)
{
	struct hostfs_mount *hm = MP_TO_HOSTFS(mp);

	hostfs_host_unmount(hm->hm_root);
	lock_destroy(&hm->hm_vlock);
	kfree(hm, M_HOSTFS);
	mp->mnt_data = NULL;
	return (0);
}

void
hostfs_note_attr(struct hostfs_node *hn, const struct hostfs_attr *ha)
{
	spin_lock(&hn->hn_spin);
	hn->hn_size = ha->ha_size;
	hn->hn_mtime = ha->ha_mtime;
	hn->hn_ctime = ha->ha_ctime;
	spin_unlock(&hn->hn_spin);
}

static enum vtype
hostfs_vtype(uint32_t type)
{
	static const enum vtype types[] = {
	    VNON, VREG, VDIR, VLNK, VCHR, VBLK, VFIFO, VSOCK};

	return (type < nitems(types) ? types[type] : VNON);
}

/* A node and a vnode for a handle that has none.  hm_vlock held. */
static int
hostfs_vnode_make(struct mount *mp, hostfs_handle_t h,
    const struct hostfs_attr *ha, struct vnode **vpp)
{
	struct hostfs_node *hn;
	struct vnode *vp;
	int error;

	hn = kmalloc(sizeof(*hn), M_HOSTFS, M_WAITOK | M_ZERO);
	if (hn == NULL)
		return (ENOMEM);
	hn->hn_handle = h;
	lock_init(&hn->hn_lock, "hostfs node", 0);
	spin_init(&hn->hn_spin, "hostfs node");
	hostfs_note_attr(hn, ha);
	error = vnode_create(
	    mp, hostfs_vtype(ha->ha_type), &hostfs_vnodeops, h, hn, &vp);
	if (error != 0) {
		lock_destroy(&hn->hn_lock);
		kfree(hn, M_HOSTFS);
		return (error);
	}
	if (vp->v_type == VDIR)
		atomic_or(&vp->v_flags, VF_NOCACHE);
	else if (vp->v_type != VREG && vp->v_type != VLNK)
		atomic_or(&vp->v_flags, VF_NOOPEN);
	if (vp->v_type == VREG &&
	    (error = vnode_cache_attach(vp, ha->ha_size, false)) != 0) {
		hn->hn_handle = 0; /* the reference is still the caller's */
		atomic_or(&vp->v_flags, VF_DELETE);
		vnode_drop(vp);
		return (error);
	}
	*vpp = vp;
	return (0);
}

/*
 * The vnode of a handle; the caller's reference on the handle is consumed, on an
 * error too.  0, ENOMEM.  May sleep.
 */
int
hostfs_vnode_get(struct mount *mp, hostfs_handle_t h,
    const struct hostfs_attr *ha, struct vnode **vpp)
{
	struct hostfs_mount *hm = MP_TO_HOSTFS(mp);
	bool taken = false;
	int error = 0;

	lock_excl(&hm->hm_vlock);
	if ((*vpp = vnode_find(mp, h)) == NULL) {
		error = hostfs_vnode_make(mp, h, ha, vpp);
		taken = error == 0;
	}
	lock_release(&hm->hm_vlock);
	if (!taken)
		hostfs_host_release(h);
	return (error);
}

static int
hostfs_root(struct mount *mp, struct vnode **vpp)
{
	struct hostfs_mount *hm = MP_TO_HOSTFS(mp);
	struct hostfs_attr ha;
	hostfs_handle_t h;
	int error;

	error = hostfs_host_lookup(hm->hm_root, ".", &h, &ha);
	if (error != 0)
		return (error);
	return (hostfs_vnode_get(mp, h, &ha, vpp));
}

static int
hostfs_statfs(struct mount *mp, struct statfs *sf)
{
	struct hostfs_statfs hs;
	int error;

	error = hostfs_host_statfs(MP_TO_HOSTFS(mp)->hm_root, &hs);
	if (error != 0)
		return (error);
	sf->f_bsize = hs.hs_bsize;
	sf->f_blocks = hs.hs_blocks;
	sf->f_bfree = hs.hs_bfree;
	sf->f_bavail = hs.hs_bavail;
	sf->f_files = hs.hs_files;
	sf->f_ffree = hs.hs_ffree;
	sf->f_namemax = MIN(hs.hs_namemax, (uint64_t)NAME_MAX);
	return (0);
}

static const struct vfsops hostfs_vfsops = {
    .vfs_name = "hostfs",
    .vfs_options = hostfs_options,
    .vfs_mount = hostfs_mount,
    .vfs_unmount = hostfs_unmount,
    .vfs_root = hostfs_root,
    .vfs_statfs = hostfs_statfs,
};

static int
hostfs_load(void)
{
	vfs_register(&hostfs_vfsops);
	return (0);
}

static const struct module hostfs_module = {
    .mod_name = "hostfs",
    .mod_class = "vfs",
    .mod_version = 1,
    .mod_load = hostfs_load,
    .mod_desc = "a directory of the host",
};
MODULE(hostfs, hostfs_module);
