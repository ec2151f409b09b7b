/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: what the out-of-memory killer thinks of a process.
 *
 * oom_score: thousandths of the memory that it uses, moved by oom_score_adj
 * (-1000..1000; -1000: never).  oom_adj is the older scale, -17..15.  Anybody
 * may raise his own; to lower it takes privilege.
 */
#include <sys/systm.h>
#include <sys/proc.h>
#include <sys/ucred.h>
#include <vm/vm.h>

#include "procfs_var.h"

#define OLD_NEVER (-17)
#define OLD_MAX	  15

int
pid_oom_score(struct procfs_node *pn, struct procfs_text *t)
{
	struct vmspace *vm = proc_vmspace_hold(pn->pn_proc);
	struct vmspace_stats st = {0};
	struct vm_stats vs;
	int64_t score;

	if (vm != NULL) {
		vmspace_stats(vm, &st);
		vmspace_drop(vm);
	}
	vm_stats_get(&vs);
	score =
	    (int64_t)(atop(st.vss_resident) * 1000 / MAX(vs.vs_total, 1UL)) +
	    pn->pn_proc->p_oom_adj;
	text_printf(t, "%ld\n", MAX(score, 0L));
	return (0);
}

int
pid_oom_score_adj(struct procfs_node *pn, struct procfs_text *t)
{
	text_printf(t, "%d\n", pn->pn_proc->p_oom_adj);
	return (0);
}

/* The scale's ends meet: -1000 is -17. */
int
pid_oom_adj(struct procfs_node *pn, struct procfs_text *t)
{
	int adj = pn->pn_proc->p_oom_adj;

	text_printf(t, "%d\n",
	    adj == OOM_ADJ_MAX ? OLD_MAX : adj * -OLD_NEVER / OOM_ADJ_MAX);
	return (0);
}

/* EINVAL: no number or out of range.  EACCES: lowered without privilege. */
static int
oom_adj_set(struct proc *p, const char *text, size_t len, int64_t min,
    int64_t max, bool old)
{
	char number[24];
	int64_t value;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len == 0 || len >= sizeof(number))
		return (EINVAL);
	memcpy(number, text, len);
	number[len] = '\0';
	if (kstrtoi64(number, 10, &value) != 0 || value < min || value > max)
		return (EINVAL);
	if (old)
		value = value == OLD_MAX ? OOM_ADJ_MAX
					 : value * OOM_ADJ_MAX / -OLD_NEVER;
	if (value < p->p_oom_adj && cred_check_root(cred_current()) != 0)
		return (EACCES);
	p->p_oom_adj = (int)value;
	return (0);
}

int
pid_oom_score_adj_write(struct procfs_node *pn, char *text, size_t len)
{
	return (oom_adj_set(
	    pn->pn_proc, text, len, -OOM_ADJ_MAX, OOM_ADJ_MAX, false));
}

int
pid_oom_adj_write(struct procfs_node *pn, char *text, size_t len)
{
	return (oom_adj_set(pn->pn_proc, text, len, OLD_NEVER, OLD_MAX, true));
}
