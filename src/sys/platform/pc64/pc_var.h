/* SPDX-License-Identifier: BSD-2-Clause */
/* What the PC's machine files share. */
#ifndef PC64_PC_VAR_H
#define PC64_PC_VAR_H

#include <sys/cpu.h>
#include <sys/proc.h>
#include <vm/vm_var.h>
#include <machine/physmem.h>
#include <machine/vmparam.h>
#include "acpi/acpi.h"
#include "boot/bootinfo.h"
#include "pc_asm.h"

/* --- page tables (Intel SDM vol. 3, 4.5) ----------------------------------- */

#define PTE_P	  0x001UL
#define PTE_W	  0x002UL
#define PTE_U	  0x004UL
#define PTE_PWT	  0x008UL
#define PTE_PCD	  0x010UL
#define PTE_A	  0x020UL
#define PTE_D	  0x040UL
#define PTE_PS	  0x080UL
#define PTE_G	  0x100UL
#define PTE_NX	  (1UL << 63)
#define PTE_ADDR  0x000ffffffffff000UL
#define PTE_COUNT 512
#define SIZE_2M	  0x200000UL

/* Index of va in a table of level 0 (4 KiB pages) .. 3 (PML4). */
static inline unsigned
pt_index(uint64_t va, int level)
{
	return ((va >> (PAGE_SHIFT + 9 * level)) & (PTE_COUNT - 1));
}

static inline uint64_t *
pt_kva(uint64_t pte)
{
	return ((uint64_t *)(PHYS_BASE + (pte & PTE_ADDR)));
}

/* --- pc_main.c: start ------------------------------------------------------- */

extern struct bootinfo pc_bootinfo;
extern struct acpi_info pc_acpi;
extern struct cpu pc_cpu0;
void pc_main(uint32_t magic, uint32_t info) __noreturn;
/* Cannot boot: one line, status 2. */
void pc_fail(const char *fmt, ...) __noreturn __printflike(1, 2);

/* --- pc_options.c: the command line ------------------------------------------ */

struct pc_options {
	uint64_t po_memory; /* bytes, 0: all there is */
	int po_cpus;	    /* 0: all there are */
	char po_initramfs[64];
};
extern struct pc_options pc_options;
void pc_options_parse(const char *cmdline);

/* --- pc64.ld: the image ------------------------------------------------------- */

extern const uint8_t kernel_start_va[], kernel_end_va[];

/* --- pc_memory.c: physical memory, kernel page tables ------------------------- */

/* What lies below belongs to the firmware and to CPUs that start. */
#define LOW_LIMIT 0x100000UL
extern uint64_t *kernel_pml4;
extern paddr_t kernel_cr3;
/* What of the RAM below limit, which is mapped, is not there? */
void memory_check(struct bootinfo *bi, paddr_t limit);
void memory_init(struct bootinfo *bi);	     /* page array, final tables */
void memory_give(const struct bootinfo *bi); /* to the page allocator */
/* Give boot memory [start, end) to everybody. */
void memory_add(paddr_t start, paddr_t end);
bool kernel_readable(uintptr_t va);

/* --- pc_cpu.c: one CPU's registers ------------------------------------------- */

extern bool cpu_has_fsgsbase, cpu_has_smap, cpu_has_rdtscp;
extern uint32_t cpu_xsave_bytes;
extern uint64_t cpu_xcr0;
void cpu_setup(struct cpu *c); /* GDT, TSS, IDT, control registers; GS */
int cr4_try(uint64_t value);   /* copy.S: 1 if the CPU refuses it */
int xcr0_try(uint64_t value);
void cpu_smap(bool on);		/* on this CPU, IF 0 */
int cpu_stacks(struct cpu *c);	/* its IST stacks: 0 or ENOMEM */
bool pc_pending(struct cpu *c); /* it has something to poll for */

/* --- trap.S, trap.c, copy.S ---------------------------------------------------- */

struct ktrap {
	uint64_t kt_r15, kt_r14, kt_r13, kt_r12, kt_r11, kt_r10, kt_r9, kt_r8;
	uint64_t kt_rdi, kt_rsi, kt_rbp, kt_rbx, kt_rdx, kt_rcx, kt_rax;
	uint64_t kt_vector, kt_err, kt_rip, kt_cs, kt_rflags, kt_rsp, kt_ss;
};
void trap_kernel(struct ktrap *kt);
/* An interrupt vector arrived, from user mode or the kernel; IF is 0. */
void interrupt_note(unsigned vector);
void syscall_entry(void);
void syscall_entry_end(void);
void syscall32_entry(void);
extern const uint8_t trap_stubs[256][16];
int user_run(struct trapframe *tf, bool sysret);
void user_run_end(void);

/* --- pmap.c ---------------------------------------------------------------------- */

void pmap_activate(struct pmap *pm); /* on this CPU; user memory is reachable */
void pmap_shoot_poll(void);	     /* do what other CPUs ask for; IF any */

/* --- apic.c, intr.c ---------------------------------------------------------------- */

extern paddr_t lapic_pa;
void lapic_setup(void); /* this CPU's */
void apic_init(void);	/* find, mask the PIC, set up the IOAPICs */
void lapic_eoi(void);
uint32_t lapic_id(void);
void lapic_send(uint32_t apic_id, unsigned vector);
void lapic_nmi_others(void);
void lapic_nmi(uint32_t apic_id);
void lapic_start(uint32_t apic_id, unsigned page); /* INIT, SIPI, SIPI */
void lapic_timer(uint32_t count);		   /* one shot; 0 stops it */
uint32_t lapic_timer_left(void);
void intr_note(unsigned vector); /* from interrupt_note */
void intr_poll(void);
bool ioapic_route(uint32_t gsi, bool level, bool low, unsigned vector);
void ioapic_mask(uint32_t gsi, bool masked);
bool ioapic_has(uint32_t gsi);

/* --- clock.c --------------------------------------------------------------------------- */

void clock_init(void); /* calibrate the TSC and the LAPIC timer */
void clock_delay(nstime_t ns);
/* (IF 0) Have V_TIMER come at or before until. */
void timer_arm(nstime_t until);
nstime_t tsc_to_ns(uint64_t cycles);

/* --- smp.c, exit.c, serial.c, symbol.c ---------------------------------------------------- */

void smp_stopped(struct ktrap *kt) __noreturn; /* NMI: parked */
extern volatile bool smp_stopping;
/* A CPU or the whole does not go on: stacks, class "hang". */
void machine_hang(const char *why) __noreturn;
void launcher_ready(void);
void watchdog_check(void);	/* at a timer interrupt */
nstime_t watchdog_period(void); /* 0: no watchdog */
void pc_ap_main(struct cpu *c) __noreturn;
void serial_init(void);
void serial_intr_init(void);

/* --- instructions ------------------------------------------------------------------------ */

#define MSR_FSBASE	  0xc0000100
#define MSR_KERNEL_GSBASE 0xc0000102

static inline uint64_t
rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return ((uint64_t)hi << 32 | lo);
}

static inline void
wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
}

static inline void
cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

static inline void
intr_off(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void
intr_on(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline uint64_t
flags_read(void)
{
	uint64_t f;

	__asm__ volatile("pushfq; popq %0" : "=r"(f));
	return (f);
}

/* Interrupts off; the flags before, for intr_restore. */
static inline uint64_t
intr_save(void)
{
	uint64_t f;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(f)::"memory");
	return (f);
}

static inline void
intr_restore(uint64_t f)
{
	if ((f & RFLAGS_IF) != 0)
		intr_on();
}

static inline void
invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void
load_cr3(paddr_t pa)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(pa) : "memory");
}

#endif
