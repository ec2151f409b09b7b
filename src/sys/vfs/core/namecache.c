/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The name cache.
 *
 * 1. Concepts.  A node is one name in one directory: positive (it has a vnode)
 *    or negative (the name is known not to exist).  The nodes of a mount form a
 *    tree below its root node; a path is a node seen through a mount, so the
 *    tree also answers `..` and "what is this file called".
 *
 * 2. References.  nc_refs counts paths, walks and children.  A referenced node
 *    holds its vnode and its parent; an unreferenced one points at its vnode
 *    weakly and waits on the LRU list.  So directories on the way to anything
 *    in use stay in memory, and everything else can go.
 *
 * 3. Life cycle.
 *
 *	nc_enter --> referenced --last drop--> unused (hashed, LRU)
 *	                ^  |                       |  |
 *	                |  |       nc_lookup       |  | limit, purge
 *	                +--------------------------+  +--> freed
 *	                   |
 *	                   +--nc_unlink--> unlinked --last drop--> freed
 *
 * 4. Who may change what.  A (directory, name) pair is entered, unlinked and
 *    renamed only by a holder of the directory's vnode lock: shared for what a
 *    lookup found, exclusive for creations and removals.  nc_spin makes each
 *    single change whole.  So a lookup under the shared lock can never enter
 *    what a removal has just taken away.
 *
 * 5. Directories without caching (VF_NOCACHE: procfs, hostfs).  Their names are
 *    looked up in the file system every time; the node of the previous lookup
 *    is used again if it still leads to the same vnode, so that mounts and
 *    working directories below stay put.  Unused nodes are freed at once.
 *
 * 6. Bounds.  vfs.cache.max limits the nodes; above it the oldest unused ones
 *    are freed, and each frees its parent if that became unused too and is old
 *    enough in its turn.
 */
#include "vfs_var.h"
#include <sys/ddb.h>
#include <sys/kshm.h>
#include <sys/ktr.h>
#include <sys/sysctl.h>
#include <vm/vm.h>

#define NC_HASH_MIN 1024
#define NC_HASH_MAX 65536

static MALLOC_DEFINE(M_NAMECACHE, "namecache", "long names and hash table");

LIST_HEAD(nc_bucket, namecache);
TAILQ_HEAD(nc_list, namecache);
LIST_HEAD(nc_dead, namecache);

SPINLOCK_DEFINE(nc_spin, "namecache");
static struct nc_bucket *nc_hash_table; /* (n) */
static uint64_t nc_hash_mask;		/* (c) */
static struct nc_list nc_lru;		/* (n) oldest first */
static struct zone *nc_zone;		/* (c) */
static uint64_t nc_max;			/* (n) */
KSHM_DEFINE(
    struct nc_stats, nc_stats, "vfs.cache", KSHM_COUNTER, KSHM_ANY); /* (n) */

static struct nc_bucket *
nc_bucket_of(const struct namecache *parent, const char *name, size_t len)
{
	uint64_t h = hash64(name, len, (uintptr_t)parent >> 4);

	return (&nc_hash_table[(h ^ h >> 32) & nc_hash_mask]);
}

/* --- helpers, all under (n) -------------------------------------------------- */

static struct namecache *
nc_find(struct namecache *parent, const char *name, size_t len)
{
	struct namecache *nc;

	SPIN_ASSERT(&nc_spin);
	LIST_FOREACH(nc, nc_bucket_of(parent, name, len), nc_hash) {
		if (nc->nc_parent == parent && nc->nc_len == len &&
		    memcmp(nc->nc_name, name, len) == 0)
			return (nc);
	}
	return (NULL);
}

static void
nc_hash_insert(struct namecache *nc)
{
	LIST_INSERT_HEAD(
	    nc_bucket_of(nc->nc_parent, nc->nc_name, nc->nc_len), nc, nc_hash);
	nc->nc_flags |= NCF_HASHED;
}

static void
nc_hash_remove(struct namecache *nc)
{
	if ((nc->nc_flags & NCF_HASHED) == 0)
		return;
	LIST_REMOVE(nc, nc_hash);
	nc->nc_flags &= (uint16_t)~NCF_HASHED;
}

static void
nc_vnode_set(struct namecache *nc, struct vnode *vp)
{
	nc->nc_vnode = vp;
	if (vp != NULL) {
		LIST_INSERT_HEAD(&vp->v_names, nc, nc_vlink);
		nc->nc_flags |= NCF_VLINKED;
		nc->nc_flags &= (uint16_t)~NCF_NEGATIVE;
		nc_watched(nc);
	} else {
		nc->nc_flags |= NCF_NEGATIVE;
	}
}

/* Forget the vnode; it is returned, its reference (if any) is the caller's. */
static struct vnode *
nc_vnode_clear(struct namecache *nc)
{
	struct vnode *vp = nc->nc_vnode;

	if ((nc->nc_flags & NCF_VLINKED) != 0)
		LIST_REMOVE(nc, nc_vlink);
	nc->nc_flags &= (uint16_t)~NCF_VLINKED;
	nc->nc_vnode = NULL;
	return (vp);
}

static void
nc_lru_remove(struct namecache *nc)
{
	TAILQ_REMOVE(&nc_lru, nc, nc_lru);
	nc_stats.ncs_unused--;
}

/*
 * A reference on a node that may be unused.  False: its vnode is being taken
 * apart; the node was cut from it and from the hash and is freed by the caller
 * through nc_kill.
 */
static bool
nc_ref(struct namecache *nc)
{
	if (nc->nc_refs++ > 0)
		return (true);
	nc_lru_remove(nc);
	if (nc->nc_vnode == NULL || vnode_hold_weak(nc->nc_vnode))
		return (true);
	nc_vnode_clear(nc);
	nc_hash_remove(nc);
	nc->nc_flags |= NCF_UNLINKED;
	return (false);
}

/*
 * Free an unreferenced node that is on no list; its memory goes to dead (freed
 * after the unlock) and the reference on its parent is the caller's to drop.
 */
static struct namecache *
nc_kill(struct namecache *nc, struct nc_dead *dead)
{
	struct namecache *parent = nc->nc_parent;

	nc_hash_remove(nc);
	nc_vnode_clear(nc);
	if (parent != NULL)
		LIST_REMOVE(nc, nc_sibling);
	nc_stats.ncs_nodes--;
	LIST_INSERT_HEAD(dead, nc, nc_hash);
	return (parent);
}

static bool
nc_worth_keeping(const struct namecache *nc)
{
	return ((nc->nc_flags & NCF_HASHED) != 0 &&
	    (nc->nc_flags & NCF_NOCACHE) == 0);
}

/* --- outside the spin lock ---------------------------------------------------- */

static void
nc_free(struct namecache *nc)
{
	if (nc->nc_name != nc->nc_inline)
		kfree(nc->nc_name, M_NAMECACHE);
	zone_free(nc_zone, nc);
}

static void
nc_free_dead(struct nc_dead *dead)
{
	struct namecache *nc;

	while ((nc = LIST_FIRST(dead)) != NULL) {
		LIST_REMOVE(nc, nc_hash);
		nc_free(nc);
	}
}

static struct namecache *
nc_alloc(const char *name, size_t len)
{
	struct namecache *nc;

	if ((nc = zone_alloc(nc_zone, M_WAITOK)) == NULL)
		return (NULL);
	memset(nc, 0, sizeof(*nc));
	LIST_INIT(&nc->nc_children);
	nc->nc_name = nc->nc_inline;
	if (len > sizeof(nc->nc_inline) &&
	    (nc->nc_name = kmalloc(len, M_NAMECACHE, M_WAITOK)) == NULL) {
		zone_free(nc_zone, nc);
		return (NULL);
	}
	memcpy(nc->nc_name, name, len);
	nc->nc_len = (uint16_t)len;
	nc->nc_refs = 1;
	return (nc);
}

void
nc_hold(struct namecache *nc)
{
	spin_lock(&nc_spin);
	KASSERT(nc->nc_refs > 0, ("nc_hold: %p unused", (void *)nc));
	nc->nc_refs++;
	spin_unlock(&nc_spin);
}

/*
 * Give a reference back.  The last one drops the vnode, frees the node if it is
 * not worth keeping, and then drops the parent in turn.  May sleep.
 */
void
nc_drop(struct namecache *nc)
{
	while (nc != NULL) {
		struct nc_dead dead = LIST_HEAD_INITIALIZER(dead);
		struct namecache *next = NULL;
		struct vnode *vp = NULL;

		spin_lock(&nc_spin);
		KASSERT(nc->nc_refs > 0, ("nc_drop: %p unused", (void *)nc));
		if (--nc->nc_refs == 0) {
			vp = nc->nc_vnode;
			if (nc_worth_keeping(nc)) {
				TAILQ_INSERT_TAIL(&nc_lru, nc, nc_lru);
				nc_stats.ncs_unused++;
			} else {
				next = nc_kill(nc, &dead);
			}
		}
		spin_unlock(&nc_spin);
		nc_free_dead(&dead);
		if (vp != NULL)
			vnode_drop(vp);
		nc = next;
	}
}

/* Free up to n of the oldest unused nodes; how many were.  May sleep. */
int
nc_trim(int n)
{
	int done = 0;

	while (done < n) {
		struct nc_dead dead = LIST_HEAD_INITIALIZER(dead);
		struct namecache *nc, *parent = NULL;

		spin_lock(&nc_spin);
		if ((nc = TAILQ_FIRST(&nc_lru)) != NULL) {
			nc_lru_remove(nc);
			parent = nc_kill(nc, &dead);
			nc_stats.ncs_evicted++;
		}
		spin_unlock(&nc_spin);
		if (nc == NULL)
			break;
		nc_free_dead(&dead);
		nc_drop(parent);
		done++;
	}
	return (done);
}

/* --- lookup and entry ----------------------------------------------------------- */

/*
 * The cached answer for a name.  NC_POSITIVE: *ncp and *vpp are held.
 * NC_NEGATIVE and NC_MISS: nothing is.
 */
enum nc_result
nc_lookup(struct namecache *parent, const char *name, size_t len,
    struct namecache **ncp, struct vnode **vpp)
{
	struct nc_dead dead = LIST_HEAD_INITIALIZER(dead);
	enum nc_result res = NC_MISS;
	struct namecache *nc, *drop = NULL;

	spin_lock(&nc_spin);
	nc = nc_find(parent, name, len);
	if (nc == NULL || (nc->nc_flags & NCF_NOCACHE) != 0) {
		nc_stats.ncs_misses++;
	} else if ((nc->nc_flags & NCF_NEGATIVE) != 0) {
		nc_stats.ncs_neghits++;
		if (nc->nc_refs == 0) {
			TAILQ_REMOVE(&nc_lru, nc, nc_lru);
			TAILQ_INSERT_TAIL(&nc_lru, nc, nc_lru);
		}
		res = NC_NEGATIVE;
	} else if (nc_ref(nc)) {
		nc_stats.ncs_hits++;
		vnode_hold(nc->nc_vnode);
		*ncp = nc;
		*vpp = nc->nc_vnode;
		res = NC_POSITIVE;
	} else {
		nc_stats.ncs_misses++;
		nc->nc_refs = 0;
		drop = nc_kill(nc, &dead);
	}
	spin_unlock(&nc_spin);
	nc_free_dead(&dead);
	if (drop != NULL)
		nc_drop(drop);
	return (res);
}

/* Link a fresh node (one reference, the caller's) into the tree.  (n) held. */
static void
nc_link(struct namecache *nc, struct namecache *parent, struct vnode *vp)
{
	nc->nc_parent = parent;
	parent->nc_refs++;
	LIST_INSERT_HEAD(&parent->nc_children, nc, nc_sibling);
	nc_vnode_set(nc, vp);
	if (vp != NULL)
		vnode_hold(vp);
	if (parent->nc_vnode != NULL &&
	    (parent->nc_vnode->v_flags & VF_NOCACHE) != 0)
		nc->nc_flags |= NCF_NOCACHE;
	nc_hash_insert(nc);
	nc_stats.ncs_nodes++;
	nc_stats.ncs_enters++;
}

/*
 * Make an existing node of the name show vp if it can: it does already, or it is
 * negative.  Otherwise (another vnode) it is cut off and false is returned.
 * (n) held; on true the node has one more reference.
 */
static bool
nc_reuse(struct namecache *nc, struct vnode *vp)
{
	if (nc->nc_vnode == vp && vp != NULL)
		return (nc_ref(nc));
	if ((nc->nc_flags & NCF_NEGATIVE) != 0) {
		if (nc->nc_refs++ == 0)
			nc_lru_remove(nc);
		if (vp != NULL) {
			nc_vnode_set(nc, vp);
			vnode_hold(vp);
		}
		return (true);
	}
	nc_hash_remove(nc);
	nc->nc_flags |= NCF_UNLINKED;
	if (nc->nc_refs++ == 0) { /* for the caller to drop it */
		nc_lru_remove(nc);
		nc_vnode_clear(nc);
		nc->nc_flags |= NCF_NEGATIVE;
	}
	return (false);
}

/*
 * Enter a name: vp (held by the caller) or NULL for "does not exist".  The
 * node comes back held if ncp is not NULL.  The directory's vnode is locked.
 * 0 or ENOMEM.  May sleep.
 */
int
nc_enter(struct namecache *parent, const char *name, size_t len,
    struct vnode *vp, struct namecache **ncp)
{
	struct namecache *fresh, *old, *nc, *stale = NULL;

	if ((fresh = nc_alloc(name, len)) == NULL)
		return (ENOMEM);
	spin_lock(&nc_spin);
	nc = fresh;
	if ((old = nc_find(parent, name, len)) != NULL) {
		if (nc_reuse(old, vp))
			nc = old;
		else
			stale = old;
	}
	if (nc == fresh)
		nc_link(fresh, parent, vp);
	spin_unlock(&nc_spin);
	if (nc != fresh)
		nc_free(fresh);
	if (stale != NULL)
		nc_drop(stale);
	if (ncp != NULL)
		*ncp = nc;
	else
		nc_drop(nc);
	if (nc_stats.ncs_nodes > nc_max)
		nc_trim(8);
	return (0);
}

/* The root node of a mount, with one reference.  NULL: ENOMEM. */
struct namecache *
nc_create_root(struct vnode *vp)
{
	struct namecache *nc;

	if ((nc = nc_alloc("", 0)) == NULL)
		return (NULL);
	spin_lock(&nc_spin);
	nc_vnode_set(nc, vp);
	vnode_hold(vp);
	nc_stats.ncs_nodes++;
	spin_unlock(&nc_spin);
	return (nc);
}

/* A node in no tree, for a vnode that has no name.  NULL: ENOMEM. */
struct namecache *
nc_create_detached(struct vnode *vp, const char *name)
{
	struct namecache *nc;

	if ((nc = nc_alloc(name, strlen(name))) == NULL)
		return (NULL);
	spin_lock(&nc_spin);
	nc_vnode_set(nc, vp);
	nc->nc_flags |= NCF_UNLINKED;
	vnode_hold(vp);
	nc_stats.ncs_nodes++;
	spin_unlock(&nc_spin);
	return (nc);
}

/* --- removal and renaming ----------------------------------------------------------- */

/*
 * The name is gone from its directory, whose vnode is locked exclusive.  Paths
 * that hold the node keep it, unlinked.  May sleep.
 */
void
nc_unlink(struct namecache *parent, const char *name, size_t len)
{
	struct nc_dead dead = LIST_HEAD_INITIALIZER(dead);
	struct namecache *nc, *drop = NULL;

	spin_lock(&nc_spin);
	if ((nc = nc_find(parent, name, len)) != NULL) {
		nc_stats.ncs_purged++;
		nc_hash_remove(nc);
		nc->nc_flags |= NCF_UNLINKED;
		if (nc->nc_refs == 0) {
			nc_lru_remove(nc);
			drop = nc_kill(nc, &dead);
		}
	}
	spin_unlock(&nc_spin);
	nc_free_dead(&dead);
	if (drop != NULL)
		nc_drop(drop);
}

/* Swap the names (buffers and all) of a node and a spare one.  (n) held. */
static void
nc_swap_names(struct namecache *a, struct namecache *b)
{
	char tmp[NC_INLINE];
	bool ain = a->nc_name == a->nc_inline, bin = b->nc_name == b->nc_inline;
	char *aname = a->nc_name, *bname = b->nc_name;
	uint16_t len = a->nc_len;

	memcpy(tmp, a->nc_inline, sizeof(tmp));
	memcpy(a->nc_inline, b->nc_inline, sizeof(tmp));
	memcpy(b->nc_inline, tmp, sizeof(tmp));
	a->nc_name = bin ? a->nc_inline : bname;
	b->nc_name = ain ? b->nc_inline : aname;
	a->nc_len = b->nc_len;
	b->nc_len = len;
}

/* Hang nc below parent.  Returns the old parent, to be dropped.  (n) held. */
static struct namecache *
nc_move(struct namecache *nc, struct namecache *parent)
{
	struct namecache *old = nc->nc_parent;

	LIST_REMOVE(nc, nc_sibling);
	LIST_INSERT_HEAD(&parent->nc_children, nc, nc_sibling);
	nc->nc_parent = parent;
	parent->nc_refs++;
	nc_watched(nc);
	return (old);
}

/* Two nodes change places: names, parents, hash.  (n) held. */
static void
nc_exchange(struct namecache *f, struct namecache *t)
{
	struct namecache *fp = f->nc_parent, *tp = t->nc_parent;

	nc_hash_remove(f);
	nc_hash_remove(t);
	nc_swap_names(f, t);
	if (fp != tp) { /* the parents' counts do not change */
		LIST_REMOVE(f, nc_sibling);
		LIST_REMOVE(t, nc_sibling);
		LIST_INSERT_HEAD(&tp->nc_children, f, nc_sibling);
		LIST_INSERT_HEAD(&fp->nc_children, t, nc_sibling);
		f->nc_parent = tp;
		t->nc_parent = fp;
		nc_watched(f);
		nc_watched(t);
	}
	nc_hash_insert(f);
	nc_hash_insert(t);
}

/*
 * The file system has renamed; follow it.  Both directories are locked
 * exclusive.  The node of the old name moves, with everything below it; what
 * had the new name is unlinked, or (exchange) gets the old name.  A name that
 * is not cached needs nothing.  0, or ENOMEM: then both names were forgotten
 * from the hash instead, which is correct too, and not reported.
 */
int
nc_rename(struct namecache *fparent, const char *fname, size_t flen,
    struct namecache *tparent, const char *tname, size_t tlen, bool exchange)
{
	struct namecache *f, *t, *spare, *drop = NULL;

	if ((spare = nc_alloc(tname, tlen)) == NULL) {
		nc_unlink(fparent, fname, flen);
		nc_unlink(tparent, tname, tlen);
		return (ENOMEM);
	}
	if (!exchange)
		nc_unlink(tparent, tname, tlen);
	spin_lock(&nc_spin);
	f = nc_find(fparent, fname, flen);
	t = exchange ? nc_find(tparent, tname, tlen) : NULL;
	if (f != NULL && t != NULL && f != t) {
		nc_exchange(f, t);
	} else if (f != NULL && !exchange) {
		nc_hash_remove(f);
		nc_swap_names(f, spare);
		if (fparent != tparent)
			drop = nc_move(f, tparent);
		f->nc_flags &= (uint16_t)~NCF_NOCACHE;
		if (tparent->nc_vnode != NULL &&
		    (tparent->nc_vnode->v_flags & VF_NOCACHE) != 0)
			f->nc_flags |= NCF_NOCACHE;
		nc_hash_insert(f);
	}
	spin_unlock(&nc_spin);
	nc_free(spare);
	if (drop != NULL)
		nc_drop(drop);
	if (exchange && (f == NULL || t == NULL)) {
		nc_unlink(fparent, fname, flen);
		nc_unlink(tparent, tname, tlen);
	}
	return (0);
}

/* --- the tree ------------------------------------------------------------------------ */

/* The parent node and its vnode, held; NULL at a root. */
struct namecache *
nc_parent_get(struct namecache *nc, struct vnode **vpp)
{
	struct namecache *parent;

	spin_lock(&nc_spin);
	if ((parent = nc->nc_parent) != NULL) {
		parent->nc_refs++;
		*vpp = parent->nc_vnode;
		KASSERT(*vpp != NULL, ("namecache: parent without vnode"));
		vnode_hold(*vpp);
	}
	spin_unlock(&nc_spin);
	return (parent);
}

/* True if a is nc or above it, in one mount's tree. */
bool
nc_is_ancestor(struct namecache *a, struct namecache *nc)
{
	spin_lock(&nc_spin);
	while (nc != NULL && nc != a)
		nc = nc->nc_parent;
	spin_unlock(&nc_spin);
	return (nc != NULL);
}

bool
nc_is_unlinked(struct namecache *nc)
{
	return ((nc->nc_flags & NCF_UNLINKED) != 0);
}

/*
 * Put "/name" of nc, and of its ancestors up to the mount's root, before
 * buf[pos]: the new start.  *parentp: where it stopped (the root node, or stop).
 * *errp ENOENT: a name on the way was unlinked, unless gone; ENAMETOOLONG.
 */
size_t
nc_name_prepend(struct namecache *nc, char *buf, size_t pos, bool gone,
    const struct namecache *top, int *errp, struct namecache **stopp)
{
	struct namecache *stop = *stopp;

	*errp = 0;
	spin_lock(&nc_spin);
	while (nc != stop && nc != top &&
	    (nc->nc_parent != NULL || (gone && nc->nc_len > 0))) {
		if ((nc->nc_flags & NCF_UNLINKED) != 0 && !gone) {
			*errp = ENOENT;
			break;
		}
		if (pos < (size_t)nc->nc_len + 1) {
			*errp = ENAMETOOLONG;
			break;
		}
		pos -= nc->nc_len;
		memcpy(buf + pos, nc->nc_name, nc->nc_len);
		buf[--pos] = '/';
		if (nc->nc_parent == NULL)
			break; /* a name in no tree */
		nc = nc->nc_parent;
	}
	if (nc->nc_parent == NULL && (nc->nc_flags & NCF_UNLINKED) != 0 &&
	    !gone)
		*errp = ENOENT;
	spin_unlock(&nc_spin);
	*stopp = nc;
	return (pos);
}

/*
 * Cut all names of vp: referenced nodes stay, unlinked, with their reference on
 * the vnode; unused ones are freed.  May sleep.
 */
void
nc_purge_vnode(struct vnode *vp)
{
	struct nc_dead dead = LIST_HEAD_INITIALIZER(dead);
	struct namecache *nc, *next, *drop;

	do {
		drop = NULL;
		spin_lock(&nc_spin);
		LIST_FOREACH_SAFE(nc, &vp->v_names, nc_vlink, next) {
			if (nc->nc_parent == NULL)
				continue;
			nc_stats.ncs_purged++;
			nc_hash_remove(nc);
			nc->nc_flags |= NCF_UNLINKED;
			if (nc->nc_refs > 0)
				continue;
			nc_lru_remove(nc);
			drop = nc_kill(nc, &dead);
			break;
		}
		spin_unlock(&nc_spin);
		nc_free_dead(&dead);
		if (drop != NULL)
			nc_drop(drop);
	} while (drop != NULL);
}

/* A name of vp (held by the caller), held, or NULL if none is known. */
struct namecache *
nc_of_vnode(struct vnode *vp)
{
	struct namecache *nc;

	spin_lock(&nc_spin);
	LIST_FOREACH(nc, &vp->v_names, nc_vlink)
		if ((nc->nc_flags & NCF_UNLINKED) == 0)
			break;
	if (nc == NULL)
		nc = LIST_FIRST(&vp->v_names);
	if (nc != NULL && !nc_ref(nc))
		panic("namecache: vnode %p is used and reclaimed", vp);
	spin_unlock(&nc_spin);
	return (nc);
}

/* Some unused node at the bottom of the tree below root.  (n) held. */
static struct namecache *
nc_find_unused_below(struct namecache *root)
{
	struct namecache *nc = LIST_FIRST(&root->nc_children);

	while (nc != NULL && nc != root) {
		if (nc->nc_refs == 0)
			return (nc);
		if (!LIST_EMPTY(&nc->nc_children)) {
			nc = LIST_FIRST(&nc->nc_children);
			continue;
		}
		while (nc != root && LIST_NEXT(nc, nc_sibling) == NULL)
			nc = nc->nc_parent;
		if (nc != root)
			nc = LIST_NEXT(nc, nc_sibling);
	}
	return (nc == root ? NULL : nc);
}

/* Free every unused node below root (before an unmount).  May sleep. */
void
nc_purge_tree(struct namecache *root)
{
	for (;;) {
		struct nc_dead dead = LIST_HEAD_INITIALIZER(dead);
		struct namecache *nc, *parent = NULL;

		spin_lock(&nc_spin);
		if ((nc = nc_find_unused_below(root)) != NULL) {
			nc_lru_remove(nc);
			nc_stats.ncs_purged++;
			parent = nc_kill(nc, &dead);
		}
		spin_unlock(&nc_spin);
		if (nc == NULL)
			return;
		nc_free_dead(&dead);
		nc_drop(parent);
	}
}

/* --- start, sysctl, ddb ---------------------------------------------------------------- */

SYSCTL_U64(nc_max, "vfs.cache.max", CTLF_RW, &nc_max,
    "name cache nodes above which unused ones are freed");
SYSCTL_U64(nc_nodes, "vfs.cache.nodes", CTLF_RD, &nc_stats.ncs_nodes,
    "name cache nodes in memory");
SYSCTL_U64(nc_unused, "vfs.cache.unused", CTLF_RD, &nc_stats.ncs_unused,
    "name cache nodes without users");
SYSCTL_U64(nc_hits, "vfs.cache.hits", CTLF_RD, &nc_stats.ncs_hits,
    "names found in the cache");
SYSCTL_U64(nc_neghits, "vfs.cache.neghits", CTLF_RD, &nc_stats.ncs_neghits,
    "names the cache knew not to exist");
SYSCTL_U64(nc_misses, "vfs.cache.misses", CTLF_RD, &nc_stats.ncs_misses,
    "names the file system was asked for");
SYSCTL_U64(nc_evicted, "vfs.cache.evicted", CTLF_RD, &nc_stats.ncs_evicted,
    "unused nodes freed by the limit");
SYSCTL_U64(nc_purged, "vfs.cache.purged", CTLF_RD, &nc_stats.ncs_purged,
    "nodes removed because their name or vnode went");

static void
nc_start(void)
{
	struct vm_stats st;
	uint64_t n = NC_HASH_MIN;

	vm_stats_get(&st);
	while (n < NC_HASH_MAX && n < st.vs_total / 8)
		n *= 2;
	nc_hash_table =
	    kmalloc(n * sizeof(*nc_hash_table), M_NAMECACHE, M_WAITOK | M_ZERO);
	if (nc_hash_table == NULL)
		panic("namecache: no memory for the hash");
	nc_hash_mask = n - 1;
	nc_max = MIN(MAX(st.vs_total / 2, 1024), 400000);
	TAILQ_INIT(&nc_lru);
	nc_zone = zone_create("namecache", sizeof(struct namecache), 64);
}
SYSINIT(namecache, SI_VFS, nc_start);

static void
ddb_show_nc(const char *arg)
{
	struct namecache nc;
	uint64_t addr;
	int depth = 0;

	if (!ddb_number(&arg, &addr)) {
		kprintf("show namecache ADDRESS: the node and its ancestors\n");
		return;
	}
	while (addr != 0 && depth++ < 64 &&
	    ddb_read((void *)(uintptr_t)addr, &nc, sizeof(nc))) {
		kprintf("%#lx refs %u flags %x vnode %p mounts %u parent %p "
			"\"%.*s\"\n",
		    addr, nc.nc_refs, nc.nc_flags, (void *)nc.nc_vnode,
		    nc.nc_mounts, (void *)nc.nc_parent,
		    (int)MIN(nc.nc_len, NC_INLINE),
		    nc.nc_len > NC_INLINE ? "(long)" : nc.nc_inline);
		addr = (uintptr_t)nc.nc_parent;
	}
}
DDB_COMMAND(show_nc, "show namecache", ddb_show_nc,
    "a name cache node and its ancestors");
