/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's static tables as they lie in memory (ACPI 6.4; HPET: IA-PC HPET 1.0a,
 * 3.2.4; MCFG: PCI Firmware 3.2, 4.1.2).  Little-endian, unaligned.
 *
 *	offset size	RSDP: 20 bytes in revision 0, 36 from revision 2 on
 *	0      8	"RSD PTR "
 *	8      1	sum of bytes 0..20 is 0
 *	9      6	OEM
 *	15     1	revision
 *	16     4	RSDT
 *	20     4	length			(from revision 2 on)
 *	24     8	XSDT
 *	32     1	sum of all bytes is 0
 *	33     3	reserved
 *
 *	offset size	header of each table
 *	0      4	signature
 *	4      4	length, this header included
 *	8      1	revision
 *	9      1	sum of all bytes is 0
 *	10     26	who made it
 *
 *	table	after the header
 *	RSDT	u32 addresses of tables
 *	XSDT	u64 addresses of tables
 *	APIC	u32 local APIC, u32 flags, entries {u8 type, u8 length, ...}
 *	FACP	struct acpi_fadt
 *	HPET	u32 id, register block, u8 number, u16 least tick, u8 pages
 *	MCFG	u64 reserved, struct mcfg_entry ...
 *	SRAT	12 reserved bytes, entries as in APIC
 *	SLIT	u64 n, n * n bytes: from domain i to j at i * n + j
 */
#ifndef PC64_ACPI_TABLES_H
#define PC64_ACPI_TABLES_H

#include <sys/types.h>

struct acpi_rsdp {
	char rp_signature[8];
	uint8_t rp_sum;
	uint8_t rp_oem[6];
	uint8_t rp_revision;
	uint32_t rp_rsdt;
	/* from revision 2 on */
	uint32_t rp_length;
	uint64_t rp_xsdt;
	uint8_t rp_sum_all;
	uint8_t rp_reserved[3];
} __packed;
CTASSERT(sizeof(struct acpi_rsdp) == 36);
#define RSDP_V1_SIZE 20
CTASSERT(offsetof(struct acpi_rsdp, rp_length) == RSDP_V1_SIZE);

struct acpi_header {
	char ah_signature[4];
	uint32_t ah_length;
	uint8_t ah_revision;
	uint8_t ah_sum;
	uint8_t ah_maker[26];
} __packed;
CTASSERT(sizeof(struct acpi_header) == 36);

struct acpi_gas { /* generic address structure, 5.2.3.2 */
	uint8_t ga_space;
	uint8_t ga_bits, ga_shift;
	uint8_t ga_access;
	uint64_t ga_addr;
} __packed;
CTASSERT(sizeof(struct acpi_gas) == 12);

/* FADT, 5.2.9; 116 bytes in revision 1, 244 in 3, 268 in 5, 276 in 6. */
struct acpi_fadt {
	struct acpi_header fa_header;
	uint32_t fa_facs, fa_dsdt; /* 36 */
	uint8_t fa_reserved0, fa_profile;
	uint16_t fa_sci;
	uint32_t fa_smi_cmd; /* 48 */
	uint8_t fa_acpi_enable, fa_acpi_disable, fa_s4bios, fa_pstate;
	uint32_t fa_pm1a_evt, fa_pm1b_evt; /* 56 */
	uint32_t fa_pm1a_cnt, fa_pm1b_cnt, fa_pm2_cnt;
	uint32_t fa_pm_timer; /* 76 */
	uint32_t fa_gpe0, fa_gpe1;
	uint8_t fa_pm1_evt_len, fa_pm1_cnt_len, fa_pm2_cnt_len; /* 88 */
	uint8_t fa_pm_timer_len;
	uint8_t fa_gpe[4];
	uint8_t fa_latency[8]; /* 96 */
	uint8_t fa_duty[2];    /* 104 */
	uint8_t fa_alarm[2];
	uint8_t fa_century;    /* 108 */
	uint16_t fa_boot_arch; /* 109, FADT_ARCH_* */
	uint8_t fa_reserved1;
	uint32_t fa_flags;	  /* 112, FADT_* */
	struct acpi_gas fa_reset; /* 116 */
	uint8_t fa_reset_value;	  /* 128 */
	uint8_t fa_arm[2], fa_minor;
	uint64_t fa_x_facs, fa_x_dsdt;		      /* 132 */
	struct acpi_gas fa_x_pm1a_evt, fa_x_pm1b_evt; /* 148 */
	struct acpi_gas fa_x_pm1a_cnt, fa_x_pm1b_cnt; /* 172 */
	struct acpi_gas fa_x_pm2_cnt;
	struct acpi_gas fa_x_pm_timer; /* 208 */
	struct acpi_gas fa_x_gpe[2];
	struct acpi_gas fa_sleep_cnt, fa_sleep_sts; /* 244 */
	uint64_t fa_hypervisor;
} __packed;
CTASSERT(offsetof(struct acpi_fadt, fa_smi_cmd) == 48);
CTASSERT(offsetof(struct acpi_fadt, fa_pm_timer) == 76);
CTASSERT(offsetof(struct acpi_fadt, fa_pm_timer_len) == 91);
CTASSERT(offsetof(struct acpi_fadt, fa_boot_arch) == 109);
CTASSERT(offsetof(struct acpi_fadt, fa_reset) == 116);
CTASSERT(offsetof(struct acpi_fadt, fa_x_dsdt) == 140);
CTASSERT(offsetof(struct acpi_fadt, fa_x_pm_timer) == 208);
CTASSERT(offsetof(struct acpi_fadt, fa_sleep_cnt) == 244);
CTASSERT(sizeof(struct acpi_fadt) == 276);

#define FADT_MIN	   116 /* revision 1 */
#define FADT_TIMER_32	   (1U << 8)
#define FADT_RESET	   (1U << 10)
#define FADT_HW_REDUCED	   (1U << 20)
#define FADT_ARCH_8042	   (1U << 1)
#define FADT_ARCH_NO_CLOCK (1U << 5)

/* What the entries of APIC and SRAT begin with. */
struct acpi_entry {
	uint8_t ae_type;
	uint8_t ae_length;
} __packed;
CTASSERT(sizeof(struct acpi_entry) == 2);

/* APIC (MADT), 5.2.12. */
struct acpi_madt {
	struct acpi_header md_header;
	uint32_t md_lapic;
	uint32_t md_flags;
} __packed;
CTASSERT(sizeof(struct acpi_madt) == 44);
#define MADT_PCAT_COMPAT (1U << 0)

#define MADT_LAPIC	0
#define MADT_IOAPIC	1
#define MADT_ISO	2
#define MADT_LAPIC_ADDR 5
#define MADT_X2APIC	9

struct madt_lapic {
	struct acpi_entry ml_entry;
	uint8_t ml_uid, ml_apic_id;
	uint32_t ml_flags;
} __packed;
CTASSERT(sizeof(struct madt_lapic) == 8);
#define MADT_CPU_ENABLED (1U << 0)

struct madt_ioapic {
	struct acpi_entry mi_entry;
	uint8_t mi_id, mi_reserved;
	uint32_t mi_addr;
	uint32_t mi_gsi_base;
} __packed;
CTASSERT(sizeof(struct madt_ioapic) == 12);

struct madt_iso {
	struct acpi_entry ms_entry;
	uint8_t ms_bus, ms_irq;
	uint32_t ms_gsi;
	uint16_t ms_flags;
} __packed;
CTASSERT(sizeof(struct madt_iso) == 10);
#define MADT_ISO_LOW(flags)   (((flags)&3) == 3)
#define MADT_ISO_LEVEL(flags) ((((flags) >> 2) & 3) == 3)

struct madt_lapic_addr {
	struct acpi_entry ma_entry;
	uint16_t ma_reserved;
	uint64_t ma_addr;
} __packed;
CTASSERT(sizeof(struct madt_lapic_addr) == 12);

struct madt_x2apic {
	struct acpi_entry mx_entry;
	uint16_t mx_reserved;
	uint32_t mx_apic_id;
	uint32_t mx_flags;
	uint32_t mx_uid;
} __packed;
CTASSERT(sizeof(struct madt_x2apic) == 16);

struct acpi_hpet {
	struct acpi_header hp_header;
	uint32_t hp_id;
	struct acpi_gas hp_block;
	uint8_t hp_number;
	uint16_t hp_tick;
	uint8_t hp_pages;
} __packed;
CTASSERT(sizeof(struct acpi_hpet) == 56);

struct mcfg_entry {
	uint64_t mc_addr;
	uint16_t mc_segment;
	uint8_t mc_first, mc_last;
	uint32_t mc_reserved;
} __packed;
CTASSERT(sizeof(struct mcfg_entry) == 16);
#define MCFG_ENTRIES 44 /* offset of the first */

/* SRAT, 5.2.16. */
#define SRAT_ENTRIES	48 /* offset of the first */
#define SRAT_CPU	0
#define SRAT_MEMORY	1
#define SRAT_X2APIC	2
#define SRAT_ENABLED	(1U << 0)
#define SRAT_PERSISTENT (1U << 2) /* memory that is not RAM */

struct srat_cpu {
	struct acpi_entry sc_entry;
	uint8_t sc_domain_low;
	uint8_t sc_apic_id;
	uint32_t sc_flags;
	uint8_t sc_sapic;
	uint8_t sc_domain_high[3]; /* from revision 2 on */
	uint32_t sc_clock;
} __packed;
CTASSERT(sizeof(struct srat_cpu) == 16);

struct srat_memory {
	struct acpi_entry sm_entry;
	uint32_t sm_domain;
	uint16_t sm_reserved0;
	uint64_t sm_base, sm_length;
	uint32_t sm_reserved1;
	uint32_t sm_flags;
	uint64_t sm_reserved2;
} __packed;
CTASSERT(sizeof(struct srat_memory) == 40);
CTASSERT(offsetof(struct srat_memory, sm_base) == 8);

struct srat_x2apic {
	struct acpi_entry sx_entry;
	uint16_t sx_reserved0;
	uint32_t sx_domain;
	uint32_t sx_apic_id;
	uint32_t sx_flags;
	uint32_t sx_clock;
	uint32_t sx_reserved1;
} __packed;
CTASSERT(sizeof(struct srat_x2apic) == 24);

#define SLIT_MATRIX 44 /* offset */

#endif
