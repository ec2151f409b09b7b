/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character devices: the registry of sys/conf.h and their open files.
 *
 * A device node, in devfs or elsewhere, points at its cdev with a reference
 * (v_special).  An open file gets the device's operations and a reference of
 * its own in f_data: a driver that comes back under the same number does not
 * change files that are open.  stat, name and the rest of the vnode's business
 * still go to vnode_fileops.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/uio.h>
#include <vm/vm.h>

#include "devfs_var.h"

MALLOC_DEFINE(M_CDEV, "cdev", "character devices");
FAULT_POINT(fault_cdev_open, "cdev_open");

static LIST_HEAD(, cdev_entry) cdev_list = LIST_HEAD_INITIALIZER(cdev_list);

static struct cdev_entry *
cdev_entry(struct cdev *dev)
{
	return (container_of(dev, struct cdev_entry, ce_cdev));
}

/* (d) */
static struct cdev_entry *
cdev_by_number(dev_t dev)
{
	struct cdev_entry *ce;

	LIST_FOREACH(ce, &cdev_list, ce_link) {
		if (ce->ce_cdev.d_dev == dev)
			return (ce);
	}
	return (NULL);
}

/* (d) 0, EEXIST, ENOMEM, ENOTDIR. */
static int
cdev_register(struct cdev_entry *ce)
{
	int error;

	if (cdev_by_number(ce->ce_cdev.d_dev) != NULL)
		return (EEXIST);
	error = devfs_add_device(ce, ce->ce_cdev.d_path);
	if (error == 0)
		LIST_INSERT_HEAD(&cdev_list, ce, ce_link);
	return (error);
}

/* The caller's reference is the driver's; cdev_destroy gives it back. */
struct cdev *
cdev_create(const struct cdev_ops *ops, dev_t dev, uid_t uid, gid_t gid,
    mode_t mode, void *data, const char *fmt, ...)
{
	struct cdev_entry *ce;
	va_list ap;
	int error;

	ce = kmalloc(sizeof(*ce), M_CDEV, M_WAITOK | M_ZERO);
	if (ce == NULL)
		return (NULL);
	ref_init(&ce->ce_cdev.d_refs, 1);
	ce->ce_cdev.d_ops = ops;
	ce->ce_cdev.d_data = data;
	ce->ce_cdev.d_dev = dev;
	ce->ce_cdev.d_uid = uid;
	ce->ce_cdev.d_gid = gid;
	ce->ce_cdev.d_mode = mode;
	va_start(ap, fmt);
	kvsnprintf(ce->ce_cdev.d_path, sizeof(ce->ce_cdev.d_path), fmt, ap);
	va_end(ap);
	lock_excl(&devfs_lock);
	error = cdev_register(ce);
	lock_release(&devfs_lock);
	if (error != 0) {
		kfree(ce, M_CDEV);
		return (NULL);
	}
	return (&ce->ce_cdev);
}

/* No new opens; the driver must expect calls of open files to the end. */
void
cdev_destroy(struct cdev *dev)
{
	struct cdev_entry *ce = cdev_entry(dev);

	lock_excl(&devfs_lock);
	ce->ce_gone = true;
	LIST_REMOVE(ce, ce_link);
	devfs_remove_device(ce);
	lock_release(&devfs_lock);
	cdev_drop(dev);
}

struct cdev *
cdev_find(const char *path)
{
	struct cdev_entry *ce;
	struct cdev *dev = NULL;

	lock_shared(&devfs_lock);
	LIST_FOREACH(ce, &cdev_list, ce_link) {
		if (strcmp(ce->ce_cdev.d_path, path) == 0) {
			dev = &ce->ce_cdev;
			ref_hold(&dev->d_refs);
			break;
		}
	}
	lock_release(&devfs_lock);
	return (dev);
}

void
cdev_drop(struct cdev *dev)
{
	if (ref_drop(&dev->d_refs))
		kfree(cdev_entry(dev), M_CDEV);
}

/* --- device nodes ----------------------------------------------------------------- */

/*
 * Point vp at the device of that number; one that went away meanwhile is
 * replaced.  0 or ENXIO.
 */
int
cdev_vnode_attach(struct vnode *vp, dev_t rdev)
{
	struct cdev *old, *stale = NULL;
	struct cdev_entry *ce;
	int error = 0;

	lock_excl(&devfs_lock);
	old = vp->v_special;
	if (old == NULL || cdev_entry(old)->ce_gone) {
		ce = cdev_by_number(rdev);
		if (ce == NULL) {
			error = ENXIO;
		} else {
			ref_hold(&ce->ce_cdev.d_refs);
			vp->v_special = &ce->ce_cdev;
			stale = old;
		}
	}
	lock_release(&devfs_lock);
	if (stale != NULL)
		cdev_drop(stale);
	return (error);
}

void
cdev_vnode_reclaim(struct vnode *vp)
{
	if (vp->v_special != NULL)
		cdev_drop(vp->v_special);
	vp->v_special = NULL;
}

/* --- open files ------------------------------------------------------------------------ */

static int
cdev_ioflags(const struct file *fp)
{
	return (((fp->f_flags & O_NONBLOCK) != 0 ? IO_NONBLOCK : 0) |
	    ((fp->f_flags & O_FSYNC) != 0 ? IO_SYNC : 0));
}

/*
 * Devices may block for ever, so the offset is not locked around the
 * transfer; two transfers at once on one file each start where it stood.
 */
static int
cdev_transfer(struct file *fp, struct uio *uio, int flags,
    int (*op)(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp))
{
	struct cdev *dev = fp->f_data;
	int error;

	if (op == NULL)
		return (EOPNOTSUPP);
	if ((flags & FOF_OFFSET) != 0)
		return ((dev->d_ops->d_flags & CDEVF_NOSEEK) != 0
			? ESPIPE
			: op(dev, uio, cdev_ioflags(fp), fp));
	uio->uio_offset = fp->f_offset;
	error = op(dev, uio, cdev_ioflags(fp), fp);
	fp->f_offset = uio->uio_offset;
	return (error);
}

static int
cdev_fo_read(struct file *fp, struct uio *uio, int flags)
{
	struct cdev *dev = fp->f_data;

	return (cdev_transfer(fp, uio, flags, dev->d_ops->d_read));
}

static int
cdev_fo_write(struct file *fp, struct uio *uio, int flags)
{
	struct cdev *dev = fp->f_data;

	return (cdev_transfer(fp, uio, flags, dev->d_ops->d_write));
}

static int
cdev_fo_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	struct cdev *dev = fp->f_data;

	if (dev->d_ops->d_ioctl == NULL)
		return (cmd == FIONBIO ? 0 : ENOTTY);
	return (dev->d_ops->d_ioctl(dev, cmd, data, fp));
}

static uint32_t
cdev_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct cdev *dev = fp->f_data;

	if (dev->d_ops->d_poll == NULL)
		return (events & (EV_IN | EV_OUT));
	return (dev->d_ops->d_poll(dev, events, w, fp));
}

static int
cdev_fo_stat(struct file *fp, struct stat *st)
{
	return (vnode_fileops.fo_stat(fp, st));
}

static int
cdev_fo_seek(struct file *fp, off_t off, int whence, off_t *newp)
{
	struct cdev *dev = fp->f_data;

	if ((dev->d_ops->d_flags & CDEVF_NOSEEK) != 0)
		return (ESPIPE);
	if ((dev->d_ops->d_flags & CDEVF_NULLSEEK) != 0) {
		*newp = fp->f_offset = 0;
		return (0);
	}
	if (whence == SEEK_END && dev->d_ops->d_size != NULL &&
	    __builtin_add_overflow(off, dev->d_ops->d_size(dev), &off))
		return (EOVERFLOW);
	if (whence == SEEK_CUR &&
	    __builtin_add_overflow(off, fp->f_offset, &off))
		return (EOVERFLOW);
	if (whence == SEEK_DATA || whence == SEEK_HOLE || whence < SEEK_SET ||
	    whence > SEEK_HOLE || off < 0)
		return (EINVAL);
	*newp = fp->f_offset = off;
	return (0);
}

static int
cdev_fo_sync(struct file *fp, bool data_only)
{
	struct cdev *dev = fp->f_data;

	return (dev->d_ops->d_sync != NULL ? dev->d_ops->d_sync(dev, data_only)
					   : EINVAL);
}

static int
cdev_fo_mmap(struct file *fp, uint64_t off, uint64_t len, int prot, bool shared,
    struct vm_object **objp, uint8_t *maxprotp)
{
	struct cdev *dev = fp->f_data;

	if (dev->d_ops->d_mmap == NULL)
		return (ENODEV);
	if ((fp->f_flags & FREAD) == 0 ||
	    (shared && (prot & VM_PROT_WRITE) != 0 &&
		(fp->f_flags & FWRITE) == 0))
		return (EACCES);
	if (shared && (fp->f_flags & FWRITE) == 0)
		*maxprotp &= ~VM_PROT_WRITE;
	return (dev->d_ops->d_mmap(dev, off, len, prot, objp));
}

static void
cdev_fo_name(struct file *fp, char *buf, size_t size)
{
	struct cdev *dev = fp->f_data;

	ksnprintf(buf, size, "/dev/%s", dev->d_path);
}

static void
cdev_fo_close(struct file *fp)
{
	struct cdev *dev = fp->f_data;

	if (dev->d_ops->d_close != NULL)
		(void)dev->d_ops->d_close(dev, (int)fp->f_flags, fp);
	KTR_EVENT(VFS, cdev_close, "dev=%p file=%p", KTRP(dev), KTRP(fp));
	fp->f_data = fp->f_vnode;
	cdev_drop(dev);
	if (vnode_fileops.fo_close != NULL)
		vnode_fileops.fo_close(fp);
}

static const struct fileops cdev_fileops = {
    .fo_read = cdev_fo_read,
    .fo_write = cdev_fo_write,
    .fo_ioctl = cdev_fo_ioctl,
    .fo_poll = cdev_fo_poll,
    .fo_stat = cdev_fo_stat,
    .fo_seek = cdev_fo_seek,
    .fo_sync = cdev_fo_sync,
    .fo_mmap = cdev_fo_mmap,
    .fo_name = cdev_fo_name,
    .fo_close = cdev_fo_close,
};

/* (none) The device behind vp, held; NULL if it is gone. */
static struct cdev *
cdev_of_vnode(struct vnode *vp)
{
	struct cdev *dev;

	lock_shared(&devfs_lock);
	dev = vp->v_special;
	if (dev != NULL && cdev_entry(dev)->ce_gone)
		dev = NULL;
	if (dev != NULL)
		ref_hold(&dev->d_refs);
	lock_release(&devfs_lock);
	return (dev);
}

/* ENXIO and what the driver's open says. */
int
cdev_vop_open(struct vnode *vp, int fflags, struct file *fp)
{
	struct cdev *dev = cdev_of_vnode(vp);
	int error = 0;

	if (dev == NULL)
		return (ENXIO);
	if (fault_fires(&fault_cdev_open))
		error = ENXIO;
	else if (dev->d_ops->d_open != NULL)
		error = dev->d_ops->d_open(dev, fflags, fp);
	KTR_EVENT(VFS, cdev_open, "dev=%p file=%p error=%d", KTRP(dev),
	    KTRP(fp), error);
	if (error != 0) {
		cdev_drop(dev);
		return (error);
	}
	fp->f_data = dev;
	fp->f_ops = &cdev_fileops;
	return (0);
}
