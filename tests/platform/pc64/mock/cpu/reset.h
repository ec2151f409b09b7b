/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for the real <cpu/reset.h>. */
#ifndef CPU_RESET_H
#define CPU_RESET_H

void cpu_triple_fault(void);

#endif
