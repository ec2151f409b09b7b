/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest test programs: ordinary static Linux programs that run on our kernel.
 *
 *	GTEST(pipe_eof, "does a reader see the end when writers are gone?")
 *	{
 *		...
 *	}
 *
 * The program runs the case named by its first argument and exits 0 if no
 * check failed.  "!pipe_eof" is for a case whose calls are made to fail
 * (ci/jobs/sweep), which may wait for what it did not bring about: it ends at the
 * first check that fails, and when it has computed for GTEST_CPU_S or lived for
 * GTEST_LIFE_S seconds (of the guest's clock, which does not wait for sleepers).
 */
#ifndef GTEST_H
#define GTEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#define GTEST_CPU_S  1
#define GTEST_LIFE_S 120

struct gtest {
	const char *name;
	void (*func)(void);
	struct gtest *next;
};
static struct gtest *gtests;
static int gtest_failures, gtest_stop;

#define GTEST_ENTRY(n)                                                         \
	static void gtest_##n(void);                                           \
	static struct gtest gtest_entry_##n = {#n, gtest_##n, NULL};           \
	__attribute__((constructor)) static void gtest_add_##n(void)           \
	{                                                                      \
		gtest_entry_##n.next = gtests;                                 \
		gtests = &gtest_entry_##n;                                     \
	}                                                                      \
	static void gtest_##n(void)
#define GTEST(n, question)	     GTEST_ENTRY(n)
#define GCANARY(n, expect, question) GTEST_ENTRY(n)

#define FAIL(...)                                                              \
	do {                                                                   \
		gtest_failures++;                                              \
		printf("gtest: %s:%d: ", __FILE_NAME__, __LINE__);             \
		printf(__VA_ARGS__);                                           \
		printf("\n");                                                  \
		if (gtest_stop)                                                \
			_Exit(1);                                              \
	} while (0)
/* Who goes on without a child may wait for its work for ever. */
static inline pid_t
gtest_fork(void)
{
	pid_t pid = fork();

	if (pid < 0 && gtest_stop)
		FAIL("fork: %s", strerror(errno));
	return (pid);
}
#define fork gtest_fork

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond))                                                   \
			FAIL("%s (errno %d %s)", #cond, errno,                 \
			    strerror(errno));                                  \
	} while (0)
#define EQ(a, b)                                                               \
	do {                                                                   \
		long _a = (long)(a), _b = (long)(b);                           \
		if (_a != _b)                                                  \
			FAIL("%s is %ld, not %s = %ld (errno %d)", #a, _a, #b, \
			    _b, errno);                                        \
	} while (0)
/* expr must fail with -1 and errno e. */
#define ERR(expr, e)                                                           \
	do {                                                                   \
		errno = 0;                                                     \
		long _r = (long)(expr);                                        \
		if (_r != -1 || errno != (e))                                  \
			FAIL("%s gave %ld errno %d (%s), not %s", #expr, _r,   \
			    errno, strerror(errno), #e);                       \
	} while (0)

/*
 * A mark in the trace: "begin case=h_pipe:eof".  Only on Mayfly, whose uname
 * tells: another kernel's trace is none of ours.  Each mark opens the file anew,
 * for a case counts descriptors and may do with them as it likes; if there is
 * none, or it cannot be written any more, there is no mark.  A sweep has none:
 * its failures are for the case.
 */
#define GTEST_MARKER "/sys/kernel/tracing/trace_marker"
static void
gtest_mark(
    const char *what, const char *program, const char *name, const char *end)
{
	struct utsname u;
	const char *slash = strrchr(program, '/');
	char text[160];
	int fd, n;

	if (gtest_stop || uname(&u) != 0 ||
	    strstr(u.version, "Mayfly") == NULL ||
	    (fd = open(GTEST_MARKER, O_WRONLY | O_CLOEXEC)) < 0)
		return;
	n = snprintf(text, sizeof(text), "%s case=%s:%s%s", what,
	    slash != NULL ? slash + 1 : program, name, end);
	if (write(fd, text, (size_t)n) < 0)
		n = 0; /* no mark, no matter */
	close(fd);
}

int
main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	gtest_stop = name[0] == '!';
	if (gtest_stop) {
		alarm(GTEST_LIFE_S);
		setitimer(ITIMER_PROF,
		    &(struct itimerval){.it_value.tv_sec = GTEST_CPU_S}, NULL);
	}
	for (struct gtest *t = gtests; t != NULL; t = t->next)
		if (strcmp(t->name, name + gtest_stop) == 0) {
			gtest_mark("begin", argv[0], t->name, "");
			t->func();
			gtest_mark("end", argv[0], t->name,
			    gtest_failures > 0 ? " failed" : " passed");
			return (gtest_failures != 0);
		}
	printf("gtest: no case %s\n", name[0] != '\0' ? name : "given");
	return (2);
}

#endif
