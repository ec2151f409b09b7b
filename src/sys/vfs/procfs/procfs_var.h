/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to procfs: its tables, snapshots of processes, Linux's numbers.
 */
#ifndef VFS_PROCFS_VAR_H
#define VFS_PROCFS_VAR_H

#include <sys/types.h>
#include <sys/lock.h>
#include <sys/resource.h>
#include <sys/sched.h>
#include <sys/signal.h>
#include <sys/vnode.h>
#include <vm/vm.h>

#include "procfs.h"

struct file;
struct filedesc;
struct lwp;
struct proc;
struct sysctl_entry;
struct uio;

extern const struct procfs_entry procfs_root_entry, procfs_pid_entry;
#define PROCFS_NET_COUNT 12
extern const struct procfs_entry procfs_net_table[PROCFS_NET_COUNT];
#define PROCFS_SYS_COUNT 4
extern const struct procfs_entry procfs_sys_table[PROCFS_SYS_COUNT];
#define PROCFS_SYSVIPC_COUNT 3
extern const struct procfs_entry procfs_sysvipc_table[PROCFS_SYSVIPC_COUNT];
int procfs_sem_limits(struct procfs_node *pn, struct procfs_text *t);
int procfs_sem_limits_set(struct procfs_node *pn, char *text, size_t len);

int procfs_vnode(
    struct mount *mp, const struct procfs_key *key, struct vnode **vpp);
bool procfs_is_alive(struct procfs_node *pn);
int procfs_may_inspect(struct proc *p); /* 0, EACCES */

/* --- processes (procfs_pid.c) -------------------------------------------------------- */

/* What ps wants of a process or thread, taken in one go. */
struct procfs_snap {
	pid_t ps_tracer; /* its process, or 0 */
	pid_t ps_pid, ps_tid, ps_ppid, ps_pgid, ps_sid, ps_tpgid;
	dev_t ps_tty;
	char ps_state;
	char ps_name[MAXCOMLEN + 1];
	char ps_wmesg[16];
	int ps_nthreads, ps_nice, ps_prio, ps_cpu;
	int ps_rtprio;
	enum sched_class ps_class;
	int ps_exit_signal, ps_exit_status;
	nstime_t ps_start;
	struct rusage ps_ru, ps_cru;
	uint32_t ps_flags;
	uint64_t ps_nsig;
	sigset_t ps_pending, ps_shared_pending, ps_blocked, ps_ignored,
	    ps_caught;
	uaddr_t ps_ip, ps_sp;
	uint64_t ps_rss_limit, ps_sig_limit;
	uint32_t ps_no_new_privs;
	int ps_filter_mode, ps_filters;
	mode_t ps_umask;
	uint32_t ps_fdsize;
};
int procfs_snap(struct procfs_node *pn, struct procfs_snap *ps);
struct filedesc *procfs_filedesc(struct proc *p); /* held or NULL */

int pid_status(struct procfs_node *pn, struct procfs_text *t);
int pid_stat(struct procfs_node *pn, struct procfs_text *t);
int pid_mem_rw(struct procfs_node *pn, struct uio *uio);
int pid_syscall(struct procfs_node *pn, struct procfs_text *t);
/* procfs_args.c.  Where the parts of p are; all 0 without memory: false. */
bool pid_layout(struct proc *p, uaddr_t places[VL_COUNT]);
int pid_cmdline(struct procfs_node *pn, struct procfs_text *t);
int pid_environ(struct procfs_node *pn, struct procfs_text *t);
int pid_auxv(struct procfs_node *pn, struct procfs_text *t);
int pid_maps(struct procfs_node *pn, struct procfs_text *t);
int pid_smaps(struct procfs_node *pn, struct procfs_text *t);
int pid_smaps_rollup(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_score(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_score_adj(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_score_adj_write(struct procfs_node *pn, char *text, size_t len);
int pid_oom_adj(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_adj_write(struct procfs_node *pn, char *text, size_t len);
int pid_fail_nth(struct procfs_node *pn, struct procfs_text *t);
int pid_fail_nth_write(struct procfs_node *pn, char *text, size_t len);
/* Root or working directory of p, held.  ENOENT: it has none. */
int pid_fs_path(struct proc *p, bool root, struct path **pp);
int pid_mounts(struct procfs_node *pn, struct procfs_text *t);
int pid_mountinfo(struct procfs_node *pn, struct procfs_text *t);
extern const struct procfs_dynamic procfs_fd_dynamic, procfs_fdinfo_dynamic;

/* Text for a path as the current process may name it. */
int procfs_path_text(struct path *p, struct procfs_text *t);

/* --- Linux's numbers (procfs_linux.c) ----------------------------------------------------- */
uint64_t procfs_linux_sigset(const sigset_t *set);
int procfs_linux_signo(int sig);
int procfs_linux_sched(enum sched_class sc);
uint32_t procfs_linux_dev(dev_t dev);
uint32_t procfs_linux_oflags(uint32_t fflags, bool cloexec);
int procfs_linux_wait_status(int status);
const char *procfs_linux_fstype(const char *name);
#define PROCFS_HZ 100 /* unit of times in stat */

static inline uint64_t
procfs_ticks(nstime_t ns)
{
	return ((uint64_t)ns / (NS_PER_SEC / PROCFS_HZ));
}

#endif
