/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls and faults as programs make them: "NAME VALUE" lines in
 * nanoseconds.  null_hot is one place, null_cold 256 places in turn, each seen
 * too seldom to be worth anything special.  "null halt" ends a machine whose
 * init's work is done.
 */
#include <fcntl.h>
#include <stdio.h>
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

int
main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return (reboot(RB_POWER_OFF));
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
