/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a traced thread, as Linux shows them: struct user_regs_struct,
 * struct user with the debug registers, and the register sets by note type.
 *
 * Data segment selectors are not kept for 64-bit programs: they read as 0, and
 * only 0 is taken.
 */
#include "linux_var.h"
#include <sys/malloc.h>
#include <machine/vmparam.h>

#define USER_SS	    0x2b
#define FLAGS_SHOWN 2 /* a bit that is always set */

void
linux_regs_get(struct lwp *lp, struct linux_user_regs *r)
{
	const struct trapframe *tf = &lp->lw_frame;

	memset(r, 0, sizeof(*r));
	r->r15 = tf->tf_r15;
	r->r14 = tf->tf_r14;
	r->r13 = tf->tf_r13;
	r->r12 = tf->tf_r12;
	r->rbp = tf->tf_rbp;
	r->rbx = tf->tf_rbx;
	r->r11 = tf->tf_r11;
	r->r10 = tf->tf_r10;
	r->r9 = tf->tf_r9;
	r->r8 = tf->tf_r8;
	r->rax = tf->tf_rax;
	r->rcx = tf->tf_rcx;
	r->rdx = tf->tf_rdx;
	r->rsi = tf->tf_rsi;
	r->rdi = tf->tf_rdi;
	r->orig_rax = (uint64_t)lp->lw_orig;
	r->rip = tf->tf_rip;
	r->cs = tf->tf_cs == CS_USER32 ? CS_USER32 : CS_USER;
	r->eflags = (tf->tf_rflags & RFLAGS_USER) | RFLAGS_IF | FLAGS_SHOWN;
	r->rsp = tf->tf_rsp;
	r->ss = USER_SS;
	r->fs_base = tf->tf_fsbase;
	r->gs_base = tf->tf_gsbase;
}

/* --- one register ------------------------------------------------------------ */

/* Registers that take any value: offset in the user's layout and in ours. */
#define PLAIN(l, n)                                                            \
	{                                                                      \
		offsetof(struct linux_user_regs, l),                           \
		    offsetof(struct trapframe, n)                              \
	}
static const struct {
	uint16_t off, frame;
} plain[] = {
    PLAIN(r15, tf_r15),
    PLAIN(r14, tf_r14),
    PLAIN(r13, tf_r13),
    PLAIN(r12, tf_r12),
    PLAIN(rbp, tf_rbp),
    PLAIN(rbx, tf_rbx),
    PLAIN(r11, tf_r11),
    PLAIN(r10, tf_r10),
    PLAIN(r9, tf_r9),
    PLAIN(r8, tf_r8),
    PLAIN(rax, tf_rax),
    PLAIN(rcx, tf_rcx),
    PLAIN(rdx, tf_rdx),
    PLAIN(rsi, tf_rsi),
    PLAIN(rdi, tf_rdi),
    PLAIN(rip, tf_rip),
    PLAIN(rsp, tf_rsp),
};

/* off: a multiple of 8 within struct linux_user_regs.  0 or EIO. */
static int
reg_set(struct lwp *lp, uint64_t off, uint64_t v)
{
	struct trapframe *tf = &lp->lw_frame;

	for (size_t i = 0; i < nitems(plain); i++)
		if (plain[i].off == off) {
			memcpy((uint8_t *)tf + plain[i].frame, &v, sizeof(v));
			return (0);
		}
	switch (off) {
	case offsetof(struct linux_user_regs, orig_rax):
		lp->lw_orig = (int64_t)v;
		return (0);
	case offsetof(struct linux_user_regs, eflags):
		tf->tf_rflags = (v & RFLAGS_USER) | RFLAGS_IF;
		return (0);
	case offsetof(struct linux_user_regs, cs):
		if (v != CS_USER && v != CS_USER32)
			return (EIO);
		tf->tf_cs = v;
		return (0);
	case offsetof(struct linux_user_regs, ss):
		return (v == USER_SS ? 0 : EIO);
	case offsetof(struct linux_user_regs, fs_base):
	case offsetof(struct linux_user_regs, gs_base):
		if (v >= VM_MAX_USER)
			return (EIO);
		if (off == offsetof(struct linux_user_regs, fs_base))
			tf->tf_fsbase = v;
		else
			tf->tf_gsbase = v;
		return (0);
	default: /* ds es fs gs */
		return (v == 0 ? 0 : EIO);
	}
}

int
linux_regs_set(struct lwp *lp, const struct linux_user_regs *r, size_t len)
{
	uint64_t v;
	int error;

	for (size_t off = 0; off + sizeof(v) <= len; off += sizeof(v)) {
		memcpy(&v, (const uint8_t *)r + off, sizeof(v));
		if ((error = reg_set(lp, off, v)) != 0)
			return (error);
	}
	return (0);
}

/* --- struct user ---------------------------------------------------------------- */

static bool
user_debug(uint64_t off, int *np)
{
	*np = (int)((off - LINUX_USER_DEBUGREG) / 8);
	return (off >= LINUX_USER_DEBUGREG &&
	    off < LINUX_USER_DEBUGREG + LINUX_USER_NDEBUG * 8);
}

int
linux_user_peek(struct lwp *lp, uint64_t off, uint64_t *valuep)
{
	struct linux_user_regs r;
	int n;

	if ((off & 7) != 0 || off >= LINUX_USER_SIZE)
		return (EIO);
	*valuep = 0;
	if (off < sizeof(r)) {
		linux_regs_get(lp, &r);
		memcpy(valuep, (uint8_t *)&r + off, sizeof(*valuep));
	} else if (user_debug(off, &n)) {
		*valuep = cpu_debug_get(lp, n);
	}
	return (0);
}

int
linux_user_poke(struct lwp *lp, uint64_t off, uint64_t value)
{
	int n, error;

	if ((off & 7) != 0 || off >= LINUX_USER_SIZE)
		return (EIO);
	if (off < sizeof(struct linux_user_regs))
		return (reg_set(lp, off, value));
	if (!user_debug(off, &n))
		return (EIO);
	error = cpu_debug_set(lp, n, value);
	return (error == EOPNOTSUPP ? EINVAL : error);
}

/* --- register sets ---------------------------------------------------------------- */

/* The floating state in a buffer of its own: *sizep bytes; NULL: no memory. */
static uint8_t *
fpu_copy(struct lwp *lp, bool whole, size_t *sizep)
{
	uint64_t features = cpu_fpu_features(lp);
	uint8_t *buf;

	*sizep = MAX(cpu_fpu_size(lp), (size_t)LINUX_FXSAVE_SIZE);
	if ((buf = kmalloc(*sizep, M_TEMP, M_WAITOK | M_ZERO)) == NULL)
		return (NULL);
	(void)cpu_fpu_get(lp, buf, *sizep);
	memset(
	    buf + LINUX_XCR0_OFFSET, 0, LINUX_FXSAVE_SIZE - LINUX_XCR0_OFFSET);
	if (whole)
		memcpy(buf + LINUX_XCR0_OFFSET, &features, sizeof(features));
	else
		*sizep = LINUX_FXSAVE_SIZE;
	return (buf);
}

static int
fpu_get(struct lwp *lp, bool whole, uaddr_t ubuf, uint64_t *lenp)
{
	size_t size;
	uint8_t *buf = fpu_copy(lp, whole, &size);
	int error;

	if (buf == NULL)
		return (ENOMEM);
	*lenp = MIN(*lenp, size);
	error = copyout(buf, ubuf, *lenp);
	kfree(buf, M_TEMP);
	return (error);
}

/* A whole state has to be whole; the legacy part may be its beginning. */
static int
fpu_set(struct lwp *lp, bool whole, uaddr_t ubuf, uint64_t *lenp)
{
	size_t size;
	uint8_t *buf = fpu_copy(lp, whole, &size);
	int error = 0;

	if (buf == NULL)
		return (ENOMEM);
	if (whole && *lenp < size)
		error = EFAULT;
	*lenp = MIN(*lenp, size);
	if (error == 0)
		error = copyin(ubuf, buf, *lenp);
	/* Of a whole state, which has a header, it is the whole that is set. */
	if (error == 0)
		error = cpu_fpu_set(lp, buf, whole ? size : LINUX_FXSAVE_SIZE);
	kfree(buf, M_TEMP);
	return (error);
}

int
linux_regset_get(struct lwp *lp, uint64_t type, uaddr_t buf, uint64_t *lenp)
{
	struct linux_user_regs r;

	switch (type) {
	case LINUX_NT_PRSTATUS:
		linux_regs_get(lp, &r);
		*lenp = MIN(*lenp, sizeof(r));
		return (copyout(&r, buf, *lenp));
	case LINUX_NT_PRFPREG:
	case LINUX_NT_X86_XSTATE:
		return (fpu_get(lp, type == LINUX_NT_X86_XSTATE, buf, lenp));
	default:
		return (EINVAL);
	}
}

int
linux_regset_set(struct lwp *lp, uint64_t type, uaddr_t buf, uint64_t *lenp)
{
	struct linux_user_regs r;
	int error;

	switch (type) {
	case LINUX_NT_PRSTATUS:
		*lenp = MIN(*lenp, sizeof(r));
		if ((error = copyin(buf, &r, *lenp)) != 0)
			return (error);
		return (linux_regs_set(lp, &r, *lenp));
	case LINUX_NT_PRFPREG:
	case LINUX_NT_X86_XSTATE:
		return (fpu_set(lp, type == LINUX_NT_X86_XSTATE, buf, lenp));
	default:
		return (EINVAL);
	}
}
