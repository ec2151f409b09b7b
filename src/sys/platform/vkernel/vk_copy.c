/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory in the vkernel: it is guest RAM, reached page by page through
 * the pmap's tree and the direct map.  The pmap's spin lock is held while a
 * page is touched, so it cannot be taken away and reused meanwhile; a page
 * that is not there is faulted in as for the program.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/explore.h>
#include <sys/malloc.h>
#include <sys/memcheck.h>
#include <machine/vmparam.h>
#include "vk_var.h"

#define FAULT_TRIES 64 /* against a page that is stolen again and again */

FAULT_POINT(fault_copy, "copy");

typedef void (*page_func_t)(uint8_t *p, size_t n, void *arg);

/* Run f on the part of one page at addr; the page has the access right. */
static int
on_page(struct vmspace *vm, uaddr_t addr, size_t n, vm_prot_t access,
    page_func_t f, void *arg)
{
	struct pmap *pm = &vm->vm_pmap;
	uint64_t pte;
	int error;

	for (int i = 0; i < FAULT_TRIES; i++) {
		spin_lock(&pm->pm_spin);
		pte = (uintptr_t)radix_get(&pm->pm_ptes, atop(addr));
		if (pte != 0 && (access & ~(pte & VM_PROT_ALL)) == 0) {
			f((uint8_t *)vm_page_kva(
			      vm_page_of_pa(pte & ~PAGE_MASK)) +
				(addr & PAGE_MASK),
			    n, arg);
			spin_unlock(&pm->pm_spin);
			return (0);
		}
		spin_unlock(&pm->pm_spin);
		if ((curthread->td_flags & TDF_NOFAULT) != 0)
			return (EFAULT);
		if ((error = vm_fault(vm, addr, access)) != 0)
			return (EFAULT);
	}
	return (EFAULT);
}

static struct vmspace *
current_space(void)
{
	struct lwp *lp = curthread->td_lwp;

	return (lp != NULL ? lp->lw_proc->p_vmspace : NULL);
}

static int
check(uaddr_t addr, size_t len)
{
	if (len > VM_MAX_USER || addr > VM_MAX_USER - len ||
	    fault_fires(&fault_copy))
		return (EFAULT);
	return (0);
}

static int
for_pages(uaddr_t addr, size_t len, vm_prot_t access, page_func_t f, void *arg)
{
	struct vmspace *vm = current_space();
	size_t n;
	int error;

	if (len == 0)
		return (0);
	if (vm == NULL || check(addr, len) != 0)
		return (EFAULT);
	if ((curthread->td_flags & TDF_NOFAULT) == 0)
		explore_point();
	for (; len > 0; addr += n, len -= n) {
		n = MIN(len, PAGE_SIZE - (addr & PAGE_MASK));
		if ((error = on_page(vm, addr, n, access, f, arg)) != 0)
			return (error);
	}
	return (0);
}

static void
get(uint8_t *p, size_t n, void *arg)
{
	uint8_t **to = arg;

	memcpy(*to, p, n);
	*to += n;
}

static void
put(uint8_t *p, size_t n, void *arg)
{
	const uint8_t **from = arg;

	memcpy(p, *from, n);
	*from += n;
}

static void
zero(uint8_t *p, size_t n, void *arg __unused)
{
	memset(p, 0, n);
}

int
copyin(uaddr_t uaddr, void *kaddr, size_t len)
{
	return (for_pages(uaddr, len, VM_PROT_READ, get, &kaddr));
}

int
copyout(const void *kaddr, uaddr_t uaddr, size_t len)
{
	memcheck_check_defined(kaddr, len);
	return (for_pages(uaddr, len, VM_PROT_WRITE, put, &kaddr));
}

int
user_zero(uaddr_t uaddr, size_t len)
{
	return (for_pages(uaddr, len, VM_PROT_WRITE, zero, NULL));
}

struct string {
	char *to;
	size_t left, done;
	bool end;
};

static void
get_string(uint8_t *p, size_t n, void *arg)
{
	struct string *s = arg;

	for (; n > 0 && s->left > 0 && !s->end; n--, s->left--) {
		*s->to++ = (char)*p;
		s->done++;
		s->end = *p++ == '\0';
	}
}

int
copyinstr(uaddr_t uaddr, char *kaddr, size_t max, size_t *donep)
{
	struct string s = {kaddr, max, 0, false};
	struct vmspace *vm = current_space();
	int error;

	if (vm == NULL)
		return (EFAULT);
	while (s.left > 0 && !s.end) {
		if (check(uaddr + s.done, 1) != 0)
			return (EFAULT);
		error = on_page(vm, uaddr + s.done,
		    PAGE_SIZE - ((uaddr + s.done) & PAGE_MASK), VM_PROT_READ,
		    get_string, &s);
		if (error != 0)
			return (error);
	}
	if (donep != NULL)
		*donep = s.done;
	return (s.end ? 0 : ENAMETOOLONG);
}

static void
load32(uint8_t *p, size_t n __unused, void *arg)
{
	*(uint32_t *)arg = atomic_load_seq((volatile uint32_t *)p);
}

int
user_load32(uaddr_t uaddr, uint32_t *valuep)
{
	if ((uaddr & 3) != 0)
		return (EINVAL);
	return (for_pages(uaddr, 4, VM_PROT_READ, load32, valuep));
}

struct exchange {
	uint32_t expect, value, old;
};

static void
exchange32(uint8_t *p, size_t n __unused, void *arg)
{
	struct exchange *x = arg;
	uint32_t old = x->expect;

	(void)__atomic_compare_exchange_n((volatile uint32_t *)p, &old,
	    x->value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	x->old = old;
}

int
user_cmpxchg32(uaddr_t uaddr, uint32_t expect, uint32_t value, uint32_t *oldp)
{
	struct exchange x = {expect, value, 0};
	int error;

	if ((uaddr & 3) != 0)
		return (EINVAL);
	memcheck_check_defined(&value, sizeof(value));
	error = for_pages(uaddr, 4, VM_PROT_WRITE, exchange32, &x);
	if (error == 0)
		*oldp = x.old;
	return (error);
}
