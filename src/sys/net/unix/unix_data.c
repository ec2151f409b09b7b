/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: bytes.
 *
 * The sender holds its peer, takes the peer's so_lock, waits for room and
 * appends.  Room is what the sender's so_sndbuf leaves of the peer's queue; a
 * datagram needs room for all of it, or an empty queue.  A receiver takes from
 * its own queue and wakes senders after it let the lock go.
 */
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/uio.h>
#include "unix_var.h"

#define STEP_MAX (64 * 1024) /* bytes moved under one hold of the lock */

struct socket *
unix_peer_hold(struct socket *so)
{
	struct socket *to = NULL;

	lock_shared(&unix_lock);
	if (unpcb_of(so)->un_peer != NULL) {
		to = unpcb_of(so)->un_peer->un_socket;
		socket_hold(to);
	}
	lock_release(&unix_lock);
	return (to);
}

/* --- sending ------------------------------------------------------------------- */

/* (s of to) Room for n bytes from so, all of them if whole. */
static bool
has_room(const struct socket *to, const struct socket *so, size_t n, bool whole)
{
	size_t used = to->so_rcv.sb_bytes;

	if (used == 0)
		return (true);
	return (whole ? used + n <= so->so_sndbuf : used < so->so_sndbuf);
}

/* (s of to) 0, EPIPE, ECONNREFUSED, EAGAIN, EINTR, ERESTART. */
static int
wait_room(struct socket *so, struct socket *to, size_t n, bool nonblock,
    nstime_t *deadlinep)
{
	bool whole = so->so_type != SOCK_STREAM;
	int error = 0;

	while (error == 0) {
		if ((so->so_state & SS_CANTSEND) != 0)
			return (EPIPE);
		if ((to->so_state & SS_CLOSED) != 0)
			return (whole && so->so_type == SOCK_DGRAM
				? ECONNREFUSED
				: EPIPE);
		if ((to->so_state & SS_CANTRCV) != 0)
			return (EPIPE);
		if (has_room(to, so, n, whole))
			return (0);
		so->so_nospace = true;
		to->so_rcv.sb_senders++;
		error = socket_sleep(to, &to->so_rcv.sb_senders, nonblock,
		    deadlinep, so->so_sndtimeo, "unsend");
		to->so_rcv.sb_senders--;
	}
	return (error);
}

/*
 * Wait for room and return with to's so_lock, and with rights under unix_lock,
 * shared, as well (unix_gc.c): but never sleep with that one.
 */
static int
lock_room(struct socket *so, struct socket *to, size_t n, bool rights,
    bool nonblock, nstime_t *deadlinep)
{
	int error;

	for (;;) {
		if (rights)
			lock_shared(&unix_lock);
		lock_excl(&to->so_lock);
		error = wait_room(so, to, n, nonblock || rights, deadlinep);
		if (error == 0)
			return (0);
		lock_release(&to->so_lock);
		if (!rights)
			return (error);
		lock_release(&unix_lock);
		if (error != EAGAIN || nonblock)
			return (error);
		lock_excl(&to->so_lock);
		error = wait_room(so, to, n, false, deadlinep);
		lock_release(&to->so_lock);
		if (error != 0)
			return (error);
	}
}

/* Append up to n bytes of sm; *ctlp goes with the first of them. */
static int
send_step(struct socket *so, struct socket *to, struct sockmsg *sm, size_t n,
    const struct sockname *from, struct sockctl **ctlp, bool nonblock,
    nstime_t *deadlinep)
{
	bool stream = so->so_type == SOCK_STREAM;
	bool rights = *ctlp != NULL && (*ctlp)->sc_nfiles > 0;
	struct sockcred cred = sockcred_current();
	size_t before;
	int error;

	if ((error = lock_room(so, to, n, rights, nonblock, deadlinep)) != 0)
		return (error);
	if (*ctlp != NULL && (*ctlp)->sc_has_cred)
		cred = (*ctlp)->sc_cred;
	if (rights)
		unix_rights_sent(*ctlp);
	if (stream)
		n = MIN(n,
		    MAX(so->so_sndbuf, to->so_rcv.sb_bytes + 1) -
			to->so_rcv.sb_bytes);
	before = to->so_rcv.sb_bytes;
	error = sockbuf_append(
	    &to->so_rcv, sm->sm_uio, n, stream, &cred, from, *ctlp);
	if (error == 0) {
		*ctlp = NULL;
		sm->sm_done += n;
	} else if (to->so_rcv.sb_bytes > before)
		sm->sm_done += to->so_rcv.sb_bytes - before;
	if (rights && error != 0)
		sockctl_land(*ctlp);
	lock_release(&to->so_lock);
	if (rights)
		lock_release(&unix_lock);
	wakeup(&to->so_rcv.sb_waiting);
	ev_notify(&to->so_source, EV_IN);
	return (error);
}

static int
send_stream(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	struct sockctl *ctl = sm->sm_ctl;
	nstime_t deadline = 0;
	struct socket *to;
	int error = 0;

	if (sm->sm_name != NULL && sm->sm_name->sn_len > 0)
		return (unpcb_of(so)->un_was_connected ? EISCONN : EOPNOTSUPP);
	if ((to = unix_peer_hold(so)) == NULL)
		return (unpcb_of(so)->un_was_connected ? EPIPE : ENOTCONN);
	while (sm->sm_uio->uio_resid > 0 && error == 0)
		error = send_step(so, to, sm,
		    MIN(sm->sm_uio->uio_resid, (size_t)STEP_MAX), NULL, &ctl,
		    nonblock, &deadline);
	sm->sm_ctl = ctl;
	socket_drop(to);
	return (error);
}

/* Where a datagram goes: held.  A connection that broke is told once. */
static int
destination(struct socket *so, struct sockmsg *sm, struct socket **top)
{
	int error;

	if (sm->sm_name != NULL && sm->sm_name->sn_len > 0) {
		if (so->so_type == SOCK_SEQPACKET)
			return (unpcb_of(so)->un_was_connected ? EISCONN
							       : EOPNOTSUPP);
		if ((error = unix_find(sm->sm_name, top)) != 0)
			return (error);
		if ((*top)->so_type == so->so_type)
			return (0);
		socket_drop(*top);
		return (EPROTOTYPE);
	}
	if ((*top = unix_peer_hold(so)) != NULL)
		return (0);
	if (so->so_type == SOCK_SEQPACKET)
		return (unpcb_of(so)->un_was_connected ? EPIPE : ENOTCONN);
	if ((so->so_state & SS_CONNECTED) == 0)
		return (ENOTCONN);
	lock_excl(&so->so_lock);
	so->so_state &= ~(uint32_t)SS_CONNECTED;
	lock_release(&so->so_lock);
	return (ECONNREFUSED);
}

static int
send_message(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	struct sockname from;
	nstime_t deadline = 0;
	struct socket *to;
	int error;

	if (sm->sm_uio->uio_resid > so->so_sndbuf)
		return (EMSGSIZE);
	if ((error = destination(so, sm, &to)) != 0)
		return (error);
	lock_shared(&unix_lock);
	from = unpcb_of(so)->un_name;
	lock_release(&unix_lock);
	error = send_step(so, to, sm, sm->sm_uio->uio_resid, &from, &sm->sm_ctl,
	    nonblock, &deadline);
	socket_drop(to);
	return (error);
}

int
unix_send(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	if ((so->so_state & SS_CANTSEND) != 0)
		return (EPIPE);
	if (sm->sm_ctl != NULL)
		unix_collect_due();
	return (so->so_type == SOCK_STREAM ? send_stream(so, sm, nonblock)
					   : send_message(so, sm, nonblock));
}

/* --- receiving ------------------------------------------------------------------- */

/* (s) Wait for a record: 0, or 0 with none at the end of file. */
static int
wait_record(struct socket *so, bool nonblock, nstime_t *deadlinep)
{
	struct sockbuf *sb = &so->so_rcv;
	int error = 0;

	while (error == 0 && TAILQ_EMPTY(&sb->sb_recs)) {
		if (so->so_error != 0) {
			error = so->so_error;
			so->so_error = 0;
			return (error);
		}
		if ((so->so_state & SS_CANTRCV) != 0)
			return (0);
		if (so->so_type != SOCK_DGRAM &&
		    (so->so_state & SS_CONNECTED) == 0)
			return (so->so_type == SOCK_STREAM ? EINVAL : ENOTCONN);
		sb->sb_waiting++;
		error = socket_sleep(so, &sb->sb_waiting, nonblock, deadlinep,
		    so->so_rcvtimeo, "unrecv");
		sb->sb_waiting--;
	}
	return (error);
}

/* (s) What goes with the record, for the receiver. */
static int
take_control(struct socket *so, struct sockrec *sr, struct sockmsg *sm)
{
	bool peek = (sm->sm_flags & MSG_PEEK) != 0;
	struct sockctl *sc = sr->sr_ctl;

	if (sc != NULL && peek) {
		if ((sc = sockctl_dup(sc)) == NULL)
			return (ENOMEM);
	} else {
		sr->sr_ctl = NULL;
		if (sc != NULL)
			sockctl_land(sc);
	}
	if ((so->so_options & SO_PASSCRED) != 0) {
		if (sc == NULL && (sc = sockctl_create(0)) == NULL)
			return (ENOMEM);
		sc->sc_has_cred = true;
		sc->sc_cred = sr->sr_cred;
	} else if (sc != NULL)
		sc->sc_has_cred = false;
	sm->sm_ctl = sc;
	return (0);
}

/* (s) May the stream's next record go with what was taken from the last? */
static bool
continues(struct socket *so, const struct sockrec *sr, const struct sockcred *c)
{
	if (sr->sr_ctl != NULL)
		return (false);
	return ((so->so_options & SO_PASSCRED) == 0 ||
	    (sr->sr_cred.sc_pid == c->sc_pid &&
		sr->sr_cred.sc_uid == c->sc_uid &&
		sr->sr_cred.sc_gid == c->sc_gid));
}

/* (s) Bytes of the records that are there. */
static int
take_stream(struct socket *so, struct sockmsg *sm, bool *stopp)
{
	struct uio *uio = sm->sm_uio;
	struct sockrec *sr;
	struct sockcred cred = {0, 0, 0};
	int error = 0;

	while ((sr = TAILQ_FIRST(&so->so_rcv.sb_recs)) != NULL &&
	    uio->uio_resid > 0 && error == 0) {
		size_t n = MIN(uio->uio_resid, sr->sr_len);

		if (sm->sm_done > 0 && !continues(so, sr, &cred)) {
			*stopp = true;
			break;
		}
		if (sm->sm_done == 0) {
			cred = sr->sr_cred;
			if ((error = take_control(so, sr, sm)) != 0)
				break;
			*stopp =
			    sm->sm_ctl != NULL && sm->sm_ctl->sc_nfiles > 0;
		}
		if ((error = sockbuf_copyout(&so->so_rcv, 0, n, uio)) != 0)
			break;
		sm->sm_done += n;
		if ((sm->sm_flags & MSG_PEEK) != 0) {
			*stopp = true;
			break;
		}
		sockbuf_consume(&so->so_rcv, n);
		if (sr->sr_len == 0)
			sockbuf_drop_record(&so->so_rcv);
		if (*stopp)
			break;
	}
	return (error);
}

/* (s) One message. */
static int
take_message(struct socket *so, struct sockmsg *sm)
{
	struct sockrec *sr = TAILQ_FIRST(&so->so_rcv.sb_recs);
	size_t n = MIN(sm->sm_uio->uio_resid, sr->sr_len);
	int error;

	sm->sm_full = sr->sr_len;
	if (n < sr->sr_len)
		sm->sm_out |= MSG_TRUNC;
	if (so->so_type == SOCK_SEQPACKET)
		sm->sm_out |= MSG_EOR;
	if (sm->sm_name != NULL && sr->sr_from != NULL)
		*sm->sm_name = *sr->sr_from;
	if ((error = take_control(so, sr, sm)) != 0)
		return (error);
	if ((error = sockbuf_copyout(&so->so_rcv, 0, n, sm->sm_uio)) != 0)
		return (error);
	sm->sm_done = n;
	if ((sm->sm_flags & MSG_PEEK) == 0)
		sockbuf_drop_record(&so->so_rcv);
	return (0);
}

/* Room was made: who may send here looks again. */
static void
tell_senders(struct socket *so, uint32_t sleeping)
{
	struct unpcb *un;

	if (sleeping > 0)
		wakeup(&so->so_rcv.sb_senders);
	lock_shared(&unix_lock);
	LIST_FOREACH(un, &unpcb_of(so)->un_senders, un_sender_link)
		ev_notify_hint(&un->un_socket->so_source, EV_OUT,
		    atomic_swap(&un->un_socket->so_nospace, false) ? 0
								   : EVH_QUIET);
	lock_release(&unix_lock);
}

/*
 * (s) Is the first record's control information to be taken under unix_lock?
 * Then this returns with it, shared, having let go of so_lock for a moment.
 */
static bool
lock_rights(struct socket *so)
{
	struct sockrec *sr = TAILQ_FIRST(&so->so_rcv.sb_recs);

	if (sr == NULL || sr->sr_ctl == NULL || sr->sr_ctl->sc_nfiles == 0)
		return (false);
	lock_release(&so->so_lock);
	lock_shared(&unix_lock);
	lock_excl(&so->so_lock);
	return (true);
}

int
unix_receive(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	bool stream = so->so_type == SOCK_STREAM, stop = false, rights = false;
	nstime_t deadline = 0;
	bool again = false;
	uint32_t sleeping;
	size_t bytes;
	int error;

	lock_excl(&so->so_lock);
	bytes = so->so_rcv.sb_bytes;
	do {
		error = wait_record(so, nonblock, &deadline);
		if (error != 0 || TAILQ_EMPTY(&so->so_rcv.sb_recs))
			break;
		bytes = MAX(bytes, so->so_rcv.sb_bytes);
		if (!rights && sm->sm_done == 0 && (rights = lock_rights(so))) {
			/* Another receiver may have been faster. */
			if (TAILQ_EMPTY(&so->so_rcv.sb_recs)) {
				lock_release(&so->so_lock);
				lock_release(&unix_lock);
				lock_excl(&so->so_lock);
				rights = false;
				again = true;
				continue;
			}
		}
		again = false;
		if (!stream) {
			error = take_message(so, sm);
			break;
		}
		if (sm->sm_uio->uio_resid == 0)
			break;
		error = take_stream(so, sm, &stop);
	} while (again ||
	    (error == 0 && !stop && (sm->sm_flags & MSG_WAITALL) != 0 &&
		sm->sm_uio->uio_resid > 0));
	sleeping = so->so_rcv.sb_senders;
	bytes -= MIN(bytes, so->so_rcv.sb_bytes);
	lock_release(&so->so_lock);
	if (rights)
		lock_release(&unix_lock);
	if (bytes > 0 || sleeping > 0)
		tell_senders(so, sleeping);
	return (error);
}

/* --- readiness ---------------------------------------------------------------------- */

static uint32_t
poll_out(struct socket *so)
{
	struct socket *to = unix_peer_hold(so);
	size_t used;

	if (to == NULL)
		return (so->so_type == SOCK_DGRAM ? EV_OUT : 0);
	used = to->so_rcv.sb_bytes;
	socket_drop(to);
	/* Worth waking for: a quarter is free. */
	return (used <= so->so_sndbuf - so->so_sndbuf / 4 ? EV_OUT : 0);
}

uint32_t
unix_poll(struct socket *so)
{
	struct unpcb *un = unpcb_of(so);
	uint32_t r = 0, state;

	lock_shared(&so->so_lock);
	state = so->so_state;
	if (!TAILQ_EMPTY(&so->so_rcv.sb_recs) || (state & SS_CANTRCV) != 0)
		r |= EV_IN;
	if ((state & SS_CANTRCV) != 0)
		r |= EV_RDHUP;
	if ((state & (SS_CANTRCV | SS_CANTSEND)) == (SS_CANTRCV | SS_CANTSEND))
		r |= EV_HUP;
	if (so->so_error != 0)
		r |= EV_ERR;
	lock_release(&so->so_lock);
	if ((state & SS_LISTENING) != 0) {
		lock_shared(&unix_lock);
		r |= TAILQ_EMPTY(&un->un_queue) ? 0 : EV_IN;
		lock_release(&unix_lock);
		return (r);
	}
	if (so->so_type != SOCK_DGRAM && !un->un_was_connected)
		return (r | EV_OUT | EV_HUP);
	if ((state & SS_CANTSEND) != 0)
		return (r | EV_OUT);
	return (r | poll_out(so));
}

int
unix_ioctl(struct socket *so, uint64_t cmd, void *data)
{
	struct socket *to;

	if (cmd != FIONWRITE)
		return (ENOTTY);
	*(int *)data = 0;
	if ((to = unix_peer_hold(so)) != NULL) {
		*(int *)data = (int)to->so_rcv.sb_bytes;
		socket_drop(to);
	}
	return (0);
}
