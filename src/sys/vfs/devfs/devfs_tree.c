/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree.
 *
 * 1. One tree of nodes exists from before the first driver; every mounted
 *    devfs shows it.  A driver's cdev_create adds a leaf and the directories
 *    on its path; cdev_destroy takes the leaf away.  Directories stay.
 *
 * 2. A mount has no nodes of its own, only overrides (mode, owner, times) of
 *    those that were changed there (devfs_vfsops.c, devfs_vnops.c).
 *
 * 3. A node lives while it is in the tree or a vnode shows it.
 *
 * 4. The names of devfs directories are not cached (VF_NOCACHE), so a device
 *    is there for the next lookup as soon as its driver made it.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/malloc.h>
#include <sys/thread.h>

#include "devfs_var.h"

MALLOC_DEFINE(M_DEVFS, "devfs", "device nodes, overrides, mounts");

LOCK_DEFINE(devfs_lock, "devfs");
static ino_t devfs_next_ino = DEVFS_INO_ROOT + 1; /* (d) */

struct devfs_node devfs_root = {.dn_refs = 1,
    .dn_type = DN_DIR,
    .dn_ino = DEVFS_INO_ROOT,
    .dn_parent = &devfs_root,
    .dn_mode = 0755};

void
devfs_node_hold(struct devfs_node *dn)
{
	ref_hold(&dn->dn_refs);
}

void
devfs_node_drop(struct devfs_node *dn)
{
	if (!ref_drop(&dn->dn_refs))
		return;
	if (dn->dn_cdev != NULL)
		cdev_drop(dn->dn_cdev);
	kfree(dn, M_DEVFS);
}

/* (d) The entry of that name, not held, or NULL. */
struct devfs_node *
devfs_child(struct devfs_node *dir, const char *name, size_t len)
{
	struct devfs_node *dn;

	LIST_FOREACH(dn, &dir->dn_children, dn_link) {
		if (strlen(dn->dn_name) == len &&
		    memcmp(dn->dn_name, name, len) == 0)
			return (dn);
	}
	return (NULL);
}

static struct devfs_node *
devfs_node_alloc(enum devfs_type type, mode_t mode)
{
	struct devfs_node *dn =
	    kmalloc(sizeof(*dn), M_DEVFS, M_WAITOK | M_ZERO);

	if (dn == NULL)
		return (NULL);
	ref_init(&dn->dn_refs, 1);
	dn->dn_type = type;
	dn->dn_mode = mode;
	dn->dn_time = ns_to_ts(clock_real());
	return (dn);
}

/* (d) A new entry of dir, which the tree holds.  NULL: ENOMEM, name. */
static struct devfs_node *
devfs_add(struct devfs_node *dir, enum devfs_type type, const char *name,
    size_t len, mode_t mode)
{
	struct devfs_node *dn;

	if (len == 0 || len > DEVFS_NAME_MAX)
		return (NULL);
	dn = devfs_node_alloc(type, mode);
	if (dn == NULL)
		return (NULL);
	memcpy(dn->dn_name, name, len);
	dn->dn_parent = dir;
	dn->dn_ino = devfs_next_ino++;
	LIST_INSERT_HEAD(&dir->dn_children, dn, dn_link);
	return (dn);
}

/* An unnamed node for number fd of /dev/fd; one reference. */
struct devfs_node *
devfs_fd_node(int fd)
{
	struct devfs_node *dn = devfs_node_alloc(DN_FDLINK, 0777);

	if (dn != NULL) {
		dn->dn_fd = fd;
		dn->dn_ino = DEVFS_INO_FD + (ino_t)fd;
	}
	return (dn);
}

/* (d) The directory of path's last component, made if missing. */
static int
devfs_make_parents(const char **pathp, struct devfs_node **dirp)
{
	struct devfs_node *dir = &devfs_root, *dn;
	const char *slash;

	while ((slash = strchr(*pathp, '/')) != NULL) {
		size_t len = (size_t)(slash - *pathp);

		dn = devfs_child(dir, *pathp, len);
		if (dn == NULL)
			dn = devfs_add(dir, DN_DIR, *pathp, len, 0755);
		if (dn == NULL)
			return (ENOMEM);
		if (dn->dn_type != DN_DIR)
			return (ENOTDIR);
		dir = dn;
		*pathp = slash + 1;
	}
	*dirp = dir;
	return (0);
}

/* (d) 0, EEXIST, ENOTDIR, ENOMEM. */
int
devfs_add_device(struct cdev_entry *ce, const char *path)
{
	struct cdev *dev = &ce->ce_cdev;
	struct devfs_node *dir, *dn;
	int error;

	error = devfs_make_parents(&path, &dir);
	if (error != 0)
		return (error);
	if (devfs_child(dir, path, strlen(path)) != NULL)
		return (EEXIST);
	dn = devfs_add(dir, DN_CHR, path, strlen(path), dev->d_mode);
	if (dn == NULL)
		return (ENOMEM);
	dn->dn_uid = dev->d_uid;
	dn->dn_gid = dev->d_gid;
	ref_hold(&dev->d_refs);
	dn->dn_cdev = dev;
	ce->ce_node = dn;
	return (0);
}

/* (d) */
void
devfs_remove_device(struct cdev_entry *ce)
{
	LIST_REMOVE(ce->ce_node, dn_link);
	devfs_forget_overrides(ce->ce_node->dn_ino);
	devfs_node_drop(ce->ce_node);
	ce->ce_node = NULL;
}

/* The names that no driver makes. */
static void
devfs_tree_init(void)
{
	static const struct {
		const char *name;
		enum devfs_type type;
		const char *target;
	} fixed[] = {{"pts", DN_DIR, NULL}, {"shm", DN_DIR, NULL},
	    {"fd", DN_FDDIR, NULL}, {"stdin", DN_LINK, "fd/0"},
	    {"stdout", DN_LINK, "fd/1"}, {"stderr", DN_LINK, "fd/2"}};

	devfs_root.dn_time = ns_to_ts(clock_real());
	lock_excl(&devfs_lock);
	for (size_t i = 0; i < nitems(fixed); i++) {
		bool dir = fixed[i].type != DN_LINK;
		struct devfs_node *dn = devfs_child(
		    &devfs_root, fixed[i].name, strlen(fixed[i].name));

		if (dn == NULL)
			dn =
			    devfs_add(&devfs_root, fixed[i].type, fixed[i].name,
				strlen(fixed[i].name), dir ? 0755 : 0777);
		if (dn == NULL)
			panic("devfs: out of memory");
		dn->dn_target = fixed[i].target;
	}
	lock_release(&devfs_lock);
}
SYSINIT(devfs_tree, SI_DRIVER, devfs_tree_init);

static void
devfs_ddb_tree(struct devfs_node *dir, int depth)
{
	struct devfs_node *dn;

	LIST_FOREACH(dn, &dir->dn_children, dn_link) {
		kprintf("%*s%s ino %lu refs %u", depth * 2, "", dn->dn_name,
		    dn->dn_ino, dn->dn_refs);
		if (dn->dn_cdev != NULL)
			kprintf(" dev %u:%u ops %s", major(dn->dn_cdev->d_dev),
			    minor(dn->dn_cdev->d_dev),
			    dn->dn_cdev->d_ops->d_name);
		kprintf("\n");
		if (dn->dn_type == DN_DIR && depth < 4)
			devfs_ddb_tree(dn, depth + 1);
	}
}

static void
devfs_ddb_show(const char *arg)
{
	devfs_ddb_tree(&devfs_root, 0);
}
DDB_COMMAND(devfs, "show devfs", devfs_ddb_show, "the device tree");
