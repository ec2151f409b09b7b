/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Canaries: what a failing guest test looks like from outside.  And litter, which
 * must not reach the next case where one machine runs many (t_pc64).
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gtest.h"

GCANARY(canary_check, fail, "is a failed check a failed test?")
{
	CHECK(1 + 1 == 3);
}

GCANARY(canary_exit, fail, "is a status that is not 0 a failed test?")
{
	exit(42);
}

GCANARY(canary_segv, crash, "is a guest's SIGSEGV told as a crash?")
{
	*(volatile int *)8 = 1;
}

GCANARY(canary_abort, crash, "is a guest's abort told as a crash?")
{
	abort();
}

GCANARY(canary_loop, hang, "is an endless loop in a guest a hang?")
{
	for (;;)
		__asm__ volatile("");
}

GCANARY(canary_pause, hang, "is an endless wait in a guest a hang?")
{
	for (;;)
		pause();
}

GTEST(litter, "is what a case leaves no harm to it?")
{
	pid_t pid = fork();

	if (pid == 0) { /* an orphan of another session */
		setsid();
		if (fork() != 0)
			_exit(0);
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	CHECK(pid > 0);
	CHECK(close(open("/tmp/litter", O_CREAT | O_WRONLY, 0644)) == 0);
	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(close(open("/mnt/litter", O_CREAT | O_WRONLY, 0644)) == 0);
	CHECK(umask(0) >= 0);
}

GTEST(swept, "does a case find neither processes nor files of another?")
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct stat st;
	int processes = 0;

	ERR(stat("/tmp/litter", &st), ENOENT);
	ERR(stat("/mnt/litter", &st), ENOENT);
	EQ(umask(022), 022);
	/* Init, us, and on the PC the agent between. */
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			processes++;
	EQ(processes, getppid() == 1 ? 2 : 3);
	closedir(d);
}

GTEST(litter_memory, "does a large file outlive its case unnoticed?")
{
	static char buf[1 << 20];
	int fd = open("/root/litter", O_CREAT | O_WRONLY, 0644);

	for (int i = 0; i < 80; i++)
		if (write(fd, buf, sizeof(buf)) != sizeof(buf))
			FAIL("write: errno %d", errno);
}
