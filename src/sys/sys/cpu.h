/* SPDX-License-Identifier: BSD-2-Clause */
/* One CPU of the kernel: run queue, IPI queue, statistics. */
#ifndef SYS_CPU_H
#define SYS_CPU_H

#include <sys/thread.h>
#include <machine/cycles.h>
#include <machine/cpu_md.h>

#define IPI_RING 256
struct ipi_msg {
	ipi_func_t im_func;
	void *im_arg;
};

TAILQ_HEAD(thread_queue, thread);
TAILQ_HEAD(callout_queue, callout);

struct cpu {
	/* These are read through the machine's segment base: fixed offsets. */
	struct cpu *c_self;
	struct thread *c_curthread;
	struct cpu_md c_md; /* the machine's part */
	int c_id;
	int c_domain;	    /* NUMA domain */
	uint64_t c_runmask; /* (self) bit per non-empty priority */
	struct thread_queue c_runq[TDPRI_COUNT]; /* (self) */
	uint32_t c_nready; /* (self) threads on the run queues */
	struct thread *c_idlethread;
	volatile bool c_idle;	 /* waiting for work */
	volatile bool c_resched; /* (self) switch at return to user */
	volatile bool c_requeue; /* a rank in its queues has changed */
	struct thread *volatile c_remote_ready; /* stack, pushed by any CPU */
	struct spinlock c_ipi_spin;
	struct ipi_msg c_ipi_ring[IPI_RING];	  /* (c_ipi_spin) */
	volatile uint32_t c_ipi_head, c_ipi_tail; /* (c_ipi_spin) */
	struct thread *c_dead; /* (self) exited, stack still in use */
	struct spinlock c_callout_spin;
	struct callout_queue c_callouts; /* (c_callout_spin) by deadline */
	struct callout *c_callout_running;
	struct thread *c_callout_thread;
	volatile nstime_t c_callout_next; /* earliest deadline, 0: none */
	nstime_t c_slice_end;		  /* (self) of the running lwp */
	nstime_t c_rt_period;		  /* (self) began then */
	nstime_t c_rt_ns; /* (self) that real-time lwps ran in it */
	nstime_t c_idle_ns;
	uint64_t c_cycles[2];	 /* of lwps: user mode, kernel */
	uint64_t c_start_cycles; /* when it began */
	uint64_t c_switches, c_syscalls, c_faults, c_ipis;
	struct ktr_cpu *c_ktr; /* (atomic) its trace ring, or NULL */
};

extern struct cpu *cpus[MAXCPU];
void cpu_init(struct cpu *c, int id); /* kern/lwkt: fields and idle thread */
void cpu_idle_loop(void) __noreturn;  /* what an idle thread runs */
extern int ncpus;		      /* running ones; they are 0..ncpus-1 */

/* Machine: wake cpu out of idle or out of its guest to poll its messages. */
void cpu_kick(struct cpu *cpu);
/* Machine: wait until kicked or until_mono (0: no limit). */
void cpu_idle_wait(nstime_t until_mono);
/* Machine: one turn of a spin-wait; n counts them. */
void cpu_spin_relax(unsigned n);
/* Machine: its own messages, from ipi_poll. */
void cpu_poll_md(void);
/* Machine: this CPU is about to switch. */
void cpu_thread_leave(struct thread *from, struct thread *to);
/* Machine: switch stacks.  Saves into *from_sp, resumes to_sp. */
void cpu_switch(void **from_sp, void *to_sp);
/* Machine: build a first stack for td that calls entry(). */
void cpu_thread_init(struct thread *td, void (*entry)(void));
/*
 * Machine: unmap the guard page at the low end of a new stack, or map it again.
 * 0 or ENOMEM.  Only where MACHINE_STACK_GUARD is not 0.
 */
int machine_stack_guard(void *kva, bool guard);
/* Machine: text for /proc/cpuinfo, AT_HWCAP words. */
int machine_cpuinfo(int cpu, char *buf, size_t size);
void machine_hwcap(uint64_t *hwcap, uint64_t *hwcap2);
/* What c did since it began; the rest was kernel threads. */
void cpu_times(
    const struct cpu *c, nstime_t *userp, nstime_t *sysp, nstime_t *idlep);

#endif
