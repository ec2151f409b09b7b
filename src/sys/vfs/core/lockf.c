/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advisory locks: POSIX record locks (owner: a descriptor table), locks of open
 * files (owner: struct file), and flock (whole file, owner: struct file).
 *
 * 1. A vnode's locks are a list of ranges [start, end], end inclusive so that
 *    "to the end of the file" is INT64_MAX.  One owner's ranges never overlap,
 *    and neighbours of one type are merged.
 *
 * 2. Record and open-file locks conflict with each other; flock locks conflict
 *    only with flock locks.
 *
 * 3. Setting a range: wait until nothing conflicts, cut the range out of the
 *    owner's old ones (one may fall in two), insert the new one, merge.  Up to
 *    two new ranges are needed; they are allocated before the spin lock.
 *
 * 4. Deadlock (EDEADLK, record locks only): a waiter notes whom it waits for;
 *    before waiting, follow those notes from the blocker: if they lead to the
 *    one who wants to wait, refuse.
 *
 * 5. One spin lock, lockf_spin, for all of it: advisory locks are rare, and the
 *    deadlock search crosses vnodes.  It is never held over another lock.
 *
 * The head (v_lockf) stays until the vnode is taken apart.
 */
#include "vfs_var.h"
#include <sys/ddb.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>

MALLOC_DEFINE(M_LOCKF, "lockf", "advisory locks");

enum range_kind {
	RK_RECORD,
	RK_OFD,
	RK_FLOCK
};

struct range_lock {
	TAILQ_ENTRY(range_lock) rl_link; /* (lockf_spin) */
	const void *rl_owner;
	enum range_kind rl_kind;
	int16_t rl_type; /* F_RDLCK, F_WRLCK; F_UNLCK in requests */
	pid_t rl_pid;
	off_t rl_start, rl_end; /* inclusive */
};
TAILQ_HEAD(range_list, range_lock);

struct lockf {
	struct range_list lf_ranges; /* (lockf_spin) */
};

/* Somebody who waits, on its own stack. */
struct lock_waiter {
	LIST_ENTRY(lock_waiter) lw_link; /* (lockf_spin) */
	const void *lw_owner, *lw_blocker;
	const struct lockf *lw_lockf;
	bool lw_listed; /* (lockf_spin) */
};

SPINLOCK_DEFINE(lockf_spin, "lockf");
static LIST_HEAD(, lock_waiter) lock_waiters; /* (lockf_spin) */

#define DEADLOCK_DEPTH 12

/* --- ranges, under lockf_spin ---------------------------------------------------- */

static bool
range_same_owner(const struct range_lock *a, const struct range_lock *b)
{
	return (a->rl_kind == b->rl_kind && a->rl_owner == b->rl_owner);
}

static bool
range_overlaps(const struct range_lock *a, const struct range_lock *b)
{
	return (a->rl_start <= b->rl_end && b->rl_start <= a->rl_end);
}

static bool
range_conflicts(const struct range_lock *a, const struct range_lock *b)
{
	if ((a->rl_kind == RK_FLOCK) != (b->rl_kind == RK_FLOCK))
		return (false);
	return (!range_same_owner(a, b) && range_overlaps(a, b) &&
	    (a->rl_type == F_WRLCK || b->rl_type == F_WRLCK));
}

static struct range_lock *
lockf_conflict(struct lockf *lf, const struct range_lock *want)
{
	struct range_lock *rl;

	SPIN_ASSERT(&lockf_spin);
	TAILQ_FOREACH(rl, &lf->lf_ranges, rl_link) {
		if (range_conflicts(rl, want))
			return (rl);
	}
	return (NULL);
}

/* Move rl from the vnode's list to a list to be freed. */
static void
range_kill(struct lockf *lf, struct range_lock *rl, struct range_list *dead)
{
	TAILQ_REMOVE(&lf->lf_ranges, rl, rl_link);
	TAILQ_INSERT_TAIL(dead, rl, rl_link);
}

static struct range_lock *
spare_take(struct range_list *spare)
{
	struct range_lock *rl = TAILQ_FIRST(spare);

	KASSERT(rl != NULL, ("lockf: no spare range"));
	TAILQ_REMOVE(spare, rl, rl_link);
	return (rl);
}

/* Cut [start, end] of want out of rl, which overlaps it. */
static void
range_cut(struct lockf *lf, struct range_lock *rl,
    const struct range_lock *want, struct range_list *spare)
{
	bool left = rl->rl_start < want->rl_start;
	bool right = rl->rl_end > want->rl_end;
	struct range_lock *tail;

	if (left && right) {
		tail = spare_take(spare);
		*tail = *rl;
		tail->rl_start = want->rl_end + 1;
		TAILQ_INSERT_TAIL(&lf->lf_ranges, tail, rl_link);
		rl->rl_end = want->rl_start - 1;
	} else if (left) {
		rl->rl_end = want->rl_start - 1;
	} else if (right) {
		rl->rl_start = want->rl_end + 1;
	} else {
		range_kill(lf, rl, spare);
	}
}

/* Swallow the owner's neighbours of the same type. */
static void
range_merge(struct lockf *lf, struct range_lock *new, struct range_list *spare)
{
	struct range_lock *rl, *next;

	TAILQ_FOREACH_SAFE(rl, &lf->lf_ranges, rl_link, next) {
		if (rl == new || !range_same_owner(rl, new) ||
		    rl->rl_type != new->rl_type)
			continue;
		if (rl->rl_end != INT64_MAX && rl->rl_end + 1 == new->rl_start)
			new->rl_start = rl->rl_start;
		else if (new->rl_end != INT64_MAX &&new->rl_end + 1 ==
		    rl->rl_start)
			new->rl_end = rl->rl_end;
		else
			continue;
		range_kill(lf, rl, spare);
	}
}

/*
 * Something of lf was unlocked: all its waiters look again.  Their notes go now,
 * for they may be untrue until the waiters have run, and an untrue note would
 * show a deadlock where none is.
 */
static void
lockf_wakeup(struct lockf *lf)
{
	struct lock_waiter *w, *next;

	SPIN_ASSERT(&lockf_spin);
	LIST_FOREACH_SAFE(w, &lock_waiters, lw_link, next) {
		if (w->lw_lockf == lf) {
			LIST_REMOVE(w, lw_link);
			w->lw_listed = false;
		}
	}
	wakeup(lf);
}

/* Nothing conflicts: make it so.  Wakes the waiters of the vnode. */
static void
lockf_apply(
    struct lockf *lf, const struct range_lock *want, struct range_list *spare)
{
	struct range_lock *rl, *next;
	bool changed = false;

	TAILQ_FOREACH_SAFE(rl, &lf->lf_ranges, rl_link, next) {
		if (range_same_owner(rl, want) && range_overlaps(rl, want)) {
			range_cut(lf, rl, want, spare);
			changed = true;
		}
	}
	if (want->rl_type != F_UNLCK) {
		rl = spare_take(spare);
		*rl = *want;
		TAILQ_INSERT_TAIL(&lf->lf_ranges, rl, rl_link);
		range_merge(lf, rl, spare);
	}
	if (changed)
		lockf_wakeup(lf);
}

/* Does the chain of waiters from who lead to me? */
static bool
lockf_leads_to(const void *who, const void *me, int depth)
{
	struct lock_waiter *w;

	if (who == me)
		return (true);
	if (depth == 0)
		return (false);
	LIST_FOREACH(w, &lock_waiters, lw_link) {
		if (w->lw_owner == who &&
		    lockf_leads_to(w->lw_blocker, me, depth - 1))
			return (true);
	}
	return (false);
}

/* Wait for the blocker to go.  0 (look again), EDEADLK, EINTR, ERESTART. */
static int
lockf_wait(struct lockf *lf, const struct range_lock *want,
    const struct range_lock *blocker)
{
	struct lock_waiter w;
	int error;

	w.lw_owner = want->rl_owner;
	w.lw_blocker = blocker->rl_owner;
	if (want->rl_kind == RK_RECORD && blocker->rl_kind == RK_RECORD &&
	    lockf_leads_to(blocker->rl_owner, want->rl_owner, DEADLOCK_DEPTH))
		return (EDEADLK);
	w.lw_lockf = lf;
	w.lw_listed = want->rl_kind == RK_RECORD;
	if (w.lw_listed)
		LIST_INSERT_HEAD(&lock_waiters, &w, lw_link);
	KTR_EVENT(VFS, lockf_wait, "lf=%p owner=%p blocker=%p", KTRP(lf),
	    KTRP(want->rl_owner), KTRP(blocker->rl_owner));
	error = spin_sleep(lf, &lockf_spin, PCATCH, "lockf", 0);
	if (w.lw_listed)
		LIST_REMOVE(&w, lw_link);
	return (error);
}

/* --- the head and spare ranges -------------------------------------------------- */

static void
ranges_free(struct range_list *list)
{
	struct range_lock *rl;

	while ((rl = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, rl, rl_link);
		kfree(rl, M_LOCKF);
	}
}

static int
spares_alloc(struct range_list *spare)
{
	TAILQ_INIT(spare);
	for (int i = 0; i < 2; i++) {
		struct range_lock *rl = kmalloc(sizeof(*rl), M_LOCKF, M_WAITOK);

		if (rl == NULL) {
			ranges_free(spare);
			return (ENOLCK);
		}
		TAILQ_INSERT_TAIL(spare, rl, rl_link);
	}
	return (0);
}

/* The vnode's head, made if missing.  NULL: no memory. */
static struct lockf *
lockf_head(struct vnode *vp)
{
	struct lockf *lf, *new;

	if ((lf = atomic_load_acq(&vp->v_lockf)) != NULL)
		return (lf);
	if ((new = kmalloc(sizeof(*new), M_LOCKF, M_WAITOK)) == NULL)
		return (NULL);
	TAILQ_INIT(&new->lf_ranges);
	spin_lock(&lockf_spin);
	if ((lf = vp->v_lockf) == NULL) {
		atomic_store_rel(&vp->v_lockf, new);
		lf = new;
		new = NULL;
	}
	spin_unlock(&lockf_spin);
	kfree(new, M_LOCKF);
	return (lf);
}

void
lockf_vnode_free(struct vnode *vp)
{
	if (vp->v_lockf == NULL)
		return;
	ranges_free(&vp->v_lockf->lf_ranges);
	kfree(vp->v_lockf, M_LOCKF);
	vp->v_lockf = NULL;
}

/*
 * Set, change or end a range.  0, EAGAIN, EDEADLK, EINTR, ERESTART, ENOLCK.
 * Sleeps if wait.
 */
static int
lockf_set(struct vnode *vp, const struct range_lock *want, bool wait)
{
	struct range_list spare;
	struct range_lock *blocker = NULL;
	struct lockf *lf;
	int error;

	if ((lf = lockf_head(vp)) == NULL)
		return (ENOLCK);
	if ((error = spares_alloc(&spare)) != 0)
		return (error);
	spin_lock(&lockf_spin);
	while (error == 0 && want->rl_type != F_UNLCK &&
	    (blocker = lockf_conflict(lf, want)) != NULL)
		error = wait ? lockf_wait(lf, want, blocker) : EAGAIN;
	if (error == 0)
		lockf_apply(lf, want, &spare);
	spin_unlock(&lockf_spin);
	ranges_free(&spare);
	return (error);
}

/* End all ranges of an owner.  Never fails: it only removes. */
static void
lockf_clear(struct vnode *vp, enum range_kind kind, const void *owner)
{
	struct range_list dead = TAILQ_HEAD_INITIALIZER(dead);
	struct range_lock *rl, *next;
	struct lockf *lf = vp->v_lockf;

	if (lf == NULL)
		return;
	spin_lock(&lockf_spin);
	TAILQ_FOREACH_SAFE(rl, &lf->lf_ranges, rl_link, next) {
		if (rl->rl_kind == kind && rl->rl_owner == owner)
			range_kill(lf, rl, &dead);
	}
	if (!TAILQ_EMPTY(&dead))
		lockf_wakeup(lf);
	spin_unlock(&lockf_spin);
	ranges_free(&dead);
}

void
vn_file_unlock_all(struct file *fp)
{
	lockf_clear(fp->f_vnode, RK_OFD, fp);
	lockf_clear(fp->f_vnode, RK_FLOCK, fp);
}

void
vn_owner_unlock_all(struct vnode *vp, const void *owner)
{
	lockf_clear(vp, RK_RECORD, owner);
}

/* --- fcntl ------------------------------------------------------------------------ */

/* Where l_start counts from. */
static int
flock_base(struct file *fp, int whence, off_t *basep)
{
	struct vattr va;
	int error;

	switch (whence) {
	case SEEK_SET:
		*basep = 0;
		return (0);
	case SEEK_CUR:
		lock_excl(&fp->f_offset_lock);
		*basep = fp->f_offset;
		lock_release(&fp->f_offset_lock);
		return (0);
	case SEEK_END:
		error = vn_getattr(fp->f_vnode, &va);
		*basep = (off_t)va.va_size;
		return (error);
	default:
		return (EINVAL);
	}
}

/* l_start, l_len to an inclusive range.  0, EINVAL, EOVERFLOW. */
static int
flock_range(struct file *fp, const struct flock *fl, struct range_lock *want)
{
	off_t start, end;
	int error;

	if ((error = flock_base(fp, fl->l_whence, &start)) != 0)
		return (error);
	if (__builtin_add_overflow(start, fl->l_start, &start))
		return (EOVERFLOW);
	if (fl->l_len == 0)
		end = INT64_MAX;
	else if (fl->l_len > 0) {
		if (__builtin_add_overflow(start, fl->l_len - 1, &end))
			return (EOVERFLOW);
	} else {
		end = start - 1;
		if (__builtin_add_overflow(start, fl->l_len, &start))
			return (EINVAL);
	}
	if (start < 0)
		return (EINVAL);
	want->rl_start = start;
	want->rl_end = end;
	return (0);
}

/* F_GETLK: describe what would conflict, or say that nothing does. */
static void
flock_query(struct vnode *vp, const struct range_lock *want, struct flock *fl)
{
	struct lockf *lf = vp->v_lockf;
	struct range_lock *rl = NULL;

	spin_lock(&lockf_spin);
	if (lf != NULL)
		rl = lockf_conflict(lf, want);
	if (rl == NULL) {
		fl->l_type = F_UNLCK;
	} else {
		fl->l_type = rl->rl_type;
		fl->l_whence = SEEK_SET;
		fl->l_start = rl->rl_start;
		fl->l_len =
		    rl->rl_end == INT64_MAX ? 0 : rl->rl_end - rl->rl_start + 1;
		fl->l_pid = rl->rl_kind == RK_RECORD ? rl->rl_pid : -1;
	}
	spin_unlock(&lockf_spin);
}

/* A file that may be locked in this way.  0, EBADF, EINVAL. */
static int
flock_check(const struct file *fp, int cmd, const struct flock *fl)
{
	bool get = cmd == F_GETLK || cmd == F_OFD_GETLK;

	if (fp->f_vnode == NULL)
		return (EINVAL);
	if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK &&
	    (fl->l_type != F_UNLCK || get))
		return (EINVAL);
	if (!get && fl->l_type == F_RDLCK && (fp->f_flags & FREAD) == 0)
		return (EBADF);
	if (!get && fl->l_type == F_WRLCK && (fp->f_flags & FWRITE) == 0)
		return (EBADF);
	return (0);
}

int
lockf_fcntl(struct file *fp, const void *owner, int cmd, struct flock *fl)
{
	struct range_lock want = {.rl_type = fl->l_type};
	bool ofd = cmd >= F_OFD_GETLK;
	int error;

	if ((error = flock_check(fp, cmd, fl)) != 0 ||
	    (error = flock_range(fp, fl, &want)) != 0)
		return (error);
	if (ofd && fl->l_pid != 0)
		return (EINVAL);
	want.rl_kind = ofd ? RK_OFD : RK_RECORD;
	want.rl_owner = ofd ? fp : owner;
	want.rl_pid = curproc != NULL ? curproc->p_pid : 0;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		flock_query(fp->f_vnode, &want, fl);
		return (0);
	}
	if (ofd)
		fp->f_locked = 1;
	return (lockf_set(
	    fp->f_vnode, &want, cmd == F_SETLKW || cmd == F_OFD_SETLKW));
}

/* 0, EBADF, EINVAL, EAGAIN, EDEADLK, EINTR, ERESTART, ENOLCK, EOVERFLOW. */
int
kern_fcntl_lock(int fd, int cmd, struct flock *fl)
{
	const void *owner = curproc != NULL ? curproc->p_fd : NULL;
	struct file *fp, *now;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if ((fp->f_flags & O_PATH) != 0)
		error = EBADF;
	else
		error = lockf_fcntl(fp, owner, cmd, fl);
	if (error == 0 && (cmd == F_SETLK || cmd == F_SETLKW) &&
	    fl->l_type != F_UNLCK) {
		/* a thread may have closed fd meanwhile: then nobody would
		 * ever end the lock */
		if (fd_get(fd, 0, &now) != 0)
			now = NULL;
		if (now != fp) {
			vn_owner_unlock_all(fp->f_vnode, owner);
			error = EBADF;
		}
		if (now != NULL)
			file_drop(now);
	}
	file_drop(fp);
	return (error);
}

/* --- flock ------------------------------------------------------------------------- */

int
lockf_flock(struct file *fp, int how)
{
	struct range_lock want = {
	    .rl_kind = RK_FLOCK, .rl_owner = fp, .rl_end = INT64_MAX};
	bool wait = (how & LOCK_NB) == 0;

	if (fp->f_vnode == NULL)
		return (EINVAL);
	switch (how & ~LOCK_NB) {
	case LOCK_UN:
		lockf_clear(fp->f_vnode, RK_FLOCK, fp);
		return (0);
	case LOCK_SH:
		want.rl_type = F_RDLCK;
		break;
	case LOCK_EX:
		want.rl_type = F_WRLCK;
		break;
	default:
		return (EINVAL);
	}
	fp->f_locked = 1;
	/* a conversion that must wait gives the old lock up first, so that
	 * two of them cannot wait for each other */
	if (lockf_set(fp->f_vnode, &want, false) == 0)
		return (0);
	lockf_clear(fp->f_vnode, RK_FLOCK, fp);
	return (lockf_set(fp->f_vnode, &want, wait));
}

int
kern_flock(int fd, int how)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	error = (fp->f_flags & O_PATH) != 0 ? EBADF : lockf_flock(fp, how);
	file_drop(fp);
	return (error);
}

static void
ddb_show_locks(const char *arg)
{
	struct vnode vn;
	struct lockf lf;
	struct range_lock rl;
	uint64_t addr;
	int n = 0;

	if (!ddb_number(&arg, &addr) ||
	    !ddb_read((void *)(uintptr_t)addr, &vn, sizeof(vn)) ||
	    !ddb_read(vn.v_lockf, &lf, sizeof(lf))) {
		kprintf("show lockf VNODE: none\n");
		return;
	}
	for (const struct range_lock *p = TAILQ_FIRST(&lf.lf_ranges);
	     p != NULL && n++ < 1000 && ddb_read(p, &rl, sizeof(rl));
	     p = TAILQ_NEXT(&rl, rl_link))
		kprintf("kind %d type %d [%ld, %ld] owner %p pid %d\n",
		    rl.rl_kind, rl.rl_type, rl.rl_start, rl.rl_end, rl.rl_owner,
		    rl.rl_pid);
}
DDB_COMMAND(
    show_lockf, "show lockf", ddb_show_locks, "advisory locks of a vnode");
