/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on memory.
 */
#include "linux_var.h"
#include <sys/ptrace.h>
#include <sys/malloc.h>
#include <sys/ucred.h>
#include <vm/vm.h>
#include <machine/vmparam.h>

#define CAP_IPC_LOCK 14

/* Bytes that the caller may lock. */
static uint64_t
lock_limit(void)
{
	if ((cred_current()->cr_cap_effective >> CAP_IPC_LOCK & 1) != 0)
		return (UINT64_MAX);
	return (proc_rlimit(RLIMIT_MEMLOCK));
}

static const struct flagmap mmap_map[] = {
    {0x0010, MAP_FIXED},
    {0x0020, MAP_ANON},
    {0x0040, MAP_32BIT},
    {0x0100, MAP_GROWSDOWN},
    {0x0800, MAP_PROGRAM}, /* MAP_DENYWRITE, which ld.so gives */
    {0x4000, MAP_NORESERVE},
    {0x8000, MAP_POPULATE},
    {0x20000, MAP_STACK},
    {0x100000, MAP_FIXED_NOREPLACE},
};
enum {
	L_MAP_SHARED = 1,
	L_MAP_PRIVATE,
	L_MAP_SHARED_VALIDATE
};
#define L_MAP_TYPE 0xf

static int
map_flags(int l, int *nativep)
{
	int type = l & L_MAP_TYPE;

	*nativep = (int)flags_in(mmap_map, nitems(mmap_map), (uint32_t)l, NULL);
	if ((*nativep & MAP_FIXED_NOREPLACE) != 0)
		*nativep |= MAP_FIXED;
	if (type == L_MAP_PRIVATE)
		*nativep |= MAP_PRIVATE;
	else if (type == L_MAP_SHARED || type == L_MAP_SHARED_VALIDATE)
		*nativep |= MAP_SHARED;
	else
		return (EINVAL);
	return (0);
}

#define L_MAP_LOCKED  0x2000
#define L_MAP_HUGETLB 0x40000
#define L_MAP_KNOWN                                                            \
	0x17f97f /* what MAP_SHARED_VALIDATE lets pass; MAP_SYNC it does not */

int
linux_mmap(struct lwp *lp, const struct linux_mmap_args *uap, uint64_t *resp)
{
	uaddr_t addr = uap->addr;
	int error, flags;

	if ((uap->off & PAGE_MASK) != 0)
		return (EINVAL);
	if ((uap->flags & L_MAP_HUGETLB) != 0)
		return (ENOMEM); /* as where no huge pages are set aside */
	if ((uap->flags & L_MAP_TYPE) == L_MAP_SHARED_VALIDATE &&
	    (uap->flags & ~L_MAP_KNOWN) != 0)
		return (EOPNOTSUPP);
	if ((error = map_flags(uap->flags, &flags)) != 0)
		return (error);
	if ((uap->flags & L_MAP_LOCKED) != 0 && lock_limit() == 0)
		return (EPERM);
	error = kern_mmap(lp, &addr, uap->len,
	    linux_prot(lp, uap->prot & VM_PROT_ALL), flags, uap->fd, uap->off);
	*resp = addr;
	/* What cannot be locked is mapped all the same, as on Linux. */
	if (error == 0 && (uap->flags & L_MAP_LOCKED) != 0)
		(void)vm_wire(lp->lw_proc->p_vmspace, addr,
		    round_page(uap->len), true, true, lock_limit());
	return (error);
}

/* Page-aligned start, a length that does not wrap when rounded up. */
static int
range_check(uaddr_t addr, size_t *lenp)
{
	if ((addr & PAGE_MASK) != 0 || *lenp > VM_MAX_USER)
		return (EINVAL);
	*lenp = round_page(*lenp);
	return (0);
}

int
linux_munmap(
    struct lwp *lp, const struct linux_munmap_args *uap, uint64_t *resp)
{
	size_t len = uap->len;

	if (range_check(uap->addr, &len) != 0 || len == 0)
		return (EINVAL);
	return (vm_unmap(lp->lw_proc->p_vmspace, uap->addr, len));
}

int
linux_mprotect(
    struct lwp *lp, const struct linux_mprotect_args *uap, uint64_t *resp)
{
	size_t len = uap->len;

	if (range_check(uap->addr, &len) != 0 ||
	    (uap->prot & ~(VM_PROT_ALL | 0x03000000)) != 0)
		return (EINVAL);
	if (len == 0)
		return (0);
	return (vm_protect(lp->lw_proc->p_vmspace, uap->addr, len,
	    (vm_prot_t)linux_prot(lp, uap->prot & VM_PROT_ALL)));
}

int
linux_brk(struct lwp *lp, const struct linux_brk_args *uap, uint64_t *resp)
{
	/* Failure is told by the old break. */
	(void)vm_brk(lp->lw_proc->p_vmspace, uap->addr, resp);
	return (0);
}

#define L_MREMAP_DONTUNMAP 4
#define L_MREMAP_ALL	   7

int
linux_mremap(
    struct lwp *lp, const struct linux_mremap_args *uap, uint64_t *resp)
{
	uaddr_t new = uap->want;
	size_t oldlen = uap->oldlen, newlen = uap->newlen;
	int error;

	if ((uap->flags & ~L_MREMAP_ALL) != 0 || (uap->flags & 3) == 2 ||
	    range_check(uap->old, &oldlen) != 0 ||
	    range_check(0, &newlen) != 0 || newlen == 0)
		return (EINVAL);
	if ((uap->flags & L_MREMAP_DONTUNMAP) != 0) {
		if ((uap->flags & 1) == 0 || oldlen != newlen)
			return (EINVAL);
		error = vm_remap_pages(lp->lw_proc->p_vmspace, uap->old, oldlen,
		    (uap->flags & 2) != 0, &new);
		*resp = new;
		return (error);
	}
	error = vm_remap(lp->lw_proc->p_vmspace, uap->old, oldlen, newlen,
	    (uap->flags & 1) != 0, (uap->flags & 2) != 0, &new);
	*resp = new;
	return (error);
}

enum {
	L_MS_ASYNC = 1,
	L_MS_INVALIDATE = 2,
	L_MS_SYNC = 4
};

int
linux_msync(struct lwp *lp, const struct linux_msync_args *uap, uint64_t *resp)
{
	size_t len = uap->len;
	int how;

	if (range_check(uap->addr, &len) != 0 || (uap->flags & ~7) != 0 ||
	    (uap->flags & 5) == 5)
		return (EINVAL);
	how = (uap->flags & L_MS_SYNC) != 0 ? VMS_SYNC : VMS_ASYNC;
	if ((uap->flags & L_MS_INVALIDATE) != 0)
		how |= VMS_INVALIDATE;
	return (len == 0
		? 0
		: vm_sync(lp->lw_proc->p_vmspace, uap->addr, len, how));
}

int
linux_mincore(
    struct lwp *lp, const struct linux_mincore_args *uap, uint64_t *resp)
{
	return (sys_mincore(lp, uap->addr, uap->len, uap->vec));
}

/* What Linux's advice is here: advice of the VM, flags of entries, or nothing. */
static const struct {
	int lnx;
	enum {
		ADV_TUNE,  /* vm_advise */
		ADV_PAGES, /* vm_advise_pages */
		ADV_SET,   /* flags */
		ADV_CLEAR,
		ADV_ACCEPT
	} kind;
	int native;
} advice_rows[] = {
    {0, ADV_TUNE, VMADV_NORMAL}, {1, ADV_TUNE, VMADV_RANDOM},
    {2, ADV_TUNE, VMADV_SEQUENTIAL}, {3, ADV_TUNE, VMADV_WILLNEED},
    {4, ADV_TUNE, VMADV_DONTNEED}, {8, ADV_TUNE, VMADV_FREE},
    {9, ADV_PAGES, VMADV_REMOVE}, {10, ADV_SET, VMM_DONTFORK},
    {11, ADV_CLEAR, VMM_DONTFORK}, {12, ADV_ACCEPT, 0}, /* MERGEABLE */
    {13, ADV_ACCEPT, 0}, {14, ADV_ACCEPT, 0},		/* HUGEPAGE */
    {15, ADV_ACCEPT, 0}, {16, ADV_SET, VMM_DONTDUMP},
    {17, ADV_CLEAR, VMM_DONTDUMP}, {18, ADV_SET, VMM_WIPEONFORK},
    {19, ADV_CLEAR, VMM_WIPEONFORK},
    {20, ADV_SET, 0}, /* COLD: there is no swap to be near to */
    {21, ADV_PAGES, VMADV_PAGEOUT}, {22, ADV_PAGES, VMADV_POPULATE_READ},
    {23, ADV_PAGES, VMADV_POPULATE_WRITE},
    {24, ADV_TUNE, VMADV_DISCARD}, /* DONTNEED_LOCKED */
};

int
linux_madvise(
    struct lwp *lp, const struct linux_madvise_args *uap, uint64_t *resp)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	size_t len = uap->len, i = 0;

	while (i < nitems(advice_rows) && advice_rows[i].lnx != uap->how)
		i++;
	if (i == nitems(advice_rows) || range_check(uap->addr, &len) != 0)
		return (EINVAL);
	if (len == 0)
		return (0);
	if (uap->addr + len > VM_MAX_USER)
		return (ENOMEM);
	switch (advice_rows[i].kind) {
	case ADV_TUNE:
		return (vm_advise(
		    vm, uap->addr, len, (enum vm_advice)advice_rows[i].native));
	case ADV_PAGES:
		return (vm_advise_pages(
		    vm, uap->addr, len, (enum vm_advice)advice_rows[i].native));
	case ADV_SET:
		return (
		    vm_set_flags(vm, uap->addr, len, advice_rows[i].native, 0));
	case ADV_CLEAR:
		return (
		    vm_set_flags(vm, uap->addr, len, 0, advice_rows[i].native));
	default:
		return (0);
	}
}

static int
lock_common(struct lwp *lp, uaddr_t addr, size_t len, bool wire, bool populate)
{
	uaddr_t start = trunc_page(addr);

	if (addr > VM_MAX_USER || len > VM_MAX_USER)
		return (ENOMEM);
	if (wire && lock_limit() == 0)
		return (EPERM);
	if (len == 0)
		return (0);
	return (vm_wire(lp->lw_proc->p_vmspace, start,
	    round_page(addr + len) - start, wire, populate, lock_limit()));
}

int
linux_mlock(struct lwp *lp, const struct linux_mlock_args *uap, uint64_t *resp)
{
	return (lock_common(lp, uap->addr, uap->len, true, true));
}

#define L_MLOCK_ONFAULT 1

int
linux_mlock2(
    struct lwp *lp, const struct linux_mlock2_args *uap, uint64_t *resp)
{
	return ((uap->flags & ~L_MLOCK_ONFAULT) != 0
		? EINVAL
		: lock_common(lp, uap->addr, uap->len, true,
		      (uap->flags & L_MLOCK_ONFAULT) == 0));
}

int
linux_munlock(
    struct lwp *lp, const struct linux_munlock_args *uap, uint64_t *resp)
{
	return (lock_common(lp, uap->addr, uap->len, false, false));
}

#define L_MCL_CURRENT 1
#define L_MCL_FUTURE  2
#define L_MCL_ONFAULT 4

int
linux_mlockall(
    struct lwp *lp, const struct linux_mlockall_args *uap, uint64_t *resp)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	bool populate = (uap->flags & L_MCL_ONFAULT) == 0;
	uint64_t limit = lock_limit();
	int error = 0;

	if ((uap->flags & ~7) != 0 ||
	    (uap->flags & (L_MCL_CURRENT | L_MCL_FUTURE)) == 0)
		return (EINVAL);
	if (limit == 0)
		return (EPERM);
	if ((uap->flags & L_MCL_CURRENT) != 0)
		error = vm_wire_all(vm, true, populate, limit);
	if (error == 0)
		vm_wire_future(
		    vm, (uap->flags & L_MCL_FUTURE) != 0, populate, limit);
	return (error);
}

int
linux_munlockall(
    struct lwp *lp, const struct linux_munlockall_args *uap, uint64_t *resp)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;

	vm_wire_future(vm, false, false, 0);
	return (vm_wire_all(vm, false, false, 0));
}

#define L_MFD_CLOEXEC	    0x01
#define L_MFD_ALLOW_SEALING 0x02
#define L_MFD_NOEXEC_SEAL   0x08
#define L_MFD_EXEC	    0x10
#define L_MFD_ALL                                                              \
	(L_MFD_CLOEXEC | L_MFD_ALLOW_SEALING | L_MFD_NOEXEC_SEAL | L_MFD_EXEC)

int
linux_memfd_create(
    struct lwp *lp, const struct linux_memfd_create_args *uap, uint64_t *resp)
{
	int error, fd = -1, flags = 0;
	char name[250];
	size_t n;

	if ((uap->flags & ~(unsigned)L_MFD_ALL) != 0 ||
	    (uap->flags & (L_MFD_EXEC | L_MFD_NOEXEC_SEAL)) ==
		(L_MFD_EXEC | L_MFD_NOEXEC_SEAL))
		return (EINVAL); /* huge pages: there are none */
	if ((uap->flags & L_MFD_ALLOW_SEALING) != 0)
		flags |= MEMFD_SEALABLE;
	if ((uap->flags & L_MFD_NOEXEC_SEAL) != 0)
		flags |= MEMFD_NOEXEC;
	error = copyinstr(uap->name, name, sizeof(name), &n);
	if (error != 0)
		return (error == ENAMETOOLONG ? EINVAL : error);
	error = kern_memfd(name,
	    (uap->flags & L_MFD_CLOEXEC) != 0 ? O_CLOEXEC : 0, flags, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

/* --- protection keys: there are none ------------------------------------------------ */

int
linux_pkey_alloc(
    struct lwp *lp, const struct linux_pkey_alloc_args *uap, uint64_t *resp)
{
	return (uap->flags != 0 || (uap->rights & ~3u) != 0 ? EINVAL : ENOSPC);
}

int
linux_pkey_free(
    struct lwp *lp, const struct linux_pkey_free_args *uap, uint64_t *resp)
{
	return (EINVAL);
}

/* Key -1 means mprotect. */
int
linux_pkey_mprotect(
    struct lwp *lp, const struct linux_pkey_mprotect_args *uap, uint64_t *resp)
{
	struct linux_mprotect_args ma = {
	    .addr = uap->addr, .len = uap->len, .prot = uap->prot};

	return (uap->key == -1 ? linux_mprotect(lp, &ma, resp) : EINVAL);
}

/*
 * remap_file_pages: other pages of the object of a shared mapping.  It has long
 * been an mmap of the same file in Linux, too.
 */
int
linux_remap_file_pages(struct lwp *lp,
    const struct linux_remap_file_pages_args *uap, uint64_t *resp)
{
	uaddr_t addr = trunc_page(uap->addr);
	uint64_t len = uap->n & ~(uint64_t)PAGE_MASK;

	if (uap->prot != 0 || len == 0 || addr + len < addr ||
	    uap->page + atop(len) < uap->page)
		return (EINVAL);
	return (
	    vm_remap_view(lp->lw_proc->p_vmspace, addr, len, ptoa(uap->page)));
}

/* --- other processes' memory ---------------------------------------------------------- */

#define PVM_CHUNK 4096

/* A process whose memory the caller may touch, its vmspace held. */
static int
pvm_target(pid_t pid, struct vmspace **vmp)
{
	struct proc *p;
	int error = ESRCH;

	lock_shared(&proctree_lock);
	if ((p = proc_find(pid)) != NULL) {
		error = trace_permitted(p);
		if (error == 0 && (*vmp = proc_vmspace_hold(p)) == NULL)
			error = ESRCH;
	}
	lock_release(&proctree_lock);
	return (error);
}

/* Walks two vectors of [base, len) at once. */
struct pvm_iter {
	uaddr_t pi_vec;
	uint64_t pi_left; /* elements after this one */
	uint64_t pi_cur[2];
};

/* False at the end or when the vector cannot be read. */
static bool
pvm_next(struct pvm_iter *it)
{
	while (it->pi_cur[1] == 0) {
		if (it->pi_left == 0)
			return (false);
		if (copyin(it->pi_vec, it->pi_cur, sizeof(it->pi_cur)) != 0)
			return (false);
		it->pi_vec += sizeof(it->pi_cur);
		it->pi_left--;
	}
	return (true);
}

static int
pvm_common(
    pid_t pid, struct pvm_iter l, struct pvm_iter r, bool write, uint64_t *resp)
{
	struct vmspace *vm;
	size_t n, done;
	void *buf;
	int error;

	if (l.pi_left > IOV_MAX || r.pi_left > IOV_MAX)
		return (EINVAL);
	if ((error = pvm_target(pid, &vm)) != 0)
		return (error);
	if ((buf = kmalloc(PVM_CHUNK, M_TEMP, M_WAITOK)) == NULL)
		error = ENOMEM;
	while (error == 0 && pvm_next(&l) && pvm_next(&r)) {
		n = MIN(MIN(l.pi_cur[1], r.pi_cur[1]), PVM_CHUNK);
		if (write)
			error = copyin(l.pi_cur[0], buf, n);
		if (error == 0)
			error =
			    vmspace_rw(vm, r.pi_cur[0], buf, n, write, &done);
		if (error == 0 && !write)
			error = copyout(buf, l.pi_cur[0], n);
		if (error != 0)
			break;
		l.pi_cur[0] += n;
		l.pi_cur[1] -= n;
		r.pi_cur[0] += n;
		r.pi_cur[1] -= n;
		*resp += n;
	}
	kfree(buf, M_TEMP);
	vmspace_drop(vm);
	return (*resp > 0 ? 0 : error);
}

int
linux_process_vm_readv(struct lwp *lp,
    const struct linux_process_vm_readv_args *uap, uint64_t *resp)
{
	struct pvm_iter l = {uap->lvec, uap->nl, {0, 0}};
	struct pvm_iter r = {uap->rvec, uap->nr, {0, 0}};

	if (uap->flags != 0)
		return (EINVAL);
	return (pvm_common(uap->pid, l, r, false, resp));
}

int
linux_process_vm_writev(struct lwp *lp,
    const struct linux_process_vm_writev_args *uap, uint64_t *resp)
{
	struct pvm_iter l = {uap->lvec, uap->nl, {0, 0}};
	struct pvm_iter r = {uap->rvec, uap->nr, {0, 0}};

	if (uap->flags != 0)
		return (EINVAL);
	return (pvm_common(uap->pid, l, r, true, resp));
}
