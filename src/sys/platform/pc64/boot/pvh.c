/* SPDX-License-Identifier: BSD-2-Clause */
/* PVH: the start info read into a bootinfo. */
#include <sys/systm.h>
#include "bootinfo_var.h"
#include "pvh.h"

static void
pvh_decode_modules(struct boot_decode *bd, const struct pvh_info *pi)
{
	for (uint32_t i = 0; i < pi->pi_nmodules; i++) {
		struct pvh_module pm;

		if (i == BOOT_MODULES_MAX) {
			boot_warn(bd, "%u modules, only the first %d are used",
			    pi->pi_nmodules, BOOT_MODULES_MAX);
			return;
		}
		if (boot_copy(bd, pi->pi_modules, i * sizeof(pm), &pm,
			sizeof(pm)) != 0) {
			boot_warn(bd, "module %u cannot be read", i);
			return;
		}
		/* An end that wraps is below the start: left out there. */
		boot_add_module(bd, pm.pm_start, pm.pm_start + pm.pm_len,
		    pm.pm_string, BOOT_STRING_ANY);
	}
}

static void
pvh_decode_map(struct boot_decode *bd, const struct pvh_map *map)
{
	for (uint32_t i = 0; i < map->pm_nentries; i++) {
		struct pvh_map_entry pe;

		if (i == BOOT_ENTRIES_MAX ||
		    boot_copy(bd, map->pm_map, i * sizeof(pe), &pe,
			sizeof(pe)) != 0) {
			boot_warn(bd,
			    "memory map damaged after %u entries, rest ignored",
			    i);
			return;
		}
		boot_add_range(
		    bd, pe.pe_base, pe.pe_len, boot_e820_kind(pe.pe_type));
	}
}

int
boot_decode_pvh(struct boot_decode *bd, paddr_t info)
{
	struct pvh_info pi;
	struct pvh_map map;

	if (boot_copy(bd, info, 0, &pi, sizeof(pi)) != 0)
		return (boot_fatal(bd, "the start info cannot be read"));
	if (pi.pi_magic != BOOT_MAGIC_PVH)
		return (boot_fatal(bd, "the start info has no magic"));
	if (pi.pi_version == 0)
		return (boot_fatal(bd, "version 0 has no memory map"));
	if (boot_copy(bd, info, sizeof(pi), &map, sizeof(map)) != 0)
		return (boot_fatal(bd, "the start info is cut short"));
	pvh_decode_map(bd, &map);
	if (pi.pi_cmdline != 0)
		boot_set_cmdline(bd, pi.pi_cmdline, BOOT_STRING_ANY);
	pvh_decode_modules(bd, &pi);
	bd->bd_bi->bi_rsdp = pi.pi_rsdp;
	return (0);
}
