/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of vnodes.
 *
 * 1. Concepts.  A vnode is the kernel's handle on one file of a mounted file
 *    system.  v_refs counts users.  A vnode without users stays on a list of
 *    unused ones, oldest first, with its pages, so that the next lookup finds
 *    it; the limit kern.maxvnodes takes the oldest apart.
 *
 * 2. Finding.  Vnodes with an identity are in a hash by (mount, ident).  The
 *    file system makes one with vnode_create and gets EEXIST if another thread
 *    was faster.
 *
 * 3. Life cycle.
 *
 *	vnode_create --> in use --last drop: vop_inactive--> unused (VF_LRU)
 *	                   ^                                    |
 *	                   +------- find, name cache hit -------+
 *	                                                        | limit, unmount
 *	    in use --last drop, VF_DELETE or VF_DOOMED--> VF_RECLAIM --> freed
 *
 *    In VF_RECLAIM the vnode is still hashed, so a find of the same ident
 *    sleeps until the file system has let go of its data (vop_reclaim);
 *    otherwise two vnodes could show one inode.
 *
 * 4. Invariants.
 *    I1 v_refs goes from 0 to 1 and from 1 to 0 under vnode_spin only.
 *    I2 VF_LRU is set iff v_refs is 0 and VF_RECLAIM is not set.
 *    I3 v_names of a vnode whose name nodes are referenced imply v_refs > 0.
 *    I4 A vnode has a mount reference from creation to free.
 *
 * 5. Locking.  vnode_spin: hash, list of unused, counters, the 0 <-> 1
 *    transitions, the deferred-drop list.  It is taken inside nc_spin.
 *
 * 6. Failure.  The limit is soft: when nothing can be taken apart a new vnode
 *    is made all the same, and only memory sets the end (ENOMEM).
 */
#include "vfs_var.h"
#include <sys/conf.h>
#include <sys/ddb.h>
#include <sys/kshm.h>
#include <sys/ktr.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <vm/vm.h>

MALLOC_DEFINE(M_VNODE, "vnode", "vnode hash tables");

#define VNODE_HASH_MIN 1024
#define VNODE_HASH_MAX 65536
#define RECLAIM_BATCH  4  /* taken apart per creation above the limit */
#define TRIM_BATCH     64 /* names dropped to free vnodes */

LIST_HEAD(vnode_bucket, vnode);
TAILQ_HEAD(vnode_list, vnode);

SPINLOCK_DEFINE(vnode_spin, "vnode hash");
static struct vnode_bucket *vnode_hash; /* (v) */
static uint64_t vnode_hash_mask;	/* (c) */
static struct vnode_list vnode_lru;	/* (v) */
static struct vnode_list vnode_later;	/* (v) */
static struct vnode *vnode_later_busy;	/* (v) */
static struct zone *vnode_zone;		/* (c) */
#define VNODE_COUNTER(type, var, path)                                         \
	KSHM_STATIC(type, var, path, KSHM_COUNTER, KSHM_ANY)
static int vnodes_max;						   /* (v) */
VNODE_COUNTER(int, vnodes_now, "vfs.vnodes.now");		   /* (v) */
VNODE_COUNTER(int, vnodes_unused, "vfs.vnodes.unused");		   /* (v) */
VNODE_COUNTER(uint64_t, vnodes_created, "vfs.vnodes.created");	   /* (v) */
VNODE_COUNTER(uint64_t, vnodes_reclaimed, "vfs.vnodes.reclaimed"); /* (v) */
VNODE_COUNTER(uint64_t, vnodes_hit, "vfs.vnodes.hit");		   /* (v) */

static uint64_t
vnode_hash_of(const struct mount *mp, uint64_t ident)
{
	uint64_t key[2] = {(uintptr_t)mp, ident};

	return (hash64(key, sizeof(key), 0) & vnode_hash_mask);
}

/* The hashed vnode of (mp, ident), in any state, or NULL.  (v) held. */
static struct vnode *
vnode_hash_find(struct mount *mp, uint64_t ident)
{
	struct vnode *vp;

	SPIN_ASSERT(&vnode_spin);
	LIST_FOREACH(vp, &vnode_hash[vnode_hash_of(mp, ident)], v_hash) {
		if (vp->v_mount == mp && vp->v_ident == ident)
			return (vp);
	}
	return (NULL);
}

/* Take the first reference of an unused vnode.  (v) held. */
static void
vnode_revive(struct vnode *vp)
{
	SPIN_ASSERT(&vnode_spin);
	KASSERT((vp->v_flags & VF_LRU) != 0, ("vnode %p: I2", vp));
	TAILQ_REMOVE(&vnode_lru, vp, v_lru);
	atomic_and(&vp->v_flags, ~(uint32_t)VF_LRU);
	vnodes_unused--;
	ref_init(&vp->v_refs, 1);
}

/*
 * A reference for the name cache, whose node pointed at vp without holding it.
 * (n) held.  False: vp is being taken apart, the node must forget it.
 */
bool
vnode_hold_weak(struct vnode *vp)
{
	bool ok = true;

	spin_lock(&vnode_spin);
	if ((vp->v_flags & VF_RECLAIM) != 0)
		ok = false;
	else if (!ref_hold_unless_zero(&vp->v_refs))
		vnode_revive(vp);
	spin_unlock(&vnode_spin);
	return (ok);
}

struct vnode *
vnode_find(struct mount *mp, uint64_t ident)
{
	struct vnode *vp;

	spin_lock(&vnode_spin);
	while ((vp = vnode_hash_find(mp, ident)) != NULL) {
		if ((vp->v_flags & VF_RECLAIM) == 0) {
			if (!ref_hold_unless_zero(&vp->v_refs))
				vnode_revive(vp);
			vnodes_hit++;
			break;
		}
		spin_sleep(vp, &vnode_spin, 0, "vnrecl", 0);
	}
	spin_unlock(&vnode_spin);
	return (vp);
}

/* Insert into the hash, or EEXIST; waits for one that is being reclaimed. */
static int
vnode_hash_insert(struct vnode *vp)
{
	struct vnode *old;

	spin_lock(&vnode_spin);
	while ((old = vnode_hash_find(vp->v_mount, vp->v_ident)) != NULL) {
		if ((old->v_flags & VF_RECLAIM) == 0) {
			spin_unlock(&vnode_spin);
			return (EEXIST);
		}
		spin_sleep(old, &vnode_spin, 0, "vnrecl", 0);
	}
	LIST_INSERT_HEAD(
	    &vnode_hash[vnode_hash_of(vp->v_mount, vp->v_ident)], vp, v_hash);
	atomic_or(&vp->v_flags, VF_HASHED);
	spin_unlock(&vnode_spin);
	return (0);
}

static void
vnode_init(struct vnode *vp, struct mount *mp, enum vtype type,
    const struct vnodeops *ops, uint64_t ident, void *data)
{
	static struct lock_class common = {"vnode", 0};
	struct lock_class *lc = mp->mnt_ops->vfs_lock_class;

	memset(vp, 0, sizeof(*vp));
	lock_init_class(&vp->v_lock, 0, lc != NULL ? lc : &common);
	ref_init(&vp->v_refs, 1);
	vp->v_type = type;
	vp->v_ops = ops;
	vp->v_mount = mp;
	vp->v_data = data;
	vp->v_ident = ident;
	LIST_INIT(&vp->v_names);
	TAILQ_INIT(&vp->v_leases);
	ev_source_init(&vp->v_events);
}

/* Make room for one more vnode: best effort, the limit is soft. */
static void
vnode_make_room(void)
{
	if (vnodes_now < vnodes_max)
		return;
	if (vnode_reclaim_some(RECLAIM_BATCH) == 0) {
		nc_trim(TRIM_BATCH);
		vnode_reclaim_some(RECLAIM_BATCH);
	}
}

int
vnode_create(struct mount *mp, enum vtype type, const struct vnodeops *ops,
    uint64_t ident, void *data, struct vnode **vpp)
{
	struct vnode *vp;
	int error;

	vnode_make_room();
	if ((vp = zone_alloc(vnode_zone, M_WAITOK)) == NULL)
		return (ENOMEM);
	vnode_init(vp, mp, type, ops, ident, data);
	if (ident != 0 && (error = vnode_hash_insert(vp)) != 0) {
		ev_source_destroy(&vp->v_events);
		lock_destroy(&vp->v_lock);
		zone_free(vnode_zone, vp);
		return (error);
	}
	mount_hold(mp);
	spin_lock(&mp->mnt_spin);
	TAILQ_INSERT_TAIL(&mp->mnt_vnodes, vp, v_mntlink);
	mp->mnt_nvnodes++;
	spin_unlock(&mp->mnt_spin);
	spin_lock(&vnode_spin);
	vnodes_now++;
	vnodes_created++;
	spin_unlock(&vnode_spin);
	KTR_EVENT(VFS, vnode_create, "vp=%p mount=%p ident=%lu", KTRP(vp),
	    KTRP(mp), ident);
	*vpp = vp;
	return (0);
}

void
vnode_hold(struct vnode *vp)
{
	ref_hold(&vp->v_refs);
}

/* Empty the page cache of a vnode that goes. */
static void
vnode_cache_flush(struct vnode *vp)
{
	struct vm_object *obj = vp->v_object;
	int error;

	if (obj == NULL || (obj->vo_flags & VOF_NORECLAIM) != 0)
		return;
	error = vm_object_clean(obj, 0, UINT64_MAX);
	if (error != 0)
		kprintf("vnode: %s: lost writes of inode %lu: error %d\n",
		    vp->v_mount->mnt_on, vp->v_ident, error);
	vm_object_remove_range(obj, 0, UINT64_MAX);
}

/*
 * Take vp apart.  VF_RECLAIM is set, nobody uses it.  May sleep; frees vp.
 */
static void
vnode_destroy(struct vnode *vp)
{
	struct mount *mp = vp->v_mount;
	struct vm_object *obj;

	KTR_EVENT(VFS, vnode_reclaim, "vp=%p ident=%lu flags=%x", KTRP(vp),
	    vp->v_ident, vp->v_flags);
	nc_purge_vnode(vp);
	vnode_cache_flush(vp);
	if (vp->v_fifo != NULL)
		fifo_vnode_reclaim(vp);
	if ((vp->v_flags & VF_SPECIAL) != 0)
		cdev_vnode_reclaim(vp);
	KASSERT(TAILQ_EMPTY(&vp->v_leases), ("vnode with leases freed"));
	lockf_vnode_free(vp);
	if (vp->v_ops->vop_reclaim != NULL)
		vp->v_ops->vop_reclaim(vp);
	if ((obj = vnode_cache_detach(vp)) != NULL)
		vm_object_drop(obj);
	ev_source_destroy(&vp->v_events);

	spin_lock(&mp->mnt_spin);
	TAILQ_REMOVE(&mp->mnt_vnodes, vp, v_mntlink);
	mp->mnt_nvnodes--;
	spin_unlock(&mp->mnt_spin);
	spin_lock(&vnode_spin);
	if ((vp->v_flags & VF_HASHED) != 0)
		LIST_REMOVE(vp, v_hash);
	vnodes_now--;
	vnodes_reclaimed++;
	spin_unlock(&vnode_spin);
	wakeup(vp);
	lock_destroy(&vp->v_lock);
	zone_free(vnode_zone, vp);
	mount_drop(mp);
}

/*
 * The caller's reference is the last one, or was a moment ago.  vop_inactive
 * wants v_lock; it is only tried, because the caller may hold locks of any order:
 * if somebody else has it, that is another user, and the last drop is theirs.
 * False: the reference was dropped like any other.
 */
static bool
vnode_try_inactive(struct vnode *vp)
{
	uint32_t refs;

	if (vp->v_ops->vop_inactive == NULL)
		return (true);
	while (!lock_try_excl(&vp->v_lock)) {
		refs = atomic_load(&vp->v_refs);
		if (refs > 1 && atomic_cmpset(&vp->v_refs, refs, refs - 1))
			return (false);
		thread_yield();
	}
	vp->v_ops->vop_inactive(vp);
	lock_release(&vp->v_lock);
	return (true);
}

/* The last user goes, unless another one appears meanwhile.  May sleep. */
static void
vnode_drop_last(struct vnode *vp)
{
	bool gone;

	if (!vnode_try_inactive(vp))
		return;
	spin_lock(&vnode_spin);
	if (!ref_drop(&vp->v_refs)) {
		spin_unlock(&vnode_spin);
		return;
	}
	gone = (vp->v_flags & (VF_DELETE | VF_DOOMED)) != 0 ||
	    vp->v_mount->mnt_attached == 0;
	if (gone) {
		atomic_or(&vp->v_flags, VF_RECLAIM);
	} else {
		atomic_and(&vp->v_flags, ~(uint32_t)VF_TEXT);
		atomic_or(&vp->v_flags, VF_LRU);
		TAILQ_INSERT_TAIL(&vnode_lru, vp, v_lru);
		vnodes_unused++;
	}
	spin_unlock(&vnode_spin);
	if (gone)
		vnode_destroy(vp);
}

void
vnode_drop(struct vnode *vp)
{
	uint32_t refs = atomic_load(&vp->v_refs);

	while (refs > 1) {
		if (atomic_cmpset(&vp->v_refs, refs, refs - 1))
			return;
		refs = atomic_load(&vp->v_refs);
	}
	KASSERT(refs == 1, ("vnode_drop: %p has no users", vp));
	vnode_drop_last(vp);
}

/* --- drops from where sleeping is not allowed ------------------------------ */

/*
 * The caller's reference moves to the list; v_lru is free for that, because a
 * vnode with a reference is not on the list of unused ones.  A vnode is on it
 * once at most: only the owner of VF_MAPPED's reference comes here.
 */
void
vnode_drop_later(struct vnode *vp)
{
	uint32_t refs = atomic_load(&vp->v_refs);

	while (refs > 1) { /* not the last one: nothing can sleep */
		if (atomic_cmpset(&vp->v_refs, refs, refs - 1))
			return;
		refs = atomic_load(&vp->v_refs);
	}
	spin_lock(&vnode_spin);
	TAILQ_INSERT_TAIL(&vnode_later, vp, v_lru);
	spin_unlock(&vnode_spin);
	wakeup(&vnode_later);
}

/* Kernel thread: does the deferred drops. */
static void
vnode_later_thread(void *arg __unused)
{
	struct vnode *vp;

	spin_lock(&vnode_spin);
	for (;;) {
		if ((vp = TAILQ_FIRST(&vnode_later)) == NULL) {
			spin_sleep(&vnode_later, &vnode_spin, 0, "vnlater", 0);
			continue;
		}
		TAILQ_REMOVE(&vnode_later, vp, v_lru);
		vnode_later_busy = vp;
		spin_unlock(&vnode_spin);
		vnode_drop(vp);
		spin_lock(&vnode_spin);
		vnode_later_busy = NULL;
		wakeup(&vnode_later_busy);
	}
}

void
vnode_drain(void)
{
	spin_lock(&vnode_spin);
	while (!TAILQ_EMPTY(&vnode_later) || vnode_later_busy != NULL)
		spin_sleep(&vnode_later_busy, &vnode_spin, 0, "vndrain", 0);
	spin_unlock(&vnode_spin);
}

/* --- the limit -------------------------------------------------------------- */

int
vnode_reclaim_some(int n)
{
	struct vnode *vp;
	int done = 0;

	while (done < n) {
		spin_lock(&vnode_spin);
		if ((vp = TAILQ_FIRST(&vnode_lru)) == NULL) {
			spin_unlock(&vnode_spin);
			break;
		}
		TAILQ_REMOVE(&vnode_lru, vp, v_lru);
		vnodes_unused--;
		atomic_and(&vp->v_flags, ~(uint32_t)VF_LRU);
		atomic_or(&vp->v_flags, VF_RECLAIM);
		spin_unlock(&vnode_spin);
		vnode_destroy(vp);
		done++;
	}
	return (done);
}

/* Find an unused vnode of mp and claim it for reclaim, or NULL. */
static struct vnode *
vnode_claim_of_mount(struct mount *mp)
{
	struct vnode *vp;

	spin_lock(&mp->mnt_spin);
	spin_lock(&vnode_spin);
	TAILQ_FOREACH(vp, &mp->mnt_vnodes, v_mntlink) {
		if ((vp->v_flags & VF_LRU) == 0)
			continue;
		TAILQ_REMOVE(&vnode_lru, vp, v_lru);
		vnodes_unused--;
		atomic_and(&vp->v_flags, ~(uint32_t)VF_LRU);
		atomic_or(&vp->v_flags, VF_RECLAIM);
		break;
	}
	spin_unlock(&vnode_spin);
	spin_unlock(&mp->mnt_spin);
	return (vp);
}

/* Take all unused vnodes of mp apart; how many stay.  May sleep. */
int
vnode_flush_mount(struct mount *mp)
{
	struct vnode *vp;
	int left;

	while ((vp = vnode_claim_of_mount(mp)) != NULL)
		vnode_destroy(vp);
	spin_lock(&mp->mnt_spin);
	left = (int)mp->mnt_nvnodes;
	spin_unlock(&mp->mnt_spin);
	return (left);
}

/* The next vnode of mp after cur (NULL: the first), held; cur is dropped. */
static struct vnode *
vnode_next_of_mount(struct mount *mp, struct vnode *cur)
{
	struct vnode *vp;

	spin_lock(&mp->mnt_spin);
	vp = cur == NULL ? TAILQ_FIRST(&mp->mnt_vnodes)
			 : TAILQ_NEXT(cur, v_mntlink);
	while (vp != NULL && !vnode_hold_weak(vp))
		vp = TAILQ_NEXT(vp, v_mntlink);
	spin_unlock(&mp->mnt_spin);
	if (cur != NULL)
		vnode_drop(cur);
	return (vp);
}

/* Write back every cached page of mp.  Errors show at fsync.  May sleep. */
void
vnode_sync_mount(struct mount *mp)
{
	struct vnode *vp = NULL;

	while ((vp = vnode_next_of_mount(mp, vp)) != NULL) {
		if (vp->v_object != NULL &&
		    (vp->v_object->vo_flags & VOF_NORECLAIM) == 0)
			(void)vm_object_clean(vp->v_object, 0, UINT64_MAX);
	}
}

void
vnode_forget_names(struct vnode *vp)
{
	nc_purge_vnode(vp);
}

static int
maxvnodes_handler(const struct sysctl_entry *e, struct sysctl_req *req)
{
	int value = vnodes_max, error;

	if ((error = sysctl_out(req, &value, sizeof(value))) != 0 ||
	    req->sr_new == NULL)
		return (error);
	if ((error = sysctl_in(req, &value, sizeof(value))) != 0)
		return (error);
	if (value < 64)
		return (EINVAL);
	vnodes_max = value;
	if (vnodes_now > value) {
		nc_trim(vnodes_now);
		vnode_reclaim_some(vnodes_now - value);
	}
	return (0);
}
SYSCTL_PROC(maxvnodes, "kern.maxvnodes", CTL_INT, CTLF_RW, maxvnodes_handler,
    "vnodes above which the oldest unused ones are reclaimed");
SYSCTL_INT(
    numvnodes, "vfs.numvnodes", CTLF_RD, &vnodes_now, "vnodes in memory");
SYSCTL_INT(unusedvnodes, "vfs.unusedvnodes", CTLF_RD, &vnodes_unused,
    "cached vnodes without users");
SYSCTL_U64(vncreated, "vfs.vnodes_created", CTLF_RD, &vnodes_created,
    "vnodes ever created");
SYSCTL_U64(vnreclaimed, "vfs.vnodes_reclaimed", CTLF_RD, &vnodes_reclaimed,
    "vnodes taken apart");
SYSCTL_U64(vnhit, "vfs.vnodes_found", CTLF_RD, &vnodes_hit,
    "vnodes found in memory by identity");

/* --- start ------------------------------------------------------------------ */

static void
vnode_start(void)
{
	struct vm_stats st;
	uint64_t n = VNODE_HASH_MIN;

	vm_stats_get(&st);
	while (n < VNODE_HASH_MAX && n < st.vs_total / 8)
		n *= 2;
	vnode_hash =
	    kmalloc(n * sizeof(*vnode_hash), M_VNODE, M_WAITOK | M_ZERO);
	if (vnode_hash == NULL)
		panic("vnode: no memory for the hash");
	vnode_hash_mask = n - 1;
	vnodes_max = (int)MIN(MAX(st.vs_total / 4, 512), 200000);
	TAILQ_INIT(&vnode_lru);
	TAILQ_INIT(&vnode_later);
	vnode_zone = zone_create("vnode", sizeof(struct vnode), 64);
}
SYSINIT(vnode, SI_VFS, vnode_start);

static void
vnode_start_thread(void)
{
	struct thread *td;

	td = thread_create(vnode_later_thread, NULL, TDPRI_KERN, "vnlater");
	if (td == NULL)
		panic("vnode: no memory for the drop thread");
	thread_start(td, NULL);
}
SYSINIT(vnode_thread, SI_DRIVER, vnode_start_thread);

/* --- ddb --------------------------------------------------------------------- */

static void
vnode_print(const struct vnode *vp)
{
	static const char *const types[] = {
	    "non", "reg", "dir", "lnk", "chr", "blk", "fifo", "sock"};

	kprintf("%p %s refs %u flags %x ident %lu mount %p obj %p wc %d\n",
	    (const void *)vp, types[vp->v_type & 7], vp->v_refs, vp->v_flags,
	    vp->v_ident, (void *)vp->v_mount, (void *)vp->v_object,
	    vp->v_writecount);
}

static void
ddb_show_vnode(const char *arg)
{
	struct vnode vn;
	uint64_t addr;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((void *)(uintptr_t)addr, &vn, sizeof(vn))) {
		kprintf("show vnode ADDRESS\n");
		return;
	}
	vnode_print(&vn);
	if (vn.v_ops != NULL && vn.v_ops->vop_print != NULL)
		vn.v_ops->vop_print((struct vnode *)(uintptr_t)addr);
}
DDB_COMMAND(show_vnode, "show vnode", ddb_show_vnode, "one vnode by address");

static void
ddb_show_vnodes(const char *arg)
{
	const struct vnode *vp;
	int shown = 0;

	kprintf("vnodes %d, unused %d, limit %d\n", vnodes_now, vnodes_unused,
	    vnodes_max);
	for (uint64_t i = 0; i <= vnode_hash_mask && shown < 200; i++) {
		LIST_FOREACH(vp, &vnode_hash[i], v_hash) {
			if (vp->v_refs == 0)
				continue;
			kprintf("%p ", (const void *)vp);
			vnode_print(vp);
			shown++;
		}
	}
}
DDB_COMMAND(show_vnodes, "show vnodes", ddb_show_vnodes,
    "vnodes in use (the first 200)");
