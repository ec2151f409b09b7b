/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations of open files that are vnodes.
 *
 * Offsets: f_offset belongs to f_offset_lock, which is held across a transfer,
 * so that two reads of one open file never get the same bytes.  Devices are the
 * exception: a read may block for ever there, so the offset is copied.
 *
 * Order: f_offset_lock, then v_lock.  Copies to and from user memory happen
 * under v_lock; the pager never takes it (vnode_pager.c).
 */
#include "vfs_var.h"
#include <sys/ioccom.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/vnwatch.h>
#include <vm/vm.h>

/* --- read and write ----------------------------------------------------------- */

static int
vn_ioflags(const struct file *fp, int fof)
{
	int io = 0;

	if ((fp->f_flags & O_APPEND) != 0 || (fof & FOF_APPEND) != 0)
		io |= IO_APPEND;
	if ((fp->f_flags & O_FSYNC) != 0 || (fof & FOF_SYNC) != 0 ||
	    (fp->f_vnode->v_mount->mnt_flags & MNT_SYNC) != 0)
		io |= IO_SYNC;
	if ((fp->f_flags & O_NONBLOCK) != 0 || (fof & FOF_NOWAIT) != 0)
		io |= IO_NONBLOCK;
	return (io);
}

static int
vn_read_at(struct file *fp, struct uio *uio, int fof)
{
	struct vnode *vp = fp->f_vnode;
	int error;

	if (uio->uio_offset < 0)
		return (EINVAL);
	if (vn_is_unlocked_type(vp)) {
		const struct vnodeops *ops = vp->v_ops;

		if (ops->vop_read == NULL)
			return (EOPNOTSUPP);
		return ((vp->v_flags & VF_DOOMED) != 0
			? EIO
			: ops->vop_read(vp, uio, vn_ioflags(fp, fof), fp));
	}
	lock_shared(&vp->v_lock);
	error = VOP_CALL(
	    vp, vop_read, EOPNOTSUPP, vp, uio, vn_ioflags(fp, fof), fp);
	lock_release(&vp->v_lock);
	return (error);
}

/*
 * Cut the write at the process's file size limit.  *cutp: bytes left out.  0,
 * or EFBIG with SIGXFSZ sent when nothing may be written.
 */
static int
vn_limit_size(struct uio *uio, size_t *cutp)
{
	uint64_t limit = RLIM_INFINITY, off = (uint64_t)uio->uio_offset;

	*cutp = 0;
	if (curproc != NULL)
		limit = MIN(limit, proc_rlimit(RLIMIT_FSIZE));
	if (uio->uio_resid == 0 || uio->uio_resid <= limit - MIN(off, limit))
		return (0);
	if (off >= limit) {
		if (limit != RLIM_INFINITY)
			sig_send_lwp(curlwp, SIGXFSZ, NULL);
		return (EFBIG);
	}
	*cutp = uio->uio_resid - (limit - off);
	uio->uio_resid = limit - off;
	return (0);
}

/* A write to a file with a size.  v_lock held exclusive. */
static int
vn_write_locked(struct file *fp, struct uio *uio, int io)
{
	struct vnode *vp = fp->f_vnode;
	struct vattr va;
	size_t cut;
	uint64_t resid = uio->uio_resid;
	mode_t mode;
	int error;

	if ((error = vop_getattr_locked(vp, &va)) != 0)
		return (error);
	if ((io & IO_APPEND) != 0)
		uio->uio_offset = (off_t)va.va_size;
	if ((error = vn_limit_size(uio, &cut)) != 0)
		return (error);
	mode = va.va_mode;
	if (resid > 0)
		error = vn_drop_suid_locked(vp, &va);
	if (va.va_mode != mode)
		file_tell(fp, VW_ATTRIB);
	if (error == 0)
		error = VOP_CALL(vp, vop_write, EOPNOTSUPP, vp, uio, io, fp);
	uio->uio_resid += cut;
	if (error == 0 && (io & IO_SYNC) != 0)
		error = vnode_fsync_locked(vp, false);
	if (uio->uio_resid < resid)
		vn_notify(vp,
		    VNOTE_WRITE |
			((uint64_t)uio->uio_offset > va.va_size ? VNOTE_EXTEND
								: 0));
	return (error);
}

static int
vn_write_at(struct file *fp, struct uio *uio, int fof)
{
	struct vnode *vp = fp->f_vnode;
	int io = vn_ioflags(fp, fof), error;

	if (uio->uio_offset < 0)
		return (EINVAL);
	if (vn_is_unlocked_type(vp)) {
		const struct vnodeops *ops = vp->v_ops;

		if (ops->vop_write == NULL)
			return (EOPNOTSUPP);
		return ((vp->v_flags & VF_DOOMED) != 0
			? EIO
			: ops->vop_write(vp, uio, io, fp));
	}
	lock_excl(&vp->v_lock);
	error = vn_write_locked(fp, uio, io);
	lock_release(&vp->v_lock);
	return (error);
}

/* Either direction, with the open file's own offset or the uio's. */
static int
vn_transfer(struct file *fp, struct uio *uio, int flags,
    int (*at)(struct file *fp, struct uio *uio, int fof))
{
	bool hold = !vn_is_unlocked_type(fp->f_vnode);
	int error;

	if (fp->f_vnode->v_type == VDIR)
		return (EISDIR);
	if ((flags & FOF_OFFSET) != 0)
		return (at(fp, uio, flags));
	lock_excl(&fp->f_offset_lock);
	uio->uio_offset = fp->f_offset;
	if (!hold)
		lock_release(&fp->f_offset_lock);
	error = at(fp, uio, flags);
	if (!hold)
		lock_excl(&fp->f_offset_lock);
	fp->f_offset = uio->uio_offset;
	lock_release(&fp->f_offset_lock);
	return (error);
}

static int
vn_file_read(struct file *fp, struct uio *uio, int flags)
{
	return (vn_transfer(fp, uio, flags, vn_read_at));
}

static int
vn_file_write(struct file *fp, struct uio *uio, int flags)
{
	return (vn_transfer(fp, uio, flags, vn_write_at));
}

/* --- position ------------------------------------------------------------------- */

/* SEEK_DATA and SEEK_HOLE.  0, ENXIO (behind the end). */
static int
vn_seek_hole(struct vnode *vp, off_t off, bool hole, off_t *newp)
{
	struct vattr va;
	int error;

	lock_shared(&vp->v_lock);
	error = vop_getattr_locked(vp, &va);
	if (error == 0 && (off < 0 || (uint64_t)off >= va.va_size))
		error = ENXIO;
	*newp = off;
	if (error == 0 && vp->v_ops->vop_seek_hole != NULL)
		error = VOP_CALL(vp, vop_seek_hole, EINVAL, vp, hole, newp);
	else if (error == 0 && hole)
		*newp = (off_t)va.va_size; /* all of it is data */
	lock_release(&vp->v_lock);
	return (error);
}

/* Where whence starts from, or the answer itself for data and holes. */
static int
vn_seek_base(struct file *fp, off_t off, int whence, off_t *basep)
{
	struct vattr va;
	int error;

	switch (whence) {
	case SEEK_SET:
		*basep = 0;
		return (0);
	case SEEK_CUR:
		*basep = fp->f_offset;
		return (0);
	case SEEK_END:
		error = vn_getattr(fp->f_vnode, &va);
		*basep = (off_t)va.va_size;
		return (error);
	default:
		return (EINVAL);
	}
}

static int
vn_file_seek(struct file *fp, off_t off, int whence, off_t *newp)
{
	struct vnode *vp = fp->f_vnode;
	off_t base = 0, pos;
	int error;

	if (vp->v_type == VFIFO || vp->v_type == VSOCK)
		return (ESPIPE);
	lock_excl(&fp->f_offset_lock);
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		error = vp->v_type != VREG
		    ? EINVAL
		    : vn_seek_hole(vp, off, whence == SEEK_HOLE, &pos);
	} else if ((error = vn_seek_base(fp, off, whence, &base)) == 0) {
		if (__builtin_add_overflow(base, off, &pos))
			error = EOVERFLOW;
		else if (pos < 0)
			error = EINVAL;
	}
	if (error == 0)
		fp->f_offset = *newp = pos;
	lock_release(&fp->f_offset_lock);
	return (error);
}

/* --- the rest ------------------------------------------------------------------------ */

static int
vn_file_stat(struct file *fp, struct stat *st)
{
	struct vattr va;
	int error;

	if ((error = vn_getattr(fp->f_vnode, &va)) == 0)
		vattr_to_stat(&va, fp->f_vnode, st);
	return (error);
}

static int
vn_file_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	struct vnode *vp = fp->f_vnode;
	const struct vnodeops *ops = vp->v_ops;

	if ((vp->v_flags & VF_DOOMED) != 0)
		return (EIO);
	if (ops->vop_ioctl != NULL)
		return (ops->vop_ioctl(vp, cmd, data, fp));
	if (vp->v_type == VREG && cmd == FIONREAD)
		return (vn_fionread(fp, data));
	return (ENOTTY);
}

static uint32_t
vn_file_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct vnode *vp = fp->f_vnode;
	const struct vnodeops *ops = vp->v_ops;

	if ((vp->v_flags & VF_DOOMED) != 0)
		return (EV_ERR | EV_HUP);
	if (ops->vop_poll != NULL)
		return (ops->vop_poll(vp, events, w, fp));
	if (w != NULL)
		ev_attach(&vp->v_events, w);
	return (events & (EV_IN | EV_OUT));
}

/*
 * Set the size, with all that a truncation of an open or named file involves.
 * The right to write has been checked.  0, EFBIG, EISDIR, EINVAL, EROFS ...
 */
int
vn_truncate(struct vnode *vp, off_t size)
{
	struct vattr va, set = {.va_mask = VA_SIZE};
	int error;

	if (size < 0)
		return (EINVAL);
	if (vp->v_type != VREG)
		return (vp->v_type == VDIR ? EISDIR : EINVAL);
	lock_excl(&vp->v_lock);
	error = vop_getattr_locked(vp, &va);
	if (error == 0 && (uint64_t)size > va.va_size && curproc != NULL &&
	    (uint64_t)size > proc_rlimit(RLIMIT_FSIZE)) {
		sig_send_lwp(curlwp, SIGXFSZ, NULL);
		error = EFBIG;
	}
	set.va_size = (uint64_t)size;
	if (error == 0)
		error = vn_drop_suid_locked(vp, &va);
	if (error == 0)
		error = vn_setattr(vp, &set);
	lock_release(&vp->v_lock);
	if (error == 0)
		vn_notify(vp,
		    VNOTE_WRITE |
			((uint64_t)size > va.va_size ? VNOTE_EXTEND : 0));
	return (error);
}

static int
vn_file_truncate(struct file *fp, off_t size)
{
	int error = vn_truncate(fp->f_vnode, size);

	if (error == 0)
		file_tell(fp, VW_MODIFY);
	return (error == EISDIR ? EINVAL : error);
}

static int
vn_file_sync(struct file *fp, bool data_only)
{
	struct vnode *vp = fp->f_vnode;
	int error;

	if (vn_is_unlocked_type(vp))
		return (vn_is_device(vp) ? 0 : EINVAL);
	lock_excl(&vp->v_lock);
	error = vnode_fsync_locked(vp, data_only);
	lock_release(&vp->v_lock);
	return (error);
}

/*
 * The right to map: reading needs FREAD, a shared mapping that can ever be
 * written needs FWRITE.  0, EACCES, ENODEV, EPERM (noexec).
 */
static int
vn_file_mmap(struct file *fp, uint64_t off, uint64_t len, int prot, bool shared,
    struct vm_object **objp, uint8_t *maxprotp)
{
	struct vnode *vp = fp->f_vnode;
	const struct vnodeops *ops = vp->v_ops;

	if ((fp->f_flags & FREAD) == 0)
		return (EACCES);
	if (shared && (fp->f_flags & FWRITE) == 0) {
		if ((prot & VM_PROT_WRITE) != 0)
			return (EACCES);
		*maxprotp &= (uint8_t)~VM_PROT_WRITE;
	}
	if (fp->f_path != NULL &&
	    (vfs_mount_flags(fp->f_path->pt_mount) & MNT_NOEXEC) != 0) {
		if ((prot & VM_PROT_EXECUTE) != 0)
			return (EPERM);
		*maxprotp &= (uint8_t)~VM_PROT_EXECUTE;
	}
	if ((vp->v_flags & VF_DOOMED) != 0)
		return (EIO);
	if (ops->vop_mmap != NULL)
		return (ops->vop_mmap(vp, off, len, prot, fp, objp));
	return (vp->v_type == VREG ? vnode_pager_object(vp, objp) : ENODEV);
}

static void
vn_file_close(struct file *fp)
{
	struct vnode *vp = fp->f_vnode;
	const struct vnodeops *ops = vp->v_ops;
	bool hold = !vn_is_unlocked_type(vp);

	if (ops->vop_close == NULL)
		return;
	if (hold)
		lock_excl(&vp->v_lock);
	(void)ops->vop_close(vp, (int)fp->f_flags, fp);
	if (hold)
		lock_release(&vp->v_lock);
}

const struct fileops vnode_fileops = {
    .fo_read = vn_file_read,
    .fo_write = vn_file_write,
    .fo_ioctl = vn_file_ioctl,
    .fo_poll = vn_file_poll,
    .fo_stat = vn_file_stat,
    .fo_seek = vn_file_seek,
    .fo_truncate = vn_file_truncate,
    .fo_sync = vn_file_sync,
    .fo_mmap = vn_file_mmap,
    .fo_seal = vn_file_seal,
    .fo_close = vn_file_close,
};

/* A place, not an open file (O_PATH): every operation is refused. */
const struct fileops path_fileops = {
    .fo_stat = vn_file_stat,
};

/*
 * Kernel transfer of len bytes at off.  residp NULL: a short read is EIO.  0 or
 * the file system's error.  May sleep.
 */
int
vn_rdwr(bool write, struct vnode *vp, void *buf, size_t len, off_t off,
    size_t *residp)
{
	struct uio uio;
	struct iovec iov;
	int error;

	uio_init(&uio, &iov, buf, len, off, write ? UIO_WRITE : UIO_READ);
	if (write) {
		lock_excl(&vp->v_lock);
		error = VOP_CALL(vp, vop_write, EOPNOTSUPP, vp, &uio, 0, NULL);
	} else {
		lock_shared(&vp->v_lock);
		error = VOP_CALL(vp, vop_read, EOPNOTSUPP, vp, &uio, 0, NULL);
	}
	lock_release(&vp->v_lock);
	if (residp != NULL)
		*residp = uio.uio_resid;
	else if (error == 0 && uio.uio_resid != 0)
		error = EIO;
	return (error);
}
