/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a boot protocol told us, in one form: multiboot 1 and 2, PVH.
 * Pure: memory is read through a function, so it runs in tests on the host.
 */
#ifndef PC64_BOOTINFO_H
#define PC64_BOOTINFO_H

#include <sys/types.h>

#define BOOT_MAGIC_MB1 0x2badb002U /* EAX at entry */
#define BOOT_MAGIC_MB2 0x36d76289U
#define BOOT_MAGIC_PVH 0x336ec578U /* the first word of its start_info */

#define BOOT_RANGES_MAX	 128
#define BOOT_MODULES_MAX 16

enum boot_range_kind {
	BRK_RAM,
	BRK_RESERVED,
	BRK_ACPI, /* tables; RAM once they were read */
	BRK_NVS,
	BRK_BAD
};

struct boot_range {
	paddr_t br_start, br_end;
	enum boot_range_kind br_kind;
};

struct boot_module {
	paddr_t bm_start, bm_end;
	char bm_name[64]; /* first word of its string, "" if none */
};

struct bootinfo {
	const char *bi_protocol; /* "multiboot", "multiboot2", "pvh" */
	struct boot_range bi_ranges[BOOT_RANGES_MAX]; /* sorted, disjoint */
	int bi_nranges;
	struct boot_module bi_modules[BOOT_MODULES_MAX];
	int bi_nmodules;
	/* With QEMU's multiboot 1 its first word is the image's name. */
	char bi_cmdline[4096];
	paddr_t bi_rsdp;	  /* 0: search for it */
	uint8_t bi_rsdp_copy[36]; /* multiboot 2 gives a copy; */
	uint32_t bi_rsdp_len;	  /* its length, 0 if none */
	int bi_nwarnings;
	char bi_warnings[8][96]; /* one line each, for the console */
};

/*
 * [pa, pa+len) readable through the result, or NULL if it cannot be read.  The
 * decoders use a result only until they ask for the next.
 */
typedef const void *(*phys_read_t)(paddr_t pa, size_t len);

/*
 * Decode what the loader left at physical address info.  PVH has no magic of
 * its own in EAX (qboot leaves multiboot 1's there): pass BOOT_MAGIC_PVH, or
 * multiboot 1's, which is taken for PVH if the first word at info is PVH's.
 *
 * 0; EINVAL: unknown magic, or so damaged that there is no memory map (the
 * first warning says what).  Lesser damage is left out with a warning.  Ranges
 * that overlap are resolved in favour of the more restrictive kind; ranges are
 * page-aligned inwards for RAM and outwards for the others.  Modules lie in
 * RAM and are disjoint.  Takes 4 KiB of stack.
 */
int bootinfo_decode(
    uint32_t magic, paddr_t info, phys_read_t read, struct bootinfo *bi);

#endif
