/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of ports: bytes, one open at a time.  As on Linux, a read without a host
 * at the other side gives what is left and then the end, a write waits for one,
 * and poll says EV_HUP.
 */
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <dev/virtio/vcon_var.h>

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
		vcon_ctrl_send(vc, cp->cp_id, VCON_PORT_OPEN, 1);
	return (error);
}

static int
vport_close(struct cdev *dev, int fflags, struct file *fp)
{
	struct vcon_port *cp = dev->d_data;
	struct vcon *vc = cp->cp_con;

	vcon_ctrl_send(vc, cp->cp_id, VCON_PORT_OPEN, 0);
	spin_lock(&vc->vc_spin);
	cp->cp_guest_open = false;
	vcon_give_all(cp->cp_rx, &cp->cp_in, PAGE_SIZE); /* nobody reads it */
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
		vcon_input_used(cp, cb);
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
		error = vcon_send_buf(cp, cb, n);
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

const struct cdev_ops vport_ops = {
    .d_name = "vport",
    .d_open = vport_open,
    .d_close = vport_close,
    .d_read = vport_read,
    .d_write = vport_write,
    .d_poll = vport_poll,
    .d_flags = CDEVF_NOSEEK,
};
