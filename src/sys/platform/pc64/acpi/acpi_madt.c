/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * APIC (MADT): CPUs, I/O APICs, and how ISA's lines reach them.
 *
 * A CPU that is not enabled is left out, also if it may come online later:
 * we plug none.  A CPU may be told twice (as type 0 and 9): once counts.
 */
#include <sys/systm.h>
#include "acpi_var.h"

static const uint8_t madt_sizes[] = {
    [MADT_LAPIC] = sizeof(struct madt_lapic),
    [MADT_IOAPIC] = sizeof(struct madt_ioapic),
    [MADT_ISO] = sizeof(struct madt_iso),
    [MADT_LAPIC_ADDR] = sizeof(struct madt_lapic_addr),
    [MADT_X2APIC] = sizeof(struct madt_x2apic),
};

union madt_entry {
	struct acpi_entry m_entry;
	struct madt_lapic m_lapic;
	struct madt_ioapic m_ioapic;
	struct madt_iso m_iso;
	struct madt_lapic_addr m_lapic_addr;
	struct madt_x2apic m_x2apic;
};

static void
add_cpu(struct acpi_decode *ad, uint32_t apic_id, uint32_t flags)
{
	struct acpi_info *ai = ad->ad_ai;

	if ((flags & MADT_CPU_ENABLED) == 0)
		return;
	for (int i = 0; i < ai->acpi_ncpus; i++) {
		if (ai->acpi_cpus[i].ac_apic_id == apic_id)
			return;
	}
	if (ai->acpi_ncpus < ACPI_CPUS_MAX) {
		ai->acpi_cpus[ai->acpi_ncpus++].ac_apic_id = apic_id;
	} else if (!ad->ad_cpus_lost) {
		ad->ad_cpus_lost = true;
		acpi_warn(ad, "APIC: more than %d CPUs, the rest is ignored",
		    ACPI_CPUS_MAX);
	}
}

static void
add_ioapic(struct acpi_decode *ad, const struct madt_ioapic *mi)
{
	struct acpi_info *ai = ad->ad_ai;

	if (mi->mi_addr == 0 || ai->acpi_nioapics == ACPI_IOAPICS_MAX) {
		acpi_warn(ad, "APIC: I/O APIC %u at %#x ignored", mi->mi_id,
		    mi->mi_addr);
		return;
	}
	ai->acpi_ioapics[ai->acpi_nioapics++] =
	    (struct acpi_ioapic){mi->mi_addr, mi->mi_gsi_base};
}

static void
add_iso(struct acpi_decode *ad, const struct madt_iso *ms)
{
	struct acpi_info *ai = ad->ad_ai;
	struct acpi_iso *as = NULL;

	for (int i = 0; i < ai->acpi_nisos; i++) {
		if (ai->acpi_isos[i].as_irq == ms->ms_irq)
			as = &ai->acpi_isos[i];
	}
	if (ms->ms_bus != 0 || ms->ms_irq > 15 || as != NULL) {
		acpi_warn(ad, "APIC: line %u of bus %u ignored", ms->ms_irq,
		    ms->ms_bus);
		return;
	}
	/* At most 16 lines, so there is room. */
	CTASSERT(ACPI_ISOS_MAX >= 16);
	ai->acpi_isos[ai->acpi_nisos++] =
	    (struct acpi_iso){ms->ms_irq, ms->ms_gsi,
		MADT_ISO_LEVEL(ms->ms_flags), MADT_ISO_LOW(ms->ms_flags)};
}

void
acpi_decode_madt(struct acpi_decode *ad, const struct acpi_table *at)
{
	struct acpi_info *ai = ad->ad_ai;
	struct acpi_madt md;
	union madt_entry m;
	uint32_t off = sizeof(md);

	memcpy(&md, at->at_bytes, sizeof(md));
	ai->acpi_has_madt = true;
	ai->acpi_pcat_compat = (md.md_flags & MADT_PCAT_COMPAT) != 0;
	ai->acpi_lapic = md.md_lapic;
	while (acpi_next_entry(
	    ad, at, madt_sizes, nitems(madt_sizes), &off, &m, sizeof(m))) {
		switch (m.m_entry.ae_type) {
		case MADT_LAPIC:
			add_cpu(ad, m.m_lapic.ml_apic_id, m.m_lapic.ml_flags);
			break;
		case MADT_X2APIC:
			add_cpu(ad, m.m_x2apic.mx_apic_id, m.m_x2apic.mx_flags);
			break;
		case MADT_IOAPIC:
			add_ioapic(ad, &m.m_ioapic);
			break;
		case MADT_ISO:
			add_iso(ad, &m.m_iso);
			break;
		case MADT_LAPIC_ADDR:
			ai->acpi_lapic = m.m_lapic_addr.ma_addr;
			break;
		}
	}
	if (ai->acpi_ncpus == 0)
		acpi_warn(ad, "APIC: names no enabled CPU");
}
