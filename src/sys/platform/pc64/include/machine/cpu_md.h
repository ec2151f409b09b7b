/* SPDX-License-Identifier: BSD-2-Clause */
/* The PC's part of struct cpu.  Offsets for assembly: pc64/assym.c. */
#ifndef MACHINE_CPU_MD_H
#define MACHINE_CPU_MD_H

#include <sys/types.h>

struct pmap;
struct lwp;
struct cpu;
struct trapframe;

/* Where cpu_switch leaves the frame pointer, from td_sp. */
#define CPU_SWITCH_RBP 32

#define IRQ_VECTORS 256

/* Task state segment (Intel SDM vol. 3, figure 8-11). */
struct tss {
	uint32_t ts_pad0;
	uint64_t ts_rsp[3];
	uint64_t ts_pad1;
	uint64_t ts_ist[7];
	uint64_t ts_pad2;
	uint16_t ts_pad3, ts_iomap;
} __attribute__((packed));

struct shootdown {
	struct pmap *sd_pmap;
	uint32_t sd_n; /* pages in sd_va; > PMAP_INVAL_MAX: all */
	bool sd_leave; /* stop using the pmap at all */
	const uaddr_t *sd_va;
	volatile uint32_t sd_left; /* (atomic) CPUs that are not done */
};

struct cpu_md {
	struct trapframe *cm_frame; /* where an entry from user mode saves */
	uint64_t cm_ksp;	    /* kernel stack to go on with then */
	uint64_t cm_scratch;
	uint32_t cm_apic_id;
	struct pmap *cm_pmap;	  /* whose tables CR3 holds; NULL: kernel's */
	struct lwp *cm_bases_lwp; /* whose bases user mode has here */
	uint64_t cm_fsbase, cm_gsbase; /* what user mode has loaded here */
	struct lwp *cm_fpu_lwp;	       /* whose state the registers hold */
	nstime_t cm_timer;	       /* when the timer fires, 0: not armed */
	volatile bool cm_user, cm_halted; /* it is not in the kernel */
	volatile uint64_t cm_irqs[IRQ_VECTORS / 64]; /* (atomic) noted */
	volatile uint32_t cm_irq_any;	 /* some bit of them is set */
	volatile uint32_t cm_shoot_from; /* (atomic) bit per requesting CPU */
	struct shootdown cm_shoot;	 /* its own request */
	uint32_t cm_polls;		 /* (self) poll points passed */
	uint32_t cm_polls_seen;		 /* the watchdog's: as they were */
	uint32_t cm_stuck;		 /* checks in turn that saw no change */
	uint64_t cm_check_tsc;		 /* the last check */
	volatile bool cm_up;		 /* it has started */
	volatile bool cm_stopped;	 /* parked by machine_stop_others */
	uintptr_t cm_stop_pc, cm_stop_fp;
	struct tss cm_tss;
	uint64_t cm_gdt[16];
	uint64_t cm_entry_stack[32] __attribute__((aligned(16)));
};

#endif
