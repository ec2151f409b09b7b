/* SPDX-License-Identifier: BSD-2-Clause */
/* The PC's part of struct lwp: what of its registers the frame does not hold. */
#ifndef MACHINE_LWP_MD_H
#define MACHINE_LWP_MD_H

#include <sys/types.h>
#include <cpu/debugreg.h>

struct cpu;

struct lwp_md {
	void *lm_fpu;		/* XSAVE area, 64-byte aligned */
	struct cpu *lm_fpu_cpu; /* whose registers hold it last, or NULL */
	bool lm_fpu_live;	/* the registers are newer than the area */
	bool lm_smap_off;	/* its next instruction runs without SMAP */
	uint16_t lm_sels[4];	/* ds es fs gs */
	struct debugregs lm_debug;
};

#endif
