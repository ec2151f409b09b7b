/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checkers' half with the C library: physical memory from a file, and
 * what the sources under test want from the kernel.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check_host.h"

struct segment segments[SEGMENTS_MAX];
int nsegments;
uint64_t reads;

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int ksnprintf(char *buf, size_t size, const char *fmt, ...);
size_t strlcpy(char *dst, const char *src, size_t size);

int
kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return (vsnprintf(buf, size, fmt, ap));
}

int
ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return (n);
}

size_t
strlcpy(char *dst, const char *src, size_t size)
{
	snprintf(dst, size, "%s", src);
	return (strlen(src));
}

void
host_print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void
host_fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	fputs("check: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

uint64_t
host_number(const char *word)
{
	return (strtoull(word, NULL, 0));
}

void
host_load(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint64_t head[2];

	if (f == NULL)
		host_fail("%s cannot be opened", path);
	while (fread(head, sizeof(head), 1, f) == 1) {
		struct segment *sg = &segments[nsegments++];

		if (nsegments > SEGMENTS_MAX)
			host_fail("too many segments");
		sg->sg_pa = head[0];
		sg->sg_len = head[1];
		sg->sg_bytes = malloc(sg->sg_len);
		if (sg->sg_bytes == NULL ||
		    fread(sg->sg_bytes, 1, sg->sg_len, f) != sg->sg_len)
			host_fail("%s is cut short", path);
	}
	fclose(f);
}

/* Exact and short-lived, so that the sanitizer sees every stray use. */
const void *
host_phys_read(uint64_t pa, size_t len)
{
	static void *last;

	if (len > UINT64_MAX - pa)
		host_fail("asks for %#lx+%#lx, which wraps", pa, len);
	reads++;
	free(last);
	last = NULL;
	for (int i = 0; i < nsegments; i++) {
		const struct segment *sg = &segments[i];

		if (pa < sg->sg_pa || pa - sg->sg_pa > sg->sg_len ||
		    len > sg->sg_len - (pa - sg->sg_pa))
			continue;
		last = malloc(len);
		if (last == NULL)
			host_fail("no memory for a read of %zu bytes", len);
		memcpy(last, sg->sg_bytes + (pa - sg->sg_pa), len);
		return (last);
	}
	return (NULL);
}

int
main(int argc, char **argv)
{
	return (check_main(argc, argv));
}
