/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One file system in several places: bind mounts; moving and changing mounts.
 *
 * 1. A bind mount is a mount without a file system of its own.  It shows a name
 *    node, its root, of the tree of another mount, its super, whose vnodes and
 *    name nodes it shares.  A place is (mount, name node), so the same node is
 *    two places through two mounts; what is mounted on one is not on the other.
 *
 * 2. mnt_super->mnt_attached counts the mounts in the tree that show a file
 *    system.  At 0 it caches nothing any more and ends with its last user.
 *    Which of the mounts goes first does not matter: the super itself may be
 *    unmounted, and stays in memory for its vnodes.
 *
 * 3. Flags (ro, nosuid, nodev, noexec, noatime) are each mount's own; read-only
 *    there is also for the whole file system (mnt_sbflags).
 *
 * 4. Nothing propagates: there is one name space, and mounts that were made
 *    shared do not follow each other.
 *
 * Locking: mount_lock for each change.
 */
#include "vfs_var.h"
#include <sys/ktr.h>

/* --- bind ---------------------------------------------------------------------- */

/* A mount that shows what is at (mp, nc); in no tree.  NULL: ENOMEM. */
struct mount *
bind_alloc(struct mount *mp, struct namecache *nc, const char *on)
{
	struct mount *super = mp->mnt_super, *m;

	m = mount_alloc(super->mnt_ops, super->mnt_from, on, mp->mnt_flags,
	    super->mnt_options);
	if (m == NULL)
		return (NULL);
	m->mnt_super = super;
	mount_hold(super);
	m->mnt_data = super->mnt_data;
	m->mnt_dev = super->mnt_dev;
	m->mnt_root_nc = nc;
	nc_hold(nc);
	return (m);
}

/* Show (mp, nc) at covered, which is used up. */
static int
bind_at(struct mount *mp, struct namecache *nc, struct path *covered,
    const char *on, struct mount **newp)
{
	struct mount *m = bind_alloc(mp, nc, on);
	int error = m == NULL ? ENOMEM : mount_insert(m, covered);

	if (error != 0) {
		path_drop(covered);
		if (m != NULL)
			mount_drop(m);
	}
	*newp = m;
	return (error);
}

/* The next mount after last, before limit, on a place of mp at or below nc. */
static struct mount *
bind_next_child(
    struct mount *mp, struct namecache *nc, uint64_t last, uint64_t limit)
{
	struct mount *m;

	spin_lock(&mount_spin);
	TAILQ_FOREACH(m, &mounts, mnt_link)
		if (m->mnt_fsid > last && m->mnt_fsid < limit &&
		    m->mnt_covered != NULL && m->mnt_covered->pt_mount == mp &&
		    (m->mnt_flags & MNT_UNBINDABLE) == 0 &&
		    nc_is_ancestor(nc, m->mnt_covered->pt_name))
			break;
	spin_unlock(&mount_spin);
	return (m); /* stays: mount_lock is held */
}

/* What is mounted below (from, nc) also below to; mounts up to limit. */
int
bind_children(
    struct mount *from, struct namecache *nc, struct mount *to, uint64_t limit)
{
	struct mount *m, *new;
	uint64_t last = 0;
	int error = 0;

	while (error == 0 &&
	    (m = bind_next_child(from, nc, last, limit)) != NULL) {
		struct place pl = {.pl_mount = to,
		    .pl_name = m->mnt_covered->pt_name,
		    .pl_vnode = m->mnt_covered->pt_vnode};
		struct path *covered;

		last = m->mnt_fsid;
		place_hold(&pl, &pl);
		if ((covered = place_to_path(&pl)) == NULL)
			return (ENOMEM);
		error = bind_at(m, m->mnt_root_nc, covered, m->mnt_on, &new);
		if (error == 0)
			error = bind_children(m, m->mnt_root_nc, new, limit);
	}
	return (error);
}

int
vfs_bind_at(const char *from, const char *on, bool all)
{
	struct path *p = NULL, *covered = NULL;
	struct mount *m;
	char name[256];
	uint64_t limit;
	int error;

	lock_excl(&mount_lock);
	if ((error = path_lookup(AT_FDCWD, from, 0, &p)) != 0 ||
	    (error = mount_find_place(on, &covered, name, sizeof(name))) != 0)
		goto out;
	if (!mount_in_tree(p->pt_mount) || !mount_in_tree(covered->pt_mount) ||
	    (p->pt_mount->mnt_flags & MNT_UNBINDABLE) != 0)
		error = EINVAL;
	else if ((p->pt_vnode->v_type == VDIR) !=
	    (covered->pt_vnode->v_type == VDIR))
		error = ENOTDIR;
	if (error != 0) {
		path_drop(covered);
		goto out;
	}
	error = bind_at(p->pt_mount, p->pt_name, covered, name, &m);
	if (error == 0 && all) {
		limit = m->mnt_fsid;
		error = bind_children(p->pt_mount, p->pt_name, m, limit);
		if (error != 0)
			mount_tree_detach(m);
	}
	if (error == 0)
		mount_names_update();
out:
	KTR_EVENT(VFS, bind, "error=%d", (uint64_t)error);
	if (p != NULL)
		path_drop(p);
	lock_release(&mount_lock);
	return (error);
}

/* --- move ---------------------------------------------------------------------- */

/* Hang mp at covered instead of where it is.  ENOENT: covered was removed. */
static int
move_to(struct mount *mp, struct path *covered)
{
	struct vnode *dvp = covered->pt_vnode;
	struct path *old = NULL;
	int error = 0;

	lock_excl(&dvp->v_lock);
	spin_lock(&mount_spin);
	if (nc_is_unlinked(covered->pt_name)) {
		error = ENOENT;
	} else {
		if ((old = mp->mnt_covered) != NULL)
			old->pt_name->nc_mounts--;
		path_hold(covered);
		mp->mnt_covered = covered;
		covered->pt_name->nc_mounts++;
	}
	spin_unlock(&mount_spin);
	lock_release(&dvp->v_lock);
	if (old != NULL)
		path_drop(old);
	return (error);
}

static int
move_check(struct path *p, struct path *covered)
{
	struct mount *mp = p->pt_mount;
	bool loop;

	if (p->pt_name != mp->mnt_root_nc || mp == mount_root ||
	    (!mount_floats(mp) && !mount_in_tree(mp)) ||
	    !mount_in_tree(covered->pt_mount))
		return (EINVAL);
	if ((p->pt_vnode->v_type == VDIR) !=
	    (covered->pt_vnode->v_type == VDIR))
		return (EINVAL);
	spin_lock(&mount_spin);
	loop = mount_is_below(covered->pt_mount, mp);
	spin_unlock(&mount_spin);
	return (loop ? ELOOP : 0);
}

/* (mount_lock) The mount whose root p is goes to covered. */
int
mount_move(struct path *p, struct path *covered)
{
	int error;

	if ((error = move_check(p, covered)) == 0 &&
	    (error = move_to(p->pt_mount, covered)) == 0)
		mount_names_update();
	KTR_EVENT(VFS, move_mount, "error=%d", (uint64_t)error);
	return (error);
}

int
vfs_move_at(const char *from, const char *on)
{
	struct path *p = NULL, *covered = NULL;
	int error;

	lock_excl(&mount_lock);
	if ((error = path_lookup(AT_FDCWD, from, 0, &p)) == 0 &&
	    (error = mount_lookup(AT_FDCWD, on, 0, &covered)) == 0)
		error = mount_move(p, covered);
	if (p != NULL)
		path_drop(p);
	if (covered != NULL)
		path_drop(covered);
	lock_release(&mount_lock);
	return (error);
}

/* --- change --------------------------------------------------------------------- */

/* The mount at on: EINVAL if there is none.  Stays while mount_lock is held. */
static int
mount_at(const char *on, struct mount **mpp)
{
	struct path *p;
	int error;

	if ((error = path_lookup(AT_FDCWD, on, 0, &p)) != 0)
		return (error);
	error = mount_of_root(p, mpp);
	path_drop(p);
	return (error);
}

/* Is any file of the file system open for writing? */
bool
mount_super_has_writers(struct mount *super)
{
	struct vnode *vp;
	bool found = false;

	spin_lock(&super->mnt_spin);
	TAILQ_FOREACH(vp, &super->mnt_vnodes, v_mntlink)
		found |= vp->v_writecount > 0;
	spin_unlock(&super->mnt_spin);
	return (found);
}

int
mount_super_change(struct mount *super, uint32_t flags, const char *options)
{
	int error;

	if ((flags & MNT_RDONLY) != 0 &&
	    (super->mnt_sbflags & MNT_RDONLY) == 0) {
		if (mount_super_has_writers(super))
			return (EBUSY);
		mount_sync(super);
	}
	if (options[0] != '\0' && super->mnt_ops->vfs_remount != NULL &&
	    (error = super->mnt_ops->vfs_remount(super, options)) != 0)
		return (error);
	super->mnt_sbflags = flags & MNT_RDONLY;
	return (0);
}

int
vfs_remount_at(const char *on, uint32_t flags, bool alone, const char *options)
{
	struct mount *mp;
	int error;

	lock_excl(&mount_lock);
	if ((error = mount_at(on, &mp)) == 0 && !alone)
		error = mount_super_change(mp->mnt_super, flags, options);
	if (error == 0)
		mp->mnt_flags = (mp->mnt_flags & ~(uint32_t)MNT_SETTABLE) |
		    (flags & MNT_SETTABLE);
	KTR_EVENT(VFS, remount, "flags=%x error=%d", (uint64_t)flags,
	    (uint64_t)error);
	lock_release(&mount_lock);
	return (error);
}

int
vfs_propagation_at(const char *on, bool unbindable, bool all)
{
	struct mount *mp, *m;
	int error;

	lock_excl(&mount_lock);
	if ((error = mount_at(on, &mp)) == 0) {
		spin_lock(&mount_spin);
		TAILQ_FOREACH(m, &mounts, mnt_link) {
			if (m != mp && (!all || !mount_is_below(m, mp)))
				continue;
			m->mnt_flags &= ~(uint32_t)MNT_UNBINDABLE;
			if (unbindable)
				m->mnt_flags |= MNT_UNBINDABLE;
		}
		spin_unlock(&mount_spin);
	}
	lock_release(&mount_lock);
	return (error);
}

int
vfs_mount_begin(struct mount *mp, char *buf, size_t size)
{
	struct namecache *stop = NULL;
	size_t pos = size - 1;
	int error = 0;

	buf[pos] = '\0';
	if (mp->mnt_super != mp)
		pos = nc_name_prepend(
		    mp->mnt_root_nc, buf, pos, false, NULL, &error, &stop);
	if (error != 0)
		return (error);
	if (pos == size - 1)
		buf[--pos] = '/';
	memmove(buf, buf + pos, size - pos);
	return (0);
}
