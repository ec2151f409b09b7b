/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue; contract in virtq.h, format in virtio 1.2 section 2.7.
 *
 * 1. Both sides share three arrays.  The driver writes descriptors and its ring
 *    of request heads; the device writes its ring of heads that are done.  All
 *    of it is memory that a device could write anywhere, so nothing is read
 *    back but the device's ring: what we need to know of a request is in
 *    vq_slots.
 *
 * 2. The device is caught at these lies, after which vq_fault is set, the queue
 *    takes and gives nothing more, and the owner stops the device:
 *	its index moves by more than there are requests in flight;
 *	a head is not below the size, or is not in flight;
 *	it claims to have written more than it was offered.
 *
 * 3. Invariants.  (1) vq_nfree plus the vs_count of all slots is vq_size.
 *    (2) vq_inflight is the number of slots with vs_count > 0.  (3) Following
 *    vs_next vs_count - 1 times from a head stays in the request.
 *
 * 4. Order: descriptors before ring entry before index (release); then a full
 *    fence before the question whether the device wants to be told, as it first
 *    allows it and then looks at the index.  The device's index is read with
 *    acquire before its entries.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <dev/virtio/virtq.h>

size_t
virtq_driver_off(uint16_t size)
{
	return (size * sizeof(struct vring_desc));
}

/* Each ring has two bytes more at its end, for an extension we do not use. */
size_t
virtq_device_off(uint16_t size)
{
	return (roundup2(virtq_driver_off(size) + sizeof(struct vring_avail) +
		size * sizeof(uint16_t) + sizeof(uint16_t),
	    (size_t)VRING_ALIGN));
}

size_t
virtq_bytes(uint16_t size)
{
	return (virtq_device_off(size) + sizeof(struct vring_used) +
	    size * sizeof(struct vring_used_elem) + sizeof(uint16_t));
}

void
virtq_init(struct virtq *vq, uint16_t size, void *mem, struct virtq_slot *slots)
{
	KASSERT(size > 0 && size <= VIRTQ_SIZE_MAX && powerof2(size),
	    ("virtq: size %u", size));
	KASSERT((uintptr_t)mem % VRING_ALIGN == 0, ("virtq: ring at %p", mem));
	memset(vq, 0, sizeof(*vq));
	vq->vq_size = vq->vq_nfree = size;
	vq->vq_slots = slots;
	vq->vq_desc = mem;
	vq->vq_driver = (void *)((uint8_t *)mem + virtq_driver_off(size));
	vq->vq_device = (void *)((uint8_t *)mem + virtq_device_off(size));
	memset(slots, 0, size * sizeof(*slots));
	for (unsigned i = 0; i < size; i++)
		slots[i].vs_next = (uint16_t)(i + 1);
}

/* Take the first free slot for one segment. */
static uint16_t
take_slot(struct virtq *vq, const struct virtq_seg *seg, bool write, bool last)
{
	uint16_t i = vq->vq_free;
	struct vring_desc *vd = &vq->vq_desc[i];

	vq->vq_free = vq->vq_slots[i].vs_next;
	vq->vq_nfree--;
	vd->vd_addr = seg->vs_pa;
	vd->vd_len = seg->vs_len;
	vd->vd_flags =
	    (write ? VRING_DESC_WRITE : 0) | (last ? 0 : VRING_DESC_NEXT);
	vd->vd_next = last ? 0 : vq->vq_free;
	return (i);
}

int
virtq_add(struct virtq *vq, const struct virtq_seg *segs, unsigned nout,
    unsigned nin, void *cookie)
{
	unsigned n = nout + nin;
	uint16_t head = vq->vq_free;
	uint64_t max = 0;

	KASSERT(cookie != NULL, ("virtq: a request without a cookie"));
	for (unsigned i = nout; i < n; i++)
		max += segs[i].vs_len;
	if (n == 0 || n > vq->vq_size || max > UINT32_MAX)
		return (EINVAL);
	if (vq->vq_fault != NULL)
		return (EIO);
	if (n > vq->vq_nfree) {
		vq->vq_full++;
		return (ENOSPC);
	}
	for (unsigned i = 0; i < n; i++)
		(void)take_slot(vq, &segs[i], i >= nout, i + 1 == n);
	vq->vq_slots[head].vs_cookie = cookie;
	vq->vq_slots[head].vs_count = (uint16_t)n;
	vq->vq_slots[head].vs_max = (uint32_t)max;
	vq->vq_driver->va_ring[vq->vq_avail & (vq->vq_size - 1)] = head;
	vq->vq_avail++;
	vq->vq_inflight++;
	vq->vq_requests++;
	return (0);
}

bool
virtq_publish(struct virtq *vq)
{
	if (vq->vq_shown == vq->vq_avail)
		return (false);
	vq->vq_shown = vq->vq_avail;
	atomic_store_rel(&vq->vq_driver->va_idx, vq->vq_avail);
	atomic_fence();
	if ((atomic_load(&vq->vq_device->vu_flags) & VRING_USED_NO_NOTIFY) != 0)
		return (false);
	vq->vq_notifies++;
	return (true);
}

/* The descriptors of the request at head are free again; its cookie. */
static void *
release_head(struct virtq *vq, uint16_t head)
{
	struct virtq_slot *vs = &vq->vq_slots[head];
	void *cookie = vs->vs_cookie;
	uint16_t last = head;

	for (unsigned i = 1; i < vs->vs_count; i++)
		last = vq->vq_slots[last].vs_next;
	vq->vq_slots[last].vs_next = vq->vq_free;
	vq->vq_free = head;
	vq->vq_nfree += vs->vs_count;
	vq->vq_inflight--;
	vs->vs_count = 0;
	vs->vs_cookie = NULL;
	return (cookie);
}

static int
fault(struct virtq *vq, const char *what)
{
	vq->vq_fault = what;
	return (EIO);
}

int
virtq_get(struct virtq *vq, void **cookiep, uint32_t *lenp)
{
	const volatile struct vring_used_elem *vu;
	uint16_t idx;
	uint32_t id, len;

	if (vq->vq_fault != NULL)
		return (EIO);
	idx = atomic_load_acq(&vq->vq_device->vu_idx);
	if (idx == vq->vq_used)
		return (ENOENT);
	if ((uint16_t)(idx - vq->vq_used) > vq->vq_inflight)
		return (fault(vq, "more is done than was asked for"));
	vu = &vq->vq_device->vu_ring[vq->vq_used & (vq->vq_size - 1)];
	id = vu->vu_id;
	len = vu->vu_len;
	if (id >= vq->vq_size)
		return (fault(vq, "what is done is no request's number"));
	if (vq->vq_slots[id].vs_count == 0)
		return (fault(vq, "what is done was not asked for"));
	if (len > vq->vq_slots[id].vs_max)
		return (fault(vq, "more was written than there is room for"));
	vq->vq_used++;
	*cookiep = release_head(vq, (uint16_t)id);
	*lenp = len;
	return (0);
}

/* Only a hint: the device may have looked just before. */
void
virtq_want_interrupt(struct virtq *vq, bool want)
{
	atomic_store(&vq->vq_driver->va_flags,
	    (uint16_t)(want ? 0 : VRING_AVAIL_NO_INTERRUPT));
	atomic_fence();
}

void *
virtq_drain(struct virtq *vq)
{
	for (unsigned i = 0; vq->vq_inflight > 0 && i < vq->vq_size; i++)
		if (vq->vq_slots[i].vs_count > 0)
			return (release_head(vq, (uint16_t)i));
	return (NULL);
}
