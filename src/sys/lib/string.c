/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and string primitives.  The bulk loops move eight words a turn:
 * `rep movsb` is as fast on hardware but ten times slower under QEMU's TCG,
 * and this file serves both machines.
 */
#include <sys/systm.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

void *
memcpy(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	for (; n >= 64; n -= 64, d += 64, s += 64) {
		word_t *dw = (word_t *)d;
		const word_t *sw = (const word_t *)s;
		uint64_t a = sw[0], b = sw[1], c = sw[2], e = sw[3];
		uint64_t f = sw[4], g = sw[5], h = sw[6], i = sw[7];

		dw[0] = a, dw[1] = b, dw[2] = c, dw[3] = e;
		dw[4] = f, dw[5] = g, dw[6] = h, dw[7] = i;
	}
	for (; n >= 8; n -= 8, d += 8, s += 8)
		*(word_t *)d = *(const word_t *)s;
	for (; n > 0; n--) {
		*d++ = *s++;
		/* Keep the compiler from calling memcpy here. */
		__asm__ volatile("" ::: "memory");
	}
	return (dst);
}

void *
memmove(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (d == s || n == 0)
		return (dst);
	if (d < s || d >= s + n) {
		if (d + n <= s || s + n <= d)
			return (memcpy(dst, src, n));
		for (; n >= 8 && (size_t)(s - d) >= 8; n -= 8, d += 8, s += 8)
			*(word_t *)d = *(const word_t *)s;
		for (; n > 0; n--) {
			*d++ = *s++;
			__asm__ volatile("" ::: "memory");
		}
		return (dst);
	}
	d += n;
	s += n;
	for (; n >= 8 && (size_t)(d - s) >= 8; n -= 8) {
		d -= 8;
		s -= 8;
		*(word_t *)d = *(const word_t *)s;
	}
	for (; n > 0; n--) {
		*--d = *--s;
		__asm__ volatile("" ::: "memory");
	}
	return (dst);
}

void *
memset(void *dst, int c, size_t n)
{
	uint8_t *d = dst;
	uint64_t w = (uint8_t)c * 0x0101010101010101UL;

	for (; n >= 64; n -= 64, d += 64) {
		word_t *dw = (word_t *)d;

		dw[0] = w, dw[1] = w, dw[2] = w, dw[3] = w;
		dw[4] = w, dw[5] = w, dw[6] = w, dw[7] = w;
	}
	for (; n >= 8; n -= 8, d += 8)
		*(word_t *)d = w;
	for (; n > 0; n--) {
		*d++ = (uint8_t)c;
		__asm__ volatile("" ::: "memory");
	}
	return (dst);
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n >= 8; n -= 8, x += 8, y += 8)
		if (*(const word_t *)x != *(const word_t *)y)
			break;
	for (; n > 0; n--, x++, y++)
		if (*x != *y)
			return (*x - *y);
	return (0);
}

void *
memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (; n > 0; n--, p++)
		if (*p == (uint8_t)c)
			return ((void *)(uintptr_t)p);
	return (NULL);
}

size_t
strlen(const char *s)
{
	const char *p = s;

	while (*p != '\0') {
		p++;
		__asm__ volatile("" ::: "memory");
	}
	return ((size_t)(p - s));
}

size_t
strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return (n);
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return ((uint8_t)*a - (uint8_t)*b);
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0 && *a != '\0' && *a == *b; n--)
		a++, b++;
	return (n == 0 ? 0 : (uint8_t)*a - (uint8_t)*b);
}

static int
lower(char c)
{
	return (c >= 'A' && c <= 'Z' ? c + 32 : (uint8_t)c);
}

int
strcasecmp(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b))
		a++, b++;
	return (lower(*a) - lower(*b));
}

char *
strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return ((char *)(uintptr_t)s);
		if (*s == '\0')
			return (NULL);
	}
}

char *
strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (*s == '\0')
			return ((char *)(uintptr_t)found);
	}
}

char *
strstr(const char *s, const char *find)
{
	size_t n = strlen(find);

	for (; *s != '\0' || n == 0; s++) {
		if (strncmp(s, find, n) == 0)
			return ((char *)(uintptr_t)s);
		if (*s == '\0')
			break;
	}
	return (NULL);
}

size_t
strlcpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);

	if (size > 0) {
		size_t k = MIN(n, size - 1);

		memcpy(dst, src, k);
		dst[k] = '\0';
	}
	return (n);
}

size_t
strlcat(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(dst, size);

	if (n == size)
		return (n + strlen(src));
	return (n + strlcpy(dst + n, src, size - n));
}
