/* SPDX-License-Identifier: BSD-2-Clause */
/* reboot, halt, poweroff: stop the system; which one, says the own name. */
#include "start.h"
#include <sys/reboot.h>

static const struct {
	const char *name;
	int how;
} names[] = {
    {"reboot", RB_REBOOT},
    {"halt", RB_HALT},
    {"poweroff", RB_POWEROFF},
};

static void
usage(const char *me, int status)
{
	void (*print)(const char *fmt, ...) =
	    status == 0 ? out_printf : err_printf;

	print("usage: %s [-f] [-s status]\n"
	      "Stop the system.  -s: what the machine reports, 0..255 (0).\n"
	      "-f is accepted: processes are always ended by the kernel.\n",
	    me);
	exit(status);
}

int
main(int argc, char **argv, char **envp)
{
	const char *me = argc > 0 ? base_name(argv[0]) : "reboot";
	int how = RB_REBOOT;
	int64_t status = 0;

	for (size_t i = 0; i < nitems(names); i++)
		if (strcmp(me, names[i].name) == 0)
			how = names[i].how;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			usage(me, 0);
		if (strcmp(argv[i], "-f") == 0)
			continue;
		if (strcmp(argv[i], "-s") != 0 || i + 1 >= argc ||
		    str_number(argv[++i], &status) != 0 || status < 0 ||
		    status > 255)
			usage(me, 2);
	}
	sys_sync();
	sys_reboot(how, (int)status);
	err_printf("%s: %s\n", me, str_error(errno));
	return (1);
}
