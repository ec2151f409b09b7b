/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF segments: the checks, and the mapping of them into an address space.
 *
 * Checking (elf_check_*) has no effects and accepts nothing that the mapping
 * could trip over; every sum is checked for overflow.  Mapping then fails only
 * for want of memory or through I/O.
 *
 * A segment is mapped privately over the file's pages, widened to pages.  What
 * lies behind p_filesz in its last page is zeroed (it is the file's next
 * bytes); whole pages behind it are anonymous.  A segment that begins in the
 * page where the one before ended replaces that page, as loaders expect.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include <machine/vmparam.h>
#include "exec_var.h"

#define PHNUM_MAX 128

/* 0, or ENOEXEC. */
int
elf_check_header(const Elf64_Ehdr *eh)
{
	if (memcmp(eh->e_ident, ELFMAG, 4) != 0 ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_ident[EI_VERSION] != 1 || eh->e_version != 1 ||
	    eh->e_machine != EM_X86_64 ||
	    (eh->e_type != ET_EXEC && eh->e_type != ET_DYN))
		return (ENOEXEC);
	if (eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phnum == 0 ||
	    eh->e_phnum > PHNUM_MAX)
		return (ENOEXEC);
	return (0);
}

static bool
segment_ok(const Elf64_Phdr *ph, uint64_t filesize)
{
	uint64_t end;

	if (ph->p_filesz > ph->p_memsz || ph->p_memsz > VM_MAX_USER)
		return (false);
	if (__builtin_add_overflow(ph->p_offset, ph->p_filesz, &end) ||
	    end > filesize)
		return (false);
	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end) ||
	    end > VM_MAX_USER)
		return (false);
	if (ph->p_align > 1 && !powerof2(ph->p_align))
		return (false);
	return (((ph->p_vaddr - ph->p_offset) & PAGE_MASK) == 0);
}

int
elf_check_phdrs(const Elf64_Ehdr *eh, const Elf64_Phdr *ph, uint64_t filesize)
{
	uint64_t last = 0;
	int loads = 0;

	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (!segment_ok(&ph[i], filesize))
			return (ENOEXEC);
		/* The gABI wants them in ascending order. */
		if (loads > 0 && ph[i].p_vaddr < last)
			return (ENOEXEC);
		last = ph[i].p_vaddr + ph[i].p_memsz;
		if (ph[i].p_memsz != 0)
			loads++;
	}
	return (loads > 0 ? 0 : ENOEXEC);
}

static vm_prot_t
segment_prot(const Elf64_Phdr *ph)
{
	return ((vm_prot_t)(((ph->p_flags & PF_R) != 0 ? VM_PROT_READ : 0) |
	    ((ph->p_flags & PF_W) != 0 ? VM_PROT_WRITE : 0) |
	    ((ph->p_flags & PF_X) != 0 ? VM_PROT_EXECUTE : 0)));
}

/* Without a page cache behind the vnode: read the bytes into zero pages. */
static int
segment_copy(struct vmspace *vm, struct vnode *vp, uaddr_t addr, uint64_t off,
    uint64_t len)
{
	char *buf = kmalloc(PAGE_SIZE, M_TEMP, M_WAITOK);
	int error = 0;
	size_t n, done;

	if (buf == NULL)
		return (ENOMEM);
	while (error == 0 && len > 0) {
		n = MIN(len, PAGE_SIZE);
		error = exec_read(vp, buf, n, off);
		if (error == 0)
			error = vmspace_rw(vm, addr, buf, n, true, &done);
		addr += n;
		off += n;
		len -= n;
	}
	kfree(buf, M_TEMP);
	return (error);
}

/* Zero [addr, addr + len), less than a page. */
static int
zero_tail(struct vmspace *vm, uaddr_t addr, size_t len)
{
	static const char zeros[512];
	size_t n, done;
	int error = 0;

	while (error == 0 && len > 0) {
		n = MIN(len, sizeof(zeros));
		error = vmspace_rw(
		    vm, addr, (void *)(uintptr_t)zeros, n, true, &done);
		addr += n;
		len -= n;
	}
	return (error);
}

/* The part of a segment that comes from the file. */
static int
map_file_part(struct vmspace *vm, struct vnode *vp, struct vm_object *obj,
    const Elf64_Phdr *ph, uaddr_t addr, vm_prot_t prot)
{
	uaddr_t start = trunc_page(addr), end = addr + ph->p_filesz, at = start;
	bool tail = ph->p_memsz > ph->p_filesz && (end & PAGE_MASK) != 0;
	bool copy = obj == NULL;
	vm_prot_t first = prot;
	int error;

	if (tail || copy)
		first |= VM_PROT_READ | VM_PROT_WRITE;
	error = vm_map(vm, &at, round_page(end) - start, first, VM_PROT_ALL,
	    VMM_FIXED | VMM_PROGRAM, obj,
	    copy ? 0 : ph->p_offset - (addr - start));
	if (error == 0 && copy)
		error = segment_copy(
		    vm, vp, start, ph->p_offset - (addr - start), end - start);
	if (error == 0 && tail)
		error = zero_tail(vm, end, round_page(end) - end);
	if (error == 0 && first != prot)
		error = vm_protect(vm, start, round_page(end) - start, prot);
	return (error);
}

static int
map_segment(struct vmspace *vm, struct vnode *vp, struct vm_object *obj,
    const Elf64_Phdr *ph, uint64_t bias)
{
	vm_prot_t prot = segment_prot(ph);
	uaddr_t addr = ph->p_vaddr + bias, bss, end, at;
	int error = 0;

	end = round_page(addr + ph->p_memsz);
	bss = ph->p_filesz == 0 ? trunc_page(addr)
				: round_page(addr + ph->p_filesz);
	if (ph->p_filesz != 0)
		error = map_file_part(vm, vp, obj, ph, addr, prot);
	if (error == 0 && end > bss) {
		at = bss;
		error = vm_map(
		    vm, &at, end - bss, prot, VM_PROT_ALL, VMM_FIXED, NULL, 0);
	}
	return (error);
}

/* Where the program headers are in memory: in the segment that has them. */
static void
find_phdr(const Elf64_Ehdr *eh, const Elf64_Phdr *ph, struct elf_map *em)
{
	uint64_t len = (uint64_t)eh->e_phnum * sizeof(*ph);

	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_offset <= eh->e_phoff &&
		    eh->e_phoff + len <= ph[i].p_offset + ph[i].p_filesz)
			em->em_phdr = eh->e_phoff - ph[i].p_offset +
			    ph[i].p_vaddr + em->em_bias;
}

/* Extent of all segments before the bias, in pages; the greatest alignment. */
static void
segments_extent(const Elf64_Ehdr *eh, const Elf64_Phdr *ph, uint64_t *lowp,
    uint64_t *highp, uint64_t *alignp)
{
	*lowp = UINT64_MAX;
	*highp = 0;
	*alignp = PAGE_SIZE;
	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || ph[i].p_memsz == 0)
			continue;
		*lowp = MIN(*lowp, trunc_page(ph[i].p_vaddr));
		*highp = MAX(*highp, round_page(ph[i].p_vaddr + ph[i].p_memsz));
		if (ph[i].p_align <= (1UL << 30))
			*alignp = MAX(*alignp, ph[i].p_align);
	}
}

/* Room for high - low bytes, aligned: a reservation without access. */
static int
reserve(struct vmspace *vm, uint64_t low, uint64_t high, uint64_t align,
    bool fixed, uint64_t bias, uint64_t *biasp)
{
	uint64_t len = high - low, extra = fixed ? 0 : align - PAGE_SIZE;
	uaddr_t at = low + bias, base;
	int error;

	if (at + len < at || at + len > VM_MAX_USER || at < VM_MIN_USER) {
		if (fixed)
			return (ENOEXEC);
		at = 0;
	}
	if (!fixed && bias == 0)
		at = 0;
	error = vm_map(vm, &at, len + extra, VM_PROT_NONE, VM_PROT_ALL,
	    (fixed ? VMM_FIXED : 0) | VMM_NORESERVE, NULL, 0);
	if (error != 0)
		return (error);
	base = fixed ? at : roundup2(at, align);
	if (base > at && (error = vm_unmap(vm, at, base - at)) != 0)
		return (error);
	if (at + extra > base)
		error = vm_unmap(vm, base + len, at + extra - base);
	*biasp = base - low;
	return (error);
}

/* Gaps between segments give their reservation back. */
static int
unmap_gaps(struct vmspace *vm, const Elf64_Ehdr *eh, const Elf64_Phdr *ph,
    uint64_t low, uint64_t bias)
{
	uint64_t at = low, start;
	int error = 0;

	for (int i = 0; i < eh->e_phnum && error == 0; i++) {
		if (ph[i].p_type != PT_LOAD || ph[i].p_memsz == 0)
			continue;
		start = trunc_page(ph[i].p_vaddr);
		if (start > at)
			error = vm_unmap(vm, at + bias, start - at);
		at = MAX(at, round_page(ph[i].p_vaddr + ph[i].p_memsz));
	}
	return (error);
}

int
elf_map_segments(struct vmspace *vm, struct vnode *vp, const Elf64_Ehdr *eh,
    const Elf64_Phdr *ph, bool fixed, uint64_t bias, struct elf_map *em)
{
	struct vm_object *obj = NULL; /* none: the file is read instead */
	uint64_t low, high, align;
	uaddr_t at;
	int error;

	(void)vnode_pager_object(vp, &obj);
	memset(em, 0, sizeof(*em));
	segments_extent(eh, ph, &low, &high, &align);
	error = reserve(vm, low, high, align, fixed, bias, &em->em_bias);
	for (int i = 0; i < eh->e_phnum && error == 0; i++) {
		if (ph[i].p_type != PT_LOAD || ph[i].p_memsz == 0)
			continue;
		error = map_segment(vm, vp, obj, &ph[i], em->em_bias);
		at = ph[i].p_vaddr + em->em_bias;
		if ((ph[i].p_flags & PF_X) != 0 && em->em_text_start == 0) {
			em->em_text_start = at;
			em->em_text_end = at + ph[i].p_filesz;
		}
		em->em_data_start = at;
		em->em_data_end = at + ph[i].p_filesz;
	}
	if (error == 0)
		error = unmap_gaps(vm, eh, ph, low, em->em_bias);
	em->em_start = low + em->em_bias;
	em->em_end = high + em->em_bias;
	find_phdr(eh, ph, em);
	if (obj != NULL)
		vm_object_drop(obj);
	return (error);
}
