/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts outside the tree, reached by a descriptor, and hanging them into it.
 *
 * 1. A floating tree is a live mount, perhaps with others below it, that covers
 *    nothing and is not the root of all.  Names lead into it from descriptors
 *    only, and ".." ends at its root; no list of mounts shows it.
 * 2. The descriptor that came with it owns it: when that is closed, what still
 *    floats is taken apart, as a detached subtree is.
 * 3. kern_mount_attach (mount_bind.c) hangs it at a place of the tree.
 *
 * Locking: mount_lock for each change.
 */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/ucred.h>

/* (mount_lock) Is m in the tree that begins with the root of all? */
bool
mount_in_tree(struct mount *m)
{
	bool in;

	spin_lock(&mount_spin);
	in = m->mnt_state == MS_LIVE && mount_root != NULL &&
	    mount_is_below(m, mount_root);
	spin_unlock(&mount_spin);
	return (in);
}

/* (mount_lock) Is m the root of a floating tree? */
bool
mount_floats(const struct mount *m)
{
	return (m->mnt_state == MS_LIVE && m->mnt_covered == NULL &&
	    m != mount_root);
}

/* --- descriptors ---------------------------------------------------------------- */

static int
tree_fo_stat(struct file *fp, struct stat *st)
{
	return (path_fileops.fo_stat(fp, st));
}

static void
tree_fo_close(struct file *fp)
{
	struct mount *mp = fp->f_path->pt_mount;

	lock_excl(&mount_lock);
	if (mount_floats(mp))
		mount_tree_detach(mp);
	lock_release(&mount_lock);
}

static const struct fileops tree_fileops = {
    .fo_stat = tree_fo_stat,
    .fo_close = tree_fo_close,
};

/*
 * A descriptor for the root of the floating tree mp, which is taken apart if
 * there can be none.  Not under mount_lock.
 */
int
mount_tree_fd(struct mount *mp, int oflags, int *fdp)
{
	struct place pl = {.pl_mount = mp,
	    .pl_name = mp->mnt_root_nc,
	    .pl_vnode = mp->mnt_root_nc->nc_vnode};
	struct file *fp;
	int error;

	place_hold(&pl, &pl);
	error = vn_open_file(&pl, O_PATH, false, &fp);
	if (error != 0) {
		lock_excl(&mount_lock);
		mount_tree_detach(mp);
		lock_release(&mount_lock);
		return (error);
	}
	fp->f_ops = &tree_fileops;
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}

int
kern_open_place(int dirfd, const char *name, int lflags, int oflags, int *fdp)
{
	struct place pl;
	struct path *p;
	struct file *fp;
	int error;

	if ((error = path_lookup(dirfd, name, lflags, &p)) != 0)
		return (error);
	place_from_path(&pl, p);
	path_drop(p);
	if ((error = vn_open_file(&pl, O_PATH, false, &fp)) != 0)
		return (error);
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}

/* --- open_tree ------------------------------------------------------------------ */

int
kern_open_tree(
    int dirfd, const char *name, int lflags, bool all, int oflags, int *fdp)
{
	struct mount *mp = NULL;
	struct path *p;
	int error = cred_check_cap(cred_current(), CAP_SYS_ADMIN);

	if (error != 0)
		return (error);
	lock_excl(&mount_lock);
	if ((error = path_lookup(dirfd, name, lflags, &p)) == 0) {
		if (!mount_in_tree(p->pt_mount) ||
		    (p->pt_mount->mnt_flags & MNT_UNBINDABLE) != 0)
			error = EINVAL;
		else
			error = mount_copy_tree(
			    p->pt_mount, p->pt_name, all, COPY_PEER, &mp);
		path_drop(p);
	}
	KTR_EVENT(VFS, open_tree, "error=%d", (uint64_t)error);
	lock_release(&mount_lock);
	return (error != 0 ? error : mount_tree_fd(mp, oflags, fdp));
}

/* --- mount_setattr ---------------------------------------------------------------- */

/* (mount_lock) Would mp become read-only under files that are being written? */
static bool
has_writers(struct mount *mp, uint32_t set)
{
	return ((set & MNT_RDONLY) != 0 && (mp->mnt_flags & MNT_RDONLY) == 0 &&
	    mp->mnt_super->mnt_attached == 1 &&
	    mount_super_has_writers(mp->mnt_super));
}

/* (mount_lock) f for top or, with all, for every mount of its tree. */
static int
for_tree(struct mount *top, bool all,
    int (*f)(struct mount *mp, const struct mount_change *mc),
    const struct mount_change *mc)
{
	struct mount *m;
	bool mine;
	int error = 0;

	/* mount_lock is held: nothing comes or goes. */
	TAILQ_FOREACH(m, &mounts, mnt_link) {
		spin_lock(&mount_spin);
		mine = m == top || (all && mount_is_below(m, top));
		spin_unlock(&mount_spin);
		if (mine && (error = f(m, mc)) != 0)
			break;
	}
	return (error);
}

static int
change_check(struct mount *mp, const struct mount_change *mc)
{
	return (has_writers(mp, mc->mc_set) ? EBUSY : 0);
}

static int
change_do(struct mount *mp, const struct mount_change *mc)
{
	spin_lock(&mount_spin);
	mp->mnt_flags = (mp->mnt_flags & ~mc->mc_clear) | mc->mc_set;
	spin_unlock(&mount_spin);
	mount_set_propagation(mp, mc->mc_propagation);
	return (0);
}

int
kern_mount_change(
    const struct mount_place *at, bool all, const struct mount_change *mc)
{
	struct mount *mp;
	int error = cred_check_cap(cred_current(), CAP_SYS_ADMIN);

	if (error != 0)
		return (error);
	lock_excl(&mount_lock);
	if ((error = mount_at(at, &mp)) == 0 &&
	    (error = for_tree(mp, all, change_check, mc)) == 0)
		(void)for_tree(mp, all, change_do, mc);
	KTR_EVENT(VFS, mount_change, "set=%x clear=%x error=%d",
	    (uint64_t)mc->mc_set, (uint64_t)mc->mc_clear, (uint64_t)error);
	lock_release(&mount_lock);
	return (error);
}
