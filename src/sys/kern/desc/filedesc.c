/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables.
 *
 * 1. A table maps small numbers to open files, each with a reference.  Forked
 *    processes have copies, threads and CLONE_FILES relatives share one.
 *
 * 2. Slots and a bitmap of used ones are arrays that double; the first ones lie
 *    inside struct filedesc.  The lowest free slot is found word by word from a
 *    hint below which all is used.
 *
 * 3. fdt_spin guards everything and is never held over anything else: a lookup
 *    takes it, adds a reference, leaves.  Files are dropped, and bigger arrays
 *    allocated, outside; after an allocation everything is looked at again.
 *
 * 4. Closing a descriptor ends the POSIX record locks this table has on the
 *    file, whatever other descriptors it has for it: POSIX wants that.
 *
 * Invariants: D1 a map bit is set iff the slot has a file.  D2 fdt_free_hint is
 * at most the lowest free slot.
 */
#include <sys/ddb.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/resource.h>
#include <sys/systm.h>
#include <sys/vnode.h>
#include <sys/vnwatch.h>
#include "desc_var.h"

static MALLOC_DEFINE(M_FILEDESC, "filedesc", "descriptor tables");

#define FD_MAX (1u << 20) /* slots, whatever the limit says */

static struct filedesc *
fd_table(void)
{
	struct proc *p = curproc;

	return (p != NULL ? p->p_fd : NULL);
}

/* --- slots, under fdt_spin ---------------------------------------------------- */

static void
slot_set(struct filedesc *fdt, uint32_t fd, struct file *fp, int fdflags)
{
	KASSERT(fdt->fdt_slots[fd].fs_file == NULL, ("fd %u in use", fd));
	fdt->fdt_slots[fd].fs_file = fp;
	fdt->fdt_slots[fd].fs_flags = (uint32_t)fdflags;
	fdt->fdt_map[fd / 64] |= 1UL << (fd % 64);
	fdt->fdt_used++;
}

static struct file *
slot_clear(struct filedesc *fdt, uint32_t fd)
{
	struct file *fp = fdt->fdt_slots[fd].fs_file;

	fdt->fdt_slots[fd].fs_file = NULL;
	fdt->fdt_map[fd / 64] &= ~(1UL << (fd % 64));
	fdt->fdt_used--;
	if (fd < fdt->fdt_free_hint)
		fdt->fdt_free_hint = fd;
	return (fp);
}

/* The lowest free slot >= min, fdt_size if the table is full. */
static uint32_t
slot_lowest_free(struct filedesc *fdt, uint32_t min)
{
	uint32_t fd = MAX(min, fdt->fdt_free_hint);

	while (fd < fdt->fdt_size) {
		uint64_t free = ~fdt->fdt_map[fd / 64] >> (fd % 64);

		if (free != 0) {
			fd += (uint32_t)__builtin_ctzl(free);
			break;
		}
		fd = (fd / 64 + 1) * 64;
	}
	if (min <= fdt->fdt_free_hint)
		fdt->fdt_free_hint = MIN(fd, fdt->fdt_size);
	return (MIN(fd, fdt->fdt_size));
}

static struct file *
slot_get(struct filedesc *fdt, int fd)
{
	if (fd < 0 || (uint32_t)fd >= fdt->fdt_size)
		return (NULL);
	return (fdt->fdt_slots[fd].fs_file);
}

/* --- growth --------------------------------------------------------------------- */

struct fd_arrays {
	struct fd_slot *slots;
	uint64_t *map;
	uint32_t size;
};

static int
arrays_alloc(struct fd_arrays *a, uint32_t size)
{
	a->size = size;
	a->slots =
	    kmalloc(size * sizeof(*a->slots), M_FILEDESC, M_WAITOK | M_ZERO);
	a->map = kmalloc(size / 8, M_FILEDESC, M_WAITOK | M_ZERO);
	if (a->slots != NULL && a->map != NULL)
		return (0);
	kfree(a->slots, M_FILEDESC);
	kfree(a->map, M_FILEDESC);
	return (ENOMEM);
}

static void
arrays_free(struct fd_arrays *a, struct filedesc *fdt)
{
	if (a->slots == fdt->fdt_first)
		return;
	kfree(a->slots, M_FILEDESC);
	kfree(a->map, M_FILEDESC);
}

/* Put bigger arrays in; *a gets the old ones.  fdt_spin held. */
static void
arrays_swap(struct filedesc *fdt, struct fd_arrays *a)
{
	struct fd_arrays old = {fdt->fdt_slots, fdt->fdt_map, fdt->fdt_size};

	memcpy(a->slots, old.slots, old.size * sizeof(*old.slots));
	memcpy(a->map, old.map, old.size / 8);
	fdt->fdt_slots = a->slots;
	fdt->fdt_map = a->map;
	fdt->fdt_size = a->size;
	*a = old;
}

/* Make the table bigger than fd.  0 or ENOMEM.  May sleep. */
static int
fd_grow(struct filedesc *fdt, uint32_t fd)
{
	struct fd_arrays a;
	uint32_t size = FD_MIN_SLOTS;

	while (size <= fd)
		size *= 2;
	if (arrays_alloc(&a, size) != 0)
		return (ENOMEM);
	spin_lock(&fdt->fdt_spin);
	if (fdt->fdt_size < size)
		arrays_swap(fdt, &a);
	spin_unlock(&fdt->fdt_spin);
	arrays_free(&a, fdt);
	return (0);
}

static uint32_t
fd_limit(void)
{
	return ((uint32_t)MIN(proc_rlimit(RLIMIT_NOFILE), FD_MAX));
}

/* --- the table's life --------------------------------------------------------------- */

struct filedesc *
filedesc_create(void)
{
	struct filedesc *fdt;

	fdt = kmalloc(sizeof(*fdt), M_FILEDESC, M_WAITOK | M_ZERO);
	if (fdt == NULL)
		return (NULL);
	ref_init(&fdt->fdt_refs, 1);
	spin_init(&fdt->fdt_spin, "filedesc");
	fdt->fdt_size = FD_MIN_SLOTS;
	fdt->fdt_slots = fdt->fdt_first;
	fdt->fdt_map = fdt->fdt_first_map;
	return (fdt);
}

/* Give every file of from a reference in to, which is large enough. */
static bool
fd_copy_slots(struct filedesc *from, struct filedesc *to)
{
	bool fits;

	spin_lock(&from->fdt_spin);
	fits = from->fdt_size <= to->fdt_size;
	for (uint32_t fd = 0; fits && fd < from->fdt_size; fd++) {
		struct file *fp = from->fdt_slots[fd].fs_file;

		if (fp == NULL)
			continue;
		file_hold(fp);
		slot_set(to, fd, fp, (int)from->fdt_slots[fd].fs_flags);
	}
	spin_unlock(&from->fdt_spin);
	return (fits);
}

/* 0 or ENOMEM. */
int
filedesc_copy(struct filedesc *fdt, struct filedesc **newp)
{
	struct filedesc *copy = filedesc_create();

	if (copy == NULL)
		return (ENOMEM);
	while (!fd_copy_slots(fdt, copy)) {
		if (fd_grow(copy, filedesc_size(fdt) - 1) != 0) {
			filedesc_drop(copy);
			return (ENOMEM);
		}
	}
	*newp = copy;
	return (0);
}

void
filedesc_hold(struct filedesc *fdt)
{
	ref_hold(&fdt->fdt_refs);
}

uint32_t
filedesc_size(struct filedesc *fdt)
{
	return (atomic_load(&fdt->fdt_size));
}

/* A descriptor of fdt for fp is gone; the caller's reference goes with it. */
static void
fd_closed(struct filedesc *fdt, struct file *fp)
{
	if (fp->f_vnode != NULL && fp->f_vnode->v_lockf != NULL)
		vn_owner_unlock_all(fp->f_vnode, fdt);
	if (fp->f_noticed != 0)
		dnotify_close(fp, fdt);
	file_drop(fp);
}

void
filedesc_drop(struct filedesc *fdt)
{
	struct fd_arrays a;

	if (!ref_drop(&fdt->fdt_refs))
		return;
	for (uint32_t fd = 0; fd < fdt->fdt_size; fd++) {
		if (fdt->fdt_slots[fd].fs_file != NULL)
			fd_closed(fdt, slot_clear(fdt, fd));
	}
	a.slots = fdt->fdt_slots;
	a.map = fdt->fdt_map;
	arrays_free(&a, fdt);
	kfree(fdt, M_FILEDESC);
}

/* Clear slot fd if it still has cloexec set; the file, or NULL. */
static struct file *
fd_take_cloexec(struct filedesc *fdt, uint32_t fd)
{
	struct file *fp = NULL;

	spin_lock(&fdt->fdt_spin);
	if (fdt->fdt_slots[fd].fs_file != NULL &&
	    (fdt->fdt_slots[fd].fs_flags & FDF_CLOEXEC) != 0)
		fp = slot_clear(fdt, fd);
	spin_unlock(&fdt->fdt_spin);
	return (fp);
}

void
filedesc_close_on_exec(struct filedesc *fdt)
{
	for (uint32_t fd = 0; fd < filedesc_size(fdt); fd++) {
		struct file *fp = fd_take_cloexec(fdt, fd);

		if (fp != NULL)
			fd_closed(fdt, fp);
	}
}

/* --- descriptors of the current process ------------------------------------------------ */

/*
 * Put fp at the lowest free descriptor >= min, with a reference of its own.  0,
 * EMFILE, EINVAL (min above the limit), ENOMEM, EBADF (no table).
 */
int
fd_alloc(struct file *fp, int min, int fdflags, int *fdp)
{
	struct filedesc *fdt = fd_table();
	uint32_t limit, fd;

	if (fdt == NULL)
		return (EBADF);
	limit = fd_limit();
	if (min < 0 || (min > 0 && (uint32_t)min >= limit))
		return (EINVAL);
	for (;;) {
		spin_lock(&fdt->fdt_spin);
		fd = slot_lowest_free(fdt, (uint32_t)min);
		if (fd < fdt->fdt_size && fd < limit) {
			file_hold(fp);
			slot_set(fdt, fd, fp, fdflags);
			spin_unlock(&fdt->fdt_spin);
			*fdp = (int)fd;
			return (0);
		}
		spin_unlock(&fdt->fdt_spin);
		fd = MAX(fd, (uint32_t)min);
		if (fd >= limit)
			return (EMFILE);
		if (fd_grow(fdt, fd) != 0)
			return (ENOMEM);
	}
}

int
filedesc_get(struct filedesc *fdt, int fd, struct file **fpp, int *fdflagsp)
{
	struct file *fp;

	spin_lock(&fdt->fdt_spin);
	if ((fp = slot_get(fdt, fd)) != NULL) {
		file_hold(fp);
		if (fdflagsp != NULL)
			*fdflagsp = (int)fdt->fdt_slots[fd].fs_flags;
	}
	spin_unlock(&fdt->fdt_spin);
	*fpp = fp;
	return (fp != NULL ? 0 : EBADF);
}

int
fd_get(int fd, int need, struct file **fpp)
{
	struct filedesc *fdt = fd_table();
	struct file *fp;
	int error;

	if (fdt == NULL)
		return (EBADF);
	if ((error = filedesc_get(fdt, fd, &fp, NULL)) != 0)
		return (error);
	if ((fp->f_flags & (uint32_t)need) != (uint32_t)need) {
		file_drop(fp);
		return (EBADF);
	}
	*fpp = fp;
	return (0);
}

int
fd_close(int fd)
{
	struct filedesc *fdt = fd_table();
	struct file *fp = NULL;

	if (fdt == NULL)
		return (EBADF);
	spin_lock(&fdt->fdt_spin);
	if (slot_get(fdt, fd) != NULL)
		fp = slot_clear(fdt, (uint32_t)fd);
	spin_unlock(&fdt->fdt_spin);
	if (fp == NULL)
		return (EBADF);
	KTR_EVENT(VFS, fd_close, "fd=%d fp=%p", (uint64_t)fd, KTRP(fp));
	fd_closed(fdt, fp);
	return (0);
}

/* Put fp (a reference of ours goes into the slot) exactly at fd. */
static int
fd_install_at(struct filedesc *fdt, uint32_t fd, struct file *fp, int fdflags)
{
	struct file *old = NULL;

	spin_lock(&fdt->fdt_spin);
	while (fd >= fdt->fdt_size) {
		spin_unlock(&fdt->fdt_spin);
		if (fd_grow(fdt, fd) != 0)
			return (ENOMEM);
		spin_lock(&fdt->fdt_spin);
	}
	if (fdt->fdt_slots[fd].fs_file != NULL)
		old = slot_clear(fdt, fd);
	slot_set(fdt, fd, fp, fdflags);
	spin_unlock(&fdt->fdt_spin);
	if (old != NULL)
		fd_closed(fdt, old);
	return (0);
}

int
fd_replace(struct file *fp, int fd, int fdflags)
{
	struct filedesc *fdt = fd_table();
	int error;

	if (fdt == NULL || fd < 0 || (uint32_t)fd >= fd_limit())
		return (EBADF);
	file_hold(fp);
	if ((error = fd_install_at(fdt, (uint32_t)fd, fp, fdflags)) != 0)
		file_drop(fp);
	return (error);
}

/* 0, EBADF, EMFILE, EINVAL, ENOMEM. */
int
fd_dup(int oldfd, int want, int how, int fdflags, int *fdp)
{
	struct filedesc *fdt = fd_table();
	struct file *fp;
	int error;

	if ((error = fd_get(oldfd, 0, &fp)) != 0)
		return (error);
	if (how == FD_DUP_MIN) {
		error = fd_alloc(fp, want, fdflags, fdp);
		file_drop(fp);
		return (error);
	}
	*fdp = want;
	if (want < 0 || (uint32_t)want >= fd_limit())
		error = EBADF;
	else if (want == oldfd)
		error = how == FD_DUP_DIFF ? EINVAL : 0;
	else if ((error = fd_install_at(fdt, (uint32_t)want, fp, fdflags)) == 0)
		return (0); /* our reference is in the slot */
	file_drop(fp);
	return (error);
}

int
fd_flags_get(int fd, int *fdflagsp)
{
	struct filedesc *fdt = fd_table();
	int error = EBADF;

	if (fdt == NULL)
		return (EBADF);
	spin_lock(&fdt->fdt_spin);
	if (slot_get(fdt, fd) != NULL) {
		*fdflagsp = (int)fdt->fdt_slots[fd].fs_flags;
		error = 0;
	}
	spin_unlock(&fdt->fdt_spin);
	return (error);
}

int
fd_flags_set(int fd, int fdflags)
{
	struct filedesc *fdt = fd_table();
	int error = EBADF;

	if (fdt == NULL)
		return (EBADF);
	spin_lock(&fdt->fdt_spin);
	if (slot_get(fdt, fd) != NULL) {
		fdt->fdt_slots[fd].fs_flags = (uint32_t)fdflags & FDF_CLOEXEC;
		error = 0;
	}
	spin_unlock(&fdt->fdt_spin);
	return (error);
}

int
fd_close_range(unsigned int first, unsigned int last, bool cloexec)
{
	struct filedesc *fdt = fd_table();

	if (fdt == NULL)
		return (EBADF);
	if (first > last)
		return (EINVAL);
	for (unsigned int fd = first; fd <= last && fd < filedesc_size(fdt);
	     fd++) {
		if (cloexec)
			(void)fd_flags_set((int)fd, FDF_CLOEXEC);
		else
			(void)fd_close((int)fd);
	}
	return (0);
}

/* --- looking at another table ------------------------------------------------------------ */

int
filedesc_next(struct filedesc *fdt, int *fdp, struct file **fpp, int *fdflagsp)
{
	for (int fd = MAX(*fdp, 0); (uint32_t)fd < filedesc_size(fdt); fd++) {
		if (filedesc_get(fdt, fd, fpp, fdflagsp) == 0) {
			*fdp = fd;
			return (0);
		}
	}
	return (ENOENT);
}

static void
ddb_show_files(const char *arg)
{
	static struct filedesc fdt; /* too big for the stack */
	struct fd_slot slot;
	uint64_t addr;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((void *)(uintptr_t)addr, &fdt, sizeof(fdt))) {
		kprintf("show filedesc ADDRESS\n");
		return;
	}
	kprintf("refs %u size %u used %u\n", fdt.fdt_refs, fdt.fdt_size,
	    fdt.fdt_used);
	for (uint32_t fd = 0; fd < MIN(fdt.fdt_size, 4096u); fd++) {
		if (!ddb_read(fdt.fdt_slots + fd, &slot, sizeof(slot)))
			break;
		if (slot.fs_file != NULL)
			kprintf("%4u %p flags %x\n", fd, (void *)slot.fs_file,
			    slot.fs_flags);
	}
}
DDB_COMMAND(show_filedesc, "show filedesc", ddb_show_files,
    "a descriptor table by address");
