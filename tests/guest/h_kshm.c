/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/kshm: the shared segment, as a program of the guest sees it. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
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
