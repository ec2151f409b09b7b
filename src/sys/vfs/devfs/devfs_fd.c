/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/fd: the descriptors of whoever looks.
 *
 * Its entries are magic links: a file with a path leads to that place, any
 * other file (a pipe, a socket) is opened by getting it once more.  The vnode
 * of number N is the same for every process; what it means is asked when it is
 * used.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/proc.h>
#include <sys/uio.h>

#include "devfs_var.h"

/* A canonical decimal number below 2^31, or -1. */
static int
devfs_fd_parse(const char *name, size_t len)
{
	int64_t n = 0;

	if (len == 0 || len > 10 || (len > 1 && name[0] == '0'))
		return (-1);
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return (-1);
		n = n * 10 + (name[i] - '0');
	}
	return (n <= INT32_MAX ? (int)n : -1);
}

int
devfs_fd_lookup(
    struct vnode *dvp, const char *name, size_t len, struct vnode **vpp)
{
	struct devfs_node *dn;
	struct file *fp;
	int fd = devfs_fd_parse(name, len), error;

	if (fd < 0 || curproc == NULL || fd_get(fd, 0, &fp) != 0)
		return (ENOENT);
	file_drop(fp);
	dn = devfs_fd_node(fd);
	if (dn == NULL)
		return (ENOMEM);
	error = devfs_vnode(dvp->v_mount, dn, vpp);
	devfs_node_drop(dn);
	return (error);
}

/* Cookies: 0 ".", 1 "..", then 2 + the next descriptor. */
int
devfs_fd_readdir(struct vnode *dvp, uint64_t *cookiep, dirent_emit_t emit,
    void *arg, bool *eofp)
{
	struct devfs_node *dir = dvp->v_data;
	struct proc *p = curproc;

	*eofp = false;
	if (*cookiep == 0) {
		if (emit(arg, ".", 1, dir->dn_ino, DT_DIR, 1) != 0)
			return (0);
		*cookiep = 1;
	}
	if (*cookiep == 1) {
		if (emit(arg, "..", 2, dir->dn_parent->dn_ino, DT_DIR, 2) != 0)
			return (0);
		*cookiep = 2;
	}
	while (p != NULL && p->p_fd != NULL) {
		int fd = (int)(*cookiep - 2), fdflags;
		struct file *fp;
		char name[16];
		int len;

		if (filedesc_next(p->p_fd, &fd, &fp, &fdflags) != 0)
			break;
		file_drop(fp);
		len = ksnprintf(name, sizeof(name), "%d", fd);
		if (emit(arg, name, (size_t)len, DEVFS_INO_FD + (ino_t)fd,
			DT_LNK, (uint64_t)fd + 3) != 0)
			return (0);
		*cookiep = (uint64_t)fd + 3;
	}
	*eofp = true;
	return (0);
}

static int
devfs_fd_getattr(struct vnode *vp, struct vattr *va)
{
	devfs_attributes(vp, va);
	return (0);
}

static int
devfs_fd_readlink(struct vnode *vp, struct uio *uio)
{
	struct devfs_node *dn = vp->v_data;
	char text[32];
	int len;

	len = ksnprintf(text, sizeof(text), "/proc/self/fd/%d", dn->dn_fd);
	return (uiomove(text, (size_t)len, uio));
}

/* ENOENT: not open.  EOPNOTSUPP: no path, see vop_follow_file. */
static int
devfs_fd_follow(struct vnode *vp, struct path **pp)
{
	struct devfs_node *dn = vp->v_data;
	struct file *fp;

	if (curproc == NULL || fd_get(dn->dn_fd, 0, &fp) != 0)
		return (ENOENT);
	return (path_from_file(fp, pp));
}

static int
devfs_fd_follow_file(struct vnode *vp, struct file **fpp)
{
	struct devfs_node *dn = vp->v_data;

	if (curproc == NULL || fd_get(dn->dn_fd, 0, fpp) != 0)
		return (ENOENT);
	return (0);
}

static void
devfs_fd_reclaim(struct vnode *vp)
{
	devfs_node_drop(vp->v_data);
	vp->v_data = NULL;
}

const struct vnodeops devfs_fd_vnodeops = {
    .vop_getattr = devfs_fd_getattr,
    .vop_readlink = devfs_fd_readlink,
    .vop_follow = devfs_fd_follow,
    .vop_follow_file = devfs_fd_follow_file,
    .vop_reclaim = devfs_fd_reclaim,
};
