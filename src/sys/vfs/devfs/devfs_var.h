/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to devfs.
 *
 * Locks: (d) devfs_lock, sleeping; (m) dm_lock of a mount, sleeping; (c)
 * constant.  Order: v_lock, devfs_lock, dm_lock.
 */
#ifndef VFS_DEVFS_VAR_H
#define VFS_DEVFS_VAR_H

#include <sys/types.h>
#include <sys/conf.h>
#include <sys/lock.h>
#include <sys/queue.h>
#include <sys/refcount.h>
#include <sys/vnode.h>

#define DEVFS_NAME_MAX 31
#define DEVFS_INO_ROOT 1
#define DEVFS_INO_FD   0x100000000UL /* + number: entries of /dev/fd */

enum devfs_type {
	DN_DIR,
	DN_CHR,
	DN_LINK,
	DN_FDDIR,
	DN_FDLINK
};

/* One name of the tree that all mounts show; or one number of /dev/fd. */
struct devfs_node {
	refcount_t dn_refs;		     /* tree, vnodes */
	enum devfs_type dn_type;	     /* (c) */
	ino_t dn_ino;			     /* (c) */
	LIST_ENTRY(devfs_node) dn_link;	     /* (d) */
	LIST_HEAD(, devfs_node) dn_children; /* (d) */
	struct devfs_node *dn_parent;	     /* (c) held by the tree */
	struct cdev *dn_cdev;		     /* (c) DN_CHR: held */
	const char *dn_target;		     /* (c) DN_LINK */
	int dn_fd;			     /* (c) DN_FDLINK */
	mode_t dn_mode;			     /* (c) what mounts start with */
	uid_t dn_uid;
	gid_t dn_gid;
	struct timespec dn_time;	  /* (c) of creation */
	char dn_name[DEVFS_NAME_MAX + 1]; /* (c) */
};

/* What chmod and chown changed in one mount. */
struct devfs_override {
	LIST_ENTRY(devfs_override) do_link; /* (m) */
	ino_t do_ino;
	mode_t do_mode;
	uid_t do_uid;
	gid_t do_gid;
	struct timespec do_atime, do_mtime, do_ctime;
};

struct devfs_mount {
	struct lock dm_lock;
	LIST_ENTRY(devfs_mount) dm_link;	  /* (d) all mounts */
	LIST_HEAD(, devfs_override) dm_overrides; /* (m) */
};

/* The cdev with what only devfs needs. */
struct cdev_entry {
	struct cdev ce_cdev;
	LIST_ENTRY(cdev_entry) ce_link; /* (d) */
	bool ce_gone;			/* (d) destroyed */
	struct devfs_node *ce_node;	/* (d) */
};

extern struct lock devfs_lock;
extern struct devfs_node devfs_root;
extern const struct vnodeops devfs_vnodeops, devfs_fd_vnodeops;

/* devfs_tree.c */
void devfs_node_hold(struct devfs_node *dn);
void devfs_node_drop(struct devfs_node *dn);
struct devfs_node *devfs_child(
    struct devfs_node *dir, const char *name, size_t len); /* (d) */
struct devfs_node *devfs_fd_node(int fd);		   /* NULL: ENOMEM */
int devfs_add_device(struct cdev_entry *ce, const char *path); /* (d) */
void devfs_remove_device(struct cdev_entry *ce);	       /* (d) */

/* devfs_vfsops.c: the name is gone, so is what was changed about it. (d) */
void devfs_forget_overrides(ino_t ino);

/* devfs_vnops.c */
int devfs_vnode(struct mount *mp, struct devfs_node *dn, struct vnode **vpp);
int devfs_fd_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp);
int devfs_fd_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp);
void devfs_attributes(struct vnode *vp, struct vattr *va);

#endif
