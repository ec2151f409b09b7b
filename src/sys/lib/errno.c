/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and texts of errors, from the one table in sys/errno.h. */
#include <sys/systm.h>

#define NAME_ROW(n, v, t) [v] = #n,
#define TEXT_ROW(n, v, t) [v] = t,
static const char *const names[ELAST + 1] = {ERRNO_TABLE(NAME_ROW)};
static const char *const texts[ELAST + 1] = {ERRNO_TABLE(TEXT_ROW)};

const char *
errno_name(int error)
{
	if (error < 0 || error > ELAST || names[error] == NULL)
		return ("E?");
	return (names[error]);
}

const char *
errno_text(int error)
{
	if (error < 0 || error > ELAST || texts[error] == NULL)
		return ("Unknown error");
	return (texts[error]);
}
