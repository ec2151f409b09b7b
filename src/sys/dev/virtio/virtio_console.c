/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Consoles and ports (virtio 1.2, section 5.3).
 *
 * 1. A device has ports, each with a queue in and a queue out, and with
 *    MULTIPORT a pair of control queues on which both sides tell of ports that
 *    come and go, of their names, and of each other's opens.  A port is either a
 *    console, then it is a terminal /dev/hvcN, or plain bytes, then it is
 *    /dev/vport0pN, and /dev/virtio-ports/NAME if the host gave it a name.
 *
 * 2. Input.  VCON_BUFS buffers of a page are with the device.  A filled one
 *    goes to cp_in, and back to the device when it was read: who does not read
 *    makes the host wait.  For a terminal the thread below hands it on.
 *
 * 3. Output.  VCON_BUFS buffers again; a writer takes a free one, fills it and
 *    gives it to the device, or sleeps until there is one: who does not take
 *    output makes writers wait.  A write that may block returns when the host
 *    has taken its bytes, so that they are not lost if the machine stops next.
 *    A terminal's output is never waited for: the thread goes on with it when a
 *    buffer comes back.
 *
 * 4. Port files behave like Linux's: one open at a time (EBUSY); without a host
 *    at the other side a read gives what is left and then the end, a write
 *    waits, poll says EV_HUP.
 *
 * 5. One thread per device does what may sleep: control messages, and input and
 *    output of terminals.  Handlers only move buffers and wake it.
 *
 * Locks: cp_tty_lock (sleeping; keeps a terminal's output in order), then
 * vc_spin, which guards queues, lists and port states.  es_spin is taken
 * without vc_spin.
 */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/ddb.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <dev/virtio/virtio.h>
#include <kern/tty/tty_var.h>

#define VCON_F_SIZE	 (1UL << 0)
#define VCON_F_MULTIPORT (1UL << 1)

/* Configuration: columns 2, rows 2, number of ports 4. */
#define VCON_CFG_SIZE	0
#define VCON_CFG_NPORTS 4

#define VCON_PORTS     8  /* of a device that we use; more are left out */
#define VCON_BUFS      16 /* in flight, each way of each port */
#define VCON_QUEUE     32
#define VCON_CTRL_BUFS 32  /* a device drops what finds no room */
#define VCON_CTRL_MAX  256 /* bytes of a control message */
#define VCON_NAME_MAX  40
#define VCON_SETTLE_NS (NS_PER_SEC / 2) /* the boot waits for an answer */
#define VCON_QUEUES    (2 * VCON_PORTS + 2)
#define VCON_Q_CTRL_IN 2
#define VCON_MAJOR     229 /* terminals: Linux's number of hvc */
#define VPORT_MAJOR    250
#define VPORT_NAMED    128 /* added to the minor for the second node */

/* Control messages: port 4, event 2, value 2, little-endian. */
struct vcon_message {
	uint32_t cm_port;
	uint16_t cm_event;
	uint16_t cm_value;
};
CTASSERT(sizeof(struct vcon_message) == 8);
enum vcon_event {
	VCON_DEVICE_READY,
	VCON_PORT_ADD,
	VCON_PORT_REMOVE,
	VCON_PORT_READY,
	VCON_CONSOLE_PORT,
	VCON_RESIZE,
	VCON_PORT_OPEN,
	VCON_PORT_NAME
};

MALLOC_DEFINE(M_VCON, "virtio_console", "virtio consoles and their buffers");

struct vcon_buf {
	TAILQ_ENTRY(vcon_buf) cb_link; /* (vc_spin) */
	uint8_t *cb_data;
	uint32_t cb_len, cb_off; /* filled, read */
};
TAILQ_HEAD(vcon_list, vcon_buf);

struct vcon_port {
	struct vcon *cp_con; /* (c) NULL: this port was never added */
	unsigned cp_id;
	struct virtio_queue *cp_rx, *cp_tx;
	bool cp_console, cp_host_open, cp_guest_open; /* (vc_spin) */
	bool cp_gone;				      /* (vc_spin) for good */
	struct vcon_list cp_in;			      /* (vc_spin) filled */
	struct vcon_list cp_free;		      /* (vc_spin) for output */
	uint64_t cp_sent, cp_taken; /* (vc_spin) buffers to the host, ever */
	uint64_t cp_bytes_in, cp_bytes_out; /* (vc_spin) */
	struct ev_source cp_events;
	struct cdev *cp_cdev, *cp_named;
	char cp_name[VCON_NAME_MAX];
	struct tty *cp_tty; /* (thread) set once */
	struct lock cp_tty_lock;
	bool cp_tty_more; /* (vc_spin) output found no buffer */
};

struct vcon {
	struct virtio_dev *vc_dev;
	struct spinlock vc_spin;
	bool vc_dead;		   /* (vc_spin) */
	bool vc_work;		   /* (vc_spin) for the thread */
	bool vc_resized;	   /* (vc_spin) */
	bool vc_multi;		   /* (c) */
	unsigned vc_nports;	   /* (c) that may come */
	struct vcon_list vc_ctrl;  /* (vc_spin) messages from the host */
	struct vcon_list vc_cfree; /* (vc_spin) for messages to it */
	struct vcon_port vc_ports[VCON_PORTS];
};

#define VCON_UNITS 8
static struct vcon *vcons[VCON_UNITS]; /* by unit, for the debugger */
static uint32_t vcon_nttys; /* (atomic) numbers of terminals are not reused */

/* --- buffers -------------------------------------------------------------------------- */

static void
list_free(struct vcon_list *list)
{
	struct vcon_buf *cb;

	while ((cb = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, cb, cb_link);
		kfree(cb->cb_data, M_VCON);
		kfree(cb, M_VCON);
	}
}

/* n buffers of bytes into list.  0, or ENOMEM and none. */
static int
list_fill(struct vcon_list *list, unsigned n, size_t bytes)
{
	TAILQ_INIT(list);
	for (unsigned i = 0; i < n; i++) {
		struct vcon_buf *cb =
		    kmalloc(sizeof(*cb), M_VCON, M_WAITOK | M_ZERO);

		if (cb != NULL)
			cb->cb_data = kmalloc(bytes, M_VCON, M_WAITOK | M_ZERO);
		if (cb == NULL || cb->cb_data == NULL) {
			kfree(cb, M_VCON);
			list_free(list);
			return (ENOMEM);
		}
		TAILQ_INSERT_TAIL(list, cb, cb_link);
	}
	return (0);
}

/* (vc_spin) Give the device a buffer to fill, or its bytes to take. */
static int
give(struct virtio_queue *q, struct vcon_buf *cb, bool fill, uint32_t bytes)
{
	struct vcon *vc = q->q_dev->vd_softc;
	struct virtq_seg seg = {kva_to_pa(cb->cb_data), bytes};

	SPIN_ASSERT(&vc->vc_spin);
	if (vc->vc_dead || virtio_broken(q->q_dev))
		return (EIO);
	return (virtq_add(&q->q_vq, &seg, !fill, fill, cb));
}

/* (vc_spin) All of list to be filled; what the device does not take stays. */
static void
give_all(struct virtio_queue *q, struct vcon_list *list, uint32_t bytes)
{
	struct vcon_buf *cb;

	while (
	    (cb = TAILQ_FIRST(list)) != NULL && give(q, cb, true, bytes) == 0)
		TAILQ_REMOVE(list, cb, cb_link);
	virtio_notify(q);
}

/* (vc_spin) */
static void
wake_thread(struct vcon *vc)
{
	vc->vc_work = true;
	wakeup(&vc->vc_work);
}

static void
port_wake(struct vcon_port *cp, uint32_t events)
{
	wakeup(cp);
	ev_notify(&cp->cp_events, events);
}

/* --- handlers ----------------------------------------------------------------------------- */

/* Bytes came. */
static void
vcon_rx(struct virtio_queue *q)
{
	struct vcon_port *cp = q->q_arg;
	struct vcon *vc = cp->cp_con;
	struct vcon_list back = TAILQ_HEAD_INITIALIZER(back);
	void *cookie;
	uint32_t len;

	if (vc == NULL)
		return; /* nothing was given to it: virtq would tell */
	spin_lock(&vc->vc_spin);
	while (virtio_get(q, &cookie, &len) == 0) {
		struct vcon_buf *cb = cookie;

		cb->cb_len = len;
		cb->cb_off = 0;
		cp->cp_bytes_in += len;
		if (len > 0 && (cp->cp_guest_open || cp->cp_console))
			TAILQ_INSERT_TAIL(&cp->cp_in, cb, cb_link);
		else
			TAILQ_INSERT_TAIL(&back, cb, cb_link);
	}
	/* Behind the loop, which so ends whatever the device does. */
	give_all(q, &back, PAGE_SIZE);
	TAILQ_CONCAT(&cp->cp_in, &back, cb_link);
	if (cp->cp_console)
		wake_thread(vc);
	spin_unlock(&vc->vc_spin);
	port_wake(cp, EV_IN);
}

/* Bytes were taken. */
static void
vcon_tx(struct virtio_queue *q)
{
	struct vcon_port *cp = q->q_arg;
	struct vcon *vc = cp->cp_con;
	void *cookie;
	uint32_t len;

	if (vc == NULL)
		return;
	spin_lock(&vc->vc_spin);
	while (virtio_get(q, &cookie, &len) == 0) {
		TAILQ_INSERT_TAIL(
		    &cp->cp_free, (struct vcon_buf *)cookie, cb_link);
		cp->cp_taken++;
	}
	if (cp->cp_tty_more)
		wake_thread(vc);
	spin_unlock(&vc->vc_spin);
	port_wake(cp, EV_OUT);
}

/* A control message came. */
static void
vcon_ctrl_in(struct virtio_queue *q)
{
	struct vcon *vc = q->q_arg;
	void *cookie;
	uint32_t len;

	spin_lock(&vc->vc_spin);
	while (virtio_get(q, &cookie, &len) == 0) {
		struct vcon_buf *cb = cookie;

		cb->cb_len = len;
		TAILQ_INSERT_TAIL(&vc->vc_ctrl, cb, cb_link);
	}
	wake_thread(vc);
	spin_unlock(&vc->vc_spin);
}

static void
vcon_ctrl_out(struct virtio_queue *q)
{
	struct vcon *vc = q->q_arg;
	void *cookie;
	uint32_t len;

	spin_lock(&vc->vc_spin);
	while (virtio_get(q, &cookie, &len) == 0)
		TAILQ_INSERT_TAIL(
		    &vc->vc_cfree, (struct vcon_buf *)cookie, cb_link);
	spin_unlock(&vc->vc_spin);
	wakeup(&vc->vc_cfree);
}

/* --- control messages to the host ------------------------------------------------------------ */

/* (vc_spin) A free buffer for a message; NULL if the device is dead. */
static struct vcon_buf *
ctrl_buf(struct vcon *vc)
{
	struct vcon_buf *cb;

	while ((cb = TAILQ_FIRST(&vc->vc_cfree)) == NULL && !vc->vc_dead) {
		if (spin_sleep(&vc->vc_cfree, &vc->vc_spin, 0, "vconctl",
			virtio_limit()) == EWOULDBLOCK)
			virtio_fail(vc->vc_dev, "its control queue is silent");
	}
	return (cb);
}

/* May sleep.  A dead device hears nothing. */
static void
ctrl_send(struct vcon *vc, unsigned port, enum vcon_event event, uint16_t value)
{
	struct vcon_message cm = {port, (uint16_t)event, value};
	struct virtio_queue *q = &vc->vc_dev->vd_queues[VCON_Q_CTRL_IN + 1];
	struct vcon_buf *cb;

	if (!vc->vc_multi)
		return;
	KTR_EVENT(MACHINE, vcon_send, "port=%u event=%u value=%u", port, event,
	    value);
	spin_lock(&vc->vc_spin);
	if ((cb = ctrl_buf(vc)) != NULL) {
		TAILQ_REMOVE(&vc->vc_cfree, cb, cb_link);
		memcpy(cb->cb_data, &cm, sizeof(cm));
		if (give(q, cb, false, sizeof(cm)) == 0)
			virtio_notify(q);
		else
			TAILQ_INSERT_TAIL(&vc->vc_cfree, cb, cb_link);
	}
	spin_unlock(&vc->vc_spin);
}

/* --- port files ---------------------------------------------------------------------------------- */

static int
vport_open(struct cdev *dev, int fflags, struct file *fp)
{
	struct vcon_port *cp = dev->d_data;
	struct vcon *vc = cp->cp_con;
	int error = 0;

	spin_lock(&vc->vc_spin);
	if (cp->cp_gone || cp->cp_console || virtio_broken(vc->vc_dev))
		error = ENXIO;
	else if (cp->cp_guest_open)
		error = EBUSY;
	else
		cp->cp_guest_open = true;
	spin_unlock(&vc->vc_spin);
	if (error == 0)
		ctrl_send(vc, cp->cp_id, VCON_PORT_OPEN, 1);
	return (error);
}

static int
vport_close(struct cdev *dev, int fflags, struct file *fp)
{
	struct vcon_port *cp = dev->d_data;
	struct vcon *vc = cp->cp_con;

	ctrl_send(vc, cp->cp_id, VCON_PORT_OPEN, 0);
	spin_lock(&vc->vc_spin);
	cp->cp_guest_open = false;
	give_all(cp->cp_rx, &cp->cp_in, PAGE_SIZE); /* nobody reads it */
	spin_unlock(&vc->vc_spin);
	return (0);
}

/* (vc_spin) Wait for input.  0 and *cbp, NULL at the end; EAGAIN, EINTR, ... */
static int
wait_input(struct vcon_port *cp, bool nonblock, struct vcon_buf **cbp)
{
	struct vcon *vc = cp->cp_con;
	int error = 0;

	while ((*cbp = TAILQ_FIRST(&cp->cp_in)) == NULL && error == 0) {
		if (cp->cp_gone || !cp->cp_host_open)
			return (0);
		if (nonblock)
			return (EAGAIN);
		error = spin_sleep(
		    cp, &vc->vc_spin, PCATCH, "vportin", SLEEP_FOREVER);
	}
	return (error);
}

/* (vc_spin) cb was taken from cp_in and read up to cb_off. */
static void
input_used(struct vcon_port *cp, struct vcon_buf *cb)
{
	struct vcon_list back = TAILQ_HEAD_INITIALIZER(back);

	if (cb->cb_off < cb->cb_len) {
		TAILQ_INSERT_HEAD(&cp->cp_in, cb, cb_link);
		return;
	}
	TAILQ_INSERT_TAIL(&back, cb, cb_link);
	give_all(cp->cp_rx, &back, PAGE_SIZE);
	if (!TAILQ_EMPTY(&back)) /* the device is dead: empty it stays here */
		TAILQ_INSERT_TAIL(&cp->cp_free, cb, cb_link);
}

/* What is there, at least something. */
static int
vport_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct vcon_port *cp = dev->d_data;
	struct vcon *vc = cp->cp_con;
	size_t asked = uio->uio_resid, n;
	struct vcon_buf *cb;
	int error = 0;

	spin_lock(&vc->vc_spin);
	while (error == 0 && uio->uio_resid > 0) {
		bool some = uio->uio_resid < asked;

		error =
		    wait_input(cp, some || (ioflags & IO_NONBLOCK) != 0, &cb);
		if (error == EAGAIN && some)
			error = 0;
		if (error != 0 || cb == NULL)
			break;
		TAILQ_REMOVE(&cp->cp_in, cb, cb_link);
		spin_unlock(&vc->vc_spin);
		n = MIN(uio->uio_resid, cb->cb_len - cb->cb_off);
		error = uiomove(cb->cb_data + cb->cb_off, n, uio);
		spin_lock(&vc->vc_spin);
		if (error == 0)
			cb->cb_off += (uint32_t)n;
		input_used(cp, cb);
	}
	spin_unlock(&vc->vc_spin);
	return (error);
}

/* (vc_spin) Can output be given to the device? */
static bool
may_write(const struct vcon_port *cp)
{
	return (cp->cp_host_open && !TAILQ_EMPTY(&cp->cp_free));
}

/* (vc_spin) Wait until may_write.  0, EAGAIN, ENXIO, EINTR, ... */
static int
wait_room(struct vcon_port *cp, bool nonblock)
{
	int error = 0;

	while (error == 0 && !cp->cp_gone && !may_write(cp)) {
		if (nonblock)
			return (EAGAIN);
		error = spin_sleep(cp, &cp->cp_con->vc_spin, PCATCH, "vportout",
		    SLEEP_FOREVER);
	}
	return (error == 0 && cp->cp_gone ? ENXIO : error);
}

/* (vc_spin) cb, which is from cp_free, goes to the host. */
static int
send_buf(struct vcon_port *cp, struct vcon_buf *cb, uint32_t len)
{
	int error = give(cp->cp_tx, cb, false, len);

	if (error != 0) {
		TAILQ_INSERT_HEAD(&cp->cp_free, cb, cb_link);
		return (error);
	}
	cp->cp_sent++;
	cp->cp_bytes_out += len;
	virtio_notify(cp->cp_tx);
	return (0);
}

/* (vc_spin) One buffer of uio, all of it or none.  Unlocks in between. */
static int
write_one(struct vcon_port *cp, struct uio *uio)
{
	struct vcon_buf *cb = TAILQ_FIRST(&cp->cp_free);
	size_t before = uio->uio_resid;
	uint32_t n = (uint32_t)MIN(before, PAGE_SIZE);
	int error;

	TAILQ_REMOVE(&cp->cp_free, cb, cb_link);
	spin_unlock(&cp->cp_con->vc_spin);
	error = uiomove(cb->cb_data, n, uio);
	spin_lock(&cp->cp_con->vc_spin);
	if (error != 0)
		TAILQ_INSERT_HEAD(&cp->cp_free, cb, cb_link);
	else
		error = send_buf(cp, cb, n);
	if (error != 0)
		uio->uio_resid = before; /* the caller's count */
	return (error);
}

static int
vport_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct vcon_port *cp = dev->d_data;
	struct vcon *vc = cp->cp_con;
	bool nonblock = (ioflags & IO_NONBLOCK) != 0;
	size_t asked = uio->uio_resid;
	uint64_t last;
	int error = 0;

	spin_lock(&vc->vc_spin);
	while (error == 0 && uio->uio_resid > 0) {
		error = wait_room(cp, nonblock);
		if (error == 0)
			error = write_one(cp, uio);
	}
	last = cp->cp_sent;
	/* A signal does not undo what was sent. */
	while (error == 0 && !nonblock && cp->cp_taken < last && !cp->cp_gone)
		if (spin_sleep(cp, &vc->vc_spin, PCATCH, "vportdrn",
			SLEEP_FOREVER) != 0)
			break;
	spin_unlock(&vc->vc_spin);
	return (uio->uio_resid < asked ? 0 : error);
}

static uint32_t
vport_poll(
    struct cdev *dev, uint32_t events, struct ev_watch *w, struct file *fp)
{
	struct vcon_port *cp = dev->d_data;
	struct vcon *vc = cp->cp_con;
	uint32_t r = 0;

	ev_attach(&cp->cp_events, w);
	spin_lock(&vc->vc_spin);
	if (!TAILQ_EMPTY(&cp->cp_in) || cp->cp_gone || !cp->cp_host_open)
		r |= EV_IN;
	if (may_write(cp))
		r |= EV_OUT;
	if (cp->cp_gone || !cp->cp_host_open)
		r |= EV_HUP;
	spin_unlock(&vc->vc_spin);
	return (r & (events | EV_HUP));
}

static const struct cdev_ops vport_ops = {
    .d_name = "vport",
    .d_open = vport_open,
    .d_close = vport_close,
    .d_read = vport_read,
    .d_write = vport_write,
    .d_poll = vport_poll,
    .d_flags = CDEVF_NOSEEK,
};

/* --- terminals -------------------------------------------------------------------------------------- */

/* (vc_spin) A free buffer is taken; without one the thread goes on later. */
static struct vcon_buf *
tty_buf(struct vcon_port *cp)
{
	struct vcon_buf *cb = TAILQ_FIRST(&cp->cp_free);

	cp->cp_tty_more = cb == NULL && !cp->cp_gone;
	if (cb != NULL)
		TAILQ_REMOVE(&cp->cp_free, cb, cb_link);
	return (cb);
}

/* A dead device takes all and shows nothing. */
static void
vcon_to_start(struct tty *tp)
{
	struct vcon_port *cp = tp->tt_data;
	struct vcon *vc = cp->cp_con;
	size_t n = 1;

	lock_excl(&cp->cp_tty_lock);
	while (n > 0) {
		struct vcon_buf *cb;

		spin_lock(&vc->vc_spin);
		cb = tty_buf(cp);
		spin_unlock(&vc->vc_spin);
		if (cb == NULL)
			break;
		n = tty_output_take(tp, cb->cb_data, PAGE_SIZE);
		spin_lock(&vc->vc_spin);
		if (n > 0)
			(void)send_buf(cp, cb, (uint32_t)n);
		else
			TAILQ_INSERT_HEAD(&cp->cp_free, cb, cb_link);
		spin_unlock(&vc->vc_spin);
	}
	lock_release(&cp->cp_tty_lock);
}

static void
vcon_to_unblock(struct tty *tp)
{
	struct vcon *vc = ((struct vcon_port *)tp->tt_data)->cp_con;

	spin_lock(&vc->vc_spin);
	wake_thread(vc);
	spin_unlock(&vc->vc_spin);
}

static const struct tty_ops vcon_tty_ops = {
    .to_start = vcon_to_start,
    .to_unblock = vcon_to_unblock,
};

/* (thread) The host's window. */
static void
tty_resize(struct vcon_port *cp)
{
	uint16_t size[2]; /* columns, rows */
	struct winsize ws = {0};

	if (!virtio_has(cp->cp_con->vc_dev, VCON_F_SIZE) ||
	    virtio_config_read(
		cp->cp_con->vc_dev, VCON_CFG_SIZE, size, sizeof(size), 2) != 0)
		return;
	ws.ws_col = size[0];
	ws.ws_row = size[1];
	if (ws.ws_col != 0 && ws.ws_row != 0)
		tty_set_winsize(cp->cp_tty, &ws);
}

/* (thread) The port becomes a terminal. */
static void
port_make_tty(struct vcon_port *cp)
{
	uint32_t n = atomic_fetchadd(&vcon_nttys, 1);
	const char *name = cp->cp_con->vc_dev->vd_name;
	struct tty *tp;

	if (cp->cp_tty != NULL || cp->cp_guest_open)
		return;
	if ((tp = tty_create(&vcon_tty_ops, cp)) == NULL) {
		kprintf("%s: no memory for a terminal\n", name);
		return;
	}
	tp->tt_dev = makedev(VCON_MAJOR, n);
	cp->cp_tty = tp;
	if (cdev_create(
		&tty_cdev_ops, tp->tt_dev, 0, 0, 0600, tp, "hvc%u", n) == NULL)
		kprintf("%s: no device node for a terminal\n", name);
	tty_resize(cp);
	spin_lock(&cp->cp_con->vc_spin);
	cp->cp_console = true;
	spin_unlock(&cp->cp_con->vc_spin);
}

/* (thread) Input as far as the terminal has room, then output. */
static void
tty_work(struct vcon_port *cp)
{
	struct vcon *vc = cp->cp_con;
	struct vcon_buf *cb;
	bool more;

	spin_lock(&vc->vc_spin);
	while ((cb = TAILQ_FIRST(&cp->cp_in)) != NULL) {
		size_t n;

		TAILQ_REMOVE(&cp->cp_in, cb, cb_link);
		spin_unlock(&vc->vc_spin);
		n = MIN(tty_input_space(cp->cp_tty), cb->cb_len - cb->cb_off);
		if (n > 0)
			tty_input(cp->cp_tty, cb->cb_data + cb->cb_off, n);
		spin_lock(&vc->vc_spin);
		cb->cb_off += (uint32_t)n;
		input_used(cp, cb);
		if (n == 0)
			break; /* to_unblock comes */
	}
	more = cp->cp_tty_more;
	spin_unlock(&vc->vc_spin);
	if (more)
		tty_start(cp->cp_tty);
}

/* --- ports come and go -------------------------------------------------------------------------------- */

/* (thread) 0 or ENOMEM. */
static int
port_start(struct vcon *vc, unsigned id)
{
	struct vcon_port *cp = &vc->vc_ports[id];
	struct vcon_list in;
	int error;

	if ((error = list_fill(&in, VCON_BUFS, PAGE_SIZE)) != 0)
		return (error);
	if ((error = list_fill(&cp->cp_free, VCON_BUFS, PAGE_SIZE)) != 0) {
		list_free(&in);
		return (error);
	}
	TAILQ_INIT(&cp->cp_in);
	ev_source_init(&cp->cp_events);
	lock_init(&cp->cp_tty_lock, "vcon tty", 0);
	spin_lock(&vc->vc_spin);
	cp->cp_con = vc;
	give_all(cp->cp_rx, &in, PAGE_SIZE);
	spin_unlock(&vc->vc_spin);
	list_free(&in); /* what the device has no room for */
	return (0);
}

/* (thread) */
static void
port_add(struct vcon *vc, unsigned id)
{
	struct vcon_port *cp = &vc->vc_ports[id];
	int unit = vc->vc_dev->vd_unit;

	if (cp->cp_con != NULL) { /* it was here before */
		spin_lock(&vc->vc_spin);
		cp->cp_gone = false;
		spin_unlock(&vc->vc_spin);
		ctrl_send(vc, id, VCON_PORT_READY, 1);
		return;
	}
	if (port_start(vc, id) != 0) {
		kprintf("%s: no memory for port %u, left out\n",
		    vc->vc_dev->vd_name, id);
		ctrl_send(vc, id, VCON_PORT_READY, 0);
		return;
	}
	cp->cp_cdev = cdev_create(&vport_ops,
	    makedev(VPORT_MAJOR, unit * 2 * VPORT_NAMED + id), 0, 0, 0600, cp,
	    "vport%dp%u", unit, id);
	if (cp->cp_cdev == NULL)
		kprintf("%s: no device node for port %u\n", vc->vc_dev->vd_name,
		    id);
	ctrl_send(vc, id, VCON_PORT_READY, 1);
}

/* Whoever waits at the port learns that it is gone. */
static void
port_gone(struct vcon_port *cp)
{
	spin_lock(&cp->cp_con->vc_spin);
	cp->cp_gone = true;
	cp->cp_host_open = false;
	spin_unlock(&cp->cp_con->vc_spin);
	port_wake(cp, EV_IN | EV_OUT | EV_HUP);
}

/* The name as a file's: no slash, nothing odd. */
static bool
name_ok(const char *name)
{
	if (name[0] == '.' || name[0] == '\0')
		return (false);
	for (; *name != '\0'; name++)
		if (!(*name >= 'a' && *name <= 'z') &&
		    !(*name >= 'A' && *name <= 'Z') &&
		    !(*name >= '0' && *name <= '9') &&
		    strchr("._-", *name) == NULL)
			return (false);
	return (true);
}

/* (thread) */
static void
port_name(struct vcon_port *cp, const char *name, size_t len)
{
	unsigned minor;

	len = strnlen(name, len);
	if (cp->cp_named != NULL || len >= sizeof(cp->cp_name))
		return;
	memcpy(cp->cp_name, name, len);
	cp->cp_name[len] = '\0';
	if (!name_ok(cp->cp_name)) {
		cp->cp_name[0] = '\0';
		return;
	}
	minor = (unsigned)cp->cp_con->vc_dev->vd_unit * 2 * VPORT_NAMED +
	    VPORT_NAMED + cp->cp_id;
	cp->cp_named = cdev_create(&vport_ops, makedev(VPORT_MAJOR, minor), 0,
	    0, 0600, cp, "virtio-ports/%s", cp->cp_name);
	if (cp->cp_named == NULL)
		kprintf("%s: no device node for port \"%s\"\n",
		    cp->cp_con->vc_dev->vd_name, cp->cp_name);
}

static void
port_host_open(struct vcon_port *cp, bool open)
{
	spin_lock(&cp->cp_con->vc_spin);
	cp->cp_host_open = open;
	spin_unlock(&cp->cp_con->vc_spin);
	port_wake(cp, open ? EV_OUT : EV_IN | EV_HUP);
}

/* (thread) One message of the host. */
static void
ctrl_take(struct vcon *vc, const struct vcon_message *cm, const char *text,
    size_t len)
{
	struct vcon_port *cp = &vc->vc_ports[cm->cm_port % VCON_PORTS];

	KTR_EVENT(MACHINE, vcon_message, "port=%u event=%u value=%u",
	    cm->cm_port, cm->cm_event, cm->cm_value);
	if (cm->cm_port >= vc->vc_nports) {
		if (cm->cm_event == VCON_PORT_ADD)
			kprintf("%s: port %u is beyond %u, left out\n",
			    vc->vc_dev->vd_name, cm->cm_port, vc->vc_nports);
		return;
	}
	if (cm->cm_event == VCON_PORT_ADD) {
		port_add(vc, cm->cm_port);
		return;
	}
	if (cp->cp_con == NULL)
		return;
	switch (cm->cm_event) {
	case VCON_PORT_REMOVE:
		port_gone(cp);
		break;
	case VCON_CONSOLE_PORT:
		if (cm->cm_value != 0) {
			port_make_tty(cp);
			ctrl_send(vc, cm->cm_port, VCON_PORT_OPEN, 1);
		}
		break;
	case VCON_RESIZE:
		if (cp->cp_tty != NULL)
			tty_resize(cp);
		break;
	case VCON_PORT_OPEN:
		port_host_open(cp, cm->cm_value != 0);
		break;
	case VCON_PORT_NAME:
		port_name(cp, text, len);
		break;
	default:
		break; /* of a later specification */
	}
}

/* --- the thread ------------------------------------------------------------------------------------------ */

/* (vc_spin) Messages of the host, one after the other.  Unlocks in between. */
static void
ctrl_work(struct vcon *vc)
{
	struct virtio_queue *q = &vc->vc_dev->vd_queues[VCON_Q_CTRL_IN];
	struct vcon_list back = TAILQ_HEAD_INITIALIZER(back);
	struct vcon_message cm;
	struct vcon_buf *cb;

	while ((cb = TAILQ_FIRST(&vc->vc_ctrl)) != NULL) {
		TAILQ_REMOVE(&vc->vc_ctrl, cb, cb_link);
		spin_unlock(&vc->vc_spin);
		memcpy(&cm, cb->cb_data, sizeof(cm));
		if (cb->cb_len >= sizeof(cm))
			ctrl_take(vc, &cm, (char *)cb->cb_data + sizeof(cm),
			    cb->cb_len - sizeof(cm));
		spin_lock(&vc->vc_spin);
		TAILQ_INSERT_TAIL(&back, cb, cb_link);
		give_all(q, &back, VCON_CTRL_MAX);
		/* A dead device has no more to say. */
		TAILQ_CONCAT(&vc->vc_cfree, &back, cb_link);
	}
}

static void
vcon_thread(void *arg)
{
	struct vcon *vc = arg;
	bool resized;

	for (;;) {
		spin_lock(&vc->vc_spin);
		while (!vc->vc_work)
			(void)spin_sleep(&vc->vc_work, &vc->vc_spin, 0, "vcon",
			    SLEEP_FOREVER);
		vc->vc_work = false;
		resized = vc->vc_resized;
		vc->vc_resized = false;
		ctrl_work(vc);
		spin_unlock(&vc->vc_spin);
		for (unsigned i = 0; i < vc->vc_nports; i++) {
			struct vcon_port *cp = &vc->vc_ports[i];

			if (cp->cp_tty != NULL && resized)
				tty_resize(cp);
			if (cp->cp_tty != NULL)
				tty_work(cp);
		}
	}
}

/* (vc_spin) Wait until the host has taken all our messages. */
static bool
ctrl_all_taken(struct vcon *vc, nstime_t limit)
{
	const struct virtq *vq =
	    &vc->vc_dev->vd_queues[VCON_Q_CTRL_IN + 1].q_vq;

	while (vq->vq_inflight > 0 && !vc->vc_dead)
		if (spin_sleep(&vc->vc_cfree, &vc->vc_spin, 0, "vconctl",
			limit) == EWOULDBLOCK)
			return (false);
	return (true);
}

/*
 * Have the host tell of its ports before programs run that want them.  A device
 * answers a message before it gives it back, so all is told when every message
 * was taken and none has come.  One that does otherwise tells later.
 */
static void
vcon_settle(struct vcon *vc)
{
	bool more = true;

	ctrl_send(vc, 0, VCON_DEVICE_READY, 1);
	while (more) {
		spin_lock(&vc->vc_spin);
		more = ctrl_all_taken(vc, VCON_SETTLE_NS);
		spin_unlock(&vc->vc_spin);
		vcon_ctrl_in(&vc->vc_dev->vd_queues[VCON_Q_CTRL_IN]);
		spin_lock(&vc->vc_spin);
		more = more && !TAILQ_EMPTY(&vc->vc_ctrl);
		ctrl_work(vc);
		spin_unlock(&vc->vc_spin);
	}
}

/* --- the device ----------------------------------------------------------------------------------------------- */

/* The size of a device with one port; like a handler. */
static void
vcon_config(struct virtio_dev *vd)
{
	struct vcon *vc = vd->vd_softc;

	spin_lock(&vc->vc_spin);
	vc->vc_resized = true;
	wake_thread(vc);
	spin_unlock(&vc->vc_spin);
}

/* (vc_spin) What the device had comes to list. */
static void
drain(struct virtio_queue *q, struct vcon_list *list)
{
	struct vcon_buf *cb;

	while ((cb = virtq_drain(&q->q_vq)) != NULL)
		TAILQ_INSERT_TAIL(list, cb, cb_link);
}

static void
vcon_dead(struct virtio_dev *vd)
{
	struct vcon *vc = vd->vd_softc;

	spin_lock(&vc->vc_spin);
	vc->vc_dead = true;
	if (vc->vc_multi) {
		drain(&vd->vd_queues[VCON_Q_CTRL_IN], &vc->vc_cfree);
		drain(&vd->vd_queues[VCON_Q_CTRL_IN + 1], &vc->vc_cfree);
	}
	for (unsigned i = 0; i < vc->vc_nports; i++) {
		struct vcon_port *cp = &vc->vc_ports[i];

		if (cp->cp_con == NULL)
			continue;
		cp->cp_gone = true;
		drain(cp->cp_rx, &cp->cp_free);
		drain(cp->cp_tx, &cp->cp_free);
	}
	wake_thread(vc);
	spin_unlock(&vc->vc_spin);
	wakeup(&vc->vc_cfree);
	for (unsigned i = 0; i < vc->vc_nports; i++) {
		struct vcon_port *cp = &vc->vc_ports[i];

		if (cp->cp_con != NULL)
			port_gone(cp);
		if (cp->cp_tty != NULL)
			tty_hangup(cp->cp_tty);
	}
}

/* Port 0 has queues 0 and 1, control 2 and 3, port n 2n + 2 and 2n + 3. */
static unsigned
port_queue(unsigned id)
{
	return (id == 0 ? 0 : 2 * id + 2);
}

static int
make_queues(struct vcon *vc)
{
	struct virtio_queue_spec specs[VCON_QUEUES];
	struct virtio_dev *vd = vc->vc_dev;
	int error;

	for (unsigned i = 0; i < vc->vc_nports; i++) {
		unsigned n = port_queue(i);

		specs[n] = (struct virtio_queue_spec){
		    VCON_QUEUE, vcon_rx, &vc->vc_ports[i]};
		specs[n + 1] = (struct virtio_queue_spec){
		    VCON_QUEUE, vcon_tx, &vc->vc_ports[i]};
	}
	specs[VCON_Q_CTRL_IN] =
	    (struct virtio_queue_spec){VCON_QUEUE, vcon_ctrl_in, vc};
	specs[VCON_Q_CTRL_IN + 1] =
	    (struct virtio_queue_spec){VCON_QUEUE, vcon_ctrl_out, vc};
	error =
	    virtio_queues(vd, vc->vc_multi ? 2 * vc->vc_nports + 2 : 2, specs);
	for (unsigned i = 0; error == 0 && i < vc->vc_nports; i++) {
		vc->vc_ports[i].cp_id = i;
		vc->vc_ports[i].cp_rx = &vd->vd_queues[port_queue(i)];
		vc->vc_ports[i].cp_tx = &vd->vd_queues[port_queue(i) + 1];
	}
	return (error);
}

/* How many ports; 0, or EIO after a line. */
static int
read_ports(struct vcon *vc)
{
	uint32_t n = 0;

	vc->vc_nports = 1;
	if (!vc->vc_multi)
		return (0);
	if (virtio_config_read(vc->vc_dev, VCON_CFG_NPORTS, &n, 4, 4) != 0 ||
	    n == 0 || n == UINT32_MAX) {
		kprintf("%s: its number of ports is impossible, left out\n",
		    vc->vc_dev->vd_name);
		return (EIO);
	}
	vc->vc_nports = MIN(n, VCON_PORTS);
	return (0);
}

/* Everything up to DRIVER_OK.  0, or an errno after a line. */
static int
vcon_setup(struct vcon *vc, struct vcon_list *ctrl)
{
	int error;

	if ((error = read_ports(vc)) != 0 || (error = make_queues(vc)) != 0)
		return (error);
	if (list_fill(ctrl, VCON_CTRL_BUFS, VCON_CTRL_MAX) != 0 ||
	    list_fill(&vc->vc_cfree, VCON_CTRL_BUFS,
		sizeof(struct vcon_message)) != 0 ||
	    (!vc->vc_multi && port_start(vc, 0) != 0)) {
		kprintf("%s: out of memory\n", vc->vc_dev->vd_name);
		list_free(ctrl);
		list_free(&vc->vc_cfree);
		return (ENOMEM);
	}
	return (0);
}

static int
vcon_attach(struct virtio_dev *vd)
{
	struct vcon *vc = kmalloc(sizeof(*vc), M_VCON, M_WAITOK | M_ZERO);
	struct vcon_list ctrl = TAILQ_HEAD_INITIALIZER(ctrl);
	struct thread *td;
	int error;

	if (vc == NULL) {
		kprintf("%s: out of memory\n", vd->vd_name);
		return (ENOMEM);
	}
	vc->vc_dev = vd;
	vd->vd_softc = vc;
	spin_init(&vc->vc_spin, "vcon");
	TAILQ_INIT(&vc->vc_ctrl);
	TAILQ_INIT(&vc->vc_cfree);
	vc->vc_multi = virtio_has(vd, VCON_F_MULTIPORT);
	td = thread_create(vcon_thread, vc, TDPRI_SOFT, "%s", vd->vd_name);
	error = td != NULL ? vcon_setup(vc, &ctrl) : ENOMEM;
	if (error != 0) {
		if (td != NULL)
			thread_discard(td);
		kfree(vc, M_VCON);
		return (error);
	}
	virtio_ready(vd);
	spin_lock(&vc->vc_spin);
	if (vc->vc_multi)
		give_all(&vd->vd_queues[VCON_Q_CTRL_IN], &ctrl, VCON_CTRL_MAX);
	else
		virtio_notify(vc->vc_ports[0].cp_rx);
	spin_unlock(&vc->vc_spin);
	list_free(&ctrl);
	if (vd->vd_unit < VCON_UNITS)
		vcons[vd->vd_unit] = vc;
	if (vc->vc_multi)
		vcon_settle(vc);
	else
		port_make_tty(&vc->vc_ports[0]);
	thread_start(td, NULL);
	return (0);
}

static struct virtio_driver vcon_driver = {
    .vdr_name = "vcon",
    .vdr_type = VIRTIO_CONSOLE,
    .vdr_features = VCON_F_SIZE | VCON_F_MULTIPORT,
    .vdr_attach = vcon_attach,
    .vdr_config = vcon_config,
    .vdr_dead = vcon_dead,
};

static int
vcon_load(void)
{
	virtio_driver_add(&vcon_driver);
	return (0);
}

static const struct module vcon_module = {
    .mod_name = "virtio_console",
    .mod_class = "dev",
    .mod_version = 1,
    .mod_load = vcon_load,
    .mod_desc = "virtio consoles and ports",
};
MODULE(virtio_console, vcon_module);

/* --- debugger ------------------------------------------------------------------------------------------------- */

static void
show_port(const struct vcon_port *cp)
{
	kprintf("  port %u%s%s%s%s%s%s: in %lu out %lu bytes, buffers sent %lu "
		"taken %lu\n",
	    cp->cp_id, cp->cp_name[0] != '\0' ? " " : "", cp->cp_name,
	    cp->cp_console ? " console" : "",
	    cp->cp_host_open ? " host-open" : "",
	    cp->cp_guest_open ? " guest-open" : "", cp->cp_gone ? " gone" : "",
	    cp->cp_bytes_in, cp->cp_bytes_out, cp->cp_sent, cp->cp_taken);
}

static void
vcon_ddb_show(const char *arg)
{
	for (unsigned u = 0; u < VCON_UNITS; u++) {
		const struct vcon *vc = vcons[u];

		if (vc == NULL)
			continue;
		kprintf(
		    "%s%s\n", vc->vc_dev->vd_name, vc->vc_dead ? " dead" : "");
		for (unsigned i = 0; i < vc->vc_nports; i++)
			if (vc->vc_ports[i].cp_con != NULL)
				show_port(&vc->vc_ports[i]);
	}
}
DDB_COMMAND(vports, "show vports", vcon_ddb_show,
    "ports of virtio consoles: who has them open, and what went through");
