/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page cache of a vnode: its VM object, the pager that fills it through the
 * file system, and reads and writes that copy through it.
 *
 * The object belongs to the vnode (one reference, v_object).  Every mapping
 * holds the object too; from the first of those to the last (vpo_drop) the
 * object holds the vnode in turn, marked by VF_MAPPED, so a mapped file that
 * was closed or removed keeps its inode.
 *
 * Locking: the read and write helpers run under v_lock; the pager entries run
 * without it, because a page fault may come from a copy to user memory that a
 * read or write of the same vnode is making.
 */
#include "vfs_var.h"
#include <sys/ktr.h>
#include <vm/vm.h>

static int
vnode_pager_getpage(struct vm_object *obj, struct vm_page *pg)
{
	struct vnode *vp = obj->vo_handle;

	return (VOP_CALL(vp, vop_getpage, EIO, vp, pg));
}

static int
vnode_pager_putpage(struct vm_object *obj, struct vm_page *pg)
{
	struct vnode *vp = obj->vo_handle;

	return (VOP_CALL(vp, vop_putpage, EIO, vp, pg));
}

/*
 * vm_object_drop of a mapped object: when only the vnode's own reference stays,
 * the vnode reference of the mappings goes too.  The decrement is made here,
 * under vnode_spin, so that the object cannot go away between the two.
 */
static bool
vnode_pager_drop(struct vm_object *obj)
{
	struct vnode *vp;
	bool last = false, mine;

	spin_lock(&vnode_spin);
	vp = obj->vo_handle;
	mine = vp != NULL && (vp->v_flags & VF_MAPPED) != 0;
	if (mine && atomic_sub(&obj->vo_refs, 1) == 1) {
		atomic_and(&vp->v_flags, ~(uint32_t)VF_MAPPED);
		last = true;
	}
	spin_unlock(&vnode_spin);
	if (last)
		vnode_drop_later(vp);
	return (mine);
}

/* A hole in the file, by madvise(MADV_REMOVE). */
static int
vnode_pager_punch(struct vm_object *obj, uint64_t off, uint64_t len)
{
	struct vnode *vp = obj->vo_handle;
	int error;

	lock_excl(&vp->v_lock);
	error = VOP_CALL(vp, vop_allocate, EOPNOTSUPP, vp,
	    FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, off, len);
	lock_release(&vp->v_lock);
	return (error);
}

static const struct vm_pager_ops vnode_pager_ops = {
    .vpo_punch = vnode_pager_punch,
    .vpo_getpage = vnode_pager_getpage,
    .vpo_putpage = vnode_pager_putpage,
    .vpo_drop = vnode_pager_drop,
};

/* 0 or ENOMEM. */
int
vnode_cache_attach(struct vnode *vp, uint64_t size, bool only_copy)
{
	struct vm_object *obj;

	KASSERT(vp->v_object == NULL, ("vnode %p has an object", vp));
	obj = vm_object_create(VMO_VNODE, size, &vnode_pager_ops, vp);
	if (obj == NULL)
		return (ENOMEM);
	if (only_copy)
		obj->vo_flags |= VOF_NORECLAIM;
	vp->v_object = obj;
	return (0);
}

void
vnode_cache_adopt(struct vnode *vp, struct vm_object *obj)
{
	KASSERT(vp->v_object == NULL, ("vnode %p has an object", vp));
	spin_lock(&vnode_spin);
	obj->vo_handle = vp;
	vp->v_object = obj;
	spin_unlock(&vnode_spin);
}

struct vm_object *
vnode_cache_detach(struct vnode *vp)
{
	struct vm_object *obj = vp->v_object;

	if (obj == NULL)
		return (NULL);
	spin_lock(&vnode_spin);
	obj->vo_handle = NULL;
	vp->v_object = NULL;
	spin_unlock(&vnode_spin);
	return (obj);
}

/* A reference for a mapping.  The caller holds the vnode. */
static void
vnode_pager_map(struct vnode *vp)
{
	bool first;

	spin_lock(&vnode_spin);
	vm_object_hold(vp->v_object);
	first = (vp->v_flags & VF_MAPPED) == 0;
	if (first) {
		atomic_or(&vp->v_flags, VF_MAPPED);
		ref_hold(&vp->v_refs);
	}
	spin_unlock(&vnode_spin);
}

/* The vnode's object for a mapping: 0 and one reference, or ENODEV. */
int
vnode_pager_object(struct vnode *vp, struct vm_object **objp)
{
	if (vp->v_object == NULL)
		return (ENODEV);
	vnode_pager_map(vp);
	*objp = vp->v_object;
	return (0);
}

/* Copy up to n bytes of one page out; holes of an only copy read as zeros. */
static int
cache_read_page(struct vm_object *obj, struct uio *uio, size_t n)
{
	struct vm_page *pg = NULL;
	uint64_t off = (uint64_t)uio->uio_offset;
	int flags = (obj->vo_flags & VOF_NORECLAIM) != 0 ? VOG_NOPAGER : 0;
	int error;

	error = vm_object_getpage(obj, atop(off), flags, &pg);
	if (error != 0)
		return (error);
	if (pg == NULL)
		return (uio_zero(n, uio));
	error = uiomove((char *)vm_page_kva(pg) + (off & PAGE_MASK), n, uio);
	vm_page_unwire(pg);
	return (error);
}

/*
 * Read what lies in [uio_offset, size).  v_lock held.  0, EFAULT, EIO, ENOMEM;
 * the uio says how far it came.
 */
int
vnode_cache_read(struct vnode *vp, struct uio *uio, uint64_t size)
{
	int error = 0;

	while (error == 0 && uio->uio_resid > 0 &&
	    (uint64_t)uio->uio_offset < size) {
		uint64_t off = (uint64_t)uio->uio_offset;
		size_t n = PAGE_SIZE - (off & PAGE_MASK);

		n = MIN(n, uio->uio_resid);
		n = MIN(n, size - off);
		error = cache_read_page(vp->v_object, uio, n);
	}
	return (error);
}

/* Copy up to n bytes into one page. */
static int
cache_write_page(struct vm_object *obj, struct uio *uio, size_t n)
{
	struct vm_page *pg;
	uint64_t off = (uint64_t)uio->uio_offset;
	int flags = 0, error;

	/*
	 * Only a kernel buffer is sure to arrive whole; a user buffer may
	 * fault half way, and then the rest of the page must be the file's.
	 */
	if (n == PAGE_SIZE && uio->uio_segflg == UIO_SYSSPACE &&
	    (obj->vo_flags & VOF_NORECLAIM) == 0)
		flags = VOG_OVERWRITE;
	error = vm_object_getpage(obj, atop(off), flags, &pg);
	if (error != 0)
		return (error);
	error = uiomove((char *)vm_page_kva(pg) + (off & PAGE_MASK), n, uio);
	vm_object_dirty(obj, pg);
	vm_page_unwire(pg);
	return (error);
}

/*
 * Write the uio into the cache; the object's size covers it already.  v_lock
 * held exclusive.  0, EFAULT, or the pager's error (ENOSPC of an only copy).
 */
int
vnode_cache_write(struct vnode *vp, struct uio *uio)
{
	int error = 0;

	while (error == 0 && uio->uio_resid > 0) {
		uint64_t off = (uint64_t)uio->uio_offset;
		size_t n = PAGE_SIZE - (off & PAGE_MASK);

		n = MIN(n, uio->uio_resid);
		error = cache_write_page(vp->v_object, uio, n);
	}
	return (error);
}
