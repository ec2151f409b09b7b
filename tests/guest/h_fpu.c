/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of a thread that no general register holds: floating and vector registers
 * (every component that XCR0 lists), segment bases, alignment checks; and the
 * exceptions that belong to them.
 *
 * QEMU's CPU never raises SSE exceptions, stack faults of the x87 and alignment
 * checks: those cases look at real CPUs only, as a vkernel's programs have them.
 */
#include "attempt.h"
#include <pthread.h>
#include <sys/auxv.h>

#define HWCAP2_FSGSBASE 2

/* --- exceptions -------------------------------------------------------------------- */

#define X87(n, mask, text)                                                     \
	__attribute__((naked)) static void x87_##n(void)                       \
	{                                                                      \
		__asm__("fninit; pushq $" #mask                                \
			"; fldcw (%rsp); popq %rax;" text "; fwait; ret");     \
	}
X87(invalid, 0x37e, "fld1; fchs; fsqrt")
X87(zero, 0x37b, "fldz; fld1; fdivp")
X87(overflow, 0x377,
    "movq $0x7ffe, %rax; pushq %rax; movq $-1, %rax;"
    "pushq %rax; fldt (%rsp); fld %st(0); fmulp; popq %rax;"
    "popq %rax; pushq %rax; fstps (%rsp); popq %rax")
X87(precision, 0x35f, "fld1; pushq $3; fildl (%rsp); popq %rax; fdivrp")
X87(stack, 0x37e, "faddp")

/* MXCSR with one exception unmasked. */
#define SSE(n, mask, text)                                                     \
	__attribute__((naked)) static void sse_##n(void)                       \
	{                                                                      \
		__asm__("pushq $" #mask "; ldmxcsr (%rsp); popq %rax;" text    \
			"; ret");                                              \
	}
#define LOAD_SS(bits, x) "movl $" #bits ", %eax; movd %eax, %xmm" #x ";"
SSE(invalid, 0x1f00, LOAD_SS(0xbf800000, 0) "sqrtss %xmm0, %xmm0")
SSE(zero, 0x1d80, LOAD_SS(0x3f800000, 0) LOAD_SS(0, 1) "divss %xmm1, %xmm0")
SSE(overflow, 0x1b80, LOAD_SS(0x7f7fffff, 0) "mulss %xmm0, %xmm0")
SSE(underflow, 0x1780, LOAD_SS(0x00800000, 0) "mulss %xmm0, %xmm0")
SSE(denormal, 0x1e80, LOAD_SS(1, 0) "addss %xmm0, %xmm0")
SSE(precision, 0x0f80,
    LOAD_SS(0x3f800000, 0) LOAD_SS(0x40400000, 1) "divss %xmm1, %xmm0")

GTEST(fp_exceptions, "does each floating exception tell what it was?")
{
	static const struct {
		const char *name;
		void (*f)(void);
		int code, tcg;
	} rows[] = {{"x87 invalid", x87_invalid, FPE_FLTINV, 1},
	    {"x87 zero", x87_zero, FPE_FLTDIV, 1},
	    {"x87 overflow", x87_overflow, FPE_FLTOVF, 1},
	    {"x87 precision", x87_precision, FPE_FLTRES, 1},
	    {"x87 stack", x87_stack, FPE_FLTINV, 0},
	    {"sse invalid", sse_invalid, FPE_FLTINV, 0},
	    {"sse zero", sse_zero, FPE_FLTDIV, 0},
	    {"sse overflow", sse_overflow, FPE_FLTOVF, 0},
	    {"sse underflow", sse_underflow, FPE_FLTUND, 0},
	    {"sse denormal", sse_denormal, FPE_FLTUND, 0},
	    {"sse precision", sse_precision, FPE_FLTRES, 0}};
	int got, tcg = on_tcg();

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (tcg && !rows[i].tcg)
			continue;
		got = attempt(rows[i].f);
		if (got != SIGFPE || seen->code != rows[i].code ||
		    seen->addr != seen->ip)
			FAIL("%s gave %d, code %d", rows[i].name, got,
			    seen->code);
	}
}

/* A handler masks the exceptions in the frame, and the program goes on. */
static volatile int fp_signals;

static void
mask_exceptions(int sig, siginfo_t *si, void *ctx)
{
	struct _libc_fpstate *fp = ((ucontext_t *)ctx)->uc_mcontext.fpregs;

	(void)sig;
	(void)si;
	fp_signals++;
	fp->cwd |= 0x3f;
	fp->swd &= 0x7f00;
	fp->mxcsr |= 0x1f80;
}

GTEST(fp_continue, "does a handler's change of the floating state hold?")
{
	catch_faults(mask_exceptions);
	for (int i = 1; i <= 20; i++) {
		x87_zero();
		EQ(fp_signals, i);
	}
	fp_signals = 0;
	for (int i = 1; i <= 20 && !on_tcg(); i++) {
		sse_zero();
		EQ(fp_signals, i);
	}
}

/* With AC set: calls, faults, and at last a crooked access. */
static void
crooked_access(void)
{
	static uint64_t words[2];
	volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	__asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq" ::: "memory");
	for (int i = 0; i < 100; i++)
		bare_call(SYS_sched_yield, 0, 0, 0);
	*page = 1;
	(void)*(volatile uint32_t *)((char *)words + 1);
}

GTEST(alignment, "is a crooked access under AC SIGBUS, BUS_ADRALN?")
{
	EQ(attempt(crooked_access), on_tcg() ? RETURNED : SIGBUS);
	EQ(seen->code, on_tcg() ? 0 : BUS_ADRALN);
}

/* --- every component --------------------------------------------------------------------- */

#define AREA_MAX 16384
#define OTHERS	 0x200UL /* PKRU: the page tables care */

struct component {
	uint32_t off, size;
};
static struct component components[64];
static uint64_t xcr0;

/* False: the kernel has not enabled XSAVE. */
static int
find_components(void)
{
	uint32_t r[4], lo, hi;

	cpuid(1, 0, r);
	if ((r[2] >> 27 & 1) == 0)
		return (0);
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	xcr0 = ((uint64_t)hi << 32 | lo) & ~OTHERS;
	components[0] = (struct component){32, 128};
	components[1] = (struct component){160, 256};
	for (unsigned i = 2; i < 63; i++) {
		if ((xcr0 >> i & 1) == 0)
			continue;
		cpuid(0xd, i, r);
		components[i] = (struct component){r[1], r[0]};
		/* MPX's bounds config, AMX's tiles: not any bytes will do. */
		if (i == 4 || i == 17 || i == 18 || r[1] + r[0] > AREA_MAX)
			xcr0 &= ~(1UL << i);
	}
	return (1);
}

static void
area_fill(uint8_t *area, uint64_t seed)
{
	memset(area, 0, AREA_MAX);
	*(uint16_t *)area = 0x37f;
	*(uint32_t *)(area + 24) = 0x1f80;
	for (unsigned i = 0; i < 63; i++) {
		if ((xcr0 >> i & 1) == 0)
			continue;
		for (uint32_t b = 0; b < components[i].size; b++) {
			seed = seed * 6364136223846793005UL +
			    1442695040888963407UL;
			/* x87's registers have 10 bytes of 16. */
			if (i > 0 || b % 16 < 10)
				area[components[i].off + b] =
				    (uint8_t)(seed >> 40);
		}
	}
	*(uint64_t *)(area + 512) = xcr0;
}

#define XSAVE(area)                                                            \
	__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"((uint32_t)xcr0),      \
			 "d"((uint32_t)(xcr0 >> 32))                           \
			 : "memory")
#define XRSTOR(area)                                                           \
	__asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"((uint32_t)xcr0),     \
			 "d"((uint32_t)(xcr0 >> 32))                           \
			 : "memory")

/* The first component that differs, or -1. */
static int
area_differs(const uint8_t *a, const uint8_t *b)
{
	for (int i = 0; i < 63; i++)
		if ((xcr0 >> i & 1) != 0 &&
		    memcmp(a + components[i].off, b + components[i].off,
			components[i].size) != 0)
			return (i);
	return (-1);
}

/* What may lose the registers; no code that uses them itself. */
enum event {
	YIELD,
	SLEEP,
	FAULT,
	SIGNAL,
	FORK,
	SPIN,
	EVENTS
};

__attribute__((target("general-regs-only"), noinline)) static long
event_do(enum event e, volatile char *page)
{
	static const struct timespec ms = {0, 1000000};
	long pid;

	switch (e) {
	case YIELD:
		return (bare_call(SYS_sched_yield, 0, 0, 0));
	case SLEEP:
		return (bare_call(SYS_nanosleep, (long)&ms, 0, 0));
	case FAULT:
		bare_call(SYS_madvise, (long)page, 4096, 4 /* DONTNEED */);
		*page = 1;
		return (0);
	case SIGNAL:
		return (bare_call(
		    SYS_tkill, bare_call(SYS_gettid, 0, 0, 0), SIGUSR1, 0));
	case FORK:
		pid = bare_call(SYS_fork, 0, 0, 0);
		if (pid > 0)
			bare_call(SYS_wait4, pid, 0, 0);
		return (pid);
	default:
		for (volatile int i = 0; i < 300000; i++)
			;
		return (1);
	}
}

struct holder {
	uint8_t want[AREA_MAX] __attribute__((aligned(64)));
	uint8_t got[AREA_MAX] __attribute__((aligned(64)));
};

/* One round; the component lost, or -1.  A forked child ends in here. */
__attribute__((noinline)) static int
hold(struct holder *h, enum event e, volatile char *page)
{
	long r;

	XRSTOR(h->want);
	r = event_do(e, page);
	XSAVE(h->got);
	if (e == FORK && r == 0)
		bare_call(
		    SYS_exit_group, area_differs(h->want, h->got) != -1, 0, 0);
	return (area_differs(h->want, h->got));
}

/* Everything else than what the program had. */
static void
wreck_registers(int sig)
{
	static uint8_t other[AREA_MAX] __attribute__((aligned(64)));

	(void)sig;
	XRSTOR(other);
}

static void *
hold_thread(void *a)
{
	struct holder *h = aligned_alloc(64, sizeof(*h));
	volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long lost = 0;

	for (unsigned n = 0; n < 240; n++) {
		enum event e = n % EVENTS;
		int c;

		if (e == FORK && n % 5 != 0)
			continue;
		area_fill(h->want, (uint64_t)(uintptr_t)a * 1000 + n);
		memset(h->got, 0, AREA_MAX);
		c = hold(h, e, page);
		if (c != -1 && lost++ == 0)
			printf("event %d lost component %d\n", e, c);
	}
	return ((void *)lost);
}

GTEST(components, "do all floating components survive all that happens?")
{
	int s;

	if (!find_components())
		return;
	signal(SIGUSR1, wreck_registers);
	for (long p = 0; p < 3; p++) {
		if (fork() != 0)
			continue;
		pthread_t t[2];
		void *lost, *sum = NULL;

		for (long i = 0; i < 2; i++)
			pthread_create(
			    &t[i], NULL, hold_thread, (void *)(p * 2 + i + 1));
		for (long i = 0; i < 2; i++) {
			pthread_join(t[i], &lost);
			if (lost != NULL)
				sum = lost;
		}
		_exit(sum != NULL);
	}
	while (wait(&s) > 0)
		EQ(s, 0);
}

/* What the frame shows of the registers is what they are, and becomes it. */
static uint8_t in_frame[512];

static void
look_at_frame(int sig, siginfo_t *si, void *ctx)
{
	uint8_t *p = (uint8_t *)((ucontext_t *)ctx)->uc_mcontext.fpregs;
	uint32_t size;

	(void)sig;
	(void)si;
	memcpy(in_frame, p, 512);
	memset(p + 160, 0x77, 256);
	memcpy(&size, p + 464 + 16, 4);
	/* The upper halves of ymm. */
	if ((xcr0 & 4) != 0 && size >= components[2].off + components[2].size)
		memset(p + components[2].off, 0x66, components[2].size);
}

GTEST(frame_registers, "does a frame show the registers, and change them?")
{
	struct holder *h = aligned_alloc(64, sizeof(*h));
	struct sigaction sa;

	if (!find_components())
		return;
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = look_at_frame;
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGUSR1, &sa, NULL);
	area_fill(h->want, 42);
	memset(h->got, 0, AREA_MAX);
	(void)hold(h, SIGNAL, NULL);
	EQ(memcmp(in_frame + 160, h->want + 160, 256), 0);
	EQ(memcmp(in_frame + 32, h->want + 32, 128), 0);
	memset(h->want + 160, 0x77, 256);
	memset(h->want + components[2].off, 0x66, components[2].size);
	EQ(area_differs(h->want, h->got), -1);
}

/* As the system gives it: run by itself, and by the next case. */
GTEST(fresh_state, "does a program begin with the floating state of reset?")
{
	uint16_t cw;
	uint32_t mxcsr;

	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(cw), "=m"(mxcsr));
	EQ(cw, 0x37f);
	EQ(mxcsr & ~0x3fU, 0x1f80);
}

GTEST(exec_state, "does exec bring the floating state of reset, and no bases?")
{
	static const uint16_t cw = 0x27f;
	static const uint32_t mxcsr = 0xff80;
	pid_t pid = fork();

	if (pid == 0) {
		__asm__ volatile("fldcw %0; ldmxcsr %1" ::"m"(cw), "m"(mxcsr));
		execl("/proc/self/exe", "h_fpu", "fresh_state", NULL);
		_exit(9);
	}
	EQ(wait_end(pid), 0);
}

/* --- bases -------------------------------------------------------------------------------- */

static int
has_fsgsbase(void)
{
	return ((getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0);
}

static inline void
gs_write(uint64_t v)
{
	__asm__ volatile("wrgsbase %0" ::"r"(v));
}

static inline uint64_t
gs_read(void)
{
	uint64_t v;

	__asm__ volatile("rdgsbase %0" : "=r"(v));
	return (v);
}

static const uint64_t bases[] = {0, 0x1234000, 0x7fff12345678, KERNEL_DIRECT,
    KERNEL_IMAGE, KERNEL_DEVICE, 0xffffffffffffffff};
#define NBASES (sizeof(bases) / sizeof(bases[0]))

static void
nothing(int sig)
{
	(void)sig;
}

static void *
base_thread(void *a)
{
	volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long bad = 0;

	for (unsigned n = 0; n < 150; n++) {
		uint64_t base = bases[((unsigned long)a + n) % NBASES];

		/* One of its own, but where it lies matters. */
		base ^= base == ~0UL ? 0 : (uint64_t)(uintptr_t)a << 4;
		gs_write(base);
		if (event_do(n % EVENTS, page) == 0 && n % EVENTS == FORK)
			bare_call(SYS_exit_group, gs_read() != base, 0, 0);
		bad += gs_read() != base;
	}
	return ((void *)bad);
}

GTEST(gs_bases, "does a GS base survive whatever it is, on every CPU?")
{
	int s;

	if (!has_fsgsbase())
		return;
	signal(SIGUSR1, nothing);
	for (long p = 0; p < 2; p++) {
		if (fork() != 0)
			continue;
		pthread_t t[3];
		void *bad;
		int sum = 0;

		for (long i = 0; i < 3; i++)
			pthread_create(
			    &t[i], NULL, base_thread, (void *)(p * 3 + i + 1));
		for (long i = 0; i < 3; i++) {
			pthread_join(t[i], &bad);
			sum |= bad != NULL;
		}
		_exit(sum);
	}
	while (wait(&s) > 0)
		EQ(s, 0);
}

/* Everything that can enter the kernel, with a base that is the kernel's. */
static void
enter_all(void)
{
	gs_write(arg);
	for (int i = 0; i < 20; i++)
		for (enum event e = YIELD; e < EVENTS; e++)
			if (e != FORK)
				event_do(e, (volatile char *)attempt_at);
	__asm__ volatile("int3");
}

GTEST(gs_kernel, "does a GS base inside the kernel do no harm at any entry?")
{
	if (!has_fsgsbase())
		return;
	signal(SIGUSR1, nothing);
	attempt_at = (uint64_t)(uintptr_t)mmap(NULL, 4096,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < NBASES; i++) {
		arg = bases[i];
		EQ(attempt(enter_all), SIGTRAP);
	}
}

static void
write_gs_arg(void)
{
	gs_write(arg);
}

static void
write_fs_arg(void)
{
	__asm__ volatile("wrfsbase %0" ::"r"(arg));
	bare_call(SYS_exit_group, 0, 0, 0);
}

GTEST(bases_noncanonical, "is a non-canonical base SIGSEGV, another not?")
{
	if (!has_fsgsbase())
		return;
	arg = NONCANONICAL;
	/* QEMU's CPU takes them. */
	EQ(attempt(write_gs_arg), on_tcg() ? RETURNED : SIGSEGV);
	EQ(attempt(write_fs_arg), on_tcg() ? RETURNED : SIGSEGV);
	for (unsigned i = 0; i < NBASES; i++) {
		arg = bases[i];
		EQ(attempt(write_gs_arg), RETURNED);
		EQ(attempt(write_fs_arg), RETURNED);
	}
}

/* No code that looks at its thread may run in between. */
__attribute__((target("general-regs-only"), noinline)) static int
fs_holds(uint64_t base)
{
	uint64_t old, now, told = 0;
	int bad = 0;

	__asm__ volatile("rdfsbase %0" : "=r"(old));
	__asm__ volatile("wrfsbase %0" ::"r"(base));
	for (int i = 0; i < 30; i++) {
		bare_call(SYS_sched_yield, 0, 0, 0);
		for (volatile int n = 0; n < 20000; n++)
			;
		__asm__ volatile("rdfsbase %0" : "=r"(now));
		bad |= now != base;
	}
	bare_call(SYS_arch_prctl, 0x1003, (long)&told, 0);
	__asm__ volatile("wrfsbase %0" ::"r"(old));
	return (bad || told != base);
}

GTEST(fs_bases, "does an FS base survive whatever it is, and is it told?")
{
	int s;

	if (!has_fsgsbase())
		return;
	for (long p = 0; p < 4; p++) {
		if (fork() != 0)
			continue;
		int bad = 0;

		for (unsigned i = 0; i < NBASES; i++)
			bad |= fs_holds(bases[i]);
		_exit(bad);
	}
	while (wait(&s) > 0)
		EQ(s, 0);
}

/* By call alone, as where the instructions are not there. */
GTEST(bases_by_call, "do bases set by calls survive, and selectors reset them?")
{
	int s;

	for (long p = 0; p < 4; p++) {
		if (fork() != 0)
			continue;
		uint64_t now = 0, base = 0x10000 + (uint64_t)p * 0x1000;
		int bad = 0;

		for (int i = 0; i < 50; i++) {
			bare_call(SYS_arch_prctl, 0x1001, (long)base, 0);
			sched_yield();
			usleep(100);
			bare_call(SYS_arch_prctl, 0x1004, (long)&now, 0);
			bad |= now != base;
			__asm__ volatile("movl %0, %%gs" ::"r"(0x2b));
			sched_yield();
			bare_call(SYS_arch_prctl, 0x1004, (long)&now, 0);
			bad |= now != 0;
		}
		_exit(bad);
	}
	while (wait(&s) > 0)
		EQ(s, 0);
}
