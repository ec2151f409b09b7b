/* SPDX-License-Identifier: BSD-2-Clause */
/* What values debug registers of a program may have; see cpu/debugreg.h. */
#include <sys/systm.h>
#include <cpu/debugreg.h>
#include <machine/vmparam.h>

uint64_t
debugregs_get(const struct debugregs *dr, int n)
{
	if (n < DEBUG_NADDR)
		return (dr->dr_addr[n]);
	return (n == 6 ? dr->dr_status : n == 7 ? dr->dr_control : 0);
}

static bool
control_valid(const struct debugregs *dr, uint64_t v, unsigned types)
{
	unsigned type, bytes;

	for (int n = 0; n < DEBUG_NADDR; n++) {
		if ((v & DR7_ON(n)) == 0)
			continue;
		type = DR7_TYPE(v, n);
		bytes = debug_bytes(v, n);
		if ((types & 1U << type) == 0 ||
		    (type == DEBUG_EXEC && bytes != 1) ||
		    (dr->dr_addr[n] & (bytes - 1)) != 0)
			return (false);
	}
	return (true);
}

int
debugregs_set(struct debugregs *dr, int n, uint64_t value, unsigned types)
{
	switch (n) {
	case 0:
	case 1:
	case 2:
	case 3:
		/* Nothing of the kernel's may be watched, not its last byte. */
		if (value >= VM_MAX_USER - 8)
			return (EINVAL);
		if ((dr->dr_control & DR7_ON(n)) != 0 &&
		    (value & (debug_bytes(dr->dr_control, n) - 1)) != 0)
			return (EINVAL);
		dr->dr_addr[n] = value;
		return (0);
	case 6:
		dr->dr_status = value;
		return (0);
	case 7:
		/* Only enables and types are a program's. */
		value &= 0xffff00ffUL;
		if (!control_valid(dr, value, types))
			return (EINVAL);
		dr->dr_control = value;
		return (0);
	default:
		return (EIO);
	}
}
