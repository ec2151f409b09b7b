/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals, native numbering (the BSD one).  1..31 classic, 32..64: 33..64 are
 * real-time (queued).  ABIs renumber at their edge.
 */
#ifndef SYS_SIGNAL_H
#define SYS_SIGNAL_H

#include <sys/types.h>
#include <sys/queue.h>

#define SIGHUP	  1
#define SIGINT	  2
#define SIGQUIT	  3
#define SIGILL	  4
#define SIGTRAP	  5
#define SIGABRT	  6
#define SIGEMT	  7
#define SIGFPE	  8
#define SIGKILL	  9
#define SIGBUS	  10
#define SIGSEGV	  11
#define SIGSYS	  12
#define SIGPIPE	  13
#define SIGALRM	  14
#define SIGTERM	  15
#define SIGURG	  16
#define SIGSTOP	  17
#define SIGTSTP	  18
#define SIGCONT	  19
#define SIGCHLD	  20
#define SIGTTIN	  21
#define SIGTTOU	  22
#define SIGIO	  23
#define SIGXCPU	  24
#define SIGXFSZ	  25
#define SIGVTALRM 26
#define SIGPROF	  27
#define SIGWINCH  28
#define SIGINFO	  29
#define SIGUSR1	  30
#define SIGUSR2	  31
#define SIGPWR	  32 /* Linux's; not in the BSD set */
#define SIGRTMIN  33
#define SIGRTMAX  96
#define NSIG	  97 /* valid: 1..96; Linux RT 32..64 -> 33..65 */

typedef struct sigset {
	uint64_t bits[2]; /* signal s is bit (s - 1) */
} sigset_t;

static inline void
sigset_add(sigset_t *s, int sig)
{
	s->bits[(sig - 1) >> 6] |= 1UL << ((sig - 1) & 63);
}
static inline void
sigset_del(sigset_t *s, int sig)
{
	s->bits[(sig - 1) >> 6] &= ~(1UL << ((sig - 1) & 63));
}
static inline bool
sigset_has(const sigset_t *s, int sig)
{
	return ((s->bits[(sig - 1) >> 6] >> ((sig - 1) & 63)) & 1);
}
static inline bool
sigset_empty(const sigset_t *s)
{
	return ((s->bits[0] | s->bits[1]) == 0);
}

/* si_code values (native = POSIX meanings). */
#define SI_USER		 0x10001
#define SI_QUEUE	 0x10002
#define SI_TIMER	 0x10003
#define SI_ASYNCIO	 0x10004
#define SI_MESGQ	 0x10005
#define SI_KERNEL	 0x10006
#define SI_LWP		 0x10007 /* tgkill */
#define SI_POLL		 0x10100 /* + POLL_: a file; ksi_value: the descriptor */
#define POLL_IN		 1
#define POLL_OUT	 2
#define POLL_MSG	 3
#define POLL_ERR	 4
#define POLL_PRI	 5
#define POLL_HUP	 6
#define SI_IS_POLL(code) ((code) > SI_POLL && (code) <= SI_POLL + POLL_HUP)
#define SEGV_MAPERR	 1
#define SEGV_ACCERR	 2
#define BUS_ADRALN	 1
#define BUS_ADRERR	 2
#define ILL_ILLOPC	 1
#define ILL_ILLOPN	 2
#define ILL_PRVOPC	 5
#define FPE_INTOVF	 1
#define FPE_INTDIV	 2
#define FPE_FLTDIV	 3
#define FPE_FLTOVF	 4
#define FPE_FLTUND	 5
#define FPE_FLTRES	 6
#define FPE_FLTINV	 7
#define TRAP_BRKPT	 1
#define TRAP_TRACE	 2
#define TRAP_HWBKPT	 4 /* a debug register */
#define SYS_FILTER	 1 /* ksi_value: the call, ksi_status: data */
#define CLD_EXITED	 1
#define CLD_KILLED	 2
#define CLD_DUMPED	 3
#define CLD_TRAPPED	 4
#define CLD_STOPPED	 5
#define CLD_CONTINUED	 6

typedef struct ksiginfo {
	TAILQ_ENTRY(ksiginfo) ksi_link; /* when queued */
	int32_t ksi_signo;
	int32_t ksi_code;
	int32_t ksi_errno;
	int32_t ksi_status; /* SIGCHLD: exit code or signal */
	pid_t ksi_pid;
	uid_t ksi_uid;
	uint64_t ksi_value; /* sigval */
	uint64_t ksi_addr;
	int32_t ksi_trapno;
	int32_t ksi_timerid;
	int32_t ksi_overrun;
	nstime_t ksi_utime, ksi_stime;
} ksiginfo_t;

#define SIG_DFL 0UL
#define SIG_IGN 1UL

#define SA_ONSTACK   0x0001
#define SA_RESTART   0x0002
#define SA_RESETHAND 0x0004
#define SA_NOCLDSTOP 0x0008
#define SA_NODEFER   0x0010
#define SA_NOCLDWAIT 0x0020
#define SA_SIGINFO   0x0040
#define SA_RESTORER  0x10000 /* sa_restorer is set (Linux) */

struct ksigaction {
	uaddr_t sa_handler; /* SIG_DFL, SIG_IGN or an address */
	uint32_t sa_flags;
	uaddr_t sa_restorer;
	sigset_t sa_mask;
};

#define SS_ONSTACK 0x0001
#define SS_DISABLE 0x0004
struct ksigaltstack {
	uaddr_t ss_sp;
	uint64_t ss_size;
	uint32_t ss_flags;
};

#define SIG_BLOCK   1
#define SIG_UNBLOCK 2
#define SIG_SETMASK 3

/* sigevent kinds for timers */
#define SIGEV_NONE	0
#define SIGEV_SIGNAL	1
#define SIGEV_THREAD_ID 4
struct ksigevent {
	int sigev_notify;
	int sigev_signo;
	uint64_t sigev_value;
	pid_t sigev_tid;
};

#endif
