/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs of the vkernel: host threads.
 *
 * 1. A CPU is a host thread pinned to one host core; its struct cpu is the GS
 *    base.  It takes no asynchronous signal: others reach it through memory
 *    (IPI ring, remote-ready stack, host messages) and wake it with a futex.
 * 2. It waits in two places.  Idle: on cm_idle_word.  For a guest: on the
 *    mailbox's state word (vk_guest.c).  cpu_kick covers both; in the window
 *    between the CPU's last look and its futex wait it falls back to stopping
 *    the guest by signal, so no kick is lost.
 * 3. Host threads (console, spawner) push messages on CPU 0's stack.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include <sys/console.h>
#include <sys/ddb.h>
#include <sys/kshm.h>
#include <machine/physmem.h>
#include "vk_repeat.h"
#include "vk_var.h"

int vk_ncores;
KSHM_DEFINE(struct cpu, vk_cpu0, "lwkt.cpu0", KSHM_COUNTER, KSHM_TRACE);
static struct thread boot_thread;
struct host_boot vk_boot;
static struct host_msg *volatile host_msgs;

struct vm_page *vm_page_array;
uint64_t vm_page_array_len;

/* --- start ------------------------------------------------------------------------- */

static void
memory_init(uint64_t bytes, uint64_t kshm_bytes)
{
	uint64_t array;

	vm_page_array = (struct vm_page *)PHYS_BASE;
	vm_page_array_len = atop(bytes + HOST_KSHM_HOLE + kshm_bytes);
	array = round_page(vm_page_array_len * sizeof(struct vm_page));
	vm_memory_add(0, array, bytes, true);
}

void
vkernel_boot(const struct host_boot *hb)
{
	struct cpu *c = &vk_cpu0;

	vk_boot = *hb;
	vk_ncores = hb->ncores;
	strlcpy(boot_cmdline, hb->cmdline, sizeof(boot_cmdline));
	host_set_gs(c);
	c->c_curthread = c->c_idlethread = &boot_thread;
	boot_thread.td_cpu = c;
	boot_thread.td_state = TDS_RUNNING;
	boot_thread.td_prio = TDPRI_KERN;
	strlcpy(boot_thread.td_name, "boot", sizeof(boot_thread.td_name));
	cpu_init(c, 0);
	host_pin_self(0);
	vk_repeatable = hb->repeatable;
	vk_clock_boot(hb->start_ns);
	vk_kshm_boot(hb);
	memory_init(hb->memory_bytes, hb->kshm_bytes);
	kernel_start();
}

void
vkernel_cpu_main(void *arg)
{
	struct cpu *c = arg;

	host_set_gs(c);
	host_pin_self(c->c_id);
	cpu_idle_loop();
}

int
machine_cpu_start(struct cpu *c)
{
	return (host_cpu_thread(c->c_id, c));
}

int
machine_cpu_count(void)
{
	return (vk_boot.ncpus);
}

/* --- waiting and waking --------------------------------------------------------------- */

bool
vk_pending(struct cpu *c)
{
	return (atomic_load_seq(&c->c_remote_ready) != NULL ||
	    atomic_load_seq(&c->c_ipi_head) != c->c_ipi_tail ||
	    (c->c_id == 0 && atomic_load_seq(&host_msgs) != NULL));
}

void
cpu_idle_wait(nstime_t until)
{
	struct cpu *c = curcpu;
	nstime_t left = 0;

	if (vk_repeatable) {
		repeat_idle(until);
		return;
	}
	if (until != 0) {
		left = until - clock_mono();
		if (left <= 0)
			return;
	}
	atomic_store_seq(&c->c_md.cm_idle_word, 1);
	if (!vk_pending(c))
		host_futex_wait(&c->c_md.cm_idle_word, 1, left);
	atomic_store_seq(&c->c_md.cm_idle_word, 0);
}

void
cpu_kick(struct cpu *c)
{
	struct mailbox *mb;

	if (atomic_swap(&c->c_md.cm_idle_word, 0) == 1) {
		host_futex_wake(&c->c_md.cm_idle_word, 1);
		return;
	}
	mb = atomic_load_seq(&c->c_md.cm_guest);
	if (mb != NULL && host_futex_wake(&mb->mb_state, HOST_WAKE_ALL) == 0)
		host_stub_kick(c->c_md.cm_pid, c->c_md.cm_tid);
}

void
cpu_spin_relax(unsigned n)
{
	__asm__ volatile("pause");
	if (n % 64 == 63)
		host_yield();
}

void
vk_post(struct host_msg *m)
{
	struct host_msg *head;

	do {
		head = host_msgs;
		m->hm_next = head;
	} while (!atomic_cmpset(&host_msgs, head, m));
	if (cpus[0] != NULL)
		cpu_kick(cpus[0]);
}

/* Oldest first. */
void
vk_run_host_msgs(void)
{
	struct host_msg *m, *next, *rev = NULL;

	if (host_msgs == NULL || curcpu->c_id != 0)
		return;
	for (m = atomic_swap(&host_msgs, (struct host_msg *)NULL); m != NULL;
	     m = next) {
		next = m->hm_next;
		m->hm_next = rev;
		rev = m;
	}
	for (; rev != NULL; rev = next) {
		next = rev->hm_next;
		rev->hm_func(rev->hm_arg);
	}
}

/* Poll point of every CPU. */
void
cpu_poll_md(void)
{
	if (!vk_repeatable)
		vk_run_host_msgs();
}

/*
 * Until a host message has set *flag: other threads run meanwhile, but not in a
 * repeatable run.
 */
void
vk_wait_host(volatile bool *flag, const char *wmesg, nstime_t tick)
{
	if (!vk_repeatable) {
		if (!atomic_load_acq(flag))
			tsleep((const void *)flag, 0, wmesg, tick);
		return;
	}
	while (!atomic_load_acq(flag)) {
		atomic_store_seq(&curcpu->c_md.cm_idle_word, 1);
		if (atomic_load_seq(&host_msgs) == NULL)
			host_futex_wait(&curcpu->c_md.cm_idle_word, 1, tick);
		atomic_store_seq(&curcpu->c_md.cm_idle_word, 0);
		vk_run_host_msgs();
	}
}

void
cpu_thread_init(struct thread *td, void (*entry)(void))
{
	uint64_t *sp =
	    (uint64_t *)((uintptr_t)td->td_kstack + td->td_kstack_bytes);

	*--sp = 0; /* where entry would return to: ends stack walks */
	*--sp = (uintptr_t)entry;
	for (int i = 0; i < 6; i++)
		*--sp = 0;
	td->td_sp = sp;
}

/* --- the rest of the machine contract --------------------------------------------------------- */

void
machine_stop_others(void)
{
	host_stop_cpus();
}

bool
machine_stopped_at(struct cpu *c, uintptr_t *pcp, uintptr_t *fpp)
{
	return (host_stopped_at(c->c_id, pcp, fpp));
}

void
machine_halt(int how __unused, int status)
{
	host_exit(status);
}

bool
machine_symbol(uintptr_t addr, char *buf, size_t size)
{
	return (host_symbol(addr, buf, size));
}

size_t
machine_entropy(void *buf, size_t len)
{
	return (host_entropy(buf, len));
}

int
machine_cpuinfo(int cpu, char *buf, size_t size)
{
	return (host_cpuinfo(cpu, buf, size));
}

void
machine_hwcap(uint64_t *hwcap, uint64_t *hwcap2)
{
	host_hwcap(hwcap, hwcap2);
}

int
machine_initramfs_read(void *arg __unused, void *buf, size_t len, size_t *donep)
{
	int64_t n = host_initramfs_read(buf, len);

	if (n < 0)
		return (EIO);
	*donep = (size_t)n;
	return (0);
}

bool
machine_initramfs_next(void)
{
	return (host_initramfs_next());
}

void
console_write(const void *buf, size_t len)
{
	host_console_write(buf, len);
}

int
console_poll(void)
{
	return (host_console_poll());
}

void
console_wanted(void)
{
	if (vk_repeatable)
		repeat_input_wanted();
	else
		host_console_again();
}

void
console_size(uint16_t *rowsp, uint16_t *colsp)
{
	host_console_size(rowsp, colsp);
}

static void
console_start(void)
{
	size_t len;
	const char *args = host_init_args(&len);

	init_set_argv(args, len);
	host_console_start(&(const struct host_console_calls){
	    console_input, console_input_all, console_eof, console_resized});
	if (vk_repeatable)
		repeat_input_wanted();
	/* A change between the console's first question and now was missed. */
	console_resized();
}
SYSINIT(vk_console, SI_INIT - 1, console_start);

bool
ddb_read(const void *addr, void *buf, size_t len)
{
	return (host_read_self(addr, buf, len));
}

void
vkernel_fatal(int sig, uintptr_t pc, uintptr_t fp, uintptr_t addr)
{
	char name[128];

	if (!machine_symbol(pc, name, sizeof(name)))
		name[0] = '\0';
	panic_pc = pc;
	panic_fp = fp;
	panic("host signal %d at %#lx %s, address %#lx", sig, pc, name, addr);
}
