/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listeners: a filter of calls that asks another program.
 *
 * 1. A filter may have one listener (cf_listener), an object of its own that
 *    the filter and an open file hold.  Whoever has the file takes questions
 *    and answers them: with a result, or "go on".
 * 2. A question lies on the stack of the thread that made the call.
 *
 *	ASKED --take--> TAKEN --answer--> ANSWERED
 *	   ^              |
 *	   +--put back ---+
 *
 *    The thread sleeps until ANSWERED or a signal; then it takes its question
 *    off the list, so one that is on the list has a thread that waits.  With
 *    cl_killable only SIGKILL counts once it is TAKEN.
 * 3. While a question is TAKEN its thread can be given files: a gift lies on
 *    the giver's stack and is carried out by the receiver, in its own table.
 * 4. The file is closed: every question is answered "no such call", as later
 *    ones are.  The last thread with the filter is gone: the file says EV_HUP.
 *
 * Locks: cl_spin for the list and all questions and gifts on it; inside it a
 * process's p_spin (to wake a thread that only SIGKILL may wake).
 */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/atomic.h>
#include <sys/callfilter.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/refcount.h>
#include <sys/stat.h>
#include <sys/thread.h>
#include "proc_var.h"

static MALLOC_DEFINE(M_LISTENER, "listener", "listeners of call filters");
FAULT_POINT(listener_fault, "call_listener");

enum question_state {
	CQ_ASKED,
	CQ_TAKEN,
	CQ_ANSWERED
};

enum gift_state {
	CG_OFFERED,
	CG_TAKEN, /* the receiver is at it */
	CG_DONE
};

struct gift {
	TAILQ_ENTRY(gift) cg_link;
	enum gift_state cg_state;
	struct file *cg_file; /* the giver's reference */
	int cg_at;	      /* descriptor, -1: any */
	int cg_fdflags;
	bool cg_answer; /* the descriptor is the call's result */
	int cg_fd, cg_error;
};

struct question {
	TAILQ_ENTRY(question) cq_link;
	struct lwp *cq_lwp;
	uint64_t cq_id;
	enum question_state cq_state;
	bool cq_go_on;	    /* ANSWERED: make the call */
	bool cq_nobody;	    /* ANSWERED: the listener went */
	bool cq_killable;   /* sleeps so that only SIGKILL ends it */
	uint64_t cq_result; /* for the register */
	const uint64_t *cq_input;
	TAILQ_HEAD(, gift) cq_gifts;
};

struct call_listener {
	refcount_t cl_refs;
	struct spinlock cl_spin;
	TAILQ_HEAD(, question) cl_questions; /* (cl_spin) */
	uint64_t cl_next_id;		     /* (cl_spin) */
	bool cl_closed;			     /* (cl_spin) the file is gone */
	bool cl_orphan;			     /* (cl_spin) the filter is gone */
	bool cl_killable;		     /* (c) */
	struct ev_source cl_source;
};

/* --- life ------------------------------------------------------------------------ */

void
call_listener_drop(struct call_listener *cl)
{
	if (ref_drop(&cl->cl_refs))
		kfree(cl, M_LISTENER);
}

/* The filter's reference: nobody will ask any more. */
void
call_listener_orphan(struct call_listener *cl)
{
	bool closed;

	spin_lock(&cl->cl_spin);
	cl->cl_orphan = true;
	closed = cl->cl_closed;
	spin_unlock(&cl->cl_spin);
	wakeup(cl);
	if (!closed)
		ev_notify(&cl->cl_source, EV_HUP);
	call_listener_drop(cl);
}

/* (cl_spin) Let a question's thread look. */
static void
question_wake(struct question *cq)
{
	struct proc *p = cq->cq_lwp->lw_proc;

	if (!cq->cq_killable) {
		wakeup(cq);
		return;
	}
	spin_lock(&p->p_spin);
	wakeup(&cq->cq_lwp->lw_flags);
	spin_unlock(&p->p_spin);
}

static void
listener_fo_close(struct file *fp)
{
	struct call_listener *cl = fp->f_data;
	struct question *cq;

	spin_lock(&cl->cl_spin);
	cl->cl_closed = true;
	TAILQ_FOREACH(cq, &cl->cl_questions, cq_link) {
		if (cq->cq_state == CQ_ANSWERED)
			continue;
		cq->cq_state = CQ_ANSWERED;
		cq->cq_nobody = true;
		question_wake(cq);
	}
	spin_unlock(&cl->cl_spin);
	ev_source_destroy(&cl->cl_source);
	call_listener_drop(cl);
}

static uint32_t
listener_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct call_listener *cl = fp->f_data;
	struct question *cq;
	uint32_t r = 0;

	ev_attach(&cl->cl_source, w);
	spin_lock(&cl->cl_spin);
	TAILQ_FOREACH(cq, &cl->cl_questions, cq_link) {
		if (cq->cq_state == CQ_ASKED)
			r |= EV_IN;
		else if (cq->cq_state == CQ_TAKEN)
			r |= EV_OUT;
	}
	if (cl->cl_orphan)
		r |= EV_HUP;
	spin_unlock(&cl->cl_spin);
	return (r & (events | EV_HUP));
}

static void
listener_fo_name(struct file *fp __unused, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:seccomp notify");
}

static const struct fileops listener_fileops = {
    .fo_poll = listener_fo_poll,
    .fo_stat = file_anon_stat,
    .fo_name = listener_fo_name,
    .fo_close = listener_fo_close,
};

int
call_listener_create(
    bool killable, struct call_listener **clp, struct file **fpp)
{
	struct call_listener *cl;

	if (fault_fires(&listener_fault))
		return (ENOMEM);
	cl = kmalloc(sizeof(*cl), M_LISTENER, M_WAITOK | M_ZERO);
	if (cl == NULL)
		return (ENOMEM);
	ref_init(&cl->cl_refs, 2); /* the file's, the caller's */
	spin_init(&cl->cl_spin, "listener");
	TAILQ_INIT(&cl->cl_questions);
	cl->cl_killable = killable;
	cl->cl_next_id = 1;
	ev_source_init(&cl->cl_source);
	*fpp = file_create(DTYPE_OTHER, FREAD | FWRITE, &listener_fileops, cl);
	if (*fpp == NULL) {
		ev_source_destroy(&cl->cl_source);
		kfree(cl, M_LISTENER);
		return (ENFILE);
	}
	*clp = cl;
	return (0);
}

/* --- asking ------------------------------------------------------------------------ */

/* (cl_spin, dropped meanwhile) Carry out a gift: the current thread's. */
static void
gift_take(struct call_listener *cl, struct question *cq, struct gift *cg)
{
	int error, fd = -1;

	TAILQ_REMOVE(&cq->cq_gifts, cg, cg_link);
	cg->cg_state = CG_TAKEN;
	spin_unlock(&cl->cl_spin);
	if (cg->cg_at >= 0) {
		error = fd_replace(cg->cg_file, cg->cg_at, cg->cg_fdflags);
		fd = cg->cg_at;
	} else
		error = fd_alloc(cg->cg_file, 0, cg->cg_fdflags, &fd);
	spin_lock(&cl->cl_spin);
	cg->cg_fd = fd;
	cg->cg_error = error;
	cg->cg_state = CG_DONE;
	if (cg->cg_answer) {
		cq->cq_state = error == 0 ? CQ_ANSWERED : CQ_TAKEN;
		cq->cq_result = (uint64_t)(int64_t)fd;
	}
	wakeup(cg);
}

/* (cl_spin, dropped meanwhile) 0, or EINTR: a signal that counts. */
static int
question_sleep(struct call_listener *cl, struct question *cq)
{
	struct lwp *lp = cq->cq_lwp;
	struct proc *p = lp->lw_proc;
	int error = 0;

	cq->cq_killable = cl->cl_killable && cq->cq_state == CQ_TAKEN;
	if (!cq->cq_killable)
		return (spin_sleep(
		    cq, &cl->cl_spin, PCATCH, "callask", SLEEP_FOREVER));
	/* p_spin is held from the look to the sleep: no wakeup is lost. */
	spin_lock(&p->p_spin);
	spin_unlock(&cl->cl_spin);
	atomic_or(&lp->lw_flags, LWF_KILLABLE);
	if (sig_killed(lp))
		error = EINTR;
	else
		spin_sleep(
		    &lp->lw_flags, &p->p_spin, PKILL, "callask", SLEEP_FOREVER);
	atomic_and(&lp->lw_flags, ~(uint32_t)LWF_KILLABLE);
	spin_unlock(&p->p_spin);
	spin_lock(&cl->cl_spin);
	cq->cq_killable = false;
	return (error);
}

/* (cl_spin) Off the list; what was still offered finds nobody. */
static void
question_end(struct call_listener *cl, struct question *cq)
{
	struct gift *cg;

	TAILQ_REMOVE(&cl->cl_questions, cq, cq_link);
	while ((cg = TAILQ_FIRST(&cq->cq_gifts)) != NULL) {
		TAILQ_REMOVE(&cq->cq_gifts, cg, cg_link);
		cg->cg_error = ESRCH;
		cg->cg_state = CG_DONE;
		wakeup(cg);
	}
}

/* (cl_spin) Until it is answered: 0, or EINTR. */
static int
question_wait(struct call_listener *cl, struct question *cq)
{
	struct gift *cg;
	int error;

	for (;;) {
		if ((cg = TAILQ_FIRST(&cq->cq_gifts)) != NULL) {
			gift_take(cl, cq, cg);
			continue;
		}
		if (cq->cq_state == CQ_ANSWERED)
			return (0);
		if ((error = question_sleep(cl, cq)) == 0)
			continue;
		if (cq->cq_state == CQ_ANSWERED)
			return (0);
		/* Taken while it slept so that any signal ended it: go on. */
		if (cl->cl_killable && cq->cq_state == CQ_TAKEN &&
		    !sig_killed(cq->cq_lwp))
			continue;
		return (error);
	}
}

int
call_listener_ask(
    struct call_listener *cl, struct lwp *lp, const uint64_t *input)
{
	struct question cq = {.cq_lwp = lp, .cq_input = input};
	int error;

	TAILQ_INIT(&cq.cq_gifts);
	spin_lock(&cl->cl_spin);
	if (cl->cl_closed) {
		spin_unlock(&cl->cl_spin);
		lp->lw_proc->p_abi->abi_result(&lp->lw_frame, ENOSYS, 0);
		return (EJUSTRETURN);
	}
	cq.cq_id = cl->cl_next_id++;
	TAILQ_INSERT_TAIL(&cl->cl_questions, &cq, cq_link);
	spin_unlock(&cl->cl_spin);
	KTR_EVENT(
	    SYSCALL, ask, "tid=%d id=%lu", (uint64_t)lp->lw_tid, cq.cq_id);
	wakeup(cl);
	ev_notify(&cl->cl_source, EV_IN);
	spin_lock(&cl->cl_spin);
	error = question_wait(cl, &cq);
	question_end(cl, &cq);
	spin_unlock(&cl->cl_spin);
	if (error != 0)
		return (ERESTART);
	if (cq.cq_nobody)
		lp->lw_proc->p_abi->abi_result(&lp->lw_frame, ENOSYS, 0);
	else if (cq.cq_go_on)
		return (0);
	else
		lp->lw_frame.tf_rax = cq.cq_result;
	return (EJUSTRETURN);
}

/* --- answering ----------------------------------------------------------------------- */

int
kern_listener_get(int fd, struct file **fpp)
{
	struct file *fp;
	int error;

	if ((error = fd_get(fd, 0, &fp)) != 0)
		return (error);
	if (fp->f_ops != &listener_fileops) {
		file_drop(fp);
		return (ENOTTY);
	}
	*fpp = fp;
	return (0);
}

/* (cl_spin) */
static struct question *
question_find(struct call_listener *cl, uint64_t id)
{
	struct question *cq;

	TAILQ_FOREACH(cq, &cl->cl_questions, cq_link)
		if (cq->cq_id == id)
			return (cq);
	return (NULL);
}

/* (cl_spin) The oldest that nobody has taken, or NULL. */
static struct question *
question_next(struct call_listener *cl)
{
	struct question *cq;

	TAILQ_FOREACH(cq, &cl->cl_questions, cq_link)
		if (cq->cq_state == CQ_ASKED)
			return (cq);
	return (NULL);
}

int
kern_listener_take(struct file *fp, struct call_question *out)
{
	struct call_listener *cl = fp->f_data;
	struct question *cq;
	int error = 0;

	spin_lock(&cl->cl_spin);
	while ((cq = question_next(cl)) == NULL && !cl->cl_orphan && error == 0)
		error = spin_sleep(
		    cl, &cl->cl_spin, PCATCH, "calltake", SLEEP_FOREVER);
	if (error == 0 && cq == NULL)
		error = ENOENT;
	if (error == 0) {
		cq->cq_state = CQ_TAKEN;
		out->cq_id = cq->cq_id;
		out->cq_tid = cq->cq_lwp->lw_tid;
		memcpy(out->cq_input, cq->cq_input, sizeof(out->cq_input));
		/* From now on other signals leave it alone. */
		if (cl->cl_killable)
			question_wake(cq);
	}
	spin_unlock(&cl->cl_spin);
	if (error == 0)
		ev_notify(&cl->cl_source, EV_OUT);
	return (error);
}

void
kern_listener_put_back(struct file *fp, uint64_t id)
{
	struct call_listener *cl = fp->f_data;
	struct question *cq;
	bool found = false;

	spin_lock(&cl->cl_spin);
	if ((cq = question_find(cl, id)) != NULL && cq->cq_state == CQ_TAKEN) {
		cq->cq_state = CQ_ASKED;
		found = true;
		if (cl->cl_killable)
			question_wake(cq);
	}
	spin_unlock(&cl->cl_spin);
	if (!found)
		return;
	wakeup(cl);
	ev_notify(&cl->cl_source, EV_IN);
}

int
kern_listener_answer(struct file *fp, uint64_t id, bool go_on, uint64_t result)
{
	struct call_listener *cl = fp->f_data;
	struct question *cq;
	int error = 0;

	spin_lock(&cl->cl_spin);
	if ((cq = question_find(cl, id)) == NULL)
		error = ENOENT;
	else if (cq->cq_state != CQ_TAKEN)
		error = EINPROGRESS;
	else {
		cq->cq_state = CQ_ANSWERED;
		cq->cq_go_on = go_on;
		cq->cq_result = result;
		question_wake(cq);
	}
	spin_unlock(&cl->cl_spin);
	return (error);
}

int
kern_listener_valid(struct file *fp, uint64_t id)
{
	struct call_listener *cl = fp->f_data;
	struct question *cq;
	bool valid;

	spin_lock(&cl->cl_spin);
	cq = question_find(cl, id);
	valid = cq != NULL && cq->cq_state == CQ_TAKEN;
	spin_unlock(&cl->cl_spin);
	return (valid ? 0 : ENOENT);
}

/* (cl_spin) Wait until the gift is done with; it may be taken back. */
static int
gift_wait(struct call_listener *cl, uint64_t id, struct gift *cg)
{
	struct question *cq;
	int error = 0;

	while (cg->cg_state != CG_DONE && error == 0)
		error = spin_sleep(
		    cg, &cl->cl_spin, PCATCH, "callgift", SLEEP_FOREVER);
	if (cg->cg_state == CG_OFFERED) {
		cq = question_find(cl, id);
		KASSERT(cq != NULL, ("gift_wait: offered to nobody"));
		TAILQ_REMOVE(&cq->cq_gifts, cg, cg_link);
		if (cg->cg_answer)
			cq->cq_state = CQ_TAKEN;
		return (error);
	}
	while (cg->cg_state != CG_DONE)
		spin_sleep(cg, &cl->cl_spin, 0, "callgift", SLEEP_FOREVER);
	return (cg->cg_error);
}

int
kern_listener_give(
    struct file *fp, uint64_t id, const struct call_gift *what, int *fdp)
{
	struct call_listener *cl = fp->f_data;
	struct gift cg = {.cg_at = what->cg_at,
	    .cg_fdflags = what->cg_fdflags,
	    .cg_answer = what->cg_answer};
	struct question *cq;
	int error;

	if ((error = fd_get(what->cg_from, 0, &cg.cg_file)) != 0)
		return (error);
	spin_lock(&cl->cl_spin);
	if ((cq = question_find(cl, id)) == NULL)
		error = ENOENT;
	else if (cq->cq_state != CQ_TAKEN)
		error = EINPROGRESS;
	else if (what->cg_answer && !TAILQ_EMPTY(&cq->cq_gifts))
		error = EBUSY;
	else {
		TAILQ_INSERT_TAIL(&cq->cq_gifts, &cg, cg_link);
		/* Nobody else may answer; the gift comes first. */
		if (what->cg_answer)
			cq->cq_state = CQ_ANSWERED;
		question_wake(cq);
		error = gift_wait(cl, id, &cg);
	}
	spin_unlock(&cl->cl_spin);
	file_drop(cg.cg_file);
	*fdp = cg.cg_fd;
	return (error);
}
