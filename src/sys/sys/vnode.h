/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vnodes, paths, mounts and the file-system operations.
 *
 * A vnode is one file of one mounted file system.  A namecache node is one
 * name in the tree; a path is a namecache node seen through a mount, which
 * is what lookups return and what cwd, root and open files hold.
 *
 * Locking: v_lock (sleeping; directories and attributes), taken by the caller
 * of every vop unless the op says otherwise: shared for lookup, readdir,
 * getattr, access, readlink, read, getxattr, listxattr, seek_hole; exclusive
 * for the rest.  link, remove, rmdir and rename have the named vnodes locked
 * too, not only the directories.  VCHR, VBLK, VFIFO and VSOCK vnodes are never
 * locked for open, close, read and write: those may block for long.  Order: parent before child, and
 * for two directories of a rename see vfs/core/README.md.
 * Life: vnode_hold/drop count users.  At the last drop vop_inactive runs (an
 * unlinked file is freed there); an unused vnode stays cached until the vnode
 * limit reclaims it (vop_reclaim).
 */
#ifndef SYS_VNODE_H
#define SYS_VNODE_H

#include <sys/types.h>
#include <sys/lock.h>
#include <sys/queue.h>
#include <sys/refcount.h>
#include <sys/event.h>
#include <sys/stat.h>

struct file;
struct mount;
struct namecache;
struct path;
struct proc;
struct ucred;
struct uio;
struct vm_object;
struct vm_page;
struct vnode;
struct lease;
struct lockf;

enum vtype {
	VNON,
	VREG,
	VDIR,
	VLNK,
	VCHR,
	VBLK,
	VFIFO,
	VSOCK
};
mode_t vtype_to_mode(enum vtype t); /* S_IF bits */
enum vtype mode_to_vtype(mode_t m);

/* Attributes; VA_ bits of va_mask say which fields a setattr sets. */
struct vattr {
	uint32_t va_mask;
	enum vtype va_type;
	mode_t va_mode; /* permission bits, without S_IFMT */
	nlink_t va_nlink;
	uid_t va_uid;
	gid_t va_gid;
	ino_t va_ino;
	dev_t va_rdev;
	uint64_t va_size;
	uint64_t va_bytes; /* storage used */
	uint32_t va_blksize;
	struct timespec va_atime, va_mtime, va_ctime, va_btime;
};
#define VA_MODE	 0x01
#define VA_UID	 0x02
#define VA_GID	 0x04
#define VA_SIZE	 0x08
#define VA_ATIME 0x10
#define VA_MTIME 0x20
#define VA_NOW_A 0x40 /* set atime to now (needs only write access) */
#define VA_NOW_M 0x80

/* readdir: the callback takes one entry; nonzero stops (buffer full). */
typedef int (*dirent_emit_t)(void *arg, const char *name, size_t len, ino_t ino,
    uint8_t dt, uint64_t cookie_of_next);

struct vnodeops {
	/*
	 * Directories.  name has len bytes, no '/', never "." or ".." (the
	 * core handles those).  dvp locked (shared for lookup and readdir, else
	 * exclusive).  Permission is already checked by the core.  New and
	 * found vnodes come back held and unlocked.
	 */
	int (*vop_lookup)(struct vnode *dvp, const char *name, size_t len,
	    struct vnode **vpp); /* ENOENT: may be cached as negative */
	int (*vop_create)(struct vnode *dvp, const char *name, size_t len,
	    const struct vattr *va, struct vnode **vpp); /* VREG,VFIFO,VSOCK,
							     VCHR,VBLK */
	int (*vop_mkdir)(struct vnode *dvp, const char *name, size_t len,
	    const struct vattr *va, struct vnode **vpp);
	int (*vop_symlink)(struct vnode *dvp, const char *name, size_t len,
	    const struct vattr *va, const char *target, struct vnode **vpp);
	int (*vop_link)(
	    struct vnode *dvp, const char *name, size_t len, struct vnode *vp);
	int (*vop_remove)(
	    struct vnode *dvp, const char *name, size_t len, struct vnode *vp);
	int (*vop_rmdir)(struct vnode *dvp, const char *name, size_t len,
	    struct vnode *vp); /* ENOTEMPTY */
	/* tvp may be NULL; type and ancestry rules checked by the core. */
	int (*vop_rename)(struct vnode *fdvp, const char *fname, size_t flen,
	    struct vnode *fvp, struct vnode *tdvp, const char *tname,
	    size_t tlen, struct vnode *tvp, int flags);
	int (*vop_readdir)(struct vnode *dvp, uint64_t *cookiep,
	    dirent_emit_t emit, void *arg, bool *eofp); /* with . and .. */
	int (*vop_tmpfile)(struct vnode *dvp, const struct vattr *va,
	    struct vnode **vpp); /* EOPNOTSUPP */

	/* Files. */
	int (*vop_getattr)(struct vnode *vp, struct vattr *va);
	int (*vop_setattr)(struct vnode *vp, const struct vattr *va,
	    struct ucred *cred); /* ownership rules checked by the core */
	int (*vop_access)(struct vnode *vp, int rwx, struct ucred *cred);
	int (*vop_readlink)(struct vnode *vp, struct uio *uio);
	/*
	 * A link that is a place, not text (/proc/PID/fd/N, exe, cwd, root):
	 * the held path it leads to.  Unlocked.  NULL slot: the text of
	 * vop_readlink is walked; EOPNOTSUPP: vop_follow_file, then the text.
	 */
	int (*vop_follow)(struct vnode *vp, struct path **pp);
	/* Such a link to an open file without a path (a pipe): the held file;
	 * open gives it another descriptor, stat asks it.  Unlocked. */
	int (*vop_follow_file)(struct vnode *vp, struct file **fpp);
	/* The process that a directory of procfs is about, held.  Unlocked.
	 * NULL slot: none. */
	int (*vop_process)(struct vnode *vp, struct proc **pp);
	int (*vop_open)(struct vnode *vp, int fflags, struct file *fp);
	int (*vop_close)(struct vnode *vp, int fflags, struct file *fp);
	int (*vop_read)(
	    struct vnode *vp, struct uio *uio, int ioflags, struct file *fp);
	int (*vop_write)(
	    struct vnode *vp, struct uio *uio, int ioflags, struct file *fp);
	int (*vop_ioctl)(struct vnode *vp, uint64_t cmd, void *data,
	    struct file *fp); /* unlocked */
	uint32_t (*vop_poll)(struct vnode *vp, uint32_t events,
	    struct ev_watch *w, struct file *fp); /* unlocked */
	int (*vop_fsync)(struct vnode *vp, bool data_only);
	/* Punch (or allocate) [off, off+len). */
	int (*vop_allocate)(
	    struct vnode *vp, int mode, uint64_t off, uint64_t len);
	/* The set of seals (F_SEAL_); with set it becomes seals.  EINVAL */
	int (*vop_seal)(
	    struct vnode *vp, uint32_t seals, bool set, uint32_t *sealsp);
	int (*vop_seek_hole)(struct vnode *vp, bool hole, off_t *offp);
	int (*vop_mmap)(struct vnode *vp, uint64_t off, uint64_t len, int prot,
	    struct file *fp, struct vm_object **objp); /* devices */
	/* Page cache (v_object): fill or write one page.  Unlocked. */
	int (*vop_getpage)(struct vnode *vp, struct vm_page *pg);
	int (*vop_putpage)(struct vnode *vp, struct vm_page *pg);

	int (*vop_getxattr)(struct vnode *vp, const char *name, void *buf,
	    size_t size, size_t *lenp); /* size 0: only *lenp.  ERANGE,
					   ENOATTR */
	int (*vop_setxattr)(struct vnode *vp, const char *name, const void *buf,
	    size_t size, int flags);
	int (*vop_listxattr)(struct vnode *vp, char *buf, size_t size,
	    size_t *lenp); /* NUL-separated names */
	int (*vop_removexattr)(struct vnode *vp, const char *name);

	void (*vop_inactive)(struct vnode *vp); /* last user went; locked */
	void (*vop_reclaim)(struct vnode *vp);	/* free v_data; no users */
	void (*vop_print)(struct vnode *vp);	/* ddb: one line */
};
#define XATTR_CREATE	  1
#define XATTR_REPLACE	  2
#define RENAME_NOREPLACE  1
#define RENAME_EXCHANGE	  2
#define RENAME_WHITEOUT	  4 /* a character device 0 stays at the old name */
#define IO_APPEND	  0x1
#define IO_SYNC		  0x2
#define IO_NONBLOCK	  0x4
#define FALLOC_KEEP_SIZE  1
#define FALLOC_PUNCH_HOLE 2

struct vnode {
	struct lock v_lock;
	refcount_t v_refs; /* users */
	enum vtype v_type;
	volatile uint32_t v_flags;
	const struct vnodeops *v_ops;
	struct mount *v_mount;
	void *v_data;		      /* the file system's inode */
	struct vm_object *v_object;   /* page cache; VREG of caching systems */
	uint64_t v_ident;	      /* inode number, key of the vnode hash */
	LIST_ENTRY(vnode) v_hash;     /* (vnode hash spin) */
	TAILQ_ENTRY(vnode) v_lru;     /* (vnode lru spin) unused ones */
	TAILQ_ENTRY(vnode) v_mntlink; /* (mount spin) */
	LIST_HEAD(, namecache) v_names; /* (namecache lock) names of it */
	int32_t v_writecount;		/* (v_lock) opens for write; -1: text */
	int32_t v_readcount;		/* (atomic) opens for reading alone */
	TAILQ_HEAD(, lease) v_leases;	/* (lease_lock) */
	struct ev_source v_events;	/* readiness, and EVFILT_VNODE */
	LIST_HEAD(, vn_watch) v_watches; /* (vn_watch_spin) */
	struct lockf *v_lockf;		 /* advisory locks (lockf spin) */
	void *v_fifo;			 /* pipe of an open FIFO */
	void *v_special;		 /* device, bound socket */
};
#define VF_ROOT	    0x0001  /* root of its mount */
#define VF_DOOMED   0x0002  /* forced unmount: every op gives EIO */
#define VF_NOCACHE  0x0004  /* names of this directory are not cached (proc) */
#define VF_TEXT	    0x0008  /* being executed: no writers */
#define VF_DELETE   0x0010  /* reclaim at the last drop, do not cache */
#define VF_LRU	    0x0100  /* on the list of unused vnodes */
#define VF_RECLAIM  0x0200  /* being taken apart: find waits, names miss */
#define VF_MAPPED   0x0400  /* its object is mapped: that holds the vnode */
#define VF_HASHED   0x0800  /* in the (mount, ident) hash */
#define VF_LINKABLE 0x1000  /* O_TMPFILE: may get a name */
#define VF_SPECIAL  0x2000  /* the core attached the device (mknod) */
#define VF_NOOPEN   0x4000  /* shown, but open is ENXIO */
#define VF_WATCHED  0x8000  /* it or its directory may have watches */
#define VF_WATCHDIR 0x10000 /* (namecache lock) so has what comes into it */

/* Hints of ev_notify_hint(&vp->v_events, EV_NOTE, ...): kqueue's NOTE_ bits. */
#define VNOTE_DELETE 0x0001
#define VNOTE_WRITE  0x0002
#define VNOTE_EXTEND 0x0004
#define VNOTE_ATTRIB 0x0008
#define VNOTE_LINK   0x0010
#define VNOTE_RENAME 0x0020
#define VNOTE_REVOKE 0x0040

/*
 * A new vnode, held.  EEXIST: (mp, ident) has one already, use vnode_find;
 * ENOMEM.  Both may sleep and may wait for a vop_reclaim: hold no lock that
 * vop_reclaim takes.  ident 0 is not hashed (nothing will find it again).
 */
int vnode_create(struct mount *mp, enum vtype type, const struct vnodeops *ops,
    uint64_t ident, void *data, struct vnode **vpp);
struct vnode *vnode_find(struct mount *mp, uint64_t ident); /* held or NULL */
void vnode_hold(struct vnode *vp);
void vnode_drop(struct vnode *vp); /* may sleep */
/* The last drop of it happens soon, in a kernel thread: never sleeps. */
void vnode_drop_later(struct vnode *vp);
void vnode_drain(void); /* wait until those drops have been done */
/* Take up to n unused vnodes apart; how many were.  May sleep. */
int vnode_reclaim_some(int n);
/* A file being executed has no writers: 0 or ETXTBSY; pairs with allow. */
int vn_deny_write(struct vnode *vp);
void vn_allow_write(struct vnode *vp);
/* Forget every cached name of vp (its file system saw it change outside). */
void vnode_forget_names(struct vnode *vp);
/* Attach a page cache of size bytes that uses vop_getpage/putpage. */
int vnode_cache_attach(struct vnode *vp, uint64_t size, bool only_copy);
/* Hand over an object made by vnode_cache_attach of an earlier vnode. */
void vnode_cache_adopt(struct vnode *vp, struct vm_object *obj);
/* In vop_reclaim: take the object and its pages away from vp, or NULL. */
struct vm_object *vnode_cache_detach(struct vnode *vp);
/* Read or write through the page cache; the file system sets the size. */
int vnode_cache_read(struct vnode *vp, struct uio *uio, uint64_t size);
int vnode_cache_write(struct vnode *vp, struct uio *uio);

/* --- paths ---------------------------------------------------------------- */

struct path {
	refcount_t pt_refs;
	struct mount *pt_mount;	   /* held */
	struct namecache *pt_name; /* held */
	struct vnode *pt_vnode;	   /* held; never NULL in a finished path */
};
void path_hold(struct path *p);
void path_drop(struct path *p);
/* Absolute name as seen from root: 0, ENAMETOOLONG, ENOENT (unlinked). */
int path_name(struct path *p, struct path *root, char *buf, size_t size);

/* The same for showing: what was unlinked has " (deleted)" behind its name. */
int path_text(struct path *p, struct path *root, char *buf, size_t size);
/* Some name of vp, as path_text: ENOENT if none is in memory. */
int vnode_name(struct vnode *vp, struct path *root, char *buf, size_t size);

#define LOOKUP_NOFOLLOW 0x01 /* do not follow a final symlink */
#define LOOKUP_DIR	0x02 /* ENOTDIR unless a directory */
#define LOOKUP_EMPTY	0x08 /* "" is dirfd itself */
#define LOOKUP_BENEATH	0x04 /* hostile paths: EXDEV when leaving the start */
/*
 * Resolve name (kernel string) from dirfd (AT_FDCWD) with the credentials of
 * the current process.  The result is held.
 */
int path_lookup(int dirfd, const char *name, int flags, struct path **pp);
/* The path of an open file (DTYPE_VNODE): held, or NULL. */
struct path *path_of_file(struct file *fp);
/* For links to open files: the path, held; fp is dropped.  EOPNOTSUPP: none. */
int path_from_file(struct file *fp, struct path **pp);
/* For vop_follow: a path to vp itself, outside any tree (ENOMEM: NULL). */
struct path *path_of_vnode(struct vnode *vp);
/* The parent of name's last component, which is copied to last. */
int path_lookup_parent(int dirfd, const char *name, struct path **dirp,
    char last[NAME_MAX + 1], bool *trailing_slashp);

/* Kernel-internal opens, with the given path; fflags FREAD|FWRITE|O_. */
int vn_open(
    int dirfd, const char *name, int oflags, mode_t mode, struct file **fpp);
int vn_rdwr(bool write, struct vnode *vp, void *buf, size_t len, off_t off,
    size_t *residp);
int vn_getattr(struct vnode *vp, struct vattr *va);	      /* locks */
int vn_access(struct vnode *vp, int rwx, struct ucred *cred); /* locks */
int vaccess(enum vtype type, mode_t mode, uid_t uid, gid_t gid, int rwx,
    struct ucred *cred);
void vattr_to_stat(const struct vattr *va, struct vnode *vp, struct stat *st);
extern const struct fileops vnode_fileops;
/* Advisory locks end: those of an open file, those of a descriptor table. */
void vn_file_unlock_all(struct file *fp);
void vn_owner_unlock_all(struct vnode *vp, const void *owner);
/*
 * Leases (vfs/core/lease.c).  Type: F_RDLCK, F_WRLCK, F_UNLCK.  fd is what the
 * signal tells.  EAGAIN (others have it open), EACCES, EINVAL, ENOMEM.
 */
int lease_set(struct file *fp, int fd, int type);
int lease_get(struct file *fp); /* what it is, or must become */
/*
 * Somebody wants to read or write: until no lease is in the way.  EAGAIN
 * (nonblock), EINTR.
 */
int lease_break(struct vnode *vp, bool write, bool nonblock);
void lease_file_close(struct file *fp);

/* --- mounts --------------------------------------------------------------- */

#define FID_MAX 128
struct fid {
	uint32_t fid_len;
	int32_t fid_type; /* the file system's */
	uint8_t fid_data[FID_MAX];
};

struct vfsops {
	/*
	 * Class of its vnode locks, NULL for the common one.  A file system
	 * whose operations look at vnodes of others needs its own.
	 */
	struct lock_class *vfs_lock_class;
	const char *vfs_name;		/* "tmpfs" */
	const char *const *vfs_options; /* it knows; NULL: none */
	/* from: device or host directory; options: "a=b,c" or "". */
	int (*vfs_mount)(
	    struct mount *mp, const char *from, const char *options);
	int (*vfs_unmount)(struct mount *mp, bool force);
	int (*vfs_root)(struct mount *mp, struct vnode **vpp); /* held */
	int (*vfs_statfs)(struct mount *mp, struct statfs *sf);
	int (*vfs_sync)(struct mount *mp);
	/*
	 * What finds the file again as long as it is there, and the way back: a
	 * held vnode, or ESTALE.  NULL: files have nothing of the kind.
	 */
	int (*vfs_fid)(struct vnode *vp, struct fid *fid);
	int (*vfs_find_fid)(
	    struct mount *mp, const struct fid *fid, struct vnode **vpp);
	/* New options; NULL: they are ignored. */
	int (*vfs_remount)(struct mount *mp, const char *options);
};
struct mount {
	TAILQ_ENTRY(mount) mnt_link; /* (mount list lock) */
	refcount_t mnt_refs;
	const struct vfsops *mnt_ops;
	void *mnt_data;
	uint32_t mnt_flags;
	uint64_t mnt_fsid;
	struct path *mnt_covered; /* where it is mounted; NULL: the root */
	struct namecache *mnt_root_nc;
	TAILQ_HEAD(, vnode) mnt_vnodes; /* (mnt_spin) */
	struct spinlock mnt_spin;
	char mnt_from[256];
	char mnt_on[256]; /* (mount_lock) for messages; else vfs_mount_name */
	char mnt_options[128];
	TAILQ_ENTRY(mount) mnt_cover_link; /* (mount list lock) by covered */
	uint32_t mnt_nvnodes;		   /* (mnt_spin) on mnt_vnodes */
	uint32_t mnt_state;		   /* (mount list lock) private */
	struct lock mnt_rename;		   /* renames between directories */
	dev_t mnt_dev;			   /* st_dev of its files */
	bool mnt_doomed;		   /* (mount_lock) forced off: EIO */
	/*
	 * The file system's first mount, to which its vnodes belong: itself, or
	 * (a bind mount) another one, held.
	 */
	struct mount *mnt_super;
	uint32_t mnt_attached; /* (mount list lock) of a super: mounts in the
				  tree that show it; 0: nothing is cached */
	volatile uint32_t mnt_sbflags; /* of a super: MNT_RDONLY for all */
	bool mnt_expire; /* (mount list lock) marked, unused since */
	/* (mount list lock) mount_propagate.c */
	uint32_t mnt_group;	/* peers that it shares mounts with, or 0 */
	uint32_t mnt_master;	/* the group that it follows, or 0 */
	bool mnt_group_fresh;	/* (mount_lock) the group was given just now */
	uint8_t mnt_off;	/* (mount_lock) on its way out of the tree */
	struct mount *mnt_copy; /* (mount_lock) of a tree that is copied */
};
#define MNT_RDONLY     0x1
#define MNT_NOSUID     0x2
#define MNT_NOEXEC     0x4
#define MNT_NODEV      0x8
#define MNT_NOATIME    0x10
#define MNT_SYNC       0x20
#define MNT_UNBINDABLE 0x40
#define MNT_SETTABLE   0x1f /* by a remount of one mount */

/* The value of key in "a=b,c": 0 and a copy in buf ("" for a bare key), or
 * ENOENT, ENAMETOOLONG. */
int vfs_option(const char *options, const char *key, char *buf, size_t size);
/* The same as a number with an optional suffix k, m, g or %: EINVAL. */
int vfs_option_u64(const char *options, const char *key, int base,
    uint64_t percent_of, uint64_t *valuep);
/* EINVAL and *badp if a key is not in the NULL-ended list. */
int vfs_option_check(const char *options, const char *const *known);
void mount_hold(struct mount *mp);
void mount_drop(struct mount *mp); /* may sleep */
/* Set before SI_ROOT: this kernel runs without a root (bodies of tests). */
extern bool vfs_root_unwanted;
/* The root of the name space, held; NULL before it is mounted. */
struct path *path_root(void);

void vfs_register(const struct vfsops *ops); /* by a module at start */
int vfs_mount_at(const char *fstype, const char *from, const char *on,
    uint32_t flags, const char *options);      /* on "/" first: the root */
int vfs_unmount_at(const char *on, int flags); /* UMOUNT_ */
#define UMOUNT_FORCE	0x1		       /* users or not; they get EIO */
#define UMOUNT_DETACH	0x2 /* out of the tree, with mounts below; users go on */
#define UMOUNT_EXPIRE	0x4 /* EAGAIN, and off at the next such call if unused */
#define UMOUNT_NOFOLLOW 0x8 /* on is no symlink */
/* Show the tree at from (all: with the mounts below it) at on, too. */
int vfs_bind_at(const char *from, const char *on, bool all);
/*
 * New flags for the mount at on: for it alone, or for its file system, which
 * gets the options, too.  EBUSY: read-only, but files are open for writing.
 */
int vfs_remount_at(
    const char *on, uint32_t flags, bool alone, const char *options);
/* How mp follows others, as seen from root (for PID/mountinfo). */
struct mount_peers {
	uint32_t mr_group, mr_master; /* 0: none */
	uint32_t mr_from; /* if the master is not below root: whose master is */
	bool mr_unbindable;
};
void vfs_mount_peers(
    struct mount *mp, struct path *root, struct mount_peers *out);
/* The flags that hold for mp: its own and its file system's. */
uint32_t vfs_mount_flags(const struct mount *mp);
/* Where in its file system mp begins: "/" but for bind mounts. */
int vfs_mount_begin(struct mount *mp, char *buf, size_t size);
/*
 * Make new, a mount's root, the root of the tree and show the old root at put.
 * Processes whose root or working directory was the old root get the new one.
 * EBUSY (one of them is in the root's mount), EINVAL (new or the root is no
 * mount's root, put is not below new), or a lookup's error.
 */
int vfs_pivot_root(const char *new, const char *put);
/* Where mp is, as seen from root (NULL: the top): ENOENT if it is not. */
int vfs_mount_name(struct mount *mp, struct path *root, char *buf, size_t size);
/* The fsid of what mp is mounted on; its own: nothing. */
uint64_t vfs_mount_parent(struct mount *mp);
void vfs_unmount_all(void);
/* Call f for each mount until nonzero. */
int vfs_mount_foreach(int (*f)(struct mount *mp, void *arg), void *arg);
/* Next registered type after prev ("" first), NULL at the end. */
const char *vfs_type_next(const char *prev);

/*
 * FIFOs (kern/ipc): opens by the POSIX rules, may block; replaces fp's f_ops and
 * f_data.  Unlocked.  reclaim: the vnode goes, v_fifo with it.
 */
int fifo_open(struct vnode *vp, int fflags, struct file *fp);
void fifo_vnode_reclaim(struct vnode *vp);

/* Unpack a newc archive from read() into the root; cpio.c. */
int cpio_unpack(int (*read)(void *arg, void *buf, size_t len, size_t *donep),
    void *arg, const char **errp);

#endif
