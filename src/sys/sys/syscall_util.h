/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers for call handlers: what several ABIs do the same way between the
 * user's memory and the kern_ functions.  Paths and buffers are user addresses;
 * errors are native; all may sleep.
 */
#ifndef SYS_SYSCALL_UTIL_H
#define SYS_SYSCALL_UTIL_H

#include <sys/uio.h>

struct sigset;
#include <sys/stat.h>

struct kpollfd;
struct lwp;

/*
 * Build a user-space uio from a user iovec array of cnt 64-bit pairs.  small
 * holds IOV_SMALL; larger arrays are allocated: always call uio_iov_free.
 * EINVAL (cnt, total > SSIZE_MAX), EFAULT, ENOMEM.
 */
#define IOV_SMALL 8
int uio_copyin(uaddr_t uiov, int cnt, enum uio_rw rw, struct uio *uio,
    struct iovec small[IOV_SMALL]);
void uio_iov_free(struct uio *uio, struct iovec small[IOV_SMALL]);

/* off < 0: at the file's own position.  *resp gets the bytes moved. */
#define OFF_CURRENT (-1)
int sys_rw(
    int fd, uaddr_t buf, size_t n, off_t off, enum uio_rw rw, uint64_t *resp);
int sys_rwv(
    int fd, uaddr_t iov, int cnt, off_t off, enum uio_rw rw, uint64_t *resp);
/* fof: FOF_APPEND, FOF_SYNC, FOF_NOWAIT for this call. */
int sys_rwv2(int fd, uaddr_t iov, int cnt, off_t off, int fof, enum uio_rw rw,
    uint64_t *resp);
/* offp: user addresses of offsets or 0. */
int sys_sendfile(
    int out, int in, uaddr_t inoff, uaddr_t outoff, size_t n, uint64_t *resp);

int upath_openat(
    int dirfd, uaddr_t path, int oflags, mode_t mode, uint64_t *resp);
/* path 0 with AT_EMPTY_PATH: dirfd itself. */
int upath_statat(int dirfd, uaddr_t path, int atflags, struct stat *st);
int upath_mkdirat(int dirfd, uaddr_t path, mode_t mode);
int upath_mknodat(int dirfd, uaddr_t path, mode_t mode, dev_t dev);
int upath_unlinkat(int dirfd, uaddr_t path, int atflags);
int upath_renameat(int fromfd, uaddr_t from, int tofd, uaddr_t to, int flags);
int upath_linkat(int fromfd, uaddr_t from, int tofd, uaddr_t to, int atflags);
int upath_symlinkat(uaddr_t target, int dirfd, uaddr_t path);
int upath_readlinkat(
    int dirfd, uaddr_t path, uaddr_t buf, size_t n, uint64_t *resp);
int upath_fchmodat(int dirfd, uaddr_t path, mode_t mode, int atflags);
int upath_fchownat(int dirfd, uaddr_t path, uid_t uid, gid_t gid, int atflags);
/* path 0: dirfd itself; ts NULL: now. */
int upath_utimensat(
    int dirfd, uaddr_t path, const struct timespec *ts, int atflags);
int upath_faccessat(int dirfd, uaddr_t path, int rwx, int atflags);
int upath_truncate(uaddr_t path, off_t size);
int upath_chdir(uaddr_t path);
int upath_chroot(uaddr_t path);
int upath_pivot_root(uaddr_t new, uaddr_t put);
int upath_statfs(uaddr_t path, struct statfs *sf);
int upath_execve(struct lwp *lp, uaddr_t path, uaddr_t argv, uaddr_t envp);
/* A short string (option, name): kernel memory, free with path_free. */
int ustring_copyin(uaddr_t us, char **sp);

/* Extended attributes; path 0: of fd. */
int uxattr_get(int fd, uaddr_t path, int atflags, uaddr_t name, uaddr_t buf,
    size_t n, uint64_t *resp);
int uxattr_set(int fd, uaddr_t path, int atflags, uaddr_t name, uaddr_t buf,
    size_t n, int flags);
int uxattr_list(
    int fd, uaddr_t path, int atflags, uaddr_t buf, size_t n, uint64_t *resp);
int uxattr_remove(int fd, uaddr_t path, int atflags, uaddr_t name);

/* getcwd: *resp the length with the NUL.  ERANGE. */
int sys_getcwd(uaddr_t buf, size_t n, uint64_t *resp);
int sys_getrandom(uaddr_t buf, size_t n, uint64_t *resp);
/* groups are 32-bit in every ABI we have. */
int sys_getgroups(int n, uaddr_t groups, uint64_t *resp);
int sys_setgroups(int n, uaddr_t groups);
/* Copy ids out; 0 addresses are skipped. */
int copyout_u32(uint32_t v, uaddr_t to);

/* mincore: one byte a page to vec.  EINVAL, ENOMEM for holes. */
int sys_mincore(struct lwp *lp, uaddr_t addr, size_t len, uaddr_t vec);
/* A user timespec, validated.  *nsp < 0 if uts is 0. */
int timeout_copyin(uaddr_t uts, nstime_t *nsp);
/* A relative timeout that survives the restart of its call. */
nstime_t sys_restart_timeout(struct lwp *lp, nstime_t timeout_ns);
/* select on user bit sets (0: none). */
int sys_select(int nfds, uaddr_t in, uaddr_t out, uaddr_t ex,
    nstime_t timeout_ns, const struct sigset *mask, uint64_t *resp);

/* Directory records, packed by the ABI's emit, copied out at the end. */
struct dirbuf {
	char *db_buf;
	size_t db_size, db_used;
	bool db_full; /* an entry did not fit */
};
#define DIRBUF_MAX (64 * 1024)
int dirbuf_getdents(int fd, uaddr_t buf, size_t n,
    int (*emit)(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
	uint64_t next),
    uint64_t *resp);
/* Room for a record of n bytes, zeroed; NULL: full. */
void *dirbuf_room(struct dirbuf *db, size_t n);

#endif
