/* SPDX-License-Identifier: BSD-2-Clause */
/* Private structures of hostfs; theory in hostfs_vfsops.c. */
#ifndef VFS_HOSTFS_HOSTFS_VAR_H
#define VFS_HOSTFS_HOSTFS_VAR_H

#include <sys/hostfs.h>
#include <sys/malloc.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>
#include <vm/vm.h>

MALLOC_DECLARE(M_HOSTFS);

struct hostfs_mount {
	hostfs_handle_t hm_root;
	bool hm_writable;
	bool hm_map_uid, hm_map_gid; /* show these owners for all files */
	uid_t hm_uid;
	gid_t hm_gid;
	struct lock hm_vlock; /* making vnodes */
};

/* The kernel's side of one handle: the vnode's v_data. */
struct hostfs_node {
	hostfs_handle_t hn_handle; /* (c) */
	struct lock hn_lock;	   /* one look at the host at a time */
	struct spinlock hn_spin;
	uint64_t hn_size;	     /* (hn_spin) what the cache was made for */
	struct hostfs_time hn_mtime; /* (hn_spin) */
	struct hostfs_time hn_ctime; /* (hn_spin) */
};

#define VP_TO_HOSTFS(vp) ((struct hostfs_node *)(vp)->v_data)
#define MP_TO_HOSTFS(mp) ((struct hostfs_mount *)(mp)->mnt_data)

extern const struct vnodeops hostfs_vnodeops;

int hostfs_vnode_get(struct mount *mp, hostfs_handle_t h,
    const struct hostfs_attr *ha, struct vnode **vpp);
void hostfs_note_attr(struct hostfs_node *hn, const struct hostfs_attr *ha);

int hostfs_revalidate(struct vnode *vp, struct hostfs_attr *ha);
int hostfs_read(
    struct vnode *vp, struct uio *uio, int ioflags, struct file *fp);
int hostfs_write(
    struct vnode *vp, struct uio *uio, int ioflags, struct file *fp);
int hostfs_getpage(struct vnode *vp, struct vm_page *pg);
int hostfs_putpage(struct vnode *vp, struct vm_page *pg);
int hostfs_set_size(struct vnode *vp, uint64_t size);

#endif
