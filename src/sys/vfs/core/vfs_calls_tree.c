/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on the tree: working and root directory, umask, mounts, sync. */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>

/* --- directories of the process ------------------------------------------------- */

/* A directory one may enter: held.  0, ENOTDIR, EACCES, ... */
static int
enter_lookup(const char *path, struct path **pp)
{
	int error;

	if ((error = path_lookup(AT_FDCWD, path, LOOKUP_DIR, pp)) != 0)
		return (error);
	error = vn_access((*pp)->pt_vnode, X_OK, cred_current());
	if (error != 0)
		path_drop(*pp);
	return (error);
}

int
kern_chdir(const char *path)
{
	struct path *p;
	int error;

	if ((error = enter_lookup(path, &p)) != 0)
		return (error);
	fs_context_set_cwd(curproc->p_fs, p);
	return (0);
}

int
kern_fchdir(int fd)
{
	struct path *p = NULL;
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if (fp->f_vnode == NULL || fp->f_vnode->v_type != VDIR)
		error = ENOTDIR;
	else if ((error = vn_access(fp->f_vnode, X_OK, cred_current())) == 0 &&
	    (p = path_of_file(fp)) == NULL)
		error = ENOMEM;
	file_drop(fp);
	if (error == 0)
		fs_context_set_cwd(curproc->p_fs, p);
	return (error);
}

int
kern_chroot(const char *path)
{
	struct path *p;
	int error;

	if ((error = cred_check_cap(cred_current(), CAP_SYS_CHROOT)) != 0 ||
	    (error = enter_lookup(path, &p)) != 0)
		return (error);
	fs_context_set_root(curproc->p_fs, p);
	return (0);
}

/* 0, ERANGE (buf too small), ENOENT (removed, or outside the root). */
int
kern_getcwd(char *buf, size_t size)
{
	struct path *cwd, *root;
	int error;

	if (size == 0)
		return (EINVAL);
	cwd = fs_context_cwd(curproc->p_fs);
	root = fs_context_root(curproc->p_fs);
	if (cwd == NULL || root == NULL)
		error = ENOENT;
	else
		error = path_name(cwd, root, buf, size);
	if (cwd != NULL)
		path_drop(cwd);
	if (root != NULL)
		path_drop(root);
	return (error == ENAMETOOLONG ? ERANGE : error);
}

mode_t
kern_umask(mode_t mask)
{
	return (atomic_swap(&curproc->p_fs->fc_umask, mask & 0777));
}

/* --- mounts ------------------------------------------------------------------------ */

static void
statfs_common(struct mount *mp, struct statfs *sf)
{
	sf->f_flags = vfs_mount_flags(mp);
	sf->f_fsid = mp->mnt_super->mnt_fsid;
	if (sf->f_namemax == 0)
		sf->f_namemax = NAME_MAX;
	strlcpy(
	    sf->f_fstypename, mp->mnt_ops->vfs_name, sizeof(sf->f_fstypename));
	strlcpy(sf->f_mntonname, mp->mnt_on, sizeof(sf->f_mntonname));
	strlcpy(sf->f_mntfromname, mp->mnt_from, sizeof(sf->f_mntfromname));
}

int
vfs_statfs_mount(struct mount *mp, struct statfs *sf)
{
	int error = 0;

	memset(sf, 0, sizeof(*sf));
	vnode_drain(); /* what unmapped files free counts as free */
	if (mp->mnt_super->mnt_doomed)
		return (EIO);
	if (mp->mnt_ops->vfs_statfs != NULL)
		error = mp->mnt_ops->vfs_statfs(mp->mnt_super, sf);
	statfs_common(mp, sf);
	return (error);
}

struct dev_statfs {
	dev_t ds_dev;
	struct statfs *ds_sf;
	int ds_error;
};

static int
dev_statfs(struct mount *mp, void *arg)
{
	struct dev_statfs *ds = arg;

	if (ds->ds_error == EINVAL && mp->mnt_fsid == ds->ds_dev)
		ds->ds_error = vfs_statfs_mount(mp, ds->ds_sf);
	return (0);
}

int
kern_devstatfs(dev_t dev, struct statfs *sf)
{
	struct dev_statfs ds = {dev, sf, EINVAL};

	memset(sf, 0, sizeof(*sf));
	(void)vfs_mount_foreach(dev_statfs, &ds);
	return (ds.ds_error);
}

int
kern_statfs(const char *path, struct statfs *sf)
{
	struct path *p;
	int error;

	if ((error = path_lookup(AT_FDCWD, path, 0, &p)) != 0)
		return (error);
	error = vfs_statfs_mount(p->pt_mount, sf);
	path_drop(p);
	return (error);
}

int
kern_fstatfs(int fd, struct statfs *sf)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if (fp->f_vnode == NULL)
		error = EINVAL;
	else
		error =
		    vfs_statfs_mount(fp->f_path != NULL ? fp->f_path->pt_mount
							: fp->f_vnode->v_mount,
			sf);
	file_drop(fp);
	return (error);
}

int
kern_mount(const char *type, const char *from, const char *on, uint32_t flags,
    const char *options)
{
	int error;

	if ((error = cred_check_cap(cred_current(), CAP_SYS_ADMIN)) != 0)
		return (error);
	return (vfs_mount_at(type, from, on, flags, options));
}

int
kern_unmount(const char *on, int flags)
{
	int error;

	if ((error = cred_check_cap(cred_current(), CAP_SYS_ADMIN)) != 0)
		return (error);
	return (vfs_unmount_at(on, flags));
}

int
kern_mount_bind(const char *from, const char *on, bool all)
{
	int error = cred_check_root(cred_current());

	return (error != 0 ? error : vfs_bind_at(from, on, all));
}

int
kern_remount(const char *on, uint32_t flags, bool alone, const char *options)
{
	int error = cred_check_root(cred_current());

	return (error != 0 ? error : vfs_remount_at(on, flags, alone, options));
}

int
kern_pivot_root(const char *new, const char *put)
{
	int error;

	if ((error = cred_check_cap(cred_current(), CAP_SYS_ADMIN)) != 0)
		return (error);
	return (vfs_pivot_root(new, put));
}

static int
sync_mount(struct mount *mp, void *arg __unused)
{
	mount_sync(mp);
	return (0);
}

void
kern_sync(void)
{
	vnode_drain();
	(void)vfs_mount_foreach(sync_mount, NULL);
}
