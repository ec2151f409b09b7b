/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to consoles and ports; theory in virtio_console.c. */
#ifndef DEV_VIRTIO_VCON_VAR_H
#define DEV_VIRTIO_VCON_VAR_H

#include <sys/conf.h>
#include <sys/event.h>
#include <sys/malloc.h>
#include <dev/virtio/virtio.h>

struct tty;

#define VCON_F_SIZE	 (1UL << 0)
#define VCON_F_MULTIPORT (1UL << 1)

/* Configuration: columns 2, rows 2, number of ports 4. */
#define VCON_CFG_SIZE	0
#define VCON_CFG_NPORTS 4

#define VCON_PORTS     8  /* of a device that we use; more are left out */
#define VCON_BUFS      16 /* in flight, each way of each port */
#define VCON_QUEUE     32
#define VCON_CTRL_IN   32 /* a device drops what finds no room */
#define VCON_CTRL_OUT  VCON_BUFS
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

MALLOC_DECLARE(M_VCON);

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

/* --- buffers (virtio_console.c); all (vc_spin) ------------------------------- */
/* All of list to be filled; what the device does not take stays in it. */
void vcon_give_all(
    struct virtio_queue *q, struct vcon_list *list, uint32_t bytes);
/* cb was taken from cp_in and read up to cb_off. */
void vcon_input_used(struct vcon_port *cp, struct vcon_buf *cb);
/* cb, which is from cp_free, goes to the host, or back: 0 or EIO. */
int vcon_send_buf(struct vcon_port *cp, struct vcon_buf *cb, uint32_t len);
void vcon_wake_thread(struct vcon *vc);

/* May sleep.  A dead device hears nothing. */
void vcon_ctrl_send(
    struct vcon *vc, unsigned port, enum vcon_event event, uint16_t value);

/* --- port files (vcon_port.c) -------------------------------------------------- */
extern const struct cdev_ops vport_ops; /* d_data: the port */

/* --- terminals (vcon_tty.c); of the device's thread ------------------------------ */
void vcon_tty_make(struct vcon_port *cp);   /* the port becomes one */
void vcon_tty_resize(struct vcon_port *cp); /* the host's window did */
void vcon_tty_work(struct vcon_port *cp);   /* input, then output */
void vcon_tty_dead(struct vcon_port *cp);   /* soft thread, too */

#endif
