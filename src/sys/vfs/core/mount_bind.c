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
 * 4. A copy is a peer of what it shows, if that is shared (mount_propagate.c).
 *
 * Locking: mount_lock for each change.
 */
#include "vfs_var.h"
#include <sys/ktr.h>
#include <sys/ucred.h>

/* --- bind ---------------------------------------------------------------------- */

/* A mount that shows what is at (mp, nc); in no tree.  NULL: mount_no_room. */
static struct mount *
bind_alloc(struct mount *mp, struct namecache *nc, enum copy_kind kind)
{
	struct mount *super = mp->mnt_super, *m;

	m = mount_alloc(super->mnt_ops, super->mnt_from, mp->mnt_on,
	    mp->mnt_flags, super->mnt_options);
	if (m == NULL)
		return (NULL);
	m->mnt_super = super;
	mount_hold(super);
	m->mnt_data = super->mnt_data;
	m->mnt_dev = super->mnt_dev;
	m->mnt_root_nc = nc;
	nc_hold(nc);
	mount_copy_groups(m, mp, kind);
	return (m);
}

/* (mount_lock) Is m to be copied, and was not, below what copy shows of mp? */
static bool
copy_wanted(
    const struct mount *m, const struct mount *mp, const struct mount *copy)
{
	const struct path *at = m->mnt_covered;

	return (m->mnt_copy == NULL && at != NULL &&
	    at->pt_mount->mnt_copy != NULL &&
	    (m->mnt_flags & MNT_UNBINDABLE) == 0 &&
	    (at->pt_mount != mp ||
		nc_is_ancestor(copy->mnt_root_nc, at->pt_name)));
}

/* m again, at the same place of its parent's copy.  ENOMEM, ENOSPC, ENOENT. */
static int
copy_one(struct mount *m, enum copy_kind kind)
{
	struct place pl = {.pl_mount = m->mnt_covered->pt_mount->mnt_copy,
	    .pl_name = m->mnt_covered->pt_name,
	    .pl_vnode = m->mnt_covered->pt_vnode};
	struct mount *new = bind_alloc(m, m->mnt_root_nc, kind);
	struct path *covered;
	int error;

	if (new == NULL)
		return (mount_no_room());
	place_hold(&pl, &pl);
	if ((covered = place_to_path(&pl)) == NULL) {
		mount_drop(new);
		return (ENOMEM);
	}
	if ((error = mount_insert(new, covered)) != 0) {
		path_drop(covered);
		mount_drop(new);
		return (error);
	}
	m->mnt_copy = new;
	return (0);
}

/*
 * What is mounted below what copy shows of mp also below the copy.  How deep they
 * lie is the user's, so nothing recurses: a pass over the list copies those whose
 * parent was copied, and there is another one after a pass that found some (a
 * mount that was moved may be older than its parent).
 */
static int
copy_below(struct mount *mp, struct mount *copy, enum copy_kind kind)
{
	struct mount *m;
	bool found = true;
	int error = 0;

	mp->mnt_copy = copy;
	while (found && error == 0) {
		found = false;
		TAILQ_FOREACH(m, &mounts, mnt_link) {
			if (m->mnt_fsid >= copy->mnt_fsid)
				break; /* from here they are copies */
			if (!copy_wanted(m, mp, copy))
				continue;
			if ((error = copy_one(m, kind)) != 0)
				break;
			found = true;
		}
	}
	TAILQ_FOREACH(m, &mounts, mnt_link)
		m->mnt_copy = NULL;
	mp->mnt_copy = NULL;
	return (error);
}

int
mount_copy_tree(struct mount *mp, struct namecache *nc, bool all,
    enum copy_kind kind, struct mount **copyp)
{
	struct mount *copy = bind_alloc(mp, nc, kind);
	int error = 0;

	if (copy == NULL)
		return (mount_no_room());
	mount_float(copy);
	if (all)
		error = copy_below(mp, copy, kind);
	if (error != 0)
		mount_tree_detach(copy);
	else
		*copyp = copy;
	return (error);
}

/* Both places are held.  EINVAL, ENOTDIR, ENOMEM, ENOSPC. */
static int
bind_places(struct path *p, struct path *covered, bool all)
{
	struct mount *copy;
	int error;

	if (!mount_in_tree(p->pt_mount) || !mount_in_tree(covered->pt_mount) ||
	    (p->pt_mount->mnt_flags & MNT_UNBINDABLE) != 0)
		return (EINVAL);
	if ((p->pt_vnode->v_type == VDIR) !=
	    (covered->pt_vnode->v_type == VDIR))
		return (ENOTDIR);
	error = mount_copy_tree(p->pt_mount, p->pt_name, all, COPY_PEER, &copy);
	if (error == 0 && (error = mount_hang(copy, covered)) != 0)
		mount_tree_detach(copy);
	return (error);
}

int
vfs_bind_at(const char *from, const char *on, bool all)
{
	const struct mount_place to = {AT_FDCWD, on, 0};
	struct path *p = NULL, *covered = NULL;
	int error;

	lock_excl(&mount_lock);
	if ((error = path_lookup(AT_FDCWD, from, 0, &p)) == 0 &&
	    (error = mount_lookup(&to, &covered)) == 0)
		error = bind_places(p, covered, all);
	KTR_EVENT(VFS, bind, "error=%d", (uint64_t)error);
	if (p != NULL)
		path_drop(p);
	if (covered != NULL)
		path_drop(covered);
	lock_release(&mount_lock);
	return (error);
}

/* --- move ---------------------------------------------------------------------- */

static int
move_check(struct path *p, struct path *covered)
{
	struct mount *mp = p->pt_mount;
	bool loop;
	int error;

	if (p->pt_name != mp->mnt_root_nc || mp == mount_root ||
	    (!mount_floats(mp) && !mount_in_tree(mp)) ||
	    !mount_in_tree(covered->pt_mount))
		return (EINVAL);
	if ((p->pt_vnode->v_type == VDIR) !=
	    (covered->pt_vnode->v_type == VDIR))
		return (EINVAL);
	if ((error = mount_move_check(mp, covered)) != 0)
		return (error);
	spin_lock(&mount_spin);
	loop = mount_is_below(covered->pt_mount, mp);
	spin_unlock(&mount_spin);
	return (loop ? ELOOP : 0);
}

/* The mount at from, floating or not, with all below it, goes to the place to. */
int
kern_mount_attach(const struct mount_place *from, const struct mount_place *to)
{
	struct path *p = NULL, *covered = NULL;
	int error = cred_check_cap(cred_current(), CAP_SYS_ADMIN);

	if (error != 0)
		return (error);
	lock_excl(&mount_lock);
	if ((error = path_lookup(
		 from->mp_dirfd, from->mp_name, from->mp_lflags, &p)) == 0 &&
	    (error = mount_lookup(to, &covered)) == 0 &&
	    (error = move_check(p, covered)) == 0)
		error = mount_hang(p->pt_mount, covered);
	KTR_EVENT(VFS, move_mount, "error=%d", (uint64_t)error);
	if (p != NULL)
		path_drop(p);
	if (covered != NULL)
		path_drop(covered);
	lock_release(&mount_lock);
	return (error);
}

/* --- change --------------------------------------------------------------------- */

/* The mount at a place: EINVAL if there is none.  Stays while mount_lock is held. */
int
mount_at(const struct mount_place *at, struct mount **mpp)
{
	struct path *p;
	int error;

	error = path_lookup(at->mp_dirfd, at->mp_name, at->mp_lflags, &p);
	if (error != 0)
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
	const struct mount_place at = {AT_FDCWD, on, 0};
	struct mount *mp;
	int error;

	lock_excl(&mount_lock);
	if ((error = mount_at(&at, &mp)) == 0 && !alone)
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
