/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls that wait for readiness.
 */
#include "linux_var.h"
#include <sys/event.h>
#include <sys/malloc.h>

#define POLL_MAX  65536
#define EPOLL_MIN 16 /* entries may come while the call waits */

/* Bits beyond ours: data in bands is plain data here. */
#define L_POLLRDNORM 0x0040
#define L_POLLRDBAND 0x0080
#define L_POLLWRNORM 0x0100
#define L_POLLWRBAND 0x0200
#define EV_SAME	     (EV_IN | EV_PRI | EV_OUT | EV_ERR | EV_HUP | EV_NVAL | EV_RDHUP)

uint32_t
linux_poll_in(uint32_t l)
{
	uint32_t ev = l & EV_SAME;

	if ((l & L_POLLRDNORM) != 0)
		ev |= EV_IN;
	if ((l & (L_POLLWRNORM | L_POLLWRBAND)) != 0)
		ev |= EV_OUT;
	return (ev);
}

uint32_t
linux_poll_out(uint32_t ev, uint32_t asked)
{
	uint32_t l = ev & EV_SAME;

	if ((ev & EV_IN) != 0)
		l |= L_POLLRDNORM;
	if ((ev & EV_OUT) != 0)
		l |= L_POLLWRNORM | L_POLLWRBAND;
	return (l & (asked | EV_ERR | EV_HUP | EV_NVAL));
}

/* Tell the program how much of its timeout is left, as Linux does. */
static void
timeout_left(uaddr_t uts, nstime_t timeout, nstime_t start, bool micro)
{
	nstime_t left;
	int64_t t[2];

	if (uts == 0 || timeout < 0)
		return;
	left = MAX(timeout - (clock_mono() - start), 0);
	t[0] = left / NS_PER_SEC;
	t[1] = left % NS_PER_SEC / (micro ? NS_PER_USEC : 1);
	if (copyout(t, uts, sizeof(t)) != 0)
		return; /* read-only memory: Linux does not mind either */
}

static int
poll_common(struct lwp *lp, uaddr_t ufds, unsigned n, nstime_t timeout,
    const sigset_t *mask, uint64_t *resp)
{
	struct linux_pollfd *u;
	struct kpollfd *k;
	int error, ready = 0;

	if (n > POLL_MAX)
		return (EINVAL);
	u = kmalloc(MAX(n, 1) * sizeof(*u), M_TEMP, M_WAITOK);
	k = kmalloc(MAX(n, 1) * sizeof(*k), M_TEMP, M_WAITOK | M_ZERO);
	error =
	    u == NULL || k == NULL ? ENOMEM : copyin(ufds, u, n * sizeof(*u));
	for (unsigned i = 0; error == 0 && i < n; i++) {
		k[i].fd = u[i].fd;
		k[i].events = linux_poll_in((uint16_t)u[i].events);
	}
	if (error == 0)
		error = kern_poll(
		    k, n, sys_restart_timeout(lp, timeout), mask, &ready);
	for (unsigned i = 0; error == 0 && i < n; i++)
		u[i].revents = (int16_t)linux_poll_out(
		    k[i].revents, (uint16_t)u[i].events);
	if (error == 0)
		error = copyout(u, ufds, n * sizeof(*u));
	kfree(u, M_TEMP);
	kfree(k, M_TEMP);
	*resp = (uint64_t)ready;
	return (error);
}

int
linux_poll(struct lwp *lp, const struct linux_poll_args *uap, uint64_t *resp)
{
	return (poll_common(lp, uap->fds, uap->n,
	    uap->timeout < 0 ? -1 : uap->timeout * NS_PER_MSEC, NULL, resp));
}

int
linux_ppoll(struct lwp *lp, const struct linux_ppoll_args *uap, uint64_t *resp)
{
	nstime_t timeout, start = clock_mono();
	const sigset_t *mask;
	sigset_t set;
	int error;

	if ((error = timeout_copyin(uap->timeout, &timeout)) != 0 ||
	    (error = linux_mask_in(uap->mask, uap->setsize, &set, &mask)) != 0)
		return (error);
	error = poll_common(lp, uap->fds, uap->n, timeout, mask, resp);
	timeout_left(uap->timeout, timeout, start, false);
	return (error);
}

int
linux_select(
    struct lwp *lp, const struct linux_select_args *uap, uint64_t *resp)
{
	nstime_t timeout = -1, start = clock_mono();
	struct timeval tv;
	int error;

	if (uap->timeout != 0) {
		if ((error = copyin(uap->timeout, &tv, sizeof(tv))) != 0)
			return (error);
		if (tv.tv_sec < 0 || tv.tv_usec < 0)
			return (EINVAL);
		timeout =
		    MIN(tv.tv_sec, INT64_MAX / 4 / NS_PER_SEC) * NS_PER_SEC +
		    MIN(tv.tv_usec, 1000000000) * NS_PER_USEC;
	}
	error = sys_select(uap->nfds, uap->in, uap->out, uap->ex,
	    sys_restart_timeout(lp, timeout), NULL, resp);
	timeout_left(uap->timeout, timeout, start, true);
	return (error);
}

int
linux_pselect6(
    struct lwp *lp, const struct linux_pselect6_args *uap, uint64_t *resp)
{
	nstime_t timeout, start = clock_mono();
	const sigset_t *mask = NULL;
	uint64_t sig[2];
	sigset_t set;
	int error;

	if ((error = timeout_copyin(uap->timeout, &timeout)) != 0)
		return (error);
	if (uap->sig != 0) { /* address and size of the mask */
		if ((error = copyin(uap->sig, sig, sizeof(sig))) != 0 ||
		    (error = linux_mask_in(sig[0], sig[1], &set, &mask)) != 0)
			return (error);
	}
	error = sys_select(uap->nfds, uap->in, uap->out, uap->ex,
	    sys_restart_timeout(lp, timeout), mask, resp);
	timeout_left(uap->timeout, timeout, start, false);
	return (error);
}

/* --- epoll ----------------------------------------------------------------------- */

int
linux_epoll_create(
    struct lwp *lp, const struct linux_epoll_create_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	if (uap->size <= 0)
		return (EINVAL);
	error = kern_epoll_create(0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
linux_epoll_create1(
    struct lwp *lp, const struct linux_epoll_create1_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	if ((uap->flags & ~LINUX_O_CLOEXEC) != 0)
		return (EINVAL);
	error = kern_epoll_create(linux_open_flags(uap->flags), &fd);
	*resp = (uint64_t)fd;
	return (error);
}

/* The high bits (edge, one shot, ...) have the same numbers; what was asked for
 * with the other names of IN and OUT is remembered as those. */
#define EPOLL_FLAGS (EPE_ET | EPE_ONESHOT | EPE_EXCLUSIVE | EPE_WAKEUP)

int
linux_epoll_ctl(
    struct lwp *lp, const struct linux_epoll_ctl_args *uap, uint64_t *resp)
{
	struct linux_epoll_event l;
	struct kepoll_event ev;
	int error;

	if (uap->op != EPC_DEL) {
		if ((error = copyin(uap->ev, &l, sizeof(l))) != 0)
			return (error);
		ev.events = linux_poll_in(l.events) | (l.events & EPOLL_FLAGS);
		ev.data = l.data;
	}
	return (kern_epoll_ctl(
	    uap->epfd, uap->op, uap->fd, uap->op != EPC_DEL ? &ev : NULL));
}

static int
epoll_common(struct lwp *lp, int epfd, uaddr_t uevs, int max, nstime_t timeout,
    const sigset_t *mask, uint64_t *resp)
{
	struct linux_epoll_event *l;
	struct kepoll_event *k;
	int error, entries, n = 0;

	if (max <= 0)
		return (EINVAL);
	/* Programs have room for many events; buffers are for those there are. */
	if ((error = kern_epoll_size(epfd, &entries)) != 0)
		return (error);
	max = MIN(max, MAX(entries, EPOLL_MIN));
	k = kmalloc((size_t)max * sizeof(*k), M_TEMP, M_WAITOK);
	l = kmalloc((size_t)max * sizeof(*l), M_TEMP, M_WAITOK);
	error = k == NULL || l == NULL
	    ? ENOMEM
	    : kern_epoll_wait(
		  epfd, k, max, sys_restart_timeout(lp, timeout), mask, &n);
	for (int i = 0; error == 0 && i < n; i++)
		l[i] = (struct linux_epoll_event){
		    k[i].events & EV_SAME, k[i].data};
	if (error == 0)
		error = copyout(l, uevs, (size_t)n * sizeof(*l));
	kfree(k, M_TEMP);
	kfree(l, M_TEMP);
	*resp = (uint64_t)n;
	return (error);
}

static nstime_t
ms_timeout(int ms)
{
	return (ms < 0 ? -1 : ms * NS_PER_MSEC);
}

int
linux_epoll_wait(
    struct lwp *lp, const struct linux_epoll_wait_args *uap, uint64_t *resp)
{
	return (epoll_common(lp, uap->epfd, uap->evs, uap->max,
	    ms_timeout(uap->timeout), NULL, resp));
}

int
linux_epoll_pwait(
    struct lwp *lp, const struct linux_epoll_pwait_args *uap, uint64_t *resp)
{
	const sigset_t *mask;
	sigset_t set;
	int error;

	error = linux_mask_in(uap->mask, uap->setsize, &set, &mask);
	if (error != 0)
		return (error);
	return (epoll_common(lp, uap->epfd, uap->evs, uap->max,
	    ms_timeout(uap->timeout), mask, resp));
}

int
linux_epoll_pwait2(
    struct lwp *lp, const struct linux_epoll_pwait2_args *uap, uint64_t *resp)
{
	const sigset_t *mask;
	nstime_t timeout;
	sigset_t set;
	int error;

	if ((error = timeout_copyin(uap->timeout, &timeout)) != 0 ||
	    (error = linux_mask_in(uap->mask, uap->setsize, &set, &mask)) != 0)
		return (error);
	return (epoll_common(
	    lp, uap->epfd, uap->evs, uap->max, timeout, mask, resp));
}

/* --- descriptors that carry events --------------------------------------------------- */

#define L_EFD_SEMAPHORE 1

int
linux_eventfd(
    struct lwp *lp, const struct linux_eventfd_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error = kern_eventfd(uap->initial, false, 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
linux_eventfd2(
    struct lwp *lp, const struct linux_eventfd2_args *uap, uint64_t *resp)
{
	int error, fd = -1, oflags;

	error = linux_fd_flags(uap->flags & ~L_EFD_SEMAPHORE, &oflags);
	if (error == 0)
		error = kern_eventfd(uap->initial,
		    (uap->flags & L_EFD_SEMAPHORE) != 0, oflags, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

static int
signalfd_common(
    int fd, uaddr_t umask, size_t setsize, int flags, uint64_t *resp)
{
	const sigset_t *mask;
	sigset_t set;
	int error, oflags, newfd = fd;

	if ((error = linux_fd_flags(flags, &oflags)) != 0 ||
	    (error = linux_mask_in(umask, setsize, &set, &mask)) != 0)
		return (error);
	if (mask == NULL)
		return (EFAULT);
	error = kern_signalfd(fd, mask, oflags, &newfd);
	*resp = (uint64_t)newfd;
	return (error);
}

int
linux_signalfd(
    struct lwp *lp, const struct linux_signalfd_args *uap, uint64_t *resp)
{
	return (signalfd_common(uap->fd, uap->mask, uap->setsize, 0, resp));
}

int
linux_signalfd4(
    struct lwp *lp, const struct linux_signalfd4_args *uap, uint64_t *resp)
{
	return (signalfd_common(
	    uap->fd, uap->mask, uap->setsize, uap->flags, resp));
}
