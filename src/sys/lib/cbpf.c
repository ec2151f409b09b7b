/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checking and running classic filter programs: see sys/cbpf.h.
 *
 * Of the instruction set: loads of whole words at fixed, aligned places, no
 * indirect loads and none by byte; nothing else makes sense on a block of words.
 */
#include <sys/systm.h>
#include <sys/cbpf.h>
#include <sys/errno.h>
#include <sys/malloc.h>

/* Instruction: class, then by class mode, operation, source. */
#define LD   0x00
#define LDX  0x01
#define ST   0x02
#define STX  0x03
#define ALU  0x04
#define JMP  0x05
#define RET  0x06
#define MISC 0x07
#define IMM  0x00
#define ABS  0x20
#define MEM  0x60
#define LEN  0x80
#define K    0x00
#define X    0x08
#define A    0x10
#define ADD  0x00
#define SUB  0x10
#define MUL  0x20
#define DIV  0x30
#define OR   0x40
#define AND  0x50
#define LSH  0x60
#define RSH  0x70
#define NEG  0x80
#define XOR  0xa0
#define JA   0x00
#define JEQ  0x10
#define JGT  0x20
#define JGE  0x30
#define JSET 0x40
#define TAX  0x00
#define TXA  0x80

#define MEMWORDS 16

/* --- the check ------------------------------------------------------------------- */

/* Is the instruction by itself valid? */
static bool
insn_valid(const struct cbpf_insn *in, size_t size)
{
	switch (in->code) {
	case LD | ABS:
		return ((in->k & 3) == 0 && in->k < size);
	case LD | IMM:
	case LDX | IMM:
	case LD | LEN:
	case LDX | LEN:
	case ALU | ADD | K:
	case ALU | ADD | X:
	case ALU | SUB | K:
	case ALU | SUB | X:
	case ALU | MUL | K:
	case ALU | MUL | X:
	case ALU | DIV | X:
	case ALU | OR | K:
	case ALU | OR | X:
	case ALU | AND | K:
	case ALU | AND | X:
	case ALU | XOR | K:
	case ALU | XOR | X:
	case ALU | LSH | X:
	case ALU | RSH | X:
	case ALU | NEG:
	case MISC | TAX:
	case MISC | TXA:
	case RET | K:
	case RET | A:
	case JMP | JA:
	case JMP | JEQ | K:
	case JMP | JEQ | X:
	case JMP | JGT | K:
	case JMP | JGT | X:
	case JMP | JGE | K:
	case JMP | JGE | X:
	case JMP | JSET | K:
	case JMP | JSET | X:
		return (true);
	case ALU | DIV | K:
		return (in->k != 0);
	case ALU | LSH | K:
	case ALU | RSH | K:
		return (in->k < 32);
	case LD | MEM:
	case LDX | MEM:
	case ST:
	case STX:
		return (in->k < MEMWORDS);
	default:
		return (false);
	}
}

/* Do the jumps of instruction i of n stay inside? */
static bool
jumps_valid(const struct cbpf_insn *in, size_t i, size_t n)
{
	if ((in->code & 7) != JMP)
		return (true);
	if (in->code == (JMP | JA))
		return (in->k < n - i - 1);
	return (i + in->jt + 1 < n && i + in->jf + 1 < n);
}

/*
 * Words of memory that are written on every way to an instruction: known[i], a
 * bit for each.  Jumps go forward, so one pass knows all ways.  False: some
 * instruction reads another word.
 */
static bool
memory_valid(const struct cbpf_insn *prog, size_t n, uint16_t *known)
{
	uint16_t now;

	for (size_t i = 0; i < n; i++)
		known[i] = 0xffff;
	known[0] = 0;
	for (size_t i = 0; i < n; i++) {
		const struct cbpf_insn *in = &prog[i];

		now = known[i];
		switch (in->code) {
		case ST:
		case STX:
			now |= (uint16_t)(1U << in->k);
			break;
		case LD | MEM:
		case LDX | MEM:
			if ((now >> in->k & 1) == 0)
				return (false);
			break;
		default:
			break;
		}
		if (in->code == (JMP | JA)) {
			known[i + 1 + in->k] &= now;
		} else if ((in->code & 7) == JMP) {
			known[i + 1 + in->jt] &= now;
			known[i + 1 + in->jf] &= now;
		} else if (i + 1 < n && (in->code & 7) != RET) {
			known[i + 1] &= now;
		}
	}
	return (true);
}

int
cbpf_check(const struct cbpf_insn *prog, size_t n, size_t size)
{
	static const size_t bytes = CBPF_MAX * sizeof(uint16_t);
	uint16_t *known;
	bool ok;

	if (n == 0 || n > CBPF_MAX)
		return (EINVAL);
	for (size_t i = 0; i < n; i++)
		if (!insn_valid(&prog[i], size) || !jumps_valid(&prog[i], i, n))
			return (EINVAL);
	if ((prog[n - 1].code & 7) != RET)
		return (EINVAL);
	if ((known = kmalloc(bytes, M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	ok = memory_valid(prog, n, known);
	kfree(known, M_TEMP);
	return (ok ? 0 : EINVAL);
}

/* --- running ----------------------------------------------------------------------- */

static uint32_t
alu(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case ADD:
		return (a + b);
	case SUB:
		return (a - b);
	case MUL:
		return (a * b);
	case OR:
		return (a | b);
	case AND:
		return (a & b);
	case XOR:
		return (a ^ b);
	case LSH:
		return (a << (b & 31));
	case RSH:
		return (a >> (b & 31));
	default: /* NEG */
		return (-a);
	}
}

static bool
test(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case JEQ:
		return (a == b);
	case JGT:
		return (a > b);
	case JGE:
		return (a >= b);
	default: /* JSET */
		return ((a & b) != 0);
	}
}

uint32_t
cbpf_run(const struct cbpf_insn *prog, const void *data, size_t size)
{
	uint32_t a = 0, x = 0, mem[MEMWORDS] = {0}, b;

	for (const struct cbpf_insn *in = prog;; in++) {
		b = (in->code & X) != 0 ? x : in->k;
		switch (in->code) {
		case LD | ABS:
			memcpy(&a, (const uint8_t *)data + in->k, sizeof(a));
			continue;
		case LD | IMM:
			a = in->k;
			continue;
		case LDX | IMM:
			x = in->k;
			continue;
		case LD | LEN:
			a = (uint32_t)size;
			continue;
		case LDX | LEN:
			x = (uint32_t)size;
			continue;
		case LD | MEM:
			a = mem[in->k];
			continue;
		case LDX | MEM:
			x = mem[in->k];
			continue;
		case ST:
			mem[in->k] = a;
			continue;
		case STX:
			mem[in->k] = x;
			continue;
		case MISC | TAX:
			x = a;
			continue;
		case MISC | TXA:
			a = x;
			continue;
		case RET | K:
			return (in->k);
		case RET | A:
			return (a);
		case JMP | JA:
			in += in->k;
			continue;
		case ALU | DIV | K:
		case ALU | DIV | X:
			if (b == 0)
				return (0);
			a /= b;
			continue;
		default:
			break;
		}
		if ((in->code & 7) == JMP)
			in += test(in->code & 0xf0, a, b) ? in->jt : in->jf;
		else
			a = alu(in->code & 0xf0, a, b);
	}
}
