/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Process descriptors: a file that stands for a process, for ever the same one.
 *
 * 1. The file holds the struct proc, not its life.  proc_alive says whether the
 *    process is still in the tables; its number may be another's later.
 * 2. It is readable from the moment the process is a zombie: kern_exit tells
 *    p_events once more when that is so.
 * 3. One that clone makes is installed while the child is being built, before
 *    it has a number: until then it is nobody's (ESRCH).
 *
 * Locks: proctree_lock for the state of the process.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include "proc_var.h"

/* (t) */
static bool
proc_alive(struct proc *p)
{
	return (proc_find(p->p_pid) == p);
}

/* --- the file ------------------------------------------------------------------ */

static uint32_t
pidfd_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct proc *p = fp->f_data;
	bool ended;

	ev_attach(&p->p_events, w);
	spin_lock(&p->p_spin);
	ended = p->p_state == PS_ZOMBIE;
	spin_unlock(&p->p_spin);
	return (ended ? events & EV_IN : 0);
}

static void
pidfd_fo_name(struct file *fp, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:[pidfd]");
}

/* The number of one that is gone is -1. */
static void
pidfd_fo_info(struct file *fp, char *buf, size_t size)
{
	struct proc *p = fp->f_data;
	pid_t pid;

	lock_shared(&proctree_lock);
	pid = proc_alive(p) ? p->p_pid : -1;
	lock_release(&proctree_lock);
	ksnprintf(buf, size, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

static void
pidfd_fo_close(struct file *fp)
{
	proc_drop(fp->f_data);
}

static const struct fileops pidfd_fileops = {
    .fo_poll = pidfd_fo_poll,
    .fo_stat = file_anon_stat,
    .fo_name = pidfd_fo_name,
    .fo_info = pidfd_fo_info,
    .fo_close = pidfd_fo_close,
};

/* ENFILE, EMFILE. */
int
pidfd_install(struct proc *p, int oflags, int *fdp)
{
	struct file *fp;
	int error;

	proc_hold(p);
	fp = file_create(DTYPE_PIDFD, FREAD | FWRITE | (oflags & O_NONBLOCK),
	    &pidfd_fileops, p);
	if (fp == NULL) {
		proc_drop(p);
		return (ENFILE);
	}
	error = fd_alloc(fp, 0, FDF_CLOEXEC, fdp);
	file_drop(fp);
	return (error);
}

int
kern_pidfd_open(pid_t pid, int oflags, int *fdp)
{
	struct proc *p;
	int error;
	bool thread;

	if (pid <= 0)
		return (EINVAL);
	if ((p = proc_find_hold(pid)) == NULL) {
		lock_shared(&proctree_lock);
		thread = lwp_find(pid) != NULL;
		lock_release(&proctree_lock);
		return (thread ? EINVAL : ESRCH);
	}
	error = pidfd_install(p, oflags, fdp);
	proc_drop(p);
	return (error);
}

int
kern_pidfd_proc(int fd, struct proc **pp, bool *nonblockp)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if (fp->f_ops != &pidfd_fileops) {
		file_drop(fp);
		return (EBADF);
	}
	*pp = fp->f_data;
	*nonblockp = (fp->f_flags & O_NONBLOCK) != 0;
	proc_hold(*pp);
	file_drop(fp);
	return (0);
}

/* The process that an open /proc/PID is about, held: EBADF for anything else. */
int
kern_procdir_proc(int fd, struct proc **pp)
{
	struct vnode *vp;
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	vp = fp->f_vnode;
	error = vp != NULL && vp->v_ops->vop_process != NULL
	    ? vp->v_ops->vop_process(vp, pp)
	    : EBADF;
	file_drop(fp);
	return (error);
}

/* --- what is done through it ------------------------------------------------------ */

int
kern_pidfd_signal(struct proc *p, int sig, const ksiginfo_t *ksi)
{
	int error = ESRCH;

	lock_shared(&proctree_lock);
	if (proc_alive(p))
		error = kern_kill_proc(p, sig, ksi);
	lock_release(&proctree_lock);
	return (error);
}

int
kern_pidfd_getfd(struct proc *p, int target, int *fdp)
{
	struct filedesc *fdt;
	struct file *fp;
	int error, fdflags;

	if ((error = trace_permitted(p)) != 0)
		return (p->p_state == PS_ZOMBIE ? ESRCH : error);
	spin_lock(&p->p_spin);
	if ((fdt = p->p_fd) != NULL)
		filedesc_hold(fdt);
	spin_unlock(&p->p_spin);
	if (fdt == NULL)
		return (ESRCH);
	error = filedesc_get(fdt, target, &fp, &fdflags);
	filedesc_drop(fdt);
	if (error != 0)
		return (error);
	error = fd_alloc(fp, 0, FDF_CLOEXEC, fdp);
	file_drop(fp);
	return (error);
}

/* --- comparing ----------------------------------------------------------------------- */

/* The address of what p has of this kind; 0: nothing. */
static uintptr_t
resource_of(struct proc *p, enum kcmp_type type, int fd, struct file **fpp)
{
	struct filedesc *fdt = NULL;
	uintptr_t res = 0;
	int fdflags;

	spin_lock(&p->p_spin);
	switch (type) {
	case KCMP_VM:
		res = (uintptr_t)p->p_vmspace;
		break;
	case KCMP_FILES:
		res = (uintptr_t)p->p_fd;
		break;
	case KCMP_FS:
		res = (uintptr_t)p->p_fs;
		break;
	case KCMP_SIGHAND:
		res = (uintptr_t)p->p_sigacts;
		break;
	case KCMP_FILE:
	case KCMP_EPOLL:
		if ((fdt = p->p_fd) != NULL)
			filedesc_hold(fdt);
		break;
	case KCMP_NONE:
		break;
	}
	spin_unlock(&p->p_spin);
	if (fdt == NULL)
		return (res);
	/* Held until both are known: or the second could be at its place. */
	if (filedesc_get(fdt, fd, fpp, &fdflags) == 0)
		res = (uintptr_t)*fpp;
	filedesc_drop(fdt);
	return (res);
}

int
kern_kcmp(pid_t pid1, pid_t pid2, enum kcmp_type type, int fd1, int fd2,
    const struct kcmp_watched *kw, int *orderp)
{
	struct file *f1 = NULL, *f2 = NULL;
	struct proc *p1 = proc_find_hold(pid1), *p2 = proc_find_hold(pid2);
	uintptr_t r1, r2;
	int error = 0;

	if (p1 == NULL || p2 == NULL)
		error = ESRCH;
	else if (trace_permitted(p1) != 0 || trace_permitted(p2) != 0)
		error = EPERM;
	if (error == 0) {
		r1 = resource_of(p1, type, fd1, &f1);
		r2 = resource_of(p2, type, fd2, &f2);
		if ((type == KCMP_FILE || type == KCMP_EPOLL) &&
		    (r1 == 0 || r2 == 0))
			error = EBADF;
		else if (type == KCMP_EPOLL)
			error = epoll_watched(f2, kw->kw_fd, kw->kw_nth, &r2);
		*orderp = r1 < r2 ? -1 : r1 > r2;
	}
	if (f1 != NULL)
		file_drop(f1);
	if (f2 != NULL)
		file_drop(f2);
	if (p1 != NULL)
		proc_drop(p1);
	if (p2 != NULL)
		proc_drop(p2);
	return (error);
}
