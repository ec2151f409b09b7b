/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host, as the rest of the vkernel sees it: memory, threads, clock,
 * console, stubs.  The bodies in this folder are the only files that include
 * host headers.  No function here touches kernel state but through vk_post.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_boot {
	uint64_t memory_bytes;
	uint64_t kshm_bytes; /* of the shared segment, at most */
	int ncpus;
	int ncores; /* host cores this process may use */
	const char *cmdline;
	int64_t start_ns; /* monotonic, when main began */
	bool repeatable;  /* nothing of the host may show: vk_repeat.c */
};

/* --- kernel entry points that the host calls --------------------------------- */

void vkernel_boot(const struct host_boot *hb); /* on CPU 0's thread */
void vkernel_cpu_main(void *cpu);	       /* on another CPU's */
/* A fault of the kernel itself, on an alternate stack; does not return. */
void vkernel_fatal(int sig, uintptr_t pc, uintptr_t fp, uintptr_t addr);
void vkernel_stub_died(int pid); /* via vk_post */

/* A message from a host thread, run on CPU 0; the memory is the sender's. */
struct host_msg {
	struct host_msg *hm_next;
	void (*hm_func)(void *arg);
	void *hm_arg;
};
void vk_post(struct host_msg *m);

/* --- templates: machines that need no boot, host_template.c ------------------- */

enum host_point {
	HOST_POINT_KERNEL, /* drivers, file systems, ABIs are there; no root */
	HOST_POINT_ROOT,   /* the root is filled */
};
/*
 * The boot has come to a point where the machine is its memory and nothing else:
 * one host thread, no stub.  A template stays here and returns true in each
 * machine that is made from it; *hb says then how that one is to go on.
 */
bool host_template_point(enum host_point where, struct host_boot *hb);

/* --- memory -------------------------------------------------------------------- */

/* Guest RAM is mapped at PHYS_BASE before vkernel_boot. */
bool host_read_self(const void *addr, void *buf, size_t len);
/*
 * The shared segment, a file of its own: the linked part is mapped where it was
 * linked, all of it behind guest RAM and a hole of HOST_KSHM_HOLE.
 */
#define HOST_KSHM_HOLE 4096
extern char kshm_static_start[], kshm_static_end[];
/* Give the memory of guest RAM [off, off+len) back: it reads as zeros. */
void host_ram_discard(uint64_t off, uint64_t len);

/* --- threads, time --------------------------------------------------------------- */

int64_t host_clock_mono(void);
int64_t host_clock_real(void);
/* Does the host itself tell the time by the CPU's cycle counter? */
bool host_clock_is_cycles(void);
void host_futex_wait(volatile uint32_t *word, uint32_t value, int64_t ns);
#define HOST_WAKE_ALL 0x7fffffff
int host_futex_wake(volatile uint32_t *word, int n);
void host_set_gs(void *base);
int host_cpu_thread(int id, void *cpu); /* start vkernel_cpu_main(cpu) */
void host_yield(void);
void host_pin_self(int core); /* index into the usable cores */
enum host_place {
	HOST_ON_CORE,
	HOST_OFF_CORE
};
void host_place_thread(int tid, int core, enum host_place how);
void host_stop_cpus(void); /* all CPU threads but the caller's */
/* Where a stopped one was, if it came to a halt within a short time. */
bool host_stopped_at(int id, uintptr_t *pc, uintptr_t *fp);
void host_exit(int status) __attribute__((noreturn));
size_t host_entropy(void *buf, size_t len);

/* --- console ----------------------------------------------------------------------- */

void host_console_write(const void *buf, size_t len);
/* The debugger: the next input byte, waiting for it; -1 at the end. */
int host_console_poll(void);
void host_console_size(uint16_t *rows, uint16_t *cols);
/*
 * Begin reading input; these are called on CPU 0.  input_all gets what comes
 * from a pipe or file; after it refused (false) host_console_again repeats it.
 */
struct host_console_calls {
	void (*input)(const uint8_t *buf, size_t len);
	bool (*input_all)(const uint8_t *buf, size_t len);
	void (*eof)(void);
	void (*resized)(void);
};
void host_console_start(const struct host_console_calls *calls);
void host_console_again(void);
/*
 * In a repeatable run no thread reads: this waits for input and hands it over.
 * False: it was the end, or the kernel has no room.
 */
bool host_console_take(void);

/* --- stubs --------------------------------------------------------------------------- */

struct host_spawn {
	uint64_t hs_control_off; /* offset of the control block */
	volatile int hs_pid;	 /* out: 0 not yet, -1 failed */
	struct host_msg hs_done; /* posted when hs_pid is set */
	struct host_spawn *hs_next;
};
void host_stub_spawn(struct host_spawn *hs); /* asynchronous */
void host_stub_kill(int pid);
void host_stub_kick(int pid, int tid);
/* Where the host has each thread of a stub: text for a report. */
void host_stub_describe(int pid, char *buf, size_t size);
bool host_stub_owns(int pid, int tid);

/* --- boot files ------------------------------------------------------------------------ */

/* Words after "--", NUL-separated; length 0 if none. */
const char *host_init_args(size_t *lenp);
/* 0 at the end, -1 on error. */
int64_t host_initramfs_read(void *buf, size_t len);
bool host_initramfs_next(void);
bool host_symbol(uintptr_t addr, char *buf, size_t size);
int host_cpuinfo(int cpu, char *buf, size_t size);
void host_hwcap(uint64_t *hwcap, uint64_t *hwcap2);

#endif
