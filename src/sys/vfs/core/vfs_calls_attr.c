/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls on attributes: stat, access, mode, owner, times, size, extended
 * attributes.
 *
 * All find their vnode in one of two ways (a path, or the descriptor itself),
 * decode what to set into a vattr, check the right to do so under the vnode's
 * exclusive lock, and leave the doing to the file system.
 */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/vnwatch.h>

/* --- the object of the call ------------------------------------------------------ */

/* What a call works on: a vnode, held; or another open file (stat only). */
struct target {
	struct vnode *tg_vnode;
	struct file *tg_file; /* held */
	struct nameidata tg_nd;
	bool tg_walked;
};

static void
target_done(struct target *tg)
{
	if (tg->tg_walked)
		namei_done(&tg->tg_nd);
	if (tg->tg_file != NULL)
		file_drop(tg->tg_file);
}

/* path NULL, or "" with AT_EMPTY_PATH: the descriptor itself. */
static int
target_find_cred(struct target *tg, struct ucred *cred, int dirfd,
    const char *path, int atflags)
{
	int flags = NI_FILE, error;

	tg->tg_vnode = NULL;
	tg->tg_file = NULL;
	tg->tg_walked = false;
	if (dirfd != AT_FDCWD &&
	    (path == NULL ||
		(path[0] == '\0' && (atflags & AT_EMPTY_PATH) != 0))) {
		if ((error = fd_get(dirfd, 0, &tg->tg_file)) == 0)
			tg->tg_vnode = tg->tg_file->f_vnode;
		return (error);
	}
	if (path == NULL)
		return (EBADF);
	if ((atflags & AT_SYMLINK_NOFOLLOW) == 0)
		flags |= NI_FOLLOW;
	if ((atflags & AT_EMPTY_PATH) != 0)
		flags |= NI_EMPTY;
	error = namei_cred(&tg->tg_nd, cred, dirfd, path, flags);
	if (error != 0)
		return (error);
	tg->tg_walked = true;
	tg->tg_vnode = tg->tg_nd.nd_place.pl_vnode;
	if (tg->tg_nd.nd_file != NULL) {
		tg->tg_file = tg->tg_nd.nd_file;
		tg->tg_nd.nd_file = NULL;
		tg->tg_vnode = tg->tg_file->f_vnode;
	}
	return (0);
}

/* Tell who watches: event was done to the target. */
static void
target_tell(struct target *tg, uint32_t event)
{
	if (tg->tg_file != NULL)
		file_tell(tg->tg_file, event);
	else
		vn_tell(tg->tg_vnode, tg->tg_nd.nd_place.pl_name, event);
}

static int
target_find(struct target *tg, int dirfd, const char *path, int atflags)
{
	return (target_find_cred(tg, cred_current(), dirfd, path, atflags));
}

/* For calls that need a vnode and want no place (EBADF for O_PATH). */
static int
target_find_vnode(struct target *tg, int dirfd, const char *path, int atflags)
{
	int error = target_find(tg, dirfd, path, atflags);

	if (error != 0)
		return (error);
	if (path == NULL && tg->tg_file != NULL &&
	    (tg->tg_file->f_flags & O_PATH) != 0)
		error = EBADF;
	else if (tg->tg_vnode == NULL)
		error = EINVAL;
	if (error != 0)
		target_done(tg);
	return (error);
}

/* The mount through which the target was reached, or NULL. */
static struct mount *
target_mount(const struct target *tg)
{
	if (tg->tg_file != NULL)
		return (tg->tg_file->f_path != NULL
			? tg->tg_file->f_path->pt_mount
			: NULL);
	return (tg->tg_walked ? tg->tg_nd.nd_place.pl_mount : NULL);
}

/* The same for calls that change the vnode: EROFS. */
static int
target_find_write(struct target *tg, int dirfd, const char *path, int atflags)
{
	int error = target_find_vnode(tg, dirfd, path, atflags);
	struct mount *mp;

	if (error == 0 && (mp = target_mount(tg)) != NULL &&
	    (error = mount_place_write_check(mp)) != 0)
		target_done(tg);
	return (error);
}

/* --- stat and access ---------------------------------------------------------------- */

static int
vn_stat(struct vnode *vp, struct stat *st)
{
	struct vattr va;
	int error;

	if ((error = vn_getattr(vp, &va)) == 0)
		vattr_to_stat(&va, vp, st);
	return (error);
}

int
kern_fstatat(int dirfd, const char *path, int atflags, struct stat *st)
{
	struct target tg;
	int error;

	if ((error = target_find(&tg, dirfd, path, atflags)) != 0)
		return (error);
	if (tg.tg_vnode != NULL)
		error = vn_stat(tg.tg_vnode, st);
	else
		error = file_stat(tg.tg_file, st);
	target_done(&tg);
	return (error);
}

/* Credentials whose file-system ids are the real ones.  NULL: ENOMEM. */
static struct ucred *
cred_real(void)
{
	struct ucred *cr = cred_dup(cred_current());

	if (cr != NULL) {
		cr->cr_fsuid = cr->cr_uid = cr->cr_ruid;
		cr->cr_fsgid = cr->cr_gid = cr->cr_rgid;
		if ((cr->cr_securebits & SECBIT_NO_SETUID_FIXUP) == 0)
			cr->cr_cap_effective =
			    cr->cr_ruid == 0 ? cr->cr_cap_permitted : 0;
	}
	return (cr);
}

static int
access_with(
    struct ucred *cred, int dirfd, const char *path, int rwx, int atflags)
{
	struct target tg;
	struct mount *mp;
	int error;

	/* the walk, too, is made with these credentials */
	error = target_find_cred(&tg, cred, dirfd, path, atflags);
	if (error != 0)
		return (error);
	if (rwx != 0 && tg.tg_vnode != NULL)
		error = vn_access(tg.tg_vnode, rwx, cred);
	mp = target_mount(&tg);
	if (error == 0 && (rwx & X_OK) != 0 && tg.tg_vnode != NULL &&
	    mp != NULL && tg.tg_vnode->v_type == VREG &&
	    (vfs_mount_flags(mp) & MNT_NOEXEC) != 0)
		error = EACCES;
	if (error == 0 && (rwx & W_OK) != 0 && tg.tg_vnode != NULL &&
	    mp != NULL && !vn_is_unlocked_type(tg.tg_vnode))
		error = mount_place_write_check(mp);
	target_done(&tg);
	return (error);
}

/* By the real ids, or with AT_EACCESS by the effective ones. */
int
kern_faccessat(int dirfd, const char *path, int rwx, int atflags)
{
	struct ucred *real;
	int error;

	if ((rwx & ~(R_OK | W_OK | X_OK)) != 0)
		return (EINVAL);
	if ((atflags & AT_EACCESS) != 0)
		return (access_with(cred_current(), dirfd, path, rwx, atflags));
	if ((real = cred_real()) == NULL)
		return (ENOMEM);
	error = access_with(real, dirfd, path, rwx, atflags);
	cred_drop(real);
	return (error);
}

/* --- mode and owner -------------------------------------------------------------------- */

/* v_lock held exclusive. */
static int
chmod_locked(struct vnode *vp, mode_t mode)
{
	struct ucred *cred = cred_current();
	struct vattr va, set = {.va_mask = VA_MODE};
	int error;

	if ((error = vop_getattr_locked(vp, &va)) != 0)
		return (error);
	if (!cred_owns(cred, va.va_uid))
		return (EPERM);
	if (vp->v_type == VLNK)
		return (EOPNOTSUPP);
	set.va_mode = mode & 07777;
	/* a foreign group's set-group-id is dropped, not refused */
	if (vp->v_type != VDIR && !cred_has_cap(cred, CAP_FSETID) &&
	    !cred_file_group(cred, va.va_gid))
		set.va_mode &= ~(mode_t)S_ISGID;
	return (vn_setattr(vp, &set));
}

int
kern_fchmodat(int dirfd, const char *path, mode_t mode, int atflags)
{
	struct target tg;
	int error;

	error = target_find_write(&tg, dirfd, path, atflags);
	if (error != 0)
		return (error);
	lock_excl(&tg.tg_vnode->v_lock);
	error = chmod_locked(tg.tg_vnode, mode);
	lock_release(&tg.tg_vnode->v_lock);
	if (error == 0)
		target_tell(&tg, VW_ATTRIB);
	target_done(&tg);
	return (error);
}

/* Only root gives files away; an owner may pick one of the own groups. */
static int
chown_check(const struct vattr *va, uid_t uid, gid_t gid)
{
	struct ucred *cred = cred_current();

	if (cred_has_cap(cred, CAP_CHOWN))
		return (0);
	if (uid != (uid_t)-1 &&
	    (uid != va->va_uid || cred->cr_fsuid != va->va_uid))
		return (EPERM);
	if (gid != (gid_t)-1 &&
	    (cred->cr_fsuid != va->va_uid ||
		(gid != va->va_gid && !cred_file_group(cred, gid))))
		return (EPERM);
	return (0);
}

/* v_lock held exclusive. */
static int
chown_locked(struct vnode *vp, uid_t uid, gid_t gid)
{
	struct vattr va, set = {.va_mask = 0};
	mode_t drop = S_ISUID;
	int error;

	if ((error = vop_getattr_locked(vp, &va)) != 0 ||
	    (error = chown_check(&va, uid, gid)) != 0)
		return (error);
	if (uid != (uid_t)-1) {
		set.va_mask |= VA_UID;
		set.va_uid = uid;
	}
	if (gid != (gid_t)-1) {
		set.va_mask |= VA_GID;
		set.va_gid = gid;
	}
	if ((va.va_mode & 0010) != 0)
		drop |= S_ISGID;
	if (vp->v_type == VREG && (va.va_mode & drop) != 0 &&
	    set.va_mask != 0) {
		set.va_mask |= VA_MODE;
		set.va_mode = va.va_mode & ~drop;
	}
	if (set.va_mask == 0)
		return (mount_write_check(vp->v_mount));
	return (vn_setattr(vp, &set));
}

int
kern_fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int atflags)
{
	struct target tg;
	int error;

	error = target_find_write(&tg, dirfd, path, atflags);
	if (error != 0)
		return (error);
	lock_excl(&tg.tg_vnode->v_lock);
	error = chown_locked(tg.tg_vnode, uid, gid);
	lock_release(&tg.tg_vnode->v_lock);
	if (error == 0 && (uid != (uid_t)-1 || gid != (gid_t)-1))
		target_tell(&tg, VW_ATTRIB);
	target_done(&tg);
	return (error);
}

/* --- times ---------------------------------------------------------------------------- */

/* One of the two times: the bit to set and the value.  EINVAL. */
static int
utimes_decode(const struct timespec *ts, uint32_t bit, uint32_t nowbit,
    struct timespec *out, struct vattr *set)
{
	if (ts->tv_nsec == UTIME_OMIT)
		return (0);
	if (ts->tv_nsec == UTIME_NOW) {
		set->va_mask |= bit | nowbit;
		vattr_now(out);
		return (0);
	}
	if (ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_SEC)
		return (EINVAL);
	set->va_mask |= bit;
	*out = *ts;
	return (0);
}

/* v_lock held exclusive.  Both now: owner or write permission; else owner. */
static int
utimes_locked(struct vnode *vp, const struct vattr *set)
{
	uint32_t both = VA_NOW_A | VA_NOW_M;
	struct ucred *cred = cred_current();
	struct vattr va;
	int error;

	if ((error = vop_getattr_locked(vp, &va)) != 0)
		return (error);
	if (!cred_owns(cred, va.va_uid)) {
		if ((set->va_mask & both) != both)
			return (EPERM);
		error = vop_access_locked(vp, W_OK, cred);
		if (error != 0)
			return (error);
	}
	return (vn_setattr(vp, set));
}

/* One time alone is news like the use that it tells of. */
static uint32_t
utimes_event(uint32_t mask)
{
	if ((mask & VA_MTIME) == 0)
		return (VW_ACCESS);
	return ((mask & VA_ATIME) == 0 ? VW_MODIFY : VW_ATTRIB);
}

int
kern_utimensat(
    int dirfd, const char *path, const struct timespec ts[2], int atflags)
{
	static const struct timespec now = {0, UTIME_NOW};
	struct vattr set = {.va_mask = 0};
	struct target tg;
	int error;

	if ((error = utimes_decode(ts != NULL ? &ts[0] : &now, VA_ATIME,
		 VA_NOW_A, &set.va_atime, &set)) != 0 ||
	    (error = utimes_decode(ts != NULL ? &ts[1] : &now, VA_MTIME,
		 VA_NOW_M, &set.va_mtime, &set)) != 0)
		return (error);
	error = target_find_write(&tg, dirfd, path, atflags);
	if (error != 0)
		return (error);
	if (set.va_mask != 0) {
		lock_excl(&tg.tg_vnode->v_lock);
		error = utimes_locked(tg.tg_vnode, &set);
		lock_release(&tg.tg_vnode->v_lock);
		if (error == 0)
			target_tell(&tg, utimes_event(set.va_mask));
	}
	target_done(&tg);
	return (error);
}

/* --- size ------------------------------------------------------------------------------ */

int
kern_truncate(const char *path, off_t size)
{
	struct target tg;
	int error;

	if (size < 0)
		return (EINVAL);
	if ((error = target_find_write(&tg, AT_FDCWD, path, 0)) != 0)
		return (error);
	if (tg.tg_vnode->v_type == VDIR)
		error = EISDIR;
	else if (tg.tg_vnode->v_type != VREG)
		error = EINVAL;
	else if ((error = vn_access(tg.tg_vnode, W_OK, cred_current())) == 0 &&
	    vn_is_text(tg.tg_vnode))
		error = ETXTBSY;
	if (error == 0)
		error = lease_break(tg.tg_vnode, true, false);
	if (error == 0)
		error = vn_truncate(tg.tg_vnode, size);
	if (error == 0)
		target_tell(&tg, VW_MODIFY);
	target_done(&tg);
	return (error);
}

/* --- extended attributes ------------------------------------------------------------------ */

#define XATTR_NAME_MAX	255
#define XATTR_VALUE_MAX (64 * 1024)

/*
 * Rules of the name spaces.  user: regular files and directories, by the file's
 * permissions.  trusted: root only, invisible to others.  security: read by all,
 * written by root.  v_lock held.
 */
static int
xattr_check(struct vnode *vp, const char *name, bool write)
{
	struct ucred *cred = cred_current();
	size_t len = strnlen(name, XATTR_NAME_MAX + 1);
	int error;

	if (len == 0 || len > XATTR_NAME_MAX)
		return (ERANGE);
	if (write && (error = mount_write_check(vp->v_mount)) != 0)
		return (error);
	if (strncmp(name, "trusted.", 8) == 0) {
		if (cred_has_cap(cred, CAP_SYS_ADMIN))
			return (len > 8 ? 0 : EINVAL);
		return (write ? EPERM : ENOATTR);
	}
	if (strncmp(name, "security.", 9) == 0) {
		if (write && !cred_has_cap(cred, CAP_SYS_ADMIN))
			return (EPERM);
		return (len > 9 ? 0 : EINVAL);
	}
	if (strncmp(name, "user.", 5) != 0)
		return (EOPNOTSUPP);
	if (len == 5)
		return (EINVAL);
	if (vp->v_type != VREG && vp->v_type != VDIR)
		return (write ? EPERM : ENOATTR);
	return (vop_access_locked(vp, write ? W_OK : R_OK, cred));
}

/* The descriptor itself has path NULL. */
static int
xattr_target(struct target *tg, int fd, const char *path, int atflags)
{
	return (
	    target_find_vnode(tg, path == NULL ? fd : AT_FDCWD, path, atflags));
}

static int
xattr_target_write(struct target *tg, int fd, const char *path, int atflags)
{
	return (
	    target_find_write(tg, path == NULL ? fd : AT_FDCWD, path, atflags));
}

int
kern_getxattr(int fd, const char *path, int atflags, const char *name,
    void *buf, size_t size, size_t *lenp)
{
	struct target tg;
	struct vnode *vp;
	int error;

	if ((error = xattr_target(&tg, fd, path, atflags)) != 0)
		return (error);
	vp = tg.tg_vnode;
	lock_shared(&vp->v_lock);
	if ((error = xattr_check(vp, name, false)) == 0)
		error = VOP_CALL(
		    vp, vop_getxattr, EOPNOTSUPP, vp, name, buf, size, lenp);
	lock_release(&vp->v_lock);
	target_done(&tg);
	return (error);
}

int
kern_setxattr(int fd, const char *path, int atflags, const char *name,
    const void *buf, size_t size, int flags)
{
	struct target tg;
	struct vnode *vp;
	int error;

	if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0)
		return (EINVAL);
	if (size > XATTR_VALUE_MAX)
		return (E2BIG);
	if ((error = xattr_target_write(&tg, fd, path, atflags)) != 0)
		return (error);
	vp = tg.tg_vnode;
	lock_excl(&vp->v_lock);
	if ((error = xattr_check(vp, name, true)) == 0)
		error = VOP_CALL(
		    vp, vop_setxattr, EOPNOTSUPP, vp, name, buf, size, flags);
	lock_release(&vp->v_lock);
	if (error == 0) {
		vn_notify(vp, VNOTE_ATTRIB);
		target_tell(&tg, VW_ATTRIB);
	}
	target_done(&tg);
	return (error);
}

/* Drop names of trusted attributes from a list for other than root. */
static size_t
xattr_filter(char *buf, size_t len)
{
	size_t in = 0, out = 0;

	while (in < len) {
		size_t n = strnlen(buf + in, len - in - 1) + 1;

		if (strncmp(buf + in, "trusted.", 8) != 0) {
			memmove(buf + out, buf + in, n);
			out += n;
		}
		in += n;
	}
	return (out);
}

/* size 0 asks for the length; it may be more than what is then listed. */
int
kern_listxattr(
    int fd, const char *path, int atflags, char *buf, size_t size, size_t *lenp)
{
	struct target tg;
	struct vnode *vp;
	int error;

	if ((error = xattr_target(&tg, fd, path, atflags)) != 0)
		return (error);
	vp = tg.tg_vnode;
	lock_shared(&vp->v_lock);
	error = VOP_CALL(vp, vop_listxattr, EOPNOTSUPP, vp, buf, size, lenp);
	lock_release(&vp->v_lock);
	if (error == 0 && size > 0 &&
	    !cred_has_cap(cred_current(), CAP_SYS_ADMIN))
		*lenp = xattr_filter(buf, *lenp);
	target_done(&tg);
	return (error);
}

int
kern_removexattr(int fd, const char *path, int atflags, const char *name)
{
	struct target tg;
	struct vnode *vp;
	int error;

	if ((error = xattr_target_write(&tg, fd, path, atflags)) != 0)
		return (error);
	vp = tg.tg_vnode;
	lock_excl(&vp->v_lock);
	if ((error = xattr_check(vp, name, true)) == 0)
		error = VOP_CALL(vp, vop_removexattr, EOPNOTSUPP, vp, name);
	lock_release(&vp->v_lock);
	if (error == 0) {
		vn_notify(vp, VNOTE_ATTRIB);
		target_tell(&tg, VW_ATTRIB);
	}
	target_done(&tg);
	return (error);
}
