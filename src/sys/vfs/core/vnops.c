/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every vnode operation needs around it: permission, attributes of new
 * files, ownership rules, events, and small conversions.
 *
 * Permission follows POSIX with the file-system ids of the credentials.  The
 * superuser (file-system uid 0) passes everything but execution of a file that
 * nobody may execute.
 */
#include "vfs_var.h"
#include <sys/conf.h>
#include <sys/proc.h>
#include <sys/thread.h>
#include <vm/vm.h>

static const mode_t type_modes[] = {
    0, S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK};

mode_t
vtype_to_mode(enum vtype t)
{
	return (type_modes[t]);
}

enum vtype
mode_to_vtype(mode_t m)
{
	for (unsigned t = VREG; t < nitems(type_modes); t++) {
		if (type_modes[t] == (m & S_IFMT))
			return ((enum vtype)t);
	}
	return (VNON);
}

/* --- permission ----------------------------------------------------------------- */

/* May it pass over permissions altogether? */
bool
cred_is_super(const struct ucred *cr)
{
	return (cred_has_cap(cr, CAP_DAC_OVERRIDE));
}

bool
cred_owns(const struct ucred *cr, uid_t uid)
{
	return (cr->cr_fsuid == uid || cred_has_cap(cr, CAP_FOWNER));
}

bool
cred_file_group(const struct ucred *cr, gid_t gid)
{
	return (cr->cr_fsgid == gid || cred_in_group(cr, gid));
}

/*
 * May cred do rwx (R_OK|W_OK|X_OK) to a file of this type, mode and owner?  0 or
 * EACCES.
 */
int
vaccess(enum vtype type, mode_t mode, uid_t uid, gid_t gid, int rwx,
    struct ucred *cred)
{
	mode_t granted;

	if (cred_is_super(cred)) {
		if ((rwx & X_OK) != 0 && type != VDIR && (mode & 0111) == 0)
			return (EACCES);
		return (0);
	}
	/* Reading, and searching directories. */
	if (cred_has_cap(cred, CAP_DAC_READ_SEARCH)) {
		if (type == VDIR ? (rwx & W_OK) == 0 : rwx == R_OK)
			return (0);
	}
	if (cred->cr_fsuid == uid)
		granted = mode >> 6;
	else if (cred_file_group(cred, gid))
		granted = mode >> 3;
	else
		granted = mode;
	return (((mode_t)rwx & ~granted & 7) == 0 ? 0 : EACCES);
}

/* v_lock held.  0, EACCES, EROFS, or an I/O error. */
int
vop_access_locked(struct vnode *vp, int rwx, struct ucred *cred)
{
	struct vattr va;
	int error;

	if ((rwx & W_OK) != 0 && !vn_is_unlocked_type(vp) &&
	    (error = mount_write_check(vp->v_mount)) != 0)
		return (error);
	if ((vp->v_flags & VF_DOOMED) != 0)
		return (EIO);
	if (vp->v_ops->vop_access != NULL)
		return (vp->v_ops->vop_access(vp, rwx, cred));
	if ((error = vop_getattr_locked(vp, &va)) != 0)
		return (error);
	return (
	    vaccess(vp->v_type, va.va_mode, va.va_uid, va.va_gid, rwx, cred));
}

int
vn_access(struct vnode *vp, int rwx, struct ucred *cred)
{
	int error;

	lock_shared(&vp->v_lock);
	error = vop_access_locked(vp, rwx, cred);
	lock_release(&vp->v_lock);
	return (error);
}

/*
 * The sticky rule: in such a directory only the file's or the directory's owner
 * removes or renames.  dvp locked; vp locked or not yet shared with anybody who
 * could chown it.  0 or EPERM.
 */
int
vn_check_sticky(struct vnode *dvp __unused, const struct vattr *dva,
    struct vnode *vp, struct ucred *cred)
{
	struct vattr va;
	int error;

	if ((dva->va_mode & S_ISVTX) == 0 || cred_owns(cred, dva->va_uid))
		return (0);
	if ((error = vop_getattr_locked(vp, &va)) != 0)
		return (error);
	return (cred_owns(cred, va.va_uid) ? 0 : EPERM);
}

/* --- attributes --------------------------------------------------------------------- */

int
vop_getattr_locked(struct vnode *vp, struct vattr *va)
{
	memset(va, 0, sizeof(*va));
	va->va_type = vp->v_type;
	return (VOP_CALL(vp, vop_getattr, EOPNOTSUPP, vp, va));
}

int
vn_getattr(struct vnode *vp, struct vattr *va)
{
	int error;

	lock_shared(&vp->v_lock);
	error = vop_getattr_locked(vp, va);
	lock_release(&vp->v_lock);
	return (error);
}

/* v_lock held exclusive; a write on a read-only mount is EROFS. */
int
vn_setattr(struct vnode *vp, const struct vattr *va)
{
	int error;

	LOCK_ASSERT_EXCL(&vp->v_lock);
	if ((error = mount_write_check(vp->v_mount)) != 0)
		return (error);
	error = VOP_CALL(vp, vop_setattr, EOPNOTSUPP, vp, va, cred_current());
	if (error == 0)
		vn_notify(vp, VNOTE_ATTRIB);
	return (error);
}

/*
 * A write or truncation by other than the superuser takes the set-id bits away.
 * v_lock held exclusive; have: the attributes now, updated.
 */
int
vn_drop_suid_locked(struct vnode *vp, struct vattr *have)
{
	mode_t drop = S_ISUID;
	struct vattr va;
	int error;

	if ((have->va_mode & 0010) != 0)
		drop |= S_ISGID;
	if (vp->v_type != VREG || (have->va_mode & drop) == 0 ||
	    cred_has_cap(cred_current(), CAP_FOWNER))
		return (0);
	va.va_mask = VA_MODE;
	va.va_mode = have->va_mode & ~drop;
	if ((error = vn_setattr(vp, &va)) == 0)
		have->va_mode = va.va_mode;
	return (error);
}

void
vattr_now(struct timespec *ts)
{
	*ts = ns_to_ts(clock_real());
}

/*
 * Attributes of a file to be created in dvp (attributes dva): owner from the
 * credentials, group from them or from a set-group-id directory, which a new
 * directory inherits too.  mode has been masked by umask.
 */
void
vattr_init_new(struct vattr *va, struct vnode *dvp __unused,
    const struct vattr *dva, enum vtype type, mode_t mode, struct ucred *cred)
{
	memset(va, 0, sizeof(*va));
	va->va_type = type;
	va->va_mode = mode & 07777;
	va->va_uid = cred->cr_fsuid;
	va->va_gid = cred->cr_fsgid;
	if ((dva->va_mode & S_ISGID) != 0) {
		va->va_gid = dva->va_gid;
		if (type == VDIR)
			va->va_mode |= S_ISGID;
	}
	/* set-group-id for a foreign group is not for everybody to give */
	if (type != VDIR && (va->va_mode & S_ISGID) != 0 &&
	    !cred_has_cap(cred, CAP_FSETID) &&
	    !cred_file_group(cred, va->va_gid))
		va->va_mode &= ~(mode_t)S_ISGID;
	vattr_now(&va->va_atime);
	va->va_mtime = va->va_ctime = va->va_btime = va->va_atime;
}

void
vattr_to_stat(const struct vattr *va, struct vnode *vp, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = va->va_ino;
	st->st_nlink = va->va_nlink;
	st->st_mode = (va->va_mode & 07777) | vtype_to_mode(vp->v_type);
	st->st_dev = vp->v_mount->mnt_dev;
	st->st_rdev = va->va_rdev;
	st->st_uid = va->va_uid;
	st->st_gid = va->va_gid;
	st->st_atim = va->va_atime;
	st->st_mtim = va->va_mtime;
	st->st_ctim = va->va_ctime;
	st->st_birthtim = va->va_btime;
	st->st_size = (off_t)va->va_size;
	st->st_blocks = (blkcnt_t)howmany(va->va_bytes, 512);
	st->st_blksize = va->va_blksize != 0 ? va->va_blksize : PAGE_SIZE;
}

/* --- events, text, devices -------------------------------------------------------- */

void
vn_notify(struct vnode *vp, uint64_t hint)
{
	if (!TAILQ_EMPTY(&vp->v_events.es_watches))
		ev_notify_hint(&vp->v_events, EV_NOTE, hint);
}

int
vn_deny_write(struct vnode *vp)
{
	int32_t n = atomic_load(&vp->v_writecount);

	do {
		if (n > 0)
			return (ETXTBSY);
	} while (!atomic_cmpset(&vp->v_writecount, n, n - 1) &&
	    (n = atomic_load(&vp->v_writecount), true));
	return (0);
}

void
vn_allow_write(struct vnode *vp)
{
	int32_t n __unused = atomic_add(&vp->v_writecount, 1);

	KASSERT(n <= 0, ("vn_allow_write: count %d", n));
}

/* Find the driver of a device node.  0 or ENXIO. */
int
vn_special_attach(struct vnode *vp)
{
	struct vattr va;
	int error;

	if ((vp->v_flags & VF_SPECIAL) != 0)
		return (0);
	if ((error = vn_getattr(vp, &va)) != 0)
		return (error);
	lock_excl(&vp->v_lock);
	if ((vp->v_flags & VF_SPECIAL) == 0 &&
	    (error = cdev_vnode_attach(vp, va.va_rdev)) == 0)
		atomic_or(&vp->v_flags, VF_SPECIAL);
	lock_release(&vp->v_lock);
	return (error);
}

/* Write back what the cache has and tell the file system.  v_lock held excl. */
int
vnode_fsync_locked(struct vnode *vp, bool data_only)
{
	int error = 0, error2;

	if (vp->v_object != NULL &&
	    (vp->v_object->vo_flags & VOF_NORECLAIM) == 0)
		error = vm_object_clean(vp->v_object, 0, UINT64_MAX);
	error2 = VOP_CALL(vp, vop_fsync, 0, vp, data_only);
	return (error != 0 ? error : error2);
}
