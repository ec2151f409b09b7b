/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the decoders of the protocols share.  A decoder only reads and adds;
 * bootinfo.c judges what was added: overlaps, rounding, modules outside RAM.
 */
#ifndef PC64_BOOTINFO_VAR_H
#define PC64_BOOTINFO_VAR_H

#include "bootinfo.h"

#define BOOT_ENTRIES_MAX 1024 /* looked at in one list; damage has billions */

struct boot_decode {
	phys_read_t bd_read;
	struct bootinfo *bd_bi;
	struct boot_range bd_raw[BOOT_RANGES_MAX]; /* as told */
	int bd_nraw;
	bool bd_raw_full; /* already warned */
};

/* Copy len bytes at base + off.  0; EFAULT: it wraps or cannot be read. */
int boot_copy(struct boot_decode *bd, paddr_t base, uint64_t off, void *buf,
    size_t len) __must_check;
void boot_warn(struct boot_decode *bd, const char *fmt, ...) __printflike(2, 3);
/* What made decoding fail; becomes the first warning.  Returns EINVAL. */
int boot_fatal(struct boot_decode *bd, const char *what);

enum boot_range_kind boot_e820_kind(uint32_t type);
void boot_add_range(struct boot_decode *bd, paddr_t base, uint64_t len,
    enum boot_range_kind kind);
bool boot_has_ram(const struct boot_decode *bd); /* as told so far */
/* The sizes that the BIOS tells without a map. */
void boot_add_basic_memory(
    struct boot_decode *bd, uint32_t lower_kib, uint32_t upper_kib);
/* String: at most max bytes at string, of which the NUL may be one. */
void boot_add_module(struct boot_decode *bd, paddr_t start, paddr_t end,
    paddr_t string, size_t max);
void boot_set_cmdline(struct boot_decode *bd, paddr_t string, size_t max);
#define BOOT_STRING_ANY SIZE_MAX /* max, where only our buffer is a bound */

/* Decoders.  0, or EINVAL through boot_fatal. */
int boot_decode_mb1(struct boot_decode *bd, paddr_t info);
int boot_decode_mb2(struct boot_decode *bd, paddr_t info);
int boot_decode_pvh(struct boot_decode *bd, paddr_t info);

#endif
