/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host leaves on a signal stack: layouts of the Linux amd64 signal
 * frame (arch/x86 sigcontext, siginfo), as data.
 */
#ifndef HOST_FRAME_H
#define HOST_FRAME_H

#include <sys/types.h>

struct host_ucontext {
	uint64_t uc_flags, uc_link;
	uint64_t uc_stack[3];
	/* r8-r15 rdi rsi rbp rbx rdx rax rcx rsp rip eflags: the order of
	 * struct trapframe. */
	uint64_t uc_regs[18];
	uint64_t uc_segments;
	uint64_t uc_err, uc_trapno, uc_oldmask, uc_cr2;
	uint64_t uc_fpstate; /* address, 0: initial state */
	uint64_t uc_reserved[8];
	uint64_t uc_sigmask;
};
_Static_assert(offsetof(struct host_ucontext, uc_regs) == 40, "gregs");
_Static_assert(offsetof(struct host_ucontext, uc_fpstate) == 224, "fpstate");

#define UC_FP_XSTATE  0x1
#define HOST_SEGMENTS 0x002b000000000000UL /* ss, -, gs, and cs to be added */

#define SI_OFF_CODE 8
#define SI_OFF_ADDR 16
#define SI_OFF_NR   24 /* SIGSYS: int */
#define SI_OFF_ARCH 28
#define ARCH_X86_64 0xc000003eu

#define FP_MAGIC1_OFF	 464 /* in the legacy area: magic, extended size */
#define FP_MAGIC1	 0x46505853u
#define FP_EXTENDED_OFF	 468
#define FP_XFEATURES_OFF 472 /* the features that the state has room for */
#define FP_X87_SSE	 3UL
#define FP_MARK_END	 512
#define FP_MAGIC2_SIZE	 4 /* behind the state, in the extended size */
#define FP_LEGACY_SIZE	 512

/* Host signal numbers that a stub reports. */
#define HSIG_ILL  4
#define HSIG_TRAP 5
#define HSIG_BUS  7
#define HSIG_FPE  8
#define HSIG_SEGV 11
#define HSIG_KICK 12 /* USR2 */
#define HSIG_SYS  31

#endif
