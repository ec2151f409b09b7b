/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Crossings between user mode and the kernel, and traps of the kernel itself.
 *
 * 1. Running a program is a function call: user_run(frame, sysret) saves the
 *    callee-saved registers on the kernel stack, leaves its stack pointer in
 *    CM_KSP and loads the frame.  Whatever brings the CPU back (syscall,
 *    exception, interrupt) stores the registers in the same frame and returns
 *    from user_run.  Interrupts are off from before the call to after the
 *    return.
 * 2. The hardware frame of an entry from user mode lands on the small entry
 *    stack of the CPU (TSS rsp0), or on an IST stack; it is copied out at once.
 *    The gates leave AC as the program had it: it is cleared for SMAP's sake.
 * 3. In the kernel an exception or interrupt saves all registers on the current
 *    stack and calls trap_kernel; interrupt handlers there only note.
 * 4. NMI, double fault, machine check and debug run on IST stacks and may come
 *    with either GS base, even between a swapgs and what follows: they take
 *    the CPU from the lowest word of their stack and put back what they found.
 *    One that came from user mode (debug) goes the ordinary way.
 */
#include "pc_asm.h"

#define RFLAGS_IF 0x200

	.text

/* Frame pointer in %rsp, user's GS base loaded no more: save the rest, go. */
	.macro	SAVE_GPRS
	movq	%r8, TF_R8(%rsp)
	movq	%r9, TF_R9(%rsp)
	movq	%r10, TF_R10(%rsp)
	movq	%r12, TF_R12(%rsp)
	movq	%r13, TF_R13(%rsp)
	movq	%r14, TF_R14(%rsp)
	movq	%r15, TF_R15(%rsp)
	movq	%rdi, TF_RDI(%rsp)
	movq	%rsi, TF_RSI(%rsp)
	movq	%rbp, TF_RBP(%rsp)
	movq	%rbx, TF_RBX(%rsp)
	movq	%rdx, TF_RDX(%rsp)
	.endm

/* The end of every entry: back to who called user_run. */
	.macro	LEAVE_USER_RUN
	movq	%gs:CM_KSP, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.endm

	.globl	syscall_entry, syscall_entry_end
	.balign 16
syscall_entry:
	swapgs
	movq	%rsp, %gs:CM_SCRATCH
	movq	%gs:CM_FRAME, %rsp
	SAVE_GPRS
	movq	%rax, TF_RAX(%rsp)
	movq	%rcx, TF_RCX(%rsp)
	movq	%r11, TF_R11(%rsp)
	movq	%rcx, TF_RIP(%rsp)
	movq	%r11, TF_RFLAGS(%rsp)
	movq	%gs:CM_SCRATCH, %rax
	movq	%rax, TF_RSP(%rsp)
	movq	$V_SYSCALL, TF_TRAPNO(%rsp)
	movq	$SEL_UCODE, TF_CS(%rsp)
	LEAVE_USER_RUN

/* A syscall from 32-bit code (AMD allows it): answered as an exception. */
	.globl	syscall32_entry
	.balign 16
syscall32_entry:
	swapgs
	movq	%rsp, %gs:CM_SCRATCH
	movq	%gs:CM_FRAME, %rsp
	SAVE_GPRS
	movq	%rax, TF_RAX(%rsp)
	movq	%rcx, TF_RCX(%rsp)
	movq	%r11, TF_R11(%rsp)
	movq	%rcx, TF_RIP(%rsp)
	movq	%r11, TF_RFLAGS(%rsp)
	movq	%gs:CM_SCRATCH, %rax
	movq	%rax, TF_RSP(%rsp)
	movq	$6, TF_TRAPNO(%rsp)	/* #UD */
	movq	$SEL_UCODE32, TF_CS(%rsp)
	LEAVE_USER_RUN
syscall_entry_end:

/* int user_run(struct trapframe *frame, bool sysret) */
	.globl	user_run
	.balign 16
user_run:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %gs:CM_KSP
	movq	%rdi, %gs:CM_FRAME
	testl	%esi, %esi
	movq	TF_R8(%rdi), %r8
	movq	TF_R9(%rdi), %r9
	movq	TF_R10(%rdi), %r10
	movq	TF_R12(%rdi), %r12
	movq	TF_R13(%rdi), %r13
	movq	TF_R14(%rdi), %r14
	movq	TF_R15(%rdi), %r15
	movq	TF_RSI(%rdi), %rsi
	movq	TF_RBP(%rdi), %rbp
	movq	TF_RBX(%rdi), %rbx
	movq	TF_RDX(%rdi), %rdx
	movq	TF_RAX(%rdi), %rax
	jz	1f
	movq	TF_RIP(%rdi), %rcx
	movq	TF_RFLAGS(%rdi), %r11
	movq	TF_RSP(%rdi), %rsp
	movq	TF_RDI(%rdi), %rdi
	swapgs
	sysretq
1:	movq	TF_RCX(%rdi), %rcx
	movq	TF_R11(%rdi), %r11
	pushq	$SEL_UDATA
	pushq	TF_RSP(%rdi)
	pushq	TF_RFLAGS(%rdi)
	pushq	TF_CS(%rdi)
	pushq	TF_RIP(%rdi)
	movq	TF_RDI(%rdi), %rdi
	swapgs
	iretq
	.globl	user_run_end
user_run_end:

/*
 * From user mode by exception or interrupt.  On the entry stack:
 * vector error rip cs rflags rsp ss.
 */
	.balign 16
user_trap:
	swapgs
	cld
	cmpb	$0, cpu_has_smap(%rip)
	je	1f
	clac
1:
	movq	%rax, %gs:CM_SCRATCH
	movq	%rsp, %rax		/* the hardware frame */
	movq	%gs:CM_FRAME, %rsp
	SAVE_GPRS
	movq	%rcx, TF_RCX(%rsp)
	movq	%r11, TF_R11(%rsp)
	movq	%gs:CM_SCRATCH, %rcx
	movq	%rcx, TF_RAX(%rsp)
	movq	0(%rax), %rcx
	movq	%rcx, TF_TRAPNO(%rsp)
	movq	8(%rax), %rdx
	movq	%rdx, TF_ERR(%rsp)
	movq	16(%rax), %rdx
	movq	%rdx, TF_RIP(%rsp)
	movq	24(%rax), %rdx
	movq	%rdx, TF_CS(%rsp)
	movq	32(%rax), %rdx
	movq	%rdx, TF_RFLAGS(%rsp)
	movq	40(%rax), %rdx
	movq	%rdx, TF_RSP(%rsp)
	cmpl	$14, %ecx
	jne	1f
	movq	%cr2, %rax
	movq	%rax, TF_ADDR(%rsp)
1:	LEAVE_USER_RUN

/* Any vector: the stub pushed error (or 0) and vector. */
	.balign 16
trap_common:
	testb	$3, 24(%rsp)
	jnz	user_trap
	.macro	PUSH_ALL
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	.endm
	.macro	POP_ALL
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	.endm
	PUSH_ALL
	cmpb	$0, cpu_has_smap(%rip)
	je	1f
	clac
1:	movq	%rsp, %rdi
	/* A frame-pointer link for stack walks, and alignment. */
	pushq	120+16(%rdi)		/* rip */
	pushq	%rbp
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_kernel
	movq	%rbp, %rsp
	addq	$16, %rsp
	POP_ALL
	iretq

/* NMI, #DF, #MC, #DB: see 4.  %rbx keeps the GS base found. */
	.balign 16
trap_paranoid:
	cmpl	$1, (%rsp)		/* #DB from user mode */
	jne	1f
	testb	$3, 24(%rsp)
	jnz	user_trap
1:	PUSH_ALL
	cmpb	$0, cpu_has_smap(%rip)
	je	1f
	clac
1:	movl	$0xc0000101, %ecx
	rdmsr
	shlq	$32, %rdx
	leaq	(%rdx, %rax), %rbx
	movq	%rsp, %rax
	andq	$-IST_SIZE, %rax
	movq	(%rax), %rax		/* struct cpu */
	movq	%rax, %rdx
	shrq	$32, %rdx
	wrmsr
	movq	%rsp, %rdi
	pushq	120+16(%rdi)
	pushq	%rbp
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_kernel
	movq	%rbp, %rsp
	addq	$16, %rsp
	movl	$0xc0000101, %ecx
	movq	%rbx, %rax
	movq	%rbx, %rdx
	shrq	$32, %rdx
	wrmsr
	POP_ALL
	iretq

/* 256 stubs of 16 bytes. */
	.globl	trap_stubs
	.balign 16
trap_stubs:
	.set	v, 0
	.rept	256
	.balign 16
	.if	v == 8 || (v >= 10 && v <= 14) || v == 17 || v == 21 || v == 29 || v == 30
	.else
	pushq	$0
	.endif
	pushq	$v
	.if	v == 1 || v == V_NMI || v == V_DFAULT || v == V_MCE
	jmp	trap_paranoid
	.else
	jmp	trap_common
	.endif
	.set	v, v + 1
	.endr
	.section .note.GNU-stack, "", @progbits
