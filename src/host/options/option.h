/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of a program on the host, from one table: parsing, --help, errors.
 *
 *	static const struct option_row rows[] = {
 *	    BOOT_OPTIONS(OPTION_ROW){0, "tier", "NAME", "...", set_tier},
 *	};
 *
 * A row of BOOT_OPTIONS (boot_options.h) calls set_NAME.  A value is the next
 * argument, or follows the long name and '='.  An argument in brackets is
 * optional and then only comes with '='; set gets NULL without it.
 */
#ifndef HOST_OPTION_H
#define HOST_OPTION_H

#include <stddef.h>
#include <stdint.h>
#include "../../sys/sys/boot_options.h"

struct option_row {
	char letter;	  /* 0: none */
	const char *name; /* without "--" */
	const char *arg;  /* NULL: takes no value */
	const char *help; /* one line */
	void (*set)(const char *value);
};

#define OPTION_ROW(letter, name, arg, help)                                    \
	{letter, #name, arg, help, set_##name},

struct option_program {
	const char *name;
	const char *purpose; /* below the usage line, ends with a newline */
	const struct option_row *rows;
	size_t nrows;
};

/*
 * Call set for every option up to "--".  Returns the arguments behind it, or
 * NULL if there is no "--".  A mistake ends the program by option_fail.
 */
char **option_parse(const struct option_program *p, int argc, char **argv);

/* Print the options and exit with status 0. */
void option_help(const struct option_program *p) __attribute__((noreturn));

/* "NAME: " and one line to standard error; exit status 2. */
void option_fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* A value of option name: bytes with a suffix k, m, g; a decimal number. */
uint64_t option_size(
    const char *name, const char *value, uint64_t min, uint64_t max);
long option_number(const char *name, const char *value, long min, long max);

#endif
