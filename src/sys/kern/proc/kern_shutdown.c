/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shutdown: end all processes, unmount, report, leave the machine.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/atomic.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/vnode.h>
#include "proc_var.h"

#define KILL_STEP_NS (10 * NS_PER_MSEC)

volatile bool rebooting;
static int term_ms = 200; /* between SIGTERM and SIGKILL at the most */
SYSCTL_INT(shutdown_term_ms, "kern.shutdown_term_ms", CTLF_RW, &term_ms,
    "Milliseconds that processes have to end after SIGTERM at shutdown");

SET_DECLARE(shutdown_hooks, const struct shutdown_hook);

/* Threads that still are to end, without the caller's. */
static int
others(void)
{
	int n;

	lock_shared(&proctree_lock);
	n = nlwps - (curlwp != NULL ? 1 : 0);
	lock_release(&proctree_lock);
	return (n);
}

static void
signal_all(int sig)
{
	struct proc *p;
	ksiginfo_t ksi;

	sig_fill(&ksi, sig, SI_KERNEL);
	lock_shared(&proctree_lock);
	TAILQ_FOREACH(p, &allproc, p_all)
		if (p != curproc && (p->p_flags & PF_SYSTEM) == 0)
			sig_send_proc(p, sig, &ksi);
	lock_release(&proctree_lock);
}

/* Wait until nobody is left or ms have gone by. */
static void
wait_others(int ms)
{
	nstime_t end = clock_mono() + ms * NS_PER_MSEC;

	while (others() > 0 && clock_mono() < end)
		(void)tsleep(&term_ms, 0, "reboot", KILL_STEP_NS);
}

/* Nobody will wait any more: bury all zombies. */
static void
reap_all(void)
{
	struct proc *p;

	lock_excl(&proctree_lock);
	do {
		TAILQ_FOREACH(p, &allproc, p_all)
			if (p->p_state == PS_ZOMBIE) {
				proc_leave(p);
				break;
			}
	} while (p != NULL);
	lock_release(&proctree_lock);
}

static void
kill_processes(void)
{
	struct lwp *lp = curlwp;

	if (lp != NULL)
		(void)proc_single(lp, true, 0);
	if (others() > 0) {
		signal_all(SIGTERM);
		signal_all(SIGCONT);
		wait_others(term_ms);
	}
	for (int i = 0; i < 10 && others() > 0; i++) {
		signal_all(SIGKILL);
		wait_others(500);
	}
	if (others() > 0)
		kprintf("shutdown: %d threads do not end\n", others());
	reap_all();
}

/* How the caller itself gives back what it holds. */
static void
release_self(void)
{
	struct lwp *lp = curlwp;
	struct ucred *old;

	if (lp == NULL)
		return;
	spin_lock(&lp->lw_proc->p_spin);
	old = lp->lw_proc->p_cred;
	lp->lw_proc->p_cred = cred_hold(cred_kernel);
	spin_unlock(&lp->lw_proc->p_spin);
	cred_drop(old);
	old = lp->lw_cred;
	lp->lw_cred = cred_hold(cred_kernel);
	cred_drop(old);
	itimers_exit(lp->lw_proc);
	ptimers_exit(lp->lw_proc);
	proc_release_resources(lp->lw_proc);
}

void
kern_reboot(int how, int status)
{
	const struct shutdown_hook *h;

	KTR_EVENT(
	    PROC, reboot, "how=%x status=%d", (uint64_t)how, (uint64_t)status);
	if (atomic_swap(&rebooting, true)) {
		/* Another caller does it already; this one is in its way. */
		if (curlwp != NULL)
			kern_exit(curlwp, SIGKILL);
		for (;;)
			(void)tsleep(&term_ms, 0, "reboot", NS_PER_SEC);
	}
	if (status != 0)
		ktr_tail();
	kill_processes();
	release_self();
	vfs_unmount_all();
	SET_FOREACH(h, shutdown_hooks)
		h->sh_func();
#ifdef INVARIANTS
	malloc_leaks();
#endif
	machine_halt(how, status);
}

int
kern_reboot_call(int how, int status)
{
	if (cred_check_cap(cred_current(), CAP_SYS_BOOT) != 0)
		return (EPERM);
	kern_reboot(how, status);
}
