/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysfs: the machine as Linux's /sys shows it.
 *
 * The tables and vnodes are procfs's; this file is only the tables.  A numbered
 * folder's number (cpu2, node0) travels in pn_fd to everything below it.  Masks
 * and lists are written as Linux writes them: "3" and "0-1" for two CPUs.
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/module.h>
#include <sys/vnode.h>
#include <vm/vm.h>

#include "../procfs/procfs.h"

#define SYSFS_CPU_MAX                                                          \
	8191 /* "kernel_max": the highest number a list may have */

/* --- texts ------------------------------------------------------------------------ */

/* All CPUs as a list. */
static int
sysfs_cpu_list(struct procfs_node *pn, struct procfs_text *t)
{
	text_printf(t, "0");
	if (ncpus > 1)
		text_printf(t, "-%d", ncpus - 1);
	text_printf(t, "\n");
	return (0);
}

/* All CPUs as a mask. */
static int
sysfs_cpu_mask(struct procfs_node *pn, struct procfs_text *t)
{
	text_printf(t, "%x\n", (1u << ncpus) - 1);
	return (0);
}

/* The folder's CPU as a list, a number. */
static int
sysfs_this_cpu(struct procfs_node *pn, struct procfs_text *t)
{
	text_printf(t, "%d\n", pn->pn_fd);
	return (0);
}

static int
sysfs_this_cpu_mask(struct procfs_node *pn, struct procfs_text *t)
{
	text_printf(t, "%x\n", 1u << pn->pn_fd);
	return (0);
}

/* As /proc/meminfo, of one node. */
static int
sysfs_node_meminfo(struct procfs_node *pn, struct procfs_text *t)
{
	struct vm_stats vs;

	vm_stats_get(&vs);
	text_printf(
	    t, "Node 0 MemTotal:       %8lu kB\n", ptoa(vs.vs_total) / 1024);
	text_printf(
	    t, "Node 0 MemFree:        %8lu kB\n", ptoa(vs.vs_free) / 1024);
	text_printf(t, "Node 0 MemUsed:        %8lu kB\n",
	    ptoa(vs.vs_total - vs.vs_free) / 1024);
	text_printf(
	    t, "Node 0 AnonPages:      %8lu kB\n", ptoa(vs.vs_anon) / 1024);
	text_printf(
	    t, "Node 0 FilePages:      %8lu kB\n", ptoa(vs.vs_file) / 1024);
	text_printf(
	    t, "Node 0 Dirty:          %8lu kB\n", ptoa(vs.vs_dirty) / 1024);
	return (0);
}

/* --- numbered folders -------------------------------------------------------------- */

static int
sysfs_number_next(uint64_t count, uint64_t *numberp)
{
	return (*numberp < count ? 0 : ENOENT);
}

static const struct procfs_entry cpu_entry, node_entry;

static int
cpu_lookup(struct procfs_node *dir, uint64_t number, struct procfs_key *key)
{
	if (number >= (uint64_t)ncpus)
		return (ENOENT);
	key->pk_entry = &cpu_entry;
	key->pk_fd = (int)number;
	return (0);
}

static int
cpu_next(struct procfs_node *dir, uint64_t *numberp)
{
	return (sysfs_number_next((uint64_t)ncpus, numberp));
}

static const struct procfs_dynamic cpus_dynamic = {
    .pd_prefix = "cpu",
    .pd_lookup = cpu_lookup,
    .pd_next = cpu_next,
    .pd_entry = &cpu_entry,
};

static int
node_lookup(struct procfs_node *dir, uint64_t number, struct procfs_key *key)
{
	if (number != 0)
		return (ENOENT);
	key->pk_entry = &node_entry;
	key->pk_fd = 0;
	return (0);
}

static int
node_next(struct procfs_node *dir, uint64_t *numberp)
{
	return (sysfs_number_next(1, numberp));
}

static const struct procfs_dynamic nodes_dynamic = {
    .pd_prefix = "node",
    .pd_lookup = node_lookup,
    .pd_next = node_next,
    .pd_entry = &node_entry,
};

/* --- the tables --------------------------------------------------------------------- */

#define EMPTY_DIR(n)                                                           \
	{                                                                      \
		.pe_name = n, .pe_type = PE_DIR, .pe_mode = 0555               \
	}

static const struct procfs_entry topology_table[] = {
    GEN_FILE("core_id", sysfs_this_cpu),
    TEXT_FILE("physical_package_id", "0\n"),
    TEXT_FILE("die_id", "0\n"),
    GEN_FILE("thread_siblings", sysfs_this_cpu_mask),
    GEN_FILE("thread_siblings_list", sysfs_this_cpu),
    GEN_FILE("core_cpus", sysfs_this_cpu_mask),
    GEN_FILE("core_cpus_list", sysfs_this_cpu),
    GEN_FILE("core_siblings", sysfs_cpu_mask),
    GEN_FILE("core_siblings_list", sysfs_cpu_list),
    GEN_FILE("die_cpus", sysfs_cpu_mask),
    GEN_FILE("die_cpus_list", sysfs_cpu_list),
    GEN_FILE("package_cpus", sysfs_cpu_mask),
    GEN_FILE("package_cpus_list", sysfs_cpu_list),
};

static const struct procfs_entry cpu_table[] = {
    SUBDIR("topology", topology_table),
    TEXT_FILE("online", "1\n"),
};

static const struct procfs_entry cpu_entry = SUBDIR("cpu", cpu_table);

static const struct procfs_entry node_table[] = {
    GEN_FILE("cpulist", sysfs_cpu_list),
    GEN_FILE("cpumap", sysfs_cpu_mask),
    GEN_FILE("meminfo", sysfs_node_meminfo),
    TEXT_FILE("distance", "10\n"),
};

static const struct procfs_entry node_entry = SUBDIR("node", node_table);

static const struct procfs_entry cpus_table[] = {
    GEN_FILE("online", sysfs_cpu_list),
    GEN_FILE("possible", sysfs_cpu_list),
    GEN_FILE("present", sysfs_cpu_list),
    TEXT_FILE("offline", "\n"),
    TEXT_FILE("isolated", "\n"),
    TEXT_FILE("kernel_max", STRINGIFY(SYSFS_CPU_MAX) "\n"),
    TEXT_FILE("modalias", "cpu:type:x86\n"),
};

static const struct procfs_entry nodes_table[] = {
    TEXT_FILE("online", "0\n"),
    TEXT_FILE("possible", "0\n"),
    TEXT_FILE("has_cpu", "0\n"),
    TEXT_FILE("has_memory", "0\n"),
    TEXT_FILE("has_normal_memory", "0\n"),
};

static const struct procfs_entry system_table[] = {
    {.pe_name = "cpu",
	.pe_type = PE_DIR,
	.pe_mode = 0555,
	PE_TABLE(cpus_table),
	.pe_dynamic = &cpus_dynamic},
    {.pe_name = "node",
	.pe_type = PE_DIR,
	.pe_mode = 0555,
	PE_TABLE(nodes_table),
	.pe_dynamic = &nodes_dynamic},
};

static const struct procfs_entry devices_table[] = {
    SUBDIR("system", system_table),
    EMPTY_DIR("virtual"),
};

/* No page is larger than 4 KiB to a program. */
static const struct procfs_entry thp_table[] = {
    TEXT_FILE("enabled", "always madvise [never]\n"),
    TEXT_FILE("defrag", "always defer defer+madvise madvise [never]\n"),
    TEXT_FILE(
	"shmem_enabled", "always within_size advise [never] deny force\n"),
    TEXT_FILE("use_zero_page", "0\n"),
};

static const struct procfs_entry mm_table[] = {
    SUBDIR("transparent_hugepage", thp_table),
    EMPTY_DIR("hugepages"),
};

static const struct procfs_entry kernel_table[] = {
    SUBDIR("mm", mm_table),
    TEXT_FILE("fscaps", "0\n"),
    TEXT_FILE("uevent_seqnum", "0\n"),
    TEXT_FILE("profiling", "0\n"),
    EMPTY_DIR("security"),
    EMPTY_DIR("debug"),
    EMPTY_DIR("tracing"),
};

static const struct procfs_entry class_table[] = {
    EMPTY_DIR("net"),
    EMPTY_DIR("block"),
    EMPTY_DIR("tty"),
    EMPTY_DIR("thermal"),
    EMPTY_DIR("power_supply"),
};

static const struct procfs_entry bus_table[] = {
    EMPTY_DIR("pci"),
    EMPTY_DIR("usb"),
};

static const struct procfs_entry fs_table[] = {
    EMPTY_DIR("cgroup"),
};

static const struct procfs_entry root_table[] = {
    SUBDIR("devices", devices_table),
    SUBDIR("kernel", kernel_table),
    SUBDIR("class", class_table),
    SUBDIR("bus", bus_table),
    SUBDIR("fs", fs_table),
    EMPTY_DIR("block"),
    EMPTY_DIR("dev"),
    EMPTY_DIR("firmware"),
    EMPTY_DIR("module"),
    EMPTY_DIR("power"),
};

static const struct procfs_entry sysfs_root_entry = SUBDIR("/", root_table);

/* --- mounting -------------------------------------------------------------------------- */

static int
sysfs_root(struct mount *mp, struct vnode **vpp)
{
	return (procfs_mount_root(mp, &sysfs_root_entry, vpp));
}

static struct lock_class sysfs_lock_class = {"sysfs", 0};

static const struct vfsops sysfs_vfsops = {
    .vfs_lock_class = &sysfs_lock_class,
    .vfs_name = "sysfs",
    .vfs_mount = procfs_mount,
    .vfs_unmount = procfs_unmount,
    .vfs_root = sysfs_root,
    .vfs_statfs = procfs_statfs,
};

static int
sysfs_load(void)
{
	vfs_register(&sysfs_vfsops);
	return (0);
}

static const struct module sysfs_module = {
    .mod_name = "sysfs",
    .mod_class = "vfs",
    .mod_version = 1,
    .mod_load = sysfs_load,
    .mod_desc = "the machine as Linux shows it",
};
MODULE(sysfs, sysfs_module);
