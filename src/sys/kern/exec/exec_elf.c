/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ELF loader: brand, interpreter, layout.
 *
 * Brand.  A program with our note (name "Mayfly", type 1) is native; every
 * other amd64 program is Linux's: static Go and musl programs carry no mark at
 * all, so only our own are told by one.
 *
 * Layout is deterministic: a PIE at VM_PIE_BASE, its interpreter below
 * VM_MMAP_TOP, the stack below VM_STACK_TOP, the heap behind the program.
 * kern.aslr=1 moves the first two and the stack by random pages.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/vnode.h>
#include <vm/vm.h>
#include <machine/vmparam.h>
#include "exec_var.h"

#define NOTES_MAX  4096
#define ASLR_PAGES 0xffff

int exec_aslr; /* 0: the same addresses in every run */
SYSCTL_INT(kern_aslr, "kern.aslr", CTLF_RW, &exec_aslr,
    "Randomise the addresses of new programs (0: the same every time)");

/* One ELF file being loaded. */
struct elf_file {
	struct vnode *ef_vp;
	Elf64_Ehdr ef_eh;
	Elf64_Phdr *ef_ph;
	uint64_t ef_size;
};

static void
elf_file_close(struct elf_file *ef)
{
	kfree(ef->ef_ph, M_TEMP);
	ef->ef_ph = NULL;
}

/* Headers of vp, read and checked.  ENOEXEC, EIO, ENOMEM. */
static int
elf_file_open(struct elf_file *ef, struct vnode *vp)
{
	struct vattr va;
	uint64_t end;
	size_t len;
	int error;

	memset(ef, 0, sizeof(*ef));
	ef->ef_vp = vp;
	if ((error = vn_getattr(vp, &va)) != 0)
		return (error);
	ef->ef_size = va.va_size;
	if ((error = exec_read(vp, &ef->ef_eh, sizeof(ef->ef_eh), 0)) != 0 ||
	    (error = elf_check_header(&ef->ef_eh)) != 0)
		return (error);
	len = (size_t)ef->ef_eh.e_phnum * sizeof(Elf64_Phdr);
	if (__builtin_add_overflow(ef->ef_eh.e_phoff, len, &end) ||
	    end > ef->ef_size)
		return (ENOEXEC);
	if ((ef->ef_ph = kmalloc(len, M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	error = exec_read(vp, ef->ef_ph, len, ef->ef_eh.e_phoff);
	if (error == 0)
		error = elf_check_phdrs(&ef->ef_eh, ef->ef_ph, ef->ef_size);
	if (error != 0)
		elf_file_close(ef);
	return (error);
}

static const Elf64_Phdr *
elf_find(const struct elf_file *ef, uint32_t type)
{
	for (int i = 0; i < ef->ef_eh.e_phnum; i++)
		if (ef->ef_ph[i].p_type == type)
			return (&ef->ef_ph[i]);
	return (NULL);
}

/* Is our note among the len bytes of notes at buf? */
static bool
notes_have_brand(const char *buf, size_t len)
{
	Elf64_Nhdr nh;
	size_t at = 0, name, desc;

	while (len - at >= sizeof(nh)) {
		memcpy(&nh, buf + at, sizeof(nh));
		at += sizeof(nh);
		name = roundup2((size_t)nh.n_namesz, 4);
		desc = roundup2((size_t)nh.n_descsz, 4);
		if (name > len - at || desc > len - at - name)
			return (false);
		if (nh.n_type == MAYFLY_NOTE_ABI &&
		    nh.n_namesz == sizeof(MAYFLY_NOTE_NAME) &&
		    memcmp(buf + at, MAYFLY_NOTE_NAME,
			sizeof(MAYFLY_NOTE_NAME)) == 0)
			return (true);
		at += name + desc;
	}
	return (false);
}

static int
elf_brand(const struct elf_file *ef, const struct abi **abip)
{
	const Elf64_Phdr *ph;
	char *buf = kmalloc(NOTES_MAX, M_TEMP, M_WAITOK);
	uint64_t end;

	if (buf == NULL)
		return (ENOMEM);
	*abip = &abi_linux64;
	for (int i = 0; i < ef->ef_eh.e_phnum; i++) {
		ph = &ef->ef_ph[i];
		if (ph->p_type != PT_NOTE || ph->p_filesz > NOTES_MAX ||
		    __builtin_add_overflow(ph->p_offset, ph->p_filesz, &end) ||
		    end > ef->ef_size)
			continue;
		if (exec_read(ef->ef_vp, buf, ph->p_filesz, ph->p_offset) ==
			0 &&
		    notes_have_brand(buf, ph->p_filesz))
			*abip = &abi_native;
	}
	kfree(buf, M_TEMP);
	return (0);
}

/* The name in PT_INTERP; "" without one.  ENOEXEC if it is malformed. */
static int
elf_interp_name(const struct elf_file *ef, char *buf, size_t size)
{
	const Elf64_Phdr *ph = elf_find(ef, PT_INTERP);
	int error;

	buf[0] = '\0';
	if (ph == NULL)
		return (0);
	if (ph->p_filesz < 2 || ph->p_filesz > size)
		return (ENOEXEC);
	error = exec_read(ef->ef_vp, buf, ph->p_filesz, ph->p_offset);
	if (error == 0 && buf[ph->p_filesz - 1] != '\0')
		error = ENOEXEC;
	return (error);
}

static uint64_t
random_pages(void)
{
	uint32_t r;

	if (exec_aslr == 0 || curproc->p_no_aslr)
		return (0);
	random_bytes(&r, sizeof(r));
	return ((uint64_t)(r & ASLR_PAGES) << PAGE_SHIFT);
}

/* The interpreter: mapped, and where it starts. */
static int
elf_load_interp(struct image_params *img, const char *name, uaddr_t *entryp)
{
	struct elf_file ef;
	struct elf_map em;
	struct path *pt;
	bool fixed;
	int error;

	if ((error = exec_open(AT_FDCWD, name, 0, &pt)) != 0)
		return (error);
	error = elf_file_open(&ef, pt->pt_vnode);
	if (error != 0) {
		exec_close(pt);
		return (error == ENOEXEC ? EINVAL : error);
	}
	fixed = ef.ef_eh.e_type == ET_EXEC;
	error =
	    elf_map_segments(img->img_vm, ef.ef_vp, &ef.ef_eh, ef.ef_ph, fixed,
		fixed || exec_aslr == 0 || curproc->p_no_aslr
		    ? 0
		    : VM_MMAP_TOP - (1UL << 32) - random_pages(),
		&em);
	if (error == 0) {
		img->img_interp_base = em.em_bias;
		*entryp = ef.ef_eh.e_entry + em.em_bias;
	}
	elf_file_close(&ef);
	exec_close(pt);
	return (error);
}

/* The program's own facts for the auxiliary vector and the statistics. */
static void
elf_record(struct image_params *img, const struct elf_file *ef,
    const struct elf_map *em)
{
	const Elf64_Phdr *st = elf_find(ef, PT_GNU_STACK);

	img->img_entry = ef->ef_eh.e_entry + em->em_bias;
	img->img_phdr = em->em_phdr;
	img->img_phnum = ef->ef_eh.e_phnum;
	img->img_phent = sizeof(Elf64_Phdr);
	img->img_base = em->em_start;
	img->img_layout[VL_TEXT_START] = em->em_text_start;
	img->img_layout[VL_TEXT_END] = em->em_text_end;
	img->img_layout[VL_DATA_START] = em->em_data_start;
	img->img_layout[VL_DATA_END] = em->em_data_end;
	img->img_layout[VL_BRK_START] = img->img_layout[VL_BRK] = em->em_end;
	img->img_exec_stack = st != NULL && (st->p_flags & PF_X) != 0;
}

static int
elf_load_file(struct image_params *img, struct elf_file *ef, uaddr_t *startp)
{
	char *interp = kmalloc(PATH_MAX, M_TEMP, M_WAITOK);
	bool fixed = ef->ef_eh.e_type == ET_EXEC;
	struct elf_map em;
	int error;

	if (interp == NULL)
		return (ENOMEM);
	error = elf_interp_name(ef, interp, PATH_MAX);
	if (error == 0)
		error = elf_brand(ef, &img->img_abi);
	if (error == 0)
		error = elf_map_segments(img->img_vm, ef->ef_vp, &ef->ef_eh,
		    ef->ef_ph, fixed, fixed ? 0 : VM_PIE_BASE + random_pages(),
		    &em);
	if (error == 0) {
		elf_record(img, ef, &em);
		*startp = img->img_entry;
		if (interp[0] != '\0')
			error = elf_load_interp(img, interp, startp);
	}
	if (error == 0 && (*startp < VM_MIN_USER || *startp >= VM_MAX_USER))
		error = ENOEXEC;
	kfree(interp, M_TEMP);
	return (error);
}

static int
elf_load(struct image_params *img)
{
	struct elf_file ef;
	uaddr_t start = 0;
	int error;

	if (img->img_head_len < 4 || memcmp(img->img_head, ELFMAG, 4) != 0)
		return (ENOEXEC);
	error = elf_file_open(&ef, img->img_vnode);
	if (error != 0)
		return (error);
	img->img_vm = vmspace_create();
	if (img->img_vm == NULL)
		error = ENOMEM;
	else
		error = elf_load_file(img, &ef, &start);
	img->img_start = start;
	elf_file_close(&ef);
	KTR_EVENT(PROC, elf_load, "entry=%p interp=%p error=%d", img->img_entry,
	    img->img_interp_base, (uint64_t)error);
	return (error);
}

struct exec_loader exec_elf_loader = {
    .el_name = "elf64",
    .el_load = elf_load,
};
