/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous I/O in the way of Linux's io_submit.
 *
 * 1. A context belongs to a process.  It has a ring of slots in pages that the
 *    program has mapped, too: the kernel writes a slot for each request that
 *    ended and moves the tail; the program, or kern_aio_wait for it, moves the
 *    head.  The address of the ring is the name of the context.  exec, exit and
 *    destroy end it; a child of fork has the pages, but not the context.
 * 2. A request takes a slot when it is accepted (ac_inflight), so that its event
 *    always finds room; without a free slot it is refused.
 * 3. Transfers are done at once, by the submitter, whatever the file: Linux does
 *    so with all but direct I/O, and programs see which of two requests was
 *    first.  A pipe without data holds the submitter up.  The errors of the
 *    transfer are those of the event.
 * 4. sync goes to a small pool of threads.  So does what follows after a poll
 *    that was not ready at once:
 *
 *	   submit --> BUSY --not ready--> IDLE --fired, cancelled--> QUEUED
 *	                ^-------------------- worker -----------------'
 *	   BUSY --ready, cancelled--> event, freed
 *
 *    Who made it BUSY owns it.  A watch that fires meanwhile sets aq_again, and
 *    the owner looks once more before it makes it IDLE.
 * 5. Trust: the program may write to all of the ring.  The tail and the number of
 *    slots are the kernel's own copies; the head is taken modulo the slots: a
 *    lie spoils the liar's events only.
 * 6. Locking: aio_spin for lists, states, slots and tails.  It is taken in a
 *    watch's func, under its source; inside it only wakeup.  ac_reap, outermost:
 *    who takes events out, one at a time.
 *
 * Pages, contexts and requests may fail to be had: ENOMEM (knob "aio").  The
 * limit on the sum of requests that contexts were made for is kern.aio.max_nr.
 */
#include <sys/systm.h>
#include <sys/aio.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/uio.h>
#include <vm/vm.h>

#include "event_var.h"

MALLOC_DEFINE(M_AIO, "aio", "asynchronous I/O contexts and requests");
FAULT_POINT(fault_aio, "aio");

#define AIO_WORKERS   2		/* a slow sync does not hold polls up */
#define AIO_SLOTS_MIN 16	/* as many CPUs may submit at once */
#define AIO_CTX_MAX   0x400000U /* requests of one context */

enum aio_state {
	AQ_BUSY,
	AQ_IDLE,
	AQ_QUEUED
};

struct aio_ctx {
	LIST_ENTRY(aio_ctx) ac_link; /* (aio_spin) of the process */
	refcount_t ac_refs;
	const struct aio_format *ac_format; /* (c) */
	uaddr_t ac_id;			    /* (c) address of the ring */
	uint32_t ac_max;		    /* (c) what was asked for */
	uint32_t ac_slots;		    /* (c) */
	struct vm_object *ac_obj;	    /* (c) */
	struct vm_page **ac_pages;	    /* (c) wired */
	size_t ac_npages;		    /* (c) */
	uint32_t ac_tail;		    /* (aio_spin) */
	uint32_t ac_inflight;		    /* (aio_spin) */
	bool ac_dead;			    /* (aio_spin) */
	TAILQ_HEAD(, aio_queued) ac_active; /* (aio_spin) */
	struct lock ac_reap;
};

/* A request that did not end in its submission. */
struct aio_queued {
	TAILQ_ENTRY(aio_queued) aq_active; /* (aio_spin) */
	TAILQ_ENTRY(aio_queued) aq_work;   /* (aio_spin) if QUEUED */
	struct aio_ctx *aq_ctx;
	enum aio_state aq_state; /* (aio_spin) */
	bool aq_again;		 /* (aio_spin) */
	bool aq_cancelled;	 /* (aio_spin) */
	struct file *aq_file, *aq_resfile;
	uint32_t aq_events;
	struct ev_watch aq_watch;
	struct aio_event aq_event;
};

SPINLOCK_DEFINE(aio_spin, "aio");
static TAILQ_HEAD(, aio_queued) aio_queue = TAILQ_HEAD_INITIALIZER(aio_queue);
static int aio_max_nr = 65536;
static int aio_nr; /* (aio_spin) */

SYSCTL_INT(aio_max_nr, "kern.aio.max_nr", CTLF_RW, &aio_max_nr,
    "requests that all contexts together may be made for");
SYSCTL_INT(aio_nr, "kern.aio.nr", CTLF_RD, &aio_nr,
    "requests that the contexts were made for");

/* The ring is memory like any other; the table only marks it as ours. */
static const struct vm_pager_ops aio_ring_ops = {0};

/* --- the ring ---------------------------------------------------------------- */

static void *
ring_at(const struct aio_ctx *ac, size_t off)
{
	return ((char *)vm_page_kva(ac->ac_pages[off / PAGE_SIZE]) +
	    off % PAGE_SIZE);
}

static void *
ring_slot(const struct aio_ctx *ac, uint32_t n)
{
	const struct aio_format *af = ac->ac_format;

	return (
	    ring_at(ac, af->af_header_bytes + (size_t)n * af->af_slot_bytes));
}

static volatile uint32_t *
ring_word(const struct aio_ctx *ac, size_t off)
{
	return (ring_at(ac, off));
}

static uint32_t
ring_head(const struct aio_ctx *ac)
{
	return (
	    atomic_load(ring_word(ac, ac->ac_format->af_head)) % ac->ac_slots);
}

/* (aio_spin) Events that nobody has taken. */
static uint32_t
ring_full_slots(const struct aio_ctx *ac)
{
	return ((ac->ac_tail + ac->ac_slots - ring_head(ac)) % ac->ac_slots);
}

/* 0, EAGAIN, EINVAL. */
static int
slot_reserve(struct aio_ctx *ac)
{
	int error = 0;

	spin_lock(&aio_spin);
	if (ac->ac_dead)
		error = EINVAL;
	else if (ac->ac_inflight + ring_full_slots(ac) >= ac->ac_slots - 1)
		error = EAGAIN;
	else
		ac->ac_inflight++;
	spin_unlock(&aio_spin);
	return (error);
}

/* The request of a reserved slot ended, with ev or without a word. */
static void
slot_finish(struct aio_ctx *ac, const struct aio_event *ev)
{
	spin_lock(&aio_spin);
	if (ev != NULL) {
		ac->ac_format->af_put(ring_slot(ac, ac->ac_tail), ev);
		ac->ac_tail = (ac->ac_tail + 1) % ac->ac_slots;
		atomic_store_rel(
		    ring_word(ac, ac->ac_format->af_tail), ac->ac_tail);
	}
	ac->ac_inflight--;
	wakeup(ac); /* inside: afterwards ac may be gone */
	spin_unlock(&aio_spin);
}

/* --- requests that wait --------------------------------------------------------- */

/* (aio_spin) Somebody shall look at it. */
static void
queued_kick(struct aio_queued *aq)
{
	if (aq->aq_state == AQ_IDLE) {
		aq->aq_state = AQ_QUEUED;
		TAILQ_INSERT_TAIL(&aio_queue, aq, aq_work);
		wakeup_one(&aio_queue);
	} else
		aq->aq_again = true;
}

static void
queued_fire(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	spin_lock(&aio_spin);
	queued_kick(w->ew_arg);
	spin_unlock(&aio_spin);
}

/* By its owner: the event, and the end of it. */
static void
queued_finish(struct aio_queued *aq)
{
	struct file *res = aq->aq_resfile;

	ev_detach(&aq->aq_watch);
	spin_lock(&aio_spin);
	TAILQ_REMOVE(&aq->aq_ctx->ac_active, aq, aq_active);
	spin_unlock(&aio_spin);
	file_drop(aq->aq_file);
	slot_finish(aq->aq_ctx, &aq->aq_event);
	if (res != NULL) {
		eventfd_signal(res);
		file_drop(res);
	}
	kfree(aq, M_AIO);
}

static void
queued_run_sync(struct aio_queued *aq)
{
	struct file *fp = aq->aq_file;

	aq->aq_event.ae_error =
	    fp->f_ops->fo_sync(fp, aq->aq_event.ae_op == AIO_DATASYNC);
	queued_finish(aq);
}

static void
queued_run_poll(struct aio_queued *aq)
{
	uint32_t ready = 0;
	bool cancelled;

	for (;;) {
		spin_lock(&aio_spin);
		aq->aq_again = false;
		cancelled = aq->aq_cancelled;
		spin_unlock(&aio_spin);
		if (cancelled)
			break;
		ready = file_poll(aq->aq_file, aq->aq_events, &aq->aq_watch) &
		    aq->aq_events;
		if (ready != 0)
			break;
		spin_lock(&aio_spin);
		if (!aq->aq_again) {
			aq->aq_state = AQ_IDLE; /* no longer ours */
			spin_unlock(&aio_spin);
			return;
		}
		spin_unlock(&aio_spin);
	}
	aq->aq_event.ae_result = ready;
	queued_finish(aq);
}

static void
aio_worker(void *arg __unused)
{
	struct aio_queued *aq;

	for (;;) {
		spin_lock(&aio_spin);
		while ((aq = TAILQ_FIRST(&aio_queue)) == NULL)
			spin_sleep(
			    &aio_queue, &aio_spin, 0, "aiowork", SLEEP_FOREVER);
		TAILQ_REMOVE(&aio_queue, aq, aq_work);
		aq->aq_state = AQ_BUSY;
		spin_unlock(&aio_spin);
		if (aq->aq_event.ae_op == AIO_POLL)
			queued_run_poll(aq);
		else
			queued_run_sync(aq);
	}
}

static void
aio_start(void)
{
	struct thread *td;

	for (int i = 0; i < AIO_WORKERS; i++) {
		td = thread_create(aio_worker, NULL, TDPRI_KERN, "aio%d", i);
		if (td == NULL)
			panic("aio: no memory for its threads");
		thread_start(td, NULL);
	}
}
SYSINIT(aio, SI_DRIVER, aio_start);

/* --- submission ------------------------------------------------------------------ */

/* A transfer from beginning to end.  EBADF, EINVAL: not for this file. */
static int
submit_transfer(struct aio_ctx *ac, const struct aio_request *ar,
    struct file *fp, struct file *res)
{
	struct aio_event ev = {.ae_op = ar->ar_op,
	    .ae_word = ar->ar_word,
	    .ae_obj = ar->ar_obj,
	    .ae_data = ar->ar_data};
	struct uio *uio = ar->ar_uio;
	size_t before = uio->uio_resid;
	int fof = ar->ar_fof;
	bool in = ar->ar_op == AIO_READ;

	if ((fp->f_flags & (in ? FREAD : FWRITE)) == 0)
		return (EBADF);
	if (uio->uio_offset < 0 ||
	    (in ? fp->f_ops->fo_read : fp->f_ops->fo_write) == NULL)
		return (EINVAL);
	if (fp->f_ops->fo_seek != NULL)
		fof |= FOF_OFFSET;
	ev.ae_error = in ? file_read(fp, uio, fof) : file_write(fp, uio, fof);
	if (ev.ae_error < 0)
		ev.ae_error = EINTR; /* an event is not restarted */
	ev.ae_result = (int64_t)(before - uio->uio_resid);
	if (ev.ae_result > 0)
		ev.ae_error = 0;
	slot_finish(ac, &ev);
	if (res != NULL)
		eventfd_signal(res);
	return (0);
}

/* The files' references move in.  ENOMEM, EINVAL. */
static int
submit_queued(struct aio_ctx *ac, const struct aio_request *ar, struct file *fp,
    struct file *res)
{
	struct aio_queued *aq = NULL;
	bool poll = ar->ar_op == AIO_POLL;

	if (!poll && fp->f_ops->fo_sync == NULL)
		return (EINVAL);
	/* Whose signals it tells of depends on who asks: no worker may. */
	if (poll && fp->f_type == DTYPE_SIGNALFD)
		return (EINVAL);
	if (!fault_fires(&fault_aio))
		aq = kmalloc(sizeof(*aq), M_AIO, M_WAITOK | M_ZERO);
	if (aq == NULL)
		return (ENOMEM);
	aq->aq_ctx = ac;
	aq->aq_file = fp;
	aq->aq_resfile = res;
	aq->aq_events = ar->ar_events | EV_ERR | EV_HUP;
	aq->aq_watch = (struct ev_watch){
	    .ew_events = ar->ar_events, .ew_func = queued_fire, .ew_arg = aq};
	aq->aq_event = (struct aio_event){.ae_op = ar->ar_op,
	    .ae_word = ar->ar_word,
	    .ae_obj = ar->ar_obj,
	    .ae_data = ar->ar_data};
	spin_lock(&aio_spin);
	TAILQ_INSERT_TAIL(&ac->ac_active, aq, aq_active);
	aq->aq_state = poll ? AQ_BUSY : AQ_IDLE;
	if (!poll)
		queued_kick(aq);
	else
		aq->aq_cancelled = ac->ac_dead; /* destroyed just now */
	spin_unlock(&aio_spin);
	if (poll)
		queued_run_poll(aq);
	return (0);
}

int
kern_aio_submit(struct aio_ctx *ac, const struct aio_request *ar)
{
	bool transfer = ar->ar_op == AIO_READ || ar->ar_op == AIO_WRITE;
	struct file *fp = NULL, *res = NULL;
	int error;

	if ((error = slot_reserve(ac)) != 0)
		return (error);
	error = fd_get(ar->ar_fd, 0, &fp);
	if (error == 0 && ar->ar_resfd >= 0 &&
	    (error = eventfd_get(ar->ar_resfd, &res)) != 0)
		res = NULL;
	if (error == 0)
		error = transfer ? submit_transfer(ac, ar, fp, res)
				 : submit_queued(ac, ar, fp, res);
	KTR_EVENT(EVENT, aio_submit, "op=%d fd=%d error=%d",
	    (uint64_t)ar->ar_op, (uint64_t)ar->ar_fd, (uint64_t)error);
	if (error != 0)
		slot_finish(ac, NULL);
	if (error != 0 || transfer) {
		if (fp != NULL)
			file_drop(fp);
		if (res != NULL)
			file_drop(res);
	}
	return (error);
}

int
kern_aio_cancel(struct aio_ctx *ac, uint64_t obj)
{
	struct aio_queued *aq;
	int error = EINVAL;

	spin_lock(&aio_spin);
	TAILQ_FOREACH(aq, &ac->ac_active, aq_active) {
		if (aq->aq_event.ae_obj != obj || aq->aq_cancelled ||
		    aq->aq_event.ae_op != AIO_POLL)
			continue;
		aq->aq_cancelled = true;
		queued_kick(aq);
		error = EINPROGRESS;
		break;
	}
	spin_unlock(&aio_spin);
	return (error);
}

/* --- events -------------------------------------------------------------------- */

/* Take what is there, until *np is max.  0, EFAULT. */
static int
aio_reap(struct aio_ctx *ac, int64_t max, uaddr_t events, int64_t *np)
{
	size_t bytes = ac->ac_format->af_slot_bytes;
	uint32_t head, n;
	int error = 0;

	lock_excl(&ac->ac_reap);
	while (*np < max && error == 0) {
		spin_lock(&aio_spin);
		n = ring_full_slots(ac);
		head = ring_head(ac);
		spin_unlock(&aio_spin);
		if (n == 0)
			break;
		error = copyout(
		    ring_slot(ac, head), events + (uint64_t)*np * bytes, bytes);
		if (error == 0) {
			atomic_store(ring_word(ac, ac->ac_format->af_head),
			    (head + 1) % ac->ac_slots);
			(*np)++;
		}
	}
	lock_release(&ac->ac_reap);
	return (error);
}

/* Until there is an event.  0, EWOULDBLOCK, EINTR, EINVAL. */
static int
aio_sleep(struct aio_ctx *ac, const struct ev_deadline *ed)
{
	nstime_t left;
	int error = 0;

	spin_lock(&aio_spin);
	while (error == 0 && ring_full_slots(ac) == 0) {
		error = ac->ac_dead ? EINVAL : ev_deadline_left(ed, &left);
		if (error == 0)
			error = spin_sleep(ac, &aio_spin, PCATCH, "aio", left);
	}
	spin_unlock(&aio_spin);
	return (error < 0 ? EINTR : error);
}

int
kern_aio_wait(struct aio_ctx *ac, int64_t min, int64_t max, uaddr_t events,
    nstime_t timeout_ns, const struct sigset *mask, int64_t *np)
{
	struct ev_deadline ed;
	int error;

	*np = 0;
	ev_deadline_set(&ed, timeout_ns);
	ev_mask_enter(mask);
	for (;;) {
		error = aio_reap(ac, max, events, np);
		if (error != 0 || *np >= min || timeout_ns == 0)
			break;
		if ((error = aio_sleep(ac, &ed)) != 0)
			break;
	}
	ev_mask_leave(mask, error);
	KTR_EVENT(EVENT, aio_wait, "min=%ld n=%ld error=%d", (uint64_t)min,
	    (uint64_t)*np, (uint64_t)error);
	return (error == EWOULDBLOCK || *np > 0 ? 0 : error);
}

/* --- contexts -------------------------------------------------------------------- */

uint32_t
aio_ctx_slots(const struct aio_ctx *ac)
{
	return (ac->ac_slots);
}

struct aio_ctx *
aio_ctx_get(uaddr_t id)
{
	struct aio_ctx *ac;

	spin_lock(&aio_spin);
	LIST_FOREACH(ac, &curproc->p_aio, ac_link)
		if (ac->ac_id == id)
			break;
	if (ac != NULL)
		ref_hold(&ac->ac_refs);
	spin_unlock(&aio_spin);
	return (ac);
}

static void
aio_ctx_free(struct aio_ctx *ac)
{
	for (size_t i = 0; i < ac->ac_npages; i++)
		vm_page_unwire(ac->ac_pages[i]);
	if (ac->ac_obj != NULL)
		vm_object_drop(ac->ac_obj);
	kfree(ac->ac_pages, M_AIO);
	lock_destroy(&ac->ac_reap);
	kfree(ac, M_AIO);
}

void
aio_ctx_put(struct aio_ctx *ac)
{
	if (ref_drop(&ac->ac_refs))
		aio_ctx_free(ac);
}

/* The pages of the ring, wired.  ENOMEM. */
static int
ring_create(struct aio_ctx *ac, size_t npages)
{
	int error = 0;

	ac->ac_pages =
	    kmalloc(npages * sizeof(*ac->ac_pages), M_AIO, M_WAITOK | M_ZERO);
	ac->ac_obj =
	    vm_object_create(VMO_ANON, ptoa(npages), &aio_ring_ops, NULL);
	if (ac->ac_pages == NULL || ac->ac_obj == NULL)
		return (ENOMEM);
	for (size_t i = 0; i < npages && error == 0; i++) {
		error = vm_object_getpage(
		    ac->ac_obj, i, VOG_CREATE, &ac->ac_pages[i]);
		if (error == 0)
			ac->ac_npages++;
	}
	return (error);
}

/* Nobody knows it yet.  NULL: ENOMEM. */
static struct aio_ctx *
aio_ctx_create(uint32_t n, const struct aio_format *fmt)
{
	struct aio_ctx *ac = NULL;
	size_t npages;

	if (!fault_fires(&fault_aio))
		ac = kmalloc(sizeof(*ac), M_AIO, M_WAITOK | M_ZERO);
	if (ac == NULL)
		return (NULL);
	ref_init(&ac->ac_refs, 1);
	lock_init(&ac->ac_reap, "aio reap", 0);
	TAILQ_INIT(&ac->ac_active);
	ac->ac_format = fmt;
	ac->ac_max = n;
	/* Twice, for what ended and what runs; one is always empty. */
	npages = atop(round_page(fmt->af_header_bytes +
	    ((size_t)MAX(n, AIO_SLOTS_MIN) * 2 + 2) * fmt->af_slot_bytes));
	ac->ac_slots = (uint32_t)((ptoa(npages) - fmt->af_header_bytes) /
	    fmt->af_slot_bytes);
	if (ring_create(ac, npages) != 0) {
		aio_ctx_free(ac);
		return (NULL);
	}
	fmt->af_init(ring_at(ac, 0), ac->ac_slots);
	return (ac);
}

/* Take n of what may be, or give it back.  EAGAIN. */
static int
aio_account(int n)
{
	int error = 0;

	spin_lock(&aio_spin);
	if (n > 0 && (n > aio_max_nr || aio_nr > aio_max_nr - n))
		error = EAGAIN;
	else
		aio_nr += n;
	spin_unlock(&aio_spin);
	return (error);
}

int
kern_aio_setup(uint32_t n, const struct aio_format *fmt, uaddr_t *idp)
{
	struct aio_ctx *ac;
	uaddr_t at = 0;
	int error;

	if (n == 0 || n > AIO_CTX_MAX)
		return (EINVAL);
	if ((error = aio_account((int)n)) != 0)
		return (error);
	ac = aio_ctx_create(n, fmt);
	error = ac == NULL
	    ? ENOMEM
	    : vm_map(curproc->p_vmspace, &at, ptoa(ac->ac_npages),
		  VM_PROT_READ | VM_PROT_WRITE, VM_PROT_READ | VM_PROT_WRITE,
		  VMM_SHARED, ac->ac_obj, 0);
	if (error != 0) {
		if (ac != NULL)
			aio_ctx_put(ac);
		aio_account(-(int)n);
		return (error);
	}
	ac->ac_id = at;
	spin_lock(&aio_spin);
	LIST_INSERT_HEAD(&curproc->p_aio, ac, ac_link);
	spin_unlock(&aio_spin);
	*idp = at;
	return (0);
}

/* The end of a context that left its list; consumes that reference. */
static void
aio_ctx_end(struct aio_ctx *ac, struct vmspace *vm)
{
	struct aio_queued *aq;

	spin_lock(&aio_spin);
	ac->ac_dead = true;
	TAILQ_FOREACH(aq, &ac->ac_active, aq_active) {
		if (aq->aq_event.ae_op != AIO_POLL)
			continue; /* a sync comes to an end by itself */
		aq->aq_cancelled = true;
		queued_kick(aq);
	}
	wakeup(ac);
	while (ac->ac_inflight > 0)
		spin_sleep(ac, &aio_spin, 0, "aioend", SLEEP_FOREVER);
	spin_unlock(&aio_spin);
	/* If the program moved or unmapped it, that is what it wanted. */
	if (vm != NULL)
		(void)vm_unmap_view(vm, ac->ac_id, &aio_ring_ops);
	aio_account(-(int)ac->ac_max);
	aio_ctx_put(ac);
}

int
kern_aio_destroy(uaddr_t id)
{
	struct proc *p = curproc;
	struct aio_ctx *ac;

	spin_lock(&aio_spin);
	LIST_FOREACH(ac, &p->p_aio, ac_link)
		if (ac->ac_id == id)
			break;
	if (ac != NULL)
		LIST_REMOVE(ac, ac_link);
	spin_unlock(&aio_spin);
	if (ac == NULL)
		return (EINVAL);
	aio_ctx_end(ac, p->p_vmspace);
	return (0);
}

void
aio_exit(struct proc *p)
{
	struct aio_ctx *ac;

	for (;;) {
		spin_lock(&aio_spin);
		if ((ac = LIST_FIRST(&p->p_aio)) != NULL)
			LIST_REMOVE(ac, ac_link);
		spin_unlock(&aio_spin);
		if (ac == NULL)
			break;
		aio_ctx_end(ac, p->p_vmspace);
	}
}

static void
ddb_show_aio(const char *arg)
{
	struct aio_ctx *ac;
	struct proc *p;

	kprintf("requests %d of %d\n", aio_nr, aio_max_nr);
	TAILQ_FOREACH(p, &allproc, p_all)
		LIST_FOREACH(ac, &p->p_aio, ac_link)
			kprintf("pid %d id %lx slots %u head %u tail %u in "
				"flight %u\n",
			    p->p_pid, ac->ac_id, ac->ac_slots, ring_head(ac),
			    ac->ac_tail, ac->ac_inflight);
}
DDB_COMMAND(show_aio, "show aio", ddb_show_aio, "asynchronous I/O contexts");
