/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a template (host_template.c) and who asks it for machines agree on.
 *
 * The template listens on a SOCK_SEQPACKET socket that it was given.  A request
 * is one packet: all words of the machine's command, each with its NUL, the
 * program first, and TEMPLATE_FDS descriptors.  The answers are "pid N", when the
 * machine exists, and "status N", a wait status, when it has ended.  If the other
 * side closes the connection or shuts down its half, the machine is killed.
 */
#ifndef HOST_TEMPLATE_H
#define HOST_TEMPLATE_H

#include <stdbool.h>
#include <string.h>

#define TEMPLATE_WORDS_MAX 16384
enum template_fd {
	TEMPLATE_CONSOLE,   /* standard output and error */
	TEMPLATE_DIRECTORY, /* where the words were meant */
	TEMPLATE_REPORT,    /* valgrind's report; under valgrind only */
	TEMPLATE_FDS
};

/* Where a template under valgrind has its own report. */
#define TEMPLATE_REPORT_FD 120

/* How far a template boots (--template FD:POINT). */
#define TEMPLATE_KERNEL "kernel" /* no root: for bodies of tests */
#define TEMPLATE_ROOT	"root"

/*
 * Kernel options that nothing asks for before the point: a template has none of
 * them, each machine its own.  All others must be the template's.
 */
static const char *const template_late[] = {
    "ktest", "fault.nth", "fault.ppm", "fault.points", "fault.site"};

/* word: KEY[=VALUE]. */
static inline bool
template_is_late(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(template_late) / sizeof(template_late[0]);
	     i++) {
		size_t n = strlen(template_late[i]);

		if (len >= n && strncmp(word, template_late[i], n) == 0 &&
		    (len == n || word[n] == '='))
			return (true);
	}
	return (false);
}

#endif
