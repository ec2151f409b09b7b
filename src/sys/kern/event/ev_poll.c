/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll and select: wait for one of a given set of descriptors, once.
 *
 * Each descriptor gets an entry with a held file and a watch.  The first pass
 * asks every file and attaches the watches until one is ready; if none is, the
 * caller sleeps until a watch fires, asks all again, and so on.  select is
 * poll over the bits of its three sets.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>

#include "event_var.h"

MALLOC_DEFINE(M_POLL, "poll", "poll and select entries");

#define POLL_SMALL 6 /* entries on the stack: about 400 bytes */

struct poll_waiter {
	struct spinlock pw_spin;
	uint32_t pw_fired; /* (pw_spin) */
};

struct poll_entry {
	struct ev_watch pe_watch;
	struct file *pe_file; /* held; NULL: bad or negative descriptor */
};

static void
poll_fire(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	struct poll_waiter *pw = w->ew_arg;

	spin_lock(&pw->pw_spin);
	pw->pw_fired = 1;
	spin_unlock(&pw->pw_spin);
	wakeup(pw);
}

/* Take references and prepare watches.  Marks bad descriptors. */
static void
poll_open(struct kpollfd *fds, struct poll_entry *pe, size_t n,
    struct poll_waiter *pw)
{
	for (size_t i = 0; i < n; i++) {
		pe[i].pe_file = NULL;
		pe[i].pe_watch = (struct ev_watch){.ew_events = fds[i].events,
		    .ew_func = poll_fire,
		    .ew_arg = pw};
		fds[i].revents = 0;
		if (fds[i].fd >= 0 && fd_get(fds[i].fd, 0, &pe[i].pe_file) != 0)
			pe[i].pe_file = NULL;
	}
}

static void
poll_close(struct poll_entry *pe, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (pe[i].pe_file == NULL)
			continue;
		ev_detach(&pe[i].pe_watch);
		file_drop(pe[i].pe_file);
	}
}

/* Ask all; attach while nothing is ready and attach is set.  How many are. */
static int
poll_scan(struct kpollfd *fds, struct poll_entry *pe, size_t n, bool attach)
{
	int ready = 0;

	for (size_t i = 0; i < n; i++) {
		struct kpollfd *pfd = &fds[i];
		struct ev_watch *w =
		    attach && ready == 0 ? &pe[i].pe_watch : NULL;

		pfd->revents = 0;
		if (pfd->fd < 0)
			continue;
		if (pe[i].pe_file == NULL)
			pfd->revents = EV_NVAL;
		else
			pfd->revents =
			    file_poll(pe[i].pe_file, pfd->events, w) &
			    (pfd->events | EV_ERR | EV_HUP | EV_NVAL);
		if (pfd->revents != 0)
			ready++;
	}
	return (ready);
}

/* Sleep until a watch fires; the next scan is to see what.  As ev_sleep. */
static int
poll_sleep(struct poll_waiter *pw, const struct ev_deadline *ed)
{
	const struct ev_wait ew = {
	    pw, &pw->pw_spin, &pw->pw_fired, NULL, "poll", NULL};
	int error = ev_sleep(&ew, ed);

	spin_lock(&pw->pw_spin);
	pw->pw_fired = 0;
	spin_unlock(&pw->pw_spin);
	return (error);
}

static int
poll_wait(struct kpollfd *fds, struct poll_entry *pe, size_t n,
    nstime_t timeout_ns, int *readyp)
{
	struct poll_waiter pw;
	struct ev_deadline ed;
	bool attach = timeout_ns != 0;
	int error = 0;

	spin_init(&pw.pw_spin, "pollwait");
	pw.pw_fired = 0;
	ev_deadline_set(&ed, timeout_ns);
	poll_open(fds, pe, n, &pw);
	while ((*readyp = poll_scan(fds, pe, n, attach)) == 0 && attach) {
		error = poll_sleep(&pw, &ed);
		if (error != 0)
			break;
	}
	if (error == EWOULDBLOCK) {
		*readyp = poll_scan(fds, pe, n, false);
		error = 0;
	}
	poll_close(pe, n);
	return (error);
}

/*
 * Wait until one of the descriptors has an event it asks for.  0 and how many
 * have (0: timeout), EINTR, EINVAL (more entries than descriptors may be
 * open), ENOMEM.  Sleeps.
 */
int
kern_poll(struct kpollfd *fds, size_t n, nstime_t timeout_ns,
    const sigset_t *mask, int *readyp)
{
	struct poll_entry small[POLL_SMALL], *pe = small;
	int error;

	*readyp = 0;
	if (n > proc_rlimit(RLIMIT_NOFILE))
		return (EINVAL);
	if (n > POLL_SMALL) {
		pe = kmalloc(n * sizeof(*pe), M_POLL, M_WAITOK);
		if (pe == NULL)
			return (ENOMEM);
	}
	ev_mask_enter(mask);
	error = poll_wait(fds, pe, n, timeout_ns, readyp);
	ev_mask_leave(mask, error);
	KTR_EVENT(EVENT, poll, "n=%d ready=%d error=%d", n, *readyp, error);
	if (pe != small)
		kfree(pe, M_POLL);
	return (error);
}

/* --- select --------------------------------------------------------------- */

/* select's classes in terms of poll events, as POSIX ties them together. */
#define SEL_IN	(EV_IN | EV_HUP | EV_ERR)
#define SEL_OUT (EV_OUT | EV_ERR)
#define SEL_EX	(EV_PRI)

static bool
sel_test(const uint64_t *set, int fd)
{
	return (set != NULL && ((set[fd >> 6] >> (fd & 63)) & 1) != 0);
}

static uint32_t
sel_events(const uint64_t *in, const uint64_t *out, const uint64_t *ex, int fd)
{
	return ((sel_test(in, fd) ? EV_IN : 0) |
	    (sel_test(out, fd) ? EV_OUT : 0) | (sel_test(ex, fd) ? EV_PRI : 0));
}

/* Clear set, then set the bits of the entries that are ready for it. */
static int
sel_answer(uint64_t *set, int nfds, const struct kpollfd *fds, size_t n,
    uint32_t asked, uint32_t meaning)
{
	int count = 0;

	if (set == NULL)
		return (0);
	memset(set, 0, howmany(nfds, 64) * sizeof(*set));
	for (size_t i = 0; i < n; i++) {
		int fd = fds[i].fd;

		if ((fds[i].events & asked) == 0 ||
		    (fds[i].revents & meaning) == 0)
			continue;
		set[fd >> 6] |= 1UL << (fd & 63);
		count++;
	}
	return (count);
}

static size_t
sel_collect(int nfds, const uint64_t *in, const uint64_t *out,
    const uint64_t *ex, struct kpollfd *fds)
{
	size_t n = 0;

	for (int fd = 0; fd < nfds; fd++) {
		uint32_t events = sel_events(in, out, ex, fd);

		if (events == 0)
			continue;
		if (fds != NULL)
			fds[n] = (struct kpollfd){fd, events, 0};
		n++;
	}
	return (n);
}

static bool
sel_any_bad(const struct kpollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((fds[i].revents & EV_NVAL) != 0)
			return (true);
	return (false);
}

/*
 * select on bit sets that are replaced by the answer.  0 and the number of
 * bits set; EBADF, EINTR, EINVAL (nfds), ENOMEM; on error the sets are as
 * they were.
 */
int
kern_select(int nfds, uint64_t *in, uint64_t *out, uint64_t *ex,
    nstime_t timeout_ns, const sigset_t *mask, int *readyp)
{
	struct kpollfd *fds = NULL;
	size_t n;
	int error, ready;

	if (nfds < 0)
		return (EINVAL);
	n = sel_collect(nfds, in, out, ex, NULL);
	if (n > 0) {
		fds = kmalloc(n * sizeof(*fds), M_POLL, M_WAITOK);
		if (fds == NULL)
			return (ENOMEM);
		(void)sel_collect(nfds, in, out, ex, fds);
	}
	error = kern_poll(fds, n, timeout_ns, mask, &ready);
	if (error == 0 && sel_any_bad(fds, n))
		error = EBADF;
	if (error == 0)
		*readyp = sel_answer(in, nfds, fds, n, EV_IN, SEL_IN) +
		    sel_answer(out, nfds, fds, n, EV_OUT, SEL_OUT) +
		    sel_answer(ex, nfds, fds, n, EV_PRI, SEL_EX);
	kfree(fds, M_POLL);
	return (error);
}
