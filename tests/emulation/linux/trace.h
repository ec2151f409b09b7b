/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cases about traced programs share. */
#ifndef TRACE_H
#define TRACE_H

#include "gtest.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOPPED(sig)   ((sig) << 8 | 0x7f)
#define EVENT(sig, ev) (STOPPED(sig) | (ev) << 16)
#define SYSGOOD	       STOPPED(SIGTRAP | 0x80)
#define EXITED(code)   ((code) << 8)

static inline long
pt(long req, pid_t pid, unsigned long addr, unsigned long data)
{
	return (syscall(SYS_ptrace, req, pid, addr, data));
}

/* The status of pid's next news. */
static inline int
status_of(pid_t pid)
{
	int st = -1;
	pid_t r = waitpid(pid, &st, __WALL);

	if (r != pid)
		printf("waitpid(%d) gave %d errno %d\n", pid, r, errno);
	return (st);
}

/* A child that asks to be traced and stops; then func runs in it. */
static inline pid_t
traced_child(void (*func)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		pt(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		func();
		_exit(7);
	}
	EQ(status_of(pid), STOPPED(SIGSTOP));
	return (pid);
}

/* A child that nobody traces yet, which runs func. */
static inline pid_t
child(void (*func)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		func();
		_exit(7);
	}
	return (pid);
}

static inline void
end(pid_t pid)
{
	int st;

	kill(pid, SIGKILL);
	do
		st = status_of(pid);
	while (st != -1 && !WIFEXITED(st) && !WIFSIGNALED(st));
}

static inline struct user_regs_struct
regs_of(pid_t pid)
{
	struct user_regs_struct r;

	memset(&r, 0, sizeof(r));
	EQ(pt(PTRACE_GETREGS, pid, 0, (unsigned long)&r), 0);
	return (r);
}

#endif
