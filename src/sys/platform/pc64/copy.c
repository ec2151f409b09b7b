/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory on the PC: the program's own mappings.  The loops in copy.S touch
 * it; a fault there goes to vm_fault as the program's would, and if the page
 * cannot be had the loop ends early and the answer is EFAULT.
 *
 * The address space of the current process is loaded first: after a switch this
 * CPU may still have another one.  The fault handler loads it again, since
 * vm_fault may have slept.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/explore.h>
#include <sys/malloc.h>
#include "pc_var.h"

size_t user_copy(void *to, const void *from, size_t n);
size_t user_clear(void *to, size_t n);
int64_t user_string(char *to, const char *from, size_t max);
int user_get32(const uint32_t *from, uint32_t *to);
int user_swap32(uint32_t *at, uint32_t expect, uint32_t value, uint32_t *old);

FAULT_POINT(fault_copy, "copy");

/* May [addr, addr+len) be touched?  Then the space is loaded. */
static bool
reachable(uaddr_t addr, size_t len)
{
	struct lwp *lp = curthread->td_lwp;
	struct vmspace *vm;

	if (lp == NULL || (vm = lp->lw_proc->p_vmspace) == NULL ||
	    len > VM_MAX_USER || addr > VM_MAX_USER - len ||
	    fault_fires(&fault_copy))
		return (false);
	if ((curthread->td_flags & TDF_NOFAULT) == 0)
		explore_point();
	pmap_activate(&vm->vm_pmap);
	return (true);
}

int
copyin(uaddr_t uaddr, void *kaddr, size_t len)
{
	if (len == 0)
		return (0);
	return (reachable(uaddr, len) &&
		    user_copy(kaddr, (const void *)uaddr, len) == 0
		? 0
		: EFAULT);
}

int
copyout(const void *kaddr, uaddr_t uaddr, size_t len)
{
	if (len == 0)
		return (0);
	return (
	    reachable(uaddr, len) && user_copy((void *)uaddr, kaddr, len) == 0
		? 0
		: EFAULT);
}

int
user_zero(uaddr_t uaddr, size_t len)
{
	if (len == 0)
		return (0);
	return (reachable(uaddr, len) && user_clear((void *)uaddr, len) == 0
		? 0
		: EFAULT);
}

int
copyinstr(uaddr_t uaddr, char *kaddr, size_t max, size_t *donep)
{
	size_t room = max;
	int64_t n;

	if (uaddr >= VM_MAX_USER)
		return (EFAULT);
	room = MIN(room, VM_MAX_USER - uaddr);
	if (!reachable(uaddr, 1))
		return (EFAULT);
	if ((n = user_string(kaddr, (const char *)uaddr, room)) < 0)
		return (EFAULT);
	if (donep != NULL)
		*donep = (size_t)n;
	if (n > 0 && kaddr[n - 1] == '\0')
		return (0);
	return (room < max ? EFAULT : ENAMETOOLONG);
}

int
user_load32(uaddr_t uaddr, uint32_t *valuep)
{
	if ((uaddr & 3) != 0)
		return (EINVAL);
	return (reachable(uaddr, 4) &&
		    user_get32((const uint32_t *)uaddr, valuep) == 0
		? 0
		: EFAULT);
}

int
user_cmpxchg32(uaddr_t uaddr, uint32_t expect, uint32_t value, uint32_t *oldp)
{
	if ((uaddr & 3) != 0)
		return (EINVAL);
	return (reachable(uaddr, 4) &&
		    user_swap32((uint32_t *)uaddr, expect, value, oldp) == 0
		? 0
		: EFAULT);
}
