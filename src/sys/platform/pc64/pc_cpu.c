/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of one CPU: segments, gates, control registers, features.
 *
 * 1. Each CPU has its own GDT and TSS, inside struct cpu; all share one IDT.
 *    The GS base is struct cpu; user mode's is in MSR_KERNEL_GSBASE while the
 *    kernel runs.
 * 2. User mode gets no I/O ports (no I/O map), cannot read descriptor tables
 *    (UMIP), the kernel cannot run or touch user pages by accident (SMEP, SMAP).
 *    What the CPU lacks is left out; what we need without choice was checked by
 *    start.S (long mode, NX) or is checked here (FXSR, SYSCALL, LAPIC).
 * 3. XCR0 takes every user component that the CPU offers, so any program may
 *    use what CPUID shows.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include "pc_var.h"

#define MSR_EFER    0xc0000080
#define MSR_SYSCS   0x174 /* of sysenter */
#define MSR_STAR    0xc0000081
#define MSR_LSTAR   0xc0000082
#define MSR_CSTAR   0xc0000083
#define MSR_SFMASK  0xc0000084
#define MSR_GSBASE  0xc0000101
#define MSR_TSC_AUX 0xc0000103
#define MSR_PAT	    0x277

#define EFER_SCE 0x001

#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000
#define CR0_AM 0x00040000

#define CR4_DE	       0x00000008
#define CR4_PGE	       0x00000080
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_UMIP       0x00000800
#define CR4_FSGSBASE   0x00010000
#define CR4_OSXSAVE    0x00040000
#define CR4_SMEP       0x00100000
#define CR4_SMAP       0x00200000
#define CR4_MCE	       0x00000040

/* What the syscall instruction clears: TF IF DF NT AC IOPL RF. */
#define SYSCALL_CLEARS 0x57700

bool cpu_has_fsgsbase, cpu_has_smap, cpu_has_rdtscp;
static bool has_smep, has_umip, has_xsave;
uint32_t cpu_xsave_bytes = 512;
uint64_t cpu_xcr0;

struct gate {
	uint16_t g_low, g_sel;
	uint8_t g_ist, g_type;
	uint16_t g_mid;
	uint32_t g_high, g_zero;
};
static struct gate idt[256];

CTASSERT(offsetof(struct cpu, c_self) == C_SELF);
CTASSERT(offsetof(struct cpu, c_curthread) == C_THREAD);
CTASSERT(offsetof(struct cpu, c_md.cm_frame) == CM_FRAME);
CTASSERT(offsetof(struct cpu, c_md.cm_ksp) == CM_KSP);
CTASSERT(offsetof(struct cpu, c_md.cm_scratch) == CM_SCRATCH);
CTASSERT(offsetof(struct trapframe, tf_rip) == TF_RIP);
CTASSERT(offsetof(struct trapframe, tf_trapno) == TF_TRAPNO);
CTASSERT(offsetof(struct trapframe, tf_cs) == TF_CS);
CTASSERT(sizeof(struct tss) == 104);
CTASSERT(sizeof(struct gate) == 16);

/* --- features, once --------------------------------------------------------- */

/*
 * QEMU's own CPU up to 8.2: CR4.OSXSAVE ends in a loop of QEMU's if leaf 0xd, 1
 * is empty, as its older AMD models have it.
 */
static bool
xsave_is_trap(void)
{
	uint32_t r[4];

	cpuid(0xd, 1, r);
	if (r[0] != 0)
		return (false);
	cpuid(0x40000000, 0, r);
	return (memcmp(&r[1], "TCGTCGTCGTCG", 12) == 0);
}

static void
find_features(void)
{
	uint32_t r[4], max;

	cpuid(0, 0, r);
	max = r[0];
	cpuid(1, 0, r);
	if ((~r[3] & (1U << 24 | 1U << 25 | 1U << 26)) != 0)
		pc_fail("this CPU has no SSE2 state; a 64-bit PC has");
	if ((r[3] & (1 << 9)) == 0)
		pc_fail("this CPU has no local APIC; the kernel needs one");
	has_xsave = (r[2] & (1 << 26)) != 0;
	cpuid(0x80000001, 0, r);
	if ((r[3] & (1 << 11)) == 0)
		pc_fail(
		    "this CPU has no syscall instruction; programs need it");
	cpu_has_rdtscp = (r[3] & (1 << 27)) != 0;
	if (max >= 7) {
		cpuid(7, 0, r);
		cpu_has_fsgsbase = (r[1] & (1 << 0)) != 0;
		has_smep = (r[1] & (1 << 7)) != 0;
		cpu_has_smap = (r[1] & (1 << 20)) != 0;
		has_umip = (r[2] & (1 << 2)) != 0;
	}
	if (has_xsave && max >= 0xd && !xsave_is_trap()) {
		cpuid(0xd, 0, r);
		cpu_xcr0 = (uint64_t)r[3] << 32 | r[0];
	} else
		has_xsave = false;
}

static void
gate_set(unsigned v, unsigned ist)
{
	uintptr_t at = (uintptr_t)trap_stubs[v];

	idt[v] = (struct gate){(uint16_t)at, SEL_KCODE, (uint8_t)ist,
	    (uint8_t)(v == T_BPT || v == T_OFLOW ? 0xee : 0x8e),
	    (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0};
}

static void
make_idt(void)
{
	for (unsigned v = 0; v < 256; v++)
		gate_set(v, 0);
	gate_set(T_DEBUG, IST_DB);
	gate_set(V_NMI, IST_NMI);
	gate_set(V_DFAULT, IST_DF);
	gate_set(V_MCE, IST_MCE);
}

/* --- each CPU ------------------------------------------------------------------ */

struct table_ptr {
	uint16_t tp_limit;
	uint64_t tp_base;
} __attribute__((packed));

static void
load_tables(struct cpu *c)
{
	uint64_t *gdt = c->c_md.cm_gdt;
	uintptr_t tss = (uintptr_t)&c->c_md.cm_tss;
	struct table_ptr gp = {sizeof(c->c_md.cm_gdt) - 1, (uintptr_t)gdt};
	struct table_ptr ip = {sizeof(idt) - 1, (uintptr_t)idt};

	memset(gdt, 0, sizeof(c->c_md.cm_gdt));
	gdt[SEL_KCODE / 8] = 0x00af9b000000ffff;
	gdt[SEL_KDATA / 8] = 0x00cf93000000ffff;
	gdt[SEL_UCODE32 / 8] = 0x00cffb000000ffff;
	gdt[SEL_UDATA / 8] = 0x00cff3000000ffff;
	gdt[SEL_UCODE / 8] = 0x00affb000000ffff;
	gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
	    0x89UL << 40 | (tss >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = tss >> 32;
	c->c_md.cm_tss.ts_iomap = sizeof(struct tss);
	c->c_md.cm_tss.ts_rsp[0] =
	    (uintptr_t)c->c_md.cm_entry_stack + sizeof(c->c_md.cm_entry_stack);
	__asm__ volatile("lgdt %0; lidt %1" ::"m"(gp), "m"(ip) : "memory");
	/* Null as programs have them; LDT: none (reset leaves one at 0). */
	__asm__ volatile("movl %1, %%ds; movl %1, %%es; movl %0, %%ss;"
			 "movl %1, %%fs; movl %1, %%gs; lldt %w1"
			 :
			 : "r"(SEL_KDATA), "r"(0)
			 : "memory");
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax;"
			 "lretq; 1:"
			 :
			 : "i"(SEL_KCODE)
			 : "rax", "memory");
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
	/* Whatever goes wrong from here on can be told. */
	wrmsr(MSR_GSBASE, (uintptr_t)c);
	__asm__ volatile("movq %0, %%dr7" ::"r"(DR7_NONE));
}

/* What CR4 switches on where CPUID shows it. */
static const struct protection {
	uint64_t bit;
	bool *has;
	const char *name;
} protections[] = {
    {CR4_UMIP, &has_umip, "UMIP"},
    {CR4_FSGSBASE, &cpu_has_fsgsbase, "FSGSBASE"},
    {CR4_OSXSAVE, &has_xsave, "XSAVE"},
    {CR4_SMEP, &has_smep, "SMEP"},
    {CR4_SMAP, &cpu_has_smap, "SMAP"},
};

/* Some emulators show a feature and refuse it. */
static void
refused(bool *has, const char *name)
{
	*has = false;
	kprintf("pc64: the CPU shows %s and refuses it; left out\n", name);
}

static void
control_registers(void)
{
	uint64_t cr0, cr4;

	__asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
	cr0 &= ~(uint64_t)(CR0_EM | CR0_TS);
	cr0 |= CR0_MP | CR0_NE | CR0_WP | CR0_AM;
	__asm__ volatile("movq %0, %%cr0" ::"r"(cr0) : "memory");
	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	cr4 |= CR4_DE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_MCE;
	__asm__ volatile("movq %0, %%cr4" ::"r"(cr4) : "memory");
	for (size_t i = 0; i < nitems(protections); i++) {
		const struct protection *p = &protections[i];

		if (!*p->has)
			continue;
		if (cr4_try(cr4 | p->bit) == 0)
			cr4 |= p->bit;
		else
			refused(p->has, p->name);
	}
	if (has_xsave && xcr0_try(cpu_xcr0) != 0)
		refused(&has_xsave, "XCR0");
}

/* How floating state is kept: known with the boot CPU. */
static void
find_xsave_size(void)
{
	uint32_t r[4];

	if (!has_xsave) {
		cpu_xcr0 = 0;
		return;
	}
	cpuid(0xd, 0, r);
	cpu_xsave_bytes = r[1];
}

void
cpu_smap(bool on)
{
	uint64_t cr4;

	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	cr4 = on ? cr4 | CR4_SMAP : cr4 & ~(uint64_t)CR4_SMAP;
	__asm__ volatile("movq %0, %%cr4" ::"r"(cr4) : "memory");
}

static void
system_call_registers(struct cpu *c)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	/* sysret adds 16 for CS and 8 for SS to the upper half. */
	wrmsr(
	    MSR_STAR, (uint64_t)SEL_UCODE32 << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_LSTAR, (uintptr_t)syscall_entry);
	wrmsr(MSR_CSTAR, (uintptr_t)syscall32_entry);
	wrmsr(MSR_SFMASK, SYSCALL_CLEARS);
	wrmsr(MSR_SYSCS, 0); /* sysenter faults */
	wrmsr(MSR_FSBASE, 0);
	wrmsr(MSR_KERNEL_GSBASE, 0);
	if (cpu_has_rdtscp)
		wrmsr(MSR_TSC_AUX, (uint64_t)c->c_id); /* getcpu's answer */
}

static uint8_t cpu0_stacks[IST_MAX][IST_SIZE]
    __attribute__((aligned(IST_SIZE)));

static void
stack_set(struct cpu *c, int ist, uint8_t *base)
{
	*(struct cpu **)base = c;
	c->c_md.cm_tss.ts_ist[ist - 1] = (uintptr_t)base + IST_SIZE;
}

int
cpu_stacks(struct cpu *c)
{
	struct vm_page *pg;

	for (int i = 1; i <= IST_MAX; i++) {
		if ((pg = vm_page_alloc(-1, 1, VMA_WAIT)) == NULL)
			return (ENOMEM);
		stack_set(c, i, vm_page_kva(pg));
	}
	return (0);
}

void
cpu_setup(struct cpu *c)
{
	if (c == &pc_cpu0) {
		find_features();
		make_idt();
		for (int i = 1; i <= IST_MAX; i++)
			stack_set(c, i, cpu0_stacks[i - 1]);
	}
	load_tables(c);
	control_registers();
	if (c == &pc_cpu0)
		find_xsave_size();
	system_call_registers(c);
}

/* --- the machine contract: what a CPU is ------------------------------------------ */

void
cpu_thread_init(struct thread *td, void (*entry)(void))
{
	uint64_t *sp =
	    (uint64_t *)((uintptr_t)td->td_kstack + td->td_kstack_bytes);

	*--sp = 0; /* where entry would return to: ends stack walks */
	*--sp = (uintptr_t)entry;
	for (int i = 0; i < 6; i++)
		*--sp = 0;
	td->td_sp = sp;
}

void
machine_hwcap(uint64_t *hwcap, uint64_t *hwcap2)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	*hwcap = r[3];
	*hwcap2 = cpu_has_fsgsbase ? 2 : 0;
}

/* CPUID's feature bits under the names that /proc/cpuinfo has for them. */
static const struct feature {
	uint32_t leaf;
	uint8_t reg, bit;
	const char *name;
} features[] = {
    {1, 3, 0, "fpu"},
    {1, 3, 4, "tsc"},
    {1, 3, 5, "msr"},
    {1, 3, 6, "pae"},
    {1, 3, 8, "cx8"},
    {1, 3, 9, "apic"},
    {1, 3, 15, "cmov"},
    {1, 3, 19, "clflush"},
    {1, 3, 23, "mmx"},
    {1, 3, 24, "fxsr"},
    {1, 3, 25, "sse"},
    {1, 3, 26, "sse2"},
    {0x80000001, 3, 11, "syscall"},
    {0x80000001, 3, 20, "nx"},
    {0x80000001, 3, 26, "pdpe1gb"},
    {0x80000001, 3, 27, "rdtscp"},
    {0x80000001, 3, 29, "lm"},
    {1, 2, 0, "pni"},
    {1, 2, 1, "pclmulqdq"},
    {1, 2, 9, "ssse3"},
    {1, 2, 12, "fma"},
    {1, 2, 13, "cx16"},
    {1, 2, 19, "sse4_1"},
    {1, 2, 20, "sse4_2"},
    {1, 2, 22, "movbe"},
    {1, 2, 23, "popcnt"},
    {1, 2, 25, "aes"},
    {1, 2, 26, "xsave"},
    {1, 2, 28, "avx"},
    {1, 2, 29, "f16c"},
    {1, 2, 30, "rdrand"},
    {1, 2, 31, "hypervisor"},
    {0x80000001, 2, 0, "lahf_lm"},
    {0x80000001, 2, 2, "svm"},
    {0x80000001, 2, 5, "abm"},
    {7, 1, 0, "fsgsbase"},
    {7, 1, 3, "bmi1"},
    {7, 1, 5, "avx2"},
    {7, 1, 7, "smep"},
    {7, 1, 8, "bmi2"},
    {7, 1, 9, "erms"},
    {7, 1, 18, "rdseed"},
    {7, 1, 19, "adx"},
    {7, 1, 20, "smap"},
    {7, 2, 2, "umip"},
    {7, 2, 3, "pku"},
    {7, 2, 16, "la57"},
};

int
machine_cpuinfo(int cpu, char *buf, size_t size)
{
	uint32_t r[4], model;
	char vendor[13], name[49];
	int n;

	cpuid(0, 0, r);
	memcpy(vendor, &r[1], 4);
	memcpy(vendor + 4, &r[3], 4);
	memcpy(vendor + 8, &r[2], 4);
	vendor[12] = '\0';
	for (uint32_t i = 0; i < 3; i++) {
		cpuid(0x80000002 + i, 0, r);
		memcpy(name + i * 16, r, 16);
	}
	name[48] = '\0';
	cpuid(1, 0, r);
	model = r[0];
	n = ksnprintf(buf, size,
	    "processor\t: %d\nvendor_id\t: %s\ncpu family\t: %u\n"
	    "model\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n"
	    "apicid\t\t: %u\nflags\t\t:",
	    cpu, vendor, (model >> 8 & 15) + (model >> 20 & 255),
	    (model >> 4 & 15) | (model >> 12 & 0xf0), name, model & 15,
	    cpus[cpu]->c_md.cm_apic_id);
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		const struct feature *f = &features[i];

		cpuid(f->leaf, 0, r);
		if ((r[f->reg] >> f->bit & 1) != 0 && (size_t)n < size)
			n += ksnprintf(
			    buf + n, size - (size_t)n, " %s", f->name);
	}
	if ((size_t)n < size)
		n += ksnprintf(buf + n, size - (size_t)n, "\n\n");
	return (n);
}
