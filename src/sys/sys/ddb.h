/* SPDX-License-Identifier: BSD-2-Clause */
/* Debugger commands: each feature adds its printer. */
#ifndef SYS_DDB_H
#define SYS_DDB_H

#include <sys/types.h>

struct ddb_command {
	const char *dc_name; /* "ps", or "show vnode" */
	/* arg: rest of the line, parsed by ddb_number.  No locks, no sleep. */
	void (*dc_func)(const char *arg);
	const char *dc_help;
};
#define DDB_COMMAND(id, name, func, help)                                      \
	static const struct ddb_command CONCAT(ddbcmd_, id) = {                \
	    name, func, help};                                                 \
	SET_ENTRY(ddb_commands, &CONCAT(ddbcmd_, id))

bool ddb_number(const char **argp, uint64_t *valuep);
void ddb_enter(const char *why); /* from panic or the console escape */
void ddb_run(const char *line);
/* Checked read: false if addr is not kernel memory. */
bool ddb_read(const void *addr, void *buf, size_t len);

#endif
