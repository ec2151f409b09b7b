/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A toy store on a disk, done right and done wrong, for the enumerator of crash
 * states to tell apart.
 *
 *	toy log KIND TXNS FILE	what KIND's store writes for so many commits
 *	toy check KIND IMAGE	is what a crash left right?  (status)
 *	toy each KIND TXNS LOG	all states, checked in this process with what was
 *				promised by then: "STATES WRONG"
 *	toy show IMAGE FILE	adds a line with a letter for each sector
 *
 * A commit puts three sectors of data at a place of its own and then a sector
 * that says so: number, place, checksum.  After a crash the store has the commits
 * from 1 on whose sectors fit together.  It must have at least those that were
 * promised (marks), and their data.  The kinds:
 *
 *	sound		data, flush, commit with checksum, flush, promise
 *	no_flush	promises before the last flush
 *	no_barrier	no flush before the commit, no checksum
 *	no_checksum	one write of data and commit, without a checksum: may tear
 *	overwrite	data in place of the last commit's: loses a promised one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <writelog.h>
#include <states.h>

#define DATA	3 /* sectors */
#define SLOT	(DATA + 1)
#define FIRST	8
#define TXN_MAX 64

enum kind {
	SOUND,
	NO_FLUSH,
	NO_BARRIER,
	NO_CHECKSUM,
	OVERWRITE,
	KINDS
};
static const char *const names[KINDS] = {
    "sound", "no_flush", "no_barrier", "no_checksum", "overwrite"};

struct commit {
	uint32_t magic, number;
	uint64_t checksum;
};
#define MAGIC 0x746f7931

static uint64_t
place(enum kind k, uint32_t n)
{
	return (FIRST + (k == OVERWRITE ? 0 : n - 1) * SLOT);
}

static void
fill(uint8_t *data, uint32_t n)
{
	for (size_t i = 0; i < DATA * WL_SECTOR; i++)
		data[i] = (uint8_t)(n * 37 + i * 11 + i / WL_SECTOR);
}

static uint64_t
sum(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325UL;

	while (n-- > 0)
		h = (h ^ *p++) * 0x100000001b3UL;
	return (h);
}

static void
make_log(enum kind k, uint32_t txns, const char *path)
{
	uint8_t slot[SLOT * WL_SECTOR];
	char promise[32];
	struct wl_writer *w;
	int error = wl_create(path, &w);

	for (uint32_t n = 1; n <= txns && error == 0; n++) {
		struct commit c = {MAGIC, n, 0};
		uint64_t at = place(k, n);

		memset(slot, 0, sizeof(slot));
		fill(slot, n);
		if (k == SOUND || k == NO_FLUSH || k == OVERWRITE)
			c.checksum = sum(slot, DATA * WL_SECTOR);
		memcpy(slot + DATA * WL_SECTOR, &c, sizeof(c));
		if (k == NO_CHECKSUM)
			error |= wl_write(w, at, slot, SLOT, 0);
		else {
			error |= wl_write(w, at, slot, DATA, 0);
			if (k != NO_BARRIER)
				error |= wl_flush(w);
			error |= wl_write(
			    w, at + DATA, slot + DATA * WL_SECTOR, 1, 0);
		}
		snprintf(promise, sizeof(promise), "done %u", n);
		if (k == NO_FLUSH)
			error |= wl_mark(w, promise);
		error |= wl_flush(w);
		if (k != NO_FLUSH)
			error |= wl_mark(w, promise);
	}
	if (error != 0 || wl_end(w) != 0) {
		fprintf(stderr, "toy: cannot write %s\n", path);
		exit(2);
	}
}

/* Is commit n there?  -1: its data is not what was committed. */
static int
commit_state(enum kind k, const uint8_t *disk, uint64_t bytes, uint32_t n)
{
	const uint8_t *slot = disk + place(k, n) * WL_SECTOR;
	uint8_t want[DATA * WL_SECTOR];
	struct commit c;

	if ((place(k, n) + SLOT) * WL_SECTOR > bytes)
		return (0);
	memcpy(&c, slot + DATA * WL_SECTOR, sizeof(c));
	if (c.magic != MAGIC || c.number != n)
		return (0);
	/* The store's own look: a commit that does not fit never happened. */
	if (c.checksum != 0 && c.checksum != sum(slot, sizeof(want)))
		return (0);
	/* Ours. */
	fill(want, n);
	return (memcmp(slot, want, sizeof(want)) == 0 ? 1 : -1);
}

/* The store after a crash, when this many were promised: is it right? */
static bool
right(enum kind k, const uint8_t *disk, uint64_t bytes, uint32_t promised)
{
	uint32_t n;
	int s = 0;

	if (k == OVERWRITE) {
		for (n = TXN_MAX; n > 0 && s == 0; n--)
			s = commit_state(k, disk, bytes, n);
		return (s >= 0 && n + (s != 0) >= promised);
	}
	for (n = 1; n <= TXN_MAX; n++)
		if ((s = commit_state(k, disk, bytes, n)) != 1)
			break;
	return (s != -1 && n - 1 >= promised);
}

struct all {
	enum kind kind;
	const struct writelog *log;
};

static int
check(const struct crash_state *cs, void *arg)
{
	const struct all *a = arg;
	uint32_t promised = 0;

	for (size_t i = 0; i < cs->cs_at; i++)
		promised += (a->log->wl_entries[i].we_flags & WL_MARK) != 0;
	return (!right(a->kind, cs->cs_disk, cs->cs_bytes, promised));
}

static int
each(enum kind k, const char *path)
{
	struct states_config sc = STATES_CONFIG;
	struct states_result sr;
	const char *why;
	struct writelog *wl = writelog_open(path, &why);
	struct all a = {k, wl};
	uint64_t bytes;
	uint8_t *zeros;
	int error;

	if (wl == NULL) {
		fprintf(stderr, "toy: %s: %s\n", path, why);
		return (2);
	}
	bytes = wl->wl_disk_sectors * WL_SECTOR;
	zeros = calloc(1, bytes);
	error = states_each(wl, zeros, bytes, &sc, check, &a, &sr);
	printf("%lu %lu\n", sr.sr_states, sr.sr_wrong);
	free(zeros);
	writelog_close(wl);
	return (error);
}

static int
check_image(enum kind k, const char *path)
{
	static uint8_t disk[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		perror(path);
		return (2);
	}
	n = fread(disk, 1, sizeof(disk), f);
	fclose(f);
	return (!right(k, disk, n, 0));
}

/* A line with the first byte of each sector; a zero is a full stop. */
static int
show(const char *image, const char *path)
{
	uint8_t sector[WL_SECTOR];
	FILE *in = fopen(image, "rb"), *out = fopen(path, "a");

	if (in == NULL || out == NULL)
		return (2);
	while (fread(sector, sizeof(sector), 1, in) == 1)
		fputc(sector[0] != 0 ? sector[0] : '.', out);
	fputc('\n', out);
	fclose(in);
	return (fclose(out) != 0);
}

int
main(int argc, char **argv)
{
	enum kind k = SOUND;

	if (argc == 4 && strcmp(argv[1], "show") == 0)
		return (show(argv[2], argv[3]));
	while (argc >= 4 && k < KINDS && strcmp(argv[2], names[k]) != 0)
		k++;
	if (argc == 5 && k < KINDS && strcmp(argv[1], "log") == 0) {
		make_log(k, (uint32_t)atoi(argv[3]), argv[4]);
		return (0);
	}
	if (argc == 4 && k < KINDS && strcmp(argv[1], "check") == 0)
		return (check_image(k, argv[3]));
	if (argc == 4 && k < KINDS && strcmp(argv[1], "each") == 0)
		return (each(k, argv[3]));
	fprintf(stderr, "usage: toy log|check|each|show ...\n");
	return (2);
}
