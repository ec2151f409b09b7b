/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts that follow each other: peer groups, masters and slaves.
 *
 * 1. A shared mount is in a peer group (mnt_group, a number; 0: none).  What is
 *    mounted on a place of one of them appears at that place of every other, and
 *    what is taken off goes from all.  Binding a shared mount makes a peer.
 * 2. A slave (mnt_master: a group) gets what happens in its master's group and
 *    tells nobody.  It may be shared at the same time: then all its peers have
 *    that master, and what comes goes on to its own slaves.
 *	private (0, 0)   shared (G, 0)   slave (0, M)   shared slave (G, M)
 *    An unbindable mount is a private one that no bind copies (MNT_UNBINDABLE).
 * 3. A group is the mounts in it and nothing else.  A slave who leaves group G
 *    becomes G's slave if somebody is left in G; with the last one G is gone, and
 *    G's slaves become slaves of what was its master.  There is one name space,
 *    so all mounts that can know each other are on the list of mounts, and walks
 *    over it find peers and slaves.  Floating trees (mount_float.c) are in
 *    groups, too, but nothing comes to them before they hang in the tree.
 *
 * 4. Hanging a tree S at a place of a mount D (mount_hang).  If D is shared:
 *	- every mount of S that is in no group gets one of its own;
 *	- each peer of D gets a copy of S, mount by mount a peer of S's;
 *	- each slave of D's group gets a copy whose mounts are slaves of S's; if it
 *	  is shared itself, its copy is in groups of its own, and the copy is to
 *	  its peers and slaves what S was to D's.  Groups wait in a queue with the
 *	  tree that they copy: depth is the user's, so nothing recurses over them.
 *    A mount that does not show the place (a bind of another directory) gets
 *    nothing.  Copies are made first, floating, and hung all at once: it fails as
 *    a whole.  Where a peer has a mount at the place already, the copy goes
 *    beneath it, so that nobody's view of a place changes behind his back.
 *
 * 5. Taking a tree off (mount_propagate_off): what peers and slaves of the
 *    parents have at the same places goes, too.  One that has other mounts below
 *    stays; one that is covered by a mount on its root goes from beneath it.
 *    The list of mounts is in the order of age: a walk that wants children before
 *    their parents goes from its end, and seldom needs a second one.
 *
 * 6. Not to be moved: a mount whose parent is shared (its peers would keep
 *    theirs), nor anything unbindable into a shared one (it could not be copied).
 *
 * The rules are those of mount_namespaces(7) and of the kernel documentation of
 * shared subtrees, for one name space.
 *
 * Locking: mount_lock for all; mount_spin where others may look.
 */
#include "vfs_var.h"
#include <sys/ktr.h>

/* --- groups --------------------------------------------------------------------- */

/* (mount_lock) A mount in group, other than but; NULL: there is none. */
static struct mount *
group_member(uint32_t group, const struct mount *but)
{
	struct mount *m;

	TAILQ_FOREACH(m, &mounts, mnt_link)
		if (m != but && m->mnt_group == group)
			return (m);
	return (NULL);
}

static uint32_t group_low = 1; /* (mount_lock) all below are taken */

/* (mount_lock) The lowest number that no group has. */
static uint32_t
group_new(void)
{
	while (group_member(group_low, NULL) != NULL)
		group_low++;
	return (group_low++);
}

/* (mount_lock) mp leaves its group, whose slaves may get another master: (3). */
void
mount_group_leave(struct mount *mp)
{
	uint32_t group = mp->mnt_group;
	struct mount *m;

	if (group == 0)
		return;
	mp->mnt_group = 0;
	if (group_member(group, mp) != NULL)
		return;
	group_low = MIN(group_low, group);
	TAILQ_FOREACH(m, &mounts, mnt_link)
		if (m->mnt_master == group)
			m->mnt_master = mp->mnt_master;
}

/* (mount_lock) */
void
mount_set_propagation(struct mount *mp, enum mount_propagation kind)
{
	uint32_t group = mp->mnt_group;

	spin_lock(&mount_spin);
	switch (kind) {
	case MP_KEEP:
		break;
	case MP_SHARED:
		if (group == 0)
			mp->mnt_group = group_new();
		mp->mnt_flags &= ~(uint32_t)MNT_UNBINDABLE;
		break;
	case MP_SLAVE:
		mount_group_leave(mp);
		if (group != 0 && group_member(group, mp) != NULL)
			mp->mnt_master = group;
		break;
	case MP_PRIVATE:
	case MP_UNBINDABLE:
		mount_group_leave(mp);
		mp->mnt_master = 0;
		mp->mnt_flags &= ~(uint32_t)MNT_UNBINDABLE;
		if (kind == MP_UNBINDABLE)
			mp->mnt_flags |= MNT_UNBINDABLE;
		break;
	}
	spin_unlock(&mount_spin);
}

/* A copy's place in the groups, next to or below that of what it shows. */
void
mount_copy_groups(
    struct mount *copy, const struct mount *of, enum copy_kind kind)
{
	if (kind == COPY_PEER) {
		copy->mnt_group = of->mnt_group;
		copy->mnt_master = of->mnt_master;
		return;
	}
	copy->mnt_master = of->mnt_group;
	copy->mnt_group = kind == COPY_SHARED_SLAVE ? group_new() : 0;
}

/* (mount_lock) to, which shows a part of what from shows, joins it.  EINVAL. */
static int
join(const struct mount *from, struct mount *to)
{
	if (from->mnt_super != to->mnt_super ||
	    !nc_is_ancestor(from->mnt_root_nc, to->mnt_root_nc) ||
	    to->mnt_group != 0 || to->mnt_master != 0 ||
	    (from->mnt_group == 0 && from->mnt_master == 0))
		return (EINVAL);
	spin_lock(&mount_spin);
	mount_copy_groups(to, from, COPY_PEER);
	if (to->mnt_group != 0)
		to->mnt_flags &= ~(uint32_t)MNT_UNBINDABLE;
	spin_unlock(&mount_spin);
	return (0);
}

int
kern_mount_join(const struct mount_place *from, const struct mount_place *to)
{
	int error = cred_check_cap(cred_current(), CAP_SYS_ADMIN);
	struct mount *fm, *tm;

	if (error != 0)
		return (error);
	lock_excl(&mount_lock);
	if ((error = mount_at(from, &fm)) == 0 &&
	    (error = mount_at(to, &tm)) == 0)
		error = join(fm, tm);
	KTR_EVENT(VFS, mount_join, "error=%d", (uint64_t)error);
	lock_release(&mount_lock);
	return (error);
}

/* (m) Does what happens to group reach mp? */
static bool
group_reaches(uint32_t group, const struct mount *mp)
{
	uint32_t own = mp->mnt_group, master = mp->mnt_master;
	struct mount *m;

	while (own != group && master != group) {
		if (master == 0)
			return (false);
		own = master;
		m = group_member(own, NULL);
		master = m != NULL ? m->mnt_master : 0;
	}
	return (true);
}

/* --- hanging -------------------------------------------------------------------- */

/* A copy and where it goes. */
struct hang {
	TAILQ_ENTRY(hang) h_link;
	struct mount *h_mount;	/* floating */
	struct path *h_covered; /* to be its mnt_covered; or, with one above: */
	struct mount *h_above;	/* what is there already, to cover h_covered */
};

/* A group that has to be told, and of which tree it gets copies. */
struct told {
	TAILQ_ENTRY(told) t_link;
	uint32_t t_group;
	struct mount *t_tree;
	const struct mount *t_done; /* a member that has it */
};

struct hanging {
	struct mount *hg_top;
	struct path *hg_at;
	TAILQ_HEAD(, hang) hg_copies;
	TAILQ_HEAD(told_list, told) hg_told;
};

/* (m) The mount directly on a place of m. */
static struct mount *
mount_at_place(struct mount *m, struct namecache *nc)
{
	struct mount *c;

	TAILQ_FOREACH(c, &mounts, mnt_link)
		if (c->mnt_covered != NULL && c->mnt_covered->pt_mount == m &&
		    c->mnt_covered->pt_name == nc)
			return (c);
	return (NULL);
}

static struct path *
place_path(struct mount *m, struct namecache *nc)
{
	struct place pl = {
	    .pl_mount = m, .pl_name = nc, .pl_vnode = nc->nc_vnode};

	place_hold(&pl, &pl);
	return (place_to_path(&pl));
}

/* Is the place in the part of the file system that m shows, in the tree? */
static bool
shows(struct mount *m, struct namecache *nc)
{
	return (mount_in_tree(m) && nc_is_ancestor(m->mnt_root_nc, nc));
}

/* A copy of tree for the place hg_at through m: 0, ENOMEM. */
static int
hang_copy(struct hanging *hg, struct mount *m, struct mount *tree,
    enum copy_kind kind, struct mount **copyp)
{
	struct namecache *nc = hg->hg_at->pt_name;
	struct hang *h = kmalloc(sizeof(*h), M_MOUNT, M_WAITOK | M_ZERO);
	int error;

	if (h == NULL)
		return (ENOMEM);
	error =
	    mount_copy_tree(tree, tree->mnt_root_nc, true, kind, &h->h_mount);
	if (error != 0) {
		kfree(h, M_MOUNT);
		return (error);
	}
	h->h_above = mount_at_place(m, nc);
	h->h_covered = h->h_above != NULL
	    ? place_path(h->h_mount, h->h_mount->mnt_root_nc)
	    : place_path(m, nc);
	if (h->h_covered == NULL) {
		mount_tree_detach(h->h_mount);
		kfree(h, M_MOUNT);
		return (ENOMEM);
	}
	TAILQ_INSERT_TAIL(&hg->hg_copies, h, h_link);
	if (copyp != NULL)
		*copyp = h->h_mount;
	return (0);
}

static bool
is_told(const struct hanging *hg, uint32_t group)
{
	struct told *t;

	TAILQ_FOREACH(t, &hg->hg_told, t_link)
		if (t->t_group == group)
			return (true);
	return (false);
}

static int
tell_group(struct hanging *hg, uint32_t group, struct mount *tree,
    const struct mount *done)
{
	struct told *t = kmalloc(sizeof(*t), M_MOUNT, M_WAITOK | M_ZERO);

	if (t == NULL)
		return (ENOMEM);
	t->t_group = group;
	t->t_tree = tree;
	t->t_done = done;
	TAILQ_INSERT_TAIL(&hg->hg_told, t, t_link);
	return (0);
}

/*
 * A group whose master gets copies of tree: the first member that shows the
 * place gets one, and the others a copy of that.
 */
static int
hang_slave_group(struct hanging *hg, uint32_t group, struct mount *tree)
{
	struct mount *m, *copy = tree;
	int error;

	TAILQ_FOREACH(m, &mounts, mnt_link)
		if (m->mnt_group == group && shows(m, hg->hg_at->pt_name))
			break;
	if (m != NULL &&
	    (error = hang_copy(hg, m, tree, COPY_SHARED_SLAVE, &copy)) != 0)
		return (error);
	return (tell_group(hg, group, copy, m));
}

/* What one group's members and slaves get. */
static int
hang_group(struct hanging *hg, struct told *t)
{
	struct namecache *nc = hg->hg_at->pt_name;
	struct mount *m;
	int error = 0;

	/* Copies come to the end of the list meanwhile; they float. */
	TAILQ_FOREACH(m, &mounts, mnt_link) {
		if (m->mnt_group == t->t_group) {
			if (m != t->t_done && shows(m, nc))
				error = hang_copy(
				    hg, m, t->t_tree, COPY_PEER, NULL);
		} else if (m->mnt_master == t->t_group && m->mnt_group != 0) {
			if (mount_in_tree(m) && !is_told(hg, m->mnt_group))
				error = hang_slave_group(
				    hg, m->mnt_group, t->t_tree);
		} else if (m->mnt_master == t->t_group && shows(m, nc)) {
			error = hang_copy(hg, m, t->t_tree, COPY_SLAVE, NULL);
		}
		if (error != 0)
			break;
	}
	return (error);
}

/* (mount_lock) Groups for those of top's tree that have none, or none again. */
static void
tree_group(struct mount *top, bool give)
{
	struct mount *m;

	spin_lock(&mount_spin);
	TAILQ_FOREACH(m, &mounts, mnt_link) {
		if (!mount_is_below(m, top))
			continue;
		if (give && m->mnt_group == 0) {
			m->mnt_group = group_new();
			m->mnt_group_fresh = true;
		} else if (!give && m->mnt_group_fresh) {
			mount_group_leave(m);
		}
		if (!give)
			m->mnt_group_fresh = false;
	}
	spin_unlock(&mount_spin);
}

/* All copies that D's peers and slaves need.  ENOMEM. */
static int
hang_prepare(struct hanging *hg)
{
	struct mount *d = hg->hg_at->pt_mount;
	struct told *t;
	int error;

	tree_group(hg->hg_top, true);
	error = tell_group(hg, d->mnt_group, hg->hg_top, d);
	for (t = TAILQ_FIRST(&hg->hg_told); error == 0 && t != NULL;
	     t = TAILQ_NEXT(t, t_link))
		error = hang_group(hg, t);
	return (error);
}

/* (m) mp covers p, a reference of which goes to it; what it covered, or NULL. */
static struct path *
cover(struct mount *mp, struct path *p)
{
	struct path *old = mp->mnt_covered;

	if (old != NULL)
		old->pt_name->nc_mounts--;
	mp->mnt_covered = p;
	p->pt_name->nc_mounts++;
	return (old);
}

/* (m) A copy takes its place: above it may stay what was there. */
static void
hang_one(struct hang *h)
{
	if (h->h_above != NULL) /* its place for the copy, ours for it */
		h->h_covered = cover(h->h_above, h->h_covered);
	(void)cover(h->h_mount, h->h_covered);
	h->h_covered = NULL;
	h->h_mount = NULL;
}

/* Everything is there: hang it.  ENOENT: the place was removed meanwhile. */
static int
hang_all(struct hanging *hg)
{
	struct vnode *dvp = hg->hg_at->pt_vnode;
	struct path *old = NULL;
	struct hang *h;
	int error = 0;

	lock_excl(&dvp->v_lock);
	spin_lock(&mount_spin);
	if (nc_is_unlinked(hg->hg_at->pt_name)) {
		error = ENOENT;
	} else {
		path_hold(hg->hg_at);
		old = cover(hg->hg_top, hg->hg_at);
		TAILQ_FOREACH(h, &hg->hg_copies, h_link)
			hang_one(h);
	}
	spin_unlock(&mount_spin);
	lock_release(&dvp->v_lock);
	if (old != NULL)
		path_drop(old);
	return (error);
}

static void
hang_done(struct hanging *hg)
{
	struct hang *h;
	struct told *t;

	while ((h = TAILQ_FIRST(&hg->hg_copies)) != NULL) {
		TAILQ_REMOVE(&hg->hg_copies, h, h_link);
		if (h->h_covered != NULL)
			path_drop(h->h_covered);
		if (h->h_mount != NULL)
			mount_tree_detach(h->h_mount);
		kfree(h, M_MOUNT);
	}
	while ((t = TAILQ_FIRST(&hg->hg_told)) != NULL) {
		TAILQ_REMOVE(&hg->hg_told, t, t_link);
		kfree(t, M_MOUNT);
	}
}

/*
 * Hang the tree that begins with mp, live and perhaps somewhere else, at a place
 * of the tree, with all that follows from it.  ENOENT, ENOMEM: nothing changed.
 */
int
mount_hang(struct mount *mp, struct path *at)
{
	struct hanging hg = {.hg_top = mp, .hg_at = at};
	int error = 0;

	TAILQ_INIT(&hg.hg_copies);
	TAILQ_INIT(&hg.hg_told);
	if (at->pt_mount->mnt_group != 0)
		error = hang_prepare(&hg);
	if (error == 0)
		error = hang_all(&hg);
	hang_done(&hg);
	if (error != 0) {
		tree_group(mp, false);
		return (error);
	}
	spin_lock(&mount_spin);
	TAILQ_FOREACH(mp, &mounts, mnt_link)
		mp->mnt_group_fresh = false;
	spin_unlock(&mount_spin);
	mount_names_update();
	return (0);
}

/* (mount_lock) Is something of the tree unbindable? */
static bool
tree_unbindable(struct mount *top)
{
	struct mount *m;
	bool found = false;

	spin_lock(&mount_spin);
	TAILQ_FOREACH(m, &mounts, mnt_link)
		found |= (m->mnt_flags & MNT_UNBINDABLE) != 0 &&
		    mount_is_below(m, top);
	spin_unlock(&mount_spin);
	return (found);
}

/* (6); EINVAL. */
int
mount_move_check(struct mount *mp, struct path *to)
{
	if (mp->mnt_covered != NULL &&
	    mp->mnt_covered->pt_mount->mnt_group != 0)
		return (EINVAL);
	if (to->pt_mount->mnt_group != 0 && tree_unbindable(mp))
		return (EINVAL);
	return (0);
}

/* --- taking off ------------------------------------------------------------------ */

enum {
	OFF_NO,
	OFF_ASKED, /* in the tree that is taken off */
	OFF_FOLLOWS
};

/* (m) What hangs where off does, of those that follow its parent. */
static void
mark_followers(struct mount *off)
{
	const struct path *at = off->mnt_covered;
	struct mount *m, *parent;

	if (at->pt_mount->mnt_group == 0)
		return;
	TAILQ_FOREACH(m, &mounts, mnt_link) {
		if (m->mnt_off != OFF_NO || m->mnt_covered == NULL ||
		    m->mnt_covered->pt_name != at->pt_name)
			continue;
		parent = m->mnt_covered->pt_mount;
		if (parent != at->pt_mount &&
		    group_reaches(at->pt_mount->mnt_group, parent) &&
		    mount_is_below(parent, mount_root))
			m->mnt_off = OFF_FOLLOWS;
	}
}

/* (m) Does something hang below c that stays, other than on its root? */
static bool
must_stay(struct mount *c)
{
	struct mount *m;

	TAILQ_FOREACH(m, &mounts, mnt_link)
		if (m->mnt_covered != NULL && m->mnt_covered->pt_mount == c &&
		    m->mnt_off == OFF_NO &&
		    m->mnt_covered->pt_name != c->mnt_root_nc)
			return (true);
	return (false);
}

/*
 * (mount_lock) Find what goes with mp (all: and with the mounts below it).  To be
 * ended by mount_off_forget or mount_off_do.
 */
void
mount_off_find(struct mount *mp, bool all)
{
	struct mount *m;
	bool again = true;

	spin_lock(&mount_spin);
	TAILQ_FOREACH(m, &mounts, mnt_link)
		m->mnt_off = m == mp || (all && mount_is_below(m, mp))
		    ? OFF_ASKED
		    : OFF_NO;
	TAILQ_FOREACH(m, &mounts, mnt_link)
		if (m->mnt_off == OFF_ASKED && m->mnt_covered != NULL)
			mark_followers(m);
	while (again) {
		again = false;
		TAILQ_FOREACH_REVERSE(m, &mounts, mount_list, mnt_link)
		if (m->mnt_off == OFF_FOLLOWS && must_stay(m)) {
			m->mnt_off = OFF_NO;
			again = true;
		}
	}
	spin_unlock(&mount_spin);
}

/* (mount_lock) */
void
mount_off_forget(void)
{
	struct mount *m;

	TAILQ_FOREACH(m, &mounts, mnt_link)
		m->mnt_off = OFF_NO;
}

/* (mount_lock) One that follows, and that something does not let go.  May sleep. */
bool
mount_off_busy(void)
{
	struct mount *m;
	bool covered;

	TAILQ_FOREACH(m, &mounts, mnt_link) {
		if (m->mnt_off != OFF_FOLLOWS)
			continue;
		spin_lock(&mount_spin);
		covered = mount_has_children(m);
		spin_unlock(&mount_spin);
		if (!covered && !mount_idle(m))
			return (true);
	}
	return (false);
}

/* (m) One that follows, with nothing below that does. */
static struct mount *
off_next(void)
{
	struct mount *m, *c;

	TAILQ_FOREACH_REVERSE(m, &mounts, mount_list, mnt_link)
	{
		if (m->mnt_off != OFF_FOLLOWS)
			continue;
		TAILQ_FOREACH(c, &mounts, mnt_link)
			if (c->mnt_off == OFF_FOLLOWS &&
			    c->mnt_covered->pt_mount == m)
				break;
		if (c == NULL)
			return (m);
	}
	return (NULL);
}

/* (mount_lock) Take off what follows; what covers one of them sinks. */
void
mount_off_do(void)
{
	struct mount *m, *above;
	struct path *old;

	for (;;) {
		old = NULL;
		spin_lock(&mount_spin);
		if ((m = off_next()) != NULL &&
		    (above = mount_at_place(m, m->mnt_root_nc)) != NULL) {
			m->mnt_covered->pt_name->nc_mounts--;
			old = cover(above, m->mnt_covered);
			m->mnt_covered = NULL;
		}
		spin_unlock(&mount_spin);
		if (m == NULL)
			break;
		if (old != NULL)
			path_drop(old);
		mount_sync(m);
		mount_remove(m);
	}
	mount_off_forget();
}

/* --- showing --------------------------------------------------------------------- */

/* (m) Can mp be reached from root? */
static bool
mount_below_path(const struct mount *mp, const struct path *root)
{
	struct namecache *nc = mp->mnt_root_nc;

	while (mp != root->pt_mount && mp->mnt_covered != NULL) {
		nc = mp->mnt_covered->pt_name;
		mp = mp->mnt_covered->pt_mount;
	}
	return (mp == root->pt_mount && nc_is_ancestor(root->pt_name, nc));
}

/* (m) Can any of group? */
static bool
group_below(uint32_t group, const struct path *root)
{
	struct mount *m;

	TAILQ_FOREACH(m, &mounts, mnt_link)
		if (m->mnt_group == group && mount_below_path(m, root))
			return (true);
	return (false);
}

void
vfs_mount_peers(struct mount *mp, struct path *root, struct mount_peers *out)
{
	uint32_t group;
	struct mount *m;

	spin_lock(&mount_spin);
	*out = (struct mount_peers){
	    .mr_group = mp->mnt_group,
	    .mr_master = mp->mnt_master,
	    .mr_unbindable = (mp->mnt_flags & MNT_UNBINDABLE) != 0,
	};
	group = mp->mnt_master;
	while (group != 0 && !group_below(group, root)) {
		m = group_member(group, NULL);
		group = m != NULL ? m->mnt_master : 0;
	}
	if (group != mp->mnt_master)
		out->mr_from = group;
	spin_unlock(&mount_spin);
}
