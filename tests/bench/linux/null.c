/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls and faults as programs make them: "NAME VALUE" lines in
 * nanoseconds.  null_hot is one place, null_cold 256 places in turn, each seen
 * too seldom to be worth anything special.  "null halt" ends a machine whose
 * init's work is done.  "null hold N" starts N processes that wait, prints what
 * the system's free memory lost by one of them beyond its own pages, and holds
 * them until its input ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define REP4(x)	  x x x x
#define REP256(x) REP4(REP4(REP4(REP4(x))))

static double
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec * 1e9 + (double)ts.tv_nsec);
}

static void
cold(void)
{
	/* getppid is 110; a nop keeps the number away from the instruction. */
	REP256(__asm__ volatile("mov $110,%%eax\n\tnop\n\tsyscall"
				:
				:
				: "rax", "rcx", "r11", "memory");)
}

/* A value of /proc/meminfo, in KiB. */
static long
meminfo(const char *key)
{
	char line[128];
	long value = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			value = atol(line + strlen(key));
	if (f != NULL)
		fclose(f);
	return (value);
}

/* Free memory and what is lost to programs' own pages. */
static long
overhead(void)
{
	return (meminfo("MemFree:") + meminfo("AnonPages:"));
}

static int
hold(int n)
{
	pid_t *pids = calloc((size_t)n, sizeof(pid_t));
	int p[2];
	long before = 0;
	char c;

	/* The first tenth fills what is kept for the next ones. */
	for (int i = -n / 10; i < n; i++) {
		if (i == 0)
			before = overhead();
		if (pids == NULL || pipe(p) != 0)
			return (1);
		pid_t pid = fork();
		if (pid == 0) {
			close(p[0]);
			dup2(p[1], 1);
			close(p[1]);
			execl("/proc/self/exe", "null", "pause", NULL);
			_exit(1);
		}
		close(p[1]);
		if (pid < 0 || read(p[0], &c, 1) != 1)
			return (1);
		close(p[0]);
		if (i >= 0)
			pids[i] = pid;
	}
	printf("held_kernel %ld\n", (before - overhead()) * 1024 / n);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	return (0);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "halt") == 0)
		return (reboot(RB_POWER_OFF));
	if (argc > 2 && strcmp(argv[1], "hold") == 0)
		return (hold(atoi(argv[2])));
	if (argc > 1) {
		(void)!write(1, "r", 1);
		pause();
		return (0);
	}
	struct timespec ts;
	double start;
	int n = 200000, fd = open("/dev/zero", O_RDONLY);
	char c, *p;

	getppid();
	start = now_ns();
	for (int i = 0; i < n; i++)
		getppid();
	printf("null_hot %.0f\n", (now_ns() - start) / n);
	start = now_ns();
	for (int i = 0; i < n; i++)
		(void)!read(fd, &c, 1);
	printf("read_hot %.0f\n", (now_ns() - start) / n);
	cold();
	start = now_ns();
	for (int i = 0; i < 100; i++)
		cold();
	printf("null_cold %.0f\n", (now_ns() - start) / 25600);
	start = now_ns();
	for (int i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	printf("clock %.0f\n", (now_ns() - start) / n);
	n = 16384;
	p = mmap(NULL, (size_t)n * 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	start = now_ns();
	for (int i = 0; i < n; i++)
		p[(size_t)i * 4096] = 1;
	printf("touch %.0f\n", (now_ns() - start) / n);
	return (0);
}
