/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets: life, and the file in front of them.
 *
 * 1. A socket is made by a domain's row (sockops), gets a file, and lives on
 *    references: its file, its peer's look at it, calls in flight.  When the
 *    file closes the domain is told (sop_close: say good-bye to the peer); when
 *    the last reference goes it takes its part apart (sop_detach).
 * 2. Every socket has one queue of its own, what it has received and not read
 *    (sockbuf.c).  Sending means appending to another socket's queue, or
 *    whatever else a domain makes of it, so there is no send queue here.
 * 3. so_lock guards the queue, state and options.  Sleepers wait on the queue's
 *    counters: receivers on sb_waiting, senders on the receiver's sb_senders.
 *    Wakeups follow after the lock was released, as in pipes.
 *
 * Lock order: the domain's lock, so_lock, es_spin.  Two so_locks never.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/socketvar.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include "socket_var.h"

#define SOCKBUF_DEFAULT (208 * 1024)
#define OPS_MAX		16

MALLOC_DEFINE(M_SOCKET, "socket", "sockets, their queues and messages");

static const struct sockops *ops_table[OPS_MAX];
static int nops;
static uint64_t socket_next_id = 1; /* (atomic) */
static uint64_t socket_count;	    /* (atomic) */
SYSCTL_U64(socket_count, "kern.ipc.sockets", CTLF_RD, &socket_count,
    "sockets that exist");

/* --- life ------------------------------------------------------------------------ */

void
sockops_register(const struct sockops *ops)
{
	KASSERT(nops < OPS_MAX, ("sockops_register: table full"));
	ops_table[nops++] = ops;
}

static int
ops_find(int family, int type, const struct sockops **opsp)
{
	int error = EAFNOSUPPORT;

	for (int i = 0; i < nops; i++) {
		if (ops_table[i]->sop_family != family)
			continue;
		error = ESOCKTNOSUPPORT;
		if (ops_table[i]->sop_type == type) {
			*opsp = ops_table[i];
			return (0);
		}
	}
	return (error);
}

int
socket_create(
    int family, int type, int proto, struct ucred *cr, struct socket **sop)
{
	const struct sockops *ops = NULL;
	struct socket *so;
	int error;

	if ((error = ops_find(family, type, &ops)) != 0)
		return (error);
	if ((so = kmalloc(sizeof(*so), M_SOCKET, M_WAITOK | M_ZERO)) == NULL)
		return (ENOMEM);
	ref_init(&so->so_refs, 1);
	lock_init(&so->so_lock, "socket", 0);
	so->so_ops = ops;
	so->so_family = family;
	so->so_type = type;
	so->so_proto = proto;
	so->so_sndbuf = so->so_rcvbuf = SOCKBUF_DEFAULT;
	so->so_rcvlowat = 1;
	so->so_cred = cred_hold(cr);
	so->so_id = atomic_fetchadd(&socket_next_id, 1);
	sockbuf_init(&so->so_rcv);
	ev_source_init(&so->so_source);
	if ((error = ops->sop_attach(so, proto)) != 0) {
		ev_source_destroy(&so->so_source);
		cred_drop(so->so_cred);
		lock_destroy(&so->so_lock);
		kfree(so, M_SOCKET);
		return (error);
	}
	atomic_add(&socket_count, 1);
	*sop = so;
	return (0);
}

void
socket_hold(struct socket *so)
{
	ref_hold(&so->so_refs);
}

void
socket_drop(struct socket *so)
{
	if (!ref_drop(&so->so_refs))
		return;
	so->so_ops->sop_detach(so);
	sockbuf_flush(&so->so_rcv);
	ev_source_destroy(&so->so_source);
	cred_drop(so->so_cred);
	lock_destroy(&so->so_lock);
	kfree(so, M_SOCKET);
	atomic_sub(&socket_count, 1);
}

/* --- small services for domains ------------------------------------------------------ */

struct sockcred
sockcred_current(void)
{
	struct ucred *cr = cred_current();

	return ((struct sockcred){
	    curproc != NULL ? curproc->p_pid : 0, cr->cr_uid, cr->cr_gid});
}

int
socket_sleep(struct socket *so, const void *ident, bool nonblock,
    nstime_t *deadlinep, nstime_t timeout, const char *wmesg)
{
	nstime_t left = SLEEP_FOREVER;
	int error;

	if (nonblock)
		return (EAGAIN);
	if (timeout != 0) {
		if (*deadlinep == 0)
			*deadlinep = clock_mono() + timeout;
		if ((left = *deadlinep - clock_mono()) <= 0)
			return (EAGAIN);
	}
	error = lock_sleep(ident, &so->so_lock, PCATCH, wmesg, left);
	/* With a timeout a signal's handler ends the call for good. */
	if (timeout != 0 && error == ERESTART)
		error = EINTR;
	return (error == ETIMEDOUT || error == EWOULDBLOCK ? EAGAIN : error);
}

int
socket_error_take(struct socket *so)
{
	int error;

	lock_excl(&so->so_lock);
	error = so->so_error;
	so->so_error = 0;
	lock_release(&so->so_lock);
	return (error);
}

int
socket_pipe_error(int flags)
{
	ksiginfo_t ksi = {.ksi_signo = SIGPIPE, .ksi_code = SI_KERNEL};

	if ((flags & MSG_NOSIGNAL) == 0 && curlwp != NULL)
		sig_send_lwp(curlwp, SIGPIPE, &ksi);
	return (EPIPE);
}

/* --- control information --------------------------------------------------------------- */

struct sockctl *
sockctl_create(int nfiles)
{
	struct sockctl *sc = kmalloc(sizeof(*sc), M_SOCKET, M_WAITOK | M_ZERO);

	if (sc == NULL || nfiles == 0)
		return (sc);
	sc->sc_files = kmalloc((size_t)nfiles * sizeof(struct file *), M_SOCKET,
	    M_WAITOK | M_ZERO);
	if (sc->sc_files == NULL) {
		kfree(sc, M_SOCKET);
		return (NULL);
	}
	sc->sc_nfiles = nfiles;
	return (sc);
}

struct sockctl *
sockctl_dup(const struct sockctl *from)
{
	struct sockctl *sc = sockctl_create(from->sc_nfiles);

	for (int i = 0; sc != NULL && i < from->sc_nfiles; i++) {
		sc->sc_files[i] = from->sc_files[i];
		file_hold(sc->sc_files[i]);
	}
	return (sc);
}

void
sockctl_land(struct sockctl *sc)
{
	if (sc->sc_land != NULL)
		sc->sc_land(sc);
	sc->sc_land = NULL;
}

/*
 * Dropping a file may close a socket, whose queue holds more files: a chain as
 * long as a program cares to make it.  So they are not dropped here but put on
 * a list, and one thread at a time works that off.
 */
SPINLOCK_DEFINE(discard_spin, "sockdrop");
static struct sockctl *discard_list; /* (discard_spin) */
static bool discarding;		     /* (discard_spin) */

static struct sockctl *
discard_next(void)
{
	struct sockctl *sc;

	spin_lock(&discard_spin);
	sc = discard_list;
	if (sc != NULL)
		discard_list = sc->sc_next;
	else
		discarding = false;
	spin_unlock(&discard_spin);
	return (sc);
}

void
sockctl_free(struct sockctl *sc)
{
	bool mine;

	if (sc == NULL)
		return;
	spin_lock(&discard_spin);
	sc->sc_next = discard_list;
	discard_list = sc;
	mine = !discarding;
	discarding = true;
	spin_unlock(&discard_spin);
	while (mine && (sc = discard_next()) != NULL) {
		sockctl_land(sc);
		for (int i = 0; i < sc->sc_nfiles; i++)
			if (sc->sc_files[i] != NULL)
				file_drop(sc->sc_files[i]);
		kfree(sc->sc_files, M_SOCKET);
		kfree(sc, M_SOCKET);
	}
}

/* --- the file -------------------------------------------------------------------------- */

static bool
nonblocking(const struct file *fp, int flags)
{
	return ((fp->f_flags & O_NONBLOCK) != 0 || (flags & FOF_NOWAIT) != 0);
}

static int
socket_fo_read(struct file *fp, struct uio *uio, int flags)
{
	struct sockmsg sm = {.sm_uio = uio};
	int error;

	if ((flags & FOF_OFFSET) != 0)
		return (ESPIPE);
	error = socket_receive(fp->f_data, &sm, nonblocking(fp, flags));
	sockctl_free(sm.sm_ctl);
	return (error);
}

static int
socket_fo_write(struct file *fp, struct uio *uio, int flags)
{
	struct sockmsg sm = {.sm_uio = uio};

	if ((flags & FOF_OFFSET) != 0)
		return (ESPIPE);
	return (socket_send(fp->f_data, &sm, nonblocking(fp, flags)));
}

static int
socket_fo_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	struct socket *so = fp->f_data;

	switch (cmd) {
	case FIONBIO:
	case FIOASYNC:
		return (0);
	case FIONREAD:
		lock_shared(&so->so_lock);
		*(int *)data = (int)socket_readable(so);
		lock_release(&so->so_lock);
		return (0);
	default:
		if (so->so_ops->sop_ioctl == NULL)
			return (ENOTTY);
		return (so->so_ops->sop_ioctl(so, cmd, data));
	}
}

static uint32_t
socket_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct socket *so = fp->f_data;

	ev_attach(&so->so_source, w);
	return (so->so_ops->sop_poll(so) & (events | EV_ERR | EV_HUP));
}

static int
socket_fo_stat(struct file *fp, struct stat *st)
{
	struct socket *so = fp->f_data;

	memset(st, 0, sizeof(*st));
	st->st_ino = so->so_id;
	st->st_mode = S_IFSOCK | 0777;
	st->st_nlink = 1;
	st->st_uid = so->so_cred->cr_uid;
	st->st_gid = so->so_cred->cr_gid;
	st->st_blksize = PAGE_SIZE;
	return (0);
}

static void
socket_fo_close(struct file *fp)
{
	struct socket *so = fp->f_data;

	lock_excl(&so->so_lock);
	so->so_state |= SS_CLOSED;
	lock_release(&so->so_lock);
	so->so_ops->sop_close(so);
	socket_drop(so);
}

static void
socket_fo_name(struct file *fp, char *buf, size_t size)
{
	struct socket *so = fp->f_data;

	ksnprintf(buf, size, "socket:[%lu]", so->so_id);
}

static const struct fileops socket_fileops = {
    .fo_read = socket_fo_read,
    .fo_write = socket_fo_write,
    .fo_ioctl = socket_fo_ioctl,
    .fo_poll = socket_fo_poll,
    .fo_stat = socket_fo_stat,
    .fo_close = socket_fo_close,
    .fo_name = socket_fo_name,
};

int
socket_file(struct socket *so, int oflags, struct file **fpp)
{
	struct file *fp = file_create(DTYPE_SOCKET,
	    FREAD | FWRITE | (oflags & O_NONBLOCK), &socket_fileops, so);

	if (fp == NULL)
		return (ENFILE);
	so->so_file = fp;
	*fpp = fp;
	return (0);
}

int
socket_of_file(struct file *fp, struct socket **sop)
{
	if (fp->f_type != DTYPE_SOCKET)
		return (ENOTSOCK);
	*sop = fp->f_data;
	return (0);
}

/* --- ddb ---------------------------------------------------------------------------------- */

static void
ddb_socket(const char *arg)
{
	struct socket so;
	uint64_t at;

	if (!ddb_number(&arg, &at) ||
	    !ddb_read((const void *)at, &so, sizeof(so))) {
		kprintf("show socket ADDRESS\n");
		return;
	}
	kprintf("socket %lu family %d type %d state %x options %x error %d "
		"refs %u\n",
	    so.so_id, so.so_family, so.so_type, so.so_state, so.so_options,
	    so.so_error, so.so_refs);
	kprintf("  received %lu of %lu bytes, %u receivers and %u senders "
		"asleep, pcb %p\n",
	    so.so_rcv.sb_bytes, so.so_rcvbuf, so.so_rcv.sb_waiting,
	    so.so_rcv.sb_senders, so.so_pcb);
}
DDB_COMMAND(socket, "show socket", ddb_socket, "a socket: show socket ADDRESS");
