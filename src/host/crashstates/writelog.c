/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs of writes: reading and writing them (writelog.h). */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "writelog.h"

#define SECTORS_MAX (1ULL << 50) /* an exabyte: beyond all disks */

struct super {
	uint64_t magic, version, nr_entries;
	uint32_t sector_bytes;
} __attribute__((packed));

struct head {
	uint64_t sector, nr_sectors, flags, data_bytes;
} __attribute__((packed));

/* --- reading ------------------------------------------------------------------------ */

static bool
power_of_2(uint64_t n)
{
	return (n != 0 && (n & (n - 1)) == 0);
}

/* The entry at off; *nextp is where the next one is.  NULL or what is wrong. */
static const char *
take(struct writelog *wl, uint64_t off, uint64_t unit, uint64_t *nextp,
    struct wl_entry *we)
{
	const struct head *h;
	uint64_t data, bytes;

	if (off + unit > wl->wl_map_bytes) {
		wl->wl_cut = true;
		return (NULL);
	}
	h = (const void *)((const uint8_t *)wl->wl_map + off);
	we->we_sector = le64toh(h->sector);
	we->we_nsectors = le64toh(h->nr_sectors);
	we->we_flags = le64toh(h->flags);
	data = le64toh(h->data_bytes);
	if (we->we_sector > SECTORS_MAX || we->we_nsectors > SECTORS_MAX)
		return ("an entry lies beyond every disk");
	bytes = (we->we_flags & (WL_DISCARD | WL_MARK)) != 0
	    ? data
	    : we->we_nsectors * WL_SECTOR;
	if (data > wl->wl_map_bytes)
		return ("an entry has more data than the file");
	if ((we->we_flags & WL_MARK) != 0) {
		/* dm-log-writes puts the name behind the head, in its sector. */
		if (data > unit - sizeof(*h))
			return ("a mark is longer than a sector");
		we->we_data = (const uint8_t *)(h + 1);
		we->we_bytes = data;
		*nextp = off + unit;
		return (NULL);
	}
	if ((we->we_flags & WL_DISCARD) != 0)
		bytes = 0;
	we->we_bytes = bytes;
	we->we_data = NULL;
	*nextp = off + unit + (bytes + unit - 1) / unit * unit;
	if (*nextp > wl->wl_map_bytes) {
		wl->wl_cut = true;
		return (NULL);
	}
	if (bytes != 0)
		we->we_data = (const uint8_t *)h + unit;
	if (we->we_sector + we->we_nsectors > wl->wl_disk_sectors)
		wl->wl_disk_sectors = we->we_sector + we->we_nsectors;
	return (NULL);
}

static const char *
take_all(struct writelog *wl)
{
	const struct super *s = wl->wl_map;
	uint64_t unit, off, count;
	const char *why;

	if (wl->wl_map_bytes < sizeof(*s) || le64toh(s->magic) != WL_MAGIC)
		return ("no log of writes");
	if (le64toh(s->version) != WL_VERSION)
		return ("a version that is not known");
	unit = le32toh(s->sector_bytes);
	count = le64toh(s->nr_entries);
	if (!power_of_2(unit) || unit < WL_SECTOR || unit > 65536)
		return ("a sector size that makes no sense");
	if (count > wl->wl_map_bytes / unit)
		wl->wl_cut = true;
	wl->wl_entries =
	    calloc(wl->wl_map_bytes / unit + 1, sizeof(*wl->wl_entries));
	if (wl->wl_entries == NULL)
		return ("no memory");
	for (off = unit; wl->wl_count < count; wl->wl_count++) {
		why = take(wl, off, unit, &off, &wl->wl_entries[wl->wl_count]);
		if (why != NULL || wl->wl_cut)
			return (why);
	}
	return (NULL);
}

struct writelog *
writelog_open(const char *path, const char **whyp)
{
	struct writelog *wl = calloc(1, sizeof(*wl));
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*whyp = NULL;
	if (wl == NULL || fd < 0 || fstat(fd, &st) != 0)
		*whyp = strerror(errno);
	else if (!S_ISREG(st.st_mode) || st.st_size == 0)
		*whyp = "no log of writes";
	else {
		wl->wl_map_bytes = (size_t)st.st_size;
		wl->wl_map =
		    mmap(NULL, wl->wl_map_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
		if (wl->wl_map == MAP_FAILED) {
			wl->wl_map = NULL;
			*whyp = strerror(errno);
		} else
			*whyp = take_all(wl);
	}
	if (fd >= 0)
		close(fd);
	if (*whyp == NULL)
		return (wl);
	if (wl != NULL)
		writelog_close(wl);
	return (NULL);
}

void
writelog_close(struct writelog *wl)
{
	if (wl->wl_map != NULL)
		munmap(wl->wl_map, wl->wl_map_bytes);
	free(wl->wl_entries);
	free(wl);
}

/* --- writing -------------------------------------------------------------------------- */

struct wl_writer {
	FILE *file;
	uint64_t count;
};

static int
put_super(struct wl_writer *w)
{
	uint8_t sector[WL_SECTOR] = {0};
	struct super s = {htole64(WL_MAGIC), htole64(WL_VERSION),
	    htole64(w->count), htole32(WL_SECTOR)};

	memcpy(sector, &s, sizeof(s));
	if (fseek(w->file, 0, SEEK_SET) != 0 ||
	    fwrite(sector, sizeof(sector), 1, w->file) != 1 ||
	    fseek(w->file, 0, SEEK_END) != 0)
		return (errno != 0 ? errno : EIO);
	return (0);
}

int
wl_create(const char *path, struct wl_writer **wp)
{
	struct wl_writer *w = calloc(1, sizeof(*w));
	int error;

	if (w == NULL)
		return (ENOMEM);
	if ((w->file = fopen(path, "wbe")) == NULL) {
		error = errno;
		free(w);
		return (error);
	}
	*wp = w;
	return (put_super(w));
}

static int
put(struct wl_writer *w, const struct head *h, const void *tail,
    size_t tail_bytes, const void *data, size_t data_bytes)
{
	uint8_t sector[WL_SECTOR] = {0};

	memcpy(sector, h, sizeof(*h));
	memcpy(sector + sizeof(*h), tail, tail_bytes);
	if (fwrite(sector, sizeof(sector), 1, w->file) != 1 ||
	    (data_bytes != 0 && fwrite(data, data_bytes, 1, w->file) != 1))
		return (errno != 0 ? errno : EIO);
	w->count++;
	return (0);
}

int
wl_write(struct wl_writer *w, uint64_t sector, const void *data,
    uint64_t nsectors, uint64_t flags)
{
	size_t bytes =
	    (flags & WL_DISCARD) != 0 ? 0 : (size_t)nsectors * WL_SECTOR;
	struct head h = {
	    htole64(sector), htole64(nsectors), htole64(flags), htole64(bytes)};

	return (put(w, &h, "", 0, data, bytes));
}

int
wl_flush(struct wl_writer *w)
{
	struct head h = {0, 0, htole64(WL_FLUSH), 0};

	return (put(w, &h, "", 0, NULL, 0));
}

int
wl_mark(struct wl_writer *w, const char *name)
{
	size_t n = strlen(name);
	struct head h = {0, 0, htole64(WL_MARK), htole64(n)};

	if (n > WL_SECTOR - sizeof(h))
		return (ENAMETOOLONG);
	return (put(w, &h, name, n, NULL, 0));
}

int
wl_end(struct wl_writer *w)
{
	int error = put_super(w);

	if (fclose(w->file) != 0 && error == 0)
		error = errno;
	free(w);
	return (error);
}
