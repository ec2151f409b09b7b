/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: what debuggers read of a process: its memory (mem) and the call it is
 * in (syscall).
 *
 * mem is read and written at the addresses of the process, whatever their
 * protection is, as far as ptrace could do it.  Whoever may open it may use it;
 * a process that has exited has no memory any more: end of file.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/uio.h>
#include <vm/vm.h>

#include "procfs_var.h"

#define MEM_CHUNK (16 * 1024)

/* One piece between uio and the process: EIO where it has nothing. */
static int
mem_piece(struct vmspace *vm, void *buf, struct uio *uio, size_t n)
{
	off_t start = uio->uio_offset;
	size_t done = 0;
	int error = 0;

	if (uio->uio_rw == UIO_WRITE && (error = uiomove(buf, n, uio)) != 0)
		return (error);
	if (vmspace_rw_force(vm, (uaddr_t)start, buf, n,
		uio->uio_rw == UIO_WRITE, &done) != 0)
		error = EIO;
	if (uio->uio_rw == UIO_READ)
		return (error != 0 ? error : uiomove(buf, done, uio));
	if (done < n) {
		/* What was taken and not written is given back. */
		uio->uio_offset -= (off_t)(n - done);
		uio->uio_resid += n - done;
		error = EIO;
	}
	return (error);
}

/* 0 with what could be moved; EIO if nothing could. */
int
pid_mem_rw(struct procfs_node *pn, struct uio *uio)
{
	struct vmspace *vm = proc_vmspace_hold(pn->pn_proc);
	size_t first = uio->uio_resid, n, before;
	void *buf;
	int error = 0;

	if (vm == NULL)
		return (0);
	if ((buf = kmalloc(MEM_CHUNK, M_TEMP, M_WAITOK)) == NULL)
		error = ENOMEM;
	while (error == 0 && uio->uio_resid > 0) {
		/* Pieces end at page ends: a hole ends the transfer there. */
		n = MIN(uio->uio_resid, MEM_CHUNK);
		n = MIN(n, MEM_CHUNK - ((uint64_t)uio->uio_offset & PAGE_MASK));
		before = uio->uio_resid;
		error = mem_piece(vm, buf, uio, n);
		if (error == 0 && before - uio->uio_resid < n)
			break;
	}
	kfree(buf, M_TEMP);
	vmspace_drop(vm);
	return (uio->uio_resid < first ? 0 : error);
}

/* --- syscall -------------------------------------------------------------------- */

struct call_state {
	bool cs_running;
	int64_t cs_nr;
	uint64_t cs_args[6];
	uint64_t cs_sp, cs_ip;
};

/* (p) */
static void
call_get(struct lwp *lp, struct call_state *cs)
{
	struct thread *td = lp->lw_thread;

	cs->cs_running = td == NULL || td->td_state != TDS_SLEEPING;
	cs->cs_nr = (lp->lw_flags & (LWF_TRACESTOP | LWF_STOPPED)) != 0
	    ? lp->lw_orig
	    : lp->lw_syscall;
	memcpy(cs->cs_args, lp->lw_sysargs, sizeof(cs->cs_args));
	cs->cs_sp = lp->lw_frame.tf_rsp;
	cs->cs_ip = lp->lw_frame.tf_rip;
}

/* ESRCH: the thread is gone. */
int
pid_syscall(struct procfs_node *pn, struct procfs_text *t)
{
	struct proc *p = pn->pn_proc;
	struct call_state cs;
	struct lwp *lp;

	memset(&cs, 0, sizeof(cs));
	spin_lock(&p->p_spin);
	TAILQ_FOREACH(lp, &p->p_lwps, lw_link)
		if (pn->pn_tid == 0 || lp->lw_tid == pn->pn_tid)
			break;
	if (lp != NULL)
		call_get(lp, &cs);
	spin_unlock(&p->p_spin);
	if (lp == NULL)
		return (ESRCH);
	if (cs.cs_running) {
		text_printf(t, "running\n");
		return (0);
	}
	text_printf(t, "%ld", cs.cs_nr);
	for (int i = 0; i < 6 && cs.cs_nr >= 0; i++)
		text_printf(t, " 0x%lx", cs.cs_args[i]);
	text_printf(t, " 0x%lx 0x%lx\n", cs.cs_sp, cs.cs_ip);
	return (0);
}
