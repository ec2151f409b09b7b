/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restartable sequences, and membarrier.
 *
 * A thread registers an area where it finds the number of its CPU, and where it
 * says, before a sequence of instructions that must not be interrupted by other
 * threads of its CPU, which sequence that is.  When the thread has left its CPU
 * in between, or gets a signal, it goes on at the sequence's abort address.
 *
 * lwkt_switch marks a thread that has an area (lw_rseq_event, with lw_ast), so
 * the area is looked at before the return to user mode; linux_sendsig looks
 * before it builds a frame.  The area and the descriptor are user memory: what
 * does not fit together is a SIGSEGV.
 */
#include "linux_var.h"
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <machine/vmparam.h>

/* What a thread registers; the kernel writes all but rs_cs. */
struct linux_rseq_area {
	uint32_t rs_cpu_start, rs_cpu;
	uint64_t rs_cs; /* the sequence, or 0 */
	uint32_t rs_flags, rs_node, rs_mm_cid, rs_pad;
};
_Static_assert(sizeof(struct linux_rseq_area) == 32, "rseq");

struct linux_rseq_cs {
	uint32_t cs_version, cs_flags;
	uint64_t cs_start, cs_length, cs_abort;
};
_Static_assert(sizeof(struct linux_rseq_cs) == 32, "rseq_cs");

#define RSEQ_UNREGISTER 1
#define RSEQ_CPU_NONE	0xffffffffu
#define OFF(member)	offsetof(struct linux_rseq_area, member)

/* Write the four words that tell where the thread is. */
static int
rseq_ids(struct lwp *lp, uint32_t start, uint32_t cpu)
{
	uint32_t ids[2] = {start, cpu}, more[2] = {0, start};
	int error = copyout(ids, lp->lw_rseq + OFF(rs_cpu_start), 8);

	return (
	    error != 0 ? error : copyout(more, lp->lw_rseq + OFF(rs_node), 8));
}

/* The thread was interrupted: out of its sequence, if it is in one. */
static int
rseq_abort(struct lwp *lp)
{
	uint64_t at, zero = 0, ip = lp->lw_frame.tf_rip;
	struct linux_rseq_cs cs;
	uint32_t sig;
	int error;

	error = copyin(lp->lw_rseq + OFF(rs_cs), &at, sizeof(at));
	if (error != 0 || at == 0)
		return (error);
	if ((error = copyin(at, &cs, sizeof(cs))) != 0)
		return (error);
	if (cs.cs_version != 0 || cs.cs_start >= VM_MAX_USER ||
	    cs.cs_length > VM_MAX_USER || cs.cs_abort >= VM_MAX_USER ||
	    cs.cs_abort - cs.cs_start < cs.cs_length)
		return (EINVAL);
	if ((error = copyin(cs.cs_abort - 4, &sig, sizeof(sig))) != 0)
		return (error);
	if (sig != lp->lw_rseq_sig)
		return (EINVAL);
	error = copyout(&zero, lp->lw_rseq + OFF(rs_cs), sizeof(zero));
	if (error == 0 && ip - cs.cs_start < cs.cs_length)
		lp->lw_frame.tf_rip = cs.cs_abort;
	return (error);
}

int
linux_rseq_resume(struct lwp *lp)
{
	uint32_t cpu = (uint32_t)curcpu->c_id;
	int error;

	lp->lw_rseq_event = false;
	if ((error = rseq_ids(lp, cpu, cpu)) == 0)
		error = rseq_abort(lp);
	return (error);
}

/* abi_resume: before the return to user mode. */
void
linux_resume(struct lwp *lp)
{
	if (linux_rseq_resume(lp) != 0) {
		uaddr_t at = lp->lw_rseq;

		lp->lw_rseq = 0;
		sig_trap(lp, SIGSEGV, SI_KERNEL, at, 0);
	}
}

static int
rseq_unregister(struct lwp *lp, const struct linux_rseq_args *uap)
{
	int error;

	if (lp->lw_rseq == 0 || lp->lw_rseq != uap->area ||
	    uap->n != lp->lw_rseq_len)
		return (EINVAL);
	if (uap->sig != lp->lw_rseq_sig)
		return (EPERM);
	error = rseq_ids(lp, 0, RSEQ_CPU_NONE);
	lp->lw_rseq = 0;
	return (error);
}

int
linux_rseq(struct lwp *lp, const struct linux_rseq_args *uap, uint64_t *resp)
{
	uint64_t zero = 0;
	int error;

	if ((uap->flags & RSEQ_UNREGISTER) != 0)
		return (uap->flags != RSEQ_UNREGISTER
			? EINVAL
			: rseq_unregister(lp, uap));
	if (uap->flags != 0)
		return (EINVAL);
	if (lp->lw_rseq != 0) {
		if (lp->lw_rseq != uap->area || lp->lw_rseq_len != uap->n)
			return (EINVAL);
		return (uap->sig != lp->lw_rseq_sig ? EPERM : EBUSY);
	}
	if (uap->n < sizeof(struct linux_rseq_area) ||
	    (uap->area & (sizeof(struct linux_rseq_area) - 1)) != 0)
		return (EINVAL);
	error = copyout(&zero, uap->area + OFF(rs_cs), sizeof(zero));
	if (error != 0)
		return (error);
	lp->lw_rseq = uap->area;
	lp->lw_rseq_len = uap->n;
	lp->lw_rseq_sig = uap->sig;
	lp->lw_rseq_event = true;
	atomic_store(&lp->lw_ast, 1);
	return (0);
}

/* --- membarrier ------------------------------------------------------------------ */

enum {
	MB_QUERY = 0,
	MB_GLOBAL = 1,
	MB_GLOBAL_EXPEDITED = 2,
	MB_REGISTER_GLOBAL = 4,
	MB_PRIVATE = 8,
	MB_REGISTER_PRIVATE = 16,
	MB_PRIVATE_SYNC_CORE = 32,
	MB_REGISTER_SYNC_CORE = 64,
	MB_PRIVATE_RSEQ = 128,
	MB_REGISTER_RSEQ = 256,
	MB_GET_REGISTRATIONS = 512
};
#define MB_ALL	    0x3ff
#define MB_FLAG_CPU 1

/*
 * On each CPU: a barrier, which a return to user mode also is for fetched
 * instructions; and who runs there for the process leaves its sequence.
 */
static void
barrier_here(void *arg)
{
	struct lwp *lp = curlwp;

	atomic_fence();
	if (arg != NULL && lp != NULL && lp->lw_proc == arg &&
	    lp->lw_rseq != 0) {
		lp->lw_rseq_event = true;
		atomic_store(&lp->lw_ast, 1);
	}
}

int
linux_membarrier(
    struct lwp *lp, const struct linux_membarrier_args *uap, uint64_t *resp)
{
	struct proc *p = lp->lw_proc;
	int cmd = uap->cmd;

	if (uap->flags != 0 &&
	    (uap->flags != MB_FLAG_CPU || cmd != MB_PRIVATE_RSEQ))
		return (EINVAL);
	switch (cmd) {
	case MB_QUERY:
		*resp = MB_ALL;
		return (0);
	case MB_GET_REGISTRATIONS:
		*resp = p->p_membarrier;
		return (0);
	case MB_REGISTER_GLOBAL:
	case MB_REGISTER_PRIVATE:
	case MB_REGISTER_SYNC_CORE:
	case MB_REGISTER_RSEQ:
		atomic_or(&p->p_membarrier, (uint32_t)cmd);
		return (0);
	case MB_GLOBAL:
	case MB_GLOBAL_EXPEDITED:
		break;
	case MB_PRIVATE:
	case MB_PRIVATE_SYNC_CORE:
	case MB_PRIVATE_RSEQ:
		/* The command to register is the next bit. */
		if ((p->p_membarrier & (uint32_t)cmd << 1) == 0)
			return (EPERM);
		break;
	default:
		return (EINVAL);
	}
	/* A CPU in user mode comes into the kernel for it. */
	ipi_broadcast_wait(barrier_here, cmd == MB_PRIVATE_RSEQ ? p : NULL);
	return (0);
}
