/* SPDX-License-Identifier: BSD-2-Clause */
/* Scatter/gather descriptions of one transfer. */
#ifndef SYS_UIO_H
#define SYS_UIO_H

#include <sys/types.h>

enum uio_rw {
	UIO_READ,
	UIO_WRITE
};
enum uio_seg {
	UIO_USERSPACE,
	UIO_SYSSPACE
};

struct iovec {
	uint64_t iov_base; /* user address, or kernel pointer as integer */
	size_t iov_len;
};

struct uio {
	struct iovec *uio_iov; /* consumed by uiomove */
	int uio_iovcnt;
	off_t uio_offset; /* in the file; advanced by uiomove */
	size_t uio_resid; /* bytes left */
	enum uio_seg uio_segflg;
	enum uio_rw uio_rw;
	struct iovec *uio_iov_alloc; /* of uio_copyin: for uio_iov_free */
};

/* Moves up to n bytes between kaddr and the uio.  0 or EFAULT. */
int uiomove(void *kaddr, size_t n, struct uio *uio) __must_check;
int uio_zero(size_t n, struct uio *uio) __must_check; /* reads only */
/* A one-segment uio in *uio with *iov as its vector. */
void uio_init(struct uio *uio, struct iovec *iov, void *kaddr, size_t len,
    off_t offset, enum uio_rw rw);
void uio_init_user(struct uio *uio, struct iovec *iov, uaddr_t base, size_t len,
    off_t offset, enum uio_rw rw);

#endif
