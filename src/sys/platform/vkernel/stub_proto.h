/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel and a stub agree on.  Included by C and by assembly.
 *
 * Address space of a stub above the guest's:
 *
 *	STUB_TEXT     the stub program: text, read-only data, no writable data
 *	STUB_CONTROL  control block, read-only here, written by the kernel
 *	STUB_MAILBOX  one mailbox per thread slot, shared and writable
 *
 * Control block (CONTROL_SIZE bytes):
 *	off  size  meaning
 *	0    4     sequence of the batch to do; the mapper's futex
 *	4    4     number of orders in it
 *	8    4     sequence of the last batch done (the mapper writes it by
 *		   pwrite, for it cannot write here); the kernel's futex
 *	16   8     what to pwrite there if all orders succeeded
 *	24   8     ... and if one failed: the sequence with bit 31 flipped
 *	32   8     offset of the done word in guest RAM
 *	64   64n   orders: system call number, six arguments, thread block
 *	4096 32n   thread blocks: what a new thread starts with
 *
 * Mailbox (MAILBOX_SIZE bytes, aligned to it): see MB_ offsets; the rest is
 * the signal stack on which the host leaves the guest's registers.  All of it
 * is writable by the guest: the kernel trusts nothing in it.
 */
#ifndef STUB_PROTO_H
#define STUB_PROTO_H

#define STUB_TEXT      0x7ff100000000
#define STUB_TEXT_HIGH 0x7ff1
#define STUB_TEXT_SIZE 0x10000
#define STUB_FAST_OFF  0x8000 /* in the text: stub_fast.S */
#define STUB_CONTROL   0x7ff110000000
#define STUB_MAILBOX   0x7ff120000000
#define STUB_FD	       3 /* guest RAM */
#define STUB_KSHM_FD   4 /* the shared segment, read-only */

#define CONTROL_SIZE 16384
#define CTL_SEQ	     0
#define CTL_COUNT    4
#define CTL_DONE     8
#define CTL_OK	     16
#define CTL_FAILED   24
#define CTL_DONE_OFF 32
#define CTL_ORDERS   64
#define ORDER_SIZE   64
#define ORDER_MAX    62
#define CTL_THREADS  4096
#define THREAD_SIZE  32
#define THREAD_MAX   384

#define MAILBOX_SIZE  16384
#define MAILBOX_ORDER 2
#define MB_STATE      0	 /* u32: whose turn; both sides' futex */
#define MB_KSLEEP     4	 /* u32: the kernel sleeps on MB_STATE */
#define MB_SSLEEP     8	 /* u32: the stub sleeps on MB_STATE */
#define MB_SPIN	      12 /* u32: turns to spin before sleeping */
#define MB_SIG	      16 /* u32: why the guest stopped */
#define MB_TID	      20 /* u32: host thread id */
#define MB_FSBASE     24
#define MB_GSBASE     32
#define MB_INFO	      40  /* address of the siginfo */
#define MB_UCONTEXT   48  /* address of the ucontext */
#define MB_FRAME      56  /* stack pointer for sigreturn */
#define MB_FAST	      64  /* registers of a call by the short way: 18 u64 */
#define MB_STACK      512 /* the signal stack begins */

#define MBS_KERNEL 0 /* the guest has stopped */
#define MBS_GUEST  1 /* the guest may run */
#define MBS_PARK   2 /* stopped, and the kernel will be long: sleep */
#define MBS_TRAP   3 /* stopped by the short way: stop by a signal, too */

/* MB_SIG of a call by the short way (stub_fast.S, vk_rewrite.c), no signal. */
#define HSIG_FAST 64

/* Parts of stub_fast.S, from STUB_TEXT + STUB_FAST_OFF. */
#define FAST_STACK 0x100 /* rsp is in the mailbox */
#define FAST_GIVE  0x120 /* no longer; the turn is still the guest's */
#define FAST_GIVEN 0x160 /* the kernel has it, or had it */
#define FAST_END   0x280

/* System calls the mapper is given. */
#define HNR_MMAP     9
#define HNR_MPROTECT 10
#define HNR_MUNMAP   11
#define HNR_CLONE    56

#ifndef __ASSEMBLER__
#include <sys/types.h>

struct stub_order {
	uint64_t so_nr;
	uint64_t so_args[6];
	uint64_t so_thread; /* HNR_CLONE: address of the thread block */
};
struct stub_thread {
	uint64_t st_stack; /* stack_t of the signal stack: base */
	uint64_t st_flags; /* 0 */
	uint64_t st_size;
	uint64_t st_mailbox;
};
struct stub_control {
	volatile uint32_t sc_seq;
	uint32_t sc_count;
	volatile uint32_t sc_done;
	uint32_t sc_pad;
	uint64_t sc_ok, sc_failed, sc_done_off;
	uint64_t sc_pad2[3];
	struct stub_order sc_orders[ORDER_MAX];
	uint64_t sc_pad3[8];
	struct stub_thread sc_threads[THREAD_MAX];
};
struct mailbox {
	volatile uint32_t mb_state, mb_ksleep, mb_ssleep, mb_spin;
	volatile uint32_t mb_sig, mb_tid;
	volatile uint64_t mb_fsbase, mb_gsbase;
	volatile uint64_t mb_info, mb_ucontext, mb_frame;
	volatile uint64_t mb_fast[18]; /* order of struct trapframe */
};
_Static_assert(sizeof(struct stub_order) == ORDER_SIZE, "order");
_Static_assert(offsetof(struct stub_control, sc_orders) == CTL_ORDERS, "ctl");
_Static_assert(
    offsetof(struct stub_control, sc_threads) == CTL_THREADS, "threads");
_Static_assert(sizeof(struct stub_control) == CONTROL_SIZE, "control");
_Static_assert(offsetof(struct mailbox, mb_frame) == MB_FRAME, "mailbox");
_Static_assert(offsetof(struct mailbox, mb_fast) == MB_FAST, "mailbox");
_Static_assert(sizeof(struct mailbox) < MB_STACK, "room to push the flags");
#endif

#endif
