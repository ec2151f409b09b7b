/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of every machine, one table: the vkernel's arguments, the PC's
 * kernel command line, and the program that starts QEMU read the same words.
 * BOOT_OPTION(letter, name, argument or NULL, help).
 */
#ifndef SYS_BOOT_OPTIONS_H
#define SYS_BOOT_OPTIONS_H

#define BOOT_OPTIONS(BOOT_OPTION)                                              \
	BOOT_OPTION('m', memory, "SIZE", "memory: 16M..32G (256M)")            \
	BOOT_OPTION('n', cpus, "N", "number of CPUs: 1..8 (2)")                \
	BOOT_OPTION(                                                           \
	    'i', initramfs, "FILE", "cpio (newc) archive for the root")        \
	BOOT_OPTION('s', share, "DIR[:ro]", "host directory to show on /host") \
	BOOT_OPTION('k', set, "KEY[=VALUE]", "kernel option, may be repeated") \
	BOOT_OPTION('h', help, NULL, "print this and exit")

#endif
