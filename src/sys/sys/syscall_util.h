/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers for call handlers: iovec copies. */
#ifndef SYS_SYSCALL_UTIL_H
#define SYS_SYSCALL_UTIL_H

#include <sys/uio.h>

/*
 * Build a user-space uio from a user iovec array of cnt 64-bit pairs.  small
 * holds IOV_SMALL; larger arrays are allocated: always call uio_iov_free.
 * EINVAL (cnt, total > SSIZE_MAX), EFAULT, ENOMEM.
 */
#define IOV_SMALL 8
int uio_copyin(uaddr_t uiov, int cnt, enum uio_rw rw, struct uio *uio,
    struct iovec small[IOV_SMALL]);
void uio_iov_free(struct uio *uio, struct iovec small[IOV_SMALL]);

#endif
