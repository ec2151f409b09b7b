/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user registers of an lwp while it is in the kernel.  The machine fills
 * it at entry and loads it at return; ABIs and signals read and write it.
 */
#ifndef CPU_FRAME_H
#define CPU_FRAME_H

#include <sys/types.h>

struct trapframe {
	uint64_t tf_r8, tf_r9, tf_r10, tf_r11, tf_r12, tf_r13, tf_r14, tf_r15;
	uint64_t tf_rdi, tf_rsi, tf_rbp, tf_rbx, tf_rdx, tf_rax, tf_rcx, tf_rsp;
	uint64_t tf_rip, tf_rflags;
	uint64_t tf_fsbase, tf_gsbase;
	uint64_t tf_err;    /* page fault error code */
	uint64_t tf_trapno; /* exception vector */
	uint64_t tf_addr;   /* CR2 of a page fault */
	uint64_t tf_cs;	    /* CS_USER32, or anything else for CS_USER */
};

/* A call as the syscall instruction has it: number in rax. */
static inline uint32_t
frame_syscall(const struct trapframe *tf, uint64_t args[6])
{
	args[0] = tf->tf_rdi;
	args[1] = tf->tf_rsi;
	args[2] = tf->tf_rdx;
	args[3] = tf->tf_r10;
	args[4] = tf->tf_r8;
	args[5] = tf->tf_r9;
	return ((uint32_t)tf->tf_rax);
}

/* Code segments, with Linux's numbers: 64-bit mode and compatibility mode. */
#define CS_USER	  0x33
#define CS_USER32 0x23

#define RFLAGS_CF 0x0001
#define RFLAGS_TF 0x0100
#define RFLAGS_DF 0x0400
#define RFLAGS_NT 0x4000
#define RFLAGS_AC 0x40000
/* What a program may set: CF PF AF ZF SF TF DF OF RF AC ID. */
#define RFLAGS_USER 0x250dd5UL
#define RFLAGS_IF   0x0200

#define T_DIVIDE    0
#define T_DEBUG	    1
#define T_BPT	    3
#define T_OFLOW	    4
#define T_BOUND	    5
#define T_ILLOP	    6
#define T_DNA	    7
#define T_GPF	    13
#define T_STACK	    12
#define T_PAGEFAULT 14
#define T_FPERR	    16
#define T_ALIGN	    17
#define T_SIMD	    19

#define PFERR_PRESENT 0x01
#define PFERR_WRITE   0x02
#define PFERR_USER    0x04
#define PFERR_INSTR   0x10

#endif
