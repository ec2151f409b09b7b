/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a protocol shows below /proc/net: a file's name and its text.
 *
 *	static void
 *	unix_text(struct procfs_text *t)
 *	{
 *		text_printf(t, "Num RefCount ...\n");
 *	}
 *	PROC_NET_FILE(unix, unix_text);
 *
 * The function may sleep; it may not write while it holds a spin lock.  procfs
 * has the names; one that no protocol fills is shown with its heading only.
 */
#ifndef SYS_PROCNET_H
#define SYS_PROCNET_H

#include <sys/types.h>

struct procfs_text;
void text_printf(struct procfs_text *t, const char *fmt, ...)
    __printflike(2, 3);

struct proc_net_file {
	const char *pnf_name;
	void (*pnf_text)(struct procfs_text *t);
};

#define PROC_NET_FILE(name, text)                                              \
	static const struct proc_net_file CONCAT(proc_net_, name) = {          \
	    #name, text};                                                      \
	SET_ENTRY(proc_net_files, &CONCAT(proc_net_, name))

#endif
