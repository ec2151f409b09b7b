/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repeatable runs: `vkernel -D SEED'.
 *
 * The same seed, image and input give the same run, event by event: the same
 * ktr stream, times included.  Everything that differs between two runs of a
 * process comes from the host, through one of these doors:
 *
 * 1. Parallelism.  One CPU, and it does nothing while a guest runs: it waits on
 *    the mailbox and neither runs kernel threads nor fires callouts.  So there
 *    is one order of everything.
 * 2. Time.  The clock is ours.  It moves by READ_NS when it is read, by
 *    ENTRY_NS when a guest comes in, and jumps to the next callout when nothing
 *    is ready: a sleep of an hour takes no time.  The cycle counter is the same
 *    time at 1 GHz (a trace reads it without moving it), also for programs: the host makes rdtsc trap in the
 *    stubs, and vDSO clocks become calls (TH_KERNEL).
 * 3. Messages of host threads.  Stubs are born and die while the CPU waits for
 *    just that (host_wait); console input is read when the CPU is idle, in the
 *    same thread, waiting for it.
 * 4. Chance.  The machine's entropy is a stream from the seed; so are the
 *    choices of the scheduler (kern/lwkt/explore.c).
 * 5. Addresses.  The kernel's are fixed (linked, one RAM), stubs are not
 *    randomised.
 *
 * A guest that computes for GUEST_NS of the host's time without coming in would
 * never let another run: it is stopped, which no second run does at the same
 * instruction.  A line on the console says that the run is no longer
 * repeatable; from then on slices have their usual length.
 *
 * A machine in which nothing is ready and only timers of the kernel's own are
 * left does nothing more, ever; after IDLE_NS of such time it ends in a panic
 * that shows who waits for what.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include <sys/console.h>
#include <sys/sysctl.h>
#include <machine/cycles.h>
#include <machine/physmem.h>
#include "vk_repeat.h"
#include "vk_var.h"

#define READ_NS	 10
#define ENTRY_NS (1 * NS_PER_USEC)
#define GUEST_NS (5 * NS_PER_SEC)   /* the host's */
#define LOOK_NS	 (50 * NS_PER_MSEC) /* the host's: is the stub alive? */
#define IDLE_NS	 (2 * 86400 * NS_PER_SEC)
#define SPINS	 2000

bool vk_repeatable;
static nstime_t now_ns;
static nstime_t guest_ns; /* when a guest was in last */
static bool input_wanted;
static uint64_t broken;
SYSCTL_U64(repeat_broken, "hw.repeat_broken", CTLF_RD, &broken,
    "times a repeatable run had to stop a guest by the host's clock");

nstime_t
repeat_now(void)
{
	return (now_ns += READ_NS);
}

uint64_t
repeat_cycles(void)
{
	return ((uint64_t)repeat_now());
}

uint64_t
repeat_stamp(void)
{
	return ((uint64_t)now_ns);
}

void
repeat_entry(void)
{
	guest_ns = now_ns += ENTRY_NS;
}

void
repeat_input_wanted(void)
{
	input_wanted = true;
}

void
repeat_idle(nstime_t until)
{
	if (input_wanted) {
		/* False at the end, and when the console has no room. */
		input_wanted = host_console_take();
		return;
	}
	if (until == 0 || until - guest_ns > IDLE_NS)
		panic("nothing but the kernel's timers is left: %s",
		    threads_waiting() > 0
			? "threads wait where no signal reaches them"
			: "the programs wait for what cannot come");
	now_ns = MAX(now_ns, until);
}

/*
 * The guest runs; nothing else does.  The host's clock is looked at, but what
 * it says has no effect on a guest that comes in.
 */
void
repeat_wait_guest(struct lwp *lp)
{
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	nstime_t start;

	for (int i = 0; i < SPINS; i++) {
		if (atomic_load_acq(&mb->mb_state) != MBS_GUEST)
			return;
		__asm__ volatile("pause");
	}
	start = host_clock_mono();
	while (atomic_load_acq(&mb->mb_state) == MBS_GUEST &&
	    !lp->lw_md.lm_stub->st_dead) {
		atomic_store_seq(&mb->mb_ksleep, 1);
		if (atomic_load_seq(&mb->mb_state) == MBS_GUEST)
			host_futex_wait(&mb->mb_state, MBS_GUEST,
			    broken == 0 ? LOOK_NS : SCHED_SLICE_NS);
		atomic_store_seq(&mb->mb_ksleep, 0);
		vk_run_host_msgs();
		if (host_clock_mono() - start <
		    (broken == 0 ? GUEST_NS : SCHED_SLICE_NS))
			continue;
		if (broken++ == 0)
			kprintf("%s (%d) computes for %lld s without a call: "
				"it is stopped, and this run is not "
				"repeatable from here\n",
			    lp->lw_proc->p_comm, lp->lw_proc->p_pid,
			    GUEST_NS / NS_PER_SEC);
		now_ns = MAX(now_ns + SCHED_SLICE_NS, curcpu->c_callout_next);
		vk_stop_guest(lp);
	}
}

/* rdtsc is 0f 31, rdtscp 0f 01 f9. */
bool
repeat_rdtsc(struct lwp *lp)
{
	struct trapframe *tf = &lp->lw_frame;
	uint8_t code[3] = {0};
	uint64_t cycles;
	bool p;

	if (copyin(tf->tf_rip, code, 2) != 0 || code[0] != 0x0f)
		return (false);
	p = code[1] == 0x01 && copyin(tf->tf_rip + 2, code + 2, 1) == 0 &&
	    code[2] == 0xf9;
	if (!p && code[1] != 0x31)
		return (false);
	cycles = repeat_cycles();
	tf->tf_rax = (uint32_t)cycles;
	tf->tf_rdx = cycles >> 32;
	if (p)
		tf->tf_rcx = 0; /* node and CPU */
	tf->tf_rip += p ? 3 : 2;
	return (true);
}
