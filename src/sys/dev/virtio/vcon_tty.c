/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that are consoles: a terminal over each.  Input is given to it by the
 * device's thread as far as it has room.  Output is never waited for: what finds
 * no free buffer is left to the thread, which goes on when one comes back.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <kern/tty/tty_var.h>
#include <dev/virtio/vcon_var.h>

static uint32_t vcon_nttys; /* (atomic) numbers of terminals are not reused */

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
			(void)vcon_send_buf(cp, cb, (uint32_t)n);
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
	vcon_wake_thread(vc);
	spin_unlock(&vc->vc_spin);
}

static const struct tty_ops vcon_tty_ops = {
    .to_start = vcon_to_start,
    .to_unblock = vcon_to_unblock,
};

/* (thread) The host's window. */
void
vcon_tty_resize(struct vcon_port *cp)
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
void
vcon_tty_make(struct vcon_port *cp)
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
	vcon_tty_resize(cp);
	spin_lock(&cp->cp_con->vc_spin);
	cp->cp_console = true;
	spin_unlock(&cp->cp_con->vc_spin);
}

/* (thread) Input as far as the terminal has room, then output. */
void
vcon_tty_work(struct vcon_port *cp)
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
		vcon_input_used(cp, cb);
		if (n == 0)
			break; /* to_unblock comes */
	}
	more = cp->cp_tty_more;
	spin_unlock(&vc->vc_spin);
	if (more)
		tty_start(cp->cp_tty);
}

/* There is nobody at the other side any more. */
void
vcon_tty_dead(struct vcon_port *cp)
{
	if (cp->cp_tty != NULL)
		tty_hangup(cp->cp_tty);
}
