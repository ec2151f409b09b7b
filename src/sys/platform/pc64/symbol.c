/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own symbols, for stack traces.  The build links twice: the first
 * link's functions become the section .symbols of the second (symbols.lua).
 * The section: count, then count pairs {offset from the image's start, offset
 * of the name}, sorted, then the names.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include "pc_var.h"

struct symbol {
	uint32_t sy_off, sy_name;
};
extern const uint32_t symbols_count;
extern const struct symbol symbols_table[];
extern const char symbols_names[];
extern const uint8_t kernel_rodata_va[];

bool
machine_symbol(uintptr_t addr, char *buf, size_t size)
{
	uint32_t off, low = 0, high = symbols_count;

	if (addr < (uintptr_t)kernel_start_va ||
	    addr >= (uintptr_t)kernel_rodata_va || high == 0)
		return (false);
	off = (uint32_t)(addr - (uintptr_t)kernel_start_va);
	while (high - low > 1) {
		uint32_t mid = (low + high) / 2;

		if (symbols_table[mid].sy_off <= off)
			low = mid;
		else
			high = mid;
	}
	if (symbols_table[low].sy_off > off)
		return (false);
	ksnprintf(buf, size, "%s+%#x",
	    symbols_names + symbols_table[low].sy_name,
	    off - symbols_table[low].sy_off);
	return (true);
}
