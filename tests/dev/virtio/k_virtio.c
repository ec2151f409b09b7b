/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a device that breaks the rules, and of those who wait for it.
 * The devices are QEMU's and honest; we do in their memory and registers what a
 * wrong one would do.  t_virtio.py boots each with the device it needs.
 */
#include <sys/conf.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/hostfs.h>
#include <sys/ktest.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <dev/virtio/virtio.h>
#include <machine/physmem.h>

static struct virtio_dev *
device(const char *name)
{
	struct virtio_dev *vd = virtio_dev_find(name);

	if (vd == NULL)
		panic("the test needs %s", name);
	return (vd);
}

static struct cdev *
node(const char *path)
{
	struct cdev *dev = cdev_find(path);

	if (dev == NULL)
		panic("the test needs /dev/%s", path);
	return (dev);
}

static void
pause_ms(int ms)
{
	(void)tsleep(&ms, 0, "pause", ms * NS_PER_MSEC);
}

static void
set_limit(int ms)
{
	struct sysctl_req req = {.sr_new = &ms, .sr_newlen = sizeof(ms)};

	KT_EQ(sysctl_access("dev.virtio.limit_ms", &req), 0);
}

/* Read or write n bytes at off of a device node. */
static int
node_io(struct cdev *dev, enum uio_rw rw, off_t off, size_t n)
{
	char *buf = kmalloc(n, M_TEMP, M_WAITOK | M_ZERO);
	struct iovec iov;
	struct uio uio;
	int error;

	uio_init(&uio, &iov, buf, n, off, rw);
	error = rw == UIO_READ ? dev->d_ops->d_read(dev, &uio, 0, NULL)
			       : dev->d_ops->d_write(dev, &uio, 0, NULL);
	if (error == 0 && uio.uio_resid == n)
		error = ENODEV; /* nothing was transferred */
	kfree(buf, M_TEMP);
	return (error);
}

/* From now on everything ends, and with an error. */
static void
disk_is_dead(struct virtio_dev *vd, struct cdev *dev)
{
	KT_CHECK(virtio_broken(vd));
	for (int i = 0; i < 3; i++) {
		KT_EQ(node_io(dev, UIO_READ, 0, 512), EIO);
		KT_EQ(node_io(dev, UIO_WRITE, 100, 2), EIO);
		KT_EQ(dev->d_ops->d_sync(dev, false), EIO);
		pause_ms(20);
	}
	KT_EQ(dev->d_ops->d_open(dev, FREAD, NULL), ENXIO);
	cdev_drop(dev);
}

/* The device's ring, to write to. */
static struct vring_used *
used_ring(struct virtio_queue *q)
{
	return ((void *)(uintptr_t)q->q_vq.vq_device);
}

static void
interrupt(struct virtio_queue *q)
{
	virtio_intr_queue(q);
}

KTEST(virtio_lie_index, "a disk's used index jumps: is that its end?")
{
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");

	KT_EQ(node_io(dev, UIO_READ, 0, 4096), 0);
	used_ring(&vd->vd_queues[0])->vu_idx += 3;
	interrupt(&vd->vd_queues[0]);
	disk_is_dead(vd, dev);
}

/* One entry {id, len} of the device's ring. */
static void
claim(struct virtio_queue *q, uint32_t id, uint32_t len)
{
	struct vring_used *vu = used_ring(q);

	vu->vu_ring[vu->vu_idx % q->q_vq.vq_size] =
	    (struct vring_used_elem){id, len};
	atomic_store_rel(&vu->vu_idx, (uint16_t)(vu->vu_idx + 1));
}

/* The transport of vd with one function changed. */
static struct virtio_transport *
own_transport(struct virtio_dev *vd)
{
	static struct virtio_transport vt;

	vt = *vd->vd_ops;
	return (&vt);
}

static void
no_notify(struct virtio_queue *q)
{
}

struct reader {
	struct cdev *rd_dev;
	volatile uint32_t rd_started, rd_ended, rd_wrong;
};

static void
reader_thread(void *arg)
{
	struct reader *rd = arg;

	atomic_add(&rd->rd_started, 1);
	if (node_io(rd->rd_dev, UIO_READ, 0, 512) != EIO)
		atomic_add(&rd->rd_wrong, 1);
	atomic_add(&rd->rd_ended, 1);
}

/* n threads that wait for a read of the device. */
static void
readers_start(struct reader *rd, struct cdev *dev, unsigned n)
{
	memset(rd, 0, sizeof(*rd));
	rd->rd_dev = dev;
	for (unsigned i = 0; i < n; i++)
		thread_start(
		    thread_create(reader_thread, rd, TDPRI_KERN, "reader%u", i),
		    NULL);
	while (rd->rd_started < n)
		pause_ms(5);
	pause_ms(50);
	KT_EQ(rd->rd_ended, 0);
}

static void
readers_end(struct reader *rd, unsigned n)
{
	for (int i = 0; i < 200 && rd->rd_ended < n; i++)
		pause_ms(10);
	KT_EQ(rd->rd_ended, n);
	KT_EQ(rd->rd_wrong, 0);
}

KTEST(virtio_lie_number, "a disk is done with nothing we know: do waiters end?")
{
	static struct reader rd;
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);

	KT_EQ(node_io(dev, UIO_READ, 0, 4096), 0);
	vt->vt_notify = no_notify;
	vd->vd_ops = vt;
	/* More than the ring holds: some wait for room. */
	readers_start(&rd, dev, 60);
	claim(&vd->vd_queues[0], 0xabcdef, 512);
	interrupt(&vd->vd_queues[0]);
	readers_end(&rd, 60);
	disk_is_dead(vd, dev);
}

KTEST(virtio_lie_length, "a disk writes more than it may: do waiters end?")
{
	static struct reader rd;
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);
	struct virtq *vq = &vd->vd_queues[0].q_vq;

	vt->vt_notify = no_notify;
	vd->vd_ops = vt;
	readers_start(&rd, dev, 3);
	claim(&vd->vd_queues[0],
	    vq->vq_driver->va_ring[(vq->vq_avail - 1) % vq->vq_size], 514);
	interrupt(&vd->vd_queues[0]);
	readers_end(&rd, 3);
	disk_is_dead(vd, dev);
}

KTEST(virtio_lie_status, "a disk is done without a status: do waiters end?")
{
	static struct reader rd;
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);
	struct virtq *vq = &vd->vd_queues[0].q_vq;

	vt->vt_notify = no_notify;
	vd->vd_ops = vt;
	readers_start(&rd, dev, 3);
	claim(&vd->vd_queues[0],
	    vq->vq_driver->va_ring[(vq->vq_avail - 1) % vq->vq_size], 513);
	interrupt(&vd->vd_queues[0]);
	readers_end(&rd, 3);
	disk_is_dead(vd, dev);
}

KTEST(virtio_silent, "a disk that does not answer: does anybody wait for ever?")
{
	static struct reader rd;
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);

	set_limit(300);
	vt->vt_notify = no_notify;
	vd->vd_ops = vt;
	readers_start(&rd, dev, 10);
	readers_end(&rd, 10);
	disk_is_dead(vd, dev);
}

static uint8_t
status_ones(struct virtio_dev *vd)
{
	return (VIRTIO_STATUS_ONES);
}

static uint8_t
status_needs_reset(struct virtio_dev *vd)
{
	return (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_DRIVER_OK);
}

KTEST(virtio_ones, "a disk whose registers read as ones: is that its end?")
{
	static struct reader rd;
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);

	vt->vt_notify = no_notify;
	vt->vt_status = status_ones;
	vd->vd_ops = vt;
	readers_start(&rd, dev, 3);
	virtio_intr_config(vd);
	readers_end(&rd, 3);
	disk_is_dead(vd, dev);
}

KTEST(virtio_needs_reset, "a disk that asks for a reset: is that its end?")
{
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);

	vt->vt_status = status_needs_reset;
	vd->vd_ops = vt;
	virtio_intr_config(vd);
	pause_ms(50);
	vd->vd_ops = vt;
	disk_is_dead(vd, dev);
}

static uint32_t
config_ones(struct virtio_dev *vd, unsigned off, int size)
{
	return (0xffffffff);
}

KTEST(virtio_size_ones, "a disk's size becomes ones: is that its end?")
{
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);

	vt->vt_config = config_ones;
	vd->vd_ops = vt;
	virtio_intr_config(vd);
	disk_is_dead(vd, dev);
}

static uint32_t
generation_moves(struct virtio_dev *vd)
{
	static uint32_t n;

	return (n++);
}

KTEST(virtio_unsettled, "a configuration that never settles: is it given up?")
{
	struct virtio_dev *vd = device("blk0");
	struct cdev *dev = node("vda");
	struct virtio_transport *vt = own_transport(vd);

	vt->vt_generation = generation_moves;
	vd->vd_ops = vt;
	virtio_intr_config(vd);
	disk_is_dead(vd, dev);
}

/* --- entropy, ports -------------------------------------------------------------- */

KTEST(virtio_rng_dead, "broken entropy: do reads end, and does random go on?")
{
	struct virtio_dev *vd = device("rng0");
	struct cdev *dev = node("hwrng");
	uint64_t a = 0, b = 0;

	KT_EQ(node_io(dev, UIO_READ, 0, 32), 0);
	claim(&vd->vd_queues[0], 77, 0);
	interrupt(&vd->vd_queues[0]);
	KT_EQ(node_io(dev, UIO_READ, 0, 32), EIO);
	pause_ms(50);
	KT_EQ(node_io(dev, UIO_READ, 0, 32), EIO);
	random_bytes(&a, sizeof(a));
	random_bytes(&b, sizeof(b));
	KT_CHECK(a != b);
	cdev_drop(dev);
}

static void
port_reader(void *arg)
{
	struct reader *rd = arg;

	/* ENODEV: the end, at once. */
	if (node_io(rd->rd_dev, UIO_READ, 0, 10) != ENODEV)
		rd->rd_wrong = 1;
	rd->rd_ended = 1;
}

KTEST(virtio_port_dead, "broken console: do its readers and writers end?")
{
	static struct reader rd;
	struct virtio_dev *vd = device("vcon0");
	struct cdev *dev = node("vport0p1");

	KT_EQ(dev->d_ops->d_open(dev, FREAD | FWRITE, NULL), 0);
	for (int i = 0; i < 300 &&
	     (dev->d_ops->d_poll(dev, EV_OUT, NULL, NULL) & EV_HUP) != 0;
	     i++)
		pause_ms(10); /* for the host */
	KT_EQ(node_io(dev, UIO_WRITE, 0, 10), 0);
	rd.rd_dev = dev;
	thread_start(
	    thread_create(port_reader, &rd, TDPRI_KERN, "reader"), NULL);
	pause_ms(50);
	KT_EQ(rd.rd_ended, 0);
	claim(&vd->vd_queues[4], 1000, 0);
	interrupt(&vd->vd_queues[4]);
	for (int i = 0; i < 100 && rd.rd_ended == 0; i++)
		pause_ms(10);
	KT_EQ(rd.rd_ended, 1);
	KT_EQ(rd.rd_wrong, 0);
	KT_EQ(node_io(dev, UIO_WRITE, 0, 10), ENXIO);
	KT_CHECK((dev->d_ops->d_poll(dev, EV_IN, NULL, NULL) & EV_HUP) != 0);
	KT_EQ(dev->d_ops->d_close(dev, 0, NULL), 0);
	KT_EQ(dev->d_ops->d_open(dev, FREAD, NULL), ENXIO);
	cdev_drop(dev);
}

KTEST(virtio_net_dead, "broken network: do reads and writes end?")
{
	struct virtio_dev *vd = device("vnet0");
	struct cdev *dev = node("vnet0");

	KT_EQ(dev->d_ops->d_open(dev, FREAD | FWRITE, NULL), 0);
	KT_EQ(node_io(dev, UIO_WRITE, 0, 60), 0);
	claim(&vd->vd_queues[0], 3, 0xffffffff);
	interrupt(&vd->vd_queues[0]);
	pause_ms(100);
	KT_EQ(node_io(dev, UIO_READ, 0, 60), ENXIO);
	KT_EQ(node_io(dev, UIO_WRITE, 0, 60), ENXIO);
	KT_EQ(dev->d_ops->d_close(dev, 0, NULL), 0);
	KT_EQ(dev->d_ops->d_open(dev, FREAD, NULL), ENXIO);
	cdev_drop(dev);
}

/* --- 9P ------------------------------------------------------------------------------ */

static virtio_queue_func_t honest;
static void (*spoil)(uint8_t *answer);

/* Before the driver sees an answer, something is done to it. */
static void
dishonest(struct virtio_queue *q)
{
	struct virtq *vq = &q->q_vq;
	const struct vring_used *vu = used_ring(q);

	if (spoil != NULL && vu->vu_idx != vq->vq_used) {
		uint32_t id = vu->vu_ring[vq->vq_used % vq->vq_size].vu_id;

		spoil((uint8_t *)(PHYS_BASE +
		    vq->vq_desc[vq->vq_desc[id].vd_next].vd_addr));
	}
	honest(q);
}

static void
host_is_dead(hostfs_handle_t root)
{
	struct hostfs_attr ha;
	hostfs_handle_t h;
	char buf[64];
	size_t n;

	KT_CHECK(virtio_broken(device("p90")));
	KT_EQ(hostfs_host_getattr(root, &ha), EIO);
	KT_EQ(hostfs_host_lookup(root, "f", &h, &ha), EIO);
	KT_EQ(hostfs_host_readdir(root, 0, buf, sizeof(buf), &n), EIO);
	pause_ms(50);
	KT_EQ(hostfs_host_getattr(root, &ha), EIO);
	hostfs_host_release(root);
	KT_EQ(hostfs_host_mount("/", 1, &root, &ha), EIO);
}

static void
spoiled(void (*how)(uint8_t *answer))
{
	struct virtio_dev *vd = device("p90");
	struct hostfs_attr ha;
	hostfs_handle_t root;

	KT_EQ(hostfs_host_mount("/", 1, &root, &ha), 0);
	honest = vd->vd_queues[0].q_func;
	vd->vd_queues[0].q_func = dishonest;
	KT_EQ(hostfs_host_getattr(root, &ha), 0);
	spoil = how;
	KT_EQ(hostfs_host_getattr(root, &ha), EIO);
	spoil = NULL;
	host_is_dead(root);
}

static void
spoil_tag(uint8_t *p)
{
	p[5] ^= 1;
}
KTEST(virtio_9p_tag, "an answer with another tag: is that the server's end?")
{
	spoiled(spoil_tag);
}

static void
spoil_type(uint8_t *p)
{
	p[4] += 2;
}
KTEST(virtio_9p_type, "an answer of another type: is that the server's end?")
{
	spoiled(spoil_type);
}

static void
spoil_size(uint8_t *p)
{
	p[2] = 1;
}
KTEST(virtio_9p_size, "an answer longer than it is: is that the server's end?")
{
	spoiled(spoil_size);
}

static void
spoil_short(uint8_t *p)
{
	p[0] = 20;
	p[1] = 0;
}
KTEST(virtio_9p_short, "an answer without its end: is that the server's end?")
{
	spoiled(spoil_short);
}

KTEST(virtio_9p_silent, "a server that is silent: does anybody wait for ever?")
{
	struct virtio_dev *vd = device("p90");
	struct virtio_transport *vt = own_transport(vd);
	struct hostfs_attr ha;
	hostfs_handle_t root;

	KT_EQ(hostfs_host_mount("/", 1, &root, &ha), 0);
	set_limit(300);
	vt->vt_notify = no_notify;
	vd->vd_ops = vt;
	KT_EQ(hostfs_host_getattr(root, &ha), EIO);
	host_is_dead(root);
}
