/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of the classic BSD packet filter: an accumulator, an index register,
 * 16 words of memory, jumps forward only.  Here they judge a small block of
 * words, not packets.  (S. McCanne, V. Jacobson, "The BSD Packet Filter", 1993.)
 */
#ifndef SYS_CBPF_H
#define SYS_CBPF_H

#include <sys/types.h>

struct cbpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

#define CBPF_MAX 4096 /* instructions of a program */

/*
 * May the program run over size bytes?  Then it ends, with a result, and reads
 * nothing it has not written: cbpf_run need not check.  0 or EINVAL.
 */
int cbpf_check(const struct cbpf_insn *prog, size_t n, size_t size);
/* The result of a checked program; data is 4-byte aligned. */
uint32_t cbpf_run(const struct cbpf_insn *prog, const void *data, size_t size);

#endif
