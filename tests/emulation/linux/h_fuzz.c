/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random system calls with arguments that are nearly right.
 *
 * Every child makes CALLS calls out of its own seed, so a panic is found again
 * by starting with the last seed that was printed:
 *
 *	FUZZ_SEED=N FUZZ_COUNT=CALLS h_fuzz calls
 *
 * A call's arguments are drawn by kind (descriptors, paths, buffers at the edges
 * of what is mapped, lengths, flags, ids ...), by the table below; numbers that
 * it does not have get arguments of any kind.  Children are mostly an ordinary
 * user, sometimes root; they may die of anything, but not the kernel.
 */
#include "gtest.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS	250 /* of one child */
#define LAST_NR 452
#define DIR_	"/tmp/fuzz"

/* --- chance -------------------------------------------------------------------- */

static uint64_t state;

static uint64_t
rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dUL);
}

static uint64_t
below(uint64_t n)
{
	return ((rnd() >> 11) % n);
}

#define PICK(t) ((t)[below(sizeof(t) / sizeof((t)[0]))])

/* --- what arguments are made of --------------------------------------------------- */

#define AREA_PAGES 8
static char *area; /* pages rw, the last read-only, then nothing */
static int root;   /* this child is root */
static pid_t self, helper;

static uint64_t
number(void)
{
	static const uint64_t edge[] = {0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 63, 64,
	    100, 127, 128, 255, 256, 511, 512, 1023, 1024, 4095, 4096, 4097,
	    8192, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	    1UL << 47, 1UL << 62, INT64_MAX, 1UL << 63, -2UL, -1UL, -4096UL};

	switch (below(4)) {
	case 0:
		return (below(16));
	case 1:
		return (rnd() >> below(64));
	default:
		return (PICK(edge));
	}
}

static uint64_t
flags(void)
{
	uint64_t v = 0;

	if (below(4) == 0)
		return (rnd() >> below(64));
	for (uint64_t n = below(4); n > 0; n--)
		v |= 1UL << below(below(6) == 0 ? 64 : 24);
	return (v);
}

static uint64_t
pointer(void)
{
	uint64_t a = (uint64_t)area, end = a + AREA_PAGES * 4096;

	switch (below(16)) {
	case 0:
		return (0);
	case 1:
		return (end - below(64)); /* runs into nothing */
	case 2:
		return (end - 4096 + below(4096)); /* read-only */
	case 3:
		return (end + below(4096));
	case 4:
		return (below(4096));
	case 5:
		return (rnd());
	case 6:
		return (1UL << 47 | below(1 << 20));
	case 7:
		return (-1UL - below(4096));
	case 8:
		return (a + below(AREA_PAGES - 1) * 4096 + 4096 - below(32));
	default:
		return (a + below(AREA_PAGES - 2) * 4096 + (below(512) & -8UL));
	}
}

/* A pointer to words that look like a structure's. */
static uint64_t
structure(void)
{
	uint64_t p =
	    (uint64_t)area + below(AREA_PAGES - 2) * 4096 + (below(256) & -8UL);

	if (below(6) == 0)
		return (pointer());
	for (int i = 0; i < 24; i++) {
		uint64_t v;

		switch (below(8)) {
		case 0:
			v = pointer();
			break;
		case 1:
			v = number() | number() << 32;
			break;
		case 2:
			v = flags();
			break;
		case 3:
		case 4:
			v = 0;
			break;
		default:
			v = below(64);
			break;
		}
		((volatile uint64_t *)p)[i] = v;
	}
	return (p);
}

/* One to three pieces of memory. */
static uint64_t
vector(void)
{
	uint64_t p = (uint64_t)area + 2048;

	if (below(8) == 0)
		return (pointer());
	for (int i = 0; i < 4; i++) {
		((volatile uint64_t *)p)[2 * i] = pointer();
		((volatile uint64_t *)p)[2 * i + 1] =
		    below(3) == 0 ? number() : below(5000);
	}
	return (p);
}

/* Operations of prctl; those with a name of four letters, and the small ones. */
static uint64_t
prctl_op(void)
{
	static const uint64_t named[] = {
	    0x53564d41, /* PR_SET_VMA */
	    0x41555856, /* PR_GET_AUXV */
	    35,		/* PR_SET_MM, which has many of its own */
	};

	return (below(2) == 0 ? PICK(named) : below(72));
}

static uint64_t
path(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "d/e", "d/f",
	    "l", "nothing", "nothing/x", ".", "..", "/", "", "a/b",
	    "/proc/self/status", "/proc/self/fd", "/proc/self/mem",
	    "/proc/self/maps", "/proc/self/fd/3", "/proc/self/exe",
	    "/proc/self/task", "/proc/meminfo", "/proc/stat", "/dev/null",
	    "/dev/zero", "/dev/ptmx", "/dev/tty", "/dev/random", "/sys", "/tmp",
	    DIR_, "fifo", "sock", "d/../a", "./././b", "l/l/l", "a/"};
	static char longname[5000];
	char *p = area + 4096 + below(4) * 1024;

	switch (below(16)) {
	case 0:
		return (pointer());
	case 1:
		memset(longname, 'x', sizeof(longname) - 1);
		longname[below(sizeof(longname) - 1)] = '\0';
		return ((uint64_t)longname);
	case 2: /* at the end of what is mapped */
		p = area + (AREA_PAGES - 1) * 4096 - 2;
		p[0] = 'a';
		return ((uint64_t)p);
	default:
		strcpy(p, PICK(names));
		return ((uint64_t)p);
	}
}

static uint64_t
descriptor(void)
{
	switch (below(12)) {
	case 0:
		return (-1UL);
	case 1:
		return ((uint64_t)-100);
	case 2:
		return (number());
	default:
		return (3 + below(24));
	}
}

/* Nobody outside this child. */
static uint64_t
process(void)
{
	switch (below(8)) {
	case 0:
		return (0x3ffffff);
	case 1:
		return (number() | 1UL << 30);
	case 2:
		return (0);
	case 3:
	case 4:
	case 5:
		return ((uint64_t)helper);
	default:
		return ((uint64_t)self);
	}
}

static uint64_t
timeout(void)
{
	uint64_t *p = (uint64_t *)(area + 3 * 4096);

	if (below(4) == 0)
		return (structure());
	p[0] = below(8) == 0 ? number() : 0;
	p[1] = below(8) == 0 ? number() : below(2000000);
	p[2] = p[3] = 0;
	return ((uint64_t)p);
}

/*
 * Kinds: f descriptor, D directory, p path, b buffer, s structure, v vector,
 * n number, l length, o flags, g process, t time, S signal, a any.
 */
static uint64_t
argument(char kind)
{
	if (below(40) == 0)
		kind = "fpbsvnolgtS"[below(11)];
	switch (kind) {
	case 'f':
		return (descriptor());
	case 'D':
		return (below(3) != 0 ? (uint64_t)-100 : descriptor());
	case 'p':
		return (path());
	case 'b':
		return (pointer());
	case 's':
		return (structure());
	case 'v':
		return (vector());
	case 'l':
		return (below(3) == 0 ? number() : below(5000));
	case 'o':
		return (flags());
	case 'g':
		return (process());
	case 't':
		return (timeout());
	case 'S':
		return (below(70));
	case 'n':
		return (below(2) == 0 ? below(48) : number());
	case 'P':
		return (below(8) == 0 ? number() : prctl_op());
	case 'C': /* of fcntl */
		return (below(2) == 0 ? below(17) : 1024 + below(18));
	case 'z': /* of a structure */
		return (below(4) == 0 ? number() : 8 * below(16));
	default:
		return (argument("fpbsvnolgt"[below(10)]));
	}
}

/* --- calls ----------------------------------------------------------------------------- */

struct row {
	short nr;
	const char *kinds;
};
static const struct row rows[] = {
    {0, "fbl"},
    {1, "fbl"},
    {2, "poo"},
    {4, "pb"},
    {5, "fb"},
    {7, "snn"},
    {8, "fnn"},
    {9, "blonfn"},
    {10, "bln"},
    {11, "bl"},
    {12, "b"},
    {13, "Ssbn"},
    {14, "nsbn"},
    {16, "fns"},
    {17, "fbln"},
    {18, "fbln"},
    {19, "fvn"},
    {20, "fvn"},
    {21, "pn"},
    {22, "b"},
    {23, "nbbbt"},
    {25, "bllob"},
    {26, "blo"},
    {27, "blb"},
    {28, "bln"},
    {29, "nlo"},
    {30, "nbo"},
    {31, "nns"},
    {32, "f"},
    {33, "ff"},
    {35, "tb"},
    {36, "nb"},
    {38, "nsb"},
    {40, "ffbl"},
    {41, "nnn"},
    {42, "fsl"},
    {43, "fbb"},
    {44, "fblosl"},
    {45, "fblobb"},
    {46, "fso"},
    {47, "fso"},
    {48, "fn"},
    {49, "fsl"},
    {50, "fn"},
    {51, "fbb"},
    {53, "nnnb"},
    {54, "fnnsl"},
    {55, "fnnbb"},
    {56, "obbbn"},
    {57, ""},
    {58, ""},
    {59, "pvv"},
    {61, "gbob"},
    {62, "gS"},
    {63, "b"},
    {64, "nno"},
    {65, "nsn"},
    {66, "nnns"},
    {67, "b"},
    {68, "no"},
    {69, "nslo"},
    {70, "nblno"},
    {71, "nns"},
    {72, "fCo"},
    {73, "fn"},
    {76, "pn"},
    {77, "fn"},
    {78, "fbl"},
    {79, "bl"},
    {80, "p"},
    {81, "f"},
    {82, "pp"},
    {83, "pn"},
    {84, "p"},
    {86, "pp"},
    {87, "p"},
    {88, "pp"},
    {89, "pbl"},
    {90, "pn"},
    {91, "fn"},
    {92, "pnn"},
    {97, "nb"},
    {98, "nb"},
    {101, "ngbs"},
    {109, "gn"},
    {115, "nb"},
    {116, "ns"},
    {117, "nnn"},
    {121, "g"},
    {125, "sb"},
    {126, "ss"},
    {127, "bn"},
    {128, "sbtn"},
    {129, "gSs"},
    {131, "sb"},
    {132, "ps"},
    {133, "pnn"},
    {135, "o"},
    {136, "nb"},
    {137, "pb"},
    {138, "fb"},
    {140, "nn"},
    {141, "ngn"},
    {144, "gns"},
    {149, "bl"},
    {150, "bl"},
    {151, "o"},
    {157, "Pnszn"},
    {158, "nb"},
    {160, "ns"},
    {188, "ppblo"},
    {190, "fpblo"},
    {191, "ppbl"},
    {193, "fpbl"},
    {194, "pbl"},
    {197, "pp"},
    {200, "gS"},
    {202, "bnntbn"},
    {203, "gls"},
    {204, "glb"},
    {213, "n"},
    {217, "fbl"},
    {221, "fnln"},
    {222, "nsb"},
    {223, "nosb"},
    {224, "nb"},
    {225, "n"},
    {226, "n"},
    {228, "nb"},
    {229, "nb"},
    {230, "notb"},
    {232, "fbnn"},
    {233, "fnfs"},
    {234, "ggS"},
    {240, "poos"},
    {241, "p"},
    {242, "fblnt"},
    {243, "fblbt"},
    {244, "fs"},
    {245, "fsb"},
    {247, "ngbob"},
    {254, "fpo"},
    {255, "fn"},
    {257, "Dpoo"},
    {258, "Dpn"},
    {259, "Dpnn"},
    {260, "Dpnno"},
    {262, "Dpbo"},
    {263, "Dpo"},
    {264, "DpDp"},
    {265, "DpDpo"},
    {266, "pDp"},
    {267, "Dpbl"},
    {268, "Dpn"},
    {269, "Dpn"},
    {270, "nbbbts"},
    {271, "sntbn"},
    {272, "o"},
    {273, "sl"},
    {274, "gbb"},
    {275, "fbfblo"},
    {276, "fflo"},
    {277, "fnno"},
    {278, "fvno"},
    {280, "Dpto"},
    {281, "fbnnbn"},
    {283, "no"},
    {285, "fonn"},
    {286, "fosb"},
    {287, "fb"},
    {288, "fbbo"},
    {289, "fsno"},
    {290, "no"},
    {291, "o"},
    {292, "ffo"},
    {293, "bo"},
    {294, "o"},
    {295, "fvnnn"},
    {296, "fvnnn"},
    {297, "ggSs"},
    {299, "fsnot"},
    {302, "gnsb"},
    {307, "fsno"},
    {308, "fn"},
    {310, "gvnvno"},
    {311, "gvnvno"},
    {312, "ggnnn"},
    {314, "gso"},
    {315, "gblo"},
    {316, "DpDpo"},
    {317, "nos"},
    {318, "blo"},
    {319, "po"},
    {322, "Dpvvo"},
    {324, "non"},
    {326, "fbfblo"},
    {327, "fvnnno"},
    {328, "fvnnno"},
    {332, "Dpoob"},
    {334, "blon"},
    {424, "fSso"},
    {428, "Dpo"},
    {429, "DpDpo"},
    {430, "po"},
    {431, "fnpbn"},
    {432, "foo"},
    {433, "Dpo"},
    {434, "go"},
    {435, "sl"},
    {436, "nno"},
    {437, "Dpsl"},
    {438, "ffo"},
    {439, "Dpno"},
    {440, "fvnno"},
    {441, "fbntbn"},
    {442, "Dposl"},
    {448, "fo"},
};

/* The machine, the clock, all processes, mounts; and what never returns. */
static bool
excluded(int nr)
{
	static const short never[] = {SYS_exit, SYS_exit_group, SYS_reboot,
	    SYS_pause, SYS_rt_sigsuspend, SYS_rt_sigreturn, SYS_vhangup,
	    SYS_kill, SYS_sync, SYS_syncfs};
	static const short for_root[] = {SYS_settimeofday, SYS_clock_settime,
	    SYS_adjtimex, SYS_clock_adjtime, SYS_mount, SYS_umount2,
	    SYS_pivot_root, SYS_sethostname, SYS_setdomainname, SYS_setpriority,
	    SYS_ioprio_set, SYS_swapon, SYS_swapoff, 428, 429, 430, 442};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (never[i] == nr)
			return (true);
	for (size_t i = 0; root && i < sizeof(for_root) / sizeof(short); i++)
		if (for_root[i] == nr)
			return (true);
	return (false);
}

/* Would root hit the parent, or somebody else's process, with it? */
static bool
aims(int nr, const uint64_t a[6])
{
	static const short by_id[] = {SYS_rt_sigqueueinfo, SYS_tkill,
	    SYS_tgkill, SYS_rt_tgsigqueueinfo, SYS_prlimit64, SYS_ptrace,
	    SYS_process_vm_readv, SYS_process_vm_writev, 434};
	uint64_t id = nr == SYS_ptrace ? a[1] : a[0];

	if (nr == SYS_fcntl) /* F_SETOWN, F_SETOWN_EX */
		return (a[1] == 8 || a[1] == 15);
	if (nr == SYS_ioctl) /* FIOSETOWN, SIOCSPGRP, terminals */
		return (true);
	for (size_t i = 0; i < sizeof(by_id) / sizeof(by_id[0]); i++)
		if (by_id[i] == nr)
			return ((pid_t)id != self && (pid_t)id != helper);
	return (false);
}

/* A second return of fork and its like ends at once, on whatever stack. */
static long
raw(long nr, const uint64_t a[6])
{
	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	bool forks =
	    nr == SYS_fork || nr == SYS_vfork || nr == SYS_clone || nr == 435;
	long ret;

	if (forks)
		__asm__ volatile("syscall\n\t"
				 "testq %%rax, %%rax\n\t"
				 "jnz 1f\n\t"
				 "movl $60, %%eax\n\t"
				 "xorl %%edi, %%edi\n\t"
				 "syscall\n"
				 "1:"
				 : "=a"(ret)
				 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]),
				 "r"(r10), "r"(r8), "r"(r9)
				 : "rcx", "r11", "memory");
	else
		__asm__ volatile("syscall"
				 : "=a"(ret)
				 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]),
				 "r"(r10), "r"(r8), "r"(r9)
				 : "rcx", "r11", "memory");
	return (ret);
}

static void
one_call(void)
{
	uint64_t a[6] = {0};
	int nr;

	if (below(5) != 0) {
		const struct row *r = &PICK(rows);

		nr = r->nr;
		for (int i = 0; r->kinds[i] != '\0'; i++)
			a[i] = argument(r->kinds[i]);
	} else {
		nr = (int)below(LAST_NR);
		for (int i = 0; i < 6; i++)
			a[i] = argument('a');
	}
	if (excluded(nr) || (root && aims(nr, a)))
		return;
	if (nr == 62 || ((nr == 109 || nr == 141) && a[0] > 0x7fffffff))
		return;
	/* No stack of another's, or it would write over ours. */
	if (nr == SYS_clone)
		a[1] = 0;
	raw(nr, a);
}

/* --- children --------------------------------------------------------------------------------- */

static void
nothing(int sig)
{
	(void)sig;
}

static void
limit(int which, rlim_t n)
{
	struct rlimit rl = {n, n};

	setrlimit(which, &rl);
}

static void
open_things(void)
{
	int p[2];
	struct epoll_event ev = {.events = EPOLLIN};
	int n = open("/dev/null", O_RDWR), ep;

	dup2(n, 0);
	dup2(n, 1);
	dup2(n, 2);
	close(n);
	(void)!open("a", O_RDWR | O_CREAT, 0644);
	(void)!open("b", O_RDWR | O_CREAT | O_APPEND, 0600);
	(void)!open(".", O_RDONLY | O_DIRECTORY);
	(void)!open("/proc/self/maps", O_RDONLY);
	(void)!pipe2(p, O_NONBLOCK);
	(void)!pipe(p);
	(void)!socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	(void)!socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	(void)!socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, 7, &ev);
	(void)!eventfd(3, 0);
	(void)!timerfd_create(CLOCK_MONOTONIC, 0);
	(void)!memfd_create("m", MFD_ALLOW_SEALING);
	(void)!open("/dev/ptmx", O_RDWR | O_NOCTTY);
	(void)!open("/dev/zero", O_RDWR);
	(void)!syscall(434, helper, 0);
	(void)!open("a", O_PATH);
	(void)!syscall(SYS_inotify_init1, 0);
}

static void
child(uint64_t seed)
{
	struct itimerval it = {{0, 3000}, {0, 3000}};
	struct sigaction sa = {.sa_handler = nothing};

	state = seed * 0x9e3779b97f4a7c15UL + 1;
	for (int i = 0; i < 4; i++)
		(void)rnd();
	setsid();
	self = getpid();
	root = below(5) == 0;
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 1 << 20);
	limit(RLIMIT_NOFILE, 64);
	limit(RLIMIT_AS, 96 << 20);
	limit(RLIMIT_MEMLOCK, 1 << 20);
	if (!root) {
		limit(RLIMIT_NPROC, 8);
		(void)!setgid(1000);
		(void)!setuid(1000);
	}
	if ((helper = fork()) == 0) {
		for (int i = 0; i < 3; i++)
			close(i);
		alarm(3);
		for (;;)
			pause();
	}
	area = mmap(NULL, (AREA_PAGES + 1) * 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < AREA_PAGES * 4096; i++)
		area[i] = (char)(i >> 3);
	mprotect(area + (AREA_PAGES - 1) * 4096, 4096, PROT_READ);
	munmap(area + AREA_PAGES * 4096, 4096);
	open_things();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	for (int i = 0; i < CALLS; i++)
		one_call();
	kill(helper, SIGKILL);
	_exit(0);
}

/* --- the parent -------------------------------------------------------------------------------- */

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	if (f->level > 0)
		(void)remove(name);
	return (0);
}

/* What outlives the children. */
static void
sweep(void)
{
	union {
		struct shmid_ds shm;
		struct msqid_ds msg;
		struct semid_ds sem;
		struct seminfo si;
		struct msginfo mi;
		struct shm_info smi;
	} u;
	int n, id;

	nftw(DIR_, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	chmod(DIR_, 01777);
	n = shmctl(0, SHM_INFO, &u.shm);
	for (int i = 0; i <= n; i++)
		if ((id = shmctl(i, SHM_STAT, &u.shm)) >= 0)
			shmctl(id, IPC_RMID, NULL);
	n = semctl(0, 0, SEM_INFO, &u);
	for (int i = 0; i <= n; i++)
		if ((id = semctl(i, 0, SEM_STAT, &u)) >= 0)
			semctl(id, 0, IPC_RMID);
	n = msgctl(0, MSG_INFO, &u.msg);
	for (int i = 0; i <= n; i++)
		if ((id = msgctl(i, MSG_STAT, &u.msg)) >= 0)
			msgctl(id, IPC_RMID, NULL);
}

/* All that are left of a child's session, whoever adopted them. */
static void
kill_rest(void)
{
	pid_t me = getpid(), pid;
	struct dirent *de;
	DIR *d = opendir("/proc");

	while (d != NULL && (de = readdir(d)) != NULL) {
		pid = atoi(de->d_name);
		if (pid > 1 && pid != me && getsid(pid) != getsid(0) &&
		    getsid(pid) > getsid(0))
			kill(pid, SIGKILL);
	}
	if (d != NULL)
		closedir(d);
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		continue;
}

static volatile pid_t running;

static void
too_long(int sig)
{
	(void)sig;
	if (running > 0)
		kill(running, SIGKILL);
}

/* It may have made us its tracer: a stop is its end. */
static void
wait_end(pid_t pid)
{
	int st;
	pid_t r;

	do {
		r = waitpid(pid, &st, __WALL);
		if (r == pid && WIFSTOPPED(st))
			kill(pid, SIGKILL);
	} while ((r == -1 && errno == EINTR) || (r == pid && WIFSTOPPED(st)));
}

static uint64_t
from_env(const char *name, uint64_t value)
{
	const char *s = getenv(name);

	return (s != NULL ? strtoull(s, NULL, 0) : value);
}

/* --- what it found ------------------------------------------------------------------------- */

GTEST(short_timers, "do timers that expire all the time leave room?")
{
	struct itimerspec its = {{0, 1}, {0, 1}};
	uint64_t n = 0;

	for (int i = 0; i < 8; i++) {
		int fd = timerfd_create(CLOCK_MONOTONIC, 0);

		CHECK(timerfd_settime(fd, 0, &its, NULL) == 0);
		CHECK(read(fd, &n, sizeof(n)) == sizeof(n) && n > 0);
	}
	/* A barrier on every CPU, and a child, come through. */
	(void)!syscall(SYS_membarrier, 1, 0, 0);
	if (fork() == 0)
		_exit(0);
	CHECK(wait(NULL) > 0);
}

GTEST(long_sendfile, "does a copy that takes for ever leave room, and end?")
{
	pid_t pid = fork();
	int st;

	if (pid == 0) {
		int in = memfd_create("m", 0), out = eventfd(0, EFD_NONBLOCK);

		(void)!ftruncate(in, 1L << 31);
		(void)!syscall(SYS_sendfile, out, in, NULL, 0x7ffff000);
		_exit(0);
	}
	for (int i = 0; i < 1000; i++)
		sched_yield();
	kill(pid, SIGKILL);
	EQ(waitpid(pid, &st, 0), pid);
}

GTEST(rename_in_proc, "is a rename of made-up names refused?")
{
	ERR(rename("/proc/self/status", "/proc/self/stat"), EPERM);
	ERR(rename("/proc/self/status", "/tmp/x"), EXDEV);
}

/* --- the cases ------------------------------------------------------------------------------ */

#define WORKERS	    6
#define PATIENCE_US 150000 /* for a child: most are done in a tenth of it */

/* Every WORKERS-th seed of [seed, last). */
static void
work(uint64_t seed, uint64_t last, bool sweeps)
{
	struct sigaction sa = {.sa_handler = too_long};
	struct itimerval it = {{0, PATIENCE_US}, {0, PATIENCE_US}};

	sigaction(SIGALRM, &sa, NULL);
	for (uint64_t n = 1; seed < last; seed += WORKERS, n++) {
		if (sweeps && n % 500 == 1)
			printf("fuzz: seed %lu\n", seed);
		running = fork();
		if (running == 0)
			child(seed);
		setitimer(ITIMER_REAL, &it, NULL);
		wait_end(running);
		running = 0;
		if (sweeps && n % 32 == 0) {
			kill_rest();
			sweep();
		}
	}
}

GTEST(calls, "does the kernel survive random calls with likely arguments?")
{
	uint64_t seed = from_env("FUZZ_SEED", 1);
	uint64_t count = from_env("FUZZ_COUNT", 60000);
	uint64_t last = seed + (count + CALLS - 1) / CALLS;
	pid_t workers[WORKERS];

	mkdir(DIR_, 01777);
	chmod(DIR_, 01777);
	CHECK(chdir(DIR_) == 0);
	for (int i = 0; i < WORKERS; i++)
		if ((workers[i] = fork()) == 0) {
			work(seed + (uint64_t)i, last, i == 0);
			_exit(0);
		}
	for (int i = 0; i < WORKERS; i++)
		CHECK(waitpid(workers[i], NULL, 0) == workers[i]);
	kill_rest();
	sweep();
	printf("fuzz: %lu calls\n", (last - seed) * CALLS);
}
