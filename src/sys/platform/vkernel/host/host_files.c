/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that the vkernel reads at start or panic: the initramfs, its own
 * symbols, the host's description of its CPUs; and the program's arguments.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host.h"
#include "host_var.h"

/* --- initramfs ------------------------------------------------------------------------- */

#define ARCHIVES_MAX 8

static int archives[ARCHIVES_MAX], narchives;
static int archive; /* the one that is read */

void
host_initramfs_open(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		host_fail("--initramfs: %s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		host_fail("--initramfs: %s is not a regular file", path);
	if (narchives == ARCHIVES_MAX)
		host_fail("--initramfs: %d archives are enough", ARCHIVES_MAX);
	archives[narchives++] = fd;
}

void
host_initramfs_close(void)
{
	while (narchives > 0)
		close(archives[--narchives]);
}

void
host_initramfs_check(void)
{
	if (narchives == 0)
		host_fail("no root: give --initramfs FILE (ci/boot makes one)");
}

int64_t
host_initramfs_read(void *buf, size_t len)
{
	ssize_t n;

	do
		n = read(archives[archive], buf, len);
	while (n < 0 && errno == EINTR);
	return (n);
}

bool
host_initramfs_next(void)
{
	if (archive + 1 >= narchives)
		return (false);
	archive++;
	return (true);
}

/* --- arguments ---------------------------------------------------------------------------- */

static char *init_args;
static size_t init_args_len;

void
host_init_args_set(char **argv)
{
	for (; *argv != NULL; argv++) {
		size_t n = strlen(*argv) + 1;

		init_args = realloc(init_args, init_args_len + n);
		if (init_args == NULL)
			host_fail("out of memory");
		memcpy(init_args + init_args_len, *argv, n);
		init_args_len += n;
	}
	if (init_args_len == 0)
		host_fail("\"--\" without a program to run");
}

const char *
host_init_args(size_t *lenp)
{
	*lenp = init_args_len;
	return (init_args);
}

/* --- symbols of this program ------------------------------------------------------------------ */

struct symbols {
	const Elf64_Sym *sym;
	size_t count;
	const char *strings;
};

static bool
load_symbols(struct symbols *s)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	const uint8_t *p;
	const Elf64_Ehdr *eh;
	const Elf64_Shdr *sh;

	if (fd < 0 || fstat(fd, &st) != 0)
		return (false);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return (false);
	eh = (const Elf64_Ehdr *)p;
	sh = (const Elf64_Shdr *)(p + eh->e_shoff);
	for (int i = 0; i < eh->e_shnum; i++)
		if (sh[i].sh_type == SHT_SYMTAB) {
			s->sym = (const Elf64_Sym *)(p + sh[i].sh_offset);
			s->count = sh[i].sh_size / sizeof(Elf64_Sym);
			s->strings =
			    (const char *)p + sh[sh[i].sh_link].sh_offset;
			return (true);
		}
	return (false);
}

bool
host_symbol(uintptr_t addr, char *buf, size_t size)
{
	static struct symbols s;
	const Elf64_Sym *best = NULL;

	if (s.sym == NULL && !load_symbols(&s))
		return (false);
	for (size_t i = 0; i < s.count; i++)
		if (ELF64_ST_TYPE(s.sym[i].st_info) == STT_FUNC &&
		    s.sym[i].st_value <= addr &&
		    addr < s.sym[i].st_value + s.sym[i].st_size + 1)
			best = &s.sym[i];
	if (best == NULL)
		return (false);
	snprintf(buf, size, "%s+%#lx", s.strings + best->st_name,
	    (unsigned long)(addr - best->st_value));
	return (true);
}

/* --- cpuinfo -------------------------------------------------------------------------------------- */

int
host_cpuinfo(int cpu, char *buf, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[4096];
	size_t used;

	used = (size_t)snprintf(buf, size, "processor\t: %d\n", cpu);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL &&
	    line[0] != '\n')
		if (strncmp(line, "processor", 9) != 0 &&
		    used + strlen(line) + 2 < size)
			used += (size_t)snprintf(
			    buf + used, size - used, "%s", line);
	if (f != NULL)
		fclose(f);
	used += (size_t)snprintf(buf + used, size - used, "\n");
	return ((int)used);
}
