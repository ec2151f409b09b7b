/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: the root directory and the files about the whole system. */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/cpu.h>
#include <sys/proc.h>
#include <sys/version.h>
#include <vm/vm.h>

#include "procfs_var.h"

/* --- memory ------------------------------------------------------------------- */

static void
meminfo_line(struct procfs_text *t, const char *name, uint64_t pages)
{
	text_printf(t, "%s:%*s%8lu kB\n", name, (int)(15 - strlen(name)), "",
	    ptoa(pages) / 1024);
}

static int
root_meminfo(struct procfs_node *pn, struct procfs_text *t)
{
	struct vm_stats vs;

	vm_stats_get(&vs);
	meminfo_line(t, "MemTotal", vs.vs_total);
	meminfo_line(t, "MemFree", vs.vs_free);
	meminfo_line(t, "MemAvailable",
	    vs.vs_free + vs.vs_file - MIN(vs.vs_dirty, vs.vs_file));
	meminfo_line(t, "Buffers", 0);
	meminfo_line(t, "Cached", vs.vs_file + vs.vs_keep);
	meminfo_line(t, "SwapCached", 0);
	meminfo_line(t, "Active", vs.vs_anon + vs.vs_keep);
	meminfo_line(t, "Inactive", vs.vs_file);
	meminfo_line(t, "Unevictable", 0);
	meminfo_line(t, "Mlocked", 0);
	meminfo_line(t, "SwapTotal", 0);
	meminfo_line(t, "SwapFree", 0);
	meminfo_line(t, "Dirty", vs.vs_dirty);
	meminfo_line(t, "Writeback", 0);
	meminfo_line(t, "AnonPages", vs.vs_anon);
	meminfo_line(t, "Mapped", 0);
	meminfo_line(t, "Shmem", vs.vs_keep);
	meminfo_line(t, "Slab", vs.vs_kernel);
	meminfo_line(t, "SReclaimable", 0);
	meminfo_line(t, "SUnreclaim", vs.vs_kernel);
	meminfo_line(t, "CommitLimit", vs.vs_total);
	meminfo_line(t, "Committed_AS", vs.vs_anon + vs.vs_keep);
	text_printf(t, "Hugepagesize:       2048 kB\n");
	return (0);
}

/* The counters that vmstat and sar look for. */
static int
root_vmstat(struct procfs_node *pn, struct procfs_text *t)
{
	struct vm_stats vs;

	vm_stats_get(&vs);
	text_printf(t, "nr_free_pages %lu\nnr_anon_pages %lu\n", vs.vs_free,
	    vs.vs_anon);
	text_printf(
	    t, "nr_file_pages %lu\nnr_dirty %lu\n", vs.vs_file, vs.vs_dirty);
	text_printf(t, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n");
	text_printf(t, "pgfault %lu\npgmajfault 0\npgsteal_kswapd %lu\n",
	    vs.vs_faults, vs.vs_reclaimed);
	text_printf(t, "oom_kill %lu\n", vs.vs_oom_kills);
	return (0);
}

/* --- CPUs ----------------------------------------------------------------------- */

#define CPUINFO_MAX 4096 /* text of one CPU */

static int
root_cpuinfo(struct procfs_node *pn, struct procfs_text *t)
{
	for (int i = 0; i < ncpus && t->pt_error == 0; i++) {
		struct procfs_text one;
		int n;

		/* Let a text buffer be the machine's buffer. */
		text_init(&one);
		text_printf(&one, "%*s", CPUINFO_MAX, "");
		if (one.pt_error != 0)
			return (one.pt_error);
		n = machine_cpuinfo(i, one.pt_buf, one.pt_len);
		if (n > 0)
			text_write(t, one.pt_buf, MIN((size_t)n, one.pt_len));
		text_free(&one);
	}
	return (0);
}

static void
stat_cpu(struct procfs_text *t, const char *name, nstime_t user, nstime_t sys,
    nstime_t idle)
{
	text_printf(t, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name,
	    procfs_ticks(user), procfs_ticks(sys), procfs_ticks(idle));
}

/* Processes and threads: how many, how many sleep without signals. */
static void
stat_threads(
    uint32_t *nprocp, uint32_t *nlwpp, uint32_t *blockedp, pid_t *lastp)
{
	struct proc *p;
	struct lwp *lp;

	*nprocp = *nlwpp = *blockedp = 0;
	*lastp = 0;
	lock_shared(&proctree_lock);
	TAILQ_FOREACH(p, &allproc, p_all) {
		(*nprocp)++;
		*lastp = MAX(*lastp, p->p_pid);
		spin_lock(&p->p_spin);
		TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
			struct thread *td = lp->lw_thread;

			(*nlwpp)++;
			*blockedp += td != NULL &&
			    td->td_state == TDS_SLEEPING &&
			    (td->td_flags & TDF_SINTR) == 0;
		}
		spin_unlock(&p->p_spin);
	}
	lock_release(&proctree_lock);
}

static int
root_stat(struct procfs_node *pn, struct procfs_text *t)
{
	nstime_t all[3] = {0, 0, 0}, one[3];
	uint64_t switches = 0, ipis = 0;
	uint32_t nproc, nlwp, blocked;
	char name[16];
	pid_t last;

	for (int i = 0; i < ncpus; i++) {
		cpu_times(cpus[i], &one[0], &one[1], &one[2]);
		for (int k = 0; k < 3; k++)
			all[k] += one[k];
		switches += cpus[i]->c_switches;
		ipis += cpus[i]->c_ipis;
	}
	stat_cpu(t, "cpu ", all[0], all[1], all[2]);
	for (int i = 0; i < ncpus; i++) {
		ksnprintf(name, sizeof(name), "cpu%d", i);
		cpu_times(cpus[i], &one[0], &one[1], &one[2]);
		stat_cpu(t, name, one[0], one[1], one[2]);
	}
	stat_threads(&nproc, &nlwp, &blocked, &last);
	text_printf(t, "intr %lu\nctxt %lu\nbtime %lld\nprocesses %d\n", ipis,
	    switches, (clock_real() - clock_mono()) / NS_PER_SEC, last);
	text_printf(t, "procs_running %u\nprocs_blocked %u\n",
	    threads_runnable(), blocked);
	text_printf(t, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
	return (0);
}

static int
root_uptime(struct procfs_node *pn, struct procfs_text *t)
{
	nstime_t up = clock_mono(), idle = 0;

	for (int i = 0; i < ncpus; i++)
		idle += cpus[i]->c_idle_ns;
	text_printf(t, "%lld.%02lld %lld.%02lld\n", up / NS_PER_SEC,
	    up % NS_PER_SEC / (NS_PER_SEC / 100), idle / NS_PER_SEC,
	    idle % NS_PER_SEC / (NS_PER_SEC / 100));
	return (0);
}

static int
root_loadavg(struct procfs_node *pn, struct procfs_text *t)
{
	uint32_t load[3], nproc, nlwp, blocked;
	pid_t last;

	loadavg_get(load);
	for (int i = 0; i < 3; i++) {
		uint32_t l = load[i] + 10; /* round: 0.005 in 11 bits */

		text_printf(t, "%u.%02u ", l >> 11, ((l & 2047) * 100) >> 11);
	}
	stat_threads(&nproc, &nlwp, &blocked, &last);
	text_printf(t, "%u/%u %d\n", threads_runnable(), nlwp, last);
	return (0);
}

/* --- names ------------------------------------------------------------------------ */

/* Who we are for the reader's ABI. */
static int
root_version(struct procfs_node *pn, struct procfs_text *t)
{
	const struct abi *abi = curproc != NULL ? curproc->p_abi : NULL;

	text_printf(t, "%s version %s (%s)\n",
	    abi != NULL && abi->abi_sysname != NULL ? abi->abi_sysname
						    : kern_ostype,
	    abi != NULL && abi->abi_release != NULL ? abi->abi_release
						    : kern_osrelease,
	    kern_version);
	return (0);
}

static int
root_filesystems(struct procfs_node *pn, struct procfs_text *t)
{
	for (const char *name = vfs_type_next(""); name != NULL;
	     name = vfs_type_next(name))
		text_printf(t, "nodev\t%s\n", name);
	return (0);
}

static int
root_cmdline(struct procfs_node *pn, struct procfs_text *t)
{
	const char *line = boot_option("cmdline");

	text_printf(t, "%s\n", line != NULL ? line : "");
	return (0);
}

static int
root_self(struct procfs_node *pn, struct procfs_text *t)
{
	if (curproc == NULL)
		return (ENOENT);
	text_printf(t, "%d", curproc->p_pid);
	return (0);
}

static int
root_thread_self(struct procfs_node *pn, struct procfs_text *t)
{
	if (curproc == NULL)
		return (ENOENT);
	text_printf(t, "%d/task/%d", curproc->p_pid, curlwp->lw_tid);
	return (0);
}

/* --- the processes ------------------------------------------------------------------ */

static int
root_pid_lookup(
    struct procfs_node *dir, uint64_t number, struct procfs_key *key)
{
	key->pk_proc = proc_find_hold((pid_t)number);
	key->pk_entry = &procfs_pid_entry;
	return (key->pk_proc != NULL ? 0 : ENOENT);
}

static int
root_pid_next(struct procfs_node *dir, uint64_t *numberp)
{
	struct proc *p;
	uint64_t best = UINT64_MAX;

	lock_shared(&proctree_lock);
	TAILQ_FOREACH(p, &allproc, p_all) {
		uint64_t pid = (uint64_t)p->p_pid;

		if (p->p_pid > 0 && pid >= *numberp && pid < best)
			best = pid;
	}
	lock_release(&proctree_lock);
	*numberp = best;
	return (best != UINT64_MAX ? 0 : ENOENT);
}

static const struct procfs_dynamic root_pids = {
    .pd_lookup = root_pid_lookup,
    .pd_next = root_pid_next,
    .pd_entry = &procfs_pid_entry,
};

#define TEXT_LINK(n, text)                                                     \
	{                                                                      \
		.pe_name = n, .pe_type = PE_LINK, .pe_mode = 0777,             \
		.pe_gen = procfs_constant, .pe_arg = (text)                    \
	}

/* --- the table --------------------------------------------------------------------------- */

static const struct procfs_entry root_table[] = {
    {.pe_name = "self",
	.pe_type = PE_LINK,
	.pe_mode = 0777,
	.pe_gen = root_self},
    {.pe_name = "thread-self",
	.pe_type = PE_LINK,
	.pe_mode = 0777,
	.pe_gen = root_thread_self},
    GEN_FILE("meminfo", root_meminfo),
    GEN_FILE("vmstat", root_vmstat),
    GEN_FILE("cpuinfo", root_cpuinfo),
    GEN_FILE("stat", root_stat),
    GEN_FILE("uptime", root_uptime),
    GEN_FILE("loadavg", root_loadavg),
    GEN_FILE("version", root_version),
    GEN_FILE("filesystems", root_filesystems),
    GEN_FILE("cmdline", root_cmdline),
    TEXT_FILE("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    TEXT_FILE("diskstats", ""),
    TEXT_FILE("partitions", "major minor  #blocks  name\n\n"),
    TEXT_FILE("modules", ""),
    TEXT_FILE("devices",
	"Character devices:\n  1 mem\n  5 /dev/tty\n"
	"  5 /dev/console\n  5 /dev/ptmx\n136 pts\n\n"
	"Block devices:\n"),
    TEXT_LINK("mounts", "self/mounts"),
    TEXT_LINK("net", "self/net"),
    {.pe_name = "sysvipc",
	.pe_type = PE_DIR,
	.pe_mode = 0555,
	.pe_children = procfs_sysvipc_table,
	.pe_nchildren = PROCFS_SYSVIPC_COUNT},
    {.pe_name = "sys",
	.pe_type = PE_DIR,
	.pe_mode = 0555,
	.pe_children = procfs_sys_table,
	.pe_nchildren = PROCFS_SYS_COUNT},
};

const struct procfs_entry procfs_root_entry = {
    .pe_name = "/",
    .pe_type = PE_DIR,
    .pe_mode = 0555,
    PE_TABLE(root_table),
    .pe_dynamic = &root_pids,
};
