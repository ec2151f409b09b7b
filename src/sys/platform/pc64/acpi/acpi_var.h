/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the decoders of the tables share.  A decoder gets a whole table whose
 * signature, length and sum are right; it lasts until the next read.
 */
#ifndef PC64_ACPI_VAR_H
#define PC64_ACPI_VAR_H

#include "acpi.h"
#include "acpi_tables.h"

#define ACPI_TABLE_MAX (4U * 1024 * 1024) /* longer ones are damage */
#define ACPI_ROOT_MAX  128		  /* tables looked at */

struct acpi_decode {
	phys_read_t ad_read;
	struct acpi_info *ad_ai;
	bool ad_cpus_lost; /* said already */
};

struct acpi_table {
	const uint8_t *at_bytes;
	uint32_t at_length;
};

void acpi_warn(struct acpi_decode *ad, const char *fmt, ...) __printflike(2, 3);
/* Copy len bytes at pa.  0; EFAULT: it wraps or cannot be read. */
int acpi_copy(
    struct acpi_decode *ad, paddr_t pa, void *buf, size_t len) __must_check;
/*
 * The table at pa, which must have this signature and at least min bytes.
 * 0; EINVAL: it is not good and was warned of.
 */
int acpi_read_table(struct acpi_decode *ad, paddr_t pa, const char *signature,
    uint32_t min, struct acpi_table *at) __must_check;
/* A register of the generic form; absent in a space we cannot reach. */
struct acpi_reg acpi_reg_of(const struct acpi_gas *ga);

/*
 * Entries of APIC and SRAT.  *offp walks from the first entry.  True: the next
 * one whose type has a size in sizes (0: nobody asks for it) is in buf, with
 * at least that size.  False: the end.  A shorter one is warned of and
 * skipped; what cannot be walked ends the walk with a warning.
 */
bool acpi_next_entry(struct acpi_decode *ad, const struct acpi_table *at,
    const uint8_t *sizes, size_t nsizes, uint32_t *offp, void *buf,
    size_t size);

/* One decoder for each signature. */
void acpi_decode_madt(struct acpi_decode *ad, const struct acpi_table *at);
void acpi_decode_fadt(struct acpi_decode *ad, const struct acpi_table *at);
void acpi_decode_ssdt(struct acpi_decode *ad, const struct acpi_table *at);
void acpi_decode_hpet(struct acpi_decode *ad, const struct acpi_table *at);
void acpi_decode_mcfg(struct acpi_decode *ad, const struct acpi_table *at);
void acpi_decode_srat(struct acpi_decode *ad, const struct acpi_table *at);
void acpi_decode_slit(struct acpi_decode *ad, const struct acpi_table *at);
/* SLP_TYP of \_S5 among the bytes of a table's AML; acpi_aml.c. */
bool acpi_find_s5(
    const uint8_t *aml, size_t len, uint8_t *typ_a, uint8_t *typ_b);
/* Virtio-mmio devices there; acpi_virtio.c. */
void acpi_find_virtio(struct acpi_info *ai, const uint8_t *aml, size_t len);

#endif
