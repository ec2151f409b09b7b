/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO in a program's address space.
 *
 * The image (vdso/, embedded in the kernel) is copied into an object once, and
 * every program maps these pages: privately, so that a debugger's breakpoints
 * are its own program's.  Right below lies the page of the clock's hands
 * (kern/time), readable only.  Both stand above the stack, and they are shown
 * to the machine at once: the first question for the time costs no fault.
 *
 * Without the page of the hands no program gets a vDSO, and without memory for
 * the image the ABI does not load.
 */
#include "linux_var.h"
#include <sys/abi.h>
#include <sys/timehands.h>
#include <vm/vm.h>
#include <machine/vmparam.h>

#define VVAR_ADDR (VM_STACK_TOP + 0x200000UL)

extern const char linux_vdso[];
extern const size_t linux_vdso_bytes;

static struct vm_object *vdso_obj; /* set once at load */

int
linux_vdso_make(void)
{
	size_t len = linux_vdso_bytes, n;
	struct vm_object *obj;
	struct vm_page *pg;
	int error = 0;

	obj = vm_object_create(VMO_ANON, round_page(len), NULL, NULL);
	if (obj == NULL)
		return (ENOMEM);
	for (size_t at = 0; at < len && error == 0; at += n) {
		n = MIN(len - at, PAGE_SIZE);
		error = vm_object_getpage(obj, atop(at), VOG_CREATE, &pg);
		if (error != 0)
			break;
		memcpy(vm_page_kva(pg), linux_vdso + at, n);
		vm_object_dirty(obj, pg);
		vm_page_unwire(pg);
	}
	if (error != 0) {
		vm_object_drop(obj);
		return (error);
	}
	vdso_obj = obj;
	return (0);
}

static void
vdso_drop(void)
{
	if (vdso_obj != NULL)
		vm_object_drop(vdso_obj);
	vdso_obj = NULL;
}
SHUTDOWN_HOOK(linux_vdso, vdso_drop);

int
linux_stack(struct lwp *lp, struct image_params *img, uaddr_t *spp)
{
	size_t len = round_page(linux_vdso_bytes);
	struct vm_object *hands = timehands_object();
	uaddr_t vvar = VVAR_ADDR, vdso = VVAR_ADDR + PAGE_SIZE;
	int error;

	if (hands == NULL)
		return (exec_stack_64(lp, img, spp));
	error = vm_map(img->img_vm, &vvar, PAGE_SIZE, VM_PROT_READ,
	    VM_PROT_READ, VMM_FIXED | VMM_POPULATE, hands, 0);
	if (error == 0)
		error = vm_map(img->img_vm, &vdso, len,
		    VM_PROT_READ | VM_PROT_EXECUTE, VM_PROT_ALL,
		    VMM_FIXED | VMM_POPULATE, vdso_obj, 0);
	if (error != 0)
		return (error);
	img->img_vvar = vvar;
	img->img_vdso = vdso;
	return (exec_stack_64(lp, img, spp));
}
