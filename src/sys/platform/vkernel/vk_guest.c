/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running guest code.
 *
 * 1. An lwp is bound to a slot of its address space's stub.  To run it the
 *    kernel writes the registers into the host's signal frame in the mailbox,
 *    gives the turn (MBS_GUEST) and waits for it to come back.
 * 2. The mailbox is untrusted: the guest may write it at any time.  Each word
 *    is read once, offsets are bounded, registers are copied out before they
 *    are looked at.  Lies only change what the guest could change itself.
 * 3. Waiting.  SPLIT: fewer CPUs are busy than half the host's cores; the
 *    guest's thread has a core of its own and both sides spin for a while.
 *    SHARE: the guest's thread is on the CPU's core, and both sides sleep at
 *    once.  After SPIN_NS the CPU sleeps in either mode.
 * 4. The CPU is not idle while it waits: it takes messages and lets kernel
 *    threads run, with the guest running on.  Only for another lwp, a signal
 *    or the end of the slice is the guest stopped (kick).  One that does not
 *    stop within KICK_NS (it has blocked the kick) is killed.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ktr.h>
#include <sys/memcheck.h>
#include <machine/physmem.h>
#include <machine/vmparam.h>
#include "host_frame.h"
#include "vk_repeat.h"
#include "vk_rewrite.h"
#include "vk_var.h"

#define SPIN_NS	    (40 * NS_PER_USEC)
#define STUB_SPINS  600 /* pauses, about the same time */
#define KICK_NS	    (5 * NS_PER_SEC)
#define FRAME_OFF   (MAILBOX_SIZE - 4096) /* frame of a thread that is new */
#define UC_IN_FRAME 8
#define FULL_SPINS  3000
#define STUB_FAST   (STUB_TEXT + STUB_FAST_OFF)

MALLOC_DEFINE(M_FPU, "fpu", "floating state of forked lwps");

static int32_t busy_cpus; /* (atomic) CPUs that run or wait for a guest */

/* --- frames ------------------------------------------------------------------------------ */

static struct host_ucontext *
ucontext_of(struct lwp *lp)
{
	return ((struct host_ucontext *)((uint8_t *)lp->lw_md.lm_mailbox +
	    lp->lw_md.lm_ucontext));
}

static uint64_t
slot_base(struct lwp *lp)
{
	return (STUB_MAILBOX + (uint64_t)lp->lw_md.lm_slot * MAILBOX_SIZE);
}

/* Offset in the mailbox of [addr, addr+len), or 0 if it is not inside. */
static uint32_t
mailbox_offset(struct lwp *lp, uint64_t addr, uint64_t len)
{
	uint64_t off = addr - slot_base(lp);

	if (off < MB_STACK || off > MAILBOX_SIZE - len || (off & 7) != 0)
		return (0);
	return ((uint32_t)off);
}

/* The XSAVE image of the stopped guest: offset and size, or 0. */
static uint32_t
fpu_area(struct lwp *lp, size_t *sizep)
{
	uint64_t addr = *(volatile uint64_t *)&ucontext_of(lp)->uc_fpstate;
	uint32_t off = mailbox_offset(lp, addr, FP_LEGACY_SIZE), size;
	const uint8_t *p;

	if (addr == 0 || off == 0)
		return (0);
	p = (uint8_t *)lp->lw_md.lm_mailbox + off;
	*sizep = FP_LEGACY_SIZE;
	if (*(const volatile uint32_t *)(p + FP_MAGIC1_OFF) == FP_MAGIC1) {
		size = *(const volatile uint32_t *)(p + FP_EXTENDED_OFF);
		if (size > FP_LEGACY_SIZE && size <= MAILBOX_SIZE - off)
			*sizep = size;
	}
	return (off);
}

/* The host has put a frame somewhere in the mailbox: believe it if it fits. */
static void
frame_find(struct lwp *lp)
{
	uint32_t off = mailbox_offset(lp, lp->lw_md.lm_mailbox->mb_ucontext,
	    sizeof(struct host_ucontext));

	if (off != 0)
		lp->lw_md.lm_ucontext = off;
}

static void
frame_load(struct lwp *lp)
{
	struct trapframe *tf = &lp->lw_frame;
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	const struct host_ucontext *uc = ucontext_of(lp);

	memcpy(tf, uc->uc_regs, sizeof(uc->uc_regs));
	tf->tf_cs = (uint16_t)uc->uc_segments;
	tf->tf_fsbase = mb->mb_fsbase;
	tf->tf_gsbase = mb->mb_gsbase;
	/* Ours, for the short way; the program's is 0 then. */
	if (tf->tf_gsbase == slot_base(lp))
		tf->tf_gsbase = 0;
	tf->tf_err = uc->uc_err;
	tf->tf_trapno = uc->uc_trapno;
	tf->tf_addr = uc->uc_cr2;
}
CTASSERT(offsetof(struct trapframe, tf_rflags) == 17 * 8);

/* Anything else would fault inside the stub. */
static uint64_t
canonical(uint64_t base)
{
	return ((uint64_t)((int64_t)(base << 16) >> 16) == base ? base : 0);
}

static void
fpu_store(struct lwp *lp, struct host_ucontext *uc)
{
	uint32_t off =
	    rounddown2(FRAME_OFF - (uint32_t)lp->lw_md.lm_fpu_bytes, 64);

	if (lp->lw_md.lm_fpu != NULL) {
		memcpy((uint8_t *)lp->lw_md.lm_mailbox + off, lp->lw_md.lm_fpu,
		    lp->lw_md.lm_fpu_bytes);
		uc->uc_fpstate = slot_base(lp) + off;
		kfree(lp->lw_md.lm_fpu, M_FPU);
		lp->lw_md.lm_fpu = NULL;
	} else if (lp->lw_md.lm_fpu_reset)
		uc->uc_fpstate = 0;
	lp->lw_md.lm_fpu_reset = false;
}

static void
frame_store(struct lwp *lp)
{
	struct trapframe *tf = &lp->lw_frame;
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	struct host_ucontext *uc = ucontext_of(lp);

	tf->tf_rflags = (tf->tf_rflags & RFLAGS_USER) | RFLAGS_IF;
	memcheck_check_defined(tf, sizeof(uc->uc_regs));
	memcpy(uc->uc_regs, tf, sizeof(uc->uc_regs));
	if (lp->lw_md.lm_fpu != NULL || lp->lw_md.lm_fpu_reset)
		fpu_store(lp, uc);
	uc->uc_segments =
	    HOST_SEGMENTS | (tf->tf_cs == CS_USER32 ? CS_USER32 : CS_USER);
	uc->uc_sigmask = 0;
	mb->mb_fsbase = canonical(tf->tf_fsbase);
	mb->mb_gsbase = canonical(tf->tf_gsbase);
	if (tf->tf_gsbase == 0 &&
	    rewrite_used(&lp->lw_proc->p_vmspace->vm_pmap))
		mb->mb_gsbase = slot_base(lp);
	/* sigreturn's stack pointer: behind the return address. */
	mb->mb_frame = slot_base(lp) + lp->lw_md.lm_ucontext;
}

/* --- the short way (vk_rewrite.c) ------------------------------------------------------------ */

#define REG_RAX	   13
#define REG_RCX	   14
#define REG_RIP	   16
#define REG_RFLAGS 17
CTASSERT(offsetof(struct trapframe, tf_rax) == REG_RAX * 8);
CTASSERT(offsetof(struct trapframe, tf_rcx) == REG_RCX * 8);
CTASSERT(offsetof(struct trapframe, tf_rip) == REG_RIP * 8);

static void
fast_load(struct lwp *lp)
{
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	struct trapframe *tf = &lp->lw_frame;
	uint64_t *regs = lp->lw_md.lm_fast_regs;

	memcpy(regs, (const void *)(uintptr_t)mb->mb_fast,
	    sizeof(lp->lw_md.lm_fast_regs));
	regs[REG_RCX] = regs[REG_RIP]; /* as the instruction does */
	memcpy(tf, regs, sizeof(lp->lw_md.lm_fast_regs));
	tf->tf_r11 = tf->tf_rflags;
	tf->tf_cs = CS_USER;
	tf->tf_fsbase = lp->lw_md.lm_fast_fsbase = mb->mb_fsbase;
	tf->tf_gsbase = 0;
	lp->lw_md.lm_fast = true;
}

/* Is all as the call left it, but for its result? */
static bool
fast_unchanged(struct lwp *lp)
{
	const struct trapframe *tf = &lp->lw_frame;
	uint64_t *regs = lp->lw_md.lm_fast_regs;

	regs[REG_RAX] = tf->tf_rax;
	regs[3] = tf->tf_r11;
	return (lp->lw_md.lm_fpu == NULL && !lp->lw_md.lm_fpu_reset &&
	    tf->tf_cs == CS_USER && tf->tf_gsbase == 0 &&
	    tf->tf_fsbase == lp->lw_md.lm_fast_fsbase &&
	    tf->tf_r11 == regs[REG_RFLAGS] &&
	    memcmp(tf, regs, sizeof(lp->lw_md.lm_fast_regs)) == 0);
}
CTASSERT(offsetof(struct trapframe, tf_r11) == 3 * 8);

/*
 * lp came by the short way and more of it is wanted: let its host thread stop
 * by a signal, so that the host's frame has its state.  What it shall go on
 * with is in lw_frame.
 */
static void
guest_full_stop(struct lwp *lp)
{
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	struct stub *st = lp->lw_md.lm_stub;
	nstime_t start;

	if (!lp->lw_md.lm_fast)
		return;
	lp->lw_md.lm_fast = false;
	atomic_store_seq(&mb->mb_state, MBS_TRAP);
	if (atomic_load_seq(&mb->mb_ssleep) != 0)
		host_futex_wake(&mb->mb_state, HOST_WAKE_ALL);
	start = host_clock_mono();
	for (unsigned n = 0; atomic_load_acq(&mb->mb_state) == MBS_TRAP; n++) {
		if (st->st_dead)
			return;
		if (n < FULL_SPINS) {
			__asm__ volatile("pause");
			continue;
		}
		atomic_store_seq(&mb->mb_ksleep, 1);
		host_futex_wait(&mb->mb_state, MBS_TRAP, 20 * NS_PER_MSEC);
		atomic_store_seq(&mb->mb_ksleep, 0);
		if (host_clock_mono() - start > KICK_NS) {
			stub_report(st, "does not stop");
			stub_kill(st);
			return;
		}
	}
	frame_find(lp);
}

/*
 * The frame as the host's signal shows it, or what it stands for if the thread
 * was stopped on the short way.  True: go on without a look at the signal.
 */
static bool
full_load(struct lwp *lp, int sig)
{
	struct trapframe done;
	uint64_t ip;

	frame_find(lp);
	ip = *(volatile uint64_t *)&ucontext_of(lp)->uc_regs[REG_RIP];
	if (lp->lw_md.lm_fast_return && ip >= STUB_FAST + FAST_GIVEN &&
	    ip < STUB_FAST + FAST_END) {
		/* On its way back: what it will be is what we gave it. */
		done = lp->lw_frame;
		frame_load(lp);
		lp->lw_frame = done;
		return (false);
	}
	frame_load(lp);
	return (rewrite_used(&lp->lw_proc->p_vmspace->vm_pmap) &&
	    rewrite_where(lp, sig == HSIG_TRAP));
}

/* --- binding ------------------------------------------------------------------------------- */

static void
unbind(struct lwp *lp)
{
	if (lp->lw_md.lm_stub == NULL)
		return;
	guest_full_stop(lp);
	stub_slot_put(lp->lw_md.lm_stub, lp->lw_md.lm_slot);
	lp->lw_md.lm_stub = NULL;
	lp->lw_md.lm_mailbox = NULL;
}

/* Leave the old address space's stub before that space goes. */
void
cpu_lwp_leave_vmspace(struct lwp *lp)
{
	unbind(lp);
}

void
cpu_lwp_settle(struct lwp *lp __unused)
{
	/* The frame and the mailbox have it all. */
}

void
cpu_lwp_bases(struct lwp *lp __unused)
{
	/* The stub says them at each stop. */
}

static bool
bind(struct lwp *lp)
{
	struct pmap *pm = &lp->lw_proc->p_vmspace->vm_pmap;
	struct host_ucontext *uc;

	if (lp->lw_md.lm_stub != NULL && lp->lw_md.lm_stub == pm->pm_stub)
		return (true);
	unbind(lp);
	if (pm->pm_stub == NULL && pmap_attach(pm) != 0)
		return (false);
	lp->lw_md.lm_slot = stub_slot_get(pm->pm_stub, &lp->lw_md.lm_mailbox);
	if (lp->lw_md.lm_slot < 0)
		return (false);
	lp->lw_md.lm_stub = pm->pm_stub;
	lp->lw_md.lm_ucontext = FRAME_OFF;
	lp->lw_md.lm_place = -1;
	lp->lw_md.lm_tid = 0;
	uc = ucontext_of(lp);
	memset(uc, 0, sizeof(*uc));
	lp->lw_md.lm_fpu_reset = true;
	return (true);
}

int
cpu_lwp_create(struct lwp *lp, struct lwp *from)
{
	uint32_t off;
	size_t size;

	memset(&lp->lw_md, 0, sizeof(lp->lw_md));
	if (from != NULL && from->lw_md.lm_fast) {
		from->lw_md.lm_forked = true;
		guest_full_stop(from);
	}
	if (from == NULL || from->lw_md.lm_mailbox == NULL ||
	    (off = fpu_area(from, &size)) == 0)
		return (0);
	size = MIN(size, FRAME_OFF - MB_STACK - 64);
	lp->lw_md.lm_fpu = kmalloc(size, M_FPU, M_WAITOK);
	if (lp->lw_md.lm_fpu == NULL)
		return (ENOMEM);
	memcpy(lp->lw_md.lm_fpu, (uint8_t *)from->lw_md.lm_mailbox + off, size);
	lp->lw_md.lm_fpu_bytes = size;
	return (0);
}

void
cpu_lwp_destroy(struct lwp *lp)
{
	unbind(lp);
	kfree(lp->lw_md.lm_fpu, M_FPU);
	lp->lw_md.lm_fpu = NULL;
}

void
cpu_lwp_exec(struct lwp *lp, uaddr_t ip, uaddr_t sp)
{
	memset(&lp->lw_frame, 0, sizeof(lp->lw_frame));
	lp->lw_frame.tf_rip = ip;
	lp->lw_frame.tf_rsp = sp;
	lp->lw_frame.tf_rflags = RFLAGS_IF;
	kfree(lp->lw_md.lm_fpu, M_FPU);
	lp->lw_md.lm_fpu = NULL;
	lp->lw_md.lm_fpu_reset = true;
	memset(&lp->lw_md.lm_debug, 0, sizeof(lp->lw_md.lm_debug));
}

/* --- floating state for signal frames ------------------------------------------------------- */

/* The state after reset, as FXSAVE shows it. */
static void
fpu_initial(uint8_t *p)
{
	memset(p, 0, FP_LEGACY_SIZE);
	*(uint16_t *)p = 0x37f;		/* FCW */
	*(uint32_t *)(p + 24) = 0x1f80; /* MXCSR */
	*(uint32_t *)(p + 28) = 0xffff;
}

/* The stopped guest's state: offset as fpu_area, size without host's end mark. */
static uint32_t
fpu_state(struct lwp *lp, size_t *sizep)
{
	uint32_t off = 0;

	guest_full_stop(lp);
	if (lp->lw_md.lm_mailbox != NULL && !lp->lw_md.lm_fpu_reset)
		off = fpu_area(lp, sizep);
	if (off == 0)
		*sizep = FP_LEGACY_SIZE;
	else if (*sizep > FP_LEGACY_SIZE)
		*sizep -= FP_MAGIC2_SIZE;
	return (off);
}

/* The state's first byte, or NULL: it is the initial one. */
static uint8_t *
fpu_bytes(struct lwp *lp, size_t *sizep)
{
	uint32_t off;

	if (lp->lw_md.lm_fpu != NULL) {
		/* Not yet loaded: of a forked lwp, or set a moment ago. */
		*sizep = lp->lw_md.lm_fpu_bytes;
		if (*sizep > FP_LEGACY_SIZE)
			*sizep -= FP_MAGIC2_SIZE;
		return (lp->lw_md.lm_fpu);
	}
	off = fpu_state(lp, sizep);
	return (off == 0 ? NULL : (uint8_t *)lp->lw_md.lm_mailbox + off);
}

size_t
cpu_fpu_size(struct lwp *lp)
{
	size_t size;

	(void)fpu_bytes(lp, &size);
	return (size);
}

/* As the host's mark says it; the guest can lie to its own tracers only. */
uint64_t
cpu_fpu_features(struct lwp *lp)
{
	uint64_t features = 0;
	size_t size;
	const uint8_t *p = fpu_bytes(lp, &size);

	if (p != NULL && size > FP_LEGACY_SIZE)
		memcpy(&features, p + FP_XFEATURES_OFF, sizeof(features));
	return (features | FP_X87_SSE);
}

int
cpu_fpu_get(struct lwp *lp, void *buf, size_t size)
{
	size_t have;
	const uint8_t *p = fpu_bytes(lp, &have);

	if (p == NULL) {
		uint8_t init[FP_LEGACY_SIZE];

		fpu_initial(init);
		memcpy(buf, init, MIN(size, sizeof(init)));
		return (0);
	}
	memcpy(buf, p, MIN(size, have));
	return (0);
}

/* The host looks at the header when it loads the state. */
int
cpu_fpu_set(struct lwp *lp, const void *buf, size_t size)
{
	size_t have;
	uint8_t *p = fpu_bytes(lp, &have);

	if (size < FP_LEGACY_SIZE)
		return (EINVAL);
	if (p != NULL && size <= have) {
		/* The host's marks stay. */
		memcpy(p, buf, FP_MAGIC1_OFF);
		memcpy(p + FP_MARK_END, (const uint8_t *)buf + FP_MARK_END,
		    size - FP_MARK_END);
		return (0);
	}
	/* No area of that size yet: load the legacy part from a copy. */
	if ((p = kmalloc(FP_LEGACY_SIZE, M_FPU, M_WAITOK)) == NULL)
		return (ENOMEM);
	memcpy(p, buf, FP_LEGACY_SIZE);
	memset(p + FP_MAGIC1_OFF, 0, FP_MARK_END - FP_MAGIC1_OFF);
	kfree(lp->lw_md.lm_fpu, M_FPU);
	lp->lw_md.lm_fpu = p;
	lp->lw_md.lm_fpu_bytes = FP_LEGACY_SIZE;
	return (0);
}

/* --- waiting for the guest ------------------------------------------------------------------- */

static bool
guest_stopped(struct mailbox *mb)
{
	return (atomic_load_acq(&mb->mb_state) != MBS_GUEST);
}

static int
host_tid(struct lwp *lp)
{
	int tid = (int)lp->lw_md.lm_mailbox->mb_tid;

	/* The word is the guest's to forge: only threads of its own stub. */
	if (tid != lp->lw_md.lm_tid) {
		if (tid <= 0 || !host_stub_owns(lp->lw_md.lm_stub->st_pid, tid))
			return (0);
		lp->lw_md.lm_tid = tid;
	}
	return (lp->lw_md.lm_tid);
}

static void
place(struct lwp *lp, bool split)
{
	int tid;

	if (lp->lw_md.lm_place == (curcpu->c_id << 1 | split))
		return;
	if ((tid = host_tid(lp)) == 0)
		return;
	lp->lw_md.lm_place = curcpu->c_id << 1 | split;
	host_place_thread(tid, curcpu->c_id % vk_ncores,
	    split ? HOST_OFF_CORE : HOST_ON_CORE);
}

/* Poll points while the guest runs on.  True: it must stop. */
static bool
attend(struct lwp *lp)
{
	struct cpu *c = curcpu;
	nstime_t now;

	ipi_poll();
	now = clock_mono();
	callout_poll(now);
	if (c->c_runmask >> TDPRI_KERN_USER != 0) {
		c->c_md.cm_guest = NULL;
		thread_yield();
		c = curcpu;
		c->c_md.cm_pid = lp->lw_md.lm_stub->st_pid;
		c->c_md.cm_tid = lp->lw_md.lm_tid;
		atomic_store_seq(&c->c_md.cm_guest, lp->lw_md.lm_mailbox);
	}
	if (now >= c->c_slice_end)
		usched_tick();
	return (c->c_resched || lp->lw_ast != 0 || lp->lw_md.lm_stub->st_dead);
}

/* Ask the guest to stop; kill it if it will not. */
void
vk_stop_guest(struct lwp *lp)
{
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	struct stub *st = lp->lw_md.lm_stub;
	nstime_t start = host_clock_mono();

	while (!guest_stopped(mb) && !st->st_dead) {
		host_stub_kick(st->st_pid, host_tid(lp));
		atomic_store_seq(&mb->mb_ksleep, 1);
		if (!guest_stopped(mb))
			host_futex_wait(
			    &mb->mb_state, MBS_GUEST, 20 * NS_PER_MSEC);
		vk_run_host_msgs();
		if (host_clock_mono() - start > KICK_NS) {
			kprintf("%s (%d) does not stop; killed\n",
			    lp->lw_proc->p_comm, lp->lw_proc->p_pid);
			kprintf("stub %d slot %d: state %u ksleep %u ssleep %u "
				"sig %u tid %d/%u ucontext %#lx frame %#lx\n",
			    st->st_pid, lp->lw_md.lm_slot, mb->mb_state,
			    mb->mb_ksleep, mb->mb_ssleep, mb->mb_sig,
			    lp->lw_md.lm_tid, mb->mb_tid, mb->mb_ucontext,
			    mb->mb_frame);
			stub_kill(st);
		}
	}
	atomic_store_seq(&mb->mb_ksleep, 0);
}

static void
sleep_for_guest(struct lwp *lp)
{
	struct cpu *c = curcpu;
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	nstime_t now = clock_mono(), until = c->c_slice_end;

	if (c->c_callout_next != 0)
		until = MIN(until, c->c_callout_next);
	atomic_store_seq(&mb->mb_ksleep, 1);
	if (!guest_stopped(mb) && !vk_pending(c) && until > now)
		host_futex_wait(&mb->mb_state, MBS_GUEST, until - now);
	atomic_store_seq(&mb->mb_ksleep, 0);
}

/* Spin for the turn for SPIN_NS: true if it came back. */
static bool
spin_for_guest(struct lwp *lp)
{
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	struct cpu *c = curcpu;
	nstime_t end = 0;

	for (unsigned n = 1;; n++) {
		if (guest_stopped(mb))
			return (true);
		__asm__ volatile("pause");
		if (n % 128 != 0)
			continue;
		if (vk_pending(c) || lp->lw_ast != 0)
			return (false);
		if (end == 0)
			end = clock_mono() + SPIN_NS;
		else if (clock_mono() > end)
			return (false);
	}
}

static void
wait_guest(struct lwp *lp, bool split)
{
	struct mailbox *mb = lp->lw_md.lm_mailbox;

	if (vk_repeatable) {
		repeat_wait_guest(lp);
		repeat_entry();
		return;
	}
	if (split && spin_for_guest(lp))
		return;
	while (!guest_stopped(mb)) {
		if (attend(lp)) {
			if (!guest_stopped(mb))
				vk_stop_guest(lp);
			return;
		}
		sleep_for_guest(lp);
	}
}

/* Run the guest until it stops; lw_frame in and out.  The host signal. */
static int
guest_run(struct lwp *lp)
{
	struct cpu *c = curcpu;
	struct mailbox *mb = lp->lw_md.lm_mailbox;
	struct stub *st = lp->lw_md.lm_stub;
	bool split;
	int sig;

	split = vk_ncores > 1 && atomic_load(&busy_cpus) * 2 <= vk_ncores;
	place(lp, split);
	lp->lw_md.lm_fast_return = lp->lw_md.lm_fast && fast_unchanged(lp);
	if (lp->lw_md.lm_fast_return) {
		memcheck_check_defined(&lp->lw_frame.tf_rax, 8);
		mb->mb_fast[REG_RAX] = lp->lw_frame.tf_rax;
		lp->lw_md.lm_fast = false;
	} else {
		guest_full_stop(lp);
		frame_store(lp);
	}
	mb->mb_spin = split ? STUB_SPINS : 0;
	c->c_md.cm_pid = st->st_pid;
	c->c_md.cm_tid = lp->lw_md.lm_tid;
	atomic_store_seq(&c->c_md.cm_guest, mb);
	atomic_store_seq(&mb->mb_state, MBS_GUEST);
	if (atomic_load_seq(&mb->mb_ssleep) != 0)
		host_futex_wake(&mb->mb_state, HOST_WAKE_ALL);
	wait_guest(lp, split);
	curcpu->c_md.cm_guest = NULL;
	if (st->st_dead)
		return (0);
	sig = (int)mb->mb_sig;
	if (sig == HSIG_FAST)
		fast_load(lp);
	else if (full_load(lp, sig))
		return (0);
	return (sig);
}

/* The lwp's thread leaves the CPU: its host thread need not spin on. */
void
cpu_thread_leave(struct thread *from, struct thread *to)
{
	struct cpu *c = curcpu;
	bool busy = to != c->c_idlethread;
	struct mailbox *mb;

	if (busy != c->c_md.cm_busy) {
		c->c_md.cm_busy = busy;
		atomic_add(&busy_cpus, busy ? 1 : -1);
	}
	if (from->td_lwp == NULL)
		return;
	mb = from->td_lwp->lw_md.lm_mailbox;
	if (mb != NULL)
		(void)atomic_cmpset(&mb->mb_state, MBS_KERNEL, MBS_PARK);
}

/* --- traps --------------------------------------------------------------------------------------- */

static uint32_t
siginfo32(struct lwp *lp, unsigned field)
{
	uint32_t off = mailbox_offset(lp, lp->lw_md.lm_mailbox->mb_info, 128);

	if (off == 0)
		return (0);
	return (*(volatile uint32_t *)((uint8_t *)lp->lw_md.lm_mailbox + off +
	    field));
}

/* Of a SIGTRAP: was it the trap flag? */
static bool
is_step(struct lwp *lp)
{
	return (siginfo32(lp, SI_OFF_CODE) == TRAP_TRACE);
}

static void
guest_fault(struct lwp *lp)
{
	struct trapframe *tf = &lp->lw_frame;
	int access;

	if (tf->tf_trapno == T_ALIGN) {
		trap_exception(lp, SIGBUS, BUS_ADRALN, 0, T_ALIGN);
		return;
	}
	if (tf->tf_trapno != T_PAGEFAULT) {
		if (vk_repeatable && tf->tf_trapno == T_GPF && repeat_rdtsc(lp))
			return;
		trap_exception(lp, tf->tf_trapno == T_STACK ? SIGBUS : SIGSEGV,
		    SI_KERNEL, 0, (int)tf->tf_trapno);
		return;
	}
	access = (tf->tf_err & PFERR_WRITE) != 0 ? VM_PROT_WRITE
	    : (tf->tf_err & PFERR_INSTR) != 0	 ? VM_PROT_EXECUTE
						 : VM_PROT_READ;
	trap_fault(lp, tf->tf_addr, access);
}

static void
guest_trap(struct lwp *lp, int sig)
{
	struct trapframe *tf = &lp->lw_frame;

	switch (sig) {
	case HSIG_FAST:
		trap_syscall(lp);
		if (lp->lw_md.lm_forked) {
			lp->lw_md.lm_forked = false;
			rewrite_forked(lp, lp->lw_md.lm_fast_regs[REG_RIP]);
		}
		break;
	case HSIG_SYS:
		rewrite_count(lp);
		if (siginfo32(lp, SI_OFF_ARCH) == ARCH_X86_64)
			trap_syscall(lp);
		else
			trap_exception(lp, SIGSEGV, SI_KERNEL, 0, T_GPF);
		break;
	case HSIG_SEGV:
	case HSIG_BUS:
		guest_fault(lp);
		break;
	case HSIG_FPE:
		trap_exception(lp, SIGFPE,
		    tf->tf_trapno == T_DIVIDE ? FPE_INTDIV
					      : (int)siginfo32(lp, SI_OFF_CODE),
		    tf->tf_rip, (int)tf->tf_trapno);
		break;
	case HSIG_ILL:
		trap_exception(
		    lp, SIGILL, ILL_ILLOPN, tf->tf_rip, (int)tf->tf_trapno);
		break;
	case HSIG_TRAP:
		trap_exception(lp, SIGTRAP,
		    is_step(lp) ? TRAP_TRACE : TRAP_BRKPT, tf->tf_rip,
		    (int)tf->tf_trapno);
		break;
	default: /* a kick, or a lie; until now it was user time */
		trap_interrupt(lp);
		break;
	}
}

void
cpu_lwp_loop(struct lwp *lp)
{
	int sig;

	for (;;) {
		trap_userret(lp);
		if (!bind(lp) || lp->lw_md.lm_stub->st_dead) {
			if (lp->lw_proc == initproc)
				panic("init cannot run: no stub process");
			sig_send_proc(lp->lw_proc, SIGKILL, NULL);
			continue;
		}
		pmap_flush(&lp->lw_proc->p_vmspace->vm_pmap);
		lock_check_none_held("return to user");
		if (debugregs_armed(&lp->lw_md.lm_debug)) {
			if (vk_debug_hit(lp)) {
				continue;
			}
			pmap_flush(&lp->lw_proc->p_vmspace->vm_pmap);
			vk_debug_step(lp);
		}
		sig = guest_run(lp);
		if (__unlikely(lp->lw_md.lm_stepping) &&
		    vk_debug_stepped(lp, sig == HSIG_TRAP && is_step(lp)))
			continue;
		guest_trap(lp, sig);
	}
}
