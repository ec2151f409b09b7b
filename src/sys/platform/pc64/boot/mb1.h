/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1: what the loader leaves at EBX (Multiboot Specification 0.6.96,
 * section 3.3).  Little-endian; a field counts only if its flag is set.
 *
 *	offset size	information structure
 *	0      4	flags, MB1_HAS_*
 *	4      4	mem_lower: KiB of memory from 0
 *	8      4	mem_upper: KiB of memory from 1 MiB to the first hole
 *	12     4	boot device
 *	16     4	command line: address of a string
 *	20     4	modules: how many
 *	24     4	modules: address of the first
 *	28     16	symbols of the kernel
 *	44     4	memory map: length in bytes
 *	48     4	memory map: address
 *
 *	offset size	module, 16 bytes
 *	0      4	address of its first byte
 *	4      4	address after its last
 *	8      4	address of its string
 *	12     4	reserved
 *
 *	offset size	entry of the memory map
 *	0      4	bytes to the next entry, not counting this word
 *	4      8	base
 *	12     8	length
 *	20     4	kind, as e820
 */
#ifndef PC64_MB1_H
#define PC64_MB1_H

#include <sys/types.h>

#define MB1_HAS_MEMORY	0x00000001U
#define MB1_HAS_CMDLINE 0x00000004U
#define MB1_HAS_MODULES 0x00000008U
#define MB1_HAS_MAP	0x00000040U

struct mb1_info {
	uint32_t mi_flags;
	uint32_t mi_mem_lower, mi_mem_upper;
	uint32_t mi_boot_device;
	uint32_t mi_cmdline;
	uint32_t mi_nmodules, mi_modules;
	uint32_t mi_symbols[4];
	uint32_t mi_map_len, mi_map;
} __packed;
CTASSERT(sizeof(struct mb1_info) == 52);
CTASSERT(offsetof(struct mb1_info, mi_map_len) == 44);

struct mb1_module {
	uint32_t mm_start, mm_end;
	uint32_t mm_string;
	uint32_t mm_reserved;
} __packed;
CTASSERT(sizeof(struct mb1_module) == 16);

struct mb1_map_entry {
	uint32_t me_size; /* of the rest: at least MB1_MAP_ENTRY_MIN */
	uint64_t me_base, me_len;
	uint32_t me_type;
} __packed;
CTASSERT(sizeof(struct mb1_map_entry) == 24);
#define MB1_MAP_ENTRY_MIN 20U

#endif
