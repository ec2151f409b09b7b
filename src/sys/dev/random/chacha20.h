/* SPDX-License-Identifier: BSD-2-Clause */
/* The ChaCha20 block function of RFC 8439, section 2.3. */
#ifndef DEV_CHACHA20_H
#define DEV_CHACHA20_H

#include <sys/types.h>

#define CHACHA_KEY_WORDS   8
#define CHACHA_BLOCK_WORDS 16
#define CHACHA_BLOCK_BYTES 64

/* out gets the key stream block number counter, as little-endian words. */
void chacha20_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter,
    const uint32_t nonce[3], uint32_t out[CHACHA_BLOCK_WORDS]);
/* The RFC's test vector; false if our block differs. */
bool chacha20_selftest(void);

#endif
