/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every failure of a resource: a small workload is run again and again with the
 * n-th allocation (copy, page...) of the kernel failing, n = 1, 2, ... until
 * nothing fails any more.  The kernel must stay alive and leak nothing.
 */
#include "knob.h"
#include <sys/fcntl.h>
#include <sys/native.h>

static uint8_t stack[16384] __aligned(16);

static void
thread(void *arg)
{
	sys_lwp_exit(0);
}

static void
on_signal(int sig)
{
}

static void
workload(void)
{
	char *argv[] = {"/bin/busybox", "true", NULL}, *envp[] = {NULL};
	struct native_lwp_params lp;
	struct native_sigaction sa;
	struct ksigevent ev = {SIGEV_SIGNAL, SIGUSR1, 1, 0};
	int64_t pid;
	int id, s, fds[2];

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = (uint64_t)(uintptr_t)on_signal;
	pid = sys_fork();
	if (pid == 0) {
		sys_sigaction(SIGUSR1, &sa, NULL);
		sys_sigqueue((pid_t)sys_getpid(), SIGUSR1, 5);
		if (sys_timer_create(CLOCK_MONOTONIC, &ev, &id) == 0)
			sys_timer_delete(id);
		memset(&lp, 0, sizeof(lp));
		lp.lwp_func = (uint64_t)(uintptr_t)thread;
		lp.lwp_stack = (uint64_t)(uintptr_t)(stack + sizeof(stack));
		sys_lwp_create(&lp);
		sys_setsid();
		sys_setpgid(0, 0);
		sys_setuid(1000);
		if (sys_pipe(fds) == 0)
			sys_write(fds[1], "x", 1);
		sys_memfd_create("m", 0);
		if (sys_vfork() == 0) {
			sys_execve("/bin/busybox", argv, envp);
			sys_exit(1);
		}
		sys_execve("/bin/busybox", argv, envp);
		sys_exit(1);
	}
	if (pid > 0)
		while (
		    sys_wait4((pid_t)pid, &s, 0, NULL) == -1 && errno != ECHILD)
			;
}

int
main(int argc, char **argv, char **envp)
{
	int64_t before, after, n, zero = 0;

	for (int i = 1; i < argc; i++) {
		for (n = 1; n < 2000; n++) {
			if (knob(argv[i], "fired", &before, false) != 0)
				return (2);
			int64_t pid = sys_fork();
			if (pid == 0) {
				knob(argv[i], "nth", &n, true);
				workload();
				knob(argv[i], "nth", &zero, true);
				sys_exit(0);
			}
			while (sys_wait4((pid_t)pid, NULL, 0, NULL) == -1 &&
			    errno == EINTR)
				;
			knob(argv[i], "nth", &zero, true);
			after = before;
			while (knob(argv[i], "fired", &after, false) != 0)
				;
			if (after == before)
				break;
		}
		out_printf("%s: %ld failures survived\n", argv[i], n - 1);
		out_flush();
	}
	return (0);
}
