/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostfs: the contents of files, through the page cache.
 *
 * A write reaches the host before the cache.  A page that a fault is reading
 * meanwhile is busy in the object already, so the update below waits for it and
 * then puts the new bytes over whatever it read: the cache never keeps bytes
 * older than the host's.
 */
#include "hostfs_var.h"
#include <sys/ktr.h>

#define HOSTFS_CHUNK (64 * 1024)

FAULT_POINT(fault_hostfs_read, "hostfs_read");
FAULT_POINT(fault_hostfs_write, "hostfs_write");

static bool
same_time(const struct hostfs_time *a, const struct hostfs_time *b)
{
	return (a->ht_sec == b->ht_sec && a->ht_nsec == b->ht_nsec);
}

/* Did the host's file change since hostfs_note_attr? */
static bool
host_changed(struct hostfs_node *hn, const struct hostfs_attr *ha)
{
	bool changed;

	spin_lock(&hn->hn_spin);
	changed = hn->hn_size != ha->ha_size ||
	    !same_time(&hn->hn_mtime, &ha->ha_mtime);
	spin_unlock(&hn->hn_spin);
	return (changed);
}

/*
 * Ask the host; drop cached pages if the file changed behind us.  v_lock held,
 * any way.  0, ESTALE, EIO.
 */
int
hostfs_revalidate(struct vnode *vp, struct hostfs_attr *ha)
{
	struct hostfs_node *hn = VP_TO_HOSTFS(vp);
	bool shorter = false;
	int error;

	lock_excl(&hn->hn_lock);
	error = hostfs_host_getattr(hn->hn_handle, ha);
	if (error == 0 && vp->v_object != NULL && host_changed(hn, ha)) {
		KTR_EVENT(VFS, hostfs_changed, "vp=%p size=%lu", KTRP(vp),
		    ha->ha_size);
		(void)vm_object_clean(vp->v_object, 0, UINT64_MAX);
		vm_object_remove_range(vp->v_object, 0, UINT64_MAX);
		error = hostfs_host_getattr(hn->hn_handle, ha);
		if (error == 0) {
			shorter = ha->ha_size < vp->v_object->vo_size;
			vm_object_setsize(vp->v_object, ha->ha_size);
			hostfs_note_attr(hn, ha);
		}
	}
	lock_release(&hn->hn_lock);
	if (shorter)
		vm_object_cut_copies(vp->v_object);
	return (error);
}

/* Our own change is no change behind us: remember what it left. */
static void
host_changed_by_us(struct vnode *vp)
{
	struct hostfs_node *hn = VP_TO_HOSTFS(vp);
	struct hostfs_attr ha;

	if (hostfs_host_getattr(hn->hn_handle, &ha) == 0)
		hostfs_note_attr(hn, &ha);
}

int
hostfs_read(struct vnode *vp, struct uio *uio, int ioflags __unused,
    struct file *fp __unused)
{
	struct hostfs_attr ha;
	int error;

	if (vp->v_type != VREG)
		return (EINVAL);
	if ((error = hostfs_revalidate(vp, &ha)) != 0)
		return (error);
	return (vnode_cache_read(vp, uio, ha.ha_size));
}

/* Fill the busy page from the host; zeros behind the end.  Unlocked. */
int
hostfs_getpage(struct vnode *vp, struct vm_page *pg)
{
	struct hostfs_node *hn = VP_TO_HOSTFS(vp);
	char *p = vm_page_kva(pg);
	size_t done = 0;
	int error;

	if (fault_fires(&fault_hostfs_read))
		return (EIO);
	error = hostfs_host_read(
	    hn->hn_handle, ptoa(pg->pg_index), p, PAGE_SIZE, &done);
	if (error != 0)
		return (error == ESTALE ? EIO : error);
	memset(p + done, 0, PAGE_SIZE - done);
	return (0);
}

/* All of buf to the host. */
static int
host_write_all(struct hostfs_node *hn, uint64_t off, const char *buf,
    size_t len, size_t *donep)
{
	size_t n;
	int error = 0;

	*donep = 0;
	while (error == 0 && *donep < len) {
		error = hostfs_host_write(hn->hn_handle, off + *donep,
		    buf + *donep, len - *donep, &n);
		if (error == 0 && n == 0)
			error = EIO;
		if (error == 0)
			*donep += n;
	}
	return (error);
}

/* Write a dirty page back, as far as the file reaches.  Unlocked. */
int
hostfs_putpage(struct vnode *vp, struct vm_page *pg)
{
	struct hostfs_node *hn = VP_TO_HOSTFS(vp);
	uint64_t off = ptoa(pg->pg_index), size;
	size_t done;
	int error;

	if (fault_fires(&fault_hostfs_write))
		return (EIO);
	spin_lock(&hn->hn_spin);
	size = hn->hn_size;
	spin_unlock(&hn->hn_spin);
	if (off >= size)
		return (0);
	error = host_write_all(
	    hn, off, vm_page_kva(pg), MIN(PAGE_SIZE, size - off), &done);
	if (error == 0)
		host_changed_by_us(vp);
	return (error);
}

/* Put bytes that the host has now into the pages that are resident. */
static int
cache_update(struct vm_object *obj, uint64_t off, const char *buf, size_t len)
{
	struct vm_page *pg;
	int error;

	while (len > 0) {
		size_t n = MIN(PAGE_SIZE - (off & PAGE_MASK), len);

		error = vm_object_getpage(obj, atop(off), VOG_NOPAGER, &pg);
		if (error != 0)
			return (error);
		if (pg != NULL) {
			memcpy((char *)vm_page_kva(pg) + (off & PAGE_MASK), buf,
			    n);
			vm_page_unwire(pg);
		}
		off += n;
		buf += n;
		len -= n;
	}
	return (0);
}

/*
 * One chunk: user memory -> buf -> host -> cache.  If the host took less than
 * uiomove consumed, *lostp bytes must be given back to the caller's count.
 */
static int
write_chunk(struct vnode *vp, struct uio *uio, char *buf, size_t *lostp)
{
	struct hostfs_node *hn = VP_TO_HOSTFS(vp);
	uint64_t off = (uint64_t)uio->uio_offset;
	size_t len = MIN(uio->uio_resid, HOSTFS_CHUNK), done;
	int error, error2;

	*lostp = 0;
	if ((error = uiomove(buf, len, uio)) != 0) {
		*lostp = (size_t)((uint64_t)uio->uio_offset - off);
		return (error);
	}
	error = host_write_all(hn, off, buf, len, &done);
	*lostp = len - done;
	spin_lock(&hn->hn_spin);
	if (off + done > hn->hn_size)
		hn->hn_size = off + done;
	spin_unlock(&hn->hn_spin);
	if (off + done > vp->v_object->vo_size)
		vm_object_setsize(vp->v_object, off + done);
	error2 = cache_update(vp->v_object, off, buf, done);
	return (error != 0 ? error : error2);
}

/* v_lock held exclusive.  0, EFAULT, ENOMEM, or the host's error. */
int
hostfs_write(struct vnode *vp, struct uio *uio, int ioflags __unused,
    struct file *fp __unused)
{
	struct hostfs_attr ha;
	size_t lost = 0;
	char *buf;
	int error;

	if (vp->v_type != VREG)
		return (EINVAL);
	if (uio->uio_resid > (uint64_t)(INT64_MAX - uio->uio_offset))
		return (EFBIG);
	if ((error = hostfs_revalidate(vp, &ha)) != 0)
		return (error);
	if ((buf = kmalloc(HOSTFS_CHUNK, M_HOSTFS, M_WAITOK)) == NULL)
		return (ENOMEM);
	while (error == 0 && uio->uio_resid > 0)
		error = write_chunk(vp, uio, buf, &lost);
	uio->uio_resid += lost; /* consumed, but never written */
	uio->uio_offset -= (off_t)lost;
	host_changed_by_us(vp);
	kfree(buf, M_HOSTFS);
	return (error);
}

/* v_lock held exclusive. */
int
hostfs_set_size(struct vnode *vp, uint64_t size)
{
	struct hostfs_node *hn = VP_TO_HOSTFS(vp);
	struct hostfs_attr ha = {.ha_mask = HOSTFS_SET_SIZE};
	int error;

	if (size > INT64_MAX)
		return (EFBIG);
	ha.ha_size = size;
	if ((error = hostfs_host_setattr(hn->hn_handle, &ha)) != 0)
		return (error);
	spin_lock(&hn->hn_spin);
	hn->hn_size = size;
	spin_unlock(&hn->hn_spin);
	vm_object_setsize(vp->v_object, size);
	vm_object_cut_copies(vp->v_object);
	host_changed_by_us(vp);
	return (0);
}
