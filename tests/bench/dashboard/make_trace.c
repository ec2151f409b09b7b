/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A large trace: make_trace TEMPLATE OUT EVENTS.
 *
 * TEMPLATE is a segment saved from a kernel of four CPUs; its types, events and
 * objects stay, its rings get EVENTS records of an invented machine: 40 threads
 * that make calls, fault, wait for locks, wake each other.  Two CPUs have four
 * times as much as the other two.  A few records are missing (a loss), the
 * oldest of one CPU were overwritten, a few failures are injected.  The same
 * numbers give the same trace.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <kshm.h>

#define CPUS	4
#define THREADS 40
#define ID0	1000 /* td_id of the first */
#define IDLE0	900
#define HOLES	3

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "make_trace: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t seed = 42;

static uint64_t
draw(uint64_t below)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return ((z ^ z >> 31) % below);
}

/* --- events of the template --------------------------------------------------------- */

enum {
	SWITCH,
	SLEEP,
	WAKEUP,
	ENTER,
	LEAVE,
	USER_FAULT,
	NAMEI,
	LOCK_WAIT,
	INJECTED,
	EVENTS
};
static const char *const names[EVENTS] = {"SCHED.switch", "SCHED.sleep",
    "SCHED.wakeup", "SYSCALL.enter", "SYSCALL.leave", "FAULT.user", "VFS.namei",
    "LOCK.wait", "TEST.fault"};
static uint32_t ids[EVENTS];
static uint32_t texts[4]; /* names of locks, and of the point */

static void
find_events(struct kshm *k)
{
	char name[64];

	for (uint32_t id = 1; id <= kshm_events(k); id++) {
		const struct kshm_event *ke = kshm_event(k, id);

		snprintf(name, sizeof(name), "%s.%s",
		    kshm_text(k, ke->ke_group_name), kshm_text(k, ke->ke_name));
		for (int i = 0; i < EVENTS; i++)
			if (strcmp(name, names[i]) == 0)
				ids[i] = id;
	}
	for (int i = 0; i < EVENTS; i++)
		if (ids[i] == 0)
			die("the template has no event %s", names[i]);
	/* Any texts that are there do for names of locks. */
	for (int i = 0; i < 4; i++)
		texts[i] = kshm_event(k, (uint32_t)(10 + i * 7))->ke_name;
}

/* --- names of the threads --------------------------------------------------------------- */

static uint64_t off_id, off_pid, off_tid, off_name;

static int
leaf(const struct kshm_leaf *l, void *arg)
{
	(void)arg;
	if (strcmp(l->path, "ts_id") == 0)
		off_id = l->offset;
	else if (strcmp(l->path, "ts_pid") == 0)
		off_pid = l->offset;
	else if (strcmp(l->path, "ts_tid") == 0)
		off_tid = l->offset;
	else if (strcmp(l->path, "ts_name") == 0)
		off_name = l->offset;
	return (0);
}

static void
name_threads(struct kshm *k, char *base)
{
	static const char *const programs[] = {
	    "cc1", "sh", "make", "ld", "postgres", "nginx", "python3", "find"};
	const struct kshm_object *ko = kshm_find(k, "lwkt.threads");
	void *zero;

	if (ko == NULL || ko->ko_count < THREADS + CPUS ||
	    (zero = calloc(1, ko->ko_size)) == NULL)
		die("the template has no table of threads");
	(void)kshm_walk(k, kshm_type_id(k, ko->ko_type), zero, leaf, NULL);
	for (uint32_t i = 0; i < ko->ko_count; i++) {
		char *slot = base + ko->ko_offset + i * ko->ko_size;
		uint32_t id = i < CPUS ? IDLE0 + i : ID0 + i - CPUS;

		memset(slot, 0, ko->ko_size);
		if (i >= THREADS + CPUS)
			continue;
		memcpy(slot + off_id, &id, 4);
		if (i < CPUS) {
			snprintf(slot + off_name, 16, "idle/%u", i);
			continue;
		}
		id = 100 + i / 3;
		memcpy(slot + off_pid, &id, 4);
		id = 100 + i;
		memcpy(slot + off_tid, &id, 4);
		snprintf(slot + off_name, 16, "%s",
		    programs[i % (sizeof(programs) / sizeof(programs[0]))]);
	}
	free(zero);
}

/* --- one CPU -------------------------------------------------------------------------------- */

struct cpu {
	uint32_t number, thread;
	uint64_t ns, n, first; /* numbers before first are overwritten */
	uint64_t idle_ns;
	struct kshm_record *records;
	uint64_t mask, want;
};

static void
put(struct cpu *c, int event, uint64_t step, uint64_t a0, uint64_t a1,
    uint64_t a2, uint64_t a3, uint64_t a4)
{
	struct kshm_record *kr = &c->records[c->n & c->mask];

	c->ns += step;
	*kr = (struct kshm_record){2 * (c->n + 1), c->ns * 2, ids[event],
	    c->thread, {a0, a1, a2, a3, a4}};
	c->n++;
}

static uint64_t
pointer(uint32_t id)
{
	return (0xffff800000000000UL + (uint64_t)id * 4096);
}

static void
switch_to(struct cpu *c, uint32_t to)
{
	uint32_t from = c->thread;

	c->thread = to;
	put(c, SWITCH, 300 + draw(300), pointer(from), pointer(to), 5, 0, 0);
}

static void
call(struct cpu *c)
{
	static const uint16_t usual[] = {
	    0, 1, 3, 5, 8, 9, 16, 39, 72, 202, 257, 262};
	uint64_t nr = usual[draw(sizeof(usual) / sizeof(usual[0]))];
	uint64_t tid = c->thread, error = draw(40) == 0 ? 2 : 0;

	put(c, ENTER, 200 + draw(4000), tid, nr, draw(100), draw(1UL << 40), 1);
	if (nr == 257 || nr == 262)
		put(c, NAMEI, 300 + draw(2000), 0, 0, pointer(5000), error, 0);
	if (draw(64) == 0) {
		put(c, WAKEUP, 100 + draw(100), 0x1234,
		    pointer(ID0 + (uint32_t)draw(THREADS)), 0, 0, 0);
	}
	put(c, LEAVE, 150 + draw(draw(50) == 0 ? 60000 : 2500), tid, nr, error,
	    draw(4096), 0);
}

static void
wait_for_lock(struct cpu *c)
{
	put(c, ENTER, 200 + draw(400), c->thread, 202, 0, 0, 0);
	put(c, LOCK_WAIT, 100 + draw(100), pointer(7000 + (uint32_t)draw(3)),
	    pointer(ID0), texts[draw(3)], 0, 0);
	put(c, SLEEP, 50 + draw(50), 0x1234, 0, 0, 0, 0);
}

static void
burst(struct cpu *c)
{
	uint32_t next = ID0 + c->number + CPUS * (uint32_t)draw(THREADS / CPUS);
	uint64_t calls = 1 + draw(24);

	switch_to(c, next);
	for (uint64_t i = 0; i < calls; i++) {
		if (draw(12) == 0)
			put(c, USER_FAULT, 500 + draw(3000), c->thread,
			    0x400000 + draw(4000) * 4096, 1 + draw(2), 0x401000,
			    0);
		call(c);
	}
	if (draw(30000) == 0)
		put(c, INJECTED, 10, texts[3], 0, 0, 0, 0);
	if (draw(20) == 0)
		wait_for_lock(c);
	else
		put(c, SLEEP, 100 + draw(100), 0x5678, 0, 0, 0, 0);
	if (draw(3) == 0) {
		switch_to(c, IDLE0 + c->number);
		c->ns += draw(2 * c->idle_ns);
	}
}

static void
fill(struct cpu *c)
{
	uint64_t spare = 128; /* of a burst */

	while (c->n + spare < c->want)
		burst(c);
	/* Holes: as a writer leaves them that was stopped in a record. */
	for (uint64_t h = 1; h <= HOLES; h++)
		for (uint64_t i = 0; i < 100 * h && c->number == 3; i++)
			c->records[(c->n * h / (HOLES + 1) + i) & c->mask]
			    .kr_seq = 1;
}

/* --- the file ----------------------------------------------------------------------------------- */

static char *
read_all(const char *path, size_t *np)
{
	FILE *f = fopen(path, "re");
	char *p;
	long n;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (n = ftell(f)) <= 0)
		die("%s: %s", path, strerror(errno));
	rewind(f);
	if ((p = malloc((size_t)n)) == NULL ||
	    fread(p, 1, (size_t)n, f) != (size_t)n)
		die("%s: cannot be read", path);
	fclose(f);
	*np = (size_t)n;
	return (p);
}

static void
write_all(FILE *f, const void *p, size_t n)
{
	if (fwrite(p, 1, n, f) != n)
		die("writing: %s", strerror(errno));
}

int
main(int argc, char **argv)
{
	struct cpu cpus[CPUS];
	struct kshm_header *kh;
	struct kshm *k;
	uint64_t events, at, written = 0;
	size_t bytes;
	char *base, path[32];
	FILE *out;

	if (argc != 4 || (events = strtoull(argv[3], NULL, 10)) < 100000)
		die("usage: make_trace TEMPLATE OUT EVENTS (100000 or more)");
	if (kshm_attach_file(argv[1], &k) != 0)
		die("%s", kshm_error());
	find_events(k);
	base = read_all(argv[1], &bytes);
	kh = (struct kshm_header *)base;
	bytes = kh->kh_bytes;
	name_threads(k, base);
	at = bytes;
	for (uint32_t i = 0; i < CPUS; i++) {
		struct cpu *c = &cpus[i];
		const struct kshm_object *ko;
		struct kshm_ring *kr;
		uint64_t entries = 1;

		*c = (struct cpu){.number = i,
		    .thread = IDLE0 + i,
		    .want = i < 2 ? events * 2 / 5 : events / 10,
		    .idle_ns = i < 2 ? 10000 : 520000};
		while (entries < c->want)
			entries *= 2;
		/* One CPU's oldest records are overwritten. */
		if (i == 2)
			c->want = entries + 5000;
		c->mask = entries - 1;
		snprintf(path, sizeof(path), "ktr.cpu%u", i);
		if ((ko = kshm_find(k, path)) == NULL)
			die("the template has no %s", path);
		kr = (struct kshm_ring *)(base + ko->ko_offset);
		kr->kr_entries = (uint32_t)entries;
		kr->kr_records = at;
		kr->kr_limit = UINT64_MAX;
		c->records = calloc(entries, sizeof(*c->records));
		if (c->records == NULL)
			die("out of memory");
		fill(c);
		kr->kr_head = c->n;
		written += c->n;
		at += entries * sizeof(struct kshm_record);
	}
	((struct kshm_ring *)(base + kshm_find(k, "ktr.early")->ko_offset))
	    ->kr_head = 0;
	kh->kh_extents[kh->kh_nextents++] =
	    (struct kshm_extent){bytes, at - bytes, bytes};
	kh->kh_bytes = at;
	kh->kh_ncpus = CPUS;
	kh->kh_state = KSHM_STOPPED;
	kh->kh_clock.kc_unit = KSHM_CYCLES;
	kh->kh_clock.kc_cycles = 0;
	kh->kh_clock.kc_mono = 0;
	kh->kh_clock.kc_mult = 1UL << 31; /* two cycles a ns */
	if ((out = fopen(argv[2], "we")) == NULL)
		die("%s: %s", argv[2], strerror(errno));
	write_all(out, base, bytes);
	for (int i = 0; i < CPUS; i++)
		write_all(out, cpus[i].records,
		    (cpus[i].mask + 1) * sizeof(struct kshm_record));
	if (fclose(out) != 0)
		die("%s: %s", argv[2], strerror(errno));
	printf("%lu events, %lu bytes\n", written, at);
	kshm_detach(k);
	return (0);
}
