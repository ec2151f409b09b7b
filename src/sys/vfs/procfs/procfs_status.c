/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: PID/status, one line for each property of a process or thread. */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include <vm/vm.h>

#include "procfs_var.h"

static const struct {
	char letter;
	const char *text;
} status_states[] = {{'R', "running"}, {'S', "sleeping"}, {'D', "disk sleep"},
    {'T', "stopped"}, {'t', "tracing stop"}, {'Z', "zombie"}, {'I', "idle"}};

static const char *
status_state(char letter)
{
	for (size_t i = 0; i < nitems(status_states); i++)
		if (status_states[i].letter == letter)
			return (status_states[i].text);
	return ("unknown");
}

static void
status_ids(struct procfs_text *t, const struct procfs_snap *ps)
{
	text_printf(t, "Name:\t");
	text_escaped(t, ps->ps_name);
	text_printf(t, "\nUmask:\t%04o\nState:\t%c (%s)\n", ps->ps_umask,
	    ps->ps_state, status_state(ps->ps_state));
	text_printf(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n", ps->ps_pid,
	    ps->ps_tid, ps->ps_ppid);
	text_printf(t, "TracerPid:\t%d\n", ps->ps_tracer);
}

/* A zombie's credentials may be gone: zeros. */
static void
status_cred(struct procfs_text *t, struct ucred *cr)
{
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", cr->cr_ruid, cr->cr_uid,
	    cr->cr_svuid, cr->cr_fsuid);
	text_printf(t, "Gid:\t%u\t%u\t%u\t%u\n", cr->cr_rgid, cr->cr_gid,
	    cr->cr_svgid, cr->cr_fsgid);
}

static void
status_groups(
    struct procfs_text *t, struct ucred *cr, const struct procfs_snap *ps)
{
	text_printf(t, "FDSize:\t%u\nGroups:\t", ps->ps_fdsize);
	for (int i = 0; i < cr->cr_ngroups; i++)
		text_printf(t, "%u ", cr->cr_groups[i]);
	text_printf(t, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n",
	    ps->ps_pid, ps->ps_tid, ps->ps_pgid, ps->ps_sid);
}

static void
status_memory_line(struct procfs_text *t, const char *name, uint64_t bytes)
{
	text_printf(t, "%s:\t%8lu kB\n", name, bytes / 1024);
}

static void
status_memory(struct procfs_text *t, struct proc *p)
{
	struct vmspace *vm = proc_vmspace_hold(p);
	struct vmspace_stats st;

	if (vm == NULL)
		return;
	vmspace_stats(vm, &st);
	vmspace_drop(vm);
	status_memory_line(t, "VmPeak", MAX(st.vss_peak, st.vss_size));
	status_memory_line(t, "VmSize", st.vss_size);
	status_memory_line(t, "VmLck", st.vss_wired);
	status_memory_line(t, "VmPin", 0);
	status_memory_line(t, "VmHWM", st.vss_resident);
	status_memory_line(t, "VmRSS", st.vss_resident);
	status_memory_line(t, "RssAnon",
	    st.vss_resident - MIN(st.vss_shared, st.vss_resident));
	status_memory_line(t, "RssFile", st.vss_shared);
	status_memory_line(t, "RssShmem", 0);
	status_memory_line(t, "VmData", st.vss_data);
	status_memory_line(t, "VmStk", st.vss_stack);
	status_memory_line(t, "VmExe", st.vss_text);
	status_memory_line(t, "VmLib", 0);
	status_memory_line(t, "VmPTE", 0);
	status_memory_line(t, "VmSwap", 0);
}

static void
status_signals(struct procfs_text *t, const struct procfs_snap *ps)
{
	text_printf(t, "Threads:\t%d\nSigQ:\t%lu/%lu\n", ps->ps_nthreads,
	    ps->ps_nsig, ps->ps_sig_limit);
	text_printf(t, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n",
	    procfs_linux_sigset(&ps->ps_pending),
	    procfs_linux_sigset(&ps->ps_shared_pending),
	    procfs_linux_sigset(&ps->ps_blocked));
	text_printf(t, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n",
	    procfs_linux_sigset(&ps->ps_ignored),
	    procfs_linux_sigset(&ps->ps_caught));
}

static void
status_caps(
    struct procfs_text *t, struct ucred *cr, const struct procfs_snap *ps)
{
	text_printf(t, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n",
	    cr->cr_cap_inheritable, cr->cr_cap_permitted, cr->cr_cap_effective);
	text_printf(t, "CapBnd:\t%016lx\nCapAmb:\t%016lx\n",
	    cr->cr_cap_bounding, cr->cr_cap_ambient);
	text_printf(t, "NoNewPrivs:\t%u\nSeccomp:\t%d\nSeccomp_filters:\t%d\n",
	    ps->ps_no_new_privs, ps->ps_filter_mode, ps->ps_filters);
	text_printf(
	    t, "Cpus_allowed:\t%x\nCpus_allowed_list:\t0", (1u << ncpus) - 1);
	if (ncpus > 1)
		text_printf(t, "-%d", ncpus - 1);
	text_printf(t, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
	text_printf(t,
	    "voluntary_ctxt_switches:\t%ld\n"
	    "nonvoluntary_ctxt_switches:\t%ld\n",
	    ps->ps_ru.ru_nvcsw, ps->ps_ru.ru_nivcsw);
}

/* 0, ESRCH.  A process whose credentials are gone is shown as the kernel's. */
int
pid_status(struct procfs_node *pn, struct procfs_text *t)
{
	struct procfs_snap ps;
	struct ucred *cr;
	int error;

	error = procfs_snap(pn, &ps);
	if (error != 0)
		return (error);
	cr = proc_cred_hold(pn->pn_proc);
	if (cr == NULL)
		cr = cred_hold(cred_kernel);
	status_ids(t, &ps);
	status_cred(t, cr);
	status_groups(t, cr, &ps);
	status_memory(t, pn->pn_proc);
	status_signals(t, &ps);
	status_caps(t, cr, &ps);
	cred_drop(cr);
	return (0);
}
