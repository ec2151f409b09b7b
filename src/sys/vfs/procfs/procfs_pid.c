/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: the directories of processes and threads.
 *
 * A snapshot takes what several files need of a process in one pass: first
 * what proctree_lock guards, then what p_spin guards.  CPU times and registers
 * belong to the running thread and are read without a lock; a number may be a
 * moment old.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/callfilter.h>
#include <sys/cpu.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/tty.h>
#include <sys/ucred.h>
#include <vm/vm.h>

#include "procfs_var.h"

/* --- the snapshot --------------------------------------------------------------- */

/* (p) The thread a node is about; the process's first one by default. */
static struct lwp *
snap_lwp(struct proc *p, pid_t tid)
{
	struct lwp *lp;

	TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
		if (tid == 0 || lp->lw_tid == tid)
			return (lp);
	}
	return (NULL);
}

/* (p) One letter for ps: R S D T t Z I. */
static char
snap_state(struct proc *p, struct lwp *lp)
{
	struct thread *td = lp != NULL ? lp->lw_thread : NULL;

	if (p->p_state == PS_ZOMBIE)
		return ('Z');
	if (lp != NULL && (lp->lw_flags & LWF_TRACESTOP) != 0)
		return ('t');
	if (lp != NULL && (lp->lw_flags & LWF_STOPPED) != 0)
		return ('T');
	if (p->p_state == PS_STOPPED)
		return ('T');
	if (td == NULL)
		return ((p->p_flags & PF_SYSTEM) != 0 ? 'I' : 'S');
	if (td->td_state != TDS_SLEEPING)
		return ('R');
	return ((td->td_flags & TDF_SINTR) != 0 ? 'S' : 'D');
}

/* (t) Relations. */
static void
snap_tree(struct proc *p, struct procfs_snap *ps)
{
	ps->ps_pid = p->p_pid;
	ps->ps_ppid = p->p_parent != NULL ? p->p_parent->p_pid : 0;
	ps->ps_tpgid = -1;
	if (p->p_pgrp != NULL) {
		struct session *s = p->p_pgrp->pg_session;

		ps->ps_pgid = p->p_pgrp->pg_id;
		ps->ps_sid = s->s_sid;
		ps->ps_tty = tty_dev(s->s_tty);
		ps->ps_tpgid = s->s_tty != NULL ? tty_pgid(s->s_tty) : -1;
	}
	ps->ps_exit_signal = p->p_exit_signal;
	ps->ps_exit_status = p->p_exit_status;
	ps->ps_cru = p->p_cru;
	ps->ps_start = p->p_start_ns;
}

/* (p) Handlers as two sets. */
static void
snap_handlers(struct proc *p, struct procfs_snap *ps)
{
	if (p->p_sigacts == NULL)
		return;
	for (int sig = 1; sig < NSIG; sig++) {
		uaddr_t h = p->p_sigacts->sa_action[sig].sa_handler;

		if (h == SIG_IGN)
			sigset_add(&ps->ps_ignored, sig);
		else if (h != SIG_DFL)
			sigset_add(&ps->ps_caught, sig);
	}
}

/* (p) */
static void
snap_thread(struct lwp *lp, struct procfs_snap *ps)
{
	struct thread *td = lp->lw_thread;

	ps->ps_tid = lp->lw_tid;
	ps->ps_pending = lp->lw_sigq.sq_pending;
	ps->ps_blocked = lp->lw_sigmask;
	ps->ps_filter_mode = callfilter_mode(lp);
	ps->ps_filters = callfilter_count(lp);
	ps->ps_ip = lp->lw_frame.tf_rip;
	ps->ps_sp = lp->lw_frame.tf_rsp;
	ps->ps_class = lp->lw_class;
	ps->ps_rtprio = lp->lw_rtprio;
	if (td == NULL)
		return;
	ps->ps_cpu = td->td_cpu != NULL ? td->td_cpu->c_id : 0;
	ps->ps_prio = td->td_prio;
	if (td->td_state == TDS_SLEEPING && td->td_wmesg != NULL)
		strlcpy(ps->ps_wmesg, td->td_wmesg, sizeof(ps->ps_wmesg));
}

/* (p) */
static void
snap_process(struct proc *p, struct procfs_snap *ps)
{
	ps->ps_nthreads = p->p_nlwps;
	ps->ps_nice = p->p_nice;
	ps->ps_flags = p->p_flags;
	ps->ps_shared_pending = p->p_sigq.sq_pending;
	ps->ps_nsig = p->p_nsigq;
	ps->ps_rss_limit = p->p_rlimit[RLIMIT_RSS].rlim_cur;
	ps->ps_sig_limit = p->p_rlimit[RLIMIT_SIGPENDING].rlim_cur;
	ps->ps_no_new_privs = p->p_no_new_privs;
	ps->ps_umask = p->p_fs != NULL ? p->p_fs->fc_umask : 0;
	strlcpy(ps->ps_name, p->p_comm, sizeof(ps->ps_name));
}

/* Times: of the thread for a task's node, else of the whole process. */
static void
snap_times(struct procfs_node *pn, struct procfs_snap *ps)
{
	struct proc *p = pn->pn_proc;
	struct lwp *lp = NULL;

	if (pn->pn_tid == 0) {
		proc_rusage(p, &ps->ps_ru);
		return;
	}
	spin_lock(&p->p_spin);
	lp = snap_lwp(p, pn->pn_tid);
	if (lp != NULL)
		ps->ps_ru = lp->lw_ru;
	spin_unlock(&p->p_spin);
}

/* 0, or ESRCH: the process or thread is gone. */
int
procfs_snap(struct procfs_node *pn, struct procfs_snap *ps)
{
	struct proc *p = pn->pn_proc;
	struct lwp *lp;

	memset(ps, 0, sizeof(*ps));
	lock_shared(&proctree_lock);
	if (proc_find(p->p_pid) != p) {
		lock_release(&proctree_lock);
		return (ESRCH);
	}
	snap_tree(p, ps);
	ps->ps_tracer = trace_tracer_pid(p, pn->pn_tid);
	spin_lock(&p->p_spin);
	snap_process(p, ps);
	snap_handlers(p, ps);
	lp = snap_lwp(p, pn->pn_tid);
	ps->ps_state = snap_state(p, lp);
	ps->ps_tid = ps->ps_pid;
	if (lp != NULL) {
		snap_thread(lp, ps);
		if (lp->lw_name[0] != '\0')
			strlcpy(ps->ps_name, lp->lw_name, sizeof(ps->ps_name));
	}
	spin_unlock(&p->p_spin);
	lock_release(&proctree_lock);
	if (lp == NULL && pn->pn_tid != 0)
		return (ESRCH);
	snap_times(pn, ps);
	return (0);
}

/* --- stat, statm ---------------------------------------------------------------------- */

static void
pid_vmstats(struct proc *p, struct vmspace_stats *st)
{
	struct vmspace *vm = proc_vmspace_hold(p);

	memset(st, 0, sizeof(*st));
	if (vm != NULL) {
		vmspace_stats(vm, st);
		vmspace_drop(vm);
	}
}

/* Fields 1 to 24 of proc(5). */
static void
stat_first(struct procfs_text *t, const struct procfs_snap *ps,
    const struct vmspace_stats *st)
{
	text_printf(t, "%d (%s) %c %d %d %d %u %d %u %ld %ld %ld %ld ",
	    ps->ps_tid, ps->ps_name, ps->ps_state, ps->ps_ppid, ps->ps_pgid,
	    ps->ps_sid, procfs_linux_dev(ps->ps_tty), ps->ps_tpgid,
	    (ps->ps_flags & PF_SYSTEM) != 0 ? 0x200000u : 0u,
	    ps->ps_ru.ru_minflt, ps->ps_cru.ru_minflt, ps->ps_ru.ru_majflt,
	    ps->ps_cru.ru_majflt);
	text_printf(t, "%lu %lu %lu %lu %d %d %d 0 %lu %lu %lu ",
	    procfs_ticks(ps->ps_ru.ru_utime), procfs_ticks(ps->ps_ru.ru_stime),
	    procfs_ticks(ps->ps_cru.ru_utime),
	    procfs_ticks(ps->ps_cru.ru_stime),
	    ps->ps_rtprio != 0 ? -1 - ps->ps_rtprio : 20 + ps->ps_nice,
	    ps->ps_nice, ps->ps_nthreads, procfs_ticks(ps->ps_start),
	    st->vss_size, atop(st->vss_resident));
}

/*
 * Fields 25 to 52; addresses and registers only for who may look, and 1 for
 * the text then, as Linux has it.
 */
static void
stat_second(struct procfs_text *t, struct proc *p, const struct procfs_snap *ps,
    bool full)
{
	uaddr_t at[VL_COUNT];

	if (pid_layout(p, at) && !full) {
		memset(at, 0, sizeof(at));
		at[VL_TEXT_START] = at[VL_TEXT_END] = 1;
	}
	text_printf(t, "%lu %lu %lu %lu %lu %lu %lu %lu %lu %lu ",
	    ps->ps_rss_limit >= RLIM_INFINITY ? UINT64_MAX : ps->ps_rss_limit,
	    at[VL_TEXT_START], at[VL_TEXT_END], at[VL_STACK],
	    full && ps->ps_state != 'R' ? ps->ps_sp : 0,
	    full && ps->ps_state != 'R' ? ps->ps_ip : 0,
	    procfs_linux_sigset(&ps->ps_pending),
	    procfs_linux_sigset(&ps->ps_blocked),
	    procfs_linux_sigset(&ps->ps_ignored),
	    procfs_linux_sigset(&ps->ps_caught));
	text_printf(t,
	    "%d 0 0 %d %d %d %d 0 0 0 %lu %lu %lu %lu %lu %lu %lu %d\n",
	    ps->ps_wmesg[0] != '\0', procfs_linux_signo(ps->ps_exit_signal),
	    ps->ps_cpu, ps->ps_rtprio, procfs_linux_sched(ps->ps_class),
	    at[VL_DATA_START], at[VL_DATA_END], at[VL_BRK_START],
	    at[VL_ARGS_START], at[VL_ARGS_END], at[VL_ENV_START],
	    at[VL_ENV_END],
	    full ? procfs_linux_wait_status(ps->ps_exit_status) : 0);
}

int
pid_stat(struct procfs_node *pn, struct procfs_text *t)
{
	struct vmspace_stats st;
	struct procfs_snap ps;
	int error;

	error = procfs_snap(pn, &ps);
	if (error != 0)
		return (error);
	pid_vmstats(pn->pn_proc, &st);
	stat_first(t, &ps, &st);
	stat_second(t, pn->pn_proc, &ps, procfs_may_inspect(pn->pn_proc) == 0);
	return (0);
}

static int
pid_statm(struct procfs_node *pn, struct procfs_text *t)
{
	struct vmspace_stats st;

	pid_vmstats(pn->pn_proc, &st);
	text_printf(t, "%lu %lu %lu %lu 0 %lu 0\n", atop(st.vss_size),
	    atop(st.vss_resident), atop(st.vss_shared), atop(st.vss_text),
	    atop(st.vss_data + st.vss_stack));
	return (0);
}

/* --- names ----------------------------------------------------------------------------------- */

static int
pid_comm(struct procfs_node *pn, struct procfs_text *t)
{
	struct procfs_snap ps;
	int error;

	error = procfs_snap(pn, &ps);
	if (error == 0)
		text_printf(t, "%s\n", ps.ps_name);
	return (error);
}

/* A thread of the writer's own process may be renamed. */
static int
pid_comm_write(struct procfs_node *pn, char *text, size_t len)
{
	struct proc *p = pn->pn_proc;
	struct lwp *lp;

	if (p != curproc)
		return (EINVAL);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	spin_lock(&p->p_spin);
	lp = snap_lwp(p, pn->pn_tid);
	proc_rename(p, lp, text, pn->pn_tid == 0 || pn->pn_tid == p->p_pid);
	spin_unlock(&p->p_spin);
	return (0);
}

static int
pid_wchan(struct procfs_node *pn, struct procfs_text *t)
{
	struct procfs_snap ps;
	int error;

	error = procfs_snap(pn, &ps);
	if (error == 0)
		text_printf(
		    t, "%s", ps.ps_wmesg[0] != '\0' ? ps.ps_wmesg : "0");
	return (error);
}

/* --- places: exe, cwd, root ------------------------------------------------------------------- */

/* The file context of p, held; NULL: it exited. */
static struct fs_context *
pid_fs_context(struct proc *p)
{
	struct fs_context *fc;

	spin_lock(&p->p_spin);
	fc = p->p_fs;
	if (fc != NULL)
		fs_context_hold(fc);
	spin_unlock(&p->p_spin);
	return (fc);
}

/* ENOENT: it has none. */
int
pid_fs_path(struct proc *p, bool root, struct path **pp)
{
	struct fs_context *fc = pid_fs_context(p);

	*pp = NULL;
	if (fc == NULL)
		return (ENOENT);
	spin_lock(&fc->fc_spin);
	*pp = root ? fc->fc_root : fc->fc_cwd;
	if (*pp != NULL)
		path_hold(*pp);
	spin_unlock(&fc->fc_spin);
	fs_context_drop(fc);
	return (*pp != NULL ? 0 : ENOENT);
}

static int
pid_cwd_follow(struct procfs_node *pn, struct path **pp)
{
	return (pid_fs_path(pn->pn_proc, false, pp));
}

static int
pid_root_follow(struct procfs_node *pn, struct path **pp)
{
	return (pid_fs_path(pn->pn_proc, true, pp));
}

static int
pid_exe_follow(struct procfs_node *pn, struct path **pp)
{
	struct proc *p = pn->pn_proc;

	spin_lock(&p->p_spin);
	*pp = p->p_exe;
	if (*pp != NULL)
		path_hold(*pp);
	spin_unlock(&p->p_spin);
	return (*pp != NULL ? 0 : ENOENT);
}

int
procfs_path_text(struct path *p, struct procfs_text *t)
{
	struct path *root = NULL;
	struct procfs_text name;
	int error;

	if (curproc != NULL)
		(void)pid_fs_path(curproc, true, &root);
	text_init(&name);
	text_printf(&name, "%*s", PATH_MAX, "");
	error = name.pt_error;
	if (error == 0)
		error = path_text(p, root, name.pt_buf, PATH_MAX);
	if (error == 0)
		text_write(t, name.pt_buf, strlen(name.pt_buf));
	text_free(&name);
	if (root != NULL)
		path_drop(root);
	return (error);
}

/* readlink of any of them: the name of the place. */
static int
pid_place_text(struct procfs_node *pn, struct procfs_text *t)
{
	struct path *p;
	int error;

	error = pn->pn_entry->pe_follow(pn, &p);
	if (error != 0)
		return (error);
	error = procfs_path_text(p, t);
	if (error == ENOENT) {
		text_printf(t, "(deleted)");
		error = 0;
	}
	path_drop(p);
	return (error);
}

/* --- limits ------------------------------------------------------------------------------------ */

static const struct {
	int which;
	const char *name, *unit;
} pid_limit_rows[] = {
    {RLIMIT_CPU, "Max cpu time", "seconds"},
    {RLIMIT_FSIZE, "Max file size", "bytes"},
    {RLIMIT_DATA, "Max data size", "bytes"},
    {RLIMIT_STACK, "Max stack size", "bytes"},
    {RLIMIT_CORE, "Max core file size", "bytes"},
    {RLIMIT_RSS, "Max resident set", "bytes"},
    {RLIMIT_NPROC, "Max processes", "processes"},
    {RLIMIT_NOFILE, "Max open files", "files"},
    {RLIMIT_MEMLOCK, "Max locked memory", "bytes"},
    {RLIMIT_AS, "Max address space", "bytes"},
    {RLIMIT_LOCKS, "Max file locks", "locks"},
    {RLIMIT_SIGPENDING, "Max pending signals", "signals"},
    {RLIMIT_MSGQUEUE, "Max msgqueue size", "bytes"},
    {RLIMIT_NICE, "Max nice priority", ""},
    {RLIMIT_RTPRIO, "Max realtime priority", ""},
    {RLIMIT_RTTIME, "Max realtime timeout", "us"},
};

static void
pid_limit_value(struct procfs_text *t, uint64_t value)
{
	if (value >= RLIM_INFINITY)
		text_printf(t, "%-20s ", "unlimited");
	else
		text_printf(t, "%-20lu ", value);
}

static int
pid_limits(struct procfs_node *pn, struct procfs_text *t)
{
	struct rlimit rl[RLIM_NLIMITS];

	spin_lock(&pn->pn_proc->p_spin);
	memcpy(rl, pn->pn_proc->p_rlimit, sizeof(rl));
	spin_unlock(&pn->pn_proc->p_spin);
	text_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
	    "Hard Limit", "Units");
	for (size_t i = 0; i < nitems(pid_limit_rows); i++) {
		text_printf(t, "%-25s ", pid_limit_rows[i].name);
		pid_limit_value(t, rl[pid_limit_rows[i].which].rlim_cur);
		pid_limit_value(t, rl[pid_limit_rows[i].which].rlim_max);
		text_printf(t, "%-10s\n", pid_limit_rows[i].unit);
	}
	return (0);
}

/* --- small ones --------------------------------------------------------------------------------- */

static int
pid_io(struct procfs_node *pn, struct procfs_text *t)
{
	struct procfs_snap ps;
	int error;

	error = procfs_snap(pn, &ps);
	if (error == 0)
		text_printf(t,
		    "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\n"
		    "read_bytes: %ld\nwrite_bytes: %ld\n"
		    "cancelled_write_bytes: 0\n",
		    ps.ps_ru.ru_inblock * 512, ps.ps_ru.ru_oublock * 512);
	return (error);
}

/* Time on a CPU, time waiting for one (not counted), times on a CPU. */
static int
pid_schedstat(struct procfs_node *pn, struct procfs_text *t)
{
	struct procfs_snap ps;
	int error;

	error = procfs_snap(pn, &ps);
	if (error == 0)
		text_printf(t, "%ld 0 %ld\n",
		    ps.ps_ru.ru_utime + ps.ps_ru.ru_stime,
		    ps.ps_ru.ru_nvcsw + ps.ps_ru.ru_nivcsw);
	return (error);
}

/* --- task ------------------------------------------------------------------------------------------ */

static const struct procfs_entry pid_task_entry;

static int
pid_task_lookup(
    struct procfs_node *dir, uint64_t number, struct procfs_key *key)
{
	struct proc *p = dir->pn_proc;
	bool found;

	spin_lock(&p->p_spin);
	found = number != 0 && snap_lwp(p, (pid_t)number) != NULL;
	spin_unlock(&p->p_spin);
	if (!found)
		return (ENOENT);
	proc_hold(p);
	key->pk_proc = p;
	key->pk_tid = (pid_t)number;
	key->pk_entry = &pid_task_entry;
	return (0);
}

static int
pid_task_next(struct procfs_node *dir, uint64_t *numberp)
{
	struct proc *p = dir->pn_proc;
	uint64_t best = UINT64_MAX;
	struct lwp *lp;

	spin_lock(&p->p_spin);
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link) {
		uint64_t tid = (uint64_t)lp->lw_tid;

		if (tid >= *numberp && tid < best)
			best = tid;
	}
	spin_unlock(&p->p_spin);
	*numberp = best;
	return (best != UINT64_MAX ? 0 : ENOENT);
}

static const struct procfs_dynamic pid_task_dynamic = {
    .pd_lookup = pid_task_lookup,
    .pd_next = pid_task_next,
    .pd_entry = &pid_task_entry,
};

/* --- the tables -------------------------------------------------------------------------------------- */

#define PID_FILE(n, m, f, gen)                                                 \
	{                                                                      \
		.pe_name = n, .pe_type = PE_FILE, .pe_mode = (m),              \
		.pe_flags = (f), .pe_gen = (gen)                               \
	}
#define PLACE(n, follow)                                                       \
	{                                                                      \
		.pe_name = n, .pe_type = PE_LINK, .pe_mode = 0777,             \
		.pe_flags = PEF_PRIVATE, .pe_gen = pid_place_text,             \
		.pe_follow = (follow)                                          \
	}
#define DYN_DIR(n, m, f, dyn)                                                  \
	{                                                                      \
		.pe_name = n, .pe_type = PE_DIR, .pe_mode = (m),               \
		.pe_flags = (f), .pe_dynamic = (dyn)                           \
	}

#define RW_FILE(n, gen, write)                                                 \
	{                                                                      \
		.pe_name = n, .pe_type = PE_FILE, .pe_mode = 0644,             \
		.pe_gen = (gen), .pe_write = (write)                           \
	}

/* Name spaces: there is one of each kind; the numbers are only names. */
#define NS_LINK(n, number)                                                     \
	{                                                                      \
		.pe_name = n, .pe_type = PE_LINK, .pe_mode = 0777,             \
		.pe_flags = PEF_PRIVATE, .pe_gen = procfs_constant,            \
		.pe_arg = n ":[" #number "]"                                   \
	}
static const struct procfs_entry pid_ns_table[] = {
    NS_LINK("cgroup", 4026531835),
    NS_LINK("ipc", 4026531839),
    NS_LINK("mnt", 4026531841),
    NS_LINK("net", 4026531840),
    NS_LINK("pid", 4026531836),
    NS_LINK("time", 4026531834),
    NS_LINK("user", 4026531837),
    NS_LINK("uts", 4026531838),
};

/* Identities map to themselves: first inside, first outside, how many. */
#define ID_MAP "         0          0 4294967295\n"

/* What processes and threads have in common. */
#define PID_COMMON                                                             \
	PID_FILE("stat", 0444, 0, pid_stat),                                   \
	    PID_FILE("statm", 0444, 0, pid_statm),                             \
	    PID_FILE("status", 0444, 0, pid_status),                           \
	    PID_FILE("cmdline", 0444, 0, pid_cmdline),                         \
	    {.pe_name = "comm",                                                \
		.pe_type = PE_FILE,                                            \
		.pe_mode = 0644,                                               \
		.pe_gen = pid_comm,                                            \
		.pe_write = pid_comm_write},                                   \
	    PID_FILE("maps", 0444, PEF_PRIVATE, pid_maps),                     \
	    PID_FILE("smaps", 0444, PEF_PRIVATE, pid_smaps),                   \
	    PID_FILE("environ", 0400, PEF_PRIVATE, pid_environ),               \
	    PID_FILE("auxv", 0400, PEF_PRIVATE, pid_auxv),                     \
	    PID_FILE("limits", 0444, 0, pid_limits),                           \
	    PID_FILE("mounts", 0444, 0, pid_mounts),                           \
	    PID_FILE("mountinfo", 0444, 0, pid_mountinfo),                     \
	    PID_FILE("wchan", 0444, 0, pid_wchan),                             \
	    PID_FILE("syscall", 0400, PEF_PRIVATE, pid_syscall),               \
	    {.pe_name = "mem",                                                 \
		.pe_type = PE_FILE,                                            \
		.pe_mode = 0600,                                               \
		.pe_flags = PEF_PRIVATE,                                       \
		.pe_rw = pid_mem_rw},                                          \
	    PID_FILE("io", 0400, PEF_PRIVATE, pid_io),                         \
	    PID_FILE("smaps_rollup", 0444, PEF_PRIVATE, pid_smaps_rollup),     \
	    PID_FILE("schedstat", 0444, 0, pid_schedstat),                     \
	    PID_FILE("oom_score", 0444, 0, pid_oom_score),                     \
	    RW_FILE(                                                           \
		"oom_score_adj", pid_oom_score_adj, pid_oom_score_adj_write),  \
	    RW_FILE("oom_adj", pid_oom_adj, pid_oom_adj_write),                \
	    RW_FILE("fail-nth", pid_fail_nth, pid_fail_nth_write),             \
	    TEXT_FILE("cgroup", "0::/\n"), TEXT_FILE("cpuset", "/\n"),         \
	    TEXT_FILE("loginuid", "4294967295"),                               \
	    TEXT_FILE("sessionid", "4294967295"),                              \
	    TEXT_FILE("uid_map", ID_MAP), TEXT_FILE("gid_map", ID_MAP),        \
	    TEXT_FILE("setgroups", "allow\n"),                                 \
	    {.pe_name = "ns",                                                  \
		.pe_type = PE_DIR,                                             \
		.pe_mode = 0511,                                               \
		PE_TABLE(pid_ns_table)},                                       \
	    {.pe_name = "net",                                                 \
		.pe_type = PE_DIR,                                             \
		.pe_mode = 0555,                                               \
		.pe_children = procfs_net_table,                               \
		.pe_nchildren = PROCFS_NET_COUNT},                             \
	    PLACE("exe", pid_exe_follow), PLACE("cwd", pid_cwd_follow),        \
	    PLACE("root", pid_root_follow),                                    \
	    DYN_DIR("fd", 0500, PEF_PRIVATE, &procfs_fd_dynamic),              \
	    DYN_DIR("fdinfo", 0500, PEF_PRIVATE, &procfs_fdinfo_dynamic)

static const struct procfs_entry pid_task_table[] = {PID_COMMON};

static const struct procfs_entry pid_task_entry = {
    .pe_name = "tid",
    .pe_type = PE_DIR,
    .pe_mode = 0555,
    PE_TABLE(pid_task_table),
};

static const struct procfs_entry pid_table[] = {
    PID_COMMON,
    DYN_DIR("task", 0555, 0, &pid_task_dynamic),
};

const struct procfs_entry procfs_pid_entry = {
    .pe_name = "pid",
    .pe_type = PE_DIR,
    .pe_mode = 0555,
    PE_TABLE(pid_table),
};
