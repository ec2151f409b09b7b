/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: what exec gave a program: PID/cmdline, PID/environ, PID/auxv. */
#include <sys/systm.h>
#include <sys/abi.h>
#include <sys/elf.h>
#include <sys/proc.h>
#include <vm/vm.h>

#include "procfs_var.h"

bool
pid_layout(struct proc *p, uaddr_t at[VL_COUNT])
{
	struct vmspace *vm = proc_vmspace_hold(p);

	memset(at, 0, VL_COUNT * sizeof(at[0]));
	if (vm == NULL)
		return (false);
	vmspace_get_layout(vm, at);
	vmspace_drop(vm);
	return (true);
}

#define PID_COPY_MAX (256 * 1024) /* of arguments or environment shown */

/* Append [start, end) of the process's memory; an unreadable end is left. */
static int
pid_copy_range(
    struct proc *p, uaddr_t start, uaddr_t end, struct procfs_text *t)
{
	struct vmspace *vm = proc_vmspace_hold(p);
	char buf[256];
	size_t done;

	if (vm == NULL)
		return (0);
	if (end > start && end - start > PID_COPY_MAX)
		end = start + PID_COPY_MAX;
	while (start < end && t->pt_error == 0) {
		int error = vmspace_rw(vm, start, buf,
		    MIN(end - start, sizeof(buf)), false, &done);

		text_write(t, buf, done);
		start += done;
		if (error != 0 || done == 0)
			break;
	}
	vmspace_drop(vm);
	return (0);
}

/*
 * A program that writes a longer title over its arguments runs over their end,
 * where a NUL was, into the environment: then the title is all up to its own
 * end, within a page.  True: that was done.
 */
static bool
pid_title(struct proc *p, const uaddr_t at[VL_COUNT], struct procfs_text *t)
{
	struct procfs_text last;
	size_t start = t->pt_len;

	text_init(&last);
	(void)pid_copy_range(p, at[VL_ARGS_END] - 1, at[VL_ARGS_END], &last);
	if (last.pt_len != 1 || last.pt_buf[0] == '\0') {
		text_free(&last);
		return (false);
	}
	text_free(&last);
	(void)pid_copy_range(
	    p, at[VL_ARGS_START], at[VL_ARGS_START] + PAGE_SIZE, t);
	if (t->pt_error == 0 && t->pt_len > start) {
		size_t n = strnlen(t->pt_buf + start, t->pt_len - start);

		t->pt_len = MIN(start + n + 1, t->pt_len);
	}
	return (true);
}

int
pid_cmdline(struct procfs_node *pn, struct procfs_text *t)
{
	uaddr_t at[VL_COUNT];

	if (!pid_layout(pn->pn_proc, at) ||
	    at[VL_ARGS_START] >= at[VL_ARGS_END])
		return (0);
	if (pid_title(pn->pn_proc, at, t))
		return (0);
	return (
	    pid_copy_range(pn->pn_proc, at[VL_ARGS_START], at[VL_ARGS_END], t));
}

int
pid_environ(struct procfs_node *pn, struct procfs_text *t)
{
	uaddr_t at[VL_COUNT];

	if (!pid_layout(pn->pn_proc, at))
		return (0);
	return (
	    pid_copy_range(pn->pn_proc, at[VL_ENV_START], at[VL_ENV_END], t));
}

/* The pairs up to AT_NULL; (p) guards them, so copy through the stack. */
int
pid_auxv(struct procfs_node *pn, struct procfs_text *t)
{
	struct proc *p = pn->pn_proc;
	uint64_t buf[AUX_MAX * 2];
	size_t n = 0;

	spin_lock(&p->p_spin);
	if (p->p_aux != NULL) {
		memcpy(buf, p->p_aux, sizeof(buf));
		do
			n += 2;
		while (n < nitems(buf) && buf[n - 2] != AT_NULL);
	}
	spin_unlock(&p->p_spin);
	text_write(t, (const char *)buf, n * sizeof(buf[0]));
	return (0);
}
