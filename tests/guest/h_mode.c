/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU's modes in programs: 32-bit code in a 64-bit process (compatibility
 * mode, by a far return to 0x23), and single steps (TF).  Linux keeps both over
 * signals, switches and system calls; so must we.  The program is linked below
 * 4 GiB, so its code can be run in either mode.
 */
#include "attempt.h"
#include <sys/time.h>

/* --- 32-bit code ------------------------------------------------------------------ */

/*
 * compat_run(code, stack): runs code, which ends with BACK, on a stack below
 * 4 GiB; eax is the result.
 */
uint64_t compat_run(uint64_t code, uint64_t stack);
__asm__(".text\n"
	"compat_run:\n"
	"	pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14;"
	"	pushq %r15\n"
	"	movq %rsp, compat_rsp(%rip)\n"
	"	movq %rsi, %rsp\n"
	"	movl $0x2b, %eax; movl %eax, %ds; movl %eax, %es\n"
	"	pushq $0x23; pushq %rdi; lretq\n"
	"compat_back:\n"
	"	movq compat_rsp(%rip), %rsp\n"
	"	xorl %ecx, %ecx; movl %ecx, %ds; movl %ecx, %es\n"
	"	popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp;"
	"	popq %rbx; movl %eax, %eax; ret\n"
	".data; .balign 8\n"
	"compat_rsp: .quad 0\n"
	".text\n");
#define BACK "ljmp $0x33, $compat_back\n"
#define CODE32(name, text)                                                     \
	__asm__(".text; .code32\n" #name ":\n" text "\n" BACK ".code64\n");    \
	void name(void)

static uint64_t
low_stack(void)
{
	static uint8_t *p;

	if (p == NULL)
		p = mmap((void *)0x10000000, 65536, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return ((uint64_t)(uintptr_t)p + 65536 - 256);
}

static uint64_t
run32(void (*code)(void))
{
	return (compat_run((uint64_t)(uintptr_t)code, low_stack()));
}

/* 0x49 is "dec ecx" here and a prefix in 64-bit code. */
CODE32(add32,
    "movl $3, %ecx; xorl %eax, %eax; 1: addl %ecx, %eax;"
    ".byte 0x49; jnz 1b; pushl %eax; popl %eax");

GTEST(compat, "does a far return to 32-bit code and back work?")
{
	for (int i = 0; i < 100; i++)
		EQ(run32(add32), 6);
}

/* Segments, stack and the mode itself, over a long time. */
CODE32(long32,
    "xorl %eax, %eax; movl $60000000, %ecx\n"
    "1: pushl %ecx; popl %edx; cmpl %ecx, %edx; jne 2f\n"
    ".byte 0x49; jnz 1b\n"
    "incl %eax\n"
    "2: movl %ds, %edx; cmpl $0x2b, %edx; je 3f; xorl %eax, %eax\n"
    "3:");

GTEST(compat_switches, "does 32-bit code survive being switched?")
{
	int s;

	for (int i = 0; i < 5; i++)
		if (fork() == 0)
			_exit(run32(long32) != 1);
	for (int i = 0; i < 5; i++) {
		wait(&s);
		EQ(s, 0);
	}
}

static volatile int alarms, in_32;

static void
on_alarm(int sig, siginfo_t *si, void *ctx)
{
	const greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	(void)sig;
	(void)si;
	alarms++;
	if ((r[REG_CSGSFS] & 0xffff) == 0x23)
		in_32++;
}

CODE32(until_signals,
    "xorl %ebx, %ebx; movl $0x12345678, %esi\n"
    "1: .byte 0x4b; movl in_32, %ecx; cmpl $20, %ecx; jl 1b\n"
    "xorl %eax, %eax; cmpl $0x12345678, %esi; jne 2f\n"
    "incl %eax; 2:");

GTEST(compat_signals, "does 32-bit code take signals and go on?")
{
	struct itimerval it = {{0, 2000}, {0, 2000}};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_alarm;
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	EQ(run32(until_signals), 1);
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	CHECK(in_32 >= 20);
}

CODE32(f_hlt, "hlt");
CODE32(f_ud2, "ud2");
CODE32(f_int3, "int3");
CODE32(f_into, "movl $0x7fffffff, %eax; incl %eax; into");
CODE32(f_bound, "pushl $1; pushl $0; movl $5, %eax; boundl %eax, (%esp)");
CODE32(f_aam, "movl $7, %eax; aam $0");
CODE32(f_cr0, "movl %cr0, %eax");
CODE32(f_in, "inb $0x70, %al");
CODE32(f_null_ds, "xorl %eax, %eax; movl %eax, %ds; movl compat_rsp, %ecx");
CODE32(f_kernel_ds, "movl $0x18, %eax; movl %eax, %ds");
CODE32(f_kernel_ss, "movl $0x18, %eax; movl %eax, %ss");
CODE32(f_pop_ss, "pushl $0x10; popl %ss");
CODE32(f_far_kernel, "ljmp $0x10, $compat_back");
CODE32(f_far_data, "ljmp $0x2b, $compat_back");
CODE32(f_far_tss, "ljmp $0x40, $0");
CODE32(f_iret, "pushl $0x202; pushl $0x10; pushl $0; iret");
CODE32(f_high, "movl 0xfffffff0, %eax");
CODE32(f_jump_high, "movl $0xffffff00, %eax; jmp *%eax");
CODE32(f_low, "movl 0, %eax");
CODE32(f_wild_stack, "movl $0xfffffff0, %esp; pushl %eax");

static void
arg_32(void)
{
	run32((void (*)(void))(uintptr_t)arg);
}

GTEST(compat_faults, "do faults of 32-bit code end as they should?")
{
	static const struct {
		void (*f)(void);
		const char *name;
		int sig, code;
	} rows[] = {{f_hlt, "hlt", SIGSEGV, SI_KERNEL},
	    {f_ud2, "ud2", SIGILL, ILL_ILLOPN},
	    {f_int3, "int3", SIGTRAP, SI_KERNEL},
	    {f_into, "into", SIGSEGV, SI_KERNEL},
	    {f_bound, "bound", SIGSEGV, SI_KERNEL},
	    {f_aam, "aam 0", SIGFPE, FPE_INTDIV},
	    {f_cr0, "cr0", SIGSEGV, SI_KERNEL},
	    {f_in, "in", SIGSEGV, SI_KERNEL},
	    {f_null_ds, "ds 0", SIGSEGV, SI_KERNEL},
	    {f_kernel_ds, "ds 0x18", SIGSEGV, SI_KERNEL},
	    {f_kernel_ss, "ss 0x18", SIGSEGV, SI_KERNEL},
	    {f_pop_ss, "pop ss", SIGSEGV, SI_KERNEL},
	    {f_far_kernel, "ljmp 0x10", SIGSEGV, SI_KERNEL},
	    {f_far_data, "ljmp 0x2b", SIGSEGV, SI_KERNEL},
	    {f_far_tss, "ljmp 0x40", SIGSEGV, SI_KERNEL},
	    {f_iret, "iret", SIGSEGV, SI_KERNEL},
	    {f_high, "read", SIGSEGV, SEGV_MAPERR},
	    {f_jump_high, "jump", SIGSEGV, SEGV_MAPERR},
	    {f_low, "null", SIGSEGV, SEGV_MAPERR},
	    {f_wild_stack, "stack", SIGSEGV, SEGV_MAPERR}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got;

		arg = (uint64_t)(uintptr_t)rows[i].f;
		got = attempt(arg_32);
		if (rows[i].f == f_null_ds && on_tcg())
			continue; /* does not look */
		if (got != rows[i].sig || seen->code != rows[i].code)
			FAIL("%s gave %d, code %d, address %#lx", rows[i].name,
			    got, seen->code, (long)seen->addr);
	}
}

/* Not calls of ours: a signal, or, for a Linux host, a call. */
CODE32(f_syscall, "movl $20, %eax; movl %esp, %ebp; syscall");
CODE32(f_sysenter, "movl $20, %eax; movl %esp, %ebp; sysenter");
CODE32(f_int80, "movl $20, %eax; int $0x80");

GTEST(compat_calls, "are 32-bit system calls a signal, or a call?")
{
	static void (*const ways[])(void) = {f_syscall, f_sysenter, f_int80};

	for (int i = 0; i < 3; i++) {
		int got;

		arg = (uint64_t)(uintptr_t)ways[i];
		got = attempt(arg_32);
		CHECK(got == RETURNED || got == SIGSEGV || got == SIGILL ||
		    got == SIGSYS);
	}
}

/* 64-bit code whose next address a 32-bit segment cannot hold. */
__attribute__((naked)) static void
to_high_32(void)
{
	__asm__("pushq $0x23; movabsq $0x100400000, %rax; pushq %rax; lretq");
}

GTEST(compat_beyond, "is 32-bit code beyond 4 GiB a signal?")
{
	int got = attempt(to_high_32);

	CHECK(got == SIGSEGV || got == SIGILL || got == SIGBUS);
}

/* --- single steps ------------------------------------------------------------------ */

#define STEPS_MAX 64
struct steps {
	volatile int count, bad_code, others;
	volatile uint64_t at[STEPS_MAX];
};
static struct steps *steps;
static uint64_t step_end; /* stop stepping here */

static void
on_step(int sig, siginfo_t *si, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	int i;

	if (sig == SIGTRAP && si->si_code == TRAP_TRACE) {
		/* step_fork has two that step at the same time. */
		i = __atomic_fetch_add(&steps->count, 1, __ATOMIC_SEQ_CST);
		if (i < STEPS_MAX)
			steps->at[i] = (uint64_t)r[REG_RIP];
		if ((uint64_t)r[REG_RIP] == step_end || i >= STEPS_MAX - 1)
			r[REG_EFL] &= ~(greg_t)EFL_TF;
		return;
	}
	steps->others++;
	if (sig == SIGILL) /* ud2 */
		r[REG_RIP] += 2;
	else if (sig != SIGTRAP) {
		steps->bad_code = sig;
		bare_call(SYS_exit_group, 9, 0, 0);
	}
}

/* Code of instructions, each of which a letter stands for. */
#define STEP_CODE(name, text)                                                  \
	__asm__(".text\n" #name ": pushq %rbx; pushq %rbp; pushfq;"            \
		"orl $0x100, (%rsp); popfq\n" text "\n" #name                  \
		"_end: nop; pushfq; andl $~0x100, (%rsp); popfq; popq %rbp;"   \
		"popq %rbx; ret\n");                                           \
	void name(void);                                                       \
	extern const char name##_end[]

static int
run_steps(void (*code)(void), const char *end)
{
	int s = 0;
	pid_t pid;

	if (steps == NULL)
		steps = mmap(NULL, sizeof(*steps), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(steps, 0, sizeof(*steps));
	step_end = (uint64_t)(uintptr_t)end;
	if ((pid = fork()) == 0) {
		catch_faults(on_step);
		alarm(20);
		code();
		_exit(0);
	}
	EQ(waitpid(pid, &s, 0), pid);
	return (s);
}

/* Was the instruction at the label stepped to? */
static int
stepped(const char *label)
{
	for (int i = 0; i < steps->count && i < STEPS_MAX; i++)
		if (steps->at[i] == (uint64_t)(uintptr_t)label)
			return (1);
	return (0);
}

#define LABEL(l) extern const char l[]

STEP_CODE(step_plain,
    "sp0: nop; sp1: movl $1, %eax; sp2: leaq 8(%rax), %rbx;"
    "sp3: pushq %rbx; sp4: popq %rbx; sp5: cpuid; sp6: nop");
LABEL(sp1);
LABEL(sp2);
LABEL(sp3);
LABEL(sp4);
LABEL(sp5);
LABEL(sp6);

GTEST(step, "is each instruction under TF a SIGTRAP with TRAP_TRACE?")
{
	EQ(run_steps(step_plain, step_plain_end), 0);
	CHECK(stepped(sp1) && stepped(sp2) && stepped(sp3) && stepped(sp4) &&
	    stepped(sp5) && stepped(sp6) && stepped(step_plain_end));
	EQ(steps->count, 7);
	EQ(steps->others, 0);
}

/* The call's return takes the step: the one behind it is free. */
STEP_CODE(step_call,
    "sc0: nop; sc1: movl $39, %eax; sc2: syscall; sc3: nop;"
    "sc4: nop; sc5: movl $24, %eax; sc6: syscall; sc7: nop;"
    "sc8: nop");
LABEL(sc2);
LABEL(sc4);
LABEL(sc6);
LABEL(sc8);

GTEST(step_syscall, "does a single step go on across a system call?")
{
	EQ(run_steps(step_call, step_call_end), 0);
	CHECK(stepped(sc2) && stepped(sc4) && stepped(sc6) && stepped(sc8) &&
	    stepped(step_call_end));
	EQ(steps->others, 0);
}

/* A load of ss holds the step back for one instruction: a system call here. */
STEP_CODE(step_ss,
    "ss0: movl %ss, %ebx; ss1: movl $39, %eax;"
    "ss2: movl %ebx, %ss; ss3: syscall; ss4: nop; ss5: nop;"
    "ss6: movl %ebx, %ss; ss7: nop; ss8: nop");
LABEL(ss2);
LABEL(ss5);
LABEL(ss8);

GTEST(step_mov_ss, "does mov to ss and a system call under TF do no harm?")
{
	EQ(run_steps(step_ss, step_ss_end), 0);
	CHECK(stepped(ss2) && stepped(ss5) && stepped(ss8));
	EQ(steps->others, 0);
}

/* Every other exception, and a page fault, in between. */
STEP_CODE(step_faults,
    "sf0: nop; sf1: ud2; sf2: nop; sf3: int3; sf4: nop;"
    "sf5: movq arg(%rip), %rbx; sf6: movl $1, (%rbx);"
    "sf7: pushfq; sf8: popfq; sf9: nop");
LABEL(sf1);
LABEL(sf7);
LABEL(sf9);

GTEST(step_exceptions, "do exceptions and page faults under TF go well?")
{
	arg = (uint64_t)(uintptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EQ(run_steps(step_faults, step_faults_end), 0);
	CHECK(stepped(sf1) && stepped(sf7) && stepped(sf9));
	EQ(steps->others, 2);
}

/* fork: the child steps on by itself, and ends. */
STEP_CODE(step_forks,
    "sk0: nop; sk1: movl $57, %eax; sk2: syscall; sk3: nop;"
    "sk4: testl %eax, %eax; jnz 1f; movl $231, %eax;"
    "xorl %edi, %edi; syscall; 1: sk5: nop; sk6: nop");
LABEL(sk2);
LABEL(sk6);

GTEST(step_fork, "does a fork under TF give two that step?")
{
	EQ(run_steps(step_forks, step_forks_end), 0);
	CHECK(stepped(sk2) && stepped(sk6));
}

static void
exec_stepped(void)
{
	static char *argv[] = {"/bin/true", NULL}, *envp[] = {NULL};

	__asm__ volatile(
	    "pushfq; orl $0x100, (%%rsp); popfq; syscall" ::"a"(SYS_execve),
	    "D"(argv[0]), "S"(argv), "d"(envp)
	    : "rcx", "r11", "memory");
}

GTEST(step_exec, "does a new program begin without TF?")
{
	int s;
	pid_t pid = fork();

	if (pid == 0) {
		exec_stepped();
		_exit(1);
	}
	EQ(waitpid(pid, &s, 0), pid);
	EQ(s, 0);
}

CODE32(step_32,
    "pushfl; orl $0x100, (%esp); popfl; nop; movl %ss, %ecx;"
    "pushl %ecx; popl %ss; nop; nop; pushfl;"
    "andl $~0x100, (%esp); popfl; nop; movl $1, %eax");

static void
run_step_32(void)
{
	_exit(run32(step_32) != 1);
}

GTEST(step_compat, "do single steps of 32-bit code and pop ss go well?")
{
	EQ(run_steps(run_step_32, (const char *)0x1), 0);
	CHECK(steps->count >= 8 && steps->count < 14);
}

/* With a handler that is not there: the program dies, nothing else. */
static void
step_into_wild(void)
{
	__asm__ volatile(
	    "pushfq; orl $0x100, (%%rsp); popfq; jmp *%0" ::"r"(arg));
}

static void
step_wild_stack(void)
{
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); movq %0, %%rbx; popfq;"
			 "movq %%rbx, %%rsp; movl $39, %%eax; syscall; nop;"
			 "nop; nop" ::"r"(arg)
			 : "rbx");
}

GTEST(step_wild, "does a step to a wild place or stack end in a signal?")
{
	static const uint64_t wild[] = {
	    0, NONCANONICAL, KERNEL_DIRECT, KERNEL_IMAGE, 0x7ffffffffff0};

	for (int i = 0; i < 5; i++) {
		arg = wild[i];
		CHECK(attempt(step_into_wild) != RETURNED);
		EQ(attempt(step_wild_stack), SIGTRAP);
	}
}
