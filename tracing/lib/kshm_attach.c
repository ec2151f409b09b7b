/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding and mapping a segment.
 *
 * A segment grows.  So that what was found stays where it is, addresses for the
 * largest one are reserved, and the pieces are mapped into them as they come,
 * read-only.
 *
 * A file is either the segment itself (a vkernel's, or saved), or the RAM of a
 * PC, in which the header lies on some page.  RAM is searched where the file has
 * data: reading a hole would give it memory.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/btf.h>
#include "kshm_var.h"

static _Thread_local char error_text[256];

int
kshm_fail(int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error_text, sizeof(error_text), fmt, ap);
	va_end(ap);
	return (error);
}

const char *
kshm_error(void)
{
	return (error_text);
}

static const char *cut_program;

/* Nothing but system calls: it may be anywhere. */
static void
on_cut(int sig)
{
	static const char why[] = ": the segment's file was cut\n";

	(void)sig;
	if (write(2, cut_program, strlen(cut_program)) < 0 ||
	    write(2, why, sizeof(why) - 1) < 0)
		_exit(2);
	_exit(2);
}

void
kshm_end_if_cut(const char *program)
{
	struct sigaction sa = {.sa_handler = on_cut};

	cut_program = program;
	(void)sigaction(SIGBUS, &sa, NULL);
}

const struct kshm_header *
kshm_header(const struct kshm *k)
{
	return ((const struct kshm_header *)k->k_base);
}

const void *
kshm_at(const struct kshm *k, uint64_t offset, uint64_t bytes)
{
	if (offset > k->k_mapped || bytes > k->k_mapped - offset)
		return (NULL);
	return (k->k_base + offset);
}

const void *
kshm_row(const struct kshm *k, uint64_t table, uint64_t i, uint64_t bytes,
    uint64_t least)
{
	uint64_t offset;

	if ((table | bytes) % sizeof(uint64_t) != 0 || bytes < least ||
	    __builtin_mul_overflow(i, bytes, &offset) ||
	    __builtin_add_overflow(offset, table, &offset))
		return (NULL);
	return (kshm_at(k, offset, least));
}

const char *
kshm_text(const struct kshm *k, uint32_t offset)
{
	const struct kshm_header *kh = kshm_header(k);
	uint64_t used = load_acq(&kh->kh_strings_bytes);
	const char *s = kshm_at(k, kh->kh_strings, used);

	if (offset == 0 || offset >= used || s == NULL ||
	    memchr(s + offset, '\0', used - offset) == NULL)
		return ("");
	return (s + offset);
}

/* --- mapping -------------------------------------------------------------------- */

static int
map_piece(struct kshm *k, uint64_t at, uint64_t bytes, uint64_t file)
{
	struct stat st;

	if (bytes == 0 || (bytes | at | file) % KSHM_PAGE != 0 ||
	    at != k->k_mapped || at > SPACE_BYTES || bytes > SPACE_BYTES - at)
		return (kshm_fail(EINVAL, "the segment's pieces do not fit"));
	/* Behind the end of a file a page would be a signal, not data. */
	if (fstat(k->k_fd, &st) != 0 ||
	    (S_ISREG(st.st_mode) &&
		((uint64_t)st.st_size < file ||
		    (uint64_t)st.st_size - file < bytes)))
		return (kshm_fail(EINVAL, "the segment's file is too short"));
	if (mmap(k->k_base + at, bytes, PROT_READ, MAP_SHARED | MAP_FIXED,
		k->k_fd, (off_t)file) == MAP_FAILED)
		return (kshm_fail(
		    errno, "cannot map the segment: %s", strerror(errno)));
	k->k_mapped += bytes;
	return (0);
}

int
kshm_refresh(struct kshm *k)
{
	const struct kshm_header *kh = kshm_header(k);
	uint32_t n = load_acq(&kh->kh_nextents);
	int error;

	if (n > KSHM_EXTENTS)
		return (kshm_fail(EINVAL, "too many pieces"));
	while (k->k_npieces < n) {
		struct kshm_extent kx = kh->kh_extents[k->k_npieces];

		error = map_piece(k, kx.kx_offset, kx.kx_bytes,
		    k->k_extents ? kx.kx_pa : kx.kx_offset);
		if (error != 0)
			return (error);
		k->k_npieces++;
	}
	return (0);
}

/* The first page first: it tells how the rest lies. */
static int
map_all(struct kshm *k)
{
	const struct kshm_header *kh;
	void *first;
	int error = 0;

	first = mmap(NULL, KSHM_PAGE, PROT_READ, MAP_SHARED, k->k_fd,
	    (off_t)k->k_file_offset);
	if (first == MAP_FAILED)
		return (kshm_fail(
		    errno, "cannot map the segment: %s", strerror(errno)));
	kh = first;
	if (kh->kh_magic != KSHM_MAGIC)
		error = kshm_fail(EINVAL, "this is no trace segment");
	else if (kh->kh_abi != KSHM_ABI_VERSION)
		error = kshm_fail(EINVAL,
		    "the segment has version %u, this program knows %u",
		    kh->kh_abi, KSHM_ABI_VERSION);
	else if (load_acq(&kh->kh_nextents) == 0)
		error = kshm_fail(EAGAIN, "the kernel has not started yet");
	if (error == 0) {
		k->k_base = mmap(NULL, SPACE_BYTES, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (k->k_base == MAP_FAILED) {
			k->k_base = NULL;
			error = kshm_fail(ENOMEM, "no addresses");
		}
	}
	/* By the header of before the reserved addresses have it. */
	if (error == 0)
		error = map_piece(k, 0, kh->kh_extents[0].kx_bytes,
		    k->k_extents ? kh->kh_extents[0].kx_pa : 0);
	if (error == 0) {
		k->k_npieces = 1;
		error = kshm_refresh(k);
	}
	munmap(first, KSHM_PAGE);
	return (error);
}

/* --- where is the header? --------------------------------------------------------- */

static bool
header_at(int fd, uint64_t at, bool *in_ram)
{
	uint64_t words[2];
	struct kshm_extent kx;

	if (pread(fd, words, sizeof(words), (off_t)at) != sizeof(words) ||
	    words[0] != KSHM_MAGIC)
		return (false);
	if (pread(fd, &kx, sizeof(kx),
		(off_t)(at + offsetof(struct kshm_header, kh_extents))) !=
	    sizeof(kx))
		return (false);
	*in_ram = at != 0 && kx.kx_pa == at;
	return (at == 0 || *in_ram);
}

/* A copy of the header elsewhere in RAM has another address in it. */
static int
find_header(int fd, uint64_t *at, bool *in_ram)
{
	off_t data, hole;

	*at = 0;
	if (header_at(fd, 0, in_ram))
		return (0);
	for (data = lseek(fd, 0, SEEK_DATA); data >= 0;
	     data = lseek(fd, hole, SEEK_DATA)) {
		hole = lseek(fd, data, SEEK_HOLE);
		data -= data % KSHM_PAGE;
		for (; data < hole; data += KSHM_PAGE)
			if (header_at(fd, (uint64_t)data, in_ram)) {
				*at = (uint64_t)data;
				return (0);
			}
	}
	return (kshm_fail(EINVAL, "there is no trace segment in it"));
}

/*
 * What can be read but not mapped (/dev/kshm.any) becomes a file in memory that
 * holds what was read: a copy that does not change any more.
 */
static int
read_copy(int *fdp)
{
	static char part[65536];
	uint64_t at = 0;
	ssize_t n;
	int copy = memfd_create("kshm copy", MFD_CLOEXEC);

	if (copy < 0)
		return (kshm_fail(errno, "%s", strerror(errno)));
	while ((n = pread(*fdp, part, sizeof(part), (off_t)at)) > 0 &&
	    at < SPACE_BYTES) {
		if (pwrite(copy, part, (size_t)n, (off_t)at) != n)
			break;
		at += (uint64_t)n;
	}
	if (n != 0) {
		close(copy);
		return (kshm_fail(EIO, "the segment cannot be read"));
	}
	close(*fdp);
	*fdp = copy;
	return (0);
}

static int
attach_fd(int fd, struct kshm **kp)
{
	struct kshm *k;
	void *p;
	int error;

	p = mmap(NULL, KSHM_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		munmap(p, KSHM_PAGE);
	else if (errno == ENODEV && (error = read_copy(&fd)) != 0) {
		close(fd);
		return (error);
	}
	k = calloc(1, sizeof(*k));

	if (k == NULL) {
		close(fd);
		return (kshm_fail(ENOMEM, "out of memory"));
	}
	k->k_fd = fd;
	error = find_header(fd, &k->k_file_offset, &k->k_extents);
	if (error == 0)
		error = map_all(k);
	if (error != 0) {
		kshm_detach(k);
		return (error);
	}
	*kp = k;
	return (0);
}

void
kshm_detach(struct kshm *k)
{
	if (k == NULL)
		return;
	btf__free(k->k_btf);
	if (k->k_base != NULL)
		munmap(k->k_base, SPACE_BYTES);
	close(k->k_fd);
	free(k);
}

pid_t
kshm_pid(const struct kshm *k)
{
	return (k->k_pid);
}

/* A dead process that nobody has waited for yet is as gone as any. */
bool
kshm_gone(const struct kshm *k)
{
	char path[64], text[512] = "", *end;
	ssize_t n;
	int fd;

	if (k->k_pid == 0)
		return (false);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)k->k_pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return (true);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	end = n > 0 ? strrchr(text, ')') : NULL;
	return (
	    end == NULL || end[1] == '\0' || end[2] == 'Z' || end[2] == 'X');
}

int
kshm_attach_file(const char *path, struct kshm **kp)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;
	char why[128];

	if (fd < 0)
		return (kshm_fail(errno, "%s: %s", path, strerror(errno)));
	if ((error = attach_fd(fd, kp)) == 0)
		return (0);
	snprintf(why, sizeof(why), "%s", kshm_error());
	return (kshm_fail(error, "%s: %s", path, why));
}

/* --- processes ------------------------------------------------------------------------ */

/* Of a process: its kernel's segment, by the descriptor that a vkernel has. */
static int
attach_vkernel(pid_t pid, struct kshm **kp)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, KSHM_FD);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return (kshm_fail(n < 0 ? errno : ENOENT, "process %d: %s",
		    (int)pid,
		    n < 0 && errno == EACCES ? "it is another user's"
					     : "it is no Mayfly kernel"));
	target[n] = '\0';
	return (kshm_attach_file(path, kp));
}

/* Of QEMU: any file that it has open and that has a header in it. */
static int
attach_qemu(pid_t pid, struct kshm **kp)
{
	char dir[64], path[PATH_MAX];
	struct dirent *de;
	struct stat st;
	DIR *d;
	int error = ENOENT;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	if ((d = opendir(dir)) == NULL)
		return (kshm_fail(errno, "process %d: %s", (int)pid,
		    errno == EACCES ? "it is another user's"
				    : strerror(errno)));
	while (error != 0 && (de = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_size >= 16 << 20)
			error = kshm_attach_file(path, kp);
	}
	closedir(d);
	if (error != 0)
		kshm_fail(error, "process %d is no Mayfly kernel", (int)pid);
	return (error);
}

int
kshm_attach_pid(pid_t pid, struct kshm **kp)
{
	int error = attach_vkernel(pid, kp);

	if (error == ENOENT)
		error = attach_qemu(pid, kp);
	if (error == 0)
		(*kp)->k_pid = pid;
	return (error);
}

int
kshm_attach_name(const char *name, struct kshm **kp)
{
	DIR *d = opendir("/proc");
	struct dirent *de;
	char path[PATH_MAX];
	struct kshm *k;

	while (d != NULL && (de = readdir(d)) != NULL) {
		pid_t pid = atoi(de->d_name);

		snprintf(
		    path, sizeof(path), "/proc/%d/fd/%d", (int)pid, KSHM_FD);
		if (pid <= 0 || access(path, R_OK) != 0 ||
		    kshm_attach_file(path, &k) != 0)
			continue;
		if (strcmp(kshm_header(k)->kh_name, name) == 0) {
			closedir(d);
			k->k_pid = pid;
			*kp = k;
			return (0);
		}
		kshm_detach(k);
	}
	if (d != NULL)
		closedir(d);
	return (
	    kshm_fail(ENOENT, "no kernel of ours has the name \"%s\"", name));
}

int
kshm_attach(const char *where, struct kshm **kp)
{
	char *end;
	long pid = strtol(where, &end, 10);

	if (*where != '\0' && *end == '\0' && pid > 0 && pid <= INT_MAX)
		return (kshm_attach_pid((pid_t)pid, kp));
	if (strchr(where, '/') != NULL || access(where, F_OK) == 0)
		return (kshm_attach_file(where, kp));
	return (kshm_attach_name(where, kp));
}

/* A file's pages stay in the host's cache, and a mapping finds them there. */
void
kshm_forget(struct kshm *k)
{
	(void)madvise(k->k_base, k->k_mapped, MADV_DONTNEED);
}

/* --- saving ----------------------------------------------------------------------------- */

int
kshm_save(struct kshm *k, const char *path)
{
	char part[PATH_MAX];
	uint64_t done = 0;
	ssize_t n = 0;
	int fd, error;

	if ((error = kshm_refresh(k)) != 0)
		return (error);
	snprintf(part, sizeof(part), "%s.part", path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return (kshm_fail(errno, "%s: %s", part, strerror(errno)));
	for (; done < k->k_mapped; done += (uint64_t)n)
		if ((n = write(fd, k->k_base + done, k->k_mapped - done)) <= 0)
			break;
	if (close(fd) != 0 || done < k->k_mapped || rename(part, path) != 0) {
		error = errno != 0 ? errno : EIO;
		unlink(part);
		return (kshm_fail(error, "%s: %s", path, strerror(error)));
	}
	return (0);
}
