/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory files of a machine that came from a template: copies, mapped where the
 * template's are.
 *
 * Only what the file has is copied; holes stay holes.
 *
 * memcheck keeps its knowledge by address, and a mapping that it sees makes all
 * of it defined: the knowledge about the template's memory, which the fork has
 * copied, would be gone.  So the work is done behind its back, by a function that
 * runs on the real CPU (host_native).  That one must not use the C library, whose
 * thread pointer is not there: bare system calls only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host.h"
#include "host_copy.h"

/* The result, or -errno. */
static long
call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e,
			  r9 __asm__("r9") = f;
	long result;

	__asm__ volatile(
	    "syscall"
	    : "=a"(result)
	    : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	    : "rcx", "r11", "memory");
	return (result);
}

static long
write_all(int fd, const char *from, long at, long end)
{
	long n;

	for (; at < end; at += n) {
		n = call(
		    SYS_pwrite64, fd, (long)(from + at), end - at, at, 0, 0);
		if (n == -EINTR)
			n = 0;
		else if (n <= 0)
			return (n < 0 ? n : -EIO);
	}
	return (0);
}

static long
map(void *at, uint64_t bytes, int fd)
{
	long r = call(SYS_mmap, (long)at, (long)bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_FIXED, fd, 0);

	return (r < 0 && r > -4096 ? r : 0);
}

static long
copy(void *arg)
{
	const struct host_copy *hc = arg;
	long at = 0, end, error = 0;

	while (error == 0 && at < (long)hc->hc_bytes) {
		at = call(SYS_lseek, hc->hc_from, at, SEEK_DATA, 0, 0, 0);
		if (at == -ENXIO)
			break; /* holes only */
		if (at < 0)
			return (at);
		end = call(SYS_lseek, hc->hc_from, at, SEEK_HOLE, 0, 0, 0);
		if (end < 0)
			return (end);
		error = write_all(hc->hc_to, hc->hc_at, at, end);
		at = end;
	}
	if (error == 0 && hc->hc_linked != NULL)
		error = map(hc->hc_linked, hc->hc_linked_bytes, hc->hc_to);
	if (error == 0)
		error = map(hc->hc_at, hc->hc_bytes, hc->hc_to);
	return (error);
}

int
host_copy_file(struct host_copy *hc)
{
	return ((int)-host_native(copy, hc));
}

static long
replace(void *arg)
{
	const int *fds = arg;

	return (call(SYS_dup3, fds[0], fds[1], O_CLOEXEC, 0, 0, 0));
}

void
host_replace_fd(int with, int fd)
{
	int fds[2] = {with, fd};

	(void)host_native(replace, fds);
}

struct status {
	int fd;
	struct stat *st;
};

static long
status(void *arg)
{
	const struct status *s = arg;

	return (call(SYS_fstat, s->fd, (long)s->st, 0, 0, 0, 0));
}

int
host_stat_fd(int fd, struct stat *st)
{
	struct status s = {fd, st};

	memset(st, 0, sizeof(*st));
	return (host_native(status, &s) == 0 ? 0 : -1);
}

#ifndef MEMCHECK
bool
host_memcheck_template(void)
{
	return (true);
}

long
host_native(long (*func)(void *arg), void *arg)
{
	return (func(arg));
}
#endif
