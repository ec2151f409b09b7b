/* SPDX-License-Identifier: BSD-2-Clause */
/* Start, strings and formatted output of programs without a C library. */
#include "start.h"

int errno;

/* --- strings ---------------------------------------------------------------- */

size_t
strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return (n);
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return ((unsigned char)*a - (unsigned char)*b);
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++)
		if (*a != *b || *a == '\0')
			return ((unsigned char)*a - (unsigned char)*b);
	return (0);
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
	char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = (char *)(uintptr_t)s;
		if (*s == '\0')
			return (found);
	}
}

void *
memcpy(void *dst, const void *src, size_t n)
{
	const unsigned char *s = src;
	unsigned char *d = dst;

	while (n-- > 0)
		*d++ = *s++;
	return (dst);
}

void *
memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;

	while (n-- > 0)
		*d++ = (unsigned char)c;
	return (dst);
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n > 0; n--, x++, y++)
		if (*x != *y)
			return (*x - *y);
	return (0);
}

size_t
str_join(char *dst, size_t size, const char *a, const char *b, const char *c)
{
	const char *const parts[] = {a, b, c};
	size_t n = 0;

	for (size_t i = 0; i < nitems(parts); i++)
		for (const char *s = parts[i]; *s != '\0'; s++, n++)
			if (n + 1 < size)
				dst[n] = *s;
	if (size > 0)
		dst[MIN(n, size - 1)] = '\0';
	return (n);
}

int
str_number(const char *s, int64_t *vp)
{
	bool neg = *s == '-';
	int64_t v = 0;

	if (neg)
		s++;
	if (*s == '\0')
		return (-1);
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *s - '0', &v))
			return (-1);
	}
	*vp = neg ? -v : v;
	return (0);
}

const char *
str_error(int error)
{
	static const struct {
		int number;
		const char *text;
	} table[] = {
#define ROW(name, number, text) {number, text},
	    ERRNO_TABLE(ROW)};

	for (size_t i = 0; i < nitems(table); i++)
		if (table[i].number == error)
			return (table[i].text);
	return ("Unknown error");
}

const char *
base_name(const char *path)
{
	const char *s = strrchr(path, '/');

	return (s != NULL ? s + 1 : path);
}

const char *
env_get(char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp != NULL; envp++)
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return (*envp + n + 1);
	return (NULL);
}

/* --- output -------------------------------------------------------------------- */

struct sink {
	int s_fd;
	size_t s_n;
	char s_buf[1024];
};
static struct sink out = {.s_fd = 1}, err = {.s_fd = 2};

static void
sink_flush(struct sink *s)
{
	size_t done = 0;
	int64_t n;

	while (done < s->s_n) {
		n = sys_write(s->s_fd, s->s_buf + done, s->s_n - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	s->s_n = 0;
}

static void
sink_put(struct sink *s, const char *p, size_t n)
{
	while (n-- > 0) {
		if (s->s_n == sizeof(s->s_buf))
			sink_flush(s);
		s->s_buf[s->s_n++] = *p++;
	}
}

/* Digits of v before end; where they begin. */
static char *
digits(char *end, uint64_t v, unsigned base)
{
	do {
		*--end = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	return (end);
}

static void
sink_pad(struct sink *s, const char *text, size_t n, size_t width, bool left)
{
	if (!left)
		for (size_t i = n; i < width; i++)
			sink_put(s, " ", 1);
	sink_put(s, text, n);
	if (left)
		for (size_t i = n; i < width; i++)
			sink_put(s, " ", 1);
}

/* One conversion; fmt is behind the '%'.  Returns what follows it. */
static const char *
sink_convert(struct sink *s, const char *fmt, va_list *ap)
{
	char buf[24], *p, *end = buf + sizeof(buf);
	bool left = false, wide = false, neg = false;
	size_t width = 0;
	int64_t v;

	if (*fmt == '-') {
		left = true;
		fmt++;
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		width = width * 10 + (size_t)(*fmt - '0');
	for (; *fmt == 'l'; fmt++)
		wide = true;
	switch (*fmt) {
	case 's':
		p = va_arg(*ap, char *);
		sink_pad(s, p, strlen(p), width, left);
		break;
	case 'c':
		buf[0] = (char)va_arg(*ap, int);
		sink_pad(s, buf, 1, width, left);
		break;
	case 'd':
		v = wide ? va_arg(*ap, int64_t) : va_arg(*ap, int);
		neg = v < 0;
		p = digits(end, neg ? 0 - (uint64_t)v : (uint64_t)v, 10);
		if (neg)
			*--p = '-';
		sink_pad(s, p, (size_t)(end - p), width, left);
		break;
	case 'u':
	case 'x':
		p = digits(end,
		    wide ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned),
		    *fmt == 'u' ? 10 : 16);
		sink_pad(s, p, (size_t)(end - p), width, left);
		break;
	default:
		sink_put(s, fmt, 1);
		break;
	}
	return (fmt + 1);
}

static void
sink_printf(struct sink *s, const char *fmt, va_list *ap)
{
	while (*fmt != '\0') {
		if (*fmt != '%')
			sink_put(s, fmt++, 1);
		else
			fmt = sink_convert(s, fmt + 1, ap);
	}
}

void
out_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sink_printf(&out, fmt, &ap);
	va_end(ap);
}

void
out_write(const void *p, size_t n)
{
	sink_put(&out, p, n);
}

void
out_flush(void)
{
	sink_flush(&out);
}

void
err_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sink_printf(&err, fmt, &ap);
	va_end(ap);
	sink_flush(&err);
}

/* --- start -------------------------------------------------------------------------- */

void
exit(int status)
{
	out_flush();
	sys_exit(status);
	__builtin_trap();
}

void start_main(uint64_t *sp) __noreturn;

/* sp: argc, then the argv pointers and NULL, then the envp ones and NULL. */
void
start_main(uint64_t *sp)
{
	int argc = (int)sp[0];
	char **argv = (char **)(void *)(sp + 1);
	size_t len = 0;
	int64_t res = sys_sysctl_get("kern.maxproc", NULL, &len);

	/* On another kernel our call numbers mean something else: stop. */
	if (res != 0 && res != -1)
		__builtin_trap();
	exit(main(argc, argv, argv + argc + 1));
}
