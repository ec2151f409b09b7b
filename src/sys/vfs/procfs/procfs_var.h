/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to procfs: entries (what a directory holds), nodes (an entry of one
 * process, behind a vnode), text buffers.
 */
#ifndef VFS_PROCFS_VAR_H
#define VFS_PROCFS_VAR_H

#include <sys/types.h>
#include <sys/lock.h>
#include <sys/resource.h>
#include <sys/signal.h>
#include <sys/vnode.h>

struct file;
struct filedesc;
struct lwp;
struct proc;
struct sysctl_entry;
struct uio;

/* --- text that grows (procfs_text.c) ------------------------------------------ */

struct procfs_text {
	char *pt_buf;
	size_t pt_len, pt_cap;
	int pt_error; /* ENOMEM, EFBIG: later writes do nothing */
};
void text_init(struct procfs_text *t);
void text_free(struct procfs_text *t);
void text_write(struct procfs_text *t, const void *p, size_t len);
void text_printf(struct procfs_text *t, const char *fmt, ...)
    __printflike(2, 3);
/* Blanks, tabs, newlines and backslashes as octal: the fields of mounts. */
void text_escaped(struct procfs_text *t, const char *s);

/* --- entries --------------------------------------------------------------------- */

enum procfs_type {
	PE_DIR,
	PE_FILE,
	PE_LINK
};

struct procfs_node;

/* What identifies a child; pk_proc is held and moves to the node. */
struct procfs_key {
	const struct procfs_entry *pk_entry;
	struct proc *pk_proc;
	pid_t pk_tid;
	int pk_fd;
};

/* Children that no table lists: processes, threads, descriptors. */
struct procfs_dynamic {
	const char *pd_prefix; /* names are this and a number; NULL: "" */
	int (*pd_lookup)(struct procfs_node *dir, uint64_t number,
	    struct procfs_key *key); /* 0, ENOENT */
	/* The first child >= *numberp: 0 or ENOENT. */
	int (*pd_next)(struct procfs_node *dir, uint64_t *numberp);
	const struct procfs_entry *pd_entry;
};

struct procfs_entry {
	const char *pe_name;
	enum procfs_type pe_type;
	mode_t pe_mode;
	uint32_t pe_flags;
	/* Contents of a file, or text of a link. */
	int (*pe_gen)(struct procfs_node *pn, struct procfs_text *t);
	int (*pe_write)(struct procfs_node *pn, char *text, size_t len);
	/* Instead of both: reads and writes at the file's offsets. */
	int (*pe_rw)(struct procfs_node *pn, struct uio *uio);
	int (*pe_follow)(struct procfs_node *pn, struct path **pp);
	int (*pe_follow_file)(struct procfs_node *pn, struct file **fpp);
	const struct procfs_entry *pe_children;
	size_t pe_nchildren;
	const struct procfs_dynamic *pe_dynamic;
	const void *pe_arg; /* for pe_gen */
};
#define PEF_PRIVATE 0x1 /* only who may trace the process: else EACCES */

#define PE_TABLE(t) .pe_children = (t), .pe_nchildren = nitems(t)

struct procfs_node {
	const struct procfs_entry *pn_entry; /* (c) */
	struct proc *pn_proc;		     /* (c) held, or NULL */
	pid_t pn_tid;			     /* (c) 0: the process */
	int pn_fd;			     /* (c) */
	struct lock pn_lock;		     /* texts of open files */
};

extern const struct procfs_entry procfs_root_entry, procfs_pid_entry;
#define PROCFS_NET_COUNT 12
extern const struct procfs_entry procfs_net_table[PROCFS_NET_COUNT];
#define PROCFS_SYS_COUNT 4
extern const struct procfs_entry procfs_sys_table[PROCFS_SYS_COUNT];
#define PROCFS_SYSVIPC_COUNT 3
extern const struct procfs_entry procfs_sysvipc_table[PROCFS_SYSVIPC_COUNT];
int procfs_sem_limits(struct procfs_node *pn, struct procfs_text *t);
int procfs_sem_limits_set(struct procfs_node *pn, char *text, size_t len);

/* For file systems of the same kind (sysfs): vfsops, and a root vnode. */
int procfs_mount(struct mount *mp, const char *from, const char *options);
int procfs_unmount(struct mount *mp, bool force);
int procfs_mount_root(
    struct mount *mp, const struct procfs_entry *root, struct vnode **vpp);
int procfs_statfs(struct mount *mp, struct statfs *sf);

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
	int ps_exit_signal, ps_exit_status;
	nstime_t ps_start;
	struct rusage ps_ru, ps_cru;
	uint32_t ps_flags;
	uint64_t ps_nsig;
	sigset_t ps_pending, ps_shared_pending, ps_blocked, ps_ignored,
	    ps_caught;
	uaddr_t ps_ip, ps_sp, ps_args_start, ps_args_end, ps_env_start,
	    ps_env_end;
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
int pid_maps(struct procfs_node *pn, struct procfs_text *t);
int pid_smaps(struct procfs_node *pn, struct procfs_text *t);
int pid_smaps_rollup(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_score(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_score_adj(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_score_adj_write(struct procfs_node *pn, char *text, size_t len);
int pid_oom_adj(struct procfs_node *pn, struct procfs_text *t);
int pid_oom_adj_write(struct procfs_node *pn, char *text, size_t len);
/* Root or working directory of p, held.  ENOENT: it has none. */
int pid_fs_path(struct proc *p, bool root, struct path **pp);
int pid_mounts(struct procfs_node *pn, struct procfs_text *t);
int pid_mountinfo(struct procfs_node *pn, struct procfs_text *t);
extern const struct procfs_dynamic procfs_fd_dynamic, procfs_fdinfo_dynamic;

/* Text for a path as the current process may name it. */
int procfs_path_text(struct path *p, struct procfs_text *t);

/* --- system (procfs_load.c) ------------------------------------------------------------ */
void procfs_load_start(void);
/* Runnable threads averaged over 1, 5, 15 minutes; 11 bits of fraction. */
void procfs_load_get(uint32_t load[3]);
uint32_t procfs_runnable(void);

/* --- Linux's numbers (procfs_linux.c) ----------------------------------------------------- */
uint64_t procfs_linux_sigset(const sigset_t *set);
int procfs_linux_signo(int sig);
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
