/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers are put together here. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "buf.h"

static bool
room(struct buf *b, size_t n)
{
	size_t want = b->b_room == 0 ? 1024 : b->b_room;
	char *p;

	if (b->b_failed)
		return (false);
	if (b->b_room - b->b_used >= n)
		return (true);
	while (want - b->b_used < n)
		want *= 2;
	if ((p = realloc(b->b_data, want)) == NULL) {
		b->b_failed = true;
		return (false);
	}
	b->b_data = p;
	b->b_room = want;
	return (true);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !room(b, n))
		return;
	memcpy(b->b_data + b->b_used, p, n);
	b->b_used += n;
}

void *
buf_take(struct buf *b, size_t n)
{
	char *p;

	if (!room(b, n))
		return (NULL);
	p = b->b_data + b->b_used;
	memset(p, 0, n);
	b->b_used += n;
	return (p);
}

void
buf_text(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!room(b, 128))
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->b_data + b->b_used, b->b_room - b->b_used, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->b_room - b->b_used) {
		if (!room(b, (size_t)n + 1))
			return;
		va_start(ap, fmt);
		vsnprintf(
		    b->b_data + b->b_used, b->b_room - b->b_used, fmt, ap);
		va_end(ap);
	}
	b->b_used += (size_t)n;
}

void
buf_json_n(struct buf *b, const char *s, size_t n)
{
	buf_add(b, "\"", 1);
	for (size_t i = 0; i < n && s[i] != '\0'; i++)
		if (s[i] == '"' || s[i] == '\\')
			buf_printf(b, "\\%c", s[i]);
		else if (s[i] < ' ' || s[i] > 126)
			buf_printf(b, "\\u%04x", (unsigned char)s[i]);
		else
			buf_add(b, &s[i], 1);
	buf_add(b, "\"", 1);
}

void
buf_json(struct buf *b, const char *s)
{
	buf_json_n(b, s, strlen(s));
}

void
buf_comma(struct buf *b)
{
	char last = b->b_used > 0 ? b->b_data[b->b_used - 1] : '[';

	if (last != '[' && last != '{')
		buf_add(b, ",", 1);
}

void
buf_free(struct buf *b)
{
	free(b->b_data);
	*b = (struct buf){0};
}
