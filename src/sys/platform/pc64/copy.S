/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to user memory, and to registers that a CPU may refuse (at the end).
 * Each place that may fault stands in the fixup table as [start, end) -> where
 * to go on when the page cannot be had; trap_kernel looks there.  With SMAP the
 * AC flag opens user pages for the loop alone.  The loops move 64 bytes a turn:
 * `rep movsb` is ten times slower under TCG.
 */
	.text

	.macro	FIXUP from, to, go
	.pushsection .fixup_table, "a"
	.quad	\from, \to, \go
	.popsection
	.endm
	.macro	USER_OPEN
	cmpb	$0, cpu_has_smap(%rip)
	je	99f
	stac
99:
	.endm
	.macro	USER_CLOSE
	cmpb	$0, cpu_has_smap(%rip)
	je	99f
	clac
99:
	.endm

/* size_t user_copy(void *to, const void *from, size_t n): bytes left over */
	.globl	user_copy
	.balign 16
user_copy:
	USER_OPEN
.Lcopy:
	subq	$64, %rdx
	jb	2f
1:	movq	(%rsi), %rax
	movq	8(%rsi), %rcx
	movq	16(%rsi), %r8
	movq	24(%rsi), %r9
	movq	%rax, (%rdi)
	movq	%rcx, 8(%rdi)
	movq	%r8, 16(%rdi)
	movq	%r9, 24(%rdi)
	movq	32(%rsi), %rax
	movq	40(%rsi), %rcx
	movq	48(%rsi), %r8
	movq	56(%rsi), %r9
	movq	%rax, 32(%rdi)
	movq	%rcx, 40(%rdi)
	movq	%r8, 48(%rdi)
	movq	%r9, 56(%rdi)
	addq	$64, %rsi
	addq	$64, %rdi
	subq	$64, %rdx
	jae	1b
2:	addq	$64, %rdx
.Lcopy_words_start:
	subq	$8, %rdx
	jb	4f
3:	movq	(%rsi), %rax
	movq	%rax, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subq	$8, %rdx
	jae	3b
4:	addq	$8, %rdx
.Lcopy_bytes:
	testq	%rdx, %rdx
	jz	6f
5:	movb	(%rsi), %al
	movb	%al, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rdx
	jnz	5b
6:
.Lcopy_end:
	USER_CLOSE
	movq	%rdx, %rax
	ret
/* A fault in the wide loops has left rdx 64 or 8 short: any value but 0. */
.Lcopy_fault:
	USER_CLOSE
	movl	$1, %eax
	ret
	FIXUP .Lcopy, .Lcopy_end, .Lcopy_fault

/* size_t user_clear(void *to, size_t n): not 0 if it faulted */
	.globl	user_clear
	.balign 16
user_clear:
	USER_OPEN
	xorl	%eax, %eax
.Lclear:
	subq	$8, %rsi
	jb	2f
1:	movq	%rax, (%rdi)
	addq	$8, %rdi
	subq	$8, %rsi
	jae	1b
2:	addq	$8, %rsi
	jz	4f
3:	movb	%al, (%rdi)
	incq	%rdi
	decq	%rsi
	jnz	3b
4:
.Lclear_end:
	USER_CLOSE
	xorl	%eax, %eax
	ret
	FIXUP .Lclear, .Lclear_end, .Lcopy_fault

/*
 * int64_t user_string(char *to, const char *from, size_t max): bytes with the
 * NUL; max if there was none; -1 if it faulted
 */
	.globl	user_string
	.balign 16
user_string:
	USER_OPEN
	xorl	%ecx, %ecx
.Lstring:
	testq	%rdx, %rdx
	jz	2f
1:	movb	(%rsi, %rcx), %al
	movb	%al, (%rdi, %rcx)
	incq	%rcx
	testb	%al, %al
	jz	2f
	cmpq	%rdx, %rcx
	jb	1b
2:
.Lstring_end:
	USER_CLOSE
	movq	%rcx, %rax
	ret
.Lstring_fault:
	USER_CLOSE
	movq	$-1, %rax
	ret
	FIXUP .Lstring, .Lstring_end, .Lstring_fault

/* int user_get32(const uint32_t *from, uint32_t *to): 0, or 1 if it faulted */
	.globl	user_get32
	.balign 16
user_get32:
	USER_OPEN
.Lget32:
	movl	(%rdi), %eax
.Lget32_end:
	USER_CLOSE
	movl	%eax, (%rsi)
	xorl	%eax, %eax
	ret
	FIXUP .Lget32, .Lget32_end, .Lcopy_fault

/* int user_swap32(uint32_t *at, uint32_t expect, uint32_t value, uint32_t *old) */
	.globl	user_swap32
	.balign 16
user_swap32:
	movl	%esi, %eax
	USER_OPEN
.Lswap32:
	lock cmpxchgl %edx, (%rdi)
.Lswap32_end:
	USER_CLOSE
	movl	%eax, (%rcx)
	xorl	%eax, %eax
	ret
	FIXUP .Lswap32, .Lswap32_end, .Lcopy_fault

/* int cr4_try(uint64_t value), int xcr0_try(uint64_t value): 1 if it faulted */
	.globl	cr4_try, xcr0_try
	.balign 16
cr4_try:
	xorl	%eax, %eax
.Lcr4:
	movq	%rdi, %cr4
.Lcr4_end:
	ret
xcr0_try:
	movl	%edi, %eax
	movq	%rdi, %rdx
	shrq	$32, %rdx
	xorl	%ecx, %ecx
.Lxcr0:
	xsetbv
.Lxcr0_end:
	xorl	%eax, %eax
	ret
.Lrefused:
	movl	$1, %eax
	ret
	FIXUP .Lcr4, .Lcr4_end, .Lrefused
	FIXUP .Lxcr0, .Lxcr0_end, .Lrefused
	.section .note.GNU-stack, "", @progbits
