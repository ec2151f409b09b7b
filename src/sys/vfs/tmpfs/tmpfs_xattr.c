/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: extended attributes, a list per node.  The core has checked names,
 * permission and the size of one value; a node's total is limited here.
 */
#include "tmpfs_var.h"

static struct tmpfs_xattr *
xattr_find(struct tmpfs_node *node, const char *name)
{
	struct tmpfs_xattr *tx;

	TAILQ_FOREACH(tx, &node->tn_xattrs, tx_link) {
		if (strcmp(tx->tx_name, name) == 0)
			return (tx);
	}
	return (NULL);
}

static void
xattr_free(struct tmpfs_xattr *tx)
{
	kfree(tx->tx_name, M_TMPFS);
	kfree(tx->tx_value, M_TMPFS);
	kfree(tx, M_TMPFS);
}

/* NULL: ENOMEM. */
static struct tmpfs_xattr *
xattr_alloc(const char *name, const void *buf, size_t size)
{
	struct tmpfs_xattr *tx;

	tx = kmalloc(sizeof(*tx), M_TMPFS, M_WAITOK | M_ZERO);
	if (tx == NULL)
		return (NULL);
	tx->tx_name = kstrdup(name, M_TMPFS);
	tx->tx_value = kmalloc(MAX(size, 1u), M_TMPFS, M_WAITOK);
	tx->tx_size = size;
	if (tx->tx_name == NULL || tx->tx_value == NULL) {
		xattr_free(tx);
		return (NULL);
	}
	memcpy(tx->tx_value, buf, size);
	return (tx);
}

static size_t
xattr_cost(const struct tmpfs_xattr *tx)
{
	return (sizeof(*tx) + strlen(tx->tx_name) + 1 + tx->tx_size);
}

static void
xattr_unlink(struct tmpfs_node *node, struct tmpfs_xattr *tx)
{
	TAILQ_REMOVE(&node->tn_xattrs, tx, tx_link);
	node->tn_xattr_bytes -= xattr_cost(tx);
	xattr_free(tx);
}

/* v_lock held.  0, ENOATTR, ERANGE. */
int
tmpfs_getxattr(
    struct vnode *vp, const char *name, void *buf, size_t size, size_t *lenp)
{
	struct tmpfs_xattr *tx = xattr_find(VP_TO_TMPFS(vp), name);

	if (tx == NULL)
		return (ENOATTR);
	*lenp = tx->tx_size;
	if (size == 0)
		return (0);
	if (size < tx->tx_size)
		return (ERANGE);
	memcpy(buf, tx->tx_value, tx->tx_size);
	return (0);
}

/* v_lock held exclusive.  0, EEXIST, ENOATTR, ENOSPC, ENOMEM. */
int
tmpfs_setxattr(
    struct vnode *vp, const char *name, const void *buf, size_t size, int flags)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	struct tmpfs_xattr *old = xattr_find(node, name), *tx;
	size_t bytes = node->tn_xattr_bytes;

	if (old != NULL && (flags & XATTR_CREATE) != 0)
		return (EEXIST);
	if (old == NULL && (flags & XATTR_REPLACE) != 0)
		return (ENOATTR);
	if ((tx = xattr_alloc(name, buf, size)) == NULL)
		return (ENOMEM);
	if (old != NULL)
		bytes -= xattr_cost(old);
	if (bytes + xattr_cost(tx) > TMPFS_XATTR_TOTAL) {
		xattr_free(tx);
		return (ENOSPC);
	}
	if (old != NULL)
		xattr_unlink(node, old);
	TAILQ_INSERT_TAIL(&node->tn_xattrs, tx, tx_link);
	node->tn_xattr_bytes += xattr_cost(tx);
	tmpfs_touch(node, TMPFS_CTIME);
	return (0);
}

/* v_lock held.  0 or ERANGE. */
int
tmpfs_listxattr(struct vnode *vp, char *buf, size_t size, size_t *lenp)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	struct tmpfs_xattr *tx;
	size_t len = 0;

	TAILQ_FOREACH(tx, &node->tn_xattrs, tx_link) {
		size_t n = strlen(tx->tx_name) + 1;

		if (size > 0) {
			if (n > size - len)
				return (ERANGE);
			memcpy(buf + len, tx->tx_name, n);
		}
		len += n;
	}
	*lenp = len;
	return (0);
}

/* v_lock held exclusive.  0 or ENOATTR. */
int
tmpfs_removexattr(struct vnode *vp, const char *name)
{
	struct tmpfs_node *node = VP_TO_TMPFS(vp);
	struct tmpfs_xattr *tx = xattr_find(node, name);

	if (tx == NULL)
		return (ENOATTR);
	xattr_unlink(node, tx);
	tmpfs_touch(node, TMPFS_CTIME);
	return (0);
}

void
tmpfs_xattr_clear(struct tmpfs_node *node)
{
	struct tmpfs_xattr *tx;

	while ((tx = TAILQ_FIRST(&node->tn_xattrs)) != NULL)
		xattr_unlink(node, tx);
}
