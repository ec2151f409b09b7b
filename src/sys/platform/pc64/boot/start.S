/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the boot loader enters, and where other CPUs do.
 *
 * 1. One image, three protocols: multiboot 1 (with address fields, because
 *    QEMU wants them for a 64-bit file), multiboot 2, PVH (Xen ELF note 18).
 *    All enter in 32-bit protected mode without paging.
 * 2. EDI = magic and ESI = information, then long mode on the boot tables:
 *    physical 0..4 GiB at 0 and at PHYS_BASE, 0..1 GiB at KERNBASE, in 2 MiB
 *    pages.  pc_main builds the final ones; the boot tables stay, because a
 *    CPU that starts needs an identity mapping for a moment.
 * 3. A CPU starts in real mode at AP_BASE, where a copy of ap_start lies, walks
 *    to long mode on the boot tables, changes to the kernel's, and takes its
 *    stack from ap_stack_top.
 */
#include <machine/physmem.h>
#include "../pc_asm.h"

#define PA(sym) ((sym) - KERNBASE)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003 /* align modules, memory map, address fields */
#define MB2_MAGIC 0xe85250d6
#define PVH_MAGIC 0x336ec578

#define CR0_PE	    0x00000001
#define CR0_WP	    0x00010000
#define CR0_PG	    0x80000000
#define CR4_PAE	    0x20
#define MSR_EFER    0xc0000080
#define EFER_LME    0x100
#define EFER_NXE    0x800
#define PTE_RW	    0x03
#define PTE_RW_2M   0x83
#define COM1	    0x3f8

	.section .multiboot, "a"
	.balign 8
mb1_header:
	.long	MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
	.long	PA(mb1_header)		/* header_addr */
	.long	PA(kernel_start_va)	/* load_addr */
	.long	PA(kernel_file_end_va)	/* load_end_addr */
	.long	PA(kernel_end_va)	/* bss_end_addr */
	.long	PA(start_mb)		/* entry_addr */

	.balign 8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_end - mb2_header
	.long	-(MB2_MAGIC + 0 + (mb2_end - mb2_header))
	/* load addresses, for loaders that do not read the file's headers */
	.short	2, 0
	.long	24
	.long	PA(mb2_header), PA(kernel_start_va)
	.long	PA(kernel_file_end_va), PA(kernel_end_va)
	.short	3, 0			/* entry */
	.long	12, PA(start_mb)
	.balign 8
	.short	6, 0			/* modules on pages */
	.long	8
	.short	0, 0			/* end */
	.long	8
mb2_end:

	.section .note.Xen, "a", @note
	.balign 4
	.long	4, 4, 18		/* name size, size, PHYS32_ENTRY */
	.asciz	"Xen"
	.long	PA(start_pvh)

	.text
	.code32
	.globl	start_mb
start_pvh:
	movl	$PVH_MAGIC, %eax
start_mb:
	cli
	cld
	movl	%eax, %edx
	movl	%ebx, %esi
	/* The loader has done this, but where memory is short a module may lie
	   in it: so far that can be told. */
	movl	$PA(kernel_file_end_va), %edi
	movl	$PA(kernel_end_va), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl
	movl	%edx, %edi
	movl	$PA(boot_stack_top), %esp
	lgdt	PA(boot_gdt_ptr)

	/* A 64-bit CPU with no-execute pages, or a line and the end. */
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	andl	$((1 << 29) | (1 << 20)), %edx
	cmpl	$((1 << 29) | (1 << 20)), %edx
	jne	no_long_mode

	/* 4 GiB in 2 MiB pages. */
	movl	$PA(boot_pd), %ebx
	movl	$PTE_RW_2M, %eax
	movl	$2048, %ecx
1:	movl	%eax, (%ebx)
	movl	$0, 4(%ebx)
	addl	$0x200000, %eax
	addl	$8, %ebx
	loop	1b
	movl	$(PA(boot_pd) + PTE_RW), %eax
	movl	$PA(boot_pdpt), %ebx
	movl	$4, %ecx
1:	movl	%eax, (%ebx)
	addl	$4096, %eax
	addl	$8, %ebx
	loop	1b
	movl	$(PA(boot_pd) + PTE_RW), PA(boot_pdpt_image) + 510 * 8
	movl	$(PA(boot_pdpt) + PTE_RW), PA(boot_pml4)
	movl	$(PA(boot_pdpt) + PTE_RW), PA(boot_pml4) + 256 * 8
	movl	$(PA(boot_pdpt_image) + PTE_RW), PA(boot_pml4) + 511 * 8

	call	paging_on
	ljmp	$SEL_KCODE, $PA(start64)

/* Long mode on the boot tables; the caller jumps to 64-bit code. */
paging_on:
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PA(boot_pml4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_PE | 0x30), %eax	/* ET, NE */
	movl	%eax, %cr0
	ret

/* No console yet: say it on the first serial port, leave by the exit port. */
no_long_mode:
	movl	$PA(no_long_mode_text), %esi
1:	lodsb
	testb	%al, %al
	jz	2f
	movb	%al, %bl
	movw	$(COM1 + 5), %dx
	movl	$100000, %ecx
3:	inb	%dx, %al
	testb	$0x20, %al
	loopz	3b
	movb	%bl, %al
	movw	$COM1, %dx
	outb	%al, %dx
	jmp	1b
2:	movb	$2, %al
	outb	%al, $0xe9
	movl	$0x11, %eax
	movw	$0xf4, %dx
	outl	%eax, %dx
4:	hlt
	jmp	4b

	.code64
start64:
	movq	$1f, %rax		/* to the high half */
	jmp	*%rax
1:	movl	$SEL_KDATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	$boot_stack_top, %rsp
	pushq	$0			/* ends stack walks */
	xorl	%ebp, %ebp
	movl	%edi, %edi
	movl	%esi, %esi
	call	pc_main
1:	hlt
	jmp	1b

/* --- another CPU ----------------------------------------------------------- */

#define AP(sym) (AP_BASE + (sym) - ap_start)

	.globl	ap_start, ap_end
	.code16
ap_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	AP(ap_gdt_ptr)
	movl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$0x8, $AP(ap_start32)
	.balign 8
ap_gdt_ptr:
	.short	boot_gdt_end - boot_gdt - 1
	.long	PA(boot_gdt)
	.code32
ap_start32:
	movl	$SEL_KDATA, %eax
	movl	%eax, %ds
	movl	%eax, %ss
	movl	$PA(ap_low_stack_top), %esp
	movl	$PA(paging_on), %eax
	call	*%eax
	ljmp	$SEL_KCODE, $PA(ap_start64)
ap_end:

	.code64
ap_start64:
	movq	$1f, %rax
	jmp	*%rax
1:	movl	$SEL_KDATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	/* One takes it; a CPU that comes too late finds nothing to be. */
	xorl	%edi, %edi
	xchgq	%rdi, ap_cpu(%rip)
	testq	%rdi, %rdi
	jz	1f
	/* The boot tables do not show a stack above 4 GiB. */
	movq	kernel_cr3(%rip), %rax
	movq	%rax, %cr3
	movq	ap_stack_top(%rip), %rsp
	pushq	$0
	xorl	%ebp, %ebp
	call	pc_ap_main
1:	cli
	hlt
	jmp	1b

	.section .rodata
no_long_mode_text:
	.asciz	"Mayfly: this CPU has no 64-bit mode with no-execute pages; the kernel cannot run\r\n"
	.balign 16
boot_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x08 32-bit code, to start with */
	.quad	0x00af9b000000ffff	/* 0x10 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18 data */
boot_gdt_end:
boot_gdt_ptr:
	.short	boot_gdt_end - boot_gdt - 1
	.long	PA(boot_gdt)

	.data
	.globl	ap_stack_top, ap_cpu
	.balign 8
ap_stack_top:
	.quad	0
ap_cpu:
	.quad	0

	.bss
	.balign 4096
	.globl	boot_pml4, boot_stack_low
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096
boot_pdpt_image:
	.skip	4096
boot_pd:
	.skip	4 * 4096
boot_stack_low:
	.skip	32768
boot_stack_top:
	.skip	64
ap_low_stack_top:
	.section .note.GNU-stack, "", @progbits
