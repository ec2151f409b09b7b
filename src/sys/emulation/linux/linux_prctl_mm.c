/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prctl's operations on memory: PR_SET_MM (where the parts of the program are,
 * its auxiliary vector, its text file), PR_GET_AUXV, PR_SET_VMA (names).
 */
#include "linux_var.h"
#include <sys/abi.h>
#include <sys/malloc.h>
#include <sys/ucred.h>
#include <vm/vm.h>

enum {
	MM_EXE_FILE = 13,
	MM_AUXV = 12,
	MM_MAP = 14,
	MM_MAP_SIZE = 15
};

/* struct prctl_mm_map: everything at once. */
struct mm_map {
	uint64_t mm_start_code, mm_end_code, mm_start_data, mm_end_data;
	uint64_t mm_start_brk, mm_brk, mm_start_stack;
	uint64_t mm_arg_start, mm_arg_end, mm_env_start, mm_env_end;
	uint64_t mm_auxv;
	uint32_t mm_auxv_size;
	uint32_t mm_exe_fd;
};
_Static_assert(sizeof(struct mm_map) == 104, "size");

/* PR_SET_MM_START_CODE = 1 and so on, in Linux's order. */
static const uint8_t place_of[] = {[1] = VL_TEXT_START,
    [2] = VL_TEXT_END,
    [3] = VL_DATA_START,
    [4] = VL_DATA_END,
    [5] = VL_STACK,
    [6] = VL_BRK_START,
    [7] = VL_BRK,
    [8] = VL_ARGS_START,
    [9] = VL_ARGS_END,
    [10] = VL_ENV_START,
    [11] = VL_ENV_END};

/* Of these Linux wants that something is mapped there, or above. */
#define MAPPED                                                                 \
	(1u << VL_STACK | 1u << VL_ARGS_START | 1u << VL_ARGS_END |            \
	    1u << VL_ENV_START | 1u << VL_ENV_END)

/* The places of m in our order. */
static void
map_places(const struct mm_map *m, uaddr_t at[VL_COUNT])
{
	at[VL_TEXT_START] = m->mm_start_code;
	at[VL_TEXT_END] = m->mm_end_code;
	at[VL_DATA_START] = m->mm_start_data;
	at[VL_DATA_END] = m->mm_end_data;
	at[VL_BRK_START] = m->mm_start_brk;
	at[VL_BRK] = m->mm_brk;
	at[VL_STACK] = m->mm_start_stack;
	at[VL_ARGS_START] = m->mm_arg_start;
	at[VL_ARGS_END] = m->mm_arg_end;
	at[VL_ENV_START] = m->mm_env_start;
	at[VL_ENV_END] = m->mm_env_end;
}

/* A new file of the program's text, if m names one. */
static int
map_exe(const struct mm_map *m)
{
	struct ucred *cr = cred_current();

	if (m->mm_exe_fd == UINT32_MAX)
		return (0);
	if (!cred_has_cap(cr, CAP_SYS_ADMIN) &&
	    !cred_has_cap(cr, CAP_CHECKPOINT_RESTORE))
		return (EPERM);
	return (kern_set_exe((int)m->mm_exe_fd));
}

static int
set_map(struct vmspace *vm, uaddr_t addr, size_t size)
{
	uint64_t aux[AUX_MAX * 2];
	uaddr_t at[VL_COUNT];
	struct mm_map m;
	int error;

	if (size != sizeof(m))
		return (EINVAL);
	if ((error = copyin(addr, &m, sizeof(m))) != 0)
		return (error);
	map_places(&m, at);
	if ((error = vmspace_check_layout(vm, at)) != 0)
		return (error);
	memset(aux, 0, sizeof(aux));
	if (m.mm_auxv_size != 0) {
		if (m.mm_auxv == 0 || m.mm_auxv_size > sizeof(aux))
			return (EINVAL);
		error = copyin(m.mm_auxv, aux, m.mm_auxv_size);
		if (error != 0)
			return (error);
	}
	if ((error = map_exe(&m)) != 0)
		return (error);
	error = vmspace_change_layout(vm, at, (1u << VL_COUNT) - 1, false);
	if (error == 0 && m.mm_auxv_size != 0)
		error = kern_set_auxv(aux, sizeof(aux));
	return (error);
}

static int
set_auxv(uaddr_t addr, size_t len)
{
	uint64_t aux[AUX_MAX * 2];
	int error;

	if (len > sizeof(aux))
		return (EINVAL);
	if ((error = copyin(addr, aux, len)) != 0)
		return (error);
	return (kern_set_auxv(aux, len));
}

int
linux_prctl_set_mm(
    struct lwp *lp, uint64_t op, uint64_t addr, uint64_t a4, uint64_t a5)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	uaddr_t at[VL_COUNT] = {0};
	uint32_t which;

	if (a5 != 0 ||
	    (a4 != 0 && op != MM_AUXV && op != MM_MAP && op != MM_MAP_SIZE))
		return (EINVAL);
	if (op == MM_MAP)
		return (set_map(vm, addr, a4));
	if (op == MM_MAP_SIZE)
		return (copyout_u32(sizeof(struct mm_map), addr));
	if (!cred_has_cap(cred_current(), CAP_SYS_RESOURCE))
		return (EPERM);
	if (op == MM_EXE_FILE)
		return (kern_set_exe((int)addr));
	if (op == MM_AUXV)
		return (set_auxv(addr, a4));
	if (op == 0 || op >= nitems(place_of))
		return (EINVAL);
	at[place_of[op]] = addr;
	which = 1u << place_of[op];
	return (vmspace_change_layout(vm, at, which, (which & MAPPED) != 0));
}

/* All of it, or what fits; the size it would have is the result. */
int
linux_prctl_get_auxv(uaddr_t addr, size_t len, uint64_t *resp)
{
	uint64_t aux[AUX_MAX * 2];

	kern_get_auxv(aux);
	*resp = sizeof(aux);
	return (copyout(aux, addr, MIN(len, sizeof(aux))));
}

/* --- names -------------------------------------------------------------------- */

/* Printable, and nothing that a reader of the map or a shell could mistake. */
static bool
name_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~' || strchr("\\`$[]", *s) != NULL)
			return (false);
	return (true);
}

int
linux_prctl_set_vma(
    struct lwp *lp, uint64_t op, uaddr_t addr, uint64_t len, uaddr_t name)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	char text[VM_NAME_MAX];
	size_t n;
	int error;

	if (op != 0)
		return (EINVAL);
	if (name == 0)
		return (vm_set_name(vm, addr, len, NULL));
	error = copyinstr(name, text, sizeof(text), &n);
	if (error != 0)
		return (error == ENAMETOOLONG ? EINVAL : error);
	if (!name_ok(text))
		return (EINVAL);
	return (vm_set_name(vm, addr, len, text));
}
