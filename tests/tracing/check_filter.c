/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's check of filters against programs made by chance: whatever it
 * lets pass must run inside its stack (the sanitizers watch) and end; and
 * programs that are wrong in a known way must not pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/sys/kern/ktr/ktr_filter.h"

static int bad;

static void
refused(const char *why, const struct kshm_filter_insn *code, uint32_t n)
{
	if (ktr_filter_check(code, n, 2) == 0) {
		printf("passed: %s\n", why);
		bad = 1;
	}
}

#define REFUSED(why, ...)                                                      \
	do {                                                                   \
		const struct kshm_filter_insn c[] = {__VA_ARGS__};             \
		refused(why, c, sizeof(c) / sizeof(c[0]));                     \
	} while (0)

static void
known(void)
{
	struct kshm_filter_insn many[KSHM_FILTER_MAX + 1] = {{KFO_CONST, 0, 1}};

	refused("nothing", many, 0);
	for (int i = 1; i <= KSHM_FILTER_MAX; i++)
		many[i].kf_op = KFO_NOT;
	refused("one instruction too many", many, KSHM_FILTER_MAX + 1);
	if (ktr_filter_check(many, KSHM_FILTER_MAX, 0) != 0)
		bad = printf("refused: the longest program\n");
	REFUSED("no such operation", {KFO_COUNT, 0, 0});
	REFUSED("no such argument", {KFO_ARG, 0, 2});
	REFUSED("a negative argument", {KFO_ARG, 0, -1});
	REFUSED("nothing to negate", {KFO_NEG, 0, 0});
	REFUSED("one value for two", {KFO_CONST, 0, 1}, {KFO_ADD, 0, 0});
	REFUSED("two values left", {KFO_CONST, 0, 1}, {KFO_CONST, 0, 1});
	REFUSED("no value left", {KFO_CONST, 0, 1}, {KFO_POP, 0, 0});
	REFUSED("a jump behind the end", {KFO_CONST, 0, 1}, {KFO_JZ, 0, 1});
	REFUSED("a jump back", {KFO_CONST, 0, 1}, {KFO_JZ, 0, -1});
	REFUSED("two depths at one place", {KFO_CONST, 0, 1}, {KFO_JZ, 0, 1},
	    {KFO_CONST, 0, 1});
	for (int i = 0; i <= KSHM_FILTER_STACK; i++)
		many[i] = (struct kshm_filter_insn){KFO_CONST, 0, 1};
	for (int i = KSHM_FILTER_STACK + 1; i <= 2 * KSHM_FILTER_STACK; i++)
		many[i] = (struct kshm_filter_insn){KFO_ADD, 0, 0};
	refused("too deep a stack", many, 2 * KSHM_FILTER_STACK + 1);
}

int
main(void)
{
	struct ktr_filter *kf = malloc(
	    sizeof(*kf) + KSHM_FILTER_MAX * sizeof(struct kshm_filter_insn));
	struct kshm_record kr = {.kr_args = {1, ~0UL, 3, 4, 5}};
	unsigned long passed = 0, kept = 0;

	if (kf == NULL)
		return (2);
	known();
	srandom(1);
	for (long i = 0; i < 3000000; i++) {
		kf->kf_count = (uint32_t)random() % 9 + 1;
		for (uint32_t j = 0; j < kf->kf_count; j++)
			kf->kf_code[j] = (struct kshm_filter_insn){
			    (uint32_t)random() % (KFO_COUNT + 1), 0,
			    random() % 5 - 1};
		if (ktr_filter_check(kf->kf_code, kf->kf_count, 3) != 0)
			continue;
		passed++;
		kept += ktr_filter_run(kf, &kr, 1);
	}
	printf("%lu of 3000000 programs passed, %lu kept the record\n", passed,
	    kept);
	free(kf);
	return (bad != 0 || passed < 1000);
}
