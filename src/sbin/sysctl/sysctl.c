/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl: read, set and describe kernel variables. */
#include "start.h"
#include <sys/native.h>
#include <sys/sysctl.h>

#define NAME_LEN  128
#define VALUE_LEN 65536

static bool only_values; /* -n */
static char value[VALUE_LEN];

static void
usage(int status)
{
	void (*print)(const char *fmt, ...) =
	    status == 0 ? out_printf : err_printf;

	print("usage: sysctl [-n] name[=value] ...\n"
	      "       sysctl -d name ...\n"
	      "       sysctl [-n | -d] -a\n"
	      "Print or set kernel variables; -d: describe; -n: no names;\n"
	      "-a: all of them.\n");
	exit(status);
}

static int
fail(const char *name)
{
	out_flush();
	err_printf("sysctl: %s: %s\n", name, str_error(errno));
	return (1);
}

static void
print_hex(size_t len)
{
	for (size_t i = 0; i < len; i++)
		out_printf("%c%c", "0123456789abcdef"[(uint8_t)value[i] >> 4],
		    "0123456789abcdef"[(uint8_t)value[i] & 15]);
}

static void
print_value(int type, size_t len)
{
	int64_t i64 = 0;
	int32_t i32 = 0;

	memcpy(&i32, value, MIN(len, sizeof(i32)));
	memcpy(&i64, value, MIN(len, sizeof(i64)));
	switch (type) {
	case CTL_INT:
		out_printf("%d", i32);
		break;
	case CTL_UINT:
		out_printf("%u", (uint32_t)i32);
		break;
	case CTL_I64:
		out_printf("%ld", i64);
		break;
	case CTL_U64:
		out_printf("%lu", (uint64_t)i64);
		break;
	case CTL_STRING:
		if (len > 0 && value[len - 1] == '\0')
			len--;
		out_write(value, len);
		break;
	default:
		print_hex(len);
		break;
	}
	out_printf("\n");
}

static int
show(const char *name)
{
	struct native_sysctl_info info;
	size_t len = sizeof(value);

	if (sys_sysctl_describe(name, &info) != 0 ||
	    sys_sysctl_get(name, value, &len) != 0)
		return (fail(name));
	if (!only_values)
		out_printf("%s: ", name);
	print_value(info.si_type, MIN(len, sizeof(value)));
	return (0);
}

static int
describe(const char *name)
{
	struct native_sysctl_info info;

	if (sys_sysctl_describe(name, &info) != 0)
		return (fail(name));
	if (!only_values)
		out_printf("%s: ", name);
	out_printf("%s\n", info.si_desc);
	return (0);
}

/* arg is name=value; it is cut at the '='. */
static int
set(char *arg, char *eq)
{
	struct native_sysctl_info info;
	const char *text = eq + 1;
	int64_t v;
	int32_t v32;
	int64_t res;

	*eq = '\0';
	if (sys_sysctl_describe(arg, &info) != 0)
		return (fail(arg));
	if (info.si_type == CTL_STRING || info.si_type == CTL_OPAQUE) {
		res = sys_sysctl_set(arg, text, strlen(text) + 1);
	} else if (str_number(text, &v) != 0) {
		errno = EINVAL;
		res = -1;
	} else if (info.si_type == CTL_INT || info.si_type == CTL_UINT) {
		v32 = (int32_t)v;
		res = sys_sysctl_set(arg, &v32, sizeof(v32));
	} else {
		res = sys_sysctl_set(arg, &v, sizeof(v));
	}
	return (res != 0 ? fail(arg) : show(arg));
}

static int
all(bool desc)
{
	char name[NAME_LEN] = "", next[NAME_LEN];
	int status = 0;

	while (sys_sysctl_next(name, next, sizeof(next)) != -1) {
		memcpy(name, next, sizeof(name));
		status |= desc ? describe(name) : show(name);
	}
	return (errno == ENOENT ? status : fail("next"));
}

int
main(int argc, char **argv, char **envp)
{
	bool desc = false, every = false;
	int i, status = 0;
	char *eq;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0)
			usage(0);
		for (const char *s = argv[i] + 1; *s != '\0'; s++) {
			if (*s == 'a')
				every = true;
			else if (*s == 'n')
				only_values = true;
			else if (*s == 'd')
				desc = true;
			else
				usage(2);
		}
	}
	if (every == (i < argc))
		usage(2);
	if (every)
		return (all(desc));
	for (; i < argc; i++) {
		eq = strchr(argv[i], '=');
		if (eq != NULL && desc)
			usage(2);
		status |= eq != NULL ? set(argv[i], eq)
		    : desc	     ? describe(argv[i])
				     : show(argv[i]);
	}
	return (status);
}
