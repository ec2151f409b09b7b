/* SPDX-License-Identifier: BSD-2-Clause */
/* Options from a table; see option.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "option.h"

static const char *program = "mayfly";

void
option_fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static const struct option_row *
find(const struct option_program *p, const char *arg, const char **valuep)
{
	for (size_t i = 0; i < p->nrows; i++) {
		const struct option_row *o = &p->rows[i];
		size_t n = strlen(o->name);

		*valuep = NULL;
		if (arg[0] != '-')
			break;
		if (o->letter != 0 && arg[1] == o->letter && arg[2] == '\0')
			return (o);
		if (arg[1] != '-' || strncmp(arg + 2, o->name, n) != 0)
			continue;
		if (arg[n + 2] == '\0')
			return (o);
		if (arg[n + 2] == '=') {
			*valuep = arg + n + 3;
			return (o);
		}
	}
	return (NULL);
}

char **
option_parse(const struct option_program *p, int argc, char **argv)
{
	const struct option_row *o;
	const char *value;
	int i;

	program = p->name;
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if ((o = find(p, argv[i], &value)) == NULL)
			option_fail("unknown option \"%s\"; see %s --help",
			    argv[i], p->name);
		if (o->arg == NULL && value != NULL)
			option_fail("option --%s takes no value", o->name);
		if (o->arg != NULL && value == NULL && o->arg[0] != '[') {
			if (++i == argc)
				option_fail(
				    "option --%s needs a value", o->name);
			value = argv[i];
		}
		o->set(value);
	}
	return (i < argc ? argv + i + 1 : NULL);
}

/* --name ARG, --name[=ARG]: how a row is written. */
static void
print_form(const struct option_row *o, char *buf, size_t size)
{
	const char *arg = o->arg != NULL ? o->arg : "";

	if (arg[0] == '[')
		snprintf(buf, size, "--%s[=%s", o->name, arg + 1);
	else
		snprintf(buf, size, "--%-9s %s", o->name, arg);
}

void
option_help(const struct option_program *p)
{
	char form[64];

	printf(
	    "usage: %s [options] [-- CMD ARGS...]\n%s\n", p->name, p->purpose);
	for (size_t i = 0; i < p->nrows; i++) {
		const struct option_row *o = &p->rows[i];

		print_form(o, form, sizeof(form));
		if (o->letter != 0)
			printf("  -%c, %-24s %s\n", o->letter, form, o->help);
		else
			printf("      %-24s %s\n", form, o->help);
	}
	exit(0);
}

uint64_t
option_size(const char *name, const char *v, uint64_t min, uint64_t max)
{
	static const char suffixes[] = "kmg";
	const char *suffix;
	char *end;
	uint64_t n;
	int shift = 0;

	errno = 0;
	n = strtoul(v, &end, 10);
	if (*end != '\0' && (suffix = strchr(suffixes, *end | 0x20)) != NULL) {
		shift = 10 * (int)(suffix - suffixes + 1);
		end++;
	}
	if (errno != 0 || end == v || *end != '\0' || *v == '-')
		option_fail(
		    "--%s: \"%s\" is not a size; say 256M or 1G", name, v);
	if (n > max >> shift || n << shift < min)
		option_fail("--%s: %s is outside %luM..%luG", name, v,
		    (unsigned long)(min >> 20), (unsigned long)(max >> 30));
	return (n << shift);
}

long
option_number(const char *name, const char *v, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(v, &end, 10);
	if (errno != 0 || end == v || *end != '\0' || n < min || n > max)
		option_fail("--%s: \"%s\" is not a number from %ld to %ld",
		    name, v, min, max);
	return (n);
}
