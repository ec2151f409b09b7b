/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states in which a crash may leave a disk.
 *
 * 1. The disk.  A write that is complete may still lie in the disk's cache.  A
 *    flush that is complete has put everything that was complete before it on
 *    the medium; so has FUA for its own write.  Until then a write is open: it is
 *    on the medium or not, and the disk may have written the open ones in any
 *    order.  A sector is written whole or not at all, a write of several maybe
 *    in part.
 * 2. The moments.  A crash may come after each entry of the log.  The states then
 *    are: what is durable, and of the open writes some set, each whole or torn.
 *    Open writes that do not overlap give the same disk in any order; of two
 *    that do, either may be the last.
 * 3. Which of them.  With n open writes there are 2^n sets.  Up to sc_exhaust
 *    writes all sets are made; above, every set with one missing, every one with
 *    one alone, and sc_samples by chance.  Moments within the same run of open
 *    writes have sets in common: a set is made at the first moment at which its
 *    last write is there, so it is looked at once.
 *    Torn: for each open write of several sectors, with all the others before it
 *    and with none: its first half, its first and its last sector alone, and a
 *    random set of sectors.
 *    Reordered: for each two open writes that overlap, the later one first.
 * 4. Two states that are equal byte for byte are one: the sectors that differ
 *    from what is durable are hashed (FNV-1a, 64 bits), and the hashes of one
 *    moment's run are kept.  Sets at different runs are not compared.
 * 5. Marks.  A mark says what the program above was promised ("commit 7 is done"),
 *    so the same disk after it may be wrong where it was right before: all sets
 *    are made again, also those without the last write.
 * 6. Cost.  The disk is one buffer; making a state writes its open sectors and
 *    undoing it puts those of the durable image back: no copies of the disk.  So
 *    a check may not write to it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "states.h"

#define OPEN_MAX                                                               \
	4096 /* open writes at once; more: the oldest count as durable */
#define TEXT_MAX    512
#define SEEN_BITS   16
#define EXHAUST_MAX 20 /* a million sets at each moment */

/* A write that is not durable yet. */
struct part {
	const struct wl_entry *entry;
	size_t index; /* in the log */
};

struct run {
	const struct writelog *wl;
	const struct states_config *sc;
	int (*check)(const struct crash_state *cs, void *arg);
	void *arg;
	struct states_result *sr;
	uint8_t *durable, *disk; /* what is on the medium; the state's buffer */
	uint64_t bytes;
	struct part open[OPEN_MAX];
	size_t nopen;
	size_t at; /* entries issued */
	uint64_t number;
	uint64_t random;
	uint64_t *seen; /* hashes of this run of open writes, a table */
	size_t nseen, seen_size;
	char text[TEXT_MAX];
	bool stopped;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
draw(struct run *r)
{
	uint64_t x = r->random += 0x9e3779b97f4a7c15UL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebUL;
	return (x ^ (x >> 31));
}

/* --- sets of sectors -------------------------------------------------------------------- */

/* Put sectors [from, to) of a write on a disk. */
static void
put_sectors(
    uint8_t *disk, const struct wl_entry *we, uint64_t from, uint64_t to)
{
	uint64_t off = (we->we_sector + from) * WL_SECTOR;

	if (we->we_data != NULL)
		memcpy(disk + off, we->we_data + from * WL_SECTOR,
		    (to - from) * WL_SECTOR);
	else
		memset(disk + off, 0, (to - from) * WL_SECTOR);
}

static void
put_whole(uint8_t *disk, const struct wl_entry *we)
{
	put_sectors(disk, we, 0, we->we_nsectors);
}

/* Back to what is durable, where the open writes are. */
static void
undo(struct run *r)
{
	for (size_t i = 0; i < r->nopen; i++) {
		const struct wl_entry *we = r->open[i].entry;
		uint64_t off = we->we_sector * WL_SECTOR;

		memcpy(r->disk + off, r->durable + off,
		    we->we_nsectors * WL_SECTOR);
	}
}

static uint64_t
hash_state(const struct run *r)
{
	uint64_t h = 0xcbf29ce484222325UL;

	for (size_t i = 0; i < r->nopen; i++) {
		const struct wl_entry *we = r->open[i].entry;
		const uint64_t *p =
		    (const void *)(r->disk + we->we_sector * WL_SECTOR);

		for (uint64_t n = we->we_nsectors * WL_SECTOR / 8; n > 0; n--)
			h = (h ^ *p++) * 0x100000001b3UL;
	}
	return (h | 1); /* 0 is an empty place */
}

static int
seen_grow(struct run *r)
{
	size_t size = r->seen_size != 0 ? r->seen_size * 2 : 1U << SEEN_BITS;
	uint64_t *table = calloc(size, sizeof(*table));

	if (table == NULL)
		return (ENOMEM);
	for (size_t i = 0; i < r->seen_size; i++) {
		size_t j = r->seen[i] % size;

		if (r->seen[i] == 0)
			continue;
		while (table[j] != 0)
			j = (j + 1) % size;
		table[j] = r->seen[i];
	}
	free(r->seen);
	r->seen = table;
	r->seen_size = size;
	return (0);
}

/* 1: new, 0: seen before, or -1 without memory. */
static int
seen_add(struct run *r, uint64_t h)
{
	size_t i;

	if (2 * r->nseen >= r->seen_size && seen_grow(r) != 0)
		return (-1);
	for (i = h % r->seen_size; r->seen[i] != 0; i = (i + 1) % r->seen_size)
		if (r->seen[i] == h)
			return (0);
	r->seen[i] = h;
	r->nseen++;
	return (1);
}

static void
seen_forget(struct run *r)
{
	if (r->nseen != 0)
		memset(r->seen, 0, r->seen_size * sizeof(*r->seen));
	r->nseen = 0;
}

/* --- one state ------------------------------------------------------------------------------ */

/* r->disk is made and r->text says how: look at it.  0 or ENOMEM. */
static int
look(struct run *r)
{
	struct crash_state cs = {r->number, r->at, r->text, r->disk, r->bytes};
	int fresh = seen_add(r, hash_state(r)), wrong;

	if (fresh < 0)
		return (ENOMEM);
	if (fresh == 0) {
		r->sr->sr_same++;
		return (0);
	}
	if (r->sc->sc_max != 0 && r->sr->sr_states == r->sc->sc_max) {
		r->sr->sr_limited = r->stopped = true;
		return (0);
	}
	r->number++;
	r->sr->sr_states++;
	wrong = r->check(&cs, r->arg);
	if (wrong > 0)
		r->sr->sr_wrong++;
	if (wrong < 0)
		r->stopped = true;
	return (0);
}

static size_t say(struct run *r, size_t used, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static size_t
say(struct run *r, size_t used, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (used >= sizeof(r->text))
		return (used);
	va_start(ap, fmt);
	n = vsnprintf(r->text + used, sizeof(r->text) - used, fmt, ap);
	va_end(ap);
	return (n > 0 ? used + (size_t)n : used);
}

static size_t
say_head(struct run *r)
{
	size_t used = say(r, 0, "after entry %zu", r->at);

	if (r->nopen != 0)
		used = say(r, used, "; of %zu..%zu", r->open[0].index + 1,
		    r->open[r->nopen - 1].index + 1);
	return (used);
}

/* The open writes of the set, in order. */
static int
look_at_set(struct run *r, const uint8_t *in)
{
	size_t used = say_head(r), n = 0;

	for (size_t i = 0; i < r->nopen; i++)
		if (in[i]) {
			put_whole(r->disk, r->open[i].entry);
			used = say(r, used, n++ == 0 ? " only %zu" : ", %zu",
			    r->open[i].index + 1);
		}
	if (n == 0)
		say(r, used, " none");
	else if (n == r->nopen) {
		used = say_head(r);
		say(r, used, " all");
	}
	n = (size_t)look(r);
	undo(r);
	return ((int)n);
}

/* --- the states of a moment --------------------------------------------------------------------- */

/* Sets of the open writes: all, or those with the last one in it. */
static int
subsets(struct run *r, bool all)
{
	uint8_t in[OPEN_MAX];
	size_t n = r->nopen, free_ones = all ? n : n - 1;
	int error = 0;

	in[n - 1] = 1;
	if (n <= r->sc->sc_exhaust) {
		for (uint64_t set = 0;
		     set < 1ULL << free_ones && error == 0 && !r->stopped;
		     set++) {
			for (size_t i = 0; i < free_ones; i++)
				in[i] = set >> i & 1;
			error = look_at_set(r, in);
		}
		return (error);
	}
	for (size_t i = 0; i < n && error == 0 && !r->stopped; i++) {
		memset(in, 0, n);
		in[all ? i : n - 1] = 1;
		error = look_at_set(r, in);
		memset(in, 1, n);
		if (i < free_ones && error == 0 && !r->stopped) {
			in[i] = 0;
			error = look_at_set(r, in);
		}
	}
	if (all && error == 0 && !r->stopped) {
		memset(in, 0, n);
		error = look_at_set(r, in);
	}
	for (unsigned k = 0; k < r->sc->sc_samples && error == 0 && !r->stopped;
	     k++) {
		in[n - 1] = 1;
		for (size_t i = 0; i < free_ones; i++)
			in[i] = draw(r) >> 40 & 1;
		error = look_at_set(r, in);
	}
	return (error);
}

/* The last write in part, on top of all the open ones before it or of none. */
static int
torn_state(struct run *r, bool others, const char *how, const uint8_t *units,
    uint64_t nunits)
{
	const struct part *last = &r->open[r->nopen - 1];
	const struct wl_entry *we = last->entry;
	uint64_t unit = r->sc->sc_torn_unit, have = 0, end;
	int error;

	if (others)
		for (size_t i = 0; i + 1 < r->nopen; i++)
			put_whole(r->disk, r->open[i].entry);
	for (uint64_t u = 0; u < nunits; u++)
		if (units[u]) {
			end = (u + 1) * unit;
			put_sectors(r->disk, we, u * unit,
			    end < we->we_nsectors ? end : we->we_nsectors);
			have++;
		}
	say(r, say_head(r), " %s %zu, of it %s (%llu of %llu sectors)",
	    others ? "all before and" : "only", last->index + 1, how,
	    (unsigned long long)(have * unit),
	    (unsigned long long)we->we_nsectors);
	error = look(r);
	undo(r);
	return (error);
}

static int
torn(struct run *r)
{
	static const char *const how[] = {"the first half", "the first",
	    "the last", "all but the first", "some"};
	const struct wl_entry *we = r->open[r->nopen - 1].entry;
	uint64_t n =
	    (we->we_nsectors + r->sc->sc_torn_unit - 1) / r->sc->sc_torn_unit;
	uint8_t *units;
	int error = 0;

	if (n < 2)
		return (0);
	if ((units = malloc(n)) == NULL)
		return (ENOMEM);
	for (int k = 0; k < 10 && error == 0 && !r->stopped; k++) {
		for (uint64_t u = 0; u < n; u++)
			switch (k / 2) {
			case 0:
				units[u] = u < n / 2;
				break;
			case 1:
				units[u] = u == 0;
				break;
			case 2:
				units[u] = u == n - 1;
				break;
			case 3:
				units[u] = u != 0;
				break;
			default:
				units[u] = draw(r) >> 40 & 1;
				break;
			}
		error = torn_state(r, k % 2 == 0, how[k / 2], units, n);
	}
	free(units);
	return (error);
}

static bool
overlap(const struct wl_entry *a, const struct wl_entry *b)
{
	return (a->we_sector < b->we_sector + b->we_nsectors &&
	    b->we_sector < a->we_sector + a->we_nsectors);
}

/* The last write went before an earlier one that overlaps it. */
static int
reordered(struct run *r)
{
	const struct part *last = &r->open[r->nopen - 1];
	int error = 0;

	for (size_t i = 0; i + 1 < r->nopen && error == 0 && !r->stopped; i++) {
		if (!overlap(r->open[i].entry, last->entry))
			continue;
		for (size_t j = 0; j + 1 < r->nopen; j++)
			put_whole(r->disk, r->open[j].entry);
		put_whole(r->disk, last->entry);
		put_whole(r->disk, r->open[i].entry);
		say(r, say_head(r), " all, %zu after %zu", r->open[i].index + 1,
		    last->index + 1);
		error = look(r);
		undo(r);
	}
	return (error);
}

/* A crash now; promised: a mark came last. */
static int
moment(struct run *r, bool promised)
{
	uint8_t in[OPEN_MAX];
	unsigned kinds = r->sc->sc_kinds;
	int error = 0;

	memset(in, 1, r->nopen);
	if ((kinds & STATES_PREFIX) != 0)
		error = look_at_set(r, in);
	if (r->nopen == 0)
		return (error);
	if (error == 0 && !r->stopped && (kinds & STATES_SUBSET) != 0)
		error = subsets(r, promised);
	if (error == 0 && !r->stopped && (kinds & STATES_TORN) != 0)
		error = torn(r);
	if (error == 0 && !r->stopped && (kinds & STATES_REORDER) != 0)
		error = reordered(r);
	return (error);
}

/* --- through the log ------------------------------------------------------------------------------- */

/* The first n open writes are on the medium. */
static void
settle(struct run *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_whole(r->durable, r->open[i].entry);
		put_whole(r->disk, r->open[i].entry);
	}
	memmove(r->open, r->open + n, (r->nopen - n) * sizeof(r->open[0]));
	r->nopen -= n;
	seen_forget(r);
	/* What is still open may lie below: the medium has the older ones. */
	undo(r);
}

static int
step(struct run *r, size_t index)
{
	const struct wl_entry *we = &r->wl->wl_entries[index];
	int error = 0;

	r->at = index + 1;
	if ((we->we_flags & WL_FLUSH) != 0)
		settle(r, r->nopen);
	if ((we->we_flags & WL_MARK) != 0)
		seen_forget(r);
	if ((we->we_flags & WL_MARK) != 0 || we->we_nsectors == 0)
		return (moment(r, (we->we_flags & WL_MARK) != 0));
	if (r->nopen == OPEN_MAX)
		settle(r, OPEN_MAX / 2);
	r->open[r->nopen++] = (struct part){we, index};
	error = moment(r, false);
	/* FUA: complete now, and so on the medium; the others stay open. */
	if ((we->we_flags & WL_FUA) != 0) {
		r->nopen--;
		put_whole(r->durable, we);
		put_whole(r->disk, we);
		seen_forget(r);
		if (error == 0 && !r->stopped)
			error = moment(r, false);
	}
	return (error);
}

int
states_each(const struct writelog *wl, const uint8_t *base, uint64_t bytes,
    const struct states_config *sc,
    int (*check)(const struct crash_state *cs, void *arg), void *arg,
    struct states_result *sr)
{
	struct run *r;
	int error;

	memset(sr, 0, sizeof(*sr));
	if (wl->wl_disk_sectors > bytes / WL_SECTOR || sc->sc_torn_unit == 0 ||
	    sc->sc_exhaust > EXHAUST_MAX)
		return (EINVAL);
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (ENOMEM);
	*r = (struct run){.wl = wl,
	    .sc = sc,
	    .check = check,
	    .arg = arg,
	    .sr = sr,
	    .bytes = bytes,
	    .random = sc->sc_seed};
	r->durable = malloc(bytes);
	r->disk = malloc(bytes);
	error = r->durable != NULL && r->disk != NULL ? 0 : ENOMEM;
	if (error == 0) {
		memcpy(r->durable, base, bytes);
		memcpy(r->disk, base, bytes);
		error = moment(r, false); /* before the first write */
	}
	for (size_t i = 0; i < wl->wl_count && error == 0 && !r->stopped; i++)
		error = step(r, i);
	free(r->durable);
	free(r->disk);
	free(r->seen);
	free(r);
	return (error);
}
