/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * madvise, flags of mmap and mremap, locks, NUMA policy, the clock's discipline.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define PAGE 4096
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static char *
anon(size_t pages, int flags)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | flags, -1, 0);

	CHECK(p != MAP_FAILED);
	return (p);
}

static int
reap(pid_t pid)
{
	int status = -1;

	EQ(waitpid(pid, &status, 0), pid);
	return (status);
}

/* The signal that ends a child that reads there; 0 if none does. */
static int
read_signal(const char *p)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(*(const volatile char *)p == 'n');
	int status = reap(pid);
	return (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

GTEST(fork_advice, "do DONTFORK and WIPEONFORK say what a child has?")
{
	char *p = anon(4, MAP_PRIVATE), *s = anon(1, MAP_SHARED);
	pid_t pid;

	memset(p, 'x', 4 * PAGE);
	EQ(madvise(p + PAGE, PAGE, MADV_DONTFORK), 0);
	EQ(madvise(p + 2 * PAGE, PAGE, MADV_WIPEONFORK), 0);
	if ((pid = fork()) == 0) {
		EQ(p[0], 'x');
		EQ(p[2 * PAGE], 0);
		EQ(p[3 * PAGE], 'x');
		p[2 * PAGE] = 'c';
		EQ(mmap(p + PAGE, PAGE, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0),
		    p + PAGE); /* nothing was there */
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	EQ(p[PAGE], 'x');
	EQ(p[2 * PAGE], 'x');
	EQ(read_signal(p + PAGE), SIGSEGV);
	EQ(madvise(p + PAGE, PAGE, MADV_DOFORK), 0);
	EQ(madvise(p + 2 * PAGE, PAGE, MADV_KEEPONFORK), 0);
	if ((pid = fork()) == 0)
		_exit(p[PAGE] != 'x' || p[2 * PAGE] != 'x');
	EQ(reap(pid), 0);
	ERR(madvise(s, PAGE, MADV_WIPEONFORK), EINVAL);
	EQ(madvise(p, PAGE, MADV_DONTDUMP), 0);
	EQ(madvise(p, PAGE, MADV_DODUMP), 0);
}

GTEST(discard, "do DONTNEED, FREE and REMOVE give pages back?")
{
	char *p = anon(2, MAP_PRIVATE), *s, *r, name[64];
	int fd = memfd_create("x", 0), ro;

	memset(p, 'x', 2 * PAGE);
	EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
	EQ(p[0], 0);
	EQ(p[PAGE], 'x');
	EQ(madvise(p + PAGE, PAGE, MADV_FREE), 0);
	CHECK(p[PAGE] == 0 || p[PAGE] == 'x');
	p[PAGE] = 'y';
	EQ(p[PAGE], 'y');
	EQ(ftruncate(fd, 3 * PAGE), 0);
	s = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(s, 's', 3 * PAGE);
	EQ(madvise(s, PAGE, MADV_DONTNEED), 0);
	EQ(s[0], 's'); /* the file has it */
	EQ(madvise(s + PAGE, PAGE, MADV_REMOVE), 0);
	EQ(s[PAGE], 0);
	EQ(s[2 * PAGE], 's');
	EQ(lseek(fd, 0, SEEK_HOLE), 3 * PAGE); /* s[PAGE] made it again */
	EQ(madvise(s + PAGE, PAGE, MADV_REMOVE), 0);
	EQ(lseek(fd, 0, SEEK_HOLE), PAGE);
	ERR(madvise(s, PAGE, MADV_FREE), EINVAL);
	ERR(madvise(p, PAGE, MADV_REMOVE), EINVAL);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ro = open(name, O_RDONLY);
	r = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	ERR(madvise(r, PAGE, MADV_REMOVE), EACCES);
	r = anon(2, MAP_SHARED);
	memset(r, 'r', 2 * PAGE);
	EQ(madvise(r, PAGE, MADV_REMOVE), 0);
	EQ(r[0], 0);
	EQ(r[PAGE], 'r');
}

GTEST(populate, "does POPULATE fault pages in, and say why it cannot?")
{
	unsigned char vec[4] = {0};
	char *p = anon(4, MAP_PRIVATE), *q = anon(1, MAP_SHARED), *f;
	int fd = memfd_create("x", 0);

	EQ(madvise(p, 2 * PAGE, MADV_POPULATE_WRITE), 0);
	EQ(mincore(p, 4 * PAGE, vec), 0);
	EQ(vec[0] & 1, 1);
	EQ(vec[1] & 1, 1);
	EQ(mincore(q, PAGE, vec), 0);
	EQ(vec[0] & 1, 0);
	EQ(madvise(p, 4 * PAGE, MADV_POPULATE_READ), 0);
	EQ(mprotect(p, PAGE, PROT_READ), 0);
	ERR(madvise(p, PAGE, MADV_POPULATE_WRITE), EINVAL);
	munmap(p + PAGE, PAGE);
	ERR(madvise(p, 4 * PAGE, MADV_POPULATE_READ), ENOMEM);
	EQ(ftruncate(fd, PAGE), 0);
	f = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ERR(madvise(f, 2 * PAGE, MADV_POPULATE_READ), EFAULT);
}

GTEST(advice_checks, "is advice checked, the kinds without effect, too?")
{
	static const int kinds[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL,
	    MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT};
	char *p = anon(4, MAP_PRIVATE);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		memset(p, 'k', PAGE);
		EQ(madvise(p, 4 * PAGE, kinds[i]), 0);
		EQ(p[0], 'k');
		ERR(madvise(p + 1, PAGE, kinds[i]), EINVAL);
		EQ(madvise(p, 0, kinds[i]), 0);
	}
	munmap(p + PAGE, PAGE);
	ERR(madvise(p, 4 * PAGE, MADV_DONTNEED), ENOMEM);
	ERR(madvise(p, 4 * PAGE, MADV_DONTFORK), ENOMEM);
	ERR(madvise(p, PAGE, 77), EINVAL);
	ERR(madvise(p, PAGE, -1), EINVAL);
}

GTEST(mmap_flags, "do the rarer flags of mmap do what they say?")
{
	char *p = anon(2, MAP_PRIVATE), *q;
	int fd = memfd_create("x", 0);

	CHECK(mmap(p, PAGE, PROT_READ,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		  0) == MAP_FAILED);
	EQ(errno, EEXIST);
	munmap(p, PAGE);
	EQ(mmap(p, PAGE, PROT_READ,
	       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
	    p);
	q = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(q != MAP_FAILED);
	CHECK((uintptr_t)q + 4 * PAGE <= 0x80000000UL);
	q[0] = 1;
	EQ(ftruncate(fd, PAGE), 0);
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE, fd, 0);
	CHECK(q != MAP_FAILED);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd,
		  0) == MAP_FAILED);
	EQ(errno, EOPNOTSUPP);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x400000, fd,
		  0) == MAP_FAILED);
	EQ(errno, EOPNOTSUPP);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | 0x400000, fd, 0) !=
	    MAP_FAILED); /* plain MAP_SHARED ignores it */
}

GTEST(growsdown, "does a MAP_GROWSDOWN mapping grow at its guard?")
{
	char *room = anon(64, MAP_PRIVATE), *top = room + 60 * PAGE, *p;

	munmap(room, 64 * PAGE);
	p = mmap(top, PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	EQ(p, top);
	p[0] = 1;
	p[-8] = 2; /* below: the mapping grows */
	p[-PAGE - 8] = 3;
	EQ(p[-8], 2);
}

GTEST(dontunmap, "does MREMAP_DONTUNMAP move pages and leave zeros?")
{
	char *p = anon(4, MAP_PRIVATE), *q;

	memset(p, 'm', 4 * PAGE);
	q = mremap(p + PAGE, 2 * PAGE, 2 * PAGE,
	    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	CHECK(q != MAP_FAILED && q != p + PAGE);
	EQ(q[0], 'm');
	EQ(q[2 * PAGE - 1], 'm');
	EQ(p[0], 'm');
	EQ(p[PAGE], 0);
	EQ(p[3 * PAGE], 'm');
	p[PAGE] = 'n';
	EQ(q[0], 'm');
	CHECK(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		  NULL) == MAP_FAILED);
	EQ(errno, EINVAL);
	CHECK(mremap(p, PAGE, PAGE, MREMAP_DONTUNMAP, NULL) == MAP_FAILED);
	EQ(errno, EINVAL);
}

GTEST(mlock_limit, "does RLIMIT_MEMLOCK bound what a user locks?")
{
	char *p = anon(16, MAP_PRIVATE);
	struct rlimit rl = {8 * PAGE, 8 * PAGE}, none = {0, 0};
	pid_t pid;

	EQ(mlock(p, 16 * PAGE), 0);
	ERR(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	EQ(munlock(p, 16 * PAGE), 0);
	if ((pid = fork()) == 0) {
		EQ(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
		EQ(setuid(1000), 0);
		EQ(mlock(p, 8 * PAGE), 0);
		EQ(mlock(p, 8 * PAGE), 0); /* again costs nothing */
		ERR(mlock(p + 8 * PAGE, PAGE), ENOMEM);
		EQ(munlock(p, PAGE), 0);
		EQ(mlock(p + 8 * PAGE, PAGE), 0);
		EQ(munlock(p, 16 * PAGE), 0);
		EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
		ERR(mlock(p, PAGE), EPERM);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	munmap(p, PAGE);
	ERR(mlock(p, 2 * PAGE), ENOMEM);
}

/* The number on a line of /proc/self/status, in kB. */
static long
status_kb(const char *name)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kb = atol(line + strlen(name) + 1);
	if (f != NULL)
		fclose(f);
	return (kb);
}

static bool
all_in(char *p, size_t pages)
{
	unsigned char vec[64];
	bool in = true;

	EQ(mincore(p, pages * PAGE, vec), 0);
	for (size_t i = 0; i < pages; i++)
		in = in && (vec[i] & 1) != 0;
	return (in);
}

GTEST(mlockall, "does mlockall lock what there is and what comes?")
{
	char *before = anon(8, MAP_PRIVATE), *after, *none;
	struct rlimit rl = {1 << 20, 1 << 20};
	pid_t pid;

	none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(none != MAP_FAILED);
	ERR(mlockall(0), EINVAL);
	ERR(mlockall(MCL_ONFAULT), EINVAL);
	ERR(mlockall(8), EINVAL);
	EQ(status_kb("VmLck:"), 0);
	EQ(mlockall(MCL_CURRENT), 0);
	CHECK(all_in(before, 8));
	CHECK(status_kb("VmLck:") >= 8 * PAGE / 1024);
	after = anon(8, MAP_PRIVATE);
	CHECK(!all_in(after, 8));
	EQ(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
	CHECK(all_in(after, 8));
	after = anon(8, MAP_PRIVATE);
	CHECK(all_in(after, 8));
	ERR(madvise(after, PAGE, MADV_DONTNEED), EINVAL);
	EQ(madvise(after, PAGE, 24), 0); /* DONTNEED_LOCKED */
	if ((pid = fork()) == 0) {	 /* a child has no locks */
		EQ(status_kb("VmLck:"), 0);
		EQ(madvise(after, PAGE, MADV_DONTNEED), 0);
		_exit(gtest_failures != 0);
	}
	EQ(reap(pid), 0);
	EQ(mlockall(MCL_FUTURE | MCL_ONFAULT), 0);
	after = anon(8, MAP_PRIVATE);
	CHECK(!all_in(after, 8));
	CHECK(status_kb("VmLck:") >= 24 * PAGE / 1024);
	EQ(munlockall(), 0);
	EQ(status_kb("VmLck:"), 0);
	after = anon(8, MAP_PRIVATE);
	CHECK(!all_in(after, 8));
	EQ(syscall(SYS_mlock2, after, 8 * PAGE, 1), 0); /* on fault */
	CHECK(!all_in(after, 8));
	EQ(status_kb("VmLck:"), 8 * PAGE / 1024);
	EQ(munlock(after, 8 * PAGE), 0);
	if ((pid = fork()) == 0) {
		EQ(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
		EQ(setuid(1000), 0);
		anon(1024, MAP_PRIVATE);
		ERR(mlockall(MCL_CURRENT), ENOMEM);
		EQ(mlockall(MCL_FUTURE), 0);
		after = mmap(NULL, 1024 * PAGE, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(after == MAP_FAILED && errno == EAGAIN);
		CHECK(anon(16, MAP_PRIVATE) != MAP_FAILED);
		_exit(gtest_failures != 0);
	}
	EQ(reap(pid), 0);
}

GTEST(cut_copies, "do private copies of pages go when their file is cut?")
{
	int fd = memfd_create("cut", 0), go[2], ready[2];
	char *p, *q, c;
	pid_t pid;

	EQ(ftruncate(fd, 4 * PAGE), 0);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 'x', 4 * PAGE);
	EQ(pipe(go), 0);
	EQ(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		p[3 * PAGE] = 'c'; /* another copy, of a child */
		EQ(write(ready[1], "r", 1), 1);
		EQ(read(go[0], &c, 1), 1);
		EQ(p[0], 'x');
		EQ(p[PAGE + 10], 'x');
		EQ(read_signal(p + 2 * PAGE), SIGBUS);
		EQ(read_signal(p + 3 * PAGE), SIGBUS);
		_exit(gtest_failures);
	}
	EQ(read(ready[0], &c, 1), 1);
	/* In two pieces, and moved. */
	EQ(mprotect(p + 3 * PAGE, PAGE, PROT_READ), 0);
	q = mremap(p + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
	    anon(1, MAP_PRIVATE));
	CHECK(q != MAP_FAILED);
	EQ(q[0], 'x');
	EQ(ftruncate(fd, PAGE + 1), 0);
	EQ(write(go[1], "g", 1), 1);
	EQ(p[PAGE + 1], 'x'); /* a copy of the last page is as it was */
	EQ(read_signal(q), SIGBUS);
	EQ(read_signal(p + 3 * PAGE), SIGBUS);
	EQ(reap(pid), 0);
	EQ(ftruncate(fd, 4 * PAGE), 0);
	EQ(q[0], 0); /* what was written is gone for good */
	q[0] = 'z';
	EQ(fallocate(
	       fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE),
	    0);
	EQ(q[0], 'z'); /* a hole cuts nothing */
	EQ(p[0], 'x');
}

GTEST(remap_file_pages, "does remap_file_pages show other pages of the file?")
{
	int fd = memfd_create("x", 0);
	char *p;

	EQ(ftruncate(fd, 4 * PAGE), 0);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int i = 0; i < 4; i++)
		p[i * PAGE] = (char)('0' + i);
	EQ(syscall(SYS_remap_file_pages, p, PAGE, 0, 3, 0), 0);
	EQ(p[0], '3');
	EQ(p[PAGE], '1');
	p[0] = 'x';
	EQ(p[3 * PAGE], 'x');
	ERR(syscall(SYS_remap_file_pages, p, PAGE, 1, 3, 0), EINVAL);
	p = anon(1, MAP_PRIVATE);
	ERR(syscall(SYS_remap_file_pages, p, PAGE, 0, 0, 0), EINVAL);
}

/* --- one node ------------------------------------------------------------------- */

GTEST(policy, "are NUMA policies kept, inherited and told?")
{
	unsigned long node0 = 1, far = 1UL << 40, mask[16] = {0};
	int mode = -1, status;
	pid_t pid;

	EQ(syscall(SYS_set_mempolicy, 2, &node0, 64), 0); /* MPOL_BIND */
	EQ(syscall(SYS_get_mempolicy, &mode, mask, 1024, NULL, 0), 0);
	EQ(mode, 2);
	EQ(mask[0], 1);
	if ((pid = fork()) == 0) {
		mode = -1;
		EQ(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0), 0);
		EQ(mode, 2);
		_exit(gtest_failures);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	ERR(syscall(SYS_set_mempolicy, 2, &far, 64), EINVAL);
	ERR(syscall(SYS_set_mempolicy, 2, NULL, 0), EINVAL);
	ERR(syscall(SYS_set_mempolicy, 0, &node0, 64), EINVAL);
	ERR(syscall(SYS_set_mempolicy, 99, NULL, 0), EINVAL);
	EQ(syscall(SYS_set_mempolicy, 1, NULL, 0), 0); /* MPOL_PREFERRED */
	EQ(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0), 0);
	EQ(mode, 4); /* MPOL_LOCAL: none is preferred */
	EQ(syscall(SYS_set_mempolicy, 0, NULL, 0), 0);
	mask[0] = 0;
	EQ(syscall(SYS_get_mempolicy, NULL, mask, 1024, NULL, 4), 0);
	EQ(mask[0], 1); /* MPOL_F_MEMS_ALLOWED */
}

GTEST(mbind, "do mappings keep their policy?")
{
	char *p = anon(4, MAP_PRIVATE);
	unsigned long node0 = 1, mask[16];
	int mode = -1;

	EQ(syscall(SYS_mbind, p + PAGE, PAGE, 2, &node0, 64, 0), 0);
	EQ(syscall(SYS_get_mempolicy, &mode, mask, 1024, p + PAGE, 2), 0);
	EQ(mode, 2);
	EQ(mask[0], 1);
	EQ(syscall(SYS_get_mempolicy, &mode, NULL, 0, p, 2), 0);
	EQ(mode, 0);
	p[0] = 1;
	EQ(syscall(SYS_get_mempolicy, &mode, NULL, 0, p, 3), 0);
	EQ(mode, 0); /* the node of the page */
	ERR(syscall(SYS_mbind, p + 1, PAGE, 2, &node0, 64, 0), EINVAL);
	ERR(syscall(SYS_mbind, p, PAGE, 2, &node0, 64, 0x100), EINVAL);
	munmap(p + 2 * PAGE, PAGE);
	ERR(syscall(SYS_mbind, p, 4 * PAGE, 2, &node0, 64, 0), EFAULT);
	ERR(syscall(SYS_get_mempolicy, &mode, NULL, 0, p + 2 * PAGE, 2),
	    EFAULT);
	EQ(syscall(450, p + PAGE, PAGE, 0, 0), 0); /* home node */
	ERR(syscall(450, p + PAGE, PAGE, 7000, 0), EINVAL);
}

GTEST(move_pages, "does move_pages tell where pages are?")
{
	char *p = anon(2, MAP_PRIVATE), *q = anon(1, MAP_SHARED);
	void *pages[2] = {p, q};
	int status[2] = {-1, -1}, node = 0;
	unsigned long node0 = 1;

	p[0] = 1;
	EQ(syscall(SYS_move_pages, 0, 2, pages, NULL, status, 0), 0);
	EQ(status[0], 0);
	EQ(status[1], -ENOENT);
	EQ(syscall(SYS_move_pages, 0, 1, pages, &node, status, 2), 0);
	EQ(status[0], 0);
	ERR(syscall(SYS_move_pages, 0, 1, pages, NULL, status, 0x100), EINVAL);
	ERR(syscall(SYS_move_pages, 999999, 1, pages, NULL, status, 0), ESRCH);
	EQ(syscall(SYS_migrate_pages, 0, 64, &node0, &node0), 0);
	ERR(syscall(SYS_migrate_pages, 999999, 64, &node0, &node0), ESRCH);
}

GTEST(pkeys, "are protection keys refused where there are none?")
{
	char *p = anon(1, MAP_PRIVATE);
	int key = pkey_alloc(0, 0);

	if (key >= 0) { /* a machine that has them */
		EQ(pkey_free(key), 0);
		return;
	}
	CHECK(errno == ENOSPC || errno == EINVAL);
	ERR(pkey_alloc(1, 0), EINVAL);
	ERR(pkey_free(1), EINVAL);
	EQ(pkey_mprotect(p, PAGE, PROT_READ, -1), 0);
	ERR(pkey_mprotect(p, PAGE, PROT_READ, 1), EINVAL);
}

GTEST(adjtimex, "does adjtimex tell the clock's state, and only root set it?")
{
	struct timex tx = {.modes = 0};
	struct timeval tv;
	pid_t pid;

	CHECK(adjtimex(&tx) >= 0);
	gettimeofday(&tv, NULL);
	CHECK(tx.time.tv_sec >= tv.tv_sec - 5 && tx.time.tv_sec <= tv.tv_sec);
	CHECK(tx.tick >= 9000 && tx.tick <= 11000);
	CHECK(tx.tolerance > 0 && tx.precision > 0);
	if ((pid = fork()) == 0) {
		EQ(setuid(1000), 0);
		tx.modes = ADJ_FREQUENCY;
		ERR(adjtimex(&tx), EPERM);
		tx.modes = 0;
		CHECK(adjtimex(&tx) >= 0);
		_exit(gtest_failures);
	}
	EQ(reap(pid), 0);
	tx.modes = 0;
	CHECK(clock_adjtime(CLOCK_REALTIME, &tx) >= 0);
	ERR(clock_adjtime(CLOCK_MONOTONIC, &tx), EOPNOTSUPP);
	ERR(clock_adjtime(99, &tx), EINVAL);
	ERR(adjtimex((void *)8), EFAULT);
}
