/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short way of a system call: from a rewritten site (vk_rewrite.c) to the
 * kernel and back without a signal.
 *
 * On entry every register is the guest's as its syscall instruction would find
 * it, but for r11, where the address behind that instruction is, and rcx; both
 * are the call's to destroy.  The mailbox is the GS base, if the guest has
 * left that alone.
 *
 * No instruction here changes a flag, so they need not be saved: comparing is
 * done by lea and jrcxz.  No stack is used but a few bytes of the mailbox, to
 * read the flags.
 *
 * The code has three parts, at addresses that the kernel knows (stub_proto.h).
 * A host signal may come in any of them, and the kernel then knows the guest's
 * state:
 *	1. before the turn is given: the guest is at its syscall instruction;
 *	2. (within 1) the same, but rsp is in the mailbox;
 *	3. behind: the call is done, and its result is the state.
 * Lies in the mailbox lead a guest thread astray, and nobody else.
 */
#include "../../stub_proto.h"

#define NR_FUTEX   202
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define WAKE_ALL   0x7fffffff
#define XCHG_LEN   8 /* bytes of the instruction that gives the turn */

/* Words of the register frame, by their place in host_ucontext.uc_regs. */
#define FR_R8	   (MB_FAST + 0)
#define FR_R9	   (MB_FAST + 8)
#define FR_R10	   (MB_FAST + 16)
#define FR_R12	   (MB_FAST + 32)
#define FR_R13	   (MB_FAST + 40)
#define FR_R14	   (MB_FAST + 48)
#define FR_R15	   (MB_FAST + 56)
#define FR_RDI	   (MB_FAST + 64)
#define FR_RSI	   (MB_FAST + 72)
#define FR_RBP	   (MB_FAST + 80)
#define FR_RBX	   (MB_FAST + 88)
#define FR_RDX	   (MB_FAST + 96)
#define FR_RAX	   (MB_FAST + 104)
#define FR_RSP	   (MB_FAST + 120)
#define FR_RIP	   (MB_FAST + 128)
#define FR_RFLAGS  (MB_FAST + 136)

	.section .fast, "ax", @progbits
fast_base:
	/*
	 * Is the GS base in the mailboxes?  The upper half of the address,
	 * turned around by bswap, plus this, is 0 then.
	 */
	rdgsbase %rcx
	bswapq	%rcx
	leal	(0x100000000 - (((STUB_TEXT_HIGH & 0xff) << 24) | \
	    ((STUB_TEXT_HIGH >> 8) << 16)))(%rcx), %ecx
	jrcxz	1f
	/* The guest uses GS itself: the long way. */
	leaq	-2(%r11), %r11
	jmp	*%r11
1:	movq	%r8, %gs:FR_R8
	movq	%r9, %gs:FR_R9
	movq	%r10, %gs:FR_R10
	movq	%r12, %gs:FR_R12
	movq	%r13, %gs:FR_R13
	movq	%r14, %gs:FR_R14
	movq	%r15, %gs:FR_R15
	movq	%rdi, %gs:FR_RDI
	movq	%rsi, %gs:FR_RSI
	movq	%rbp, %gs:FR_RBP
	movq	%rbx, %gs:FR_RBX
	movq	%rdx, %gs:FR_RDX
	movq	%rax, %gs:FR_RAX
	movq	%rsp, %gs:FR_RSP
	movq	%r11, %gs:FR_RIP
	rdfsbase %rcx
	movq	%rcx, %gs:MB_FSBASE
	rdgsbase %rcx
	leaq	MB_STACK(%rcx), %rcx
	jmp	fast_stack

	.org	FAST_STACK
fast_stack:
	movq	%rcx, %rsp
	pushfq
	popq	%rcx
	movq	%gs:FR_RSP, %rsp
	jmp	fast_give

	.org	FAST_GIVE
fast_give:
	movq	%rcx, %gs:FR_RFLAGS
	movl	$HSIG_FAST, %gs:MB_SIG
	movl	$MBS_KERNEL, %ecx
	jmp	fast_xchg

	/*
	 * The turn goes with this instruction: the next one must be behind the
	 * border, for the call may be done before it runs.
	 */
	.org	FAST_GIVEN - XCHG_LEN
fast_xchg:
	xchgl	%ecx, %gs:MB_STATE
fast_given:
	.if	fast_given - fast_xchg != XCHG_LEN
	.error	"XCHG_LEN is wrong"
	.endif
	movl	%gs:MB_KSLEEP, %ecx
	jrcxz	fast_spin
	jmp	fast_wake

	/* The kernel wants all of the guest's state, or to change it: stop by
	 * a signal after all. */
fast_trap:
	ud2

	/* As sysret would leave them: rcx where to go, r11 the flags. */
fast_return:
	movq	%gs:FR_RAX, %rax
	movq	%gs:FR_RFLAGS, %r11
	movq	%gs:FR_RIP, %rcx
	jmp	*%rcx

fast_spin:
	movl	%gs:MB_SPIN, %r11d
2:	movl	%gs:MB_STATE, %ecx
	leal	-MBS_GUEST(%rcx), %ecx
	jrcxz	fast_return
	leal	(MBS_GUEST - MBS_PARK)(%rcx), %ecx
	jrcxz	fast_sleep
	leal	(MBS_PARK - MBS_TRAP)(%rcx), %ecx
	jrcxz	fast_trap
	movl	%r11d, %ecx
	jrcxz	fast_sleep
	leal	-1(%r11), %r11d
	pause
	jmp	2b

fast_sleep:
	movl	$1, %ecx
	xchgl	%ecx, %gs:MB_SSLEEP
	movl	%gs:MB_STATE, %edx
	leal	-MBS_GUEST(%rdx), %ecx
	jrcxz	3f
	leal	-MBS_TRAP(%rdx), %ecx
	jrcxz	3f
	rdgsbase %rdi
	movl	$FUTEX_WAIT, %esi
	movl	$0, %r10d
	movl	$NR_FUTEX, %eax
	syscall
	jmp	fast_sleep
3:	movl	$0, %gs:MB_SSLEEP
	movq	%gs:FR_RDI, %rdi
	movq	%gs:FR_RSI, %rsi
	movq	%gs:FR_RDX, %rdx
	movq	%gs:FR_R10, %r10
	jmp	fast_spin

fast_wake:
	rdgsbase %rdi
	movl	$FUTEX_WAKE, %esi
	movl	$WAKE_ALL, %edx
	movl	$NR_FUTEX, %eax
	syscall
	movq	%gs:FR_RDI, %rdi
	movq	%gs:FR_RSI, %rsi
	movq	%gs:FR_RDX, %rdx
	jmp	fast_spin

	.org	FAST_END
	ud2
	.section .note.GNU-stack,"",@progbits
