/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtqueue with a device beside it, first an honest one, then ones that
 * break each rule, then one that writes anything anywhere.
 */
#include <dev/virtio/virtq.h>
#include "check.h"

#define SIZE_MAX_ 64

struct ring {
	struct virtq vq;
	void *mem;
	struct virtq_slot *slots;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t taken;	    /* what the device took of the driver's ring */
	uint8_t live[1024]; /* by cookie: it is in flight */
	uint32_t offered[1024];
	unsigned next, nlive;
};

static void
ring_make(struct ring *r, uint16_t size)
{
	memset(r, 0, sizeof(*r));
	r->mem = check_alloc(virtq_bytes(size));
	r->slots = check_alloc(size * sizeof(*r->slots));
	virtq_init(&r->vq, size, r->mem, r->slots);
	r->desc = r->mem;
	r->avail = (void *)((uint8_t *)r->mem + virtq_driver_off(size));
	r->used = (void *)((uint8_t *)r->mem + virtq_device_off(size));
}

static void
ring_free(struct ring *r)
{
	check_free(r->mem);
	check_free(r->slots);
}

static void *
cookie_of(unsigned i)
{
	return ((void *)(uintptr_t)(i + 1));
}

/* A request of nout and nin segments; what virtq_add says. */
static int
ring_add(struct ring *r, unsigned nout, unsigned nin)
{
	struct virtq_seg segs[2 * SIZE_MAX_];
	unsigned id = r->next % nitems(r->live);
	uint32_t offered = 0;
	int error;

	CHECK(nout + nin <= nitems(segs));
	for (unsigned i = 0; i < nout + nin; i++) {
		segs[i].vs_pa = 0x1000 * (id + 1) + i;
		segs[i].vs_len = 1 + (uint32_t)(check_random() % 100);
		offered += i >= nout ? segs[i].vs_len : 0;
	}
	while (r->live[id])
		id = ++r->next % nitems(r->live);
	error = virtq_add(&r->vq, segs, nout, nin, cookie_of(id));
	if (error == 0) {
		r->live[id] = 1;
		r->offered[id] = offered;
		r->next++;
		r->nlive++;
	}
	return (error);
}

/* A cookie came back: it was out, and once. */
static void
ring_back(struct ring *r, void *cookie)
{
	uintptr_t id = (uintptr_t)cookie - 1;

	CHECK(id < nitems(r->live));
	CHECK(r->live[id]);
	r->live[id] = 0;
	r->nlive--;
}

static int
ring_get(struct ring *r, uint32_t *lenp)
{
	void *cookie;
	int error = virtq_get(&r->vq, &cookie, lenp);

	if (error == 0) {
		CHECK(*lenp <= r->offered[(uintptr_t)cookie - 1]);
		ring_back(r, cookie);
	}
	return (error);
}

/* All that is left comes by draining, and nothing comes twice. */
static void
ring_drain(struct ring *r)
{
	void *cookie;

	while ((cookie = virtq_drain(&r->vq)) != NULL)
		ring_back(r, cookie);
	EQ(r->nlive, 0);
	EQ(r->vq.vq_inflight, 0);
	EQ(r->vq.vq_nfree, r->vq.vq_size);
}

/* The device: the head it is shown next, -1 if there is none. */
static int
device_take(struct ring *r)
{
	if (r->taken == r->avail->va_idx)
		return (-1);
	return (r->avail->va_ring[r->taken++ % r->vq.vq_size]);
}

static void
device_done(struct ring *r, uint32_t id, uint32_t len)
{
	r->used->vu_ring[r->used->vu_idx % r->vq.vq_size].vu_id = id;
	r->used->vu_ring[r->used->vu_idx % r->vq.vq_size].vu_len = len;
	r->used->vu_idx++;
}

/* What the chain at head lets the device write; the chain is well made. */
static uint32_t
device_room(struct ring *r, unsigned head)
{
	uint32_t room = 0;
	bool written = false;

	for (unsigned n = 0;; n++) {
		struct vring_desc *vd = &r->desc[head];

		CHECK(n < r->vq.vq_size);
		if ((vd->vd_flags & VRING_DESC_WRITE) != 0) {
			room += vd->vd_len;
			written = true;
		} else {
			CHECK(!written);
		}
		if ((vd->vd_flags & VRING_DESC_NEXT) == 0)
			return (room);
		head = vd->vd_next;
		CHECK(head < r->vq.vq_size);
	}
}

CASE(layout, "are the rings where the specification wants them?")
{
	for (uint32_t size = 1; size <= VIRTQ_SIZE_MAX; size *= 2) {
		uint16_t n = (uint16_t)size;

		EQ(virtq_driver_off(n), 16 * size);
		EQ(virtq_device_off(n) % 4, 0);
		CHECK(virtq_device_off(n) >= 16 * size + 6 + 2 * size);
		EQ(virtq_bytes(n), virtq_device_off(n) + 6 + 8 * size);
	}
}

CASE(one, "does a request reach the device and come back?")
{
	struct ring r;
	uint32_t len;
	int head;

	ring_make(&r, 4);
	CHECK(!virtq_publish(&r.vq));
	EQ(ring_add(&r, 1, 2), 0);
	EQ(r.avail->va_idx, 0);
	EQ(device_take(&r), -1); /* not shown yet */
	CHECK(virtq_publish(&r.vq));
	CHECK(!virtq_publish(&r.vq));
	EQ(ring_get(&r, &len), ENOENT);
	head = device_take(&r);
	CHECK(head >= 0);
	EQ(device_room(&r, (unsigned)head), r.offered[0]);
	device_done(&r, (uint32_t)head, 1);
	EQ(ring_get(&r, &len), 0);
	EQ(len, 1);
	EQ(ring_get(&r, &len), ENOENT);
	EQ(r.vq.vq_nfree, 4);
	ring_free(&r);
}

CASE(full, "is a full ring told from a request that never fits?")
{
	struct virtq_seg none[1] = {{0, 0}};
	struct ring r;
	uint32_t len;

	ring_make(&r, 8);
	EQ(virtq_add(&r.vq, none, 0, 0, &r), EINVAL);
	EQ(ring_add(&r, 5, 4), EINVAL);
	EQ(ring_add(&r, 4, 4), 0);
	EQ(ring_add(&r, 1, 0), ENOSPC);
	EQ(r.vq.vq_full, 1);
	virtq_publish(&r.vq);
	device_done(&r, (uint32_t)device_take(&r), 0);
	EQ(ring_get(&r, &len), 0);
	for (int i = 0; i < 8; i++)
		EQ(ring_add(&r, i % 2, 1 - i % 2), 0);
	EQ(ring_add(&r, 1, 0), ENOSPC);
	ring_drain(&r);
	ring_free(&r);
}

CASE(too_long, "is more room than a length can tell refused?")
{
	struct virtq_seg segs[2] = {{0, 0xffffffff}, {0, 1}};
	struct ring r;

	ring_make(&r, 4);
	EQ(virtq_add(&r.vq, segs, 0, 2, &r), EINVAL);
	EQ(virtq_add(&r.vq, segs, 1, 1, &r), 0);
	ring_free(&r);
}

CASE(suppress, "are notifications and interrupts kept back when unwanted?")
{
	struct ring r;

	ring_make(&r, 4);
	r.used->vu_flags = VRING_USED_NO_NOTIFY;
	EQ(ring_add(&r, 1, 0), 0);
	CHECK(!virtq_publish(&r.vq));
	EQ(r.avail->va_idx, 1);
	r.used->vu_flags = 0;
	EQ(ring_add(&r, 1, 0), 0);
	CHECK(virtq_publish(&r.vq));
	virtq_want_interrupt(&r.vq, false);
	EQ(r.avail->va_flags, VRING_AVAIL_NO_INTERRUPT);
	virtq_want_interrupt(&r.vq, true);
	EQ(r.avail->va_flags, 0);
	ring_drain(&r);
	ring_free(&r);
}

/* Add, take and finish at random, in any order. */
static void
honest(uint16_t size, unsigned turns)
{
	int heads[SIZE_MAX_];
	unsigned nheads = 0;
	struct ring r;
	uint32_t len;

	ring_make(&r, size);
	for (unsigned i = 0; i < turns; i++) {
		unsigned what = (unsigned)(check_random() % 4);

		if (what == 0) {
			unsigned nout = (unsigned)(check_random() % 4);

			(void)ring_add(&r, nout,
			    (unsigned)(check_random() % 3) + (nout == 0));
			virtq_publish(&r.vq);
		} else if (what == 1 && nheads < size) {
			int head = device_take(&r);

			if (head >= 0)
				heads[nheads++] = head;
		} else if (what == 2 && nheads > 0) {
			unsigned k = (unsigned)(check_random() % nheads);
			uint32_t room = device_room(&r, (unsigned)heads[k]);

			device_done(&r, (uint32_t)heads[k],
			    (uint32_t)(check_random() % (room + 1)));
			heads[k] = heads[--nheads];
		} else {
			int error = ring_get(&r, &len);

			CHECK(error == 0 || error == ENOENT);
		}
		CHECK(r.vq.vq_fault == NULL);
		EQ(r.vq.vq_inflight, r.nlive);
	}
	ring_drain(&r);
	ring_free(&r);
}

CASE(any_order, "does an honest device in any order stay in good terms?")
{
	for (uint16_t size = 1; size <= SIZE_MAX_; size *= 2)
		honest(size, 20000);
}

CASE(index_wraps, "does the ring survive its indices' end?")
{
	struct ring r;
	uint32_t len;

	ring_make(&r, 2);
	for (unsigned i = 0; i < 200000; i++) {
		EQ(ring_add(&r, 1, 1), 0);
		virtq_publish(&r.vq);
		device_done(&r, (uint32_t)device_take(&r), 0);
		EQ(ring_get(&r, &len), 0);
	}
	ring_free(&r);
}

/* The lie was noticed; from now on nothing goes, and draining gives all. */
static void
broken(struct ring *r, const char *why)
{
	uint32_t len;

	EQ(ring_get(r, &len), EIO);
	TEXT(r->vq.vq_fault, why);
	EQ(ring_get(r, &len), EIO);
	EQ(ring_add(r, 1, 0), EIO);
	ring_drain(r);
	ring_free(r);
}

/* Three requests with the device; the head of the first. */
static unsigned
three(struct ring *r)
{
	ring_make(r, 8);
	for (int i = 0; i < 3; i++)
		EQ(ring_add(r, 1, 1), 0);
	virtq_publish(&r->vq);
	return ((unsigned)device_take(r));
}

CASE(lie_index, "is a jump of the device's index noticed?")
{
	struct ring r;

	(void)three(&r);
	r.used->vu_idx = 4;
	broken(&r, "more is done than was asked for");
	(void)three(&r);
	r.used->vu_idx = 0xffff; /* backwards */
	broken(&r, "more is done than was asked for");
	ring_make(&r, 8);
	r.used->vu_idx = 1; /* nothing was asked */
	broken(&r, "more is done than was asked for");
}

CASE(lie_number, "is a head that is none noticed?")
{
	struct ring r;

	(void)three(&r);
	device_done(&r, 8, 0);
	broken(&r, "what is done is no request's number");
	(void)three(&r);
	device_done(&r, 0xffffffff, 0);
	broken(&r, "what is done is no request's number");
}

CASE(lie_twice, "is a request that is done twice noticed?")
{
	struct ring r;
	uint32_t len;
	unsigned head = three(&r);

	device_done(&r, head, 0);
	device_done(&r, head, 0);
	EQ(ring_get(&r, &len), 0);
	broken(&r, "what is done was not asked for");
}

CASE(lie_middle, "is a descriptor inside a request told from its head?")
{
	struct ring r;
	unsigned head = three(&r);

	device_done(&r, r.desc[head].vd_next, 0);
	broken(&r, "what is done was not asked for");
}

CASE(lie_length, "is a length above what was offered noticed?")
{
	struct ring r;
	unsigned head = three(&r);

	device_done(&r, head, r.offered[0] + 1);
	broken(&r, "more was written than there is room for");
	head = three(&r);
	device_done(&r, head, 0xffffffff);
	broken(&r, "more was written than there is room for");
}

CASE(scribble, "does a device that overwrites the descriptors get far?")
{
	struct ring r;
	uint32_t len;
	unsigned head = three(&r), size = r.vq.vq_size;

	memset(r.mem, 0xff, virtq_device_off((uint16_t)size));
	device_done(&r, head, 0);
	EQ(ring_get(&r, &len), 0);
	EQ(ring_add(&r, 3, 1), 0);
	EQ(ring_add(&r, 2, 0), ENOSPC + 0 * (int)len); /* 4 + 2 * 2 of 8 */
	ring_drain(&r);
	ring_free(&r);
}

CASE(anything, "does a device that writes anything anywhere stay harmless?")
{
	for (unsigned round = 0; round < 3000; round++) {
		uint16_t size = (uint16_t)(1 << check_random() % 5);
		struct ring r;
		uint32_t len;

		ring_make(&r, size);
		for (unsigned i = 0; i < 60; i++) {
			uint8_t *mem = r.mem;

			(void)ring_add(&r, (unsigned)(check_random() % 3),
			    1 + (unsigned)(check_random() % 2));
			virtq_publish(&r.vq);
			if (check_random() % 3 == 0)
				mem[check_random() % virtq_bytes(size)] =
				    (uint8_t)check_random();
			if (check_random() % 4 == 0)
				device_done(&r,
				    (uint32_t)(check_random() % (size + 1)),
				    (uint32_t)(check_random() % 300));
			while (ring_get(&r, &len) == 0)
				;
		}
		ring_drain(&r);
		ring_free(&r);
	}
}
