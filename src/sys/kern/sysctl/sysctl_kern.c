/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries about the kernel as a whole: identity, hardware, memory, processes.
 * Everything else stands with the feature it describes.
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/version.h>
#include <vm/vm.h>

#include "sysctl_var.h"

MALLOC_DECLARE(M_SYSCTL);
SET_DECLARE(malloc_types, struct malloc_type);

char kern_ostype[] = KERN_OSTYPE;
char kern_osrelease[] = KERN_OSRELEASE;
char kern_version[] = KERN_VERSION;

static int kern_argmax = ARG_MAX;
static int kern_ngroups = NGROUPS_MAX;
static int kern_iov_max = IOV_MAX;
static int hw_pagesize = PAGE_SIZE;

SYSCTL_VAR(ostype, "kern.ostype", CTL_STRING, CTLF_RD, kern_ostype,
    sizeof(kern_ostype), "name of the operating system");
SYSCTL_VAR(osrelease, "kern.osrelease", CTL_STRING, CTLF_RD, kern_osrelease,
    sizeof(kern_osrelease), "release of the kernel");
SYSCTL_VAR(version, "kern.version", CTL_STRING, CTLF_RD, kern_version,
    sizeof(kern_version), "build of the kernel");
SYSCTL_INT(argmax, "kern.argmax", CTLF_RD, &kern_argmax,
    "bytes of arguments and environment exec takes");
SYSCTL_INT(ngroups, "kern.ngroups", CTLF_RD, &kern_ngroups,
    "supplementary groups of a process");
SYSCTL_INT(iov_max, "kern.iov_max", CTLF_RD, &kern_iov_max,
    "segments of one scattered read or write");
SYSCTL_INT(ncpu, "hw.ncpu", CTLF_RD, &ncpus, "running CPUs");
SYSCTL_INT(
    pagesize, "hw.pagesize", CTLF_RD, &hw_pagesize, "bytes of a memory page");

static int
sysctl_u64_out(struct sysctl_req *req, uint64_t value)
{
	return (sysctl_out(req, &value, sizeof(value)));
}

static int
sysctl_physmem(const struct sysctl_entry *e, struct sysctl_req *req)
{
	struct vm_stats vs;

	vm_stats_get(&vs);
	return (sysctl_u64_out(req, ptoa(vs.vs_total)));
}
SYSCTL_PROC(
    physmem, "hw.physmem", CTL_U64, CTLF_RD, sysctl_physmem, "bytes of memory");

/* Boot time as the real-time clock tells it now, in nanoseconds. */
static int
sysctl_boottime(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (sysctl_u64_out(req, (uint64_t)(clock_real() - clock_mono())));
}
SYSCTL_PROC(boottime, "kern.boottime", CTL_I64, CTLF_RD, sysctl_boottime,
    "when the kernel started, in nanoseconds since 1970");

/* --- vm.stats.*: one handler, a table of fields -------------------------------- */

#define VM_FIELD(f)                                                            \
	{                                                                      \
		"vm.stats." #f, offsetof(struct vm_stats, vs_##f)              \
	}
static const struct {
	const char *name;
	size_t offset;
} vm_fields[] = {VM_FIELD(total), VM_FIELD(free), VM_FIELD(kernel),
    VM_FIELD(keep), VM_FIELD(file), VM_FIELD(anon), VM_FIELD(dirty),
    VM_FIELD(faults), VM_FIELD(cow), VM_FIELD(reclaimed), VM_FIELD(oom_kills)};

static int
sysctl_vm_field(const struct sysctl_entry *e, struct sysctl_req *req)
{
	struct vm_stats vs;

	vm_stats_get(&vs);
	for (size_t i = 0; i < nitems(vm_fields); i++)
		if (strcmp(vm_fields[i].name, e->sc_name) == 0)
			return (sysctl_u64_out(req,
			    *(uint64_t *)((char *)&vs + vm_fields[i].offset)));
	return (ENOENT);
}
#define VM_STAT(f, desc)                                                       \
	SYSCTL_PROC(vm_stats_##f, "vm.stats." #f, CTL_U64, CTLF_RD,            \
	    sysctl_vm_field, desc)
VM_STAT(total, "pages of memory");
VM_STAT(free, "pages that are free");
VM_STAT(kernel, "pages of the kernel itself");
VM_STAT(keep, "pages of tmpfs and of shared anonymous memory");
VM_STAT(file, "pages of the page cache");
VM_STAT(anon, "pages of anonymous memory");
VM_STAT(dirty, "pages that differ from their backing store");
VM_STAT(faults, "page faults of programs");
VM_STAT(cow, "pages copied on write");
VM_STAT(reclaimed, "pages taken back under pressure");
VM_STAT(oom_kills, "processes killed because memory ran out");

/* --- vm.malloc: a table as text --------------------------------------------------- */

#define MALLOC_LINE 96

static size_t
sysctl_malloc_text(char *buf, size_t size)
{
	struct malloc_type *mt;
	size_t n = 0;

	n += (size_t)ksnprintf(buf, size, "%-16s %10s %12s %12s %8s\n", "type",
	    "count", "bytes", "total", "failed");
	SET_FOREACH(mt, malloc_types) {
		if (n >= size)
			break;
		n += (size_t)ksnprintf(buf + n, size - n,
		    "%-16s %10ld %12ld %12lu %8lu\n", mt->mt_name, mt->mt_count,
		    mt->mt_bytes, mt->mt_total, mt->mt_failed);
	}
	return (MIN(n, size - 1));
}

static int
sysctl_malloc(const struct sysctl_entry *e, struct sysctl_req *req)
{
	struct malloc_type *mt;
	size_t size = 2 * MALLOC_LINE, len;
	char *buf;
	int error;

	SET_FOREACH(mt, malloc_types) {
		size += MALLOC_LINE;
	}
	buf = kmalloc(size, M_SYSCTL, M_WAITOK);
	if (buf == NULL)
		return (ENOMEM);
	len = sysctl_malloc_text(buf, size);
	error = sysctl_out(req, buf, len + 1);
	kfree(buf, M_SYSCTL);
	return (error);
}
SYSCTL_PROC(vm_malloc, "vm.malloc", CTL_STRING, CTLF_RD, sysctl_malloc,
    "kernel memory by type: objects, bytes, allocations ever, failures");
