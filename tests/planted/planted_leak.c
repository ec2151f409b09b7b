/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planted bugs: what is still held at shutdown.  The kernel counts; memcheck shows
 * where it came from.
 */
#include <sys/reboot.h>
#include <vm/vm.h>
#include "../vfs/vfs_test.h"
#include "planted.h"

#define LOST "blocks are (definitely|possibly|still|indirectly)"

PLANTED(leak_kmalloc, LOST, "leak: type temp", "is a lost block a leak?")
{
	void *p = kmalloc(100, M_TEMP, M_WAITOK); /* BUG */

	if (!planted())
		kfree(p, M_TEMP);
	p = NULL;
	hide(&p);
	kern_reboot(RB_HALT, 0);
}

PLANTED(leak_reachable, LOST, "leak: type temp",
    "is a block that something still points to a leak?")
{
	static void *volatile held;

	held = kmalloc(3000, M_TEMP, M_WAITOK); /* BUG */
	if (!planted())
		kfree(held, M_TEMP);
	kern_reboot(RB_HALT, 0);
}

PLANTED(leak_zone, LOST, "leak: zone planted", "is a lost object a leak?")
{
	struct zone *z = zone_create("planted", 72, 8);
	void *p = zone_alloc(z, M_WAITOK); /* BUG */

	if (!planted())
		zone_free(z, p);
	p = NULL;
	hide(&p);
	kern_reboot(RB_HALT, 0);
}

/* Two blocks or none; the second never comes. */
static int
pair_make(void **ap, void **bp)
{
	if ((*ap = kmalloc(48, M_TEMP, M_WAITOK)) == NULL) /* BUG: leak_error */
		return (ENOMEM);
	if ((*bp = kmalloc(SIZE_MAX / 2, M_TEMP, M_WAITOK)) == NULL) {
		if (!planted())
			kfree(*ap, M_TEMP);
		return (ENOMEM);
	}
	return (0);
}

PLANTED(leak_error, LOST, "leak: type temp",
    "is what the way out of an error forgets a leak?")
{
	void *a, *b;

	KT_EQ(pair_make(&a, &b), ENOMEM);
	a = b = NULL;
	hide(&a);
	kern_reboot(RB_HALT, 0);
}

PLANTED(leak_file, LOST, "leak: zone file", "is a lost file reference a leak?")
{
	struct test_proc *tp = test_start("");
	struct file *f;
	int fd;

	KT_EQ(t_mkfile("/f", "text"), 0);
	KT_CHECK((fd = t_open("/f", O_RDONLY, 0)) >= 0); /* BUG */
	KT_EQ(fd_get(fd, 0, &f), 0);
	KT_EQ(fd_close(fd), 0);
	if (!planted())
		file_drop(f);
	f = NULL;
	hide(&f);
	test_proc_leave(tp);
	kern_reboot(RB_HALT, 0);
}

PLANTED(leak_cycle, LOST, "leak: type temp",
    "are two blocks that only point to each other a leak?")
{
	void **a = kmalloc(64, M_TEMP, M_WAITOK | M_ZERO); /* BUG */
	void **b = kmalloc(80, M_TEMP, M_WAITOK | M_ZERO);

	a[0] = b;
	b[0] = a;
	kfree(b[planted() ? 1 : 0], M_TEMP);
	if (!planted())
		kfree(b, M_TEMP);
	a = b = NULL;
	hide(&a);
	hide(&b);
	kern_reboot(RB_HALT, 0);
}

PLANTED(leak_pages, "leak: page", "leak: page", "is a lost page a leak?")
{
	struct vm_page *pg = vm_page_alloc(-1, 1, VMA_WAIT);

	if (!planted())
		vm_page_free(pg, 1);
	kern_reboot(RB_HALT, 0);
}
