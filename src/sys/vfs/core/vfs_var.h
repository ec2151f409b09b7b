/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private structures of the vfs core: name cache nodes, the path walk, calls of
 * vnode operations with their defaults.  See README.md for the lock order.
 *
 * (n) nc_spin   (v) vnode_spin   (m) mount_spin   (c) set at creation
 */
#ifndef VFS_CORE_VFS_VAR_H
#define VFS_CORE_VFS_VAR_H

#include <sys/vnode.h>
#include <sys/file.h>
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/systm.h>
#include <sys/ucred.h>
#include <sys/uio.h>

MALLOC_DECLARE(M_VNODE);
MALLOC_DECLARE(M_MOUNT);

/* --- names ---------------------------------------------------------------- */

#define NC_INLINE 40 /* longer names are allocated */

struct namecache {
	LIST_ENTRY(namecache) nc_hash;	    /* (n) */
	LIST_ENTRY(namecache) nc_sibling;   /* (n) in nc_parent's nc_children */
	LIST_HEAD(, namecache) nc_children; /* (n) */
	LIST_ENTRY(namecache) nc_vlink;	    /* (n) in nc_vnode's v_names */
	TAILQ_ENTRY(namecache) nc_lru;	    /* (n) while nc_refs is 0 */
	struct namecache *nc_parent;	    /* (n) referenced; NULL: a root */
	struct vnode *nc_vnode; /* (n) held while nc_refs > 0; NULL: negative */
	uint32_t nc_refs;	/* (n) paths, walks and children */
	uint32_t nc_mounts;	/* (m) mounts that cover it */
	uint16_t nc_flags;	/* (n) NCF_ */
	uint16_t nc_len;	/* (n) */
	char *nc_name;		/* (n) nc_inline or allocated; no NUL needed */
	char nc_inline[NC_INLINE];
};
#define NCF_HASHED   0x01 /* found by (parent, name) */
#define NCF_UNLINKED 0x02 /* its name is gone; paths still hold it */
#define NCF_NEGATIVE 0x04 /* known not to exist */
#define NCF_NOCACHE  0x08 /* freed at the last drop */
#define NCF_VLINKED  0x10 /* on nc_vnode's v_names */

enum nc_result {
	NC_MISS,
	NC_POSITIVE,
	NC_NEGATIVE
};

struct nc_stats {
	uint64_t ncs_hits, ncs_neghits, ncs_misses, ncs_enters, ncs_evicted,
	    ncs_purged;
	uint64_t ncs_nodes, ncs_unused; /* (n) */
};
extern struct nc_stats nc_stats;

struct namecache *nc_create_root(struct vnode *vp);
enum nc_result nc_lookup(struct namecache *parent, const char *name, size_t len,
    struct namecache **ncp, struct vnode **vpp);
int nc_enter(struct namecache *parent, const char *name, size_t len,
    struct vnode *vp, struct namecache **ncp);
void nc_hold(struct namecache *nc);
void nc_drop(struct namecache *nc);
void nc_unlink(struct namecache *parent, const char *name, size_t len);
int nc_rename(struct namecache *fparent, const char *fname, size_t flen,
    struct namecache *tparent, const char *tname, size_t tlen, bool exchange);
struct namecache *nc_parent_get(struct namecache *nc, struct vnode **vpp);
bool nc_is_ancestor(struct namecache *a, struct namecache *nc);
bool nc_is_unlinked(struct namecache *nc);
size_t nc_name_prepend(struct namecache *nc, char *buf, size_t pos, bool gone,
    const struct namecache *top, int *errp, struct namecache **stopp);
struct namecache *nc_of_vnode(struct vnode *vp);
struct namecache *nc_create_detached(struct vnode *vp, const char *name);
void nc_purge_vnode(struct vnode *vp);
/* (n) nc has a vnode and a parent, of which one is new: vn_watch.c. */
void nc_watched(struct namecache *nc);
extern struct spinlock nc_spin;
void nc_purge_tree(struct namecache *root);
int nc_trim(int n);

/* --- vnodes --------------------------------------------------------------- */

extern struct spinlock vnode_spin;
bool vnode_hold_weak(struct vnode *vp); /* (n) held; false: being reclaimed */
int vnode_flush_mount(struct mount *mp);

/* --- the walk ------------------------------------------------------------- */

/* One place while walking: all three held. */
struct place {
	struct mount *pl_mount;
	struct namecache *pl_name;
	struct vnode *pl_vnode;
};
void place_from_path(struct place *pl, struct path *p);
void place_hold(struct place *dst, const struct place *src);
void place_drop(struct place *pl);
struct path *place_to_path(struct place *pl); /* consumes; NULL: ENOMEM */

enum last_kind {
	LAST_NORMAL,
	LAST_DOT,
	LAST_DOTDOT,
	LAST_ROOT
};

#define NI_FOLLOW  0x01	  /* follow a final symlink */
#define NI_PARENT  0x02	  /* stop before the last component */
#define NI_CREATE  0x04	  /* a missing last component is no error */
#define NI_DIR	   0x08	  /* ENOTDIR unless a directory */
#define NI_BENEATH 0x10	  /* EXDEV when leaving the start */
#define NI_EMPTY   0x20	  /* "" is the start itself */
#define NI_NOLINKS 0x40	  /* ELOOP at any symlink */
#define NI_NOXDEV  0x100  /* EXDEV when leaving the mount */
#define NI_NOMAGIC 0x200  /* ELOOP at a magic link */
#define NI_NOSYM   0x400  /* ELOOP at a symlink that would be followed */
#define NI_INROOT  0x800  /* the start is the root */
#define NI_CACHED  0x1000 /* EAGAIN for what is not in the name cache */
#define NI_FILE	   0x80	  /* a magic link to an open file may end in nd_file */

struct nameidata {
	struct place nd_dir;   /* the parent; pl_vnode NULL if unused */
	struct place nd_place; /* the result; pl_vnode NULL: it is missing */
	struct file *nd_file;  /* with NI_FILE: held, instead of nd_place */
	struct ucred *nd_cred;
	enum last_kind nd_kind;
	bool nd_slash; /* a slash followed the last component */
	bool nd_magic; /* a magic link led here */
	int nd_flags;
	int nd_links;
	size_t nd_len;
	char nd_last[NAME_MAX + 1]; /* with NI_PARENT or NI_CREATE */
};
int namei(struct nameidata *nd, int dirfd, const char *name, int flags);
int namei_cred(struct nameidata *nd, struct ucred *cred, int dirfd,
    const char *name, int flags);
int namei_from(
    struct nameidata *nd, struct path *start, const char *name, int flags);
void namei_done(struct nameidata *nd);
/* Resolve nd_last in nd_dir, whose vnode is locked exclusive. */
int namei_child_locked(struct nameidata *nd, struct place *child);
int vnode_pager_object(struct vnode *vp, struct vm_object **objp);
void lookup_start_root(struct place *pl);

/* What a creation needs besides its name. */
struct creation {
	enum vtype cr_type;
	mode_t cr_mode; /* umask applied */
	dev_t cr_rdev;
	const char *cr_target;	     /* symlink */
	struct vnode *cr_link;	     /* hard link */
	struct mount *cr_link_mount; /* where that was found */
};
int vfs_create_locked(
    struct nameidata *nd, const struct creation *cr, struct vnode **vpp);
int vfs_remove_locked(struct nameidata *nd, bool dir, struct place *child);

/* --- mounts --------------------------------------------------------------- */

enum mount_state {
	MS_NEW,
	MS_LIVE,
	MS_BUSY,
	MS_GONE
};

TAILQ_HEAD(mount_list, mount);
extern struct mount_list mounts;   /* (m) */
extern struct mount *mount_root;   /* (m) */
extern struct spinlock mount_spin; /* (m) */
extern struct lock mount_lock;	   /* one change of the tree at a time */

/* A mount outside any tree, and its end. */
int mount_create_hidden(
    const char *fstype, const char *options, struct mount **mpp);
int mount_create(const struct vfsops *ops, const char *from, uint32_t flags,
    const char *options, struct mount **mpp);
void mount_destroy_hidden(struct mount *mp);
const struct vfsops *vfs_type_find(const char *name);
bool mount_cross_down(struct place *pl); /* onto what is mounted there */
bool mount_cross_up(struct place *pl);	 /* to the covered place */
int mount_write_check(struct mount *mp); /* EROFS */
int mount_place_write_check(const struct mount *mp);
struct mount *mount_alloc(const struct vfsops *ops, const char *from,
    const char *on, uint32_t flags, const char *options);
/* Why mount_alloc gave NULL: ENOMEM, ENOSPC (there are kern.mount_max). */
int mount_no_room(void);
int mount_insert(struct mount *mp, struct path *covered);
int mount_lookup(const struct mount_place *at, struct path **pp);
int mount_find_place(
    const char *on, struct path **coveredp, char *buf, size_t size);
int mount_of_root(struct path *p, struct mount **mpp);
int mount_at(const struct mount_place *at, struct mount **mpp);
bool mount_idle(struct mount *mp); /* mount_lock held; may sleep */
bool mount_is_below(struct mount *m, struct mount *top); /* (m) held */
bool path_is_below(struct path *p, struct path *top);
void mount_names_update(void);
bool mount_covers(struct namecache *nc);   /* is something mounted on it? */
bool mount_has_children(struct mount *mp); /* (m) held */
void mount_remove(struct mount *mp);	   /* mount_lock held */
void mount_sync(struct mount *mp);
void mount_tree_detach(struct mount *mp); /* mount_lock held */
/* mount_bind.c; mount_lock held */
enum copy_kind {
	COPY_PEER, /* in the same group and of the same master */
	COPY_SLAVE,
	COPY_SHARED_SLAVE
};
/* Show (mp, nc), with all what is mounted below, in a new floating tree. */
int mount_copy_tree(struct mount *mp, struct namecache *nc, bool all,
    enum copy_kind kind, struct mount **copyp);
/* mount_propagate.c; mount_lock held */
int mount_hang(struct mount *mp, struct path *at);
int mount_move_check(struct mount *mp, struct path *to);
void mount_set_propagation(struct mount *mp, enum mount_propagation kind);
void mount_copy_groups(
    struct mount *copy, const struct mount *of, enum copy_kind kind);
void mount_group_leave(struct mount *mp);
void mount_off_find(struct mount *mp, bool all);
bool mount_off_busy(void);
void mount_off_do(void);
void mount_off_forget(void);
bool mount_super_has_writers(struct mount *super);
int mount_super_change(
    struct mount *super, uint32_t flags, const char *options);
/* mount_float.c; mount_lock held, but for the last */
void mount_float(struct mount *mp); /* mount.c */
bool mount_in_tree(struct mount *m);
bool mount_floats(const struct mount *m);
int mount_tree_fd(struct mount *mp, int oflags, int *fdp);
void vnode_sync_mount(struct mount *mp);
int vnode_fsync_locked(struct vnode *vp, bool data_only);

/* --- operations with their defaults ---------------------------------------- */

static inline bool
vn_is_device(const struct vnode *vp)
{
	return (vp->v_type == VCHR || vp->v_type == VBLK);
}

static inline bool
vn_is_text(const struct vnode *vp)
{
	return (vp->v_writecount < 0 || (vp->v_flags & VF_TEXT) != 0);
}

/* Types whose data operations may block for long: never under v_lock. */
static inline bool
vn_is_unlocked_type(const struct vnode *vp)
{
	return (vn_is_device(vp) || vp->v_type == VFIFO || vp->v_type == VSOCK);
}

#define VOP_CALL(vp, slot, missing, ...)                                       \
	(((vp)->v_flags & VF_DOOMED) != 0   ? EIO                              \
		: (vp)->v_ops->slot == NULL ? (missing)                        \
					    : (vp)->v_ops->slot(__VA_ARGS__))

int vop_getattr_locked(struct vnode *vp, struct vattr *va);
int vop_access_locked(struct vnode *vp, int rwx, struct ucred *cred);
bool cred_owns(const struct ucred *cr, uid_t uid);
bool cred_is_super(const struct ucred *cr);
bool cred_file_group(const struct ucred *cr, gid_t gid);
void vn_notify(struct vnode *vp, uint64_t hint);
int vn_setattr(struct vnode *vp, const struct vattr *va);
int vn_drop_suid_locked(struct vnode *vp, struct vattr *have);
int vn_check_sticky(struct vnode *dvp, const struct vattr *dva,
    struct vnode *vp, struct ucred *cred);
void vattr_init_new(struct vattr *va, struct vnode *dvp,
    const struct vattr *dva, enum vtype type, mode_t mode, struct ucred *cred);
void vattr_now(struct timespec *ts);

int vn_open_file(struct place *pl, int oflags, bool created, struct file **fpp);
/* resolve: RESOLVE_ bits. */
int vn_open_how(int dirfd, const char *name, int oflags, mode_t mode,
    int resolve, struct file **fpp);
int vn_special_attach(struct vnode *vp);
int vn_check_create(struct place *dir, struct vattr *dva);
int vn_truncate(struct vnode *vp, off_t size);
extern const struct fileops path_fileops;
int vn_file_seal(struct file *fp, uint32_t add, uint32_t *sealsp);
int vfs_statfs_mount(struct mount *mp, struct statfs *sf);
int fd_get_open(int fd, int need, struct file **fpp);
int vn_fionread(struct file *fp, int *np);

/* --- advisory locks -------------------------------------------------------- */

void lockf_vnode_free(struct vnode *vp);
int lockf_fcntl(struct file *fp, const void *owner, int cmd, struct flock *fl);
int lockf_flock(struct file *fp, int how);

#endif
