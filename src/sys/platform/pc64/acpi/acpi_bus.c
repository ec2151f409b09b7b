/* SPDX-License-Identifier: BSD-2-Clause */
/* HPET and MCFG: where registers and PCI's configuration space lie. */
#include <sys/systm.h>
#include "acpi_var.h"

void
acpi_decode_hpet(struct acpi_decode *ad, const struct acpi_table *at)
{
	struct acpi_hpet hp;

	memcpy(&hp, at->at_bytes, sizeof(hp));
	if (hp.hp_block.ga_space != ACPI_SPACE_MEM || hp.hp_block.ga_addr == 0)
		acpi_warn(ad, "HPET ignored: not in memory");
	else
		ad->ad_ai->acpi_hpet = acpi_reg_of(&hp.hp_block);
}

void
acpi_decode_mcfg(struct acpi_decode *ad, const struct acpi_table *at)
{
	struct acpi_info *ai = ad->ad_ai;
	struct mcfg_entry mc;

	for (uint32_t off = MCFG_ENTRIES; at->at_length - off >= sizeof(mc);
	     off += sizeof(mc)) {
		memcpy(&mc, at->at_bytes + off, sizeof(mc));
		if (mc.mc_addr == 0 || mc.mc_first > mc.mc_last ||
		    (mc.mc_addr & 0xfffff) != 0 ||
		    ai->acpi_necams == ACPI_ECAMS_MAX) {
			acpi_warn(ad, "MCFG: segment %u at %#lx ignored",
			    mc.mc_segment, mc.mc_addr);
			continue;
		}
		ai->acpi_ecams[ai->acpi_necams++] = (struct acpi_ecam){
		    mc.mc_addr, mc.mc_segment, mc.mc_first, mc.mc_last};
	}
}
