/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine hands over at start. */
#ifndef SYS_BOOT_H
#define SYS_BOOT_H

#include <sys/types.h>

struct cpu;

#define BOOT_CMDLINE_MAX 4096
extern char boot_cmdline[BOOT_CMDLINE_MAX];

/* Exit statuses of a machine, beside the program's own. */
#define EXIT_USAGE 2 /* options, images: nothing was started */
#define EXIT_PANIC 134
#define EXIT_HANG  135

/* Runs every SYSINIT in order on CPU 0; the last one starts init. */
void kernel_start(void);

/* Machine: the initramfs as a stream.  0 with *donep 0 is the end. */
int machine_initramfs_read(void *arg, void *buf, size_t len, size_t *donep);
/* Machine: go to the next archive, which comes on top; false: there is none. */
bool machine_initramfs_next(void);
/* Machine: start CPU c (built, with its idle thread) in cpu_idle_loop. */
int machine_cpu_start(struct cpu *c);
/* Machine: how many CPUs it has. */
int machine_cpu_count(void);
/* Machine: stop for good; how is RB_, status leaves as the exit status. */
void machine_halt(int how, int status) __noreturn;
/* Machine: all CPUs but this one stop (panic). */
void machine_stop_others(void);
/* Machine: where c was when it was stopped; false if that is not known. */
bool machine_stopped_at(struct cpu *c, uintptr_t *pcp, uintptr_t *fpp);
/* The machine sets these before panic() if the kernel faulted. */
extern uintptr_t panic_pc, panic_fp;
/* Machine: symbol and line of a code address into buf; false if unknown. */
bool machine_symbol(uintptr_t addr, char *buf, size_t size);

#endif
