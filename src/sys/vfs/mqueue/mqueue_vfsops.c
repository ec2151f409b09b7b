/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mqueue: the POSIX message queues as a file system, usually on /dev/mqueue.
 * One directory; every mount shows the same queues.  A file may be made,
 * removed, read (a line about the queue) and used with the mq calls; what a
 * queue is and does is kern/ipc/mqueue.c's.
 */
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/mqueue.h>
#include <sys/systm.h>
#include <sys/thread.h>
#include <sys/vnode.h>

#define ROOT_INO 1

/* Nothing is kept for a mount but its root's attributes. */
struct mqueue_mount {
	struct vattr mm_root; /* under the root vnode's lock */
};
static MALLOC_DEFINE(M_MQMOUNT, "mqmount", "mounts of message queues");

static const struct vnodeops mqueue_root_ops, mqueue_file_ops;

/* A vnode of the queue, whose reference goes into it. */
static int
mqueue_vnode(struct mount *mp, struct mqueue *mq, struct vnode **vpp)
{
	int error;

	do {
		if ((*vpp = vnode_find(mp, mqueue_ino(mq))) != NULL) {
			mqueue_drop(mq);
			return (0);
		}
		error = vnode_create(
		    mp, VREG, &mqueue_file_ops, mqueue_ino(mq), mq, vpp);
	} while (error == EEXIST);
	if (error != 0)
		mqueue_drop(mq);
	else
		atomic_or(&(*vpp)->v_flags, VF_DELETE);
	return (error);
}

/* --- the directory --------------------------------------------------------------- */

static int
mqueue_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp)
{
	struct mqueue *mq = mqueue_find(name, len);

	return (mq == NULL ? ENOENT : mqueue_vnode(dvp->v_mount, mq, vpp));
}

static int
mqueue_vop_create(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va, struct vnode **vpp)
{
	struct mqueue *mq;
	int error;

	if (va->va_type != VREG)
		return (EPERM);
	error = mqueue_create(name, len, va->va_mode, NULL, &mq);
	return (error != 0 ? error : mqueue_vnode(dvp->v_mount, mq, vpp));
}

static int
mqueue_remove(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	return (mqueue_unlink(vp->v_data));
}

/* Cookies: 0 ".", 1 "..", else 2 + the last inode number given. */
static int
mqueue_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp)
{
	struct mqueue *mq;
	int full;

	*eofp = false;
	for (; *cookiep < 2; (*cookiep)++)
		if (emit(arg, "..", *cookiep + 1, ROOT_INO, DT_DIR,
			*cookiep + 1) != 0)
			return (0);
	while ((mq = mqueue_next(*cookiep - 2)) != NULL) {
		full = emit(arg, mqueue_name(mq), strlen(mqueue_name(mq)),
		    mqueue_ino(mq), DT_REG, mqueue_ino(mq) + 2);
		if (full == 0)
			*cookiep = mqueue_ino(mq) + 2;
		mqueue_drop(mq);
		if (full != 0)
			return (0);
	}
	*eofp = true;
	return (0);
}

static int
mqueue_root_getattr(struct vnode *vp, struct vattr *va)
{
	struct mqueue_mount *mm = vp->v_mount->mnt_data;

	*va = mm->mm_root;
	return (0);
}

static int
mqueue_root_setattr(
    struct vnode *vp, const struct vattr *va, struct ucred *cred)
{
	struct mqueue_mount *mm = vp->v_mount->mnt_data;

	if ((va->va_mask & VA_MODE) != 0)
		mm->mm_root.va_mode = va->va_mode & 07777;
	if ((va->va_mask & VA_UID) != 0)
		mm->mm_root.va_uid = va->va_uid;
	if ((va->va_mask & VA_GID) != 0)
		mm->mm_root.va_gid = va->va_gid;
	return (0);
}

static const struct vnodeops mqueue_root_ops = {
    .vop_lookup = mqueue_lookup,
    .vop_create = mqueue_vop_create,
    .vop_remove = mqueue_remove,
    .vop_readdir = mqueue_readdir,
    .vop_getattr = mqueue_root_getattr,
    .vop_setattr = mqueue_root_setattr,
};

/* --- the files --------------------------------------------------------------------- */

static int
mqueue_vop_getattr(struct vnode *vp, struct vattr *va)
{
	mqueue_getattr(vp->v_data, va);
	return (0);
}

/* A size is ignored, as an open with O_TRUNC wants. */
static int
mqueue_vop_setattr(struct vnode *vp, const struct vattr *va, struct ucred *cred)
{
	if ((va->va_mask & ~VA_SIZE) != 0)
		mqueue_setattr(vp->v_data, va);
	return (0);
}

static int
mqueue_vop_open(struct vnode *vp, int fflags, struct file *fp)
{
	mqueue_file_init(vp->v_data, fp);
	return (0);
}

static void
mqueue_reclaim(struct vnode *vp)
{
	mqueue_drop(vp->v_data);
	vp->v_data = NULL;
}

static const struct vnodeops mqueue_file_ops = {
    .vop_getattr = mqueue_vop_getattr,
    .vop_setattr = mqueue_vop_setattr,
    .vop_open = mqueue_vop_open,
    .vop_reclaim = mqueue_reclaim,
};

/* --- mounting ------------------------------------------------------------------------ */

static int
mqueue_mount(struct mount *mp, const char *from, const char *options)
{
	struct mqueue_mount *mm =
	    kmalloc(sizeof(*mm), M_MQMOUNT, M_WAITOK | M_ZERO);

	if (mm == NULL)
		return (ENOMEM);
	mm->mm_root = (struct vattr){.va_type = VDIR,
	    .va_mode = S_ISVTX | 0777,
	    .va_nlink = 2,
	    .va_ino = ROOT_INO,
	    .va_blksize = PAGE_SIZE};
	mm->mm_root.va_atime = mm->mm_root.va_mtime = mm->mm_root.va_ctime =
	    mm->mm_root.va_btime = ns_to_ts(clock_real());
	mp->mnt_data = mm;
	return (0);
}

static int
mqueue_unmount(struct mount *mp, bool force)
{
	kfree(mp->mnt_data, M_MQMOUNT);
	mp->mnt_data = NULL;
	return (0);
}

static int
mqueue_root(struct mount *mp, struct vnode **vpp)
{
	int error = vnode_create(mp, VDIR, &mqueue_root_ops, ROOT_INO, mp, vpp);

	if (error == 0)
		atomic_or(&(*vpp)->v_flags, VF_NOCACHE);
	return (error);
}

static int
mqueue_statfs(struct mount *mp, struct statfs *sf)
{
	sf->f_bsize = PAGE_SIZE;
	return (0);
}

static struct lock_class mqueue_vnode_class = {"mqueue vnode", 0};
static const struct vfsops mqueue_vfsops = {
    .vfs_lock_class = &mqueue_vnode_class,
    .vfs_name = "mqueue",
    .vfs_mount = mqueue_mount,
    .vfs_unmount = mqueue_unmount,
    .vfs_root = mqueue_root,
    .vfs_statfs = mqueue_statfs,
};

static int
mqueue_load(void)
{
	vfs_register(&mqueue_vfsops);
	return (0);
}

static const struct module mqueue_module = {
    .mod_name = "mqueue",
    .mod_class = "vfs",
    .mod_version = 1,
    .mod_load = mqueue_load,
    .mod_desc = "POSIX message queues as a file system",
};
MODULE(mqueue, mqueue_module);
