/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FADT: the fixed registers, and through it the DSDT.
 *
 * A register has an old field (a port) and since revision 3 an extended one.
 * The extended one counts if it is there and in a space we can reach.
 */
#include <sys/systm.h>
#include "acpi_var.h"

static struct acpi_reg
fixed_reg(const struct acpi_gas *extended, uint32_t port, uint8_t bytes)
{
	struct acpi_reg reg = acpi_reg_of(extended);

	if (reg.ag_addr != 0)
		return (reg);
	memset(&reg, 0, sizeof(reg));
	if (port != 0 && port <= UINT16_MAX) {
		reg.ag_space = ACPI_SPACE_IO;
		reg.ag_bits = (uint8_t)MIN(bytes * 8U, 64U);
		reg.ag_addr = port;
	}
	return (reg);
}

static void
decode_fixed(struct acpi_info *ai, const struct acpi_fadt *fa)
{
	ai->acpi_pm1a_cnt =
	    fixed_reg(&fa->fa_x_pm1a_cnt, fa->fa_pm1a_cnt, fa->fa_pm1_cnt_len);
	ai->acpi_pm1b_cnt =
	    fixed_reg(&fa->fa_x_pm1b_cnt, fa->fa_pm1b_cnt, fa->fa_pm1_cnt_len);
	if (fa->fa_pm_timer_len >= 4)
		ai->acpi_pm_timer = fixed_reg(
		    &fa->fa_x_pm_timer, fa->fa_pm_timer, fa->fa_pm_timer_len);
	ai->acpi_pm_timer_32 = (fa->fa_flags & FADT_TIMER_32) != 0;
	if (fa->fa_acpi_enable != 0 && fa->fa_smi_cmd <= UINT16_MAX) {
		ai->acpi_smi_cmd = (uint16_t)fa->fa_smi_cmd;
		ai->acpi_enable_value = fa->fa_acpi_enable;
	}
}

static void
decode_dsdt(struct acpi_decode *ad, const struct acpi_fadt *fa)
{
	struct acpi_info *ai = ad->ad_ai;
	paddr_t pa = fa->fa_x_dsdt != 0 ? fa->fa_x_dsdt : fa->fa_dsdt;
	struct acpi_table at;
	const uint8_t *aml;
	size_t len;

	if (pa == 0) {
		acpi_warn(ad, "FACP names no DSDT");
		return;
	}
	if (acpi_read_table(ad, pa, "DSDT", sizeof(struct acpi_header), &at) !=
	    0)
		return;
	aml = at.at_bytes + sizeof(struct acpi_header);
	len = at.at_length - sizeof(struct acpi_header);
	ai->acpi_has_s5 =
	    acpi_find_s5(aml, len, &ai->acpi_s5_a, &ai->acpi_s5_b);
	acpi_find_virtio(ai, aml, len);
}

/* The DSDT's is looked at first and counts. */
void
acpi_decode_ssdt(struct acpi_decode *ad, const struct acpi_table *at)
{
	struct acpi_info *ai = ad->ad_ai;

	if (!ai->acpi_has_s5)
		ai->acpi_has_s5 =
		    acpi_find_s5(at->at_bytes + sizeof(struct acpi_header),
			at->at_length - sizeof(struct acpi_header),
			&ai->acpi_s5_a, &ai->acpi_s5_b);
}

void
acpi_decode_fadt(struct acpi_decode *ad, const struct acpi_table *at)
{
	struct acpi_info *ai = ad->ad_ai;
	struct acpi_fadt fa = {0};

	/* Fields past the end of a short one are 0, that is absent. */
	memcpy(&fa, at->at_bytes, MIN(at->at_length, sizeof(fa)));
	ai->acpi_hw_reduced = (fa.fa_flags & FADT_HW_REDUCED) != 0;
	if (ai->acpi_hw_reduced) {
		ai->acpi_sleep_cnt = acpi_reg_of(&fa.fa_sleep_cnt);
		ai->acpi_sleep_sts = acpi_reg_of(&fa.fa_sleep_sts);
	} else {
		decode_fixed(ai, &fa);
	}
	if ((fa.fa_flags & FADT_RESET) != 0) {
		ai->acpi_reset = acpi_reg_of(&fa.fa_reset);
		ai->acpi_reset_value = fa.fa_reset_value;
	}
	/* Revision 1 has no such field. */
	if (fa.fa_header.ah_revision >= 2) {
		ai->acpi_no_8042 = (fa.fa_boot_arch & FADT_ARCH_8042) == 0;
		ai->acpi_no_clock = (fa.fa_boot_arch & FADT_ARCH_NO_CLOCK) != 0;
	}
	if (fa.fa_century < 128)
		ai->acpi_century = fa.fa_century;
	decode_dsdt(ad, &fa);
}
