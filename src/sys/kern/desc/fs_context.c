/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Working directory, root directory and umask of processes.  fc_spin is held
 * only to read or swap the pointers; what was replaced is dropped outside.
 * All contexts are on a list, for pivot_root: its lock comes before fc_spin.
 */
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/systm.h>
#include <sys/vnode.h>

static MALLOC_DEFINE(M_FSCONTEXT, "fscontext", "working and root directories");

SPINLOCK_DEFINE(fs_contexts_spin, "fs contexts");
static LIST_HEAD(, fs_context) fs_contexts; /* (fs_contexts_spin) */

static struct fs_context *
fs_context_alloc(struct path *cwd, struct path *root, mode_t umask)
{
	struct fs_context *fc;

	fc = kmalloc(sizeof(*fc), M_FSCONTEXT, M_WAITOK | M_ZERO);
	if (fc == NULL) {
		if (cwd != NULL)
			path_drop(cwd);
		if (root != NULL)
			path_drop(root);
		return (NULL);
	}
	ref_init(&fc->fc_refs, 1);
	spin_init(&fc->fc_spin, "fs context");
	fc->fc_cwd = cwd;
	fc->fc_root = root;
	fc->fc_umask = umask;
	spin_lock(&fs_contexts_spin);
	LIST_INSERT_HEAD(&fs_contexts, fc, fc_all);
	spin_unlock(&fs_contexts_spin);
	return (fc);
}

/* NULL: ENOMEM.  Before the root is mounted both paths are NULL. */
struct fs_context *
fs_context_create(void)
{
	struct path *root = path_root();

	if (root != NULL)
		path_hold(root);
	return (fs_context_alloc(root, root, 022));
}

/*
 * A context made before the root was mounted gets it at the first use, so that
 * process 0 and what it started early see the tree.  A held path, or NULL.
 */
static struct path *
fs_context_path(struct fs_context *fc, struct path **slot)
{
	struct path *p, *root;

	spin_lock(&fc->fc_spin);
	if ((p = *slot) != NULL)
		path_hold(p);
	spin_unlock(&fc->fc_spin);
	if (p != NULL || (root = path_root()) == NULL)
		return (p);
	spin_lock(&fc->fc_spin);
	if (*slot == NULL) {
		*slot = root;
		path_hold(root);
		p = root;
	} else {
		p = *slot;
		path_hold(p);
	}
	spin_unlock(&fc->fc_spin);
	if (p != root)
		path_drop(root);
	return (p);
}

struct path *
fs_context_cwd(struct fs_context *fc)
{
	return (fs_context_path(fc, &fc->fc_cwd));
}

struct path *
fs_context_root(struct fs_context *fc)
{
	return (fs_context_path(fc, &fc->fc_root));
}

struct fs_context *
fs_context_copy(struct fs_context *fc)
{
	struct path *cwd = fs_context_cwd(fc), *root = fs_context_root(fc);

	return (fs_context_alloc(cwd, root, fc->fc_umask));
}

void
fs_context_hold(struct fs_context *fc)
{
	ref_hold(&fc->fc_refs);
}

void
fs_context_drop(struct fs_context *fc)
{
	if (!ref_drop(&fc->fc_refs))
		return;
	spin_lock(&fs_contexts_spin);
	LIST_REMOVE(fc, fc_all);
	spin_unlock(&fs_contexts_spin);
	if (fc->fc_cwd != NULL)
		path_drop(fc->fc_cwd);
	if (fc->fc_root != NULL)
		path_drop(fc->fc_root);
	kfree(fc, M_FSCONTEXT);
}

/* Replace cwd or root (held by the caller, consumed). */
void
fs_context_set_cwd(struct fs_context *fc, struct path *p)
{
	struct path *old;

	spin_lock(&fc->fc_spin);
	old = fc->fc_cwd;
	fc->fc_cwd = p;
	spin_unlock(&fc->fc_spin);
	if (old != NULL)
		path_drop(old);
}

void
fs_context_set_root(struct fs_context *fc, struct path *p)
{
	struct path *old;

	spin_lock(&fc->fc_spin);
	old = fc->fc_root;
	fc->fc_root = p;
	spin_unlock(&fc->fc_spin);
	if (old != NULL)
		path_drop(old);
}

static bool
path_same(const struct path *a, const struct path *b)
{
	return (a != NULL && a->pt_mount == b->pt_mount &&
	    a->pt_name == b->pt_name);
}

/* Replace one pointer that is at from: what it was, or NULL if none is. */
static struct path *
fs_context_move_one(struct path *from, struct path *to)
{
	struct path *old = NULL, **slot = NULL;
	struct fs_context *fc;

	spin_lock(&fs_contexts_spin);
	LIST_FOREACH(fc, &fs_contexts, fc_all) {
		spin_lock(&fc->fc_spin);
		if (path_same(fc->fc_cwd, from))
			slot = &fc->fc_cwd;
		else if (path_same(fc->fc_root, from))
			slot = &fc->fc_root;
		if (slot != NULL) {
			old = *slot;
			path_hold(to);
			*slot = to;
		}
		spin_unlock(&fc->fc_spin);
		if (slot != NULL)
			break;
	}
	spin_unlock(&fs_contexts_spin);
	return (old);
}

void
fs_context_move(struct path *from, struct path *to)
{
	struct path *old;

	while ((old = fs_context_move_one(from, to)) != NULL)
		path_drop(old);
}
