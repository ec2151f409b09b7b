/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of the mount tree's shape: a new root, subtrees that leave it.
 *
 * 1. A mount hangs below a place of its parent (mnt_covered), so moving one
 *    moves everything below it; only mnt_on, a text for messages, is made anew.
 *    Who wants to know where a mount is asks vfs_mount_name, which walks up.
 *
 * 2. pivot_root: the root's mount and another one, N, change their places.
 *
 *	before   C <- R <- .. <- N <- .. <- P	    C: what R covers, or nothing
 *	after    C <- N <- .. <- P <- R
 *
 *    P is at or below N's root, so nothing below R is lost and no cycle is
 *    made.  The root of all (C is nothing) may take part: an archive's tmpfs is
 *    a mount like any other here, and can be detached afterwards.
 *
 * 3. A detached subtree falls apart into its mounts: each lives on with its
 *    users and ends with the last of them.
 *
 * Locking: mount_lock for the whole change, mount_spin where pointers move.
 */
#include "vfs_var.h"
#include <sys/ktr.h>
#include <sys/proc.h>

/* --- where things are --------------------------------------------------------- */

int
vfs_mount_name(struct mount *mp, struct path *root, char *buf, size_t size)
{
	struct path *p;
	struct place pl = {.pl_vnode = NULL};
	int error;

	spin_lock(&mount_spin);
	if (mp->mnt_state == MS_LIVE) {
		pl.pl_mount = mp;
		pl.pl_name = mp->mnt_root_nc;
		pl.pl_vnode = mp->mnt_root_nc->nc_vnode;
		place_hold(&pl, &pl);
	}
	spin_unlock(&mount_spin);
	if (pl.pl_vnode == NULL)
		return (ENOENT);
	if ((p = place_to_path(&pl)) == NULL)
		return (ENOMEM);
	error = path_name(p, root, buf, size);
	path_drop(p);
	return (error);
}

uint64_t
vfs_mount_parent(struct mount *mp)
{
	uint64_t fsid = mp->mnt_fsid;

	spin_lock(&mount_spin);
	if (mp->mnt_covered != NULL)
		fsid = mp->mnt_covered->pt_mount->mnt_fsid;
	spin_unlock(&mount_spin);
	return (fsid);
}

static int
mount_rename(struct mount *mp, void *arg __unused)
{
	char name[sizeof(mp->mnt_on)];

	if (vfs_mount_name(mp, NULL, name, sizeof(name)) == 0)
		strlcpy(mp->mnt_on, name, sizeof(mp->mnt_on));
	return (0);
}

void
mount_names_update(void)
{
	(void)vfs_mount_foreach(mount_rename, NULL);
}

/* Is m at or below top?  (m) held. */
bool
mount_is_below(struct mount *m, struct mount *top)
{
	SPIN_ASSERT(&mount_spin);
	while (m != top && m->mnt_covered != NULL)
		m = m->mnt_covered->pt_mount;
	return (m == top);
}

/* Is p at or below top, in whatever mount? */
bool
path_is_below(struct path *p, struct path *top)
{
	struct namecache *nc = p->pt_name;
	struct mount *mp = p->pt_mount;

	spin_lock(&mount_spin);
	while (mp != top->pt_mount && mp->mnt_covered != NULL) {
		nc = mp->mnt_covered->pt_name;
		mp = mp->mnt_covered->pt_mount;
	}
	spin_unlock(&mount_spin);
	/* mount_lock is held: what nc is in stays mounted */
	return (mp == top->pt_mount && nc_is_ancestor(top->pt_name, nc));
}

static bool
path_is_mount_root(const struct path *p)
{
	return (p->pt_name == p->pt_mount->mnt_root_nc &&
	    p->pt_mount->mnt_state == MS_LIVE);
}

/* --- detaching ------------------------------------------------------------------ */

/*
 * A mount at the bottom of the tree that begins with top.  (m) held.  The young
 * ones are looked at first: what is below is seldom older.
 */
static struct mount *
mount_tree_leaf(struct mount *top)
{
	struct mount *m;

	TAILQ_FOREACH_REVERSE(m, &mounts, mount_list, mnt_link)
	{
		if (mount_is_below(m, top) && !mount_has_children(m))
			return (m);
	}
	return (NULL);
}

/* Take mp and the mounts below out of the tree; users go on.  May sleep. */
void
mount_tree_detach(struct mount *mp)
{
	struct mount *m;

	do {
		spin_lock(&mount_spin);
		m = mount_tree_leaf(mp);
		spin_unlock(&mount_spin);
		KASSERT(m != NULL, ("mount %s: not in the tree", mp->mnt_on));
		mount_sync(m);
		mount_remove(m);
	} while (m != mp);
}

/* --- pivot_root ----------------------------------------------------------------- */

struct pivot {
	struct path *pv_root, *pv_new, *pv_put;
};

static void
pivot_drop(struct pivot *pv)
{
	if (pv->pv_root != NULL)
		path_drop(pv->pv_root);
	if (pv->pv_new != NULL)
		path_drop(pv->pv_new);
	if (pv->pv_put != NULL)
		path_drop(pv->pv_put);
}

/* (mount_lock) NULL: nothing is above it. */
static struct mount *
mount_parent(const struct mount *mp)
{
	return (mp->mnt_covered != NULL ? mp->mnt_covered->pt_mount : NULL);
}

/* Peers would have to follow, and cannot. */
static bool
is_shared(const struct mount *mp)
{
	return (mp != NULL && mp->mnt_group != 0);
}

static int
pivot_check(const struct pivot *pv)
{
	struct mount *root = pv->pv_root->pt_mount;

	if (is_shared(pv->pv_put->pt_mount) ||
	    is_shared(mount_parent(pv->pv_new->pt_mount)) ||
	    is_shared(mount_parent(root)))
		return (EINVAL);
	if (nc_is_unlinked(pv->pv_new->pt_name))
		return (ENOENT);
	if (pv->pv_new->pt_mount == root || pv->pv_put->pt_mount == root)
		return (EBUSY);
	if (!path_is_mount_root(pv->pv_root) ||
	    !path_is_mount_root(pv->pv_new) ||
	    !path_is_below(pv->pv_put, pv->pv_new) ||
	    !path_is_below(pv->pv_new, pv->pv_root))
		return (EINVAL);
	return (0);
}

/* The two mounts change places.  ENOENT: put was removed meanwhile. */
static int
pivot_do(struct pivot *pv)
{
	struct mount *rm = pv->pv_root->pt_mount, *nm = pv->pv_new->pt_mount;
	struct vnode *dvp = pv->pv_put->pt_vnode;
	struct path *old = NULL;
	int error = 0;

	lock_excl(&dvp->v_lock);
	spin_lock(&mount_spin);
	if (nc_is_unlinked(pv->pv_put->pt_name)) {
		error = ENOENT;
	} else {
		old = nm->mnt_covered;
		old->pt_name->nc_mounts--;
		nm->mnt_covered = rm->mnt_covered;
		if (mount_root == rm)
			mount_root = nm;
		path_hold(pv->pv_put);
		rm->mnt_covered = pv->pv_put;
		pv->pv_put->pt_name->nc_mounts++;
	}
	spin_unlock(&mount_spin);
	lock_release(&dvp->v_lock);
	if (old != NULL)
		path_drop(old);
	return (error);
}

int
vfs_pivot_root(const char *new, const char *put)
{
	struct pivot pv = {NULL, NULL, NULL};
	int error;

	lock_excl(&mount_lock);
	if ((pv.pv_root = fs_context_root(curproc->p_fs)) == NULL)
		error = EINVAL;
	else if ((error = path_lookup(AT_FDCWD, new, LOOKUP_DIR, &pv.pv_new)) ==
	    0)
		error = path_lookup(AT_FDCWD, put, LOOKUP_DIR, &pv.pv_put);
	if (error == 0)
		error = pivot_check(&pv);
	if (error == 0)
		error = pivot_do(&pv);
	if (error == 0) {
		fs_context_move(pv.pv_root, pv.pv_new);
		mount_names_update();
	}
	KTR_EVENT(VFS, pivot_root, "error=%d", (uint64_t)error);
	pivot_drop(&pv);
	lock_release(&mount_lock);
	return (error);
}
