/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What user code may do to the CPU: every instruction that is not its own, every
 * address that is not its own, segments, code of the 32-bit mode, single steps,
 * arithmetic that fails.  Each ends as on Linux: in a signal that tells what it
 * was, or in nothing; never in a panic.
 *
 * Where a vkernel differs: its programs run on the host.  The host's kernel may
 * emulate what we refuse (int $0x80, sgdt under UMIP) and decides what a
 * hypervisor's call does.  QEMU's CPU takes a stack fault for a general
 * protection fault.
 */
#include "attempt.h"

/* --- instructions ------------------------------------------------------------ */

#define INSN(n, text)                                                          \
	__attribute__((naked)) static void n(void)                             \
	{                                                                      \
		__asm__(text "\n\tret");                                       \
	}

/* X(name, signal, code, text); the faulting instruction within 32 bytes. */
#define GP	SIGSEGV, SI_KERNEL
#define UD	SIGILL, ILL_ILLOPN
#define ANY_END -1, 0
#define MSR(n)	"movl $" #n ", %ecx; xorl %eax, %eax; xorl %edx, %edx;"
#define INSTRUCTIONS(X)                                                        \
	X(hlt, GP, "hlt")                                                      \
	X(cli, GP, "cli")                                                      \
	X(sti, GP, "sti")                                                      \
	X(in8, GP, "inb $0x70, %al")                                           \
	X(in_dx, GP, "movw $0x3f8, %dx; inb %dx, %al")                         \
	X(in32, GP, "inl $0xf4, %eax")                                         \
	X(out8, GP, "outb %al, $0x80")                                         \
	X(out_exit, GP, "movl $0x12, %eax; outl %eax, $0xf4")                  \
	X(insb, GP, "leaq -64(%rsp), %rdi; movw $0x60, %dx; insb")             \
	X(rep_outsb, GP, "movl $1, %ecx; movq %rsp, %rsi; rep outsb")          \
	X(lgdt, GP, "lgdt -64(%rsp)")                                          \
	X(lidt, GP, "lidt -64(%rsp)")                                          \
	X(lldt, GP, "xorl %eax, %eax; lldt %ax")                               \
	X(ltr, GP, "movl $0x40, %eax; ltr %ax")                                \
	X(lmsw, GP, "lmsw %ax")                                                \
	X(clts, GP, "clts")                                                    \
	X(cr0_read, GP, "movq %cr0, %rax")                                     \
	X(cr0_write, GP, "xorl %eax, %eax; movq %rax, %cr0")                   \
	X(cr2_read, GP, "movq %cr2, %rax")                                     \
	X(cr3_read, GP, "movq %cr3, %rax")                                     \
	X(cr3_write, GP, "xorl %eax, %eax; movq %rax, %cr3")                   \
	X(cr4_write, GP, "xorl %eax, %eax; movq %rax, %cr4")                   \
	X(cr8_write, GP, "movq %rax, %cr8")                                    \
	X(dr0_write, GP, "movq %rax, %dr0")                                    \
	X(dr7_read, GP, "movq %dr7, %rax")                                     \
	X(invd, GP, "invd")                                                    \
	X(wbinvd, GP, "wbinvd")                                                \
	X(invlpg, GP, "invlpg (%rsp)")                                         \
	X(rdmsr, GP, MSR(0x1b) "rdmsr")                                        \
	X(rdmsr_none, GP, MSR(0x12345678) "rdmsr")                             \
	X(wrmsr_lstar, GP, MSR(0xc0000082) "wrmsr")                            \
	X(wrmsr_efer, GP, MSR(0xc0000080) "wrmsr")                             \
	X(rdpmc, GP, "xorl %ecx, %ecx; rdpmc")                                 \
	X(xsetbv, -2, 0, "xorl %ecx, %ecx; xgetbv; xsetbv")                    \
	X(xsetbv_0, -2, 0,                                                     \
	    "xorl %ecx, %ecx; xorl %eax, %eax; xorl %edx, %edx; xsetbv")       \
	X(swapgs, GP, "swapgs")                                                \
	X(sysret, GP, "leaq 1f(%rip), %rcx; sysretl; 1:")                      \
	X(sysretq, GP, "leaq 1f(%rip), %rcx; sysretq; 1:")                     \
	X(sysexit, -2, 0, "sysexitl")                                          \
	X(clac, UD, "clac")                                                    \
	X(stac, UD, "stac")                                                    \
	X(ud0, UD, ".byte 0x0f, 0xff, 0xc0")                                   \
	X(ud1, UD, ".byte 0x0f, 0xb9, 0xc0")                                   \
	X(ud2, UD, "ud2")                                                      \
	X(lock_nop, UD, ".byte 0xf0, 0x90")                                    \
	X(push_es, UD, ".byte 0x06")                                           \
	X(into, UD, ".byte 0xce")                                              \
	X(aaa, UD, ".byte 0x37")                                               \
	X(far_call_imm, UD, ".byte 0x9a, 0, 0, 0, 0, 0x10, 0")                 \
	X(rsm, UD, "rsm")                                                      \
	X(mov_cs, UD, ".byte 0x8e, 0xc8")                                      \
	X(monitor, UD, "monitor")                                              \
	X(mwait, UD, "mwait")                                                  \
	X(long_one, GP,                                                        \
	    ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,"    \
	    "0x66,0x66,0x66,0x66,0x90")                                        \
	X(vmcall, ANY_END, "vmcall")                                           \
	X(vmmcall, ANY_END, "vmmcall")                                         \
	X(vmrun, -2, 0, "vmrun")                                               \
	X(vmload, -2, 0, "vmload")                                             \
	X(vmsave, -2, 0, "vmsave")                                             \
	X(clgi, -2, 0, "clgi")                                                 \
	X(stgi, -2, 0, "stgi")                                                 \
	X(vmxon, -2, 0, "vmxon -64(%rsp)")                                     \
	X(invpcid, -2, 0, "xorl %eax, %eax; invpcid -64(%rsp), %rax")          \
	X(getsec, -2, 0, "xorl %eax, %eax; getsec")                            \
	X(xsaves, -2, 0,                                                       \
	    "leaq -4096(%rsp), %rdi; andq $-64, %rdi;"                         \
	    "xorl %eax, %eax; xorl %edx, %edx; xsaves (%rdi)")                 \
	X(sysenter, -2, 0, "movq %rsp, %rbp; sysenter")                        \
	X(icebp, SIGTRAP, TRAP_BRKPT, ".byte 0xf1")                            \
	X(int3, SIGTRAP, SI_KERNEL, "int3")                                    \
	X(int_3, SIGTRAP, SI_KERNEL, ".byte 0xcd, 3")                          \
	X(div_zero, SIGFPE, FPE_INTDIV, "xorl %ecx, %ecx; divl %ecx")          \
	X(div_over, SIGFPE, FPE_INTDIV,                                        \
	    "movl $1, %ecx; movl $1, %edx; divl %ecx")                         \
	X(idiv_over, SIGFPE, FPE_INTDIV,                                       \
	    "movl $0x80000000, %eax; cdq; movl $-1, %ecx; idivl %ecx")         \
	X(idivq_over, SIGFPE, FPE_INTDIV,                                      \
	    "movl $1, %eax; shlq $63, %rax; cqo; movq $-1, %rcx; idivq %rcx")  \
	X(iret_nt, GP,                                                         \
	    "pushfq; orl $0x4000, (%rsp); popfq; subq $40, %rsp; iretq")

#define X_FUNCTION(n, sig, code, text) INSN(insn_##n, text)
#define X_APART(...)		       X_FUNCTION(__VA_ARGS__)
INSTRUCTIONS(X_APART)

#define X_ROW(n, sig, code, text) {#n, insn_##n, sig, code},
#define X_ROW_APART(...)	  X_ROW(__VA_ARGS__)
static const struct {
	const char *name;
	void (*f)(void);
	int sig; /* -1: whatever it is, -2: SIGSEGV or SIGILL */
	int code;
} instructions[] = {INSTRUCTIONS(X_ROW_APART)};

static void
instruction(unsigned i)
{
	uint64_t at = (uint64_t)(uintptr_t)instructions[i].f;
	int got = attempt(instructions[i].f), want = instructions[i].sig;

	if (want == -1)
		return;
	if (want == -2) {
		if (got != SIGSEGV && got != SIGILL)
			FAIL("%s gave %d", instructions[i].name, got);
		return;
	}
	if (strcmp(instructions[i].name, "icebp") == 0 && on_tcg())
		return; /* an invalid instruction to some of its versions */
	if (got != want || seen->code != instructions[i].code ||
	    seen->ip - at > 32)
		FAIL("%s gave %d, code %d, ip +%#lx, not %d, %d",
		    instructions[i].name, got, seen->code,
		    (long)(seen->ip - at), want, instructions[i].code);
	if (seen->addr != (seen->code == SI_KERNEL ? 0 : seen->ip))
		FAIL("%s gave address %#lx", instructions[i].name,
		    (long)seen->addr);
}

GTEST(instructions, "is each instruction that is not the program's a signal?")
{
	for (unsigned i = 0; i < sizeof(instructions) / sizeof(*instructions);
	     i++)
		instruction(i);
}

static void
int_n(void)
{
	((void (*)(void))(uintptr_t)arg)();
}

GTEST(every_vector, "is int N for every N a signal, or nothing?")
{
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned n = 0; n < 256; n++) {
		uint8_t code[] = {
		    0xb8, 39, 0, 0, 0, 0xcd, (uint8_t)n, 0xc3}; /* getpid */
		int got, want = n == 3 ? SIGTRAP : SIGSEGV;

		memcpy(page + 8 * n, code, 8);
		arg = (uint64_t)(uintptr_t)(page + 8 * n);
		got = attempt(int_n);
		if (n == 0x80 && got == RETURNED)
			continue; /* the host's */
		if (got != want || seen->code != SI_KERNEL)
			FAIL("int %u gave %d, code %d", n, got, seen->code);
	}
}

/*
 * With UMIP the tables' addresses are a secret: a signal on the PC, and what a
 * Linux host makes up for us; never an address of the kernel.
 */
static void
store_gdt(void)
{
	uint8_t p[16];

	memset(p, 0, sizeof(p));
	__asm__ volatile("sgdt (%0)" ::"r"(p) : "memory");
	memcpy((void *)&seen->addr, p + 2, 8);
}

static void
store_idt(void)
{
	uint8_t p[16];

	memset(p, 0, sizeof(p));
	__asm__ volatile("sidt (%0)" ::"r"(p) : "memory");
	memcpy((void *)&seen->addr, p + 2, 8);
}

INSN(store_ldt, "sldt %eax")
INSN(store_tr, "str %eax")
INSN(store_msw, "smsw %eax")

GTEST(umip, "do sgdt, sidt, sldt, str and smsw keep the kernel's secrets?")
{
	static void (*const stores[])(void) = {
	    store_gdt, store_idt, store_ldt, store_tr, store_msw};
	uint32_t r[4];
	int has, got;

	cpuid(7, 0, r);
	has = r[2] >> 2 & 1;
	for (unsigned i = 0; i < 5; i++) {
		got = attempt(stores[i]);
		if (got != SIGSEGV && got != RETURNED)
			FAIL("store %u gave %d", i, got);
		if (has && got == RETURNED && seen->addr >= KERNEL_DIRECT &&
		    seen->addr < 0xfffffffffffe0000)
			FAIL("store %u told %#lx", i, (long)seen->addr);
		if (has && got == RETURNED && on_tcg())
			FAIL("store %u worked under UMIP", i);
	}
}

/* --- addresses ------------------------------------------------------------------ */

static void
do_read(void)
{
	(void)*(volatile char *)(uintptr_t)arg;
}

static void
do_write(void)
{
	*(volatile char *)(uintptr_t)arg = 1;
}

static void
do_jump(void)
{
	__asm__ volatile("jmp *%0" ::"r"(arg));
}

static void
do_call(void)
{
	__asm__ volatile("call *%0" ::"r"(arg) : "memory");
}

static void
do_return(void)
{
	__asm__ volatile("pushq %0; ret" ::"r"(arg) : "memory");
}

static void
do_stack(void)
{
	__asm__ volatile("movq %0, %%rsp; pushq %%rax" ::"r"(arg) : "memory");
}

static void
do_frame(void)
{
	__asm__ volatile("movq %0, %%rbp; movq (%%rbp), %%rax" ::"r"(arg)
			 : "memory");
}

static const uint64_t addresses[] = {0, 8, 0xffff, 0x7ff000000000,
    0x7fffffffeff8, 0x7ffffffffff0, KERNEL_DIRECT, KERNEL_DIRECT + 0x100000,
    KERNEL_DEVICE, KERNEL_DEVICE + 0xb0, KERNEL_IMAGE, KERNEL_IMAGE + 0x1000,
    0xffffffff80000000, 0xfffffffffffff000, 0xfffffffffffffff8};
#define NADDRESSES (sizeof(addresses) / sizeof(addresses[0]))

GTEST(wild_access, "is each wild address of a read, write, jump told right?")
{
	static void (*const ways[])(void) = {
	    do_read, do_write, do_jump, do_call, do_return, do_frame};

	for (unsigned w = 0; w < 6; w++)
		for (unsigned i = 0; i < NADDRESSES; i++) {
			int got;

			arg = addresses[i];
			got = attempt(ways[w]);
			if (got != SIGSEGV || seen->code != SEGV_MAPERR ||
			    seen->addr != arg)
				FAIL("way %u, %#lx gave %d, code %d, "
				     "address %#lx",
				    w, (long)arg, got, seen->code,
				    (long)seen->addr);
		}
}

GTEST(noncanonical, "is each non-canonical address told right?")
{
	static const uint64_t bad[] = {NONCANONICAL, 0x0000800000000000,
	    0xffff7ffffffffff0, 0x7ffffffffffffff0, 0x1234567812345678};
	static void (*const ways[])(void) = {
	    do_read, do_write, do_jump, do_call, do_return};

	int stack;

	for (unsigned i = 0; i < 5; i++) {
		arg = bad[i];
		for (unsigned w = 0; w < 5; w++) {
			int got = attempt(ways[w]);

			if (got != SIGSEGV || seen->code != SI_KERNEL)
				FAIL("way %u, %#lx gave %d, code %d", w,
				    (long)arg, got, seen->code);
		}
		/* By way of the stack it is a stack fault. */
		stack = on_tcg() ? SIGSEGV : SIGBUS;
		if (attempt(do_frame) != stack || seen->code != SI_KERNEL)
			FAIL("by rbp, %#lx gave %d, code %d", (long)arg,
			    seen->sig, seen->code);
		/* What is below this one is canonical. */
		if (arg == 0x0000800000000000)
			continue;
		if (attempt(do_stack) != stack || seen->code != SI_KERNEL)
			FAIL("by rsp, %#lx gave %d, code %d", (long)arg,
			    seen->sig, seen->code);
	}
}

/* A call made with that stack pointer; then the stack is used. */
static void
call_on_stack(void)
{
	__asm__ volatile(
	    "movq %0, %%rsp; movl $39, %%eax; syscall;"
	    "testl %%eax, %%eax; jle 1f; pushq %%rax; 1: ud2" ::"r"(arg)
	    : "rax", "rcx", "r11", "memory");
}

GTEST(call_stacks, "does a system call work with any stack pointer?")
{
	int stack = on_tcg() ? SIGSEGV : SIGBUS;

	for (unsigned i = 0; i <= NADDRESSES; i++) {
		arg = i < NADDRESSES ? addresses[i] : NONCANONICAL;
		/* What is below the direct map is not canonical. */
		EQ(attempt(call_on_stack),
		    arg == KERNEL_DIRECT || arg == NONCANONICAL ? stack
								: SIGSEGV);
		EQ(seen->sp, arg);
	}
}

static void
call_and_fall(void)
{
	__asm__ volatile("movl $39, %%eax; jmp *%0" ::"r"(arg) : "rax");
}

GTEST(last_page, "does a system call at the very end of user memory return?")
{
	uint8_t *p = MAP_FAILED;
	uint64_t top;

	for (top = 0x7ffffffff000; top > 0x7fe000000000; top -= 4096) {
		p = mmap((void *)(uintptr_t)(top - 4096), 4096,
		    PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (p != MAP_FAILED)
			break;
		if (top == 0x7fffffff0000)
			top = 0x7ff000001000; /* Mayfly's end */
	}
	CHECK(p != MAP_FAILED);
	memcpy(p + 4094, "\x0f\x05", 2);
	arg = top - 2;
	if (attempt(call_and_fall) != SIGSEGV || seen->addr != top ||
	    seen->ip != top)
		FAIL("it gave %d, ip %#lx, address %#lx, top %#lx", seen->sig,
		    (long)seen->ip, (long)seen->addr, (long)top);
	/* An instruction that is cut by the end. */
	memcpy(p + 4095, "\x0f", 1);
	arg = top - 1;
	EQ(attempt(call_and_fall), SIGSEGV);
	EQ(seen->addr, top);
}

/* --- segments ----------------------------------------------------------------------- */

/*
 * In this process: load a selector, and go on behind the instruction if that
 * fails.  A load of fs or gs takes its base away: the old fs base comes back by a
 * call before anybody needs it.
 */
static volatile int skipped, skip_sig, skip_code;
static uint64_t old_fs;

static void
skip_fault(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	skipped = 1;
	skip_sig = sig;
	skip_code = si->si_code;
	r[REG_RIP] = r[REG_R12];
}

#define LOAD(seg)                                                              \
	__asm__ volatile("leaq 1f(%%rip), %%r12; movl %0, %%" seg              \
			 "; 1:" ::"r"((uint32_t)sel)                           \
			 : "r12", "memory")

static void
load_selector(int seg, unsigned sel)
{
	skipped = 0;
	switch (seg) {
	case 0:
		LOAD("ds");
		break;
	case 1:
		LOAD("es");
		break;
	case 2:
		LOAD("fs");
		bare_call(SYS_arch_prctl, 0x1002, (long)old_fs, 0);
		break;
	case 3:
		LOAD("gs");
		break;
	default:
		LOAD("ss");
		break;
	}
}

/* Not for SIGSEGV's sake: fs:0 is what C code finds its thread by. */
static uint64_t
fs_base(void)
{
	uint64_t base = 0;

	bare_call(SYS_arch_prctl, 0x1003, (long)&base, 0);
	return (base);
}

/* What the kernel's segment table offers to programs, as on Linux. */
static int
selector_works(int seg, unsigned sel)
{
	if (seg == 4)
		return (sel == 0x2b);
	return (sel < 4 || (sel >> 2) == 0x20 >> 2 || (sel >> 2) == 0x28 >> 2 ||
	    (sel >> 2) == 0x30 >> 2);
}

GTEST(selectors, "does each selector load or fail as the table says?")
{
	static const char *const names[] = {"ds", "es", "fs", "gs", "ss"};
	int mine;

	old_fs = fs_base();
	catch_faults(skip_fault);
	for (int seg = 0; seg < 5; seg++)
		for (unsigned i = 0; i < 512; i++) {
			unsigned sel = i < 256 ? i : i * 0x3f1 & 0xffff;

			load_selector(seg, sel);
			mine = sel < 0x40 || (sel & 4) != 0;
			if (skipped && skip_sig != SIGSEGV &&
			    skip_sig != SIGBUS)
				FAIL("%s = %#x gave %d", names[seg], sel,
				    skip_sig);
			/* Behind 0x40 Linux has selectors of its own. */
			if (mine && skipped == selector_works(seg, sel))
				FAIL("%s = %#x %s", names[seg], sel,
				    skipped ? "failed" : "worked");
			if (mine && skipped && skip_code != SI_KERNEL)
				FAIL("%s = %#x has code %d", names[seg], sel,
				    skip_code);
		}
	for (int seg = 0; seg < 4; seg++)
		load_selector(seg, 0);
	load_selector(4, 0x2b);
	EQ(fs_base(), old_fs);
}

/* What another process loads must not be seen here, nor the other way round. */
GTEST(selectors_private, "does every process keep its own selectors?")
{
	static const unsigned sels[] = {0, 0x2b, 0x33, 0x23, 0x20, 0x28};
	int s;

	for (unsigned i = 0; i < 6; i++) {
		if (fork() != 0)
			continue;
		unsigned sel = sels[i], ds, es, gs, bad = 0;

		for (int n = 0; n < 300; n++) {
			__asm__ volatile("movl %0, %%ds; movl %0, %%es;"
					 "movl %0, %%gs" ::"r"(sel));
			sched_yield();
			if (n % 50 == 0)
				usleep(1000);
			__asm__ volatile("movl %%ds, %0; movl %%es, %1;"
					 "movl %%gs, %2"
					 : "=r"(ds), "=r"(es), "=r"(gs));
			bad |= ds != sel || es != sel || gs != sel;
		}
		_exit((int)bad);
	}
	while (wait(&s) > 0)
		EQ(s, 0);
}

/* --- far transfers ------------------------------------------------------------------- */

/* Read by name from the assembly. */
__attribute__((used)) static volatile uint64_t far_sel, far_ip, far_sp,
    far_flags, far_ss;

__attribute__((naked)) static void
far_return(void)
{
	__asm__("pushq far_sel(%rip); pushq far_ip(%rip); lretq");
}

__attribute__((naked)) static void
far_jump(void)
{
	__asm__("pushq far_sel(%rip); movl far_ip(%rip), %eax;"
		"movl %eax, -4(%rsp); ljmpl *-4(%rsp)");
}

__attribute__((naked)) static void
far_call(void)
{
	__asm__("pushq far_sel(%rip); movl far_ip(%rip), %eax;"
		"movl %eax, -4(%rsp); lcalll *-4(%rsp)");
}

__attribute__((naked)) static void
forged_iret(void)
{
	__asm__("pushq far_ss(%rip); pushq far_sp(%rip); pushq far_flags(%rip);"
		"pushq far_sel(%rip); pushq far_ip(%rip); iretq");
}

__attribute__((naked)) static void
landed(void)
{
	__asm__("movl $231, %eax; xorl %edi, %edi; syscall; ud2");
}

GTEST(far_selectors, "is a far jump to what is not user code a signal?")
{
	static void (*const ways[])(void) = {
	    far_return, far_jump, far_call, forged_iret};
	char stack[256];

	far_sp = (uint64_t)(uintptr_t)(stack + 128);
	far_ss = 0x2b;
	far_flags = 0x202;
	for (unsigned w = 0; w < 4; w++)
		for (far_sel = 0; far_sel < 0x100; far_sel++) {
			int got;

			if (far_sel >> 2 == 0x20 >> 2)
				continue; /* h_mode.c */
			far_ip = (uint64_t)(uintptr_t)landed;
			got = attempt(ways[w]);
			if (w == 2 && got == SIGSEGV && on_tcg())
				continue; /* takes esp for rsp */
			if (far_sel == 0x33 ||
			    (w != 0 && w != 3 && far_sel >= 0x30 &&
				far_sel < 0x34)) {
				if (got != RETURNED)
					FAIL("way %u to %#lx gave %d", w,
					    (long)far_sel, got);
			} else if ((got != SIGSEGV && got != SIGBUS) ||
			    seen->code != SI_KERNEL)
				FAIL("way %u to %#lx gave %d, code %d", w,
				    (long)far_sel, got, seen->code);
		}
}

GTEST(far_places, "is a far jump to a wild place a signal?")
{
	far_ss = 0x2b;
	far_flags = 0x202;
	far_sp = 0;
	far_sel = 0x33;
	for (unsigned i = 0; i <= NADDRESSES; i++) {
		far_ip = i < NADDRESSES ? addresses[i] : NONCANONICAL;
		EQ(attempt(far_return), SIGSEGV);
		EQ(attempt(forged_iret), SIGSEGV);
		/* The address of code is right, that of the stack is not. */
		far_sp = far_ip;
		far_ip = (uint64_t)(uintptr_t)landed;
		EQ(attempt(forged_iret), RETURNED);
	}
}

__attribute__((naked)) static void
forged_flags(void)
{
	__asm__("pushq far_flags(%rip); popfq; pushfq; popq %rax;"
		"movq %rax, arg(%rip); cld; pushq $0x202; popfq; ret");
}

static void
flags_come_back(void)
{
	forged_flags();
	seen->flags = arg;
}

GTEST(forged_flags, "does popf leave alone what is not the program's?")
{
	static const uint64_t flags[] = {EFL_IOPL, EFL_IOPL | EFL_NT, EFL_VM,
	    EFL_AC, 0x80000 | 0x100000, EFL_ID, EFL_RF, 0xcd5 & ~EFL_TF,
	    ~(EFL_TF | EFL_NT)};
	char stack[256];

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		far_flags = flags[i];
		EQ(attempt(flags_come_back), RETURNED);
		EQ(seen->flags & (EFL_IOPL | EFL_VM | 0x180000), 0);
		EQ(seen->flags & 0x200, 0x200); /* interrupts stay on */
		far_sel = 0x33;
		far_ss = 0x2b;
		far_sp = (uint64_t)(uintptr_t)(stack + 128);
		far_ip = (uint64_t)(uintptr_t)landed;
		EQ(attempt(forged_iret), RETURNED);
	}
	/* Selectors of the stack. */
	far_flags = 0x202;
	for (far_ss = 0; far_ss < 0x60; far_ss++)
		EQ(attempt(forged_iret), far_ss == 0x2b ? RETURNED : SIGSEGV);
}

/* --- anything ------------------------------------------------------------------------ */

/*
 * Random bytes as code, with random registers, as nobody.  Every third time bytes
 * that begin the rarer instructions are frequent.  Some of those with a VEX prefix
 * end QEMU 7.2 itself (gen_pinsr: assertion).
 */
static void
run_random(void)
{
	static const uint8_t rare[] = {0x0f, 0xcd, 0xcf, 0xca, 0xcb, 0xff, 0x8e,
	    0x9d, 0xf1, 0x48, 0x66, 0xc4, 0xc5, 0xdb, 0xae, 0xc7, 0x01, 0x05};
	uint8_t *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t x = arg * 2654435761 + 1;
	int tcg = on_tcg();

	for (unsigned i = 0; i < 8192; i++) {
		x = x * 6364136223846793005UL + 1442695040888963407UL;
		p[i] = (uint8_t)(x >> 40);
		if (arg % 3 == 0 && (x >> 50) % 3 == 0)
			p[i] = rare[(x >> 33) % sizeof(rare)];
		if (tcg && (p[i] == 0xc4 || p[i] == 0xc5))
			p[i] = 0x90;
	}
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return;
	alarm(2);
	__asm__ volatile(
	    "movq %0, %%rbx; movq 4096(%%rbx), %%rax; movq 4104(%%rbx), %%rcx;"
	    "movq 4112(%%rbx), %%rdx; movq 4120(%%rbx), %%rsi;"
	    "movq 4128(%%rbx), %%rdi; movq 4136(%%rbx), %%r8; jmp *%%rbx" ::"r"(
		p)
	    : "memory");
}

GTEST(random_code, "does random code do no more than end its program?")
{
	for (arg = 0; arg < 2000; arg++)
		(void)attempt(run_random);
	EQ(getppid() > 0, 1);
}

/* On the console, for t_repeat: two repeatable runs print the same. */
GTEST(counter, "does the cycle counter run, by rdtsc and by rdtscp?")
{
	unsigned lo, hi, aux;
	uint64_t last = 0, now;

	for (int i = 0; i < 1000; i++) {
		if (i % 2 == 0)
			__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
		else
			__asm__ volatile("rdtscp"
					 : "=a"(lo), "=d"(hi), "=c"(aux));
		now = (uint64_t)hi << 32 | lo;
		CHECK(now > last);
		if (i % 100 == 0)
			printf("%lu\n", now - (last != 0 ? last : now));
		last = now;
	}
	printf("%lu\n", last);
}
