/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets inside the kernel: the contract between the core (net/socket), the
 * domains behind it (net/unix, net/inet), and the ABIs in front of it.
 *
 * The core owns the file, options, timeouts, the receive queue and its waiting;
 * a domain owns names, connections and what becomes of bytes that are sent, by
 * its sockops.  ABIs call the kern_ functions with kernel types: names in
 * struct sockname, control information in struct sockctl, never the layouts of
 * one ABI.  All functions may sleep unless they say otherwise.
 */
#ifndef SYS_SOCKETVAR_H
#define SYS_SOCKETVAR_H

#include <sys/event.h>
#include <sys/lock.h>
#include <sys/queue.h>
#include <sys/refcount.h>
#include <sys/socket.h>

struct file;
struct stat;
struct socket;
struct ucred;
struct uio;

/* --- names and control information -------------------------------------------- */

#define SOCKNAME_MAX 126
struct sockname {
	uint16_t sn_family;
	uint16_t sn_len; /* bytes of sn_data; 0: no name */
	uint8_t sn_data[SOCKNAME_MAX];
};

#define SOCK_RIGHTS_MAX 253
/* What travels beside the bytes of one message. */
struct sockctl {
	struct sockctl *sc_next; /* (discard_spin) to be freed */
	int sc_nfiles;
	struct file **sc_files; /* held; kmalloc'd, M_SOCKET */
	/* If not NULL: called when the files leave the queue, before use. */
	void (*sc_land)(struct sockctl *sc);
	bool sc_has_cred;
	struct sockcred sc_cred;
};
void sockctl_free(struct sockctl *sc);	    /* drops files; NULL is fine */
struct sockctl *sockctl_create(int nfiles); /* NULL: ENOMEM */
struct sockctl *sockctl_dup(const struct sockctl *sc); /* for a peek */
void sockctl_land(
    struct sockctl *sc); /* received: the files are the caller's */

/* One transfer. */
struct sockmsg {
	struct uio *sm_uio;
	int sm_flags;		  /* in: MSG_ of the caller */
	int sm_out;		  /* receive: MSG_ bits to report */
	struct sockname *sm_name; /* send: to, or NULL; receive: from */
	/* Send: consumed on success.  Receive: filled in, the caller frees. */
	struct sockctl *sm_ctl;
	size_t sm_full; /* receive: length of the message before cutting */
	size_t sm_done; /* bytes moved */
};

/* --- the receive queue (sockbuf.c) ----------------------------------------------- */

#define SOCKCHUNK_BYTES 4096
struct sockchunk {
	struct sockchunk *sk_next;
	uint32_t sk_off, sk_len; /* data[off, off+len) is valid */
	uint32_t sk_room;	 /* bytes of sk_data */
	uint8_t sk_data[];
};
/* A message; of a stream, bytes that came together with the same ids. */
struct sockrec {
	TAILQ_ENTRY(sockrec) sr_link;
	struct sockchunk *sr_first, *sr_last;
	size_t sr_len;
	struct sockctl *sr_ctl;	  /* or NULL */
	struct sockcred sr_cred;  /* of the sender */
	struct sockname *sr_from; /* datagrams from a named socket, or NULL */
};
TAILQ_HEAD(sockrec_list, sockrec);
struct sockbuf {
	struct sockrec_list sb_recs; /* (s) */
	size_t sb_bytes;	     /* (s) with a charge for each record */
	uint32_t sb_waiting;	     /* (s) receivers asleep */
	uint32_t sb_senders;	     /* (s) asleep until there is room */
};

/* --- sockets ------------------------------------------------------------------------ */

/* Locks: (s) so_lock; (d) the domain's; (c) constant. */
struct socket {
	refcount_t so_refs;
	struct lock so_lock;
	const struct sockops *so_ops;	   /* (c) */
	int so_family, so_type, so_proto;  /* (c) */
	volatile uint32_t so_state;	   /* (s) SS_ */
	uint32_t so_options;		   /* (s) SO_BITS */
	struct linger so_linger;	   /* (s) */
	size_t so_sndbuf, so_rcvbuf;	   /* (s) limits in bytes */
	size_t so_rcvlowat;		   /* (s) */
	nstime_t so_sndtimeo, so_rcvtimeo; /* (s) 0: for ever */
	int so_error;			   /* (s) to report once */
	volatile bool so_nospace; /* (atomic) a send found no room since */
	struct sockbuf so_rcv;
	struct ev_source so_source;
	struct ucred *so_cred;	 /* (c) of its maker */
	struct sockcred so_peer; /* (s) SO_PEERCRED; pid 0: none */
	struct file *so_file;	 /* (d) not held; NULL: in an accept queue */
	uint64_t so_id;		 /* (c) inode number */
	void *so_pcb;		 /* the domain's */
};
#define SS_CONNECTED  0x01
#define SS_CONNECTING 0x02
#define SS_LISTENING  0x04
#define SS_CANTSEND   0x08 /* shut down for writing */
#define SS_CANTRCV    0x10 /* no more will come */
#define SS_CLOSED     0x20 /* its file is gone */

/* What a domain does for one (family, type).  NULL slots: EOPNOTSUPP. */
struct sockops {
	int sop_family, sop_type;
	int (*sop_attach)(struct socket *so, int proto); /* makes so_pcb */
	/* The last reference went. */
	void (*sop_detach)(struct socket *so);
	/* The file was closed; others may still refer to it. */
	void (*sop_close)(struct socket *so);
	int (*sop_bind)(struct socket *so, const struct sockname *name);
	int (*sop_connect)(
	    struct socket *so, const struct sockname *name, bool nonblock);
	int (*sop_connect2)(struct socket *a, struct socket *b);
	int (*sop_listen)(struct socket *so, int backlog);
	/* A connected socket with a reference; its peer's name. */
	int (*sop_accept)(struct socket *so, bool nonblock,
	    struct socket **newp, struct sockname *peer);
	/* Takes bytes from sm_uio; *donep how many.  Consumes sm_ctl. */
	int (*sop_send)(struct socket *so, struct sockmsg *sm, bool nonblock);
	int (*sop_receive)(
	    struct socket *so, struct sockmsg *sm, bool nonblock);
	int (*sop_shutdown)(struct socket *so, int how);
	int (*sop_name)(struct socket *so, struct sockname *name);
	int (*sop_peername)(struct socket *so, struct sockname *name);
	/* Readiness without attaching. */
	uint32_t (*sop_poll)(struct socket *so);
	/* Levels other than SOL_SOCKET: *lenp in and out. */
	int (*sop_setopt)(struct socket *so, int level, int name,
	    const void *value, size_t len);
	int (*sop_getopt)(
	    struct socket *so, int level, int name, void *value, size_t *lenp);
	int (*sop_ioctl)(struct socket *so, uint64_t cmd, void *data);
};

void sockops_register(const struct sockops *ops); /* at start */
/* One reference; no file.  EAFNOSUPPORT, EPROTOTYPE, ENOMEM, ... */
int socket_create(
    int family, int type, int proto, struct ucred *cr, struct socket **sop);
void socket_hold(struct socket *so);
void socket_drop(struct socket *so);
/* A file for so, whose reference it takes over on success. */
int socket_file(struct socket *so, int oflags, struct file **fpp);
/* The socket of a file: ENOTSOCK.  Not held: fp holds it. */
int socket_of_file(struct file *fp, struct socket **sop);
struct sockcred sockcred_current(void);

/* (s) Wait on ident: EAGAIN (nonblock, or timeout), EINTR, ERESTART. */
int socket_sleep(struct socket *so, const void *ident, bool nonblock,
    nstime_t *deadlinep, nstime_t timeout, const char *wmesg);
/* The error that waits, once. */
int socket_error_take(struct socket *so);
/* SIGPIPE unless flags have MSG_NOSIGNAL; returns EPIPE. */
int socket_pipe_error(int flags);

/* sockbuf.c; (s) of the socket whose queue it is. */
void sockbuf_init(struct sockbuf *sb);
/* Append up to n bytes of uio as a record, or to the last one (join).  0 with
 * nothing appended changes nothing.  ENOMEM, EFAULT. */
int sockbuf_append(struct sockbuf *sb, struct uio *uio, size_t n, bool join,
    const struct sockcred *cred, const struct sockname *from,
    struct sockctl *ctl);
/* Move up to n bytes of the first record out; peek leaves them. */
int sockbuf_copyout(struct sockbuf *sb, size_t skip, size_t n, struct uio *uio);
void sockbuf_consume(struct sockbuf *sb, size_t n); /* of the first record */
void sockbuf_drop_record(struct sockbuf *sb);
/* All records of from go behind those of to. */
void sockbuf_move(struct sockbuf *from, struct sockbuf *to);
void sockbuf_flush(struct sockbuf *sb); /* no lock held: files may close */

/* --- the calls (sock_calls.c); fds of the current process --------------------------------- */

/* type may carry O_CLOEXEC and O_NONBLOCK in oflags. */
int kern_socket(int family, int type, int proto, int oflags, int *fdp);
int kern_socketpair(int family, int type, int proto, int oflags, int fds[2]);
int kern_bind(int fd, const struct sockname *name);
int kern_connect(int fd, const struct sockname *name);
int kern_listen(int fd, int backlog);
int kern_accept(int fd, int oflags, struct sockname *peer, int *fdp);
int kern_getsockname(int fd, struct sockname *name);
int kern_getpeername(int fd, struct sockname *name);
int kern_shutdown(int fd, int how);
int kern_sendmsg(int fd, struct sockmsg *sm, size_t *donep);
int kern_recvmsg(int fd, struct sockmsg *sm, size_t *donep);
/*
 * SOL_SOCKET values are int32_t, struct linger, nstime_t (timeouts) or struct
 * sockcred; *lenp in: room, out: bytes.  EINVAL, ENOPROTOOPT, EDOM.
 */
int kern_setsockopt(int fd, int level, int name, const void *value, size_t len);
int kern_getsockopt(int fd, int level, int name, void *value, size_t *lenp);

#endif
