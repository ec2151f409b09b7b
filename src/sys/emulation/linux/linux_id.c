/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls on identities and capabilities.
 */
#include "linux_var.h"
#include <sys/ucred.h>

int
linux_getpid(
    struct lwp *lp, const struct linux_getpid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_proc->p_pid;
	return (0);
}

int
linux_gettid(
    struct lwp *lp, const struct linux_gettid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_tid;
	return (0);
}

int
linux_getppid(
    struct lwp *lp, const struct linux_getppid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)kern_getppid();
	return (0);
}

int
linux_getuid(
    struct lwp *lp, const struct linux_getuid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_ruid;
	return (0);
}

int
linux_geteuid(
    struct lwp *lp, const struct linux_geteuid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_uid;
	return (0);
}

int
linux_getgid(
    struct lwp *lp, const struct linux_getgid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_rgid;
	return (0);
}

int
linux_getegid(
    struct lwp *lp, const struct linux_getegid_args *uap, uint64_t *resp)
{
	*resp = (uint64_t)lp->lw_cred->cr_gid;
	return (0);
}

int
linux_getpgrp(
    struct lwp *lp, const struct linux_getpgrp_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_getpgid(0, &id);
	*resp = (uint64_t)id;
	return (error);
}

int
linux_getpgid(
    struct lwp *lp, const struct linux_getpgid_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_getpgid(uap->pid, &id);
	*resp = (uint64_t)id;
	return (error);
}

int
linux_getsid(
    struct lwp *lp, const struct linux_getsid_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_getsid(uap->pid, &id);
	*resp = (uint64_t)id;
	return (error);
}

int
linux_setpgid(
    struct lwp *lp, const struct linux_setpgid_args *uap, uint64_t *resp)
{
	return (kern_setpgid(uap->pid, uap->pgid));
}

int
linux_setsid(
    struct lwp *lp, const struct linux_setsid_args *uap, uint64_t *resp)
{
	pid_t id = 0;
	int error;

	error = kern_setsid(&id);
	*resp = (uint64_t)id;
	return (error);
}

int
linux_setuid(
    struct lwp *lp, const struct linux_setuid_args *uap, uint64_t *resp)
{
	return (kern_setuid(uap->uid));
}

int
linux_setgid(
    struct lwp *lp, const struct linux_setgid_args *uap, uint64_t *resp)
{
	return (kern_setgid(uap->gid));
}

int
linux_setreuid(
    struct lwp *lp, const struct linux_setreuid_args *uap, uint64_t *resp)
{
	return (kern_setreuid(uap->ruid, uap->euid));
}

int
linux_setregid(
    struct lwp *lp, const struct linux_setregid_args *uap, uint64_t *resp)
{
	return (kern_setregid(uap->rgid, uap->egid));
}

int
linux_setresuid(
    struct lwp *lp, const struct linux_setresuid_args *uap, uint64_t *resp)
{
	return (kern_setresuid(uap->ruid, uap->euid, uap->suid));
}

int
linux_setresgid(
    struct lwp *lp, const struct linux_setresgid_args *uap, uint64_t *resp)
{
	return (kern_setresgid(uap->rgid, uap->egid, uap->sgid));
}

int
linux_setfsuid(
    struct lwp *lp, const struct linux_setfsuid_args *uap, uint64_t *resp)
{
	*resp = kern_setfsuid(uap->uid);
	return (0);
}

int
linux_setfsgid(
    struct lwp *lp, const struct linux_setfsgid_args *uap, uint64_t *resp)
{
	*resp = kern_setfsgid(uap->gid);
	return (0);
}

int
linux_getresuid(
    struct lwp *lp, const struct linux_getresuid_args *uap, uint64_t *resp)
{
	const struct ucred *cr = lp->lw_cred;
	int error;

	error = copyout_u32(cr->cr_ruid, uap->ruid);
	if (error == 0)
		error = copyout_u32(cr->cr_uid, uap->euid);
	if (error == 0)
		error = copyout_u32(cr->cr_svuid, uap->suid);
	return (error);
}

int
linux_getresgid(
    struct lwp *lp, const struct linux_getresgid_args *uap, uint64_t *resp)
{
	const struct ucred *cr = lp->lw_cred;
	int error;

	error = copyout_u32(cr->cr_rgid, uap->rgid);
	if (error == 0)
		error = copyout_u32(cr->cr_gid, uap->egid);
	if (error == 0)
		error = copyout_u32(cr->cr_svgid, uap->sgid);
	return (error);
}

int
linux_getgroups(
    struct lwp *lp, const struct linux_getgroups_args *uap, uint64_t *resp)
{
	return (sys_getgroups(uap->n, uap->groups, resp));
}

int
linux_setgroups(
    struct lwp *lp, const struct linux_setgroups_args *uap, uint64_t *resp)
{
	return (sys_setgroups(uap->n, uap->groups));
}

/* --- capabilities ----------------------------------------------------------------- */

#define CAP_V1 0x19980330u
#define CAP_V2 0x20071026u
#define CAP_V3 0x20080522u

/* Words per set for the header's version; an unknown one learns ours. */
static int
cap_words(uaddr_t uheader, struct linux_cap_header *h, int *nwords)
{
	int error = copyin(uheader, h, sizeof(*h));

	if (error != 0)
		return (error);
	*nwords = h->version == CAP_V1			   ? 1
	    : h->version == CAP_V2 || h->version == CAP_V3 ? 2
							   : 0;
	if (*nwords != 0)
		return (0);
	h->version = CAP_V3;
	error = copyout(h, uheader, sizeof(*h));
	return (error != 0 ? error : EINVAL);
}

int
linux_capget(
    struct lwp *lp, const struct linux_capget_args *uap, uint64_t *resp)
{
	struct linux_cap_data d[2];
	struct linux_cap_header h;
	struct ucred *cr;
	struct proc *p;
	int error, n;

	error = cap_words(uap->header, &h, &n);
	if (error != 0)
		return (uap->data == 0 && error == EINVAL ? 0 : error);
	if (h.pid < 0)
		return (EINVAL);
	if (uap->data == 0)
		return (0);
	p = proc_find_hold(h.pid != 0 ? h.pid : lp->lw_proc->p_pid);
	if (p == NULL)
		return (ESRCH);
	cr = proc_cred_hold(p);
	proc_drop(p);
	if (cr == NULL)
		return (ESRCH);
	for (int i = 0; i < n; i++)
		d[i] = (struct linux_cap_data){
		    (uint32_t)(cr->cr_cap_effective >> (32 * i)),
		    (uint32_t)(cr->cr_cap_permitted >> (32 * i)),
		    (uint32_t)(cr->cr_cap_inheritable >> (32 * i)),
		};
	cred_drop(cr);
	return (copyout(d, uap->data, (size_t)n * sizeof(d[0])));
}

int
linux_capset(
    struct lwp *lp, const struct linux_capset_args *uap, uint64_t *resp)
{
	struct linux_cap_data d[2];
	struct linux_cap_header h;
	uint64_t e = 0, p = 0, in = 0;
	int error, n;

	if ((error = cap_words(uap->header, &h, &n)) != 0)
		return (error);
	if (h.pid != 0 && h.pid != lp->lw_proc->p_pid)
		return (EPERM);
	if ((error = copyin(uap->data, d, (size_t)n * sizeof(d[0]))) != 0)
		return (error);
	for (int i = 0; i < n; i++) {
		e |= (uint64_t)d[i].effective << (32 * i);
		p |= (uint64_t)d[i].permitted << (32 * i);
		in |= (uint64_t)d[i].inheritable << (32 * i);
	}
	return (kern_capset(e & CAP_ALL, p & CAP_ALL, in & CAP_ALL));
}
