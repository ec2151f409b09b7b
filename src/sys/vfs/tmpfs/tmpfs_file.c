/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: the contents of files.  The page cache object is the storage: a page
 * that is not there is a hole and reads as zeros without being made.
 *
 * Each page is charged to the mount before it is made, by a write, fallocate, or
 * a page fault; when pages were removed, tmpfs_settle gives the surplus back.
 */
#include "tmpfs_var.h"
#include <sys/fcntl.h>
#include <sys/file.h>

FAULT_POINT(fault_tmpfs, "tmpfs_write");

int
tmpfs_read(
    struct vnode *vp, struct uio *uio, int ioflags __unused, struct file *fp)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	int error;

	if (vp->v_type != VREG)
		return (EINVAL);
	error = vnode_cache_read(vp, uio, node->tn_size);
	if ((vp->v_mount->mnt_sbflags & MNT_RDONLY) == 0 &&
	    (fp == NULL ||
		((fp->f_flags & O_NOATIME) == 0 && fp->f_path != NULL &&
		    (vfs_mount_flags(fp->f_path->pt_mount) &
			(MNT_NOATIME | MNT_RDONLY)) == 0)))
		tmpfs_touch(node, TMPFS_ATIME);
	return (error);
}

#define SEALS_WRITE (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static bool
sealed(const struct tmpfs_node *node, uint32_t seals)
{
	return ((node->tn_seals & seals) != 0);
}

/* v_lock held exclusive to set. */
int
tmpfs_seal(struct vnode *vp, uint32_t seals, bool set, uint32_t *sealsp)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);

	if (set)
		atomic_store(&node->tn_seals, seals);
	*sealsp = atomic_load(&node->tn_seals);
	return (0);
}

/* Charge for the page at index and make it, if it is a hole. */
static int
fill_hole(struct vnode *vp, uint64_t index)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	struct vm_page *pg;
	int error;

	error = vm_object_getpage(vp->v_object, index, VOG_NOPAGER, &pg);
	if (error != 0)
		return (error);
	if (pg == NULL) {
		if ((error = tmpfs_charge(node, 1)) != 0)
			return (error);
		error = vm_object_getpage(vp->v_object, index, VOG_CREATE, &pg);
		if (error != 0) {
			tmpfs_uncharge(node, 1);
			return (error);
		}
	}
	vm_page_unwire(pg);
	return (0);
}

/* Write what fits into the page at the uio's offset. */
static int
write_page(struct vnode *vp, struct uio *uio)
{
	size_t n = PAGE_SIZE - ((uint64_t)uio->uio_offset & PAGE_MASK);
	size_t rest;
	int error;

	if ((error = fill_hole(vp, atop(uio->uio_offset))) != 0)
		return (error);
	rest = uio->uio_resid > n ? uio->uio_resid - n : 0;
	uio->uio_resid -= rest;
	error = vnode_cache_write(vp, uio);
	uio->uio_resid += rest;
	return (error);
}

/*
 * v_lock held exclusive.  0, ENOSPC, EFBIG, EFAULT, ENOMEM; what was written
 * before the error counts, and the size says so.
 */
int
tmpfs_write(struct vnode *vp, struct uio *uio, int ioflags __unused,
    struct file *fp __unused)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	uint64_t end, old = node->tn_size, start = (uint64_t)uio->uio_offset;
	int error = 0;

	if (vp->v_type != VREG)
		return (EINVAL);
	if (uio->uio_resid == 0)
		return (0);
	if (uio->uio_resid > (uint64_t)(INT64_MAX - uio->uio_offset))
		return (EFBIG);
	if (fault_fires(&fault_tmpfs))
		return (ENOSPC);
	end = (uint64_t)uio->uio_offset + uio->uio_resid;
	if (sealed(node, SEALS_WRITE) ||
	    (end > old && sealed(node, F_SEAL_GROW)))
		return (EPERM);
	if (end > old)
		vm_object_setsize(vp->v_object, end);
	while (error == 0 && uio->uio_resid > 0)
		error = write_page(vp, uio);
	end = (uint64_t)uio->uio_offset;
	if (end >
	    start) /* else nothing was written, far behind the end maybe */
		node->tn_size = MAX(old, end);
	if (uio->uio_resid > 0) /* cut off what an error left unwritten */
		vm_object_setsize(vp->v_object, node->tn_size);
	tmpfs_settle(node, vp->v_object);
	if (end > start)
		tmpfs_touch(node, TMPFS_MTIME | TMPFS_CTIME);
	return (error);
}

/* A fault on a hole.  Unlocked.  0, or ENOSPC: the program gets SIGBUS. */
int
tmpfs_getpage(struct vnode *vp, struct vm_page *pg)
{
	int error;

	if ((error = tmpfs_charge(VP_TO_TMPFS(vp), 1)) != 0)
		return (error);
	memset(vm_page_kva(pg), 0, PAGE_SIZE);
	return (0);
}

/* v_lock held exclusive.  0 or EFBIG. */
int
tmpfs_set_size(struct vnode *vp, uint64_t size)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);

	if (size > INT64_MAX)
		return (EFBIG);
	if ((size < node->tn_size && sealed(node, F_SEAL_SHRINK)) ||
	    (size > node->tn_size && sealed(node, F_SEAL_GROW)))
		return (EPERM);
	vm_object_setsize(vp->v_object, size);
	if (size < node->tn_size)
		vm_object_cut_copies(vp->v_object);
	node->tn_size = size;
	tmpfs_settle(node, vp->v_object);
	tmpfs_touch(node, TMPFS_MTIME | TMPFS_CTIME);
	return (0);
}

/* Zero [off, off + len) inside one page, if the page is there. */
static int
zero_part(struct vnode *vp, uint64_t off, uint64_t len)
{
	struct vm_page *pg;
	int error;

	if (len == 0)
		return (0);
	error = vm_object_getpage(vp->v_object, atop(off), VOG_NOPAGER, &pg);
	if (error != 0 || pg == NULL)
		return (error);
	memset((char *)vm_page_kva(pg) + (off & PAGE_MASK), 0, len);
	vm_object_dirty(vp->v_object, pg);
	vm_page_unwire(pg);
	return (0);
}

/* Make [off, end) a hole: whole pages go, parts are zeroed. */
static int
punch(struct vnode *vp, uint64_t off, uint64_t end)
{
	uint64_t first = round_page(off), last = trunc_page(end);
	int error;

	if (first > last) /* inside one page */
		return (zero_part(vp, off, end - off));
	if ((error = zero_part(vp, off, first - off)) != 0 ||
	    (error = zero_part(vp, last, end - last)) != 0)
		return (error);
	vm_object_remove_range(vp->v_object, atop(first), atop(last));
	tmpfs_settle(VP_TO_TMPFS(vp), vp->v_object);
	return (0);
}

/* Is there room for every hole in [first, last)?  0 or ENOSPC. */
static int
reserve_check(struct vnode *vp, uint64_t first, uint64_t last)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	struct vm_object *obj = vp->v_object;
	uint64_t present = 0, missing;
	int error;

	lock_shared(&obj->vo_lock);
	for (uint64_t i = first;
	     radix_next(&obj->vo_pages, &i) != NULL && i < last; i++)
		present++;
	lock_release(&obj->vo_lock);
	missing = last - first - present;
	if ((error = tmpfs_charge(node, missing)) == 0)
		tmpfs_uncharge(node, missing);
	return (error);
}

/* Make pages for [off, end), all or none as far as space decides. */
static int
preallocate(struct vnode *vp, uint64_t off, uint64_t end)
{
	uint64_t first = atop(off), last = atop(round_page(end));
	int error;

	error = reserve_check(vp, first, last);
	for (uint64_t i = first; error == 0 && i < last; i++)
		error = fill_hole(vp, i);
	tmpfs_settle(VP_TO_TMPFS(vp), vp->v_object);
	return (error);
}

int
tmpfs_allocate(struct vnode *vp, int mode, uint64_t off, uint64_t len)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	uint64_t end = off + len;
	int error;

	if (((mode & ~FALLOC_KEEP_SIZE) != 0 && sealed(node, SEALS_WRITE)) ||
	    ((mode & FALLOC_KEEP_SIZE) == 0 && end > node->tn_size &&
		sealed(node, F_SEAL_GROW)))
		return (EPERM);
	if ((mode & FALLOC_PUNCH_HOLE) != 0) {
		/* behind the end there is nothing but kept allocations */
		error = punch(vp, off, end);
	} else {
		bool grow =
		    (mode & FALLOC_KEEP_SIZE) == 0 && end > node->tn_size;

		error = preallocate(vp, off, end);
		if (error == 0 && grow) {
			vm_object_setsize(vp->v_object, end);
			node->tn_size = end;
		}
	}
	if (error == 0)
		tmpfs_touch(node, TMPFS_MTIME | TMPFS_CTIME);
	return (error);
}

/* The next page that is there, at or after index, or UINT64_MAX. */
static uint64_t
next_data(struct vm_object *obj, uint64_t index)
{
	void *pg;

	lock_shared(&obj->vo_lock);
	pg = radix_next(&obj->vo_pages, &index);
	lock_release(&obj->vo_lock);
	return (pg != NULL ? index : UINT64_MAX);
}

/* The first index at or after index that is a hole. */
static uint64_t
next_hole(struct vm_object *obj, uint64_t index)
{
	lock_shared(&obj->vo_lock);
	while (radix_get(&obj->vo_pages, index) != NULL)
		index++;
	lock_release(&obj->vo_lock);
	return (index);
}

/* *offp lies before the end.  0 or ENXIO (no data behind it). */
int
tmpfs_seek_hole(struct vnode *vp, bool hole, off_t *offp)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	uint64_t off = (uint64_t)*offp, index;

	if (hole)
		index = next_hole(vp->v_object, atop(off));
	else
		index = next_data(vp->v_object, atop(off));
	if (index > atop(INT64_MAX))
		index = atop(INT64_MAX);
	if (!hole && ptoa(index) >= node->tn_size && index != atop(off))
		return (ENXIO);
	*offp = (off_t)MIN(MAX(ptoa(index), off), node->tn_size);
	return (0);
}
