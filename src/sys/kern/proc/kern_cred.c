/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials and the calls that change them.
 *
 * 1. A struct ucred never changes once a process has it: a change makes a copy,
 *    edits that and swaps the pointer (cred_install).
 * 2. Each thread reads its own lw_cred, which trap_syscall brings up to date at
 *    the start of each call: a concurrent change by a sibling never frees what a
 *    call in progress looks at, and takes effect at the next call.
 * 3. Capability sets follow the ids (capabilities(7)): losing the last root id
 *    empties permitted and effective, effective follows the effective id.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include "proc_var.h"

static struct ucred cred0 = {
    .cr_refs = 1,
    .cr_cap_effective = CAP_ALL,
    .cr_cap_permitted = CAP_ALL,
    .cr_cap_bounding = CAP_ALL,
};
struct ucred *cred_kernel = &cred0;
static struct zone *cred_zone;

static void
cred_init(void)
{
	cred_zone = zone_create("ucred", sizeof(struct ucred), 8);
}
SYSINIT(cred, SI_KERN, cred_init);

struct ucred *
cred_hold(struct ucred *cr)
{
	ref_hold(&cr->cr_refs);
	return (cr);
}

void
cred_drop(struct ucred *cr)
{
	if (!ref_drop(&cr->cr_refs))
		return;
	KASSERT(cr != &cred0, ("kernel credentials freed"));
	zone_free(cred_zone, cr);
}

struct ucred *
cred_dup(struct ucred *cr)
{
	struct ucred *n = zone_alloc(cred_zone, M_WAITOK);

	if (n == NULL)
		return (NULL);
	*n = *cr;
	ref_init(&n->cr_refs, 1);
	return (n);
}

struct ucred *
cred_current(void)
{
	struct lwp *lp = curlwp;

	return (lp != NULL && lp->lw_cred != NULL ? lp->lw_cred : cred_kernel);
}

bool
cred_in_group(const struct ucred *cr, gid_t gid)
{
	if (cr->cr_gid == gid)
		return (true);
	for (int i = 0; i < cr->cr_ngroups; i++)
		if (cr->cr_groups[i] == gid)
			return (true);
	return (false);
}

bool
cred_has_cap(const struct ucred *cr, int cap)
{
	return ((cr->cr_cap_effective >> cap & 1) != 0);
}

int
cred_check_cap(const struct ucred *cr, int cap)
{
	return (cred_has_cap(cr, cap) ? 0 : EPERM);
}

int
cred_check_root(const struct ucred *cr)
{
	return (cr->cr_uid == 0 ? 0 : EPERM);
}

void
cred_install(struct ucred *cr)
{
	struct lwp *lp = curlwp;
	struct proc *p = lp->lw_proc;
	struct ucred *old, *oldl;

	cred_hold(cr); /* the thread's; the caller's becomes the process's */
	spin_lock(&p->p_spin);
	old = p->p_cred;
	p->p_cred = cr;
	spin_unlock(&p->p_spin);
	oldl = lp->lw_cred;
	lp->lw_cred = cr;
	cred_drop(old);
	if (oldl != NULL)
		cred_drop(oldl);
}

/* The sets after the user ids changed from old's to n's. */
static void
cred_fix_caps(const struct ucred *old, struct ucred *n)
{
	bool was = old->cr_ruid == 0 || old->cr_uid == 0 || old->cr_svuid == 0;
	bool is = n->cr_ruid == 0 || n->cr_uid == 0 || n->cr_svuid == 0;

	if ((n->cr_securebits & SECBIT_NO_SETUID_FIXUP) != 0)
		return;
	if (was && !is) {
		if ((n->cr_securebits & SECBIT_KEEP_CAPS) == 0)
			n->cr_cap_permitted = 0;
		n->cr_cap_effective = 0;
		n->cr_cap_ambient = 0;
	} else if (old->cr_uid == 0 && n->cr_uid != 0) {
		n->cr_cap_effective = 0;
	} else if (old->cr_uid != 0 && n->cr_uid == 0) {
		n->cr_cap_effective = n->cr_cap_permitted;
	}
}

static bool
uid_own(const struct ucred *cr, uid_t u)
{
	return (u == cr->cr_ruid || u == cr->cr_uid || u == cr->cr_svuid);
}

static bool
gid_own(const struct ucred *cr, gid_t g)
{
	return (g == cr->cr_rgid || g == cr->cr_gid || g == cr->cr_svgid);
}

#define NOID ((uint32_t)-1)

/* All checks are done: set the ids that are not NOID. */
static int
uids_set(uid_t ruid, uid_t euid, uid_t svuid)
{
	struct ucred *old = cred_current(), *n = cred_dup(old);

	if (n == NULL)
		return (ENOMEM);
	if (ruid != NOID)
		n->cr_ruid = ruid;
	if (euid != NOID)
		n->cr_uid = euid;
	if (svuid != NOID)
		n->cr_svuid = svuid;
	n->cr_fsuid = n->cr_uid;
	cred_fix_caps(old, n);
	if (n->cr_uid != old->cr_uid)
		curproc->p_dumpable = 0;
	cred_install(n);
	return (0);
}

static int
gids_set(gid_t rgid, gid_t egid, gid_t svgid)
{
	struct ucred *n = cred_dup(cred_current());

	if (n == NULL)
		return (ENOMEM);
	if (rgid != NOID)
		n->cr_rgid = rgid;
	if (egid != NOID)
		n->cr_gid = egid;
	if (svgid != NOID)
		n->cr_svgid = svgid;
	n->cr_fsgid = n->cr_gid;
	cred_install(n);
	return (0);
}

int
kern_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	struct ucred *cr = cred_current();

	if (!cred_has_cap(cr, CAP_SETUID) &&
	    ((ruid != NOID && !uid_own(cr, ruid)) ||
		(euid != NOID && !uid_own(cr, euid)) ||
		(suid != NOID && !uid_own(cr, suid))))
		return (EPERM);
	return (uids_set(ruid, euid, suid));
}

int
kern_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	struct ucred *cr = cred_current();

	if (!cred_has_cap(cr, CAP_SETGID) &&
	    ((rgid != NOID && !gid_own(cr, rgid)) ||
		(egid != NOID && !gid_own(cr, egid)) ||
		(sgid != NOID && !gid_own(cr, sgid))))
		return (EPERM);
	return (gids_set(rgid, egid, sgid));
}

int
kern_setuid(uid_t uid)
{
	struct ucred *cr = cred_current();

	if (uid == NOID)
		return (EINVAL);
	if (cred_has_cap(cr, CAP_SETUID))
		return (uids_set(uid, uid, uid));
	if (uid != cr->cr_ruid && uid != cr->cr_svuid)
		return (EPERM);
	return (uids_set(NOID, uid, NOID));
}

int
kern_setgid(gid_t gid)
{
	struct ucred *cr = cred_current();

	if (gid == NOID)
		return (EINVAL);
	if (cred_has_cap(cr, CAP_SETGID))
		return (gids_set(gid, gid, gid));
	if (gid != cr->cr_rgid && gid != cr->cr_svgid)
		return (EPERM);
	return (gids_set(NOID, gid, NOID));
}

/* The saved id follows the effective one if the real id is set, or the
 * effective one to something else than the real id (POSIX leaves it open; all
 * systems agree). */
int
kern_setreuid(uid_t ruid, uid_t euid)
{
	struct ucred *cr = cred_current();
	uid_t saved = NOID;

	if (!cred_has_cap(cr, CAP_SETUID) &&
	    ((ruid != NOID && ruid != cr->cr_ruid && ruid != cr->cr_uid) ||
		(euid != NOID && !uid_own(cr, euid))))
		return (EPERM);
	if (ruid != NOID || (euid != NOID && euid != cr->cr_ruid))
		saved = euid != NOID ? euid : cr->cr_uid;
	return (uids_set(ruid, euid, saved));
}

int
kern_setregid(gid_t rgid, gid_t egid)
{
	struct ucred *cr = cred_current();
	gid_t saved = NOID;

	if (!cred_has_cap(cr, CAP_SETGID) &&
	    ((rgid != NOID && rgid != cr->cr_rgid && rgid != cr->cr_gid) ||
		(egid != NOID && !gid_own(cr, egid))))
		return (EPERM);
	if (rgid != NOID || (egid != NOID && egid != cr->cr_rgid))
		saved = egid != NOID ? egid : cr->cr_gid;
	return (gids_set(rgid, egid, saved));
}

#define CAPS_OF_FILES                                                          \
	(1UL << CAP_CHOWN | 1UL << CAP_DAC_OVERRIDE |                          \
	    1UL << CAP_DAC_READ_SEARCH | 1UL << CAP_FOWNER |                   \
	    1UL << CAP_FSETID | 1UL << CAP_LINUX_IMMUTABLE |                   \
	    1UL << CAP_MKNOD | 1UL << CAP_MAC_OVERRIDE)

/* Silently does nothing without the right, as its callers expect. */
uid_t
kern_setfsuid(uid_t uid)
{
	struct ucred *cr = cred_current(), *n;
	uid_t old = cr->cr_fsuid;

	if (uid == NOID ||
	    (!cred_has_cap(cr, CAP_SETUID) && !uid_own(cr, uid) && uid != old))
		return (old);
	if ((n = cred_dup(cr)) != NULL) {
		n->cr_fsuid = uid;
		if ((n->cr_securebits & SECBIT_NO_SETUID_FIXUP) == 0) {
			/* Of the sets only what is about files follows. */
			if (old == 0 && uid != 0)
				n->cr_cap_effective &= ~CAPS_OF_FILES;
			else if (old != 0 && uid == 0)
				n->cr_cap_effective |=
				    n->cr_cap_permitted & CAPS_OF_FILES;
		}
		cred_install(n);
	}
	return (old);
}

gid_t
kern_setfsgid(gid_t gid)
{
	struct ucred *cr = cred_current(), *n;
	gid_t old = cr->cr_fsgid;

	if (gid == NOID ||
	    (!cred_has_cap(cr, CAP_SETGID) && !gid_own(cr, gid) && gid != old))
		return (old);
	if ((n = cred_dup(cr)) != NULL) {
		n->cr_fsgid = gid;
		cred_install(n);
	}
	return (old);
}

int
kern_setgroups(int ngroups, const gid_t *groups)
{
	struct ucred *cr = cred_current(), *n;

	if (!cred_has_cap(cr, CAP_SETGID))
		return (EPERM);
	if (ngroups < 0 || ngroups > NGROUPS_MAX)
		return (EINVAL);
	if ((n = cred_dup(cr)) == NULL)
		return (ENOMEM);
	memcpy(n->cr_groups, groups, (size_t)ngroups * sizeof(gid_t));
	n->cr_ngroups = ngroups;
	cred_install(n);
	return (0);
}

/* POSIX.1e rules as capset(2) states them. */
int
kern_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct ucred *cr = cred_current(), *n;

	if ((permitted & ~cr->cr_cap_permitted) != 0 ||
	    (effective & ~permitted) != 0 ||
	    (inheritable & ~(cr->cr_cap_inheritable | cr->cr_cap_bounding)) !=
		0 ||
	    (!cred_has_cap(cr, CAP_SETPCAP) &&
		(inheritable &
		    ~(cr->cr_cap_inheritable | cr->cr_cap_permitted)) != 0))
		return (EPERM);
	if ((n = cred_dup(cr)) == NULL)
		return (ENOMEM);
	n->cr_cap_effective = effective;
	n->cr_cap_permitted = permitted;
	n->cr_cap_inheritable = inheritable;
	n->cr_cap_ambient &= permitted & inheritable;
	cred_install(n);
	return (0);
}

int
kern_cap_ambient(int cap, bool raise)
{
	struct ucred *cr = cred_current(), *n;
	uint64_t bit;

	if (cap < -1 || cap > CAP_LAST || (cap == -1 && raise))
		return (EINVAL);
	bit = cap == -1 ? CAP_ALL : 1ULL << cap;
	if (raise &&
	    ((cr->cr_cap_permitted & cr->cr_cap_inheritable & bit) == 0 ||
		(cr->cr_securebits & SECBIT_NO_AMBIENT_RAISE) != 0))
		return (EPERM);
	if ((n = cred_dup(cr)) == NULL)
		return (ENOMEM);
	if (raise)
		n->cr_cap_ambient |= bit;
	else
		n->cr_cap_ambient &= ~bit;
	cred_install(n);
	return (0);
}

int
kern_cap_bound_drop(int cap)
{
	struct ucred *cr = cred_current(), *n;

	if (cap < 0 || cap > CAP_LAST)
		return (EINVAL);
	if (!cred_has_cap(cr, CAP_SETPCAP))
		return (EPERM);
	if ((n = cred_dup(cr)) == NULL)
		return (ENOMEM);
	n->cr_cap_bounding &= ~(1ULL << cap);
	cred_install(n);
	return (0);
}

int
kern_set_securebits(uint32_t bits)
{
	struct ucred *cr = cred_current(), *n;
	uint32_t old = cr->cr_securebits, locks = old & 0xaa;

	/* A lock forbids to change its bit, and stays. */
	if ((bits & ~SECBIT_ALL) != 0 || ((locks >> 1) & (old ^ bits)) != 0 ||
	    (locks & ~bits) != 0 || !cred_has_cap(cr, CAP_SETPCAP))
		return (EPERM);
	if ((n = cred_dup(cr)) == NULL)
		return (ENOMEM);
	n->cr_securebits = bits;
	cred_install(n);
	return (0);
}

int
kern_set_keepcaps(bool keep)
{
	struct ucred *cr = cred_current(), *n;

	if ((cr->cr_securebits & SECBIT_KEEP_CAPS << 1) != 0)
		return (EPERM);
	if ((n = cred_dup(cr)) == NULL)
		return (ENOMEM);
	n->cr_securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
	if (keep)
		n->cr_securebits |= SECBIT_KEEP_CAPS;
	cred_install(n);
	return (0);
}
