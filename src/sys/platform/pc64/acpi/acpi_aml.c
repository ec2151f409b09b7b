/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one thing we want of AML: Name (\_S5, Package {a, b, ...}), whose first
 * two numbers power the machine off.  Firmware writes it at the root as
 * constants, so its bytes can be found without an interpreter (ACPI 6.4,
 * 20.2):
 *
 *	NameOp 08, maybe RootChar 5c, "_S5_", PackageOp 12, PkgLength,
 *	count, elements
 *
 * A number is 00 (zero), 01 (one), 0a (byte), 0b (word), 0c (double word).
 * PkgLength's top two bits say how many bytes follow; it counts itself.
 * Bytes that only look like it are told apart by all of this fitting: within
 * the table, elements within the package, types of 3 bits.
 */
#include <sys/systm.h>
#include "acpi_var.h"

#define AML_ZERO    0x00
#define AML_ONE	    0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0a
#define AML_WORD    0x0b
#define AML_DWORD   0x0c
#define AML_PACKAGE 0x12
#define AML_ROOT    0x5c

#define SLP_TYP_MAX 7

struct aml { /* what is left */
	const uint8_t *am_pos, *am_end;
};

static bool
aml_byte(struct aml *am, uint8_t *bytep)
{
	if (am->am_pos == am->am_end)
		return (false);
	*bytep = *am->am_pos++;
	return (true);
}

static bool
aml_bytes(struct aml *am, int n, uint32_t *valuep)
{
	uint8_t byte;

	*valuep = 0;
	for (int i = 0; i < n; i++) {
		if (!aml_byte(am, &byte))
			return (false);
		*valuep |= (uint32_t)byte << (8 * i);
	}
	return (true);
}

/* Cuts am to the package that begins here. */
static bool
aml_enter_package(struct aml *am)
{
	const uint8_t *start = am->am_pos;
	uint32_t more, length;
	uint8_t lead;

	if (!aml_byte(am, &lead) || !aml_bytes(am, lead >> 6, &more))
		return (false);
	/* With more bytes the lead has four bits, and two that are zero. */
	if (lead >> 6 != 0 && (lead & 0x30) != 0)
		return (false);
	length = lead >> 6 == 0 ? lead : (lead & 0xfU) | more << 4;
	if (length < (size_t)(am->am_pos - start) ||
	    length > (size_t)(am->am_end - start))
		return (false);
	am->am_end = start + length;
	return (true);
}

static bool
aml_number(struct aml *am, uint32_t *valuep)
{
	uint8_t op;

	if (!aml_byte(am, &op))
		return (false);
	switch (op) {
	case AML_ZERO:
	case AML_ONE:
		*valuep = op;
		return (true);
	case AML_BYTE:
		return (aml_bytes(am, 1, valuep));
	case AML_WORD:
		return (aml_bytes(am, 2, valuep));
	case AML_DWORD:
		return (aml_bytes(am, 4, valuep));
	default:
		return (false);
	}
}

/* After the name: the package with its numbers. */
static bool
aml_sleep_package(struct aml am, uint8_t *typ_a, uint8_t *typ_b)
{
	uint8_t op, count;
	uint32_t a, b;

	if (!aml_byte(&am, &op) || op != AML_PACKAGE ||
	    !aml_enter_package(&am) || !aml_byte(&am, &count) || count == 0 ||
	    !aml_number(&am, &a))
		return (false);
	if (count == 1) { /* both in one number: an old habit */
		b = a >> 8;
		a &= 0xff;
	} else if (!aml_number(&am, &b)) {
		return (false);
	}
	if (a > SLP_TYP_MAX || b > SLP_TYP_MAX)
		return (false);
	*typ_a = (uint8_t)a;
	*typ_b = (uint8_t)b;
	return (true);
}

bool
acpi_find_s5(const uint8_t *aml, size_t len, uint8_t *typ_a, uint8_t *typ_b)
{
	for (size_t i = 1; i + 4 <= len; i++) {
		struct aml am = {aml + i + 4, aml + len};
		bool named;

		if (memcmp(aml + i, "_S5_", 4) != 0)
			continue;
		named = aml[i - 1] == AML_NAME ||
		    (i >= 2 && aml[i - 1] == AML_ROOT &&
			aml[i - 2] == AML_NAME);
		if (named && aml_sleep_package(am, typ_a, typ_b))
			return (true);
	}
	return (false);
}
