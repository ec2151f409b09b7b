/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power off and reset.
 *
 * A list of ways each, the most civil first.  Each way knows by what the
 * firmware told whether it applies, acts, and waits: the act may take effect
 * later (a chipset's delay, an emulator's main loop).  When the wait ends the
 * next way is tried.  Power off never falls back to reset: a machine that was
 * told to stay off would come up again.
 *
 *	off	reduced hardware: sleep control register (ACPI 6.4, 4.8.3.7)
 *		else SLP_TYP and SLP_EN in PM1a and PM1b control (4.8.3.2.1)
 *	reset	FADT's reset register (4.8.3.6)
 *		port 0xcf9 of Intel's and QEMU's chipsets
 *		the keyboard controller's pulse
 *		triple fault
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/intr.h>
#include <cpu/io.h>
#include <cpu/reset.h>
#include "acpi/acpi.h"
#include "power.h"

#define PM1_SCI_EN	 0x0001U /* in ACPI mode */
#define PM1_SLP_TYP(t)	 ((uint32_t)(t) << 10)
#define PM1_SLP_TYP_MASK 0x1c00U
#define PM1_SLP_EN	 0x2000U

#define SLEEP_TYP(t) ((uint32_t)(t) << 2)
#define SLEEP_EN     0x20U
#define SLEEP_WAKE   0x80U /* in the status register: clears what is left */

#define PORT_RESET     0xcf9
#define RESET_SYSTEM   0x02
#define RESET_CPU      0x04
#define PORT_KBD_STAT  0x64
#define KBD_INPUT_FULL 0x02
#define KBD_PULSE      0xfe

/* Cycles of a wait: a quarter of a second or more; polls if it stands still. */
#define WAIT_CYCLES 1000000000UL
#define WAIT_POLLS  20000000

typedef void (*power_way_t)(const struct acpi_info *ai);

/* --- registers ----------------------------------------------------------- */

static uint8_t
reg_bits(const struct acpi_reg *ag, uint8_t bits)
{
	return (ag->ag_bits == 8 || ag->ag_bits == 16 || ag->ag_bits == 32
		? ag->ag_bits
		: bits);
}

static volatile void *
reg_map(const struct acpi_reg *ag, uint8_t bits)
{
	if (ag->ag_addr == 0 || ag->ag_space != ACPI_SPACE_MEM)
		return (NULL);
	return (device_map(ag->ag_addr, bits / 8));
}

/* Bits: the width if the register does not tell its own.  Absent: 0. */
static uint32_t
reg_read(const struct acpi_reg *ag, uint8_t bits)
{
	uint16_t port = (uint16_t)ag->ag_addr;
	volatile void *p;

	bits = reg_bits(ag, bits);
	p = reg_map(ag, bits);
	if (p != NULL)
		return (bits == 8    ? *(volatile uint8_t *)p
			: bits == 16 ? *(volatile uint16_t *)p
				     : *(volatile uint32_t *)p);
	if (ag->ag_addr == 0 || ag->ag_space != ACPI_SPACE_IO)
		return (0);
	return (bits == 8    ? io_in8(port)
		: bits == 16 ? io_in16(port)
			     : io_in32(port));
}

static void
reg_write(const struct acpi_reg *ag, uint8_t bits, uint32_t value)
{
	uint16_t port = (uint16_t)ag->ag_addr;
	volatile void *p;

	bits = reg_bits(ag, bits);
	p = reg_map(ag, bits);
	if (p != NULL) {
		if (bits == 8)
			*(volatile uint8_t *)p = (uint8_t)value;
		else if (bits == 16)
			*(volatile uint16_t *)p = (uint16_t)value;
		else
			*(volatile uint32_t *)p = value;
	} else if (ag->ag_addr != 0 && ag->ag_space == ACPI_SPACE_IO) {
		if (bits == 8)
			io_out8(port, (uint8_t)value);
		else if (bits == 16)
			io_out16(port, (uint16_t)value);
		else
			io_out32(port, value);
	}
}

static bool
never(const struct acpi_info *ai)
{
	return (false);
}

static bool
in_acpi_mode(const struct acpi_info *ai)
{
	return ((reg_read(&ai->acpi_pm1a_cnt, 16) & PM1_SCI_EN) != 0);
}

static bool
kbd_takes_input(const struct acpi_info *ai)
{
	return ((io_in8(PORT_KBD_STAT) & KBD_INPUT_FULL) == 0);
}

/* Until done or the time is over. */
static void
wait_for(bool (*done)(const struct acpi_info *), const struct acpi_info *ai)
{
	uint64_t start = cpu_cycles();

	for (int i = 0; i < WAIT_POLLS; i++) {
		if (done(ai) || cpu_cycles() - start >= WAIT_CYCLES)
			return;
	}
}

/* --- ways to power off ------------------------------------------------------ */

static void
off_sleep_register(const struct acpi_info *ai)
{
	if (!ai->acpi_has_s5 || ai->acpi_sleep_cnt.ag_addr == 0)
		return;
	reg_write(&ai->acpi_sleep_sts, 8, SLEEP_WAKE);
	reg_write(&ai->acpi_sleep_cnt, 8, SLEEP_TYP(ai->acpi_s5_a) | SLEEP_EN);
	wait_for(never, ai);
}

static void
off_pm1(const struct acpi_info *ai)
{
	uint32_t a, b;

	if (!ai->acpi_has_s5 || ai->acpi_pm1a_cnt.ag_addr == 0)
		return;
	/* The registers only listen in ACPI mode. */
	if (ai->acpi_smi_cmd != 0 && !in_acpi_mode(ai)) {
		io_out8(ai->acpi_smi_cmd, ai->acpi_enable_value);
		wait_for(in_acpi_mode, ai);
	}
	a = reg_read(&ai->acpi_pm1a_cnt, 16) & ~(PM1_SLP_TYP_MASK | PM1_SLP_EN);
	b = reg_read(&ai->acpi_pm1b_cnt, 16) & ~(PM1_SLP_TYP_MASK | PM1_SLP_EN);
	a |= PM1_SLP_TYP(ai->acpi_s5_a);
	b |= PM1_SLP_TYP(ai->acpi_s5_b);
	/* Types first: some chipsets want to see the type before the order. */
	reg_write(&ai->acpi_pm1a_cnt, 16, a);
	reg_write(&ai->acpi_pm1b_cnt, 16, b);
	reg_write(&ai->acpi_pm1a_cnt, 16, a | PM1_SLP_EN);
	reg_write(&ai->acpi_pm1b_cnt, 16, b | PM1_SLP_EN);
	wait_for(never, ai);
}

/* --- ways to reset ---------------------------------------------------------- */

static void
reset_fadt(const struct acpi_info *ai)
{
	if (ai->acpi_reset.ag_addr == 0)
		return;
	reg_write(&ai->acpi_reset, 8, ai->acpi_reset_value);
	wait_for(never, ai);
}

static void
reset_chipset(const struct acpi_info *ai)
{
	/* The edge of RESET_CPU does it; RESET_SYSTEM says of what. */
	io_out8(PORT_RESET, RESET_SYSTEM);
	io_out8(PORT_RESET, RESET_SYSTEM | RESET_CPU);
	wait_for(never, ai);
}

static void
reset_keyboard(const struct acpi_info *ai)
{
	if (ai->acpi_no_8042)
		return;
	wait_for(kbd_takes_input, ai);
	io_out8(PORT_KBD_STAT, KBD_PULSE);
	wait_for(never, ai);
}

static void
reset_fault(const struct acpi_info *ai)
{
	cpu_triple_fault();
}

static void
reg_prepare(const struct acpi_reg *ag, uint8_t bits)
{
	(void)reg_map(ag, reg_bits(ag, bits));
}

/* --- public ------------------------------------------------------------------- */

void
power_init(const struct acpi_info *ai)
{
	reg_prepare(&ai->acpi_sleep_cnt, 8);
	reg_prepare(&ai->acpi_sleep_sts, 8);
	reg_prepare(&ai->acpi_pm1a_cnt, 16);
	reg_prepare(&ai->acpi_pm1b_cnt, 16);
	reg_prepare(&ai->acpi_reset, 8);
}

void
power_off(const struct acpi_info *ai)
{
	static const power_way_t ways[] = {off_sleep_register, off_pm1};

	for (size_t i = 0; i < nitems(ways); i++)
		ways[i](ai);
}

void
power_reset(const struct acpi_info *ai)
{
	static const power_way_t ways[] = {
	    reset_fadt, reset_chipset, reset_keyboard, reset_fault};

	for (size_t i = 0; i < nitems(ways); i++)
		ways[i](ai);
}
