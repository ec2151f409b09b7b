/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux futexes on the futex core.  Requeueing to a PI lock is done in two steps:
 * the waiters are woken, and each takes the lock before it returns.
 */
#include "linux_var.h"
#include <sys/malloc.h>

/*
 * An absolute deadline for the call, 0: none.  WAIT takes a relative time, which
 * a restarted call goes on with; WAIT_BITSET an absolute one.
 */
static int
futex_deadline(struct lwp *lp, int op, uaddr_t uts, nstime_t *deadlinep)
{
	nstime_t t;
	int error;

	*deadlinep = 0;
	if ((error = timeout_copyin(uts, &t)) != 0 || t < 0)
		return (error);
	if (op == LINUX_FUTEX_WAIT_BITSET) {
		*deadlinep = MAX(t, 1);
	} else if (lp->lw_restart_kind == LWR_FUTEX) {
		*deadlinep = lp->lw_restart_deadline;
	} else {
		*deadlinep = clock_mono() + MAX(t, 1);
		lp->lw_restart_kind = LWR_FUTEX;
		lp->lw_restart_deadline = *deadlinep;
	}
	return (0);
}

static int
futex_wait(
    struct lwp *lp, const struct linux_futex_args *uap, int op, bool shared)
{
	uint32_t bits = op == LINUX_FUTEX_WAIT ? ~0u : uap->value3;
	int clock = (uap->op & LINUX_FUTEX_REALTIME) != 0 ? CLOCK_REALTIME
							  : CLOCK_MONOTONIC;
	nstime_t deadline;
	int error;

	if (op == LINUX_FUTEX_WAIT)
		clock =
		    CLOCK_MONOTONIC; /* relative: the clock does not count */
	if ((error = futex_deadline(lp, op, uap->timeout, &deadline)) != 0)
		return (error);
	error = kern_futex_wait(
	    uap->word, uap->value, bits, shared, deadline, clock);
	if (error == EINTR || error == ERESTART)
		return (deadline != 0 && op == LINUX_FUTEX_WAIT ? ERESTARTNOHAND
								: ERESTART);
	return (error);
}

/* --- WAKE_OP: change a word, wake on one, and on another if it compared --------- */

static uint32_t
wake_op_new(uint32_t op, uint32_t arg, uint32_t old)
{
	switch (op) {
	case 0:
		return (arg);
	case 1:
		return (old + arg);
	case 2:
		return (old | arg);
	case 3:
		return (old & ~arg);
	default:
		return (old ^ arg);
	}
}

static bool
wake_op_cmp(uint32_t cmp, int32_t old, int32_t arg)
{
	switch (cmp) {
	case 0:
		return (old == arg);
	case 1:
		return (old != arg);
	case 2:
		return (old < arg);
	case 3:
		return (old <= arg);
	case 4:
		return (old > arg);
	default:
		return (old >= arg);
	}
}

/* 12 bits, sign-extended. */
static int32_t
wake_op_arg(uint32_t v)
{
	return ((int32_t)(v << 20) >> 20);
}

static int
futex_wake_op(const struct linux_futex_args *uap, bool shared, uint64_t *resp)
{
	uint32_t code = uap->value3, op = (code >> 28) & 7, old, seen;
	uint32_t cmp = (code >> 24) & 15;
	int32_t arg = wake_op_arg((code >> 12) & 0xfff);
	int error, n1 = 0, n2 = 0;

	if (op > 4 || cmp > 5 || (uap->word2 & 3) != 0)
		return (EINVAL);
	if ((code & 0x80000000u) != 0) /* the argument is a bit number */
		arg = (int32_t)(1u << (arg & 31));
	if ((error = user_load32(uap->word2, &old)) != 0)
		return (error);
	for (;;) {
		error = user_cmpxchg32(uap->word2, old,
		    wake_op_new(op, (uint32_t)arg, old), &seen);
		if (error != 0)
			return (error);
		if (seen == old)
			break;
		old = seen;
	}
	error = kern_futex_wake(uap->word, (int)uap->value, ~0u, shared, &n1);
	if (error == 0 &&
	    wake_op_cmp(cmp, (int32_t)old, wake_op_arg(code & 0xfff)))
		error = kern_futex_wake(
		    uap->word2, (int)uap->timeout, ~0u, shared, &n2);
	*resp = (uint64_t)(n1 + n2);
	return (error);
}

/* --- priority inheritance --------------------------------------------------------- */

enum {
	L_LOCK_PI = 6,
	L_UNLOCK_PI,
	L_TRYLOCK_PI,
	L_WAIT_REQUEUE_PI = 11,
	L_CMP_REQUEUE_PI,
	L_LOCK_PI2
};

static int
pi_clock(int op, const struct linux_futex_args *uap)
{
	if (op == L_LOCK_PI || (uap->op & LINUX_FUTEX_REALTIME) != 0)
		return (CLOCK_REALTIME);
	return (CLOCK_MONOTONIC);
}

static int
futex_lock_pi(
    uaddr_t word, uaddr_t utimeout, bool shared, bool only_try, int clock)
{
	nstime_t t = -1;
	int error = 0;

	if (!only_try)
		error = timeout_copyin(utimeout, &t);
	if (error == 0)
		error = kern_futex_lock_pi(
		    word, shared, only_try, t < 0 ? 0 : MAX(t, 1), clock);
	/* Never told to the program: the call goes on after the handler. */
	return (error == EINTR || error == ERESTART ? ERESTARTNOINTR : error);
}

/* Wait on the first word, then take the lock that is the second. */
static int
futex_wait_requeue_pi(const struct linux_futex_args *uap, bool shared)
{
	int clock = pi_clock(L_WAIT_REQUEUE_PI, uap), error;
	nstime_t t;

	if (uap->word == uap->word2)
		return (EINVAL);
	if ((error = timeout_copyin(uap->timeout, &t)) != 0)
		return (error);
	error = kern_futex_wait(
	    uap->word, uap->value, ~0u, shared, t < 0 ? 0 : MAX(t, 1), clock);
	if (error == EINTR || error == ERESTART)
		return (ERESTART);
	return (error != 0 ? error
			   : kern_futex_lock_pi(uap->word2, shared, false,
				 t < 0 ? 0 : MAX(t, 1), clock));
}

static int
futex_cmp_requeue_pi(
    const struct linux_futex_args *uap, bool shared, uint64_t *resp)
{
	int error, n = 0;
	uint32_t value;

	if (uap->value != 1 || (int)uap->timeout < 0)
		return (EINVAL);
	if ((error = user_load32(uap->word, &value)) != 0)
		return (error);
	if (value != uap->value3)
		return (EAGAIN);
	error =
	    kern_futex_wake(uap->word, 1 + (int)uap->timeout, ~0u, shared, &n);
	*resp = (uint64_t)n;
	return (error);
}

static int
futex_pi(
    const struct linux_futex_args *uap, int op, bool shared, uint64_t *resp)
{
	switch (op) {
	case L_LOCK_PI:
	case L_LOCK_PI2:
		return (futex_lock_pi(
		    uap->word, uap->timeout, shared, false, pi_clock(op, uap)));
	case L_TRYLOCK_PI:
		return (futex_lock_pi(uap->word, 0, shared, true, 0));
	case L_UNLOCK_PI:
		return (kern_futex_unlock_pi(uap->word, shared));
	case L_WAIT_REQUEUE_PI:
		return (futex_wait_requeue_pi(uap, shared));
	case L_CMP_REQUEUE_PI:
		return (futex_cmp_requeue_pi(uap, shared, resp));
	default:
		return (ENOSYS);
	}
}

/* --- several words ---------------------------------------------------------------- */

struct linux_futex_waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};
#define WAITV_MAX      128
#define FUTEX2_U32     2
#define FUTEX2_PRIVATE 128

static int
waitv_in(uaddr_t u, unsigned n, struct kfutex_wait *v)
{
	struct linux_futex_waitv l;
	int error;

	for (unsigned i = 0; i < n; i++) {
		if ((error = copyin(u + i * sizeof(l), &l, sizeof(l))) != 0)
			return (error);
		if ((l.flags & ~(uint32_t)FUTEX2_PRIVATE) != FUTEX2_U32 ||
		    l.reserved != 0 || l.val > UINT32_MAX)
			return (EINVAL);
		v[i] = (struct kfutex_wait){
		    l.uaddr, (uint32_t)l.val, (l.flags & FUTEX2_PRIVATE) == 0};
	}
	return (0);
}

int
linux_futex_waitv(
    struct lwp *lp, const struct linux_futex_waitv_args *uap, uint64_t *resp)
{
	int error, index = 0, clock = linux_clock(uap->clock);
	struct kfutex_wait *v;
	nstime_t t = -1;

	if (uap->flags != 0 || uap->n == 0 || uap->n > WAITV_MAX ||
	    uap->waiters == 0)
		return (EINVAL);
	if (uap->timeout != 0) {
		if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
			return (EINVAL);
		if ((error = timeout_copyin(uap->timeout, &t)) != 0)
			return (error);
	}
	v = kmalloc(uap->n * sizeof(*v), M_TEMP, M_WAITOK);
	if (v == NULL)
		return (ENOMEM);
	error = waitv_in(uap->waiters, uap->n, v);
	if (error == 0)
		error = kern_futex_waitv(
		    v, uap->n, t < 0 ? 0 : MAX(t, 1), clock, &index);
	kfree(v, M_TEMP);
	*resp = (uint64_t)index;
	return (error);
}

int
linux_futex(struct lwp *lp, const struct linux_futex_args *uap, uint64_t *resp)
{
	int op = uap->op & ~(LINUX_FUTEX_PRIVATE | LINUX_FUTEX_REALTIME);
	bool shared = (uap->op & LINUX_FUTEX_PRIVATE) == 0;
	int error, n = 0;

	switch (op) {
	case LINUX_FUTEX_WAIT:
	case LINUX_FUTEX_WAIT_BITSET:
		return (futex_wait(lp, uap, op, shared));
	case LINUX_FUTEX_WAKE:
		error = kern_futex_wake(
		    uap->word, (int)uap->value, ~0u, shared, &n);
		break;
	case LINUX_FUTEX_WAKE_BITSET:
		error = kern_futex_wake(
		    uap->word, (int)uap->value, uap->value3, shared, &n);
		break;
	case LINUX_FUTEX_REQUEUE:
	case LINUX_FUTEX_CMP_REQUEUE:
		error = kern_futex_requeue(uap->word, uap->word2,
		    (int)uap->value, (int)uap->timeout,
		    op == LINUX_FUTEX_CMP_REQUEUE, uap->value3, shared, &n);
		break;
	case LINUX_FUTEX_WAKE_OP:
		return (futex_wake_op(uap, shared, resp));
	default:
		return (futex_pi(uap, op, shared, resp));
	}
	*resp = (uint64_t)n;
	return (error);
}

#define ROBUST_HEAD_BYTES 24

int
linux_set_robust_list(struct lwp *lp,
    const struct linux_set_robust_list_args *uap, uint64_t *resp)
{
	if (uap->len != ROBUST_HEAD_BYTES)
		return (EINVAL);
	lp->lw_robust_list = uap->head;
	lp->lw_robust_len = uap->len;
	return (0);
}

int
linux_get_robust_list(struct lwp *lp,
    const struct linux_get_robust_list_args *uap, uint64_t *resp)
{
	uint64_t head = 0, len = ROBUST_HEAD_BYTES;
	struct lwp *l;
	int error = 0;

	lock_shared(&proctree_lock);
	l = uap->pid == 0 ? lp : lwp_find(uap->pid);
	if (l == NULL)
		error = ESRCH;
	else if ((error = sig_permitted(l->lw_proc, SIGKILL)) == 0)
		head = l->lw_robust_list;
	lock_release(&proctree_lock);
	if (error == 0)
		error = copyout(&head, uap->head, sizeof(head));
	if (error == 0)
		error = copyout(&len, uap->len, sizeof(len));
	return (error);
}
