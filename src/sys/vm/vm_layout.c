/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a program's parts are: text, data, heap, stack, arguments, environment.
 *
 * 1. exec writes the places down when it has loaded a program.  brk works from
 *    VL_BRK_START and VL_BRK; all others are only shown (PID/stat, cmdline,
 *    environ, the names in maps).
 * 2. A program may move them: one that loads another by hand, or restores one
 *    from an image, says where the parts are now.  Nothing of the kernel's
 *    depends on what it says: places are addresses of user memory, which may
 *    hold anything or nothing, and are read as such.
 * 3. A change is checked as a whole, with the places that stay: pairs are in
 *    order, all lie in user memory, heap and data keep to the limit.
 */
#include <sys/systm.h>
#include <machine/vmparam.h>
#include "vm_var.h"

void
vmspace_set_layout(struct vmspace *vm, const uaddr_t places[VL_COUNT])
{
	lock_excl(&vm->vm_lock);
	memcpy(vm->vm_layout, places, sizeof(vm->vm_layout));
	lock_release(&vm->vm_lock);
}

void
vmspace_get_layout(struct vmspace *vm, uaddr_t places[VL_COUNT])
{
	lock_shared(&vm->vm_lock);
	memcpy(places, vm->vm_layout, sizeof(vm->vm_layout));
	lock_release(&vm->vm_lock);
}

/* 0, or EINVAL: (3). */
static int
check_places(const struct vmspace *vm, const uaddr_t at[VL_COUNT])
{
	static const struct {
		enum vm_place low, high;
	} pairs[] = {
	    {VL_DATA_START, VL_DATA_END},
	    {VL_BRK_START, VL_BRK},
	    {VL_ARGS_START, VL_ARGS_END},
	    {VL_ENV_START, VL_ENV_END},
	};

	for (size_t i = 0; i < VL_COUNT; i++)
		if (at[i] < VM_MIN_USER || at[i] >= VM_MAX_USER)
			return (EINVAL);
	if (at[VL_TEXT_START] >= at[VL_TEXT_END])
		return (EINVAL);
	for (size_t i = 0; i < nitems(pairs); i++)
		if (at[pairs[i].low] > at[pairs[i].high])
			return (EINVAL);
	return (at[VL_BRK] - at[VL_BRK_START] + at[VL_DATA_END] -
			at[VL_DATA_START] >
		    vm->vm_data_max
		? EINVAL
		: 0);
}

int
vmspace_check_layout(struct vmspace *vm, const uaddr_t places[VL_COUNT])
{
	return (check_places(vm, places));
}

int
vmspace_change_layout(struct vmspace *vm, const uaddr_t places[VL_COUNT],
    uint32_t which, bool mapped)
{
	uaddr_t at[VL_COUNT];
	int error;

	lock_excl(&vm->vm_lock);
	for (size_t i = 0; i < VL_COUNT; i++)
		at[i] = (which >> i & 1) != 0 ? places[i] : vm->vm_layout[i];
	error = check_places(vm, at);
	for (size_t i = 0; i < VL_COUNT && error == 0 && mapped; i++)
		if ((which >> i & 1) != 0 &&
		    vm_entry_at_or_after(vm, places[i]) == NULL)
			error = EFAULT;
	if (error == 0)
		memcpy(vm->vm_layout, at, sizeof(vm->vm_layout));
	lock_release(&vm->vm_lock);
	return (error);
}
