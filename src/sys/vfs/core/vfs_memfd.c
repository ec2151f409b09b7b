/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anonymous memory as a file: memfd_create, and seals.
 *
 * 1. A memfd is a file without a name on a tmpfs that is mounted nowhere, so
 *    everything that open files can do works on it.  The mount is made at the
 *    first use and goes at shutdown.
 *
 * 2. A seal forbids a kind of change for good.  The file system keeps the set
 *    (vop_seal) and refuses; here are the rules for adding.  F_SEAL_WRITE must
 *    not be added while somebody could write through a mapping: vo_writemaps.
 *    A new mapping counts itself first and looks at the seals then
 *    (vm/vm_mmap.c); an adder sets the seal first and counts then.  So of two
 *    that meet at least one sees the other.
 */
#include "vfs_var.h"
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <vm/vm.h>

LOCK_DEFINE(memfd_lock, "memfd");
static struct mount *memfd_mount; /* (memfd_lock) */

/* The hidden mount, made if need be. */
static int
memfd_mount_get(struct mount **mpp)
{
	int error = 0;

	lock_excl(&memfd_lock);
	if (memfd_mount == NULL)
		error = mount_create_hidden(
		    "tmpfs", "size=0,nr_inodes=0,mode=700", &memfd_mount);
	*mpp = memfd_mount;
	lock_release(&memfd_lock);
	return (error);
}

static void
memfd_shutdown(void)
{
	if (memfd_mount != NULL)
		mount_destroy_hidden(memfd_mount);
	memfd_mount = NULL;
}
SHUTDOWN_HOOK(memfd, memfd_shutdown);

/* A file in the mount, as a place called name. */
static int
memfd_make(struct mount *mp, const char *name, mode_t mode, struct place *pl)
{
	struct vnode *dvp = mp->mnt_root_nc->nc_vnode, *vp;
	struct ucred *cr = cred_current();
	struct vattr va = {.va_type = VREG,
	    .va_mode = mode,
	    .va_uid = cr->cr_fsuid,
	    .va_gid = cr->cr_fsgid};
	int error;

	vattr_now(&va.va_atime);
	va.va_mtime = va.va_ctime = va.va_btime = va.va_atime;
	lock_excl(&dvp->v_lock);
	error = VOP_CALL(dvp, vop_tmpfile, EOPNOTSUPP, dvp, &va, &vp);
	lock_release(&dvp->v_lock);
	if (error != 0)
		return (error);
	if ((pl->pl_name = nc_create_detached(vp, name)) == NULL) {
		vnode_drop(vp);
		return (ENOMEM);
	}
	pl->pl_mount = mp;
	mount_hold(mp);
	pl->pl_vnode = vp;
	return (0);
}

int
kern_memfd(const char *name, int oflags, int flags, int *fdp)
{
	uint32_t seals = F_SEAL_SEAL;
	char text[NAME_MAX + 1];
	struct mount *mp;
	struct place pl;
	struct file *fp;
	int error;

	if ((flags & (MEMFD_SEALABLE | MEMFD_NOEXEC)) != 0)
		seals = 0;
	if ((flags & MEMFD_NOEXEC) != 0)
		seals |= F_SEAL_EXEC;
	ksnprintf(text, sizeof(text), "memfd:%s", name);
	if ((error = memfd_mount_get(&mp)) != 0 ||
	    (error = memfd_make(mp, text,
		 (flags & MEMFD_NOEXEC) != 0 ? 0666 : 0777, &pl)) != 0)
		return (error);
	error = VOP_CALL(
	    pl.pl_vnode, vop_seal, EINVAL, pl.pl_vnode, seals, true, &seals);
	if (error != 0) {
		place_drop(&pl);
		return (error);
	}
	if ((error = vn_open_file(&pl, O_RDWR, true, &fp)) != 0)
		return (error);
	/* Its maker may write and execute it: that is what it is made for. */
	if (fp->f_writecounted != 0) {
		atomic_sub(&fp->f_vnode->v_writecount, 1);
		fp->f_writecounted = 0;
	}
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp); /* the table has its own; on failure the last */
	return (error);
}

/* --- seals ------------------------------------------------------------------------ */

/* v_lock held exclusive. */
static int
seals_add_locked(struct vnode *vp, uint32_t add)
{
	uint32_t have;
	int error;

	error = VOP_CALL(vp, vop_seal, EINVAL, vp, 0, false, &have);
	if (error == 0 && (have & F_SEAL_SEAL) != 0)
		error = EPERM;
	if (error != 0)
		return (error);
	/* What is executable and cannot cease to be: text must not change. */
	if ((add & F_SEAL_EXEC) != 0) {
		struct vattr va;

		if ((error = vop_getattr_locked(vp, &va)) != 0)
			return (error);
		if ((va.va_mode & 0111) != 0)
			add |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
			    F_SEAL_FUTURE_WRITE;
	}
	add |= have;
	error = VOP_CALL(vp, vop_seal, EINVAL, vp, add, true, &add);
	if (error == 0 && (add & F_SEAL_WRITE) != 0 &&
	    (have & F_SEAL_WRITE) == 0 && vp->v_object != NULL &&
	    atomic_load(&vp->v_object->vo_writemaps) > 0) {
		(void)VOP_CALL(vp, vop_seal, EINVAL, vp, have, true, &have);
		error = EBUSY;
	}
	return (error);
}

/* fo_seal: add some (the right to write is needed), and tell what there is. */
int
vn_file_seal(struct file *fp, uint32_t add, uint32_t *sealsp)
{
	struct vnode *vp = fp->f_vnode;
	int error = 0;

	if (vp->v_type != VREG || vp->v_ops->vop_seal == NULL)
		return (EINVAL);
	if (add != 0) {
		if ((fp->f_flags & FWRITE) == 0)
			return (EPERM);
		if ((add & ~(uint32_t)F_SEAL_ALL) != 0)
			return (EINVAL);
		lock_excl(&vp->v_lock);
		error = seals_add_locked(vp, add);
		lock_release(&vp->v_lock);
	}
	/* One word that only grows: no lock, a mapper comes here, too. */
	if (error == 0)
		error = VOP_CALL(vp, vop_seal, EINVAL, vp, 0, false, sealsp);
	return (error);
}
