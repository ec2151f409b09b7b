/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anonymous memory as a file: memfd_create and shared memory without a name in
 * the tree.  The file is a vm_object; read, write and mmap see the same pages.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <vm/vm.h>

#define MEMFD_NAME 64
#define MEMFD_MAX  (1ULL << 46)

static MALLOC_DEFINE(M_MEMFD, "memfd", "anonymous memory files");

struct memfd {
	struct vm_object *mf_obj; /* (c) */
	struct lock mf_lock;	  /* size against appending writes */
	uint64_t mf_size;	  /* (mf_lock) */
	uint64_t mf_ino;	  /* (c) */
	struct timespec mf_mtime; /* (mf_lock) */
	char mf_name[MEMFD_NAME];
};

static uint64_t memfd_next_ino;

/* (mf_lock) One page's part of a transfer. */
static int
memfd_page(struct memfd *mf, struct uio *uio, uint64_t off, size_t n)
{
	struct vm_page *pg;
	int error;

	error =
	    vm_object_getpage(mf->mf_obj, off >> PAGE_SHIFT, VOG_CREATE, &pg);
	if (error != 0)
		return (error);
	error = uiomove((char *)vm_page_kva(pg) + (off & PAGE_MASK), n, uio);
	if (uio->uio_rw == UIO_WRITE)
		vm_object_dirty(mf->mf_obj, pg);
	vm_page_unwire(pg);
	return (error);
}

static int
memfd_move(struct memfd *mf, struct uio *uio, uint64_t limit, off_t *offp)
{
	uint64_t off;
	size_t n;
	int error = 0;

	while (error == 0 && uio->uio_resid > 0 && (uint64_t)*offp < limit) {
		off = (uint64_t)*offp;
		n = MIN(uio->uio_resid, PAGE_SIZE - (off & PAGE_MASK));
		n = MIN(n, limit - off);
		error = memfd_page(mf, uio, off, n);
		if (error == 0)
			*offp += (off_t)n;
	}
	return (error);
}

static int
memfd_read(struct file *fp, struct uio *uio, int flags)
{
	struct memfd *mf = fp->f_data;
	bool own = (flags & FOF_OFFSET) == 0;
	off_t off;
	int error;

	if (own)
		lock_excl(&fp->f_offset_lock);
	off = own ? fp->f_offset : uio->uio_offset;
	lock_shared(&mf->mf_lock);
	error = memfd_move(mf, uio, mf->mf_size, &off);
	lock_release(&mf->mf_lock);
	if (own) {
		fp->f_offset = off;
		lock_release(&fp->f_offset_lock);
	}
	return (error);
}

static int
memfd_write(struct file *fp, struct uio *uio, int flags)
{
	struct memfd *mf = fp->f_data;
	bool own = (flags & FOF_OFFSET) == 0;
	uint64_t end;
	off_t off;
	int error;

	if (own)
		lock_excl(&fp->f_offset_lock);
	lock_excl(&mf->mf_lock);
	off = (fp->f_flags & O_APPEND) != 0 ? (off_t)mf->mf_size
	    : own			    ? fp->f_offset
					    : uio->uio_offset;
	end = (uint64_t)off + uio->uio_resid;
	if (end > MEMFD_MAX || end < (uint64_t)off) {
		error = EFBIG;
	} else {
		if (end > mf->mf_size)
			vm_object_setsize(mf->mf_obj, end);
		error = memfd_move(mf, uio, end, &off);
		/* What was not written does not count. */
		if ((uint64_t)off > mf->mf_size)
			mf->mf_size = (uint64_t)off;
		if (end > mf->mf_size)
			vm_object_setsize(mf->mf_obj, mf->mf_size);
		mf->mf_mtime = ns_to_ts(clock_real());
	}
	lock_release(&mf->mf_lock);
	if (own) {
		fp->f_offset = off;
		lock_release(&fp->f_offset_lock);
	}
	return (error);
}

static int
memfd_stat(struct file *fp, struct stat *st)
{
	struct memfd *mf = fp->f_data;

	memset(st, 0, sizeof(*st));
	lock_shared(&mf->mf_lock);
	st->st_ino = mf->mf_ino;
	st->st_mode = S_IFREG | 0777;
	st->st_nlink = 0;
	st->st_size = (off_t)mf->mf_size;
	st->st_blksize = PAGE_SIZE;
	st->st_blocks =
	    (blkcnt_t)(vm_object_resident(mf->mf_obj) * (PAGE_SIZE / 512));
	st->st_atim = st->st_mtim = st->st_ctim = mf->mf_mtime;
	lock_release(&mf->mf_lock);
	return (0);
}

static int
memfd_seek(struct file *fp, off_t off, int whence, off_t *newp)
{
	struct memfd *mf = fp->f_data;
	off_t size, base;
	int error = 0;

	lock_excl(&fp->f_offset_lock);
	lock_shared(&mf->mf_lock);
	size = (off_t)mf->mf_size;
	lock_release(&mf->mf_lock);
	base = whence == SEEK_CUR ? fp->f_offset
	    : whence == SEEK_END  ? size
				  : 0;
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		if (off < 0 || off >= size)
			error = ENXIO;
		else if (whence == SEEK_HOLE)
			off = size;
	} else if (whence != SEEK_SET && whence != SEEK_CUR &&
	    whence != SEEK_END) {
		error = EINVAL;
	}
	if (error == 0 && (__builtin_add_overflow(base, off, &off) || off < 0))
		error = EINVAL;
	if (error == 0)
		*newp = fp->f_offset = off;
	lock_release(&fp->f_offset_lock);
	return (error);
}

static int
memfd_truncate(struct file *fp, off_t size)
{
	struct memfd *mf = fp->f_data;

	if (size < 0)
		return (EINVAL);
	if ((uint64_t)size > MEMFD_MAX)
		return (EFBIG);
	lock_excl(&mf->mf_lock);
	vm_object_setsize(mf->mf_obj, (uint64_t)size);
	mf->mf_size = (uint64_t)size;
	mf->mf_mtime = ns_to_ts(clock_real());
	lock_release(&mf->mf_lock);
	return (0);
}

static int
memfd_sync(struct file *fp, bool data_only)
{
	return (0);
}

static int
memfd_mmap(struct file *fp, uint64_t off, uint64_t len, int prot, bool shared,
    struct vm_object **objp, uint8_t *maxprotp)
{
	struct memfd *mf = fp->f_data;

	if (shared && (fp->f_flags & FWRITE) == 0)
		*maxprotp &= (uint8_t)~VM_PROT_WRITE;
	vm_object_hold(mf->mf_obj);
	*objp = mf->mf_obj;
	return (0);
}

static void
memfd_close(struct file *fp)
{
	struct memfd *mf = fp->f_data;

	vm_object_drop(mf->mf_obj);
	lock_destroy(&mf->mf_lock);
	kfree(mf, M_MEMFD);
}

static void
memfd_name(struct file *fp, char *buf, size_t size)
{
	struct memfd *mf = fp->f_data;

	ksnprintf(buf, size, "/memfd:%s (deleted)", mf->mf_name);
}

static const struct fileops memfd_ops = {
    .fo_read = memfd_read,
    .fo_write = memfd_write,
    .fo_stat = memfd_stat,
    .fo_seek = memfd_seek,
    .fo_truncate = memfd_truncate,
    .fo_sync = memfd_sync,
    .fo_mmap = memfd_mmap,
    .fo_close = memfd_close,
    .fo_name = memfd_name,
};

int
kern_memfd(const char *name, int oflags, int *fdp)
{
	struct memfd *mf;
	struct file *fp;
	int error;

	mf = kmalloc(sizeof(*mf), M_MEMFD, M_WAITOK | M_ZERO);
	if (mf == NULL)
		return (ENOMEM);
	mf->mf_obj = vm_object_create(VMO_ANON, 0, NULL, NULL);
	if (mf->mf_obj == NULL) {
		kfree(mf, M_MEMFD);
		return (ENOMEM);
	}
	lock_init(&mf->mf_lock, "memfd", 0);
	mf->mf_ino = atomic_add(&memfd_next_ino, 1);
	mf->mf_mtime = ns_to_ts(clock_real());
	strlcpy(mf->mf_name, name, sizeof(mf->mf_name));
	fp = file_create(DTYPE_OTHER, FREAD | FWRITE, &memfd_ops, mf);
	if (fp == NULL) {
		vm_object_drop(mf->mf_obj);
		lock_destroy(&mf->mf_lock);
		kfree(mf, M_MEMFD);
		return (ENFILE);
	}
	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp); /* the table has its own; on failure the last */
	return (error);
}
