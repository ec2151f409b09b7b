/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching files and directories (vfs/core/vn_watch.c has the theory).
 *
 * A watch hears of what is done to its vnode, and, if that is a directory, to
 * what is in it.  It is told under spin locks, by whoever did it and after it
 * was done: it may note and wake, not sleep.
 */
#ifndef SYS_VNWATCH_H
#define SYS_VNWATCH_H

#include <sys/types.h>
#include <sys/queue.h>

struct file;
struct namecache;
struct vnode;

#define VW_ACCESS     0x01 /* was read */
#define VW_MODIFY     0x02 /* was written, or its size set */
#define VW_ATTRIB     0x04 /* mode, owner, times, extended attributes */
#define VW_CREATE     0x08 /* a name was made in the directory, */
#define VW_DELETE     0x10 /* or taken out of it, */
#define VW_MOVED_FROM 0x20 /* moved out of it, */
#define VW_MOVED_TO   0x40 /* or into it; */
#define VW_RENAMED    0x80 /* both, within it */
#define VW_ALL	      0xff
#define VW_NOTHING    0x100 /* never happens: a watch that hears nothing */

struct vn_watch {
	LIST_ENTRY(vn_watch) vw_link; /* (w) of vw_vnode */
	struct vnode *vw_vnode;	      /* (c) its user keeps it */
	uint32_t vw_events;	      /* (w) VW_ of interest */
	/*
	 * (w) held.  One of vw_events happened to the vnode itself (name NULL),
	 * or to what has, or had, that name in it.  May remove the watch.
	 */
	void (*vw_func)(
	    struct vn_watch *w, uint32_t event, const char *name, size_t len);
	void *vw_arg;
};
extern struct spinlock vn_watch_spin; /* (w) */

void vn_watch_add_locked(struct vn_watch *w);	 /* (w); then vn_watch_mark */
void vn_watch_mark(struct vnode *vp);		 /* takes nc_spin */
void vn_watch_remove(struct vn_watch *w);	 /* takes (w) */
void vn_watch_remove_locked(struct vn_watch *w); /* (w) held */

/*
 * What happened to vp, which was reached by nc (NULL: by no name): its watches
 * are told, and those of the directory that has nc.
 */
void vn_tell(struct vnode *vp, struct namecache *nc, uint32_t event);
/* To a name in dvp: one of VW_CREATE and those after it. */
void vn_tell_name(
    struct vnode *dvp, const char *name, size_t len, uint32_t event);
/* An open file was read or written. */
void file_tell(struct file *fp, uint32_t event);

/*
 * Signals about a directory (vfs/core/dnotify.c).  events 0: no more.  keep:
 * more than one.  ENOTDIR, EBADF, ENOMEM.
 */
int kern_fcntl_notify(int fd, uint32_t events, bool keep);
/* A descriptor of the table owner for fp was closed. */
void dnotify_close(struct file *fp, const void *owner);

#endif
