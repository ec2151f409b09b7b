/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running programs on the PC.
 *
 * 1. cpu_lwp_loop: with interrupts off, is everything settled (nothing wants
 *    attention, the address space loaded, the timer armed, the frame safe)?
 *    Then user_run; else settle, and ask again.  A call that changes nothing
 *    goes back by these comparisons alone.  user_run returns when the program
 *    needs the kernel; the vector says why.
 * 2. Frames are made safe before they are loaded: flags masked, code segment
 *    one of two, bases and instruction pointer canonical.  An instruction
 *    pointer that is not gives SIGSEGV here, because iretq would fault in the
 *    kernel, and sysretq, on Intel's, in kernel mode with the user's stack.
 *    A page fault of user mode with the supervisor's rights is QEMU's error up
 *    to 9.0: iret and a far return read the program's stack that way, and SMAP
 *    forbids it for ever.  The instruction runs again without SMAP.
 * 3. FS and GS bases live in the frame; the CPU's are written when they differ
 *    from what this CPU has (cm_fsbase, cm_gsbase).  With FSGSBASE the program
 *    may change them without us: whoever wants to know asks cpu_lwp_bases, and
 *    a switch reads them.  cm_bases_lwp is whose they are, and whose selectors
 *    ds es fs gs hold; these change at a switch only.
 * 4. Floating state: an XSAVE area per lwp.  It is saved when the lwp leaves
 *    the CPU and loaded before it runs, unless the registers still hold it.
 *    The kernel itself has none (-mgeneral-regs-only).
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/userret.h>
#include "pc_var.h"

#define CANONICAL (1UL << 47) /* the end of the lower half */
#define LIMIT_32  (1UL << 32)
/* Flags that user mode never has: all but its own, IF and the constant 1. */
#define RFLAGS_NEVER (~(RFLAGS_USER | RFLAGS_IF | RFLAGS_NT | 2UL))

static struct zone *fpu_zone; /* of areas for xsave: 64-byte aligned */

/* --- floating state ----------------------------------------------------------- */

#define FP_LEGACY    512
#define FP_MXCSR_OFF 24
#define FP_REGS_OFF  32 /* x87's, then SSE's */
#define FP_XMM_OFF   160
#define FP_XMM_END   416
#define FP_SW_OFF    464 /* up to the end: software's */
#define FP_BV_X87    1UL /* in the header's first word */
#define FP_BV_SSE    2UL
#define FP_FCW_INIT  0x37f
#define MXCSR_INIT   0x1f80

static uint32_t mxcsr_mask = 0xffbf;

static void
fpu_initial(void *area)
{
	memset(area, 0, cpu_xsave_bytes);
	*(uint16_t *)area = FP_FCW_INIT;
	*(uint32_t *)((uint8_t *)area + FP_MXCSR_OFF) = MXCSR_INIT;
	if (cpu_xcr0 != 0)
		*(uint64_t *)((uint8_t *)area + FP_LEGACY) =
		    FP_BV_X87 | FP_BV_SSE;
}

static void
fpu_save(void *area)
{
	if (cpu_xcr0 != 0)
		__asm__ volatile(
		    "xsave64 (%0)" ::"r"(area), "a"(0xffffffff), "d"(0xffffffff)
		    : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

static void
fpu_load(const void *area)
{
	if (cpu_xcr0 != 0)
		__asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(0xffffffff),
				 "d"(0xffffffff)
				 : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
}

/* The area is up to date after this; the lwp is current or not running. */
static void
fpu_sync(struct lwp *lp)
{
	if (lp->lw_md.lm_fpu_live) {
		fpu_save(lp->lw_md.lm_fpu);
		lp->lw_md.lm_fpu_live = false;
	}
}

/* The area is newer than any registers. */
static void
fpu_changed(struct lwp *lp)
{
	lp->lw_md.lm_fpu_live = false;
	lp->lw_md.lm_fpu_cpu = NULL;
}

/* (IF 0) Before user mode. */
static void
fpu_resume(struct lwp *lp, struct cpu *c)
{
	if (c->c_md.cm_fpu_lwp != lp || lp->lw_md.lm_fpu_cpu != c) {
		fpu_load(lp->lw_md.lm_fpu);
		c->c_md.cm_fpu_lwp = lp;
		lp->lw_md.lm_fpu_cpu = c;
	}
	lp->lw_md.lm_fpu_live = true;
}

size_t
cpu_fpu_size(struct lwp *lp __unused)
{
	return (cpu_xcr0 != 0 ? cpu_xsave_bytes : FP_LEGACY);
}

/*
 * Components in their initial state are not written by xsave, they only lack
 * their bit in the header.  Whoever reads the first 512 bytes need not know.
 */
int
cpu_fpu_get(struct lwp *lp, void *buf, size_t size)
{
	uint8_t *p = buf;
	uint64_t bv;

	fpu_sync(lp);
	memset(buf, 0, size);
	memcpy(buf, lp->lw_md.lm_fpu, MIN(size, cpu_fpu_size(lp)));
	memset(p + FP_SW_OFF, 0, FP_LEGACY - FP_SW_OFF);
	if (cpu_xcr0 == 0 || size < cpu_xsave_bytes)
		return (0);
	memcpy(&bv, p + FP_LEGACY, sizeof(bv));
	if ((bv & FP_BV_X87) == 0) {
		memset(p, 0, FP_MXCSR_OFF);
		memset(p + FP_REGS_OFF, 0, FP_XMM_OFF - FP_REGS_OFF);
		*(uint16_t *)p = FP_FCW_INIT;
	}
	if ((bv & FP_BV_SSE) == 0)
		memset(p + FP_XMM_OFF, 0, FP_XMM_END - FP_XMM_OFF);
	bv |= FP_BV_X87 | FP_BV_SSE;
	memcpy(p + FP_LEGACY, &bv, sizeof(bv));
	return (0);
}

/* Would xrstor take this header?  (SDM vol. 1, 13.8.1) */
static bool
xsave_valid(const uint8_t *buf)
{
	const uint64_t *h = (const uint64_t *)(buf + FP_LEGACY);

	if ((h[0] & ~cpu_xcr0) != 0)
		return (false);
	for (int i = 1; i < 8; i++)
		if (h[i] != 0)
			return (false);
	return (true);
}

int
cpu_fpu_set(struct lwp *lp, const void *buf, size_t size)
{
	uint8_t *area = lp->lw_md.lm_fpu;

	if (size < FP_LEGACY)
		return (EINVAL);
	if (cpu_xcr0 != 0 && size >= cpu_xsave_bytes) {
		if (!xsave_valid(buf))
			return (EINVAL);
		fpu_changed(lp);
		memcpy(area, buf, cpu_xsave_bytes);
	} else {
		fpu_changed(lp);
		fpu_initial(area);
		memcpy(area, buf, FP_LEGACY);
	}
	*(uint32_t *)(area + FP_MXCSR_OFF) &= mxcsr_mask;
	return (0);
}

static void
fpu_init(void)
{
	static uint8_t area[FP_LEGACY] __attribute__((aligned(16)));
	uint32_t mask;

	__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
	memcpy(&mask, area + 28, 4);
	if (mask != 0)
		mxcsr_mask = mask;
	fpu_zone = zone_create("fpu", cpu_xsave_bytes, 64);
}
SYSINIT(pc_fpu, SI_KERN + 2, fpu_init);

/* --- selectors and bases ------------------------------------------------------------ */

#define READ_SEL(seg, var) __asm__ volatile("movl %%" seg ", %0" : "=r"(var))
#define LOAD_SEL(seg, sel)                                                     \
	__asm__ volatile("movl %0, %%" seg ::"r"((uint32_t)(sel)) : "memory")

static void
selectors_read(uint16_t *sels)
{
	uint32_t ds, es, fs, gs;

	READ_SEL("ds", ds);
	READ_SEL("es", es);
	READ_SEL("fs", fs);
	READ_SEL("gs", gs);
	sels[0] = (uint16_t)ds;
	sels[1] = (uint16_t)es;
	sels[2] = (uint16_t)fs;
	sels[3] = (uint16_t)gs;
}

/*
 * (IF 0) All were loaded in user mode, so they can be: the tables are the same
 * everywhere.  A base that goes along with its selector is told to be wrong.
 */
static void
selectors_load(const struct lwp *lp, struct cpu_md *cm)
{
	const uint16_t *want = lp->lw_md.lm_sels;
	uint16_t now[4];

	selectors_read(now);
	if (__likely(memcmp(now, want, sizeof(now)) == 0))
		return;
	LOAD_SEL("ds", want[0]);
	LOAD_SEL("es", want[1]);
	LOAD_SEL("fs", want[2]);
	__asm__ volatile(
	    "swapgs; movl %0, %%gs; swapgs" ::"r"((uint32_t)want[3])
	    : "memory");
	cm->cm_fsbase = ~lp->lw_frame.tf_fsbase;
	cm->cm_gsbase = ~lp->lw_frame.tf_gsbase;
}

static void
bases_read(struct cpu_md *cm)
{
	if (cpu_has_fsgsbase)
		__asm__ volatile("rdfsbase %0" : "=r"(cm->cm_fsbase));
	else
		cm->cm_fsbase = rdmsr(MSR_FSBASE);
	cm->cm_gsbase = rdmsr(MSR_KERNEL_GSBASE);
}

void
cpu_lwp_settle(struct lwp *lp)
{
	cpu_lwp_bases(lp);
	fpu_sync(lp);
}

uint64_t
cpu_fpu_features(struct lwp *lp __unused)
{
	return (cpu_xcr0 != 0 ? cpu_xcr0 : FP_BV_X87 | FP_BV_SSE);
}

void
cpu_lwp_bases(struct lwp *lp)
{
	struct cpu_md *cm = &curcpu->c_md;

	if (cm->cm_bases_lwp != lp)
		return;
	selectors_read(lp->lw_md.lm_sels);
	bases_read(cm);
	lp->lw_frame.tf_fsbase = cm->cm_fsbase;
	lp->lw_frame.tf_gsbase = cm->cm_gsbase;
	/* The frame is the truth now, and may be written before it is loaded. */
	cm->cm_bases_lwp = NULL;
}

/* --- the machine's part of an lwp -------------------------------------------------- */

int
cpu_lwp_create(struct lwp *lp, struct lwp *from)
{
	memset(&lp->lw_md, 0, sizeof(lp->lw_md));
	lp->lw_md.lm_fpu = zone_alloc(fpu_zone, M_WAITOK);
	if (lp->lw_md.lm_fpu == NULL)
		return (ENOMEM);
	if (from != NULL && from->lw_md.lm_fpu != NULL) {
		cpu_lwp_bases(from);
		memcpy(lp->lw_md.lm_sels, from->lw_md.lm_sels,
		    sizeof(lp->lw_md.lm_sels));
		fpu_sync(from);
		memcpy(lp->lw_md.lm_fpu, from->lw_md.lm_fpu, cpu_xsave_bytes);
	} else
		fpu_initial(lp->lw_md.lm_fpu);
	return (0);
}

void
cpu_lwp_destroy(struct lwp *lp)
{
	/* Another lwp may get this memory: no CPU must take it for this one. */
	for (int i = 0; i < ncpus; i++)
		(void)atomic_cmpset(&cpus[i]->c_md.cm_fpu_lwp, lp, NULL);
	if (lp->lw_md.lm_fpu != NULL)
		zone_free(fpu_zone, lp->lw_md.lm_fpu);
	memset(&lp->lw_md, 0, sizeof(lp->lw_md));
}

void
cpu_lwp_leave_vmspace(struct lwp *lp __unused)
{
	/* pmap_destroy makes every CPU leave it. */
}

void
cpu_lwp_exec(struct lwp *lp, uaddr_t ip, uaddr_t sp)
{
	/* What is in the registers is known, and is not the new program's. */
	cpu_lwp_bases(lp);
	memset(lp->lw_md.lm_sels, 0, sizeof(lp->lw_md.lm_sels));
	memset(&lp->lw_frame, 0, sizeof(lp->lw_frame));
	lp->lw_frame.tf_rip = ip;
	lp->lw_frame.tf_rsp = sp;
	lp->lw_frame.tf_rflags = RFLAGS_IF;
	lp->lw_frame.tf_cs = CS_USER;
	fpu_changed(lp);
	fpu_initial(lp->lw_md.lm_fpu);
	memset(&lp->lw_md.lm_debug, 0, sizeof(lp->lw_md.lm_debug));
}

void
cpu_thread_leave(struct thread *from, struct thread *to __unused)
{
	struct cpu_md *cm = &curcpu->c_md;
	struct lwp *lp = from->td_lwp;

	if (lp != NULL && lp->lw_md.lm_fpu != NULL) {
		fpu_sync(lp);
		cpu_lwp_bases(lp);
	} else if (cm->cm_bases_lwp != NULL)
		bases_read(cm); /* it is no more; they are still here */
	cm->cm_bases_lwp = NULL;
}

/* --- debug registers -------------------------------------------------------------------- */

#define RFLAGS_RF 0x10000UL

uint64_t
cpu_debug_get(struct lwp *lp, int n)
{
	return (debugregs_get(&lp->lw_md.lm_debug, n));
}

int
cpu_debug_set(struct lwp *lp, int n, uint64_t value)
{
	return (debugregs_set(&lp->lw_md.lm_debug, n, value,
	    1U << DEBUG_EXEC | 1U << DEBUG_WRITE | 1U << DEBUG_ACCESS));
}

/*
 * (IF 0) They are the CPU's while the program runs, and no longer: the kernel
 * may touch what it watches.
 */
static void
debug_load(const struct debugregs *dr)
{
	__asm__ volatile("movq %0, %%dr0" ::"r"(dr->dr_addr[0]));
	__asm__ volatile("movq %0, %%dr1" ::"r"(dr->dr_addr[1]));
	__asm__ volatile("movq %0, %%dr2" ::"r"(dr->dr_addr[2]));
	__asm__ volatile("movq %0, %%dr3" ::"r"(dr->dr_addr[3]));
	__asm__ volatile("movq %0, %%dr7" ::"r"(dr->dr_control | DR7_NONE));
}

static void
debug_unload(void)
{
	__asm__ volatile("movq %0, %%dr7" ::"r"(DR7_NONE));
}

/* --- what brought the program here ----------------------------------------------------- */

/* SDM vol. 1, 8.5 and 11.5: the exception that is raised and not masked. */
static int
fpe_code(struct lwp *lp, bool simd)
{
	/* Flags and their codes, as Linux orders them: 2 is "denormal". */
	static const struct {
		uint8_t flags, code;
	} rows[] = {{0x01, FPE_FLTINV}, {0x04, FPE_FLTDIV}, {0x08, FPE_FLTOVF},
	    {0x12, FPE_FLTUND}, {0x20, FPE_FLTRES}};
	const uint8_t *area = lp->lw_md.lm_fpu;
	uint32_t raised, mxcsr;
	uint16_t control, status;

	fpu_sync(lp);
	memcpy(&control, area, 2);
	memcpy(&status, area + 2, 2);
	memcpy(&mxcsr, area + FP_MXCSR_OFF, 4);
	raised = simd ? mxcsr & ~(mxcsr >> 7) : status & ~control;
	for (size_t i = 0; i < nitems(rows); i++)
		if ((raised & rows[i].flags) != 0)
			return (rows[i].code);
	return (FPE_FLTINV);
}

static void
user_page_fault(struct lwp *lp)
{
	uint64_t err = lp->lw_frame.tf_err;

	/* See section 2; without SMAP it would not have faulted. */
	if (__unlikely((err & (PFERR_PRESENT | PFERR_USER)) == PFERR_PRESENT))
		lp->lw_md.lm_smap_off = cpu_has_smap;
	trap_fault(lp, lp->lw_frame.tf_addr,
	    (err & PFERR_WRITE) != 0	   ? VM_PROT_WRITE
		: (err & PFERR_INSTR) != 0 ? VM_PROT_EXECUTE
					   : VM_PROT_READ);
}

static void
user_debug(struct lwp *lp)
{
	struct debugregs *dr = &lp->lw_md.lm_debug;
	uint64_t dr6;

	__asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
	__asm__ volatile("movq %0, %%dr6" ::"r"(DR6_NONE));
	/* Rows that are not enabled may show hits all the same. */
	for (int n = 0; n < DEBUG_NADDR; n++)
		if ((dr->dr_control & DR7_ON(n)) == 0)
			dr6 &= ~(1UL << n);
	dr->dr_status = dr6 & (DR6_HITS | DR6_STEP);
	if ((dr6 & DR6_HITS) != 0)
		lp->lw_frame.tf_rflags |= RFLAGS_RF;
	trap_exception(lp, SIGTRAP,
	    (dr6 & DR6_STEP) != 0	? TRAP_TRACE
		: (dr6 & DR6_HITS) != 0 ? TRAP_HWBKPT
					: TRAP_BRKPT,
	    lp->lw_frame.tf_rip, T_DEBUG);
}

static void
user_exception(struct lwp *lp, int v)
{
	uaddr_t pc = lp->lw_frame.tf_rip;

	switch (v) {
	case T_DIVIDE:
		trap_exception(lp, SIGFPE, FPE_INTDIV, pc, v);
		break;
	case T_DEBUG:
		user_debug(lp);
		break;
	case T_BPT:
		trap_exception(lp, SIGTRAP, TRAP_BRKPT, pc, v);
		break;
	case T_ILLOP:
		trap_exception(lp, SIGILL, ILL_ILLOPN, pc, v);
		break;
	case T_FPERR:
	case T_SIMD:
		trap_exception(lp, SIGFPE, fpe_code(lp, v == T_SIMD), pc, v);
		break;
	case T_ALIGN:
		trap_exception(lp, SIGBUS, BUS_ADRALN, 0, v);
		break;
	case T_STACK:
		trap_exception(lp, SIGBUS, SI_KERNEL, 0, v);
		break;
	default: /* segments, privileged instructions, non-canonical */
		trap_exception(lp, SIGSEGV, SI_KERNEL, 0, v);
		break;
	}
}

/* CR2 was read with interrupts off, by trap.S. */
static void
user_came(struct lwp *lp)
{
	unsigned v = (unsigned)lp->lw_frame.tf_trapno;

	KASSERT(!cpu_has_smap || (flags_read() & RFLAGS_AC) == 0,
	    ("AC in the kernel"));
	if (v == V_SYSCALL)
		trap_syscall(lp);
	else if (v == T_PAGEFAULT)
		user_page_fault(lp);
	else if (v >= V_PIC)
		trap_interrupt(lp);
	else
		user_exception(lp, (int)v);
}

/* --- the loop ------------------------------------------------------------------------------ */

static bool
canonical(uint64_t a)
{
	return ((uint64_t)((int64_t)(a << 16) >> 16) == a);
}

/* Can iretq load it?  In 32-bit code the segment's limit counts. */
static bool
rip_good(const struct trapframe *tf)
{
	return (tf->tf_rip < (tf->tf_cs == CS_USER32 ? LIMIT_32 : CANONICAL));
}

/* Make the frame safe; false: it cannot be run, and a signal was sent. */
static bool
frame_check(struct lwp *lp)
{
	struct trapframe *tf = &lp->lw_frame;

	tf->tf_rflags = (tf->tf_rflags & ~RFLAGS_NEVER) | RFLAGS_IF;
	if (tf->tf_cs != CS_USER32)
		tf->tf_cs = CS_USER;
	if (__likely(rip_good(tf)))
		return (true);
	/* As the CPU would say it if it could. */
	if (canonical(tf->tf_rip) && tf->tf_cs == CS_USER)
		trap_exception(
		    lp, SIGSEGV, SEGV_MAPERR, tf->tf_rip, T_PAGEFAULT);
	else
		trap_exception(lp, SIGSEGV, SI_KERNEL, 0, T_GPF);
	return (false);
}

/* sysretq takes rip and rflags from rcx and r11. */
static bool
may_sysret(const struct trapframe *tf)
{
	return (tf->tf_trapno == V_SYSCALL && tf->tf_rcx == tf->tf_rip &&
	    tf->tf_r11 == tf->tf_rflags && tf->tf_cs == CS_USER &&
	    (tf->tf_rflags & RFLAGS_TF) == 0);
}

static void
load_base(bool gs, uint64_t base)
{
	/* Bases in the kernel's half do no harm, and programs may load them. */
	base = canonical(base) ? base : 0;
	if (gs)
		wrmsr(MSR_KERNEL_GSBASE, base);
	else if (cpu_has_fsgsbase)
		__asm__ volatile("wrfsbase %0" ::"r"(base));
	else
		wrmsr(MSR_FSBASE, base);
}

/* (IF 0) The bases of this CPU := the frame's. */
static void
load_bases(struct lwp *lp, struct cpu *c)
{
	const struct trapframe *tf = &lp->lw_frame;
	struct cpu_md *cm = &c->c_md;

	if (cm->cm_bases_lwp != lp) {
		selectors_load(lp, cm);
		cm->cm_bases_lwp = lp;
	}
	if (tf->tf_fsbase != cm->cm_fsbase)
		load_base(false, cm->cm_fsbase = tf->tf_fsbase);
	if (tf->tf_gsbase != cm->cm_gsbase)
		load_base(true, cm->cm_gsbase = tf->tf_gsbase);
}

/* (IF 0) Until when may it run without us? */
static nstime_t
run_until(const struct cpu *c)
{
	nstime_t until = c->c_slice_end;

	if (c->c_callout_next != 0)
		until = MIN(until, c->c_callout_next);
	return (until);
}

/*
 * (IF 0) Nothing wants attention, no removal is pending, the space is loaded,
 * the timer is armed early enough, the frame is safe: the program can run.
 */
static bool
settled(struct lwp *lp, struct cpu *c)
{
	const struct pmap *pm = &lp->lw_proc->p_vmspace->vm_pmap;
	const struct trapframe *tf = &lp->lw_frame;
	const struct cpu_md *cm = &c->c_md;

	return (userret_quiet(lp, c) && cm->cm_irq_any == 0 &&
	    cm->cm_timer != 0 && cm->cm_timer <= run_until(c) &&
	    cm->cm_pmap == pm &&
	    atomic_load(&pm->pm_flushed) == atomic_load(&pm->pm_removals) &&
	    (tf->tf_rflags & (RFLAGS_NEVER | RFLAGS_IF)) == RFLAGS_IF &&
	    (tf->tf_cs == CS_USER || tf->tf_cs == CS_USER32) && rip_good(tf));
}

/* Make it so, as far as that goes; it may sleep, and things change. */
static void
settle(struct lwp *lp)
{
	struct pmap *pm;

	trap_userret(lp);
	if (!frame_check(lp))
		return;
	pm = &lp->lw_proc->p_vmspace->vm_pmap;
	pmap_update(pm);
	pmap_activate(pm);
	intr_off();
	timer_arm(run_until(curcpu));
	intr_on();
}

void
cpu_lwp_loop(struct lwp *lp)
{
	struct trapframe *tf = &lp->lw_frame;
	bool timed = false; /* trap_userret saw p_cputimers */
	struct cpu *c;

	for (;;) {
		intr_off();
		c = curcpu;
		if (__unlikely(!settled(lp, c) ||
			(lp->lw_proc->p_cputimers && !timed))) {
			intr_on();
			settle(lp);
			timed = true;
			continue;
		}
		timed = false;
		lwp_account(lp, c, 1);
		fpu_resume(lp, c);
		load_bases(lp, c);
		c->c_md.cm_user = true;
		if (__unlikely(lp->lw_md.lm_smap_off))
			cpu_smap(false);
		if (debugregs_armed(&lp->lw_md.lm_debug))
			debug_load(&lp->lw_md.lm_debug);
		user_run(tf, may_sysret(tf));
		c->c_md.cm_user = false;
		if (debugregs_armed(&lp->lw_md.lm_debug))
			debug_unload();
		if (__unlikely(lp->lw_md.lm_smap_off)) {
			cpu_smap(true);
			lp->lw_md.lm_smap_off = false;
		}
		if (__unlikely(
			tf->tf_trapno >= V_PIC && tf->tf_trapno < V_SYSCALL))
			interrupt_note((unsigned)tf->tf_trapno);
		intr_on();
		user_came(lp);
	}
}
