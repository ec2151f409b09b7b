/* SPDX-License-Identifier: BSD-2-Clause */
/* Character devices: what a driver gives to devfs. */
#ifndef SYS_CONF_H
#define SYS_CONF_H

#include <sys/types.h>
#include <sys/refcount.h>

struct cdev;
struct ev_watch;
struct file;
struct uio;
struct vm_object;

/* NULL slots: open and close succeed, read/write EOPNOTSUPP, ioctl ENOTTY,
 * poll always ready, mmap ENODEV, sync EINVAL, no end for lseek to count from.
 * fp is the opener's file. */
struct cdev_ops {
	const char *d_name;
	int (*d_open)(struct cdev *dev, int fflags, struct file *fp);
	int (*d_close)(struct cdev *dev, int fflags, struct file *fp);
	int (*d_read)(
	    struct cdev *dev, struct uio *uio, int ioflags, struct file *fp);
	int (*d_write)(
	    struct cdev *dev, struct uio *uio, int ioflags, struct file *fp);
	int (*d_ioctl)(
	    struct cdev *dev, uint64_t cmd, void *data, struct file *fp);
	uint32_t (*d_poll)(struct cdev *dev, uint32_t events,
	    struct ev_watch *w, struct file *fp);
	int (*d_mmap)(struct cdev *dev, uint64_t off, uint64_t len, int prot,
	    struct vm_object **objp);
	int (*d_sync)(struct cdev *dev, bool data_only); /* fsync */
	off_t (*d_size)(struct cdev *dev); /* in bytes: a disk's */
	uint32_t d_flags;
};
#define CDEVF_NOSEEK   0x1 /* lseek is ESPIPE: terminals */
#define CDEVF_NULLSEEK 0x2 /* lseek to anywhere is to 0: /dev/null */

struct cdev {
	refcount_t d_refs;
	const struct cdev_ops *d_ops;
	void *d_data;
	dev_t d_dev; /* unique number, makedev(major, minor) */
	uid_t d_uid;
	gid_t d_gid;
	mode_t d_mode;
	char d_path[64]; /* below /dev: "pts/0" */
};

/* Appears in every devfs at once.  NULL: ENOMEM or name in use. */
struct cdev *cdev_create(const struct cdev_ops *ops, dev_t dev, uid_t uid,
    gid_t gid, mode_t mode, void *data, const char *fmt, ...)
    __printflike(7, 8);
void cdev_destroy(struct cdev *dev);	  /* opens in flight keep the memory */
struct cdev *cdev_find(const char *path); /* held, or NULL */
void cdev_drop(struct cdev *dev);

/*
 * Device nodes on any file system.  Its vop_open of a VCHR or VBLK node calls
 * cdev_vnode_attach with the node's number, then cdev_vop_open, which hands
 * the file over: fp->f_ops are the device's from then on, so no other vop of
 * the node sees the I/O.  The file's f_vnode must be set.  vop_reclaim calls
 * cdev_vnode_reclaim.
 */
struct vnode;
int cdev_vnode_attach(struct vnode *vp, dev_t rdev); /* ENXIO: no device */
int cdev_vop_open(struct vnode *vp, int fflags, struct file *fp);
void cdev_vnode_reclaim(struct vnode *vp);

#endif
