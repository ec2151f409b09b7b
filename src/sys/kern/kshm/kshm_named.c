/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects that come in sets and have names already: types of kernel memory as
 * mem.type.NAME, classes of locks as lock.NAME (lock.NAME.2 for a second place
 * that uses the name).
 */
#include <sys/systm.h>
#include <sys/kshm.h>
#include <sys/lock.h>
#include <sys/malloc.h>

SET_DECLARE(malloc_types, struct malloc_type);
SET_DECLARE(lock_classes, struct lock_class);

/* A path has no blanks. */
static void
show(struct kshm_entry *ks, char *path)
{
	for (char *p = path; *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';
	ks->ks_path = path;
	(void)kshm_show(ks, -1);
}

/* How many classes of this name come before cls. */
static int
earlier(const struct lock_class *cls)
{
	struct lock_class *c;
	int n = 0;

	SET_FOREACH(c, lock_classes) {
		if (c == cls)
			break;
		n += strcmp(c->lc_name, cls->lc_name) == 0;
	}
	return (n);
}

static void
named_start(void)
{
	struct kshm_entry ks = {
	    .ks_count = 1, .ks_class = KSHM_COUNTER, .ks_access = KSHM_TRACE};
	struct lock_class *cls;
	struct malloc_type *mt;
	char path[sizeof(((struct kshm_object *)0)->ko_path)];
	int n;

	ks.ks_type = "struct malloc_type";
	ks.ks_size = sizeof(*mt);
	SET_FOREACH(mt, malloc_types) {
		ksnprintf(path, sizeof(path), "mem.type.%s", mt->mt_name);
		ks.ks_addr = mt;
		show(&ks, path);
	}
	ks.ks_type = "struct lock_class";
	ks.ks_size = sizeof(*cls);
	SET_FOREACH(cls, lock_classes) {
		n = earlier(cls);
		ksnprintf(path, sizeof(path), n > 0 ? "lock.%s.%d" : "lock.%s",
		    cls->lc_name, n + 1);
		ks.ks_addr = cls;
		show(&ks, path);
	}
}
SYSINIT(kshm_named, SI_CPU - 2, named_start);
