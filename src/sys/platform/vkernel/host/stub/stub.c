/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stub: a host process that lends its address space to one guest
 * vmspace.  This file is its start: open the control block, install the
 * signal handler, lay down the filters; then stub.S drops everything else.
 *
 * Filters.  Every system call from outside the stub's text traps (SIGSYS):
 * it is the guest's.  From inside, the mapper may map, unmap, protect, make
 * threads and report; a guest thread adds a filter of its own that leaves it
 * futex wait/wake and rt_sigreturn.  Filters are per thread and the strictest
 * answer wins, so a guest thread that jumps to the mapper's code gains nothing.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <signal.h>

#include "../../stub_proto.h"

extern void stub_handler(int, siginfo_t *, void *);
extern void stub_restorer(void);
uint64_t stub_main(const uint64_t *sp);

#define LOAD(field)                                                            \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field)                                                       \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                     \
	    offsetof(struct seccomp_data, field) + 4)
#define IF_EQ(k, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), (t), (f))
#define IF_GE(k, t, f) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (k), (t), (f))
#define RETURN(v)      BPF_STMT(BPF_RET | BPF_K, (v))

static const struct sock_filter guest_filter[] = {
    LOAD(arch),
    IF_EQ(AUDIT_ARCH_X86_64, 0, 10),
    LOAD_HIGH(instruction_pointer),
    IF_EQ(STUB_TEXT_HIGH, 0, 8),
    LOAD(instruction_pointer),
    IF_GE(STUB_TEXT_SIZE, 6, 0),
    LOAD(nr),
    IF_EQ(SYS_rt_sigreturn, 5, 0),
    IF_EQ(SYS_futex, 0, 3),
    LOAD(args[1]),
    IF_EQ(0 /* FUTEX_WAIT */, 2, 0),
    IF_EQ(1 /* FUTEX_WAKE */, 1, 0),
    RETURN(SECCOMP_RET_TRAP),
    RETURN(SECCOMP_RET_ALLOW),
};

static const struct sock_filter mapper_filter[] = {
    LOAD(arch),
    IF_EQ(AUDIT_ARCH_X86_64, 0, 14),
    LOAD_HIGH(instruction_pointer),
    IF_EQ(STUB_TEXT_HIGH, 0, 12),
    LOAD(instruction_pointer),
    IF_GE(STUB_TEXT_SIZE, 10, 0),
    LOAD(nr),
    IF_EQ(SYS_rt_sigreturn, 9, 0),
    IF_EQ(SYS_futex, 8, 0),
    IF_EQ(SYS_mmap, 7, 0),
    IF_EQ(SYS_munmap, 6, 0),
    IF_EQ(SYS_mprotect, 5, 0),
    IF_EQ(SYS_pwrite64, 4, 0),
    IF_EQ(SYS_clone, 3, 0),
    IF_EQ(SYS_sigaltstack, 2, 0),
    IF_EQ(SYS_seccomp, 1, 0),
    RETURN(SECCOMP_RET_TRAP),
    RETURN(SECCOMP_RET_ALLOW),
};

const struct sock_fprog stub_guest_prog = {
    sizeof(guest_filter) / sizeof(guest_filter[0]),
    (struct sock_filter *)(uintptr_t)guest_filter,
};
const struct sock_fprog stub_mapper_prog = {
    sizeof(mapper_filter) / sizeof(mapper_filter[0]),
    (struct sock_filter *)(uintptr_t)mapper_filter,
};

static long
call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile(
	    "syscall"
	    : "=a"(ret)
	    : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	    : "rcx", "r11", "memory");
	return (ret);
}

static void
fail(int code)
{
	call(SYS_exit_group, code, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

struct host_sigaction {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static void
install_handlers(void)
{
	static const int8_t sigs[] = {
	    SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGUSR2};
	struct host_sigaction sa = {stub_handler,
	    SA_SIGINFO | SA_ONSTACK | 0x04000000 /* SA_RESTORER */,
	    stub_restorer, ~0UL};

	for (unsigned i = 0; i < sizeof(sigs); i++)
		if (call(SYS_rt_sigaction, sigs[i], (long)&sa, 0, 8, 0, 0) != 0)
			fail(3);
}

/*
 * sp: the initial stack, argc, argv.  argv[1] is the control block's offset in
 * guest RAM, in hexadecimal.  Returns the end of user addresses.
 */
uint64_t
stub_main(const uint64_t *sp)
{
	uint64_t off = 0, all = ~0UL;

	if (sp[0] != 2)
		fail(2);
	for (const char *p = (const char *)sp[2]; *p != '\0'; p++)
		off =
		    off * 16 + (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
	if (call(SYS_mmap, STUB_CONTROL, CONTROL_SIZE, PROT_READ,
		MAP_SHARED | MAP_FIXED, STUB_FD, (long)off) != STUB_CONTROL)
		fail(4);
	call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8, 0, 0);
	install_handlers();
	if (call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0) != 0)
		fail(5);
	return (0x7ffffffff000);
}
