/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls of POSIX message queues.
 */
#include "linux_var.h"
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/mqueue.h>
#include <vm/vm.h>

struct linux_mq_attr {
	int64_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};
_Static_assert(sizeof(struct linux_mq_attr) == 64, "mq_attr");
#define L_O_NONBLOCK 04000

static int
attr_in(uaddr_t u, struct mq_attr *attr)
{
	struct linux_mq_attr l;
	int error = copyin(u, &l, sizeof(l));

	if (error != 0)
		return (error);
	attr->flags = l.flags == L_O_NONBLOCK ? O_NONBLOCK
	    : l.flags == 0		      ? 0
					      : -1; /* no such flags */
	attr->maxmsg = l.maxmsg;
	attr->msgsize = l.msgsize;
	attr->curmsgs = 0;
	return (0);
}

static int
attr_out(const struct mq_attr *attr, uaddr_t u)
{
	struct linux_mq_attr l;

	memset(&l, 0, sizeof(l));
	l.flags = attr->flags != 0 ? L_O_NONBLOCK : 0;
	l.maxmsg = attr->maxmsg;
	l.msgsize = attr->msgsize;
	l.curmsgs = attr->curmsgs;
	return (copyout(&l, u, sizeof(l)));
}

int
linux_mq_open(
    struct lwp *lp, const struct linux_mq_open_args *uap, uint64_t *resp)
{
	int error, fd = 0, oflags = linux_open_flags(uap->oflag);
	bool with_attr = uap->attr != 0 && (oflags & O_CREAT) != 0;
	struct mq_attr attr;
	char *name;

	if (with_attr && (error = attr_in(uap->attr, &attr)) != 0)
		return (error);
	if ((error = path_copyin(uap->name, &name)) != 0)
		return (error);
	error = kern_mq_open(
	    name, oflags, uap->mode & 07777, with_attr ? &attr : NULL, &fd);
	path_free(name);
	*resp = (uint64_t)fd;
	return (error);
}

int
linux_mq_unlink(
    struct lwp *lp, const struct linux_mq_unlink_args *uap, uint64_t *resp)
{
	char *name;
	int error;

	if ((error = path_copyin(uap->name, &name)) != 0)
		return (error);
	error = kern_mq_unlink(name);
	path_free(name);
	return (error);
}

int
linux_mq_timedsend(
    struct lwp *lp, const struct linux_mq_timedsend_args *uap, uint64_t *resp)
{
	nstime_t until;
	int error;

	if ((error = timeout_copyin(uap->until, &until)) != 0)
		return (error);
	return (kern_mq_send(uap->fd, uap->text, uap->n, uap->prio, until));
}

int
linux_mq_timedreceive(struct lwp *lp,
    const struct linux_mq_timedreceive_args *uap, uint64_t *resp)
{
	unsigned prio = 0;
	nstime_t until;
	int error;

	if ((error = timeout_copyin(uap->until, &until)) != 0)
		return (error);
	error = kern_mq_receive(uap->fd, uap->text, uap->n, &prio, resp, until);
	if (error == 0 && uap->prio != 0)
		error = copyout_u32(prio, uap->prio);
	return (error);
}

/* --- SIGEV_THREAD ------------------------------------------------------------------- */

/*
 * The C library gives a netlink socket and 32 bytes, which it reads from that
 * socket when the time has come; the last byte then says why.
 */
#define COOKIE_LEN 32
enum {
	COOKIE_MESSAGE = 1,
	COOKIE_REMOVED
};

struct mailbox {
	struct mq_teller mb_teller;
	struct file *mb_file; /* the socket's, held */
	uint8_t mb_cookie[COOKIE_LEN];
};

static void
mailbox_free(struct mailbox *mb)
{
	file_drop(mb->mb_file);
	kfree(mb, M_TEMP);
}

static void
mailbox_tell(struct mq_teller *mt, bool message)
{
	struct mailbox *mb = (struct mailbox *)mt;

	mb->mb_cookie[COOKIE_LEN - 1] =
	    message ? COOKIE_MESSAGE : COOKIE_REMOVED;
	linux_netlink_post(mb->mb_file, mb->mb_cookie, COOKIE_LEN);
	mailbox_free(mb);
}

static int
notify_by_thread(int fd, const struct linux_sigevent *l)
{
	struct ksigevent ev = {.sigev_notify = SIGEV_NONE};
	struct mailbox *mb;
	int error;

	mb = kmalloc(sizeof(*mb), M_TEMP, M_WAITOK | M_ZERO);
	if (mb == NULL)
		return (ENOMEM);
	mb->mb_teller.mt_tell = mailbox_tell;
	error = copyin(l->sigev_value, mb->mb_cookie, COOKIE_LEN);
	if (error == 0)
		error = linux_netlink_get(l->sigev_signo, &mb->mb_file);
	if (error != 0) {
		kfree(mb, M_TEMP);
		return (error);
	}
	if ((error = kern_mq_notify(fd, &ev, &mb->mb_teller)) != 0)
		mailbox_free(mb);
	return (error);
}

int
linux_mq_notify(
    struct lwp *lp, const struct linux_mq_notify_args *uap, uint64_t *resp)
{
	struct linux_sigevent l;
	struct ksigevent ev;
	int error;

	if (uap->ev == 0)
		return (kern_mq_notify(uap->fd, NULL, NULL));
	if ((error = copyin(uap->ev, &l, sizeof(l))) != 0)
		return (error);
	memset(&ev, 0, sizeof(ev));
	ev.sigev_value = l.sigev_value;
	switch (l.sigev_notify) {
	case LINUX_SIGEV_NONE:
		ev.sigev_notify = SIGEV_NONE;
		break;
	case LINUX_SIGEV_SIGNAL:
		ev.sigev_notify = SIGEV_SIGNAL;
		ev.sigev_signo = linux_sig_in(l.sigev_signo);
		if (ev.sigev_signo == 0)
			return (EINVAL);
		break;
	case LINUX_SIGEV_THREAD:
		return (notify_by_thread(uap->fd, &l));
	default:
		return (EINVAL);
	}
	return (kern_mq_notify(uap->fd, &ev, NULL));
}

int
linux_mq_getsetattr(
    struct lwp *lp, const struct linux_mq_getsetattr_args *uap, uint64_t *resp)
{
	struct mq_attr new, old;
	int error;

	if (uap->new != 0 && (error = attr_in(uap->new, &new)) != 0)
		return (error);
	error = kern_mq_attr(
	    uap->fd, uap->new != 0 ? &new : NULL, uap->old != 0 ? &old : NULL);
	if (error == 0 && uap->old != 0)
		error = attr_out(&old, uap->old);
	return (error);
}
