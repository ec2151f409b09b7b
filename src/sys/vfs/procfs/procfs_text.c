/* SPDX-License-Identifier: BSD-2-Clause */
/* A text buffer that grows as it is written. */
#include <sys/systm.h>
#include <sys/malloc.h>

#include "procfs_var.h"

MALLOC_DEFINE(M_PROCTEXT, "proctext", "texts of open procfs files");

#define TEXT_FIRST 1024
#define TEXT_MAX   (4 * 1024 * 1024) /* a file above that is an EFBIG */

void
text_init(struct procfs_text *t)
{
	memset(t, 0, sizeof(*t));
}

void
text_free(struct procfs_text *t)
{
	kfree(t->pt_buf, M_PROCTEXT);
	text_init(t);
}

/* Room for extra bytes and a NUL.  False, and pt_error, if there is none. */
static bool
text_reserve(struct procfs_text *t, size_t extra)
{
	size_t cap = MAX(t->pt_cap, (size_t)TEXT_FIRST);
	char *buf;

	if (t->pt_error != 0)
		return (false);
	if (t->pt_len + extra + 1 > TEXT_MAX) {
		t->pt_error = EFBIG;
		return (false);
	}
	if (t->pt_len + extra + 1 <= t->pt_cap)
		return (true);
	while (cap < t->pt_len + extra + 1)
		cap *= 2;
	buf = krealloc(t->pt_buf, cap, M_PROCTEXT, M_WAITOK);
	if (buf == NULL) {
		t->pt_error = ENOMEM;
		return (false);
	}
	t->pt_buf = buf;
	t->pt_cap = cap;
	return (true);
}

void
text_write(struct procfs_text *t, const void *p, size_t len)
{
	if (!text_reserve(t, len))
		return;
	memcpy(t->pt_buf + t->pt_len, p, len);
	t->pt_len += len;
}

void
text_printf(struct procfs_text *t, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	if (!text_reserve(t, 128))
		return;
	va_start(ap, fmt);
	va_copy(again, ap);
	n = kvsnprintf(t->pt_buf + t->pt_len, t->pt_cap - t->pt_len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n >= t->pt_cap - t->pt_len &&
	    text_reserve(t, (size_t)n))
		n = kvsnprintf(
		    t->pt_buf + t->pt_len, t->pt_cap - t->pt_len, fmt, again);
	va_end(again);
	if (n > 0 && t->pt_error == 0)
		t->pt_len += (size_t)n;
}

void
text_escaped(struct procfs_text *t, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\\')
			text_printf(t, "\\%03o", (unsigned)(uint8_t)*s);
		else
			text_write(t, s, 1);
	}
}

int
procfs_constant(struct procfs_node *pn, struct procfs_text *t)
{
	const char *s = pn->pn_entry->pe_arg;

	text_write(t, s, strlen(s));
	return (0);
}
