/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue's filters: what each kind of note watches, and how it answers.
 *
 * Notification (ew_func, callout) only marks kn_hits or kn_count under
 * kq_spin and queues the note; kf_event, under kq_lock, computes the answer.
 */
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/proc.h>
#include <sys/vnode.h>

#include "event_var.h"
#include "kqueue_var.h"

static void
kf_nothing(struct knote *kn)
{
}

static void
kf_detach_watch(struct knote *kn)
{
	ev_detach(&kn->kn_watch);
}

static void
kf_clear_hits(struct knote *kn)
{
	spin_lock(&kn->kn_kq->kq_spin);
	kn->kn_hits = 0;
	kn->kn_count = 0;
	spin_unlock(&kn->kn_kq->kq_spin);
	kn->kn_ev.fflags = 0;
	kn->kn_ev.data = 0;
}

/* (any) Add to what kn has seen, and queue it. */
static void
kf_mark(struct knote *kn, uint32_t hits, int64_t count)
{
	spin_lock(&kn->kn_kq->kq_spin);
	kn->kn_hits |= hits;
	kn->kn_count += count;
	spin_unlock(&kn->kn_kq->kq_spin);
	knote_activate_nested(kn);
}

static int
kf_touch_fflags(struct knote *kn, const struct kevent *kev)
{
	kn->kn_sfflags = kev->fflags;
	return (0);
}

/* --- EVFILT_READ, EVFILT_WRITE ---------------------------------------------- */

static void
kf_rw_fire(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	knote_activate_nested(w->ew_arg);
}

static uint32_t
kf_rw_events(const struct knote *kn)
{
	return (kn->kn_ev.filter == EVFILT_READ ? EV_IN | EV_RDHUP : EV_OUT);
}

static int
kf_rw_attach(struct knote *kn)
{
	if (kqueue_is_queue(kn->kn_file))
		return (EINVAL);
	kn->kn_watch.ew_events = kf_rw_events(kn);
	kn->kn_watch.ew_func = kf_rw_fire;
	(void)file_poll(kn->kn_file, kf_rw_events(kn), &kn->kn_watch);
	return (0);
}

static int
kf_rw_touch(struct knote *kn, const struct kevent *kev)
{
	kn->kn_sfflags = kev->fflags;
	return (0);
}

/* Bytes to the end of a regular file, from where this file stands. */
static bool
kf_read_regular(struct knote *kn)
{
	struct stat st;

	if (file_stat(kn->kn_file, &st) != 0)
		return (false);
	kn->kn_ev.data = st.st_size - kn->kn_file->f_offset;
	return (kn->kn_ev.data != 0);
}

static int64_t
kf_rw_amount(struct knote *kn)
{
	int n = 0;

	if (file_ioctl(kn->kn_file,
		kn->kn_ev.filter == EVFILT_READ ? FIONREAD : FIONSPACE,
		&n) != 0)
		return (0);
	return (n);
}

static bool
kf_rw_event(struct knote *kn)
{
	struct file *fp = kn->kn_file;
	uint32_t r;

	if (kn->kn_ev.filter == EVFILT_READ && fp->f_type == DTYPE_VNODE &&
	    fp->f_vnode->v_type == VREG)
		return (kf_read_regular(kn));
	r = file_poll(fp, kf_rw_events(kn), NULL);
	kn->kn_ev.data = kf_rw_amount(kn);
	kn->kn_ev.fflags = 0;
	kn->kn_ev.flags &= ~EV_EOF;
	if ((r & (EV_HUP | EV_RDHUP | EV_ERR)) != 0) {
		kn->kn_ev.flags |= EV_EOF;
		return (true);
	}
	return ((r & (EV_IN | EV_OUT)) != 0);
}

/* --- EVFILT_VNODE --------------------------------------------------------------- */

static void
kf_note_fire(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	struct knote *kn = w->ew_arg;

	if ((events & EV_NOTE) != 0 && (hint & kn->kn_sfflags) != 0)
		kf_mark(kn, (uint32_t)hint & kn->kn_sfflags, 0);
}

static int
kf_vnode_attach(struct knote *kn)
{
	if (kn->kn_file->f_type != DTYPE_VNODE || kn->kn_file->f_vnode == NULL)
		return (EINVAL);
	kn->kn_ev.data = 0;
	kn->kn_watch.ew_events = EV_NOTE;
	kn->kn_watch.ew_func = kf_note_fire;
	ev_attach(&kn->kn_file->f_vnode->v_events, &kn->kn_watch);
	return (0);
}

static bool
kf_hits_event(struct knote *kn)
{
	kn->kn_ev.fflags = kn->kn_hits;
	return (kn->kn_hits != 0);
}

/* --- EVFILT_PROC ------------------------------------------------------------------ */

static bool
kf_proc_gone(struct proc *p)
{
	return (p->p_state == PS_ZOMBIE || (p->p_flags & PF_EXITING) != 0);
}

/* A plain EV_IN or EV_HUP of a process that is ending stands for NOTE_EXIT. */
static void
kf_proc_fire(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	struct knote *kn = w->ew_arg;
	uint32_t hits = 0;

	if ((events & EV_NOTE) != 0 && (hint & NOTE_SIGNAL) == 0)
		hits = (uint32_t)hint & NOTE_PCTRLMASK;
	if ((events & EV_HUP) != 0 ||
	    ((events & EV_IN) != 0 && kf_proc_gone(kn->kn_proc)))
		hits |= NOTE_EXIT;
	if ((hits & NOTE_EXIT) != 0)
		kn->kn_exited = true;
	hits &= kn->kn_sfflags;
	if (hits != 0)
		kf_mark(kn, hits, 0);
}

static int
kf_proc_attach(struct knote *kn)
{
	if ((kn->kn_sfflags & ~NOTE_PCTRLMASK) != 0 ||
	    kn->kn_ev.ident > INT32_MAX)
		return (EINVAL);
	kn->kn_ev.data = 0;
	kn->kn_proc = proc_find_hold((pid_t)kn->kn_ev.ident);
	if (kn->kn_proc == NULL)
		return (ESRCH);
	kn->kn_watch.ew_events = EV_NOTE | EV_IN;
	kn->kn_watch.ew_func = kf_proc_fire;
	ev_attach(&kn->kn_proc->p_events, &kn->kn_watch);
	if (kf_proc_gone(kn->kn_proc) && (kn->kn_sfflags & NOTE_EXIT) != 0) {
		kn->kn_exited = true;
		kn->kn_hits |= NOTE_EXIT;
	}
	return (0);
}

static bool
kf_proc_event(struct knote *kn)
{
	kn->kn_ev.fflags = kn->kn_hits;
	if ((kn->kn_hits & NOTE_EXIT) != 0) {
		kn->kn_ev.flags |= EV_EOF | EV_ONESHOT;
		kn->kn_ev.data = kn->kn_proc->p_exit_status;
	}
	return (kn->kn_hits != 0);
}

/* --- EVFILT_SIGNAL ------------------------------------------------------------------ */

static void
kf_signal_fire(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	struct knote *kn = w->ew_arg;

	if ((hint & NOTE_SIGNAL) != 0 &&
	    (hint & NOTE_SIGNAL_MASK) == kn->kn_ev.ident)
		kf_mark(kn, 0, 1);
}

static int
kf_signal_attach(struct knote *kn)
{
	if (kn->kn_ev.ident < 1 || kn->kn_ev.ident >= NSIG)
		return (EINVAL);
	kn->kn_ev.data = 0;
	kn->kn_proc = curproc;
	proc_hold(kn->kn_proc);
	kn->kn_watch.ew_events = EV_NOTE;
	kn->kn_watch.ew_func = kf_signal_fire;
	ev_attach(&kn->kn_proc->p_events, &kn->kn_watch);
	return (0);
}

static bool
kf_count_event(struct knote *kn)
{
	kn->kn_ev.data = kn->kn_count;
	return (kn->kn_count != 0);
}

/* --- EVFILT_TIMER ----------------------------------------------------------------- */

#define KF_UNITMASK (NOTE_SECONDS | NOTE_USECONDS | NOTE_NSECONDS)

/* EINVAL: unknown unit, negative, or more than INT64_MAX nanoseconds. */
static int
kf_timer_ns(uint32_t fflags, int64_t data, nstime_t *nsp)
{
	int64_t unit = NS_PER_MSEC;

	if ((fflags & ~(KF_UNITMASK | NOTE_ABSTIME)) != 0 || data < 0)
		return (EINVAL);
	if ((fflags & KF_UNITMASK) == NOTE_SECONDS)
		unit = NS_PER_SEC;
	else if ((fflags & KF_UNITMASK) == NOTE_USECONDS)
		unit = NS_PER_USEC;
	else if ((fflags & KF_UNITMASK) == NOTE_NSECONDS)
		unit = 1;
	else if ((fflags & KF_UNITMASK) != 0)
		return (EINVAL);
	if (data > INT64_MAX / 2 / unit)
		return (EINVAL);
	*nsp = data * unit;
	return (0);
}

/* Callout thread: count what has expired and arm for the next. */
static void
kf_timer_fire(void *arg)
{
	struct knote *kn = arg;
	nstime_t now = clock_mono(), next = 0;
	int64_t n = 1;

	spin_lock(&kn->kn_kq->kq_spin);
	if (kn->kn_period > 0) {
		n += MAX(now - kn->kn_next, 0) / kn->kn_period;
		kn->kn_next += n * kn->kn_period;
		next = kn->kn_next;
	}
	kn->kn_count += n;
	if (next != 0 && !kn->kn_stop)
		callout_reset_abs(&kn->kn_callout, next, kf_timer_fire, kn);
	spin_unlock(&kn->kn_kq->kq_spin);
	knote_activate(kn);
}

/* (k) Afterwards the callout neither runs nor is armed. */
static void
kf_timer_detach(struct knote *kn)
{
	spin_lock(&kn->kn_kq->kq_spin);
	kn->kn_stop = true;
	spin_unlock(&kn->kn_kq->kq_spin);
	callout_stop_sync(&kn->kn_callout);
}

/* (k) The callout is stopped. */
static int
kf_timer_start(struct knote *kn, uint32_t fflags, int64_t data)
{
	nstime_t ns;
	int error;

	error = kf_timer_ns(fflags, data, &ns);
	if (error != 0)
		return (error);
	kn->kn_sfflags = fflags;
	kn->kn_count = 0;
	kn->kn_stop = false;
	if ((fflags & NOTE_ABSTIME) != 0) {
		kn->kn_period = 0;
		kn->kn_next = clock_mono() + MAX(ns - clock_real(), 0);
	} else {
		/* A zero period would never let the callout thread rest. */
		ns = MAX(ns, NS_PER_USEC * 100);
		kn->kn_period = (kn->kn_ev.flags & EV_ONESHOT) != 0 ? 0 : ns;
		kn->kn_next = clock_mono() + ns;
	}
	callout_reset_abs(&kn->kn_callout, kn->kn_next, kf_timer_fire, kn);
	return (0);
}

static int
kf_timer_attach(struct knote *kn)
{
	int64_t data = kn->kn_ev.data;

	kn->kn_ev.data = 0;
	callout_init(&kn->kn_callout);
	return (kf_timer_start(kn, kn->kn_sfflags, data));
}

static int
kf_timer_touch(struct knote *kn, const struct kevent *kev)
{
	kf_timer_detach(kn);
	return (kf_timer_start(kn, kev->fflags, kev->data));
}

/* --- EVFILT_USER --------------------------------------------------------------------- */

static void
kf_user_apply(struct knote *kn, uint32_t fflags)
{
	uint32_t bits = fflags & NOTE_FFLAGSMASK;

	switch (fflags & NOTE_FFCTRLMASK) {
	case NOTE_FFAND:
		kn->kn_sfflags &= bits;
		break;
	case NOTE_FFOR:
		kn->kn_sfflags |= bits;
		break;
	case NOTE_FFCOPY:
		kn->kn_sfflags = bits;
		break;
	default:
		break;
	}
	if ((fflags & NOTE_TRIGGER) != 0)
		kn->kn_hits = 1;
}

static int
kf_user_attach(struct knote *kn)
{
	uint32_t fflags = kn->kn_sfflags;

	kn->kn_sfflags = fflags & NOTE_FFLAGSMASK;
	if ((fflags & NOTE_TRIGGER) != 0)
		kn->kn_hits = 1;
	return (0);
}

static int
kf_user_touch(struct knote *kn, const struct kevent *kev)
{
	kf_user_apply(kn, kev->fflags);
	kn->kn_ev.data = kev->data;
	return (0);
}

static bool
kf_user_event(struct knote *kn)
{
	kn->kn_ev.fflags = kn->kn_sfflags;
	return (kn->kn_hits != 0);
}

static void
kf_user_clear(struct knote *kn)
{
	kn->kn_hits = 0;
	kn->kn_ev.fflags = 0;
}

/* --- the table ----------------------------------------------------------------------- */

static const struct kfilter kfilters[] = {
    {EVFILT_READ, true, false, kf_rw_attach, kf_detach_watch, kf_rw_touch,
	kf_rw_event, kf_nothing},
    {EVFILT_WRITE, true, false, kf_rw_attach, kf_detach_watch, kf_rw_touch,
	kf_rw_event, kf_nothing},
    {EVFILT_VNODE, true, false, kf_vnode_attach, kf_detach_watch,
	kf_touch_fflags, kf_hits_event, kf_clear_hits},
    {EVFILT_PROC, false, true, kf_proc_attach, kf_detach_watch, kf_touch_fflags,
	kf_proc_event, kf_clear_hits},
    {EVFILT_SIGNAL, false, true, kf_signal_attach, kf_detach_watch,
	kf_touch_fflags, kf_count_event, kf_clear_hits},
    {EVFILT_TIMER, false, true, kf_timer_attach, kf_timer_detach,
	kf_timer_touch, kf_count_event, kf_clear_hits},
    {EVFILT_USER, false, false, kf_user_attach, kf_nothing, kf_user_touch,
	kf_user_event, kf_user_clear},
};

/* NULL: no such filter. */
const struct kfilter *
kfilter_find(int16_t filter)
{
	for (size_t i = 0; i < nitems(kfilters); i++)
		if (kfilters[i].kf_filter == filter)
			return (&kfilters[i]);
	return (NULL);
}
