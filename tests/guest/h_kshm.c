/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/kshm: the shared segment, as a program of the guest sees it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"
#include "../../src/sys/sys/kshm_abi.h"

#define DEV	"/dev/kshm"
#define GID_KTR 77

static int
open_kshm(void)
{
	int fd = open(DEV, O_RDONLY);

	CHECK(fd >= 0);
	return (fd);
}

static const struct kshm_header *
map_header(int fd)
{
	void *p = mmap(NULL, KSHM_PAGE, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	return (p);
}

/* Status of a child that did func, or 128 + its signal. */
static int
in_child(void (*func)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		func(arg);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return (
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

GTEST(header, "does a mapping show a header that makes sense?")
{
	int fd = open_kshm();
	const struct kshm_header *kh = map_header(fd);
	struct stat st;

	CHECK(kh->kh_magic == KSHM_MAGIC);
	EQ(kh->kh_abi, KSHM_ABI_VERSION);
	EQ(kh->kh_state, KSHM_RUNNING);
	CHECK(kh->kh_nobjects > 10 && kh->kh_nevents > 50);
	CHECK(kh->kh_types_bytes > 100000);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_mode, S_IFCHR | 0440);
	EQ(st.st_gid, GID_KTR);
	EQ(lseek(fd, 0, SEEK_END), kh->kh_bytes);
}

GTEST(all_of_it, "can every page of the segment be mapped, and nothing more?")
{
	int fd = open_kshm();
	uint64_t bytes = map_header(fd)->kh_bytes;
	volatile char *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	unsigned sum = 0;

	CHECK(p != MAP_FAILED);
	for (uint64_t i = 0; i < bytes; i += KSHM_PAGE)
		sum += (unsigned)p[i];
	(void)sum;
	ERR((long)mmap(NULL, KSHM_PAGE, PROT_READ, MAP_SHARED, fd,
		(off_t)(bytes + KSHM_PAGE)),
	    ENXIO);
}

GTEST(same_bytes, "does read give the bytes that a mapping shows?")
{
	int fd = open_kshm();
	const struct kshm_header *kh = map_header(fd);
	static char buf[65536];
	size_t n =
	    kh->kh_types_bytes < sizeof(buf) ? kh->kh_types_bytes : sizeof(buf);
	char *p = mmap(NULL, kh->kh_bytes, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	EQ(pread(fd, buf, n, (off_t)kh->kh_types), n);
	EQ(memcmp(buf, p + kh->kh_types, n), 0);
	EQ(pread(fd, buf, 16, (off_t)kh->kh_bytes), 0);
}

GTEST(no_write, "is there no way to a writable mapping of the segment?")
{
	int fd = open_kshm();
	void *p = (void *)(uintptr_t)map_header(fd);

	ERR(open(DEV, O_RDWR), EACCES);
	ERR(open(DEV, O_WRONLY), EACCES);
	ERR((long)mmap(
		NULL, KSHM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
	    EACCES);
	ERR(mprotect(p, KSHM_PAGE, PROT_READ | PROT_WRITE), EACCES);
	ERR(write(fd, "x", 1), EBADF);
}

static void
store(void *p)
{
	*(volatile char *)p = 1;
}

GTEST(write_faults, "does a store into the mapping end the program?")
{
	const struct kshm_header *kh = map_header(open_kshm());

	EQ(in_child(store, (void *)(uintptr_t)kh), 128 + SIGSEGV);
	CHECK(kh->kh_magic == KSHM_MAGIC);
}

static void
open_as_user(void *arg)
{
	gid_t gid = *(gid_t *)arg;

	if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(1000) != 0)
		_exit(3);
	_exit(open(DEV, O_RDONLY) >= 0 ? 0 : errno == EACCES ? 1 : 2);
}

GTEST(who, "may root and group ktr open it, and nobody else?")
{
	gid_t users = 100, ktr = GID_KTR;

	EQ(in_child(open_as_user, &users), 1);
	EQ(in_child(open_as_user, &ktr), 0);
}

GTEST(live, "does the mapping follow the kernel without a call?")
{
	int fd = open_kshm();
	const struct kshm_header *kh = map_header(fd);
	const char *p = mmap(NULL, kh->kh_bytes, PROT_READ, MAP_SHARED, fd, 0);
	const struct kshm_object *ko =
	    (const struct kshm_object *)(p + kh->kh_directory);
	const volatile uint64_t *faults = NULL;
	uint64_t before;
	char *q;

	CHECK(p != MAP_FAILED);
	for (uint32_t i = 0; i < kh->kh_nobjects; i++)
		if (strcmp(ko[i].ko_path, "vm.faults") == 0)
			faults =
			    (const volatile uint64_t *)(p + ko[i].ko_offset);
	CHECK(faults != NULL);
	before = *faults;
	q = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 1 << 20; i += KSHM_PAGE)
		q[i] = 1;
	CHECK(*faults > before);
}

GTEST(fork_and_private, "do forks and private mappings leave it alone?")
{
	int fd = open_kshm();
	char *p =
	    mmap(NULL, KSHM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	const struct kshm_header *kh = map_header(fd);

	/* A private copy may be written, if there is one at all. */
	if (p != MAP_FAILED) {
		p[0] = 'x';
		CHECK(kh->kh_magic == KSHM_MAGIC);
	}
	EQ(in_child(store, (void *)(uintptr_t)kh), 128 + SIGSEGV);
	EQ(close(fd), 0);
	CHECK(kh->kh_magic == KSHM_MAGIC);
}

/* --- what is for everybody: /dev/kshm.any ------------------------------------- */

#define ANY "/dev/kshm.any"

static char *
read_any(uint64_t *bytes)
{
	int fd = open(ANY, O_RDONLY);
	char *p;

	CHECK(fd >= 0);
	*bytes = (uint64_t)lseek(fd, 0, SEEK_END);
	p = malloc(*bytes);
	CHECK(p != NULL);
	/* In odd pieces: no border is a special place. */
	for (uint64_t at = 0; at < *bytes;) {
		ssize_t n = pread(fd, p + at, 100003, (off_t)at);

		CHECK(n > 0);
		at += (uint64_t)n;
	}
	EQ(pread(fd, p, 1, (off_t)*bytes), 0);
	EQ(close(fd), 0);
	return (p);
}

static void
any_as_nobody(void *arg)
{
	uint64_t bytes;
	const struct kshm_header *kh;

	(void)arg;
	if (setgroups(0, NULL) != 0 || setgid(100) != 0 || setuid(1000) != 0)
		_exit(3);
	if (open(DEV, O_RDONLY) >= 0)
		_exit(4);
	kh = (const struct kshm_header *)read_any(&bytes);
	_exit(kh->kh_magic == KSHM_MAGIC && kh->kh_nobjects > 3 ? 0 : 5);
}

GTEST(any_door, "may everybody read what is for any, and nobody map it?")
{
	struct stat st;
	int fd = open(ANY, O_RDONLY);

	EQ(in_child(any_as_nobody, NULL), 0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_mode, S_IFCHR | 0444);
	ERR((long)mmap(NULL, KSHM_PAGE, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
	ERR(open(ANY, O_RDWR), EACCES);
}

static bool
zero(const char *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (p[i] != 0)
			return (false);
	return (true);
}

GTEST(any_only, "does it show the objects for any, and nothing of the others?")
{
	uint64_t bytes;
	char *copy = read_any(&bytes);
	const struct kshm_header *mine = (const struct kshm_header *)copy;
	int fd = open_kshm();
	const struct kshm_header *kh = map_header(fd);
	const char *p = mmap(NULL, kh->kh_bytes, PROT_READ, MAP_SHARED, fd, 0);
	const struct kshm_object *ko =
	    (const struct kshm_object *)(p + kh->kh_directory);
	const struct kshm_object *ka =
	    (const struct kshm_object *)(copy + mine->kh_directory);
	uint32_t any = 0, seen = 0;

	CHECK(p != MAP_FAILED);
	EQ(mine->kh_nevents, 0);
	EQ(mine->kh_strings_bytes, 0);
	EQ(mine->kh_extents[0].kx_pa, 0);
	EQ(memcmp(copy + kh->kh_types, p + kh->kh_types, kh->kh_types_bytes),
	    0);
	for (uint32_t i = 0; i < kh->kh_nobjects; i++) {
		uint64_t n = ko[i].ko_size * ko[i].ko_count;

		if (ko[i].ko_access == KSHM_ANY && ko[i].ko_class != KSHM_RING)
			any++;
		else if (ko[i].ko_offset + n <= bytes)
			CHECK(zero(copy + ko[i].ko_offset, n));
	}
	EQ(mine->kh_nobjects, any);
	for (uint32_t i = 0; i < any; i++) {
		EQ(ka[i].ko_access, KSHM_ANY);
		if (strcmp(ka[i].ko_path, "vm.pages.total") == 0) {
			seen++;
			EQ(memcmp(copy + ka[i].ko_offset, p + ka[i].ko_offset,
			       ka[i].ko_size),
			    0);
			CHECK(!zero(copy + ka[i].ko_offset, ka[i].ko_size));
		}
	}
	EQ(seen, 1);
	/* Directory entries behind those for any are not there either. */
	CHECK(zero(
	    (const char *)&ka[any], (kh->kh_nobjects - any) * sizeof(*ka)));
}

/* --- who the threads are ---------------------------------------------------------- */

/* Is there a slot of lwkt.threads with these texts in it? */
static bool
in_threads(const char *name, const char *abi)
{
	int fd = open_kshm();
	const struct kshm_header *kh = map_header(fd);
	const char *p = mmap(NULL, kh->kh_bytes, PROT_READ, MAP_SHARED, fd, 0);
	const struct kshm_object *ko =
	    (const struct kshm_object *)(p + kh->kh_directory);
	bool found = false;

	CHECK(p != MAP_FAILED);
	for (uint32_t i = 0; i < kh->kh_nobjects; i++) {
		if (strcmp(ko[i].ko_path, "lwkt.threads") != 0)
			continue;
		for (uint32_t j = 0; j < ko[i].ko_count; j++) {
			const char *slot =
			    p + ko[i].ko_offset + j * ko[i].ko_size;

			found = found ||
			    (memmem(slot, ko[i].ko_size, name, strlen(name)) !=
				    NULL &&
				memmem(slot, ko[i].ko_size, abi, strlen(abi)) !=
				    NULL);
		}
	}
	close(fd);
	return (found);
}

GTEST(renamed, "does a new name of a thread or process show in the segment?")
{
	int fd;

	CHECK(in_threads("h_kshm", "linux64"));
	CHECK(!in_threads("by-prctl", "linux64"));
	EQ(prctl(PR_SET_NAME, "by-prctl"), 0);
	CHECK(in_threads("by-prctl", "linux64"));
	fd = open("/proc/self/comm", O_WRONLY);
	CHECK(fd >= 0);
	EQ(write(fd, "by-comm", 7), 7);
	CHECK(in_threads("by-comm", "linux64"));
	CHECK(!in_threads("by-prctl", "linux64"));
}
