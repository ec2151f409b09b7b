/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files: creation, references, the wrappers that answer for missing
 * operations.
 *
 * The last file_drop runs, in this order: hooks (epoll, kqueue), its lease, the
 * signals it sends, locks of the open file (flock, OFD), fo_close, then the vnode,
 * path and credentials.  A file whose
 * open failed has no f_ops yet and skips fo_close.
 */
#include <sys/async.h>
#include <sys/ddb.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/systm.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <sys/vnwatch.h>
#include "desc_var.h"

FAULT_POINT(fault_file, "file_create");

static struct zone *file_zone;
static int files_now; /* atomic */
static int files_max = 65536;

SYSCTL_INT(maxfiles, "kern.maxfiles", CTLF_RW, &files_max,
    "open files in the system, above which opening fails");
SYSCTL_INT(openfiles, "kern.openfiles", CTLF_RD, &files_now,
    "open files in the system");

struct file *
file_create(
    enum file_type type, uint32_t flags, const struct fileops *ops, void *data)
{
	struct file *fp;

	if (fault_fires(&fault_file))
		return (NULL);
	if (atomic_add(&files_now, 1) > files_max ||
	    (fp = zone_alloc(file_zone, M_WAITOK)) == NULL) {
		atomic_sub(&files_now, 1);
		return (NULL);
	}
	memset(fp, 0, sizeof(*fp));
	ref_init(&fp->f_refs, 1);
	fp->f_type = type;
	fp->f_flags = flags;
	fp->f_ops = ops;
	lock_init(&fp->f_offset_lock, "file offset", 0);
	fp->f_data = data;
	fp->f_cred = cred_hold(cred_current());
	LIST_INIT(&fp->f_hooks);
	return (fp);
}

void
file_hold(struct file *fp)
{
	ref_hold(&fp->f_refs);
}

/* The last reference is gone.  May sleep. */
static void
file_destroy(struct file *fp)
{
	KTR_EVENT(
	    VFS, file_close, "fp=%p type=%d", KTRP(fp), (uint64_t)fp->f_type);
	if (!LIST_EMPTY(&fp->f_hooks))
		file_hooks_run(fp);
	if (fp->f_leased != 0)
		lease_file_close(fp);
	if (fp->f_async != NULL)
		file_async_free(fp);
	if (fp->f_locked != 0)
		vn_file_unlock_all(fp);
	if (fp->f_ops != NULL && fp->f_ops->fo_close != NULL)
		fp->f_ops->fo_close(fp);
	if (fp->f_writecounted != 0)
		atomic_sub(&fp->f_vnode->v_writecount, 1);
	if (fp->f_readcounted != 0)
		atomic_sub(&fp->f_vnode->v_readcount, 1);
	if (fp->f_vnode != NULL)
		vnode_drop(fp->f_vnode);
	if (fp->f_path != NULL)
		path_drop(fp->f_path);
	cred_drop(fp->f_cred);
	lock_destroy(&fp->f_offset_lock);
	zone_free(file_zone, fp);
	atomic_sub(&files_now, 1);
}

void
file_drop(struct file *fp)
{
	if (ref_drop(&fp->f_refs))
		file_destroy(fp);
}

/* --- operations ------------------------------------------------------------------ */

int
file_read(struct file *fp, struct uio *uio, int flags)
{
	size_t before = uio->uio_resid;
	int error;

	if ((fp->f_flags & FREAD) == 0)
		return (EBADF);
	if (fp->f_ops->fo_read == NULL)
		return (EINVAL);
	error = fp->f_ops->fo_read(fp, uio, flags);
	if (fp->f_vnode != NULL && uio->uio_resid < before)
		file_tell(fp, VW_ACCESS);
	return (error);
}

int
file_write(struct file *fp, struct uio *uio, int flags)
{
	size_t before = uio->uio_resid;
	int error;

	if ((fp->f_flags & FWRITE) == 0)
		return (EBADF);
	if (fp->f_ops->fo_write == NULL)
		return (EINVAL);
	error = fp->f_ops->fo_write(fp, uio, flags);
	if (fp->f_vnode != NULL && uio->uio_resid < before)
		file_tell(fp, VW_MODIFY);
	return (error);
}

int
file_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	if (fp->f_ops->fo_ioctl == NULL)
		return (ENOTTY);
	return (fp->f_ops->fo_ioctl(fp, cmd, data));
}

uint32_t
file_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	if (fp->f_ops->fo_poll == NULL)
		return (events & (EV_IN | EV_OUT));
	return (fp->f_ops->fo_poll(fp, events, w));
}

int
file_seek(struct file *fp, off_t off, int whence, off_t *newp)
{
	if (fp->f_ops->fo_seek == NULL)
		return (ESPIPE);
	return (fp->f_ops->fo_seek(fp, off, whence, newp));
}

/* A file with a vnode (an open FIFO too) has the vnode's attributes. */
int
file_stat(struct file *fp, struct stat *st)
{
	struct vattr va;
	int error;

	memset(st, 0, sizeof(*st));
	if (fp->f_vnode != NULL) {
		if ((error = vn_getattr(fp->f_vnode, &va)) == 0)
			vattr_to_stat(&va, fp->f_vnode, st);
		return (error);
	}
	if (fp->f_ops->fo_stat == NULL)
		return (EINVAL);
	return (fp->f_ops->fo_stat(fp, st));
}

/* The path as the current process sees it, " (deleted)" if it has none now. */
static void
file_path_name(struct file *fp, char *buf, size_t size)
{
	struct path *root = NULL;

	if (curproc != NULL && curproc->p_fs != NULL)
		root = fs_context_root(curproc->p_fs);
	if (path_text(fp->f_path, root, buf, size) != 0)
		strlcpy(buf, "(deleted)", size);
	if (root != NULL)
		path_drop(root);
}

void
file_name(struct file *fp, char *buf, size_t size)
{
	if (size == 0)
		return;
	buf[0] = '\0';
	if (fp->f_path != NULL)
		file_path_name(fp, buf, size);
	else if (fp->f_ops != NULL && fp->f_ops->fo_name != NULL)
		fp->f_ops->fo_name(fp, buf, size);
	else
		strlcpy(buf, "anon:[file]", size);
}

static void
file_start(void)
{
	file_zone = zone_create("file", sizeof(struct file), 64);
}
SYSINIT(file, SI_VFS, file_start);

static void
ddb_show_file(const char *arg)
{
	struct file f;
	uint64_t addr;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((void *)(uintptr_t)addr, &f, sizeof(f))) {
		kprintf("show file ADDRESS\n");
		return;
	}
	kprintf("type %d refs %u flags %x ops %p off %ld data %p vnode %p "
		"path %p locked %u\n",
	    f.f_type, f.f_refs, f.f_flags, (const void *)f.f_ops, f.f_offset,
	    f.f_data, (void *)f.f_vnode, (void *)f.f_path, f.f_locked);
}
DDB_COMMAND(show_file, "show file", ddb_show_file, "one open file by address");
