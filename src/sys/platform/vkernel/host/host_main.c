/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vkernel as a program: options, guest RAM, CPU threads, and the main
 * thread's loop.
 *
 * The main thread is the parent of every stub (a stub dies with the thread
 * that made it) and takes all signals by sigwait: children, window size,
 * requests to end.  CPU threads have every signal blocked but the faults of
 * the kernel itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/prctl.h>
#include <option.h>
#include "host.h"
#include "host_copy.h"
#include "host_var.h"

#define RAM_BASE ((void *)0x400000000UL) /* PHYS_BASE */
#define RAM_MIN	 (16UL << 20)
#define RAM_MAX	 (32UL << 30)
#define CPUS_MAX 8
#define KSHM_MIN (2UL << 20)
#define KSHM_MAX (64UL << 20)
#define RAM_FD	 100 /* high, so that a stub can have it as 3 */

int host_ram_fd;
bool host_repeatable;
pthread_t host_main_thread;
static struct host_boot boot;
static int cores[64], ncores;
static pthread_t cpu_threads[CPUS_MAX];
static char cmdline[4096];
static const char *kshm_path;
static uint64_t entropy; /* of a repeatable run */
static bool cpus_given;

/* --- errors ------------------------------------------------------------------------- */

void
host_fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "vkernel: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* --- options: the table is boot_options.h ---------------------------------------------- */

static void
cmdline_add(const char *key, const char *value)
{
	size_t n = strlen(cmdline);

	if (strchr(key, ' ') != NULL ||
	    n + strlen(key) + strlen(value) + 3 > sizeof(cmdline))
		host_fail("--set: \"%s\" is too long or has blanks", key);
	snprintf(cmdline + n, sizeof(cmdline) - n, "%s%s%s%s", n > 0 ? " " : "",
	    key, *value != '\0' ? "=" : "", value);
}

/* The seed is the kernel's; here it makes the entropy. */
static void
set_seed(const char *v)
{
	char *end;

	errno = 0;
	entropy = strtoul(v, &end, 0);
	if (errno != 0 || end == v || *end != '\0' || *v == '-')
		host_fail("--seed: \"%s\" is not a number", v);
	host_repeatable = boot.repeatable = true;
	cmdline_add("seed", v);
}

static void
set_memory(const char *v)
{
	boot.memory_bytes =
	    option_size("memory", v, RAM_MIN, RAM_MAX) & ~0x3fffffUL;
}

static void
set_cpus(const char *v)
{
	cpus_given = true;
	boot.ncpus = (int)option_number("cpus", v, 1, CPUS_MAX);
}

static void
set_initramfs(const char *v)
{
	host_initramfs_open(v);
}

static void
set_share(const char *v)
{
	host_share_set(v);
	cmdline_add("share", strstr(v, ":ro") != NULL ? "ro" : "rw");
}

static void
set_set(const char *v)
{
	cmdline_add(v, "");
	host_kshm_name(v);
}

static void
set_kshm(const char *v)
{
	kshm_path = v;
}

static void set_help(const char *v);

static void
set_template(const char *v)
{
	host_template_set(v);
}

static const struct option_row options[] = {
    BOOT_OPTIONS(OPTION_ROW) //
    {'D', "seed", "N", "repeatable run: one CPU, virtual time, choices by N",
	set_seed},
    {0, "kshm", "FILE", "keep the trace segment in FILE", set_kshm},
    {0, "template", "FD:POINT",
	"boot to POINT, then make machines for socket FD", set_template},
};
static const struct option_program program = {"vkernel",
    "Boot Mayfly as a process; with CMD run it and exit with its status.\n",
    options, sizeof(options) / sizeof(options[0])};

static void
set_help(const char *v __attribute__((unused)))
{
	option_help(&program);
}

static void
parse_options(int argc, char **argv)
{
	char **command;

	boot.memory_bytes = 256UL << 20;
	boot.ncpus = 2;
	cpus_given = false;
	cmdline[0] = '\0';
	host_initramfs_close();
	command = option_parse(&program, argc, argv);
	if (command != NULL)
		host_init_args_set(command);
	host_initramfs_check();
	if (boot.repeatable && cpus_given && boot.ncpus != 1)
		host_fail("--seed runs one CPU: leave --cpus out");
	if (boot.repeatable)
		boot.ncpus = 1;
}

void
host_options_again(int argc, char **argv, struct host_boot *hb)
{
	uint64_t stream = entropy;

	parse_options(argc, argv);
	entropy = stream; /* it goes on */
	*hb = boot;
}

/* --- memory ------------------------------------------------------------------------------ */

static void
make_ram(void)
{
	int fd = memfd_create("mayfly-ram", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)boot.memory_bytes) != 0)
		host_fail("cannot make %lu MiB of guest memory: %s",
		    (unsigned long)(boot.memory_bytes >> 20), strerror(errno));
	host_ram_fd = fcntl(fd, F_DUPFD_CLOEXEC, RAM_FD);
	close(fd);
	if (host_ram_fd < 0 ||
	    mmap(RAM_BASE, boot.memory_bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED_NOREPLACE, host_ram_fd, 0) != RAM_BASE)
		host_fail("cannot map guest memory: %s", strerror(errno));
}

void
host_memory_again(void)
{
	struct host_copy hc = {.hc_from = RAM_FD,
	    .hc_to = memfd_create("mayfly-ram", MFD_CLOEXEC),
	    .hc_at = RAM_BASE,
	    .hc_bytes = boot.memory_bytes};
	int error = 0;

	if (hc.hc_to < 0 || ftruncate(hc.hc_to, (off_t)boot.memory_bytes) != 0)
		error = errno;
	if (error == 0)
		error = host_copy_file(&hc);
	if (error != 0 || dup3(hc.hc_to, RAM_FD, O_CLOEXEC) < 0)
		host_fail("cannot copy guest memory: %s",
		    strerror(error != 0 ? error : errno));
	close(hc.hc_to);
	host_kshm_again(kshm_path);
}

/* A sixteenth of guest RAM, if that is reasonable; what is not used is free. */
static void
make_kshm(void)
{
	uint64_t max = boot.memory_bytes / 16;

	max = max < KSHM_MIN ? KSHM_MIN : max > KSHM_MAX ? KSHM_MAX : max;
	boot.kshm_bytes = max;
	host_kshm_make(kshm_path,
	    (char *)RAM_BASE + boot.memory_bytes + HOST_KSHM_HOLE, max);
}

#ifdef KASAN
/* Shadow of [first, last), see kern/mem/kasan.c; never touched, it is free. */
static void
shadow_range(uintptr_t first, uintptr_t last)
{
	uintptr_t from = (0x7fff8000UL + first / 8) & ~0xfffUL;
	uintptr_t to = 0x7fff8000UL + last / 8;

	if (mmap((void *)from, to - from, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE |
		    MAP_NORESERVE,
		-1, 0) == MAP_FAILED)
		host_fail(
		    "cannot map the sanitizer's shadow: %s", strerror(errno));
}

/*
 * The image and guest RAM; the host's stacks, where each CPU begins: they lie up to
 * 1 TiB and 16 GiB below the top, as chance will have it.
 */
static void
make_shadow(void)
{
	shadow_range(0x400000, (uintptr_t)RAM_BASE + RAM_MAX);
	shadow_range(0x7e0000000000UL, 0x800000000000UL);
}
#else
static void
make_shadow(void)
{
}
#endif

bool
host_read_self(const void *addr, void *buf, size_t len)
{
	struct iovec l = {buf, len}, r = {(void *)(uintptr_t)addr, len};

	return (process_vm_readv(getpid(), &l, 1, &r, 1, 0) == (ssize_t)len);
}

void
host_ram_discard(uint64_t off, uint64_t len)
{
	(void)fallocate(host_ram_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    (off_t)off, (off_t)len);
}

/* SplitMix64 (Steele, Lea, Flood 2014), a byte of each. */
static uint8_t
seeded_byte(void)
{
	uint64_t x = entropy += 0x9e3779b97f4a7c15UL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebUL;
	return ((uint8_t)(x ^ (x >> 31)));
}

size_t
host_entropy(void *buf, size_t len)
{
	ssize_t n;

	if (host_repeatable) {
		for (size_t i = 0; i < len; i++)
			((uint8_t *)buf)[i] = seeded_byte();
		return (len);
	}
	n = getrandom(buf, len, 0);
	return (n > 0 ? (size_t)n : 0);
}

void
host_hwcap(uint64_t *hwcap, uint64_t *hwcap2)
{
	*hwcap = getauxval(AT_HWCAP);
	*hwcap2 = getauxval(AT_HWCAP2);
}

/* --- time and waiting ------------------------------------------------------------------------ */

static int64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (ts.tv_sec * 1000000000L + ts.tv_nsec);
}

int64_t
host_clock_mono(void)
{
	return (clock_ns(CLOCK_MONOTONIC));
}

int64_t
host_clock_real(void)
{
	return (clock_ns(CLOCK_REALTIME));
}

bool
host_clock_is_cycles(void)
{
	char name[16] = "";
	int fd = open(
	    "/sys/devices/system/clocksource/clocksource0/current_clocksource",
	    O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return (false);
	if (read(fd, name, sizeof(name) - 1) < 0)
		name[0] = '\0';
	close(fd);
	return (strncmp(name, "tsc\n", 4) == 0);
}

void
host_futex_wait(volatile uint32_t *word, uint32_t value, int64_t ns)
{
	struct timespec ts = {ns / 1000000000L, ns % 1000000000L};

	(void)syscall(
	    SYS_futex, word, FUTEX_WAIT, value, ns > 0 ? &ts : NULL, NULL, 0);
}

int
host_futex_wake(volatile uint32_t *word, int n)
{
	return ((int)syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0));
}

void
host_yield(void)
{
	sched_yield();
}

/* --- threads ------------------------------------------------------------------------------------ */

void
host_set_gs(void *base)
{
	(void)syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}

static void
fault_handler(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	vkernel_fatal(sig, (uintptr_t)uc->uc_mcontext.gregs[REG_RIP],
	    (uintptr_t)uc->uc_mcontext.gregs[REG_RBP], (uintptr_t)si->si_addr);
}

/* Where each CPU was when it was stopped; the pc is written last. */
static volatile uintptr_t stopped_pc[CPUS_MAX], stopped_fp[CPUS_MAX];

static void
stop_handler(int sig, siginfo_t *si, void *ctx)
{
	const ucontext_t *uc = ctx;

	(void)sig;
	(void)si;
	for (int i = 0; i < CPUS_MAX; i++)
		if (cpu_threads[i] != 0 &&
		    pthread_equal(cpu_threads[i], pthread_self())) {
			stopped_fp[i] =
			    (uintptr_t)uc->uc_mcontext.gregs[REG_RBP];
			__atomic_store_n(&stopped_pc[i],
			    (uintptr_t)uc->uc_mcontext.gregs[REG_RIP],
			    __ATOMIC_RELEASE);
		}
	for (;;)
		pause();
}

bool
host_stopped_at(int id, uintptr_t *pc, uintptr_t *fp)
{
	for (int i = 0; i < 100 && stopped_pc[id] == 0; i++)
		usleep(1000);
	*pc = __atomic_load_n(&stopped_pc[id], __ATOMIC_ACQUIRE);
	*fp = stopped_fp[id];
	return (*pc != 0);
}

static void
kernel_signals(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	struct sigaction sa = {.sa_sigaction = fault_handler,
	    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaction(faults[i], &sa, NULL);
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sa.sa_sigaction = stop_handler;
	sigaction(SIGUSR2, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Every CPU thread: the faults' stack, and only faults and stop unblocked. */
static void
cpu_thread_setup(void)
{
	stack_t ss = {.ss_size = 64 * 1024};
	sigset_t set;

	ss.ss_sp = malloc(ss.ss_size);
	sigaltstack(&ss, NULL);
	sigfillset(&set);
	sigdelset(&set, SIGSEGV);
	sigdelset(&set, SIGBUS);
	sigdelset(&set, SIGFPE);
	sigdelset(&set, SIGILL);
	sigdelset(&set, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void *
boot_thread(void *arg)
{
	cpu_thread_setup();
	vkernel_boot(arg);
	return (NULL);
}

static void *
cpu_thread(void *arg)
{
	cpu_thread_setup();
	vkernel_cpu_main(arg);
	return (NULL);
}

int
host_cpu_thread(int id, void *cpu)
{
	return (pthread_create(&cpu_threads[id], NULL, cpu_thread, cpu));
}

void
host_pin_self(int core)
{
	host_place_thread(0, core % ncores, HOST_ON_CORE);
}

void
host_place_thread(int tid, int core, enum host_place how)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < ncores; i++)
		if ((i == core) == (how == HOST_ON_CORE))
			CPU_SET(cores[i], &set);
	(void)sched_setaffinity(tid, sizeof(set), &set);
}

void
host_stop_cpus(void)
{
	for (int i = 0; i < CPUS_MAX; i++)
		if (cpu_threads[i] != 0 &&
		    !pthread_equal(cpu_threads[i], pthread_self()))
			pthread_kill(cpu_threads[i], SIGUSR2);
}

/* Of the C compiler's library, in a build that counts branches. */
extern void __gcov_dump(void) __attribute__((weak));

void
host_exit(int status)
{
	if (__gcov_dump != NULL)
		__gcov_dump();
	host_template_ends();
	host_stubs_kill_all();
	host_console_restore();
	_exit(status);
}

/* --- main ------------------------------------------------------------------------------------------ */

static void
find_cores(void)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE && ncores < 64; i++)
		if (CPU_ISSET(i, &set))
			cores[ncores++] = i;
}

static sigset_t handled;

static void __attribute__((noreturn)) main_loop(void)
{
	int sig;

	for (;;) {
		if (sigwait(&handled, &sig) != 0)
			continue;
		switch (sig) {
		case SIGCHLD:
			host_stubs_reap();
			break;
		case SIGUSR1:
			host_stubs_spawn_pending();
			break;
		case SIGWINCH:
			host_console_winch();
			break;
		default: /* HUP, INT, TERM: as pulling the plug */
			host_exit(128 + sig);
		}
	}
}

/* What the main thread is elsewhere, where that one is CPU 0. */
static void *
main_again(void *arg)
{
	cpu_set_t set;

	(void)arg;
	/* CPU 0 is pinned, and stubs begin where we are. */
	CPU_ZERO(&set);
	for (int i = 0; i < ncores; i++)
		CPU_SET(cores[i], &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
	main_loop();
}

void
host_main_again(void)
{
	if (pthread_create(&host_main_thread, NULL, main_again, NULL) != 0)
		host_fail("cannot start a thread");
}

int
main(int argc, char **argv)
{
	static const int signals[] = {
	    SIGCHLD, SIGUSR1, SIGWINCH, SIGHUP, SIGINT, SIGTERM, SIGQUIT};

	boot.start_ns = host_clock_mono();
	parse_options(argc, argv);
	find_cores();
	boot.ncores = ncores;
	boot.cmdline = cmdline;
	make_ram();
	make_kshm();
	make_shadow();
	kernel_signals();
	sigemptyset(&handled);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&handled, signals[i]);
	pthread_sigmask(SIG_BLOCK, &handled, NULL);
	host_main_thread = pthread_self();
	host_stubs_init();
	if (host_template_on()) {
		cpu_threads[0] = pthread_self();
		boot_thread(&boot);
	}
	if (pthread_create(&cpu_threads[0], NULL, boot_thread, &boot) != 0)
		host_fail("cannot start a thread");
	main_loop();
}
