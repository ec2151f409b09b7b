/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio-mmio devices among the bytes of the DSDT's AML.  Firmware describes
 * each as a device whose hardware id is the string "LNRO0005" and whose
 * resources are constants, so they can be found without an interpreter
 * (ACPI 6.4, 6.4.3):
 *
 *	0d "LNRO0005" 00 ... 86 09 00, access 1, address 4, length 4
 *	... 89, length 2, flags 1, count 1, line 4
 *
 * Both descriptors must begin within SPAN bytes of the id and before the next
 * one; a device without them is left out.
 */
#include <sys/systm.h>
#include "acpi_var.h"

#define ID	    "LNRO0005" /* with its NUL */
#define SPAN	    160
#define MEM32_TAG   0x86
#define MEM32_BYTES 12
#define INTR_TAG    0x89
#define INTR_BYTES  9

static uint32_t
le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return (v);
}

/* A descriptor of that tag and length in [p, end), or NULL. */
static const uint8_t *
find_descriptor(const uint8_t *p, const uint8_t *end, uint8_t tag,
    uint16_t length, size_t bytes)
{
	for (; (size_t)(end - p) >= bytes; p++)
		if (p[0] == tag && (p[1] | p[2] << 8) == length)
			return (p);
	return (NULL);
}

static void
decode_device(struct acpi_info *ai, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *mem, *intr;
	struct acpi_virtio *av;

	mem = find_descriptor(p, end, MEM32_TAG, MEM32_BYTES - 3, MEM32_BYTES);
	if (mem == NULL)
		return;
	intr = find_descriptor(
	    mem + MEM32_BYTES, end, INTR_TAG, INTR_BYTES - 3, INTR_BYTES);
	if (intr == NULL || intr[4] != 1 ||
	    ai->acpi_nvirtios == ACPI_VIRTIOS_MAX)
		return;
	av = &ai->acpi_virtios[ai->acpi_nvirtios++];
	av->av_pa = le32(mem + 4);
	av->av_bytes = le32(mem + 8);
	av->av_gsi = le32(intr + 5);
}

/* The end of what belongs to the id at p. */
static const uint8_t *
span_end(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *limit = p + MIN((size_t)SPAN, (size_t)(end - p));

	for (const uint8_t *q = p + 1; (size_t)(limit - q) >= sizeof(ID); q++)
		if (memcmp(q, ID, sizeof(ID)) == 0)
			return (q);
	return (limit);
}

void
acpi_find_virtio(struct acpi_info *ai, const uint8_t *aml, size_t len)
{
	const uint8_t *end = aml + len;

	for (const uint8_t *p = aml; (size_t)(end - p) >= sizeof(ID); p++)
		if (memcmp(p, ID, sizeof(ID)) == 0)
			decode_device(ai, p + sizeof(ID), span_end(p, end));
}
