/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: directories as tables of names.
 *
 * A name is found through a hash table that doubles as names come; it stops at
 * a size where the table is still one moderate allocation, and a table that
 * cannot grow is only slower.  readdir's order is a radix tree by cookie: a new
 * name gets the next cookie, a renamed one in the same directory keeps its own.
 * So a reader that goes on from a cookie misses nothing that stayed and sees
 * nothing twice, whatever was added or removed meanwhile.
 *
 * All of it is guarded by the directory's v_lock.
 */
#include "tmpfs_var.h"

#define DIR_BUCKETS_MIN 16
#define DIR_BUCKETS_MAX (1u << 17) /* 1 MiB */

static uint64_t
name_sum(const char *name, size_t len)
{
	uint64_t h = hash64(name, len, 0);

	return (h ^ h >> 32);
}

struct tmpfs_dirent *
tmpfs_dir_find(struct tmpfs_node *dir, const char *name, size_t len)
{
	struct tmpfs_dir *d = &dir->tn_dir;
	uint64_t sum = name_sum(name, len);
	struct tmpfs_dirent *de;

	if (d->tdi_table == NULL)
		return (NULL);
	LIST_FOREACH(de, &d->tdi_table[sum & d->tdi_mask], td_hash) {
		if (de->td_sum == sum && de->td_len == len &&
		    memcmp(de->td_name, name, len) == 0)
			return (de);
	}
	return (NULL);
}

/* NULL: ENOMEM. */
struct tmpfs_dirent *
tmpfs_dirent_alloc(const char *name, size_t len)
{
	struct tmpfs_dirent *de;

	if ((de = kmalloc(sizeof(*de) + len, M_TMPFS, M_WAITOK)) == NULL)
		return (NULL);
	de->td_node = NULL;
	de->td_sum = name_sum(name, len);
	de->td_len = (uint16_t)len;
	memcpy(de->td_name, name, len);
	return (de);
}

void
tmpfs_dirent_free(struct tmpfs_dirent *de)
{
	kfree(de, M_TMPFS);
}

/* A table of n buckets with the old one's names.  False: no memory. */
static bool
dir_rehash(struct tmpfs_dir *d, uint64_t n)
{
	struct tmpfs_bucket *table;
	struct tmpfs_dirent *de;

	table = kmalloc(n * sizeof(*table), M_TMPFS, M_WAITOK | M_ZERO);
	if (table == NULL)
		return (false);
	for (uint64_t i = 0; d->tdi_table != NULL && i <= d->tdi_mask; i++) {
		while ((de = LIST_FIRST(&d->tdi_table[i])) != NULL) {
			LIST_REMOVE(de, td_hash);
			LIST_INSERT_HEAD(
			    &table[de->td_sum & (n - 1)], de, td_hash);
		}
	}
	kfree(d->tdi_table, M_TMPFS);
	d->tdi_table = table;
	d->tdi_mask = n - 1;
	return (true);
}

/* Room for one more name.  0, or ENOMEM if there is no table at all. */
static int
dir_make_room(struct tmpfs_dir *d)
{
	if (d->tdi_table == NULL)
		return (dir_rehash(d, DIR_BUCKETS_MIN) ? 0 : ENOMEM);
	if (d->tdi_count > d->tdi_mask && d->tdi_mask + 1 < DIR_BUCKETS_MAX)
		(void)dir_rehash(d, (d->tdi_mask + 1) * 2);
	return (0);
}

/* Put the name into both orders with the cookie it has.  0 or ENOMEM. */
static int
dir_link(struct tmpfs_dir *d, struct tmpfs_dirent *de)
{
	int error;

	if ((error = dir_make_room(d)) != 0 ||
	    (error = radix_set(&d->tdi_order, de->td_cookie, de)) != 0)
		return (error);
	LIST_INSERT_HEAD(&d->tdi_table[de->td_sum & d->tdi_mask], de, td_hash);
	d->tdi_count++;
	return (0);
}

/* Enter de as a name of node.  Link counts are the caller's.  0 or ENOMEM. */
int
tmpfs_dir_insert(
    struct tmpfs_node *dir, struct tmpfs_dirent *de, struct tmpfs_node *node)
{
	struct tmpfs_dir *d = &dir->tn_dir;
	int error;

	de->td_node = node;
	de->td_cookie = d->tdi_next;
	if ((error = dir_link(d, de)) != 0)
		return (error);
	d->tdi_next++;
	dir->tn_size = (d->tdi_count + 2) * TMPFS_DIRENT_BYTES;
	return (0);
}

/* Take de out; it stays allocated. */
void
tmpfs_dir_remove(struct tmpfs_node *dir, struct tmpfs_dirent *de)
{
	struct tmpfs_dir *d = &dir->tn_dir;

	LIST_REMOVE(de, td_hash);
	(void)radix_remove(&d->tdi_order, de->td_cookie);
	d->tdi_count--;
	dir->tn_size = (d->tdi_count + 2) * TMPFS_DIRENT_BYTES;
	if (d->tdi_count == 0) {
		kfree(d->tdi_table, M_TMPFS);
		d->tdi_table = NULL;
		d->tdi_mask = 0;
	}
}

/*
 * new takes old's node and place in the order (a rename in one directory).  Old
 * stays allocated.  Setting an index that is set already needs no memory.
 */
int
tmpfs_dir_replace(
    struct tmpfs_node *dir, struct tmpfs_dirent *old, struct tmpfs_dirent *new)
{
	struct tmpfs_dir *d = &dir->tn_dir;
	int error;

	new->td_node = old->td_node;
	new->td_cookie = old->td_cookie;
	if ((error = radix_set(&d->tdi_order, new->td_cookie, new)) != 0)
		return (error);
	LIST_REMOVE(old, td_hash);
	LIST_INSERT_HEAD(
	    &d->tdi_table[new->td_sum & d->tdi_mask], new, td_hash);
	return (0);
}

/* Free all names of a directory that goes with its mount. */
void
tmpfs_dir_clear(struct tmpfs_node *dir)
{
	struct tmpfs_dir *d = &dir->tn_dir;
	struct tmpfs_dirent *de;

	for (uint64_t i = 0; d->tdi_table != NULL && i <= d->tdi_mask; i++) {
		while ((de = LIST_FIRST(&d->tdi_table[i])) != NULL) {
			LIST_REMOVE(de, td_hash);
			tmpfs_dirent_free(de);
		}
	}
	kfree(d->tdi_table, M_TMPFS);
	d->tdi_table = NULL;
	radix_destroy(&d->tdi_order);
}

static uint8_t
node_dt(const struct tmpfs_node *node)
{
	return ((uint8_t)MODE_TO_DT(vtype_to_mode(node->tn_type)));
}

/* dvp locked shared.  0; *eofp says whether the end was reached. */
int
tmpfs_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp)
{
	struct tmpfs_node *dir = VP_TO_TMPFS(dvp);
	struct tmpfs_dir *d = &dir->tn_dir;
	struct tmpfs_dirent *de;
	uint64_t c = *cookiep;
	int stop = 0;

	*eofp = false;
	tmpfs_touch(dir, TMPFS_ATIME);
	if (c == TMPFS_COOKIE_DOT &&
	    (stop = emit(
		 arg, ".", 1, dir->tn_ino, DT_DIR, TMPFS_COOKIE_DOTDOT)) == 0)
		c = TMPFS_COOKIE_DOTDOT;
	if (stop == 0 && c == TMPFS_COOKIE_DOTDOT &&
	    (stop = emit(arg, "..", 2, d->tdi_parent->tn_ino, DT_DIR,
		 TMPFS_COOKIE_FIRST)) == 0)
		c = TMPFS_COOKIE_FIRST;
	while (stop == 0 && (de = radix_next(&d->tdi_order, &c)) != NULL) {
		stop = emit(arg, de->td_name, de->td_len, de->td_node->tn_ino,
		    node_dt(de->td_node), c + 1);
		if (stop == 0)
			c++;
	}
	*eofp = stop == 0;
	*cookiep = c;
	return (0);
}
