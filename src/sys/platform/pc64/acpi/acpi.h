/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's static tables, decoded once at boot into plain numbers (ACPI 6.4).
 * Pure: memory is read through a function, so it runs in tests on the host.
 * A table whose length or checksum is wrong is left out with one warning.
 */
#ifndef PC64_ACPI_H
#define PC64_ACPI_H

#include <sys/types.h>
#include "../boot/bootinfo.h"

#define ACPI_CPUS_MAX	 64
#define ACPI_IOAPICS_MAX 8
#define ACPI_ISOS_MAX	 24
#define ACPI_ECAMS_MAX	 8
#define ACPI_MEMS_MAX	 32
#define ACPI_DOMAINS_MAX 16
#define ACPI_VIRTIOS_MAX 32

struct acpi_cpu {
	uint32_t ac_apic_id;
	uint32_t ac_domain; /* SRAT proximity domain, 0 without */
};
struct acpi_ioapic {
	paddr_t ai_pa;
	uint32_t ai_gsi_base;
};
struct acpi_iso { /* ISA line -> GSI */
	uint8_t as_irq;
	uint32_t as_gsi;
	bool as_level, as_low;
};
struct acpi_ecam {
	paddr_t ae_pa; /* of bus 0 of the segment */
	uint16_t ae_segment;
	uint8_t ae_bus_first, ae_bus_last;
};
struct acpi_mem { /* SRAT */
	paddr_t am_start, am_end;
	uint32_t am_domain;
};
struct acpi_virtio { /* a virtio-mmio device */
	paddr_t av_pa;
	uint32_t av_bytes, av_gsi;
};
enum acpi_space {
	ACPI_SPACE_MEM = 0,
	ACPI_SPACE_IO = 1
};
struct acpi_reg { /* generic address; ag_addr 0: absent */
	uint8_t ag_space, ag_bits;
	uint64_t ag_addr;
};

struct acpi_info {
	bool acpi_present; /* an RSDP and a root table were good */
	bool acpi_has_madt, acpi_pcat_compat;
	paddr_t acpi_lapic;
	int acpi_ncpus, acpi_nioapics, acpi_nisos, acpi_necams, acpi_nmems;
	struct acpi_cpu acpi_cpus[ACPI_CPUS_MAX]; /* enabled ones */
	struct acpi_ioapic acpi_ioapics[ACPI_IOAPICS_MAX];
	struct acpi_iso acpi_isos[ACPI_ISOS_MAX];
	struct acpi_ecam acpi_ecams[ACPI_ECAMS_MAX];
	struct acpi_mem acpi_mems[ACPI_MEMS_MAX];
	int acpi_ndomains; /* SRAT's greatest + 1, at least 1 */
	/* SLIT; without: 10 to itself, 20 to others */
	uint8_t acpi_distance[ACPI_DOMAINS_MAX][ACPI_DOMAINS_MAX];
	struct acpi_reg acpi_hpet;     /* register block */
	struct acpi_reg acpi_pm_timer; /* 24 or 32 bits at 3.579545 MHz */
	bool acpi_pm_timer_32;
	struct acpi_reg acpi_reset; /* write acpi_reset_value there */
	uint8_t acpi_reset_value;
	bool acpi_hw_reduced;
	struct acpi_reg acpi_pm1a_cnt, acpi_pm1b_cnt; /* power off: SLP_EN */
	/* Writing the value to the port enters ACPI mode; 0: always in it. */
	uint16_t acpi_smi_cmd;
	uint8_t acpi_enable_value;
	struct acpi_reg acpi_sleep_cnt; /* hardware-reduced power off */
	struct acpi_reg acpi_sleep_sts;
	bool acpi_has_s5;	      /* found \_S5 in DSDT or SSDT: */
	uint8_t acpi_s5_a, acpi_s5_b; /* SLP_TYP for PM1a, PM1b */
	int acpi_nvirtios;	      /* found in the DSDT: */
	struct acpi_virtio acpi_virtios[ACPI_VIRTIOS_MAX];
	bool acpi_no_8042, acpi_no_clock; /* FADT: no such ISA devices */
	uint8_t acpi_century; /* CMOS byte that holds the century, 0: none */
	int acpi_nwarnings;
	char acpi_warnings[16][96];
};

/*
 * rsdp 0, or no RSDP there: search the EBDA and 0xe0000..0x100000.  0;
 * ENOENT: no RSDP; EINVAL: no usable root table (a warning says why).
 */
int acpi_decode(paddr_t rsdp, phys_read_t read, struct acpi_info *ai);
/* The same, beginning with what the boot loader told. */
int acpi_decode_boot(
    const struct bootinfo *bi, phys_read_t read, struct acpi_info *ai);

#endif
