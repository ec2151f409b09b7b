/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2: the tags read into a bootinfo.
 *
 * Memory may be told three times: map (tag 6), EFI map (17), basic sizes (4).
 * The best that names any memory counts, in that order, so the tags are first
 * gathered and decoded afterwards.
 */
#include <sys/systm.h>
#include "bootinfo_var.h"
#include "mb2.h"

struct mb2_place { /* a tag's contents; mp_pa 0: absent */
	paddr_t mp_pa;
	uint32_t mp_len;
};

struct mb2_memory_tags {
	struct mb2_place mt_basic, mt_map, mt_efi;
};

/* How many entries, *sizep bytes each, lie behind the map's 8 bytes. */
static uint32_t
mb2_map_entries(struct boot_decode *bd, const struct mb2_place *mp,
    const char *what, uint32_t min, uint32_t *sizep)
{
	struct mb2_map map;
	uint32_t n;

	if (mp->mp_len < sizeof(map) ||
	    boot_copy(bd, mp->mp_pa, 0, &map, sizeof(map)) != 0 ||
	    map.mp_entry_size < min) {
		boot_warn(bd, "%s damaged, ignored", what);
		return (0);
	}
	n = (mp->mp_len - (uint32_t)sizeof(map)) / map.mp_entry_size;
	if (n > BOOT_ENTRIES_MAX) {
		boot_warn(bd, "%s has %u entries, the first %d are used", what,
		    n, BOOT_ENTRIES_MAX);
		n = BOOT_ENTRIES_MAX;
	}
	*sizep = map.mp_entry_size;
	return (n);
}

static void
mb2_decode_map(struct boot_decode *bd, const struct mb2_place *mp)
{
	uint32_t size = 0, n;

	n = mb2_map_entries(
	    bd, mp, "memory map", sizeof(struct mb2_map_entry), &size);
	for (uint32_t i = 0; i < n; i++) {
		struct mb2_map_entry me;

		if (boot_copy(bd, mp->mp_pa,
			sizeof(struct mb2_map) + (uint64_t)i * size, &me,
			sizeof(me)) != 0) {
			boot_warn(bd, "memory map cannot be read to its end");
			return;
		}
		boot_add_range(
		    bd, me.me_base, me.me_len, boot_e820_kind(me.me_type));
	}
}

/* UEFI 2.10, table 7.10: what may be used after the boot services. */
static enum boot_range_kind
mb2_efi_kind(uint32_t type)
{
	switch (type) {
	case 1: /* loader code, data */
	case 2:
	case 3: /* boot services code, data */
	case 4:
	case 7: /* conventional */
		return (BRK_RAM);
	case 8:
		return (BRK_BAD);
	case 9:
		return (BRK_ACPI);
	case 10:
		return (BRK_NVS);
	default:
		return (BRK_RESERVED);
	}
}

static void
mb2_decode_efi_map(struct boot_decode *bd, const struct mb2_place *mp)
{
	uint32_t size = 0, n;

	n = mb2_map_entries(
	    bd, mp, "EFI memory map", sizeof(struct efi_descriptor), &size);
	for (uint32_t i = 0; i < n; i++) {
		struct efi_descriptor ed;

		if (boot_copy(bd, mp->mp_pa,
			sizeof(struct mb2_map) + (uint64_t)i * size, &ed,
			sizeof(ed)) != 0) {
			boot_warn(
			    bd, "EFI memory map cannot be read to its end");
			return;
		}
		if (ed.ed_pages > UINT64_MAX / PAGE_SIZE)
			ed.ed_pages = UINT64_MAX / PAGE_SIZE;
		boot_add_range(bd, ed.ed_base, ed.ed_pages * PAGE_SIZE,
		    mb2_efi_kind(ed.ed_type));
	}
}

static void
mb2_decode_memory(struct boot_decode *bd, const struct mb2_memory_tags *mt)
{
	struct mb2_memory mm;

	if (mt->mt_map.mp_pa != 0)
		mb2_decode_map(bd, &mt->mt_map);
	if (!boot_has_ram(bd) && mt->mt_efi.mp_pa != 0)
		mb2_decode_efi_map(bd, &mt->mt_efi);
	if (boot_has_ram(bd) || mt->mt_basic.mp_pa == 0)
		return;
	if (mt->mt_basic.mp_len < sizeof(mm) ||
	    boot_copy(bd, mt->mt_basic.mp_pa, 0, &mm, sizeof(mm)) != 0)
		boot_warn(bd, "memory sizes damaged, ignored");
	else
		boot_add_basic_memory(bd, mm.mm_lower, mm.mm_upper);
}

static void
mb2_decode_module(struct boot_decode *bd, const struct mb2_place *mp)
{
	struct mb2_module mm;

	if (mp->mp_len < sizeof(mm) ||
	    boot_copy(bd, mp->mp_pa, 0, &mm, sizeof(mm)) != 0)
		boot_warn(bd, "module tag damaged, ignored");
	else
		boot_add_module(bd, mm.mm_start, mm.mm_end,
		    mp->mp_pa + sizeof(mm), mp->mp_len - sizeof(mm));
}

/* The longer copy wins: it knows the XSDT. */
static void
mb2_decode_rsdp(struct boot_decode *bd, const struct mb2_place *mp, size_t len)
{
	struct bootinfo *bi = bd->bd_bi;
	uint8_t copy[sizeof(bi->bi_rsdp_copy)];

	if (mp->mp_len < len || boot_copy(bd, mp->mp_pa, 0, copy, len) != 0) {
		boot_warn(bd, "copy of the ACPI RSDP damaged, ignored");
	} else if (len > bi->bi_rsdp_len) {
		memcpy(bi->bi_rsdp_copy, copy, len);
		bi->bi_rsdp_len = (uint32_t)len;
	}
}

static void
mb2_decode_tag(struct boot_decode *bd, uint32_t type,
    const struct mb2_place *mp, struct mb2_memory_tags *mt)
{
	switch (type) {
	case MB2_TAG_CMDLINE:
		boot_set_cmdline(bd, mp->mp_pa, mp->mp_len);
		break;
	case MB2_TAG_MODULE:
		mb2_decode_module(bd, mp);
		break;
	case MB2_TAG_MEMORY:
		mt->mt_basic = *mp;
		break;
	case MB2_TAG_MAP:
		mt->mt_map = *mp;
		break;
	case MB2_TAG_EFI_MAP:
		mt->mt_efi = *mp;
		break;
	case MB2_TAG_RSDP1:
		mb2_decode_rsdp(bd, mp, 20);
		break;
	case MB2_TAG_RSDP2:
		mb2_decode_rsdp(bd, mp, 36);
		break;
	case MB2_TAG_EFI_RUNS:
		boot_warn(bd, "EFI boot services still run: not supported");
		break;
	default:
		break;
	}
}

int
boot_decode_mb2(struct boot_decode *bd, paddr_t info)
{
	struct mb2_memory_tags mt = {0};
	struct mb2_header mh;
	struct mb2_tag tag;
	uint64_t off = sizeof(mh);
	int i;

	if (boot_copy(bd, info, 0, &mh, sizeof(mh)) != 0)
		return (boot_fatal(bd, "the information cannot be read"));
	for (i = 0; i < BOOT_ENTRIES_MAX; i++) {
		if (off + sizeof(tag) > mh.mh_total ||
		    boot_copy(bd, info, off, &tag, sizeof(tag)) != 0 ||
		    tag.mt_size < sizeof(tag) ||
		    tag.mt_size > mh.mh_total - off)
			break;
		if (tag.mt_type == MB2_TAG_END) {
			mb2_decode_memory(bd, &mt);
			return (0);
		}
		struct mb2_place mp = {info + off + sizeof(tag),
		    tag.mt_size - (uint32_t)sizeof(tag)};
		mb2_decode_tag(bd, tag.mt_type, &mp, &mt);
		off += roundup2((uint64_t)tag.mt_size, 8);
	}
	boot_warn(bd, "damaged after %d tags, rest ignored", i);
	mb2_decode_memory(bd, &mt);
	return (0);
}
