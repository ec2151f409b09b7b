/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V semaphores: sets, operations, waiting.
 *
 * 1. An operation is a row of changes that happen all or not at all.  sem_try
 *    makes them one after another and takes them back if one cannot be made.
 *
 * 2. Who must wait is a struct waiter on its own stack, in its set's queue, in
 *    the order of arrival.  Whoever changes a set (sem_changed) tries the
 *    waiters in that order and makes the changes for them, from the beginning
 *    again after each success, until none can go on.  So a waiter that wakes has
 *    its result, and nobody overtakes one that could have gone.
 *
 * 3. Undo.  A process that uses SEM_UNDO has an adjustment for each semaphore
 *    of each set it did so on; they are applied when it ends.  The adjustments
 *    of one (process, set) are a struct sem_undo, on a list of either.  Setting
 *    a value forgets the adjustments of that semaphore.
 *
 * 4. Locking.  sem_table.it_spin guards sets, values, queues and undo lists.
 *    Memory is allocated without it: look, let go, allocate, look again.
 */
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include "sysv_var.h"

#define SEM_ADJ_MAX SEM_VALUE_MAX

struct sem {
	int s_value;
	pid_t s_pid; /* of the last operation */
};

struct sem_undo;
struct waiter;

struct semset {
	struct ipc_object ss_io;
	uint64_t ss_nsems;		 /* (c) */
	int64_t ss_otime, ss_ctime;	 /* (i) */
	TAILQ_HEAD(, waiter) ss_waiters; /* (i) */
	LIST_HEAD(, sem_undo) ss_undos;	 /* (i) */
	struct sem ss_sems[];		 /* (i) */
};

struct sem_undo {
	LIST_ENTRY(sem_undo) su_set_link, su_proc_link; /* (i) */
	struct semset *su_set;				/* (i) */
	struct proc *su_proc;				/* (c) */
	int16_t su_adjust[];				/* (i) */
};

struct waiter {
	TAILQ_ENTRY(waiter) w_link; /* (i) */
	const struct sem_op *w_ops;
	unsigned w_n;
	struct sem_undo *w_undo; /* or NULL */
	pid_t w_pid;
	const struct sem_op *w_blocking; /* (i) what it waits for */
	bool w_done;			 /* (i) off the queue */
	int w_error;			 /* (i) */
};

static struct lock_class sem_class = {"sysv sem", 0};
static struct ipc_table sem_table = {
    .it_spin = SPIN_INIT_CLASS(&sem_class), .it_highest = -1, .it_last = -1};
static uint64_t sem_count; /* (i) semaphores of all sets */
/* per set, of all sets, operations of one call, sets */
static int sem_limits[4] = {32000, 1024000000, 500, 32000}; /* (i) */

static struct semset *
semset_of(struct ipc_object *io)
{
	return ((struct semset *)io);
}

/* --- operations -------------------------------------------------------------------- */

/* Does op go on a semaphore of this value?  0, EAGAIN (wait), ERANGE. */
static int
sem_apply(struct sem *s, const struct sem_op *op, struct sem_undo *su)
{
	int value = s->s_value + op->op, adjust;

	if (op->op == 0)
		return (s->s_value != 0 ? EAGAIN : 0);
	if (value < 0)
		return (EAGAIN);
	if (value > SEM_VALUE_MAX)
		return (ERANGE);
	if ((op->flags & SEM_UNDO) != 0) {
		adjust = su->su_adjust[op->num] - op->op;
		if (adjust < -SEM_ADJ_MAX - 1 || adjust > SEM_ADJ_MAX)
			return (ERANGE);
		su->su_adjust[op->num] = (int16_t)adjust;
	}
	s->s_value = value;
	return (0);
}

static void
sem_take_back(struct semset *ss, const struct waiter *w, unsigned n)
{
	while (n-- > 0) {
		const struct sem_op *op = &w->w_ops[n];

		ss->ss_sems[op->num].s_value -= op->op;
		if (op->op != 0 && (op->flags & SEM_UNDO) != 0)
			w->w_undo->su_adjust[op->num] =
			    (int16_t)(w->w_undo->su_adjust[op->num] + op->op);
	}
}

/*
 * All or nothing.  0; EAGAIN: w_blocking says what cannot be done now; ERANGE.
 */
static int
sem_try(struct semset *ss, struct waiter *w)
{
	int error;

	SPIN_ASSERT(&sem_table.it_spin);
	for (unsigned i = 0; i < w->w_n; i++) {
		const struct sem_op *op = &w->w_ops[i];

		error = sem_apply(&ss->ss_sems[op->num], op, w->w_undo);
		if (error != 0) {
			w->w_blocking = op;
			sem_take_back(ss, w, i);
			return (error);
		}
	}
	for (unsigned i = 0; i < w->w_n; i++)
		ss->ss_sems[w->w_ops[i].num].s_pid = w->w_pid;
	ss->ss_otime = ipc_now();
	return (0);
}

/* w's waiting is over. */
static void
sem_finish(struct semset *ss, struct waiter *w, int error)
{
	TAILQ_REMOVE(&ss->ss_waiters, w, w_link);
	w->w_error = error;
	w->w_done = true;
	wakeup(w);
}

/* Values changed: let those go on who can. */
static void
sem_changed(struct semset *ss)
{
	struct waiter *w, *next;
	int error;

	SPIN_ASSERT(&sem_table.it_spin);
	for (w = TAILQ_FIRST(&ss->ss_waiters); w != NULL; w = next) {
		next = TAILQ_NEXT(w, w_link);
		if ((error = sem_try(ss, w)) == EAGAIN)
			continue;
		sem_finish(ss, w, error);
		if (error == 0)
			next = TAILQ_FIRST(&ss->ss_waiters);
	}
}

/* --- undo ---------------------------------------------------------------------------- */

static struct sem_undo *
sem_undo_find(struct semset *ss, struct proc *p)
{
	struct sem_undo *su;

	SPIN_ASSERT(&sem_table.it_spin);
	LIST_FOREACH(su, &ss->ss_undos, su_set_link)
		if (su->su_proc == p)
			return (su);
	return (NULL);
}

static void
sem_undo_forget(struct semset *ss, uint64_t num)
{
	struct sem_undo *su;

	LIST_FOREACH(su, &ss->ss_undos, su_set_link)
		su->su_adjust[num] = 0;
}

/* Enter a fresh one, unless another thread of p was faster.  What is left. */
static struct sem_undo *
sem_undo_enter(struct semset *ss, struct proc *p, struct sem_undo *su)
{
	if (sem_undo_find(ss, p) != NULL)
		return (su);
	su->su_set = ss;
	su->su_proc = p;
	LIST_INSERT_HEAD(&ss->ss_undos, su, su_set_link);
	LIST_INSERT_HEAD(&p->p_semundo, su, su_proc_link);
	return (NULL);
}

static void
sem_undo_leave(struct sem_undo *su)
{
	LIST_REMOVE(su, su_set_link);
	LIST_REMOVE(su, su_proc_link);
}

/* A process ends: what it did with SEM_UNDO is undone, as far as it goes. */
static void
sem_undo_apply(struct sem_undo *su)
{
	struct semset *ss = su->su_set;

	for (uint64_t i = 0; i < ss->ss_nsems; i++) {
		struct sem *s = &ss->ss_sems[i];

		if (su->su_adjust[i] == 0)
			continue;
		s->s_value += su->su_adjust[i];
		s->s_value = MIN(MAX(s->s_value, 0), SEM_VALUE_MAX);
		s->s_pid = su->su_proc->p_pid;
	}
	ss->ss_otime = ipc_now();
}

void
sysv_sem_exit(struct proc *p)
{
	struct sem_undo *su;

	spin_lock(&sem_table.it_spin);
	while ((su = LIST_FIRST(&p->p_semundo)) != NULL) {
		struct semset *ss = su->su_set;

		sem_undo_apply(su);
		sem_undo_leave(su);
		sem_changed(ss);
		spin_unlock(&sem_table.it_spin);
		kfree(su, M_SYSV);
		spin_lock(&sem_table.it_spin);
	}
	spin_unlock(&sem_table.it_spin);
}

/* --- semop ----------------------------------------------------------------------------- */

/* What the operations need: the right to read or to alter, an undo list. */
static void
sem_ops_need(const struct sem_op *ops, unsigned n, mode_t *accessp,
    uint16_t *highestp, bool *undop)
{
	*accessp = 4;
	*highestp = 0;
	*undop = false;
	for (unsigned i = 0; i < n; i++) {
		if (ops[i].op != 0)
			*accessp = 2;
		if (ops[i].op != 0 && (ops[i].flags & SEM_UNDO) != 0)
			*undop = true;
		*highestp = MAX(*highestp, ops[i].num);
	}
}

/*
 * The set for these operations, with (i) held on success.  EINVAL, EFBIG,
 * EACCES, ENOMEM.
 */
static int
sem_set_lock(int id, const struct sem_op *ops, unsigned n,
    struct sem_undo **undop, struct semset **ssp)
{
	struct sem_undo *fresh = NULL;
	struct ipc_object *io = NULL;
	struct semset *ss;
	uint16_t highest;
	uint64_t nsems;
	mode_t access;
	bool undo;
	int error;

	sem_ops_need(ops, n, &access, &highest, &undo);
	for (;;) {
		spin_lock(&sem_table.it_spin);
		error = ipc_find(&sem_table, id, 0, &io);
		ss = semset_of(io);
		if (error == 0 && highest >= ss->ss_nsems)
			error = EFBIG;
		if (error == 0)
			error = ipc_find_for(&sem_table, id, 0, access, &io);
		if (error != 0)
			break;
		if (undo && fresh != NULL)
			fresh = sem_undo_enter(ss, curproc, fresh);
		*undop = sem_undo_find(ss, curproc);
		if (!undo || *undop != NULL)
			break;
		nsems = ss->ss_nsems;
		spin_unlock(&sem_table.it_spin);
		fresh = kmalloc(sizeof(*fresh) + nsems * sizeof(int16_t),
		    M_SYSV, M_WAITOK | M_ZERO);
		if (fresh == NULL)
			return (ENOMEM);
	}
	if (error != 0)
		spin_unlock(&sem_table.it_spin);
	kfree(fresh, M_SYSV); /* another thread was faster, or the set went */
	*ssp = ss;
	return (error);
}

/* (i) Sleep until somebody finishes w, or it ends by itself. */
static int
sem_wait(struct semset *ss, struct waiter *w, nstime_t timeout_ns)
{
	nstime_t end = timeout_ns < 0 ? 0 : clock_mono() + timeout_ns, left;
	int error = 0;

	TAILQ_INSERT_TAIL(&ss->ss_waiters, w, w_link);
	while (!w->w_done && error == 0) {
		left = timeout_ns < 0 ? SLEEP_FOREVER : end - clock_mono();
		if (timeout_ns >= 0 && left <= 0)
			error = EWOULDBLOCK;
		else
			error = spin_sleep(
			    w, &sem_table.it_spin, PCATCH, "semop", left);
	}
	if (w->w_done)
		return (w->w_error);
	TAILQ_REMOVE(&ss->ss_waiters, w, w_link);
	/* Not restarted after a handler: the call is marked so. */
	return (error == EWOULDBLOCK ? EAGAIN : EINTR);
}

int
kern_semop(int id, const struct sem_op *ops, unsigned n, nstime_t timeout_ns)
{
	struct waiter w = {.w_ops = ops, .w_n = n};
	struct semset *ss;
	int error;

	if (n == 0 || id < 0)
		return (EINVAL);
	if (n > (unsigned)sem_limits[2])
		return (E2BIG);
	if ((error = sem_set_lock(id, ops, n, &w.w_undo, &ss)) != 0)
		return (error);
	w.w_pid = curproc->p_pid;
	error = sem_try(ss, &w);
	if (error == 0)
		sem_changed(ss);
	else if (error == EAGAIN && (w.w_blocking->flags & IPC_NOWAIT) == 0)
		error = sem_wait(ss, &w, timeout_ns);
	spin_unlock(&sem_table.it_spin);
	KTR_EVENT(PROC, semop, "id=%d n=%u error=%d", (uint64_t)id, (uint64_t)n,
	    (uint64_t)error);
	return (error);
}

/* --- semget ----------------------------------------------------------------------------- */

static int
sem_match(struct ipc_object *io, uint64_t nsems)
{
	return (nsems > semset_of(io)->ss_nsems ? EINVAL : 0);
}

static struct semset *
semset_alloc(uint64_t nsems)
{
	struct semset *ss;

	ss = kmalloc(sizeof(*ss) + nsems * sizeof(struct sem), M_SYSV,
	    M_WAITOK | M_ZERO);
	if (ss == NULL)
		return (NULL);
	ss->ss_nsems = nsems;
	ss->ss_ctime = ipc_now();
	TAILQ_INIT(&ss->ss_waiters);
	LIST_INIT(&ss->ss_undos);
	return (ss);
}

/* As shm_get_try. */
static int
sem_get_try(int key, uint64_t nsems, int flags, struct semset **ssp, int *idp)
{
	struct ipc_object *io;
	int error;

	spin_lock(&sem_table.it_spin);
	error = ipc_find_key(&sem_table, key, flags, sem_match, nsems, &io);
	if (error == ENOENT &&
	    ((flags & IPC_CREAT) != 0 || key == IPC_PRIVATE)) {
		if (nsems == 0)
			error = EINVAL;
		else if (sem_count + nsems > (uint64_t)sem_limits[1])
			error = ENOSPC;
		else if (*ssp != NULL) {
			io = &(*ssp)->ss_io;
			error = ipc_enter(
			    &sem_table, io, key, flags, sem_limits[3]);
			if (error == 0) {
				sem_count += nsems;
				*ssp = NULL;
			}
		}
	}
	if (error == 0)
		*idp = io->io_perm.id;
	spin_unlock(&sem_table.it_spin);
	return (error);
}

int
kern_semget(int key, int nsems, int flags, int *idp)
{
	bool make = (flags & IPC_CREAT) != 0 || key == IPC_PRIVATE;
	struct semset *ss = NULL;
	int error;

	if (nsems < 0 || nsems > sem_limits[0])
		return (EINVAL);
	for (;;) {
		error = sem_get_try(key, (uint64_t)nsems, flags, &ss, idp);
		if (error == ENOENT && make && ss == NULL) {
			if ((ss = semset_alloc((uint64_t)nsems)) == NULL)
				return (ENOMEM);
		} else if (error != EAGAIN ||
		    (error = ipc_table_grow(&sem_table)) != 0) {
			break;
		}
	}
	kfree(ss, M_SYSV);
	return (error);
}

/* --- control ------------------------------------------------------------------------------ */

int
kern_sem_stat(int id, int how, struct sem_status *st)
{
	struct ipc_object *io;
	int error;

	spin_lock(&sem_table.it_spin);
	if ((error = ipc_find_for(&sem_table, id, how, 4, &io)) == 0) {
		st->perm = io->io_perm;
		st->otime = semset_of(io)->ss_otime;
		st->ctime = semset_of(io)->ss_ctime;
		st->nsems = semset_of(io)->ss_nsems;
	}
	spin_unlock(&sem_table.it_spin);
	return (error);
}

int
kern_sem_set(int id, uid_t uid, gid_t gid, mode_t mode)
{
	struct ipc_object *io;
	int error;

	spin_lock(&sem_table.it_spin);
	if ((error = ipc_find_owned(&sem_table, id, &io)) == 0 &&
	    (error = ipc_set(io, uid, gid, mode)) == 0)
		semset_of(io)->ss_ctime = ipc_now();
	spin_unlock(&sem_table.it_spin);
	return (error);
}

/* (i) Out of the table, waiters told, undo lists cut; frees outside the lock. */
static void
semset_destroy(struct semset *ss)
{
	struct sem_undo *su;
	struct waiter *w;

	ipc_leave(&sem_table, &ss->ss_io);
	sem_count -= ss->ss_nsems;
	while ((w = TAILQ_FIRST(&ss->ss_waiters)) != NULL)
		sem_finish(ss, w, EIDRM);
	while ((su = LIST_FIRST(&ss->ss_undos)) != NULL) {
		sem_undo_leave(su);
		kfree(su, M_SYSV);
	}
}

int
kern_sem_remove(int id)
{
	struct semset *ss = NULL;
	struct ipc_object *io;
	int error;

	spin_lock(&sem_table.it_spin);
	if ((error = ipc_find_owned(&sem_table, id, &io)) == 0) {
		ss = semset_of(io);
		semset_destroy(ss);
	}
	spin_unlock(&sem_table.it_spin);
	kfree(ss, M_SYSV);
	return (error);
}

/* (i) The set for access and, if num is not -1, a semaphore of it. */
static int
sem_find(int id, int num, mode_t access, struct semset **ssp)
{
	struct ipc_object *io = NULL;
	int error = ipc_find(&sem_table, id, 0, &io);

	if (error == 0 && num != -1 &&
	    (num < 0 || (uint64_t)num >= semset_of(io)->ss_nsems))
		error = EINVAL;
	if (error == 0)
		error = ipc_find_for(&sem_table, id, 0, access, &io);
	*ssp = semset_of(io);
	return (error);
}

/* Waiters whose next step is to see num at zero, or higher. */
static int
sem_waiters(struct semset *ss, int num, bool zero)
{
	struct waiter *w;
	int n = 0;

	TAILQ_FOREACH(w, &ss->ss_waiters, w_link)
		if (w->w_blocking->num == num &&
		    (w->w_blocking->op == 0) == zero)
			n++;
	return (n);
}

int
kern_sem_get(int id, int num, enum sem_query what, int *valuep)
{
	struct semset *ss;
	int error;

	spin_lock(&sem_table.it_spin);
	if ((error = sem_find(id, num < 0 ? INT32_MAX : num, 4, &ss)) == 0) {
		if (what == SEMQ_VALUE)
			*valuep = ss->ss_sems[num].s_value;
		else if (what == SEMQ_PID)
			*valuep = ss->ss_sems[num].s_pid;
		else
			*valuep = sem_waiters(ss, num, what == SEMQ_ZCNT);
	}
	spin_unlock(&sem_table.it_spin);
	return (error);
}

/* (i) */
static void
sem_assign(struct semset *ss, uint64_t num, int value)
{
	ss->ss_sems[num].s_value = value;
	ss->ss_sems[num].s_pid = curproc->p_pid;
	sem_undo_forget(ss, num);
}

int
kern_sem_setval(int id, int num, int value)
{
	struct semset *ss;
	int error;

	if (value < 0 || value > SEM_VALUE_MAX)
		return (ERANGE);
	spin_lock(&sem_table.it_spin);
	if ((error = sem_find(id, num < 0 ? INT32_MAX : num, 2, &ss)) == 0) {
		sem_assign(ss, (uint64_t)num, value);
		ss->ss_ctime = ipc_now();
		sem_changed(ss);
	}
	spin_unlock(&sem_table.it_spin);
	return (error);
}

int
kern_sem_getall(int id, uint16_t *values, uint64_t nsems)
{
	struct semset *ss;
	int error;

	spin_lock(&sem_table.it_spin);
	error = sem_find(id, -1, 4, &ss);
	if (error == 0 && ss->ss_nsems != nsems)
		error = EIDRM; /* another set has the id now */
	for (uint64_t i = 0; error == 0 && i < nsems; i++)
		values[i] = (uint16_t)ss->ss_sems[i].s_value;
	spin_unlock(&sem_table.it_spin);
	return (error);
}

int
kern_sem_setall(int id, const uint16_t *values, uint64_t nsems)
{
	struct semset *ss;
	int error;

	for (uint64_t i = 0; i < nsems; i++)
		if (values[i] > SEM_VALUE_MAX)
			return (ERANGE);
	spin_lock(&sem_table.it_spin);
	error = sem_find(id, -1, 2, &ss);
	if (error == 0 && ss->ss_nsems != nsems)
		error = EIDRM;
	if (error == 0) {
		for (uint64_t i = 0; i < nsems; i++)
			sem_assign(ss, i, values[i]);
		ss->ss_ctime = ipc_now();
		sem_changed(ss);
	}
	spin_unlock(&sem_table.it_spin);
	return (error);
}

void
kern_sem_totals(struct sem_totals *t)
{
	spin_lock(&sem_table.it_spin);
	t->sets = sem_table.it_used;
	t->highest = MAX(sem_table.it_highest, 0);
	t->sems = sem_count;
	t->max_per_set = sem_limits[0];
	t->max_sems = sem_limits[1];
	t->max_ops = sem_limits[2];
	t->max_sets = sem_limits[3];
	spin_unlock(&sem_table.it_spin);
}

int
kern_sem_limits_set(const int limits[4])
{
	/* A set's size and a call's operations fit their number's type. */
	if (limits[0] < 0 || limits[0] > (int)UINT16_MAX || limits[1] < 0 ||
	    limits[2] < 0 || limits[2] > (int)UINT16_MAX || limits[3] < 0 ||
	    limits[3] > IPC_SLOTS_MAX)
		return (EINVAL);
	spin_lock(&sem_table.it_spin);
	memcpy(sem_limits, limits, sizeof(sem_limits));
	spin_unlock(&sem_table.it_spin);
	return (0);
}

static void
sem_shutdown(void)
{
	for (int i = 0; i < sem_table.it_nslots; i++) {
		struct semset *ss;

		spin_lock(&sem_table.it_spin);
		if ((ss = semset_of(sem_table.it_slots[i])) != NULL)
			semset_destroy(ss);
		spin_unlock(&sem_table.it_spin);
		kfree(ss, M_SYSV);
	}
	ipc_table_free(&sem_table);
}
SHUTDOWN_HOOK(sysv_sem, sem_shutdown);
