/* SPDX-License-Identifier: BSD-2-Clause */
/* The failure knobs (kern/fault), for native test programs. */
#ifndef KNOB_H
#define KNOB_H

#include "start.h"
#include <sys/kern_calls.h>

/* Read or set debug.fault.POINT.WHAT; -1 and errno. */
static inline int
knob(const char *point, const char *what, int64_t *vp, bool set)
{
	char name[128], mid[64];
	size_t len = sizeof(*vp);

	str_join(mid, sizeof(mid), "debug.fault.", point, ".");
	str_join(name, sizeof(name), mid, what, "");
	return ((int)(set ? sys_sysctl_set(name, vp, sizeof(*vp))
			  : sys_sysctl_get(name, vp, &len)));
}

#endif
