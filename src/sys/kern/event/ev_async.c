/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals from open files: O_ASYNC.
 *
 * 1. Any pollable file can do it: a watch on its event source, kept in a
 *    file_async that the file gets with its first owner, signal or O_ASYNC.
 *    Whether a kind of file does is its answer to FIOASYNC: pipes, sockets and
 *    terminals say yes.
 *
 * 2. The watch's func runs under spin locks, and to find an owner takes the
 *    process tree's lock.  So it only notes what happened (async_queue) and who
 *    notified sends it at its return to user mode: when a write returns, the
 *    signal it caused is pending.  A thread, sigio, does the same for those who
 *    sleep before they return, and for interrupts.  async_due counts a
 *    notification until its signal is sent, and async_lock is held while one
 *    is, so whoever finds the count at zero has nothing to wait for.
 *
 * 3. What is told: input (POLL_IN), room (POLL_OUT), the other end's close
 *    (POLL_HUP, sockets), a lease that is to be given up or what happened in a
 *    directory (POLL_MSG, each by itself).  A notifier
 *    can say EVH_QUIET: nothing that signals are sent for.
 *
 * 4. An owner is a held process, with a thread's number or alone, or the number
 *    of a group.  At each signal the ids of who named the owner are checked
 *    against those of who would get it.
 *
 * Lock order: async_lock - ptys, proctree, an object's locks - async_spin.
 */
#include <sys/systm.h>
#include <sys/async.h>
#include <sys/atomic.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/pipe.h>
#include <sys/proc.h>
#include <sys/thread.h>
#include <sys/tty.h>
#include <sys/ucred.h>
#include <sys/vnode.h>

/* Signals of one kind that wait in a row; more say nothing new. */
#define MESSAGES_MAX 64

static MALLOC_DEFINE(M_ASYNC, "async", "owners of files and their signals");

struct file_async {
	struct ev_watch fa_watch;
	struct file *fa_file;		 /* (c) */
	TAILQ_ENTRY(file_async) fa_link; /* (q) */
	bool fa_queued;			 /* (q) */
	uint32_t fa_messages;	      /* (q) to be sent: leases, directories */
	int fa_message_fd;	      /* (q) */
	uint32_t fa_events;	      /* (q) EV_ since the last signal */
	int fa_fd;		      /* (a) */
	enum file_owner_kind fa_kind; /* (a) */
	struct proc *fa_proc;	      /* (a) held: FO_THREAD, FO_PROCESS */
	pid_t fa_id;		      /* (a) */
	uid_t fa_uid, fa_euid;	      /* (a) of who named the owner */
	int fa_sig;		      /* (a) 0: a plain SIGIO */
};

LOCK_DEFINE(async_lock, "async");	   /* (a) */
SPINLOCK_DEFINE(async_spin, "asyncqueue"); /* (q) */
static TAILQ_HEAD(, file_async) async_queue = TAILQ_HEAD_INITIALIZER(
    async_queue); /* (q) */
volatile uint32_t async_due;

/* --- notes ------------------------------------------------------------------------- */

/* (q) */
static void
async_enqueue(struct file_async *fa)
{
	struct lwp *lp = curlwp;

	if (!fa->fa_queued) {
		fa->fa_queued = true;
		TAILQ_INSERT_TAIL(&async_queue, fa, fa_link);
		atomic_add(&async_due, 1);
	}
	if (lp != NULL)
		atomic_store_seq(&lp->lw_ast, 1);
	wakeup(&async_queue);
}

static void
async_func(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	struct file_async *fa = w->ew_arg;

	if (hint == EVH_QUIET)
		return;
	spin_lock(&async_spin);
	fa->fa_events |= events;
	async_enqueue(fa);
	spin_unlock(&async_spin);
}

void
file_async_post(struct file *fp, int fd)
{
	struct file_async *fa = atomic_load_acq(&fp->f_async);

	if (fa == NULL)
		return;
	spin_lock(&async_spin);
	if (fa->fa_messages < MESSAGES_MAX)
		fa->fa_messages++;
	fa->fa_message_fd = fd;
	async_enqueue(fa);
	spin_unlock(&async_spin);
}

/* --- sending ------------------------------------------------------------------------ */

/* May who named the owner signal p? */
static bool
async_permitted(const struct file_async *fa, struct proc *p)
{
	struct ucred *cr = proc_cred_hold(p);
	bool ok;

	if (cr == NULL)
		return (false);
	ok = fa->fa_euid == 0 || fa->fa_euid == cr->cr_svuid ||
	    fa->fa_euid == cr->cr_ruid || fa->fa_uid == cr->cr_svuid ||
	    fa->fa_uid == cr->cr_ruid;
	cred_drop(cr);
	return (ok);
}

/* (a, t) With details if there is a signal and room for it, else plain. */
static void
async_signal(
    struct file_async *fa, struct proc *p, struct lwp *lp, int reason, int fd)
{
	ksiginfo_t ksi;

	if (!async_permitted(fa, p))
		return;
	memset(&ksi, 0, sizeof(ksi));
	if (fa->fa_sig != 0) {
		ksi.ksi_signo = fa->fa_sig;
		ksi.ksi_code = SI_POLL + reason;
		ksi.ksi_value = (uint64_t)fd;
		if (sig_post(p, lp, fa->fa_sig, &ksi) == 0)
			return;
	}
	memset(&ksi, 0, sizeof(ksi));
	ksi.ksi_signo = SIGIO;
	ksi.ksi_code = SI_KERNEL;
	(void)sig_post(p, lp, SIGIO, &ksi);
}

/* (a) */
static void
async_send(struct file_async *fa, int reason, int fd)
{
	struct pgrp *pg;
	struct proc *p;
	struct lwp *lp;

	KTR_EVENT(EVENT, async_send, "file=%p reason=%d owner=%d sig=%d",
	    KTRP(fa->fa_file), (uint64_t)reason, (uint64_t)fa->fa_id,
	    (uint64_t)fa->fa_sig);
	lock_shared(&proctree_lock);
	switch (fa->fa_kind) {
	case FO_NONE:
		break;
	case FO_PROCESS:
		async_signal(fa, fa->fa_proc, NULL, reason, fd);
		break;
	case FO_THREAD:
		lp = lwp_find(fa->fa_id);
		if (lp != NULL && lp->lw_proc == fa->fa_proc)
			async_signal(fa, fa->fa_proc, lp, reason, fd);
		break;
	case FO_GROUP:
		if ((pg = pgrp_find(fa->fa_id)) == NULL)
			break;
		LIST_FOREACH(p, &pg->pg_members, p_pglink)
			async_signal(fa, p, NULL, reason, fd);
		break;
	}
	lock_release(&proctree_lock);
}

/*
 * What of a socket's events is news: it notifies of everything at an end, which
 * may be one direction's or both.
 */
static uint32_t
socket_news(struct file *fp, uint32_t events)
{
	uint32_t now;

	if ((events & EV_HUP) == 0)
		return (events & (EV_IN | EV_OUT));
	now = file_poll(fp, EV_IN | EV_RDHUP, NULL);
	if ((now & EV_HUP) != 0)
		return (EV_HUP);
	return ((now & (EV_IN | EV_RDHUP)) != 0 ? EV_IN : 0);
}

/* The events of fp that are told: IN, OUT, HUP. */
static uint32_t
file_news(struct file *fp, uint32_t events)
{
	if (fp->f_type == DTYPE_SOCKET)
		return (socket_news(fp, events));
	if (pipe_of_file(fp) != NULL)
		return (events &
		    (((fp->f_flags & FREAD) != 0 ? EV_IN : 0U) |
			((fp->f_flags & FWRITE) != 0 ? EV_OUT : 0U)));
	return (events & EV_IN); /* a terminal */
}

/* (a) */
static void
async_tell(
    struct file_async *fa, uint32_t events, uint32_t messages, int message_fd)
{
	static const struct {
		uint32_t event;
		int reason;
	} rows[] = {{EV_IN, POLL_IN}, {EV_OUT, POLL_OUT}, {EV_HUP, POLL_HUP}};

	if (events != 0)
		events = file_news(fa->fa_file, events);
	for (size_t i = 0; i < nitems(rows); i++)
		if ((events & rows[i].event) != 0)
			async_send(fa, rows[i].reason, fa->fa_fd);
	for (; messages > 0; messages--)
		async_send(fa, POLL_MSG, message_fd);
}

void
async_run(void)
{
	struct file_async *fa;
	uint32_t events;
	uint32_t messages;
	int fd;

	lock_excl(&async_lock);
	spin_lock(&async_spin);
	while ((fa = TAILQ_FIRST(&async_queue)) != NULL) {
		TAILQ_REMOVE(&async_queue, fa, fa_link);
		fa->fa_queued = false;
		events = fa->fa_events;
		messages = fa->fa_messages;
		fd = fa->fa_message_fd;
		fa->fa_events = 0;
		fa->fa_messages = 0;
		spin_unlock(&async_spin);
		async_tell(fa, events, messages, fd);
		atomic_sub(&async_due, 1);
		spin_lock(&async_spin);
	}
	spin_unlock(&async_spin);
	lock_release(&async_lock);
}

static void
async_thread(void *arg)
{
	for (;;) {
		spin_lock(&async_spin);
		while (TAILQ_EMPTY(&async_queue))
			spin_sleep(&async_queue, &async_spin, 0, "sigio",
			    SLEEP_FOREVER);
		spin_unlock(&async_spin);
		async_run();
	}
}

static void
async_start(void)
{
	struct thread *td =
	    thread_create(async_thread, NULL, TDPRI_KERN, "sigio");

	if (td == NULL)
		panic("sigio: no memory for its thread");
	thread_start(td, NULL);
}
SYSINIT(async, SI_DRIVER, async_start);

/* --- the state of a file -------------------------------------------------------------- */

/* The file's, made if there is none yet; NULL: ENOMEM. */
static struct file_async *
async_get(struct file *fp)
{
	struct file_async *fa = atomic_load_acq(&fp->f_async);

	if (fa != NULL)
		return (fa);
	fa = kmalloc(sizeof(*fa), M_ASYNC, M_WAITOK | M_ZERO);
	if (fa == NULL)
		return (NULL);
	fa->fa_file = fp;
	fa->fa_watch.ew_func = async_func;
	fa->fa_watch.ew_arg = fa;
	if (!atomic_cmpset(&fp->f_async, (struct file_async *)NULL, fa)) {
		kfree(fa, M_ASYNC);
		fa = atomic_load_acq(&fp->f_async);
	}
	return (fa);
}

int
file_async_prepare(struct file *fp)
{
	return (async_get(fp) != NULL ? 0 : ENOMEM);
}

/* (a) The process to drop after unlocking, or NULL. */
static struct proc *
owner_clear(struct file_async *fa)
{
	struct proc *p = fa->fa_proc;

	fa->fa_kind = FO_NONE;
	fa->fa_proc = NULL;
	fa->fa_id = 0;
	fa->fa_uid = fa->fa_euid = 0;
	return (p);
}

/* What fo names: 0 and a held process for all but groups, or ESRCH. */
static int
owner_find(const struct file_owner *fo, struct proc **pp)
{
	struct proc *p = NULL;
	struct lwp *lp;
	bool found = false;

	lock_shared(&proctree_lock);
	if (fo->fo_kind == FO_GROUP) {
		found = pgrp_find(fo->fo_id) != NULL;
	} else if (fo->fo_kind == FO_PROCESS) {
		p = proc_find(fo->fo_id);
	} else if ((lp = lwp_find(fo->fo_id)) != NULL) {
		p = lp->lw_proc;
	}
	if (p != NULL) {
		proc_hold(p);
		found = true;
	}
	lock_release(&proctree_lock);
	*pp = p;
	return (found ? 0 : ESRCH);
}

int
file_owner_set(struct file *fp, const struct file_owner *fo, bool force)
{
	struct ucred *cr = cred_current();
	struct proc *p = NULL, *old = NULL;
	struct file_async *fa;
	int error = 0;

	if ((fa = async_get(fp)) == NULL)
		return (ENOMEM);
	if (fo->fo_id != 0 && (error = owner_find(fo, &p)) != 0)
		return (error);
	lock_excl(&async_lock);
	if (force || fa->fa_id == 0) {
		old = owner_clear(fa);
		fa->fa_kind = fo->fo_kind;
		if (fo->fo_id != 0) {
			fa->fa_proc = p;
			fa->fa_id = fo->fo_id;
			fa->fa_uid = cr->cr_ruid;
			fa->fa_euid = cr->cr_uid;
			p = NULL;
		}
	}
	lock_release(&async_lock);
	if (p != NULL)
		proc_drop(p);
	if (old != NULL)
		proc_drop(old);
	return (0);
}

void
file_owner_get(struct file *fp, struct file_owner *fo)
{
	struct file_async *fa = atomic_load_acq(&fp->f_async);
	struct proc *p = NULL;
	struct file_owner now;

	*fo = (struct file_owner){FO_NONE, 0};
	if (fa == NULL)
		return;
	lock_shared(&async_lock);
	fo->fo_kind = fa->fa_kind;
	now = (struct file_owner){fa->fa_kind, fa->fa_id};
	if (fa->fa_id != 0 && owner_find(&now, &p) == 0 && p == fa->fa_proc)
		fo->fo_id = fa->fa_id;
	lock_release(&async_lock);
	if (p != NULL)
		proc_drop(p);
}

void
file_owner_ids(struct file *fp, uid_t *uidp, uid_t *euidp)
{
	struct file_async *fa = atomic_load_acq(&fp->f_async);

	*uidp = *euidp = 0;
	if (fa == NULL)
		return;
	lock_shared(&async_lock);
	*uidp = fa->fa_uid;
	*euidp = fa->fa_euid;
	lock_release(&async_lock);
}

void
file_owner_forget(struct file *fp)
{
	struct file_async *fa = atomic_load_acq(&fp->f_async);
	struct proc *p;

	if (fa == NULL)
		return;
	lock_excl(&async_lock);
	p = owner_clear(fa);
	fa->fa_sig = 0;
	lock_release(&async_lock);
	if (p != NULL)
		proc_drop(p);
}

int
file_signal_set(struct file *fp, int sig)
{
	struct file_async *fa = async_get(fp);

	if (fa == NULL)
		return (ENOMEM);
	lock_excl(&async_lock);
	fa->fa_sig = sig;
	lock_release(&async_lock);
	return (0);
}

int
file_signal_get(struct file *fp)
{
	struct file_async *fa = atomic_load_acq(&fp->f_async);

	return (fa != NULL ? atomic_load(&fa->fa_sig) : 0);
}

/*
 * A terminal of which nobody was named tells its foreground group, or, if it has
 * none that the caller may know, the caller.
 */
static int
terminal_owner(struct file *fp)
{
	struct file_owner fo = {FO_PROCESS, curproc->p_pid};
	struct proc *none;
	int pgid = 0;

	if (fp->f_vnode == NULL || fp->f_vnode->v_type != VCHR)
		return (0);
	if (file_ioctl(fp, TIOCGPGRP, &pgid) == 0 && pgid > 0) {
		fo = (struct file_owner){FO_GROUP, pgid};
		if (owner_find(&fo, &none) != 0)
			fo = (struct file_owner){FO_PROCESS, curproc->p_pid};
	}
	return (file_owner_set(fp, &fo, false));
}

int
file_async_set(struct file *fp, int fd, bool on)
{
	int value = on, error = file_ioctl(fp, FIOASYNC, &value);
	struct file_async *fa;

	if (error == ENOTTY || error == EINVAL || error == EOPNOTSUPP)
		return (ENOTTY);
	if (error != 0)
		return (error);
	if ((fa = async_get(fp)) == NULL)
		return (ENOMEM);
	if (on && (error = terminal_owner(fp)) != 0)
		return (error);
	lock_excl(&async_lock);
	fa->fa_fd = fd;
	if (on) {
		fa->fa_watch.ew_events = EV_IN | EV_OUT;
		(void)file_poll(fp, EV_IN | EV_OUT, &fa->fa_watch);
		atomic_or(&fp->f_flags, O_ASYNC);
	} else {
		ev_detach(&fa->fa_watch);
		atomic_and(&fp->f_flags, ~(uint32_t)O_ASYNC);
	}
	lock_release(&async_lock);
	return (0);
}

void
file_async_free(struct file *fp)
{
	struct file_async *fa = fp->f_async;
	struct proc *p;

	ev_detach(&fa->fa_watch);
	lock_excl(&async_lock);
	spin_lock(&async_spin);
	if (fa->fa_queued) {
		TAILQ_REMOVE(&async_queue, fa, fa_link);
		atomic_sub(&async_due, 1);
	}
	spin_unlock(&async_spin);
	p = owner_clear(fa);
	lock_release(&async_lock);
	if (p != NULL)
		proc_drop(p);
	fp->f_async = NULL;
	kfree(fa, M_ASYNC);
}
