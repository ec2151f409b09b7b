/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Working directory, root directory and umask of processes.  fc_spin is held
 * only to read or swap the pointers; what was replaced is dropped outside.
 */
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/systm.h>
#include <sys/vnode.h>

static MALLOC_DEFINE(M_FSCONTEXT, "fscontext", "working and root directories");

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
