/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll: a set of watched files that is itself a file.
 *
 * 1. Entries.  An entry (epoll_item) is keyed by (file, descriptor number) and
 *    holds no reference to the file: a file hook removes it when the last
 *    reference of the file goes, whatever dup and fork did in between.
 *
 * 2. Ready list.  A notification puts the entry on ep_ready.  A waiter takes
 *    entries off, asks the file again and reports what is true now.  A level
 *    entry that was reported goes back to the tail; an edge entry waits for
 *    the next notification; a one-shot entry is disarmed until EPC_MOD.
 *    Invariant 1: an armed entry whose file is ready is on ep_ready (level),
 *    or was reported since it became ready (edge).
 *
 * 3. Locks.  ev_files_lock (sleeping, global): membership of entries in an
 *    epoll and in f_hooks, the nesting graph.  ep_lock (sleeping): the entry
 *    table, held while entries are asked.  ep_spin: the ready list.  Order:
 *    ev_files_lock, ep_lock (outer epoll before inner one), object locks;
 *    es_spin, ep_spin.  An entry may be asked when its file has no reference
 *    left: the hook waits for ep_lock before the file's fo_close can run.
 *
 * 4. Nesting.  An epoll may watch another.  EPC_ADD walks the graph both ways
 *    and refuses cycles and chains longer than EPOLL_MAX_DEPTH with ELOOP,
 *    which bounds the recursion of notification and of asking.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/radix.h>
#include <sys/vnode.h>

#include "event_var.h"

MALLOC_DEFINE(M_EPOLL, "epoll", "epoll instances and entries");

#define EPOLL_MAX_DEPTH 5
#define EPOLL_ALL	(EV_IN | EV_PRI | EV_OUT | EV_ERR | EV_HUP | EV_RDHUP)

struct epoll {
	struct lock ep_lock;
	struct radix ep_items; /* (ep_lock) fd -> chain of entries */
	int ep_nitems;	       /* (ep_lock) entries in ep_items */
	struct spinlock ep_spin;
	TAILQ_HEAD(, epoll_item) ep_ready; /* (ep_spin) */
	uint32_t ep_nready;		   /* (ep_spin) */
	uint32_t ep_waiters;		   /* (ep_spin) threads in epoll_wait */
	struct ev_source ep_source;	   /* for those who watch this epoll */
	struct file *ep_file;		   /* (c) not held: its own */
	uint64_t ep_mark;		   /* (ev_files_lock) graph walk */
	int ep_depth;		  /* (ev_files_lock) found by that walk */
	LIST_ENTRY(epoll) ep_all; /* (ev_files_lock) for ddb */
};

struct epoll_item {
	struct ev_watch ei_watch;
	struct file_hook ei_hook;
	struct epoll_item *ei_samefd;	 /* (ep_lock) other file, same fd */
	TAILQ_ENTRY(epoll_item) ei_link; /* (ep_spin) */
	bool ei_ready;			 /* (ep_spin) on ep_ready */
	struct epoll *ei_ep;		 /* (c) */
	struct file *ei_file;		 /* (c) not held */
	int ei_fd;			 /* (c) */
	volatile uint32_t ei_events;	 /* (ep_lock) 0: disarmed */
	uint64_t ei_data;		 /* (ep_lock) */
};

static LIST_HEAD(, epoll) epoll_all = LIST_HEAD_INITIALIZER(epoll_all);
static uint64_t epoll_mark; /* (ev_files_lock) */

static const struct fileops epoll_fileops;

/* (ep_spin) */
static void
epoll_enqueue(struct epoll *ep, struct epoll_item *ei)
{
	if (ei->ei_ready)
		return;
	ei->ei_ready = true;
	TAILQ_INSERT_TAIL(&ep->ep_ready, ei, ei_link);
	ep->ep_nready++;
}

/* (ep_spin) */
static void
epoll_dequeue(struct epoll *ep, struct epoll_item *ei)
{
	if (!ei->ei_ready)
		return;
	ei->ei_ready = false;
	TAILQ_REMOVE(&ep->ep_ready, ei, ei_link);
	ep->ep_nready--;
}

/* (es_spin of the file's source) */
static void
epoll_fire(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	struct epoll_item *ei = w->ew_arg;
	struct epoll *ep = ei->ei_ep;
	uint32_t want = ei->ei_events;

	if (want == 0 || (events & (want | EV_ERR | EV_HUP | EV_NOTE)) == 0)
		return;
	spin_lock(&ep->ep_spin);
	epoll_enqueue(ep, ei);
	if (ep->ep_waiters > 0) {
		w->ew_flags |= EWF_TAKEN;
		wakeup_one(ep);
	}
	spin_unlock(&ep->ep_spin);
	ev_notify_nested(&ep->ep_source, EV_IN);
}

/* --- the entry table ------------------------------------------------------ */

/* (ep_lock) */
static struct epoll_item *
epoll_find(struct epoll *ep, struct file *fp, int fd)
{
	struct epoll_item *ei;

	for (ei = radix_get(&ep->ep_items, fd); ei != NULL; ei = ei->ei_samefd)
		if (ei->ei_file == fp)
			return (ei);
	return (NULL);
}

int
epoll_watched(struct file *epfp, int fd, uint32_t nth, uintptr_t *filep)
{
	struct epoll_item *ei;
	struct epoll *ep;
	int error = 0;

	if (epfp->f_ops != &epoll_fileops)
		return (EINVAL);
	ep = epfp->f_data;
	lock_shared(&ep->ep_lock);
	ei = fd < 0 ? NULL : radix_get(&ep->ep_items, (uint64_t)fd);
	for (; ei != NULL && nth > 0; nth--)
		ei = ei->ei_samefd;
	if (ei == NULL)
		error = ENOENT;
	else
		*filep = (uintptr_t)ei->ei_file;
	lock_release(&ep->ep_lock);
	return (error);
}

/* (ep_lock) 0 or ENOMEM. */
static int
epoll_insert(struct epoll *ep, struct epoll_item *ei)
{
	int error;

	ei->ei_samefd = radix_get(&ep->ep_items, ei->ei_fd);
	error = radix_set(&ep->ep_items, ei->ei_fd, ei);
	ep->ep_nitems += error == 0;
	return (error);
}

/* (ep_lock) Replacing or removing an index needs no memory. */
static void
epoll_unchain(struct epoll *ep, struct epoll_item *ei)
{
	struct epoll_item *first = radix_remove(&ep->ep_items, ei->ei_fd);
	struct epoll_item **pp = &first;
	int error;

	ep->ep_nitems--;
	while (*pp != ei)
		pp = &(*pp)->ei_samefd;
	*pp = ei->ei_samefd;
	if (first == NULL)
		return;
	error = radix_set(&ep->ep_items, ei->ei_fd, first);
	KASSERT(error == 0, ("epoll: reinsert failed"));
}

/* (ev_files_lock, ep_lock) Unlink and free. */
static void
epoll_item_destroy(struct epoll *ep, struct epoll_item *ei)
{
	LOCK_ASSERT_EXCL(&ev_files_lock);
	LOCK_ASSERT_EXCL(&ep->ep_lock);
	ev_detach(&ei->ei_watch);
	spin_lock(&ep->ep_spin);
	epoll_dequeue(ep, ei);
	spin_unlock(&ep->ep_spin);
	LIST_REMOVE(&ei->ei_hook, fh_link);
	epoll_unchain(ep, ei);
	kfree(ei, M_EPOLL);
}

/* (ev_files_lock) The watched file is about to close. */
static void
epoll_file_gone(struct file_hook *fh)
{
	struct epoll_item *ei = container_of(fh, struct epoll_item, ei_hook);
	struct epoll *ep = ei->ei_ep;

	lock_excl(&ep->ep_lock);
	epoll_item_destroy(ep, ei);
	lock_release(&ep->ep_lock);
}

/* --- asking ---------------------------------------------------------------- */

/* (ep_lock) What ei would report now; attaches its watch. */
static uint32_t
epoll_ask(struct epoll_item *ei, bool attach)
{
	uint32_t want = ei->ei_events;

	if (want == 0)
		return (0);
	return (file_poll(ei->ei_file, want & EPOLL_ALL,
		    attach ? &ei->ei_watch : NULL) &
	    ((want & EPOLL_ALL) | EV_ERR | EV_HUP));
}

/* (ep_spin) */
static struct epoll_item *
epoll_pop(struct epoll *ep)
{
	struct epoll_item *ei = TAILQ_FIRST(&ep->ep_ready);

	if (ei != NULL)
		epoll_dequeue(ep, ei);
	return (ei);
}

/* (ep_lock) Report ei and decide what becomes of it. */
static void
epoll_report(struct epoll *ep, struct epoll_item *ei, uint32_t revents,
    struct kepoll_event *ev)
{
	ev->events = revents;
	ev->data = ei->ei_data;
	if ((ei->ei_events & EPE_ONESHOT) != 0) {
		ei->ei_events = 0;
		return;
	}
	if ((ei->ei_events & EPE_ET) != 0)
		return;
	spin_lock(&ep->ep_spin);
	epoll_enqueue(ep, ei);
	spin_unlock(&ep->ep_spin);
}

/*
 * Take up to max events; each entry that was ready at the start is asked once.
 * When entries stay ready another waiter is woken for them.
 */
static int
epoll_take(void *who, void *events, int max)
{
	struct epoll *ep = who;
	struct kepoll_event *evs = events;
	uint32_t turns;
	int n = 0;

	lock_excl(&ep->ep_lock);
	spin_lock(&ep->ep_spin);
	turns = ep->ep_nready;
	spin_unlock(&ep->ep_spin);
	while (turns-- > 0 && n < max) {
		struct epoll_item *ei;
		uint32_t revents;

		spin_lock(&ep->ep_spin);
		ei = epoll_pop(ep);
		spin_unlock(&ep->ep_spin);
		if (ei == NULL)
			break;
		revents = epoll_ask(ei, false);
		if (revents != 0)
			epoll_report(ep, ei, revents, &evs[n++]);
	}
	lock_release(&ep->ep_lock);
	spin_lock(&ep->ep_spin);
	if (n > 0 && ep->ep_nready > 0 && ep->ep_waiters > 0)
		wakeup_one(ep);
	spin_unlock(&ep->ep_spin);
	return (n);
}

/* --- nesting --------------------------------------------------------------- */

static struct epoll *
epoll_of(struct file *fp)
{
	return (fp->f_ops == &epoll_fileops ? fp->f_data : NULL);
}

/*
 * (ev_files_lock) Longest chain of epolls below ep, itself counted; at most
 * EPOLL_MAX_DEPTH + 1, which also stands for "reaches goal".
 */
static int
epoll_depth_below(struct epoll *ep, struct epoll *goal, int level)
{
	struct epoll_item *ei;
	uint64_t fd = 0;
	int depth = 1;

	if (ep == goal || level > EPOLL_MAX_DEPTH)
		return (EPOLL_MAX_DEPTH + 1);
	if (ep->ep_mark == epoll_mark)
		return (ep->ep_depth);
	for (; (ei = radix_next(&ep->ep_items, &fd)) != NULL; fd++) {
		for (; ei != NULL; ei = ei->ei_samefd) {
			struct epoll *sub = epoll_of(ei->ei_file);

			if (sub != NULL)
				depth = MAX(depth,
				    1 +
					epoll_depth_below(
					    sub, goal, level + 1));
		}
	}
	ep->ep_mark = epoll_mark;
	ep->ep_depth = MIN(depth, EPOLL_MAX_DEPTH + 1);
	return (ep->ep_depth);
}

/* (ev_files_lock) Longest chain of epolls above ep, itself counted. */
static int
epoll_depth_above(struct epoll *ep, int level)
{
	struct file_hook *fh;
	int depth = 1;

	if (level > EPOLL_MAX_DEPTH)
		return (EPOLL_MAX_DEPTH + 1);
	if (ep->ep_mark == epoll_mark)
		return (ep->ep_depth);
	LIST_FOREACH(fh, &ep->ep_file->f_hooks, fh_link) {
		struct epoll_item *ei;

		if (fh->fh_closed != epoll_file_gone)
			continue;
		ei = container_of(fh, struct epoll_item, ei_hook);
		depth = MAX(depth, 1 + epoll_depth_above(ei->ei_ep, level + 1));
	}
	ep->ep_mark = epoll_mark;
	ep->ep_depth = MIN(depth, EPOLL_MAX_DEPTH + 1);
	return (ep->ep_depth);
}

/* (ev_files_lock) 0 or ELOOP for ep watching the epoll sub. */
static int
epoll_check_nesting(struct epoll *ep, struct epoll *sub)
{
	int below, above;

	epoll_mark++;
	below = epoll_depth_below(sub, ep, 1);
	if (below > EPOLL_MAX_DEPTH)
		return (ELOOP);
	epoll_mark++;
	above = epoll_depth_above(ep, 1);
	return (below + above > EPOLL_MAX_DEPTH ? ELOOP : 0);
}

/* --- epoll_ctl -------------------------------------------------------------- */

/* (ep_lock) Ask for the first time, or again: queue if ready. */
static void
epoll_arm(struct epoll *ep, struct epoll_item *ei)
{
	if (epoll_ask(ei, true) == 0)
		return;
	spin_lock(&ep->ep_spin);
	epoll_enqueue(ep, ei);
	if (ep->ep_waiters > 0)
		wakeup_one(ep);
	spin_unlock(&ep->ep_spin);
	ev_notify(&ep->ep_source, EV_IN);
}

/* (ev_files_lock, ep_lock) */
static int
epoll_add(
    struct epoll *ep, struct file *fp, int fd, const struct kepoll_event *ev)
{
	struct epoll *sub = epoll_of(fp);
	struct epoll_item *ei;
	int error;

	if (epoll_find(ep, fp, fd) != NULL)
		return (EEXIST);
	if (sub != NULL && (ev->events & EPE_EXCLUSIVE) != 0)
		return (EINVAL);
	if (sub != NULL && (error = epoll_check_nesting(ep, sub)) != 0)
		return (error);
	ei = kmalloc(sizeof(*ei), M_EPOLL, M_WAITOK | M_ZERO);
	if (ei == NULL)
		return (ENOMEM);
	ei->ei_watch.ew_events = EPOLL_ALL;
	ei->ei_watch.ew_func = epoll_fire;
	ei->ei_watch.ew_arg = ei;
	if ((ev->events & EPE_EXCLUSIVE) != 0)
		ei->ei_watch.ew_flags = EWF_EXCLUSIVE;
	ei->ei_hook.fh_closed = epoll_file_gone;
	ei->ei_ep = ep;
	ei->ei_file = fp;
	ei->ei_fd = fd;
	ei->ei_events = ev->events | EV_ERR | EV_HUP;
	ei->ei_data = ev->data;
	error = epoll_insert(ep, ei);
	if (error != 0) {
		kfree(ei, M_EPOLL);
		return (error);
	}
	LIST_INSERT_HEAD(&fp->f_hooks, &ei->ei_hook, fh_link);
	epoll_arm(ep, ei);
	return (0);
}

/* (ep_lock) */
static int
epoll_mod(
    struct epoll *ep, struct epoll_item *ei, const struct kepoll_event *ev)
{
	if (((ev->events | ei->ei_events) & EPE_EXCLUSIVE) != 0)
		return (EINVAL);
	ei->ei_data = ev->data;
	ei->ei_events = ev->events | EV_ERR | EV_HUP;
	atomic_fence();
	epoll_arm(ep, ei);
	return (0);
}

static int
epoll_ctl_locked(struct epoll *ep, int op, struct file *fp, int fd,
    const struct kepoll_event *ev)
{
	struct epoll_item *ei;

	if (op == EPC_ADD)
		return (epoll_add(ep, fp, fd, ev));
	ei = epoll_find(ep, fp, fd);
	if (ei == NULL)
		return (ENOENT);
	if (op == EPC_MOD)
		return (epoll_mod(ep, ei, ev));
	epoll_item_destroy(ep, ei);
	return (0);
}

/* Regular files and directories are always ready: epoll refuses them. */
static bool
epoll_can_watch(struct file *fp)
{
	if (fp->f_ops->fo_poll == NULL)
		return (false);
	return (fp->f_type != DTYPE_VNODE || fp->f_vnode == NULL ||
	    (fp->f_vnode->v_type != VREG && fp->f_vnode->v_type != VDIR));
}

/* EBADF, EINVAL, EPERM, EEXIST, ENOENT, ELOOP, ENOMEM.  Sleeps. */
int
kern_epoll_ctl(int epfd, int op, int fd, const struct kepoll_event *ev)
{
	struct file *epfp, *fp;
	struct epoll *ep;
	int error;

	if (op < EPC_ADD || op > EPC_MOD || (op != EPC_DEL && ev == NULL))
		return (EINVAL);
	error = fd_get(epfd, 0, &epfp);
	if (error != 0)
		return (error);
	error = fd_get(fd, 0, &fp);
	if (error != 0)
		goto out_epfp;
	ep = epoll_of(epfp);
	if (!epoll_can_watch(fp))
		error = EPERM;
	else if (ep == NULL || fp == epfp)
		error = EINVAL;
	if (error == 0) {
		lock_excl(&ev_files_lock);
		lock_excl(&ep->ep_lock);
		error = epoll_ctl_locked(ep, op, fp, fd, ev);
		lock_release(&ep->ep_lock);
		lock_release(&ev_files_lock);
	}
	KTR_EVENT(EVENT, epoll_ctl, "ep=%p op=%d fd=%d error=%d", KTRP(ep), op,
	    fd, error);
	file_drop(fp);
out_epfp:
	file_drop(epfp);
	return (error);
}

/* --- epoll_wait ------------------------------------------------------------- */

/* How many events there can be at most, now.  EBADF, EINVAL. */
int
kern_epoll_size(int epfd, int *np)
{
	struct file *fp;
	int error = ev_file_get(epfd, &epoll_fileops, &fp);

	if (error != 0)
		return (error);
	*np = atomic_load(&((struct epoll *)fp->f_data)->ep_nitems);
	file_drop(fp);
	return (0);
}

/* 0 and *np events (0: timeout), EBADF, EINVAL, EINTR.  Sleeps. */
int
kern_epoll_wait(int epfd, struct kepoll_event *evs, int max,
    nstime_t timeout_ns, const sigset_t *mask, int *np)
{
	struct epoll *ep;
	struct file *fp;
	int error;

	*np = 0;
	if (max <= 0)
		return (EINVAL);
	error = ev_file_get(epfd, &epoll_fileops, &fp);
	if (error != 0)
		return (error);
	ep = fp->f_data;
	ev_mask_enter(mask);
	error = ev_wait_take(&(struct ev_wait){ep, &ep->ep_spin, &ep->ep_nready,
				 &ep->ep_waiters, "epoll", epoll_take},
	    evs, max, timeout_ns, np);
	ev_mask_leave(mask, error);
	KTR_EVENT(
	    EVENT, epoll_wait, "ep=%p n=%d error=%d", KTRP(ep), *np, error);
	file_drop(fp);
	return (error);
}

/* --- the epoll file ----------------------------------------------------------- */

/* (ep_lock) Is any queued entry really ready?  Stale ones leave the list. */
static bool
epoll_any_ready(struct epoll *ep)
{
	struct epoll_item *ei;
	uint32_t turns;

	spin_lock(&ep->ep_spin);
	turns = ep->ep_nready;
	spin_unlock(&ep->ep_spin);
	while (turns-- > 0) {
		spin_lock(&ep->ep_spin);
		ei = epoll_pop(ep);
		spin_unlock(&ep->ep_spin);
		if (ei == NULL)
			break;
		if (epoll_ask(ei, false) == 0)
			continue;
		spin_lock(&ep->ep_spin);
		epoll_enqueue(ep, ei);
		spin_unlock(&ep->ep_spin);
		return (true);
	}
	return (false);
}

static uint32_t
epoll_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct epoll *ep = fp->f_data;
	bool ready;

	ev_attach(&ep->ep_source, w);
	lock_excl_nested(&ep->ep_lock);
	ready = epoll_any_ready(ep);
	lock_release(&ep->ep_lock);
	return (ready ? events & EV_IN : 0);
}

static void
epoll_fo_name(struct file *fp, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:[eventpoll]");
}

static void
epoll_fo_close(struct file *fp)
{
	struct epoll *ep = fp->f_data;
	struct epoll_item *ei;
	uint64_t fd;

	lock_excl(&ev_files_lock);
	lock_excl(&ep->ep_lock);
	while (fd = 0, (ei = radix_next(&ep->ep_items, &fd)) != NULL)
		epoll_item_destroy(ep, ei);
	LIST_REMOVE(ep, ep_all);
	lock_release(&ep->ep_lock);
	lock_release(&ev_files_lock);
	ev_source_destroy(&ep->ep_source);
	radix_destroy(&ep->ep_items);
	lock_destroy(&ep->ep_lock);
	kfree(ep, M_EPOLL);
}

static const struct fileops epoll_fileops = {
    .fo_poll = epoll_fo_poll,
    .fo_stat = file_anon_stat,
    .fo_name = epoll_fo_name,
    .fo_close = epoll_fo_close,
};

/* ENOMEM, ENFILE (as ENOMEM), EMFILE. */
int
kern_epoll_create(int oflags, int *fdp)
{
	struct epoll *ep;
	struct file *fp;

	ep = kmalloc(sizeof(*ep), M_EPOLL, M_WAITOK | M_ZERO);
	if (ep == NULL)
		return (ENOMEM);
	lock_init(&ep->ep_lock, "epoll", 0);
	spin_init(&ep->ep_spin, "epollspin");
	radix_init(&ep->ep_items);
	TAILQ_INIT(&ep->ep_ready);
	ev_source_init(&ep->ep_source);
	fp = file_create(DTYPE_EPOLL, FREAD | FWRITE, &epoll_fileops, ep);
	if (fp == NULL) {
		lock_destroy(&ep->ep_lock);
		kfree(ep, M_EPOLL);
		return (ENFILE);
	}
	ep->ep_file = fp;
	lock_excl(&ev_files_lock);
	LIST_INSERT_HEAD(&epoll_all, ep, ep_all);
	lock_release(&ev_files_lock);
	return (ev_file_install(fp, oflags, fdp));
}

static void
epoll_ddb_show(const char *arg)
{
	struct epoll *ep;
	struct epoll_item *ei;

	LIST_FOREACH(ep, &epoll_all, ep_all) {
		uint64_t fd = 0;

		kprintf("epoll %p ready %u waiters %u\n", (void *)ep,
		    ep->ep_nready, ep->ep_waiters);
		for (; (ei = radix_next(&ep->ep_items, &fd)) != NULL; fd++)
			for (; ei != NULL; ei = ei->ei_samefd)
				kprintf("  fd %d file %p events %x%s\n",
				    ei->ei_fd, (void *)ei->ei_file,
				    ei->ei_events,
				    ei->ei_ready ? " ready" : "");
	}
}
DDB_COMMAND(
    epoll, "show epoll", epoll_ddb_show, "epoll instances and their entries");
