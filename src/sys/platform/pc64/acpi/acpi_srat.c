/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SRAT and SLIT: which CPU and which memory belong to which domain, and how
 * far the domains are from each other.  Both may be absent: one domain.
 */
#include <sys/systm.h>
#include "acpi_var.h"

static const uint8_t srat_sizes[] = {
    [SRAT_CPU] = sizeof(struct srat_cpu),
    [SRAT_MEMORY] = sizeof(struct srat_memory),
    [SRAT_X2APIC] = sizeof(struct srat_x2apic),
};

union srat_entry {
	struct acpi_entry s_entry;
	struct srat_cpu s_cpu;
	struct srat_memory s_memory;
	struct srat_x2apic s_x2apic;
};

/* The domain if we can hold it, else 0 with a warning. */
static uint32_t
domain_of(struct acpi_decode *ad, uint32_t domain)
{
	struct acpi_info *ai = ad->ad_ai;

	if (domain >= ACPI_DOMAINS_MAX) {
		acpi_warn(ad, "SRAT: domain %u taken for 0, %d are known",
		    domain, ACPI_DOMAINS_MAX);
		domain = 0;
	}
	ai->acpi_ndomains = MAX(ai->acpi_ndomains, (int)domain + 1);
	return (domain);
}

/* A CPU that APIC did not name is none of ours. */
static void
set_cpu(
    struct acpi_decode *ad, uint32_t apic_id, uint32_t domain, uint32_t flags)
{
	struct acpi_info *ai = ad->ad_ai;

	for (int i = 0; i < ai->acpi_ncpus; i++) {
		if ((flags & SRAT_ENABLED) != 0 &&
		    ai->acpi_cpus[i].ac_apic_id == apic_id)
			ai->acpi_cpus[i].ac_domain = domain_of(ad, domain);
	}
}

static void
add_memory(struct acpi_decode *ad, const struct srat_memory *sm)
{
	struct acpi_info *ai = ad->ad_ai;

	if ((sm->sm_flags & SRAT_ENABLED) == 0 ||
	    (sm->sm_flags & SRAT_PERSISTENT) != 0 || sm->sm_length == 0)
		return;
	if (sm->sm_length > UINT64_MAX - sm->sm_base ||
	    ai->acpi_nmems == ACPI_MEMS_MAX) {
		acpi_warn(ad, "SRAT: memory %#lx+%#lx ignored", sm->sm_base,
		    sm->sm_length);
		return;
	}
	ai->acpi_mems[ai->acpi_nmems++] = (struct acpi_mem){sm->sm_base,
	    sm->sm_base + sm->sm_length, domain_of(ad, sm->sm_domain)};
}

static uint32_t
cpu_domain(const struct srat_cpu *sc, uint8_t revision)
{
	uint32_t domain = sc->sc_domain_low;

	/* In revision 1 these bytes are reserved, not zero. */
	if (revision >= 2)
		domain |= (uint32_t)sc->sc_domain_high[0] << 8 |
		    (uint32_t)sc->sc_domain_high[1] << 16 |
		    (uint32_t)sc->sc_domain_high[2] << 24;
	return (domain);
}

void
acpi_decode_srat(struct acpi_decode *ad, const struct acpi_table *at)
{
	struct acpi_header ah;
	union srat_entry s;
	uint32_t off = SRAT_ENTRIES;

	memcpy(&ah, at->at_bytes, sizeof(ah));
	while (acpi_next_entry(
	    ad, at, srat_sizes, nitems(srat_sizes), &off, &s, sizeof(s))) {
		switch (s.s_entry.ae_type) {
		case SRAT_CPU:
			set_cpu(ad, s.s_cpu.sc_apic_id,
			    cpu_domain(&s.s_cpu, ah.ah_revision),
			    s.s_cpu.sc_flags);
			break;
		case SRAT_X2APIC:
			set_cpu(ad, s.s_x2apic.sx_apic_id, s.s_x2apic.sx_domain,
			    s.s_x2apic.sx_flags);
			break;
		case SRAT_MEMORY:
			add_memory(ad, &s.s_memory);
			break;
		}
	}
}

/* 10 to itself, more to others; 255 is "cannot be reached". */
static bool
matrix_is_good(const uint8_t *matrix, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		for (uint64_t j = 0; j < n; j++) {
			if (i == j ? matrix[i * n + j] != 10
				   : matrix[i * n + j] <= 10)
				return (false);
		}
	}
	return (true);
}

void
acpi_decode_slit(struct acpi_decode *ad, const struct acpi_table *at)
{
	struct acpi_info *ai = ad->ad_ai;
	const uint8_t *matrix = at->at_bytes + SLIT_MATRIX;
	uint64_t n;

	memcpy(&n, at->at_bytes + sizeof(struct acpi_header), sizeof(n));
	/* n is small before it is squared. */
	if (n > ACPI_TABLE_MAX || n * n > at->at_length - SLIT_MATRIX ||
	    !matrix_is_good(matrix, n)) {
		acpi_warn(ad, "SLIT ignored: no matrix of distances");
		return;
	}
	for (uint64_t i = 0; i < MIN(n, (uint64_t)ACPI_DOMAINS_MAX); i++)
		memcpy(ai->acpi_distance[i], matrix + i * n,
		    MIN(n, (uint64_t)ACPI_DOMAINS_MAX));
}
