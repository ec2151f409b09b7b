/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Try a function that may fault, and see what came of it.
 *
 * attempt(f) calls f in a child.  The first fault there writes what the signal
 * told into *seen, a page that parent and child share, and ends the child by a
 * bare system call: stack, FS base and whatever else f spoilt are not needed.
 *
 * The three places these programs run on differ.  A PC emulates what QEMU's CPU
 * does, a vkernel's programs run on the host's CPU under the host's kernel, which
 * sees their exceptions first.  The cases hold on Linux itself too, unless they
 * say otherwise.
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "gtest.h"
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define RETURNED 0   /* f came back */
#define KILLED	 256 /* + signal: the kernel ended it, no handler ran */
#define EFL_TF	 0x100UL
#define EFL_DF	 0x400UL
#define EFL_IOPL 0x3000UL
#define EFL_NT	 0x4000UL
#define EFL_RF	 0x10000UL
#define EFL_VM	 0x20000UL
#define EFL_AC	 0x40000UL
#define EFL_ID	 0x200000UL

#define KERNEL_DIRECT 0xffff800000000000UL /* of the PC's kernel */
#define KERNEL_DEVICE 0xfffffe0000000000UL
#define KERNEL_IMAGE  0xffffffff80100000UL
#define NONCANONICAL  0x8000000000000000UL

struct seen {
	volatile int sig, code, trapno;
	volatile uint64_t addr, ip, sp, flags, err;
};
static struct seen *seen;
__attribute__((used)) static volatile uint64_t arg; /* for f */

static inline long
bare_call(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return (r);
}

__attribute__((unused)) static void
on_fault(int sig, siginfo_t *si, void *ctx)
{
	const greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	if (seen->sig == 0) {
		seen->code = si->si_code;
		seen->addr = (uint64_t)(uintptr_t)si->si_addr;
		seen->ip = (uint64_t)r[REG_RIP];
		seen->sp = (uint64_t)r[REG_RSP];
		seen->flags = (uint64_t)r[REG_EFL];
		seen->err = (uint64_t)r[REG_ERR];
		seen->trapno = (int)r[REG_TRAPNO];
		seen->sig = sig;
	}
	bare_call(SYS_exit_group, 0, 0, 0);
}

/* The handler for every fault, on a stack of its own. */
__attribute__((unused)) static void
catch_faults(void (*handler)(int sig, siginfo_t *si, void *ctx))
{
	static const int sigs[] = {
	    SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = handler;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaltstack(&ss, NULL);
	for (unsigned i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

/* Wait for a child that may have blocked every signal; its status. */
__attribute__((unused)) static int
wait_end(pid_t pid)
{
	int s = -1;

	for (int ms = 0; waitpid(pid, &s, WNOHANG) != pid; ms++) {
		if (ms == 20000) {
			FAIL("child %d does not end", pid);
			kill(pid, SIGKILL);
		}
		if (ms < 5)
			sched_yield();
		else
			usleep(1000);
	}
	return (s);
}

/* RETURNED, the signal, or KILLED and the signal. */
__attribute__((unused)) static int
attempt(void (*f)(void))
{
	pid_t pid;
	int s;

	if (seen == NULL)
		seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(seen, 0, sizeof(*seen));
	if ((pid = fork()) == 0) {
		catch_faults(on_fault);
		f();
		bare_call(SYS_exit_group, 0, 0, 0);
	}
	s = wait_end(pid);
	if (seen->sig != 0)
		return (seen->sig);
	if (WIFSIGNALED(s))
		return (KILLED + WTERMSIG(s));
	return (RETURNED);
}

/* Would a program fault at p?  For what only one kind of machine has. */
__attribute__((unused)) static uint64_t attempt_at;
__attribute__((unused)) static void
attempt_read(void)
{
	(void)*(volatile char *)(uintptr_t)attempt_at;
}

/* A vkernel's program sees its stub. */
__attribute__((unused)) static int
on_vkernel(void)
{
	attempt_at = 0x7ff110000000;
	return (attempt(attempt_read) == RETURNED);
}

__attribute__((unused)) static void
cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

/* QEMU's own CPU: no alignment checks, no SSE exceptions. */
__attribute__((unused)) static int
on_tcg(void)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	if ((r[2] >> 31 & 1) == 0)
		return (0);
	cpuid(0x40000000, 0, r);
	return (memcmp(&r[1], "TCGTCGTCGTCG", 12) == 0);
}

#endif
