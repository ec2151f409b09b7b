/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module table: what is compiled in, loaded class by class at SI_MODULE.
 *
 * A module that fails to load is left out and says so; the kernel goes on.
 * Classes that others build on come first (module_classes); unknown classes
 * come last, in link order.  The table is constant after the boot.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/module.h>

SET_DECLARE(modules, const struct module);
FAULT_POINT(fault_module, "module_load");

#define MODULE_MAX 128

static struct {
	const struct module *mod;
	int error;	    /* of mod_load */
} module_table[MODULE_MAX]; /* (c) after SI_MODULE */
static int module_count;

static const char *const module_classes[] = {
    "dev", "dsched", "dm", "vfs", "abi"};

static bool
module_class_known(const char *class)
{
	for (size_t i = 0; i < nitems(module_classes); i++)
		if (strcmp(module_classes[i], class) == 0)
			return (true);
	return (false);
}

static void
module_load_one(const struct module *m)
{
	int error = 0;

	if (module_count == MODULE_MAX) {
		kprintf("module %s: table full, left out\n", m->mod_name);
		return;
	}
	if (fault_fires(&fault_module))
		error = ENOMEM;
	else if (m->mod_load != NULL)
		error = m->mod_load();
	module_table[module_count].mod = m;
	module_table[module_count].error = error;
	module_count++;
	KTR_EVENT(MACHINE, module, "module=%p error=%d", KTRP(m), error);
	if (error != 0)
		kprintf("module %s: not loaded: %s\n", m->mod_name,
		    errno_text(error));
}

/* class NULL: those of no known class. */
static void
module_load_class(const char *class)
{
	const struct module *m;

	SET_FOREACH(m, modules) {
		if (class != NULL ? strcmp(m->mod_class, class) == 0
				  : !module_class_known(m->mod_class))
			module_load_one(m);
	}
}

static void
module_init(void)
{
	for (size_t i = 0; i < nitems(module_classes); i++)
		module_load_class(module_classes[i]);
	module_load_class(NULL);
}
SYSINIT(module, SI_MODULE, module_init);

int
module_info(int *idp, struct module_info *mi)
{
	int id = MAX(*idp, 0);

	if (id >= module_count)
		return (ENOENT);
	memset(mi, 0, sizeof(*mi));
	*idp = mi->mi_id = id;
	mi->mi_loaded = module_table[id].error == 0;
	mi->mi_refs = mi->mi_loaded ? 1 : 0; /* compiled in: never goes */
	strlcpy(
	    mi->mi_name, module_table[id].mod->mod_name, sizeof(mi->mi_name));
	strlcpy(mi->mi_class, module_table[id].mod->mod_class,
	    sizeof(mi->mi_class));
	strlcpy(
	    mi->mi_desc, module_table[id].mod->mod_desc, sizeof(mi->mi_desc));
	return (0);
}

static void
module_ddb_show(const char *arg)
{
	for (int i = 0; i < module_count; i++)
		kprintf("%3d %-8s %-16s %s\n", i,
		    module_table[i].mod->mod_class,
		    module_table[i].mod->mod_name,
		    module_table[i].error == 0
			? "loaded"
			: errno_name(module_table[i].error));
}
DDB_COMMAND(modules, "show modules", module_ddb_show, "the module table");
