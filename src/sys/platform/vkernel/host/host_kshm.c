/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared segment's file (sys/kshm_abi.h).
 *
 * It is a memfd, or the file of --kshm, which outlives us.  A tool of our user
 * opens /proc/PID/fd/KSHM_FD; the host checks who may.  Nobody can make a
 * writable mapping of the memfd after ours (F_SEAL_FUTURE_WRITE).
 *
 * The part that the linker made is copied into the file's beginning, and the
 * file is mapped over it: the kernel's variables stay where they were linked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../../sys/kshm_abi.h"
#include "host.h"
#include "host_copy.h"
#include "host_var.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

int host_kshm_fd;
static char name[64];

void
host_kshm_name(const char *option)
{
	static const char key[] = "kshm.name=";

	if (strncmp(option, key, sizeof(key) - 1) == 0)
		snprintf(name, sizeof(name), "%s", option + sizeof(key) - 1);
}

static int
make_file(const char *path)
{
	char text[128];

	if (path != NULL)
		return (
		    open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	snprintf(text, sizeof(text), "%s%s%s", KSHM_FILE_NAME,
	    name[0] != '\0' ? ":" : "", name);
	return (memfd_create(text, MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

static void
map(int fd, void *at, size_t bytes, int how)
{
	if (mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | how, fd, 0) !=
	    at)
		host_fail("cannot map the trace segment: %s", strerror(errno));
}

static void *direct_map;
static uint64_t file_bytes;

static size_t
linked_bytes(void)
{
	return ((uintptr_t)kshm_static_end - (uintptr_t)kshm_static_start);
}

/*
 * From here on nobody but us may write; and for the stubs a descriptor that
 * cannot.
 */
static void
seal(int fd)
{
	char self[32];

	(void)fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	host_kshm_fd = open(self, O_RDONLY | O_CLOEXEC);
	if (host_kshm_fd < 0)
		host_fail(
		    "cannot open the trace segment again: %s", strerror(errno));
}

void
host_kshm_make(const char *path, void *direct, uint64_t max)
{
	size_t linked = linked_bytes();
	int low = make_file(path), fd;

	if (low < 0 || ftruncate(low, (off_t)max) != 0 ||
	    write(low, kshm_static_start, linked) != (ssize_t)linked ||
	    (fd = fcntl(low, F_DUPFD_CLOEXEC, KSHM_FD)) != KSHM_FD)
		host_fail("cannot make the trace segment%s%s: %s",
		    path != NULL ? " " : "", path != NULL ? path : "",
		    strerror(errno));
	close(low);
	map(fd, kshm_static_start, linked, MAP_FIXED);
	map(fd, direct, max, MAP_FIXED_NOREPLACE);
	direct_map = direct;
	file_bytes = max;
	seal(fd);
}

void
host_kshm_again(const char *path)
{
	struct host_copy hc = {KSHM_FD, make_file(path), direct_map, file_bytes,
	    kshm_static_start, linked_bytes()};
	int error = 0;

	if (hc.hc_to < 0 || ftruncate(hc.hc_to, (off_t)file_bytes) != 0)
		error = errno;
	if (error == 0)
		error = host_copy_file(&hc);
	if (error != 0 || dup3(hc.hc_to, KSHM_FD, O_CLOEXEC) < 0)
		host_fail("cannot copy the trace segment: %s",
		    strerror(error != 0 ? error : errno));
	close(hc.hc_to);
	close(host_kshm_fd);
	seal(KSHM_FD);
}
