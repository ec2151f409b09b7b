/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases: an open file's holder is told before others open the file in a way
 * that does not go with it.
 *
 * 1. A read lease goes with readers, a write lease with nobody: it is given only
 *    to the one open file that there is.  Whoever opens a file counts itself
 *    first (v_readcount, v_writecount) and looks for leases second; who takes a
 *    lease enters it first and looks at the counts second.  So one of the two
 *    sees the other.
 *
 * 2. Breaking:
 *
 *	held --a reader comes, write lease--> to be downgraded --F_RDLCK--> held
 *	held, to be downgraded --a writer comes--> to be removed --F_UNLCK--> gone
 *
 *    The holder gets a signal (POLL_MSG) at each of these, and lease_break_time
 *    seconds; then the one who waits does it in its stead.  One who does not
 *    wait (O_NONBLOCK) has still asked.
 *
 * 3. A lease belongs to the open file, with all its descriptors, and goes with
 *    it.  When it goes the file has no owner and no signal (F_SETOWN, F_SETSIG)
 *    any more.
 *
 * Lock order: lease_lock - async_lock.  No vnode lock is held here.
 */
#include "vfs_var.h"
#include <sys/async.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <sys/ucred.h>

static MALLOC_DEFINE(M_LEASE, "lease", "leases of files");

struct lease {
	TAILQ_ENTRY(lease) ls_link; /* (l) of the vnode */
	struct file *ls_file;	    /* (c) not held: its end ends the lease */
	int ls_fd;		    /* (l) what the signal tells */
	int ls_type;		    /* (l) F_RDLCK, F_WRLCK */
	bool ls_remove;		    /* (l) it is asked to go */
	bool ls_downgrade;     /* (l) a write lease is asked to be a read one */
	nstime_t ls_remove_at; /* (l) 0: never by itself */
	nstime_t ls_downgrade_at; /* (l) */
};

LOCK_DEFINE(lease_lock, "lease"); /* (l) */
static int lease_break_time = 45;
static int leases_enable = 1;

SYSCTL_INT(lease_break_time, "kern.lease_break_time", CTLF_RW,
    &lease_break_time,
    "Seconds that a lease's holder has before it is taken away; 0: for ever");
SYSCTL_INT(leases_enable, "kern.leases_enable", CTLF_RW, &leases_enable,
    "Whether leases may be taken");

/* --- changes (l) -------------------------------------------------------------------- */

static struct lease *
lease_of(struct file *fp)
{
	struct lease *ls;

	LOCK_ASSERT_EXCL(&lease_lock);
	TAILQ_FOREACH(ls, &fp->f_vnode->v_leases, ls_link)
		if (ls->ls_file == fp)
			return (ls);
	return (NULL);
}

static void
lease_remove(struct vnode *vp, struct lease *ls)
{
	LOCK_ASSERT_EXCL(&lease_lock);
	TAILQ_REMOVE(&vp->v_leases, ls, ls_link);
	file_owner_forget(ls->ls_file);
	kfree(ls, M_LEASE);
	wakeup(&vp->v_leases);
}

/* The holder, or its time, says what the lease is now. */
static void
lease_change(struct vnode *vp, struct lease *ls, int type)
{
	if (type == F_UNLCK) {
		lease_remove(vp, ls);
		return;
	}
	ls->ls_type = type;
	if (type == F_RDLCK)
		ls->ls_downgrade = false;
	wakeup(&vp->v_leases);
}

/* Those whose time is over; the next time, or 0. */
static nstime_t
lease_expire(struct vnode *vp)
{
	nstime_t now = clock_mono(), soonest = 0, at;
	struct lease *ls, *next;

	TAILQ_FOREACH_SAFE(ls, &vp->v_leases, ls_link, next) {
		if (ls->ls_downgrade && ls->ls_downgrade_at != 0 &&
		    ls->ls_downgrade_at <= now)
			lease_change(vp, ls, F_RDLCK);
		if (ls->ls_remove && ls->ls_remove_at != 0 &&
		    ls->ls_remove_at <= now) {
			lease_change(vp, ls, F_UNLCK);
			continue;
		}
		at = ls->ls_remove     ? ls->ls_remove_at
		    : ls->ls_downgrade ? ls->ls_downgrade_at
				       : 0;
		if (at != 0 && (soonest == 0 || at < soonest))
			soonest = at;
	}
	return (soonest);
}

/* --- the holder ------------------------------------------------------------------------ */

/* Do the open files allow it?  fp is one of them. */
static bool
lease_allowed(struct file *fp, int type)
{
	struct vnode *vp = fp->f_vnode;
	int32_t writers = atomic_load(&vp->v_writecount);
	int32_t readers = atomic_load(&vp->v_readcount);

	if (type == F_RDLCK)
		return (writers <= 0);
	return (MAX(writers, 0) == (fp->f_writecounted != 0) &&
	    readers == (fp->f_readcounted != 0));
}

/* (l) Others' leases must go with it. */
static bool
lease_fits(struct vnode *vp, const struct lease *mine, int type)
{
	struct lease *ls;

	TAILQ_FOREACH(ls, &vp->v_leases, ls_link)
		if (ls != mine && (type == F_WRLCK || ls->ls_remove))
			return (false);
	return (true);
}

/* (l) fresh is used up, or left to the caller. */
static int
lease_enter(struct file *fp, int fd, int type, struct lease **freshp)
{
	struct vnode *vp = fp->f_vnode;
	struct lease *ls;

	(void)lease_expire(vp);
	ls = lease_of(fp);
	if (type == F_UNLCK) {
		if (ls == NULL)
			return (EAGAIN);
		lease_remove(vp, ls);
		return (0);
	}
	if (!lease_allowed(fp, type) || !lease_fits(vp, ls, type))
		return (EAGAIN);
	if (ls != NULL) {
		ls->ls_fd = fd;
		lease_change(vp, ls, type);
		return (0);
	}
	ls = *freshp;
	ls->ls_file = fp;
	ls->ls_fd = fd;
	ls->ls_type = type;
	TAILQ_INSERT_TAIL(&vp->v_leases, ls, ls_link);
	fp->f_leased = 1;
	atomic_fence();
	if (!lease_allowed(fp, type)) {
		TAILQ_REMOVE(&vp->v_leases, ls, ls_link);
		return (EAGAIN);
	}
	*freshp = NULL;
	return (0);
}

int
lease_set(struct file *fp, int fd, int type)
{
	struct file_owner fo = {FO_PROCESS, curproc->p_pid};
	struct ucred *cr = cred_current();
	struct lease *fresh = NULL;
	struct vattr va;
	int error;

	if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK)
		return (EINVAL);
	if (fp->f_vnode == NULL)
		return (EINVAL);
	if ((error = vn_getattr(fp->f_vnode, &va)) != 0)
		return (error);
	if (cr->cr_fsuid != va.va_uid && !cred_has_cap(cr, CAP_LEASE))
		return (EACCES);
	if (fp->f_vnode->v_type != VREG || leases_enable == 0)
		return (EINVAL);
	if (type != F_UNLCK) {
		fresh = kmalloc(sizeof(*fresh), M_LEASE, M_WAITOK | M_ZERO);
		if (fresh == NULL)
			return (ENOMEM);
		if ((error = file_async_prepare(fp)) != 0) {
			kfree(fresh, M_LEASE);
			return (error);
		}
	}
	lock_excl(&lease_lock);
	error = lease_enter(fp, fd, type, &fresh);
	if (error == 0 && type != F_UNLCK)
		(void)file_owner_set(fp, &fo, false);
	lock_release(&lease_lock);
	kfree(fresh, M_LEASE);
	KTR_EVENT(VFS, lease_set, "vp=%p type=%d error=%d", KTRP(fp->f_vnode),
	    (uint64_t)type, (uint64_t)error);
	return (error);
}

int
lease_get(struct file *fp)
{
	struct lease *ls;
	int type = F_UNLCK;

	if (fp->f_vnode == NULL)
		return (F_UNLCK);
	lock_excl(&lease_lock);
	(void)lease_expire(fp->f_vnode);
	if ((ls = lease_of(fp)) != NULL)
		type = ls->ls_remove   ? F_UNLCK
		    : ls->ls_downgrade ? F_RDLCK
				       : ls->ls_type;
	lock_release(&lease_lock);
	return (type);
}

void
lease_file_close(struct file *fp)
{
	struct lease *ls;

	lock_excl(&lease_lock);
	if ((ls = lease_of(fp)) != NULL)
		lease_remove(fp->f_vnode, ls);
	lock_release(&lease_lock);
}

/* --- whoever comes --------------------------------------------------------------------- */

static bool
in_the_way(const struct lease *ls, bool write)
{
	return (write || ls->ls_type == F_WRLCK);
}

/* (l) Ask those in the way, once each.  Is there any? */
static bool
lease_ask(struct vnode *vp, bool write)
{
	nstime_t at = lease_break_time > 0
	    ? clock_mono() + lease_break_time * NS_PER_SEC
	    : 0;
	struct lease *ls;
	bool any = false;

	TAILQ_FOREACH(ls, &vp->v_leases, ls_link) {
		if (!in_the_way(ls, write))
			continue;
		any = true;
		if (write && !ls->ls_remove) {
			ls->ls_remove = true;
			ls->ls_remove_at = at;
		} else if (!write && !ls->ls_remove && !ls->ls_downgrade) {
			ls->ls_downgrade = true;
			ls->ls_downgrade_at = at;
		} else
			continue;
		file_async_post(ls->ls_file, ls->ls_fd);
	}
	return (any);
}

static bool
lease_any(struct vnode *vp, bool write)
{
	struct lease *ls;

	TAILQ_FOREACH(ls, &vp->v_leases, ls_link)
		if (in_the_way(ls, write))
			return (true);
	return (false);
}

/* (l) */
static int
lease_wait(struct vnode *vp, bool write)
{
	nstime_t until, now;
	int error = 0;

	for (;;) {
		until = lease_expire(vp);
		if (!lease_any(vp, write))
			return (0);
		if (error != 0 && error != EWOULDBLOCK)
			return (EINTR);
		now = clock_mono();
		error = lock_sleep(&vp->v_leases, &lease_lock, PCATCH, "lease",
		    until == 0 ? SLEEP_FOREVER : MAX(until - now, 1));
	}
}

int
lease_break(struct vnode *vp, bool write, bool nonblock)
{
	int error = 0;

	atomic_fence();
	if (vp->v_type != VREG || atomic_load(&vp->v_leases.tqh_first) == NULL)
		return (0);
	lock_excl(&lease_lock);
	(void)lease_expire(vp);
	if (lease_ask(vp, write))
		error = nonblock ? EAGAIN : lease_wait(vp, write);
	lock_release(&lease_lock);
	KTR_EVENT(VFS, lease_break, "vp=%p write=%d error=%d", KTRP(vp),
	    (uint64_t)write, (uint64_t)error);
	return (error);
}
