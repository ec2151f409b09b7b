/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ends: of the machine, and of patience.
 *
 * 1. Under a launcher (QEMU with isa-debug-exit and a debug console) the
 *    program's status goes to port 0xe9 and the class of the end to port 0xf4,
 *    which ends QEMU: 0x10 passed, 0x11 failed, 0x12 panic, 0x13 hang.
 *    The debug console answers reads with 0xe9; without it there is no launcher.
 * 2. Elsewhere: power off or reset by ACPI (power.c), or halt.
 * 3. The watchdog.  A CPU that has not come by a poll point for a while hangs:
 *    its own timer interrupt notices a loop with interrupts on, any other CPU's
 *    a loop with interrupts off; for that an idle CPU looks now and then, too.
 *    Option watchdog=SECONDS, 0 for never.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include <sys/console.h>
#include <sys/ddb.h>
#include <sys/sysctl.h>
#include <cpu/io.h>
#include "pc_var.h"
#include "power.h"

#define PORT_STATUS  0xe9
#define PORT_EXIT    0xf4
#define STATUS_READY 0x11
#define CLASS_PASS   0x10
#define CLASS_FAIL   0x11
#define CLASS_PANIC  0x12
#define CLASS_HANG   0x13

#define STUCK_CHECKS 4
#define WATCHDOG_MAX 86400

static bool hanging;
static int watchdog_s = 30;
SYSCTL_INT(watchdog, "kern.watchdog", CTLF_RW, &watchdog_s,
    "Seconds that a CPU may run in the kernel without a poll; 0: for ever");

static bool
launcher_there(void)
{
	return (io_in8(PORT_STATUS) == 0xe9);
}

/* The console is read from now on: the launcher held input back. */
void
launcher_ready(void)
{
	if (launcher_there())
		io_out8(PORT_STATUS, STATUS_READY);
}

static void
launcher_exit(int status)
{
	uint32_t class = status == 0 ? CLASS_PASS : CLASS_FAIL;

	if (!launcher_there())
		return;
	if (panicstr != NULL)
		class = hanging ? CLASS_HANG : CLASS_PANIC;
	io_out8(PORT_STATUS, (uint8_t)status);
	io_out32(PORT_EXIT, class);
}

void
machine_halt(int how, int status)
{
	launcher_exit(hanging ? EXIT_HANG : status);
	if (panicstr == NULL && how == RB_REBOOT)
		power_reset(&pc_acpi);
	else if (panicstr == NULL && how == RB_POWEROFF)
		power_off(&pc_acpi);
	machine_stop_others();
	kprintf("the machine is halted\n");
	for (;;)
		__asm__ volatile("cli; hlt");
}

void
machine_hang(const char *why)
{
	hanging = true;
	panic("hang: %s", why);
}

/* --- the watchdog ------------------------------------------------------------- */

/*
 * How often a CPU looks; a hang is STUCK_CHECKS of them in turn.  Time alone
 * would not do: the whole machine may have been stopped for long.
 */
nstime_t
watchdog_period(void)
{
	return (watchdog_s * NS_PER_SEC / STUCK_CHECKS);
}

/* True if the CPU passed no poll point at STUCK_CHECKS checks in turn. */
static bool
stuck(struct cpu_md *cm, uint64_t now)
{
	uint32_t polls = cm->cm_polls;

	if (cm->cm_user || cm->cm_halted || !cm->cm_up ||
	    polls != cm->cm_polls_seen) {
		cm->cm_polls_seen = polls;
		cm->cm_stuck = 0;
		cm->cm_check_tsc = now;
	} else if (now > cm->cm_check_tsc &&
	    tsc_to_ns(now - cm->cm_check_tsc) >= watchdog_period()) {
		cm->cm_check_tsc = now;
		cm->cm_stuck++;
	}
	return (cm->cm_stuck >= STUCK_CHECKS);
}

/* (IF 0) In a timer interrupt. */
void
watchdog_check(void)
{
	uint64_t now = cpu_cycles();

	if (watchdog_s <= 0 || panicstr != NULL)
		return;
	for (int i = 0; i < ncpus; i++) {
		if (!stuck(&cpus[i]->c_md, now))
			continue;
		/* Its own NMI reports where it is. */
		if (cpus[i] != curcpu)
			lapic_nmi(cpus[i]->c_md.cm_apic_id);
		else
			machine_hang("this CPU does not come to a poll point");
	}
	/* In the kernel: come again. */
	if (!curcpu->c_md.cm_user && !curcpu->c_md.cm_halted)
		timer_arm(
		    clock_mono() + MIN(watchdog_period(), 1 * NS_PER_SEC));
}

static void
watchdog_option(void)
{
	const char *v = boot_option("watchdog");
	uint64_t s;

	if (v == NULL)
		return;
	if (kstrtou64(v, 10, &s) != 0 || s > WATCHDOG_MAX)
		kprintf("pc64: option watchdog: \"%s\" is not a number from "
			"0 to %d; it stays %d\n",
		    v, WATCHDOG_MAX, watchdog_s);
	else
		watchdog_s = (int)s;
}
SYSINIT(pc_watchdog, SI_KERN + 2, watchdog_option);
