/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spine's costs, measured by one static program that runs unchanged on
 * the host, on the vkernel and on User Mode Linux.
 *
 *	bench_spine NAME    prints "NAME VALUE" (VALUE in microseconds)
 *	bench_spine all     every figure, a line each
 *	bench_spine clock   the real time in nanoseconds (what init does without
 *			    a name; as init it halts the machine at the end)
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
	double (*measure)(void);
} figures[] = {
    {"null", one_null},
    {"fork", one_fork},
    {"exec", one_exec},
    {"pipe", one_pipe},
    {"touch", touch},
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

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : getpid() == 1 ? "clock" : "all";

	self = argv[0];
	if (strcmp(what, "nothing") == 0)
		return (0);
	if (strcmp(what, "clock") == 0)
		report_clock();
	for (unsigned i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		if (strcmp(what, "all") == 0 ||
		    strcmp(what, figures[i].name) == 0)
			report(i);
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return (0);
}
