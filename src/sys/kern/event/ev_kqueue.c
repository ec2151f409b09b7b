/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue: the queue of notes.  What a note watches is its filter's business
 * (ev_kqueue_filter.c).
 *
 * 1. Notes.  A note is keyed by (filter, ident); for descriptors also by the
 *    file: a note of a file that meanwhile left its descriptor is replaced
 *    when the number is registered again, and goes away with the last
 *    reference of its file (file hook).
 *
 * 2. Active list.  A notification queues the note.  kevent takes notes off,
 *    asks the filter what is true now, and reports.  Without EV_CLEAR and
 *    EV_DISPATCH a reported note goes back to the tail, so it is reported as
 *    long as it stays true.
 *
 * 3. Locks.  ev_files_lock, then kq_lock (both sleeping), then object locks;
 *    es_spin, then kq_spin.  A note may be asked when its file has no
 *    reference left: the hook waits for kq_lock before fo_close runs.
 *
 * 4. Nesting.  A kqueue is pollable and may be watched by poll and epoll.
 *    It does not watch epolls and kqueues itself (EINVAL), so no cycle of
 *    notifications can pass through it.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>

#include "event_var.h"
#include "kqueue_var.h"

MALLOC_DEFINE(M_KQUEUE, "kqueue", "kqueues and their notes");

static LIST_HEAD(, kqueue) kqueue_all = LIST_HEAD_INITIALIZER(kqueue_all);

static const struct fileops kqueue_fileops;

bool
kqueue_is_queue(struct file *fp)
{
	return (fp->f_type == DTYPE_KQUEUE || fp->f_type == DTYPE_EPOLL);
}

/* --- the active list ----------------------------------------------------------- */

/* True if it was not queued yet or somebody waits. */
static void
knote_enqueue(struct knote *kn)
{
	struct kqueue *kq = kn->kn_kq;

	spin_lock(&kq->kq_spin);
	if (!kn->kn_active) {
		kn->kn_active = true;
		TAILQ_INSERT_TAIL(&kq->kq_active, kn, kn_alink);
		kq->kq_nactive++;
	}
	if (kq->kq_waiters > 0)
		wakeup_one(kq);
	spin_unlock(&kq->kq_spin);
}

static void
knote_dequeue(struct knote *kn)
{
	struct kqueue *kq = kn->kn_kq;

	spin_lock(&kq->kq_spin);
	if (kn->kn_active) {
		kn->kn_active = false;
		TAILQ_REMOVE(&kq->kq_active, kn, kn_alink);
		kq->kq_nactive--;
	}
	spin_unlock(&kq->kq_spin);
}

void
knote_activate(struct knote *kn)
{
	knote_enqueue(kn);
	ev_notify(&kn->kn_kq->kq_source, EV_IN);
}

void
knote_activate_nested(struct knote *kn)
{
	knote_enqueue(kn);
	ev_notify_nested(&kn->kn_kq->kq_source, EV_IN);
}

static struct knote *
kqueue_pop(struct kqueue *kq)
{
	struct knote *kn;

	spin_lock(&kq->kq_spin);
	kn = TAILQ_FIRST(&kq->kq_active);
	if (kn != NULL) {
		kn->kn_active = false;
		TAILQ_REMOVE(&kq->kq_active, kn, kn_alink);
		kq->kq_nactive--;
	}
	spin_unlock(&kq->kq_spin);
	return (kn);
}

static uint32_t
kqueue_nactive(struct kqueue *kq)
{
	uint32_t n;

	spin_lock(&kq->kq_spin);
	n = kq->kq_nactive;
	spin_unlock(&kq->kq_spin);
	return (n);
}

/* --- notes ------------------------------------------------------------------------ */

/* (F, k) Stop, unlink and free. */
static void
knote_destroy(struct knote *kn)
{
	LOCK_ASSERT_EXCL(&ev_files_lock);
	kn->kn_ops->kf_detach(kn);
	knote_dequeue(kn);
	if (kn->kn_hooked)
		LIST_REMOVE(&kn->kn_hook, fh_link);
	LIST_REMOVE(kn, kn_link);
	if (kn->kn_proc != NULL)
		proc_drop(kn->kn_proc);
	kfree(kn, M_KQUEUE);
}

/* (F) The watched file is about to close. */
static void
knote_file_gone(struct file_hook *fh)
{
	struct knote *kn = container_of(fh, struct knote, kn_hook);
	struct kqueue *kq = kn->kn_kq;

	lock_excl(&kq->kq_lock);
	knote_destroy(kn);
	lock_release(&kq->kq_lock);
}

/* (k) */
static struct knote *
knote_find(struct kqueue *kq, int16_t filter, uint64_t ident)
{
	struct knote *kn;

	LIST_FOREACH(kn, &kq->kq_notes, kn_link) {
		if (kn->kn_ev.filter == filter && kn->kn_ev.ident == ident)
			return (kn);
	}
	return (NULL);
}

/* (F, k) A new note, attached.  fp is NULL unless the filter is for files. */
static int
knote_create(struct kqueue *kq, const struct kfilter *kf, struct file *fp,
    const struct kevent *kev, struct knote **knp)
{
	struct knote *kn;
	int error;

	kn = kmalloc(sizeof(*kn), M_KQUEUE, M_WAITOK | M_ZERO);
	if (kn == NULL)
		return (ENOMEM);
	kn->kn_kq = kq;
	kn->kn_ops = kf;
	kn->kn_file = fp;
	kn->kn_ev = *kev;
	kn->kn_ev.flags &= EV_ONESHOT | EV_CLEAR | EV_DISPATCH | EV_DISABLE;
	if (kf->kf_clear)
		kn->kn_ev.flags |= EV_CLEAR;
	kn->kn_sfflags = kev->fflags;
	kn->kn_ev.fflags = 0;
	kn->kn_ev.data = 0;
	kn->kn_watch.ew_arg = kn;
	LIST_INSERT_HEAD(&kq->kq_notes, kn, kn_link);
	kn->kn_ev.data = kev->data; /* timers read it */
	error = kf->kf_attach(kn);
	if (error != 0) {
		LIST_REMOVE(kn, kn_link);
		kfree(kn, M_KQUEUE);
		return (error);
	}
	if (fp != NULL) {
		kn->kn_hook.fh_closed = knote_file_gone;
		kn->kn_hooked = true;
		LIST_INSERT_HEAD(&fp->f_hooks, &kn->kn_hook, fh_link);
	}
	*knp = kn;
	return (0);
}

/* (F, k) EV_ADD of what exists: new flags, data and udata. */
static int
knote_update(struct knote *kn, const struct kevent *kev)
{
	uint16_t keep = kn->kn_ops->kf_clear ? EV_CLEAR : 0;

	kn->kn_ev.udata = kev->udata;
	kn->kn_ev.flags = (kn->kn_ev.flags & EV_DISABLE) | keep |
	    (kev->flags & (EV_ONESHOT | EV_CLEAR | EV_DISPATCH));
	return (kn->kn_ops->kf_touch(kn, kev));
}

/* (F, k) Enable, disable, and queue kn if it has something to say. */
static void
knote_settle(struct knote *kn, uint16_t flags)
{
	if ((flags & EV_DISABLE) != 0)
		kn->kn_ev.flags |= EV_DISABLE;
	else if ((flags & EV_ENABLE) != 0)
		kn->kn_ev.flags &= ~EV_DISABLE;
	if ((kn->kn_ev.flags & EV_DISABLE) == 0 && kn->kn_ops->kf_event(kn))
		knote_activate(kn);
}

/* (F, k) */
static int
kqueue_register_locked(struct kqueue *kq, const struct kfilter *kf,
    struct file *fp, const struct kevent *kev)
{
	struct knote *kn = knote_find(kq, kev->filter, kev->ident);
	int error = 0;

	if (kn != NULL && kn->kn_file != fp) {
		knote_destroy(kn); /* the descriptor names another file now */
		kn = NULL;
	}
	if (kn == NULL && (kev->flags & EV_ADD) == 0)
		return (ENOENT);
	if ((kev->flags & EV_DELETE) != 0) {
		if (kn == NULL)
			return (ENOENT);
		knote_destroy(kn);
		return (0);
	}
	if (kn == NULL)
		error = knote_create(kq, kf, fp, kev, &kn);
	else if ((kev->flags & EV_ADD) != 0)
		error = knote_update(kn, kev);
	else if (kf->kf_filter == EVFILT_USER)
		error = kf->kf_touch(kn, kev);
	if (error == 0)
		knote_settle(kn, kev->flags);
	return (error);
}

/* Apply one change.  EBADF, EINVAL, ENOENT, ENOMEM, ESRCH. */
static int
kqueue_register(struct kqueue *kq, const struct kevent *kev)
{
	const struct kfilter *kf = kfilter_find(kev->filter);
	struct file *fp = NULL;
	int error;

	if (kf == NULL)
		return (EINVAL);
	if (kf->kf_isfd) {
		if (kev->ident > INT32_MAX)
			return (EBADF);
		error = fd_get((int)kev->ident, 0, &fp);
		if (error != 0)
			return (error);
	}
	lock_excl(&ev_files_lock);
	lock_excl(&kq->kq_lock);
	error = kqueue_register_locked(kq, kf, fp, kev);
	lock_release(&kq->kq_lock);
	lock_release(&ev_files_lock);
	KTR_EVENT(EVENT, kq_change, "kq=%p filter=%d ident=%d flags=%x err=%d",
	    KTRP(kq), (uint64_t)(int64_t)kev->filter, kev->ident, kev->flags,
	    error);
	if (fp != NULL)
		file_drop(fp);
	return (error);
}

/* --- reporting -------------------------------------------------------------------- */

/* (F, k) Report kn and decide what becomes of it. */
static void
knote_report(struct knote *kn, struct kevent *out)
{
	*out = kn->kn_ev;
	out->flags &= ~EV_DISABLE;
	if ((kn->kn_ev.flags & EV_ONESHOT) != 0) {
		knote_destroy(kn);
		return;
	}
	kn->kn_ev.flags &= ~EV_EOF;
	if ((kn->kn_ev.flags & (EV_CLEAR | EV_DISPATCH)) != 0)
		kn->kn_ops->kf_clear_state(kn);
	if ((kn->kn_ev.flags & EV_DISPATCH) != 0)
		kn->kn_ev.flags |= EV_DISABLE;
	if ((kn->kn_ev.flags & (EV_CLEAR | EV_DISPATCH)) == 0)
		knote_enqueue(kn);
}

/* Take up to max events; each note that was active at the start once. */
static int
kqueue_take(void *who, void *into, int max)
{
	struct kqueue *kq = who;
	struct kevent *events = into;
	uint32_t turns;
	int n = 0;

	if (kqueue_nactive(kq) == 0)
		return (0);
	lock_excl(&ev_files_lock);
	lock_excl(&kq->kq_lock);
	turns = kqueue_nactive(kq);
	while (turns-- > 0 && n < max) {
		struct knote *kn = kqueue_pop(kq);

		if (kn == NULL)
			break;
		if ((kn->kn_ev.flags & EV_DISABLE) != 0 ||
		    !kn->kn_ops->kf_event(kn))
			continue;
		knote_report(kn, &events[n++]);
	}
	lock_release(&kq->kq_lock);
	lock_release(&ev_files_lock);
	return (n);
}

/*
 * Apply the changes.  A failed one, and each with EV_RECEIPT, becomes an
 * EV_ERROR event while there is room; without room its errno is returned.
 */
static int
kqueue_changes(struct kqueue *kq, const struct kevent *changes, int nchanges,
    struct kevent *events, int nevents, int *np)
{
	for (int i = 0; i < nchanges; i++) {
		const struct kevent *kev = &changes[i];
		int error = kqueue_register(kq, kev);

		if (error == 0 && (kev->flags & EV_RECEIPT) == 0)
			continue;
		if (*np >= nevents) {
			if (error == 0)
				continue;
			return (error);
		}
		events[*np] = *kev;
		events[*np].flags = EV_ERROR;
		events[*np].data = error;
		(*np)++;
	}
	return (0);
}

/* EBADF, EINVAL, EINTR and the errors of changes.  Sleeps. */
int
kern_kevent(int kqfd, const struct kevent *changes, int nchanges,
    struct kevent *events, int nevents, nstime_t timeout_ns, int *np)
{
	struct kqueue *kq;
	struct file *fp;
	int error;

	*np = 0;
	if (nchanges < 0 || nevents < 0)
		return (EINVAL);
	error = ev_file_get(kqfd, &kqueue_fileops, &fp);
	if (error != 0)
		return (error);
	kq = fp->f_data;
	error = kqueue_changes(kq, changes, nchanges, events, nevents, np);
	if (error == 0 && *np == 0 && nevents > 0)
		error = ev_wait_take(
		    &(struct ev_wait){kq, &kq->kq_spin, &kq->kq_nactive,
			&kq->kq_waiters, "kqread", kqueue_take},
		    events, nevents, timeout_ns, np);
	KTR_EVENT(EVENT, kevent, "kq=%p n=%d error=%d", KTRP(kq), *np, error);
	file_drop(fp);
	return (error);
}

/* --- the kqueue file ----------------------------------------------------------------- */

static uint32_t
kqueue_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct kqueue *kq = fp->f_data;

	ev_attach(&kq->kq_source, w);
	return (kqueue_nactive(kq) > 0 ? events & EV_IN : 0);
}

static int
kqueue_fo_ioctl(struct file *fp, uint64_t cmd, void *data)
{
	if (cmd != FIONREAD)
		return (ENOTTY);
	*(int *)data = (int)kqueue_nactive(fp->f_data);
	return (0);
}

static int
kqueue_fo_stat(struct file *fp, struct stat *st)
{
	(void)file_anon_stat(fp, st);
	st->st_size = kqueue_nactive(fp->f_data);
	return (0);
}

static void
kqueue_fo_name(struct file *fp, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:[kqueue]");
}

static void
kqueue_fo_close(struct file *fp)
{
	struct kqueue *kq = fp->f_data;
	struct knote *kn;

	lock_excl(&ev_files_lock);
	lock_excl(&kq->kq_lock);
	while ((kn = LIST_FIRST(&kq->kq_notes)) != NULL)
		knote_destroy(kn);
	LIST_REMOVE(kq, kq_all);
	lock_release(&kq->kq_lock);
	lock_release(&ev_files_lock);
	ev_source_destroy(&kq->kq_source);
	lock_destroy(&kq->kq_lock);
	kfree(kq, M_KQUEUE);
}

static const struct fileops kqueue_fileops = {
    .fo_ioctl = kqueue_fo_ioctl,
    .fo_poll = kqueue_fo_poll,
    .fo_stat = kqueue_fo_stat,
    .fo_name = kqueue_fo_name,
    .fo_close = kqueue_fo_close,
};

/* ENOMEM, ENFILE, EMFILE. */
int
kern_kqueue(int oflags, int *fdp)
{
	struct kqueue *kq;
	struct file *fp;

	kq = kmalloc(sizeof(*kq), M_KQUEUE, M_WAITOK | M_ZERO);
	if (kq == NULL)
		return (ENOMEM);
	lock_init(&kq->kq_lock, "kqueue", 0);
	spin_init(&kq->kq_spin, "kqspin");
	TAILQ_INIT(&kq->kq_active);
	LIST_INIT(&kq->kq_notes);
	ev_source_init(&kq->kq_source);
	fp = file_create(DTYPE_KQUEUE, FREAD | FWRITE, &kqueue_fileops, kq);
	if (fp == NULL) {
		lock_destroy(&kq->kq_lock);
		kfree(kq, M_KQUEUE);
		return (ENFILE);
	}
	lock_excl(&ev_files_lock);
	LIST_INSERT_HEAD(&kqueue_all, kq, kq_all);
	lock_release(&ev_files_lock);
	return (ev_file_install(fp, oflags, fdp));
}

static void
kqueue_ddb_show(const char *arg)
{
	struct kqueue *kq;
	struct knote *kn;

	LIST_FOREACH(kq, &kqueue_all, kq_all) {
		kprintf("kqueue %p active %u waiters %u\n", (void *)kq,
		    kq->kq_nactive, kq->kq_waiters);
		LIST_FOREACH(kn, &kq->kq_notes, kn_link) {
			kprintf("  filter %d ident %lu flags %x fflags %x%s\n",
			    kn->kn_ev.filter, kn->kn_ev.ident, kn->kn_ev.flags,
			    kn->kn_sfflags, kn->kn_active ? " active" : "");
		}
	}
}
DDB_COMMAND(kqueue, "show kqueue", kqueue_ddb_show, "kqueues and their notes");
