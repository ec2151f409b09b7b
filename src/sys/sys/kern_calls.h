/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on kernel types: what every ABI's table entry calls after
 * decoding.  Paths are kernel strings, structures are native, errors are
 * native.  All act for the current lwp and may sleep.
 */
#ifndef SYS_KERN_CALLS_H
#define SYS_KERN_CALLS_H

#include <sys/types.h>
#include <sys/fcntl.h>
#include <sys/signal.h>
#include <sys/stat.h>

struct flock;
struct lwp;
struct proc;
struct rlimit;
struct rusage;
struct uio;

/* --- vfs/core/vfs_syscalls.c ------------------------------------------------ */

/* A copy of the user's path in kernel memory; free with path_free. */
int path_copyin(uaddr_t upath, char **pathp); /* EFAULT ENAMETOOLONG ENOMEM */
void path_free(char *path);

int kern_openat(int dirfd, const char *path, int oflags, mode_t mode, int *fdp);
/* resolve: RESOLVE_ bits (fcntl.h). */
int kern_openat2(int dirfd, const char *path, int oflags, mode_t mode,
    int resolve, int *fdp);
/* Whole transfer of uio; *donep bytes moved (also with an error if > 0: 0). */
int kern_read(int fd, struct uio *uio, int fof, size_t *donep);
int kern_write(int fd, struct uio *uio, int fof, size_t *donep);
int kern_lseek(int fd, off_t off, int whence, off_t *newp);
/* path NULL (or "" with AT_EMPTY_PATH): the descriptor itself. */
int kern_fstatat(int dirfd, const char *path, int atflags, struct stat *st);
int kern_mkdirat(int dirfd, const char *path, mode_t mode);
int kern_mknodat(int dirfd, const char *path, mode_t mode, dev_t dev);
int kern_unlinkat(int dirfd, const char *path, int atflags);
int kern_renameat(
    int fromfd, const char *from, int tofd, const char *to, int flags);
int kern_linkat(
    int fromfd, const char *from, int tofd, const char *to, int atflags);
int kern_symlinkat(const char *target, int dirfd, const char *path);
int kern_readlinkat(
    int dirfd, const char *path, struct uio *uio, size_t *donep);
int kern_fchmodat(int dirfd, const char *path, mode_t mode, int atflags);
int kern_fchownat(int dirfd, const char *path, uid_t uid, gid_t gid,
    int atflags); /* (uid_t)-1: leave */
#define UTIME_NOW  (-1)
#define UTIME_OMIT (-2)
/* ts NULL: both now; tv_nsec may be UTIME_NOW or UTIME_OMIT. */
int kern_utimensat(
    int dirfd, const char *path, const struct timespec ts[2], int atflags);
int kern_faccessat(int dirfd, const char *path, int rwx, int atflags);
int kern_truncate(const char *path, off_t size);
int kern_ftruncate(int fd, off_t size);
int kern_fsync(int fd, bool data_only);
/*
 * Write the data of [off, off + len) back (len 0: to the end).  ESPIPE for what
 * has no offsets.
 */
int kern_sync_range(int fd, off_t off, off_t len, bool write);
struct fid;
/* EOPNOTSUPP: files there have no handles. */
int kern_get_fid(int dirfd, const char *path, int atflags, struct fid *fid,
    uint64_t *mountidp);
/* mountfd: any file in the file system.  EPERM, ESTALE. */
int kern_open_fid(int mountfd, const struct fid *fid, int oflags, int *fdp);
int kern_fallocate(int fd, int mode, off_t off, off_t len);
/*
 * Directory entries from the descriptor's position; emit as in vnode.h.
 * The position afterwards is the cookie of the first entry not taken.
 */
int kern_getdents(int fd,
    int (*emit)(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
	uint64_t next),
    void *arg);
int kern_chdir(const char *path);
int kern_fchdir(int fd);
int kern_chroot(const char *path);
int kern_getcwd(char *buf, size_t size);
mode_t kern_umask(mode_t mask);
int kern_fcntl(int fd, int cmd, int64_t arg, int64_t *resp);
struct file_owner;
/* Who gets the signals of O_ASYNC (sys/async.h).  EBADF, ESRCH, ENOMEM. */
int kern_fcntl_owner(int fd, bool set, struct file_owner *fo);
int kern_fcntl_lock(int fd, int cmd, struct flock *fl);
int kern_flock(int fd, int how);
int kern_statfs(const char *path, struct statfs *sf);
int kern_fstatfs(int fd, struct statfs *sf);
int kern_devstatfs(dev_t dev, struct statfs *sf); /* EINVAL: not mounted */
int kern_mount(const char *type, const char *from, const char *on,
    uint32_t flags, const char *options);
int kern_unmount(const char *on, int flags); /* UMOUNT_ */
int kern_mount_bind(const char *from, const char *on, bool all);
int kern_mount_move(const char *from, const char *on);
int kern_remount(
    const char *on, uint32_t flags, bool alone, const char *options);
int kern_mount_propagation(const char *on, bool unbindable, bool all);
/* A place by name: dirfd, name, LOOKUP_ flags. */
struct mount_place {
	int mp_dirfd;
	const char *mp_name;
	int mp_lflags;
};
/* Flags of a mount: MNT_ bits to clear, then to set. */
struct mount_change {
	uint32_t mc_clear, mc_set;
};
/* Mounting in steps; vfs/core/mount_setup.c and mount_float.c have the theory. */
int kern_fs_open(const char *type, int oflags, int *fdp);
int kern_fs_pick(const struct mount_place *at, int oflags, int *fdp);
int kern_fs_set(int fd, const char *key, const char *value);
int kern_fs_create(int fd);
int kern_fs_reconfigure(int fd);
int kern_fs_mount(int fd, uint32_t flags, int oflags, int *fdp);
int kern_mount_attach(
    const struct mount_place *from, const struct mount_place *to);
/* A descriptor of a place (O_PATH). */
int kern_open_place(
    int dirfd, const char *name, int lflags, int oflags, int *fdp);
/* A copy of the tree there, in no tree. */
int kern_open_tree(
    int dirfd, const char *name, int lflags, bool all, int oflags, int *fdp);
int kern_mount_change(
    const struct mount_place *at, bool all, const struct mount_change *mc);
int kern_pivot_root(const char *new, const char *put);
void kern_sync(void);
int kern_getxattr(int fd, const char *path, int atflags, const char *name,
    void *buf, size_t size, size_t *lenp);
int kern_setxattr(int fd, const char *path, int atflags, const char *name,
    const void *buf, size_t size, int flags);
int kern_listxattr(int fd, const char *path, int atflags, char *buf,
    size_t size, size_t *lenp);
int kern_removexattr(int fd, const char *path, int atflags, const char *name);
/* In-kernel copy; offp NULL: the file's own offset. */
int kern_sendfile(int outfd, int infd, off_t *inoffp, off_t *outoffp,
    size_t len, size_t *donep);
int kern_ioctl(int fd, uint64_t cmd, void *data);

/* --- kern/event, kern/ipc ---------------------------------------------------- */

int kern_pipe(int fds[2], int oflags); /* O_CLOEXEC, O_NONBLOCK */
/* One of in and out is a pipe.  Offsets NULL: the file's own.  kern/ipc. */
int kern_splice(int in, off_t *inoffp, int out, off_t *outoffp, size_t len,
    bool nonblock, size_t *donep);
int kern_tee(int in, int out, size_t len, bool nonblock, size_t *donep);
/* To a pipe's write end, from its read end. */
int kern_vmsplice(int fd, struct uio *uio, bool nonblock, size_t *donep);
struct kpollfd {
	int fd;
	uint32_t events, revents; /* EV_ */
};
/* timeout_ns < 0: no limit.  mask NULL: unchanged. */
int kern_poll(struct kpollfd *fds, size_t n, nstime_t timeout_ns,
    const sigset_t *mask, int *readyp);
/* Bit sets of nfds bits, 64 a word; NULL is an empty set. */
int kern_select(int nfds, uint64_t *in, uint64_t *out, uint64_t *ex,
    nstime_t timeout_ns, const sigset_t *mask, int *readyp);
struct kepoll_event {
	uint32_t events; /* EV_ | EPE_ */
	uint64_t data;
};
#define EPE_ET	      0x80000000u
#define EPE_ONESHOT   0x40000000u
#define EPE_EXCLUSIVE 0x10000000u
#define EPE_WAKEUP    0x20000000u
enum {
	EPC_ADD = 1,
	EPC_DEL = 2,
	EPC_MOD = 3
};
int kern_epoll_create(int oflags, int *fdp);
int kern_epoll_ctl(int epfd, int op, int fd, const struct kepoll_event *ev);
int kern_epoll_size(int epfd, int *np);
struct file;
/* Whom the nth entry for fd watches, only to be compared.  EINVAL, ENOENT. */
int epoll_watched(struct file *epfp, int fd, uint32_t nth, uintptr_t *filep);
int kern_epoll_wait(int epfd, struct kepoll_event *evs, int max,
    nstime_t timeout_ns, const sigset_t *mask, int *np);
struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
};
int kern_kqueue(int oflags, int *fdp);
int kern_kevent(int kq, const struct kevent *changes, int nchanges,
    struct kevent *events, int nevents, nstime_t timeout_ns, int *np);
int kern_eventfd(uint64_t initial, bool semaphore, int oflags, int *fdp);
int kern_timerfd_create(int clock, int oflags, int *fdp);
int kern_timerfd_settime(int fd, bool absolute, const struct itimerspec *new,
    struct itimerspec *old);
int kern_timerfd_gettime(int fd, struct itimerspec *cur);
int kern_signalfd(int fd, const sigset_t *mask, int oflags, int *fdp);

/* --- vm/vm_mmap.c -------------------------------------------------------------- */

#define MAP_SHARED	    0x0001
#define MAP_PRIVATE	    0x0002
#define MAP_FIXED	    0x0010
#define MAP_STACK	    0x0400
#define MAP_ANON	    0x1000
#define MAP_FIXED_NOREPLACE 0x4000
#define MAP_POPULATE	    0x8000
#define MAP_GROWSDOWN	    0x10000
#define MAP_NORESERVE	    0x40
#define MAP_32BIT	    0x80000
#define MAP_PROGRAM	    0x100000 /* of a program file, which nobody changes */
int kern_mmap(struct lwp *lp, uaddr_t *addrp, uint64_t len, int prot, int flags,
    int fd, uint64_t off);

/* --- kern/proc ------------------------------------------------------------------ */

#define KFORK_VM       0x0001 /* share the address space */
#define KFORK_FS       0x0002
#define KFORK_FILES    0x0004
#define KFORK_SIGHAND  0x0008
#define KFORK_THREAD   0x0010 /* an lwp of this process */
#define KFORK_VFORK    0x0020 /* wait until the child execs or exits */
#define KFORK_TRACED   0x0080 /* by the caller's tracer, too */
#define KFORK_UNTRACED 0x0100 /* not by it, and no event */
#define KFORK_PARENT   0x0040 /* sibling: the parent's parent is its parent */
struct kern_fork_args {
	uint32_t flags;
	int exit_signal;
	uaddr_t stack; /* 0: the same */
	bool set_tls;
	uint64_t tls;					    /* FS base */
	uaddr_t parent_tid, child_set_tid, child_clear_tid; /* 0: none */
	uaddr_t pidfd; /* where a descriptor of the child goes; 0: none */
	pid_t set_tid; /* the id it shall have; 0: any.  EEXIST */
};
int kern_fork(struct lwp *lp, const struct kern_fork_args *a, pid_t *pidp);
/*
 * A table of its own (KFORK_FILES), a context of its own (KFORK_FS) for the
 * process.  EINVAL: it has threads, which share them; ENOMEM.
 */
int kern_unshare(uint32_t flags);
int kern_vhangup(void); /* EPERM */
/* argv, envp: user pointer arrays of word_size-byte words. */
int kern_execve(struct lwp *lp, const char *path, uaddr_t argv, uaddr_t envp);
/* AT_EMPTY_PATH: dirfd itself; AT_SYMLINK_NOFOLLOW: ELOOP for a link. */
int kern_execveat(struct lwp *lp, int dirfd, const char *path, int atflags,
    uaddr_t argv, uaddr_t envp);
/*
 * The program's own word for what exec wrote down.  Up to AUX_BYTES (sys/abi.h)
 * of the auxiliary vector: EINVAL.  The text file: EBADF; EACCES; EBUSY: the
 * present one is still mapped.
 */
int kern_set_auxv(const uint64_t *pairs, size_t len);
void kern_get_auxv(uint64_t *pairs);
int kern_set_exe(int fd);
void kern_exit(struct lwp *lp, int status) __noreturn; /* the process */
void kern_lwp_exit(struct lwp *lp) __noreturn;	       /* the thread */
enum kwait_which {
	KWAIT_ANY,
	KWAIT_PID,
	KWAIT_PGRP
};
#define KWAIT_NOHANG	0x01
#define KWAIT_UNTRACED	0x02
#define KWAIT_CONTINUED 0x04
#define KWAIT_EXITED	0x08
#define KWAIT_NOWAIT	0x10 /* leave it waitable */
#define KWAIT_CLONE	0x20 /* children with another exit signal */
#define KWAIT_ALL	0x40
#define KWAIT_NOTHREAD	0x80 /* not the tracees of other threads */
int kern_wait(struct lwp *lp, enum kwait_which which, pid_t id, int options,
    pid_t *pidp, int *statusp, struct rusage *ru, ksiginfo_t *info);
/* Native wait status: exit code << 8, signal | 0x80 core, 0x7f | sig << 8
 * stopped, 0xffff continued.  Of a tracee's stop: 0x7f | TRACE_CODE << 8. */
int kern_kill(pid_t pid, int sig, const ksiginfo_t *ksi);
int kern_tgkill(pid_t tgid, pid_t tid, int sig, const ksiginfo_t *ksi);
/* (t) held.  The current process sends sig (0: none) to p: 0, EPERM. */
int kern_kill_proc(struct proc *p, int sig, const ksiginfo_t *ksi);
/* Descriptors of processes.  A zombie has one, too. */
int kern_pidfd_open(pid_t pid, int oflags, int *fdp); /* O_NONBLOCK */
/* The process of fd, held: EBADF. */
int kern_pidfd_proc(int fd, struct proc **pp, bool *nonblockp);
int kern_procdir_proc(int fd, struct proc **pp);
int kern_pidfd_signal(struct proc *p, int sig, const ksiginfo_t *ksi);
/* A file of p as one of ours: EPERM, ESRCH, EBADF, EMFILE. */
int kern_pidfd_getfd(struct proc *p, int target, int *fdp);
/* Is p on its way to its end?  0, EINVAL: no; ESRCH: it has ended. */
int kern_proc_dying(struct proc *p);
enum kcmp_type {
	KCMP_FILE,
	KCMP_VM,
	KCMP_FILES,
	KCMP_FS,
	KCMP_SIGHAND,
	KCMP_EPOLL, /* pid2's file is what an epoll there watches */
	KCMP_NONE   /* what nobody has: always the same */
};
/* EPOLL: the nth entry of the descriptor watched in the epoll fd2. */
struct kcmp_watched {
	int kw_fd;
	uint32_t kw_nth;
};
/* *orderp: -1, 0, 1.  ESRCH, EPERM, EBADF; EPOLL: EINVAL, ENOENT, too. */
int kern_kcmp(pid_t pid1, pid_t pid2, enum kcmp_type type, int fd1, int fd2,
    const struct kcmp_watched *kw, int *orderp);
int kern_sigaction(
    int sig, const struct ksigaction *act, struct ksigaction *old);
int kern_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int kern_sigsuspend(const sigset_t *mask);
int kern_sigpending(sigset_t *set);
int kern_sigaltstack(const struct ksigaltstack *ss, struct ksigaltstack *old);
int kern_sigtimedwait(
    const sigset_t *set, ksiginfo_t *info, nstime_t timeout_ns);
int kern_setpgid(pid_t pid, pid_t pgid);
int kern_setsid(pid_t *sidp);
#define CLOCK_REALTIME		 0
#define CLOCK_MONOTONIC		 4
#define CLOCK_PROCESS_CPUTIME_ID 15
#define CLOCK_THREAD_CPUTIME_ID	 14
int kern_clock_gettime(int clock, struct timespec *ts);
int kern_nanosleep(int clock, bool absolute, nstime_t when, nstime_t *leftp);
int kern_getrusage(int who, struct rusage *ru);
int kern_getrlimit(pid_t pid, int which, struct rlimit *rl);
int kern_setrlimit(pid_t pid, int which, const struct rlimit *rl);
uint64_t proc_rlimit(int which); /* soft limit of curproc */

int kern_sigqueue(pid_t pid, int sig, const ksiginfo_t *ksi); /* EAGAIN */
int kern_clock_settime(int clock, const struct timespec *ts);
int kern_clock_getres(int clock, struct timespec *ts);
/* Validate a timespec of a program.  EINVAL. */
int timespec_check(const struct timespec *ts);
#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2
int kern_setitimer(
    int which, const struct itimerval *new, struct itimerval *old);
int kern_getitimer(int which, struct itimerval *cur);
struct ksigevent;
int kern_timer_create(int clock, const struct ksigevent *ev, int *idp);
int kern_timer_settime(int id, bool absolute, const struct itimerspec *new,
    struct itimerspec *old);
int kern_timer_gettime(int id, struct itimerspec *cur);
int kern_timer_getoverrun(int id, int *countp);
int kern_timer_delete(int id);
#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2
int kern_getpriority(int which, pid_t who, int *nicep); /* lowest number */
int kern_setpriority(int which, pid_t who, int nice);
int kern_getpgid(pid_t pid, pid_t *pgidp); /* pid 0: own */
int kern_getsid(pid_t pid, pid_t *sidp);
pid_t kern_getppid(void);
/* Up to 64 bytes; EPERM unless root. */
int kern_sethostname(const char *name);
int kern_setdomainname(const char *name);
void kern_gethostname(char *buf, size_t size);
void kern_getdomainname(char *buf, size_t size);
void kern_setname(const char *name); /* the current thread's */
/* seconds before the alarm that was set. */
uint64_t kern_alarm(uint64_t seconds);
int kern_reboot_call(int how, int status); /* EPERM; otherwise no return */
/* Anonymous memory as a file (memfd, posix shm). */
#define MEMFD_SEALABLE 1
#define MEMFD_NOEXEC   2 /* not executable, and sealed so */
int kern_memfd(const char *name, int oflags, int flags, int *fdp);

/* The futex core: user words by physical page, so shared ones work. */
int kern_futex_wait(uaddr_t addr, uint32_t expect, uint32_t bitset, bool shared,
    nstime_t deadline, int clock); /* 0: no limit; EAGAIN */
int kern_futex_wake(
    uaddr_t addr, int n, uint32_t bitset, bool shared, int *wokenp);
int kern_futex_lock_pi(
    uaddr_t addr, bool shared, bool only_try, nstime_t deadline, int clock);
int kern_futex_unlock_pi(uaddr_t addr, bool shared);
struct kfutex_wait {
	uaddr_t addr;
	uint32_t expect;
	bool shared;
};
int kern_futex_waitv(const struct kfutex_wait *v, unsigned n, nstime_t deadline,
    int clock, int *indexp);
int kern_futex_requeue(uaddr_t addr, uaddr_t to, int nwake, int nrequeue,
    bool check, uint32_t expect, bool shared, int *np);

#endif
