/* SPDX-License-Identifier: BSD-2-Clause */
/* devfs: mounting, and its place in the module table. */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/stat.h>

#include "devfs_var.h"

MALLOC_DECLARE(M_DEVFS);

static LIST_HEAD(, devfs_mount) devfs_mounts = LIST_HEAD_INITIALIZER(
    devfs_mounts); /* (d) */

static int
devfs_mount(struct mount *mp, const char *from, const char *options)
{
	struct devfs_mount *dm = kmalloc(sizeof(*dm), M_DEVFS, M_WAITOK);

	if (dm == NULL)
		return (ENOMEM);
	lock_init(&dm->dm_lock, "devfsmnt", 0);
	LIST_INIT(&dm->dm_overrides);
	mp->mnt_data = dm;
	lock_excl(&devfs_lock);
	LIST_INSERT_HEAD(&devfs_mounts, dm, dm_link);
	lock_release(&devfs_lock);
	return (0);
}

/* (d) */
void
devfs_forget_overrides(ino_t ino)
{
	struct devfs_mount *dm;
	struct devfs_override *o, *next;

	LOCK_ASSERT_EXCL(&devfs_lock);
	LIST_FOREACH(dm, &devfs_mounts, dm_link) {
		lock_excl(&dm->dm_lock);
		LIST_FOREACH_SAFE(o, &dm->dm_overrides, do_link, next) {
			if (o->do_ino != ino)
				continue;
			LIST_REMOVE(o, do_link);
			kfree(o, M_DEVFS);
		}
		lock_release(&dm->dm_lock);
	}
}

static int
devfs_unmount(struct mount *mp, bool force)
{
	struct devfs_mount *dm = mp->mnt_data;
	struct devfs_override *o;

	lock_excl(&devfs_lock);
	LIST_REMOVE(dm, dm_link);
	lock_release(&devfs_lock);
	while ((o = LIST_FIRST(&dm->dm_overrides)) != NULL) {
		LIST_REMOVE(o, do_link);
		kfree(o, M_DEVFS);
	}
	lock_destroy(&dm->dm_lock);
	kfree(dm, M_DEVFS);
	mp->mnt_data = NULL;
	return (0);
}

static int
devfs_vfs_root(struct mount *mp, struct vnode **vpp)
{
	return (devfs_vnode(mp, &devfs_root, vpp));
}

/* devpts: the same tree from its directory pts down. */
static int
devpts_vfs_root(struct mount *mp, struct vnode **vpp)
{
	struct devfs_node *dn;
	int error;

	lock_shared(&devfs_lock);
	dn = devfs_child(&devfs_root, "pts", 3);
	if (dn != NULL)
		devfs_node_hold(dn);
	lock_release(&devfs_lock);
	if (dn == NULL)
		return (ENOENT);
	error = devfs_vnode(mp, dn, vpp);
	if (error == 0)
		atomic_or(&(*vpp)->v_flags, VF_ROOT);
	devfs_node_drop(dn);
	return (error);
}

static int
devfs_statfs(struct mount *mp, struct statfs *sf)
{
	sf->f_bsize = PAGE_SIZE;
	sf->f_namemax = DEVFS_NAME_MAX;
	return (0);
}

static const struct vfsops devfs_vfsops = {
    .vfs_name = "devfs",
    .vfs_mount = devfs_mount,
    .vfs_unmount = devfs_unmount,
    .vfs_root = devfs_vfs_root,
    .vfs_statfs = devfs_statfs,
};

/* What Linux programs call it. */
static const struct vfsops devtmpfs_vfsops = {
    .vfs_name = "devtmpfs",
    .vfs_mount = devfs_mount,
    .vfs_unmount = devfs_unmount,
    .vfs_root = devfs_vfs_root,
    .vfs_statfs = devfs_statfs,
};

/* Linux mounts the pseudo-terminals on their own. */
static const struct vfsops devpts_vfsops = {
    .vfs_name = "devpts",
    .vfs_mount = devfs_mount,
    .vfs_unmount = devfs_unmount,
    .vfs_root = devpts_vfs_root,
    .vfs_statfs = devfs_statfs,
};

static int
devfs_load(void)
{
	vfs_register(&devfs_vfsops);
	vfs_register(&devtmpfs_vfsops);
	vfs_register(&devpts_vfsops);
	return (0);
}

static const struct module devfs_module = {
    .mod_name = "devfs",
    .mod_class = "vfs",
    .mod_version = 1,
    .mod_load = devfs_load,
    .mod_desc = "the device tree as a file system",
};
MODULE(devfs, devfs_module);
