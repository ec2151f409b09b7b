/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: PID/maps and PID/smaps, the address space entry by entry. */
#include <sys/systm.h>
#include <sys/proc.h>
#include <vm/vm.h>

#include "procfs_var.h"

/* The column where the name begins, as Linux pads it. */
#define MAPS_NAME_COLUMN 73

static void
maps_pad(struct procfs_text *t, size_t line_start)
{
	size_t used = t->pt_len - line_start;

	if (used < MAPS_NAME_COLUMN)
		text_printf(t, "%*s", (int)(MAPS_NAME_COLUMN - used), "");
	else
		text_printf(t, " ");
}

/* The text file of p has its path at hand. */
static bool
maps_exe_name(struct proc *p, struct vnode *vp, struct procfs_text *t)
{
	struct path *exe;
	bool done;

	spin_lock(&p->p_spin);
	exe = p->p_exe;
	if (exe != NULL)
		path_hold(exe);
	spin_unlock(&p->p_spin);
	if (exe == NULL)
		return (false);
	done = exe->pt_vnode == vp && procfs_path_text(exe, t) == 0;
	path_drop(exe);
	return (done);
}

static void
maps_vnode_name(struct proc *p, struct vnode *vp, struct procfs_text *t)
{
	struct path *root = NULL;
	struct procfs_text name;

	if (maps_exe_name(p, vp, t))
		return;
	(void)pid_fs_path(p, true, &root);
	text_init(&name);
	text_printf(&name, "%*s", PATH_MAX, "");
	if (name.pt_error == 0 &&
	    vnode_name(vp, root, name.pt_buf, PATH_MAX) == 0)
		text_write(t, name.pt_buf, strlen(name.pt_buf));
	text_free(&name);
	if (root != NULL)
		path_drop(root);
}

/* One line; drops the vnode of info. */
static void
maps_line(struct proc *p, struct vm_entry_info *info, struct procfs_text *t)
{
	size_t start = t->pt_len;
	struct vattr va = {0};

	if (info->vei_vp != NULL)
		(void)vn_getattr(info->vei_vp, &va);
	text_printf(t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu",
	    info->vei_start, info->vei_end,
	    (info->vei_prot & VM_PROT_READ) != 0 ? 'r' : '-',
	    (info->vei_prot & VM_PROT_WRITE) != 0 ? 'w' : '-',
	    (info->vei_prot & VM_PROT_EXECUTE) != 0 ? 'x' : '-',
	    info->vei_shared ? 's' : 'p', info->vei_offset, 0,
	    info->vei_vp != NULL ? 1 : 0, va.va_ino);
	if (info->vei_vp != NULL) {
		maps_pad(t, start);
		maps_vnode_name(p, info->vei_vp, t);
		vnode_drop(info->vei_vp);
		info->vei_vp = NULL;
	} else if (p->p_vdso != 0 && p->p_vdso == info->vei_start) {
		maps_pad(t, start);
		text_printf(t, "[vdso]");
	} else if (p->p_vvar != 0 && p->p_vvar == info->vei_start) {
		maps_pad(t, start);
		text_printf(t, "[vvar]");
	} else if ((info->vei_heap || info->vei_stack) && !info->vei_shared) {
		maps_pad(t, start);
		text_printf(t, info->vei_heap ? "[heap]" : "[stack]");
	} else if (info->vei_name[0] != '\0') {
		maps_pad(t, start);
		text_printf(t,
		    info->vei_shared ? "[anon_shmem:%s]" : "[anon:%s]",
		    info->vei_name);
	}
	text_printf(t, "\n");
}

/* The lines of a mapping, or of all of them together. */
static void
smaps_lines(uint64_t rss, uint64_t anon, uint64_t wired, struct procfs_text *t)
{
	uint64_t file = rss - anon;

	text_printf(t, "Rss:            %8lu kB\n", rss);
	text_printf(t, "Pss:            %8lu kB\n", rss);
	text_printf(t, "Shared_Clean:   %8lu kB\n", 0UL);
	text_printf(t, "Shared_Dirty:   %8lu kB\n", 0UL);
	text_printf(t, "Private_Clean:  %8lu kB\n", file);
	text_printf(t, "Private_Dirty:  %8lu kB\n", anon);
	text_printf(t, "Referenced:     %8lu kB\n", rss);
	text_printf(t, "Anonymous:      %8lu kB\n", anon);
	text_printf(t, "LazyFree:       %8lu kB\n", 0UL);
	text_printf(t, "AnonHugePages:  %8lu kB\n", 0UL);
	text_printf(t, "ShmemPmdMapped: %8lu kB\n", 0UL);
	text_printf(t, "FilePmdMapped:  %8lu kB\n", 0UL);
	text_printf(t, "Shared_Hugetlb: %8lu kB\n", 0UL);
	text_printf(t, "Private_Hugetlb:%8lu kB\n", 0UL);
	text_printf(t, "Swap:           %8lu kB\n", 0UL);
	text_printf(t, "SwapPss:        %8lu kB\n", 0UL);
	text_printf(t, "Locked:         %8lu kB\n", wired);
}

static void
smaps_entry(const struct vm_entry_info *info, bool file, struct procfs_text *t)
{
	uint64_t rss = info->vei_resident / 1024;

	text_printf(t, "Size:           %8lu kB\n",
	    (info->vei_end - info->vei_start) / 1024);
	text_printf(t, "KernelPageSize: %8lu kB\n", PAGE_SIZE / 1024);
	text_printf(t, "MMUPageSize:    %8lu kB\n", PAGE_SIZE / 1024);
	smaps_lines(rss, file ? 0 : rss, info->vei_wired ? rss : 0, t);
	text_printf(t, "THPeligible:    0\nVmFlags:%s%s%s%s mr mw me%s\n",
	    (info->vei_prot & VM_PROT_READ) != 0 ? " rd" : "",
	    (info->vei_prot & VM_PROT_WRITE) != 0 ? " wr" : "",
	    (info->vei_prot & VM_PROT_EXECUTE) != 0 ? " ex" : "",
	    info->vei_shared ? " sh" : "", info->vei_wired ? " lo" : "");
}

static int
maps_walk(struct procfs_node *pn, struct procfs_text *t, bool details)
{
	struct vmspace *vm = proc_vmspace_hold(pn->pn_proc);
	struct vm_entry_info info;
	uaddr_t addr = 0;

	if (vm == NULL)
		return (0);
	while (t->pt_error == 0 && vmspace_entry_info(vm, addr, &info) == 0) {
		bool file = info.vei_vp != NULL;

		maps_line(pn->pn_proc, &info, t);
		if (details)
			smaps_entry(&info, file, t);
		if (info.vei_end <= addr)
			break;
		addr = info.vei_end;
	}
	vmspace_drop(vm);
	return (0);
}

int
pid_maps(struct procfs_node *pn, struct procfs_text *t)
{
	return (maps_walk(pn, t, false));
}

int
pid_smaps(struct procfs_node *pn, struct procfs_text *t)
{
	return (maps_walk(pn, t, true));
}

int
pid_smaps_rollup(struct procfs_node *pn, struct procfs_text *t)
{
	struct vmspace *vm = proc_vmspace_hold(pn->pn_proc);
	uint64_t rss = 0, anon = 0, wired = 0;
	struct vm_entry_info info;
	uaddr_t addr = 0, start = 0;

	if (vm == NULL)
		return (0);
	while (vmspace_entry_info(vm, addr, &info) == 0) {
		if (start == 0)
			start = info.vei_start;
		rss += info.vei_resident / 1024;
		if (info.vei_wired)
			wired += info.vei_resident / 1024;
		if (info.vei_vp == NULL)
			anon += info.vei_resident / 1024;
		else
			vnode_drop(info.vei_vp);
		if (info.vei_end <= addr)
			break;
		addr = info.vei_end;
	}
	vmspace_drop(vm);
	text_printf(t, "%08lx-%08lx ---p 00000000 00:00 0 %*s[rollup]\n", start,
	    addr, 24, "");
	smaps_lines(rss, anon, wired, t);
	return (0);
}
