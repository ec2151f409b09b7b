/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first stack of a 64-bit program (psABI 3.4.1, the same for all ABIs):
 *
 *	top	name of the program (AT_EXECFN)
 *		envp strings, argv strings
 *		platform, 16 random bytes
 *		auxiliary vector, envp pointers, argv pointers, argc  <- sp
 *
 * It is built in the new address space before that becomes the process's, so a
 * failure leaves the old program alone.
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include <vm/vm.h>
#include "exec_var.h"

#define CLK_TCK 100

static int
put(struct image_params *img, uaddr_t at, const void *p, size_t len)
{
	size_t done;

	return (vmspace_rw(
	    img->img_vm, at, (void *)(uintptr_t)p, len, true, &done));
}

static int
push(struct image_params *img, uaddr_t *spp, const void *p, size_t len)
{
	*spp -= len;
	return (put(img, *spp, p, len));
}

/* Words gathered for one write to the stack. */
struct words {
	uint64_t *w_buf;
	size_t w_n;
};

/* n pointers to consecutive strings, the first at user address at. */
static void
word_strings(struct words *w, const char *s, uaddr_t at, int n)
{
	size_t len;

	for (int i = 0; i < n; i++) {
		len = strlen(s) + 1;
		w->w_buf[w->w_n++] = at;
		s += len;
		at += len;
	}
	w->w_buf[w->w_n++] = 0;
}

static void
aux(struct image_params *img, uint64_t type, uint64_t value)
{
	size_t n = img->img_auxv_len / sizeof(uint64_t);

	KASSERT(n + 2 <= nitems(img->img_auxv), ("auxv too small"));
	img->img_auxv[n] = type;
	img->img_auxv[n + 1] = value;
	img->img_auxv_len += 2 * sizeof(uint64_t);
}

static void
aux_build(struct lwp *lp, struct image_params *img, uaddr_t execfn,
    uaddr_t platform, uaddr_t random)
{
	struct ucred *cr = img->img_cred != NULL ? img->img_cred : lp->lw_cred;
	uint64_t hwcap, hwcap2;

	machine_hwcap(&hwcap, &hwcap2);
	img->img_auxv_len = 0;
	aux(img, AT_HWCAP, hwcap);
	aux(img, AT_PAGESZ, PAGE_SIZE);
	aux(img, AT_CLKTCK, CLK_TCK);
	aux(img, AT_PHDR, img->img_phdr);
	aux(img, AT_PHENT, img->img_phent);
	aux(img, AT_PHNUM, img->img_phnum);
	aux(img, AT_BASE, img->img_interp_base);
	aux(img, AT_FLAGS, 0);
	aux(img, AT_ENTRY, img->img_entry);
	aux(img, AT_UID, cr->cr_ruid);
	aux(img, AT_EUID, cr->cr_uid);
	aux(img, AT_GID, cr->cr_rgid);
	aux(img, AT_EGID, cr->cr_gid);
	aux(img, AT_SECURE, img->img_secure);
	aux(img, AT_RANDOM, random);
	aux(img, AT_HWCAP2, hwcap2);
	aux(img, AT_MINSIGSTKSZ, 2048 + cpu_fpu_size(lp));
	aux(img, AT_EXECFN, execfn);
	if (img->img_vdso != 0 &&
	    (img->img_abi->abi_flags & ABIF_VDSO_ELF) != 0)
		aux(img, AT_SYSINFO_EHDR, img->img_vdso);
	aux(img, AT_PLATFORM, platform);
	aux(img, AT_NULL, 0);
}

/* argc, argv, envp and auxv below *spp, 16-aligned. */
static int
put_vectors(struct image_params *img, uaddr_t strings, uaddr_t *spp)
{
	size_t nwords = 1 + (size_t)img->img_argc + 1 + (size_t)img->img_envc +
	    1 + img->img_auxv_len / sizeof(uint64_t);
	struct words w = {NULL, 0};
	int error;

	w.w_buf = kmalloc(nwords * sizeof(uint64_t), M_TEMP, M_WAITOK);
	if (w.w_buf == NULL)
		return (ENOMEM);
	w.w_buf[w.w_n++] = (uint64_t)img->img_argc;
	word_strings(&w, img->img_strings, strings, img->img_argc);
	word_strings(&w, img->img_strings + img->img_args_len,
	    strings + img->img_args_len, img->img_envc);
	memcpy(w.w_buf + w.w_n, img->img_auxv, img->img_auxv_len);
	*spp = rounddown2(*spp - nwords * sizeof(uint64_t), 16);
	error = put(img, *spp, w.w_buf, nwords * sizeof(uint64_t));
	kfree(w.w_buf, M_TEMP);
	return (error);
}

/* 0 and *spp, ENOMEM, EFAULT. */
int
exec_stack_64(struct lwp *lp, struct image_params *img, uaddr_t *spp)
{
	static const char platform[] = "x86_64";
	size_t len = img->img_args_len + img->img_env_len;
	uaddr_t sp = img->img_stack_top - 8, strings, execfn, plat, rnd;
	uint8_t random[16];
	int error;

	error = push(img, &sp, img->img_path, strlen(img->img_path) + 1);
	execfn = sp;
	if (error == 0)
		error = push(img, &sp, img->img_strings, len);
	strings = sp;
	img->img_layout[VL_ARGS_START] = sp;
	img->img_layout[VL_ARGS_END] = sp + img->img_args_len;
	img->img_layout[VL_ENV_START] = sp + img->img_args_len;
	img->img_layout[VL_ENV_END] = sp + len;
	sp = rounddown2(sp, 16);
	if (error == 0)
		error = push(img, &sp, platform, sizeof(platform));
	plat = sp;
	random_bytes(random, sizeof(random));
	sp = rounddown2(sp, 16);
	if (error == 0)
		error = push(img, &sp, random, sizeof(random));
	rnd = sp;
	aux_build(lp, img, execfn, plat, rnd);
	if (error == 0)
		error = put_vectors(img, strings, &sp);
	*spp = img->img_layout[VL_STACK] = sp;
	return (error);
}
