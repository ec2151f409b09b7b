/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scatter/gather transfers: moving bytes between a kernel buffer and a uio, and
 * building uios from kernel buffers and user vectors.
 */
#include <sys/malloc.h>
#include <sys/syscall_util.h>
#include <sys/systm.h>
#include <sys/uio.h>

static MALLOC_DEFINE(M_IOV, "iovec", "long user vectors");

/* Skip used segments; the first one with bytes left, or NULL. */
static struct iovec *
uio_segment(struct uio *uio)
{
	while (uio->uio_iovcnt > 0 && uio->uio_iov->iov_len == 0) {
		uio->uio_iov++;
		uio->uio_iovcnt--;
	}
	return (uio->uio_iovcnt > 0 ? uio->uio_iov : NULL);
}

static void
uio_advance(struct uio *uio, struct iovec *iov, size_t n)
{
	iov->iov_base += n;
	iov->iov_len -= n;
	uio->uio_resid -= n;
	uio->uio_offset += (off_t)n;
}

/* One piece inside one segment. */
static int
uio_move_piece(void *kaddr, uint64_t base, size_t n, const struct uio *uio)
{
	if (uio->uio_segflg == UIO_SYSSPACE) {
		void *p = (void *)(uintptr_t)base;

		if (uio->uio_rw == UIO_READ)
			memcpy(p, kaddr, n);
		else
			memcpy(kaddr, p, n);
		return (0);
	}
	return (uio->uio_rw == UIO_READ ? copyout(kaddr, base, n)
					: copyin(base, kaddr, n));
}

int
uiomove(void *kaddr, size_t n, struct uio *uio)
{
	char *p = kaddr;
	struct iovec *iov;
	int error;

	while (
	    n > 0 && uio->uio_resid > 0 && (iov = uio_segment(uio)) != NULL) {
		size_t part = MIN(n, iov->iov_len);

		error = uio_move_piece(p, iov->iov_base, part, uio);
		if (error != 0)
			return (error);
		uio_advance(uio, iov, part);
		p += part;
		n -= part;
	}
	return (0);
}

int
uio_zero(size_t n, struct uio *uio)
{
	struct iovec *iov;
	int error;

	KASSERT(uio->uio_rw == UIO_READ, ("uio_zero: a write"));
	while (
	    n > 0 && uio->uio_resid > 0 && (iov = uio_segment(uio)) != NULL) {
		size_t part = MIN(n, iov->iov_len);

		error = 0;
		if (uio->uio_segflg == UIO_SYSSPACE)
			memset((void *)(uintptr_t)iov->iov_base, 0, part);
		else
			error = user_zero(iov->iov_base, part);
		if (error != 0)
			return (error);
		uio_advance(uio, iov, part);
		n -= part;
	}
	return (0);
}

static void
uio_init_any(struct uio *uio, struct iovec *iov, uint64_t base, size_t len,
    off_t offset, enum uio_rw rw, enum uio_seg seg)
{
	iov->iov_base = base;
	iov->iov_len = len;
	uio->uio_iov = iov;
	uio->uio_iovcnt = 1;
	uio->uio_offset = offset;
	uio->uio_resid = len;
	uio->uio_segflg = seg;
	uio->uio_rw = rw;
}

void
uio_init(struct uio *uio, struct iovec *iov, void *kaddr, size_t len,
    off_t offset, enum uio_rw rw)
{
	uio_init_any(uio, iov, (uintptr_t)kaddr, len, offset, rw, UIO_SYSSPACE);
}

void
uio_init_user(struct uio *uio, struct iovec *iov, uaddr_t base, size_t len,
    off_t offset, enum uio_rw rw)
{
	uio_init_any(uio, iov, base, len, offset, rw, UIO_USERSPACE);
}

/* Sum of the segments in *residp; EINVAL above SSIZE_MAX. */
static int
uio_total(const struct iovec *iov, int cnt, size_t *residp)
{
	size_t total = 0;

	for (int i = 0; i < cnt; i++) {
		if (iov[i].iov_len > (size_t)INT64_MAX - total)
			return (EINVAL);
		total += iov[i].iov_len;
	}
	*residp = total;
	return (0);
}

/* uio_iov moves on during the transfer, so uio_iov_alloc remembers a long one. */
int
uio_copyin(uaddr_t uiov, int cnt, enum uio_rw rw, struct uio *uio,
    struct iovec small[IOV_SMALL])
{
	struct iovec *iov = small;
	int error;

	memset(uio, 0, sizeof(*uio));
	if (cnt < 0 || cnt > IOV_MAX)
		return (EINVAL);
	if (cnt > IOV_SMALL) {
		iov = kmalloc((size_t)cnt * sizeof(*iov), M_IOV, M_WAITOK);
		if (iov == NULL)
			return (ENOMEM);
	}
	uio->uio_iov_alloc = iov == small ? NULL : iov;
	error = copyin(uiov, iov, (size_t)cnt * sizeof(*iov));
	if (error == 0)
		error = uio_total(iov, cnt, &uio->uio_resid);
	if (error != 0) {
		uio_iov_free(uio, small);
		return (error);
	}
	uio->uio_iov = iov;
	uio->uio_iovcnt = cnt;
	uio->uio_segflg = UIO_USERSPACE;
	uio->uio_rw = rw;
	return (0);
}

/* Idempotent. */
void
uio_iov_free(struct uio *uio, struct iovec small[IOV_SMALL] __unused)
{
	kfree(uio->uio_iov_alloc, M_IOV);
	uio->uio_iov_alloc = NULL;
}
