/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket calls on kernel types, and the part of sending and receiving that
 * is the same in every domain.
 */
#include <sys/systm.h>
#include <sys/fault.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include "socket_var.h"

FAULT_POINT(fault_send, "socket_send");
FAULT_POINT(fault_receive, "socket_receive");

/* The socket of fd, whose file the caller drops. */
static int
socket_get(int fd, struct file **fpp, struct socket **sop)
{
	int error = fd_get(fd, 0, fpp);

	if (error == 0 && (error = socket_of_file(*fpp, sop)) != 0)
		file_drop(*fpp);
	return (error);
}

/* so gets a file and that a descriptor; so's reference is used up. */
static int
socket_install(struct socket *so, int oflags, int *fdp)
{
	struct file *fp;
	int error;

	if ((error = socket_file(so, oflags, &fp)) != 0) {
		so->so_ops->sop_close(so);
		socket_drop(so);
		return (error);
	}
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}

/* --- making and naming ------------------------------------------------------------ */

int
kern_socket(int family, int type, int proto, int oflags, int *fdp)
{
	struct socket *so;
	int error;

	error = socket_create(family, type, proto, cred_current(), &so);
	return (error != 0 ? error : socket_install(so, oflags, fdp));
}

int
kern_socketpair(int family, int type, int proto, int oflags, int fds[2])
{
	struct socket *a, *b;
	int error;

	error = socket_create(family, type, proto, cred_current(), &a);
	if (error != 0)
		return (error);
	error = socket_create(family, type, proto, cred_current(), &b);
	if (error == 0) {
		error = a->so_ops->sop_connect2 != NULL
		    ? a->so_ops->sop_connect2(a, b)
		    : EOPNOTSUPP;
		if (error != 0)
			socket_drop(b);
	}
	if (error != 0) {
		socket_drop(a);
		return (error);
	}
	if ((error = socket_install(a, oflags, &fds[0])) != 0) {
		b->so_ops->sop_close(b);
		socket_drop(b);
		return (error);
	}
	if ((error = socket_install(b, oflags, &fds[1])) != 0)
		(void)fd_close(fds[0]);
	return (error);
}

int
kern_bind(int fd, const struct sockname *name)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error = so->so_ops->sop_bind(so, name);
	file_drop(fp);
	return (error);
}

int
kern_connect(int fd, const struct sockname *name)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error =
	    so->so_ops->sop_connect(so, name, (fp->f_flags & O_NONBLOCK) != 0);
	KTR_EVENT(
	    EVENT, connect, "socket=%p error=%d", KTRP(so), (uint64_t)error);
	file_drop(fp);
	return (error);
}

int
kern_listen(int fd, int backlog)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error = so->so_ops->sop_listen != NULL
	    ? so->so_ops->sop_listen(so, backlog)
	    : EOPNOTSUPP;
	file_drop(fp);
	return (error);
}

int
kern_accept(int fd, int oflags, struct sockname *peer, int *fdp)
{
	struct socket *so, *new;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error = so->so_ops->sop_accept != NULL
	    ? so->so_ops->sop_accept(
		  so, (fp->f_flags & O_NONBLOCK) != 0, &new, peer)
	    : EOPNOTSUPP;
	if (error == 0)
		error = socket_install(new, oflags, fdp);
	file_drop(fp);
	return (error);
}

int
kern_getsockname(int fd, struct sockname *name)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error = so->so_ops->sop_name(so, name);
	file_drop(fp);
	return (error);
}

int
kern_getpeername(int fd, struct sockname *name)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error = so->so_ops->sop_peername(so, name);
	file_drop(fp);
	return (error);
}

int
kern_shutdown(int fd, int how)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	if (how < SHUT_RD || how > SHUT_RDWR)
		error = EINVAL;
	else
		error = so->so_ops->sop_shutdown(so, how);
	file_drop(fp);
	return (error);
}

/* --- messages ------------------------------------------------------------------------ */

/* With bytes moved an error that came later waits for the next call. */
static int
moved(const struct sockmsg *sm, int error)
{
	return (sm->sm_done > 0 ? 0 : error);
}

int
socket_send(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	int error;

	sm->sm_done = 0;
	nonblock = nonblock || (sm->sm_flags & MSG_DONTWAIT) != 0;
	if ((sm->sm_flags & MSG_OOB) != 0)
		return (EOPNOTSUPP);
	if (fault_fires(&fault_send))
		return (ENOBUFS);
	error = so->so_ops->sop_send(so, sm, nonblock);
	KTR_EVENT(EVENT, send, "socket=%p n=%d error=%d", KTRP(so), sm->sm_done,
	    (uint64_t)error);
	error = moved(sm, error);
	return (error == EPIPE ? socket_pipe_error(sm->sm_flags) : error);
}

int
socket_receive(struct socket *so, struct sockmsg *sm, bool nonblock)
{
	int error;

	sm->sm_done = 0;
	nonblock = nonblock || (sm->sm_flags & MSG_DONTWAIT) != 0;
	if ((sm->sm_flags & MSG_OOB) != 0)
		return (EOPNOTSUPP);
	if (fault_fires(&fault_receive))
		return (ENOMEM);
	error = so->so_ops->sop_receive(so, sm, nonblock);
	KTR_EVENT(EVENT, receive, "socket=%p n=%d error=%d", KTRP(so),
	    sm->sm_done, (uint64_t)error);
	return (moved(sm, error));
}

size_t
socket_readable(const struct socket *so)
{
	const struct sockrec *sr = TAILQ_FIRST(&so->so_rcv.sb_recs);
	size_t n = 0;

	if (so->so_type != SOCK_STREAM)
		return (sr != NULL ? sr->sr_len : 0);
	TAILQ_FOREACH(sr, &so->so_rcv.sb_recs, sr_link)
		n += sr->sr_len;
	return (n);
}

int
kern_sendmsg(int fd, struct sockmsg *sm, size_t *donep)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error = socket_send(so, sm, (fp->f_flags & O_NONBLOCK) != 0);
	*donep = sm->sm_done;
	file_drop(fp);
	return (error);
}

int
kern_recvmsg(int fd, struct sockmsg *sm, size_t *donep)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = socket_get(fd, &fp, &so)) != 0)
		return (error);
	error = socket_receive(so, sm, (fp->f_flags & O_NONBLOCK) != 0);
	*donep = sm->sm_done;
	file_drop(fp);
	return (error);
}
