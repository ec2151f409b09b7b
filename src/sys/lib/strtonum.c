/* SPDX-License-Identifier: BSD-2-Clause */
/* Text to numbers; the whole string must be the number. */
#include <sys/systm.h>

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'Z')
		return (c - 'A' + 10);
	return (99);
}

int
kstrtou64(const char *s, int base, uint64_t *valuep)
{
	uint64_t v = 0;
	int d;

	if (base == 0) {
		base = 10;
		if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
			base = 16;
			s += 2;
		} else if (s[0] == '0' && s[1] != '\0') {
			base = 8;
			s++;
		}
	}
	if (*s == '\0')
		return (EINVAL);
	for (; *s != '\0'; s++) {
		if ((d = digit(*s)) >= base)
			return (EINVAL);
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return (ERANGE);
	}
	*valuep = v;
	return (0);
}

int
kstrtoi64(const char *s, int base, int64_t *valuep)
{
	bool neg = *s == '-';
	uint64_t v;
	int error;

	if (*s == '-' || *s == '+')
		s++;
	if ((error = kstrtou64(s, base, &v)) != 0)
		return (error);
	if (v > (uint64_t)INT64_MAX + neg)
		return (ERANGE);
	*valuep = neg ? (int64_t)-v : (int64_t)v;
	return (0);
}
