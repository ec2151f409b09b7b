/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters: small programs that say whether an event is worth a record.
 *
 * A tool compiles an expression; the kernel trusts nothing of it.  The check
 * walks the program once: since jumps only go forward, every instruction's
 * stack depth is known when it is reached, from what falls into it and from
 * what jumps to it, and all must agree.  So a checked program ends, after at
 * most KSHM_FILTER_MAX instructions, and stays on its stack.  Arithmetic wraps;
 * a shift uses the low six bits of its distance; nothing divides.
 *
 * Pure: libkshm and the host's tests have it, too.
 */
#include <sys/errno.h>
#include "ktr_filter.h"

#define UNREACHED -1

/* Values that an instruction takes off and puts on the stack. */
static void
effect(uint32_t op, int *takes, int *puts)
{
	if (op <= KFO_CPU) {
		*takes = 0;
		*puts = 1;
	} else if (op == KFO_DUP) {
		*takes = 1;
		*puts = 2;
	} else if (op == KFO_POP) {
		*takes = 1;
		*puts = 0;
	} else if (op <= KFO_BNOT || op == KFO_JZ || op == KFO_JNZ) {
		*takes = 1;
		*puts = 1;
	} else {
		*takes = 2;
		*puts = 1;
	}
}

/* Note that at is reached with this depth. */
static int
reach(int *depths, uint32_t at, int depth)
{
	if (depths[at] != UNREACHED && depths[at] != depth)
		return (EINVAL);
	depths[at] = depth;
	return (0);
}

int
ktr_filter_check(
    const struct kshm_filter_insn *code, uint32_t count, uint32_t nargs)
{
	int depths[KSHM_FILTER_MAX + 1], takes, puts, depth;

	if (count == 0 || count > KSHM_FILTER_MAX)
		return (EINVAL);
	for (uint32_t i = 0; i <= count; i++)
		depths[i] = UNREACHED;
	depths[0] = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct kshm_filter_insn *in = &code[i];

		if (in->kf_op >= KFO_COUNT || depths[i] == UNREACHED)
			return (EINVAL);
		if (in->kf_op == KFO_ARG &&
		    (in->kf_value < 0 || in->kf_value >= nargs))
			return (EINVAL);
		effect(in->kf_op, &takes, &puts);
		if (depths[i] < takes)
			return (EINVAL);
		depth = depths[i] - takes + puts;
		if (depth > KSHM_FILTER_STACK)
			return (EINVAL);
		if (in->kf_op == KFO_JZ || in->kf_op == KFO_JNZ) {
			if (in->kf_value < 0 || in->kf_value >= count - i ||
			    reach(depths, i + 1 + (uint32_t)in->kf_value,
				depth) != 0)
				return (EINVAL);
		}
		if (reach(depths, i + 1, depth) != 0)
			return (EINVAL);
	}
	return (depths[count] == 1 ? 0 : EINVAL);
}

static uint64_t
binary(uint32_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case KFO_ADD:
		return (a + b);
	case KFO_SUB:
		return (a - b);
	case KFO_MUL:
		return (a * b);
	case KFO_AND:
		return (a & b);
	case KFO_OR:
		return (a | b);
	case KFO_XOR:
		return (a ^ b);
	case KFO_SHL:
		return (a << (b & 63));
	case KFO_SHR:
		return (a >> (b & 63));
	case KFO_EQ:
		return (a == b);
	case KFO_NE:
		return (a != b);
	case KFO_LT:
		return ((int64_t)a < (int64_t)b);
	default:
		return ((int64_t)a <= (int64_t)b);
	}
}

bool
ktr_filter_run(
    const struct ktr_filter *kf, const struct kshm_record *kr, uint32_t cpu)
{
	uint64_t stack[KSHM_FILTER_STACK + 1] = {0};
	uint32_t n = 0;

	for (uint32_t i = 0; i < kf->kf_count; i++) {
		const struct kshm_filter_insn *in = &kf->kf_code[i];

		switch (in->kf_op) {
		case KFO_CONST:
			stack[n++] = (uint64_t)in->kf_value;
			break;
		case KFO_ARG:
			stack[n++] = kr->kr_args[in->kf_value];
			break;
		case KFO_THREAD:
			stack[n++] = kr->kr_thread;
			break;
		case KFO_CPU:
			stack[n++] = cpu;
			break;
		case KFO_DUP:
			stack[n] = stack[n - 1];
			n++;
			break;
		case KFO_POP:
			n--;
			break;
		case KFO_NOT:
			stack[n - 1] = stack[n - 1] == 0;
			break;
		case KFO_NEG:
			stack[n - 1] = -stack[n - 1];
			break;
		case KFO_BNOT:
			stack[n - 1] = ~stack[n - 1];
			break;
		case KFO_JZ:
			if (stack[n - 1] == 0)
				i += (uint32_t)in->kf_value;
			break;
		case KFO_JNZ:
			if (stack[n - 1] != 0)
				i += (uint32_t)in->kf_value;
			break;
		default:
			n--;
			stack[n - 1] =
			    binary(in->kf_op, stack[n - 1], stack[n]);
			break;
		}
	}
	return (stack[0] != 0);
}
