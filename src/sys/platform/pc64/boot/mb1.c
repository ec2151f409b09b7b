/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot 1: the information structure read into a bootinfo. */
#include <sys/systm.h>
#include "bootinfo_var.h"
#include "mb1.h"

static void
mb1_decode_modules(struct boot_decode *bd, const struct mb1_info *mi)
{
	for (uint32_t i = 0; i < mi->mi_nmodules; i++) {
		struct mb1_module mm;

		if (i == BOOT_MODULES_MAX) {
			boot_warn(bd, "%u modules, only the first %d are used",
			    mi->mi_nmodules, BOOT_MODULES_MAX);
			return;
		}
		if (boot_copy(bd, mi->mi_modules, i * sizeof(mm), &mm,
			sizeof(mm)) != 0) {
			boot_warn(bd, "module %u cannot be read", i);
			return;
		}
		boot_add_module(
		    bd, mm.mm_start, mm.mm_end, mm.mm_string, BOOT_STRING_ANY);
	}
}

static void
mb1_decode_map(struct boot_decode *bd, const struct mb1_info *mi)
{
	uint64_t off = 0;

	for (int i = 0; off < mi->mi_map_len; i++) {
		struct mb1_map_entry me;

		if (i == BOOT_ENTRIES_MAX ||
		    mi->mi_map_len - off < sizeof(me) ||
		    boot_copy(bd, mi->mi_map, off, &me, sizeof(me)) != 0 ||
		    me.me_size < MB1_MAP_ENTRY_MIN) {
			boot_warn(bd,
			    "memory map damaged after %d entries, rest ignored",
			    i);
			return;
		}
		boot_add_range(
		    bd, me.me_base, me.me_len, boot_e820_kind(me.me_type));
		off += sizeof(me.me_size) + (uint64_t)me.me_size;
	}
}

int
boot_decode_mb1(struct boot_decode *bd, paddr_t info)
{
	struct mb1_info mi;

	if (boot_copy(bd, info, 0, &mi, sizeof(mi)) != 0)
		return (boot_fatal(bd, "the information cannot be read"));
	if ((mi.mi_flags & MB1_HAS_MAP) != 0)
		mb1_decode_map(bd, &mi);
	if (!boot_has_ram(bd) && (mi.mi_flags & MB1_HAS_MEMORY) != 0)
		boot_add_basic_memory(bd, mi.mi_mem_lower, mi.mi_mem_upper);
	if ((mi.mi_flags & MB1_HAS_CMDLINE) != 0)
		boot_set_cmdline(bd, mi.mi_cmdline, BOOT_STRING_ANY);
	if ((mi.mi_flags & MB1_HAS_MODULES) != 0)
		mb1_decode_modules(bd, &mi);
	return (0);
}
