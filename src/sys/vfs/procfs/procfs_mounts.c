/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: PID/mounts (fstab form) and PID/mountinfo. */
#include <sys/malloc.h>
#include <sys/systm.h>

#include "procfs_var.h"

static const struct {
	uint32_t flag;
	const char *text;
} mount_flags[] = {{MNT_NOSUID, ",nosuid"}, {MNT_NODEV, ",nodev"},
    {MNT_NOEXEC, ",noexec"}, {MNT_NOATIME, ",noatime"}};

static void
mounts_options(struct mount *mp, struct procfs_text *t)
{
	text_printf(
	    t, "%s", (vfs_mount_flags(mp) & MNT_RDONLY) != 0 ? "ro" : "rw");
	for (size_t i = 0; i < nitems(mount_flags); i++)
		if ((mp->mnt_flags & mount_flags[i].flag) != 0)
			text_printf(t, "%s", mount_flags[i].text);
}

/* Options of the file system itself, as they were given. */
static void
mounts_super_options(struct mount *mp, struct procfs_text *t)
{
	text_printf(t, "%s",
	    (mp->mnt_super->mnt_sbflags & MNT_RDONLY) != 0 ? "ro" : "rw");
	if (mp->mnt_options[0] != '\0') {
		text_printf(t, ",");
		text_escaped(t, mp->mnt_options);
	}
}

static const char *
mounts_from(struct mount *mp)
{
	return (mp->mnt_from[0] != '\0' ? mp->mnt_from : mp->mnt_ops->vfs_name);
}

/* What a walk over the mounts carries. */
struct mounts_walk {
	struct procfs_text *mw_text;
	struct path *mw_root; /* the process's: names are as seen from there */
	char *mw_name, *mw_begin;
};

/*
 * device, place, type, options, dump, pass.  What the process cannot reach is
 * left out.
 */
static int
mounts_line(struct mount *mp, void *arg)
{
	struct mounts_walk *mw = arg;
	struct procfs_text *t = mw->mw_text;

	if (vfs_mount_name(mp, mw->mw_root, mw->mw_name, PATH_MAX_ABI) != 0)
		return (0);
	text_escaped(t, mounts_from(mp));
	text_printf(t, " ");
	text_escaped(t, mw->mw_name);
	text_printf(t, " %s ", procfs_linux_fstype(mp->mnt_ops->vfs_name));
	mounts_options(mp, t);
	if (mp->mnt_options[0] != '\0') {
		text_printf(t, ",");
		text_escaped(t, mp->mnt_options);
	}
	text_printf(t, " 0 0\n");
	return (t->pt_error);
}

/* The optional fields: whom the mount follows, and who follows it. */
static void
mounts_peers(struct mount *mp, struct mounts_walk *mw)
{
	struct procfs_text *t = mw->mw_text;
	struct mount_peers mr;

	vfs_mount_peers(mp, mw->mw_root, &mr);
	if (mr.mr_group != 0)
		text_printf(t, " shared:%u", mr.mr_group);
	if (mr.mr_master != 0)
		text_printf(t, " master:%u", mr.mr_master);
	if (mr.mr_from != 0)
		text_printf(t, " propagate_from:%u", mr.mr_from);
	if (mr.mr_unbindable)
		text_printf(t, " unbindable");
}

/* id, parent, device, root, place, options, peers - type, device, options */
static int
mountinfo_line(struct mount *mp, void *arg)
{
	struct mounts_walk *mw = arg;
	struct procfs_text *t = mw->mw_text;

	if (vfs_mount_name(mp, mw->mw_root, mw->mw_name, PATH_MAX_ABI) != 0)
		return (0);
	text_printf(t, "%lu %lu 0:%lu ", mp->mnt_fsid, vfs_mount_parent(mp),
	    mp->mnt_super->mnt_fsid);
	if (vfs_mount_begin(mp, mw->mw_begin, PATH_MAX_ABI) != 0)
		strlcpy(mw->mw_begin, "//deleted", PATH_MAX_ABI);
	text_escaped(t, mw->mw_begin);
	text_printf(t, " ");
	text_escaped(t, mw->mw_name);
	text_printf(t, " ");
	mounts_options(mp, t);
	mounts_peers(mp, mw);
	text_printf(t, " - %s ", procfs_linux_fstype(mp->mnt_ops->vfs_name));
	text_escaped(t, mounts_from(mp));
	text_printf(t, " ");
	mounts_super_options(mp, t);
	text_printf(t, "\n");
	return (t->pt_error);
}

static int
mounts_text(struct procfs_node *pn, struct procfs_text *t,
    int (*line)(struct mount *mp, void *arg))
{
	struct mounts_walk mw = {.mw_text = t};
	int error;

	if ((error = pid_fs_path(pn->pn_proc, true, &mw.mw_root)) != 0)
		return (error == ENOENT ? EINVAL : error);
	mw.mw_name = kmalloc(PATH_MAX_ABI, M_TEMP, M_WAITOK);
	mw.mw_begin = kmalloc(PATH_MAX_ABI, M_TEMP, M_WAITOK);
	if (mw.mw_name == NULL || mw.mw_begin == NULL)
		error = ENOMEM;
	else
		error = vfs_mount_foreach(line, &mw);
	kfree(mw.mw_name, M_TEMP);
	kfree(mw.mw_begin, M_TEMP);
	path_drop(mw.mw_root);
	return (error);
}

int
pid_mounts(struct procfs_node *pn, struct procfs_text *t)
{
	return (mounts_text(pn, t, mounts_line));
}

int
pid_mountinfo(struct procfs_node *pn, struct procfs_text *t)
{
	return (mounts_text(pn, t, mountinfo_line));
}
