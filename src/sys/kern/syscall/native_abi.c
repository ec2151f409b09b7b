/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native ABI: registers, results, the signal frame.
 *
 * A call: number in rax, arguments in rdi rsi rdx r10 r8 r9.  Success clears the
 * carry flag and puts the result in rax; failure sets it and puts errno there.
 * rcx and r11 are lost, as the instruction demands.
 */
#include "native_var.h"
#include <sys/abi.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <vm/vm.h>
#include <machine/vmparam.h>

#define SYSCALL_LEN 2	/* bytes of the instruction */
#define REDZONE	    128 /* below rsp belongs to the leaf function */

static void
native_result(struct trapframe *tf, int error, uint64_t res)
{
	if (error == ERESTART) {
		tf->tf_rip -= SYSCALL_LEN;
		return;
	}
	if (error == 0) {
		tf->tf_rax = res;
		tf->tf_rflags &= ~(uint64_t)RFLAGS_CF;
	} else {
		tf->tf_rax = (uint64_t)error;
		tf->tf_rflags |= RFLAGS_CF;
	}
}

/* --- signals ------------------------------------------------------------------- */

void
native_siginfo_out(const ksiginfo_t *ksi, struct native_siginfo *si)
{
	memset(si, 0, sizeof(*si));
	si->si_signo = ksi->ksi_signo;
	si->si_code = ksi->ksi_code;
	si->si_errno = ksi->ksi_errno;
	si->si_status = ksi->ksi_status;
	si->si_pid = ksi->ksi_pid;
	si->si_uid = ksi->ksi_uid;
	si->si_value = ksi->ksi_value;
	si->si_addr = ksi->ksi_addr;
	si->si_trapno = ksi->ksi_trapno;
	si->si_timerid = ksi->ksi_timerid;
	si->si_overrun = ksi->ksi_overrun;
	if (SI_IS_POLL(ksi->ksi_code))
		si->si_code -= SI_POLL;
}

static void
mcontext_get(const struct trapframe *tf, struct native_mcontext *mc)
{
	mc->mc_r8 = tf->tf_r8;
	mc->mc_r9 = tf->tf_r9;
	mc->mc_r10 = tf->tf_r10;
	mc->mc_r11 = tf->tf_r11;
	mc->mc_r12 = tf->tf_r12;
	mc->mc_r13 = tf->tf_r13;
	mc->mc_r14 = tf->tf_r14;
	mc->mc_r15 = tf->tf_r15;
	mc->mc_rdi = tf->tf_rdi;
	mc->mc_rsi = tf->tf_rsi;
	mc->mc_rbp = tf->tf_rbp;
	mc->mc_rbx = tf->tf_rbx;
	mc->mc_rdx = tf->tf_rdx;
	mc->mc_rax = tf->tf_rax;
	mc->mc_rcx = tf->tf_rcx;
	mc->mc_rsp = tf->tf_rsp;
	mc->mc_rip = tf->tf_rip;
	mc->mc_rflags = tf->tf_rflags;
	mc->mc_err = tf->tf_err;
	mc->mc_trapno = tf->tf_trapno;
	mc->mc_addr = tf->tf_addr;
	mc->mc_cs = tf->tf_cs == CS_USER32 ? CS_USER32 : CS_USER;
}

static void
mcontext_set(struct trapframe *tf, const struct native_mcontext *mc)
{
	tf->tf_r8 = mc->mc_r8;
	tf->tf_r9 = mc->mc_r9;
	tf->tf_r10 = mc->mc_r10;
	tf->tf_r11 = mc->mc_r11;
	tf->tf_r12 = mc->mc_r12;
	tf->tf_r13 = mc->mc_r13;
	tf->tf_r14 = mc->mc_r14;
	tf->tf_r15 = mc->mc_r15;
	tf->tf_rdi = mc->mc_rdi;
	tf->tf_rsi = mc->mc_rsi;
	tf->tf_rbp = mc->mc_rbp;
	tf->tf_rbx = mc->mc_rbx;
	tf->tf_rdx = mc->mc_rdx;
	tf->tf_rax = mc->mc_rax;
	tf->tf_rcx = mc->mc_rcx;
	tf->tf_rsp = mc->mc_rsp;
	tf->tf_rip = mc->mc_rip;
	tf->tf_rflags = (mc->mc_rflags & RFLAGS_USER) | RFLAGS_IF;
	tf->tf_cs = mc->mc_cs == CS_USER32 ? CS_USER32 : CS_USER;
}

/* --- the page that handlers return to ----------------------------------------- */

/*
 * Stacks are not executable, so the code that makes the sigreturn call lies in
 * one page that all native programs share, above the stack:
 *	lea -8(%rsp),%rdi ; mov $344,%eax ; syscall
 * rsp is behind sf_ret then.
 */
static const uint8_t sigcode[] = {0x48, 0x8d, 0x7c, 0x24, 0xf8, 0xb8, 0x58,
    0x01, 0x00, 0x00, 0x0f, 0x05, 0xcc};
#define SIGCODE_ADDR (VM_STACK_TOP + 0x100000UL)

static struct vm_object *sigcode_obj; /* set once at load */

static int
sigcode_make(void)
{
	struct vm_object *obj =
	    vm_object_create(VMO_ANON, PAGE_SIZE, NULL, NULL);
	struct vm_page *pg;
	int error;

	if (obj == NULL)
		return (ENOMEM);
	error = vm_object_getpage(obj, 0, VOG_CREATE, &pg);
	if (error != 0) {
		vm_object_drop(obj);
		return (error);
	}
	memcpy(vm_page_kva(pg), sigcode, sizeof(sigcode));
	vm_object_dirty(obj, pg);
	vm_page_unwire(pg);
	sigcode_obj = obj;
	return (0);
}

static void
sigcode_drop(void)
{
	if (sigcode_obj != NULL)
		vm_object_drop(sigcode_obj);
}
SHUTDOWN_HOOK(native_sigcode, sigcode_drop);

static int
native_stack(struct lwp *lp, struct image_params *img, uaddr_t *spp)
{
	uaddr_t at = SIGCODE_ADDR;
	int error = vm_map(img->img_vm, &at, PAGE_SIZE,
	    VM_PROT_READ | VM_PROT_EXECUTE, VM_PROT_READ | VM_PROT_EXECUTE,
	    VMM_FIXED | VMM_SHARED, sigcode_obj, 0);

	if (error != 0)
		return (error);
	img->img_vdso = at;
	return (exec_stack_64(lp, img, spp));
}

/* --- the frame --------------------------------------------------------------------- */

/* The stack to use: the alternate one if asked for and not in use. */
static uaddr_t
handler_stack(struct lwp *lp, const struct ksigaction *sa, bool *altp)
{
	const struct ksigaltstack *ss = &lp->lw_sigstk;
	uaddr_t sp = lp->lw_frame.tf_rsp;
	bool on =
	    (ss->ss_flags & SS_DISABLE) == 0 && sp - ss->ss_sp < ss->ss_size;

	*altp = (sa->sa_flags & SA_ONSTACK) != 0 &&
	    (ss->ss_flags & SS_DISABLE) == 0 && !on;
	return (*altp ? ss->ss_sp + ss->ss_size : sp - REDZONE);
}

/* The floating state below *spp; its place in mc. */
static int
push_fpu(struct lwp *lp, uaddr_t *spp, struct native_mcontext *mc)
{
	size_t size = cpu_fpu_size(lp);
	void *buf;
	int error;

	mc->mc_fpu = mc->mc_fpu_size = 0;
	if (size == 0)
		return (0);
	if ((buf = kmalloc(size, M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	error = cpu_fpu_get(lp, buf, size);
	if (error == 0) {
		*spp = rounddown2(*spp - size, 64);
		error = copyout(buf, *spp, size);
		mc->mc_fpu = *spp;
		mc->mc_fpu_size = size;
	}
	kfree(buf, M_TEMP);
	return (error);
}

int
native_sendsig(struct lwp *lp, const struct ksigaction *sa,
    const struct ksiginfo *ksi, const struct sigset *oldmask)
{
	struct trapframe *tf = &lp->lw_frame;
	struct native_sigframe sf;
	uaddr_t sp;
	bool alt;
	int error;

	memset(&sf, 0, sizeof(sf));
	sp = handler_stack(lp, sa, &alt);
	if ((error = push_fpu(lp, &sp, &sf.sf_mc)) != 0)
		return (error);
	/* At the handler's first instruction rsp is 8 below a multiple of 16. */
	sp = rounddown2(sp - sizeof(sf), 16) - 8;
	native_siginfo_out(ksi, &sf.sf_info);
	sf.sf_mask = *oldmask;
	sf.sf_stack = (struct native_stack){lp->lw_sigstk.ss_sp,
	    lp->lw_sigstk.ss_size, lp->lw_sigstk.ss_flags, 0};
	mcontext_get(tf, &sf.sf_mc);
	sf.sf_ret =
	    sa->sa_restorer != 0 ? sa->sa_restorer : lp->lw_proc->p_vdso;
	if ((error = copyout(&sf, sp, sizeof(sf))) != 0)
		return (error);
	tf->tf_rdi = (uint64_t)ksi->ksi_signo;
	tf->tf_rsi = sp + offsetof(struct native_sigframe, sf_info);
	tf->tf_rdx = sp;
	tf->tf_rsp = sp;
	tf->tf_rip = sa->sa_handler;
	tf->tf_cs = CS_USER;
	tf->tf_rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_TF);
	return (0);
}

static int
restore_fpu(struct lwp *lp, const struct native_mcontext *mc)
{
	size_t size = cpu_fpu_size(lp);
	void *buf;
	int error;

	if (mc->mc_fpu_size == 0)
		return (0);
	if (mc->mc_fpu_size != size)
		return (EINVAL);
	if ((buf = kmalloc(size, M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	error = copyin(mc->mc_fpu, buf, size);
	if (error == 0)
		error = cpu_fpu_set(lp, buf, size);
	kfree(buf, M_TEMP);
	return (error);
}

int
native_sigreturn(
    struct lwp *lp, const struct native_sigreturn_args *uap, uint64_t *resp)
{
	struct native_sigframe sf;
	int error;

	error = copyin(uap->frame, &sf, sizeof(sf));
	if (error == 0)
		error = restore_fpu(lp, &sf.sf_mc);
	if (error != 0) {
		/* There is nowhere to return to. */
		sig_trap(lp, SIGSEGV, SEGV_MAPERR, uap->frame, 0);
		return (EJUSTRETURN);
	}
	mcontext_set(&lp->lw_frame, &sf.sf_mc);
	return (kern_sigprocmask(SIG_SETMASK, &sf.sf_mask, NULL) == 0
		? EJUSTRETURN
		: EINVAL);
}

static int
native_signo_out(int sig)
{
	return (sig);
}

const struct abi abi_native = {
    .abi_name = "native",
    .abi_sysent = native_sysent,
    .abi_nsys = NATIVE_NSYS,
    .abi_failures = native_failures,
    .abi_result = native_result,
    .abi_sendsig = native_sendsig,
    .abi_signo_out = native_signo_out,
    .abi_stack = native_stack,
    .abi_sysname = "Mayfly",
    .abi_release = "0.1",
    .abi_root = "",
};

static int
native_load(void)
{
	return (sigcode_make());
}

static const struct module native_module = {
    .mod_name = "native",
    .mod_class = "abi",
    .mod_version = 1,
    .mod_load = native_load,
    .mod_desc = "Native 64-bit programs",
};
MODULE(native, native_module);
