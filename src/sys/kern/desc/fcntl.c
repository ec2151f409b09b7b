/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl: descriptor flags, status flags, duplication, owners of signals. */
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
fcntl_setfl(struct file *fp, uint32_t flags)
{
	uint32_t old, new;
	int error;

	flags &= F_SETFL_MASK;
	if ((error = fcntl_check_noatime(fp, flags)) != 0)
		return (error);
	do {
		old = fp->f_flags;
		new = (old & ~(uint32_t)F_SETFL_MASK) | flags;
	} while (!atomic_cmpset(&fp->f_flags, old, new));
	if (((old ^ new) & O_NONBLOCK) != 0)
		error = fcntl_tell(fp, FIONBIO, (new &O_NONBLOCK) != 0);
	if (error == 0 && ((old ^ new) & O_ASYNC) != 0)
		error = fcntl_tell(fp, FIOASYNC, (new &O_ASYNC) != 0);
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

static int
fcntl_file(struct file *fp, int cmd, int64_t arg, int64_t *resp)
{
	switch (cmd) {
	case F_GETFL:
		*resp = fcntl_getfl(fp);
		return (0);
	case F_SETFL:
		if ((fp->f_flags & O_PATH) != 0)
			return (EBADF);
		return (fcntl_setfl(fp, (uint32_t)arg));
	case F_GETOWN:
		*resp = fp->f_owner;
		return (0);
	case F_SETOWN:
		fp->f_owner = (int)arg;
		return (0);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return (fcntl_seals(
		    fp, cmd == F_ADD_SEALS ? (uint64_t)arg : 0, cmd, resp));
	default:
		return (EINVAL);
	}
}

/*
 * Commands with an integer; record locks are kern_fcntl_lock.  0, EBADF, EINVAL,
 * EMFILE, EPERM, ENOMEM.
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
		error = fcntl_file(fp, cmd, arg, resp);
		file_drop(fp);
		return (error);
	}
}
