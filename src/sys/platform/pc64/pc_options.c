/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's command line: the vkernel's options (sys/boot_options.h).
 *
 *	[WORD...] [--memory SIZE] [--cpus N] [--initramfs NAME] [--share rw|ro]
 *	    [--set KEY[=VALUE]]... [-- CMD ARGS...]
 *
 * Words are separated by blanks; "..." groups, a backslash takes the next
 * character.  Words before the first option are the loader's (the image's
 * name).  "virtio_mmio.device=..." may stand anywhere: QEMU's microvm adds it
 * behind everything else.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/boot_options.h>
#include "pc_var.h"

#define WORD_MAX    1024
#define VIRTIO_WORD "virtio_mmio.device="

struct pc_options pc_options;
static char init_args[BOOT_CMDLINE_MAX];
static size_t init_args_len;

/* --- words ------------------------------------------------------------------- */

/* The next word of *pp; false at the end. */
static bool
word_next(const char **pp, char *word)
{
	const char *p = *pp;
	bool quoted = false;
	size_t n = 0;

	while (*p == ' ' || *p == '\t')
		p++;
	if (*p == '\0')
		return (false);
	for (; *p != '\0' && (quoted || (*p != ' ' && *p != '\t')); p++) {
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (n == WORD_MAX - 1)
			pc_fail("command line: a word has more than %d bytes",
			    WORD_MAX - 1);
		word[n++] = *p;
	}
	word[n] = '\0';
	if (quoted)
		pc_fail("command line: a quotation has no end");
	*pp = p;
	return (true);
}

/* --- values ------------------------------------------------------------------ */

static void
cmdline_add(const char *key, const char *value)
{
	if (strchr(key, ' ') != NULL || strchr(value, ' ') != NULL)
		pc_fail("option --set: \"%s\" has blanks", key);
	if (boot_cmdline[0] != '\0')
		strlcat(boot_cmdline, " ", BOOT_CMDLINE_MAX);
	strlcat(boot_cmdline, key, BOOT_CMDLINE_MAX);
	if (*value != '\0') {
		strlcat(boot_cmdline, "=", BOOT_CMDLINE_MAX);
		strlcat(boot_cmdline, value, BOOT_CMDLINE_MAX);
	}
}

static void
set_memory(const char *v)
{
	static const char units[] = "kKmMgG";
	char digits[24];
	size_t n = strlen(v);
	const char *unit = NULL;
	uint64_t bytes;

	strlcpy(digits, v, sizeof(digits));
	if (n > 0 && n < sizeof(digits) &&
	    (unit = strchr(units, v[n - 1])) != NULL)
		digits[n - 1] = '\0';
	if (n >= sizeof(digits) || kstrtou64(digits, 10, &bytes) != 0)
		pc_fail("--memory: \"%s\" is not a size; say 256M or 1G", v);
	if (bytes > 1UL << 40)
		bytes = 1UL << 40;
	if (unit != NULL)
		bytes <<= 10 * ((unit - units) / 2 + 1);
	if (bytes < 16UL << 20 || bytes > 32UL << 30)
		pc_fail("--memory: %s is outside 16M..32G", v);
	pc_options.po_memory = bytes;
}

static void
set_cpus(const char *v)
{
	uint64_t n;

	if (kstrtou64(v, 10, &n) != 0 || n < 1 || n > MAXCPU)
		pc_fail(
		    "--cpus: \"%s\" is not a number from 1 to %d", v, MAXCPU);
	pc_options.po_cpus = (int)n;
}

static void
set_initramfs(const char *v)
{
	strlcpy(pc_options.po_initramfs, v, sizeof(pc_options.po_initramfs));
}

static void
set_share(const char *v)
{
	cmdline_add("share", v);
}

static void
set_set(const char *v)
{
	cmdline_add(v, "");
}

static void
set_help(const char *v __unused)
{
	pc_fail("see the manual page pc64(8)");
}

#define ROW(letter, name, arg, help) {letter, #name, (arg) != NULL, set_##name},
static const struct option_row {
	char letter;
	const char *name;
	bool has_arg;
	void (*set)(const char *value);
} rows[] = {BOOT_OPTIONS(ROW)};

static const struct option_row *
row_find(const char *word, const char **valuep)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].name);

		*valuep = NULL;
		if (word[0] != '-')
			continue;
		if (word[1] == rows[i].letter && word[2] == '\0')
			return (&rows[i]);
		if (word[1] != '-' || strncmp(word + 2, rows[i].name, n) != 0)
			continue;
		if (word[2 + n] == '\0')
			return (&rows[i]);
		if (word[2 + n] == '=') {
			*valuep = word + 3 + n;
			return (&rows[i]);
		}
	}
	return (NULL);
}

/* --- the line -------------------------------------------------------------------- */

static void
args_take(const char *p)
{
	static char word[WORD_MAX];

	while (word_next(&p, word)) {
		size_t n = strlen(word) + 1;

		if (strncmp(word, VIRTIO_WORD, strlen(VIRTIO_WORD)) == 0) {
			cmdline_add(word, "");
			continue;
		}
		if (init_args_len + n > sizeof(init_args))
			pc_fail("command line: the program's arguments are "
				"too long");
		memcpy(init_args + init_args_len, word, n);
		init_args_len += n;
	}
	if (init_args_len == 0)
		pc_fail("command line: \"--\" without a program to run");
}

void
pc_options_parse(const char *p)
{
	static char word[WORD_MAX], arg[WORD_MAX];
	const struct option_row *o;
	const char *value;
	bool seen = false;

	while (word_next(&p, word)) {
		if (strcmp(word, "--") == 0) {
			args_take(p);
			return;
		}
		if (strncmp(word, VIRTIO_WORD, strlen(VIRTIO_WORD)) == 0) {
			cmdline_add(word, "");
			continue;
		}
		if (word[0] != '-' && !seen)
			continue;
		seen = true;
		if ((o = row_find(word, &value)) == NULL)
			pc_fail("command line: unknown option \"%s\"", word);
		if (o->has_arg && value == NULL && word_next(&p, arg))
			value = arg;
		if (o->has_arg != (value != NULL))
			pc_fail("command line: option --%s %s", o->name,
			    o->has_arg ? "needs a value" : "takes no value");
		o->set(value);
	}
}

static void
hand_over(void)
{
	if (init_args_len > 0)
		init_set_argv(init_args, init_args_len);
}
SYSINIT(pc_args, SI_INIT - 1, hand_over);
