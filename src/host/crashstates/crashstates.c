/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crashstates: run a check on each state in which a crash may leave a disk.
 *
 * The states are those of states.c.  Each is written to a file, sparse, and the
 * command gets its name in the place of {}.  A status that is not 0 is a wrong
 * state.  --state N makes the file of one state, to look at.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <option.h>
#include "states.h"

#define WRONG_SHOWN 20
#define BLOCK	    65536

static struct states_config config = STATES_CONFIG;
static const char *log_path, *image_path, *output_path;
static uint64_t wanted = UINT64_MAX;
static bool list, quiet;
static uint64_t shown;

/* --- options ------------------------------------------------------------------------- */

static void
set_log(const char *v)
{
	log_path = v;
}

static void
set_image(const char *v)
{
	image_path = v;
}

static void
set_kinds(const char *v)
{
	static const char *const names[] = {
	    "prefix", "subset", "torn", "reorder"};
	char *copy = strdup(v);

	config.sc_kinds = 0;
	for (char *w = strtok(copy, ","); w != NULL; w = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < 4 && strcmp(w, names[i]) != 0)
			i++;
		if (i == 4)
			option_fail("--kinds: \"%s\" is not prefix, subset, "
				    "torn or reorder",
			    w);
		config.sc_kinds |= 1U << i;
	}
	if (config.sc_kinds == 0)
		option_fail("--kinds: none is named");
	free(copy);
}

static void
set_max(const char *v)
{
	config.sc_max = (uint64_t)option_number("max", v, 1, INT64_MAX);
}

static void
set_seed(const char *v)
{
	config.sc_seed = (uint64_t)option_number("seed", v, 0, INT64_MAX);
}

static void
set_exhaust(const char *v)
{
	config.sc_exhaust = (unsigned)option_number("exhaust", v, 0, 20);
}

static void
set_samples(const char *v)
{
	config.sc_samples = (unsigned)option_number("samples", v, 0, 1 << 20);
}

static void
set_atomic(const char *v)
{
	long n = option_number("atomic", v, WL_SECTOR, 1 << 20);

	if (n % WL_SECTOR != 0)
		option_fail("--atomic: %s is no multiple of %d", v, WL_SECTOR);
	config.sc_torn_unit = (uint64_t)n / WL_SECTOR;
}

static void
set_state(const char *v)
{
	wanted = (uint64_t)option_number("state", v, 0, INT64_MAX);
}

static void
set_output(const char *v)
{
	output_path = v;
}

static void
set_list(const char *v __attribute__((unused)))
{
	list = true;
}

static void
set_quiet(const char *v __attribute__((unused)))
{
	quiet = true;
}

static void set_help(const char *v);

static const struct option_row options[] = {
    {'l', "log", "FILE", "log of writes (dm-log-writes, blklogwrites)",
	set_log},
    {'i', "image", "FILE", "the disk before the first write (zeros)",
	set_image},
    {0, "kinds", "A,B", "prefix, subset, torn, reorder (all)", set_kinds},
    {0, "max", "N", "look at no more states", set_max},
    {0, "exhaust", "N", "all sets of up to N open writes: 0..20 (6)",
	set_exhaust},
    {0, "samples", "N", "random sets of more open writes (48)", set_samples},
    {0, "atomic", "BYTES", "what the disk writes whole (512)", set_atomic},
    {0, "seed", "N", "of the random sets (1)", set_seed},
    {0, "state", "N", "make the image of state N only, see --output",
	set_state},
    {'o', "output", "FILE", "image of --state", set_output},
    {0, "list", NULL, "print the states", set_list},
    {'q', "quiet", NULL, "only the summary", set_quiet},
    {'h', "help", NULL, "print this and exit", set_help},
};
static const struct option_program program = {"crashstates",
    "Run CMD, with {} for an image, on each state in which a crash may leave "
    "a\n"
    "disk.  Status 0: all are right; 1: some are wrong; 2: a mistake.\n",
    options, sizeof(options) / sizeof(options[0])};

static void
set_help(const char *v __attribute__((unused)))
{
	option_help(&program);
}

/* --- images ---------------------------------------------------------------------------- */

/* The disk before: the image and zeros behind it. */
static uint8_t *
read_base(uint64_t *bytesp, uint64_t least)
{
	struct stat st = {0};
	uint8_t *base;
	uint64_t got = 0;
	ssize_t n = 1;
	int fd = -1;

	if (image_path != NULL &&
	    ((fd = open(image_path, O_RDONLY | O_CLOEXEC)) < 0 ||
		fstat(fd, &st) != 0))
		option_fail("%s: %s", image_path, strerror(errno));
	*bytesp = (uint64_t)st.st_size > least ? (uint64_t)st.st_size : least;
	*bytesp = (*bytesp + WL_SECTOR - 1) / WL_SECTOR * WL_SECTOR;
	if (*bytesp == 0)
		option_fail("%s writes nothing: there is no disk", log_path);
	if ((base = calloc(1, *bytesp)) == NULL)
		option_fail(
		    "no memory for a disk of %" PRIu64 " MiB", *bytesp >> 20);
	while (fd >= 0 && n > 0 && got < (uint64_t)st.st_size) {
		n = read(fd, base + got, (uint64_t)st.st_size - got);
		if (n < 0)
			option_fail("%s: %s", image_path, strerror(errno));
		got += (uint64_t)n;
	}
	if (fd >= 0)
		close(fd);
	return (base);
}

static void
write_image(int fd, const char *name, const uint8_t *disk, uint64_t bytes)
{
	static const uint8_t zeros[BLOCK];

	if (ftruncate(fd, 0) != 0 || ftruncate(fd, (off_t)bytes) != 0)
		option_fail("%s: %s", name, strerror(errno));
	for (uint64_t off = 0; off < bytes; off += BLOCK) {
		size_t n = bytes - off < BLOCK ? bytes - off : BLOCK;

		if (memcmp(disk + off, zeros, n) != 0 &&
		    pwrite(fd, disk + off, n, (off_t)off) != (ssize_t)n)
			option_fail("%s: %s", name,
			    errno != 0 ? strerror(errno) : "no room");
	}
}

/* --- the check --------------------------------------------------------------------------- */

struct checker {
	char **command; /* NULL: none */
	char path[64];	/* in the place of {} */
	int fd;
};

static bool
run_command(struct checker *c)
{
	char *argv[256];
	int status, n = 0;
	pid_t pid;

	for (; c->command[n] != NULL && n < 255; n++)
		argv[n] =
		    strcmp(c->command[n], "{}") == 0 ? c->path : c->command[n];
	argv[n] = NULL;
	fflush(stdout);
	if ((pid = fork()) < 0)
		option_fail("cannot make a process: %s", strerror(errno));
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		option_fail("cannot run %s", argv[0]);
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int
check(const struct crash_state *cs, void *arg)
{
	struct checker *c = arg;

	if (isatty(2) && !quiet && cs->cs_number % 16 == 0)
		fprintf(stderr, "\r%" PRIu64 " states", cs->cs_number);
	if (wanted != UINT64_MAX) {
		if (cs->cs_number != wanted)
			return (0);
		write_image(c->fd, output_path, cs->cs_disk, cs->cs_bytes);
		printf("%" PRIu64 ": %s\n", cs->cs_number, cs->cs_text);
		return (-1);
	}
	if (list)
		printf("%" PRIu64 ": %s\n", cs->cs_number, cs->cs_text);
	if (c->command == NULL)
		return (0);
	write_image(c->fd, "state", cs->cs_disk, cs->cs_bytes);
	if (run_command(c))
		return (0);
	if (!quiet && shown++ < WRONG_SHOWN)
		printf("%swrong: state %" PRIu64 ": %s\n",
		    isatty(2) && isatty(1) ? "\r\033[K" : "", cs->cs_number,
		    cs->cs_text);
	return (1);
}

static void
open_state(struct checker *c)
{
	if (wanted != UINT64_MAX) {
		if (output_path == NULL)
			option_fail("--state needs --output");
		c->fd = open(
		    output_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (c->fd < 0)
			option_fail("%s: %s", output_path, strerror(errno));
		return;
	}
	/* In memory, and inherited by no one: by this name. */
	if ((c->fd = memfd_create("crash-state", MFD_CLOEXEC)) < 0)
		option_fail("cannot make a file: %s", strerror(errno));
	snprintf(
	    c->path, sizeof(c->path), "/proc/%d/fd/%d", (int)getpid(), c->fd);
}

int
main(int argc, char **argv)
{
	struct checker c = {.command = option_parse(&program, argc, argv)};
	struct states_result sr;
	struct writelog *wl;
	const char *why;
	uint64_t bytes;
	uint8_t *base;
	int error;

	if (log_path == NULL)
		option_fail("--log is missing; see crashstates --help");
	if (c.command == NULL && !list && wanted == UINT64_MAX)
		option_fail("say what to do: -- CMD, --list or --state; see "
			    "crashstates --help");
	if ((wl = writelog_open(log_path, &why)) == NULL)
		option_fail("%s: %s", log_path, why);
	if (wl->wl_cut)
		fprintf(stderr, "%s is cut off after entry %zu\n", log_path,
		    wl->wl_count);
	base = read_base(&bytes, wl->wl_disk_sectors * WL_SECTOR);
	open_state(&c);
	error = states_each(wl, base, bytes, &config, check, &c, &sr);
	if (isatty(2) && !quiet)
		fprintf(stderr, "\r\033[K");
	if (error != 0)
		option_fail("%s: %s", log_path, strerror(error));
	if (wanted != UINT64_MAX && sr.sr_states <= wanted)
		option_fail("there are only %" PRIu64 " states", sr.sr_states);
	if (wanted == UINT64_MAX)
		printf("%zu entries, %" PRIu64 " states, %" PRIu64
		       " were equal to others, %" PRIu64 " wrong%s\n",
		    wl->wl_count, sr.sr_states, sr.sr_same, sr.sr_wrong,
		    sr.sr_limited ? "; ended by --max" : "");
	free(base);
	writelog_close(wl);
	return (sr.sr_wrong != 0);
}
