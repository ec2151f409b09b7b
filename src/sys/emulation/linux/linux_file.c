/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on descriptors.
 */
#include "linux_var.h"
#include <sys/async.h>
#include <sys/file.h>
#include <sys/pipe.h>
#include <sys/vnode.h>
#include <sys/vnwatch.h>

int
linux_read(struct lwp *lp, const struct linux_read_args *uap, uint64_t *resp)
{
	return (sys_rw(uap->fd, uap->buf, uap->n, OFF_CURRENT, UIO_READ, resp));
}

int
linux_write(struct lwp *lp, const struct linux_write_args *uap, uint64_t *resp)
{
	return (
	    sys_rw(uap->fd, uap->buf, uap->n, OFF_CURRENT, UIO_WRITE, resp));
}

int
linux_pread64(
    struct lwp *lp, const struct linux_pread64_args *uap, uint64_t *resp)
{
	if (uap->off < 0)
		return (EINVAL);
	return (sys_rw(uap->fd, uap->buf, uap->n, uap->off, UIO_READ, resp));
}

int
linux_pwrite64(
    struct lwp *lp, const struct linux_pwrite64_args *uap, uint64_t *resp)
{
	if (uap->off < 0)
		return (EINVAL);
	return (sys_rw(uap->fd, uap->buf, uap->n, uap->off, UIO_WRITE, resp));
}

int
linux_readv(struct lwp *lp, const struct linux_readv_args *uap, uint64_t *resp)
{
	return (
	    sys_rwv(uap->fd, uap->iov, uap->n, OFF_CURRENT, UIO_READ, resp));
}

int
linux_writev(
    struct lwp *lp, const struct linux_writev_args *uap, uint64_t *resp)
{
	return (
	    sys_rwv(uap->fd, uap->iov, uap->n, OFF_CURRENT, UIO_WRITE, resp));
}

int
linux_preadv(
    struct lwp *lp, const struct linux_preadv_args *uap, uint64_t *resp)
{
	if ((off_t)uap->low < 0)
		return (EINVAL);
	return (sys_rwv(
	    uap->fd, uap->iov, uap->n, (off_t)uap->low, UIO_READ, resp));
}

int
linux_pwritev(
    struct lwp *lp, const struct linux_pwritev_args *uap, uint64_t *resp)
{
	if ((off_t)uap->low < 0)
		return (EINVAL);
	return (sys_rwv(
	    uap->fd, uap->iov, uap->n, (off_t)uap->low, UIO_WRITE, resp));
}

/* HIPRI is a hint; what is written is synced by DSYNC and SYNC alike. */
static const struct flagmap rwf_map[] = {{0x01, 0}, {0x02, FOF_SYNC},
    {0x04, FOF_SYNC}, {0x08, FOF_NOWAIT}, {0x10, FOF_APPEND}};

int
linux_rwf_in(int flags, enum uio_rw rw, int *fofp)
{
	uint64_t rest;

	*fofp = (int)flags_in(rwf_map, nitems(rwf_map), (uint32_t)flags, &rest);
	return (rest != 0 || (rw == UIO_READ && (*fofp & FOF_APPEND) != 0)
		? EOPNOTSUPP
		: 0);
}

static int
rwv2(int fd, uaddr_t iov, int n, uint64_t off, int flags, enum uio_rw rw,
    uint64_t *resp)
{
	int error, fof;

	if ((error = linux_rwf_in(flags, rw, &fof)) != 0)
		return (error);
	if ((off_t)off < OFF_CURRENT)
		return (EINVAL);
	return (sys_rwv2(fd, iov, n, (off_t)off, fof, rw, resp));
}

int
linux_preadv2(
    struct lwp *lp, const struct linux_preadv2_args *uap, uint64_t *resp)
{
	return (rwv2(
	    uap->fd, uap->iov, uap->n, uap->low, uap->flags, UIO_READ, resp));
}

int
linux_pwritev2(
    struct lwp *lp, const struct linux_pwritev2_args *uap, uint64_t *resp)
{
	return (rwv2(
	    uap->fd, uap->iov, uap->n, uap->low, uap->flags, UIO_WRITE, resp));
}

int
linux_close(struct lwp *lp, const struct linux_close_args *uap, uint64_t *resp)
{
	return (fd_close(uap->fd));
}

#define CLOSE_RANGE_CLOEXEC 4

int
linux_close_range(
    struct lwp *lp, const struct linux_close_range_args *uap, uint64_t *resp)
{
	if ((uap->flags & ~(unsigned)CLOSE_RANGE_CLOEXEC) != 0 ||
	    uap->first > uap->last)
		return (EINVAL);
	return (fd_close_range(
	    uap->first, uap->last, (uap->flags & CLOSE_RANGE_CLOEXEC) != 0));
}

int
linux_lseek(struct lwp *lp, const struct linux_lseek_args *uap, uint64_t *resp)
{
	off_t off = 0;
	int error;

	error = kern_lseek(uap->fd, uap->off, uap->whence, &off);
	*resp = (uint64_t)off;
	return (error);
}

/* EBADF, or error if the descriptor appends. */
static int
fd_check_append(int fd, int append_error)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, FWRITE, &fp)) != 0)
		return (error);
	if ((fp->f_flags & O_APPEND) != 0)
		error = append_error;
	file_drop(fp);
	return (error);
}

int
linux_sendfile(
    struct lwp *lp, const struct linux_sendfile_args *uap, uint64_t *resp)
{
	int error = fd_check_append(uap->out, EINVAL);

	return (error != 0
		? error
		: sys_sendfile(uap->out, uap->in, uap->off, 0, uap->n, resp));
}

/* The start of one side: given, or the file's own. */
static int
copy_range_start(struct file *fp, uaddr_t uoff, uint64_t *startp)
{
	if (uoff != 0)
		return (copyin(uoff, startp, sizeof(*startp)));
	lock_excl(&fp->f_offset_lock);
	*startp = (uint64_t)fp->f_offset;
	lock_release(&fp->f_offset_lock);
	return (0);
}

/* Regular files only; in one file the ranges may not overlap. */
static int
copy_range_files(const struct linux_copy_file_range_args *uap, struct file *in,
    struct file *out)
{
	uint64_t from, to;
	int error;

	if (in->f_vnode == NULL || out->f_vnode == NULL)
		return (EINVAL);
	if (in->f_vnode->v_type == VDIR || out->f_vnode->v_type == VDIR)
		return (EISDIR);
	if (in->f_vnode->v_type != VREG || out->f_vnode->v_type != VREG)
		return (EINVAL);
	if (in->f_vnode != out->f_vnode)
		return (0);
	if ((error = copy_range_start(in, uap->inoff, &from)) != 0 ||
	    (error = copy_range_start(out, uap->outoff, &to)) != 0)
		return (error);
	return (from < to + uap->n && to < from + uap->n ? EINVAL : 0);
}

static int
copy_range_check(const struct linux_copy_file_range_args *uap)
{
	struct file *in, *out;
	int error;

	if ((error = fd_check_append(uap->out, EBADF)) != 0 ||
	    (error = fd_get(uap->in, FREAD, &in)) != 0)
		return (error);
	if ((error = fd_get(uap->out, FWRITE, &out)) == 0) {
		error = copy_range_files(uap, in, out);
		file_drop(out);
	}
	file_drop(in);
	return (error);
}

int
linux_copy_file_range(struct lwp *lp,
    const struct linux_copy_file_range_args *uap, uint64_t *resp)
{
	int error;

	if (uap->flags != 0)
		return (EINVAL);
	if ((error = copy_range_check(uap)) != 0)
		return (error);
	return (sys_sendfile(
	    uap->out, uap->in, uap->inoff, uap->outoff, uap->n, resp));
}

/* --- splice, tee, vmsplice ---------------------------------------------------- */

#define L_SPLICE_NONBLOCK 2
#define L_SPLICE_ALL	  0xf /* MOVE, NONBLOCK, MORE, GIFT */

int
linux_splice(
    struct lwp *lp, const struct linux_splice_args *uap, uint64_t *resp)
{
	off_t inoff = 0, outoff = 0;
	int error = 0;

	if ((uap->flags & ~(unsigned)L_SPLICE_ALL) != 0)
		return (EINVAL);
	if (uap->n == 0)
		return (0);
	if (uap->inoff != 0)
		error = copyin(uap->inoff, &inoff, sizeof(inoff));
	if (error == 0 && uap->outoff != 0)
		error = copyin(uap->outoff, &outoff, sizeof(outoff));
	if (error == 0)
		error = kern_splice(uap->in, uap->inoff != 0 ? &inoff : NULL,
		    uap->out, uap->outoff != 0 ? &outoff : NULL,
		    MIN(uap->n, (uint64_t)INT32_MAX),
		    (uap->flags & L_SPLICE_NONBLOCK) != 0, resp);
	if (error == 0 && uap->inoff != 0)
		error = copyout(&inoff, uap->inoff, sizeof(inoff));
	if (error == 0 && uap->outoff != 0)
		error = copyout(&outoff, uap->outoff, sizeof(outoff));
	return (error);
}

int
linux_tee(struct lwp *lp, const struct linux_tee_args *uap, uint64_t *resp)
{
	if ((uap->flags & ~(unsigned)L_SPLICE_ALL) != 0)
		return (EINVAL);
	if (uap->n == 0)
		return (0);
	return (kern_tee(uap->in, uap->out, MIN(uap->n, (uint64_t)INT32_MAX),
	    (uap->flags & L_SPLICE_NONBLOCK) != 0, resp));
}

int
linux_vmsplice(
    struct lwp *lp, const struct linux_vmsplice_args *uap, uint64_t *resp)
{
	struct iovec small[IOV_SMALL];
	struct uio uio;
	int error;

	if ((uap->flags & ~(unsigned)L_SPLICE_ALL) != 0)
		return (EINVAL);
	if (uap->n > INT32_MAX)
		return (EINVAL);
	error = uio_copyin(uap->iov, (int)uap->n, UIO_WRITE, &uio, small);
	if (error != 0)
		return (error);
	error = kern_vmsplice(
	    uap->fd, &uio, (uap->flags & L_SPLICE_NONBLOCK) != 0, resp);
	uio_iov_free(&uio, small);
	return (error);
}

int
linux_dup(struct lwp *lp, const struct linux_dup_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error = fd_dup(uap->fd, 0, FD_DUP_MIN, 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
linux_dup2(struct lwp *lp, const struct linux_dup2_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	error = fd_dup(uap->from, uap->to, FD_DUP_EXACT, 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

int
linux_dup3(struct lwp *lp, const struct linux_dup3_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	if ((uap->flags & ~LINUX_O_CLOEXEC) != 0)
		return (EINVAL);
	error = fd_dup(uap->from, uap->to, FD_DUP_DIFF,
	    uap->flags != 0 ? FDF_CLOEXEC : 0, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

static int
pipe_out(uaddr_t ufds, int oflags)
{
	int fds[2], error;

	if ((error = kern_pipe(fds, oflags)) != 0)
		return (error);
	if ((error = copyout(fds, ufds, sizeof(fds))) != 0) {
		fd_close(fds[0]);
		fd_close(fds[1]);
	}
	return (error);
}

int
linux_pipe(struct lwp *lp, const struct linux_pipe_args *uap, uint64_t *resp)
{
	return (pipe_out(uap->fds, 0));
}

int
linux_pipe2(struct lwp *lp, const struct linux_pipe2_args *uap, uint64_t *resp)
{
	if ((uap->flags &
		~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK | LINUX_O_DIRECT)) != 0)
		return (EINVAL);
	return (
	    pipe_out(uap->fds, linux_open_flags(uap->flags & ~LINUX_O_DIRECT)));
}

/* EBADF unless fd is open. */
static int
fd_check(int fd)
{
	struct file *fp;
	int error = fd_get(fd, 0, &fp);

	if (error == 0)
		file_drop(fp);
	return (error);
}

/* --- fcntl ------------------------------------------------------------------- */

enum {
	L_DUPFD,
	L_GETFD,
	L_SETFD,
	L_GETFL,
	L_SETFL,
	L_GETLK,
	L_SETLK,
	L_SETLKW,
	L_SETOWN,
	L_GETOWN,
	L_SETSIG,
	L_GETSIG,
	L_SETOWN_EX = 15,
	L_GETOWN_EX,
	L_GETOWNER_UIDS,
	L_OFD_GETLK = 36,
	L_OFD_SETLK,
	L_OFD_SETLKW,
	L_SETLEASE = 1024,
	L_GETLEASE,
	L_NOTIFY,
	L_DUPFD_QUERY,
	L_DUPFD_CLOEXEC = 1030,
	L_SETPIPE_SZ,
	L_GETPIPE_SZ,
	L_ADD_SEALS, /* the seals have the same numbers */
	L_GET_SEALS
};

struct cmd_row {
	int lnx, native;
};
static const struct cmd_row plain_cmds[] = {
    {L_DUPFD, F_DUPFD},
    {L_DUPFD_CLOEXEC, F_DUPFD_CLOEXEC},
    {L_GETFD, F_GETFD},
    {L_SETFD, F_SETFD},
    {L_GETFL, F_GETFL},
    {L_SETFL, F_SETFL},
    {L_SETOWN, F_SETOWN},
    {L_GETOWN, F_GETOWN},
    {L_ADD_SEALS, F_ADD_SEALS},
    {L_GET_SEALS, F_GET_SEALS},
};
static const struct cmd_row lock_cmds[] = {
    {L_GETLK, F_GETLK},
    {L_SETLK, F_SETLK},
    {L_SETLKW, F_SETLKW},
    {L_OFD_GETLK, F_OFD_GETLK},
    {L_OFD_SETLK, F_OFD_SETLK},
    {L_OFD_SETLKW, F_OFD_SETLKW},
};

static int
cmd_in(const struct cmd_row *rows, size_t n, int cmd)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].lnx == cmd)
			return (rows[i].native);
	return (-1);
}

static const int16_t lock_types_in[] = {F_RDLCK, F_WRLCK, F_UNLCK};

static int16_t
lock_type_out(int16_t type)
{
	return (type == F_RDLCK ? 0 : type == F_WRLCK ? 1 : 2);
}

static int
fcntl_lock(int fd, int cmd, uaddr_t uarg)
{
	struct linux_flock l;
	struct flock fl;
	int error = copyin(uarg, &l, sizeof(l));

	if (error != 0)
		return (error);
	if (l.l_type < 0 || l.l_type > 2)
		return (EINVAL);
	if (cmd >= F_OFD_GETLK && l.l_pid != 0)
		return (EINVAL);
	fl = (struct flock){
	    l.l_start, l.l_len, l.l_pid, lock_types_in[l.l_type], l.l_whence};
	error = kern_fcntl_lock(fd, cmd, &fl);
	if (error != 0 || (cmd != F_GETLK && cmd != F_OFD_GETLK))
		return (error);
	l.l_type = lock_type_out(fl.l_type);
	if (fl.l_type != F_UNLCK) {
		l.l_whence = fl.l_whence;
		l.l_start = fl.l_start;
		l.l_len = fl.l_len;
		l.l_pid = fl.l_pid;
	}
	return (copyout(&l, uarg, sizeof(l)));
}

static int
fcntl_lease(int fd, bool set, uint64_t type, uint64_t *resp)
{
	int64_t res = 0;
	int error;

	if (!set) {
		error = kern_fcntl(fd, F_GETLEASE, 0, &res);
		*resp = (uint64_t)lock_type_out((int16_t)res);
		return (error);
	}
	/* What is no type is none to the kernel, either: it says EINVAL. */
	return (kern_fcntl(fd, F_SETLEASE,
	    (uint32_t)type < nitems(lock_types_in)
		? lock_types_in[(uint32_t)type]
		: 0,
	    &res));
}

/* F_SETSIG and F_GETSIG; 0 is no signal and stays one. */
static int
fcntl_signal(int fd, bool set, uint64_t sig, uint64_t *resp)
{
	int64_t arg = 0, res = 0;
	int error;

	if (set && (int)sig != 0 && (arg = linux_sig_in((int)sig)) == 0)
		arg = -1;
	error = kern_fcntl(fd, set ? F_SETSIG : F_GETSIG, arg, &res);
	*resp = res != 0 ? (uint64_t)linux_sig_out((int)res) : 0;
	return (error);
}

struct linux_f_owner_ex {
	int32_t type; /* 0: a thread, 1: a process, 2: a group */
	int32_t pid;
};

static int
fcntl_owner(int fd, bool set, uaddr_t uarg)
{
	static const enum file_owner_kind kinds[] = {
	    FO_THREAD, FO_PROCESS, FO_GROUP};
	struct linux_f_owner_ex ox = {0, 0};
	struct file_owner fo = {FO_NONE, 0};
	int error;

	if (!set) {
		if ((error = kern_fcntl_owner(fd, false, &fo)) != 0)
			return (error);
		ox.pid = fo.fo_id;
		for (int i = 0; i < (int)nitems(kinds); i++)
			if (kinds[i] == fo.fo_kind)
				ox.type = i;
		return (copyout(&ox, uarg, sizeof(ox)));
	}
	if ((error = fd_check(fd)) != 0 ||
	    (error = copyin(uarg, &ox, sizeof(ox))) != 0)
		return (error);
	if (ox.type < 0 || ox.type >= (int)nitems(kinds))
		return (EINVAL);
	if (ox.pid < 0)
		return (ESRCH);
	fo = (struct file_owner){kinds[ox.type], ox.pid};
	return (kern_fcntl_owner(fd, true, &fo));
}

/* The real and effective user of who named the owner. */
static int
fcntl_owner_uids(int fd, uaddr_t uarg)
{
	uid_t ids[2];
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((fp->f_flags & O_PATH) != 0)
		error = EBADF;
	file_owner_ids(fp, &ids[0], &ids[1]);
	file_drop(fp);
	return (error != 0 ? error : copyout(ids, uarg, sizeof(ids)));
}

static int
fcntl_notify(int fd, uint32_t what)
{
	static const struct flagmap map[] = {
	    {0x01, VW_ACCESS},
	    {0x02, VW_MODIFY},
	    {0x04, VW_CREATE | VW_MOVED_TO},
	    {0x08, VW_DELETE | VW_MOVED_FROM},
	    {0x10, VW_RENAMED},
	    {0x20, VW_ATTRIB},
	};
	const uint32_t keep = 0x80000000u;
	uint32_t events = (uint32_t)flags_in(map, nitems(map), what, NULL);

	/* What it does not know is something to be told, but never happens. */
	if (events == 0 && (what & ~keep) != 0)
		events = VW_NOTHING;
	return (kern_fcntl_notify(fd, events, (what & keep) != 0));
}

/* Are the two descriptors one open file? */
static int
fcntl_dupfd_query(int fd, int other, uint64_t *resp)
{
	struct file *fp, *fp2;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((error = fd_get(other, 0, &fp2)) == 0) {
		*resp = fp == fp2;
		file_drop(fp2);
	}
	file_drop(fp);
	return (error);
}

/* F_SETPIPE_SZ and F_GETPIPE_SZ: *resp is the capacity. */
static int
fcntl_pipe_size(int fd, bool set, uint64_t want, uint64_t *resp)
{
	struct file *fp;
	int error, size = (int)want;

	if (set && want > INT32_MAX)
		return (EINVAL);
	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if (fp->f_type != DTYPE_PIPE)
		error = EBADF;
	else
		error = file_ioctl(
		    fp, set ? PIPEIOC_SETSIZE : PIPEIOC_GETSIZE, &size);
	file_drop(fp);
	*resp = (uint64_t)size;
	return (error);
}

int
linux_fcntl(struct lwp *lp, const struct linux_fcntl_args *uap, uint64_t *resp)
{
	int64_t arg = (int64_t)uap->arg, res = 0;
	int cmd, error;

	cmd = cmd_in(lock_cmds, nitems(lock_cmds), uap->cmd);
	if (cmd >= 0)
		return (fcntl_lock(uap->fd, cmd, uap->arg));
	if (uap->cmd == L_GETPIPE_SZ || uap->cmd == L_SETPIPE_SZ)
		return (fcntl_pipe_size(
		    uap->fd, uap->cmd == L_SETPIPE_SZ, uap->arg, resp));
	if (uap->cmd == L_SETLEASE || uap->cmd == L_GETLEASE)
		return (fcntl_lease(
		    uap->fd, uap->cmd == L_SETLEASE, uap->arg, resp));
	if (uap->cmd == L_SETSIG || uap->cmd == L_GETSIG)
		return (fcntl_signal(
		    uap->fd, uap->cmd == L_SETSIG, uap->arg, resp));
	if (uap->cmd == L_SETOWN_EX || uap->cmd == L_GETOWN_EX)
		return (
		    fcntl_owner(uap->fd, uap->cmd == L_SETOWN_EX, uap->arg));
	if (uap->cmd == L_GETOWNER_UIDS)
		return (fcntl_owner_uids(uap->fd, uap->arg));
	if (uap->cmd == L_NOTIFY)
		return (fcntl_notify(uap->fd, (uint32_t)uap->arg));
	if (uap->cmd == L_DUPFD_QUERY)
		return (fcntl_dupfd_query(uap->fd, (int)uap->arg, resp));
	cmd = cmd_in(plain_cmds, nitems(plain_cmds), uap->cmd);
	if (cmd < 0)
		return (EINVAL);
	if (cmd == F_SETFL)
		arg = linux_open_flags((int)arg);
	else if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_SETOWN)
		arg = (int)arg;
	error = kern_fcntl(uap->fd, cmd, arg, &res);
	/* Files are always "large" to a 64-bit program's open; not shown. */
	*resp = cmd == F_GETFL ? (uint64_t)linux_open_flags_out((int)res)
			       : (uint64_t)res;
	return (error);
}

int
linux_flock(struct lwp *lp, const struct linux_flock_args *uap, uint64_t *resp)
{
	return (kern_flock(uap->fd, uap->how));
}

int
linux_fsync(struct lwp *lp, const struct linux_fsync_args *uap, uint64_t *resp)
{
	return (kern_fsync(uap->fd, false));
}

int
linux_fdatasync(
    struct lwp *lp, const struct linux_fdatasync_args *uap, uint64_t *resp)
{
	return (kern_fsync(uap->fd, true));
}

int
linux_sync_file_range(struct lwp *lp,
    const struct linux_sync_file_range_args *uap, uint64_t *resp)
{
	off_t end;

	/*
	 * WAIT_BEFORE, WRITE, WAIT_AFTER.  Data that is being written back is
	 * waited for by who writes it: only WRITE has something to do.
	 */
	if ((uap->flags & ~7u) != 0 || uap->off < 0 || uap->n < 0 ||
	    __builtin_add_overflow(uap->off, uap->n, &end))
		return (fd_check(uap->fd) != 0 ? EBADF : EINVAL);
	return (
	    kern_sync_range(uap->fd, uap->off, uap->n, (uap->flags & 2) != 0));
}

int
linux_sync(struct lwp *lp, const struct linux_sync_args *uap, uint64_t *resp)
{
	kern_sync();
	return (0);
}

int
linux_syncfs(
    struct lwp *lp, const struct linux_syncfs_args *uap, uint64_t *resp)
{
	int error = fd_check(uap->fd);

	if (error == 0)
		kern_sync();
	return (error);
}

int
linux_ftruncate(
    struct lwp *lp, const struct linux_ftruncate_args *uap, uint64_t *resp)
{
	return (kern_ftruncate(uap->fd, uap->size));
}

/* The numbers are the same, and others unknown to all file systems. */
int
linux_fallocate(
    struct lwp *lp, const struct linux_fallocate_args *uap, uint64_t *resp)
{
	return (kern_fallocate(uap->fd, uap->mode, uap->off, uap->n));
}

int
linux_readahead(
    struct lwp *lp, const struct linux_readahead_args *uap, uint64_t *resp)
{
	return (fd_check(uap->fd));
}

int
linux_fadvise64(
    struct lwp *lp, const struct linux_fadvise64_args *uap, uint64_t *resp)
{
	if (uap->how < 0 || uap->how > 5)
		return (EINVAL);
	return (fd_check(uap->fd));
}

/* --- directories ------------------------------------------------------------------ */

static int
emit64(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
    uint64_t next)
{
	size_t n =
	    roundup2(offsetof(struct linux_dirent64, d_name) + len + 1, 8);
	struct linux_dirent64 *d = dirbuf_room(arg, n);

	if (d == NULL)
		return (1);
	d->d_ino = ino;
	d->d_off = (int64_t)next;
	d->d_reclen = (uint16_t)n;
	d->d_type = dt;
	memcpy(d->d_name, name, len);
	return (0);
}

static int
emit_old(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
    uint64_t next)
{
	size_t n = roundup2(offsetof(struct linux_dirent, d_name) + len + 2, 8);
	struct linux_dirent *d = dirbuf_room(arg, n);

	if (d == NULL)
		return (1);
	d->d_ino = ino;
	d->d_off = (int64_t)next;
	d->d_reclen = (uint16_t)n;
	memcpy(d->d_name, name, len);
	((uint8_t *)d)[n - 1] = dt;
	return (0);
}

int
linux_getdents64(
    struct lwp *lp, const struct linux_getdents64_args *uap, uint64_t *resp)
{
	return (dirbuf_getdents(uap->fd, uap->buf, uap->n, emit64, resp));
}

int
linux_getdents(
    struct lwp *lp, const struct linux_getdents_args *uap, uint64_t *resp)
{
	return (dirbuf_getdents(uap->fd, uap->buf, uap->n, emit_old, resp));
}
