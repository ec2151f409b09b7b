/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that mount in steps: fsopen, fsconfig, fsmount, fspick, open_tree,
 * move_mount, mount_setattr.  What they do is in vfs/core/mount_setup.c and
 * mount_float.c.
 */
#include "linux_var.h"
#include <sys/file.h>
#include <sys/ucred.h>
#include <sys/vnode.h>

#define NAME_SIZE 256 /* of a key or value, with its NUL */

/* --- attributes of mounts ---------------------------------------------------------- */

#define ATTR_ATIME	 0x70u /* one of three: */
#define ATTR_RELATIME	 0x00u
#define ATTR_NOATIME	 0x10u
#define ATTR_STRICTATIME 0x20u
#define ATTR_NODIRATIME	 0x80u
#define ATTR_ALL	 0xffu

static const struct flagmap attr_map[] = {
    {0x01, MNT_RDONLY},
    {0x02, MNT_NOSUID},
    {0x04, MNT_NODEV},
    {0x08, MNT_NOEXEC},
    {ATTR_NOATIME, MNT_NOATIME},
};

static bool
atime_known(uint64_t attr)
{
	uint64_t atime = attr & ATTR_ATIME;

	return (atime == ATTR_RELATIME || atime == ATTR_NOATIME ||
	    atime == ATTR_STRICTATIME);
}

static uint32_t
attr_in(uint64_t attr)
{
	return ((uint32_t)flags_in(attr_map, nitems(attr_map), attr, NULL));
}

/* --- places ---------------------------------------------------------------------- */

/* path: user's; "" is the descriptor itself only where LOOKUP_EMPTY says so. */
static int
place_in(int dirfd, uaddr_t path, int lflags, struct mount_place *mp, char **sp)
{
	int error = path_copyin(path, sp);

	if (error != 0)
		return (error);
	*mp = (struct mount_place){dirfd, *sp, lflags};
	return (0);
}

/* AT_ flags of a lookup; more: others that the call knows.  EINVAL. */
static int
lookup_flags(uint32_t flags, uint32_t more, int *lflagsp)
{
	const uint32_t known = LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW |
	    LINUX_AT_NO_AUTOMOUNT | more;

	if ((flags & ~known) != 0)
		return (EINVAL);
	*lflagsp = ((flags & LINUX_AT_EMPTY_PATH) != 0 ? LOOKUP_EMPTY : 0) |
	    ((flags & LINUX_AT_SYMLINK_NOFOLLOW) != 0 ? LOOKUP_NOFOLLOW : 0);
	return (0);
}

/* --- a file system in steps --------------------------------------------------------- */

#define FS_CLOEXEC 1u /* FSOPEN_, FSMOUNT_, FSPICK_ */

static int
cloexec_in(uint32_t flags)
{
	return ((flags & FS_CLOEXEC) != 0 ? O_CLOEXEC : 0);
}

int
linux_fsopen(
    struct lwp *lp, const struct linux_fsopen_args *uap, uint64_t *resp)
{
	int error, fd = -1;
	char *type;

	/* Who may not is told so, whatever the arguments are. */
	if ((error = cred_check_cap(lp->lw_cred, CAP_SYS_ADMIN)) != 0)
		return (error);
	if ((uap->flags & ~FS_CLOEXEC) != 0)
		return (EINVAL);
	if ((error = ustring_copyin(uap->type, &type)) != 0)
		return (error);
	error = kern_fs_open(type, cloexec_in(uap->flags), &fd);
	path_free(type);
	*resp = (uint64_t)fd;
	return (error);
}

enum {
	SET_FLAG,
	SET_STRING,
	SET_BINARY,
	SET_PATH,
	SET_PATH_EMPTY,
	SET_FD,
	CMD_CREATE,
	CMD_RECONFIGURE
};
#define BINARY_MAX (1 << 20)

/* Which of key, value and aux a command has. */
static int
config_check(const struct linux_fsconfig_args *uap)
{
	bool key = uap->key != 0, value = uap->value != 0, aux = uap->aux != 0;
	bool good;

	if (uap->fd < 0)
		return (EINVAL);
	switch (uap->cmd) {
	case SET_FLAG:
		good = key && !value && !aux;
		break;
	case SET_STRING:
		good = key && value && !aux;
		break;
	case SET_BINARY:
		good = key && value && uap->aux > 0 && uap->aux <= BINARY_MAX;
		break;
	case SET_PATH:
	case SET_PATH_EMPTY:
		good = key && value && (uap->aux == AT_FDCWD || uap->aux >= 0);
		break;
	case SET_FD:
		good = key && !value && uap->aux >= 0;
		break;
	case CMD_CREATE:
	case CMD_RECONFIGURE:
		good = !key && !value && !aux;
		break;
	default:
		return (EOPNOTSUPP);
	}
	return (good ? 0 : EINVAL);
}

static int
name_in(uaddr_t from, char buf[NAME_SIZE])
{
	size_t n;
	int error = copyinstr(from, buf, NAME_SIZE, &n);

	return (error == ENAMETOOLONG ? EINVAL : error);
}

/* Parameters that are words and numbers are all that our file systems have. */
static int
config_set(const struct linux_fsconfig_args *uap)
{
	char key[NAME_SIZE], value[NAME_SIZE];
	int error, fdflags;

	if ((error = name_in(uap->key, key)) != 0)
		return (error);
	if (uap->cmd == SET_FLAG)
		return (kern_fs_set(uap->fd, key, NULL));
	if (uap->cmd == SET_STRING) {
		if ((error = name_in(uap->value, value)) != 0)
			return (error);
		return (kern_fs_set(uap->fd, key, value));
	}
	if (uap->cmd == SET_FD &&
	    (error = fd_flags_get(uap->aux, &fdflags)) != 0)
		return (error);
	return (EINVAL);
}

int
linux_fsconfig(
    struct lwp *lp, const struct linux_fsconfig_args *uap, uint64_t *resp)
{
	int error;

	if ((error = config_check(uap)) != 0)
		return (error);
	switch (uap->cmd) {
	case CMD_CREATE:
		return (kern_fs_create(uap->fd));
	case CMD_RECONFIGURE:
		return (kern_fs_reconfigure(uap->fd));
	default:
		return (config_set(uap));
	}
}

int
linux_fsmount(
    struct lwp *lp, const struct linux_fsmount_args *uap, uint64_t *resp)
{
	int error, fd = -1;

	if ((error = cred_check_cap(lp->lw_cred, CAP_SYS_ADMIN)) != 0)
		return (error);
	if ((uap->flags & ~FS_CLOEXEC) != 0 || (uap->attrs & ~ATTR_ALL) != 0 ||
	    !atime_known(uap->attrs))
		return (EINVAL);
	error = kern_fs_mount(
	    uap->fd, attr_in(uap->attrs), cloexec_in(uap->flags), &fd);
	*resp = (uint64_t)fd;
	return (error);
}

#define FSPICK_NOFOLLOW	    2u
#define FSPICK_NO_AUTOMOUNT 4u
#define FSPICK_EMPTY_PATH   8u
#define FSPICK_ALL	    0xfu

int
linux_fspick(
    struct lwp *lp, const struct linux_fspick_args *uap, uint64_t *resp)
{
	struct mount_place at;
	int error, fd = -1;
	char *path;

	if ((error = cred_check_cap(lp->lw_cred, CAP_SYS_ADMIN)) != 0)
		return (error);
	if ((uap->flags & ~FSPICK_ALL) != 0)
		return (EINVAL);
	error = place_in(uap->dirfd, uap->path,
	    ((uap->flags & FSPICK_NOFOLLOW) != 0 ? LOOKUP_NOFOLLOW : 0) |
		((uap->flags & FSPICK_EMPTY_PATH) != 0 ? LOOKUP_EMPTY : 0),
	    &at, &path);
	if (error != 0)
		return (error);
	error = kern_fs_pick(&at, cloexec_in(uap->flags), &fd);
	path_free(path);
	*resp = (uint64_t)fd;
	return (error);
}

/* --- trees ---------------------------------------------------------------------------- */

#define OPEN_TREE_CLONE 1u

int
linux_open_tree(
    struct lwp *lp, const struct linux_open_tree_args *uap, uint64_t *resp)
{
	int error, lflags, oflags, fd = -1;
	uint32_t flags = uap->flags;
	char *path;

	error = lookup_flags(flags,
	    LINUX_AT_RECURSIVE | OPEN_TREE_CLONE | LINUX_O_CLOEXEC, &lflags);
	if (error != 0)
		return (error);
	if ((flags & (LINUX_AT_RECURSIVE | OPEN_TREE_CLONE)) ==
	    LINUX_AT_RECURSIVE)
		return (EINVAL);
	oflags = (flags & LINUX_O_CLOEXEC) != 0 ? O_CLOEXEC : 0;
	if ((flags & OPEN_TREE_CLONE) != 0 &&
	    (error = cred_check_cap(lp->lw_cred, CAP_SYS_ADMIN)) != 0)
		return (error);
	if ((error = path_copyin(uap->path, &path)) != 0)
		return (error);
	if ((flags & OPEN_TREE_CLONE) != 0)
		error = kern_open_tree(uap->dirfd, path, lflags,
		    (flags & LINUX_AT_RECURSIVE) != 0, oflags, &fd);
	else
		error = kern_open_place(uap->dirfd, path, lflags, oflags, &fd);
	path_free(path);
	*resp = (uint64_t)fd;
	return (error);
}

#define MOVE_F_SYMLINKS	  0x01u
#define MOVE_F_EMPTY_PATH 0x04u
#define MOVE_T_SYMLINKS	  0x10u
#define MOVE_T_EMPTY_PATH 0x40u
#define MOVE_SET_GROUP	  0x100u
#define MOVE_ALL	  0x177u /* the rest: automounts, which there are not */

static int
move_flags(uint32_t flags, uint32_t symlinks, uint32_t empty)
{
	return (((flags & symlinks) == 0 ? LOOKUP_NOFOLLOW : 0) |
	    ((flags & empty) != 0 ? LOOKUP_EMPTY : 0));
}

int
linux_move_mount(
    struct lwp *lp, const struct linux_move_mount_args *uap, uint64_t *resp)
{
	char *from_path = NULL, *to_path = NULL;
	struct mount_place from, to;
	int error;

	if ((error = cred_check_cap(lp->lw_cred, CAP_SYS_ADMIN)) != 0)
		return (error);
	if ((uap->flags & ~MOVE_ALL) != 0)
		return (EINVAL);
	if ((error = place_in(uap->fromfd, uap->from,
		 move_flags(uap->flags, MOVE_F_SYMLINKS, MOVE_F_EMPTY_PATH),
		 &from, &from_path)) == 0 &&
	    (error = place_in(uap->tofd, uap->to,
		 move_flags(uap->flags, MOVE_T_SYMLINKS, MOVE_T_EMPTY_PATH),
		 &to, &to_path)) == 0)
		error = (uap->flags & MOVE_SET_GROUP) != 0
		    ? kern_mount_join(&from, &to)
		    : kern_mount_attach(&from, &to);
	if (from_path != NULL)
		path_free(from_path);
	if (to_path != NULL)
		path_free(to_path);
	return (error);
}

struct linux_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#define MOUNT_ATTR_SIZE_MIN 32

#define PROPAGATE_ALL 0x1e0000u

/* What is asked of a mount, as bits to clear and to set. */
static int
change_in(const struct linux_mount_attr *at, struct mount_change *mc)
{
	uint64_t kind = at->propagation;

	if ((kind & ~(uint64_t)PROPAGATE_ALL) != 0 || (kind & (kind - 1)) != 0)
		return (EINVAL);
	/* Mapped ids (0x100000), links not followed (0x200000): not here. */
	if (((at->attr_set | at->attr_clr) & ~(uint64_t)ATTR_ALL) != 0)
		return (EINVAL);
	/* The three kinds of atime are one field: to set it, clear it all. */
	if ((at->attr_clr & ATTR_ATIME) != 0
		? (at->attr_clr & ATTR_ATIME) != ATTR_ATIME ||
		    !atime_known(at->attr_set)
		: (at->attr_set & ATTR_ATIME) != 0)
		return (EINVAL);
	mc->mc_clear = attr_in(at->attr_clr);
	mc->mc_set = attr_in(at->attr_set);
	mc->mc_propagation = linux_propagation_in(kind);
	return (0);
}

int
linux_mount_setattr(
    struct lwp *lp, const struct linux_mount_setattr_args *uap, uint64_t *resp)
{
	static const struct linux_mount_attr nothing;
	struct linux_mount_attr attr;
	struct mount_change mc;
	struct mount_place at;
	int error, lflags;
	char *path;

	error = lookup_flags(uap->flags, LINUX_AT_RECURSIVE, &lflags);
	if (error != 0)
		return (error);
	if (uap->size > PAGE_SIZE)
		return (E2BIG);
	if (uap->size < MOUNT_ATTR_SIZE_MIN)
		return (EINVAL);
	if ((error = cred_check_cap(lp->lw_cred, CAP_SYS_ADMIN)) != 0)
		return (error);
	error = linux_struct_in(uap->attr, uap->size, &attr, sizeof(attr));
	if (error != 0 || memcmp(&attr, &nothing, sizeof(attr)) == 0)
		return (error);
	if ((error = change_in(&attr, &mc)) != 0 ||
	    (error = place_in(uap->dirfd, uap->path, lflags, &at, &path)) != 0)
		return (error);
	error =
	    kern_mount_change(&at, (uap->flags & LINUX_AT_RECURSIVE) != 0, &mc);
	path_free(path);
	return (error);
}
