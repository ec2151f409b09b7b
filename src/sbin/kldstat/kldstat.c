/* SPDX-License-Identifier: BSD-2-Clause */
/* kldstat: the kernel's modules. */
#include "start.h"
#include <sys/native.h>

static void
usage(int status)
{
	void (*print)(const char *fmt, ...) =
	    status == 0 ? out_printf : err_printf;

	print("usage: kldstat [-q] [-n name]\n"
	      "List the kernel's modules, or the one called name.\n"
	      "-q: print nothing, exit 0 if it is loaded and 1 if not.\n");
	exit(status);
}

static void
print_module(const struct native_modstat *ms)
{
	out_printf("%4d %4d %-8s %-7s %-16s %s\n", ms->ms_id, ms->ms_refs,
	    ms->ms_class, ms->ms_loaded ? "loaded" : "failed", ms->ms_name,
	    ms->ms_desc);
}

int
main(int argc, char **argv, char **envp)
{
	const char *name = NULL;
	struct native_modstat ms;
	bool quiet = false, found = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			usage(0);
		if (strcmp(argv[i], "-q") == 0)
			quiet = true;
		else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
			name = argv[++i];
		else
			usage(2);
	}
	if (!quiet)
		out_printf("%4s %4s %-8s %-7s %-16s %s\n", "ID", "REFS",
		    "CLASS", "STATE", "NAME", "DESCRIPTION");
	for (int id = 0; sys_modstat(id, &ms) == 0; id = ms.ms_id + 1) {
		if (name != NULL && strcmp(name, ms.ms_name) != 0)
			continue;
		found = found || ms.ms_loaded;
		if (!quiet)
			print_module(&ms);
	}
	if (errno != ENOENT) {
		err_printf("kldstat: %s\n", str_error(errno));
		return (1);
	}
	return (name != NULL && !found ? 1 : 0);
}
