/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs: what the VFS and programs see of kern/ipc. */
#ifndef SYS_PIPE_H
#define SYS_PIPE_H

#include <sys/types.h>
#include <sys/ioccom.h>

struct file;
struct vnode;

#define PIPEIOC_SETSIZE _IOWR('p', 1, int) /* in: wanted, out: capacity */
#define PIPEIOC_GETSIZE _IOR('p', 2, int)

/*
 * Open the FIFO vp (VFIFO, unlocked, f_vnode of fp): waits for the other side
 * as POSIX says.  Replaces fp->f_ops; f_data stays.  ENXIO (write, O_NONBLOCK,
 * no reader), EINTR, ERESTART, ENOMEM.
 */
int fifo_open(struct vnode *vp, int fflags, struct file *fp);
/* The vnode goes: no file is open on it. */
void fifo_vnode_reclaim(struct vnode *vp);

#endif
