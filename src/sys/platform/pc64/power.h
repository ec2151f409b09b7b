/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving the machine.  The caller has stopped the other CPUs and disabled
 * interrupts; it may be in panic.  No lock is taken.  Registers in memory are
 * mapped on first use (device_map), at best by power_init.
 */
#ifndef PC64_POWER_H
#define PC64_POWER_H

struct acpi_info;

/* Map what the other two will need.  At boot, may sleep. */
void power_init(const struct acpi_info *ai);
/* Returns, after half a second at most for each way, if none worked. */
void power_off(const struct acpi_info *ai);
/* The same; its last way is a triple fault, so it hardly returns. */
void power_reset(const struct acpi_info *ai);

#endif
