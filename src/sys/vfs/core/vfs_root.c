/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root: a tmpfs filled from the machine's cpio archives.  What is wrong
 * with an archive ends the boot with one line and EXIT_USAGE.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/vnode.h>

bool vfs_root_unwanted;

static void
root_fail(const char *what, const char *why)
{
	kprintf("root: %s: %s\n", what, why);
	machine_halt(RB_HALT, EXIT_USAGE);
}

static void
unpack(void)
{
	const char *why = NULL;
	int error = cpio_unpack(machine_initramfs_read, NULL, &why);

	if (error != 0)
		root_fail("initramfs", why != NULL ? why : errno_text(error));
}

static void
root_init(void)
{
	const char *share = boot_option("share");
	int error;

	if (vfs_root_unwanted)
		return;
	error = vfs_mount_at("tmpfs", "tmpfs", "/", 0, "mode=755,size=90%");
	if (error != 0)
		root_fail("cannot mount a tmpfs", errno_text(error));
	unpack();
	if (share == NULL)
		return;
	error = vfs_mount_at("hostfs", "/", "/host",
	    strcmp(share, "ro") == 0 ? MNT_RDONLY : 0, "");
	if (error != 0)
		root_fail("cannot mount the shared directory on /host",
		    errno_text(error));
}
SYSINIT(vfs_root, SI_ROOT, root_init);

static void
root_more(void)
{
	while (!vfs_root_unwanted && machine_initramfs_next())
		unpack();
}
/* Behind the point where a machine may be multiplied: each has its own. */
SYSINIT(vfs_root_more, SI_ROOT + 2, root_more);
