/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identity: process groups, sessions, names.  The rules are POSIX's; the tables
 * are kern_proc.c's.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/file.h>
#include <sys/tty.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include "proc_var.h"

/* (t) excl.  p goes from its group to pg. */
static void
pgrp_move(struct proc *p, struct pgrp *pg)
{
	pgrp_fix_jobc(p, pg, true);
	pgrp_fix_jobc(p, p->p_pgrp, false);
	pgrp_leave(p);
	pgrp_enter(p, pg);
}

/* (t) excl.  The checks of setpgid on target p: 0, ESRCH, EACCES, EPERM. */
static int
setpgid_check(struct proc *me, struct proc *p, pid_t pgid)
{
	struct pgrp *pg;

	if (p == NULL || (p != me && p->p_parent != me))
		return (ESRCH);
	if (p != me) {
		if (p->p_pgrp->pg_session != me->p_pgrp->pg_session)
			return (EPERM);
		if ((p->p_flags & PF_EXECED) != 0)
			return (EACCES);
	}
	if (p->p_pgrp->pg_session->s_leader == p)
		return (EPERM);
	if (pgid != p->p_pid) {
		pg = pgrp_find(pgid);
		if (pg == NULL || pg->pg_session != me->p_pgrp->pg_session)
			return (EPERM);
	}
	return (0);
}

int
kern_setpgid(pid_t pid, pid_t pgid)
{
	struct proc *me = curproc, *p;
	struct pgrp *fresh, *pg;
	int error;

	if (pgid < 0)
		return (EINVAL);
	if ((fresh = pgrp_alloc()) == NULL)
		return (ENOMEM);
	lock_excl(&proctree_lock);
	p = pid == 0 ? me : proc_find(pid);
	if (p != NULL && pgid == 0)
		pgid = p->p_pid;
	error = setpgid_check(me, p, pgid);
	if (error != 0)
		goto out;
	if (p->p_pgrp->pg_id == pgid)
		goto out;
	pg = pgrp_find(pgid);
	if (pg == NULL) {
		pg = fresh;
		fresh = NULL;
		pgrp_publish(pg, pgid, p->p_pgrp->pg_session);
	}
	pgrp_move(p, pg);
out:
	lock_release(&proctree_lock);
	pgrp_free_unused(fresh);
	return (error);
}

int
kern_setsid(pid_t *sidp)
{
	struct proc *p = curproc;
	struct pgrp *pg = pgrp_alloc();
	struct session *s = session_alloc();

	if (pg == NULL || s == NULL) {
		pgrp_free_unused(pg);
		session_free_unused(s);
		return (ENOMEM);
	}
	lock_excl(&proctree_lock);
	if (pgrp_find(p->p_pid) != NULL) {
		lock_release(&proctree_lock);
		pgrp_free_unused(pg);
		session_free_unused(s);
		return (EPERM);
	}
	session_publish(s, p->p_pid, p);
	pgrp_publish(pg, p->p_pid, s);
	session_drop(s); /* the group's is the one that stays */
	pgrp_move(p, pg);
	spin_lock(&p->p_spin);
	p->p_flags &= ~(uint32_t)PF_CONTROLT;
	spin_unlock(&p->p_spin);
	lock_release(&proctree_lock);
	KTR_EVENT(PROC, setsid, "sid=%d", (uint64_t)p->p_pid);
	*sidp = p->p_pid;
	return (0);
}

int
kern_getpgid(pid_t pid, pid_t *pgidp)
{
	struct proc *p;
	int error = 0;

	lock_shared(&proctree_lock);
	p = pid == 0 ? curproc : proc_find(pid);
	if (p == NULL || p->p_pgrp == NULL)
		error = ESRCH;
	else
		*pgidp = p->p_pgrp->pg_id;
	lock_release(&proctree_lock);
	return (error);
}

int
kern_getsid(pid_t pid, pid_t *sidp)
{
	struct proc *p;
	int error = 0;

	lock_shared(&proctree_lock);
	p = pid == 0 ? curproc : proc_find(pid);
	if (p == NULL || p->p_pgrp == NULL)
		error = ESRCH;
	else
		*sidp = p->p_pgrp->pg_session->s_sid;
	lock_release(&proctree_lock);
	return (error);
}

pid_t
kern_getppid(void)
{
	return (atomic_load(&curproc->p_ppid));
}

void
proc_rename(struct proc *p, struct lwp *lp, const char *name, bool whole)
{
	struct lwp *l;

	SPIN_ASSERT(&p->p_spin);
	if (lp != NULL) {
		strlcpy(lp->lw_name, name, sizeof(lp->lw_name));
		strlcpy(lp->lw_thread->td_name, name,
		    sizeof(lp->lw_thread->td_name));
	}
	if (whole)
		strlcpy(p->p_comm, name, sizeof(p->p_comm));
	/* A listed lwp's thread is there. */
	TAILQ_FOREACH(l, &p->p_lwps, lw_link)
		if (l == lp || whole)
			thread_slot_update(l->lw_thread);
}

void
kern_setname(const char *name)
{
	struct lwp *lp = curlwp;
	struct proc *p = lp->lw_proc;

	spin_lock(&p->p_spin);
	proc_rename(p, lp, name, lp->lw_tid == p->p_pid);
	spin_unlock(&p->p_spin);
}

/* --- the machine's names --------------------------------------------------- */

#define NODE_NAME_LEN 65

static struct lock_class names_class = {"names", 0};
static struct spinlock names_spin = SPIN_INIT_CLASS(&names_class);
static char host_name[NODE_NAME_LEN] = "mayfly";   /* (names_spin) */
static char domain_name[NODE_NAME_LEN] = "(none)"; /* (names_spin) */

static int
name_set(char *to, const char *name)
{
	if (cred_check_cap(cred_current(), CAP_SYS_ADMIN) != 0)
		return (EPERM);
	spin_lock(&names_spin);
	strlcpy(to, name, NODE_NAME_LEN);
	spin_unlock(&names_spin);
	return (0);
}

static void
name_get(const char *from, char *buf, size_t size)
{
	spin_lock(&names_spin);
	strlcpy(buf, from, size);
	spin_unlock(&names_spin);
}

int
kern_sethostname(const char *name)
{
	return (name_set(host_name, name));
}

int
kern_setdomainname(const char *name)
{
	return (name_set(domain_name, name));
}

void
kern_gethostname(char *buf, size_t size)
{
	name_get(host_name, buf, size);
}

void
kern_getdomainname(char *buf, size_t size)
{
	name_get(domain_name, buf, size);
}

static int
sysctl_name(struct sysctl_req *req, char *var)
{
	char buf[NODE_NAME_LEN];
	int error;

	name_get(var, buf, sizeof(buf));
	error = sysctl_out(req, buf, strlen(buf) + 1);
	if (error != 0 || req->sr_new == NULL)
		return (error);
	if (req->sr_newlen >= sizeof(buf))
		return (EINVAL);
	memset(buf, 0, sizeof(buf));
	error = sysctl_in(req, buf, req->sr_newlen);
	return (error != 0 ? error : name_set(var, buf));
}

static int
sysctl_hostname(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (sysctl_name(req, host_name));
}
SYSCTL_PROC(kern_hostname, "kern.hostname", CTL_STRING, CTLF_RW,
    sysctl_hostname, "Name of this machine");

static int
sysctl_domainname(const struct sysctl_entry *e, struct sysctl_req *req)
{
	return (sysctl_name(req, domain_name));
}
SYSCTL_PROC(kern_domainname, "kern.domainname", CTL_STRING, CTLF_RW,
    sysctl_domainname, "NIS domain of this machine");

/* --- sharing ------------------------------------------------------------------- */

int
kern_unshare(uint32_t flags)
{
	struct proc *p = curproc;
	struct filedesc *fd = NULL, *oldfd = NULL;
	struct fs_context *fs = NULL, *oldfs = NULL;
	int error;

	if (flags != 0 && p->p_nlwps > 1)
		return (EINVAL);
	if ((flags & KFORK_FILES) != 0 && (p->p_flags & PF_FDSHARED) != 0 &&
	    (error = filedesc_copy(p->p_fd, &fd)) != 0)
		return (error);
	if ((flags & KFORK_FS) != 0 &&
	    (fs = fs_context_copy(p->p_fs)) == NULL) {
		if (fd != NULL)
			filedesc_drop(fd);
		return (ENOMEM);
	}
	spin_lock(&p->p_spin);
	if (fd != NULL) {
		oldfd = p->p_fd;
		p->p_fd = fd;
		p->p_flags &= ~(uint32_t)PF_FDSHARED;
	}
	if (fs != NULL) {
		oldfs = p->p_fs;
		p->p_fs = fs;
	}
	spin_unlock(&p->p_spin);
	if (oldfd != NULL)
		filedesc_drop(oldfd);
	if (oldfs != NULL)
		fs_context_drop(oldfs);
	return (0);
}

/* The session's terminal is taken away from all of it. */
int
kern_vhangup(void)
{
	ksiginfo_t hup = {.ksi_signo = SIGHUP, .ksi_code = SI_KERNEL};
	ksiginfo_t cont = {.ksi_signo = SIGCONT, .ksi_code = SI_KERNEL};
	struct session *s;

	if (!cred_has_cap(cred_current(), CAP_SYS_TTY_CONFIG))
		return (EPERM);
	lock_excl(&proctree_lock);
	s = curproc->p_pgrp->pg_session;
	if (s->s_tty != NULL) {
		tty_session_exit(s);
		if (s->s_leader != NULL) {
			sig_send_proc(s->s_leader, SIGHUP, &hup);
			sig_send_proc(s->s_leader, SIGCONT, &cont);
		}
	}
	lock_release(&proctree_lock);
	return (0);
}
