/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entropy from the host (virtio 1.2, section 5.4): queue 0 takes buffers and
 * gives them back filled.
 *
 * One request is under way at a time, into vr_buf, which is as long as a read
 * of /dev/hwrng gives at most.  The kernel's own needs come first at boot:
 * attach asks and waits a moment for them; from then on a
 * callout asks every VRNG_PERIOD_NS.  All that comes is mixed into the
 * kernel's generator, and a copy goes to a reader, if there is one.  The host
 * may take its time: readers wait as long as no signal comes.
 *
 * vr_spin guards the state.
 */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/sysctl.h>
#include <sys/uio.h>
#include <dev/virtio/virtio.h>

MALLOC_DECLARE(M_VIRTIO);

#define VRNG_BYTES     256
#define VRNG_SEED      64
#define VRNG_PERIOD_NS (60 * NS_PER_SEC)
#define VRNG_BOOT_NS   (NS_PER_SEC / 2)
#define VRNG_QUEUE     8
#define VRNG_MAJOR     10 /* Linux's number of /dev/hwrng */
#define VRNG_MINOR     183

struct vrng {
	struct virtio_dev *vr_dev;
	struct spinlock vr_spin;
	bool vr_busy;	     /* (vr_spin) the device has vr_buf */
	uint32_t vr_waiting; /* (vr_spin) readers */
	uint32_t vr_got;     /* (vr_spin) bytes for a reader */
	bool vr_empty;	     /* (vr_spin) the last answer was */
	bool vr_dead;	     /* (vr_spin) */
	uint8_t *vr_buf;     /* (vr_spin) while not busy */
	struct callout vr_callout;
};

static uint64_t vrng_bytes; /* (atomic) */
SYSCTL_U64(vrng_bytes, "kern.random.virtio_bytes", CTLF_RD, &vrng_bytes,
    "bytes of entropy that virtio devices gave");

/* (vr_spin) Ask for bytes, unless the device is at it already. */
static int
vrng_ask(struct vrng *vr, uint32_t bytes)
{
	struct virtio_queue *q = &vr->vr_dev->vd_queues[0];
	struct virtq_seg seg = {kva_to_pa(vr->vr_buf), bytes};
	int error;

	SPIN_ASSERT(&vr->vr_spin);
	if (vr->vr_dead || virtio_broken(vr->vr_dev))
		return (EIO);
	if (vr->vr_busy)
		return (0);
	error = virtq_add(&q->q_vq, &seg, 0, 1, vr);
	if (error == 0) {
		vr->vr_busy = true;
		virtio_notify(q);
	}
	return (error);
}

static void
vrng_intr(struct virtio_queue *q)
{
	struct vrng *vr = q->q_arg;
	void *cookie;
	uint32_t len;

	spin_lock(&vr->vr_spin);
	while (virtio_get(q, &cookie, &len) == 0) {
		random_mix(vr->vr_buf, len);
		atomic_add(&vrng_bytes, len);
		vr->vr_busy = false;
		vr->vr_empty = len == 0;
		vr->vr_got = vr->vr_waiting > 0 ? len : 0;
		if (vr->vr_got == 0)
			memset(vr->vr_buf, 0, VRNG_BYTES);
	}
	spin_unlock(&vr->vr_spin);
	wakeup(vr);
}

static void
vrng_tick(void *arg)
{
	struct vrng *vr = arg;

	spin_lock(&vr->vr_spin);
	if (vrng_ask(vr, VRNG_SEED) == 0)
		callout_reset(&vr->vr_callout, VRNG_PERIOD_NS, vrng_tick, vr);
	spin_unlock(&vr->vr_spin);
}

/*
 * (vr_spin) Wait until there are bytes for us.  0; EIO: the device is broken or
 * gives none; EWOULDBLOCK after limit; EINTR, ...
 */
static int
vrng_wait(struct vrng *vr, int flags, nstime_t limit)
{
	int error = 0;

	vr->vr_waiting++;
	while (error == 0 && vr->vr_got == 0) {
		vr->vr_empty = false;
		error = vrng_ask(vr, VRNG_BYTES);
		if (error == 0)
			error =
			    spin_sleep(vr, &vr->vr_spin, flags, "vrng", limit);
		if (error == 0 && vr->vr_empty)
			error = EIO;
	}
	vr->vr_waiting--;
	return (error);
}

/* As much as one request gives. */
static int
vrng_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct vrng *vr = dev->d_data;
	uint8_t buf[VRNG_BYTES];
	uint32_t n = 0;
	int error;

	if (uio->uio_resid == 0)
		return (0);
	spin_lock(&vr->vr_spin);
	error = vrng_wait(vr, PCATCH, SLEEP_FOREVER);
	if (error == 0) {
		n = (uint32_t)MIN(vr->vr_got, uio->uio_resid);
		memcpy(buf, vr->vr_buf, n);
		memset(vr->vr_buf, 0, VRNG_BYTES);
		vr->vr_got = 0;
	}
	spin_unlock(&vr->vr_spin);
	return (error != 0 ? error : uiomove(buf, n, uio));
}

static const struct cdev_ops vrng_ops = {
    .d_name = "hwrng",
    .d_read = vrng_read,
    .d_flags = CDEVF_NOSEEK,
};

static void
vrng_dead(struct virtio_dev *vd)
{
	struct vrng *vr = vd->vd_softc;

	spin_lock(&vr->vr_spin);
	vr->vr_dead = true;
	while (virtq_drain(&vd->vd_queues[0].q_vq) != NULL)
		vr->vr_busy = false;
	spin_unlock(&vr->vr_spin);
	wakeup(vr);
}

/* The first bytes; a device that is slow delays the boot but a little. */
static void
vrng_seed(struct vrng *vr)
{
	int error;

	spin_lock(&vr->vr_spin);
	error = vrng_wait(vr, 0, VRNG_BOOT_NS);
	vr->vr_got = 0;
	memset(vr->vr_buf, 0, vr->vr_busy ? 0 : VRNG_BYTES);
	spin_unlock(&vr->vr_spin);
	if (error != 0 && !virtio_broken(vr->vr_dev))
		kprintf("%s: no entropy yet: %s\n", vr->vr_dev->vd_name,
		    errno_text(error));
	callout_reset(&vr->vr_callout, VRNG_PERIOD_NS, vrng_tick, vr);
}

static int
vrng_attach(struct virtio_dev *vd)
{
	struct vrng *vr = kmalloc(sizeof(*vr), M_VIRTIO, M_WAITOK | M_ZERO);
	struct virtio_queue_spec spec = {VRNG_QUEUE, vrng_intr, vr};
	int error = ENOMEM;

	if (vr != NULL)
		vr->vr_buf = kmalloc(VRNG_BYTES, M_VIRTIO, M_WAITOK | M_ZERO);
	if (vr == NULL || vr->vr_buf == NULL)
		kprintf("%s: out of memory\n", vd->vd_name);
	else
		error = virtio_queues(vd, 1, &spec);
	if (error != 0) {
		if (vr != NULL)
			kfree(vr->vr_buf, M_VIRTIO);
		kfree(vr, M_VIRTIO);
		return (error);
	}
	vr->vr_dev = vd;
	vd->vd_softc = vr;
	spin_init(&vr->vr_spin, "vrng");
	callout_init(&vr->vr_callout);
	virtio_ready(vd);
	vrng_seed(vr);
	if (vd->vd_unit == 0 &&
	    cdev_create(&vrng_ops, makedev(VRNG_MAJOR, VRNG_MINOR), 0, 0, 0600,
		vr, "hwrng") == NULL)
		kprintf("%s: no device node\n", vd->vd_name);
	return (0);
}

static struct virtio_driver vrng_driver = {
    .vdr_name = "rng",
    .vdr_type = VIRTIO_RNG,
    .vdr_attach = vrng_attach,
    .vdr_dead = vrng_dead,
};

static int
vrng_load(void)
{
	virtio_driver_add(&vrng_driver);
	return (0);
}

static const struct module vrng_module = {
    .mod_name = "virtio_rng",
    .mod_class = "dev",
    .mod_version = 1,
    .mod_load = vrng_load,
    .mod_desc = "entropy from the host",
};
MODULE(virtio_rng, vrng_module);
