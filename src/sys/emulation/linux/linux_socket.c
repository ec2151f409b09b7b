/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux sockets: names, control messages and options between Linux's layouts
 * and the kernel's types.  Tables where there is something to tabulate; the rest
 * is decode, call, encode.  (socket(7), unix(7), cmsg(3))
 */
#include "linux_var.h"
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/socketvar.h>
#include <sys/ucred.h>
#include <sys/uio.h>

enum {
	L_AF_UNSPEC,
	L_AF_UNIX,
	L_AF_INET,
	L_AF_INET6 = 10,
	L_AF_NETLINK = 16,
	L_SOL_SOCKET = 1,
	L_SCM_RIGHTS = 1,
	L_SCM_CREDENTIALS = 2,
	L_SOCK_CLOEXEC = 02000000,
	L_SOCK_NONBLOCK = 04000,
	L_SOCK_TYPE = 0xf,
	L_MSG_NOSIGNAL = 0x4000,
};

#define L_SOCKADDR_MAX 128
#define L_CONTROL_MAX  (64 * 1024)

struct linux_msghdr {
	uint64_t msg_name;
	uint32_t msg_namelen, msg_pad0;
	uint64_t msg_iov, msg_iovlen;
	uint64_t msg_control, msg_controllen;
	uint32_t msg_flags, msg_pad1;
};
struct linux_mmsghdr {
	struct linux_msghdr mm_hdr;
	uint32_t mm_len, mm_pad;
};
struct linux_cmsghdr {
	uint64_t cmsg_len;
	int32_t cmsg_level, cmsg_type;
};
struct linux_ucred {
	int32_t pid;
	uint32_t uid, gid;
};
#define CMSG_ALIGN(n) (((n) + 7UL) & ~7UL)
#define CMSG_HDR      sizeof(struct linux_cmsghdr)

/* --- numbers --------------------------------------------------------------------- */

static const int families[][2] = {{L_AF_UNSPEC, AF_UNSPEC},
    {L_AF_UNIX, AF_UNIX}, {L_AF_INET, AF_INET}, {L_AF_INET6, AF_INET6},
    {L_AF_NETLINK, AF_NETLINK}};

static int
family_in(int family)
{
	for (size_t i = 0; i < nitems(families); i++)
		if (families[i][0] == family)
			return (families[i][1]);
	return (-1);
}

static int
family_out(int family)
{
	for (size_t i = 0; i < nitems(families); i++)
		if (families[i][1] == family)
			return (families[i][0]);
	return (L_AF_UNSPEC);
}

static const struct flagmap msg_map[] = {
    {0x1, MSG_OOB},
    {0x2, MSG_PEEK},
    {0x4, MSG_DONTROUTE},
    {0x8, MSG_CTRUNC},
    {0x20, MSG_TRUNC},
    {0x40, MSG_DONTWAIT},
    {0x80, MSG_EOR},
    {0x100, MSG_WAITALL},
    {L_MSG_NOSIGNAL, MSG_NOSIGNAL},
    {0x40000000, MSG_CMSG_CLOEXEC},
};

static int
msg_in(int flags)
{
	return ((int)flags_in(msg_map, nitems(msg_map), (uint32_t)flags, NULL));
}

/* SOCK_CLOEXEC and SOCK_NONBLOCK beside a type: EINVAL for other bits. */
static int
type_in(int type, int *oflagsp)
{
	if ((type & ~(L_SOCK_TYPE | L_SOCK_CLOEXEC | L_SOCK_NONBLOCK)) != 0)
		return (EINVAL);
	*oflagsp = ((type & L_SOCK_CLOEXEC) != 0 ? O_CLOEXEC : 0) |
	    ((type & L_SOCK_NONBLOCK) != 0 ? O_NONBLOCK : 0);
	return (0);
}

/* --- names ----------------------------------------------------------------------- */

static int
name_in(uaddr_t addr, uint32_t len, struct sockname *name)
{
	uint8_t buf[L_SOCKADDR_MAX];
	uint16_t family;
	int error;

	memset(name, 0, sizeof(*name));
	if (len > sizeof(buf) || len < 2)
		return (EINVAL);
	if ((error = copyin(addr, buf, len)) != 0)
		return (error);
	memcpy(&family, buf, 2);
	if (family_in(family) < 0)
		return (EAFNOSUPPORT);
	name->sn_family = (uint16_t)family_in(family);
	name->sn_len = (uint16_t)(len - 2);
	memcpy(name->sn_data, buf + 2, len - 2);
	return (0);
}

/* The whole length is told even if the room is less. */
static int
name_out(
    const struct sockname *name, uaddr_t addr, uint32_t room, uint32_t *lenp)
{
	uint8_t buf[L_SOCKADDR_MAX + 2];
	uint16_t family = (uint16_t)family_out(name->sn_family);
	uint32_t len = name->sn_len + 2U;

	memcpy(buf, &family, 2);
	memcpy(buf + 2, name->sn_data, name->sn_len);
	/* A path is told with its NUL. */
	if (name->sn_family == AF_UNIX && name->sn_len > 0 &&
	    name->sn_data[0] != '\0')
		buf[len++] = '\0';
	*lenp = len;
	return (copyout(buf, addr, MIN(len, room)));
}

/* For calls with (addr, &len); addr 0: nobody asks. */
static int
name_reply(const struct sockname *name, uaddr_t addr, uaddr_t ulen)
{
	uint32_t room, len;
	int error;

	if (addr == 0)
		return (0);
	if ((error = copyin(ulen, &room, 4)) != 0)
		return (error);
	if ((int32_t)room < 0)
		return (EINVAL);
	if ((error = name_out(name, addr, room, &len)) != 0)
		return (error);
	return (copyout(&len, ulen, 4));
}

/* --- control messages, in ----------------------------------------------------------- */

static int
rights_in(struct sockctl **scp, const uint8_t *data, size_t bytes)
{
	int n = (int)(bytes / 4), fd, error;
	struct sockctl *sc;

	if (bytes % 4 != 0 || n > SOCK_RIGHTS_MAX ||
	    (*scp != NULL && (*scp)->sc_nfiles > 0))
		return (EINVAL);
	if (n == 0)
		return (0);
	if ((sc = sockctl_create(n)) == NULL)
		return (ENOMEM);
	for (int i = 0; i < n; i++) {
		memcpy(&fd, data + i * 4, 4);
		if ((error = fd_get(fd, 0, &sc->sc_files[i])) != 0) {
			sc->sc_files[i] = NULL;
			sockctl_free(sc);
			return (error);
		}
	}
	if (*scp != NULL) {
		sc->sc_has_cred = (*scp)->sc_has_cred;
		sc->sc_cred = (*scp)->sc_cred;
		sockctl_free(*scp);
	}
	*scp = sc;
	return (0);
}

/* Root may say it is somebody else; others only what they are. */
static int
cred_in(struct sockctl **scp, const uint8_t *data, size_t bytes)
{
	const struct ucred *cr = cred_current();
	struct linux_ucred lc;

	if (bytes != sizeof(lc))
		return (EINVAL);
	memcpy(&lc, data, sizeof(lc));
	if (!cred_has_cap(cr, CAP_SYS_ADMIN) &&
	    (lc.pid != curproc->p_pid ||
		(lc.uid != cr->cr_uid && lc.uid != cr->cr_ruid &&
		    lc.uid != cr->cr_svuid) ||
		(lc.gid != cr->cr_gid && lc.gid != cr->cr_rgid &&
		    lc.gid != cr->cr_svgid)))
		return (EPERM);
	if (*scp == NULL && (*scp = sockctl_create(0)) == NULL)
		return (ENOMEM);
	(*scp)->sc_has_cred = true;
	(*scp)->sc_cred = (struct sockcred){lc.pid, lc.uid, lc.gid};
	return (0);
}

static int
control_decode(const uint8_t *buf, size_t len, struct sockctl **scp)
{
	struct linux_cmsghdr ch;
	int error = 0;

	for (size_t off = 0; off + CMSG_HDR <= len && error == 0;
	     off += CMSG_ALIGN(ch.cmsg_len)) {
		memcpy(&ch, buf + off, CMSG_HDR);
		if (ch.cmsg_len < CMSG_HDR || ch.cmsg_len > len - off)
			return (EINVAL);
		if (ch.cmsg_level != L_SOL_SOCKET)
			continue;
		if (ch.cmsg_type == L_SCM_RIGHTS)
			error = rights_in(
			    scp, buf + off + CMSG_HDR, ch.cmsg_len - CMSG_HDR);
		else if (ch.cmsg_type == L_SCM_CREDENTIALS)
			error = cred_in(
			    scp, buf + off + CMSG_HDR, ch.cmsg_len - CMSG_HDR);
		else
			error = EINVAL;
	}
	return (error);
}

static int
control_in(uaddr_t addr, uint64_t len, struct sockctl **scp)
{
	uint8_t *buf;
	int error;

	*scp = NULL;
	if (len == 0 || addr == 0)
		return (0);
	if (len > L_CONTROL_MAX)
		return (ENOBUFS);
	if ((buf = kmalloc(len, M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	if ((error = copyin(addr, buf, len)) == 0)
		error = control_decode(buf, len, scp);
	if (error != 0) {
		sockctl_free(*scp);
		*scp = NULL;
	}
	kfree(buf, M_TEMP);
	return (error);
}

/* --- control messages, out ------------------------------------------------------------ */

struct control_room {
	uaddr_t at;
	uint64_t left;
	bool cut;
};

static int
control_put(struct control_room *cr, int type, const void *data, size_t bytes)
{
	struct linux_cmsghdr ch = {CMSG_HDR + bytes, L_SOL_SOCKET, type};
	uint64_t space = MIN(CMSG_ALIGN(ch.cmsg_len), cr->left);
	int error;

	if (cr->left < ch.cmsg_len) {
		cr->cut = true;
		return (0);
	}
	if ((error = copyout(&ch, cr->at, CMSG_HDR)) != 0 ||
	    (error = copyout(data, cr->at + CMSG_HDR, bytes)) != 0)
		return (error);
	cr->at += space;
	cr->left -= space;
	return (0);
}

/* Descriptors for as many files as there is room to tell them. */
static int
rights_out(struct control_room *cr, struct sockctl *sc, bool cloexec)
{
	int fds[SOCK_RIGHTS_MAX], n = 0, error = 0;
	uint64_t room =
	    cr->left > CMSG_HDR ? (cr->left - CMSG_HDR) / sizeof(int) : 0;

	for (; n < sc->sc_nfiles && (uint64_t)n < room; n++)
		if ((error = fd_alloc(sc->sc_files[n], 0,
			 cloexec ? FDF_CLOEXEC : 0, &fds[n])) != 0)
			break;
	if (n < sc->sc_nfiles)
		cr->cut = true;
	if (n == 0)
		return (0);
	error = control_put(cr, L_SCM_RIGHTS, fds, (size_t)n * sizeof(fds[0]));
	for (int i = 0; error != 0 && i < n; i++)
		(void)fd_close(fds[i]);
	return (error);
}

static int
control_out(struct linux_msghdr *mh, struct sockmsg *sm)
{
	struct control_room cr = {mh->msg_control, mh->msg_controllen, false};
	struct sockctl *sc = sm->sm_ctl;
	struct linux_ucred lc;
	int error = 0;

	if (cr.at == 0)
		cr.left = 0;
	if (sc != NULL && sc->sc_has_cred) {
		lc = (struct linux_ucred){
		    sc->sc_cred.sc_pid, sc->sc_cred.sc_uid, sc->sc_cred.sc_gid};
		error = control_put(&cr, L_SCM_CREDENTIALS, &lc, sizeof(lc));
	}
	if (error == 0 && sc != NULL && sc->sc_nfiles > 0)
		error =
		    rights_out(&cr, sc, (sm->sm_flags & MSG_CMSG_CLOEXEC) != 0);
	if (cr.cut)
		sm->sm_out |= MSG_CTRUNC;
	mh->msg_controllen -= cr.left;
	return (error);
}

/* --- messages ---------------------------------------------------------------------------- */

static int
send_header(int fd, struct linux_msghdr *mh, int flags, size_t *donep)
{
	struct iovec small[IOV_SMALL];
	struct sockname name;
	struct uio uio;
	struct sockmsg sm = {.sm_uio = &uio, .sm_flags = msg_in(flags)};
	int error;

	if (mh->msg_iovlen > IOV_MAX)
		return (EMSGSIZE);
	if (mh->msg_name != 0 && mh->msg_namelen > 0) {
		error = name_in(mh->msg_name, mh->msg_namelen, &name);
		if (error != 0)
			return (error);
		sm.sm_name = &name;
	}
	error = uio_copyin(
	    mh->msg_iov, (int)mh->msg_iovlen, UIO_WRITE, &uio, small);
	if (error != 0)
		return (error);
	error = control_in(mh->msg_control, mh->msg_controllen, &sm.sm_ctl);
	if (error == 0)
		error = kern_sendmsg(fd, &sm, donep);
	sockctl_free(sm.sm_ctl);
	uio_iov_free(&uio, small);
	return (error);
}

static int
receive_header(int fd, struct linux_msghdr *mh, int flags, size_t *donep)
{
	struct sockname name = {0, 0, {0}};
	struct iovec small[IOV_SMALL];
	struct uio uio;
	struct sockmsg sm = {
	    .sm_uio = &uio, .sm_flags = msg_in(flags), .sm_name = &name};
	uint32_t len = 0;
	int error;

	if (mh->msg_iovlen > IOV_MAX)
		return (EMSGSIZE);
	error =
	    uio_copyin(mh->msg_iov, (int)mh->msg_iovlen, UIO_READ, &uio, small);
	if (error != 0)
		return (error);
	error = kern_recvmsg(fd, &sm, donep);
	uio_iov_free(&uio, small);
	if (error == 0 && mh->msg_name != 0) {
		if (name.sn_family != AF_UNSPEC)
			error = name_out(
			    &name, mh->msg_name, mh->msg_namelen, &len);
		mh->msg_namelen = len;
	}
	if (error == 0)
		error = control_out(mh, &sm);
	sockctl_free(sm.sm_ctl);
	mh->msg_flags =
	    (uint32_t)flags_out(msg_map, nitems(msg_map), (uint32_t)sm.sm_out);
	if (error == 0 && (sm.sm_flags & MSG_TRUNC) != 0 && sm.sm_full > *donep)
		*donep = sm.sm_full;
	return (error);
}

int
linux_sendmsg(
    struct lwp *lp, const struct linux_sendmsg_args *uap, uint64_t *resp)
{
	struct linux_msghdr mh;
	int error = copyin(uap->msg, &mh, sizeof(mh));

	return (
	    error != 0 ? error : send_header(uap->fd, &mh, uap->flags, resp));
}

int
linux_recvmsg(
    struct lwp *lp, const struct linux_recvmsg_args *uap, uint64_t *resp)
{
	struct linux_msghdr mh;
	int error;

	if ((error = copyin(uap->msg, &mh, sizeof(mh))) != 0 ||
	    (error = receive_header(uap->fd, &mh, uap->flags, resp)) != 0)
		return (error);
	return (copyout(&mh, uap->msg, sizeof(mh)));
}

/* One buffer as a header: what sendto and recvfrom are. */
static int
sendto(int fd, uaddr_t buf, size_t n, int flags, uaddr_t addr, uint32_t len,
    uint64_t *resp)
{
	struct sockname name;
	struct iovec iov;
	struct uio uio;
	struct sockmsg sm = {.sm_uio = &uio, .sm_flags = msg_in(flags)};
	int error;

	if (addr != 0) {
		if ((error = name_in(addr, len, &name)) != 0)
			return (error);
		sm.sm_name = &name;
	}
	uio_init_user(&uio, &iov, buf, n, 0, UIO_WRITE);
	return (kern_sendmsg(fd, &sm, resp));
}

int
linux_sendto(
    struct lwp *lp, const struct linux_sendto_args *uap, uint64_t *resp)
{
	return (sendto(uap->fd, uap->buf, uap->n, uap->flags, uap->addr,
	    uap->addrlen, resp));
}

int
linux_recvfrom(
    struct lwp *lp, const struct linux_recvfrom_args *uap, uint64_t *resp)
{
	struct sockname name = {0, 0, {0}};
	struct iovec iov;
	struct uio uio;
	struct sockmsg sm = {
	    .sm_uio = &uio, .sm_flags = msg_in(uap->flags), .sm_name = &name};
	uint32_t zero = 0;
	int error;

	uio_init_user(&uio, &iov, uap->buf, uap->n, 0, UIO_READ);
	error = kern_recvmsg(uap->fd, &sm, resp);
	sockctl_free(sm.sm_ctl);
	if (error != 0)
		return (error);
	if ((sm.sm_flags & MSG_TRUNC) != 0 && sm.sm_full > *resp)
		*resp = sm.sm_full;
	if (uap->addr == 0)
		return (0);
	if (name.sn_family == AF_UNSPEC)
		return (copyout(&zero, uap->addrlen, 4));
	return (name_reply(&name, uap->addr, uap->addrlen));
}

int
linux_sendmmsg(
    struct lwp *lp, const struct linux_sendmmsg_args *uap, uint64_t *resp)
{
	struct linux_mmsghdr mm;
	size_t done;
	int error = 0;
	unsigned i, n = MIN(uap->n, (unsigned)IOV_MAX);

	for (i = 0; i < n && error == 0; i++) {
		uaddr_t at = uap->msgs + i * sizeof(mm);

		if ((error = copyin(at, &mm, sizeof(mm))) != 0 ||
		    (error = send_header(
			 uap->fd, &mm.mm_hdr, uap->flags, &done)) != 0)
			break;
		mm.mm_len = (uint32_t)done;
		error = copyout(
		    &mm.mm_len, at + offsetof(struct linux_mmsghdr, mm_len), 4);
	}
	*resp = i;
	return (i > 0 ? 0 : error);
}

/* After the timeout no further message is waited for. */
int
linux_recvmmsg(
    struct lwp *lp, const struct linux_recvmmsg_args *uap, uint64_t *resp)
{
	struct linux_mmsghdr mm;
	struct timespec ts;
	nstime_t end = 0;
	size_t done;
	int error = 0, flags = uap->flags & ~0x10000;
	unsigned i, n = MIN(uap->n, (unsigned)IOV_MAX);

	if (uap->timeout != 0) {
		if ((error = copyin(uap->timeout, &ts, sizeof(ts))) != 0)
			return (error);
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NS_PER_SEC)
			return (EINVAL);
		end = clock_mono() + ts_to_ns(&ts);
	}
	for (i = 0; i < n; i++) {
		uaddr_t at = uap->msgs + i * sizeof(mm);

		if ((error = copyin(at, &mm, sizeof(mm))) != 0 ||
		    (error = receive_header(
			 uap->fd, &mm.mm_hdr, flags, &done)) != 0)
			break;
		mm.mm_len = (uint32_t)done;
		if ((error = copyout(&mm, at, sizeof(mm))) != 0)
			break;
		if ((uap->flags & 0x10000) != 0) /* MSG_WAITFORONE */
			flags |= 0x40;
		if (end != 0 && clock_mono() >= end) {
			i++;
			break;
		}
	}
	*resp = i;
	return (i > 0 ? 0 : error);
}

/* --- the rest ------------------------------------------------------------------------------ */

int
linux_socket(
    struct lwp *lp, const struct linux_socket_args *uap, uint64_t *resp)
{
	int oflags, fd, error;

	if ((error = type_in(uap->type, &oflags)) != 0)
		return (error);
	if (family_in(uap->family) < 0)
		return (EAFNOSUPPORT);
	error = kern_socket(family_in(uap->family), uap->type & L_SOCK_TYPE,
	    uap->proto, oflags, &fd);
	if (error == 0)
		*resp = (uint64_t)fd;
	return (error);
}

int
linux_socketpair(
    struct lwp *lp, const struct linux_socketpair_args *uap, uint64_t *resp)
{
	int oflags, fds[2], error;

	if ((error = type_in(uap->type, &oflags)) != 0)
		return (error);
	if (family_in(uap->family) < 0)
		return (EAFNOSUPPORT);
	error = kern_socketpair(family_in(uap->family), uap->type & L_SOCK_TYPE,
	    uap->proto, oflags, fds);
	if (error != 0)
		return (error);
	if ((error = copyout(fds, uap->fds, sizeof(fds))) != 0) {
		(void)fd_close(fds[0]);
		(void)fd_close(fds[1]);
	}
	return (error);
}

int
linux_bind(struct lwp *lp, const struct linux_bind_args *uap, uint64_t *resp)
{
	struct sockname name;
	int error = name_in(uap->addr, uap->addrlen, &name);

	return (error != 0 ? error : kern_bind(uap->fd, &name));
}

int
linux_connect(
    struct lwp *lp, const struct linux_connect_args *uap, uint64_t *resp)
{
	struct sockname name;
	int error = name_in(uap->addr, uap->addrlen, &name);

	return (error != 0 ? error : kern_connect(uap->fd, &name));
}

int
linux_listen(
    struct lwp *lp, const struct linux_listen_args *uap, uint64_t *resp)
{
	return (kern_listen(uap->fd, uap->backlog));
}

static int
accept_as(int fd, int flags, uaddr_t addr, uaddr_t addrlen, uint64_t *resp)
{
	struct sockname peer;
	int oflags, new, error;

	if ((flags & L_SOCK_TYPE) != 0)
		return (EINVAL);
	if ((error = type_in(flags, &oflags)) != 0 ||
	    (error = kern_accept(fd, oflags, &peer, &new)) != 0)
		return (error);
	if ((error = name_reply(&peer, addr, addrlen)) != 0) {
		(void)fd_close(new);
		return (error);
	}
	*resp = (uint64_t) new;
	return (0);
}

int
linux_accept(
    struct lwp *lp, const struct linux_accept_args *uap, uint64_t *resp)
{
	return (accept_as(uap->fd, 0, uap->addr, uap->addrlen, resp));
}

int
linux_accept4(
    struct lwp *lp, const struct linux_accept4_args *uap, uint64_t *resp)
{
	return (accept_as(uap->fd, uap->flags, uap->addr, uap->addrlen, resp));
}

int
linux_shutdown(
    struct lwp *lp, const struct linux_shutdown_args *uap, uint64_t *resp)
{
	return (kern_shutdown(uap->fd, uap->how));
}

int
linux_getsockname(
    struct lwp *lp, const struct linux_getsockname_args *uap, uint64_t *resp)
{
	struct sockname name;
	int error = kern_getsockname(uap->fd, &name);

	return (
	    error != 0 ? error : name_reply(&name, uap->addr, uap->addrlen));
}

int
linux_getpeername(
    struct lwp *lp, const struct linux_getpeername_args *uap, uint64_t *resp)
{
	struct sockname name;
	int error = kern_getpeername(uap->fd, &name);

	return (
	    error != 0 ? error : name_reply(&name, uap->addr, uap->addrlen));
}

/* --- options --------------------------------------------------------------------------------- */

enum opt_kind {
	OPT_INT,
	OPT_DOUBLE, /* Linux tells twice what was asked for */
	OPT_LINGER,
	OPT_TIME,
	OPT_CRED,
	OPT_FAMILY
};
static const struct sockopt {
	int so_linux, so_native;
	enum opt_kind so_kind;
} sockopts[] = {
    {1, SO_DEBUG, OPT_INT},
    {2, SO_REUSEADDR, OPT_INT},
    {3, SO_TYPE, OPT_INT},
    {4, SO_ERROR, OPT_INT},
    {5, SO_DONTROUTE, OPT_INT},
    {6, SO_BROADCAST, OPT_INT},
    {7, SO_SNDBUF, OPT_DOUBLE},
    {8, SO_RCVBUF, OPT_DOUBLE},
    {9, SO_KEEPALIVE, OPT_INT},
    {10, SO_OOBINLINE, OPT_INT},
    {13, SO_LINGER, OPT_LINGER},
    {15, SO_REUSEPORT, OPT_INT},
    {16, SO_PASSCRED, OPT_INT},
    {17, SO_PEERCRED, OPT_CRED},
    {18, SO_RCVLOWAT, OPT_INT},
    {19, SO_SNDLOWAT, OPT_INT},
    {20, SO_RCVTIMEO, OPT_TIME},
    {21, SO_SNDTIMEO, OPT_TIME},
    {29, SO_TIMESTAMP, OPT_INT},
    {30, SO_ACCEPTCONN, OPT_INT},
    {32, SO_SNDBUF, OPT_DOUBLE}, /* SO_SNDBUFFORCE */
    {33, SO_RCVBUF, OPT_DOUBLE},
    {38, SO_PROTOCOL, OPT_INT},
    {39, SO_DOMAIN, OPT_FAMILY},
};

static const struct sockopt *
sockopt_find(int level, int name)
{
	for (size_t i = 0; level == L_SOL_SOCKET && i < nitems(sockopts); i++)
		if (sockopts[i].so_linux == name)
			return (&sockopts[i]);
	return (NULL);
}

int
linux_setsockopt(
    struct lwp *lp, const struct linux_setsockopt_args *uap, uint64_t *resp)
{
	const struct sockopt *so = sockopt_find(uap->level, uap->name);
	union {
		int32_t i[4];
		struct timeval tv;
		struct linger linger;
	} v;
	nstime_t ns;
	size_t n;
	int error;

	if (so == NULL)
		return (ENOPROTOOPT);
	n = so->so_kind == OPT_TIME	? sizeof(v.tv)
	    : so->so_kind == OPT_LINGER ? sizeof(v.linger)
					: sizeof(int32_t);
	if (uap->len < n)
		return (EINVAL);
	memset(&v, 0, sizeof(v));
	if ((error = copyin(uap->value, &v, n)) != 0)
		return (error);
	if (so->so_kind != OPT_TIME)
		return (
		    kern_setsockopt(uap->fd, SOL_SOCKET, so->so_native, &v, n));
	if (v.tv.tv_usec < 0 || v.tv.tv_usec >= 1000000)
		return (EDOM);
	ns = v.tv.tv_sec < 0 ? 0
			     : MIN(v.tv.tv_sec, 1LL << 32) * NS_PER_SEC +
		v.tv.tv_usec * NS_PER_USEC;
	return (kern_setsockopt(
	    uap->fd, SOL_SOCKET, so->so_native, &ns, sizeof(ns)));
}

int
linux_getsockopt(
    struct lwp *lp, const struct linux_getsockopt_args *uap, uint64_t *resp)
{
	const struct sockopt *so = sockopt_find(uap->level, uap->name);
	union {
		int32_t i;
		nstime_t ns;
		struct timeval tv;
		struct linger linger;
		struct sockcred cred;
	} v;
	size_t n = sizeof(v);
	nstime_t ns;
	int32_t room;
	int error;

	if ((error = copyin(uap->len, &room, 4)) != 0)
		return (error);
	if (room < 0)
		return (EINVAL);
	if (so == NULL)
		return (ENOPROTOOPT);
	memset(&v, 0, sizeof(v));
	error = kern_getsockopt(uap->fd, SOL_SOCKET, so->so_native, &v, &n);
	if (error != 0)
		return (error);
	switch (so->so_kind) {
	case OPT_DOUBLE:
		v.i *= 2;
		break;
	case OPT_TIME:
		ns = v.ns;
		v.tv.tv_sec = ns / NS_PER_SEC;
		v.tv.tv_usec = ns % NS_PER_SEC / NS_PER_USEC;
		n = sizeof(v.tv);
		break;
	case OPT_FAMILY:
		v.i = family_out(v.i);
		break;
	case OPT_INT:
		if (so->so_native == SO_ERROR)
			v.i = v.i != 0 ? linux_errno(v.i) : 0;
		break;
	default:
		break; /* linger and credentials look the same */
	}
	room = (int32_t)MIN((size_t)room, n);
	if ((error = copyout(&v, uap->value, (size_t)room)) != 0)
		return (error);
	return (copyout(&room, uap->len, 4));
}
