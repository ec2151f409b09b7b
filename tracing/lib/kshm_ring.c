/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects and rings: copies that are whole, or counted as lost.
 *
 * The reader's rule for record n of a ring, by the sequence before (s1) and
 * after (s2) the copy:
 *	s1 == s2 == 2 * (n + 1)	it is whole
 *	s1 or s2 greater	lapped: lost
 *	less, or odd for n	being written: look again later
 * and before that, by the head: n + entries < head - it was overwritten, or is
 * at this moment; go on at three quarters of a ring behind the head, so as not
 * to be lapped at once again.  n at or above kr_limit was never stored.
 *
 * "Later" is bounded: a record that is not whole while the writer is GIVE_UP
 * records ahead, or a look at a kernel that has ended, is lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "kshm_var.h"

#define SEQLOCK_TRIES 10000
#define GIVE_UP	      64 /* records: more than interrupts can write */
#define BATCH	      256

/* --- objects ---------------------------------------------------------------------- */

size_t
kshm_objects(const struct kshm *k)
{
	const struct kshm_header *kh = kshm_header(k);
	size_t n = load_acq(&kh->kh_nobjects);

	return (n > 0 &&
		    kshm_row(k, kh->kh_directory, n - 1, kh->kh_object_bytes,
			sizeof(struct kshm_object)) != NULL
		? n
		: 0);
}

const struct kshm_object *
kshm_object(const struct kshm *k, size_t i)
{
	const struct kshm_header *kh = kshm_header(k);

	if (i >= kshm_objects(k))
		return (NULL);
	return (kshm_row(k, kh->kh_directory, i, kh->kh_object_bytes,
	    sizeof(struct kshm_object)));
}

const struct kshm_object *
kshm_find(const struct kshm *k, const char *path)
{
	for (size_t i = 0; i < kshm_objects(k); i++) {
		const struct kshm_object *ko = kshm_object(k, i);

		if (strncmp(ko->ko_path, path, sizeof(ko->ko_path)) == 0)
			return (ko);
	}
	return (NULL);
}

/* Word by word: each is read at once, as its writer stores it. */
static void
copy_words(void *to, const void *from, size_t bytes)
{
	const volatile uint64_t *f = from;
	uint64_t *t = to;
	size_t i = 0;

	if ((uintptr_t)from % 8 == 0)
		for (; i < bytes / 8; i++)
			t[i] = f[i];
	for (i *= 8; i < bytes; i++)
		((uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}

int
kshm_read(
    const struct kshm *k, const struct kshm_object *ko, uint32_t i, void *buf)
{
	const uint8_t *p = NULL;
	const uint32_t *seqp;
	uint64_t at;
	uint32_t seq;

	if (i < ko->ko_count && !__builtin_mul_overflow(i, ko->ko_size, &at) &&
	    !__builtin_add_overflow(at, ko->ko_offset, &at))
		p = kshm_at(k, at, ko->ko_size);
	if (p == NULL)
		return (kshm_fail(EINVAL, "no element %u", i));
	if (ko->ko_class != KSHM_SEQLOCK ||
	    ko->ko_seq + sizeof(*seqp) > ko->ko_size) {
		copy_words(buf, p, ko->ko_size);
		return (0);
	}
	seqp = (const uint32_t *)(p + ko->ko_seq);
	if ((uintptr_t)seqp % sizeof(*seqp) != 0)
		return (kshm_fail(EINVAL, "%s is damaged", ko->ko_path));
	for (int n = 0; n < SEQLOCK_TRIES; n++) {
		seq = load_acq(seqp);
		copy_words(buf, p, ko->ko_size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((seq & 1) == 0 && load_acq(seqp) == seq)
			return (0);
	}
	return (kshm_fail(EAGAIN, "%s changes all the time", ko->ko_path));
}

/* --- a ring ------------------------------------------------------------------------- */

struct view {
	const struct kshm_ring *ring;
	const struct kshm_record *records;
	uint64_t entries;
};

/* The ring of an object, checked: a damaged segment must not take us along. */
static bool
view(const struct kshm *k, const struct kshm_object *ko, struct view *v)
{
	v->ring =
	    kshm_row(k, ko->ko_offset, 0, sizeof(*v->ring), sizeof(*v->ring));
	if (v->ring == NULL ||
	    v->ring->kr_record_bytes != sizeof(struct kshm_record))
		return (false);
	v->entries = v->ring->kr_entries;
	if (v->entries == 0 || (v->entries & (v->entries - 1)) != 0)
		return (false);
	v->records = kshm_row(k, v->ring->kr_records, 0,
	    sizeof(struct kshm_record), sizeof(struct kshm_record));
	return (v->records != NULL &&
	    kshm_row(k, v->ring->kr_records, v->entries - 1,
		sizeof(struct kshm_record),
		sizeof(struct kshm_record)) != NULL);
}

size_t
kshm_rings(const struct kshm *k, const struct kshm_object **objects, size_t max)
{
	size_t n = 0;
	struct view v;

	for (size_t i = 0; i < kshm_objects(k); i++) {
		const struct kshm_object *ko = kshm_object(k, i);

		if (ko->ko_class != KSHM_RING || !view(k, ko, &v))
			continue;
		if (n < max)
			objects[n] = ko;
		n++;
	}
	return (n);
}

uint64_t
kshm_ring_head(const struct kshm *k, const struct kshm_object *ring)
{
	struct view v;

	return (view(k, ring, &v) ? load_acq(&v.ring->kr_head) : 0);
}

void
kshm_reader_init(const struct kshm *k, struct kshm_reader *kd,
    const struct kshm_object *ring, bool at_end)
{
	struct view v;
	uint64_t head, stored;

	memset(kd, 0, sizeof(*kd));
	kd->kd_object = ring;
	if (!view(k, ring, &v))
		return;
	head = load_acq(&v.ring->kr_head);
	if (at_end) {
		kd->kd_next = kd->kd_seen = head;
		return;
	}
	stored = load_acq(&v.ring->kr_limit);
	if (stored > head)
		stored = head;
	if (stored > v.entries)
		kd->kd_next = kd->kd_lost = stored - v.entries;
}

enum look {
	WHOLE,
	LOST,
	UNFINISHED
};

static enum look
look(const struct view *v, struct kshm_reader *kd, struct kshm_record *to)
{
	uint64_t n = kd->kd_next, want = 2 * (n + 1), s1, s2;
	const struct kshm_record *kr = &v->records[n & (v->entries - 1)];

	s1 = load_acq(&kr->kr_seq);
	if (s1 != want)
		return (s1 > want ? LOST : UNFINISHED);
	copy_words(to, kr, sizeof(*to));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	s2 = load_acq(&kr->kr_seq);
	if (s2 == want)
		return (WHOLE);
	kd->kd_retries++;
	return (LOST);
}

static void
lose(struct kshm_reader *kd, uint64_t to)
{
	kd->kd_lost += to - kd->kd_next;
	kd->kd_next = to;
}

static size_t
read_some(const struct kshm *k, struct kshm_reader *kd,
    struct kshm_record *records, size_t max, bool end)
{
	uint64_t head, limit;
	struct view v;
	size_t n = 0;

	if (!view(k, kd->kd_object, &v))
		return (0);
	while (n < max) {
		head = load_acq(&v.ring->kr_head);
		limit = load_acq(&v.ring->kr_limit);
		if (kd->kd_next >= head)
			break;
		if (kd->kd_next >= limit) { /* given out, never stored */
			lose(kd, head);
			break;
		}
		if (limit > head)
			limit = head;
		if (limit - kd->kd_next > v.entries)
			lose(kd,
			    end ? limit - v.entries
				: limit - v.entries + v.entries / 4);
		switch (look(&v, kd, &records[n])) {
		case WHOLE:
			n++;
			kd->kd_seen++;
			kd->kd_next++;
			break;
		case LOST:
			lose(kd, kd->kd_next + 1);
			break;
		case UNFINISHED:
			if (!end && head - kd->kd_next <= GIVE_UP) {
				kd->kd_waiting++;
				return (n);
			}
			lose(kd, kd->kd_next + 1);
			break;
		}
	}
	return (n);
}

size_t
kshm_reader_read(const struct kshm *k, struct kshm_reader *kd,
    struct kshm_record *records, size_t max)
{
	return (read_some(k, kd, records, max, false));
}

size_t
kshm_reader_end(const struct kshm *k, struct kshm_reader *kd,
    struct kshm_record *records, size_t max)
{
	return (read_some(k, kd, records, max, true));
}

/* --- all rings by time -------------------------------------------------------------- */

struct source {
	struct kshm_reader reader;
	uint32_t cpu;
	struct kshm_record batch[BATCH];
	size_t at, n;
};

struct kshm_merge {
	struct kshm *k;
	uint64_t calls;
	size_t nsources;
	struct source **sources;
};

/* The kernel may have made more rings. */
static void
more_sources(struct kshm_merge *km, bool at_end)
{
	const struct kshm_object *objects[256];
	size_t n;
	struct view v;

	if (kshm_refresh(km->k) != 0)
		return;
	n = kshm_rings(km->k, objects, 256);
	for (; km->nsources < n && km->nsources < 256; km->nsources++) {
		struct source *s = calloc(1, sizeof(*s)), **list;

		list = realloc(
		    km->sources, (km->nsources + 1) * sizeof(*km->sources));
		if (list != NULL)
			km->sources = list;
		if (s == NULL || list == NULL) {
			free(s);
			return;
		}
		(void)view(km->k, objects[km->nsources], &v);
		s->cpu = v.ring->kr_cpu;
		kshm_reader_init(
		    km->k, &s->reader, objects[km->nsources], at_end);
		km->sources[km->nsources] = s;
	}
}

struct kshm_merge *
kshm_merge_new(struct kshm *k, bool at_end)
{
	struct kshm_merge *km = calloc(1, sizeof(*km));

	if (km == NULL)
		return (NULL);
	km->k = k;
	more_sources(km, at_end);
	return (km);
}

void
kshm_merge_free(struct kshm_merge *km)
{
	if (km == NULL)
		return;
	for (size_t i = 0; i < km->nsources; i++)
		free(km->sources[i]);
	free(km->sources);
	free(km);
}

bool
kshm_merge_next(struct kshm_merge *km, struct kshm_record *kr, uint32_t *cpu,
    int64_t hold_ns, bool final)
{
	struct source *best = NULL;
	bool all = true;

	if (km->calls++ % BATCH == 0)
		more_sources(km, false);
	for (size_t i = 0; i < km->nsources; i++) {
		struct source *s = km->sources[i];

		if (s->at == s->n) {
			s->at = 0;
			s->n = read_some(
			    km->k, &s->reader, s->batch, BATCH, final);
		}
		if (s->at == s->n)
			all = false;
		else if (best == NULL ||
		    s->batch[s->at].kr_time < best->batch[best->at].kr_time)
			best = s;
	}
	if (best == NULL) {
		if (!final)
			more_sources(km, false);
		return (false);
	}
	/*
	 * A ring that is empty now may get an older record, for a moment; and
	 * while the kernel boots there may be one that we do not know yet.
	 */
	if (!final && !all && hold_ns > 0) {
		struct timespec ts = {0, hold_ns};

		nanosleep(&ts, NULL);
		more_sources(km, false);
		return (kshm_merge_next(km, kr, cpu, 0, false));
	}
	*kr = best->batch[best->at++];
	*cpu = best->cpu;
	return (true);
}

void
kshm_merge_counts(const struct kshm_merge *km, uint64_t *seen, uint64_t *lost)
{
	*seen = *lost = 0;
	for (size_t i = 0; i < km->nsources; i++) {
		*seen += km->sources[i]->reader.kd_seen;
		*lost += km->sources[i]->reader.kd_lost;
	}
}
