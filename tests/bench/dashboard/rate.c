/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the guest: about N trace events a second (SYSCALL.enter, leave) for S
 * seconds, in steps of 2 ms: rate N S.  Prints how many calls it made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 2000000

int
main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100000;
	long seconds = argc > 2 ? atol(argv[2]) : 10;
	long each = n / 2 / (1000000000 / STEP_NS), done = 0;
	struct timespec ts, end;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	end = ts;
	end.tv_sec += seconds;
	while (ts.tv_sec < end.tv_sec ||
	    (ts.tv_sec == end.tv_sec && ts.tv_nsec < end.tv_nsec)) {
		for (long i = 0; i < each; i++)
			syscall(SYS_getppid);
		done += each;
		ts.tv_nsec += STEP_NS;
		if (ts.tv_nsec >= 1000000000) {
			ts.tv_nsec -= 1000000000;
			ts.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
	printf("%ld calls\n", done);
	return (0);
}
