/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/kshm.any: what is for everybody (KSHM_ANY), as a segment of its own.
 *
 * The objects of both access classes share pages, so this door cannot map
 * anything: it is read.  What read gives at an offset is what the segment has
 * there, if that belongs to an object for any, or to the types; else zero.
 * Header and directory are made for the purpose: only those objects, no events,
 * no texts, no addresses, not what a panic said.  A copy of it is a segment that
 * every reader takes.
 *
 * Between two reads objects may have come: the header of before tells a count
 * that the directory of now still has at its beginning, for both only grow.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/fcntl.h>
#include <sys/kshm.h>
#include <sys/malloc.h>
#include <sys/uio.h>
#include <vm/vm.h>
#include "kshm_var.h"

#define KSHM_MAJOR 240

MALLOC_DEFINE(M_KSHMANY, "kshmany", "copies for /dev/kshm.any");
FAULT_POINT(fault_any, "kshmany");

/* A part of the segment, and where a reader wants it. */
struct window {
	uint8_t *to;
	uint64_t offset, bytes;
};

/* Copy what of [offset, offset + n) lies in the window; from holds all n. */
static void
show(const struct window *w, uint64_t offset, const void *from, uint64_t n)
{
	uint64_t begin = MAX(offset, w->offset);
	uint64_t end = MIN(offset + n, w->offset + w->bytes);

	if (begin < end)
		memcpy(w->to + (begin - w->offset),
		    (const uint8_t *)from + (begin - offset), end - begin);
}

/* The same of bytes that lie in the segment at their offset. */
static void
show_segment(const struct window *w, uint64_t offset, uint64_t n)
{
	for (int i = 0; i < atomic_load_acq(&kshm_npieces); i++) {
		const struct kshm_piece *kp = &kshm_pieces[i];
		uint64_t begin = MAX(offset, kp->kp_offset);
		uint64_t end = MIN(offset + n, kp->kp_offset + kp->kp_bytes);

		if (begin < end)
			show(w, begin,
			    (uint8_t *)kp->kp_kva + (begin - kp->kp_offset),
			    end - begin);
	}
}

static bool
for_any(const struct kshm_object *ko)
{
	return (ko->ko_access == KSHM_ANY && ko->ko_class != KSHM_RING);
}

/* Directory and objects; how many there are for any. */
static uint32_t
show_objects(const struct window *w)
{
	const struct kshm_header *kh = kshm_header();
	uint32_t n = atomic_load_acq(&kh->kh_nobjects), any = 0;
	const struct kshm_object *dir = kshm_directory();

	for (uint32_t i = 0; i < n; i++) {
		if (!for_any(&dir[i]))
			continue;
		show(w, kh->kh_directory + any * sizeof(*dir), &dir[i],
		    sizeof(*dir));
		show_segment(
		    w, dir[i].ko_offset, dir[i].ko_size * dir[i].ko_count);
		any++;
	}
	return (any);
}

static void
show_header(const struct window *w, uint32_t objects)
{
	const struct kshm_header *kh = kshm_header();
	struct kshm_header mine = {.kh_magic = kh->kh_magic,
	    .kh_abi = kh->kh_abi,
	    .kh_header_bytes = kh->kh_header_bytes,
	    .kh_bytes = atomic_load_acq(&kh->kh_bytes),
	    .kh_state = atomic_load(&kh->kh_state),
	    .kh_machine = kh->kh_machine,
	    .kh_ncpus = kh->kh_ncpus,
	    .kh_nextents = 1,
	    .kh_directory = kh->kh_directory,
	    .kh_nobjects = objects,
	    .kh_object_bytes = kh->kh_object_bytes,
	    .kh_types = kh->kh_types,
	    .kh_types_bytes = kh->kh_types_bytes,
	    .kh_event_bytes = kh->kh_event_bytes};

	memcpy(mine.kh_boot_id, kh->kh_boot_id, sizeof(mine.kh_boot_id));
	memcpy(mine.kh_version, kh->kh_version, sizeof(mine.kh_version));
	mine.kh_extents[0].kx_bytes = mine.kh_bytes;
	show(w, 0, &mine, sizeof(mine));
}

static int
any_read(struct cdev *dev __unused, struct uio *uio, int ioflags __unused,
    struct file *fp __unused)
{
	const struct kshm_header *kh = kshm_header();
	uint64_t all = atomic_load_acq(&kh->kh_bytes);
	struct window w;
	int error = 0;

	if (uio->uio_offset < 0)
		return (EINVAL);
	w.to = fault_fires(&fault_any)
	    ? NULL
	    : kmalloc(PAGE_SIZE, M_KSHMANY, M_WAITOK);
	if (w.to == NULL)
		return (ENOMEM);
	while (error == 0 && uio->uio_resid > 0 &&
	    (uint64_t)uio->uio_offset < all) {
		w.offset = (uint64_t)uio->uio_offset;
		w.bytes = MIN(PAGE_SIZE - w.offset % PAGE_SIZE, all - w.offset);
		memset(w.to, 0, w.bytes);
		show_segment(&w, kh->kh_types, kh->kh_types_bytes);
		show_header(&w, show_objects(&w));
		error =
		    uiomove(w.to, MIN((size_t)uio->uio_resid, w.bytes), uio);
	}
	kfree(w.to, M_KSHMANY);
	return (error);
}

static int
any_open(struct cdev *dev __unused, int fflags, struct file *fp __unused)
{
	return ((fflags & FWRITE) != 0 ? EACCES : 0);
}

static off_t
any_size(struct cdev *dev __unused)
{
	return ((off_t)kshm_header()->kh_bytes);
}

static const struct cdev_ops any_ops = {
    .d_name = "kshm.any",
    .d_open = any_open,
    .d_read = any_read,
    .d_size = any_size,
};

static void
any_init(void)
{
	if (cdev_create(&any_ops, makedev(KSHM_MAJOR, 1), 0, 0, 0444, NULL,
		"kshm.any") == NULL)
		kprintf("kshm: cannot create /dev/kshm.any\n");
}
SYSINIT(kshm_any, SI_DRIVER, any_init);
