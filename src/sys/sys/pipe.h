/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs: what the VFS and programs see of kern/ipc. */
#ifndef SYS_PIPE_H
#define SYS_PIPE_H

#include <sys/types.h>
#include <sys/ioccom.h>

#define PIPEIOC_SETSIZE _IOWR('p', 1, int) /* in: wanted, out: capacity */
#define PIPEIOC_GETSIZE _IOR('p', 2, int)

/* fifo_open and fifo_vnode_reclaim are declared in sys/vnode.h. */

struct file;
struct pipe;
/* The pipe of an open pipe or FIFO, or NULL. */
struct pipe *pipe_of_file(struct file *fp);

#endif
