/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of memory.
 *
 * A program that has several allocators may say whose a range is, and whoever
 * reads its map sees it.  A name is an object of its own with a count, which all
 * entries of one call share.  It travels with the entry (cut, fork, mremap), and
 * entries with different names stay two (vm_merge.c).  Only memory without a
 * file has one, for a file has its own.
 */
#include <sys/systm.h>
#include <machine/vmparam.h>
#include "vm_var.h"

struct vm_name {
	refcount_t vn_refs;
	char vn_text[VM_NAME_MAX];
};

struct vm_name *
vm_name_hold(struct vm_name *name)
{
	if (name != NULL)
		ref_hold(&name->vn_refs);
	return (name);
}

void
vm_name_drop(struct vm_name *name)
{
	if (name != NULL && ref_drop(&name->vn_refs))
		kfree(name, M_VM);
}

const char *
vm_name_text(const struct vm_name *name)
{
	return (name != NULL ? name->vn_text : "");
}

bool
vm_name_equal(const struct vm_name *a, const struct vm_name *b)
{
	return (a == b ||
	    (a != NULL && b != NULL && strcmp(a->vn_text, b->vn_text) == 0));
}

/* Of a file, or of something that shows pages of its own? */
static bool
has_owner(const struct vm_entry *e)
{
	const struct vm_object *obj = e->ve_object;

	return (
	    obj != NULL && (obj->vo_type != VMO_ANON || obj->vo_ops != NULL));
}

/* (vm_lock excl) */
static int
name_entry(struct vmspace *vm, uaddr_t start, uaddr_t end, struct vm_name *name)
{
	struct vm_entry *e;

	if (vm_clip_range(vm, start, end) != 0)
		return (EAGAIN);
	e = vm_entry_lookup(vm, start);
	vm_name_drop(e->ve_name);
	e->ve_name = vm_name_hold(name);
	return (0);
}

int
vm_name_locked(
    struct vmspace *vm, uaddr_t start, uaddr_t end, struct vm_name *name)
{
	struct vm_entry *e;
	uaddr_t at = start, to;
	int error = 0, hole = 0;

	LOCK_ASSERT_EXCL(&vm->vm_lock);
	while (error == 0 && at < end) {
		e = vm_entry_at_or_after(vm, at);
		if (e == NULL || e->ve_start > at)
			hole = ENOMEM;
		if (e == NULL || e->ve_start >= end)
			break;
		at = MAX(at, e->ve_start);
		to = MIN(end, e->ve_end);
		if (has_owner(e))
			error = EBADF;
		else if (!vm_name_equal(e->ve_name, name))
			error = name_entry(vm, at, to, name);
		at = to;
	}
	vm_merge(vm, start, end);
	return (error != 0 ? error : hole);
}

int
vm_set_name(struct vmspace *vm, uaddr_t addr, uint64_t len, const char *text)
{
	uint64_t bytes = round_page(len);
	struct vm_name *name = NULL;
	int error;

	if ((addr & PAGE_MASK) != 0 || (len != 0 && bytes == 0) ||
	    addr + bytes < addr)
		return (EINVAL);
	if (bytes == 0)
		return (0);
	if (text != NULL) {
		if ((name = kmalloc(sizeof(*name), M_VM, M_WAITOK)) == NULL)
			return (ENOMEM);
		ref_init(&name->vn_refs, 1);
		strlcpy(name->vn_text, text, sizeof(name->vn_text));
	}
	lock_excl(&vm->vm_lock);
	error = vm_name_locked(vm, addr, addr + bytes, name);
	lock_release(&vm->vm_lock);
	vm_name_drop(name);
	return (error);
}
