/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals about a directory: fcntl's F_NOTIFY.
 *
 * 1. One notice for each open directory and descriptor table: a second call adds
 *    its events and takes the new descriptor's number.  It is a watch
 *    (vn_watch.c) whose func asks for the file's signal (ev_async.c), which goes
 *    to the file's owner; the first call makes the caller that.
 * 2. Unless it is to be kept, a notice ends with the first event; else when the
 *    table closes any descriptor of the file, which is what ends record locks,
 *    too.  So an open file whose f_noticed is 0 has none.
 * 3. A notice that ended under vn_watch_spin cannot be freed before its func is
 *    done with it; func frees it itself, last.
 */
#include "vfs_var.h"
#include <sys/async.h>
#include <sys/proc.h>
#include <sys/vnwatch.h>

struct dnotify {
	struct vn_watch dn_watch;
	struct file *dn_file; /* (c) */
	const void *dn_owner; /* (c) descriptor table */
	int dn_fd;	      /* (w) */
	bool dn_keep;	      /* (w) */
};

static MALLOC_DEFINE(M_DNOTIFY, "dnotify", "notices about directories");

/* (w) */
static void
dnotify_func(struct vn_watch *w, uint32_t event __unused,
    const char *name __unused, size_t len __unused)
{
	struct dnotify *dn = w->vw_arg;

	file_async_post(dn->dn_file, dn->dn_fd);
	if (dn->dn_keep)
		return;
	vn_watch_remove_locked(w);
	kfree(dn, M_DNOTIFY);
}

/* (w) */
static struct dnotify *
dnotify_find(const struct file *fp, const void *owner)
{
	struct dnotify *dn;
	struct vn_watch *w;

	LIST_FOREACH(w, &fp->f_vnode->v_watches, vw_link) {
		dn = w->vw_arg;
		if (w->vw_func == dnotify_func && dn->dn_file == fp &&
		    dn->dn_owner == owner)
			return (dn);
	}
	return (NULL);
}

void
dnotify_close(struct file *fp, const void *owner)
{
	struct dnotify *dn;

	spin_lock(&vn_watch_spin);
	if ((dn = dnotify_find(fp, owner)) != NULL)
		vn_watch_remove_locked(&dn->dn_watch);
	spin_unlock(&vn_watch_spin);
	if (dn != NULL)
		kfree(dn, M_DNOTIFY);
}

/*
 * new, which is used up, for the file, or what it adds to the notice that there
 * is.
 */
static void
dnotify_enter(struct dnotify *new)
{
	struct dnotify *dn;

	spin_lock(&vn_watch_spin);
	dn = dnotify_find(new->dn_file, new->dn_owner);
	if (dn != NULL) {
		dn->dn_watch.vw_events |= new->dn_watch.vw_events;
		dn->dn_fd = new->dn_fd;
		dn->dn_keep |= new->dn_keep;
	} else {
		vn_watch_add_locked(&new->dn_watch);
	}
	spin_unlock(&vn_watch_spin);
	if (dn != NULL)
		kfree(new, M_DNOTIFY);
}

static int
dnotify_set(struct file *fp, int fd, uint32_t events, bool keep)
{
	struct file_owner me = {FO_PROCESS, curproc->p_pid};
	const void *owner = curproc->p_fd;
	struct dnotify *dn;
	struct file *now;
	int error;

	if ((error = file_owner_set(fp, &me, false)) != 0)
		return (error);
	if ((dn = kmalloc(sizeof(*dn), M_DNOTIFY, M_WAITOK | M_ZERO)) == NULL)
		return (ENOMEM);
	dn->dn_file = fp;
	dn->dn_owner = owner;
	dn->dn_fd = fd;
	dn->dn_keep = keep;
	dn->dn_watch.vw_vnode = fp->f_vnode;
	dn->dn_watch.vw_events = events;
	dn->dn_watch.vw_func = dnotify_func;
	dn->dn_watch.vw_arg = dn;
	atomic_store_seq(&fp->f_noticed, 1);
	dnotify_enter(dn);
	vn_watch_mark(fp->f_vnode);
	/* Was the descriptor closed meanwhile?  Then nobody ends it but us. */
	if (fd_get(fd, 0, &now) != 0)
		now = NULL;
	if (now != fp)
		dnotify_close(fp, owner);
	if (now != NULL)
		file_drop(now);
	return (0);
}

int
kern_fcntl_notify(int fd, uint32_t events, bool keep)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((fp->f_flags & O_PATH) != 0)
		error = EBADF;
	else if (events == 0 && fp->f_vnode != NULL)
		dnotify_close(fp, curproc->p_fd);
	else if (events != 0 &&
	    (fp->f_vnode == NULL || fp->f_vnode->v_type != VDIR))
		error = ENOTDIR;
	else if (events != 0)
		error = dnotify_set(fp, fd, events, keep);
	file_drop(fp);
	return (error);
}
