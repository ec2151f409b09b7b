/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: mmap and friends, copy-on-write, files in memory, brk, stacks. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define PG 4096UL
#define RW (PROT_READ | PROT_WRITE)

static sigjmp_buf jump;
static volatile int caught, caught_code;

static void
on_fault(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	caught = sig;
	caught_code = si->si_code;
	siglongjmp(jump, 1);
}

/* The signal that an access at p raises, 0 if none. */
static int
probe(volatile char *p, int write)
{
	struct sigaction sa = {
	    .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	caught = 0;
	if (sigsetjmp(jump, 1) == 0) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return (caught);
}

static char *
anon(size_t len, int prot, int flags)
{
	char *p = mmap(NULL, len, prot, MAP_ANONYMOUS | flags, -1, 0);

	CHECK(p != MAP_FAILED);
	return (p);
}

static int
file_of(size_t len)
{
	char name[] = "/tmp/h_mm.XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	unlink(name);
	for (size_t i = 0; i < len; i++) {
		char c = (char)('a' + i / PG);

		if (i % PG == 0)
			pwrite(fd, &c, 1, (off_t)i);
	}
	EQ(ftruncate(fd, (off_t)len), 0);
	return (fd);
}

GTEST(anon_zero, "is new memory zero, everywhere?")
{
	char *p = anon(1 << 20, RW, MAP_PRIVATE);

	for (size_t i = 0; i < 1 << 20; i += 997)
		EQ(p[i], 0);
	EQ(munmap(p, 1 << 20), 0);
	EQ(probe(p, 0), SIGSEGV);
}

GTEST(cow_fork, "does copy-on-write keep both sides apart, page by page?")
{
	size_t n = 64;
	char *p = anon(n * PG, RW, MAP_PRIVATE);
	pid_t pid;
	int s;

	for (size_t i = 0; i < n; i++)
		p[i * PG] = 1;
	if ((pid = fork()) == 0) {
		for (size_t i = 0; i < n; i += 2)
			p[i * PG] = 2;
		for (size_t i = 0; i < n; i++)
			if (p[i * PG] != (i % 2 == 0 ? 2 : 1))
				_exit(1);
		_exit(0);
	}
	for (size_t i = 1; i < n; i += 2)
		p[i * PG] = 3;
	waitpid(pid, &s, 0);
	EQ(s, 0);
	for (size_t i = 0; i < n; i++)
		EQ(p[i * PG], i % 2 == 0 ? 1 : 3);
}

GTEST(cow_grandchild, "do three generations share and part?")
{
	char *p = anon(PG, RW, MAP_PRIVATE);
	int s;

	p[0] = 1;
	if (fork() == 0) {
		if (fork() == 0) {
			p[0]++;
			_exit(p[0]);
		}
		wait(&s);
		p[0] += 10;
		_exit(WEXITSTATUS(s) == 2 && p[0] == 11 ? 0 : 1);
	}
	wait(&s);
	EQ(s, 0);
	EQ(p[0], 1);
}

GTEST(shared_anon, "is shared anonymous memory one memory after fork?")
{
	char *p = anon(4 * PG, RW, MAP_SHARED);
	int s;

	p[0] = 1;
	if (fork() == 0) {
		p[0] = 2;
		p[3 * PG] = 9;
		_exit(0);
	}
	wait(&s);
	EQ(p[0], 2);
	EQ(p[3 * PG], 9);
}

GTEST(file_private, "is a private file mapping a copy?")
{
	int fd = file_of(4 * PG);
	char *p = mmap(NULL, 4 * PG, RW, MAP_PRIVATE, fd, 0), c;

	EQ(p[0], 'a');
	EQ(p[3 * PG], 'd');
	p[0] = 'X';
	EQ(pread(fd, &c, 1, 0), 1);
	EQ(c, 'a');
	c = 'Q';
	EQ(pwrite(fd, &c, 1, PG), 1);
	EQ(p[PG], 'Q');
	EQ(p[0], 'X');
}

GTEST(file_shared, "do mapping, read and write see the same pages?")
{
	int fd = file_of(4 * PG);
	char *p = mmap(NULL, 4 * PG, RW, MAP_SHARED, fd, 0), c = 'Z';
	char *q = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, PG);

	p[PG] = 'M';
	EQ(pread(fd, &c, 1, PG), 1);
	EQ(c, 'M');
	EQ(q[0], 'M');
	c = 'W';
	EQ(pwrite(fd, &c, 1, PG + 5), 1);
	EQ(p[PG + 5], 'W');
	EQ(msync(p, 4 * PG, MS_SYNC), 0);
	ERR(msync(p + 1, PG, MS_SYNC), EINVAL);
}

GTEST(file_beyond_end, "is memory behind the end of the file SIGBUS?")
{
	int fd = file_of(PG + 100);
	char *p = mmap(NULL, 4 * PG, RW, MAP_SHARED, fd, 0);

	EQ(probe(p + PG + 50, 1), 0);
	EQ(probe(p + PG + 2000, 0), 0);
	EQ(p[PG + 2000], 0);
	EQ(probe(p + 2 * PG, 0), SIGBUS);
	EQ(ftruncate(fd, 0), 0);
	EQ(probe(p, 0), SIGBUS);
	EQ(ftruncate(fd, PG), 0);
	EQ(probe(p, 0), 0);
	EQ(p[50], 0);
}

GTEST(map_errors, "are wrong mmap arguments the right errors?")
{
	int fd = file_of(PG), ro = open("/bin/busybox", O_RDONLY);
	int wo = open("/tmp/wo", O_CREAT | O_WRONLY, 0600);

	if (ro < 0)
		ro = open("/bin/sh", O_RDONLY);
	CHECK(mmap(NULL, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		MAP_FAILED &&
	    errno == EINVAL);
	CHECK(mmap(NULL, PG, RW, MAP_PRIVATE, fd, 100) == MAP_FAILED &&
	    errno == EINVAL);
	CHECK(mmap(NULL, PG, RW, MAP_PRIVATE, 99, 0) == MAP_FAILED &&
	    errno == EBADF);
	CHECK(mmap(NULL, PG, RW, MAP_SHARED, ro, 0) == MAP_FAILED &&
	    errno == EACCES);
	CHECK(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, wo, 0) == MAP_FAILED &&
	    errno == EACCES);
	CHECK(mmap(NULL, PG, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
	    errno == EINVAL);
	CHECK(mmap((void *)1, PG, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		  -1, 0) == MAP_FAILED &&
	    errno == EINVAL);
	CHECK(mmap(NULL, 1UL << 60, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		MAP_FAILED &&
	    errno == ENOMEM);
	CHECK(mmap(NULL, PG, RW, MAP_PRIVATE, open("/tmp", O_RDONLY), 0) ==
		MAP_FAILED &&
	    errno == ENODEV);
}

GTEST(map_fixed, "does MAP_FIXED replace and NOREPLACE refuse?")
{
	char *p = anon(8 * PG, RW, MAP_PRIVATE), *q;

	p[2 * PG] = 5;
	p[7 * PG] = 7;
	q = mmap(p + 2 * PG, 2 * PG, RW,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(q == p + 2 * PG);
	EQ(p[2 * PG], 0);
	EQ(p[7 * PG], 7);
	CHECK(mmap(p + PG, PG, RW,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		  0) == MAP_FAILED &&
	    errno == EEXIST);
}

GTEST(unmap_split, "does a hole in the middle leave both ends?")
{
	char *p = anon(9 * PG, RW, MAP_PRIVATE);

	memset(p, 1, 9 * PG);
	EQ(munmap(p + 3 * PG, 3 * PG), 0);
	EQ(p[2 * PG], 1);
	EQ(p[6 * PG], 1);
	EQ(probe(p + 4 * PG, 0), SIGSEGV);
	EQ(caught_code, SEGV_MAPERR);
	EQ(munmap(p, 9 * PG), 0);
	ERR(munmap(p + 1, PG), EINVAL);
	ERR(munmap(p, 0), EINVAL);
}

GTEST(protect, "does mprotect take and give rights, page by page?")
{
	char *p = anon(4 * PG, RW, MAP_PRIVATE);

	memset(p, 7, 4 * PG);
	EQ(mprotect(p + PG, PG, PROT_READ), 0);
	EQ(probe(p + PG, 0), 0);
	EQ(probe(p + PG, 1), SIGSEGV);
	EQ(caught_code, SEGV_ACCERR);
	EQ(probe(p, 1), 0);
	EQ(mprotect(p + PG, PG, PROT_NONE), 0);
	EQ(probe(p + PG, 0), SIGSEGV);
	EQ(mprotect(p + PG, PG, RW), 0);
	EQ(p[PG], 7);
	ERR(mprotect(p + 1, PG, RW), EINVAL);
	EQ(munmap(p + 2 * PG, PG), 0);
	ERR(mprotect(p, 4 * PG, PROT_READ), ENOMEM);
}

GTEST(exec_memory, "does code in writable memory run only with PROT_EXEC?")
{
	static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
	char *p = anon(PG, RW, MAP_PRIVATE);
	int (*f)(void);

	memcpy(p, code, sizeof(code));
	memcpy(&f, &p, sizeof(f));
	caught = 0;
	if (sigsetjmp(jump, 1) == 0) {
		probe(p, 0);
		f();
	}
	EQ(caught, SIGSEGV);
	EQ(mprotect(p, PG, PROT_READ | PROT_EXEC), 0);
	EQ(f(), 42);
}

GTEST(remap_grow, "does mremap grow, move and shrink with its contents?")
{
	char *p = anon(4 * PG, RW, MAP_PRIVATE), *q;

	for (int i = 0; i < 4; i++)
		p[i * (int)PG] = (char)(i + 1);
	anon(PG, PROT_NONE, MAP_PRIVATE);
	q = mremap(p, 4 * PG, 100 * PG, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	for (int i = 0; i < 4; i++)
		EQ(q[i * (int)PG], i + 1);
	EQ(q[50 * PG], 0);
	q[99 * PG] = 9;
	p = mremap(q, 100 * PG, 2 * PG, 0);
	CHECK(p == q);
	EQ(probe(q + 2 * PG, 0), SIGSEGV);
	EQ(p[PG], 2);
	q = mremap(
	    p, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, p + 64 * PG);
	CHECK(q == p + 64 * PG);
	EQ(q[PG], 2);
	EQ(probe(p, 0), SIGSEGV);
	CHECK(mremap((void *)0x10000000, PG, 2 * PG, 0) == MAP_FAILED &&
	    errno == EFAULT);
}

GTEST(brk_moves, "does the heap grow, shrink and come back zero?")
{
	char *start = sbrk(0), *p;

	p = sbrk(10 * PG);
	CHECK(p == start);
	memset(p, 1, 10 * PG);
	CHECK(sbrk(-(long)(9 * PG)) != (void *)-1);
	p = sbrk(9 * PG);
	EQ(start[PG * 5], 0);
	EQ(start[0], 1);
}

static int
deep(int n)
{
	volatile char frame[1024];

	frame[0] = (char)n;
	return (n == 0 ? frame[0] : deep(n - 1) + frame[0] * 0);
}

GTEST(stack_grows, "does the stack grow by megabytes, and end in SIGSEGV?")
{
	static char alt[65536];
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)};
	struct sigaction sa = {
	    .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct rlimit rl = {1 << 20, 1 << 20};

	EQ(deep(4000), 0);
	(void)rl;
	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	caught = 0;
	if (sigsetjmp(jump, 1) == 0)
		deep(1000000);
	EQ(caught, SIGSEGV);
}

GTEST(madvise_dontneed, "does DONTNEED forget private pages, and keep files?")
{
	char *p = anon(8 * PG, RW, MAP_PRIVATE);
	int fd = file_of(2 * PG);
	char *f = mmap(NULL, 2 * PG, RW, MAP_SHARED, fd, 0);

	memset(p, 5, 8 * PG);
	EQ(madvise(p + 2 * PG, 2 * PG, MADV_DONTNEED), 0);
	EQ(p[PG], 5);
	EQ(p[2 * PG], 0);
	EQ(p[4 * PG], 5);
	f[0] = 'K';
	EQ(madvise(f, 2 * PG, MADV_DONTNEED), 0);
	EQ(f[0], 'K');
	ERR(madvise(p + 1, PG, MADV_DONTNEED), EINVAL);
	EQ(madvise(p, 8 * PG, MADV_WILLNEED), 0);
	ERR(madvise(p, PG, 9999), EINVAL);
}

GTEST(mincore_tells, "does mincore know what is resident?")
{
	char *p = anon(64 * PG, RW, MAP_PRIVATE);
	unsigned char vec[64];

	madvise(p, 64 * PG, MADV_RANDOM);
	p[0] = p[40 * PG] = 1;
	EQ(mincore(p, 64 * PG, vec), 0);
	EQ(vec[0] & 1, 1);
	EQ(vec[40] & 1, 1);
	EQ(vec[20] & 1, 0);
	munmap(p + 32 * PG, PG);
	ERR(mincore(p, 64 * PG, vec), ENOMEM);
}

GTEST(big_touch, "do 64 MiB of new pages hold what is written?")
{
	size_t n = 64UL << 20;
	char *p = anon(n, RW, MAP_PRIVATE);

	for (size_t i = 0; i < n; i += PG)
		*(size_t *)(p + i) = i;
	for (size_t i = 0; i < n; i += PG)
		if (*(size_t *)(p + i) != i) {
			FAIL("page %zu", i / PG);
			break;
		}
}

GTEST(random_touch, "do pages touched in no order hold what is written?")
{
	size_t n = 4096;
	char *p = anon(n * PG, RW, MAP_PRIVATE);
	uint32_t x = 12345;

	for (int i = 0; i < 3000; i++) {
		x = x * 1103515245 + 12345;
		p[(x >> 8) % n * PG + 7] = (char)(x >> 24 | 1);
	}
	x = 12345;
	for (int i = 0; i < 3000; i++) {
		x = x * 1103515245 + 12345;
		CHECK(p[(x >> 8) % n * PG + 7] != 0);
		if (gtest_failures > 3)
			return;
	}
}

GTEST(many_maps, "do 5000 separate mappings live at once?")
{
	enum {
		N = 5000
	};
	static char *p[N];

	for (int i = 0; i < N; i++) {
		p[i] = anon(PG, i % 2 ? RW : RW | PROT_EXEC, MAP_PRIVATE);
		p[i][0] = (char)i;
	}
	for (int i = 0; i < N; i++)
		if (p[i][0] != (char)i) {
			FAIL("map %d", i);
			break;
		}
	for (int i = 0; i < N; i++)
		EQ(munmap(p[i], PG), 0);
}

GTEST(memory_bomb, "does running out of memory kill the eater, not the rest?")
{
	int s;
	pid_t pid = fork();

	if (pid == 0) {
		for (;;) {
			char *p = mmap(NULL, 16 << 20, RW,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (p == MAP_FAILED)
				_exit(3);
			memset(p, 1, 16 << 20);
		}
	}
	EQ(waitpid(pid, &s, 0), pid);
	CHECK((WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL) ||
	    (WIFEXITED(s) && WEXITSTATUS(s) == 3));
	memset(anon(1 << 20, RW, MAP_PRIVATE), 1, 1 << 20);
}

GTEST(rlimit_as, "does RLIMIT_AS end in ENOMEM?")
{
	struct rlimit rl = {256 << 20, 256 << 20};

	EQ(setrlimit(RLIMIT_AS, &rl), 0);
	CHECK(mmap(NULL, 512 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		MAP_FAILED &&
	    errno == ENOMEM);
}

GTEST(mlock_range, "does mlock bring memory in and take bad ranges?")
{
	char *p = anon(8 * PG, RW, MAP_PRIVATE);
	unsigned char vec[8];

	EQ(mlock(p, 8 * PG), 0);
	EQ(mincore(p, 8 * PG, vec), 0);
	for (int i = 0; i < 8; i++)
		EQ(vec[i] & 1, 1);
	EQ(munlock(p, 8 * PG), 0);
	munmap(p + 4 * PG, PG);
	ERR(mlock(p, 8 * PG), ENOMEM);
}

GTEST(proc_maps, "does /proc/self/maps show what is mapped?")
{
	char *p = anon(3 * PG, PROT_READ, MAP_PRIVATE), line[512], want[64];
	FILE *f = fopen("/proc/self/maps", "r");
	int found = 0;

	snprintf(want, sizeof(want), "%lx-", (unsigned long)p);
	CHECK(f != NULL);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		unsigned long a, b;
		char perm[8];

		EQ(sscanf(line, "%lx-%lx %7s", &a, &b, perm), 3);
		if (a <= (unsigned long)p && b >= (unsigned long)p + 3 * PG) {
			found = 1;
			EQ(strncmp(perm, "r--p", 4), 0);
		}
	}
	EQ(found, 1);
}
