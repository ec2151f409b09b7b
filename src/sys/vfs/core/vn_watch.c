/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches of vnodes: telling whoever asked what is done to files.
 *
 * 1. A watch is on a list of its vnode.  It hears of two things: what is done to
 *    the vnode itself, and, if that is a directory, what is done to its names
 *    and to the files behind them.  Operations say so when they are done: the
 *    calls on names with vn_tell_name, those on files with vn_tell and the name
 *    by which the file was reached.  So a file with names in two directories is
 *    news only in the one through which it was used.
 *
 * 2. Who is not watched pays one load.  VF_WATCHED on a vnode means that it, or
 *    a directory that has a name of it, may be watched; nothing else is looked
 *    at without it.  A new watch sets it on its vnode and on all that the name
 *    cache has below; VF_WATCHDIR on the directory makes the name cache set it
 *    on what comes later (nc_vnode_set, nc_move).  An open file holds its name,
 *    so all that is open is reached.  Nobody takes the flag away when a watch
 *    goes: who finds it in vain does (watch_forget).
 *
 * 3. A watch's func runs under vn_watch_spin, often with vnode locks above it, so
 *    it notes and wakes; signals are sent later (dnotify.c and ev_async.c), a
 *    queue of events would be read later.  The vnode is its user's to keep: both
 *    kinds of users have a way to hear of the last close.
 *
 * 4. Events with a name (VW_CREATE ...) carry the name that the caller used; a
 *    file's carry the name cache's, which nc_spin keeps in place.
 *
 * kqueue's EVFILT_VNODE does not come here: it wants the vnode's own news only,
 * as readiness, and has v_events for it.
 *
 * Lock order: v_lock - nc_spin - vn_watch_spin - what the func takes.
 */
#include "vfs_var.h"
#include <sys/vnwatch.h>

SPINLOCK_DEFINE(vn_watch_spin, "vnode watch");

void
vn_watch_add_locked(struct vn_watch *w)
{
	SPIN_ASSERT(&vn_watch_spin);
	LIST_INSERT_HEAD(&w->vw_vnode->v_watches, w, vw_link);
}

void
vn_watch_remove_locked(struct vn_watch *w)
{
	SPIN_ASSERT(&vn_watch_spin);
	LIST_REMOVE(w, vw_link);
}

void
vn_watch_remove(struct vn_watch *w)
{
	spin_lock(&vn_watch_spin);
	vn_watch_remove_locked(w);
	spin_unlock(&vn_watch_spin);
}

/* --- flags ---------------------------------------------------------------------- */

/* After a watch was added: so is, maybe, what is below the vnode. */
void
vn_watch_mark(struct vnode *vp)
{
	struct namecache *nc, *child;

	spin_lock(&nc_spin);
	atomic_or(&vp->v_flags, VF_WATCHED | VF_WATCHDIR);
	LIST_FOREACH(nc, &vp->v_names, nc_vlink)
		LIST_FOREACH(child, &nc->nc_children, nc_sibling)
			if (child->nc_vnode != NULL)
				atomic_or(
				    &child->nc_vnode->v_flags, VF_WATCHED);
	spin_unlock(&nc_spin);
}

void
nc_watched(struct namecache *nc)
{
	struct namecache *parent = nc->nc_parent;

	SPIN_ASSERT(&nc_spin);
	if (parent != NULL && parent->nc_vnode != NULL &&
	    (parent->nc_vnode->v_flags & VF_WATCHDIR) != 0 &&
	    nc->nc_vnode != NULL)
		atomic_or(&nc->nc_vnode->v_flags, VF_WATCHED);
}

/* Nobody was told: take the flags from vp unless somebody came meanwhile. */
static void
watch_forget(struct vnode *vp)
{
	struct namecache *nc;
	bool watched;

	spin_lock(&nc_spin);
	spin_lock(&vn_watch_spin);
	watched = !LIST_EMPTY(&vp->v_watches);
	spin_unlock(&vn_watch_spin);
	if (!watched)
		atomic_and(&vp->v_flags, ~(uint32_t)VF_WATCHDIR);
	LIST_FOREACH(nc, &vp->v_names, nc_vlink)
		if (nc->nc_parent != NULL && nc->nc_parent->nc_vnode != NULL &&
		    (nc->nc_parent->nc_vnode->v_flags & VF_WATCHDIR) != 0)
			watched = true;
	if (!watched)
		atomic_and(&vp->v_flags, ~(uint32_t)VF_WATCHED);
	spin_unlock(&nc_spin);
}

/* --- telling ---------------------------------------------------------------------- */

/* Tell vp's watches: are there any?  The caller, or nc_spin, keeps vp. */
static bool
tell_watches(struct vnode *vp, uint32_t event, const char *name, size_t len)
{
	struct vn_watch *w, *next;
	bool any;

	spin_lock(&vn_watch_spin);
	any = !LIST_EMPTY(&vp->v_watches);
	LIST_FOREACH_SAFE(w, &vp->v_watches, vw_link, next)
		if ((w->vw_events & event) != 0)
			w->vw_func(w, event, name, len);
	spin_unlock(&vn_watch_spin);
	return (any);
}

/* The watches of the directory that has nc, or had it last. */
static bool
tell_parent(struct namecache *nc, uint32_t event)
{
	struct namecache *parent;
	bool any = false;

	spin_lock(&nc_spin);
	parent = nc->nc_parent;
	if (parent != NULL && parent->nc_vnode != NULL)
		any = tell_watches(
		    parent->nc_vnode, event, nc->nc_name, nc->nc_len);
	spin_unlock(&nc_spin);
	return (any);
}

/* Behind the look at the flag. */
static void __noinline
tell_slowly(struct vnode *vp, struct namecache *nc, uint32_t event)
{
	bool any = tell_watches(vp, event, NULL, 0);

	if (nc != NULL && tell_parent(nc, event))
		any = true;
	if (!any)
		watch_forget(vp);
}

void
vn_tell(struct vnode *vp, struct namecache *nc, uint32_t event)
{
	if ((vp->v_flags & VF_WATCHED) != 0)
		tell_slowly(vp, nc, event);
}

void
vn_tell_name(struct vnode *dvp, const char *name, size_t len, uint32_t event)
{
	if ((dvp->v_flags & VF_WATCHED) != 0 &&
	    !tell_watches(dvp, event, name, len))
		watch_forget(dvp);
}

void
file_tell(struct file *fp, uint32_t event)
{
	if (fp->f_vnode != NULL && fp->f_path != NULL)
		vn_tell(fp->f_vnode, fp->f_path->pt_name, event);
}
