/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2: what the loader leaves at EBX (Multiboot2 Specification 2.0,
 * section 3.6).  Little-endian.  The information is a header of 8 bytes and
 * tags, each 8-aligned; a tag's size counts its own header, not the padding.
 *
 *	offset size	header
 *	0      4	bytes of everything, the header and the end tag too
 *	4      4	reserved
 *
 *	offset size	every tag
 *	0      4	type
 *	4      4	size
 *
 *	type	after the 8 bytes
 *	0	nothing: the end
 *	1	command line: a string
 *	3	module: u32 start, u32 end, a string
 *	4	basic memory: u32 KiB from 0, u32 KiB from 1 MiB
 *	6	memory map: u32 entry size, u32 version, the entries
 *	14	copy of an ACPI 1.0 RSDP
 *	15	copy of an ACPI 2.0 RSDP
 *	17	EFI memory map: u32 descriptor size, u32 version, descriptors
 *	18	nothing: the EFI boot services still run
 *
 *	offset size	entry of the memory map (24 or more)
 *	0      8	base
 *	8      8	length
 *	16     4	kind, as e820
 *
 *	offset size	EFI memory descriptor (UEFI 2.10, 7.2.3; 40 or more)
 *	0      4	kind
 *	8      8	base
 *	16     8	virtual address
 *	24     8	pages of 4 KiB
 *	32     8	attributes
 */
#ifndef PC64_MB2_H
#define PC64_MB2_H

#include <sys/types.h>

#define MB2_TAG_END	 0
#define MB2_TAG_CMDLINE	 1
#define MB2_TAG_MODULE	 3
#define MB2_TAG_MEMORY	 4
#define MB2_TAG_MAP	 6
#define MB2_TAG_RSDP1	 14
#define MB2_TAG_RSDP2	 15
#define MB2_TAG_EFI_MAP	 17
#define MB2_TAG_EFI_RUNS 18

struct mb2_header {
	uint32_t mh_total;
	uint32_t mh_reserved;
} __packed;
CTASSERT(sizeof(struct mb2_header) == 8);

struct mb2_tag {
	uint32_t mt_type;
	uint32_t mt_size;
} __packed;
CTASSERT(sizeof(struct mb2_tag) == 8);

struct mb2_module {
	uint32_t mm_start, mm_end;
} __packed;
CTASSERT(sizeof(struct mb2_module) == 8);

struct mb2_memory {
	uint32_t mm_lower, mm_upper;
} __packed;
CTASSERT(sizeof(struct mb2_memory) == 8);

struct mb2_map { /* before the entries of either map */
	uint32_t mp_entry_size;
	uint32_t mp_version;
} __packed;
CTASSERT(sizeof(struct mb2_map) == 8);

struct mb2_map_entry {
	uint64_t me_base, me_len;
	uint32_t me_type;
	uint32_t me_reserved;
} __packed;
CTASSERT(sizeof(struct mb2_map_entry) == 24);

struct efi_descriptor {
	uint32_t ed_type;
	uint32_t ed_pad;
	uint64_t ed_base, ed_virtual;
	uint64_t ed_pages;
	uint64_t ed_attributes;
} __packed;
CTASSERT(sizeof(struct efi_descriptor) == 40);

#endif
