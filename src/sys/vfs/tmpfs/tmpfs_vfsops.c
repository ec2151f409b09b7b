/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: a file system in memory.
 *
 * 1. A node is a file; it lives from its creation until it has neither names
 *    nor users, or the mount goes.  Its vnode comes and goes with use; the pages
 *    (a VM object, VOF_NORECLAIM: the only copy) are handed from the node to
 *    each vnode and back (tmpfs_attach_pages, tmpfs_reclaim).
 *
 * 2. Directories are hash tables of names with a stable order (tmpfs_dir.c).
 *
 * 3. Limits: size= bounds the pages of all files, nr_inodes= the nodes.  A page
 *    is charged before it exists, so ENOSPC comes exactly at the limit
 *    (tmpfs_file.c).
 *
 * 4. Invariants.  T1 tm_pages is the sum of tn_pages.  T2 tn_pages is at least
 *    the number of resident pages but for faults in progress.  T3 a node has an
 *    object of its own only while it has no vnode.  T4 a node without a vnode
 *    has tn_nlink > 0.
 *
 * 5. Locks: v_lock guards a node's contents; tm_vlock is held while a vnode is
 *    made; tn_spin (times, charge), then tm_spin (totals, node list).
 *    vop_reclaim takes the spin locks only, so vnodes may be reclaimed while
 *    tm_vlock is held.
 *
 * Options: size=BYTES[kmg%], nr_inodes=N[kmg], mode=OCTAL, uid=N, gid=N.
 */
#include "tmpfs_var.h"
#include <sys/ddb.h>
#include <sys/module.h>
#include <sys/thread.h>

MALLOC_DEFINE(M_TMPFS, "tmpfs", "names, links, attributes of tmpfs files");

static const char *const tmpfs_options[] = {
    "size", "nr_inodes", "mode", "uid", "gid", NULL};

/* What the options say. */
struct tmpfs_args {
	uint64_t ta_size, ta_nodes, ta_mode, ta_uid, ta_gid;
};

/* A missing option leaves the default.  0 or EINVAL. */
static int
option_number(const char *options, const char *key, int base,
    uint64_t percent_of, uint64_t *valuep)
{
	int error;

	error = vfs_option_u64(options, key, base, percent_of, valuep);
	return (error == ENOENT ? 0 : error);
}

static int
tmpfs_decode(const char *options, struct tmpfs_args *ta)
{
	struct vm_stats st;
	int error;

	vm_stats_get(&st);
	ta->ta_size = ptoa(st.vs_total / 2);
	ta->ta_nodes = MAX(st.vs_total / 2, 1024);
	ta->ta_mode = 01777;
	ta->ta_uid = ta->ta_gid = 0;
	if ((error = vfs_option_check(options, tmpfs_options)) != 0 ||
	    (error = option_number(
		 options, "size", 10, ptoa(st.vs_total), &ta->ta_size)) != 0 ||
	    (error = option_number(
		 options, "nr_inodes", 10, 0, &ta->ta_nodes)) != 0 ||
	    (error = option_number(options, "mode", 8, 0, &ta->ta_mode)) != 0 ||
	    (error = option_number(options, "uid", 10, 0, &ta->ta_uid)) != 0 ||
	    (error = option_number(options, "gid", 10, 0, &ta->ta_gid)) != 0)
		return (error);
	if (ta->ta_mode > 07777 || ta->ta_uid > UINT32_MAX ||
	    ta->ta_gid > UINT32_MAX)
		return (EINVAL);
	if (ta->ta_size == 0) /* no limit */
		ta->ta_size = UINT64_MAX - PAGE_SIZE;
	if (ta->ta_nodes == 0)
		ta->ta_nodes = UINT64_MAX;
	return (0);
}

static int
tmpfs_make_root(struct tmpfs_mount *tm, const struct tmpfs_args *ta)
{
	struct vattr va;
	int error;

	memset(&va, 0, sizeof(va));
	va.va_type = VDIR;
	va.va_mode = (mode_t)ta->ta_mode;
	va.va_uid = (uid_t)ta->ta_uid;
	va.va_gid = (gid_t)ta->ta_gid;
	va.va_atime = va.va_mtime = va.va_ctime = va.va_btime =
	    ns_to_ts(clock_real());
	if ((error = tmpfs_node_create(tm, &va, &tm->tm_root)) != 0)
		return (error);
	tm->tm_root->tn_nlink = 2;
	tm->tm_root->tn_dir.tdi_parent = tm->tm_root;
	return (0);
}

static int
tmpfs_mount(struct mount *mp, const char *from __unused, const char *options)
{
	struct tmpfs_mount *tm;
	struct tmpfs_args ta;
	int error;

	if ((error = tmpfs_decode(options, &ta)) != 0)
		return (error);
	if ((tm = kmalloc(sizeof(*tm), M_TMPFS, M_WAITOK | M_ZERO)) == NULL)
		return (ENOMEM);
	tm->tm_mount = mp;
	spin_init(&tm->tm_spin, "tmpfs mount");
	lock_init(&tm->tm_vlock, "tmpfs vnodes", 0);
	tm->tm_pages_max = atop(round_page(ta.ta_size));
	tm->tm_nodes_max = ta.ta_nodes;
	tm->tm_next_ino = 1;
	TAILQ_INIT(&tm->tm_list);
	if ((error = tmpfs_make_root(tm, &ta)) != 0) {
		lock_destroy(&tm->tm_vlock);
		kfree(tm, M_TMPFS);
		return (error);
	}
	mp->mnt_data = tm;
	return (0);
}

/* No vnode is left: free every node. */
static int
tmpfs_unmount(struct mount *mp, bool force __unused)
{
	struct tmpfs_mount *tm = MP_TO_TMPFS(mp);
	struct tmpfs_node *node;

	while ((node = TAILQ_FIRST(&tm->tm_list)) != NULL)
		tmpfs_node_destroy(node);
	KASSERT(tm->tm_pages == 0, ("tmpfs: %lu pages leaked", tm->tm_pages));
	lock_destroy(&tm->tm_vlock);
	kfree(tm, M_TMPFS);
	mp->mnt_data = NULL;
	return (0);
}

/* New limits, not below what is in use; the rest of the options is ignored. */
static int
tmpfs_remount(struct mount *mp, const char *options)
{
	struct tmpfs_mount *tm = MP_TO_TMPFS(mp);
	uint64_t pages, size, nodes = tm->tm_nodes_max;
	struct vm_stats st;
	int error;

	vm_stats_get(&st);
	size = ptoa(MIN(tm->tm_pages_max, atop(UINT64_MAX)));
	if ((error = vfs_option_check(options, tmpfs_options)) != 0 ||
	    (error = option_number(
		 options, "size", 10, ptoa(st.vs_total), &size)) != 0 ||
	    (error = option_number(options, "nr_inodes", 10, 0, &nodes)) != 0)
		return (error);
	pages = size == 0 ? atop(UINT64_MAX) : atop(round_page(size));
	if (nodes == 0)
		nodes = UINT64_MAX;
	spin_lock(&tm->tm_spin);
	if (pages < tm->tm_pages || nodes < tm->tm_nodes) {
		error = EINVAL;
	} else {
		tm->tm_pages_max = pages;
		tm->tm_nodes_max = nodes;
	}
	spin_unlock(&tm->tm_spin);
	return (error);
}

static int
tmpfs_root(struct mount *mp, struct vnode **vpp)
{
	return (tmpfs_vnode_get(mp, MP_TO_TMPFS(mp)->tm_root, vpp));
}

static int
tmpfs_statfs(struct mount *mp, struct statfs *sf)
{
	struct tmpfs_mount *tm = MP_TO_TMPFS(mp);

	sf->f_bsize = PAGE_SIZE;
	spin_lock(&tm->tm_spin);
	sf->f_blocks = tm->tm_pages_max;
	sf->f_bfree = sf->f_bavail = tm->tm_pages_max - tm->tm_pages;
	sf->f_files = tm->tm_nodes_max;
	sf->f_ffree = tm->tm_nodes_max - tm->tm_nodes;
	spin_unlock(&tm->tm_spin);
	return (0);
}

static const struct vfsops tmpfs_vfsops = {
    .vfs_name = "tmpfs",
    .vfs_options = tmpfs_options,
    .vfs_mount = tmpfs_mount,
    .vfs_unmount = tmpfs_unmount,
    .vfs_root = tmpfs_root,
    .vfs_statfs = tmpfs_statfs,
    .vfs_remount = tmpfs_remount,
    .vfs_fid = tmpfs_fid,
    .vfs_find_fid = tmpfs_find_fid,
};

static int
tmpfs_load(void)
{
	tmpfs_zone_start();
	vfs_register(&tmpfs_vfsops);
	return (0);
}

static const struct module tmpfs_module = {
    .mod_name = "tmpfs",
    .mod_class = "vfs",
    .mod_version = 1,
    .mod_load = tmpfs_load,
    .mod_desc = "file system in memory",
};
MODULE(tmpfs, tmpfs_module);

static void
ddb_show_tmpfs(const char *arg)
{
	static struct tmpfs_mount tm; /* too big for the stack */
	static struct mount mp;
	uint64_t addr;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((void *)(uintptr_t)addr, &mp, sizeof(mp)) ||
	    !ddb_read(mp.mnt_data, &tm, sizeof(tm))) {
		kprintf("show tmpfs MOUNT\n");
		return;
	}
	kprintf("pages %lu of %lu, nodes %lu of %lu, next inode %lu\n",
	    tm.tm_pages, tm.tm_pages_max, tm.tm_nodes, tm.tm_nodes_max,
	    tm.tm_next_ino);
}
DDB_COMMAND(show_tmpfs, "show tmpfs", ddb_show_tmpfs,
    "limits and use of a tmpfs mount");
