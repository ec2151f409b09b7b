/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A text or bytes that grow.  Without memory it only remembers that
 * (b_failed), so that a long answer is checked once, at its end.
 */
#ifndef TRACED_BUF_H
#define TRACED_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *b_data;
	size_t b_used, b_room;
	bool b_failed;
};

void buf_add(struct buf *b, const void *p, size_t n);
void buf_text(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* n bytes of room to fill in, zero; NULL without memory. */
void *buf_take(struct buf *b, size_t n);
/* A JSON string with its quotes; bytes that are no ASCII become \u00XX. */
void buf_json(struct buf *b, const char *s);
void buf_json_n(struct buf *b, const char *s, size_t n);
/* A comma, but not behind the opening bracket. */
void buf_comma(struct buf *b);
void buf_free(struct buf *b);

#endif
