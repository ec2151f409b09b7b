/* SPDX-License-Identifier: BSD-2-Clause */
/* ChaCha20's block function, written from RFC 8439. */
#include <sys/systm.h>

#include "chacha20.h"

static inline uint32_t
rotl(uint32_t x, int n)
{
	return ((x << n) | (x >> (32 - n)));
}

/* Section 2.1, on four words of the state. */
static inline void
quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotl(*d ^ *a, 16);
	*c += *d;
	*b = rotl(*b ^ *c, 12);
	*a += *b;
	*d = rotl(*d ^ *a, 8);
	*c += *d;
	*b = rotl(*b ^ *c, 7);
}

/* A round down the columns, then one along the diagonals. */
static void
double_round(uint32_t s[CHACHA_BLOCK_WORDS])
{
	quarter_round(&s[0], &s[4], &s[8], &s[12]);
	quarter_round(&s[1], &s[5], &s[9], &s[13]);
	quarter_round(&s[2], &s[6], &s[10], &s[14]);
	quarter_round(&s[3], &s[7], &s[11], &s[15]);
	quarter_round(&s[0], &s[5], &s[10], &s[15]);
	quarter_round(&s[1], &s[6], &s[11], &s[12]);
	quarter_round(&s[2], &s[7], &s[8], &s[13]);
	quarter_round(&s[3], &s[4], &s[9], &s[14]);
}

void
chacha20_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter,
    const uint32_t nonce[3], uint32_t out[CHACHA_BLOCK_WORDS])
{
	/* "expand 32-byte k" */
	uint32_t init[CHACHA_BLOCK_WORDS] = {
	    0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	for (int i = 0; i < CHACHA_KEY_WORDS; i++)
		init[4 + i] = key[i];
	init[12] = counter;
	for (int i = 0; i < 3; i++)
		init[13 + i] = nonce[i];
	memcpy(out, init, sizeof(init));
	for (int i = 0; i < 10; i++)
		double_round(out);
	for (int i = 0; i < CHACHA_BLOCK_WORDS; i++)
		out[i] += init[i];
}

/* Section 2.3.2. */
bool
chacha20_selftest(void)
{
	static const uint32_t key[CHACHA_KEY_WORDS] = {0x03020100, 0x07060504,
	    0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918,
	    0x1f1e1d1c};
	static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
	static const uint32_t want[CHACHA_BLOCK_WORDS] = {0xe4e7f110,
	    0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
	    0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214,
	    0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
	uint32_t out[CHACHA_BLOCK_WORDS];

	chacha20_block(key, 1, nonce, out);
	return (memcmp(out, want, sizeof(want)) == 0);
}
