/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files and descriptor tables.  A struct file is what open, pipe or
 * epoll_create made; descriptors, messages and calls in flight hold
 * references to it.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <sys/types.h>
#include <sys/lock.h>
#include <sys/queue.h>
#include <sys/refcount.h>

struct file;
struct file_async;
struct file_hook;
struct stat;
struct ucred;
struct uio;
struct ev_watch;
struct proc;
struct vnode;
struct vm_object;
struct path;

enum file_type {
	DTYPE_VNODE,
	DTYPE_PIPE,
	DTYPE_SOCKET,
	DTYPE_KQUEUE,
	DTYPE_EPOLL,
	DTYPE_EVENTFD,
	DTYPE_TIMERFD,
	DTYPE_SIGNALFD,
	DTYPE_PIDFD,
	DTYPE_OTHER
};

#define FOF_OFFSET 0x1 /* use uio_offset (pread), leave f_offset alone */
#define FOF_APPEND 0x2 /* as O_APPEND, for this call */
#define FOF_SYNC   0x4 /* as O_FSYNC */
#define FOF_NOWAIT 0x8 /* as O_NONBLOCK */

/* Every slot may be NULL: the wrapper then answers the stated error. */
struct fileops {
	/* Offset: f_offset is used and advanced unless FOF_OFFSET. */
	int (*fo_read)(struct file *fp, struct uio *uio, int flags); /*EINVAL*/
	int (*fo_write)(struct file *fp, struct uio *uio, int flags);
	/* cmd is a native one (sys/ioccom.h); data is in kernel memory. */
	int (*fo_ioctl)(struct file *fp, uint64_t cmd, void *data); /*ENOTTY*/
	/* Ready events among those asked; attaches w first if not NULL. */
	uint32_t (*fo_poll)(struct file *fp, uint32_t events,
	    struct ev_watch *w); /* NULL: IN|OUT always */
	int (*fo_stat)(struct file *fp, struct stat *st); /* EINVAL */
	int (*fo_seek)(struct file *fp, off_t off, int whence, off_t *newp);
	int (*fo_truncate)(struct file *fp, off_t size); /* EINVAL */
	int (*fo_sync)(struct file *fp, bool data_only); /* EINVAL */
	/* Object to map; may lower *maxprotp.  One reference.  ENODEV */
	int (*fo_mmap)(struct file *fp, uint64_t off, uint64_t len, int prot,
	    bool shared, struct vm_object **objp, uint8_t *maxprotp);
	/* Add seals (0: none) and tell what there is: EPERM, EBUSY, EINVAL */
	int (*fo_seal)(struct file *fp, uint32_t add, uint32_t *sealsp);
	void (*fo_close)(struct file *fp); /* last reference */
	/* Text for /proc/PID/fd: "pipe:[12]". */
	void (*fo_name)(struct file *fp, char *buf, size_t size);
	/* More lines for /proc/PID/fdinfo; NULL: none. */
	void (*fo_info)(struct file *fp, char *buf, size_t size);
};

struct file {
	refcount_t f_refs;
	enum file_type f_type;
	volatile uint32_t f_flags; /* native O_ flags: FREAD.. and status */
	const struct fileops *f_ops;
	struct lock f_offset_lock;
	off_t f_offset;		     /* (f_offset_lock) */
	void *f_data;		     /* the object */
	struct vnode *f_vnode;	     /* DTYPE_VNODE: held */
	struct path *f_path;	     /* DTYPE_VNODE: where it was opened */
	struct ucred *f_cred;	     /* of the opener */
	void *f_private;	     /* readdir state, device per-open data */
	uint32_t f_writecounted;     /* it is one of v_writecount */
	uint32_t f_readcounted;	     /* and of v_readcount */
	volatile uint32_t f_leased;  /* may hold a lease */
	volatile uint32_t f_locked;  /* may own flock or OFD locks */
	volatile uint32_t f_noticed; /* may have notices (dnotify.c) */
	LIST_HEAD(, file_hook) f_hooks; /* (ev_files_lock) sys/event.h */
	struct file_async *f_async;	/* signals it sends, or NULL (atomic) */
};

/* One reference, FREAD/FWRITE in flags.  NULL: ENFILE (or ENOMEM). */
struct file *file_create(
    enum file_type type, uint32_t flags, const struct fileops *ops, void *data);
void file_hold(struct file *fp);
void file_drop(struct file *fp);
/*
 * kern/event: file_drop calls this when the last reference went, before
 * fo_close, if f_hooks is not empty.  Sleeps.
 */
void file_hooks_run(struct file *fp);

int file_read(struct file *fp, struct uio *uio, int flags);
int file_write(struct file *fp, struct uio *uio, int flags);
int file_ioctl(struct file *fp, uint64_t cmd, void *data);
uint32_t file_poll(struct file *fp, uint32_t events, struct ev_watch *w);
int file_seek(struct file *fp, off_t off, int whence, off_t *newp);
/* Text for /proc/PID/fd: the path of a file, else what fo_name says. */
void file_name(struct file *fp, char *buf, size_t size);
int file_stat(struct file *fp, struct stat *st);
/* kern/event: a fo_stat for what has no name and no owner. */
int file_anon_stat(struct file *fp, struct stat *st);

/* --- descriptor tables ---------------------------------------------------- */

struct filedesc;    /* shared by processes cloned with CLONE_FILES */
struct fs_context { /* cwd, root, umask: shared with CLONE_FS */
	LIST_ENTRY(fs_context) fc_all; /* (all contexts' lock) */
	refcount_t fc_refs;
	struct spinlock fc_spin;
	struct path *fc_cwd;  /* (fc_spin) held */
	struct path *fc_root; /* (fc_spin) held */
	mode_t fc_umask;
};

struct filedesc *filedesc_create(void);
int filedesc_copy(struct filedesc *fd, struct filedesc **newp);
void filedesc_hold(struct filedesc *fd);
void filedesc_drop(struct filedesc *fd);
void filedesc_close_on_exec(struct filedesc *fd);
struct fs_context *fs_context_create(void); /* root and cwd: the root mount */
struct fs_context *fs_context_copy(struct fs_context *fc);
void fs_context_hold(struct fs_context *fc);
void fs_context_drop(struct fs_context *fc);

/* The file of slot fd in another process's table: held, EBADF. */
int filedesc_get(
    struct filedesc *fdt, int fd, struct file **fpp, int *fdflagsp);
uint32_t filedesc_size(struct filedesc *fdt); /* slots in the table */

#define FDF_CLOEXEC 1
/* These act on the current process's table. */
int fd_alloc(struct file *fp, int min, int fdflags, int *fdp); /* consumes
								   nothing */
/* Put fp, with a reference of its own, at fd: EBADF, ENOMEM. */
int fd_replace(struct file *fp, int fd, int fdflags);
/* The file of fd with a new reference; need: FREAD, FWRITE or 0.  EBADF. */
int fd_get(int fd, int need, struct file **fpp);
int fd_close(int fd);
int fd_dup(int oldfd, int newfd_or_min, int how, int fdflags, int *fdp);
#define FD_DUP_MIN   0 /* lowest free >= min (dup, F_DUPFD) */
#define FD_DUP_EXACT 1 /* dup2: replaces; same fd is a no-op */
#define FD_DUP_DIFF  2 /* dup3: same fd is EINVAL */
int fd_flags_get(int fd, int *fdflagsp);
int fd_flags_set(int fd, int fdflags);
/* Close [first, last]; cloexec: only mark them. */
int fd_close_range(unsigned int first, unsigned int last, bool cloexec);
/* fchdir and friends: cwd and root of the current process, held. */
struct path *fs_context_cwd(struct fs_context *fc);
struct path *fs_context_root(struct fs_context *fc);
/* Replace them; the caller's reference on p moves in. */
void fs_context_set_cwd(struct fs_context *fc, struct path *p);
void fs_context_set_root(struct fs_context *fc, struct path *p);
/* Whoever is exactly at from is at to afterwards (pivot_root). */
void fs_context_move(struct path *from, struct path *to);
/* Walk another process's table for procfs: first fd >= *fdp, or ENOENT. */
int filedesc_next(
    struct filedesc *fdt, int *fdp, struct file **fpp, int *fdflagsp);

#endif
