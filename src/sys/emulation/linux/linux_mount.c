/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on the mount tree: mount, umount2, pivot_root.
 */
#include "linux_var.h"
#include <sys/vnode.h>

static const struct flagmap mount_map[] = {
    {0x0001, MNT_RDONLY}, {0x0002, MNT_NOSUID}, {0x0004, MNT_NODEV},
    {0x0008, MNT_NOEXEC}, {0x0010, 0},	/* MS_SYNCHRONOUS */
    {0x0400, MNT_NOATIME}, {0x0800, 0}, /* MS_NODIRATIME */
    {0x8000, 0},			/* MS_SILENT */
    {0x200000, 0},			/* MS_RELATIME */
    {0x1000000, 0},			/* MS_STRICTATIME */
    {0x2000000, 0},			/* MS_LAZYTIME */
};
#define MS_MGC_VAL     0xc0ed0000UL /* a magic number of old */
#define MS_MGC_MASK    0xffff0000UL
#define MS_PROPAGATION 0x1e0000 /* unbindable, private, slave, shared */

struct mount_strings {
	char *ms_type, *ms_on, *ms_from, *ms_options;
};

static int
opt_string(uaddr_t u, char **sp)
{
	return (u == 0 ? 0 : ustring_copyin(u, sp));
}

static int
mount_strings_in(const struct linux_mount_args *uap, struct mount_strings *ms)
{
	int error;

	memset(ms, 0, sizeof(*ms));
	if ((error = path_copyin(uap->on, &ms->ms_on)) != 0 ||
	    (error = opt_string(uap->type, &ms->ms_type)) != 0 ||
	    (error = opt_string(uap->from, &ms->ms_from)) != 0)
		return (error);
	return (opt_string(uap->options, &ms->ms_options));
}

static void
mount_strings_free(struct mount_strings *ms)
{
	char *const all[] = {
	    ms->ms_type, ms->ms_on, ms->ms_from, ms->ms_options};

	for (size_t i = 0; i < nitems(all); i++)
		if (all[i] != NULL)
			path_free(all[i]);
}

enum mount_propagation
linux_propagation_in(uint64_t kind)
{
	switch (kind) {
	case 0x20000:
		return (MP_UNBINDABLE);
	case 0x40000:
		return (MP_PRIVATE);
	case 0x80000:
		return (MP_SLAVE);
	case 0x100000:
		return (MP_SHARED);
	default:
		return (MP_KEEP);
	}
}

/* What of the flags decides which of five calls this is. */
#define MS_REMOUNT 0x20
#define MS_BIND	   0x1000
#define MS_MOVE	   0x2000
#define MS_REC	   0x4000

/* One kind of propagation, perhaps for all below. */
static int
mount_propagation(const struct mount_strings *ms, uint64_t kind)
{
	const struct mount_place at = {AT_FDCWD, ms->ms_on, 0};
	struct mount_change mc = {0, 0, MP_KEEP};
	uint64_t which = kind & MS_PROPAGATION;

	if ((kind & ~(uint64_t)(MS_PROPAGATION | MS_REC | 0x8000)) != 0 ||
	    (which & (which - 1)) != 0)
		return (EINVAL);
	mc.mc_propagation = linux_propagation_in(which);
	return (kern_mount_change(&at, (kind & MS_REC) != 0, &mc));
}

static int
mount_dispatch(const struct mount_strings *ms, uint64_t lflags)
{
	const char *options = ms->ms_options != NULL ? ms->ms_options : "";
	uint64_t rest, kind;
	uint32_t flags;

	flags = (uint32_t)flags_in(mount_map, nitems(mount_map), lflags, &rest);
	kind = rest;
	if ((kind & MS_REMOUNT) != 0)
		return (kern_remount(
		    ms->ms_on, flags, (kind & MS_BIND) != 0, options));
	if ((kind & MS_BIND) == 0 && (kind & MS_PROPAGATION) != 0)
		return (mount_propagation(ms, lflags));
	if ((kind & (MS_BIND | MS_MOVE)) != 0 &&
	    (ms->ms_from == NULL || ms->ms_from[0] == '\0'))
		return (EINVAL);
	if ((kind & MS_BIND) != 0)
		return (kern_mount_bind(
		    ms->ms_from, ms->ms_on, (kind & MS_REC) != 0));
	if ((kind & MS_MOVE) != 0)
		return (kern_mount_attach(
		    &(struct mount_place){AT_FDCWD, ms->ms_from, 0},
		    &(struct mount_place){AT_FDCWD, ms->ms_on, 0}));
	if ((kind & ~(uint64_t)MS_REC) != 0)
		return (EINVAL);
	if (ms->ms_type == NULL)
		return (EINVAL);
	return (
	    kern_mount(ms->ms_type, ms->ms_from != NULL ? ms->ms_from : "none",
		ms->ms_on, flags, options));
}

int
linux_mount(struct lwp *lp, const struct linux_mount_args *uap, uint64_t *resp)
{
	uint64_t flags = uap->flags;
	struct mount_strings ms;
	int error;

	if ((flags & MS_MGC_MASK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MASK;
	error = mount_strings_in(uap, &ms);
	if (error == 0)
		error = mount_dispatch(&ms, flags);
	mount_strings_free(&ms);
	return (error);
}

/*
 * MNT_FORCE asks a network file system to give up what it waits for; elsewhere a
 * busy mount stays busy.
 */
#define L_MNT_FORCE	  1
#define L_MNT_DETACH	  2
#define L_MNT_EXPIRE	  4
#define L_UMOUNT_NOFOLLOW 8

int
linux_umount2(
    struct lwp *lp, const struct linux_umount2_args *uap, uint64_t *resp)
{
	int error, flags = 0;
	char *path;

	if ((uap->flags & ~0xf) != 0 ||
	    ((uap->flags & L_MNT_EXPIRE) != 0 &&
		(uap->flags & (L_MNT_FORCE | L_MNT_DETACH)) != 0))
		return (EINVAL);
	if ((uap->flags & L_MNT_EXPIRE) != 0)
		flags |= UMOUNT_EXPIRE;
	if ((uap->flags & L_MNT_DETACH) != 0)
		flags |= UMOUNT_DETACH;
	if ((uap->flags & L_UMOUNT_NOFOLLOW) != 0)
		flags |= UMOUNT_NOFOLLOW;
	if ((error = path_copyin(uap->on, &path)) != 0)
		return (error);
	error = kern_unmount(path, flags);
	path_free(path);
	return (error);
}

int
linux_pivot_root(
    struct lwp *lp, const struct linux_pivot_root_args *uap, uint64_t *resp)
{
	return (upath_pivot_root(uap->new, uap->put));
}
