/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network devices (virtio 1.2, section 5.1), until there is a network stack: a
 * frame a read, a frame a write, of /dev/vnetN.
 *
 * 1. Every buffer is a header of 12 bytes and a frame of at most VNET_FRAME
 *    bytes.  No offload is negotiated, so the header is zeros when we send and
 *    without meaning when we receive.
 *
 * 2. VNET_BUFS buffers are with the device for input.  A filled one waits in
 *    vn_in until it is read; while nobody has the device open, and when the
 *    reader is slow, frames are dropped and counted, as networks do.  As many
 *    buffers are for output; who writes when none is free waits, or gets EAGAIN.
 *
 * 3. A frame from the device that is too short for its header is dropped and
 *    counted.  The rest is virtio.c's: a broken device ends all waits (ENXIO).
 *
 * Lock: vn_spin guards lists and counters; es_spin is taken without it.
 */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/ddb.h>
#include <sys/event.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <dev/virtio/virtio.h>

#define VNET_F_MAC    (1UL << 5)
#define VNET_F_STATUS (1UL << 16)

/* Configuration: MAC 6, status 2. */
#define VNET_CFG_MAC	0
#define VNET_CFG_STATUS 6
#define VNET_S_LINK_UP	1

#define VNET_HEADER 12
#define VNET_FRAME  1514 /* Ethernet without checksum */
#define VNET_ROOM   2048 /* of a buffer */
#define VNET_MIN    14	 /* an Ethernet header */
#define VNET_BUFS   64
#define VNET_QUEUE  128
#define VNET_UNITS  8
#define VNET_MAJOR  251

MALLOC_DEFINE(M_VNET, "virtio_net", "virtio network devices and their frames");

struct vnet_buf {
	TAILQ_ENTRY(vnet_buf) nb_link; /* (vn_spin) */
	uint8_t *nb_data;
	uint32_t nb_len; /* with the header */
};
TAILQ_HEAD(vnet_list, vnet_buf);

struct vnet {
	struct virtio_dev *vn_dev;
	struct spinlock vn_spin;
	struct vnet_list vn_in;	  /* (vn_spin) to be read */
	struct vnet_list vn_free; /* (vn_spin) for output */
	uint32_t vn_opens;	  /* (vn_spin) */
	bool vn_dead;		  /* (vn_spin) */
	bool vn_up;		  /* (atomic) link */
	uint8_t vn_mac[6];	  /* (c) */
	uint64_t vn_rx_frames, vn_rx_bytes, vn_rx_drops; /* (vn_spin) */
	uint64_t vn_tx_frames, vn_tx_bytes;		 /* (vn_spin) */
	struct ev_source vn_events;
};

static struct vnet *vnets[VNET_UNITS]; /* (c) after attach */

/* --- buffers ----------------------------------------------------------------------- */

static void
list_free(struct vnet_list *list)
{
	struct vnet_buf *nb;

	while ((nb = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, nb, nb_link);
		kfree(nb->nb_data, M_VNET);
		kfree(nb, M_VNET);
	}
}

/* As many as the ring of queue has places for, and not too many. */
static int
list_fill(struct vnet_list *list, const struct virtio_queue *q)
{
	unsigned n = MIN(VNET_BUFS, q->q_vq.vq_size);

	TAILQ_INIT(list);
	for (unsigned i = 0; i < n; i++) {
		struct vnet_buf *nb =
		    kmalloc(sizeof(*nb), M_VNET, M_WAITOK | M_ZERO);

		if (nb != NULL)
			nb->nb_data =
			    kmalloc(VNET_ROOM, M_VNET, M_WAITOK | M_ZERO);
		if (nb == NULL || nb->nb_data == NULL) {
			kfree(nb, M_VNET);
			list_free(list);
			return (ENOMEM);
		}
		TAILQ_INSERT_TAIL(list, nb, nb_link);
	}
	return (0);
}

/* (vn_spin) Queue 0 fills it, queue 1 sends it.  0, EIO, ENOSPC. */
static int
give(struct vnet *vn, unsigned queue, struct vnet_buf *nb)
{
	struct virtio_queue *q = &vn->vn_dev->vd_queues[queue];
	struct virtq_seg seg = {
	    kva_to_pa(nb->nb_data), queue == 0 ? VNET_ROOM : nb->nb_len};

	SPIN_ASSERT(&vn->vn_spin);
	if (vn->vn_dead || virtio_broken(vn->vn_dev))
		return (EIO);
	return (virtq_add(&q->q_vq, &seg, queue, 1 - queue, nb));
}

/* (vn_spin) All of list to be filled; what the device does not take stays. */
static void
give_all(struct vnet *vn, struct vnet_list *list)
{
	struct vnet_buf *nb;

	while ((nb = TAILQ_FIRST(list)) != NULL && give(vn, 0, nb) == 0)
		TAILQ_REMOVE(list, nb, nb_link);
	virtio_notify(&vn->vn_dev->vd_queues[0]);
}

/* --- handlers --------------------------------------------------------------------------- */

/* (vn_spin) Is it a frame that somebody may read? */
static bool
frame_wanted(struct vnet *vn, const struct vnet_buf *nb)
{
	if (nb->nb_len < VNET_HEADER + VNET_MIN || vn->vn_opens == 0) {
		vn->vn_rx_drops++;
		return (false);
	}
	vn->vn_rx_frames++;
	vn->vn_rx_bytes += nb->nb_len - VNET_HEADER;
	return (true);
}

static void
vnet_rx(struct virtio_queue *q)
{
	struct vnet *vn = q->q_arg;
	struct vnet_list back = TAILQ_HEAD_INITIALIZER(back);
	void *cookie;
	uint32_t len;

	spin_lock(&vn->vn_spin);
	while (virtio_get(q, &cookie, &len) == 0) {
		struct vnet_buf *nb = cookie;

		nb->nb_len = len;
		if (frame_wanted(vn, nb))
			TAILQ_INSERT_TAIL(&vn->vn_in, nb, nb_link);
		else
			TAILQ_INSERT_TAIL(&back, nb, nb_link);
	}
	give_all(vn, &back);
	TAILQ_CONCAT(&vn->vn_free, &back, nb_link); /* of a dead device */
	spin_unlock(&vn->vn_spin);
	wakeup(&vn->vn_in);
	ev_notify(&vn->vn_events, EV_IN);
}

static void
vnet_tx(struct virtio_queue *q)
{
	struct vnet *vn = q->q_arg;
	void *cookie;
	uint32_t len;

	spin_lock(&vn->vn_spin);
	while (virtio_get(q, &cookie, &len) == 0)
		TAILQ_INSERT_TAIL(
		    &vn->vn_free, (struct vnet_buf *)cookie, nb_link);
	spin_unlock(&vn->vn_spin);
	wakeup(&vn->vn_free);
	ev_notify(&vn->vn_events, EV_OUT);
}

/* The link, which is up if the device does not tell. */
static void
vnet_config(struct virtio_dev *vd)
{
	struct vnet *vn = vd->vd_softc;
	uint16_t status = VNET_S_LINK_UP;

	if (virtio_has(vd, VNET_F_STATUS) &&
	    virtio_config_read(vd, VNET_CFG_STATUS, &status, 2, 2) != 0)
		virtio_fail(vd, "its link has no state");
	atomic_store(&vn->vn_up, (status & VNET_S_LINK_UP) != 0);
}

static void
vnet_dead(struct virtio_dev *vd)
{
	struct vnet *vn = vd->vd_softc;
	struct vnet_buf *nb;

	spin_lock(&vn->vn_spin);
	vn->vn_dead = true;
	for (unsigned i = 0; i < vd->vd_nqueues; i++)
		while ((nb = virtq_drain(&vd->vd_queues[i].q_vq)) != NULL)
			TAILQ_INSERT_TAIL(&vn->vn_free, nb, nb_link);
	spin_unlock(&vn->vn_spin);
	wakeup(&vn->vn_in);
	wakeup(&vn->vn_free);
	ev_notify(&vn->vn_events, EV_IN | EV_OUT | EV_HUP);
}

/* --- the device node ------------------------------------------------------------------------ */

static int
vnet_open(struct cdev *dev, int fflags, struct file *fp)
{
	struct vnet *vn = dev->d_data;

	if (virtio_broken(vn->vn_dev))
		return (ENXIO);
	spin_lock(&vn->vn_spin);
	vn->vn_opens++;
	spin_unlock(&vn->vn_spin);
	return (0);
}

static int
vnet_close(struct cdev *dev, int fflags, struct file *fp)
{
	struct vnet *vn = dev->d_data;

	spin_lock(&vn->vn_spin);
	if (--vn->vn_opens == 0)
		give_all(vn, &vn->vn_in);
	spin_unlock(&vn->vn_spin);
	return (0);
}

/* (vn_spin) The first of list, taken out.  0, EAGAIN, ENXIO, EINTR, ... */
static int
take(struct vnet *vn, struct vnet_list *list, bool nonblock,
    struct vnet_buf **nbp)
{
	int error = 0;

	while (
	    error == 0 && !vn->vn_dead && (*nbp = TAILQ_FIRST(list)) == NULL) {
		if (nonblock)
			return (EAGAIN);
		error = spin_sleep(
		    list, &vn->vn_spin, PCATCH, "vnet", SLEEP_FOREVER);
	}
	if (error == 0 && vn->vn_dead)
		return (ENXIO);
	if (error == 0)
		TAILQ_REMOVE(list, *nbp, nb_link);
	return (error);
}

/* One frame; what does not fit the reader's buffer is lost. */
static int
vnet_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct vnet *vn = dev->d_data;
	struct vnet_list back = TAILQ_HEAD_INITIALIZER(back);
	struct vnet_buf *nb;
	int error;

	spin_lock(&vn->vn_spin);
	error = take(vn, &vn->vn_in, (ioflags & IO_NONBLOCK) != 0, &nb);
	spin_unlock(&vn->vn_spin);
	if (error != 0)
		return (error);
	error = uiomove(nb->nb_data + VNET_HEADER,
	    MIN(uio->uio_resid, nb->nb_len - VNET_HEADER), uio);
	TAILQ_INSERT_TAIL(&back, nb, nb_link);
	spin_lock(&vn->vn_spin);
	give_all(vn, &back);
	TAILQ_CONCAT(&vn->vn_free, &back, nb_link); /* of a dead device */
	spin_unlock(&vn->vn_spin);
	return (error);
}

/* One frame, whole or not at all.  EMSGSIZE: it is none. */
static int
vnet_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct vnet *vn = dev->d_data;
	size_t len = uio->uio_resid;
	struct vnet_buf *nb;
	int error;

	if (len < VNET_MIN || len > VNET_FRAME)
		return (EMSGSIZE);
	spin_lock(&vn->vn_spin);
	error = take(vn, &vn->vn_free, (ioflags & IO_NONBLOCK) != 0, &nb);
	spin_unlock(&vn->vn_spin);
	if (error != 0)
		return (error);
	memset(nb->nb_data, 0, VNET_HEADER);
	nb->nb_len = (uint32_t)(VNET_HEADER + len);
	error = uiomove(nb->nb_data + VNET_HEADER, len, uio);
	spin_lock(&vn->vn_spin);
	if (error == 0 && (error = give(vn, 1, nb)) == 0) {
		vn->vn_tx_frames++;
		vn->vn_tx_bytes += len;
		virtio_notify(&vn->vn_dev->vd_queues[1]);
	} else {
		TAILQ_INSERT_HEAD(&vn->vn_free, nb, nb_link);
		uio->uio_resid = len;
	}
	spin_unlock(&vn->vn_spin);
	return (error);
}

static uint32_t
vnet_poll(
    struct cdev *dev, uint32_t events, struct ev_watch *w, struct file *fp)
{
	struct vnet *vn = dev->d_data;
	uint32_t r = 0;

	ev_attach(&vn->vn_events, w);
	spin_lock(&vn->vn_spin);
	if (vn->vn_dead || !TAILQ_EMPTY(&vn->vn_in))
		r |= EV_IN;
	if (vn->vn_dead || !TAILQ_EMPTY(&vn->vn_free))
		r |= EV_OUT;
	if (vn->vn_dead)
		r |= EV_HUP;
	spin_unlock(&vn->vn_spin);
	return (r & (events | EV_HUP));
}

static const struct cdev_ops vnet_ops = {
    .d_name = "vnet",
    .d_open = vnet_open,
    .d_close = vnet_close,
    .d_read = vnet_read,
    .d_write = vnet_write,
    .d_poll = vnet_poll,
    .d_flags = CDEVF_NOSEEK,
};

/* --- the device --------------------------------------------------------------------------------- */

/* Everything up to DRIVER_OK.  0, or an errno after a line. */
static int
vnet_setup(struct vnet *vn, struct vnet_list *in)
{
	struct virtio_dev *vd = vn->vn_dev;
	const struct virtio_queue_spec specs[] = {
	    {VNET_QUEUE, vnet_rx, vn}, {VNET_QUEUE, vnet_tx, vn}};
	int error;

	if (virtio_has(vd, VNET_F_MAC) &&
	    virtio_config_read(vd, VNET_CFG_MAC, vn->vn_mac, 6, 1) != 0) {
		kprintf(
		    "%s: its address cannot be read, left out\n", vd->vd_name);
		return (EIO);
	}
	if ((error = virtio_queues(vd, nitems(specs), specs)) != 0)
		return (error);
	if (list_fill(in, &vd->vd_queues[0]) == 0 &&
	    list_fill(&vn->vn_free, &vd->vd_queues[1]) == 0 &&
	    cdev_create(&vnet_ops, makedev(VNET_MAJOR, vd->vd_unit), 0, 0, 0600,
		vn, "vnet%d", vd->vd_unit) != NULL)
		return (0);
	list_free(in);
	list_free(&vn->vn_free);
	kprintf("%s: out of memory\n", vd->vd_name);
	return (ENOMEM);
}

static int
vnet_attach(struct virtio_dev *vd)
{
	struct vnet *vn = kmalloc(sizeof(*vn), M_VNET, M_WAITOK | M_ZERO);
	struct vnet_list in = TAILQ_HEAD_INITIALIZER(in);
	int error;

	if (vn == NULL || vd->vd_unit >= VNET_UNITS) {
		kprintf("%s: %s, left out\n", vd->vd_name,
		    vn == NULL ? "out of memory" : "one too many");
		kfree(vn, M_VNET);
		return (ENOMEM);
	}
	vn->vn_dev = vd;
	vd->vd_softc = vn;
	spin_init(&vn->vn_spin, "vnet");
	ev_source_init(&vn->vn_events);
	TAILQ_INIT(&vn->vn_in);
	TAILQ_INIT(&vn->vn_free);
	if ((error = vnet_setup(vn, &in)) != 0) {
		kfree(vn, M_VNET);
		return (error);
	}
	vnet_config(vd);
	virtio_ready(vd);
	spin_lock(&vn->vn_spin);
	give_all(vn, &in);
	TAILQ_CONCAT(&vn->vn_free, &in, nb_link); /* of a dead device */
	spin_unlock(&vn->vn_spin);
	vnets[vd->vd_unit] = vn;
	return (0);
}

static struct virtio_driver vnet_driver = {
    .vdr_name = "vnet",
    .vdr_type = VIRTIO_NET,
    .vdr_features = VNET_F_MAC | VNET_F_STATUS,
    .vdr_attach = vnet_attach,
    .vdr_config = vnet_config,
    .vdr_dead = vnet_dead,
};

static int
vnet_load(void)
{
	virtio_driver_add(&vnet_driver);
	return (0);
}

static const struct module vnet_module = {
    .mod_name = "virtio_net",
    .mod_class = "dev",
    .mod_version = 1,
    .mod_load = vnet_load,
    .mod_desc = "virtio network devices",
};
MODULE(virtio_net, vnet_module);

/* --- debugger --------------------------------------------------------------------------------------- */

static void
vnet_ddb_show(const char *arg)
{
	for (unsigned u = 0; u < VNET_UNITS; u++) {
		const struct vnet *vn = vnets[u];

		if (vn == NULL)
			continue;
		kprintf("%s %02x:%02x:%02x:%02x:%02x:%02x link %s%s in %lu "
			"frames %lu bytes %lu dropped, out %lu frames %lu "
			"bytes\n",
		    vn->vn_dev->vd_name, vn->vn_mac[0], vn->vn_mac[1],
		    vn->vn_mac[2], vn->vn_mac[3], vn->vn_mac[4], vn->vn_mac[5],
		    vn->vn_up ? "up" : "down", vn->vn_dead ? " dead" : "",
		    vn->vn_rx_frames, vn->vn_rx_bytes, vn->vn_rx_drops,
		    vn->vn_tx_frames, vn->vn_tx_bytes);
	}
}
DDB_COMMAND(net, "show net", vnet_ddb_show,
    "network devices: address, link and counters");
