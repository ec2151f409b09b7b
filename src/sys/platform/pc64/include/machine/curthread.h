/* SPDX-License-Identifier: BSD-2-Clause */
/* The running CPU and thread, through the GS base. */
#ifndef MACHINE_CURTHREAD_H
#define MACHINE_CURTHREAD_H

static inline struct cpu *
curcpu_get(void)
{
	struct cpu *c;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(c));
	return (c);
}

static inline struct thread *
curthread_get(void)
{
	struct thread *td;

	__asm__ volatile("movq %%gs:8, %0" : "=r"(td));
	return (td);
}

#define curcpu	  (curcpu_get())
#define curthread (curthread_get())

#endif
