/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel command line: blank-separated KEY=VALUE or KEY words.  The
 * machine stores it before the first SYSINIT; nobody writes it later.
 */
#include <sys/systm.h>
#include <sys/boot.h>

char boot_cmdline[BOOT_CMDLINE_MAX];

const char *
boot_option(const char *key)
{
	static char value[BOOT_CMDLINE_MAX];
	size_t n = strlen(key), k;

	for (const char *p = boot_cmdline; *p != '\0';) {
		const char *end = strchr(p, ' ');

		if (end == NULL)
			end = p + strlen(p);
		if (strncmp(p, key, n) == 0 && (p + n == end || p[n] == '=')) {
			p += n + (p[n] == '=');
			k = (size_t)(end - p);
			memcpy(value, p, k);
			value[k] = '\0';
			return (value);
		}
		p = end + (*end == ' ');
	}
	return (NULL);
}
