/* SPDX-License-Identifier: BSD-2-Clause */
/* mmap's front end, and the range calls that only look or advise. */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/file.h>
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <machine/vmparam.h>
#include "vm_var.h"

static const struct {
	int map, vmm;
} map_flags[] = {
    {MAP_SHARED, VMM_SHARED},
    {MAP_FIXED, VMM_FIXED},
    {MAP_FIXED_NOREPLACE, VMM_FIXED | VMM_NOREPLACE},
    {MAP_GROWSDOWN, VMM_GROWSDOWN},
    {MAP_POPULATE, VMM_POPULATE},
    {MAP_NORESERVE, VMM_NORESERVE},
    {MAP_32BIT, VMM_LOW},
    {MAP_PROGRAM, VMM_PROGRAM},
};

/*
 * A shared mapping that may be written counts in vo_writemaps from here on, for
 * kern_mmap to take back; a file sealed against writing gives none.
 */
static int
mmap_check_seals(
    struct file *fp, int prot, struct vm_object *obj, vm_prot_t *maxprotp)
{
	uint32_t seals = 0;

	if ((*maxprotp & VM_PROT_WRITE) == 0)
		return (0);
	atomic_add(&obj->vo_writemaps, 1);
	if (fp->f_ops->fo_seal == NULL ||
	    fp->f_ops->fo_seal(fp, 0, &seals) != 0 ||
	    (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) == 0)
		return (0);
	atomic_sub(&obj->vo_writemaps, 1);
	*maxprotp &= ~VM_PROT_WRITE;
	return ((prot & VM_PROT_WRITE) != 0 ? EPERM : 0);
}

/* The object behind fd and the most that may be allowed on it. */
static int
mmap_file(int fd, uint64_t off, uint64_t len, int prot, bool shared,
    struct vm_object **objp, vm_prot_t *maxprotp)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	*maxprotp = VM_PROT_ALL;
	if ((fp->f_flags & O_PATH) != 0)
		error = EBADF;
	else if ((fp->f_flags & FREAD) == 0)
		error = EACCES;
	else if (shared && (fp->f_flags & FWRITE) == 0) {
		*maxprotp &= ~VM_PROT_WRITE;
		if ((prot & VM_PROT_WRITE) != 0)
			error = EACCES;
	}
	if (error == 0 && fp->f_ops->fo_mmap == NULL)
		error = ENODEV;
	if (error == 0)
		error = fp->f_ops->fo_mmap(
		    fp, off, len, prot, shared, objp, maxprotp);
	if (error == 0 && (prot & ~*maxprotp) != 0) {
		if (*objp != NULL)
			vm_object_drop(*objp);
		error = EACCES;
	}
	if (error == 0 && shared && *objp != NULL &&
	    (error = mmap_check_seals(fp, prot, *objp, maxprotp)) != 0)
		vm_object_drop(*objp);
	file_drop(fp);
	return (error);
}

int
kern_mmap(struct lwp *lp, uaddr_t *addrp, uint64_t len, int prot, int flags,
    int fd, uint64_t off)
{
	struct vm_object *obj = NULL;
	vm_prot_t maxprot = VM_PROT_ALL;
	bool shared = (flags & MAP_SHARED) != 0;
	int error, vmm = 0;

	if (len == 0 || (off & PAGE_MASK) != 0 || (prot & ~VM_PROT_ALL) != 0 ||
	    shared == ((flags & MAP_PRIVATE) != 0))
		return (EINVAL);
	if (len > VM_MAX_USER)
		return (ENOMEM);
	if (off + len < off)
		return (EOVERFLOW);
	len = round_page(len);
	if ((flags & MAP_ANON) == 0) {
		error = mmap_file(fd, off, len, prot, shared, &obj, &maxprot);
		if (error != 0)
			return (error);
	} else
		off = 0;
	for (unsigned i = 0; i < nitems(map_flags); i++)
		if ((flags & map_flags[i].map) != 0)
			vmm |= map_flags[i].vmm;
	/* Write-only memory does not exist: writing implies reading. */
	if ((prot & VM_PROT_WRITE) != 0)
		prot |= VM_PROT_READ;
	error = vm_map(lp->lw_proc->p_vmspace, addrp, len, (vm_prot_t)prot,
	    maxprot, vmm, obj, off);
	if (obj != NULL && shared && (maxprot & VM_PROT_WRITE) != 0)
		atomic_sub(&obj->vo_writemaps, 1);
	if (obj != NULL)
		vm_object_drop(obj);
	return (error);
}

/* Call f for the part of each entry in [addr, addr+len): ENOMEM at holes. */
static int
for_range(struct vmspace *vm, uaddr_t addr, uint64_t len,
    int (*f)(struct vmspace *vm, struct vm_entry *e, uaddr_t start, uaddr_t end,
	void *arg),
    void *arg)
{
	uaddr_t at = addr, end = addr + round_page(len);
	struct vm_entry *e;
	int error = 0, e2;

	for (e = vm_entry_at_or_after(vm, addr); e != NULL && e->ve_start < end;
	     e = TAILQ_NEXT(e, ve_link)) {
		if (e->ve_start > at)
			error = ENOMEM;
		e2 = f(vm, e, MAX(e->ve_start, addr), MIN(e->ve_end, end), arg);
		if (e2 != 0)
			return (e2);
		at = e->ve_end;
	}
	return (at < end ? ENOMEM : error);
}

static int
check_args(uaddr_t addr, uint64_t len)
{
	if ((addr & PAGE_MASK) != 0)
		return (EINVAL);
	if (addr + round_page(len) < addr || addr + len > VM_MAX_USER)
		return (ENOMEM);
	return (0);
}

static int
discard(struct vmspace *vm, struct vm_entry *e, uaddr_t start, uaddr_t end,
    void *arg)
{
	enum vm_advice how = *(enum vm_advice *)arg;

	if ((e->ve_wired != 0 && how != VMADV_DISCARD) ||
	    (how == VMADV_FREE &&
		(e->ve_object != NULL || (e->ve_flags & VMM_SHARED) != 0)))
		return (EINVAL);
	pmap_remove(&vm->vm_pmap, start, end);
	pmap_update(&vm->vm_pmap);
	if ((e->ve_flags & VMM_SHARED) == 0 && e->ve_anon != NULL)
		vm_object_remove_range(e->ve_anon,
		    vm_entry_anon_index(e, start), vm_entry_anon_index(e, end));
	return (0);
}

static int
set_advice(struct vmspace *vm __unused, struct vm_entry *e,
    uaddr_t start __unused, uaddr_t end __unused, void *arg)
{
	e->ve_advice = *(uint8_t *)arg;
	return (0);
}

/* (vm_lock excl) How pages are mapped ahead is a matter of whole entries. */
static int
tune(struct vmspace *vm, uaddr_t addr, uint64_t len, enum vm_advice how)
{
	uint8_t advice = (uint8_t)how;
	uaddr_t end = addr + round_page(len);
	int error = vm_clip_range(vm, addr, end);

	if (error != 0)
		return (error);
	error = for_range(vm, addr, len, set_advice, &advice);
	vm_merge(vm, addr, end);
	return (error);
}

static int
prefetch(struct vmspace *vm __unused, struct vm_entry *e, uaddr_t start,
    uaddr_t end, void *arg __unused)
{
	struct vm_page *pg;

	if (e->ve_object == NULL)
		return (0);
	for (; start < end; start += PAGE_SIZE) {
		uint64_t i = vm_entry_object_index(e, start);

		if (ptoa(i) >= e->ve_object->vo_size ||
		    vm_object_getpage(e->ve_object, i, 0, &pg) != 0)
			break;
		vm_page_unwire(pg);
	}
	return (0);
}

int
vm_advise(struct vmspace *vm, uaddr_t addr, uint64_t len, enum vm_advice how)
{
	int error;

	if ((error = check_args(addr, len)) != 0 || len == 0)
		return (error == ENOMEM ? EINVAL : error);
	if (how == VMADV_WILLNEED) {
		lock_shared(&vm->vm_lock);
		error = for_range(vm, addr, len, prefetch, NULL);
	} else {
		lock_excl(&vm->vm_lock);
		if (how == VMADV_DONTNEED || how == VMADV_FREE ||
		    how == VMADV_DISCARD)
			error = for_range(vm, addr, len, discard, &how);
		else
			error = tune(vm, addr, len, how);
	}
	lock_release(&vm->vm_lock);
	return (error);
}

struct sync_arg {
	int how;
	int error;
};

static int
sync_entry(struct vmspace *vm, struct vm_entry *e, uaddr_t start, uaddr_t end,
    void *argp)
{
	struct sync_arg *arg = argp;
	int error;

	if (e->ve_object == NULL || e->ve_object->vo_type != VMO_VNODE)
		return (0);
	if ((e->ve_flags & VMM_SHARED) != 0) {
		error = vm_object_clean(e->ve_object,
		    vm_entry_object_index(e, start),
		    vm_entry_object_index(e, end));
		if (arg->error == 0)
			arg->error = error;
	}
	if ((arg->how & VMS_INVALIDATE) != 0) {
		if (e->ve_wired != 0)
			return (EBUSY);
		pmap_remove(&vm->vm_pmap, start, end);
		pmap_update(&vm->vm_pmap);
	}
	return (0);
}

int
vm_sync(struct vmspace *vm, uaddr_t addr, uint64_t len, int how)
{
	struct sync_arg arg = {how, 0};
	int error;

	if ((error = check_args(addr, len)) != 0)
		return (error);
	if ((how & VMS_ASYNC) != 0 && (how & VMS_SYNC) != 0)
		return (EINVAL);
	if (len == 0)
		return (0);
	lock_shared(&vm->vm_lock);
	error = for_range(vm, addr, len, sync_entry, &arg);
	lock_release(&vm->vm_lock);
	return (error != 0 ? error : arg.error);
}

struct incore_arg {
	uaddr_t base;
	uint8_t *vec;
};

static bool
resident(struct vm_entry *e, uaddr_t va)
{
	bool yes = false;

	if (e->ve_anon != NULL) {
		lock_shared(&e->ve_anon->vo_lock);
		yes = radix_get(&e->ve_anon->vo_pages,
			  vm_entry_anon_index(e, va)) != NULL;
		lock_release(&e->ve_anon->vo_lock);
	}
	if (!yes && e->ve_object != NULL) {
		lock_shared(&e->ve_object->vo_lock);
		yes = radix_get(&e->ve_object->vo_pages,
			  vm_entry_object_index(e, va)) != NULL;
		lock_release(&e->ve_object->vo_lock);
	}
	return (yes);
}

static int
incore_entry(struct vmspace *vm __unused, struct vm_entry *e, uaddr_t start,
    uaddr_t end, void *argp)
{
	struct incore_arg *arg = argp;

	for (; start < end; start += PAGE_SIZE)
		arg->vec[atop(start - arg->base)] = resident(e, start);
	return (0);
}

int
vm_incore(struct vmspace *vm, uaddr_t addr, uint64_t len, uint8_t *vec)
{
	struct incore_arg arg = {addr, vec};
	int error;

	if ((error = check_args(addr, len)) != 0 || len == 0)
		return (error);
	lock_shared(&vm->vm_lock);
	error = for_range(vm, addr, len, incore_entry, &arg);
	lock_release(&vm->vm_lock);
	return (error);
}
