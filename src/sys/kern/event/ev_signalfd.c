/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signalfd: blocked signals as a file.
 *
 * A read takes pending signals of the reader that are in the mask, as
 * sigtimedwait does, and gives them in Linux's 128-byte records: the record is
 * this call's interface, and only Linux programs have the call.  The signal's
 * number is the reader's ABI's; codes are native unless the ABI that offers the
 * call sets signalfd_convert.
 * Readiness comes from p_events, where signal delivery leaves NOTE_SIGNAL.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/kevent.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/signalfd.h>
#include <sys/uio.h>

#include "event_var.h"

MALLOC_DEFINE(M_SIGNALFD, "signalfd", "signalfd masks");

CTASSERT(sizeof(struct signalfd_record) == 128);

void (*signalfd_convert)(
    struct signalfd_record *sr, const struct ksiginfo *ksi);

struct signalfd {
	struct spinlock sf_spin;
	sigset_t sf_mask; /* (sf_spin) */
};

static void
signalfd_mask(struct signalfd *sf, sigset_t *mask)
{
	spin_lock(&sf->sf_spin);
	*mask = sf->sf_mask;
	spin_unlock(&sf->sf_spin);
}

static bool
signalfd_any(const sigset_t *mask)
{
	struct lwp *lp = curlwp;
	sigset_t set;

	if (lp == NULL || kern_sigpending(&set) != 0)
		return (false);
	return (((set.bits[0] & mask->bits[0]) |
		    (set.bits[1] & mask->bits[1])) != 0);
}

static void
signalfd_fill(struct signalfd_record *sr, const ksiginfo_t *ksi)
{
	const struct abi *abi = curproc->p_abi;

	memset(sr, 0, sizeof(*sr));
	sr->sr_signo = ksi->ksi_signo;
	if (abi != NULL && abi->abi_signo_out != NULL)
		sr->sr_signo = abi->abi_signo_out(ksi->ksi_signo);
	sr->sr_errno = ksi->ksi_errno;
	sr->sr_code = ksi->ksi_code;
	sr->sr_pid = ksi->ksi_pid;
	sr->sr_uid = ksi->ksi_uid;
	sr->sr_tid = ksi->ksi_timerid;
	sr->sr_overrun = ksi->ksi_overrun;
	sr->sr_trapno = ksi->ksi_trapno;
	sr->sr_status = ksi->ksi_status;
	sr->sr_int = (int32_t)ksi->ksi_value;
	sr->sr_ptr = ksi->ksi_value;
	sr->sr_utime = ksi->ksi_utime;
	sr->sr_stime = ksi->ksi_stime;
	sr->sr_addr = ksi->ksi_addr;
	if (signalfd_convert != NULL)
		signalfd_convert(sr, ksi);
}

/* EINVAL (short buffer), EAGAIN, EINTR, EFAULT. */
static int
signalfd_fo_read(struct file *fp, struct uio *uio, int flags)
{
	struct signalfd_record sr;
	ksiginfo_t info;
	sigset_t mask;
	bool any = false;
	int error;

	if (uio->uio_resid < sizeof(sr))
		return (EINVAL);
	while (uio->uio_resid >= sizeof(sr)) {
		bool wait = !any && (fp->f_flags & O_NONBLOCK) == 0;

		signalfd_mask(fp->f_data, &mask);
		error = kern_sigtimedwait(&mask, &info, wait ? -1 : 0);
		if (error != 0)
			return (any ? 0 : error);
		signalfd_fill(&sr, &info);
		error = uiomove(&sr, sizeof(sr), uio);
		if (error != 0)
			return (error);
		any = true;
	}
	return (0);
}

static uint32_t
signalfd_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	sigset_t mask;

	if (w != NULL) {
		w->ew_events |= EV_NOTE;
		ev_attach(&curproc->p_events, w);
	}
	signalfd_mask(fp->f_data, &mask);
	return (signalfd_any(&mask) ? events & EV_IN : 0);
}

static void
signalfd_fo_name(struct file *fp, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:[signalfd]");
}

static void
signalfd_fo_close(struct file *fp)
{
	kfree(fp->f_data, M_SIGNALFD);
}

static const struct fileops signalfd_fileops = {
    .fo_read = signalfd_fo_read,
    .fo_poll = signalfd_fo_poll,
    .fo_stat = file_anon_stat,
    .fo_name = signalfd_fo_name,
    .fo_close = signalfd_fo_close,
};

static int
signalfd_change(int fd, const sigset_t *mask)
{
	struct signalfd *sf;
	struct file *fp;
	int error;

	error = ev_file_get(fd, &signalfd_fileops, &fp);
	if (error != 0)
		return (error);
	sf = fp->f_data;
	spin_lock(&sf->sf_spin);
	sf->sf_mask = *mask;
	spin_unlock(&sf->sf_spin);
	file_drop(fp);
	return (0);
}

/*
 * fd -1: a new descriptor in *fdp; else change the mask of fd.  SIGKILL and
 * SIGSTOP are left out silently.  EBADF, EINVAL, ENOMEM, ENFILE, EMFILE.
 */
int
kern_signalfd(int fd, const sigset_t *mask, int oflags, int *fdp)
{
	struct signalfd *sf;
	struct file *fp;
	sigset_t set = *mask;

	sigset_del(&set, SIGKILL);
	sigset_del(&set, SIGSTOP);
	*fdp = fd;
	if (fd != -1)
		return (signalfd_change(fd, &set));
	sf = kmalloc(sizeof(*sf), M_SIGNALFD, M_WAITOK | M_ZERO);
	if (sf == NULL)
		return (ENOMEM);
	spin_init(&sf->sf_spin, "signalfd");
	sf->sf_mask = set;
	fp = file_create(DTYPE_SIGNALFD, FREAD | (oflags & O_NONBLOCK),
	    &signalfd_fileops, sf);
	if (fp == NULL) {
		kfree(sf, M_SIGNALFD);
		return (ENFILE);
	}
	return (ev_file_install(fp, oflags, fdp));
}
