/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Linux numbers that procfs shows.  procfs IS a Linux interface, so they
 * belong to it; this file is the only place outside emulation/linux that knows
 * any.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/signal.h>

#include "procfs_var.h"

/* Native signal -> Linux signal; 0: Linux has none.  Real-time ones below. */
static const uint8_t linux_signo[SIGRTMIN] = {[SIGHUP] = 1,
    [SIGINT] = 2,
    [SIGQUIT] = 3,
    [SIGILL] = 4,
    [SIGTRAP] = 5,
    [SIGABRT] = 6,
    [SIGBUS] = 7,
    [SIGFPE] = 8,
    [SIGKILL] = 9,
    [SIGUSR1] = 10,
    [SIGSEGV] = 11,
    [SIGUSR2] = 12,
    [SIGPIPE] = 13,
    [SIGALRM] = 14,
    [SIGTERM] = 15,
    [SIGCHLD] = 17,
    [SIGCONT] = 18,
    [SIGSTOP] = 19,
    [SIGTSTP] = 20,
    [SIGTTIN] = 21,
    [SIGTTOU] = 22,
    [SIGURG] = 23,
    [SIGXCPU] = 24,
    [SIGXFSZ] = 25,
    [SIGVTALRM] = 26,
    [SIGPROF] = 27,
    [SIGWINCH] = 28,
    [SIGIO] = 29,
    [SIGPWR] = 30,
    [SIGSYS] = 31};

#define LINUX_SIGRTMIN 32
#define LINUX_NSIG     64

int
procfs_linux_signo(int sig)
{
	if (sig <= 0 || sig >= NSIG)
		return (0);
	if (sig < SIGRTMIN)
		return (linux_signo[sig]);
	sig = sig - SIGRTMIN + LINUX_SIGRTMIN;
	return (sig <= LINUX_NSIG ? sig : 0);
}

uint64_t
procfs_linux_sigset(const sigset_t *set)
{
	uint64_t mask = 0;

	for (int sig = 1; sig < NSIG; sig++) {
		int l = sigset_has(set, sig) ? procfs_linux_signo(sig) : 0;

		if (l != 0)
			mask |= 1UL << (l - 1);
	}
	return (mask);
}

/* The 32-bit form of stat's tty_nr: 12 bits of major inside the minor. */
uint32_t
procfs_linux_dev(dev_t dev)
{
	if (dev == 0)
		return (0);
	return ((minor(dev) & 0xff) | (major(dev) << 8) |
	    ((minor(dev) & ~0xffu) << 12));
}

uint32_t
procfs_linux_oflags(uint32_t fflags, bool cloexec)
{
	static const struct {
		uint32_t native, theirs;
	} map[] = {{O_NONBLOCK, 04000}, {O_APPEND, 02000}, {O_ASYNC, 020000},
	    {O_FSYNC, 04010000}, {O_DIRECT, 040000}, {O_NOATIME, 01000000},
	    {O_DIRECTORY, 0200000}, {O_PATH, 010000000}};
	uint32_t flags = cloexec ? 02000000 : 0;

	if ((fflags & FWRITE) != 0)
		flags |= (fflags & FREAD) != 0 ? 2 : 1;
	for (size_t i = 0; i < nitems(map); i++)
		if ((fflags & map[i].native) != 0)
			flags |= map[i].theirs;
	return (flags);
}

/* Exit code << 8, or the signal with the core bit. */
int
procfs_linux_wait_status(int status)
{
	int sig = status & 0x7f;

	if (sig == 0 || sig == 0x7f)
		return (status);
	return ((status & ~0x7f) | procfs_linux_signo(sig));
}

/* What Linux calls our file systems; the same name if it has none. */
const char *
procfs_linux_fstype(const char *name)
{
	static const struct {
		const char *native, *theirs;
	} map[] = {{"procfs", "proc"}, {"devfs", "devtmpfs"}};

	for (size_t i = 0; i < nitems(map); i++)
		if (strcmp(map[i].native, name) == 0)
			return (map[i].theirs);
	return (name);
}

int
procfs_linux_sched(enum sched_class sc)
{
	static const int numbers[] = {[SCHED_OTHER] = 0,
	    [SCHED_FIFO] = 1,
	    [SCHED_RR] = 2,
	    [SCHED_BATCH] = 3,
	    [SCHED_IDLE] = 5,
	    [SCHED_DEADLINE] = 6};

	return (numbers[sc]);
}
