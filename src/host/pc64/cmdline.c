/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's command line: the option words of boot_options.h.
 *
 *	--cpus 2 --share rw --set KEY=VALUE -- CMD ARGS
 *
 * The kernel splits it at blanks; "..." groups, and a backslash takes the next
 * character, inside of quotes and outside.  GRUB writes this form itself, from
 * words of its script language, where '...' takes everything but a quote.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <option.h>
#include "pc64_var.h"

#define CMDLINE_MAX 3900 /* the kernel keeps 4096 with a loader's words */

typedef void put_word_t(FILE *f, const char *word);

static void
put_kernel_word(FILE *f, const char *word)
{
	bool plain = *word != '\0' && strpbrk(word, " \t\r\n\"\\") == NULL;

	if (plain) {
		fputs(word, f);
		return;
	}
	fputc('"', f);
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			fputc('\\', f);
		fputc(*word, f);
	}
	fputc('"', f);
}

static void
put_grub_word(FILE *f, const char *word)
{
	fputc('\'', f);
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			fputs("'\\'", f);
		fputc(*word, f);
	}
	fputc('\'', f);
}

static void
put(FILE *f, put_word_t *put_word, const char *word)
{
	if (ftell(f) > 0)
		fputc(' ', f);
	put_word(f, word);
}

static char *
make(const struct config *c, put_word_t *put_word)
{
	char *text = NULL, number[16];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		option_fail("out of memory");
	snprintf(number, sizeof(number), "%d", c->c_cpus);
	put(f, put_word, "--cpus");
	put(f, put_word, number);
	if (c->c_share != NULL) {
		put(f, put_word, "--share");
		put(f, put_word, c->c_share_ro ? "ro" : "rw");
	}
	for (const char **s = c->c_sets; s != NULL && *s != NULL; s++) {
		put(f, put_word, "--set");
		put(f, put_word, *s);
	}
	if (c->c_command != NULL)
		put(f, put_word, "--");
	for (char **s = c->c_command; s != NULL && *s != NULL; s++)
		put(f, put_word, *s);
	if (fclose(f) != 0)
		option_fail("out of memory");
	if (len > CMDLINE_MAX)
		option_fail("CMD and options take %zu bytes, the kernel's "
			    "command line %d: put them into a script",
		    len, CMDLINE_MAX);
	return (text);
}

char *
cmdline_make(const struct config *c)
{
	return (make(c, put_kernel_word));
}

char *
cmdline_make_grub(const struct config *c)
{
	return (make(c, put_grub_word));
}
