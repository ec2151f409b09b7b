/* SPDX-License-Identifier: BSD-2-Clause */
/* The module table: file systems, ABIs, drivers, policies register here. */
#ifndef SYS_MODULE_H
#define SYS_MODULE_H

#include <sys/types.h>

struct module {
	const char *mod_name;  /* "tmpfs" */
	const char *mod_class; /* "vfs", "abi", "dev", "dsched" */
	int mod_version;
	int (*mod_load)(void);	 /* 0 or errno: then it is left out */
	int (*mod_unload)(void); /* NULL: cannot; EBUSY while in use */
	const char *mod_desc;
};
#define MODULE(id, m) SET_ENTRY(modules, &(m))

struct module_info {
	int mi_id;
	int mi_refs;
	bool mi_loaded;
	char mi_name[32], mi_class[16], mi_desc[64];
};
/* The first module with id >= *idp: 0 or ENOENT. */
int module_info(int *idp, struct module_info *mi);

#endif
