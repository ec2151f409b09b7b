/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spine's costs, measured by one static program that runs unchanged on
 * the host, on Mayfly and on Linux, as User Mode Linux and on a PC.
 *
 *	bench_spine NAME    prints "NAME VALUE" (VALUE in microseconds)
 *	bench_spine all     every figure of one CPU, a line each
 *	bench_spine smp     those of two CPUs: how many times faster they are
 *	bench_spine pc      both
 *	bench_spine clock   the real time in nanoseconds (what init does without
 *			    a name; as init it halts the machine at the end)
 *
 * Only the last argument counts: as init on Linux we get others before it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 7

static const char *self;

static double
now_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ((double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3);
}

/* Work for about 100 ms, but at least 5 rounds. */
static double
per_round(void (*f)(int n))
{
	int n = 5;

	for (;;) {
		double start = now_us(CLOCK_MONOTONIC), took;

		f(n);
		took = now_us(CLOCK_MONOTONIC) - start;
		if (took > 60e3 || n > 10000000)
			return (took / n);
		n = took < 1 ? n * 100 : (int)(n * 100e3 / took) + n;
	}
}

static void
null_call(int n)
{
	while (n-- > 0)
		syscall(SYS_getppid);
}

static void
fork_exit(int n)
{
	while (n-- > 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void
fork_exec(int n)
{
	while (n-- > 0) {
		pid_t pid = fork();

		if (pid == 0) {
			execl(self, self, "nothing", NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
}

static void
pipe_trip(int n)
{
	int to[2], from[2];
	char c = 'x';
	pid_t pid;

	if (pipe(to) != 0 || pipe(from) != 0)
		exit(1);
	if ((pid = fork()) == 0) {
		close(to[1]);
		close(from[0]);
		while (read(to[0], &c, 1) == 1)
			if (write(from[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	while (n-- > 0)
		if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
			exit(1);
	close(to[1]);
	close(from[0]);
	waitpid(pid, NULL, 0);
}

#define TOUCH_BYTES (64 << 20)

static double
touch(void)
{
	double start;
	char *p;

	p = mmap(NULL, TOUCH_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(p, TOUCH_BYTES, MADV_NOHUGEPAGE);
	start = now_us(CLOCK_MONOTONIC);
	for (size_t i = 0; i < TOUCH_BYTES; i += 4096)
		p[i] = 1;
	start = now_us(CLOCK_MONOTONIC) - start;
	munmap(p, TOUCH_BYTES);
	return (start / (TOUCH_BYTES / 4096));
}

/* --- two CPUs ------------------------------------------------------------------- */

/* Nothing but the CPU. */
static void
compute(int me, int n)
{
	volatile uint64_t x = (uint64_t)me;

	for (int i = 0; i < n * 10000; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
}

/* What a build does to files: make, fill, look, read, rename, remove. */
static void
files(int me, int n)
{
	static char buf[16384];
	char a[64], b[64];
	struct stat st;
	int fd;

	snprintf(a, sizeof(a), "/tmp/dir%d", me);
	if (mkdir(a, 0755) != 0 || chdir(a) != 0)
		_exit(1);
	for (int i = 0; i < n; i++) {
		snprintf(a, sizeof(a), "a%d", i % 50);
		snprintf(b, sizeof(b), "b%d", i % 50);
		if ((fd = open(a, O_RDWR | O_CREAT | O_TRUNC, 0644)) < 0 ||
		    write(fd, buf, sizeof(buf)) != sizeof(buf) ||
		    fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
		    read(fd, buf, sizeof(buf)) != sizeof(buf) ||
		    close(fd) != 0 || rename(a, b) != 0 || stat(b, &st) != 0)
			_exit(1);
		if (i % 2 == 1 && unlink(b) != 0)
			_exit(1);
	}
	for (int i = 0; i < 50; i++) {
		snprintf(b, sizeof(b), "b%d", i);
		unlink(b);
	}
	snprintf(a, sizeof(a), "/tmp/dir%d", me);
	if (chdir("/") != 0 || rmdir(a) != 0)
		_exit(1);
}

/* The time that this many processes take, each of them n rounds. */
static double
together(void (*work)(int me, int n), int processes, int n)
{
	double start = now_us(CLOCK_MONOTONIC);
	int status;

	for (int i = 0; i < processes; i++)
		if (fork() == 0) {
			work(i, n);
			_exit(0);
		}
	for (int i = 0; i < processes; i++)
		if (wait(&status) < 0 || status != 0) {
			printf("a process failed\n");
			exit(1);
		}
	return (now_us(CLOCK_MONOTONIC) - start);
}

/* How many times faster two CPUs do twice the work: 2 at the best. */
static double
speedup(void (*work)(int me, int n))
{
	double one;
	int n = 20;

	while ((one = together(work, 1, n)) < 150e3)
		n *= 2;
	return (2 * one / together(work, 2, n));
}

static double
one_pair(void)
{
	return (speedup(compute));
}

static double
one_files(void)
{
	return (speedup(files));
}

/* --- figures ---------------------------------------------------------------------- */

static double
one_null(void)
{
	return (per_round(null_call));
}
static double
one_fork(void)
{
	return (per_round(fork_exit));
}
static double
one_exec(void)
{
	return (per_round(fork_exec));
}
static double
one_pipe(void)
{
	return (per_round(pipe_trip));
}

static const struct {
	const char *name;
	const char *set;
	double (*measure)(void);
} figures[] = {
    {"null", "all", one_null},
    {"fork", "all", one_fork},
    {"exec", "all", one_exec},
    {"pipe", "all", one_pipe},
    {"touch", "all", touch},
    {"pair", "smp", one_pair},
    {"files", "smp", one_files},
};

static int
order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

static void
report(unsigned i)
{
	double v[SAMPLES];

	for (int k = 0; k < SAMPLES; k++)
		v[k] = figures[i].measure();
	qsort(v, SAMPLES, sizeof(v[0]), order);
	printf("%s %.3f\n", figures[i].name, v[SAMPLES / 2]);
	fflush(stdout);
}

/* As init on Mayfly nothing is open yet: the clock first, then a console. */
static void
report_clock(void)
{
	double ns = now_us(CLOCK_REALTIME) * 1e3;

	if (fcntl(1, F_GETFL) < 0) {
		mount("devfs", "/dev", "devfs", 0, NULL);
		dup2(open("/dev/console", O_RDWR), 0);
		dup2(0, 1);
	}
	printf("clock %.0f\n", ns);
}

/* As init: end QEMU where its exit port lets us, else switch off. */
static void
leave(void)
{
	fflush(stdout);
	tcdrain(1);
	sync();
	if (ioperm(0xf4, 4, 1) == 0)
		outl(0x10, 0xf4);
	reboot(RB_POWER_OFF);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[argc - 1]
	    : getpid() == 1	    ? "clock"
				    : "all";

	self = argv[0];
	if (strcmp(what, "nothing") == 0)
		return (0);
	if (strcmp(what, "clock") == 0)
		report_clock();
	for (unsigned i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		if (strcmp(what, "pc") == 0 ||
		    strcmp(what, figures[i].set) == 0 ||
		    strcmp(what, figures[i].name) == 0)
			report(i);
	fflush(stdout);
	if (getpid() == 1)
		leave();
	return (0);
}
