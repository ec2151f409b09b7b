/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracefs: tracing as Linux programs know it.
 *
 * A program writes a text to trace_marker and it lies among the kernel's events
 * (kern/ktr).  Only what programs do: events are read from the shared segment.
 * The tables and vnodes are procfs's.
 */
#include <sys/systm.h>
#include <sys/kshm.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <sys/sysctl.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "../procfs/procfs.h"

MALLOC_DEFINE(M_TRACEFS, "tracefs", "texts on their way into the trace");

/* --- trace_marker ------------------------------------------------------------------ */

/*
 * One write, one mark.  What is more than a mark may have is left to the next
 * write: the caller is told how much was taken, as on Linux.
 */
static int
marker_write(struct uio *uio)
{
	size_t whole = uio->uio_resid, len = MIN(whole, (size_t)KTR_MARK_MAX);
	char *text;
	int error;

	if (len == 0)
		return (0);
	/* Else EBADF would depend on what the text is. */
	if (!kern_ktr_marks())
		return (EBADF);
	if ((text = kmalloc(len, M_TRACEFS, M_WAITOK)) == NULL)
		return (ENOMEM);
	error = uiomove(text, len, uio);
	if (error == 0)
		error = kern_ktr_mark(text, len);
	kfree(text, M_TRACEFS);
	if (error != 0)
		uio->uio_resid = whole;
	return (error);
}

static int
marker_rw(struct procfs_node *pn, struct uio *uio)
{
	return (uio->uio_rw == UIO_WRITE ? marker_write(uio) : EINVAL);
}

/* --- the switch --------------------------------------------------------------------- */

static int
tracing_on(struct procfs_node *pn, struct procfs_text *t)
{
	text_printf(t, "%d\n", kern_ktr_marks());
	return (0);
}

static int
tracing_on_write(struct procfs_node *pn, char *text, size_t len)
{
	int on;
	uint64_t value;
	struct sysctl_req req = {.sr_new = &on, .sr_newlen = sizeof(on)};

	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	if (kstrtou64(text, 0, &value) != 0)
		return (EINVAL);
	on = value != 0;
	return (sysctl_access("kern.ktr.tracing", &req));
}

/* --- what tools ask before ------------------------------------------------------------ */

/* Nothing but the tracer that there is. */
static int
tracer_write(struct procfs_node *pn, char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return (strcmp(text, "nop") == 0 ? 0 : EINVAL);
}

#define TRACE_FILE(n, m)                                                       \
	.pe_name = n, .pe_type = PE_FILE, .pe_mode = (m), .pe_gid = GID_KTR

static const struct procfs_entry root_table[] = {
    {TRACE_FILE("trace_marker", 0220), .pe_rw = marker_rw},
    {TRACE_FILE("tracing_on", 0640), .pe_gen = tracing_on,
	.pe_write = tracing_on_write},
    {TRACE_FILE("current_tracer", 0640), .pe_gen = procfs_constant,
	.pe_arg = "nop\n", .pe_write = tracer_write},
    {TRACE_FILE("available_tracers", 0440), .pe_gen = procfs_constant,
	.pe_arg = "nop\n"},
    {TRACE_FILE("trace_clock", 0440), .pe_gen = procfs_constant,
	.pe_arg = "[mono]\n"},
};

static const struct procfs_entry tracefs_root_entry = {.pe_name = "/",
    .pe_type = PE_DIR,
    .pe_mode = 0750,
    .pe_gid = GID_KTR,
    PE_TABLE(root_table)};

/* --- mounting -------------------------------------------------------------------------- */

static int
tracefs_root(struct mount *mp, struct vnode **vpp)
{
	return (procfs_mount_root(mp, &tracefs_root_entry, vpp));
}

static struct lock_class tracefs_lock_class = {"tracefs", 0};

static const struct vfsops tracefs_vfsops = {
    .vfs_lock_class = &tracefs_lock_class,
    .vfs_name = "tracefs",
    .vfs_mount = procfs_mount,
    .vfs_unmount = procfs_unmount,
    .vfs_root = tracefs_root,
    .vfs_statfs = procfs_statfs,
};

static int
tracefs_load(void)
{
	vfs_register(&tracefs_vfsops);
	return (0);
}

static const struct module tracefs_module = {
    .mod_name = "tracefs",
    .mod_class = "vfs",
    .mod_version = 1,
    .mod_load = tracefs_load,
    .mod_desc = "marks in the trace, as Linux programs write them",
};
MODULE(tracefs, tracefs_module);
