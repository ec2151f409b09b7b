/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and views of virtual memory, for procfs, sysctl and the debugger. */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/kshm.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/vnode.h>
#include <machine/vmparam.h>
#include "vm_var.h"

#define VM_COUNTER(var, path)                                                  \
	KSHM_DEFINE(uint64_t, var, path, KSHM_COUNTER, KSHM_ANY)
VM_COUNTER(vm_reclaimed_count, "vm.reclaimed");
VM_COUNTER(vm_fault_count, "vm.faults");
VM_COUNTER(vm_cow_count, "vm.cow");
VM_COUNTER(vm_oom_count, "vm.oom_kills");
VM_COUNTER(vm_anon_pages, "vm.pages.anon");
VM_COUNTER(vm_file_pages, "vm.pages.file");
VM_COUNTER(vm_keep_pages, "vm.pages.keep");
VM_COUNTER(vm_dirty_pages, "vm.pages.dirty");

SYSCTL_U64(vm_total, "vm.pages.total", CTLF_RD, &vm_total_pages,
    "pages of memory under the allocator");
SYSCTL_U64(vm_free, "vm.pages.free", CTLF_RD, &vm_free_pages, "free pages");
SYSCTL_U64(vm_file, "vm.pages.file", CTLF_RD, &vm_file_pages,
    "reclaimable pages of files");
SYSCTL_U64(vm_anon, "vm.pages.anon", CTLF_RD, &vm_anon_pages,
    "pages private to programs");
SYSCTL_U64(
    vm_faults, "vm.faults", CTLF_RD, &vm_fault_count, "page faults since boot");
SYSCTL_U64(vm_cow, "vm.cow", CTLF_RD, &vm_cow_count, "pages copied on write");
SYSCTL_U64(vm_reclaimed, "vm.reclaimed", CTLF_RD, &vm_reclaimed_count,
    "file pages reclaimed");

void
vm_stats_get(struct vm_stats *st)
{
	uint64_t used;

	*st = (struct vm_stats){
	    .vs_total = vm_total_pages,
	    .vs_free = vm_free_pages,
	    .vs_file = vm_file_pages,
	    .vs_anon = vm_anon_pages,
	    .vs_dirty = vm_dirty_pages,
	    .vs_keep = vm_keep_pages,
	    .vs_faults = vm_fault_count,
	    .vs_cow = vm_cow_count,
	    .vs_reclaimed = vm_reclaimed_count,
	    .vs_oom_kills = vm_oom_count,
	};
	/* Counters move one by one: never below nothing. */
	used = st->vs_free + st->vs_anon + st->vs_file + st->vs_keep;
	st->vs_kernel = st->vs_total - MIN(used, st->vs_total);
}

void
vmspace_stats(struct vmspace *vm, struct vmspace_stats *st)
{
	struct vm_entry *e;

	memset(st, 0, sizeof(*st));
	lock_shared(&vm->vm_lock);
	st->vss_size = vm->vm_size;
	st->vss_peak = vm->vm_peak;
	st->vss_resident = ptoa(pmap_resident(&vm->vm_pmap));
	TAILQ_FOREACH(e, &vm->vm_entries, ve_link) {
		uint64_t len = e->ve_end - e->ve_start;

		if ((e->ve_flags & VMM_GROWSDOWN) != 0)
			st->vss_stack += len;
		else if ((e->ve_prot & VM_PROT_EXECUTE) != 0)
			st->vss_text += len;
		else if ((e->ve_prot & VM_PROT_WRITE) != 0)
			st->vss_data += len;
		if ((e->ve_flags & VMM_SHARED) != 0)
			st->vss_shared += len;
		if (e->ve_wired != 0)
			st->vss_wired += len;
	}
	lock_release(&vm->vm_lock);
}

uint64_t
vmspace_resident(struct vmspace *vm)
{
	return (ptoa(pmap_resident(&vm->vm_pmap)));
}

int
vmspace_entry_info(struct vmspace *vm, uaddr_t addr, struct vm_entry_info *info)
{
	const uaddr_t *at = vm->vm_layout;
	struct vm_entry *e;

	memset(info, 0, sizeof(*info));
	lock_shared(&vm->vm_lock);
	if ((e = vm_entry_at_or_after(vm, addr)) == NULL) {
		lock_release(&vm->vm_lock);
		return (ENOENT);
	}
	info->vei_start = e->ve_start;
	info->vei_end = e->ve_end;
	info->vei_offset = e->ve_object != NULL ? e->ve_offset : 0;
	info->vei_prot = e->ve_prot;
	info->vei_shared = (e->ve_flags & VMM_SHARED) != 0;
	info->vei_wired = e->ve_wired != 0;
	info->vei_stack = at[VL_STACK] != 0 && e->ve_start <= at[VL_STACK] &&
	    e->ve_end >= at[VL_STACK];
	info->vei_heap = e->ve_object == NULL && at[VL_BRK_START] != 0 &&
	    e->ve_start < at[VL_BRK] && e->ve_end > at[VL_BRK_START];
	strlcpy(
	    info->vei_name, vm_name_text(e->ve_name), sizeof(info->vei_name));
	info->vei_resident =
	    ptoa(pmap_resident_range(&vm->vm_pmap, e->ve_start, e->ve_end));
	if (e->ve_object != NULL && e->ve_object->vo_type == VMO_VNODE) {
		info->vei_vp = e->ve_object->vo_handle;
		vnode_hold(info->vei_vp);
	}
	lock_release(&vm->vm_lock);
	return (0);
}

void
vmspace_set_limits(
    struct vmspace *vm, uint64_t as_max, uint64_t data_max, uint64_t stack_max)
{
	vm->vm_as_max = as_max;
	vm->vm_data_max = data_max;
	vm->vm_stack_max = trunc_page(MIN(stack_max, VM_MAX_USER / 4));
}

static void
ddb_map(const char *arg)
{
	struct vm_entry *e;
	struct vmspace *vm;
	struct proc *p = NULL;
	uint64_t pid;

	if (ddb_number(&arg, &pid))
		TAILQ_FOREACH(p, &allproc, p_all)
			if ((uint64_t)p->p_pid == pid)
				break;
	if (p == NULL || (vm = p->p_vmspace) == NULL) {
		kprintf("show map PID\n");
		return;
	}
	TAILQ_FOREACH(e, &vm->vm_entries, ve_link)
		kprintf("%#14lx %#14lx prot %u/%u flags %#x object %p+%#lx "
			"anon %p\n",
		    e->ve_start, e->ve_end, e->ve_prot, e->ve_maxprot,
		    e->ve_flags, e->ve_object, e->ve_offset, e->ve_anon);
}
DDB_COMMAND(map, "show map", ddb_map, "the address space of a process");
