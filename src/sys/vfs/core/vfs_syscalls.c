/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on descriptors: open, read, write, seek, sync, ioctl, directory
 * entries, sendfile.  Names are in vfs_calls_name.c, attributes in
 * vfs_calls_attr.c, the tree (cwd, mounts) in vfs_calls_tree.c.
 */
#include "vfs_var.h"
#include <sys/async.h>
#include <sys/ioccom.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/vnwatch.h>
#include <vm/vm.h>

#define SENDFILE_CHUNK (32 * 1024)

/* Like fd_get, but a place (O_PATH) is not good enough. */
int
fd_get_open(int fd, int need, struct file **fpp)
{
	int error;

	if ((error = fd_get(fd, need, fpp)) != 0)
		return (error);
	if (((*fpp)->f_flags & O_PATH) != 0) {
		file_drop(*fpp);
		return (EBADF);
	}
	return (0);
}

int
kern_openat(int dirfd, const char *path, int oflags, mode_t mode, int *fdp)
{
	return (kern_openat2(dirfd, path, oflags, mode, 0, fdp));
}

int
kern_openat2(
    int dirfd, const char *path, int oflags, mode_t mode, int resolve, int *fdp)
{
	struct file *fp;
	int error;

	error = vn_open_how(dirfd, path, oflags, mode & 07777, resolve, &fp);
	if (error != 0)
		return (error);
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}

/* --- transfers ------------------------------------------------------------------ */

/* Bytes that moved count more than the error after them. */
static int
transfer_result(const struct uio *uio, size_t before, int error, size_t *donep)
{
	*donep = before - uio->uio_resid;
	return (*donep > 0 ? 0 : error);
}

int
kern_read(int fd, struct uio *uio, int fof, size_t *donep)
{
	size_t before = uio->uio_resid;
	struct file *fp;
	int error;

	*donep = 0;
	if ((error = fd_get(fd, FREAD, &fp)) != 0)
		return (error);
	if ((fof & FOF_OFFSET) != 0 && fp->f_ops->fo_seek == NULL)
		error = ESPIPE;
	else
		error = file_read(fp, uio, fof);
	file_drop(fp);
	return (transfer_result(uio, before, error, donep));
}

int
kern_write(int fd, struct uio *uio, int fof, size_t *donep)
{
	size_t before = uio->uio_resid;
	struct file *fp;
	int error;

	*donep = 0;
	if ((error = fd_get(fd, FWRITE, &fp)) != 0)
		return (error);
	if ((fof & FOF_OFFSET) != 0 && fp->f_ops->fo_seek == NULL)
		error = ESPIPE;
	else
		error = file_write(fp, uio, fof);
	file_drop(fp);
	return (transfer_result(uio, before, error, donep));
}

int
kern_lseek(int fd, off_t off, int whence, off_t *newp)
{
	struct file *fp;
	int error;

	if ((error = fd_get_open(fd, 0, &fp)) != 0)
		return (error);
	error = file_seek(fp, off, whence, newp);
	file_drop(fp);
	return (error);
}

int
kern_fsync(int fd, bool data_only)
{
	struct file *fp;
	int error;

	if ((error = fd_get_open(fd, 0, &fp)) != 0)
		return (error);
	if (fp->f_ops->fo_sync == NULL)
		error = EINVAL;
	else
		error = fp->f_ops->fo_sync(fp, data_only);
	file_drop(fp);
	return (error);
}

int
kern_sync_range(int fd, off_t off, off_t len, bool write)
{
	uint64_t end = len == 0 ? UINT64_MAX : (uint64_t)off + (uint64_t)len;
	struct vnode *vp;
	struct file *fp;
	int error = 0;

	if ((error = fd_get_open(fd, 0, &fp)) != 0)
		return (error);
	vp = fp->f_vnode;
	if (vp == NULL || vp->v_type == VCHR || vp->v_type == VFIFO)
		error = ESPIPE;
	else if (write && vp->v_object != NULL)
		error = vm_object_clean(vp->v_object, atop((uint64_t)off),
		    end == UINT64_MAX ? end : atop(round_page(end)));
	file_drop(fp);
	return (error);
}

int
kern_ftruncate(int fd, off_t size)
{
	struct file *fp;
	int error;

	if (size < 0)
		return (EINVAL);
	if ((error = fd_get_open(fd, 0, &fp)) != 0)
		return (error);
	if ((fp->f_flags & FWRITE) == 0 || fp->f_ops->fo_truncate == NULL)
		error = EINVAL;
	else
		error = fp->f_ops->fo_truncate(fp, size);
	file_drop(fp);
	return (error);
}

/* Check a range of fallocate: 0, EINVAL, EFBIG. */
static int
allocate_check(int mode, off_t off, off_t len)
{
	if (off < 0 || len <= 0)
		return (EINVAL);
	if ((mode & ~(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE)) != 0)
		return (EOPNOTSUPP);
	if ((mode & FALLOC_PUNCH_HOLE) != 0 && (mode & FALLOC_KEEP_SIZE) == 0)
		return (EOPNOTSUPP);
	return (0);
}

static int
allocate_limit(int mode, off_t off, off_t len)
{
	off_t end;

	if (__builtin_add_overflow(off, len, &end))
		return (EFBIG);
	if (mode == 0 && (uint64_t)end > proc_rlimit(RLIMIT_FSIZE)) {
		sig_send_lwp(curlwp, SIGXFSZ, NULL);
		return (EFBIG);
	}
	return (0);
}

static int
allocate_vnode(struct vnode *vp, int mode, off_t off, off_t len)
{
	struct vattr va;
	int error;

	if (vp->v_type == VFIFO)
		return (ESPIPE);
	if (vp->v_type != VREG)
		return (ENODEV);
	if ((error = mount_write_check(vp->v_mount)) != 0)
		return (error);
	lock_excl(&vp->v_lock);
	if ((error = vop_getattr_locked(vp, &va)) == 0)
		error = vn_drop_suid_locked(vp, &va);
	if (error == 0)
		error = VOP_CALL(vp, vop_allocate, EOPNOTSUPP, vp, mode,
		    (uint64_t)off, (uint64_t)len);
	lock_release(&vp->v_lock);
	if (error == 0)
		vn_notify(vp, VNOTE_WRITE);
	return (error);
}

int
kern_fallocate(int fd, int mode, off_t off, off_t len)
{
	struct file *fp;
	int error;

	if ((error = fd_get_open(fd, 0, &fp)) != 0)
		return (error);
	if ((error = allocate_check(mode, off, len)) != 0)
		;
	else if ((fp->f_flags & FWRITE) == 0)
		error = EBADF;
	else if (fp->f_vnode == NULL)
		error = fp->f_type == DTYPE_PIPE ? ESPIPE : ENODEV;
	else if ((error = allocate_limit(mode, off, len)) == 0)
		error = allocate_vnode(fp->f_vnode, mode, off, len);
	if (error == 0)
		file_tell(fp, VW_MODIFY);
	file_drop(fp);
	return (error);
}

/* --- directories ------------------------------------------------------------------ */

/* Sees each entry pass, to know the cookie of the first one not taken. */
struct getdents {
	dirent_emit_t gd_emit;
	void *gd_arg;
	uint64_t gd_next;
};

static int
getdents_emit(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
    uint64_t next)
{
	struct getdents *gd = arg;
	int stop = gd->gd_emit(gd->gd_arg, name, len, ino, dt, next);

	if (stop == 0)
		gd->gd_next = next;
	return (stop);
}

/*
 * 0 also when the end is reached or emit stops; the caller sees from its own
 * buffer.  EBADF, ENOTDIR, ENOENT (the directory was removed).
 */
int
kern_getdents(int fd,
    int (*emit)(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
	uint64_t next),
    void *arg)
{
	struct getdents gd = {.gd_emit = emit, .gd_arg = arg};
	struct file *fp;
	struct vnode *vp;
	bool eof = false;
	int error;

	if ((error = fd_get(fd, FREAD, &fp)) != 0)
		return (error);
	vp = fp->f_vnode;
	if (vp == NULL || vp->v_type != VDIR) {
		file_drop(fp);
		return (ENOTDIR);
	}
	lock_excl(&fp->f_offset_lock);
	gd.gd_next = (uint64_t)fp->f_offset;
	lock_shared(&vp->v_lock);
	if (nc_is_unlinked(fp->f_path->pt_name)) {
		error = ENOENT;
	} else {
		uint64_t cookie = gd.gd_next;

		error = VOP_CALL(vp, vop_readdir, ENOTDIR, vp, &cookie,
		    getdents_emit, &gd, &eof);
	}
	lock_release(&vp->v_lock);
	fp->f_offset = (off_t)gd.gd_next;
	lock_release(&fp->f_offset_lock);
	if (error == 0)
		file_tell(fp, VW_ACCESS);
	file_drop(fp);
	return (error);
}

/* --- ioctl --------------------------------------------------------------------------- */

static int
ioctl_nonblock(struct file *fp, int on)
{
	uint32_t old;
	int error;

	do {
		old = fp->f_flags;
	} while (!atomic_cmpset(&fp->f_flags, old,
	    on != 0 ? old | O_NONBLOCK : old & ~(uint32_t)O_NONBLOCK));
	error = file_ioctl(fp, FIONBIO, &on);
	return (error == ENOTTY || error == EINVAL ? 0 : error);
}

int
kern_ioctl(int fd, uint64_t cmd, void *data)
{
	struct file *fp;
	int error, on = 0;

	if ((error = fd_get_open(fd, 0, &fp)) != 0)
		return (error);
	if (cmd == FIONBIO || cmd == FIOASYNC)
		on = *(int *)data;
	if (cmd == FIONBIO)
		error = ioctl_nonblock(fp, on);
	else if (cmd != FIOASYNC)
		error = file_ioctl(fp, cmd, data);
	else if ((on != 0) != ((fp->f_flags & O_ASYNC) != 0))
		error = file_async_set(fp, fd, on != 0);
	file_drop(fp);
	return (error);
}

/* FIONREAD of a regular file is what lies before its end. */
int
vn_fionread(struct file *fp, int *np)
{
	struct vattr va;
	int error;

	if ((error = vn_getattr(fp->f_vnode, &va)) != 0)
		return (error);
	lock_excl(&fp->f_offset_lock);
	*np = (int)MIN(va.va_size - MIN(va.va_size, (uint64_t)fp->f_offset),
	    (uint64_t)INT32_MAX);
	lock_release(&fp->f_offset_lock);
	return (0);
}

/* --- sendfile ------------------------------------------------------------------------- */

struct copy {
	struct file *cp_in, *cp_out;
	off_t *cp_inoff, *cp_outoff; /* NULL: the file's own offset */
	char *cp_buf;
};

/* One read or write of the kernel buffer; *donep bytes moved. */
static int
copy_io(struct copy *cp, bool in, char *buf, size_t len, size_t *donep)
{
	struct file *fp = in ? cp->cp_in : cp->cp_out;
	off_t *offp = in ? cp->cp_inoff : cp->cp_outoff;
	struct uio uio;
	struct iovec iov;
	int error, fof = offp != NULL ? FOF_OFFSET : 0;

	uio_init(&uio, &iov, buf, len, offp != NULL ? *offp : 0,
	    in ? UIO_READ : UIO_WRITE);
	error = in ? file_read(fp, &uio, fof) : file_write(fp, &uio, fof);
	*donep = len - uio.uio_resid;
	if (offp != NULL)
		*offp += (off_t)*donep;
	return (*donep > 0 ? 0 : error);
}

/* Give back what was read but not written, so that the offset is true. */
static void
copy_unread(struct copy *cp, size_t n)
{
	off_t pos;

	if (n == 0)
		return;
	if (cp->cp_inoff != NULL)
		*cp->cp_inoff -= (off_t)n;
	else
		(void)file_seek(cp->cp_in, -(off_t)n, SEEK_CUR, &pos);
}

/* One chunk: *donep bytes arrived; 0 of them and no error is the end. */
static int
copy_chunk(struct copy *cp, size_t want, size_t *donep)
{
	size_t got, put;
	int error;

	*donep = 0;
	error = copy_io(cp, true, cp->cp_buf, want, &got);
	while (error == 0 && *donep < got) {
		error =
		    copy_io(cp, false, cp->cp_buf + *donep, got - *donep, &put);
		*donep += put;
		/* The output may take some bytes at a time. */
		usched_checkpoint();
		if (put == 0 || (curlwp != NULL && sig_pending(curlwp)))
			break;
	}
	copy_unread(cp, got - *donep);
	return (*donep > 0 ? 0 : error);
}

static int
copy_run(struct copy *cp, size_t len, size_t *donep)
{
	int error = 0;

	cp->cp_buf = kmalloc(SENDFILE_CHUNK, M_TEMP, M_WAITOK);
	if (cp->cp_buf == NULL)
		return (ENOMEM);
	while (*donep < len) {
		size_t want = MIN(len - *donep, SENDFILE_CHUNK), n;

		error = copy_chunk(cp, want, &n);
		*donep += n;
		if (error != 0 || n < want ||
		    (curlwp != NULL && sig_pending(curlwp)))
			break;
	}
	kfree(cp->cp_buf, M_TEMP);
	return (*donep > 0 ? 0 : error);
}

/*
 * From a regular file to anything.  0 and *donep, EBADF, EINVAL (the input
 * cannot seek), or the transfer's error.
 */
int
kern_sendfile(int outfd, int infd, off_t *inoffp, off_t *outoffp, size_t len,
    size_t *donep)
{
	struct copy cp = {.cp_inoff = inoffp, .cp_outoff = outoffp};
	int error;

	*donep = 0;
	if ((error = fd_get(infd, FREAD, &cp.cp_in)) != 0)
		return (error);
	if ((error = fd_get(outfd, FWRITE, &cp.cp_out)) != 0) {
		file_drop(cp.cp_in);
		return (error);
	}
	if (cp.cp_in->f_vnode == NULL ||
	    (cp.cp_in->f_vnode->v_type != VREG &&
		!vn_is_device(cp.cp_in->f_vnode)) ||
	    (inoffp != NULL && *inoffp < 0))
		error = EINVAL;
	else if (outoffp != NULL && cp.cp_out->f_ops->fo_seek == NULL)
		error = ESPIPE;
	else
		error = copy_run(&cp, len, donep);
	file_drop(cp.cp_out);
	file_drop(cp.cp_in);
	return (error);
}
