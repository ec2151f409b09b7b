/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted output: one engine that hands characters to a sink, and the
 * sinks: a buffer (ksnprintf) and the console (kprintf), which gathers a line
 * on the stack so that two CPUs do not mix their letters.
 */
#include <sys/systm.h>
#include <sys/console.h>
#include <sys/lock.h>

struct sink {
	char *buf;
	size_t size; /* of buf */
	size_t used;
	size_t total;
	bool flush; /* console: write out when full */
};

void klog_write(const char *buf, size_t len); /* dev/console */

static void
sink_flush(struct sink *sk)
{
	if (sk->flush && sk->used > 0) {
		console_write(sk->buf, sk->used);
		klog_write(sk->buf, sk->used);
		sk->used = 0;
	}
}

static void
sink_put(struct sink *sk, char c)
{
	sk->total++;
	if (sk->used == sk->size)
		sink_flush(sk);
	if (sk->used < sk->size)
		sk->buf[sk->used++] = c;
}

static void
sink_pad(struct sink *sk, char c, int n)
{
	while (n-- > 0)
		sink_put(sk, c);
}

struct spec {
	bool left, zero, plus, space, alt;
	int width, prec; /* prec -1: none */
	int length;	 /* bytes of the integer */
};

static void
put_number(struct sink *sk, const struct spec *sp, uint64_t v, bool neg,
    int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char tmp[24];
	int n = 0, zeros, pad;
	char sign = neg ? '-' : sp->plus ? '+' : sp->space ? ' ' : 0;
	bool prefix = sp->alt && base == 16 && v != 0;

	do {
		tmp[n++] = digits[v % (unsigned)base];
		v /= (unsigned)base;
	} while (v != 0);
	if (sp->alt && base == 8 && tmp[n - 1] != '0')
		tmp[n++] = '0';
	zeros = sp->prec > n ? sp->prec - n : 0;
	pad = sp->width - n - zeros - (sign != 0) - (prefix ? 2 : 0);
	if (sp->zero && !sp->left && sp->prec < 0 && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!sp->left)
		sink_pad(sk, ' ', pad);
	if (sign != 0)
		sink_put(sk, sign);
	if (prefix) {
		sink_put(sk, '0');
		sink_put(sk, upper ? 'X' : 'x');
	}
	sink_pad(sk, '0', zeros);
	while (n > 0)
		sink_put(sk, tmp[--n]);
	if (sp->left)
		sink_pad(sk, ' ', pad);
}

static void
put_string(struct sink *sk, const struct spec *sp, const char *s)
{
	size_t n;

	if (s == NULL)
		s = "(null)";
	n = sp->prec >= 0 ? strnlen(s, (size_t)sp->prec) : strlen(s);
	if (!sp->left)
		sink_pad(sk, ' ', sp->width - (int)n);
	for (size_t i = 0; i < n; i++)
		sink_put(sk, s[i]);
	if (sp->left)
		sink_pad(sk, ' ', sp->width - (int)n);
}

static const char *
parse_spec(const char *f, struct spec *sp, va_list *ap)
{
	*sp = (struct spec){.prec = -1, .length = 4};
	for (;; f++) {
		if (*f == '-')
			sp->left = true;
		else if (*f == '0')
			sp->zero = true;
		else if (*f == '+')
			sp->plus = true;
		else if (*f == ' ')
			sp->space = true;
		else if (*f == '#')
			sp->alt = true;
		else
			break;
	}
	if (*f == '*') {
		sp->width = va_arg(*ap, int);
		if (sp->width < 0) {
			sp->left = true;
			sp->width = -sp->width;
		}
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		sp->width = sp->width * 10 + (*f - '0');
	if (*f == '.') {
		sp->prec = 0;
		if (*++f == '*') {
			sp->prec = va_arg(*ap, int);
			f++;
		}
		for (; *f >= '0' && *f <= '9'; f++)
			sp->prec = sp->prec * 10 + (*f - '0');
	}
	for (;; f++) {
		if (*f == 'l' || *f == 'z' || *f == 'j' || *f == 't')
			sp->length = 8;
		else if (*f == 'h')
			sp->length /= 2;
		else
			return (f);
	}
}

static uint64_t
arg_unsigned(const struct spec *sp, va_list *ap)
{
	if (sp->length == 8)
		return (va_arg(*ap, uint64_t));
	uint32_t v = va_arg(*ap, uint32_t);

	return (sp->length == 4	  ? v
		: sp->length == 2 ? (uint16_t)v
				  : (uint8_t)v);
}

static int64_t
arg_signed(const struct spec *sp, va_list *ap)
{
	if (sp->length == 8)
		return (va_arg(*ap, int64_t));
	int32_t v = va_arg(*ap, int32_t);

	return (sp->length == 4 ? v : sp->length == 2 ? (int16_t)v : (int8_t)v);
}

static void
format(struct sink *sk, const char *f, va_list ap0)
{
	struct spec sp;
	int64_t sv;
	va_list ap;

	va_copy(ap, ap0);
	for (; *f != '\0'; f++) {
		if (*f != '%') {
			sink_put(sk, *f);
			continue;
		}
		f = parse_spec(f + 1, &sp, &ap);
		switch (*f) {
		case 'd':
		case 'i':
			sv = arg_signed(&sp, &ap);
			put_number(sk, &sp,
			    sv < 0 ? -(uint64_t)sv : (uint64_t)sv, sv < 0, 10,
			    false);
			break;
		case 'u':
			put_number(
			    sk, &sp, arg_unsigned(&sp, &ap), false, 10, false);
			break;
		case 'x':
		case 'X':
			put_number(sk, &sp, arg_unsigned(&sp, &ap), false, 16,
			    *f == 'X');
			break;
		case 'o':
			put_number(
			    sk, &sp, arg_unsigned(&sp, &ap), false, 8, false);
			break;
		case 'p':
			sp.alt = true;
			put_number(sk, &sp, (uintptr_t)va_arg(ap, void *),
			    false, 16, false);
			break;
		case 'c':
			sink_put(sk, (char)va_arg(ap, int));
			break;
		case 's':
			put_string(sk, &sp, va_arg(ap, const char *));
			break;
		case '%':
			sink_put(sk, '%');
			break;
		case '\0':
			goto out;
		default:
			sink_put(sk, '%');
			sink_put(sk, *f);
			break;
		}
	}
out:
	va_end(ap);
}

int
kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct sink sk = {.buf = buf, .size = size > 0 ? size - 1 : 0};

	format(&sk, fmt, ap);
	if (size > 0)
		buf[sk.used] = '\0';
	return ((int)sk.total);
}

int
ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return (n);
}

int
kvprintf(const char *fmt, va_list ap)
{
	char line[160];
	struct sink sk = {.buf = line, .size = sizeof(line), .flush = true};

	format(&sk, fmt, ap);
	sink_flush(&sk);
	return ((int)sk.total);
}

int
kprintf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvprintf(fmt, ap);
	va_end(ap);
	return (n);
}
