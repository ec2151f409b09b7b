/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native calls on readiness, kernel variables, mounts and the machine.
 */
#include "native_var.h"
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/vnode.h>

#define POLL_MAX   65536
#define KEVENT_MAX 1024
#define SYSCTL_MAX (1024 * 1024)
#define NAME_LEN   128

static int
poll_common(struct lwp *lp, uaddr_t ufds, uint64_t n, nstime_t timeout_ns,
    const sigset_t *mask, uint64_t *resp)
{
	struct native_pollfd *u = NULL;
	struct kpollfd *k = NULL;
	int error, ready = 0;

	if (n > POLL_MAX)
		return (EINVAL);
	u = kmalloc(MAX(n, 1) * sizeof(*u), M_TEMP, M_WAITOK);
	k = kmalloc(MAX(n, 1) * sizeof(*k), M_TEMP, M_WAITOK | M_ZERO);
	error =
	    u == NULL || k == NULL ? ENOMEM : copyin(ufds, u, n * sizeof(*u));
	for (uint64_t i = 0; error == 0 && i < n; i++) {
		k[i].fd = u[i].fd;
		k[i].events = (uint16_t)u[i].events;
	}
	if (error == 0)
		error = kern_poll(
		    k, n, sys_restart_timeout(lp, timeout_ns), mask, &ready);
	for (uint64_t i = 0; error == 0 && i < n; i++)
		u[i].revents = (int16_t)k[i].revents;
	if (error == 0)
		error = copyout(u, ufds, n * sizeof(*u));
	kfree(u, M_TEMP);
	kfree(k, M_TEMP);
	*resp = (uint64_t)ready;
	return (error);
}

static int
mask_in(uaddr_t umask, sigset_t *set, const sigset_t **maskp)
{
	*maskp = umask != 0 ? set : NULL;
	return (umask != 0 ? copyin(umask, set, sizeof(*set)) : 0);
}

int
native_poll(struct lwp *lp, const struct native_poll_args *uap, uint64_t *resp)
{
	return (poll_common(lp, uap->fds, uap->n,
	    uap->timeout < 0 ? -1 : uap->timeout * NS_PER_MSEC, NULL, resp));
}

int
native_ppoll(
    struct lwp *lp, const struct native_ppoll_args *uap, uint64_t *resp)
{
	const sigset_t *mask;
	nstime_t timeout;
	sigset_t set;
	int error;

	if ((error = timeout_copyin(uap->timeout, &timeout)) != 0 ||
	    (error = mask_in(uap->mask, &set, &mask)) != 0)
		return (error);
	return (poll_common(lp, uap->fds, uap->n, timeout, mask, resp));
}

int
native_select(
    struct lwp *lp, const struct native_select_args *uap, uint64_t *resp)
{
	nstime_t timeout = -1;
	struct timeval tv;
	int error;

	if (uap->timeout != 0) {
		if ((error = copyin(uap->timeout, &tv, sizeof(tv))) != 0)
			return (error);
		if (tv.tv_sec < 0 || tv.tv_usec < 0 || tv.tv_usec >= 1000000)
			return (EINVAL);
		timeout =
		    MIN(tv.tv_sec, INT64_MAX / 4 / NS_PER_SEC) * NS_PER_SEC +
		    tv.tv_usec * NS_PER_USEC;
	}
	return (sys_select(uap->nfds, uap->in, uap->out, uap->ex,
	    sys_restart_timeout(lp, timeout), NULL, resp));
}

int
native_pselect(
    struct lwp *lp, const struct native_pselect_args *uap, uint64_t *resp)
{
	const sigset_t *mask;
	nstime_t timeout;
	sigset_t set;
	int error;

	if ((error = timeout_copyin(uap->timeout, &timeout)) != 0 ||
	    (error = mask_in(uap->mask, &set, &mask)) != 0)
		return (error);
	return (sys_select(uap->nfds, uap->in, uap->out, uap->ex,
	    sys_restart_timeout(lp, timeout), mask, resp));
}

int
native_kqueue(
    struct lwp *lp, const struct native_kqueue_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error = kern_kqueue(0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
native_kevent(
    struct lwp *lp, const struct native_kevent_args *uap, uint64_t *resp)
{
	struct kevent *in = NULL, *out = NULL;
	nstime_t timeout;
	int error, n = 0, nev = MIN(uap->nevents, KEVENT_MAX);

	if (uap->nchanges < 0 || uap->nevents < 0 || uap->nchanges > KEVENT_MAX)
		return (EINVAL);
	if ((error = timeout_copyin(uap->timeout, &timeout)) != 0)
		return (error);
	in = kmalloc(
	    (size_t)MAX(uap->nchanges, 1) * sizeof(*in), M_TEMP, M_WAITOK);
	out = kmalloc(
	    (size_t)MAX(nev, 1) * sizeof(*out), M_TEMP, M_WAITOK | M_ZERO);
	error = in == NULL || out == NULL
	    ? ENOMEM
	    : copyin(uap->changes, in, (size_t)uap->nchanges * sizeof(*in));
	if (error == 0)
		error = kern_kevent(uap->kq, in, uap->nchanges, out, nev,
		    sys_restart_timeout(lp, timeout), &n);
	if (error == 0)
		error = copyout(out, uap->events, (size_t)n * sizeof(*out));
	kfree(in, M_TEMP);
	kfree(out, M_TEMP);
	*resp = (uint64_t)n;
	return (error);
}

int
native_eventfd(
    struct lwp *lp, const struct native_eventfd_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error =
	    kern_eventfd(uap->initial, uap->semaphore != 0, uap->flags, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
native_timerfd_create(struct lwp *lp,
    const struct native_timerfd_create_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error = kern_timerfd_create(uap->clock, uap->flags, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
native_timerfd_settime(struct lwp *lp,
    const struct native_timerfd_settime_args *uap, uint64_t *resp)
{
	struct itimerspec new, old;
	int error;

	error = copyin(uap->value, &new, sizeof(new));
	if (error == 0)
		error = kern_timerfd_settime(
		    uap->fd, uap->absolute != 0, &new, &old);
	if (error == 0 && uap->old != 0)
		error = copyout(&old, uap->old, sizeof(old));
	return (error);
}

int
native_timerfd_gettime(struct lwp *lp,
    const struct native_timerfd_gettime_args *uap, uint64_t *resp)
{
	struct itimerspec cur;
	int error;

	error = kern_timerfd_gettime(uap->fd, &cur);
	return (error != 0 ? error : copyout(&cur, uap->value, sizeof(cur)));
}

int
native_signalfd(
    struct lwp *lp, const struct native_signalfd_args *uap, uint64_t *resp)
{
	int fd = uap->fd, error;
	sigset_t set;

	if ((error = copyin(uap->mask, &set, sizeof(set))) != 0)
		return (error);
	error = kern_signalfd(uap->fd, &set, uap->flags, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
native_memfd_create(
    struct lwp *lp, const struct native_memfd_create_args *uap, uint64_t *resp)
{
	char name[NAME_LEN];
	int fd = -1, error;
	size_t n;

	if ((error = copyinstr(uap->name, name, sizeof(name), &n)) != 0)
		return (error == ENAMETOOLONG ? EINVAL : error);
	error = kern_memfd(name, uap->flags, 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
native_getrandom(
    struct lwp *lp, const struct native_getrandom_args *uap, uint64_t *resp)
{
	return (sys_getrandom(uap->buf, uap->n, resp));
}

/* --- kernel variables ------------------------------------------------------ */

static int
name_in(uaddr_t uname, char name[NAME_LEN])
{
	size_t n;
	int error = copyinstr(uname, name, NAME_LEN, &n);

	return (error == ENAMETOOLONG ? ENOENT : error);
}

int
native_sysctl_get(
    struct lwp *lp, const struct native_sysctl_get_args *uap, uint64_t *resp)
{
	struct sysctl_req req;
	char name[NAME_LEN];
	size_t len;
	int error;

	if ((error = name_in(uap->name, name)) != 0 ||
	    (error = copyin(uap->lenp, &len, sizeof(len))) != 0)
		return (error);
	memset(&req, 0, sizeof(req));
	if (uap->buf != 0) {
		req.sr_oldmax = MIN(len, SYSCTL_MAX);
		req.sr_old =
		    kmalloc(MAX(req.sr_oldmax, 1), M_TEMP, M_WAITOK | M_ZERO);
		if (req.sr_old == NULL)
			return (ENOMEM);
	}
	error = sysctl_access(name, &req);
	if (error == 0 && uap->buf != 0)
		error = copyout(
		    req.sr_old, uap->buf, MIN(req.sr_oldlen, req.sr_oldmax));
	if (error == 0)
		error = copyout(&req.sr_oldlen, uap->lenp, sizeof(len));
	kfree(req.sr_old, M_TEMP);
	return (error);
}

int
native_sysctl_set(
    struct lwp *lp, const struct native_sysctl_set_args *uap, uint64_t *resp)
{
	struct sysctl_req req;
	char name[NAME_LEN];
	void *buf;
	int error;

	if (uap->len > SYSCTL_MAX)
		return (EINVAL);
	if ((error = name_in(uap->name, name)) != 0)
		return (error);
	if ((buf = kmalloc(MAX(uap->len, 1), M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	memset(&req, 0, sizeof(req));
	req.sr_new = buf;
	req.sr_newlen = uap->len;
	error = copyin(uap->buf, buf, uap->len);
	if (error == 0)
		error = sysctl_access(name, &req);
	kfree(buf, M_TEMP);
	return (error);
}

int
native_sysctl_next(
    struct lwp *lp, const struct native_sysctl_next_args *uap, uint64_t *resp)
{
	const struct sysctl_entry *e;
	char name[NAME_LEN];
	size_t n;
	int error;

	if ((error = name_in(uap->name, name)) != 0)
		return (error);
	if ((e = sysctl_next(name)) == NULL)
		return (ENOENT);
	n = strlen(e->sc_name) + 1;
	if (n > uap->n)
		return (ENOMEM);
	*resp = n;
	return (copyout(e->sc_name, uap->buf, n));
}

int
native_sysctl_describe(struct lwp *lp,
    const struct native_sysctl_describe_args *uap, uint64_t *resp)
{
	struct native_sysctl_info info;
	const struct sysctl_entry *e;
	char name[NAME_LEN];
	int error;

	if ((error = name_in(uap->name, name)) != 0)
		return (error);
	if ((e = sysctl_find(name)) == NULL)
		return (ENOENT);
	memset(&info, 0, sizeof(info));
	info.si_type = (int32_t)e->sc_type;
	info.si_flags = e->sc_flags;
	strlcpy(info.si_desc, e->sc_desc, sizeof(info.si_desc));
	return (copyout(&info, uap->info, sizeof(info)));
}

int
native_modstat(
    struct lwp *lp, const struct native_modstat_args *uap, uint64_t *resp)
{
	struct native_modstat ms;
	struct module_info mi;
	int id = uap->id, error;

	if ((error = module_info(&id, &mi)) != 0)
		return (error);
	memset(&ms, 0, sizeof(ms));
	ms.ms_id = mi.mi_id;
	ms.ms_refs = mi.mi_refs;
	ms.ms_loaded = mi.mi_loaded;
	memcpy(ms.ms_name, mi.mi_name, sizeof(ms.ms_name));
	memcpy(ms.ms_class, mi.mi_class, sizeof(ms.ms_class));
	memcpy(ms.ms_desc, mi.mi_desc, sizeof(ms.ms_desc));
	return (copyout(&ms, uap->st, sizeof(ms)));
}

/* --- mounts and the machine -------------------------------------------------- */

struct mount_strings {
	char *ms_type, *ms_on, *ms_from, *ms_options;
};

static int
mount_strings_in(const struct native_mount_args *uap, struct mount_strings *ms)
{
	int error;

	memset(ms, 0, sizeof(*ms));
	if ((error = ustring_copyin(uap->type, &ms->ms_type)) != 0)
		return (error);
	if ((error = path_copyin(uap->on, &ms->ms_on)) != 0)
		return (error);
	if (uap->from != 0 &&
	    (error = ustring_copyin(uap->from, &ms->ms_from)) != 0)
		return (error);
	if (uap->options != 0)
		error = ustring_copyin(uap->options, &ms->ms_options);
	return (error);
}

static void
mount_strings_free(struct mount_strings *ms)
{
	char *const all[] = {
	    ms->ms_type, ms->ms_on, ms->ms_from, ms->ms_options};

	for (size_t i = 0; i < nitems(all); i++)
		if (all[i] != NULL)
			path_free(all[i]);
}

int
native_mount(
    struct lwp *lp, const struct native_mount_args *uap, uint64_t *resp)
{
	struct mount_strings ms;
	int error = mount_strings_in(uap, &ms);

	if (error == 0)
		error =
		    kern_mount(ms.ms_type, ms.ms_from != NULL ? ms.ms_from : "",
			ms.ms_on, (uint32_t)uap->flags,
			ms.ms_options != NULL ? ms.ms_options : "");
	mount_strings_free(&ms);
	return (error);
}

int
native_unmount(
    struct lwp *lp, const struct native_unmount_args *uap, uint64_t *resp)
{
	char *path;
	int error;

	if ((error = path_copyin(uap->on, &path)) != 0)
		return (error);
	error = kern_unmount(path,
	    ((uap->flags & MOUNT_FORCE) != 0 ? UMOUNT_FORCE : 0) |
		((uap->flags & MOUNT_DETACH) != 0 ? UMOUNT_DETACH : 0));
	path_free(path);
	return (error);
}

int
native_pivot_root(
    struct lwp *lp, const struct native_pivot_root_args *uap, uint64_t *resp)
{
	return (upath_pivot_root(uap->new, uap->put));
}

int
native_reboot(
    struct lwp *lp, const struct native_reboot_args *uap, uint64_t *resp)
{
	return (kern_reboot_call(uap->how, uap->status));
}
