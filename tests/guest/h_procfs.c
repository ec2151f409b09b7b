/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc and /dev as programs see them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

/* /proc and /dev may not be mounted yet. */
static void
setup(void)
{
	if (access("/proc/self/stat", R_OK) != 0)
		CHECK(mount("proc", "/proc", "proc", 0, "") == 0);
	if (access("/dev/null", R_OK) != 0)
		CHECK(mount("devtmpfs", "/dev", "devtmpfs", 0, "") == 0);
}

static const char *
file(const char *name)
{
	static char buf[65536];
	int fd = open(name, O_RDONLY);
	ssize_t n, len = 0;

	buf[0] = '\0';
	if (fd < 0) {
		snprintf(buf, sizeof(buf), "!%s", strerror(errno));
		return (buf);
	}
	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	close(fd);
	buf[len] = '\0';
	return (buf);
}

GTEST(proc_stat, "does stat have 52 fields that are true?")
{
	const char *s, *p;
	char state;
	int pid, ppid, pgid, sid, spaces = 0;

	setup();
	s = file("/proc/self/stat");
	EQ(sscanf(s, "%d", &pid), 1);
	EQ(pid, getpid());
	p = strrchr(s, ')');
	CHECK(p != NULL);
	EQ(sscanf(p, ") %c %d %d %d", &state, &ppid, &pgid, &sid), 4);
	EQ(state, 'R');
	EQ(ppid, getppid());
	EQ(pgid, getpgrp());
	EQ(sid, getsid(0));
	for (; *p != '\0'; p++)
		spaces += *p == ' ';
	EQ(spaces, 50);
}

GTEST(proc_status, "does status name the process, its ids and signals?")
{
	char want[64];
	sigset_t set;

	setup();
	prctl(PR_SET_NAME, "odd name");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	raise(SIGUSR1);
	CHECK(strncmp(file("/proc/self/status"), "Name:\todd", 9) == 0);
	snprintf(want, sizeof(want), "\nPid:\t%d\n", getpid());
	CHECK(strstr(file("/proc/self/status"), want) != NULL);
	CHECK(strstr(file("/proc/self/status"),
		  "\nSigBlk:\t0000000200000200\n") != NULL);
	CHECK(strstr(file("/proc/self/status"),
		  "\nSigIgn:\t0000000000000800\n") != NULL);
	CHECK(strstr(file("/proc/self/status"), "0000000000000200\n") != NULL);
	CHECK(strcmp(file("/proc/self/comm"), "odd name\n") == 0);
}

GTEST(proc_cmdline, "are arguments and environment shown?")
{
	const char *s;

	setup();
	s = file("/proc/self/cmdline");
	CHECK(strstr(s, "h_procfs") != NULL);
	CHECK(strcmp(s + strlen(s) + 1, "proc_cmdline") == 0);
	CHECK(strncmp(file("/proc/self/environ"), "!", 1) != 0);
}

GTEST(proc_links, "do exe, cwd, root and fd lead where they should?")
{
	char buf[256], want[64];
	struct stat a, b;
	ssize_t n;
	int fds[2], fd;

	setup();
	CHECK(chdir("/tmp") == 0);
	n = readlink("/proc/self/cwd", buf, sizeof(buf));
	CHECK(n == 4 && memcmp(buf, "/tmp", 4) == 0);
	CHECK(stat("/proc/self/root", &a) == 0 && stat("/", &b) == 0);
	EQ(a.st_ino, b.st_ino);
	CHECK(readlink("/proc/self/exe", buf, sizeof(buf)) > 0);
	CHECK(access("/proc/self/exe", X_OK) == 0);
	CHECK(pipe(fds) == 0);
	snprintf(want, sizeof(want), "/proc/self/fd/%d", fds[0]);
	n = readlink(want, buf, sizeof(buf) - 1);
	CHECK(n > 6 && memcmp(buf, "pipe:[", 6) == 0);
	snprintf(want, sizeof(want), "/dev/fd/%d", fds[1]);
	fd = open(want, O_WRONLY);
	CHECK(fd >= 0);
	EQ(write(fd, "q", 1), 1);
	EQ(read(fds[0], buf, 10), 1);
	ERR(open("/proc/self/fd/999", O_RDONLY), ENOENT);
	ERR(open("/proc/self/fd/01", O_RDONLY), ENOENT);
}

GTEST(proc_fd_list, "does fd list exactly what is open?")
{
	struct dirent *de;
	DIR *d;
	int n = 0, fd = open("/", O_RDONLY);
	bool found = false;

	setup();
	d = opendir("/proc/self/fd");
	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL) {
		n++;
		found |= atoi(de->d_name) == fd && de->d_type == DT_LNK;
	}
	closedir(d);
	CHECK(found);
	CHECK(n >= 4);
	CHECK(strstr(file("/proc/self/fdinfo/0"), "pos:\t") != NULL);
}

static void *
sleeper(void *arg)
{
	nap(2000);
	return (arg);
}

GTEST(proc_task, "does task list the threads?")
{
	struct dirent *de;
	pthread_t t[3];
	DIR *d;
	int n = 0;

	setup();
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, sleeper, NULL) == 0);
	d = opendir("/proc/self/task");
	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL)
		n += de->d_name[0] != '.';
	EQ(n, 4);
	CHECK(strstr(file("/proc/self/status"), "\nThreads:\t4\n") != NULL);
	_exit(gtest_failures != 0);
}

GTEST(proc_zombie, "is a zombie shown, and gone after the wait?")
{
	char name[64], state = 0;
	pid_t pid;
	int fd;

	setup();
	pid = fork();
	if (pid == 0)
		_exit(0);
	nap(50);
	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY);
	CHECK(fd >= 0);
	CHECK(sscanf(strrchr(file(name), ')'), ") %c", &state) == 1);
	EQ(state, 'Z');
	EQ(waitpid(pid, NULL, 0), pid);
	ERR(read(fd, name, 10), ESRCH);
	ERR(open(name, O_RDONLY), ENOENT);
}

GTEST(proc_private, "are other users' secrets refused?")
{
	char buf[64];

	setup();
	if (getuid() != 0)
		return;
	if (fork() == 0) {
		CHECK(setuid(1000) == 0);
		CHECK(strncmp(file("/proc/1/stat"), "1 (", 3) == 0);
		ERR(open("/proc/1/environ", O_RDONLY), EACCES);
		ERR(open("/proc/1/fd", O_RDONLY | O_DIRECTORY), EACCES);
		ERR(readlink("/proc/1/exe", buf, sizeof(buf)), EACCES);
		ERR(readlink("/proc/1/cwd", buf, sizeof(buf)), EACCES);
		ERR(open("/proc/sys/kernel/hostname", O_WRONLY), EACCES);
		_exit(gtest_failures != 0);
	}
	int status;
	wait(&status);
	EQ(status, 0);
}

GTEST(proc_system, "do the system's files say something sane?")
{
	unsigned long total;
	double up;
	int procs;

	setup();
	EQ(sscanf(file("/proc/meminfo"), "MemTotal: %lu kB", &total), 1);
	CHECK(total > 10000);
	EQ(sscanf(file("/proc/uptime"), "%lf", &up), 1);
	CHECK(up > 0);
	CHECK(strstr(file("/proc/stat"), "\nbtime ") != NULL);
	CHECK(strstr(file("/proc/mounts"), " /proc proc ") != NULL);
	CHECK(strstr(file("/proc/self/mountinfo"), " / / ") != NULL);
	CHECK(strstr(file("/proc/filesystems"), "\ttmpfs\n") != NULL);
	EQ(sscanf(file("/proc/sys/kernel/pid_max"), "%d", &procs), 1);
	EQ(strlen(file("/proc/sys/kernel/random/uuid")), 37);
}

static long
meminfo(const char *key)
{
	char *at = strstr(file("/proc/meminfo"), key);
	long kib = -1;

	if (at != NULL)
		sscanf(at + strlen(key), ": %ld kB", &kib);
	return (kib);
}

GTEST(proc_meminfo, "do meminfo and sysinfo follow what programs use?")
{
	enum {
		KIB = 24 * 1024,
		SLACK = 4 * 1024
	};
	int flags[2] = {MAP_PRIVATE, MAP_SHARED};
	struct sysinfo si;

	setup();
	for (int shared = 0; shared < 2; shared++) {
		long cached = meminfo("Cached"), shmem = meminfo("Shmem");
		long anon = meminfo("AnonPages"), unused = meminfo("MemFree");
		void *p = mmap(NULL, KIB * 1024UL, PROT_READ | PROT_WRITE,
		    flags[shared] | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		memset(p, 1, KIB * 1024UL);
		CHECK(meminfo("MemFree") <= unused - KIB + SLACK);
		CHECK(meminfo(shared ? "Shmem" : "AnonPages") >=
		    (shared ? shmem : anon) + KIB - SLACK);
		if (shared)
			CHECK(meminfo("Cached") >= cached + KIB - SLACK);
		EQ(sysinfo(&si), 0);
		CHECK((long)(si.sharedram * si.mem_unit / 1024) >=
		    shmem + shared * (KIB - SLACK));
		EQ(munmap(p, KIB * 1024UL), 0);
		CHECK(meminfo("MemFree") >= unused - SLACK);
	}
	CHECK(meminfo("Slab") > 0);
	CHECK(meminfo("MemFree") + meminfo("Slab") + meminfo("Cached") +
		meminfo("AnonPages") <=
	    meminfo("MemTotal") + SLACK);
}

GTEST(proc_seek, "does a read from the start see a new state?")
{
	char a[64], b[64];
	ssize_t n;
	int fd;

	setup();
	fd = open("/proc/uptime", O_RDONLY);
	n = read(fd, a, 3);
	EQ(n, 3);
	CHECK(read(fd, b, sizeof(b)) > 0);
	EQ(read(fd, b, sizeof(b)), 0);
	nap(50);
	n = pread(fd, a, sizeof(a) - 1, 0);
	a[n] = '\0';
	nap(50);
	n = pread(fd, b, sizeof(b) - 1, 0);
	b[n] = '\0';
	CHECK(strcmp(a, b) != 0);
}

GTEST(proc_walk, "can everything be read while processes come and go?")
{
	pid_t churn;
	long files = 0;

	setup();
	churn = fork();
	if (churn == 0) {
		for (int i = 0; i < 150; i++) {
			pid_t p = fork();

			if (p == 0) {
				nap(i % 3);
				_exit(0);
			}
			waitpid(p, NULL, 0);
		}
		_exit(0);
	}
	while (waitpid(churn, NULL, WNOHANG) == 0) {
		DIR *d = opendir("/proc");
		struct dirent *de;

		while ((de = readdir(d)) != NULL) {
			static const char *const names[] = {"stat", "status",
			    "maps", "cmdline", "limits", "environ"};
			char name[300], buf[256];

			if (atoi(de->d_name) == 0)
				continue;
			for (int i = 0; i < 6; i++) {
				snprintf(name, sizeof(name), "/proc/%s/%s",
				    de->d_name, names[i]);
				files += file(name)[0] != '!';
			}
			snprintf(
			    name, sizeof(name), "/proc/%s/exe", de->d_name);
			readlink(name, buf, sizeof(buf));
			snprintf(name, sizeof(name), "/proc/%s/fd", de->d_name);
			DIR *f = opendir(name);
			while (f != NULL && readdir(f) != NULL)
				files++;
			if (f != NULL)
				closedir(f);
		}
		closedir(d);
	}
	CHECK(files > 20);
}

GTEST(dev_nodes, "do the basic devices behave?")
{
	char buf[16] = "xxxxxxx", name[64];
	struct stat st;
	int fd;

	setup();
	fd = open("/dev/null", O_RDWR);
	EQ(read(fd, buf, 8), 0);
	EQ(write(fd, buf, 8), 8);
	fd = open("/dev/zero", O_RDWR);
	EQ(read(fd, buf, 8), 8);
	EQ(buf[0] | buf[7], 0);
	fd = open("/dev/full", O_RDWR);
	ERR(write(fd, buf, 1), ENOSPC);
	fd = open("/dev/urandom", O_RDONLY);
	EQ(read(fd, buf, 16), 16);
	CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
	if (getuid() == 0) {
		snprintf(name, sizeof(name), "/tmp/null.%d", getpid());
		CHECK(mknod(name, S_IFCHR | 0666, st.st_rdev) == 0);
		fd = open(name, O_RDWR);
		CHECK(fd >= 0);
		EQ(write(fd, buf, 8), 8);
		EQ(read(fd, buf, 8), 0);
		close(fd);
		unlink(name);
		CHECK(chmod("/dev/full", 0600) == 0);
		CHECK(stat("/dev/full", &st) == 0);
		EQ(st.st_mode & 0777, 0600);
		chmod("/dev/full", 0666);
	}
}

GTEST(
    oom_score_adj, "is the out-of-memory adjustment kept, inherited, checked?")
{
	int fd, status;
	pid_t pid;

	setup();
	fd = open("/proc/self/oom_score_adj", O_RDWR);
	CHECK(fd >= 0);
	CHECK(write(fd, "500\n", 4) == 4);
	CHECK(write(fd, "1001", 4) == -1);
	CHECK(write(fd, "x", 1) == -1);
	CHECK(strcmp(file("/proc/self/oom_score_adj"), "500\n") == 0);
	CHECK(atoi(file("/proc/self/oom_score")) >= 500);
	pid = fork();
	if (pid == 0) {
		if (strcmp(file("/proc/self/oom_score_adj"), "500\n") != 0)
			_exit(1);
		if (setuid(1000) != 0)
			_exit(2);
		fd = open("/proc/self/oom_score_adj", O_WRONLY);
		_exit(fd >= 0 && write(fd, "0", 1) == 1 ? 3 : 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
	CHECK(write(fd, "-1000", 5) == 5);
	CHECK(strcmp(file("/proc/self/oom_adj"), "-17\n") == 0);
	close(fd);
}

GTEST(unix_sockets, "does net/unix list a socket's name, type and state?")
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	char line[128];
	struct stat st;

	setup();
	strcpy(un.sun_path, "/tmp/h_procfs.sock");
	unlink(un.sun_path);
	CHECK(bind(s, (struct sockaddr *)&un, sizeof(un)) == 0);
	CHECK(listen(s, 1) == 0);
	CHECK(fstat(s, &st) == 0);
	snprintf(line, sizeof(line),
	    "00010000 0005 01 %5lu /tmp/h_procfs.sock\n",
	    (unsigned long)st.st_ino);
	CHECK(strstr(file("/proc/net/unix"), line) != NULL);
	close(s);
	unlink(un.sun_path);
	CHECK(strstr(file("/proc/net/unix"), "h_procfs.sock") == NULL);
}

GTEST(smaps_rollup, "is the rollup the sum of the mappings?")
{
	long sum = 0, all = -1, kb;
	const char *p;

	setup();
	CHECK(sscanf(strstr(file("/proc/self/smaps_rollup"), "Rss:"),
		  "Rss: %ld kB", &all) == 1);
	for (p = file("/proc/self/smaps"); (p = strstr(p, "\nRss:")) != NULL;
	     p++)
		if (sscanf(p, " Rss: %ld", &kb) == 1)
			sum += kb;
	CHECK(all > 0 && labs(sum - all) <= 64);
}

GTEST(name_spaces, "do two processes name the same name spaces?")
{
	char mine[64] = "", others[64] = "";

	setup();
	CHECK(readlink("/proc/self/ns/pid", mine, sizeof(mine) - 1) > 0);
	CHECK(readlink("/proc/1/ns/pid", others, sizeof(others) - 1) > 0);
	CHECK(strcmp(mine, others) == 0 && strncmp(mine, "pid:[", 5) == 0);
}
