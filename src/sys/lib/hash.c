/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums and hashes: CRC-32 (IEEE 802.3, reflected) and FNV-1a. */
#include <sys/systm.h>

uint32_t
crc32(uint32_t crc, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	crc = ~crc;
	while (len-- > 0) {
		crc ^= *p++;
		for (int k = 0; k < 8; k++)
			crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1));
	}
	return (~crc);
}

uint64_t
hash64(const void *buf, size_t len, uint64_t seed)
{
	const uint8_t *p = buf;
	uint64_t h = 0xcbf29ce484222325UL ^ seed;

	while (len-- > 0)
		h = (h ^ *p++) * 0x100000001b3UL;
	return (h ^ (h >> 29));
}
