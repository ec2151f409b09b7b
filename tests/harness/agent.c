/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's end of the harness on the PC: runs one case after the other in one
 * boot, on orders from the console (the host's end: src/host/pc64/serve.c).
 *
 * 1. Orders are lines: "run PROGRAM CASE", "exit".  Answers are lines that begin
 *    with MARK, which no case prints; what is between them is the case's output
 *    and the kernel's words.
 *	MARK ready
 *	MARK done STATUS CLEAN WHAT    STATUS as a shell tells it; CLEAN 1 if
 *				       nothing is left, WHAT is left otherwise
 * 2. A case finds what it would find in a fresh boot: an empty /tmp (a file
 *    system of its own), a new session, nobody else's processes.
 * 3. Behind it we kill what still runs and unmount what was mounted, the last
 *    first.  What does not go away, and memory that is gone (LOST_KB since the
 *    start), makes the guest unclean; the host boots another one then.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MARK	    "\001mayfly-agent "
#define LINE_MAX_   512
#define MOUNTS_MAX  64
#define KILL_ROUNDS 200 /* of 10 ms */
#define LOST_KB	    (64 * 1024)

static struct termios console;
static int mounts_at_start;
static long free_at_start;

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

/* --- what there is ------------------------------------------------------------------ */

static long
free_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemAvailable: %ld", &kb) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return (kb);
}

/* Where each file system is mounted, in the order of mounting; how many. */
static int
mounts(char where[MOUNTS_MAX][256])
{
	FILE *f = fopen("/proc/mounts", "r");
	char line[600];
	int n = 0;

	while (
	    f != NULL && n < MOUNTS_MAX && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %255s", where[n]) == 1)
			n++;
	if (f != NULL)
		fclose(f);
	return (n);
}

/* Kill every process but init and ourselves; how many there were. */
static int
kill_others(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		pid_t pid = atoi(e->d_name);

		if (pid > 1 && pid != getpid() && kill(pid, SIGKILL) == 0)
			n++;
	}
	if (d != NULL)
		closedir(d);
	return (n);
}

/* --- cleaning ------------------------------------------------------------------------- */

/* Processes that do not go away; they may have left orphans to us. */
static int
clean_processes(void)
{
	int left = 0;

	for (int i = 0; i < KILL_ROUNDS; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if ((left = kill_others()) == 0)
			break;
		pause_ms(i < 10 ? 1 : 10);
	}
	return (left);
}

/* Mounts that do not go away. */
static int
clean_mounts(void)
{
	static char where[MOUNTS_MAX][256];
	int n = mounts(where);

	while (n > mounts_at_start && umount2(where[n - 1], 0) == 0)
		n--;
	return (n - mounts_at_start);
}

/* The words of "done" about what is left. */
static void
report(int status)
{
	int processes = clean_processes(), left = clean_mounts();
	long lost = free_at_start - free_kb();
	bool clean = processes == 0 && left == 0 && lost < LOST_KB;

	tcsetattr(0, TCSANOW, &console);
	printf(MARK "done %d %d", status, clean);
	if (processes > 0)
		printf(" %d processes", processes);
	if (left > 0)
		printf(" %d mounts", left);
	if (lost >= LOST_KB)
		printf(" %ld KiB of memory", lost);
	printf("\n");
}

/* --- a case ----------------------------------------------------------------------------- */

static void
be_case(char *program, char *name)
{
	char *argv[] = {program, name, NULL};
	int null = open("/dev/null", O_RDONLY);

	setsid();
	dup2(null, 0);
	close(null);
	if (chdir("/tmp") != 0)
		_exit(126);
	execv(program, argv);
	printf("agent: %s: %s\n", program, strerror(errno));
	_exit(127);
}

static void
run(char *program, char *name)
{
	int status;
	pid_t pid;

	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) != 0 ||
	    chmod("/tmp", 01777) != 0)
		printf("agent: /tmp: %s\n", strerror(errno));
	if ((pid = fork()) == 0)
		be_case(program, name);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			break;
	report(
	    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* --- orders ------------------------------------------------------------------------------- */

static void
start(void)
{
	static char where[MOUNTS_MAX][256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcgetattr(0, &console);
	console.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	tcsetattr(0, TCSANOW, &console);
	mounts_at_start = mounts(where);
	free_at_start = free_kb();
	printf(MARK "ready\n");
}

int
main(void)
{
	char line[LINE_MAX_], program[256], name[128];

	start();
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "run %255s %127s", program, name) == 2)
			run(program, name);
		else if (strcmp(line, "exit\n") == 0)
			return (0);
		else
			printf("agent: what is %s", line);
	}
	return (1);
}
