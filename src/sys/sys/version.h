/* SPDX-License-Identifier: BSD-2-Clause */
/* Who we are: what uname, sysctl and /proc/version say. */
#ifndef SYS_VERSION_H
#define SYS_VERSION_H

#define KERN_OSTYPE	  "Mayfly"
#define KERN_OSRELEASE	  "0.1"
#define KERN_VERSION	  "Mayfly 0.1 (" __VERSION__ ")"
#define KERN_HOSTNAME_MAX 65 /* with the NUL */

/* kern/sysctl: written under its lock only; a reader may see a torn name. */
extern char kern_ostype[], kern_osrelease[], kern_version[];

#endif
