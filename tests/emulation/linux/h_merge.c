/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings that become one: what /proc/self/maps shows after changes that were
 * taken back, of new mappings beside old ones, and what mremap takes as one.
 *
 * Each case works inside a reserved room without rights, which lets it know its
 * neighbours.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define PAGE 4096
#define ROOM 64 /* pages of the room; cases use it from page 16 on */
#define RW   (PROT_READ | PROT_WRITE)

static char *room;

/* A room without rights, and in it n pages of memory. */
static char *
memory(size_t n)
{
	char *p;

	room = mmap(
	    NULL, ROOM * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(room != MAP_FAILED);
	p = room + 16 * PAGE;
	EQ(mmap(
	       p, n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
	    p);
	return (p);
}

static char *
put(char *at, size_t n, int prot)
{
	return (mmap(at, n * PAGE, prot,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static void
touch(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i * PAGE] = (char)('a' + i % 26);
}

/*
 * The lines of the maps file between from and to, as "0-2 rw, 2-3 r-", in pages
 * from p; those without rights are left out.
 */
static const char *
lines_between(const char *p, uintptr_t from, uintptr_t to)
{
	static char out[2048];
	unsigned long start, end;
	char line[512], perm[8];
	size_t used = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	out[0] = '\0';
	CHECK(f != NULL);
	if (f == NULL)
		return (out);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perm) != 3 ||
		    start < from || end > to || strncmp(perm, "---", 3) == 0)
			continue;
		used += (size_t)snprintf(out + used, sizeof(out) - used,
		    "%s%ld-%ld %.2s", used > 0 ? ", " : "",
		    ((long)start - (long)p) / PAGE,
		    ((long)end - (long)p) / PAGE, perm);
		if (used >= sizeof(out))
			break;
	}
	fclose(f);
	return (out);
}

static const char *
lines(const char *p)
{
	uintptr_t from = (uintptr_t)room;

	return (lines_between(p, from, from + ROOM * PAGE));
}

#define LINES(p, want)                                                         \
	do {                                                                   \
		const char *_is = lines(p);                                    \
		if (strcmp(_is, want) != 0)                                    \
			FAIL("lines \"%s\", not \"%s\"", _is, want);           \
	} while (0)

static void
holds(const char *p, size_t n, char first)
{
	for (size_t i = 0; i < n; i++)
		EQ(p[i * PAGE], first + (char)i);
}

GTEST(protect_back, "is memory one mapping again when a protection is undone?")
{
	char *p = memory(6);

	touch(p, 6);
	LINES(p, "0-6 rw");
	EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
	LINES(p, "0-1 rw, 1-2 r-, 2-6 rw");
	EQ(mprotect(p + 2 * PAGE, PAGE, PROT_READ), 0);
	LINES(p, "0-1 rw, 1-3 r-, 3-6 rw");
	EQ(mprotect(p + PAGE, 2 * PAGE, RW), 0);
	LINES(p, "0-6 rw");
	holds(p, 6, 'a');
	for (int i = 0; i < 6; i++)
		EQ(mprotect(p + i * PAGE, PAGE, PROT_READ), 0);
	LINES(p, "0-6 r-");
	EQ(mprotect(p, 2 * PAGE, RW), 0);
	EQ(mprotect(p + 4 * PAGE, 2 * PAGE, RW), 0);
	LINES(p, "0-2 rw, 2-4 r-, 4-6 rw");
	EQ(mprotect(p, 6 * PAGE, RW), 0);
	LINES(p, "0-6 rw");
	touch(p, 6);
}

GTEST(untouched, "is memory that was never touched one mapping again, too?")
{
	char *p = memory(6);

	EQ(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ), 0);
	LINES(p, "0-2 rw, 2-4 r-, 4-6 rw");
	EQ(mprotect(p + 2 * PAGE, 2 * PAGE, RW), 0);
	LINES(p, "0-6 rw");
	EQ(mprotect(p + 6 * PAGE, 2 * PAGE, RW), 0);
	LINES(p, "0-8 rw");
	EQ(mprotect(p - PAGE, PAGE, RW), 0);
	LINES(p, "-1-8 rw");
	touch(p - PAGE, 9);
	holds(p - PAGE, 9, 'a');
}

GTEST(properties, "do advice and locks part a mapping, and join it again?")
{
	static const struct {
		int set, clear;
	} rows[] = {{MADV_DONTFORK, MADV_DOFORK}, {MADV_DONTDUMP, MADV_DODUMP},
	    {MADV_WIPEONFORK, MADV_KEEPONFORK}, {MADV_SEQUENTIAL, MADV_NORMAL},
	    {MADV_RANDOM, MADV_NORMAL}};
	char *p = memory(6);

	touch(p, 6);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQ(madvise(p + 2 * PAGE, PAGE, rows[i].set), 0);
		LINES(p, "0-2 rw, 2-3 rw, 3-6 rw");
		EQ(madvise(p + 4 * PAGE, PAGE, rows[i].set), 0);
		EQ(madvise(p + 3 * PAGE, PAGE, rows[i].set), 0);
		LINES(p, "0-2 rw, 2-5 rw, 5-6 rw");
		EQ(madvise(p, 6 * PAGE, rows[i].clear), 0);
		LINES(p, "0-6 rw");
	}
	EQ(mlock(p + PAGE, PAGE), 0);
	LINES(p, "0-1 rw, 1-2 rw, 2-6 rw");
	EQ(mlock(p, PAGE), 0);
	LINES(p, "0-2 rw, 2-6 rw");
	EQ(munlock(p, 6 * PAGE), 0);
	LINES(p, "0-6 rw");
	holds(p, 6, 'a');
}

GTEST(new_beside, "does a new mapping join what is before and behind it?")
{
	char *p = memory(4);

	touch(p, 4);
	EQ(put(p + 4 * PAGE, 2, RW), p + 4 * PAGE);
	LINES(p, "0-6 rw");
	EQ(put(p - 2 * PAGE, 2, RW), p - 2 * PAGE);
	LINES(p, "-2-6 rw");
	touch(p - 2 * PAGE, 8);
	holds(p - 2 * PAGE, 8, 'a');
	EQ(put(p + 6 * PAGE, 2, PROT_READ), p + 6 * PAGE);
	LINES(p, "-2-6 rw, 6-8 r-");
	EQ(munmap(p, 2 * PAGE), 0);
	LINES(p, "-2-0 rw, 2-6 rw, 6-8 r-");
	EQ(put(p, 2, RW), p);
	LINES(p, "-2-6 rw, 6-8 r-");
	EQ(p[0], 0);
	EQ(p[PAGE], 0);
	EQ(p[2 * PAGE], 'e');
	EQ(p[-PAGE], 'b');
	EQ(put(p + PAGE, 1, RW), p + PAGE); /* over what is there */
	LINES(p, "-2-6 rw, 6-8 r-");
}

GTEST(two_histories, "do two used mappings stay two when the gap is filled?")
{
	char *p = memory(2);

	touch(p, 2);
	EQ(put(p + 4 * PAGE, 2, RW), p + 4 * PAGE);
	touch(p + 4 * PAGE, 2);
	LINES(p, "0-2 rw, 4-6 rw");
	EQ(put(p + 2 * PAGE, 2, RW), p + 2 * PAGE);
	LINES(p, "0-4 rw, 4-6 rw");
	touch(p, 6);
	holds(p, 6, 'a');
	CHECK(mremap(p, 6 * PAGE, 7 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED ||
	    errno == EFAULT);
}

GTEST(moved, "does moved memory keep apart from its new neighbours?")
{
	char *p = memory(4), *q;

	touch(p, 4);
	put(p + 8 * PAGE, 2, RW);
	q = mremap(p + 2 * PAGE, 2 * PAGE, 2 * PAGE,
	    MREMAP_MAYMOVE | MREMAP_FIXED, p + 10 * PAGE);
	EQ(q, p + 10 * PAGE);
	LINES(p, "0-2 rw, 8-10 rw, 10-12 rw");
	holds(q, 2, 'c');
	/* and home again */
	q = mremap(
	    q, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 2 * PAGE);
	EQ(q, p + 2 * PAGE);
	holds(p, 4, 'a');
	touch(p, 4);
	holds(p, 4, 'a');
	/* what was never touched has no history */
	put(p + 20 * PAGE, 2, RW);
	q = mremap(p + 8 * PAGE, 2 * PAGE, 2 * PAGE,
	    MREMAP_MAYMOVE | MREMAP_FIXED, p + 22 * PAGE);
	EQ(q, p + 22 * PAGE);
	CHECK(strstr(lines(p), "20-24 rw") != NULL);
}

GTEST(files, "do mappings of a file join when the file goes on?")
{
	int fd = memfd_create("x", 0);
	char *p = memory(1);

	EQ(ftruncate(fd, 8 * PAGE), 0);
	for (int i = 0; i < 8; i++) {
		char c = (char)('A' + i);

		EQ(pwrite(fd, &c, 1, i * PAGE), 1);
	}
	for (int shared = 0; shared < 2; shared++) {
		int flags =
		    MAP_FIXED | (shared != 0 ? MAP_SHARED : MAP_PRIVATE);

		put(room, ROOM, PROT_NONE);
		mmap(p, 2 * PAGE, RW, flags, fd, 0);
		mmap(p + 2 * PAGE, 2 * PAGE, RW, flags, fd, 2 * PAGE);
		LINES(p, "0-4 rw");
		mmap(p + 4 * PAGE, 2 * PAGE, RW, flags, fd, 5 * PAGE);
		LINES(p, "0-4 rw, 4-6 rw");
		EQ(mprotect(p + PAGE, 4 * PAGE, PROT_READ), 0);
		LINES(p, "0-1 rw, 1-4 r-, 4-5 r-, 5-6 rw");
		EQ(mprotect(p, 6 * PAGE, RW), 0);
		LINES(p, "0-4 rw, 4-6 rw");
		holds(p, 4, 'A');
		holds(p + 4 * PAGE, 2, 'F');
		touch(p, 6);
		holds(p, 6, 'a');
		mmap(p, PAGE, RW, flags, fd, 0);
		LINES(p, "0-4 rw, 4-6 rw");
		EQ(p[0], shared != 0 ? 'a' : 'A');
		holds(p + PAGE, 5, 'b');
	}
}

GTEST(remap_as_one, "does mremap take for one what several calls have made?")
{
	char *p = memory(2), *q;

	touch(p, 2);
	put(p + 2 * PAGE, 2, RW);
	touch(p, 4);
	put(p + 4 * PAGE, 2, RW);
	q = mremap(p, 6 * PAGE, 10 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	holds(q, 4, 'a');
	EQ(q[4 * PAGE], 0);
	EQ(q[9 * PAGE], 0);
	touch(q, 10);
	/* parted and joined */
	EQ(mprotect(q + PAGE, PAGE, PROT_READ), 0);
	CHECK(mremap(q, 10 * PAGE, 12 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	EQ(errno, EFAULT);
	EQ(mprotect(q + PAGE, PAGE, RW), 0);
	p = mremap(q, 10 * PAGE, 20 * PAGE, MREMAP_MAYMOVE);
	CHECK(p != MAP_FAILED);
	holds(p, 10, 'a');
	EQ(p[19 * PAGE], 0);
	/* shrinking asks nothing of what goes */
	EQ(mprotect(p + 12 * PAGE, PAGE, PROT_READ), 0);
	EQ(munmap(p + 14 * PAGE, PAGE), 0);
	EQ(mremap(p, 20 * PAGE, 8 * PAGE, 0), p);
	holds(p, 8, 'a');
	CHECK(mremap(p, 8 * PAGE, 8 * PAGE, 0) == p);
	CHECK(mremap(p, 20 * PAGE, 20 * PAGE, 0) == p);
}

GTEST(downwards, "are mappings that are placed one below the other one?")
{
	char *first, *p, *below;
	bool one = true;

	first = p = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	touch(p, 1);
	for (int i = 1; i < 64; i++) {
		below =
		    mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(below != MAP_FAILED);
		one = one && below == p - PAGE;
		p = below;
		*p = (char)i;
	}
	if (one) { /* it was so on every system seen, but is not promised */
		const char *is = lines_between(p, (uintptr_t)p, UINTPTR_MAX);

		CHECK(strncmp(is, "0-64 rw", 7) == 0 || atoi(is + 2) > 64 ||
		    strstr(is, "-") == NULL);
		p = mremap(p, 64 * PAGE, 65 * PAGE, MREMAP_MAYMOVE);
		CHECK(p != MAP_FAILED);
		for (int i = 1; i < 64; i++)
			EQ(p[(63 - i) * PAGE], i);
		EQ(p[63 * PAGE], 'a');
	}
	(void)first;
}

/* How many lines there are around p, a page of the stack. */
static int
lines_of_stack(const char *p)
{
	uintptr_t at = (uintptr_t)p;
	const char *s = lines_between(p, at - 2000 * PAGE, UINTPTR_MAX / 2);
	int n = *s != '\0';

	for (; *s != '\0'; s++)
		n += *s == ',';
	return (n);
}

GTEST(stack, "is the stack one mapping after a guard page was made and undone?")
{
	char deep[40 * PAGE], *p;
	int n;

	memset(deep, 1, sizeof(deep));
	p = (char *)(((uintptr_t)deep + 20 * PAGE) & ~(uintptr_t)(PAGE - 1));
	n = lines_of_stack(p);
	EQ(mprotect(p, PAGE, PROT_READ), 0);
	EQ(lines_of_stack(p), n + 2);
	EQ(mprotect(p, PAGE, RW), 0);
	EQ(lines_of_stack(p), n);
	EQ(deep[39 * PAGE], 1);
	EQ(deep[0], 1);
}

GTEST(heap, "is the heap one mapping after parts of it were changed?")
{
	char *p = sbrk(8 * PAGE);

	p = (char *)(((uintptr_t)p + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
	touch(p, 4);
	EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
	EQ(mprotect(p + PAGE, PAGE, RW), 0);
	CHECK(sbrk(8 * PAGE) != (void *)-1);
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	int n = 0;

	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "[heap]") != NULL;
	fclose(f);
	EQ(n, 1);
	holds(p, 4, 'a');
}

/* --- by chance ----------------------------------------------------------------- */

#define SPAN 48

static uint64_t state;

static unsigned
draw(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return ((unsigned)(state >> 33) % n);
}

/* What a page should hold; -1: it is not there; and its rights. */
static int model[SPAN], rights[SPAN];

static void
step(char *p)
{
	unsigned at = draw(SPAN), n = 1 + draw(8), to, i;

	n = n > SPAN - at ? SPAN - at : n;
	switch (draw(7)) {
	case 0:
		EQ(munmap(p + at * PAGE, n * PAGE), 0);
		for (i = at; i < at + n; i++)
			model[i] = -1;
		break;
	case 1:
		put(p + at * PAGE, n, RW);
		for (i = at; i < at + n; i++) {
			model[i] = 0;
			rights[i] = RW;
		}
		break;
	case 2:
	case 3: {
		int prot = draw(2) != 0 ? RW : PROT_READ;

		for (i = at; i < at + n && model[i] >= 0; i++)
			rights[i] = prot;
		if (i > at)
			EQ(mprotect(p + at * PAGE, (i - at) * PAGE, prot), 0);
		break;
	}
	case 4: /* to another place: what is one mapping only, or it is refused */
		to = draw(SPAN - n + 1);
		if (to < at + n && at < to + n)
			break;
		if (mremap(p + at * PAGE, n * PAGE, n * PAGE,
			MREMAP_MAYMOVE | MREMAP_FIXED,
			p + to * PAGE) == MAP_FAILED) {
			EQ(errno, EFAULT);
			/* what was at the place may be gone: make it so */
			munmap(p + to * PAGE, n * PAGE);
			for (i = 0; i < n; i++)
				model[to + i] = -1;
			break;
		}
		for (i = 0; i < n; i++) {
			model[to + i] = model[at + i];
			rights[to + i] = rights[at + i];
			model[at + i] = -1;
		}
		break;
	case 5:
		for (i = at; i < at + n; i++)
			if (model[i] >= 0)
				EQ(madvise(p + i * PAGE, PAGE,
				       draw(2) != 0 ? MADV_SEQUENTIAL
						    : MADV_NORMAL),
				    0);
		break;
	default:
		for (i = at; i < at + n; i++)
			if (model[i] >= 0 && (rights[i] & PROT_WRITE) != 0)
				p[i * PAGE] =
				    (char)(model[i] = 1 + (int)draw(100));
		break;
	}
}

static void
compare(char *p, unsigned round)
{
	for (unsigned i = 0; i < SPAN; i++)
		if (model[i] >= 0 && p[i * PAGE] != (char)model[i]) {
			FAIL("round %u page %u: %d, not %d", round, i,
			    p[i * PAGE], model[i]);
			exit(1);
		}
}

GTEST(by_chance, "do pages keep what they hold through any row of changes?")
{
	char *p = memory(1);
	int status;
	pid_t pid;

	p = room + 8 * PAGE;
	EQ(munmap(p, SPAN * PAGE), 0);
	for (unsigned round = 0; round < 40; round++) {
		state = round;
		munmap(p, SPAN * PAGE);
		memset(model, -1, sizeof(model));
		for (int i = 0; i < 150; i++) {
			step(p);
			compare(p, round);
		}
		/* a child has the same, and what it does is its own */
		if (round % 8 == 0) {
			if ((pid = fork()) == 0) {
				for (int i = 0; i < 100; i++) {
					step(p);
					compare(p, round);
				}
				_exit(gtest_failures != 0);
			}
			EQ(waitpid(pid, &status, 0), pid);
			EQ(status, 0);
			compare(p, round);
		}
	}
}
