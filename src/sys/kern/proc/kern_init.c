/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process: what it is told by the machine, and its start.
 *
 * Options: init=PATH (default /sbin/init), init.cmd, init.term, init.root; `-- CMD ARGS`
 * comes through init_set_argv.  init reads them as kern.init_cmd, kern.init_term
 * and kern.init_argv.
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <vm/vm.h>
#include "proc_var.h"

#define ARGV_MAX    (128 * 1024)
#define STACK_SOFT  (8ULL << 20)
#define NOFILE_SOFT 1024
#define NOFILE_HARD 65536

static MALLOC_DEFINE(M_INITARGS, "initargs", "arguments for init's child");
static char *init_argv;
static size_t init_argv_len;
static struct lwp *init_lwp; /* from init_start to init_run */

void
init_set_argv(const char *args, size_t len)
{
	if (len == 0 || len > ARGV_MAX)
		return;
	init_argv = kmalloc(len, M_INITARGS, M_WAITOK);
	if (init_argv == NULL) {
		kprintf("init: no memory for its arguments\n");
		return;
	}
	memcpy(init_argv, args, len);
	init_argv_len = len;
}

static void
init_args_free(void)
{
	kfree(init_argv, M_INITARGS);
	init_argv = NULL;
	init_argv_len = 0;
}
SHUTDOWN_HOOK(init_args, init_args_free);

static int
sysctl_init_argv(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (sysctl_out(req, init_argv, init_argv_len));
}
SYSCTL_PROC(kern_init_argv, "kern.init_argv", CTL_OPAQUE, CTLF_RD,
    sysctl_init_argv, "Program for init to run, NUL-separated words");

static int
option_out(struct sysctl_req *req, const char *key)
{
	const char *v = boot_option(key);

	if (v == NULL)
		v = "";
	return (sysctl_out(req, v, strlen(v) + 1));
}

static int
sysctl_init_cmd(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (option_out(req, "init.cmd"));
}
SYSCTL_PROC(kern_init_cmd, "kern.init_cmd", CTL_STRING, CTLF_RD,
    sysctl_init_cmd, "Shell command for init to run (option init.cmd)");

static int
sysctl_init_term(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (option_out(req, "init.term"));
}
SYSCTL_PROC(kern_init_term, "kern.init_term", CTL_STRING, CTLF_RD,
    sysctl_init_term, "TERM of the console's shell (option init.term)");

static int
sysctl_init_root(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (option_out(req, "init.root"));
}
SYSCTL_PROC(kern_init_root, "kern.init_root", CTL_STRING, CTLF_RD,
    sysctl_init_root, "Directory that init makes the root (option init.root)");

static void
init_limits(struct proc *p)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		p->p_rlimit[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	p->p_rlimit[RLIMIT_STACK].rlim_cur = STACK_SOFT;
	p->p_rlimit[RLIMIT_CORE].rlim_cur = 0;
	p->p_rlimit[RLIMIT_NOFILE] = (struct rlimit){NOFILE_SOFT, NOFILE_HARD};
	p->p_rlimit[RLIMIT_NPROC] =
	    (struct rlimit){(uint64_t)maxproc, (uint64_t)maxproc};
	p->p_rlimit[RLIMIT_SIGPENDING] = (struct rlimit){4096, 4096};
	p->p_rlimit[RLIMIT_MSGQUEUE] = (struct rlimit){819200, 819200};
	p->p_rlimit[RLIMIT_MEMLOCK] = (struct rlimit){8 << 20, 8 << 20};
	p->p_rlimit[RLIMIT_NICE] = (struct rlimit){0, 0};
	p->p_rlimit[RLIMIT_RTPRIO] = (struct rlimit){0, 0};
}

/* First code of init's thread. */
static void
init_main(void *arg)
{
	static const char *const envp[] = {"HOME=/", "PATH=/sbin:/bin"};
	struct lwp *lp = arg;
	const char *path = boot_option("init");
	const char *argv[1];
	int error;

	if (path == NULL || path[0] == '\0')
		path = "/sbin/init";
	argv[0] = path;
	error = exec_kernel(lp, path, argv, 1, envp, nitems(envp));
	if (error != 0) {
		kprintf(
		    "init: cannot execute %s: %s\n", path, errno_text(error));
		kern_reboot(RB_HALT, 2);
	}
	trap_userret(lp);
	cpu_lwp_loop(lp);
}

static int
init_create(struct proc **pp, struct lwp **lpp)
{
	static const struct kern_fork_args args;
	struct proc *p = proc_create();
	struct lwp *lp;

	if (p == NULL)
		return (ENOMEM);
	p->p_flags |= PF_INIT;
	p->p_abi = &abi_native;
	p->p_cred = cred_hold(cred_kernel);
	p->p_exit_signal = SIGCHLD;
	p->p_dumpable = 1;
	strlcpy(p->p_comm, "init", sizeof(p->p_comm));
	init_limits(p);
	p->p_sigacts = sigacts_create();
	p->p_fd = filedesc_create();
	p->p_fs = fs_context_create();
	p->p_vmspace = vmspace_create();
	if (p->p_sigacts == NULL || p->p_fd == NULL || p->p_fs == NULL ||
	    p->p_vmspace == NULL || (lp = lwp_create(p, NULL, &args)) == NULL)
		return (ENOMEM);
	lp->lw_thread = thread_create(init_main, lp, TDPRI_KERN_USER, "init");
	if (lp->lw_thread == NULL)
		return (ENOMEM);
	lp->lw_thread->td_lwp = lp;
	*pp = p;
	*lpp = lp;
	return (0);
}

static void
init_start(void)
{
	struct pgrp *pg = pgrp_alloc();
	struct session *s = session_alloc();
	struct proc *p;
	pid_t pid;

	if (pg == NULL || s == NULL || init_create(&p, &init_lwp) != 0)
		panic("no memory for init");
	lock_excl(&proctree_lock);
	pid = pid_alloc();
	session_publish(s, pid, p);
	pgrp_publish(pg, pid, s);
	session_drop(s);
	proc_enter(p, pid, &proc0, pg);
	pgrp_drop(pg);
	lwp_enter(init_lwp, pid);
	p->p_state = PS_ACTIVE;
	initproc = p;
	lock_release(&proctree_lock);
}
SYSINIT(init_start, SI_INIT, init_start);

/*
 * Last of all: between the two the baseline of the leak report is taken
 * (malloc_mark), and it must not be counted while init changes it on another
 * CPU.
 */
static void
init_run(void)
{
	lwp_run(init_lwp);
}
SYSINIT(init_run, SI_INIT + 2, init_run);
