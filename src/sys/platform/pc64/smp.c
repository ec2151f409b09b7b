/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs: starting them, waiting and waking, stopping them all.
 *
 * 1. cpu_kick always sends V_KICK.  A CPU looks at its messages a last time with
 *    interrupts off before it goes to user mode or halts, so a kick that comes
 *    later ends that at once; one that finds it in the kernel does nothing.
 * 2. Stopping (panic) is by NMI, which nothing can hold up; each CPU leaves the
 *    place where it was for the stack walk and halts for good.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include "pc_var.h"

#define START_NS (1 * NS_PER_SEC)
#define STOP_NS	 (100 * NS_PER_MSEC)

extern const uint8_t ap_start[], ap_end[];
extern uint64_t ap_stack_top;
extern struct cpu *ap_cpu; /* (atomic) who takes it becomes that CPU */
volatile bool smp_stopping;

/* --- start ------------------------------------------------------------------- */

int
machine_cpu_count(void)
{
	int n = MAX(pc_acpi.acpi_ncpus, 1);

	if (pc_options.po_cpus != 0)
		n = MIN(n, pc_options.po_cpus);
	return (MIN(n, MAXCPU));
}

/* True if the CPU with that APIC, or one that was asked before, is c now. */
static bool
start(struct cpu *c, uint32_t apic_id)
{
	nstime_t end = clock_mono() + START_NS;

	atomic_store_seq(&ap_cpu, c);
	lapic_start(apic_id, AP_BASE >> PAGE_SHIFT);
	while (!c->c_md.cm_up)
		if (clock_mono() > end && atomic_swap(&ap_cpu, NULL) != NULL)
			return (false);
	return (true);
}

/* The next CPU of ACPI's table that starts becomes c. */
int
machine_cpu_start(struct cpu *c)
{
	static int next; /* in the table */
	struct thread *td = c->c_idlethread;
	uint32_t id;

	if (!kernel_readable(PHYS_BASE + AP_BASE))
		return (ENXIO); /* the firmware keeps that page */
	if (cpu_stacks(c) != 0)
		return (ENOMEM);
	memcpy((void *)(PHYS_BASE + AP_BASE), ap_start,
	    (uintptr_t)ap_end - (uintptr_t)ap_start);
	ap_stack_top = (uintptr_t)td->td_kstack + td->td_kstack_bytes;
	while (next < pc_acpi.acpi_ncpus) {
		id = pc_acpi.acpi_cpus[next++].ac_apic_id;
		if (id == pc_cpu0.c_md.cm_apic_id)
			continue;
		if (id < 0xff && start(c, id))
			return (0);
		kprintf("pc64: the CPU with APIC %u does not start\n", id);
	}
	return (ENXIO);
}

void
pc_ap_main(struct cpu *c)
{
	cpu_setup(c);
	lapic_setup();
	c->c_md.cm_apic_id = lapic_id();
	atomic_store_rel(&c->c_md.cm_up, true);
	intr_on();
	cpu_idle_loop();
}

/* --- waiting and waking --------------------------------------------------------- */

bool
pc_pending(struct cpu *c)
{
	return (atomic_load(&c->c_remote_ready) != NULL ||
	    atomic_load(&c->c_ipi_head) != c->c_ipi_tail ||
	    c->c_md.cm_irq_any != 0);
}

void
cpu_idle_wait(nstime_t until)
{
	struct cpu *c = curcpu;

	/* The others want to be watched. */
	if (until == 0 && ncpus > 1 && watchdog_period() > 0)
		until = clock_mono() + watchdog_period();
	intr_off();
	c->c_md.cm_halted = true;
	if (!pc_pending(c) && (until == 0 || clock_mono() < until)) {
		if (until != 0)
			timer_arm(until);
		/* sti holds interrupts off for one instruction more. */
		__asm__ volatile("sti; hlt; cli" ::: "memory");
	}
	c->c_md.cm_halted = false;
	intr_on();
}

void
cpu_kick(struct cpu *c)
{
	atomic_fence();
	if (c != curcpu)
		lapic_send(c->c_md.cm_apic_id, V_KICK);
}

void
cpu_spin_relax(unsigned n __unused)
{
	__asm__ volatile("pause");
}

void
cpu_poll_md(void)
{
	struct cpu_md *cm = &curcpu->c_md;

	cm->cm_polls++;
	if (__unlikely(cm->cm_irq_any != 0))
		intr_poll();
}

/* --- stopping ----------------------------------------------------------------------- */

void
smp_stopped(struct ktrap *kt)
{
	struct cpu *c = curcpu;

	c->c_md.cm_stop_pc = kt->kt_rip;
	c->c_md.cm_stop_fp = kt->kt_rbp;
	atomic_store_rel(&c->c_md.cm_stopped, true);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void
machine_stop_others(void)
{
	smp_stopping = true;
	if (ncpus > 1)
		lapic_nmi_others();
}

bool
machine_stopped_at(struct cpu *c, uintptr_t *pcp, uintptr_t *fpp)
{
	nstime_t end = clock_mono() + STOP_NS;

	while (!atomic_load_acq(&c->c_md.cm_stopped))
		if (clock_mono() > end)
			return (false);
	*pcp = c->c_md.cm_stop_pc;
	*fpp = c->c_md.cm_stop_fp;
	return (true);
}
