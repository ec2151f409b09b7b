/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the level SOL_SOCKET: one table.  A row is an int, or has a
 * function for its own type.  Other levels are the domain's.
 */
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include "socket_var.h"

#define SOCKBUF_MIN 2304

static uint64_t sockbuf_max = 4 * 1024 * 1024;
SYSCTL_U64(sockbuf_max, "kern.ipc.maxsockbuf", CTLF_RW, &sockbuf_max,
    "largest send or receive buffer in bytes that a program may ask for");

union value {
	int32_t i;
	nstime_t ns;
	struct linger linger;
	struct sockcred cred;
};

/* (s) Both return 0 or an error; get fills *v. */
struct option {
	int op_name;
	size_t op_bytes;
	int (*op_set)(struct socket *so, int name, const union value *v);
	int (*op_get)(struct socket *so, int name, union value *v);
};

static int
bit_set(struct socket *so, int name, const union value *v)
{
	if (v->i != 0)
		so->so_options |= (uint32_t)name;
	else
		so->so_options &= ~(uint32_t)name;
	return (0);
}

static int
bit_get(struct socket *so, int name, union value *v)
{
	v->i = (so->so_options & (uint32_t)name) != 0;
	return (0);
}

static int
size_set(struct socket *so, int name, const union value *v)
{
	size_t n = v->i < 0 ? sockbuf_max : MIN((size_t)v->i, sockbuf_max);

	n = MAX(n, (size_t)SOCKBUF_MIN);
	if (name == SO_SNDBUF)
		so->so_sndbuf = n;
	else
		so->so_rcvbuf = n;
	return (0);
}

static int
lowat_set(struct socket *so, int name __unused, const union value *v)
{
	so->so_rcvlowat = v->i < 1 ? 1 : (size_t)v->i;
	return (0);
}

static int
linger_set(struct socket *so, int name __unused, const union value *v)
{
	so->so_linger = v->linger;
	return (0);
}

static int
linger_get(struct socket *so, int name __unused, union value *v)
{
	v->linger = so->so_linger;
	return (0);
}

static int
timeo_set(struct socket *so, int name, const union value *v)
{
	if (v->ns < 0)
		return (EDOM);
	if (name == SO_SNDTIMEO)
		so->so_sndtimeo = v->ns;
	else
		so->so_rcvtimeo = v->ns;
	return (0);
}

static int
timeo_get(struct socket *so, int name, union value *v)
{
	v->ns = name == SO_SNDTIMEO ? so->so_sndtimeo : so->so_rcvtimeo;
	return (0);
}

static int
cred_get(struct socket *so, int name __unused, union value *v)
{
	v->cred = so->so_peer;
	return (0);
}

static int
int_get(struct socket *so, int name, union value *v)
{
	switch (name) {
	case SO_ERROR:
		v->i = so->so_error;
		so->so_error = 0;
		break;
	case SO_TYPE:
		v->i = so->so_type;
		break;
	case SO_DOMAIN:
		v->i = so->so_family;
		break;
	case SO_PROTOCOL:
		v->i = so->so_proto;
		break;
	case SO_ACCEPTCONN:
		v->i = (so->so_state & SS_LISTENING) != 0;
		break;
	case SO_SNDBUF:
		v->i = (int32_t)so->so_sndbuf;
		break;
	case SO_RCVBUF:
		v->i = (int32_t)so->so_rcvbuf;
		break;
	case SO_SNDLOWAT:
		v->i = 1;
		break;
	default: /* SO_RCVLOWAT */
		v->i = (int32_t)so->so_rcvlowat;
		break;
	}
	return (0);
}

static const struct option options[] = {
    {SO_DEBUG, 4, bit_set, bit_get},
    {SO_REUSEADDR, 4, bit_set, bit_get},
    {SO_KEEPALIVE, 4, bit_set, bit_get},
    {SO_DONTROUTE, 4, bit_set, bit_get},
    {SO_BROADCAST, 4, bit_set, bit_get},
    {SO_OOBINLINE, 4, bit_set, bit_get},
    {SO_REUSEPORT, 4, bit_set, bit_get},
    {SO_TIMESTAMP, 4, bit_set, bit_get},
    {SO_PASSCRED, 4, bit_set, bit_get},
    {SO_ERROR, 4, NULL, int_get},
    {SO_TYPE, 4, NULL, int_get},
    {SO_DOMAIN, 4, NULL, int_get},
    {SO_PROTOCOL, 4, NULL, int_get},
    {SO_ACCEPTCONN, 4, NULL, int_get},
    {SO_SNDBUF, 4, size_set, int_get},
    {SO_RCVBUF, 4, size_set, int_get},
    {SO_SNDLOWAT, 4, NULL, int_get},
    {SO_RCVLOWAT, 4, lowat_set, int_get},
    {SO_LINGER, sizeof(struct linger), linger_set, linger_get},
    {SO_SNDTIMEO, sizeof(nstime_t), timeo_set, timeo_get},
    {SO_RCVTIMEO, sizeof(nstime_t), timeo_set, timeo_get},
    {SO_PEERCRED, sizeof(struct sockcred), NULL, cred_get},
};

static const struct option *
option_find(int name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].op_name == name)
			return (&options[i]);
	return (NULL);
}

static int
sol_set(struct socket *so, int name, const void *value, size_t len)
{
	const struct option *op = option_find(name);
	union value v;
	int error;

	if (op == NULL || op->op_set == NULL)
		return (ENOPROTOOPT);
	if (len < op->op_bytes)
		return (EINVAL);
	memcpy(&v, value, op->op_bytes);
	lock_excl(&so->so_lock);
	error = op->op_set(so, name, &v);
	lock_release(&so->so_lock);
	return (error);
}

static int
sol_get(struct socket *so, int name, void *value, size_t *lenp)
{
	const struct option *op = option_find(name);
	union value v;
	int error;

	if (op == NULL)
		return (ENOPROTOOPT);
	memset(&v, 0, sizeof(v));
	lock_excl(&so->so_lock);
	error = op->op_get(so, name, &v);
	lock_release(&so->so_lock);
	*lenp = MIN(*lenp, op->op_bytes);
	memcpy(value, &v, *lenp);
	return (error);
}

int
kern_setsockopt(int fd, int level, int name, const void *value, size_t len)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((error = socket_of_file(fp, &so)) == 0) {
		if (level == SOL_SOCKET)
			error = sol_set(so, name, value, len);
		else if (so->so_ops->sop_setopt != NULL)
			error =
			    so->so_ops->sop_setopt(so, level, name, value, len);
		else
			error = ENOPROTOOPT;
	}
	file_drop(fp);
	return (error);
}

int
kern_getsockopt(int fd, int level, int name, void *value, size_t *lenp)
{
	struct socket *so;
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((error = socket_of_file(fp, &so)) == 0) {
		if (level == SOL_SOCKET)
			error = sol_get(so, name, value, lenp);
		else if (so->so_ops->sop_getopt != NULL)
			error = so->so_ops->sop_getopt(
			    so, level, name, value, lenp);
		else
			error = ENOPROTOOPT;
	}
	file_drop(fp);
	return (error);
}
