/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls from hot places.  The vkernel rewrites such places
 * (platform/vkernel/vk_rewrite.c); a program must not see it in what its calls
 * do, in its registers, its signals, or in its text as others read it.  Nothing
 * here names the mechanism: every case is true of any Linux.
 */
#include "gtest.h"
#include <asm/prctl.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOT 500 /* calls after which a place is surely hot */

/*
 * Places of our own, each in a 16-byte block: SITE(name, nr) is a function that
 * makes call nr; name_at is its first instruction, name_sys the syscall.
 */
#define SITE(name, nr)                                                         \
	__asm__(".text\n.balign 32\n" #name ":\n" #name "_at:\n\tmov $" #nr    \
		",%eax\n" #name "_sys:\n\tsyscall\n" #name "_end:\n\tret\n");  \
	long name(long, ...);                                                  \
	extern const unsigned char name##_at[], name##_sys[], name##_end[]
SITE(site_getppid, 110);
SITE(site_middle, 39);
SITE(site_step, 110);
SITE(site_patch, 110);
SITE(site_peek, 110);
SITE(site_gs, 110);
SITE(site_regs, 39);
SITE(site_fork, 57);
SITE(site_many, 110);

/* read as C libraries have it: xor %eax,%eax, and padding behind the ret. */
__asm__(".text\n.balign 32\nsite_read:\n\txor %eax,%eax\nsite_read_sys:\n"
	"\tsyscall\nsite_read_end:\n\tret\n.balign 32\n");
long site_read(long, ...);
extern const unsigned char site_read_sys[], site_read_end[];

static void
heat(long (*f)(long, ...))
{
	for (int i = 0; i < HOT; i++)
		(void)f(0);
}

GTEST(results, "are results, errors and all six arguments right at hot places?")
{
	char buf[16];
	int p[2], bad = 0;

	CHECK(pipe(p) == 0);
	for (int i = 0; i < 4 * HOT; i++) {
		bad += getppid() != syscall(SYS_getppid);
		bad += write(p[1], "abc", 3) != 3;
		bad += read(p[0], buf, 3) != 3;
		bad += syscall(SYS_write, p[1], "d", 1) != 1;
		bad += site_read(p[0], buf, 16L) != 1 || buf[0] != 'd';
		bad += site_read(-1L, buf, 16L) != -EBADF;
		errno = 0;
		bad += read(-1, buf, 1) != -1 || errno != EBADF;
	}
	EQ(bad, 0);
	for (int i = 0; i < HOT; i++) {
		char *m = (char *)syscall(SYS_mmap, NULL, 8192L,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1L,
		    0L);

		bad += m == MAP_FAILED;
		m[4096] = 1;
		bad += munmap(m, 8192) != 0;
	}
	EQ(bad, 0);
}

/* Call f with known registers; what came back. */
static void
with_registers(void *f, uint64_t in[12], uint64_t out[14])
{
	__asm__ volatile(
	    "push %%rbp\n\tpush %%rbx\n\tpush %[out]\n\tpush %[f]\n\t"
	    "mov 0(%[in]),%%r8\n\tmov 8(%[in]),%%r9\n\tmov 16(%[in]),%%r10\n\t"
	    "mov 24(%[in]),%%r12\n\tmov 32(%[in]),%%r13\n\t"
	    "mov 40(%[in]),%%r14\n\tmov 48(%[in]),%%r15\n\t"
	    "mov 56(%[in]),%%rsi\n\tmov 64(%[in]),%%rbp\n\t"
	    "mov 72(%[in]),%%rbx\n\tmov 80(%[in]),%%rdx\n\t"
	    "mov 88(%[in]),%%rdi\n\t"
	    "stc\n\tcall *(%%rsp)\n\t"
	    "mov 8(%%rsp),%%rax\n\t"
	    "mov %%rcx,96(%%rax)\n\tmov %%r11,104(%%rax)\n\t"
	    "mov %%r8,0(%%rax)\n\tmov %%r9,8(%%rax)\n\tmov %%r10,16(%%rax)\n\t"
	    "mov %%r12,24(%%rax)\n\tmov %%r13,32(%%rax)\n\t"
	    "mov %%r14,40(%%rax)\n\tmov %%r15,48(%%rax)\n\t"
	    "mov %%rsi,56(%%rax)\n\tmov %%rbp,64(%%rax)\n\t"
	    "mov %%rbx,72(%%rax)\n\tmov %%rdx,80(%%rax)\n\t"
	    "mov %%rdi,88(%%rax)\n\t"
	    "pop %%rax\n\tpop %%rax\n\tpop %%rbx\n\tpop %%rbp"
	    :
	    : [f] "r"(f), [out] "r"(out), [in] "a"(in)
	    : "memory", "cc", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
	    "r11", "r12", "r13", "r14", "r15");
}

GTEST(registers, "is every register as a system call leaves it?")
{
	uint64_t in[12], out[14];
	int bad = 0;

	for (int i = 0; i < 12; i++)
		in[i] = 0x1111111111111111UL * (unsigned)(i + 1);
	for (int n = 0; n < 2 * HOT; n++) {
		memset(out, 0, sizeof(out));
		with_registers((void *)(uintptr_t)site_regs, in, out);
		bad += memcmp(in, out, sizeof(in)) != 0;
		bad += out[12] != (uintptr_t)site_regs_end;
		bad += (out[13] & 0x201) != 0x201; /* interrupts on, carry */
	}
	EQ(bad, 0);
}

GTEST(middle, "does a jump right to the syscall instruction still work?")
{
	long r;
	int bad = 0;

	heat(site_middle);
	for (int i = 0; i < 2 * HOT; i++) {
		__asm__ volatile(
		    "call *%[f]"
		    : "=a"(r)
		    : "a"((long)SYS_getppid), [f] "r"(site_middle_sys)
		    : "rcx", "r11", "memory");
		bad += r != getppid();
		bad += site_middle(0) != getpid();
	}
	EQ(bad, 0);
}

static atomic_bool go;
static atomic_int thread_bad;

static void *
hammer(void *arg)
{
	pid_t pid = getpid(), ppid = getppid();
	char buf[4];

	while (!go)
		;
	for (int i = 0; i < 3000; i++) {
		thread_bad += syscall(SYS_getpid) != pid;
		thread_bad += site_many(0) != ppid;
		thread_bad += site_read(-1L, buf, 1L) != -EBADF;
		thread_bad += getppid() != ppid;
	}
	return (arg);
}

GTEST(threads, "do threads that run a place while it becomes hot go on right?")
{
	pthread_t t[6];

	for (int i = 0; i < 6; i++)
		CHECK(pthread_create(&t[i], NULL, hammer, NULL) == 0);
	go = true;
	for (int i = 0; i < 6; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	EQ(thread_bad, 0);
}

/* --- signals ------------------------------------------------------------------- */

static atomic_int hits, odd_places;
static __thread double float_state;

extern const unsigned char __executable_start[], etext[];

static void
on_signal(int sig, siginfo_t *si, void *ctx)
{
	const ucontext_t *uc = ctx;
	uintptr_t ip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)si;
	/* Static: all code is ours, but for the vDSO high up. */
	if ((ip < (uintptr_t)__executable_start || ip >= (uintptr_t)etext) &&
	    (ip < 0x7f0000000000 || ip >= 0x7ff000000000))
		odd_places++;
	float_state = (double)ip; /* destroy what is in the registers */
	hits++;
}

static void
set_handler(int sig, int flags)
{
	struct sigaction sa = {
	    .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};

	CHECK(sigaction(sig, &sa, NULL) == 0);
}

GTEST(signals,
    "do signals come at places of the program only, and go back right?")
{
	struct itimerval it = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
	pid_t pid = getpid(), ppid = getppid();
	int bad = 0, p[2];
	char buf[4];

	CHECK(pipe(p) == 0);
	set_handler(SIGALRM, SA_RESTART);
	heat(site_many);
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	for (int i = 0; i < 200000 && hits < 200; i++) {
		double x = 1.5 * i;
		__asm__ volatile("" : "+x"(x));

		bad += site_many(0) != ppid;
		bad += syscall(SYS_getpid) != pid;
		bad += write(p[1], "x", 1) != 1;
		bad += site_read(p[0], buf, 4L) != 1;
		__asm__ volatile("" : "+x"(x));
		bad += x != 1.5 * i;
	}
	CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
	EQ(bad, 0);
	EQ(odd_places, 0);
	CHECK(hits > 0);
}

static void *
interrupter(void *arg)
{
	for (int i = 0; i < 20; i++) {
		usleep(2000);
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	}
	usleep(2000);
	return (write(*((int *)arg + 4), "z", 1) == 1 ? arg : NULL);
}

GTEST(restart,
    "is a blocked read from a hot place restarted, or ended with EINTR?")
{
	struct {
		pthread_t t;
		int pad[2], fd;
	} a;
	pthread_t t;
	char buf[4];
	int p[2];
	long r;

	CHECK(pipe(p) == 0);
	for (int i = 0; i < HOT; i++)
		(void)site_read(-1L, buf, 1L);
	a.t = pthread_self();
	a.fd = p[1];
	set_handler(SIGUSR1, SA_RESTART);
	CHECK(pthread_create(&t, NULL, interrupter, &a) == 0);
	EQ(site_read(p[0], buf, 4L), 1);
	EQ(buf[0], 'z');
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(hits > 0); /* they may come together */
	set_handler(SIGUSR1, 0);
	CHECK(pthread_create(&t, NULL, interrupter, &a) == 0);
	while ((r = site_read(p[0], buf, 4L)) == -EINTR)
		;
	EQ(r, 1);
	CHECK(pthread_join(t, NULL) == 0);
	EQ(odd_places, 0);
}

static int step_at_sys, steps, step_bad;

static void
on_step(int sig, siginfo_t *si, void *ctx)
{
	const ucontext_t *uc = ctx;
	uintptr_t ip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)si;
	steps++;
	if (ip == (uintptr_t)site_step_sys) {
		step_at_sys++;
		step_bad += uc->uc_mcontext.gregs[REG_RAX] != SYS_getppid;
	}
	step_bad +=
	    ip < (uintptr_t)__executable_start || ip >= (uintptr_t)etext;
}

GTEST(single_step, "does a single step see each instruction of a hot place?")
{
	struct sigaction sa = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
	int cold = 0;

	CHECK(sigaction(SIGTRAP, &sa, NULL) == 0);
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			heat(site_step);
		step_at_sys = steps = step_bad = 0;
		__asm__ volatile("pushf\n\torl $0x100,(%%rsp)\n\tpopf\n\t"
				 "call *%0\n\t"
				 "pushf\n\tandl $~0x100,(%%rsp)\n\tpopf"
				 :
				 : "r"(site_step)
				 : "rax", "rcx", "r11", "memory", "cc");
		EQ(step_at_sys, 1);
		EQ(step_bad, 0);
		if (i == 0)
			cold = steps;
		EQ(steps, cold);
	}
}

/* --- processes -------------------------------------------------------------------- */

GTEST(
    forks, "do fork, vfork and exec from hot places work, and their children?")
{
	volatile int bad = 0;
	int status;

	heat(site_many);
	for (int i = 0; i < 150; i++) {
		pid_t me = getpid(), pid = (pid_t)site_fork(0);

		if (pid == 0)
			_exit(site_many(0) == me && syscall(SYS_getppid) == me
				? 7
				: 8);
		bad += waitpid(pid, &status, 0) != pid || status != 7 << 8;
	}
	EQ(bad, 0);
	for (int i = 0; i < 20; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			(void)site_many(0);
			execl("/proc/self/exe", "h_rewrite", "middle", NULL);
			_exit(9);
		}
		bad += waitpid(pid, &status, 0) != pid || status != 0;
	}
	EQ(bad, 0);
}

GTEST(killed, "does a process that calls without end stop, go on and die?")
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			(void)site_many(0);
	for (int i = 0; i < 30; i++) {
		usleep(1000);
		CHECK(kill(pid, SIGSTOP) == 0);
		CHECK(waitpid(pid, &status, WUNTRACED) == pid);
		CHECK(WIFSTOPPED(status));
		CHECK(kill(pid, SIGCONT) == 0);
	}
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

GTEST(gs, "may the program set its GS base, before and after?")
{
	static unsigned long word = 0x1234, other = 0x5678;
	unsigned long got, base;
	int bad = 0;

	for (int round = 0; round < 3; round++) {
		heat(site_gs);
		CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, &word) == 0);
		for (int i = 0; i < HOT; i++) {
			bad += site_gs(0) != getppid();
			__asm__ volatile("mov %%gs:0,%0" : "=r"(got));
			bad += got != word;
		}
		CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &base) == 0);
		EQ(base, (uintptr_t)&word);
		/* The same by the instruction, if the CPU has it. */
		if ((getauxval(AT_HWCAP2) & 2) != 0) {
			__asm__ volatile("wrgsbase %0" : : "r"(&other));
			bad += site_gs(0) != getppid();
			__asm__ volatile("mov %%gs:0,%0" : "=r"(got));
			bad += got != other;
			__asm__ volatile("wrgsbase %0" : : "r"(0UL));
			bad += site_gs(0) != getppid();
		}
		CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0) == 0);
		CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &base) == 0);
		EQ(base, 0);
	}
	EQ(bad, 0);
}

/* --- text -------------------------------------------------------------------------- */

static const unsigned char getppid_code[] = {
    0xb8, 110, 0, 0, 0, 0x0f, 0x05, 0xc3};

GTEST(self_modifying, "is writable text the original, and may it be changed?")
{
	unsigned char *code = (unsigned char *)(uintptr_t)site_patch_at;
	void *page = (void *)((uintptr_t)code & ~4095UL);

	for (int i = 0; i < 3; i++) {
		heat(site_patch);
		CHECK(mprotect(
			  page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
		CHECK(memcmp(code, getppid_code, 8) == 0);
		code[1] = SYS_getpid;
		EQ(site_patch(0), getpid());
		heat(site_patch);
		EQ(site_patch(0), getpid());
		code[1] = SYS_getppid;
		EQ(site_patch(0), getppid());
		CHECK(mprotect(page, 8192, PROT_READ | PROT_EXEC) == 0);
	}
}

GTEST(peek, "is hot text the original, as another process reads it?")
{
	unsigned char buf[24];
	int status;
	pid_t pid;

	heat(site_peek);
	if ((pid = fork()) == 0) {
		for (;;)
			(void)site_peek(0);
	}
	for (int off = 0; off < 8; off++) {
		struct iovec to = {buf, 8},
			     from = {
				 (void *)(uintptr_t)(site_peek_at + off), 8};

		EQ(process_vm_readv(pid, &to, 1, &from, 1, 0), 8);
		CHECK(memcmp(buf, getppid_code + off, 8 - (size_t)off) == 0);
		EQ(process_vm_readv(getpid(), &to, 1, &from, 1, 0), 8);
		CHECK(memcmp(buf, getppid_code + off, 8 - (size_t)off) == 0);
	}
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
}

/* A file with a hot place in it; how = MAP_PRIVATE or MAP_SHARED. */
static unsigned char *
map_code(int fd, int how, void *at)
{
	return (mmap(at, 8192, PROT_READ | PROT_EXEC,
	    how | (at != NULL ? MAP_FIXED : 0), fd, 0));
}

GTEST(mappings, "do hot places survive unmapping, moving, mapping again?")
{
	static unsigned char page[8192], now[8192];
	typedef long (*call_t)(long, ...);
	int fd = open("/tmp/code", O_RDWR | O_CREAT | O_TRUNC, 0700);
	unsigned char *m, *n;

	memset(page, 0xcc, sizeof(page));
	memcpy(page + 64, getppid_code, sizeof(getppid_code));
	memcpy(page + 4096 + 9, getppid_code, sizeof(getppid_code));
	/* One that goes over the end of a block, one over the page's. */
	memcpy(page + 141, getppid_code, sizeof(getppid_code));
	memcpy(page + 4093, getppid_code, sizeof(getppid_code));
	CHECK(write(fd, page, 8192) == 8192);
	for (int i = 0; i < 4; i++) {
		m = map_code(fd, i == 3 ? MAP_SHARED : MAP_PRIVATE, NULL);
		CHECK(m != MAP_FAILED);
		heat((call_t)(void *)(m + 64));
		heat((call_t)(void *)(m + 4096 + 9));
		heat((call_t)(void *)(m + 141));
		heat((call_t)(void *)(m + 4093));
		/* The file is as it was. */
		CHECK(pread(fd, now, 8192, 0) == 8192);
		CHECK(memcmp(page, now, 8192) == 0);
		if (i == 0) { /* mapped anew at the same address */
			CHECK(munmap(m, 4096) == 0);
			CHECK(map_code(fd, MAP_PRIVATE, m) == m);
		} else if (i == 1) { /* moved */
			n = mremap(m, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED,
			    m - 65536);
			CHECK(n == m - 65536);
			m = n;
		} else if (i == 2) { /* dropped, comes from the file again */
			CHECK(madvise(m, 8192, MADV_DONTNEED) == 0);
		}
		EQ(((call_t)(void *)(m + 64))(0), getppid());
		EQ(((call_t)(void *)(m + 141))(0), getppid());
		EQ(((call_t)(void *)(m + 4093))(0), getppid());
		EQ(((call_t)(void *)(m + 4096 + 9))(0), getppid());
		heat((call_t)(void *)(m + 64));
		EQ(((call_t)(void *)(m + 64))(0), getppid());
		CHECK(munmap(m, 8192) == 0);
	}
	close(fd);
	unlink("/tmp/code");
}

GTEST(unmapped_area, "what if a program maps all of its low memory for itself?")
{
	char *p;

	heat(site_many);
	CHECK(munmap((void *)0x5000000, 0x200000) == 0);
	EQ(site_many(0), getppid());
	heat(site_many);
	p = mmap((void *)0x5000000, 0x200000, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(p == (char *)0x5000000);
	memset(p, 0xa5, 0x200000);
	heat(site_many);
	EQ(site_many(0), getppid());
	EQ(syscall(SYS_getppid), getppid());
}
