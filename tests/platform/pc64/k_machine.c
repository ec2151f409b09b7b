/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the PC's kernel must not be able to do, each tried once: write its text,
 * run its data, touch or run user pages by accident, go on behind the end of a
 * stack or without coming to a poll point.  The console's words are looked at by
 * t_pc64_boot; here it counts that it is a panic, or a hang that the kernel itself
 * notices.
 */
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/kshm.h>
#include <sys/ktest.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <vm/vm_var.h>
#include <machine/physmem.h>
#include <machine/vmparam.h>
#include <platform/pc64/pc_var.h>

#define USER_VA	   0x10000000UL
#define OPCODE_RET 0xc3

extern const uint8_t kernel_rodata_va[];

/* --- the page tables ------------------------------------------------------------- */

/* Every mapping below entry e of level; the number of bad ones. */
static int
check_entry(uint64_t e, int level, uint64_t va, bool write, bool exec)
{
	const uint64_t *t = pt_kva(e);
	int bad = 0;

	write = write && (e & PTE_W) != 0;
	exec = exec && (e & PTE_NX) == 0;
	if (level == 0 || (e & PTE_PS) != 0) {
		if (write && exec)
			kprintf("ktest: %#lx is writable and executable\n", va);
		if ((e & PTE_U) != 0)
			kprintf("ktest: %#lx is the user's, too\n", va);
		return ((write && exec) || (e & PTE_U) != 0);
	}
	for (uint64_t i = 0; i < PTE_COUNT; i++)
		if ((t[i] & PTE_P) != 0)
			bad += check_entry(t[i], level - 1,
			    va + (i << (PAGE_SHIFT + 9 * (level - 1))), write,
			    exec);
	return (bad);
}

KTEST(tables_w_xor_x, "is no kernel page writable and executable, or a user's?")
{
	for (unsigned i = 0; i < PTE_COUNT; i++) {
		uint64_t e = kernel_pml4[i];

		if ((e & PTE_P) == 0)
			continue;
		KT_CHECK(i >= PTE_COUNT / 2);
		KT_EQ(check_entry(e, 3,
			  (uint64_t)((int64_t)((uint64_t)i << 55) >> 16), true,
			  true),
		    0);
	}
}

/* But for the shared segment's first piece, which programs map (pc_memory.c). */
KTEST(image_once, "is the kernel's image mapped at one address only?")
{
	for (const uint8_t *p = kernel_start_va; p < kernel_end_va;
	     p += PAGE_SIZE)
		KT_EQ(kernel_readable(PHYS_BASE + ((uintptr_t)p - KERNBASE)),
		    (uintptr_t)p >= (uintptr_t)kshm_static_start &&
			(uintptr_t)p < (uintptr_t)kshm_static_end);
}

/* Only what the CPU has. */
KTEST(protections_on,
    "are WP, NX, SMEP, SMAP and UMIP on where the CPU has them?")
{
	uint32_t r[4];
	uint64_t cr0, cr4;

	__asm__("movq %%cr0, %0; movq %%cr4, %1" : "=r"(cr0), "=r"(cr4));
	cpuid(7, 0, r);
	KT_CHECK((cr0 & 0x10000) != 0);
	KT_CHECK((rdmsr(0xc0000080) & 0x800) != 0);
	KT_EQ(cr4 >> 20 & 1, r[1] >> 7 & 1);
	KT_EQ(cr4 >> 21 & 1, r[1] >> 20 & 1);
	KT_EQ(cr4 >> 11 & 1, r[2] >> 2 & 1);
	KT_EQ(cr4 >> 16 & 1, r[1] & 1);
}

/* --- W^X ------------------------------------------------------------------------------ */

KCANARY(text_write, panic, "is a write to the kernel's text a panic?")
{
	*(volatile uint8_t *)(uintptr_t)kernel_start_va = 0;
}

KCANARY(rodata_write, panic, "is a write to a constant a panic?")
{
	*(volatile uint8_t *)(uintptr_t)kernel_rodata_va = 0;
}

static void
run_at(const void *p)
{
	((void (*)(void))(uintptr_t)p)();
}

KCANARY(data_execute, panic, "is code in the kernel's data a panic?")
{
	static uint8_t code[16] = {OPCODE_RET};

	run_at(code);
}

KCANARY(heap_execute, panic, "is code in allocated memory a panic?")
{
	uint8_t *code = kmalloc(64, M_TEMP, M_WAITOK);

	memset(code, OPCODE_RET, 64);
	run_at(code);
}

KCANARY(stack_execute, panic, "is code on the stack a panic?")
{
	uint8_t code[16];

	memset(code, OPCODE_RET, sizeof(code));
	run_at(code);
}

KCANARY(rodata_execute, panic, "is code in a constant a panic?")
{
	static const uint8_t code[16] = {OPCODE_RET};

	run_at(code);
}

/* --- user pages ------------------------------------------------------------------------- */

/* A page at USER_VA that a program could read, write and run. */
static volatile uint8_t *
user_page(void)
{
	static struct pmap pm;
	struct vm_page *pg = vm_page_alloc(-1, 0, VMA_WAIT | VMA_ZERO);

	KT_EQ(pmap_init(&pm), 0);
	memset(vm_page_kva(pg), OPCODE_RET, PAGE_SIZE);
	KT_EQ(pmap_enter(&pm, USER_VA, pg, VM_PROT_ALL), 0);
	pmap_activate(&pm);
	return ((volatile uint8_t *)USER_VA);
}

KTEST(user_page_open, "is the page of the next three there when it may be?")
{
	volatile uint8_t *p = user_page();

	intr_off();
	if (cpu_has_smap)
		__asm__ volatile("stac" ::: "memory");
	KT_EQ(*p, OPCODE_RET);
	*p = 1;
	KT_EQ(*p, 1);
	if (cpu_has_smap)
		__asm__ volatile("clac" ::: "memory");
	intr_on();
}

KCANARY(user_read, panic, "is a read of a user page outside copyin a panic?")
{
	KT_EQ(*user_page(), 0);
}

KCANARY(user_write, panic, "is a write to a user page outside copyout a panic?")
{
	*user_page() = 0;
}

KCANARY(
    user_execute, panic, "is code of a user page run by the kernel a panic?")
{
	run_at((const void *)(uintptr_t)user_page());
}

/* --- stacks and wild pointers -------------------------------------------------------------- */

/* So deep that no stack is enough. */
__attribute__((noinline)) static int
deeper(volatile int *p)
{
	volatile int here[64];

	here[0] = *p - 1;
	return (here[0] == 0 ? 0 : deeper(here) + here[0]);
}

KCANARY(
    stack_overflow, panic, "is a stack that overflows a panic, not a reset?")
{
	volatile int start = 1000000;

	KT_EQ(deeper(&start), 0);
}

KCANARY(null_call, panic, "is a call of a null pointer a panic?")
{
	void (*volatile null)(void) = NULL;

	null();
}

KCANARY(noncanonical, panic, "is a non-canonical address a panic?")
{
	KT_EQ(*(volatile uint8_t *)0x8000000000000000, 0);
}

KCANARY(unmapped, panic, "is a hole of the kernel's half a panic?")
{
	KT_EQ(*(volatile uint8_t *)(PHYS_BASE + PHYS_MAX - PAGE_SIZE), 0);
}

KCANARY(divide, panic, "is a division by zero a panic?")
{
	volatile int zero = 0;

	KT_EQ(ncpus / zero, 0);
}

KCANARY(undefined, panic, "is an invalid instruction a panic?")
{
	__asm__ volatile("ud2");
}

KCANARY(floating, panic, "is a floating exception of the kernel a panic?")
{
	static const uint16_t unmasked = 0x37b;

	__asm__ volatile(
	    "fninit; fldcw %0; fldz; fld1; fdivp; fwait" ::"m"(unmasked));
}

/* --- hangs ------------------------------------------------------------------------------------- */

static void
watchdog_soon(void)
{
	const struct sysctl_entry *e = sysctl_find("kern.watchdog");

	KT_CHECK(e != NULL);
	*(volatile int *)e->sc_ptr = 2;
}

static volatile uint64_t forever;

static void
loop_on(void *arg __unused)
{
	while (forever == 0)
		__asm__ volatile("pause");
}

static void
loop_off(void *arg __unused)
{
	intr_off();
	while (forever == 0)
		__asm__ volatile("pause");
}

static void
on_last_cpu(void (*func)(void *))
{
	static int never;
	struct thread *td = thread_create(func, NULL, TDPRI_KERN, "hanging");

	thread_start(td, cpus[ncpus - 1]);
	tsleep(&never, 0, "hanging", 8 * NS_PER_SEC);
}

KCANARY(hang_here, hang, "is a loop with interrupts on noticed?")
{
	watchdog_soon();
	loop_on(NULL);
}

KCANARY(
    hang_deaf, hang, "is a loop with interrupts off noticed by another CPU?")
{
	watchdog_soon();
	loop_off(NULL);
}

KCANARY(hang_other, hang, "is a loop of another CPU noticed?")
{
	watchdog_soon();
	on_last_cpu(loop_on);
}

KCANARY(hang_other_deaf, hang,
    "is a loop with interrupts off of another CPU noticed when all sleep?")
{
	watchdog_soon();
	on_last_cpu(loop_off);
}

/* The debugger's question from outside, to all CPUs. */
KCANARY(nmi_all, hang, "is an NMI to every CPU one report?")
{
	lapic_nmi_others();
	lapic_nmi(pc_cpu0.c_md.cm_apic_id);
	loop_on(NULL);
}

static void
panic_there(void *arg __unused)
{
	panic("on CPU %d", curcpu->c_id);
}

KCANARY(panic_other, panic, "is a panic of another CPU told with all stacks?")
{
	on_last_cpu(panic_there);
}

/* Two panics at once: one report. */
KCANARY(panic_both, panic, "are panics of two CPUs at once one panic?")
{
	struct thread *td =
	    thread_create(panic_there, NULL, TDPRI_KERN, "panicking");

	thread_start(td, cpus[ncpus - 1]);
	panic_there(NULL);
}

KTEST(patience, "is a CPU that polls now and then left alone?")
{
	nstime_t end = clock_mono() + 4 * NS_PER_SEC;

	watchdog_soon();
	while (clock_mono() < end) {
		for (volatile int i = 0; i < 1000000; i++)
			;
		cpu_poll_md();
	}
}
