/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Properties of ranges beside protection: what fork does with them, their NUMA
 * policy; and advice that acts on pages of shared objects.
 *
 * A property belongs to whole entries, so a range is cut at both ends first;
 * what does not differ afterwards, also after a refusal, becomes one again.
 */
#include <sys/systm.h>
#include <machine/vmparam.h>
#include "vm_var.h"

/* --- properties ------------------------------------------------------------------ */

/*
 * (vm_lock excl) Cut [start, end), which entries must cover: ENOMEM.  Then
 * nothing can fail.
 */
static int
range_prepare(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	int error = vm_check_covered(vm, start, end);

	return (error != 0 ? error : vm_clip_range(vm, start, end));
}

#define FOR_RANGE(e, vm, start, end)                                           \
	for (e = vm_entry_lookup(vm, start); e != NULL && e->ve_start < end;   \
	     e = TAILQ_NEXT(e, ve_link))

/* WIPEONFORK is for private memory without a file. */
static bool
may_wipe(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct vm_entry *e;

	FOR_RANGE(e, vm, start, end)
	if (e->ve_object != NULL || (e->ve_flags & VMM_SHARED) != 0)
		return (false);
	return (true);
}

int
vm_set_flags(struct vmspace *vm, uaddr_t addr, uint64_t len, int set, int clear)
{
	uaddr_t end = addr + len;
	struct vm_entry *e;
	int error;

	lock_excl(&vm->vm_lock);
	error = range_prepare(vm, addr, end);
	if (error == 0 && (set & VMM_WIPEONFORK) != 0 &&
	    !may_wipe(vm, addr, end))
		error = EINVAL;
	if (error == 0)
		FOR_RANGE(e, vm, addr, end)
	e->ve_flags = (uint16_t)((e->ve_flags & ~clear) | set);
	vm_merge(vm, addr, end);
	lock_release(&vm->vm_lock);
	return (error);
}

int
vm_set_policy(struct vmspace *vm, uaddr_t addr, uint64_t len, uint16_t policy)
{
	uaddr_t end = addr + len;
	struct vm_entry *e;
	int error;

	lock_excl(&vm->vm_lock);
	if ((error = range_prepare(vm, addr, end)) == 0)
		FOR_RANGE(e, vm, addr, end)
	e->ve_policy = policy;
	vm_merge(vm, addr, end);
	lock_release(&vm->vm_lock);
	return (error);
}

int
vm_get_policy(struct vmspace *vm, uaddr_t addr, uint16_t *policyp)
{
	struct vm_entry *e;

	lock_shared(&vm->vm_lock);
	if ((e = vm_entry_lookup(vm, trunc_page(addr))) != NULL)
		*policyp = e->ve_policy;
	lock_release(&vm->vm_lock);
	return (e == NULL ? EFAULT : 0);
}

/* --- pages ------------------------------------------------------------------------- */

/* What an address shows of an object: held, or NULL. */
struct view {
	struct vm_object *vw_obj;
	uint64_t vw_offset;
	uaddr_t vw_end; /* of the entry */
	bool vw_shared, vw_writable, vw_wired, vw_covered;
};

static void
view_get(struct vmspace *vm, uaddr_t addr, struct view *vw)
{
	struct vm_entry *e;

	memset(vw, 0, sizeof(*vw));
	lock_shared(&vm->vm_lock);
	if ((e = vm_entry_lookup(vm, addr)) != NULL) {
		vw->vw_covered = true;
		vw->vw_obj = e->ve_object;
		vw->vw_offset = addr - e->ve_start + e->ve_offset;
		vw->vw_end = e->ve_end;
		vw->vw_shared = (e->ve_flags & VMM_SHARED) != 0;
		vw->vw_writable = (e->ve_maxprot & VM_PROT_WRITE) != 0;
		vw->vw_wired = e->ve_wired != 0;
		if (vw->vw_obj != NULL)
			vm_object_hold(vw->vw_obj);
	}
	lock_release(&vm->vm_lock);
}

/* Free the pages of a shared mapping in its object: a hole. */
static int
view_remove(const struct view *vw, uint64_t len)
{
	struct vm_object *obj = vw->vw_obj;

	if (obj == NULL || vw->vw_wired)
		return (EINVAL);
	if (!vw->vw_shared || !vw->vw_writable)
		return (EACCES);
	if (obj->vo_ops != NULL && obj->vo_ops->vpo_punch != NULL)
		return (obj->vo_ops->vpo_punch(obj, vw->vw_offset, len));
	if (obj->vo_type != VMO_ANON)
		return (EOPNOTSUPP);
	vm_object_remove_range(
	    obj, atop(vw->vw_offset), atop(vw->vw_offset + len));
	return (0);
}

/* Write dirty pages of files back, so that they can go at once. */
static int
view_pageout(const struct view *vw, uint64_t len)
{
	if (vw->vw_obj == NULL || vw->vw_obj->vo_type != VMO_VNODE)
		return (0);
	(void)vm_object_clean(
	    vw->vw_obj, atop(vw->vw_offset), atop(vw->vw_offset + len));
	return (0);
}

/* Go over the range view by view; ENOMEM at the end if there were holes. */
static int
for_views(struct vmspace *vm, uaddr_t addr, uint64_t len,
    int (*f)(const struct view *vw, uint64_t len))
{
	uaddr_t end = addr + len;
	bool hole = false;
	struct view vw;
	int error = 0;

	while (error == 0 && addr < end) {
		view_get(vm, addr, &vw);
		if (!vw.vw_covered) {
			hole = true;
			addr += PAGE_SIZE;
			continue;
		}
		error = f(&vw, MIN(vw.vw_end, end) - addr);
		if (vw.vw_obj != NULL)
			vm_object_drop(vw.vw_obj);
		addr = vw.vw_end;
	}
	return (error != 0 ? error : hole ? ENOMEM : 0);
}

/* As many faults as a program that touches every page would take. */
static int
populate(struct vmspace *vm, uaddr_t addr, uint64_t len, vm_prot_t access)
{
	int error = 0;

	for (uaddr_t end = addr + len; error == 0 && addr < end;
	     addr += PAGE_SIZE)
		error = vm_fault(vm, addr, access);
	switch (error) {
	case EFAULT:
		return (ENOMEM); /* nothing there */
	case EACCES:
		return (EINVAL);
	case EIO:
		return (EFAULT);
	default:
		return (error);
	}
}

int
vm_advise_pages(
    struct vmspace *vm, uaddr_t addr, uint64_t len, enum vm_advice how)
{
	switch (how) {
	case VMADV_REMOVE:
		return (for_views(vm, addr, len, view_remove));
	case VMADV_PAGEOUT:
		return (for_views(vm, addr, len, view_pageout));
	case VMADV_POPULATE_READ:
		return (populate(vm, addr, len, VM_PROT_READ));
	case VMADV_POPULATE_WRITE:
		return (populate(vm, addr, len, VM_PROT_WRITE));
	default:
		return (EINVAL);
	}
}
