/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl: descriptor flags, status flags, duplication, owners of signals. */
#include <sys/async.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <sys/systm.h>
#include <sys/ucred.h>
#include <sys/vnode.h>

/* Tell a driver that cares; ENOTTY means it does not. */
static int
fcntl_tell(struct file *fp, uint64_t cmd, bool on)
{
	int value = on, error = file_ioctl(fp, cmd, &value);

	return (error == ENOTTY || error == EINVAL || error == EOPNOTSUPP
		? 0
		: error);
}

/* O_NOATIME only for the file's owner. */
static int
fcntl_check_noatime(struct file *fp, uint32_t flags)
{
	struct ucred *cr = cred_current();
	struct vattr va;
	int error;

	if ((flags & O_NOATIME) == 0 || (fp->f_flags & O_NOATIME) != 0 ||
	    fp->f_vnode == NULL || cr->cr_fsuid == 0)
		return (0);
	if ((error = vn_getattr(fp->f_vnode, &va)) != 0)
		return (error);
	return (va.va_uid == cr->cr_fsuid ? 0 : EPERM);
}

static int
fcntl_setfl(struct file *fp, int fd, uint32_t flags)
{
	bool async = (flags & O_ASYNC) != 0;
	uint32_t old, new;
	int error;

	flags &= F_SETFL_MASK & ~(uint32_t)O_ASYNC;
	if ((error = fcntl_check_noatime(fp, flags)) != 0)
		return (error);
	/* A file that sends no signals does not keep the flag, either. */
	if (async != ((fp->f_flags & O_ASYNC) != 0) &&
	    (error = file_async_set(fp, fd, async)) != 0 && error != ENOTTY)
		return (error);
	error = 0;
	do {
		old = fp->f_flags;
		new = (old & (~(uint32_t)F_SETFL_MASK | O_ASYNC)) | flags;
	} while (!atomic_cmpset(&fp->f_flags, old, new));
	if (((old ^ new) & O_NONBLOCK) != 0)
		error = fcntl_tell(fp, FIONBIO, (new &O_NONBLOCK) != 0);
	return (error);
}

/* What F_GETFL shows: access mode and status. */
static int64_t
fcntl_getfl(const struct file *fp)
{
	uint32_t flags = fp->f_flags;

	if ((flags & O_PATH) != 0)
		return (O_PATH);
	if ((flags & (FREAD | FWRITE)) == 0)
		return (O_RDONLY | (flags & ~(uint32_t)O_ACCMODE));
	return (OFLAGS((int64_t)flags));
}

static int
fcntl_seals(struct file *fp, uint64_t add, int cmd, int64_t *resp)
{
	uint32_t seals = 0;
	int error;

	if (add > UINT32_MAX || fp->f_ops->fo_seal == NULL)
		return (EINVAL);
	if (cmd == F_ADD_SEALS && (fp->f_flags & FWRITE) == 0)
		return (EPERM);
	error = fp->f_ops->fo_seal(fp, (uint32_t)add, &seals);
	*resp = cmd == F_GET_SEALS ? (int64_t)seals : 0;
	return (error);
}

/* A process, or minus a group. */
static int
fcntl_setown(struct file *fp, int64_t who)
{
	struct file_owner fo = {FO_PROCESS, (pid_t)who};

	if (who <= INT32_MIN)
		return (EINVAL);
	if (who < 0)
		fo = (struct file_owner){FO_GROUP, (pid_t)-who};
	return (file_owner_set(fp, &fo, true));
}

static int64_t
fcntl_getown(struct file *fp)
{
	struct file_owner fo;

	file_owner_get(fp, &fo);
	return (fo.fo_kind == FO_GROUP ? -(int64_t)fo.fo_id : fo.fo_id);
}

static int
fcntl_file(struct file *fp, int fd, int cmd, int64_t arg, int64_t *resp)
{
	if (cmd == F_GETFL) {
		*resp = fcntl_getfl(fp);
		return (0);
	}
	if ((fp->f_flags & O_PATH) != 0)
		return (EBADF);
	switch (cmd) {
	case F_SETFL:
		return (fcntl_setfl(fp, fd, (uint32_t)arg));
	case F_GETOWN:
		*resp = fcntl_getown(fp);
		return (0);
	case F_SETOWN:
		return (fcntl_setown(fp, arg));
	case F_SETSIG:
		if (arg < 0 || arg >= NSIG)
			return (EINVAL);
		return (file_signal_set(fp, (int)arg));
	case F_GETSIG:
		*resp = file_signal_get(fp);
		return (0);
	case F_SETLEASE:
		return (lease_set(fp, fd, (int)arg));
	case F_GETLEASE:
		*resp = lease_get(fp);
		return (0);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return (fcntl_seals(
		    fp, cmd == F_ADD_SEALS ? (uint64_t)arg : 0, cmd, resp));
	default:
		return (EINVAL);
	}
}

int
kern_fcntl_owner(int fd, bool set, struct file_owner *fo)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((fp->f_flags & O_PATH) != 0)
		error = EBADF;
	else if (set)
		error = file_owner_set(fp, fo, true);
	else
		file_owner_get(fp, fo);
	file_drop(fp);
	return (error);
}

/*
 * Commands with an integer; record locks are kern_fcntl_lock.  0, EBADF, EINVAL,
 * EMFILE, EPERM, ENOMEM; ESRCH (owner), EAGAIN, EACCES (lease).
 */
int
kern_fcntl(int fd, int cmd, int64_t arg, int64_t *resp)
{
	struct file *fp;
	int value = 0, error;

	*resp = 0;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg < 0 || arg > INT32_MAX) {
			if ((error = fd_get(fd, 0, &fp)) != 0)
				return (error);
			file_drop(fp);
			return (EINVAL);
		}
		error = fd_dup(fd, (int)arg, FD_DUP_MIN,
		    cmd == F_DUPFD ? 0 : FDF_CLOEXEC, &value);
		*resp = value;
		return (error);
	case F_GETFD:
		error = fd_flags_get(fd, &value);
		*resp = value;
		return (error);
	case F_SETFD:
		return (fd_flags_set(fd, (int)arg));
	default:
		if ((error = fd_get(fd, 0, &fp)) != 0)
			return (error);
		error = fcntl_file(fp, fd, cmd, arg, resp);
		file_drop(fp);
		return (error);
	}
}
