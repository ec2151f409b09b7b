/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH: what the virtual machine's loader leaves at EBX (Xen's public header
 * arch-x86/hvm/start_info.h).  Little-endian.
 *
 *	offset size	start info; 40 bytes in version 0, 56 in version 1
 *	0      4	magic 0x336ec578
 *	4      4	version
 *	8      4	flags
 *	12     4	modules: how many
 *	16     8	modules: address of the first
 *	24     8	command line: address of a string, 0 if none
 *	32     8	ACPI RSDP, 0 if none
 *	40     8	memory map: address		(version 1 and later)
 *	48     4	memory map: entries
 *	52     4	reserved
 *
 *	offset size	module, 32 bytes
 *	0      8	address of its first byte
 *	8      8	size
 *	16     8	address of its string, 0 if none
 *	24     8	reserved
 *
 *	offset size	entry of the memory map, 24 bytes
 *	0      8	base
 *	8      8	length
 *	16     4	kind, as e820
 *	20     4	reserved
 */
#ifndef PC64_PVH_H
#define PC64_PVH_H

#include <sys/types.h>

struct pvh_info {
	uint32_t pi_magic;
	uint32_t pi_version;
	uint32_t pi_flags;
	uint32_t pi_nmodules;
	uint64_t pi_modules;
	uint64_t pi_cmdline;
	uint64_t pi_rsdp;
} __packed;
CTASSERT(sizeof(struct pvh_info) == 40);

struct pvh_map { /* follows in version 1 */
	uint64_t pm_map;
	uint32_t pm_nentries;
	uint32_t pm_reserved;
} __packed;
CTASSERT(sizeof(struct pvh_map) == 16);

struct pvh_module {
	uint64_t pm_start, pm_len;
	uint64_t pm_string;
	uint64_t pm_reserved;
} __packed;
CTASSERT(sizeof(struct pvh_module) == 32);

struct pvh_map_entry {
	uint64_t pe_base, pe_len;
	uint32_t pe_type;
	uint32_t pe_reserved;
} __packed;
CTASSERT(sizeof(struct pvh_map_entry) == 24);

#endif
