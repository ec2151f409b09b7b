/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames: what a handler, or a liar, makes of them before sigreturn, and
 * stacks where none can be put.  What Linux refuses with SIGSEGV we may refuse or
 * mend; what it takes we take.  The worst is the program's death.
 */
#include "attempt.h"
#include <sys/time.h>

#define SW_OFF	  464 /* Linux's marks in the floating state */
#define SW_MAGIC1 0x46505853u
#define HDR_OFF	  512

/* --- frames that a handler changed ----------------------------------------------- */

static void (*change)(ucontext_t *uc);
static volatile int came;

static void
on_usr1(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	came++;
	if (change != NULL)
		change(ctx);
}

static void
handle_usr1(int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_usr1;
	sa.sa_flags = SA_SIGINFO | flags;
	sigaction(SIGUSR1, &sa, NULL);
}

/* The child's end; what it leaves in flags is looked at. */
static void
take_usr1(void)
{
	uint64_t flags;

	handle_usr1(0);
	bare_call(SYS_kill, getpid(), SIGUSR1, 0);
	__asm__ volatile("pushfq; popq %0; cld; pushq $0x202; popfq"
			 : "=r"(flags)
			 :
			 : "memory");
	seen->flags = flags;
}

static int
forged(void (*f)(ucontext_t *uc))
{
	change = f;
	return (attempt(take_usr1));
}

/* The register arg_reg := arg. */
static int arg_reg;

static void
set_reg(ucontext_t *uc)
{
	uc->uc_mcontext.gregs[arg_reg] = (greg_t)arg;
}

static const uint64_t places[] = {0, 8, 0x7ffffffffff0, 0x7ff000000000,
    KERNEL_DIRECT, KERNEL_DEVICE, KERNEL_IMAGE, 0xffffffffffffff00};
#define NPLACES (sizeof(places) / sizeof(places[0]))
static const uint64_t bad_places[] = {
    NONCANONICAL, 0x0000800000000000, 0xffff7fffffffff00, 0x7fffffffffffffff};

GTEST(forged_ip, "is a wild rip in a signal frame SIGSEGV there?")
{
	arg_reg = REG_RIP;
	for (unsigned i = 0; i < NPLACES; i++) {
		arg = places[i];
		EQ(forged(set_reg), SIGSEGV);
		EQ(seen->addr, arg);
		EQ(seen->ip, arg);
	}
	for (unsigned i = 0; i < 4; i++) {
		arg = bad_places[i];
		EQ(forged(set_reg), SIGSEGV);
		EQ(seen->code, SI_KERNEL);
	}
}

GTEST(forged_sp, "is a wild rsp in a signal frame the program's fault?")
{
	int got;

	arg_reg = REG_RSP;
	for (unsigned i = 0; i < NPLACES; i++) {
		arg = places[i];
		got = forged(set_reg);
		CHECK(got == SIGSEGV || got == SIGBUS);
	}
	for (unsigned i = 0; i < 4; i++) {
		arg = bad_places[i];
		got = forged(set_reg);
		CHECK(got == SIGSEGV || got == SIGBUS);
	}
}

GTEST(forged_flags, "do forged flags give no rights?")
{
	static const uint64_t flags[] = {0, EFL_IOPL, EFL_NT, EFL_VM, EFL_AC,
	    EFL_ID, EFL_RF, EFL_DF, 0x180000, ~EFL_TF, 0xffffffff00000202};

	arg_reg = REG_EFL;
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		arg = flags[i];
		/* AC holds for all that follows: a real CPU checks alignment. */
		if (forged(set_reg) != RETURNED &&
		    !(seen->sig == SIGBUS && seen->code == BUS_ADRALN))
			FAIL("flags %#lx gave %d", (long)arg, seen->sig);
		if (seen->sig == 0) {
			EQ(seen->flags & (EFL_IOPL | EFL_VM | 0x180000), 0);
			EQ(seen->flags & 0x200, 0x200);
		}
	}
	arg = EFL_TF;
	EQ(forged(set_reg), SIGTRAP);
	EQ(seen->code, TRAP_TRACE);
}

static void
set_segment(ucontext_t *uc)
{
	uint64_t *w = (uint64_t *)&uc->uc_mcontext.gregs[REG_CSGSFS];

	*w = arg;
}

GTEST(forged_segments, "do forged segments fail or not matter?")
{
	static const uint64_t bad[] = {0, 3, 0x10, 0x18, 0x2b, 0x40, 0x43, 0x48,
	    0xffff, 0x7, 0xb, 0x33, 0x30};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int got;

		arg = bad[i] | 0x2bUL << 48; /* cs */
		got = forged(set_segment);
		CHECK(got == RETURNED || got == SIGSEGV);
		arg = 0x33 | bad[i] << 48; /* ss */
		got = forged(set_segment);
		CHECK(got == RETURNED || got == SIGSEGV || got == SIGBUS);
		arg = 0x33 | 0x2bUL << 48 | bad[i] << 16 | bad[i] << 32;
		EQ(forged(set_segment), RETURNED);
	}
	/* As 32-bit code the same bytes mean something else. */
	arg = 0x23 | 0x2bUL << 48;
	(void)forged(set_segment);
}

static void
to_high_32(ucontext_t *uc)
{
	arg = 0x23 | 0x2bUL << 48;
	set_segment(uc);
	uc->uc_mcontext.gregs[REG_RIP] = 0x123400000000;
}

GTEST(forged_32, "is 32-bit code beyond 4 GiB in a frame SIGSEGV?")
{
	EQ(forged(to_high_32), SIGSEGV);
}

static void
set_rest(ucontext_t *uc)
{
	uc->uc_flags = arg;
	uc->uc_link = (void *)(uintptr_t)arg;
	memset(&uc->uc_sigmask, (int)(arg & 0xff), 8);
	uc->uc_stack.ss_sp = (void *)(uintptr_t)arg;
	uc->uc_stack.ss_size = arg;
	uc->uc_stack.ss_flags = (int)arg;
	for (int i = REG_ERR; i <= REG_CR2; i++)
		uc->uc_mcontext.gregs[i] = (greg_t)arg;
}

GTEST(forged_rest, "do the frame's other words do no harm?")
{
	static const uint64_t values[] = {
	    0, ~0UL, NONCANONICAL, KERNEL_DIRECT, 0x5555555555555555};

	for (unsigned i = 0; i < 5; i++) {
		arg = values[i];
		EQ(forged(set_rest), RETURNED);
	}
}

/* --- the floating state in the frame ------------------------------------------------- */

static void
set_fpstate_pointer(ucontext_t *uc)
{
	uc->uc_mcontext.fpregs = (void *)(uintptr_t)arg;
}

GTEST(fpstate_pointer, "is a wild pointer to the floating state SIGSEGV?")
{
	uint8_t *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p + 4096, 4096, PROT_NONE);
	arg = 0;
	EQ(forged(set_fpstate_pointer), RETURNED);
	for (unsigned i = 2; i < NPLACES; i++) {
		arg = places[i];
		EQ(forged(set_fpstate_pointer), SIGSEGV);
	}
	for (unsigned i = 0; i < 4; i++) {
		arg = bad_places[i];
		EQ(forged(set_fpstate_pointer), SIGSEGV);
	}
	/* Half of it is there. */
	arg = (uint64_t)(uintptr_t)(p + 4096 - 256);
	EQ(forged(set_fpstate_pointer), SIGSEGV);
	/* Zeroes: a state without marks. */
	arg = (uint64_t)(uintptr_t)p;
	EQ(forged(set_fpstate_pointer), RETURNED);
}

/* Bytes of the state: at offset arg_off, arg_len bytes := arg_byte. */
static int arg_off, arg_len, arg_byte;

static void
set_fpstate(ucontext_t *uc)
{
	memset((uint8_t *)uc->uc_mcontext.fpregs + arg_off, arg_byte,
	    (size_t)arg_len);
}

static void
forge_fpstate(int off, int len, int byte)
{
	int got;

	arg_off = off;
	arg_len = len;
	arg_byte = byte;
	got = forged(set_fpstate);
	if (got != RETURNED && got != SIGSEGV && got != SIGFPE)
		FAIL("state at %d+%d = %#x gave %d", off, len, byte, got);
}

GTEST(fpstate_bytes, "does a forged floating state end in sanity or a signal?")
{
	static const struct {
		int off, len;
	} rows[] = {{0, 2}, {2, 2}, {4, 1}, {6, 18}, {24, 4}, {28, 4},
	    {32, 128}, {160, 256}, {416, 48}, {SW_OFF, 4}, {SW_OFF + 4, 4},
	    {SW_OFF + 8, 8}, {SW_OFF + 16, 4}, {SW_OFF, 48}, {HDR_OFF, 8},
	    {HDR_OFF, 1}, {HDR_OFF + 7, 1}, {HDR_OFF + 8, 8}, {HDR_OFF + 15, 1},
	    {HDR_OFF + 16, 8}, {HDR_OFF + 56, 8}, {HDR_OFF, 64}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		forge_fpstate(rows[i].off, rows[i].len, 0xff);
		forge_fpstate(rows[i].off, rows[i].len, 0);
		forge_fpstate(rows[i].off, rows[i].len, 0x55);
	}
	for (int bit = 0; bit < 8; bit++)
		for (int byte = 0; byte < 16; byte++)
			forge_fpstate(HDR_OFF + byte, 1, 1 << bit);
}

static uint64_t rng;

static uint32_t
next_random(void)
{
	rng = rng * 6364136223846793005UL + 1442695040888963407UL;
	return ((uint32_t)(rng >> 33));
}

/* Some words of the frame and of the state. */
static void
scribble(ucontext_t *uc)
{
	uint64_t *state = (uint64_t *)uc->uc_mcontext.fpregs;
	unsigned n = 1 + next_random() % 6;
	uint64_t v;

	while (n-- > 0) {
		v = (uint64_t)next_random() << 32 | next_random();
		v >>= next_random() % 64;
		if (next_random() % 2 != 0)
			((uint64_t *)uc)[next_random() % 37] = v;
		else
			state[next_random() % 110] ^= v;
	}
}

GTEST(frame_fuzz, "does no random frame do more than end the program?")
{
	for (int i = 0; i < 400; i++) {
		rng = (uint64_t)i * 7919;
		(void)forged(scribble);
	}
}

/* --- frames out of nothing ------------------------------------------------------------ */

static void
bare_sigreturn(void)
{
	__asm__ volatile(
	    "movq %0, %%rsp; movl $15, %%eax; syscall; ud2" ::"r"(arg)
	    : "rax", "rcx", "r11", "memory");
}

GTEST(sigreturn_places, "is sigreturn without a frame SIGSEGV?")
{
	uint8_t *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p + 4096, 4096, PROT_NONE);
	for (unsigned i = 0; i < NPLACES; i++) {
		arg = places[i];
		EQ(attempt(bare_sigreturn), SIGSEGV);
	}
	for (unsigned i = 0; i < 4; i++) {
		arg = bad_places[i];
		EQ(attempt(bare_sigreturn), SIGSEGV);
	}
	arg = (uint64_t)(uintptr_t)(p + 4096 - 64);
	EQ(attempt(bare_sigreturn), SIGSEGV);
	/* All zeroes: a jump to 0. */
	arg = (uint64_t)(uintptr_t)(p + 8);
	EQ(attempt(bare_sigreturn), SIGSEGV);
}

GTEST(sigreturn_fuzz, "does sigreturn from random bytes only end the program?")
{
	uint32_t *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 300; i++) {
		rng = (uint64_t)i * 104729;
		for (int w = 0; w < 2048; w++)
			p[w] = next_random();
		/* Canonical words get further. */
		for (int w = 1; i % 2 != 0 && w < 400; w += 2)
			p[w] &= 0x7fff;
		arg = (uint64_t)(uintptr_t)(p + 2);
		(void)attempt(bare_sigreturn);
	}
}

/* --- stacks --------------------------------------------------------------------------- */

/* Have SIGUSR1 delivered with rsp = arg; rsp afterwards must be the same. */
static void
signal_on_stack(void)
{
	uint64_t pid = (uint64_t)getpid(), after;

	__asm__ volatile("movq %%rsp, %%rbx; movq %1, %%rsp; movl $62, %%eax;"
			 "movl $10, %%esi; syscall; movq %%rsp, %0;"
			 "movq %%rbx, %%rsp"
			 : "=&r"(after)
			 : "r"(arg), "D"(pid)
			 : "rax", "rbx", "rcx", "rsi", "r11", "memory");
	if (after != arg || came != 1)
		bare_call(SYS_exit_group, 3, 0, 0);
	seen->ip = 1;
}

static void
signal_here(void)
{
	handle_usr1(0);
	signal_on_stack();
}

static void
signal_alt(void)
{
	handle_usr1(SA_ONSTACK); /* attempt gave one */
	signal_on_stack();
}

GTEST(stack_odd, "does a signal come and go with a stack at any address?")
{
	static char stack[65536] __attribute__((aligned(64)));

	change = NULL;
	for (unsigned i = 0; i < 70; i++) {
		arg = (uint64_t)(uintptr_t)(stack + 60000 + i);
		EQ(attempt(signal_here), RETURNED);
		EQ(seen->ip, 1);
	}
	/* With a stack of its own it needs no other. */
	for (unsigned i = 0; i < NPLACES + 4; i++) {
		arg = i < NPLACES ? places[i] : bad_places[i - NPLACES];
		EQ(attempt(signal_alt), RETURNED);
		EQ(seen->ip, 1);
	}
}

GTEST(stack_wild, "is a signal with a wild stack SIGSEGV?")
{
	uint8_t *p = mmap(NULL, 12288, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	change = NULL;
	mprotect(p, 4096, PROT_NONE);
	for (unsigned i = 0; i < NPLACES; i++) {
		arg = places[i];
		EQ(attempt(signal_here), SIGSEGV);
	}
	for (unsigned i = 0; i < 4; i++) {
		arg = bad_places[i];
		EQ(attempt(signal_here), SIGSEGV);
	}
	/* Room for a part of the frame; and read-only. */
	for (unsigned room = 0; room < 1000; room += 200) {
		arg = (uint64_t)(uintptr_t)(p + 4096 + room);
		EQ(attempt(signal_here), SIGSEGV);
	}
	arg = (uint64_t)(uintptr_t)(p + 12288);
	mprotect(p + 4096, 8192, PROT_READ);
	EQ(attempt(signal_here), SIGSEGV);
}

static void
wild_altstack(void)
{
	stack_t ss = {
	    .ss_sp = (void *)(uintptr_t)arg, .ss_size = 65536, .ss_flags = 0};
	struct sigaction sa;

	handle_usr1(SA_ONSTACK);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	sigaction(SIGSEGV, &sa, NULL);
	if (sigaltstack(&ss, NULL) != 0)
		return;
	bare_call(SYS_kill, getpid(), SIGUSR1, 0);
	bare_call(SYS_exit_group, 0, 0, 0);
}

GTEST(altstack_wild, "does a wild signal stack end the program by SIGSEGV?")
{
	change = NULL;
	for (unsigned i = 0; i < NPLACES + 4; i++) {
		int got;

		arg = i < NPLACES ? places[i] : bad_places[i - NPLACES];
		got = attempt(wild_altstack);
		CHECK(got == KILLED + SIGSEGV || got == RETURNED);
		CHECK(got == KILLED + SIGSEGV || arg >= 0xffffffffffff0000);
	}
}

/* A handler that is interrupted by itself, until its stack is full. */
static void
again_and_again(ucontext_t *uc)
{
	(void)uc;
	if (came > 100000)
		bare_call(SYS_exit_group, 4, 0, 0);
	bare_call(SYS_kill, getpid(), SIGUSR1, 0);
}

static void
fill_altstack(void)
{
	uint8_t *p = mmap(NULL, 3 * 65536, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t ss = {.ss_sp = p + 65536, .ss_size = 65536, .ss_flags = 0};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	sigaction(SIGSEGV, &sa, NULL);
	sigaltstack(&ss, NULL);
	handle_usr1(SA_ONSTACK | SA_NODEFER);
	change = again_and_again;
	bare_call(SYS_kill, getpid(), SIGUSR1, 0);
}

GTEST(altstack_full, "does a full signal stack end the program, not its data?")
{
	EQ(attempt(fill_altstack), KILLED + SIGSEGV);
}

static void
wild_handler(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = (void (*)(int))(uintptr_t)arg;
	sigaction(SIGUSR1, &sa, NULL);
	bare_call(SYS_kill, getpid(), SIGUSR1, 0);
}

static void
wild_segv_handler(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = (void (*)(int))(uintptr_t)arg;
	sigaction(SIGSEGV, &sa, NULL);
	__asm__ volatile("hlt");
}

GTEST(handler_wild, "is a wild handler SIGSEGV, and for SIGSEGV the end?")
{
	for (unsigned i = 1; i < NPLACES + 4; i++) {
		arg = i < NPLACES ? places[i] : bad_places[i - NPLACES];
		EQ(attempt(wild_handler), SIGSEGV);
		EQ(attempt(wild_segv_handler), KILLED + SIGSEGV);
	}
}

/* --- all registers ---------------------------------------------------------------------- */

/*
 * Every register holds what it should while signals come; DF is set, which a
 * handler must not see.
 */
static volatile int df_seen, handled;

static void
on_timer(int sig)
{
	uint64_t flags;

	(void)sig;
	__asm__ volatile("pushfq; popq %0; cld" : "=r"(flags)::"memory");
	if ((flags & EFL_DF) != 0)
		df_seen = 1;
	handled++;
	__asm__ volatile("xorl %%r8d, %%r8d; xorl %%r9d, %%r9d;"
			 "xorl %%r10d, %%r10d; xorl %%r11d, %%r11d" ::
			     : "r8", "r9", "r10", "r11");
}

__attribute__((naked, noinline)) static int
registers_hold(int *volatile count __attribute__((unused)),
    int want __attribute__((unused)))
{
	__asm__("pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14;"
		"pushq %r15; std\n"
		"movq $0x1111, %rax; movq $-0x2222, %rbx; movq $0x3333, %rcx;"
		"movabsq $0x4444444444444444, %rdx; movq $0x5555, %rbp;"
		"movq $0x8888, %r8; movq $-0x9999, %r9; movq $0xaaaa, %r10;"
		"movq $0xbbbb, %r11; movq $0xcccc, %r12; movq $0xdddd, %r13;"
		"movq $0xeeee, %r14; movq $0xffff, %r15\n"
		"1: cmpq $0x1111, %rax; jne 2f; cmpq $-0x2222, %rbx; jne 2f;"
		"cmpq $0x3333, %rcx; jne 2f; cmpq $0x5555, %rbp; jne 2f;"
		"cmpq $0x8888, %r8; jne 2f; cmpq $-0x9999, %r9; jne 2f;"
		"cmpq $0xaaaa, %r10; jne 2f; cmpq $0xbbbb, %r11; jne 2f;"
		"cmpq $0xcccc, %r12; jne 2f; cmpq $0xdddd, %r13; jne 2f;"
		"cmpq $0xeeee, %r14; jne 2f; cmpq $0xffff, %r15; jne 2f;"
		"pushq %rdx; movl %edx, 4(%rsp); popq %rdx\n"
		"cmpl %esi, (%rdi); jl 1b\n"
		"pushfq; popq %rax; andl $0x400, %eax; jmp 3f\n"
		"2: xorl %eax, %eax\n"
		"3: cld; popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp;"
		"popq %rbx; ret");
}

GTEST(registers, "do all registers and DF survive signals at any time?")
{
	struct itimerval it = {{0, 1000}, {0, 1000}};

	signal(SIGALRM, on_timer);
	setitimer(ITIMER_REAL, &it, NULL);
	EQ(registers_hold((int *)&handled, 200), (int)EFL_DF);
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	EQ(df_seen, 0);
}
