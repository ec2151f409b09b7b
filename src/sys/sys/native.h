/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What native programs and the kernel exchange beside the plain structures of
 * the other headers.  All fields have fixed sizes; no padding is left implicit.
 */
#ifndef SYS_NATIVE_H
#define SYS_NATIVE_H

#include <sys/types.h>
#include <sys/signal.h>

struct native_pollfd {
	int32_t fd;
	int16_t events, revents; /* EV_IN.. as 16 bits; RDHUP is 0x2000 */
};

struct native_sigaction {
	uint64_t sa_handler;
	uint32_t sa_flags;
	uint32_t sa_pad;
	struct sigset sa_mask;
};

struct native_siginfo {
	int32_t si_signo, si_code, si_errno, si_status;
	int32_t si_pid;
	uint32_t si_uid;
	uint64_t si_value;
	uint64_t si_addr;
	int32_t si_trapno, si_timerid, si_overrun, si_pad;
};

struct native_stack {
	uint64_t ss_sp, ss_size;
	uint32_t ss_flags, ss_pad;
};

/* Registers in the order of struct trapframe up to rflags. */
struct native_mcontext {
	uint64_t mc_r8, mc_r9, mc_r10, mc_r11, mc_r12, mc_r13, mc_r14, mc_r15;
	uint64_t mc_rdi, mc_rsi, mc_rbp, mc_rbx, mc_rdx, mc_rax, mc_rcx, mc_rsp;
	uint64_t mc_rip, mc_rflags;
	uint64_t mc_err, mc_trapno, mc_addr;
	uint64_t mc_fpu;      /* address of the XSAVE image, 64-aligned */
	uint64_t mc_fpu_size; /* its bytes; 0: leave the state alone */
	uint64_t mc_cs;	      /* 0x23: 32-bit code; else 0x33 */
};

/*
 * On the stack of a handler, which is called as handler(sig, info, frame).  It
 * returns to code of the kernel's that makes the sigreturn call.
 */
struct native_sigframe {
	uint64_t sf_ret; /* return address */
	uint64_t sf_pad;
	struct native_siginfo sf_info;
	struct sigset sf_mask; /* to restore */
	struct native_stack sf_stack;
	uint64_t sf_pad2;
	struct native_mcontext sf_mc;
};

/* A new thread: starts at lwp_func with lwp_arg in rdi on lwp_stack. */
struct native_lwp_params {
	uint64_t lwp_func, lwp_arg, lwp_stack, lwp_tls;
	uint64_t lwp_tid1, lwp_tid2; /* get its id: in the creator, in it */
	uint64_t lwp_clear_tid;	     /* zeroed and woken at its end */
};

struct native_dirent {
	uint64_t d_fileno;
	uint64_t d_off; /* position of the next one */
	uint16_t d_reclen, d_namlen;
	uint8_t d_type;
	char d_name[]; /* NUL-ended, record padded to 8 */
};

struct native_sysctl_info {
	int32_t si_type; /* enum sysctl_type */
	uint32_t si_flags;
	char si_desc[248];
};

struct native_modstat {
	int32_t ms_id, ms_refs, ms_loaded, ms_pad;
	char ms_name[32], ms_class[16], ms_desc[64];
};

#define NATIVE_FUTEX_SHARED   0x1
#define NATIVE_FUTEX_REALTIME 0x2 /* the deadline is on CLOCK_REALTIME */
#define NATIVE_FUTEX_CHECK    0x4 /* requeue: compare with value */

/* wait4, waitid */
#define WNOHANG	   1
#define WUNTRACED  2
#define WCONTINUED 4
#define WNOWAIT	   8
#define WEXITED	   16
#define P_PID	   0
#define P_PGID	   2
#define P_ALL	   7

#define MS_ASYNC      1
#define MS_INVALIDATE 2

#define MOUNT_FORCE 0x80000
/* unmount: out of the tree with what is mounted below; its users go on. */
#define MOUNT_DETACH 0x100000

#endif
