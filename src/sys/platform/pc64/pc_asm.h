/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that assembly and C agree on; C asserts them (pc_cpu.c). */
#ifndef PC64_PC_ASM_H
#define PC64_PC_ASM_H

/* Selectors: as Linux has them, for programs that know 0x23, 0x2b, 0x33. */
#define SEL_KCODE   0x10
#define SEL_KDATA   0x18
#define SEL_UCODE32 0x23
#define SEL_UDATA   0x2b
#define SEL_UCODE   0x33
#define SEL_TSS	    0x40
#define GDT_ENTRIES 16

/* struct cpu, from the GS base */
#define C_SELF	   0
#define C_THREAD   8
#define CM_FRAME   16
#define CM_KSP	   24
#define CM_SCRATCH 32

/* struct trapframe */
#define TF_R8	  0
#define TF_R9	  8
#define TF_R10	  16
#define TF_R11	  24
#define TF_R12	  32
#define TF_R13	  40
#define TF_R14	  48
#define TF_R15	  56
#define TF_RDI	  64
#define TF_RSI	  72
#define TF_RBP	  80
#define TF_RBX	  88
#define TF_RDX	  96
#define TF_RAX	  104
#define TF_RCX	  112
#define TF_RSP	  120
#define TF_RIP	  128
#define TF_RFLAGS 136
#define TF_FSBASE 144
#define TF_GSBASE 152
#define TF_ERR	  160
#define TF_TRAPNO 168
#define TF_ADDR	  176
#define TF_CS	  184

/* Vectors.  32..47 are the PIC's: masked, it may still give a spurious one. */
#define V_PIC	     0x20
#define V_NMI	     2
#define V_DFAULT     8
#define V_MCE	     18
#define V_DEVICE_MIN 0x30 /* devices */
#define V_DEVICE_MAX 0xef
#define V_KICK	     0xf0
#define V_SHOOT	     0xf1
#define V_TIMER	     0xf2
#define V_SPURIOUS   0xff
#define V_SYSCALL    256 /* not a vector: the syscall instruction */

/* Each paranoid stack: its lowest word is the CPU, for a lost GS base. */
#define IST_SIZE 8192
#define IST_DF	 1
#define IST_NMI	 2
#define IST_MCE	 3
#define IST_DB	 4
#define IST_MAX	 4

/* The page that a starting CPU begins in, below 1 MiB. */
#define AP_BASE 0x8000

#endif
