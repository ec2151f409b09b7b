/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux amd64 as data: numbers and layouts of the kernel's user interface.
 * Source: the published ABI (man-pages sections 2 and 7, the psABI) and the
 * layouts that programs were seen to use.
 */
#ifndef LINUX_ABI_H
#define LINUX_ABI_H

#include <sys/types.h>

/* --- errors: native -> Linux, where the numbers differ ------------------- */

/* clang-format off */
#define LINUX_ERRNO_TABLE(X) \
	X(EDEADLK, 35) \
	X(EAGAIN, 11) \
	X(EINPROGRESS, 115) \
	X(EALREADY, 114) \
	X(ENOTSOCK, 88) \
	X(EDESTADDRREQ, 89) \
	X(EMSGSIZE, 90) \
	X(EPROTOTYPE, 91) \
	X(ENOPROTOOPT, 92) \
	X(EPROTONOSUPPORT, 93) \
	X(ESOCKTNOSUPPORT, 94) \
	X(EOPNOTSUPP, 95) \
	X(EPFNOSUPPORT, 96) \
	X(EAFNOSUPPORT, 97) \
	X(EADDRINUSE, 98) \
	X(EADDRNOTAVAIL, 99) \
	X(ENETDOWN, 100) \
	X(ENETUNREACH, 101) \
	X(ENETRESET, 102) \
	X(ECONNABORTED, 103) \
	X(ECONNRESET, 104) \
	X(ENOBUFS, 105) \
	X(EISCONN, 106) \
	X(ENOTCONN, 107) \
	X(ESHUTDOWN, 108) \
	X(ETOOMANYREFS, 109) \
	X(ETIMEDOUT, 110) \
	X(ECONNREFUSED, 111) \
	X(ELOOP, 40) \
	X(ENAMETOOLONG, 36) \
	X(EHOSTDOWN, 112) \
	X(EHOSTUNREACH, 113) \
	X(ENOTEMPTY, 39) \
	X(EPROCLIM, 11) \
	X(EUSERS, 87) \
	X(EDQUOT, 122) \
	X(ESTALE, 116) \
	X(EREMOTE, 66) \
	X(ENOLCK, 37) \
	X(ENOSYS, 38) \
	X(EFTYPE, 22) \
	X(EIDRM, 43) \
	X(ENOMSG, 42) \
	X(EOVERFLOW, 75) \
	X(ECANCELED, 125) \
	X(EILSEQ, 84) \
	X(ENOATTR, 61) \
	X(EDOOFUS, 22) \
	X(EBADMSG, 74) \
	X(EMULTIHOP, 72) \
	X(ENOLINK, 67) \
	X(EPROTO, 71) \
	X(ENOMEDIUM, 123) \
	X(ENOTRECOVERABLE, 131) \
	X(EOWNERDEAD, 130)
/* clang-format on */

/* --- signals: Linux number, native name ------------------------------------ */

#define SIG_STKFLT 66 /* native number that exists for Linux's 16 alone */
/* clang-format off */
#define LINUX_SIGNAL_TABLE(X) \
	X(1, SIGHUP) \
	X(2, SIGINT) \
	X(3, SIGQUIT) \
	X(4, SIGILL) \
	X(5, SIGTRAP) \
	X(6, SIGABRT) \
	X(7, SIGBUS) \
	X(8, SIGFPE) \
	X(9, SIGKILL) \
	X(10, SIGUSR1) \
	X(11, SIGSEGV) \
	X(12, SIGUSR2) \
	X(13, SIGPIPE) \
	X(14, SIGALRM) \
	X(15, SIGTERM) \
	X(16, SIG_STKFLT) \
	X(17, SIGCHLD) \
	X(18, SIGCONT) \
	X(19, SIGSTOP) \
	X(20, SIGTSTP) \
	X(21, SIGTTIN) \
	X(22, SIGTTOU) \
	X(23, SIGURG) \
	X(24, SIGXCPU) \
	X(25, SIGXFSZ) \
	X(26, SIGVTALRM) \
	X(27, SIGPROF) \
	X(28, SIGWINCH) \
	X(29, SIGIO) \
	X(30, SIGPWR) \
	X(31, SIGSYS)
/* clang-format on */
#define LINUX_NSIG	  64
#define LINUX_SIGRTMIN	  32
#define LINUX_SIGSET_SIZE 8

#define LINUX_SA_NOCLDSTOP 0x00000001u
#define LINUX_SA_NOCLDWAIT 0x00000002u
#define LINUX_SA_SIGINFO   0x00000004u
#define LINUX_SA_RESTORER  0x04000000u
#define LINUX_SA_ONSTACK   0x08000000u
#define LINUX_SA_RESTART   0x10000000u
#define LINUX_SA_NODEFER   0x40000000u
#define LINUX_SA_RESETHAND 0x80000000u

#define LINUX_SS_ONSTACK 1
#define LINUX_SS_DISABLE 2

#define LINUX_SI_USER	 0
#define LINUX_SI_KERNEL	 0x80
#define LINUX_SI_QUEUE	 (-1)
#define LINUX_SI_TIMER	 (-2)
#define LINUX_SI_MESGQ	 (-3)
#define LINUX_SI_ASYNCIO (-4)
#define LINUX_SI_TKILL	 (-6)
#define LINUX_SI_SIGIO	 (-5)

struct linux_sigaction {
	uint64_t lsa_handler;
	uint64_t lsa_flags;
	uint64_t lsa_restorer;
	uint64_t lsa_mask;
};

struct linux_stack {
	uint64_t ss_sp;
	int32_t ss_flags;
	int32_t ss_pad;
	uint64_t ss_size;
};

struct linux_siginfo {
	int32_t si_signo, si_errno, si_code, si_pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} rt; /* kill uses the first two */
		struct {
			int32_t tid, overrun;
			uint64_t value;
		} timer;
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t status, pad;
			int64_t utime, stime; /* ticks */
		} chld;
		struct {
			uint64_t addr;
			int16_t lsb;
		} fault;
		struct {
			int64_t band;
			int32_t fd;
		} poll;
		struct {
			uint64_t addr;
			int32_t call;
			uint32_t arch;
		} sys;
		uint8_t bytes[112];
	} u;
};
CTASSERT(sizeof(struct linux_siginfo) == 128);

struct linux_sigcontext {
	uint64_t sc_r8, sc_r9, sc_r10, sc_r11, sc_r12, sc_r13, sc_r14, sc_r15;
	uint64_t sc_di, sc_si, sc_bp, sc_bx, sc_dx, sc_ax, sc_cx, sc_sp, sc_ip,
	    sc_flags;
	uint16_t sc_cs, sc_gs, sc_fs, sc_ss;
	uint64_t sc_err, sc_trapno, sc_oldmask, sc_cr2;
	uint64_t sc_fpstate;
	uint64_t sc_reserved[8];
};
CTASSERT(sizeof(struct linux_sigcontext) == 256);

struct linux_ucontext {
	uint64_t uc_flags, uc_link;
	struct linux_stack uc_stack;
	struct linux_sigcontext uc_mcontext;
	uint64_t uc_sigmask;
};
CTASSERT(sizeof(struct linux_ucontext) == 304);
#define LINUX_UC_FP_XSTATE	   1
#define LINUX_UC_SIGCONTEXT_SS	   2
#define LINUX_UC_STRICT_RESTORE_SS 4

struct linux_rt_sigframe {
	uint64_t sf_ret;
	struct linux_ucontext sf_uc;
	struct linux_siginfo sf_info;
};
CTASSERT(sizeof(struct linux_rt_sigframe) == 440);

/* In the last 48 bytes of the 512-byte legacy area of the state. */
struct linux_fpx_sw {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size, padding[7];
};
CTASSERT(sizeof(struct linux_fpx_sw) == 48);
#define LINUX_FPX_OFFSET       464
#define LINUX_FP_XSTATE_MAGIC1 0x46505853u
#define LINUX_FP_XSTATE_MAGIC2 0x46505845u
#define LINUX_FXSAVE_SIZE      512

struct linux_sigevent {
	uint64_t sigev_value;
	int32_t sigev_signo, sigev_notify;
	int32_t sigev_tid;
	int32_t sigev_pad[11];
};
CTASSERT(sizeof(struct linux_sigevent) == 64);
#define LINUX_SIGEV_SIGNAL    0
#define LINUX_SIGEV_NONE      1
#define LINUX_SIGEV_THREAD    2
#define LINUX_SIGEV_THREAD_ID 4

/* --- files --------------------------------------------------------------------- */

struct linux_stat {
	uint64_t st_dev, st_ino, st_nlink;
	uint32_t st_mode, st_uid, st_gid, st_pad;
	uint64_t st_rdev;
	int64_t st_size, st_blksize, st_blocks;
	int64_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime,
	    st_ctime_nsec;
	int64_t st_unused[3];
};
CTASSERT(sizeof(struct linux_stat) == 144);

struct linux_statx_time {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t tv_pad;
};
struct linux_statx {
	uint32_t stx_mask, stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink, stx_uid, stx_gid;
	uint16_t stx_mode, stx_pad;
	uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct linux_statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
	uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	uint64_t stx_mnt_id;
	uint64_t stx_spare[13];
};
CTASSERT(sizeof(struct linux_statx) == 256);
#define LINUX_STATX_BASIC 0x7ff
#define LINUX_STATX_BTIME 0x800

struct linux_statfs {
	int64_t f_type, f_bsize;
	uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	int32_t f_fsid[2];
	int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};
CTASSERT(sizeof(struct linux_statfs) == 120);

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
} __packed;
struct linux_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	char d_name[]; /* the type is the record's last byte */
} __packed;

struct linux_flock {
	int16_t l_type, l_whence;
	int32_t l_pad;
	int64_t l_start, l_len;
	int32_t l_pid, l_pad2;
};
CTASSERT(sizeof(struct linux_flock) == 32);

struct linux_open_how {
	uint64_t flags, mode, resolve;
};

struct linux_pollfd {
	int32_t fd;
	int16_t events, revents;
};
struct linux_epoll_event {
	uint32_t events;
	uint64_t data;
} __packed;
CTASSERT(sizeof(struct linux_epoll_event) == 12);

#define LINUX_O_CREAT	  00000100
#define LINUX_O_EXCL	  00000200
#define LINUX_O_NOCTTY	  00000400
#define LINUX_O_TRUNC	  00001000
#define LINUX_O_APPEND	  00002000
#define LINUX_O_NONBLOCK  00004000
#define LINUX_O_DSYNC	  00010000
#define LINUX_O_ASYNC	  00020000
#define LINUX_O_DIRECT	  00040000
#define LINUX_O_LARGEFILE 00100000
#define LINUX_O_DIRECTORY 00200000
#define LINUX_O_NOFOLLOW  00400000
#define LINUX_O_NOATIME	  01000000
#define LINUX_O_CLOEXEC	  02000000
#define LINUX_O_SYNC	  04000000
#define LINUX_O_PATH	  010000000
#define LINUX_O_TMPFILE	  020000000

#define LINUX_AT_SYMLINK_NOFOLLOW 0x100
#define LINUX_AT_REMOVEDIR	  0x200 /* and AT_EACCESS */
#define LINUX_AT_SYMLINK_FOLLOW	  0x400
#define LINUX_AT_NO_AUTOMOUNT	  0x800
#define LINUX_AT_EMPTY_PATH	  0x1000
#define LINUX_AT_STATX_SYNC	  0x6000
#define LINUX_AT_RECURSIVE	  0x8000

#define LINUX_UTIME_NOW	 0x3fffffff
#define LINUX_UTIME_OMIT 0x3ffffffe

/* --- terminals --------------------------------------------------------------------- */

#define LINUX_NCCS 19
struct linux_termios {
	uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line;
	uint8_t c_cc[LINUX_NCCS];
};
CTASSERT(sizeof(struct linux_termios) == 36);
#define LINUX_NCC 8
struct linux_termio { /* the older form */
	uint16_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line;
	uint8_t c_cc[LINUX_NCC];
};
CTASSERT(sizeof(struct linux_termio) == 18);
struct linux_termios2 {
	struct linux_termios t;
	uint32_t c_ispeed, c_ospeed;
};
CTASSERT(sizeof(struct linux_termios2) == 44);

/* --- processes ------------------------------------------------------------------------ */

struct linux_rusage {
	struct timeval ru_utime, ru_stime;
	int64_t ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt,
	    ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals,
	    ru_nvcsw, ru_nivcsw;
};
CTASSERT(sizeof(struct linux_rusage) == 144);

struct linux_rlimit {
	uint64_t rlim_cur, rlim_max;
};

struct linux_sysinfo {
	int64_t uptime;
	uint64_t loads[3];
	uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint32_t pad2;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit, pad3;
};
CTASSERT(sizeof(struct linux_sysinfo) == 112);

#define LINUX_UTSLEN 65
struct linux_utsname {
	char sysname[LINUX_UTSLEN], nodename[LINUX_UTSLEN],
	    release[LINUX_UTSLEN], version[LINUX_UTSLEN], machine[LINUX_UTSLEN],
	    domainname[LINUX_UTSLEN];
};

struct linux_tms {
	int64_t tms_utime, tms_stime, tms_cutime, tms_cstime;
};
#define LINUX_HZ 100 /* of clock_t */

struct linux_clone_params {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
	    stack_size, tls, set_tid, set_tid_size, cgroup;
};
#define LINUX_CLONE_ARGS_MIN 64

#define LINUX_CLONE_VM		   0x00000100UL
#define LINUX_CLONE_FS		   0x00000200UL
#define LINUX_CLONE_FILES	   0x00000400UL
#define LINUX_CLONE_SIGHAND	   0x00000800UL
#define LINUX_CLONE_PIDFD	   0x00001000UL
#define LINUX_CLONE_PTRACE	   0x00002000UL
#define LINUX_CLONE_VFORK	   0x00004000UL
#define LINUX_CLONE_PARENT	   0x00008000UL
#define LINUX_CLONE_THREAD	   0x00010000UL
#define LINUX_CLONE_SYSVSEM	   0x00040000UL
#define LINUX_CLONE_SETTLS	   0x00080000UL
#define LINUX_CLONE_PARENT_SETTID  0x00100000UL
#define LINUX_CLONE_CHILD_CLEARTID 0x00200000UL
#define LINUX_CLONE_DETACHED	   0x00400000UL
#define LINUX_CLONE_UNTRACED	   0x00800000UL
#define LINUX_CLONE_CHILD_SETTID   0x01000000UL
#define LINUX_CLONE_IO		   0x80000000UL
#define LINUX_CLONE_CLEAR_SIGHAND  0x100000000UL
#define LINUX_CSIGNAL		   0x000000ffUL

struct linux_cap_header {
	uint32_t version;
	int32_t pid;
};
struct linux_cap_data {
	uint32_t effective, permitted, inheritable;
};

#define LINUX_UNAME26		0x0020000u
#define LINUX_ADDR_NO_RANDOMIZE 0x0040000u
#define LINUX_READ_IMPLIES_EXEC 0x0400000u

#define LINUX_WNOHANG	 0x00000001
#define LINUX_WUNTRACED	 0x00000002
#define LINUX_WEXITED	 0x00000004
#define LINUX_WCONTINUED 0x00000008
#define LINUX_WNOWAIT	 0x01000000
#define LINUX_WNOTHREAD	 0x20000000
#define LINUX_WALL	 0x40000000
#define LINUX_WCLONE	 0x80000000

/* --- tracing ------------------------------------------------------------------ */

#define LINUX_ERESTARTSYS	    512L
#define LINUX_ERESTARTNOINTR	    513L
#define LINUX_ERESTARTNOHAND	    514L
#define LINUX_ERESTART_RESTARTBLOCK 516L

#define LINUX_PTRACE_EVENT_FORK	      1
#define LINUX_PTRACE_EVENT_VFORK      2
#define LINUX_PTRACE_EVENT_CLONE      3
#define LINUX_PTRACE_EVENT_EXEC	      4
#define LINUX_PTRACE_EVENT_VFORK_DONE 5
#define LINUX_PTRACE_EVENT_EXIT	      6
#define LINUX_PTRACE_EVENT_SECCOMP    7
#define LINUX_PTRACE_EVENT_STOP	      128

/* struct user_regs_struct. */
struct linux_user_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi, orig_rax;
	uint64_t rip, cs, eflags, rsp, ss;
	uint64_t fs_base, gs_base, ds, es, fs, gs;
};
CTASSERT(sizeof(struct linux_user_regs) == 216);

/* struct user: offsets of what PTRACE_PEEKUSER reads beside the registers. */
#define LINUX_USER_DEBUGREG 848
#define LINUX_USER_NDEBUG   8
#define LINUX_USER_SIZE	    912

struct linux_ptrace_syscall_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction_pointer, stack_pointer;
	union {
		struct {
			uint64_t nr, args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
		struct {
			uint64_t nr, args[6];
			uint32_t ret_data;
		} seccomp;
	} u;
};
CTASSERT(offsetof(struct linux_ptrace_syscall_info, u) == 24);

struct linux_peeksiginfo_args {
	uint64_t off;
	uint32_t flags;
	int32_t nr;
};

#define LINUX_NT_PRSTATUS   1
#define LINUX_NT_PRFPREG    2
#define LINUX_NT_X86_XSTATE 0x202
#define LINUX_XCR0_OFFSET   464 /* where a tracer finds the features */

#define LINUX_AUDIT_ARCH_X86_64 0xc000003eu

#define LINUX_FUTEX_WAIT	0
#define LINUX_FUTEX_WAKE	1
#define LINUX_FUTEX_REQUEUE	3
#define LINUX_FUTEX_CMP_REQUEUE 4
#define LINUX_FUTEX_WAKE_OP	5
#define LINUX_FUTEX_WAIT_BITSET 9
#define LINUX_FUTEX_WAKE_BITSET 10
#define LINUX_FUTEX_PRIVATE	128
#define LINUX_FUTEX_REALTIME	256

#endif
