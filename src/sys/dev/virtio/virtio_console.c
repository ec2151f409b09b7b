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
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/module.h>
#include <dev/virtio/vcon_var.h>

MALLOC_DEFINE(M_VCON, "virtio_console", "virtio consoles and their buffers");

#define VCON_UNITS 8
static struct vcon *vcons[VCON_UNITS]; /* by unit, for the debugger */

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
void
vcon_give_all(struct virtio_queue *q, struct vcon_list *list, uint32_t bytes)
{
	struct vcon_buf *cb;

	while (
	    (cb = TAILQ_FIRST(list)) != NULL && give(q, cb, true, bytes) == 0)
		TAILQ_REMOVE(list, cb, cb_link);
	virtio_notify(q);
}

/* (vc_spin) */
void
vcon_wake_thread(struct vcon *vc)
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

/* (vc_spin) cb was taken from cp_in and read up to cb_off. */
void
vcon_input_used(struct vcon_port *cp, struct vcon_buf *cb)
{
	struct vcon_list back = TAILQ_HEAD_INITIALIZER(back);

	if (cb->cb_off < cb->cb_len) {
		TAILQ_INSERT_HEAD(&cp->cp_in, cb, cb_link);
		return;
	}
	TAILQ_INSERT_TAIL(&back, cb, cb_link);
	vcon_give_all(cp->cp_rx, &back, PAGE_SIZE);
	if (!TAILQ_EMPTY(&back)) /* the device is dead: empty it stays here */
		TAILQ_INSERT_TAIL(&cp->cp_free, cb, cb_link);
}

/* (vc_spin) cb, which is from cp_free, goes to the host. */
int
vcon_send_buf(struct vcon_port *cp, struct vcon_buf *cb, uint32_t len)
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
	vcon_give_all(q, &back, PAGE_SIZE);
	TAILQ_CONCAT(&cp->cp_in, &back, cb_link);
	if (cp->cp_console)
		vcon_wake_thread(vc);
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
		vcon_wake_thread(vc);
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
	vcon_wake_thread(vc);
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
void
vcon_ctrl_send(
    struct vcon *vc, unsigned port, enum vcon_event event, uint16_t value)
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
	vcon_give_all(cp->cp_rx, &in, PAGE_SIZE);
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
		vcon_ctrl_send(vc, id, VCON_PORT_READY, 1);
		return;
	}
	if (port_start(vc, id) != 0) {
		kprintf("%s: no memory for port %u, left out\n",
		    vc->vc_dev->vd_name, id);
		vcon_ctrl_send(vc, id, VCON_PORT_READY, 0);
		return;
	}
	cp->cp_cdev = cdev_create(&vport_ops,
	    makedev(VPORT_MAJOR, unit * 2 * VPORT_NAMED + id), 0, 0, 0600, cp,
	    "vport%dp%u", unit, id);
	if (cp->cp_cdev == NULL)
		kprintf("%s: no device node for port %u\n", vc->vc_dev->vd_name,
		    id);
	vcon_ctrl_send(vc, id, VCON_PORT_READY, 1);
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
			vcon_tty_make(cp);
			vcon_ctrl_send(vc, cm->cm_port, VCON_PORT_OPEN, 1);
		}
		break;
	case VCON_RESIZE:
		if (cp->cp_tty != NULL)
			vcon_tty_resize(cp);
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
		vcon_give_all(q, &back, VCON_CTRL_MAX);
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
				vcon_tty_resize(cp);
			if (cp->cp_tty != NULL)
				vcon_tty_work(cp);
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

	vcon_ctrl_send(vc, 0, VCON_DEVICE_READY, 1);
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
	vcon_wake_thread(vc);
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
	vcon_wake_thread(vc);
	spin_unlock(&vc->vc_spin);
	wakeup(&vc->vc_cfree);
	for (unsigned i = 0; i < vc->vc_nports; i++) {
		struct vcon_port *cp = &vc->vc_ports[i];

		if (cp->cp_con != NULL)
			port_gone(cp);
		vcon_tty_dead(cp);
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
	if (list_fill(ctrl, VCON_CTRL_IN, VCON_CTRL_MAX) != 0 ||
	    list_fill(&vc->vc_cfree, VCON_CTRL_OUT,
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
		vcon_give_all(
		    &vd->vd_queues[VCON_Q_CTRL_IN], &ctrl, VCON_CTRL_MAX);
	else
		virtio_notify(vc->vc_ports[0].cp_rx);
	spin_unlock(&vc->vc_spin);
	list_free(&ctrl);
	if (vd->vd_unit < VCON_UNITS)
		vcons[vd->vd_unit] = vc;
	if (vc->vc_multi)
		vcon_settle(vc);
	else
		vcon_tty_make(&vc->vc_ports[0]);
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
