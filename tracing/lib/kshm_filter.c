/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters: a Lua expression over an event's fields becomes a program that the
 * kernel (and we, by its own ktr_filter.c) can run.
 *
 * The expression is what Lua 5.4 has for integers: or and == ~= < > <= >= | ~ &
 * << >> + - * not, unary - and ~, parentheses, decimal and 0x numbers, true and
 * false; names are the event's fields, "thread" and "cpu".  Lua's order of
 * binding, and its meaning of "and" and "or"; but 0 is false, there being only
 * numbers.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kshm_var.h"
#include "../../src/sys/kern/ktr/ktr_filter.h"

struct compiler {
	const char *p;
	const struct kshm_field *fields;
	size_t nfields;
	struct kshm_filter_insn *code;
	uint32_t n;
	int depth;
	const char *error;
};

/* Operators that take two values, by how strongly they bind. */
static const struct binary {
	const char *text;
	int level;
	uint32_t op;
	bool swap; /* a > b is b < a */
} binaries[] = {
    {"==", 3, KFO_EQ, false},
    {"~=", 3, KFO_NE, false},
    {"<<", 7, KFO_SHL, false},
    {">>", 7, KFO_SHR, false},
    {"<=", 3, KFO_LE, false},
    {">=", 3, KFO_LE, true},
    {"<", 3, KFO_LT, false},
    {">", 3, KFO_LT, true},
    {"|", 4, KFO_OR, false},
    {"~", 5, KFO_XOR, false},
    {"&", 6, KFO_AND, false},
    {"+", 9, KFO_ADD, false},
    {"-", 9, KFO_SUB, false},
    {"*", 10, KFO_MUL, false},
};
#define LEVEL_OR    1
#define LEVEL_AND   2
#define LEVEL_UNARY 11
#define DEPTH_MAX   50

static void expression(struct compiler *c, int level);

static void
complain(struct compiler *c, const char *what)
{
	if (c->error == NULL)
		c->error = what;
}

static void
blanks(struct compiler *c)
{
	while (isspace((unsigned char)*c->p) != 0)
		c->p++;
}

static uint32_t
emit(struct compiler *c, uint32_t op, int64_t value)
{
	if (c->n == KSHM_FILTER_MAX) {
		complain(c, "it is too long");
		return (0);
	}
	c->code[c->n] = (struct kshm_filter_insn){op, 0, value};
	return (c->n++);
}

static bool
word(struct compiler *c, const char *w)
{
	size_t n = strlen(w);

	blanks(c);
	if (strncmp(c->p, w, n) != 0 || isalnum((unsigned char)c->p[n]) != 0 ||
	    c->p[n] == '_')
		return (false);
	c->p += n;
	return (true);
}

static void
name(struct compiler *c)
{
	size_t n = 0;

	while (isalnum((unsigned char)c->p[n]) != 0 || c->p[n] == '_')
		n++;
	for (size_t i = 0; i < c->nfields; i++)
		if (strlen(c->fields[i].name) == n &&
		    strncmp(c->fields[i].name, c->p, n) == 0) {
			emit(c, KFO_ARG, (int64_t)i);
			/* A 32-bit field holds what its conversion says. */
			if (strcmp(c->fields[i].conv, "d") == 0) {
				emit(c, KFO_CONST, 0xffffffff);
				emit(c, KFO_AND, 0);
				emit(c, KFO_CONST, 0x80000000);
				emit(c, KFO_XOR, 0);
				emit(c, KFO_CONST, 0x80000000);
				emit(c, KFO_SUB, 0);
			}
			c->p += n;
			return;
		}
	complain(c, "it names no field of the event");
}

static void
primary(struct compiler *c)
{
	char *end;

	blanks(c);
	if (*c->p == '(') {
		c->p++;
		expression(c, LEVEL_OR);
		blanks(c);
		if (*c->p++ != ')')
			complain(c, "a ) is missing");
	} else if (isdigit((unsigned char)*c->p) != 0) {
		emit(c, KFO_CONST, (int64_t)strtoull(c->p, &end, 0));
		c->p = end;
	} else if (word(c, "true"))
		emit(c, KFO_CONST, 1);
	else if (word(c, "false"))
		emit(c, KFO_CONST, 0);
	else if (word(c, "thread"))
		emit(c, KFO_THREAD, 0);
	else if (word(c, "cpu"))
		emit(c, KFO_CPU, 0);
	else if (isalpha((unsigned char)*c->p) != 0 || *c->p == '_')
		name(c);
	else
		complain(c, "a value is missing");
}

static void
unary(struct compiler *c)
{
	uint32_t op = KFO_COUNT;

	blanks(c);
	if (word(c, "not"))
		op = KFO_NOT;
	else if (*c->p == '-' || (*c->p == '~' && c->p[1] != '='))
		op = *c->p++ == '-' ? KFO_NEG : KFO_BNOT;
	if (op == KFO_COUNT) {
		primary(c);
		return;
	}
	expression(c, LEVEL_UNARY);
	emit(c, op, 0);
}

static const struct binary *
binary(struct compiler *c, int level)
{
	blanks(c);
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
		const struct binary *b = &binaries[i];

		if (strncmp(c->p, b->text, strlen(b->text)) == 0)
			return (b->level >= level ? b : NULL);
	}
	return (NULL);
}

/* "and", "or": the left value stays if it decides. */
static bool
logical(struct compiler *c, int level, const char *w, int its, uint32_t op)
{
	uint32_t jump;

	if (its < level || !word(c, w))
		return (false);
	jump = emit(c, op, 0);
	emit(c, KFO_POP, 0);
	expression(c, its + 1);
	c->code[jump].kf_value = c->n - jump - 1;
	return (true);
}

/* a > b, a >= b: exchange two values with what there is. */
static void
swap(struct compiler *c, uint32_t start, uint32_t middle)
{
	struct kshm_filter_insn left[KSHM_FILTER_MAX];
	uint32_t nleft = middle - start, nright = c->n - middle;

	memcpy(left, &c->code[start], nleft * sizeof(left[0]));
	memmove(&c->code[start], &c->code[middle], nright * sizeof(left[0]));
	memcpy(&c->code[start + nright], left, nleft * sizeof(left[0]));
}

/* Operators of this level and above. */
static void
expression(struct compiler *c, int level)
{
	const struct binary *b;
	uint32_t start = c->n, middle;

	if (c->error != NULL || ++c->depth > DEPTH_MAX) {
		complain(c, "it is too deep");
		return;
	}
	if (level <= LEVEL_UNARY)
		unary(c);
	while (c->error == NULL) {
		if (logical(c, level, "and", LEVEL_AND, KFO_JZ) ||
		    logical(c, level, "or", LEVEL_OR, KFO_JNZ))
			continue;
		if ((b = binary(c, level)) == NULL)
			break;
		c->p += strlen(b->text);
		middle = c->n;
		expression(c, b->level + 1);
		if (b->swap)
			swap(c, start, middle);
		emit(c, b->op, 0);
	}
	c->depth--;
}

int
kshm_filter_compile(const struct kshm *k, const struct kshm_event *ke,
    const char *text, struct kshm_filter_insn code[KSHM_FILTER_MAX],
    uint32_t *count)
{
	struct kshm_field fields[KSHM_EVENT_ARGS];
	struct compiler c = {.p = text, .fields = fields, .code = code};

	c.nfields = kshm_event_fields(k, ke, fields);
	expression(&c, LEVEL_OR);
	blanks(&c);
	if (*c.p != '\0')
		complain(&c, "there is more than an expression");
	if (c.error == NULL && ktr_filter_check(code, c.n, ke->ke_nargs) != 0)
		complain(&c, "it needs too much stack");
	if (c.error != NULL)
		return (kshm_fail(EINVAL, "filter \"%s\" for %s: %s", text,
		    kshm_text(k, ke->ke_name), c.error));
	*count = c.n;
	return (0);
}

void
kshm_filter_text(const struct kshm *k, const struct kshm_event *ke,
    const struct kshm_filter_insn *code, uint32_t count, char *buf, size_t size)
{
	size_t used;

	used = (size_t)snprintf(buf, size,
	    "%s.%s:", kshm_text(k, ke->ke_group_name),
	    kshm_text(k, ke->ke_name));
	for (uint32_t i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%x.%lx",
		    i > 0 ? "," : "", code[i].kf_op,
		    (unsigned long)code[i].kf_value);
}

bool
kshm_filter_run(const struct kshm_filter_insn *code, uint32_t count,
    const struct kshm_record *kr, uint32_t cpu)
{
	union {
		struct ktr_filter f;
		uint8_t room[sizeof(struct ktr_filter) +
		    KSHM_FILTER_MAX * sizeof(struct kshm_filter_insn)];
	} u;

	u.f.kf_count = count;
	memcpy(u.f.kf_code, code, count * sizeof(*code));
	return (ktr_filter_run(&u.f, kr, cpu));
}
