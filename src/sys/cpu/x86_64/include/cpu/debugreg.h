/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug registers of a program (SDM vol. 3, 17.2): four addresses, what happened
 * at which (DR6), what to watch for (DR7).  A tracer sets them; the machine
 * makes them work.
 */
#ifndef CPU_DEBUGREG_H
#define CPU_DEBUGREG_H

#include <sys/types.h>

#define DEBUG_NADDR    4
#define DR6_NONE       0xffff0ff0UL
#define DR6_HITS       0xfUL
#define DR6_STEP       (1UL << 14)
#define DR7_NONE       0x400UL
#define DR7_ENABLES    0xffUL
#define DR7_ON(n)      (3UL << (2 * (n)))
#define DR7_TYPE(v, n) ((v) >> (16 + 4 * (n)) & 3)
#define DR7_LEN(v, n)  ((v) >> (18 + 4 * (n)) & 3) /* 1, 2, 8, 4 bytes */
enum {
	DEBUG_EXEC,
	DEBUG_WRITE,
	DEBUG_IO,
	DEBUG_ACCESS
};

struct debugregs {
	uint64_t dr_addr[DEBUG_NADDR];
	uint64_t dr_status, dr_control;
};

static inline bool
debugregs_armed(const struct debugregs *dr)
{
	return (__unlikely((dr->dr_control & DR7_ENABLES) != 0));
}

/* Bytes that row n of control watches. */
static inline unsigned
debug_bytes(uint64_t control, int n)
{
	static const uint8_t bytes[] = {1, 2, 8, 4};

	return (bytes[DR7_LEN(control, n)]);
}

uint64_t debugregs_get(const struct debugregs *dr, int n);
/*
 * EINVAL: an address or a combination that a program may not have, or a type
 * that is not in types (bits by DEBUG_).  EIO: no such register.
 */
int debugregs_set(struct debugregs *dr, int n, uint64_t value, unsigned types);

#endif
