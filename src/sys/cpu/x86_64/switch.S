/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * void cpu_switch(void **from_sp, void *to_sp): leave the callee-saved
 * registers on the old stack, take them from the new one.  Frame layout:
 * r15 r14 r13 r12 rbp rbx return (CPU_SWITCH_RBP is rbp's offset).
 */
	.text
	.globl	cpu_switch
	.type	cpu_switch, @function
cpu_switch:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size	cpu_switch, . - cpu_switch
	.section .note.GNU-stack,"",@progbits
