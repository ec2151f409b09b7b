/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio: the life of a device (virtio 1.2, sections 2 and 3).
 *
 * 1. A transport (virtio_pci.c, virtio_mmio.c) finds devices; drivers come as
 *    modules.  Whenever one is added it is offered all of the other kind, so
 *    their order does not matter.
 *
 * 2. States of a device, by its status register:
 *
 *	reset -> ACKNOWLEDGE|DRIVER -> FEATURES_OK -> DRIVER_OK -> broken
 *	  ^            |                   |  (attach)
 *	  +------------+-------------------+  any refusal: FAILED, then reset
 *
 *    Only version 1 devices get beyond the first arrow.  In DRIVER_OK the
 *    driver owns the queues.  Broken is final.
 *
 * 3. A device is not trusted.  Its queues are checked by virtq.c, registers
 *    that read as ones or as an impossible number end the attach with a line,
 *    waits for it have a limit.  Whoever notices a breach calls virtio_fail:
 *    the first call prints the line and arms vd_death, a callout, since a
 *    handler may not wait.  virtio_death stops the device and only then has
 *    the driver end its requests: before that, their memory may still be
 *    written.
 *
 * Locks: virtio_lock (sleeping) guards the lists, vd_driver, and is held while
 * a driver attaches.  A driver's own lock guards its queues.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <dev/virtio/virtio.h>

MALLOC_DEFINE(M_VIRTIO, "virtio", "virtio devices and rings");
FAULT_POINT(fault_virtio_attach, "virtio_attach");

#define VIRTIO_RESET_NS	    NS_PER_SEC /* a device that is slower is stuck */
#define VIRTIO_CONFIG_TRIES 100

static int virtio_limit_ms = 60 * 1000;
SYSCTL_INT(virtio_limit, "dev.virtio.limit_ms", CTLF_RW, &virtio_limit_ms,
    "milliseconds after which a virtio device that is silent is given up");

TAILQ_HEAD(virtio_dev_list, virtio_dev);
TAILQ_HEAD(virtio_driver_list, virtio_driver);
LOCK_DEFINE(virtio_lock, "virtio");
static struct virtio_dev_list virtio_devs = TAILQ_HEAD_INITIALIZER(virtio_devs);
static struct virtio_driver_list virtio_drivers =
    TAILQ_HEAD_INITIALIZER(virtio_drivers);

/* --- registers ------------------------------------------------------------------- */

static void
status_add(struct virtio_dev *vd, uint8_t bits)
{
	vd->vd_ops->vt_set_status(vd, vd->vd_ops->vt_status(vd) | bits);
}

/* 0, or EIO: the device does not come back from reset. */
static int
reset(struct virtio_dev *vd)
{
	nstime_t end = clock_mono() + VIRTIO_RESET_NS;

	vd->vd_ops->vt_set_status(vd, 0);
	while (vd->vd_ops->vt_status(vd) != 0) {
		if (clock_mono() > end)
			return (EIO);
		ipi_poll();
	}
	return (0);
}

static uint64_t
features_offered(struct virtio_dev *vd)
{
	return (vd->vd_ops->vt_features(vd, 0) |
	    (uint64_t)vd->vd_ops->vt_features(vd, 1) << 32);
}

/* Up to FEATURES_OK.  0, or EIO and in *whyp what is wrong. */
static int
negotiate(struct virtio_dev *vd, uint64_t known, const char **whyp)
{
	uint8_t status;

	if (reset(vd) != 0) {
		*whyp = vd->vd_ops->vt_status(vd) == VIRTIO_STATUS_ONES
		    ? "reads as ones"
		    : "does not come back from reset";
		return (EIO);
	}
	status_add(vd, VIRTIO_STATUS_ACKNOWLEDGE);
	status_add(vd, VIRTIO_STATUS_DRIVER);
	vd->vd_offered = features_offered(vd);
	if ((vd->vd_offered & VIRTIO_F_VERSION_1) == 0) {
		*whyp = "is legacy only (no version 1)";
		return (EIO);
	}
	vd->vd_features = vd->vd_offered &
	    (known | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM |
		VIRTIO_F_ORDER_PLATFORM);
	vd->vd_ops->vt_set_features(vd, 0, (uint32_t)vd->vd_features);
	vd->vd_ops->vt_set_features(vd, 1, (uint32_t)(vd->vd_features >> 32));
	status_add(vd, VIRTIO_STATUS_FEATURES_OK);
	status = vd->vd_ops->vt_status(vd);
	if ((status & VIRTIO_STATUS_FEATURES_OK) == 0) {
		*whyp = "does not agree to its own features";
		return (EIO);
	}
	return (0);
}

static void
config_fields(
    struct virtio_dev *vd, unsigned off, void *buf, size_t len, size_t size)
{
	for (size_t at = 0; at < len; at += size) {
		uint32_t v =
		    vd->vd_ops->vt_config(vd, off + (unsigned)at, (int)size);

		memcpy((uint8_t *)buf + at, &v, size);
	}
}

int
virtio_config_read(
    struct virtio_dev *vd, unsigned off, void *buf, size_t len, size_t size)
{
	size_t have = vd->vd_ops->vt_config_bytes(vd);

	KASSERT((size == 1 || size == 2 || size == 4) && off % size == 0 &&
		len % size == 0,
	    ("virtio: config %u+%zu by %zu", off, len, size));
	if (off > have || len > have - off)
		return (EINVAL);
	for (int i = 0; i < VIRTIO_CONFIG_TRIES; i++) {
		uint32_t before = vd->vd_ops->vt_generation(vd);

		config_fields(vd, off, buf, len, size);
		if (vd->vd_ops->vt_generation(vd) == before)
			return (0);
	}
	return (EIO);
}

/* --- queues ------------------------------------------------------------------------ */

static void
queues_free(struct virtio_dev *vd)
{
	for (unsigned i = 0; i < vd->vd_nqueues; i++) {
		kfree(vd->vd_queues[i].q_mem, M_VIRTIO);
		kfree(vd->vd_queues[i].q_vq.vq_slots, M_VIRTIO);
	}
	kfree(vd->vd_queues, M_VIRTIO);
	vd->vd_queues = NULL;
	vd->vd_nqueues = 0;
}

/* The largest power of two that both sides allow; 0: the device is wrong. */
static uint16_t
queue_size(struct virtio_dev *vd, unsigned i, uint16_t want, const char **whyp)
{
	uint32_t max = vd->vd_ops->vt_queue_max(vd, i);
	uint16_t size = want;

	if (max == 0) {
		*whyp = "is not there";
		return (0);
	}
	if (max > VIRTQ_SIZE_MAX) {
		*whyp = "is larger than possible";
		return (0);
	}
	while (size > max)
		size /= 2;
	return (size);
}

static int
queue_setup(struct virtio_dev *vd, struct virtio_queue *q,
    const struct virtio_queue_spec *qs, const char **whyp)
{
	uint16_t size = queue_size(vd, q->q_index, qs->qs_size, whyp);
	struct virtq_slot *slots;

	if (size == 0)
		return (EIO);
	q->q_func = qs->qs_func;
	q->q_arg = qs->qs_arg;
	slots = kmalloc(size * sizeof(*slots), M_VIRTIO, M_WAITOK | M_ZERO);
	q->q_vq.vq_slots = slots; /* freed with the queue from now on */
	/* A page at least: aligned, and nothing else in what the device has. */
	q->q_mem = kmalloc(
	    MAX(virtq_bytes(size), PAGE_SIZE), M_VIRTIO, M_WAITOK | M_ZERO);
	if (slots == NULL || q->q_mem == NULL) {
		*whyp = "finds no memory";
		return (ENOMEM);
	}
	virtq_init(&q->q_vq, size, q->q_mem, slots);
	return (vd->vd_ops->vt_queue_enable(vd, q, whyp));
}

int
virtio_queues(
    struct virtio_dev *vd, unsigned n, const struct virtio_queue_spec *specs)
{
	const char *why = "";
	int error;

	KASSERT(!vd->vd_ready, ("virtio: queues after ready"));
	KASSERT(n > 0 && n <= VIRTIO_QUEUES_MAX, ("virtio: %u queues", n));
	vd->vd_queues =
	    kmalloc(n * sizeof(*vd->vd_queues), M_VIRTIO, M_WAITOK | M_ZERO);
	if (vd->vd_queues == NULL) {
		kprintf("%s: no memory for its queues\n", vd->vd_name);
		return (ENOMEM);
	}
	vd->vd_nqueues = n;
	for (unsigned i = 0; i < n; i++) {
		vd->vd_queues[i].q_dev = vd;
		vd->vd_queues[i].q_index = (uint16_t)i;
	}
	if ((error = vd->vd_ops->vt_intr_start(vd)) != 0) {
		kprintf(
		    "%s: no interrupt: %s\n", vd->vd_name, errno_text(error));
		return (error);
	}
	for (unsigned i = 0; i < n; i++) {
		error = queue_setup(vd, &vd->vd_queues[i], &specs[i], &why);
		if (error != 0) {
			kprintf("%s: queue %u %s\n", vd->vd_name, i, why);
			return (error);
		}
	}
	return (0);
}

void
virtio_ready(struct virtio_dev *vd)
{
	vd->vd_ready = true;
	status_add(vd, VIRTIO_STATUS_DRIVER_OK);
}

void
virtio_notify(struct virtio_queue *q)
{
	/* Before DRIVER_OK what was added only waits there (3.1.1). */
	if (q->q_dev->vd_ready && virtq_publish(&q->q_vq)) {
		KTR_EVENT(MACHINE, virtio_notify, "dev=%p queue=%u inflight=%u",
		    KTRP(q->q_dev), q->q_index, q->q_vq.vq_inflight);
		q->q_dev->vd_ops->vt_notify(q);
	}
}

int
virtio_get(struct virtio_queue *q, void **cookiep, uint32_t *lenp)
{
	int error = virtq_get(&q->q_vq, cookiep, lenp);

	if (error == EIO)
		virtio_fail(
		    q->q_dev, "queue %u: %s", q->q_index, q->q_vq.vq_fault);
	return (error);
}

nstime_t
virtio_limit(void)
{
	return (MAX(virtio_limit_ms, 1) * NS_PER_MSEC);
}

void
virtio_intr_queue(void *queue)
{
	struct virtio_queue *q = queue;

	if (q->q_func != NULL && q->q_dev->vd_ready)
		q->q_func(q);
}

void
virtio_intr_queues(void *dev)
{
	struct virtio_dev *vd = dev;

	for (unsigned i = 0; i < vd->vd_nqueues; i++)
		virtio_intr_queue(&vd->vd_queues[i]);
}

void
virtio_intr_config(void *dev)
{
	struct virtio_dev *vd = dev;
	uint8_t status = vd->vd_ops->vt_status(vd);

	if (!vd->vd_ready || virtio_broken(vd))
		return;
	KTR_EVENT(MACHINE, virtio_config, "dev=%p status=%x", KTRP(vd), status);
	if (status == VIRTIO_STATUS_ONES)
		virtio_fail(vd, "its status reads as ones");
	else if ((status & VIRTIO_STATUS_NEEDS_RESET) != 0)
		virtio_fail(vd, "it says that it needs a reset");
	else if (vd->vd_driver->vdr_config != NULL)
		vd->vd_driver->vdr_config(vd);
}

void
virtio_intr_any(void *dev)
{
	virtio_intr_config(dev);
	virtio_intr_queues(dev);
}

/* --- death -------------------------------------------------------------------------- */

static void
virtio_death(void *arg)
{
	struct virtio_dev *vd = arg;

	(void)reset(vd);
	vd->vd_ops->vt_stop(vd);
	vd->vd_driver->vdr_dead(vd);
}

void
virtio_fail(struct virtio_dev *vd, const char *fmt, ...)
{
	va_list ap;

	if (!atomic_cmpset(&vd->vd_broken, 0, 1))
		return;
	va_start(ap, fmt);
	kvsnprintf(vd->vd_why, sizeof(vd->vd_why), fmt, ap);
	va_end(ap);
	kprintf(
	    "%s: broken, left out from now on: %s\n", vd->vd_name, vd->vd_why);
	KTR_EVENT(MACHINE, virtio_fail, "dev=%p", KTRP(vd));
	callout_reset(&vd->vd_death, 1, virtio_death, vd);
}

/* --- meeting of devices and drivers --------------------------------------------------- */

static int
next_unit(const struct virtio_driver *vdr)
{
	const struct virtio_dev *vd;
	int unit = 0;

	TAILQ_FOREACH(vd, &virtio_devs, vd_link)
		if (vd->vd_driver == vdr && vd->vd_unit >= unit)
			unit = vd->vd_unit + 1;
	return (unit);
}

static int
attach(struct virtio_dev *vd, struct virtio_driver *vdr)
{
	const char *why = "";
	int error = negotiate(vd, vdr->vdr_features, &why);

	if (error != 0) {
		kprintf(
		    "%s at %s: %s, left out\n", vd->vd_name, vd->vd_where, why);
		return (error);
	}
	/* Interrupts want to know whose they are. */
	vd->vd_driver = vdr;
	error =
	    fault_fires(&fault_virtio_attach) ? ENOMEM : vdr->vdr_attach(vd);
	return (error);
}

/* (virtio_lock) */
static void
offer(struct virtio_driver *vdr, struct virtio_dev *vd)
{
	int error;

	if (vd->vd_driver != NULL || vd->vd_type != (uint32_t)vdr->vdr_type ||
	    vd->vd_refused)
		return;
	vd->vd_unit = next_unit(vdr);
	ksnprintf(vd->vd_name, sizeof(vd->vd_name), "%s%d", vdr->vdr_name,
	    vd->vd_unit);
	error = attach(vd, vdr);
	KTR_EVENT(MACHINE, virtio_attach,
	    "dev=%p type=%u features=%lx error=%d", KTRP(vd), vd->vd_type,
	    vd->vd_features, error);
	if (error == 0)
		return;
	status_add(vd, VIRTIO_STATUS_FAILED);
	(void)reset(vd);
	vd->vd_ops->vt_stop(vd);
	queues_free(vd);
	vd->vd_driver = NULL;
	vd->vd_refused = true;
}

void
virtio_driver_add(struct virtio_driver *vdr)
{
	struct virtio_dev *vd;

	lock_excl(&virtio_lock);
	TAILQ_INSERT_TAIL(&virtio_drivers, vdr, vdr_link);
	TAILQ_FOREACH(vd, &virtio_devs, vd_link)
		offer(vdr, vd);
	lock_release(&virtio_lock);
}

void
virtio_dev_add(struct virtio_dev *vd)
{
	struct virtio_driver *vdr;

	callout_init(&vd->vd_death);
	strlcpy(vd->vd_name, "virtio", sizeof(vd->vd_name));
	lock_excl(&virtio_lock);
	TAILQ_INSERT_TAIL(&virtio_devs, vd, vd_link);
	TAILQ_FOREACH(vdr, &virtio_drivers, vdr_link)
		offer(vdr, vd);
	lock_release(&virtio_lock);
}

struct virtio_dev *
virtio_dev_find(const char *name)
{
	struct virtio_dev *vd;

	lock_shared(&virtio_lock);
	TAILQ_FOREACH(vd, &virtio_devs, vd_link)
		if (vd->vd_driver != NULL && strcmp(vd->vd_name, name) == 0)
			break;
	lock_release(&virtio_lock);
	return (vd);
}

/* --- debugger ----------------------------------------------------------------------------- */

static void
show_queue(const struct virtio_queue *q)
{
	const struct virtq *vq = &q->q_vq;

	if (q->q_mem == NULL)
		return;
	kprintf("  queue %u: size %u free %u inflight %u avail %u used %u, "
		"%lu requests, %lu notifies, %lu times full%s%s\n",
	    q->q_index, vq->vq_size, vq->vq_nfree, vq->vq_inflight,
	    vq->vq_avail, vq->vq_used, vq->vq_requests, vq->vq_notifies,
	    vq->vq_full, vq->vq_fault != NULL ? ": " : "",
	    vq->vq_fault != NULL ? vq->vq_fault : "");
}

static void
virtio_ddb_show(const char *arg)
{
	const struct virtio_dev *vd;

	TAILQ_FOREACH(vd, &virtio_devs, vd_link) {
		kprintf("%s at %s type %u interrupts %s features %#lx of "
			"%#lx%s%s\n",
		    vd->vd_driver != NULL ? vd->vd_name : "no driver",
		    vd->vd_where, vd->vd_type,
		    vd->vd_intr != NULL ? vd->vd_intr : "none", vd->vd_features,
		    vd->vd_offered,
		    vd->vd_refused	    ? " refused"
			: virtio_broken(vd) ? " broken: "
					    : "",
		    vd->vd_why);
		for (unsigned i = 0; i < vd->vd_nqueues; i++)
			show_queue(&vd->vd_queues[i]);
	}
}
DDB_COMMAND(virtio, "show virtio", virtio_ddb_show,
    "virtio devices, their features and queues");
