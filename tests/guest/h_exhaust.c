/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exhaustion: take all there is of one thing, until the kernel says no, then
 * let go.  Each bomb runs in a child, twice; the kernel's own caches (slabs,
 * stubs in the pool) fill the first time, and the counters before and after
 * the second must agree.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#define MEM_SLACK (2L << 20)
#define SETTLE_MS 3000 /* what goes away later: threads, vnodes */

struct counters {
	long mem, procs, files, ptys;
};

/* sysctl -n name, as a number. */
static long
counter(const char *name)
{
	char buf[64] = "";
	int p[2], status;
	ssize_t n;
	pid_t pid;

	pipe(p);
	if ((pid = fork()) == 0) {
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execl("/sbin/sysctl", "sysctl", "-n", name, NULL);
		_exit(127);
	}
	close(p[1]);
	n = read(p[0], buf, sizeof(buf) - 1);
	close(p[0]);
	waitpid(pid, &status, 0);
	if (n <= 0 || status != 0)
		FAIL("sysctl %s: read %ld status %#x", name, (long)n, status);
	return (atol(buf));
}

static long
processes(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	long n = 0;

	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] >= '1' && e->d_name[0] <= '9';
	closedir(d);
	return (n);
}

static long
mem_free(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemFree: %ld", &kib) == 1)
			break;
	fclose(f);
	return (kib << 10);
}

static struct counters
look(void)
{
	struct counters c;

	c.files = counter("kern.openfiles");
	c.ptys = counter("kern.tty.pty_count");
	c.procs = processes();
	c.mem = mem_free();
	return (c);
}

static bool
back(const struct counters *a, const struct counters *b)
{
	return (b->mem >= a->mem - MEM_SLACK && b->procs == a->procs &&
	    b->files == a->files && b->ptys == a->ptys);
}

/* Run f in a child; the status it must end with. */
static void
child(void (*f)(void), int want)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		f();
		_exit(gtest_failures != 0);
	}
	EQ(waitpid(pid, &status, 0), pid);
	if (status != want)
		FAIL("child ended with %#x, not %#x", status, want);
}

/* Wait until the counters are back. */
static void
settle(const struct counters *before)
{
	struct counters after;
	int ms = 0;

	while (after = look(), !back(before, &after) && ms < SETTLE_MS) {
		usleep(100000);
		ms += 100;
	}
	if (!back(before, &after))
		FAIL("free %ld -> %ld KiB, processes %ld -> %ld, files %ld -> "
		     "%ld, ptys %ld -> %ld",
		    before->mem >> 10, after.mem >> 10, before->procs,
		    after.procs, before->files, after.files, before->ptys,
		    after.ptys);
}

static void
bomb(void (*f)(void), int want)
{
	struct counters before;

	child(f, want);
	usleep(200000);
	before = look();
	child(f, want);
	settle(&before);
}

/* --- the bombs -------------------------------------------------------------------- */

#define FORK_LIMIT 100

static void
fork_bomb(void)
{
	struct rlimit rl = {FORK_LIMIT, FORK_LIMIT};
	int n = 0, p[2];
	char c;
	pid_t pid;

	pipe(p);
	EQ(setrlimit(RLIMIT_NPROC, &rl), 0);
	EQ(setgid(1000), 0);
	EQ(setuid(1000), 0);
	/* Every child forks as well, until all are refused. */
	while ((pid = fork()) >= 0) {
		if (pid == 0) {
			close(p[1]);
			while ((pid = fork()) > 0)
				;
			(void)!read(p[0], &c, 1); /* until the first ends */
			_exit(0);
		}
		n++;
	}
	EQ(errno, EAGAIN);
	CHECK(n >= 1 && n < FORK_LIMIT);
	close(p[1]);
	while (wait(NULL) > 0)
		;
	EQ(errno, ECHILD);
}

GTEST(fork_bomb, "does RLIMIT_NPROC stop a fork bomb, and all is back after?")
{
	bomb(fork_bomb, 0);
}

static void
memory_bomb(void)
{
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			raise(SIGKILL);
		memset(p, 1, 1 << 20);
	}
}

GTEST(memory_bomb, "is the one that takes all memory killed, and only it?")
{
	bomb(memory_bomb, SIGKILL);
}

static void
memory_bomb_family(void)
{
	pid_t pids[8];

	for (int i = 0; i < 8; i++)
		if ((pids[i] = fork()) == 0)
			memory_bomb();
	for (int i = 0; i < 8; i++) {
		int status = 0;

		EQ(waitpid(pids[i], &status, 0), pids[i]);
		EQ(status, SIGKILL);
	}
}

GTEST(memory_bomb_family, "are eight that take all memory all killed?")
{
	bomb(memory_bomb_family, 0);
}

static void
descriptor_bomb(void)
{
	struct rlimit rl;
	long n = 0;
	int fd;

	EQ(getrlimit(RLIMIT_NOFILE, &rl), 0);
	rl.rlim_cur = rl.rlim_max;
	EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	CHECK(errno == EMFILE || errno == ENFILE);
	CHECK(n > 500);
	ERR(eventfd(0, 0) >= 0
		? 0
		: (errno == EMFILE || errno == ENFILE ? (errno = EMFILE, -1)
						      : 0),
	    EMFILE);
}

GTEST(descriptor_bomb, "are too many descriptors EMFILE, and back after?")
{
	bomb(descriptor_bomb, 0);
}

static void
tmpfs_bomb(void)
{
	static char block[65536];
	int fd = open("/tmp/big", O_RDWR | O_CREAT, 0600), dir = 0, e;
	char name[64];
	long total = 0;
	ssize_t n;

	CHECK(fd >= 0);
	memset(block, 7, sizeof(block));
	while ((n = write(fd, block, sizeof(block))) > 0)
		total += n;
	e = errno;
	CHECK(n == -1 && (e == ENOSPC || e == ENOMEM));
	CHECK(total > 16L << 20);
	/* With no room at all, small things fail, and fail well. */
	for (dir = 0; dir < 2000; dir++) {
		snprintf(name, sizeof(name), "/tmp/d%d", dir);
		if (mkdir(name, 0700) != 0)
			break;
	}
	close(fd);
	EQ(unlink("/tmp/big"), 0);
	while (dir-- > 0) {
		snprintf(name, sizeof(name), "/tmp/d%d", dir);
		EQ(rmdir(name), 0);
	}
}

GTEST(tmpfs_bomb,
    "does a file that fills tmpfs end in ENOSPC, and its room come back?")
{
	bomb(tmpfs_bomb, 0);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *
at_gate(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return (arg);
}

#define THREADS_MOST 20000

static void
thread_bomb(void)
{
	static pthread_t t[THREADS_MOST];
	pthread_attr_t attr;
	int n = 0, error = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_mutex_lock(&gate);
	while (n < THREADS_MOST &&
	    (error = pthread_create(&t[n], &attr, at_gate, NULL)) == 0)
		n++;
	printf("%d threads\n", n);
	EQ(error, EAGAIN);
	CHECK(n > 50);
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < n; i++)
		EQ(pthread_join(t[i], NULL), 0);
}

GTEST(thread_bomb, "is one thread too many EAGAIN, and do all others end?")
{
	bomb(thread_bomb, 0);
}

#define MAPS_WARM  1000
#define MAPS_MOST  70000 /* a Linux host stops at 65530 */
#define PAGE	   4096UL
#define FILE_PAGES 16

static volatile uint32_t *map[MAPS_MOST];
static long maps_most = MAPS_WARM;

/* Are all maps there, in both directions? */
static long
wrong_maps(long n, long step)
{
	long bad = 0;

	for (long i = n - 1; i >= 0; i -= step)
		bad += *map[i] != (uint32_t)i % FILE_PAGES;
	for (long i = 0; i < n; i += 7)
		bad += *map[i] != (uint32_t)i % FILE_PAGES;
	return (bad);
}

/*
 * Single pages with alternating rights: no two can be one mapping.  Every
 * fourth is memory of its own, the others show a small file, so that mappings
 * run out before memory does.
 */
static void
mapping_bomb(void)
{
	uint32_t word;
	long n;
	int fd = open("/tmp/maps", O_RDWR | O_CREAT, 0600), status = -1;
	pid_t pid;

	for (word = 0; word < FILE_PAGES; word++)
		pwrite(fd, &word, sizeof(word), (off_t)(word * PAGE));
	for (n = 0; n < maps_most; n++) {
		bool own = n % 4 == 0;
		void *p = mmap(NULL, PAGE,
		    PROT_READ | (own || n % 2 == 0 ? PROT_WRITE : 0),
		    own ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED,
		    own ? -1 : fd,
		    own ? 0 : (off_t)((unsigned long)n % FILE_PAGES * PAGE));

		if (p == MAP_FAILED)
			break;
		map[n] = p;
		if (own)
			*map[n] = (uint32_t)n % FILE_PAGES;
		word += *map[n];
	}
	CHECK(n == maps_most || errno == ENOMEM);
	EQ(wrong_maps(n, 3), 0);
	if ((pid = fork()) == 0)
		_exit(wrong_maps(n, 7) != 0);
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	close(fd);
	unlink("/tmp/maps");
}

GTEST(mapping_bomb, "are 70,000 mappings readable, and in a fork, or ENOMEM?")
{
	struct counters before;

	child(mapping_bomb, 0);
	before = look();
	maps_most = MAPS_MOST;
	child(mapping_bomb, 0);
	settle(&before);
}

static void
pipe_bomb(void)
{
	struct rlimit rl;
	static char buf[65536];
	int p[2], n = 0, full = 0;

	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	while (n < 500 && pipe2(p, O_NONBLOCK) == 0) {
		/* All of them full of data nobody reads. */
		while (write(p[1], buf, sizeof(buf)) > 0)
			full++;
		CHECK(errno == EAGAIN || errno == ENOMEM);
		n++;
	}
	CHECK(
	    n == 500 || errno == EMFILE || errno == ENFILE || errno == ENOMEM);
	CHECK(n > 100 && full > 100);
}

GTEST(pipe_bomb, "do full pipes nobody reads go with their process?")
{
	bomb(pipe_bomb, 0);
}

static void
pty_bomb(void)
{
	int fd, n = 0, s = 0;
	unsigned unit;

	while ((fd = open("/dev/ptmx", O_RDWR | O_NOCTTY)) >= 0) {
		char name[64];
		int zero = 0;

		n++;
		ioctl(fd, 0x40045431, &zero);	       /* TIOCSPTLCK */
		if (ioctl(fd, 0x80045430, &unit) != 0) /* TIOCGPTN */
			continue;
		snprintf(name, sizeof(name), "/dev/pts/%u", unit);
		if (open(name, O_RDWR | O_NOCTTY | O_NONBLOCK) >= 0)
			s++;
		write(fd, "never read\n", 11);
	}
	CHECK(errno == EMFILE || errno == ENFILE || errno == ENOSPC ||
	    errno == EIO || errno == ENOMEM || errno == EAGAIN);
	CHECK(n > 100 && s > 100);
}

GTEST(pty_bomb, "do all terminals of a process go with it?")
{
	bomb(pty_bomb, 0);
}

static void
epoll_bomb(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep[64], n, e, made = 0;

	for (n = 0; n < 64 && (ep[n] = epoll_create1(0)) >= 0; n++)
		;
	EQ(n, 64);
	while ((e = eventfd(1, 0)) >= 0) {
		for (int i = 0; i < n; i++)
			made += epoll_ctl(ep[i], EPOLL_CTL_ADD, e, &ev) == 0;
	}
	CHECK(errno == EMFILE || errno == ENFILE || errno == ENOMEM);
	CHECK(made > 10000);
	/* Each in the next: a chain is refused at some depth. */
	for (int i = 1; i < n; i++)
		if (epoll_ctl(ep[i], EPOLL_CTL_ADD, ep[i - 1], &ev) != 0) {
			CHECK(errno == ELOOP || errno == EINVAL);
			break;
		}
	ERR(epoll_ctl(ep[0], EPOLL_CTL_ADD, ep[1], &ev), ELOOP);
	EQ(epoll_wait(ep[n - 1], &ev, 1, 1000), 1);
}

GTEST(epoll_bomb, "do 60,000 registrations and a chain of epolls go away?")
{
	bomb(epoll_bomb, 0);
}
