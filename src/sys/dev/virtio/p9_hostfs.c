/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's half of hostfs (contract: sys/hostfs.h) for a machine whose host
 * is a 9P server: the one with mount tag "share".
 *
 * 1. A node stands for one host inode below a root, told apart by its qid path
 *    and type; its address is the handle.  It has a fid that names it, and fids
 *    that are open for data when somebody read or wrote.
 *
 * 2. The server keeps a fid by path, not by inode.  What was renamed or replaced
 *    on the host shows another qid there, or nothing: the handle is stale.  Each
 *    lookup that finds a known inode leaves the node with the newest fid, so a
 *    node follows its file to where it was seen last.
 *
 * 3. A file that is removed while somebody has its handle lives on by its open
 *    fids: they are opened before the name goes.  By then the server does not
 *    tell its attributes any more, so the last ones are kept (pn_attr) and its
 *    size followed.  Its mode, owner and times cannot be changed then.
 *
 * 4. Nothing escapes: names are single components, and the server walks one
 *    component at a time and follows no link.
 *
 * Locking: nodes_lock (sleeping) guards the table and all of a node but pn_attr,
 * which pn_spin does.  It is not held during calls, nor allocated under.  A node
 * that a call works on is pinned: its fids stay while the call runs.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/queue.h>
#include <dev/virtio/virtio_9p.h>

#define P9_SHARE_TAG "share"
#define NODE_HASH    1024
#define O_DATA	     (P9_O_LARGEFILE | P9_O_NOFOLLOW)

MALLOC_DEFINE(M_P9NODE, "p9node", "inodes of the host that have handles");

struct p9_node {
	LIST_ENTRY(p9_node) pn_link; /* (n) */
	struct p9 *pn_p9;	     /* (c) */
	struct p9_node *pn_root;     /* (c) itself, if it is one */
	uint64_t pn_path;	     /* (c) of its qid */
	uint32_t pn_type;	     /* (c) enum hostfs_type */
	uint32_t pn_refs;	     /* (n) handles given out */
	uint32_t pn_pins;	     /* (n) */
	uint32_t pn_fid;	     /* (n) names it */
	uint32_t pn_rfid, pn_wfid;   /* (n) open; 0: none; may be the same */
	bool pn_writable;	     /* (c) of a root */
	bool pn_removed;	     /* (n) lives by its open fids only */
	struct spinlock pn_spin;
	struct hostfs_attr pn_attr; /* (pn_spin) as seen last */
};

LIST_HEAD(p9_node_list, p9_node);
LOCK_DEFINE(nodes_lock, "p9 nodes"); /* (n) */
static struct p9_node_list nodes[NODE_HASH];
static uint32_t nodes_count; /* (n) */

/* --- simple calls ------------------------------------------------------------------------ */

/* Numbers of fids are not used again, so nobody needs to wait for this. */
static void
clunk(struct p9 *p9, uint32_t fid)
{
	struct p9_call *pc;

	if (fid == 0)
		return;
	pc = p9_call_begin(p9, P9_TCLUNK, 0);
	p9_put32(&pc->pc_msg, fid);
	p9_call_forget(pc);
}

/* newfid becomes name in the directory fid; name NULL: fid itself. */
static int
walk(struct p9 *p9, uint32_t fid, uint32_t newfid, const char *name)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TWALK, 0);
	uint16_t n = name != NULL ? 1 : 0;
	int error;

	p9_put32(&pc->pc_msg, fid);
	p9_put32(&pc->pc_msg, newfid);
	p9_put16(&pc->pc_msg, n);
	if (name != NULL)
		p9_put_string(&pc->pc_msg, name);
	error = p9_call_run(pc);
	if (error == 0 && p9_get16(&pc->pc_msg) != n)
		error = ENOENT;
	return (p9_call_end(pc, error));
}

static int
get_attr(
    struct p9 *p9, uint32_t fid, struct p9_qid *qid, struct hostfs_attr *ha)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TGETATTR, 0);
	int error;

	p9_put32(&pc->pc_msg, fid);
	p9_put64(&pc->pc_msg, P9_GETATTR_BASIC);
	error = p9_call_run(pc);
	if (error == 0)
		p9_get_attr(&pc->pc_msg, qid, ha);
	return (p9_call_end(pc, error));
}

/* valid: P9_SET_ bits. */
static int
set_attr(
    struct p9 *p9, uint32_t fid, uint32_t valid, const struct hostfs_attr *ha)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TSETATTR, 0);
	struct p9_msg *pm = &pc->pc_msg;

	p9_put32(pm, fid);
	p9_put32(pm, valid);
	p9_put32(pm, ha->ha_mode & 07777);
	p9_put32(pm, (valid & P9_SET_UID) != 0 ? ha->ha_uid : UINT32_MAX);
	p9_put32(pm, (valid & P9_SET_GID) != 0 ? ha->ha_gid : UINT32_MAX);
	p9_put64(pm, ha->ha_size);
	p9_put64(pm, (uint64_t)ha->ha_atime.ht_sec);
	p9_put64(pm, (uint64_t)ha->ha_atime.ht_nsec);
	p9_put64(pm, (uint64_t)ha->ha_mtime.ht_sec);
	p9_put64(pm, (uint64_t)ha->ha_mtime.ht_nsec);
	return (p9_call_end(pc, p9_call_run(pc)));
}

/* *qid: what was opened. */
static int
lopen(struct p9 *p9, uint32_t fid, uint32_t flags, struct p9_qid *qid)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TLOPEN, 0);
	int error;

	p9_put32(&pc->pc_msg, fid);
	p9_put32(&pc->pc_msg, flags);
	if ((error = p9_call_run(pc)) == 0)
		*qid = p9_get_qid(&pc->pc_msg);
	return (p9_call_end(pc, error));
}

/* --- nodes ------------------------------------------------------------------------------------ */

static bool
name_ok(const char *name)
{
	return (name[0] != '\0' && strchr(name, '/') == NULL &&
	    strcmp(name, "..") != 0);
}

/* For what is made, removed or renamed. */
static bool
new_name_ok(const char *name)
{
	return (name_ok(name) && strcmp(name, ".") != 0);
}

static hostfs_handle_t
handle_of(const struct p9_node *pn)
{
	return ((hostfs_handle_t)(uintptr_t)pn);
}

static struct p9_node *
node_of(hostfs_handle_t h)
{
	return ((struct p9_node *)(uintptr_t)h);
}

static struct p9_node_list *
bucket(uint64_t path)
{
	return (&nodes[hash64(&path, sizeof(path), 0) % NODE_HASH]);
}

/* (nodes_lock) */
static struct p9_node *
node_find(const struct p9_node *root, uint64_t path, uint32_t type)
{
	struct p9_node *pn;

	LOCK_ASSERT_EXCL(&nodes_lock);
	LIST_FOREACH(pn, bucket(path), pn_link)
		if (pn->pn_path == path && pn->pn_type == type &&
		    pn->pn_root == root)
			break;
	return (pn);
}

/* With one reference, not in the table yet; NULL: no memory. */
static struct p9_node *
node_alloc(struct p9 *p9, struct p9_node *root, uint32_t fid,
    const struct p9_qid *qid, const struct hostfs_attr *ha)
{
	struct p9_node *pn = kmalloc(sizeof(*pn), M_P9NODE, M_WAITOK | M_ZERO);

	if (pn == NULL)
		return (NULL);
	pn->pn_p9 = p9;
	pn->pn_root = root != NULL ? root : pn;
	pn->pn_path = qid->pq_path;
	pn->pn_type = ha->ha_type;
	pn->pn_refs = 1;
	pn->pn_fid = fid;
	spin_init(&pn->pn_spin, "p9 node");
	pn->pn_attr = *ha;
	return (pn);
}

static void
node_insert(struct p9_node *pn)
{
	LOCK_ASSERT_EXCL(&nodes_lock);
	LIST_INSERT_HEAD(bucket(pn->pn_path), pn, pn_link);
	nodes_count++;
}

/* The handle is held by the caller; its fids stay until node_unpin. */
static struct p9_node *
node_pin(hostfs_handle_t h)
{
	struct p9_node *pn = node_of(h);

	lock_excl(&nodes_lock);
	KASSERT(pn->pn_refs > 0, ("p9: handle %p is not held", pn));
	pn->pn_pins++;
	lock_release(&nodes_lock);
	return (pn);
}

static void
node_unpin(struct p9_node *pn)
{
	lock_excl(&nodes_lock);
	pn->pn_pins--;
	lock_release(&nodes_lock);
}

/* For changes: EROFS, nothing pinned. */
static int
node_pin_write(hostfs_handle_t h, struct p9_node **pnp)
{
	if (!node_of(h)->pn_root->pn_writable)
		return (EROFS);
	*pnp = node_pin(h);
	return (0);
}

void
hostfs_host_release(hostfs_handle_t h)
{
	struct p9_node *pn = node_of(h);
	bool last;

	lock_excl(&nodes_lock);
	last = --pn->pn_refs == 0;
	if (last) {
		LIST_REMOVE(pn, pn_link);
		nodes_count--;
	}
	lock_release(&nodes_lock);
	if (!last)
		return;
	clunk(pn->pn_p9, pn->pn_rfid);
	if (pn->pn_wfid != pn->pn_rfid)
		clunk(pn->pn_p9, pn->pn_wfid);
	clunk(pn->pn_p9, pn->pn_fid);
	kfree(pn, M_P9NODE);
}

static void
note_attr(struct p9_node *pn, const struct hostfs_attr *ha)
{
	spin_lock(&pn->pn_spin);
	pn->pn_attr = *ha;
	spin_unlock(&pn->pn_spin);
}

/*
 * fid (consumed) shows *qid and *ha below root: the node of that, with one more
 * reference and fid, if that can be exchanged.  0, ENOMEM.
 */
static int
node_seen(struct p9_node *root, uint32_t fid, const struct p9_qid *qid,
    const struct hostfs_attr *ha, hostfs_handle_t *hp)
{
	struct p9 *p9 = root->pn_p9;
	struct p9_node *fresh = node_alloc(p9, root, fid, qid, ha), *pn;
	uint32_t spare = fid;

	if (fresh == NULL) {
		clunk(p9, fid);
		return (ENOMEM);
	}
	lock_excl(&nodes_lock);
	pn = node_find(root, qid->pq_path, ha->ha_type);
	if (pn == NULL) {
		node_insert(pn = fresh);
		fresh = NULL;
		spare = 0;
	} else {
		pn->pn_refs++;
		if (pn->pn_pins == 0) {
			spare = pn->pn_fid;
			pn->pn_fid = fid;
			pn->pn_removed = false;
		}
		note_attr(pn, ha);
	}
	lock_release(&nodes_lock);
	clunk(p9, spare);
	kfree(fresh, M_P9NODE);
	*hp = handle_of(pn);
	return (0);
}

/* --- attributes -------------------------------------------------------------------------------- */

/* (pinned) The last that was seen. */
static void
last_attr(struct p9_node *pn, struct hostfs_attr *ha)
{
	spin_lock(&pn->pn_spin);
	*ha = pn->pn_attr;
	spin_unlock(&pn->pn_spin);
}

/* (pinned) 0, ESTALE, EIO. */
static int
node_getattr(struct p9_node *pn, struct hostfs_attr *ha)
{
	struct p9_qid qid;
	int error = get_attr(pn->pn_p9, pn->pn_fid, &qid, ha);
	bool other = error == 0 &&
	    (qid.pq_path != pn->pn_path || ha->ha_type != pn->pn_type);

	if (error == 0 && !other) {
		note_attr(pn, ha);
		return (0);
	}
	if (!other && error != ENOENT && error != ENOTDIR && error != ELOOP)
		return (error);
	if (!pn->pn_removed)
		return (ESTALE);
	last_attr(pn, ha);
	ha->ha_nlink = 0;
	return (0);
}

int
hostfs_host_getattr(hostfs_handle_t h, struct hostfs_attr *ha)
{
	struct p9_node *pn = node_pin(h);
	int error = node_getattr(pn, ha);

	node_unpin(pn);
	return (error);
}

/* (pinned) Parts that a server may not do in the order that we mean. */
static int
node_setattr(struct p9_node *pn, const struct hostfs_attr *ha)
{
	static const struct {
		uint32_t mask, valid;
	} steps[] = {
	    {HOSTFS_SET_SIZE, P9_SET_SIZE},
	    {HOSTFS_SET_UID, P9_SET_UID},
	    {HOSTFS_SET_GID, P9_SET_GID},
	    {HOSTFS_SET_MODE, P9_SET_MODE},
	    {HOSTFS_SET_ATIME, P9_SET_ATIME | P9_SET_ATIME_TO},
	    {HOSTFS_SET_MTIME, P9_SET_MTIME | P9_SET_MTIME_TO},
	};
	int error = 0;

	for (size_t i = 0; i < nitems(steps) && error == 0; i++)
		if ((ha->ha_mask & steps[i].mask) != 0)
			error =
			    set_attr(pn->pn_p9, pn->pn_fid, steps[i].valid, ha);
	return (error);
}

int
hostfs_host_setattr(hostfs_handle_t h, const struct hostfs_attr *ha)
{
	struct hostfs_attr now;
	struct p9_node *pn;
	int error;

	if ((error = node_pin_write(h, &pn)) != 0)
		return (error);
	/* The fid's path must still be this file's. */
	error = pn->pn_removed ? ESTALE : node_getattr(pn, &now);
	if (error == 0)
		error = node_setattr(pn, ha);
	node_unpin(pn);
	return (error);
}

int
hostfs_host_statfs(hostfs_handle_t h, struct hostfs_statfs *hs)
{
	struct p9_node *pn = node_pin(h);
	struct p9_call *pc = p9_call_begin(pn->pn_p9, P9_TSTATFS, 0);
	int error;

	p9_put32(&pc->pc_msg, pn->pn_fid);
	error = p9_call_run(pc);
	if (error == 0)
		p9_get_statfs(&pc->pc_msg, hs);
	error = p9_call_end(pc, error);
	node_unpin(pn);
	return (error);
}

/* --- mounts and lookup ------------------------------------------------------------------------- */

static int
attach_root(struct p9 *p9, uint32_t fid)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TATTACH, 0);

	p9_put32(&pc->pc_msg, fid);
	p9_put32(&pc->pc_msg, P9_NOFID);
	p9_put_string(&pc->pc_msg, "");
	p9_put_string(&pc->pc_msg, "");
	p9_put32(&pc->pc_msg, 0);
	return (p9_call_end(pc, p9_call_run(pc)));
}

/* fid goes down along path, one component at a time, in place. */
static int
walk_path(struct p9 *p9, uint32_t fid, const char *path)
{
	char name[NAME_MAX + 1];
	int error = 0;

	while (error == 0) {
		size_t len = 0;

		while (*path == '/')
			path++;
		while (path[len] != '\0' && path[len] != '/')
			len++;
		if (len == 0)
			return (0);
		if (len > NAME_MAX)
			return (ENAMETOOLONG);
		memcpy(name, path, len);
		name[len] = '\0';
		error = name_ok(name) ? walk(p9, fid, fid, name) : EXDEV;
		path += len;
	}
	return (error);
}

/* fid stands at the new root.  0, ENOTDIR, EROFS, ENOMEM, ... */
static int
root_make(struct p9 *p9, uint32_t fid, bool writable, hostfs_handle_t *rootp,
    struct hostfs_attr *ha)
{
	struct p9_node *pn;
	struct p9_qid qid;
	int error = get_attr(p9, fid, &qid, ha);

	if (error == 0 && ha->ha_type != HOSTFS_DIR)
		error = ENOTDIR;
	/* A change of nothing tells whether there can be any. */
	if (error == 0 && writable)
		error = set_attr(p9, fid, 0, ha);
	if (error != 0)
		return (error);
	if ((pn = node_alloc(p9, NULL, fid, &qid, ha)) == NULL)
		return (ENOMEM);
	pn->pn_writable = writable;
	lock_excl(&nodes_lock);
	node_insert(pn);
	lock_release(&nodes_lock);
	*rootp = handle_of(pn);
	return (0);
}

int
hostfs_host_mount(const char *path, int writable, hostfs_handle_t *rootp,
    struct hostfs_attr *ha)
{
	const char *share = boot_option("share");
	struct p9 *p9;
	uint32_t fid;
	int error;

	if (p9_find(P9_SHARE_TAG, &p9) != 0)
		return (ENXIO);
	if (writable && share != NULL && strcmp(share, "ro") == 0)
		return (EROFS);
	fid = p9_fid_new(p9);
	if ((error = attach_root(p9, fid)) != 0)
		return (error);
	error = walk_path(p9, fid, path);
	if (error == 0)
		error = root_make(p9, fid, writable != 0, rootp, ha);
	if (error != 0)
		clunk(p9, fid);
	return (error);
}

void
hostfs_host_unmount(hostfs_handle_t root)
{
	hostfs_host_release(root);
}

/* (pinned) What is name in dir: a reference and its attributes. */
static int
lookup_pinned(struct p9_node *dir, const char *name, hostfs_handle_t *hp,
    struct hostfs_attr *ha)
{
	struct p9 *p9 = dir->pn_p9;
	uint32_t fid = p9_fid_new(p9);
	struct p9_qid qid;
	int error;

	if ((error = walk(p9, dir->pn_fid, fid, name)) != 0)
		return (error);
	if ((error = get_attr(p9, fid, &qid, ha)) != 0) {
		clunk(p9, fid);
		return (error);
	}
	return (node_seen(dir->pn_root, fid, &qid, ha, hp));
}

static int
lookup_self(struct p9_node *dir, hostfs_handle_t *hp, struct hostfs_attr *ha)
{
	int error = node_getattr(dir, ha);

	if (error != 0)
		return (error);
	lock_excl(&nodes_lock);
	dir->pn_refs++;
	lock_release(&nodes_lock);
	*hp = handle_of(dir);
	return (0);
}

int
hostfs_host_lookup(hostfs_handle_t dir, const char *name, hostfs_handle_t *hp,
    struct hostfs_attr *ha)
{
	struct p9_node *d;
	int error;

	if (!name_ok(name))
		return (EINVAL);
	d = node_pin(dir);
	if (d->pn_type != HOSTFS_DIR)
		error = ENOTDIR;
	else if (strcmp(name, ".") == 0)
		error = lookup_self(d, hp, ha);
	else
		error = lookup_pinned(d, name, hp, ha);
	node_unpin(d);
	return (error);
}

/* --- data ------------------------------------------------------------------------------------------ */

/* A fid on what pn is, opened with flags.  0, ESTALE, EACCES, ... */
static int
open_fid(struct p9_node *pn, uint32_t flags, uint32_t *fidp)
{
	struct p9 *p9 = pn->pn_p9;
	uint32_t fid = p9_fid_new(p9);
	struct p9_qid qid;
	int error;

	if ((error = walk(p9, pn->pn_fid, fid, NULL)) == 0) {
		error = lopen(p9, fid, flags, &qid);
		if (error == 0 && qid.pq_path != pn->pn_path)
			error = ESTALE;
		if (error != 0)
			clunk(p9, fid);
	}
	if (error == ENOENT || error == ENOTDIR || error == ELOOP)
		error = ESTALE;
	*fidp = fid;
	return (error);
}

/* (pinned) fid is open for reading and writing: for data, if none is yet. */
static void
data_fid_keep(struct p9_node *pn, uint32_t fid)
{
	lock_excl(&nodes_lock);
	if (pn->pn_rfid == 0 && pn->pn_wfid == 0) {
		atomic_store(&pn->pn_rfid, fid);
		atomic_store(&pn->pn_wfid, fid);
		fid = 0;
	}
	lock_release(&nodes_lock);
	clunk(pn->pn_p9, fid);
}

/* (pinned) The fid for data: opened now, if it was not. */
static int
data_fid(struct p9_node *pn, bool write, uint32_t *fidp)
{
	uint32_t *slot = write ? &pn->pn_wfid : &pn->pn_rfid, fid = 0;
	int error;

	if (pn->pn_type != HOSTFS_REG)
		return (pn->pn_type == HOSTFS_DIR ? EISDIR : ENXIO);
	if ((*fidp = atomic_load(slot)) != 0)
		return (0);
	error =
	    open_fid(pn, O_DATA | (write ? P9_O_WRONLY : P9_O_RDONLY), &fid);
	if (error != 0)
		return (error);
	lock_excl(&nodes_lock);
	if (*slot == 0) { /* nobody was faster */
		atomic_store(slot, fid);
		fid = 0;
	}
	*fidp = *slot;
	lock_release(&nodes_lock);
	clunk(pn->pn_p9, fid);
	return (0);
}

int
hostfs_host_open(hostfs_handle_t h, int write)
{
	struct p9_node *pn;
	uint32_t fid;
	int error = 0;

	if (write)
		error = node_pin_write(h, &pn);
	else
		pn = node_pin(h);
	if (error != 0)
		return (error);
	error = data_fid(pn, write != 0, &fid);
	node_unpin(pn);
	return (error);
}

/* At most P9_CHUNK bytes; *donep is 0 at the end of the file. */
static int
read_chunk(struct p9 *p9, uint32_t fid, uint64_t off, void *buf, uint32_t len,
    size_t *donep)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TREAD, P9_BIG_ANSWER);
	const uint8_t *data;
	int error;

	p9_put32(&pc->pc_msg, fid);
	p9_put64(&pc->pc_msg, off);
	p9_put32(&pc->pc_msg, len);
	*donep = 0;
	if ((error = p9_call_run(pc)) == 0) {
		uint32_t n = p9_get32(&pc->pc_msg);

		data = p9_get_bytes(&pc->pc_msg, n);
		if (n > len)
			pc->pc_msg.pm_bad = true;
		else if (data != NULL)
			memcpy(buf, data, *donep = n);
	}
	return (p9_call_end(pc, error));
}

int
hostfs_host_read(
    hostfs_handle_t h, uint64_t off, void *buf, size_t len, size_t *donep)
{
	struct p9_node *pn = node_pin(h);
	size_t got = 1;
	uint32_t fid = 0;
	int error = data_fid(pn, false, &fid);

	*donep = 0;
	while (error == 0 && *donep < len && got != 0) {
		error = read_chunk(pn->pn_p9, fid, off + *donep,
		    (uint8_t *)buf + *donep,
		    (uint32_t)MIN(len - *donep, (size_t)P9_CHUNK), &got);
		if (error == 0)
			*donep += got;
	}
	node_unpin(pn);
	return (error);
}

static int
write_chunk(struct p9 *p9, uint32_t fid, uint64_t off, const void *buf,
    uint32_t len, size_t *donep)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TWRITE, 0);
	int error;

	p9_put32(&pc->pc_msg, fid);
	p9_put64(&pc->pc_msg, off);
	p9_put32(&pc->pc_msg, len);
	p9_put_bytes(&pc->pc_msg, buf, len);
	if ((error = p9_call_run(pc)) == 0) {
		*donep = p9_get32(&pc->pc_msg);
		if (*donep > len)
			pc->pc_msg.pm_bad = true;
	}
	return (p9_call_end(pc, error));
}

/* A removed file's size is known by us alone. */
static void
note_written(struct p9_node *pn, uint64_t end)
{
	spin_lock(&pn->pn_spin);
	if (end > pn->pn_attr.ha_size)
		pn->pn_attr.ha_size = end;
	spin_unlock(&pn->pn_spin);
}

int
hostfs_host_write(
    hostfs_handle_t h, uint64_t off, const void *buf, size_t len, size_t *donep)
{
	struct p9_node *pn;
	uint32_t fid = 0;
	int error;

	*donep = 0;
	if ((error = node_pin_write(h, &pn)) != 0)
		return (error);
	error = data_fid(pn, true, &fid);
	if (error == 0)
		error = write_chunk(pn->pn_p9, fid, off, buf,
		    (uint32_t)MIN(len, (size_t)P9_CHUNK), donep);
	if (error == 0)
		note_written(pn, off + *donep);
	node_unpin(pn);
	return (error);
}

int
hostfs_host_sync(hostfs_handle_t h, int data_only)
{
	struct p9_node *pn = node_pin(h);
	struct p9_call *pc;
	uint32_t fid = atomic_load(&pn->pn_wfid);
	int error = 0;

	if (fid == 0)
		error = data_fid(pn, false, &fid);
	if (error == 0) {
		pc = p9_call_begin(pn->pn_p9, P9_TFSYNC, 0);
		p9_put32(&pc->pc_msg, fid);
		p9_put32(&pc->pc_msg, data_only ? 1 : 0);
		error = p9_call_end(pc, p9_call_run(pc));
	}
	node_unpin(pn);
	return (error);
}

int
hostfs_host_readlink(hostfs_handle_t h, char *buf, size_t size, size_t *lenp)
{
	struct p9_node *pn = node_pin(h);
	struct p9_call *pc =
	    p9_call_begin(pn->pn_p9, P9_TREADLINK, P9_BIG_ANSWER);
	const char *text;
	size_t len;
	int error;

	p9_put32(&pc->pc_msg, pn->pn_fid);
	if ((error = p9_call_run(pc)) == 0) {
		text = p9_get_string(&pc->pc_msg, &len);
		*lenp = text != NULL ? MIN(len, size) : 0;
		if (text != NULL)
			memcpy(buf, text, *lenp);
	}
	error = p9_call_end(pc, error);
	node_unpin(pn);
	return (error);
}

/* --- directories --------------------------------------------------------------------------------------- */

static int
read_entries(struct p9 *p9, uint32_t fid, uint64_t cookie, void *buf,
    size_t size, size_t *donep)
{
	struct p9_call *pc = p9_call_begin(p9, P9_TREADDIR, P9_BIG_ANSWER);
	int error;

	p9_put32(&pc->pc_msg, fid);
	p9_put64(&pc->pc_msg, cookie);
	p9_put32(&pc->pc_msg, (uint32_t)MIN(size, (size_t)P9_CHUNK));
	if ((error = p9_call_run(pc)) == 0)
		*donep = p9_get_dirents(&pc->pc_msg, buf, size);
	return (p9_call_end(pc, error));
}

/*
 * (pinned) A directory's open fid is kept in pn_rfid from one call to the next,
 * and taken out by the call that uses it.
 */
static int
dir_fid_take(struct p9_node *pn, uint32_t *fidp)
{
	lock_excl(&nodes_lock);
	*fidp = pn->pn_rfid;
	pn->pn_rfid = 0;
	lock_release(&nodes_lock);
	if (*fidp != 0)
		return (0);
	return (open_fid(pn, P9_O_RDONLY | P9_O_DIRECTORY | O_DATA, fidp));
}

static void
dir_fid_give(struct p9_node *pn, uint32_t fid, bool keep)
{
	if (keep) {
		lock_excl(&nodes_lock);
		if (pn->pn_rfid == 0) {
			pn->pn_rfid = fid;
			fid = 0;
		}
		lock_release(&nodes_lock);
	}
	clunk(pn->pn_p9, fid);
}

int
hostfs_host_readdir(
    hostfs_handle_t dir, uint64_t cookie, void *buf, size_t size, size_t *donep)
{
	struct p9_node *pn = node_pin(dir);
	uint32_t fid;
	int error;

	*donep = 0;
	if (pn->pn_type != HOSTFS_DIR)
		error = ENOTDIR;
	else if (pn->pn_removed)
		error = 0; /* empty */
	else if ((error = dir_fid_take(pn, &fid)) == 0) {
		error = read_entries(pn->pn_p9, fid, cookie, buf, size, donep);
		dir_fid_give(pn, fid, error == 0 && *donep > 0);
	}
	node_unpin(pn);
	return (error);
}

/* --- changes of names ------------------------------------------------------------------------------------ */

/* *fidp: open for reading and writing on the new file, which has *qid. */
static int
create_file(struct p9_node *d, const char *name, uint32_t mode, uint32_t *fidp,
    struct p9_qid *qid)
{
	struct p9 *p9 = d->pn_p9;
	uint32_t fid = p9_fid_new(p9);
	struct p9_call *pc;
	int error;

	if ((error = walk(p9, d->pn_fid, fid, NULL)) != 0)
		return (error);
	pc = p9_call_begin(p9, P9_TLCREATE, 0);
	p9_put32(&pc->pc_msg, fid);
	p9_put_string(&pc->pc_msg, name);
	p9_put32(&pc->pc_msg, O_DATA | P9_O_RDWR | P9_O_CREAT | P9_O_EXCL);
	p9_put32(&pc->pc_msg, mode & 07777);
	p9_put32(&pc->pc_msg, 0);
	if ((error = p9_call_run(pc)) == 0)
		*qid = p9_get_qid(&pc->pc_msg);
	if ((error = p9_call_end(pc, error)) != 0)
		clunk(p9, fid);
	*fidp = error == 0 ? fid : 0;
	return (error);
}

static int
create_dir(struct p9_node *d, const char *name, uint32_t mode)
{
	struct p9_call *pc = p9_call_begin(d->pn_p9, P9_TMKDIR, 0);

	p9_put32(&pc->pc_msg, d->pn_fid);
	p9_put_string(&pc->pc_msg, name);
	p9_put32(&pc->pc_msg, mode & 07777);
	p9_put32(&pc->pc_msg, 0);
	return (p9_call_end(pc, p9_call_run(pc)));
}

/* fid is open on the inode qid: for the data of h, if that is it. */
static void
keep_open_fid(hostfs_handle_t h, uint32_t fid, const struct p9_qid *qid)
{
	struct p9_node *pn = node_pin(h);

	if (qid->pq_path == pn->pn_path)
		data_fid_keep(pn, fid);
	else
		clunk(pn->pn_p9, fid);
	node_unpin(pn);
}

int
hostfs_host_create(hostfs_handle_t dir, const char *name, uint32_t type,
    uint32_t mode, hostfs_handle_t *hp, struct hostfs_attr *ha)
{
	struct hostfs_attr set = {.ha_mask = HOSTFS_SET_MODE, .ha_mode = mode};
	struct p9_qid qid = {0};
	struct p9_node *d;
	uint32_t fid = 0;
	int error;

	if (!new_name_ok(name))
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	error = type == HOSTFS_DIR ? create_dir(d, name, mode)
				   : create_file(d, name, mode, &fid, &qid);
	if (error == 0) {
		error = lookup_pinned(d, name, hp, ha);
		if (error == 0 && fid != 0)
			keep_open_fid(*hp, fid, &qid);
		else
			clunk(d->pn_p9, fid);
		if (error == 0 && ha->ha_mode != (mode & 07777)) {
			(void)hostfs_host_setattr(*hp, &set);
			(void)hostfs_host_getattr(*hp, ha);
		}
	}
	node_unpin(d);
	return (error);
}

int
hostfs_host_symlink(hostfs_handle_t dir, const char *name, const char *target,
    hostfs_handle_t *hp, struct hostfs_attr *ha)
{
	struct p9_call *pc;
	struct p9_node *d;
	int error;

	if (!new_name_ok(name))
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	pc = p9_call_begin(d->pn_p9, P9_TSYMLINK, 0);
	p9_put32(&pc->pc_msg, d->pn_fid);
	p9_put_string(&pc->pc_msg, name);
	p9_put_string(&pc->pc_msg, target);
	p9_put32(&pc->pc_msg, 0);
	error = p9_call_end(pc, p9_call_run(pc));
	if (error == 0)
		error = lookup_pinned(d, name, hp, ha);
	node_unpin(d);
	return (error);
}

int
hostfs_host_link(hostfs_handle_t dir, const char *name, hostfs_handle_t h)
{
	struct p9_node *d, *pn;
	struct hostfs_attr ha;
	struct p9_call *pc;
	int error;

	if (!new_name_ok(name))
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	pn = node_pin(h);
	error = pn->pn_removed ? ENOENT : node_getattr(pn, &ha);
	if (error == 0) {
		pc = p9_call_begin(d->pn_p9, P9_TLINK, 0);
		p9_put32(&pc->pc_msg, d->pn_fid);
		p9_put32(&pc->pc_msg, pn->pn_fid);
		p9_put_string(&pc->pc_msg, name);
		error = p9_call_end(pc, p9_call_run(pc));
	}
	node_unpin(pn);
	node_unpin(d);
	return (error);
}

/* (pinned) A name of pn is about to go: what lives on must be open by then. */
static void
before_removal(struct p9_node *pn)
{
	uint32_t fid = 0;
	bool write = pn->pn_root->pn_writable;

	if (pn->pn_type != HOSTFS_REG)
		return;
	/* Both at once, if it can be. */
	if (write && atomic_load(&pn->pn_rfid) == 0 &&
	    atomic_load(&pn->pn_wfid) == 0 &&
	    open_fid(pn, O_DATA | P9_O_RDWR, &fid) == 0) {
		data_fid_keep(pn, fid);
		return;
	}
	(void)data_fid(pn, false, &fid);
	if (write)
		(void)data_fid(pn, true, &fid);
}

/* (pinned) A name of pn went.  Was it the one that we know it by? */
static void
after_removal(struct p9_node *pn)
{
	struct hostfs_attr ha;
	struct p9_qid qid;

	last_attr(pn, &ha);
	if (pn->pn_type != HOSTFS_DIR && ha.ha_nlink > 1 &&
	    get_attr(pn->pn_p9, pn->pn_fid, &qid, &ha) == 0 &&
	    qid.pq_path == pn->pn_path)
		return;
	lock_excl(&nodes_lock);
	pn->pn_removed = true;
	lock_release(&nodes_lock);
}

static int
unlink_at(struct p9_node *d, const char *name, bool is_dir)
{
	struct p9_call *pc = p9_call_begin(d->pn_p9, P9_TUNLINKAT, 0);

	p9_put32(&pc->pc_msg, d->pn_fid);
	p9_put_string(&pc->pc_msg, name);
	p9_put32(&pc->pc_msg, is_dir ? P9_AT_REMOVEDIR : 0);
	return (p9_call_end(pc, p9_call_run(pc)));
}

int
hostfs_host_remove(
    hostfs_handle_t dir, const char *name, int is_dir, hostfs_handle_t h)
{
	struct p9_node *d, *pn;
	int error;

	if (!new_name_ok(name))
		return (EINVAL);
	if ((error = node_pin_write(dir, &d)) != 0)
		return (error);
	pn = node_pin(h);
	before_removal(pn);
	error = unlink_at(d, name, is_dir != 0);
	if (error == 0)
		after_removal(pn);
	node_unpin(pn);
	node_unpin(d);
	return (error);
}

static int
rename_at(
    struct p9_node *f, const char *fname, struct p9_node *t, const char *tname)
{
	struct p9_call *pc = p9_call_begin(f->pn_p9, P9_TRENAMEAT, 0);

	p9_put32(&pc->pc_msg, f->pn_fid);
	p9_put_string(&pc->pc_msg, fname);
	p9_put32(&pc->pc_msg, t->pn_fid);
	p9_put_string(&pc->pc_msg, tname);
	return (p9_call_end(pc, p9_call_run(pc)));
}

/* (pinned) The server moves the fids of what it renames. */
static int
rename_pinned(struct p9_node *f, const char *fname, struct p9_node *t,
    const char *tname, bool replace)
{
	struct p9_node *victim = NULL;
	struct hostfs_attr ha;
	hostfs_handle_t h = 0;
	int error = lookup_pinned(t, tname, &h, &ha);

	if (error == 0 && !replace)
		error = EEXIST;
	else if (error == 0)
		before_removal(victim = node_pin(h));
	else if (error == ENOENT)
		error = 0;
	if (error == 0)
		error = rename_at(f, fname, t, tname);
	if (victim != NULL) {
		if (error == 0)
			after_removal(victim);
		node_unpin(victim);
	}
	if (h != 0)
		hostfs_host_release(h);
	return (error);
}

/* The protocol has no flags: NOREPLACE looks first, EXCHANGE cannot be. */
int
hostfs_host_rename(hostfs_handle_t fdir, const char *fname,
    hostfs_handle_t tdir, const char *tname, int flags)
{
	struct p9_node *f, *t;
	int error;

	if (!new_name_ok(fname) || !new_name_ok(tname) ||
	    (flags & HOSTFS_RENAME_EXCHANGE) != 0)
		return (EINVAL);
	if ((error = node_pin_write(fdir, &f)) != 0)
		return (error);
	t = node_pin(tdir);
	error = rename_pinned(
	    f, fname, t, tname, (flags & HOSTFS_RENAME_NOREPLACE) == 0);
	node_unpin(t);
	node_unpin(f);
	return (error);
}

/* --- debugger ----------------------------------------------------------------------------------------------- */

static void
p9_ddb_show(const char *arg)
{
	const struct p9_node *pn;

	kprintf("%u nodes\n", nodes_count);
	for (unsigned i = 0; i < NODE_HASH; i++)
		LIST_FOREACH(pn, &nodes[i], pn_link)
			kprintf("%p path %#lx type %u refs %u pins %u fids %u "
				"%u %u%s%s\n",
			    (const void *)pn, pn->pn_path, pn->pn_type,
			    pn->pn_refs, pn->pn_pins, pn->pn_fid, pn->pn_rfid,
			    pn->pn_wfid, pn->pn_root == pn ? " root" : "",
			    pn->pn_removed ? " removed" : "");
}
DDB_COMMAND(p9nodes, "show p9nodes", p9_ddb_show,
    "inodes of the host that hostfs has handles of");
