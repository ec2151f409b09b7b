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
	uint32_t cr_securebits;		     /* SECBIT_ */
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
/*
 * The set*id family on the current process: (uid_t)-1 leaves an id alone.
 * POSIX rules with saved ids; leaving root drops the capability sets.
 * 0, EPERM, ENOMEM.
 */
int kern_setuid(uid_t uid);
int kern_setgid(gid_t gid);
int kern_setreuid(uid_t ruid, uid_t euid);
int kern_setregid(gid_t rgid, gid_t egid);
int kern_setresuid(uid_t ruid, uid_t euid, uid_t suid);
int kern_setresgid(gid_t rgid, gid_t egid, gid_t sgid);
uid_t kern_setfsuid(uid_t uid); /* the previous one */
gid_t kern_setfsgid(gid_t gid);
int kern_setgroups(int n, const gid_t *groups); /* EINVAL EPERM ENOMEM */
int kern_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);
int kern_cap_ambient(int cap, bool raise); /* cap -1: clear all */
int kern_cap_bound_drop(int cap);
#define CAP_LAST 40
/* The numbers are Linux's: capabilities are its invention. */
enum {
	CAP_CHOWN = 0,
	CAP_DAC_OVERRIDE = 1,
	CAP_DAC_READ_SEARCH = 2,
	CAP_FOWNER = 3,
	CAP_FSETID = 4,
	CAP_KILL = 5,
	CAP_SETGID = 6,
	CAP_SETUID = 7,
	CAP_SETPCAP = 8,
	CAP_LINUX_IMMUTABLE = 9,
	CAP_NET_ADMIN = 12,
	CAP_SYS_RAWIO = 17,
	CAP_SYS_CHROOT = 18,
	CAP_SYS_PTRACE = 19,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_BOOT = 22,
	CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24,
	CAP_SYS_TIME = 25,
	CAP_SYS_TTY_CONFIG = 26,
	CAP_MKNOD = 27,
	CAP_LEASE = 28,
	CAP_MAC_OVERRIDE = 32,
	CAP_CHECKPOINT_RESTORE = 40
};
/* Is cap in the effective set? */
bool cred_has_cap(const struct ucred *cr, int cap);
int cred_check_cap(const struct ucred *cr, int cap); /* 0, EPERM */

/* What root's number means for the sets; each bit's lock is the next one. */
#define SECBIT_NOROOT		0x01 /* nothing, at exec */
#define SECBIT_NO_SETUID_FIXUP	0x04 /* nothing, when ids change */
#define SECBIT_KEEP_CAPS	0x10 /* losing it, permitted stays */
#define SECBIT_NO_AMBIENT_RAISE 0x40
#define SECBIT_ALL		0xff
int kern_set_securebits(uint32_t bits); /* EPERM ENOMEM */
int kern_set_keepcaps(bool keep);
#define CAP_ALL ((1ULL << (CAP_LAST + 1)) - 1)
/* Install cr (reference consumed) as the current process's credentials. */
void cred_install(struct ucred *cr);
extern struct ucred *cred_kernel;

#endif
