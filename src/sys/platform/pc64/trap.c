/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps of the kernel itself.
 *
 * 1. Interrupts are enabled nearly everywhere in the kernel, but a handler only
 *    notes: a bit per device vector, the fact of a kick; TLB flushes are done
 *    at once.  The work is done at the poll points, as in the vkernel.  So no
 *    lock of the kernel is ever taken in an interrupt.
 * 2. A page fault on a user address inside the loops of copy.S is the
 *    program's; anything else is our bug: panic, with the place of the fault.
 * 3. A double fault is nearly always a stack that ran into its guard page.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include <sys/ddb.h>
#include "pc_var.h"

struct fixup {
	uintptr_t fx_start, fx_end, fx_go;
};
extern const struct fixup fixup_start[], fixup_end[];

static const char *const names[32] = {"divide error", "debug", "NMI",
    "breakpoint", "overflow", "bound", "invalid opcode", "device not available",
    "double fault", "coprocessor overrun", "invalid TSS", "segment not present",
    "stack fault", "general protection", "page fault", "reserved", "FPU error",
    "alignment check", "machine check", "SIMD error", "virtualisation",
    "control protection"};

static const struct fixup *
fixup_find(uintptr_t pc)
{
	size_t n = ((uintptr_t)fixup_end - (uintptr_t)fixup_start) /
	    sizeof(struct fixup);

	for (size_t i = 0; i < n; i++)
		if (pc >= fixup_start[i].fx_start && pc < fixup_start[i].fx_end)
			return (&fixup_start[i]);
	return (NULL);
}

static void
fatal(struct ktrap *kt, uint64_t addr)
{
	unsigned v = (unsigned)kt->kt_vector;
	const char *name = v < 32 && names[v] != NULL ? names[v] : "trap";
	const char *how = "";
	uintptr_t from;
	char at[96] = "";

	panic_pc = kt->kt_rip;
	panic_fp = kt->kt_rbp;
	if (!machine_symbol(kt->kt_rip, at, sizeof(at)) &&
	    ddb_read((void *)kt->kt_rsp, &from, sizeof(from)) &&
	    machine_symbol(from, at, sizeof(at))) {
		/* After a call of nowhere only the stack knows who called. */
		panic_pc = from;
		how = "called by ";
	}
	if (v == V_DFAULT)
		panic("double fault at %#lx %s, stack %#lx: stack overflow?",
		    kt->kt_rip, at, kt->kt_rsp);
	panic("%s at %#lx %s%s, error %#lx, address %#lx", name, kt->kt_rip,
	    how, at, kt->kt_err, addr);
}

/* A fault in copy.S on a user address: bring the page, or end the loop. */
static void
user_fault(struct ktrap *kt, const struct fixup *f, uint64_t addr)
{
	struct lwp *lp = curthread->td_lwp;
	vm_prot_t access =
	    (kt->kt_err & PFERR_WRITE) != 0 ? VM_PROT_WRITE : VM_PROT_READ;

	intr_on();
	if (lp == NULL || (curthread->td_flags & TDF_NOFAULT) != 0 ||
	    vm_fault(lp->lw_proc->p_vmspace, addr, access) != 0)
		kt->kt_rip = f->fx_go;
	else {
		/* It may have slept, and be on another CPU now. */
		pmap_update(&lp->lw_proc->p_vmspace->vm_pmap);
		pmap_activate(&lp->lw_proc->p_vmspace->vm_pmap);
	}
	intr_off();
}

static void
page_fault(struct ktrap *kt)
{
	const struct fixup *f;
	uint64_t addr;

	__asm__ volatile("movq %%cr2, %0" : "=r"(addr));
	if (addr < VM_MAX_USER && (f = fixup_find(kt->kt_rip)) != NULL)
		user_fault(kt, f, addr);
	else
		fatal(kt, addr);
}

/*
 * An exception in the few instructions between user mode and the kernel (a
 * debug trap that a program armed): forget it.
 */
static bool
at_the_border(uintptr_t pc)
{
	return ((pc >= (uintptr_t)syscall_entry &&
		    pc < (uintptr_t)syscall_entry_end) ||
	    (pc >= (uintptr_t)user_run && pc < (uintptr_t)user_run_end));
}

static void
debug_trap(struct ktrap *kt)
{
	__asm__ volatile("movq %0, %%dr6" ::"r"(DR6_NONE));
	if (!at_the_border(kt->kt_rip))
		fatal(kt, 0);
	kt->kt_rflags &= ~(uint64_t)RFLAGS_TF;
}

/* An NMI asks us to stop (panic elsewhere), or for a report of a hang. */
static void
nmi(struct ktrap *kt)
{
	static volatile uint32_t once;

	if (smp_stopping || atomic_swap(&once, 1) != 0)
		smp_stopped(kt);
	panic_pc = kt->kt_rip;
	panic_fp = kt->kt_rbp;
	machine_hang("NMI: somebody waits for an end that does not come");
}

void
trap_kernel(struct ktrap *kt)
{
	const struct fixup *f;

	switch (kt->kt_vector) {
	case T_PAGEFAULT:
		page_fault(kt);
		break;
	case T_DEBUG:
		debug_trap(kt);
		break;
	case V_NMI:
		nmi(kt);
		break;
	case T_GPF:
		/* Only what the CPU refuses at start may fault so. */
		if ((f = fixup_find(kt->kt_rip)) == NULL)
			fatal(kt, 0);
		kt->kt_rip = f->fx_go;
		break;
	default:
		if (kt->kt_vector >= V_PIC)
			interrupt_note((unsigned)kt->kt_vector);
		else
			fatal(kt, 0);
		break;
	}
}

void
interrupt_note(unsigned vector)
{
	struct cpu *c = curcpu;

	if (vector == V_SPURIOUS || vector < V_DEVICE_MIN)
		return; /* wants no EOI */
	switch (vector) {
	case V_SHOOT:
		pmap_shoot_poll();
		break;
	case V_TIMER:
		c->c_md.cm_timer = 0;
		watchdog_check();
		break;
	case V_KICK:
		break;
	default:
		intr_note(vector);
		break;
	}
	lapic_eoi();
}
