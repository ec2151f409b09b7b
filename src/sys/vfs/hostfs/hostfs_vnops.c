/* SPDX-License-Identifier: BSD-2-Clause */
/* hostfs: names, attributes, and the operations table. */
#include "hostfs_var.h"
#include <sys/fcntl.h>
#include <sys/ucred.h>

#define HOSTFS_DIRBUF 4096

/* Names come with a length; the host wants a NUL.  buf: NAME_MAX + 1 bytes. */
static const char *
host_name(const char *name, size_t len, char *buf)
{
	memcpy(buf, name, len);
	buf[len] = '\0';
	return (buf);
}

static hostfs_handle_t
handle_of(struct vnode *vp)
{
	return (VP_TO_HOSTFS(vp)->hn_handle);
}

static int
hostfs_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp)
{
	char buf[NAME_MAX + 1];
	struct hostfs_attr ha;
	hostfs_handle_t h;
	int error;

	error = hostfs_host_lookup(
	    handle_of(dvp), host_name(name, len, buf), &h, &ha);
	if (error != 0)
		return (error);
	return (hostfs_vnode_get(dvp->v_mount, h, &ha, vpp));
}

/* The new file belongs to whoever runs the machine; modes are as asked. */
static int
hostfs_create(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va, struct vnode **vpp)
{
	char buf[NAME_MAX + 1];
	struct hostfs_attr ha;
	hostfs_handle_t h;
	int error;

	if (va->va_type != VREG && va->va_type != VDIR)
		return (EPERM);
	error = hostfs_host_create(handle_of(dvp), host_name(name, len, buf),
	    va->va_type == VDIR ? HOSTFS_DIR : HOSTFS_REG, va->va_mode, &h,
	    &ha);
	if (error != 0)
		return (error);
	return (hostfs_vnode_get(dvp->v_mount, h, &ha, vpp));
}

static int
hostfs_symlink(struct vnode *dvp, const char *name, size_t len,
    const struct vattr *va __unused, const char *target, struct vnode **vpp)
{
	char buf[NAME_MAX + 1];
	struct hostfs_attr ha;
	hostfs_handle_t h;
	int error;

	error = hostfs_host_symlink(
	    handle_of(dvp), host_name(name, len, buf), target, &h, &ha);
	if (error != 0)
		return (error);
	return (hostfs_vnode_get(dvp->v_mount, h, &ha, vpp));
}

static int
hostfs_link(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	char buf[NAME_MAX + 1];

	return (hostfs_host_link(
	    handle_of(dvp), host_name(name, len, buf), handle_of(vp)));
}

/* A removed file goes with its last user, so that the host frees it. */
static int
remove_any(struct vnode *dvp, const char *name, size_t len, struct vnode *vp,
    int is_dir)
{
	char buf[NAME_MAX + 1];
	int error;

	error = hostfs_host_remove(
	    handle_of(dvp), host_name(name, len, buf), is_dir, handle_of(vp));
	if (error == 0)
		atomic_or(&vp->v_flags, VF_DELETE);
	return (error);
}

static int
hostfs_remove(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	return (remove_any(dvp, name, len, vp, 0));
}

static int
hostfs_rmdir(struct vnode *dvp, const char *name, size_t len, struct vnode *vp)
{
	return (remove_any(dvp, name, len, vp, 1));
}

static int
hostfs_rename(struct vnode *fdvp, const char *fname, size_t flen,
    struct vnode *fvp __unused, struct vnode *tdvp, const char *tname,
    size_t tlen, struct vnode *tvp, int flags)
{
	char fbuf[NAME_MAX + 1], tbuf[NAME_MAX + 1];
	int host = 0, error;

	if ((flags & RENAME_WHITEOUT) != 0)
		return (EINVAL);
	if ((flags & RENAME_NOREPLACE) != 0)
		host |= HOSTFS_RENAME_NOREPLACE;
	if ((flags & RENAME_EXCHANGE) != 0)
		host |= HOSTFS_RENAME_EXCHANGE;
	error =
	    hostfs_host_rename(handle_of(fdvp), host_name(fname, flen, fbuf),
		handle_of(tdvp), host_name(tname, tlen, tbuf), host);
	if (error == 0 && tvp != NULL && (flags & RENAME_EXCHANGE) == 0)
		atomic_or(&tvp->v_flags, VF_DELETE);
	return (error);
}

/* Give the entries of one buffer to emit; nonzero: it stopped. */
static int
emit_entries(const char *buf, size_t len, uint64_t *cookiep, dirent_emit_t emit,
    void *arg)
{
	static const uint8_t dts[] = {DT_UNKNOWN, DT_REG, DT_DIR, DT_LNK,
	    DT_CHR, DT_BLK, DT_FIFO, DT_SOCK};
	int stop;

	for (size_t at = 0; at < len;) {
		const struct hostfs_dirent *hd = (const void *)(buf + at);
		uint8_t dt =
		    hd->hd_type < nitems(dts) ? dts[hd->hd_type] : DT_UNKNOWN;

		stop = emit(arg, hd->hd_name, hd->hd_namelen, hd->hd_ino, dt,
		    hd->hd_next);
		if (stop != 0)
			return (stop);
		*cookiep = hd->hd_next;
		at += hd->hd_reclen;
	}
	return (0);
}

static int
hostfs_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp)
{
	char *buf = kmalloc(HOSTFS_DIRBUF, M_HOSTFS, M_WAITOK);
	size_t done;
	int error, stop = 0;

	if (buf == NULL)
		return (ENOMEM);
	*eofp = false;
	do {
		error = hostfs_host_readdir(
		    handle_of(dvp), *cookiep, buf, HOSTFS_DIRBUF, &done);
		if (error == 0 && done == 0)
			*eofp = true;
		else if (error == 0)
			stop = emit_entries(buf, done, cookiep, emit, arg);
	} while (error == 0 && stop == 0 && !*eofp);
	kfree(buf, M_HOSTFS);
	return (error);
}

static struct timespec
host_to_ts(const struct hostfs_time *ht)
{
	struct timespec ts = {ht->ht_sec, ht->ht_nsec};

	return (ts);
}

static int
hostfs_getattr(struct vnode *vp, struct vattr *va)
{
	struct hostfs_mount *hm = MP_TO_HOSTFS(vp->v_mount);
	struct hostfs_attr ha;
	int error;

	if ((error = hostfs_revalidate(vp, &ha)) != 0)
		return (error);
	va->va_mode = ha.ha_mode & 07777;
	va->va_nlink = ha.ha_nlink;
	va->va_uid = hm->hm_map_uid ? hm->hm_uid : ha.ha_uid;
	va->va_gid = hm->hm_map_gid ? hm->hm_gid : ha.ha_gid;
	va->va_ino = ha.ha_ino;
	va->va_rdev = makedev(ha.ha_rmajor, ha.ha_rminor);
	va->va_size = ha.ha_size;
	va->va_bytes = ha.ha_bytes;
	va->va_blksize = ha.ha_blksize;
	va->va_atime = host_to_ts(&ha.ha_atime);
	va->va_mtime = host_to_ts(&ha.ha_mtime);
	va->va_ctime = host_to_ts(&ha.ha_ctime);
	va->va_btime = va->va_ctime; /* the host's is not asked for */
	return (0);
}

/* What the kernel's mask means to the host; owners only if they are real. */
static void
setattr_decode(struct vnode *vp, const struct vattr *va, struct hostfs_attr *ha)
{
	struct hostfs_mount *hm = MP_TO_HOSTFS(vp->v_mount);

	memset(ha, 0, sizeof(*ha));
	if ((va->va_mask & VA_MODE) != 0)
		ha->ha_mask |= HOSTFS_SET_MODE;
	if ((va->va_mask & VA_UID) != 0 && !hm->hm_map_uid)
		ha->ha_mask |= HOSTFS_SET_UID;
	if ((va->va_mask & VA_GID) != 0 && !hm->hm_map_gid)
		ha->ha_mask |= HOSTFS_SET_GID;
	if ((va->va_mask & VA_ATIME) != 0)
		ha->ha_mask |= HOSTFS_SET_ATIME;
	if ((va->va_mask & VA_MTIME) != 0)
		ha->ha_mask |= HOSTFS_SET_MTIME;
	ha->ha_mode = va->va_mode;
	ha->ha_uid = va->va_uid;
	ha->ha_gid = va->va_gid;
	ha->ha_atime.ht_sec = va->va_atime.tv_sec;
	ha->ha_atime.ht_nsec = va->va_atime.tv_nsec;
	ha->ha_mtime.ht_sec = va->va_mtime.tv_sec;
	ha->ha_mtime.ht_nsec = va->va_mtime.tv_nsec;
}

static int
hostfs_setattr(
    struct vnode *vp, const struct vattr *va, struct ucred *cred __unused)
{
	struct hostfs_attr ha;
	int error;

	if ((va->va_mask & VA_SIZE) != 0) {
		if (vp->v_type != VREG)
			return (EINVAL);
		if ((error = hostfs_set_size(vp, va->va_size)) != 0)
			return (error);
	}
	setattr_decode(vp, va, &ha);
	if (ha.ha_mask == 0)
		return (0);
	if ((error = hostfs_host_setattr(handle_of(vp), &ha)) != 0)
		return (error);
	/* a new mtime of ours says nothing about the contents */
	if (hostfs_host_getattr(handle_of(vp), &ha) == 0)
		hostfs_note_attr(VP_TO_HOSTFS(vp), &ha);
	return (0);
}

static int
hostfs_readlink(struct vnode *vp, struct uio *uio)
{
	char *buf = kmalloc(PATH_MAX_ABI, M_HOSTFS, M_WAITOK);
	size_t len;
	int error;

	if (buf == NULL)
		return (ENOMEM);
	error = hostfs_host_readlink(handle_of(vp), buf, PATH_MAX_ABI, &len);
	if (error == 0)
		error = uiomove(buf, len, uio);
	kfree(buf, M_HOSTFS);
	return (error);
}

/* The host, too, must agree. */
static int
hostfs_open(struct vnode *vp, int fflags, struct file *fp __unused)
{
	struct hostfs_attr ha;
	int error;

	if (vp->v_type != VREG)
		return (0);
	error = hostfs_host_open(handle_of(vp), (fflags & FWRITE) != 0);
	return (error != 0 ? error : hostfs_revalidate(vp, &ha));
}

static int
hostfs_fsync(struct vnode *vp, bool data_only)
{
	if (vp->v_type != VREG || (vp->v_mount->mnt_sbflags & MNT_RDONLY) != 0)
		return (0);
	return (hostfs_host_sync(handle_of(vp), data_only));
}

static void
hostfs_reclaim(struct vnode *vp)
{
	struct hostfs_node *hn = VP_TO_HOSTFS(vp);

	if (hn->hn_handle != 0)
		hostfs_host_release(hn->hn_handle);
	lock_destroy(&hn->hn_lock);
	kfree(hn, M_HOSTFS);
	vp->v_data = NULL;
}

static void
hostfs_print(struct vnode *vp)
{
	const struct hostfs_node *hn = VP_TO_HOSTFS(vp);

	kprintf("hostfs node %p handle %lu size %lu mtime %ld.%09ld\n",
	    (const void *)hn, hn->hn_handle, hn->hn_size, hn->hn_mtime.ht_sec,
	    hn->hn_mtime.ht_nsec);
}

const struct vnodeops hostfs_vnodeops = {
    .vop_lookup = hostfs_lookup,
    .vop_create = hostfs_create,
    .vop_mkdir = hostfs_create,
    .vop_symlink = hostfs_symlink,
    .vop_link = hostfs_link,
    .vop_remove = hostfs_remove,
    .vop_rmdir = hostfs_rmdir,
    .vop_rename = hostfs_rename,
    .vop_readdir = hostfs_readdir,
    .vop_getattr = hostfs_getattr,
    .vop_setattr = hostfs_setattr,
    .vop_readlink = hostfs_readlink,
    .vop_open = hostfs_open,
    .vop_read = hostfs_read,
    .vop_write = hostfs_write,
    .vop_fsync = hostfs_fsync,
    .vop_getpage = hostfs_getpage,
    .vop_putpage = hostfs_putpage,
    .vop_reclaim = hostfs_reclaim,
    .vop_print = hostfs_print,
};
