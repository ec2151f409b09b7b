/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux futexes on the futex core.  PI operations are refused (ENOSYS).
 */
#include "linux_var.h"

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
		return (ENOSYS);
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
