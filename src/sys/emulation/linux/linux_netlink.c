/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_NETLINK: messages between programs and the kernel, in Linux's own format,
 * which is why the whole domain is here.
 *
 * 1. A socket has a port, by default its process's number, and the receive
 *    queue of any datagram socket.  What is sent to port 0 is for the kernel.
 * 2. The one protocol is ROUTE.  There are no interfaces, addresses and routes
 *    to tell of (AF_INET has an issue of its own): a dump of them is empty, and
 *    everything else is EOPNOTSUPP, each told in a message.
 * 3. mq_notify uses a socket as a mailbox: linux_netlink_post.
 *
 * Locks: nl_spin for the list of ports; so_lock for a queue.
 */
#include "linux_var.h"
#include <sys/event.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/malloc.h>
#include <sys/socketvar.h>
#include <sys/thread.h>
#include <sys/ucred.h>
#include <sys/uio.h>

static MALLOC_DEFINE(M_NETLINK, "netlink", "netlink sockets");

#define PROTO_ROUTE 0
#define MESSAGE_MAX 32768 /* bytes of one send */

struct nlpcb {
	LIST_ENTRY(nlpcb) np_link; /* (nl_spin) while it has a port */
	uint32_t np_port;	   /* (nl_spin) 0: none yet */
	uint32_t np_groups;	   /* (so_lock) nobody sends to groups */
	uint32_t np_to;		   /* (so_lock) where it is connected to */
};

SPINLOCK_DEFINE(nl_spin, "netlink");
static LIST_HEAD(, nlpcb) nl_ports = LIST_HEAD_INITIALIZER(nl_ports);

static struct nlpcb *
nlpcb_of(const struct socket *so)
{
	return (so->so_pcb);
}

/* --- names -------------------------------------------------------------------------- */

/* Behind the family. */
struct nl_name {
	uint16_t pad;
	uint32_t port, groups;
} __packed;
CTASSERT(sizeof(struct nl_name) == 10);

static void
nl_name_set(struct sockname *name, uint32_t port, uint32_t groups)
{
	struct nl_name n = {0, port, groups};

	name->sn_family = AF_NETLINK;
	name->sn_len = sizeof(n);
	memcpy(name->sn_data, &n, sizeof(n));
}

static int
nl_name_get(const struct sockname *name, struct nl_name *n)
{
	if (name->sn_family != AF_NETLINK || name->sn_len < sizeof(*n))
		return (EINVAL);
	memcpy(n, name->sn_data, sizeof(*n));
	return (0);
}

/* (nl_spin) */
static bool
port_taken(uint32_t port)
{
	struct nlpcb *np;

	LIST_FOREACH(np, &nl_ports, np_link)
		if (np->np_port == port)
			return (true);
	return (false);
}

/* port 0: any.  EADDRINUSE; EINVAL, it has another one already. */
static int
port_take(struct nlpcb *np, uint32_t port)
{
	uint32_t any = (uint32_t)curproc->p_pid;
	int error = 0;

	spin_lock(&nl_spin);
	if (np->np_port != 0) {
		error = port != 0 && port != np->np_port ? EINVAL : 0;
	} else if (port != 0 && port_taken(port)) {
		error = EADDRINUSE;
	} else {
		/* Others than the first get high numbers. */
		for (uint32_t i = 1; port == 0; i++) {
			if (!port_taken(any))
				port = any;
			any = 0xfffff000u - i;
		}
		np->np_port = port;
		LIST_INSERT_HEAD(&nl_ports, np, np_link);
	}
	spin_unlock(&nl_spin);
	return (error);
}

/* --- life --------------------------------------------------------------------------- */

static int
nl_attach(struct socket *so, int proto)
{
	if (proto != PROTO_ROUTE)
		return (EPROTONOSUPPORT);
	so->so_pcb =
	    kmalloc(sizeof(struct nlpcb), M_NETLINK, M_WAITOK | M_ZERO);
	return (so->so_pcb == NULL ? ENOMEM : 0);
}

static void
nl_close(struct socket *so)
{
	struct nlpcb *np = nlpcb_of(so);

	spin_lock(&nl_spin);
	if (np->np_port != 0)
		LIST_REMOVE(np, np_link);
	np->np_port = 0;
	spin_unlock(&nl_spin);
}

static void
nl_detach(struct socket *so)
{
	nl_close(so);
	kfree(so->so_pcb, M_NETLINK);
}

static int
nl_bind(struct socket *so, const struct sockname *name)
{
	struct nl_name n;
	int error = nl_name_get(name, &n);

	if (error == 0 && n.groups != 0)
		error = cred_check_cap(cred_current(), CAP_NET_ADMIN);
	if (error == 0)
		error = port_take(nlpcb_of(so), n.port);
	if (error == 0)
		nlpcb_of(so)->np_groups = n.groups;
	return (error);
}

static int
nl_connect(struct socket *so, const struct sockname *name, bool nonblock)
{
	struct nl_name n = {0, 0, 0};
	int error = 0;

	if (name->sn_family != AF_UNSPEC)
		error = nl_name_get(name, &n);
	if (error == 0)
		error = port_take(nlpcb_of(so), 0);
	if (error == 0)
		nlpcb_of(so)->np_to = n.port;
	return (error);
}

static int
nl_name(struct socket *so, struct sockname *name)
{
	nl_name_set(name, nlpcb_of(so)->np_port, nlpcb_of(so)->np_groups);
	return (0);
}

static int
nl_peername(struct socket *so, struct sockname *name)
{
	nl_name_set(name, nlpcb_of(so)->np_to, 0);
	return (0);
}

static int
nl_shutdown(struct socket *so __unused, int how __unused)
{
	return (EOPNOTSUPP);
}

/* --- to a socket ----------------------------------------------------------------------- */

/* From the kernel: ENOBUFS, ENOMEM. */
static int
post(struct socket *so, const void *data, size_t n)
{
	struct sockcred kernel = {0, 0, 0};
	struct sockname from;
	struct iovec iov;
	struct uio uio;
	uint32_t waiting;
	int error;

	memset(&from, 0, sizeof(from));
	nl_name_set(&from, 0, 0);
	uio_init(&uio, &iov, (void *)(uintptr_t)data, n, 0, UIO_WRITE);
	lock_excl(&so->so_lock);
	if (so->so_rcv.sb_bytes + n > so->so_rcvbuf)
		error = so->so_error = ENOBUFS;
	else
		error = sockbuf_append(
		    &so->so_rcv, &uio, n, false, &kernel, &from, NULL);
	waiting = so->so_rcv.sb_waiting;
	lock_release(&so->so_lock);
	if (waiting > 0)
		wakeup(&so->so_rcv.sb_waiting);
	ev_notify(&so->so_source, EV_IN);
	return (error);
}

int
linux_netlink_get(int fd, struct file **fpp)
{
	struct socket *so;
	int error;

	if ((error = fd_get(fd, 0, fpp)) != 0)
		return (error);
	if ((error = socket_of_file(*fpp, &so)) == 0 &&
	    so->so_family != AF_NETLINK)
		error = EINVAL;
	if (error != 0)
		file_drop(*fpp);
	return (error);
}

void
linux_netlink_post(struct file *fp, const void *data, size_t n)
{
	(void)post(fp->f_data, data, n);
}

/* (so_lock) Until there is a message. */
static int
wait_message(struct socket *so, bool nonblock)
{
	struct sockbuf *sb = &so->so_rcv;
	nstime_t deadline = 0;
	int error = 0;

	while (error == 0 && TAILQ_EMPTY(&sb->sb_recs)) {
		if ((error = so->so_error) != 0) {
			so->so_error = 0;
			break;
		}
		sb->sb_waiting++;
		error = socket_sleep(so, &sb->sb_waiting, nonblock, &deadline,
		    so->so_rcvtimeo, "nlrecv");
		sb->sb_waiting--;
	}
	return (error);
}

static int
nl_receive(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	struct sockrec *sr;
	size_t n;
	int error;

	lock_excl(&so->so_lock);
	if ((error = wait_message(so, nonblock)) == 0) {
		sr = TAILQ_FIRST(&so->so_rcv.sb_recs);
		n = MIN(sm->sm_uio->uio_resid, sr->sr_len);
		sm->sm_full = sr->sr_len;
		if (n < sr->sr_len)
			sm->sm_out |= MSG_TRUNC;
		if (sm->sm_name != NULL && sr->sr_from != NULL)
			*sm->sm_name = *sr->sr_from;
		error = sockbuf_copyout(&so->so_rcv, 0, n, sm->sm_uio);
		sm->sm_done = n;
		if (error == 0 && (sm->sm_flags & MSG_PEEK) == 0)
			sockbuf_drop_record(&so->so_rcv);
	}
	lock_release(&so->so_lock);
	return (error);
}

static uint32_t
nl_poll(struct socket *so)
{
	uint32_t r = EV_OUT;

	lock_shared(&so->so_lock);
	if (!TAILQ_EMPTY(&so->so_rcv.sb_recs))
		r |= EV_IN;
	if (so->so_error != 0)
		r |= EV_ERR;
	lock_release(&so->so_lock);
	return (r);
}

/* --- to the kernel ----------------------------------------------------------------------- */

struct nl_header {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, port;
};
#define NL_REQUEST 0x001
#define NL_MULTI   0x002
#define NL_ACK	   0x004
#define NL_DUMP	   0x300
#define NL_CAPPED  0x100 /* in an answer: the request's body is left out */
#define NL_ERROR   2
#define NL_DONE	   3
#define NL_MIN	   16 /* below: not for the protocol */
#define NL_ALIGN   4

/* Of ROUTE: four types for each kind of thing, the third asks. */
#define RTM_GET	     2
#define RTM_GETLINK  18
#define RTM_GETADDR  22
#define RTM_GETROUTE 26
#define RTM_GETNEIGH 30
#define RTM_GETRULE  34
#define RTM_MAX	     123

/* The end of a dump in which there was nothing. */
static int
dump_nothing(struct socket *so, const struct nl_header *h)
{
	struct {
		struct nl_header h;
		int32_t error;
	} done = {
	    {sizeof(done), NL_DONE, NL_MULTI, h->seq, nlpcb_of(so)->np_port},
	    0};

	return (post(so, &done, sizeof(done)));
}

/* EJUSTRETURN: answered.  Else the error to tell, or 0. */
static int
route_request(struct socket *so, const struct nl_header *h)
{
	if (h->type > RTM_MAX)
		return (EOPNOTSUPP);
	if (h->len == sizeof(*h))
		return (0); /* not even a family */
	if ((h->type & 3) != RTM_GET)
		return (cred_has_cap(cred_current(), CAP_NET_ADMIN) ? EOPNOTSUPP
								    : EPERM);
	if ((h->flags & NL_DUMP) != 0 &&
	    (h->type == RTM_GETLINK || h->type == RTM_GETADDR ||
		h->type == RTM_GETROUTE || h->type == RTM_GETNEIGH ||
		h->type == RTM_GETRULE))
		return (dump_nothing(so, h) == 0 ? EJUSTRETURN : ENOBUFS);
	return (h->type == RTM_GETLINK ? ENODEV : EOPNOTSUPP);
}

/* Of a request that failed all is sent back. */
static void
tell_error(struct socket *so, const struct nl_header *h, int error)
{
	size_t back = error != 0 ? h->len : sizeof(*h);
	struct {
		struct nl_header h;
		int32_t error;
		uint8_t request[];
	} *e = kmalloc(sizeof(*e) + back, M_NETLINK, M_WAITOK | M_ZERO);

	if (e == NULL)
		return; /* as if the queue were full */
	e->h = (struct nl_header){(uint32_t)(sizeof(*e) + back), NL_ERROR,
	    error != 0 ? 0 : NL_CAPPED, h->seq, nlpcb_of(so)->np_port};
	e->error = error != 0 ? -linux_errno(error) : 0;
	memcpy(e->request, h, back);
	(void)post(so, e, sizeof(*e) + back);
	kfree(e, M_NETLINK);
}

static void
requests(struct socket *so, const uint8_t *buf, size_t n)
{
	const struct nl_header *h;
	size_t len;
	int error;

	for (; n >= sizeof(*h); buf += len, n -= len) {
		h = (const void *)buf;
		if (h->len < sizeof(*h) || h->len > n)
			break;
		len = MIN(n, roundup2((size_t)h->len, (size_t)NL_ALIGN));
		error = 0;
		if ((h->flags & NL_REQUEST) != 0 && h->type >= NL_MIN)
			error = route_request(so, h);
		if (error == EJUSTRETURN)
			continue;
		if (error != 0 || (h->flags & NL_ACK) != 0)
			tell_error(so, h, error);
	}
}

static int
nl_send(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	size_t n = sm->sm_uio->uio_resid;
	struct nl_name to = {0, nlpcb_of(so)->np_to, 0};
	uint8_t *buf;
	int error = 0;

	if (sm->sm_ctl != NULL)
		return (EINVAL);
	if (sm->sm_name != NULL)
		error = nl_name_get(sm->sm_name, &to);
	if (error == 0 && to.port != 0) /* not from program to program */
		error = cred_has_cap(cred_current(), CAP_NET_ADMIN)
		    ? ECONNREFUSED
		    : EPERM;
	if (error == 0)
		error = port_take(nlpcb_of(so), 0);
	if (error != 0)
		return (error);
	if (n > MESSAGE_MAX)
		return (EMSGSIZE);
	if ((buf = kmalloc(MAX(n, 1UL), M_NETLINK, M_WAITOK)) == NULL)
		return (ENOBUFS);
	if ((error = uiomove(buf, n, sm->sm_uio)) == 0) {
		sm->sm_done = n;
		requests(so, buf, n);
	}
	kfree(buf, M_NETLINK);
	return (error);
}

/* --- registration ------------------------------------------------------------------------- */

#define NL_COMMON                                                              \
	.sop_family = AF_NETLINK, .sop_attach = nl_attach,                     \
	.sop_detach = nl_detach, .sop_close = nl_close, .sop_bind = nl_bind,   \
	.sop_connect = nl_connect, .sop_send = nl_send,                        \
	.sop_receive = nl_receive, .sop_shutdown = nl_shutdown,                \
	.sop_name = nl_name, .sop_peername = nl_peername, .sop_poll = nl_poll

static const struct sockops nl_ops[] = {
    {NL_COMMON, .sop_type = SOCK_RAW},
    {NL_COMMON, .sop_type = SOCK_DGRAM},
};

static void
netlink_start(void)
{
	for (size_t i = 0; i < nitems(nl_ops); i++)
		sockops_register(&nl_ops[i]);
}
SYSINIT(netlink, SI_MODULE, netlink_start);
