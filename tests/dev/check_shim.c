/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's side of check.h: main, and what pure parts want of the kernel.
 *
 *	check_NAME -l			cases, "name question" a line
 *	check_NAME CASE [SEED]		run one
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_case {
	const char *name, *question;
	void (*func)(void);
	struct check_case *next;
};
static struct check_case *cases;
static uint64_t state;

void check_add(struct check_case *c);
void check_failed(const char *file, int line, const char *fmt, ...)
    __attribute__((noreturn));
void *check_alloc(size_t len);
void check_free(void *p);
uint64_t check_random(void);
void panic(const char *fmt, ...) __attribute__((noreturn));
int kprintf(const char *fmt, ...);
const char *volatile panicstr;

void
check_add(struct check_case *c)
{
	c->next = cases;
	cases = c;
}

void
check_failed(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("%s:%d: ", file, line);
	vprintf(fmt, ap);
	printf("\n");
	exit(1);
}

void
panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("panic: ");
	vprintf(fmt, ap);
	printf("\n");
	exit(1);
}

int
kprintf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintf(fmt, ap);
	va_end(ap);
	return (n);
}

void *
check_alloc(size_t len)
{
	void *p = aligned_alloc(16, (len + 15) & ~(size_t)15);

	if (p == NULL)
		abort();
	return (memset(p, 0, len));
}

void
check_free(void *p)
{
	free(p);
}

/* splitmix64 */
uint64_t
check_random(void)
{
	uint64_t x = state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return (x ^ (x >> 31));
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		for (struct check_case *c = cases; c != NULL; c = c->next)
			printf("%s %s\n", c->name, c->question);
		return (0);
	}
	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	for (struct check_case *c = cases; argc > 1 && c != NULL; c = c->next)
		if (strcmp(c->name, argv[1]) == 0) {
			c->func();
			return (0);
		}
	printf("no case %s; try -l\n", argc > 1 ? argv[1] : "given");
	return (2);
}
