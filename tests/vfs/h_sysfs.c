/* SPDX-License-Identifier: BSD-2-Clause */
/* /sys as programs see it, and what its tables share with /proc. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "gtest.h"

static void
setup(void)
{
	if (access("/sys/devices", R_OK) != 0)
		CHECK(mount("sysfs", "/sys", "sysfs", 0, "") == 0);
	if (access("/proc/self", R_OK) != 0)
		CHECK(mount("proc", "/proc", "proc", 0, "") == 0);
}

static const char *
text(const char *name)
{
	static char buf[4096];
	int fd = open(name, O_RDONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	CHECK(n >= 0);
	buf[n] = '\0';
	close(fd);
	return (buf);
}

/* How many CPUs a list like "0" or "0-3" names, from 0. */
static int
list_count(const char *list)
{
	int first, last, n = sscanf(list, "%d-%d", &first, &last);

	CHECK(n >= 1 && first == 0);
	return (n == 1 ? 1 : last + 1);
}

GTEST(cpu_lists, "do the lists, the folders and sched_getaffinity agree?")
{
	char path[64];
	cpu_set_t set;
	int n;

	setup();
	n = list_count(text("/sys/devices/system/cpu/online"));
	CHECK(n == sysconf(_SC_NPROCESSORS_ONLN));
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0);
	CHECK(n == CPU_COUNT(&set));
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path),
		    "/sys/devices/system/cpu/cpu%d/topology/core_cpus_list", i);
		CHECK(access(path, R_OK) == 0);
	}
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d", n);
	CHECK(access(path, F_OK) != 0);
	CHECK(access("/sys/devices/system/cpu/cpu00", F_OK) != 0);
	CHECK(access("/sys/devices/system/cpu/0", F_OK) != 0);
	CHECK(access("/sys/devices/system/cpu/cpu", F_OK) != 0);
}

GTEST(node_memory, "is the node's memory the machine's?")
{
	long node, all;

	setup();
	CHECK(sscanf(text("/sys/devices/system/node/node0/meminfo"),
		  "Node 0 MemTotal: %ld kB", &node) == 1);
	CHECK(sscanf(text("/proc/meminfo"), "MemTotal: %ld kB", &all) == 1);
	CHECK(node > 0 && node >= all / 2);
}

static int dirs, files;

static int
visit(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	int fd;

	(void)st;
	(void)ftw;
	if (type == FTW_D) {
		dirs++;
	} else if (type == FTW_F && (st->st_mode & 0444) != 0) {
		files++;
		fd = open(name, O_RDONLY);
		if (fd >= 0)
			close(fd);
	}
	return (0);
}

GTEST(walk, "can the whole tree be walked?")
{
	setup();
	CHECK(nftw("/sys/devices/system", visit, 16, FTW_PHYS) == 0);
	CHECK(dirs >= 6 && files >= 10);
}

GTEST(open_dir_stays,
    "does an open directory still list after it is named again?")
{
	static const char *const names[] = {
	    "/sys/devices", "/proc/self/task", "/proc/sys"};

	setup();
	for (size_t i = 0; i < 3; i++) {
		DIR *d = opendir(names[i]);
		struct dirent *e;
		struct stat st;
		int n = 0;

		CHECK(d != NULL);
		CHECK(stat(names[i], &st) == 0);
		CHECK(access(names[i], R_OK) == 0);
		while ((e = readdir(d)) != NULL)
			n++;
		CHECK(n > 2);
		closedir(d);
	}
}

GTEST(magic_number, "does statfs tell what it is?")
{
	struct statfs sf;

	setup();
	CHECK(statfs("/sys", &sf) == 0);
	CHECK(sf.f_type == 0x62656572);
}

GTEST(read_only, "may nothing be written, made or removed?")
{
	setup();
	CHECK(open("/sys/devices/new", O_CREAT | O_RDWR, 0666) == -1);
	CHECK(unlink("/sys/devices/system/cpu/online") == -1);
	CHECK(mkdir("/sys/new", 0777) == -1);
	CHECK(rmdir("/sys/class/net") == -1);
}
