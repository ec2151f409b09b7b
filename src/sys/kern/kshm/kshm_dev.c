/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/kshm: the shared segment, for programs of root and group ktr.
 *
 * mmap shows the segment's own pages, read-only and for ever so: a mapping asks
 * for no right to write and is never given one.  read copies, for a tool that
 * saves the segment; what changes meanwhile changes (the readers' rules hold
 * for a copy, too, but for a record torn between two reads, which its sequence
 * tells).  lseek counts from the end of the segment.
 *
 * The object's pages are the segment's, put in when a piece is added; they are
 * not the object's to free (VMO_DEVICE).
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/fcntl.h>
#include <sys/kshm.h>
#include <sys/lock.h>
#include <sys/uio.h>
#include <vm/vm.h>
#include "kshm_var.h"

#define KSHM_MAJOR 240

static struct vm_object *kshm_object; /* set once */
LOCK_DEFINE(show_lock, "kshm pages");
static int pieces_shown; /* (show_lock) */

/* An index without a page of ours. */
static int
no_page(struct vm_object *obj __unused, struct vm_page *pg __unused)
{
	return (EIO);
}

static const struct vm_pager_ops kshm_pager = {.vpo_getpage = no_page};

/*
 * Put in what is not in yet.  A piece for which there was no memory is tried
 * again at the next mmap.
 */
static int
show_pieces(void)
{
	int error = 0;

	lock_excl(&show_lock);
	while (error == 0 && pieces_shown < atomic_load_acq(&kshm_npieces)) {
		const struct kshm_piece *kp = &kshm_pieces[pieces_shown];

		for (size_t i = 0; error == 0 && i < kp->kp_bytes;
		     i += PAGE_SIZE)
			error = vm_object_add_page(kshm_object,
			    atop(kp->kp_offset + i), kp->kp_pa + i);
		if (error == 0) {
			vm_object_setsize(
			    kshm_object, kp->kp_offset + kp->kp_bytes);
			pieces_shown++;
		}
	}
	lock_release(&show_lock);
	return (error);
}

static int
kshm_mmap(struct cdev *dev __unused, uint64_t off, uint64_t len, int prot,
    struct vm_object **objp)
{
	int error;

	if ((prot & (VM_PROT_WRITE | VM_PROT_EXECUTE)) != 0)
		return (EACCES);
	if ((error = show_pieces()) != 0)
		return (error);
	if (off > kshm_header()->kh_bytes || len > UINT64_MAX - off)
		return (ENXIO);
	vm_object_hold(kshm_object);
	*objp = kshm_object;
	return (0);
}

static off_t
kshm_size(struct cdev *dev __unused)
{
	return ((off_t)kshm_header()->kh_bytes);
}

static int
kshm_read(struct cdev *dev __unused, struct uio *uio, int ioflags __unused,
    struct file *fp __unused)
{
	int error = 0;

	for (int i = 0; i < atomic_load_acq(&kshm_npieces); i++) {
		const struct kshm_piece *kp = &kshm_pieces[i];
		uint64_t at = (uint64_t)uio->uio_offset - kp->kp_offset;

		if (uio->uio_resid == 0 || error != 0)
			break;
		if ((uint64_t)uio->uio_offset < kp->kp_offset ||
		    at >= kp->kp_bytes)
			continue;
		error = uiomove((uint8_t *)kp->kp_kva + at,
		    MIN((size_t)uio->uio_resid, kp->kp_bytes - at), uio);
	}
	return (error);
}

static int
kshm_open(struct cdev *dev __unused, int fflags, struct file *fp __unused)
{
	return ((fflags & FWRITE) != 0 ? EACCES : 0);
}

static const struct cdev_ops kshm_ops = {
    .d_name = "kshm",
    .d_open = kshm_open,
    .d_read = kshm_read,
    .d_mmap = kshm_mmap,
    .d_size = kshm_size,
};

static void
kshm_dev_init(void)
{
	kshm_object = vm_object_create(VMO_DEVICE, 0, &kshm_pager, NULL);
	if (kshm_object == NULL ||
	    cdev_create(&kshm_ops, makedev(KSHM_MAJOR, 0), 0, GID_KTR, 0440,
		NULL, "kshm") == NULL)
		kprintf("kshm: cannot create /dev/kshm\n");
}
SYSINIT(kshm_dev, SI_DRIVER, kshm_dev_init);
