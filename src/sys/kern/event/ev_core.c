/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event core: sources, watches, and what the waiting calls share.
 *
 * 1. Concepts.  A source (struct ev_source) lives inside a pollable object.
 *    A watch (struct ev_watch) lives inside a waiter.  ev_notify walks the
 *    watches of a source under es_spin and calls each interested func.
 *
 * 2. No event is lost.  fo_poll attaches first and then looks at the state.
 *    The object changes its state first and then notifies.  Both sides have a
 *    full fence in between (ev_attach, ev_notify), so at least one of them
 *    sees the other.  That lets ev_notify leave without the lock when the
 *    list is empty, which is the usual case for a pipe.
 *
 * 3. Detach against destroy.  A waiter detaches its watch while, on another
 *    CPU, the object dies with its source.  Each watch is guarded by one spin
 *    lock of a small hashed table (its guard), which covers ew_source:
 *
 *	attach, detach:	guard(w), then es_spin of w->ew_source
 *	destroy:	es_spin, then *try* guard(w) of the first watch
 *
 *    While a detach holds the guard, w is still on the list, so destroy
 *    cannot finish and the source stays in memory; when destroy gets the
 *    guard it clears ew_source, and a later detach finds nothing to do.
 *
 * 4. Lock order: an object's own lock, guard, es_spin, the waiter's spin lock
 *    (poll waiter, epoll, kqueue), es_spin of an epoll (nested, by depth of
 *    the nesting graph, which ev_epoll.c keeps free of cycles).
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/stat.h>
#include <sys/kern_calls.h>

#include "event_var.h"

#define EV_GUARDS 64 /* power of two; more than CPUs so they seldom meet */

static struct spinlock ev_guards[EV_GUARDS];

LOCK_DEFINE(ev_files_lock, "evfiles");

static struct spinlock *
ev_guard(const struct ev_watch *w)
{
	uint64_t h = (uint64_t)(uintptr_t)w * 0x9e3779b97f4a7c15UL;

	return (&ev_guards[h >> 58]);
}

static void
ev_core_init(void)
{
	for (int i = 0; i < EV_GUARDS; i++)
		spin_init(&ev_guards[i], "evguard");
}
SYSINIT(ev_core, SI_KERN, ev_core_init);

void
ev_source_init(struct ev_source *es)
{
	spin_init(&es->es_spin, "evsource");
	TAILQ_INIT(&es->es_watches);
}

/*
 * Unlink the first watch, telling it EV_HUP.  True when none was left; false
 * also if its guard was taken, then a detach is about to unlink it.
 */
static bool
ev_destroy_first(struct ev_source *es)
{
	struct ev_watch *w;
	struct spinlock *guard;

	spin_lock(&es->es_spin);
	w = TAILQ_FIRST(&es->es_watches);
	if (w == NULL) {
		spin_unlock(&es->es_spin);
		return (true);
	}
	guard = ev_guard(w);
	if (spin_trylock(guard)) {
		TAILQ_REMOVE(&es->es_watches, w, ew_link);
		w->ew_source = NULL;
		w->ew_func(w, EV_HUP, 0);
		spin_unlock(guard);
	}
	spin_unlock(&es->es_spin);
	return (false);
}

void
ev_source_destroy(struct ev_source *es)
{
	unsigned n = 0;

	while (!ev_destroy_first(es))
		cpu_spin_relax(n++);
}

/* (es_spin) Call the interested watches. */
static void
ev_walk(struct ev_source *es, uint32_t events, uint64_t hint)
{
	struct ev_watch *w, *next;
	bool taken = false;

	TAILQ_FOREACH_SAFE(w, &es->es_watches, ew_link, next) {
		uint32_t hit = events & (w->ew_events | EV_ERR | EV_HUP);

		if (hit == 0)
			continue;
		if ((w->ew_flags & EWF_EXCLUSIVE) != 0 && taken)
			continue;
		w->ew_flags &= ~EWF_TAKEN;
		w->ew_func(w, hit, hint);
		if ((w->ew_flags & (EWF_EXCLUSIVE | EWF_TAKEN)) ==
		    (EWF_EXCLUSIVE | EWF_TAKEN))
			taken = true;
	}
}

void
ev_notify_hint(struct ev_source *es, uint32_t events, uint64_t hint)
{
	atomic_fence();
	if (atomic_load(&es->es_watches.tqh_first) == NULL)
		return;
	KTR_EVENT(EVENT, notify, "source=%p events=%x hint=%x", KTRP(es),
	    events, hint);
	spin_lock(&es->es_spin);
	ev_walk(es, events, hint);
	spin_unlock(&es->es_spin);
}

void
ev_notify(struct ev_source *es, uint32_t events)
{
	ev_notify_hint(es, events, 0);
}

void
ev_notify_nested(struct ev_source *es, uint32_t events)
{
	atomic_fence();
	if (atomic_load(&es->es_watches.tqh_first) == NULL)
		return;
	spin_lock_nested(&es->es_spin);
	ev_walk(es, events, 0);
	spin_unlock(&es->es_spin);
}

void
ev_attach(struct ev_source *es, struct ev_watch *w)
{
	struct spinlock *guard;

	if (w == NULL)
		return;
	guard = ev_guard(w);
	spin_lock(guard);
	if (w->ew_source == NULL) {
		spin_lock(&es->es_spin);
		TAILQ_INSERT_TAIL(&es->es_watches, w, ew_link);
		w->ew_source = es;
		spin_unlock(&es->es_spin);
	}
	KASSERT(w->ew_source == es,
	    ("ev_attach: watch %p of another source", (void *)w));
	spin_unlock(guard);
	atomic_fence();
}

void
ev_detach(struct ev_watch *w)
{
	struct spinlock *guard = ev_guard(w);
	struct ev_source *es;

	spin_lock(guard);
	es = w->ew_source;
	if (es != NULL) {
		spin_lock(&es->es_spin);
		TAILQ_REMOVE(&es->es_watches, w, ew_link);
		w->ew_source = NULL;
		spin_unlock(&es->es_spin);
	}
	spin_unlock(guard);
}

/*
 * The last reference of fp went: every hook unlinks itself.  Sleeps; no lock
 * of a waiter may be held.
 */
void
file_hooks_run(struct file *fp)
{
	struct file_hook *fh;

	lock_excl(&ev_files_lock);
	while ((fh = LIST_FIRST(&fp->f_hooks)) != NULL)
		fh->fh_closed(fh);
	lock_release(&ev_files_lock);
}

/* --- what the waiting calls share ---------------------------------------- */

/* The largest wait, about 146 years: keeps the sum below from overflowing. */
#define EV_TIMEOUT_MAX (INT64_MAX / 2)

void
ev_deadline_set(struct ev_deadline *ed, nstime_t timeout_ns)
{
	ed->ed_forever = timeout_ns < 0;
	ed->ed_now = timeout_ns == 0;
	ed->ed_when = clock_mono() + MIN(timeout_ns, EV_TIMEOUT_MAX);
}

int
ev_deadline_left(const struct ev_deadline *ed, nstime_t *leftp)
{
	*leftp = SLEEP_FOREVER;
	if (ed->ed_forever)
		return (0);
	if (ed->ed_now)
		return (EWOULDBLOCK);
	*leftp = ed->ed_when - clock_mono();
	return (*leftp > 0 ? 0 : EWOULDBLOCK);
}

int
ev_sleep(const struct ev_wait *ew, const struct ev_deadline *ed)
{
	nstime_t left;
	int error = 0;

	spin_lock(ew->ev_spin);
	while (*ew->ev_ready == 0 && error == 0) {
		error = ev_deadline_left(ed, &left);
		if (error != 0)
			break;
		if (ew->ev_waiters != NULL)
			(*ew->ev_waiters)++;
		error = spin_sleep(
		    ew->ev_who, ew->ev_spin, PCATCH, ew->ev_wmesg, left);
		if (ew->ev_waiters != NULL)
			(*ew->ev_waiters)--;
	}
	if (*ew->ev_ready != 0)
		error = 0;
	spin_unlock(ew->ev_spin);
	return (error == ERESTART ? EINTR : error);
}

int
ev_wait_take(const struct ev_wait *ew, void *events, int max,
    nstime_t timeout_ns, int *np)
{
	struct ev_deadline ed;
	int error;

	ev_deadline_set(&ed, timeout_ns);
	for (;;) {
		*np = ew->ev_take(ew->ev_who, events, max);
		if (*np > 0)
			return (0);
		error = ed.ed_now ? EWOULDBLOCK : ev_sleep(ew, &ed);
		if (error == EWOULDBLOCK)
			return (0);
		if (error != 0)
			return (error);
		if (sig_pending(curlwp))
			return (EINTR);
	}
}

void
ev_mask_enter(const sigset_t *mask)
{
	if (mask != NULL)
		sig_mask_push(curlwp, mask);
}

/*
 * After the wait.  If a signal ended it the old mask comes back at the return
 * to user, behind the handler; otherwise now, so that a call that succeeded
 * runs no handler the program had blocked.
 */
void
ev_mask_leave(const sigset_t *mask, int error)
{
	struct lwp *lp = curlwp;
	sigset_t old;

	if (mask == NULL || error == EINTR || error == ERESTART)
		return;
	spin_lock(&lp->lw_proc->p_spin);
	old = lp->lw_oldmask;
	lp->lw_flags &= ~LWF_RESTOREMASK;
	spin_unlock(&lp->lw_proc->p_spin);
	(void)kern_sigprocmask(SIG_SETMASK, &old, NULL);
}

int
ev_file_install(struct file *fp, int oflags, int *fdp)
{
	int error;

	error =
	    fd_alloc(fp, 0, (oflags & O_CLOEXEC) != 0 ? FDF_CLOEXEC : 0, fdp);
	file_drop(fp);
	return (error);
}

int
ev_file_get(int fd, const struct fileops *ops, struct file **fpp)
{
	int error;

	error = fd_get(fd, 0, fpp);
	if (error == 0 && (*fpp)->f_ops != ops) {
		file_drop(*fpp);
		error = EINVAL;
	}
	return (error);
}

int
file_anon_stat(struct file *fp __unused, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_mode = 0600;
	st->st_nlink = 1;
	st->st_blksize = PAGE_SIZE;
	st->st_ino = 1;
	return (0);
}
