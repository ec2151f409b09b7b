/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials: immutable once shared; changes copy and swap. */
#ifndef SYS_UCRED_H
#define SYS_UCRED_H

#include <sys/types.h>
#include <sys/param.h>
#include <sys/refcount.h>

struct ucred {
	refcount_t cr_refs;
	uid_t cr_uid, cr_ruid, cr_svuid, cr_fsuid;
	gid_t cr_gid, cr_rgid, cr_svgid, cr_fsgid;
	uint64_t cr_cap_effective, cr_cap_permitted, cr_cap_inheritable,
	    cr_cap_bounding, cr_cap_ambient; /* Linux bit numbers */
	int cr_ngroups;
	gid_t cr_groups[NGROUPS_MAX];
};

struct ucred *cred_hold(struct ucred *cr);
void cred_drop(struct ucred *cr);
struct ucred *cred_dup(struct ucred *cr); /* NULL: ENOMEM */
struct ucred *cred_current(void);	  /* of curproc; not held */
bool cred_in_group(const struct ucred *cr, gid_t gid);
/* 0 if root (cr_uid 0), else EPERM. */
int cred_check_root(const struct ucred *cr);
extern struct ucred *cred_kernel;

#endif
