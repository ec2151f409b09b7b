/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: PID/mounts (fstab form) and PID/mountinfo. */
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
	text_printf(t, "%s", (mp->mnt_flags & MNT_RDONLY) != 0 ? "ro" : "rw");
	for (size_t i = 0; i < nitems(mount_flags); i++)
		if ((mp->mnt_flags & mount_flags[i].flag) != 0)
			text_printf(t, "%s", mount_flags[i].text);
}

/* Options of the file system itself, as they were given. */
static void
mounts_super_options(struct mount *mp, struct procfs_text *t)
{
	text_printf(t, "%s", (mp->mnt_flags & MNT_RDONLY) != 0 ? "ro" : "rw");
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

/* device, place, type, options, dump, pass */
static int
mounts_line(struct mount *mp, void *arg)
{
	struct procfs_text *t = arg;

	text_escaped(t, mounts_from(mp));
	text_printf(t, " ");
	text_escaped(t, mp->mnt_on);
	text_printf(t, " %s ", procfs_linux_fstype(mp->mnt_ops->vfs_name));
	mounts_options(mp, t);
	if (mp->mnt_options[0] != '\0') {
		text_printf(t, ",");
		text_escaped(t, mp->mnt_options);
	}
	text_printf(t, " 0 0\n");
	return (t->pt_error);
}

/* id, parent, device, root, place, options - type, device, options */
static int
mountinfo_line(struct mount *mp, void *arg)
{
	struct procfs_text *t = arg;
	uint64_t parent = mp->mnt_covered != NULL
	    ? mp->mnt_covered->pt_mount->mnt_fsid
	    : mp->mnt_fsid;

	text_printf(t, "%lu %lu 0:%lu / ", mp->mnt_fsid, parent, mp->mnt_fsid);
	text_escaped(t, mp->mnt_on);
	text_printf(t, " ");
	mounts_options(mp, t);
	text_printf(t, " - %s ", procfs_linux_fstype(mp->mnt_ops->vfs_name));
	text_escaped(t, mounts_from(mp));
	text_printf(t, " ");
	mounts_super_options(mp, t);
	text_printf(t, "\n");
	return (t->pt_error);
}

int
pid_mounts(struct procfs_node *pn, struct procfs_text *t)
{
	return (vfs_mount_foreach(mounts_line, t));
}

int
pid_mountinfo(struct procfs_node *pn, struct procfs_text *t)
{
	return (vfs_mount_foreach(mountinfo_line, t));
}
