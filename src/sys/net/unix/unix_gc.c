/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors in flight, and the collector of sockets that only they refer to.
 *
 * 1. A message with descriptors holds references to files.  If such a file is
 *    an AF_UNIX socket, its un_inflight counts them.
 * 2. A socket all of whose file's references are in flight may still be
 *    received by somebody, unless every queue it lies in belongs to such a
 *    socket as well.  So: roots are the sockets with another reference; from
 *    each, what lies in its queue, and in the queues of those who wait to be
 *    accepted by it, is reachable.  The rest is garbage: its queues are emptied,
 *    which drops the references.
 * 3. The collector has unix_lock exclusively.  Taking descriptors out of a queue,
 *    or putting them in, happens with that lock shared, together with the
 *    counting, so nothing moves meanwhile; a file can get references only from
 *    one who has one.  Messages that are thrown away need no lock: what only
 *    they refer to is garbage.
 * 4. It runs when a socket closes, and before a send when the number in flight
 *    has doubled since the last time.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/file.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include "unix_var.h"

#define COLLECT_MIN 256U

static uint32_t total_inflight; /* (atomic) */
static volatile uint32_t collect_at = COLLECT_MIN;
static uint64_t collected; /* (u) */
SYSCTL_U64(unix_collected, "kern.ipc.unix_collected", CTLF_RD, &collected,
    "sockets freed because only messages in flight referred to them");

static struct unpcb *
unpcb_of_file(struct file *fp)
{
	struct socket *so;

	if (fp == NULL || socket_of_file(fp, &so) != 0 ||
	    so->so_family != AF_UNIX)
		return (NULL);
	return (unpcb_of(so));
}

static void
count(struct sockctl *sc, int step)
{
	struct unpcb *un;

	for (int i = 0; i < sc->sc_nfiles; i++)
		if ((un = unpcb_of_file(sc->sc_files[i])) != NULL) {
			atomic_add(&un->un_inflight, (uint32_t)step);
			atomic_add(&total_inflight, (uint32_t)step);
		}
}

static void
land(struct sockctl *sc)
{
	count(sc, -1);
}

void
unix_rights_sent(struct sockctl *sc)
{
	if (sc->sc_land != NULL)
		return;
	count(sc, 1);
	sc->sc_land = land;
}

/* Before a send: so many in flight may be garbage that nobody's close finds. */
void
unix_collect_due(void)
{
	if (atomic_load(&total_inflight) > collect_at)
		unix_collect();
}

/* --- the collector (u) ---------------------------------------------------------------- */

/* Nobody but messages refers to its file. */
static bool
only_inflight(const struct unpcb *un)
{
	const struct file *fp = un->un_socket->so_file;

	return (fp != NULL && un->un_inflight > 0 &&
	    atomic_load(&fp->f_refs) == un->un_inflight);
}

static void
mark(struct unpcb *un, struct unpcb_work *work)
{
	if (un == NULL || un->un_marked)
		return;
	un->un_marked = true;
	TAILQ_INSERT_TAIL(work, un, un_work);
}

/* What can be reached from un in one step. */
static void
mark_from(struct unpcb *un, struct unpcb_work *work)
{
	struct socket *so = un->un_socket;
	struct sockrec *sr;
	struct unpcb *e;

	TAILQ_FOREACH(e, &un->un_queue, un_queue_link)
		mark(e, work);
	lock_excl(&so->so_lock);
	TAILQ_FOREACH(sr, &so->so_rcv.sb_recs, sr_link)
		for (int i = 0; sr->sr_ctl != NULL && i < sr->sr_ctl->sc_nfiles;
		     i++)
			mark(unpcb_of_file(sr->sr_ctl->sc_files[i]), work);
	lock_release(&so->so_lock);
}

/* The queue of un, which is garbage, into *out. */
static void
empty(struct unpcb *un, struct sockbuf *out)
{
	struct socket *so = un->un_socket;

	lock_excl(&so->so_lock);
	sockbuf_move(&so->so_rcv, out);
	lock_release(&so->so_lock);
}

void
unix_collect(void)
{
	struct unpcb_work work = TAILQ_HEAD_INITIALIZER(work);
	struct sockbuf garbage;
	struct unpcb *un;

	if (atomic_load(&total_inflight) == 0)
		return;
	sockbuf_init(&garbage);
	lock_excl(&unix_lock);
	LIST_FOREACH(un, &unix_all, un_all)
		un->un_marked = false;
	LIST_FOREACH(un, &unix_all, un_all)
		if (un->un_listener == NULL && !only_inflight(un))
			mark(un, &work);
	while ((un = TAILQ_FIRST(&work)) != NULL) {
		TAILQ_REMOVE(&work, un, un_work);
		mark_from(un, &work);
	}
	LIST_FOREACH(un, &unix_all, un_all)
		if (!un->un_marked) {
			collected++;
			empty(un, &garbage);
		}
	lock_release(&unix_lock);
	sockbuf_flush(&garbage);
	collect_at = MAX(COLLECT_MIN, 2 * atomic_load(&total_inflight));
}
SHUTDOWN_HOOK(unix_collect, unix_collect);
