/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to AF_UNIX; theory in unix.c. */
#ifndef NET_UNIX_VAR_H
#define NET_UNIX_VAR_H

#include <sys/socketvar.h>

struct vnode;

/* (u) unix_lock; a peer pointer holds no reference: close clears it. */
struct unpcb {
	struct socket *un_socket;	  /* (c) */
	struct unpcb *un_peer;		  /* (u) sends go there */
	LIST_HEAD(, unpcb) un_senders;	  /* (u) whose peer this is */
	LIST_ENTRY(unpcb) un_sender_link; /* (u) */
	struct sockname un_name;	  /* (u) bound to, sn_len 0: not */
	struct vnode *un_vnode;		  /* (u) held; of a path name */
	LIST_ENTRY(unpcb) un_abstract;	  /* (u) of an abstract name */
	TAILQ_HEAD(unpcb_queue, unpcb) un_queue; /* (u) to be accepted */
	TAILQ_ENTRY(unpcb) un_queue_link;	 /* (u) */
	struct unpcb *un_listener;		 /* (u) in whose queue it is */
	int un_queued, un_backlog;		 /* (u) */
	struct sockcred un_listen_cred;		 /* (u) */
	uint32_t un_inflight; /* (atomic) references from messages */
	bool un_marked, un_was_connected; /* (u) */
	LIST_ENTRY(unpcb) un_all;	  /* (u) */
	TAILQ_ENTRY(unpcb) un_work;	  /* (u) the collector's */
};
LIST_HEAD(unpcb_list, unpcb);
TAILQ_HEAD(unpcb_work, unpcb);

extern struct lock unix_lock;
extern struct unpcb_list unix_all; /* (u) */

static inline struct unpcb *
unpcb_of(const struct socket *so)
{
	return (so->so_pcb);
}

/* unix_name.c */
int unix_bind(struct socket *so, const struct sockname *name);
/* The socket bound to name, held: ECONNREFUSED, ENOENT, EACCES, EINVAL. */
int unix_find(const struct sockname *name, struct socket **sop);
/* (u) Forget the name; the vnode to drop after unlocking, or NULL. */
struct vnode *unix_unbind(struct unpcb *un);

/* unix_data.c */
int unix_send(struct socket *so, struct sockmsg *sm, bool nonblock);
int unix_receive(struct socket *so, struct sockmsg *sm, bool nonblock);
uint32_t unix_poll(struct socket *so);
int unix_ioctl(struct socket *so, uint64_t cmd, void *data);
/* The peer's socket, held, or NULL. */
struct socket *unix_peer_hold(struct socket *so);

/* unix_gc.c */
void unix_rights_sent(struct sockctl *sc); /* its files are in flight now */
void unix_collect_due(void);
void unix_collect(void); /* sockets that only messages in flight refer to */

#endif
