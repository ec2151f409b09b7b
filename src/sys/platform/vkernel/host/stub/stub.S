/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stub's code that runs beside guest code.
 *
 * A guest can jump anywhere in here with any registers and can write every
 * page it sees but the control block, so nothing below trusts memory it could
 * reach: the mapper works from registers and the control block alone, and
 * what a guest thread does here (futex, rt_sigreturn) can hurt only its own
 * process.  No stack is used but the host's signal frame.
 */
#include "../../stub_proto.h"

#define HSIG_KICK      12
#define NR_SIGRETURN   15
#define NR_PWRITE      18
#define NR_SIGALTSTACK 131
#define NR_FUTEX       202
#define NR_SECCOMP     317
#define FUTEX_WAIT     0
#define FUTEX_WAKE     1
#define WAKE_ALL       0x7fffffff

	.text

/*
 * Signal handler: rdi signal, rsi siginfo, rdx ucontext.  Leave word, give the
 * turn to the kernel, wait for it, resume what the kernel says.
 */
	.globl	stub_handler
stub_handler:
	movq	%rsp, %rbx
	andq	$-MAILBOX_SIZE, %rbx
	/* A kick that comes too late to a thread that has given the turn by
	 * the short way: the kernel has what it wants. */
	cmpl	$HSIG_KICK, %edi
	jne	1f
	cmpl	$MBS_GUEST, MB_STATE(%rbx)
	jne	drop_signal
1:	movl	%edi, MB_SIG(%rbx)
	movq	%rsi, MB_INFO(%rbx)
	movq	%rdx, MB_UCONTEXT(%rbx)
	rdfsbase %rax
	movq	%rax, MB_FSBASE(%rbx)
	rdgsbase %rax
	movq	%rax, MB_GSBASE(%rbx)
	leaq	8(%rsp), %rax
	movq	%rax, MB_FRAME(%rbx)
give:	movl	$MBS_KERNEL, %eax
	xchgl	%eax, MB_STATE(%rbx)
	cmpl	$0, MB_KSLEEP(%rbx)
	je	wait_turn
	leaq	MB_STATE(%rbx), %rdi
	movl	$FUTEX_WAKE, %esi
	movl	$WAKE_ALL, %edx
	movl	$NR_FUTEX, %eax
	syscall

wait_turn:
	movl	MB_SPIN(%rbx), %ecx
1:	movl	MB_STATE(%rbx), %eax
	cmpl	$MBS_GUEST, %eax
	je	resume
	cmpl	$MBS_PARK, %eax
	je	2f
	cmpl	$MBS_TRAP, %eax /* not for us: the mailbox was lied to */
	je	give
	testl	%ecx, %ecx
	je	2f
	pause
	decl	%ecx
	jmp	1b
2:	movl	$1, %eax
	xchgl	%eax, MB_SSLEEP(%rbx)
	movl	MB_STATE(%rbx), %edx
	cmpl	$MBS_GUEST, %edx
	je	resume
	leaq	MB_STATE(%rbx), %rdi
	movl	$FUTEX_WAIT, %esi
	xorl	%r10d, %r10d
	movl	$NR_FUTEX, %eax
	syscall
	jmp	2b

resume:
	movl	$0, MB_SSLEEP(%rbx)
	movq	MB_FSBASE(%rbx), %rax
	wrfsbase %rax
	movq	MB_GSBASE(%rbx), %rax
	wrgsbase %rax
	movq	MB_FRAME(%rbx), %rsp
	movl	$NR_SIGRETURN, %eax
	syscall
	ud2

drop_signal:
	addq	$8, %rsp
	.globl	stub_restorer
stub_restorer:
	movl	$NR_SIGRETURN, %eax
	syscall
	ud2

/*
 * The mapper: rdi its signal mask is full, nothing but the stub is mapped.
 * r12 control block, r13d batch done, r14 order, r15d orders left, ebx failed,
 * rbp thread block of a clone order.
 */
	.globl	stub_mapper
stub_mapper:
	movabsq	$STUB_CONTROL, %r12
	xorl	%r13d, %r13d
mapper_wait:
	movl	CTL_SEQ(%r12), %eax
	cmpl	%r13d, %eax
	jne	1f
	leaq	CTL_SEQ(%r12), %rdi
	movl	$FUTEX_WAIT, %esi
	movl	%r13d, %edx
	xorl	%r10d, %r10d
	movl	$NR_FUTEX, %eax
	syscall
	jmp	mapper_wait
1:	movl	%eax, %r13d
	leaq	CTL_ORDERS(%r12), %r14
	movl	CTL_COUNT(%r12), %r15d
	xorl	%ebx, %ebx
2:	testl	%r15d, %r15d
	je	4f
	movq	(%r14), %rax
	movq	8(%r14), %rdi
	movq	16(%r14), %rsi
	movq	24(%r14), %rdx
	movq	32(%r14), %r10
	movq	40(%r14), %r8
	movq	48(%r14), %r9
	/* A new thread may run when this order is long overwritten: what it
	 * needs is in rbp, its thread block, 0 for every other order. */
	movq	56(%r14), %rbp
	syscall
	testq	%rax, %rax
	jne	3f
	testq	%rbp, %rbp
	jne	thread_start
3:	cmpq	$-4096, %rax
	jb	5f
	movl	$1, %ebx
5:	addq	$ORDER_SIZE, %r14
	decl	%r15d
	jmp	2b
4:	leaq	CTL_OK(%r12), %rsi
	testl	%ebx, %ebx
	je	6f
	leaq	CTL_FAILED(%r12), %rsi
6:	movl	$STUB_FD, %edi
	movl	$4, %edx
	movq	CTL_DONE_OFF(%r12), %r10
	movl	$NR_PWRITE, %eax
	syscall
	leaq	CTL_DONE(%r12), %rdi
	movl	$FUTEX_WAKE, %esi
	movl	$WAKE_ALL, %edx
	movl	$NR_FUTEX, %eax
	syscall
	jmp	mapper_wait

/* A new guest thread: signal stack, its stricter filter, then wait. */
thread_start:
	movq	%rbp, %rdi
	xorl	%esi, %esi
	movl	$NR_SIGALTSTACK, %eax
	syscall
	movl	$1, %edi
	xorl	%esi, %esi
	leaq	stub_guest_prog(%rip), %rdx
	movl	$NR_SECCOMP, %eax
	syscall
	testq	%rax, %rax
	jne	7f
	movq	24(%rbp), %rbx
	jmp	wait_turn
7:	ud2

	.globl	_start
_start:
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	stub_main
	/* stub_main returned the end of what to unmap above the stub. */
	movq	%rax, %rbx
	movabsq	$0x10000, %rdi
	movabsq	$(STUB_TEXT - 0x10000), %rsi
	movl	$HNR_MUNMAP, %eax
	syscall
	movabsq	$(STUB_MAILBOX), %rdi
	movq	%rbx, %rsi
	subq	%rdi, %rsi
	movl	$HNR_MUNMAP, %eax
	syscall
	/* The mapper's filter is the last thing that needs no filter. */
	movl	$1, %edi
	xorl	%esi, %esi
	leaq	stub_mapper_prog(%rip), %rdx
	movl	$NR_SECCOMP, %eax
	syscall
	testq	%rax, %rax
	je	stub_mapper
	ud2
	.section .note.GNU-stack,"",@progbits
