/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks (virtio 1.2, section 5.2).
 *
 * 1. Requests.  A request is a header that the device reads, data, and a status
 *    byte that it writes.  vblk_submit gives one to the device, or to the list
 *    of those that wait for room, and br_done is called when it is over, as a
 *    handler is: it may only mark and wake.  That is all a block layer needs.
 *
 * 2. The device node, /dev/vdX, has bytes.  Transfers go through a bounce
 *    buffer in whole blocks; what begins or ends inside a block is read, changed
 *    and written back.  vb_lock is held shared over a write of whole blocks and
 *    exclusive over such a change, so that neither loses the other's bytes.
 *
 * 3. Trust.  The device may be lying: a status that is none, or a read that
 *    wrote less than it was asked for, makes it broken.  So does silence for
 *    virtio_limit().  When it is broken all requests end with EIO.
 *
 * 4. Size.  The device may change it at any time; it is read again then.
 *
 * Locks: vb_lock (sleeping), then vb_spin, which guards the queue.
 */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/disk.h>
#include <sys/fcntl.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <dev/virtio/virtio.h>

#define VBLK_F_SIZE_MAX (1UL << 1)
#define VBLK_F_SEG_MAX	(1UL << 2)
#define VBLK_F_RO	(1UL << 5)
#define VBLK_F_BLK_SIZE (1UL << 6)
#define VBLK_F_FLUSH	(1UL << 9)

/* Configuration: capacity 8, size_max 4, seg_max 4, geometry 4, blk_size 4. */
#define VBLK_CFG_CAPACITY 0
#define VBLK_CFG_SIZE_MAX 8
#define VBLK_CFG_BLK_SIZE 20

#define VBLK_T_IN    0
#define VBLK_T_OUT   1
#define VBLK_T_FLUSH 4

#define VBLK_S_OK     0
#define VBLK_S_IOERR  1
#define VBLK_S_UNSUPP 2
#define VBLK_S_NONE   0xff /* what we put there: the device did not answer */

#define VBLK_SECTOR_SHIFT 9
#define VBLK_SECTOR	  512U
#define VBLK_BLOCK_MAX	  4096U
#define VBLK_QUEUE	  128
#define VBLK_SEGS	  16	       /* of data in a request, at most */
#define VBLK_BOUNCE	  (32 * 1024U) /* bytes of a transfer's step */
#define VBLK_MAJOR	  252
#define VBLK_UNITS	  26 /* letters */

MALLOC_DEFINE(M_VBLK, "virtio_blk", "virtio disks and their requests");
FAULT_POINT(fault_vblk_read, "virtio_blk_read");
FAULT_POINT(fault_vblk_write, "virtio_blk_write");

/* Little-endian, 16 bytes. */
struct vblk_header {
	uint32_t bh_type;
	uint32_t bh_reserved;
	uint64_t bh_sector;
};
CTASSERT(sizeof(struct vblk_header) == 16);

struct vblk_request {
	TAILQ_ENTRY(vblk_request) br_link; /* (vb_spin) while it waits */
	struct vblk_header br_header;
	uint8_t br_status; /* (device) */
	unsigned br_nsegs;
	struct virtq_seg br_segs[VBLK_SEGS + 2]; /* [0] and last: ours */
	void (*br_done)(struct vblk_request *br, int error);
};

struct vblk {
	struct virtio_dev *vb_dev;
	struct spinlock vb_spin;
	TAILQ_HEAD(, vblk_request) vb_waiting; /* (vb_spin) for room */
	bool vb_dead;			       /* (vb_spin) */
	struct lock vb_lock;
	volatile uint64_t vb_sectors; /* (atomic) */
	uint32_t vb_block;	      /* (c) bytes */
	uint32_t vb_seg_bytes;	      /* (c) at most in one segment */
	uint32_t vb_step;	      /* (c) at most in one request */
	bool vb_readonly, vb_flush;   /* (c) */
	struct cdev *vb_cdev;
};

/* --- requests ------------------------------------------------------------------------ */

/* (vb_spin) Into the ring.  0, ENOSPC, EIO. */
static int
request_add(struct vblk *vb, struct vblk_request *br)
{
	struct virtq *vq = &vb->vb_dev->vd_queues[0].q_vq;
	unsigned data = br->br_nsegs;
	bool in = br->br_header.bh_type == VBLK_T_IN;

	SPIN_ASSERT(&vb->vb_spin);
	if (vb->vb_dead || virtio_broken(vb->vb_dev))
		return (EIO);
	return (virtq_add(
	    vq, br->br_segs, 1 + (in ? 0 : data), 1 + (in ? data : 0), br));
}

/*
 * Start br: br_header, br_segs[1..br_nsegs], br_done are set.  br_done is called
 * exactly once, perhaps before this returns.  Any context.
 */
static void
vblk_submit(struct vblk *vb, struct vblk_request *br)
{
	int error;

	br->br_status = VBLK_S_NONE;
	br->br_segs[0].vs_pa = kva_to_pa(&br->br_header);
	br->br_segs[0].vs_len = sizeof(br->br_header);
	br->br_segs[br->br_nsegs + 1].vs_pa = kva_to_pa(&br->br_status);
	br->br_segs[br->br_nsegs + 1].vs_len = sizeof(br->br_status);
	KTR_EVENT(MACHINE, vblk_submit, "request=%p type=%u sector=%lu",
	    KTRP(br), br->br_header.bh_type, br->br_header.bh_sector);
	spin_lock(&vb->vb_spin);
	error = TAILQ_EMPTY(&vb->vb_waiting) ? request_add(vb, br) : ENOSPC;
	if (error == ENOSPC) {
		TAILQ_INSERT_TAIL(&vb->vb_waiting, br, br_link);
		error = 0;
	} else if (error == 0) {
		virtio_notify(&vb->vb_dev->vd_queues[0]);
	}
	spin_unlock(&vb->vb_spin);
	if (error != 0)
		br->br_done(br, error);
}

static uint64_t
data_bytes(const struct vblk_request *br)
{
	uint64_t n = 0;

	for (unsigned i = 1; i <= br->br_nsegs; i++)
		n += br->br_segs[i].vs_len;
	return (n);
}

/* What the device says of br, of which it wrote len bytes. */
static int
request_error(struct vblk *vb, const struct vblk_request *br, uint32_t len)
{
	uint64_t want =
	    br->br_header.bh_type == VBLK_T_IN ? data_bytes(br) + 1 : 1;
	uint8_t status = *(const volatile uint8_t *)&br->br_status;

	switch (status) {
	case VBLK_S_OK:
		if (len >= want)
			return (0);
		virtio_fail(vb->vb_dev,
		    "a request of %lu bytes ended with %u written", want, len);
		return (EIO);
	case VBLK_S_IOERR:
		return (EIO);
	case VBLK_S_UNSUPP:
		return (EOPNOTSUPP);
	default:
		virtio_fail(
		    vb->vb_dev, "a request ended with status %u", status);
		return (EIO);
	}
}

/* (vb_spin) Those that waited, as far as there is room now. */
static void
start_waiting(struct vblk *vb)
{
	struct vblk_request *br;

	while ((br = TAILQ_FIRST(&vb->vb_waiting)) != NULL &&
	    request_add(vb, br) == 0)
		TAILQ_REMOVE(&vb->vb_waiting, br, br_link);
	virtio_notify(&vb->vb_dev->vd_queues[0]);
}

static void
vblk_intr(struct virtio_queue *q)
{
	struct vblk *vb = q->q_arg;
	void *cookie;
	uint32_t len;

	spin_lock(&vb->vb_spin);
	while (virtio_get(q, &cookie, &len) == 0) {
		struct vblk_request *br = cookie;
		int error = request_error(vb, br, len);

		KTR_EVENT(
		    MACHINE, vblk_done, "request=%p error=%d", KTRP(br), error);
		spin_unlock(&vb->vb_spin);
		br->br_done(br, error);
		spin_lock(&vb->vb_spin);
	}
	start_waiting(vb);
	spin_unlock(&vb->vb_spin);
}

/* (vb_spin) Any request that is not over; it is taken out. */
static struct vblk_request *
take_any(struct vblk *vb)
{
	struct vblk_request *br = TAILQ_FIRST(&vb->vb_waiting);

	if (br == NULL)
		return (virtq_drain(&vb->vb_dev->vd_queues[0].q_vq));
	TAILQ_REMOVE(&vb->vb_waiting, br, br_link);
	return (br);
}

static void
vblk_dead(struct virtio_dev *vd)
{
	struct vblk *vb = vd->vd_softc;
	struct vblk_request *br;

	spin_lock(&vb->vb_spin);
	vb->vb_dead = true;
	while ((br = take_any(vb)) != NULL) {
		spin_unlock(&vb->vb_spin);
		br->br_done(br, EIO);
		spin_lock(&vb->vb_spin);
	}
	spin_unlock(&vb->vb_spin);
}

/* --- waiting for one ---------------------------------------------------------------------- */

/* A request whose thread sleeps until it is over. */
struct vblk_wait {
	struct vblk_request bw_request;
	struct spinlock bw_spin;
	bool bw_over;
	int bw_error;
};

static void
wait_done(struct vblk_request *br, int error)
{
	struct vblk_wait *bw = container_of(br, struct vblk_wait, bw_request);

	spin_lock(&bw->bw_spin);
	bw->bw_error = error;
	bw->bw_over = true;
	wakeup(bw);
	spin_unlock(&bw->bw_spin);
}

/* Give it to the device and sleep until it is over; its error. */
static int
submit_and_wait(struct vblk *vb, struct vblk_wait *bw)
{
	vblk_submit(vb, &bw->bw_request);
	spin_lock(&bw->bw_spin);
	while (!bw->bw_over) {
		if (spin_sleep(bw, &bw->bw_spin, 0, "vblk", virtio_limit()) ==
			EWOULDBLOCK &&
		    !bw->bw_over)
			virtio_fail(vb->vb_dev, "it is silent");
	}
	spin_unlock(&bw->bw_spin);
	return (bw->bw_error);
}

/* buf is NULL for a flush.  len: whole blocks, at most vb_step. */
static int
vblk_io(struct vblk *vb, uint32_t type, uint64_t off, void *buf, uint32_t len)
{
	struct vblk_request *br;
	struct vblk_wait *bw;
	int error;

	if (type == VBLK_T_IN ? fault_fires(&fault_vblk_read)
			      : fault_fires(&fault_vblk_write))
		return (EIO);
	bw = kmalloc(sizeof(*bw), M_VBLK, M_WAITOK | M_ZERO);
	if (bw == NULL)
		return (ENOMEM);
	spin_init(&bw->bw_spin, "vblk wait");
	br = &bw->bw_request;
	br->br_done = wait_done;
	br->br_header.bh_type = type;
	br->br_header.bh_sector = off >> VBLK_SECTOR_SHIFT;
	for (uint32_t at = 0; at < len; at += vb->vb_seg_bytes) {
		struct virtq_seg *vs = &br->br_segs[++br->br_nsegs];

		KASSERT(br->br_nsegs <= VBLK_SEGS, ("vblk: %u bytes", len));
		vs->vs_pa = kva_to_pa((uint8_t *)buf + at);
		vs->vs_len = MIN(vb->vb_seg_bytes, len - at);
	}
	error = submit_and_wait(vb, bw);
	kfree(bw, M_VBLK);
	return (error);
}

static int
vblk_flush(struct vblk *vb)
{
	return (vb->vb_flush ? vblk_io(vb, VBLK_T_FLUSH, 0, NULL, 0) : 0);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static uint64_t
vblk_bytes(const struct vblk *vb)
{
	return (atomic_load(&vb->vb_sectors) << VBLK_SECTOR_SHIFT);
}

/* The blocks of the next step of a transfer. */
struct vblk_step {
	uint64_t bs_start, bs_end; /* whole blocks */
	uint32_t bs_skip;	   /* bytes of the first that are not meant */
	uint32_t bs_len;	   /* bytes that are */
};

/* Bytes of a buffer for one step of the transfer. */
static uint32_t
step_bytes(const struct vblk *vb, const struct uio *uio)
{
	uint64_t want = roundup2(uio->uio_resid, (uint64_t)vb->vb_block);

	/* One block more, as it may begin inside one. */
	return ((uint32_t)MIN(want + vb->vb_block, (uint64_t)vb->vb_step));
}

/* False at the end of the disk, or if nothing is left.  step: at most. */
static bool
next_step(const struct vblk *vb, const struct uio *uio, uint32_t step,
    struct vblk_step *bs)
{
	uint64_t off = (uint64_t)uio->uio_offset, size = vblk_bytes(vb);
	uint64_t block = vb->vb_block, end;

	if (uio->uio_offset < 0 || off >= size || uio->uio_resid == 0)
		return (false);
	end = off + MIN(uio->uio_resid, size - off);
	bs->bs_start = rounddown2(off, block);
	bs->bs_end = MIN(roundup2(end, block), bs->bs_start + step);
	bs->bs_skip = (uint32_t)(off - bs->bs_start);
	bs->bs_len = (uint32_t)(MIN(end, bs->bs_end) - off);
	return (true);
}

static int
vblk_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct vblk *vb = dev->d_data;
	uint32_t step = step_bytes(vb, uio);
	struct vblk_step bs;
	uint8_t *buf = kmalloc(step, M_VBLK, M_WAITOK);
	int error = 0;

	if (buf == NULL)
		return (ENOMEM);
	while (error == 0 && next_step(vb, uio, step, &bs)) {
		error = vblk_io(vb, VBLK_T_IN, bs.bs_start, buf,
		    (uint32_t)(bs.bs_end - bs.bs_start));
		if (error == 0)
			error = uiomove(buf + bs.bs_skip, bs.bs_len, uio);
	}
	kfree(buf, M_VBLK);
	return (error);
}

/* Behind step bytes of buf there are as many for what the user gives. */
static int
write_step(struct vblk *vb, const struct vblk_step *bs, uint8_t *buf,
    uint32_t step, struct uio *uio)
{
	uint32_t len = (uint32_t)(bs->bs_end - bs->bs_start);
	bool whole = bs->bs_skip == 0 && bs->bs_len == len;
	uint8_t *user = whole ? buf : buf + step;
	size_t before = uio->uio_resid;
	int error;

	/* The copy may sleep and needs no lock. */
	if ((error = uiomove(user, bs->bs_len, uio)) != 0)
		return (error);
	if (whole) {
		lock_shared(&vb->vb_lock);
	} else {
		lock_excl(&vb->vb_lock);
		error = vblk_io(vb, VBLK_T_IN, bs->bs_start, buf, len);
		if (error == 0)
			memcpy(buf + bs->bs_skip, user, bs->bs_len);
	}
	if (error == 0)
		error = vblk_io(vb, VBLK_T_OUT, bs->bs_start, buf, len);
	lock_release(&vb->vb_lock);
	if (error != 0) { /* taken from the user, but never written */
		uio->uio_offset -= (off_t)(before - uio->uio_resid);
		uio->uio_resid = before;
	}
	return (error);
}

static int
vblk_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct vblk *vb = dev->d_data;
	uint32_t step = step_bytes(vb, uio);
	struct vblk_step bs;
	uint8_t *buf;
	int error = 0;

	if (vb->vb_readonly)
		return (EROFS);
	if (uio->uio_resid > 0 && (uint64_t)uio->uio_offset >= vblk_bytes(vb))
		return (ENOSPC);
	if ((buf = kmalloc(2 * step, M_VBLK, M_WAITOK)) == NULL)
		return (ENOMEM);
	while (error == 0 && next_step(vb, uio, step, &bs))
		error = write_step(vb, &bs, buf, step, uio);
	if (error == 0 && (ioflags & IO_SYNC) != 0)
		error = vblk_flush(vb);
	kfree(buf, M_VBLK);
	return (error);
}

/* --- the rest of the device node ---------------------------------------------------------------- */

static int
vblk_open(struct cdev *dev, int fflags, struct file *fp)
{
	struct vblk *vb = dev->d_data;

	if (vb->vb_readonly && (fflags & FWRITE) != 0)
		return (EROFS);
	return (virtio_broken(vb->vb_dev) ? ENXIO : 0);
}

static int
vblk_ioctl(struct cdev *dev, uint64_t cmd, void *data, struct file *fp)
{
	struct vblk *vb = dev->d_data;
	uint64_t bytes = vblk_bytes(vb);
	int readonly = vb->vb_readonly;

	switch (cmd) {
	case DIOCGSECTORSIZE:
		memcpy(data, &vb->vb_block, sizeof(vb->vb_block));
		return (0);
	case DIOCGMEDIASIZE:
		memcpy(data, &bytes, sizeof(bytes));
		return (0);
	case DIOCGREADONLY:
		memcpy(data, &readonly, sizeof(readonly));
		return (0);
	case DIOCGFLUSH:
		return (vblk_flush(vb));
	default:
		return (ENOTTY);
	}
}

static int
vblk_sync(struct cdev *dev, bool data_only)
{
	return (vblk_flush(dev->d_data));
}

static off_t
vblk_size(struct cdev *dev)
{
	return ((off_t)vblk_bytes(dev->d_data));
}

static const struct cdev_ops vblk_ops = {
    .d_name = "vd",
    .d_open = vblk_open,
    .d_read = vblk_read,
    .d_write = vblk_write,
    .d_ioctl = vblk_ioctl,
    .d_sync = vblk_sync,
    .d_size = vblk_size,
};

/* --- the device ------------------------------------------------------------------------------------ */

/* 0, or EIO: its size is impossible. */
static int
read_capacity(struct vblk *vb)
{
	uint64_t sectors = 0;
	int error = virtio_config_read(
	    vb->vb_dev, VBLK_CFG_CAPACITY, &sectors, sizeof(sectors), 4);

	if (error != 0 || sectors > INT64_MAX >> VBLK_SECTOR_SHIFT)
		return (EIO);
	/* What does not fill a block cannot be reached. */
	atomic_store(&vb->vb_sectors,
	    rounddown2(sectors, (uint64_t)(vb->vb_block >> VBLK_SECTOR_SHIFT)));
	return (0);
}

/* Its size changed; this is like a handler. */
static void
vblk_config(struct virtio_dev *vd)
{
	struct vblk *vb = vd->vd_softc;
	uint64_t old = vb->vb_sectors;

	if (read_capacity(vb) != 0)
		virtio_fail(vd, "its size is impossible");
	else if (vb->vb_sectors != old)
		kprintf("%s: now %lu sectors\n", vd->vd_name, vb->vb_sectors);
}

/* What a request may be; the device's words are taken with a grain of salt. */
static int
read_limits(struct vblk *vb)
{
	uint32_t limits[2] = {0, 0}, segs = VBLK_SEGS;
	struct virtio_dev *vd = vb->vb_dev;

	vb->vb_block = VBLK_SECTOR;
	if (virtio_has(vd, VBLK_F_BLK_SIZE) &&
	    virtio_config_read(vd, VBLK_CFG_BLK_SIZE, &vb->vb_block, 4, 4) != 0)
		return (EIO);
	if (vb->vb_block < VBLK_SECTOR || vb->vb_block > VBLK_BLOCK_MAX ||
	    !powerof2(vb->vb_block))
		return (EIO);
	if (virtio_has(vd, VBLK_F_SIZE_MAX | VBLK_F_SEG_MAX) &&
	    virtio_config_read(vd, VBLK_CFG_SIZE_MAX, limits, 8, 4) != 0)
		return (EIO);
	vb->vb_seg_bytes = VBLK_BOUNCE;
	if (virtio_has(vd, VBLK_F_SIZE_MAX))
		vb->vb_seg_bytes =
		    MIN(VBLK_BOUNCE, rounddown2(limits[0], VBLK_BLOCK_MAX));
	if (virtio_has(vd, VBLK_F_SEG_MAX))
		segs = MIN(segs, limits[1]);
	if (vb->vb_seg_bytes == 0 || segs == 0)
		return (EIO);
	vb->vb_step = (uint32_t)MIN(
	    (uint64_t)VBLK_BOUNCE, (uint64_t)segs * vb->vb_seg_bytes);
	return (0);
}

static int
start(struct vblk *vb)
{
	struct virtio_dev *vd = vb->vb_dev;
	struct virtio_queue_spec spec = {VBLK_QUEUE, vblk_intr, vb};
	int error;

	if (read_limits(vb) != 0 || read_capacity(vb) != 0) {
		kprintf("%s: its size or limits are impossible, left out\n",
		    vd->vd_name);
		return (EIO);
	}
	vb->vb_readonly = virtio_has(vd, VBLK_F_RO);
	vb->vb_flush = virtio_has(vd, VBLK_F_FLUSH);
	if ((error = virtio_queues(vd, 1, &spec)) != 0)
		return (error);
	if (vd->vd_queues[0].q_vq.vq_size < VBLK_SEGS + 2) {
		/* A request with all its segments would never fit. */
		vb->vb_step = MIN(vb->vb_step, vb->vb_seg_bytes);
		if (vd->vd_queues[0].q_vq.vq_size < 3) {
			kprintf("%s: its queue is too small, left out\n",
			    vd->vd_name);
			return (EIO);
		}
	}
	vb->vb_cdev = vd->vd_unit < VBLK_UNITS
	    ? cdev_create(&vblk_ops, makedev(VBLK_MAJOR, vd->vd_unit * 16), 0,
		  0, 0600, vb, "vd%c", 'a' + vd->vd_unit)
	    : NULL;
	if (vb->vb_cdev == NULL) {
		kprintf("%s: no device node, left out\n", vd->vd_name);
		return (ENOMEM);
	}
	return (0);
}

static int
vblk_attach(struct virtio_dev *vd)
{
	struct vblk *vb = kmalloc(sizeof(*vb), M_VBLK, M_WAITOK | M_ZERO);
	int error;

	if (vb == NULL)
		return (ENOMEM);
	vb->vb_dev = vd;
	vd->vd_softc = vb;
	spin_init(&vb->vb_spin, "vblk");
	lock_init(&vb->vb_lock, "vblk", 0);
	TAILQ_INIT(&vb->vb_waiting);
	if ((error = start(vb)) != 0) {
		lock_destroy(&vb->vb_lock);
		kfree(vb, M_VBLK);
		return (error);
	}
	virtio_ready(vd);
	kprintf("%s: /dev/%s, %lu sectors%s\n", vd->vd_name,
	    vb->vb_cdev->d_path, vb->vb_sectors,
	    vb->vb_readonly ? ", read-only" : "");
	return (0);
}

static struct virtio_driver vblk_driver = {
    .vdr_name = "blk",
    .vdr_type = VIRTIO_BLK,
    .vdr_features = VBLK_F_SIZE_MAX | VBLK_F_SEG_MAX | VBLK_F_RO |
	VBLK_F_BLK_SIZE | VBLK_F_FLUSH,
    .vdr_attach = vblk_attach,
    .vdr_config = vblk_config,
    .vdr_dead = vblk_dead,
};

static int
vblk_load(void)
{
	virtio_driver_add(&vblk_driver);
	return (0);
}

static const struct module vblk_module = {
    .mod_name = "virtio_blk",
    .mod_class = "dev",
    .mod_version = 1,
    .mod_load = vblk_load,
    .mod_desc = "virtio disks",
};
MODULE(virtio_blk, vblk_module);
