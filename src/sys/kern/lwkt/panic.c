/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panic and stack traces.
 *
 * A panic stops the other CPUs, prints the reason, this CPU's stack with
 * symbols and what every CPU ran, gives the debugger a chance (option
 * "ddb" on the command line, or an interactive console), and leaves the
 * machine with status EXIT_PANIC.  Stacks are walked by frame pointers and
 * never leave the thread's stack.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include <sys/cpu.h>
#include <sys/kshm.h>
#include <sys/ktr.h>
#include <sys/ddb.h>
#include <machine/vmparam.h>
#include "lwkt_var.h"

#define DEPTH_MAX 32

const char *volatile panicstr;
/* Where a fault of the kernel happened, set by the machine before panic. */
uintptr_t panic_pc, panic_fp;

/*
 * All but the first are return addresses: a call that never returns may be the
 * last instruction of its function, so the name is that of the byte before.
 */
static void
print_frame(int depth, uintptr_t pc)
{
	char name[128];

	if (machine_symbol(depth > 0 ? pc - 1 : pc, name, sizeof(name)))
		kprintf("  #%-2d %#lx %s\n", depth, pc, name);
	else
		kprintf("  #%-2d %#lx\n", depth, pc);
}

/* From frame pointer fp, inside [low, high). */
static void
walk(uintptr_t pc, uintptr_t fp, uintptr_t low, uintptr_t high)
{
	uintptr_t frame[2];

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (pc != 0)
			print_frame(depth, pc);
		if (fp < low || fp + sizeof(frame) > high || (fp & 7) != 0 ||
		    !ddb_read((const void *)fp, frame, sizeof(frame)))
			break;
		if (frame[0] <= fp)
			fp = 0;
		else
			fp = frame[0];
		pc = frame[1];
		if (pc == 0)
			break;
	}
}

void
thread_backtrace(struct thread *td)
{
	uintptr_t fp, low = (uintptr_t)td->td_kstack;
	uintptr_t high = low + td->td_kstack_bytes;

	if (td == curthread) {
		fp = (uintptr_t)__builtin_frame_address(0);
		if (low == 0) { /* the boot thread stands on the machine's */
			low = fp;
			high = fp + 64 * 1024;
		}
		walk(0, fp, low, high);
		return;
	}
	if (td->td_state == TDS_RUNNING || td->td_sp == NULL) {
		kprintf("  (running on another CPU)\n");
		return;
	}
	/* cpu_switch pushed the callee-saved registers, rbp last but first. */
	if (!ddb_read((uint8_t *)td->td_sp + CPU_SWITCH_RBP, &fp, sizeof(fp)))
		return;
	walk(0, fp, low, high);
}

static void
print_stopped(struct cpu *c)
{
	struct thread *td = c->c_curthread;
	uintptr_t pc, fp, low = (uintptr_t)td->td_kstack;

	kprintf("cpu %d ran %s\n", c->c_id, td->td_name);
	if (machine_stopped_at(c, &pc, &fp))
		walk(pc, fp, low, low + td->td_kstack_bytes);
}

void
panic(const char *fmt, ...)
{
	static char text[256];
	static volatile uint32_t once;
	va_list ap;

	if (atomic_swap(&once, 1) != 0) {
		kprintf("panic: again, while panicking: %s\n", fmt);
		machine_halt(RB_HALT, EXIT_PANIC);
	}
	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	panicstr = text;
	machine_stop_others();
	KTR_EVENT(MACHINE, panic, "cpu=%d", (uint64_t)curcpu->c_id);
	ktr_freeze();
	kshm_panicked(text);
	kprintf("\npanic: %s\n", text);
	kprintf("cpu %d thread %s\n", curcpu->c_id, curthread->td_name);
	if (panic_fp != 0)
		walk(panic_pc, panic_fp, panic_fp, panic_fp + KSTACK_SIZE);
	else
		thread_backtrace(curthread);
	for (int i = 0; i < ncpus; i++)
		if (cpus[i] != curcpu)
			print_stopped(cpus[i]);
	ktr_tail();
	if (boot_option("ddb") != NULL)
		ddb_enter("panic");
	machine_halt(RB_HALT, EXIT_PANIC);
}
