/* SPDX-License-Identifier: BSD-2-Clause */
/* Mount options: "key=value,flag" as text, asked for one key at a time. */
#include "vfs_var.h"

/* The next "key[=value]" of *sp: its length, and *sp behind it; 0 at the end. */
static size_t
option_next(const char **sp, const char **optp)
{
	const char *s = *sp, *end;

	while (*s == ',')
		s++;
	for (end = s; *end != '\0' && *end != ',';)
		end++;
	*optp = s;
	*sp = end;
	return ((size_t)(end - s));
}

static bool
option_is(const char *opt, size_t len, const char *key, size_t *skipp)
{
	size_t klen = strlen(key);

	if (len < klen || memcmp(opt, key, klen) != 0)
		return (false);
	if (len > klen && opt[klen] != '=')
		return (false);
	*skipp = len > klen ? klen + 1 : klen;
	return (true);
}

int
vfs_option(const char *options, const char *key, char *buf, size_t size)
{
	const char *opt;
	size_t len, skip;
	int error = ENOENT;

	while ((len = option_next(&options, &opt)) > 0) {
		if (!option_is(opt, len, key, &skip))
			continue;
		if (len - skip >= size)
			return (ENAMETOOLONG);
		memcpy(buf, opt + skip, len - skip);
		buf[len - skip] = '\0';
		error = 0; /* the last one wins */
	}
	return (error);
}

/* Multiplier of a suffix letter; 0 if it is none. */
static uint64_t
option_suffix(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return (1ULL << 10);
	case 'm':
	case 'M':
		return (1ULL << 20);
	case 'g':
	case 'G':
		return (1ULL << 30);
	default:
		return (0);
	}
}

int
vfs_option_u64(const char *options, const char *key, int base,
    uint64_t percent_of, uint64_t *valuep)
{
	char buf[32];
	uint64_t mult = 1, value;
	size_t len;
	int error;

	if ((error = vfs_option(options, key, buf, sizeof(buf))) != 0)
		return (error == ENOENT ? ENOENT : EINVAL);
	if ((len = strlen(buf)) == 0)
		return (EINVAL);
	if (buf[len - 1] == '%' && percent_of != 0) {
		buf[len - 1] = '\0';
		mult = 0;
	} else if (base == 10 && option_suffix(buf[len - 1]) != 0) {
		mult = option_suffix(buf[len - 1]);
		buf[len - 1] = '\0';
	}
	if (kstrtou64(buf, base, &value) != 0)
		return (EINVAL);
	if (mult == 0)
		value = value > 100 ? percent_of : percent_of / 100 * value;
	else if (value > UINT64_MAX / mult)
		return (EINVAL);
	else
		value *= mult;
	*valuep = value;
	return (0);
}

int
vfs_option_check(const char *options, const char *const *known)
{
	const char *opt;
	size_t len, skip;

	while ((len = option_next(&options, &opt)) > 0) {
		bool found = false;

		for (int i = 0; known[i] != NULL && !found; i++)
			found = option_is(opt, len, known[i], &skip);
		if (!found)
			return (EINVAL);
	}
	return (0);
}
