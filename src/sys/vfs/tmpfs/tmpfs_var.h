/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private structures of tmpfs; theory in tmpfs_vfsops.c.
 *
 * (l) the vnode's v_lock, (s) tn_spin, (m) tm_spin, (c) set at creation
 */
#ifndef VFS_TMPFS_TMPFS_VAR_H
#define VFS_TMPFS_TMPFS_VAR_H

#include <sys/malloc.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <vm/vm.h>

MALLOC_DECLARE(M_TMPFS);

struct tmpfs_node;

/* One name. */
struct tmpfs_dirent {
	LIST_ENTRY(tmpfs_dirent) td_hash; /* (l) of the directory */
	struct tmpfs_node *td_node;	  /* (l) */
	uint64_t td_cookie;		  /* (l) its place in readdir's order */
	uint64_t td_sum;		  /* (c) hash of the name */
	uint16_t td_len;		  /* (c) */
	char td_name[];			  /* (c) td_len bytes, no NUL */
};
LIST_HEAD(tmpfs_bucket, tmpfs_dirent);

struct tmpfs_dir {
	struct tmpfs_bucket *tdi_table; /* (l) NULL while empty */
	uint64_t tdi_mask;		/* (l) buckets - 1 */
	uint64_t tdi_count;		/* (l) names */
	uint64_t tdi_next;		/* (l) the next cookie */
	struct radix tdi_order;		/* (l) cookie -> tmpfs_dirent */
	struct tmpfs_node *tdi_parent;	/* (l) for "..", itself at the root */
};
/* What a name adds to its directory's size, "." and ".." too, as on Linux. */
#define TMPFS_DIRENT_BYTES 20

#define TMPFS_COOKIE_DOT    0
#define TMPFS_COOKIE_DOTDOT 1
#define TMPFS_COOKIE_FIRST  2

struct tmpfs_xattr {
	TAILQ_ENTRY(tmpfs_xattr) tx_link; /* (l) */
	char *tx_name;			  /* (c) */
	void *tx_value;			  /* (l) */
	size_t tx_size;			  /* (l) */
};
#define TMPFS_XATTR_TOTAL (256 * 1024) /* bytes of names and values, a node */

struct tmpfs_node {
	TAILQ_ENTRY(tmpfs_node) tn_link; /* (m) all nodes of the mount */
	struct tmpfs_mount *tn_mount;	 /* (c) */
	uint64_t tn_ino;		 /* (c) */
	enum vtype tn_type;		 /* (c) */
	mode_t tn_mode;			 /* (l) */
	uid_t tn_uid;			 /* (l) */
	gid_t tn_gid;			 /* (l) */
	nlink_t tn_nlink;		 /* (l) names, and "." and ".." */
	dev_t tn_rdev;			 /* (c) */
	uint64_t tn_size;		 /* (l) */
	volatile uint32_t tn_seals;	 /* (l to write, atomic) F_SEAL_ */
	struct spinlock tn_spin;
	struct timespec tn_atime, tn_mtime, tn_ctime; /* (s) */
	struct timespec tn_btime;		      /* (c) */
	uint64_t tn_pages;	     /* (s) charged to the mount */
	struct vm_object *tn_object; /* the pages, while no vnode has them */
	TAILQ_HEAD(, tmpfs_xattr) tn_xattrs; /* (l) */
	size_t tn_xattr_bytes;		     /* (l) */
	char *tn_target;	 /* (c) symlink: tn_size bytes and a NUL */
	struct tmpfs_dir tn_dir; /* (l) directories */
};

struct tmpfs_mount {
	struct mount *tm_mount;
	struct spinlock tm_spin;
	uint64_t tm_pages_max, tm_pages;  /* (m) */
	uint64_t tm_nodes_max, tm_nodes;  /* (m) */
	uint64_t tm_next_ino;		  /* (m) */
	TAILQ_HEAD(, tmpfs_node) tm_list; /* (m) */
	struct lock tm_vlock; /* making vnodes: a new one is whole when seen */
	struct tmpfs_node *tm_root;
};

#define VP_TO_TMPFS(vp) ((struct tmpfs_node *)(vp)->v_data)
#define MP_TO_TMPFS(mp) ((struct tmpfs_mount *)(mp)->mnt_data)

extern const struct vnodeops tmpfs_vnodeops;

/* nodes */
int tmpfs_node_create(
    struct tmpfs_mount *tm, const struct vattr *va, struct tmpfs_node **nodep);
void tmpfs_node_destroy(struct tmpfs_node *node);
int tmpfs_vnode_get(
    struct mount *mp, struct tmpfs_node *node, struct vnode **vpp);
int tmpfs_fid(struct vnode *vp, struct fid *fid);
int tmpfs_find_fid(struct mount *mp, const struct fid *fid, struct vnode **vpp);
int tmpfs_charge(struct tmpfs_node *node, uint64_t pages);
void tmpfs_uncharge(struct tmpfs_node *node, uint64_t pages);
void tmpfs_settle(struct tmpfs_node *node, struct vm_object *obj);
#define TMPFS_ATIME 1
#define TMPFS_MTIME 2
#define TMPFS_CTIME 4
void tmpfs_touch(struct tmpfs_node *node, int which);
void tmpfs_zone_start(void);

/* directories */
struct tmpfs_dirent *tmpfs_dir_find(
    struct tmpfs_node *dir, const char *name, size_t len);
struct tmpfs_dirent *tmpfs_dirent_alloc(const char *name, size_t len);
void tmpfs_dirent_free(struct tmpfs_dirent *de);
int tmpfs_dir_insert(
    struct tmpfs_node *dir, struct tmpfs_dirent *de, struct tmpfs_node *node);
void tmpfs_dir_remove(struct tmpfs_node *dir, struct tmpfs_dirent *de);
int tmpfs_dir_replace(
    struct tmpfs_node *dir, struct tmpfs_dirent *old, struct tmpfs_dirent *new);
void tmpfs_dir_clear(struct tmpfs_node *dir);
int tmpfs_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp);

/* vnode operations */
int tmpfs_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp);
int tmpfs_create(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va, struct vnode **vpp);
int tmpfs_symlink(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va, const char *target, struct vnode **vpp);
int tmpfs_link(
    struct vnode *dvp, const char *name, size_t len, struct vnode *vp);
int tmpfs_remove(
    struct vnode *dvp, const char *name, size_t len, struct vnode *vp);
int tmpfs_rmdir(
    struct vnode *dvp, const char *name, size_t len, struct vnode *vp);
int tmpfs_rename(struct vnode *fdvp, const char *fname, size_t flen,
    struct vnode *fvp, struct vnode *tdvp, const char *tname, size_t tlen,
    struct vnode *tvp, int flags);
int tmpfs_tmpfile(
    struct vnode *dvp, const struct vattr *va, struct vnode **vpp);

int tmpfs_read(struct vnode *vp, struct uio *uio, int ioflags, struct file *fp);
int tmpfs_write(
    struct vnode *vp, struct uio *uio, int ioflags, struct file *fp);
int tmpfs_getpage(struct vnode *vp, struct vm_page *pg);
int tmpfs_set_size(struct vnode *vp, uint64_t size);
int tmpfs_allocate(struct vnode *vp, int mode, uint64_t off, uint64_t len);
int tmpfs_seal(struct vnode *vp, uint32_t seals, bool set, uint32_t *sealsp);
int tmpfs_seek_hole(struct vnode *vp, bool hole, off_t *offp);

int tmpfs_getxattr(
    struct vnode *vp, const char *name, void *buf, size_t size, size_t *lenp);
int tmpfs_setxattr(struct vnode *vp, const char *name, const void *buf,
    size_t size, int flags);
int tmpfs_listxattr(struct vnode *vp, char *buf, size_t size, size_t *lenp);
int tmpfs_removexattr(struct vnode *vp, const char *name);
void tmpfs_xattr_clear(struct tmpfs_node *node);

#endif
