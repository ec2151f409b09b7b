/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio devices for their drivers (virtio 1.2; only version 1 devices).
 *
 * A driver is a module of class "dev" whose mod_load calls virtio_driver_add.
 * Attach runs with the features negotiated: it reads the configuration, calls
 * virtio_queues, then virtio_ready, after which there may be I/O, handlers and
 * vdr_dead.  So it must not fail after virtio_ready.  If it fails before, it
 * says so in one line, and none of its functions ever runs.  It may sleep.
 *
 * A device that breaks the rules is given to virtio_fail, by whoever notices.
 * It is stopped, and then the driver's vdr_dead, in a soft thread, ends every
 * request by virtq_drain.  A driver looks at vd_broken before it submits, under
 * the lock under which vdr_dead drains.
 */
#ifndef DEV_VIRTIO_VIRTIO_H
#define DEV_VIRTIO_VIRTIO_H

#include <sys/atomic.h>
#include <sys/intr.h>
#include <sys/queue.h>
#include <sys/thread.h>
#include <dev/virtio/virtq.h>

enum virtio_type { /* section 5 */
	VIRTIO_NONE = 0,
	VIRTIO_NET = 1,
	VIRTIO_BLK = 2,
	VIRTIO_CONSOLE = 3,
	VIRTIO_RNG = 4,
	VIRTIO_9P = 9,
};

/* Features of all devices (section 6). */
#define VIRTIO_F_VERSION_1	 (1UL << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1UL << 33)
#define VIRTIO_F_ORDER_PLATFORM	 (1UL << 36)

#define VIRTIO_QUEUES_MAX 64

struct virtio_dev;
struct virtio_queue;
typedef void (*virtio_queue_func_t)(struct virtio_queue *q);

struct virtio_queue {
	struct virtq q_vq; /* (driver's lock) */
	struct virtio_dev *q_dev;
	uint16_t q_index;
	virtio_queue_func_t q_func; /* like an intr_func_t; NULL: none */
	void *q_arg;
	void *q_mem;		       /* rings */
	volatile uint16_t *q_doorbell; /* (transport) */
};

/* What a driver wants of queue i. */
struct virtio_queue_spec {
	uint16_t qs_size; /* at most; a power of two */
	virtio_queue_func_t qs_func;
	void *qs_arg;
};

struct virtio_driver {
	TAILQ_ENTRY(virtio_driver) vdr_link; /* (virtio_lock) */
	const char *vdr_name;
	enum virtio_type vdr_type;
	uint64_t vdr_features; /* what it knows */
	int (*vdr_attach)(struct virtio_dev *vd);
	void (*vdr_config)(struct virtio_dev *vd); /* changed; like a handler */
	void (*vdr_dead)(struct virtio_dev *vd);
};

struct virtio_dev {
	TAILQ_ENTRY(virtio_dev) vd_link; /* (virtio_lock) */
	const struct virtio_transport *vd_ops;
	void *vd_bus;	      /* the transport's */
	const char *vd_where; /* "pci0:3.0", "mmio0xfeb00e00" */
	uint32_t vd_type;
	int vd_unit;
	struct virtio_driver *vd_driver; /* (virtio_lock) */
	void *vd_softc;			 /* the driver's */
	char vd_name[16];		 /* "blk0" once it has a driver */
	uint64_t vd_offered, vd_features;
	struct virtio_queue *vd_queues;
	unsigned vd_nqueues;
	const char *vd_intr;	     /* how it interrupts, for show virtio */
	bool vd_refused;	     /* (virtio_lock) an attach failed */
	volatile bool vd_ready;	     /* virtio_ready was called */
	volatile uint32_t vd_broken; /* (atomic) */
	char vd_why[80];	     /* it is */
	struct callout vd_death;
};

void virtio_driver_add(struct virtio_driver *vdr);

static inline bool
virtio_has(const struct virtio_dev *vd, uint64_t feature)
{
	return ((vd->vd_features & feature) != 0);
}

/*
 * Read len bytes of the configuration: fields of size bytes each, consistent
 * as a whole.  0; EINVAL: the device has not so much; EIO: it never settles.
 */
int virtio_config_read(
    struct virtio_dev *vd, unsigned off, void *buf, size_t len, size_t size);

/* Set up queues 0..n-1.  0, or an errno after a line that says which and why. */
int virtio_queues(
    struct virtio_dev *vd, unsigned n, const struct virtio_queue_spec *specs);
/* DRIVER_OK: from now on there may be I/O and interrupts. */
void virtio_ready(struct virtio_dev *vd);

/*
 * Publish what was added to q and tell the device if it wants to know.  Before
 * virtio_ready this does nothing; call it again then.
 */
void virtio_notify(struct virtio_queue *q);
/*
 * virtq_get for drivers: a queue that is wrong makes the device broken.
 * Any context, under the driver's lock.
 */
int virtio_get(struct virtio_queue *q, void **cookiep, uint32_t *lenp);
/* How long a driver waits for an answer before it gives the device up. */
nstime_t virtio_limit(void);
/* The device broke the rules: one line, once.  Any context. */
void virtio_fail(struct virtio_dev *vd, const char *fmt, ...)
    __printflike(2, 3);

/* The device that a driver named so ("blk0"), or NULL. */
struct virtio_dev *virtio_dev_find(const char *name);

static inline bool
virtio_broken(const struct virtio_dev *vd)
{
	return (atomic_load(&vd->vd_broken) != 0);
}

/* --- transports ------------------------------------------------------------- */

#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER	  0x02
#define VIRTIO_STATUS_DRIVER_OK	  0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED	  0x80
#define VIRTIO_STATUS_ONES	  0xff

#define VIRTIO_ISR_QUEUE  0x1
#define VIRTIO_ISR_CONFIG 0x2

struct virtio_transport {
	const char *vt_name;
	uint8_t (*vt_status)(struct virtio_dev *vd);
	void (*vt_set_status)(struct virtio_dev *vd, uint8_t status);
	uint32_t (*vt_features)(struct virtio_dev *vd, unsigned word);
	void (*vt_set_features)(
	    struct virtio_dev *vd, unsigned word, uint32_t features);
	uint32_t (*vt_generation)(struct virtio_dev *vd);
	size_t (*vt_config_bytes)(struct virtio_dev *vd);
	/* size 1, 2, 4; in bounds and aligned. */
	uint32_t (*vt_config)(struct virtio_dev *vd, unsigned off, int size);
	/* Largest size of queue i; 0: there is none. */
	uint32_t (*vt_queue_max)(struct virtio_dev *vd, unsigned i);
	/* 0, or what is wrong in *whyp. */
	int (*vt_queue_enable)(
	    struct virtio_dev *vd, struct virtio_queue *q, const char **whyp);
	void (*vt_notify)(struct virtio_queue *q);
	/* Before the queues are enabled; sets vd_intr. */
	int (*vt_intr_start)(struct virtio_dev *vd);
	/* The device reaches no memory and sends no interrupt any more. */
	void (*vt_stop)(struct virtio_dev *vd);
};

/*
 * A transport found a device; vd_ops, vd_bus, vd_where, vd_type are set.  It
 * stays for good.  May sleep.
 */
void virtio_dev_add(struct virtio_dev *vd);
/* For transports, intr_func_t: a queue's handler, all queues', a change. */
void virtio_intr_queue(void *queue);
void virtio_intr_queues(void *dev);
void virtio_intr_config(void *dev);
/* All of it, where one message stands for everything. */
void virtio_intr_any(void *dev);

#endif
