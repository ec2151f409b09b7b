/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File-system types, mounts and the tree they make.
 *
 * 1. A mount covers a place (mount, name node) of another mount; the first one,
 *    the root, covers nothing.  A name node counts the mounts on it, so a walk
 *    looks at the mount list only where something is mounted.  Several mounts
 *    on one place stack: each covers the root of the one before.
 *
 * 2. Life cycle.
 *
 *	MS_NEW --vfs_mount_at--> MS_LIVE --umount, idle--> MS_BUSY --> MS_GONE
 *	                            ^                         |
 *	                            +------- still used ------+
 *
 *    In MS_BUSY walks do not enter it.  A forced unmount goes to MS_GONE with
 *    users left: they keep memory, but every operation answers EIO
 *    (VF_DOOMED).  A detached mount (mount_tree.c) is MS_GONE, too, but its
 *    users go on; what they let go of is not cached any more.  vfs_unmount of
 *    the file system runs with the last reference: each vnode, each path and
 *    the mount list hold one.
 *
 * 3. Locking.  mount_lock (sleeping) makes mounting and unmounting one at a
 *    time; mount_spin guards the list, mnt_state, mnt_covered and nc_mounts.
 */
#include "vfs_var.h"
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <vm/vm.h>

MALLOC_DEFINE(M_MOUNT, "mount", "mounts and their types");
FAULT_POINT(fault_mount, "vfs_mount");

struct vfs_type {
	TAILQ_ENTRY(vfs_type) vt_link; /* (m) */
	const struct vfsops *vt_ops;
};
TAILQ_HEAD(vfs_type_list, vfs_type);

LOCK_DEFINE(mount_lock, "mount");
SPINLOCK_DEFINE(mount_spin, "mount list");
struct mount_list mounts = TAILQ_HEAD_INITIALIZER(mounts); /* (m) */
static struct vfs_type_list vfs_types =
    TAILQ_HEAD_INITIALIZER(vfs_types); /* (m) */
struct mount *mount_root;	       /* (m) */
static const struct thread *unmounter; /* (mount_lock) in vfs_unmount_at */
static uint64_t mount_next_fsid = 1;   /* (mount_lock) */

/* --- types ------------------------------------------------------------------ */

void
vfs_register(const struct vfsops *ops)
{
	struct vfs_type *vt = kmalloc(sizeof(*vt), M_MOUNT, M_WAITOK);

	if (vt == NULL)
		panic("vfs: no memory to register %s", ops->vfs_name);
	vt->vt_ops = ops;
	spin_lock(&mount_spin);
	TAILQ_INSERT_TAIL(&vfs_types, vt, vt_link);
	spin_unlock(&mount_spin);
}

const struct vfsops *
vfs_type_find(const char *name)
{
	const struct vfsops *ops = NULL;
	struct vfs_type *vt;

	spin_lock(&mount_spin);
	TAILQ_FOREACH(vt, &vfs_types, vt_link) {
		if (strcmp(vt->vt_ops->vfs_name, name) == 0)
			ops = vt->vt_ops;
	}
	spin_unlock(&mount_spin);
	return (ops);
}

/* In the order of names, so that a walk survives registrations. */
const char *
vfs_type_next(const char *prev)
{
	const char *best = NULL;
	struct vfs_type *vt;

	spin_lock(&mount_spin);
	TAILQ_FOREACH(vt, &vfs_types, vt_link) {
		const char *name = vt->vt_ops->vfs_name;

		if (strcmp(name, prev) > 0 &&
		    (best == NULL || strcmp(name, best) < 0))
			best = name;
	}
	spin_unlock(&mount_spin);
	return (best);
}

/* --- how many -------------------------------------------------------------------- */

/*
 * Mounts that follow each other double with one call; and who looks for one walks
 * over all.
 */
static int mount_max = 4096, mount_count; /* (atomic) */
SYSCTL_INT(mount_max, "kern.mount_max", CTLF_RW, &mount_max,
    "How many mounts there may be, floating ones too; more: ENOSPC");

int
mount_no_room(void)
{
	return (atomic_load(&mount_count) >= atomic_load(&mount_max) ? ENOSPC
								     : ENOMEM);
}

/* --- references ------------------------------------------------------------------ */

void
mount_hold(struct mount *mp)
{
	ref_hold(&mp->mnt_refs);
}

void
mount_drop(struct mount *mp)
{
	if (!ref_drop(&mp->mnt_refs))
		return;
	KASSERT(mp->mnt_nvnodes == 0, ("mount %s: vnodes left", mp->mnt_on));
	if (mp->mnt_super != mp) {
		nc_drop(mp->mnt_root_nc);
		mount_drop(mp->mnt_super);
	} else if (mp->mnt_state == MS_GONE) {
		(void)mp->mnt_ops->vfs_unmount(mp, true);
	}
	lock_destroy(&mp->mnt_rename);
	kfree(mp, M_MOUNT);
	(void)atomic_sub(&mount_count, 1);
}

uint32_t
vfs_mount_flags(const struct mount *mp)
{
	return (mp->mnt_flags | mp->mnt_super->mnt_sbflags);
}

/* Of a vnode's mount: its file system's word; of a place's: also its own. */
int
mount_write_check(struct mount *mp)
{
	return ((mp->mnt_sbflags & MNT_RDONLY) != 0 ? EROFS : 0);
}

int
mount_place_write_check(const struct mount *mp)
{
	return ((vfs_mount_flags(mp) & MNT_RDONLY) != 0 ? EROFS : 0);
}

bool
mount_covers(struct namecache *nc)
{
	return (atomic_load(&nc->nc_mounts) > 0);
}

/* The topmost live mount directly on (mp, nc), or NULL.  (m) held. */
static struct mount *
mount_on(struct mount *mp, struct namecache *nc)
{
	struct mount *m;

	SPIN_ASSERT(&mount_spin);
	TAILQ_FOREACH(m, &mounts, mnt_link) {
		if (m->mnt_state == MS_LIVE && m->mnt_covered != NULL &&
		    m->mnt_covered->pt_mount == mp &&
		    m->mnt_covered->pt_name == nc)
			return (m);
	}
	return (NULL);
}

/* Replace the place by the root of what is mounted on it: true if so. */
bool
mount_cross_down(struct place *pl)
{
	struct place root = {.pl_vnode = NULL};
	struct mount *mp;

	if (atomic_load(&pl->pl_name->nc_mounts) == 0)
		return (false);
	spin_lock(&mount_spin);
	if ((mp = mount_on(pl->pl_mount, pl->pl_name)) != NULL) {
		if (curthread != unmounter) /* its walk is no use */
			mp->mnt_expire = false;
		root.pl_mount = mp;
		root.pl_name = mp->mnt_root_nc;
		root.pl_vnode = mp->mnt_root_nc->nc_vnode;
		place_hold(&root, &root);
	}
	spin_unlock(&mount_spin);
	if (mp == NULL)
		return (false);
	place_drop(pl);
	*pl = root;
	return (true);
}

/* From a mount's root to the place it covers; false at the top. */
bool
mount_cross_up(struct place *pl)
{
	struct path *p;

	spin_lock(&mount_spin);
	if ((p = pl->pl_mount->mnt_covered) != NULL)
		path_hold(p);
	spin_unlock(&mount_spin);
	if (p == NULL)
		return (false);
	place_drop(pl);
	place_from_path(pl, p);
	path_drop(p);
	return (true);
}

struct path *
path_root(void)
{
	struct place pl = {.pl_vnode = NULL};

	spin_lock(&mount_spin);
	if (mount_root != NULL) {
		pl.pl_mount = mount_root;
		pl.pl_name = mount_root->mnt_root_nc;
		pl.pl_vnode = mount_root->mnt_root_nc->nc_vnode;
		place_hold(&pl, &pl);
	}
	spin_unlock(&mount_spin);
	return (pl.pl_vnode != NULL ? place_to_path(&pl) : NULL);
}

/* --- mounting ------------------------------------------------------------------------ */

struct mount *
mount_alloc(const struct vfsops *ops, const char *from, const char *on,
    uint32_t flags, const char *options)
{
	struct mount *mp = NULL;

	if (atomic_load(&mount_count) < atomic_load(&mount_max))
		mp = kmalloc(sizeof(*mp), M_MOUNT, M_WAITOK | M_ZERO);
	if (mp == NULL)
		return (NULL);
	(void)atomic_add(&mount_count, 1);
	ref_init(&mp->mnt_refs, 1);
	mp->mnt_super = mp;
	mp->mnt_ops = ops;
	mp->mnt_flags = flags;
	mp->mnt_state = MS_NEW;
	mp->mnt_fsid = mount_next_fsid++;
	mp->mnt_dev = makedev(0, mp->mnt_fsid);
	TAILQ_INIT(&mp->mnt_vnodes);
	spin_init(&mp->mnt_spin, "mount vnodes");
	lock_init(&mp->mnt_rename, "rename", 0);
	strlcpy(mp->mnt_from, from, sizeof(mp->mnt_from));
	strlcpy(mp->mnt_on, on, sizeof(mp->mnt_on));
	strlcpy(mp->mnt_options, options, sizeof(mp->mnt_options));
	return (mp);
}

/*
 * The mount's last steps down, whatever state it reached.  A file system that no
 * mount shows any more lets go of what it has cached.  May sleep.
 */
static void
mount_dispose(struct mount *mp)
{
	struct mount *super = mp->mnt_super;
	struct namecache *root = super->mnt_root_nc;

	if (super->mnt_attached == 0) {
		super->mnt_root_nc = NULL;
		if (root != NULL) {
			nc_purge_tree(root);
			nc_drop(root);
		}
		vnode_drain();
		(void)vnode_flush_mount(super);
	}
	mount_drop(mp);
}

/* Let the file system start, and make the root's node. */
static int
mount_start(struct mount *mp, const char *from, const char *options)
{
	struct vnode *vp;
	int error;

	if (fault_fires(&fault_mount))
		return (EIO);
	if ((error = mp->mnt_ops->vfs_mount(mp, from, options)) != 0)
		return (error);
	mp->mnt_sbflags = mp->mnt_flags & MNT_RDONLY;
	mp->mnt_state = MS_GONE; /* from here mount_drop ends it */
	if ((error = mp->mnt_ops->vfs_root(mp, &vp)) != 0)
		return (error);
	atomic_or(&vp->v_flags, VF_ROOT);
	if ((mp->mnt_root_nc = nc_create_root(vp)) == NULL)
		error = ENOMEM;
	vnode_drop(vp);
	return (error);
}

/* (m) The list is in the order of fsids. */
static void
mount_link(struct mount *mp)
{
	struct mount *before = TAILQ_LAST(&mounts, mount_list);

	SPIN_ASSERT(&mount_spin);
	mp->mnt_state = MS_LIVE;
	mp->mnt_super->mnt_attached++;
	while (before != NULL && before->mnt_fsid > mp->mnt_fsid)
		before = TAILQ_PREV(before, mount_list, mnt_link);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&mounts, before, mp, mnt_link);
	else
		TAILQ_INSERT_HEAD(&mounts, mp, mnt_link);
}

/* Live, but in no tree (mount_float.c).  mount_lock held. */
void
mount_float(struct mount *mp)
{
	spin_lock(&mount_spin);
	mount_link(mp);
	spin_unlock(&mount_spin);
}

/*
 * Hang mp into a tree at covered (NULL: it is the root), and nothing follows
 * from it.  mount_lock held.
 */
int
mount_insert(struct mount *mp, struct path *covered)
{
	struct vnode *dvp = covered != NULL ? covered->pt_vnode : NULL;
	int error = 0;

	if (dvp != NULL)
		lock_excl(&dvp->v_lock);
	spin_lock(&mount_spin);
	if (covered != NULL && nc_is_unlinked(covered->pt_name)) {
		error = ENOENT;
	} else {
		mp->mnt_covered = covered;
		mount_link(mp);
		if (covered != NULL)
			covered->pt_name->nc_mounts++;
		else
			mount_root = mp;
	}
	spin_unlock(&mount_spin);
	if (dvp != NULL)
		lock_release(&dvp->v_lock);
	return (error);
}

/* A path, or what is mounted on top of it. */
int
mount_lookup(const struct mount_place *at, struct path **pp)
{
	struct place pl;
	struct path *p;
	int error;

	error = path_lookup(at->mp_dirfd, at->mp_name, at->mp_lflags, &p);
	if (error != 0)
		return (error);
	place_from_path(&pl, p);
	path_drop(p);
	while (mount_cross_down(&pl))
		continue;
	*pp = place_to_path(&pl);
	return (*pp != NULL ? 0 : ENOMEM);
}

/* The place to cover.  *coveredp NULL: this will be the root. */
int
mount_find_place(const char *on, struct path **coveredp, char *buf, size_t size)
{
	const struct mount_place at = {AT_FDCWD, on, 0};
	struct path *p;
	int error;

	*coveredp = NULL;
	if (mount_root == NULL) {
		strlcpy(buf, "/", size);
		return (strcmp(on, "/") == 0 ? 0 : ENOENT);
	}
	if ((error = mount_lookup(&at, &p)) != 0)
		return (error);
	if (path_name(p, NULL, buf, size) != 0)
		strlcpy(buf, "(long)", size); /* it is for messages */
	*coveredp = p;
	return (0);
}

/* mp, in no tree so far, is used up. */
static int
mount_hang_new(struct mount *mp, struct path *at)
{
	int error;

	mount_float(mp);
	if ((error = mount_hang(mp, at)) != 0)
		mount_remove(mp);
	return (error);
}

/* 0, ENODEV (no such type), ENOTDIR, or what the file system says. */
int
vfs_mount_at(const char *fstype, const char *from, const char *on,
    uint32_t flags, const char *options)
{
	const struct vfsops *ops;
	struct path *covered;
	struct mount *mp;
	char name[256];
	int error;

	if ((ops = vfs_type_find(fstype)) == NULL)
		return (ENODEV);
	if (strlen(options) >= sizeof(mp->mnt_options) ||
	    strlen(from) >= sizeof(mp->mnt_from))
		return (ENAMETOOLONG);
	lock_excl(&mount_lock);
	error = mount_find_place(on, &covered, name, sizeof(name));
	if (error != 0)
		goto out;
	mp = mount_alloc(ops, from, name, flags, options);
	error = mp == NULL ? mount_no_room() : mount_start(mp, from, options);
	if (error == 0 && covered != NULL &&
	    (mp->mnt_root_nc->nc_vnode->v_type == VDIR) !=
		(covered->pt_vnode->v_type == VDIR))
		error = ENOTDIR;
	if (error == 0)
		error = covered == NULL ? mount_insert(mp, NULL)
					: mount_hang_new(mp, covered);
	else if (mp != NULL)
		mount_dispose(mp);
	if (covered != NULL)
		path_drop(covered);
	KTR_EVENT(VFS, mount, "mount=%p flags=%x error=%d", KTRP(mp),
	    (uint64_t)flags, (uint64_t)error);
out:
	lock_release(&mount_lock);
	return (error);
}

int
mount_create(const struct vfsops *ops, const char *from, uint32_t flags,
    const char *options, struct mount **mpp)
{
	struct mount *mp;
	int error;

	lock_excl(&mount_lock);
	mp = mount_alloc(ops, from, "(hidden)", flags, options);
	error = mp == NULL ? mount_no_room() : mount_start(mp, from, options);
	if (error == 0)
		*mpp = mp;
	else if (mp != NULL)
		mount_dispose(mp);
	lock_release(&mount_lock);
	return (error);
}

int
mount_create_hidden(const char *fstype, const char *options, struct mount **mpp)
{
	const struct vfsops *ops = vfs_type_find(fstype);

	return (
	    ops == NULL ? ENODEV : mount_create(ops, fstype, 0, options, mpp));
}

/* Its users are gone. */
void
mount_destroy_hidden(struct mount *mp)
{
	mount_dispose(mp);
}

/* --- unmounting ------------------------------------------------------------------------ */

/* Is another mount on a place of mp?  (m) held. */
bool
mount_has_children(struct mount *mp)
{
	struct mount *m;

	SPIN_ASSERT(&mount_spin);
	TAILQ_FOREACH(m, &mounts, mnt_link) {
		if (m->mnt_covered != NULL && m->mnt_covered->pt_mount == mp)
			return (true);
	}
	return (false);
}

/* The references on mp that are no users: list, vnodes, bind mounts of it. */
static uint32_t
mount_own_refs(struct mount *mp)
{
	uint32_t n = 1 + mp->mnt_nvnodes;

	SPIN_ASSERT(&mount_spin);
	if (mp->mnt_super == mp && mp->mnt_attached > 0)
		n += mp->mnt_attached - 1;
	return (n);
}

/* Is mp, which other mounts share their file system with, unused? */
static bool
mount_idle_shared(struct mount *mp)
{
	bool idle;

	spin_lock(&mount_spin);
	idle = atomic_load(&mp->mnt_refs) == mount_own_refs(mp);
	spin_unlock(&mount_spin);
	return (idle);
}

/* Let go of what is only cached; true if nothing else uses mp. */
bool
mount_idle(struct mount *mp)
{
	struct namecache *root = mp->mnt_super->mnt_root_nc;

	vnode_drain();
	nc_purge_tree(root);
	if (mp->mnt_super != mp || mp->mnt_attached > 1) {
		(void)vnode_flush_mount(mp->mnt_super);
		return (mount_idle_shared(mp));
	}
	/* left: the root vnode, and one reference on its node: ours */
	return (vnode_flush_mount(mp) == 1 && root->nc_refs == 1 &&
	    atomic_load(&root->nc_vnode->v_refs) == 1);
}

static void
mount_set_state(struct mount *mp, enum mount_state state)
{
	spin_lock(&mount_spin);
	mp->mnt_state = state;
	spin_unlock(&mount_spin);
}

/* Every operation on its vnodes gives EIO from now on. */
static void
mount_doom(struct mount *mp)
{
	struct vnode *vp;

	mp->mnt_doomed = true;
	spin_lock(&mp->mnt_spin);
	TAILQ_FOREACH(vp, &mp->mnt_vnodes, v_mntlink)
		atomic_or(&vp->v_flags, VF_DOOMED);
	spin_unlock(&mp->mnt_spin);
}

/*
 * Off the list and out of the tree, with the list's reference.  Users that are
 * left find no way up from it.  mount_lock held; may sleep.
 */
void
mount_remove(struct mount *mp)
{
	struct path *covered;

	spin_lock(&mount_spin);
	mount_group_leave(mp);
	mp->mnt_master = 0;
	TAILQ_REMOVE(&mounts, mp, mnt_link);
	mp->mnt_state = MS_GONE;
	mp->mnt_super->mnt_attached--;
	if ((covered = mp->mnt_covered) != NULL)
		covered->pt_name->nc_mounts--;
	mp->mnt_covered = NULL;
	if (mount_root == mp)
		mount_root = NULL;
	spin_unlock(&mount_spin);
	if (covered != NULL)
		path_drop(covered);
	mount_dispose(mp);
}

/* Write back what is cached. */
void
mount_sync(struct mount *mp)
{
	mp = mp->mnt_super;
	if (mp->mnt_ops->vfs_sync != NULL)
		(void)mp->mnt_ops->vfs_sync(mp);
	vnode_sync_mount(mp);
}

/* mount_lock held.  0 or EBUSY; on 0 the caller's reference is the last but
 * those of users that force leaves behind. */
static int
mount_detach(struct mount *mp, bool force)
{
	bool children;

	spin_lock(&mount_spin);
	children = mount_has_children(mp);
	spin_unlock(&mount_spin);
	if (children)
		return (EBUSY);
	mount_sync(mp);
	if (!force && !mount_idle(mp))
		return (EBUSY);
	mount_set_state(mp, MS_BUSY); /* nobody comes in from here */
	if (!mount_idle(mp) && !force) {
		mount_set_state(mp, MS_LIVE);
		return (EBUSY);
	}
	if (force && mp->mnt_super->mnt_attached == 1)
		mount_doom(mp->mnt_super);
	mount_remove(mp);
	return (0);
}

/*
 * The mount that a name means: its root, or what is mounted on that.  The second
 * matters for "." after pivot_root(".", ".").  0, EINVAL (not a mount point).
 */
int
mount_of_root(struct path *p, struct mount **mpp)
{
	struct place pl;
	int error = EINVAL;

	place_from_path(&pl, p);
	while (mount_cross_down(&pl))
		continue;
	if (pl.pl_name == pl.pl_mount->mnt_root_nc &&
	    pl.pl_mount->mnt_state == MS_LIVE) {
		*mpp = pl.pl_mount;
		error = 0;
	}
	place_drop(&pl);
	return (error);
}

/* Twice in a row without use between: 0, it may go.  EAGAIN, EBUSY. */
static int
mount_expire(struct mount *mp)
{
	bool again;

	if (!mount_idle(mp))
		return (EBUSY);
	spin_lock(&mount_spin);
	again = mp->mnt_expire;
	mp->mnt_expire = true;
	spin_unlock(&mount_spin);
	return (again ? 0 : EAGAIN);
}

/* mp, and what follows it, goes out of the tree. */
static int
mount_off(struct mount *mp, int flags)
{
	bool tree = (flags & UMOUNT_DETACH) != 0;
	int error = 0;

	mount_off_find(mp, tree);
	if (tree)
		mount_tree_detach(mp);
	else if ((flags & UMOUNT_FORCE) == 0 && mount_off_busy())
		error = EBUSY;
	else
		error = mount_detach(mp, (flags & UMOUNT_FORCE) != 0);
	if (error == 0)
		mount_off_do();
	else
		mount_off_forget();
	return (error);
}

/* 0, EINVAL (not a mount point), EBUSY, or the lookup's error. */
int
vfs_unmount_at(const char *on, int flags)
{
	struct mount *mp = NULL;
	struct path *p;
	int error;

	lock_excl(&mount_lock);
	unmounter = curthread;
	error = path_lookup(AT_FDCWD, on,
	    (flags & UMOUNT_NOFOLLOW) != 0 ? LOOKUP_NOFOLLOW : 0, &p);
	if (error != 0)
		goto out;
	error = mount_of_root(p, &mp);
	path_drop(p);
	if (error == 0 && mp == mount_root)
		error = EBUSY;
	else if (error == 0 && !mount_in_tree(mp))
		error = EINVAL; /* its descriptor's owner ends it */
	else if (error == 0 && (flags & UMOUNT_EXPIRE) != 0)
		error = mount_expire(mp);
	if (error == 0)
		error = mount_off(mp, flags);
	KTR_EVENT(VFS, unmount, "mount=%p flags=%d error=%d", KTRP(mp),
	    (uint64_t)flags, (uint64_t)error);
out:
	unmounter = NULL;
	lock_release(&mount_lock);
	return (error);
}

/* At shutdown: children before parents, by force. */
void
vfs_unmount_all(void)
{
	struct mount *mp;

	lock_excl(&mount_lock);
	for (;;) {
		spin_lock(&mount_spin);
		mp = TAILQ_LAST(&mounts, mount_list);
		while (mp != NULL && mount_has_children(mp))
			mp = TAILQ_PREV(mp, mount_list, mnt_link);
		spin_unlock(&mount_spin);
		if (mp == NULL || mount_detach(mp, true) != 0)
			break;
	}
	lock_release(&mount_lock);
}

/* --- walks over the list -------------------------------------------------------------- */

/* The first mount whose fsid is above last, held; NULL at the end. */
static struct mount *
mount_next(uint64_t last)
{
	struct mount *mp;

	spin_lock(&mount_spin);
	TAILQ_FOREACH(mp, &mounts, mnt_link) { /* in the order of fsids */
		if (mp->mnt_fsid > last && mp->mnt_state == MS_LIVE)
			break;
	}
	if (mp != NULL)
		mount_hold(mp);
	spin_unlock(&mount_spin);
	return (mp);
}

int
vfs_mount_foreach(int (*f)(struct mount *mp, void *arg), void *arg)
{
	struct mount *mp;
	uint64_t last = 0;
	int error = 0;

	while (error == 0 && (mp = mount_next(last)) != NULL) {
		last = mp->mnt_fsid;
		error = f(mp, arg);
		mount_drop(mp);
	}
	return (error);
}

static void
ddb_show_mounts(const char *arg __unused)
{
	const struct mount *mp;

	TAILQ_FOREACH(mp, &mounts, mnt_link)
		kprintf("%p %s on %s from %s refs %u vnodes %u flags %x "
			"state %u root %p\n",
		    (const void *)mp, mp->mnt_ops->vfs_name, mp->mnt_on,
		    mp->mnt_from, mp->mnt_refs, mp->mnt_nvnodes, mp->mnt_flags,
		    mp->mnt_state, (void *)mp->mnt_root_nc);
}
DDB_COMMAND(show_mounts, "show mounts", ddb_show_mounts, "mounts");
