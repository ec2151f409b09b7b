/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues (virtio 1.2, section 2.7): the ring of requests between a
 * driver and a device.  Pure: it knows memory and nothing else, so it runs in
 * tests on the host.
 *
 * The caller serialises all calls of one queue, and owns the memory that
 * segments name until it gets the cookie back by virtq_get or virtq_drain.
 */
#ifndef DEV_VIRTIO_VIRTQ_H
#define DEV_VIRTIO_VIRTQ_H

#include <sys/types.h>

#define VIRTQ_SIZE_MAX 32768 /* the specification's */

/*
 * The format, little-endian:
 *	descriptors	16 bytes each: address 8, length 4, flags 2, next 2
 *	driver's ring	flags 2, index 2, head of each request 2 x size
 *	device's ring	flags 2, index 2, {head 4, length written 4} x size
 */
struct vring_desc {
	uint64_t vd_addr;
	uint32_t vd_len;
	uint16_t vd_flags;
	uint16_t vd_next;
};
#define VRING_DESC_NEXT	 1
#define VRING_DESC_WRITE 2 /* by the device */

struct vring_avail {
	uint16_t va_flags;
	uint16_t va_idx;
	uint16_t va_ring[];
};
#define VRING_AVAIL_NO_INTERRUPT 1

struct vring_used_elem {
	uint32_t vu_id;
	uint32_t vu_len;
};
struct vring_used {
	uint16_t vu_flags;
	uint16_t vu_idx;
	struct vring_used_elem vu_ring[];
};
#define VRING_USED_NO_NOTIFY 1
#define VRING_ALIGN	     16

CTASSERT(sizeof(struct vring_desc) == 16);
CTASSERT(sizeof(struct vring_avail) == 4);
CTASSERT(sizeof(struct vring_used_elem) == 8);
CTASSERT(sizeof(struct vring_used) == 4);

/* What we know of a descriptor without asking memory the device can write. */
struct virtq_slot {
	void *vs_cookie;   /* of the request that it is the head of */
	uint32_t vs_max;   /* bytes the device may write for it */
	uint16_t vs_count; /* its descriptors; 0: not a head in flight */
	uint16_t vs_next;  /* in the request, or on the free list */
};

struct virtq {
	uint16_t vq_size; /* a power of two */
	uint16_t vq_free; /* first free slot, if there is one */
	uint16_t vq_nfree;
	uint16_t vq_inflight; /* requests the device has */
	uint16_t vq_avail;    /* next index of the driver's ring */
	uint16_t vq_shown;    /* the one that the device was shown */
	uint16_t vq_used;     /* next index of the device's ring */
	struct virtq_slot *vq_slots;
	struct vring_desc *vq_desc;
	volatile struct vring_avail *vq_driver;
	volatile struct vring_used *vq_device;
	const char *vq_fault; /* NULL: the device kept to the rules */
	uint64_t vq_requests, vq_notifies, vq_full; /* counted */
};

/* A piece of memory for the device. */
struct virtq_seg {
	paddr_t vs_pa;
	uint32_t vs_len;
};

/* Bytes of ring memory for size entries, and where the rings are in it. */
size_t virtq_bytes(uint16_t size);
size_t virtq_driver_off(uint16_t size);
size_t virtq_device_off(uint16_t size);

/* mem: virtq_bytes(size) zeros, VRING_ALIGN-aligned; slots: size of them. */
void virtq_init(
    struct virtq *vq, uint16_t size, void *mem, struct virtq_slot *slots);

/*
 * A request (cookie is not NULL): nout segments the device reads, then nin it writes.  0; ENOSPC:
 * no room now; EINVAL: never room, or an empty request; EIO: vq_fault.
 */
int virtq_add(struct virtq *vq, const struct virtq_seg *segs, unsigned nout,
    unsigned nin, void *cookie);
/* Show the device what was added.  Does it want to be notified? */
bool virtq_publish(struct virtq *vq);
/*
 * The next request the device is done with, and how many bytes it wrote: at
 * most what was offered.  0; ENOENT: none; EIO: vq_fault, now or before.
 */
int virtq_get(struct virtq *vq, void **cookiep, uint32_t *lenp);
/* Whether an interrupt is wanted for what gets done from now on. */
void virtq_want_interrupt(struct virtq *vq, bool want);
/* The device is stopped: the next request it still had, or NULL. */
void *virtq_drain(struct virtq *vq);

#endif
