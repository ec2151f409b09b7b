/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls to a 9P server over virtio (virtio 1.2, section 5.11; the server is
 * QEMU's -fsdev).
 *
 * 1. There are P9_CALLS slots; a slot's number is the tag of its message.  Each
 *    has two buffers, made when the device is found: a call needs no memory, so
 *    pages can be written back when there is none.  File data is copied: the
 *    device never has a page of somebody else, not even when it is broken.
 *
 * 2. The session begins with the first p9_find: Tversion, which settles the
 *    protocol and the longest message.
 *
 * 3. An answer with another tag or type, a wrong length or missing fields
 *    makes the device broken, and so does silence for virtio_limit().  Then
 *    every call, now and later, ends with EIO.
 *
 * Lock: p9_spin guards the queue and the slots.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <dev/virtio/virtio.h>
#include <dev/virtio/virtio_9p.h>

#define P9_F_MOUNT_TAG (1UL << 0)
#define P9_CFG_TAG_LEN 0 /* 2 bytes, then the tag */
#define P9_CFG_TAG     2

#define P9_CALLS   8
#define P9_QUEUE   16
#define P9_TAG_MAX 64
#define P9_UNITS   4

MALLOC_DEFINE(M_P9, "virtio_9p", "9P devices and their messages");
FAULT_POINT(fault_p9_call, "virtio_9p_call");

enum p9_session {
	P9_NEW,
	P9_READY,
	P9_REFUSED
};

struct p9 {
	struct virtio_dev *p9_dev;
	struct spinlock p9_spin;
	bool p9_dead; /* (p9_spin) */
	struct p9_call p9_calls[P9_CALLS];
	struct lock p9_lock;	    /* for the session's beginning */
	enum p9_session p9_session; /* (p9_lock) */
	volatile uint32_t p9_fids;  /* (atomic) the last one given out */
	char p9_tag[P9_TAG_MAX];
};

static struct p9 *p9_units[P9_UNITS]; /* (c) after the boot */

/* --- slots --------------------------------------------------------------------------- */

/* (p9_spin) */
static struct p9_call *
call_free(struct p9 *p9)
{
	for (unsigned i = 0; i < P9_CALLS; i++)
		if (!p9->p9_calls[i].pc_busy)
			return (&p9->p9_calls[i]);
	return (NULL);
}

struct p9_call *
p9_call_begin(struct p9 *p9, enum p9_type type, int flags)
{
	struct p9_call *pc;
	bool big_answer = (flags & P9_BIG_ANSWER) != 0;

	spin_lock(&p9->p9_spin);
	while ((pc = call_free(p9)) == NULL)
		(void)spin_sleep(
		    p9->p9_calls, &p9->p9_spin, 0, "p9slot", SLEEP_FOREVER);
	pc->pc_busy = true;
	pc->pc_alone = false;
	spin_unlock(&p9->p9_spin);
	pc->pc_type = type;
	pc->pc_tag =
	    type == P9_TVERSION ? P9_NOTAG : (uint16_t)(pc - p9->p9_calls);
	pc->pc_big_answer = big_answer;
	p9_put_begin(&pc->pc_msg, big_answer ? pc->pc_small : pc->pc_big,
	    big_answer ? P9_SMALL : P9_MSIZE, type, pc->pc_tag);
	return (pc);
}

int
p9_call_end(struct p9_call *pc, int error)
{
	struct p9 *p9 = pc->pc_p9;

	if (error == 0 && pc->pc_msg.pm_bad) {
		virtio_fail(p9->p9_dev, "an answer to %d is cut off or wrong",
		    pc->pc_type);
		error = EIO;
	}
	spin_lock(&p9->p9_spin);
	pc->pc_busy = false;
	spin_unlock(&p9->p9_spin);
	wakeup_one(p9->p9_calls);
	return (error);
}

/* (p9_spin) Give the request to the device.  0 or EIO. */
static int
call_send(struct p9_call *pc, uint32_t len)
{
	struct p9 *p9 = pc->pc_p9;
	struct virtio_queue *q = &p9->p9_dev->vd_queues[0];
	struct virtq_seg segs[2];
	int error;

	segs[0].vs_pa = kva_to_pa(pc->pc_msg.pm_buf);
	segs[0].vs_len = len;
	segs[1].vs_pa =
	    kva_to_pa(pc->pc_big_answer ? pc->pc_big : pc->pc_small);
	segs[1].vs_len = pc->pc_big_answer ? P9_MSIZE : P9_SMALL;
	if (p9->p9_dead || virtio_broken(p9->p9_dev))
		return (EIO);
	pc->pc_over = false;
	error = virtq_add(&q->q_vq, segs, 1, 1, pc);
	KASSERT(error == 0 || error == EIO, ("p9: %d", error));
	if (error == 0)
		virtio_notify(q);
	return (error);
}

/* (p9_spin) */
static int
call_wait(struct p9_call *pc)
{
	struct p9 *p9 = pc->pc_p9;

	while (!pc->pc_over) {
		if (spin_sleep(pc, &p9->p9_spin, 0, "p9call", virtio_limit()) ==
			EWOULDBLOCK &&
		    !pc->pc_over)
			virtio_fail(p9->p9_dev, "it is silent");
	}
	return (pc->pc_error);
}

int
p9_call_run(struct p9_call *pc)
{
	struct p9 *p9 = pc->pc_p9;
	size_t len = p9_put_end(&pc->pc_msg);
	int error;

	if (len == 0) {
		pc->pc_msg.pm_bad = false;
		return (ENAMETOOLONG);
	}
	if (fault_fires(&fault_p9_call))
		return (EIO);
	spin_lock(&p9->p9_spin);
	error = call_send(pc, (uint32_t)len);
	if (error == 0)
		error = call_wait(pc);
	spin_unlock(&p9->p9_spin);
	if (error == 0) {
		error = p9_get_begin(&pc->pc_msg,
		    pc->pc_big_answer ? pc->pc_big : pc->pc_small, pc->pc_len,
		    pc->pc_type, pc->pc_tag);
		if (error == EPROTO) {
			virtio_fail(p9->p9_dev, "what came is no answer to %d",
			    pc->pc_type);
			error = EIO;
		}
	}
	KTR_EVENT(MACHINE, p9_call, "type=%u tag=%u error=%d", pc->pc_type,
	    pc->pc_tag, error);
	return (error);
}

/* (p9_spin) */
static void
slot_free(struct p9_call *pc)
{
	pc->pc_busy = false;
	wakeup_one(pc->pc_p9->p9_calls);
}

void
p9_call_forget(struct p9_call *pc)
{
	struct p9 *p9 = pc->pc_p9;
	size_t len = p9_put_end(&pc->pc_msg);

	spin_lock(&p9->p9_spin);
	pc->pc_alone = true;
	if (len == 0 || call_send(pc, (uint32_t)len) != 0)
		slot_free(pc);
	spin_unlock(&p9->p9_spin);
}

/* (p9_spin) The answer is there, or, with an error, none will be. */
static void
call_over(struct p9_call *pc, int error, uint32_t len)
{
	pc->pc_len = len;
	pc->pc_error = error;
	pc->pc_over = true;
	if (pc->pc_alone)
		slot_free(pc);
	else
		wakeup(pc);
}

uint32_t
p9_fid_new(struct p9 *p9)
{
	return (atomic_add(&p9->p9_fids, 1));
}

/* --- the device ----------------------------------------------------------------------- */

static void
p9_intr(struct virtio_queue *q)
{
	struct p9 *p9 = q->q_arg;
	void *cookie;
	uint32_t len;

	spin_lock(&p9->p9_spin);
	while (virtio_get(q, &cookie, &len) == 0)
		call_over(cookie, 0, len);
	spin_unlock(&p9->p9_spin);
}

static void
p9_dead(struct virtio_dev *vd)
{
	struct p9 *p9 = vd->vd_softc;
	struct p9_call *pc;

	spin_lock(&p9->p9_spin);
	p9->p9_dead = true;
	while ((pc = virtq_drain(&vd->vd_queues[0].q_vq)) != NULL)
		call_over(pc, EIO, 0);
	spin_unlock(&p9->p9_spin);
}

/* (p9_lock) Tversion.  READY or REFUSED, with a line. */
static void
session_begin(struct p9 *p9)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TVERSION, 0);
	const char *version, *name = p9->p9_dev->vd_name;
	bool ours = false;
	uint32_t msize = 0;
	size_t len;
	int error;

	p9_put32(&pc->pc_msg, P9_MSIZE);
	p9_put_string(&pc->pc_msg, P9_VERSION);
	error = p9_call_run(pc);
	if (error == 0) {
		msize = p9_get32(&pc->pc_msg);
		version = p9_get_string(&pc->pc_msg, &len);
		ours = version != NULL && len == strlen(P9_VERSION) &&
		    memcmp(version, P9_VERSION, len) == 0;
	}
	error = p9_call_end(pc, error);
	p9->p9_session = P9_REFUSED;
	if (error != 0)
		kprintf("%s: no session: %s\n", name, errno_text(error));
	else if (!ours)
		kprintf("%s: does not speak %s, left out\n", name, P9_VERSION);
	else if (msize != P9_MSIZE)
		kprintf("%s: takes messages of %u bytes, not %u, left out\n",
		    name, msize, P9_MSIZE);
	else
		p9->p9_session = P9_READY;
}

int
p9_find(const char *tag, struct p9 **p9p)
{
	for (unsigned i = 0; i < P9_UNITS; i++) {
		struct p9 *p9 = p9_units[i];

		if (p9 == NULL || strcmp(p9->p9_tag, tag) != 0)
			continue;
		lock_excl(&p9->p9_lock);
		if (p9->p9_session == P9_NEW)
			session_begin(p9);
		lock_release(&p9->p9_lock);
		*p9p = p9;
		return (p9->p9_session == P9_READY ? 0 : ENXIO);
	}
	return (ENXIO);
}

/* 0, or EIO after a line. */
static int
read_tag(struct p9 *p9)
{
	struct virtio_dev *vd = p9->p9_dev;
	uint16_t len = 0;

	if (!virtio_has(vd, P9_F_MOUNT_TAG) ||
	    virtio_config_read(vd, P9_CFG_TAG_LEN, &len, 2, 2) != 0 ||
	    len >= sizeof(p9->p9_tag) ||
	    virtio_config_read(vd, P9_CFG_TAG, p9->p9_tag, len, 1) != 0) {
		kprintf(
		    "%s: its mount tag is impossible, left out\n", vd->vd_name);
		return (EIO);
	}
	p9->p9_tag[len] = '\0';
	return (0);
}

static void
calls_free(struct p9 *p9)
{
	for (unsigned i = 0; i < P9_CALLS; i++) {
		kfree(p9->p9_calls[i].pc_small, M_P9);
		kfree(p9->p9_calls[i].pc_big, M_P9);
	}
}

static int
calls_make(struct p9 *p9)
{
	for (unsigned i = 0; i < P9_CALLS; i++) {
		struct p9_call *pc = &p9->p9_calls[i];

		pc->pc_p9 = p9;
		pc->pc_small = kmalloc(P9_SMALL, M_P9, M_WAITOK | M_ZERO);
		pc->pc_big = kmalloc(P9_MSIZE, M_P9, M_WAITOK | M_ZERO);
		if (pc->pc_small == NULL || pc->pc_big == NULL) {
			kprintf("%s: out of memory\n", p9->p9_dev->vd_name);
			return (ENOMEM);
		}
	}
	return (0);
}

/* Each call has its place in the ring: what it asks is never refused. */
static int
check_queue(struct virtio_dev *vd)
{
	if (vd->vd_queues[0].q_vq.vq_size >= 2 * P9_CALLS)
		return (0);
	kprintf("%s: its queue is too small, left out\n", vd->vd_name);
	return (EIO);
}

static int
p9_attach(struct virtio_dev *vd)
{
	struct p9 *p9 = kmalloc(sizeof(*p9), M_P9, M_WAITOK | M_ZERO);
	struct virtio_queue_spec spec = {P9_QUEUE, p9_intr, p9};
	int error;

	if (p9 == NULL || vd->vd_unit >= P9_UNITS) {
		kprintf("%s: %s, left out\n", vd->vd_name,
		    p9 == NULL ? "out of memory" : "one too many");
		kfree(p9, M_P9);
		return (ENOMEM);
	}
	p9->p9_dev = vd;
	vd->vd_softc = p9;
	spin_init(&p9->p9_spin, "p9");
	lock_init(&p9->p9_lock, "p9 session", 0);
	if ((error = read_tag(p9)) != 0 || (error = calls_make(p9)) != 0 ||
	    (error = virtio_queues(vd, 1, &spec)) != 0 ||
	    (error = check_queue(vd)) != 0) {
		calls_free(p9);
		lock_destroy(&p9->p9_lock);
		kfree(p9, M_P9);
		return (error);
	}
	virtio_ready(vd);
	p9_units[vd->vd_unit] = p9;
	return (0);
}

static struct virtio_driver p9_driver = {
    .vdr_name = "p9",
    .vdr_type = VIRTIO_9P,
    .vdr_features = P9_F_MOUNT_TAG,
    .vdr_attach = p9_attach,
    .vdr_dead = p9_dead,
};

static int
p9_load(void)
{
	virtio_driver_add(&p9_driver);
	return (0);
}

static const struct module p9_module = {
    .mod_name = "virtio_9p",
    .mod_class = "dev",
    .mod_version = 1,
    .mod_load = p9_load,
    .mod_desc = "9P servers of the host",
};
MODULE(virtio_9p, p9_module);
