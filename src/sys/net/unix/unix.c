/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: streams, datagrams and sequenced packets between processes.
 *
 * 1. One lock for who is connected to whom (unix_lock): names, peers, accept
 *    queues.  The bytes do not need it but for a moment, shared, to find the
 *    peer and hold it.
 * 2. Sending appends to the receiver's queue under the receiver's so_lock, and
 *    waits there for room; the sender's so_sndbuf is the limit (unix_data.c).
 * 3. connect makes the server's socket at once and puts it into the listener's
 *    queue; accept only takes it out.  So a client may send before accept.
 * 4. Close: the peer of a stream sees end of file, or ECONNRESET if it had sent
 *    what was not read; datagram sockets that had connected here find
 *    ECONNREFUSED at their next send.
 * 5. Descriptors travel as references to files.  Sockets that only such
 *    references keep alive are found by a collector (unix_gc.c).
 *
 * Lock order: unix_lock, so_lock, es_spin.
 * Follows unix(7), socket(7) and POSIX.1-2017 2.10.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include "unix_var.h"

LOCK_DEFINE(unix_lock, "unix");
struct unpcb_list unix_all = LIST_HEAD_INITIALIZER(unix_all);
MALLOC_DEFINE(M_UNPCB, "unpcb", "AF_UNIX control blocks");

/* Everybody who waits at so, for whatever reason, looks again. */
static void
wake_all_hint(struct socket *so, uint64_t hint)
{
	wakeup(&so->so_rcv.sb_waiting);
	wakeup(&so->so_rcv.sb_senders);
	ev_notify_hint(&so->so_source,
	    EV_IN | EV_OUT | EV_HUP | EV_RDHUP | (so->so_error ? EV_ERR : 0),
	    hint);
}

static void
wake_all(struct socket *so)
{
	wake_all_hint(so, 0);
}

static void
set_state(struct socket *so, uint32_t set, uint32_t clear, int error)
{
	lock_excl(&so->so_lock);
	so->so_state = (so->so_state & ~clear) | set;
	if (error != 0)
		so->so_error = error;
	lock_release(&so->so_lock);
}

/* --- life ------------------------------------------------------------------------- */

static int
unix_attach(struct socket *so, int proto)
{
	struct unpcb *un;

	if (proto != 0 && proto != AF_UNIX)
		return (EPROTONOSUPPORT);
	un = kmalloc(sizeof(*un), M_UNPCB, M_WAITOK | M_ZERO);
	if (un == NULL)
		return (ENOMEM);
	un->un_socket = so;
	LIST_INIT(&un->un_senders);
	TAILQ_INIT(&un->un_queue);
	un->un_name.sn_family = AF_UNIX;
	so->so_pcb = un;
	so->so_proto = 0;
	lock_excl(&unix_lock);
	LIST_INSERT_HEAD(&unix_all, un, un_all);
	lock_release(&unix_lock);
	return (0);
}

static void
unix_detach(struct socket *so)
{
	struct unpcb *un = unpcb_of(so);

	KASSERT(un->un_peer == NULL && LIST_EMPTY(&un->un_senders) &&
		TAILQ_EMPTY(&un->un_queue) && un->un_inflight == 0,
	    ("unix_detach: still connected"));
	lock_excl(&unix_lock);
	LIST_REMOVE(un, un_all);
	lock_release(&unix_lock);
	kfree(un, M_UNPCB);
	so->so_pcb = NULL;
}

/* (u) un sends to peer from now on. */
static void
peer_set(struct unpcb *un, struct unpcb *peer)
{
	un->un_peer = peer;
	un->un_was_connected = true;
	LIST_INSERT_HEAD(&peer->un_senders, un, un_sender_link);
}

/* (u) */
static void
peer_clear(struct unpcb *un)
{
	if (un->un_peer == NULL)
		return;
	LIST_REMOVE(un, un_sender_link);
	un->un_peer = NULL;
}

/* (u) The other sides of un learn that it is gone. */
static void
say_goodbye(struct unpcb *un)
{
	struct socket *so = un->un_socket;
	bool unread = !TAILQ_EMPTY(&so->so_rcv.sb_recs);
	struct unpcb *other;

	while ((other = LIST_FIRST(&un->un_senders)) != NULL) {
		peer_clear(other);
		if (so->so_type == SOCK_DGRAM)
			continue;
		set_state(other->un_socket, SS_CANTSEND | SS_CANTRCV,
		    SS_CONNECTED, unread ? ECONNRESET : 0);
		wake_all(other->un_socket);
	}
	peer_clear(un);
}

/* (u) All of un's accept queue, as a list of sockets to close and drop. */
static void
queue_take(struct unpcb *un, struct unpcb_queue *out)
{
	struct unpcb *e;

	TAILQ_INIT(out);
	while ((e = TAILQ_FIRST(&un->un_queue)) != NULL) {
		TAILQ_REMOVE(&un->un_queue, e, un_queue_link);
		e->un_listener = NULL;
		TAILQ_INSERT_TAIL(out, e, un_queue_link);
	}
	un->un_queued = 0;
}

static void
unix_close(struct socket *so)
{
	struct unpcb *un = unpcb_of(so), *e;
	struct unpcb_queue queue;
	struct sockbuf unread;
	struct vnode *vp;

	lock_excl(&unix_lock);
	so->so_file = NULL;
	vp = unix_unbind(un);
	queue_take(un, &queue);
	say_goodbye(un);
	set_state(so, SS_CANTSEND | SS_CANTRCV | SS_CLOSED, SS_LISTENING, 0);
	lock_release(&unix_lock);
	wake_all(so);
	wakeup(&un->un_queued);
	if (vp != NULL)
		vnode_drop(vp);
	while ((e = TAILQ_FIRST(&queue)) != NULL) {
		TAILQ_REMOVE(&queue, e, un_queue_link);
		unix_close(e->un_socket);
		socket_drop(e->un_socket);
	}
	sockbuf_init(&unread);
	lock_excl(&so->so_lock);
	sockbuf_move(&so->so_rcv, &unread);
	lock_release(&so->so_lock);
	sockbuf_flush(&unread);
	unix_collect();
}

/* --- connecting ---------------------------------------------------------------------- */

/* (u) a and b talk to each other. */
static void
join(struct unpcb *a, struct unpcb *b)
{
	peer_set(a, b);
	peer_set(b, a);
	set_state(a->un_socket, SS_CONNECTED, 0, 0);
	set_state(b->un_socket, SS_CONNECTED, 0, 0);
}

static int
unix_connect2(struct socket *a, struct socket *b)
{
	lock_excl(&unix_lock);
	a->so_peer = b->so_peer = sockcred_current();
	join(unpcb_of(a), unpcb_of(b));
	lock_release(&unix_lock);
	return (0);
}

/* Datagrams: a default destination; no name: none. */
static int
connect_dgram(struct socket *so, const struct sockname *name)
{
	struct socket *to = NULL;
	int error;

	if (name->sn_family != AF_UNSPEC) {
		if ((error = unix_find(name, &to)) != 0)
			return (error);
		if (to->so_type != so->so_type) {
			socket_drop(to);
			return (EPROTOTYPE);
		}
	}
	lock_excl(&unix_lock);
	peer_clear(unpcb_of(so));
	if (to != NULL && (to->so_state & SS_CLOSED) == 0)
		peer_set(unpcb_of(so), unpcb_of(to));
	lock_release(&unix_lock);
	set_state(so, to != NULL ? SS_CONNECTED : 0,
	    to != NULL ? 0 : SS_CONNECTED, 0);
	if (to != NULL)
		socket_drop(to);
	return (0);
}

/* (u) May so connect to the listener now?  EAGAIN: its queue is full. */
static int
connect_check(struct socket *so, struct socket *to)
{
	struct unpcb *un = unpcb_of(so), *listener = unpcb_of(to);

	if ((so->so_state & SS_LISTENING) != 0)
		return (EINVAL);
	if (un->un_was_connected)
		return (EISCONN);
	if ((to->so_state & SS_LISTENING) == 0)
		return (ECONNREFUSED);
	return (listener->un_queued > listener->un_backlog ? EAGAIN : 0);
}

/* (u) Wait for room in the listener's queue. */
static int
queue_wait(struct socket *so, struct unpcb *listener, nstime_t *deadlinep)
{
	nstime_t left = SLEEP_FOREVER;
	int error;

	if (so->so_sndtimeo != 0) {
		if (*deadlinep == 0)
			*deadlinep = clock_mono() + so->so_sndtimeo;
		if ((left = *deadlinep - clock_mono()) <= 0)
			return (EAGAIN);
	}
	error = lock_sleep(
	    &listener->un_queued, &unix_lock, PCATCH, "unconn", left);
	return (error == EWOULDBLOCK ? EAGAIN : error);
}

static int
connect_queue(
    struct socket *so, struct socket *to, struct socket *new, bool nonblock)
{
	struct unpcb *listener = unpcb_of(to), *server = unpcb_of(new);
	nstime_t deadline = 0;
	int error;

	lock_excl(&unix_lock);
	while ((error = connect_check(so, to)) == EAGAIN && !nonblock)
		if ((error = queue_wait(so, listener, &deadline)) != 0)
			break;
	if (error == 0) {
		server->un_name = listener->un_name;
		so->so_peer = listener->un_listen_cred;
		new->so_peer = sockcred_current();
		join(unpcb_of(so), server);
		socket_hold(new); /* the queue's */
		server->un_listener = listener;
		TAILQ_INSERT_TAIL(&listener->un_queue, server, un_queue_link);
		listener->un_queued++;
	}
	lock_release(&unix_lock);
	if (error == 0) {
		wakeup(&listener->un_queue);
		ev_notify(&to->so_source, EV_IN);
		ev_notify_hint(&so->so_source, EV_OUT, EVH_QUIET);
	}
	return (error);
}

static int
unix_connect(struct socket *so, const struct sockname *name, bool nonblock)
{
	struct socket *to, *new;
	int error;

	if (so->so_type == SOCK_DGRAM)
		return (connect_dgram(so, name));
	if (name->sn_family != AF_UNIX)
		return (EINVAL);
	if ((error = unix_find(name, &to)) != 0)
		return (error);
	if (to->so_type != so->so_type) {
		socket_drop(to);
		return (EPROTOTYPE);
	}
	error = socket_create(AF_UNIX, so->so_type, 0, to->so_cred, &new);
	if (error == 0) {
		error = connect_queue(so, to, new, nonblock);
		socket_drop(new);
	}
	socket_drop(to);
	return (error);
}

static int
unix_listen(struct socket *so, int backlog)
{
	struct unpcb *un = unpcb_of(so);
	int error = 0;

	lock_excl(&unix_lock);
	if (un->un_name.sn_len == 0 || un->un_was_connected)
		error = EINVAL;
	else {
		un->un_backlog =
		    backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog;
		un->un_listen_cred = sockcred_current();
		set_state(so, SS_LISTENING, 0, 0);
	}
	lock_release(&unix_lock);
	wakeup(&un->un_queued);
	return (error);
}

static int
unix_accept(struct socket *so, bool nonblock, struct socket **newp,
    struct sockname *peer)
{
	struct unpcb *un = unpcb_of(so), *e = NULL;
	nstime_t deadline = 0, left;
	int error = 0;

	lock_excl(&unix_lock);
	while (error == 0 && (so->so_state & SS_LISTENING) != 0 &&
	    (e = TAILQ_FIRST(&un->un_queue)) == NULL) {
		left = SLEEP_FOREVER;
		if (so->so_rcvtimeo != 0) {
			if (deadline == 0)
				deadline = clock_mono() + so->so_rcvtimeo;
			left = MAX(deadline - clock_mono(), 1LL);
		}
		error = nonblock ? EAGAIN
				 : lock_sleep(&un->un_queue, &unix_lock, PCATCH,
				       "unaccept", left);
	}
	if (error == 0 && (so->so_state & SS_LISTENING) == 0)
		error = EINVAL;
	if (error == 0) {
		TAILQ_REMOVE(&un->un_queue, e, un_queue_link);
		e->un_listener = NULL;
		un->un_queued--;
		*peer = (struct sockname){.sn_family = AF_UNIX};
		if (e->un_peer != NULL)
			*peer = e->un_peer->un_name;
		*newp = e->un_socket;
	}
	lock_release(&unix_lock);
	wakeup(&un->un_queued);
	return (error == EWOULDBLOCK ? EAGAIN : error);
}

static int
unix_shutdown(struct socket *so, int how)
{
	struct unpcb *un = unpcb_of(so), *peer;
	bool read = how != SHUT_WR, write = how != SHUT_RD;
	int error = 0;

	lock_excl(&unix_lock);
	peer = un->un_peer;
	if (!un->un_was_connected && so->so_type != SOCK_DGRAM &&
	    (so->so_state & SS_LISTENING) == 0)
		error = ENOTCONN;
	else {
		set_state(so,
		    (read ? SS_CANTRCV : 0U) | (write ? SS_CANTSEND : 0U),
		    read ? SS_LISTENING : 0, 0);
		if (peer != NULL && so->so_type != SOCK_DGRAM) {
			set_state(peer->un_socket,
			    (read ? SS_CANTSEND : 0U) |
				(write ? SS_CANTRCV : 0U),
			    0, 0);
			wake_all(peer->un_socket);
		}
	}
	lock_release(&unix_lock);
	wake_all_hint(so, EVH_QUIET); /* the caller knows */
	wakeup(&un->un_queue);
	return (error);
}

static int
unix_name(struct socket *so, struct sockname *name)
{
	lock_shared(&unix_lock);
	*name = unpcb_of(so)->un_name;
	lock_release(&unix_lock);
	return (0);
}

static int
unix_peername(struct socket *so, struct sockname *name)
{
	struct unpcb *peer;
	int error = 0;

	lock_shared(&unix_lock);
	peer = unpcb_of(so)->un_peer;
	if (peer != NULL)
		*name = peer->un_name;
	else
		error = ENOTCONN;
	lock_release(&unix_lock);
	return (error);
}

/* --- registration ------------------------------------------------------------------------ */

#define UNIX_COMMON                                                            \
	.sop_family = AF_UNIX, .sop_attach = unix_attach,                      \
	.sop_detach = unix_detach, .sop_close = unix_close,                    \
	.sop_bind = unix_bind, .sop_connect = unix_connect,                    \
	.sop_connect2 = unix_connect2, .sop_send = unix_send,                  \
	.sop_receive = unix_receive, .sop_shutdown = unix_shutdown,            \
	.sop_name = unix_name, .sop_peername = unix_peername,                  \
	.sop_poll = unix_poll, .sop_ioctl = unix_ioctl

static const struct sockops unix_ops[] = {
    {UNIX_COMMON, .sop_type = SOCK_STREAM, .sop_listen = unix_listen,
	.sop_accept = unix_accept},
    {UNIX_COMMON, .sop_type = SOCK_SEQPACKET, .sop_listen = unix_listen,
	.sop_accept = unix_accept},
    {UNIX_COMMON, .sop_type = SOCK_DGRAM},
};

static void
unix_start(void)
{
	for (size_t i = 0; i < sizeof(unix_ops) / sizeof(unix_ops[0]); i++)
		sockops_register(&unix_ops[i]);
}
SYSINIT(unix, SI_MODULE, unix_start);
