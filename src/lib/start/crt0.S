/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a native program begins, our brand note, and the common failure path of
 * the generated call stubs.
 */
	.text
	.globl	_start
	.type	_start, @function
_start:
	xorl	%ebp, %ebp
	movq	%rsp, %rdi		/* argc, argv, envp, auxv */
	andq	$-16, %rsp
	call	start_main
	hlt
	.size	_start, . - _start

	.globl	__sys_error
	.hidden	__sys_error
	.type	__sys_error, @function
__sys_error:
	movl	%eax, errno(%rip)
	movq	$-1, %rax
	ret
	.size	__sys_error, . - __sys_error

	/* The kernel takes files with this note for native ones. */
	.section .note.mayfly, "a", @note
	.balign	4
	.long	7			/* with the NUL */
	.long	4
	.long	1			/* ABI version follows */
	.asciz	"Mayfly"
	.balign	4
	.long	1

	.section .note.GNU-stack, "", @progbits
