/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/self/fail-nth and /proc/thread-self/fail-nth, as Linux has them
 * (Documentation/fault-injection): a thread writes N, and the N-th place from
 * then on at which the kernel may fail for it does.  Reading gives what is left
 * to count; 0 says that it failed, or was never set.
 */
#include <sys/systm.h>
#include <sys/fault.h>
#include <sys/proc.h>
#include <sys/ucred.h>

#include "procfs_var.h"

static struct lwp *
own_lwp(struct procfs_node *pn)
{
	struct lwp *lp = curlwp;
	pid_t tid = pn->pn_tid != 0 ? pn->pn_tid : pn->pn_proc->p_pid;

	return (lp != NULL && lp->lw_proc == pn->pn_proc && lp->lw_tid == tid
		? lp
		: NULL);
}

/* Nothing to tell of other threads. */
int
pid_fail_nth(struct procfs_node *pn, struct procfs_text *t)
{
	struct lwp *lp = own_lwp(pn);

	text_printf(t, "%u\n", lp != NULL ? lp->lw_fault_nth : 0);
	return (0);
}

/* EINVAL: no number.  EPERM: not the thread itself, or not root. */
int
pid_fail_nth_write(struct procfs_node *pn, char *text, size_t len)
{
	struct lwp *lp = own_lwp(pn);
	uint64_t n;
	int error;

	if (lp == NULL)
		return (EPERM);
	if ((error = cred_check_cap(cred_current(), CAP_SYS_RESOURCE)) != 0)
		return (error);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	text[len] = '\0';
	if (kstrtou64(text, 0, &n) != 0 || n > INT32_MAX)
		return (EINVAL);
	fault_lwp_set(lp, (uint32_t)n);
	return (0);
}
