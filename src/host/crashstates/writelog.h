/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log of what was written to a disk, in the format of Linux's dm-log-writes
 * (Documentation/admin-guide/device-mapper/log-writes.rst), which QEMU's block
 * driver blklogwrites writes, too.
 *
 * A sector of the log's sector size with the super block; then, for each entry, a
 * sector with its head and as many sectors of data as it says, rounded up.  All
 * numbers are little endian.
 */
#ifndef WRITELOG_H
#define WRITELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WL_SECTOR   512 /* what entries count in, always */
#define WL_MAGIC    0x6a736677736872ULL
#define WL_VERSION  1
#define WL_FLUSH    0x1 /* what was complete before is on the disk after it */
#define WL_FUA	    0x2 /* this write is on the disk when it is complete */
#define WL_DISCARD  0x4 /* no data: zeros */
#define WL_MARK	    0x8 /* no write: a name in place of the data */
#define WL_METADATA 0x10

struct wl_entry {
	uint64_t we_sector, we_nsectors;
	uint64_t we_flags;
	uint64_t we_bytes;	/* of data in the log */
	const uint8_t *we_data; /* in the mapping; NULL: none */
};

struct writelog {
	struct wl_entry *wl_entries;
	size_t wl_count;
	uint64_t wl_disk_sectors; /* one more than the last that is written */
	void *wl_map;
	size_t wl_map_bytes;
	bool wl_cut; /* the file ends before its super block says */
};

/*
 * Map a log.  NULL, and *whyp says what is wrong: no log, another version, an
 * entry that is cut short or beyond all disks.  A log that was cut off between
 * entries (its writer died) is read as far as it goes, and wl_cut is set.
 */
struct writelog *writelog_open(const char *path, const char **whyp);
void writelog_close(struct writelog *wl);

/* Writing one: each returns 0 or an errno. */
struct wl_writer;
int wl_create(const char *path, struct wl_writer **wp);
int wl_write(struct wl_writer *w, uint64_t sector, const void *data,
    uint64_t nsectors, uint64_t flags);
int wl_flush(struct wl_writer *w);
int wl_mark(struct wl_writer *w, const char *name); /* below 512 bytes */
int wl_end(struct wl_writer *w);

#endif
